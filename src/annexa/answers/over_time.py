"""How the posture went and will go: one line of counts on a series of days, from a year ago to a year ahead.

A past point is as it was known then, with the library in force then. New facts do not change it, so it is remembered
as long as the facts known then are the same. A point ahead is what will have gone stale or begun to bind if nobody
acts; it is computed anew after every change. Every point is what the pages say as of that day.
"""

import threading
from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain, pairwise

from annexa.answers.errors import no_framework, no_system
from annexa.answers.libraries import LibraryUnreadableError, library_at
from annexa.answers.posture import Standpoint, columns_at_hand, goes_on, seen_by, standpoint
from annexa.answers.systems import asking
from annexa.pure.fact_columns import Columns, columns_of
from annexa.pure.facts import ORGANISATION, Facts
from annexa.pure.instants import parse_instant
from annexa.pure.permits import Actor
from annexa.pure.portfolio import Portfolio
from annexa.pure.posture import REQUIREMENT_ORDER, FrameworkPosture, Line, Verdict
from annexa.pure.standards import Framework, Library
from annexa.records.ledger import LedgerEntry
from annexa.records.snapshot import Snapshot

MONTHS = 12
"""How far the series reaches, either way."""
MOST = 40
"""Points at most; month ends and starts come first, then days in law, then the days on which most verdicts fall."""
KEPT_POINTS = 20_000
KEPT_CELLS = 300_000
"""Instants times AI systems whose verdicts are remembered, so that the next scope or framework costs little."""
KEPT_LIBRARIES = 2
KEPT_SIGHTS = 4

