"""Fairness: as Fairlearn has it, with small groups left out by name and never a pass on too little."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.fairness import FAIRNESS, FairnessMeasure, Group, fairness
from tests.drift_samples import decisions, groups_of

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "drift.json").read_text(encoding="utf-8"))["fairness"]


GROUPS = groups_of(decisions())
TWO = [Group(name="men", n=100, selected=50), Group(name="women", n=100, selected=40)]


@pytest.mark.parametrize("measure", FAIRNESS)
def test_values_are_fairlearns(measure: FairnessMeasure) -> None:
    """Rule: every measure agrees to 1e-9 when every group is taken."""
    found = fairness(GROUPS, measure, minimum=1)
    assert found.value == pytest.approx(GOLDEN[measure], abs=1e-9)
    assert found.interval is not None
    assert found.interval[0] <= found.value <= found.interval[1]
    assert found.lowest != found.highest


def test_four_fifths() -> None:
    """Rule: 40 of 100 beside 50 of 100 is exactly four fifths and keeps the rule; 39 does not."""
    found = fairness(TWO, "demographic_parity_ratio", minimum=30)
    assert found.value == pytest.approx(0.8)
    assert found.four_fifths
    worse = fairness([TWO[0], Group(name="women", n=100, selected=39)], "demographic_parity_ratio", minimum=30)
    assert worse.four_fifths is False
    assert (worse.lowest, worse.highest) == ("women", "men")
    assert fairness(TWO, "demographic_parity_difference", minimum=30).four_fifths is None


def test_small_groups_are_left_out_by_name() -> None:
    """Rule: a group too small neither makes nor hides a difference, and is named with its size."""
    tiny = Group(name="others", n=5, selected=0)
    found = fairness([*TWO, tiny], "demographic_parity_ratio", minimum=30)
    assert found.value == pytest.approx(0.8)
    assert found.left_out == (("others", 5),)


def test_odds_need_enough_of_those_who_deserved_it() -> None:
    """Rule: the minimum holds for the denominator of each rate, not for the group."""
    one = Group(name="a", n=500, selected=100, positives=100, negatives=400, true_positives=80, false_positives=20)
    two = Group(name="b", n=500, selected=100, positives=10, negatives=490, true_positives=2, false_positives=98)
    found = fairness([one, two], "equal_opportunity_difference", minimum=30)
    assert found.value is None
    assert found.left_out == (("b", 10),)
    assert found.because == "1 groups have at least 30 people; two are needed to compare."


def test_one_group_alone_is_never_fair() -> None:
    """Rule: nothing to compare with is not enough to tell."""
    for groups in ([], TWO[:1]):
        for measure in FAIRNESS:
            assert fairness(groups, measure, minimum=1).value is None


def test_nobody_selected_has_no_ratio_but_a_difference() -> None:
    """Rule: 0 of 0 is no ratio; that nobody was selected is no difference."""
    none = [Group(name=one, n=100, selected=0) for one in "ab"]
    assert fairness(none, "demographic_parity_ratio", minimum=1).value is None
    assert fairness(none, "demographic_parity_difference", minimum=1).value == 0


def test_towards_one_group() -> None:
    """Rule: with a group to compare with, two others far apart do not count."""
    groups = [
        Group(name="a", n=100, selected=50),
        Group(name="b", n=100, selected=40),
        Group(name="c", n=100, selected=60),
    ]
    found = fairness(groups, "demographic_parity_difference", minimum=1, towards="a")
    assert found.value == pytest.approx(0.1)
    assert fairness(groups, "demographic_parity_difference", minimum=1).value == pytest.approx(0.2)
    lost = fairness(groups, "demographic_parity_difference", minimum=1, towards="z")
    assert lost.value is None
    assert "'z'" in lost.because


@given(st.lists(st.tuples(st.integers(1, 200), st.integers(0, 200)), min_size=2, max_size=6))
def test_values_stay_in_their_range(sizes: list[tuple[int, int]]) -> None:
    """Rule: differences and ratios are between 0 and 1, and so that a difference of 0 is a ratio of 1."""
    groups = [Group(name=f"g{i}", n=n, selected=min(n, k)) for i, (n, k) in enumerate(sizes)]
    difference = fairness(groups, "demographic_parity_difference", minimum=1).value
    ratio = fairness(groups, "demographic_parity_ratio", minimum=1).value
    assert difference is not None
    assert 0 <= difference <= 1
    if ratio is not None:
        assert 0 <= ratio <= 1
        assert (ratio == 1) == (difference == 0)
