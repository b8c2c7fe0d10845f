"""Anomalies: hours against their season, names against what is known, shares with their interval."""

import math
from datetime import UTC, datetime, timedelta

import pytest

from annexa.pure.anomalies import (
    LATENCY_EDGES,
    Found,
    against_season,
    bulk,
    hour_of_week,
    new_names,
    odd_hours,
    quantile,
    rate,
    season,
    silence,
    unapproved,
)

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEK = timedelta(weeks=1)
HOUR = timedelta(hours=1)


def busy_weeks(weeks: int) -> dict[datetime, float]:
    """100 calls an hour from nine to five on working days, 3 more each week; nothing at night."""
    return {
        MONDAY + week * WEEK + day * timedelta(days=1) + hour * HOUR: 100.0 + 3 * week
        for week in range(weeks)
        for day in range(5)
        for hour in range(9, 17)
    }


def usual(weeks: int = 6) -> object:
    """The season of so many weeks."""
    return season(busy_weeks(weeks), MONDAY, MONDAY + weeks * WEEK)


def test_hours_of_the_week() -> None:
    """Rule: Monday's first hour is 0, Sunday's last 167."""
    assert hour_of_week(MONDAY) == 0
    assert hour_of_week(MONDAY + timedelta(days=6, hours=23, minutes=59)) == 167


def test_a_busy_monday_is_normal_and_a_busy_night_is_not() -> None:
    """Rule: the same number of calls is usual at ten in the morning and an alarm at three at night."""
    at = MONDAY + 6 * WEEK
    day = against_season({at + 10 * HOUR: 110.0}, usual(), at + 10 * HOUR, at + 11 * HOUR)  # type: ignore[arg-type]
    night = against_season({at + 3 * HOUR: 110.0}, usual(), at + 3 * HOUR, at + 4 * HOUR)  # type: ignore[arg-type]
    assert day.value is not None
    assert day.value < 1
    assert night.value == pytest.approx(110.0)
    assert night.expected == 0
    assert night.at == at + 3 * HOUR


def test_the_robust_z_by_hand() -> None:
    """Rule: middle 107.5 of 100, 103 … 115, middle deviation 4.5; chance alone spreads counts more."""
    at = MONDAY + 6 * WEEK + 9 * HOUR
    found = against_season({at: 160.0}, usual(), at, at + HOUR)  # type: ignore[arg-type]
    assert found.expected == 107.5
    assert found.value == pytest.approx((160 - 107.5) / math.sqrt(107.5))
    money = season(busy_weeks(6), MONDAY, MONDAY + 6 * WEEK, counts=False)
    found = against_season({at: 160.0}, money, at, at + HOUR)
    assert found.value == pytest.approx((160 - 107.5) / (1.4826 * 4.5))


def test_an_outage_in_the_past_does_not_move_the_season() -> None:
    """Rule: one lost week of six changes the middle by a step, not the alarm."""
    hours = busy_weeks(6)
    lost = {at: n for at, n in hours.items() if not MONDAY + WEEK <= at < MONDAY + 2 * WEEK}
    at = MONDAY + 6 * WEEK + 9 * HOUR
    found = against_season({}, season(lost, MONDAY, MONDAY + 6 * WEEK), at, at + HOUR, down=True)
    assert found.value is not None
    assert found.value > 8


def test_three_weeks_are_no_season() -> None:
    """Rule: with fewer than four weeks there is no value."""
    at = MONDAY + 3 * WEEK
    found = against_season({at: 9e9}, usual(3), at, at + HOUR)  # type: ignore[arg-type]
    assert (found.value, found.because) == (None, "3 weeks are known; 4 are needed.")
    assert against_season({}, usual(), at, at).value is None  # type: ignore[arg-type]


def test_silence() -> None:
    """Rule: hours since the last word; what should have come meanwhile; whoever never spoke is unknown, not silent."""
    at = MONDAY + 6 * WEEK
    assert silence(None, at).value is None
    assert silence(at, at + 90 * timedelta(minutes=1)).value == pytest.approx(1.5)
    night = silence(at + 17 * HOUR, at + 32 * HOUR, usual())  # type: ignore[arg-type]
    day = silence(at + 9.5 * HOUR, at + 11 * HOUR, usual())  # type: ignore[arg-type]
    assert night.expected == 0
    assert day.expected == pytest.approx(1.5 * 107.5)
    weeks = silence(at, at + 2 * WEEK, usual())  # type: ignore[arg-type]
    assert weeks.expected == pytest.approx(2 * 40 * 107.5)


