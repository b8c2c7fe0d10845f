"""The engine over arrays: every requirement in every AI system at once, in the time of a blink.

`annexa.pure.posture` is the definition; this agrees with it cell for cell (tests/pure/test_portfolio.py). A set of AI
systems is one whole number, bit i for system i: a sufficient set is the AND over its controls, a requirement the OR
over its sets, a count the number of bits. Evidence lies in columns; proofs are asked of `posture.Engine`, one by one.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, reduce
from itertools import chain
from operator import or_
from typing import Final

import numpy as np
from numpy.typing import NDArray

from annexa.pure.applicability import acting_as
from annexa.pure.checks import CHECKS
from annexa.pure.evidence import EvidenceState, state_of
from annexa.pure.facts import ORGANISATION, Adoption, Closure, Evidence, Fact, Facts, Judgement, SystemFact, latest
from annexa.pure.posture import (
    CONTROL_ORDER,
    REQUIREMENT_ORDER,
    Standing,
    Verdict,
    days_of_law,
    judge_control,
    judge_population,
    judge_requirement,
    judge_systems,
)
from annexa.pure.standards import Control, Expectation, ExpectationKind, Framework, Library, Requirement

Bits = int
"""A set of AI systems: bit i is set if system i is in it."""
Instants = NDArray[np.int64]
"""Microseconds since 1970, UTC."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
NEVER: Final = np.iinfo(np.int64).min
ORDER: Final = (*REQUIREMENT_ORDER, Verdict.NOT_APPLICABLE)
"""Verdicts of requirements as they stand in a column, best first."""


def micros(at: datetime) -> int:
    """An instant as a whole number, exactly."""
    return (at - EPOCH) // timedelta(microseconds=1)


# --- facts in columns


