"""A file of the store of which only parts are read: some columns of many events cost little."""

import io
from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from annexa.activity import SegmentError


class Ranged(io.RawIOBase):
    """Bytes that are fetched as they are asked for. `fetch`: from a start, so many."""

    def __init__(self, fetch: Callable[[int, int], bytes], size: int) -> None:
        """`size`: in bytes."""
        super().__init__()
        self._fetch, self._size, self._at = fetch, size, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next reading begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Goes there."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes."""
        rest = max(0, self._size - self._at)
        length = rest if size is None or size < 0 else min(size, rest)
        data = self._fetch(self._at, length) if length else b""
        self._at += len(data)
        return data


def some_columns(fetch: Callable[[int, int], bytes], size: int, columns: Sequence[str]) -> pa.Table:
    """Some columns of a Parquet file. Raises SegmentError."""
    try:
        with pq.ParquetFile(pa.PythonFile(Ranged(fetch, size), mode="r")) as file:
            return file.read(columns=list(columns), use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SegmentError(f"The file cannot be read: {error}.") from error


def columns_in(fetch: Callable[[int, int], bytes], size: int) -> pa.Schema:
    """The columns of a Parquet file, of which only the foot is read. Raises SegmentError."""
    try:
        return pq.read_schema(pa.PythonFile(Ranged(fetch, size), mode="r"))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SegmentError(f"The file cannot be read: {error}.") from error


def holds(fetch: Callable[[int, int], bytes], size: int, column: str, values: Sequence[str | bytes]) -> bool:
    """Whether some row of a Parquet file has one of these values in a column. Raises SegmentError."""
    found = some_columns(fetch, size, [column]).column(column)
    return bool(pc.any(pc.is_in(found, value_set=pa.array(values, found.type))).as_py())
