"""Governance: offices and who holds them, appointments, and who does what (RACI)."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from annexa.actions.errors import InvalidError
from annexa.actions.governance import appoint, end_appointment
from annexa.answers.governance import Filled, GovernancePage, governance_page, one_appointment, who_does_what
from annexa.answers.people import list_people
from annexa.answers.runs import run_of
from annexa.api.askers import who
from annexa.api.operations import get, post
from annexa.api.shapes import (
    Because,
    Cursor,
    Given,
    Instant,
    Limit,
    Shown,
    after_of,
    cursor_of,
    given,
    now,
    place_of,
    shown,
)
from annexa.pure.governance import vacant
from annexa.pure.proofs import rfc3339

router = Router(tags=["governance"])
Letter = Literal["R", "A", "C", "I"]
HELD: dict[str, Any] = {
    "appointment": "5b1f0a7e4c0d8f2a9b3c6d1e7f500b6d", "person": 3, "name": "Kim Lee", "because": "Board, 12 May",
    "since": "2026-11-20T09:40:00Z",
}  # fmt: skip
OFFICE: dict[str, Any] = {
    "office": "security-lead", "body": "organisation", "title": "Chief information security officer",
    "does": "Runs the information security management system.", "systems": ["isms"], "single": True, "needed": True,
    "vacant": False, "holders": [HELD],
}  # fmt: skip
CONFLICT: dict[str, Any] = {
    "person": 3, "name": "Kim Lee", "offices": ["programme-lead", "internal-auditor"],
    "because": "Who runs the programme cannot audit it.",
}  # fmt: skip
APPOINTMENT: dict[str, Any] = {
    "id": "5b1f0a7e4c0d8f2a9b3c6d1e7f500b6d", "office": "security-lead", "body": "organisation", "person": 3,
    "name": "Kim Lee", "because": "Board, 12 May", "since": "2026-11-20T09:40:00Z", "ended_at": None,
    "ended_because": "",
}  # fmt: skip
CELL: dict[str, Any] = {
    "letter": "A", "office": "security-lead", "title": "Chief information security officer",
    "people": [{"person": 3, "name": "Kim Lee"}],
}  # fmt: skip
ROW: dict[str, Any] = {"id": "access", "title": "Give and review access", "cells": [CELL], "vacant": []}


class Holder(Shown):
    """Somebody who holds an office, since when and why."""

    model_config = shown(**HELD)

    appointment: str
    person: int
    name: str
    because: str
    since: Instant


class OfficeShown(Shown):
    """An office of a body (organisation, unit/SLUG or committee/SLUG). `vacant`: it has to be filled, and nobody holds
    it. `single`: one person holds it alone."""

    model_config = shown(**OFFICE)

    office: str
    body: str
    title: str
    does: str
    systems: list[str]
    single: bool
    needed: bool
    vacant: bool
    holders: list[Holder]


class ConflictShown(Shown):
    """Somebody holds two offices that have to be apart."""

    model_config = shown(**CONFLICT)

    person: int
    name: str
    offices: list[str]
    because: str


class Offices(Shown):
    """A part of the offices: of the organisation, then of committees and units. `vacant` counts all of them."""

    model_config = shown(items=[OFFICE], next=None, vacant=0, conflicts=[CONFLICT])

    items: list[OfficeShown]
    next: str | None
    vacant: int
    conflicts: list[ConflictShown]


class AppointmentShown(Shown):
    """Somebody's appointment to an office, and its end, if it has one."""

    model_config = shown(**APPOINTMENT)

    id: str
    office: str
    body: str
    person: int
    name: str
    because: str
    since: Instant
    ended_at: Instant | None
    ended_because: str


class AppointmentGiven(Given):
    """Whom to appoint to what. Who holds an office alone is relieved in the same step."""

    model_config = given(office="security-lead", person=3, because="Board, 12 May")

    office: Annotated[str, Field(max_length=40)]
    person: int
    because: Because
    body: Annotated[str, Field(max_length=100)] = "organisation"


class EndOfAppointment(Given):
    """Why an appointment ends without a successor."""

    model_config = given(because="The office is merged")

    because: Because


class PersonNamed(Shown):
    """Somebody by id and name."""

    person: int
    name: str


class RaciCell(Shown):
    """What an office is to a process or control, and the people who hold it."""

    model_config = shown(**CELL)

    letter: Letter
    office: str
    title: str
    people: list[PersonNamed]


class RaciRow(Shown):
    """A process or control with everybody who has to do with it. `vacant`: responsible or accountable offices that
    nobody holds."""

    model_config = shown(**ROW)

    id: str
    title: str
    cells: list[RaciCell]
    vacant: list[str]


class Raci(Shown):
    """A part of who does what."""

    model_config = shown(of="processes", items=[ROW], next=None)

    of: str
    items: list[RaciRow]
    next: str | None


