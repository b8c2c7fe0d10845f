"""One governance for information security, AI and privacy: offices, who holds them, and who does what (RACI).

Offices and processes are data of the library (library/governance); who holds an office is said by appointments.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from annexa.pure.documents import Basis
from annexa.pure.standards import Control

Letter = Literal["R", "A", "C", "I"]
Body = Literal["organisation", "unit", "committee"]
LETTERS: Mapping[Letter, str] = {"R": "Responsible", "A": "Accountable", "C": "Consulted", "I": "Informed"}
BODIES: tuple[Body, ...] = ("organisation", "unit", "committee")
SYSTEMS = ("isms", "aims", "pims")

OF_RECORDS: Mapping[str, str] = {
    "control-owner": "Owner of the control",
    "system-owner": "Owner of the AI system",
    "risk-owner": "Owner of the risk",
}
"""Who is named in the register of what they own, and holds no office."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """An office: what its holder does, in which management systems, in what bodies, whether one person holds it alone.

    `needed`: every organisation has to fill it. `owner_roles`: what controls of the library call it.
    """

    id: str
    title: str
    does: str
    systems: tuple[str, ...]
    bodies: tuple[Body, ...]
    single: bool
    needed: bool
    owner_roles: tuple[str, ...]
    basis: tuple[Basis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """Two offices that one person must not hold together, and why."""

    offices: tuple[str, str]
    because: str
    basis: tuple[Basis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process with the offices that are responsible, accountable (exactly one), consulted and informed."""

    id: str
    title: str
    responsible: tuple[str, ...]
    accountable: str
    consulted: tuple[str, ...]
    informed: tuple[str, ...]
    basis: tuple[Basis, ...]

    @property
    def letters(self) -> Iterator[tuple[Letter, str]]:
        """Each office with what it is to the process, the responsible first."""
        for office in self.responsible:
            yield "R", office
        yield "A", self.accountable
        for office in self.consulted:
            yield "C", office
        for office in self.informed:
            yield "I", office


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What controls whose ids begin alike have in common: who is accountable, consulted and informed."""

    prefixes: tuple[str, ...]
    accountable: str
    consulted: tuple[str, ...]
    informed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Governance:
    """Everything the library says about who does what."""

    offices: Mapping[str, Office]
    apart: tuple[Apart, ...]
    processes: tuple[Process, ...]
    families: tuple[Family, ...]

    def title(self, office: str) -> str:
        """An office, or a kind of owner, as people read it."""
        return self.offices[office].title if office in self.offices else OF_RECORDS.get(office, office)

    def office_of_role(self, owner_role: str) -> str:
        """The office that a control's `owner_role` means; control-owner or system-owner where it is no office."""
        found = next((one.id for one in self.offices.values() if owner_role in one.owner_roles), "")
        return found or ("system-owner" if owner_role == "system owner" else "control-owner")

    def family_of(self, control: str) -> Family | None:
        """The family a control belongs to by its id."""
        return next((one for one in self.families if control.startswith(one.prefixes)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Somebody who holds an office. `person` is their key."""

    person: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An office in a body (organisation, unit/SLUG or committee/SLUG), and who holds it."""

    office: str
    body: str
    holder: Holder


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Somebody holds two offices that have to be apart, or one that their own work forbids."""

    holder: Holder
    offices: tuple[str, str]
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What an office is to a process or control, and the people who hold it there; nobody: it is vacant."""

    letter: Letter
    office: str
    people: tuple[Holder, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A process or a control with everybody who has to do with it, the responsible first."""

    id: str
    title: str
    cells: tuple[Cell, ...]

    def of(self, letter: Letter) -> tuple[Cell, ...]:
        """Those with one letter."""
        return tuple(cell for cell in self.cells if cell.letter == letter)


def vacant(governance: Governance, rows: Iterable[Row]) -> tuple[str, ...]:
    """The offices of the organisation that are responsible or accountable for something while nobody holds them."""
    found = {
        cell.office
        for row in rows
        for cell in row.cells
        if cell.letter in "RA" and not cell.people and cell.office in governance.offices
    }
    return tuple(one for one, office in governance.offices.items() if one in found and "organisation" in office.bodies)


def conflicts(governance: Governance, held: Iterable[Held]) -> tuple[Conflict, ...]:
    """Everybody who holds two offices that have to be apart, by name."""
    theirs: dict[int, dict[str, Holder]] = {}
    for one in held:
        theirs.setdefault(one.holder.person, {})[one.office] = one.holder
    found = [
        Conflict(holder=offices[rule.offices[0]], offices=rule.offices, because=rule.because)
        for offices in theirs.values()
        for rule in governance.apart
        if set(rule.offices) <= set(offices)
    ]
    return tuple(sorted(found, key=lambda one: (one.holder.name, one.offices)))


def stands_against(governance: Governance, held: Iterable[Held], office: str, person: int) -> tuple[str, ...]:
    """Why somebody must not take an office with those they hold already; nothing if they may."""
    theirs = {one.office for one in held if one.holder.person == person}
    return tuple(
        f"{governance.title(other)} and {governance.title(office)} have to be different people: {rule.because}"
        for rule in governance.apart
        if office in rule.offices
        for other in set(rule.offices) - {office}
        if other in theirs
    )


def of_processes(governance: Governance, held: Sequence[Held]) -> tuple[Row, ...]:
    """Every process with the people who hold the offices in the organisation as a whole."""
    return tuple(
        Row(
            id=one.id,
            title=one.title,
            cells=tuple(_cell(letter, office, held) for letter, office in one.letters),
        )
        for one in governance.processes
    )  # fmt: skip


def of_controls(
    governance: Governance, held: Sequence[Held], controls: Iterable[Control], owners: Mapping[str, Holder]
) -> tuple[Row, ...]:
    """Every control: responsible is its named owner, else who holds the office its role means; the rest by family."""
    return tuple(_of_control(governance, held, one, owners.get(one.id)) for one in controls)


def _of_control(governance: Governance, held: Sequence[Held], control: Control, owner: Holder | None) -> Row:
    office = governance.office_of_role(control.owner_role)
    family = governance.family_of(control.id)
    first = Cell(letter="R", office=office, people=(owner,)) if owner else _cell("R", office, held)
    cells = [first]
    if family is not None:
        above = family.accountable if family.accountable != office else "executive-sponsor"
        cells.append(_cell("A", above, held))
        cells += [_cell("C", one, held) for one in family.consulted if one not in {office, above}]
        cells += [_cell("I", one, held) for one in family.informed if one not in {office, above}]
    return Row(id=control.id, title=control.name, cells=tuple(cells))


def _cell(letter: Letter, office: str, held: Iterable[Held]) -> Cell:
    return Cell(letter=letter, office=office, people=tuple(_holders(office, held)))


def _holders(office: str, held: Iterable[Held]) -> Iterator[Holder]:
    for one in held:
        if one.office == office and one.body == "organisation":
            yield one.holder
