"""What AI systems did, for programs: of all of them, of one over time and event by event, each with its proof."""

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Query, Router
from pydantic import Field

from annexa.actions.activity import note_reading
from annexa.answers.activity import (
    READERS,
    activity_of,
    events_of,
    one_event,
    system_read,
    systems_active,
    together,
)
from annexa.answers.activity_files import exporting
from annexa.answers.activity_parts import instant
from annexa.answers.errors import UnknownError
from annexa.api.activity_shapes import (
    LINE,
    SAID,
    EventLine,
    EventSaid,
    EventsNarrowed,
    Slug,
    asked_of,
    event_cursor,
    event_place,
    line_of,
    require_content,
    said_of,
)
from annexa.api.askers import who
from annexa.api.operations import get
from annexa.api.problems import ProblemError
from annexa.api.shapes import Cursor, Instant, Limit, Shown, now, shown
from annexa.pure.proofs import rfc3339

if TYPE_CHECKING:
    from annexa.activity.query import Found, Span

router = Router(tags=["activity"])
HERE = "/systems/{slug}/activity"
HOUR_US = 3_600_000_000
STEPS = {"hour": HOUR_US, "day": 24 * HOUR_US}
HOURLY_US = 3 * 24 * HOUR_US
"""Up to so long a span is told by the hour unless something else is asked for, a longer one by the day."""
Leaf = Annotated[str, Field(max_length=64)]
SPAN: dict[str, Any] = {
    "start": "2026-11-20T00:00:00Z", "events": 400, "errors": 4, "p50_ms": 610.0, "p95_ms": 1_900.0,
    "input_tokens": 164_800, "output_tokens": 38_400, "cost": 0.84, "outcomes": {"ok": 396, "error": 4},
}  # fmt: skip
PROOF: dict[str, Any] = {
    "agrees": True, "segment": "20261120T094100-5f0c9d1e2b3a4c5d", "row": 17, "records": 400,
    "root": "3f1c0a9b8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a", "ledger_index": 431,
}  # fmt: skip
GIVEN: dict[str, Any] = {"at": "2026-11-21T08:00:00Z", "because": "It is the kiosk in Lyon", "by": "Kim Lee"}


class ActiveSystem(Shown):
    """How much a system did in the last day and the last seven, how much of the latter went wrong, and when it last
    did something that is kept."""

    model_config = shown(system="chatbot", name="Chatbot", day=400, week=2_760, errors=31,
                         last_at="2026-11-20T09:40:00Z")  # fmt: skip

    system: str
    name: str
    day: int
    week: int
    errors: int
    last_at: Instant | None


class ActiveSystems(Shown):
    """Every AI system that ever sent something, the busiest first."""

    model_config = shown(items=[])

    items: list[ActiveSystem]


class SpanShown(Shown):
    """What happened in a span of time. Latencies in milliseconds, null where none was told; `cost` in the currency that
    is usual there."""

    model_config = shown(**SPAN)

    start: Instant | None
    events: int
    errors: int
    p50_ms: float | None
    p95_ms: float | None
    input_tokens: int
    output_tokens: int
    cost: float
    outcomes: dict[str, int]


class ValueCount(Shown):
    """A value, and how many events have it."""

    model_config = shown(value="gpt-4o", events=400)

    value: str
    events: int


class ActivityShown(Shown):
    """A system's events over time. `spans`: those with events, the first one first; `users`: how many there were.

    `values`: what the whole span can be narrowed by. `content`: whether you may read what was said.
    """

    model_config = shown(
        system="chatbot", since="2026-10-21T09:40:00Z", until="2026-11-20T09:40:00Z", step="day", currency="USD",
        users=38, content=True, total={**SPAN, "start": None}, spans=[SPAN],
        values={"kind": [], "model": [{"value": "gpt-4o", "events": 400}], "outcome": []},
    )  # fmt: skip

    system: str
    since: Instant
    until: Instant
    step: Literal["hour", "day"]
    currency: str
    users: int
    content: bool
    total: SpanShown
    spans: list[SpanShown]
    values: dict[str, list[ValueCount]]


class EventList(Shown):
    """A part of the events, the latest first, without what was said."""

    model_config = shown(items=[LINE], next=None)

    items: list[EventLine]
    next: str | None


class EventPlace(Shown):
    """Where an event stands: its row (from 0) among the `records` of its segment, whose `root` is in entry
    `ledger_index` of the ledger; null until it is sealed, some seconds at most. `agrees`: whether its leaf follows from
    what it says, worked out just now."""

    model_config = shown(**PROOF)

    agrees: bool
    segment: str | None
    row: int | None
    records: int | None
    root: str | None
    ledger_index: int | None


