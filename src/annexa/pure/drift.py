"""How far what a system sees or says today has moved from what it saw or said when somebody looked at it.

A baseline is frozen: edges, shares and a sample of its values are kept as constants, so that the window of any later
day is compared by counting alone, on any engine, and every result can be recomputed from the baseline and the counts.

Numbers. Bins are half open, [a, b), and the outermost reach to infinity. `deciles` cuts the baseline into ten parts of
equal weight (fewer where values repeat); `equal_width` cuts its range by Sturges' rule, as Evidently does; `values`
gives each value a bin and is taken by itself where there are at most 20 different ones.
Categories. The commonest 200 are kept; what else occurs, then or later, falls into one bin of others.
Nulls and NaN are missing: counted, left out of all shares, and measured by themselves (`missing`). Infinite values are
counted and left out likewise. Too few values on either side is a result of its own and never a pass.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from annexa.pure.distributions import chi2_tail, smirnov_tail

Floats = npt.NDArray[np.float64]
Binning = Literal["deciles", "equal_width", "values"]
BINNINGS: Final[tuple[Binning, ...]] = ("deciles", "equal_width", "values")
Measure = Literal["psi", "jensen_shannon", "ks", "ks_p", "wasserstein", "chi_square_p", "missing"]
MEASURES: Final[tuple[Measure, ...]] = (
    "psi", "jensen_shannon", "ks", "ks_p", "wasserstein", "chi_square_p", "missing",
)  # fmt: skip
OF_VALUES: Final = frozenset({"ks", "ks_p", "wasserstein"})
"""Measured on values, not on counts, and of numbers alone."""

PARTS: Final = 10
DISCRETE_UP_TO: Final = 20
MOST_CATEGORIES: Final = 200
SAMPLE: Final = 10_000
"""Values kept of a baseline: all up to this number, else as many in even steps of rank. The distance of Kolmogorov and
Smirnov is then off by less than 1/10,000."""
EMPTY: Final = 1e-4
"""The share an empty bin is given where a logarithm needs one."""
LEAST_SPREAD: Final = 0.001


class DriftError(ValueError):
    """Baseline and window do not fit each other, or a baseline cannot be made of what was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numeric:
    """The frozen baseline of a column of numbers.

    `n`: finite values; `missing`: nulls and NaN; `infinite`: values of ±inf. `std`: population (ddof 0). `edges`: inner
    edges, rising, or with the binning `values` the values themselves; `counts`: of each bin. `sample`: sorted.
    """

    column: str
    n: int
    missing: int
    infinite: int
    mean: float
    std: float
    binning: Binning
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    sample: tuple[float, ...]

    @property
    def whole(self) -> bool:
        """Whether every value is in the sample, so that distances to it are exact."""
        return len(self.sample) == self.n


@dataclass(frozen=True, slots=True, kw_only=True)
class Categorical:
    """The frozen baseline of a column of words: the commonest by their letters, and how many are others."""

    column: str
    n: int
    missing: int
    categories: tuple[str, ...]
    counts: tuple[int, ...]
    others: int


