"""A row as the latest entry about it tells it: the way back from what a record says of itself to the ledger."""

from collections.abc import Mapping
from typing import Any

from django.db import models

from annexa.pure.actors import number_of
from annexa.records.people import Person
from annexa.records.recorded import Recorded, Told
from annexa.records.rows import both_ways

Numbers = Mapping[type[models.Model], Mapping[str, int]]
"""The numbers that some records have in one database only, by table and key."""
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError)


class UntoldError(ValueError):
    """The entry does not say enough for its row; names the column."""


def numbered(table: type[models.Model]) -> bool:
    """Whether its records have a number of their database only, that no entry tells and others may refer to."""
    return issubclass(table, Recorded) and "id" in table.UNKEPT


def row_of(table: type[Recorded], told: Told, *, key: str, numbers: Numbers) -> tuple[Recorded, tuple[str, ...]]:
    """The row that an entry tells of, not saved; and the columns that the entry is older than.

    These have their default, as has what no entry ever commits to. Raises UntoldError.
    """
    values: dict[str, Any] = {}
    older: list[str] = []
    for field in table._meta.concrete_fields:
        try:
            found = _value(table, field, told, key, numbers)
        except _UNREADABLE as error:
            raise UntoldError(f"{field.name} cannot be read: {error or type(error).__name__}") from error
        if found is not _NOTHING:
            values[field.attname] = found
        elif field.name not in table.UNKEPT:
            if not (field.has_default() or field.null or field.blank):
                raise UntoldError(f"{field.name} is not told")
            older.append(field.name)
    return table(**values), tuple(older)


_NOTHING: Any = object()


def _value(table: type[Recorded], field: Any, told: Told, key: str, numbers: Numbers) -> Any:
    """What the entry says of one column; `_NOTHING` where it does not speak of it."""
    if field.primary_key and numbered(table):
        return numbers[table][key]
    if field.primary_key and not table.KEY:
        return int(key.partition("/")[2])
    if field.attname in table.BESIDE:
        return table.BESIDE[field.attname](told)
    word = table.TAKEN.get(field.name, field.name)
    if callable(word):
        return word(told)
    return _read(field, told.state[word], numbers) if word in told.state else _NOTHING


def _read(field: Any, value: Any, numbers: Numbers) -> Any:
    """A value of a state as its column has it. People stand there by their number, or as person/ and the number."""
    if value is None:
        return None
    if field.is_relation:
        target = field.target_field.model
        if target is Person:
            return value if isinstance(value, int) else number_of(value)
        if field.target_field.primary_key and numbered(target):
            return numbers[target][value]
    return both_ways(field)[1](value)
