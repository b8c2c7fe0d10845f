"""What the law brings on which day and what that means here: which AI systems, which requirements, which verdicts.

The dated facts are those of docs/regimes.md. A fact that is disputed stands on every day its readings name; nothing
here picks one, but the day from which verdicts count it is said.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal

from annexa.answers.errors import UnknownError
from annexa.answers.frameworks import adopted_frameworks
from annexa.answers.posture import Standpoint, standpoint
from annexa.answers.registers import rows_of
from annexa.library.regimes import regimes
from annexa.pure.applicability import bind_organisation, bind_system
from annexa.pure.facts import SystemFact
from annexa.pure.instants import parse_instant
from annexa.pure.permits import Actor
from annexa.pure.posture import REQUIREMENT_ORDER, Verdict
from annexa.pure.regimes import (
    Clock,
    Event,
    Moment,
    Penalty,
    Question,
    Regime,
    Retention,
    Row,
    Statement,
    events_about,
    statements_for,
    timeline,
)
from annexa.pure.registers.duties import DUTIES
from annexa.pure.standards import Framework, Library, Requirement

JUDGED_DAYS = 4
"""For this many of the next days the verdicts are computed; each costs an engine that is then remembered."""

EVER = datetime.min.replace(tzinfo=UTC)

Basis = Literal["requirements", "roles", ""]
Kind = Literal["clocks", "retention", "penalties"]
Profiles = Sequence[tuple[SystemFact, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForUs:
    """What one event means for this organisation.

    `basis` says what `systems` were found by: the requirements it names, its roles and classes, or nothing. Those of
    which most is asked come first.
    `undecided` systems have no role or class yet and may be meant too. `begins` requirements bind from that day and
    not today, `already` do so today. `verdicts` are those of the day, None where they were not computed; `frameworks`
    are the ones it names that the library holds. `counted_from`: which readings of a disputed day verdicts rest on.
    """

    basis: Basis = ""
    systems: tuple[SystemFact, ...] = ()
    undecided: int = 0
    population: int = 0
    as_such: bool = False
    begins: int = 0
    already: int = 0
    verdicts: Mapping[Verdict, int] | None = None
    frameworks: tuple[Framework, ...] = ()
    counted_from: tuple[date, ...] = ()

    @property
    def binds(self) -> int:
        """How many of the requirements it names bind on that day."""
        return self.begins + self.already


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """An event on one of its days, with its regime, the other days it may fall on, and what it means here."""

    moment: Moment
    regime: Regime
    in_days: int
    others: tuple[date, ...]
    for_us: ForUs

    @property
    def event(self) -> Event:
        """What happens."""
        return self.moment.event


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligations:
    """The timeline as asked for.

    `latest` bound last among what is settled. `next` are the events of the next day, most AI systems first, and
    `concerned` the AI systems they concern. `moments` are all days asked for, the earliest first; `shown` those on one
    side of today with what they mean here, the nearest first.
    """

    today: date
    adopted: tuple[str, ...]
    regimes: tuple[Regime, ...]
    latest: Dated | None
    next: tuple[Dated, ...]
    concerned: tuple[SystemFact, ...]
    population: int
    moments: tuple[Moment, ...]
    shown: tuple[Dated, ...]
    undated: tuple[tuple[Regime, Event], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A clock, a time to keep or a penalty with its regime; `linked` if its requirement has a page."""

    regime: Regime
    row: Clock | Retention | Penalty
    linked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A statement as it is shown: its first sentence, which stands alone, and the rest."""

    statement: Statement
    head: str
    rest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimePage:
    """Everything about one regime. `questions` come with the rows that depend on each."""

    regime: Regime
    framework: Framework | None
    adopted: bool
    today: date
    statements: tuple[Said, ...]
    past: tuple[Dated, ...]
    ahead: tuple[Dated, ...]
    undated: tuple[tuple[Regime, Event], ...]
    clocks: tuple[Entry, ...]
    retention: tuple[Entry, ...]
    penalties: tuple[Entry, ...]
    questions: tuple[tuple[Question, tuple[Row, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What dated facts say of one requirement, of the groups above it and of its parts."""

    statements: tuple[Said, ...]
    moments: tuple[Moment, ...]
    undated: tuple[Event, ...]
    clocks: tuple[Entry, ...]
    retention: tuple[Entry, ...]
    penalties: tuple[Entry, ...]


