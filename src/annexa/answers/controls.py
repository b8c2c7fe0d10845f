"""Questions about controls: the catalogue with verdicts, one control in a scope with what it covers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from annexa.answers.errors import THEN, UnknownError, no_system
from annexa.answers.frameworks import adopted_frameworks
from annexa.answers.posture import Standpoint, standpoint
from annexa.answers.store import blobs
from annexa.answers.trees import ExpectationNode, expectation_nodes, why
from annexa.pure.facts import ORGANISATION, SystemFact
from annexa.pure.permits import Actor
from annexa.pure.portfolio import Judged
from annexa.pure.posture import CONTROL_ORDER, ControlProof, Verdict
from annexa.pure.standards import Control, Framework, Requirement
from annexa.records.controls import Adoption, Judgement
from annexa.records.evidence import Evidence

FAMILIES: Mapping[str, str] = {
    "GOV": "Governance",
    "RSK": "Risk",
    "PPL": "People",
    "AST": "Information and assets",
    "ACC": "Access",
    "SUP": "Suppliers and partners",
    "INC": "Incidents",
    "BCM": "Continuity",
    "PHY": "Buildings and equipment",
    "OPS": "Operations",
    "NET": "Networks",
    "CRY": "Cryptography",
    "DEV": "Development",
    "DLP": "Data leakage",
    "PRV": "Privacy",
    "AIM": "Inventory of AI",
    "IMP": "Impact of AI",
    "LIF": "Life cycle of AI systems",
    "AGT": "Agents",
    "DAT": "Data for AI",
    "OVS": "Human oversight",
    "BIO": "Biometric identification",
    "TRN": "Transparency",
    "USE": "Use of AI",
    "MET": "Measured trustworthiness",
    "FBK": "Feedback",
    "RWT": "Testing in real conditions",
    "CFM": "Conformity",
    "GPM": "General-purpose models",
}
"""Families of controls by the letters of their ids, in the order of the catalogue."""
MOST_SYSTEMS = 50
MOST_EVIDENCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlRow:
    """A control in the catalogue: its verdict for the organisation and how many requirements name it."""

    control: Control
    judged: Judged
    implemented: bool
    noted: bool
    covers: int

    @property
    def family(self) -> str:
        """The family it belongs to; one the catalogue has no name for goes by its letters."""
        letters = self.control.id.partition("-")[0]
        return FAMILIES.get(letters, letters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """A requirement that a control helps to meet: wholly by itself or in a set (sufficient), or as a contribution."""

    framework: Framework
    requirement: Requirement
    verdict: Verdict
    sufficient: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InSystem:
    """A system-level control in one AI system."""

    system: SystemFact
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPage:
    """One control in a scope: why its verdict, what it covers, what was declared, judged and shown over time.

    `expected` has every piece of evidence known at that instant; `records` holds the same pieces as recorded, by id,
    with size, type and note. `overridden`: an organisation-level control that one AI system decided on for itself.
    """

    control: Control
    scope: str
    system: SystemFact | None
    proof: ControlProof
    why: str
    expected: tuple[ExpectationNode, ...]
    overridden: bool
    covers: tuple[Covered, ...]
    evidence: tuple[Evidence, ...]
    records: Mapping[str, Evidence]
    adoptions: tuple[Adoption, ...]
    judgements: tuple[Judgement, ...]
    at: datetime
    ledger_size: int


def list_controls(
    *, actor: Actor, now: datetime, at: datetime | None = None, hindsight: bool = False
) -> tuple[ControlRow, ...]:
    """The catalogue, by id, with the organisation's verdicts."""
    stand = standpoint(actor=actor, now=now, at=at, hindsight=hindsight)
    adopted = set(adopted_frameworks(stand.library))
    return tuple(
        ControlRow(
            control=control,
            judged=stand.judged(control.id),
            implemented=stand.portfolio.is_implemented(control.id),
            noted=stand.portfolio.is_judged("", control.id, ORGANISATION),
            covers=sum(framework in adopted for framework, _ in stand.library.covered_by[control.id]),
        )
        for control in sorted(stand.library.controls.values(), key=lambda c: c.id)
    )


def counts_of(rows: tuple[ControlRow, ...]) -> dict[Verdict, int]:
    """How many controls have which verdict, best first, `not applicable` last."""
    return {v: sum(row.judged.verdict is v for row in rows) for v in (*CONTROL_ORDER, Verdict.NOT_APPLICABLE)}


