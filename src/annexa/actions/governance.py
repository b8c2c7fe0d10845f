"""Committees, and appointing people to offices of the management systems."""

import uuid
from datetime import datetime

from annexa.actions.door import Door, door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError
from annexa.answers.governance import offices_held
from annexa.library.governance import governance
from annexa.pure.facts import ORGANISATION
from annexa.pure.governance import Office, stands_against
from annexa.pure.permits import EXTERNAL, Actor
from annexa.pure.slugs import free_slugs
from annexa.records.appointments import Appointment, AppointmentEnd
from annexa.records.people import Person
from annexa.records.units import Committee, Unit

LONGEST_NAME = 200
LONGEST_PURPOSE = 2000
MOST_MONTHS = 24


def add_committee(*, actor: Actor, name: str, purpose: str, months_between: int, now: datetime) -> Committee:
    """Adds a committee: what for, and how many months lie between its meetings. Ledger: committee.

    Raises InvalidError with every problem, NotPermittedError.
    """
    with door(actor=actor, verb="change_committees", now=now) as opened:
        _refuse(_committee_problems(name, purpose, months_between))
        made = Committee(
            slug=next(free_slugs([name.strip()], set(Committee.objects.values_list("slug", flat=True)), "committee")),
            name=name.strip(),
            purpose=purpose.strip(),
            months_between=months_between,
            created_at=now,
            changed_at=now,
        )
        opened.write(made, kind="committee", subject=f"committee/{made.slug}")
    return made


def change_committee(
    *,
    actor: Actor,
    slug: str,
    name: str,
    purpose: str,
    months_between: int,
    closed: bool,
    because: str,
    now: datetime,
    seen: datetime | None = None,
) -> Committee:
    """Changes or closes a committee; closing ends the appointments to it. Ledger: committee, appointment_end.

    `seen`: when what the actor saw had last changed; None: it does not matter.
    Raises InvalidError, NotFoundError, ConflictError, NotPermittedError.
    """
    said = because.strip()
    with door(actor=actor, verb="change_committees", now=now, because=said) as opened:
        found = Committee.objects.select_for_update().filter(slug=slug).first()
        if found is None:
            raise NotFoundError(f"There is no committee {slug}.")
        if seen is not None and found.changed_at != seen:
            raise ConflictError(f"{found.name} was changed meanwhile; look at it again.")
        problems = _committee_problems(name, purpose, months_between, but=slug)
        _refuse(problems if said else {**problems, "because": ["Say why it changes."]})
        found.name, found.purpose, found.months_between = name.strip(), purpose.strip(), months_between
        found.closed, found.changed_at = closed, now
        opened.write(found, kind="committee", subject=f"committee/{slug}")
        if closed:
            for one in standing(f"committee/{slug}"):
                end_inside(opened, one, because=said)
    return found


def appoint(
    *, actor: Actor, by: Person | None, office: str, body: str, person: Person, because: str, now: datetime
) -> Appointment:
    """Appoints somebody to an office of a body: organisation, unit/SLUG or committee/SLUG.

    Who held an office that one person holds alone is relieved in the same step. Offices that have to be apart are not
    given to one person. Ledger: appointment, and appointment_end for who held it.
    Raises InvalidError with every problem, NotFoundError, NotPermittedError.
    """
    said = because.strip()
    with door(actor=actor, verb="appoint", now=now, because=said) as opened:
        person.refresh_from_db()
        found = _office_in(office, body)
        before = [one for one in standing(body) if one.office == office]
        problems: dict[str, list[str]] = {} if said else {"because": ["Say since which decision, or why."]}
        if not person.is_active:
            problems["person"] = [f"{person.name} may not sign in any more."]
        elif person.role == EXTERNAL and office != "internal-auditor":
            problems["person"] = [f"{person.name} comes from outside; they could only be internal auditor."]
        elif any(one.person_id == person.pk for one in before):
            problems["person"] = [f"{person.name} holds this office already."]
        elif against := stands_against(governance(), offices_held(), office, person.pk):
            problems["person"] = list(against)
        _refuse(problems)
        if found.single:
            for one in before:
                end_inside(opened, one, because=f"{person.name} follows: {said}")
        return appoint_inside(opened, office=office, body=body, person=person, by=by)


def end_appointment(*, actor: Actor, by: Person | None, appointment: str, because: str, now: datetime) -> None:
    """Ends an appointment without a successor, with the reason. Ledger: appointment_end.

    Raises InvalidError, NotFoundError, ConflictError if it has ended, NotPermittedError.
    """
    found = Appointment.objects.filter(id=appointment).first()
    if found is None:
        raise NotFoundError(f"There is no appointment {appointment}.")
    with door(actor=actor, verb="appoint", now=now, because=because.strip()) as opened:
        if AppointmentEnd.objects.filter(appointment=found).exists():
            raise ConflictError("It has ended already.")
        _refuse({} if because.strip() else {"because": ["Say why it ends."]})
        end_inside(opened, found, because=because.strip(), by=by)


def appoint_inside(
    opened: Door, *, office: str, body: str, person: Person, by: Person | None, because: str = ""
) -> Appointment:
    """The row of an appointment, inside an open door."""
    made = Appointment(
        id=uuid.uuid4().hex,
        office=office,
        body=body,
        person=person,
        because=because or opened.because,
        recorded_at=opened.now,
        by=by,
    )
    opened.write(made, kind="appointment", subject=f"appointment/{made.id}")
    return made


def end_inside(opened: Door, found: Appointment, *, because: str, by: Person | None = None) -> None:
    """The row that ends an appointment, inside an open door."""
    made = AppointmentEnd(id=uuid.uuid4().hex, appointment=found, because=because, recorded_at=opened.now, by=by)
    with opened.saying(because):
        opened.write(made, kind="appointment_end", subject=f"appointment/{found.id}")


def standing(body: str) -> list[Appointment]:
    """The appointments to a body that have not ended."""
    return list(Appointment.objects.filter(body=body, end__isnull=True).order_by("recorded_at", "id"))


def _office_in(office: str, body: str) -> Office:
    kind, _, slug = body.partition("/")
    found = governance().offices.get(office)
    if found is None:
        raise NotFoundError(f"There is no office {office!r}; known are {', '.join(governance().offices)}.")
    if kind not in found.bodies:
        raise InvalidError({"body": [f"{found.title} is an office of {' or '.join(found.bodies)}."]})
    of_units, of_committees = (table.objects.filter(slug=slug, closed=False) for table in (Unit, Committee))
    if body != ORGANISATION and not (of_units if kind == "unit" else of_committees).exists():
        raise NotFoundError(f"There is no open {kind} {slug}.")
    return found


def _committee_problems(name: str, purpose: str, months_between: int, *, but: str = "") -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {}
    if not 0 < len(name.strip()) <= LONGEST_NAME:
        problems["name"] = [f"Give it a name of at most {LONGEST_NAME} characters."]
    elif Committee.objects.filter(name__iexact=name.strip()).exclude(slug=but).exists():
        problems["name"] = [f"There is a committee {name.strip()} already."]
    if not 0 < len(purpose.strip()) <= LONGEST_PURPOSE:
        problems["purpose"] = ["Say in a sentence or two what it decides."]
    if not 1 <= months_between <= MOST_MONTHS:
        problems["months_between"] = [f"Meetings lie 1 to {MOST_MONTHS} months apart."]
    return problems


def _refuse(problems: dict[str, list[str]]) -> None:
    if problems:
        raise InvalidError(problems)
