"""What several operations upon the activity log share: what is asked for, and an event as a program gets it."""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from annexa.actions.errors import NotPermittedError
from annexa.answers.activity import READERS, reads_content, system_read
from annexa.answers.activity_parts import instant, microseconds
from annexa.api.problems import ProblemError
from annexa.api.shapes import Given, Instant, Shown, cursor_of, now, place_of, shown
from annexa.pure.events import CONTENT, HEAD
from annexa.pure.instants import end_of, parse_instant
from annexa.pure.permits import Actor
from annexa.pure.proofs import rfc3339

if TYPE_CHECKING:
    from annexa.activity.query import Asked, Found

USUAL_DAYS = 30
_LATEST = 2**62
Slug = Annotated[str, Field(max_length=80)]
Word = Annotated[str, Field(max_length=300)]
Kind = Literal[
    "inference", "tool_call", "retrieval", "agent", "access", "evaluation", "retraining", "deployment", "configuration",
    "override", "step",
]  # fmt: skip
LEAF = "6f1c0a9b8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a"


def _first(value: object) -> object:
    return _moment(value, lambda day: datetime.combine(day, time(), UTC))


def _last(value: object) -> object:
    return _moment(value, end_of)


def _moment(value: object, of_day: Any) -> object:
    if value is None or isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not value.strip():
        raise ValueError("This is not a date; write it as 2026-11-20 or 2026-11-20T09:40Z.")
    try:
        return of_day(date.fromisoformat(value.strip()))
    except ValueError:
        return parse_instant(value, now=now())


_SAID = "A date or an instant with its zone (UTC where none is given)"
First = Annotated[
    datetime,
    BeforeValidator(_first),
    WithJsonSchema({"type": "string", "description": f"{_SAID}; a date from its beginning on."}),
]
Last = Annotated[
    datetime,
    BeforeValidator(_last),
    WithJsonSchema({"type": "string", "description": f"{_SAID}; a date to its end."}),
]


class EventsNarrowed(Given):
    """Which events are meant: all that fit everything said here; a word may be given several times."""

    model_config = ConfigDict(strict=False, extra="ignore")

    since: First | None = Field(None, description="Begun from then on; 30 days before the end where nothing is said.")
    until: Last | None = Field(None, description="Begun until then, itself taken along; now where nothing is said.")
    kind: list[Kind] = Field([], max_length=20, description="Of these kinds.")
    model: list[Word] = Field([], max_length=20, description="By these models.")
    outcome: list[Word] = Field([], max_length=20, description="With these outcomes, such as ok, error, refused.")
    source: list[Word] = Field([], max_length=20, description="From these sources.")
    user: str = Field("", max_length=300, description="Of this user, as the log keeps them.")
    text: str = Field("", max_length=300, description="Stands in input or output, large or small letters alike.")
    conversation: str = Field("", max_length=500, description="Of this conversation.")
    failed: bool = Field(False, description="Only what went wrong.")


def asked_of(given: Any) -> "Asked":
    """What is asked for, with the span that is usual where none is named. Raises ProblemError."""
    from annexa.activity.query import Asked

    until = given.until or now()
    try:
        since = given.since or until - timedelta(days=USUAL_DAYS)
    except OverflowError:
        since = datetime(1, 1, 1, tzinfo=UTC)
    if since > until:
        sentence = "It ends before it begins."
        raise ProblemError(422, sentence, errors=[("until", sentence)])
    return Asked(
        since=microseconds(since),
        until=microseconds(until) + 1,
        kinds=tuple(given.kind),
        models=tuple(given.model),
        outcomes=tuple(given.outcome),
        sources=tuple(given.source),
        user=given.user.strip(),
        text=given.text.strip(),
        conversation=given.conversation,
        failed=given.failed,
        without_source="" if {"access"} & set(given.kind) or READERS in given.source else READERS,
    )


def require_content(actor: Actor, slug: str, asked: "Asked") -> None:
    """Lets nobody search by what they may not read: the answer would tell them. Raises UnknownError,
    NotPermittedError."""
    if asked.reads_content and not reads_content(actor, system_read(actor=actor, slug=slug)):
        raise NotPermittedError(
            "Only who may read what was said there searches by user or text; leave both out, or use a token with the "
            "scope read_activity_content."
        )


def event_cursor(more: str) -> str | None:
    """Where a list of events goes on; None at its end."""
    at, _, leaf = more.rpartition("-")
    return cursor_of((at, leaf)) if more else None


