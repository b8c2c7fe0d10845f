"""What laws and standards bring on which day: timeline, clocks, retention, penalties, and what nobody knows for sure.

Each row says where it comes from, when that was read and how sure it is. Where sources disagree the row is open: it
carries the question and every reading, and no function here picks one of them. Format: docs/regimes.md.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from annexa.pure.standards import Confidence

RegimeStatus = Literal["current", "repealed", "proposed"]
ToThe = Literal["day", "month"]
Unit = Literal["", "hours", "days", "working days", "weeks", "months"]
ClockStatus = Literal["in force", "national law", "deferred", "disputed", "transition", "enacted", "never applied"]
Keep = Literal["at_least", "at_most", "not_stated", "validity"]
FineRule = Literal["higher", "lower", "maximum"]

REGIME_STATUSES: tuple[str, ...] = get_args(RegimeStatus)
TO_THE: tuple[str, ...] = get_args(ToThe)
UNITS: tuple[str, ...] = get_args(Unit)
CLOCK_STATUSES: tuple[str, ...] = get_args(ClockStatus)
KEEPS: tuple[str, ...] = get_args(Keep)
FINE_RULES: tuple[str, ...] = get_args(FineRule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way to read what is disputed, with the day it leads to.

    `on` is None where the reading names no day. `to_the` month means that `on` is the first of a month whose day
    is not known. `on_annex_i` is the day for systems that are high-risk by Annex I of the EU AI Act.
    """

    text: str
    on: date | None = None
    on_annex_i: date | None = None
    to_the: ToThe = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something the sources leave open: at least two readings, or what is unknown, or both."""

    id: str
    text: str
    source: str
    read_on: date
    confidence: Confidence
    readings: tuple[Reading, ...] = ()
    unknown: str = ""

    @property
    def days(self) -> tuple[date, ...]:
        """The different days the readings lead to, the earliest first."""
        return tuple(sorted({reading.on for reading in self.readings if reading.on is not None}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One fact about a regime: its source, the day the source was read, how sure it is, and the question if open."""

    id: str
    source: str
    read_on: date
    confidence: Confidence
    question: Question | None = None
    note: str = ""

    @property
    def open(self) -> str:
        """The open question in words; empty if the fact is settled."""
        return self.question.text if self.question else ""

    @property
    def readings(self) -> tuple[Reading, ...]:
        """Every reading of the open question; none if the fact is settled."""
        return self.question.readings if self.question else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Row):
    """A day on which something changes, and what an organisation does differently from then on.

    `on` is None only if the event is open; its days are then those of the readings. `requirements` are pairs of
    framework and requirement, which may be a group; `frameworks` are those it concerns as a whole. An empty
    `jurisdiction` is that of the regime.
    """

    title: str
    what_it_means: str
    on: date | None
    to_the: ToThe = "day"
    article: str = ""
    jurisdiction: str = ""
    requirements: tuple[tuple[str, str], ...] = ()
    frameworks: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    @property
    def touches(self) -> frozenset[str]:
        """The frameworks it concerns, as a whole or in some requirement."""
        return frozenset({*self.frameworks, *(framework for framework, _ in self.requirements)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock(Row):
    """A deadline that starts to run when something happens.

    `amount` and `unit` are None and "" where the law gives no number; `immediate` where it wants it at once, the
    number then being the longest it may take. `applies_from` is None if the clock never ran, or if its first day
    is open. `framework` and `requirement` are empty where the law is not in the library.
    """

    trigger: str
    actor: str
    recipient: str
    deadline: str
    amount: int | None
    unit: Unit
    counts_from: str
    immediate: bool
    article: str
    status: ClockStatus
    framework: str = ""
    requirement: str = ""
    applies_from: date | None = None
    applies_from_annex_i: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention(Row):
    """How long a record is kept: at least or at most `months`, or until what `period` says where there is no number."""

    record: str
    actor: str
    period: str
    months: int | None
    rule: Keep
    start_event: str
    article: str
    framework: str = ""
    requirement: str = ""
    applies_from: date | None = None
    applies_from_annex_i: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty(Row):
    """The ceiling of a fine: a sum, a share of worldwide turnover, and which of the two counts.

    `minimum_ceiling` means that each Member State may set the ceiling higher. `small_firms` says what is different
    for small ones.
    """

    infringement: str
    maximum: int
    currency: str
    turnover_percent: float | None
    rule: FineRule
    article: str
    framework: str = ""
    requirement: str = ""
    minimum_ceiling: bool = False
    small_firms: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(Row):
    """Something that must be said wherever its frameworks are shown, such as what a certificate does not prove."""

    text: str
    frameworks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """One law, or one family of standards, with all its dated facts."""

    id: str
    title: str
    jurisdiction: str
    status: RegimeStatus
    source: str
    questions: tuple[Question, ...] = ()
    events: tuple[Event, ...] = ()
    clocks: tuple[Clock, ...] = ()
    retention: tuple[Retention, ...] = ()
    penalties: tuple[Penalty, ...] = ()
    statements: tuple[Statement, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every dated fact of the regime, of all kinds."""
        return (*self.events, *self.clocks, *self.retention, *self.penalties, *self.statements)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """An event on one of its days; `reading` is set if the day holds only by that reading of an open question."""

    on: date
    to_the: ToThe
    regime: str
    event: Event
    reading: Reading | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """What has happened by a day, what is ahead, and what has no day that anybody could name.

    An event whose readings lead to several days stands on each of them, so it can be past and ahead at once.
    """

    past: tuple[Moment, ...]
    ahead: tuple[Moment, ...]
    undated: tuple[tuple[str, Event], ...]


def timeline(regimes: Iterable[Regime], *, at: date) -> Timeline:
    """Splits all events at a day, the day itself being past, each part with the earliest first."""
    chosen = tuple(regimes)
    moments = sorted((m for regime in chosen for m in _moments(regime)), key=_order)
    return Timeline(
        past=tuple(m for m in moments if m.on <= at),
        ahead=tuple(m for m in moments if m.on > at),
        undated=tuple(
            (regime.id, event)
            for regime in chosen
            for event in sorted(regime.events, key=lambda event: event.id)
            if not days_of(event)
        ),
    )


def days_of(event: Event) -> tuple[date, ...]:
    """The days an event may fall on: its own, or one for each reading that names one."""
    if event.on is not None:
        return (event.on,)
    return event.question.days if event.question else ()


def next_events(regimes: Iterable[Regime], frameworks: Iterable[str], at: date, limit: int) -> tuple[Moment, ...]:
    """The first days ahead that concern any of the frameworks, at most `limit` of them."""
    wanted = frozenset(frameworks)
    ahead = timeline(regimes, at=at).ahead
    return tuple(m for m in ahead if m.event.touches & wanted)[: max(limit, 0)]


def events_about(regimes: Iterable[Regime], framework: str, lineage: Iterable[str]) -> tuple[Moment, ...]:
    """The days that concern one requirement: those of events which name it or a group above it, earliest first."""
    wanted = {(framework, requirement) for requirement in lineage}
    moments = (m for regime in regimes for m in _moments(regime) if wanted & set(m.event.requirements))
    return tuple(sorted(moments, key=_order))


def statements_for(regimes: Iterable[Regime], framework: str) -> tuple[Statement, ...]:
    """What must be said wherever a framework is shown, in the order of ids."""
    found = (one for regime in regimes for one in regime.statements if framework in one.frameworks)
    return tuple(sorted(found, key=lambda one: one.id))


def open_rows(regimes: Iterable[Regime]) -> tuple[tuple[str, Row], ...]:
    """Every fact that is not settled, with the id of its regime, for whoever decides what to plan for."""
    return tuple((regime.id, row) for regime in regimes for row in regime.rows if row.question is not None)


def _moments(regime: Regime) -> Iterator[Moment]:
    for event in regime.events:
        if event.on is not None:
            yield Moment(on=event.on, to_the=event.to_the, regime=regime.id, event=event)
            continue
        for reading in event.readings:
            if reading.on is not None:
                yield Moment(on=reading.on, to_the=reading.to_the, regime=regime.id, event=event, reading=reading)


def _order(moment: Moment) -> tuple[date, str, str, str]:
    return moment.on, moment.regime, moment.event.id, moment.reading.text if moment.reading else ""
