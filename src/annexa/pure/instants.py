"""Dates and instants as people type them, and months counted from a day."""

from calendar import monthrange
from datetime import UTC, date, datetime, time


class InstantError(ValueError):
    """The text is no date or instant; says how to write one."""


def parse_instant(text: str, *, now: datetime) -> datetime:
    """An instant from what somebody typed: `2026-11-20` or `2026-11-20T09:40Z`. UTC where no zone is given.

    A date means its last microsecond; today's date means now, because the day is not over. Raises InstantError.
    """
    typed = text.strip()
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        pass
    else:
        if day == date.max:
            raise InstantError(f"{day.isoformat()} is beyond the calendar.")
        return now if day == now.date() else end_of(day)
    try:
        found = datetime.fromisoformat(typed)
    except ValueError:
        raise InstantError(f"{typed!r} is not a date; write it as 2026-11-20 or 2026-11-20T09:40Z.") from None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        raise InstantError(f"{typed} is beyond the calendar.") from None


def parse_beginning(text: str, *, now: datetime) -> datetime:
    """As parse_instant has it, but a date means its first instant, for what begins there. Raises InstantError."""
    found = parse_instant(text, now=now)
    try:
        return beginning_of(date.fromisoformat(text.strip()))
    except ValueError:
        return found


def beginning_of(day: date) -> datetime:
    """The first instant of a day."""
    return datetime.combine(day, time.min, tzinfo=UTC)


def end_of(day: date) -> datetime:
    """The last microsecond of a day."""
    return datetime.combine(day, time.max, tzinfo=UTC)


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last day of that month where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
