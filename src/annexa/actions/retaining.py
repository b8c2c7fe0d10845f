"""What has to go from the activity log goes: events whose time is over, and what people said who asked for erasure.

The order, of which every step may be the last one of a process:

    1  a row says that the new file is to go, should nothing ever name it
    2  the new file is written and durable: the same leaves in the same order, without salt and content of those rows
    3  one transaction: the row of the new file with its entry, a row for each old file that is to go, none for the new
    4  the tables that others read follow
    5  the old files are removed, then the rows that say that they are to go

So there is always the old or the new, and nothing that was to go outlives the next round. What expires has no new file.
A file that something else replaced meanwhile is looked at anew.
"""

import hashlib
import logging
import secrets
import shutil
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from django.conf import settings
from django.db.models import Sum

from annexa.actions.door import Door, door, side_door
from annexa.actions.errors import ConflictError
from annexa.activity import ActivityError
from annexa.activity.compacted import joining
from annexa.activity.erasing import direct, without_content
from annexa.activity.ranged import some_columns
from annexa.activity.segments import FORMAT, GROUP_ROWS, hour_folder, read_table
from annexa.answers.activity_store import SEGMENTS, copies, copies_folder, removing
from annexa.answers.erasures import FileLook, Looking, Meant, looking_for
from annexa.answers.retention import holds_now, terms_of
from annexa.answers.segments import Located, located, next_at, unexpired
from annexa.pure.permits import ANNEXA
from annexa.pure.retention import Expiry, Hold, Terms, expiry, held_by
from annexa.records.activity import Segment, SegmentFile
from annexa.records.retention import ActivityErasure, ActivityErasureStep, Leaving
from annexa.vault import VaultError
from annexa.vault.keys import activity_key
from annexa.vault.objects import ObjectKeptError, Objects

WRITTEN_BY: Final = timedelta(minutes=15)
"""A file that was to be written and has no row by then is removed."""
HOURS_AT_ONCE: Final = 200
"""Hours that expire in one transaction, and files that are asked for at once."""
REMOVED_AT_ONCE: Final = 100
"""Files that are removed before a backup that begins meanwhile has its turn."""
TRIES: Final = 5
_DAY: Final = timedelta(days=1)
log = logging.getLogger("annexa.retaining")


# Erasure ------------------------------------------------------------------------------------------------------


def open_erasures() -> list[ActivityErasure]:
    """The erasures that may be carried out and are not yet, the first one first."""
    rows = ActivityErasure.objects.exclude(steps__step__in=("done", "refused")).order_by("recorded_at", "id")
    return [one for one in rows.prefetch_related("steps") if not one.second or any(one.steps.all())]


def erase(*, erasure: ActivityErasure, store: Objects, now: datetime) -> ActivityErasureStep:
    """Erases what was asked for; what waited in journals then has to be sealed by now.

    First what only traces and conversations tie to the person, then what names them: whoever goes on after a process
    was killed still knows what belongs together. Ledger: activity_file, activity_erasure_step.
    Raises ActivityError, VaultError where a file cannot be read; ConflictError where files keep changing meanwhile.
    """
    meant = Meant(
        person=erasure.user, system=erasure.system, since=erasure.since, until=erasure.until,
        received_until=erasure.recorded_at,
    )  # fmt: skip
    for _ in range(TRIES):
        looking = looking_for(meant)
        try:
            held = sum(_erase_all(erasure, looking, only_tied=only_tied, now=now) for only_tied in (True, False))
        except ConflictError:
            remove_leaving(store=store, now=now)
            continue
        return _done(erasure, looking, held, now)
    raise ConflictError(f"Files change all the time; erasure {erasure.id} is tried again later.")


def _erase_all(erasure: ActivityErasure, looking: Looking, *, only_tied: bool, now: datetime) -> int:
    """Writes every file anew that holds something which goes; returns how many events holds keep."""
    held = 0
    changed: dict[str, datetime] = {}
    for file in looking.files(now=now, only_tied=only_tied):
        held += 0 if only_tied else file.found.held
        if file.found.free:
            _rewrite(erasure, looking, file, only_tied=only_tied, now=now)
            segment = file.places[0].segment
            changed[segment.system] = min(segment.hour, changed.get(segment.system, segment.hour))
    _gone_from(looking.store, changed, now)
    return held


