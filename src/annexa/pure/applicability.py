"""Which requirements bind this organisation or this AI system on a date, each with the reason.

A first form: role, class and date. Classification by questions comes on top of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

from annexa.pure.facts import SystemFact
from annexa.pure.standards import Control, Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Whether a requirement binds, why, and from which date (inclusive). `from_on` None: since ever or never."""

    applies: bool
    because: str
    from_on: date | None = None


def bind_system(requirement: Requirement, system: SystemFact, at: datetime) -> Binding:
    """Whether a requirement binds one AI system at that instant: by duty, role, class and date, in this order."""
    if requirement.no_duty:
        return Binding(applies=False, because=requirement.no_duty)
    if missing := _unmatched(requirement.binds_roles, requirement.binds_classes, system):
        return Binding(applies=False, because=missing)
    starts = starts_on(requirement, system.high_risk_by)
    if starts is not None and at.date() < starts:
        return Binding(applies=False, because=f"Binds from {starts.isoformat()}.", from_on=starts)
    return Binding(applies=True, because=_matched(requirement), from_on=starts)


def bind_organisation(requirement: Requirement, systems: Iterable[tuple[SystemFact, int]], at: datetime) -> Binding:
    """Whether a requirement binds the organisation: through at least one system in use, if it names roles or classes.

    `systems`: one example for each combination of role, class and way to high risk, with how many systems have it.
    Without roles and classes it binds as such, from its date.
    """
    if requirement.no_duty:
        return Binding(applies=False, because=requirement.no_duty)
    if not (requirement.binds_roles or requirement.binds_classes):
        starts = requirement.applies_from
        if starts is not None and at.date() < starts:
            return Binding(applies=False, because=f"Binds from {starts.isoformat()}.", from_on=starts)
        return Binding(applies=True, because="Binds the organisation as such.", from_on=starts)
    bindings = [(bind_system(requirement, system, at), n) for system, n in systems]
    total, bound = sum(n for _, n in bindings), sum(n for binding, n in bindings if binding.applies)
    if bound:
        starts = min((b.from_on for b, _ in bindings if b.applies and b.from_on), default=None)
        return Binding(applies=True, because=f"Binds through {bound:,} of {total:,} AI systems.", from_on=starts)
    later = min((binding.from_on for binding, _ in bindings if binding.from_on), default=None)
    if later is not None:
        return Binding(applies=False, because=f"Binds from {later.isoformat()}.", from_on=later)
    return Binding(applies=False, because=f"Binds through none of {total:,} AI systems: {_asks(requirement)}.")


def control_applies(control: Control, system: SystemFact) -> bool:
    """Whether a system-level control makes sense for this AI system (its roles and classes)."""
    return not _unmatched(control.binds_roles, control.binds_classes, system)


def starts_on(requirement: Requirement, high_risk_by: str) -> date | None:
    """The date from which it applies; systems that are high-risk through Annex I may have a later one."""
    later = requirement.attributes.get("applies_from_annex_i")
    if high_risk_by == "annex-i" and isinstance(later, date):
        return later
    return requirement.applies_from


IMPLIED: Mapping[str, str] = MappingProxyType(
    {"employer_deployer": "deployer", "public_authority_deployer": "deployer"}
)
"""Roles that are a kind of another one: an employer or authority that deploys is a deployer (AI Act Art. 3(4), 26)."""


def acting_as(roles: Iterable[str]) -> frozenset[str]:
    """The roles recorded, and those they imply."""
    held = frozenset(roles)
    return held | {IMPLIED[role] for role in held if role in IMPLIED}


def _unmatched(roles: tuple[str, ...], classes: tuple[str, ...], system: SystemFact) -> str:
    if roles and not acting_as(system.roles).intersection(roles):
        if not system.roles:
            return f"The organisation's role towards this system is not decided; it binds a {_words(roles)}."
        return f"It binds a {_words(roles)}; the role here is {_words(system.roles)}."
    if classes and not set(classes) & set(system.classes):
        if not system.classes:
            return f"The risk class is not decided; it binds {_words(classes)} systems."
        return f"It binds {_words(classes)} systems; the class here is {_words(system.classes)}."
    return ""


def _matched(requirement: Requirement) -> str:
    if not (requirement.binds_roles or requirement.binds_classes):
        return "Binds every AI system."
    return f"Binds this system: {_asks(requirement)}."


def _asks(requirement: Requirement) -> str:
    parts = []
    if requirement.binds_roles:
        parts.append(f"role {_words(requirement.binds_roles)}")
    if requirement.binds_classes:
        parts.append(f"class {_words(requirement.binds_classes)}")
    return ", ".join(parts)


def _words(words: tuple[str, ...]) -> str:
    return " or ".join(word.replace("_", " ") for word in words)
