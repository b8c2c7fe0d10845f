"""Whether a system treats groups of people alike, in numbers that a court, a regulator and a statistician use.

Every measure compares rates between groups: how many are selected, and of those who deserved it or did not, how many.
A group too small to say anything about is left out and named; fewer than two groups left is not enough to tell, and
never a pass. Numbers say that groups are treated differently; whether that is unjust is for people to judge.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, Literal

from annexa.pure.distributions import CONFIDENCE, newcombe, wilson

FairnessMeasure = Literal[
    "demographic_parity_difference", "demographic_parity_ratio", "equal_opportunity_difference",
    "equalised_odds_difference", "equalised_odds_ratio",
]  # fmt: skip
FAIRNESS: Final[tuple[FairnessMeasure, ...]] = (
    "demographic_parity_difference", "demographic_parity_ratio", "equal_opportunity_difference",
    "equalised_odds_difference", "equalised_odds_ratio",
)  # fmt: skip
FOUR_FIFTHS: Final = 0.8
"""Below this ratio of selection rates an employer in the USA has to explain itself. Source: 29 CFR 1607.4(D)."""
Interval = tuple[float, float]
Rate = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The counts of one group: `n` people, `selected` of them; of those with a label, `positives` deserved it.

    `true_positives` of these, and `false_positives` of the `negatives`, were selected.
    """

    name: str
    n: int
    selected: int
    positives: int = 0
    negatives: int = 0
    true_positives: int = 0
    false_positives: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRate:
    """One group's rate with its 95 % interval (Wilson)."""

    name: str
    what: Literal["selected", "true positives", "false positives"]
    hits: int
    of: int
    rate: float
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness:
    """What a measure says over all groups that are large enough; `value` None, and why, where it cannot say anything.

    `lowest`, `highest`: the groups furthest apart. `left_out`: groups too small, with the number that was too small.
    `interval`: of the difference or ratio between these two groups, 95 %; that they were picked as the extremes of many
    is not in it.
    """

    measure: FairnessMeasure
    value: float | None
    interval: Interval | None
    lowest: str
    highest: str
    rates: tuple[GroupRate, ...]
    left_out: tuple[tuple[str, int], ...]
    because: str = ""

    @property
    def four_fifths(self) -> bool | None:
        """Whether the ratio of selection rates keeps the four-fifths rule; None for other measures, or if unknown."""
        if self.measure != "demographic_parity_ratio" or self.value is None:
            return None
        return self.value >= FOUR_FIFTHS


def fairness(
    groups: Sequence[Group], measure: FairnessMeasure, *, minimum: int, towards: str | None = None
) -> Fairness:
    """Compares the groups.

    Differences are the highest rate less the lowest, ratios the lowest over the highest. Demographic parity compares
    selection rates (its ratio is the disparate impact ratio, to be held against four fifths); equal opportunity the
    true positive rates; equalised odds the worse of true and false positive rates. `towards`: a group that all others
    are compared with, instead of the extremes among all. `minimum`: people that a group needs to have in each rate.
    Source: Fairlearn 0.15 (method "between_groups", worst case); M. Hardt, E. Price and N. Srebro (2016).
    """
    whats: tuple[Literal["selected", "true positives", "false positives"], ...] = ("selected",)
    if measure == "equal_opportunity_difference":
        whats = ("true positives",)
    elif measure.startswith("equalised_odds"):
        whats = ("true positives", "false positives")
    least = {group.name: min(_of(group, what)[1] for what in whats) for group in groups}
    left_out = tuple(sorted((name, n) for name, n in least.items() if n < max(1, minimum)))
    gone = {name for name, _ in left_out}
    kept = sorted((group for group in groups if group.name not in gone), key=lambda group: group.name)
    rates = tuple(_rate(group, what) for what in whats for group in kept)
    ratio = measure.endswith("ratio")
    found = [_compared([one for one in rates if one.what == what], ratio=ratio, towards=towards) for what in whats]
    told = [one for one in found if one is not None]
    if len(kept) < 2 or not told or (towards is not None and towards not in {group.name for group in kept}):
        return Fairness(
            measure=measure, value=None, interval=None, lowest="", highest="", rates=rates, left_out=left_out,
            because=_because(kept, minimum, towards, ratio=ratio),
        )  # fmt: skip
    value, interval, lowest, highest = (min if ratio else max)(told, key=lambda one: one[0])
    return Fairness(
        measure=measure, value=value, interval=interval, lowest=lowest, highest=highest, rates=rates, left_out=left_out
    )


def _because(kept: Sequence[Group], minimum: int, towards: str | None, *, ratio: bool) -> str:
    if len(kept) < 2:
        return f"{len(kept)} groups have at least {max(1, minimum)} people; two are needed to compare."
    if towards is not None and towards not in {group.name for group in kept}:
        return f"The group {towards!r}, which the others are compared with, is missing or too small."
    return "No group was selected at all, so there is no ratio." if ratio else "There is nothing to compare."


def _of(group: Group, what: str) -> Rate:
    if what == "selected":
        return group.selected, group.n
    if what == "true positives":
        return group.true_positives, group.positives
    return group.false_positives, group.negatives


def _rate(group: Group, what: Literal["selected", "true positives", "false positives"]) -> GroupRate:
    hits, of = _of(group, what)
    return GroupRate(name=group.name, what=what, hits=hits, of=of, rate=hits / of, interval=wilson(hits, of))


def _compared(
    rates: Sequence[GroupRate], *, ratio: bool, towards: str | None
) -> tuple[float, Interval, str, str] | None:
    """The furthest apart of these rates: value, interval, lowest and highest group; None if there is no ratio."""
    if len(rates) < 2:
        return None
    pairs = [_ordered(rates)]
    if towards is not None:
        base = next((one for one in rates if one.name == towards), None)
        if base is None:
            return None
        pairs = [_ordered([base, one]) for one in rates if one is not base]
    if not ratio:
        low, high = max(pairs, key=lambda pair: pair[1].rate - pair[0].rate)
        reach = newcombe(high.hits, high.of, low.hits, low.of)
        return high.rate - low.rate, reach, low.name, high.name
    with_ratio = [pair for pair in pairs if pair[1].rate > 0]
    if not with_ratio:
        return None
    low, high = min(with_ratio, key=lambda pair: pair[0].rate / pair[1].rate)
    return low.rate / high.rate, _ratio_interval(low, high), low.name, high.name


def _ordered(rates: Sequence[GroupRate]) -> tuple[GroupRate, GroupRate]:
    return min(rates, key=lambda one: one.rate), max(reversed(rates), key=lambda one: one.rate)


def _ratio_interval(low: GroupRate, high: GroupRate) -> Interval:
    """Of a ratio of two shares, on the scale of logarithms. Source: D. Katz et al., Biometrics 34 (1978), 469-474.

    Without any hit in the lower group, half a person is added to each count (M. R. Haldane's correction).
    """
    add = 0.0 if low.hits else 0.5
    a, n, b, m = low.hits + add, low.of + add, high.hits + add, high.of + add
    reach = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * math.sqrt(max(0.0, 1 / a - 1 / n + 1 / b - 1 / m))
    middle = (a / n) / (b / m)
    return (middle * math.exp(-reach) if low.hits else 0.0, middle * math.exp(reach))
