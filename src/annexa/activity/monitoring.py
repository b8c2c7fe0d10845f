"""Runs a monitor over the activity log: counts on the engine that holds the events, decides in `pure`.

    run          a reading of one monitor at one time
    freeze       a baseline of some columns over a window, to be kept and compared with later

A monitor whose columns, past or baseline are not there has not enough data; only a monitor and a frame that contradict
each other (a word where a number is measured) raise.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, cast

import numpy as np

from annexa.activity import frames
from annexa.activity.frames import Frame
from annexa.pure import anomalies, performance
from annexa.pure.anomalies import Found
from annexa.pure.baselines import Baseline
from annexa.pure.drift import (
    OF_VALUES,
    Binning,
    ColumnBaseline,
    Drift,
    DriftError,
    Measure,
    Numeric,
    categorical_baseline,
    categorical_beside,
    drift,
    numeric_baseline,
    numeric_beside,
)
from annexa.pure.fairness import FairnessMeasure, fairness
from annexa.pure.monitors import FEATURES, Condition, Monitor, Reading, Value
from annexa.pure.performance import OF_CLASSES, Calibration, OfClasses, OfScores
from annexa.pure.readings import reading

Approvals = Mapping[str, Sequence[tuple[datetime, datetime | None]]]
MOST_NAMES: Final = 20
"""Names that a value points at; how many there are more is in the value itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What Annexa knows beside the log: the frozen baseline and calibration, and which versions gates approved when."""

    baseline: Baseline | None = None
    calibration: Calibration | None = None
    approvals: Approvals = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One run: the monitor's events in the window and in the past before it, and what is known beside.

    `all_now`: the window with the events that the monitor does not look at.
    """

    monitor: Monitor
    all_now: Frame
    now: Frame
    past: Frame
    since: datetime
    until: datetime
    past_since: datetime
    known: Known


def run(monitor: Monitor, events: Any, *, until: datetime, known: Known = Known()) -> Reading:
    """What a monitor finds in the window that ends at `until`, less the time its labels may take.

    `events`: the log of one system, as any frame that Narwhals knows, reaching back over window and past; whole hours
    where a season is asked for. Raises DriftError.
    """
    if monitor.measure in {"above_season", "below_season"}:
        until = until.replace(minute=0, second=0, microsecond=0)
    until -= monitor.lag
    since = until - monitor.window
    frame = frames.events(events)
    there = set(frame.collect_schema().names())
    missing = sorted(_needs(monitor) - there)
    digest = known.baseline.digest if known.baseline and monitor.takes_baseline else ""
    if missing:
        because = f"The log has no column {', '.join(missing)}."
        return reading(monitor, [], since=since, until=until, baseline=digest, because=because)
    all_now = frames.between(frame, since, until)
    frame = frames.kept(frame, monitor.only)
    past_since = since - monitor.past
    asked = Asked(
        monitor=monitor,
        all_now=all_now,
        now=frames.between(frame, since, until),
        past=frames.between(frame, past_since, since),
        since=since,
        until=until,
        past_since=past_since,
        known=known,
    )
    return reading(monitor, _BY_KIND[monitor.kind](asked), since=since, until=until, baseline=digest)


def _needs(monitor: Monitor) -> set[str]:
    """The columns without which a monitor cannot look at anything."""
    asked = {name for one in (*monitor.only, *monitor.where) for name in one.columns}
    found = {"at", *asked, *((monitor.by,) if monitor.by else ())}
    if monitor.kind == "performance":
        found |= {"label", "prediction"} if monitor.measure in OF_CLASSES else {"label", "score"}
    elif monitor.kind == "performance_estimated":
        found |= {"score", "prediction"}
    elif monitor.kind == "fairness":
        found |= {"prediction"} if monitor.measure.startswith("demographic") else {"prediction", "label"}
    elif not monitor.kind.startswith("drift"):
        found |= set(monitor.columns)
    return found


