"""What follows from what monitors find: when they are due, what they prove, when a breach opens and when it is over.

Several monitors may prove one expectation. They pass together or not at all: one that fails makes the evidence fail,
and one that is on and cannot be told, is in error or has fallen silent keeps the evidence from passing. A monitor that
is off proves nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from annexa.pure.monitors import Monitor, Outcome, Proves

ERROR: Final = "error"
"""The outcome of a run that could not be made; no reading says it."""
OUTCOMES: Final = (*(one.value for one in Outcome), ERROR)
SOONEST: Final = timedelta(hours=1)
SELDOMEST: Final = timedelta(days=1)
LATE: Final = 3
"""A run that is as old as so many of its turns no longer says how things stand."""


class Step(StrEnum):
    """What a run means for the breach of a monitor in a system."""

    OPENS = "opens"
    ENDS = "ends"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """The last run of a monitor that is on. `until`: the end of its window, UTC; None: it never ran."""

    monitor: Monitor
    outcome: str = ""
    until: datetime | None = None


def every(monitor: Monitor) -> timedelta:
    """How often a monitor runs: four times in its window, at most once an hour and at least once a day."""
    return min(max(monitor.window / 4, SOONEST), SELDOMEST)


def is_due(monitor: Monitor, last: datetime | None, now: datetime) -> bool:
    """Whether it is time for another run. `last`: when it ran last."""
    return last is None or now - last >= every(monitor)


def with_thresholds(monitor: Monitor, said: Mapping[str, float]) -> Monitor:
    """The monitor with lines of an organisation's own, by level; those it does not say stay."""
    lines = tuple(
        replace(one, value=said[one.level], because="The line this organisation set.") if one.level in said else one
        for one in monitor.thresholds
    )
    return replace(monitor, thresholds=lines)


def threshold_problems(monitor: Monitor, said: Mapping[str, float]) -> list[str]:
    """What is wrong with lines of an organisation's own."""
    levels = {one.level: one for one in monitor.thresholds}
    problems = [
        f"{monitor.id} has no line called {level}; it has {' and '.join(levels)}."
        for level in said
        if level not in levels
    ]
    lines = {level: said.get(level, one.value) for level, one in levels.items()}
    if not problems and {"warn", "fail"} <= set(lines):
        above = levels["fail"].when == "above"
        if lines["warn"] > lines["fail"] if above else lines["warn"] < lines["fail"]:
            problems.append(f"{monitor.id} would fail before it warns; the warning has to come first.")
    return problems


def step(outcome: str, *, is_open: bool) -> Step:
    """What a run means: a failure opens a breach, a pass or a warning ends it, anything else tells nothing."""
    if outcome == Outcome.FAIL and not is_open:
        return Step.OPENS
    if outcome in {Outcome.PASS, Outcome.WARN} and is_open:
        return Step.ENDS
    return Step.NOTHING


def proven_by(ran: Iterable[Ran]) -> Mapping[Proves, tuple[Ran, ...]]:
    """The runs by the expectation that they prove."""
    found: dict[Proves, list[Ran]] = {}
    for one in ran:
        for proves in one.monitor.proves:
            found.setdefault(proves, []).append(one)
    return {proves: tuple(runs) for proves, runs in found.items()}


def verdict_of(ran: Collection[Ran], now: datetime) -> bool | None:
    """What monitors that are on say together of an expectation: passing, failing, or None: nothing can be told."""
    if any(one.outcome == Outcome.FAIL for one in ran):
        return False
    told = {Outcome.PASS.value, Outcome.WARN.value}
    fresh = all(one.outcome in told and _speaks(one, now) for one in ran)
    return True if ran and fresh else None


def _speaks(one: Ran, now: datetime) -> bool:
    return one.until is not None and now - one.until <= LATE * every(one.monitor) + one.monitor.lag


def report(
    system: str, proves: Proves, ran: Iterable[Ran], *, passing: bool, readings: Mapping[str, Any]
) -> dict[str, Any]:
    """The evidence as a file: what each monitor found, in plain JSON. `readings`: of those that ever ran."""
    return {
        "system": system,
        "control": proves.control,
        "expectation": proves.expectation,
        "passing": passing,
        "monitors": [
            {
                "monitor": one.monitor.id,
                "title": one.monitor.title,
                "outcome": one.outcome,
                **readings.get(one.monitor.id, {}),
            }
            for one in sorted(ran, key=lambda one: one.monitor.id)
        ],
    }
