"""Saved views of lists: tabs above a list, a form to keep what is chosen, and a way to drop what was kept."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from annexa.actions.errors import NotFoundError, NotPermittedError
from annexa.actions.views import drop_view, keep_view
from annexa.answers.actors import ask_reads
from annexa.answers.views import KeptView, views_of
from annexa.pure.permits import Permit, may
from annexa.pure.registers import BY_PLURAL
from annexa.pure.views import LONGEST_NAME, LONGEST_QUERY
from annexa.web.forms import see, tried_or_told
from annexa.web.frame import actor, person
from annexa.web.lists import Link
from annexa.web.refused import refused

SYSTEMS = "systems"
"""The list of AI systems, as addresses call it; every other list is called like its register."""
MOST_WORDS = 100
"""Parameters of an address that are looked at."""
LISTS = frozenset({"q", "sort"})
OF_REGISTER = LISTS | {"unowned", "ended", "by", "to"}
OF_SYSTEMS = LISTS | {"owner", "risk", "stage", "unit", "personal_data", "impact_assessment", "monitoring"}


class KeepForm(forms.Form):
    """A name for what is chosen."""

    name = forms.CharField(label=later("Name of the view"), max_length=LONGEST_NAME)
    shared = forms.BooleanField(label=later("For everybody who reads the whole organisation"), required=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """What a page shows of the views of its list. `query`: what is chosen now; "" if nothing is."""

    place: str
    query: str
    tabs: tuple[Link, ...]
    kept: tuple[KeptView, ...]
    name: str
    may_share: bool

    @property
    def droppable(self) -> Sequence[KeptView]:
        """Those that who asks may drop."""
        return [one for one in self.kept if one.drops]


def views_above(request: HttpRequest, place: str, here: str) -> Views:
    """The views of a list as tabs with their addresses; `name`: of the one that is open, "" for none."""
    who = actor(request)
    now = query_of(request.GET.urlencode(), known_in(place))
    kept = views_of(actor=who, place=place)
    return Views(
        place=place,
        query=now,
        tabs=tuple(
            Link(label=one.view.name, url=f"{here}?{one.view.query}", current=one.view.query == now) for one in kept
        ),
        kept=kept,
        name=next((one.view.name for one in kept if one.view.query == now and not one.by), ""),
        may_share=isinstance(may(who, "share_view"), Permit),
    )


def query_of(said: str, known: Container[str]) -> str:
    """What an address asks of a list, in one order: the parameters that the list knows, each value once.

    The page, its size and everything that a list does not know fall away; so do empty values.
    """
    pairs = parse_qsl(said[: 4 * LONGEST_QUERY])[:MOST_WORDS]
    return urlencode(sorted({(name, value) for name, value in pairs if name in known and value}))


def known_in(place: str) -> Container[str]:
    """The parameters of the addresses of a list that a view keeps. KeyError for what is no list."""
    if place == SYSTEMS:
        return OF_SYSTEMS
    return OF_REGISTER | {one.name for one in BY_PLURAL[place].facets}


def list_of(place: str) -> str:
    """The address of a list."""
    return reverse("systems") if place == SYSTEMS else reverse("register", args=[BY_PLURAL[place]])


def keep(request: HttpRequest, place: str) -> HttpResponse:
    """Keeps what is chosen in a list under a name."""
    if place != SYSTEMS and place not in BY_PLURAL:
        raise Http404(f"There is no list {place!r}.")
    ask_reads(actor(request))
    here = list_of(place)
    if request.method != "POST":
        return see(here)
    form = KeepForm(request.POST)
    query = query_of(request.POST.get("query", ""), known_in(place))

    def do(given: Any) -> str:
        made = keep_view(
            actor=actor(request), person=person(request), place=place, name=given["name"], query=query,
            shared=given["shared"], now=timezone.now(),
        )  # fmt: skip
        return _("The view %(name)s is kept") % {"name": made.name}

    return tried_or_told(request, form, do, wrong=_("View not kept"), back=f"{here}?{query}" if query else here)


def drop(request: HttpRequest, view: str) -> HttpResponse:
    """Drops a view that was kept."""
    if request.method != "POST":
        return see(reverse("registers"))
    try:
        gone = drop_view(actor=actor(request), person=person(request), view=view, now=timezone.now())
    except NotFoundError as error:
        raise Http404(str(error)) from error
    except NotPermittedError as error:
        return refused(request, status=403, title=_("Not yours to do"), text=str(error))
    messages.success(request, _("The view %(name)s is dropped") % {"name": gone.name})
    return see(list_of(gone.place))


urls = [
    path("views/<slug:place>/keep", keep, name="view-keep"),
    path("views/<str:view>/drop", drop, name="view-drop"),
]
