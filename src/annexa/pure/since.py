"""What moved between two instants: verdicts that became others, each with the facts that came or ran out in between."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from annexa.pure.facts import Adoption, Evidence, F, Fact, Judgement, SystemFact
from annexa.pure.posture import CONTROL_ORDER, REQUIREMENT_ORDER, Engine, FrameworkPosture, Line, Verdict
from annexa.pure.standards import ExpectationKind, Framework, Requirement

What = Literal["declared", "passed", "failed", "expired", "judged", "ended", "closed", "systems", "binds", "library"]
Posture = Callable[[str], FrameworkPosture]
"""Where the organisation stands against a framework, however it is found out."""
Controls = Callable[[str], Verdict]
"""The verdict of a control for the organisation, however it is found out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Something that came between: what, about which control, in whose words, when, and the entry that carries it.

    `detail`: the state declared, the name of the evidence, the kind of judgement, or how many AI systems changed.
    """

    what: What
    at: datetime | None = None
    control: str = ""
    detail: str = ""
    by: str = ""
    entry: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A verdict of the organisation that is another one now, with what came between, the latest first."""

    framework: str
    requirement: str
    title: str
    before: Verdict
    after: Verdict
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the organisation's verdicts were at an instant: of requirements by framework and id, and of controls."""

    at: datetime
    library: str
    requirements: Mapping[str, Mapping[str, Verdict]]
    controls: Mapping[str, Verdict]

    def met(self, framework: str) -> int | None:
        """How many requirements of a framework were met; None if it was not there."""
        found = self.requirements.get(framework)
        return None if found is None else sum(verdict is Verdict.MET for verdict in found.values())


def seen(engine: Engine, frameworks: Iterable[str], posture: Posture, control: Controls) -> Seen:
    """What there is to be remembered of an engine in order to say later what moved."""
    held = [one for one in frameworks if one in engine.library.frameworks]
    return Seen(
        at=engine.at,
        library=engine.library.version,
        requirements={one: {line.requirement.id: line.verdict for line in posture(one).lines} for one in held},
        controls={one: control(one) for one in engine.library.controls},
    )


def moves(before: Seen, engine: Engine, posture: Posture, control: Controls) -> tuple[Move, ...]:
    """Every verdict that is another one than it was, what fell deepest first; within that by framework and place.

    Requirements that are there on one side only are left out: nothing moved, the library did.
    """
    between: _Between | None = None
    found: list[tuple[int, Move]] = []
    for name, verdicts in before.requirements.items():
        framework = engine.library.frameworks.get(name)
        for line in posture(name).lines if framework else ():
            old = verdicts.get(line.requirement.id)
            if framework is None or old is None or old is line.verdict:
                continue
            between = between or _Between(before, engine, control)
            move = Move(
                framework=name,
                requirement=line.requirement.id,
                title=line.requirement.title,
                before=old,
                after=line.verdict,
                causes=between.causes(framework, line, fell=_depth(line.verdict) > _depth(old)),
            )
            found.append((_depth(old) - _depth(line.verdict), move))
    return tuple(move for _, move in sorted(found, key=lambda one: one[0]))


def _depth(verdict: Verdict) -> int:
    """How bad a verdict is; what does not apply is as good as met."""
    return 0 if verdict is Verdict.NOT_APPLICABLE else REQUIREMENT_ORDER.index(verdict)


def _rank(verdict: Verdict) -> int:
    """The same of a control."""
    return 0 if verdict is Verdict.NOT_APPLICABLE else CONTROL_ORDER.index(verdict)