def obligations(*, actor: Actor, now: datetime, regime: str = "", ours: bool = True, past: bool = False) -> Obligations:
    """The timeline of one regime or of all, of adopted frameworks or of everything. Raises UnknownError.

    Without an adopted framework everything is shown. `past`: what has passed is explained instead of what is ahead.
    """
    stand = standpoint(actor=actor, now=now)
    adopted = adopted_frameworks(stand.library)
    known = regimes()
    if regime and regime not in known:
        raise UnknownError(f"There is no regime {regime!r}.")
    chosen = [known[regime]] if regime else list(known.values())
    wanted = frozenset(adopted) if ours and adopted else None
    today = now.date()
    line = timeline(chosen, at=today)
    gone = [one for one in line.past if wanted is None or one.event.touches & wanted]
    ahead = [one for one in line.ahead if wanted is None or one.event.touches & wanted]
    dated = _Dating(stand=stand, actor=actor, now=now)
    first = [one for one in ahead if one.on == ahead[0].on]
    following = dated.all(first)
    return Obligations(
        today=today,
        adopted=adopted,
        regimes=tuple(known.values()),
        latest=dated.latest(gone),
        next=tuple(sorted(following, key=lambda one: -len(one.for_us.systems))),
        concerned=_systems(one.for_us.systems for one in following),
        population=len(stand.systems),
        moments=(*gone, *ahead),
        shown=dated.all(reversed(gone)) if past else dated.all(ahead, judged=dated.days(ahead)),
        undated=tuple((known[r], e) for r, e in line.undated if wanted is None or e.touches & wanted),
    )


def regime_page(*, actor: Actor, regime: str, now: datetime) -> RegimePage:
    """Everything about one regime, whatever the organisation adopted. Raises UnknownError."""
    stand = standpoint(actor=actor, now=now)
    found = regimes().get(regime)
    if found is None:
        raise UnknownError(f"There is no regime {regime!r}.")
    line = timeline([found], at=now.date())
    dated = _Dating(stand=stand, actor=actor, now=now)
    return RegimePage(
        regime=found,
        framework=stand.library.frameworks.get(regime),
        adopted=regime in adopted_frameworks(stand.library),
        today=now.date(),
        statements=tuple(_said(one) for one in found.statements),
        past=dated.all(reversed(line.past)),
        ahead=dated.all(line.ahead, judged=dated.days(line.ahead)),
        undated=tuple((found, event) for _, event in line.undated),
        clocks=_entries(found, found.clocks, stand.library),
        retention=_entries(found, found.retention, stand.library),
        penalties=_entries(found, found.penalties, stand.library),
        questions=tuple((one, tuple(row for row in found.rows if row.question == one)) for one in found.questions),
    )


def one_event(*, actor: Actor, regime: str, event: str, now: datetime) -> Dated:
    """One event of a regime on the first of its days, and what it means here. Raises UnknownError."""
    known = regimes().get(regime)
    moments = [one for one in _moments(known, now) if one.event.id == event] if known else []
    if not moments:
        raise UnknownError(f"There is no event {event!r} with a day in {regime!r}.")
    return _Dating(stand=standpoint(actor=actor, now=now), actor=actor, now=now).all(moments[:1])[0]


def _moments(regime: Regime, now: datetime) -> list[Moment]:
    line = timeline([regime], at=now.date())
    return sorted((*line.past, *line.ahead), key=lambda one: one.on)


def taken_over(*, actor: Actor) -> Mapping[str, str]:
    """The slugs of the duties that were taken over from the timeline, by regime/event. Cost: one query."""
    rows = rows_of(actor, DUTIES).exclude(taken_from="").filter(ended_on=None)
    return dict(rows.values_list("taken_from", "slug"))


def entries(
    *, actor: Actor, kind: Kind, now: datetime, ours: bool = True
) -> tuple[tuple[Regime, tuple[Entry, ...]], ...]:
    """Every clock, time to keep or penalty, regime by regime; `ours`: only those of adopted frameworks.

    Without an adopted framework everything is shown.
    """
    stand = standpoint(actor=actor, now=now)
    adopted = adopted_frameworks(stand.library)
    found = []
    for regime in regimes().values():
        rows: Mapping[Kind, Sequence[Clock | Retention | Penalty]] = {
            "clocks": regime.clocks, "retention": regime.retention, "penalties": regime.penalties
        }  # fmt: skip
        kept = [row for row in rows[kind] if not ours or not adopted or row.framework in adopted]
        if kept:
            found.append((regime, _entries(regime, kept, stand.library)))
    return tuple(found)


def about(framework: Framework, requirement: Requirement) -> About:
    """The statements, days, clocks, times to keep and penalties that touch a requirement."""
    lineage = {one.id for one in framework.lineage(requirement)}
    touched = lineage | {one.id for one in _below(framework, requirement)}
    known = regimes().values()
    return About(
        statements=said_of(framework.id),
        moments=events_about(known, framework.id, touched),
        undated=tuple(
            event
            for regime in known
            for _, event in timeline([regime], at=date.max).undated
            if {(framework.id, one) for one in touched} & set(event.requirements)
        ),
        clocks=_touching(known, framework, touched, "clocks"),
        retention=_touching(known, framework, touched, "retention"),
        penalties=_touching(known, framework, touched, "penalties"),
    )


