"""The part of the activity log in which something asked for may be: files on this machine, and what still waits."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from annexa.answers.activity_store import copies, files_of, journal_folder, objects
from annexa.answers.segments import Located, located, segments_within
from annexa.records.activity import SealedTo
from annexa.records.activity_sources import ActivityAssignment
from annexa.vault.copies import Wanted
from annexa.vault.objects import ObjectMissingError, StoreError

if TYPE_CHECKING:
    import pyarrow as pa

    from annexa.activity.query import Asked, Assigned, Sources
    from annexa.activity.spark import Parts

_TRIES: Final = 5
_FEET_AT_ONCE: Final = 8
_MOST_WAITING: Final = 64 << 20
"""So many bytes that are not sealed yet are looked into, and not more: memory stays bounded."""
_REPEATED_WITHIN: Final = timedelta(hours=6)
"""As the sealer: what was sealed longer before it came again is not looked for."""


def microseconds(at: datetime) -> int:
    """An instant as the log counts."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def instant(at: int) -> datetime:
    """An instant of the log; one that no calendar holds is the nearest there is."""
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    except OverflowError:
        return datetime(1, 1, 1, tzinfo=UTC) if at < 0 else datetime(9999, 12, 31, tzinfo=UTC)


@contextmanager
def parts_of(asked: "Asked", *, strict: bool = False) -> "Iterator[Sources]":
    """The files and batches in which something asked for may be, for as long as they are looked into.

    Tried again where sealing moves on meanwhile. `strict`: a journal that is damaged raises JournalError, instead of
    being read up to there. Raises QueryError where a file is gone, FetchError where one cannot be had from the bucket,
    or is on its way still.
    """
    with ExitStack() as stack:
        yield _sources(asked, stack, strict=strict)


def _sources(asked: "Asked", stack: ExitStack, *, strict: bool) -> "Sources":
    from annexa.activity import FetchError, QueryError, SegmentError
    from annexa.activity.query import Sources
    from annexa.activity.repeats import without_repeats

    for _ in range(_TRIES):
        positions, assigned, places = _placed(asked)
        try:
            waiting = without_repeats(_waiting(positions, strict=strict))
            places = _narrowed(asked, places)
            files = stack.enter_context(files_of(_wanted(places)))
        except (FileNotFoundError, ObjectMissingError):
            continue
        except (StoreError, SegmentError) as error:
            raise FetchError(str(error)) from error
        return Sources(
            files=tuple(files.values()), paths={file: path for path, file in files.items()}, waiting=waiting,
            assigned=assigned, near=tuple(files[path] for path in _near(waiting, places)),
        )  # fmt: skip
    raise QueryError("A file of the activity log is gone; annexa logs verify names it.")


def _placed(asked: "Asked") -> "tuple[dict[str, int], tuple[Assigned, ...], list[Located]]":
    """Up to where journals are sealed, what was given away later, and where the segments are: of one moment."""
    with transaction.atomic():
        positions = dict(SealedTo.objects.values_list("journal", "position"))
        assigned = _assigned()
        wanted = asked.systems
        if wanted is not None and any(one.system in wanted for one in assigned):
            wanted = (*wanted, "")
        segments = segments_within(systems=wanted, since=_or_none(asked.since), until=_or_none(asked.until))
        return positions, assigned, [one for one in located(segments) if one.records]


def _narrowed(asked: "Asked", places: list[Located]) -> list[Located]:
    """Of files in a bucket, only those with what is looked up by its conversation, trace or leaf.

    Of what is not here yet one narrow column is read where it is: single events may be anywhere in years.
    """
    there, (column, values) = copies(), _looked_up(asked)
    if there is None or not column:
        return places
    from annexa.activity.ranged import holds

    store, here = objects(), set(there.paths())

    def may_hold(one: Wanted) -> bool:
        return holds(lambda start, length: store.get_range(one.path, start, length), one.size, column, values)

    def having(some: Sequence[Wanted]) -> set[str]:
        with ThreadPoolExecutor(_FEET_AT_ONCE) as several:
            return {one.path for one, yes in zip(some, several.map(may_hold, some), strict=True) if yes}

    wanted = _wanted(places)
    unsure = [one for one in wanted if one.path in here]
    found = having([one for one in wanted if one.path not in here])
    if sum(one.size for one in wanted if one.path in found or one.path in here) > there.most:
        found |= having(unsure)
    else:
        found |= {one.path for one in unsure}
    return [one for one in places if one.path in found]


