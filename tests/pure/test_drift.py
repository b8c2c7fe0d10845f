"""Drift: values of the peers, what bins hold, and that too little is never a pass."""

import json
import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure import drift
from annexa.pure.baselines import Baseline, read, written
from annexa.pure.drift import (
    DISCRETE_UP_TO,
    MEASURES,
    MOST_CATEGORIES,
    SAMPLE,
    Counted,
    DriftError,
    categorical_baseline,
    counted_values,
    numeric_baseline,
)
from tests.drift_samples import NUMERIC, WORDS, normal, numbers

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "drift.json").read_text(encoding="utf-8"))["columns"]
COUNTS = st.lists(st.integers(0, 500), min_size=2, max_size=12).filter(any)


def column(name: str) -> np.ndarray:
    """The first window of a made-up column, sorted."""
    return np.sort(np.array(NUMERIC[name][0]))


@pytest.mark.parametrize("name", sorted(NUMERIC))
def test_numbers_are_evidentlys_and_scipys(name: str) -> None:
    """Rule: PSI, Jensen-Shannon, Kolmogorov-Smirnov and Wasserstein agree to 1e-9 with Evidently's binning."""
    then, now = (np.sort(np.array(one)) for one in NUMERIC[name])
    if len(np.unique(then)) <= DISCRETE_UP_TO:
        edges, binning = np.unique(np.concatenate((then, now))), "values"
    else:
        low, high = min(then[0], now[0]), max(then[-1], now[-1])
        edges, binning = drift.sturges_edges(low, high, len(then) + len(now))[1:-1], "equal_width"
    a, b = (counted_values(one, edges, binning).counts for one in (then, now))  # type: ignore[arg-type]
    test = drift.kolmogorov_smirnov(then, now)
    found = {
        "psi": drift.psi(a, b),
        "jensen_shannon": drift.jensen_shannon(a, b),
        "ks": test.statistic,
        "ks_p": test.p_value,
        "ks_exact_or_limit_p": test.p_value,
        "wasserstein_plain": drift.wasserstein(then, now),
        "wasserstein": drift.wasserstein_normed(then, now, float(then.std())),
    }
    assert found == pytest.approx(GOLDEN[name], abs=1e-9)


@pytest.mark.parametrize("name", sorted(WORDS))
def test_words_are_evidentlys_and_scipys(name: str) -> None:
    """Rule: the measures of categories and both tests of chi-square agree to 1e-9."""
    one, two = (Counter(words) for words in WORDS[name])
    keys = sorted({*one, *two})
    a, b = [one[key] for key in keys], [two[key] for key in keys]
    found = {
        "psi": drift.psi(a, b),
        "jensen_shannon": drift.jensen_shannon(a, b),
        "chi_square": drift.chi_square(a, b).statistic,
        "chi_square_p": drift.chi_square(a, b).p_value,
        "chi_square_fit_p": drift.chi_square_fit(a, b).p_value,
    }
    assert found == pytest.approx(GOLDEN[name], abs=1e-9)


def test_bins_of_the_baseline_and_one_of_others_give_evidentlys_psi() -> None:
    """Rule: one category that was never seen falls into the bin of others, and nothing changes."""
    for name in WORDS:
        one, two = (Counter(words) for words in WORDS[name])
        frozen = categorical_baseline("c", one)
        now = Counted(
            n=sum(two.values()),
            counts=tuple(two[key] for key in frozen.categories),
            unseen=sum(two.values()) - sum(two[key] for key in frozen.categories),
        )
        found = drift.drift(frozen, now, "psi", minimum=1)
        assert found.value == pytest.approx(GOLDEN[name]["psi"], abs=1e-9)


@pytest.mark.parametrize("whole", [False, True])
def test_edges_are_numpys(whole: bool) -> None:
    """Rule: equal width means what numpy and so Evidently mean by Sturges."""
    values = np.array(numbers(40, 333, normal(3, 9)))
    values = np.round(values) if whole else values
    asked = values.astype(np.int64) if whole else values
    expected = np.histogram_bin_edges(asked, "sturges")
    assert drift.sturges_edges(asked.min(), asked.max(), len(asked), whole=whole).tolist() == expected.tolist()
    assert drift.sturges_edges(2.0, 2.0, 5).tolist() == np.histogram_bin_edges([2.0] * 5, "sturges").tolist()


def test_deciles_hold_a_tenth_each() -> None:
    """Rule: ten bins of equal weight, each value in one of them."""
    frozen = numeric_baseline("x", np.array(numbers(41, 1000, normal())))
    assert frozen.binning == "deciles"
    assert len(frozen.counts) == 10
    assert set(frozen.counts) <= {99, 100, 101}
    assert sum(frozen.counts) == frozen.n == 1000
    assert frozen.whole


