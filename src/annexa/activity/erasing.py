"""What a person said, found in events and taken out of them: the leaves stay what they were, so every proof holds.

An event is of a person who is its user or on whose behalf it was. What names nobody is of everybody whose events have
the same trace or conversation: the steps of a call seldom say who asked.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from annexa.activity.columns import DIGEST, LEAF, content_digests
from annexa.pure.events import HEAD
from annexa.pure.redaction import pseudonym

COLUMNS: Final = ("user", "on_behalf_of", "trace_id", "conversation", "at", "received_at", DIGEST)
"""What finding needs of a file."""
_PEOPLE: Final = ("user", "on_behalf_of")
Mask = npt.NDArray[np.bool_]


@dataclass(slots=True, kw_only=True)
class Ties:
    """The traces and conversations in which a person has events."""

    traces: set[bytes] = field(default_factory=set)
    conversations: set[str] = field(default_factory=set)


def direct(table: pa.Table, people: Collection[str], key: bytes) -> dict[str, Mask]:
    """Of each person, by pseudonym: which rows name them, under the pseudonym or as they were sent."""
    found = {one: np.zeros(table.num_rows, bool) for one in people}
    for name in _PEOPLE:
        coded = _whole(table, name).dictionary_encode()
        codes = np.asarray(pc.fill_null(coded.indices, -1))
        for code, value in enumerate(coded.dictionary.to_pylist()):
            for one in {value, pseudonym(key, value)} & found.keys():
                found[one] |= codes == code
    return found


def nobody(table: pa.Table) -> Mask:
    """Which rows name nobody, and still have what was said."""
    missing = np.ones(table.num_rows, bool)
    for name in (*_PEOPLE, DIGEST):
        missing &= ~np.asarray(_whole(table, name).is_valid())
    return missing


def tie(ties: Ties, table: pa.Table, rows: Mask) -> None:
    """Remembers the traces and conversations of rows."""
    chosen = table.select(["trace_id", "conversation"]).filter(pa.array(rows))
    ties.traces |= set(chosen.column("trace_id").unique().drop_null().to_pylist()) - {b""}
    ties.conversations |= set(chosen.column("conversation").unique().drop_null().to_pylist()) - {""}


def tied(table: pa.Table, ties: Ties) -> Mask:
    """Which rows that name nobody have a trace or conversation of a person."""
    found = np.zeros(table.num_rows, bool)
    for name, values, kind in (
        ("trace_id", ties.traces, pa.binary()), ("conversation", ties.conversations, pa.string()),
    ):  # fmt: skip
        if values:
            found |= np.asarray(pc.is_in(_whole(table, name), value_set=pa.array(sorted(values), kind)))
    return found & nobody(table)


def within(table: pa.Table, since: int | None, until: int | None) -> Mask:
    """Which rows began within a span of time, both ends in it, in microseconds since 1970."""
    at = np.asarray(pc.fill_null(_whole(table, "at").cast(pa.int64()), 0))
    found = np.ones(table.num_rows, bool)
    if since is not None:
        found &= at >= since
    if until is not None:
        found &= at <= until
    return found


def there(table: pa.Table) -> Mask:
    """Which rows still have what was said."""
    return ~np.asarray(_whole(table, DIGEST).is_valid())


def without_content(table: pa.Table, gone: Mask) -> pa.Table:
    """The rows, some of them without salt and content; the digest that their leaf commits to stands in its place."""
    if not table.num_rows:
        return table
    batch = table.combine_chunks().to_batches()[0]
    mask = pa.array(gone)
    columns: dict[str, Any] = {name: batch.column(name) for name in batch.schema.names}
    columns[DIGEST] = pc.if_else(mask, content_digests(batch), columns[DIGEST])
    for name in columns.keys() - HEAD.keys() - {DIGEST, LEAF}:
        columns[name] = pc.if_else(mask, pa.scalar(None, columns[name].type), columns[name])
    return pa.Table.from_arrays([columns[name] for name in batch.schema.names], schema=batch.schema)


def mask_of(table: pa.Table, person: str, ties: Mapping[str, Ties], key: bytes, *, only_tied: bool = False) -> Mask:
    """Which rows are of a person. `only_tied`: of those that name nobody."""
    found = tied(table, ties[person])
    return found if only_tied else found | direct(table, (person,), key)[person]


def _whole(table: pa.Table, name: str) -> Any:
    column = table.column(name)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
