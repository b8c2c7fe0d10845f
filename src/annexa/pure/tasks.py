"""Tasks: whether one is done, which is computed from the verdict of its control and never ticked, and since when."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Literal

from annexa.pure.checks import CHECKS, DEEDS, JUDGING, REVIEWS, THROUGH_RECORDS
from annexa.pure.checks.assessments import ASSESSED, AssessmentCheck
from annexa.pure.facts import ORGANISATION, Evidence, RecordFact, SystemFact
from annexa.pure.material import Since
from annexa.pure.posture import ControlProof, Engine, ExpectationProof, Verdict
from annexa.pure.records_then import fits

TaskState = Literal["open", "late", "done", "void", "withdrawn"]
TASK_STATES: tuple[TaskState, ...] = ("late", "open", "done", "void", "withdrawn")
"""What needs somebody first."""


def state_of(*, withdrawn: bool, verdict: Verdict | None, due_on: date, today: date) -> TaskState:
    """How a task stands. Done: its control is effective in its scope; late: it is not, and the day has passed.

    `verdict` is None where the control or the AI system is no longer there. Then, and where the control does not apply
    any more, the task is void: there is nothing to do.
    """
    if withdrawn:
        return "withdrawn"
    if verdict is Verdict.EFFECTIVE:
        return "done"
    if verdict is None or verdict is Verdict.NOT_APPLICABLE:
        return "void"
    return "late" if due_on < today else "open"


def verdict_in(engine: Engine, control: str, scope: str) -> Verdict | None:
    """The verdict of a control in a scope; None if one of them is no longer there."""
    if control not in engine.library.controls or (scope != ORGANISATION and scope not in engine.systems):
        return None
    return engine.control(control, scope).verdict


def undeclared(proof: ControlProof) -> bool:
    """Whether nobody has declared a control there that is absent, so that a task for it is a plan too.

    What only lapsed, fails or lacks proof is not: a plan would take its declaration back.
    """
    nobody = proof.adoption is None or proof.adoption.state == "not implemented"
    return nobody and proof.verdict is Verdict.ABSENT


def effective_since(engine: Engine, control: str, scope: str) -> datetime | None:
    """Since when a control is effective in a scope: when the last of what it rests on came. None if it is not.

    That is its declaration, the first piece of each unbroken run of passing evidence, the record that made a check
    pass, and the closure of the last major nonconformity.
    """
    if verdict_in(engine, control, scope) is not Verdict.EFFECTIVE:
        return None
    versions: dict[str, list[SystemFact]] = {}
    for fact in sorted(engine.facts.systems, key=lambda one: one.order):
        if fact.known(engine.at):
            versions.setdefault(fact.id, []).append(fact)
    return max(_starts(engine, engine.control(control, scope), (scope,), versions), default=None)


Versions = Mapping[str, Sequence[SystemFact]]
"""The states of each AI system's record, by slug, in their order."""


def _starts(engine: Engine, proof: ControlProof, scopes: Sequence[str], versions: Versions) -> Iterator[datetime]:
    """`scopes`: those which the proof is about. What it rests on today is the same in all; what was before is not."""
    where = (ORGANISATION,) if proof.inherited else scopes
    yield from _closures(engine, proof.control.id, where)
    for group in proof.groups or ():
        yield from _starts(engine, group.proof, group.systems, versions)
    if proof.groups is not None:
        return
    if proof.adoption is not None:
        yield proof.adoption.counts_from
    for one in proof.expectations:
        yield from _answered(engine, one, where, versions)


def _answered(engine: Engine, proof: ExpectationProof, scopes: Sequence[str], versions: Versions) -> Iterator[datetime]:
    """Since when an expectation is fulfilled without a break."""
    if proof.check is None:
        yield from _run(proof.evidence)
        return
    if proof.check.check == REVIEWS:
        yield from _reviewed(engine, scopes)
        return
    if (assessed := ASSESSED.get(proof.check.check)) is not None:
        yield from _assessed(engine, assessed, scopes)
        return
    if proof.check.check in DEEDS:
        yield from _recorded(engine, proof.check.check, scopes)
        return
    for slug in versions if ORGANISATION in scopes else scopes:
        yield from _mended(versions.get(slug, ()), proof.check.check)


