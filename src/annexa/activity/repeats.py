"""Repeats: events that came twice because the sender never heard that they had arrived the first time.

Two events have the same identity if source, trace and span are the same, or, where there is no span, source and the
source's own name of the record; an event without either is nobody's repeat. Those of the same identity are repeats if
nothing differs but when they were received: the later one is left out. Where anything differs both are kept.
"""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from annexa.activity.columns import SALT, leaves_of
from annexa.pure.events import SALT_BYTES

IDENTITY: Final = ("source", "trace_id", "span_id", "record_id")
"""The columns that identities are made of."""
_PLACE_BITS: Final = 20
_PLACES: Final = (1 << _PLACE_BITS) - 1
_FRESH: Final = 1 << 18
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
        wanted = hashes & ~np.uint64(_PLACES)
        found: dict[int, list[int]] = {}
        for known in (self._old, self._young, self._fresh):
            first = np.searchsorted(known, wanted)
            last = np.searchsorted(known, wanted | np.uint64(_PLACES), side="right")
            for row in np.flatnonzero((last > first) & (hashes != 0)).tolist():
                for key in known[first[row] : last[row]].tolist():
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