def freeze(
    events: Any, columns: Sequence[str], *, system: str, since: datetime, until: datetime, binning: Binning = "deciles",
    only: Sequence[Condition] = (), positive: str = "",
) -> Baseline:  # fmt: skip
    """A baseline of the columns that have a value, `f_*` for all features.

    `positive`: the label of which it is learnt, too, how often it was true at which score.
    Raises DriftError if no column has a value, or no event both a score and a label that were asked for.
    """
    frame = frames.between(frames.kept(frames.events(events), only), since, until)
    found = tuple(
        one for name in frames.columns_of(frame, columns) if (one := _frozen(frame, name, binning)) is not None
    )
    if not found:
        raise DriftError(f"None of the columns {', '.join(columns)} has a value in the window; freeze another one.")
    learnt = _calibrated(frame, positive) if positive else None
    return Baseline(system=system, since=since, until=until, rows=frames.size(frame), columns=found, calibration=learnt)


def _calibrated(frame: Frame, positive: str) -> Calibration:
    scores, labels, _ = frames.scores(frame)
    truth = performance.as_flags(labels, positive)
    known = np.isfinite(scores) & ~np.isnan(truth)
    if not known.any():
        raise DriftError("No event of the window has a score and a label; freeze one whose labels have come.")
    return performance.calibration(scores[known], truth[known] > 0)


def _frozen(frame: Frame, column: str, binning: Binning) -> ColumnBaseline | None:
    if frames.is_number(frame, column):
        values, nulls = frames.values(frame, column)
        if not np.isfinite(values).any():
            return None
        return numeric_baseline(column, values, missing=nulls, binning=binning)
    words = frames.names_of(frame, column)
    total = sum(words.values())
    return categorical_baseline(column, words, missing=frames.size(frame) - total) if total else None


def _beside(asked: Asked, column: str) -> ColumnBaseline | None:
    """The past binned together with the window, as Evidently does."""
    if frames.is_number(asked.past, column):
        (then, nulls), (now, _) = (frames.values(one, column) for one in (asked.past, asked.now))
        if not np.isfinite(then).any():
            return None
        return numeric_beside(column, then, now, missing=nulls, whole=frames.is_whole(asked.past, column))
    words, later = (frames.names_of(one, column) for one in (asked.past, asked.now))
    total = sum(words.values())
    return categorical_beside(column, words, later, missing=frames.size(asked.past) - total) if total else None


# --- kinds


def _drift(asked: Asked) -> list[Value]:
    monitor = asked.monitor
    wanted = frames.columns_of(asked.now, monitor.columns)
    if monitor.reference == "baseline":
        kept = asked.known.baseline.columns if asked.known.baseline else ()
    else:
        frozen = (
            _beside(asked, name) if monitor.binning == "evidently" else _frozen(asked.past, name, monitor.binning)
            for name in wanted
        )
        kept = tuple(one for one in frozen if one is not None)
    named = {one.column: one for one in kept if one.column in monitor.columns or FEATURES in monitor.columns}
    if monitor.measure in OF_VALUES:
        # A pattern such as f_* means the numbers among the features; a column that is named is asked for.
        words = {name for name, one in named.items() if not isinstance(one, Numeric) and name not in monitor.columns}
        words |= {name for name in wanted if name not in monitor.columns and not frames.is_number(asked.now, name)}
        named = {name: one for name, one in named.items() if name not in words}
        wanted = tuple(name for name in wanted if name not in words)
    there = [one for name, one in sorted(named.items()) if name in wanted]
    counts = frames.counted(asked.now, there) if there else {}
    found = [
        _of_drift(drift(
            one, counts[one.column], cast(Measure, monitor.measure), minimum=monitor.minimum, values=_values(asked, one)
        ))
        for one in there
    ]  # fmt: skip
    found += [_unknown(name, f"{name}: no baseline is frozen of it.") for name in wanted if name not in named]
    gone = sorted(set(named) - set(wanted))
    found += [_unknown(name, f"{name}: the log has no such column any more.") for name in gone]
    return found


def _values(asked: Asked, one: ColumnBaseline) -> Any:
    if asked.monitor.measure not in OF_VALUES or not isinstance(one, Numeric):
        return None
    found, _ = frames.values(asked.now, one.column)
    return found[np.isfinite(found)]


def _of_drift(one: Drift) -> Value:
    because = one.because
    if not because and not one.exact:
        because = "The baseline kept a sample of its values, so the distance is exact to 1/10,000 of rank."
    return Value(of=one.column, value=one.value, n=one.n_now, because=because)


def _unknown(of: str, because: str) -> Value:
    return Value(of=of, value=None, n=0, because=because)


