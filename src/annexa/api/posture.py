"""Where the organisation or one AI system stands, and why."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from annexa.answers.errors import THEN, no_framework, no_system
from annexa.answers.frameworks import adopted_frameworks
from annexa.answers.frameworks import explain as explained
from annexa.answers.posture import standpoint
from annexa.api.askers import who
from annexa.api.operations import get
from annexa.api.shapes import At, Instant, ScopeWord, Shown, ShownDay, Verdict, instant, now, shown
from annexa.pure.facts import ORGANISATION
from annexa.pure.proofs import posture_json, proof_json, rfc3339

router = Router(tags=["posture"])
LINE: dict[str, Any] = {
    "id": "A.5.2", "title": "AI system impact assessment process", "verdict": "met", "binding_from": None,
    "due": "2027-02-18T09:40:00Z",
}  # fmt: skip
STANDING: dict[str, Any] = {
    "id": "iso42001-2023", "title": "ISO/IEC 42001:2023", "scope": "organisation", "counts": {"met": 1},
    "readiness": 1.0, "requirements": [LINE],
}  # fmt: skip


class Line(Shown):
    """A requirement and its verdict. `due`: when it falls if nobody acts."""

    model_config = shown(**LINE)

    id: str
    title: str
    verdict: Verdict
    binding_from: ShownDay | None
    due: Instant | None


class Standing(Shown):
    """One framework in one scope. `readiness`: met ÷ applicable; null: nothing applies."""

    model_config = shown(**STANDING)

    id: str
    title: str
    scope: str
    counts: dict[str, int]
    readiness: float | None
    requirements: list[Line]


class Posture(Shown):
    """Where a scope stands at an instant, by which library, over how many entries of the ledger."""

    model_config = shown(at="2026-11-20T09:40:00Z", library="4f1c0a9b", ledger_size=431, frameworks=[STANDING])

    at: Instant
    library: str
    ledger_size: int
    frameworks: list[Standing]
    learnt_by: Instant | None = None


class Proof(Shown):
    """The tree under a verdict: requirement, controls, expectations, evidence, from which it can be computed again."""

    model_config = shown(
        framework="iso42001-2023", requirement="A.5.2", title="AI system impact assessment process",
        scope="organisation", at="2026-11-20T09:40:00Z", verdict="unmet", because=["No control is effective."],
        binding={"applies": True, "because": "It binds everybody.", "from": None, "grounds": []}, due=None,
        sufficient=[["IMP-01"]], contributes=[], controls=[], judgements=[], systems=None,
    )  # fmt: skip

    framework: str
    requirement: str
    title: str
    scope: str
    at: Instant
    verdict: Verdict
    because: list[str]
    binding: dict[str, Any]
    due: Instant | None
    sufficient: list[list[str]]
    contributes: list[str]
    controls: list[dict[str, Any]]
    judgements: list[dict[str, Any]]
    systems: dict[str, Any] | None = None
    learnt_by: Instant | None = None


Framework = Annotated[str, Query(max_length=40, examples=["iso42001-2023"])]
Requirement = Annotated[str, Query(max_length=60, examples=["A.5.2"])]
Chosen = Annotated[list[str], Query(default_factory=list, description="Only these; none: the adopted ones.")]
Hindsight = Annotated[bool, Query(default=False, description="A past instant as we know now that it was.")]


@get(router, "/posture", Posture, errors=(404,))
def show_posture(
    request: HttpRequest, framework: Chosen, scope: ScopeWord, at: At, hindsight: Hindsight
) -> dict[str, Any]:
    """Show every verdict of some frameworks in a scope."""
    stand = standpoint(actor=who(request).actor, now=now(), at=instant(at), hindsight=hindsight)
    known = stand.library.frameworks
    chosen = tuple(dict.fromkeys(framework)) or adopted_frameworks(stand.library)
    for unknown in (one for one in chosen if one not in known):
        raise no_framework(unknown, known)
    if scope != ORGANISATION and not stand.in_use(scope):
        raise no_system(scope, stand.systems, use=THEN)
    return {
        "at": rfc3339(stand.at),
        "library": stand.library.version,
        "ledger_size": stand.size,
        "frameworks": [posture_json(stand.posture(one, scope)) for one in chosen],
        "learnt_by": _learnt_by(stand.learnt_by),
    }


def _learnt_by(instant: datetime | None) -> str | None:
    return rfc3339(instant) if instant else None


@get(router, "/explain", Proof, errors=(404,))
def explain(
    request: HttpRequest,
    framework: Framework,
    requirement: Requirement,
    scope: ScopeWord,
    at: At,
    hindsight: Hindsight,
) -> dict[str, Any]:
    """Show the proof under one verdict."""
    moment, asked = now(), instant(at)
    proof = explained(
        actor=who(request).actor, framework=framework, requirement=requirement, now=moment, at=asked,
        scope=scope, hindsight=hindsight,
    )  # fmt: skip
    later = hindsight and asked is not None and asked < moment
    return proof_json(proof) | {"learnt_by": _learnt_by(moment if later else None)}
