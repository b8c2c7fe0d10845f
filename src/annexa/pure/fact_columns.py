"""Facts in columns: the shape in which thousands of AI systems are judged at once (`annexa.pure.portfolio`).

What grows is kept sorted, with what came since beside it, so that one more fact costs next to nothing and a whole
evaluation reads every array once, from front to back. Columns never change; `plus` gives new ones that share the old.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from annexa.pure.applicability import known_words
from annexa.pure.checks import CHECKS, REVIEWS, asks
from annexa.pure.evidence import EvidenceState, state_of
from annexa.pure.facts import (
    ORGANISATION,
    Adoption,
    Assessed,
    Circumstances,
    Closure,
    Decided,
    Evidence,
    Fact,
    Facts,
    Judgement,
    RecordFact,
    Reviewed,
    Supposed,
    SystemFact,
)
from annexa.pure.standards import ExpectationKind, Library

Instants = NDArray[np.int64]
"""Microseconds since 1970, UTC."""
Mask = NDArray[np.bool_]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
NEVER: Final = int(np.iinfo(np.int64).min)
ALWAYS: Final = int(np.iinfo(np.int64).max)
"""An end that does not come."""
PLACES: Final = 32
"""Bits of a cell's number that say the place; the others say the row."""
UNSORTED: Final = 1024
"""So much evidence may lie beside the sorted columns before all is sorted anew."""
PASSING, FAILING, EXPIRED, ONCE = 1, 2, 4, 8
"""What a cell says, as bits; `ONCE`: something passed there at some time."""
Row = tuple[int, int, int, int, int, int]
"""Evidence as numbers: row, place, effective, recorded, expires, passing."""


def micros(at: datetime) -> int:
    """An instant as a whole number, exactly."""
    return (at - EPOCH) // timedelta(microseconds=1)


def instant_of(number: int) -> datetime:
    """The instant of such a number."""
    return EPOCH + timedelta(microseconds=number)


# --- evidence


@dataclass(frozen=True, eq=False, kw_only=True)
class Sorted:
    """Evidence sorted by cell. `cell` is the row shifted by PLACES, plus the place."""

    cell: Instants
    effective: Instants
    recorded: Instants
    expires: Instants
    passing: Mask

    @classmethod
    def of(cls, columns: Sequence[NDArray[np.generic]]) -> "Sorted":
        """From six columns in any order: row, place, effective, recorded, expires, passing."""
        row, place, effective, recorded, expires = (one.astype(np.int64) for one in columns[:5])
        cell = (row << PLACES) | place
        order = np.argsort(cell, kind="stable")
        return cls(
            cell=cell[order],
            effective=effective[order],
            recorded=recorded[order],
            expires=expires[order],
            passing=columns[5].astype(np.bool_)[order],
        )

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """Where each cell begins."""
        if not self.cell.size:
            return np.zeros(0, np.intp)
        return np.concatenate([[0], np.flatnonzero(self.cell[1:] != self.cell[:-1]) + 1])

    @cached_property
    def number(self) -> NDArray[np.int64]:
        """For each piece of evidence the number of its cell among those that have any."""
        lengths = np.diff(np.append(self.starts, self.cell.size))
        return np.repeat(np.arange(self.starts.size), lengths)

    def rows(self, cell: int) -> list[Row]:
        """The evidence of one cell."""
        first, last = np.searchsorted(self.cell, [cell, cell + 1])
        return [
            (
                cell >> PLACES, cell & ((1 << PLACES) - 1), int(self.effective[one]), int(self.recorded[one]),
                int(self.expires[one]), int(self.passing[one]),
            )
            for one in range(first, last)
        ]  # fmt: skip


_NONE = Sorted.of([np.zeros(0, np.int64)] * 6)