def _looked_up(asked: "Asked") -> tuple[str, list[Any]]:
    """By which column, and which values of it; "" where all kinds of events may be meant."""
    try:
        if asked.leaves:
            return "leaf", [bytes.fromhex(one) for one in asked.leaves]
        if asked.trace_id:
            return "trace_id", [bytes.fromhex(asked.trace_id)]
    except ValueError:  # no event has that
        return "leaf", []
    return ("conversation", [asked.conversation]) if asked.conversation else ("", [])


def parts_for_engine(asked: "Asked") -> "Parts":
    """The same for an engine that reads the store by itself: paths in the store, and which columns are in each file.

    Raises JournalError where a journal is damaged; QueryError, FetchError, SegmentError, VaultError where a file cannot
    be read.
    """
    from annexa.activity import FetchError, QueryError
    from annexa.activity.repeats import without_repeats
    from annexa.activity.spark import Parts

    for _ in range(_TRIES):
        positions, assigned, places = _placed(asked)
        try:
            waiting = _without_sealed(without_repeats(_waiting(positions, strict=True)), places)
        except (FileNotFoundError, ObjectMissingError):
            continue
        except StoreError as error:
            raise FetchError(str(error)) from error
        sizes = {one.path: one.size for one in places}
        return Parts(files=tuple(sizes), schemas=_columns_of(sizes), waiting=waiting, assigned=assigned)
    raise QueryError("What arrives is sealed faster than it can be looked into; try again.")


def _without_sealed(waiting: "tuple[pa.RecordBatch, ...]", places: Sequence[Located]) -> "tuple[pa.RecordBatch, ...]":
    """What waits, without what came again since it was sealed, for who cannot look themselves."""
    near = set(_near(waiting, places))
    if not near:
        return waiting
    import duckdb

    from annexa.activity.repeats import without_sealed

    with files_of([one for one in _wanted(places) if one.path in near]) as files, duckdb.connect() as connection:
        return without_sealed(connection, waiting, tuple(files.values()))


def _columns_of(sizes: Mapping[str, int]) -> "tuple[pa.Schema, ...]":
    """The columns of files of the store, of which their feet are read, some at once."""
    from annexa.activity.ranged import columns_in

    store = objects()

    def one(path: str) -> "pa.Schema":
        return columns_in(lambda start, length: store.get_range(path, start, length), sizes[path])

    with ThreadPoolExecutor(_FEET_AT_ONCE) as several:
        return tuple(several.map(one, sizes))


def _wanted(places: Sequence[Located]) -> list[Wanted]:
    found = {one.path: Wanted(path=one.path, sha256=one.sha256, size=one.size) for one in places}
    return list(found.values())


def _near(waiting: "Sequence[pa.RecordBatch]", places: Sequence[Located]) -> list[str]:
    """The files that may hold what waits already: it came again, since its sender never heard that it had arrived.

    Such an event says the same of itself, also when it began; so mostly these are the few that were sealed last.
    """
    from annexa.activity.repeats import begun

    if not waiting:
        return []
    at, received = begun(waiting)
    oldest = None if received is None else instant(received) - _REPEATED_WITHIN
    found: dict[str, None] = {}
    for one in places:
        segment = one.segment
        mine = at.get(segment.system)
        if mine is None or oldest is None or segment.last_received_at < oldest:
            continue
        first, last = microseconds(segment.first_at), microseconds(segment.last_at)
        if mine.searchsorted(first) < mine.searchsorted(last, side="right"):
            found[one.path] = None
    return list(found)


def _or_none(at: int | None) -> datetime | None:
    return None if at is None else instant(at)


def _waiting(positions: Mapping[str, int], *, strict: bool) -> "list[pa.RecordBatch]":
    """What waits in journals, from where they are sealed; the oldest, where the sealer is far behind.

    What stands after damage is left out unless this is `strict`: the sealer says so, and annexa logs verify.
    """
    from annexa.activity import JournalError
    from annexa.activity.journal import journals, read_frames

    found: list[Any] = []
    room = _MOST_WAITING
    for path in journals(journal_folder()):
        try:
            for frame in read_frames(path, positions.get(path.name, 0)):
                found.append(frame.batch)
                room -= frame.end - frame.start
                if room <= 0:
                    return found
        except JournalError as error:
            if not path.exists():  # it was sealed meanwhile
                raise FileNotFoundError from error
            if strict:
                raise
    return found


def _assigned() -> "tuple[Assigned, ...]":
    from annexa.activity.query import Assigned

    rows = ActivityAssignment.objects.select_related("source").order_by("recorded_at", "id")
    return tuple(
        Assigned(
            source=one.source.slug, column=one.column, value=one.value, system=one.system,
            until=microseconds(one.recorded_at),
        )
        for one in rows
    )  # fmt: skip