def _performance(asked: Asked) -> list[Value]:
    monitor = asked.monitor
    if monitor.measure in OF_CLASSES:
        pairs, of = frames.pairs(asked.now)
        measured = performance.classified(
            pairs, monitor.measure, of=of, positive=monitor.positive or None, minimum=monitor.minimum,
            least_share=monitor.least_share,
        )  # fmt: skip
        return [_of_performance(measured)]
    scores, labels, _ = frames.scores(asked.now)
    truth = (
        performance.as_flags(labels, monitor.positive)
        if monitor.measure in {"roc_auc", "brier"}
        else np.array([math.nan if one is None else _number(one) for one in labels], np.float64)
    )
    measured = performance.scored(
        scores, truth, cast(OfScores, monitor.measure), of=len(scores), minimum=monitor.minimum,
        least_share=monitor.least_share,
    )  # fmt: skip
    return [_of_performance(measured)]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise DriftError(f"label: {text!r} is not a number, so an error cannot be measured from it.") from error


def _estimated(asked: Asked) -> list[Value]:
    monitor = asked.monitor
    scores, _, predictions = frames.scores(asked.now)
    learnt = asked.known.calibration or (asked.known.baseline.calibration if asked.known.baseline else None)
    if learnt is not None:
        scores = learnt.of(scores)
    predicted = np.array([one == monitor.positive for one in predictions], bool)
    measured = performance.estimated(scores, predicted, cast(OfClasses, monitor.measure), minimum=monitor.minimum)
    return [_of_performance(measured)]


def _of_performance(one: performance.Measured) -> Value:
    return Value(of="all events", value=one.value, n=one.n, interval=one.interval, because=one.because)


def _fairness(asked: Asked) -> list[Value]:
    monitor = asked.monitor
    found = fairness(
        frames.groups(asked.now, monitor.by, monitor.positive), cast(FairnessMeasure, monitor.measure),
        minimum=monitor.minimum, towards=monitor.towards or None,
    )  # fmt: skip
    small = ", ".join(f"{name} ({n})" for name, n in found.left_out)
    because = " ".join(part for part in (found.because, f"Left out as too small: {small}." if small else "") if part)
    n = sum(rate.of for rate in found.rates)
    who = (found.lowest, found.highest) if found.value is not None else ()
    return [Value(of=monitor.by, value=found.value, n=n, interval=found.interval, who=who, because=because)]


def _counts(asked: Asked) -> list[Value]:
    """Shares and numbers of events that meet a condition."""
    monitor = asked.monitor
    hit, of = frames.hits(asked.now, monitor.where)
    if monitor.measure == "share":
        return [_of_found("all events", anomalies.rate(hit, of, minimum=monitor.minimum))]
    if of < max(1, monitor.minimum):
        because = f"{of} events in the window; at least {max(1, monitor.minimum)} are needed."
        return [Value(of="all events", value=None, n=of, because=because)]
    return [Value(of="all events", value=float(hit), n=of)]


def _quantile(asked: Asked) -> list[Value]:
    monitor = asked.monitor
    column = monitor.columns[0]
    counts = frames.histogram(asked.now, column, anomalies.LATENCY_EDGES)
    found = anomalies.quantile(counts, anomalies.LATENCY_EDGES, monitor.share, minimum=monitor.minimum)
    return [_of_found(column, found)]


def _total(asked: Asked) -> list[Value]:
    amount = asked.monitor.columns[0]
    n = frames.size(asked.now)
    if n < max(1, asked.monitor.minimum):
        because = f"{n} events in the window; at least {max(1, asked.monitor.minimum)} are needed."
        return [Value(of=amount, value=None, n=n, because=because)]
    return [Value(of=amount, value=math.fsum(frames.hourly(asked.now, amount).values()), n=n)]


def _season(asked: Asked, amount: str = "") -> anomalies.Season:
    """What the past is usually like, from the first hour in which anything is known."""
    hours = {hour: n for (_, hour), n in frames.hourly(asked.past, amount).items()}
    since = max(_up_to_hour(asked.past_since), min(hours, default=asked.since))
    return anomalies.season(hours, since, _down_to_hour(asked.since), counts=not amount)