def said_of(framework: str) -> tuple[Said, ...]:
    """What must be said wherever a framework is shown, such as what a certificate does not prove."""
    return tuple(_said(one) for one in statements_for(regimes().values(), framework))


def _said(statement: Statement) -> Said:
    head, stop, rest = statement.text.partition(". ")
    return Said(statement=statement, head=head + stop.strip(), rest=rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dating:
    """Reads events in the light of this organisation's AI systems and posture."""

    stand: Standpoint
    actor: Actor
    now: datetime
    _then: dict[date, Standpoint] = field(default_factory=dict)
    _bound: dict[tuple[str, str], bool] = field(default_factory=dict)

    def latest(self, gone: Sequence[Moment]) -> Dated | None:
        """The last event of all that is settled from which something binds us."""
        settled = (one for one in reversed(gone) if not one.event.open and one.event.requirements)
        return next((found for one in settled for found in self.all([one]) if found.for_us.already), None)

    def days(self, ahead: Iterable[Moment]) -> tuple[date, ...]:
        """The next days whose verdicts are worth computing: those on which a framework's requirements are named."""
        held = self.stand.library.frameworks
        found = {one.on for one in ahead if any(framework in held for framework, _ in one.event.requirements)}
        return tuple(sorted(found)[:JUDGED_DAYS])

    def all(self, moments: Iterable[Moment], judged: Sequence[date] = ()) -> tuple[Dated, ...]:
        profiles = _profiles(self.stand.systems.values())
        return tuple(self._one(moment, profiles, moment.on in judged) for moment in moments)

    def _one(self, moment: Moment, profiles: Mapping[tuple[object, ...], list[SystemFact]], judge: bool) -> Dated:
        event = moment.event
        days = event.question.days if event.question and event.on is None else ()
        return Dated(
            moment=moment,
            regime=regimes()[moment.regime],
            in_days=(moment.on - self.now.date()).days,
            others=tuple(day for day in days if day != moment.on),
            for_us=self._for_us(moment, profiles, judge),
        )

    def _for_us(self, moment: Moment, profiles: Mapping[tuple[object, ...], list[SystemFact]], judge: bool) -> ForUs:
        event, held = moment.event, self.stand.library.frameworks
        duties = tuple(_duties(event, self.stand.library))
        alike = [(systems[0], len(systems)) for systems in profiles.values()]
        asked = {key: _asked(event, duties, systems[0]) for key, systems in profiles.items()}
        rest = [systems for key, systems in profiles.items() if not asked[key]]
        touched = sorted((key for key in profiles if asked[key]), key=lambda key: -asked[key])
        already = [one for framework, one in duties if self._binds_now(framework, one, alike)]
        later = [one for framework, one in duties if not self._binds_now(framework, one, alike)]
        ahead, then = moment.on > self.now.date(), self._end_of(moment.on)
        begins = [one for one in later if _binds(one, alike, then)] if ahead else []
        return ForUs(
            basis="requirements" if duties else "roles" if event.roles or event.classes else "",
            systems=tuple(system for key in touched for system in _systems([profiles[key]])),
            undecided=sum(len(systems) for systems in rest if _may_touch(event, duties, systems[0])),
            population=len(self.stand.systems),
            as_such=any(one.level == "organisation" and not _narrowed(one) for one in (*already, *begins)),
            begins=len(begins),
            already=len(already),
            verdicts=self._verdicts(duties, moment.on) if judge and duties else None,
            frameworks=tuple(held[one] for one in sorted(event.touches) if one in held),
            counted_from=_counted(event, duties),
        )

    def _binds_now(self, framework: str, requirement: Requirement, alike: Profiles) -> bool:
        """Whether a requirement binds already; several events name the same."""
        key = (framework, requirement.id)
        if key not in self._bound:
            self._bound[key] = _binds(requirement, alike, self.now)
        return self._bound[key]

    def _verdicts(self, duties: Iterable[tuple[str, Requirement]], on: date) -> Mapping[Verdict, int]:
        """How the named requirements would stand on that day if nobody acts, without what does not bind."""
        if on not in self._then:
            self._then[on] = standpoint(actor=self.actor, now=self.now, at=self._end_of(on))
        stand = self._then[on]
        named = {(framework, one.id) for framework, one in duties}
        found = Counter(
            line.verdict
            for framework in sorted({framework for framework, _ in named})
            if framework in stand.library.frameworks
            for line in stand.posture(framework).lines
            if (framework, line.requirement.id) in named
        )
        return {verdict: found[verdict] for verdict in REQUIREMENT_ORDER if found[verdict]}

    def _end_of(self, on: date) -> datetime:
        """The instant a page shows for that day, so that what is linked says the same."""
        return parse_instant(on.isoformat(), now=self.now)


def _profiles(systems: Iterable[SystemFact]) -> Mapping[tuple[object, ...], list[SystemFact]]:
    """AI systems by what decides whether a requirement binds them: role, class and way to high risk."""
    found: dict[tuple[object, ...], list[SystemFact]] = {}
    for system in systems:
        found.setdefault((system.roles, system.classes, system.high_risk_by), []).append(system)
    return found


def _systems(several: Iterable[Iterable[SystemFact]]) -> tuple[SystemFact, ...]:
    """Each system once, by name."""
    found = {system.id: system for some in several for system in some}
    return tuple(sorted(found.values(), key=lambda one: (one.name.casefold(), one.id)))


def _duties(event: Event, library: Library) -> Iterator[tuple[str, Requirement]]:
    """The leaves an event names, by themselves or by a group, that are anybody's duty; each once."""
    seen: set[tuple[str, str]] = set()
    for name, requirement in event.requirements:
        framework = library.frameworks.get(name)
        if framework is None or requirement not in framework.by_id:
            continue
        for one in _below(framework, framework.by_id[requirement]):
            if one.id not in framework.children and not one.no_duty and (name, one.id) not in seen:
                seen.add((name, one.id))
                yield name, one


def _counted(event: Event, duties: Iterable[tuple[str, Requirement]]) -> tuple[date, ...]:
    """The readings of a disputed day on which verdicts rest."""
    days = event.question.days if event.question else ()
    return tuple(sorted({one.applies_from for _, one in duties if one.applies_from in days}))


def _below(framework: Framework, requirement: Requirement) -> Iterator[Requirement]:
    """A requirement and everything under it."""
    yield requirement
    for part in framework.children.get(requirement.id, ()):
        yield from _below(framework, part)


def _asked(event: Event, duties: Sequence[tuple[str, Requirement]], system: SystemFact) -> int:
    """How much of what the event names is asked of whoever has such a system, whenever it begins.

    Without requirements the event's own roles and classes decide.
    """
    if not duties:
        wanted = bool(event.roles or event.classes)
        return int(wanted and _fits(event.roles, system.roles) and _fits(event.classes, system.classes))
    bindings = (bind_system(one, system, EVER) for _, one in duties if one.level == "system" or _narrowed(one))
    return sum(binding.applies or binding.from_on is not None for binding in bindings)


def _may_touch(event: Event, duties: Sequence[tuple[str, Requirement]], system: SystemFact) -> bool:
    """Whether only an undecided role or class keeps a system from being touched."""
    asked = [(one.binds_roles, one.binds_classes) for _, one in duties if _narrowed(one)]
    if not duties and (event.roles or event.classes):
        asked = [(event.roles, event.classes)]
    return any(
        (not system.roles or _fits(roles, system.roles)) and (not system.classes or _fits(classes, system.classes))
        for roles, classes in asked
    )


def _fits(asked: tuple[str, ...], given: tuple[str, ...]) -> bool:
    return not asked or bool(set(asked) & set(given))


def _narrowed(requirement: Requirement) -> bool:
    return bool(requirement.binds_roles or requirement.binds_classes)


def _binds(requirement: Requirement, alike: Profiles, at: datetime) -> bool:
    """Whether a requirement binds the organisation at an instant, itself or through an AI system."""
    if requirement.level == "system" and not alike:
        return False
    return bind_organisation(requirement, alike, at).applies


def _entries(regime: Regime, rows: Sequence[Clock | Retention | Penalty], library: Library) -> tuple[Entry, ...]:
    """Rows in the order of the text they stand in; those of a text that the library does not hold come last."""
    places = {
        (framework.id, one.id): place
        for framework in library.frameworks.values()
        if any(row.framework == framework.id for row in rows)
        for place, one in enumerate(framework.requirements)
    }
    ordered = sorted(rows, key=lambda row: places.get((row.framework, row.requirement), len(places)))
    return tuple(Entry(regime=regime, row=row, linked=(row.framework, row.requirement) in places) for row in ordered)


def _touching(known: Iterable[Regime], framework: Framework, ids: set[str], kind: Kind) -> tuple[Entry, ...]:
    found: list[Entry] = []
    for regime in known:
        rows: Mapping[Kind, Sequence[Clock | Retention | Penalty]] = {
            "clocks": regime.clocks, "retention": regime.retention, "penalties": regime.penalties
        }  # fmt: skip
        found.extend(
            Entry(regime=regime, row=row, linked=True)
            for row in rows[kind]
            if row.framework == framework.id and row.requirement in ids and row.requirement in framework.by_id
        )
    return tuple(found)
