"""Where the activity log is: the journals of what arrived, and the store of segments. Loads no Arrow.

Whoever copies the log holds a lock, so that nothing is removed from under it: a lock on journals for a moment, one on
segments until the copy is made. Whoever removes asks for the same lock, and comes again later where it is held.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings

from annexa.activity.engines import Engine
from annexa.settings import ActivityBucket
from annexa.vault.objects import FolderObjects, Objects

JOURNALS: Final = ".copied-journals"
SEGMENTS: Final = ".copied-segments"
"""The locks, as files in the folder of journals."""


def journal_folder() -> Path:
    """The folder of journals."""
    home: Path = settings.HOME
    return home / "activity" / "journal"


def objects() -> Objects:
    """The store of segments."""
    return _bucket(settings.ACTIVITY_BUCKET) if settings.ACTIVITY_BUCKET else _folder(settings.STORE)


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


@contextmanager
def removing(what: str) -> Iterator[bool]:
    """For whoever removes JOURNALS or SEGMENTS: whether they may now; if not, they are to come again later."""
    file = _opened(what)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(file)


def _opened(what: str) -> int:
    folder = journal_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return os.open(folder / what, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@cache
def _bucket(said: ActivityBucket) -> Objects:
    from annexa.vault.buckets import BucketObjects, read_bucket  # its library is only needed where there is a bucket

    return BucketObjects(read_bucket(said.url, key=said.key, secret=said.secret))


@cache
def _folder(store: Path) -> FolderObjects:
    return FolderObjects(store)