Of = Annotated[
    Literal["processes", "controls"], Query(default="processes", description="Processes, or controls of the library.")
]


@get(router, "/offices", Offices, errors=(404,))
def list_offices(request: HttpRequest, limit: Limit, cursor: Cursor) -> dict[str, Any]:
    """List the offices with who holds them, what is vacant, and who holds two that have to be apart."""
    page = governance_page(actor=who(request).actor)
    rows = tuple(_offices(page))
    run = run_of(rows, lambda one: f"{one['body']} {one['office']}", after=after_of(cursor), limit=limit)
    return {
        "items": list(run.rows),
        "next": cursor_of(run.last),
        "vacant": sum(1 for one in rows if one["vacant"]),
        "conflicts": [
            {
                "person": one.holder.person,
                "name": one.holder.name,
                "offices": list(one.offices),
                "because": one.because,
            }
            for one in page.conflicts
        ],
    }


@post(router, "/appointments", AppointmentShown, may=("appoint",), reads=True)
def appoint_somebody(request: HttpRequest, response: HttpResponse, body: AppointmentGiven) -> dict[str, Any]:
    """Appoint somebody to an office."""
    asks = who(request)
    person = next((one for one in list_people(actor=asks.actor) if one.pk == body.person), None)
    if person is None:
        raise InvalidError({"person": [f"There is no person {body.person}."]})
    made = appoint(
        actor=asks.actor, by=asks.person, office=body.office, body=body.body, person=person, because=body.because,
        now=now(),
    )  # fmt: skip
    response["Location"] = f"/api/v1/appointments/{made.id}"
    return _appointment(made)


@get(router, "/appointments/{appointment}", AppointmentShown, errors=(404,))
def show_appointment(request: HttpRequest, appointment: str) -> dict[str, Any]:
    """Show one appointment."""
    return _appointment(one_appointment(actor=who(request).actor, appointment=appointment))


@post(router, "/appointments/{appointment}/end", AppointmentShown, may=("appoint",), reads=True)
def end_one_appointment(
    request: HttpRequest, response: HttpResponse, appointment: str, body: EndOfAppointment
) -> dict[str, Any]:
    """End an appointment without a successor."""
    asks = who(request)
    end_appointment(actor=asks.actor, by=asks.person, appointment=appointment, because=body.because, now=now())
    response["Location"] = f"/api/v1/appointments/{appointment}"
    return _appointment(one_appointment(actor=asks.actor, appointment=appointment))


@get(router, "/raci", Raci, errors=(404,))
def show_who_does_what(request: HttpRequest, of: Of, limit: Limit, cursor: Cursor) -> dict[str, Any]:
    """List who is responsible, accountable, consulted and informed, for each process or each control."""
    found = who_does_what(actor=who(request).actor, now=now())
    place = place_of(cursor, of)
    rows = found.processes if of == "processes" else found.controls
    run = run_of(rows, lambda one: one.id, after=place[0] if place else "", limit=limit)
    return {"of": of, "items": [_row(one, found.governance) for one in run.rows], "next": cursor_of(run.last, of)}


def _offices(page: GovernancePage) -> Iterator[dict[str, Any]]:
    for one in page.offices:
        yield _office(one, "organisation")
    for sitting in page.committees:
        for one in sitting.offices if not sitting.committee.closed else ():
            yield _office(one, f"committee/{sitting.committee.slug}")
    for line in page.units:
        for one in line.offices if not line.placed.unit.closed else ():
            yield _office(one, f"unit/{line.placed.unit.slug}")


def _office(filled: Filled, body: str) -> dict[str, Any]:
    office = filled.office
    return {
        "office": office.id,
        "body": body,
        "title": office.title,
        "does": office.does,
        "systems": list(office.systems),
        "single": office.single,
        "needed": office.needed,
        "vacant": filled.vacant,
        "holders": [
            {
                "appointment": one.id,
                "person": one.person_id,
                "name": one.person.name,
                "because": one.because,
                "since": rfc3339(one.recorded_at),
            }
            for one in filled.appointments
        ],
    }


def _appointment(one: Any) -> dict[str, Any]:
    end = getattr(one, "end", None)
    return {
        "id": one.id,
        "office": one.office,
        "body": one.body,
        "person": one.person_id,
        "name": one.person.name,
        "because": one.because,
        "since": rfc3339(one.recorded_at),
        "ended_at": rfc3339(end.recorded_at) if end else None,
        "ended_because": end.because if end else "",
    }


def _row(row: Any, governance: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "title": row.title,
        "cells": [
            {
                "letter": cell.letter,
                "office": cell.office,
                "title": governance.title(cell.office),
                "people": [{"person": one.person, "name": one.name} for one in cell.people],
            }
            for cell in row.cells
        ],
        "vacant": list(vacant(governance, [row])),
    }
