"""Which suppliers the organisation leans on, and what stops if one of them does."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from annexa.answers.concentration import concentration, if_it_stops, told_concentration, told_stops
from annexa.api.askers import who
from annexa.api.operations import get
from annexa.api.shapes import Instant, Shown, now, shown
from annexa.pure.proofs import rfc3339

router = Router(tags=["concentration"])
LEANT: dict[str, Any] = {
    "slug": "chat-ltd", "name": "Chat Ltd", "tier": "critical", "country": "IE", "direct": 3, "systems": 5,
    "high_risk": 1, "assets": 2, "share": 0.3846, "above_limit": True,
}  # fmt: skip
GATHERED = {"value": "critical", "suppliers": 2, "systems": 7, "high_risk": 2, "share": 0.5385}
BEHIND = {
    "name": "Example Hosting", "country": "IE", "slug": "", "behind": ["chat-ltd"], "systems": 5, "high_risk": 1,
    "share": 0.3846,
}  # fmt: skip
STOP = {
    "slug": "chatbot", "name": "Chatbot", "stage": "operation", "unit": "Retail", "high_risk": False, "direct": True,
    "says": "Chat Ltd supplies Chatbot",
}  # fmt: skip
NAMED = {"name": "Example Hosting", "country": "IE"}
UNKNOWN = {"name": "Forgotten Ltd", "systems": 1}


class Leant(Shown):
    """A supplier and what depends on it. `direct`: AI systems with nothing between; `share`: of all AI systems, null
    where there are none; `above_limit`: more than control SUP-07 leaves to one supplier without a decision."""

    model_config = shown(**LEANT)

    slug: str
    name: str
    tier: str
    country: str
    direct: int
    systems: int
    high_risk: int
    assets: int
    share: float | None
    above_limit: bool


class LeantTogether(Shown):
    """Suppliers of one tier or country, empty if nobody said it, and the AI systems that depend on one of them."""

    model_config = shown(**GATHERED)

    value: str
    suppliers: int
    systems: int
    high_risk: int
    share: float | None


class FourthParty(Shown):
    """A company behind suppliers, by their slugs in `behind`. `slug`: of its own record, empty without one."""

    model_config = shown(**BEHIND)

    name: str
    country: str
    slug: str
    behind: list[str]
    systems: int
    high_risk: int
    share: float | None


class UnknownSupplier(Shown):
    """A company that AI systems name as their supplier, and no record of a supplier is of."""

    model_config = shown(**UNKNOWN)

    name: str
    systems: int


class Concentration(Shown):
    """Whom the organisation leans on, the heaviest first. `systems`, `high_risk`: of all AI systems in use. `idle`:
    suppliers on which nothing depends; `left_out`: more than are listed; `unsupplied`: AI systems without one."""

    model_config = shown(
        at="2026-11-20T09:40:00Z", systems=13, high_risk=3, suppliers=[LEANT], tiers=[GATHERED], countries=[],
        fourth_parties=[BEHIND], idle=1, left_out=0, unsupplied=4, unknown=[UNKNOWN],
    )  # fmt: skip

    at: Instant
    systems: int
    high_risk: int
    suppliers: list[Leant]
    tiers: list[LeantTogether]
    countries: list[LeantTogether]
    fourth_parties: list[FourthParty]
    idle: int
    left_out: int
    unsupplied: int
    unknown: list[UnknownSupplier]


class Stop(Shown):
    """An AI system that stops with a supplier; `says`: by which way."""

    model_config = shown(**STOP)

    slug: str
    name: str
    stage: str
    unit: str
    high_risk: bool
    direct: bool
    says: str


class CompanyNamed(Shown):
    """A company behind a supplier, with the code of its country where it is known."""

    model_config = shown(**NAMED)

    name: str
    country: str


class IfItStops(Shown):
    """What stops with a supplier, high-risk AI systems first; `left_out`: how many more do."""

    model_config = shown(
        at="2026-11-20T09:40:00Z", supplier=LEANT, stops=[STOP], left_out=0, fourth_parties=[NAMED]
    )  # fmt: skip

    at: Instant
    supplier: Leant
    stops: list[Stop]
    left_out: int
    fourth_parties: list[CompanyNamed]


@get(router, "/concentration", Concentration)
def show_concentration(request: HttpRequest) -> dict[str, Any]:
    """Show which suppliers the organisation leans on, directly and through assets and other suppliers."""
    found = concentration(actor=who(request).actor, now=now())
    return {"at": rfc3339(found.at), **told_concentration(found)}


@get(router, "/suppliers/{slug}/concentration", IfItStops, errors=(404,))
def show_stops(request: HttpRequest, slug: str) -> dict[str, Any]:
    """Show what stops if a supplier does, each AI system with the way."""
    found = if_it_stops(actor=who(request).actor, slug=slug, now=now())
    return {"at": rfc3339(found.at), **told_stops(found)}
