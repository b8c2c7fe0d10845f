"""Where the activity log is: the journals of what arrived, and the store of segments. Loads no Arrow."""

from functools import cache
from pathlib import Path

from django.conf import settings

from annexa.settings import ActivityBucket
from annexa.vault.objects import FolderObjects, Objects


def journal_folder() -> Path:
    """The folder of journals."""
    home: Path = settings.HOME
    return home / "activity" / "journal"


def objects() -> Objects:
    """The store of segments."""
    return _bucket(settings.ACTIVITY_BUCKET) if settings.ACTIVITY_BUCKET else _folder(settings.STORE)


@cache
def _bucket(said: ActivityBucket) -> Objects:
    from annexa.vault.buckets import BucketObjects, read_bucket  # its library is only needed where there is a bucket

    return BucketObjects(read_bucket(said.url, key=said.key, secret=said.secret))


@cache
def _folder(store: Path) -> FolderObjects:
    return FolderObjects(store)
