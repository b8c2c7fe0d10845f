"""Frameworks and their requirements: what is asked, of whom, since when, and where the organisation stands."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from annexa.answers.frameworks import framework_page, list_frameworks, one_framework
from annexa.answers.requirements import requirement_page
from annexa.answers.resolve import resolve
from annexa.answers.runs import run_of
from annexa.api.askers import who
from annexa.api.operations import get
from annexa.api.shapes import At, Cursor, Limit, Shown, ShownDay, Verdict, after_of, cursor_of, instant, now, shown

router = Router(tags=["frameworks"])
EXAMPLE: dict[str, Any] = {
    "id": "iso42001-2023", "title": "ISO/IEC 42001:2023", "version": "1", "status": "in force", "adopted": True,
    "requirements": 65, "counts": {"met": 12, "unmet": 40}, "readiness": 0.1846, "binds_next": None,
}  # fmt: skip
REQUIREMENT: dict[str, Any] = {
    "id": "A.5.2", "parent": "A.5", "title": "AI system impact assessment process", "kind": "control",
    "level": "organisation", "summary": "Assess what AI systems do to people.", "judged": True, "binds_roles": [],
    "binds_classes": [], "applies_from": None, "verdict": "unmet",
}  # fmt: skip


class Framework(Shown):
    """A framework and where the organisation stands against it. `readiness`: met ÷ applicable, or null."""

    model_config = shown(**EXAMPLE)

    id: str
    title: str
    version: str
    status: str
    adopted: bool
    requirements: int
    counts: dict[str, int]
    readiness: float | None
    binds_next: ShownDay | None


class Frameworks(Shown):
    """Every framework of the library, adopted ones first."""

    model_config = shown(items=[EXAMPLE], next=None)

    items: list[Framework]
    next: str | None


class Requirement(Shown):
    """A requirement. `judged`: a leaf that is somebody's duty; a group has the worst verdict below it."""

    model_config = shown(**REQUIREMENT)

    id: str
    parent: str | None
    title: str
    kind: str
    level: str
    summary: str
    judged: bool
    binds_roles: list[str]
    binds_classes: list[str]
    applies_from: ShownDay | None
    verdict: Verdict | None


class Requirements(Shown):
    """A part of a framework's requirements, in its own order."""

    model_config = shown(items=[REQUIREMENT], next=None)

    items: list[Requirement]
    next: str | None


class Covering(Shown):
    """A control that covers a requirement, its verdict, and whether it does so as part of a sufficient set."""

    control: str
    verdict: Verdict
    extent: str


class Related(Shown):
    """A requirement of another framework that has to do with this one."""

    framework: str
    requirement: str
    relation: str


class OneRequirement(Requirement):
    """One requirement whole: what covers it, and what corresponds to it elsewhere."""

    model_config = shown(
        **REQUIREMENT,
        framework="iso42001-2023",
        covered_by=[{"control": "IMP-01", "verdict": "absent", "extent": "sufficient"}],
        elsewhere=[{"framework": "eu-ai-act", "requirement": "Art.27(1)", "relation": "intersects_with"}],
    )

    framework: str
    covered_by: list[Covering]
    elsewhere: list[Related]


class Match(Shown):
    """A requirement of today that a number may mean, and by which earlier one."""

    framework: str
    id: str
    title: str
    relation: str
    via: str | None


class Resolved(Shown):
    """What a number that somebody read means today. `question`: what to say so that only one is left."""

    model_config = shown(
        asked="A.12.4.1", edition="iso27001-2013",
        matches=[{"framework": "iso27001-2022", "id": "A.8.15", "title": "Logging", "relation": "equal", "via": None}],
        question=None,
    )  # fmt: skip

    asked: str
    edition: str | None
    matches: list[Match]
    question: str | None


Number = Annotated[str, Query(min_length=1, max_length=200, description="As you have it.", examples=["Art 26(6)"])]
Edition = Annotated[str, Query(default="", max_length=40, description="The framework it was read in.")]


