"""Monitors of an AI system on pages: which watch it and what they found, one with all its past, and breaches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_safe

from annexa.actions.errors import ConflictError
from annexa.actions.monitor_process import run_now
from annexa.actions.monitoring import choose_monitors, end_breach, freeze_baseline
from annexa.activity import ActivityError
from annexa.answers.errors import UnknownError
from annexa.answers.monitor_history import breaches_of, entries_about, lines_and_runs, proven_by
from annexa.answers.monitors import MonitorLine, MonitorPage, breach_named, monitor_page, system_watched
from annexa.library.monitors import monitors as library_monitors
from annexa.pure.drift import DriftError
from annexa.pure.instants import beginning_of
from annexa.pure.monitor_words import (
    KIND_TITLES,
    axis_words,
    column_words,
    counted,
    line_words,
    looks_at,
    needs,
    number_of,
    span_words,
    value_words,
)
from annexa.pure.monitoring import every
from annexa.pure.monitors import Monitor
from annexa.web.forms import Bound, see, takes_form_of, tried, tried_or_told
from annexa.web.frame import actor, permitted, person
from annexa.web.monitor_figures import STATES, Figure, figure_of
from annexa.web.monitor_forms import ChooseForm, EndForm, FreezeForm, LinesForm, ReasonForm
from annexa.web.refused import refused

if TYPE_CHECKING:
    from annexa.records.monitors import MonitorBreach, MonitorRun

ON_PASSPORT = 6
"""Monitors that the passport of a system shows at most."""
SHOWN = 30
"""Runs that the page of a monitor lists, with every value of each."""
ENDED: Mapping[str, tuple[str, Any]] = {
    "recovered": ("pass", later("Recovered")),
    "finding": ("fail", later("Taken up as a finding")),
    "dismissed": ("idle", later("Dismissed")),
    "off": ("idle", later("Turned off")),
}
"""The mark and the words of how a breach ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A monitor that is off: what it needs, and what of that is not there."""

    line: MonitorLine
    url: str
    needs: str
    window: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A value of a run in words."""

    of: str
    value: str
    n: int
    look: str
    word: Any
    expected: str
    interval: str
    who: str
    because: str


@require_safe
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """What watches a system, open breaches first, then the monitors that are on, and those that are off."""
    return _index(request, slug, {}, 200)


@require_safe
def one(request: HttpRequest, slug: str, monitor: str) -> HttpResponse:
    """One monitor with its past, and what it proves."""
    return _one(request, slug, monitor, {}, 200)


@takes_form_of("system-monitors")
def choose(request: HttpRequest, slug: str) -> HttpResponse:
    """Turns several monitors on."""
    form = ChooseForm(request.POST)

    def do(given: Mapping[str, Any]) -> str:
        made = choose_monitors(
            actor=actor(request), person=person(request), system=slug, chosen=given["chosen"], on=True,
            because=given["because"], now=timezone.now(),
        )  # fmt: skip
        return _("%s now watch it") % len(made) if len(made) > 1 else _("One more watches it")

    _seen(request, slug)
    back = reverse("system-monitors", args=[slug])
    answer = tried(request, form, do, back=back)
    if answer is None and form.errors:
        return _index(request, slug, {"choose": form}, 422)
    return answer or see(back)


@takes_form_of("system-monitors", beyond="breach")
def end(request: HttpRequest, slug: str, breach: str) -> HttpResponse:
    """Deals with a breach."""
    try:
        found = breach_named(actor=actor(request), breach=breach)
    except UnknownError as error:
        raise Http404(str(error)) from error
    if found.system != slug:
        raise Http404(f"There is no breach {breach!r} of {slug}.")
    form = EndForm(request.POST, auto_id=f"{found.id}-%s")

    def do(given: Mapping[str, Any]) -> str:
        end_breach(
            actor=actor(request), person=person(request), breach=found, how=given["how"], because=given["because"],
            now=timezone.now(),
        )  # fmt: skip
        return str(ENDED[given["how"]][1])

    back = reverse("system-monitors", args=[slug])
    answer = tried(request, form, do, back=back)
    if answer is None and form.errors:
        return _index(request, slug, {found.id: form}, 422)
    return answer or see(back)


