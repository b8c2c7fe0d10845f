"""p-values and intervals: as SciPy and statsmodels have them, and what must hold of any."""

import json
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from annexa.pure.distributions import EXACT_UP_TO, chi2_tail, newcombe, smirnov_tail, wilson

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "drift.json").read_text(encoding="utf-8"))
CHI2 = [
    # statistic, degrees of freedom, SciPy 1.17 stats.chi2.sf
    (0.01, 1, 0.920344325445942),
    (3.84, 1, 0.05004352124870519),
    (9.5, 3, 0.023331360430831553),
    (50.0, 20, 0.0002214766382487835),
    (300.0, 199, 4.776023145770754e-06),
    (1000.0, 199, 6.678632748267886e-107),
]
SMIRNOV = [
    # distance, sizes, SciPy 1.17: kstwo or ks_2samp
    (0.02079578001871074, 68785, 208892, 7.172546200866833e-20),
    (0.1995, 12000, 30, 0.1599467396809574),
    (0.025335073507350734, 9999, 10000, 0.0032174330039791044),
    (0.2034, 10000, 10000, 2.3764687169088517e-181),
]


@pytest.mark.parametrize(("statistic", "freedom", "expected"), CHI2)
def test_chi_square_is_scipys(statistic: float, freedom: int, expected: float) -> None:
    """Rule: the tail of chi-square agrees to ten digits."""
    assert chi2_tail(statistic, freedom) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(("statistic", "first", "second", "expected"), SMIRNOV)
def test_smirnov_is_scipys(statistic: float, first: int, second: int, expected: float) -> None:
    """Rule: exact and limiting p-values agree to 1e-9, tiny ones in their first digits too."""
    assert smirnov_tail(statistic, first, second) == pytest.approx(expected, rel=1e-7, abs=1e-11)


def test_smirnov_counts_every_order_of_two_small_samples() -> None:
    """Rule: for 2 and 2 values, of the 6 orders 2 are as far apart as can be and all are at least half apart."""
    assert smirnov_tail(1.0, 2, 2) == pytest.approx(2 / 6)
    assert smirnov_tail(0.5, 2, 2) == pytest.approx(1.0)
    assert smirnov_tail(0.0, 2, 2) == 1.0


def test_the_limit_joins_the_exact_value() -> None:
    """Rule: nothing jumps where counting paths ends."""
    for distance in (0.005, 0.015, 0.03):
        below = smirnov_tail(round(distance * EXACT_UP_TO) / EXACT_UP_TO, EXACT_UP_TO, EXACT_UP_TO)
        above = smirnov_tail(distance, EXACT_UP_TO + 1, EXACT_UP_TO + 1)
        assert above == pytest.approx(below, abs=0.003)


def test_tails_fall() -> None:
    """Rule: the further out, the rarer; always a probability."""
    grids = (
        [chi2_tail(x, 5) for x in np.linspace(0, 80, 60)],
        [smirnov_tail(i / 100, 100, 100) for i in range(101)],
        [smirnov_tail(d, 20_000, 30_000) for d in np.linspace(0, 1, 80)],
    )
    for values in grids:
        assert all(0 <= one <= 1 for one in values)
        assert all(a >= b - 1e-12 for a, b in pairwise(values))
    assert chi2_tail(math.inf, 3) == 0.0


def test_intervals_are_statsmodels() -> None:
    """Rule: Wilson's and Newcombe's intervals agree to 1e-9."""
    for share, ends in GOLDEN["intervals"]["wilson"].items():
        hits, of = map(int, share.split("/"))
        assert wilson(hits, of) == pytest.approx(ends, abs=1e-9)
    for both, ends in GOLDEN["intervals"]["newcombe"].items():
        (k, n), (j, m) = (map(int, share.split("/")) for share in both.split())
        assert newcombe(k, n, j, m) == pytest.approx(ends, abs=1e-9)


def test_nothing_seen_says_nothing() -> None:
    """Rule: without anybody every share is possible."""
    assert wilson(0, 0) == (0.0, 1.0)
    assert newcombe(0, 0, 1, 2) == (-1.0, 1.0)
