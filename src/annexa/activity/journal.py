"""The journal: what arrived, on the disk before anybody is told that it did; the sealer makes segments of it.

A journal is a file that one process appends to. Its format, which lasts until its records are sealed:

    frame    JOURNAL, the length of the rest as 4 bytes, its CRC-32 as 4 bytes, then the rest: one batch of events as
             an Arrow IPC stream; whole numbers least significant byte first

A frame is acknowledged only after fdatasync. A killed process leaves at most one broken frame, at the end, of which
nobody was told. While a process writes to a journal it holds a lock on it, so that others can tell one that may still
grow from one that is finished.
"""

import fcntl
import os
import secrets
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Final

import pyarrow as pa

from annexa.activity import BacklogError, JournalError
from annexa.activity.journal_bytes import HEAD, JOURNAL, SUFFIX
from annexa.activity.journal_bytes import journals as journals

FULL_BYTES: Final = 64 * 1024 * 1024
"""From here on a journal gets a successor."""
_LOOK_EVERY_SECONDS: Final = 0.25
_END_OF_STREAM: Final = b"\xff\xff\xff\xff\0\0\0\0"
"""How an Arrow IPC stream ends (Arrow columnar format, encapsulated messages)."""
_MOST_PARTS: Final = 512
"""Of one call; systems take 1,024 at least."""
Buffer = bytes | memoryview


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One batch as it stands in a journal; the next frame begins at `end` (bytes)."""

    batch: pa.RecordBatch
    start: int
    end: int


@dataclass(slots=True, kw_only=True, eq=False)
class _Open:
    """The file that is written to: how far it reaches, and how far the disk surely has it."""

    file: int
    size: int = 0
    synced: int = 0
    failed: str = ""
    syncing: threading.Lock = field(default_factory=threading.Lock)

    def write(self, parts: Sequence[Buffer]) -> int:
        """Adds frames, in parts as they lie in memory; returns where they end. Raises JournalError; then none is."""
        left = [memoryview(one) for one in parts]
        whole = sum(map(len, left))
        try:
            while left:
                written = os.writev(self.file, left[:_MOST_PARTS])
                while left and written >= len(left[0]):
                    written -= len(left.pop(0))
                left[:1] = [one[written:] for one in left[:1]]
        except OSError as error:
            self._take_back()
            raise JournalError(f"The journal cannot be written: {error.strerror}.") from error
        self.size += whole
        return self.size

    def sync(self, end: int) -> None:
        """Makes sure that the disk has it up to there. Raises JournalError.

        Once that failed nobody can know what the disk holds: every later one fails as well.
        """
        with self.syncing:
            if self.synced >= end:
                return  # another thread's sync took this along
            if not self.failed:
                size = self.size
                try:
                    os.fdatasync(self.file)
                    self.synced = size
                    return
                except OSError as error:
                    self.failed = str(error.strerror)
            raise JournalError(f"The journal cannot be brought to the disk: {self.failed}.")

    def close(self) -> None:
        """Ends it, after whoever still waits for the disk was told."""
        with suppress(JournalError):
            self.sync(self.size)
        with self.syncing:
            os.close(self.file)

    def _take_back(self) -> None:
        try:
            os.ftruncate(self.file, self.size)
            os.lseek(self.file, self.size, os.SEEK_SET)
        except OSError as error:
            self.failed = str(error.strerror)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Batches that stand in a journal, and of which the disk may not know yet."""

    opened: _Open
    end: int

    def sync(self) -> None:
        """Waits until they survive a power cut. Raises JournalError."""
        self.opened.sync(self.end)


