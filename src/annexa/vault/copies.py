"""Copies on this machine of objects in a bucket, for who reads them as files.

    files/NAME          a copy: whole, of the digest it is to have; its time of change says when it was last read.
                        NAME is the path of the object with ~ for each stroke
    readers/ID/NAME     the same file under a second name, for one reader, as long as it reads
    readers/ID.lock     held by that reader; where nobody holds it, the reader was killed, and its files are removed
    .room               held by who makes room

Any number of processes on this machine may use them at once. What was not read for longest goes first, and what
somebody reads stays under its second name. Nothing here needs to be backed up: all of it can be fetched again.
"""

import fcntl
import hashlib
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from annexa.vault import durable
from annexa.vault.objects import ObjectMissingError, Objects, StoreError, require_path

AT_ONCE: Final = 8
"""So many objects are fetched at once in a process."""
_FOR_LONG: Final = 3600.0
"""What is half written for so many seconds was left by a process that was killed."""
_STROKE: Final = "~"
"""In the name of a copy, for a stroke in the path; no path has one."""
Progress = Callable[[int, int], None]


class CopiesError(StoreError):
    """Objects cannot be had as files: they are too large together, the disk is full, or one was changed."""


class ComingError(StoreError):
    """Objects are on their way, and not all there yet; try again in a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An object that is to be read as a file: its path, its SHA-256 and its size in bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many bytes copies may take, and how many of the disk have to stay free."""

    most: int
    spare: int


