"""Concentration: which suppliers the organisation leans on, drawn and as tables, and what stops if one of them does."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annexa.answers.concentration import Concentration, Leant, concentration, if_it_stops
from annexa.answers.errors import UnknownError
from annexa.pure.concentration import LIMIT
from annexa.web.frame import actor

MOST_BARS = 12
"""Suppliers that are drawn; the table has more."""
THICK = 12
ROW = 38
"""Height of a bar with its name above, in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: where it lies in pixels from above, and in percent of the width what is direct and what is in all."""

    one: Leant
    text_y: int
    y: int
    end: int
    direct: str
    whole: str


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Whom the organisation leans on."""
    found = concentration(actor=actor(request), now=timezone.now())
    drawn = [one for one in found.rows if one.systems][:MOST_BARS]
    context = {
        "heading": _("Concentration"),
        "found": found,
        "heaviest": found.rows[0] if drawn else None,
        "above": [one for one in found.rows if one.above],
        "bars": _bars(drawn, found),
        "thick": THICK,
        "height": ROW * len(drawn),
        "limit": round(100 * LIMIT),
        "limit_x": f"{100 * LIMIT:.2f}",
    }
    return render(request, "concentration/index.html", context)


@require_safe
def one(request: HttpRequest, supplier: str) -> HttpResponse:
    """What stops if one supplier does."""
    try:
        found = if_it_stops(actor=actor(request), slug=supplier, now=timezone.now())
    except UnknownError as error:
        raise Http404(str(error)) from error
    context: dict[str, Any] = {
        "heading": _("If %(supplier)s stops") % {"supplier": found.leant.name},
        "found": found,
        "leant": found.leant,
        "limit": round(100 * LIMIT),
        "units": sorted({one.unit for one in found.stops if one.unit}),
    }
    return render(request, "concentration/one.html", context)


def _bars(rows: Sequence[Leant], found: Concentration) -> list[Bar]:
    return [
        Bar(
            one=one,
            text_y=number * ROW + 13,
            y=number * ROW + 19,
            end=number * ROW + 19 + THICK,
            direct=f"{100 * one.direct / found.systems:.2f}",
            whole=f"{100 * one.systems / found.systems:.2f}",
        )
        for number, one in enumerate(rows)
    ]


urls = [
    path("concentration", overview, name="concentration"),
    path("concentration/<slug:supplier>", one, name="concentration-one"),
]