def test_values_that_repeat_give_fewer_bins_and_few_values_one_each() -> None:
    """Rule: no bin of the baseline is empty; what takes at most 20 values is binned by value."""
    half_zero = np.concatenate((np.zeros(600), np.array(numbers(42, 400, normal(5)))))
    frozen = numeric_baseline("x", half_zero)
    assert min(frozen.counts) > 0
    assert sum(frozen.counts) == 1000
    few = numeric_baseline("x", np.array([3.0, 1.0, 2.0, 2.0]))
    assert (few.binning, few.edges, few.counts) == ("values", (1.0, 2.0, 3.0), (1, 2, 1))
    later = counted_values(np.array([2.0, 2.5, 9.0]), few.edges, few.binning)
    assert (later.counts, later.unseen) == ((0, 1, 0), 2)


def test_what_is_not_a_number_is_counted_apart() -> None:
    """Rule: nulls and NaN are missing, infinite values neither missing nor in any bin."""
    values = np.array([1.0, math.nan, math.inf, -math.inf, *range(30)])
    frozen = numeric_baseline("x", values, missing=5)
    assert (frozen.n, frozen.missing, frozen.infinite, sum(frozen.counts)) == (31, 6, 2, 31)
    later = counted_values(values, frozen.edges, frozen.binning, missing=1)
    assert (later.n, later.missing, later.infinite, later.counts) == (31, 2, 2, frozen.counts)


def test_a_large_baseline_keeps_a_sample_and_says_so() -> None:
    """Rule: distances to a sample are off by less than 1/10,000, and are not said to be exact."""
    values = np.array(numbers(43, 40_000, normal()))
    later = np.sort(np.array(numbers(44, 9000, normal(0.1))))
    frozen = numeric_baseline("x", values)
    assert len(frozen.sample) == SAMPLE
    assert not frozen.whole
    counts = counted_values(later, frozen.edges, frozen.binning)
    found = drift.drift(frozen, counts, "ks", minimum=1, values=later)
    exact = drift.kolmogorov_smirnov(np.sort(values), later)
    assert not found.exact
    assert found.value == pytest.approx(exact.statistic, abs=1 / SAMPLE)
    moved = drift.drift(frozen, counts, "wasserstein", minimum=1, values=later)
    assert moved.value == pytest.approx(drift.wasserstein_normed(np.sort(values), later, float(values.std())), abs=2e-3)


@pytest.mark.parametrize("measure", MEASURES)
def test_too_little_is_never_a_value(measure: drift.Measure) -> None:
    """Rule: below the minimum, on either side, there is no value and a sentence with both numbers."""
    frozen = numeric_baseline("x", column("equal"))
    few = np.sort(np.array(numbers(45, 20, normal())))
    found = drift.drift(frozen, counted_values(few, frozen.edges, "deciles"), measure, minimum=100, values=few)
    assert found.value is None
    assert found.because == "x: the window has 20 values; at least 100 are needed."
    small = numeric_baseline("x", few, binning="equal_width")
    many = column("equal")
    found = drift.drift(small, counted_values(many, small.edges, small.binning), measure, minimum=100, values=many)
    assert found.value is None
    assert "baseline has 20 values" in found.because


def test_an_empty_window_is_not_enough_even_for_a_minimum_of_none() -> None:
    """Rule: nothing is not equal to something."""
    frozen = numeric_baseline("x", column("equal"))
    empty = np.array([], np.float64)
    found = drift.drift(frozen, counted_values(empty, frozen.edges, "deciles"), "psi", minimum=0)
    assert (found.value, found.n_now) == (None, 0)


def test_chi_square_needs_cochrans_counts() -> None:
    """Rule: a p-value of a test that does not hold is not given."""
    frozen = categorical_baseline("c", {"a": 1000, "b": 1})
    found = drift.drift(frozen, Counted(n=100, counts=(100, 0)), "chi_square_p", minimum=1)
    assert found.value is None
    assert "fewer than 5" in found.because


def test_missing_is_a_measure_of_its_own() -> None:
    """Rule: it is the rise of the share of missing values, of all rows."""
    frozen = numeric_baseline("x", column("equal"), missing=300)
    found = drift.drift(frozen, Counted(n=0, missing=50, counts=(0,) * 10), "missing", minimum=50)
    assert found.value == pytest.approx(1 - 0.3)