class _Between:
    """Every fact that came or ran out between two instants, by what it is about. Lives only for one comparison."""

    def __init__(self, before: Seen, engine: Engine, control: Controls) -> None:
        self.before, self.engine, self.control = before, engine, control
        self.controls: dict[str, list[Cause]] = {}
        self.requirements: dict[tuple[str, str], list[Cause]] = {}
        facts = engine.facts
        for adoption in self._fresh(facts.adoptions):
            self.controls.setdefault(adoption.control, []).append(_came(adoption))
        for piece in self._fresh(facts.evidence):
            self.controls.setdefault(piece.control, []).append(_came(piece))
        for piece in facts.evidence:
            if piece.passing and piece.known(before.at) and before.at < piece.expires_at <= engine.at:
                cause = Cause(what="expired", at=piece.expires_at, control=piece.control, detail=piece.name)
                self.controls.setdefault(piece.control, []).append(cause)
        self._judged()
        systems = list(self._fresh(facts.systems))
        self.systems = _systems(len({one.id for one in systems}), systems)

    def causes(self, framework: Framework, line: Line, *, fell: bool) -> tuple[Cause, ...]:
        """What can have moved a requirement: what came to controls that moved the same way, if there are any."""
        requirement = line.requirement
        found = list(self.requirements.get((framework.id, requirement.id), ()))
        if self.engine.library.version != self.before.library:
            found.append(Cause(what="library"))
        found += self._law(line.binding_from)
        coverage = self.engine.library.covering(framework, requirement)
        named = coverage.controls if coverage else ()
        for control in [one for one in named if self._moved(one, fell=fell)] or named:
            found += self.controls.get(control, ())
        if self.systems and self._rests_on_systems(requirement, named):
            found.append(self.systems)
        oldest = self.before.at
        return tuple(sorted(found, key=lambda cause: cause.at or oldest, reverse=True))

    def _moved(self, control: str, *, fell: bool) -> bool:
        """Whether the verdict of a control moved in that direction."""
        before, after = self.before.controls.get(control), self.control(control)
        if before is None or before is after:
            return False
        return (_rank(after) > _rank(before)) is fell

    def _fresh(self, facts: Iterable[F]) -> Iterator[F]:
        at, until = self.before.at, self.engine.at
        return (fact for fact in facts if fact.known(until) and not fact.known(at))

    def _judged(self) -> None:
        """Judgements that were given, that ended, and that were closed."""
        judgements = {fact.id: fact for fact in self.engine.facts.judgements}
        for fact in self._fresh(judgements.values()):
            self._about(fact, _of(fact, "judged", _control(fact), fact.kind))
        for fact in judgements.values():
            if fact.ends_at is not None and self.before.at < fact.ends_at <= self.engine.at:
                self._about(fact, Cause(what="ended", at=fact.ends_at, control=_control(fact), detail=fact.kind))
        for closure in self._fresh(self.engine.facts.closures):
            if (closed := judgements.get(closure.judgement)) is not None:
                self._about(closed, _of(closure, "closed", _control(closed), closed.kind))

    def _about(self, judgement: Judgement, cause: Cause) -> None:
        if judgement.framework:
            self.requirements.setdefault((judgement.framework, judgement.subject), []).append(cause)
        else:
            self.controls.setdefault(judgement.subject, []).append(cause)

    def _law(self, from_on: date | None) -> Iterator[Cause]:
        """The day on which it began to bind, if that came between."""
        if from_on is not None and self.before.at.date() < from_on <= self.engine.at.date():
            first = datetime(from_on.year, from_on.month, from_on.day, tzinfo=self.engine.at.tzinfo)
            yield Cause(what="binds", at=first)

    def _rests_on_systems(self, requirement: Requirement, controls: Iterable[str]) -> bool:
        """Whether the register of AI systems can have moved it: which there are, and what is known of them."""
        held = [self.engine.library.controls[one] for one in controls]
        return requirement.level == "system" or any(
            one.level == "system" or any(e.kind is ExpectationKind.RECORD for e in one.expectations) for one in held
        )


def _of(fact: Fact, what: What, control: str, detail: str) -> Cause:
    return Cause(what=what, at=fact.counts_from, control=control, detail=detail, by=fact.by, entry=fact.entry)


def _came(fact: Adoption | Evidence) -> Cause:
    what: What = "declared" if isinstance(fact, Adoption) else "passed" if fact.passing else "failed"
    detail = fact.state if isinstance(fact, Adoption) else fact.name
    return _of(fact, what, fact.control, detail)


def _systems(count: int, facts: list[SystemFact]) -> Cause | None:
    if not facts:
        return None
    last = max(facts, key=lambda fact: fact.order)
    return _of(last, "systems", "", str(count))


def _control(judgement: Judgement) -> str:
    return "" if judgement.framework else judgement.subject
