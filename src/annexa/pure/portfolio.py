"""The engine over arrays: every requirement in every AI system at once, in the time of a blink.

`annexa.pure.posture` is the definition; this agrees with it cell for cell and line for line
(tests/pure/test_portfolio.py). A set of AI systems is one whole number, bit i for system i: a sufficient set is the AND
over its controls, a requirement the OR over its sets, a count the number of bits. Facts lie in columns
(`annexa.pure.fact_columns`); proofs are asked of `posture.Engine`, one by one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property, reduce
from itertools import chain
from operator import or_
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from annexa.pure.applicability import acting_as, bind_organisation, words_of
from annexa.pure.assessed_then import assessed_until
from annexa.pure.checks import CHECKS, LASTING, OVER_RECORDS, REACHING, REVIEWS, of_annexa
from annexa.pure.checks.assessments import LAW, Words
from annexa.pure.checks.over import EVER
from annexa.pure.evidence import EvidenceState
from annexa.pure.fact_columns import (
    ALWAYS,
    EXPIRED,
    FAILING,
    NEVER,
    ONCE,
    PASSING,
    PLACES,
    Answer,
    Cells,
    Columns,
    Instants,
    Mask,
    Said,
    instant_of,
    micros,
    said_by,
    said_everywhere,
)
from annexa.pure.facts import (
    ORGANISATION,
    Adoption,
    Assessed,
    Circumstances,
    Closure,
    Decided,
    Evidence,
    Fact,
    Judgement,
    RecordFact,
    Reviewed,
    Supposed,
    SystemFact,
    decided,
    latest,
    reviewed,
    standing_judgements,
)
from annexa.pure.posture import (
    CONTROL_ORDER,
    REQUIREMENT_ORDER,
    FrameworkPosture,
    Line,
    Standing,
    Verdict,
    asking_of,
    changes_of,
    days_of_law,
    judge_control,
    judge_population,
    judge_requirement,
    judge_systems,
)
from annexa.pure.records_then import RecordsThen
from annexa.pure.standards import Control, Coverage, Expectation, ExpectationKind, Framework, Library, Requirement

Bits = int
"""A set of AI systems: bit i is set if system i is in it."""

ORDER: Final = (*REQUIREMENT_ORDER, Verdict.NOT_APPLICABLE)
"""Verdicts of requirements as they stand in a column, best first."""
STATES: Final[Mapping[int, EvidenceState]] = {PASSING: "passing", FAILING: "failing", EXPIRED: "expired", 0: "never"}


# --- what evidence says, cell by cell


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Answers:
    """What the evidence for one expectation says: for the organisation, and in which systems it passes, fails, has
    expired, or has ever passed (`once`). Where none of the first three, there never was any.

    `places` (the bit plus one) have evidence; `ends` and `since` of each are as in `Said`.
    """

    organisation: Said
    passing: Bits
    failing: Bits
    expired: Bits
    once: Bits
    places: NDArray[np.int64]
    ends: Instants
    since: Instants

    def with_cell(self, place: int, said: Said) -> "Answers":
        """The same with one cell said anew; place 0 is the organisation, else the bit plus one."""
        if place == 0:
            return replace(self, organisation=said)
        bit = 1 << (place - 1)

        def with_bit(held: Bits, *, is_in: bool) -> Bits:
            return (held | bit) if is_in else (held & ~bit)

        others = self.places != place
        return replace(
            self,
            passing=with_bit(self.passing, is_in=said.state == "passing"),
            failing=with_bit(self.failing, is_in=said.state == "failing"),
            expired=with_bit(self.expired, is_in=said.state == "expired"),
            once=with_bit(self.once, is_in=said.once),
            places=np.append(self.places[others], place),
            ends=np.append(self.ends[others], said.ends),
            since=np.append(self.since[others], said.since),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One control for the organisation: what `Engine.control` says of it, without its proof. `falls_at`: ALWAYS if
    nothing dated holds it up or it is not effective; then in microseconds."""

    standing: Standing
    effective_in: int
    population: int
    falls_at: int

    @property
    def verdict(self) -> Verdict:
        """Its verdict."""
        return self.standing.verdict


Column = tuple[Bits, ...]
"""One requirement in every system: the systems by verdict, in the order of ORDER."""
Starts = tuple[tuple[date | None, Bits], ...]
"""The systems that a requirement binds or will, by the day on which it begins."""


