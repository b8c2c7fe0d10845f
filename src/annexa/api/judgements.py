"""Judgements beside the verdicts: nonconformities, accepted exceptions, exclusions, and their closures."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from annexa.actions.controls import close_judgement, judge
from annexa.answers.ledger import entry_of
from annexa.answers.runs import judgements_run, one_judgement
from annexa.api.askers import who
from annexa.api.operations import get, post
from annexa.api.shapes import (
    Cursor,
    Given,
    Instant,
    Limit,
    Moment,
    Shown,
    Text,
    cursor_of,
    given,
    now,
    place_of,
    shown,
)
from annexa.pure.facts import ORGANISATION, JudgementKind
from annexa.pure.proofs import rfc3339

router = Router(tags=["judgements"])
Id = Annotated[str, Field(max_length=80)]
CLOSED: dict[str, Any] = {"because": "The date was added", "recorded_at": "2026-12-01T08:00:00Z", "by": "Kim Lee"}
EXAMPLE: dict[str, Any] = {
    "id": "7c1d0b6e9f8a4b2c8d3e5f6a7b8c9d00", "kind": "minor nonconformity", "framework": None, "subject": "GOV-02",
    "scope": "organisation", "because": "One policy lacks a date", "ends_at": None,
    "recorded_at": "2026-11-20T09:40:00Z", "by": "Otto Auditor", "ledger_index": 431, "closure": CLOSED,
}  # fmt: skip


class Closure(Shown):
    """The end of a judgement."""

    model_config = shown(**CLOSED)

    because: str
    recorded_at: Instant
    by: str | None


class Judgement(Shown):
    """What a person found or accepted about a control or, with `framework`, about a requirement.

    `ledger_index` is told when it is recorded; null later, where the proof of its verdict has it.
    """

    model_config = shown(**EXAMPLE)

    id: str
    kind: JudgementKind
    framework: str | None
    subject: str
    scope: str
    because: str
    ends_at: Instant | None
    recorded_at: Instant
    by: str | None
    ledger_index: int | None
    closure: Closure | None


class Judgements(Shown):
    """A part of the judgements, the latest first."""

    model_config = shown(items=[EXAMPLE], next=None)

    items: list[Judgement]
    next: str | None


class JudgementGiven(Given):
    """What was found or accepted. An exception or exclusion needs an end."""

    model_config = given(kind="minor nonconformity", subject="GOV-02", because="One policy lacks a date")

    kind: JudgementKind
    subject: Id
    because: Text
    framework: Annotated[str, Field(max_length=40)] = ""
    scope: Id = ORGANISATION
    ends_at: Moment | None = None


class ClosureGiven(Given):
    """What was done, so that the judgement ends."""

    model_config = given(because="The date was added")

    because: Text


Framework = Annotated[str, Query(default="", max_length=40, description="Only about requirements of this framework.")]
Subject = Annotated[str, Query(default="", max_length=80, description="Only about this control or requirement.")]
Scope = Annotated[str, Query(default="", max_length=80, description="Only in this scope.")]
Standing = Annotated[bool | None, Query(default=None, description="Only those nobody has closed, or only the others.")]


@get(router, "/judgements", Judgements)
def list_judgements(
    request: HttpRequest,
    framework: Framework,
    subject: Subject,
    scope: Scope,
    standing: Standing,
    limit: Limit,
    cursor: Cursor,
) -> dict[str, Any]:
    """List judgements, the latest first."""
    run = judgements_run(
        actor=who(request).actor, framework=framework, subject=subject, scope=scope, standing=standing,
        after=place_of(cursor, dated=True), limit=limit,
    )  # fmt: skip
    return {"items": [_shown(one) for one in run.rows], "next": cursor_of(run.last)}


@post(router, "/judgements", Judgement, may=("judge",))
def record_judgement(request: HttpRequest, response: HttpResponse, body: JudgementGiven) -> dict[str, Any]:
    """Record what was found or accepted, beside the verdict."""
    asks = who(request)
    made = judge(
        actor=asks.actor, person=asks.person, kind=body.kind, subject=body.subject, because=body.because,
        framework=body.framework, scope=body.scope, ends_at=body.ends_at, now=now(),
    )  # fmt: skip
    response["Location"] = f"/api/v1/judgements/{made.id}"
    place = f"{made.framework or 'control'}/{made.subject}/{made.scope}"
    return {**_shown(made), "ledger_index": entry_of(place)}


@get(router, "/judgements/{judgement}", Judgement, errors=(404,))
def show_judgement(request: HttpRequest, judgement: str) -> dict[str, Any]:
    """Show one judgement, with its closure if it has one."""
    return _shown(one_judgement(actor=who(request).actor, judgement=judgement))


@post(router, "/judgements/{judgement}/closure", Judgement, may=("close_judgement",))
def close_one_judgement(
    request: HttpRequest, response: HttpResponse, judgement: str, body: ClosureGiven
) -> dict[str, Any]:
    """Close a judgement, with the reason."""
    asks = who(request)
    made = close_judgement(actor=asks.actor, person=asks.person, judgement=judgement, because=body.because, now=now())
    response["Location"] = f"/api/v1/judgements/{judgement}"
    return _shown(made.judgement)


def _shown(one: Any) -> dict[str, Any]:
    closure = getattr(one, "closure", None)
    return {
        "id": one.id,
        "kind": one.kind,
        "framework": one.framework or None,
        "subject": one.subject,
        "scope": one.scope,
        "because": one.because,
        "ends_at": rfc3339(one.ends_at),
        "recorded_at": rfc3339(one.recorded_at),
        "by": one.by.name if one.by else None,
        "ledger_index": None,
        "closure": {
            "because": closure.because,
            "recorded_at": rfc3339(closure.recorded_at),
            "by": closure.by.name if closure.by else None,
        }
        if closure
        else None,
    }
