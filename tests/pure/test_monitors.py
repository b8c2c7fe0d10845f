"""Readings: the worst value decides, too little keeps from passing, and every reading can be written down."""

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from annexa.pure.ledger import canonical
from annexa.pure.monitors import Monitor, Outcome, Proves, Reading, Threshold, Value, reading, written

SINCE = datetime(2026, 5, 1, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=7)
MONITOR = Monitor(
    id="m", title="M", question="?", kind="drift_input", measure="psi", severity="low", because="x", source="x",
    only=(), where=(), columns=("f_*",), by="", positive="", towards="", share=0.0, binning="deciles",
    window=timedelta(days=7), lag=timedelta(), reference="baseline", past=timedelta(), minimum=1, least_share=0.0,
    thresholds=(
        Threshold(level="warn", when="above", value=0.1, because="Small."),
        Threshold(level="fail", when="above", value=0.25, because="Large."),
    ),
    proves=(Proves(control="LIF-07", expectation="monitors-pass"),), examples=(),
)  # fmt: skip


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
    assert of(0.0, 0.3).because == "f_1: psi is 0.3 over 100, above 0.25. Large."
    assert of(0.3, 0.4, 0.0).because == "f_0: psi is 0.3 over 100, above 0.25; so does 1 more. Large."
    assert of(0.0, None, None).because == "f_1: too few. The same holds of 1 more."
    assert of(0.05, 0.0).because == "f_0: psi is 0.05 over 100; all 2 are within their thresholds."
    assert of().because == "There is nothing to look at: none of the columns is there."


def test_thresholds_on_both_sides() -> None:
    """Rule: a rate may be too low or too high."""
    both = (*MONITOR.thresholds, Threshold(level="fail", when="below", value=-0.5, because="Too low."))
    found = reading(replace(MONITOR, thresholds=both), [Value(of="x", value=-0.6, n=5)], since=SINCE, until=UNTIL)
    assert found.outcome is Outcome.FAIL
    assert found.because == "x: psi is -0.6 over 5, below -0.5. Too low."


def test_a_reading_can_be_written_down() -> None:
    """Rule: JSON and ledger take it, infinite values as words."""
    value = Value(of="x", value=math.inf, n=1, interval=(1.0, math.inf), expected=0.0, at=SINCE, who=("ann",))
    told = written(reading(MONITOR, [value], since=SINCE, until=UNTIL))
    assert told["values"][0]["value"] == "infinite"
    assert told["values"][0]["interval"] == [1.0, "infinite"]
    assert json.loads(canonical(told)) == json.loads(json.dumps(told))
    assert written(of(-math.inf))["values"][0]["value"] == "minus infinite"
    assert written(of(math.nan))["values"][0]["value"] is None
