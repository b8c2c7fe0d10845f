"""What is left of a risk, computed from the verdicts of the controls linked to it.

The rule (decision 0024). An owner states the inherent step, and the step aimed at when every linked control works. Each
control earns an equal part of the way between the two, and only while its verdict is `effective`: one that is stale,
failing, unproven, planned, absent or excluded earns nothing. What is earned is rounded down: a step counts
when it is wholly earned. A control that goes stale raises the risk by itself, and nobody types a residual in.

Controls against likelihood move the likelihood, controls on impact the impact. Without controls, or without an aim, a
side stays as it is. Laws, each tested: a better verdict never raises what is left; what is left never exceeds what was
there before controls and never falls below what is aimed at; the same in, the same out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from annexa.pure.posture import Verdict
from annexa.pure.register import Entry
from annexa.pure.risk import MatrixScale, RiskLevel, ScaleError, level


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What one control does to a risk: on which side, with which verdict there, and whether it counts."""

    control: str
    side: str
    verdict: Verdict
    because: str = ""

    @property
    def counts(self) -> bool:
        """Only what is effective holds anything back."""
        return self.verdict is Verdict.EFFECTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Likelihood or impact: before controls, aimed at, and what is left, with the controls that decide it."""

    inherent: int
    target: int
    left: int
    effects: tuple[Effect, ...]

    @property
    def counting(self) -> int:
        """How many of its controls are effective."""
        return sum(one.counts for one in self.effects)


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual:
    """A risk on a scale: before controls, as aimed at, and as it is left by those that are effective."""

    likelihood: Side
    impact: Side
    inherent: RiskLevel
    target: RiskLevel
    level: RiskLevel

    @property
    def effects(self) -> tuple[Effect, ...]:
        """Every control linked to the risk, those against likelihood first."""
        return (*self.likelihood.effects, *self.impact.effects)

    @property
    def holding(self) -> int:
        """How many of them are effective."""
        return self.likelihood.counting + self.impact.counting

    @property
    def lost(self) -> tuple[Effect, ...]:
        """The controls that should hold it back and do not."""
        return tuple(one for one in self.effects if not one.counts)


def residual(entry: Entry, scale: MatrixScale, verdicts: Mapping[str, Verdict]) -> Residual | None:
    """A risk of the register on a scale; None while it has no likelihood or impact, or none that the scale has.

    `verdicts`: of each control where the risk is; a control that is not among them is absent.
    """
    if entry.likelihood is None or entry.impact is None:
        return None
    likelihood = _side("likelihood", entry.likelihood, entry.target_likelihood, entry.controls, verdicts)
    impact = _side("impact", entry.impact, entry.target_impact, entry.controls_on_impact, verdicts)
    try:
        return Residual(
            likelihood=likelihood,
            impact=impact,
            inherent=level(scale, likelihood.inherent, impact.inherent),
            target=level(scale, likelihood.target, impact.target),
            level=level(scale, likelihood.left, impact.left),
        )
    except ScaleError:
        return None


def earned(inherent: int, target: int, counting: int, linked: int) -> int:
    """The step that is left: whole steps earned by the part of the controls that is effective."""
    return inherent - (inherent - target) * counting // linked if linked else inherent


def share_left(left: float | None, counting: int, linked: int) -> float:
    """The part of frequency or loss that is left, from 0 to 1, where `left` per cent are aimed at. Never rounded."""
    return 1 - (1 - left / 100) * counting / linked if linked and left is not None else 1.0


def above(found: RiskLevel, appetite: str, scale: MatrixScale) -> bool:
    """Whether a level is higher than the appetite allows. An appetite that the scale does not have allows nothing."""
    ids = [one.id for one in scale.levels]
    return appetite not in ids or ids.index(found.id) > ids.index(appetite)


def _side(
    name: str, inherent: int, target: int | None, controls: Iterable[str], verdicts: Mapping[str, Verdict]
) -> Side:
    effects = tuple(
        Effect(control=one, side=name, verdict=verdicts.get(one, Verdict.ABSENT)) for one in dict.fromkeys(controls)
    )
    aim = inherent if target is None else min(target, inherent)
    counting = sum(one.counts for one in effects)
    return Side(inherent=inherent, target=aim, left=earned(inherent, aim, counting, len(effects)), effects=effects)