@get(router, "/frameworks", Frameworks)
def list_library(request: HttpRequest, limit: Limit, cursor: Cursor, at: At) -> dict[str, Any]:
    """List frameworks, adopted ones first, each with the organisation's standing."""
    rows = list_frameworks(actor=who(request).actor, now=now(), at=instant(at))
    run = run_of(rows, lambda one: one.framework.id, after=after_of(cursor), limit=limit)
    return {"items": [_framework(one) for one in run.rows], "next": cursor_of(run.last)}


@get(router, "/frameworks/{framework}", Framework, errors=(404,))
def show_framework(request: HttpRequest, framework: str, at: At) -> dict[str, Any]:
    """Show one framework."""
    return _framework(one_framework(actor=who(request).actor, framework=framework, now=now(), at=instant(at)))


@get(router, "/frameworks/{framework}/requirements", Requirements, errors=(404,))
def list_requirements(request: HttpRequest, framework: str, limit: Limit, cursor: Cursor, at: At) -> dict[str, Any]:
    """List the requirements of a framework, in its own order, with the organisation's verdicts."""
    page = framework_page(actor=who(request).actor, framework=framework, now=now(), at=instant(at))
    verdicts = {row.requirement.id: row.verdict for row in page.rows}
    run = run_of(page.framework.requirements, lambda one: one.id, after=after_of(cursor), limit=limit)
    items = [_requirement(page.framework, one, verdicts.get(one.id)) for one in run.rows]
    return {"items": items, "next": cursor_of(run.last)}


@get(router, "/frameworks/{framework}/requirements/{requirement}", OneRequirement, errors=(404,))
def show_requirement(request: HttpRequest, framework: str, requirement: str, at: At) -> dict[str, Any]:
    """Show one requirement: what it asks, what covers it, what corresponds elsewhere."""
    page = requirement_page(
        actor=who(request).actor, framework=framework, requirement=requirement, now=now(), at=instant(at)
    )
    return {
        **_requirement(page.framework, page.requirement, page.verdict),
        "framework": page.framework.id,
        "covered_by": [
            {
                "control": control,
                "verdict": str(one.verdict),
                "extent": "sufficient" if one.fully else "contributes",
            }
            for control, one in page.controls.items()
        ],
        "elsewhere": [
            {
                "framework": held.id,
                "requirement": one.requirement.id,
                "relation": str(one.related.relation),
            }
            for held, several in page.elsewhere
            for one in several
        ],
    }


@get(router, "/resolve", Resolved, errors=(404,))
def resolve_number(request: HttpRequest, number: Number, edition: Edition) -> dict[str, Any]:
    """Say which requirement of today somebody's number means."""
    found = resolve(number, edition=edition or None)
    return {
        "asked": found.asked,
        "edition": found.edition,
        "matches": [
            {"framework": m.framework, "id": m.id, "title": m.title, "relation": str(m.relation), "via": m.via}
            for m in found.matches
        ],
        "question": found.question or None,
    }


def _framework(one: Any) -> dict[str, Any]:
    readiness = one.posture.readiness
    return {
        "id": one.framework.id,
        "title": one.framework.title,
        "version": one.framework.version,
        "status": one.framework.status,
        "adopted": one.adopted,
        "requirements": len(one.framework.requirements),
        "counts": {str(verdict): n for verdict, n in one.posture.counts.items()},
        "readiness": None if readiness is None else round(readiness, 4),
        "binds_next": one.binds_next.isoformat() if one.binds_next else None,
    }


def _requirement(framework: Any, one: Any, verdict: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "parent": one.parent or None,
        "title": one.title,
        "kind": str(one.kind),
        "level": one.level,
        "summary": one.summary,
        "judged": one.id not in framework.children and not one.no_duty,
        "binds_roles": list(one.binds_roles),
        "binds_classes": list(one.binds_classes),
        "applies_from": one.applies_from.isoformat() if one.applies_from else None,
        "verdict": None if verdict is None else str(verdict),
    }