@dataclass(kw_only=True)
class Portfolio:
    """Every requirement in every AI system and for the organisation, at one instant. Computes what is asked, once.

    Facts count that were true at `at` and learnt by then; with `learnt_by`, those learnt by that instant (hindsight).
    """

    columns: Columns
    at: datetime
    learnt_by: datetime | None = None
    _standings: dict[str, Standings] = field(default_factory=dict, repr=False)
    _organisation: dict[str, Judged] = field(default_factory=dict, repr=False)
    _columns: dict[tuple[str, str], Column] = field(default_factory=dict, repr=False)
    _lines: dict[tuple[str, str], Line] = field(default_factory=dict, repr=False)
    _falls: dict[str, Instants] = field(default_factory=dict, repr=False)
    _starts: dict[tuple[object, ...], Starts] = field(default_factory=dict, repr=False)
    _alike: dict[tuple[object, ...], Column] = field(default_factory=dict, repr=False)

    @property
    def library(self) -> Library:
        """The library it is computed with."""
        return self.columns.library

    @cached_property
    def size(self) -> int:
        """How many bits there are."""
        return len(self.columns.slugs)

    # ---- the questions

    def verdict(self, framework: str, requirement: str, scope: str = ORGANISATION) -> Verdict:
        """One cell. KeyError for what does not exist or is not in use."""
        if scope == ORGANISATION:
            return self.organisation(framework, requirement)
        return self._at(self.column(framework, requirement), self._bit(scope))

    def column(self, framework: str, requirement: str) -> Column:
        """One requirement in every system in use."""
        key = (framework, requirement)
        if key not in self._columns:
            held = self.library.frameworks[framework]
            self._columns[key] = self._judged(held, held.by_id[requirement])
        return self._columns[key]

    def counts(self, framework: str, *, reaching: bool = False) -> Mapping[Verdict, int]:
        """How many cells of a framework have which verdict: leaves times systems in use.

        `reaching`: only of the leaves that reach systems, as `readiness`; the others are the organisation's, and alike
        in every system.
        """
        held = self.library.frameworks[framework]
        found = dict.fromkeys(ORDER, 0)
        for leaf in (one for one in held.leaves if not reaching or self.library.reaches_systems(held, one)):
            for verdict, bits in zip(ORDER, self.column(framework, leaf.id), strict=True):
                found[verdict] += bits.bit_count()
        return found

    def matrix(self, framework: str) -> NDArray[np.uint8]:
        """Every cell: a row for each leaf, a column for each bit; the place in ORDER, 255 for what is not in use."""
        held = self.library.frameworks[framework]
        width = (self.size + 7) // 8
        planes = bytearray()
        for leaf in held.leaves:
            _met, at_risk, partial, unmet, uncovered, not_applicable = self.column(framework, leaf.id)
            for plane in (at_risk | unmet | not_applicable, partial | unmet, uncovered | not_applicable):
                planes += plane.to_bytes(width, "little")
        bits = np.frombuffer(planes, np.uint8).reshape(len(held.leaves), 3, width)
        found: NDArray[np.uint8] = np.unpackbits(bits[:, 0], axis=1, count=self.size, bitorder="little")
        for power in (1, 2):
            found |= np.unpackbits(bits[:, power], axis=1, count=self.size, bitorder="little") << power
        found[:, ~mask_of(self.live, self.size)] = 255
        return found

    def readiness(self, framework: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """For each bit, how many of the requirements that reach systems are met, and how many apply."""
        held = self.library.frameworks[framework]
        met, applicable = np.zeros(self.size, np.int32), np.zeros(self.size, np.int32)
        for leaf in held.leaves:
            if self.library.reaches_systems(held, leaf):
                column = self.column(framework, leaf.id)
                met += mask_of(column[0], self.size)
                applicable += mask_of(self.live & ~column[-1], self.size)
        return met, applicable

    def tallies(self, framework: str) -> NDArray[np.int32]:
        """How many of the requirements that reach systems have which verdict: a row for each bit, in order of ORDER."""
        held = self.library.frameworks[framework]
        found = np.zeros((len(ORDER), self.size), np.int32)
        for leaf in held.leaves:
            if self.library.reaches_systems(held, leaf):
                for number, bits in enumerate(self.column(framework, leaf.id)):
                    if bits:
                        found[number] += mask_of(bits, self.size)
        return found.T

    def posture(self, framework: str, scope: str = ORGANISATION) -> FrameworkPosture:
        """Every leaf of a framework in a scope, line for line as `Engine.posture` has it. KeyError as `verdict`."""
        held = self.library.frameworks[framework]
        if scope == ORGANISATION:
            lines = tuple(self._line(held, leaf) for leaf in held.leaves)
        else:
            bit = self._bit(scope)
            lines = tuple(
                self._line_in(held, leaf, scope, bit)
                for leaf in held.leaves
                if self.library.reaches_systems(held, leaf)
            )
        return FrameworkPosture(framework=held, scope=scope, at=self.at, lines=lines)

    def plus(self, facts: Iterable[Fact], *, at: datetime | None = None) -> "Portfolio":
        """The same with more facts, in columns of its own; what they cannot reach is taken over as it is.

        Evidence, declarations and judgements about a control reach the requirements it covers; a system that appears or
        changes, and what was approved about it, reach everything. `at`: a later instant, before the `next_change` of
        these columns.
        """
        added = list(facts)
        found = Portfolio(columns=self.columns.plus(added), at=at or self.at, learnt_by=self.learnt_by)
        if not found._goes_on_from(self, added):
            return found
        evidence = [fact for fact in added if isinstance(fact, Evidence)]
        reached = {fact.control for fact in added if isinstance(fact, (Adoption, Evidence))}
        reached |= {fact.subject for fact in added if isinstance(fact, Judgement) and not fact.framework}
        recorded = {fact.register for fact in added if isinstance(fact, RecordFact)}
        reached |= asking_of(self.library, recorded)
        touched = {(fact.framework, fact.subject) for fact in added if isinstance(fact, Judgement) and fact.framework}
        touched |= {leaf for control in reached for leaf in self.library.covered_by.get(control, ())}
        found._standings = _without(self._standings, reached)
        found._organisation = _without(self._organisation, reached)
        found._falls = _without(self._falls, reached)
        found._columns = _without(self._columns, touched)
        found._lines = _without(self._lines, touched)
        found._starts = self._starts
        kept = {"live", "size", "slugs", "_rank", "_in_use", "_latest", "_held", "_fulfil", "_decided", "_words"}
        kept |= {"_operating"} if recorded else {"_operating", "_records", "_lasting", "_lasting_until"}
        kept |= set() if len(evidence) < len(added) else {"_adoptions", "_judgements", "_judged_now"}
        found.__dict__.update({name: self.__dict__[name] for name in kept if name in self.__dict__})
        if "_answers" in self.__dict__:
            cells = {(fact.control, fact.expectation, fact.scope) for fact in evidence}
            found.__dict__["_answers"] = found._answers_with(self._answers, cells)
        return found

    def _goes_on_from(self, before: "Portfolio", added: Sequence[Fact]) -> bool:
        """Whether anything that was computed before can still hold."""
        wide = any(
            isinstance(fact, (SystemFact, Closure, Circumstances, Reviewed, Assessed, Supposed)) for fact in added
        )
        wide = wide or any(isinstance(fact, RecordFact) and fact.register in REACHING for fact in added)
        return not wide and before.columns.slugs is self.columns.slugs

    # ---- what is known at that instant

    @cached_property
    def _now(self) -> tuple[int, int]:
        """The instant and that by which things were learnt, as numbers."""
        return micros(self.at), micros(self.at if self.learnt_by is None else self.learnt_by)

    def _known(self, fact: Fact) -> bool:
        return fact.known(self.at, self.learnt_by)

    @cached_property
    def _latest(self) -> NDArray[np.int64]:
        """For each bit the place of the state of the system that counts; -1 for one not known yet or retired."""
        systems = self.columns.systems
        found = systems.latest(self.size, *self._now)
        known = np.flatnonzero(found >= 0)
        found[known[~systems.in_use[found[known]]]] = -1
        return found

    @cached_property
    def live(self) -> Bits:
        """The systems in use."""
        return bits_of(self._latest >= 0)

    def _chosen(self, marks: Sequence[bool] | Mask) -> Bits:
        """The systems in use whose profile is marked; a mark for each profile."""
        profiles = self.columns.systems.profile
        if not profiles.size:
            return 0
        of_each = np.asarray(marks, np.bool_)[profiles[np.maximum(self._latest, 0)]]
        return bits_of(of_each & (self._latest >= 0))

    @cached_property
    def _held(self) -> Mapping[str, Bits]:
        """The systems that have each role and class, and those that are high-risk by Annex I."""
        profiles = list(self.columns.systems.profiles)
        words = [{*acting_as(roles), *classes, by} - {""} for roles, classes, by, _ in profiles]
        return {word: self._chosen([word in one for one in words]) for word in sorted(set().union(*words))}

    def _with(self, roles: tuple[str, ...], classes: tuple[str, ...]) -> Bits:
        """The systems in use with one of the roles and one of the classes; naming none means any."""
        found = self.live
        for words in (roles, classes):
            if words:
                found &= reduce(or_, (self._held.get(word, 0) for word in words))
        return found

    @cached_property
    def _decided(self) -> Mapping[str, Decided]:
        """What was approved, by scope."""
        return decided(self.columns.circumstances, self.at, self.learnt_by)

    @cached_property
    def _words(self) -> Mapping[str, Mapping[tuple[str, ...], Bits]]:
        """For each law the systems in use by the words that were found about them."""
        found: dict[str, dict[tuple[str, ...], list[int]]] = {}
        for scope, laws in self._decided.items():
            bit = self.columns.slugs.get(scope)
            for law, words in laws if bit is not None else ():
                found.setdefault(law, {}).setdefault(words, []).append(bit or 0)
        sets = {
            law: {words: self._bits(bits) & self.live for words, bits in by_words.items()}
            for law, by_words in found.items()
        }
        profiles = list(self.columns.systems.profiles)
        for law, words in {pair for *_, settled in profiles for pair in settled}:
            marked = [(law, words) in settled for *_, settled in profiles]
            sets.setdefault(law, {})[words] = self._chosen(marked)
        for law, words in self._decided.get(ORGANISATION, ()):
            here = sets.setdefault(law, {})
            here[words] = here.get(words, 0) | (self.live & ~reduce(or_, here.values(), 0))
        return sets

    @cached_property
    def _fulfil(self) -> Mapping[str, Bits]:
        """For each record check the systems in use that fulfil it."""
        systems = self.columns.systems
        if not systems.bit.size:
            return dict.fromkeys((*CHECKS, *LASTING), 0)
        each = systems.fulfils[np.maximum(self._latest, 0)] & (self._latest >= 0)[:, None]
        found = {name: bits_of(each[:, number]) for number, name in enumerate(CHECKS)}
        lasting = {name: bits_of(until != NEVER) & self.live for name, until in self._lasting_until.items()}
        return {**found, **lasting}

    @cached_property
    def _records(self) -> RecordsThen:
        """The records of the registers that count."""
        columns = self.columns
        return RecordsThen(columns.records, columns.supposed, self.at, self.learnt_by, columns.systems.versions)

    @cached_property
    def _lasting(self) -> Mapping[str, Mapping[str, datetime]]:
        """For each check over AI systems that something else than their record fulfils, until when, by scope."""
        return {
            REVIEWS: reviewed(self.columns.reviews, self.at, self.learnt_by),
            **self._records.lasting(),
            **assessed_until(
                self.columns.assessed, self._facts_in_use, self._words_about, self._records, self.learnt_by
            ),
        }

    @cached_property
    def _facts_in_use(self) -> Mapping[str, SystemFact]:
        """The AI systems in use by slug, as their records have them."""
        versions, places = self.columns.systems.versions, self._latest.tolist()
        return {slug: versions[places[bit]] for slug, bit in self.columns.slugs.items() if places[bit] >= 0}

    def _words_about(self, slug: str) -> Words:
        """What was decided about a system under the law of the checks over assessments."""
        own = words_of(self._decided.get(slug, ()), LAW)
        return words_of(self._decided.get(ORGANISATION, ()), LAW) if own is None else own

    @cached_property
    def _lasting_until(self) -> Mapping[str, Instants]:
        """The same for each bit; NEVER where it is not fulfilled."""
        found = {}
        for name, by_scope in self._lasting.items():
            found[name] = np.full(self.size, NEVER)
            for scope, until in by_scope.items():
                if scope in self.columns.slugs:
                    found[name][self.columns.slugs[scope]] = _ends(until)
        return found

    @cached_property
    def _operating(self) -> Bits:
        """The systems in use that may be in operation."""
        systems = self.columns.systems
        if not systems.bit.size:
            return 0
        return bits_of(systems.operating[np.maximum(self._latest, 0)] & (self._latest >= 0))

    def _said_lasting(self, check: str, scope: str) -> Said:
        """What a check over AI systems comes to that something else than their record fulfils: of all it is asked of,
        Annexa itself among them where it is, or of one system."""
        until, by_scope = self._lasting_until[check], self._lasting[check]
        if scope == ORGANISATION:
            asked = mask_of(self._operating if check == REVIEWS else self.live, self.size)
            ends = [int(one) for one in until[asked]]
            ends += [_ends(by_scope[one]) if one in by_scope else NEVER for one in of_annexa(check)]
        else:
            ends = [int(until[self.columns.slugs[scope]])]
        if not ends:
            return Said(state="never", once=False, ends=ALWAYS)
        first = min(ends)
        short = first == NEVER
        return Said(state="failing" if short else "passing", once=True, ends=ALWAYS if short else first)

    def _said_of_records(self, check: str, scope: str) -> Said:
        """What a check over the records of a register comes to."""
        said = self._records.said(check, scope)
        state: EvidenceState = (
            "never" if not said.population else "failing" if said.fulfilled < said.population else "passing"
        )
        ends = ALWAYS if said.ends is None else _ends(said.ends)
        return Said(state=state, once=bool(said.population), ends=ends)

    @cached_property
    def _adoptions(self) -> Mapping[str, Mapping[str, Adoption]]:
        """For each control the declaration that counts in each scope."""
        found: dict[tuple[str, str], list[Adoption]] = {}
        for fact in self.columns.adoptions:
            found.setdefault((fact.control, fact.scope), []).append(fact)
        kept: dict[str, dict[str, Adoption]] = {}
        for (control, scope), versions in found.items():
            if (chosen := latest(versions, self.at, self.learnt_by)) is not None:
                kept.setdefault(control, {})[scope] = chosen
        return kept

    @cached_property
    def _judgements(self) -> tuple[Judgement, ...]:
        """The judgements that stand, in their order."""
        return standing_judgements(self.columns.judgements, self.columns.closures, self.at, self.learnt_by)

    @cached_property
    def _judged_now(self) -> Mapping[tuple[str, str, str], Mapping[str, Judgement]]:
        """The judgements that stand, by framework (empty for a control), subject and kind: the first in each scope."""
        found: dict[tuple[str, str, str], dict[str, Judgement]] = {}
        for fact in self._judgements:
            found.setdefault((fact.framework, fact.subject, fact.kind), {}).setdefault(fact.scope, fact)
        return found

    def _standing_against(self, framework: str, subject: str, kind: str) -> Mapping[str, Judgement]:
        return self._judged_now.get((framework, subject, kind), {})

    def _bit(self, scope: str) -> int:
        """The bit of a system in use. KeyError."""
        bit = self.columns.slugs[scope]
        if not self.live >> bit & 1:
            raise KeyError(scope)
        return bit

    def _bits(self, bits: Iterable[int]) -> Bits:
        """Some bits as a set."""
        mask = np.zeros(self.size, np.bool_)
        mask[list(bits)] = True
        return bits_of(mask)

    def among(self, scopes: Iterable[str]) -> Bits:
        """The systems among some scopes, in use or not."""
        known = self.columns.slugs
        return self._bits([known[scope] for scope in scopes if scope in known])

    @staticmethod
    def _at(column: Column, bit: int) -> Verdict:
        return next(verdict for verdict, held in zip(ORDER, column, strict=True) if held >> bit & 1)

    # ---- evidence

    @cached_property
    def _answers(self) -> Mapping[tuple[str, str], "Answers"]:
        """For each expectation what the evidence says: for the organisation, and in every system."""
        cells = said_everywhere(self.columns.evidence, *self._now)
        width = self.size + 1
        row, place = cells.cell >> PLACES, cells.cell & ((1 << PLACES) - 1)
        codes = np.zeros((len(self.columns.rows), width), np.uint8)
        codes.ravel()[row * width + place] = cells.code
        sets = {
            flag: np.packbits(codes[:, 1:] & flag, axis=1, bitorder="little")
            for flag in (PASSING, FAILING, EXPIRED, ONCE)
        }
        bounds = np.searchsorted(row, np.arange(len(self.columns.rows) + 1))
        found = {}
        for key, number in self.columns.rows.items():
            passing, failing, expired, once = (int.from_bytes(sets[flag][number].tobytes(), "little") for flag in sets)
            first, last = int(bounds[number]), int(bounds[number + 1])
            said = self._organisation_said(cells, first, int(codes[number, 0]))
            here = slice(first, last)
            found[key] = Answers(
                organisation=said, passing=passing, failing=failing, expired=expired, once=once,
                places=place[here], ends=cells.ends[here], since=cells.since[here],
            )  # fmt: skip
        return found

    @staticmethod
    def _organisation_said(cells: Cells, first: int, code: int) -> Said:
        """What the first cell of a row says; it is the organisation's if there is any."""
        if not code:
            return Said(state="never", once=False, ends=ALWAYS)
        ends, since = int(cells.ends[first]), int(cells.since[first])
        return Said(state=STATES[code & ~ONCE], once=bool(code & ONCE), ends=ends, since=since)

    def _answers_with(
        self, known: Mapping[tuple[str, str], "Answers"], cells: set[tuple[str, str, str]]
    ) -> Mapping[tuple[str, str], "Answers"]:
        """The answers with these cells looked at anew: control, expectation and scope."""
        found = dict(known)
        for control, expectation, scope in cells:
            if (control, expectation) not in self.columns.rows:
                continue
            if scope != ORGANISATION and self.library.controls[control].level == "organisation":
                continue
            cell = self.columns.cell(control, expectation, scope)
            said = self.columns.evidence.said(cell, *self._now)
            found[control, expectation] = found[control, expectation].with_cell(cell & ((1 << PLACES) - 1), said)
        return found

    # ---- controls

    def standings(self, control: str) -> Standings:
        """One control in every system in use."""
        if control not in self._standings:
            held = self.library.controls[control]
            made = self._system_level(held) if held.level == "system" else self._inherited(held)
            self._standings[control] = made
        return self._standings[control]

    def in_organisation(self, control: str) -> Judged:
        """One control for the organisation."""
        if control not in self._organisation:
            held = self.library.controls[control]
            alone = held.level == "organisation"
            self._organisation[control] = self._alone(held, ORGANISATION) if alone else self._over_systems(held)
        return self._organisation[control]

    def declared(self, control: str) -> Adoption | None:
        """What the organisation declared about a control."""
        return self._adoptions.get(control, {}).get(ORGANISATION)

    def declarations(self, control: str) -> Iterator[Adoption]:
        """What was declared about a control: for the organisation and, of one for single systems, in those in use that
        it is meant for."""
        single = self.library.controls[control].level == "system"
        applies = self.standings(control).applies if single else 0
        for scope, declared in self._adoptions.get(control, {}).items():
            bit = self.columns.slugs.get(scope)
            if scope == ORGANISATION or (bit is not None and applies >> bit & 1):
                yield declared

    def is_implemented(self, control: str) -> bool:
        """Whether a control is declared implemented, for the organisation or in a system in use."""
        here = self._adoptions.get(control, {})
        return any(_holds(one)[0] for scope, one in here.items() if scope == ORGANISATION or scope in self._in_use)

    def verdicts_of(self, control: str) -> Iterator[tuple[str, Verdict]]:
        """The systems in use that a control of single systems applies to, by slug, with its verdict there."""
        held = self.standings(control).verdicts
        for verdict, bits in held.items():
            if verdict is not Verdict.NOT_APPLICABLE:
                yield from ((self.slugs[bit], verdict) for bit in np.flatnonzero(mask_of(bits, self.size)))

    @cached_property
    def slugs(self) -> tuple[str, ...]:
        """The system of each bit."""
        return tuple(self.columns.slugs)

    def in_use(self, slug: str) -> bool:
        """Whether an AI system is in use."""
        return slug in self._in_use

    @cached_property
    def _in_use(self) -> frozenset[str]:
        return frozenset(self.slugs[bit] for bit in np.flatnonzero(mask_of(self.live, self.size)))

    def asked_of(self, control: str) -> Bits:
        """The systems in use in which a control of single systems is declared implemented, and makes sense."""
        held = self.standings(control).verdicts
        return self.live & ~(held[Verdict.ABSENT] | held[Verdict.PLANNED] | held[Verdict.NOT_APPLICABLE])

    def answers(self, control: str, expectation: str) -> Answers:
        """What the evidence for an expectation says everywhere. KeyError for one that evidence cannot answer."""
        return self._answers[control, expectation]

    def fulfil(self, check: str) -> Bits:
        """The systems in use that fulfil a record check."""
        return self._fulfil[check]

    def counted(self, control: str) -> Mapping[Verdict, int]:
        """In how many systems a control that is judged there by itself has which verdict: one of single systems in all,
        one of the organisation where an owner decided otherwise."""
        held = self.library.controls[control]
        own = self.live
        if held.level == "organisation":
            own = self._bits([self.columns.slugs[scope] for scope in self._deciding(held)])
        return {verdict: (bits & own).bit_count() for verdict, bits in self.standings(control).verdicts.items()}

    @cached_property
    def _rank(self) -> NDArray[np.int64]:
        """For each bit its place among the sorted slugs."""
        found = np.empty(self.size, np.int64)
        found[np.argsort(np.array(self.slugs))] = np.arange(self.size)
        return found

    def first_of(self, bits: Bits, most: int) -> tuple[str, ...]:
        """The first few systems of a set, sorted."""
        held = np.flatnonzero(mask_of(bits, self.size))
        ranks = self._rank[held]
        chosen = held if held.size <= most else held[np.argpartition(ranks, most)[:most]]
        return tuple(sorted(self.slugs[bit] for bit in chosen))

    def slugs_of(self, bits: Bits) -> tuple[str, ...]:
        """The systems of a set, sorted."""
        return tuple(sorted(self.slugs[bit] for bit in np.flatnonzero(mask_of(bits, self.size))))

    def falls(self, control: str) -> Instants:
        """For each bit when an effective control stops to be so by time alone, in microseconds; ALWAYS: undated."""
        if control not in self._falls:
            held = self.library.controls[control]
            self._falls[control] = self._falls_in(held) if held.level == "system" else self._falls_inherited(held)
        return self._falls[control]

    def _system_level(self, control: Control) -> Standings:
        live = self.live
        applies = self._with(control.binds_roles, control.binds_classes)
        implemented, excluded, planned = self._declared(control)
        failing = never = expired = 0
        proven = live
        for expectation in control.expectations:
            if expectation.kind is ExpectationKind.RECORD:
                failing |= live & ~self._fulfil[expectation.check]
                continue
            answers = self._answers[(control.id, expectation.id)]
            failing |= answers.failing
            expired |= answers.expired
            never |= live & ~(answers.passing | answers.failing | answers.expired)
            proven &= answers.once
        if not control.expectations:
            never, proven = live, 0
        failing |= self.among(self._standing_against("", control.id, "major nonconformity"))
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
        own = [(self.columns.slugs[scope], _holds(one)) for scope, one in here.items() if scope in self.columns.slugs]
        rest = self.live & ~self._bits([bit for bit, _ in own])
        general = _holds(here.get(ORGANISATION))
        return tuple(  # type: ignore[return-value]
            self._bits([bit for bit, holds in own if holds[number]]) | (rest if general[number] else 0)
            for number in range(3)
        )

    def _inherited(self, control: Control) -> Standings:
        """A control of the organisation counts in every system, but for those whose owner decided otherwise."""
        general = self.in_organisation(control.id).standing
        own: dict[Standing, list[int]] = {}
        for scope in self._deciding(control):
            own.setdefault(self._alone(control, scope).standing, []).append(self.columns.slugs[scope])
        sets = {standing: self._bits(bits) for standing, bits in own.items()}
        rest = self.live & ~reduce(or_, sets.values(), 0)
        sets[general] = sets.get(general, 0) | rest
        held: dict[Verdict, Bits] = dict.fromkeys((*CONTROL_ORDER, Verdict.NOT_APPLICABLE), 0)
        applies = proven = some = 0
        for standing, bits in sets.items():
            held[standing.verdict] |= bits
            applies |= bits if standing.applies else 0
            proven |= bits if standing.proven else 0
            some |= bits if standing.some_effective else 0
        return Standings(verdicts=held, applies=applies, proven=proven, some=some)

    def _deciding(self, control: Control) -> Iterator[str]:
        """The systems in use whose owner decided about a control of the organisation."""
        return (scope for scope in self._adoptions.get(control.id, {}) if scope in self._in_use)

    def _alone(self, control: Control, scope: str) -> Judged:
        """A control of the organisation in one scope, as the definition has it."""
        here = self._adoptions.get(control.id, {})
        adoption = here.get(scope) or here.get(ORGANISATION)
        said = [self.said(control, expectation, scope) for expectation in control.expectations]
        verdict = judge_control(
            adoption.state if adoption else None,
            planned=_holds(adoption)[2],
            states=[one.state for one in said],
            nonconformity=scope in self._standing_against("", control.id, "major nonconformity"),
        )
        effective = verdict is Verdict.EFFECTIVE
        standing = Standing(
            verdict=verdict, applies=True, some_effective=effective, proven=bool(said) and all(one.once for one in said)
        )
        return Judged(
            standing=standing,
            effective_in=int(effective),
            population=int(verdict is not Verdict.NOT_APPLICABLE),
            falls_at=min((one.ends for one in said), default=ALWAYS) if effective else ALWAYS,
        )

    def said(self, control: Control, expectation: Expectation, scope: str = ORGANISATION) -> Said:
        """What one expectation of a control of the organisation comes to in one scope."""
        if expectation.check in OVER_RECORDS:
            return self._said_of_records(expectation.check, scope)
        if expectation.check in LASTING:
            return self._said_lasting(expectation.check, scope)
        if expectation.kind is ExpectationKind.RECORD:
            everybody = self.live if scope == ORGANISATION else 1 << self.columns.slugs[scope]
            short = everybody & ~self._fulfil[expectation.check]
            state: EvidenceState = "never" if not everybody else "failing" if short else "passing"
            return Said(state=state, once=bool(everybody), ends=ALWAYS)
        own = self.columns.apart.get((control.id, expectation.id, scope), ())
        if not own:
            return self._answers[(control.id, expectation.id)].organisation
        shared = self.columns.cell(control.id, expectation.id, ORGANISATION)
        answers = [
            Answer(effective_at=one.effective_at, expires_at=one.expires_at, passing=one.passing)
            for one in own
            if self._known(one)
        ]
        return said_by([*answers, *self.columns.evidence.answers(shared, *self._now)], self.at)

    def _over_systems(self, control: Control) -> Judged:
        """A system-level control for the organisation: that of its worst system."""
        held = self.standings(control.id)
        counts: dict[Verdict, int] = {v: bits.bit_count() for v, bits in held.verdicts.items()}
        del counts[Verdict.NOT_APPLICABLE]
        population = self.live & ~held.verdicts[Verdict.NOT_APPLICABLE]
        verdict = judge_population(counts)
        judged = self._standing_against("", control.id, "major nonconformity")
        if verdict is not Verdict.NOT_APPLICABLE and ORGANISATION in judged:
            verdict = Verdict.FAILING
        standing = Standing(
            verdict=verdict,
            applies=bool(population),
            some_effective=bool(held.effective),
            proven=bool(population) and not population & ~held.proven,
        )
        falls = ALWAYS
        if verdict is Verdict.EFFECTIVE:
            falls = int(self.falls(control.id)[mask_of(population, self.size)].min())
        return Judged(
            standing=standing, effective_in=counts[Verdict.EFFECTIVE], population=sum(counts.values()), falls_at=falls
        )

    def _falls_in(self, control: Control) -> Instants:
        found = np.full(self.size + 1, ALWAYS)
        for expectation in control.expectations:
            if expectation.check in LASTING:
                until = self._lasting_until[expectation.check]
                found[1:] = np.minimum(found[1:], np.where(until == NEVER, ALWAYS, until))
            elif expectation.kind is not ExpectationKind.RECORD:
                answers = self._answers[(control.id, expectation.id)]
                found[answers.places] = np.minimum(found[answers.places], answers.ends)
        return found[1:]

    def _falls_inherited(self, control: Control) -> Instants:
        found = np.full(self.size, self.in_organisation(control.id).falls_at)
        for scope in self._deciding(control):
            found[self.columns.slugs[scope]] = self._alone(control, scope).falls_at
        return found

    # ---- requirements

    def organisation(self, framework: str, requirement: str) -> Verdict:
        """One leaf for the organisation."""
        held = self.library.frameworks[framework]
        asked = held.by_id[requirement]
        if ORGANISATION in self._standing_against(framework, requirement, "exclusion"):
            return Verdict.NOT_APPLICABLE
        if asked.level == "system":
            column = self.column(framework, requirement)
            return judge_systems({v: bits.bit_count() for v, bits in zip(ORDER, column, strict=True)})
        if not self._binds_organisation(asked)[0]:
            return Verdict.NOT_APPLICABLE
        coverage = self.library.covering(held, asked)
        if coverage is None:
            return Verdict.UNCOVERED
        standings = {control: self.in_organisation(control).standing for control in coverage.controls}
        return judge_requirement(coverage.sufficient, coverage.contributes, standings)

    def _judged(self, framework: Framework, requirement: Requirement) -> Column:
        bound = self._binds(requirement)
        excluded = self._standing_against(framework.id, requirement.id, "exclusion")
        bound &= ~self.among(excluded) if excluded else -1
        coverage = self.library.covering(framework, requirement)
        if coverage is None:
            return (0, 0, 0, 0, bound, self.live & ~bound)
        key = (coverage.sufficient, coverage.contributes, bound)
        if key not in self._alike:
            self._alike[key] = self._judged_by(coverage, bound)
        return self._alike[key]

    def _judged_by(self, coverage: Coverage, bound: Bits) -> Column:
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
        return (met, at_risk, partial, unmet, 0, self.live & ~left)

    def _asked_of(self, requirement: Requirement) -> Starts:
        """The systems that a requirement binds or will bind, by the day on which it begins; alike ones are shared."""
        later = requirement.attributes.get("applies_from_annex_i")
        key = (
            bool(requirement.no_duty), requirement.binds_roles, requirement.binds_classes, requirement.applies_from,
            later, requirement.narrowed, requirement.transitions,
        )  # fmt: skip
        if key not in self._starts:
            self._starts[key] = () if requirement.no_duty else tuple(self._started(requirement, later))
        return self._starts[key]

    def _started(self, requirement: Requirement, later: object) -> Iterator[tuple[date | None, Bits]]:
        of_class = self._with((), requirement.binds_classes)
        for one in (one for one in requirement.narrowed if one.replaces_class):
            of_class |= reduce(or_, self._words.get(one.law, {}).values(), 0)
        left = self._with(requirement.binds_roles, ()) & of_class
        for one in requirement.narrowed:
            by_words = self._words.get(one.law, {})
            known = reduce(or_, by_words.values(), 0)
            found = reduce(or_, (bits for words, bits in by_words.items() if set(words) & set(one.any_of)), 0)
            left &= found | ~known
        annex_i = self._held.get("annex-i", 0) if isinstance(later, date) else 0
        for moved in requirement.transitions:
            by_words = self._words.get(moved.law, {})
            held = reduce(or_, (bits for words, bits in by_words.items() if set(moved.when) <= set(words)), 0) & left
            left &= ~held
            if moved.on is not None:
                for day, bits in ((later, held & annex_i), (requirement.applies_from, held & ~annex_i)):
                    yield (max(moved.on, day) if isinstance(day, date) else moved.on), bits
        if isinstance(later, date):
            yield later, left & annex_i
        yield requirement.applies_from, left & ~annex_i

    def _binds(self, requirement: Requirement) -> Bits:
        """The systems a requirement binds today."""
        today = self.at.date()
        return reduce(or_, (bits for day, bits in self._asked_of(requirement) if day is None or day <= today), 0)

    def will_bind(self, framework: str, requirement: Requirement) -> Bits:
        """The systems that a requirement binds or will bind, but for those in which it is excluded."""
        excluded = self._standing_against(framework, requirement.id, "exclusion")
        return reduce(or_, (bits for _, bits in self._asked_of(requirement)), 0) & ~self.among(excluded)

    def _from_on(self, requirement: Requirement) -> date | None:
        """The first day on which it begins among systems it binds; if it binds none, among those it will bind."""
        today = self.at.date()
        days = [(day, day is None or day <= today) for day, bits in self._asked_of(requirement) if bits]
        bound = [day for day, begun in days if begun]
        return min((day for day in (bound or [day for day, _ in days]) if day is not None), default=None)

    def _binds_organisation(self, requirement: Requirement) -> tuple[bool, date | None]:
        """Whether it binds the organisation, and from when: as such; or, with roles or classes, through a system."""
        if requirement.no_duty:
            return False, None
        if requirement.binds_roles or requirement.binds_classes:
            return bool(self._binds(requirement)), self._from_on(requirement)
        found = bind_organisation(requirement, (), self.at, self._decided.get(ORGANISATION, ()))
        return found.applies, found.from_on

    # ---- lines: a verdict with its dates

    def _line(self, framework: Framework, leaf: Requirement) -> Line:
        """One leaf for the organisation."""
        key = (framework.id, leaf.id)
        if key not in self._lines:
            verdict = self.organisation(*key)
            of_systems = leaf.level == "system"
            begins = self._from_on(leaf) if of_systems else self._binds_organisation(leaf)[1]
            self._lines[key] = Line(
                requirement=leaf,
                verdict=verdict,
                binding_from=begins,
                due=self._due_over_systems(framework, leaf, verdict)
                if of_systems
                else self._due(framework, leaf, verdict),
                judged=self.is_judged(framework.id, leaf.id, ORGANISATION),
            )
        return self._lines[key]

    def _line_in(self, framework: Framework, leaf: Requirement, scope: str, bit: int) -> Line:
        """One leaf in one system."""
        verdict = self._at(self.column(framework.id, leaf.id), bit)
        return Line(
            requirement=leaf,
            verdict=verdict,
            binding_from=next((day for day, bits in self._asked_of(leaf) if bits >> bit & 1), None),
            due=self._due_in(framework, leaf, scope, bit, verdict),
            judged=self.is_judged(framework.id, leaf.id, scope),
        )

    @cached_property
    def _judged_subjects(self) -> frozenset[tuple[str, str, str]]:
        return frozenset((fact.framework, fact.subject, fact.scope) for fact in self._judgements)

    def is_judged(self, framework: str, subject: str, scope: str) -> bool:
        """Whether a judgement stands beside a verdict; `framework` is empty for a control."""
        return (framework, subject, scope) in self._judged_subjects

    def _due(self, framework: Framework, leaf: Requirement, verdict: Verdict) -> datetime | None:
        """When the verdict of a requirement of the organisation falls by time alone."""
        if excluded := self._standing_against(framework.id, leaf.id, "exclusion").get(ORGANISATION):
            return excluded.ends_at
        coverage = self.library.covering(framework, leaf)
        if coverage is None:
            return None
        held = {control: self.in_organisation(control) for control in coverage.controls}
        return _due(
            verdict,
            coverage,
            applies={control for control, one in held.items() if one.standing.applies},
            effective={control for control, one in held.items() if one.verdict is Verdict.EFFECTIVE},
            helping={control for control, one in held.items() if one.effective_in},
            falls={control: one.falls_at for control, one in held.items()},
        )

    def _due_in(
        self, framework: Framework, leaf: Requirement, scope: str, bit: int, verdict: Verdict
    ) -> datetime | None:
        """The same in one system."""
        if excluded := self._standing_against(framework.id, leaf.id, "exclusion").get(scope):
            return excluded.ends_at
        coverage = self.library.covering(framework, leaf)
        if coverage is None or verdict not in {Verdict.MET, Verdict.PARTIAL}:
            return None
        held = {control: self.standings(control) for control in coverage.controls}
        effective = {control for control, one in held.items() if one.effective >> bit & 1}
        return _due(
            verdict,
            coverage,
            applies={control for control, one in held.items() if one.applies >> bit & 1},
            effective=effective,
            helping={control for control, one in held.items() if one.some >> bit & 1},
            falls={control: int(self.falls(control)[bit]) if control in effective else ALWAYS for control in held},
        )

    def _due_over_systems(self, framework: Framework, leaf: Requirement, verdict: Verdict) -> datetime | None:
        """When the first of the systems' verdicts falls."""
        if verdict not in {Verdict.MET, Verdict.PARTIAL}:
            return None
        excluded = self._standing_against(framework.id, leaf.id, "exclusion")
        bound = self._binds(leaf)
        ends = [
            micros(one.ends_at)
            for scope, one in excluded.items()
            if one.ends_at is not None and scope in self.columns.slugs and bound >> self.columns.slugs[scope] & 1
        ]
        coverage = self.library.covering(framework, leaf)
        if coverage is not None:
            column = self.column(framework.id, leaf.id)
            ends += [self._first_met(coverage, column[0]), self._first_partial(coverage, column[2])]
        first = min(ends, default=ALWAYS)
        return None if first == ALWAYS else instant_of(first)

    def _first_met(self, coverage: Coverage, met: Bits) -> int:
        """Of systems in which a requirement is met, when the first falls: each stands as long as its best set."""
        if not met:
            return ALWAYS
        chosen = mask_of(met, self.size)
        best = np.full(int(chosen.sum()), NEVER)
        for one in coverage.sufficient:
            whole, asked = met, 0
            ends = np.full(best.size, ALWAYS)
            for control in one:
                held = self.standings(control)
                whole &= held.effective | ~held.applies
                asked |= held.applies
                falls = self.falls(control)[chosen]
                np.minimum(ends, np.where(mask_of(held.applies, self.size)[chosen], falls, ALWAYS), out=ends)
            np.maximum(best, np.where(mask_of(whole & asked, self.size)[chosen], ends, NEVER), out=best)
        return int(best.min())

    def _first_partial(self, coverage: Coverage, partial: Bits) -> int:
        """Of systems in which something helps, when the first loses all of it."""
        if not partial:
            return ALWAYS
        chosen = mask_of(partial, self.size)
        best = np.full(int(chosen.sum()), NEVER)
        for control in coverage.controls:
            helps = mask_of(self.standings(control).some, self.size)[chosen]
            np.maximum(best, np.where(helps, self.falls(control)[chosen], NEVER), out=best)
        return int(best.min())


def next_change(columns: Columns, at: datetime) -> datetime | None:
    """The next instant after `at` at which any cell could change by time alone; None if none is foreseen."""
    later = [day for day in days_of_law(columns.library, at) if day > at]
    facts = (
        *columns.adoptions, *columns.judgements, *columns.closures, *columns.circumstances, *columns.reviews,
        *columns.records, *columns.supposed, *columns.assessed,
    )  # fmt: skip
    later += changes_of((*facts, *chain.from_iterable(columns.apart.values())), at)
    now = micros(at)
    for times in (columns.systems.effective, columns.systems.recorded, *columns.evidence.times()):
        ahead = times[times > now]
        later += [instant_of(int(ahead.min()))] if ahead.size else []
    return min(later, default=None)


def _due(
    verdict: Verdict,
    coverage: Coverage,
    *,
    applies: set[str],
    effective: set[str],
    helping: set[str],
    falls: Mapping[str, int],
) -> datetime | None:
    """When a verdict falls by time alone, from what its controls stand on."""
    if verdict is Verdict.MET:
        asked = ([control for control in chosen if control in applies] for chosen in coverage.sufficient)
        ends = [min(falls[c] for c in chosen) for chosen in asked if chosen and effective.issuperset(chosen)]
    elif verdict is Verdict.PARTIAL:
        ends = [falls[control] for control in helping]
    else:
        return None
    last = max(ends, default=ALWAYS)
    return None if last == ALWAYS else instant_of(last)


K = TypeVar("K")
V = TypeVar("V")


def _ends(until: datetime) -> int:
    """An end as a number; ALWAYS for what no time ends."""
    return ALWAYS if until == EVER else micros(until)


def _without(held: dict[K, V], gone: set[K]) -> dict[K, V]:
    return {key: value for key, value in held.items() if key not in gone} if gone else dict(held)


def _holds(adoption: Adoption | None) -> tuple[bool, bool, bool]:
    """Implemented, excluded, planned with a date."""
    if adoption is None:
        return False, False, False
    return adoption.state == "implemented", adoption.state == "excluded", adoption.is_planned


def bits_of(mask: Mask) -> Bits:
    """A set of systems from a truth for each."""
    return int.from_bytes(np.packbits(mask, bitorder="little").tobytes(), "little")


def mask_of(bits: Bits, size: int) -> Mask:
    """A truth for each of `size` systems."""
    data = np.frombuffer(bits.to_bytes((size + 7) // 8, "little"), np.uint8)
    return np.unpackbits(data, count=size, bitorder="little").astype(np.bool_)