ColumnBaseline = Numeric | Categorical


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A window of one column, counted into the bins of its baseline. `unseen`: values in none of them."""

    n: int
    missing: int = 0
    infinite: int = 0
    counts: tuple[int, ...]
    unseen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A statistic and how often chance alone would exceed it."""

    __test__ = False

    statistic: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What a measure says about a column; `value` is None where there is not enough to say anything, and why.

    `exact`: false where the baseline kept a sample instead of all values.
    """

    column: str
    measure: Measure
    value: float | None
    n_then: int
    n_now: int
    missing_then: float
    missing_now: float
    exact: bool = True
    because: str = ""


# --- baselines


def numeric_baseline(
    column: str, values: Floats, *, missing: int = 0, binning: Binning = "deciles", parts: int = PARTS
) -> Numeric:
    """Freezes a column of numbers. `missing`: nulls beside the values. Raises DriftError if no value is finite."""
    nan, infinite = int(np.isnan(values).sum()), int(np.isinf(values).sum())
    found = np.sort(values[np.isfinite(values)].astype(np.float64)) + 0.0
    if not len(found):
        raise DriftError(f"{column}: there is no finite value to freeze a baseline of.")
    distinct = np.unique(found)
    if binning == "values" and len(distinct) > MOST_CATEGORIES:
        raise DriftError(f"{column}: {len(distinct)} different values; the binning values takes {MOST_CATEGORIES}.")
    if len(distinct) <= DISCRETE_UP_TO:
        binning = "values"
    edges = _edges(found, distinct, binning, parts)
    # Summed exactly, so that the digest of a baseline does not depend on how a processor adds.
    mean = math.fsum(found.data) / len(found)
    std = math.sqrt(math.fsum(((found - mean) ** 2).data) / len(found))
    return Numeric(
        column=column,
        n=len(found),
        missing=missing + nan,
        infinite=infinite,
        mean=mean,
        std=std,
        binning=binning,
        edges=tuple(edges.tolist()),
        counts=counted_values(found, edges, binning).counts,
        sample=tuple(_kept(found).tolist()),
    )


def numeric_beside(column: str, then: Floats, now: Floats, *, missing: int = 0, whole: bool = False) -> Numeric:
    """A past window binned as Evidently bins: equal widths over the range of both windows, of sorted values.

    Such bins cannot be frozen, as they change with every window that is compared. `whole`: whether these are whole
    numbers. Where the past has at most 20 values, each value of either window is a bin. Raises DriftError.
    """
    frozen = numeric_baseline(column, then, missing=missing)
    both = np.concatenate([one[np.isfinite(one)] for one in (then, now)])
    binning: Binning = "values" if frozen.binning == "values" else "equal_width"
    if binning == "values":
        edges = np.unique(both)
    else:
        edges = sturges_edges(float(both.min()), float(both.max()), len(both), whole=whole)[1:-1]
    counts = counted_values(then, edges, binning).counts
    return replace(frozen, binning=binning, edges=tuple(edges.tolist()), counts=counts)


def categorical_beside(
    column: str, then: Mapping[str, int], now: Mapping[str, int], *, missing: int = 0
) -> Categorical:
    """Words of a past window, with a bin for each word of either window. Raises DriftError."""
    frozen = categorical_baseline(column, then, missing=missing)
    kept = tuple(sorted({*then, *now}))
    return replace(frozen, categories=kept, counts=tuple(then.get(one, 0) for one in kept), others=0)


def _edges(found: Floats, distinct: Floats, binning: Binning, parts: int) -> Floats:
    if binning == "values":
        return distinct
    if binning == "equal_width":
        return sturges_edges(float(found[0]), float(found[-1]), len(found))[1:-1]
    ranks = [math.ceil(len(found) * part / parts) for part in range(1, parts)]
    edges = np.unique(found[np.minimum(ranks, len(found) - 1)])
    return np.asarray(edges[edges > found[0]], np.float64)


def _kept(found: Floats) -> Floats:
    if len(found) <= SAMPLE:
        return found
    ranks = ((np.arange(SAMPLE) + 0.5) * len(found) / SAMPLE).astype(np.int64)
    return np.asarray(found[ranks], np.float64)


def sturges_edges(low: float, high: float, n: int, *, whole: bool = False) -> Floats:
    """All edges of bins of equal width by Sturges' rule, ⌈log2 n + 1⌉ bins; `whole` numbers never in bins below 1.

    The same as `numpy.histogram_bin_edges(values, "sturges")`, from the range alone: Evidently cuts so the range of
    both windows together. Source: H. A. Sturges, Journal of the American Statistical Association 21 (1926), 65-66.
    """
    if high == low:
        return np.array([low - 0.5, high + 0.5])
    width = (high - low) / (np.log2(n) + 1.0)
    if whole and width < 1:
        width = 1.0
    return np.linspace(low, high, int(np.ceil((high - low) / width)) + 1)


def categorical_baseline(column: str, counts: Mapping[str, int], *, missing: int = 0) -> Categorical:
    """Freezes a column of words from how often each occurs. Raises DriftError without any value."""
    total = sum(counts.values())
    if not total:
        raise DriftError(f"{column}: there is no value to freeze a baseline of.")
    common = sorted(counts, key=lambda one: (-counts[one], one))[:MOST_CATEGORIES]
    kept = tuple(sorted(one for one in common if counts[one]))
    return Categorical(
        column=column,
        n=total,
        missing=missing,
        categories=kept,
        counts=tuple(counts[one] for one in kept),
        others=total - sum(counts[one] for one in kept),
    )


def counted_values(values: Floats, edges: Sequence[float] | Floats, binning: Binning, *, missing: int = 0) -> Counted:
    """Values counted into the bins of a baseline, as `activity.frames` counts them on an engine."""
    nan, infinite = int(np.isnan(values).sum()), int(np.isinf(values).sum())
    found = np.sort(values[np.isfinite(values)])
    cuts = np.asarray(edges, np.float64)
    if binning == "values":
        counts = np.searchsorted(found, cuts, "right") - np.searchsorted(found, cuts, "left")
    else:
        counts = np.diff(np.concatenate(([0], np.searchsorted(found, cuts, "left"), [len(found)])))
    return Counted(
        n=len(found),
        missing=missing + nan,
        infinite=infinite,
        counts=tuple(int(one) for one in counts),
        unseen=len(found) - int(counts.sum()),
    )


# --- measures


def psi(then: Sequence[int], now: Sequence[int]) -> float:
    """Population stability index: Σ (q − p) ln(q / p) over the shares p then and q now; 0 for equal ones, no upper end.

    An empty bin counts as 1/10,000, or as a millionth of the smallest share if that is no larger, as in Evidently.
    Source: S. Siddiqi, Credit Risk Scorecards (2006), p. 137; Evidently 0.7, `psi`.
    """
    p, q = _filled(_shares(then)), _filled(_shares(now))
    return float(np.sum((p - q) * np.log(p / q)))


def jensen_shannon(then: Sequence[int], now: Sequence[int]) -> float:
    """Jensen-Shannon distance: √(½ Σ p ln(p/m) + ½ Σ q ln(q/m)) with m = (p + q) / 2; from 0 to √ln 2 = 0.8326.

    Natural logarithm and root, as SciPy's `jensenshannon` and Evidently have it. Source: J. Lin, IEEE Transactions on
    Information Theory 37 (1991), 145-151; D. M. Endres and J. E. Schindelin, the same 49 (2003), 1858-1860.
    """
    p, q = _shares(then), _shares(now)
    middle = (p + q) / 2
    return math.sqrt(max(0.0, (_relative(p, middle) + _relative(q, middle)) / 2))


def chi_square(then: Sequence[int], now: Sequence[int]) -> Test:
    """Pearson's test whether both windows come from one distribution: Σ (observed − expected)² / expected.

    Degrees of freedom are the bins less 1; bins empty in both are left out. Both windows are samples; SciPy's
    `chi2_contingency(correction=False)` gives the same. Source: K. Pearson, Philosophical Magazine 50 (1900), 157-175.
    """
    table = np.array([then, now], np.float64)
    table = table[:, table.sum(axis=0) > 0]
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / table.sum()
    statistic = float(np.sum((table - expected) ** 2 / expected))
    return Test(statistic=statistic, p_value=chi2_tail(statistic, max(1, table.shape[1] - 1)))


def chi_square_fit(then: Sequence[int], now: Sequence[int]) -> Test:
    """The same test with the baseline taken for the truth instead of a sample of it, as Evidently does.

    A bin that was empty then and is not now makes it infinite. SciPy: `chisquare(now, then * n_now / n_then)`.
    """
    observed, base = np.asarray(now, np.float64), np.asarray(then, np.float64)
    kept = (observed + base) > 0
    observed, base = observed[kept], base[kept]
    expected = base * (observed.sum() / base.sum())
    if np.any(expected == 0):
        return Test(statistic=math.inf, p_value=0.0)
    statistic = float(np.sum((observed - expected) ** 2 / expected))
    return Test(statistic=statistic, p_value=chi2_tail(statistic, max(1, len(observed) - 1)))


def kolmogorov_smirnov(then: Floats, now: Floats, *, n_then: int | None = None) -> Test:
    """The largest distance between the two distribution functions, of sorted values, and its two-sided p-value.

    `n_then`: of how many values `then` is a sample. p-value: exact up to 10,000 values on each side, as SciPy's
    `ks_2samp`. Source: N. V. Smirnov, Annals of Mathematical Statistics 19 (1948), 279-281.
    """
    merged = np.concatenate((then, now))
    gaps = np.searchsorted(then, merged, "right") / len(then) - np.searchsorted(now, merged, "right") / len(now)
    distance = float(np.max(np.abs(gaps)))
    return Test(statistic=distance, p_value=smirnov_tail(distance, n_then or len(then), len(now)))


def wasserstein(then: Floats, now: Floats) -> float:
    """How far values moved on average, in their own unit: ∫ |F(x) − G(x)| dx, of sorted values.

    Source: A. Ramdas, N. Garcia and M. Cuturi, Entropy 19 (2017), 47, eq. 5; SciPy `wasserstein_distance`.
    """
    merged = np.sort(np.concatenate((then, now)), kind="stable")
    before, after = (np.searchsorted(one, merged[:-1], "right") / len(one) for one in (then, now))
    return float(np.sum(np.abs(before - after) * np.diff(merged)))


def wasserstein_normed(then: Floats, now: Floats, std: float) -> float:
    """The same in standard deviations of the baseline (ddof 0), at least 0.001, as Evidently norms it."""
    return wasserstein(then, now) / max(std, LEAST_SPREAD)


def _shares(counts: Sequence[int]) -> Floats:
    found = np.asarray(counts, np.float64)
    total = found.sum()
    if total <= 0:
        raise DriftError("There are no values to take shares of.")
    return np.asarray(found / total, np.float64)


def _filled(shares: Floats) -> Floats:
    least = shares[shares > 0].min()
    return np.where(shares == 0, least / 10**6 if least <= EMPTY else EMPTY, shares)


def _relative(p: Floats, q: Floats) -> float:
    there = p > 0
    return float(np.sum(p[there] * np.log(p[there] / q[there])))


# --- a column


def bins(baseline: ColumnBaseline, now: Counted) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The counts then and now, bin by bin; values that have none make a bin of their own where there are any."""
    if len(baseline.counts) != len(now.counts):
        raise DriftError(
            f"{baseline.column}: the window has {len(now.counts)} bins, its baseline {len(baseline.counts)}."
        )
    others = baseline.others if isinstance(baseline, Categorical) else 0
    if not others and not now.unseen:
        return baseline.counts, now.counts
    return (*baseline.counts, others), (*now.counts, now.unseen)


