"""What AI systems did, on pages: of all of them, of one over time and event by event, a conversation with its proof."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_POST, require_safe

from annexa.actions.activity import LARGEST, draw_sample, note_reading
from annexa.activity import ActivityError
from annexa.answers.activity import (
    READERS,
    activity_of,
    one_event,
    quarantined,
    sample_named,
    samples_of,
    system_read,
    systems_active,
    together,
)
from annexa.answers.activity_files import FORMATS, exporting
from annexa.answers.activity_parts import instant, microseconds
from annexa.answers.activity_sources import SourceLine, choice_now, list_sources
from annexa.answers.errors import UnknownError
from annexa.pure.events import Kept
from annexa.pure.fields import tidy
from annexa.pure.messages import Turn, readable, shown, turns_of
from annexa.pure.permits import Refusal, may_somewhere
from annexa.web.activity_charts import DAY_US, charts_of, said_time
from annexa.web.forms import see, text_field, tried
from annexa.web.frame import actor, permitted, person
from annexa.web.lists import Link, address
from annexa.web.refused import refused

if TYPE_CHECKING:
    from annexa.activity.query import Asked, Found

DAYS = (1, 7, 30, 90, 365)
USUAL_DAYS = 30
NARROWING = ("kind", "model", "outcome", "user", "text", "failed")
"""What an address narrows the events by, beside their time."""
OF_CONTENT = ("user", "text")
"""Those of them that only who may read what was said can ask by."""
PAGE = 25
HOURLY = timedelta(days=3)
"""Up to so long a time is shown by the hour, a longer one by the day."""
SILENT = timedelta(days=1)
"""A source that was heard and then says nothing for so long is called silent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An event in a list."""

    found: "Found"
    at: datetime
    latency: str
    tokens: int | None
    what: str
    trace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was said of one kind, as turns."""

    title: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A filter of the list: its name in the address, what it is called, its values with how often they come."""

    name: str
    label: str
    options: tuple[tuple[str, str, bool], ...]


def told(request: HttpRequest, error: ActivityError) -> HttpResponse:
    """The page for a log that cannot be looked into now."""
    return refused(request, status=503, title=_("The activity log cannot be looked into"), text=str(error))


@require_safe
def activity(request: HttpRequest) -> HttpResponse:
    """What all AI systems did lately, and what sends it."""
    now = timezone.now()
    whole = permitted(request, "read")
    if isinstance(may_somewhere(actor(request), "read"), Refusal):
        raise Http404("For who reads an AI system.")
    try:
        systems = systems_active(actor=actor(request), now=now)
        waiting = quarantined() if whole else ()
    except ActivityError as error:
        return told(request, error)
    sources = list_sources(actor=actor(request), now=now)
    context = {
        "heading": _("Activity"),
        "systems": systems,
        "day": sum(one.day for one in systems),
        "sources": _heard(sources, now),
        "waiting": sum(one.events for one in waiting),
        "groups": len(waiting),
        "now": now,
        "may_open": permitted(request, "open_activity_source"),
        "may_choose": permitted(request, "choose_activity"),
    }
    return render(request, "activity/index.html", context)


@require_safe
def system(request: HttpRequest, slug: str) -> HttpResponse:
    """What one system did: over time, and its events by what the address asks for."""
    return _system(request, slug, None)


def _system(request: HttpRequest, slug: str, wrong: "SampleForm | None") -> HttpResponse:
    """The page of a system; `wrong`: the form of a sample that could not be drawn."""
    now = timezone.now()
    asked, days = asked_of(request.GET, now=now)
    step = DAY_US if (asked.until or 0) - (asked.since or 0) > HOURLY // timedelta(microseconds=1) else DAY_US // 24
    try:
        found = activity_of(
            actor=actor(request),
            slug=slug,
            asked=asked,
            step=step,
            after=request.GET.get("after", "")[:120],
            limit=PAGE,
        )
        if found.content and found.asked.reads_content:
            _note(request, slug, "searched", {"user": asked.user, "text": asked.text})
        drawn = samples_of(actor=actor(request), slug=slug)
    except UnknownError as error:
        raise Http404(str(error)) from error
    except ActivityError as error:
        return told(request, error)
    here = reverse("system-activity", args=[slug])
    context = {
        "heading": found.system.name,
        "system": found.system,
        "activity": found,
        "charts": charts_of(found.over, since=(asked.since or 0) // step * step, until=asked.until or 0, step=step),
        "lines": [_line(one) for one in found.events],
        "days": [
            Link(
                label=_days(n), url=address(here, request.GET, days=n, since="", until="", after=""), current=n == days
            )
            for n in DAYS
        ],
        "query": request.GET,
        "span": _span(asked, days),
        "unfiltered": address(here, request.GET, **dict.fromkeys((*NARROWING, "after"), "")),
        "without": sum(one.events for one in found.facets["kind"]),
        "filtered": any(request.GET.get(name) for name in NARROWING if found.content or name not in OF_CONTENT),
        "choices": [_choice(request.GET, found, name, label) for name, label in FILTERS],
        "newest": address(here, request.GET, after=""),
        "next": address(here, request.GET, after=found.more) if found.more else "",
        "exports": [
            Link(label=label, url=address(reverse("activity-export", args=[slug]), request.GET, format=name, after=""))
            for name, label in FORMATS.items()
        ],
        "sources": _heard(list_sources(actor=actor(request), now=now, system=slug), now),
        "choice": choice_now(slug),
        "may_open": permitted(request, "open_activity_source"),
        "may_choose": permitted(request, "choose_activity", slug),
        "may_sample": permitted(request, "sample_activity", slug) and found.over.total.events,
        "sample": wrong or SampleForm(auto_id="sample-%s", initial={"size": 25}),
        "wrong": wrong,
        "samples": drawn,
        "now": now,
    }
    return render(request, "activity/system.html", context, status=422 if wrong else 200)


@require_safe
def event(request: HttpRequest, slug: str, leaf: str) -> HttpResponse:
    """One event: what was said, what came of it, and its proof."""
    try:
        found = one_event(actor=actor(request), slug=slug, leaf=leaf)
        if found.content and found.found.event.source != READERS:
            _note(request, slug, "read event", {"leaf": leaf})
    except UnknownError as error:
        raise Http404(str(error)) from error
    except ActivityError as error:
        return told(request, error)
    one = found.found.event
    context = {
        "heading": _line(found.found).what,
        "one": found,
        "event": one,
        "line": _line(found.found),
        "facts": _facts(found.found),
        "said": said_of(found.found),
        "trace": one.trace_id.hex() if one.trace_id else "",
        "features": sorted(one.features.items()),
        "attributes": shown(one.attributes or ""),
        "erased": bool(found.found.digest),
    }
    return render(request, "activity/event.html", context)


@require_safe
def conversation(request: HttpRequest, slug: str) -> HttpResponse:
    """A conversation, or a trace, from its first event to its last."""
    named = {"conversation": request.GET.get("conversation", "")[:500], "trace_id": request.GET.get("trace", "")[:64]}
    if not any(named.values()):
        raise Http404("Say which conversation or trace.")
    try:
        found = together(actor=actor(request), slug=slug, **named)
        if any(one.salt for one in found):
            _note(request, slug, "read conversation", {name: one for name, one in named.items() if one})
    except UnknownError as error:
        raise Http404(str(error)) from error
    except ActivityError as error:
        return told(request, error)
    context = {
        "heading": _("Conversation") if named["conversation"] else _("Trace"),
        "slug": slug,
        "name": system_read(actor=actor(request), slug=slug).name,
        "named": named["conversation"] or named["trace_id"],
        "lines": [(_line(one), said_of(one)) for one in found],
        "sealed": sum(one.sealed for one in found),
        "content": any(one.salt for one in found),
    }
    return render(request, "activity/conversation.html", context)


@require_safe
def export(request: HttpRequest, slug: str) -> HttpResponse | StreamingHttpResponse:
    """The events that the address asks for, as a file, while it is being read."""
    asked, _days_asked = asked_of(request.GET, now=timezone.now())
    chosen = request.GET.get("format", "csv")
    try:
        found = exporting(actor=actor(request), slug=slug, asked=asked, chosen=chosen if chosen in FORMATS else "csv")
        if found.content:
            _note(request, slug, "exported", {"format": chosen})
    except UnknownError as error:
        raise Http404(str(error)) from error
    except ActivityError as error:
        return told(request, error)
    answer = StreamingHttpResponse(found.parts, content_type=found.content_type)
    answer["Content-Disposition"] = f'attachment; filename="{found.name}"'
    return answer


KEPT_WORDS = {
    Kept.REDACTED: later("Text without personal data and secrets that are recognised"),
    Kept.FULL: later("The text as it came"),
    Kept.DIGEST: later("No text: only keyed digests and lengths"),
}


class SampleForm(forms.Form):
    """How many events to draw, by which seed, for what."""

    size = forms.IntegerField(label=later("How many"), min_value=1, max_value=LARGEST)
    seed = forms.CharField(
        label=later("Seed"), max_length=100, required=False,
        help_text=later("Any word; the same word draws the same events. Without one, chance gives it. It is recorded."),
    )  # fmt: skip
    because = text_field(later("What the sample is for"))


@require_POST
def sample(request: HttpRequest, slug: str) -> HttpResponse:
    """Draws a sample of what the address asks for."""
    asked, _days_asked = asked_of(request.GET, now=timezone.now())
    made = []

    def do(given: Any) -> str:
        made.append(
            draw_sample(
                actor=actor(request), person=person(request), system=slug, asked=asked, now=timezone.now(), **given
            )
        )
        return _("%(size)s of %(all)s events drawn") % {"size": made[0].size, "all": f"{made[0].population:,}"}

    form, back = SampleForm(request.POST, auto_id="sample-%s"), reverse("system-activity", args=[slug])
    try:
        answer = tried(request, form, do, back=back)
    except ActivityError as error:
        return told(request, error)
    if made:
        return see(reverse("activity-sample", args=[slug, made[0].id]))
    return answer or _system(request, slug, form)


@require_safe
def drawn(request: HttpRequest, slug: str, sample: str) -> HttpResponse:
    """A sample: how it was drawn, and its events."""
    try:
        row, found = sample_named(actor=actor(request), slug=slug, sample=sample)
    except UnknownError as error:
        raise Http404(str(error)) from error
    except ActivityError as error:
        return told(request, error)
    context = {
        "heading": _("Sample of %s events") % row.size,
        "slug": slug,
        "name": system_read(actor=actor(request), slug=slug).name,
        "sample": row,
        "lines": [_line(one) for one in found],
        "gone": row.size - len(found),
        "now": timezone.now(),
    }
    return render(request, "activity/sample.html", context)


FILTERS = (("kind", later("Kind")), ("model", later("Model")), ("outcome", later("Outcome")))


def asked_of(query: QueryDict, *, now: datetime) -> "tuple[Asked, int]":
    """What an address asks for, and the number of days it names, 0 where it names dates; what makes no sense is left
    out."""
    from annexa.activity.query import Asked

    days = next((n for n in DAYS if query.get("days") == str(n)), USUAL_DAYS)
    first, last = _day(query.get("since", "")), _day(query.get("until", ""))
    if first or last:
        days = 0
        last = last or now.date()
        first = min(first or last - timedelta(days=USUAL_DAYS), last)
        since, until = _begin(first), _begin(last + timedelta(days=1))
    else:
        until = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        until = until if days == 1 else _begin(now.date() + timedelta(days=1))
        since = until - timedelta(days=days)
    asked = Asked(
        since=microseconds(since),
        until=microseconds(until),
        kinds=tuple(query.getlist("kind")[:20]) if query.get("kind") else (),
        models=tuple(query.getlist("model")[:20]) if query.get("model") else (),
        outcomes=tuple(query.getlist("outcome")[:20]) if query.get("outcome") else (),
        user=query.get("user", "")[:300].strip(),
        text=query.get("text", "")[:300].strip(),
        failed=bool(query.get("failed")),
        without_source="" if query.get("kind") == "access" else READERS,
    )
    return asked, days


def said_of(found: "Found") -> list[Said]:
    """What was said in an event, in the order in which it was."""
    one = found.event
    texts = (
        (_("Instructions"), one.instructions), (_("Input"), one.input), (_("Tool is asked"), one.tool_arguments),
        (_("Tool answers"), one.tool_result), (_("Output"), one.output), (_("Explanation"), one.explanation),
    )  # fmt: skip
    return [Said(title=title, turns=turns_of(text)) for title, text in texts if text]


def _line(found: "Found") -> Line:
    one = found.event
    tokens = (
        None
        if one.input_tokens is None and one.output_tokens is None
        else (one.input_tokens or 0) + (one.output_tokens or 0)
    )
    return Line(
        found=found, at=instant(one.at), latency=said_time(found.latency_ms), tokens=tokens,
        what=tidy(one.name or one.tool or one.operation or one.kind.replace("_", " "))[:120].capitalize(),
        trace=one.trace_id.hex() if one.trace_id else "",
    )  # fmt: skip


def _heard(sources: "Sequence[SourceLine]", now: datetime) -> list[tuple[SourceLine, bool]]:
    """Sources, each with whether it fell silent."""
    return [(one, bool(one.heard_at and not one.closed and now - one.heard_at > SILENT)) for one in sources]


def _choice(query: QueryDict, found: Any, name: str, label: Any) -> Choice:
    groups = found.facets[name]
    options = [(one.values[0], one.events) for one in groups if one.values[0]]
    options += [(one, 0) for one in query.getlist(name) if one and one not in {value for value, _many in options}]
    return Choice(
        name=name, label=str(label),
        options=tuple(
            (value, f"{value.replace('_', ' ')} ({many:,})", query.get(name) == value) for value, many in options
        ),
    )  # fmt: skip


def _facts(found: "Found") -> list[tuple[str, str]]:
    """What the head of an event says, for people; users only where they may be seen."""
    one = found.event
    cost = "" if one.cost is None else f"{one.cost:,.6g} {one.currency or ''}"
    tokens = [
        f"{many:,} {word}"
        for many, word in ((one.input_tokens, _("in")), (one.output_tokens, _("out")))
        if many is not None
    ]
    listed = (
        (_("Kind"), one.kind.replace("_", " ")), (_("Operation"), one.operation), (_("Provider"), one.provider),
        (_("Model"), one.model), (_("Model version"), one.model_version), (_("Version"), one.version),
        (_("Environment"), one.environment), (_("Service"), one.service), (_("Agent"), one.agent),
        (_("Tool"), one.tool),
        (_("Looked up in"), one.reference_data), (_("User"), one.user), (_("On behalf of"), one.on_behalf_of),
        (_("Took"), said_time(found.latency_ms) if found.latency_ms is not None else ""),
        (_("Tokens"), ", ".join(tokens)),
        (_("Cost"), cost.strip()), (_("Stopped by"), one.finish), (_("Prediction"), one.prediction),
        (_("Score"), "" if one.score is None else f"{one.score:g}"), (_("True value"), one.label),
        (_("Evaluation"), one.evaluation), (_("Decision"), one.decision), (_("Verified by"), one.reviewers),
        (_("Source"), one.source), (_("Kept"), _kept(one.kept)),
        (_("Received"), date_format(instant(one.received_at), "j M Y H:i:s") + " UTC"),
        (_("Trace"), one.trace_id.hex() if one.trace_id else ""), (_("Span"), one.span_id.hex() if one.span_id else ""),
        (_("Its own number"), one.record_id),
    )  # fmt: skip
    return [(label, readable(value)[:300]) for label, value in listed if value]


def _kept(kept: str) -> str:
    """What is kept of a text, in words; a word that is not known stays."""
    return str(KEPT_WORDS.get(Kept(kept), kept)) if kept in set(Kept) else kept


def _note(request: HttpRequest, slug: str, what: str, about: dict[str, Any]) -> None:
    if request.method != "HEAD":
        note_reading(actor=actor(request), system=slug, what=what, about=about, now=timezone.now())


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said)
    except ValueError:
        return None


def _begin(on: date) -> datetime:
    return datetime.combine(on, time(), UTC)


def _span(asked: "Asked", days: int) -> str:
    """The time that is asked for, as the end of a sentence."""
    if days:
        return _("in the last 24 hours") if days == 1 else _("in the last %s days") % days
    first, last = instant(asked.since or 0).date(), instant((asked.until or 1) - 1).date()
    if first == last:
        return _("on %s") % date_format(first, "j M Y")
    return _("from %(first)s to %(last)s") % {
        "first": date_format(first, "j M Y"), "last": date_format(last, "j M Y"),
    }  # fmt: skip


def _days(n: int) -> str:
    return _("Last 24 hours") if n == 1 else _("A year") if n == 365 else _("%s days") % n


urls = [
    path("activity", activity, name="activity"),
    path("systems/<slug:slug>/activity", system, name="system-activity"),
    path("systems/<slug:slug>/activity/conversation", conversation, name="activity-conversation"),
    path("systems/<slug:slug>/activity/export", export, name="activity-export"),
    path("systems/<slug:slug>/activity/sample", sample, name="activity-draw"),
    path("systems/<slug:slug>/activity/sample/<str:sample>", drawn, name="activity-sample"),
    path("systems/<slug:slug>/activity/events/<str:leaf>", event, name="activity-event"),
]
