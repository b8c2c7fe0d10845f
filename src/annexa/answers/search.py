"""Finding things by name or number: AI systems, records, controls, requirements of every framework."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Q, QuerySet

from annexa.answers.frameworks import adopted_frameworks
from annexa.answers.posture import Standpoint, standpoint
from annexa.answers.registers import rows_of
from annexa.pure.permits import Actor
from annexa.pure.posture import Verdict
from annexa.pure.register import Register
from annexa.pure.registers import REGISTERS
from annexa.pure.standards import Control, Framework, Requirement
from annexa.records.registers import RegisterRow
from annexa.records.systems import AiSystem

MOST = 12
LONGEST = 200
_SPOKEN = re.compile(r"^(article|clause|control)\s+", re.IGNORECASE)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundControl:
    """A control and where it stands in the organisation."""

    control: Control
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRequirement:
    """A requirement and its framework; a verdict if it is judged, none if it is a group or nobody's duty."""

    framework: Framework
    requirement: Requirement
    verdict: Verdict | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRecords:
    """The records of one register: the first few by name, and how many."""

    register: Register
    rows: tuple[RegisterRow, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found: the first few of each kind, the best first, and how many there are.

    `exact` says that something has exactly the number that was typed.
    """

    text: str
    exact: bool
    systems: tuple[AiSystem, ...]
    systems_total: int
    controls: tuple[FoundControl, ...]
    controls_total: int
    requirements: tuple[FoundRequirement, ...]
    requirements_total: int
    records: tuple[FoundRecords, ...]

    @property
    def records_total(self) -> int:
        """How many records of registers were found."""
        return sum(one.total for one in self.records)

    @property
    def nothing(self) -> bool:
        """Whether nothing was found at all."""
        return not (self.systems_total or self.controls_total or self.requirements_total or self.records)


def search(*, actor: Actor, text: str, now: datetime) -> Found:
    """Everything whose number or name has what was typed, exact numbers first. Numbers match without their spaces."""
    stand = standpoint(actor=actor, now=now)
    typed = " ".join(text.split())[:LONGEST]
    systems = _systems(actor, typed)
    controls = _ranked(stand.library.controls.values(), typed, lambda c: (c.id, c.name, c.objective))
    every = [(f, r) for f in _frameworks(stand) for r in f.requirements]
    requirements = _ranked(every, typed, lambda pair: (pair[1].id, pair[1].title, ""))
    return Found(
        text=typed,
        exact=any(rank == 0 for rank, _ in (*controls[:1], *requirements[:1])),
        systems=tuple(systems[:MOST]) if typed else (),
        systems_total=systems.count() if typed else 0,
        controls=tuple(FoundControl(control=one, verdict=stand.judged(one.id).verdict) for _, one in controls[:MOST]),
        controls_total=len(controls),
        requirements=tuple(
            FoundRequirement(framework=f, requirement=r, verdict=_verdict(stand, f, r))
            for _, (f, r) in requirements[:MOST]
        ),
        requirements_total=len(requirements),
        records=_records(actor, typed) if typed else (),
    )


def number(text: str) -> str:
    """A number as it is compared: "Article 26 (6)", "art. 26(6)" and "Art.26(6)" are the same."""
    spoken = _SPOKEN.sub(lambda found: "art." if found[1].lower() == "article" else "", text.strip())
    return "".join(spoken.split()).casefold()


def _systems(actor: Actor, typed: str) -> QuerySet[AiSystem]:
    rows = AiSystem.objects.visible_to(actor).only("slug", "name", "reference", "unit", "risk_class", "owner")
    for word in typed.split():
        rows = rows.filter(Q(name__icontains=word) | Q(reference__icontains=word) | Q(slug__icontains=word))
    return rows.order_by("name", "slug")


def _records(actor: Actor, typed: str) -> tuple[FoundRecords, ...]:
    """What of every register has the words in its name, reference or slug. Cost: two queries for each register."""
    found = []
    for register in REGISTERS.values():
        rows: QuerySet[Any] = rows_of(actor, register)
        for word in typed.split():
            meant = Q(name__icontains=word) | Q(slug__icontains=word)
            rows = rows.filter(meant | Q(reference__icontains=word) if "reference" in register.field else meant)
        if total := rows.count():
            first = tuple(rows.only("slug", "name").order_by("name", "slug")[:MOST])
            found.append(FoundRecords(register=register, rows=first, total=total))
    return tuple(found)


def _frameworks(stand: Standpoint) -> list[Framework]:
    """Every framework, the adopted ones first in the organisation's own order."""
    adopted = adopted_frameworks(stand.library)
    ids = [*adopted, *(one for one in sorted(stand.library.frameworks) if one not in adopted)]
    return [stand.library.frameworks[one] for one in ids]


def _ranked(things: Iterable[T], typed: str, texts: Callable[[T], tuple[str, str, str]]) -> list[tuple[int, T]]:
    """What matches, best first: the number itself, numbers that begin so, the words of the title, of the rest."""
    wanted, words = number(typed), typed.casefold().split()
    found: list[tuple[int, T]] = []
    for thing in things if wanted else ():
        own, title, more = texts(thing)
        short, said = number(own), title.casefold()
        if short == wanted or short == f"art.{wanted}":
            found.append((0, thing))
        elif short.startswith(wanted):
            found.append((1, thing))
        elif all(word in said for word in words):
            found.append((2, thing))
        elif more and all(word in f"{said} {more.casefold()}" for word in words):
            found.append((3, thing))
    return sorted(found, key=lambda pair: pair[0])


def _verdict(stand: Standpoint, framework: Framework, requirement: Requirement) -> Verdict | None:
    """Where the organisation stands on it. Cost: the framework's posture, which is computed once."""
    lines = stand.posture(framework.id).lines
    return next((line.verdict for line in lines if line.requirement.id == requirement.id), None)
