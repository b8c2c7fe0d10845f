"""Requests to use AI: asked, answered by policy at once or decided by a second person, renewed, withdrawn."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from annexa.actions.uses import ask_use, decide_use, renew_use, withdraw_use
from annexa.answers.runs import run_of
from annexa.answers.tokens import Bearer
from annexa.answers.uses import UseRequest, list_use_requests, rules_known, told_to, use_request
from annexa.api.askers import only_people, who
from annexa.api.guards import ask_match, tag_at
from annexa.api.operations import get, post
from annexa.api.shapes import (
    Because,
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
from annexa.pure.registers.uses import USES

router = Router(tags=["requests to use AI"])
_person = only_people("People ask to use AI and decide about it; a program cannot.")
ONE = "/use-requests/{use}"
Id = Annotated[str, Field(max_length=80)]
Word = Annotated[str, Field(max_length=300)]
Outcome = Literal["approved", "approved with conditions", "with owner", "refused"]
REQUEST: dict[str, Any] = {
    "slug": "draft-letters", "name": "Draft letters", "tool": "aide", "tool_name": "Aide",
    "purpose": "writing and editing", "data_class": "internal", "personal_data": "none",
    "result": "own draft or idea", "asked_by": "sam@example.org", "asked_on": "2026-11-20", "decision": "approved",
    "reason": "Aide is approved for writing and editing.", "conditions": "", "decided_by": "policy",
    "decided_on": "2026-11-20", "review_on": "2027-03-01", "policy": "approved",
    "policy_reasons": ["Aide is approved for writing and editing."], "policy_conditions": [],
    "policy_until": "2027-03-01", "waits": False, "stands": True, "due": False, "may_decide": False,
    "may_withdraw": True, "changed_at": "2026-11-20T09:40:00Z",
}  # fmt: skip
ASKED: dict[str, Any] = {
    "name": "Draft letters", "tool_named": "Aide", "purpose": "writing and editing", "data_class": "internal",
    "personal_data": "none", "result": "own draft or idea",
}  # fmt: skip


class UseRequestShown(Shown):
    """A request to use AI: what was asked, what was answered, and what policy makes of it today.

    `waits`: for a decision; `stands`: it is approved today; `due`: its approval ends within 30 days, or has ended.
    """

    model_config = shown(**REQUEST)

    slug: str
    name: str
    tool: str
    tool_name: str
    purpose: str
    data_class: str
    personal_data: str
    result: str
    asked_by: str
    asked_on: ShownDay | None
    decision: str
    reason: str
    conditions: str
    decided_by: str
    decided_on: ShownDay | None
    review_on: ShownDay | None
    policy: Outcome
    policy_reasons: list[str]
    policy_conditions: list[str]
    policy_until: ShownDay
    waits: bool
    stands: bool
    due: bool
    may_decide: bool
    may_withdraw: bool
    changed_at: Instant


class UseRequestList(Shown):
    """A part of them, what was asked first on top."""

    model_config = shown(items=[REQUEST], next=None)

    items: list[UseRequestShown]
    next: str | None


class UseAsked(Given):
    """What AI is to be used for. `tool`: one of the catalogue, by its slug; else `tool_named`."""

    model_config = given(**ASKED)

    name: Word
    tool: Id = ""
    tool_named: Word = ""
    purpose: Word
    data_class: Word
    personal_data: Word
    result: Word
    people: Annotated[list[Word], Field(max_length=20)] = []
    task: Text = ""
    benefit: Text = ""
    unit: Word = ""


class UseDecisionGiven(Given):
    """The answer. `review_on`: the day an approval ends; `systems`: what a high-risk purpose is registered as."""

    model_config = given(decision="approved with conditions", because="Useful", conditions="Drafts only",
                         review_on="2027-03-01")  # fmt: skip

    decision: Literal["approved", "approved with conditions", "refused"]
    because: Text = ""
    conditions: Text = ""
    review_on: Day | None = None
    systems: Annotated[list[Id], Field(max_length=50)] = []


class UseRenewed(Given):
    """Until which day an approved use goes on, and why."""

    model_config = given(because="Saves a day a week", review_on="2027-09-01")

    because: Text
    review_on: Day


class UseWithdrawn(Given):
    """Why it is over."""

    model_config = given(because="Another tool does it")

    because: Because = ""


Of = Annotated[
    Literal["waiting", "due", "mine", "all"],
    Query(
        default="waiting",
        description="waiting: for your decision; due: to be renewed by you; mine: what you asked; all: all that stand.",
    ),
]
ASKS = ("ask_use",)


@get(router, "/use-requests", UseRequestList, may=ASKS)
def list_requests_to_use_ai(request: HttpRequest, of: Of, limit: Limit, cursor: Cursor) -> dict[str, Any]:
    """List requests to use AI: what waits for you, by default."""
    rows = list_use_requests(actor=who(request).actor, of=of, now=now())
    run = run_of(rows, lambda one: one.row.slug, after=after_of(cursor), limit=limit)
    known = rules_known(actor=who(request).actor)
    return {"items": [_shown(one, known) for one in run.rows], "next": cursor_of(run.last)}


@post(router, "/use-requests", UseRequestShown, may=ASKS)
def ask_to_use_ai(request: HttpRequest, response: HttpResponse, body: UseAsked) -> dict[str, Any]:
    """Ask to use AI for something; policy answers at once, or sends it to a person. Only people can."""
    asks = who(request)
    said = body.model_dump()
    entry = USES.make({**said, "people": tuple(said["people"])})
    row = ask_use(actor=asks.actor, person=_person(asks), entry=entry, now=now())
    return _one(asks, response, row.slug)


@get(router, ONE, UseRequestShown, errors=(404,), may=ASKS)
def show_request_to_use_ai(request: HttpRequest, response: HttpResponse, use: Id) -> dict[str, Any]:
    """Show one request, with what policy makes of it today."""
    return _one(who(request), response, use)


@post(router, f"{ONE}/decision", UseRequestShown, may=("decide_use",), guarded=True)
def decide_request_to_use_ai(
    request: HttpRequest, response: HttpResponse, use: Id, body: UseDecisionGiven
) -> dict[str, Any]:
    """Approve a use, with conditions or without, or refuse it. Who asked cannot."""
    asks, seen = _guarded(request, use)
    decide_use(
        actor=asks.actor, person=_person(asks), slug=use, decision=body.decision, because=body.because,
        conditions=body.conditions, review_on=body.review_on, systems=body.systems, seen=seen, now=now(),
    )  # fmt: skip
    return _one(asks, response, use)


@post(router, f"{ONE}/renewal", UseRequestShown, may=("decide_use",), guarded=True)
def renew_request_to_use_ai(request: HttpRequest, response: HttpResponse, use: Id, body: UseRenewed) -> dict[str, Any]:
    """Let an approved use go on until another day. Who asked cannot."""
    asks, seen = _guarded(request, use)
    renew_use(
        actor=asks.actor, person=_person(asks), slug=use, because=body.because, review_on=body.review_on, seen=seen,
        now=now(),
    )  # fmt: skip
    return _one(asks, response, use)


@post(router, f"{ONE}/withdrawal", UseRequestShown, may=ASKS, guarded=True)
def withdraw_request_to_use_ai(
    request: HttpRequest, response: HttpResponse, use: Id, body: UseWithdrawn
) -> dict[str, Any]:
    """Take a request back, or say that a use is over: who asked, or who leads."""
    asks, seen = _guarded(request, use)
    withdraw_use(actor=asks.actor, person=_person(asks), slug=use, because=body.because, seen=seen, now=now())
    return _one(asks, response, use)


def _guarded(request: HttpRequest, use: str) -> tuple[Bearer, Any]:
    """Who asks, and since when the request is as they saw it. Raises ProblemError."""
    asks = who(request)
    seen = use_request(actor=asks.actor, slug=use, now=now()).row.changed_at
    ask_match(request, tag_at(seen))
    return asks, seen


def _one(asks: Bearer, response: HttpResponse, use: str) -> dict[str, Any]:
    found = use_request(actor=asks.actor, slug=use, now=now())
    response["ETag"] = tag_at(found.row.changed_at)
    response["Location"] = f"/api/v1/use-requests/{use}"
    return _shown(found, rules_known(actor=asks.actor))


def _shown(one: UseRequest, known: frozenset[str] | None) -> dict[str, Any]:
    """A request as an answer; `known`: the rules that who asks may know of, None: all."""
    use, found = one.row.entry, one.assessment
    told = told_to(known, found)
    days = {name: use.values[name] for name in ("asked_on", "decided_on", "review_on")}
    words = (
        "name", "tool", "purpose", "data_class", "personal_data", "result", "asked_by", "decision", "reason",
        "conditions", "decided_by",
    )  # fmt: skip
    return {
        "slug": one.row.slug,
        **{name: use.values[name] for name in words},
        **{name: day.isoformat() if day else None for name, day in days.items()},
        "tool_name": one.tool,
        "policy": found.outcome,
        "policy_reasons": [rule.sentence for rule in told],
        "policy_conditions": list(dict.fromkeys(rule.condition for rule in told if rule.condition)),
        "policy_until": found.until.isoformat(),
        "waits": one.waits,
        "stands": one.stands,
        "due": one.due,
        "may_decide": one.decides,
        "may_withdraw": one.withdraws,
        "changed_at": rfc3339(one.row.changed_at),
    }
