"""Many files of one system and hour in one: whole segments one after another, each with its own rows and tree still."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from annexa.activity.columns import DIGEST, LEAF, SALT, SCHEMA
from annexa.activity.segments import GROUP_ROWS, MARK, written_how
from annexa.pure.events import CONTENT, HEAD


def joined_schema(schemas: Iterable[pa.Schema]) -> pa.Schema | None:
    """The columns of them all; None where a feature is a number in one and text in another."""
    features: dict[str, pa.Field] = {}
    for schema in schemas:
        for field in schema:
            if field.name in SCHEMA.names:
                continue
            if features.setdefault(field.name, field).type != field.type:
                return None
    names = [*HEAD, SALT, *CONTENT, *sorted(features, key=str.encode), DIGEST, LEAF]
    return pa.schema([features.get(name) or SCHEMA.field(name) for name in names])


@contextmanager
def joining(schema: pa.Schema, mark: Mapping[str, Any], rows: int) -> Iterator["Joined"]:
    """A file that whole segments are added to; `rows`: how many there will be in all."""
    marked = schema.with_metadata({MARK: json.dumps(mark, sort_keys=True).encode()})
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, marked, **written_how(schema.names, rows)) as writer:
        made = Joined(marked, writer)
        yield made
    made.data = sink.getvalue()


class Joined:
    """The file while it grows; `data` is there once it is whole."""

    def __init__(self, schema: pa.Schema, writer: Any) -> None:
        """`writer`: what writes Parquet."""
        self._schema, self._writer = schema, writer
        self.data: pa.Buffer = pa.py_buffer(b"")

    def add(self, table: pa.Table) -> None:
        """The rows of a segment, in their order. No group of rows is of two segments."""
        columns = [
            table.column(field.name) if field.name in table.column_names else pa.nulls(table.num_rows, field.type)
            for field in self._schema
        ]
        if table.num_rows:
            self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema), row_group_size=GROUP_ROWS)


def fitting(sizes: Sequence[int], most: int) -> list[list[int]]:
    """Which files go together: places in their order, in runs of two or more that are not larger than `most` bytes."""
    runs: list[list[int]] = [[]]
    size = 0
    for place, one in enumerate(sizes):
        if size + one > most:
            runs.append([])
            size = 0
        runs[-1].append(place)
        size += one
    return [run for run in runs if len(run) > 1]
