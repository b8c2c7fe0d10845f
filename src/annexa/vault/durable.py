"""Bytes are either wholly on the disk under their name, or not there at all, whatever is killed or unplugged."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

INCOMING = ".incoming"
"""The folder, beside the finished files, in which files are written before they get their name."""

_at_once: ContextVar[bool] = ContextVar("annexa_synced_at_once", default=False)


@contextmanager
def at_once() -> Iterator[None]:
    """Files that are settled while it lasts survive a power cut only from its end on, where all are synced at once.

    For very many files that nothing relies on before then: leave it before the transaction that names them commits.
    """
    token = _at_once.set(True)
    try:
        yield
    finally:
        _at_once.reset(token)
    os.sync()


def write_file(root: Path, target: Path, data: bytes, *, mode: int = 0o444) -> None:
    """Put bytes under a name below `root`, replacing in one step whatever was there."""
    with arriving(root, mode=mode) as (temporary, stream):
        stream.write(data)
        settle(root, temporary, stream, target)


@contextmanager
def arriving(root: Path, *, mode: int = 0o444) -> Iterator[tuple[Path, BinaryIO]]:
    """A new file to write to, gone again on leaving unless it was settled under a name."""
    (root / INCOMING).mkdir(parents=True, exist_ok=True)
    temporary = root / INCOMING / secrets.token_hex(16)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield temporary, stream
    finally:
        temporary.unlink(missing_ok=True)


def settle(root: Path, temporary: Path, stream: BinaryIO, target: Path, *, synced: bool = True) -> None:
    """Give an arriving file its name below `root`; on return it survives a power cut, if it is to be `synced`."""
    synced = synced and not _at_once.get()
    stream.flush()
    if synced:
        os.fsync(stream.fileno())
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary.replace(target)
    if synced:
        sync_folders(root, target.parent)


@contextmanager
def new_file(target: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name whole, on the disk and readable by its owner only, or not at all.

    It replaces nothing: raises FileExistsError where there is one by then.
    """
    if target.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        _name(temporary, target)
        sync_folder(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _name(temporary: Path, target: Path) -> None:
    try:
        target.hardlink_to(temporary)  # unlike a rename, this never replaces what came to be meanwhile
    except FileExistsError:
        raise
    except OSError:  # disks for backups often know no hard links
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        temporary.rename(target)


def sync_folders(root: Path, folder: Path) -> None:
    """Make sure that a folder below `root`, and what is in it, is on the disk under its name."""
    # All of them each time: another process may have made one a moment ago and not have noted it on the disk yet.
    for above in (folder, *folder.parents):
        sync_folder(above)
        if above == root.parent:
            break


def sync_folder(folder: Path) -> None:
    """Make sure that the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(root: Path, *, older_than: datetime) -> int:
    """Remove what killed processes left unfinished before this instant (aware); returns how many files."""
    removed = 0
    for leftover in sorted((root / INCOMING).glob("*")):
        try:
            if leftover.stat().st_mtime < older_than.timestamp():
                leftover.unlink()
                removed += 1
        except FileNotFoundError:
            continue  # its own process finished, or another sweep took it
    return removed
