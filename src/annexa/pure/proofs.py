"""A proof as plain JSON, and the verdict derived again from that JSON alone.

The shape is that of `annexa explain --format json`; fields are only ever added. Instants are RFC 3339 in UTC.
Everything the verdict rests on is in it, so `recompute` needs neither library nor facts.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from annexa.pure.evidence import EvidenceState, state_of
from annexa.pure.facts import Adoption, Evidence, Judgement, instant
from annexa.pure.posture import (
    CheckProof,
    ControlProof,
    ExpectationProof,
    FrameworkPosture,
    RequirementProof,
    Standing,
    Verdict,
    judge_control,
    judge_population,
    judge_requirement,
    judge_systems,
)

Json = dict[str, Any]


class ProofError(ValueError):
    """A proof does not lead to the verdict it states. Says at which node."""


def rfc3339(at: datetime | None) -> str | None:
    """An instant as RFC 3339 in UTC with Z; None stays None."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at is not None else None


def _day(on: date | None) -> str | None:
    return on.isoformat() if on else None


def posture_json(posture: FrameworkPosture) -> Json:
    """One framework of `annexa posture --format json`."""
    return {
        "id": posture.framework.id,
        "title": posture.framework.title,
        "scope": posture.scope,
        "counts": {str(verdict): n for verdict, n in posture.counts.items()},
        "readiness": None if posture.readiness is None else round(posture.readiness, 4),
        "requirements": [
            {
                "id": line.requirement.id,
                "title": line.requirement.title,
                "verdict": str(line.verdict),
                "binding_from": _day(line.binding_from),
                "due": rfc3339(line.due),
            }
            for line in posture.lines
        ],
    }


def proof_json(proof: RequirementProof) -> Json:
    """The whole tree under a verdict."""
    found: Json = {
        "framework": proof.framework,
        "requirement": proof.requirement.id,
        "title": proof.requirement.title,
        "scope": proof.scope,
        "at": rfc3339(proof.at),
        "verdict": str(proof.verdict),
        "because": list(proof.because),
        "binding": {
            "applies": proof.binding.applies,
            "because": proof.binding.because,
            "from": _day(proof.binding.from_on),
            "grounds": [
                {"fact": one.fact, "rule": one.rule, "cites": list(one.cites), "from": _day(one.from_on)}
                for one in proof.binding.grounds
            ],
        },
        "due": rfc3339(proof.due),
        "sufficient": [list(chosen) for chosen in proof.sufficient],
        "contributes": list(proof.contributes),
        "controls": [_control(control, proof) for control in proof.controls],
        "judgements": [_judgement(judgement) for judgement in proof.judgements],
    }
    if proof.systems is not None:
        found["systems"] = {
            "counts": {str(verdict): n for verdict, n in proof.systems.counts},
            "groups": [
                {"systems": list(group.systems), "proof": proof_json(group.proof)} for group in proof.systems.groups
            ],
        }
    return found


def _control(control: ControlProof, proof: RequirementProof) -> Json:
    whole = any(control.control.id in chosen for chosen in proof.sufficient)
    return {**control_json(control), "extent": "sufficient" if whole else "contributes"}


def control_json(control: ControlProof) -> Json:
    """The tree under the verdict of a control, as it stands in a requirement's proof."""
    found: Json = {
        "id": control.control.id,
        "name": control.control.name,
        "level": control.control.level,
        "inherited": control.inherited,
        "applies": control.applies,
        "verdict": str(control.verdict),
        "adoption": _adoption(control.adoption) if control.adoption else None,
        "expectations": [_expectation(e) for e in control.expectations],
        "judgements": [_judgement(j) for j in control.judgements],
    }
    if control.groups is not None:
        found["population"] = {
            "total": control.population,
            "effective": control.effective_in,
            "groups": [{"systems": list(g.systems), "proof": control_json(g.proof)} for g in control.groups],
        }
    return found


def _expectation(proof: ExpectationProof) -> Json:
    return {
        "id": proof.expectation.id,
        "what": proof.expectation.what,
        "kind": str(proof.expectation.kind),
        "max_age": proof.expectation.max_age_text or None,
        "state": proof.state,
        "evidence": [_evidence(e) for e in proof.evidence],
        "check": _check(proof.check) if proof.check else None,
    }


def _check(check: CheckProof) -> Json:
    return {
        "check": check.check,
        "asserts": check.asserts,
        "population": check.population,
        "fulfilled": check.fulfilled,
        "exceptions": list(check.exceptions),
        **({"over": check.over} if check.over else {}),
    }


def _evidence(evidence: Evidence) -> Json:
    return {
        "id": evidence.id,
        "name": evidence.name,
        "scope": evidence.scope,
        "passing": evidence.passing,
        "sha256": evidence.sha256,
        "observed_at": rfc3339(evidence.effective_at),
        "recorded_at": rfc3339(evidence.recorded_at),
        "expires_at": rfc3339(evidence.expires_at),
        "by": evidence.by,
        "ledger_index": evidence.entry,
    }


