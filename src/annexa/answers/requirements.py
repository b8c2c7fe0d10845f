"""One requirement whole: what it asks, how it is tested, from when, what corresponds elsewhere, where we stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from annexa.answers.errors import UnknownError, no_framework
from annexa.answers.frameworks import adopted_frameworks
from annexa.answers.posture import Standpoint, standpoint
from annexa.pure.mappings import STRONGEST, Related, related
from annexa.pure.permits import Actor
from annexa.pure.posture import RequirementProof, Verdict, roll_up
from annexa.pure.standards import Control, Coverage, Framework, Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A requirement and its verdict in the organisation: the worst below it for a group, None for nobody's duty."""

    requirement: Requirement
    verdict: Verdict | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Covering:
    """A control that covers the requirement, and its verdict in the organisation. `fully`: as part of a set."""

    control: Control
    verdict: Verdict
    fully: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A requirement of another framework that has to do with this one; `via` is the one in between, if any."""

    framework: Framework
    requirement: Requirement
    related: Related
    via: tuple[Framework, Requirement] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementPage:
    """One requirement as its page shows it.

    `above` are its groups from the top; `parts` its own parts, none for a leaf; `before` and `after` its neighbours in
    reading order. `coverage_of` is the group that the coverage is inherited from, None for an entry of its own.
    """

    framework: Framework
    requirement: Requirement
    adopted: bool
    at: datetime
    ledger_size: int
    verdict: Verdict | None
    proof: RequirementProof | None
    above: tuple[Requirement, ...]
    parts: tuple[Part, ...]
    before: Requirement | None
    after: Requirement | None
    coverage: Coverage | None
    coverage_of: Requirement | None
    controls: Mapping[str, Covering]
    elsewhere: tuple[tuple[Framework, tuple[Elsewhere, ...]], ...]


def requirement_page(
    *,
    actor: Actor,
    framework: str,
    requirement: str,
    now: datetime,
    at: datetime | None = None,
    hindsight: bool = False,
) -> RequirementPage:
    """One requirement, a leaf or a group, with the organisation's verdict. Raises UnknownError."""
    stand = standpoint(actor=actor, now=now, at=at, hindsight=hindsight)
    found = stand.library.frameworks.get(framework)
    if found is None:
        raise no_framework(framework, stand.library.frameworks)
    asked = found.by_id.get(requirement)
    if asked is None:
        raise UnknownError(f"{found.title} has no requirement {requirement}.")
    verdicts = {line.requirement.id: line.verdict for line in stand.posture(framework).lines}
    place = found.requirements.index(asked)
    leaf = asked.id not in found.children
    coverage = None if asked.no_duty else stand.library.covering(found, asked)
    return RequirementPage(
        framework=found,
        requirement=asked,
        adopted=framework in adopted_frameworks(stand.library),
        at=stand.at,
        ledger_size=stand.size,
        verdict=_verdict(found, asked, verdicts),
        proof=stand.proof(framework, requirement) if leaf and not asked.no_duty else None,
        above=tuple(found.lineage(asked))[:0:-1],
        parts=tuple(
            Part(requirement=one, verdict=_verdict(found, one, verdicts)) for one in found.children.get(asked.id, ())
        ),
        before=found.requirements[place - 1] if place else None,
        after=found.requirements[place + 1] if place + 1 < len(found.requirements) else None,
        coverage=coverage,
        coverage_of=_inherited_from(found, asked, coverage),
        controls={control: _covering(stand, control, coverage) for control in coverage.controls} if coverage else {},
        elsewhere=_elsewhere(stand, framework, requirement),
    )


def _verdict(framework: Framework, requirement: Requirement, verdicts: Mapping[str, Verdict]) -> Verdict | None:
    """The verdict of a leaf, the roll-up of a group; None where nothing below it is anybody's duty."""
    if requirement.id not in framework.children:
        return None if requirement.no_duty else verdicts.get(requirement.id)
    below = [
        verdicts[leaf.id]
        for leaf in framework.leaves
        if leaf.id in verdicts and not leaf.no_duty and requirement in framework.lineage(leaf)
    ]
    return roll_up(below) if below else None


def _inherited_from(framework: Framework, requirement: Requirement, coverage: Coverage | None) -> Requirement | None:
    if coverage is None or coverage.requirement == requirement.id:
        return None
    return framework.by_id[coverage.requirement]


def _covering(stand: Standpoint, control: str, coverage: Coverage) -> Covering:
    return Covering(
        control=stand.library.controls[control],
        verdict=stand.judged(control).verdict,
        fully=any(control in chosen for chosen in coverage.sufficient),
    )


def _elsewhere(
    stand: Standpoint, framework: str, requirement: str
) -> tuple[tuple[Framework, tuple[Elsewhere, ...]], ...]:
    """What corresponds elsewhere, framework by framework: adopted ones first, direct before concluded."""
    frameworks = stand.library.frameworks
    grouped: dict[str, list[Elsewhere]] = {}
    for one in related(stand.library, framework, requirement):
        held = frameworks[one.framework]
        via = (frameworks[one.via[0]], frameworks[one.via[0]].by_id[one.via[1]]) if one.via else None
        grouped.setdefault(one.framework, []).append(
            Elsewhere(framework=held, requirement=held.by_id[one.requirement], related=one, via=via)
        )
    adopted = adopted_frameworks(stand.library)
    order = sorted(grouped, key=lambda name: (name not in adopted, name))
    return tuple(
        (
            frameworks[name],
            tuple(sorted(grouped[name], key=lambda one: (one.via is not None, STRONGEST.index(one.related.relation)))),
        )
        for name in order
    )
