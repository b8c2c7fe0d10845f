"""The posture over time as a chart: stacked verdicts, past and ahead; each point leads to the page as of its day."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annexa.answers.errors import UnknownError
from annexa.answers.over_time import Extent, OverTime, Point, extent, over_time, system_over_time
from annexa.pure.facts import ORGANISATION
from annexa.pure.instants import InstantError, parse_instant
from annexa.pure.posture import REQUIREMENT_ORDER, Verdict
from annexa.web.frame import actor
from annexa.web.templatetags.face import IN_ORDER

ORDER = tuple(Verdict(word) for word in IN_ORDER if word in set(REQUIREMENT_ORDER))
"""As in every bar, from the bottom."""
EPOCH = date(1970, 1, 1)
YEAR = timedelta(days=330)
"""From here on a span is called a year: it begins at an end of a month."""
GAP = timedelta(days=45)
"""Two points of the past farther apart than a month have one between them on which nothing was judged."""
APART = 20
"""Per cent of the width that the label of a day in law needs."""
TICKS = 4
"""Parts of the axis between its labels."""
DROPPED = ("at", "hindsight")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slider:
    """The days that can be looked at, as a slider counts them: since 1970.

    `shown` is the day of the page, `beyond` whether it lies outside of them; the slider then stands at its end.
    """

    first: int
    last: int
    value: int
    today: int
    shown: date
    beyond: bool
    chart: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One verdict over a run of points, in per cent; `kind` is solid for what was and later for what will be."""

    verdict: Verdict
    kind: str
    outline: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One point: the strip of the chart that leads to its day, and its row in the table."""

    point: Point
    url: str
    x: float
    width: float
    counts: tuple[int, ...]
    percent: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """A day in law: where it stands, how many requirements begin, and whether there is room for its label."""

    on: date
    x: float
    begins: int
    labelled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The whole chart. `top` is the height of the labels above it in pixels, `now` where today stands."""

    areas: tuple[Area, ...]
    was: str
    will_be: str
    now: float
    axis: tuple[date, ...]
    top: int
    laws: tuple[Law, ...]
    points: tuple[Shown, ...]
    verdicts: tuple[Verdict, ...]
    most: int
    finding: str


def slider(request: HttpRequest, chart: str, at: datetime | None, *, now: datetime, scope: str) -> Slider:
    """The slider of a page that shows an instant, None for now; `chart`: whence its chart comes. Cost: one query."""
    reach = extent(actor=actor(request), now=now, scope=scope)
    shown = at.date() if at else reach.today
    stands = min(max(shown, reach.first), reach.last)
    days = [(on - EPOCH).days for on in (reach.first, reach.last, stands, reach.today)]
    query = request.GET.urlencode()
    return Slider(
        first=days[0],
        last=days[1],
        value=days[2],
        today=days[3],
        shown=shown,
        beyond=stands != shown,
        chart=f"{chart}?{query}" if query else chart,
    )


def _chosen(reach: Extent, on: date) -> float | None:
    """Where the chart marks a day; today has a mark of its own."""
    return None if on == reach.today or not reach.first <= on <= reach.last else _Scale(extent=reach, most=1).x(on)


@require_safe
def framework(request: HttpRequest, framework: str) -> HttpResponse:
    """The chart of one framework, for the organisation or one AI system."""
    scope = request.GET.get("scope", "") or ORGANISATION
    try:
        found = over_time(actor=actor(request), now=timezone.now(), framework=framework, scope=scope)
    except UnknownError as error:
        raise Http404(str(error)) from error
    title = found.frameworks[0].title
    return _answer(request, found, reverse("framework", args=[framework]), title)


@require_safe
def system(request: HttpRequest, slug: str) -> HttpResponse:
    """The chart of one AI system over all adopted frameworks that ask something of it."""
    try:
        found = system_over_time(actor=actor(request), now=timezone.now(), slug=slug)
    except UnknownError as error:
        raise Http404(str(error)) from error
    return _answer(request, found, reverse("system", args=[slug]), slug)


