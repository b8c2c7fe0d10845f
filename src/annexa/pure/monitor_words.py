"""Monitors in words and numbers for people: what one looks at, what it needs, and what it found, in one number."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from annexa.pure.monitoring import ERROR
from annexa.pure.monitors import FEATURE_PREFIX, FEATURES, Condition, Monitor, Outcome, Threshold

KIND_TITLES: Final[Mapping[str, str]] = {
    "drift_input": "Drift of inputs",
    "drift_output": "Drift of outputs",
    "drift_prediction": "Drift of predictions",
    "performance": "Performance against labels",
    "performance_estimated": "Performance without labels",
    "fairness": "Fairness",
    "unusual_output": "Unusual output",
    "leakage": "Leakage",
    "volume": "Volume",
    "cost": "Cost",
    "access_pattern": "Access patterns",
    "error": "Errors",
    "latency": "Latency",
    "override_rate": "Overrides by people",
    "review_time": "Time for review",
    "change_without_gate": "Changes without a gate",
    "silence": "Silence",
}
"""What kinds of monitors are called, in the order of a page."""
MEASURES: Final[Mapping[str, str]] = {
    "psi": "PSI",
    "jensen_shannon": "Jensen–Shannon distance",
    "ks": "Kolmogorov–Smirnov distance",
    "ks_p": "p-value",
    "wasserstein": "Wasserstein distance",
    "chi_square_p": "p-value",
    "missing": "more missing",
    "roc_auc": "ROC AUC",
    "brier": "Brier score",
    "f1": "F1",
    "mae": "mean absolute error",
    "rmse": "root mean square error",
    "demographic_parity_difference": "between selection rates",
    "demographic_parity_ratio": "ratio of selection rates",
    "equal_opportunity_difference": "between true positive rates",
    "equalised_odds_difference": "between error rates",
    "equalised_odds_ratio": "ratio of error rates",
    "share": "of events",
    "count": "events",
    "above_season": "spreads above the season",
    "below_season": "spreads below the season",
    "total": "in the window",
    "new_names": "new names",
    "odd_hours": "at odd hours",
    "bulk": "times the most before",
    "unapproved": "changes",
    "hours": "of silence",
    "missed": "events missed",
}
"""What follows a value; a measure that is not here is called what it is."""
SHARES: Final = frozenset({"share", "odd_hours", "missing"})
"""Measures that people read in per cent."""
POINTS: Final = frozenset(
    {"demographic_parity_difference", "equal_opportunity_difference", "equalised_odds_difference"}
)
"""Measures that are a difference of shares: people read them in percentage points."""
COLUMNS: Final[Mapping[str, str]] = {
    "latency_ms": "latency", "output_length": "length of the output", "input_length": "length of the input",
    "tool": "tool", "label": "label", "prediction": "prediction", "score": "score", "reviewer": "reviewer",
}  # fmt: skip
_UNITS: Final[Mapping[str, str]] = {"latency_ms": "ms", "review_seconds": "s", "review_ms": "ms"}


def span_words(span: timedelta) -> str:
    """A span of whole days or hours: "7 days", "1 hour"."""
    hours = round(span.total_seconds() / 3600)
    number, unit = (hours // 24, "day") if hours and hours % 24 == 0 else (hours, "hour")
    return f"{number} {unit}" + ("" if number == 1 else "s")


def value_words(monitor: Monitor, value: float | None) -> str:
    """A value as people read it, without what it is of: "4.2 %", "1,840 ms", "0.31"."""
    if value is None:
        return "–"
    if math.isinf(value):
        return "infinite"
    if monitor.measure in SHARES | POINTS:
        return f"{shown(monitor, value):.3g} {unit_words(monitor)}"
    said = f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
    return f"{said} {unit_words(monitor)}".strip()


def unit_words(monitor: Monitor) -> str:
    """The unit of a value: "%", "points", "ms", "h"; "" where it has none."""
    if monitor.measure in SHARES:
        return "%"
    if monitor.measure in POINTS:
        return "points"
    if monitor.measure == "hours":
        return "h"
    return _UNITS.get(monitor.columns[0], "") if monitor.measure == "quantile" and monitor.columns else ""


def shown(monitor: Monitor, value: float) -> float:
    """A value in the unit that people read, to 12 decimals; `kept` is the way back."""
    return round(100 * value, 12) if monitor.measure in SHARES | POINTS else value


def kept(monitor: Monitor, value: float) -> float:
    """A value that was typed in the unit that people read, as monitors hold it."""
    return round(value / 100, 12) if monitor.measure in SHARES | POINTS else value


def measure_words(monitor: Monitor) -> str:
    """What a value is of."""
    if monitor.measure == "quantile":
        return f"for {round(100 * monitor.share)} %"
    if monitor.measure == "total" and monitor.columns:
        return column_words(monitor.columns[0]) + " in the window"
    return MEASURES.get(monitor.measure, monitor.measure.replace("_", " "))


def axis_words(monitor: Monitor) -> str:
    """What a chart of its values counts, as a title says it: "Share of events", "Latency for 95 %"."""
    match monitor.measure:
        case "share":
            return "Share of events"
        case "odd_hours":
            return "Share of events at odd hours"
        case "missing":
            return "Share of values that are missing, more than before"
        case "quantile":
            said = f"{column_words(monitor.columns[0])} {measure_words(monitor)}"
        case "hours":
            said = "hours of silence"
        case "unapproved":
            said = "changes without approval"
        case "bulk":
            said = "busiest hour, in times the most before"
        case _:
            said = f"{'difference ' if monitor.measure in POINTS else ''}{measure_words(monitor)}"
    return said[:1].upper() + said[1:]


def line_words(monitor: Monitor, one: Threshold) -> str:
    """A line: "above 0.25", "below 90 %"."""
    return f"{one.when} {value_words(monitor, one.value)}"


def column_words(column: str) -> str:
    """A column of the log by a name for people."""
    if column == FEATURES:
        return "all features"
    if column.startswith(FEATURE_PREFIX):
        return f"feature {column.removeprefix(FEATURE_PREFIX).replace('_', ' ')}"
    return COLUMNS.get(column, column.replace("_", " "))


def looks_at(monitor: Monitor) -> tuple[str, ...]:
    """What a monitor looks at, over which time and against what, in short sentences."""
    events = f"Events where {_all(monitor.only)}." if monitor.only else "All events."
    found = [events]
    if monitor.columns:
        found.append(f"Of these: {_listed(column_words(one) for one in monitor.columns)}.")
    if monitor.where:
        found.append(f"It counts those where {_all(monitor.where)}.")
    if monitor.by:
        towards = f", held against {monitor.towards}" if monitor.towards else ""
        found.append(f"In groups by {column_words(monitor.by)}{towards}.")
    if monitor.positive:
        found.append(f"“{monitor.positive}” counts as positive.")
    lag = f", up to {span_words(monitor.lag)} ago, for labels to come" if monitor.lag else ""
    found.append(f"Over {span_words(monitor.window)}{lag}.")
    if monitor.reference == "baseline":
        found.append("Against a frozen baseline.")
    elif monitor.calibrates:
        found.append("Scores count for what they were worth in a frozen window with labels; else at their word.")
    elif monitor.past:
        found.append(f"Against the {span_words(monitor.past)} before.")
    return tuple(found)


def needs(monitor: Monitor) -> tuple[str, ...]:
    """What has to be there for it to tell anything."""
    found = [f"{monitor.minimum:,} events or more" if monitor.minimum > 1 else ""]
    if monitor.reference == "baseline":
        found.append("a frozen baseline")
    if monitor.kind == "performance" or monitor.measure.startswith(("equal_", "equalised_")):
        found.append("labels")
    if monitor.kind in {"performance", "performance_estimated", "fairness", "drift_prediction"}:
        scored = monitor.kind == "performance_estimated" or "score" in monitor.columns
        found.append("scores" if scored else "predictions")
    if monitor.kind == "drift_input" and any(one.startswith(FEATURE_PREFIX) for one in monitor.columns):
        found.append("features")
    if monitor.by and monitor.kind == "fairness":
        found.append(column_words(monitor.by))
    return tuple(one for one in found if one)


def worst(monitor: Monitor, values: Sequence[Mapping[str, Any]]) -> tuple[float | None, str]:
    """The value of a reading that lies furthest to the wrong side, and what it is of; None and "" where none could be
    told. `values`: as a run keeps them."""
    told = [(number, str(one["of"])) for one in values if (number := number_of(one["value"])) is not None]
    if not told:
        return None, ""
    pick = max if fails_at(monitor).when == "above" else min
    return pick(told, key=lambda one: one[0])


def fails_at(monitor: Monitor) -> Threshold:
    """The line beyond which it fails."""
    return next(one for one in monitor.thresholds if one.level == "fail")


def number_of(said: object) -> float | None:
    """A value as a run keeps it, back as a number: what is infinite is kept as a word."""
    if isinstance(said, str):
        return math.inf if said == "infinite" else -math.inf
    return float(said) if isinstance(said, int | float) else None


def usual(told: Sequence[tuple[float | None, str]], *, least: int = 8) -> tuple[float, float] | None:
    """Between what a monitor usually finds: the middle four fifths of the values that passed; None for few.

    `told`: value and outcome of each run.
    """
    good = sorted(value for value, outcome in told if outcome == Outcome.PASS and value is not None)
    good = [value for value in good if math.isfinite(value)]
    if len(good) < least:
        return None
    return good[len(good) // 10], good[-1 - len(good) // 10]


def counted(states: Iterable[str]) -> Mapping[str, int]:
    """How many monitors are in each state, the worst first; those that are off are left out."""
    order = (Outcome.FAIL.value, ERROR, Outcome.WARN.value, Outcome.NOT_ENOUGH.value, "waiting", Outcome.PASS.value)
    found = list(states)
    return {one: found.count(one) for one in order if one in found}


def _all(conditions: Iterable[Condition]) -> str:
    return " and ".join(_any(one) for one in conditions)


def _any(condition: Condition) -> str:
    """A condition with those of which one is enough instead."""
    return " or ".join(_one(one) for one in (condition, *condition.others))


def _one(condition: Condition) -> str:
    column = column_words(condition.column)
    many = _listed((f"“{one}”" for one in condition.values[:6]), "or")
    more = f" or one of {len(condition.values) - 6} more" if len(condition.values) > 6 else ""
    match condition.operator:
        case "is":
            return f"{column} is {many}{more}"
        case "is_not":
            return f"{column} is not {many}{more}"
        case "above" | "below":
            return f"{column} is {condition.operator} {condition.bound:,g}"
        case "matches":
            patterns = len(condition.values)
            return f"{column} matches " + ("a pattern" if patterns == 1 else f"one of {patterns} patterns")
        case "missing":
            return f"{column} is missing"
        case "present":
            return f"{column} is there"


def _listed(words: Iterable[str], last: str = "and") -> str:
    found = list(words)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} {last} {found[-1]}" if found else ""
