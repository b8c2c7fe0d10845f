"""What if: facts that somebody supposes, the library and facts as they would be then, and the verdicts that would move.

Nothing here is written anywhere. Suppositions about AI systems hold first, then the others in the order given, the
later one over the earlier. What is supposed to help never lowers a verdict; what is supposed to be lost never raises
one: a result that failed stands, whatever is withdrawn.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from annexa.pure.as_done import deeds_done
from annexa.pure.checks import CHECKS, DEEDS
from annexa.pure.facts import ORGANISATION, Adoption, Closure, Evidence, Fact, Facts, Judgement, SystemFact
from annexa.pure.posture import ControlProof, Engine, Verdict
from annexa.pure.standards import Control, Library, Requirement
from annexa.pure.upgrades import Judged, VerdictChange, verdict_changes

Kind = Literal[
    "control-effective",
    "control-lost",
    "control-failing",
    "evidence-withdrawn",
    "system-reclassified",
    "system-retired",
    "system-added",
    "supplier-lost",
    "law-moved",
]
MOST = 20
"""Suppositions that can be asked about at once."""
MOMENT = timedelta(microseconds=1)
NOBODY = "what if"
"""Who says what is supposed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supposition:
    """One thing that is supposed to be so. Which fields count depends on the kind (`what_if_files.ASKED`).

    `system` empty: for the organisation. `roles`, `classes`, `high_risk_by` None: as they are. `systems` are those that
    a supplier delivers.
    """

    kind: Kind
    control: str = ""
    expectation: str = ""
    evidence: str = ""
    system: str = ""
    name: str = ""
    roles: tuple[str, ...] | None = None
    classes: tuple[str, ...] | None = None
    high_risk_by: str | None = None
    supplier: str = ""
    systems: tuple[str, ...] = ()
    framework: str = ""
    requirement: str = ""
    applies_from: date | None = None

    @property
    def scope(self) -> str:
        """The scope it speaks of."""
        return self.system or ORGANISATION


def suppose(library: Library, facts: Facts, suppositions: Iterable[Supposition], at: datetime) -> tuple[Library, Facts]:
    """The library and the facts as they would be at that instant. What was given stays as it is."""
    given = tuple(suppositions)
    moved = _moved(library, [one for one in given if one.kind == "law-moved"])
    for one in sorted(given, key=lambda one: one.kind not in SYSTEM_KINDS):
        if one.kind != "law-moved":
            facts = _MAKERS[one.kind](Engine(library=moved, facts=facts, at=at), one)
    return moved, facts


def difference(
    before: Engine,
    after: Engine,
    *,
    frameworks: Collection[str] | None = None,
    scope: str = "",
    postures: tuple[Judged, Judged] | None = None,
) -> tuple[VerdictChange, ...]:
    """Every verdict that would be another one, where at least one side binds; narrowed as `verdict_changes` does. What
    moves alike in several scopes is one change, the organisation first."""
    found: dict[tuple[object, ...], list[VerdictChange]] = {}
    for change in verdict_changes(before, after, frameworks=frameworks, scope=scope, postures=postures):
        if {change.before, change.after} != {None, Verdict.NOT_APPLICABLE}:
            key = (change.framework, change.requirement, change.before, change.after)
            found.setdefault(key, []).append(change)
    return tuple(
        replace(alike[0], scopes=tuple(scope for change in alike for scope in change.scopes))
        for alike in found.values()
    )


def remarks(before: Engine, after: Engine, suppositions: Iterable[Supposition]) -> tuple[tuple[Supposition, str], ...]:
    """What of the suppositions does not come true or moves nothing, each with the reason in a sentence."""
    found = ((one, _remark(before, after, one)) for one in suppositions)
    return tuple((one, sentence) for one, sentence in found if sentence)


def said(one: Supposition, engine: Engine) -> str:
    """The supposition as a clause: what would be so."""
    where = f" in {_name(engine, one.system)}" if one.system else ""
    control = engine.library.controls.get(one.control)
    named = f"{control.id} {control.name}" if control else one.control
    if one.kind == "evidence-withdrawn":
        of = f"{named}{f', {one.expectation},' if one.expectation else ''}{where}" if named else one.evidence
        return f"evidence withdrawn: {of}"
    if one.kind in CONTROL_WORDS:
        return f"{named} {CONTROL_WORDS[one.kind]}{where}"
    if one.kind == "supplier-lost":
        return f"{one.supplier} is lost"
    if one.kind == "law-moved":
        title = engine.library.frameworks[one.framework].title
        return f"{title} {one.requirement} applies from {one.applies_from}"
    return _said_system(one, engine)


