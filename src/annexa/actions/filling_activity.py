"""Filling an empty home with the activity log: journals as they come, files of segments once rows say where.

Files wait in a folder of the store that nobody reads, each under its digest, until the rows are there.
"""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from django.conf import settings

from annexa.answers.activity_store import journal_folder, objects
from annexa.answers.backup import About
from annexa.answers.integrity import Check
from annexa.answers.segments import Located, located
from annexa.records.activity import Segment
from annexa.vault import VaultError, durable
from annexa.vault.archive import ArchiveDamagedError, Member
from annexa.vault.objects import ObjectExistsError, StoreError, require_path

FOLDER: Final = "activity"
_PART: Final = 1 << 20
_LOST: Final = (
    "Restore these files from another copy of the store, or from a version that the bucket keeps, then run annexa logs "
    "verify. If the log was in a bucket, ANNEXA_ACTIVITY_STORE_URL must name it. What expired or was erased since the "
    "backup is gone rightly: note it beside the restore."
)
_LEFT_OUT: Final = (
    "Copy the folder activity of the old store into this one, or name its bucket by ANNEXA_ACTIVITY_STORE_URL; then "
    "annexa logs verify proves every event. Until then pages show less than happened."
)
Progress = Callable[[int, int], None]


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def keep_segment(sha256: str, member: Member) -> None:
    """Keeps the file of a segment until rows say where it belongs. Raises ArchiveDamagedError."""
    if _kept(_waiting() / sha256, member) != sha256:
        raise ArchiveDamagedError(f"{member.name}: its bytes have another SHA-256 than its name")


def keep_journal(name: str, member: Member) -> None:
    """Puts a journal where the sealer finds it. Raises FileExistsError."""
    folder = journal_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with durable.new_file(folder / name) as stream:
        _copy(member, stream)


def place_segments(*, progress: Progress, elsewhere: Path | None = None) -> tuple[str, ...]:
    """Puts each file of a segment where the rows say that it belongs; what rows do not name is not kept.

    `elsewhere`: a store in which files are by their paths, and are copied from if they are what the ledger says.
    Returns where something else stands in the way, for `log_check`, which looks for all of them.
    """
    places, problems = _places(), list[str]()
    try:
        for done, place in enumerate(places, start=1):
            file = _waiting() / place.sha256
            if elsewhere is not None and not file.exists():
                _fetch(elsewhere, place, file)
            if file.exists():
                problems += _put(place, file)
            progress(done, len(places))
    finally:
        shutil.rmtree(_waiting(), ignore_errors=True)
    if places:
        os.sync()
    return tuple(problems)


def remove_log() -> None:
    """After a failure: takes away what was put into the home. What was put into a bucket stays: rows may name it."""
    shutil.rmtree(settings.STORE / FOLDER, ignore_errors=True)
    shutil.rmtree(settings.HOME / "activity", ignore_errors=True)


def log_check(about: About, problems: tuple[str, ...]) -> Check:
    """Whether the files of segments are where the rows say, with their sizes; those copied had their digests.

    `problems`: what `place_segments` said.
    """
    places = _places()
    try:
        there = {one.path: one.size for one in objects().list(f"{FOLDER}/")} if places else {}
        gone = [
            f"{one.path} is not there with its {one.size:,} bytes." for one in places if there.get(one.path) != one.size
        ]
    except VaultError as error:
        gone = [str(error)]
    what = f"The {len(places):,} files of the activity log are there"
    if about.log is None and gone:
        said = f"The activity log was left out of the backup; {len(gone):,} of its {len(places):,} files are not here."
        return Check(name="activity log", what=what, outcome="note", findings=(said,), mend=_LEFT_OUT)
    found = tuple(dict.fromkeys([*(about.log.missing if about.log else ()), *problems, *gone]))
    return Check(
        name="activity log", what=what, outcome="fails" if found else "holds", findings=found,
        mend=_LOST if found else "",
    )  # fmt: skip


def _places() -> list[Located]:
    found = {one.path: one for one in located(list(Segment.objects.defer("taken")))}
    return [found[path] for path in sorted(found)]


def _waiting() -> Path:
    store: Path = settings.STORE
    return store / FOLDER / ".restored"


def _put(place: Located, file: Path) -> list[str]:
    try:
        objects().put_file(place.path, file)
    except ObjectExistsError as error:
        return [str(error)]
    except StoreError:
        pass  # whoever may only read from the bucket may find it there; the check that follows says whether it is
    return []


def _fetch(store: Path, place: Located, file: Path) -> None:
    """Copies a file of another store, if it is what the ledger says."""
    try:
        with (store / require_path(place.path)).open("rb") as stream:
            found = _kept(file, stream)
    except FileNotFoundError:
        return
    if found != place.sha256:
        file.unlink()


def _kept(file: Path, source: _Readable) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as out:
        return _copy(source, out)


def _copy(source: _Readable, out: BinaryIO) -> str:
    digest = hashlib.sha256()
    while part := source.read(_PART):
        digest.update(part)
        out.write(part)
    return digest.hexdigest()
