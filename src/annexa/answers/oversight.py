"""Questions about human oversight: what waits for whom, one case, what came of it, how each AI system is overseen."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from django.db.models import Prefetch, QuerySet

from annexa.answers.actors import actor_of, actors_of
from annexa.answers.errors import UnknownError
from annexa.pure.actors import number_of
from annexa.pure.oversight import LAW, Case, Claim, Decision, Delegation, Given, Plan, State, claimed_by, harmless
from annexa.pure.oversight import entitled as is_entitled
from annexa.pure.oversight import state as state_of
from annexa.pure.permits import Actor, Permit, Place, Refusal, may, may_somewhere
from annexa.records.classifications import ClassificationReview
from annexa.records.oversight import (
    OversightClaim,
    OversightContent,
    OversightDelegation,
    OversightItem,
    OversightOutcome,
    OversightPlan,
    OversightVerdict,
)
from annexa.records.people import Person
from annexa.records.systems import AiSystem

MOST = 200
"""How many cases a queue shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A case as the queue and its page show it.

    `title`: "" where who asks may not see cases there. `mine`: it is for them to decide; `taken`: they have taken it;
    `said`: they have decided about it. `holders`: for whom it is kept.
    """

    item: OversightItem
    system_name: str
    title: str
    case: Case
    state: State
    holders: tuple[str, ...]
    mine: bool
    taken: bool
    said: bool

    @property
    def shown(self) -> str:
        """The title, harmless; the name of the system for who may not see it."""
        return harmless(self.title) or self.system_name

    @property
    def ends(self) -> datetime:
        """Until when it can be decided by those whose turn it is."""
        return self.case.ends_at if self.state == "escalated" else self.case.due_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The cases that wait: those for who asks, then the others, those that end first on top.

    Of each the first `MOST`, with how many there are. `systems`: the AI systems with a plan, by slug, with their names;
    `waiting`: how many cases wait in each of them. `load`: by person, what they have taken now.
    """

    mine: tuple[Queued, ...]
    others: tuple[Queued, ...]
    total: int
    oldest: datetime | None
    waiting: Mapping[str, int]
    load: tuple[tuple[str, int], ...]
    systems: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage:
    """One case. `content`: None for who may not see it. `verdicts`: those that who asks may know of by now: all once it
    is settled, before that only their own, so that nobody says what somebody else said."""

    queued: Queued
    plan: Plan
    content: OversightContent | None
    verdicts: tuple[OversightVerdict, ...]
    outcome: OversightOutcome | None
    seconds: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OversightDecision:
    """A case that ended: of which system, when, who concurred, what was decided, and how long it had waited.

    `how`: decided by people, or fallen to the default. `trace_id`, `span_id`, `activity_id` as the system gave them.
    """

    item: str
    system: str
    at: datetime
    reviewers: tuple[int, ...]
    decision: Decision
    how: str
    seconds: int
    trace_id: str
    span_id: str
    activity_id: str


# How systems are overseen


def plan_row(system: str) -> OversightPlan | None:
    """The plan of a system that counts; None: nobody made one. Cost: one query."""
    return OversightPlan.objects.filter(system=system).order_by("-number").first()


def approved_words(system: str) -> tuple[str, ...] | None:
    """What was approved about a system under the AI Act; None: nothing was. Cost: one query."""
    rows = ClassificationReview.objects.filter(
        decision="approved", circumstances__isnull=False, answers__tree=LAW, answers__scope=system
    )
    found = rows.order_by("-recorded_at", "-id").values_list("circumstances", flat=True).first()
    return None if found is None else tuple(found)


def approved_words_by_system() -> Mapping[str, tuple[str, ...]]:
    """The same of every system about which anything was approved. Cost: one query."""
    rows = ClassificationReview.objects.filter(
        decision="approved", circumstances__isnull=False, answers__tree=LAW
    ).order_by("recorded_at", "id")
    return {scope: tuple(words or ()) for scope, words in rows.values_list("answers__scope", "circumstances")}


def plans() -> Mapping[str, OversightPlan]:
    """The plan of every system that has one, by slug. Cost: one query."""
    return {one.system: one for one in OversightPlan.objects.order_by("number").select_related("by")}


def plan_page(*, actor: Actor, system: str) -> tuple[AiSystem, OversightPlan | None]:
    """An AI system and its plan. Raises UnknownError."""
    found = AiSystem.objects.visible_to(actor).filter(slug=system).first()
    if found is None:
        raise UnknownError(f"There is no AI system {system}.")
    return found, plan_row(system)