def event_place(cursor: str) -> str:
    """Back from such a cursor. Raises ProblemError."""
    place = place_of(cursor)
    if place is None:
        return ""
    at, leaf = place
    digits = at.removeprefix("-")
    is_leaf = len(leaf) == len(LEAF) and set(leaf) <= set("0123456789abcdef")
    if not (is_leaf and digits.isascii() and digits.isdecimal() and len(digits) < 20 and int(digits) < _LATEST):
        raise ProblemError(422, "This is no cursor of this list.", errors=[("cursor", "It names no event.")])
    return f"{at}-{leaf}"


LINE: dict[str, Any] = {
    "leaf": LEAF, "sealed": True, "erased": False, "at": "2026-11-20T09:40:00Z", "ended_at": "2026-11-20T09:40:00.9Z",
    "received_at": "2026-11-20T09:40:01Z", "latency_ms": 900.0, "source": "gateway", "kind": "inference",
    "kept": "redacted", "name": None, "operation": "chat", "provider": "openai", "model": "gpt-4o",
    "model_version": None, "version": "3.2", "environment": "production", "service": "shop",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7", "parent_id": None,
    "record_id": None, "conversation": "talk-17", "agent": None, "tool": None, "reference_data": "prices 2026-11",
    "outcome": "ok", "error": None, "finish": "stop", "input_tokens": 412, "output_tokens": 96, "input_length": 1620,
    "output_length": 388, "cost": 0.0021, "currency": "USD", "evaluation": None, "decision": None, "reviewers": None,
    "user": "u-7f3c9a",
}  # fmt: skip
SAID: dict[str, Any] = {
    "on_behalf_of": None, "instructions": "Answer briefly.", "input": "Where is my parcel?", "output": "In Lyon.",
    "tool_arguments": None, "tool_result": None, "explanation": None, "prediction": None, "score": None, "label": None,
    "attributes": None, "features": {},
}  # fmt: skip


class EventLine(Shown):
    """What the head of an event says, by the names of docs/activity.md; null where nothing was sent.

    `leaf`: its hash, by which it is asked for. `sealed`: whether it is in a segment yet. `erased`: what was said is
    gone. `user`: as the log keeps them; null for who may not read what was said.
    """

    model_config = shown(**LINE)

    leaf: str
    sealed: bool
    erased: bool
    at: Instant
    ended_at: Instant | None
    received_at: Instant
    latency_ms: float | None
    source: str
    kind: str
    kept: str
    name: str | None
    operation: str | None
    provider: str | None
    model: str | None
    model_version: str | None
    version: str | None
    environment: str | None
    service: str | None
    trace_id: str | None
    span_id: str | None
    parent_id: str | None
    record_id: str | None
    conversation: str | None
    agent: str | None
    tool: str | None
    reference_data: str | None
    outcome: str | None
    error: str | None
    finish: str | None
    input_tokens: int | None
    output_tokens: int | None
    input_length: int | None
    output_length: int | None
    cost: float | None
    currency: str | None
    evaluation: str | None
    decision: str | None
    reviewers: str | None
    user: str | None


class EventSaid(EventLine):
    """An event with what was said in it; all of that is null for who may not read it, and once it was erased.

    `attributes`: whatever else was sent, as JSON text. `features`: what a prediction rests on; in conversations empty.
    """

    model_config = shown(**LINE, **SAID)

    on_behalf_of: str | None
    instructions: str | None
    input: str | None
    output: str | None
    tool_arguments: str | None
    tool_result: str | None
    explanation: str | None
    prediction: str | None
    score: float | None
    label: str | None
    attributes: str | None
    features: dict[str, str | float]


def line_of(found: "Found") -> dict[str, Any]:
    """The head of an event, and its user as far as they are shown."""
    return {
        **{name: _plain(getattr(found.event, name), kind) for name, kind in HEAD.items() if name != "system"},
        "leaf": found.leaf,
        "sealed": found.sealed,
        "erased": bool(found.digest),
        "latency_ms": found.latency_ms,
        "user": found.event.user,
    }


def said_of(found: "Found") -> dict[str, Any]:
    """The event with what was said in it, as far as it is shown."""
    return {
        **line_of(found),
        **{name: _plain(getattr(found.event, name), kind) for name, kind in CONTENT.items()},
        "features": _features(found.event.features),
    }


def _plain(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "instant":
        return rfc3339(instant(value))
    if kind == "number":
        return value if math.isfinite(value) else None
    return value.hex() if isinstance(value, bytes) else value


def _features(features: Mapping[str, Any]) -> dict[str, str | float]:
    """As they are; a number that JSON cannot hold as text."""
    return {
        name: str(value) if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in features.items()
    }
