"""Questions about what AI systems did: found, counted over time, one event with its proof, what is nobody's."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from annexa.answers.activity_parts import instant, microseconds, parts_of
from annexa.answers.errors import UnknownError
from annexa.answers.segments import sealed_in
from annexa.pure.activity_sources import ENVIRONMENT, SERVICE
from annexa.pure.permits import Actor, Permit, Place, may
from annexa.records.activity import Segment
from annexa.records.activity_samples import ActivitySample
from annexa.records.activity_sources import ActivityAssignment
from annexa.records.ledger import LedgerEntry
from annexa.records.systems import AiSystem

if TYPE_CHECKING:
    from annexa.activity.query import Asked, Found, Group, Over, Query

READERS: Final = "annexa/pages"
"""The source of what this program itself notes of who read what people said; no other source can have a stroke."""
COLUMN_OF: Final[Mapping[str, str]] = {SERVICE: "service", ENVIRONMENT: "environment"}
"""The columns of events that hold attributes of what sent them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What a system did in a span of time. `more`: where the list goes on; "" at its end. `content`: whether the actor
    may read what was said; `facets`: what can be filtered by, with how often it comes."""

    system: AiSystem
    asked: "Asked"
    over: "Over"
    events: "tuple[Found, ...]"
    more: str
    content: bool
    facets: "Mapping[str, tuple[Group, ...]]"
    ever: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """A part of the events of a system that were asked for, the latest first. `more`, `content`: as in `Activity`."""

    events: "tuple[Found, ...]"
    more: str
    content: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Where an event stands: row `row` (from 0) of its segment, None while it is not sealed; the entry about that.
    `agrees`: whether the leaf follows from what the event says, worked out just now."""

    segment: Segment | None
    row: int = 0
    position: int | None = None
    agrees: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OneEvent:
    """An event, its proof, and who gave it to its system if it was nobody's when it came."""

    system: AiSystem
    found: "Found"
    proof: Proof
    content: bool
    assignment: ActivityAssignment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemLine:
    """A system in the list of all: how many events in a day and a week, how many went wrong, when the last came."""

    system: AiSystem
    day: int
    week: int
    errors: int
    last_at: datetime | None


def system_read(*, actor: Actor, slug: str) -> AiSystem:
    """The AI system. Raises UnknownError for one there is not, or not for this actor."""
    found: AiSystem | None = AiSystem.objects.visible_to(actor).filter(slug=slug).first()
    if found is None:
        raise UnknownError(f"There is no AI system {slug!r}.")
    return found


def system_names(*, actor: Actor) -> tuple[tuple[str, str], ...]:
    """The AI systems this actor may know of, those in retirement left out: short name and name, by name."""
    rows = AiSystem.objects.visible_to(actor).exclude(stage="retirement").order_by("name", "slug")
    return tuple(rows.values_list("slug", "name"))


def reads_content(actor: Actor, system: AiSystem) -> bool:
    """Whether the actor may read what people said to a system and what it answered."""
    return isinstance(may(actor, "read_activity_content", Place(system=system.slug, unit=system.unit)), Permit)


@contextmanager
def looking_at(asked: "Asked", *, lasting: bool = False) -> "Iterator[Query]":
    """The part of the log in which something asked for may be, sealed or not. Cost: five queries.

    `lasting`: the answer is read for as long as its reader takes.

    Raises BusyError, QueryError, JournalError.
    """
    from annexa.activity.query import looking

    with parts_of(asked) as sources, looking(sources, lasting=lasting) as query:
        yield query


