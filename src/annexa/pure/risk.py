"""Risk scenarios and scales as values: what may happen, how bad that is, and who may accept it.

Shapes follow the library files (docs/risks.md). Nothing here reads a file; `annexa.library.risks` does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from annexa.pure.standards import Confidence, Level

Area = Literal["security", "ai", "privacy", "agents", "third-parties"]
Harmed = Literal["organisation", "individuals", "groups", "society"]
AREAS: tuple[Area, ...] = ("security", "ai", "privacy", "agents", "third-parties")
HARMED: tuple[Harmed, ...] = ("organisation", "individuals", "groups", "society")
LOWEST, HIGHEST = 1, 5
"""The steps in which scenarios state their likelihood and impact: those of the five by five scale."""

MOST_STEPS = 9
"""The longest scale of an organisation's own has as many steps."""


class ScaleError(ValueError):
    """A likelihood or impact does not lie on the scale it is to be read on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One entry of somebody else's list of threats, by its official id and short name."""

    id: str
    title: str
    confidence: Confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxonomy:
    """The entries of one release of such a list that may be used as tags. `key` names the tags in a scenario."""

    id: str
    key: str
    title: str
    publisher: str
    release: str
    source_url: str
    read_on: date
    note: str
    tags: Mapping[str, Tag]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Something that may go wrong, told so that an owner can judge it: threat, weakness and who is harmed.

    `likelihood` and `impact` are proposals on the five by five scale before controls, `because` says why. `built`
    and `personal_data` narrow a scenario to the AI systems it can happen to; empty and false mean every system.
    """

    id: str
    title: str
    area: Area
    level: Level
    asset: str
    threat: str
    weakness: str
    consequence: Mapping[Harmed, str]
    likelihood: int
    impact: int
    because: str
    controls: tuple[str, ...]
    tags: Mapping[str, tuple[str, ...]]
    built: tuple[str, ...] = ()
    personal_data: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelihoodStep:
    """One step of how often: a word and the range of events per year it stands for, the lower end inclusive."""

    value: int
    word: str
    meaning: str
    from_per_year: float
    to_per_year: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpactStep:
    """One step of how bad: for the organisation as a share of a year's revenue, and in words for each who is harmed.

    The lower end of the range is inclusive. The worst of the four counts, so harm to people is never offset by money.
    """

    value: int
    word: str
    from_share: float
    to_share: float | None
    meaning: Mapping[Harmed, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskLevel:
    """One level of risk and the rule of acceptance that goes with it. `from_share` is used by quantities only:
    the expected loss per year, as a share of a year's revenue, from which the level holds."""

    id: str
    title: str
    accepted_by: str
    rule: str
    from_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixScale:
    """A scale of steps: a row of levels for each likelihood, a column for each impact, both from the lowest up."""

    id: str
    title: str
    use: str
    likelihood: tuple[LikelihoodStep, ...]
    impact: tuple[ImpactStep, ...]
    rows: tuple[tuple[str, ...], ...]
    levels: tuple[RiskLevel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityScale:
    """A scale of numbers: events per year times loss per event. A loss of `ruin_share` of a year's revenue or more
    has at least the level `ruin_level`, however seldom it is."""

    id: str
    title: str
    use: str
    least_per_year: float
    most_per_year: float
    ruin_share: float
    ruin_level: str
    levels: tuple[RiskLevel, ...]


Scale = MatrixScale | QuantityScale


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Every scenario, scale and taxonomy shipped with the product, by id."""

    scenarios: Mapping[str, Scenario]
    scales: Mapping[str, Scale]
    taxonomies: Mapping[str, Taxonomy]

    def reduced_by(self, control: str) -> tuple[Scenario, ...]:
        """The scenarios that a control makes less likely or less bad."""
        return tuple(scenario for scenario in self.scenarios.values() if control in scenario.controls)


def level(scale: Scale, likelihood: float, impact: float) -> RiskLevel:
    """How high a risk is on a scale, and with that who may accept it.

    On a matrix both are step numbers. On a quantity `likelihood` is events per year and `impact` the loss of one
    event as a share of a year's revenue. Raises ScaleError.
    """
    if isinstance(scale, QuantityScale):
        return _level_of_quantity(scale, likelihood, impact)
    likely = _place(scale.id, "likelihood", likelihood, [step.value for step in scale.likelihood])
    bad = _place(scale.id, "impact", impact, [step.value for step in scale.impact])
    return _by_id(scale.levels, scale.rows[likely][bad])


def step_of(scale: MatrixScale, per_year: float) -> LikelihoodStep:
    """The step a frequency falls into, so that counted events and estimates are read alike. Raises ScaleError."""
    for step in scale.likelihood:
        if step.from_per_year <= per_year and (step.to_per_year is None or per_year < step.to_per_year):
            return step
    raise ScaleError(f"{per_year} events per year lie outside the scale {scale.id}.")


def scenarios_for(catalogue: Catalogue, *, built: str = "", personal_data: str = "unknown") -> tuple[Scenario, ...]:
    """The scenarios that can happen to one AI system, from two facts of its record.

    What is not known excludes nothing: an unanswered question must not make a risk disappear.
    """
    return tuple(
        scenario
        for scenario in catalogue.scenarios.values()
        if scenario.level == "system"
        and (not scenario.built or not built or built in scenario.built)
        and (not scenario.personal_data or personal_data not in ("no", "not applicable"))
    )


def _level_of_quantity(scale: QuantityScale, per_year: float, share: float) -> RiskLevel:
    if not scale.least_per_year <= per_year <= scale.most_per_year:
        raise ScaleError(
            f"{per_year} events per year; the scale {scale.id} goes from {scale.least_per_year} to "
            f"{scale.most_per_year}."
        )
    if not share >= 0:
        raise ScaleError(f"A loss of {share} of a year's revenue; it is 0 or more.")
    reached = [one for one in scale.levels if per_year * share >= one.from_share]
    if share >= scale.ruin_share:
        reached.append(_by_id(scale.levels, scale.ruin_level))
    return max(reached, key=scale.levels.index)


def _place(scale: str, side: str, value: float, steps: list[int]) -> int:
    if value not in steps:
        raise ScaleError(f"{side} {value} is no step of the scale {scale}; it has {steps[0]} to {steps[-1]}.")
    return steps.index(int(value))


def _by_id(levels: tuple[RiskLevel, ...], wanted: str) -> RiskLevel:
    return next(one for one in levels if one.id == wanted)