def _answer(request: HttpRequest, found: OverTime, page: str, title: str) -> HttpResponse:
    """The chart, on a page of its own where no page is there to take it up."""
    now, typed = timezone.now(), request.GET.get("at", "").strip()
    try:
        shown = parse_instant(typed, now=now).date() if typed else found.extent.today
    except InstantError:  # the page says what is wrong, and shows today
        shown = found.extent.today
    context: dict[str, Any] = {
        "now": now,
        "over": found,
        "chosen": _chosen(found.extent, shown),
        "drawing": drawn(found, page, {name: request.GET.getlist(name) for name in request.GET}),
        "page_url": _url(page, {name: request.GET.getlist(name) for name in request.GET}, found.extent.today, found),
        "title": title,
        "short": found.extent.since is not None and found.extent.first == found.extent.since,
    }
    part = bool(getattr(request, "htmx", None))
    response = render(request, "over_time/_chart.html" if part else "over_time/page.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def drawn(found: OverTime, page: str, kept: Mapping[str, Sequence[str]]) -> Drawing | None:
    """The series as a drawing; None where there is nothing to draw."""
    points = found.points
    most = max((point.applicable for point in points), default=0)
    if not most:
        return None
    scale = _Scale(extent=found.extent, most=most)
    verdicts = tuple(one for one in ORDER if any(point.counts[one] for point in points))
    runs = list(_runs(points, found.extent.today))
    laws = tuple(_laws(found, scale))
    return Drawing(
        areas=tuple(
            Area(verdict=one, kind=kind, outline=scale.area(run, verdicts[: number + 1]))
            for kind, run in runs
            for number, one in enumerate(verdicts)
        ),
        was=" ".join(scale.line(run, kind) for kind, run in runs if kind == "solid"),
        will_be=" ".join(scale.line(run, kind) for kind, run in runs if kind == "later"),
        now=scale.x(found.extent.today),
        axis=tuple(found.extent.first + (found.extent.last - found.extent.first) * n / TICKS for n in range(TICKS + 1)),
        top=32 if laws else 18,
        laws=laws,
        points=tuple(_shown(found, scale, verdicts, page, kept)),
        verdicts=verdicts,
        most=most,
        finding=_finding(found),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """From days and counts to per cent: the first day is 0 across, nothing is 100 down."""

    extent: Extent
    most: int

    def x(self, on: date) -> float:
        whole = (self.extent.last - self.extent.first).days
        return round(100 * (on - self.extent.first).days / whole, 2)

    def y(self, count: int) -> float:
        return round(100 - 100 * count / self.most, 2)

    def area(self, run: Sequence[Point], verdicts: Sequence[Verdict]) -> str:
        """The outline of the last of the verdicts, which stands on those before it."""
        steps = run[0].on >= self.extent.today
        below = self._edge([(one.on, sum(one.counts[v] for v in verdicts[:-1])) for one in run], steps=steps)
        above = self._edge([(one.on, sum(one.counts[v] for v in verdicts)) for one in run], steps=steps)
        return _path([*above, *reversed(below)]) + "z"

    def line(self, run: Sequence[Point], kind: str) -> str:
        """What is met."""
        return _path(self._edge([(one.on, one.met) for one in run], steps=kind == "later"))

    def _edge(self, values: Sequence[tuple[date, int]], *, steps: bool) -> list[tuple[float, float]]:
        """What was is only known at its points; what will be holds until the next day on which something happens."""
        found = [(self.x(on), self.y(count)) for on, count in values]
        if not steps:
            return found
        return [found[0], *(corner for old, new in pairwise(found) for corner in ((new[0], old[1]), new))]


def _path(corners: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in corners)


def _runs(points: Sequence[Point], today: date) -> Iterator[tuple[str, list[Point]]]:
    """The points in runs that belong together: what was, parted where nothing was judged, and what will be."""
    run: list[Point] = []
    for point in (one for one in points if one.on <= today):
        if run and point.on - run[-1].on > GAP:
            yield "solid", run
            run = []
        run.append(point)
    if run:
        yield "solid", run
    if len(ahead := [one for one in points if one.on >= today]) > 1:
        yield "later", ahead


def _laws(found: OverTime, scale: _Scale) -> Iterator[Law]:
    """The days in law; where labels would run into each other, those that are to come and come first have one."""
    taken: list[float] = []
    for on in sorted(found.laws, key=lambda on: (on < found.extent.today, on)):
        x = scale.x(on)
        labelled = all(abs(x - other) >= APART for other in taken)
        taken += [x] if labelled else []
        yield Law(on=on, x=x, begins=found.laws[on], labelled=labelled)


def _shown(
    found: OverTime, scale: _Scale, verdicts: Sequence[Verdict], page: str, kept: Mapping[str, Sequence[str]]
) -> Iterator[Shown]:
    """Every point with the strip that is nearer to it than to its neighbours."""
    places = [scale.x(point.on) for point in found.points]
    borders = [0.0, *((left + right) / 2 for left, right in pairwise(places)), 100.0]
    for point, (left, right) in zip(found.points, pairwise(borders), strict=True):
        yield Shown(
            point=point,
            url=_url(page, kept, point.on, found),
            x=round(left, 2),
            width=round(right - left, 2),
            counts=tuple(point.counts[verdict] for verdict in verdicts),
            percent=_percent(point),
        )


def _url(page: str, kept: Mapping[str, Sequence[str]], on: date, found: OverTime) -> str:
    """The page as of a day, with what its address says besides; today needs no date."""
    query = {name: values for name, values in kept.items() if name not in DROPPED}
    query |= {} if on == found.extent.today else {"at": [on.isoformat()]}
    return page + (f"?{urlencode(query, doseq=True)}" if query else "")


# --- the finding


def _finding(found: OverTime) -> str:
    """What the chart shows, in one sentence."""
    judged = [point for point in found.points if point.readiness is not None]
    today = found.today
    if not judged:
        return _("Nothing applied and nothing will")
    if today is None or today.readiness is None:
        last = [point for point in judged if point.on < found.extent.today]
        if not last:
            return _("Nothing applies today; the first requirements bind on %(day)s") % {"day": _said(judged[0].on)}
        return _("Readiness was %(now)d %% on %(day)s; nothing is judged today") % {
            "now": _percent(last[-1]), "day": _said(last[-1].on),
        }  # fmt: skip
    ahead = [point for point in judged if point.on > found.extent.today]
    return _behind(judged[0], today) + (_ahead(today, ahead) if ahead else "")


def _behind(first: Point, today: Point) -> str:
    words = {"then": _percent(first), "now": _percent(today), "since": _said(first.on)}
    if first.on == today.on:
        return _("Readiness is %(now)d %% today") % words
    year = today.on - first.on > YEAR
    if words["then"] == words["now"]:
        same = _("Readiness is %(now)d %%, as a year ago") if year else _("Readiness is %(now)d %%, as on %(since)s")
        return same % words
    if _share(first) < _share(today):
        rose = _("Readiness rose from %(then)d %% to %(now)d %% in a year")
        return (rose if year else _("Readiness rose from %(then)d %% to %(now)d %% since %(since)s")) % words
    fell = _("Readiness fell from %(then)d %% to %(now)d %% in a year")
    return (fell if year else _("Readiness fell from %(then)d %% to %(now)d %% since %(since)s")) % words


def _ahead(today: Point, ahead: Sequence[Point]) -> str:
    """Where it goes if nobody acts: the lowest point, and the first day of it."""
    lowest = min(ahead, key=_share)
    words = {"then": _percent(lowest), "day": _said(lowest.on)}
    if _share(lowest) < _share(today):
        return _("; if nobody acts it falls to %(then)d %% by %(day)s") % words
    return _("; if nobody acts it does not fall before %(day)s") % {"day": _said(ahead[-1].on)}


def _share(point: Point) -> float:
    return point.readiness or 0.0


def _percent(point: Point) -> int | None:
    """Readiness in whole per cent, never rounded up; None where nothing applies."""
    return None if point.readiness is None else int(100 * point.readiness)


def _said(on: date) -> str:
    return date_format(on, "j F Y")


urls = [
    path("frameworks/<str:framework>/over-time", framework, name="framework-over-time"),
    path("systems/<slug:slug>/over-time", system, name="system-over-time"),
]
