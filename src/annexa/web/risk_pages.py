"""Pages over all risks: where they stand on the scale, how that went and why it moved, and what a year may cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annexa.answers.errors import UnknownError
from annexa.answers.risks import SINCE, Cell, RatedRisk, RiskMap, TrendPoint, in_money, movers, risk_map, trend
from annexa.pure.registers.risks import RISKS
from annexa.pure.residual import above
from annexa.pure.risk import AREAS, MatrixScale, RiskLevel
from annexa.pure.risk_acceptance import NOBODY
from annexa.pure.risk_money import Losses, Simulated
from annexa.web.asof import as_of
from annexa.web.frame import actor, permitted
from annexa.web.library import AREA_WORDS
from annexa.web.lists import Link, address

MOVED = 10
"""Risks that moved which the page names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One field of the matrix as it is shown: the count, whether that is within the appetite, where its risks are."""

    cell: Cell
    title: str
    colour: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One level of the chart over time: its outline in per cent, its colour and title."""

    level: RiskLevel
    colour: str
    outline: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A loss-exceedance curve: the line in per cent of a logarithmic axis of losses."""

    line: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyLine:
    """What a year of one risk, or of all, may cost in whole units: percentiles, average, the 90th before controls."""

    risk: RatedRisk | None
    percentiles: tuple[int, ...]
    mean: int
    before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyTable:
    """A currency: its risks with what they may cost a year, and the curves of all before controls and as left.

    `chances`: losses with the chance in per cent of a year that costs more. `ticks`: the losses of the axis.
    """

    currency: str
    lines: tuple[MoneyLine, ...]
    left: Simulated
    curves: tuple[Curve, ...]
    chances: tuple[tuple[int, str], ...]
    ticks: tuple[int, ...]
    finding: str


@require_safe
def map_page(request: HttpRequest) -> HttpResponse:
    """The matrix with its counts, the risks behind it, the levels over time, and what moved."""
    now = timezone.now()
    asof = as_of(request, now)
    area = request.GET.get("area", "") if request.GET.get("area", "") in AREAS else ""
    inherent = request.GET.get("before") == "1"
    try:
        days = next((one for one in SINCE if request.GET.get("since") == str(one)), 30)
        found = risk_map(actor=actor(request), now=now, at=asof.at, inherent=inherent, area=area)
        points = trend(actor=actor(request), now=now, area=area)
        moved = [one for one in movers(actor=actor(request), now=now, days=days) if area in ("", one.now.entry.area)]
    except UnknownError as error:
        raise Http404(str(error)) from error
    scale, here = found.rules.scale, reverse("risk-map")
    context = {
        "heading": _("Risk map"),
        "home": reverse("register", args=[RISKS]),
        "now": now,
        "asof": asof,
        "map": found,
        "scale": scale,
        "listed": _listed(found, request.GET.get("cell", "")),
        "every": address(here, request.GET, cell="") if request.GET.get("cell") else "",
        "rows": [(likely, [_box(request, found, one) for one in row])
                 for likely, row in zip(reversed(scale.likelihood), found.rows, strict=True)],
        "sides": [
            Link(label=_("As left by controls"), url=address(here, request.GET, before=""), current=not inherent),
            Link(label=_("Before controls"), url=address(here, request.GET, before="1"), current=inherent),
        ],
        "areas": [
            Link(label=label, url=address(here, request.GET, area=one), current=area == one)
            for one, label in (("", _("All areas")), *((one, str(AREA_WORDS[one])) for one in AREAS))
        ],
        "chart": _drawn(points, scale, found.rules.appetite_of(area)),
        "points": points,
        "moved": moved[:MOVED],
        "more": max(0, len(moved) - MOVED),
        "since": [
            Link(label=_("%(n)d days") % {"n": one}, url=address(here, request.GET, since=one), current=one == days)
            for one in SINCE
        ],
        "days": days,
        "may_choose": permitted(request, "choose_risk_scale"),
    }  # fmt: skip
    return render(request, "risks/map.html", context)


@require_safe
def money_page(request: HttpRequest) -> HttpResponse:
    """What a year may cost, by currency: percentiles of each risk and of all, and the curve of exceedance."""
    try:
        found = in_money(actor=actor(request), now=timezone.now())
    except UnknownError as error:
        raise Http404(str(error)) from error
    tables = [_table(currency, *told) for currency, told in found.items()]
    context = {"heading": _("Risks in money"), "home": reverse("register", args=[RISKS]), "tables": tables}
    return render(request, "risks/money.html", context)


def colour_of(scale: MatrixScale, level: str, appetite: str) -> str:
    """Whether a level is within the appetite, above it, or one that nobody may accept."""
    found = next(one for one in scale.levels if one.id == level)
    if found.accepted_by == NOBODY:
        return "fail"
    return "soon" if above(found, appetite, scale) else "pass"


def _box(request: HttpRequest, found: RiskMap, cell: Cell) -> Box:
    scale, appetite = found.rules.scale, found.rules.appetite_of("")
    return Box(
        cell=cell,
        title=next(one.title for one in scale.levels if one.id == cell.level),
        colour=colour_of(scale, cell.level, appetite),
        url=address(reverse("risk-map"), request.GET, cell=f"{cell.likelihood}x{cell.impact}") + "#listed",
    )


def _listed(found: RiskMap, asked: str) -> tuple[RatedRisk, ...]:
    """The risks of one field of the matrix, all of them if none is asked for."""
    cells = {f"{one.likelihood}x{one.impact}": one.risks for row in found.rows for one in row}
    return cells.get(asked, found.risks)


# --- over time


def _drawn(points: Sequence[TrendPoint], scale: MatrixScale, appetite: str) -> tuple[Area, ...]:
    """The counts by level as stacked areas, the lowest level at the bottom; nothing for a single point."""
    most = max((sum(one.counts.values()) for one in points), default=0)
    if len(points) < 2 or not most:
        return ()
    first, whole = points[0].on, (points[-1].on - points[0].on).days or 1
    made = []
    for number, level in enumerate(scale.levels):
        edges = []
        for upto in (number, number + 1):
            heights = [sum(one.counts[held.id] for held in scale.levels[:upto]) for one in points]
            edges.append(
                [
                    (round(100 * (one.on - first).days / whole, 2), round(100 - 100 * height / most, 2))
                    for one, height in zip(points, heights, strict=True)
                ]
            )
        if edges[0] != edges[1]:
            outline = "M" + "L".join(f"{x:g} {y:g}" for x, y in (*edges[1], *reversed(edges[0]))) + "z"
            made.append(Area(level=level, colour=colour_of(scale, level.id, appetite), outline=outline))
    return tuple(made)


# --- in money


def _table(currency: str, risks: Sequence[RatedRisk], bare: Simulated, left: Simulated) -> MoneyTable:
    least, most = _span(bare)
    lines = [_line(one, left.each[one.slug], bare.each[one.slug]) for one in risks]
    lines.sort(key=lambda line: -line.percentiles[1])
    total = left.together.percentiles
    words = {"p90": f"{known(total[90]):,}", "p99": f"{known(total[99]):,}", "currency": currency}
    finding = _("One year in ten costs %(p90)s %(currency)s or more, one in a hundred %(p99)s") % words
    return MoneyTable(
        currency=currency,
        lines=(*lines, _line(None, left.together, bare.together)),
        left=left,
        curves=tuple(_curve(one, kind, least, most) for one, kind in ((bare, "projected"), (left, "")) if one.curve),
        chances=tuple((known(loss), f"{100 * chance:.1f}") for loss, chance in left.curve),
        ticks=tuple(10**power for power in range(least, most + 1)),
        finding=finding,
    )


def _line(risk: RatedRisk | None, left: Losses, bare: Losses) -> MoneyLine:
    return MoneyLine(
        risk=risk,
        percentiles=tuple(known(value) for value in left.percentiles.values()),
        mean=known(left.mean),
        before=known(bare.percentiles[90]),
    )


def known(value: float) -> int:
    """A simulated amount to three figures, which is more than the ranges that people gave can tell."""
    return round(float(f"{value:.3g}"))


def _span(found: Simulated) -> tuple[int, int]:
    """The powers of ten between which the losses lie."""
    losses = [loss for loss, _chance in found.curve if loss >= 1] or [1.0, 10.0]
    least, most = int(log10(losses[0])), int(log10(losses[-1])) + 1
    return least, max(most, least + 1)


def _curve(found: Simulated, kind: str, least: int, most: int) -> Curve:
    places = [
        (round(100 * (log10(max(loss, 1.0)) - least) / (most - least), 2), round(100 - 100 * chance, 2))
        for loss, chance in found.curve
    ]
    return Curve(line="M" + "L".join(f"{max(0.0, x):g} {y:g}" for x, y in places), kind=kind)


urls = [
    path("risks/map", map_page, name="risk-map"),
    path("risks/money", money_page, name="risk-money"),
]