class GivenLater(Shown):
    """The event was nobody's when it came; somebody gave it to this system."""

    model_config = shown(**GIVEN)

    at: Instant
    because: str
    by: str | None


class EventWhole(EventSaid):
    """One event with where it stands. `content`: whether you may read what was said."""

    model_config = shown(**LINE, **SAID, content=True, proof=PROOF, given_later=None)

    content: bool
    proof: EventPlace
    given_later: GivenLater | None


class ConversationShown(Shown):
    """A conversation or trace from end to end, a thousand events at most. `sealed`: how many of them are sealed."""

    model_config = shown(system="chatbot", conversation="talk-17", trace_id="", sealed=1, content=True,
                         events=[{**LINE, **SAID}])  # fmt: skip

    system: str
    conversation: str
    trace_id: str
    sealed: int
    content: bool
    events: list[EventSaid]


Narrowed = Annotated[EventsNarrowed, Query(...)]
Step = Annotated[
    Literal["hour", "day"] | None,
    Query(default=None, description="By the hour or the day; by the hour up to three days where nothing is said."),
]
File = Annotated[
    Literal["csv", "ndjson", "parquet"], Query(default="csv", alias="format", description="As which file.")
]
Talk = Annotated[str, Query(default="", max_length=500, description="Which conversation; or name a trace.")]
Trace = Annotated[str, Query(default="", max_length=64, description="Which trace, in hex.")]


@get(router, "/activity", ActiveSystems)
def list_active_systems(request: HttpRequest) -> dict[str, Any]:
    """List the AI systems that send events, with how much each did lately."""
    return {
        "items": [
            {
                "system": one.system.slug,
                "name": one.system.name,
                "day": one.day,
                "week": one.week,
                "errors": one.errors,
                "last_at": rfc3339(one.last_at),
            }
            for one in systems_active(actor=who(request).actor, now=now())
        ]
    }


@get(router, HERE, ActivityShown, errors=(404,))
def show_activity_of_a_system(request: HttpRequest, slug: Slug, asked: Narrowed, step: Step) -> dict[str, Any]:
    """Show what a system did over time: volume, latency, cost and outcomes."""
    actor, meant = who(request).actor, asked_of(asked)
    require_content(actor, slug, meant)
    since, until = meant.since or 0, meant.until or 0
    chosen = step or ("hour" if until - since <= HOURLY_US + 1 else "day")
    found = activity_of(actor=actor, slug=slug, asked=meant, step=STEPS[chosen], limit=1)
    if meant.reads_content:
        _note(request, slug, "searched", {"user": meant.user, "text": meant.text})
    return {
        "system": slug,
        "since": rfc3339(instant(since)),
        "until": rfc3339(instant(until - 1)),
        "step": chosen,
        "currency": found.over.currency,
        "users": found.over.users,
        "content": found.content,
        "total": {**_span(found.over.total), "start": None},
        "spans": [_span(one) for one in found.over.spans],
        "values": {
            name: [{"value": one.values[0], "events": one.events} for one in groups if one.values[0]]
            for name, groups in found.facets.items()
        },
    }


@get(router, f"{HERE}/events", EventList, errors=(404,))
def list_events(request: HttpRequest, slug: Slug, asked: Narrowed, limit: Limit, cursor: Cursor) -> dict[str, Any]:
    """List the events of a system, the latest first.

    Who searches by user or text leaves an event of kind access with the system.
    """
    actor, meant = who(request).actor, asked_of(asked)
    require_content(actor, slug, meant)
    found = events_of(actor=actor, slug=slug, asked=meant, after=event_place(cursor), limit=limit)
    if meant.reads_content:
        _note(request, slug, "searched", {"user": meant.user, "text": meant.text})
    return {"items": [line_of(one) for one in found.events], "next": event_cursor(found.more)}


@get(router, f"{HERE}/export", None, errors=(404,))
def export_events(request: HttpRequest, slug: Slug, asked: Narrowed, file_format: File) -> StreamingHttpResponse:
    """Get every event that is asked for as a file, with what was said for who may read it.

    It is written while it is read. Who exports what was said leaves an event of kind access with the system.
    """
    actor, meant = who(request).actor, asked_of(asked)
    require_content(actor, slug, meant)
    found = exporting(actor=actor, slug=slug, asked=meant, chosen=file_format)
    if found.content:
        _note(request, slug, "exported", {"format": file_format})
    answer = StreamingHttpResponse(found.parts, content_type=found.content_type)
    answer["Content-Disposition"] = f'attachment; filename="{found.name}"'
    return answer


