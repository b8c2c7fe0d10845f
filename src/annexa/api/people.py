"""People: who may sign in, what they hold, and how they move, leave and come back."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Path, Router
from pydantic import Field

from annexa.actions.errors import InvalidError
from annexa.actions.leaving import change_person, let_go, readmit
from annexa.actions.people import add_person
from annexa.answers.people import PersonPage, list_people, person_page
from annexa.answers.runs import run_of
from annexa.answers.tasks import held_by
from annexa.api.askers import who
from annexa.api.guards import ask_match, tag_of
from annexa.api.operations import get, patch, post
from annexa.api.shapes import (
    Because,
    Cursor,
    Given,
    Instant,
    Limit,
    Shown,
    ShownDay,
    after_of,
    cursor_of,
    given,
    now,
    shown,
)
from annexa.pure.proofs import rfc3339

router = Router(tags=["people"])
Role = Literal["administrator", "lead", "owner", "auditor", "member", "external"]
Key = Annotated[int, Path(ge=1, le=2**53, description="Their id.")]
EXAMPLE = {
    "id": 3, "email": "kim@example.org", "name": "Kim Lee", "role": "owner", "active": True,
    "created_at": "2026-11-20T09:40:00Z",
}  # fmt: skip
HELD: dict[str, Any] = {
    "controls": [{"control": "GOV-02", "scope": "organisation"}],
    "systems": ["chatbot"],
    "tasks": [
        {"id": "0b6d4c1f5a7e4c0d8f2a9b3c6d1e7f50", "control": "SUP-01", "scope": "chatbot", "due_on": "2027-01-31"}
    ],
    "records": ["supplier/chat-ltd"],
    "offices": [{"appointment": "5b1f0a7e4c0d8f2a9b3c6d1e7f500b6d", "office": "security-lead", "body": "organisation"}],
    "grants": [],
    "tokens": [],
}


class Person(Shown):
    """Somebody who may sign in."""

    model_config = shown(**EXAMPLE)

    id: int
    email: str
    name: str
    role: Role
    active: bool
    created_at: Instant


class People(Shown):
    """A part of everybody."""

    model_config = shown(items=[EXAMPLE], next=None)

    items: list[Person]
    next: str | None


class ControlHeld(Shown):
    """A control that somebody answers for, and where."""

    control: str
    scope: str


class TaskHeld(Shown):
    """A task that somebody has."""

    id: str
    control: str
    scope: str
    due_on: ShownDay


class OfficeHeld(Shown):
    """An office that somebody holds: of the organisation, unit/SLUG or committee/SLUG."""

    appointment: str
    office: str
    body: str


class Holdings(Shown):
    """What somebody answers for and can do, as far as you may know of it: ids, slugs of AI systems, or the
    noun and slug of records."""

    model_config = shown(**HELD)

    controls: list[ControlHeld]
    systems: list[str]
    records: list[str]
    tasks: list[TaskHeld]
    offices: list[OfficeHeld]
    grants: list[str]
    tokens: list[str]


class PersonWhole(Person):
    """Somebody with what they hold: what they answer for goes to successors if they leave, grants and tokens end."""

    model_config = shown(**EXAMPLE, holdings=HELD)

    holdings: Holdings


class Left(Shown):
    """What a leaver handed over and lost."""

    model_config = shown(handed_over=5, grants=1, tokens=1)

    handed_over: int
    grants: int
    tokens: int


class PersonGiven(Given):
    """Somebody to let in. They cannot sign in until a password is set for them on the command line."""

    model_config = given(email="kim@example.org", name="Kim Lee", role="owner")

    email: Annotated[str, Field(max_length=254)]
    name: Annotated[str, Field(max_length=200)]
    role: Role


class Movers(Given):
    """Who takes over what somebody cannot do any more in another role, by their ids."""

    controls: int | None = None
    tasks: int | None = None


class Successors(Movers):
    """Who takes over what somebody leaves, by their ids; one for each kind of thing they hold."""

    systems: int | None = None
    offices: int | None = None
    records: int | None = None


class PersonChanged(Given):
    """What changes about somebody; what is left out stays as it is. Another role asks for a reason."""

    model_config = given(role="auditor", because="Moves to internal audit", successors={"controls": 4, "tasks": 4})

    name: Annotated[str, Field(max_length=200)] | None = None
    role: Role | None = None
    successors: Movers = Movers()
    because: Because = ""


class LeaveGiven(Given):
    """Who takes over, and why."""

    model_config = given(because="Last day at work", successors={"controls": 4, "systems": 4, "tasks": 4, "offices": 4})

    because: Because = ""
    successors: Successors = Successors()


class ReadmitGiven(Given):
    """Why somebody is back."""

    model_config = given(because="Back from parental leave")

    because: Because = ""


@get(router, "/people", People, may=("read", "read_people"))
def list_everybody(request: HttpRequest, limit: Limit, cursor: Cursor) -> dict[str, Any]:
    """List everybody who may sign in, or once did."""
    rows = sorted(list_people(actor=who(request).actor), key=lambda one: one.pk)
    run = run_of(rows, lambda one: str(one.pk), after=after_of(cursor), limit=limit)
    return {"items": [_shown(one) for one in run.rows], "next": cursor_of(run.last)}


@post(router, "/people", Person, may=("add_person",))
def add_somebody(request: HttpRequest, response: HttpResponse, body: PersonGiven) -> dict[str, Any]:
    """Add somebody who may sign in. Through a token, no administrator."""
    made = add_person(
        actor=who(request).actor, email=body.email, name=body.name, role=body.role, password=None, now=now()
    )
    response["Location"] = f"/api/v1/people/{made.pk}"
    return _shown(made)


@get(router, "/people/{person}", PersonWhole, errors=(404,), may=("read", "read_people"))
def show_person(request: HttpRequest, response: HttpResponse, person: Key) -> dict[str, Any]:
    """Show somebody with what they hold."""
    return _answered(request, response, person)


@patch(router, "/people/{person}", PersonWhole, may=("change_person",))
def change_one_person(request: HttpRequest, response: HttpResponse, person: Key, body: PersonChanged) -> dict[str, Any]:
    """Change somebody's name or role.

    What the new role cannot do any more goes to successors in the same step. Nobody changes their own role, and through
    a token nobody becomes administrator.
    """
    asks = who(request)
    seen = _seen(request, person)
    change_person(
        actor=asks.actor, by=asks.person, person=person, name=seen.name if body.name is None else body.name,
        role=body.role or seen.role, because=body.because, successors=_successors(request, body.successors), now=now(),
    )  # fmt: skip
    return _answered(request, response, person)


@post(router, "/people/{person}/leave", Left, may=("end_access",), status=200, reads=True, guarded=True)
def end_somebodys_access(request: HttpRequest, person: Key, body: LeaveGiven) -> dict[str, Any]:
    """End somebody's access.

    What they answer for goes to successors, grants and tokens end, sessions end: as a whole or not at all.
    """
    asks = who(request)
    _seen(request, person)
    done = let_go(
        actor=asks.actor, by=asks.person, person=person, successors=_successors(request, body.successors),
        because=body.because, now=now(),
    )  # fmt: skip
    return {"handed_over": done.handed_over, "grants": done.grants, "tokens": done.tokens}


@post(router, "/people/{person}/readmit", PersonWhole, may=("change_person",), status=200, reads=True, guarded=True)
def readmit_somebody(request: HttpRequest, response: HttpResponse, person: Key, body: ReadmitGiven) -> dict[str, Any]:
    """Let somebody sign in again who left; what they held stays where it went."""
    _seen(request, person)
    readmit(actor=who(request).actor, person=person, because=body.because, now=now())
    return _answered(request, response, person)


def _seen(request: HttpRequest, person: int) -> Any:
    """Somebody as they are, if the asker saw them so. Raises ProblemError, UnknownError."""
    found = person_page(actor=who(request).actor, person=person, now=now()).person
    ask_match(request, _tag(found))
    return found


def _successors(request: HttpRequest, said: Movers) -> Mapping[str, Any]:
    """The people who were named. Raises InvalidError for each there is not."""
    named = {kind: key for kind, key in said.model_dump().items() if key is not None}
    known = {one.pk: one for one in list_people(actor=who(request).actor)} if named else {}
    lost = {f"successors.{kind}": [f"There is no person {key}."] for kind, key in named.items() if key not in known}
    if lost:
        raise InvalidError(lost)
    return {kind: known[key] for kind, key in named.items()}


def _answered(request: HttpRequest, response: HttpResponse, person: int) -> dict[str, Any]:
    page = person_page(actor=who(request).actor, person=person, now=now())
    response["ETag"] = _tag(page.person)
    return {**_shown(page.person), "holdings": _holdings(page)}


def _tag(person: Any) -> str:
    return tag_of(repr((person.pk, person.email, person.name, person.role, person.is_active)))


def _holdings(page: PersonPage) -> dict[str, Any]:
    held = page.holdings
    return {
        "controls": [{"control": one.control, "scope": one.scope} for one in held.ownerships],
        "systems": [one.slug for one in held.systems],
        "records": [f"{one.KIND}/{one.slug}" for one in held.records],
        "tasks": [
            {"id": one.id, "control": one.control, "scope": one.scope, "due_on": held_by(one)[1].isoformat()}
            for one in held.tasks
        ],
        "offices": [
            {"appointment": one.id, "office": one.office, "body": one.body} for one in held.appointments
        ],
        "grants": [one.id for one in held.grants],
        "tokens": [one.id for one in held.tokens],
    }  # fmt: skip


def _shown(person: Any) -> dict[str, Any]:
    return {
        "id": person.pk,
        "email": person.email,
        "name": person.name,
        "role": person.role,
        "active": person.is_active,
        "created_at": rfc3339(person.created_at),
    }
