"""The work ahead for some frameworks, read from the engine's own proofs.

What each requirement that is not met waits for, what each control would still cost, and what no work can meet.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property

from annexa.pure.as_done import answered
from annexa.pure.checks import DEEDS
from annexa.pure.facts import ORGANISATION
from annexa.pure.places import SHARE, Place, deeds_short_of, effort, major, own_work, places, short_of
from annexa.pure.posture import CONTROL_ORDER, ControlProof, Engine, RequirementProof, Verdict, applicable
from annexa.pure.standards import Framework, Library, Requirement
from annexa.pure.work import Goal, Job, Unreachable, Way, Work, bits, urgency

Risk = Mapping[str | tuple[str, str], float]
"""How much a requirement counts, by control id or by (framework id, requirement id); what is not named counts 1."""

Counts = Mapping[str, Mapping[Verdict, int]]
"""In how many AI systems a control has which verdict, where the engine holds only some that stand for all."""


def work_ahead(
    engine: Engine,
    frameworks: Mapping[str, float] | Iterable[str],
    *,
    start: date,
    by: date | None = None,
    risk: Risk | None = None,
    counts: Counts | None = None,
) -> Work:
    """What could be done for these frameworks and what each requirement waits for; see `path`."""
    weights = dict(frameworks) if isinstance(frameworks, Mapping) else dict.fromkeys(frameworks, 1.0)
    ground = _Ground(engine, counts or {})
    sorted_out = _Sorted(ground=ground, by=by)
    for framework_id in sorted(weights):
        framework = engine.library.frameworks[framework_id]
        for leaf in framework.leaves:
            if not leaf.no_duty:
                sorted_out.add(framework, leaf)
    goals, unreachable = [], list(sorted_out.unreachable)
    for framework, proof, from_on in sorted_out.open:
        clauses = ground.clauses(proof)
        if all(clauses):
            weight = (
                weights[framework.id] * urgency(from_on, start) * _risk(risk or {}, framework, proof, engine.library)
            )
            requirement = proof.requirement
            goals.append(
                Goal(framework=framework, requirement=requirement, from_on=from_on, weight=weight, clauses=clauses)
            )
        else:
            unreachable.append(_blocked(framework, proof, ground))
    return Work(
        jobs=_of_use(ground.jobs_alike, goals),
        goals=tuple(goals),
        unreachable=tuple(sorted(unreachable, key=lambda u: (u.framework, u.requirement))),
        met=sorted_out.met,
        binding=tuple(sorted(sorted_out.binding.items(), key=lambda item: item[0] or date.min)),
    )


def _of_use(jobs: Mapping[str, Job], goals: Iterable[Goal]) -> Mapping[str, Job]:
    """The jobs that some goal waits for."""
    waited = 0
    for goal in goals:
        for clause in goal.clauses:
            for way in clause:
                waited |= way.needs
    return {control: jobs[control] for control in sorted(jobs) if jobs[control].gives & waited}


def _risk(risk: Risk, framework: Framework, proof: RequirementProof, library: Library) -> float:
    """The weight given to the requirement, or else the greatest given to a control that can meet it."""
    if not risk:
        return 1.0
    if (named := risk.get((framework.id, proof.requirement.id))) is not None:
        return named
    coverage = library.covering(framework, proof.requirement)
    sets = coverage.sufficient if coverage else ()
    return max((risk[control] for chosen in sets for control in chosen if control in risk), default=1.0)


class _Sorted:
    """The requirements by what a path has to do with them. Lives only while the work ahead is gathered."""

    def __init__(self, *, ground: "_Ground", by: date | None) -> None:
        self.ground = ground
        self.by = by
        self.open: list[tuple[Framework, RequirementProof, date | None]] = []
        self.unreachable: list[Unreachable] = []
        self.binding: Counter[date | None] = Counter()
        self.met = 0

    def add(self, framework: Framework, leaf: Requirement) -> None:
        """Looks at one requirement; what binds later is looked at as if it did already."""
        proof, from_on = self.ground.engine.requirement(framework.id, leaf.id), None
        if not proof.binding.applies:
            from_on = proof.binding.from_on
            if from_on is None or (self.by is not None and from_on > self.by):
                return
            proof = self.ground.ahead.requirement(framework.id, leaf.id)
        excluded = next((j for j in proof.judgements if j.kind == "exclusion"), None)
        if excluded is not None:
            because = f"Excluded by {excluded.by or 'somebody'}: {excluded.because}"
            self.unreachable.append(_unreachable(framework, leaf, because))
            return
        if proof.verdict is Verdict.NOT_APPLICABLE:  # nor does a posture count it
            because = "Every control that covers it is excluded or has no AI system to be judged in."
            self.unreachable.append(_unreachable(framework, leaf, because))
            return
        self.binding[from_on] += 1
        if proof.verdict is Verdict.MET:
            self.met += 1
        else:
            self.open.append((framework, proof, from_on))


class _Ground:
    """What the engine's proofs say about the work on each control. Lives only while the work ahead is gathered."""

    def __init__(self, engine: Engine, counts: Counts) -> None:
        self.engine = engine
        self.counts = counts
        self._bits: dict[tuple[str, str], int] = {}
        self._needs: dict[tuple[str, str], int | None] = {}
        self._alike: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._merged: dict[int, int] = {}

    @cached_property
    def ahead(self) -> Engine:
        """The same organisation at the same time, as if every duty that has a first day bound already."""
        library = replace(
            self.engine.library,
            frameworks={name: _undated(framework) for name, framework in self.engine.library.frameworks.items()},
        )
        return Engine(library=library, facts=self.engine.facts, at=self.engine.at)

    @cached_property
    def places(self) -> Mapping[str, tuple[Place, ...]]:
        """Where each control is judged."""
        return {control: places(self.engine, control) for control in sorted(self.engine.library.controls)}

    @cached_property
    def jobs(self) -> Mapping[str, Job]:
        """What is left to do, for each control that is not effective everywhere and that work can make so."""
        found = {}
        for control in self.places:
            job = self._job(control)
            if job is not None:
                found[control] = job
        return found

    @cached_property
    def everything(self) -> int:
        """All bits that some job gives."""
        found = 0
        for job in self.jobs.values():
            found |= job.gives
        return found

    @cached_property
    def jobs_alike(self) -> Mapping[str, Job]:
        """The jobs with merged bits."""
        return {control: replace(job, gives=self.merged(job.gives)) for control, job in self.jobs.items()}

    @cached_property
    def _one_for(self) -> Mapping[int, int]:
        """For each bit the one that stands for all bits given by the same jobs: they are never told apart by work, so
        thousands of systems that wait for the same jobs are one situation."""
        givers: dict[int, list[str]] = {}
        for control, job in self.jobs.items():
            for bit in bits(job.gives):
                givers.setdefault(bit, []).append(control)
        numbers: dict[tuple[str, ...], int] = {}
        return {bit: 1 << numbers.setdefault(tuple(jobs), len(numbers)) for bit, jobs in givers.items()}

    def merged(self, mask: int) -> int:
        """Bits that some job gives, each replaced by the one that stands for it."""
        if mask not in self._merged:
            found = 0
            for bit in bits(mask):
                found |= self._one_for[bit]
            self._merged[mask] = found
        return self._merged[mask]

    def bit(self, kind: str, name: str) -> int:
        """The bit of a control's own work, or of an answer in the register or a deed for systems alike: whichever job
        does it, it is done for every control that asks for it."""
        return self._bits.setdefault((kind, name), 1 << len(self._bits))

    def alike(self, slugs: tuple[str, ...]) -> tuple[str, ...]:
        """One system for each situation that these are in."""
        if slugs not in self._alike:
            self._alike[slugs] = tuple(dict.fromkeys(self.engine.grounds(slug) for slug in slugs))
        return self._alike[slugs]

    def _job(self, control: str) -> Job | None:
        gives, short = 0, [place for place in self.places[control] if place.proof.verdict is not Verdict.EFFECTIVE]
        for place in short:
            for scope in self.alike(place.scopes):
                needs = self._needs_alone(place.proof, scope)
                if needs is None:
                    return None
                gives |= needs
        proof = self.engine.control(control)
        found = [place.proof.verdict for place in short]
        if proof.groups is not None and major(proof) and proof.population:
            found.append(Verdict.FAILING)
        if not found:
            return None
        whole = Verdict.FAILING in found[len(short) :]
        if control in self.counts:
            in_systems: dict[Verdict, int] = {
                verdict: n
                for verdict, n in self.counts[control].items()
                if verdict in SHARE and verdict is not Verdict.EFFECTIVE
            }
            alone = [place for place in short if place.scopes == (ORGANISATION,)]
            days = effort(proof.control, alone, whole=whole, counted=in_systems)
            systems = sum(in_systems.values())
        else:
            days = effort(proof.control, short, whole=whole)
            systems = sum(len(place.scopes) for place in short if place.scopes != (ORGANISATION,))
        return Job(
            control=proof.control,
            verdict=max(found, key=CONTROL_ORDER.index),
            systems_short=systems,
            effort=days,
            gives=gives | self.bit("control", control),
        )

    def needs(self, proof: ControlProof, scope: str) -> int | None:
        """The bits a control waits for in a scope to be effective there; None if no work makes it so."""
        where = ORGANISATION if proof.inherited else scope
        key = (proof.control.id, where)
        if key not in self._needs:
            self._needs[key] = self._needs_alone(proof, where) if proof.groups is None else self._needs_of_all(proof)
        return self._needs[key]

    def _needs_of_all(self, proof: ControlProof) -> int | None:
        """The same for a control over its population."""
        found = self.bit("control", proof.control.id) if major(proof) else 0
        for group in proof.groups or ():
            for scope in self.alike(group.systems):
                needs = self.needs(group.proof, scope)
                if needs is None:
                    return None
                found |= needs
        return found

    def _needs_alone(self, proof: ControlProof, scope: str) -> int | None:
        if proof.verdict is Verdict.EFFECTIVE:
            return 0
        if proof.verdict is Verdict.NOT_APPLICABLE or not proof.expectations:
            return None
        found = self.bit("control", proof.control.id) if own_work(proof) else 0
        for expectation in proof.expectations:
            if expectation.check is None or expectation.state == "passing":
                continue
            if expectation.check.check in DEEDS:
                lacking = deeds_short_of(expectation, scope)
                if not lacking:
                    return None
                for slug in self.alike(lacking):
                    found |= self.bit(expectation.check.check, slug)
                continue
            for slug in self.alike(short_of(expectation, scope)) or ("",):
                if not slug or answered(self.engine.systems[slug], expectation.check.check) is None:
                    return None
                found |= self.bit(expectation.check.check, slug)
        return found

    def clauses(self, proof: RequirementProof) -> tuple[tuple[Way, ...], ...]:
        """What a requirement waits for: in each clause the ways that work can go. An empty clause cannot be met."""
        found: dict[tuple[Way, ...], None] = {}
        if proof.systems is None:
            found[self._clause(proof, ORGANISATION)] = None
        for group in proof.systems.groups if proof.systems else ():
            if group.proof.verdict not in {Verdict.MET, Verdict.NOT_APPLICABLE}:
                for scope in self.alike(group.systems):
                    found[self._clause(group.proof, scope)] = None
        return tuple(sorted(found, key=lambda clause: [(way.lacks, way.needs) for way in clause]))

    def _clause(self, proof: RequirementProof, scope: str) -> tuple[Way, ...]:
        by_id = {one.control.id: one for one in proof.controls}
        standings = {control: one.standing for control, one in by_id.items()}
        ways: dict[Way, None] = {}
        for chosen in proof.sufficient:
            asked = applicable(chosen, standings)
            needs = {control: self.needs(by_id[control], scope) for control in asked}
            whole = 0
            for one in needs.values():
                whole |= ~0 if one is None else one
            if asked and not whole & ~self.everything:
                ways[Way(needs=self.merged(whole), lacks=tuple(sorted(c for c, one in needs.items() if one)))] = None
        return tuple(sorted(ways, key=lambda way: (way.lacks, way.needs)))


