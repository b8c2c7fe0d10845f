"""Figures of oversight: rates that say something, medians, and approvals nobody can have read."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from annexa.pure.oversight_figures import Told, by, figures, too_fast, weeks

NOW = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)
ONE = Told(system="s", by=1, decision="approved", seconds=60, signs=600, least_seconds=5, at=NOW)


@pytest.mark.parametrize(
    ("seconds", "signs", "least", "decision", "expected"),
    [
        (9, 600, 5, "approved", True),
        (10, 600, 5, "approved", False),
        (4, 0, 5, "approved", True),
        (5, 0, 5, "approved", False),
        (0, 6_000, 5, "stopped", False),
        (0, 6_000, 5, "overridden", False),
    ],
)
def test_too_fast_is_faster_than_anybody_reads(seconds, signs, least, decision, expected) -> None:
    """Rule: only what lets the system have its way; who stops at a glance does no harm."""
    told = replace(ONE, seconds=seconds, signs=signs, least_seconds=least, decision=decision)
    assert too_fast(told) is expected


def test_a_share_of_few_is_none() -> None:
    few = figures([ONE] * 9)
    assert (few.override_rate, few.fast_rate, few.override_percent) == (None, None, None)
    told = figures([*[ONE] * 8, replace(ONE, decision="overridden"), replace(ONE, decision="stopped")])
    assert (told.override_rate, told.override_percent, told.decisions) == (0.2, 20, 10)
    assert told.fast_rate is None, "eight approvals"


def test_nothing_is_figures_too() -> None:
    found = figures([])
    assert (found.decisions, found.median_seconds, found.override_rate, found.warnings) == (0, None, None, ())


def test_signs_of_automation_bias() -> None:
    fast = [replace(ONE, seconds=1)]
    assert figures([ONE] * 10).warnings == ()
    assert "faster" in figures([*[ONE] * 9, *fast]).warnings[0]
    assert "Not one of 50" in figures([ONE] * 50).warnings[0]
    assert figures([*[ONE] * 50, replace(ONE, decision="stopped")]).warnings == ()


def test_the_median_and_the_parts() -> None:
    told = [replace(ONE, by=number % 2, seconds=10 * number) for number in range(1, 5)]
    assert figures(told).median_seconds == 25
    assert {key: one.decisions for key, one in by(told, lambda one: one.by).items()} == {0: 2, 1: 2}


def test_weeks_begin_on_monday_and_none_is_left_out() -> None:
    told = [ONE, replace(ONE, at=NOW - timedelta(weeks=2)), replace(ONE, at=NOW - timedelta(weeks=9))]
    found = weeks(told, last=date(2026, 11, 20), count=3)
    assert [(day.isoformat(), one.decisions) for day, one in found] == [
        ("2026-11-02", 1), ("2026-11-09", 0), ("2026-11-16", 1),
    ]  # fmt: skip
