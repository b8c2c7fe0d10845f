"""The register as rows and columns that an import reads back without loss."""

from collections.abc import Iterable, Sequence
from datetime import date

from annexa.pure.imports import ExistingSystem
from annexa.pure.systems import FIELDS
from annexa.pure.tables import SLUG, SOURCE, with_guard


def export_rows(systems: Iterable[ExistingSystem]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return headings and rows that an import reads back without loss, safe to open in a spreadsheet."""
    listed = list(systems)
    columns = tuple(dict.fromkeys(column for system in listed for column, _ in system.facts.source))
    header = (SLUG, *(about.label for about in FIELDS), *(SOURCE + column for column in columns))
    return header, [_export_row(system, columns) for system in listed]


def _export_row(system: ExistingSystem, columns: Sequence[str]) -> tuple[str, ...]:
    kept = dict(system.facts.source)
    cells = [_cell(getattr(system.facts, about.name)) for about in FIELDS]
    return tuple(with_guard(cell) for cell in (system.slug, *cells, *(kept.get(column, "") for column in columns)))


def _cell(value: object) -> str:
    if isinstance(value, tuple):
        return "; ".join(str(item) for item in value)
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)