def drift(
    baseline: ColumnBaseline, now: Counted, measure: Measure, *, minimum: int, values: Floats | None = None
) -> Drift:
    """How far a column has moved by one measure. `values`: sorted and finite, for the measures of values.

    `minimum`: values needed on each side; below it, and where Pearson's test would not hold, the value is None.
    """
    infinite = baseline.infinite if isinstance(baseline, Numeric) else 0
    rows_then, rows_now = baseline.n + baseline.missing + infinite, now.n + now.missing + now.infinite
    because = _too_few(baseline, now, measure, rows_then, rows_now, minimum)
    value, exact = None, True
    if not because and measure == "missing":
        value = now.missing / rows_now - baseline.missing / rows_then
    elif not because and measure in OF_VALUES:
        value, exact, because = _of_values(baseline, measure, values)
    elif not because:
        value = _of_counts(*bins(baseline, now), measure)
    return Drift(
        column=baseline.column,
        measure=measure,
        value=value,
        n_then=baseline.n,
        n_now=now.n,
        missing_then=baseline.missing / rows_then,
        missing_now=now.missing / rows_now if rows_now else 0.0,
        exact=exact,
        because=because,
    )


def _too_few(
    baseline: ColumnBaseline, now: Counted, measure: Measure, rows_then: int, rows_now: int, minimum: int
) -> str:
    then, n = (rows_then, rows_now) if measure == "missing" else (baseline.n, now.n)
    for side, found in (("baseline", then), ("window", n)):
        if found < max(1, minimum):
            return f"{baseline.column}: the {side} has {found} values; at least {max(1, minimum)} are needed."
    if measure == "chi_square_p" and not _cochran(*bins(baseline, now)):
        return f"{baseline.column}: more than a fifth of the bins would expect fewer than 5 values."
    return ""


