"""What AI systems rest on, and what rests on assets and suppliers."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from annexa.answers.lineage import lineage_page, told_lineage
from annexa.api.askers import who
from annexa.api.operations import get
from annexa.api.shapes import Shown, now, shown

router = Router(tags=["lineage"])
CHAT = {"noun": "supplier", "slug": "chat-ltd", "name": "Chat Ltd", "address": "suppliers/chat-ltd"}
BOT = {"noun": "ai_system", "slug": "chatbot", "name": "Chatbot", "address": "systems/chatbot"}
WAY = [{"source": CHAT, "does": "supplies", "target": BOT}]
SAYS = "Chat Ltd supplies Chatbot"
CONTROL = {"noun": "control", "slug": "SUP-01", "name": "Suppliers are assessed", "address": "controls/SUP-01"}


class Thing(Shown):
    """Something: the kind of its ledger entries, its slug, its name, and its address below this API."""

    noun: str
    slug: str
    name: str
    address: str


class Arrow(Shown):
    """What one does for another, which depends on it: "supplies", "trains", "hosts", "feeds", "is used by"."""

    source: Thing
    does: str
    target: Thing


class Reached(Shown):
    """A thing before or after what was asked about, and a shortest way from the first to the last, in words too."""

    thing: Thing
    steps: int
    way: list[Arrow]
    says: str


class Passed(Shown):
    """What bears on what was asked about because it is about something before it. `through`: the record that names a
    control, null where the thing itself does."""

    what: Thing
    about: Thing
    way: list[Arrow]
    says: str
    through: Thing | None


class Lineage(Shown):
    """The surroundings of something, the nearest first."""

    model_config = shown(
        thing=BOT,
        before=[{"thing": CHAT, "steps": 1, "way": WAY, "says": SAYS}],
        after=[],
        passed=[{"what": CONTROL, "about": CHAT, "way": WAY, "says": SAYS, "through": None}],
    )

    thing: Thing
    before: list[Reached]
    after: list[Reached]
    passed: list[Passed]


def _answer(request: HttpRequest, noun: str, slug: str) -> dict[str, Any]:
    return told_lineage(lineage_page(actor=who(request).actor, noun=noun, slug=slug, now=now()))


@get(router, "/systems/{slug}/lineage", Lineage, errors=(404,))
def lineage_of_system(request: HttpRequest, slug: str) -> dict[str, Any]:
    """Show what an AI system rests on, and what that passes on to it."""
    return _answer(request, "ai_system", slug)


@get(router, "/assets/{slug}/lineage", Lineage, errors=(404,))
def lineage_of_asset(request: HttpRequest, slug: str) -> dict[str, Any]:
    """Show what an asset rests on, what rests on it, and what it passes on."""
    return _answer(request, "asset", slug)


@get(router, "/suppliers/{slug}/lineage", Lineage, errors=(404,))
def lineage_of_supplier(request: HttpRequest, slug: str) -> dict[str, Any]:
    """Show what rests on a supplier, and what it passes on."""
    return _answer(request, "supplier", slug)
