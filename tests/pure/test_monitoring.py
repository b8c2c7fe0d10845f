"""What follows from what monitors find: nothing that cannot be told ever counts as a pass."""

from datetime import UTC, datetime, timedelta

import pytest

from annexa.library.monitors import monitors
from annexa.pure.monitoring import (
    ERROR,
    OUTCOMES,
    Ran,
    Step,
    every,
    is_due,
    proven_by,
    step,
    threshold_problems,
    verdict_of,
    with_thresholds,
)
from annexa.pure.monitors import Outcome

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
ERRORS, LATENCY = monitors()["errors"], monitors()["latency"]


def ran(outcome: str, *, ago: timedelta = timedelta(0), monitor=ERRORS) -> Ran:
    return Ran(monitor=monitor, outcome=outcome, until=NOW - ago)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_one_monitor_alone(outcome: str) -> None:
    """A warning lies within what is allowed; not enough data and an error tell nothing."""
    expected = {"pass": True, "warn": True, "fail": False}.get(outcome)
    assert verdict_of([ran(outcome)], NOW) is expected


def test_monitors_pass_together_or_not_at_all() -> None:
    """One that cannot be told keeps the others' pass from counting; one that fails makes it fail at once."""
    assert verdict_of([], NOW) is None
    assert verdict_of([ran("pass"), ran("warn", monitor=LATENCY)], NOW) is True
    for other in (Outcome.NOT_ENOUGH.value, ERROR, ""):
        assert verdict_of([ran("pass"), ran(other)], NOW) is None
        assert verdict_of([ran("fail"), ran(other)], NOW) is False
    assert verdict_of([ran("pass"), Ran(monitor=LATENCY)], NOW) is None


def test_a_run_of_long_ago_says_nothing() -> None:
    """A monitor that fell silent proves nothing, however well things were."""
    assert verdict_of([ran("pass", ago=3 * every(ERRORS))], NOW) is True
    assert verdict_of([ran("pass", ago=4 * every(ERRORS))], NOW) is None


@pytest.mark.parametrize(
    ("outcome", "is_open", "then"),
    [
        ("fail", False, Step.OPENS), ("fail", True, Step.NOTHING), ("pass", True, Step.ENDS), ("warn", True, Step.ENDS),
        ("pass", False, Step.NOTHING), ("not enough data", True, Step.NOTHING), ("error", True, Step.NOTHING),
        ("error", False, Step.NOTHING),
    ],
)  # fmt: skip
def test_breaches_open_and_end(outcome: str, is_open: bool, then: Step) -> None:
    """Only what is known to be well again ends one."""
    assert step(outcome, is_open=is_open) is then


def test_when_they_are_due() -> None:
    """Four times in a window, at most hourly, at least daily."""
    for monitor in monitors().values():
        assert timedelta(hours=1) <= every(monitor) <= timedelta(days=1)
        assert is_due(monitor, None, NOW)
        assert is_due(monitor, NOW - every(monitor), NOW)
        assert not is_due(monitor, NOW - every(monitor) + timedelta(seconds=1), NOW)


def test_lines_of_an_organisation_s_own() -> None:
    """They take the place of the library's, and a warning comes before a failure."""
    levels = {one.level: one.value for one in ERRORS.thresholds}
    held = with_thresholds(ERRORS, {"fail": 0.5})
    assert {one.level: one.value for one in held.thresholds} == levels | {"fail": 0.5}
    assert with_thresholds(ERRORS, {}) == ERRORS
    assert threshold_problems(ERRORS, {"fail": 0.5}) == []
    assert "no line called stop" in threshold_problems(ERRORS, {"stop": 1.0})[0]
    assert "before it warns" in threshold_problems(ERRORS, {"fail": -1.0})[0]


def test_what_monitors_prove() -> None:
    """Runs by expectation."""
    found = proven_by([ran("pass"), ran("fail", monitor=LATENCY)])
    for proves, runs in found.items():
        assert all(proves in one.monitor.proves for one in runs)
    assert {one for monitor in (ERRORS, LATENCY) for one in monitor.proves} == set(found)