def test_rate() -> None:
    """Rule: a share with Wilson's interval, or not enough."""
    found = rate(15, 148, minimum=100)
    assert found.value == pytest.approx(15 / 148)
    assert found.interval == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert rate(1, 5, minimum=100) == Found(value=None, n=5, because="5 events count; at least 100 are needed.")
    assert rate(0, 0, minimum=0).value is None


def test_quantile_from_counts() -> None:
    """Rule: the value is the upper end of the bin it lies in, at most a tenth too high; the last bin has none."""
    assert LATENCY_EDGES[0] == 1.0
    assert LATENCY_EDGES[-1] > 1_000_000
    found = quantile([0, 90, 9, 1], [10.0, 20.0, 30.0], 0.95, minimum=100)
    assert (found.value, found.interval) == (30.0, (20.0, 30.0))
    assert quantile([0, 90, 9, 1], [10.0, 20.0, 30.0], 1.0, minimum=1).value == math.inf
    assert quantile([1, 1, 1, 1], [10.0, 20.0, 30.0], 0.0, minimum=1).value == 10.0
    assert quantile([0, 2, 0, 0], [10.0, 20.0, 30.0], 0.5, minimum=100).value is None


def test_new_names() -> None:
    """Rule: whoever was never seen, the busiest first; nothing known says nothing."""
    found = new_names({"ann": 5, "eve": 1, "mal": 9}, {"ann"})
    assert (found.value, found.who) == (2.0, ("mal", "eve"))
    assert new_names({"ann": 5}, ()).value is None


def test_odd_hours() -> None:
    """Rule: a night owl's own nights are usual; everybody else's night is not, nor a newcomer's."""
    past = {("ann", 10): 500, ("owl", 2): 500}
    found = odd_hours({("ann", 3): 10, ("owl", 3): 10, ("ann", 11): 80}, past, minimum=100)
    assert found.value == pytest.approx(0.1)
    assert found.who == ("ann",)
    assert odd_hours({("new", 60): 4}, past, minimum=100).who == ("new",)
    assert odd_hours({("ann", 3): 1}, {("ann", 10): 5}, minimum=100).value is None
    assert odd_hours({}, past, minimum=100).value is None


def test_hours_of_the_week_meet_at_its_end() -> None:
    """Rule: Sunday before midnight is next to Monday after it."""
    assert odd_hours({("ann", 0): 1}, {("ann", 167): 500}, minimum=100).value == 0


def test_bulk() -> None:
    """Rule: a name's busiest hour beside its own most, or beside what is most usual for everybody."""
    past = {("ann", MONDAY + n * HOUR): float(10 + n % 5) for n in range(40)}
    found = bulk({("ann", MONDAY + WEEK): 140.0, ("eve", MONDAY + WEEK): 28.0}, past, minimum=20)
    assert found.value == pytest.approx(10.0)
    assert found.who == ("ann", "eve")
    assert bulk({}, past, minimum=20).value == 0
    assert bulk({("ann", MONDAY): 1e6}, {}, minimum=20).value is None


def test_unapproved() -> None:
    """Rule: a version counts as approved from the gate's decision until it ends; one without a name never."""
    changes = [(MONDAY, "1.0"), (MONDAY + WEEK, "1.1"), (MONDAY + 2 * WEEK, "1.0"), (MONDAY + 3 * WEEK, "")]
    approvals = {"1.0": ((MONDAY - HOUR, MONDAY + WEEK),), "1.1": ((MONDAY + WEEK, None),)}
    found = unapproved(changes, approvals)
    assert (found.value, found.n, found.at) == (2.0, 4, MONDAY + 2 * WEEK)
    assert found.who == ("1.0", "no version named")
    assert unapproved([], {}).value == 0
