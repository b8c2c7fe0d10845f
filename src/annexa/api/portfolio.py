"""The portfolio: every AI system against every adopted framework, gathered by what the systems are."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router

from annexa.answers.portfolio import portfolio_page
from annexa.api.askers import who
from annexa.api.operations import get
from annexa.api.shapes import At, Instant, Shown, instant, now, shown
from annexa.pure.proofs import rfc3339

router = Router(tags=["portfolio"])
CELL: dict[str, Any] = {"framework": "eu-ai-act", "met": 31, "applicable": 120, "readiness": 0.2583}
ROW: dict[str, Any] = {"value": "high-risk", "systems": 4, "cells": [CELL]}


class Cell(Shown):
    """One framework over a group of systems: requirements met and applying, summed over the systems."""

    model_config = shown(**CELL)

    framework: str
    met: int
    applicable: int
    readiness: float | None


class Row(Shown):
    """A group of AI systems: the value they share, empty if none is recorded."""

    model_config = shown(**ROW)

    value: str
    systems: int
    cells: list[Cell]


class Portfolio(Shown):
    """The portfolio by one grouping, the largest groups first; `left_out`: groups beyond those shown."""

    model_config = shown(
        at="2026-11-20T09:40:00Z", ledger_size=431, by="risk", rows=[ROW], total=ROW, systems=4, left_out=0
    )

    at: Instant
    ledger_size: int
    by: str
    rows: list[Row]
    total: Row
    systems: int
    left_out: int


By = Annotated[
    Literal["risk", "unit", "stage", "owner", "supplier"],
    Query(default="risk", description="What gathers the systems."),
]
Hindsight = Annotated[bool, Query(default=False, description="A past instant as we know now that it was.")]


@get(router, "/portfolio", Portfolio)
def show_portfolio(request: HttpRequest, by: By, at: At, hindsight: Hindsight) -> dict[str, Any]:
    """Show every AI system against every adopted framework, gathered by one thing."""
    page = portfolio_page(actor=who(request).actor, now=now(), at=instant(at), grouping=by, hindsight=hindsight)
    return {
        "at": rfc3339(page.at),
        "ledger_size": page.ledger_size,
        "by": page.grouping,
        "rows": [_row(one) for one in page.rows],
        "total": _row(page.total),
        "systems": page.systems,
        "left_out": page.left_out,
    }


def _row(row: Any) -> dict[str, Any]:
    return {
        "value": row.value,
        "systems": row.systems,
        "cells": [
            {
                "framework": one.framework,
                "met": one.met,
                "applicable": one.applicable,
                "readiness": None if one.readiness is None else round(one.readiness, 4),
            }
            for one in row.cells
        ],
    }