def _run(evidence: Iterable[Evidence]) -> Iterator[datetime]:
    """The start of the latest unbroken run of passing evidence, given newest first."""
    start: datetime | None = None
    for piece in evidence:
        if not piece.passing or (start is not None and piece.expires_at < start):
            break
        start = piece.counts_from if start is None else min(start, piece.counts_from)
    if start is not None:
        yield start


def _reviewed(engine: Engine, scopes: Sequence[str]) -> Iterator[datetime]:
    """For each scope whose access review counts, when the first of its unbroken run was finished."""
    for scope in [one.id for one in engine.looked_at(REVIEWS)] if ORGANISATION in scopes else scopes:
        start: datetime | None = None
        for fact in sorted(engine.facts.reviews, key=lambda one: one.counts_from, reverse=True):
            until = dict(fact.until).get(scope)
            if until is None or not fact.known(engine.at):
                continue
            if start is not None and until < start:
                break
            start = fact.counts_from
        if start is not None:
            yield start


def _assessed(engine: Engine, check: AssessmentCheck, scopes: Sequence[str]) -> Iterator[datetime]:
    """For each AI system whose assessment holds, when it was approved."""
    covered = engine.lasting[check.name]
    found = {}
    for fact in sorted(engine.facts.assessed, key=lambda one: one.order):
        if fact.form == check.form and fact.scope in covered and fact.known(engine.at):
            found[fact.scope] = fact.counts_from
    yield from (when for scope, when in found.items() if ORGANISATION in scopes or scope in scopes)


def _recorded(engine: Engine, check: str, scopes: Sequence[str]) -> Iterator[datetime]:
    """When records last began to fulfil a check: all of a register, or for each AI system the first that still does."""
    versions: dict[str, list[RecordFact]] = {}
    for fact in sorted(engine.facts.records, key=lambda one: one.order):
        if fact.known(engine.at) and check in dict(fact.fulfils):
            versions.setdefault(f"{fact.register}/{fact.id}/{fact.part}", []).append(fact)
    if check not in THROUGH_RECORDS:
        starts = [_began(states, check) for states in versions.values()]
        known = [start for start in starts if start is not None]
        yield from [max(known)] if known else []
        return
    covered = engine.lasting[check]
    for scope in covered if ORGANISATION in scopes else [one for one in scopes if one in covered]:
        since = engine.records.changed.get(scope) if check in JUDGING else None
        led = [states for states in versions.values() if scope in states[-1].systems]
        here = [start for states in led if (start := _began(states, check, since)) is not None]
        yield from [min(here)] if here else []


def _began(states: Sequence[RecordFact], check: str, since: Since | None = None) -> datetime | None:
    """Since when a record fulfils a check without a break, of an AI system as it is since then."""
    start: datetime | None = None
    before: datetime | None = None
    for state in states:
        until = dict(state.fulfils)[check] if fits(state, check, since) else None
        if until is None:
            start = None
        elif start is None or (before is not None and before < state.counts_from):
            start = state.counts_from
        before = until
    return start


def _mended(versions: Iterable[SystemFact], check: str) -> Iterator[datetime]:
    """When the record of an AI system last began to pass a check that it did not pass before."""
    passed, start = True, None
    for version in versions:
        passes = not version.in_use or CHECKS[check](version)
        start = None if not passes else start if passed else version.counts_from
        passed = passes
    if start is not None:
        yield start


def _closures(engine: Engine, control: str, scopes: Container[str]) -> Iterator[datetime]:
    """When major nonconformities against a control in these scopes were closed or ended."""
    judged = {
        fact.id: fact
        for fact in engine.facts.judgements
        if (fact.framework, fact.subject) == ("", control)
        and fact.scope in scopes
        and fact.kind == "major nonconformity"
    }
    for closure in engine.facts.closures:
        if closure.judgement in judged and closure.known(engine.at):
            yield closure.counts_from
    yield from (fact.ends_at for fact in judged.values() if fact.ends_at is not None and fact.ends_at <= engine.at)