class Copies:
    """The copies below one folder of the objects of one store."""

    def __init__(self, folder: Path, store: Objects, room: Room) -> None:
        """Nothing is made or fetched before something is read."""
        self._folder, self._store, self._room = folder, store, room
        self._files, self._readers = folder / "files", folder / "readers"
        self._turn = threading.Lock()
        self._coming: dict[str, Future[None]] = {}
        self._pool: ThreadPoolExecutor | None = None

    @contextmanager
    def reading(
        self, wanted: Sequence[Wanted], *, patience: float | None = None, told: Progress = lambda *_: None
    ) -> Iterator[Mapping[str, Path]]:
        """A file for each of these objects, by its path, for as long as they are read. No path twice.

        `patience`: for so many seconds what is missing is waited for; None: until all is there. `told`: how many
        of the bytes that have to be fetched are there.
        Raises ComingError after that time, while fetching goes on; CopiesError, ObjectMissingError, StoreError.
        """
        size = sum(one.size for one in wanted)
        if size > self._room.most:
            raise CopiesError(
                f"This needs {_said(size)} of files from the bucket; copies on this machine may take "
                f"{_said(self._room.most)}. Ask for less time, or raise ANNEXA_ACTIVITY_COPIES_MB."
            )
        with ExitStack() as stack:
            try:
                folder = stack.enter_context(self._reader())
                missing = [one for one in wanted if not self._take(folder, one)]
                if missing:
                    self._fetch_all(folder, missing, {_name(one.path) for one in wanted}, patience, told)
            except OSError as error:
                raise CopiesError(
                    f"Files from the bucket cannot be kept in {self._folder}: {error.strerror or error}."
                ) from error
            yield {one.path: folder / _name(one.path) for one in wanted}

    @property
    def most(self) -> int:
        """How many bytes of objects can be read at once."""
        return self._room.most

    def forget(self, paths: Iterable[str]) -> None:
        """Removes the copies of objects, also those that somebody reads just now."""
        for name in map(_name, paths):
            for folder in (self._files, *self._readers.glob("*/")):
                (folder / name).unlink(missing_ok=True)
        self._sweep()

    def paths(self) -> list[str]:
        """Of which objects there are copies."""
        return sorted(one.name.replace(_STROKE, "/") for one in self._files.glob("*"))

    # Readers

    @contextmanager
    def _reader(self) -> Iterator[Path]:
        self._sweep()
        self._readers.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = secrets.token_hex(8)
        lock, folder = self._readers / f"{name}.lock", self._readers / name
        made = self._readers / f".{name}"
        file = os.open(made, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            made.rename(lock)  # from now on others see it, and it is held
            folder.mkdir(mode=0o700)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.unlink(missing_ok=True)
            os.close(file)

    def _sweep(self) -> None:
        """Removes what readers left that were killed."""
        _remove_old(self._readers.glob(".*"))
        for lock in self._readers.glob("*.lock"):
            with suppress(FileNotFoundError, BlockingIOError):
                file = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
                    lock.unlink(missing_ok=True)
                finally:
                    os.close(file)

    def _take(self, folder: Path, one: Wanted) -> bool:
        """Gives a reader a copy that is there; False where there is none, or one that was cut off."""
        copy, mine = self._files / _name(one.path), folder / _name(one.path)
        try:
            if copy.stat().st_size != one.size:
                return False
            try:
                mine.hardlink_to(copy)
            except FileExistsError:
                return True
            except FileNotFoundError:
                return False
            except OSError:  # some disks know no hard links
                shutil.copyfile(copy, mine)
            os.utime(copy)
        except FileNotFoundError:  # removed just now
            return mine.exists()
        return True

    # Fetching

    def _fetch_all(
        self, folder: Path, missing: Sequence[Wanted], wanted: set[str], patience: float | None, told: Progress
    ) -> None:
        until = None if patience is None else time.monotonic() + patience
        total, here = sum(one.size for one in missing), 0
        self._make_room(total, wanted)
        waiting = {self._begun(one): one for one in missing}
        try:
            while waiting:
                left = None if until is None else max(0.0, until - time.monotonic())
                done, _ = wait(waiting, timeout=left, return_when=FIRST_COMPLETED)
                if not done:
                    raise ComingError(
                        f"{_said(total)} of files have to come from the bucket for this; {_said(here)} are here by "
                        "now, and the others are on their way. Ask again in a moment, or for less time."
                    )
                for future in done:
                    one = waiting.pop(future)
                    if _came(future) and self._take(folder, one):
                        here += one.size
                        told(here, total)
                    else:  # somebody else gave up on it, or it was removed at once
                        waiting[self._begun(one)] = one
        except (StoreError, ObjectMissingError, OSError) as error:
            if not isinstance(error, ComingError):
                for future in waiting:
                    future.cancel()
            raise

    def _begun(self, one: Wanted) -> Future[None]:
        """The fetching of an object, begun now unless somebody in this process did."""
        with self._turn:
            there = self._coming.get(one.path)
            if there is not None and not there.cancelled():
                return there
            self._pool = self._pool or ThreadPoolExecutor(AT_ONCE, thread_name_prefix="annexa-copies")
            made = self._coming[one.path] = self._pool.submit(self._fetch, one)
        made.add_done_callback(lambda future: self._ended(one.path, future))
        return made

    def _ended(self, path: str, future: Future[None]) -> None:
        with self._turn:
            if self._coming.get(path) is future:
                del self._coming[path]

    def _fetch(self, one: Wanted) -> None:
        target = self._files / _name(one.path)
        if target.exists() and target.stat().st_size == one.size:
            return  # another process was first
        digest, size = hashlib.sha256(), 0
        with durable.arriving(self._folder, mode=0o600) as (temporary, stream):
            for part in self._store.parts(one.path):
                digest.update(part)
                size += len(part)
                if size > one.size:
                    break
                stream.write(part)
            if size != one.size or digest.hexdigest() != one.sha256:
                raise CopiesError(
                    f"{one.path} in the bucket is not what was sealed; annexa logs verify says more. Nobody reads it."
                )
            durable.settle(self._folder, temporary, stream, target)
        try:
            self._store.size(one.path)
        except ObjectMissingError:  # removed while it came: nothing that is to be gone stays here
            self.forget([one.path])
            raise

    def _make_room(self, needed: int, wanted: set[str]) -> None:
        """Removes what was not read for longest, until so many bytes fit. Raises CopiesError."""
        self._files.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(self._folder / ".room", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            _remove_old((self._folder / durable.INCOMING).glob("*"))
            found = sorted(_used(self._files))
            size = sum(one[1] for one in found)
            for _, mine, path in found:
                if size + needed <= self._room.most and self._fits(needed):
                    return
                if path.name not in wanted:
                    path.unlink(missing_ok=True)
                    size -= mine
            if not self._fits(needed):
                raise CopiesError(
                    f"{_said(needed)} of files have to come from the bucket for this, and the disk with "
                    f"{self._folder} has no room for them beside the {_said(self._room.spare)} that stay free "
                    "(ANNEXA_ACTIVITY_SPARE_MB). Ask for less time, or make room."
                )
        finally:
            os.close(file)

    def _fits(self, needed: int) -> bool:
        return shutil.disk_usage(self._folder).free >= needed + self._room.spare


class CopiedObjects:
    """A store whose objects are also read as files: what is removed there has no copy here any more."""

    def __init__(self, store: Objects, copies: Copies) -> None:
        """`copies`: of the objects of this store."""
        self._store, self.copies = store, copies
        self.put, self.put_file, self.get, self.get_range = store.put, store.put_file, store.get, store.get_range
        self.parts, self.size, self.list = store.parts, store.size, store.list
        self.address, self.options = store.address, store.options

    def delete(self, path: str) -> None:
        """Removes an object and its copies here, also where the store keeps it. Raises ObjectKeptError, StoreError."""
        try:
            self._store.delete(path)
        finally:
            self.copies.forget([path])


def _came(future: Future[None]) -> bool:
    """Whether a file came; False if somebody gave up on it. Raises what went wrong."""
    try:
        future.result()
    except CancelledError:
        return False
    return True


def _used(folder: Path) -> Iterator[tuple[float, int, Path]]:
    """When each copy was last read, and its size."""
    for path in folder.glob("*"):
        with suppress(FileNotFoundError):  # removed just now
            found = path.stat()
            yield found.st_mtime, found.st_size, path


def _remove_old(paths: Iterable[Path]) -> None:
    """Removes what a process left half made that was killed."""
    for path in paths:
        with suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > _FOR_LONG:
                path.unlink()


def _name(path: str) -> str:
    """Under which name an object has its copy: all in one folder, so that no empty ones stay behind."""
    return require_path(path).replace("/", _STROKE)


def _said(size: int) -> str:
    return f"{size / (1 << 30):,.1f} GiB" if size >= 1 << 30 else f"{size / (1 << 20):,.1f} MiB"
