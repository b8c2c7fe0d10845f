"""Frameworks, controls, coverage and mappings as values: what is asked, what is done, and which of it meets what.

Shapes follow the library files (docs/library.md). Nothing here reads a file; `annexa.library` does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Literal

Level = Literal["organisation", "system"]
Attribute = str | bool | int | date | tuple[str, ...]


class ExpectationKind(StrEnum):
    """The four ways in which a control can be shown to work."""

    RECORD = "record"
    ARTIFACT = "artifact"
    SIGNAL = "signal"
    ATTESTATION = "attestation"


class Relation(StrEnum):
    """How the content of one requirement lies to that of another: the words of NIST IR 8477."""

    EQUAL = "equal"
    SUBSET_OF = "subset_of"
    SUPERSET_OF = "superset_of"
    INTERSECTS_WITH = "intersects_with"


class Confidence(StrEnum):
    """How sure an edge of a mapping is, the surest first."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """A duty that asks for more than a role and a class: at least one of these words must have been found.

    `law`: whose approved answers say so. While nobody has approved any, the duty counts as if a word were there.
    `replaces_class`: once decided, the words hold in the place of the class, which stands in for them until then.
    """

    law: str
    any_of: tuple[str, ...]
    says: str
    cites: tuple[str, ...]
    replaces_class: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A rule for what was there before the law: where all these words were found, a duty begins on another day.

    `on` (inclusive) None: the duty does not begin as long as they hold.
    """

    law: str
    when: tuple[str, ...]
    on: date | None
    says: str
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One clause, control, article or subcategory of a framework, in the edition's own numbering.

    `applies_from` is inclusive; None means since the framework exists. `no_duty` says why an organisation has
    nothing to do (a definition, a duty of an authority); empty means it is a duty. `narrowed` and `transitions` are
    those of the framework that name it or a group above it. `commencements` say where the law itself names its days.
    """

    id: str
    parent: str | None
    kind: str
    title: str
    summary: str
    level: Level
    binds_roles: tuple[str, ...] = ()
    binds_classes: tuple[str, ...] = ()
    applies_from: date | None = None
    documented_information: Literal["yes", "no", "if applicable"] = "no"
    no_duty: str = ""
    note: str = ""
    source: str = ""
    attributes: Mapping[str, Attribute] = field(default_factory=lambda: MappingProxyType({}))
    narrowed: tuple[Narrowing, ...] = ()
    transitions: tuple[Transition, ...] = ()
    commencements: Mapping[date, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def days(self) -> tuple[date, ...]:
        """Every day on which it begins to bind somebody."""
        found = (self.applies_from, self.attributes.get("applies_from_annex_i"), *(one.on for one in self.transitions))
        return tuple(day for day in found if isinstance(day, date))


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What only one framework says of its requirements: the attribute's title, and its values if they are closed."""

    title: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Framework:
    """One edition of a standard or law: a tree of requirements, parents before children.

    `attributes` are those its requirements may carry besides the fields that every framework has.
    """

    id: str
    version: str
    title: str
    publisher: str
    licence_note: str
    source_url: str
    language: str
    edition: str
    status: Literal["current", "withdrawn", "repealed"]
    requirements: tuple[Requirement, ...]
    attributes: Mapping[str, Declared] = field(default_factory=lambda: MappingProxyType({}))

    @cached_property
    def by_id(self) -> Mapping[str, Requirement]:
        """Requirements by their official id."""
        return MappingProxyType({r.id: r for r in self.requirements})

    @cached_property
    def children(self) -> Mapping[str | None, tuple[Requirement, ...]]:
        """Requirements by the id of their parent; the top level is under None."""
        found: dict[str | None, list[Requirement]] = {}
        for requirement in self.requirements:
            found.setdefault(requirement.parent, []).append(requirement)
        return MappingProxyType({parent: tuple(below) for parent, below in found.items()})

    @cached_property
    def leaves(self) -> tuple[Requirement, ...]:
        """The requirements that are judged: those without children. Groups roll them up."""
        return tuple(r for r in self.requirements if r.id not in self.children)

    def lineage(self, requirement: Requirement) -> Iterator[Requirement]:
        """The requirement itself, then its parents up to the top."""
        step: Requirement | None = requirement
        while step is not None:
            yield step
            step = self.by_id[step.parent] if step.parent is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What evidence a control needs: what, of which kind, how fresh, from whom.

    `max_age` is None only for records, which are read anew each time.
    """

    id: str
    what: str
    kind: ExpectationKind
    check: str = ""
    max_age: timedelta | None = None
    max_age_text: str = ""
    who: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTest:
    """How an auditor tests the control: its design, or its operation."""

    kind: Literal["design", "operating"]
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Something the organisation does, described once, that helps to meet requirements of many frameworks.

    `effort` is in person-days. `binds_roles` and `binds_classes` narrow a system-level control to the AI systems
    it makes sense for; empty means every system.
    """

    id: str
    name: str
    objective: str
    practice: str
    level: Level
    owner_role: str
    cadence: str
    effort: float
    expectations: tuple[Expectation, ...]
    tests: tuple[ControlTest, ...]
    binds_roles: tuple[str, ...] = ()
    binds_classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Which controls meet one requirement: any one sufficient set, wholly effective; contributors only help."""

    requirement: str
    sufficient: tuple[tuple[str, ...], ...] = ()
    contributes: tuple[str, ...] = ()
    because: str = ""

    @property
    def controls(self) -> tuple[str, ...]:
        """Every control named, in order of first mention, each once."""
        named = [control for chosen in self.sufficient for control in chosen]
        return tuple(dict.fromkeys([*named, *self.contributes]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """What one requirement has to do with one of another framework, and why we say so.

    Read along the arrow: `start` is, for example, a subset of `end`.
    """

    start: str
    end: str
    relation: Relation
    rationale: str
    source: str
    confidence: Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkMapping:
    """Which requirements of one framework correspond to which of another, by one author on one basis."""

    source: str
    target: str
    author: str
    basis: str
    edges: tuple[Edge, ...]


@dataclass(frozen=True, kw_only=True)
class Library:
    """All content shipped with the product. `version` is the digest over every file, so equal means equal."""

    version: str
    frameworks: Mapping[str, Framework]
    controls: Mapping[str, Control]
    coverage: Mapping[str, Mapping[str, Coverage]]
    mappings: tuple[FrameworkMapping, ...] = ()

    def covering(self, framework: Framework, requirement: Requirement) -> Coverage | None:
        """The coverage of a requirement: its own entry, or else that of the nearest group above it."""
        entries = self.coverage.get(framework.id, {})
        for step in framework.lineage(requirement):
            if step.id in entries:
                return entries[step.id]
        return None

    def reaches_systems(self, framework: Framework, requirement: Requirement) -> bool:
        """Whether a requirement is asked of single AI systems: as such, or through a control of single systems."""
        key = (framework.id, requirement.id)
        if key not in self._reaching:
            coverage = self.covering(framework, requirement)
            named = coverage.controls if coverage is not None else ()
            self._reaching[key] = requirement.level == "system" or any(
                self.controls[control].level == "system" for control in named
            )
        return self._reaching[key]

    @cached_property
    def _reaching(self) -> dict[tuple[str, str], bool]:
        return {}

    @cached_property
    def covered_by(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """For each control, the (framework id, requirement id) of every leaf that names it."""
        found: dict[str, list[tuple[str, str]]] = {control: [] for control in self.controls}
        for framework in self.frameworks.values():
            for leaf in framework.leaves:
                entry = self.covering(framework, leaf)
                for control in entry.controls if entry and not leaf.no_duty else ():
                    found[control].append((framework.id, leaf.id))
        return MappingProxyType({control: tuple(rows) for control, rows in found.items()})