def _cochran(then: Sequence[int], now: Sequence[int]) -> bool:
    """Whether Pearson's test holds. Source: W. G. Cochran, Biometrics 10 (1954), 417-451."""
    table = np.array([then, now], np.float64)
    table = table[:, table.sum(axis=0) > 0]
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / table.sum()
    return bool(expected.min() >= 1 and (expected < 5).mean() <= 0.2)


def _of_counts(then: Sequence[int], now: Sequence[int], measure: Measure) -> float:
    if measure == "psi":
        return psi(then, now)
    return jensen_shannon(then, now) if measure == "jensen_shannon" else chi_square(then, now).p_value


def _of_values(baseline: ColumnBaseline, measure: Measure, values: Floats | None) -> tuple[float | None, bool, str]:
    if isinstance(baseline, Categorical):
        return None, True, f"{baseline.column}: {measure} measures numbers; this column holds words."
    if values is None:
        raise DriftError(f"{baseline.column}: {measure} is measured on values, and none were given.")
    sample = np.asarray(baseline.sample)
    if measure == "wasserstein":
        return wasserstein_normed(sample, values, baseline.std), baseline.whole, ""
    found = kolmogorov_smirnov(sample, values, n_then=baseline.n)
    return found.statistic if measure == "ks" else found.p_value, baseline.whole, ""
