"""What a check asks of a record: values that fulfil it, until when, and each of them without which it falls short."""

from datetime import UTC, date, datetime
from typing import Any

from annexa.pure.checks import OVER_RECORDS, THROUGH_RECORDS
from annexa.pure.checks.over import EVER
from annexa.pure.fields import EMPTY

DAY = date(2026, 3, 1)
EVERY = {**OVER_RECORDS, **THROUGH_RECORDS}


def at(year: int, month: int, day: int) -> datetime:
    """The beginning of a day in UTC."""
    return datetime(year, month, day, tzinfo=UTC)


def asserts(check: str, values: dict[str, Any], until: datetime = EVER, besides: dict[str, Any] | None = None) -> None:
    """The values fulfil the check until then; without any one of them it is not fulfilled. `besides`: what is there
    too, and not needed."""
    found = EVERY[check]
    full = found.register.make({"name": "x", **(besides or {}), **values})
    assert found.looks_at(full), f"{check} does not look at such a record"
    assert found.until(full) == until
    for name in values:
        empty = EMPTY[found.register.field[name].kind]
        less = found.register.replaced(full, {name: empty})
        assert not found.looks_at(less) or found.until(less) is None, f"{check} holds without {name}"
