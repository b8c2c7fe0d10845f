"""Repeats: events that came twice because the sender never heard that they had arrived the first time.

Two events have the same identity if source, trace and span are the same, or, where there is no span, source and the
source's own name of the record; an event without either is nobody's repeat. Those of the same identity are repeats if
nothing differs but when they were received: the later one is left out. Where anything differs both are kept.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annexa.activity.columns import LEAF, SALT, leaves_of
from annexa.pure.events import SALT_BYTES

IDENTITY: Final = ("source", "trace_id", "span_id", "record_id")
"""The columns that identities are made of."""
_PLACE_BITS: Final = 20
_PLACES: Final = (1 << _PLACE_BITS) - 1
_FRESH: Final = 1 << 18
if TYPE_CHECKING:
    import duckdb

Keys = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]
Load = Callable[[str], pa.Table | None]


class Recent:
    """Which identities were sealed lately, and in which segments: up to `most` of them, the oldest forgotten first.

    Eight bytes each: 44 bits of a hash under a secret of this process, and 20 bits that say where. A hash that two
    share costs a look at the segment, never a record: whether something is a repeat is decided by what it says.
    """

    def __init__(self, most: int = 8_000_000) -> None:
        """Knows nothing yet."""
        self._most = max(2, most // 2)
        self._old, self._young, self._fresh = (np.zeros(0, np.uint64) for _ in range(3))
        self._names: dict[int, str] = {}
        self._next, self._young_from = 0, 0

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._old) + len(self._young) + len(self._fresh)

    def add(self, hashes: Keys, place: str) -> None:
        """Remembers identities that were sealed in one segment."""
        hashes = hashes[hashes != 0]
        if not len(hashes):
            return
        here = self._next & _PLACES
        self._names[here] = place
        self._next += 1
        self._fresh = np.sort(np.concatenate([self._fresh, (hashes & ~np.uint64(_PLACES)) | np.uint64(here)]))
        if len(self._fresh) > _FRESH:
            self._young, self._fresh = np.sort(np.concatenate([self._young, self._fresh])), self._fresh[:0]
        if len(self._young) + len(self._fresh) > self._most or self._next - self._young_from > _PLACES // 2:
            self._turn()

    def places(self, hashes: Keys) -> dict[str, Rows]:
        """The segments that may hold some of these identities, each with the rows they are in here."""
        rows = np.flatnonzero(hashes)
        rows = rows[np.argsort(hashes[rows])]  # in order they are found several times as fast as not
        wanted = hashes[rows] & ~np.uint64(_PLACES)
        found: dict[int, list[int]] = {}
        for known in (self._old, self._young, self._fresh):
            if not len(known):
                continue
            first = np.searchsorted(known, wanted)
            there = np.flatnonzero(known[np.minimum(first, len(known) - 1)] & ~np.uint64(_PLACES) == wanted)
            last = np.searchsorted(known, wanted[there] | np.uint64(_PLACES), side="right")
            for row, begin, end in zip(rows[there].tolist(), first[there].tolist(), last.tolist(), strict=True):
                for key in known[begin:end].tolist():
                    found.setdefault(key & _PLACES, []).append(row)
        return {self._names[place]: np.unique(np.array(rows)) for place, rows in found.items() if place in self._names}

    def _turn(self) -> None:
        """Forgets the older half."""
        old = np.unique(self._old & np.uint64(_PLACES)).tolist()
        self._old = np.sort(np.concatenate([self._young, self._fresh]))
        self._young = self._fresh = self._old[:0]
        kept = set(np.unique(self._old & np.uint64(_PLACES)).tolist())
        for place in set(old) - kept:
            self._names.pop(place, None)
        self._young_from = self._next


def identity_hashes(table: pa.Table) -> Keys:
    """Of every row a hash of its identity, under a secret of this process; 0 where it has none."""
    columns = [table.column(name).to_pylist() for name in IDENTITY]
    found = [
        hash((source, trace, span)) if span else hash((source, record)) if record else 0
        for source, trace, span, record in zip(*columns, strict=True)
    ]
    return np.array(found, np.int64).view(np.uint64)


def repeats(table: pa.Table, hashes: Keys, recent: Recent, load: Load) -> npt.NDArray[np.bool_]:
    """Which rows say again what an earlier row here, or in a segment sealed lately, says.

    `load`: the rows of a segment; None where it cannot be had any more. Reads only segments that may hold one.
    """
    again = np.zeros(table.num_rows, np.bool_)
    _among(table, hashes, again)
    for place, rows in recent.places(hashes).items():
        rows = rows[~again[rows]]
        if not len(rows) or (earlier := load(place)) is None:
            continue
        theirs = identity_hashes(earlier)
        there = np.flatnonzero(np.isin(theirs, hashes[rows]))
        known = set(_contents(earlier, there))
        again[rows] |= np.array([one in known for one in _contents(table, rows)], np.bool_)
    return again


# What still waits ---------------------------------------------------------------------------------------------


def without_repeats(waiting: Sequence[pa.RecordBatch]) -> tuple[pa.RecordBatch, ...]:
    """What waits, without what came again while it did."""
    tables = [pa.Table.from_batches([one]) for one in waiting]
    hashes = [identity_hashes(one) for one in tables]
    known, many = np.unique(np.concatenate([np.zeros(0, np.uint64), *hashes]), return_counts=True)
    twice = known[(many > 1) & (known != 0)]
    if not len(twice):
        return tuple(waiting)
    seen: set[bytes] = set()
    found = []
    for batch, table, mine in zip(waiting, tables, hashes, strict=True):
        rows = np.flatnonzero(np.isin(mine, twice))
        kept = np.ones(batch.num_rows, np.bool_)
        for row, content in zip(rows.tolist(), _contents(table, rows), strict=True):
            kept[row] = content not in seen
            seen.add(content)
        found.append(batch if kept.all() else batch.filter(pa.array(kept)))
    return tuple(found)


def begun(waiting: Sequence[pa.RecordBatch]) -> tuple[Mapping[str, Rows], int | None]:
    """When what waits and could be a repeat began, by system, in order; and when the first of it was received.

    In microseconds since 1970; None where nothing of it could.
    """
    found: dict[str, list[Rows]] = {}
    received: list[int] = []
    for batch in waiting:
        known = pc.or_(_said(batch, "span_id"), _said(batch, "record_id"))
        some = batch.select(["system", "at", "received_at"]).filter(known)
        if not some.num_rows:
            continue
        received.append(pc.min(some.column("received_at").cast(pa.int64())).as_py())
        systems = pc.fill_null(some.column("system"), "").dictionary_encode()
        at, codes = np.asarray(some.column("at").cast(pa.int64())), np.asarray(systems.indices)
        for code, system in enumerate(systems.dictionary.to_pylist()):
            found.setdefault(system, []).append(at[codes == code])
    return {one: np.unique(np.concatenate(each)) for one, each in found.items()}, min(received, default=None)


def without_sealed(
    connection: "duckdb.DuckDBPyConnection", waiting: Sequence[pa.RecordBatch], near: Sequence[str]
) -> tuple[pa.RecordBatch, ...]:
    """What waits, without what some of these sealed files say already. Cost: reads four narrow columns of them.

    What differs in anything but when it was received stays, as when it is sealed.
    """
    if not near or not waiting:
        return tuple(waiting)
    names = [*IDENTITY, "at", LEAF]
    came = pa.concat_tables([pa.Table.from_batches([one.select(names)]) for one in waiting])
    connection.register("came", came)
    try:
        pairs = connection.execute(
            "SELECT came.leaf, sealed.filename, sealed.file_row_number "
            "FROM read_parquet(?, filename = true, file_row_number = true) AS sealed "
            'JOIN came ON sealed."at" = came."at" AND sealed.source = came.source WHERE CASE '
            "WHEN octet_length(came.span_id) > 0 "
            "THEN sealed.span_id = came.span_id AND sealed.trace_id IS NOT DISTINCT FROM came.trace_id "
            "ELSE came.record_id <> '' AND sealed.record_id = came.record_id END",
            [list(near)],
        ).fetchall()
    finally:
        connection.unregister("came")
    return _without(waiting, pairs) if pairs else tuple(waiting)


def _without(waiting: Sequence[pa.RecordBatch], pairs: Sequence[tuple[bytes, str, int]]) -> tuple[pa.RecordBatch, ...]:
    """What waits without rows that say what sealed rows say: of the same identity they are, by leaf, file and row."""
    from annexa.activity.segments import read_table

    known: dict[bytes, set[bytes]] = {}
    for file in dict.fromkeys(file for _, file, _ in pairs):
        mine = [(leaf, row) for leaf, where, row in pairs if where == file]
        with pa.memory_map(file) as stream:
            said = _contents(read_table(stream.read_buffer()), np.array([row for _, row in mine]))
            for (leaf, _), content in zip(mine, said, strict=True):
                known.setdefault(leaf, set()).add(content)
    found = []
    leaves = pa.array(list(known), pa.binary())
    for batch in waiting:
        rows = np.flatnonzero(np.asarray(pc.is_in(batch.column(LEAF), value_set=leaves)))
        kept = np.ones(batch.num_rows, np.bool_)
        contents = _contents(pa.Table.from_batches([batch]), rows)
        for row, content in zip(rows.tolist(), contents, strict=True):
            kept[row] = content not in known[batch.column(LEAF)[row].as_py()]
        found.append(batch if kept.all() else batch.filter(pa.array(kept)))
    return tuple(found)


def _said(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Which rows have something in a column."""
    return pc.fill_null(pc.greater(pc.binary_length(batch.column(name)), 0), False)


# What rows say ------------------------------------------------------------------------------------------------


def _among(table: pa.Table, hashes: Keys, again: npt.NDArray[np.bool_]) -> None:
    """Marks all but the first of the rows that say the same."""
    order = np.argsort(hashes, kind="stable")
    same = (hashes[order][1:] == hashes[order][:-1]) & (hashes[order][1:] != 0)
    rows = np.unique(np.concatenate([order[1:][same], order[:-1][same]]))
    seen: set[bytes] = set()
    for row, content in zip(rows.tolist(), _contents(table, rows), strict=True):
        again[row] = content in seen
        seen.add(content)


def _contents(table: pa.Table, rows: Rows) -> Iterator[bytes]:
    """What rows say, in 32 bytes each: the leaf each would have had with no salt and no time of receipt."""
    if not len(rows):
        return
    some = table.take(pa.array(rows)).combine_chunks().to_batches()[0]
    nothing = {"received_at": 0, SALT: bytes(SALT_BYTES)}
    for name, value in nothing.items():
        field = some.schema.field(name)
        column = pa.array([value] * len(rows), pa.int64() if name == "received_at" else field.type).cast(field.type)
        some = some.set_column(some.schema.get_field_index(name), field, column)
    yield from leaves_of(some).to_pylist()
