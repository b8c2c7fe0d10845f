"""Performance: as scikit-learn has it, with labels that come late, and without any."""

import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure import performance
from annexa.pure.performance import (
    OF_CLASSES,
    OF_SCORES,
    Calibration,
    calibration,
    classified,
    estimated,
    expected_confusion,
    scored,
)
from tests.drift_samples import decisions

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "drift.json").read_text(encoding="utf-8"))["performance"]
ROWS = decisions()
PAIRS = Counter(("yes" if said else "no", "yes" if truth else "no") for _, _, said, truth in ROWS)
SCORES = np.array([score for _, score, _, _ in ROWS])
TRUTH = np.array([float(truth) for *_, truth in ROWS])


@pytest.mark.parametrize("measure", OF_CLASSES)
def test_classes_are_scikit_learns(measure: performance.OfClasses) -> None:
    """Rule: accuracy, precision, recall and F1 agree to 1e-9, and lie within their intervals."""
    found = classified(PAIRS, measure, of=len(ROWS), minimum=100, positive="yes")
    assert found.value == pytest.approx(GOLDEN[measure], abs=1e-9)
    assert (found.n, found.of) == (3000, 3000)
    if found.interval:
        assert found.interval[0] < found.value < found.interval[1]
    assert (found.interval is None) == (measure == "f1")


@pytest.mark.parametrize("measure", ["f1", "precision"])
def test_without_a_positive_class_all_count_alike(measure: performance.OfClasses) -> None:
    """Rule: the macro average agrees to 1e-9."""
    found = classified(PAIRS, measure, of=len(ROWS), minimum=100)
    assert found.value == pytest.approx(GOLDEN[f"{measure}_macro"], abs=1e-9)


@pytest.mark.parametrize("measure", OF_SCORES)
def test_scores_are_scikit_learns(measure: performance.OfScores) -> None:
    """Rule: ROC AUC with ties, Brier, MAE and RMSE agree to 1e-9."""
    found = scored(SCORES, TRUTH, measure, of=len(SCORES), minimum=100)
    assert found.value == pytest.approx(GOLDEN[measure], abs=1e-9)
    if found.interval:
        assert found.interval[0] < found.value < found.interval[1]


def test_calibration_is_scikit_learns() -> None:
    """Rule: isotonic regression agrees to 1e-9 everywhere, also between and beyond what was seen."""
    learnt = calibration(SCORES, TRUTH > 0.5)
    assert learnt.of(np.linspace(0, 1, 41)).tolist() == pytest.approx(GOLDEN["calibrated"], abs=1e-9)
    assert list(learnt.rates) == sorted(learnt.rates)
    assert learnt.n == 3000


def test_labels_that_are_late_are_not_enough() -> None:
    """Rule: both too few labels and too small a share of them are said with the numbers."""
    found = classified({("yes", "yes"): 40, ("no", "no"): 10}, "accuracy", of=1000, minimum=100)
    assert (found.value, found.n, found.of) == (None, 50, 1000)
    assert found.because == "50 of 1000 events have a label; at least 100 are needed."
    found = classified({("yes", "yes"): 150}, "accuracy", of=1000, minimum=100, least_share=0.5)
    assert found.value is None
    assert found.because == "15.0% of the events have a label; at least 50% are needed."
    late = np.where(np.arange(len(TRUTH)) < 60, TRUTH, math.nan)
    found = scored(SCORES, late, "brier", of=len(SCORES), minimum=100)
    assert (found.value, found.n) == (None, 60)


def test_an_empty_denominator_is_no_value() -> None:
    """Rule: where nobody was selected there is no precision; where all labels are alike no ROC AUC."""
    found = classified({("no", "no"): 200}, "precision", of=200, minimum=1, positive="yes")
    assert found.value is None
    assert "denominator" in found.because
    found = scored(SCORES, np.ones(len(SCORES)), "roc_auc", of=len(SCORES), minimum=1)
    assert found.value is None
    assert "All labels are the same" in found.because


def test_brier_takes_probabilities_only() -> None:
    """Rule: an estimate is not taken for a probability."""
    found = scored(SCORES * 3, TRUTH, "brier", of=len(SCORES), minimum=1)
    assert found.value is None
    assert "probabilities" in found.because


def test_what_is_expected_without_labels_comes_true_for_calibrated_probabilities() -> None:
    """Rule: CBPE on calibrated probabilities finds what labels show, within its interval."""
    learnt = calibration(SCORES, TRUTH > 0.5)
    later = decisions(seed=77, n=6000)
    scores = learnt.of(np.array([score for _, score, _, _ in later]))
    said = np.array([said for _, _, said, _ in later])
    real = sum(said == truth for _, _, said, truth in later) / len(later)
    found = estimated(scores, said, "accuracy", minimum=100)
    assert found.value == pytest.approx(real, abs=0.02)
    assert found.interval is not None
    assert found.interval[0] <= real <= found.interval[1]


def test_expected_answers_by_hand() -> None:
    """Rule: of two predicted positive at 0.9 and 0.6, 1.5 are expected to be; of one not predicted at 0.2, 0.2."""
    found = expected_confusion(np.array([0.9, 0.6, 0.2]), np.array([True, True, False]))
    assert found.true_positives == pytest.approx(1.5)
    assert found.false_positives == pytest.approx(0.5)
    assert found.true_negatives == pytest.approx(0.8)
    assert found.false_negatives == pytest.approx(0.2)
    assert estimated(np.array([0.9, 0.6, 0.2]), np.array([True, True, False]), "accuracy", minimum=1).value == (
        pytest.approx(2.3 / 3)
    )


def test_an_estimate_needs_enough_probabilities() -> None:
    """Rule: too few, or numbers that are none, are no estimate."""
    said = np.array([True, False])
    assert estimated(np.array([0.5, math.nan]), said, "accuracy", minimum=2).value is None
    found = estimated(np.array([0.5, 7.0]), said, "accuracy", minimum=1)
    assert "from 0 to 1" in found.because


def test_nothing_to_learn_from_is_refused() -> None:
    """Rule: no calibration is made up."""
    with pytest.raises(ValueError, match="no scores"):
        calibration(np.array([math.nan]), np.array([True]))


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=60))
def test_measures_stay_in_their_range(rows: list[tuple[float, bool]]) -> None:
    """Rule: whatever comes, a share is a share, and turning all scores around turns ROC AUC around."""
    scores, truth = np.array([score for score, _ in rows]), np.array([float(one) for _, one in rows])
    auc = scored(scores, truth, "roc_auc", of=len(rows), minimum=1).value
    if auc is not None:
        turned = scored(-scores, truth, "roc_auc", of=len(rows), minimum=1).value
        assert turned is not None
        assert 0 <= auc <= 1
        assert auc + turned == pytest.approx(1)
    fitted = calibration(scores, truth > 0.5).of(scores)
    assert math.fsum(fitted) == pytest.approx(truth.sum(), abs=1e-6)


@pytest.mark.parametrize("many", [1, 2, 59, 60, 61, 5_000])
def test_the_outline_of_a_calibration_has_its_ends(many) -> None:
    """All of few, some of many."""
    places = tuple(float(one) for one in range(many))
    found = Calibration(scores=places, rates=places, n=many).outline
    assert (found[0][0], found[-1][0], len(found)) == (0.0, many - 1, min(many, 60))