@dataclass(frozen=True, eq=False, kw_only=True)
class EvidenceColumns:
    """All evidence: sorted columns, and what was added since, by cell."""

    sorted: Sorted = _NONE
    beside: Mapping[int, tuple[Row, ...]] = field(default_factory=dict)
    aside: int = 0

    @classmethod
    def of(cls, *columns: NDArray[np.generic]) -> "EvidenceColumns":
        """Columns made elsewhere: row, place, effective, recorded, expires, passing."""
        return cls(sorted=Sorted.of(columns))

    @property
    def used(self) -> int:
        """How much evidence there is."""
        return self.sorted.cell.size + self.aside

    def plus(self, rows: Sequence[Row]) -> "EvidenceColumns":
        """These and more."""
        if not rows:
            return self
        if not self.used or self.aside + len(rows) > max(UNSORTED, self.sorted.cell.size // 64):
            return self._sorted_with(rows)
        beside = dict(self.beside)
        for row in rows:
            cell = (row[0] << PLACES) | row[1]
            beside[cell] = (*beside.get(cell, ()), row)
        return EvidenceColumns(sorted=self.sorted, beside=beside, aside=self.aside + len(rows))

    def _sorted_with(self, rows: Sequence[Row]) -> "EvidenceColumns":
        held = self.sorted
        more = np.array([*chain.from_iterable(self.beside.values()), *rows], np.int64).reshape(-1, 6).T
        place = held.cell & ((1 << PLACES) - 1)
        known = (held.cell >> PLACES, place, held.effective, held.recorded, held.expires, held.passing)
        return EvidenceColumns.of(*(np.concatenate([old, new]) for old, new in zip(known, more, strict=True)))

    def answers(self, cell: int, at: int, learnt_by: int) -> list["Answer"]:
        """The evidence of one cell that counts at an instant."""
        return [
            Answer(effective_at=instant_of(row[2]), expires_at=instant_of(row[4]), passing=bool(row[5]))
            for row in (*self.sorted.rows(cell), *self.beside.get(cell, ()))
            if row[2] <= at and row[3] <= learnt_by
        ]

    def said(self, cell: int, at: int, learnt_by: int) -> "Said":
        """What the evidence of one cell says: as the definition has it, from the facts."""
        return said_by(self.answers(cell, at, learnt_by), instant_of(at))

    def times(self) -> Iterable[Instants]:
        """Every instant at which the evidence changes what it says."""
        yield from (self.sorted.effective, self.sorted.recorded, self.sorted.expires)
        rows = [row[2:5] for row in chain.from_iterable(self.beside.values())]
        yield np.array(rows, np.int64).ravel()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What freshness needs to know of a piece of evidence."""

    effective_at: datetime
    expires_at: datetime
    passing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What evidence says for one expectation in one place: state, whether anything ever passed, and when.

    In microseconds, `ends`: when a pass runs out, ALWAYS unless it passes. `since`: since when it fails or has expired,
    until when it passes; NEVER where there never was any.
    """

    state: EvidenceState
    once: bool
    ends: int
    since: int = NEVER

    @property
    def code(self) -> int:
        """The same as bits."""
        held = {"passing": PASSING, "failing": FAILING, "expired": EXPIRED, "never": 0}[self.state]
        return held | (ONCE if self.once else 0)


def said_by(answers: Sequence[Answer], at: datetime) -> Said:
    """What some answers say together at an instant."""
    state, ends = state_of(answers, at)
    failed = max((one.effective_at for one in answers if not one.passing), default=None)
    counted = [one.expires_at for one in answers if one.passing and (failed is None or one.effective_at > failed)]
    when = failed if state == "failing" else max(counted, default=None)
    return Said(
        state=state,
        once=any(one.passing for one in answers),
        ends=ALWAYS if ends is None else micros(ends),
        since=NEVER if when is None else micros(when),
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Cells:
    """What every cell says that has evidence, in the order of the cells; `ends` and `since` as in `Said`."""

    cell: Instants
    code: NDArray[np.uint8]
    ends: Instants
    since: Instants


def said_everywhere(evidence: EvidenceColumns, at: int, learnt_by: int) -> Cells:
    """What every cell says at an instant. Cost: each column is read once, from front to back."""
    held = evidence.sorted
    cell = held.cell[held.starts]
    code, ends, since = _read(held, at, learnt_by)
    known = Cells(cell=cell, code=code, ends=ends, since=since)
    if not evidence.beside:
        return known
    newer = sorted(evidence.beside)
    said = [evidence.said(one, at, learnt_by) for one in newer]
    return _merged(
        known,
        Cells(
            cell=np.array(newer, np.int64),
            code=np.array([one.code for one in said], np.uint8),
            ends=np.array([one.ends for one in said], np.int64),
            since=np.array([one.since for one in said], np.int64),
        ),
    )


def _read(held: Sorted, at: int, learnt_by: int) -> tuple[NDArray[np.uint8], Instants, Instants]:
    """`state_of` for every cell at once: passes count that were observed after the last failure."""
    if not held.cell.size:
        return np.zeros(0, np.uint8), np.zeros(0, np.int64), np.zeros(0, np.int64)
    known = (held.effective <= at) & (held.recorded <= learnt_by)
    passes = known & held.passing
    fails = np.flatnonzero(known & ~held.passing)
    once = np.logical_or.reduceat(passes, held.starts)
    counted, failed = passes, np.zeros(held.starts.size, np.bool_)
    last = np.full(held.starts.size, NEVER)
    if fails.size:
        np.maximum.at(last, held.number[fails], held.effective[fails])
        failed = last != NEVER
        doubtful = np.flatnonzero(failed[held.number])
        counted = passes.copy()
        counted[doubtful] &= held.effective[doubtful] > last[held.number[doubtful]]
    ends = np.maximum.reduceat(np.where(counted, held.expires, NEVER), held.starts)
    passing, over = ends > at, ends == NEVER
    code = passing * np.uint8(PASSING)
    code |= ((once | failed) & over) * np.uint8(FAILING)
    code |= (~over & ~passing) * np.uint8(EXPIRED)
    code |= once * np.uint8(ONCE)
    return code, np.where(passing, ends, ALWAYS), np.where(over, last, ends)


def _merged(old: Cells, new: Cells) -> Cells:
    """Two sets of cells in order; of a cell in both, the newer one."""
    kept = ~np.isin(old.cell, new.cell, assume_unique=True)
    cell = np.concatenate([old.cell[kept], new.cell])
    order = np.argsort(cell, kind="stable")
    return Cells(
        cell=cell[order],
        code=np.concatenate([old.code[kept], new.code])[order],
        ends=np.concatenate([old.ends[kept], new.ends])[order],
        since=np.concatenate([old.since[kept], new.since])[order],
    )


# --- AI systems

Profile = tuple[tuple[str, ...], tuple[str, ...], str, Decided]
"""What of a record decides which requirements bind: roles, classes, way to high risk, what the record settles."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SystemColumns:
    """Every state of every AI system, sorted by bit and then by what holds over what."""

    bit: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    effective: Instants = field(default_factory=lambda: np.zeros(0, np.int64))
    recorded: Instants = field(default_factory=lambda: np.zeros(0, np.int64))
    in_use: Mask = field(default_factory=lambda: np.zeros(0, np.bool_))
    operating: Mask = field(default_factory=lambda: np.zeros(0, np.bool_))
    profile: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    fulfils: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, len(CHECKS)), np.bool_))
    versions: tuple[SystemFact, ...] = ()
    profiles: Mapping[Profile, int] = field(default_factory=dict)

    def plus(self, facts: Sequence[SystemFact], slugs: Mapping[str, int]) -> "SystemColumns":
        """These and more. The states of a system are few, so the new ones are sorted in among them."""
        if not facts:
            return self
        profiles = dict(self.profiles)
        versions = [*self.versions, *facts]
        bit = np.concatenate([self.bit, np.array([slugs[fact.id] for fact in facts], np.int64)])
        order = np.argsort(bit, kind="stable")
        order = self._by_time(order, bit, versions, {slugs[fact.id] for fact in facts})

        def with_new(old: NDArray[np.generic], new: list[object]) -> NDArray[np.generic]:
            return np.concatenate([old, np.array(new, old.dtype).reshape(len(facts), *old.shape[1:])])[order]

        return SystemColumns(
            bit=bit[order],
            effective=with_new(self.effective, [micros(fact.effective_at) for fact in facts]),  # type: ignore[arg-type]
            recorded=with_new(self.recorded, [micros(fact.recorded_at) for fact in facts]),  # type: ignore[arg-type]
            in_use=with_new(self.in_use, [fact.in_use for fact in facts]),  # type: ignore[arg-type]
            operating=with_new(self.operating, [asks(REVIEWS, fact.stage) for fact in facts]),  # type: ignore[arg-type]
            profile=with_new(self.profile, [profiles.setdefault(_profile(one), len(profiles)) for one in facts]),  # type: ignore[arg-type]
            fulfils=with_new(self.fulfils, [[check(fact) for check in CHECKS.values()] for fact in facts]),  # type: ignore[arg-type]
            versions=tuple(versions[one] for one in order),
            profiles=profiles,
        )

    @staticmethod
    def _by_time(
        order: NDArray[np.intp], bit: NDArray[np.int64], versions: list[SystemFact], touched: set[int]
    ) -> NDArray[np.intp]:
        """The order with the states of the touched systems put right."""
        held = bit[order]
        first = np.searchsorted(held, sorted(touched))
        last = np.searchsorted(held, sorted(touched), side="right")
        for start, end in zip(first, last, strict=True):
            if end - start > 1:
                order[start:end] = sorted(order[start:end], key=lambda one: versions[one].order)
        return order

    def latest(self, size: int, at: int, learnt_by: int) -> NDArray[np.int64]:
        """For each bit the place of the state that holds at an instant, -1 for a system that is not known yet."""
        found = np.full(size, -1, np.int64)
        known = np.flatnonzero((self.effective <= at) & (self.recorded <= learnt_by))
        found[self.bit[known]] = known  # of several, the last one stays
        return found


def _profile(system: SystemFact) -> Profile:
    return system.roles, system.classes, system.high_risk_by, known_words(replace(system, circumstances=()))


# --- everything


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Everything recorded, in the shape the portfolio is computed from.

    `slugs` gives each AI system its bit, in the order of first mention, also after it is retired. `apart`: evidence of
    one system for a control of the organisation, by control, expectation and system.
    """

    library: Library
    slugs: Mapping[str, int] = field(default_factory=dict)
    systems: SystemColumns = field(default_factory=SystemColumns)
    adoptions: tuple[Adoption, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    closures: tuple[Closure, ...] = ()
    circumstances: tuple[Circumstances, ...] = ()
    reviews: tuple[Reviewed, ...] = ()
    records: tuple[RecordFact, ...] = ()
    supposed: tuple[Supposed, ...] = ()
    assessed: tuple[Assessed, ...] = ()
    apart: Mapping[tuple[str, str, str], tuple[Evidence, ...]] = field(default_factory=dict)
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
        added = Facts().plus(facts)
        evidence = [fact for fact in added.evidence if (fact.control, fact.expectation) in self.rows]
        placed = [fact for fact in evidence if not self._is_apart(fact)]
        apart = self.apart
        if len(placed) < len(evidence):
            apart = dict(apart)
            for fact in (one for one in evidence if self._is_apart(one)):
                key = (fact.control, fact.expectation, fact.scope)
                apart[key] = (*apart.get(key, ()), fact)
        mentioned = {fact.id for fact in added.systems} | {fact.scope for fact in placed} - {ORGANISATION}
        slugs = self._slugs_with(mentioned)
        found = Columns(
            library=self.library,
            slugs=slugs,
            systems=self.systems.plus(added.systems, slugs),
            adoptions=(*self.adoptions, *added.adoptions),
            judgements=(*self.judgements, *added.judgements),
            closures=(*self.closures, *added.closures),
            circumstances=(*self.circumstances, *added.circumstances),
            reviews=(*self.reviews, *added.reviews),
            records=(*self.records, *added.records),
            supposed=(*self.supposed, *added.supposed),
            assessed=(*self.assessed, *added.assessed),
            apart=apart,
            evidence=self.evidence.plus([self._row(fact, slugs) for fact in placed]),
        )
        found.__dict__["rows"] = self.rows
        return found

    def cell(self, control: str, expectation: str, scope: str) -> int:
        """The number of a cell: row and place."""
        place = 0 if scope == ORGANISATION else self.slugs[scope] + 1
        return (self.rows[control, expectation] << PLACES) | place

    def _row(self, fact: Evidence, slugs: Mapping[str, int]) -> Row:
        return (
            self.rows[fact.control, fact.expectation],
            0 if fact.scope == ORGANISATION else slugs[fact.scope] + 1,
            micros(fact.effective_at),
            micros(fact.recorded_at),
            micros(fact.expires_at),
            int(fact.passing),
        )

    def _is_apart(self, fact: Evidence) -> bool:
        """Evidence of one system for what the organisation does for all of them."""
        return fact.scope != ORGANISATION and self.library.controls[fact.control].level == "organisation"

    def _slugs_with(self, mentioned: set[str]) -> Mapping[str, int]:
        new = sorted(slug for slug in mentioned if slug not in self.slugs)
        return {**self.slugs, **{slug: len(self.slugs) + n for n, slug in enumerate(new)}} if new else self.slugs


def columns_of(library: Library, facts: Facts) -> Columns:
    """All facts in columns."""
    return Columns(library=library).plus(chain.from_iterable(facts.kinds))
