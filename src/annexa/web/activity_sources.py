"""What sends events: connecting a system, rules and tokens of a source, what is kept, and what is nobody's."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annexa.actions.activity_sources import (
    assign_activity,
    change_source_rules,
    choose_activity,
    close_source,
    open_source,
    renew_source_token,
)
from annexa.actions.errors import ActionError, InvalidError
from annexa.activity import ActivityError
from annexa.answers.activity import COLUMN_OF, quarantined, system_names, system_read
from annexa.answers.activity_parts import instant
from annexa.answers.activity_sources import SourceLine, choice_now, choices_of, longest_days, source_named
from annexa.answers.errors import UnknownError
from annexa.pure.activity_sources import ENVIRONMENT, MOST_DAYS, SERVICE, Choice, Pattern, Users, rule_said, rules_said
from annexa.pure.events import Kept
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import Refusal
from annexa.web.activity import KEPT_WORDS, told
from annexa.web.again import proven
from annexa.web.forms import see, text_field, tried, tried_or_told
from annexa.web.frame import actor, permit, permitted, person
from annexa.web.refused import refused

USERS_WORDS = {
    Users.PSEUDONYM: later("A pseudonym, the same for the same user"),
    Users.AS_SENT: later("As they were sent"),
}
RULES_HELP = later(
    "One a line: attribute is VALUE → system, or attribute begins VALUE → system; the first that fits decides"
)


class OpenForm(forms.Form):
    """A new source."""

    name = forms.CharField(label=later("Name"), max_length=200, help_text=later("Such as Gateway, or the application"))
    slug = forms.SlugField(label=later("Short name"), max_length=60, help_text=later("Small letters, digits, hyphens"))
    system = forms.ChoiceField(label=later("Its events are of"), required=False)
    rules = text_field(later("Rules, if it sends for several systems"), rows=3, required=False, help_text=RULES_HELP)
    because = text_field(later("Why"), required=False)

    def __init__(self, *args: Any, systems: tuple[tuple[str, str], ...], **more: Any) -> None:
        """`systems`: short names and names to choose from."""
        super().__init__(*args, **more)
        chosen = self.fields["system"]
        assert isinstance(chosen, forms.ChoiceField)  # noqa: S101  as declared above
        chosen.choices = [("", _("several systems, by rules")), *systems]


class RulesForm(forms.Form):
    """Other rules for a source."""

    rules = text_field(later("Rules"), rows=6, required=False, help_text=RULES_HELP)
    because = text_field(later("Why"))


class BecauseForm(forms.Form):
    """A reason."""

    because = text_field(later("Why"))


class ChoiceForm(forms.Form):
    """What is kept, and for how long."""

    kept = forms.ChoiceField(
        label=later("Kept"), choices=[(k.value, w) for k, w in KEPT_WORDS.items()], widget=forms.RadioSelect
    )
    users = forms.ChoiceField(
        label=later("Users"), choices=[(k.value, w) for k, w in USERS_WORDS.items()], widget=forms.RadioSelect
    )
    extra = text_field(
        later("What else is made unreadable"), rows=3, required=False,
        help_text=later("One a line: a name, a space, an expression of RE2, such as staff S[0-9]{6}"),
    )  # fmt: skip
    retention_days = forms.IntegerField(label=later("Kept for days"), min_value=1, max_value=MOST_DAYS)
    because = text_field(later("Why"))


class AssignForm(forms.Form):
    """Whose the events of a sender are that were nobody's."""

    source = forms.CharField(max_length=60)
    attribute = forms.ChoiceField(choices=[(one, one) for one in COLUMN_OF])
    value = forms.CharField(max_length=300)
    system = forms.CharField(label=later("AI system"), max_length=80)
    earlier = forms.BooleanField(label=later("What is there counts, too"), required=False)
    because = forms.CharField(label=later("How you know"), max_length=1_000)