@takes_form_of("system-monitor")
def switch(request: HttpRequest, slug: str, monitor: str) -> HttpResponse:
    """Turns one monitor on or off."""
    on = request.POST.get("step") == "on"

    def do(given: Mapping[str, Any]) -> str:
        choose_monitors(
            actor=actor(request), person=person(request), system=slug, chosen=[monitor], on=on,
            because=given["because"], now=timezone.now(),
        )  # fmt: skip
        return _("It watches now") if on else _("It watches no more")

    return _done(request, slug, monitor, "switch", ReasonForm(request.POST, auto_id="switch-%s"), do)


@takes_form_of("system-monitor")
def lines(request: HttpRequest, slug: str, monitor: str) -> HttpResponse:
    """Sets lines of the organisation's own."""
    found = _page(request, slug, monitor)
    form = LinesForm(request.POST, monitor=library_monitors()[monitor], auto_id="lines-%s")

    def do(given: Mapping[str, Any]) -> str:
        if not found.line.is_on:
            raise ConflictError(_("It is off; turn it on first."))
        choose_monitors(
            actor=actor(request), person=person(request), system=slug, chosen=[monitor], on=True,
            because=given["because"], now=timezone.now(), thresholds={monitor: form.said()},
        )  # fmt: skip
        return _("These lines hold from the next run on")

    return _done(request, slug, monitor, "lines", form, do)


@takes_form_of("system-monitor")
def freeze(request: HttpRequest, slug: str, monitor: str) -> HttpResponse:
    """Freezes a baseline."""

    def do(given: Mapping[str, Any]) -> str:
        now = timezone.now()
        made = freeze_baseline(
            actor=actor(request), person=person(request), system=slug, monitor=monitor,
            since=beginning_of(given["since"]), until=min(beginning_of(given["until"]) + timedelta(days=1), now),
            because=given["because"], now=now,
        )  # fmt: skip
        return _("Frozen over %s events") % f"{made.rows:,}"

    try:
        return _done(request, slug, monitor, "freeze", FreezeForm(request.POST, auto_id="freeze-%s"), do)
    except (ActivityError, DriftError) as error:
        return refused(request, status=503, title=_("The activity log cannot be looked into"), text=str(error))


@takes_form_of("system-monitor")
def run(request: HttpRequest, slug: str, monitor: str) -> HttpResponse:
    """Runs a monitor now, whether it is due or not."""
    _page(request, slug, monitor)

    def do(_given: Mapping[str, Any]) -> str:
        made = run_now(actor=actor(request), system=slug, monitor=monitor, now=timezone.now())
        return _("It ran: %s") % str(STATES[made.outcome][1]).lower()

    back = reverse("system-monitor", args=[slug, monitor])
    return tried_or_told(request, forms.Form(request.POST), do, wrong=_("It did not run"), back=back)


def watching_of(request: HttpRequest, slug: str) -> Mapping[str, Any] | None:
    """The monitors for the passport of a system, the worst first; None for who does not see the system."""
    try:
        _system, every_one, runs = lines_and_runs(actor=actor(request), slug=slug, most=ON_PASSPORT)
    except UnknownError:
        return None
    on = [one for one in every_one if one.is_on]
    return {
        "figures": [figure_of(one, runs[one.monitor.id], slug=slug) for one in on[:ON_PASSPORT]],
        "on": len(on),
        "breaches": sum(one.breach is not None for one in every_one),
    }


