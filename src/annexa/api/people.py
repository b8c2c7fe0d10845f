"""People who may sign in."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from annexa.actions.people import add_person
from annexa.answers.people import list_people
from annexa.answers.runs import run_of
from annexa.api.askers import who
from annexa.api.operations import get, post
from annexa.api.shapes import Cursor, Given, Instant, Limit, Shown, after_of, cursor_of, given, now, shown
from annexa.pure.proofs import rfc3339

router = Router(tags=["people"])
Role = Literal["administrator", "lead", "owner", "auditor"]
EXAMPLE = {
    "id": 3, "email": "kim@example.org", "name": "Kim Lee", "role": "owner", "active": True,
    "created_at": "2026-11-20T09:40:00Z",
}  # fmt: skip


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


class PersonGiven(Given):
    """Somebody to let in. They cannot sign in until a password is set for them on the command line."""

    model_config = given(email="kim@example.org", name="Kim Lee", role="owner")

    email: Annotated[str, Field(max_length=254)]
    name: Annotated[str, Field(max_length=200)]
    role: Role


@get(router, "/people", People)
def list_everybody(request: HttpRequest, limit: Limit, cursor: Cursor) -> dict[str, Any]:
    """List everybody who may sign in."""
    rows = sorted(list_people(actor=who(request).actor), key=lambda one: one.pk)
    run = run_of(rows, lambda one: str(one.pk), after=after_of(cursor), limit=limit)
    return {"items": [_shown(one) for one in run.rows], "next": cursor_of(run.last)}


@post(router, "/people", Person, may=("add_person",))
def add_somebody(request: HttpRequest, body: PersonGiven) -> dict[str, Any]:
    """Add somebody who may sign in."""
    made = add_person(
        actor=who(request).actor, email=body.email, name=body.name, role=body.role, password=None, now=now()
    )
    return _shown(made)


def _shown(person: Any) -> dict[str, Any]:
    return {
        "id": person.pk,
        "email": person.email,
        "name": person.name,
        "role": person.role,
        "active": person.is_active,
        "created_at": rfc3339(person.created_at),
    }
