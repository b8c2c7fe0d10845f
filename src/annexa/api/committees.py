"""Committees: people who decide together, what for, and how often they meet."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from annexa.actions.governance import add_committee, change_committee
from annexa.answers.errors import UnknownError
from annexa.answers.governance import Sitting, governance_page
from annexa.answers.runs import run_of
from annexa.api.askers import who
from annexa.api.guards import ask_match, tag_at
from annexa.api.operations import get, patch, post
from annexa.api.shapes import (
    Because,
    Cursor,
    Given,
    Instant,
    Limit,
    Shown,
    Text,
    after_of,
    cursor_of,
    given,
    now,
    shown,
)
from annexa.pure.proofs import rfc3339

router = Router(tags=["committees"])
Name = Annotated[str, Field(max_length=200)]
Months = Annotated[int, Field(ge=1, le=24)]
EXAMPLE: dict[str, Any] = {
    "slug": "ai-board", "name": "AI board", "purpose": "Decides on AI systems before they go live.",
    "months_between": 3, "closed": False, "members": 5, "changed_at": "2026-11-20T09:40:00Z",
}  # fmt: skip


class Committee(Shown):
    """A committee; who sits in it is told by its offices."""

    model_config = shown(**EXAMPLE)

    slug: str
    name: str
    purpose: str
    months_between: int
    closed: bool
    members: int
    changed_at: Instant


class Committees(Shown):
    """A part of the committees, those in being first, by name."""

    model_config = shown(items=[EXAMPLE], next=None)

    items: list[Committee]
    next: str | None


class CommitteeGiven(Given):
    """A new committee. `months_between`: its meetings."""

    model_config = given(name="AI board", purpose="Decides on AI systems before they go live.", months_between=3)

    name: Name
    purpose: Text
    months_between: Months


class CommitteeChanged(Given):
    """What changes about a committee; what is left out stays as it is. Closing it ends the appointments to it."""

    model_config = given(months_between=1, because="More to decide")

    name: Name | None = None
    purpose: Text | None = None
    months_between: Months | None = None
    closed: bool | None = None
    because: Because = ""


@get(router, "/committees", Committees, errors=(404,))
def list_committees(request: HttpRequest, limit: Limit, cursor: Cursor) -> dict[str, Any]:
    """List the committees."""
    rows = governance_page(actor=who(request).actor).committees
    run = run_of(rows, lambda one: one.committee.slug, after=after_of(cursor), limit=limit)
    return {"items": [_shown(one) for one in run.rows], "next": cursor_of(run.last)}


@post(router, "/committees", Committee, may=("change_committees",), reads=True)
def add_one_committee(request: HttpRequest, response: HttpResponse, body: CommitteeGiven) -> dict[str, Any]:
    """Add a committee."""
    made = add_committee(
        actor=who(request).actor,
        name=body.name,
        purpose=body.purpose,
        months_between=body.months_between,
        now=now(),
    )
    response["Location"] = f"/api/v1/committees/{made.slug}"
    return _answered(request, response, made.slug)


@get(router, "/committees/{committee}", Committee, errors=(404,))
def show_committee(request: HttpRequest, response: HttpResponse, committee: str) -> dict[str, Any]:
    """Show one committee."""
    return _answered(request, response, committee)


@patch(router, "/committees/{committee}", Committee, may=("change_committees",))
def change_one_committee(
    request: HttpRequest, response: HttpResponse, committee: str, body: CommitteeChanged
) -> dict[str, Any]:
    """Change, close or reopen a committee."""
    seen = _sitting(request, committee).committee
    ask_match(request, tag_at(seen.changed_at))
    change_committee(
        actor=who(request).actor,
        slug=committee,
        name=seen.name if body.name is None else body.name,
        purpose=seen.purpose if body.purpose is None else body.purpose,
        months_between=seen.months_between if body.months_between is None else body.months_between,
        closed=seen.closed if body.closed is None else body.closed,
        because=body.because,
        now=now(),
        seen=seen.changed_at,
    )
    return _answered(request, response, committee)


def _sitting(request: HttpRequest, slug: str) -> Sitting:
    committees = governance_page(actor=who(request).actor).committees
    found = next((one for one in committees if one.committee.slug == slug), None)
    if found is None:
        raise UnknownError(f"There is no committee {slug!r}.")
    return found


def _answered(request: HttpRequest, response: HttpResponse, slug: str) -> dict[str, Any]:
    found = _sitting(request, slug)
    response["ETag"] = tag_at(found.committee.changed_at)
    return _shown(found)


def _shown(found: Sitting) -> dict[str, Any]:
    one = found.committee
    return {
        "slug": one.slug,
        "name": one.name,
        "purpose": one.purpose,
        "months_between": one.months_between,
        "closed": one.closed,
        "members": found.members,
        "changed_at": rfc3339(one.changed_at),
    }