CONTROL_WORDS: Mapping[str, str] = MappingProxyType(
    {"control-effective": "is effective", "control-lost": "is not done any more", "control-failing": "fails"}
)
SYSTEM_KINDS = frozenset({"system-added", "system-reclassified", "system-retired"})


# --- systems and law


def _added(engine: Engine, one: Supposition) -> Facts:
    """A new system as it is on its first day: nothing about it is decided but what is supposed."""
    fact = SystemFact(
        id=one.system, effective_at=engine.at, recorded_at=engine.at, by=NOBODY, name=one.name or one.system,
        stage="operation", roles=one.roles or (), classes=one.classes or (), high_risk_by=one.high_risk_by or "",
    )  # fmt: skip
    return _with(engine, [fact])


def _reclassified(engine: Engine, one: Supposition) -> Facts:
    held = engine.systems.get(one.system)
    if held is None:
        return engine.facts
    roles = held.roles if one.roles is None else one.roles
    classes = held.classes if one.classes is None else one.classes
    annex = held.high_risk_by if one.high_risk_by is None else one.high_risk_by
    annex = annex if "high-risk" in classes else ""
    return _with(engine, [_anew(engine, replace(held, roles=roles, classes=classes, high_risk_by=annex))])


def _retired(engine: Engine, one: Supposition) -> Facts:
    held = engine.systems.get(one.system)
    return _with(engine, [_anew(engine, replace(held, stage="retirement"))]) if held else engine.facts


def _moved(library: Library, moves: Iterable[Supposition]) -> Library:
    """The library with other dates. A group moves every duty below it; systems that are high-risk through Annex I keep
    a later date of their own, unless the new one is later still."""
    frameworks = dict(library.frameworks)
    for move in moves:
        held = frameworks[move.framework]
        asked = held.by_id[move.requirement]
        changed = tuple(_dated(r, move.applies_from) if asked in held.lineage(r) else r for r in held.requirements)
        frameworks[move.framework] = replace(held, requirements=changed)
    if frameworks == library.frameworks:
        return library
    return replace(library, version=f"{library.version} with other dates", frameworks=MappingProxyType(frameworks))


def _dated(requirement: Requirement, on: date | None) -> Requirement:
    attributes = dict(requirement.attributes)
    later = attributes.get("applies_from_annex_i")
    if isinstance(later, date) and on is not None:
        attributes["applies_from_annex_i"] = max(later, on)
    return replace(requirement, applies_from=on, attributes=MappingProxyType(attributes))


# --- controls and evidence


def _effective(engine: Engine, one: Supposition) -> Facts:
    """Adds what each place lacks: declaration, evidence, closures, answers in the register. A place where that is not
    enough, because somebody has yet to decide a role or a class, stays as it is."""
    control = engine.library.controls[one.control]
    more: list[Fact] = list(_closures(engine, engine.control(control.id).judgements)) if not one.system else []
    answers: dict[str, SystemFact] = {}
    for scope in _places(engine, control, one.scope):
        proof = engine.control(control.id, scope)
        if proof.verdict in {Verdict.EFFECTIVE, Verdict.NOT_APPLICABLE}:
            continue
        answered = _answers(engine, control, scope, answers)
        if answered is not None:
            answers |= answered
            more += _deeds(engine, proof, scope)
    return _with(engine, [*more, *(_anew(engine, system) for system in answers.values())])


def _lost(engine: Engine, one: Supposition) -> Facts:
    """Declared as not done, for the organisation and wherever a system has a declaration of its own; what somebody
    excluded stays excluded."""
    control = engine.library.controls[one.control]
    own = {fact.scope for fact in engine.facts.adoptions if fact.control == control.id}
    judged = [s for s in _places(engine, control, one.scope) if _counts(engine, control, s)]
    if one.system or control.level == "organisation":
        return _with(engine, [_declared(engine, control.id, scope, done=False) for scope in judged])
    scopes = [s for s in judged if s in own]
    if any(scope not in own for scope in judged):
        scopes.append(ORGANISATION)
    return _with(engine, [_declared(engine, control.id, scope, done=False) for scope in scopes])