@dataclass(kw_only=True)
class Journal:
    """What one process appends to. Threads may append at once; those that wait share a write to the disk.

    `backlog_bytes`: how much may wait in the folder to be sealed before senders are asked to come again later;
    `spare_bytes`: how much of the disk stays free.
    """

    folder: Path
    backlog_bytes: int
    spare_bytes: int
    _open: _Open | None = None
    _looked_at: float = 0.0
    _waiting: int = 0
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def append(self, *batches: pa.RecordBatch) -> None:
        """Keeps batches; on return they survive a power cut. Raises BacklogError, JournalError; then none is kept.

        After a sync that failed they may be there all the same; who sends them again is known by their ids.
        """
        self.write(*batches).sync()

    def write(self, *batches: pa.RecordBatch) -> "Written":
        """Adds batches, of which nobody may be told before they are synced. Raises BacklogError, JournalError."""
        parts = [part for batch in batches for part in _parts_of(batch)]
        with self._writing:
            self._require_room(sum(map(len, parts)))
            opened = self._current()
            return Written(opened=opened, end=opened.write(parts))

    def close(self) -> None:
        """Ends the journal that is written to; what is in it waits for the sealer."""
        with self._writing:
            if self._open is not None:
                self._open.close()
                self._open = None

    def _require_room(self, more: int) -> None:
        now = time.monotonic()
        if now - self._looked_at > _LOOK_EVERY_SECONDS:
            self._waiting, self._looked_at = waiting_bytes(self.folder), now
            free = os.statvfs(next(one for one in (self.folder, *self.folder.parents) if one.is_dir()))
            if free.f_bavail * free.f_frsize < self.spare_bytes + more:
                self._looked_at = 0.0
                raise BacklogError("The disk that keeps what arrives is nearly full.")
        if self._waiting + more > self.backlog_bytes:
            self._looked_at = 0.0
            raise BacklogError("More waits to be sealed than may wait.")
        self._waiting += more

    def _current(self) -> _Open:
        """The file to write to: a new one where there is none, or the last one is full or failed."""
        if self._open is not None and not self._open.failed and self._open.size < FULL_BYTES:
            return self._open
        before, self._open = self._open, None
        if before is not None:
            before.close()
        self._open = self._begun()
        return self._open

    def _begun(self) -> _Open:
        """A new journal, locked before it has its name: nobody takes it for a finished one meanwhile."""
        path = self.folder / f"{time.time_ns():020d}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            hidden = path.with_name(f".{path.name}")
            file = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                hidden.rename(path)
                _sync_folder(self.folder)
            except OSError:
                os.close(file)
                for one in (hidden, path):  # nothing stands in it yet
                    one.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise JournalError(f"No journal can be begun: {error.strerror}.") from error
        return _Open(file=file)


def frame_of(batch: pa.RecordBatch) -> bytes:
    """A batch as it stands in a journal."""
    return b"".join(_parts_of(batch))


def _parts_of(batch: pa.RecordBatch) -> list[Buffer]:
    """A frame in parts, so that nobody has to copy the batch once more to put them together."""
    stream: list[Buffer] = [memoryview(batch.schema.serialize()), memoryview(batch.serialize()), _END_OF_STREAM]
    crc = reduce(lambda before, part: zlib.crc32(part, before), stream, 0)
    return [HEAD.pack(JOURNAL, sum(map(len, stream)), crc), *stream]


def read_frames(path: Path, start: int = 0) -> Iterator[Frame]:
    """The whole frames of a journal from a place on, as far as they reach now. Raises JournalError.

    A broken frame at the end was never acknowledged and ends the reading; one before the end does not exist unless
    the disk changed what it was given, and is an error.
    """
    try:
        with path.open("rb") as stream:
            stream.seek(start)
            while len(head := stream.read(HEAD.size)) == HEAD.size:
                magic, length, crc = HEAD.unpack(head)
                data = stream.read(length) if magic == JOURNAL else b""
                if magic != JOURNAL or len(data) < length or zlib.crc32(data) != crc:
                    _require_end(stream.read(1), path, start)
                    return
                batch = pa.ipc.open_stream(data).read_next_batch()
                end = start + HEAD.size + length
                yield Frame(batch=batch, start=start, end=end)
                start = end
    except OSError as error:
        raise JournalError(f"The journal {path.name} cannot be read: {error.strerror}.") from error


def _require_end(more: bytes, path: Path, start: int) -> None:
    if more and is_finished(path):  # while somebody writes, the rest may have come between two looks
        raise JournalError(f"The journal {path.name} is damaged at byte {start}; restore it from a backup.")


def waiting_bytes(folder: Path) -> int:
    """How many bytes wait in a folder to be sealed."""
    total = 0
    for path in journals(folder):
        with suppress(FileNotFoundError):
            total += path.stat().st_size
    return total


def is_finished(path: Path) -> bool:
    """Whether nobody will write to this journal any more."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(file)
    return True


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
