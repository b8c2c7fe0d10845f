"""Grants: roles that people and programs have in parts of the organisation."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from annexa.actions.grants import end_grant, grant_role
from annexa.actions.tokens import holder_named
from annexa.answers.grants import GrantLine, list_grants, one_grant
from annexa.answers.runs import run_of
from annexa.api.askers import who
from annexa.api.operations import get, post
from annexa.api.shapes import (
    Because,
    Cursor,
    Given,
    Instant,
    Limit,
    Moment,
    Shown,
    after_of,
    cursor_of,
    given,
    now,
    shown,
)
from annexa.pure.proofs import rfc3339

router = Router(tags=["grants"])
Word = Annotated[str, Field(max_length=80)]
EXAMPLE: dict[str, Any] = {
    "id": "0b6d4c1f5a7e4c0d8f2a9b3c6d1e7f50", "holder": "person/3", "name": "Kim Lee", "role": "reader",
    "unit": None, "system": "chatbot", "starts_at": "2026-11-20T09:40:00Z", "ends_at": "2027-03-01T23:59:59.999999Z",
    "because": "Audits the supplier", "recorded_at": "2026-11-20T09:40:00Z", "state": "counts", "ended_because": "",
}  # fmt: skip


class Grant(Shown):
    """A role in a unit and below, for one AI system, or, with neither, everywhere.

    `state`: counts, to come, over (its last day has passed), ended (before its time, see `ended_because`).
    """

    model_config = shown(**EXAMPLE)

    id: str
    holder: str
    name: str
    role: str
    unit: str | None
    system: str | None
    starts_at: Instant
    ends_at: Instant | None
    because: str
    recorded_at: Instant
    state: str
    ended_because: str


class Grants(Shown):
    """A part of the grants, the latest first."""

    model_config = shown(items=[EXAMPLE], next=None)

    items: list[Grant]
    next: str | None


class GrantGiven(Given):
    """Who gets which role where, until when, and why. `holder`: person/ID, service/SLUG, or an email address."""

    model_config = given(
        holder="person/3", role="reader", system="chatbot", ends_at="2027-03-01", because="Audits the supplier"
    )

    holder: Annotated[str, Field(max_length=254)]
    role: Word
    because: Because
    unit: Word = ""
    system: Word = ""
    starts_at: Moment | None = None
    ends_at: Moment | None = None


class EndOfGrant(Given):
    """Why a grant ends before its time."""

    model_config = given(because="The audit is done")

    because: Because


Whose = Annotated[str, Query(default="", max_length=80, description="Only of this holder, such as person/3.")]
Counting = Annotated[bool, Query(default=False, description="Only those that count now.")]


@get(router, "/grants", Grants, errors=(404,))
def list_all_grants(
    request: HttpRequest, holder: Whose, counting: Counting, limit: Limit, cursor: Cursor
) -> dict[str, Any]:
    """List roles in parts of the organisation, of everybody or one holder."""
    rows = list_grants(actor=who(request).actor, now=now(), holder=holder, counting=counting)
    run = run_of(rows, lambda one: one.grant.id, after=after_of(cursor), limit=limit)
    return {"items": [_shown(one) for one in run.rows], "next": cursor_of(run.last)}


@post(router, "/grants", Grant, may=("grant", "share"), reads=True)
def give_role(request: HttpRequest, response: HttpResponse, body: GrantGiven) -> dict[str, Any]:
    """Give a role in a part of the organisation.

    Through a token only reading one AI system can be given (scope share); people who signed in give the rest.
    """
    asks = who(request)
    made = grant_role(
        actor=asks.actor, person=asks.person, holder=holder_named(body.holder), role=body.role, because=body.because,
        now=now(), unit=body.unit, system=body.system, starts_at=body.starts_at, ends_at=body.ends_at,
    )  # fmt: skip
    response["Location"] = f"/api/v1/grants/{made.id}"
    return _shown(one_grant(actor=asks.actor, grant=made.id, now=now()))


@get(router, "/grants/{grant}", Grant, errors=(404,))
def show_grant(request: HttpRequest, grant: str) -> dict[str, Any]:
    """Show one grant."""
    return _shown(one_grant(actor=who(request).actor, grant=grant, now=now()))


@post(router, "/grants/{grant}/end", Grant, may=("grant", "share"), reads=True)
def end_one_grant(request: HttpRequest, response: HttpResponse, grant: str, body: EndOfGrant) -> dict[str, Any]:
    """End a grant before its time."""
    asks = who(request)
    one_grant(actor=asks.actor, grant=grant, now=now())
    end_grant(actor=asks.actor, person=asks.person, grant=grant, because=body.because, now=now())
    response["Location"] = f"/api/v1/grants/{grant}"
    return _shown(one_grant(actor=asks.actor, grant=grant, now=now()))


def _shown(line: GrantLine) -> dict[str, Any]:
    one = line.grant
    return {
        "id": one.id,
        "holder": one.holder,
        "name": line.name,
        "role": one.role,
        "unit": one.unit.slug if one.unit else None,
        "system": one.system or None,
        "starts_at": rfc3339(one.starts_at),
        "ends_at": rfc3339(one.ends_at),
        "because": one.because,
        "recorded_at": rfc3339(one.recorded_at),
        "state": line.state,
        "ended_because": line.end.because if line.end else "",
    }
