"""Whatever an organisation takes away, leaves unanswered, breaks or lets fall silent: no verdict rises by it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings

from annexa.pure.checks import CHECKS, proven_only
from annexa.pure.facts import ORGANISATION, Adoption, Evidence, Facts, Judgement, SystemFact
from annexa.pure.posture import CONTROL_ORDER, REQUIREMENT_ORDER, Engine, Verdict
from tests.cases import cases
from tests.strategies import organisations
from tests.strategies.organisations import LIBRARY, ORG_CONTROLS, START, SYS_CONTROLS

Place = tuple[str, str]
EXAMPLES = 25
"""Found nothing with 1,000 either; every run tries others."""


def verdicts(facts: Facts, at: datetime) -> dict[Place, Verdict]:
    """Every verdict of every control and requirement, in every scope."""
    engine = Engine(library=LIBRARY, facts=facts, at=at)
    found: dict[Place, Verdict] = {}
    for scope in (ORGANISATION, *engine.systems):
        found |= {(c, scope): engine.control(c, scope).verdict for c in (*ORG_CONTROLS, *SYS_CONTROLS)}
        found |= {(line.requirement.id, scope): line.verdict for line in engine.posture("test", scope).lines}
    return found


def rank(verdict: Verdict) -> int:
    """The lower, the better it looks; best of all where a duty is gone."""
    order = CONTROL_ORDER if verdict in CONTROL_ORDER else REQUIREMENT_ORDER
    return -1 if verdict is Verdict.NOT_APPLICABLE else order.index(verdict)


def risen(before: dict[Place, Verdict], after: dict[Place, Verdict]) -> list[str]:
    """Every verdict that looks better than it did."""
    return [f"{place}: {before[place]} → {now}" for place, now in after.items() if rank(now) < rank(before[place])]


def without(facts: Facts, kind: str, place: int) -> Facts:
    """All facts but one."""
    kept = list(getattr(facts, kind))
    del kept[place]
    return replace(facts, **{kind: tuple(kept)})


def helpful(facts: Facts) -> Iterator[tuple[str, int]]:
    """The facts that can only help: whatever else is taken away was a burden, and the ledger shows the gap.

    Passing evidence. A declaration that a control is implemented, where none other is about it: taking it back would
    leave the other one, such as an exclusion, or what the organisation does. The closure of a nonconformity.
    """
    for place, fact in enumerate(facts.evidence):
        if fact.passing:
            yield "evidence", place
    for place, adoption in enumerate(facts.adoptions):
        alone = sum(one.control == adoption.control for one in facts.adoptions) == 1
        own = adoption.scope == ORGANISATION or adoption.control in SYS_CONTROLS
        if adoption.state == "implemented" and alone and own:
            yield "adoptions", place
    excluding = {one.id for one in facts.judgements if one.kind == "exclusion"}
    for place, closure in enumerate(facts.closures):
        if closure.judgement not in excluding:
            yield "closures", place


@given(organisations.facts(), organisations.instants)
@settings(max_examples=cases(EXAMPLES), deadline=None)
def test_taking_away_what_helps_raises_nothing(facts: Facts, at: datetime) -> None:
    """Remove passing evidence, a declaration, or the closure of a nonconformity: any one, from any organisation.

    Given away by rule: no verdict rises; a control that fails is absent once it is not declared any more, and no
    requirement gains by that. In the database the ledger shows the gap besides.
    """
    before = verdicts(facts, at)
    for kind, place in helpful(facts):
        after = verdicts(without(facts, kind, place), at)
        if kind == "adoptions":
            after = {where: v for where, v in after.items() if (before[where], v) != (Verdict.FAILING, Verdict.ABSENT)}
        assert risen(before, after) == [], (kind, place)


@given(organisations.facts(), organisations.instants)
@settings(max_examples=cases(EXAMPLES), deadline=None)
def test_a_source_that_errs_or_falls_silent_raises_nothing(facts: Facts, at: datetime) -> None:
    """Let any source of evidence err, fall silent, or be switched off, in any organisation.

    Given away by rule: an error counts as failing, silence as expired, what was never heard as never; no verdict
    rises.
    """
    before = verdicts(facts, at)
    for place, fact in enumerate(facts.evidence):
        others = (*facts.evidence[:place], *facts.evidence[place + 1 :])
        silent = replace(fact, expires_at=fact.effective_at + timedelta(microseconds=1))
        for broken in (replace(fact, passing=False), silent):
            after = verdicts(replace(facts, evidence=(*others, broken)), at)
            assert risen(before, after) == [], broken
    quiet = tuple(fact for fact in facts.evidence if not fact.passing)
    assert risen(before, verdicts(replace(facts, evidence=quiet), at)) == []


@given(organisations.facts(), organisations.instants)
@settings(max_examples=cases(EXAMPLES), deadline=None)
def test_answers_taken_back_raise_no_check(facts: Facts, at: datetime) -> None:
    """Answer less about AI systems: no owner, no purpose, everything unknown, in any organisation.

    Given away by the checks over the register, which fail where nothing is answered: no verdict rises.
    """
    less = tuple(
        replace(
            fact, owner="", purpose="", personal_data="unknown", impact_assessment="unknown", monitoring="unknown",
            independent_evaluation="unknown", appeal="unknown",
        )
        for fact in facts.systems
    )  # fmt: skip
    assert risen(verdicts(facts, at), verdicts(replace(facts, systems=less), at)) == []


@given(organisations.facts(), organisations.instants)
@settings(max_examples=cases(EXAMPLES), deadline=None)
def test_an_empty_register_meets_nothing(facts: Facts, at: datetime) -> None:
    """Remove every AI system from the register, of any organisation.

    Given away by rule: an empty population proves nothing. Nothing is met or effective by it.
    """
    before, after = verdicts(facts, at), verdicts(replace(facts, systems=()), at)
    good = {Verdict.MET, Verdict.EFFECTIVE}
    assert {p for p, v in after.items() if v in good} <= {p for p, v in before.items() if v in good}


SYSTEM = SystemFact(id="s", effective_at=START, recorded_at=START, name="S", stage="operation", owner="kim")


@pytest.mark.parametrize("nonsense", [None, 7, [], {}])
def test_a_check_that_errs_proves_nothing(nonsense: object) -> None:
    """Record something that a check stumbles over.

    Given away by rule: a check that errs has not passed, and the other verdicts are judged as ever.
    """
    broken = replace(SYSTEM, owner=nonsense, purpose=nonsense)  # type: ignore[arg-type]
    facts = Facts(systems=(broken,), adoptions=(_declared("ORG-03"), _declared("SYS-01")))
    assert verdicts(facts, START)["ORG-03", ORGANISATION] is Verdict.FAILING
    assert verdicts(replace(facts, systems=(SYSTEM,)), START)["ORG-03", ORGANISATION] is Verdict.EFFECTIVE
    assert not CHECKS["owner_named"](broken)


@pytest.mark.parametrize("says", [None, "yes", 1, [True]])
def test_a_check_that_answers_otherwise_proves_nothing(says: object) -> None:
    """Add a check of one's own that answers something else than yes or no.

    Given away by rule: only a plain yes is one.
    """

    def lenient(_system: SystemFact) -> object:
        """Everything is fine."""
        return says

    def broken(_system: SystemFact) -> bool:
        raise KeyError("disabled")

    assert proven_only(lenient)(SYSTEM) is False  # type: ignore[arg-type]
    assert proven_only(broken)(SYSTEM) is False
    assert proven_only(lambda _system: True)(SYSTEM) is True


def _declared(control: str) -> Adoption:
    return Adoption(
        id=control, control=control, scope=ORGANISATION, state="implemented", effective_at=START, recorded_at=START
    )


def test_the_properties_have_something_to_say() -> None:
    """Each kind of fact that helps is tried: a strategy that never made one would prove nothing."""
    at = START + timedelta(days=10)
    report = Evidence(
        id="e", control="ORG-02", expectation="report", scope=ORGANISATION, passing=True, sha256="0" * 64,
        effective_at=START, recorded_at=START, expires_at=at + timedelta(days=1),
    )  # fmt: skip
    found = Judgement(
        id="j", kind="major nonconformity", subject="ORG-02", scope=ORGANISATION, because="b", effective_at=START,
        recorded_at=START,
    )  # fmt: skip
    facts = Facts(systems=(SYSTEM,), adoptions=(_declared("ORG-02"),), evidence=(report,), judgements=(found,))
    assert list(helpful(facts)) == [("evidence", 0), ("adoptions", 0)]
    open_, closed = verdicts(facts, at), verdicts(replace(facts, judgements=()), at)
    assert (open_["ORG-02", ORGANISATION], closed["ORG-02", ORGANISATION]) == (Verdict.FAILING, Verdict.EFFECTIVE)
    assert risen(open_, closed)
    assert risen(closed, verdicts(without(facts, "evidence", 0), at)) == []
