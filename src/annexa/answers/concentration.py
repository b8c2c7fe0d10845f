"""Questions about concentration: which suppliers the organisation leans on, and what stops if one of them does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from annexa.answers.actors import ask_reads
from annexa.answers.lineage import DOES
from annexa.answers.registers import Asked, narrowed, one_record
from annexa.pure.concentration import (
    BEHIND,
    FOURTH,
    LIMIT,
    SUPPLIER,
    SYSTEM,
    Below,
    FourthParty,
    Leaning,
    fourth_parties,
    share,
)
from annexa.pure.lineage import Arrow, Key, Lineage, Thing, sentence
from annexa.pure.permits import Actor
from annexa.pure.registers.assets import ASSETS
from annexa.pure.registers.suppliers import SUPPLIERS, TIERS
from annexa.pure.words import fold
from annexa.records.links import Link
from annexa.records.questionnaires import QuestionnaireAnswer, QuestionnaireStep
from annexa.records.systems import AiSystem

HIGH_RISK = frozenset({"high-risk", "prohibited"})
MOST = 100
"""Suppliers, countries, fourth parties and AI systems that are listed; the ones that weigh most."""
LISTS_FOURTH = "sub-processor-list"
"""The question of the questionnaires whose answer names the companies behind a supplier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leant:
    """One supplier and what stops with it. `direct`: AI systems with nothing in between; `share`: of all AI systems."""

    slug: str
    name: str
    tier: str
    country: str
    direct: int
    systems: int
    high_risk: int
    assets: int
    share: float | None

    @property
    def above(self) -> bool:
        """Whether it is more than one supplier should carry."""
        return self.share is not None and self.share > LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Suppliers of one tier or country, and the AI systems that depend on at least one of them."""

    value: str
    suppliers: int
    systems: int
    high_risk: int
    share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fourth:
    """A company behind suppliers: their names by slug, and what stops with it. `slug`: of its own record, if any."""

    name: str
    country: str
    slug: str
    behind: Mapping[str, str]
    systems: int
    high_risk: int
    share: float | None

    @property
    def above(self) -> bool:
        """Whether it is more than one company should carry."""
        return self.share is not None and self.share > LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """Whom the organisation leans on, as far as the actor may know, the heaviest first.

    `systems`, `high_risk`: all AI systems in use. `idle`: suppliers on which nothing depends. `left_out`: suppliers
    beyond those listed. `unsupplied`: AI systems that depend on no supplier on record; `unknown`: the companies that
    AI systems name and no record of a supplier does, with how many do.
    """

    at: datetime
    systems: int
    high_risk: int
    rows: tuple[Leant, ...]
    tiers: tuple[Gathered, ...]
    countries: tuple[Gathered, ...]
    fourth: tuple[Fourth, ...]
    idle: int
    left_out: int
    unsupplied: int
    unknown: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """An AI system that stops with a supplier, and by which way."""

    slug: str
    name: str
    stage: str
    unit: str
    high_risk: bool
    direct: bool
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IfItStops:
    """What stops with one supplier, high-risk AI systems first; `left_out`: how many beyond those listed."""

    at: datetime
    leant: Leant
    of: int
    stops: tuple[Stop, ...]
    left_out: int
    fourth: tuple[FourthParty, ...]


def concentration(*, actor: Actor, now: datetime) -> Concentration:
    """Whom the organisation leans on. Cost: some seven queries, then one look at each way below each supplier.

    Raises UnknownError for who reads nothing.
    """
    ask_reads(actor)
    known = _known(actor, now.date())
    below = {slug: known.leaning.below((SUPPLIER, slug)) for slug in known.suppliers}
    rows = sorted(
        (known.leant(slug, found) for slug, found in below.items() if found.systems or found.assets),
        key=lambda one: (-one.systems, -one.high_risk, -one.assets, one.name.casefold(), one.slug),
    )
    supplied = frozenset[str]().union(*(one.systems for one in below.values()))
    countries = {str(one["country"]).strip().upper() for one in known.suppliers.values()}
    by_country = (_gathered(known, below, "country", one) for one in countries)
    tiers = (_gathered(known, below, "tier", one) for one in (*TIERS, ""))
    return Concentration(
        at=now,
        systems=len(known.systems),
        high_risk=len(known.risky),
        rows=tuple(rows[:MOST]),
        tiers=tuple(one for one in tiers if one.suppliers),
        countries=tuple(sorted(by_country, key=lambda one: (-one.systems, -one.suppliers, one.value))[:MOST]),
        fourth=_fourth(known),
        idle=len(below) - len(rows),
        left_out=max(0, len(rows) - MOST),
        unsupplied=len(known.systems) - len(supplied),
        unknown=dict(sorted(known.unknown.items(), key=lambda one: (-one[1], one[0]))[:MOST]),
    )


def if_it_stops(*, actor: Actor, slug: str, now: datetime) -> IfItStops:
    """What stops with one supplier, each with the way. Cost: as for all of them. Raises UnknownError."""
    row = one_record(actor=actor, register=SUPPLIERS, slug=slug)
    known = _known(actor, now.date())
    known.suppliers.setdefault(
        slug, {"name": row.name, "tier": row.entry.tier, "country": row.entry.country}
    )  # one that has ended
    things = {key: Thing(noun=key[0], slug=key[1], name=name) for key, name in known.names.items()}
    things[SUPPLIER, slug] = Thing(noun=SUPPLIER, slug=slug, name=row.name)
    lineage = Lineage.of(things.values(), known.leaning.arrows)
    stops = []
    for one in lineage.reached((SUPPLIER, slug), "downstream"):
        if one.thing.noun == SYSTEM:
            system = known.systems[one.thing.slug]
            stops.append(
                Stop(
                    slug=one.thing.slug, name=one.thing.name, stage=system["stage"], unit=system["unit"],
                    high_risk=one.thing.slug in known.risky, direct=one.steps == 1,
                    says=sentence(lineage, one.way),
                )
            )  # fmt: skip
    stops.sort(key=lambda one: (not one.high_risk, one.name.casefold(), one.slug))
    return IfItStops(
        at=now,
        leant=known.leant(slug, known.leaning.below((SUPPLIER, slug))),
        of=len(known.systems),
        stops=tuple(stops[:MOST]),
        left_out=max(0, len(stops) - MOST),
        fourth=known.named.get(slug, ()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the actor may know of and counts today. Lives only for one answer.

    `named`: the companies behind each supplier. `unknown`: as in Concentration.
    """

    suppliers: dict[str, dict[str, Any]]
    systems: Mapping[str, Mapping[str, Any]]
    risky: frozenset[str]
    names: Mapping[Key, str]
    named: Mapping[str, tuple[FourthParty, ...]]
    by_name: Mapping[str, str]
    unknown: Mapping[str, int]
    leaning: Leaning

    def leant(self, slug: str, found: Below) -> Leant:
        supplier = self.suppliers[slug]
        return Leant(
            slug=slug, name=supplier["name"], tier=supplier["tier"], country=supplier["country"],
            direct=len(found.direct), systems=len(found.systems), high_risk=len(found.systems & self.risky),
            assets=len(found.assets), share=share(len(found.systems), len(self.systems)),
        )  # fmt: skip


