"""Running monitors: what depends on Annexa's own knowledge, on windows and on binning."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annexa.activity.columns import batch_of
from annexa.activity.monitoring import Known, freeze, run
from annexa.library.monitors import monitors
from annexa.pure.baselines import read, written
from annexa.pure.drift import DriftError
from annexa.pure.events import Event
from annexa.pure.monitors import Outcome, Threshold
from annexa.pure.performance import Calibration, calibration
from annexa.pure.readings import reading
from tests.activity.engines import on_duckdb
from tests.drift_samples import NUMERIC, WORDS
from tests.library.monitor_examples import found_in, log_of

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "drift.json").read_text(encoding="utf-8"))["columns"]
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MONITORS = monitors()


def events(at: datetime, **columns: Any) -> pa.Table:
    """Inferences at one time."""
    n = len(next(iter(columns.values())))
    return pa.table({"at": pa.array([at] * n, pa.timestamp("us", "UTC")), "kind": ["inference"] * n, **columns})


def both(name: str) -> pa.Table:
    """The two made-up windows of a column, a month apart."""
    then, now = {**NUMERIC, **WORDS}[name]
    past, later = (
        events(at, f_x=values) for at, values in ((NOON - timedelta(days=20), then), (NOON - timedelta(days=1), now))
    )
    return pa.concat_tables([past, later])


@pytest.mark.parametrize("measure", ["psi", "jensen_shannon"])
@pytest.mark.parametrize("name", sorted({**NUMERIC, **WORDS}))
def test_evidentlys_bins_on_request(name: str, measure: str) -> None:
    """Rule: with the binning evidently a monitor finds Evidently's value to 1e-9, on both engines."""
    monitor = replace(MONITORS["input-mix"], binning="evidently", measure=measure, minimum=1)
    for native in (both(name), on_duckdb(both(name))):
        found = run(monitor, native, until=NOON)
        assert found.values[0].value == pytest.approx(GOLDEN[name][measure], abs=1e-9)


def test_a_reading_names_the_baseline_it_was_held_against() -> None:
    """Rule: whoever reads a result can find the baseline by its digest, and the exact window."""
    table = both("shifted")
    baseline = freeze(table, ["f_*"], system="s", since=NOON - timedelta(days=30), until=NOON - timedelta(days=7))
    found = run(MONITORS["input-drift"], table, until=NOON, known=Known(baseline=baseline))
    assert found.baseline == baseline.digest
    assert (found.since, found.until) == (NOON - timedelta(days=7), NOON)
    assert found.outcome is Outcome.FAIL
    assert run(MONITORS["input-mix"], table, until=NOON).baseline == ""


def test_a_column_that_has_gone_keeps_it_from_passing() -> None:
    """Rule: what can no longer be looked at is not fine."""
    table = both("equal")
    baseline = freeze(
        table.append_column("f_gone", pa.array(np.arange(table.num_rows, dtype=float))), ["f_*"], system="s",
        since=NOON - timedelta(days=30), until=NOON - timedelta(days=7),
    )  # fmt: skip
    found = run(MONITORS["input-drift"], table, until=NOON, known=Known(baseline=baseline))
    assert found.outcome is Outcome.NOT_ENOUGH
    assert "f_gone: the log has no such column any more." in found.because
    new = table.append_column("f_new", pa.array(np.arange(table.num_rows, dtype=float)))
    known = Known(
        baseline=freeze(table, ["f_x"], system="s", since=NOON - timedelta(days=30), until=NOON - timedelta(days=7))
    )
    assert "f_new: no baseline is frozen of it." in run(MONITORS["input-drift"], new, until=NOON, known=known).because


def test_late_labels_move_the_window_back() -> None:
    """Rule: a window that waits two weeks for labels ends two weeks ago."""
    monitor = MONITORS["accuracy"]
    found = run(monitor, events(NOON - timedelta(days=15), prediction=["a"] * 300, label=["a"] * 300), until=NOON)
    assert (found.until, found.outcome) == (NOON - timedelta(days=14), Outcome.PASS)
    fresh = run(monitor, events(NOON - timedelta(days=13), prediction=["a"] * 300, label=["a"] * 300), until=NOON)
    assert fresh.outcome is Outcome.NOT_ENOUGH


def test_estimates_use_the_calibration_that_was_learnt() -> None:
    """Rule: a score of 0.9 that was right six times in ten is taken for 0.6."""
    table = events(NOON - timedelta(days=1), score=[0.9] * 300, prediction=["1"] * 300)
    learnt = calibration(np.array([0.1] * 10 + [0.9] * 10), np.array([False] * 10 + [True] * 6 + [False] * 4))
    plain = run(MONITORS["estimated-accuracy"], table, until=NOON)
    known = run(MONITORS["estimated-accuracy"], table, until=NOON, known=Known(calibration=learnt))
    assert plain.values[0].value == pytest.approx(0.9)
    assert known.values[0].value == pytest.approx(0.6)


