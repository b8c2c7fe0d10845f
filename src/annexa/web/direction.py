"""Scopes side by side, and the objectives with how far they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annexa.answers.objectives import Direction, Point, Progress, direction
from annexa.pure.registers.objectives import OBJECTIVES
from annexa.pure.registers.scopes import SCOPES
from annexa.records.registers import RegisterRow
from annexa.web.frame import actor

PARTS = {"isms": "ISMS", "aims": "AIMS", "pims": "PIMS"}
COMPARED = (
    "boundaries", "covers", "locations", "roles", "interfaces", "excluded", "exclusion_reason", "version",
    "approved_by", "approved_on", "reviewed_on", "certificate", "certifier", "certificate_scope", "certified_until",
)  # fmt: skip
"""What of the scopes stands side by side, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Values as a line: a path in a box of 100 by 100, the height of the target in per cent, the highest value."""

    line: str
    target: float | None
    top: float
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An objective as the page shows it."""

    one: Progress
    drawing: Drawing | None
    finding: str


@require_safe
def side_by_side(request: HttpRequest) -> HttpResponse:
    """Scopes side by side and every objective with its values."""
    found = direction(actor=actor(request), now=timezone.now())
    context: dict[str, Any] = {
        "scopes": SCOPES,
        "objectives": OBJECTIVES,
        "columns": [(PARTS[one.entry.part], one) for one in found.scopes],
        "lines": _lines(found.scopes),
        "shown": [_shown(one) for one in found.objectives],
        "lead": _lead(found),
    }
    return render(request, "direction/index.html", context)


def _lines(scopes: Sequence[RegisterRow]) -> list[tuple[str, list[Any]]]:
    """What is said of the scopes, line by line; a line that none of them has is left out."""
    lines = [
        (SCOPES.field[name].label, SCOPES.field[name].kind, [_text(one.entry.values[name]) for one in scopes])
        for name in COMPARED
    ]
    return [(label, cells) for label, _kind, cells in lines if any(cells)]


def _text(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, tuple) else value


def _lead(found: Direction) -> str:
    done = sum(one.reached is True for one in found.objectives)
    late = sum(one.overdue for one in found.objectives)
    text = _("%(done)d of %(n)d objectives are reached") % {"done": done, "n": len(found.objectives)}
    return text + (_("; past their day: %(n)d.") % {"n": late} if late else ".")


def _shown(one: Progress) -> Shown:
    return Shown(one=one, drawing=_drawn(one.points, one.row.entry.target), finding=_finding(one))


def _drawn(points: Sequence[Point], target: float | None) -> Drawing | None:
    """The line from the first to the last day; the axis begins at zero, or below for values that do."""
    if len(points) < 2:
        return None
    levels = [one.value for one in points] + ([target] if target is not None else [])
    top, low = max(0.0, *levels), min(0.0, *levels)
    room = (top - low) or 1.0
    days = (points[-1].on - points[0].on).days or 1

    def height(value: float) -> float:
        return round(100 - (value - low) / room * 100, 1)

    spots = [(round((one.on - points[0].on).days / days * 100, 1), height(one.value)) for one in points]
    return Drawing(
        line="M" + "L".join(f"{x} {y}" for x, y in spots),
        target=None if target is None else height(target),
        top=top,
        x=spots[-1][0],
        y=spots[-1][1],
    )


def _finding(one: Progress) -> str:
    if not one.points:
        return _("No value yet")
    unit = f" {one.measured_in}" if one.measured_in else ""
    if one.last is None:
        before = {"value": one.points[-1].value, "unit": unit}
        return _("Nothing to count at present; %(value)g%(unit)s before") % before
    return _("%(value)g%(unit)s, target %(target)s") % {
        "value": one.last.value,
        "unit": unit,
        "target": _("not set") if one.row.entry.target is None else f"{one.row.entry.target:g}{unit}",
    }


urls = [
    path("context", side_by_side, name="context"),
]
