"""What there is to read and to work with: the library in force, and the working material of this version beside it.

No verdict rests on regimes, questionnaires, policies, courses, scenarios and gates, so they follow the program, and
what they refer to may be missing from an older library in force (decision 0013).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from annexa.answers.controls import FAMILIES
from annexa.answers.errors import UnknownError, no_framework
from annexa.answers.frameworks import adopted_frameworks
from annexa.answers.posture import Standpoint, standpoint
from annexa.library.classification import classifications
from annexa.library.courses import courses
from annexa.library.gates import gates
from annexa.library.policies import policies
from annexa.library.questionnaires import questionnaires
from annexa.library.regimes import regimes
from annexa.library.risks import risks
from annexa.pure.checklists import Checklist, checklist
from annexa.pure.classify import Classification
from annexa.pure.documents import Policy
from annexa.pure.gates import Gate
from annexa.pure.permits import Actor
from annexa.pure.posture import Verdict
from annexa.pure.questionnaires import Questionnaire
from annexa.pure.regimes import Regime
from annexa.pure.risk import AREAS, Catalogue, Scenario
from annexa.pure.standards import Control, Edge, Framework, FrameworkMapping, Level, Library, Requirement
from annexa.pure.training import Course
from annexa.records.organisation import Organisation

T = TypeVar("T")
Facets = Mapping[str, Callable[[T], tuple[str, ...]]]
"""What things can be narrowed by: for each facet, the values that a thing has."""
Counted = tuple[tuple[str, int], ...]
"""The values of a facet, each with how many things it leaves."""
LONGEST_PAGE = 60
"""Requirements that are shown whole; a longer text is read part by part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A requirement that a text points to; `found` is None if the library in force does not have it."""

    framework: str
    requirement: str
    point: str
    found: Requirement | None


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """The requirements of one framework that a text points to."""

    title: str
    requirements: tuple[Reference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkShelf:
    """A framework in numbers: its duties, and how many of them controls of the library meet if effective."""

    framework: Framework
    adopted: bool
    duties: int
    covered: int

    @property
    def percent(self) -> int | None:
        """The share covered, rounded down; None where there is no duty."""
        return 100 * self.covered // self.duties if self.duties else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingShelf:
    """A mapping with the frameworks it connects."""

    mapping: FrameworkMapping
    source: Framework
    target: Framework


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelves:
    """Everything there is to read, by kind."""

    frameworks: tuple[FrameworkShelf, ...]
    requirements: int
    controls: int
    families: tuple[tuple[str, str, int], ...]
    mappings: tuple[MappingShelf, ...]
    edges: int
    regimes: tuple[Regime, ...]
    questionnaires: tuple[Questionnaire, ...]
    policies: tuple[Policy, ...]
    courses: tuple[Course, ...]
    areas: tuple[tuple[str, int], ...]
    scenarios: int
    gates: tuple[Gate, ...]
    classifications: tuple[Classification, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRow:
    """A requirement of a part: a group with what stands below it, or a leaf."""

    requirement: Requirement
    group: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPart:
    """A part of a framework: its own requirement, everything below it in reading order, how many leaves of it are
    shown. `rows` is empty where the part is folded; `requirement` is None where a framework without groups is whole."""

    requirement: Requirement | None
    rows: tuple[TextRow, ...]
    leaves: int
    unfolded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkText:
    """A framework to read, narrowed by facets. `facets`: for each, its values with what choosing them leaves."""

    shelf: FrameworkShelf
    parts: tuple[TextPart, ...]
    leaves: int
    facets: Mapping[str, Counted]


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingPage:
    """A mapping, edge by edge, with the requirements at both ends."""

    shelf: MappingShelf
    edges: tuple[tuple[Edge, Requirement, Requirement], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A control by its id, with its verdict in the organisation; both None if the library in force does not have it."""

    id: str
    control: Control | None
    verdict: Verdict | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioPage:
    """A scenario with the catalogue it stands in and its controls."""

    scenario: Scenario
    catalogue: Catalogue
    controls: tuple[Standing, ...]
    before: Scenario | None
    after: Scenario | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioList:
    """The scenarios that the facets leave, and each facet's values with what choosing them leaves."""

    scenarios: tuple[Scenario, ...]
    total: int
    catalogue: Catalogue
    facets: Mapping[str, Counted]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePage:
    """A gate with what it needs: the control's name where it is one, and its verdict in the organisation."""

    gate: Gate
    gates: tuple[Gate, ...]
    controls: Mapping[str, Standing]
    questionnaires: Mapping[str, Questionnaire]
    cites: tuple[References, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistPage:
    """A checklist, whole or of one part, and the parts it can be walked in with the duties of each."""

    framework: Framework
    checklist: Checklist
    part: Requirement | None
    parts: tuple[tuple[Requirement, int], ...]
    duties: int


# --- the shelves and the library in force -------------------------------------------------------------------------


def shelves(*, actor: Actor, now: datetime) -> Shelves:
    """Everything there is to read. Raises UnknownError."""
    library = standpoint(actor=actor, now=now).library
    families = Counter(control.partition("-")[0] for control in library.controls)
    areas = Counter(scenario.area for scenario in risks().scenarios.values())
    known = [letters for letters in FAMILIES if letters in families]
    return Shelves(
        frameworks=_framework_shelves(library),
        requirements=sum(len(framework.requirements) for framework in library.frameworks.values()),
        controls=len(library.controls),
        families=tuple(
            (letters, FAMILIES.get(letters, letters), families[letters])
            for letters in (*known, *sorted(set(families) - set(known)))
        ),
        mappings=tuple(_mapping_shelf(library, mapping) for mapping in library.mappings),
        edges=sum(len(mapping.edges) for mapping in library.mappings),
        regimes=tuple(regimes().values()),
        questionnaires=tuple(sorted(questionnaires().values(), key=lambda one: (one.kind, len(one.questions)))),
        policies=tuple(policies().values()),
        courses=tuple(courses().values()),
        areas=tuple((area, areas[area]) for area in AREAS if areas[area]),
        scenarios=len(risks().scenarios),
        gates=tuple(gates().values()),
        classifications=tuple(classifications().values()),
    )


def _framework_shelves(library: Library) -> tuple[FrameworkShelf, ...]:
    """Adopted ones first, in the organisation's own order."""
    adopted = adopted_frameworks(library)
    rest = [one for one in sorted(library.frameworks) if one not in adopted]
    return tuple(_shelf(library, one, adopted=one in adopted) for one in (*adopted, *rest))


def _shelf(library: Library, framework: str, *, adopted: bool) -> FrameworkShelf:
    found = library.frameworks[framework]
    duties, covered = _covered(library, found)
    return FrameworkShelf(framework=found, adopted=adopted, duties=duties, covered=covered)


def _covered(library: Library, framework: Framework) -> tuple[int, int]:
    """The duties of a framework, and those that a set of controls meets."""
    duties = [leaf for leaf in framework.leaves if not leaf.no_duty]
    entries = [library.covering(framework, leaf) for leaf in duties]
    return len(duties), sum(1 for entry in entries if entry and entry.sufficient)


FACETS: Facets[Requirement] = {
    "level": lambda one: (one.level,),
    "role": lambda one: one.binds_roles,
    "class": lambda one: one.binds_classes,
    "documented": lambda one: (one.documented_information,),
    "from": lambda one: (one.applies_from.isoformat(),) if one.applies_from else (),
}
"""What a framework's text can be narrowed by, and where a requirement has it."""


def framework_text(
    *, actor: Actor, now: datetime, framework: str, chosen: Mapping[str, str] | None = None, unfolded: str = ""
) -> FrameworkText:
    """A framework to read, narrowed to the leaves that have what was chosen of each facet. Raises UnknownError."""
    library = standpoint(actor=actor, now=now).library
    found = _framework(library, framework)
    wanted = {facet: value for facet, value in (chosen or {}).items() if facet in FACETS and value}
    shown = _narrowed(found.leaves, FACETS, wanted)
    whole, parts = len(shown) <= LONGEST_PAGE, parts_of(found)
    kept = {step.id for leaf in shown for step in found.lineage(leaf)}
    return FrameworkText(
        shelf=_shelf(library, framework, adopted=framework in adopted_frameworks(library)),
        parts=tuple(_part(found, one, kept, whole or one.id == unfolded) for one in parts if one.id in kept)
        if any(one.id in found.children for one in parts)
        else _list(shown),
        leaves=len(shown),
        facets={facet: _values(found.leaves, FACETS, wanted, facet) for facet in FACETS},
    )


def parts_of(framework: Framework) -> tuple[Requirement, ...]:
    """The parts a framework is read in: its top level, or the groups below if there is only one on top."""
    parts = framework.children.get(None, ())
    while len(parts) == 1 and any(one.id in framework.children for one in framework.children.get(parts[0].id, ())):
        parts = framework.children[parts[0].id]
    return parts


def _list(leaves: tuple[Requirement, ...]) -> tuple[TextPart, ...]:
    """The leaves of a framework without groups as one list."""
    rows = tuple(TextRow(requirement=leaf, group=False) for leaf in leaves)
    return (TextPart(requirement=None, rows=rows, leaves=len(rows), unfolded=True),) if rows else ()


def _part(framework: Framework, part: Requirement, kept: set[str], unfolded: bool) -> TextPart:
    below = [one for one in framework.requirements if one.id in kept and part in framework.lineage(one)]
    leaves = sum(one.id not in framework.children for one in below)
    rows = [
        TextRow(requirement=one, group=one.id in framework.children)
        for one in below
        if one is not part or one.id not in framework.children
    ]
    return TextPart(requirement=part, rows=tuple(rows) if unfolded else (), leaves=leaves, unfolded=unfolded)


def mapping_page(*, actor: Actor, now: datetime, source: str, target: str) -> MappingPage:
    """A mapping between two frameworks, edge by edge. Raises UnknownError."""
    library = standpoint(actor=actor, now=now).library
    found = [one for one in library.mappings if (one.source, one.target) == (source, target)]
    if not found:
        raise UnknownError(f"There is no mapping from {source!r} to {target!r}.")
    shelf = _mapping_shelf(library, found[0])
    edges = tuple(
        (edge, shelf.source.by_id[edge.start], shelf.target.by_id[edge.end]) for one in found for edge in one.edges
    )
    return MappingPage(shelf=shelf, edges=edges)


def _mapping_shelf(library: Library, mapping: FrameworkMapping) -> MappingShelf:
    return MappingShelf(
        mapping=mapping, source=library.frameworks[mapping.source], target=library.frameworks[mapping.target]
    )


def checklist_page(
    *, actor: Actor, now: datetime, framework: str, part: str = "", level: Level | None = None
) -> ChecklistPage:
    """A framework's checklist, of one part or of one level if asked for. Raises UnknownError."""
    library = standpoint(actor=actor, now=now).library
    found = _framework(library, framework)
    chosen = found.by_id.get(part)
    if part and chosen is None:
        raise UnknownError(f"{found.title} has no requirement {part}.")
    duties = [leaf for leaf in found.leaves if not leaf.no_duty and level in (None, leaf.level)]
    above = Counter(step.id for leaf in duties for step in found.lineage(leaf))
    return ChecklistPage(
        framework=found,
        checklist=checklist(library, found, clauses={part} if part else None, level=level),
        part=chosen,
        parts=tuple((one, above[one.id]) for one in parts_of(found) if above[one.id]),
        duties=len(duties),
    )


def _framework(library: Library, framework: str) -> Framework:
    found = library.frameworks.get(framework)
    if found is None:
        raise no_framework(framework, library.frameworks)
    return found


# --- working material ---------------------------------------------------------------------------------------------


def references(
    *, actor: Actor, now: datetime, named: Iterable[tuple[str, str] | tuple[str, str, str]]
) -> tuple[References, ...]:
    """The requirements that a text names, by framework, as far as the library in force has them."""
    return refer(standpoint(actor=actor, now=now).library, named)


def refer(library: Library, named: Iterable[tuple[str, str] | tuple[str, str, str]]) -> tuple[References, ...]:
    """The requirements that a text names, by framework: pairs, or with a letter inside the requirement."""
    grouped: dict[str, list[Reference]] = {}
    for framework, requirement, *point in named:
        held = library.frameworks.get(framework)
        grouped.setdefault(framework, []).append(
            Reference(
                framework=framework,
                requirement=requirement,
                point=point[0] if point else "",
                found=held.by_id.get(requirement) if held else None,
            )
        )
    return tuple(
        References(
            title=library.frameworks[name].title if name in library.frameworks else name, requirements=tuple(found)
        )
        for name, found in grouped.items()
    )


def library_in_force(*, actor: Actor, now: datetime) -> Library:
    """The library that references are resolved in. Raises UnknownError."""
    return standpoint(actor=actor, now=now).library


def one_regime(*, actor: Actor, now: datetime, regime: str) -> Regime:
    """A law or family of standards with its dated facts. Raises UnknownError."""
    return _one(actor, now, regimes(), regime, "regime")


def one_questionnaire(*, actor: Actor, now: datetime, questionnaire: str) -> Questionnaire:
    """A questionnaire with the questions of those it includes. Raises UnknownError."""
    return _one(actor, now, questionnaires(), questionnaire, "questionnaire")


def one_policy(*, actor: Actor, now: datetime, policy: str) -> Policy:
    """A policy before it knows for whom it is. Raises UnknownError."""
    return _one(actor, now, policies(), policy, "policy")


def one_course(*, actor: Actor, now: datetime, course: str) -> Course:
    """A course with its lessons and questions. Raises UnknownError."""
    return _one(actor, now, courses(), course, "course")


def one_classification(*, actor: Actor, now: datetime, classification: str) -> Classification:
    """The questions and rules of one law. Raises UnknownError."""
    return _one(actor, now, classifications(), classification, "classification")


def own_name() -> str:
    """The organisation's name, as policies begin with it; empty before there is one."""
    return Organisation.objects.values_list("name", flat=True).first() or ""


def scenario_list(*, actor: Actor, now: datetime, chosen: Mapping[str, str] | None = None) -> ScenarioList:
    """The risk scenarios that have what was chosen of each facet: area, asset, level, and each list of tags."""
    standpoint(actor=actor, now=now)
    found = risks()
    every = tuple(found.scenarios.values())
    facets: Facets[Scenario] = {
        "area": lambda one: (one.area,),
        "level": lambda one: (one.level,),
        "asset": lambda one: (one.asset,),
        **{taxonomy.key: _tags(taxonomy.id) for taxonomy in found.taxonomies.values()},
    }
    wanted = {facet: value for facet, value in (chosen or {}).items() if facet in facets and value}
    return ScenarioList(
        scenarios=_narrowed(every, facets, wanted),
        total=len(every),
        catalogue=found,
        facets={facet: _values(every, facets, wanted, facet) for facet in facets},
    )


def _tags(taxonomy: str) -> Callable[[Scenario], tuple[str, ...]]:
    return lambda one: one.tags.get(taxonomy, ())


def scenario_page(*, actor: Actor, now: datetime, scenario: str) -> ScenarioPage:
    """A risk scenario with its controls and their verdicts in the organisation. Raises UnknownError."""
    stand = standpoint(actor=actor, now=now)
    found = risks()
    one = found.scenarios.get(scenario)
    if one is None:
        raise UnknownError(f"There is no risk scenario {scenario!r}.")
    every = tuple(found.scenarios.values())
    place = every.index(one)
    return ScenarioPage(
        scenario=one,
        catalogue=found,
        controls=tuple(_standing(stand, control) for control in one.controls),
        before=every[place - 1] if place else None,
        after=every[place + 1] if place + 1 < len(every) else None,
    )


def catalogue(*, actor: Actor, now: datetime) -> Catalogue:
    """Scenarios, scales and taxonomies. Raises UnknownError."""
    standpoint(actor=actor, now=now)
    return risks()


def gate_page(*, actor: Actor, now: datetime, gate: str) -> GatePage:
    """A gate with everything it asks for. Raises UnknownError."""
    stand = standpoint(actor=actor, now=now)
    found = gates().get(gate)
    if found is None:
        raise UnknownError(f"There is no gate {gate!r}.")
    return GatePage(
        gate=found,
        gates=tuple(gates().values()),
        controls={need.id: _standing(stand, need.id) for need in found.needs if need.kind == "control"},
        questionnaires={need.id: questionnaires()[need.id] for need in found.needs if need.id in questionnaires()},
        cites=refer(stand.library, ((cited.framework, cited.requirement) for cited in found.cites)),
    )


def list_gates(*, actor: Actor, now: datetime) -> tuple[Gate, ...]:
    """The gates of the life cycle in their order. Raises UnknownError."""
    standpoint(actor=actor, now=now)
    return tuple(gates().values())


def _standing(stand: Standpoint, control: str) -> Standing:
    found = stand.library.controls.get(control)
    verdict = stand.judged(control).verdict if found else None
    return Standing(id=control, control=found, verdict=verdict)


def _one(actor: Actor, now: datetime, known: Mapping[str, T], wanted: str, what: str) -> T:
    standpoint(actor=actor, now=now)
    if wanted not in known:
        raise UnknownError(f"There is no {what} {wanted!r}.")
    return known[wanted]


# --- facets -------------------------------------------------------------------------------------------------------


def _narrowed(things: Iterable[T], facets: Facets[T], wanted: Mapping[str, str]) -> tuple[T, ...]:
    return tuple(one for one in things if all(value in facets[facet](one) for facet, value in wanted.items()))


def _values(things: Iterable[T], facets: Facets[T], wanted: Mapping[str, str], facet: str) -> Counted:
    """The values of one facet in the order of first mention, with how many things each leaves beside the others."""
    others = {name: value for name, value in wanted.items() if name != facet}
    return tuple(Counter(value for one in _narrowed(things, facets, others) for value in facets[facet](one)).items())
