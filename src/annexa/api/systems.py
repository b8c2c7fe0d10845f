"""The register of AI systems: listed by its facets, one by one, changed, and many at once."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from annexa.actions.systems import add_system, change_system, import_systems
from annexa.answers.imports import export_systems, plan_systems
from annexa.answers.runs import one_system, systems_run
from annexa.answers.systems import BANDS, FACETS, Asked
from annexa.api.askers import who
from annexa.api.guards import ask_match, tag_at
from annexa.api.imports import DryRun, FileFormat, Imported, Rows, file_of, taken_in
from annexa.api.operations import get, patch, post
from annexa.api.shapes import (
    Because,
    Cursor,
    Day,
    Given,
    Instant,
    Limit,
    Shown,
    ShownDay,
    cursor_of,
    given,
    now,
    place_of,
    shown,
)
from annexa.pure.proofs import rfc3339
from annexa.pure.systems import Affected, Answer, Autonomy, Built, HighRiskBy, RiskClass, Role, Stage, SystemFacts

router = Router(tags=["systems"])
Long = Annotated[str, Field(max_length=20_000)]
Line = Annotated[str, Field(max_length=300)]
EXAMPLE: dict[str, Any] = {
    "slug": "chatbot", "reference": "AIS-7", "name": "Chatbot", "purpose": "Answers customers", "outputs": "",
    "unit": "Service", "stage": "operation", "roles": ["deployer"], "classes": ["transparency"], "high_risk_by": "",
    "owner": "kim@example.org", "built": "supplier", "supplier": "Chat Ltd", "personal_data": "yes",
    "impact_assessment": "yes", "monitoring": "unknown", "independent_evaluation": "unknown", "appeal": "unknown",
    "started_on": None, "deployed_on": "2026-02-01", "retired_on": None, "people_affected": ["customers"],
    "autonomy": "it informs", "scale": 40000, "overseers": "kim@example.org", "source": [],
    "risk_class": "transparency",
    "created_at": "2026-11-20T09:40:00Z", "changed_at": "2026-11-20T09:40:00Z",
}  # fmt: skip


class System(Shown):
    """One AI system as the register has it. `risk_class` is the gravest of `classes`."""

    model_config = shown(**EXAMPLE)

    slug: str
    reference: str
    name: str
    purpose: str
    outputs: str
    unit: str
    stage: Stage
    roles: list[Role]
    classes: list[RiskClass]
    high_risk_by: HighRiskBy
    owner: str
    built: Built
    supplier: str
    personal_data: Answer
    impact_assessment: Answer
    monitoring: Answer
    independent_evaluation: Answer
    appeal: Answer
    started_on: ShownDay | None
    deployed_on: ShownDay | None
    retired_on: ShownDay | None
    people_affected: list[Affected]
    autonomy: Autonomy
    scale: int | None
    overseers: str
    source: list[list[str]]
    risk_class: str
    created_at: Instant
    changed_at: Instant


class FacetValue(Shown):
    """One value of a facet, and how many systems it leaves given the other facets."""

    value: str
    count: int


class Systems(Shown):
    """A part of the register, how many systems the filter leaves, and what each facet would."""

    model_config = shown(
        items=[EXAMPLE], next=None, total=1, facets={"risk_class": [{"value": "transparency", "count": 1}]}
    )

    items: list[System]
    next: str | None
    total: int
    facets: dict[str, list[FacetValue]]


class Facts(Given):
    """What is said about an AI system; what is left out stays as it is."""

    reference: Annotated[str, Field(max_length=100)] = ""
    purpose: Long = ""
    outputs: Long = ""
    unit: Line = ""
    stage: Stage = ""
    roles: Annotated[list[Role], Field(max_length=20)] = []
    classes: Annotated[list[RiskClass], Field(max_length=20)] = []
    high_risk_by: HighRiskBy = ""
    owner: Annotated[str, Field(max_length=254)] = ""
    built: Built = ""
    supplier: Line = ""
    personal_data: Answer = "unknown"
    impact_assessment: Answer = "unknown"
    monitoring: Answer = "unknown"
    independent_evaluation: Answer = "unknown"
    appeal: Answer = "unknown"
    started_on: Day | None = None
    deployed_on: Day | None = None
    retired_on: Day | None = None
    people_affected: Annotated[list[Affected], Field(max_length=20)] = []
    autonomy: Autonomy = ""
    scale: Annotated[int, Field(ge=0, le=10**9)] | None = None
    overseers: Long = ""
    because: Because = ""


class SystemGiven(Facts):
    """A new AI system."""

    model_config = given(name="Chatbot", purpose="Answers customers", stage="operation", roles=["deployer"])

    name: Line


class SystemChanged(Facts):
    """The fields of an AI system that change."""

    model_config = given(owner="kim@example.org", because="She took over")

    name: Line = ""


Words = list[str]


class Narrowing(Given):
    """What of the register is asked for; a facet may be given several times."""

    model_config = {"strict": False, "extra": "ignore"}

    q: Annotated[str, Field(default="", max_length=200, description="Words that all occur somewhere in a system.")]
    risk_class: Annotated[Words, Field(default_factory=list, description="Facet; empty for not classified.")]
    stage: Annotated[Words, Field(default_factory=list, description="Facet.")]
    unit: Annotated[Words, Field(default_factory=list, description="Facet.")]
    personal_data: Annotated[Words, Field(default_factory=list, description="Facet.")]
    impact_assessment: Annotated[Words, Field(default_factory=list, description="Facet.")]
    monitoring: Annotated[Words, Field(default_factory=list, description="Facet.")]
    people_affected: Annotated[
        Words, Field(default_factory=list, description="Facet; a system counts for each of those it affects.")
    ]
    autonomy: Annotated[Words, Field(default_factory=list, description="Facet.")]
    scale: Annotated[
        Words, Field(default_factory=list, description=f"Facet: {', '.join(BANDS)} people a year; empty for unknown.")
    ]
    unowned: Annotated[bool, Field(default=False, description="Only those that nobody answers for.")]
    sort: Annotated[Literal["name", "changed"], Field(default="name", description="By name, or by last change.")]

    def asked(self) -> Asked:
        """The same as the register's own value."""
        chosen = {name: tuple(getattr(self, name)) for name in FACETS}
        return Asked(text=self.q, chosen=chosen, unowned=self.unowned, sort=self.sort)


