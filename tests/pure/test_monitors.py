"""Monitors and their readings: every reading can be written down."""

import json
import math
from datetime import UTC, datetime, timedelta

from annexa.pure.ledger import canonical
from annexa.pure.monitors import Monitor, Proves, Reading, Threshold, Value, written
from annexa.pure.readings import reading

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


def read(*values: float | None) -> Reading:
    """The reading of these values."""
    told = [Value(of=f"f_{n}", value=one, n=100) for n, one in enumerate(values)]
    return reading(MONITOR, told, since=SINCE, until=UNTIL, baseline="ab")


def test_a_reading_can_be_written_down() -> None:
    """Rule: JSON and ledger take it, infinite values as words."""
    value = Value(of="x", value=math.inf, n=1, interval=(1.0, math.inf), expected=0.0, at=SINCE, who=("ann",))
    told = written(reading(MONITOR, [value], since=SINCE, until=UNTIL))
    assert told["values"][0]["value"] == "infinite"
    assert told["values"][0]["interval"] == [1.0, "infinite"]
    assert json.loads(canonical(told)) == json.loads(json.dumps(told))
    assert written(read(-math.inf))["values"][0]["value"] == "minus infinite"
    assert written(read(math.nan))["values"][0]["value"] is None
