"""The sums of monitors: equal on every engine, to the bit, and what is null, NaN or infinite is never lost."""

import math
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from annexa.activity import frames
from annexa.activity.monitoring import freeze
from annexa.pure.drift import ColumnBaseline, DriftError, counted_values
from tests.activity.engines import MANY, SINCE, UNTIL, everything, log, on_duckdb

LOG = log()


@pytest.fixture(scope="module")
def baselines() -> list[ColumnBaseline]:
    """Frozen from another log, so that the window has values that the baseline has not."""
    frozen = freeze(
        log(900, 6), ["f_income", "f_children", "f_channel", "f_member"], system="s", since=SINCE, until=UNTIL
    )
    return [*frozen.columns, MANY]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_duckdb_and_arrow_count_alike(baselines: list[ColumnBaseline], zone: str) -> None:
    """Rule: every sum is the same on both engines, whatever zone the engine's clock shows."""
    arrow, duck = everything(LOG, baselines), everything(on_duckdb(LOG, zone), baselines)
    for name, found in arrow.items():
        assert duck[name] == found, name


def test_counts_are_those_of_plain_python(baselines: list[ColumnBaseline]) -> None:
    """Rule: the engine counts what a loop would count."""
    found = frames.counted(frames.events(LOG), baselines)
    income = next(one for one in baselines if one.column == "f_income")
    values = np.array([one for one in LOG.column("f_income").to_pylist() if one is not None])
    nulls = LOG.column("f_income").null_count
    assert found["f_income"] == counted_values(values, income.edges, income.binning, missing=nulls)  # type: ignore[union-attr]
    assert found["f_income"].infinite == np.isinf(values).sum() > 0
    words = Counter(LOG.column("f_post").to_pylist())
    assert found["f_post"].counts == tuple(words[name] for name in MANY.categories)
    assert found["f_post"].unseen == sum(n for name, n in words.items() if name not in MANY.categories) > 0
    assert found["f_children"].missing == LOG.column("f_children").null_count > 0


def test_hours_are_hours_of_utc() -> None:
    """Rule: an engine whose zone is half an hour off cuts hours where everybody else does."""
    found = frames.hourly(frames.events(on_duckdb(LOG, "Asia/Kolkata")))
    expected = Counter(
        at.astimezone(UTC).replace(minute=0, second=0, microsecond=0) for at in LOG.column("at").to_pylist()
    )
    assert {hour: n for (_, hour), n in found.items()} == dict(expected)


def test_money_is_added_up_exactly() -> None:
    """Rule: a thousand times a tenth of a cent is a unit, not almost one; what is no number is not money."""
    table = pa.table(
        {
            "at": pa.array([SINCE] * 1003, pa.timestamp("us", "UTC")),
            "cost": pa.array([0.001] * 1000 + [None, math.nan, math.inf], pa.float64()),
        }
    )
    for native in (table, on_duckdb(table)):
        assert frames.hourly(frames.events(native), "cost") == {("", SINCE): 1.0}


def test_what_follows_is_added_and_what_is_there_is_kept() -> None:
    """Rule: latency, reviewer and lengths follow from other columns unless the log has them."""
    at = pa.array([SINCE], pa.timestamp("us", "UTC"))
    later = pa.array([SINCE + timedelta(microseconds=1500)], pa.timestamp("us", "UTC"))
    table = pa.table({"at": at, "ended_at": later, "reviewers": ["ann"], "output": ["äöü"]})
    for native in (table, on_duckdb(table)):
        frame = frames.events(native)
        row = frame.collect(backend="pyarrow").to_native().to_pylist()[0]
        assert (row["latency_ms"], row["reviewer"], row["output_length"]) == (1.5, "ann", 3)
    given = pa.table({"at": at, "ended_at": later, "latency_ms": [7.0], "output": ["x"], "output_length": [99]})
    row = frames.events(given).collect(backend="pyarrow").to_native().to_pylist()[0]
    assert (row["latency_ms"], row["output_length"]) == (7.0, 99)


def test_a_window_ends_before_its_end() -> None:
    """Rule: windows that follow each other share no event and lose none."""
    frame = frames.events(LOG)
    middle = LOG.column("at").to_pylist()[7]
    first, second = (frames.size(frames.between(frame, *ends)) for ends in ((SINCE, middle), (middle, UNTIL)))
    assert first + second == LOG.num_rows
    assert middle in frames.between(frame, middle, UNTIL).collect().to_native().column("at").to_pylist()


def test_an_empty_window_counts_nothing(baselines: list[ColumnBaseline]) -> None:
    """Rule: no event is no error."""
    for native in (LOG, on_duckdb(LOG)):
        frame = frames.between(frames.events(native), UNTIL, UNTIL + timedelta(days=1))
        assert frames.size(frame) == 0
        assert all(one.n == 0 and not sum(one.counts) for one in frames.counted(frame, baselines).values())
        assert frames.last_at(frame) == {}
        assert frames.hits(frame, []) == (0, 0)
        assert frames.hourly(frame) == {}


def test_too_many_values_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule: memory is bounded; the message says what to do."""
    monkeypatch.setattr(frames, "MOST_VALUES", 10)
    with pytest.raises(DriftError, match="Take a shorter window"):
        frames.values(frames.events(LOG), "f_income")
    with pytest.raises(DriftError, match="Take a shorter window"):
        frames.scores(frames.events(LOG))
    monkeypatch.setattr(frames, "MOST_GROUPS", 10)
    with pytest.raises(DriftError, match="Take a shorter one"):
        frames.hourly(frames.events(on_duckdb(LOG)), by="user")
    with pytest.raises(DriftError, match="Take a shorter one"):
        frames.names_of(frames.events(LOG), "f_post")


def test_freezing_takes_the_columns_that_have_a_value() -> None:
    """Rule: a column without any value has no baseline; if none has one, that is said."""
    at = pa.array([SINCE], pa.timestamp("us", "UTC"))
    table = pa.table(
        {"at": at, "f_a": pa.array([None], pa.float64()), "f_b": ["x"], "f_c": pa.array([None], pa.string())}
    )
    arguments: dict[str, Any] = {"system": "s", "since": SINCE, "until": UNTIL}
    assert [one.column for one in freeze(table, ["f_*"], **arguments).columns] == ["f_b"]
    with pytest.raises(DriftError, match="freeze another one"):
        freeze(table, ["f_a", "f_c"], **arguments)


def test_a_baseline_is_the_same_from_every_engine() -> None:
    """Rule: the digest of a baseline does not tell where it was made."""
    arguments: dict[str, Any] = {"system": "s", "since": SINCE, "until": datetime(2026, 3, 4, tzinfo=UTC)}
    assert freeze(LOG, ["f_*"], **arguments).digest == freeze(on_duckdb(LOG), ["f_*"], **arguments).digest
