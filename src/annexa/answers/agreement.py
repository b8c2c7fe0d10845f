"""Whether every recorded row is what its latest ledger entry says, and every record the ledger knows has its row.

The tables are there to look things up; verdicts come from the ledger. So who changes a table behind the application
changes what people see on pages, not what is proven, and this finds it out: row by row, column by column.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist

from annexa.pure.ledger import LedgerError, read_instant
from annexa.records.ledger import EntryBody, LedgerEntry, Outbox
from annexa.records.recorded import Recorded, Told, recorded_tables

BATCH = 500
LONGEST = 60
Progress = Callable[[int, int], None]
_UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ObjectDoesNotExist)
"""What reading a row may end in that holds something else than its columns are made for."""


class Telling:
    """Hears entries in their order, and then knows which one is the latest about each record."""

    def __init__(self) -> None:
        """Knows nothing yet."""
        self._tables = {table.KIND: table for table in recorded_tables()}
        self._last: dict[str, dict[str, tuple[str, int]]] = {kind: {} for kind in self._tables}
        self._waiting: dict[int, tuple[bytes, bytes]] = {}
        self._wrong: list[str] = []
        self.told_of = 0

    def hear(self, position: int, header: Mapping[str, Any], body: bytes) -> None:
        """An entry, with its position."""
        table = self._tables.get(str(header.get("kind")))
        if table is None:
            return
        try:
            key = table.key_told(subject=header["subject"], state=json.loads(body)["state"])
        except _UNREADABLE:
            self._wrong.append(f"entry {position} is of kind {table.KIND}, but its body says nothing of such a record")
            return
        known = self._last[table.KIND]
        before = known.get(key)
        if before is not None and table.ONCE:
            self._wrong.append(
                f"{_place(table, key)}: {_entry(before[1])} and {_entry(position)} both tell of it, and such a record "
                "never changes"
            )
        self.told_of += before is None
        known[key] = (before[0] if before else header["at"], position)

    def hear_waiting(self) -> None:
        """The entries that are written and have no position yet."""
        rows = Outbox.objects.order_by("id").values_list("header", "body").iterator(BATCH)
        for number, (header, body) in enumerate(rows, start=1):
            self._waiting[-number] = (bytes(header), bytes(body))
            try:
                said = json.loads(bytes(header))
                self.hear(-number, {name: said[name] for name in ("kind", "subject", "at")}, bytes(body))
            except _UNREADABLE:
                self._wrong.append(f"records_outbox: entry {number} of those that wait cannot be read")

    @property
    def wrong(self) -> tuple[str, ...]:
        """What entries about records contradict each other in, or do not say, each in a sentence."""
        return tuple(self._wrong)

    def latest(self) -> Iterator[tuple[type[Recorded], Mapping[str, tuple[str, int]]]]:
        """Each table with its records by key, in the order of their first entries: when the ledger first learnt of
        one, and the position of the latest entry about it."""
        for kind, table in self._tables.items():
            yield table, self._last[kind]

    def differences(self, progress: Progress) -> Iterator[str]:
        """Each thing that a row and its entry do not agree on, in a sentence: table, key, field, entry.

        Cost: reads every row and one entry for each, in batches; what is held in memory is a key for each record.
        """
        yield from self._wrong
        done, total = 0, self.told_of
        for kind, table in self._tables.items():
            last = self._last[kind]
            keys = table.objects.order_by("pk").values_list("pk", flat=True).iterator(BATCH)
            for some in _batches(keys):
                yield from self._compare(table, some, last)
                done += len(some)
                progress(min(done, total), total)
            for key, (_, position) in last.items():
                yield f"{_place(table, key)}: its row is gone; {_entry(position)} tells of it"

    def _compare(self, table: type[Recorded], pks: list[Any], last: dict[str, tuple[str, int]]) -> Iterator[str]:
        rows, unreadable = _rows(table, pks)
        yield from unreadable
        found = [(row, last.pop(row.key, None)) for row in rows]
        entries = self._entries([place[1] for _, place in found if place])
        for row, place in found:
            if place is None:
                yield f"{_place(table, row.key)}: no entry of the ledger tells of this row"
            elif place[1] not in entries:
                yield f"{_place(table, row.key)}: {_entry(place[1])}, which tells of it, has no body"
            else:
                yield from differences(row, told(place[1], *entries[place[1]], first_at=place[0]))

    def _entries(self, positions: list[int]) -> dict[int, tuple[bytes, bytes]]:
        found = {position: self._waiting[position] for position in positions if position < 0}
        return found | read_entries([position for position in positions if position >= 0])


def differences_of_one(*, position: int, kind: str, subject: str, state: Mapping[str, Any]) -> tuple[str, ...] | None:
    """What the record that one entry tells of, and the latest entry about it, do not agree on.

    None where the entry tells of no row, or where another about it still waits for its place. At most six queries.
    """
    table = next((one for one in recorded_tables() if kind == one.KIND), None)
    if table is None or Outbox.objects.exists():
        return None
    key = table.key_told(subject=subject, state=state)
    first = last = position
    if not table.ONCE:
        about = LedgerEntry.objects.filter(kind=kind, subject=subject).values_list("position", flat=True)
        first, last = about.order_by("position")[0], about.order_by("-position")[0]
    found = read_entries([first, last])
    pks = table.objects.filter(**({table.KEY: key} if table.KEY else {"pk": key.partition("/")[2]}))
    rows, wrong = _rows(table, list(pks.values_list("pk", flat=True)))
    if not {first, last} <= set(found):
        return (f"{_place(table, key)}: {_entry(last)}, which tells of it, has no body",)
    if not rows:
        return tuple(wrong) or (f"{_place(table, key)}: its row is gone; {_entry(last)} tells of it",)
    first_at = json.loads(found[first][0])["at"]
    return tuple(differences(rows[0], told(last, *found[last], first_at=first_at)))


@lru_cache(maxsize=1024)
def instant_told(text: str) -> datetime:
    """An instant of a header. Entries that were written together share theirs. Raises LedgerError."""
    return read_instant(text)


def read_entries(positions: Sequence[int]) -> dict[int, tuple[bytes, bytes]]:
    """Header and body of some entries by position, as far as both are there. Two queries."""
    headers = LedgerEntry.objects.filter(position__in=positions).values_list("position", "header")
    bodies = dict(EntryBody.objects.filter(position__in=positions).values_list("position", "body"))
    return {place: (bytes(header), bytes(bodies[place])) for place, header in headers if place in bodies}


def told(position: int, header: bytes, body: bytes, *, first_at: str) -> Told | str:
    """What an entry says of a record; a sentence where it cannot be read."""
    try:
        head, said = json.loads(header), json.loads(body)
        return Told(
            position=None if position < 0 else position,
            actor=head["actor"],
            at=instant_told(head["at"]),
            effective_at=instant_told(head["effective_at"]),
            because=said["because"],
            state=dict(said["state"]),
            first_at=instant_told(first_at),
        )
    except (*_UNREADABLE, LedgerError):
        return f"{_entry(position)}, which tells of it, cannot be read"


def differences(row: Recorded, said: Told | str) -> Iterator[str]:
    """Each column in which a row is not what the entry says.

    A word that the entry does not have is not compared: the entry is older than the column.
    """
    place = _place(type(row), row.key)
    if isinstance(said, str):
        yield f"{place}: {said}"
        return
    entry = _entry(-1 if said.position is None else said.position)
    try:
        state = row.state()
        pairs = [(name, state.get(name), value) for name, value in said.state.items()]
        pairs += [(name, getattr(row, name), column(said)) for name, column in row.BESIDE.items()]
    except _UNREADABLE as error:
        yield f"{place}: the row cannot be read: {error or type(error).__name__}"
        return
    for name, here, there in pairs:
        if here != there and _plain(here) != _plain(there):
            yield f"{place}, {name}: the row says {_shown(here)}, {entry} says {_shown(there)}"


def _rows(table: type[Recorded], pks: list[Any]) -> tuple[list[Recorded], list[str]]:
    """The rows with these keys; one by one where a row among them cannot be read, with a sentence for each such."""
    rows = table.objects.prefetch_related(*table.FOLLOWED)
    try:
        return list(rows.filter(pk__in=pks).order_by("pk")), []
    except _UNREADABLE:
        found: list[Recorded] = []
        wrong: list[str] = []
        for pk in pks:
            try:
                found.append(rows.get(pk=pk))
            except _UNREADABLE as error:
                wrong.append(f"{table._meta.db_table} {pk}: the row cannot be read: {error or type(error).__name__}")
        return found, wrong


B = TypeVar("B")


def _batches(items: Iterable[B]) -> Iterator[list[B]]:
    """The items, some at a time."""
    rest = iter(items)
    while some := list(islice(rest, BATCH)):
        yield some


def _place(table: type[Recorded], key: str) -> str:
    return f"{table._meta.db_table} {key}"


def _entry(position: int) -> str:
    return f"entry {position}" if position >= 0 else "the entry that waits"


def _plain(value: Any) -> Any:
    """A value as JSON has it; the same instant is the same, in whatever zone it was written down."""
    match value:
        case datetime() | date():
            return _plain(value.isoformat())
        case str():
            try:
                read = datetime.fromisoformat(value)
            except ValueError:
                return value
            return ("instant", read.timestamp()) if read.tzinfo else value
        case tuple() | list():
            return [_plain(one) for one in value]
        case Mapping():
            return {name: _plain(one) for name, one in value.items()}
    return value


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
