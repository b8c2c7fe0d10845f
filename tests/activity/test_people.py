"""Drift, fairness and estimated performance on real people: what Evidently, Fairlearn and NannyML find in them.

The data come out of NannyML's wheel; of NannyML itself nothing runs here. What the peers say was computed once:
`bench/drift.py --acs … --golden`. Without the data these tests are skipped and say why.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from annexa.activity import frames
from annexa.pure import drift, performance
from annexa.pure.fairness import FAIRNESS, fairness
from tests import acs
from tests.activity.engines import on_duckdb

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "acs.json").read_text(encoding="utf-8"))

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("people")]


@pytest.fixture(scope="module")
def wheel() -> Path:
    """The wheel with the data."""
    found = acs.found()
    if isinstance(found, str):
        pytest.skip(found)
    return found


def test_all_people_are_there(wheel: Path) -> None:
    """Rule: the values below are of 68,785 and 208,892 people."""
    assert [acs.table(wheel, name).num_rows for name in ("reference", "analysis")] == GOLDEN["rows"]


@pytest.mark.parametrize("column", acs.NUMBERS)
def test_numbers_drift_as_evidently_says(wheel: Path, column: str) -> None:
    """Rule: the four measures of numbers agree to 1e-9."""
    then, now = (np.sort(acs.table(wheel, name).column(column).to_numpy()) for name in ("reference", "analysis"))
    edges = drift.sturges_edges(min(then[0], now[0]), max(then[-1], now[-1]), len(then) + len(now))[1:-1]
    a, b = (drift.counted_values(one, edges, "equal_width").counts for one in (then, now))
    expected = GOLDEN["drift"][column]
    assert drift.psi(a, b) == pytest.approx(expected["psi"], abs=1e-9)
    assert drift.jensen_shannon(a, b) == pytest.approx(expected["jensen_shannon"], abs=1e-9)
    assert drift.kolmogorov_smirnov(then, now).p_value == pytest.approx(expected["ks_p"], abs=1e-9)
    moved = drift.wasserstein_normed(then, now, float(then.std()))
    assert moved == pytest.approx(expected["wasserstein"], abs=1e-9)


@pytest.mark.parametrize("column", acs.WORDS)
def test_words_drift_as_evidently_says(wheel: Path, column: str) -> None:
    """Rule: counted by the engine into a frozen baseline, PSI, Jensen-Shannon and chi-square agree to 1e-9."""
    then, now = (frames.events(acs.table(wheel, name)) for name in ("reference", "analysis"))
    frozen = drift.categorical_baseline(column, frames.names_of(then, column))
    a, b = drift.bins(frozen, frames.counted(now, [frozen])[column])
    expected = GOLDEN["drift"][column]
    assert drift.psi(a, b) == pytest.approx(expected["psi"], abs=1e-9)
    assert drift.jensen_shannon(a, b) == pytest.approx(expected["jensen_shannon"], abs=1e-9)
    assert drift.chi_square_fit(a, b).p_value == pytest.approx(expected["chi_square_fit_p"], abs=1e-9)


@pytest.mark.parametrize("by", ["SEX", "RAC1P"])
def test_fairness_is_fairlearns_on_both_engines(wheel: Path, by: str) -> None:
    """Rule: all five measures agree to 1e-9, and DuckDB counts what Arrow counts."""
    people, truth = acs.table(wheel, "analysis"), acs.table(wheel, "analysis_target")
    groups = acs.groups(people, truth, by)
    assert frames.groups(frames.events(on_duckdb(acs.events(people, truth, by))), f"f_{by}", "1") == groups
    found = {name: fairness(groups, name, minimum=1).value for name in FAIRNESS}
    assert found == pytest.approx(GOLDEN["fairness"][by], abs=1e-9)


def test_a_group_of_five_does_not_decide(wheel: Path) -> None:
    """Rule: the smallest group makes odds look 0.28 apart; with a minimum it is left out and named."""
    groups = acs.groups(acs.table(wheel, "analysis"), acs.table(wheel, "analysis_target"), "RAC1P")
    every = fairness(groups, "equalised_odds_difference", minimum=1)
    large = fairness(groups, "equalised_odds_difference", minimum=100)
    assert every.value == pytest.approx(0.2778, abs=1e-4)
    assert every.highest in {name for name, _ in large.left_out} or every.lowest in {n for n, _ in large.left_out}
    assert large.value is not None
    assert large.value < every.value


def test_performance_is_estimated_as_nannyml_does(wheel: Path) -> None:
    """Rule: accuracy, precision, recall and F1 without labels, calibrated on the reference, agree to 1e-9."""
    assert acs.estimated(acs.table(wheel, "reference"), acs.table(wheel, "analysis")) == (
        pytest.approx(GOLDEN["cbpe"], abs=1e-9)
    )


def test_the_estimate_comes_true(wheel: Path) -> None:
    """Rule: when the labels of these people came, the system had been as accurate as was expected, to a hundredth."""
    people, truth = acs.table(wheel, "analysis"), acs.table(wheel, "analysis_target")
    pairs, of = frames.pairs(frames.events(acs.events(people, truth, "SEX")))
    real = performance.classified(pairs, "accuracy", of=of, minimum=100).value
    assert acs.estimated(acs.table(wheel, "reference"), people)["accuracy"] == pytest.approx(real, abs=0.01)