def activity_of(*, actor: Actor, slug: str, asked: "Asked", step: int, after: str = "", limit: int = 50) -> Activity:
    """What a system did, as far as it was asked for. Raises UnknownError, ActivityError."""
    from annexa.activity.query import Asked

    system = system_read(actor=actor, slug=slug)
    meant, content = meant_by(actor, system, asked)
    whole = Asked(systems=(slug,), since=asked.since, until=asked.until, without_source=asked.without_source)
    with looking_at(meant) as query:
        found = _part(query, meant, after=after, limit=limit, content=content)
        return Activity(
            system=system,
            asked=meant,
            over=query.over_time(meant, step=step),
            events=found.events,
            more=found.more,
            content=content,
            facets={name: query.groups(whole, (name,), limit=30) for name in ("kind", "model", "outcome")},
            ever=bool(found.events) or anything_of(slug),
        )


def events_of(*, actor: Actor, slug: str, asked: "Asked", after: str = "", limit: int = 50) -> Events:
    """The events alone of what `activity_of` answers. Raises UnknownError, ActivityError."""
    meant, content = meant_by(actor, system_read(actor=actor, slug=slug), asked)
    with looking_at(meant) as query:
        return _part(query, meant, after=after, limit=limit, content=content)


def meant_by(actor: Actor, system: AiSystem, asked: "Asked") -> "tuple[Asked, bool]":
    """What is asked for of one system, without what only who may read what was said can ask; and whether they may."""
    content = reads_content(actor, system)
    user, text = (asked.user, asked.text) if content else ("", "")
    return replace(asked, systems=(system.slug,), user=user, text=text), content


def _part(query: "Query", meant: "Asked", *, after: str, limit: int, content: bool) -> Events:
    rows = query.page(meant, after=after, limit=limit + 1, content=content)
    more = rows[limit - 1].cursor if len(rows) > limit else ""
    return Events(events=rows[:limit], more=more, content=content)


def anything_of(slug: str) -> bool:
    """Whether a system ever sent anything that is sealed."""
    return Segment.objects.filter(system=slug, records__gt=0).exists()


def one_event(*, actor: Actor, slug: str, leaf: str) -> OneEvent:
    """An event with its proof. Raises UnknownError, ActivityError."""
    from annexa.activity.query import Asked

    system = system_read(actor=actor, slug=slug)
    asked = Asked(systems=(slug,), leaves=(leaf,))
    with looking_at(asked) as query:
        found = query.one(leaf, asked)
        if found is None:
            raise UnknownError(f"{system.name} has no event {leaf[:12]}….")
        proof = _proof(found)
    content = reads_content(actor, system)
    return OneEvent(
        system=system, found=found if content else without_content(found), proof=proof, content=content,
        assignment=_assignment(found),
    )  # fmt: skip


def together(*, actor: Actor, slug: str, conversation: str = "", trace_id: str = "") -> "tuple[Found, ...]":
    """A conversation or a trace of a system from end to end, the first event first.

    Raises UnknownError, also where there is none, ActivityError.
    """
    from annexa.activity.query import Asked

    system = system_read(actor=actor, slug=slug)
    asked = Asked(systems=(slug,), conversation=conversation, trace_id=trace_id)
    with looking_at(asked) as query:
        found = query.together(asked)
    if not found:
        raise UnknownError(f"{system.name} has no such conversation.")
    return found if reads_content(actor, system) else tuple(without_content(one) for one in found)


def without_content(found: "Found") -> "Found":
    """The event without what may be about people."""
    from annexa.pure.events import CONTENT

    nothing: dict[str, Any] = dict.fromkeys(CONTENT)
    return replace(found, event=replace(found.event, **nothing, features={}), salt="")


def quarantined() -> "tuple[Group, ...]":
    """What is nobody's, by source, service and environment. Raises ActivityError."""
    from annexa.activity.query import Asked

    asked = Asked(systems=("",))
    with looking_at(asked) as query:
        return query.groups(asked, ("source", "service", "environment"))


def in_quarantine(*, source: str, column: str, value: str) -> int:
    """How many events of nobody a source sent with a service or environment."""
    from annexa.activity.query import Asked

    asked = Asked(
        systems=("",), sources=(source,),
        services=(value,) if column == "service" else (), environments=(value,) if column == "environment" else (),
    )  # fmt: skip
    with looking_at(asked) as query:
        return sum(one.events for one in query.groups(asked, (column,)))


