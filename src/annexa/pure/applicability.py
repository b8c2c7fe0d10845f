"""Which requirements bind this organisation or this AI system on a date, each with its chain of grounds.

Five things decide, in this order: whether there is a duty at all; role; class; the narrower circumstances that a law
asks for; and the date, with the transitional rules for what was there before. Role and class come from the register,
circumstances from approved answers to the questions of the law (`annexa.pure.classify`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

from annexa.pure.facts import Decided, SystemFact
from annexa.pure.standards import Control, Narrowing, Requirement, Transition
from annexa.pure.systems import OUT_OF_SCOPE

AND = " and "
"""Between facts, which all hold; what a rule asks for is joined by "or"."""
REGISTER = "register"
"""The law whose words come from the AI system's own record and need no approval."""
PERSONAL_DATA = "personal-data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """One link of a chain: this fact, so this rule, which stands there. `from_on`: the day it names, inclusive.

    `law` and `words`: the law whose approved answers the fact comes from, and the words it speaks of.
    """

    fact: str
    rule: str
    cites: tuple[str, ...] = ()
    from_on: date | None = None
    law: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Whether a requirement binds, why, and from which date (inclusive). `from_on` None: since ever or never.

    `grounds` is the chain from fact to date; where it does not bind, it ends at the link that decided so.
    """

    applies: bool
    because: str
    from_on: date | None = None
    grounds: tuple[Ground, ...] = ()


def bind_system(requirement: Requirement, system: SystemFact, at: datetime) -> Binding:
    """Whether a requirement binds one AI system at that instant: duty, role, class, circumstances, date."""
    if requirement.no_duty:
        return Binding(applies=False, because=requirement.no_duty)
    grounds: list[Ground] = []
    known = known_words(system)
    replaced = class_is_replaced(requirement, known)
    if left_out := not replaced and _left_out(requirement, system):
        return Binding(applies=False, because=f"{left_out.rule} {left_out.fact}.", grounds=(left_out,))
    by_class = [] if replaced else _class(requirement, system)
    for asked in (_role(requirement, system), by_class):
        if isinstance(asked, str):
            return Binding(applies=False, because=asked, grounds=tuple(grounds))
        grounds += asked
    return _further(requirement, known, starts_on(requirement, system.high_risk_by), at,
                    _matched(requirement), grounds)  # fmt: skip


def bind_organisation(
    requirement: Requirement, systems: Iterable[tuple[SystemFact, int]], at: datetime, circumstances: Decided = ()
) -> Binding:
    """Whether a requirement binds the organisation: through at least one system in use, if it names roles or classes.

    `systems`: one example for each combination that can bind differently, with how many systems have it. Without roles
    and classes it binds as such, unless the organisation's own circumstances say otherwise, from its date.
    """
    if requirement.no_duty:
        return Binding(applies=False, because=requirement.no_duty)
    if not (requirement.binds_roles or requirement.binds_classes):
        because = "Binds the organisation as such."
        return _further(requirement, circumstances, requirement.applies_from, at, because, [])
    bindings = [(bind_system(requirement, system, at), n) for system, n in systems]
    total, bound = sum(n for _, n in bindings), sum(n for binding, n in bindings if binding.applies)
    if bound:
        starts = min((b.from_on for b, _ in bindings if b.applies and b.from_on), default=None)
        example = next(b for b, _ in bindings if b.applies and (starts is None or b.from_on == starts))
        because = f"Binds through {bound:,} of {total:,} AI systems."
        return Binding(applies=True, because=because, from_on=starts, grounds=example.grounds)
    ahead = [binding for binding, _ in bindings if binding.from_on]
    if ahead:
        first = min(ahead, key=lambda binding: binding.from_on or date.max)
        return Binding(
            applies=False, because=f"Binds from {_iso(first.from_on)}.", from_on=first.from_on, grounds=first.grounds
        )
    return Binding(applies=False, because=f"Binds through none of {total:,} AI systems: {_asks(requirement)}.")


def control_applies(control: Control, system: SystemFact) -> bool:
    """Whether a system-level control makes sense for this AI system (its roles and classes)."""
    roles, classes = control.binds_roles, control.binds_classes
    return not (roles and not acting_as(system.roles).intersection(roles)) and not (
        classes and not set(classes) & set(system.classes)
    )


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


def known_words(system: SystemFact) -> Decided:
    """What is decided about a system: the approved words of every law, and those that its own record settles."""
    if system.personal_data == "unknown":
        return system.circumstances
    held = (PERSONAL_DATA,) if system.personal_data in {"yes", "planned"} else ()
    return (*system.circumstances, (REGISTER, held))


def words_of(known: Decided, law: str) -> tuple[str, ...] | None:
    """The words found under a law; None while nothing is decided."""
    return next((words for one, words in known if one == law), None)


