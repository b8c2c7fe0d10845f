"""What waits today: evidence that ran out or will, controls nobody has proven, systems nobody answers for."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from django.db.models import Func, Subquery

from annexa.answers.frameworks import adopted_frameworks
from annexa.answers.ledger import Change, list_changes
from annexa.answers.libraries import active_library
from annexa.answers.posture import Standpoint, standpoint
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import Actor
from annexa.pure.posture import ControlProof, ExpectationProof, FrameworkPosture, Verdict
from annexa.pure.standards import ExpectationKind
from annexa.records.ledger import LedgerCheckpoint
from annexa.records.organisation import Organisation
from annexa.records.systems import AiSystem

AHEAD = timedelta(days=30)
"""Evidence is to be renewed this long before it runs out, or in the last quarter of its life if that is shorter."""
MOST = 6

Urgency = Literal["failing", "expired", "soon", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """Evidence to renew or to give for the first time: for which expectation, where, since or until when.

    `holds_up` counts the requirements of adopted frameworks that the control helps to meet; `helps` names these
    frameworks. `systems`: how many AI systems lack the same; then the first of them is the scope.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the organisation stands against one adopted framework, and when the first verdict falls if nobody acts."""

    posture: FrameworkPosture
    met: int
    falls_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """A date to come on which requirements begin to bind."""

    on: date
    framework: str
    framework_title: str
    requirements: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """What the first page of the day shows.

    What `failing` does not hold, `renewals` ran out or soon will, `never` was never shown; each the first few of its
    total. `next_due` is when the next verdict falls. `declared` counts controls that somebody said something about.
    """

    organisation: Organisation | None
    failing: tuple[Renewal, ...]
    failing_total: int
    renewals: tuple[Renewal, ...]
    renewals_total: int
    never: tuple[Renewal, ...]
    never_total: int
    next_due: datetime | None
    declared: int
    systems: int
    without_owner: int
    without_class: int
    standing: tuple[Standing, ...]
    recent: tuple[Change, ...]
    ahead: tuple[Ahead, ...]
    at: datetime
    ledger_size: int

    @property
    def to_show(self) -> int:
        """How many expectations wait for evidence."""
        return self.failing_total + self.renewals_total + self.never_total

    @property
    def waiting(self) -> int:
        """How many things wait: evidence to give, and gaps in the register."""
        return self.to_show + bool(self.without_owner) + bool(self.without_class)


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What every page says of the organisation: its name, and how much there is of what."""

    name: str
    demo: bool
    systems: int
    controls: int
    entries: int


def house(*, actor: Actor) -> House:
    """The organisation as the frame of every page shows it. Cost: one query, four more after a change."""
    counted = AiSystem.objects.visible_to(actor).order_by().annotate(n=Func("pk", function="COUNT")).values("n")
    sealed = LedgerCheckpoint.objects.order_by("-size").values("size")[:1]
    found = Organisation.objects.annotate(systems=Subquery(counted), entries=Subquery(sealed)).first()
    if found is None:
        return House(name="", demo=False, systems=0, controls=0, entries=0)
    return House(
        name=found.name,
        demo=found.demo,
        systems=found.systems or 0,
        controls=len(active_library(size=found.entries or 0).controls),
        entries=found.entries or 0,
    )


def today(*, actor: Actor, now: datetime) -> Today:
    """Today's page for one person."""
    stand = standpoint(actor=actor, now=now)
    adopted = adopted_frameworks(stand.library)
    found = sorted(_merged(_renewals(stand, adopted, now)), key=_order)
    failing = [one for one in found if one.urgency == "failing"]
    renewals = [one for one in found if one.urgency in {"expired", "soon"}]
    never = [one for one in found if one.urgency == "never"]
    systems = stand.engine.systems.values()
    standing = tuple(_standing(stand.posture(one)) for one in adopted)
    return Today(
        organisation=Organisation.objects.first(),
        failing=tuple(failing[:MOST]),
        failing_total=len(failing),
        renewals=tuple(renewals[:MOST]),
        renewals_total=len(renewals),
        never=tuple(never[:MOST]),
        never_total=len(never),
        next_due=min((one.falls_at for one in standing if one.falls_at), default=None),
        declared=len({fact.control for fact in stand.engine.facts.adoptions}),
        systems=AiSystem.objects.visible_to(actor).count(),
        without_owner=sum(not system.owner for system in systems),
        without_class=sum(not system.classes for system in systems),
        standing=standing,
        recent=list_changes(actor=actor),
        ahead=_ahead(stand, adopted, now),
        at=stand.at,
        ledger_size=stand.size,
    )


def _standing(posture: FrameworkPosture) -> Standing:
    return Standing(
        posture=posture,
        met=posture.counts[Verdict.MET],
        falls_at=min((line.due for line in posture.lines if line.due), default=None),
    )


def _renewals(stand: Standpoint, adopted: tuple[str, ...], now: datetime) -> list[Renewal]:
    found: list[Renewal] = []
    for control in stand.library.controls.values():
        proof = stand.engine.control(control.id)
        if proof.groups is None:
            found.extend(_of(stand, proof, (ORGANISATION,), adopted, now))
            continue
        for group in proof.groups:
            found.extend(_of(stand, group.proof, group.systems, adopted, now))
    return found


def _of(
    stand: Standpoint, proof: ControlProof, scopes: tuple[str, ...], adopted: tuple[str, ...], now: datetime
) -> list[Renewal]:
    if proof.verdict in {Verdict.ABSENT, Verdict.PLANNED, Verdict.NOT_APPLICABLE}:
        return []
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
        )
        for e in proof.expectations
        if (urgency := _urgency(e, now)) is not None
    ]


def _merged(renewals: list[Renewal]) -> list[Renewal]:
    """What has no date of its own is one thing to do, however many AI systems lack it."""
    found: dict[tuple[str, str, Urgency, str], Renewal] = {}
    for one in renewals:
        key = (one.control, one.expectation, one.urgency, one.scope if one.when else "")
        first = found.get(key)
        found[key] = replace(first, systems=first.systems + one.systems) if first else one
    return list(found.values())


def _urgency(proof: ExpectationProof, now: datetime) -> Urgency | None:
    if proof.state == "failing":
        return "failing"
    if proof.state == "expired":
        return "expired"
    if proof.state == "never":
        return None if proof.check else "never"
    if proof.falls_at is None:
        return None
    ahead = min(AHEAD, (proof.expectation.max_age or AHEAD) / 4)
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


def _ahead(stand: Standpoint, adopted: tuple[str, ...], now: datetime) -> tuple[Ahead, ...]:
    found: dict[tuple[date, str], int] = {}
    for framework in (stand.library.frameworks[one] for one in adopted):
        for leaf in framework.leaves:
            if not leaf.no_duty and leaf.applies_from is not None and leaf.applies_from > now.date():
                key = (leaf.applies_from, framework.id)
                found[key] = found.get(key, 0) + 1
    return tuple(
        Ahead(on=on, framework=one, framework_title=stand.library.frameworks[one].title, requirements=n)
        for (on, one), n in sorted(found.items())
    )[:6]
