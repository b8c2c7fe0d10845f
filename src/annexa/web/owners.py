"""Naming who answers for a control: on its page, or for several chosen in the catalogue."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.utils.translation import ngettext

from annexa.actions.owners import name_owner
from annexa.answers.owners import candidates
from annexa.pure.facts import ORGANISATION
from annexa.records.people import Person
from annexa.web.forms import see, text_field, tried_or_told
from annexa.web.frame import actor, person

NOBODY = "nobody"


def owner_field(
    people: Sequence[Person], label: Any, *, empty: Any = "", nobody: bool = False, first: int | None = None
) -> forms.ChoiceField:
    """A choice of people; `first`: who is chosen at first.

    `empty`: what it means that nobody is chosen; without it somebody has to be.
    """
    choices: list[tuple[str, Any]] = [("", empty or later("Choose a person"))]
    choices += [(str(one.pk), one.name) for one in people]
    choices += [(NOBODY, later("Nobody any more"))] if nobody else []
    return forms.ChoiceField(
        label=label,
        choices=choices,
        initial="" if first is None else str(first),
        required=not empty,
        error_messages={"required": later("Choose a person.")},
    )


def chosen_person(request: HttpRequest, given: str) -> Person:
    """The person that a form means. 404 for who is not offered."""
    found = next((one for one in candidates(actor=actor(request)) if str(one.pk) == given), None)
    if found is None:
        raise Http404(_("There is nobody like that."))
    return found


class OwnerForm(forms.Form):
    """Who answers from now on."""

    because = text_field(later("Reason, if somebody answered before"), required=False)

    def __init__(self, *args: Any, people: Sequence[Person], first: int | None = None, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["owner"] = owner_field(people, later("Who answers for it"), nobody=True, first=first)
        self.order_fields(["owner", "because"])


def name(request: HttpRequest) -> HttpResponse:
    """Names an owner for the controls that were chosen, in a scope, and leads back to where they were chosen."""
    scope = request.GET.get("scope", "") or ORGANISATION
    chosen = request.POST.getlist("control")
    back = _back(request, chosen, scope)
    if request.method != "POST":
        return see(reverse("controls"))
    form = OwnerForm(request.POST, people=candidates(actor=actor(request)))

    def do(given: Mapping[str, Any]) -> str:
        owner = None if given["owner"] == NOBODY else chosen_person(request, given["owner"])
        made = name_owner(
            actor=actor(request), person=person(request), controls=chosen, owner=owner, scope=scope,
            because=given["because"], now=timezone.now(),
        )  # fmt: skip
        if owner is None:
            return ngettext("Nobody answers for %(n)d control any more", "Nobody answers for %(n)d controls any more",
                            len(made)) % {"n": len(made)}  # fmt: skip
        return ngettext("%(name)s answers for %(n)d control", "%(name)s answers for %(n)d controls", len(made)) % {
            "name": owner.name, "n": len(made),
        }  # fmt: skip

    return tried_or_told(request, form, do, wrong=_("No owner named"), back=back)


def _back(request: HttpRequest, chosen: list[str], scope: str) -> str:
    """The control's own page if it came from there, else the catalogue as it was narrowed."""
    if request.GET.get("from") == "control" and len(chosen) == 1:
        query = "" if scope == ORGANISATION else f"?{urlencode({'scope': scope})}"
        return f"{reverse('control', args=[chosen[0]])}{query}#owner"
    query = request.GET.urlencode()
    return reverse("controls") + (f"?{query}" if query else "")


urls = [
    path("owners", name, name="owners"),
]
