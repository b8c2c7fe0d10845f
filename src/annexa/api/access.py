"""Access: lists of who may do what in which system, their reviews, line by line, and what was carried out."""

import json
from typing import Annotated, Any, Literal

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from annexa.actions.access_reviews import (
    Subject,
    carry_out_access,
    close_access_review,
    decide_access,
    import_access_list,
    open_access_review,
)
from annexa.answers.access import own_access
from annexa.answers.access_reviews import (
    ReviewPage,
    Row,
    list_access_lists,
    list_reviews,
    person_named,
    plan_list,
    review_page,
)
from annexa.answers.errors import UnknownError
from annexa.answers.runs import run_of
from annexa.answers.store import blobs
from annexa.api.askers import only_people, require_proof, who
from annexa.api.operations import get, post
from annexa.api.problems import ProblemError
from annexa.api.shapes import (
    Because,
    Cursor,
    Day,
    Given,
    Instant,
    Limit,
    Moment,
    Shown,
    ShownDay,
    Text,
    after_of,
    cursor_of,
    given,
    now,
    shown,
)
from annexa.pure.access_lists import AccessLine
from annexa.pure.permits import Actor
from annexa.pure.proofs import rfc3339

router = Router(tags=["access"])
_person = only_people("Who keeps access is decided by people; a program cannot.")
Id = Annotated[str, Field(max_length=80)]
LISTED: dict[str, Any] = {
    "id": "5d1f0c2b7a6e4f3d9c8b1a0e2f7d6c54", "kind": "system", "subject": "chatbot", "name": "chatbot-access.csv",
    "taken_at": "2026-11-20T09:40:00Z", "lines": 41, "review": None,
}  # fmt: skip
REVIEW: dict[str, Any] = {
    "id": "9b1c2d3e4f5a4b6c8d7e0f1a2b3c4d5e", "name": "Access, November 2026", "state": "open",
    "due_on": "2026-12-04", "lines": 41, "keep": 30, "change": 1, "revoke": 2, "undecided": 8, "still_there": 0,
}  # fmt: skip
LINE: dict[str, Any] = {
    "access_list": "5d1f0c2b7a6e4f3d9c8b1a0e2f7d6c54", "row": 4, "subject": "chatbot",
    "account": "mlops-shared", "person": "",
    "email": "", "entitlement": "Release manager", "right": "deploy", "last_used": "2026-11-02", "granted": None,
    "flags": ["nobody named", "shared"], "decision": None, "to": "", "because": "", "by": None, "decision_id": None,
}  # fmt: skip


class AccessList(Shown):
    """Who had access to one system at one instant. `subject`: a slug, another name, or annexa."""

    model_config = shown(**LISTED)

    id: str
    kind: str
    subject: str
    name: str
    taken_at: Instant
    lines: int
    review: str | None


class AccessLists(Shown):
    """A part of the lists, AI systems first."""

    model_config = shown(items=[LISTED], next=None)

    items: list[AccessList]
    next: str | None


class AccessListGiven(Given):
    """Rows by the names of their columns, and what they are about: an AI system by slug, or another system by name."""

    model_config = given(system="chatbot", taken_at="2026-11-20", rows=[{"Account": "kim", "Role": "Deployer"}])

    rows: Annotated[list[dict[str, Any]], Field(max_length=20_000)]
    system: Annotated[str, Field(max_length=80)] = ""
    other: Annotated[str, Field(max_length=200)] = ""
    taken_at: Moment | None = None
    name: Annotated[str, Field(max_length=200)] = "API"


class AccessImported(Shown):
    """What an import took, or as a dry run would take; `columns`: the column each thing was read from."""

    model_config = shown(
        dry_run=False, id=LISTED["id"], lines=41, columns={"account": "Account"}, problems=[], notes=[]
    )

    dry_run: bool
    id: str | None
    lines: int
    columns: dict[str, str]
    problems: list[str]
    notes: list[str]


