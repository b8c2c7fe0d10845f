"""What chance alone would give: p-values of the two tests that drift is measured with, and intervals of shares.

numpy and the standard library only, so that a verdict can be recomputed anywhere. A test holds them against SciPy's
values to 1e-9.

    chi2_tail            P(chi-square > x)
    smirnov_tail         P(D > d) for two samples: exact while neither has more than 10,000 values, else its limit
    wilson               interval of a share
    newcombe             interval of a difference of two shares
"""

import math
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

EXACT_UP_TO: Final = 10_000
"""Values in the larger sample up to which the p-value of Kolmogorov and Smirnov is counted out, as SciPy does."""
CONFIDENCE: Final = 0.95
"""Of every interval, unless it says otherwise."""
_TINY: Final = 1e-300
_CONVERGED: Final = 1e-16


def chi2_tail(statistic: float, freedom: int) -> float:
    """How often chance alone exceeds a chi-square statistic: the regularised upper incomplete gamma Q(k/2, x/2).

    `freedom`: degrees of freedom, at least 1. Source: Press et al., Numerical Recipes, 3rd ed., section 6.2.
    """
    if statistic <= 0:
        return 1.0
    if math.isinf(statistic):
        return 0.0
    a, x = freedom / 2, statistic / 2
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    return 1 - scale * _gamma_series(a, x) if x < a + 1 else scale * _gamma_fraction(a, x)


def _gamma_series(a: float, x: float) -> float:
    term = total = 1 / a
    while term > total * _CONVERGED:
        a += 1
        term *= x / a
        total += term
    return total


def _gamma_fraction(a: float, x: float) -> float:
    """Lentz's way of working out a continued fraction."""
    b = x + 1 - a
    c, d = 1 / _TINY, 1 / b
    found, step, i = d, 0.0, 0
    while abs(step - 1) > _CONVERGED and i < 10_000:
        i += 1
        weight = -i * (i - a)
        b += 2
        d = 1 / (weight * d + b or _TINY)
        c = b + weight / c or _TINY
        step = c * d
        found *= step
    return found


def smirnov_tail(statistic: float, first: int, second: int) -> float:
    """How often two samples of these sizes from one distribution without ties lie further apart than `statistic`.

    Exact by counting lattice paths (Hodges 1957) while neither has more than EXACT_UP_TO values; else the distribution
    of one sample of the harmonic size, as SciPy's `ks_2samp` does.
    """
    if statistic <= 0:
        return 1.0
    if max(first, second) <= EXACT_UP_TO:
        return _paths_outside(statistic, first, second)
    return _one_sample_tail(round(first * second / (first + second)), statistic)


def _paths_outside(statistic: float, first: int, second: int) -> float:
    """The share of paths from (0, 0) to (first, second) on which |i/first − j/second| reaches the statistic somewhere.

    Step after step: a random path to (i, j) comes from below with i/(i + j), else from the left. Only sums of positive
    numbers, so that even a very small share is exact to the last digits.
    """
    common = math.gcd(first, second)
    up, along = second // common, first // common
    # |i * up − j * along| < limit is compared in whole numbers, so that rounding decides nothing.
    limit = round(statistic * up * first)
    i = np.arange(first + 1, dtype=np.float64)
    # What lies outside holds 1; a place in front stands for what is below the first row.
    outside = np.ones(first + 2)
    outside[1] = 0.0
    before = 0
    for step in range(1, first + second + 1):
        low = max(0, step - second, (step * along - limit) // (up + along) + 1)
        high = min(first, step, -((-step * along - limit) // (up + along)) - 1)
        if low > high:
            return 1.0
        rows = i[low : high + 1]
        new = outside[low : high + 1] * rows
        new += outside[low + 1 : high + 2] * (step - rows)
        new /= step
        outside[low + 1 : high + 2] = new
        outside[before + 1 : low + 1] = 1.0
        before = low
    return min(1.0, float(outside[first + 1]))


def _one_sample_tail(n: int, d: float) -> float:
    """P(D > d) for one sample of n. Source: Simard and L'Ecuyer, Journal of Statistical Software 39(11), 2011."""
    far = n * d * d
    if d >= 1 or far >= 370:
        return 0.0
    if n <= 140:
        return max(0.0, 1 - _matrix_power(n, d))
    if far >= 2.2:
        return min(1.0, 2 * _one_sided_tail(n, d))
    return min(1.0, max(0.0, 1 - _pelz_good(n, d)))


def _matrix_power(n: int, d: float) -> float:
    """P(D ≤ d), exact. Source: Marsaglia, Tsang and Wang, Journal of Statistical Software 8(18), 2003."""
    k = math.floor(n * d) + 1
    m, h = 2 * k - 1, k - n * d
    matrix = np.tril(np.ones((m, m)), 1)
    powers = h ** np.arange(1, m + 1)
    matrix[:, 0] -= powers
    matrix[-1, :] -= powers[::-1]
    matrix[-1, 0] += (2 * h - 1) ** m if h > 0.5 else 0.0
    for i in range(m):
        for j in range(min(i + 1, m)):
            matrix[i, j] /= math.factorial(i - j + 1)
    found = np.linalg.matrix_power(matrix / n * math.e, n)[k - 1, k - 1]
    # n! / n^n, of which n^n is in the matrix already and e^n was put there against overflow.
    return float(found) * math.exp(math.lgamma(n + 1) - n)


def _one_sided_tail(n: int, d: float) -> float:
    """Smirnov's sum for one side: d Σ C(n, j) (d + j/n)^(j−1) (1 − d − j/n)^(n−j), j from 0 to n(1 − d)."""
    j = np.arange(0, math.floor(n * (1 - d)) + 1, dtype=np.float64)
    factorials = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, n + 1, dtype=np.float64)))))
    choose = factorials[n] - factorials[: len(j)] - factorials[n - len(j) + 1 : n + 1][::-1]
    left = np.maximum(1 - d - j / n, 0)
    with np.errstate(divide="ignore"):
        logs = choose + (j - 1) * np.log(d + j / n) + np.where(n - j > 0, (n - j) * np.log(left), 0.0)
    return d * float(np.exp(logs).sum())


