"""Proofs as pages show them: exceptions first, what counts before what is superseded, long lists named in part."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Literal

from annexa.pure.checks import OVER_RECORDS
from annexa.pure.facts import Evidence, SystemFact
from annexa.pure.posture import (
    CONTROL_ORDER,
    REQUIREMENT_ORDER,
    ControlProof,
    ExpectationProof,
    RequirementProof,
    Verdict,
    applicable,
)
from annexa.pure.register import Register
from annexa.pure.standards import Control

MOST_NAMED = 8
"""How many AI systems are named under one node; the rest is counted."""
MOST_PIECES = 3
"""How many pieces of evidence are shown under one expectation of a proof."""
MOST_GROUNDS = 3
"""How many different grounds of one system-level requirement are shown in full."""

_AS_VERDICT: Mapping[str, Verdict] = {
    "passing": Verdict.EFFECTIVE,
    "failing": Verdict.FAILING,
    "expired": Verdict.STALE,
    "never": Verdict.UNPROVEN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One piece of evidence at an instant: how much of its validity is used (0 to 1), and the same in words."""

    evidence: Evidence
    used: float
    words: str
    state: Literal["pass", "soon", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Systems:
    """Some AI systems: how many, and the first of them by name."""

    count: int
    named: tuple[SystemFact, ...]

    @property
    def more(self) -> int:
        """How many are only counted."""
        return self.count - len(self.named)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectationNode:
    """One expectation with its evidence, newest first; a record check with the systems that fall short.

    `records`: the records of the register `over` that fall short, if it is about one; `more`: how many there are
    beside.
    """

    proof: ExpectationProof
    verdict: Verdict
    pieces: tuple[Piece, ...]
    earlier: int
    exceptions: Systems
    over: Register | None = None
    records: tuple[str, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationNode:
    """AI systems whose control stands on the same grounds: their verdict and what it rests on."""

    verdict: Verdict
    systems: Systems
    expectations: tuple[ExpectationNode, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlNode:
    """One control under a requirement. `whole`: it is part of a sufficient set; otherwise it only contributes."""

    proof: ControlProof
    whole: bool
    expectations: tuple[ExpectationNode, ...]
    populations: tuple[PopulationNode, ...]
    unshown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictNode:
    """The AI systems for which a requirement has one verdict."""

    verdict: Verdict
    systems: Systems


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundsNode:
    """One proof that holds for several AI systems alike."""

    systems: Systems
    tree: "RequirementTree"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementTree:
    """A requirement's proof for reading. `lacking`: the controls that must become effective for it to be met."""

    proof: RequirementProof
    controls: tuple[ControlNode, ...]
    systems: tuple[VerdictNode, ...]
    grounds: tuple[GroundsNode, ...]
    lacking: tuple[ControlProof, ...]


def requirement_tree(proof: RequirementProof, systems: Mapping[str, SystemFact]) -> RequirementTree:
    """The tree under one verdict, worst grounds first."""
    grounds = _grounds(proof, systems)
    return RequirementTree(
        proof=proof,
        controls=tuple(control_node(control, proof, systems) for control in proof.controls),
        systems=_by_verdict(proof, systems),
        grounds=grounds,
        lacking=grounds[0].tree.lacking if grounds else lacking(proof),
    )


def control_node(control: ControlProof, proof: RequirementProof, systems: Mapping[str, SystemFact]) -> ControlNode:
    """One control of a requirement's proof."""
    populations, left, unshown = [], MOST_NAMED, 0
    for group in sorted(control.groups or (), key=lambda g: (-_badness(g.proof.verdict), -len(g.systems), g.systems)):
        if left <= 0:
            unshown += len(group.systems)
            continue
        named = _named(group.systems, systems, left)
        left -= len(named.named)
        populations.append(
            PopulationNode(
                verdict=group.proof.verdict,
                systems=named,
                expectations=expectation_nodes(group.proof, systems, proof.at),
            )
        )
    return ControlNode(
        proof=control,
        whole=any(control.control.id in chosen for chosen in proof.sufficient),
        expectations=expectation_nodes(control, systems, proof.at),
        populations=tuple(populations),
        unshown=unshown,
    )


def expectation_nodes(
    control: ControlProof, systems: Mapping[str, SystemFact], at: datetime, most: int = MOST_PIECES
) -> tuple[ExpectationNode, ...]:
    """The expectations of a control in one scope, in its own order."""
    return tuple(_expected(one, systems, at, most) for one in control.expectations)


def _expected(proof: ExpectationProof, systems: Mapping[str, SystemFact], at: datetime, most: int) -> ExpectationNode:
    check = proof.check
    over = OVER_RECORDS[check.check].register if check and check.over else None
    named = [one.partition("/")[0] for one in check.exceptions] if check and over else []
    records = tuple(dict.fromkeys(named))[:MOST_NAMED]
    more = check.population - check.fulfilled - sum(one in records for one in named) if check and over else 0
    return ExpectationNode(
        proof=proof,
        verdict=_AS_VERDICT[proof.state],
        pieces=tuple(piece(evidence, at) for evidence in proof.evidence[:most]),
        earlier=max(0, len(proof.evidence) - most),
        exceptions=_named(check.exceptions if check and not over else (), systems, MOST_NAMED),
        over=over,
        records=records,
        more=more,
    )


def piece(evidence: Evidence, at: datetime) -> Piece:
    """How fresh a piece of evidence is at an instant."""
    whole = evidence.expires_at - evidence.effective_at
    age = at - evidence.effective_at
    used = min(1.0, max(0.0, age / whole)) if whole > timedelta() else 1.0
    if at >= evidence.expires_at:
        words = f"{span(age)} old, expired {_day(evidence.expires_at, at)}"
    elif not evidence.passing:
        words = f"fails, {span(age)} old"
    else:
        words = f"{span(age)} old, good for {span(evidence.expires_at - at)}"
    state: Literal["pass", "soon", "fail"] = "soon" if used >= 0.75 else "pass"
    return Piece(
        evidence=evidence, used=used, words=words, state="fail" if not evidence.passing or used >= 1 else state
    )


def span(length: timedelta) -> str:
    """A length of time in its two usual units: hours below two days, else days."""
    hours = int(length.total_seconds() // 3600)
    if hours < 1:
        return f"{max(0, int(length.total_seconds() // 60))} min"
    return f"{hours} h" if hours < 48 else f"{hours // 24:,} d"


def lacking(proof: RequirementProof) -> tuple[ControlProof, ...]:
    """What would meet it: the members, not yet effective, of the sufficient set with the fewest of them."""
    if proof.verdict not in {Verdict.AT_RISK, Verdict.PARTIAL, Verdict.UNMET}:
        return ()
    by_id = {control.control.id: control for control in proof.controls}
    standings = {control: found.standing for control, found in by_id.items()}
    asked = (applicable(chosen, standings) for chosen in proof.sufficient)
    left: list[list[ControlProof]] = [
        [by_id[c] for c in chosen if by_id[c].verdict is not Verdict.EFFECTIVE] for chosen in asked if chosen
    ]
    left.sort(key=len)
    return tuple(left[0]) if left else ()


def why(control: ControlProof, at: datetime) -> str:
    """A control's verdict in a sentence: what decided it."""
    match control.verdict:
        case Verdict.NOT_APPLICABLE:
            return _why_not(control)
        case _ if control.groups is not None:
            return _over_systems(control)
        case Verdict.ABSENT:
            return "Nobody declared it implemented, and there is no dated plan."
        case Verdict.PLANNED if control.adoption and control.adoption.plan_due:
            return f"Not implemented yet; planned for {_day(control.adoption.plan_due, at)}."
        case Verdict.FAILING if any(j.kind == "major nonconformity" for j in control.judgements):
            return "An open major nonconformity stands against it."
        case Verdict.FAILING:
            return f"The evidence says it fails: {_whats(control, 'failing')}."
        case Verdict.UNPROVEN:
            return f"Declared implemented, never shown: {_whats(control, 'never')}."
        case Verdict.STALE:
            return f"Its evidence has expired: {_whats(control, 'expired')}."
    if control.falls_at is None:
        return "Everything it expects is shown and current."
    return f"Everything it expects is shown and current, until {_day(control.falls_at, at)}."


def _why_not(control: ControlProof) -> str:
    if control.adoption is not None and control.adoption.state == "excluded":
        return f"Excluded by {control.adoption.by}: {control.adoption.because}"
    wanted = _wanted(control.control)
    if control.groups is not None:
        return f"It applies to none of the AI systems in use{f': it is meant for {wanted}' if wanted else ''}."
    return f"It is meant for {wanted}; this system is none of them." if wanted else "It does not apply here."


def _wanted(control: Control) -> str:
    return " or ".join([*control.binds_classes, *(role.replace("_", " ") for role in control.binds_roles)])


def _over_systems(control: ControlProof) -> str:
    counts: dict[Verdict, int] = {}
    for group in control.groups or ():
        counts[group.proof.verdict] = counts.get(group.proof.verdict, 0) + len(group.systems)
    rest = ", ".join(f"{counts[v]:,} {v}" for v in CONTROL_ORDER[1:] if counts.get(v))
    said = f"Effective in {control.effective_in:,} of {control.population:,} AI systems"
    return f"{said}; {rest}." if rest else f"{said}."


def _whats(control: ControlProof, state: str) -> str:
    return "; ".join(one.expectation.what for one in control.expectations if one.state == state)


def _by_verdict(proof: RequirementProof, systems: Mapping[str, SystemFact]) -> tuple[VerdictNode, ...]:
    """The systems a requirement binds by verdict, worst first."""
    slugs: dict[Verdict, list[str]] = {}
    for group in proof.systems.groups if proof.systems else ():
        slugs.setdefault(group.proof.verdict, []).extend(group.systems)
    nodes, left = [], MOST_NAMED
    for verdict in sorted(slugs, key=_badness, reverse=True):
        found = _named(slugs[verdict], systems, left if verdict is not Verdict.MET else min(left, MOST_NAMED // 4))
        left -= len(found.named)
        nodes.append(VerdictNode(verdict=verdict, systems=found))
    return tuple(nodes)


def _grounds(proof: RequirementProof, systems: Mapping[str, SystemFact]) -> tuple[GroundsNode, ...]:
    """The worst and most frequent grounds on which systems stand."""
    groups = sorted(
        proof.systems.groups if proof.systems else (),
        key=lambda g: (-_badness(g.proof.verdict), -len(g.systems), g.systems),
    )
    return tuple(
        GroundsNode(systems=_named(group.systems, systems, 1), tree=requirement_tree(group.proof, systems))
        for group in groups[:MOST_GROUNDS]
    )


def _named(slugs: Sequence[str], systems: Mapping[str, SystemFact], most: int) -> Systems:
    known: Iterable[SystemFact] = (systems[slug] for slug in slugs if slug in systems)
    return Systems(count=len(slugs), named=tuple(islice(known, max(0, most))))


def _badness(verdict: Verdict) -> int:
    """How far a verdict is from good; `not applicable` is no trouble at all."""
    for order in (REQUIREMENT_ORDER, CONTROL_ORDER):
        if verdict in order:
            return order.index(verdict)
    return -1


def _day(moment: datetime, at: datetime) -> str:
    year = f" {moment.year}" if moment.year != at.year else ""
    return f"{moment.day} {moment:%b}{year}"
