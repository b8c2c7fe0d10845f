"""Samples of activity for programs: drawn by a seed that stands on record, listed, and shown with their events."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from annexa.actions.activity import LARGEST, LONGEST_SEED, draw_sample
from annexa.answers.activity import reads_content, sample_named, samples_of, system_read
from annexa.answers.activity_parts import instant
from annexa.answers.runs import run_of
from annexa.api.activity_shapes import LEAF, LINE, EventLine, EventsNarrowed, Slug, asked_of, line_of
from annexa.api.askers import who
from annexa.api.operations import get, post
from annexa.api.shapes import Cursor, Instant, Limit, Shown, Text, after_of, cursor_of, given, now, shown
from annexa.pure.permits import Actor
from annexa.pure.proofs import rfc3339

router = Router(tags=["activity"])
HERE = "/systems/{slug}/activity/samples"
Id = Annotated[str, Field(max_length=40)]
SAMPLE: dict[str, Any] = {
    "id": "5f0c9d1e2b3a4c5d8e7f6a5b4c3d2e1f", "system": "chatbot", "size": 1, "population": 400,
    "seed": "audit 2026", "asked": {"since": "2026-10-21T09:40:00Z", "until": "2026-11-20T09:40:00Z", "outcomes":
    ["ok"]}, "because": "Review of the quarter", "drawn_at": "2026-11-20T09:40:00Z", "by": "Kim Lee",
}  # fmt: skip


class SampleGiven(EventsNarrowed):
    """How many events to draw out of which, for what. The same seed draws the same; without one, chance gives it."""

    model_config = given(size=25, seed="audit 2026", outcome=["ok"], because="Review of the quarter")

    size: Annotated[int, Field(ge=1, le=LARGEST)]
    seed: Annotated[str, Field(max_length=LONGEST_SEED)] = ""
    because: Text


class SampleShown(Shown):
    """A sample: the `size` events, out of `population`, of whose leaves the SHA-256 of seed, colon and leaf in hex is
    smallest. `asked`: which could be drawn, both ends of the span taken along; words and users are left out for who may
    not read what was said."""

    model_config = shown(**SAMPLE)

    id: str
    system: str
    size: int
    population: int
    seed: str
    asked: dict[str, Any]
    because: str
    drawn_at: Instant
    by: str | None


class SampleList(Shown):
    """A part of the samples of a system, the latest first."""

    model_config = shown(items=[SAMPLE], next=None)

    items: list[SampleShown]
    next: str | None


class SampleWhole(SampleShown):
    """A sample with the leaves that were drawn, in their order, and the heads of those events that are still kept."""

    model_config = shown(**SAMPLE, leaves=[LEAF], gone=0, events=[LINE])

    leaves: list[str]
    gone: int
    events: list[EventLine]


@get(router, HERE, SampleList, errors=(404,))
def list_samples(request: HttpRequest, slug: Slug, limit: Limit, cursor: Cursor) -> dict[str, Any]:
    """List the samples that were drawn of a system's events, the latest first."""
    actor = who(request).actor
    rows = samples_of(actor=actor, slug=slug)
    run = run_of(rows, lambda one: one.id, after=after_of(cursor), limit=limit)
    return {"items": [_shown(actor, one) for one in run.rows], "next": cursor_of(run.last)}


@post(router, HERE, SampleWhole, may=("sample_activity",), reads=True)
def draw_a_sample(request: HttpRequest, response: HttpResponse, slug: Slug, body: SampleGiven) -> dict[str, Any]:
    """Draw some events of a system to be looked at, by a seed; all of it stands in the ledger.

    Drawing by user or text is for who may read what was said.
    """
    asks = who(request)
    made = draw_sample(
        actor=asks.actor, person=asks.person, system=slug, asked=asked_of(body), size=body.size, seed=body.seed,
        because=body.because, now=now(),
    )  # fmt: skip
    response["Location"] = f"/api/v1/systems/{slug}/activity/samples/{made.id}"
    return _whole(asks.actor, slug, made.id)


@get(router, f"{HERE}/{{sample}}", SampleWhole, errors=(404,))
def show_a_sample(request: HttpRequest, slug: Slug, sample: Id) -> dict[str, Any]:
    """Show one sample with its events; what was said in one is asked for by its leaf."""
    return _whole(who(request).actor, slug, sample)


def _whole(actor: Actor, slug: str, sample: str) -> dict[str, Any]:
    row, found = sample_named(actor=actor, slug=slug, sample=sample)
    events = [{**line_of(one), "user": None} for one in found]
    return {**_shown(actor, row), "leaves": row.leaves, "gone": row.size - len(found), "events": events}


def _shown(actor: Actor, row: Any) -> dict[str, Any]:
    hidden = {"systems", "without_source"}
    if not reads_content(actor, system_read(actor=actor, slug=row.system)):
        hidden |= {"user", "text"}
    asked = {name: value for name, value in row.asked.items() if name not in hidden}
    ends = {name: rfc3339(instant(asked[name] - less)) for name, less in (("since", 0), ("until", 1)) if name in asked}
    return {
        "id": row.id,
        "system": row.system,
        "size": row.size,
        "population": row.population,
        "seed": row.seed,
        "asked": asked | ends,
        "because": row.because,
        "drawn_at": rfc3339(row.recorded_at),
        "by": row.by.name if row.by else None,
    }
