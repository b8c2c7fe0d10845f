"""Where the events of a segment are now: in the file it was sealed as, or in a later one that took its place."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.db.models import Exists, Max, OuterRef, QuerySet

from annexa.answers.activity_store import objects
from annexa.records.activity import Segment, SegmentFile
from annexa.vault import VaultError
from annexa.vault.objects import Objects

if TYPE_CHECKING:
    from annexa.activity.query import Found

TARGET_BYTES: Final = 48 * 1024 * 1024
"""How large a file becomes at most by compaction; it is in memory while it grows."""
LOOK_BACK: Final = timedelta(days=3)
"""How far back compaction looks: hours that ended longer ago were compacted before, or have few files."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """The rows of a segment within a file: `records` from `first_row` (from 0). `sha256`, `size`: of that file."""

    segment: Segment
    path: str
    sha256: str
    size: int
    first_row: int

    @property
    def records(self) -> int:
        """How many events the segment has."""
        return self.segment.records


def located(segments: Sequence[Segment]) -> tuple[Located, ...]:
    """Where these segments are now, in the same order, those that expired left out. One query."""
    now = _now(segments)
    places = (_located(one, now.get(one.id)) for one in segments)
    return tuple(one for one in places if one.path)


def expired(segments: Sequence[Segment]) -> dict[str, SegmentFile]:
    """Of these segments, by id, those that expired, each with what says so. One query."""
    return {name: file for name, (file, _) in _now(segments).items() if not file.path}


def _now(segments: Sequence[Segment]) -> dict[str, tuple[SegmentFile, int]]:
    """The latest file that names each segment, and its first row there; those where none took its place left out."""
    if not segments:
        return {}
    hours = [one.hour for one in segments]
    later = SegmentFile.objects.filter(
        system__in={one.system for one in segments}, hour__gte=min(hours), hour__lte=max(hours)
    )
    now: dict[str, tuple[SegmentFile, int]] = {}
    for file in later.order_by("recorded_at", "id"):
        first = 0
        for segment, records in file.parts:
            now[segment] = file, first
            first += records
    known = {one.id for one in segments}
    return {name: found for name, found in now.items() if name in known}


def _located(segment: Segment, later: tuple[SegmentFile, int] | None) -> Located:
    file, first = later or (segment, 0)
    return Located(segment=segment, path=file.path, sha256=file.sha256, size=file.size, first_row=first)


def may_be_compacted(place: Located, now: datetime) -> bool:
    """Whether another file may yet take the place of this one to put small ones together, and this one be removed."""
    return place.size < TARGET_BYTES // 2 and place.segment.hour >= now - LOOK_BACK


def segments_within(*, systems: Iterable[str] | None, since: datetime | None, until: datetime | None) -> list[Segment]:
    """The segments that may hold events of these systems (None: of all) that began within a span of time.

    Both ends belong to it; None leaves an end open. In the order of hours of receipt.
    """
    found = Segment.objects.order_by("hour", "id")
    if systems is not None:
        found = found.filter(system__in=list(systems))
    if since is not None:
        found = found.filter(last_at__gte=since)
    if until is not None:
        found = found.filter(first_at__lte=until)
    return list(found)


def sealed_in(events: "Sequence[Found]") -> "Mapping[str, tuple[Segment, int]]":
    """In which row (from 0) of which segment events are, by leaf; those that are not sealed left out.

    Cost: reads the leaves of each file that holds some of them once, and two queries for each of its hours.
    Raises FetchError where one cannot be read.
    """
    store, found = objects(), {}
    by_place: dict[tuple[str, str, datetime], set[bytes]] = {}
    for one in (one for one in events if one.sealed):
        received = _EPOCH + timedelta(microseconds=one.event.received_at)
        hour = received.replace(minute=0, second=0, microsecond=0)
        by_place.setdefault((one.path, one.told_system, hour), set()).add(bytes.fromhex(one.leaf))
    for (path, system, hour), wanted in by_place.items():
        places = located(list(Segment.objects.filter(system=system, hour=hour)))
        mine = [one for one in places if one.path == path]
        leaves = _leaves(store, mine[0]) if mine else []
        for place in mine:
            for row, leaf in enumerate(leaves[place.first_row : place.first_row + place.records]):
                if leaf in wanted:
                    found[leaf.hex()] = (place.segment, row)
    return found


def _leaves(store: Objects, place: Located) -> list[bytes]:
    from annexa.activity import FetchError
    from annexa.activity.ranged import some_columns

    try:
        table = some_columns(lambda start, length: store.get_range(place.path, start, length), place.size, ["leaf"])
    except VaultError as error:
        raise FetchError(str(error)) from error
    leaves: list[bytes] = table.column("leaf").to_pylist()
    return leaves


def unexpired() -> QuerySet[Segment]:
    """The segments whose events are still there, in no order."""
    gone = SegmentFile.objects.filter(
        system=OuterRef("system"), hour=OuterRef("hour"), path="", recorded_at__gte=OuterRef("recorded_at")
    )
    return Segment.objects.filter(~Exists(gone))


def next_at(system: str, hours: Iterable[datetime], now: datetime) -> datetime:
    """When a file that takes the place of others is recorded: now, or just after the latest one of these hours.

    The latest counts, and clocks of machines differ.
    """
    found = SegmentFile.objects.filter(system=system, hour__in=list(hours)).aggregate(latest=Max("recorded_at"))
    latest: datetime | None = found["latest"]
    return now if latest is None or latest < now else latest + timedelta(microseconds=1)
