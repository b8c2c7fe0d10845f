"""A monitor: one question about what a system did, with the number that answers it and the line it must not cross.

A monitor says which events it looks at, what it measures, over which window, against what, and which control it proves.
What it finds is a reading: pass, warn, fail, or not enough data. The last is an answer of its own; it never counts as a
pass. Where a monitor looks at several columns, one that fails makes it fail, and one that cannot be told keeps it from
passing.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Literal

from annexa.pure.drift import MEASURES
from annexa.pure.fairness import FAIRNESS
from annexa.pure.performance import OF_CLASSES, OF_SCORES

FEATURES: Final = "f_*"
"""As a column: every feature there is."""
FEATURE_PREFIX: Final = "f_"

MEASURED: Final[Mapping[str, tuple[str, ...]]] = {
    "drift_input": MEASURES,
    "drift_output": MEASURES,
    "drift_prediction": MEASURES,
    "performance": (*OF_CLASSES, *OF_SCORES),
    "performance_estimated": OF_CLASSES,
    "fairness": FAIRNESS,
    "unusual_output": ("share",),
    "leakage": ("share", "count"),
    "volume": ("above_season", "below_season", "count"),
    "cost": ("above_season", "total"),
    "access_pattern": ("new_names", "odd_hours", "bulk"),
    "error": ("share",),
    "latency": ("quantile", "share"),
    "override_rate": ("share",),
    "review_time": ("share", "quantile"),
    "change_without_gate": ("unapproved",),
    "silence": ("hours", "missed"),
}
"""What each kind of monitor can measure."""
KINDS: Final = tuple(MEASURED)
NEEDS_WHERE: Final = frozenset({"share", "count"})
OF_SEASON: Final = frozenset({"above_season", "below_season", "missed"})
NEEDS_PAST: Final = OF_SEASON | {"new_names", "odd_hours", "bulk", "hours"}
"""Measured against a past window, never against a frozen baseline."""

Cut = Literal["deciles", "equal_width", "values", "evidently"]
CUTS: Final[tuple[Cut, ...]] = ("deciles", "equal_width", "values", "evidently")
"""How a drift monitor bins; `evidently` needs a reference window, as it cuts the range of both windows."""

Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: Final[tuple[Severity, ...]] = ("low", "medium", "high", "critical")
Reference = Literal["baseline", "window", "none"]
REFERENCES: Final[tuple[Reference, ...]] = ("baseline", "window", "none")
Operator = Literal["is", "is_not", "above", "below", "matches", "missing", "present"]
OPERATORS: Final[tuple[Operator, ...]] = ("is", "is_not", "above", "below", "matches", "missing", "present")


class Outcome(StrEnum):
    """What a reading comes to, the worst first."""

    FAIL = "fail"
    WARN = "warn"
    NOT_ENOUGH = "not enough data"
    PASS = "pass"  # noqa: S105 - an outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What must hold of a column: one of several values, a bound, or one of several patterns (RE2, without case).

    `others`: conditions of which one is enough instead.
    """

    column: str
    operator: Operator
    values: tuple[str, ...] = ()
    bound: float = 0.0
    others: tuple["Condition", ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it looks at, those of other conditions too."""
        return (self.column, *(one.column for one in self.others))


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """The line: crossed when the value is above (or below) it."""

    level: Literal["warn", "fail"]
    when: Literal["above", "below"]
    value: float
    because: str

    def crossed(self, value: float) -> bool:
        """Whether a value lies beyond it; one that equals it does not."""
        return value > self.value if self.when == "above" else value < self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Proves:
    """The expectation, of kind signal, that this monitor's readings are evidence for."""

    control: str
    expectation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Events of an example: `repeat` of them, the first `ago` hours before the end, each `every` hours before the last.

    `values`: of each column, dealt out in turn over the repetitions.
    """

    repeat: int
    ago: float
    every: float
    values: Mapping[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A small log with the reading it must give; a test runs it for every monitor.

    `now`: events of the window; `past`: of the window before it, from which the baseline is frozen too, where there is
    one. `approvals`: for how many hours each version has been approved.
    """

    what: str
    outcome: Outcome
    value: float | None
    now: tuple[Rows, ...]
    past: tuple[Rows, ...]
    approvals: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """One monitor of the library.

    `only`: the events it looks at; `where`: those of them it counts. `columns`: what drifts, or whose value is taken.
    `by`: the column that names groups, users, sources. `positive`: the prediction and label that count as positive.
    `towards`: the group all others are compared with. `share`: which quantile. `lag`: how long labels may take, so the
    window ends so long ago. `least_share`: of the window that needs a label. `past`: how far back a reference window
    reaches. `minimum`: how much it needs to say anything.
    """

    id: str
    title: str
    question: str
    kind: str
    measure: str
    severity: Severity
    because: str
    source: str
    only: tuple[Condition, ...]
    where: tuple[Condition, ...]
    columns: tuple[str, ...]
    by: str
    positive: str
    towards: str
    share: float
    binning: Cut
    window: timedelta
    lag: timedelta
    reference: Reference
    past: timedelta
    minimum: int
    least_share: float
    thresholds: tuple[Threshold, ...]
    proves: tuple[Proves, ...]
    examples: tuple[Example, ...]

    @property
    def calibrates(self) -> bool:
        """Whether it learns from a frozen window what scores were worth; without one it takes them at their word."""
        return self.kind == "performance_estimated"

    @property
    def takes_baseline(self) -> bool:
        """Whether a window of the log can be frozen for it."""
        return self.reference == "baseline" or self.calibrates


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One number of a reading: of a column, a group, an hour. None, and why, where it could not be told.

    `of`: what it is about. `n`: how many events, people or hours it speaks of. `who`: names it points at.
    """

    of: str
    value: float | None
    n: int
    outcome: Outcome = Outcome.NOT_ENOUGH
    interval: tuple[float, float] | None = None
    expected: float | None = None
    at: datetime | None = None
    who: tuple[str, ...] = ()
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a monitor found in a window, from `since` to before `until`, in UTC.

    `baseline`: the digest of the frozen baseline it was held against, "" if none. `because`: one sentence for people.
    """

    monitor: str
    outcome: Outcome
    since: datetime
    until: datetime
    baseline: str
    values: tuple[Value, ...]
    because: str


def written(found: Reading) -> dict[str, Any]:
    """The reading as JSON and the ledger can hold it; what is infinite is written as a word."""
    return {
        "monitor": found.monitor,
        "outcome": found.outcome.value,
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "baseline": found.baseline,
        "because": found.because,
        "values": [_value(one) for one in found.values],
    }


def _value(one: Value) -> dict[str, Any]:
    return {
        "of": one.of,
        "value": _plain(one.value),
        "n": one.n,
        "outcome": one.outcome.value,
        "interval": None if one.interval is None else [_plain(end) for end in one.interval],
        "expected": _plain(one.expected),
        "at": None if one.at is None else one.at.isoformat(),
        "who": list(one.who),
        "because": one.because,
    }


def _plain(value: float | None) -> float | str | None:
    if value is None or math.isfinite(value):
        return value
    return "infinite" if value > 0 else "minus infinite" if value < 0 else None