def test_words_have_no_distance_and_other_bins_are_refused() -> None:
    """Rule: a measure of numbers says so of words; a window counted into other bins is an error."""
    frozen = categorical_baseline("c", {"a": 6, "b": 4})
    found = drift.drift(frozen, Counted(n=10, counts=(5, 5)), "wasserstein", minimum=1)
    assert found.value is None
    assert "words" in found.because
    with pytest.raises(DriftError, match="3 bins"):
        drift.bins(frozen, Counted(n=3, counts=(1, 1, 1)))
    with pytest.raises(DriftError, match="none were given"):
        drift.drift(numeric_baseline("x", column("equal")), Counted(n=10, counts=(1,) * 10), "ks", minimum=1)


def test_nothing_to_freeze_is_refused() -> None:
    """Rule: a baseline of nothing would compare with nothing."""
    with pytest.raises(DriftError, match="no finite value"):
        numeric_baseline("x", np.array([math.nan]))
    with pytest.raises(DriftError, match="no value"):
        categorical_baseline("c", {})
    with pytest.raises(DriftError, match="takes 200"):
        numeric_baseline("x", np.arange(500.0), binning="values")


def test_rare_categories_are_others() -> None:
    """Rule: the commonest 200 are kept, equally common ones by their letters; the rest is counted together."""
    frozen = categorical_baseline("c", {f"w{n:04}": 10 if n < 100 else 1 for n in range(500)})
    assert len(frozen.categories) == MOST_CATEGORIES
    assert frozen.categories[-1] == "w0199"
    assert frozen.others == 300
    assert frozen.n == sum(frozen.counts) + frozen.others


@given(COUNTS, st.randoms(use_true_random=False))
def test_equal_shares_have_not_drifted_and_others_have(counts: list[int], shuffle: object) -> None:
    """Rule: distances are 0 for equal shares, never negative, alike in both directions, and bounded where they are."""
    twice = [2 * one for one in counts]
    assert drift.psi(counts, twice) == pytest.approx(0, abs=1e-12)
    assert drift.jensen_shannon(counts, twice) == pytest.approx(0, abs=1e-7)
    other = counts[::-1]
    assert drift.psi(counts, other) >= 0
    assert drift.psi(counts, other) == pytest.approx(drift.psi(other, counts))
    distance = drift.jensen_shannon(counts, other)
    assert 0 <= distance <= math.sqrt(math.log(2)) + 1e-12
    assert 0 <= drift.chi_square(counts, other).p_value <= 1


# --- as a value


def baseline() -> Baseline:
    """A baseline of three columns."""
    since = datetime(2026, 1, 1, tzinfo=UTC)
    return Baseline(
        system="scoring",
        since=since,
        until=since + timedelta(days=30),
        rows=1200,
        columns=(
            numeric_baseline("f_income", np.array(numbers(50, 1200, lambda u: 1000 * u * u / 3)), missing=7),
            categorical_baseline("f_channel", Counter(WORDS["alike"][0]), missing=1),
            numeric_baseline("f_age", np.array(NUMERIC["few"][0])),
        ),
    )


def test_a_baseline_is_read_as_it_was_written() -> None:
    """Rule: through JSON and back nothing changes, to the last bit; equal baselines have equal digests."""
    one = baseline()
    found = read(json.loads(json.dumps(written(one))))
    assert {c.column: c for c in found.columns} == {c.column: c for c in one.columns}
    assert found.digest == one.digest
    reordered = Baseline(system=one.system, since=one.since, until=one.until, rows=one.rows, columns=one.columns[::-1])
    assert reordered.digest == one.digest


def test_the_digest_is_the_same_on_any_machine() -> None:
    """Rule: the form lasts. If this changes, every baseline that was ever sealed changes."""
    assert baseline().digest == "4e005d7913b70d53f3d210876506a21f58109feb0fa5b62becb1730b72192b4c"


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("format", "annexa-baseline/9", "reads annexa-baseline/1"),
        ("rows", "many", "ValueError"),
        ("columns", None, "TypeError"),
        ("extra", 1, "as Annexa writes it"),
        ("since", "2026-01-01T00:00:00", "time zone"),
    ],
)
def test_what_is_no_baseline_is_refused(key: str, value: object, expected: str) -> None:
    """Rule: a baseline is taken whole and unchanged, or not at all."""
    with pytest.raises(DriftError, match=expected):
        read({**written(baseline()), key: value})


def test_counts_that_do_not_add_up_are_refused() -> None:
    """Rule: shares of a baseline are of all its values."""
    value = written(baseline())
    value["columns"][0]["counts"][0] += 1
    with pytest.raises(DriftError, match="in all of"):
        read(value)
    value = written(baseline())
    income = next(one for one in value["columns"] if one["column"] == "f_income")
    income["edges"] = income["edges"][::-1]
    with pytest.raises(DriftError, match="do not rise"):
        read(value)