class OwnAccess(Shown):
    """Who has access to Annexa itself now."""

    model_config = shown(
        items=[{"account": "kim@example.org", "person": "Kim Lee", "entitlement": "Owner", "right": "modify",
                "last_used": "2026-11-20", "granted": "2026-01-05"}]
    )  # fmt: skip

    items: list[dict[str, Any]]


class AccessReview(Shown):
    """A review of lists; `still_there`: rights that were to go after the last one."""

    model_config = shown(**REVIEW)

    id: str
    name: str
    state: Literal["open", "late", "done", "left open"]
    due_on: ShownDay
    lines: int
    keep: int
    change: int
    revoke: int
    undecided: int
    still_there: int


class AccessReviews(Shown):
    """A part of the reviews, those that run first."""

    model_config = shown(items=[REVIEW], next=None)

    items: list[AccessReview]
    next: str | None


class ReviewGiven(Given):
    """A review to open: of lists by id and, with `annexa`, of its own access; reviewers and carrier by address."""

    model_config = given(
        name="Access, November 2026", lists=[LISTED["id"]], annexa=True, due_on="2026-12-04",
        reviewers=["ada@example.org", "lee@example.org"], carrier="kim@example.org",
    )  # fmt: skip

    name: Annotated[str, Field(max_length=200)]
    lists: Annotated[list[Id], Field(max_length=1_000)] = Field(default_factory=list)
    annexa: bool = False
    reviewers: Annotated[list[str], Field(max_length=100)]
    carrier: Annotated[str, Field(max_length=254)]
    due_on: Day
    because: Because = ""


class AccessLineShown(Shown):
    """One line with why it is worth a look, and the decision that holds."""

    model_config = shown(**LINE)

    access_list: str
    row: int
    subject: str
    account: str
    person: str
    email: str
    entitlement: str
    right: str
    last_used: ShownDay | None
    granted: ShownDay | None
    flags: list[str]
    decision: str | None
    to: str
    because: str
    by: str | None
    decision_id: str | None


class AccessLines(Shown):
    """A part of the lines of a review, those worth a look first."""

    model_config = shown(items=[LINE], next=None)

    items: list[AccessLineShown]
    next: str | None


class LineGiven(Given):
    """One line by its list and row."""

    model_config = given(access_list=LISTED["id"], row=4)

    access_list: Id
    row: Annotated[int, Field(ge=0, le=2_000_000)]


class DecisionsGiven(Given):
    """What is decided about some lines, all alike, with one reason."""

    model_config = given(lines=[{"access_list": LISTED["id"], "row": 4}], decision="revoke", because="Nobody uses it")

    lines: Annotated[list[LineGiven], Field(max_length=20_000)]
    decision: Literal["keep", "change", "revoke"]
    because: Text
    to: Annotated[str, Field(max_length=300)] = ""


class Decided(Shown):
    """The decisions that were made, by id."""

    model_config = shown(decided=1, ids=["1f0c2b7a6e4f4d9c8b1a0e2f7d6c5d54"])

    decided: int
    ids: list[str]


class ReviewEndGiven(Given):
    """Why a review ends; needed if lines are undecided."""

    model_config = given(because="")

    because: Because = ""


class DoneGiven(Given):
    """How a decision was carried out. `in_place`: Annexa does it, for its own access."""

    model_config = given(because="Removed in the console")

    because: Text
    in_place: bool = False


class Done(Shown):
    """That a decision was carried out, as somebody says."""

    model_config = shown(id="7f0c2b7a6e4f4d9c8b1a0e2f7d6c5d54", decision="1f0c2b7a6e4f4d9c8b1a0e2f7d6c5d54")

    id: str
    decision: str


@get(router, "/access", OwnAccess)
def list_own_access(request: HttpRequest) -> dict[str, Any]:
    """List who has access to Annexa itself now: people, service accounts, live tokens."""
    return {"items": [_said(one) for one in own_access(actor=who(request).actor, now=now())]}