def _pelz_good(n: int, d: float) -> float:
    """P(D ≤ d) by K0 + K1/√n + K2/n + K3/n^1.5. Source: Pelz and Good, J. R. Stat. Soc. B 38 (1976), eqs. 7 to 10."""
    z = math.sqrt(n) * d
    if z < 0.042:
        return 0.0
    z2, pi2 = z * z, math.pi**2
    half = [(k - 0.5) ** 2 * pi2 for k in range(1, 2 + math.ceil(16 * z / math.pi))]
    whole = [k * k * pi2 for k in range(1, 2 + math.ceil(16 * z / math.pi))]
    k0 = k1 = k2 = k3 = 0.0
    for u in reversed(half):
        weight = math.exp(-u / (2 * z2))
        k0 += weight
        k1 += weight * (u - z2)
        k2 += weight * (6 * z2**3 + 2 * z2**2 + u * (2 * z2**2 - 5 * z2) + u * u * (1 - 2 * z2))
        k3 += weight * (
            -30 * z2**3 - 90 * z2**4 + u * (135 * z2**2 - 96 * z2**3) + u * u * (212 * z2**2 - 60 * z2)
            + u**3 * (5 - 30 * z2)
        )  # fmt: skip
    root = math.sqrt(math.pi / 2)
    k0 *= 2 * root / z
    k1 *= root / (3 * z2**2)
    k2 *= root / (36 * z**7)
    k3 *= root / (3240 * z**10)
    for u in reversed(whole):
        weight = math.exp(-u / (2 * z2))
        k2 -= weight * u * root / (18 * z**3)
        k3 += weight * u * (3 * z2 - u) * root / (108 * z**6)
    return k0 + k1 / math.sqrt(n) + k2 / n + k3 / (n * math.sqrt(n))


def wilson(hits: int, of: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Between which shares the true one lies, by Wilson's score interval; (0, 1) if nothing was seen.

    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209-212.
    """
    if of <= 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, weight = hits / of, z * z / of
    middle = (share + weight / 2) / (1 + weight)
    reach = z / (1 + weight) * math.sqrt(share * (1 - share) / of + weight / (4 * of))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def newcombe(hits: int, of: int, other_hits: int, other_of: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Between which values the difference of two shares, first minus other, lies: Newcombe's hybrid score interval.

    Source: R. G. Newcombe, Statistics in Medicine 17 (1998), 873-890, method 10.
    """
    if of <= 0 or other_of <= 0:
        return -1.0, 1.0
    share, other = hits / of, other_hits / other_of
    low, high = wilson(hits, of, confidence)
    other_low, other_high = wilson(other_hits, other_of, confidence)
    return (
        share - other - math.hypot(share - low, other_high - other),
        share - other + math.hypot(high - share, other - other_low),
    )