def test_a_calibration_is_frozen_with_the_baseline() -> None:
    """Rule: learnt of events with a score and a label; part of the digest, written and read to the last bit."""
    at, window = NOON - timedelta(days=1), {"since": NOON - timedelta(days=2), "until": NOON}
    labels = ["1"] * 60 + ["0"] * 40 + ["0"] * 100 + [None] * 50
    table = events(at, score=[0.9] * 100 + [0.1] * 100 + [0.5] * 50, label=labels, prediction=["1"] * 250)
    frozen = freeze(table, ("score",), system="s", positive="1", **window)
    assert frozen.calibration == Calibration(scores=(0.1, 0.9), rates=(0.0, 0.6), n=200)
    plain = freeze(table, ("score",), system="s", **window)
    assert (plain.calibration, "calibration" in written(plain), plain.digest == frozen.digest) == (None, False, False)
    assert read(json.loads(json.dumps(written(frozen)))) == frozen
    for wrong in ({"rates": [0.6, 0.0]}, {"scores": [0.9, 0.1]}, {"rates": [0.0, 1.5]}, {"scores": [], "rates": []}):
        with pytest.raises(DriftError, match="calibration"):
            read(written(frozen) | {"calibration": {**written(frozen)["calibration"], **wrong}})
    found = run(MONITORS["estimated-accuracy"], table, until=NOON, known=Known(baseline=frozen))
    assert (found.baseline, found.values[0].n) == (frozen.digest, 250)
    assert found.values[0].value == pytest.approx((100 * 0.6 + 50 * 0.3) / 250)
    with pytest.raises(DriftError, match="a score and a label"):
        freeze(
            events(at, score=[0.5], label=pa.array([None], pa.string())), ("score",), system="s", positive="1", **window
        )


def test_errors_of_estimates_take_numbers() -> None:
    """Rule: MAE and RMSE compare scores with labels that are numbers; a word is refused by name."""
    monitor = replace(MONITORS["probabilities"], measure="mae", minimum=1, positive="")
    table = events(NOON - timedelta(days=15), score=[10.0, 20.0], label=["12", "16"])
    assert run(monitor, table, until=NOON).values[0].value == pytest.approx(3)
    with pytest.raises(DriftError, match="'twelve' is not a number"):
        run(monitor, events(NOON - timedelta(days=15), score=[10.0], label=["twelve"]), until=NOON)


def test_thresholds_are_crossed_not_touched() -> None:
    """Rule: what equals a line is within it; the worst of several values decides."""
    line = Threshold(level="fail", when="above", value=0.25, because="x")
    assert not line.crossed(0.25)
    assert line.crossed(0.2500001)
    found = reading(MONITORS["input-drift"], [], since=NOON, until=NOON)
    assert (found.outcome, found.values) == (Outcome.NOT_ENOUGH, ())


def test_fairness_names_who_was_left_out() -> None:
    """Rule: the reading says which groups were too small, and which two are furthest apart."""
    monitor, example = MONITORS["selection-by-sex"], MONITORS["selection-by-sex"].examples[2]
    value = found_in(monitor, example, log_of(monitor, example)).values[0]
    assert value.who == ("f", "m")
    assert "Left out as too small: x (9)." in value.because


def test_the_log_itself_can_be_watched(tmp_path: Path) -> None:
    """Rule: what intake seals into segments is what monitors look at, batches that wait and files alike."""
    start = int((NOON - timedelta(hours=20)).timestamp()) * 1_000_000
    batch = batch_of([
        Event(
            at=start + n * 60_000_000, ended_at=start + n * 60_000_000 + 2_500, received_at=start, system="s",
            source="gate", kind="inference", outcome="error" if n % 10 == 0 else "ok", output="Gladly.",
            user=f"u{n % 3}", cost=0.5, version="1.0",
            prediction="1", label="1" if n % 4 else "0", features={"age": float(n % 40), "town": "Ulm"},
        )
        for n in range(300)
    ])  # fmt: skip
    pq.write_table(pa.Table.from_batches([batch]), tmp_path / "segment.parquet")
    sealed = duckdb.connect().read_parquet(str(tmp_path / "segment.parquet"))
    for native in (pa.Table.from_batches([batch]), sealed):
        errors = run(MONITORS["errors"], native, until=NOON)
        assert (errors.outcome, errors.values[0].value) == (Outcome.FAIL, pytest.approx(0.1))
        assert run(MONITORS["latency"], native, until=NOON).values[0].interval == pytest.approx((2.357948, 2.593742))
        assert run(MONITORS["offensive-words"], native, until=NOON).outcome is Outcome.PASS
        assert run(MONITORS["cost-of-a-day"], native, until=NOON).values[0].value == 150
        assert run(MONITORS["silent-source"], native, until=NOON).values[0].of == "gate"
        frozen = freeze(native, ["f_*"], system="s", since=NOON - timedelta(days=1), until=NOON)
        assert [one.column for one in frozen.columns] == ["f_age", "f_town"]
