"""Finding things by name or number."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from annexa.answers.search import LONGEST
from annexa.answers.search import search as find
from annexa.api.askers import who
from annexa.api.operations import get
from annexa.api.shapes import Shown, Verdict, now, shown

router = Router(tags=["search"])


class FoundSystem(Shown):
    """An AI system that matches."""

    slug: str
    name: str


class FoundRecord(Shown):
    """A record of a register that matches; `kind`: which register, by its noun."""

    kind: str
    slug: str
    name: str


class FoundControl(Shown):
    """A control that matches, and its verdict."""

    id: str
    name: str
    verdict: Verdict


class FoundRequirement(Shown):
    """A requirement that matches; no verdict for a group or for what is nobody's duty."""

    framework: str
    id: str
    title: str
    verdict: Verdict | None


class Found(Shown):
    """The first few of each kind, the best first, and how many there are."""

    model_config = shown(
        q="logging", exact=False, systems=[], systems_total=0, records=[], records_total=0,
        controls=[{"id": "OPS-05", "name": "Logging", "verdict": "absent"}], controls_total=1,
        requirements=[{"framework": "iso27001-2022", "id": "A.8.15", "title": "Logging", "verdict": "unmet"}],
        requirements_total=1,
    )  # fmt: skip

    q: str
    exact: bool
    systems: list[FoundSystem]
    systems_total: int
    records: list[FoundRecord]
    records_total: int
    controls: list[FoundControl]
    controls_total: int
    requirements: list[FoundRequirement]
    requirements_total: int


Words = Annotated[str, Query(max_length=LONGEST, description="A name, words of it, or a number.", examples=["logging"])]


@get(router, "/search", Found)
def search(request: HttpRequest, q: Words) -> dict[str, Any]:
    """Find AI systems, records of registers, controls and requirements by name or number."""
    found = find(actor=who(request).actor, text=q, now=now())
    return {
        "q": found.text,
        "exact": found.exact,
        "systems": [{"slug": one.slug, "name": one.name} for one in found.systems],
        "systems_total": found.systems_total,
        "records": [
            {"kind": part.register.noun, "slug": row.slug, "name": row.name}
            for part in found.records
            for row in part.rows
        ],
        "records_total": found.records_total,
        "controls": [
            {"id": one.control.id, "name": one.control.name, "verdict": str(one.verdict)} for one in found.controls
        ],
        "controls_total": found.controls_total,
        "requirements": [
            {
                "framework": one.framework.id,
                "id": one.requirement.id,
                "title": one.requirement.title,
                "verdict": str(one.verdict) if one.verdict else None,
            }
            for one in found.requirements
        ],
        "requirements_total": found.requirements_total,
    }