def _known(actor: Actor, on: date) -> _Known:
    columns = ("name", "tier", "country", "sub_processors")
    rows = narrowed(actor=actor, register=SUPPLIERS, asked=Asked(), on=on).order_by()
    suppliers = {one["slug"]: one for one in rows.values("slug", *columns)}
    assets = narrowed(actor=actor, register=ASSETS, asked=Asked(), on=on).order_by()
    asset_names = dict(assets.values_list("slug", "name"))
    found = AiSystem.objects.visible_to(actor).exclude(retired_on__lte=on).order_by()
    systems = {one["slug"]: one for one in found.values("slug", "name", "stage", "unit", "risk_class", "supplier")}
    by_name = _by_name(suppliers)
    named = _named(suppliers)
    said, unknown = _said_of_systems(systems, by_name)
    names: dict[Key, str] = {
        **{(SYSTEM, slug): one["name"] for slug, one in systems.items()},
        **{(SUPPLIER, slug): one["name"] for slug, one in suppliers.items()},
        **{("asset", slug): name for slug, name in asset_names.items()},
    }
    arrows = {one for one in (*_links(), *said) if one.source in names and one.target in names}
    for slug, parties in named.items():
        for party in parties:
            there = by_name.get(party.key)
            names.setdefault((FOURTH, party.key), party.name)
            if there != slug:
                source = (SUPPLIER, there) if there else (FOURTH, party.key)
                arrows.add(Arrow(source, (SUPPLIER, slug), BEHIND))
    return _Known(
        suppliers=suppliers, systems=systems, names=names, named=named, by_name=by_name, unknown=unknown,
        risky=frozenset(slug for slug, one in systems.items() if one["risk_class"] in HIGH_RISK),
        leaning=Leaning(tuple(sorted(arrows))),
    )  # fmt: skip


def _links() -> Iterator[Arrow]:
    """Everything that assets and suppliers say of each other and of AI systems, whoever may know of it."""
    kinds = sorted({noun for noun, _ in DOES})
    links = Link.objects.filter(from_noun__in=kinds, field__in=sorted({field for _, field in DOES})).order_by()
    for noun, slug, field, to_noun, to_slug in links.values_list(
        "from_noun", "from_slug", "field", "to_noun", "to_slug"
    ):
        if (noun, field) in DOES:
            does, turned = DOES[noun, field]
            here, there = (noun, slug), (to_noun, to_slug)
            yield Arrow(there, here, does) if turned else Arrow(here, there, does)


