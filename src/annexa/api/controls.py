"""Controls: the catalogue with verdicts, one in a scope with its proof, and what the organisation declares about it."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from annexa.actions.controls import adopt_control
from annexa.answers.controls import control_page, list_controls
from annexa.answers.ledger import entry_of
from annexa.answers.runs import run_of
from annexa.api.askers import who
from annexa.api.operations import get, post
from annexa.api.shapes import (
    At,
    Because,
    Cursor,
    Given,
    Instant,
    Limit,
    Moment,
    ScopeWord,
    Shown,
    Verdict,
    cursor_of,
    given,
    instant,
    now,
    place_of,
    shown,
)
from annexa.pure.facts import ORGANISATION, AdoptionState
from annexa.pure.proofs import control_json, rfc3339

router = Router(tags=["controls"])
EXAMPLE: dict[str, Any] = {
    "id": "GOV-02", "name": "Policies", "family": "Governance", "level": "organisation", "verdict": "effective",
    "implemented": True, "covers": 21,
}  # fmt: skip
DECLARED: dict[str, Any] = {
    "id": "5f0e7d0a4c8b4d6f9a1e2b3c4d5e6f70", "control": "GOV-02", "scope": "organisation", "state": "planned",
    "because": "With the new policy", "plan_due": "2027-03-31T23:59:59.999999Z", "effective_at": "2026-11-20T09:40:00Z",
    "recorded_at": "2026-11-20T09:40:00Z", "by": "Kim Lee", "ledger_index": 431,
}  # fmt: skip


class Control(Shown):
    """A control and its verdict for the organisation. `covers`: how many requirements of adopted frameworks."""

    model_config = shown(**EXAMPLE)

    id: str
    name: str
    family: str
    level: str
    verdict: Verdict
    implemented: bool
    covers: int


class Controls(Shown):
    """A part of the catalogue."""

    model_config = shown(items=[EXAMPLE], next=None)

    items: list[Control]
    next: str | None


class Declaration(Shown):
    """What the organisation said about a control, and since when."""

    model_config = shown(**DECLARED)

    id: str
    control: str
    scope: str
    state: AdoptionState
    because: str
    plan_due: Instant | None
    effective_at: Instant
    recorded_at: Instant
    by: str | None
    ledger_index: int | None


class Covered(Shown):
    """A requirement the control helps to meet, wholly as part of a set or as a contribution, and its verdict."""

    framework: str
    requirement: str
    verdict: Verdict
    extent: Literal["sufficient", "contributes"]


class OneControl(Shown):
    """One control in a scope: what it asks, its verdict with the proof, what it covers, what was declared."""

    model_config = shown(
        id="GOV-02", name="Policies", objective="Policies are approved and known.", practice="Approve them.",
        level="organisation", scope="organisation", at="2026-11-20T09:40:00Z", ledger_size=431, verdict="absent",
        because="Nothing was declared.", proof={}, covers=[], declarations=[DECLARED],
    )  # fmt: skip

    id: str
    name: str
    objective: str
    practice: str
    level: str
    scope: str
    at: Instant
    ledger_size: int
    verdict: Verdict
    because: str
    proof: dict[str, Any]
    covers: list[Covered]
    declarations: list[Declaration]


class DeclarationGiven(Given):
    """What the organisation does about a control. A plan needs a day, an exclusion a reason."""

    model_config = given(state="planned", plan_due="2027-03-31", because="With the new policy")

    state: AdoptionState
    scope: Annotated[str, Field(max_length=80)] = ORGANISATION
    because: Because = ""
    plan_due: Moment | None = None
    effective_at: Moment | None = None


Narrowed = Annotated[list[str], Query(default_factory=list, description="Only these verdicts.")]


@get(router, "/controls", Controls)
def list_catalogue(request: HttpRequest, verdict: Narrowed, limit: Limit, cursor: Cursor, at: At) -> dict[str, Any]:
    """List controls with their verdicts for the organisation."""
    rows = list_controls(actor=who(request).actor, now=now(), at=instant(at))
    place = place_of(cursor)
    start = next((n for n, row in enumerate(rows) if place and row.control.id > place[0]), len(rows)) if place else 0
    kept = [row for row in rows[start:] if not verdict or str(row.judged.verdict) in verdict]
    run = run_of(kept, lambda row: row.control.id, after="", limit=limit)
    return {
        "items": [
            {
                "id": row.control.id,
                "name": row.control.name,
                "family": row.family,
                "level": row.control.level,
                "verdict": str(row.judged.verdict),
                "implemented": row.implemented,
                "covers": row.covers,
            }
            for row in run.rows
        ],
        "next": cursor_of(run.last),
    }


@get(router, "/controls/{control}", OneControl, errors=(404,))
def show_control(request: HttpRequest, control: str, scope: ScopeWord, at: At) -> dict[str, Any]:
    """Show one control in a scope, with the proof of its verdict."""
    found = control_page(actor=who(request).actor, control=control, now=now(), at=instant(at), scope=scope)
    return {
        "id": found.control.id,
        "name": found.control.name,
        "objective": found.control.objective,
        "practice": found.control.practice,
        "level": found.control.level,
        "scope": found.scope,
        "at": rfc3339(found.at),
        "ledger_size": found.ledger_size,
        "verdict": str(found.proof.verdict),
        "because": found.why,
        "proof": control_json(found.proof),
        "covers": [
            {
                "framework": one.framework.id,
                "requirement": one.requirement.id,
                "verdict": str(one.verdict),
                "extent": "sufficient" if one.sufficient else "contributes",
            }
            for one in found.covers
        ],
        "declarations": [_declared(one) for one in found.adoptions],
    }


@post(router, "/controls/{control}/declarations", Declaration, may=("adopt_control", "exclude_control"))
def declare_control(
    request: HttpRequest, response: HttpResponse, control: str, body: DeclarationGiven
) -> dict[str, Any]:
    """Declare a control implemented, planned, not implemented or excluded. The verdict stays computed."""
    asks = who(request)
    made = adopt_control(
        actor=asks.actor, person=asks.person, control=control, state=body.state, scope=body.scope,
        because=body.because, plan_due=body.plan_due, effective_at=body.effective_at, now=now(),
    )  # fmt: skip
    response["Location"] = f"/api/v1/controls/{made.control}"
    return {**_declared(made), "ledger_index": entry_of(f"control/{made.control}/{made.scope}")}


def _declared(one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "control": one.control,
        "scope": one.scope,
        "state": one.state_word,
        "because": one.because,
        "plan_due": rfc3339(one.plan_due),
        "effective_at": rfc3339(one.effective_at),
        "recorded_at": rfc3339(one.recorded_at),
        "by": one.by.name if one.by else None,
        "ledger_index": None,
    }