Counts = Mapping[Verdict, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Where a scope stands at the end of a day; today: now. `begins`: how many requirements begin to bind that day."""

    on: date
    counts: Counts
    begins: int = 0

    @property
    def applicable(self) -> int:
        """How many requirements bind."""
        return sum(self.counts.values())

    @property
    def met(self) -> int:
        """How many of them are met."""
        return self.counts[Verdict.MET]

    @property
    def readiness(self) -> float | None:
        """Met ÷ applicable; None where nothing applies, which is not 100 %."""
        return self.met / self.applicable if self.applicable else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """From which day to which a scope can be looked at: the year around today, but not before there is a record of it.

    `since`: the day on which the record begins; None if there is none yet.
    """

    first: date
    last: date
    today: date
    since: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OverTime:
    """The series, in the order of days. A day on which the scope was not judged has no point.

    `laws`: the days in law within the extent, with how many of the requirements asked begin on each. `unreadable`: how
    many days are left out because the library of then cannot be read any more.
    """

    frameworks: tuple[Framework, ...]
    scope: str
    extent: Extent
    points: tuple[Point, ...]
    laws: Mapping[date, int]
    unreadable: int

    @property
    def today(self) -> Point | None:
        """How it stands now."""
        return next((point for point in self.points if point.on == self.extent.today), None)


def extent(*, actor: Actor, now: datetime, scope: str = ORGANISATION) -> Extent:
    """The days that can be looked at. Cost: one query."""
    entries = LedgerEntry.objects.visible_to(actor)
    if scope != ORGANISATION:
        entries = entries.filter(subject=f"ai_system/{scope}")
    begun = entries.order_by("position").values_list("at", flat=True).first()
    since = begun.astimezone(now.tzinfo).date() if begun else None
    today = now.date()
    first = max(month_ends(today)[0], min(since or today, today))
    return Extent(first=first, last=_month_starts(today)[-1], today=today, since=since)


def over_time(*, actor: Actor, now: datetime, framework: str, scope: str = ORGANISATION) -> OverTime:
    """One framework in one scope. Raises UnknownError for what does not exist or is not in use.

    Cost: the first time some 30 instants, each as much as a cold page; later what changed since.
    """
    stand = standpoint(actor=actor, now=now)
    if framework not in stand.library.frameworks:
        raise no_framework(framework, stand.library.frameworks)
    if scope != ORGANISATION and not stand.in_use(scope):
        raise no_system(scope, stand.systems, use=" in use")
    return series(stand, seen_by(actor), (framework,), scope, now=now, reach=extent(actor=actor, now=now, scope=scope))


def system_over_time(*, actor: Actor, now: datetime, slug: str) -> OverTime:
    """One AI system over every adopted framework that asks something of single systems; a retired one has a past only.

    Raises UnknownError.
    """
    stand = standpoint(actor=actor, now=now)
    if slug not in stand.portfolio.columns.slugs:
        raise no_system(slug, stand.portfolio.columns.slugs)
    return series(stand, seen_by(actor), asking(stand), slug, now=now, reach=extent(actor=actor, now=now, scope=slug))


# --- the days


def month_ends(today: date) -> list[date]:
    """The last days of the months before, the earliest first."""
    return [first - timedelta(days=1) for first in _firsts(today, range(1 - MONTHS, 1))]


def _month_starts(today: date) -> list[date]:
    """The first days of the months to come."""
    return list(_firsts(today, range(1, MONTHS + 1)))


def _firsts(today: date, months: Iterable[int]) -> Iterator[date]:
    for month in months:
        years, left = divmod(today.month - 1 + month, 12)
        yield date(today.year + years, left + 1, 1)


def _end_of(on: date, now: datetime) -> datetime:
    """The instant that the address of a page means by a day."""
    return parse_instant(on.isoformat(), now=now)


# --- the series


def series(
    stand: Standpoint, taken: Snapshot, frameworks: tuple[str, ...], scope: str, *, now: datetime, reach: Extent
) -> OverTime:
    """The series over some facts, from where everything stands now."""
    asked = _Asked(taken=taken, now=now, frameworks=frameworks, scope=scope)
    points, unreadable = _behind(asked, reach)
    laws: Mapping[date, int] = {}
    if frameworks and (scope == ORGANISATION or stand.in_use(scope)):
        here = tuple(stand.posture(one, scope) for one in frameworks)
        points.append(Point(on=reach.today, counts=_counts(line.verdict for line in _lines(here))))
        ahead = _ahead(asked, here, reach, MOST - len(points))
        points += ahead
        begun = Counter(line.binding_from for line in _lines(here) if line.binding_from is not None)
        laws = {on: n for on, n in sorted(begun.items()) if reach.first <= on <= reach.today}
        laws |= {point.on: point.begins for point in ahead if point.begins}
    return OverTime(
        frameworks=tuple(stand.library.frameworks[one] for one in frameworks),
        scope=scope,
        extent=reach,
        points=tuple(points),
        laws=laws,
        unreadable=unreadable,
    )


def _behind(asked: "_Asked", reach: Extent) -> tuple[list[Point], int]:
    """The month ends past, with the day on which the record begins, and how many cannot be read any more."""
    days = {on for on in month_ends(reach.today) if on >= reach.first}
    if reach.first == reach.since and reach.since < reach.today:
        days.add(reach.since)
    points, unreadable = [], 0
    for on in sorted(days):
        try:
            counts = asked.then(on)
        except LibraryUnreadableError:
            unreadable += 1
        else:
            points += [Point(on=on, counts=counts)] if counts is not None else []
    return points, unreadable


def _ahead(asked: "_Asked", here: tuple[FrameworkPosture, ...], reach: Extent, room: int) -> list[Point]:
    """The months to come, and between them the days on which something certain moves the counts.

    Those are found where they can lie: the days of the law, and the days on which a verdict that stands at the
    beginning of a month is due to fall in it.
    """
    months = _month_starts(reach.today)
    seen = {on: asked.ahead(on) for on in months}
    falls: Counter[date] = Counter()
    for (start, before), (end, _) in pairwise([(reach.today, here), *seen.items()]):
        dues = [line.due.astimezone(asked.now.tzinfo).date() for line in _lines(before) if line.due]
        falls.update(on for on in dues if start < on <= end)
    leaves = chain.from_iterable(one.framework.leaves for one in here)
    laws = {on for leaf in leaves if not leaf.no_duty for on in leaf.days if reach.today < on <= reach.last}
    wanted = [*sorted(laws), *sorted(falls, key=lambda on: (-falls[on], on))]
    between = [on for on in dict.fromkeys(wanted) if on not in seen][: max(0, room - len(months))]
    seen |= {on: asked.ahead(on) for on in between}
    points = [
        Point(
            on=on,
            counts=_counts(line.verdict for line in _lines(postures)),
            begins=sum(line.binding_from == on for line in _lines(postures)),
        )
        for on, postures in sorted(seen.items())
        if postures
    ]
    moving = [(new.on in months or new.begins or new.counts != old.counts) for old, new in pairwise(points)]
    return [*points[:1], *(point for point, moves in zip(points[1:], moving, strict=True) if moves)]


def _lines(postures: Iterable[FrameworkPosture]) -> Iterator[Line]:
    return chain.from_iterable(one.lines for one in postures)


def _counts(verdicts: Iterable[Verdict]) -> Counts:
    """How many requirements that bind have which verdict."""
    found = Counter(verdicts)
    return {verdict: found[verdict] for verdict in REQUIREMENT_ORDER}


# --- one instant, and what of it is remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is asked of every instant, over one state of the facts."""

    taken: Snapshot
    now: datetime
    frameworks: tuple[str, ...]
    scope: str

    def then(self, on: date) -> Counts | None:
        """The counts of a past day as known then; None where it was not judged. Raises LibraryUnreadableError."""
        at = _end_of(on, self.now)
        library = library_at(self.taken, at)
        known = tuple(one for one in self.frameworks if one in library.frameworks)
        with _working:
            memory = _memory_of(self.taken)
            instant = (library.version, at, memory.known_by(self.taken.facts, at))
            key = (instant, known, self.scope)
            if key not in memory.points:
                portfolio = memory.portfolio(library, self.taken.facts, at, instant, past=True)
                judged = bool(known) and self._is_there(portfolio)
                memory.keep(key, _counts(_verdicts(portfolio, known, self.scope)) if judged else None)
            return memory.points[key]

    def ahead(self, on: date) -> tuple[FrameworkPosture, ...]:
        """Everything about a day to come, if nobody acts; nothing where the system will be out of use."""
        at = _end_of(on, self.now)
        library = library_at(self.taken, at)
        with _working:
            memory = _memory_of(self.taken)
            known = memory.known_by(self.taken.facts, at)
            portfolio = memory.portfolio(library, self.taken.facts, at, (library.version, at, known))
            judged = self.frameworks if self._is_there(portfolio) else ()
            return tuple(portfolio.posture(one, self.scope) for one in judged)

    def _is_there(self, portfolio: Portfolio) -> bool:
        return self.scope == ORGANISATION or portfolio.in_use(self.scope)


def _verdicts(portfolio: Portfolio, frameworks: Iterable[str], scope: str) -> Iterator[Verdict]:
    """Of every requirement that is judged in the scope."""
    for framework in (portfolio.library.frameworks[one] for one in frameworks):
        for leaf in framework.leaves:
            if scope == ORGANISATION or portfolio.library.reaches_systems(framework, leaf):
                yield portfolio.verdict(framework.id, leaf.id, scope)


Instant = tuple[str, datetime, int]
"""An instant that is remembered: the library in force, when, and how many facts were known."""


class _Memory:
    """What is remembered between charts: points of the past for good, whole instants as long as the facts stand."""

    def __init__(self) -> None:
        self.facts = Facts()
        self.learnt: list[datetime] = []
        self.points: OrderedDict[tuple[Instant, tuple[str, ...], str], Counts | None] = OrderedDict()
        self.instants: OrderedDict[Instant, Portfolio] = OrderedDict()
        self.columns: OrderedDict[str, Columns] = OrderedDict()

    def known_by(self, facts: Facts, at: datetime) -> int:
        """How many facts were known at an instant. Facts of another ledger make everything forgotten."""
        if facts is not self.facts:
            if not goes_on(self.facts, facts):
                self.points.clear()
                self.facts, self.learnt = Facts(), []
            kinds = zip(self.facts.kinds, facts.kinds, strict=True)
            self.learnt = sorted([*self.learnt, *(one.recorded_at for old, new in kinds for one in new[len(old) :])])
            self.facts = facts
            self.instants.clear()
            self.columns.clear()
        return bisect_right(self.learnt, at)

    def keep(self, key: tuple[Instant, tuple[str, ...], str], counts: Counts | None) -> None:
        """Remembers a point of the past."""
        self.points[key] = counts
        while len(self.points) > KEPT_POINTS:
            self.points.popitem(last=False)

    def portfolio(self, library: Library, facts: Facts, at: datetime, key: Instant, *, past: bool = False) -> Portfolio:
        """Every verdict at an instant. Where there is no room for all, past ones make room for those to come."""
        found = self.instants.get(key) or Portfolio(columns=self._columns_of(library, facts), at=at)
        room = min(2 * MOST, KEPT_CELLS // max(1, found.size))
        if past and room < MOST:
            return found
        self.instants[key] = found
        self.instants.move_to_end(key)
        while len(self.instants) > max(1, room):
            self.instants.popitem(last=False)
        return found

    def _columns_of(self, library: Library, facts: Facts) -> Columns:
        """All facts in columns, those that now stands on where they are the same."""
        if library.version not in self.columns:
            self.columns[library.version] = columns_at_hand(library, facts) or columns_of(library, facts)
            while len(self.columns) > KEPT_LIBRARIES:
                self.columns.popitem(last=False)
        return self.columns[library.version]


_working = threading.Lock()
_memories: OrderedDict[frozenset[str] | None, _Memory] = OrderedDict()


def _memory_of(taken: Snapshot) -> _Memory:
    """What is remembered for a sight of the organisation: the whole of it, and the latest few parts."""
    found = _memories.setdefault(taken.sight, _Memory())
    _memories.move_to_end(taken.sight)
    narrower = [one for one in _memories if one is not None]
    for one in narrower[: max(0, len(narrower) - KEPT_SIGHTS)]:
        del _memories[one]
    return found
