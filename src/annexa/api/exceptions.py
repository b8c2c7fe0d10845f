"""Exceptions from rules: approved, refused or taken back by somebody who neither asks for them nor owns them."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from annexa.actions.exceptions import decide_exception, withdraw_exception
from annexa.answers.exceptions import exception_page
from annexa.answers.tokens import Bearer
from annexa.api.askers import only_people, who
from annexa.api.operations import get, post
from annexa.api.shapes import Given, Instant, Shown, ShownDay, Text, given, now, shown
from annexa.pure.proofs import rfc3339

router = Router(tags=["approval of exceptions"])
_person = only_people("People approve exceptions; a program cannot.")
ONE = "/exceptions/{slug}"
Slug = Annotated[str, Field(max_length=80)]
STEP: dict[str, Any] = {
    "step": "approved", "because": "The door log will do until spring", "by": "Ines Hartog",
    "at": "2026-11-20T09:40:00Z", "until": "2027-02-18",
}  # fmt: skip
APPROVAL: dict[str, Any] = {"exception": "consoles", "state": "approved", "lacking": [], "refusal": "", "steps": [STEP]}


class ExceptionDecision(Shown):
    """One decision, about what was asked until that day."""

    model_config = shown(**STEP)

    step: Literal["approved", "refused", "withdrawn"]
    because: str
    by: str
    at: Instant
    until: ShownDay | None


class Approval(Shown):
    """Whether an exception counts, with every decision about it, the latest first.

    Only an approved one counts; lapsed: its day has passed. `lacking`: what is missing before anybody can approve it.
    `refusal`: why who asks may not decide; empty if they may.
    """

    model_config = shown(**APPROVAL)

    exception: str
    state: Literal["asked", "approved", "lapsed", "refused", "ended"]
    lacking: list[str]
    refusal: str
    steps: list[ExceptionDecision]


class ExceptionDecided(Given):
    """Approved in one's own name, or refused, which ends it; with the reason."""

    model_config = given(decision="approved", because="The door log will do until spring")

    decision: Literal["approved", "refused"]
    because: Text


class ApprovalTakenBack(Given):
    """Why it no longer holds."""

    model_config = given(because="The door log was switched off")

    because: Text


@get(router, f"{ONE}/approval", Approval, errors=(404,))
def show_exception_approval(request: HttpRequest, response: HttpResponse, slug: Slug) -> dict[str, Any]:
    """Show whether an exception is approved, and every decision about it."""
    return _one(who(request), response, slug)


@post(router, f"{ONE}/decision", Approval, may=("approve_exception",), reads=True)
def decide_about_exception(
    request: HttpRequest, response: HttpResponse, slug: Slug, body: ExceptionDecided
) -> dict[str, Any]:
    """Approve or refuse an exception that somebody else asks for and owns. Only people can."""
    asks = who(request)
    decide_exception(
        actor=asks.actor, person=_person(asks), exception=slug, approve=body.decision == "approved",
        because=body.because, now=now(),
    )  # fmt: skip
    return _one(asks, response, slug)


@post(router, f"{ONE}/withdrawal", Approval, may=("approve_exception",), reads=True)
def withdraw_exception_approval(
    request: HttpRequest, response: HttpResponse, slug: Slug, body: ApprovalTakenBack
) -> dict[str, Any]:
    """Take the approval of an exception back."""
    asks = who(request)
    withdraw_exception(actor=asks.actor, person=_person(asks), exception=slug, because=body.because, now=now())
    return _one(asks, response, slug)


def _one(asks: Bearer, response: HttpResponse, slug: str) -> dict[str, Any]:
    response["Location"] = f"/api/v1/exceptions/{slug}/approval"
    found = exception_page(actor=asks.actor, person=asks.person, slug=slug, now=now())
    return {
        "exception": slug,
        "state": found.state,
        "lacking": list(found.lacking),
        "refusal": found.refusal,
        "steps": [
            {
                "step": one.step, "because": one.because, "by": one.by.name, "at": rfc3339(one.recorded_at),
                "until": one.until.isoformat() if one.until else None,
            }
            for one in found.steps
        ],
    }  # fmt: skip
