"""What every page stands in: the organisation, the person, the places and how many things wait in each."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from annexa.actions.errors import NotFoundError
from annexa.actions.scopes import place_of
from annexa.answers.actors import actor_of
from annexa.answers.today import house
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import VERBS, Actor, Permit, Refusal, may, may_somewhere
from annexa.pure.registers import BY_PLURAL
from annexa.records.people import Person
from annexa.web.templatetags.face import ICONS

PLACES: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    ("", (("Today", "today", "today"), ("Tasks", "tasks", "check"), ("Policies", "reading", "policies"))),
    (
        "Posture",
        (
            ("Frameworks", "frameworks", "frameworks"),
            ("Path to ready", "path", "path"),
            ("Applicability", "statement", "soa"),
            ("Obligations", "obligations", "obligations"),
            ("Library", "library", "policies"),
        ),
    ),
    ("Context", (("Scopes and objectives", "context", "path"),)),
    (
        "Inventory",
        (
            ("AI systems", "systems", "systems"),
            ("All registers", "registers", "assets"),
            ("Due diligence", "due-diligence", "suppliers"),
        ),
    ),
    (
        "Operation",
        (
            ("Use requests", "use-requests", "requests"),
            ("Which AI tool?", "tool-catalogue", "policies"),
            ("Oversight", "oversight", "oversight"),
            ("Found uses", "found", "search"),
            ("Activity", "activity", "chat"),
            ("Controls", "controls", "controls"),
            ("Impact assessments", "assessments", "check"),
            ("Access reviews", "access-reviews", "reviews"),
            ("Training", "training", "people"),
        ),
    ),
    ("Assurance", (("Ledger", "ledger", "ledger"),)),
    ("Organisation", (("Governance", "governance", "governance"), ("People", "people", "people"))),
)
"""Groups of places: their label, the name of their page, their icon. Only what exists is offered."""


OFTEN = frozenset({"assets", "risks", "suppliers", "documents"})
"""Registers with a place of their own; every other one is a step away, in the list of all registers."""


def _with_registers() -> tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]:
    """The same with the registers that are opened often under their heading."""
    listed: dict[str, tuple[tuple[str, str, str], ...]] = {}
    for one in (one for one in BY_PLURAL.values() if one.plural in OFTEN):
        icon = one.plural if one.plural in ICONS else "policies"
        listed[one.place.capitalize()] = (*listed.get(one.place.capitalize(), ()), (one.title, f"/{one.plural}", icon))
    return tuple((title, (*items, *listed.get(title, ()))) for title, items in PLACES)


EVERY_PLACE = _with_registers()
ENTERED_BY: Mapping[str, str] = {"today": "visit", "use-requests": "ask_use", "tool-catalogue": "ask_use"}
"""The verb that opens a place; the others are for who reads anything."""


def actor(request: HttpRequest) -> Actor:
    """Who is asking. Pages are reached only by people who signed in."""
    held: Actor | None = vars(request).get("acting")
    if held is None:
        held = vars(request)["acting"] = actor_of(person(request))
    return held


def permit(request: HttpRequest, verb: str, scope: str = ORGANISATION) -> Permit | Refusal:
    """Whether who is asking may do this in a scope. Cost: a query for who has roles in parts of the organisation."""
    who = actor(request)
    if scope == ORGANISATION or not who.grants:
        return may(who, verb)
    try:
        return may(who, verb, place_of(who, scope))
    except NotFoundError as error:
        return Refusal(because=str(error))


def permitted(request: HttpRequest, verb: str, scope: str = ORGANISATION) -> bool:
    """The same, as yes or no."""
    return isinstance(permit(request, verb, scope), Permit)


def person(request: HttpRequest) -> Person:
    """The record of who is asking."""
    found = request.user
    assert isinstance(found, Person)  # noqa: S101  the guard lets nobody else through
    return found


def frame(request: HttpRequest) -> dict[str, Any]:
    """The context of the base layout. Cost: one query; none for pages outside the frame."""
    user = getattr(request, "user", None)
    if not isinstance(user, Person):
        return {"theme": "system"}
    found = house(actor=actor(request))
    counts = {"systems": found.systems, "controls": found.controls, "ledger": found.entries}
    return {
        "organisation": found.name,
        "demo": found.demo,
        "actor": {"name": user.name, "initials": initials(user.name), "role": user.get_role_display()},
        "theme": user.theme,
        "part": part_of(actor(request)),
        "places": [
            {"title": title, "items": [_item(request, counts, *place) for place in offered]}
            for title, places in EVERY_PLACE
            if (offered := [place for place in places if _enters(request, place[1])])
        ],
    }


def part_of(who: Actor) -> str:
    """What somebody sees of the organisation, in words; "" for everything, or nothing."""
    if isinstance(may(who, "read"), Permit):
        return ""
    reading = [one for one in who.grants if one.role in VERBS["read"]]
    names = sorted({name for one in reading for name in (*one.units, *one.systems)})
    return ", ".join(names)


def _enters(request: HttpRequest, view: str) -> bool:
    """Whether somebody may enter a place: everybody Today, the statement who reads all, others who reads anything."""
    if view == "people":
        return isinstance(may(actor(request), "read_people"), Permit)
    if view == "statement":
        return isinstance(may(actor(request), "read"), Permit)
    if view == "training":
        return isinstance(may(actor(request), "take_course"), Permit)
    if view == "reading":
        return isinstance(may(actor(request), "acknowledge"), Permit)
    return isinstance(may_somewhere(actor(request), ENTERED_BY.get(view, "read")), Permit)


def initials(name: str) -> str:
    """The first letters of the first and the last name."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def _item(request: HttpRequest, counts: Mapping[str, int], label: str, view: str, icon: str) -> dict[str, Any]:
    url = view if view.startswith("/") else reverse(view)
    current = request.path == url or (url != "/" and request.path.startswith(f"{url}/"))
    return {"label": label, "url": url, "icon": icon, "count": counts.get(view), "waits": False, "current": current}
