"""The activity log within a backup: the files that segments are in at that moment, and what is not sealed by then.

    activity/journal/NAME.journal        what waits: the whole frames of each journal, from its beginning
    activity/segments/SHA256.parquet     files of segments by their digest; the rows say under which path they belong

Journals are opened in the moment of the rows, while nobody may remove one, and read as far as they reached then: what
was acknowledged is in a segment that the rows name, in a journal, or in both, and a sealer knows what it sealed by the
rows. Files of segments never change, and none is removed while they are copied.

Of a log in a bucket the backup only names the files, and takes along those that compaction may yet replace by others,
which the rows of that moment do not know.
"""

import hashlib
import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

from django.conf import settings

from annexa.activity.journal_bytes import journals, whole_until
from annexa.answers.activity_store import JOURNALS, SEGMENTS, journal_folder, nothing_removed, objects
from annexa.answers.segments import Located, located, may_be_compacted
from annexa.records.activity import SealedTo, Segment
from annexa.vault import VaultError
from annexa.vault.archive import ArchiveWriter

JOURNAL_MEMBER: Final = r"activity/journal/(?P<journal>[0-9]{20}-[0-9]+-[0-9a-f]{8}\.journal)"
SEGMENT_MEMBER: Final = r"activity/segments/(?P<segment>[0-9a-f]{64})\.parquet"
Progress = Callable[[int, int], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogAbout:
    """What a backup says of the activity log in it.

    `files`: of segments that are in it; `named`: that are not, since they are in `bucket` ("": none is). `missing`: a
    sentence for each file or journal that is not there as it was.
    """

    files: int
    named: int
    journals: int
    bucket: str
    missing: tuple[str, ...]

    @property
    def told(self) -> str:
        """In a few words."""
        named = f", {self.named:,} more in {self.bucket}" if self.named else ""
        return f"{self.files:,} files and {self.journals:,} journals of the activity log{named}"

    def written(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "files": self.files, "named": self.named, "journals": self.journals, "bucket": self.bucket,
            "missing": list(self.missing),
        }  # fmt: skip

    @classmethod
    def read(cls, said: dict[str, Any]) -> "LogAbout":
        """From JSON. Raises KeyError, TypeError, ValueError."""
        return cls(
            files=int(said["files"]), named=int(said["named"]), journals=int(said["journals"]),
            bucket=str(said["bucket"]), missing=tuple(map(str, said["missing"])),
        )  # fmt: skip


class LogCopy:
    """The activity log as it was at one moment. Ask `begun`, then `locate` within that moment, then `write`."""

    def __init__(self, stack: ExitStack) -> None:
        """`stack`: until its end nothing of the log is removed."""
        stack.enter_context(nothing_removed(SEGMENTS))
        self._stack = stack
        self._journals: list[tuple[Path, BinaryIO, int]] = []
        self._sealed: dict[str, int] = {}
        self._places: list[Located] = []

    def begun(self, first_read: Callable[[], T]) -> T:
        """Begins the moment by its first read, and opens what waits by then."""
        with nothing_removed(JOURNALS):
            found = first_read()
            for path in journals(journal_folder()):
                stream = self._stack.enter_context(path.open("rb"))
                self._journals.append((path, stream, os.fstat(stream.fileno()).st_size))
        return found

    def locate(self) -> None:
        """Learns where segments are and how far journals are sealed, as the rows of the moment say. Three queries."""
        places = located(list(Segment.objects.defer("taken")))
        self._places = sorted({one.path: one for one in places}.values(), key=lambda one: one.path)
        self._sealed = dict(SealedTo.objects.values_list("journal", "position"))

    def write(self, archive: ArchiveWriter, *, now: datetime, progress: Progress) -> LogAbout:
        """Writes it. What is missing or changed is left out and named. Raises VaultError."""
        missing: list[str] = []
        waiting = [self._add_journal(archive, *one, missing) for one in self._journals]
        bucket = objects().address("activity") if settings.ACTIVITY_BUCKET else ""
        carried = [one for one in self._places if not bucket or may_be_compacted(one, now)]
        held = 0
        for done, place in enumerate(carried, start=1):
            held += _add_file(archive, place, missing)
            progress(done, len(carried))
        named = [one for one in self._places if bucket and not may_be_compacted(one, now)]
        missing += _not_in_the_bucket(named)
        return LogAbout(files=held, named=len(named), journals=sum(waiting), bucket=bucket, missing=tuple(missing))

    def _add_journal(self, archive: ArchiveWriter, path: Path, stream: BinaryIO, size: int, missing: list[str]) -> bool:
        """The whole frames; all of it where something is damaged, which may be mended. Not what is sealed wholly."""
        end, damaged = whole_until(stream, size)
        if damaged:
            missing.append(f"The journal {path.name} is damaged at byte {end:,}; what is after it cannot be read.")
        end = size if damaged else end
        if end <= self._sealed.get(path.name, 0):
            return False
        stream.seek(0)
        archive.add_stream(f"activity/journal/{path.name}", end, stream)
        return True


def _not_in_the_bucket(named: Sequence[Located]) -> Iterator[str]:
    """A sentence for each file that is not there with its size, or one if the bucket does not answer."""
    try:
        there = {one.path: one.size for one in objects().list("activity/")} if named else {}
    except VaultError as error:
        yield f"Nobody knows whether {len(named):,} files of the activity log are there. {error}"
        return
    for one in named:
        if there.get(one.path) != one.size:
            yield f"{one.path} is not in the bucket with its {one.size:,} bytes."


def _add_file(archive: ArchiveWriter, place: Located, missing: list[str]) -> bool:
    with ExitStack() as stack:
        try:
            stream = stack.enter_context(_opened(place.path))
            found, size = _digest_of(stream)
        except (VaultError, OSError) as error:
            missing.append(f"{place.path} cannot be read: {error}")
            return False
        if found != place.sha256:
            missing.append(f"{place.path} was changed: its SHA-256 is {found}, not {place.sha256}.")
            return False
        stream.seek(0)
        if archive.add_stream(f"activity/segments/{place.sha256}.parquet", size, stream) != place.sha256:
            raise VaultError(f"{place.path} was changed while it was copied. Find out by whom, and back up again.")
    return True


def _opened(path: str) -> BinaryIO:
    """A file of the store; one from a bucket is small, and in memory. Raises VaultError, OSError."""
    if settings.ACTIVITY_BUCKET:
        return io.BytesIO(objects().get(path))
    return Path(objects().address(path)).open("rb")


def _digest_of(stream: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while part := stream.read(1 << 20):
        digest.update(part)
        size += len(part)
    return digest.hexdigest(), size
