"""Sealing: what waits in journals becomes segments, each event exactly once, whatever is killed in between.

The order, of which every step may be the last one of a process:

    1  frames are read from journals, from where the last sealing ended
    2  the files are written and durable; without a row nobody reads them, and the next sealing removes them
    3  one transaction: the rows of the segments, their entries, and how far the journals are sealed
    4  journals that nobody writes to and that are wholly sealed are removed, then how far they were

One process seals at a time: it holds a lock in the folder of journals.
"""

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from django.db import Error, close_old_connections

from annexa.actions.compacting import compact_next
from annexa.actions.door import door, side_door
from annexa.actions.errors import ConflictError
from annexa.actions.sealer_process import LOCK
from annexa.activity import ActivityError, JournalError
from annexa.activity.journal import is_finished, journals, read_frames
from annexa.activity.repeats import IDENTITY, Recent, identity_hashes, repeats
from annexa.activity.segments import FORMAT as SEGMENT_FORMAT
from annexa.activity.segments import Part, SegmentFile, hour_folder, parts_of, read_table, segment_file
from annexa.answers.activity_store import JOURNALS, journal_folder, objects, removing
from annexa.answers.segments import located
from annexa.pure.permits import ANNEXA
from annexa.records.activity import SealedTo, Segment
from annexa.records.activity import SegmentFile as FileRow
from annexa.vault import VaultError
from annexa.vault.locks import held
from annexa.vault.objects import ObjectMissingError, Objects