def _undated(framework: Framework) -> Framework:
    """The framework as if everything in it bound since ever."""
    dates = {"applies_from_annex_i"}
    undated = tuple(
        replace(
            leaf,
            applies_from=None,
            attributes={name: value for name, value in leaf.attributes.items() if name not in dates},
            transitions=tuple(one if one.on is None else replace(one, on=date.min) for one in leaf.transitions),
        )
        for leaf in framework.requirements
    )
    return replace(framework, requirements=undated)


def _unreachable(framework: Framework, requirement: Requirement, because: str) -> Unreachable:
    return Unreachable(framework=framework.id, requirement=requirement.id, title=requirement.title, because=because)


def _blocked(framework: Framework, proof: RequirementProof, ground: _Ground) -> Unreachable:
    """Why no step meets a requirement that is judged and not met."""
    coverage = ground.engine.library.covering(framework, proof.requirement)
    if coverage is None or not coverage.controls:
        because = "No control covers it."
    elif not coverage.sufficient:
        helping = coverage.contributes
        because = (
            f"{listed(helping)} only {'helps' if len(helping) == 1 else 'help'}; no set of controls is sufficient."
        )
    else:
        named = dict.fromkeys(control for chosen in coverage.sufficient for control in chosen)
        because = " ".join(filter(None, (_barred(control, ground) for control in named)))
    return _unreachable(
        framework, proof.requirement, because or "In some AI system a control that it needs is excluded."
    )


def _barred(control: str, ground: _Ground) -> str:
    """Why no work makes a control effective; empty if it can be."""
    proof = ground.engine.control(control)
    if control in ground.jobs or proof.verdict is Verdict.EFFECTIVE:
        return ""
    if proof.verdict is Verdict.NOT_APPLICABLE:
        return f"{control} is excluded or has no AI system to be judged in."
    if not proof.control.expectations:
        return f"{control} expects no evidence, so it cannot be shown to work."
    return f"{control} rests on a check over the register that cannot pass: no AI system is there to be looked at."


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "nothing"
