"""The events of one person, looked for in the files of the activity log: what may go, what is held, what is young."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final

import numpy as np
import pyarrow as pa
from django.conf import settings

from annexa.activity import erasing
from annexa.activity.erasing import Mask, Ties
from annexa.activity.ranged import some_columns
from annexa.answers.activity_store import objects
from annexa.answers.retention import holds_now, terms_of
from annexa.answers.segments import Located, located, segments_within
from annexa.pure.redaction import pseudonym
from annexa.pure.retention import Found, Hold, Terms, erasure_refusal, held_by, law_until
from annexa.records.activity import Segment
from annexa.vault.keys import activity_key
from annexa.vault.objects import Objects

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_SEALED_WITHIN: Final = timedelta(days=1)
"""What arrived before an erasure is asked for, and was not sealed by then, was not so for longer; clocks differ."""


def pseudonym_of(user: str) -> str:
    """The name under which this installation keeps the events of a user."""
    return pseudonym(activity_key(settings.HOME / "keys"), user)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """Which events are meant: of a person (a pseudonym), of a system ("": all, and nobody's), begun within a span of
    time (both ends in it; None: open) and arrived until then."""

    person: str
    received_until: datetime
    system: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLook:
    """A file with events of the person: the places of its segments in the order of their rows, and how many go."""

    places: tuple[Located, ...]
    found: Found

    @property
    def path(self) -> str:
        """Where it is."""
        return self.places[0].path


@dataclass(kw_only=True)
class Looking:
    """What looks for the events of a person: by now it knows in which traces and conversations they are."""

    meant: Meant
    holds: tuple[Hold, ...]
    key: bytes
    store: Objects
    terms: dict[str, Terms] = field(default_factory=dict)
    ties: dict[str, Ties] = field(default_factory=dict)
    kept_by: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    tied_in: set[str] = field(default_factory=set)
    counts: dict[str, Found] = field(default_factory=dict)

    @property
    def keeping(self) -> tuple[Hold, ...]:
        """The holds that keep something of what was looked at."""
        return tuple(one for one in self.holds if one.id in self.kept_by)

    def masks(self, table: pa.Table, system: str, *, only_tied: bool = False) -> tuple[Mask, Mask]:
        """Which rows go, and which would but for a hold. `only_tied`: of those that name nobody."""
        meant = self.meant
        mine = erasing.mask_of(table, meant.person, self.ties, self.key, only_tied=only_tied)
        mine &= erasing.there(table) & erasing.within(table, _us(meant.since), _us(meant.until))
        received = np.asarray(table.column("received_at").combine_chunks().cast(pa.int64()).fill_null(0))
        mine &= received <= (_us(meant.received_until) or 0)
        held = np.zeros(table.num_rows, bool)
        if mine.any():
            for hold in (one for one in self.holds if one.system in {"", system}):
                reached = mine & erasing.within(table, _us(hold.since), _us(hold.until))
                if hold.user:
                    reached &= erasing.mask_of(table, hold.user, self.ties, self.key)
                if reached.any():
                    self.kept_by.add(hold.id)
                held |= reached
        return mine & ~held, mine & held

    def files(self, *, now: datetime, only_tied: bool = False) -> Iterator[FileLook]:
        """The files that hold something of the person that goes or is held, in the order of their hours."""
        for places in self._places():
            found = self._look(places, now, only_tied=only_tied)
            if found.free or found.held:
                yield FileLook(places=places, found=found)

    def count(self, *, now: datetime) -> Found:
        """How many events go, and how many are held or young. Asked again, only files are read that are new by then.

        Unless they tie more to somebody: then all files are.
        """
        files, before = list(self._places()), self._tied()
        self._tie(files)
        if self._tied() != before:
            self.counts.clear()
        total = Found()
        for places in files:
            path = places[0].path
            if path not in self.counts:
                self.counts[path] = self._look(places, now)
            total += self.counts[path]
        return total

    def is_of_now(self) -> bool:
        """Whether no hold was set or released since it was begun, and nothing sealed that could be meant.

        Cost: three queries of what was recorded lately; no file is read.
        """
        if set(holds_now()) != set(self.holds):
            return False
        rows = Segment.objects.filter(
            recorded_at__gte=self.meant.received_until - _SEALED_WITHIN,
            first_received_at__lte=self.meant.received_until, records__gt=0,
        )  # fmt: skip
        if self.meant.system:
            rows = rows.filter(system=self.meant.system)
        return not set(rows.values_list("id", flat=True)) - self.seen

    def renewed(self) -> "Looking":
        """What goes on looking: itself, or a new one where holds changed, which may name others."""
        return self if set(holds_now()) == set(self.holds) else looking_for(self.meant)

    def tie(self) -> None:
        """Learns in which traces and conversations the person is, and those of whom holds name."""
        self._tie(self._places())

    def _tie(self, files: Iterable[tuple[Located, ...]]) -> None:
        """The same, from those of these files that were not read for it yet."""
        people = {self.meant.person, *(one.user for one in self.holds if one.user)}
        for one in people:
            self.ties.setdefault(one, Ties())
        for places in files:
            if places[0].path in self.tied_in:
                continue
            self.tied_in.add(places[0].path)
            table = _columns(self.store, places[0])
            for one, rows in erasing.direct(table, people, self.key).items():
                if rows.any():
                    erasing.tie(self.ties[one], table, rows)

    def _look(self, places: Sequence[Located], now: datetime, *, only_tied: bool = False) -> Found:
        """What of one file goes, or is held."""
        table = _columns(self.store, places[0])
        total = Found()
        for place in places:
            rows = table.slice(place.first_row, place.records)
            free, held = (int(one.sum()) for one in self.masks(rows, place.segment.system, only_tied=only_tied))
            total += Found(free=free, held=held, young=free if self._young(place, now) else 0)
        return total

    def _tied(self) -> tuple[int, ...]:
        return tuple(len(one.traces) + len(one.conversations) for one in self.ties.values())

    def _places(self) -> Iterator[tuple[Located, ...]]:
        """The files in which something can be, each as the places of its segments."""
        systems = [self.meant.system] if self.meant.system else None
        segments = segments_within(systems=systems, since=None, until=None)
        segments = [one for one in segments if one.first_received_at <= self.meant.received_until]
        self.seen |= {one.id for one in segments}
        self.terms |= terms_of(sorted({one.system for one in segments} - self.terms.keys()))
        by_path = sorted(located(segments), key=lambda one: (one.segment.hour, one.path, one.first_row))
        for _, some in groupby(by_path, key=lambda one: one.path):
            yield tuple(some)

    def _young(self, place: Located, now: datetime) -> bool:
        """Whether the law has what was received then kept still."""
        least = law_until(place.segment.last_received_at, self.terms[place.segment.system].law)
        return least is not None and now < least


def looking_for(meant: Meant) -> Looking:
    """Looks through the log for the traces and conversations of a person.

    Cost: reads some columns of every file of the system, or of all. Raises VaultError, SegmentError.
    """
    made = Looking(meant=meant, holds=holds_now(), key=activity_key(settings.HOME / "keys"), store=objects())
    made.tie()
    return made


def preview(meant: Meant, *, now: datetime) -> tuple[Found, tuple[Hold, ...]]:
    """How many events an erasure would reach, and the holds that keep some of them.

    Of what is sealed; what still waits in journals is sealed before anything is erased. Cost: as `looking_for`, twice.
    """
    looking = looking_for(meant)
    return looking.count(now=now), looking.keeping


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What an erasure would reach: the pseudonym of the person, how many events, what holds keep some of them, and why
    it would not be taken up; "" where it would."""

    known_as: str
    found: Found
    held: str
    refusal: str


def foreseen(
    *, user: str, pseudonym: bool, system: str, since: datetime | None, until: datetime | None, now: datetime
) -> Foreseen:
    """What an erasure would reach if it was asked for now; nothing is recorded. Cost: as `preview`."""
    known_as = user.strip() if pseudonym else pseudonym_of(user.strip())
    meant = Meant(person=known_as, system=system, since=since, until=until, received_until=now)
    found, keeping = preview(meant, now=now)
    refusal = erasure_refusal(found, keeping)
    return Foreseen(
        known_as=known_as, found=found, held=held_by(keeping) if keeping else "",
        refusal=refusal.because if refusal else "",
    )  # fmt: skip


def _columns(store: Objects, place: Located) -> pa.Table:
    path = place.path
    return some_columns(lambda start, length: store.get_range(path, start, length), place.size, erasing.COLUMNS)


def _us(instant: datetime | None) -> int | None:
    return None if instant is None else (instant - _EPOCH) // _MICROSECOND