def control_page(
    *,
    actor: Actor,
    control: str,
    now: datetime,
    at: datetime | None = None,
    scope: str = ORGANISATION,
    hindsight: bool = False,
) -> ControlPage:
    """One control in a scope as its page shows it. Raises UnknownError."""
    stand = standpoint(actor=actor, now=now, at=at, hindsight=hindsight)
    found = stand.library.controls.get(control)
    if found is None:
        raise UnknownError(f"There is no control {control!r}.")
    if scope != ORGANISATION and not stand.in_use(scope):
        raise no_system(scope, stand.systems, use=THEN)
    evidence = _recorded(actor, control, scope)
    proof = stand.control(control, scope)
    return ControlPage(
        control=found,
        scope=scope,
        system=None if scope == ORGANISATION else stand.systems[scope],
        proof=proof,
        why=why(proof, stand.at),
        expected=expectation_nodes(proof, stand.systems, stand.at, MOST_EVIDENCE),
        overridden=scope != ORGANISATION and found.level == "organisation" and not proof.inherited,
        covers=_covers(stand, control, scope),
        evidence=evidence,
        records={one.id: one for one in evidence},
        adoptions=tuple(
            Adoption.objects.visible_to(actor)
            .filter(control=control, scope__in=[scope, ORGANISATION])
            .filter(effective_at__lte=stand.at, recorded_at__lte=stand.learnt_by or stand.at)
            .select_related("by")
            .order_by("-recorded_at")[:20]
        ),
        judgements=tuple(
            Judgement.objects.visible_to(actor)
            .filter(id__in=[judgement.id for judgement in proof.judgements])
            .select_related("by")
            .order_by("-recorded_at")
        ),
        at=stand.at,
        ledger_size=stand.size,
    )


def systems_of(
    *,
    actor: Actor,
    control: str,
    now: datetime,
    at: datetime | None = None,
    text: str = "",
    hindsight: bool = False,
) -> tuple[tuple[InSystem, ...], int]:
    """The AI systems a system-level control applies to, exceptions first, and how many there are that match.

    At most 50 are named; `text` narrows them by words of the name.
    """
    stand = standpoint(actor=actor, now=now, at=at, hindsight=hindsight)
    words = text.casefold().split()
    found = [
        InSystem(system=stand.systems[slug], verdict=verdict)
        for slug, verdict in stand.portfolio.verdicts_of(control)
        if all(word in f"{stand.systems[slug].name} {slug}".casefold() for word in words)
    ]
    found.sort(key=lambda one: (-CONTROL_ORDER.index(one.verdict), one.system.name.casefold(), one.system.id))
    return tuple(found[:MOST_SYSTEMS]), len(found)


def open_evidence(*, actor: Actor, evidence: str) -> tuple[Evidence, BinaryIO]:
    """A piece of evidence and its bytes, given out only if they still have its digest; close them after use.

    Raises UnknownError, BlobMissingError, BlobForgedError.
    """
    found = Evidence.objects.visible_to(actor).filter(id=evidence).first()
    if found is None:
        raise UnknownError(f"There is no evidence {evidence!r}.")
    return found, blobs().open_checked(found.sha256)


def open_judgement(*, actor: Actor, judgement: str) -> Judgement:
    """A judgement, to be closed or looked at. Raises UnknownError."""
    found: Judgement | None = Judgement.objects.visible_to(actor).filter(id=judgement).first()
    if found is None:
        raise UnknownError(f"There is no judgement {judgement!r}.")
    return found


def _recorded(actor: Actor, control: str, scope: str) -> tuple[Evidence, ...]:
    """The latest evidence for a control: of the organisation all of it, of one AI system what counts there."""
    rows = Evidence.objects.visible_to(actor).filter(control=control)
    if scope != ORGANISATION:
        rows = rows.filter(scope__in=[scope, ORGANISATION])
    return tuple(rows.select_related("by").order_by("-observed_at", "-recorded_at")[:MOST_EVIDENCE])


def _covers(stand: Standpoint, control: str, scope: str) -> tuple[Covered, ...]:
    found = []
    adopted = adopted_frameworks(stand.library)
    for framework_id, requirement_id in stand.library.covered_by[control]:
        if framework_id not in adopted:
            continue
        framework = stand.library.frameworks[framework_id]
        requirement = framework.by_id[requirement_id]
        if scope != ORGANISATION and not stand.library.reaches_systems(framework, requirement):
            continue
        coverage = stand.library.covering(framework, requirement)
        found.append(
            Covered(
                framework=framework,
                requirement=requirement,
                verdict=stand.portfolio.verdict(framework_id, requirement_id, scope),
                sufficient=coverage is not None and any(control in chosen for chosen in coverage.sufficient),
            )
        )
    return tuple(sorted(found, key=lambda c: adopted.index(c.framework.id)))
