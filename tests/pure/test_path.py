"""The order of work announces what the engine will say, proposes nothing superfluous, and gives its reasons."""

import random
from dataclasses import replace
from datetime import date, datetime, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexa.library.load import library
from annexa.pure.as_done import answered, as_done
from annexa.pure.checks import CHECKS, DEEDS
from annexa.pure.facts import ORGANISATION, Facts, Judgement, Reviewed, SystemFact
from annexa.pure.order import best_order, in_time
from annexa.pure.path import Path, burn_up, path
from annexa.pure.places import LEAST_DAYS, places
from annexa.pure.posture import Engine, Verdict
from annexa.pure.standards import Coverage, Library
from annexa.pure.work import urgency
from annexa.pure.work_ahead import work_ahead
from tests.cases import cases
from tests.pure.test_posture import AT, FIELDS, distinct, fact, implemented, shown, system
from tests.strategies import organisations as org

V = Verdict
START = AT.date()
CONTROLS = (*org.ORG_CONTROLS, *org.SYS_CONTROLS)


_SETS = st.lists(st.lists(st.sampled_from(CONTROLS), min_size=1, max_size=3, unique=True).map(tuple), max_size=3).map(
    tuple
)
_NINE_OF_TEN = st.integers(0, 9)
_EFFORTS = st.sampled_from((0.5, 1.0, 2.0, 3.0, 5.0, 8.0))


@st.composite
def libraries(draw: st.DrawFn) -> Library:
    """The small library twice, as two frameworks, each covered by other controls at random; and random efforts."""
    test = org.LIBRARY.frameworks["test"]
    coverage = {}
    for name in ("other", "test"):
        entries = {
            leaf.id: Coverage(requirement=leaf.id, sufficient=draw(_SETS), contributes=("ORG-03",), because="b")
            for leaf in test.leaves
            if not leaf.no_duty and draw(_NINE_OF_TEN)
        }
        coverage[name] = MappingProxyType(entries)
    controls = {name: replace(control, effort=draw(_EFFORTS)) for name, control in org.LIBRARY.controls.items()}
    return replace(
        org.LIBRARY,
        frameworks=MappingProxyType({"test": test, "other": replace(test, id="other")}),
        controls=MappingProxyType(controls),
        coverage=MappingProxyType(coverage),
    )


def recorded(facts: Facts) -> Facts:
    """Facts as a ledger holds them: no two at one place, no two judgements of one id."""
    unique = replace(facts, **{kind: distinct(getattr(facts, kind)) for kind in FIELDS})
    return replace(unique, judgements=tuple({one.id: one for one in unique.judgements}.values()))


def undated(held: Library) -> Library:
    """The library as if every duty bound already."""
    frameworks = {
        name: replace(one, requirements=tuple(replace(leaf, applies_from=None) for leaf in one.requirements))
        for name, one in held.frameworks.items()
    }
    return replace(held, frameworks=MappingProxyType(frameworks))


def met(held: Library, facts: Facts, at: datetime) -> set[tuple[str, str]]:
    """Every requirement that the engine finds met in the organisation."""
    engine = Engine(library=held, facts=facts, at=at)
    return {
        (name, leaf.id)
        for name, framework in held.frameworks.items()
        for leaf in framework.leaves
        if engine.requirement(name, leaf.id).verdict is V.MET
    }


def found(held: Library, facts: Facts, at: datetime = AT, **more) -> Path:
    engine = Engine(library=held, facts=facts, at=at)
    return path(engine, list(held.frameworks), **{"start": at.date()} | more)


def names(steps) -> list[str]:
    return [step.control.id for step in steps]


# --- laws


@settings(max_examples=cases(60))
@given(libraries(), org.facts(), org.instants)
def test_each_step_wins_what_it_announces(held: Library, facts: Facts, at: datetime) -> None:
    """After each step the engine, asked with the facts as they would be, finds met exactly what was announced; what
    binds later is met as soon as it binds; at the end everything reachable is met and nothing else."""
    facts = recorded(facts)
    engine = Engine(library=held, facts=facts, at=at)
    way = path(engine, list(held.frameworks), start=at.date())
    now, ahead = met(held, facts, at), met(undated(held), facts, at)
    for number, step in enumerate(way.steps, 1):
        done = as_done(engine, names(way.steps[:number]))
        after, after_ahead = met(held, done, at), met(undated(held), done, at)
        assert after - now == {(won.framework, won.requirement) for won in step.wins if won.from_on is None}
        later = {(won.framework, won.requirement) for won in step.wins if won.from_on is not None}
        assert later <= after_ahead - ahead
        assert now <= after
        assert ahead <= after_ahead
        now, ahead = after, after_ahead
    announced = [won for step in way.steps for won in step.wins]
    assert len(announced) == way.reachable == len(set(announced))
    assert way.curve[-1].met == way.met + way.reachable
    everything = met(undated(held), as_done(engine, held.controls), at)
    assert not everything & {(one.framework, one.requirement) for one in way.unreachable}


