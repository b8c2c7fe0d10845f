"""Where the activity log is: the journals of what arrived, and the store of segments. Loads no Arrow.

Whoever copies the log holds a lock, so that nothing is removed from under it: a lock on journals for a moment, one on
segments until the copy is made. Whoever removes asks for the same lock, and comes again later where it is held.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.conf import settings

from annexa.activity.engines import Engine
from annexa.settings import ActivityBucket
from annexa.vault.copies import CopiedObjects, Copies, Progress, Room, Wanted
from annexa.vault.locks import held
from annexa.vault.objects import FolderObjects, ObjectMissingError, Objects

if TYPE_CHECKING:
    from annexa.vault.buckets import Bucket

JOURNALS: Final = ".copied-journals"
SEGMENTS: Final = ".copied-segments"
"""The locks, as files in the folder of journals."""
PAGE_SECONDS: Final = 12.0
"""For so long a page waits for files from the bucket; then it says how far they are."""
_FETCH_PATIENCE: Final = timedelta(seconds=8)
"""With a bucket that does not answer who reads: less than a page waits, so that it can say so."""
_waits: ContextVar[tuple[float | None, Progress]] = ContextVar(
    "annexa_waits_for_files", default=(PAGE_SECONDS, lambda *_: None)
)


def journal_folder() -> Path:
    """The folder of journals."""
    home: Path = settings.HOME
    return home / "activity" / "journal"


def objects() -> Objects:
    """The store of segments."""
    return _of_bucket() or _folder(settings.STORE)


def place() -> "Path | Bucket":
    """Where it is, in a word that a process of its own understands."""
    if settings.ACTIVITY_BUCKET is None:
        store: Path = settings.STORE
        return store
    return _read(settings.ACTIVITY_BUCKET)


def copies() -> Copies | None:
    """The copies on this machine of what is in the bucket; None where there is no bucket."""
    found = _of_bucket()
    return found.copies if found else None


def copies_folder() -> Path:
    """Where they are."""
    home: Path = settings.HOME
    return home / "activity" / "copies"


@contextmanager
def files_of(wanted: Sequence[Wanted]) -> Iterator[Mapping[str, str]]:
    """Where these objects are files on this machine, by their paths, for as long as they are read. No path twice.

    Those in a bucket are fetched unless there are copies, and a page waits only so long; `patiently` waits for all.
    Raises ObjectMissingError; ComingError while they are on their way; CopiesError, StoreError.
    """
    there = copies()
    if there is None:
        store = _folder(settings.STORE)
        found = {one.path: store.address(one.path) for one in wanted}
        if missing := next((path for path, file in found.items() if not Path(file).exists()), ""):
            raise ObjectMissingError(f"{missing} is not there.")
        yield found
        return
    patience, told = _waits.get()
    with there.reading(wanted, patience=patience, told=told) as files:
        yield {path: str(file) for path, file in files.items()}


@contextmanager
def patiently(told: Progress = lambda *_: None) -> Iterator[None]:
    """While it lasts, files that have to come from the bucket are waited for, however long that takes.

    `told`: how many bytes of how many came.
    """
    token = _waits.set((None, told))
    try:
        yield
    finally:
        _waits.reset(token)


def engine_store(engine: Engine) -> str:
    """Where an engine finds the store: as was set, or at its own address, that of a bucket as Hadoop writes it."""
    if engine.store:
        return engine.store
    own = objects().address("activity").removesuffix("/activity")
    return own.replace("s3://", "s3a://", 1) if own.startswith("s3://") else f"file://{own}"


@contextmanager
def nothing_removed(what: str) -> Iterator[None]:
    """While it lasts, no JOURNALS or SEGMENTS are removed by processes with this home. Any number may hold it."""
    file = _opened(what)
    try:
        fcntl.flock(file, fcntl.LOCK_SH)  # whoever removes is done in a moment
        yield
    finally:
        os.close(file)


def removing(what: str) -> AbstractContextManager[bool]:
    """For whoever removes JOURNALS or SEGMENTS: whether they may now; if not, they are to come again later."""
    return held(journal_folder() / what)


def _opened(what: str) -> int:
    folder = journal_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return os.open(folder / what, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _of_bucket() -> CopiedObjects | None:
    if settings.ACTIVITY_BUCKET is None:
        return None
    room = Room(most=settings.ACTIVITY_COPIES_BYTES, spare=settings.ACTIVITY_SPARE_BYTES)
    return _bucket(settings.ACTIVITY_BUCKET, copies_folder(), room)


@cache
def _bucket(said: ActivityBucket, folder: Path, room: Room) -> CopiedObjects:
    from annexa.vault.buckets import BucketObjects  # its library is only needed where there is a bucket

    where = _read(said)
    return CopiedObjects(BucketObjects(where), Copies(folder, BucketObjects(where, patience=_FETCH_PATIENCE), room))


def _read(said: ActivityBucket) -> "Bucket":
    from annexa.vault.buckets import read_bucket

    return read_bucket(said.url, key=said.key, secret=said.secret)


@cache
def _folder(store: Path) -> FolderObjects:
    return FolderObjects(store)
