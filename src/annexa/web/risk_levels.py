"""What is left of one risk and who lives with it: the section on its page, and the forms of proposing and accepting."""

from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_http_methods

from annexa.actions.risks import choose_risk_scale, decide_acceptance, propose_acceptance, withdraw_acceptance
from annexa.answers.actors import ask_reads
from annexa.answers.registers import one_record
from annexa.answers.risk_scale import rules_at, shipped_scales
from annexa.answers.risks import acceptances, proposal_of, rated_risk
from annexa.pure.permits import Permit, Place, may
from annexa.pure.registers.risks import RISKS
from annexa.pure.risk import AREAS
from annexa.web.forms import date_field, fresh, see, text_field, tried, tried_or_told
from annexa.web.frame import actor, permitted, person
from annexa.web.library import AREA_WORDS
from annexa.web.refused import refused

HALF_YEAR = 182


class ProposalForm(forms.Form):
    """To live with what is left until a day."""

    until = date_field(later("Until"))
    because = text_field(later("Why the organisation can live with it"))


class DecisionForm(forms.Form):
    """Yes or no to a proposal, or an acceptance taken back."""

    because = text_field(later("Why"))


class ScaleForm(forms.Form):
    """The scale, own or shipped, and the appetite on it."""

    scale = forms.ChoiceField(label=later("Scale"))
    told = text_field(
        later("Or a scale of your own, as TOML"), rows=12, required=False,
        help_text=later("In the form of docs/risks.md; leave it empty for a shipped one."),
    )  # fmt: skip
    appetite = forms.CharField(
        label=later("Appetite"), max_length=40, help_text=later("The highest level that nobody has to accept: its id.")
    )
    because = text_field(later("Why"))

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["scale"].choices = [(one.id, one.title) for one in shipped_scales().values()]  # type: ignore[attr-defined]
        for area in AREAS:
            label = _("Appetite for %(area)s, if another") % {"area": str(AREA_WORDS[area]).lower()}
            self.fields[f"appetite_{area}"] = forms.CharField(label=label, max_length=40, required=False)


def level_of(request: HttpRequest, slug: str) -> dict[str, Any]:
    """What the page of a risk shows beside the record: before and after controls, why, and acceptance in place."""
    who, now = actor(request), timezone.now()
    found, rules = rated_risk(actor=who, now=now, slug=slug)
    told = acceptances(actor=who, now=now, risk=found, rules=rules)
    place = Place(unit=found.entry.unit)
    until = now.date() + timedelta(days=HALF_YEAR)
    return {
        "rated": found,
        "scale": rules.scale,
        "acceptances": told,
        "waiting": next((one for one in told if one.state == "proposed"), None),
        "standing": next((one for one in told if one.state in ("accepted", "lapsed")), None),
        "proposal": fresh(ProposalForm, "propose", until=until),
        "decision": fresh(DecisionForm, "decide"),
        "withdrawal": fresh(DecisionForm, "withdraw"),
        "may_propose": isinstance(may(who, "propose_acceptance", place), Permit),
        "may_accept": isinstance(may(who, "accept_risk", place), Permit),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def propose(request: HttpRequest, record: str) -> HttpResponse:
    """Proposes to live with what is left. Who comes by the address alone is led to the form."""
    back = reverse("record", args=[RISKS, record])
    if request.method != "POST":
        return see(back)
    one_record(actor=actor(request), register=RISKS, slug=record)
    form = ProposalForm(request.POST)

    def do(given: Any) -> str:
        made = propose_acceptance(
            actor=actor(request), person=person(request), risk=record, until=given["until"], because=given["because"],
            now=timezone.now(),
        )  # fmt: skip
        return _("Proposed until %(day)s; somebody else accepts it") % {"day": made.until}

    return tried_or_told(request, form, do, wrong=_("This cannot be proposed"), back=back)


@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, record: str, proposal: str) -> HttpResponse:
    """Accepts or refuses a proposal, or takes an acceptance back, by the button that was pressed."""
    back = reverse("record", args=[RISKS, record])
    if request.method != "POST":
        return see(back)
    form, step = DecisionForm(request.POST), request.POST.get("step", "")
    proposal_of(actor=actor(request), risk=record, proposal=proposal)

    def do(given: Any) -> str:
        told = {
            "actor": actor(request), "person": person(request), "proposal": proposal, "because": given["because"],
            "now": timezone.now(),
        }  # fmt: skip
        if step == "withdraw":
            withdraw_acceptance(**told)
            return _("The acceptance is taken back")
        decide_acceptance(accept=step == "accept", **told)
        return _("What is left is accepted") if step == "accept" else _("The proposal is refused")

    return tried_or_told(request, form, do, wrong=_("This cannot be decided so"), back=back)


@require_http_methods(["GET", "HEAD", "POST"])
def scale(request: HttpRequest) -> HttpResponse:
    """The scale risks are judged on and the appetite; who leads chooses another one here."""
    ask_reads(actor(request))
    rules = rules_at(timezone.now())
    chosen = rules.chosen
    initial = {"scale": rules.scale.id, "told": chosen.told if chosen else "", "appetite": rules.appetite[""]}
    initial |= {f"appetite_{area}": level for area, level in rules.appetite.items() if area}
    form = ScaleForm(request.POST or None, initial=initial)
    if request.method == "POST":
        if not permitted(request, "choose_risk_scale"):
            text = _("A compliance lead or an administrator chooses the scale.")
            return refused(request, status=403, title=_("Not yours to do"), text=text)
        answer = tried(request, form, lambda given: _chosen(request, given))
        if answer is not None or not form.errors:
            return answer or see(reverse("risk-scale"))
    context = {
        "heading": _("Scale and appetite"),
        "home": reverse("register", args=[RISKS]),
        "rules": rules,
        "scale": rules.scale,
        "rows": [
            (step, [{one.id: one.title for one in rules.scale.levels}[level] for level in row])
            for step, row in reversed(list(zip(rules.scale.likelihood, rules.scale.rows, strict=True)))
        ],
        "appetites": [(AREA_WORDS.get(area, _("everything else")), level) for area, level in rules.appetite.items()],
        "form": form,
        "may_choose": permitted(request, "choose_risk_scale"),
    }
    return render(request, "risks/scale.html", context, status=422 if form.errors else 200)


def _chosen(request: HttpRequest, given: Any) -> str:
    appetite: dict[str, str] = {area: given[f"appetite_{area}"] for area in AREAS}
    appetite[""] = given["appetite"]
    made = choose_risk_scale(
        actor=actor(request), person=person(request), scale=given["scale"], told=given["told"], appetite=appetite,
        because=given["because"], now=timezone.now(),
    )  # fmt: skip
    return _("Risks are judged on the scale %(scale)s from now on") % {"scale": made.scale}


urls = [
    path("risks/scale", scale, name="risk-scale"),
    path("risks/<slug:record>/acceptance", propose, name="risk-propose"),
    path("risks/<slug:record>/acceptance/<slug:proposal>", decide, name="risk-decide"),
]
