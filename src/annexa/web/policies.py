"""Policies: the facts of an organisation, and the document they make, to read and to take along. Nothing is kept."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from annexa.actions.documents import adopt_policy
from annexa.answers.material import References, library_in_force, one_policy, own_name, refer
from annexa.pure.documents import (
    Basis,
    Condition,
    Fill,
    FillValue,
    Policy,
    asked,
    assemble,
    missing,
    read_fill,
    served,
    to_markdown,
)
from annexa.pure.permits import Permit, may
from annexa.pure.standards import Library
from annexa.web.forms import see, sentences, tried
from annexa.web.frame import actor, person
from annexa.web.library import known


class FactField(forms.CharField):
    """A fact as it is typed; whether it can be used is decided for all of them together."""

    def validate(self, value: Any) -> None:
        """Leaves it to the policy."""


class FactsField(forms.MultipleChoiceField):
    """Some of several words."""

    def validate(self, value: Any) -> None:
        """Leaves it to the policy."""


@require_http_methods(["GET", "HEAD", "POST"])
@known
def policy(request: HttpRequest, policy: str) -> HttpResponse:
    """The facts as a form with what the policy will contain; once they are given, the document with its basis."""
    now = timezone.now()
    found = one_policy(actor=actor(request), now=now, policy=policy)
    held = library_in_force(actor=actor(request), now=now)
    if request.method != "POST":
        form = _form(found, _at_first(found), None)
        return render(request, "library/policy.html", {"form": form, **_contents(found, held)})
    facts = _given(found, request.POST)
    form = _form(found, facts, request.POST)
    if not _accepted(found, facts, form):
        return render(request, "library/policy.html", {"form": form, **_contents(found, held)}, status=422)
    document = assemble(found, facts)
    if "markdown" in request.POST:
        return _download(f"{found.id}.md", to_markdown(document))
    if "adopt" in request.POST and (answer := _adopted(request, found, to_markdown(document))) is not None:
        return answer
    context = {
        "form": form,
        "kept": _form(found, facts, request.POST, auto_id=False),
        "document": document,
        "sections": [(one, _basis(held, one.basis)) for one in document.sections],
        "served": len(served(found, facts)),
        "may_adopt": isinstance(may(actor(request), "write_document"), Permit),
    }
    return render(request, "library/policy.html", context | _contents(found, held))


def _adopted(request: HttpRequest, policy: Policy, text: str) -> HttpResponse | None:
    """Keeps the document as a draft and goes there; None with what is wrong told above the page."""
    form = forms.Form({})
    kept: list[str] = []

    def do(_given: Mapping[str, Any]) -> str:
        made = adopt_policy(
            actor=actor(request), person=person(request), policy=policy, text=text, now=timezone.now(),
            limit_bytes=settings.UPLOAD_LIMIT_BYTES,
        )  # fmt: skip
        kept.append(str(made.document_id))
        return _("%(title)s is kept as a draft, version %(n)s") % {"title": policy.title, "n": made.number}

    answer = tried(request, form, do)
    if answer is not None or kept:
        return answer or see(reverse("document-versions", args=kept))
    messages.error(request, sentences(form))
    return None


def _contents(policy: Policy, held: Library) -> dict[str, Any]:
    """The policy before it is written: its basis and its chapters, each with whom it is for."""
    return {
        "policy": policy,
        "basis": _basis(held, policy.basis),
        "modules": [(one, _if(policy, one.asked_if), _basis(held, one.basis)) for one in policy.modules],
    }


def _basis(held: Library, basis: tuple[Basis, ...]) -> tuple[References, ...]:
    return refer(held, ((one.framework, one.requirement) for one in basis))


def _given(policy: Policy, data: QueryDict) -> dict[str, FillValue]:
    """The facts as they were typed."""
    found: dict[str, FillValue] = {}
    for fill in policy.fills.values():
        chosen = tuple(one for one in data.getlist(fill.id) if one)
        value = chosen if _chosen_from(fill) else read_fill(fill, data.get(fill.id, ""))
        if value not in (None, ()):
            found[fill.id] = value
    return found


def _at_first(policy: Policy) -> dict[str, FillValue]:
    """What is known before anybody typed: the name of the organisation. Defaults are the policy's own."""
    name = own_name()
    return {"organisation": name} if name and "organisation" in policy.fills else {}


