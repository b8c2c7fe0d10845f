"""Questions about frameworks: the list with where we stand, one framework as a tree, one proof."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from annexa.answers.errors import THEN, UnknownError, no_framework, no_system
from annexa.answers.posture import Standpoint, standpoint
from annexa.pure.facts import ORGANISATION, SystemFact
from annexa.pure.permits import Actor
from annexa.pure.posture import FrameworkPosture, Line, RequirementProof, Verdict, roll_up
from annexa.pure.standards import Framework, Library, Requirement
from annexa.records.organisation import Organisation


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkLine:
    """One framework in the list: whether we judge ourselves against it, where we stand, and what binds next.

    `binding` requirements begin to bind on `binds_next`; None if every date has come.
    """

    framework: Framework
    adopted: bool
    posture: FrameworkPosture
    binds_next: date | None = None
    binding: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeRow:
    """One row of a framework's tree: a group with the worst verdict below it, or a judged leaf."""

    requirement: Requirement
    depth: int
    verdict: Verdict
    line: Line | None
    counts: Mapping[Verdict, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkPage:
    """One framework in one scope at one instant: counts, tree, and the proof that was asked for.

    `in_use` are the AI systems of that instant, by slug.
    """

    framework: Framework
    adopted: bool
    scope: str
    system: SystemFact | None
    at: datetime
    ledger_size: int
    posture: FrameworkPosture
    rows: tuple[TreeRow, ...]
    proof: RequirementProof | None
    systems: int
    in_use: Mapping[str, SystemFact]


def adopted_frameworks(library: Library) -> tuple[str, ...]:
    """Ids of the frameworks the organisation judges itself against and the library holds, in its own order."""
    chosen = Organisation.objects.values_list("frameworks", flat=True).first() or []
    return tuple(one for one in chosen if one in library.frameworks)


def list_frameworks(
    *, actor: Actor, now: datetime, at: datetime | None = None, hindsight: bool = False
) -> tuple[FrameworkLine, ...]:
    """Every framework of the library, adopted ones first, each with the organisation's posture."""
    stand = standpoint(actor=actor, now=now, at=at, hindsight=hindsight)
    adopted = adopted_frameworks(stand.library)
    rest = [one for one in sorted(stand.library.frameworks) if one not in adopted]
    return tuple(_line(stand, one, adopted=one in adopted) for one in (*adopted, *rest))


def one_framework(*, actor: Actor, framework: str, now: datetime, at: datetime | None = None) -> FrameworkLine:
    """One framework of the library with the organisation's posture. Raises UnknownError."""
    stand = standpoint(actor=actor, now=now, at=at)
    found = _known(stand, framework, ORGANISATION)
    return _line(stand, found.id, adopted=found.id in adopted_frameworks(stand.library))


def _line(stand: Standpoint, framework: str, *, adopted: bool) -> FrameworkLine:
    found = stand.library.frameworks[framework]
    ahead = [
        leaf.applies_from
        for leaf in found.leaves
        if not leaf.no_duty and leaf.applies_from is not None and leaf.applies_from > stand.at.date()
    ]
    first = min(ahead, default=None)
    return FrameworkLine(
        framework=found,
        adopted=adopted,
        posture=stand.posture(framework),
        binds_next=first,
        binding=ahead.count(first) if first else 0,
    )


def framework_page(
    *,
    actor: Actor,
    framework: str,
    now: datetime,
    at: datetime | None = None,
    scope: str = ORGANISATION,
    requirement: str = "",
    hindsight: bool = False,
) -> FrameworkPage:
    """One framework as its page shows it. Raises UnknownError."""
    stand = standpoint(actor=actor, now=now, at=at, hindsight=hindsight)
    found = _known(stand, framework, scope)
    posture = stand.posture(framework, scope)
    return FrameworkPage(
        framework=found,
        adopted=framework in adopted_frameworks(stand.library),
        scope=scope,
        system=None if scope == ORGANISATION else stand.systems[scope],
        at=stand.at,
        ledger_size=stand.size,
        posture=posture,
        rows=tree(posture),
        proof=_proof(stand, found, requirement, scope) if requirement else None,
        systems=len(stand.systems),
        in_use=stand.systems,
    )


def explain(
    *,
    actor: Actor,
    framework: str,
    requirement: str,
    now: datetime,
    at: datetime | None = None,
    scope: str = ORGANISATION,
    hindsight: bool = False,
) -> RequirementProof:
    """The proof tree under one verdict. Raises UnknownError, also for a group: its parts are judged, not itself."""
    stand = standpoint(actor=actor, now=now, at=at, hindsight=hindsight)
    return _proof(stand, _known(stand, framework, scope), requirement, scope)


def _proof(stand: Standpoint, framework: Framework, requirement: str, scope: str) -> RequirementProof:
    if requirement not in framework.by_id:
        raise UnknownError(f"{framework.title} has no requirement {requirement}.")
    if below := framework.children.get(requirement):
        parts = ", ".join(part.id for part in below)
        raise UnknownError(f"{requirement} is judged by its parts: {parts}.")
    return stand.proof(framework.id, requirement, scope)


def tree(posture: FrameworkPosture) -> tuple[TreeRow, ...]:
    """The judged requirements under their groups, in the framework's own order; groups without any are left out."""
    lines = {line.requirement.id: line for line in posture.lines}
    framework = posture.framework
    below: dict[str, list[Verdict]] = {}
    depth: dict[str, int] = {}
    for requirement in framework.requirements:
        depth[requirement.id] = depth[requirement.parent] + 1 if requirement.parent else 0
        if requirement.id in lines:
            for group in framework.lineage(requirement):
                below.setdefault(group.id, []).append(lines[requirement.id].verdict)
    return tuple(
        TreeRow(
            requirement=requirement,
            depth=depth[requirement.id],
            verdict=roll_up(below[requirement.id]),
            line=lines.get(requirement.id),
            counts={v: below[requirement.id].count(v) for v in posture.counts},
        )
        for requirement in framework.requirements
        if requirement.id in below
    )


def _known(stand: Standpoint, framework: str, scope: str) -> Framework:
    found = stand.library.frameworks.get(framework)
    if found is None:
        raise no_framework(framework, stand.library.frameworks)
    if scope != ORGANISATION and not stand.in_use(scope):
        raise no_system(scope, stand.systems, use=THEN)
    return found
