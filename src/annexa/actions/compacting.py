"""Compaction: the many small files of an hour that is over become few, and every proof stays what it was.

A file holds whole segments one after another; an entry of the ledger says which, and verification recomputes the root
of each from its rows. The order is that of sealing: the file is durable before its row and entry are written together;
what it took the place of is removed a quarter of an hour later, when nobody reads it any more.
"""

import hashlib
import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count

from annexa.actions.door import door
from annexa.actions.errors import ConflictError
from annexa.activity import ActivityError
from annexa.activity.compacted import fitting, joined_schema, joining
from annexa.activity.segments import FORMAT, hour_folder, read_table
from annexa.answers.activity_store import SEGMENTS, removing
from annexa.answers.segments import LOOK_BACK, TARGET_BYTES, Located, located, next_at
from annexa.pure.permits import ANNEXA
from annexa.records.activity import Segment, SegmentFile
from annexa.vault import VaultError
from annexa.vault.objects import Objects

AFTER: Final = timedelta(minutes=15)
"""How long after its end an hour is compacted, and how long what was replaced can still be read."""
Hour = tuple[str, datetime]
log = logging.getLogger("annexa.compacting")


def compact_next(
    *, store: Objects, now: datetime, done: set[Hour], note: Callable[[str, datetime], None] = lambda *_: None,
    look_back: timedelta = LOOK_BACK,
) -> int:  # fmt: skip
    """Compacts the next hour that has something to put together, and removes what was replaced a while ago.

    For who seals alone. `done`: hours in which nothing is left to do; it grows. `note`: is told of each hour changed.
    Returns how many files were written.
    Ledger: activity_file.
    """
    for system, hour in list(_hours(now, look_back)):
        if (system, hour) in done:
            continue
        if made := _compact(store, system, hour, now):
            note(system, hour)
            return made
        if _tidy(store, system, hour, now):
            done.add((system, hour))
    return 0


def _hours(now: datetime, look_back: timedelta) -> Iterator[Hour]:
    """The hours that are over and have more than one segment, the oldest first."""
    over = now - timedelta(hours=1) - AFTER
    rows = Segment.objects.filter(hour__lte=over, hour__gte=now - look_back).values("system", "hour")
    for row in rows.annotate(number=Count("id")).filter(number__gt=1).order_by("hour", "system"):
        yield row["system"], row["hour"]


def _compact(store: Objects, system: str, hour: datetime, now: datetime) -> int:
    places = located(list(Segment.objects.filter(system=system, hour=hour).order_by("id")))
    files: dict[str, list[Located]] = {}
    for one in places:
        files.setdefault(one.path, []).append(one)
    small = [some for some in files.values() if some[0].size < TARGET_BYTES // 2]
    made = 0
    for run in fitting([some[0].size for some in small], TARGET_BYTES):
        made += _join(store, system, hour, [small[place] for place in run], now)
    return made


def _join(store: Objects, system: str, hour: datetime, files: Sequence[Sequence[Located]], now: datetime) -> int:
    """Writes one file in the place of several. 0 where they do not fit together, or one of them cannot be read."""
    now = next_at(system, [hour], now)
    id_ = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(8)}"
    parts = [one for some in files for one in sorted(some, key=lambda one: one.first_row)]
    records = sum(one.records for one in parts)
    try:
        schema = joined_schema(read_table(_bytes(store, some[0])).schema for some in files)
        if schema is None:
            return 0
        mark = {"format": FORMAT, "file": id_, "system": system, "hour": hour.isoformat()}
        with joining(schema, mark, records) as made:
            for some in files:
                table = read_table(_bytes(store, some[0]))
                for one in sorted(some, key=lambda one: one.first_row):
                    made.add(table.slice(one.first_row, one.records))
    except (ActivityError, VaultError) as error:
        log.warning("Files of %s %s are left as they are: %s", system or "nobody", hour, error)
        return 0
    path = f"{hour_folder(system, hour)}{id_}.parquet"
    store.put(path, memoryview(made.data))
    row = SegmentFile(
        id=id_, system=system, hour=hour, path=path, sha256=hashlib.sha256(made.data).hexdigest(),
        size=made.data.size, records=records, parts=[[one.segment.id, one.records] for one in parts],
        why="compacted", recorded_at=now,
    )  # fmt: skip
    try:
        with door(actor=ANNEXA, verb="compact_activity", now=now) as opened:
            _require_unchanged(parts)
            opened.write(row, kind="activity_file", subject=f"activity_file/{row.id}")
    except ConflictError as error:
        store.delete(path)
        log.debug("Files of %s %s are put together later: %s", system or "nobody", hour, error)
        return 0
    return 1


def _require_unchanged(parts: Sequence[Located]) -> None:
    """Nothing of it was erased or expired meanwhile; else it would come back. Raises ConflictError."""
    if located([one.segment for one in parts]) != tuple(parts):
        raise ConflictError("something of them was erased or expired meanwhile.")


def _bytes(store: Objects, place: Located) -> bytes:
    """A file, if it is what the ledger says: what is damaged is not carried over. Raises VaultError, SegmentError."""
    data = store.get(place.path)
    if hashlib.sha256(data).hexdigest() != place.sha256:
        raise ActivityError(f"{place.path} is not what was sealed; annexa logs verify says more.")
    return data


def _tidy(store: Objects, system: str, hour: datetime, now: datetime) -> bool:
    """Removes the files of an hour that others replaced a while ago, or that no row names. Whether nothing is left."""
    where = {"system": system, "hour": hour}
    segments = list(Segment.objects.filter(**where))
    current = {one.path for one in located(segments)}
    files = list(SegmentFile.objects.filter(**where))
    latest = max([one.recorded_at for one in segments] + [one.recorded_at for one in files])
    if len(current) < len(segments) + len(files) and latest > now - AFTER:
        return False
    with removing(SEGMENTS) as allowed:
        if not allowed:
            return False  # a backup is under way
        for one in store.list(hour_folder(system, hour)):
            if one.path not in current:
                store.delete(one.path)
    return True