@dataclass(kw_only=True)
class _Room:
    """An array with room to grow: a row for each column of evidence, `filled` columns of it taken."""

    table: Instants
    filled: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceColumns:
    """Evidence as six columns of equal length, in the order in which it was recorded; longer ones share the room.

    `row` is the number of the expectation, `place` the system's bit plus one or 0 for the organisation; times are
    microseconds; `passing` is 1 or 0.
    """

    room: _Room = field(default_factory=lambda: _Room(table=np.empty((6, 0), np.int64), filled=0))
    used: int = 0

    @classmethod
    def of(cls, *columns: NDArray[np.generic]) -> "EvidenceColumns":
        """Columns made elsewhere: row, place, effective, recorded, expires, passing."""
        table = np.stack([column.astype(np.int64) for column in columns])
        return cls(room=_Room(table=table, filled=table.shape[1]), used=table.shape[1])

    @property
    def columns(self) -> Instants:
        """All six, as far as they are used: row, place, effective, recorded, expires, passing."""
        return self.room.table[:, : self.used]

    def plus(self, rows: list[tuple[int, int, int, int, int, int]]) -> "EvidenceColumns":
        """These and more. A new array only where there is no room left, or somebody else has grown into it."""
        if not rows:
            return self
        end, room = self.used + len(rows), self.room
        if room.filled != self.used or end > room.table.shape[1]:
            table = np.empty((6, end + end // 4 + 1024), np.int64)
            table[:, : self.used] = self.columns
            room = _Room(table=table, filled=self.used)
        room.table[:, self.used : end] = np.array(rows, np.int64).T
        room.filled = end
        return EvidenceColumns(room=room, used=end)


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Everything recorded, in the shape the portfolio is computed from.

    `slugs` gives each AI system its bit, in the order of first mention, also after it is retired. Evidence of one
    system for a control of the organisation is rare and kept apart.
    """

    library: Library
    slugs: Mapping[str, int] = field(default_factory=dict)
    systems: tuple[tuple[SystemFact, ...], ...] = ()
    adoptions: tuple[Adoption, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    closures: tuple[Closure, ...] = ()
    apart: tuple[Evidence, ...] = ()
    evidence: EvidenceColumns = field(default_factory=EvidenceColumns)

    @cached_property
    def rows(self) -> Mapping[tuple[str, str], int]:
        """The number of each expectation that evidence can answer, by control and expectation id."""
        asked = [
            (control.id, expectation.id)
            for control in self.library.controls.values()
            for expectation in control.expectations
            if expectation.kind is not ExpectationKind.RECORD
        ]
        return {key: number for number, key in enumerate(asked)}

    def plus(self, facts: Iterable[Fact]) -> "Columns":
        """These and more facts. What does not grow is shared; these columns stay as they are."""
        added = list(facts)
        systems = [fact for fact in added if isinstance(fact, SystemFact)]
        evidence = [
            fact for fact in added if isinstance(fact, Evidence) and (fact.control, fact.expectation) in self.rows
        ]
        apart = [fact for fact in evidence if self._is_apart(fact)]
        placed = [fact for fact in evidence if not self._is_apart(fact)]
        slugs = self._slugs_with({fact.id for fact in systems} | {f.scope for f in placed} - {ORGANISATION})
        found = Columns(
            library=self.library,
            slugs=slugs,
            systems=self._systems_with(systems, slugs),
            adoptions=(*self.adoptions, *(fact for fact in added if isinstance(fact, Adoption))),
            judgements=(*self.judgements, *(fact for fact in added if isinstance(fact, Judgement))),
            closures=(*self.closures, *(fact for fact in added if isinstance(fact, Closure))),
            apart=(*self.apart, *apart),
            evidence=self.evidence.plus(
                [
                    (
                        self.rows[(fact.control, fact.expectation)],
                        0 if fact.scope == ORGANISATION else slugs[fact.scope] + 1,
                        micros(fact.effective_at),
                        micros(fact.recorded_at),
                        micros(fact.expires_at),
                        int(fact.passing),
                    )
                    for fact in placed
                ]
            ),
        )
        found.__dict__["rows"] = self.rows
        return found

    def _is_apart(self, fact: Evidence) -> bool:
        """Evidence of one system for what the organisation does for all of them."""
        return fact.scope != ORGANISATION and self.library.controls[fact.control].level == "organisation"

    def _slugs_with(self, mentioned: set[str]) -> Mapping[str, int]:
        new = sorted(mentioned - self.slugs.keys())
        return {**self.slugs, **{slug: len(self.slugs) + n for n, slug in enumerate(new)}} if new else self.slugs

    def _systems_with(self, added: list[SystemFact], slugs: Mapping[str, int]) -> tuple[tuple[SystemFact, ...], ...]:
        if not added and len(slugs) == len(self.systems):
            return self.systems
        found = [*self.systems, *(() for _new in range(len(slugs) - len(self.systems)))]
        for fact in added:
            found[slugs[fact.id]] = (*found[slugs[fact.id]], fact)
        return tuple(found)


def columns_of(library: Library, facts: Facts) -> Columns:
    """All facts in columns; systems first, so that evidence finds them."""
    every = (*facts.systems, *facts.adoptions, *facts.evidence, *facts.judgements, *facts.closures)
    return Columns(library=library).plus(every)


# --- what evidence says, cell by cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What the evidence for one expectation says: for the organisation (`state`, `ever` passed), and in which systems
    it passes, fails, has expired, or has ever passed (`once`). Where none of the first three, there never was any."""

    state: EvidenceState
    ever: bool
    passing: Bits
    failing: Bits
    expired: Bits
    once: Bits

    def with_cell(self, place: int, state: EvidenceState, *, once: bool) -> "Answers":
        """The same with one cell said anew; place 0 is the organisation, else the bit plus one."""
        if place == 0:
            return replace(self, state=state, ever=once)
        bit = 1 << (place - 1)
        return replace(
            self,
            passing=(self.passing | bit) if state == "passing" else (self.passing & ~bit),
            failing=(self.failing | bit) if state == "failing" else (self.failing & ~bit),
            expired=(self.expired | bit) if state == "expired" else (self.expired & ~bit),
            once=(self.once | bit) if once else (self.once & ~bit),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """One control in every system: the systems by verdict, and what requirements need to know besides.

    `verdicts` hold disjoint sets that together are all systems in use.
    """

    verdicts: Mapping[Verdict, Bits]
    applies: Bits
    proven: Bits
    some: Bits

    @property
    def effective(self) -> Bits:
        """The systems in which it is effective."""
        return self.verdicts[Verdict.EFFECTIVE]

    @property
    def but_for(self) -> Bits:
        """Effective, or it was until something went stale or failed."""
        lost = self.verdicts[Verdict.STALE] | self.verdicts[Verdict.FAILING]
        return self.verdicts[Verdict.EFFECTIVE] | (lost & self.proven)


Column = tuple[Bits, ...]
"""One requirement in every system: the systems by verdict, in the order of ORDER."""


@dataclass(kw_only=True)
class Portfolio:
    """Every requirement in every AI system and for the organisation, at one instant. Computes what is asked, once."""

    columns: Columns
    at: datetime
    _standings: dict[str, Standings] = field(default_factory=dict, repr=False)
    _organisation: dict[str, tuple[Verdict, Standing]] = field(default_factory=dict, repr=False)
    _columns: dict[tuple[str, str], Column] = field(default_factory=dict, repr=False)
    _bound: dict[tuple[object, ...], Bits] = field(default_factory=dict, repr=False)

    @property
    def library(self) -> Library:
        """The library it is computed with."""
        return self.columns.library

    # ---- the questions

    def verdict(self, framework: str, requirement: str, scope: str = ORGANISATION) -> Verdict:
        """One cell. KeyError for what does not exist or is not in use."""
        if scope == ORGANISATION:
            return self.organisation(framework, requirement)
        bit = 1 << self.columns.slugs[scope]
        if not bit & self.live:
            raise KeyError(scope)
        return next(v for v, held in zip(ORDER, self.column(framework, requirement), strict=True) if held & bit)

    def column(self, framework: str, requirement: str) -> Column:
        """One requirement in every system in use."""
        key = (framework, requirement)
        if key not in self._columns:
            held = self.library.frameworks[framework]
            self._columns[key] = self._judged(held, held.by_id[requirement])
        return self._columns[key]

    def counts(self, framework: str) -> Mapping[Verdict, int]:
        """How many cells of a framework have which verdict: leaves times systems in use."""
        held = self.library.frameworks[framework]
        found = dict.fromkeys(ORDER, 0)
        for leaf in held.leaves:
            for verdict, bits in zip(ORDER, self.column(framework, leaf.id), strict=True):
                found[verdict] += bits.bit_count()
        return found

    def matrix(self, framework: str) -> NDArray[np.uint8]:
        """Every cell: a row for each leaf, a column for each bit; the place in ORDER, 255 for what is not in use."""
        held = self.library.frameworks[framework]
        size = len(self.columns.slugs)
        found = np.full((len(held.leaves), size), 255, np.uint8)
        for number, leaf in enumerate(held.leaves):
            for code, bits in enumerate(self.column(framework, leaf.id)):
                if bits:
                    found[number, mask_of(bits, size)] = code
        return found

    def readiness(self, framework: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """For each bit, how many of the requirements that reach systems are met, and how many apply."""
        held = self.library.frameworks[framework]
        size = len(self.columns.slugs)
        met, applicable = np.zeros(size, np.int32), np.zeros(size, np.int32)
        for leaf in held.leaves:
            if self.reaches(held, leaf):
                column = self.column(framework, leaf.id)
                met += mask_of(column[0], size)
                applicable += mask_of(self.live & ~column[-1], size)
        return met, applicable

    def plus(self, facts: Iterable[Fact], *, at: datetime | None = None) -> "Portfolio":
        """The same with more facts, in columns of its own; what they cannot reach is taken over as it is.

        Evidence, declarations and judgements about a control reach the requirements it covers; a system that appears or
        changes reaches everything. `at`: a later instant, before the `next_change` of these columns.
        """
        added = list(facts)
        found = Portfolio(columns=self.columns.plus(added), at=at or self.at)
        if any(isinstance(fact, (SystemFact, Closure)) for fact in added) or self.columns.slugs != found.columns.slugs:
            return found
        evidence = [fact for fact in added if isinstance(fact, Evidence)]
        reached = {fact.control for fact in added if isinstance(fact, (Adoption, Evidence))}
        reached |= {fact.subject for fact in added if isinstance(fact, Judgement) and not fact.framework}
        touched = {(fact.framework, fact.subject) for fact in added if isinstance(fact, Judgement) and fact.framework}
        touched |= {leaf for control in reached for leaf in self.library.covered_by.get(control, ())}
        found._standings = {one: held for one, held in self._standings.items() if one not in reached}
        found._organisation = {one: held for one, held in self._organisation.items() if one not in reached}
        found._columns = {one: held for one, held in self._columns.items() if one not in touched}
        found._bound = self._bound
        kept = {"live", "_latest", "_held", "_checked"}
        kept |= set() if len(evidence) < len(added) else {"_adoptions", "_judged_now"}
        found.__dict__.update({name: self.__dict__[name] for name in kept if name in self.__dict__})
        if "_answers" in self.__dict__:
            cells = {(fact.control, fact.expectation, fact.scope) for fact in evidence}
            found.__dict__["_answers"] = found._answers_with(self._answers, cells)
        return found

    # ---- what is known at that instant

    @cached_property
    def _latest(self) -> list[SystemFact | None]:
        """For each bit the state of the system that counts; None for one that is not known yet or retired."""
        return [
            chosen if chosen is not None and chosen.in_use else None
            for chosen in (latest(versions, self.at) for versions in self.columns.systems)
        ]

    @cached_property
    def live(self) -> Bits:
        """The systems in use."""
        return bits_of(np.fromiter((fact is not None for fact in self._latest), np.bool_, len(self._latest)))

    @cached_property
    def _held(self) -> Mapping[str, Bits]:
        """The systems that have each role and class, and those that are high-risk by Annex I."""
        members: dict[str, list[int]] = {}
        for bit, fact in enumerate(self._latest):
            if fact is not None:
                for word in {*acting_as(fact.roles), *fact.classes, fact.high_risk_by} - {""}:
                    members.setdefault(word, []).append(bit)
        found = {}
        for word, bits in members.items():
            mask = np.zeros(len(self._latest), np.bool_)
            mask[bits] = True
            found[word] = bits_of(mask)
        return found

    def _with(self, roles: tuple[str, ...], classes: tuple[str, ...]) -> Bits:
        """The systems in use with one of the roles and one of the classes; naming none means any."""
        found = self.live
        for words in (roles, classes):
            if words:
                found &= reduce(or_, (self._held.get(word, 0) for word in words))
        return found

    @cached_property
    def _checked(self) -> Mapping[str, Bits]:
        """For each record check the systems that fulfil it."""
        size = len(self._latest)
        return {
            name: bits_of(np.fromiter((fact is not None and check(fact) for fact in self._latest), np.bool_, size))
            for name, check in CHECKS.items()
        }

    @cached_property
    def _adoptions(self) -> Mapping[str, Mapping[str, Adoption]]:
        """For each control the declaration that counts in each scope."""
        found: dict[tuple[str, str], list[Adoption]] = {}
        for fact in self.columns.adoptions:
            found.setdefault((fact.control, fact.scope), []).append(fact)
        kept: dict[str, dict[str, Adoption]] = {}
        for (control, scope), versions in found.items():
            if (chosen := latest(versions, self.at)) is not None:
                kept.setdefault(control, {})[scope] = chosen
        return kept

    @cached_property
    def _judged_now(self) -> Mapping[tuple[str, str, str], tuple[str, ...]]:
        """The kinds of judgement that stand, by framework (empty for a control), subject and kind: the scopes."""
        closed = {fact.judgement for fact in self.columns.closures if fact.known(self.at)}
        found: dict[tuple[str, str, str], list[str]] = {}
        for fact in self.columns.judgements:
            ended = fact.ends_at is not None and fact.ends_at <= self.at
            if fact.known(self.at) and fact.id not in closed and not ended:
                found.setdefault((fact.framework, fact.subject, fact.kind), []).append(fact.scope)
        return {key: tuple(scopes) for key, scopes in found.items()}

    # ---- evidence

    @cached_property
    def _answers(self) -> Mapping[tuple[str, str], "Answers"]:
        """For each expectation what the evidence says: for the organisation, and in every system."""
        width = len(self.columns.slugs) + 1
        cells = len(self.columns.rows) * width
        row, place, effective, recorded, expires, passing = self.columns.evidence.columns
        at = micros(self.at)
        cell = row * width + place
        known = (effective <= at) & (recorded <= at)
        failed, ends = np.full(cells, NEVER), np.full(cells, NEVER)
        once = np.zeros(cells, np.bool_)
        fails = np.flatnonzero(known & (passing == 0))
        np.maximum.at(failed, cell[fails], effective[fails])
        passes = np.flatnonzero(known & (passing == 1))
        once[cell[passes]] = True
        counted = passes[effective[passes] > failed[cell[passes]]] if fails.size else passes
        np.maximum.at(ends, cell[counted], expires[counted])
        over = ends == NEVER
        shape = (len(self.columns.rows), width)
        failing = ((once | (failed != NEVER)) & over).reshape(shape)
        passing_now = (ends > at).reshape(shape)
        expired = (~over & (ends <= at)).reshape(shape)
        return {
            key: _answers_of(passing_now[number], failing[number], expired[number], once.reshape(shape)[number])
            for key, number in self.columns.rows.items()
        }

    def _answers_with(
        self, known: Mapping[tuple[str, str], "Answers"], cells: set[tuple[str, str, str]]
    ) -> Mapping[tuple[str, str], "Answers"]:
        """The answers with these cells looked at anew: control, expectation and scope."""
        found = dict(known)
        for control, expectation, scope in cells:
            number = self.columns.rows.get((control, expectation))
            if number is None or (scope != ORGANISATION and self.library.controls[control].level == "organisation"):
                continue
            place = 0 if scope == ORGANISATION else self.columns.slugs[scope] + 1
            said = list(self._said(number, place))
            state, once = state_of(said, self.at)[0], any(answer.passing for answer in said)
            found[control, expectation] = found[control, expectation].with_cell(place, state, once=once)
        return found

    def _said(self, number: int, place: int) -> Iterator["_Answer"]:
        """The evidence of one cell that is known by now."""
        row, where, effective, recorded, expires, passing = self.columns.evidence.columns
        at = micros(self.at)
        here = np.flatnonzero(row == number)
        here = here[where[here] == place]
        for one in here[(effective[here] <= at) & (recorded[here] <= at)]:
            yield _Answer(
                effective_at=EPOCH + timedelta(microseconds=int(effective[one])),
                expires_at=EPOCH + timedelta(microseconds=int(expires[one])),
                passing=bool(passing[one]),
            )

    # ---- controls

    def standings(self, control: str) -> Standings:
        """One control in every system in use."""
        if control not in self._standings:
            held = self.library.controls[control]
            made = self._system_level(held) if held.level == "system" else self._inherited(held)
            self._standings[control] = made
        return self._standings[control]

    def in_organisation(self, control: str) -> tuple[Verdict, Standing]:
        """One control for the organisation."""
        if control not in self._organisation:
            held = self.library.controls[control]
            alone = held.level == "organisation"
            self._organisation[control] = self._alone(held, ORGANISATION) if alone else self._over_systems(held)
        return self._organisation[control]

    def _system_level(self, control: Control) -> Standings:
        live = self.live
        applies = self._with(control.binds_roles, control.binds_classes)
        implemented, excluded, planned = self._declared(control)
        failing = never = expired = 0
        proven = live
        for expectation in control.expectations:
            if expectation.kind is ExpectationKind.RECORD:
                failing |= live & ~self._checked[expectation.check]
                continue
            answers = self._answers[(control.id, expectation.id)]
            failing |= answers.failing
            expired |= answers.expired
            never |= live & ~(answers.passing | answers.failing | answers.expired)
            proven &= answers.once
        if not control.expectations:
            never, proven = live, 0
        failing |= self._scopes(("", control.id, "major nonconformity"))
        done = live & applies & implemented & ~excluded
        undone = live & applies & ~implemented & ~excluded
        verdicts = {
            Verdict.FAILING: done & failing,
            Verdict.UNPROVEN: done & ~failing & never,
            Verdict.STALE: done & ~failing & ~never & expired,
            Verdict.EFFECTIVE: done & ~failing & ~never & ~expired,
            Verdict.PLANNED: undone & planned,
            Verdict.ABSENT: undone & ~planned,
            Verdict.NOT_APPLICABLE: live & (~applies | excluded),
        }
        return Standings(verdicts=verdicts, applies=applies & live, proven=proven, some=verdicts[Verdict.EFFECTIVE])

    def _declared(self, control: Control) -> tuple[Bits, Bits, Bits]:
        """In which systems it is declared implemented, excluded, or planned with a date; a system's own word counts."""
        here = self._adoptions.get(control.id, {})
        found = [0, 0, 0]
        general = here.get(ORGANISATION)
        own = 0
        for scope, adoption in here.items():
            if scope != ORGANISATION and scope in self.columns.slugs:
                bit = 1 << self.columns.slugs[scope]
                own |= bit
                for number, holds in enumerate(_holds(adoption)):
                    found[number] |= bit if holds else 0
        for number, holds in enumerate(_holds(general)):
            found[number] |= self.live & ~own if holds else 0
        return found[0], found[1], found[2]

    def _scopes(self, key: tuple[str, str, str]) -> Bits:
        """The systems in which a judgement stands."""
        found = 0
        for scope in self._judged_now.get(key, ()):
            if scope in self.columns.slugs:
                found |= 1 << self.columns.slugs[scope]
        return found

    def _inherited(self, control: Control) -> Standings:
        """A control of the organisation counts in every system, but for those whose owner decided otherwise."""
        verdict, standing = self.in_organisation(control.id)
        held: dict[Verdict, Bits] = dict.fromkeys((*CONTROL_ORDER, Verdict.NOT_APPLICABLE), 0)
        held[verdict] = self.live
        applies = self.live if standing.applies else 0
        proven = self.live if standing.proven else 0
        some = self.live if standing.some_effective else 0
        for scope in self._adoptions.get(control.id, {}):
            bit = 1 << self.columns.slugs[scope] if scope in self.columns.slugs else 0
            if bit & self.live:
                own, one = self._alone(control, scope)
                held = {v: (bits | bit) if v is own else (bits & ~bit) for v, bits in held.items()}
                applies = (applies | bit) if one.applies else (applies & ~bit)
                proven = (proven | bit) if one.proven else (proven & ~bit)
                some = (some | bit) if one.some_effective else (some & ~bit)
        return Standings(verdicts=held, applies=applies, proven=proven, some=some)

    def _alone(self, control: Control, scope: str) -> tuple[Verdict, Standing]:
        """A control of the organisation in one scope, as the definition has it."""
        here = self._adoptions.get(control.id, {})
        adoption = here.get(scope) or here.get(ORGANISATION)
        states = [self._state(control, expectation, scope) for expectation in control.expectations]
        verdict = judge_control(
            adoption.state if adoption else None,
            planned=_holds(adoption)[2],
            states=[state for state, _ in states],
            nonconformity=scope in self._judged_now.get(("", control.id, "major nonconformity"), ()),
        )
        standing = Standing(
            verdict=verdict,
            applies=True,
            some_effective=verdict is Verdict.EFFECTIVE,
            proven=bool(states) and all(once for _, once in states),
        )
        return verdict, standing

    def _state(self, control: Control, expectation: Expectation, scope: str) -> tuple[EvidenceState, bool]:
        if expectation.kind is ExpectationKind.RECORD:
            everybody = self.live if scope == ORGANISATION else 1 << self.columns.slugs[scope]
            if not everybody:
                return "never", False
            return ("failing" if everybody & ~self._checked[expectation.check] else "passing"), True
        if scope == ORGANISATION:
            answers = self._answers[(control.id, expectation.id)]
            return answers.state, answers.ever
        said = list(self._merged(control, expectation, scope))
        return state_of(said, self.at)[0], any(answer.passing for answer in said)

    def _merged(self, control: Control, expectation: Expectation, scope: str) -> Iterator["_Answer"]:
        """The evidence of one system and of the organisation, which both count where an owner decided for himself."""
        for fact in self.columns.apart:
            same = (fact.control, fact.expectation, fact.scope) == (control.id, expectation.id, scope)
            if same and fact.known(self.at):
                yield _Answer(effective_at=fact.effective_at, expires_at=fact.expires_at, passing=fact.passing)
        yield from self._said(self.columns.rows[(control.id, expectation.id)], 0)

    def _over_systems(self, control: Control) -> tuple[Verdict, Standing]:
        """A system-level control for the organisation: that of its worst system."""
        held = self.standings(control.id)
        counts: dict[Verdict, int] = {v: bits.bit_count() for v, bits in held.verdicts.items()}
        del counts[Verdict.NOT_APPLICABLE]
        population = self.live & ~held.verdicts[Verdict.NOT_APPLICABLE]
        verdict = judge_population(counts)
        judged = self._judged_now.get(("", control.id, "major nonconformity"), ())
        if verdict is not Verdict.NOT_APPLICABLE and ORGANISATION in judged:
            verdict = Verdict.FAILING
        standing = Standing(
            verdict=verdict,
            applies=bool(population),
            some_effective=bool(held.effective),
            proven=bool(population) and not population & ~held.proven,
        )
        return verdict, standing

    # ---- requirements

    def organisation(self, framework: str, requirement: str) -> Verdict:
        """One leaf for the organisation."""
        held = self.library.frameworks[framework]
        asked = held.by_id[requirement]
        if ORGANISATION in self._judged_now.get((framework, requirement, "exclusion"), ()):
            return Verdict.NOT_APPLICABLE
        if asked.level == "system":
            column = self.column(framework, requirement)
            return judge_systems({v: bits.bit_count() for v, bits in zip(ORDER, column, strict=True)})
        if not self._binds_organisation(asked):
            return Verdict.NOT_APPLICABLE
        coverage = self.library.covering(held, asked)
        if coverage is None:
            return Verdict.UNCOVERED
        standings = {control: self.in_organisation(control)[1] for control in coverage.controls}
        return judge_requirement(coverage.sufficient, coverage.contributes, standings)

    def _judged(self, framework: Framework, requirement: Requirement) -> Column:
        live = self.live
        bound = self._binds(requirement) & live
        bound &= ~self._scopes((framework.id, requirement.id, "exclusion"))
        coverage = self.library.covering(framework, requirement)
        if coverage is None:
            return (0, 0, 0, 0, bound, live & ~bound)
        held = {control: self.standings(control) for control in coverage.controls}
        silent, some = bound, 0
        for one in held.values():
            silent &= one.verdicts[Verdict.NOT_APPLICABLE]
            some |= one.some
        met = at_risk = 0
        for chosen in coverage.sufficient:
            whole, almost, asked = bound, bound, 0
            for control in chosen:
                one = held[control]
                whole &= one.effective | ~one.applies
                almost &= one.but_for | ~one.applies
                asked |= one.applies
            met |= whole & asked
            at_risk |= almost & asked
        left = bound & ~silent
        met &= left
        at_risk &= left & ~met
        partial = left & some & ~met & ~at_risk
        unmet = left & ~met & ~at_risk & ~partial
        return (met, at_risk, partial, unmet, 0, live & ~left)

    def _binds(self, requirement: Requirement) -> Bits:
        """The systems a requirement binds; requirements that bind alike are looked at once."""
        later = requirement.attributes.get("applies_from_annex_i")
        day = self.at.date()
        begun = requirement.applies_from is None or requirement.applies_from <= day
        begun_by_annex_i = later <= day if isinstance(later, date) else begun
        key = (bool(requirement.no_duty), requirement.binds_roles, requirement.binds_classes, begun, begun_by_annex_i)
        if key not in self._bound:
            found = 0 if requirement.no_duty else self._with(requirement.binds_roles, requirement.binds_classes)
            annex_i = self._held.get("annex-i", 0)
            found &= (~annex_i if begun else 0) | (annex_i if begun_by_annex_i else 0)
            self._bound[key] = found
        return self._bound[key]

    def _binds_organisation(self, requirement: Requirement) -> bool:
        """As such from its date; or, where it names roles or classes, through at least one system in use."""
        if requirement.binds_roles or requirement.binds_classes:
            return bool(self._binds(requirement))
        begun = requirement.applies_from is None or requirement.applies_from <= self.at.date()
        return begun and not requirement.no_duty

    def reaches(self, framework: Framework, requirement: Requirement) -> bool:
        """Whether a requirement is asked of single AI systems."""
        if requirement.level == "system":
            return True
        coverage = self.library.covering(framework, requirement)
        return coverage is not None and any(self.library.controls[c].level == "system" for c in coverage.controls)


def next_change(columns: Columns, at: datetime) -> datetime | None:
    """The next instant after `at` at which any cell could change by time alone; None if none is foreseen."""
    facts = (*chain.from_iterable(columns.systems), *columns.adoptions, *columns.judgements, *columns.closures)
    instants = {when for fact in (*facts, *columns.apart) for when in (fact.effective_at, fact.recorded_at)}
    instants |= {fact.expires_at for fact in columns.apart}
    instants |= {fact.ends_at for fact in columns.judgements if fact.ends_at is not None}
    instants |= days_of_law(columns.library, at)
    times = columns.evidence.columns[2:5]
    ahead = times[times > micros(at)]
    if ahead.size:
        instants.add(EPOCH + timedelta(microseconds=int(ahead.min())))
    return min((found for found in instants if found > at), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What freshness needs to know of a piece of evidence."""

    effective_at: datetime
    expires_at: datetime
    passing: bool


def _answers_of(
    passing: NDArray[np.bool_], failing: NDArray[np.bool_], expired: NDArray[np.bool_], once: NDArray[np.bool_]
) -> Answers:
    """One row of cells; the first is the organisation."""
    state: EvidenceState = (
        "passing" if passing[0] else "failing" if failing[0] else "expired" if expired[0] else "never"
    )
    return Answers(
        state=state,
        ever=bool(once[0]),
        passing=bits_of(passing[1:]),
        failing=bits_of(failing[1:]),
        expired=bits_of(expired[1:]),
        once=bits_of(once[1:]),
    )


def _holds(adoption: Adoption | None) -> tuple[bool, bool, bool]:
    """Implemented, excluded, planned with a date."""
    if adoption is None:
        return False, False, False
    planned = adoption.state == "planned" and adoption.plan_due is not None
    return adoption.state == "implemented", adoption.state == "excluded", planned


def bits_of(mask: NDArray[np.bool_]) -> Bits:
    """A set of systems from a truth for each."""
    return int.from_bytes(np.packbits(mask, bitorder="little").tobytes(), "little")


def mask_of(bits: Bits, size: int) -> NDArray[np.bool_]:
    """A truth for each of `size` systems."""
    data = np.frombuffer(bits.to_bytes((size + 7) // 8, "little"), np.uint8)
    return np.unpackbits(data, count=size, bitorder="little").astype(np.bool_)
