"""Registers as files: what a file would change in one, and one as rows that an import reads back without loss."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings

from annexa.adapters.tables import read_table
from annexa.answers.actors import ask_reads
from annexa.answers.imports import (
    SAMPLE,
    Format,
    file_of,
    register_mark,
    without_bad_slugs,
)
from annexa.answers.registers import rows_of, seen_links, targets
from annexa.pure.columns import ColumnMapping, guess_columns
from annexa.pure.exports import export_rows
from annexa.pure.imports import Around, Existing, ImportPlan, keys_for, named_by, plan_import
from annexa.pure.mapping_files import MappingFile, override
from annexa.pure.permits import Actor
from annexa.pure.register import Register
from annexa.pure.registers import REGISTERS
from annexa.pure.tables import Table
from annexa.pure.words import fold
from annexa.records.registers import TABLES

RESERVED = frozenset(
    {
        "about",
        "add",
        "ask",
        "bulk",
        "catalogue",
        "columns",
        "export",
        "found",
        "graph",
        "import",
        "map",
        "money",
        "organisation",
        "requests",
        "scale",
        "views",
    }
)
"""Words no record may have as its slug: addresses of our own pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRegister:
    """A file as it was understood, and what importing it would do to a register as it was then.

    `mark` is that of the register as it was: the import is refused when it is another one by then.
    """

    register: Register
    name: str
    sha256: str
    table: Table
    guess: ColumnMapping
    mapping: ColumnMapping
    plan: ImportPlan
    mark: str


def plan_register(
    *,
    actor: Actor,
    register: Register,
    data: bytes,
    name: str,
    said: MappingFile | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> PlannedRegister:
    """What importing this file would do, without doing it. `said`: what somebody wrote about its columns.

    Raises TableError for a file that is no table, MappingError for columns it does not have.
    """
    table = read_table(data, name=name, encoding=encoding, sheet=sheet, limit_bytes=settings.UPLOAD_LIMIT_BYTES)
    guess = guess_columns(table.header, table.rows[:SAMPLE], register)
    mapping = override(guess, said, table.header, register) if said else guess
    records = existing_records(actor=actor, register=register)
    around = Around(named=_named(actor, register, records), reserved=RESERVED)
    plan = plan_import(table, mapping, keys_for((one for one, _ in records), mapping), register, around)
    return PlannedRegister(
        register=register,
        name=name,
        sha256=hashlib.sha256(data).hexdigest(),
        table=table,
        guess=guess,
        mapping=mapping,
        plan=without_bad_slugs(plan, mapping, RESERVED),
        mark=register_mark((one.slug, changed_at) for one, changed_at in records),
    )


def existing_records(*, actor: Actor, register: Register) -> list[tuple[Existing, datetime]]:
    """Every record of a register, oldest first, with when it last changed."""
    return [
        (Existing(slug=row.slug, facts=row.entry), row.changed_at)
        for row in rows_of(actor, register).defer("words").order_by("id").iterator(2000)
    ]


def export_register(
    *, actor: Actor, register: Register, file_format: Format, slugs: Sequence[str] | None = None
) -> bytes:
    """A file of a register, or of these records in this order, that an import reads back without loss.

    Raises ExportError for a cell that is too long for a spreadsheet, UnknownError for who may read nothing.
    """
    ask_reads(actor)
    records = [one for one, _ in existing_records(actor=actor, register=register)]
    if slugs is not None:
        by_slug = {one.slug: one for one in records}
        records = [by_slug[slug] for slug in slugs if slug in by_slug]
    values = seen_links(actor, register, [one.facts.values for one in records])
    seen = [replace(one, facts=register.replaced(one.facts, of)) for one, of in zip(records, values, strict=True)]
    header, rows = export_rows(seen, register)
    return file_of(header, rows, file_format, title=register.title)


def _named(
    actor: Actor, register: Register, records: Sequence[tuple[Existing, datetime]]
) -> Mapping[str, Mapping[str, str]]:
    """What files may call the records that this register leads to."""
    found: dict[str, Mapping[str, str]] = {}
    for noun in {one.to for one in register.leading}:
        if noun == register.noun:
            found[noun] = named_by((one.slug, one.facts) for one, _ in records)
        elif noun in TABLES:
            rows = rows_of(actor, REGISTERS[noun]).only("slug", "name", *_reference(noun))
            found[noun] = named_by((row.slug, row) for row in rows)
        else:
            listed = targets(actor=actor, noun=noun)
            slugs = {fold(one.slug): one.slug for one in listed}
            found[noun] = {**{fold(one.name): one.slug for one in listed}, **slugs}
    return found


def _reference(noun: str) -> tuple[str, ...]:
    return ("reference",) if "reference" in REGISTERS[noun].field else ()
