"""Two frameworks side by side: the finding in numbers, ribbons or a matrix of groups, and every pair behind it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import ceil
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annexa.answers.errors import UnknownError
from annexa.answers.mappings import OTHERS, Asked, Choice, Comparison, Connection, Group, Side, as_csv, choice, compare
from annexa.pure.mappings import STRONGEST, SUREST
from annexa.pure.posture import Verdict
from annexa.web.asof import AsOf, as_of
from annexa.web.frame import actor
from annexa.web.templatetags.face import relation

VIEWS = ("flow", "matrix", "table")
ROWS = 50
CONCLUDED_ROWS = 25
"""A conclusion has the reasons of both mappings that it rests on, and so the length of two rows."""
FIRST_GAPS = 8
KEPT = (
    "from", "to", "show", "group", "target_group", "requirement", "relation", "confidence", "concluded", "at",
    "hindsight",
)  # fmt: skip
"""The parameters of the address, in its order."""

ROW_HEIGHT = 26.0
"""A label in 12 px and the 24 px that a finger needs."""
HEIGHT = 420.0
"""What the ribbons of one side come to together, in pixels, if they are neither too thin nor too thick for it."""
THINNEST, THICKEST = 1.2, 7.0
LONGEST_LABEL = 38


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A group at its side of the drawing: where its words stand, where its bar is, and the way to its pairs."""

    key: str
    title: str
    text: str
    count: int
    url: str
    y: float
    bar_y: float
    bar: float
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ribbon:
    """What runs from one group to one of the other side: its outline in per cent across and pixels down."""

    outline: str
    said: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The whole drawing; `chosen` if a group is, so that the rest steps back."""

    height: int
    left: tuple[Label, ...]
    right: tuple[Label, ...]
    ribbons: tuple[Ribbon, ...]
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """How many pairs two groups have in common: the number, how dark it is, and the way to them."""

    count: int
    shade: int
    url: str
    column: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A pair as a line of the table, with where the organisation stands on either end."""

    pair: Connection
    start: Verdict | None
    end: Verdict | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One choice of a filter, with what it would leave."""

    value: str
    count: int
    url: str
    chosen: bool


@require_safe
def mappings(request: HttpRequest) -> HttpResponse:
    """Any two frameworks beside each other."""
    now = timezone.now()
    asof = as_of(request, now)
    try:
        pair = _pair(request, asof)
        found = None if pair.source == pair.target else _compared(request, pair, asof)
    except UnknownError as error:
        raise Http404(str(error)) from error
    context = {"now": now, "asof": asof, "pair": pair, "found": found, "swap": _swapped(pair, asof)}
    if found is not None:
        context |= _told(request, pair, found, asof)
    return render(request, "mappings/index.html", context)


@require_safe
def mappings_csv(request: HttpRequest) -> HttpResponse:
    """The whole pair as a file: both ends, relation, why, whence, and our verdicts."""
    asof = as_of(request, timezone.now())
    try:
        pair = _pair(request, asof)
        found = _compared(request, pair, asof)
    except UnknownError as error:
        raise Http404(str(error)) from error
    name = f"{pair.source}--{pair.target}.csv"
    return HttpResponse(
        as_csv(found),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _pair(request: HttpRequest, asof: AsOf) -> Choice:
    return choice(
        actor=actor(request),
        now=timezone.now(),
        at=asof.at,
        source=request.GET.get("from", ""),
        target=request.GET.get("to", ""),
    )


def _compared(request: HttpRequest, pair: Choice, asof: AsOf) -> Comparison:
    asked = Asked(
        group=request.GET.get("group", ""),
        target_group=request.GET.get("target_group", ""),
        requirement=request.GET.get("requirement", "").strip(),
        relation=request.GET.get("relation", ""),
        confidence=request.GET.get("confidence", ""),
        concluded={"yes": True, "no": False}.get(request.GET.get("concluded", "")),
    )
    return compare(
        actor=actor(request), source=pair.source, target=pair.target, asked=asked,
        now=timezone.now(), at=asof.at, hindsight=asof.hindsight,
    )  # fmt: skip


def _told(request: HttpRequest, pair: Choice, found: Comparison, asof: AsOf) -> dict[str, Any]:
    """The pair as its templates show it."""
    asked = request.GET.get("requirement", "").strip()
    show = request.GET.get("show", "")
    show = show if show in VIEWS else ("table" if asked else "flow")
    page = Paginator(found.chosen, CONCLUDED_ROWS if found.concluded else ROWS).get_page(request.GET.get("page"))
    return {
        "source": found.source,
        "target": found.target,
        "page": page,
        "rows": [_row(found, one) for one in page.object_list],
        "asked": asked,
        "show": show,
        "views": [(view, said, _url(request, pair, show=view)) for view, said in _views()],
        "flow": flow(request, pair, found) if show == "flow" and found.shown else None,
        "cells": _by_row(_cells(found)) if show == "flow" else None,
        "matrix": list(_matrix(request, pair, found)) if show == "matrix" else None,
        "finding": _finding(found),
        "by_relation": _by_relation(request, pair, found),
        "relations": _options(request, pair, "relation", {one: found.relations[one] for one in STRONGEST}),
        "confidences": _options(request, pair, "confidence", {one: found.confidences[one] for one in SUREST}),
        "dropped": list(_dropped(request, pair)),
        "kept": [
            (name, request.GET[name]) for name in ("show", "concluded", "at", "hindsight") if request.GET.get(name)
        ],
        "others": _others(pair, asof) if not found.shown else (),
        "direct_url": _url(request, pair, concluded="no"),
        "concluded_url": _url(request, pair, concluded="yes"),
        "whole_url": _whole(request, pair),
        "csv_url": f"{reverse('mappings-csv')}{_whole(request, pair).removeprefix(reverse('mappings'))}",
        "first_gaps": found.target.gaps[:FIRST_GAPS],
        "more_gaps": found.target.gaps[FIRST_GAPS:],
    }


def _row(found: Comparison, pair: Connection) -> Row:
    return Row(
        pair=pair,
        start=found.source.verdicts.get(pair.start.id),
        end=found.target.verdicts.get(pair.end.id),
    )


def _views() -> tuple[tuple[str, str], ...]:
    return ("flow", _("Flow")), ("matrix", _("Matrix")), ("table", _("Pairs only"))


# --- addresses ----------------------------------------------------------------------------------------------------


def _url(request: HttpRequest, pair: Choice, **changed: str) -> str:
    """This pair with some parameters set, "" dropping one; the page of the table falls away."""
    asked = {name: request.GET.get(name, "") for name in KEPT} | {"from": pair.source, "to": pair.target} | changed
    return f"{reverse('mappings')}?{urlencode({name: said for name, said in asked.items() if said})}"


def _whole(request: HttpRequest, pair: Choice) -> str:
    """This pair without filters."""
    return _url(request, pair, show="", **dict.fromkeys(KEPT[3:8], ""))


def _swapped(pair: Choice, asof: AsOf) -> str:
    return _fresh(pair.target, pair.source, asof)


def _others(pair: Choice, asof: AsOf) -> list[tuple[str, str]]:
    """What the first framework is mapped to: titles and addresses."""
    return [(one.title, _fresh(pair.source, one.id, asof)) for one in pair.frameworks if pair.mapped[one.id]]


def _fresh(source: str, target: str, asof: AsOf) -> str:
    """Another pair on the same day, without anything chosen in it."""
    asked = urlencode({"from": source, "to": target})
    return f"{reverse('mappings')}?{asked}" + (f"&{asof.query}" if asof.at else "")


def _by_relation(request: HttpRequest, pair: Choice, found: Comparison) -> list[tuple[str, int, str]]:
    """How many of all pairs have each relation, and the way to them."""
    count = Counter(one.related.relation for one in found.shown)
    nothing = dict.fromkeys(("group", "target_group", "requirement", "confidence"), "")
    return [(one, count[one], _url(request, pair, **nothing, relation=one)) for one in STRONGEST if count[one]]


def _options(request: HttpRequest, pair: Choice, name: str, counts: Mapping[Any, int]) -> list[Option]:
    chosen = request.GET.get(name, "")
    return [
        Option(
            value=str(value),
            count=count,
            url=_url(request, pair, **{name: "" if chosen == value else str(value)}),
            chosen=chosen == value,
        )
        for value, count in counts.items()
        if count or chosen == value
    ]


def _dropped(request: HttpRequest, pair: Choice) -> Iterator[tuple[str, str]]:
    """What narrows the table, and the address without it."""
    for name, said in (("group", _("From %(group)s")), ("target_group", _("To %(group)s"))):
        if key := request.GET.get(name, ""):
            group = _("the small groups") if key == OTHERS else key
            yield said % {"group": group}, _url(request, pair, **{name: ""})
    if chosen := request.GET.get("relation", ""):
        yield relation(chosen) if chosen in STRONGEST else chosen, _url(request, pair, relation="")
    if chosen := request.GET.get("confidence", ""):
        yield _("%(word)s confidence") % {"word": chosen}, _url(request, pair, confidence="")
    if asked := request.GET.get("requirement", "").strip():
        yield asked, _url(request, pair, requirement="", show="")


# --- the drawing --------------------------------------------------------------------------------------------------


def flow(request: HttpRequest, pair: Choice, found: Comparison) -> Flow:
    """Groups as two columns, in reading order; a ribbon is as wide as it has pairs, and no label meets another."""
    thickness = min(THICKEST, max(THINNEST, HEIGHT / len(found.shown)))
    height = max(_height(side, thickness) for side in (found.source, found.target))
    left = tuple(_labels(request, pair, found.source, "group", thickness, height))
    right = tuple(_labels(request, pair, found.target, "target_group", thickness, height))
    return Flow(
        height=ceil(height),
        left=left,
        right=right,
        ribbons=tuple(_ribbons(found.cells, left, right, thickness)),
        chosen=any(label.chosen for label in (*left, *right)),
    )


def _slots(side: Side, thickness: float) -> list[float]:
    return [max(ROW_HEIGHT, group.count * thickness + 8) for group in side.groups]


def _height(side: Side, thickness: float) -> float:
    return sum(_slots(side, thickness))


def _labels(
    request: HttpRequest, pair: Choice, side: Side, name: str, thickness: float, height: float
) -> Iterator[Label]:
    """The groups of one side from top to bottom; the shorter side is spread over the height of the taller one."""
    slots = _slots(side, thickness)
    spare = (height - sum(slots)) / len(slots)
    chosen = request.GET.get(name, "")
    ends = accumulate(slot + spare for slot in slots)
    for group, slot, end in zip(side.groups, slots, ends, strict=True):
        middle, bar = end - (slot + spare) / 2, group.count * thickness
        title = _named(group)
        yield Label(
            key=group.key,
            title=title,
            text=title if len(title) <= LONGEST_LABEL else f"{title[: LONGEST_LABEL - 1].rstrip(' ,-')}…",
            count=group.count,
            url=_url(request, pair, **{name: "" if group.key == chosen else group.key}),
            y=round(middle, 1),
            bar_y=round(middle - bar / 2, 1),
            bar=round(bar, 1),
            chosen=group.key == chosen,
        )


def _ribbons(
    cells: Mapping[tuple[str, str], int], left: tuple[Label, ...], right: tuple[Label, ...], thickness: float
) -> Iterator[Ribbon]:
    """The ribbons, each side by side at both ends in the order of the groups there."""
    filled = {label.key: label.bar_y for label in right}
    for start in left:
        top = start.bar_y
        for end in right:
            count = cells.get((start.key, end.key), 0)
            if not count:
                continue
            down, wide = filled[end.key], count * thickness
            upper = f"M0 {top:.1f}C50 {top:.1f} 50 {down:.1f} 100 {down:.1f}"
            lower = f"L100 {down + wide:.1f}C50 {down + wide:.1f} 50 {top + wide:.1f} 0 {top + wide:.1f}Z"
            said = f"{start.key} – {end.key}: {count}"
            yield Ribbon(outline=upper + lower, said=said, chosen=start.chosen or end.chosen)
            top, filled[end.key] = top + wide, down + wide


def _matrix(request: HttpRequest, pair: Choice, found: Comparison) -> Iterator[tuple[Group, str, bool, list[Cell]]]:
    """For each group of the first framework, how many pairs it has with each group of the second."""
    most = max(found.cells.values(), default=1)
    for row in found.source.groups:
        cells = [
            Cell(
                count=(count := found.cells.get((row.key, column.key), 0)),
                shade=0 if not count else 1 + min(3, 4 * (count - 1) // most),
                url=_url(request, pair, group=row.key, target_group=column.key),
                column=_named(column),
                chosen=(row.key, column.key) == (request.GET.get("group"), request.GET.get("target_group")),
            )
            for column in found.target.groups
        ]
        chosen = row.key == request.GET.get("group")
        yield row, _url(request, pair, group="" if chosen else row.key, target_group=""), chosen, cells


def _cells(found: Comparison) -> list[tuple[str, str, int]]:
    """Pairs between groups, in reading order."""
    return [
        (_named(row), _named(column), count)
        for row in found.source.groups
        for column in found.target.groups
        if (count := found.cells.get((row.key, column.key), 0))
    ]


def _by_row(cells: list[tuple[str, str, int]]) -> list[tuple[str, list[tuple[str, int]]]]:
    found: dict[str, list[tuple[str, int]]] = {}
    for row, column, count in cells:
        found.setdefault(row, []).append((column, count))
    return list(found.items())


def _finding(found: Comparison) -> str:
    """What the drawing shows in one sentence: where most pairs run, or how many groups have any."""
    cells, pairs = sorted(_cells(found), key=lambda cell: -cell[2]), len(found.shown)
    if not cells or (len(cells) > 1 and cells[0][2] == cells[1][2]):
        counted = {"n": pairs, "rows": len(found.source.groups), "columns": len(found.target.groups)}
        return _("Pairs between %(rows)d and %(columns)d groups, without a focus: %(n)d") % counted
    start, end, most = cells[0]
    said = {"start": start, "end": end, "most": most, "n": pairs}
    return _("Most run from %(start)s to %(end)s: %(most)d of %(n)d pairs") % said


def _named(group: Group) -> str:
    return _("The small groups") if group.key == OTHERS else f"{group.key} {group.title}"


urls = [
    path("mappings", mappings, name="mappings"),
    path("mappings.csv", mappings_csv, name="mappings-csv"),
]
