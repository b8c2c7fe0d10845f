"""The examples inside monitors, laid out as logs and run."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from annexa.activity.monitoring import Known, freeze, run
from annexa.pure.drift import DriftError
from annexa.pure.monitors import Example, Monitor, Reading, Rows

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
"""A Monday; every example's window ends then, less the time its labels may take."""
HOUR = timedelta(hours=1)


def log_of(monitor: Monitor, example: Example) -> pa.Table:
    """The events of an example."""
    end = NOON - monitor.lag
    events = [one for rows in example.now for one in _events(rows, end)]
    events += [one for rows in example.past for one in _events(rows, end - monitor.window)]
    names = sorted({name for one in events for name in one} - {"at"})
    columns: dict[str, Any] = {"at": pa.array([one["at"] for one in events], pa.timestamp("us", "UTC"))}
    return pa.table({**columns, **{name: pa.array([one.get(name) for one in events]) for name in names}})


def _events(rows: Rows, end: datetime) -> list[dict[str, Any]]:
    return [
        {
            "at": end - rows.ago * HOUR - place * rows.every * HOUR,
            **{name: values[place % len(values)] for name, values in rows.values.items()},
        }
        for place in range(rows.repeat)
    ]


def found_in(monitor: Monitor, example: Example, native: Any) -> Reading:
    """What the monitor finds in the example, on whatever engine holds it; a baseline is frozen of its past."""
    baseline = None
    since = NOON - monitor.lag - monitor.window
    if monitor.reference == "baseline" and example.past:
        baseline = _frozen(monitor, log_of(monitor, example), since)
    approvals = {version: ((NOON - hours * HOUR, None),) for version, hours in example.approvals.items()}
    return run(monitor, native, until=NOON, known=Known(baseline=baseline, approvals=approvals))


def _frozen(monitor: Monitor, table: pa.Table, since: datetime) -> Any:
    try:
        return freeze(
            table, monitor.columns, system="example", since=since - timedelta(days=1000), until=since,
            binning=monitor.binning, only=monitor.only,
        )  # fmt: skip
    except DriftError:
        return None
