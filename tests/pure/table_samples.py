"""Small tables, and the way of any table into the register and out again, for the tests beside this file."""

import csv
import io
from dataclasses import replace

from annexa.adapters.tables import read_table
from annexa.pure.columns import guess_columns
from annexa.pure.exports import export_rows
from annexa.pure.imports import Existing, ImportPlan, keys_for, plan_import
from annexa.pure.mapping_files import override, parse_mapping
from annexa.pure.systems import SystemFacts
from annexa.pure.tables import Row, Table


def table(*lines: list[str]) -> Table:
    header, *rows = lines
    numbered = tuple(Row(number=i, cells=tuple(cells)) for i, cells in enumerate(rows, start=2))
    return Table(format="csv", header=tuple(header), rows=numbered)


def planned(read: Table, existing: list[Existing] | None = None, said: str = "") -> ImportPlan:
    mapping = override(guess_columns(read.header, read.rows), parse_mapping(said), read.header)
    return plan_import(read, mapping, keys_for(existing or [], mapping))


def taken(plan: ImportPlan) -> list[Existing]:
    return [Existing(slug=row.slug or f"s-{row.row}", facts=row.facts) for row in plan.rows]


def kept(facts: SystemFacts) -> dict[str, str]:
    return dict(facts.source)


def written(systems: list[Existing]) -> Table:
    """The table that comes back when an export is written as CSV and read again."""
    header, rows = export_rows(systems)
    out = io.StringIO(newline="")
    csv.writer(out).writerows([header, *rows])
    return read_table(out.getvalue().encode(), name="export.csv")


def same(facts: SystemFacts) -> SystemFacts:
    """Facts without the order of the source columns, which says nothing about a system."""
    return replace(facts, source=tuple(sorted(facts.source)))
