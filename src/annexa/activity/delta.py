"""Segments as a Delta table, so that Spark, Trino, DuckDB or a warehouse read them without us.

A table is a folder with a log of commits beside files that are there already: each commit is a file of JSON lines that
adds and removes files. Source: the Delta transaction log protocol, reader version 1 and writer version 2.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import pyarrow as pa

from annexa.activity.columns import SCHEMA

LOG: Final = "_delta_log"
_MILLISECOND: Final = timedelta(milliseconds=1)
_KINDS: Final[Mapping[pa.DataType, str]] = {
    pa.timestamp("us", "UTC"): "timestamp",
    pa.string(): "string",
    pa.binary(): "binary",
    pa.int64(): "long",
    pa.float64(): "double",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A file that joins the table. `path`: from the table's folder. Instants: the first and last in it."""

    path: str
    size: int
    records: int
    at: tuple[datetime, datetime]
    received_at: tuple[datetime, datetime]


def fields_of(schemas: Iterable[pa.Schema]) -> dict[str, str]:
    """The table's columns by name, with their kind in Delta. A feature that is of two kinds is none of them."""
    found = {field.name: _KINDS[field.type] for field in SCHEMA}
    return wider(found, schemas)


def wider(fields: Mapping[str, str], schemas: Iterable[pa.Schema]) -> dict[str, str]:
    """The columns, with those that further files have. A feature that is of two kinds is none of them."""
    found, torn = dict(fields), set()
    for schema in schemas:
        for field in schema:
            kind = _KINDS[field.type]
            if found.setdefault(field.name, kind) != kind:
                torn.add(field.name)
    return {name: kind for name, kind in found.items() if name not in torn}


def commit(
    *, added: Sequence[Added], removed: Sequence[str], fields: Mapping[str, str] | None, table: str, first: bool,
    now: datetime,
) -> bytes:  # fmt: skip
    """One commit: files added and removed, and the columns where they change. `table`: its id, for ever the same."""
    here = _milliseconds(now)
    lines: list[dict[str, Any]] = [{"commitInfo": {"timestamp": here, "operation": "WRITE", "engineInfo": "annexa"}}]
    if first:
        lines.append({"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}})
    if fields is not None:
        lines.append({"metaData": _described(fields, table, here)})
    lines += [{"remove": {"path": path, "deletionTimestamp": here, "dataChange": True}} for path in removed]
    lines += [{"add": _add(one, here)} for one in added]
    return b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines)


def commit_path(version: int) -> str:
    """Where a commit is, from the table's folder."""
    return f"{LOG}/{version:020d}.json"


def _described(fields: Mapping[str, str], table: str, here: int) -> dict[str, Any]:
    columns = [{"name": name, "type": kind, "nullable": True, "metadata": {}} for name, kind in fields.items()]
    return {
        "id": table, "format": {"provider": "parquet", "options": {}}, "partitionColumns": [], "configuration": {},
        "schemaString": json.dumps({"type": "struct", "fields": columns}), "createdTime": here,
    }  # fmt: skip


def _add(one: Added, here: int) -> dict[str, Any]:
    stats: dict[str, Any] = {"numRecords": one.records}
    if one.records:
        ranges = {"at": one.at, "received_at": one.received_at}
        stats |= {
            "minValues": {name: _instant(first) for name, (first, _) in ranges.items()},
            # Readers may know milliseconds only: the last instant is not before the last event.
            "maxValues": {name: _instant(last, later=True) for name, (_, last) in ranges.items()},
            "nullCount": dict.fromkeys(ranges, 0),
        }
    return {
        "path": one.path, "partitionValues": {}, "size": one.size, "modificationTime": here, "dataChange": True,
        "stats": json.dumps(stats),
    }  # fmt: skip


def _instant(at: datetime, *, later: bool = False) -> str:
    over = timedelta(microseconds=at.microsecond % 1000)
    at = at - over + (_MILLISECOND if later and over and at.year < 9999 else timedelta(0))
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z".rjust(24, "0")


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
