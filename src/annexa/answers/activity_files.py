"""Activity as files: CSV for spreadsheets, NDJSON for programs, Parquet for analysts, written while they are read."""

import csv
import io
import json
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from annexa.answers.activity import looking_at, meant_by, system_read
from annexa.pure.permits import Actor
from annexa.pure.tables import with_guard

if TYPE_CHECKING:
    from annexa.activity.query import Asked

FORMATS: Final[Mapping[str, str]] = {"csv": "CSV", "ndjson": "NDJSON", "parquet": "Parquet"}
TYPES: Final[Mapping[str, str]] = {
    "csv": "text/csv; charset=utf-8",
    "ndjson": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityFile:
    """A file on its way. `content`: whether it holds what people said. `parts` can be read once."""

    name: str
    content_type: str
    content: bool
    parts: Generator[bytes, None, None]


def exporting(*, actor: Actor, slug: str, asked: "Asked", chosen: str) -> ActivityFile:
    """The events of a system that were asked for, as they were received, with what was said for who may read it.

    The log stays open until the last part was read, or nobody holds the parts any more.
    Raises UnknownError, ActivityError.
    """
    meant, content = meant_by(actor, system_read(actor=actor, slug=slug), asked)
    parts = _parts(meant, chosen, content=content)
    first = next(parts, b"")  # whatever is wrong shows before anything is promised
    name = f"activity-{slug}.{chosen}"
    return ActivityFile(name=name, content_type=TYPES[chosen], content=content, parts=_from_first(first, parts))


def _parts(meant: "Asked", chosen: str, *, content: bool) -> Iterator[bytes]:
    """The parts of the file; the log is let go of at the end, or when nobody wants them any more."""
    with looking_at(meant, lasting=True) as query:
        yield from _WRITERS[chosen](query.batches(meant, content=content))


def _from_first(first: bytes, parts: Iterator[bytes]) -> Generator[bytes, None, None]:
    yield first
    yield from parts


def _csv(batches: Iterator[Any]) -> Iterator[bytes]:
    first = True
    for batch in batches:
        sheet = io.StringIO()
        writer = csv.writer(sheet, lineterminator="\r\n")
        if first:
            writer.writerow(batch.schema.names)
            first = False
        columns = [[_guarded(value) for value in batch.column(name).to_pylist()] for name in batch.schema.names]
        writer.writerows(zip(*columns, strict=True))
        yield sheet.getvalue().encode()


def _ndjson(batches: Iterator[Any]) -> Iterator[bytes]:
    for batch in batches:
        lines = []
        for row in batch.to_pylist():
            said = {name: _plain(value) for name, value in row.items() if value is not None}
            lines.append(json.dumps(said, ensure_ascii=False))
        yield ("\n".join(lines) + "\n").encode() if lines else b""


def _parquet(batches: Iterator[Any]) -> Iterator[bytes]:
    """Whole row groups one after the other, and the foot at the end; nothing waits in memory but the group in hand."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = _Growing()
    writer = None
    for batch in batches:
        writer = writer or pq.ParquetWriter(pa.PythonFile(sink, mode="w"), batch.schema, compression="zstd")
        writer.write_batch(batch)
        yield sink.taken()
    if writer is not None:
        writer.close()
    yield sink.taken()


class _Growing(io.RawIOBase):
    """What a writer writes, handed on piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._size += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._size

    def taken(self) -> bytes:
        found = b"".join(self._pieces)
        self._pieces.clear()
        return found


def _guarded(value: Any) -> str:
    said = _plain(value)
    return "" if said is None else with_guard(said) if isinstance(said, str) else str(said)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if hasattr(value, "isoformat") else value


_WRITERS: Final = {"csv": _csv, "ndjson": _ndjson, "parquet": _parquet}
