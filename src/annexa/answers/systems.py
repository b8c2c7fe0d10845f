"""Questions about AI systems: the register with facets, one passport."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Cast, Lower

from annexa.answers.classification import records_of_then
from annexa.answers.errors import no_system
from annexa.answers.frameworks import adopted_frameworks
from annexa.answers.posture import Standpoint, standpoint
from annexa.pure.permits import Actor
from annexa.pure.posture import ControlProof, FrameworkPosture, Verdict
from annexa.pure.systems import FIELD, STAGES, SystemFacts
from annexa.records.evidence import Evidence
from annexa.records.ledger import EntryBody, LedgerEntry
from annexa.records.people import Person
from annexa.records.systems import AiSystem

PAGE_SIZES = (25, 50, 100)
_STANDING: tuple[str, ...] = ("risk_class", "stage", "unit", "personal_data", "impact_assessment", "monitoring")
_REACH: tuple[str, ...] = ("people_affected", "autonomy", "scale")
FACETS: tuple[str, ...] = (*_STANDING, *_REACH)
BANDS: Mapping[str, tuple[int, int | None]] = MappingProxyType(
    {
        "none": (0, 0), "up to 100": (1, 100), "up to 10,000": (101, 10_000), "up to 1 million": (10_001, 1_000_000),
        "over 1 million": (1_000_001, None),
    }
)  # fmt: skip
"""How many people a year a system affects, as the register is narrowed: from, and up to, both inclusive."""
SORTS: tuple[str, ...] = ("name", "risk", "stage", "owner", "unit", "changed")
"""What the register is ordered by; a minus before it turns it round."""
RISK_ORDER = (
    "prohibited", "high-risk", "gpai-systemic", "gpai", "transparency", "minimal", "sector-law", "out-of-scope", "",
)  # fmt: skip
HISTORY_SHOWN = 10
EVIDENCE_SHOWN = 10
FRAMEWORKS_SHOWN = 3
"""Frameworks whose verdicts stand in the register; a passport has all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of the register is asked for: text, chosen facet values, only those nobody owns, order, page (from 1)."""

    text: str = ""
    chosen: Mapping[str, tuple[str, ...]]
    unowned: bool = False
    sort: str = "name"
    page: int = 1
    size: int = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetValue:
    """One choice of a facet and how many systems it leaves, given the other facets."""

    value: str
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemRow:
    """One row of the register: the system, its owner's name, its posture against the frameworks of the register."""

    system: AiSystem
    owner: str
    postures: tuple[FrameworkPosture | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A page of the register. `total` counts what the filter leaves, `everything` the whole register."""

    rows: tuple[SystemRow, ...]
    frameworks: tuple[str, ...]
    facets: Mapping[str, tuple[FacetValue, ...]]
    asked: Asked
    total: int
    everything: int
    units: int
    unclassified: int
    unowned: int
    high_risk: int
    retired: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One entry about a system: who did what and, for its record, which fields differ from the entry before.

    `about` says what the entry is about in a few words, `detail` the name of the evidence.
    """

    entry: LedgerEntry
    by: str
    because: str
    about: str
    detail: str
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passport:
    """Everything about one AI system. `facts`: as recorded at that time, None if it was not known yet.

    `owner` is the owner's name where it is a person in Annexa. Of `evidence` and `history` it holds the newest;
    `evidence_total` counts all of it.
    """

    system: AiSystem
    facts: SystemFacts | None
    owner: str
    postures: tuple[FrameworkPosture, ...]
    controls: tuple[ControlProof, ...]
    inherited: tuple[ControlProof, ...]
    evidence: tuple[Evidence, ...]
    evidence_total: int
    history: tuple[HistoryLine, ...]
    at: datetime
    ledger_size: int
    in_use: bool


def list_systems(*, actor: Actor, asked: Asked, now: datetime) -> Register:
    """One page of the register of AI systems. Cost: seven queries whatever its size, three more after a change."""
    facets, total = facets_of(actor=actor, asked=asked)
    asked = replace(asked, page=min(max(1, asked.page), max(1, -(-total // asked.size))))
    found = narrowed(actor=actor, asked=asked)
    start = (asked.page - 1) * asked.size
    rows = list(found.defer("source", "outputs").order_by(*_order(asked.sort))[start : start + asked.size])
    stand = standpoint(actor=actor, now=now)
    frameworks = _in_register(stand, asking(stand))
    names = _names(actor, [row.owner for row in rows])
    return Register(
        rows=tuple(
            SystemRow(
                system=row,
                owner=names.get(row.owner.lower(), row.owner),
                postures=_postures(stand, frameworks, row.slug),
            )
            for row in rows
        ),
        frameworks=frameworks,
        facets=facets,
        asked=asked,
        total=total,
        **_sums(AiSystem.objects.visible_to(actor)),
    )


def matching_slugs(*, actor: Actor, asked: Asked) -> tuple[str, ...]:
    """The systems a filter leaves, all of them, in the order asked for."""
    found = narrowed(actor=actor, asked=asked)
    return tuple(found.order_by(*_order(asked.sort)).values_list("slug", flat=True))


def narrowed(*, actor: Actor, asked: Asked) -> QuerySet[AiSystem]:
    """The systems a filter leaves, in no order yet."""
    found = _matching(AiSystem.objects.visible_to(actor), asked)
    return _chosen(found, asked, FACETS)


def _chosen(rows: QuerySet[AiSystem], asked: Asked, names: Sequence[str]) -> QuerySet[AiSystem]:
    """The systems that fit what was chosen of some facets."""
    for name in names:
        if values := asked.chosen.get(name, ()):
            fits = Q(pk__in=[])
            for value in values:
                fits |= _is(name, value)
            rows = rows.annotate(**_TOLD[name]).filter(fits) if name in _TOLD else rows.filter(fits)
    return rows


def _is(name: str, value: str) -> Q:
    if name == "scale" and value:
        low, high = BANDS.get(value, (1, 0))
        return Q(scale__gte=low) & (Q() if high is None else Q(scale__lte=high))
    if name == "scale":
        return Q(scale__isnull=True)
    if name == "people_affected":
        return Q(told_people__contains=json.dumps(value)) if value else Q(told_people="[]")
    return Q(**{name: value})


_TOLD: Mapping[str, Mapping[str, Any]] = {"people_affected": {"told_people": Cast("people_affected", TextField())}}
"""What a facet needs beside the columns: no database but PostgreSQL looks into a list."""


def facets_of(*, actor: Actor, asked: Asked) -> tuple[Mapping[str, tuple[FacetValue, ...]], int]:
    """What each facet would leave given the others, and how many systems the filter leaves. Cost: two queries."""
    rows = _matching(AiSystem.objects.visible_to(actor), asked)
    found: dict[str, tuple[FacetValue, ...]] = {}
    total = 0
    for names, others in ((_STANDING, _REACH), (_REACH, _STANDING)):
        combinations = _combinations(_chosen(rows, asked, others), names)
        chosen = {name: values for name, values in asked.chosen.items() if name in names}
        total = sum(n for values, n in combinations if _fits(values, chosen))
        found |= {name: _facet(combinations, chosen, name) for name in names}
    return found, total


def passport(
    *,
    actor: Actor,
    slug: str,
    now: datetime,
    at: datetime | None = None,
    whole: bool = False,
    hindsight: bool = False,
) -> Passport:
    """One AI system with its posture, controls, evidence (`whole`: all of it) and history. Raises UnknownError."""
    system = AiSystem.objects.visible_to(actor).filter(slug=slug).first()
    if system is None:
        raise no_system(slug, AiSystem.objects.visible_to(actor).values_list("slug", flat=True))
    stand = standpoint(actor=actor, now=now, at=at, hindsight=hindsight)
    in_use = stand.in_use(slug)
    proofs = [stand.control(c, slug) for c in sorted(stand.library.controls)] if in_use else []
    evidence = Evidence.objects.visible_to(actor).filter(
        scope=slug, observed_at__lte=at or now, recorded_at__lte=stand.learnt_by or at or now
    )
    newest = evidence.select_related("by").order_by("-recorded_at", "-id")
    shown = tuple(newest if whole else newest[:EVIDENCE_SHOWN])
    as_now = at is None or at >= system.changed_at
    facts = system.facts() if as_now else records_of_then(actor=actor, at=stand.at, slug=slug).get(slug)
    owner = facts.owner if facts else ""
    return Passport(
        system=system,
        facts=facts,
        owner=_names(actor, [owner]).get(owner.lower(), owner),
        postures=tuple(p for p in _postures(stand, asking(stand), slug) if p is not None),
        controls=tuple(p for p in proofs if not p.inherited and p.verdict is not Verdict.NOT_APPLICABLE),
        inherited=tuple(p for p in proofs if p.inherited),
        evidence=shown,
        evidence_total=len(shown) if whole or len(shown) < EVIDENCE_SHOWN else evidence.count(),
        history=_history(actor, slug, stand, shown, at or now),
        at=stand.at,
        ledger_size=stand.size,
        in_use=in_use,
    )


def asking(stand: Standpoint) -> tuple[str, ...]:
    """The adopted frameworks that ask something of single systems, in the organisation's order."""
    return tuple(f for f in adopted_frameworks(stand.library) if stand.reaches_systems(stand.library.frameworks[f]))


def _in_register(stand: Standpoint, frameworks: Sequence[str]) -> tuple[str, ...]:
    """The first few of them, the one that asks most of single systems first."""

    def asked(framework: str) -> int:
        return sum(leaf.level == "system" for leaf in stand.library.frameworks[framework].leaves)

    return tuple(sorted(frameworks[:FRAMEWORKS_SHOWN], key=asked, reverse=True))


def _names(actor: Actor, owners: Iterable[str]) -> Mapping[str, str]:
    """The names of those owners who are people in Annexa, by their address in small letters. Cost: one query."""
    addresses = {owner.lower() for owner in owners if "@" in owner}
    if not addresses:
        return {}
    found = Person.objects.get_queryset().visible_to(actor).annotate(address=Lower("email"))
    return dict(found.filter(address__in=addresses).values_list("address", "name"))


def _postures(stand: Standpoint, frameworks: Sequence[str], slug: str) -> tuple[FrameworkPosture | None, ...]:
    """Where a system stands against each framework; None for all when it is not in use."""
    return tuple(stand.posture(f, slug) if stand.in_use(slug) else None for f in frameworks)


def _history(
    actor: Actor, slug: str, stand: Standpoint, evidence: Sequence[Evidence], until: datetime
) -> tuple[HistoryLine, ...]:
    """The latest entries about the system: its record, its own declarations and judgements, its evidence."""
    subjects = [f"ai_system/{slug}", *(f"control/{c}/{slug}" for c in stand.library.controls)]
    subjects += [f"evidence/{one.id}" for one in evidence[:HISTORY_SHOWN]]
    rows = LedgerEntry.objects.visible_to(actor).filter(subject__in=subjects, at__lte=until).order_by("-position")
    entries = list(rows[:HISTORY_SHOWN])
    records = [entry.position for entry in entries if entry.kind == "ai_system"]
    records += _before(slug, records[-1:]) if len(entries) == HISTORY_SHOWN else []  # else the oldest is there
    kept = EntryBody.objects.filter(position__in={*records, *(entry.position for entry in entries)})
    bodies = {position: json.loads(bytes(body)) for position, body in kept.values_list("position", "body")}
    before = iter([*(bodies[position]["state"] for position in records[1:]), None])
    lines = []
    for entry in entries:
        body = bodies[entry.position]
        older = next(before) if entry.kind == "ai_system" else None
        lines.append(
            HistoryLine(
                entry=entry,
                by=body["by"],
                because=body["because"],
                about=_about(entry.kind, body["state"]),
                detail=body["state"]["name"] if entry.kind == "evidence" else "",
                changed=_changed(older, body["state"]) if older else (),
            )
        )
    return tuple(lines)


def _before(slug: str, oldest: Sequence[int]) -> list[int]:
    """The entry of the record before the oldest one shown, so that what changed with that one can be told."""
    earlier = LedgerEntry.objects.filter(subject=f"ai_system/{slug}", position__lt=min(oldest, default=0))
    return list(earlier.order_by("-position").values_list("position", flat=True)[:1])


def _about(kind: str, state: Mapping[str, Any]) -> str:
    match kind:
        case "ai_system":
            return "Record"
        case "evidence":
            return f"Evidence for {state['control']}"
        case "adoption":
            return f"{state['control']} {state['state']}"
        case _:
            return f"{str(state.get('kind', kind)).capitalize()} on {state.get('subject', '')}"


def _changed(older: Mapping[str, Any], newer: Mapping[str, Any]) -> tuple[str, ...]:
    """The labels of the fields that differ between two states."""
    labels = [FIELD[name].label for name in FIELD if older.get(name) != newer.get(name)]
    return tuple(labels + ["Source data"] * (older.get("source") != newer.get("source")))


def _matching(rows: QuerySet[AiSystem], asked: Asked) -> QuerySet[AiSystem]:
    """The systems in which every word of the text occurs somewhere, before facets."""
    for word in asked.text.split()[:10]:
        rows = rows.filter(
            Q(name__icontains=word) | Q(purpose__icontains=word) | Q(unit__icontains=word) | Q(slug__icontains=word)
            | Q(reference__icontains=word) | Q(owner__icontains=word)
        )  # fmt: skip
    return rows.filter(owner="") if asked.unowned else rows


def _order(sort: str) -> tuple[Any, ...]:
    """How the register is sorted; by name within equals, whatever the case of its letters."""
    key, descending = sort.removeprefix("-"), sort.startswith("-")
    orders: dict[str, Any] = {
        "risk": _rank("risk_class", RISK_ORDER),
        "stage": _rank("stage", (*(stage for stage in STAGES if stage), "")),
        "owner": Lower("owner"),
        "unit": Lower("unit"),
        "changed": F("changed_at"),
    }
    by = orders.get(key, Lower("name"))
    return (by.desc() if descending else by.asc(), Lower("name"), "slug")


def _rank(field: str, order: Sequence[str]) -> Case:
    return Case(*(When(**{field: word}, then=i) for i, word in enumerate(order)), default=len(order))


Combination = tuple[Mapping[str, tuple[str, ...]], int]


def _combinations(found: QuerySet[AiSystem], names: Sequence[str]) -> list[Combination]:
    """How many systems there are of each combination of values: enough to count some facets at once."""
    columns = ["band" if name == "scale" else name for name in names]
    counted = found.order_by().annotate(band=_BAND).values_list(*columns).annotate(n=Count("id"))
    return [({name: _several(value) for name, value in zip(names, values, strict=True)}, n) for *values, n in counted]


def _several(value: Any) -> tuple[str, ...]:
    """The values of a facet that a system has: one, or as many as a list holds."""
    return tuple(value or [""]) if isinstance(value, list) else (value,)


_BAND = Case(*(When(_is("scale", word), then=Value(word)) for word in BANDS), default=Value(""))


def _fits(values: Mapping[str, tuple[str, ...]], chosen: Mapping[str, tuple[str, ...]], *, without: str = "") -> bool:
    return all(not {*values[name]}.isdisjoint(words) for name, words in chosen.items() if words and name != without)


def _facet(
    combinations: Sequence[Combination], asked: Mapping[str, tuple[str, ...]], name: str
) -> tuple[FacetValue, ...]:
    """The values of a facet, most frequent first, with what each would leave given the other facets."""
    chosen = asked.get(name, ())
    counts: Counter[str] = Counter(dict.fromkeys(chosen, 0))
    for values, n in combinations:
        for value in values[name]:
            counts[value] += n if _fits(values, asked, without=name) else 0
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(FacetValue(value=value, count=n, chosen=value in chosen) for value, n in ordered)


def _sums(everything: QuerySet[AiSystem]) -> dict[str, int]:
    """The numbers the page opens with."""
    return everything.aggregate(
        everything=Count("id"),
        units=Count("unit", distinct=True, filter=~Q(unit="")),
        unclassified=Count("id", filter=Q(risk_class="")),
        unowned=Count("id", filter=Q(owner="")),
        high_risk=Count("id", filter=Q(risk_class="high-risk")),
        retired=Count("id", filter=Q(stage="retirement")),
    )
