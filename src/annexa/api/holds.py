"""Legal holds for programs: what of the activity log must not go; set by one person, released by another."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from annexa.actions.retention import hold_activity, release_hold
from annexa.answers.errors import UnknownError
from annexa.answers.retention import holds_of
from annexa.answers.runs import run_of
from annexa.api.activity_shapes import First, Last, Slug
from annexa.api.askers import only_people, who
from annexa.api.operations import get, post
from annexa.api.shapes import Cursor, Given, Instant, Limit, Shown, Text, after_of, cursor_of, given, now, shown
from annexa.pure.permits import Actor
from annexa.pure.proofs import rfc3339

router = Router(tags=["retention of activity"])
_person = only_people("People release holds: whoever set one does not, and a program may be of theirs.")
HERE = "/activity/holds"
Id = Annotated[str, Field(max_length=40)]
EXAMPLE: dict[str, Any] = {
    "id": "5f0c9d1e2b3a4c5d8e7f6a5b4c3d2e1f", "system": "chatbot", "user": None, "since": "2026-10-01T00:00:00Z",
    "until": None, "because": "Case 7", "set_at": "2026-11-20T09:40:00Z", "by": "Kim Lee", "in_force": True,
    "release": None,
}  # fmt: skip
RELEASE: dict[str, Any] = {"at": "2027-02-01T10:00:00Z", "because": "The case is closed", "by": "Noor Ali"}


class HoldReleased(Shown):
    """Who let go what a hold kept, when and why."""

    model_config = shown(**RELEASE)

    at: Instant
    because: str
    by: str | None


class HoldShown(Shown):
    """Events that must not go: of a `system` (null: of all, and nobody's), of one `user` known by a pseudonym (null: of
    everybody), begun from `since` to `until`, both taken along (null: open)."""

    model_config = shown(**EXAMPLE)

    id: str
    system: str | None
    user: str | None
    since: Instant | None
    until: Instant | None
    because: str
    set_at: Instant
    by: str | None
    in_force: bool
    release: HoldReleased | None


class HoldList(Shown):
    """A part of the holds, those in force first, the latest first."""

    model_config = shown(items=[EXAMPLE], next=None)

    items: list[HoldShown]
    next: str | None


class HoldGiven(Given):
    """What must not go, and why. `user`: a pseudonym, as the log keeps people; none: of everybody."""

    model_config = given(system="chatbot", since="2026-10-01", because="Case 7")

    system: Slug = ""
    user: Annotated[str, Field(max_length=80)] = ""
    since: First | None = None
    until: Last | None = None
    because: Text


class HoldReleaseGiven(Given):
    """Why nothing needs to be held any more."""

    model_config = given(because="The case is closed")

    because: Text


InForce = Annotated[bool, Query(default=False, description="Only those that nobody released.")]


@get(router, HERE, HoldList, errors=(404,))
def list_holds(request: HttpRequest, in_force: InForce, limit: Limit, cursor: Cursor) -> dict[str, Any]:
    """List the legal holds upon the activity log, those in force first."""
    rows = [one for one in holds_of(actor=who(request).actor) if not (in_force and hasattr(one, "release"))]
    run = run_of(rows, lambda one: one.id, after=after_of(cursor), limit=limit)
    return {"items": [_shown(one) for one in run.rows], "next": cursor_of(run.last)}


@post(router, HERE, HoldShown, may=("hold_activity",), reads=True)
def set_a_hold(request: HttpRequest, response: HttpResponse, body: HoldGiven) -> dict[str, Any]:
    """Keep events from going, whatever their age, until somebody else releases the hold."""
    asks = who(request)
    made = hold_activity(
        actor=asks.actor, person=asks.person, system=body.system, user=body.user, since=body.since, until=body.until,
        because=body.because, now=now(),
    )  # fmt: skip
    response["Location"] = f"/api/v1{HERE}/{made.id}"
    return _one(asks.actor, made.id)


@get(router, f"{HERE}/{{hold}}", HoldShown, errors=(404,))
def show_a_hold(request: HttpRequest, hold: Id) -> dict[str, Any]:
    """Show one legal hold."""
    return _one(who(request).actor, hold)


@post(router, f"{HERE}/{{hold}}/release", HoldShown, may=("release_hold",), reads=True)
def release_a_hold(request: HttpRequest, hold: Id, body: HoldReleaseGiven) -> dict[str, Any]:
    """Let go what a hold keeps. Only people can, and not who set it."""
    asks = who(request)
    release_hold(actor=asks.actor, person=_person(asks), hold=hold, because=body.because, now=now())
    return _one(asks.actor, hold)


def _one(actor: Actor, hold: str) -> dict[str, Any]:
    found = next((one for one in holds_of(actor=actor) if one.id == hold), None)
    if found is None:
        raise UnknownError(f"There is no legal hold {hold!r}.")
    return _shown(found)


def _shown(one: Any) -> dict[str, Any]:
    released = getattr(one, "release", None)
    return {
        "id": one.id,
        "system": one.system or None,
        "user": one.user or None,
        "since": rfc3339(one.since),
        "until": rfc3339(one.until),
        "because": one.because,
        "set_at": rfc3339(one.recorded_at),
        "by": one.by.name if one.by else None,
        "in_force": released is None,
        "release": released
        and {
            "at": rfc3339(released.recorded_at),
            "because": released.because,
            "by": released.by.name if released.by else None,
        },
    }
