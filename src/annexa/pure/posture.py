"""The engine: facts and a time in, verdicts and proofs out. This is the definition; it is written to be read.

Verdicts and their meaning are those of docs/glossary.md. Seven laws hold and are tested as properties in
tests/pure/test_posture.py: deterministic, monotone, as of any date, what-if without writing, explained
(`recompute` derives the verdict from the proof alone), never vacuous, local.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from itertools import chain

from annexa.pure.applicability import Binding, bind_organisation, bind_system, control_applies, known_words, words_of
from annexa.pure.assessed_then import assessed_until
from annexa.pure.checks import (
    CHECKS,
    LASTING,
    OVER_RECORDS,
    REACHING,
    REVIEWS,
    asks,
    of_annexa,
    register_of,
    says,
)
from annexa.pure.checks.assessments import LAW
from annexa.pure.checks.over import EVER
from annexa.pure.evidence import EvidenceState, state_of
from annexa.pure.fact_index import FactIndex, index_of
from annexa.pure.facts import (
    ORGANISATION,
    Adoption,
    Assessed,
    Circumstances,
    Closure,
    Decided,
    Evidence,
    Fact,
    Facts,
    Judgement,
    RecordFact,
    Reviewed,
    Supposed,
    SystemFact,
    decided,
    latest,
    reviewed,
    standing_judgements,
)
from annexa.pure.records_then import RecordsThen
from annexa.pure.standards import Control, Expectation, ExpectationKind, Framework, Library, Requirement


class Verdict(StrEnum):
    """What the engine computes; nobody types one in. First of a control, then of a requirement."""

    EFFECTIVE = "effective"
    FAILING = "failing"
    STALE = "stale"
    UNPROVEN = "unproven"
    PLANNED = "planned"
    ABSENT = "absent"
    MET = "met"
    PARTIAL = "partial"
    AT_RISK = "at risk"
    UNMET = "unmet"
    UNCOVERED = "uncovered"
    NOT_APPLICABLE = "not applicable"


CONTROL_ORDER: tuple[Verdict, ...] = (
    Verdict.EFFECTIVE,
    Verdict.STALE,
    Verdict.UNPROVEN,
    Verdict.PLANNED,
    Verdict.ABSENT,
    Verdict.FAILING,
)
"""Verdicts of a control, best first: what is known to fail is worse than what is known to be missing. `not applicable`
stands outside."""

REQUIREMENT_ORDER: tuple[Verdict, ...] = (
    Verdict.MET,
    Verdict.AT_RISK,
    Verdict.PARTIAL,
    Verdict.UNMET,
    Verdict.UNCOVERED,
)
"""Verdicts of a requirement, best first. `not applicable` stands outside."""


# --- the four judgements; `recompute` uses the same ones


def judge_control(
    adoption: str | None, *, planned: bool, states: Iterable[EvidenceState], nonconformity: bool
) -> Verdict:
    """The verdict of a control in one scope.

    `adoption` is the declared state (None: never declared); `planned`: a plan with a date exists; `states`: one per
    expectation; `nonconformity`: an open major one stands against it. No expectations: never effective.
    """
    if adoption == "excluded":
        return Verdict.NOT_APPLICABLE
    if adoption != "implemented":
        return Verdict.PLANNED if planned else Verdict.ABSENT
    found = set(states)
    if nonconformity or "failing" in found:
        return Verdict.FAILING
    if not found or "never" in found:
        return Verdict.UNPROVEN
    return Verdict.STALE if "expired" in found else Verdict.EFFECTIVE


def judge_population(verdicts: Mapping[Verdict, int]) -> Verdict:
    """The verdict of a system-level control over all systems it applies to: that of its worst system.

    An empty population proves nothing: `not applicable`.
    """
    return next((v for v in reversed(CONTROL_ORDER) if verdicts.get(v)), Verdict.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a requirement needs to know of one control: its verdict, whether anything of it is effective, and whether
    every expectation was once fulfilled (`proven`), without which it never was effective. `applies` is false where
    the control makes no sense (role, class, no system at all); one that somebody excluded still applies."""

    verdict: Verdict
    applies: bool
    some_effective: bool
    proven: bool


def judge_requirement(
    sufficient: Iterable[Iterable[str]], contributes: Iterable[str], standings: Mapping[str, Standing]
) -> Verdict:
    """The verdict of a requirement that binds, from the standing of the controls that cover it.

    A control that does not apply here is not asked of a set, as long as another member of the set does.
    """
    sets = [tuple(chosen) for chosen in sufficient]
    named = set(chain(*sets, contributes))
    if not named:
        return Verdict.UNCOVERED
    if all(standings[c].verdict is Verdict.NOT_APPLICABLE for c in named):
        return Verdict.NOT_APPLICABLE
    asked = [chosen for chosen in (applicable(s, standings) for s in sets) if chosen]
    if any(all(standings[c].verdict is Verdict.EFFECTIVE for c in chosen) for chosen in asked):
        return Verdict.MET
    if any(all(_but_for(standings[c]) for c in chosen) for chosen in asked):
        return Verdict.AT_RISK
    if any(standings[c].some_effective for c in named):
        return Verdict.PARTIAL
    return Verdict.UNMET