def _rewrite(erasure: ActivityErasure, looking: Looking, file: FileLook, *, only_tied: bool, now: datetime) -> None:
    """One file in the place of another, without what was said in some of its events. Raises ConflictError."""
    store, first = looking.store, file.places[0]
    system, hour = first.segment.system, first.segment.hour
    data = store.get(first.path)
    if hashlib.sha256(data).hexdigest() != first.sha256:
        raise ActivityError(f"{first.path} is not what was sealed; annexa logs verify says more. Nothing is erased.")
    at = next_at(system, [hour], now)
    id_ = f"{at:%Y%m%dT%H%M%S}-{secrets.token_hex(8)}"
    path = f"{hour_folder(system, hour)}{id_}.parquet"
    table = read_table(data)
    records, erased = sum(one.records for one in file.places), 0
    mark = {"format": FORMAT, "file": id_, "system": system, "hour": hour.isoformat()}
    with joining(table.schema, mark, records) as made:
        for place in file.places:
            rows = table.slice(place.first_row, place.records)
            gone, _ = looking.masks(rows, system, only_tied=only_tied)
            erased += int(gone.sum())
            for start in range(0, rows.num_rows, GROUP_ROWS):
                made.add(without_content(rows.slice(start, GROUP_ROWS), gone[start : start + GROUP_ROWS]))
    with side_door(actor=ANNEXA, verb="retain_activity", now=now):
        Leaving.objects.insert([Leaving(path=path, since=now + WRITTEN_BY, kept="")])
    store.put(path, memoryview(made.data))
    row = SegmentFile(
        id=id_, system=system, hour=hour, path=path, sha256=hashlib.sha256(made.data).hexdigest(),
        size=made.data.size, records=records, parts=[[one.segment.id, one.records] for one in file.places],
        why="erased", erasure=erasure.id, erased=erased, recorded_at=at,
    )  # fmt: skip
    with door(actor=ANNEXA, verb="retain_activity", now=at, because=f"Erasure {erasure.id}") as opened:
        _require_unchanged(looking.holds, file.places, path)
        opened.write(row, kind="activity_file", subject=f"activity_file/{row.id}")
        Leaving.objects.filter(path=path).delete()
        _leave(_named(system, [hour]) - {path}, now)


def _require_unchanged(holds: Sequence[Hold], places: Sequence[Located], path: str) -> None:
    """Nobody set a hold or wrote these segments elsewhere meanwhile. Raises ConflictError."""
    if set(holds_now()) - set(holds):
        raise ConflictError("A hold was set meanwhile.")
    if located([one.segment for one in places]) != tuple(places) or not Leaving.objects.filter(path=path).exists():
        raise ConflictError(f"{places[0].path} was replaced meanwhile.")


def _done(erasure: ActivityErasure, looking: Looking, held: int, now: datetime) -> ActivityErasureStep:
    files = SegmentFile.objects.filter(erasure=erasure.id)
    counts = {"events": files.aggregate(n=Sum("erased"))["n"] or 0, "files": files.count(), "held": held}
    because = held_by(looking.keeping) if held else ""
    with door(actor=ANNEXA, verb="retain_activity", now=now, because=because) as opened:
        made = ActivityErasureStep(
            id=secrets.token_hex(16), erasure=erasure, number=erasure.steps.count() + 1, step="done",
            asked_by_id=erasure.by_id, counts=counts, because=because, recorded_at=now,
        )  # fmt: skip
        opened.write(made, kind="activity_erasure_step", subject=f"activity_erasure/{erasure.id}")
    return made


# Expiry -------------------------------------------------------------------------------------------------------


def expire(*, store: Objects, now: datetime) -> int:
    """Removes the events whose time is over, hour by hour of receipt; returns how many. Ledger: activity_file."""
    total = 0
    systems = sorted(unexpired().order_by().values_list("system", flat=True).distinct())
    for system, terms in terms_of(systems).items():
        due = unexpired().filter(system=system, last_received_at__lte=now - timedelta(days=terms.days))
        hours = [list(some) for _, some in groupby(due.order_by("hour", "id"), key=lambda one: one.hour)]
        for start in range(0, len(hours), HOURS_AT_ONCE):
            total += _expire(store, system, hours[start : start + HOURS_AT_ONCE], now)
    return total


def _expire(store: Objects, system: str, hours: Sequence[Sequence[Segment]], now: datetime) -> int:
    holds = holds_now()
    with_them = {one.id: _hours_with(store, one, system, hours) for one in holds if one.user}
    rows: list[SegmentFile] = []
    at = next_at(system, [one[0].hour for one in hours], now)
    with door(actor=ANNEXA, verb="retain_activity", now=at) as opened:
        if set(holds_now()) != set(holds):
            return 0  # the next round knows of it
        terms = terms_of([system])[system]
        for some in hours:
            kept = [one for one in holds if not one.user or some[0].hour in with_them[one.id]]
            found = _decided(system, some, terms, kept, now)
            if isinstance(found, Expiry):
                rows.append(_expired(opened, system, some, found))
        _leave(_named(system, [one.hour for one in rows]), now)
    if rows:
        _gone_from(store, {system: min(one.hour for one in rows)}, now)
    return sum(one.records for one in rows)


def _decided(system: str, some: Sequence[Segment], terms: Terms, holds: Sequence[Hold], now: datetime) -> object:
    return expiry(
        system=system, first=min(one.first_at for one in some), last=max(one.last_at for one in some),
        received_at=max(one.last_received_at for one in some), terms=terms, holds=holds, now=now,
    )  # fmt: skip


def _expired(opened: Door, system: str, some: Sequence[Segment], found: Expiry) -> SegmentFile:
    row = SegmentFile(
        id=f"{opened.now:%Y%m%dT%H%M%S}-{secrets.token_hex(8)}", system=system, hour=some[0].hour, path="", sha256="",
        size=0, records=sum(one.records for one in some), parts=[[one.id, one.records] for one in some], why="expired",
        recorded_at=opened.now,
    )  # fmt: skip
    with opened.saying(found.because):
        opened.write(row, kind="activity_file", subject=f"activity_file/{row.id}")
    return row


