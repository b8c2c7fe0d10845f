"""Questions about importing and exporting AI systems: what a file would change, and the register as rows."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, get_args

from django.conf import settings

from annexa.adapters.tables import read_table
from annexa.answers.actors import ask_reads
from annexa.pure.columns import ColumnMapping, guess_columns
from annexa.pure.exports import export_rows
from annexa.pure.facts import ORGANISATION
from annexa.pure.imports import Existing, ImportPlan, keys_for, plan_import
from annexa.pure.mapping_files import MappingFile, override
from annexa.pure.permits import Actor
from annexa.pure.tables import SOURCE, Problem, Table
from annexa.records.systems import AiSystem

SAMPLE = 500
LONGEST_SLUG = 80
RESERVED = frozenset({ORGANISATION, "add", "classification", "export", "import"})
"""Words no AI system may have as its slug: the scope of the whole organisation, and addresses of our own pages."""
LONGEST_SHEET_CELL = 32_767

Format = Literal["csv", "xlsx", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)


class ExportError(ValueError):
    """The register does not fit the format that was asked for; the message names one that takes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A file as it was understood, and what importing it would do to the register as it was then.

    `mark` is that of the register as it was: the import is refused when it is another one by then.
    """

    name: str
    sha256: str
    table: Table
    guess: ColumnMapping
    mapping: ColumnMapping
    plan: ImportPlan
    mark: str


def plan_systems(
    *,
    actor: Actor,
    data: bytes,
    name: str,
    said: MappingFile | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> Planned:
    """What importing this file would do, without doing it. `said`: what somebody wrote about its columns.

    Raises TableError for a file that is no table, MappingError for columns it does not have.
    """
    table = read_table(data, name=name, encoding=encoding, sheet=sheet, limit_bytes=settings.UPLOAD_LIMIT_BYTES)
    guess = guess_columns(table.header, table.rows[:SAMPLE])
    mapping = override(guess, said, table.header) if said else guess
    systems = existing_systems(actor=actor)
    plan = plan_import(table, mapping, keys_for((system for system, _ in systems), mapping))
    return Planned(
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        table=table,
        guess=guess,
        mapping=mapping,
        plan=without_bad_slugs(plan, mapping, RESERVED),
        mark=register_mark((system.slug, changed_at) for system, changed_at in systems),
    )


def existing_systems(*, actor: Actor) -> list[tuple[Existing, datetime]]:
    """Every system of the register, oldest first, with when it last changed."""
    return [
        (Existing(slug=row.slug, facts=row.facts()), row.changed_at)
        for row in AiSystem.objects.visible_to(actor).order_by("id").iterator(500)
    ]


def register_mark(systems: Iterable[tuple[str, datetime]]) -> str:
    """A digest that differs as soon as a system was added or changed; `systems`: slug and last change, oldest first."""
    digest = hashlib.sha256()
    for slug, changed_at in systems:
        digest.update(f"{slug} {changed_at.timestamp():.6f}\n".encode())
    return digest.hexdigest()


def export_systems(*, actor: Actor, file_format: Format, slugs: Sequence[str] | None = None) -> bytes:
    """A file of the register, or of these systems in this order, that an import reads back without loss.

    Raises ExportError for a cell that is too long for a spreadsheet, UnknownError for who may read nothing.
    """
    ask_reads(actor)
    systems = [system for system, _ in existing_systems(actor=actor)]
    if slugs is not None:
        by_slug = {system.slug: system for system in systems}
        systems = [by_slug[slug] for slug in slugs if slug in by_slug]
    header, rows = export_rows(systems)
    return file_of(header, rows, file_format, title="AI systems")


def file_of(header: Sequence[str], rows: Sequence[Sequence[str]], file_format: Format, *, title: str) -> bytes:
    """Rows as a file. `title`: of the sheet. Raises ExportError for a cell that is too long for a spreadsheet."""
    if file_format == "xlsx":
        return _as_xlsx(header, rows, title)
    return (_as_csv if file_format == "csv" else _as_json)(header, rows)


def _as_csv(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([header, *rows])
    return out.getvalue().encode()


def _as_json(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """A list of objects; what no column of ours takes is left out where it is empty."""
    listed = [
        {name: cell for name, cell in zip(header, row, strict=True) if cell or not name.startswith(SOURCE)}
        for row in rows
    ]
    return json.dumps(listed, ensure_ascii=False, indent=1).encode() + b"\n"


def _as_xlsx(header: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> bytes:
    for row in rows:
        longest = max(len(cell) for cell in row)
        if longest > LONGEST_SHEET_CELL:
            message = f"{row[0]} has a text of {longest:,} characters; a spreadsheet cell holds {LONGEST_SHEET_CELL:,}"
            raise ExportError(f"{message}. Export as CSV or JSON.")
    import openpyxl  # read only for who wants a workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    for row in (header, *rows):
        sheet.append([ILLEGAL_CHARACTERS_RE.sub("", cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def without_bad_slugs(plan: ImportPlan, mapping: ColumnMapping, reserved: frozenset[str]) -> ImportPlan:
    """The plan with a problem for every new record whose slug could not stand in an address."""
    found = [
        Problem(row=row.row, column=mapping.slug_column, message=message, value=row.slug)
        for row in plan.rows
        if row.outcome == "added" and (message := _slug_problem(row.slug, reserved))
    ]
    if not found:
        return plan
    bad = {problem.row for problem in found}
    problems = tuple(sorted((*plan.problems, *found), key=lambda problem: problem.row))
    return replace(plan, rows=tuple(row for row in plan.rows if row.row not in bad), problems=problems)


def _slug_problem(slug: str, reserved: frozenset[str]) -> str:
    if slug in reserved:
        return f'"{slug}" is a word of Annexa\'s own addresses; choose another slug'
    if len(slug) > LONGEST_SLUG:
        return f"has {len(slug):,} characters; {LONGEST_SLUG} are allowed"
    return ""