def applicable(chosen: Iterable[str], standings: Mapping[str, Standing]) -> tuple[str, ...]:
    """The members of a sufficient set that are asked for here."""
    return tuple(control for control in chosen if standings[control].applies)


def judge_systems(verdicts: Mapping[Verdict, int]) -> Verdict:
    """The verdict of a system-level requirement over the systems it binds: met only if met in every one."""
    present = {v for v, n in verdicts.items() if n and v is not Verdict.NOT_APPLICABLE}
    if not present:
        return Verdict.NOT_APPLICABLE
    if len(present) == 1:
        return present.pop()
    if present <= {Verdict.MET, Verdict.AT_RISK}:
        return Verdict.AT_RISK
    if present <= {Verdict.UNMET, Verdict.UNCOVERED}:
        return Verdict.UNMET
    return Verdict.PARTIAL


def _but_for(standing: Standing) -> bool:
    """Effective, or it was until something went stale or failed."""
    return standing.verdict is Verdict.EFFECTIVE or (
        standing.verdict in {Verdict.STALE, Verdict.FAILING} and standing.proven
    )


# --- proofs


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckProof:
    """A record check: what it asserts, over how many, and who falls short.

    `over`: the register whose records it looks at, by its noun; "" for the AI systems.
    """

    check: str
    asserts: str
    population: int
    fulfilled: int
    exceptions: tuple[str, ...]
    over: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectationProof:
    """One expectation of a control in a scope: its state and every piece of evidence it rests on, newest first."""

    expectation: Expectation
    state: EvidenceState
    once: bool
    evidence: tuple[Evidence, ...]
    check: CheckProof | None
    falls_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """AI systems whose control stands on exactly the same grounds, with that one proof."""

    systems: tuple[str, ...]
    proof: "ControlProof"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlProof:
    """Why a control has its verdict: declaration, expectations and judgements; over systems, the groups of them.

    `falls_at` is when an effective control stops to be so if nobody acts; None when nothing dated holds it up.
    `applies` is false for a system-level control in an AI system whose role or class it is not meant for, and for the
    organisation if there is no system it is meant for.
    """

    control: Control
    applies: bool
    verdict: Verdict
    inherited: bool
    adoption: Adoption | None
    expectations: tuple[ExpectationProof, ...]
    judgements: tuple[Judgement, ...]
    groups: tuple[Group, ...] | None
    proven: bool
    effective_in: int
    population: int
    falls_at: datetime | None

    @property
    def standing(self) -> Standing:
        """What requirements need to know of it."""
        return Standing(
            verdict=self.verdict, applies=self.applies, some_effective=self.effective_in > 0, proven=self.proven
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemsProof:
    """A system-level requirement over all systems: how many have which verdict, and which are not met."""

    counts: tuple[tuple[Verdict, int], ...]
    groups: tuple["RequirementGroup", ...]

    @property
    def bound(self) -> int:
        """How many systems it binds."""
        return sum(n for verdict, n in self.counts if verdict is not Verdict.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementGroup:
    """AI systems for which a requirement stands on exactly the same grounds, with that one proof."""

    systems: tuple[str, ...]
    proof: "RequirementProof"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementProof:
    """The tree under a verdict: requirement, controls, expectations, evidence. `due` is the date on which the verdict
    falls if nobody acts (None: nothing dated holds it up, or there is nothing to fall)."""

    framework: str
    requirement: Requirement
    scope: str
    at: datetime
    verdict: Verdict
    because: tuple[str, ...]
    binding: Binding
    sufficient: tuple[tuple[str, ...], ...]
    contributes: tuple[str, ...]
    controls: tuple[ControlProof, ...]
    judgements: tuple[Judgement, ...]
    systems: SystemsProof | None
    due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One judged requirement in a posture."""

    requirement: Requirement
    verdict: Verdict
    binding_from: date | None
    due: datetime | None
    judged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameworkPosture:
    """Where a scope stands against one framework. `readiness` is met ÷ applicable, None if nothing applies."""

    framework: Framework
    scope: str
    at: datetime
    lines: tuple[Line, ...]

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many requirements have which verdict, in the order best to worst, `not applicable` last."""
        found = Counter(line.verdict for line in self.lines)
        return {v: found[v] for v in (*REQUIREMENT_ORDER, Verdict.NOT_APPLICABLE)}

    @property
    def applicable(self) -> int:
        """How many requirements bind."""
        return len(self.lines) - self.counts[Verdict.NOT_APPLICABLE]

    @property
    def readiness(self) -> float | None:
        """Met ÷ applicable; anything not proven counts as not met. None where nothing applies: that is not 100 %."""
        return self.counts[Verdict.MET] / self.applicable if self.applicable else None


# --- the engine


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Verdicts for one library, one body of facts and one instant. Cheap to make; computes what is asked, once.

    Facts count that were true at `at` and learnt by then; with `learnt_by`, those learnt by that instant (hindsight).
    `given`: an index of the same facts, where one is at hand. Cost: systems that rest on the same grounds are judged
    once, so the price grows with the number of different situations, not of systems.
    """

    library: Library
    facts: Facts
    at: datetime
    learnt_by: datetime | None = None
    given: FactIndex | None = field(default=None, repr=False)
    _controls: dict[tuple[str, str], ControlProof] = field(default_factory=dict, repr=False)
    _interned: dict[tuple[str, tuple[object, ...]], ControlProof] = field(default_factory=dict, repr=False)
    _bindings: dict[tuple[object, ...], Binding] = field(default_factory=dict, repr=False)
    _same: dict[Binding, Binding] = field(default_factory=dict, repr=False)

    def plus(self, added: Iterable[Fact], facts: Facts, index: FactIndex, *, at: datetime) -> "Engine":
        """The engine over `facts`, which are these and those added, at an instant before which nothing changes by
        time alone. What the new facts cannot reach is taken over."""
        new = tuple(added)
        found = Engine(library=self.library, facts=facts, at=at, learnt_by=self.learnt_by, given=index)
        if any(isinstance(fact, (SystemFact, Circumstances, Closure, Reviewed, Assessed, Supposed)) for fact in new):
            return found
        recorded = {fact.register for fact in new if isinstance(fact, RecordFact)}
        if recorded & REACHING:
            return found
        reached = {fact.control for fact in new if isinstance(fact, (Adoption, Evidence))}
        reached |= {fact.subject for fact in new if isinstance(fact, Judgement)}
        reached |= asking_of(self.library, recorded)
        found._controls.update({key: proof for key, proof in self._controls.items() if key[0] not in reached})
        found._interned.update({key: proof for key, proof in self._interned.items() if key[0] not in reached})
        if at.date() == self.at.date():
            found._bindings.update(self._bindings)
            found._same.update(self._same)
        kept = ["systems", "_circumstances", "_alike", "_alike_of", "_profiles"]
        kept += [] if recorded else ["records", "lasting"]
        found.__dict__.update({name: self.__dict__[name] for name in kept if name in self.__dict__})
        return found

    # ---- what is known at that instant

    @cached_property
    def systems(self) -> Mapping[str, SystemFact]:
        """The AI systems in use, by slug, sorted."""
        found: dict[str, SystemFact] = {}
        for fact in self.facts.systems:
            if self._known(fact) and (fact.id not in found or found[fact.id].order <= fact.order):
                found[fact.id] = fact
        held = {slug: self._decided_about(slug) for slug in found} if self._circumstances else {}
        until = self.reviewed
        return {
            slug: replace(found[slug], circumstances=held.get(slug, ()), access_reviewed_until=until.get(slug))
            if held.get(slug) or slug in until
            else found[slug]
            for slug in sorted(found)
            if found[slug].in_use
        }

    @cached_property
    def reviewed(self) -> Mapping[str, datetime]:
        """Until when the access review of each scope counts, if one does."""
        return reviewed(self.facts.reviews, self.at, self.learnt_by)

    @cached_property
    def records(self) -> RecordsThen:
        """The records of the registers that count."""
        return RecordsThen(self.facts.records, self.facts.supposed, self.at, self.learnt_by, self.facts.systems)

    @cached_property
    def lasting(self) -> Mapping[str, Mapping[str, datetime]]:
        """For each check over AI systems that something else than their record fulfils, until when, by scope."""
        return {
            REVIEWS: self.reviewed,
            **self.records.lasting(),
            **assessed_until(
                self.facts.assessed,
                self.systems,
                lambda slug: words_of(self.systems[slug].circumstances, LAW),
                self.records,
                self.learnt_by,
            ),
        }

    def _known(self, fact: Fact) -> bool:
        return fact.known(self.at, self.learnt_by)

    @cached_property
    def _circumstances(self) -> Mapping[str, Decided]:
        """What was approved about the organisation and each system, by scope."""
        return decided(self.facts.circumstances, self.at, self.learnt_by)

    def decided(self, scope: str) -> Decided:
        """What was approved about the organisation or a system by itself."""
        return self._circumstances.get(scope, ())

    def _decided_about(self, slug: str) -> Decided:
        """What was approved about a system; laws that are asked of the organisation hold in all its systems."""
        general, own = self._circumstances.get(ORGANISATION, ()), self._circumstances.get(slug, ())
        return tuple(sorted({**dict(general), **dict(own)}.items())) if general and own else general or own

    @cached_property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Slugs of systems that cannot differ in any verdict: alike, and no facts of their own."""
        return tuple(self._split(self._index.speaking))

    @cached_property
    def _group_of(self) -> Mapping[str, tuple[str, ...]]:
        return {slug: group for group in self.groups for slug in group}

    def grounds(self, scope: str) -> str:
        """The scope that stands for all systems judged alike: the first of them. KeyError for an unknown system."""
        return scope if scope == ORGANISATION else self._group_of[scope][0]

    @cached_property
    def _alike(self) -> tuple[tuple[str, ...], ...]:
        """Systems with the same role, class, circumstances and answers; only facts of their own can tell them apart."""
        found: dict[tuple[object, ...], list[str]] = {}
        for slug, system in self.systems.items():
            passed = tuple(check(system) for check in CHECKS.values())
            key = (*_profile(system), passed, tuple(self.lasting[check].get(slug) for check in LASTING))
            found.setdefault(key, []).append(slug)
        return tuple(tuple(slugs) for slugs in found.values())

    @cached_property
    def _alike_of(self) -> Mapping[str, str]:
        """For each system the first of those that are alike."""
        return {slug: group[0] for group in self._alike for slug in group}

    def _split(self, own: frozenset[str]) -> Iterator[tuple[str, ...]]:
        """The systems that are alike, those that have something of their own each by itself."""
        for group in self._alike:
            rest = tuple(slug for slug in group if slug not in own)
            if rest:
                yield rest
            if len(rest) < len(group):
                yield from ((slug,) for slug in group if slug in own)

    @cached_property
    def _profiles(self) -> tuple[tuple[SystemFact, int], ...]:
        """For each combination of what decides what binds an example, and how many systems have it."""
        examples: dict[tuple[object, ...], SystemFact] = {}
        counts: Counter[tuple[object, ...]] = Counter()
        for group in self._alike:
            example = self.systems[group[0]]
            examples.setdefault(_profile(example), example)
            counts[_profile(example)] += len(group)
        return tuple((example, counts[profile]) for profile, example in examples.items())

    @cached_property
    def _index(self) -> FactIndex:
        return self.given or index_of(self.facts)

    def _adoption(self, control: str, scope: str) -> Adoption | None:
        """The declaration that counts in a scope itself."""
        return latest(self._index.adoptions.get((control, scope)), self.at, self.learnt_by)

    def _evidence(self, control: str, expectation: str, scope: str) -> tuple[Evidence, ...]:
        """The evidence of a scope itself, newest first."""
        known = (fact for fact in self._index.evidence.get((control, expectation, scope)) if self._known(fact))
        return tuple(sorted(known, key=lambda e: e.order, reverse=True))

    def _own(self, control: str) -> frozenset[str]:
        """The scopes that say something of their own about a control."""
        return self._index.own.get(control, frozenset())

    @cached_property
    def _judgements(self) -> Mapping[tuple[str, str, str], tuple[Judgement, ...]]:
        found: dict[tuple[str, str, str], list[Judgement]] = {}
        for fact in standing_judgements(self.facts.judgements, self.facts.closures, self.at, self.learnt_by):
            found.setdefault((fact.framework, fact.subject, fact.scope), []).append(fact)
        return {key: tuple(judged) for key, judged in found.items()}

    # ---- controls

    def control(self, control_id: str, scope: str = ORGANISATION) -> ControlProof:
        """A control in a scope. In an AI system, organisation-level controls are inherited, unless an owner overrode
        them there; for the organisation, system-level controls are judged over the population of systems."""
        control = self.library.controls[control_id]
        if scope != ORGANISATION:
            return self._in_system(control, scope)
        if (key := (control_id, ORGANISATION)) not in self._controls:
            alone = control.level == "organisation"
            self._controls[key] = self._alone(control, ORGANISATION) if alone else self._over_systems(control)
        return self._controls[key]

    def _in_system(self, control: Control, slug: str) -> ControlProof:
        """A control in one system. Equal grounds give one and the same object. KeyError for a system not in use."""
        own = slug in self._own(control.id)
        key = (control.id, slug if own else f"like {self._alike_of[slug]}")
        if key not in self._controls:
            if slug not in self.systems:
                raise KeyError(slug)
            if control.level == "organisation" and self._adoption(control.id, slug) is None:
                proof = self._inherited(control)
            else:
                alone = self._alone(control, slug)
                proof = self._interned.setdefault((control.id, _grounds(alone)), alone)
            self._controls[key] = proof
        return self._controls[key]

    def _inherited(self, control: Control) -> ControlProof:
        if (key := (control.id, "")) not in self._controls:
            self._controls[key] = replace(self.control(control.id), inherited=True)
        return self._controls[key]

    def _alone(self, control: Control, scope: str) -> ControlProof:
        """A control judged in one scope on its own grounds."""
        adoption = self._adoption(control.id, scope) or self._adoption(control.id, ORGANISATION)
        expectations = tuple(self._expectation(control, e, scope) for e in control.expectations)
        judgements = self._judgements.get(("", control.id, scope), ())
        applies = scope == ORGANISATION or control_applies(control, self.systems[scope])
        verdict = Verdict.NOT_APPLICABLE
        if applies:
            verdict = judge_control(
                adoption.state if adoption else None,
                planned=adoption is not None and adoption.is_planned,
                states=[e.state for e in expectations],
                nonconformity=any(j.kind == "major nonconformity" for j in judgements),
            )
        falls = [e.falls_at for e in expectations if e.falls_at is not None]
        effective = verdict is Verdict.EFFECTIVE
        return ControlProof(
            control=control,
            applies=applies,
            verdict=verdict,
            inherited=False,
            adoption=adoption,
            expectations=expectations,
            judgements=judgements,
            groups=None,
            proven=bool(expectations) and all(e.once for e in expectations),
            effective_in=int(effective),
            population=int(verdict is not Verdict.NOT_APPLICABLE),
            falls_at=min(falls, default=None) if effective else None,
        )

    def _over_systems(self, control: Control) -> ControlProof:
        """A system-level control for the organisation: effective only if effective in every system it applies to."""
        members: dict[int, list[str]] = {}
        proofs: dict[int, ControlProof] = {}
        for group in self._split(self._own(control.id)):
            proof = self._in_system(control, group[0])
            if proof.verdict is not Verdict.NOT_APPLICABLE:
                proofs[id(proof)] = proof
                members.setdefault(id(proof), []).extend(group)
        groups = tuple(Group(systems=tuple(sorted(slugs)), proof=proofs[key]) for key, slugs in members.items())
        groups = tuple(sorted(groups, key=lambda g: g.systems))
        counts: Counter[Verdict] = Counter()
        for one in groups:
            counts[one.proof.verdict] += len(one.systems)
        judgements = self._judgements.get(("", control.id, ORGANISATION), ())
        verdict = judge_population(counts)
        if verdict is not Verdict.NOT_APPLICABLE and any(j.kind == "major nonconformity" for j in judgements):
            verdict = Verdict.FAILING
        falls = [g.proof.falls_at for g in groups if g.proof.falls_at is not None]
        return ControlProof(
            control=control,
            applies=bool(groups),
            verdict=verdict,
            inherited=False,
            adoption=self._adoption(control.id, ORGANISATION),
            expectations=(),
            judgements=judgements,
            groups=groups,
            proven=bool(groups) and all(g.proof.proven for g in groups),
            effective_in=counts[Verdict.EFFECTIVE],
            population=counts.total(),
            falls_at=min(falls, default=None) if verdict is Verdict.EFFECTIVE else None,
        )

    def _expectation(self, control: Control, expectation: Expectation, scope: str) -> ExpectationProof:
        if expectation.kind is ExpectationKind.RECORD:
            return self._record(expectation, scope)
        evidence = self._evidence(control.id, expectation.id, scope)
        if control.level == "organisation" and scope != ORGANISATION:
            shared = self._evidence(control.id, expectation.id, ORGANISATION)
            evidence = tuple(sorted((*evidence, *shared), key=lambda e: e.order, reverse=True))
        state, ends = state_of(evidence, self.at)
        return ExpectationProof(
            expectation=expectation,
            state=state,
            once=any(e.passing for e in evidence),
            evidence=evidence,
            check=None,
            falls_at=ends,
        )

    def _record(self, expectation: Expectation, scope: str) -> ExpectationProof:
        """A check over the records: over all systems in use, or the one it is asked for. Nobody: never, not passed."""
        if expectation.check in OVER_RECORDS:
            return self._of_records(expectation, scope)
        population = self.looked_at(expectation.check) if scope == ORGANISATION else [self.systems[scope]]
        if expectation.check in LASTING:
            lasts = self.lasting[expectation.check]
            short = tuple(system.id for system in population if system.id not in lasts)
            until = [] if short else [lasts[one.id] for one in population if lasts[one.id] != EVER]
        else:
            check = CHECKS[expectation.check]
            short, until = tuple(system.id for system in population if not check(system)), []
        state: EvidenceState = "never" if not population else "failing" if short else "passing"
        return ExpectationProof(
            expectation=expectation,
            state=state,
            once=bool(population),
            evidence=(),
            check=CheckProof(
                check=expectation.check,
                asserts=says(expectation.check),
                population=len(population),
                fulfilled=len(population) - len(short),
                exceptions=short if scope == ORGANISATION else (),
            ),
            falls_at=min(until, default=None),
        )

    def _of_records(self, expectation: Expectation, scope: str) -> ExpectationProof:
        """A check over the records of a register. Nothing to look at: never, not passed."""
        said = self.records.said(expectation.check, scope)
        short = said.fulfilled < said.population
        state: EvidenceState = "never" if not said.population else "failing" if short else "passing"
        return ExpectationProof(
            expectation=expectation,
            state=state,
            once=bool(said.population),
            evidence=(),
            check=CheckProof(
                check=expectation.check,
                asserts=says(expectation.check),
                population=said.population,
                fulfilled=said.fulfilled,
                exceptions=said.short,
                over=OVER_RECORDS[expectation.check].register.noun,
            ),
            falls_at=said.ends,
        )

    def looked_at(self, check: str) -> list[SystemFact]:
        """What a check over the organisation looks at: Annexa itself where it is asked about, AI systems in use."""
        itself = [
            SystemFact(
                id=scope, name="Annexa", effective_at=self.at, recorded_at=self.at,
                access_reviewed_until=self.reviewed.get(scope),
            )
            for scope in of_annexa(check)
        ]  # fmt: skip
        return [*itself, *(one for one in self.systems.values() if asks(check, one.stage))]

    # ---- requirements

    def requirement(self, framework_id: str, requirement_id: str, scope: str = ORGANISATION) -> RequirementProof:
        """A leaf requirement in a scope with its whole proof. KeyError for an unknown framework, id or system."""
        framework = self.library.frameworks[framework_id]
        requirement = framework.by_id[requirement_id]
        if scope != ORGANISATION:
            return self._in_group(framework, requirement, scope)
        if requirement.level == "organisation":
            own = self._circumstances.get(ORGANISATION, ())
            binding = bind_organisation(requirement, self._profiles, self.at, own)
            return self._bound(framework, requirement, ORGANISATION, binding)
        return self._over_bound_systems(framework, requirement)

    def _in_group(self, framework: Framework, requirement: Requirement, slug: str) -> RequirementProof:
        return self._bound(framework, requirement, slug, self._binding(requirement, slug))

    def _binding(self, requirement: Requirement, slug: str) -> Binding:
        """Whether it binds a system, and all that are alike."""
        key = (id(requirement), self._alike_of[slug])
        if key not in self._bindings:
            found = bind_system(requirement, self.systems[slug], self.at)
            self._bindings[key] = self._same.setdefault(found, found)
        return self._bindings[key]

    def _bound(self, framework: Framework, requirement: Requirement, scope: str, binding: Binding) -> RequirementProof:
        """A requirement judged from the controls that cover it."""
        coverage = self.library.covering(framework, requirement)
        sufficient = coverage.sufficient if coverage and binding.applies else ()
        contributes = coverage.contributes if coverage and binding.applies else ()
        named = coverage.controls if coverage and binding.applies else ()
        controls = tuple(self.control(c, scope) for c in named)
        judgements = self._judgements.get((framework.id, requirement.id, scope), ())
        excluded = next((j for j in judgements if j.kind == "exclusion"), None)
        if not binding.applies or excluded is not None:
            verdict = Verdict.NOT_APPLICABLE
        else:
            verdict = judge_requirement(sufficient, contributes, {p.control.id: p.standing for p in controls})
        return RequirementProof(
            framework=framework.id,
            requirement=requirement,
            scope=scope,
            at=self.at,
            verdict=verdict,
            because=_reasons(verdict, binding, excluded, sufficient, controls, coverage.because if coverage else ""),
            binding=binding,
            sufficient=sufficient,
            contributes=contributes,
            controls=controls,
            judgements=judgements,
            systems=None,
            due=_due(verdict, excluded, sufficient, controls),
        )

    def _over_bound_systems(self, framework: Framework, requirement: Requirement) -> RequirementProof:
        """A system-level requirement for the organisation, over every system in use."""
        judgements = self._judgements.get((framework.id, requirement.id, ORGANISATION), ())
        excluded = next((j for j in judgements if j.kind == "exclusion"), None)
        coverage = self.library.covering(framework, requirement)
        named = [self.library.controls[c] for c in coverage.controls] if coverage else []
        counts: Counter[Verdict] = Counter()
        proofs: dict[tuple[object, ...], RequirementProof] = {}
        members: dict[tuple[object, ...], list[str]] = {}
        later: list[Binding] = []
        counts[Verdict.NOT_APPLICABLE] = len(self.systems) if requirement.no_duty else 0
        judged_here = (
            scope for f, subject, scope in self._judgements if (f, subject) == (framework.id, requirement.id)
        )
        own = frozenset(judged_here).union(*(self._own(control.id) for control in named))
        for group in () if requirement.no_duty else self._split(own):
            binding = self._binding(requirement, group[0])
            if not binding.applies:
                counts[Verdict.NOT_APPLICABLE] += len(group)
                later.extend([binding] if binding.from_on else [])
                continue
            judged = tuple(j.id for j in self._judgements.get((framework.id, requirement.id, group[0]), ()))
            key = (id(binding), judged, *(id(self._in_system(c, group[0])) for c in named))
            if key not in proofs:
                proofs[key] = self._in_group(framework, requirement, group[0])
            counts[proofs[key].verdict] += len(group)
            members.setdefault(key, []).extend(group)
        groups = tuple(_requirement_group(slugs, proofs[key]) for key, slugs in members.items())
        systems = SystemsProof(
            counts=tuple((v, counts[v]) for v in (*REQUIREMENT_ORDER, Verdict.NOT_APPLICABLE) if counts[v]),
            groups=tuple(sorted(groups, key=lambda g: g.systems)),
        )
        verdict = Verdict.NOT_APPLICABLE if excluded else judge_systems(counts)
        binding = _systems_binding(requirement, systems, counts.total(), later)
        dues = [g.proof.due for g in groups if g.proof.due is not None]
        return RequirementProof(
            framework=framework.id,
            requirement=requirement,
            scope=ORGANISATION,
            at=self.at,
            verdict=verdict,
            because=(_excluded(excluded),) if excluded else _systems_reasons(verdict, binding, counts, systems.bound),
            binding=binding,
            sufficient=(),
            contributes=(),
            controls=(),
            judgements=judgements,
            systems=systems,
            due=min(dues, default=None) if verdict in {Verdict.MET, Verdict.PARTIAL} else None,
        )

    # ---- a whole framework

    def posture(self, framework_id: str, scope: str = ORGANISATION) -> FrameworkPosture:
        """Every leaf requirement of a framework in a scope. For one AI system: the system-level requirements, and
        those of the organisation that at least one system-level control helps to meet."""
        framework = self.library.frameworks[framework_id]
        lines = []
        for leaf in framework.leaves:
            if scope != ORGANISATION and not self.library.reaches_systems(framework, leaf):
                continue
            proof = self.requirement(framework_id, leaf.id, scope)
            lines.append(
                Line(
                    requirement=leaf,
                    verdict=proof.verdict,
                    binding_from=proof.binding.from_on,
                    due=proof.due,
                    judged=bool(proof.judgements),
                )
            )
        return FrameworkPosture(framework=framework, scope=scope, at=self.at, lines=tuple(lines))


def next_change(library: Library, facts: Facts, at: datetime) -> datetime | None:
    """The next instant after `at` at which any verdict could change by time alone; None if none is foreseen."""
    days = [day for day in days_of_law(library, at) if day > at]
    return min([*days, *changes_of(chain.from_iterable(facts.kinds), at)], default=None)


def changes_of(facts: Iterable[Fact], at: datetime) -> list[datetime]:
    """The instants after `at` at which some facts begin or cease to count."""
    instants = {when for fact in facts for when in _instants(fact)}
    return [when for when in instants if when > at]


def _instants(fact: Fact) -> Iterator[datetime]:
    yield from (fact.effective_at, fact.recorded_at)
    if isinstance(fact, Evidence):
        yield fact.expires_at
    if isinstance(fact, Assessed):
        yield fact.until
    if isinstance(fact, Reviewed):
        yield from (until for _, until in fact.until)
    if isinstance(fact, Judgement) and fact.ends_at is not None:
        yield fact.ends_at
    if isinstance(fact, RecordFact):
        yield from (until for _, until in fact.fulfils if until is not None and until != EVER)
        if fact.ends_at is not None:
            yield fact.ends_at
    if isinstance(fact, Supposed):
        yield fact.until


def asking_of(library: Library, registers: Collection[str]) -> set[str]:
    """The controls that ask for something of these registers."""
    return {
        one.id
        for one in (library.controls.values() if registers else ())
        if any(register_of(asked.check) in registers for asked in one.expectations)
    }


def days_of_law(library: Library, at: datetime) -> set[datetime]:
    """The first instant of every day on which a requirement begins to bind, in the zone of `at`."""
    return {
        datetime(day.year, day.month, day.day, tzinfo=at.tzinfo)
        for framework in library.frameworks.values()
        for requirement in framework.requirements
        for day in requirement.days
    }


def roll_up(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict shown for a group of requirements: the worst below it that applies."""
    present = set(verdicts)
    return next((v for v in reversed(REQUIREMENT_ORDER) if v in present), Verdict.NOT_APPLICABLE)


# --- reasons, dates and grounds


def _profile(system: SystemFact) -> tuple[object, ...]:
    """What of a system decides which requirements bind it."""
    return system.roles, system.classes, system.high_risk_by, known_words(system)


def _grounds(proof: ControlProof) -> tuple[object, ...]:
    """What two systems must share for one proof of a control to serve both."""
    return (
        proof.verdict,
        proof.applies,
        proof.adoption.id if proof.adoption else None,
        tuple(
            (e.state, tuple(x.id for x in e.evidence), e.check, e.falls_at if e.check else None)
            for e in proof.expectations
        ),
        tuple(j.id for j in proof.judgements),
    )


def _asked(sufficient: tuple[tuple[str, ...], ...], by_id: Mapping[str, ControlProof]) -> list[tuple[str, ...]]:
    """The sufficient sets as they are asked for here; see `judge_requirement`."""
    standings = {control: proof.standing for control, proof in by_id.items()}
    return [chosen for chosen in (applicable(s, standings) for s in sufficient) if chosen]


def _due(
    verdict: Verdict,
    excluded: Judgement | None,
    sufficient: tuple[tuple[str, ...], ...],
    controls: tuple[ControlProof, ...],
) -> datetime | None:
    """When the verdict falls by time alone."""
    if excluded is not None:
        return excluded.ends_at
    by_id = {proof.control.id: proof for proof in controls}
    if verdict is Verdict.MET:
        ends = []
        for chosen in _asked(sufficient, by_id):
            if all(by_id[c].verdict is Verdict.EFFECTIVE for c in chosen):
                dated = [fall for c in chosen if (fall := by_id[c].falls_at) is not None]
                ends.append(min(dated, default=None))
        return None if None in ends else max(end for end in ends if end is not None)
    if verdict is Verdict.PARTIAL:
        helping = [proof.falls_at for proof in controls if proof.effective_in]
        return None if None in helping else max((fall for fall in helping if fall is not None), default=None)
    return None


def _reasons(
    verdict: Verdict,
    binding: Binding,
    excluded: Judgement | None,
    sufficient: tuple[tuple[str, ...], ...],
    controls: tuple[ControlProof, ...],
    why: str,
) -> tuple[str, ...]:
    """The verdict in sentences: what decided it, and what is missing."""
    if not binding.applies:
        return (binding.because,)
    if excluded is not None:
        return (_excluded(excluded),)
    by_id = {proof.control.id: proof for proof in controls}
    if verdict is Verdict.UNCOVERED:
        return (binding.because, "No control covers it.")
    if verdict is Verdict.NOT_APPLICABLE:
        return (binding.because, "Every control that covers it is excluded or has an empty population (0 systems).")
    if verdict is Verdict.MET:
        chosen = next(s for s in _asked(sufficient, by_id) if all(by_id[c].verdict is Verdict.EFFECTIVE for c in s))
        return (binding.because, f"{_list(chosen)} {_is(chosen)} effective and sufficient.", why)
    missing = min(
        ([c for c in chosen if by_id[c].verdict is not Verdict.EFFECTIVE] for chosen in _asked(sufficient, by_id)),
        key=len,
        default=[],
    )
    if not missing:
        helping = [proof.control.id for proof in controls if proof.effective_in]
        return (binding.because, f"{_list(helping) or 'No control'} contributes; no set of controls is sufficient.")
    lacks = "; ".join(f"{c} is {by_id[c].verdict}{_n_of(by_id[c])}" for c in missing)
    return (binding.because, f"To be met it lacks: {lacks}.")


def _systems_reasons(verdict: Verdict, binding: Binding, counts: Counter[Verdict], bound: int) -> tuple[str, ...]:
    if verdict is Verdict.NOT_APPLICABLE:
        return (binding.because,)
    rest = ", ".join(f"{counts[v]:,} {v}" for v in REQUIREMENT_ORDER[1:] if counts[v])
    met = f"Met in {counts[Verdict.MET]:,} of {bound:,} AI systems it binds"
    return (binding.because, f"{met}; {rest}." if rest else f"{met}.")


def _systems_binding(requirement: Requirement, systems: SystemsProof, total: int, later: list[Binding]) -> Binding:
    bound = sum(len(group.systems) for group in systems.groups)
    if bound:
        starts = min((g.proof.binding.from_on for g in systems.groups if g.proof.binding.from_on), default=None)
        return Binding(applies=True, because=f"Binds {bound:,} of {total:,} AI systems in use.", from_on=starts)
    if requirement.no_duty:
        return Binding(applies=False, because=requirement.no_duty)
    if later:
        first = min(later, key=lambda one: one.from_on or date.max)
        return Binding(applies=False, because=first.because, from_on=first.from_on, grounds=first.grounds)
    asks = _words(requirement)
    return Binding(applies=False, because=f"Binds 0 of {total:,} AI systems in use{asks}.")


def _words(requirement: Requirement) -> str:
    parts = [*requirement.binds_roles, *requirement.binds_classes]
    return f" (asks for {', '.join(part.replace('_', ' ') for part in parts)})" if parts else ""


def _requirement_group(slugs: Iterable[str], proof: RequirementProof) -> RequirementGroup:
    """Systems with one proof. It speaks of the first of them, whichever was looked at: facts that do not count yet may
    change the order of looking, and must change nothing else."""
    systems = tuple(sorted(slugs))
    return RequirementGroup(
        systems=systems, proof=proof if proof.scope == systems[0] else replace(proof, scope=systems[0])
    )


def _excluded(judgement: Judgement) -> str:
    until = f" until {judgement.ends_at.date().isoformat()}" if judgement.ends_at else ""
    return f"Excluded{until} by {judgement.by}: {judgement.because}"


def _n_of(proof: ControlProof) -> str:
    return f" (effective in {proof.effective_in:,} of {proof.population:,} systems)" if proof.groups is not None else ""


def _list(names: Iterable[str]) -> str:
    return " and ".join(names)


def _is(names: tuple[str, ...]) -> str:
    return "is" if len(names) == 1 else "are"
