"""How one AI system is overseen: its plan, who stands in for whom, and its stop switch."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_safe

from annexa.actions.oversight import delegate_cases, end_delegation, plan_oversight
from annexa.actions.stop_switch import pull_stop, release_stop
from annexa.answers.errors import UnknownError
from annexa.answers.oversight import able_people, approved_words, delegations, plan_page
from annexa.answers.stop_switch import SwitchPage, switch_page
from annexa.pure.oversight import CASES, DEFAULTS, LIMITS, UNREACHABLE, Plan, needed
from annexa.pure.permits import Place
from annexa.pure.registers.documents import addresses
from annexa.web.forms import Bound, date_field, end_of, see, takes_form_of, text_field, tried
from annexa.web.frame import actor, permitted, person

CASES_SAID: Mapping[str, Any] = {
    "here": later("Here, until a person decides"),
    "elsewhere": later("In another tool"),
    "none": later("No case waits for a human"),
}
DEFAULTS_SAID: Mapping[str, Any] = {
    "stop": later("Nothing is done with the case"),
    "substitute": later("What you write below is used instead"),
}
UNREACHABLE_SAID: Mapping[str, Any] = {
    "stop": later("It stops"),
    "continue": later("It goes on"),
}
WEEK = timedelta(days=7)


class PlanForm(forms.Form):
    """How a system is overseen. Silence never approves: that is not among the defaults."""

    cases = forms.ChoiceField(
        label=later("Where its decisions wait"), choices=[(one, CASES_SAID[one]) for one in CASES],
        widget=forms.RadioSelect,
    )  # fmt: skip
    overseers = forms.TypedMultipleChoiceField(
        label=later("Overseers"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    two_persons = forms.BooleanField(label=later("Two persons decide, each for themselves"), required=False)
    minutes = forms.IntegerField(label=later("Minutes to decide"), min_value=1)
    escalate_to = forms.TypedMultipleChoiceField(
        label=later("Then it is escalated to"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    escalate_minutes = forms.IntegerField(
        label=later("Minutes more for them"), min_value=0, help_text=later("0: it is not escalated.")
    )
    safe_default = forms.ChoiceField(
        label=later("If nobody decides"), choices=[(one, DEFAULTS_SAID[one]) for one in DEFAULTS],
        widget=forms.RadioSelect,
    )  # fmt: skip
    safe_output = text_field(later("What is used then"), required=False)
    least_seconds = forms.IntegerField(
        label=later("Seconds that nobody can be faster than"), min_value=0,
        help_text=later("Approvals that come faster are counted as a sign of automation bias."),
    )  # fmt: skip
    if_unreachable = forms.ChoiceField(
        label=later("While the system cannot ask for its stop switch"),
        choices=[(one, UNREACHABLE_SAID[one]) for one in UNREACHABLE], widget=forms.RadioSelect,
    )  # fmt: skip
    because = text_field(later("Why so"))

    def __init__(self, *args: Any, people: list[tuple[int, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        for name in ("overseers", "escalate_to"):
            field = self.fields[name]
            assert isinstance(field, forms.TypedMultipleChoiceField)  # noqa: S101  both are
            field.choices = people

    def plan(self) -> Plan:
        """The plan as it was typed."""
        said = {name: value for name, value in self.cleaned_data.items() if name != "because"}
        return Plan(**{**said, "overseers": tuple(said["overseers"]), "escalate_to": tuple(said["escalate_to"])})


class DelegateForm(forms.Form):
    """Who decides in my place, and until when."""

    to = forms.TypedChoiceField(label=later("To whom"), coerce=int)
    until = date_field(later("Until"))
    because = text_field(later("Why"))

    def __init__(self, *args: Any, people: list[tuple[int, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        field = self.fields["to"]
        assert isinstance(field, forms.TypedChoiceField)  # noqa: S101  it is
        field.choices = [("", _("Choose")), *people]


class ReasonForm(forms.Form):
    """A step with its reason."""

    because = text_field(later("Why; whoever runs the system reads it"))
    step = forms.CharField(widget=forms.HiddenInput, required=False)


@require_safe
def system(request: HttpRequest, slug: str) -> HttpResponse:
    """The plan of an AI system with its delegations, and its switch with every pull."""
    return _page(request, slug, {}, 200)


@takes_form_of("oversight-system")
def plan(request: HttpRequest, slug: str) -> HttpResponse:
    """Says how a system is overseen from now on."""
    form = PlanForm(request.POST, people=_people(request, slug), auto_id="plan-%s")

    def do(given: Mapping[str, Any]) -> str:
        plan_oversight(
            actor=actor(request), person=person(request), system=slug, plan=form.plan(), because=given["because"],
            now=timezone.now(),
        )  # fmt: skip
        return _("It is overseen so from now on")

    return _done(request, slug, "plan", form, do)


@takes_form_of("oversight-system")
def delegate(request: HttpRequest, slug: str) -> HttpResponse:
    """Lets somebody decide in one's place."""
    form = DelegateForm(request.POST, people=_people(request, slug), auto_id="delegate-%s")

    def do(given: Mapping[str, Any]) -> str:
        until = end_of(given["until"])
        made = delegate_cases(
            actor=actor(request), person=person(request), system=slug, to=given["to"], until=until or timezone.now(),
            because=given["because"], now=timezone.now(),
        )  # fmt: skip
        return _("%(name)s decides in your place") % {"name": made.to.name}

    return _done(request, slug, "delegate", form, do)


