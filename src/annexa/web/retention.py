"""How long the activity log is kept, what is held, and what people said that is to be erased."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annexa.actions.retention import ask_erasure, decide_erasure, hold_activity, release_hold
from annexa.activity import ActivityError
from annexa.answers.activity import system_names
from annexa.answers.retention import erasures_of, holds_of, kept_by_the_store, overview
from annexa.pure.permits import Refusal, may_somewhere
from annexa.vault import VaultError
from annexa.web.activity import told
from annexa.web.forms import beginning_of, date_field, end_of, see, text_field, tried, tried_or_told
from annexa.web.frame import actor, permitted, person
from annexa.web.refused import refused

WHO = (("user", later("As programs name them; never written down")), ("pseudonym", later("As the log keeps them")))


class HoldForm(forms.Form):
    """A new hold."""

    system = forms.ChoiceField(label=later("AI system"), required=False)
    user = forms.CharField(
        label=later("Pseudonym of one person"), required=False, max_length=80, help_text=later("Empty: of everybody")
    )
    since = date_field(later("Events from"), required=False)
    until = date_field(later("Events until, that day included"), required=False)
    because = text_field(later("Why"), help_text=later("Such as the case, or the authority that asks"))


class ErasureForm(forms.Form):
    """Whose events lose what was said."""

    user = forms.CharField(label=later("Person"), max_length=512)
    named = forms.ChoiceField(label=later("Named"), choices=WHO, initial="user", widget=forms.RadioSelect)
    system = forms.ChoiceField(label=later("AI system"), required=False)
    since = date_field(later("Events from"), required=False)
    until = date_field(later("Events until, that day included"), required=False)
    because = text_field(later("Why"), help_text=later("Such as the number of the request; do not name the person"))


class BecauseForm(forms.Form):
    """A step with its reason."""

    step = forms.ChoiceField(choices=[("approved", "approved"), ("refused", "refused")], required=False)
    because = text_field(later("Why"))


@require_safe
def retention(request: HttpRequest) -> HttpResponse:
    """What is kept of each system, until when and by what rule; holds and erasures."""
    who = actor(request)
    if isinstance(may_somewhere(who, "read"), Refusal):
        raise Http404("For who reads an AI system.")
    lines = overview(actor=who)
    holds = holds_of(actor=who)
    erasures = erasures_of(actor=who)
    names = {one.slug: one.name for one in lines} | dict(system_names(actor=who))
    context = {
        "heading": _("Retention"),
        "lines": lines,
        "held": sum(not hasattr(one, "release") for one in holds),
        "holds": [(one, names.get(one.system, one.system), one.by_id != person(request).pk) for one in holds],
        "erasures": [
            (one, names.get(one.system, one.system), list(one.steps.all()), one.by_id != person(request).pk)
            for one in erasures
        ],
        "waits": sum(one.second and not one.steps.all() for one in erasures),
        "kept": kept_by_the_store() if permitted(request, "read") else (),
        "may_hold": permitted(request, "hold_activity"),
        "may_release": permitted(request, "release_hold"),
        "may_erase": permitted(request, "erase_activity"),
        "now": timezone.now(),
    }
    return render(request, "retention/index.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def hold(request: HttpRequest) -> HttpResponse:
    """Sets a hold."""
    _require(request, "hold_activity")
    form = HoldForm(request.POST if request.method == "POST" else None)
    _choose(request, form)

    def do(given: Mapping[str, Any]) -> str:
        hold_activity(
            actor=actor(request), person=person(request), system=given["system"], user=given["user"],
            since=beginning_of(given["since"]), until=end_of(given["until"]), because=given["because"],
            now=timezone.now(),
        )  # fmt: skip
        return _("The hold is set; nothing it names goes until somebody else releases it")

    answer = tried(request, form, do) if request.method == "POST" else None
    if answer is None and request.method == "POST" and not form.errors:
        return see(reverse("activity-retention"))
    context = {"heading": _("Set a legal hold"), "form": form}
    return answer or render(request, "retention/hold.html", context, status=422 if form.errors else 200)


@require_POST
def release(request: HttpRequest, hold: str) -> HttpResponse:
    """Releases a hold that somebody else set."""

    def do(given: Mapping[str, Any]) -> str:
        release_hold(
            actor=actor(request), person=person(request), hold=hold, because=given["because"], now=timezone.now()
        )
        return _("The hold is released")

    form = BecauseForm(request.POST)
    return tried_or_told(request, form, do, wrong=_("The hold stays"), back=reverse("activity-retention"))


@require_http_methods(["GET", "HEAD", "POST"])
def erasure(request: HttpRequest) -> HttpResponse:
    """Asks for an erasure; first it is shown what it reaches, with the form as it was filled in."""
    _require(request, "erase_activity")
    form = ErasureForm(request.POST if request.method == "POST" else None)
    _choose(request, form)
    look = request.method == "POST" and "look" in request.POST
    context: dict[str, Any] = {"heading": _("Erase what a person said"), "form": form}
    try:
        if look and form.is_valid():
            context |= _preview(form.cleaned_data)
        answer = tried(request, form, _asking(request)) if request.method == "POST" and not look else None
    except ActivityError as error:
        return told(request, error)
    except VaultError as error:
        return refused(request, status=503, title=_("The activity log cannot be looked into"), text=str(error))
    if answer is None and request.method == "POST" and not look and not form.errors:
        return see(reverse("activity-retention"))
    return answer or render(request, "retention/erase.html", context, status=422 if form.errors else 200)


def _asking(request: HttpRequest) -> Any:
    def do(given: Mapping[str, Any]) -> str:
        made = ask_erasure(
            actor=actor(request), person=person(request), user=given["user"], pseudonym=given["named"] == "pseudonym",
            system=given["system"], since=beginning_of(given["since"]), until=end_of(given["until"]),
            because=given["because"], now=timezone.now(),
        )  # fmt: skip
        return _("It waits for a second person") if made.second else _("It is carried out within a minute")

    return do


def _preview(given: Mapping[str, Any]) -> dict[str, Any]:
    from annexa.answers.erasures import foreseen

    seen = foreseen(
        user=given["user"], pseudonym=given["named"] == "pseudonym", system=given["system"],
        since=beginning_of(given["since"]), until=end_of(given["until"]), now=timezone.now(),
    )  # fmt: skip
    return {"found": seen.found, "known_as": seen.known_as, "held": seen.held, "nothing": seen.refusal}


@require_POST
def decide(request: HttpRequest, erasure: str) -> HttpResponse:
    """Agrees to an erasure that somebody else asked for, or refuses it."""

    def do(given: Mapping[str, Any]) -> str:
        made = decide_erasure(
            actor=actor(request), person=person(request), erasure=erasure, step=given["step"],
            because=given["because"], now=timezone.now(),
        )  # fmt: skip
        return _("It is carried out within a minute") if made.step == "approved" else _("Nothing is erased")

    form = BecauseForm(request.POST)
    return tried_or_told(request, form, do, wrong=_("Nothing was decided"), back=reverse("activity-retention"))


def _require(request: HttpRequest, verb: str) -> None:
    if not permitted(request, verb):
        raise Http404("For who may do this.")


def _choose(request: HttpRequest, form: forms.Form) -> None:
    field = form.fields["system"]
    assert isinstance(field, forms.ChoiceField)  # noqa: S101  it is
    field.choices = [("", _("All, and what is nobody’s")), *system_names(actor=actor(request))]


urls = [
    path("activity/retention", retention, name="activity-retention"),
    path("activity/retention/hold", hold, name="retention-hold"),
    path("activity/retention/holds/<str:hold>/release", release, name="retention-release"),
    path("activity/retention/erase", erasure, name="retention-erase"),
    path("activity/retention/erasures/<str:erasure>", decide, name="retention-decide"),
]
