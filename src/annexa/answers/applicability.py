"""What binds and why: the chain behind a binding in words, what a change would move, and what is still to come."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache

from annexa.answers.frameworks import adopted_frameworks
from annexa.answers.posture import standpoint
from annexa.library.classification import classifications
from annexa.pure.applicability import Binding, Ground, bind_system
from annexa.pure.facts import SystemFact
from annexa.pure.permits import Actor
from annexa.pure.posture import FrameworkPosture
from annexa.pure.standards import Framework, Requirement
from annexa.pure.systems import OUT_OF_SCOPE, SystemFacts

Bindings = Callable[[Requirement], tuple[Binding, Binding]]
"""Whether a requirement binds before a change and after it."""
DECIDING = ("roles", "classes", "high_risk_by", "personal_data")
"""The fields of a system's record that decide what binds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A requirement that binds, begins to or ceases to. `from_on`: the day, if it lies ahead."""

    framework: Framework
    requirement: Requirement
    from_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cite:
    """A place in the law, and the requirement of the framework in which it stands; None where the library has none."""

    text: str
    requirement: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link of a chain: the fact in words, the rule it meets, where that stands, and the day it names.

    `law`: whose approved answers the fact comes from; "" where it is in the record, or is the date.
    """

    fact: str
    rule: str
    cites: tuple[Cite, ...]
    from_on: date | None
    law: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Upcoming:
    """A day to come on which requirements of a framework begin to bind a scope."""

    on: date
    framework: Framework
    requirements: tuple[Requirement, ...]


def chain(binding: Binding, framework: Framework) -> tuple[Link, ...]:
    """The grounds of a binding for people: words of a law by their titles, places with the requirement they are."""
    return tuple(
        Link(
            fact=_in_words(ground),
            rule=ground.rule,
            cites=tuple(_cite(text, framework) for text in ground.cites),
            from_on=ground.from_on,
            law=ground.law or (framework.id if OUT_OF_SCOPE in ground.words and _titles(framework.id) else ""),
        )
        for ground in binding.grounds
    )


def upcoming(postures: Iterable[FrameworkPosture]) -> tuple[Upcoming, ...]:
    """What does not bind a scope yet and will, day by day, from the dates in law."""
    found: dict[tuple[date, str], list[Requirement]] = {}
    frameworks = {}
    for posture in postures:
        frameworks[posture.framework.id] = posture.framework
        for line in posture.lines:
            if line.binding_from is not None and line.binding_from > posture.at.date():
                found.setdefault((line.binding_from, posture.framework.id), []).append(line.requirement)
    return tuple(
        Upcoming(on=on, framework=frameworks[one], requirements=tuple(requirements))
        for (on, one), requirements in sorted(found.items())
    )


def changed_bindings(
    *, actor: Actor, slug: str, facts: SystemFacts, now: datetime
) -> tuple[tuple[Moved, ...], tuple[Moved, ...]]:
    """What would begin and what would cease to bind a system if its record said this. Raises UnknownError.

    Nothing for a system that is not in use, and where no field changes on which bindings rest.
    """
    stand = standpoint(actor=actor, now=now)
    held = stand.systems.get(slug)
    changes = {name: getattr(facts, name) for name in DECIDING}
    if held is None or all(getattr(held, name) == value for name, value in changes.items()):
        return (), ()
    after = replace(held, entry=None, **changes)
    chosen = [stand.library.frameworks[one] for one in adopted_frameworks(stand.library)]
    return moved(chosen, lambda leaf: bindings_of(leaf, held, after, stand.at), stand.at.date())


def bindings_of(leaf: Requirement, before: SystemFact, after: SystemFact, at: datetime) -> tuple[Binding, Binding]:
    """Whether a requirement binds a system as it is and as it would be."""
    return bind_system(leaf, before, at), bind_system(leaf, after, at)


def moved(
    frameworks: Iterable[Framework], bindings: Bindings, today: date
) -> tuple[tuple[Moved, ...], tuple[Moved, ...]]:
    """The requirements that would begin and those that would cease to bind, now or from a day ahead."""
    appear: list[Moved] = []
    disappear: list[Moved] = []
    for framework in frameworks:
        for leaf in (one for one in framework.leaves if not one.no_duty):
            old, new = bindings(leaf)
            caught, catches = old.applies or old.from_on is not None, new.applies or new.from_on is not None
            if caught != catches:
                ahead = (new if catches else old).from_on
                day = ahead if ahead and ahead > today else None
                (appear if catches else disappear).append(Moved(framework=framework, requirement=leaf, from_on=day))
    return tuple(appear), tuple(disappear)


def titled(law: str, words: Sequence[str]) -> tuple[str, ...]:
    """The words of a law as people read them."""
    return tuple(_titles(law).get(word, word.replace("-", " ")) for word in words)


@cache
def _titles(law: str) -> Mapping[str, str]:
    tree = classifications().get(law)
    return {one.id: one.title for one in tree.circumstances} if tree else {}


def _in_words(ground: Ground) -> str:
    """The fact with the words of a law replaced by their titles, in small letters within the sentence."""
    text = ground.fact
    for word, title in zip(ground.words, titled(ground.law, ground.words), strict=True):
        text = text.replace(word.replace("_", " "), title[:1].lower() + title[1:])
    return text


def _cite(text: str, framework: Framework) -> Cite:
    return Cite(text=text, requirement=text if text in framework.by_id else None)
