"""The register as rows and columns that an import reads back without loss."""

from collections.abc import Iterable, Sequence
from datetime import date

from annexa.pure.imports import Existing
from annexa.pure.register import Register
from annexa.pure.systems import SYSTEMS
from annexa.pure.tables import SLUG, SOURCE, with_guard


def export_rows(
    records: Iterable[Existing], register: Register = SYSTEMS
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return headings and rows that an import reads back without loss, safe to open in a spreadsheet."""
    listed = list(records)
    columns = tuple(dict.fromkeys(column for one in listed for column, _ in one.facts.source))
    header = (SLUG, *(about.label for about in register.fields), *(SOURCE + column for column in columns))
    return header, [_export_row(one, register, columns) for one in listed]


def _export_row(record: Existing, register: Register, columns: Sequence[str]) -> tuple[str, ...]:
    kept = dict(record.facts.source)
    cells = [_cell(getattr(record.facts, about.name)) for about in register.fields]
    return tuple(with_guard(cell) for cell in (record.slug, *cells, *(kept.get(column, "") for column in columns)))


def _cell(value: object) -> str:
    if isinstance(value, tuple):
        return "; ".join(str(item) for item in value)
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)
