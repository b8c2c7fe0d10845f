"""Readings: the worst value decides, too little keeps from passing, and one sentence says why in units of people."""

import math
from dataclasses import replace

import pytest

from annexa.library.monitors import monitors
from annexa.pure.monitors import Outcome, Reading, Threshold, Value
from annexa.pure.readings import reading
from tests.pure.test_monitors import MONITOR, SINCE, UNTIL

ALL = monitors()


def of(*values: float | None) -> Reading:
    """The reading of these values."""
    told = [
        Value(of=f"f_{n}", value=one, n=100, because="" if one is not None else f"f_{n}: too few.")
        for n, one in enumerate(values)
    ]
    return reading(MONITOR, told, since=SINCE, until=UNTIL, baseline="ab")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0.0, 0.1), Outcome.PASS),
        ((0.0, 0.11), Outcome.WARN),
        ((0.0, 0.26), Outcome.FAIL),
        ((0.0, None), Outcome.NOT_ENOUGH),
        ((0.11, None), Outcome.WARN),
        ((0.26, None), Outcome.FAIL),
        ((math.nan,), Outcome.NOT_ENOUGH),
        ((math.inf, 0.0), Outcome.FAIL),
        ((), Outcome.NOT_ENOUGH),
    ],
)
def test_the_worst_decides(values: tuple[float | None, ...], expected: Outcome) -> None:
    """Rule: fail before warn before not enough before pass; nothing and no number are not enough."""
    assert of(*values).outcome is expected


def test_a_reading_says_why_in_a_sentence() -> None:
    """Rule: the column, the value, the line and what it means; how many more."""
    assert of(0.0, 0.3).because == "Feature 1: 0.3 PSI over 100, above 0.25. Large."
    assert of(0.3, 0.4, 0.0).because == "Feature 0: 0.3 PSI over 100, above 0.25; so is 1 more. Large."
    assert of(0.0, None, None).because == "f_1: too few. The same holds of 1 more."
    assert of(0.05, 0.0).because == "Feature 0: 0.05 PSI over 100; all 2 are within their thresholds."
    assert of().because == "There is nothing to look at: none of the columns is there."


def test_thresholds_on_both_sides() -> None:
    """Rule: a rate may be too low or too high."""
    both = (*MONITOR.thresholds, Threshold(level="fail", when="below", value=-0.5, because="Too low."))
    found = reading(replace(MONITOR, thresholds=both), [Value(of="x", value=-0.6, n=5)], since=SINCE, until=UNTIL)
    assert found.outcome is Outcome.FAIL
    assert found.because == "X: -0.6 PSI over 5, below -0.5. Too low."


@pytest.mark.parametrize(
    ("monitor", "value", "said"),
    [
        ("refusals", Value(of="all events", value=1 / 6, n=1200), "16.7 % of 1,200 events, above 15 %. "),
        ("odd-hours", Value(of="all events", value=0.3, n=80), "All events: 30 % at odd hours over 80, above 20 %. "),
        (
            "input-missing", Value(of="f_income", value=0.12, n=90),
            "Feature income: 12 % more missing over 90, above 10 %. ",
        ),
        (
            "selection-by-age", Value(of="f_age_band", value=1 / 6, n=60),
            "Feature age band: 16.7 points between selection rates over 60, above 10 points. ",
        ),
        (
            "latency", Value(of="latency_ms", value=32000.0, n=50),
            "Latency: 32,000 ms for 95 % over 50, above 30,000 ms. ",
        ),
    ],
)  # fmt: skip
def test_a_sentence_says_values_as_pages_do(monitor: str, value: Value, said: str) -> None:
    """Rule: shares are in per cent, their differences in points, times in their unit, and columns have a name."""
    found = reading(ALL[monitor], [value], since=SINCE, until=UNTIL)
    assert found.because.startswith(said)


@pytest.mark.parametrize("monitor", ALL.values(), ids=ALL)
def test_no_sentence_speaks_code(monitor) -> None:
    """Rule: no measure or column is shown as code writes it, whatever the monitor."""
    column = monitor.columns[0].replace("*", "x") if monitor.columns else "all events"
    for far in (-1e9, 1e9):
        found = reading(monitor, [Value(of=column, value=far, n=10)], since=SINCE, until=UNTIL).because
        assert "_" not in found
        assert f"{monitor.measure} is" not in found
