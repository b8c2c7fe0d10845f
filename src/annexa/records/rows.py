"""Rows of any table as lines of JSON and back, for copies that must outlive a version and a kind of database.

A part is at most a few MiB: its first line names the columns, every further line is one row in that order. Bytes are
base64, instants ISO 8601 with their zone, dates ISO 8601; everything else is as JSON has it.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db import models

PART_BYTES = 4 << 20
_FETCH = 500

Both = tuple[Callable[[Any], Any], Callable[[Any], Any]]


class RowsError(ValueError):
    """Rows cannot be written down, or what was written down cannot be read as rows of this table."""


def _same(value: Any) -> Any:
    return value


_KINDS: Mapping[type["models.Field[Any, Any]"], Both] = {
    models.BinaryField: (lambda value: base64.b64encode(bytes(value)).decode(), base64.b64decode),
    models.DateTimeField: (lambda value: value.isoformat(), datetime.fromisoformat),
    models.DateField: (lambda value: value.isoformat(), date.fromisoformat),
    models.DecimalField: (str, Decimal),
    models.BooleanField: (_same, _same),
    models.CharField: (_same, _same),
    models.FloatField: (_same, _same),
    models.IntegerField: (_same, _same),
    models.JSONField: (_same, _same),
    models.TextField: (_same, _same),
}


LEFT_OUT = frozenset({"records.process", "records.requestcount", "records.signedin", "records.signintry"})
"""What holds for the running processes only, and means nothing in another place or at another time; and who is signed
in or tried to: keys of sessions are worth as much as the sessions, which are left out too."""


def copied_tables() -> tuple[type[models.Model], ...]:
    """Every table of records that a backup holds, in the order of their names."""
    found = apps.get_app_config("records").get_models(include_auto_created=True)
    kept = [one for one in found if one._meta.label_lower not in LEFT_OUT]
    return tuple(sorted(kept, key=lambda one: one._meta.label_lower))


def both_ways(field: Any) -> Both:
    """How a column's values become JSON, and come back. Raises RowsError for a kind that nobody thought of yet."""
    if field.is_relation:
        return both_ways(field.target_field)
    for kind in type(field).__mro__:
        if kind in _KINDS:
            return _KINDS[kind]
    raise RowsError(f"{field}: a column of the kind {type(field).__name__} cannot be copied; add it to records/rows.py")


def write_rows(table: type[models.Model], *, using: str | None = None) -> Iterator[tuple[int, bytes]]:
    """All rows of a table by their key, in parts, each with how many it holds. Read it within one moment.

    `using`: of another database than that of the records.
    """
    fields = table._meta.concrete_fields
    names = [field.attname for field in fields]
    writers = [both_ways(field)[0] for field in fields]
    head = _line(names)
    lines, size = [head], len(head)
    for row in table._base_manager.using(using).order_by("pk").values_list(*names).iterator(_FETCH):
        try:
            line = _line([None if value is None else write(value) for write, value in zip(writers, row, strict=True)])
        except (AttributeError, TypeError, ValueError) as error:
            raise RowsError(f"{table._meta.db_table} {row[0]}: holds what its columns are not made for") from error
        lines.append(line)
        size += len(line)
        if size >= PART_BYTES:
            yield len(lines) - 1, b"".join(lines)
            lines, size = [head], len(head)
    if len(lines) > 1:
        yield len(lines) - 1, b"".join(lines)


def read_rows(table: type[models.Model], part: bytes) -> list[models.Model]:
    """The rows of a part, not saved yet. `table` may be that of an older version. Raises RowsError."""
    known = {field.attname: both_ways(field)[1] for field in table._meta.concrete_fields}
    try:
        head, *lines = part.splitlines()
        names = json.loads(head)
        if set(names) != set(known):
            raise RowsError(f"{table._meta.label}: has other columns than this version")
        readers = [known[name] for name in names]
        return [
            table(**{
                name: None if value is None else read(value)
                for name, read, value in zip(names, readers, json.loads(line), strict=True)
            })
            for line in lines
        ]  # fmt: skip
    except (AttributeError, TypeError, ValueError) as error:
        raise error if isinstance(error, RowsError) else RowsError(f"{table._meta.label}: {error}") from error


def _line(values: list[Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"