@settings(max_examples=cases(30))
@given(libraries(), org.facts(), org.instants)
def test_nothing_done_or_excluded_is_proposed_and_each_control_once(held: Library, facts: Facts, at: datetime) -> None:
    engine = Engine(library=held, facts=recorded(facts), at=at)
    way = path(engine, list(held.frameworks), start=at.date())
    proposed = names(way.steps)
    assert len(proposed) == len(set(proposed))
    for step in way.steps:
        assert step.verdict_before not in {V.EFFECTIVE, V.NOT_APPLICABLE}
        assert places(engine, step.control.id)
        assert step.effort_days >= LEAST_DAYS
        assert step.wins or step.helps


@settings(max_examples=cases(30))
@given(libraries(), org.facts(), org.instants)
def test_as_if_done_is_effective_wherever_it_is_judged(held: Library, facts: Facts, at: datetime) -> None:
    """And no other verdict of a control gets worse by it."""
    engine = Engine(library=held, facts=recorded(facts), at=at)
    for control in work_ahead(engine, ["test", "other"], start=START).jobs:
        after = Engine(library=held, facts=as_done(engine, [control]), at=at)
        assert after.control(control).verdict is V.EFFECTIVE
        assert all(place.proof.verdict is V.EFFECTIVE for place in places(after, control))
        for other in held.controls:
            if engine.control(other).verdict is V.EFFECTIVE:
                assert after.control(other).verdict is V.EFFECTIVE


@settings(max_examples=cases(25))
@given(libraries(), org.facts(), org.instants, st.randoms(use_true_random=False))
def test_the_order_of_facts_does_not_matter(held: Library, facts: Facts, at: datetime, shuffler: random.Random) -> None:
    def shuffled(items: tuple) -> tuple:
        return tuple(shuffler.sample(items, len(items)))

    facts = recorded(facts)
    again = replace(facts, **{kind: shuffled(getattr(facts, kind)) for kind in FIELDS})
    assert found(held, facts, at) == found(held, again, at)


@settings(max_examples=cases(25))
@given(libraries(), org.facts(), org.instants)
def test_no_step_is_superfluous(held: Library, facts: Facts, at: datetime) -> None:
    """Each step wins something or a later step needs it."""
    engine = Engine(library=held, facts=recorded(facts), at=at)
    work = work_ahead(engine, list(held.frameworks), start=at.date())
    order = in_time(work, best_order(work), start=at.date(), capacity_days_per_week=1.0)
    assert all(work.serves(order))
    assert work.curve(order)[-1].met == work.met + len(work.goals)


# --- one organisation, step by step


def test_it_works() -> None:
    """Cheapest wins first; each step says what it wins, until when, by whom and why."""
    later = {"R9", "R10", "R11", "S8", "S9", "S10", "S11"}
    test = {one: held for one, held in org.LIBRARY.coverage["test"].items() if one not in later}
    leaves = tuple(one for one in org.LIBRARY.frameworks["test"].requirements if one.id not in later)
    frameworks = {"test": replace(org.LIBRARY.frameworks["test"], requirements=leaves)}
    held = replace(org.LIBRARY, coverage={"test": test}, frameworks=frameworks)
    way = found(held, Facts(systems=(system("alpha"), system("beta"))), capacity_days_per_week=2.0)
    first = way.steps[0]
    assert first.control.id == "ORG-03"
    assert [(won.framework, won.requirement) for won in first.wins] == [("test", "R3")]
    assert [won.requirement for won in first.helps] == ["S2"]
    assert (first.verdict_before, first.effort_days, first.owner_role) == (V.ABSENT, 1.0, "lead")
    assert first.due_on == START + timedelta(days=4)
    assert first.because == (
        "ORG-03 has to be built: 1 day. It meets R3 (test); weighed by date and risk that is 1.00 for a day of work, "
        "and 1.06 for the work that follows. It moves S2 (test) nearer."
    )
    assert [point.met for point in way.curve] == [0, *[point.met for point in way.curve[1:]]]
    assert {one.requirement: one.because for one in way.unreachable} == {
        "R4": "ORG-01 and SYS-01 only help; no set of controls is sufficient.",
        "S3": "No control covers it.",
    }