def able_people(place: Place) -> tuple[Person, ...]:
    """Everybody who may decide about cases in a place, by name. Cost: three queries."""
    people = Person.objects.filter(is_active=True).order_by("name", "pk")
    return tuple(one for one, actor in actors_of(people) if isinstance(may(actor, "decide_case", place), Permit))


def is_able(person: int, place: Place) -> bool:
    """Whether somebody may decide about cases in a place."""
    found = Person.objects.filter(pk=person, is_active=True).first()
    return found is not None and isinstance(may(actor_of(found), "decide_case", place), Permit)


def delegations(*, systems: Collection[str], now: datetime) -> dict[str, list[OversightDelegation]]:
    """The delegations that run, by system. Cost: one query."""
    rows = OversightDelegation.objects.filter(
        system__in=systems, end__isnull=True, until__gt=now, recorded_at__lte=now, by__is_active=True
    )
    found: dict[str, list[OversightDelegation]] = {}
    for one in rows.select_related("by", "to").order_by("until", "id"):
        found.setdefault(one.system, []).append(one)
    return found


def values_of(rows: Iterable[OversightDelegation]) -> tuple[Delegation, ...]:
    """Delegations as values."""
    return tuple(Delegation(by=one.by_id, to=one.to_id, until=one.until) for one in rows)


# Cases


def case_of(item: OversightItem) -> Case:
    """A case as a value, from its row with its verdicts and claims."""
    verdicts = sorted(item.verdicts.all(), key=lambda one: one.number)
    held: dict[int, Claim] = {}
    for one in sorted(item.claims.all(), key=lambda one: one.number):
        if one.until is None:
            held.pop(one.by_id, None)
        else:
            held[one.by_id] = Claim(by=one.by_id, at=one.recorded_at, until=one.until)
    ended = getattr(item, "outcome", None)
    return Case(
        needed=item.needed,
        due_at=item.due_at,
        ends_at=item.ends_at,
        given=tuple(
            Given(by=one.by_id, decision=cast(Decision, one.decision), instead=one.instead, needed=one.needed)
            for one in verdicts
        ),
        claims=tuple(held.values()),
        fell=ended is not None and ended.how == "fell",
    )


def with_all(rows: QuerySet[OversightItem]) -> QuerySet[OversightItem]:
    """Cases with what `case_of` needs. Cost: three queries for all of them."""
    return rows.select_related("plan", "outcome").prefetch_related(
        "verdicts", Prefetch("claims", queryset=OversightClaim.objects.order_by("number"))
    )


def queue(*, actor: Actor, now: datetime, system: str = "") -> Queue:
    """What waits for people, in one system or in all that the actor sees. Raises UnknownError. Cost: some ten queries,
    however many wait."""
    if isinstance(may_somewhere(actor, "read"), Refusal):
        raise UnknownError("There is nothing here for you.")
    planned = plans()
    known = {
        one.slug: one
        for one in AiSystem.objects.visible_to(actor).filter(slug__in=planned).only("slug", "name", "unit")
    }
    if system and system not in known:
        raise UnknownError(f"There is no plan of oversight for {system}.")
    waiting = OversightItem.objects.visible_to(actor).filter(outcome__isnull=True, system__in=known)
    narrowed = waiting.filter(system=system) if system else waiting
    rows = list(with_all(narrowed.order_by("ends_at", "id"))[: 2 * MOST])
    lines = _lines(actor, rows, known, planned, now)
    counted: dict[str, int] = {}
    for one in waiting.values_list("system", flat=True):
        counted[one] = counted.get(one, 0) + 1
    oldest = narrowed.order_by("recorded_at").values_list("recorded_at", flat=True).first()
    load: dict[str, int] = {}
    for line in lines:
        for name in line.holders:
            load[name] = load.get(name, 0) + 1
    return Queue(
        mine=tuple(one for one in lines if one.mine and not one.said)[:MOST],
        others=tuple(one for one in lines if not one.mine or one.said)[:MOST],
        total=counted.get(system, 0) if system else sum(counted.values()),
        oldest=oldest,
        waiting=counted,
        load=tuple(sorted(load.items(), key=lambda pair: (-pair[1], pair[0]))),
        systems={slug: one.name for slug, one in sorted(known.items(), key=lambda pair: pair[1].name.casefold())},
    )