def _against_season(asked: Asked) -> list[Value]:
    monitor = asked.monitor
    amount = monitor.columns[0] if monitor.columns else ""
    usual = _season(asked, amount)
    hours = {hour: n for (_, hour), n in frames.hourly(asked.now, amount).items()}
    down = monitor.measure == "below_season"
    found = anomalies.against_season(hours, usual, _up_to_hour(asked.since), _down_to_hour(asked.until), down=down)
    return [_of_found(amount or "events", found)]


def _access(asked: Asked) -> list[Value]:
    monitor = asked.monitor
    if monitor.measure == "new_names":
        now, past = (frames.names_of(one, monitor.by) for one in (asked.now, asked.past))
        return [_of_found(monitor.by, anomalies.new_names(now, past, minimum_known=monitor.minimum))]
    amount = monitor.columns[0] if monitor.columns else ""
    busy, was = (frames.hourly(one, amount, monitor.by) for one in (asked.now, asked.past))
    if monitor.measure == "bulk":
        return [_of_found(monitor.by, anomalies.bulk(busy, was, minimum=monitor.minimum))]
    found = anomalies.odd_hours(_of_week(busy), _of_week(was), minimum=monitor.minimum)
    return [_of_found(monitor.by, found)]


def _of_week(hours: Mapping[tuple[str, datetime], float]) -> dict[tuple[str, int], int]:
    found: dict[tuple[str, int], int] = {}
    for (name, hour), n in hours.items():
        key = name, anomalies.hour_of_week(hour)
        found[key] = found.get(key, 0) + int(n)
    return found


def _silence(asked: Asked) -> list[Value]:
    """Every source that spoke in the past or the window, with how long it has been silent."""
    monitor = asked.monitor
    spoke = {**frames.last_at(asked.past, monitor.by), **frames.last_at(asked.now, monitor.by)}
    if not spoke:
        return [_unknown("all events", "The source has never sent anything.")]
    if monitor.measure == "hours":
        return [
            _of_found(name or "all events", anomalies.silence(at, asked.until)) for name, at in sorted(spoke.items())
        ]
    past = frames.hourly(asked.past, by=monitor.by)
    found = []
    for name, at in sorted(spoke.items()):
        hours = {hour: n for (who, hour), n in past.items() if who == name}
        since = max(_up_to_hour(asked.past_since), min(hours, default=asked.since))
        usual = anomalies.season(hours, since, _down_to_hour(asked.since))
        one = anomalies.silence(at, asked.until, usual)
        because = one.because if one.expected is not None else f"{usual.weeks} weeks are known; 4 are needed."
        found.append(Value(
            of=name or "all events", value=one.expected, n=usual.weeks, expected=one.expected, at=at, because=because
        ))  # fmt: skip
    return found


def _unapproved(asked: Asked) -> list[Value]:
    monitor = asked.monitor
    if frames.size(asked.all_now) < monitor.minimum:
        return [_unknown("changes", "Nothing at all was logged in the window, so changes may have gone unseen.")]
    found = anomalies.unapproved(frames.changes(asked.now, monitor.columns[0]), asked.known.approvals)
    return [_of_found("changes", found)]


def _of_found(of: str, one: Found) -> Value:
    return Value(
        of=of, value=one.value, n=one.n, interval=one.interval, expected=one.expected, at=one.at,
        who=one.who[:MOST_NAMES], because=one.because,
    )  # fmt: skip


def _down_to_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _up_to_hour(at: datetime) -> datetime:
    floor = _down_to_hour(at)
    return floor if floor == at else floor + timedelta(hours=1)


def _by_measure(asked: Asked) -> list[Value]:
    measures: Mapping[str, Callable[[Asked], list[Value]]] = {
        "share": _counts, "count": _counts, "quantile": _quantile, "total": _total, "above_season": _against_season,
        "below_season": _against_season,
    }  # fmt: skip
    return measures[asked.monitor.measure](asked)


_BY_KIND: Final[Mapping[str, Callable[[Asked], list[Value]]]] = {
    "drift_input": _drift,
    "drift_output": _drift,
    "drift_prediction": _drift,
    "performance": _performance,
    "performance_estimated": _estimated,
    "fairness": _fairness,
    "unusual_output": _by_measure,
    "leakage": _by_measure,
    "volume": _by_measure,
    "cost": _by_measure,
    "access_pattern": _access,
    "error": _by_measure,
    "latency": _by_measure,
    "override_rate": _by_measure,
    "review_time": _by_measure,
    "change_without_gate": _unapproved,
    "silence": _silence,
}