def test_over_many_systems_effort_grows_with_the_square_root() -> None:
    slugs = [f"system-{number}" for number in range(9)]
    work = work_ahead(
        Engine(library=org.LIBRARY, facts=Facts(systems=tuple(map(system, slugs))), at=AT), ["test"], start=START
    )
    assert work.jobs["SYS-01"].effort == 3.0
    assert work.jobs["SYS-01"].systems_short == 9
    assert work.jobs["ORG-01"].effort == 1.0


@pytest.mark.parametrize(
    ("facts", "verdict", "effort"),
    [
        (Facts(), V.ABSENT, 8.0),
        (Facts(adoptions=(fact_ := implemented("ORG-02"),)), V.UNPROVEN, 3.2),
        (Facts(adoptions=(replace(fact_, state="planned", plan_due=AT),)), V.PLANNED, 6.4),
        (Facts(adoptions=(fact_,), evidence=(replace(shown("ORG-02"), expires_at=AT),)), V.STALE, 1.2),
        (Facts(adoptions=(fact_,), evidence=(shown("ORG-02", passing=False),)), V.FAILING, 2.4),
    ],
)
def test_what_remains_depends_on_the_verdict(facts: Facts, verdict: Verdict, effort: float) -> None:
    held = replace(
        org.LIBRARY, controls={**org.LIBRARY.controls, "ORG-02": replace(org.LIBRARY.controls["ORG-02"], effort=8.0)}
    )
    facts = facts.plus([system("alpha", roles=("deployer",))])
    job = work_ahead(Engine(library=held, facts=facts, at=AT), ["test"], start=START).jobs["ORG-02"]
    assert (job.verdict, job.effort) == (verdict, effort)


def test_an_exclusion_is_no_work_but_is_told() -> None:
    """A requirement that somebody excluded, and one whose only controls are excluded, are listed with the reason."""
    excluded = fact(
        Judgement, kind="exclusion", subject="R1", framework="test", scope=ORGANISATION, because="none here", by="kim"
    )
    without = replace(implemented("SYS-02"), state="excluded")
    way = found(org.LIBRARY, Facts(systems=(system("alpha"),), judgements=(excluded,), adoptions=(without,)))
    reasons = {one.requirement: one.because for one in way.unreachable}
    assert reasons["R1"] == "Excluded by kim: none here"
    assert reasons["S2"] == "SYS-02 is excluded or has no AI system to be judged in."
    assert "SYS-02" not in names(way.steps)


def test_a_check_over_an_empty_register_cannot_pass() -> None:
    """Nothing is proven about systems that are not there, so no step promises it."""
    held = replace(org.LIBRARY, coverage={"test": {"R1": Coverage(requirement="R1", sufficient=(("ORG-03",),))}})
    way = found(held, Facts())
    assert not way.steps
    assert {one.requirement for one in way.unreachable} >= {"R1", "R2"}
    assert any("check over the register" in one.because for one in way.unreachable)


def test_a_review_that_one_control_waits_for_is_done_for_all() -> None:
    """ORG-04 lacks only an access review of alpha, and so does SYS-03: the cheaper step wins both."""
    until = ((ORGANISATION, AT + timedelta(days=5)),)
    held = replace(
        org.LIBRARY,
        controls={**org.LIBRARY.controls, "ORG-04": replace(org.LIBRARY.controls["ORG-04"], effort=8.0)},
        coverage={
            "test": {
                "R1": Coverage(requirement="R1", sufficient=(("ORG-04",),)),
                "S1": Coverage(requirement="S1", sufficient=(("SYS-03",),)),
            }
        },
    )
    facts = Facts(
        systems=(system("alpha"),),
        adoptions=(implemented("ORG-04"), implemented("SYS-03")),
        evidence=(shown("ORG-04"),),
        reviews=(fact(Reviewed, id="annexa", until=until),),
    )
    (step,) = found(held, facts).steps
    assert (step.control.id, {won.requirement for won in step.wins}) == ("SYS-03", {"R1", "S1"})
    done = as_done(Engine(library=held, facts=facts, at=AT), ["SYS-03"])
    assert met(held, done, AT) == {("test", "R1"), ("test", "S1")}


def test_a_nonconformity_over_the_population_is_mended_once() -> None:
    facts = Facts(
        systems=(system("alpha"), system("beta")),
        adoptions=(implemented("SYS-01"),),
        evidence=(shown("SYS-01", scope="alpha"), shown("SYS-01", scope="beta")),
        judgements=(
            fact(Judgement, id="j", kind="major nonconformity", subject="SYS-01", scope=ORGANISATION, because="x"),
        ),
    )
    engine = Engine(library=org.LIBRARY, facts=facts, at=AT)
    job = work_ahead(engine, ["test"], start=START).jobs["SYS-01"]
    assert (job.verdict, job.effort, job.systems_short) == (V.FAILING, 0.3, 0)
    assert (
        Engine(library=org.LIBRARY, facts=as_done(engine, ["SYS-01"]), at=AT).control("SYS-01").verdict is V.EFFECTIVE
    )


