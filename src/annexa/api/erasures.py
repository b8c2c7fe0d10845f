"""Erasure of what a person said, for programs: asked for, agreed to by a second person or refused, carried out."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from annexa.actions.errors import NotPermittedError
from annexa.actions.retention import ask_erasure, decide_erasure
from annexa.actions.scopes import place_of
from annexa.answers.errors import UnknownError
from annexa.answers.retention import erasures_of
from annexa.answers.runs import run_of
from annexa.api.activity_shapes import First, Last, Slug
from annexa.api.askers import only_people, who
from annexa.api.operations import get, post
from annexa.api.shapes import Cursor, Given, Instant, Limit, Shown, Text, after_of, cursor_of, given, now, shown
from annexa.pure.permits import WHOLE, Actor, Refusal, may
from annexa.pure.proofs import rfc3339
from annexa.pure.retention import needs_second

router = Router(tags=["retention of activity"])
_person = only_people("People agree to erasures: whoever asked does not, and a program may be of theirs.")
HERE = "/activity/erasures"
Id = Annotated[str, Field(max_length=40)]
STEP: dict[str, Any] = {
    "step": "done", "at": "2026-11-20T09:41:00Z", "because": "", "by": None, "events": 12, "files": 3, "held": 0,
}  # fmt: skip
EXAMPLE: dict[str, Any] = {
    "id": "5f0c9d1e2b3a4c5d8e7f6a5b4c3d2e1f", "state": "done", "system": None, "user": "u-7f3c9a", "since": None,
    "until": None, "second": False, "found": {"free": 12, "held": 0, "young": 0}, "because": "Request 17",
    "asked_at": "2026-11-20T09:40:00Z", "by": "Kim Lee", "steps": [STEP],
}  # fmt: skip


class ErasureFound(Shown):
    """How many events could go when it was asked for, how many holds kept, and how many of those that could go are
    younger than the law has them kept."""

    model_config = shown(free=12, held=0, young=0)

    free: int
    held: int
    young: int


class ErasureStep(Shown):
    """What became of it: somebody else agreed or refused, or it was carried out, in so many events and files; `held`:
    how many holds kept."""

    model_config = shown(**STEP)

    step: Literal["approved", "refused", "done"]
    at: Instant
    because: str
    by: str | None
    events: int | None
    files: int | None
    held: int | None


class ErasureShown(Shown):
    """An erasure: of what one person said, known by a pseudonym, to one `system` or all, in events that began from
    `since` to `until`, both taken along, and had arrived when it was asked for.

    `state`: waits for a second person, is carried out within a minute, refused or done. `second`: whether somebody else
    has to agree, since events are younger than the law has them kept.
    """

    model_config = shown(**EXAMPLE)

    id: str
    state: Literal["waits for a second person", "to be carried out", "refused", "done"]
    system: str | None
    user: str
    since: Instant | None
    until: Instant | None
    second: bool
    found: ErasureFound
    because: str
    asked_at: Instant
    by: str | None
    steps: list[ErasureStep]


class ErasureList(Shown):
    """A part of the erasures, the latest first."""

    model_config = shown(items=[EXAMPLE], next=None)

    items: list[ErasureShown]
    next: str | None


class ErasureMeant(Given):
    """Whose events lose what was said: `user` as the programs name them, which is never written down, or with `named`
    pseudonym as the log keeps them."""

    model_config = given(user="ada@example.org")

    user: Annotated[str, Field(min_length=1, max_length=512)]
    named: Literal["user", "pseudonym"] = "user"
    system: Slug = ""
    since: First | None = None
    until: Last | None = None


class ErasureGiven(ErasureMeant):
    """Whose events lose what was said, and why. Do not name the person in the reason; it stays in the ledger."""

    model_config = given(user="ada@example.org", because="Request 17")

    because: Text


class ErasureForeseen(Shown):
    """What an erasure would reach. `held`: which holds keep some of it; `refusal`: why it would not be taken up, empty
    where it would. `second`: whether somebody else would have to agree."""

    model_config = shown(user="u-7f3c9a", found={"free": 12, "held": 0, "young": 0}, held="", refusal="", second=False)

    user: str
    found: ErasureFound
    held: str
    refusal: str
    second: bool


class ErasureDecided(Given):
    """Whether you agree or refuse; who asked takes it back by refusing."""

    model_config = given(step="approved", because="No part of what has to be kept")

    step: Literal["approved", "refused"]
    because: Text


@get(router, HERE, ErasureList, errors=(404,))
def list_erasures(request: HttpRequest, limit: Limit, cursor: Cursor) -> dict[str, Any]:
    """List the erasures that were asked for, the latest first."""
    rows = erasures_of(actor=who(request).actor)
    run = run_of(rows, lambda one: one.id, after=after_of(cursor), limit=limit)
    return {"items": [_shown(one) for one in run.rows], "next": cursor_of(run.last)}


@post(router, HERE, ErasureShown, may=("erase_activity",), reads=True)
def ask_for_an_erasure(request: HttpRequest, response: HttpResponse, body: ErasureGiven) -> dict[str, Any]:
    """Have what a person said erased from every event until now that no hold keeps; every proof stays.

    It is carried out within a minute; where events are younger than the law has them kept, once a second person agreed.
    """
    asks = who(request)
    made = ask_erasure(
        actor=asks.actor, person=asks.person, user=body.user, pseudonym=body.named == "pseudonym", system=body.system,
        since=body.since, until=body.until, because=body.because, now=now(),
    )  # fmt: skip
    response["Location"] = f"/api/v1{HERE}/{made.id}"
    return _one(asks.actor, made.id)


@post(router, f"{HERE}/preview", ErasureForeseen, may=("erase_activity",), status=200, reads=True)
def foresee_an_erasure(request: HttpRequest, body: ErasureMeant) -> dict[str, Any]:
    """See what an erasure would reach, before it is asked for; nothing is recorded."""
    from annexa.answers.erasures import foreseen

    actor = who(request).actor
    permit = may(actor, "erase_activity", place_of(actor, body.system) if body.system else WHOLE)
    if isinstance(permit, Refusal):
        raise NotPermittedError(permit.because)
    seen = foreseen(
        user=body.user, pseudonym=body.named == "pseudonym", system=body.system, since=body.since, until=body.until,
        now=now(),
    )  # fmt: skip
    found = {"free": seen.found.free, "held": seen.found.held, "young": seen.found.young}
    return {
        "user": seen.known_as,
        "found": found,
        "held": seen.held,
        "refusal": seen.refusal,
        "second": needs_second(seen.found),
    }


@get(router, f"{HERE}/{{erasure}}", ErasureShown, errors=(404,))
def show_an_erasure(request: HttpRequest, erasure: Id) -> dict[str, Any]:
    """Show one erasure and what became of it."""
    return _one(who(request).actor, erasure)


@post(router, f"{HERE}/{{erasure}}/decision", ErasureShown, may=("erase_activity",), reads=True)
def decide_an_erasure(request: HttpRequest, erasure: Id, body: ErasureDecided) -> dict[str, Any]:
    """Agree to an erasure that somebody else asked for, or refuse it. Only people can."""
    asks = who(request)
    decide_erasure(
        actor=asks.actor, person=_person(asks), erasure=erasure, step=body.step, because=body.because, now=now()
    )
    return _one(asks.actor, erasure)


def _one(actor: Actor, erasure: str) -> dict[str, Any]:
    found = next((one for one in erasures_of(actor=actor) if one.id == erasure), None)
    if found is None:
        raise UnknownError(f"There is no erasure {erasure!r}.")
    return _shown(found)


def _shown(one: Any) -> dict[str, Any]:
    steps = list(one.steps.all())
    return {
        "id": one.id,
        "state": _state(one, [each.step for each in steps]),
        "system": one.system or None,
        "user": one.user,
        "since": rfc3339(one.since),
        "until": rfc3339(one.until),
        "second": one.second,
        "found": one.found,
        "because": one.because,
        "asked_at": rfc3339(one.recorded_at),
        "by": one.by.name if one.by else None,
        "steps": [_step(each) for each in steps],
    }


def _state(one: Any, steps: list[str]) -> str:
    if steps and steps[-1] != "approved":
        return steps[-1]
    return "waits for a second person" if one.second and not steps else "to be carried out"


def _step(one: Any) -> dict[str, Any]:
    return {
        "step": one.step,
        "at": rfc3339(one.recorded_at),
        "because": one.because,
        "by": one.by.name if one.by else None,
        "events": one.counts.get("events"),
        "files": one.counts.get("files"),
        "held": one.counts.get("held"),
    }
