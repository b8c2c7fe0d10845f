"""A table somebody keeps, as it was read and as it is handed out: headings, numbered rows, and what is wrong in it."""

import re
from dataclasses import dataclass
from typing import Literal

SOURCE = "source: "  # heading prefix under which an export carries the cells an import kept as they came
SLUG = "Slug"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing a person has to mend in a file before it can be imported."""

    row: int  # 0 = the file as a whole or its headings
    column: str  # "" = the whole row
    message: str
    value: str = ""

    def __str__(self) -> str:
        where = f"Row {self.row}" if self.row else "Headings"
        return f"{where}, column {self.column}: {self.message}" if self.column else f"{where}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table under the number a person sees beside it."""

    number: int  # spreadsheet row, headings usually being 1; in JSON and YAML the place in the list, from 1
    cells: tuple[str, ...]  # as many as the table has headings


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A file of rows and named columns, whatever format it came in, and how it was understood."""

    format: Literal["csv", "xlsx", "json", "yaml"]
    header: tuple[str, ...]  # distinct, never empty
    rows: tuple[Row, ...]
    encoding: str = ""
    encoding_why: str = ""
    delimiter: str = ""
    sheet: str = ""
    problems: tuple[Problem, ...] = ()


def with_guard(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula (and before our own apostrophes)."""
    return f"'{text}" if re.match(r"'*\s*[=+\-@]", text) else text


def without_guard(text: str) -> str:
    """Take away the apostrophe that with_guard put there."""
    return text[1:] if re.match(r"'+\s*[=+\-@]", text) else text
