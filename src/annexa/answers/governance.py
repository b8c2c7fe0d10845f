"""Questions about who governs: offices and who holds them, committees, and who does what (RACI)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from annexa.answers.actors import ask_reads
from annexa.answers.errors import UnknownError
from annexa.answers.owners import owners
from annexa.answers.posture import standpoint
from annexa.library.governance import governance
from annexa.pure.facts import ORGANISATION
from annexa.pure.governance import (
    BODIES,
    LETTERS,
    Conflict,
    Governance,
    Held,
    Holder,
    Office,
    Row,
    conflicts,
    of_controls,
    of_processes,
)
from annexa.pure.permits import Actor
from annexa.pure.units import Placed, in_order
from annexa.pure.units import Unit as UnitFact
from annexa.records.appointments import Appointment
from annexa.records.systems import AiSystem
from annexa.records.units import Committee, Unit

HEADER = ("id", "title", *LETTERS)
"""The columns of the table of who does what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """An office of a body with the appointments to it that stand."""

    office: Office
    appointments: tuple[Appointment, ...]

    @property
    def vacant(self) -> bool:
        """Whether it has to be filled and nobody holds it."""
        return self.office.needed and not self.appointments


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """A committee with its offices."""

    committee: Committee
    offices: tuple[Filled, ...]

    @property
    def members(self) -> int:
        """How many people sit in it."""
        return len({one.person_id for filled in self.offices for one in filled.appointments})


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitLine:
    """A unit in the tree with how many AI systems are directly its own, and who heads it."""

    placed: Placed
    changed_at: datetime
    systems: int
    offices: tuple[Filled, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernancePage:
    """Everything about who governs. `loose`: unit names that AI systems give and that are no unit, with how many."""

    offices: tuple[Filled, ...]
    committees: tuple[Sitting, ...]
    units: tuple[UnitLine, ...]
    loose: tuple[tuple[str, int], ...]
    conflicts: tuple[Conflict, ...]
    governance: Governance


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoDoesWhat:
    """The table of who does what: processes, and controls of the library in force."""

    governance: Governance
    processes: tuple[Row, ...]
    controls: tuple[Row, ...]


def offices_held() -> tuple[Held, ...]:
    """Every appointment that stands. Cost: one query."""
    found = Appointment.objects.filter(end__isnull=True, person__is_active=True).select_related("person")
    return tuple(
        Held(office=one.office, body=one.body, holder=Holder(person=one.person_id, name=one.person.name))
        for one in found.order_by("recorded_at", "id")
    )


def governance_page(*, actor: Actor) -> GovernancePage:
    """Offices, committees and units. Raises UnknownError for who may read nothing. Cost: five queries."""
    ask_reads(actor)
    shipped, by_body = governance(), _by_body()
    units = list(Unit.objects.select_related("parent"))
    named = _systems_by_unit(actor)
    known = {unit.name for unit in units}
    changed = {unit.slug: unit.changed_at for unit in units}
    return GovernancePage(
        offices=_filled(shipped, "organisation", by_body.get(ORGANISATION, ())),
        committees=tuple(
            Sitting(committee=one, offices=_filled(shipped, "committee", by_body.get(f"committee/{one.slug}", ())))
            for one in Committee.objects.order_by("closed", "name")
        ),
        units=tuple(
            UnitLine(
                placed=one,
                changed_at=changed[one.unit.slug],
                systems=named.get(one.unit.name, 0),
                offices=_filled(shipped, "unit", by_body.get(f"unit/{one.unit.slug}", ())),
            )
            for one in in_order(
                UnitFact(slug=u.slug, name=u.name, parent=u.parent.slug if u.parent else "", closed=u.closed)
                for u in units
            )
        ),
        loose=tuple((name, number) for name, number in sorted(named.items()) if name not in known),
        conflicts=conflicts(shipped, offices_held()),
        governance=shipped,
    )


def one_appointment(*, actor: Actor, appointment: str) -> Appointment:
    """One appointment with its end, if it has one. Raises UnknownError."""
    rows = Appointment.objects.visible_to(actor).select_related("person", "end")
    found: Appointment | None = rows.filter(id=appointment).first()
    if found is None:
        raise UnknownError(f"There is no appointment {appointment!r}.")
    return found


def who_does_what(*, actor: Actor, now: datetime) -> WhoDoesWhat:
    """Who is responsible, accountable, consulted and informed. Raises UnknownError for who may read nothing."""
    stand, shipped, held = standpoint(actor=actor, now=now), governance(), offices_held()
    named = {
        control: Holder(person=owner.person, name=owner.name)
        for (control, scope), owner in owners(actor=actor, stand=stand).named.items()
        if scope == ORGANISATION and owner.person is not None
    }
    controls = sorted(stand.library.controls.values(), key=lambda one: one.id)
    return WhoDoesWhat(
        governance=shipped,
        processes=of_processes(shipped, held),
        controls=of_controls(shipped, held, controls, named),
    )


def table_of(rows: Iterable[Row], shipped: Governance) -> list[tuple[str, ...]]:
    """The rows as text: for each letter the offices with their holders, separated by semicolons."""
    return [
        (
            row.id,
            row.title,
            *("; ".join(_said(shipped, cell.office, cell.people) for cell in row.of(letter)) for letter in LETTERS),
        )
        for row in rows
    ]


def _said(shipped: Governance, office: str, people: tuple[Holder, ...]) -> str:
    names = ", ".join(one.name for one in people)
    return f"{shipped.title(office)} ({names})" if names else shipped.title(office)


def _filled(shipped: Governance, kind: str, found: Iterable[Appointment]) -> tuple[Filled, ...]:
    held = tuple(found)
    return tuple(
        Filled(office=office, appointments=tuple(one for one in held if one.office == office.id))
        for office in shipped.offices.values()
        if kind in BODIES and kind in office.bodies
    )


def _by_body() -> Mapping[str, list[Appointment]]:
    found: dict[str, list[Appointment]] = {}
    rows = Appointment.objects.filter(end__isnull=True).select_related("person").order_by("recorded_at", "id")
    for one in rows:
        found.setdefault(one.body, []).append(one)
    return found


def _systems_by_unit(actor: Actor) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for name in AiSystem.objects.visible_to(actor).exclude(unit="").values_list("unit", flat=True):
        found[name] = found.get(name, 0) + 1
    return found