@require_http_methods(["GET", "HEAD", "POST"])
@proven
def connect(request: HttpRequest) -> HttpResponse:
    """What to set where so that events come, and a form that opens a source; its token is in the answer, once."""
    if not permitted(request, "open_activity_source"):
        return refused(
            request, status=403, title=_("Not yours to do"),
            text=_("An administrator opens sources: each gets a token. Ask one, and send them this address."),
        )  # fmt: skip
    about = request.GET.get("system", "")
    choices = system_names(actor=actor(request))
    initial = {"system": about, "slug": about[:60], "name": dict(choices).get(about, "")}
    form = OpenForm(_sent(request), systems=choices, initial=initial)
    made, text = None, ""
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            made, text = open_source(
                actor=actor(request), person=person(request), slug=given["slug"], name=given["name"],
                system=given["system"], rules=rules_said(given["rules"]), because=given["because"], now=timezone.now(),
            )  # fmt: skip
        except InvalidError as error:
            for field, found in error.problems.items():
                form.add_error(field if field in form.fields else None, list(found))
        except ValueError as error:
            form.add_error("rules", str(error))
    context = {
        "heading": _("Connect a system"),
        "form": None if made else form,
        "made": made,
        "text": text,
        "about": about,
        **_addresses(request, text),
    }
    return render(request, "activity/connect.html", context, status=422 if form.errors else 201 if made else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def source(request: HttpRequest, slug: str) -> HttpResponse:
    """A source: its rules, its tokens, how to connect it; its other rules."""
    now = timezone.now()
    line = _line(request, slug)
    form = _rules_form(line, _sent(request))

    def do(given: Mapping[str, Any]) -> str:
        try:
            rules = rules_said(given["rules"])
        except ValueError as error:
            raise InvalidError({"rules": [str(error)]}) from error
        change_source_rules(
            actor=actor(request), person=person(request), source=slug, rules=rules, because=given["because"], now=now
        )
        return _("Other rules hold from now on")

    answer = tried(request, form, do) if request.method == "POST" else None
    if answer is None and request.method == "POST" and not form.errors:
        return see(reverse("activity-source", args=[slug]))
    return answer or _source(request, line, form, BecauseForm(auto_id="end-%s"))


def _source(request: HttpRequest, line: SourceLine, form: forms.Form, end_form: forms.Form) -> HttpResponse:
    """The page of a source with its forms, fresh or as they were refused."""
    now, wrong = timezone.now(), next((one for one in (form, end_form) if one.errors), None)
    context = {
        "heading": line.source.name,
        "line": line,
        "wrong": wrong,
        "rules": [rule_said(one) for one in line.rules],
        "form": form,
        "end_form": end_form,
        "may_change": permitted(request, "change_activity_source") and not line.closed,
        "may_renew": permitted(request, "open_activity_source") and not line.closed,
        "now": now,
        **_addresses(request, ""),
    }
    return render(request, "activity/source.html", context, status=422 if wrong else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@proven
def renew(request: HttpRequest, slug: str) -> HttpResponse:
    """Another token for a source; it is in the answer, once."""
    line = _line(request, slug)
    if request.method != "POST":
        return see(reverse("activity-source", args=[slug]))
    try:
        _token, text = renew_source_token(actor=actor(request), person=person(request), source=slug, now=timezone.now())
    except ActionError as error:
        return refused(request, status=403, title=_("No token was made"), text=str(error))
    context = {
        "heading": line.source.name,
        "made": line.source,
        "text": text,
        "form": None,
        **_addresses(request, text),
    }
    return render(request, "activity/connect.html", context, status=201)


@require_POST
def close(request: HttpRequest, slug: str) -> HttpResponse:
    """Takes nothing from a source any more."""

    def do(given: Mapping[str, Any]) -> str:
        close_source(actor=actor(request), person=person(request), source=slug, now=timezone.now(), **given)
        return _("Nothing is taken from %s any more") % slug

    line, form = _line(request, slug), BecauseForm(request.POST, auto_id="end-%s")
    back = reverse("activity-source", args=[slug])
    answer = tried(request, form, do, back=back)
    if answer is None and form.errors:
        return _source(request, line, _rules_form(line), form)
    return answer or see(back)


def _rules_form(line: SourceLine, sent: QueryDict | None = None) -> RulesForm:
    return RulesForm(sent, initial={"rules": "\n".join(map(rule_said, line.rules))})


@require_http_methods(["GET", "HEAD", "POST"])
def choice(request: HttpRequest, slug: str = ORGANISATION) -> HttpResponse:
    """What is kept of a system's events, or of all others; earlier choices below."""
    back = reverse("activity") if slug == ORGANISATION else reverse("system-activity", args=[slug])
    if slug == ORGANISATION:
        name = _("All other systems")
        if not permitted(request, "read"):
            raise Http404("For who reads the whole organisation.")
    else:
        try:
            name = system_read(actor=actor(request), slug=slug).name
        except UnknownError as error:
            raise Http404(str(error)) from error
    now_kept = choice_now(slug)
    may_choose = permitted(request, "choose_activity", slug)
    initial = {
        "kept": now_kept.kept.value, "users": now_kept.users.value, "retention_days": now_kept.retention_days,
        "extra": "\n".join(f"{one.name} {one.pattern}" for one in now_kept.patterns),
    }  # fmt: skip
    form = ChoiceForm(_sent(request), initial=initial)
    if request.method == "POST" and not may_choose:
        told_why = permit(request, "choose_activity", slug)
        because = told_why.because if isinstance(told_why, Refusal) else ""
        return refused(request, status=403, title=_("Not yours to do"), text=because)

    def do(given: Mapping[str, Any]) -> str:
        choose_activity(
            actor=actor(request), person=person(request), system=slug, now=timezone.now(), because=given["because"],
            choice=Choice(
                kept=Kept(given["kept"]), users=Users(given["users"]), patterns=_patterns(given["extra"]),
                retention_days=given["retention_days"],
            ),
        )  # fmt: skip
        return _("From now on this is kept")

    answer = tried(request, form, do) if request.method == "POST" else None
    if answer is None and request.method == "POST" and not form.errors:
        return see(back)
    context = {
        "heading": _("What is kept"),
        "name": name,
        "slug": "" if slug == ORGANISATION else slug,
        "back": back,
        "choice": now_kept,
        "kept": KEPT_WORDS[now_kept.kept],
        "users": USERS_WORDS[now_kept.users],
        "form": form if may_choose else None,
        "earlier": [(one, KEPT_WORDS[Kept(one.keeps)]) for one in choices_of(actor=actor(request), system=slug)],
        "most": longest_days(),
        "now": timezone.now(),
    }
    return answer or render(request, "activity/choice.html", context, status=422 if form.errors else 200)


@require_safe
def quarantine(request: HttpRequest) -> HttpResponse:
    """Events that nobody knows whose they are, by who sends them."""
    if not permitted(request, "read"):
        raise Http404("For who reads the whole organisation.")
    try:
        groups = quarantined()
    except ActivityError as error:
        return told(request, error)
    rows = []
    for one in groups:
        sent_by, service, environment = one.values
        attribute, value = (SERVICE, service) if service else (ENVIRONMENT, environment)
        rows.append((one, sent_by, service, environment, attribute, value, instant(one.first), instant(one.last)))
    context = {
        "heading": _("Quarantine"),
        "rows": rows,
        "events": sum(one.events for one in groups),
        "systems": system_names(actor=actor(request)),
        "may_assign": permitted(request, "change_activity_source"),
        "now": timezone.now(),
    }
    return render(request, "activity/quarantine.html", context)


@require_POST
def assign(request: HttpRequest) -> HttpResponse:
    """Says whose the events of a sender are."""
    form = AssignForm(request.POST)

    def do(given: Mapping[str, Any]) -> str:
        _rules, assigned = assign_activity(actor=actor(request), person=person(request), now=timezone.now(), **given)
        return (
            _("%(n)s events and all that come are of %(system)s")
            % {"n": f"{assigned.events:,}", "system": given["system"]}
            if assigned
            else _("What comes from now on is of %s") % given["system"]
        )

    try:
        return tried_or_told(request, form, do, wrong=_("Nothing was assigned"), back=reverse("activity-quarantine"))
    except ActivityError as error:
        return told(request, error)


def _sent(request: HttpRequest) -> QueryDict | None:
    """What a form sent, also where it is empty; None where nothing was sent."""
    return request.POST if request.method == "POST" else None


def _patterns(said: str) -> tuple[Pattern, ...]:
    pairs = (one.strip().partition(" ") for one in said.splitlines() if one.strip())
    return tuple(Pattern(name=name, pattern=pattern.strip()) for name, _space, pattern in pairs)


def _line(request: HttpRequest, slug: str) -> SourceLine:
    try:
        return source_named(actor=actor(request), slug=slug, now=timezone.now())
    except UnknownError as error:
        raise Http404(str(error)) from error


def _addresses(request: HttpRequest, text: str) -> dict[str, Any]:
    """What is to be set where, ready to be copied; without a token its place is named."""
    base = request.build_absolute_uri("/").rstrip("/")
    token = text or "annexa_…"
    return {
        "base": base,
        "snippets": (
            (
                _("OpenTelemetry SDK"), "sdk",
                _("In the environment of the program. Content is sent only where it is switched on."),
                f"OTEL_EXPORTER_OTLP_ENDPOINT={base}\nOTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\n"
                f"OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer%20{token}\nOTEL_SERVICE_NAME=my-assistant\n"
                "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true",
            ),
            (
                _("OpenTelemetry Collector"), "collector",
                _("One exporter more in the pipelines that there are. Before Collector 0.144 its name is otlphttp."),
                f"exporters:\n  otlp_http/annexa:\n    endpoint: {base}\n"
                f"    headers:\n      Authorization: Bearer {token}\n"
                "    compression: gzip\nservice:\n  pipelines:\n    traces:\n      exporters: [otlp_http/annexa]",
            ),
            (
                _("LiteLLM proxy"), "litellm",
                _('In the environment, and in config.yaml: callbacks: ["generic_api"]'),
                f"GENERIC_LOGGER_ENDPOINT={base}/api/v1/activity\nGENERIC_LOGGER_HEADERS=Authorization=Bearer {token}",
            ),
            (
                _("Any program"), "lines", _("One JSON object a line, by the names of docs/activity.md."),
                f"curl {base}/api/v1/activity -H 'Authorization: Bearer {token}' \\\n"
                "  -H 'Content-Type: application/x-ndjson' --data-binary @events.ndjson",
            ),
        ),
    }  # fmt: skip


urls = [
    path("activity/connect", connect, name="activity-connect"),
    path("activity/quarantine", quarantine, name="activity-quarantine"),
    path("activity/assign", assign, name="activity-assign"),
    path("activity/kept", choice, name="activity-policy"),
    path("activity/sources/<slug:slug>", source, name="activity-source"),
    path("activity/sources/<slug:slug>/token", renew, name="activity-renew"),
    path("activity/sources/<slug:slug>/close", close, name="activity-close"),
    path("systems/<slug:slug>/activity/kept", choice, name="activity-choice"),
]
