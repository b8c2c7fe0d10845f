"""Where a control is judged, what it lacks there, and how many person-days are left on it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt
from types import MappingProxyType

from annexa.pure.checks import DEEDS
from annexa.pure.facts import ORGANISATION
from annexa.pure.posture import ControlProof, Engine, ExpectationProof, Verdict
from annexa.pure.standards import Control

SHARE: Mapping[Verdict, float] = MappingProxyType(
    {
        Verdict.EFFECTIVE: 0.0,
        Verdict.STALE: 0.15,  # the practice runs; its evidence is produced once more
        Verdict.FAILING: 0.3,  # the practice runs; a cause is found and mended, and the mending shown
        Verdict.UNPROVEN: 0.4,  # the practice is said to run; its evidence is produced for the first time
        Verdict.PLANNED: 0.8,  # decided, assigned and dated; the doing is ahead
        Verdict.ABSENT: 1.0,
    }
)
"""How much of a control's effort is still ahead, by its verdict."""

LEAST_DAYS = 0.25
"""No step takes less than two hours: somebody has to open the file, look and record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a control is judged on its own grounds: the organisation, or AI systems with one and the same proof."""

    scopes: tuple[str, ...]
    proof: ControlProof


def places(engine: Engine, control_id: str) -> tuple[Place, ...]:
    """Every place where a control is judged and not excluded. One that the organisation excluded has none."""
    proof = engine.control(control_id)
    if proof.groups is not None:
        return tuple(Place(scopes=group.systems, proof=group.proof) for group in proof.groups)
    if proof.verdict is Verdict.NOT_APPLICABLE:
        return ()
    found = [Place(scopes=(ORGANISATION,), proof=proof)]
    overridden = {fact.scope for fact in engine.facts.adoptions if fact.control == control_id}
    for slug in sorted(overridden & set(engine.systems)):
        own = engine.control(control_id, slug)
        if not own.inherited and own.verdict is not Verdict.NOT_APPLICABLE:
            found.append(Place(scopes=(slug,), proof=own))
    return tuple(found)


def effort(
    control: Control, short: Iterable[Place], *, whole: bool, counted: Mapping[Verdict, int] = MappingProxyType({})
) -> float:
    """The person-days left. Over n AI systems they grow with the square root of n: the first system pays for the
    method, the others follow it. `whole`: a nonconformity stands against the control itself and is mended once.
    `counted`: AI systems that are only counted, by the verdict of the control in them."""
    found = control.effort * SHARE[Verdict.FAILING] if whole else 0.0
    systems = sum(counted.values())
    shares = sum(SHARE[verdict] * n for verdict, n in counted.items())
    for place in short:
        share = SHARE[place.proof.verdict]
        if place.scopes == (ORGANISATION,):
            found += control.effort * share
        else:
            systems += len(place.scopes)
            shares += len(place.scopes) * share
    if systems:
        found += control.effort * shares / sqrt(systems)
    return max(round(found, 2), LEAST_DAYS)


def major(proof: ControlProof) -> bool:
    """Whether a major nonconformity stands against a control there."""
    return any(judgement.kind == "major nonconformity" for judgement in proof.judgements)


def own_work(proof: ControlProof) -> bool:
    """Whether it lacks more than answers in the register of AI systems and deeds, which any control's work brings."""
    declared = proof.adoption is not None and proof.adoption.state == "implemented"
    shown = all(e.state == "passing" for e in proof.expectations if e.check is None)
    return not declared or not shown or major(proof)


def short_of(expectation: ExpectationProof, scope: str) -> tuple[str, ...]:
    """The AI systems whose record a check finds short; none if there are none to look at, or work is what lacks."""
    if expectation.check is not None and expectation.check.check in DEEDS:
        return ()
    if scope == ORGANISATION:
        return expectation.check.exceptions if expectation.check else ()
    return (scope,)


def deeds_short_of(expectation: ExpectationProof, scope: str) -> tuple[str, ...]:
    """The scopes where a deed is lacking: AI systems, and the organisation itself where the check looks at it too; for
    a check over the records of a register the scope that asks."""
    if expectation.check is None or expectation.check.check not in DEEDS:
        return ()
    if expectation.check.over:
        return (scope,)
    return expectation.check.exceptions if scope == ORGANISATION else (scope,)
