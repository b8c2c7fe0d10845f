"""What the law brings on which day, and what that means for the organisation's AI systems."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from annexa.answers.obligations import obligations
from annexa.answers.runs import run_of
from annexa.api.askers import who
from annexa.api.operations import get
from annexa.api.shapes import Cursor, Limit, Shown, ShownDay, after_of, cursor_of, now, shown

router = Router(tags=["obligations"])
EXAMPLE: dict[str, Any] = {
    "on": "2027-12-02", "regime": "eu-ai-act", "id": "high-risk-annex-iii", "title": "High-risk systems of Annex III",
    "what_it_means": "Providers and deployers meet the duties for high-risk systems.", "article": "Art. 113",
    "disputed": None, "other_days": [], "in_days": 377, "systems": ["credit-score"], "undecided": 0, "begins": 62,
    "already": 0,
}  # fmt: skip


class Obligation(Shown):
    """What happens on a day: the AI systems it concerns, and how many requirements begin to bind or bind already.

    `disputed`: what is not certain about it, as a question; `other_days`: the other readings. `undecided` systems may
    be meant too.
    """

    model_config = shown(**EXAMPLE)

    on: ShownDay
    regime: str
    id: str
    title: str
    what_it_means: str
    article: str
    disputed: str | None
    other_days: list[ShownDay]
    in_days: int
    systems: list[str]
    undecided: int
    begins: int
    already: int


class Obligations(Shown):
    """A part of the timeline, the nearest day first."""

    model_config = shown(items=[EXAMPLE], next=None)

    items: list[Obligation]
    next: str | None


Regime = Annotated[str, Query(default="", max_length=40, description="Only this law.")]
Ours = Annotated[bool, Query(default=True, description="Only what adopted frameworks are about.")]
Past = Annotated[bool, Query(default=False, description="What has passed instead of what is ahead.")]


@get(router, "/obligations", Obligations, errors=(404,))
def list_obligations(
    request: HttpRequest, regime: Regime, ours: Ours, past: Past, limit: Limit, cursor: Cursor
) -> dict[str, Any]:
    """List the days on which the law brings something, the nearest first."""
    found = obligations(actor=who(request).actor, now=now(), regime=regime, ours=ours, past=past)
    run = run_of(
        found.shown,
        lambda one: f"{one.moment.on.isoformat()} {one.regime.id} {one.event.id}",
        after=after_of(cursor),
        limit=limit,
    )
    return {"items": [_shown(one) for one in run.rows], "next": cursor_of(run.last)}


def _shown(one: Any) -> dict[str, Any]:
    return {
        "on": one.moment.on.isoformat(),
        "regime": one.regime.id,
        "id": one.event.id,
        "title": one.event.title,
        "what_it_means": one.event.what_it_means,
        "article": one.event.article,
        "disputed": one.event.open or None,
        "other_days": [day.isoformat() for day in one.others],
        "in_days": one.in_days,
        "systems": [system.id for system in one.for_us.systems],
        "undecided": one.for_us.undecided,
        "begins": one.for_us.begins,
        "already": one.for_us.already,
    }