def class_is_replaced(requirement: Requirement, known: Decided) -> bool:
    """Whether approved words decide in the place of the class."""
    return any(one.replaces_class and words_of(known, one.law) is not None for one in requirement.narrowed)


def _left_out(requirement: Requirement, system: SystemFact) -> Ground | None:
    """What ends the question where a role or class is asked for and the law leaves the system out."""
    asks = bool(requirement.binds_classes) or (bool(requirement.binds_roles) and not system.roles)
    if system.classes != (OUT_OF_SCOPE,) or not asks:
        return None
    fact, rule = "The class here is out of scope", f"It binds only {_asks(requirement)}."
    return Ground(fact=fact, rule=rule, cites=(requirement.id,), words=(OUT_OF_SCOPE,))


def _role(requirement: Requirement, system: SystemFact) -> list[Ground] | str:
    roles = requirement.binds_roles
    if not roles:
        return []
    matched = sorted(acting_as(system.roles).intersection(roles))
    if matched:
        return [
            Ground(fact=f"Role: {_words(system.roles, AND)}", rule=f"Binds a {_words(roles)}.", cites=(requirement.id,))
        ]
    if not system.roles:
        return f"The organisation's role towards this system is not decided; it binds a {_words(roles)}."
    return f"It binds a {_words(roles)}; the role here is {_words(system.roles, AND)}."


def _class(requirement: Requirement, system: SystemFact) -> list[Ground] | str:
    classes = requirement.binds_classes
    if not classes:
        return []
    if set(classes) & set(system.classes):
        through = {"annex-i": ", through Annex I", "annex-iii": ", through Annex III"}.get(system.high_risk_by, "")
        fact = f"Class: {_words(system.classes, AND)}{through}"
        return [Ground(fact=fact, rule=f"Binds {_words(classes)} systems.", cites=(requirement.id,))]
    if not system.classes:
        return f"The risk class is not decided; it binds {_words(classes)} systems."
    return f"It binds {_words(classes)} systems; the class here is {_words(system.classes, AND)}."


def _further(
    requirement: Requirement, known: Decided, starts: date | None, at: datetime, because: str, grounds: list[Ground]
) -> Binding:
    """What is left to ask once role and class fit: circumstances, rules for older cases, the day."""
    for one in requirement.narrowed:
        holds, ground = _narrows(one, known)
        grounds.append(ground)
        if not holds:
            return Binding(applies=False, because=one.says, grounds=tuple(grounds))
    if moved := held_transition(requirement, known):
        fact = f"From the approved answers: {_words(moved.when, AND)}"
        grounds.append(
            Ground(fact=fact, rule=moved.says, cites=moved.cites, from_on=moved.on, law=moved.law, words=moved.when)
        )
        if moved.on is None:
            return Binding(applies=False, because=moved.says, grounds=tuple(grounds))
        starts = moved.on if starts is None else max(starts, moved.on)
    if starts is None:
        return Binding(applies=True, because=because, grounds=tuple(grounds))
    cites = (requirement.commencements[starts],) if starts in requirement.commencements else ()
    rule = f"Applies from {starts.isoformat()}."
    grounds.append(Ground(fact=f"Asked for {at.date().isoformat()}", rule=rule, cites=cites, from_on=starts))
    if at.date() < starts:
        because = f"Binds from {starts.isoformat()}."
    return Binding(applies=at.date() >= starts, because=because, from_on=starts, grounds=tuple(grounds))


def held_transition(requirement: Requirement, known: Decided) -> Transition | None:
    """The first rule for older cases whose words were all found."""
    for one in requirement.transitions:
        words = words_of(known, one.law)
        if words is not None and set(one.when) <= set(words):
            return one
    return None


def _narrows(one: Narrowing, known: Decided) -> tuple[bool, Ground]:
    """Whether a narrower duty is still asked for, and why."""
    words = words_of(known, one.law)
    if words is None:
        until = "the class stands in for it" if one.replaces_class else "it counts as if so"
        fact = f"Not decided: {_words(one.any_of)}; until then {until}"
        return True, Ground(fact=fact, rule=one.says, cites=one.cites, law=one.law, words=one.any_of)
    held = tuple(word for word in one.any_of if word in words)
    source = "From the record" if one.law == REGISTER else "From the approved answers"
    fact = f"{source}: {_words(held, AND)}" if held else f"{source}: not {_words(one.any_of)}"
    spoken = held or one.any_of
    return bool(held), Ground(fact=fact, rule=one.says, cites=one.cites, law=one.law, words=spoken)


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


def _words(words: Iterable[str], joined: str = " or ") -> str:
    return joined.join(word.replace("_", " ") for word in words)


def _iso(on: date | None) -> str:
    return on.isoformat() if on else ""