def _by_name(suppliers: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The slug of a supplier by its name, however it is written; a name that two have is not guessed."""
    found: dict[str, str] = {}
    twice = set()
    for slug, one in sorted(suppliers.items()):
        name = fold(one["name"])
        twice |= {name} & found.keys()
        found[name] = slug
    return {name: slug for name, slug in found.items() if name not in twice}


def _said_of_systems(
    systems: Mapping[str, Mapping[str, Any]], by_name: Mapping[str, str]
) -> tuple[list[Arrow], dict[str, int]]:
    """What AI systems themselves say of where they come from, and the companies that no record of a supplier is of."""
    arrows: list[Arrow] = []
    unknown: dict[str, int] = {}
    for slug, one in systems.items():
        said = " ".join(one["supplier"].split())
        supplier = by_name.get(fold(said)) if said else None
        if supplier:
            arrows.append(Arrow((SUPPLIER, supplier), (SYSTEM, slug), "supplies"))
        elif said:
            unknown[said] = unknown.get(said, 0) + 1
    return arrows, unknown


def _named(suppliers: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[FourthParty, ...]]:
    """The companies behind each supplier: those of its record, and those it named in the answers it handed in last."""
    handed = QuestionnaireStep.objects.filter(step="handed in").values("sent")
    answers = QuestionnaireAnswer.objects.filter(question=LISTS_FOURTH, sent__in=handed)
    said: dict[str, list[str]] = {}
    for supplier, value in answers.order_by("sent__recorded_at", "number").values_list("sent__supplier", "value"):
        said[supplier] = value if isinstance(value, list) else []
    found = {
        slug: fourth_parties([*one["sub_processors"].splitlines(), *said.get(slug, ())])
        for slug, one in suppliers.items()
    }
    return {slug: parties for slug, parties in found.items() if parties}


def _fourth(known: _Known) -> tuple[Fourth, ...]:
    behind: dict[str, dict[str, str]] = {}
    parties: dict[str, FourthParty] = {}
    for slug, named in sorted(known.named.items()):
        for one in named:
            behind.setdefault(one.key, {})[slug] = known.suppliers[slug]["name"]
            if one.key not in parties or (one.country and not parties[one.key].country):
                parties[one.key] = one
    rows = []
    for key, party in parties.items():
        slug = known.by_name.get(key, "")
        found = known.leaning.below((SUPPLIER, slug) if slug else (FOURTH, key))
        rows.append(
            Fourth(
                name=known.suppliers[slug]["name"] if slug else party.name,
                country=known.suppliers[slug]["country"] if slug else party.country,
                slug=slug, behind=behind[key], systems=len(found.systems), high_risk=len(found.systems & known.risky),
                share=share(len(found.systems), len(known.systems)),
            )
        )  # fmt: skip
    return tuple(sorted(rows, key=lambda one: (-one.systems, -len(one.behind), one.name.casefold()))[:MOST])


def _gathered(known: _Known, below: Mapping[str, Below], by: str, value: str) -> Gathered:
    slugs = [slug for slug, one in known.suppliers.items() if _plain(by, one[by]) == value and slug in below]
    systems = frozenset[str]().union(*(below[slug].systems for slug in slugs))
    return Gathered(
        value=value, suppliers=len(slugs), systems=len(systems), high_risk=len(systems & known.risky),
        share=share(len(systems), len(known.systems)),
    )  # fmt: skip


def _plain(by: str, said: str) -> str:
    return said.strip().upper() if by == "country" else said


# As plain values, for programs and commands


def told_concentration(found: Concentration) -> dict[str, Any]:
    """All of it as plain values."""
    return {
        "systems": found.systems,
        "high_risk": found.high_risk,
        "suppliers": [told_leant(one) for one in found.rows],
        "tiers": [_told_gathered(one) for one in found.tiers],
        "countries": [_told_gathered(one) for one in found.countries],
        "fourth_parties": [
            {
                "name": one.name, "country": one.country, "slug": one.slug, "behind": sorted(one.behind),
                "systems": one.systems, "high_risk": one.high_risk, "share": _rounded(one.share),
            }
            for one in found.fourth
        ],
        "idle": found.idle,
        "left_out": found.left_out,
        "unsupplied": found.unsupplied,
        "unknown": [{"name": name, "systems": n} for name, n in found.unknown.items()],
    }  # fmt: skip


def told_stops(found: IfItStops) -> dict[str, Any]:
    """What stops with one supplier as plain values."""
    return {
        "supplier": told_leant(found.leant),
        "stops": [
            {
                "slug": one.slug, "name": one.name, "stage": one.stage, "unit": one.unit, "high_risk": one.high_risk,
                "direct": one.direct, "says": one.says,
            }
            for one in found.stops
        ],
        "left_out": found.left_out,
        "fourth_parties": [{"name": one.name, "country": one.country} for one in found.fourth],
    }  # fmt: skip


def told_leant(one: Leant) -> dict[str, Any]:
    """One supplier as plain values."""
    return {
        "slug": one.slug, "name": one.name, "tier": one.tier, "country": one.country, "direct": one.direct,
        "systems": one.systems, "high_risk": one.high_risk, "assets": one.assets, "share": _rounded(one.share),
        "above_limit": one.above,
    }  # fmt: skip


def _told_gathered(one: Gathered) -> dict[str, Any]:
    return {
        "value": one.value, "suppliers": one.suppliers, "systems": one.systems, "high_risk": one.high_risk,
        "share": _rounded(one.share),
    }  # fmt: skip


def _rounded(part: float | None) -> float | None:
    return None if part is None else round(part, 4)