@get(router, "/access/lists", AccessLists)
def list_lists(request: HttpRequest, limit: Limit, cursor: Cursor) -> dict[str, Any]:
    """List the access lists that were taken in."""
    rows = list_access_lists(actor=who(request).actor)
    run = run_of(rows, lambda one: one.id, after=after_of(cursor), limit=limit)
    items = [
        {
            "id": one.id, "kind": one.kind, "subject": one.subject, "name": one.name, "lines": one.lines,
            "taken_at": rfc3339(one.taken_at), "review": one.review.id if one.review else None,
        }
        for one in run.rows
    ]  # fmt: skip
    return {"items": items, "next": cursor_of(run.last)}


@post(router, "/access/lists", AccessImported, may=("import_access",), reads=True)
def import_list(
    request: HttpRequest,
    response: HttpResponse,
    body: AccessListGiven,
    dry_run: Annotated[bool, Query(default=False, description="Only say what would be taken.")],
) -> dict[str, Any]:
    """Take in who has access to one system: every row, or as a dry run nothing.

    Columns are recognised by their names, as on the page.
    """
    if not body.rows:
        raise ProblemError(422, "The list is empty.", errors=[("rows", "The list is empty.")])
    asks, moment = who(request), now()
    data = json.dumps(body.rows, ensure_ascii=False).encode()
    try:
        planned = plan_list(data=data, name=body.name)
    except ValueError as error:  # TableError
        raise ProblemError(422, str(error), errors=[("rows", str(error))]) from error
    plan = planned.plan
    said = {
        "columns": {one.field: one.column for one in plan.columns},
        "problems": [str(one) for one in plan.problems],
        "notes": list(plan.notes),
        "lines": len(plan.lines),
    }
    if dry_run:
        return {"dry_run": True, "id": None, **said}
    blobs().put(data, limit_bytes=settings.UPLOAD_LIMIT_BYTES)
    about = Subject(kind="other" if body.other else "system", subject=body.other or body.system)
    made = import_access_list(
        actor=asks.actor, person=asks.person, planned=planned, about=about, taken_at=body.taken_at or moment, now=moment
    )
    response["Location"] = "/api/v1/access/lists"
    return {"dry_run": False, "id": made.id, **said}


@get(router, "/access/reviews", AccessReviews)
def list_access_reviews(request: HttpRequest, limit: Limit, cursor: Cursor) -> dict[str, Any]:
    """List the access reviews."""
    rows = list_reviews(actor=who(request).actor, now=now())
    run = run_of(rows, lambda one: one.review.id, after=after_of(cursor), limit=limit)
    items = [
        {
            "id": one.review.id, "name": one.review.name, "state": one.state, "due_on": one.review.due_on.isoformat(),
            "lines": one.progress.total, "keep": one.progress.keep, "change": one.progress.change,
            "revoke": one.progress.revoke, "undecided": one.progress.undecided, "still_there": one.still_there,
        }
        for one in run.rows
    ]  # fmt: skip
    return {"items": items, "next": cursor_of(run.last)}


@post(router, "/access/reviews", AccessReview, may=("open_access_review",), reads=True)
def open_one_access_review(request: HttpRequest, response: HttpResponse, body: ReviewGiven) -> dict[str, Any]:
    """Open a review of some lists, of Annexa's own access, or of both."""
    asks = who(request)
    made = open_access_review(
        actor=asks.actor, person=_person(asks), name=body.name, lists=body.lists, itself=body.annexa,
        reviewers=[_named(asks.actor, one, "reviewers") for one in body.reviewers],
        carrier=_named(asks.actor, body.carrier, "carrier"),
        due_on=body.due_on, because=body.because, now=now(),
    )  # fmt: skip
    response["Location"] = f"/api/v1/access/reviews/{made.id}"
    return _shown(review_page(actor=asks.actor, review=made.id, now=now()))