def _form(
    policy: Policy, facts: Mapping[str, FillValue], data: QueryDict | None, *, auto_id: str | bool = "fact-%s"
) -> forms.Form:
    """A field for each fact asked for; one that was not on the page before begins with its default."""
    asked_for = asked(policy, facts)
    first = {fill.id: _typed(fill, facts.get(fill.id, fill.default)) for fill in asked_for}
    bound = None
    if data is not None:
        bound = data.copy()
        for fill in asked_for:
            if fill.id not in bound and not (_chosen_from(fill) and "seen" in bound):
                value = first[fill.id]
                bound.setlist(fill.id, list(value) if isinstance(value, tuple) else [value])
    form = forms.Form(bound, auto_id=auto_id, initial=first, use_required_attribute=False)
    form.fields |= {fill.id: _field(fill) for fill in asked_for}
    return form


def _field(fill: Fill) -> forms.Field:
    more: dict[str, Any] = {"label": fill.label, "help_text": _help(fill), "required": fill.required}
    if _chosen_from(fill):
        return FactsField(choices=[(one, one) for one in fill.choices], widget=forms.CheckboxSelectMultiple, **more)
    widget: forms.Widget = forms.TextInput()
    if fill.kind == "choice":
        empty = [] if fill.default is not None else [("", "–")]
        widget = forms.Select(choices=[*empty, *((one, one) for one in fill.choices)])
    elif fill.kind == "date":
        widget = forms.DateInput(attrs={"type": "date"})
    elif fill.kind == "number":
        widget = forms.TextInput(attrs={"inputmode": "numeric"})
    elif fill.kind == "list":
        widget = forms.Textarea(attrs={"rows": 4})
    return FactField(widget=widget, **more)


def _help(fill: Fill) -> str:
    if fill.kind == "list" and not fill.choices and "a line" not in fill.help:
        return f"{fill.help} {_('One a line.')}"
    return f"{fill.help} {_('In %(unit)ss.') % {'unit': fill.unit}}" if fill.unit else fill.help


def _chosen_from(fill: Fill) -> bool:
    return fill.kind == "list" and bool(fill.choices)


def _typed(fill: Fill, value: FillValue | None) -> str | tuple[str, ...]:
    """A value as it stands in its field."""
    if isinstance(value, tuple):
        return value if _chosen_from(fill) else "\n".join(value)
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _accepted(policy: Policy, facts: Mapping[str, FillValue], form: forms.Form) -> bool:
    """Whether the document can be written; if not, every problem stands at its field."""
    form.is_valid()
    for problem in missing(policy, facts):
        label = policy.fills[problem.fill].label
        because = problem.because.removeprefix(label).strip()
        form.add_error(problem.fill, _("This %(because)s.") % {"because": because})
    return not form.errors


def _if(policy: Policy, conditions: tuple[Condition, ...]) -> str:
    """For whom a chapter is, in words; empty for everybody."""
    said = []
    for one in conditions:
        label = policy.fills[one.fill].label
        if one.operator == "given":
            said.append(_("“%(fact)s” is answered") % {"fact": label})
        elif one.operator == "!=":
            said.append(_("“%(fact)s” is not %(value)s") % {"fact": label, "value": one.value})
        else:
            said.append(_("“%(fact)s” is %(value)s") % {"fact": label, "value": one.value})
    return _(" and ").join(said)


def _download(name: str, text: str) -> HttpResponse:
    return HttpResponse(
        text,
        content_type="text/markdown; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


urls = [
    path("library/policies/<str:policy>", policy, name="library-policy"),
]