def _failing(engine: Engine, one: Supposition) -> Facts:
    """A major nonconformity in every place where the control is declared implemented."""
    control = engine.library.controls[one.control]
    more: list[Fact] = []
    for scope in _places(engine, control, one.scope):
        proof = engine.control(control.id, scope)
        if proof.verdict in {Verdict.NOT_APPLICABLE, Verdict.PLANNED, Verdict.ABSENT}:
            continue
        if proof.inherited:  # a system only fails by itself once it is decided there
            more.append(_declared(engine, control.id, scope, done=proof.proven))
        more.append(
            Judgement(
                id=f"what-if/{control.id}/{scope}", effective_at=engine.at, recorded_at=engine.at, by=NOBODY,
                kind="major nonconformity", subject=control.id, scope=scope, because="Supposed.",
            )
        )  # fmt: skip
    return _with(engine, more)


def _withdrawn(engine: Engine, one: Supposition) -> Facts:
    """Without the passing evidence that is meant. A failing result stays: withdrawing it would only look better."""

    def meant(fact: Evidence) -> bool:
        return fact.passing and withdraws(one, fact, engine.library)

    return replace(engine.facts, evidence=tuple(fact for fact in engine.facts.evidence if not meant(fact)))


def _supplier_lost(engine: Engine, one: Supposition) -> Facts:
    """Its AI systems stay in use, and nothing that was shown of them counts any more: nobody is left to stand by it.

    Systems that would be taken out of use are supposed as retired instead."""
    lost = set(one.systems)
    kept = tuple(fact for fact in engine.facts.evidence if not (fact.passing and fact.scope in lost))
    return replace(engine.facts, evidence=kept)


def withdraws(one: Supposition, fact: Evidence, library: Library) -> bool:
    """Whether a supposed withdrawal means this piece: by its id, or by control, expectation and scope. A control of
    every system is withdrawn in all of them unless one is named."""
    if one.evidence:
        return fact.id == one.evidence
    if fact.control != one.control or (one.expectation and fact.expectation != one.expectation):
        return False
    everywhere = not one.system and library.controls[one.control].level == "system"
    return everywhere or fact.scope == one.scope


_MAKERS: Mapping[Kind, Callable[[Engine, Supposition], Facts]] = MappingProxyType(
    {
        "control-effective": _effective,
        "control-lost": _lost,
        "control-failing": _failing,
        "evidence-withdrawn": _withdrawn,
        "system-reclassified": _reclassified,
        "system-retired": _retired,
        "system-added": _added,
        "supplier-lost": _supplier_lost,
    }
)


# --- how facts are made


def _places(engine: Engine, control: Control, scope: str) -> Iterator[str]:
    """The scopes in which a control is judged on its own grounds when it is spoken of in `scope`."""
    if scope != ORGANISATION:
        yield from (scope,) if scope in engine.systems else ()
    elif control.level == "organisation":
        yield ORGANISATION
    else:
        yield from engine.systems


def _counts(engine: Engine, control: Control, scope: str) -> bool:
    return engine.control(control.id, scope).verdict is not Verdict.NOT_APPLICABLE


def _declared(engine: Engine, control: str, scope: str, *, done: bool) -> Adoption:
    return Adoption(
        id=f"what-if/{control}/{scope}", effective_at=engine.at, recorded_at=engine.at, by=NOBODY, control=control,
        scope=scope, state="implemented" if done else "not implemented",
    )  # fmt: skip


def _closures(engine: Engine, judgements: Iterable[Judgement]) -> Iterator[Closure]:
    for one in judgements:
        if one.kind == "major nonconformity":
            yield Closure(
                id=f"what-if/{one.id}", effective_at=engine.at, recorded_at=engine.at, by=NOBODY, judgement=one.id,
                because="Supposed.",
            )  # fmt: skip


def _deeds(engine: Engine, proof: ControlProof, scope: str) -> Iterator[Fact]:
    """The declaration, closures and evidence that a control lacks in a scope."""
    control = proof.control
    if proof.inherited or proof.adoption is None or proof.adoption.state != "implemented":
        yield _declared(engine, control.id, scope, done=True)
    yield from _closures(engine, () if proof.inherited else proof.judgements)
    for one in proof.expectations:
        if not proof.inherited:
            yield from deeds_done(engine, one, scope)
        if one.check is None and (proof.inherited or one.state != "passing"):
            yield Evidence(
                id=f"what-if/{control.id}/{one.expectation.id}/{scope}", effective_at=engine.at,
                recorded_at=engine.at, by=NOBODY, control=control.id, expectation=one.expectation.id, scope=scope,
                passing=True, sha256="0" * 64, expires_at=engine.at + (one.expectation.max_age or MOMENT),
            )  # fmt: skip


_ANSWERS: Mapping[str, Any] = MappingProxyType(
    {"owner": NOBODY, "purpose": NOBODY, "personal_data": "yes", "impact_assessment": "yes", "monitoring": "yes"}
)
"""Answers that can be supposed with a control. Role and class are not among them: other duties hang on those."""