@takes_form_of("oversight-system")
def end(request: HttpRequest, slug: str) -> HttpResponse:
    """Ends a delegation before its time."""

    def do(_given: Mapping[str, Any]) -> str:
        end_delegation(
            actor=actor(request), person=person(request), delegation=request.POST.get("delegation", ""),
            now=timezone.now(),
        )  # fmt: skip
        return _("The delegation has ended")

    return _done(request, slug, "end", forms.Form(request.POST), do)


@takes_form_of("oversight-system")
def stop(request: HttpRequest, slug: str) -> HttpResponse:
    """Pulls the stop switch, at once."""

    def do(given: Mapping[str, Any]) -> str:
        pull_stop(
            actor=actor(request), person=person(request), system=slug, because=given["because"], now=timezone.now()
        )
        return _("It is stopped")

    return _done(request, slug, "stop", ReasonForm(request.POST, auto_id="stop-%s"), do)


@takes_form_of("oversight-system")
def release(request: HttpRequest, slug: str) -> HttpResponse:
    """Asks for the release of a stop, releases it, or refuses to."""

    def do(given: Mapping[str, Any]) -> str:
        made = release_stop(
            actor=actor(request), person=person(request), system=slug, step=given["step"], because=given["because"],
            now=timezone.now(),
        )  # fmt: skip
        said = {"asked": _("Somebody else has to release it now"), "released": _("It may go on")}
        return said.get(made.step, _("It stays stopped"))

    return _done(request, slug, "release", ReasonForm(request.POST, auto_id="release-%s"), do)


def switch_of(request: HttpRequest, slug: str) -> SwitchPage | None:
    """The switch for the passport of a system; None for who does not see the system."""
    try:
        return switch_page(actor=actor(request), system=slug)
    except UnknownError:
        return None


def _people(request: HttpRequest, slug: str) -> list[tuple[int, str]]:
    found, _row = _found(request, slug)
    return [(one.pk, one.name) for one in able_people(Place(system=slug, unit=found.unit))]


def _found(request: HttpRequest, slug: str) -> Any:
    try:
        return plan_page(actor=actor(request), system=slug)
    except UnknownError as error:
        raise Http404(str(error)) from error


def _done(
    request: HttpRequest, slug: str, kind: str, form: forms.Form, do: Callable[[Mapping[str, Any]], str]
) -> HttpResponse:
    _found(request, slug)
    back = reverse("oversight-system", args=[slug])
    answer = tried(request, form, do, back=back)
    if answer is None and form.errors:
        return _page(request, slug, {kind: form}, 422)
    return answer or see(back)


def _page(request: HttpRequest, slug: str, bound: Bound, status: int) -> HttpResponse:
    found, row = _found(request, slug)
    people = _people(request, slug)
    current = row.plan() if row else Plan()
    begun = {name: getattr(current, name) for name in Plan.__dataclass_fields__}
    if row is None:  # whom the record names is proposed
        named = addresses(found.overseers)
        able = able_people(Place(system=slug, unit=found.unit))
        begun["overseers"] = [one.pk for one in able if one.email.lower() in named]
    names = dict(people)
    now = timezone.now()
    mine = person(request).pk in (*current.overseers, *current.escalate_to) if row else False
    context = {
        "heading": _("Oversight of %(name)s") % {"name": found.name},
        "now": now,
        "system": found,
        "row": row,
        "plan": current,
        "overseers": [names.get(one, _("somebody who may not decide any more")) for one in current.overseers],
        "escalated": [names.get(one, _("somebody who may not decide any more")) for one in current.escalate_to],
        "cases": CASES_SAID[current.cases],
        "default": DEFAULTS_SAID[current.safe_default],
        "unreachable": UNREACHABLE_SAID[current.if_unreachable],
        "needed": needed(approved_words(slug), current),
        "running": delegations(systems=[slug], now=now).get(slug, ()),
        "switch": switch_page(actor=actor(request), system=slug),
        "plans": permitted(request, "plan_oversight", slug),
        "me": person(request),
        "plan_form": bound.get("plan") or PlanForm(people=people, initial=begun, auto_id="plan-%s"),
        "delegate_form": bound.get("delegate")
        or DelegateForm(people=people, auto_id="delegate-%s", initial={"until": (now + WEEK).date()}),
        "stop_form": bound.get("stop") or ReasonForm(auto_id="stop-%s"),
        "release_form": bound.get("release") or ReasonForm(auto_id="release-%s"),
        "delegates": mine and permitted(request, "delegate_cases", slug),
        "opened": next(iter(bound), ""),
        "wrong": next(iter(bound.values()), None),
        "longest": LIMITS["output"],
    }
    return render(request, "oversight/system.html", context, status=status)


urls = [
    path("oversight/systems/<slug:slug>", system, name="oversight-system"),
    path("oversight/systems/<slug:slug>/plan", plan, name="oversight-plan"),
    path("oversight/systems/<slug:slug>/delegate", delegate, name="oversight-delegate"),
    path("oversight/systems/<slug:slug>/end", end, name="oversight-end"),
    path("oversight/systems/<slug:slug>/stop", stop, name="oversight-stop"),
    path("oversight/systems/<slug:slug>/release", release, name="oversight-release"),
]