def _adoption(adoption: Adoption) -> Json:
    return {
        "id": adoption.id,
        "state": adoption.state,
        "scope": adoption.scope,
        "plan_due": rfc3339(adoption.plan_due),
        "because": adoption.because,
        "by": adoption.by,
        "effective_at": rfc3339(adoption.effective_at),
        "recorded_at": rfc3339(adoption.recorded_at),
        "ledger_index": adoption.entry,
    }


def _judgement(judgement: Judgement) -> Json:
    return {
        "id": judgement.id,
        "kind": judgement.kind,
        "because": judgement.because,
        "by": judgement.by,
        "effective_at": rfc3339(judgement.effective_at),
        "ends_at": rfc3339(judgement.ends_at),
        "ledger_index": judgement.entry,
    }


# --- back from the JSON


class _Answer:
    """A piece of evidence as freshness sees it, read from a proof."""

    def __init__(self, node: Mapping[str, Any]) -> None:
        self.effective_at = instant(node["observed_at"])
        self.expires_at = instant(node["expires_at"])
        self.passing = bool(node["passing"])


def recompute(node: Mapping[str, Any]) -> Verdict:
    """The verdict that follows from a requirement's proof.

    Raises ProofError naming the node when a part of the proof states something else than follows from what is below it.
    """
    where = f"{node['framework']} {node['requirement']} in {node['scope']}"
    at = instant(node["at"])
    verdict = _requirement_verdict(node, where, at)
    return _agree(where, node["verdict"], verdict)


def _requirement_verdict(node: Mapping[str, Any], where: str, at: datetime) -> Verdict:
    if any(j["kind"] == "exclusion" for j in node["judgements"]):
        return Verdict.NOT_APPLICABLE
    if "systems" in node:
        counts = Counter({Verdict(v): n for v, n in node["systems"]["counts"].items()})
        from_groups: Counter[Verdict] = Counter()
        for group in node["systems"]["groups"]:
            from_groups[recompute(group["proof"])] += len(group["systems"])
        for verdict in Verdict:
            if verdict is not Verdict.NOT_APPLICABLE and counts[verdict] != from_groups[verdict]:
                raise ProofError(f"{where}: states {counts[verdict]} systems {verdict}, its groups hold another number")
        return judge_systems(counts)
    if not node["binding"]["applies"]:
        return Verdict.NOT_APPLICABLE
    standings = {c["id"]: _standing(c, f"{where}, control {c['id']}", at) for c in node["controls"]}
    try:
        return judge_requirement(node["sufficient"], node["contributes"], standings)
    except KeyError as missing:
        raise ProofError(f"{where}: names control {missing} without its proof") from missing


def _standing(node: Mapping[str, Any], where: str, at: datetime) -> Standing:
    if "population" in node:
        return _population_standing(node, where, at)
    states: list[EvidenceState] = []
    once = bool(node["expectations"])
    for expectation in node["expectations"]:
        check = expectation["check"]
        if check is not None:
            short = check["population"] - check["fulfilled"]
            state: EvidenceState = "never" if not check["population"] else "failing" if short else "passing"
            once = once and bool(check["population"])
        else:
            answers = [_Answer(e) for e in expectation["evidence"]]
            state, _ = state_of(answers, at)
            once = once and any(a.passing for a in answers)
        _agree(f"{where}, expectation {expectation['id']}", expectation["state"], state)
        states.append(state)
    adoption = node["adoption"]
    if not node["applies"]:
        verdict = Verdict.NOT_APPLICABLE
    else:
        verdict = judge_control(
            adoption["state"] if adoption else None,
            planned=bool(adoption and adoption["state"] == "planned" and adoption["plan_due"]),
            states=states,
            nonconformity=any(j["kind"] == "major nonconformity" for j in node["judgements"]),
        )
    _agree(where, node["verdict"], verdict)
    return Standing(verdict=verdict, applies=node["applies"], some_effective=verdict is Verdict.EFFECTIVE, proven=once)


def _population_standing(node: Mapping[str, Any], where: str, at: datetime) -> Standing:
    counts: Counter[Verdict] = Counter()
    proven = bool(node["population"]["groups"])
    for group in node["population"]["groups"]:
        one = _standing(group["proof"], f"{where} in {group['systems'][0]}", at)
        counts[one.verdict] += len(group["systems"])
        proven = proven and one.proven
    verdict = judge_population(counts)
    major = any(j["kind"] == "major nonconformity" for j in node["judgements"])
    if major and verdict is not Verdict.NOT_APPLICABLE:
        verdict = Verdict.FAILING
    if counts.total() != node["population"]["total"] or counts[Verdict.EFFECTIVE] != node["population"]["effective"]:
        raise ProofError(f"{where}: the population stated is not the one its groups hold")
    _agree(where, node["verdict"], verdict)
    return Standing(
        verdict=verdict, applies=counts.total() > 0, some_effective=counts[Verdict.EFFECTIVE] > 0, proven=proven
    )


def _agree(where: str, stated: str, follows: str) -> Verdict:
    if stated != follows:
        raise ProofError(f"{where}: states {stated!r}, but {str(follows)!r} follows from its proof")
    return Verdict(follows) if follows in set(Verdict) else Verdict.NOT_APPLICABLE
