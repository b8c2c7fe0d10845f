"""Obligations: the timeline of the law with what each day means here, then clocks, times to keep and penalties."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from annexa.actions.duties import take_over_duty
from annexa.answers.errors import UnknownError
from annexa.answers.obligations import Dated, Kind, Obligations, entries, obligations, regime_page, taken_over
from annexa.pure.regimes import Moment
from annexa.pure.registers.duties import DUTIES
from annexa.pure.words import short
from annexa.web.forms import takes_form_of, tried_or_told
from annexa.web.frame import actor, permitted, person

ROW = 19
"""Height of one line of text in the timeline."""
MOST_ABOVE, MOST_BELOW = 14, 6
WIDEST = 900
"""How wide the drawing is at least where titles are said, in pixels; a letter takes about six of them."""
LETTER = 6.2
YEAR = 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One day in the timeline: where it stands, how large, what is said of it and on which line.

    `x` is in per cent; `foot` is where the line to the axis ends. A mark without a label has no `y`.
    """

    on: date
    x: float
    r: float
    past: bool
    disputed: bool
    title: str = ""
    said: str = ""
    y: float | None = None
    foot: float = 0
    anchor: str = "end"
    dx: int = -7


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An event of the list with the AI systems it concerns counted by class and by role."""

    one: Dated
    classes: tuple[tuple[str, int], ...]
    roles: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The timeline as numbers: the axis, today, the years, the days, and its finding in a sentence.

    `earlier` days lie before it begins; the table has them.
    """

    height: int
    axis: int
    today: float
    years: tuple[tuple[float, int], ...]
    marks: tuple[Mark, ...]
    earlier: int
    finding: str


@require_safe
def timeline(request: HttpRequest) -> HttpResponse:
    """The timeline, narrowed by regime, adopted frameworks and past or ahead, and what each day ahead means here."""
    now = timezone.now()
    chosen, gone = request.GET.get("regime", ""), request.GET.get("span") == "past"
    everything = request.GET.get("of") == "all"
    try:
        page = obligations(actor=actor(request), now=now, regime=chosen, ours=not everything and not chosen, past=gone)
    except UnknownError as error:
        raise Http404(str(error)) from error
    moments = [one for one in page.moments if not gone or one.on <= page.today]
    context = {
        "now": now,
        "page": page,
        "chosen": chosen,
        "gone": gone,
        "everything": everything or bool(chosen) or not page.adopted,
        "days": _by_day(page.shown),
        "undated": () if gone else page.undated,
        "drawing": drawn(moments, page.today),
        "rows": [(one, one.on <= page.today, _title(page, one)) for one in moments],
        "open": len({one.event.id for one in page.moments if one.event.open and one.on > page.today}),
    }
    return render(request, "obligations/index.html", context)


def _title(page: Obligations, moment: Moment) -> str:
    return next(one.title for one in page.regimes if one.id == moment.regime)


@require_safe
def regime(request: HttpRequest, regime: str) -> HttpResponse:
    """Everything about one regime: its days, clocks, times to keep, penalties and open questions."""
    now = timezone.now()
    try:
        page = regime_page(actor=actor(request), regime=regime, now=now)
    except UnknownError as error:
        raise Http404(str(error)) from error
    context = {
        "now": now,
        "page": page,
        "ahead": _by_day(page.ahead),
        "past": _by_day(page.past),
        "open": sum(1 for one in page.regime.rows if one.open),
        "may_take": permitted(request, DUTIES.change),
        "taken": {key.partition("/")[2] for key in taken_over(actor=actor(request)) if key.startswith(f"{regime}/")},
    }
    return render(request, "obligations/regime.html", context)


@takes_form_of("regime")
def take(request: HttpRequest, regime: str) -> HttpResponse:
    """Takes one event of the timeline into the register of duties; who asks answers for it at first."""

    def do(_given: Mapping[str, Any]) -> str:
        made = take_over_duty(
            actor=actor(request), regime=regime, event=request.POST.get("event", ""), owner=person(request).email,
            now=timezone.now(),
        )  # fmt: skip
        return _("%(name)s is in the register of duties. Say there how it is met.") % {"name": made.name}

    back = reverse("regime", args=[regime])
    return tried_or_told(request, forms.Form(request.POST), do, wrong=_("Nothing was taken over"), back=back)


@require_safe
def facts(request: HttpRequest, kind: Kind) -> HttpResponse:
    """Every clock, every time to keep or every penalty, regime by regime."""
    now = timezone.now()
    everything = request.GET.get("of") == "all"
    try:
        found = entries(actor=actor(request), kind=kind, now=now, ours=not everything)
    except UnknownError as error:
        raise Http404(str(error)) from error
    context: dict[str, Any] = {
        "now": now,
        "kind": kind,
        "everything": everything,
        "found": found,
        "shown": sum(len(rows) for _regime, rows in found),
        "title": {"clocks": _("Clocks"), "retention": _("Retention"), "penalties": _("Penalties")}[kind],
        "rows_template": f"obligations/_{kind}.html",
    }
    return render(request, "obligations/facts.html", context)


def _by_day(found: Iterable[Dated]) -> list[tuple[Dated, list[Shown]]]:
    """The events of each day together; the first of them stands for the day."""
    grouped = groupby(found, key=lambda one: (one.moment.on, one.moment.to_the))
    days = [list(group) for _key, group in grouped]
    return [(some[0], [_shown(one) for one in some]) for some in days]