def _index(request: HttpRequest, slug: str, bound: Bound, status: int) -> HttpResponse:
    try:
        system, every_one, runs = lines_and_runs(actor=actor(request), slug=slug)
    except UnknownError as error:
        raise Http404(str(error)) from error
    on = [one for one in every_one if one.is_on]
    form = bound.get("choose") or ChooseForm()
    context = {
        "heading": _("Monitors of %(name)s") % {"name": system.name},
        "now": timezone.now(),
        "system": system,
        "on": len(on),
        "counts": [(STATES[state][1], STATES[state][0], many) for state, many in counted(o.state for o in on).items()],
        "breaches": [_breach(breach, bound) for breach in breaches_of(actor=actor(request), slug=slug)],
        "figures": [figure_of(one, runs[one.monitor.id], slug=slug) for one in on],
        "groups": _offers(every_one, slug),
        "off": len(every_one) - len(on),
        "form": form,
        "marked": request.POST.getlist("chosen") if "choose" in bound else [],
        "wrong": next(iter(bound.values()), None),
        "ledger_url": f"{reverse('ledger')}?q={quote(f'monitor/{slug}/')}",
        "may_choose": permitted(request, "choose_monitors", slug),
        "may_answer": permitted(request, "answer_breach", slug),
    }
    return render(request, "monitors/index.html", context, status=status)


def _one(request: HttpRequest, slug: str, monitor: str, bound: Bound, status: int) -> HttpResponse:
    page, now = _page(request, slug, monitor), timezone.now()
    found, line = page.line.monitor, page.line
    figure = figure_of(line, tuple(reversed(page.runs)), slug=slug)
    context = {
        "heading": found.title,
        "now": now,
        "system": page.system,
        "page": page,
        "line": line,
        "monitor": found,
        "figure": figure,
        "said": _said(line, figure),
        "kind": KIND_TITLES[found.kind],
        "measure": axis_words(found),
        "looks": looks_at(found),
        "needs": "; ".join(needs(found)),
        "every": span_words(every(found)),
        "lines": [(one, line_words(found, one)) for one in sorted(found.thresholds, key=lambda t: t.level != "fail")],
        "own": line.choice is not None and bool(line.choice.thresholds),
        "runs": _runs(found, figure),
        "proves": proven_by(actor=actor(request), monitor=found, slug=slug, now=now),
        "breaches": [_breach(one, bound) for one in page.breaches],
        "entries": entries_about(actor=actor(request), slug=slug, monitor=monitor),
        "ledger_url": f"{reverse('ledger')}?q={quote(f'monitor/{slug}/{monitor}')}",
        "forms": _forms(page, bound, now),
        "opened": next(iter(bound), ""),
        "wrong": next(iter(bound.values()), None),
        "may_choose": permitted(request, "choose_monitors", slug),
        "may_run": line.is_on and permitted(request, "run_monitors", slug),
        "may_answer": permitted(request, "answer_breach", slug),
    }
    return render(request, "monitors/monitor.html", context, status=status)


def _forms(page: MonitorPage, bound: Bound, now: datetime) -> dict[str, forms.Form]:
    """The forms of a monitor's page: as they were refused, or fresh."""
    own = dict(page.line.choice.thresholds) if page.line.choice else {}
    month = {"since": (now - timedelta(days=29)).date(), "until": (now - timedelta(days=1)).date()}
    return {
        "switch": bound.get("switch") or ReasonForm(auto_id="switch-%s"),
        "lines": bound.get("lines")
        or LinesForm(monitor=library_monitors()[page.line.monitor.id], own=own, auto_id="lines-%s"),
        "freeze": bound.get("freeze") or FreezeForm(initial=month, auto_id="freeze-%s"),
    }


def _done(request: HttpRequest, slug: str, monitor: str, kind: str, form: forms.Form, do: Any) -> HttpResponse:
    _page(request, slug, monitor)
    back = reverse("system-monitor", args=[slug, monitor])
    answer = tried(request, form, do, back=back)
    if answer is None and form.errors:
        return _one(request, slug, monitor, {kind: form}, 422)
    return answer or see(back)


