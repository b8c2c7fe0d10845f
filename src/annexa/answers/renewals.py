"""Evidence to renew or to give: what runs out becomes work ahead of time, for whoever answers for it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from annexa.answers.posture import Standpoint
from annexa.pure.facts import ORGANISATION
from annexa.pure.owners import Owner, Owners
from annexa.pure.posture import ControlProof, ExpectationProof, Verdict
from annexa.pure.standards import ExpectationKind

AHEAD = timedelta(days=30)
"""Evidence is to be renewed this long before it runs out, or in the last quarter of its life if that is shorter."""

Urgency = Literal["failing", "expired", "soon", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """Evidence to renew or to give for the first time: for which expectation, where, since or until when.

    `holds_up` counts the requirements of adopted frameworks that the control helps to meet; `helps` names these
    frameworks. `systems`: how many AI systems lack the same; then the first of them is the scope. `owner`: who answers
    for it; None for nobody, and for several.
    """

    control: str
    control_name: str
    expectation: str
    what: str
    kind: ExpectationKind
    scope: str
    scope_name: str
    urgency: Urgency
    when: datetime | None
    holds_up: int
    helps: tuple[str, ...]
    systems: int
    owner: Owner | None = None


def renewals(
    *,
    stand: Standpoint,
    owners: Owners,
    adopted: tuple[str, ...],
    now: datetime,
    person: int | None = None,
    horizon: timedelta | None = None,
) -> tuple[Renewal, ...]:
    """What fails, ran out, soon will or was never shown, in this order; with `person` only what they answer for.

    `horizon`: how long before its end evidence is to be renewed, instead of `AHEAD`.
    """
    found: list[Renewal] = []
    for control in stand.library.controls.values():
        proof = stand.engine.control(control.id)
        places = [(group.systems, group.proof) for group in proof.groups or ()]
        if proof.groups is None:
            places.append(((ORGANISATION,), proof))
        for scopes, alone in places:
            if alone.verdict in {Verdict.ABSENT, Verdict.PLANNED, Verdict.NOT_APPLICABLE}:
                continue
            chosen = scopes if person is None else owners.theirs(person, control.id, scopes)
            if chosen:
                found.extend(_of(stand, owners, alone, chosen, adopted, now, alike=person is not None, horizon=horizon))
    return tuple(sorted(_merged(found), key=_order))


def _of(
    stand: Standpoint,
    owners: Owners,
    proof: ControlProof,
    scopes: tuple[str, ...],
    adopted: tuple[str, ...],
    now: datetime,
    *,
    alike: bool,
    horizon: timedelta | None,
) -> list[Renewal]:
    """What one proof asks for in the scopes that rest on it; `alike`: one person answers for it in all of them."""
    scope = scopes[0]
    held = [framework for framework, _ in stand.library.covered_by[proof.control.id] if framework in adopted]
    return [
        Renewal(
            control=proof.control.id,
            control_name=proof.control.name,
            expectation=e.expectation.id,
            what=e.expectation.what,
            kind=e.expectation.kind,
            scope=scope,
            scope_name="Organisation" if scope == ORGANISATION else stand.engine.systems[scope].name,
            urgency=urgency,
            when=_when(e),
            holds_up=len(held),
            helps=tuple(stand.library.frameworks[one].title for one in adopted if one in held),
            systems=0 if scope == ORGANISATION else len(scopes),
            owner=owners.of(proof.control.id, scope) if alike or len(scopes) == 1 else None,
        )
        for e in proof.expectations
        if (urgency := _urgency(e, now, horizon)) is not None
    ]


def _merged(renewals: list[Renewal]) -> list[Renewal]:
    """What has no date of its own is one thing to do, however many AI systems lack it."""
    found: dict[tuple[str, str, Urgency, str], Renewal] = {}
    for one in renewals:
        key = (one.control, one.expectation, one.urgency, one.scope if one.when else "")
        first = found.get(key)
        same = first.owner if first and first.owner == one.owner else None
        found[key] = replace(first, systems=first.systems + one.systems, owner=same) if first else one
    return list(found.values())


def _urgency(proof: ExpectationProof, now: datetime, horizon: timedelta | None) -> Urgency | None:
    if proof.state == "failing":
        return "failing"
    if proof.state == "expired":
        return "expired"
    if proof.state == "never":
        return None if proof.check else "never"
    if proof.falls_at is None:
        return None
    ahead = min(AHEAD, (proof.expectation.max_age or AHEAD) / 4) if horizon is None else horizon
    return "soon" if proof.falls_at <= now + ahead else None


def _when(proof: ExpectationProof) -> datetime | None:
    """Since when it fails, since when it is expired, or until when it holds."""
    if proof.state == "passing":
        return proof.falls_at
    if proof.state == "failing":
        return max((e.effective_at for e in proof.evidence if not e.passing), default=None)
    return max((e.expires_at for e in proof.evidence if e.passing), default=None)


def _order(renewal: Renewal) -> tuple[int, float, int, str, str]:
    rank = ("failing", "expired", "soon", "never").index(renewal.urgency)
    when = renewal.when.timestamp() if renewal.when else 0.0
    return (rank, when, -renewal.holds_up, renewal.control, renewal.scope)