def _answers(
    engine: Engine, control: Control, scope: str, known: Mapping[str, SystemFact]
) -> dict[str, SystemFact] | None:
    """The systems with the answers that the control's record checks lack in a scope; None where none would do."""
    found: dict[str, SystemFact] = {}
    population = list(engine.systems) if scope == ORGANISATION else [scope]
    for check in (CHECKS[e.check] for e in control.expectations if e.check and e.check not in DEEDS):
        if not population:
            return None
        for slug in population:
            system = found.get(slug) or known.get(slug) or engine.systems[slug]
            if check(system):
                continue
            better = (replace(system, **{name: value}) for name, value in _ANSWERS.items())
            done = next((one for one in better if check(one)), None)
            if done is None:
                return None
            found[slug] = done
    return found


def _anew(engine: Engine, system: SystemFact) -> SystemFact:
    return replace(system, effective_at=engine.at, recorded_at=engine.at, by=NOBODY, entry=None)


F = TypeVar("F", bound=Fact)


def _with(engine: Engine, more: Iterable[Fact]) -> Facts:
    """The facts and those supposed, which win: whatever is dated at that very instant counts as a moment earlier."""
    added = tuple(more)
    if not added:
        return engine.facts

    def earlier(facts: tuple[F, ...]) -> tuple[F, ...]:
        if all(fact.effective_at != engine.at for fact in facts):
            return facts
        return tuple(
            replace(fact, effective_at=fact.effective_at - MOMENT) if fact.effective_at == engine.at else fact
            for fact in facts
        )

    facts = engine.facts
    stood = replace(
        facts,
        systems=earlier(facts.systems),
        adoptions=earlier(facts.adoptions),
        evidence=earlier(facts.evidence),
    )
    return stood.plus(added)


# --- in words


def _name(engine: Engine, slug: str) -> str:
    return engine.systems[slug].name if slug in engine.systems else slug


def _said_system(one: Supposition, engine: Engine) -> str:
    if one.kind == "system-retired":
        return f"{_name(engine, one.system)} is retired"
    parts = []
    if one.roles is not None:
        parts.append(f"role {_listed(one.roles)}")
    if one.classes is not None:
        parts.append(f"class {_listed(one.classes)}")
    if one.high_risk_by:
        parts.append(f"by {one.high_risk_by.replace('annex-', 'Annex ').replace('iii', 'III').replace('i', 'I')}")
    if one.kind == "system-added":
        return ", ".join([f"{one.name or one.system} is added", *parts])
    return f"{_name(engine, one.system)} is reclassified: {', '.join(parts)}"


def _listed(words: tuple[str, ...]) -> str:
    return " and ".join(word.replace("_", " ") for word in words) or "not decided"


def _remark(before: Engine, after: Engine, one: Supposition) -> str:
    if one.kind == "supplier-lost":
        shown = any(fact.passing and fact.scope in one.systems for fact in before.facts.evidence)
        return "" if shown else "Nothing is shown of its AI systems by themselves, so nothing falls with it."
    if one.kind == "evidence-withdrawn":
        meant = any(fact.passing and withdraws(one, fact, before.library) for fact in before.facts.evidence)
        return "" if meant else "There is no passing evidence there; a failing result is not withdrawn."
    if one.kind == "law-moved":
        return ""
    if one.system and one.system not in after.systems:
        return "" if one.kind == "system-retired" else "The system is not in use then."
    if one.kind in CONTROL_WORDS:
        return _control_remark(after, one)
    return ""


def _control_remark(after: Engine, one: Supposition) -> str:
    proof = after.control(one.control, one.scope)
    wanted = {"control-effective": Verdict.EFFECTIVE, "control-failing": Verdict.FAILING}.get(one.kind, Verdict.ABSENT)
    if proof.verdict is wanted:
        return ""
    if proof.verdict is Verdict.NOT_APPLICABLE:
        return "It stays not applicable: it is excluded, or no AI system in use is one it is meant for."
    if wanted is Verdict.FAILING:
        return f"It stays {proof.verdict}: what is not declared implemented everywhere does not fail."
    short = [e.check.asserts for p in _proofs(proof) for e in p.expectations if e.check and e.state != "passing"]
    lacks = f" Not so: {' '.join(dict.fromkeys(short))}" if short else ""
    return f"It stays {proof.verdict}.{lacks}"


def _proofs(proof: ControlProof) -> tuple[ControlProof, ...]:
    return tuple(group.proof for group in proof.groups) if proof.groups is not None else (proof,)