@get(router, "/access/reviews/{review}", AccessReview, errors=(404,))
def show_access_review(request: HttpRequest, review: str) -> dict[str, Any]:
    """Show one access review."""
    return _shown(review_page(actor=who(request).actor, review=review, now=now()))


@get(router, "/access/reviews/{review}/lines", AccessLines, errors=(404,))
def list_lines(request: HttpRequest, review: str, limit: Limit, cursor: Cursor) -> dict[str, Any]:
    """List the lines of a review with their decisions, those worth a look first."""
    page = review_page(actor=who(request).actor, review=review, now=now())
    run = run_of(page.rows, lambda one: one.id, after=after_of(cursor), limit=limit)
    return {"items": [_line(one) for one in run.rows], "next": cursor_of(run.last)}


@post(router, "/access/reviews/{review}/decisions", Decided, may=("decide_access",), reads=True)
def decide_lines(request: HttpRequest, response: HttpResponse, review: str, body: DecisionsGiven) -> dict[str, Any]:
    """Decide lines as one of the reviewers: all of them or none, nobody about their own access."""
    asks = who(request)
    made = decide_access(
        actor=asks.actor, person=_person(asks), review=review, lines=[(one.access_list, one.row) for one in body.lines],
        decision=body.decision, to=body.to, because=body.because, now=now(),
    )  # fmt: skip
    response["Location"] = f"/api/v1/access/reviews/{review}/lines"
    return {"decided": len(made), "ids": [one.id for one in made]}


@post(router, "/access/reviews/{review}/end", AccessReview, may=("close_access_review",), reads=True)
def end_access_review(
    request: HttpRequest, response: HttpResponse, review: str, body: ReviewEndGiven
) -> dict[str, Any]:
    """End a review. With every line decided it counts for the check access_review_done."""
    asks = who(request)
    close_access_review(actor=asks.actor, person=_person(asks), review=review, because=body.because, now=now())
    response["Location"] = f"/api/v1/access/reviews/{review}"
    return _shown(review_page(actor=asks.actor, review=review, now=now()))


@post(router, "/access/decisions/{decision}/carried-out", Done, may=("carry_out_access",), reads=True)
def carry_out_decision(request: HttpRequest, response: HttpResponse, decision: str, body: DoneGiven) -> dict[str, Any]:
    """Say that a decision was carried out, or have Annexa do it where it is about its own access."""
    asks = who(request)
    if body.in_place:
        require_proof(request)
    made = carry_out_access(
        actor=asks.actor, person=_person(asks), decision=decision, because=body.because, in_place=body.in_place,
        now=now(),
    )  # fmt: skip
    response["Location"] = "/api/v1/access/reviews"
    return {"id": made.id, "decision": decision}


def _named(actor: Actor, address: str, field: str) -> Any:
    """Somebody by their address. Raises ProblemError."""
    try:
        return person_named(actor=actor, address=address)
    except UnknownError as error:
        raise ProblemError(422, str(error), errors=[(field, str(error))]) from error


def _said(line: AccessLine) -> dict[str, Any]:
    kept = line.kept()
    return {name: kept[name] for name in ("account", "person", "entitlement", "right", "last_used", "granted")}


def _line(row: Row) -> dict[str, Any]:
    decision = row.decision
    return {
        "access_list": row.source,
        "row": row.line.number,
        "subject": row.subject,
        "email": row.line.email,
        **_said(row.line),
        "flags": list(row.flags),
        "decision": decision.decision if decision else None,
        "to": decision.to if decision else "",
        "because": decision.because if decision else "",
        "by": decision.by.name if decision else None,
        "decision_id": decision.id if decision else None,
    }


def _shown(page: ReviewPage) -> dict[str, Any]:
    progress = page.progress
    return {
        "id": page.review.id, "name": page.review.name, "state": page.state, "due_on": page.review.due_on.isoformat(),
        "lines": progress.total, "keep": progress.keep, "change": progress.change, "revoke": progress.revoke,
        "undecided": progress.undecided, "still_there": len(page.still_there),
    }  # fmt: skip
