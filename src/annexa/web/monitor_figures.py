"""Monitors as figures: the latest value in words, the line it takes over time against its limits, the table behind."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from annexa.pure.monitor_words import fails_at, line_words, measure_words, usual, value_words, worst
from annexa.pure.monitoring import ERROR
from annexa.pure.monitors import Monitor, Outcome

if TYPE_CHECKING:
    from annexa.answers.monitors import MonitorLine
    from annexa.records.monitors import MonitorRun

STATES: dict[str, tuple[str, Any]] = {
    Outcome.FAIL.value: ("failing", later("Failing")),
    ERROR: ("absent", later("Could not look")),
    Outcome.WARN.value: ("at risk", later("Watch")),
    Outcome.NOT_ENOUGH.value: ("unproven", later("Cannot tell")),
    "waiting": ("planned", later("Not run yet")),
    Outcome.PASS.value: ("effective", later("Passing")),
    "off": ("not applicable", later("Off")),
}
"""The mark and the word of each state of a monitor, and of each outcome of a run."""
ROOM = 1.12
"""The highest value does not touch the upper edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A place in the plot, in per cent from the left and from above."""

    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A line that is not to be crossed; `fails`: beyond it a monitor fails, else it warns."""

    y: float
    said: str
    fails: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A run as a row: when, its value, what that is of, how it came out in words, and what it said."""

    run: "MonitorRun"
    value: str
    of: str
    look: str
    word: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """The values of runs over time. `band`: where they usually lie, from above and how high; None for few runs.

    `hits`: runs that failed; `steps`: runs that could be told nothing of, as places on the ground line.
    """

    line: str
    area: str
    limits: tuple[Limit, ...]
    hits: tuple[Point, ...]
    steps: tuple[Point, ...]
    last: Point | None
    band: tuple[float, float] | None
    top: str
    ground: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A monitor of a system with its past, the oldest run first; `plot` is None where no run told a value."""

    line: "MonitorLine"
    url: str
    look: str
    word: Any
    value: str
    meta: str
    of: str
    usual: str
    finding: str
    plot: Plot | None
    rows: tuple[Ran, ...]


def figure_of(line: "MonitorLine", runs: Sequence["MonitorRun"], *, slug: str) -> Figure:
    """The figure of a monitor. `runs`: the oldest first."""
    monitor = line.monitor
    told = [(worst(monitor, run.reading.get("values", ())), run) for run in runs]
    (value, of), look = told[-1][0] if told else (None, ""), STATES[line.state]
    band = usual([(one[0], run.outcome) for one, run in told])
    fails = fails_at(monitor)
    limit = _("limit %s") if fails.when == "above" else _("at least %s")
    plot = _plot(monitor, [(one[0], run) for one, run in told], band)
    return Figure(
        line=line,
        url=reverse("system-monitor", args=[slug, monitor.id]),
        look=look[0],
        word=look[1],
        value=value_words(monitor, value),
        meta=f"{measure_words(monitor)}, {limit % value_words(monitor, fails.value)}",
        of=of if len(runs) and len(runs[-1].reading.get("values", ())) > 1 else "",
        usual=f"{value_words(monitor, band[0])} – {value_words(monitor, band[1])}" if band else "",
        finding=_finding(line, value_words(monitor, value), len(runs)),
        plot=plot,
        rows=tuple(_ran(monitor, one, run) for one, run in reversed(told)),
    )


def _finding(line: "MonitorLine", value: str, many: int) -> str:
    limits = _("; it fails %s") % line_words(line.monitor, fails_at(line.monitor))
    return _("%(title)s over %(many)s runs, last %(value)s%(limits)s.") % {
        "title": line.monitor.title, "many": many, "value": value, "limits": limits,
    }  # fmt: skip


def _ran(monitor: Monitor, told: tuple[float | None, str], run: "MonitorRun") -> Ran:
    look, word = STATES[run.outcome]
    return Ran(run=run, value=value_words(monitor, told[0]), of=told[1], look=look, word=word)


def _plot(
    monitor: Monitor, told: Sequence[tuple[float | None, "MonitorRun"]], band: tuple[float, float] | None
) -> Plot | None:
    finite = [value for value, _run in told if value is not None and math.isfinite(value)]
    if not finite:
        return None
    lines = [one.value for one in monitor.thresholds]
    low, high = min(0.0, *finite), (max(*finite, *lines) or 1.0) * ROOM
    since, until = told[0][1].recorded_at, told[-1][1].recorded_at
    span = (until - since).total_seconds() or 1.0

    def y(value: float) -> float:
        return round(100 - 100 * (min(max(value, low), high) - low) / (high - low), 2)

    def x(run: "MonitorRun") -> float:
        return round(100 * (run.recorded_at - since).total_seconds() / span, 2) if len(told) > 1 else 100.0

    points = [(Point(x=x(run), y=y(value)) if value is not None else None, run) for value, run in told]
    parts = _parts([one for one, _run in points])
    return Plot(
        line="".join(_path(part) for part in parts),
        area="".join(f"{_path(part)}V100H{part[0].x}z" for part in parts if len(part) > 1),
        limits=tuple(
            Limit(y=y(one.value), said=line_words(monitor, one), fails=one.level == "fail")
            for one in monitor.thresholds
        ),
        hits=tuple(one for one, run in points if one and run.outcome == Outcome.FAIL),
        steps=tuple(Point(x=x(run), y=100.0) for one, run in points if one is None),
        last=points[-1][0],
        band=(y(band[1]), max(round(y(band[0]) - y(band[1]), 2), 1.0)) if band else None,
        top=value_words(monitor, high),
        ground=value_words(monitor, low),
        since=since,
        until=until,
    )  # fmt: skip


def _parts(points: Sequence[Point | None]) -> list[list[Point]]:
    """The line is broken where nothing could be told."""
    parts: list[list[Point]] = [[]]
    for one in points:
        if one is None:
            parts.append([])
        else:
            parts[-1].append(one)
    return [part for part in parts if part]


def _path(part: Sequence[Point]) -> str:
    return "M" + "L".join(f"{one.x} {one.y}" for one in part)


def day_of(at: datetime) -> str:
    """A day as a chart says it."""
    return date_format(at, "j M")
