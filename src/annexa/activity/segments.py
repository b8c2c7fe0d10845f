"""Segments: the events of one AI system and one hour of receipt, in a Parquet file that never changes.

The format, which lasts (docs/activity-format.md tells an outsider how to verify it):

    file       Parquet, zstd. Columns: those of a batch (columns.py), each row one event; rows in the order of `at`.
               The metadata of the schema names under `annexa` the format, the segment's id, its system and its hour.
    leaf       of every row, worked out as `pure.events` says
    root       of the RFC 9162 tree over the leaves in the order of the rows; the ledger has it
    path       activity/SYSTEM/YYYY-MM-DD/HH/ID.parquet, the hour in UTC; SYSTEM is _quarantine where nobody knows it
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from annexa.activity import SegmentError
from annexa.activity.columns import DIGEST, LEAF, SALT, SCHEMA, leaves_of
from annexa.pure.events import CONTENT, FEATURE_PREFIX, HEAD, TEXTS
from annexa.pure.segment_proofs import tree_root

FORMAT: Final = 1
FOLDER: Final = "activity"
QUARANTINE: Final = "_quarantine"
"""In place of a system, of events of which nobody knows whose they are."""
GROUP_ROWS: Final = 20_480
"""Rows that a reader takes or leaves together. As many may be in memory at once, for each thread."""
LEVEL: Final = 2
"""Of zstd. On spans with 1.5 KB of text: level 1 takes 8 % more room, level 3 takes 20 % more time."""
MARK: Final = b"annexa"
"""Under which key of the schema's metadata a file says what it is."""
_HOUR: Final = timedelta(hours=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = datetime(1, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
_DISTINCT: Final = {
    "at", "ended_at", "received_at", "trace_id", "span_id", "parent_id", "record_id", "cost", "score",
    "input", "output", "tool_arguments", "tool_result", "explanation", SALT, DIGEST, LEAF,
}  # fmt: skip
"""Columns whose values hardly come again; the others are written once and referred to."""
_LOOKED_UP: Final = ("trace_id", "record_id", "conversation", "user")
"""Columns by which single events are looked up: a filter of some bits says where a value cannot be."""
_HIDDEN: Final = {*TEXTS, "attributes", "trace_id", "span_id", "parent_id", SALT, DIGEST, LEAF}
"""Columns without smallest and largest value: nobody asks for a range of them. Where bytes have both these and a
filter, DuckDB 1.5 finds nothing."""
_SYSTEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What arrived for one system ("": unknown) within one hour (its beginning, UTC): rows, sorted by `at`."""

    system: str
    hour: datetime
    table: pa.Table


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFile:
    """A segment as it is to be written. Instants are UTC; where there are no rows they are the segment's hour."""

    id: str
    system: str
    hour: datetime
    path: str
    data: pa.Buffer
    sha256: str
    records: int
    root: str
    first_at: datetime
    last_at: datetime
    first_received_at: datetime
    last_received_at: datetime


def parts_of(batches: Iterable[pa.RecordBatch]) -> list[Part]:
    """The rows of many batches, put together by system and hour of receipt.

    Where a feature is a number in one batch and text in another, their rows make parts of their own.
    """
    found: dict[tuple[str, int], list[list[pa.RecordBatch]]] = {}
    for batch in batches:
        for key, rows in _split(batch):
            groups = found.setdefault(key, [])
            fitting = next((one for one in groups if _fit(one[0].schema, rows.schema)), None)
            if fitting is None:
                groups.append([rows])
            else:
                fitting.append(rows)
    return [
        Part(system=system, hour=_instant(hour), table=_in_order(one))
        for (system, hour), groups in sorted(found.items(), key=lambda item: item[0])
        for one in groups
    ]


def segment_file(part: Part, *, id: str) -> SegmentFile:  # noqa: A002  what it is called everywhere
    """The file of a part, with all that the ledger is to know of it."""
    table = part.table
    leaves = flat_leaves(table)
    data = written(table, {"format": FORMAT, "segment": id, "system": part.system, "hour": part.hour.isoformat()})
    first_at, last_at = _range(table, "at", part.hour)
    first_received_at, last_received_at = _range(table, "received_at", part.hour)
    return SegmentFile(
        id=id, system=part.system, hour=part.hour, path=segment_path(part.system, part.hour, id), data=data,
        sha256=hashlib.sha256(data).hexdigest(), records=table.num_rows, root=tree_root(leaves).hex(),
        first_at=first_at, last_at=last_at,
        first_received_at=first_received_at, last_received_at=last_received_at,
    )  # fmt: skip


def segment_path(system: str, hour: datetime, id: str) -> str:  # noqa: A002
    """Where a segment's file is. Raises SegmentError for a system that cannot be a folder."""
    return f"{hour_folder(system, hour)}{id}.parquet"


def system_folder(system: str) -> str:
    """Where the files of one system are; ends with a stroke. Raises SegmentError."""
    if system and not _SYSTEM.fullmatch(system):
        raise SegmentError(f"{system!r} is not the short name of an AI system.")
    return f"{FOLDER}/{system or QUARANTINE}/"


def hour_folder(system: str, hour: datetime) -> str:
    """Where the files of one system and hour are; ends with a stroke. Raises SegmentError."""
    return f"{system_folder(system)}{hour.astimezone(UTC):%Y-%m-%d/%H}/"


def written(table: pa.Table, mark: Mapping[str, Any]) -> pa.Buffer:
    """A table as the bytes of a Parquet file, with a mark in the metadata of its schema."""
    metadata = {MARK: json.dumps(mark, sort_keys=True).encode()}
    sink = pa.BufferOutputStream()
    how = written_how(table.schema.names, table.num_rows)
    pq.write_table(table.replace_schema_metadata(metadata), sink, row_group_size=GROUP_ROWS, **how)
    return sink.getvalue()


def written_how(names: Sequence[str], rows: int) -> dict[str, Any]:
    """How files are written: what is pressed together, what is referred to, what can be looked up."""
    distinct = max(1, min(rows, GROUP_ROWS))
    return {
        "compression": "zstd",
        "compression_level": LEVEL,
        "use_dictionary": [name for name in names if name not in _DISTINCT],
        "column_encoding": dict.fromkeys((SALT, DIGEST, LEAF), "DELTA_LENGTH_BYTE_ARRAY"),
        "write_statistics": [name for name in names if name not in _HIDDEN],
        "bloom_filter_options": {name: {"ndv": distinct, "fpp": 0.05} for name in _LOOKED_UP},
    }


def schema_of(data: pa.Buffer | bytes) -> pa.Schema:
    """The columns of a file, if they are those of events. Raises SegmentError."""
    try:
        found = pq.read_schema(pa.BufferReader(data))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SegmentError(f"The file cannot be read: {error}.") from error
    require_columns(found)
    return found


def mark_of(data: pa.Buffer | bytes) -> dict[str, Any]:
    """What a file says of itself. Raises SegmentError."""
    try:
        metadata = pq.read_schema(pa.BufferReader(data)).metadata or {}
        found = json.loads(metadata[MARK])
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise SegmentError(f"This is no file of the activity log: {error}.") from error
    return found if isinstance(found, dict) else {}


def read_table(data: pa.Buffer | bytes, columns: Sequence[str] | None = None) -> pa.Table:
    """The rows of a file, or some columns of them. Raises SegmentError."""
    try:
        return pq.read_table(pa.BufferReader(data), columns=list(columns) if columns else None, use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SegmentError(f"The file cannot be read: {error}.") from error


def row_batches(data: pa.Buffer | bytes, rows: int = GROUP_ROWS) -> Iterator[pa.RecordBatch]:
    """The rows of a file, some thousands at once, whole. Raises SegmentError."""
    try:
        with pq.ParquetFile(pa.BufferReader(data)) as file:
            require_columns(file.schema_arrow)
            yield from file.iter_batches(batch_size=rows, use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SegmentError(f"The file cannot be read: {error}.") from error


def require_columns(schema: pa.Schema) -> None:
    """Refuses a file that has other columns than events. Raises SegmentError."""
    for field in schema:
        expected = SCHEMA.field(field.name).type if field.name in SCHEMA.names else None
        feature = field.name.startswith(FEATURE_PREFIX) and field.type in (pa.string(), pa.float64())
        if field.type != expected and not feature:
            raise SegmentError(f"The column {field.name} of type {field.type} is none of an event.")
    if missing := set(SCHEMA.names) - set(schema.names):
        raise SegmentError(f"The columns {', '.join(sorted(missing))} are missing.")


def made_leaves(data: pa.Buffer | bytes) -> Iterator[tuple[bytes, bytes]]:
    """Of some thousand rows at once: the leaves that the file holds, and those worked out anew from its events.

    Raises SegmentError.
    """
    for batch in row_batches(data, 4096):
        if batch.num_rows:
            yield _flat(batch.column(LEAF)), _flat(leaves_of(batch))


def flat_leaves(table: pa.Table) -> bytes:
    """The leaves of a table, one after another."""
    return b"".join(_flat(chunk) for chunk in table.column(LEAF).chunks)


def _flat(column: pa.Array) -> bytes:
    try:
        fixed = column.cast(pa.binary(32))
    except pa.ArrowException as error:
        raise SegmentError(f"A leaf has other than 32 bytes: {error}.") from error
    if fixed.null_count:
        raise SegmentError("A row has no leaf.")
    if not len(fixed):
        return b""
    return bytes(memoryview(fixed.buffers()[1])[32 * fixed.offset : 32 * (fixed.offset + len(fixed))])


# What belongs together ----------------------------------------------------------------------------------------


def _split(batch: pa.RecordBatch) -> Iterator[tuple[tuple[str, int], pa.RecordBatch]]:
    """The rows of a batch by system and hour of receipt (in microseconds); mostly there is one of each."""
    hour = _HOUR // timedelta(microseconds=1)
    received = np.asarray(pc.fill_null(batch.column("received_at").cast(pa.int64()), 0)) // hour * hour
    systems = pc.fill_null(batch.column("system"), "").dictionary_encode()
    names, codes = systems.dictionary.to_pylist(), np.asarray(systems.indices)
    if not batch.num_rows:
        return
    if len(names) == 1 and received.min() == received.max():
        yield (names[0], int(received[0])), batch
        return
    keys = np.stack([codes, received], axis=1)
    for code, at in np.unique(keys, axis=0).tolist():
        yield (names[code], at), batch.filter(pa.array((codes == code) & (received == at)))


def _fit(one: pa.Schema, other: pa.Schema) -> bool:
    """Whether features of the same name are of the same type."""
    return all(one.field(name).type == other.field(name).type for name in set(one.names) & set(other.names))


def _in_order(batches: Sequence[pa.RecordBatch]) -> pa.Table:
    """One table, its features in the order of their names, its rows in the order of `at`."""
    features = {name: batch.schema.field(name) for batch in batches for name in batch.schema.names}
    bare = sorted((name for name in features if name not in SCHEMA.names), key=str.encode)
    order = [*HEAD, SALT, *CONTENT, *bare, DIGEST, LEAF]
    if bare:
        tables = pa.concat_tables([pa.Table.from_batches([one]) for one in batches], promote_options="default")
        whole = tables.select(order)
    else:
        whole = pa.Table.from_batches(list(batches))
    at = whole.column("at").combine_chunks()
    values = np.asarray(at.cast(pa.int64()))
    if (values[1:] >= values[:-1]).all():
        return whole
    return whole.take(pa.array(np.argsort(values, kind="stable")))


def _range(table: pa.Table, name: str, otherwise: datetime) -> tuple[datetime, datetime]:
    found = pc.min_max(table.column(name).cast(pa.int64())).as_py()
    if found["min"] is None:
        return otherwise, otherwise
    return _instant(found["min"]), _instant(found["max"])


def _instant(microseconds: int) -> datetime:
    """An instant; one before the year 1 or after 9999, as a wrong clock may say, is the nearest there is."""
    try:
        return _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return _FIRST if microseconds < 0 else _LAST
