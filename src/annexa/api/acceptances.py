"""What is left of a risk: proposed by one, accepted by another, taken back."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from annexa.actions.risks import decide_acceptance, propose_acceptance, withdraw_acceptance
from annexa.answers.risks import AcceptanceLine, list_acceptances, one_acceptance
from annexa.answers.runs import run_of
from annexa.answers.tokens import Bearer
from annexa.api.askers import only_people, who
from annexa.api.operations import get, post
from annexa.api.shapes import (
    Cursor,
    Day,
    Given,
    Instant,
    Limit,
    Shown,
    ShownDay,
    Text,
    after_of,
    cursor_of,
    given,
    now,
    shown,
)
from annexa.pure.proofs import rfc3339

router = Router(tags=["acceptance of risks"])
_person = only_people("People accept risks; a program cannot.")
ONE = "/risk-acceptances/{proposal}"
Id = Annotated[str, Field(max_length=80)]
State = Literal["proposed", "accepted", "replaced", "lapsed", "refused", "withdrawn"]
STEP: dict[str, Any] = {
    "step": "accepted", "because": "Insured until May", "by": "Ines Hartog", "at": "2026-11-20T09:40:00Z",
}  # fmt: skip
LINE: dict[str, Any] = {
    "id": "9c1e", "risk": "fire", "state": "accepted", "level": "medium", "likelihood": 3, "impact": 3,
    "scale": "5x5", "until": "2027-02-18", "because": "The new site opens in March", "lapsed_because": "",
    "by": "Kim Lee", "at": "2026-11-20T09:30:00Z", "steps": [STEP],
}  # fmt: skip


class AcceptanceStep(Shown):
    """What became of a proposal."""

    model_config = shown(**STEP)

    step: Literal["accepted", "refused", "withdrawn"]
    because: str
    by: str
    at: Instant


class Acceptance(Shown):
    """A proposal to live with what is left of a risk, at the level it had, and what became of it.

    replaced: by one that was accepted later. `lapsed_because`: why an acceptance does not hold any more.
    """

    model_config = shown(**LINE)

    id: str
    risk: str
    state: State
    level: str
    likelihood: int
    impact: int
    scale: str
    until: ShownDay
    because: str
    lapsed_because: str
    by: str
    at: Instant
    steps: list[AcceptanceStep]


class Acceptances(Shown):
    """A part of them, the latest first."""

    model_config = shown(items=[LINE], next=None)

    items: list[Acceptance]
    next: str | None


class ProposalGiven(Given):
    """Which risk, until which day, and why the organisation can live with it."""

    model_config = given(risk="fire", until="2099-02-18", because="The new site opens in March")

    risk: Id
    until: Day
    because: Text


class AcceptanceGiven(Given):
    """Accepted in one's own name, or refused; with the reason."""

    model_config = given(decision="accepted", because="Insured until May")

    decision: Literal["accepted", "refused"]
    because: Text


class TakenBack(Given):
    """Why it no longer holds."""

    model_config = given(because="The insurer gave notice")

    because: Text


Risk = Annotated[str, Query(default="", max_length=80, description="Only of this risk, by its slug.")]
StateAsked = Annotated[State | None, Query(default=None, description="Only in this state; proposed: what waits.")]


@get(router, "/risk-acceptances", Acceptances)
def list_risk_acceptances(
    request: HttpRequest, risk: Risk, state: StateAsked, limit: Limit, cursor: Cursor
) -> dict[str, Any]:
    """List proposals to accept what is left of risks, and what became of them."""
    rows = list_acceptances(actor=who(request).actor, now=now(), risk=risk, state=state or "")
    run = run_of(rows, lambda one: one.proposal.id, after=after_of(cursor), limit=limit)
    return {"items": [_shown(one) for one in run.rows], "next": cursor_of(run.last)}


@post(router, "/risk-acceptances", Acceptance, may=("propose_acceptance",), reads=True)
def propose_risk_acceptance(request: HttpRequest, response: HttpResponse, body: ProposalGiven) -> dict[str, Any]:
    """Propose to live with what is left of a risk; somebody else accepts it. Only people can."""
    asks = who(request)
    made = propose_acceptance(
        actor=asks.actor, person=_person(asks), risk=body.risk, until=body.until, because=body.because, now=now()
    )
    return _one(asks, response, made.id)


@get(router, ONE, Acceptance, errors=(404,))
def show_risk_acceptance(request: HttpRequest, response: HttpResponse, proposal: Id) -> dict[str, Any]:
    """Show one proposal."""
    return _one(who(request), response, proposal)


@post(router, f"{ONE}/decision", Acceptance, may=("accept_risk",), reads=True)
def decide_risk_acceptance(
    request: HttpRequest, response: HttpResponse, proposal: Id, body: AcceptanceGiven
) -> dict[str, Any]:
    """Accept or refuse a proposal that somebody else made."""
    asks = who(request)
    decide_acceptance(
        actor=asks.actor, person=_person(asks), proposal=proposal, accept=body.decision == "accepted",
        because=body.because, now=now(),
    )  # fmt: skip
    return _one(asks, response, proposal)


@post(router, f"{ONE}/withdrawal", Acceptance, may=("accept_risk",), reads=True)
def withdraw_risk_acceptance(
    request: HttpRequest, response: HttpResponse, proposal: Id, body: TakenBack
) -> dict[str, Any]:
    """Take an acceptance back."""
    asks = who(request)
    withdraw_acceptance(actor=asks.actor, person=_person(asks), proposal=proposal, because=body.because, now=now())
    return _one(asks, response, proposal)


def _one(asks: Bearer, response: HttpResponse, proposal: str) -> dict[str, Any]:
    response["Location"] = f"/api/v1/risk-acceptances/{proposal}"
    return _shown(one_acceptance(actor=asks.actor, now=now(), proposal=proposal))


def _shown(one: AcceptanceLine) -> dict[str, Any]:
    row = one.proposal
    return {
        "id": row.id,
        "risk": row.risk_id,
        "state": one.state,
        "level": row.level,
        "likelihood": row.likelihood,
        "impact": row.impact,
        "scale": row.scale,
        "until": row.until.isoformat(),
        "because": row.because,
        "lapsed_because": one.because,
        "by": row.by.name,
        "at": rfc3339(row.recorded_at),
        "steps": [
            {"step": step.step, "because": step.because, "by": step.by.name, "at": rfc3339(step.recorded_at)}
            for step in one.steps
        ],
    }
