"""What people type as a date becomes one instant, or a sentence that says how to write it."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from annexa.pure.instants import InstantError, parse_beginning, parse_instant

NOW = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("2026-11-19", datetime(2026, 11, 19, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2024-02-29", datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2026-12-31", datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
        (" 2026-11-19\n", datetime(2026, 11, 19, 23, 59, 59, 999999, tzinfo=UTC)),
        ("2026-11-20", NOW),
        ("2026-11-20T09:40Z", NOW),
        ("2026-11-20T09:40", NOW),
        ("2026-11-20 09:40", NOW),
        ("2026-11-20T10:40+01:00", NOW),
        ("2026-11-20T23:40-10:00", datetime(2026, 11, 21, 9, 40, tzinfo=UTC)),
    ],
    ids=[
        "a date is its last microsecond",
        "leap day",
        "last day of a year",
        "spaces around it",
        "today is now",
        "an instant",
        "UTC where no zone is given",
        "a space for the T",
        "another zone",
        "another zone, another day",
    ],
)
def test_it_works(typed: str, expected: datetime) -> None:
    found = parse_instant(typed, now=NOW)
    assert found == expected
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "typed",
    ["", "   ", "yesterday", "20.11.2026", "11/20/2026", "2026-02-30", "2026-13-01", "2026-11-20T25:00", "2026"],
)
def test_anything_else_is_refused_with_how_to_write_it(typed: str) -> None:
    with pytest.raises(InstantError, match="write it as 2026-11-20"):
        parse_instant(typed, now=NOW)


def test_the_last_day_of_the_calendar_is_refused() -> None:
    with pytest.raises(InstantError, match="9999-12-31 is beyond the calendar"):
        parse_instant("9999-12-31", now=NOW)


@pytest.mark.parametrize("typed", ["2026-11-20", " 2026-11-20 ", "2026-11-20T00:00Z", "2026-11-20T01:00+01:00"])
def test_from_a_date_on_means_since_it_began(typed: str) -> None:
    """Also today's, of which parse_instant says that it is now."""
    assert parse_beginning(typed, now=NOW) == datetime(2026, 11, 20, tzinfo=UTC)


@given(st.dates(max_value=date(9999, 12, 30)))
def test_a_date_ends_where_the_next_begins(day: date) -> None:
    if day == NOW.date():
        return
    found = parse_instant(day.isoformat(), now=NOW)
    assert found.date() == day
    assert (found + timedelta(microseconds=1)).date() == day + timedelta(days=1)


@given(
    st.datetimes(
        min_value=datetime(2, 1, 1),  # noqa: DTZ001
        max_value=datetime(9998, 12, 31),  # noqa: DTZ001
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-11, minutes=-30))]),
    )
)
def test_an_instant_keeps_its_moment(at: datetime) -> None:
    assert parse_instant(at.isoformat(), now=NOW) == at


@given(st.text(max_size=30))
@example("0001-01-01T00:00+14:00")
@example("9999-12-31T23:59-11:00")
def test_any_text_is_an_instant_or_refused(typed: str) -> None:
    try:
        found = parse_instant(typed, now=NOW)
    except InstantError:
        return
    assert found.utcoffset() == timedelta(0)