def _shown(one: Dated) -> Shown:
    systems = one.for_us.systems
    classes = Counter(word for system in systems for word in system.classes or (_("unclassified"),))
    roles = Counter(role.replace("_", " ") for system in systems for role in system.roles)
    return Shown(one=one, classes=tuple(classes.most_common()), roles=tuple(roles.most_common()))


# --- the drawing --------------------------------------------------------------------------------------------------


def drawn(moments: Sequence[Moment], today: date) -> Drawing | None:
    """The timeline as a drawing; None if nothing is left to draw.

    Labels above the axis are of days ahead and end at their day, each later one higher; those below are of past days
    and begin at theirs, each earlier one lower. So neither a label nor its line crosses another, however narrow.
    """
    if not moments:
        return None
    days = {on: list(group) for on, group in groupby(moments, key=lambda one: one.on)}
    start, end = _window(tuple(days), today)
    whole = (end - start).days

    def at(on: date) -> float:
        return round((on - start).days / whole * 100, 2)

    ahead = [on for on in days if on > today][:MOST_ABOVE]
    past = _worth_a_word({on: some for on, some in days.items() if start <= on <= today})
    axis = ROW * len(ahead) + 14
    lines = {on: axis - ROW * (i + 1) + 5 for i, on in enumerate(ahead)}
    lines |= {on: axis + ROW * (i + 2) + 2 for i, on in enumerate(reversed(past))}
    return Drawing(
        height=axis + ROW * (len(past) + 2) + 16,
        axis=axis,
        today=at(today),
        years=_years(start, end, at),
        marks=tuple(
            _mark(on, some, at(on), on <= today, lines.get(on), axis) for on, some in days.items() if on >= start
        ),
        earlier=sum(on < start for on in days),
        finding=_finding(days, today),
    )


def _window(days: Sequence[date], today: date) -> tuple[date, date]:
    """From when to when it is drawn: today never nearer to an edge than two fifths, so that labels have room."""
    ahead = max((max(days) - today).days, 0)
    behind = max((today - min(days)).days, 0)
    late = round(2.5 * YEAR)
    if ahead or sum(0 <= (today - on).days <= late for on in days) >= MOST_BELOW:
        behind = min(behind, late)
    longest = max(ahead, behind, 200)
    back, forth = max(behind, round(longest * 0.64)), max(ahead, round(longest * 0.64))
    return today - timedelta(days=round(back * 1.03)), today + timedelta(days=round(forth * 1.03))


def _worth_a_word(past: dict[date, list[Moment]]) -> list[date]:
    """The last days on which a duty began; if there were few, whatever else happened."""
    binding = [on for on, some in past.items() if any(one.event.requirements for one in some)][-MOST_BELOW:]
    others = [on for on in past if on not in binding]
    return sorted([*binding, *others[len(others) - (MOST_BELOW - len(binding)) :]])[-MOST_BELOW:]


def _years(start: date, end: date, at: Callable[[date], float]) -> tuple[tuple[float, int], ...]:
    """The first days of years, at most eight of them, none at the very edge."""
    found = range(start.year + 1, end.year + 1)
    step = -(-len(found) // 8) or 1
    return tuple((x, year) for year in found[::step] if 3 < (x := at(date(year, 1, 1))) < 97)


def _mark(on: date, some: Sequence[Moment], x: float, past: bool, line: float | None, axis: int) -> Mark:
    said = f"{on:%b %Y}" if some[0].to_the == "month" else _said(on)
    room = int(WIDEST * ((100 - x) if past else x) / 100 / LETTER) - len(said) - 4
    first = max(some, key=lambda one: (not one.event.open, len(one.event.requirements)))
    more = ngettext(" and %d more", " and %d more", len(some) - 1) % (len(some) - 1) if len(some) > 1 else ""
    return Mark(
        on=on,
        x=x,
        r=min(4 + 0.6 * (len(some) - 1), 7),
        past=past,
        disputed=any(one.reading is not None for one in some),
        title=short(first.event.title, max(room - len(more), 12)) + more,
        said=said,
        y=line,
        foot=axis + 4 if past else axis - 4,
        anchor="start" if past else "end",
        dx=7 if past else -7,
    )


def _said(on: date) -> str:
    return f"{on.day} {on:%b %Y}"


def _finding(days: dict[date, list[Moment]], today: date) -> str:
    past = sum(len(some) for on, some in days.items() if on <= today)
    ahead = [(on, some) for on, some in days.items() if on > today]
    text = ngettext("%d event is past", "%d events are past", past) % past
    if not ahead:
        return text
    number = sum(len(some) for _on, some in ahead)
    text += ", " + ngettext("%d is ahead", "%d are ahead", number) % number
    on, some = ahead[0]
    most, many = max(ahead, key=lambda one: len(one[1]))
    text += _("; next on %(day)s, %(title)s") % {"day": _said(on), "title": some[0].event.title}
    if len(many) > 1:
        text += _("; most on one day, %(n)d, on %(day)s") % {"n": len(many), "day": _said(most)}
    return text


urls = [
    path("obligations", timeline, name="obligations"),
    path("obligations/clocks", facts, {"kind": "clocks"}, name="clocks"),
    path("obligations/retention", facts, {"kind": "retention"}, name="retention"),
    path("obligations/penalties", facts, {"kind": "penalties"}, name="penalties"),
    path("obligations/<str:regime>", regime, name="regime"),
    path("obligations/<str:regime>/duties", take, name="take-duty"),
]