@get(router, f"{HERE}/events/{{leaf}}", EventWhole, errors=(404,))
def show_an_event(request: HttpRequest, slug: Slug, leaf: Leaf) -> dict[str, Any]:
    """Show one event with what was said in it and where it stands.

    Who reads what was said leaves an event of kind access with the system.
    """
    one = one_event(actor=who(request).actor, slug=slug, leaf=leaf)
    if one.content and one.found.event.source != READERS:
        _note(request, slug, "read event", {"leaf": leaf})
    segment, given = one.proof.segment, one.assignment
    return {
        **said_of(one.found),
        "content": one.content,
        "proof": {
            "agrees": one.proof.agrees,
            "segment": segment.id if segment else None,
            "row": one.proof.row if segment else None,
            "records": segment.records if segment else None,
            "root": segment.root if segment else None,
            "ledger_index": one.proof.position,
        },
        "given_later": given
        and {
            "at": rfc3339(given.recorded_at),
            "because": given.because,
            "by": given.by.name if given.by else None,
        },
    }


@get(router, f"{HERE}/events/{{leaf}}/proof", None, errors=(404,))
def prove_an_event(request: HttpRequest, slug: Slug, leaf: Leaf) -> HttpResponse:
    """Get the proof of an event as a file: from what it says up to the signed checkpoint.

    annexa verify checks it, without a server. For who may not read what was said it holds as well, without that.
    """
    from annexa.answers.record_proofs import proofs_of

    actor = who(request).actor
    one = one_event(actor=actor, slug=slug, leaf=leaf)
    made = proofs_of(actor=actor, events=[one.found])
    if not made:
        raise UnknownError(
            "The event is kept and safe; the file that seals it is being written. Ask again in some seconds."
        )
    if one.content and one.found.event.source != READERS:
        _note(request, slug, "read event", {"leaf": leaf})
    return _file(f"event-{one.found.leaf[:16]}.json", "application/json", made[0].to_bytes())


@get(router, f"{HERE}/conversation", ConversationShown, errors=(404,))
def show_a_conversation(request: HttpRequest, slug: Slug, conversation: Talk, trace: Trace) -> dict[str, Any]:
    """Show a conversation or a trace from end to end, the first event first.

    Who reads what was said leaves an event of kind access with the system.
    """
    found = _together(request, slug, conversation, trace)
    return {
        "system": slug,
        "conversation": conversation,
        "trace_id": trace,
        "sealed": sum(one.sealed for one in found),
        "content": any(one.salt for one in found),
        "events": [said_of(one) for one in found],
    }


@get(router, f"{HERE}/conversation/proofs", None, errors=(404,))
def prove_a_conversation(request: HttpRequest, slug: Slug, conversation: Talk, trace: Trace) -> HttpResponse:
    """Get the proofs of a conversation's or trace's events, one on a line, the first event first.

    Those that are not sealed yet, some seconds at most, are left out.
    """
    from annexa.answers.record_proofs import proofs_of

    found = _together(request, slug, conversation, trace)
    lines = [json.dumps(one.said(), ensure_ascii=False) for one in proofs_of(actor=who(request).actor, events=found)]
    return _file(f"conversation-{slug}.ndjson", "application/x-ndjson", "".join(f"{one}\n" for one in lines).encode())


def _together(request: HttpRequest, slug: str, conversation: str, trace: str) -> "tuple[Found, ...]":
    system_read(actor=who(request).actor, slug=slug)
    if bool(conversation) is bool(trace):
        sentence = "Name a conversation or a trace, one of them."
        raise ProblemError(422, sentence, errors=[("conversation", sentence)])
    found = together(actor=who(request).actor, slug=slug, conversation=conversation, trace_id=trace)
    if any(one.salt for one in found):
        _note(
            request, slug, "read conversation", {"conversation": conversation} if conversation else {"trace_id": trace}
        )
    return found


def _note(request: HttpRequest, slug: str, what: str, about: dict[str, Any]) -> None:
    note_reading(actor=who(request).actor, system=slug, what=what, about=about, now=now())


def _file(name: str, content_type: str, data: bytes) -> HttpResponse:
    return HttpResponse(
        data, content_type=content_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _span(one: "Span") -> dict[str, Any]:
    return {
        "start": rfc3339(instant(one.start)),
        "events": one.events,
        "errors": one.errors,
        "p50_ms": one.p50,
        "p95_ms": one.p95,
        "input_tokens": one.input_tokens,
        "output_tokens": one.output_tokens,
        "cost": one.cost,
        "outcomes": dict(one.outcomes),
    }
