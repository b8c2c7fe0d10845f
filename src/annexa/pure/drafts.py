"""What each row of a table says of its record, and what people should know about how it was read."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from annexa.pure.cells import NOT_APPLICABLE, Reading, decide_comma, decide_day_first, has_two_readings, read_cell
from annexa.pure.columns import ColumnMapping, MappedField
from annexa.pure.fields import EMPTY, Field, tidy
from annexa.pure.register import Record, Register
from annexa.pure.tables import SOURCE, Problem, Row, Table, without_guard
from annexa.pure.words import fold, short

# Each sentence follows the number of cells and the column they are in.
NOTES: Mapping[str, str] = {
    "empty": "{cells} in {column} {are} empty",
    "not applicable": "{cells} in {column} say{s} that it does not apply ({examples}) and {were} read as such",
    "unread answer": "{cells} in {column} {are} no answer we can read and {were} kept as text ({examples})",
    "unread word": "{cells} in {column} {are} no value we know and {were} kept as text ({examples})",
    "unread date": "{cells} in {column} hold{s} text that is no date and {were} kept as text ({examples})",
    "rough date": "{cells} in {column} give{s} only a month or year and {were} read as its first day ({examples})",
    "year as a day": "{cells} in {column} {are} years that a spreadsheet turned into days of 1905 ({examples})"
    " and {were} read as the year",
    "spreadsheet day": "{cells} in {column} {are} day numbers of a spreadsheet and {were} read as dates ({examples})",
    "two readings": "{cells} in {column} could be day/month or month/day ({examples}); {were} read month first."
    ' [dates] order = "day first" in a mapping file changes that',
    "too rough": "{cells} in {column} {are} too rough to tell whether the system was retired before it was used and"
    " {were} kept as text ({examples})",
    "cut": "{cells} in {column} {were} cut to {longest} characters; the whole text is kept beside the {one}",
    "comma": "{cells} in {column} could have a decimal or a thousands comma ({examples}); {were} read as thousands",
}


LONGEST_KEPT = 80
"""Letters of a cell whose reading is kept for the next one that says the same."""


@dataclass(slots=True, kw_only=True)
class Draft:
    """One row on its way into the plan."""

    row: Row
    facts: Record
    unread: set[str]
    slug: str
    problems: list[Problem]
    key: str = ""


@dataclass(slots=True)
class Tally:
    """Counts what is worth telling, per column and kind. Lives only while one plan is made."""

    one: str = "system"
    cells: dict[tuple[str, str, int], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, note: str, column: str, text: str, longest: int = 0) -> None:
        """Count one cell under a key of NOTES."""
        self.cells[note, column, longest][text.strip()] += 1

    def sentences(self) -> list[str]:
        """Tell what was counted, in the order of NOTES."""
        return [self._sentence(*key, texts) for key, texts in sorted(self.cells.items(), key=self._order)]

    def _order(self, item: tuple[tuple[str, str, int], Counter[str]]) -> tuple[int, str]:
        (note, column, _), _ = item
        return list(NOTES).index(note), column

    def _sentence(self, note: str, column: str, longest: int, texts: Counter[str]) -> str:
        n = texts.total()
        shown = ", ".join(f'"{short(text, 40)}"' for text, _ in texts.most_common(3))
        return NOTES[note].format(
            cells="1 cell" if n == 1 else f"{n:,} cells",
            column=short(column, 60),
            examples=shown + (", …" if len(texts) > 3 else ""),
            longest=longest,
            one=self.one,
            **({"are": "is", "were": "was", "s": "s"} if n == 1 else {"are": "are", "were": "were", "s": ""}),
        )


class Reader:
    """Reads the rows of one table under one mapping."""

    def __init__(self, table: Table, mapping: ColumnMapping, tally: Tally, register: Register) -> None:
        self.register = register
        self.header = table.header
        self.at = {name: i for i, name in enumerate(table.header)}
        self.mapping = mapping
        self.tally = tally
        self.meant = {(name, fold(text)): word for name, text, word in mapping.values}
        self.alone = {mapped.columns[0] for mapped in mapping.fields if len(mapped.columns) == 1}
        self.day_first = {
            mapped.columns[0]: self._day_first([row.cells[self.at[mapped.columns[0]]] for row in table.rows])
            for mapped in mapping.fields
            if register.field[mapped.field].kind == "date"
        }
        self.readings: dict[tuple[str, str], Reading] = {}
        self.undecided = {column for column, decided in self.day_first.items() if decided is None}
        self.comma = {
            mapped.columns[0]: decide_comma([row.cells[self.at[mapped.columns[0]]] for row in table.rows])
            for mapped in mapping.fields
            if register.field[mapped.field].kind in ("whole", "number", "money")
        }

    def _day_first(self, cells: Sequence[str]) -> bool | None:
        return decide_day_first(cells) if self.mapping.day_first is None else self.mapping.day_first

    def draft(self, row: Row) -> Draft:
        """Read one row: the facts it gives, what is kept as it came, and what is wrong in it."""
        cells = [without_guard(cell) for cell in row.cells]
        values: dict[str, Any] = {"name": ""}
        draft = Draft(row=row, facts=self.register.make({}), unread=set(), slug="", problems=[])
        kept: set[str] = {name for name in self.header if name not in self.alone and name != self.mapping.slug_column}
        readings = {}
        for mapped in self.mapping.fields:
            reading = self._read(mapped, cells, draft)
            values[mapped.field] = reading.value
            readings[mapped.field] = reading
            if reading.unread:
                draft.unread.add(mapped.field)
            if not reading.exact and len(mapped.columns) == 1:
                kept.add(mapped.columns[0])
        self._drop_rough(values, readings, kept, draft.unread)
        draft.facts = self.register.make(values, self._source(cells, kept))
        draft.slug = self._slug(cells, draft)
        self.validated(draft)
        return draft

    def _read(self, mapped: MappedField, cells: Sequence[str], draft: Draft) -> Reading:
        about, column = self.register.field[mapped.field], mapped.columns[0]
        text = cells[self.at[column]] if len(mapped.columns) == 1 else self._joined(mapped.columns, cells)
        meant = self.meant.get((about.name, fold(text)))
        if not text.strip() and meant is None:
            self.tally.add("empty", " / ".join(mapped.columns), "")
            return Reading(value=EMPTY[about.kind])
        if meant == "":
            return Reading(value=EMPTY[about.kind], exact=False)
        reading = self._reading(about, column, text if meant is None else meant)
        if meant is not None:
            reading = replace(reading, exact=reading.exact and meant == text.strip(), note="")
        if reading.problem:
            draft.problems.append(problem_in(draft.row.number, column, reading.problem, text))
        elif reading.note:
            self.tally.add(reading.note, " / ".join(mapped.columns), text, about.longest)
        elif column in self.undecided and has_two_readings(text):
            self.tally.add("two readings", column, text)
        return reading

    def _reading(self, about: Field, column: str, text: str) -> Reading:
        """A cell read; the same again is read once, since most columns repeat a few words."""
        found = self.readings.get((about.name, text))
        if found is None:
            found = read_cell(
                about, text, day_first=bool(self.day_first.get(column)), comma=self.comma.get(column)
            )  # fmt: skip
            if len(text) <= LONGEST_KEPT:
                self.readings[about.name, text] = found
        return found

    def _joined(self, columns: Sequence[str], cells: Sequence[str]) -> str:
        """Join "HHS" and "FDA" to "HHS / FDA", once each and without what only says there is nothing."""
        parts = [tidy(cells[self.at[column]]) for column in columns]
        return " / ".join(dict.fromkeys(part for part in parts if part and not NOT_APPLICABLE.fullmatch(part)))

    def _drop_rough(
        self, values: dict[str, Any], readings: Mapping[str, Reading], kept: set[str], unread: set[str]
    ) -> None:
        """A retirement in "2024" must not be called earlier than a deployment in May 2024."""
        end = values.get("retired_on")
        for name in ("started_on", "deployed_on"):
            begin = values.get(name)
            if end and begin and end < begin and (readings["retired_on"].rough or readings[name].rough):
                column = self.mapping.columns_of("retired_on")[0]
                self.tally.add("too rough", column, str(end))
                values["retired_on"] = None
                unread.add("retired_on")
                kept.add(column)

    def _source(self, cells: Sequence[str], kept: set[str]) -> tuple[tuple[str, str], ...]:
        pairs: dict[str, str] = {}
        for column in sorted(self.header, key=lambda name: not name.startswith(SOURCE)):
            text = cells[self.at[column]]
            if column in kept and text.strip():
                pairs[column.removeprefix(SOURCE)] = text
        order = {name.removeprefix(SOURCE): i for i, name in enumerate(self.header)}
        return tuple(sorted(pairs.items(), key=lambda pair: order[pair[0]]))

    def _slug(self, cells: Sequence[str], draft: Draft) -> str:
        column = self.mapping.slug_column
        slug = cells[self.at[column]].strip() if column else ""
        if slug and not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug):
            message = "is not a slug: small letters a to z, digits and single hyphens between them"
            draft.problems.append(problem_in(draft.row.number, column, message, slug))
        return slug

    def validated(self, draft: Draft) -> None:
        """Adds what is wrong with the record, once for each column."""
        reported = {problem.column for problem in draft.problems}
        for found in self.register.problems(draft.facts):
            column = column_of(found.field, self.mapping, self.register)
            if column not in reported:
                text = draft.row.cells[self.at[column]] if column in self.at else ""
                draft.problems.append(problem_in(draft.row.number, column, found.message, text))


def column_of(name: str, mapping: ColumnMapping, register: Register) -> str:
    """Name the column a person has to look at for a field; without one, the field itself."""
    columns = mapping.columns_of(name)
    return columns[0] if columns else register.field[name].label if name in register.field else name


def problem_in(row: int, column: str, message: str, text: str) -> Problem:
    """Say what is wrong with a cell, and quote it."""
    said = f'"{short(text, 60)}" {message}' if text.strip() else message
    return Problem(row=row, column=column, message=said, value=text)
