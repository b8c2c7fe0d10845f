"""Where the activity log is: the journals of what arrived, and the store of segments. Loads no Arrow."""

from functools import cache
from pathlib import Path

from django.conf import settings

from annexa.vault.objects import FolderObjects, Objects


def journal_folder() -> Path:
    """The folder of journals."""
    home: Path = settings.HOME
    return home / "activity" / "journal"


def objects() -> Objects:
    """The store of segments."""
    return _folder(settings.STORE)


@cache
def _folder(store: Path) -> FolderObjects:
    return FolderObjects(store)