def systems_active(*, actor: Actor, now: datetime) -> tuple[SystemLine, ...]:
    """Every system this actor may know of that ever sent anything, with how much lately; the busiest first."""
    from annexa.activity.query import Asked

    known = {one.slug: one for one in AiSystem.objects.visible_to(actor)}
    asked = Asked(systems=tuple(known), since=microseconds(now - timedelta(days=7)), without_source=READERS)
    with looking_at(asked) as query:
        week = {one.values[0]: one for one in query.groups(asked, ("system",), limit=10_000)}
        day = _counts(
            query.groups(replace(asked, since=microseconds(now - timedelta(days=1))), ("system",), limit=10_000)
        )
        wrong = _counts(query.groups(replace(asked, failed=True), ("system",), limit=10_000))
    ever = {
        one["system"]: one["last"]
        for one in Segment.objects.filter(system__in=known).values("system").annotate(last=_last()).order_by()
    }
    found = [
        SystemLine(
            system=known[slug], day=day.get(slug, 0), week=week[slug].events if slug in week else 0,
            errors=wrong.get(slug, 0), last_at=instant(week[slug].last) if slug in week else ever.get(slug),
        )
        for slug in {*week, *ever}
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (-one.week, one.system.name)))


def samples_of(*, actor: Actor, slug: str) -> tuple[ActivitySample, ...]:
    """The samples that were drawn of a system, the latest first."""
    system_read(actor=actor, slug=slug)
    return tuple(ActivitySample.objects.visible_to(actor).filter(system=slug).order_by("-recorded_at", "id"))


def sample_named(*, actor: Actor, slug: str, sample: str) -> "tuple[ActivitySample, tuple[Found, ...]]":
    """A sample with its events, as far as they are still there. Raises UnknownError, ActivityError."""
    from annexa.activity.query import Asked

    system = system_read(actor=actor, slug=slug)
    row = ActivitySample.objects.visible_to(actor).filter(system=slug, id=sample).first()
    if row is None:
        raise UnknownError(f"{system.name} has no sample {sample!r}.")
    asked = Asked(systems=(slug,), leaves=tuple(row.leaves))
    with looking_at(asked) as query:
        found = query.of_leaves(row.leaves, asked)
    return row, found if reads_content(actor, system) else tuple(without_content(one) for one in found)


def _counts(groups: "Sequence[Group]") -> dict[str, int]:
    return {one.values[0]: one.events for one in groups}


def _last() -> Any:
    from django.db.models import Max

    return Max("last_received_at")


def _assignment(found: "Found") -> ActivityAssignment | None:
    if found.told_system:
        return None
    event = found.event
    rows = ActivityAssignment.objects.select_related("source", "by").order_by("recorded_at", "id")
    row: ActivityAssignment | None
    for row in rows.filter(source__slug=event.source, system=event.system):
        if getattr(event, row.column) == row.value and event.received_at <= microseconds(row.recorded_at):
            return row
    return None


def _proof(found: "Found") -> Proof:
    """Where an event is in its segment, and whether its leaf follows from what it says."""
    from annexa.pure.events import event_leaf, head_bytes
    from annexa.pure.ledger import leaf_hash

    said = replace(found.event, system=found.told_system)
    salt = bytes.fromhex(found.salt)
    made = event_leaf(said, salt) if salt else leaf_hash(head_bytes(said, bytes.fromhex(found.digest)))
    agrees = made.hex() == found.leaf
    sealed = sealed_in([found]).get(found.leaf)
    if sealed is None:
        return Proof(segment=None, agrees=agrees)
    segment, row = sealed
    entry = LedgerEntry.objects.filter(subject=f"activity_segment/{segment.id}").order_by("position").first()
    return Proof(segment=segment, row=row, position=entry.position if entry else None, agrees=agrees)
