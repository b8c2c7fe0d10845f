"""The facts as they would be if the work on some controls were done: for a what-if, never to be written."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, TypeVar

from annexa.pure.checks import CHECKS, DEEDS, REVIEWS
from annexa.pure.facts import Adoption, Closure, Evidence, Fact, Facts, Reviewed, Supposed, SystemFact
from annexa.pure.places import deeds_short_of, places, short_of
from annexa.pure.posture import ControlProof, Engine, ExpectationProof, Verdict

F = TypeVar("F", bound=Fact)
MOMENT = timedelta(microseconds=1)

ANSWERS: Mapping[str, Any] = MappingProxyType(
    {
        "owner": "what-if",
        "purpose": "what-if",
        "roles": ("what-if",),
        "classes": ("what-if",),
        "personal_data": "no",
        "impact_assessment": "yes",
        "monitoring": "yes",
        "independent_evaluation": "yes",
        "appeal": "yes",
    }
)
"""Answers that satisfy a check over the register. Role and class are decided in a way that binds nothing new: which
duties a real decision brings is another question."""


def as_done(engine: Engine, controls: Iterable[str]) -> Facts:
    """The facts as they would be with these controls effective wherever they are judged, at the engine's own instant.

    For a what-if; never to be written. Declarations, evidence, closures and answers in the register are added; what
    was recorded stays, only facts that contradict them and carry that very instant give way by a microsecond. What
    somebody excluded stays excluded, and what no work can make effective stays as it is.
    """
    added: list[Fact] = []
    answers: dict[str, SystemFact] = {}
    for control in sorted(set(controls)):
        for place in places(engine, control):
            if place.proof.verdict is not Verdict.EFFECTIVE:
                for scope in place.scopes:
                    added += _deeds(engine, place.proof, scope)
                    _answer(engine, place.proof, scope, answers)
        added += _closures(engine, engine.control(control))
    added += [replace(system, effective_at=engine.at, recorded_at=engine.at, entry=None) for system in answers.values()]
    return _given_way(engine, added).plus(added)


def answered(system: SystemFact, check: str) -> SystemFact | None:
    """The system with the one answer that satisfies a check, itself if it does already, None if no answer does."""
    if CHECKS[check](system):
        return system
    for name, value in ANSWERS.items():
        found: SystemFact = replace(system, **{name: value})
        if CHECKS[check](found):
            return found
    return None


def _deeds(engine: Engine, proof: ControlProof, scope: str) -> list[Fact]:
    """The declaration, the evidence and the closures that a control lacks in a scope."""
    at, control = engine.at, proof.control.id
    found: list[Fact] = list(_closures(engine, proof))
    if proof.adoption is None or proof.adoption.state != "implemented":
        found.append(
            Adoption(
                id=f"what-if/{control}/{scope}", effective_at=at, recorded_at=at, control=control, scope=scope,
                state="implemented",
            )
        )  # fmt: skip
    found += [
        Evidence(
            id=f"what-if/{control}/{one.expectation.id}/{scope}", effective_at=at, recorded_at=at, control=control,
            expectation=one.expectation.id, scope=scope, passing=True, sha256="0" * 64,
            expires_at=at + (one.expectation.max_age or MOMENT),
        )
        for one in proof.expectations
        if one.check is None and one.state != "passing"
    ]  # fmt: skip
    return [*found, *(done for one in proof.expectations for done in deeds_done(engine, one, scope))]


def deeds_done(engine: Engine, proof: ExpectationProof, scope: str) -> list[Fact]:
    """What somebody would have done that a check lacks in a scope: a finished access review, records of a register.

    Nothing for an expectation that no deed fulfils.
    """
    if proof.check is None or proof.state == "passing" or not (short := deeds_short_of(proof, scope)):
        return []
    at, check = engine.at, proof.check.check
    end = at + timedelta(days=1)
    if check == REVIEWS:
        until = tuple((one, end) for one in short)
        return [Reviewed(id=f"what-if/{scope}", effective_at=at, recorded_at=at, until=until)]
    return [
        Supposed(id=f"what-if/{check}/{one}", effective_at=at, recorded_at=at, check=check, scope=one, until=end)
        for one in short
    ]


def _closures(engine: Engine, proof: ControlProof) -> list[Closure]:
    """The end of every major nonconformity that stands against a control there."""
    return [
        Closure(
            id=f"what-if/{one.id}", effective_at=engine.at, recorded_at=engine.at, judgement=one.id, because="What if."
        )
        for one in proof.judgements
        if one.kind == "major nonconformity"
    ]


def _answer(engine: Engine, proof: ControlProof, scope: str, answers: dict[str, SystemFact]) -> None:
    """Puts the answers that a control's record checks lack into `answers`."""
    for one in proof.expectations:
        if one.check is None or one.check.check in DEEDS or one.state == "passing":
            continue
        for slug in short_of(one, scope):
            found = answered(answers.get(slug, engine.systems[slug]), one.check.check)
            if found is not None:
                answers[slug] = found


def _given_way(engine: Engine, added: Iterable[Fact]) -> Facts:
    """The recorded facts; where one of the same instant would win over an added one, it is dated a moment earlier."""
    keys = {_key(fact) for fact in added}

    def earlier(facts: tuple[F, ...]) -> tuple[F, ...]:
        def gives_way(fact: F) -> bool:
            passing = isinstance(fact, Evidence) and fact.passing
            return fact.effective_at == engine.at and _key(fact) in keys and not passing

        return tuple(replace(f, effective_at=f.effective_at - MOMENT) if gives_way(f) else f for f in facts)

    facts = engine.facts
    return replace(
        facts,
        systems=earlier(facts.systems),
        adoptions=earlier(facts.adoptions),
        evidence=earlier(facts.evidence),
    )


def _key(fact: Fact) -> tuple[str, ...]:
    """What a fact is a state of."""
    if isinstance(fact, Adoption):
        return ("adoption", fact.control, fact.scope)
    if isinstance(fact, Evidence):
        return ("evidence", fact.control, fact.expectation, fact.scope)
    return ("system", fact.id)