def test_a_date_in_law_is_named_and_a_missed_one_admitted() -> None:
    early = datetime(2026, 5, 1, tzinfo=AT.tzinfo)
    facts = Facts(systems=(system("alpha", roles=("deployer",), effective_at=early, recorded_at=early),))
    step = next(s for s in found(org.LIBRARY, facts, early).steps if s.control.id == "ORG-02")
    assert step.serves_on == date(2026, 9, 1)
    assert not step.late
    assert "binds from 2026-09-01" in step.because
    slow = next(
        s for s in found(org.LIBRARY, facts, early, capacity_days_per_week=0.01).steps if s.control.id == "ORG-02"
    )
    assert slow.late
    assert f"{(slow.due_on - date(2026, 9, 1)).days:,} days after 2026-09-01" in slow.because


def test_what_binds_later_counts_less_and_after_the_day_asked_for_not_at_all() -> None:
    assert urgency(None, START) == urgency(START - timedelta(days=9), START) == 1.0
    assert urgency(START + timedelta(days=365), START) == 0.5
    facts = Facts(systems=(system("alpha", roles=("deployer",)),))
    assert any(won.requirement == "S4" for step in found(org.LIBRARY, facts).steps for won in step.wins)
    until = found(org.LIBRARY, facts, by=date(2026, 8, 1))
    assert not any(won.requirement == "S4" for step in until.steps for won in step.wins)
    assert until.left_out == 0
    assert found(org.LIBRARY, facts, by=START + timedelta(days=2)).left_out > 0


def test_risk_brings_a_step_forward() -> None:
    facts = Facts(systems=(system("alpha"),))
    plain = names(found(org.LIBRARY, facts).steps)
    risky = names(found(org.LIBRARY, facts, risk={("test", "R2"): 50.0}).steps)
    assert set(risky[:2]) == {"SYS-01", "SYS-02"} != set(plain[:2])
    by_control = names(found(org.LIBRARY, facts, risk={"ORG-01": 50.0}).steps)
    assert by_control.index("ORG-01") < plain.index("ORG-01")


def test_limit_cuts_the_end_and_counts_it() -> None:
    whole = found(org.LIBRARY, Facts(systems=(system("alpha"),)))
    cut = found(org.LIBRARY, Facts(systems=(system("alpha"),)), limit=2)
    assert cut.steps == whole.steps[:2]
    assert cut.curve == whole.curve[:3]
    assert cut.left_out == len(whole.steps) - 2


def test_no_capacity_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        found(org.LIBRARY, Facts(), capacity_days_per_week=0)


def test_the_chart_begins_where_we_stand_and_ends_with_everything_reachable() -> None:
    early = datetime(2026, 5, 1, tzinfo=AT.tzinfo)
    way = found(org.LIBRARY, Facts(systems=(system("alpha", effective_at=early, recorded_at=early),)), early)
    points = burn_up(way)
    assert (points[0].on, points[0].met) == (early.date(), 0)
    assert points[-1].met == way.met + way.reachable
    assert [point.on for point in points] == sorted({point.on for point in points})
    assert [point.met for point in points] == sorted(point.met for point in points)
    assert [point.binding for point in points] == sorted(point.binding for point in points)
    assert any(point.on == date(2026, 6, 1) for point in points)
    assert points[-1].total == way.met + way.reachable + len(way.unreachable)


def test_every_check_can_be_answered_as_if_done() -> None:
    """A new check over the register needs an answer that satisfies it."""
    empty = SystemFact(id="a", name="a", effective_at=AT, recorded_at=AT)
    for check in (one for one in CHECKS if one not in DEEDS):
        answer = answered(empty, check)
        assert answer is not None, check
        assert CHECKS[check](answer)


def test_the_shipped_library_is_wholly_reachable_with_systems_in_the_register() -> None:
    systems = (system("alpha"), system("beta", roles=("deployer",), classes=("transparency",)))
    held = library()
    way = path(Engine(library=held, facts=Facts(systems=systems), at=AT), list(held.frameworks), start=START)
    assert way.reachable > 700
    assert len(way.unreachable) <= 1
    assert way.steps[0].wins
    assert all(step.because.startswith(step.control.id) for step in way.steps)