@get(router, "/systems", Systems)
def list_systems(
    request: HttpRequest, narrowing: Annotated[Narrowing, Query()], limit: Limit, cursor: Cursor
) -> dict[str, Any]:
    """List AI systems, narrowed by the facets of the register."""
    asked = narrowing.asked()
    place = place_of(cursor, asked.sort, dated=asked.sort == "changed")
    found = systems_run(actor=who(request).actor, asked=asked, after=place, limit=limit)
    facets = {
        name: [{"value": one.value, "count": one.count} for one in values] for name, values in found.facets.items()
    }
    items = [_shown(one) for one in found.run.rows]
    return {"items": items, "next": cursor_of(found.run.last, asked.sort), "total": found.total, "facets": facets}


@post(router, "/systems", System, may=("change_system",))
def add_one_system(request: HttpRequest, response: HttpResponse, body: SystemGiven) -> dict[str, Any]:
    """Add an AI system to the register."""
    made = add_system(actor=who(request).actor, facts=SystemFacts(**_values(body)), now=now(), because=body.because)
    response["Location"] = f"/api/v1/systems/{made.slug}"
    return _answered(response, made)


@post(router, "/systems/import", Imported, may=("import_systems",), status=200, reads=True)
def import_many_systems(request: HttpRequest, body: Rows, dry_run: DryRun) -> dict[str, Any]:
    """Import many AI systems: all or none, or as a dry run nothing.

    The body is a list of objects as `annexa export systems --format json` writes it; columns are recognised by their
    names, what no field takes is kept beside the system. Systems that are known by slug or reference are updated.
    """
    actor = who(request).actor
    return taken_in(
        body,
        dry_run,
        plan=lambda data: plan_systems(actor=actor, data=data, name="API"),
        record=lambda planned: import_systems(actor=actor, planned=planned, now=now()),
    )


@get(router, "/systems/export", None)
def export_all_systems(request: HttpRequest, file_format: FileFormat) -> HttpResponse:
    """Get a file of the AI systems that an import reads back without loss."""
    return file_of("systems", file_format, export_systems(actor=who(request).actor, file_format=file_format))


@get(router, "/systems/{slug}", System, errors=(404,))
def show_system(request: HttpRequest, response: HttpResponse, slug: str) -> dict[str, Any]:
    """Show one AI system."""
    return _answered(response, one_system(actor=who(request).actor, slug=slug))


@patch(router, "/systems/{slug}", System, may=("change_system",))
def change_one_system(request: HttpRequest, response: HttpResponse, slug: str, body: SystemChanged) -> dict[str, Any]:
    """Change an AI system; what is left out stays as it is."""
    actor = who(request).actor
    seen = one_system(actor=actor, slug=slug)
    ask_match(request, tag_at(seen.changed_at))
    facts = replace(seen.facts(), **_values(body))
    made = change_system(actor=actor, slug=slug, facts=facts, seen=seen.changed_at, now=now(), because=body.because)
    return _answered(response, made)


def _values(body: Facts) -> dict[str, Any]:
    said = body.model_dump(exclude_unset=True, exclude={"because"})
    return {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}


def _answered(response: HttpResponse, system: Any) -> dict[str, Any]:
    response["ETag"] = tag_at(system.changed_at)
    return _shown(system)


def _shown(system: Any) -> dict[str, Any]:
    return {
        "slug": system.slug,
        **system.facts().to_json(),
        "risk_class": system.risk_class,
        "created_at": rfc3339(system.created_at),
        "changed_at": rfc3339(system.changed_at),
    }
