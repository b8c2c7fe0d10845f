"""Every recorded row as the ledger tells it: what a database looks like that nobody but the ledger has written."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from annexa.answers.access_lines import lines_told
from annexa.answers.agreement import Telling, read_entries, told
from annexa.records.access_reviews import AccessList
from annexa.records.ledger import LedgerEntry
from annexa.records.people import Person
from annexa.records.rebuilt import UntoldError, numbered, row_of
from annexa.records.recorded import Recorded

BATCH = 500
_Place = tuple[str, tuple[str, int]]
"""The key of a record, with when the ledger first learnt of it and the latest entry about it."""


class Replay:
    """Makes the rows; afterwards knows what was not told, and what older entries did not say yet."""

    def __init__(self, telling: Telling) -> None:
        """`telling` has heard every entry."""
        self.latest = list(telling.latest())
        self._themes = _themes()
        self.untold: list[str] = []
        """Rows that cannot be made, each in a sentence."""
        self.lost: list[str] = []
        """What is missing from rows that were made: bytes that the vault does not hold any more."""
        self.older: Counter[tuple[str, str]] = Counter()
        """By kind and column: how many rows have a default there, because their entries are older than the column."""
        self.numbers: dict[type[Any], Mapping[str, int]] = {
            table: {key: number for number, key in enumerate(known, start=1)}
            for table, known in self.latest
            if numbered(table)
        }

    def rows(self) -> Iterator[tuple[type[Recorded], list[Recorded]]]:
        """The rows, not saved, some of a table at a time. Cost: two queries for each 500."""
        for table, known in self.latest:
            places = iter(known.items())
            while some := list(islice(places, BATCH)):
                if rows := self._made(table, some):
                    yield table, rows

    def _made(self, table: type[Recorded], some: Sequence[_Place]) -> list[Recorded]:
        entries = read_entries([position for _, (_, position) in some])
        found = []
        for key, (first_at, position) in some:
            said = told(position, *entries[position], first_at=first_at)
            try:
                if isinstance(said, str):
                    raise UntoldError(said)
                row, older = row_of(table, said, key=key, numbers=self.numbers)
            except UntoldError as error:
                self.untold.append(f"{table._meta.db_table} {key}, entry {position}: {error}")
                continue
            self.older.update((table.KIND, column) for column in older)
            self._complete(row, said.state)
            found.append(row)
        return found

    def _complete(self, row: Recorded, state: Mapping[str, Any]) -> None:
        """What is in the vault, or in entries of another kind."""
        if isinstance(row, AccessList):
            lines = lines_told(row, digest=state["lines_sha256"])
            if lines is None:
                self.lost.append(
                    f"The {state['lines']:,} lines of the access list {row.name} of {row.subject}: neither they nor "
                    f"the file {row.sha256} they came from are in the vault as they were."
                )
            row.lines = lines or []
        elif isinstance(row, Person):
            row.theme = self._themes.get(row.actor_id, row.theme)


def _themes() -> dict[str, str]:
    """How everybody last chose that pages look."""
    positions = list(
        LedgerEntry.objects.filter(kind="preference").order_by("position").values_list("position", flat=True)
    )
    found = {}
    for start in range(0, len(positions), BATCH):
        entries = read_entries(positions[start : start + BATCH])
        for position in sorted(entries):
            state = json.loads(entries[position][1])["state"]
            found[state["person"]] = state["theme"]
    return found