def _hours_with(store: Objects, hold: Hold, system: str, hours: Sequence[Sequence[Segment]]) -> set[datetime]:
    """The hours that a hold on one person keeps: those in which they have events, with a day before and after.

    What names nobody may belong to what they said; it stays with it.
    """
    found: set[datetime] = set()
    first, last = hours[0][0].hour - _DAY, hours[-1][0].hour + _DAY
    near = unexpired().filter(system=system, hour__gte=first, hour__lte=last).order_by("hour", "id")
    places = [one for one in located(list(near)) if hold.reaches(system, one.segment.first_at, one.segment.last_at)]
    key = activity_key(settings.HOME / "keys")
    for path, some in groupby(sorted(places, key=lambda one: one.path), key=lambda one: one.path):
        here = list(some)
        table = some_columns(
            lambda start, length, path=path: store.get_range(path, start, length),  # type: ignore[misc]
            here[0].size, ("user", "on_behalf_of"),
        )  # fmt: skip
        if direct(table, (hold.user,), key)[hold.user].any():
            found.add(here[0].segment.hour)
    return {one[0].hour for one in hours if any(abs(one[0].hour - there) <= _DAY for there in found)}


# Old files ----------------------------------------------------------------------------------------------------


def _named(system: str, hours: Iterable[datetime]) -> set[str]:
    """Every path that rows ever named for these hours."""
    where = {"system": system, "hour__in": list(hours)}
    return {
        path
        for table in (Segment, SegmentFile)
        for path in table.objects.filter(**where).exclude(path="").values_list("path", flat=True)
    }


def _leave(paths: set[str], now: datetime) -> None:
    """These files are to go, except those that hold events now."""
    Leaving.objects.bulk_create(
        [Leaving(path=path, since=now, kept="") for path in sorted(paths - _current(paths))], ignore_conflicts=True
    )


def _current(paths: Iterable[str]) -> set[str]:
    """Of these files, those that hold the events of some segment now."""
    wanted = list(paths)
    hours = {
        (one.system, one.hour) for table in (Segment, SegmentFile) for one in table.objects.filter(path__in=wanted)
    }
    found: set[str] = set()
    for system, hour in hours:
        found |= {one.path for one in located(list(Segment.objects.filter(system=system, hour=hour)))}
    return found


def _gone_from(store: Objects, changed: dict[str, datetime], now: datetime) -> None:
    """The tables that others read follow, then the old files go."""
    if not changed:
        return
    from annexa.actions.publishing import publish_system  # its library is only needed here

    for system, hour in changed.items():
        try:
            publish_system(store=store, system=system, now=now, since=hour)
        except VaultError as error:
            log.warning("The table of %s follows later: %s", system or "nobody", error)
    remove_leaving(store=store, now=now)


def remove_leaving(*, store: Objects, now: datetime) -> int:
    """Removes the files that are to go; returns how many the store keeps until a day of its own. Ledger: nothing.

    While a backup is under way they stay: it copies the files of its moment. The next round removes them.
    """
    rows = list(Leaving.objects.filter(since__lte=now).order_by("since", "path"))
    kept: list[Leaving] = []
    for start in range(0, len(rows), REMOVED_AT_ONCE):
        with removing(SEGMENTS) as allowed:
            if not allowed:
                log.debug("%s files of the activity log are removed once a backup is done.", f"{len(rows) - start:,}")
                break
            kept += _remove(store, rows[start : start + REMOVED_AT_ONCE], now)
    return len(kept)


def _remove(store: Objects, rows: Sequence[Leaving], now: datetime) -> list[Leaving]:
    """Removes some of them; returns those that the store keeps."""
    current = _current(one.path for one in rows)
    removed, kept = [], []
    for row in rows:
        try:
            if row.path not in current:
                store.delete(row.path)
            removed.append(row.path)
        except ObjectKeptError as error:
            row.kept = str(error)
            kept.append(row)
        except (VaultError, OSError) as error:
            log.warning("%s cannot be removed; trying again later: %s", row.path, error)
    with side_door(actor=ANNEXA, verb="retain_activity", now=now):
        Leaving.objects.filter(path__in=removed).remove()
        if kept:
            Leaving.objects.bulk_update(kept, ["kept"])
    return kept


def forget_copies() -> int:
    """Removes the copies on this machine of files that hold nothing any more; returns how many. Ledger: nothing.

    Another machine may have removed the files themselves.
    """
    there = copies()
    if there is None:
        shutil.rmtree(copies_folder(), ignore_errors=True)
        return 0
    paths = there.paths()
    gone = [
        path for start in range(0, len(paths), HOURS_AT_ONCE)
        for path in sorted({*paths[start : start + HOURS_AT_ONCE]} - _current(paths[start : start + HOURS_AT_ONCE]))
    ]  # fmt: skip
    there.forget(gone)
    return len(gone)
