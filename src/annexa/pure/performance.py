"""How right a system was, and how right it probably is where nobody knows yet.

Labels come late: what turned out to be true is known for a part of a window only. Every result says of how many events
it speaks and what share of the window had a label; too few, or too small a share, is a result of its own.

Without labels, confidence-based performance estimation (CBPE) takes each probability at its word: of a hundred cases
given 0.9, ninety are expected to be right. That holds for calibrated probabilities only, so a calibration is learnt
from the baseline, where labels are known, and frozen with it; and it cannot see that the world changed its rules
(concept drift), only that other cases come in. Source: J. Białek et al., "Estimating model performance under covariate
shift without labels" (2024), section 3; NannyML 0.13.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from annexa.pure.distributions import CONFIDENCE, wilson

Floats = npt.NDArray[np.float64]
OfClasses = Literal["accuracy", "precision", "recall", "f1"]
OF_CLASSES: Final[tuple[OfClasses, ...]] = ("accuracy", "precision", "recall", "f1")
OfScores = Literal["roc_auc", "brier", "mae", "rmse"]
OF_SCORES: Final[tuple[OfScores, ...]] = ("roc_auc", "brier", "mae", "rmse")
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A value with its 95 % interval where a closed form is known; None, and why, where there is not enough to tell.

    `n`: the events it speaks of; `of`: those that could have counted, such as all predictions whose labels are due.
    """

    value: float | None
    n: int
    of: int
    interval: Interval | None = None
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Right and wrong answers of a classifier with two classes; numbers of events, or expected ones."""

    true_positives: float
    false_positives: float
    true_negatives: float
    false_negatives: float

    @property
    def n(self) -> float:
        """All of them."""
        return self.true_positives + self.false_positives + self.true_negatives + self.false_negatives


def too_few(labelled: int, of: int, *, minimum: int, least_share: float = 0.0) -> str:
    """Why labels do not suffice; "" if they do. `least_share`: of the window, from 0 to 1, that needs a label."""
    if labelled < max(1, minimum):
        return f"{labelled} of {of} events have a label; at least {max(1, minimum)} are needed."
    if of and labelled / of < least_share:
        return f"{labelled / of:.1%} of the events have a label; at least {least_share:.0%} are needed."
    return ""


# --- classes


def confusion(pairs: Mapping[tuple[str, str], int], positive: str) -> Confusion:
    """Two classes from how often each (prediction, label) occurs; everything that is not `positive` is negative."""
    cells = {(True, True): 0, (True, False): 0, (False, False): 0, (False, True): 0}
    for (prediction, label), n in pairs.items():
        cells[prediction == positive, label == positive] += n
    return Confusion(
        true_positives=cells[True, True],
        false_positives=cells[True, False],
        true_negatives=cells[False, False],
        false_negatives=cells[False, True],
    )


def of_confusion(found: Confusion, measure: OfClasses) -> tuple[float | None, Interval | None]:
    """A measure of two classes and its interval; None where its denominator is empty.

    accuracy (TP + TN) / n; precision TP / (TP + FP); recall TP / (TP + FN); F1 2 TP / (2 TP + FP + FN).
    Intervals: Wilson's, of counts. F1 has none in closed form.
    """
    tp, fp, fn = found.true_positives, found.false_positives, found.false_negatives
    hits, of = {
        "accuracy": (tp + found.true_negatives, found.n),
        "precision": (tp, tp + fp),
        "recall": (tp, tp + fn),
        "f1": (2 * tp, 2 * tp + fp + fn),
    }[measure]
    if of <= 0:
        return None, None
    counted = measure != "f1" and float(hits).is_integer() and float(of).is_integer()
    return hits / of, wilson(int(hits), int(of)) if counted else None


def classified(
    pairs: Mapping[tuple[str, str], int], measure: OfClasses, *, of: int, minimum: int,
    positive: str | None = None, least_share: float = 0.0,
) -> Measured:  # fmt: skip
    """How right predictions were, from how often each (prediction, label) occurs among those that have a label.

    Without `positive`, precision, recall and F1 are averaged over the classes that occur, each alike (macro average).
    """
    n = sum(pairs.values())
    if because := too_few(n, of, minimum=minimum, least_share=least_share):
        return Measured(value=None, n=n, of=of, because=because)
    if positive is not None or measure == "accuracy":
        if measure == "accuracy":
            right = sum(count for (prediction, label), count in pairs.items() if prediction == label)
            value, interval = right / n, wilson(right, n)
            return Measured(value=value, n=n, of=of, interval=interval)
        one, reach = of_confusion(confusion(pairs, positive or ""), measure)
        because = "" if one is not None else f"No event counts for {measure}: its denominator is empty."
        return Measured(value=one, n=n, of=of, interval=reach, because=because)
    classes = sorted({name for pair in pairs for name in pair})
    values = [of_confusion(confusion(pairs, name), measure)[0] or 0.0 for name in classes]
    return Measured(value=math.fsum(values) / len(values), n=n, of=of)


# --- scores


def scored(
    scores: Floats, truth: Floats, measure: OfScores, *, of: int, minimum: int, least_share: float = 0.0
) -> Measured:
    """How good probabilities or estimates were. `truth`: 1 and 0 for ROC AUC and Brier, else the true number.

    Pairs with a value that is not finite are left out. `of`: all events that should have had a label.
    """
    kept = np.isfinite(scores) & np.isfinite(truth)
    scores, truth = scores[kept], truth[kept]
    n = len(scores)
    if because := too_few(n, of, minimum=minimum, least_share=least_share):
        return Measured(value=None, n=n, of=of, because=because)
    if measure == "roc_auc":
        return _roc_auc(scores, truth > 0.5, of)
    if measure == "mae":
        return _mean(np.abs(scores - truth), of)
    if measure == "rmse":
        return Measured(value=math.sqrt(float(np.mean((scores - truth) ** 2))), n=n, of=of)
    if scores.min() < 0 or scores.max() > 1:
        return Measured(value=None, n=n, of=of, because="Brier's score takes probabilities from 0 to 1; others occur.")
    return _mean((scores - truth) ** 2, of)


def _mean(errors: Floats, of: int) -> Measured:
    """A mean of errors with the interval of the normal distribution, from two errors on."""
    n, value = len(errors), float(errors.mean())
    reach = _z() * float(errors.std(ddof=1)) / math.sqrt(n) if n > 1 else math.inf
    return Measured(value=value, n=n, of=of, interval=(max(0.0, value - reach), value + reach))


def _roc_auc(scores: Floats, positive: npt.NDArray[np.bool_], of: int) -> Measured:
    """The chance that a case that is positive has a higher score than one that is not; ties count half.

    From ranks, as Mann and Whitney's U. Interval: J. A. Hanley and B. J. McNeil, Radiology 143 (1982), 29-36.
    """
    n, yes = len(scores), int(positive.sum())
    no = n - yes
    if not yes or not no:
        return Measured(value=None, n=n, of=of, because="All labels are the same; ROC AUC compares two classes.")
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2)[place]
    auc = (float(ranks[positive].sum()) - yes * (yes + 1) / 2) / (yes * no)
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = (auc * (1 - auc) + (yes - 1) * (one - auc**2) + (no - 1) * (two - auc**2)) / (yes * no)
    reach = _z() * math.sqrt(max(0.0, variance))
    return Measured(value=auc, n=n, of=of, interval=(max(0.0, auc - reach), min(1.0, auc + reach)))


def _z() -> float:
    return NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


# --- without labels

OUTLINED: Final = 60
"""How many scores of a calibration people are shown at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What a score has been worth: at each of `scores`, `rates` of the known labels were positive; straight between.

    `n`: of how many labelled events it was learnt.
    """

    scores: tuple[float, ...]
    rates: tuple[float, ...]
    n: int

    @property
    def outline(self) -> tuple[tuple[float, float], ...]:
        """Scores with their rates, to be looked at: all, or some of many in even steps, both ends among them."""
        last = len(self.scores) - 1
        places = sorted({round(step * last / (OUTLINED - 1)) for step in range(OUTLINED)})
        return tuple((self.scores[at], self.rates[at]) for at in places)

    def of(self, scores: Floats) -> Floats:
        """The calibrated probabilities of scores; beyond the ends the outermost rate."""
        return np.asarray(np.interp(scores, self.scores, self.rates), np.float64)


def calibration(scores: Floats, positive: npt.NDArray[np.bool_]) -> Calibration:
    """Learns what scores are worth: the rising step function nearest to the labels (isotonic regression).

    The same as scikit-learn's `IsotonicRegression(out_of_bounds="clip")`. Source: R. E. Barlow et al., Statistical
    Inference under Order Restrictions (1972), pool adjacent violators. Raises ValueError without any score.
    """
    kept = np.isfinite(scores)
    places, where, counts = np.unique(scores[kept], return_inverse=True, return_counts=True)
    if not len(places):
        raise ValueError("There are no scores to learn a calibration from.")
    rates = np.bincount(where, weights=positive[kept].astype(np.float64)) / counts
    blocks: list[list[float]] = []
    for rate, count in zip(rates.tolist(), counts.tolist(), strict=True):
        blocks.append([rate, count, 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            value, weight, size = blocks.pop()
            last = blocks[-1]
            last[0] = (last[0] * last[1] + value * weight) / (last[1] + weight)
            last[1] += weight
            last[2] += size
    fitted = np.repeat([block[0] for block in blocks], [int(block[2]) for block in blocks])
    inner = np.ones(len(places), bool)
    inner[1:-1] = (fitted[1:-1] != fitted[:-2]) | (fitted[1:-1] != fitted[2:])
    return Calibration(scores=tuple(places[inner].tolist()), rates=tuple(fitted[inner].tolist()), n=int(kept.sum()))


def expected_confusion(probabilities: Floats, predicted: npt.NDArray[np.bool_]) -> Confusion:
    """How many answers are expected to be right and wrong: sums of p and of 1 − p over what was predicted.

    `probabilities`: calibrated, of the positive class; `predicted`: whether the system said positive.
    """
    yes, no = probabilities[predicted], probabilities[~predicted]
    return Confusion(
        true_positives=math.fsum(yes.tolist()),
        false_positives=math.fsum((1 - yes).tolist()),
        true_negatives=math.fsum((1 - no).tolist()),
        false_negatives=math.fsum(no.tolist()),
    )


def estimated(probabilities: Floats, predicted: npt.NDArray[np.bool_], measure: OfClasses, *, minimum: int) -> Measured:
    """What accuracy, precision, recall or F1 may be expected to be, without labels (CBPE).

    The interval holds what chance adds to the accuracy of a window of this size (a sum of independent answers, normal);
    it says nothing about probabilities that are not calibrated. The others have none in closed form.
    """
    kept = np.isfinite(probabilities)
    probabilities, predicted = probabilities[kept], predicted[kept]
    n, of = len(probabilities), len(kept)
    if n < max(1, minimum):
        return Measured(
            value=None, n=n, of=of, because=f"{n} events have a probability; at least {max(1, minimum)} are needed."
        )
    if probabilities.min() < 0 or probabilities.max() > 1:
        return Measured(value=None, n=n, of=of, because="CBPE takes probabilities from 0 to 1; others occur.")
    found = expected_confusion(probabilities, predicted)
    value, _ = of_confusion(found, measure)
    because = "" if value is not None else f"No event counts for {measure}: its denominator is empty."
    if value is None or measure != "accuracy":
        return Measured(value=value, n=n, of=of, because=because)
    reach = _z() * math.sqrt(float(np.sum(probabilities * (1 - probabilities)))) / n
    return Measured(value=value, n=n, of=of, interval=(max(0.0, value - reach), min(1.0, value + reach)))


def as_flags(labels: Sequence[str | None], positive: str) -> Floats:
    """1 where a label is the positive one, 0 where it is another, NaN where there is none."""
    return np.array([math.nan if one is None else float(one == positive) for one in labels], np.float64)