SEAL_BYTES: Final = 16 * 1024 * 1024
"""When so much waits it is sealed, and not much more at once: memory stays bounded."""
SEAL_SECONDS: Final = 20.0
"""For how long anything waits to be sealed, at most. It can be found before."""
PUBLISH_SECONDS: Final = 60.0
"""How far the Delta tables may lag behind."""
PUBLISHED_SURELY: Final = timedelta(days=1)
"""A sealer that starts looks so far back for what the last one did not publish any more."""
LOOK_SECONDS: Final = 0.25
TIDY_SECONDS: Final = 5.0
IDLE_SECONDS: Final = 300.0
"""After so long without anything to seal the process ends; the next event brings it back."""
REMEMBERED: Final = timedelta(hours=6)
"""How far back a sealer that starts looks for what may come again."""
REMEMBERED_RECORDS: Final = 2_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCKS_DIFFER: Final = timedelta(hours=1)
log = logging.getLogger("annexa.sealing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What one round of sealing did."""

    segments: int = 0
    records: int = 0
    repeats: int = 0


@dataclass(kw_only=True)
class Sealer:
    """What the process that seals remembers from round to round."""

    folder: Path
    store: Objects
    recent: Recent = field(default_factory=Recent)
    positions: dict[str, int] = field(default_factory=dict)
    damaged: dict[str, str] = field(default_factory=dict)
    swept: set[str] = field(default_factory=set)
    fresh: dict[str, str] = field(default_factory=dict)
    compacted: set[tuple[str, datetime]] = field(default_factory=set)
    changed: dict[str, datetime] = field(default_factory=dict)
    published: float = 0.0

    def waiting(self) -> int:
        """How many bytes wait to be sealed; those after damage do not."""
        total = 0
        for path in journals(self.folder):
            with suppress(FileNotFoundError):
                rest = path.stat().st_size - self.positions.get(path.name, 0)
                total += 0 if path.name in self.damaged else rest
        return total

    def note(self, system: str, hour: datetime) -> None:
        """Files of this system and hour changed: the table that others read is to follow."""
        self.changed[system] = min(hour, self.changed.get(system, hour))


@dataclass(slots=True, kw_only=True)
class _Taken:
    """What was read of a journal. `over`: nobody writes to it any more, and nothing is left in it."""

    path: Path
    start: int
    end: int
    over: bool


def begin_sealing(*, now: datetime) -> Sealer:
    """A sealer that goes on where the last one stopped, and knows again what was sealed lately. Ledger: nothing."""
    sealer = Sealer(folder=journal_folder(), store=objects())
    there = {path.name for path in journals(sealer.folder)}
    sealer.positions = dict(SealedTo.objects.values_list("journal", "position"))
    gone = set(sealer.positions) - there
    if gone:
        _forget(sealer, sorted(gone), now=now)
    _recall(sealer, there - set(sealer.positions), now)
    _remember(sealer, now)
    lately = Segment.objects.filter(recorded_at__gte=now - PUBLISHED_SURELY)
    for system in lately.order_by("system").values_list("system", flat=True).distinct():
        sealer.note(system, now - PUBLISHED_SURELY)
    return sealer


def seal(*, sealer: Sealer, now: datetime, most_bytes: int = SEAL_BYTES) -> Sealed:
    """Seals what waits, up to some bytes and then the frame it is in, and removes journals that are done with.

    Ledger: activity_segment. Raises ConflictError if another process seals as well.
    """
    taken, batches = _take(sealer, most_bytes)
    done = Sealed()
    if batches:
        try:
            done = _seal(sealer, taken, batches, now)
        except BaseException:
            sealer.swept.clear()  # what was written has no row; the next round removes it
            sealer.fresh.clear()
            raise
    _remove(sealer, [one.path for one in taken if one.over], now=now)
    return done


def _remove(sealer: Sealer, over: list[Path], *, now: datetime) -> None:
    """Removes journals that are done with; while a backup begins they stay until the next round."""
    if not over:
        return
    with removing(JOURNALS) as allowed:
        if not allowed:
            return
        for path in over:
            path.unlink(missing_ok=True)
        _sync(sealer.folder)
    _forget(sealer, [path.name for path in over], now=now)


def _take(sealer: Sealer, most_bytes: int) -> tuple[list[_Taken], list[pa.RecordBatch]]:
    """The next frames of all journals, the oldest first."""
    taken: list[_Taken] = []
    batches: list[pa.RecordBatch] = []
    room = most_bytes
    for path in journals(sealer.folder):
        if room <= 0:
            break
        start = end = sealer.positions.get(path.name, 0)
        finished = is_finished(path)
        whole = True
        try:
            for frame in read_frames(path, start):
                batches.append(frame.batch)
                room -= frame.end - frame.start
                end = frame.end
                if room <= 0:
                    whole = False
                    break
        except (JournalError, pa.ArrowException) as error:
            whole = False
            if finished and path.name not in sealer.damaged:  # while it grows, a frame may be seen half written
                sealer.damaged[path.name] = str(error)
                log.error("%s: %s What is before is sealed.", path.name, error)
        taken.append(_Taken(path=path, start=start, end=end, over=finished and whole))
    return taken, batches


def _seal(sealer: Sealer, taken: list[_Taken], batches: list[pa.RecordBatch], now: datetime) -> Sealed:
    ends = {one.path.name: one.end for one in taken}
    ranges: list[list[Any]] = [[one.path.name, one.start, one.end] for one in taken if one.end > one.start]
    parts = parts_of(batches)
    batches.clear()
    rows = [_segment(sealer, part, ranges, now) for part in parts]
    with door(actor=ANNEXA, verb="seal_activity", now=now) as opened:
        _require_alone(ranges)
        opened.write_many(rows, kind="activity_segment", subject=lambda row: f"activity_segment/{row.id}")
        SealedTo.objects.bulk_create(
            [SealedTo(journal=name, position=ends[name]) for name, _, _ in ranges],
            update_conflicts=True, unique_fields=["journal"], update_fields=["position"],
        )  # fmt: skip
    sealer.fresh.clear()
    sealer.positions.update(ends)
    for row in rows:
        sealer.note(row.system, row.hour)
    return Sealed(
        segments=len(rows), records=sum(row.records for row in rows), repeats=sum(row.repeats for row in rows)
    )


def _segment(sealer: Sealer, part: Part, ranges: list[list[Any]], now: datetime) -> Segment:
    """Writes the file of a part, without what only comes again, and makes its row."""
    hashes = identity_hashes(part.table)
    again = repeats(part.table, hashes, sealer.recent, lambda place: _load(sealer, place))
    if again.any():
        part = Part(system=part.system, hour=part.hour, table=part.table.filter(pa.array(~again)))
    made = segment_file(part, id=f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(8)}")
    _sweep(sealer, made)
    sealer.store.put(made.path, memoryview(made.data))
    sealer.fresh[made.id] = made.path
    sealer.recent.add(hashes[~again], made.id)
    return Segment(
        id=made.id, system=made.system, hour=made.hour, path=made.path, sha256=made.sha256, size=made.data.size,
        records=made.records, root=made.root, first_at=made.first_at, last_at=made.last_at,
        first_received_at=made.first_received_at, last_received_at=made.last_received_at,
        repeats=int(np.count_nonzero(again)), taken=ranges, format=SEGMENT_FORMAT, recorded_at=now,
    )  # fmt: skip


def _require_alone(ranges: list[list[Any]]) -> None:
    """Nobody sealed the same frames meanwhile. Raises ConflictError."""
    there = dict(SealedTo.objects.filter(journal__in=[name for name, _, _ in ranges]).values_list())
    if any(there.get(name, 0) != start for name, start, _ in ranges):
        raise ConflictError("Another process seals the same journals; let one of them do it.")


def _sweep(sealer: Sealer, made: SegmentFile) -> None:
    """Removes the files of this system and hour that no row names: a process was killed before it could write one.

    Only the hours of what waits can have any, since their journals are still there.
    """
    folder = hour_folder(made.system, made.hour)
    if folder in sealer.swept:
        return
    where = {"system": made.system, "hour": made.hour}
    known = {
        path for table in (Segment, FileRow) for path in table.objects.filter(**where).values_list("path", flat=True)
    }
    known |= set(sealer.fresh.values())
    for one in sealer.store.list(folder):
        if one.path not in known:
            log.warning("%s was written by a process that was killed before it was sealed; it is removed.", one.path)
            sealer.store.delete(one.path)
    sealer.swept.add(folder)


def _recall(sealer: Sealer, names: set[str], now: datetime) -> None:
    """Learns from segments how far journals are sealed of which nobody remembers it: the tables were made again."""
    if not names:
        return
    begun = _EPOCH + timedelta(microseconds=int(min(names).partition("-")[0]) // 1000)
    found: dict[str, int] = {}
    rows = Segment.objects.filter(recorded_at__gte=begun - _CLOCKS_DIFFER)
    for ranges in rows.values_list("taken", flat=True).iterator(500):
        for name, _, end in ranges:
            if name in names:
                found[name] = max(end, found.get(name, 0))
    if found:
        with side_door(actor=ANNEXA, verb="seal_activity", now=now):
            SealedTo.objects.insert([SealedTo(journal=name, position=end) for name, end in found.items()])
        sealer.positions.update(found)


def _forget(sealer: Sealer, names: list[str], *, now: datetime) -> None:
    """Forgets how far journals that are gone were sealed."""
    with side_door(actor=ANNEXA, verb="seal_activity", now=now):
        SealedTo.objects.filter(journal__in=names).remove()
    for name in names:
        sealer.positions.pop(name, None)


# What may come again ------------------------------------------------------------------------------------------


def _remember(sealer: Sealer, now: datetime) -> None:
    """Learns the identities of what was sealed in the last hours."""
    found: list[Segment] = []
    room = REMEMBERED_RECORDS
    for row in Segment.objects.filter(recorded_at__gte=now - REMEMBERED).order_by("-recorded_at", "-id").iterator(500):
        room -= row.records
        if room < 0:
            break
        found.append(row)
    for place in located(found[::-1]):
        with suppress(VaultError, ActivityError):  # verification names it; here it is only about repeats
            table = read_table(sealer.store.get(place.path), IDENTITY).slice(place.first_row, place.records)
            sealer.recent.add(identity_hashes(table), place.segment.id)


def _load(sealer: Sealer, segment: str) -> pa.Table | None:
    """The rows of a segment sealed lately; None where it is not to be had any more."""
    try:
        if path := sealer.fresh.get(segment):
            return read_table(sealer.store.get(path))
        for place in located(list(Segment.objects.filter(id=segment))):
            return read_table(sealer.store.get(place.path)).slice(place.first_row, place.records)
    except ObjectMissingError:
        log.warning("The file of segment %s is gone; annexa logs verify says more.", segment)
    return None


# The process --------------------------------------------------------------------------------------------------


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Holds the lock of who seals. Raises ConflictError while another process has it."""
    with held(folder / LOCK) as mine:
        if not mine:
            raise ConflictError("Another process seals already: annexa serve and annexa worker start one.")
        yield


def seal_everything(*, clock: Callable[[], datetime], told: Callable[[Sealed], None] = lambda _done: None) -> Sealed:
    """Seals all that waits now. Ledger: activity_segment. Raises ConflictError while another process seals."""
    total = Sealed()
    with alone(journal_folder()):
        sealer = begin_sealing(now=clock())
        while True:
            done = seal(sealer=sealer, now=clock())
            total = Sealed(
                segments=total.segments + done.segments, records=total.records + done.records,
                repeats=total.repeats + done.repeats,
            )  # fmt: skip
            if not done.segments:
                return total
            told(total)


def keep_sealing(*, stop: threading.Event, parent: int = 0, idle_seconds: float = IDLE_SECONDS) -> None:
    """Seals whatever comes until it is told to stop, its parent is gone, or nothing came for long.

    `parent`: the process that started this one; 0: nobody's. Ledger: activity_segment.
    """
    with alone(journal_folder()):
        sealer = begin_sealing(now=datetime.now(UTC))
        since: float | None = None
        active = tidied = time.monotonic()
        pause = 0.0
        while not stop.wait(pause):
            here, waiting = time.monotonic(), sealer.waiting()
            if waiting:
                active, since = here, since or here
            if (parent and os.getppid() != parent) or here - active > idle_seconds:
                return
            due = waiting >= SEAL_BYTES or (since is not None and here - since >= SEAL_SECONDS)
            idle = not waiting and here - tidied >= TIDY_SECONDS
            pause = LOOK_SECONDS
            if (due or idle) and _round(sealer, compacts=not due):
                since, tidied = None, time.monotonic()
                pause = 0.0 if due else LOOK_SECONDS  # who is behind does not wait


def _round(sealer: Sealer, *, compacts: bool) -> bool:
    """One round; False if it has to be tried again. `compacts`: there is time to put an hour's files together."""
    close_old_connections()
    try:
        seal(sealer=sealer, now=datetime.now(UTC))
        if compacts:
            compact_next(store=sealer.store, now=datetime.now(UTC), done=sealer.compacted, note=sealer.note)
        _publish(sealer)
    except OSError as error:  # such as a full disk; what waits stays where it is
        log.error("What waits could not be sealed: %s. Trying again.", error.strerror or "the disk does not answer")
        time.sleep(5)
        return False
    except (Error, VaultError, ActivityError, ConflictError):
        log.exception("What waits could not be sealed; trying again.")
        time.sleep(5)
        return False
    return True


def _publish(sealer: Sealer) -> None:
    """Has the tables that others read follow, once in a while."""
    if not sealer.changed or time.monotonic() - sealer.published < PUBLISH_SECONDS:
        return
    from annexa.actions.publishing import publish_system  # its library is only needed here

    for system, hour in list(sealer.changed.items()):
        publish_system(store=sealer.store, system=system, now=datetime.now(UTC), since=hour)
        del sealer.changed[system]
    sealer.published = time.monotonic()


def _sync(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
