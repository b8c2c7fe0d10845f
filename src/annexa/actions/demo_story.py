"""The story of the demo organisation as values: people, systems, declarations, gaps and judgements, in days.

The story itself is a file for people to read and change: library/demo/organisation.toml.
"""

import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from typing import Any, Literal

from annexa.pure.facts import ORGANISATION

GapState = Literal["expired", "expires", "failing", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryPerson:
    """Somebody in the demo. `duties` are the roles of the library whose evidence this person hands in."""

    id: str
    name: str
    email: str
    role: str
    duties: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryUnit:
    """A unit directly below the organisation, with those below it."""

    name: str
    below: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryCommittee:
    """A committee and who sits in it."""

    name: str
    purpose: str
    months_between: int
    days_ago: int
    chair: str
    secretary: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointed:
    """Who was appointed to an office."""

    office: str
    person: str
    days_ago: int
    because: str
    body: str = ORGANISATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A role in a part of the organisation. `ends_in`: days from today."""

    person: str
    role: str
    days_ago: int
    because: str
    unit: str = ""
    system: str = ""
    ends_in: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StorySystem:
    """An AI system as it was put into the register; `facts` in the words of the register, dates in days ago."""

    id: str
    days_ago: int
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Fields of a system that were set later."""

    system: str
    days_ago: int
    because: str
    set: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What one person declared about several controls on one day. `due_in`: days from today, for a plan."""

    state: str
    days_ago: int
    by: str
    because: str
    controls: tuple[str, ...]
    system: str = ORGANISATION
    due_in: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One expectation whose evidence is not simply current, with the reason that stands beside it."""

    control: str
    expectation: str
    state: GapState
    days: int = 0
    because: str = ""
    system: str = ORGANISATION


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a person found or accepted, and how it was closed if it was."""

    kind: str
    by: str
    days_ago: int
    because: str
    control: str = ""
    framework: str = ""
    requirement: str = ""
    ends_in: int | None = None
    closed: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The questions of a law, answered for a system and put to a second person, who approved them if it says so."""

    law: str
    system: str
    by: str
    days_ago: int
    because: str
    answers: dict[str, Any]
    approved: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessListed:
    """Who had access to a system, as a file of that day said; ~N in it is the day N days before today."""

    system: str
    taken: int
    csv: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessDecided:
    """What a reviewer decided about rows of a list; of the list "rest" about all that is open and not their own."""

    days_ago: int
    by: str
    list: str
    rows: tuple[int, ...]
    decision: str
    because: str
    to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessDone:
    """That a decision about a row of the first list was carried out."""

    days_ago: int
    by: str
    row: int
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessReviewed:
    """A review of who has access; `due` and `ended` in days ago, and `ended` None while it runs."""

    id: str
    name: str
    opened: int
    due: int
    by: str
    reviewers: tuple[str, ...]
    carrier: str
    because: str
    lists: tuple[AccessListed, ...]
    decided: tuple[AccessDecided, ...]
    done: tuple[AccessDone, ...] = ()
    itself: bool = False
    ended: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """One version of an impact assessment: begun, perhaps handed in and approved, each so many days ago.

    `answers`: in their plain form, but for days and people. `only`: the sections that were written so far; empty: all.
    """

    form: str
    system: str
    by: str
    days_ago: int
    answers: dict[str, Any]
    because: str = ""
    only: tuple[str, ...] = ()
    handed_in: int | None = None
    approved: int | None = None
    until: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A record that somebody put into a register, and how it changed `later` (days_ago, because, set).

    Days are given as so many days ago, people by their ids.
    """

    register: str
    by: str
    days_ago: int
    set: dict[str, Any]
    because: str = ""
    later: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierAsked:
    """A questionnaire that somebody sent to a supplier, what came back, and the judgement. Days as so many days ago."""

    supplier: str
    questionnaire: str
    by: str
    days_ago: int
    due: int
    to: str
    because: str
    answers: dict[str, Any]
    answered: int
    handed_in: int | None = None
    signed: str = ""
    judged: dict[str, Any] | None = None
    files: tuple[dict[str, Any], ...] = ()
    certificates: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """Library files of the organisation's own, beside the story's file, and when and why they were taken up."""

    days_ago: int
    by: str
    because: str
    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Story:
    """Everything that happened in the demo organisation."""

    name: str
    days_ago: int
    people: tuple[StoryPerson, ...]
    units: tuple[StoryUnit, ...]
    committees: tuple[StoryCommittee, ...]
    appointed: tuple[Appointed, ...]
    granted: tuple[Granted, ...]
    systems: tuple[StorySystem, ...]
    changes: tuple[Change, ...]
    declared: tuple[Declared, ...]
    gaps: tuple[Gap, ...]
    judged: tuple[Judged, ...]
    answered: tuple[Answered, ...]
    own: tuple[Own, ...]
    access_reviews: tuple[AccessReviewed, ...]
    kept: tuple[Kept, ...]
    suppliers_asked: tuple[SupplierAsked, ...]
    assessed: tuple[Assessed, ...]

    @cached_property
    def in_use(self) -> tuple[StorySystem, ...]:
        """The systems that are not retired by today."""
        retired = {change.system for change in self.changes if change.set.get("stage") == "retirement"}
        return tuple(system for system in self.systems if system.id not in retired)

    @cached_property
    def implemented(self) -> dict[str, int]:
        """Controls declared implemented in the organisation, with the days since then."""
        return {
            control: declared.days_ago
            for declared in self.declared
            if declared.state == "implemented" and declared.system == ORGANISATION
            for control in declared.controls
        }

    @cached_property
    def elsewhere(self) -> set[tuple[str, str]]:
        """(control, system) pairs for which something else is declared than for the organisation."""
        return {(c, declared.system) for declared in self.declared for c in declared.controls}

    def gap(self, control: str, expectation: str, scope: str) -> Gap | None:
        """What is not in order about an expectation in a scope; None if all is well."""
        asked = (control, expectation, scope)
        return next((gap for gap in self.gaps if (gap.control, gap.expectation, gap.system) == asked), None)

    def facts_of(self, system: str, *, days_ago: int = 0) -> dict[str, Any]:
        """What was known about a system at the end of that day."""
        first = next(told.facts for told in self.systems if told.id == system)
        later = [change.set for change in self.changes if change.system == system and change.days_ago >= days_ago]
        return {key: value for step in (first, *later) for key, value in step.items()}

    def duty(self, role: str, owner: str = "") -> str:
        """The id of the person who hands in evidence that a role of the library answers for."""
        if role == "system owner":
            return owner or self.duty("AI governance lead")
        return next((person.id for person in self.people if role in person.duties), self.people[0].id)


def told(name: str) -> bytes:
    """A file of the story."""
    return (resources.files("annexa.library") / "demo" / name).read_bytes()


def story() -> Story:
    """The story as shipped. Raises TypeError or KeyError if the file says something it may not."""
    table = tomllib.loads(told("organisation.toml").decode("utf-8"))
    return Story(
        name=table["organisation"]["name"],
        days_ago=table["organisation"]["days_ago"],
        people=tuple(StoryPerson(**{**row, "duties": tuple(row["duties"])}) for row in table["person"]),
        units=tuple(StoryUnit(**{**row, "below": tuple(row["below"])}) for row in table["unit"]),
        committees=tuple(StoryCommittee(**{**row, "members": tuple(row["members"])}) for row in table["committee"]),
        appointed=tuple(Appointed(**row) for row in table["appointment"]),
        granted=tuple(Granted(**row) for row in table["grant"]),
        systems=tuple(
            StorySystem(id=row.pop("id"), days_ago=row.pop("days_ago"), facts=row) for row in table["system"]
        ),
        changes=tuple(Change(**row) for row in table["change"]),
        declared=tuple(Declared(**{**row, "controls": tuple(row["controls"])}) for row in table["declared"]),
        gaps=tuple(Gap(**row) for row in table["gap"]),
        judged=tuple(Judged(**row) for row in table["judgement"]),
        answered=tuple(Answered(**row) for row in table["answered"]),
        own=tuple(Own(**{**row, "files": tuple(row["files"])}) for row in table["own"]),
        access_reviews=tuple(_access_review(row) for row in table["access_review"]),
        kept=_kept(),
        suppliers_asked=_suppliers_asked(),
        assessed=_assessed(),
    )


def _kept() -> tuple[Kept, ...]:
    """The rows of every file of registers."""
    files = sorted(
        one.name
        for one in (resources.files("annexa.library") / "demo").iterdir()
        if one.name.startswith("registers") and one.name.endswith(".toml")
    )
    rows = [row for name in files for row in tomllib.loads(told(name).decode("utf-8"))["record"]]
    return tuple(Kept(**{**row, "later": tuple(row.pop("later", ()))}) for row in rows)


def _suppliers_asked() -> tuple[SupplierAsked, ...]:
    rows = tomllib.loads(told("due-diligence.toml").decode("utf-8"))["sent"]
    return tuple(SupplierAsked(**row) for row in rows)


def _assessed() -> tuple[Assessed, ...]:
    """Every impact assessment, each with what is said in one way of all systems."""
    table = tomllib.loads(told("assessments.toml").decode("utf-8"))
    return tuple(
        Assessed(answers={**table["answers"][row["form"]], **row.pop("set")}, only=tuple(row.pop("only", ())), **row)
        for row in table["assessment"]
    )


def _access_review(row: dict[str, Any]) -> AccessReviewed:
    return AccessReviewed(
        lists=tuple(AccessListed(**one) for one in row.pop("list")),
        decided=tuple(AccessDecided(**{**one, "rows": tuple(one["rows"])}) for one in row.pop("decided")),
        done=tuple(AccessDone(**one) for one in row.pop("done", ())),
        reviewers=tuple(row.pop("reviewers")),
        **row,
    )
