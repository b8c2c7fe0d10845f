"""Objects: bytes under a path that are put once and never changed, in a local folder or in a bucket (buckets.py).

object paths    words of letters, digits and ._=- with strokes between them; none begins with a dot
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from annexa.vault import VaultError, durable

_PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._=-]*(?:/[A-Za-z0-9_][A-Za-z0-9._=-]*)*")


class ObjectMissingError(VaultError):
    """No object is stored under this path."""


class ObjectExistsError(VaultError):
    """Another object is stored under this path; objects are never replaced."""


class ObjectKeptError(VaultError):
    """The store keeps an object until a day, and refuses to remove it before."""


class StoreError(VaultError):
    """The store of objects cannot be reached, or refuses what is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An object that is there: its path, its size in bytes and when it was put, as the store says."""

    path: str
    size: int
    put_at: datetime


class Objects(Protocol):
    """A store of objects."""

    def put(self, path: str, data: bytes | memoryview) -> None:
        """Keeps bytes under a path; on return they survive a power cut. The same bytes again change nothing.

        Raises ObjectExistsError where others are there.
        """

    def put_file(self, path: str, file: Path) -> None:
        """The same with the bytes of a local file, which may be moved for it. Others that are there are not replaced.

        Raises ObjectExistsError.
        """

    def get(self, path: str) -> bytes:
        """The bytes. Raises ObjectMissingError."""

    def parts(self, path: str) -> Iterator[bytes]:
        """The same, some of them at once. Raises ObjectMissingError."""

    def get_range(self, path: str, start: int, length: int) -> bytes:
        """A part of them, shorter where they end before. Raises ObjectMissingError."""

    def size(self, path: str) -> int:
        """How many bytes there are. Raises ObjectMissingError."""

    def list(self, prefix: str) -> Iterator[Listed]:
        """What is stored below a folder (its path with a stroke at the end; "" for everything), in order of paths."""

    def delete(self, path: str) -> None:
        """Removes an object; nothing happens where there is none. Raises ObjectKeptError."""

    def address(self, path: str) -> str:
        """Where readers of other programs find it: a path of the file system or a URL."""

    def options(self) -> dict[str, str]:
        """What readers of other programs need besides to reach it."""


class FolderObjects:
    """Objects as files below a local folder. Any number of processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        """`folder`: below which the paths begin; made when something is put."""
        self._root = folder

    def put(self, path: str, data: bytes | memoryview) -> None:
        """Keeps bytes under a path, as the protocol says."""
        target = self._file(path)
        with durable.arriving(self._root) as (temporary, stream):
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                target.hardlink_to(temporary)  # unlike a rename, this never replaces what came to be meanwhile
            except FileExistsError:
                self._require_same(target, data)
            except OSError:  # some disks know no hard links
                if target.exists():
                    self._require_same(target, data)
                else:
                    temporary.rename(target)
            durable.sync_folders(self._root, target.parent)

    def put_file(self, path: str, file: Path) -> None:
        """Moves a file to a path, as the protocol says; it has to be on the same disk."""
        target = self._file(path)
        if target.exists():
            raise ObjectExistsError(f"{target.name} exists already.")
        target.parent.mkdir(parents=True, exist_ok=True)
        file.chmod(0o444)
        file.rename(target)
        durable.sync_folders(self._root, target.parent)

    def get(self, path: str) -> bytes:
        """The bytes. Raises ObjectMissingError."""
        try:
            return self._file(path).read_bytes()
        except FileNotFoundError:
            raise _missing(path) from None

    def parts(self, path: str) -> Iterator[bytes]:
        """The bytes, a MiB at once. Raises ObjectMissingError."""
        try:
            with self._file(path).open("rb") as stream:
                while part := stream.read(1 << 20):
                    yield part
        except FileNotFoundError:
            raise _missing(path) from None

    def get_range(self, path: str, start: int, length: int) -> bytes:
        """A part of the bytes. Raises ObjectMissingError."""
        try:
            with self._file(path).open("rb") as stream:
                stream.seek(start)
                return stream.read(length)
        except FileNotFoundError:
            raise _missing(path) from None

    def size(self, path: str) -> int:
        """How many bytes there are. Raises ObjectMissingError."""
        try:
            return self._file(path).stat().st_size
        except FileNotFoundError:
            raise _missing(path) from None

    def list(self, prefix: str) -> Iterator[Listed]:
        """What is stored below a folder, in order of paths."""
        folder = self._root / prefix
        for here, folders, names in os.walk(folder):
            folders.sort()
            folders[:] = [one for one in folders if not one.startswith(".")]
            for name in sorted(one for one in names if not one.startswith(".")):
                with suppress(FileNotFoundError):  # removed meanwhile
                    found = Path(here, name).stat()
                    put_at = datetime.fromtimestamp(found.st_mtime, UTC)
                    path = Path(here, name).relative_to(self._root).as_posix()
                    yield Listed(path=path, size=found.st_size, put_at=put_at)

    def delete(self, path: str) -> None:
        """Removes a file; nothing happens where there is none."""
        target = self._file(path)
        with suppress(FileNotFoundError):
            target.unlink()
            durable.sync_folder(target.parent)

    def address(self, path: str) -> str:
        """The path of the file."""
        return str(self._file(path))

    def options(self) -> dict[str, str]:
        """Nothing."""
        return {}

    def _file(self, path: str) -> Path:
        return self._root / require_path(path)

    @staticmethod
    def _require_same(target: Path, data: bytes | memoryview) -> None:
        if target.read_bytes() != bytes(data):
            raise ObjectExistsError(f"{target.name} exists already, with other bytes.")


def require_path(path: str) -> str:
    """The path, if it is one. Raises StoreError: what looks like one may not leave the store."""
    if not _PATH.fullmatch(path):
        raise StoreError(f"{path[:200]!r} is no path of an object.")
    return path


def _missing(path: str) -> ObjectMissingError:
    return ObjectMissingError(f"{path} is not there.")