def one_case(*, actor: Actor, item: str, now: datetime) -> CasePage:
    """One case. Raises UnknownError. Cost: some ten queries."""
    row = with_all(OversightItem.objects.visible_to(actor).filter(id=item)).first()
    system = AiSystem.objects.filter(slug=row.system).first() if row else None
    if row is None or system is None:
        raise UnknownError(f"There is no case {item}.")
    current = plan_row(row.system) or row.plan
    (line,) = _lines(actor, [row], {system.slug: system}, {system.slug: current}, now)
    me = number_of(actor.id)
    ended = getattr(row, "outcome", None)
    rows = row.verdicts.select_related("by", "in_stead_of").order_by("number")
    held = [one for one in line.case.claims if one.by == me and one.at <= now < one.until]
    return CasePage(
        queued=line,
        plan=current.plan(),
        content=OversightContent.objects.filter(item=row).first() if sees(actor, system) else None,
        verdicts=tuple(one for one in rows if ended is not None or one.by_id == me),
        outcome=ended,
        seconds=int((now - held[-1].at).total_seconds()) if held else None,
    )


def result_of(*, actor: Actor, item: str) -> OversightItem:
    """A case with its outcome, for the program that posted it or for who reads there. Raises UnknownError."""
    row = OversightItem.objects.select_related("outcome", "escalation").filter(id=item).first()
    reads = row is not None and OversightItem.objects.visible_to(actor).filter(id=item).exists()
    if row is None or (not reads and row.posted_by != actor.id):
        raise UnknownError(f"There is no case {item}.")
    return row


def sees(actor: Actor, system: AiSystem) -> bool:
    """Whether somebody may see what cases of a system hold."""
    return isinstance(may(actor, "see_case", Place(system=system.slug, unit=system.unit)), Permit)


def decisions(*, since: datetime, until: datetime, system: str = "") -> tuple[OversightDecision, ...]:
    """Every case that ended from `since` until `until` (exclusive), the first one first. For other parts of Annexa,
    which ask for whoever asks them. Cost: one query."""
    rows = OversightOutcome.objects.filter(recorded_at__gte=since, recorded_at__lt=until).select_related("item")
    if system:
        rows = rows.filter(item__system=system)
    return tuple(
        OversightDecision(
            item=one.item_id,
            system=one.item.system,
            at=one.recorded_at,
            reviewers=tuple(one.by),
            decision=cast(Decision, one.decision),
            how=one.how,
            seconds=int((one.recorded_at - one.item.recorded_at).total_seconds()),
            trace_id=one.item.trace_id,
            span_id=one.item.span_id,
            activity_id=one.item.activity_id,
        )
        for one in rows.order_by("recorded_at", "id")
    )


def _lines(
    actor: Actor,
    rows: Sequence[OversightItem],
    systems: Mapping[str, AiSystem],
    planned: Mapping[str, OversightPlan],
    now: datetime,
) -> list[Queued]:
    """The cases as lists show them. Cost: three queries, however many they are."""
    me = number_of(actor.id)
    there = {one.system for one in rows}
    running = delegations(systems=there, now=now)
    titled = [one.id for one in rows if sees(actor, systems[one.system])]
    titles = dict(OversightContent.objects.filter(item__in=titled).values_list("item_id", "title"))
    able = {slug: isinstance(may(actor, "decide_case", _place(systems[slug])), Permit) for slug in there}
    cases = [(one, case_of(one)) for one in rows]
    holding = {number for _, case in cases for number in claimed_by(case, now)}
    names = dict(Person.objects.filter(pk__in=holding).values_list("pk", "name")) if holding else {}
    found = []
    for one, case in cases:
        stands, holders = state_of(case, now), claimed_by(case, now)
        found.append(
            Queued(
                item=one,
                system_name=systems[one.system].name,
                title=titles.get(one.id, ""),
                case=case,
                state=stands,
                holders=tuple(names[number] for number in holders),
                mine=me is not None
                and able[one.system]
                and stands in ("waiting", "escalated")
                and is_entitled(
                    planned[one.system].plan(),
                    values_of(running.get(one.system, ())),
                    person=me,
                    escalated=stands == "escalated",
                    now=now,
                ),
                taken=me in holders,
                said=any(given.by == me for given in case.given),
            )
        )
    return found


def _place(system: AiSystem) -> Place:
    return Place(system=system.slug, unit=system.unit)