def _page(request: HttpRequest, slug: str, monitor: str) -> MonitorPage:
    try:
        return monitor_page(actor=actor(request), slug=slug, monitor=monitor)
    except UnknownError as error:
        raise Http404(str(error)) from error


def _seen(request: HttpRequest, slug: str) -> None:
    try:
        system_watched(actor=actor(request), slug=slug)
    except UnknownError as error:
        raise Http404(str(error)) from error


def _said(line: MonitorLine, figure: Figure) -> str:
    """What it found last: its value where it told one, else why not."""
    if line.last is None or line.state in {"error", "not enough data"}:
        return line.last.says if line.last else ""
    of = column_words(figure.of)
    return f"{of[:1].upper()}{of[1:]}: {figure.value} {figure.meta}." if of else f"{figure.value} {figure.meta}."


def _breach(breach: "MonitorBreach", bound: Bound) -> dict[str, Any]:
    """A breach as it is listed, with the form to deal with it."""
    monitor = library_monitors().get(breach.monitor)
    ended = getattr(breach, "end", None)
    mark, word = ENDED[ended.how] if ended else ("fail", _("Open"))
    return {
        "breach": breach,
        "title": monitor.title if monitor else breach.monitor,
        "url": reverse("system-monitor", args=[breach.system, breach.monitor]),
        "end": ended,
        "mark": mark,
        "word": word,
        "form": bound.get(breach.id) or EndForm(auto_id=f"{breach.id}-%s"),
        "opened": breach.id in bound,
    }


def _offers(every_one: Sequence[MonitorLine], slug: str) -> list[tuple[str, list[Offer]]]:
    """The monitors that are off, by kind."""
    off = sorted((one for one in every_one if not one.is_on), key=lambda one: one.monitor.title)
    found = {kind: [_offer(one, slug) for one in off if one.monitor.kind == kind] for kind in KIND_TITLES}
    return [(KIND_TITLES[kind], offers) for kind, offers in found.items() if offers]


def _offer(one: MonitorLine, slug: str) -> Offer:
    return Offer(
        line=one,
        url=reverse("system-monitor", args=[slug, one.monitor.id]),
        needs=", ".join(needs(one.monitor)),
        window=span_words(one.monitor.window),
    )


def _runs(monitor: Monitor, figure: Figure) -> list[tuple[Any, list[Cell]]]:
    """The latest runs, each with every value of it."""
    return [(ran, _cells(monitor, ran.run)) for ran in figure.rows[:SHOWN]]


def _cells(monitor: Monitor, ran: "MonitorRun") -> list[Cell]:
    return [_cell(monitor, one) for one in ran.reading.get("values", ())]


def _cell(monitor: Monitor, one: Mapping[str, Any]) -> Cell:
    look, word = STATES[one["outcome"]]
    said = partial(value_words, monitor)
    interval = [said(number_of(end)) for end in one["interval"] or ()]
    return Cell(
        of=column_words(one["of"]), value=said(number_of(one["value"])), n=one["n"], look=look, word=word,
        expected=said(number_of(one["expected"])) if one["expected"] is not None else "",
        interval=" – ".join(interval), who=", ".join(one["who"]), because=one["because"],
    )  # fmt: skip


urls = [
    path("systems/<slug:slug>/monitors", index, name="system-monitors"),
    path("systems/<slug:slug>/monitors/choose", choose, name="system-monitors-choose"),
    path("systems/<slug:slug>/monitors/breaches/<slug:breach>", end, name="system-breach"),
    path("systems/<slug:slug>/monitors/<slug:monitor>", one, name="system-monitor"),
    path("systems/<slug:slug>/monitors/<slug:monitor>/switch", switch, name="system-monitor-switch"),
    path("systems/<slug:slug>/monitors/<slug:monitor>/lines", lines, name="system-monitor-lines"),
    path("systems/<slug:slug>/monitors/<slug:monitor>/freeze", freeze, name="system-monitor-freeze"),
    path("systems/<slug:slug>/monitors/<slug:monitor>/run", run, name="system-monitor-run"),
]
