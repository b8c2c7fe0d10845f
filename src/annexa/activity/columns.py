"""Many events at once, as Arrow columns: the same bytes and leaves as `pure.events` gives for each, many times faster.

A batch holds HEAD, the salt, CONTENT, the features as `f_NAME` (number or text) in the order of their names, then
`content_digest` and `leaf`. Where content was erased, salt and content are null and `content_digest` holds what the
head commits to; elsewhere it is null, since it follows from the rest.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annexa.pure.events import CONTENT, FEATURE_PREFIX, FORMAT, HEAD, SALT_BYTES, Event, Feature, FieldType

ARROW: Final[Mapping[FieldType, pa.DataType]] = {
    "instant": pa.timestamp("us", "UTC"),
    "text": pa.string(),
    "bytes": pa.binary(),
    "whole": pa.int64(),
    "number": pa.float64(),
}
SALT, DIGEST, LEAF = "salt", "content_digest", "leaf"
_TYPES: Final = {**HEAD, **CONTENT}
Bytes = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.int64]


def schema_with(features: Mapping[str, pa.DataType]) -> pa.Schema:
    """The columns of a batch with these features, by name without prefix."""
    return pa.schema(
        [
            *((name, ARROW[kind]) for name, kind in HEAD.items()),
            (SALT, pa.binary()),
            *((name, ARROW[kind]) for name, kind in CONTENT.items()),
            *((FEATURE_PREFIX + name, features[name]) for name in sorted(features, key=str.encode)),
            (DIGEST, pa.binary()),
            (LEAF, pa.binary()),
        ]
    )


SCHEMA: Final = schema_with({})
"""The columns of a batch without features."""


def batch_of(events: Sequence[Event]) -> pa.RecordBatch:
    """The events as columns, each with a new salt and its leaf.

    Raises ValueError where a feature is a number in one event and text in another.
    """
    columns = {name: [getattr(event, name) for event in events] for name in _TYPES}
    features = {
        name: [event.features.get(name) for event in events] for name in {n for e in events for n in e.features}
    }
    return sealed(columns_of(columns, features), len(events))


def columns_of(
    columns: Mapping[str, Iterable[Any]], features: Mapping[str, Sequence[Feature | None]]
) -> dict[str, Any]:
    """Arrow arrays by name of column, from plain values."""
    found = {name: pa.array(values, ARROW[_TYPES[name]]) for name, values in columns.items()}
    for name, values in features.items():
        kinds = {isinstance(value, str) for value in values if value is not None}
        if len(kinds) > 1:
            raise ValueError(f"The feature {name!r} is a number in one event and text in another.")
        found[FEATURE_PREFIX + name] = pa.array(values, pa.string() if kinds == {True} else pa.float64())
    return found


def sealed(columns: Mapping[str, Any], rows: int) -> pa.RecordBatch:
    """The batch of these columns, those left out being null, with new salts and the leaves."""
    extra = {name.removeprefix(FEATURE_PREFIX): a.type for name, a in columns.items() if name not in _TYPES}
    schema = schema_with(extra)
    salts = _fixed(np.frombuffer(os.urandom(SALT_BYTES * rows), np.uint8), SALT_BYTES)
    arrays = [columns.get(one.name) for one in schema]
    arrays = [pa.nulls(rows, one.type) if a is None else a for one, a in zip(schema, arrays, strict=True)]
    arrays[schema.get_field_index(SALT)] = salts
    batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
    return batch.set_column(schema.get_field_index(LEAF), LEAF, leaves_of(batch))


def leaves_of(batch: pa.RecordBatch) -> pa.Array:
    """The leaf of every row, worked out anew from what it holds; erased rows by the digest that stands for them."""
    rows = batch.num_rows
    digests = _digests(batch)
    pieces = [_Pieces(_constant(FORMAT, rows), _all(len(FORMAT), rows))]
    for name, kind in HEAD.items():
        pieces += _pieces(batch.column(name), kind)
    pieces.append(_Pieces(digests, _all(32, rows)))
    heads, bounds = _joined(pieces, rows)
    view, sha256 = memoryview(heads), hashlib.sha256
    leaves = b"".join([sha256(b"\0" + view[a:b]).digest() for a, b in _spans(bounds)])
    return _fixed(np.frombuffer(leaves, np.uint8), 32)


def content_digests(batch: pa.RecordBatch) -> pa.Array:
    """What the head of every row commits to."""
    return _fixed(_digests(batch), 32)


def events_of(batch: pa.RecordBatch) -> list[Event]:
    """The rows as events, those erased without content."""
    names = [name for name in batch.schema.names if name not in {SALT, DIGEST, LEAF}]
    values = {name: _plain(batch.column(name)) for name in names}
    found = []
    for row in range(batch.num_rows):
        said = {name: values[name][row] for name in names if not name.startswith(FEATURE_PREFIX)}
        features = {
            name.removeprefix(FEATURE_PREFIX): values[name][row]
            for name in names
            if name.startswith(FEATURE_PREFIX) and values[name][row] is not None
        }
        found.append(Event(**said, features=features))
    return found


def longest_in(column: pa.Array) -> int:
    """How many bytes the longest text of a column has."""
    return int(_flat(column)[1].max(initial=0))


def taken_out(data: bytes, starts: Counts, lengths: Counts, kind: pa.DataType) -> pa.Array:
    """The values that stand in `data`, one behind the other in this order; null where the length is negative.

    Raises ValueError where text is no UTF-8.
    """
    there = lengths >= 0
    if not there.any():
        return pa.nulls(len(starts), kind)
    places = np.cumsum(there) - 1
    bounds = np.empty(2 * int(there.sum()) + 1, np.int64)
    bounds[0:-1:2] = starts[there]
    bounds[1::2] = starts[there] + lengths[there]
    bounds[-1] = bounds[-2]
    whole = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(bounds) - 1, [None, pa.py_buffer(bounds), pa.py_buffer(data)]
    )
    return whole.take(numbers(2 * places, there)).cast(kind)


def numbers(values: npt.NDArray[Any], there: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """An array of 64-bit numbers; null where there is none.

    Not through pa.array: each time it looks whether pandas is there.
    """
    kind, width = (pa.float64(), "<f8") if values.dtype.kind == "f" else (pa.int64(), "<i8")
    valid = None
    if there is not None and not there.all():
        valid = pa.py_buffer(np.packbits(there, bitorder="little"))
    data = pa.py_buffer(np.ascontiguousarray(values, width))
    return pa.Array.from_buffers(kind, len(values), [valid, data])


def _plain(column: pa.Array) -> list[Any]:
    values: list[Any] = (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column).to_pylist()
    return values


def _digests(batch: pa.RecordBatch) -> Bytes:
    """32 bytes for each row, one after another."""
    rows = batch.num_rows
    pieces = [_Pieces(*_flat(batch.column(SALT)))]
    for name, kind in CONTENT.items():
        pieces += _pieces(batch.column(name), kind)
    pieces += _features(batch)
    contents, bounds = _joined(pieces, rows)
    view, sha256 = memoryview(contents), hashlib.sha256
    found = np.frombuffer(b"".join([sha256(view[a:b]).digest() for a, b in _spans(bounds)]), np.uint8)
    kept = batch.column(DIGEST)
    if kept.null_count == rows:
        return found
    found = found.reshape(rows, 32).copy()
    gone = np.asarray(kept.is_valid())
    found[gone] = np.frombuffer(b"".join(kept.drop_null().to_pylist()), np.uint8).reshape(-1, 32)
    return found.reshape(-1)


class _Pieces:
    """What one part of every row says: the bytes of all rows one after another, and how many belong to each."""

    __slots__ = ("data", "lengths")

    def __init__(self, data: Bytes, lengths: Counts) -> None:
        self.data, self.lengths = data, lengths

    @property
    def is_even(self) -> bool:
        """Whether it is as long in every row."""
        return bool(len(self.lengths)) and bool((self.lengths == self.lengths[0]).all())


def _pieces(column: pa.Array, kind: FieldType) -> list[_Pieces]:
    """The pieces of a column, as `pure.events.piece` writes them."""
    if column.null_count == len(column):
        return [_Pieces(np.full(4 * len(column), 0xFF, np.uint8), _all(4, len(column)))]
    valid = np.asarray(column.is_valid()) if column.null_count else None
    if kind in {"text", "bytes"}:
        data, lengths = _flat(column)
        before = lengths.astype("<u4")
        if valid is not None:
            before[~valid] = 0xFFFFFFFF
        return [_Pieces(before.view(np.uint8), _all(4, len(column))), _Pieces(data, lengths)]
    return [_numbers(column, kind, valid)]


def _numbers(column: pa.Array, kind: FieldType, valid: npt.NDArray[np.bool_] | None) -> _Pieces:
    rows = len(column)
    plain = column.cast(pa.int64()) if kind == "instant" else column
    values = np.asarray(pc.fill_null(plain, 0)) if valid is not None else plain.to_numpy()
    found = np.empty((rows, 12), np.uint8)
    found[:, :4] = np.frombuffer(b"\x08\0\0\0", np.uint8)
    found[:, 4:] = np.ascontiguousarray(values, "<f8" if kind == "number" else "<i8").view(np.uint8).reshape(rows, 8)
    if valid is None:
        return _Pieces(found.reshape(-1), _all(12, rows))
    found[~valid, :4] = 0xFF
    kept = np.ones((rows, 12), bool)
    kept[~valid, 4:] = False
    return _Pieces(found[kept], np.where(valid, 12, 4).astype(np.int64))


def _features(batch: pa.RecordBatch) -> list[_Pieces]:
    """Their number, then each that has a value with its name before it."""
    rows = batch.num_rows
    names = [name for name in batch.schema.names if name.startswith(FEATURE_PREFIX)]
    names.sort(key=lambda name: name.removeprefix(FEATURE_PREFIX).encode())
    there = {name: np.asarray(batch.column(name).is_valid()) for name in names}
    number = sum((one.astype("<u4") for one in there.values()), np.zeros(rows, "<u4"))
    found = [_Pieces(number.astype("<u4").view(np.uint8), _all(4, rows))]
    for name in names:
        column, valid = batch.column(name), there[name]
        text = pa.types.is_string(column.type)
        bare = name.removeprefix(FEATURE_PREFIX).encode()
        before = len(bare).to_bytes(4, "little") + bare + (b"s" if text else b"d")
        found.append(_Pieces(_constant(before, int(valid.sum())), np.where(valid, len(before), 0).astype(np.int64)))
        values = _pieces(column.drop_null(), "text" if text else "number")
        for one in values:
            lengths = np.zeros(rows, np.int64)
            lengths[valid] = one.lengths
            found.append(_Pieces(one.data, lengths))
    return found


def _joined(pieces: Sequence[_Pieces], rows: int) -> tuple[bytes, Counts]:
    """Row after row, the pieces of each one after another; and where each row begins, with the end of the last.

    All pieces lie one behind the other in one array of bytes; Arrow takes them out again in the order of the rows.
    Of those next to each other that are as long in every row most are one piece.
    """
    pieces = _side_by_side(pieces, rows)
    bounds = np.zeros(len(pieces) * rows + 1, np.int64)
    np.cumsum(np.concatenate([one.lengths for one in pieces]), out=bounds[1:])
    data = np.concatenate([one.data for one in pieces])
    whole = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), len(bounds) - 1, [None, pa.py_buffer(bounds), pa.py_buffer(data)]
    )
    order = np.arange(len(bounds) - 1).reshape(len(pieces), rows).T.ravel()
    taken = whole.take(numbers(order))
    _, offsets, found = taken.buffers()
    starts = np.frombuffer(offsets, np.int64)[: len(bounds) : len(pieces)]
    return found or b"", starts


def _side_by_side(pieces: Sequence[_Pieces], rows: int) -> list[_Pieces]:
    """The pieces, those next to each other that are even and of whole fours as one."""
    found: list[_Pieces] = []
    for fours, some in groupby(pieces, lambda one: one.is_even and len(one.data) % (4 * rows) == 0):
        same = list(some)
        if fours and len(same) > 1:
            whole = np.concatenate([one.data.view(np.uint32).reshape(rows, -1) for one in same], axis=1)
            found.append(_Pieces(whole.view(np.uint8).reshape(-1), _all(4 * whole.shape[1], rows)))
        else:
            found += same
    return found


def _flat(column: pa.Array) -> tuple[Bytes, Counts]:
    """The bytes of a column of text or bytes, and the length of each value; those that are null have none."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    _, offsets, data = column.buffers()
    if offsets is None or data is None:
        return np.zeros(0, np.uint8), np.zeros(len(column), np.int64)
    bounds = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1]
    lengths = np.diff(bounds).astype(np.int64)
    if column.null_count and lengths[~np.asarray(column.is_valid())].any():
        return _flat(pc.fill_null(column, b"" if pa.types.is_binary(column.type) else ""))
    return np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]], lengths


def _fixed(data: Bytes, width: int) -> pa.Array:
    """An array of bytes, each value of the same width."""
    rows = len(data) // width
    offsets = np.arange(rows + 1, dtype=np.int32) * width
    return pa.BinaryArray.from_buffers(
        pa.binary(), rows, [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data))]
    )


def _constant(data: bytes, rows: int) -> Bytes:
    return np.tile(np.frombuffer(data, np.uint8), rows)


def _all(length: int, rows: int) -> Counts:
    return np.full(rows, length, np.int64)


def _spans(bounds: Counts) -> Iterable[tuple[int, int]]:
    ends = bounds.tolist()
    return pairwise(ends)
