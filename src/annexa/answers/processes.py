"""Which processes of this installation are alive, and what each has counted."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from annexa.records.processes import Process

PATIENCE = timedelta(seconds=60)
"""A live process tells of itself four times in this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """A process that told of itself within the last minute. `figures`: what it had counted then."""

    name: str
    serves: bool
    works: bool
    started_at: datetime
    seen_at: datetime
    figures: dict[str, Any]


def alive(*, now: datetime) -> tuple[Alive, ...]:
    """All of them, by name. One query."""
    rows = Process.objects.filter(seen_at__gte=now - PATIENCE).order_by("name")
    return tuple(
        Alive(
            name=row.name, serves=row.serves, works=row.works, started_at=row.started_at, seen_at=row.seen_at,
            figures=row.figures,
        )
        for row in rows
    )  # fmt: skip
