"""The laws of the engine as properties, and its verdict tables as cases."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexa.pure.fact_index import index_of
from annexa.pure.facts import ORGANISATION, Adoption, Evidence, Facts, Judgement, SystemFact
from annexa.pure.posture import (
    CONTROL_ORDER,
    REQUIREMENT_ORDER,
    Engine,
    Standing,
    Verdict,
    judge_control,
    judge_population,
    judge_requirement,
    judge_systems,
    next_change,
    roll_up,
)
from annexa.pure.proofs import ProofError, proof_json, recompute
from tests.cases import cases
from tests.strategies import organisations as org

V = Verdict
AT = datetime(2026, 7, 1, tzinfo=UTC)


def engine(facts: Facts, at: datetime = AT) -> Engine:
    return Engine(library=org.WIDER, facts=facts, at=at)


def every_proof(facts: Facts, at: datetime) -> list[dict]:
    made = engine(facts, at)
    framework = org.WIDER.frameworks["test"]
    return [
        proof_json(made.requirement("test", leaf.id, scope))
        for scope in (ORGANISATION, *made.systems)
        for leaf in framework.leaves
    ]


def rank(verdict: Verdict) -> int:
    """Higher is better; not applicable stands outside and never moves by evidence."""
    order = REQUIREMENT_ORDER if verdict in REQUIREMENT_ORDER else CONTROL_ORDER
    return -order.index(verdict) if verdict in order else 99


# --- laws


@given(org.facts(), org.instants)
def test_recomputable_from_the_proof(facts: Facts, at: datetime) -> None:
    """Law 5: every verdict follows from its proof alone, after a trip through JSON."""
    for proof in every_proof(facts, at):
        assert str(recompute(json.loads(json.dumps(proof)))) == proof["verdict"]


@given(org.facts(), org.instants, st.randoms(use_true_random=False))
def test_deterministic_whatever_the_order_of_facts(facts: Facts, at: datetime, shuffler: random.Random) -> None:
    """Law 1: same facts and time, same verdicts and proofs, byte for byte, in whatever order the facts come."""

    def shuffled(items: tuple) -> tuple:
        found = list(items)
        shuffler.shuffle(found)
        return tuple(found)

    unique = replace(facts, **{k: distinct(getattr(facts, k)) for k in FIELDS})
    again = replace(unique, **{k: shuffled(getattr(unique, k)) for k in FIELDS})
    assert json.dumps(every_proof(unique, at)) == json.dumps(every_proof(again, at))


FIELDS = ("systems", "adoptions", "evidence", "judgements", "closures")


def distinct(items: tuple) -> tuple:
    """Facts no two of which stand at the same place of the ledger's order."""
    return tuple({item.order: item for item in items}.values())


@pytest.mark.slow
@given(org.facts(), org.instants, st.booleans(), st.data())
@settings(max_examples=cases(150))
def test_monotone(facts: Facts, at: datetime, passing: bool, data: st.DataObject) -> None:
    """Law 2: passing evidence never lowers a verdict, failing evidence never raises one."""
    more = facts.plus([data.draw(org.evidence(passing=passing))])
    for before, after in zip(every_proof(facts, at), every_proof(more, at), strict=True):
        old, new = rank(V(before["verdict"])), rank(V(after["verdict"]))
        assert new >= old if passing else new <= old, (before, after)


@given(org.facts(), org.instants, org.instants)
def test_as_of_the_past_ignores_what_was_learnt_later(facts: Facts, at: datetime, other: datetime) -> None:
    """Law 3: what was recorded after an instant does not change the posture of that instant."""
    earlier, later = min(at, other), max(at, other)
    late = [e for e in facts.evidence if e.recorded_at > earlier and e.recorded_at <= later]
    assert every_proof(facts, earlier) == every_proof(
        replace(facts, evidence=tuple(e for e in facts.evidence if e not in late)), earlier
    )


def test_a_proof_of_many_systems_speaks_of_the_first_whatever_becomes_known_later() -> None:
    """Law 3, where it once did not hold: evidence of tomorrow set its system apart, and the proof named another."""
    systems = (
        SystemFact(id=slug, effective_at=org.START, recorded_at=org.START, name=slug, stage="operation")
        for slug in ("alpha", "beta")
    )
    facts = Facts(systems=tuple(systems))
    tomorrow = org.START + timedelta(days=1)
    shown = Evidence(
        id="e0",
        effective_at=org.START,
        recorded_at=tomorrow,
        control="ORG-01",
        expectation="report",
        scope="alpha",
        passing=False,
        sha256="0" * 64,
        expires_at=tomorrow,
    )
    assert every_proof(facts.plus([shown]), org.START) == every_proof(facts, org.START)


@given(org.facts(), org.instants)
def test_nothing_moves_before_the_next_change(facts: Facts, at: datetime) -> None:
    """A cached posture holds until the instant `next_change` names."""
    change = next_change(org.WIDER, facts, at)
    just_before = (change or at + timedelta(days=900)) - timedelta(microseconds=1)

    def verdicts(when: datetime) -> list[str]:
        return [proof["verdict"] for proof in every_proof(facts, when)]

    assert verdicts(at) == verdicts(just_before)


@given(org.facts(), org.instants)
def test_due_is_when_the_verdict_falls(facts: Facts, at: datetime) -> None:
    """`due` names the instant at which a met requirement stops to be met if nobody acts."""
    made = engine(facts, at)
    for leaf in org.WIDER.frameworks["test"].leaves:
        proof = made.requirement("test", leaf.id)
        future = [f for f in (*facts.systems, *facts.adoptions, *facts.evidence, *facts.judgements, *facts.closures)
                  if f.effective_at > at or f.recorded_at > at]  # fmt: skip
        if proof.verdict is V.MET and proof.due is not None and not future:
            before = engine(facts, proof.due - timedelta(microseconds=1)).requirement("test", leaf.id)
            after = engine(facts, proof.due).requirement("test", leaf.id)
            if (
                not any(j.ends_at and at < j.ends_at <= proof.due for j in facts.judgements)
                and leaf.level == ORGANISATION
            ):
                assert before.verdict is V.MET
                assert after.verdict is not V.MET


@given(org.facts(), org.instants)
def test_a_posture_agrees_with_its_proofs_for_every_system(facts: Facts, at: datetime) -> None:
    """Systems are judged in groups of like ones; each gets exactly what it would get alone."""
    made = engine(facts, at)
    for slug in made.systems:
        alone = engine(facts, at)
        object.__setattr__(alone, "groups", tuple((one,) for one in made.systems))
        for line in made.posture("test", slug).lines:
            assert line.verdict is alone.requirement("test", line.requirement.id, slug).verdict


def test_a_forged_proof_is_refused() -> None:
    """Law 5, the other way: a proof that states more than follows from it is refused, and says where."""
    proof = proof_json(engine(Facts()).requirement("test", "R1"))
    assert proof["verdict"] == "unmet"
    with pytest.raises(ProofError, match="test R1 in organisation: states 'met', but 'unmet' follows"):
        recompute(proof | {"verdict": "met"})
    forged = json.loads(json.dumps(proof))
    forged["controls"][0]["verdict"] = "effective"
    with pytest.raises(ProofError, match="control ORG-01"):
        recompute(forged)


# --- never vacuous


def test_empty_population_is_not_applicable_and_says_zero() -> None:
    """Law 6: a system-level requirement without systems is not met; the count 0 is shown."""
    proof = engine(Facts()).requirement("test", "S1")
    assert proof.verdict is V.NOT_APPLICABLE
    assert "0 of 0 AI systems" in proof.because[0]


def test_nothing_applicable_is_no_readiness() -> None:
    """Law 6: a framework of which nothing applies has no readiness; that is not 100 %."""
    posture = engine(Facts()).posture("test")
    only_na = replace(posture, lines=tuple(line for line in posture.lines if line.verdict is V.NOT_APPLICABLE))
    assert only_na.readiness is None
    assert posture.readiness == 0.0


def test_a_control_without_expectations_is_never_effective() -> None:
    """Law 6."""
    assert judge_control("implemented", planned=False, states=[], nonconformity=False) is V.UNPROVEN


# --- verdict tables of the glossary


@pytest.mark.parametrize(
    ("adoption", "planned", "states", "nonconformity", "expected"),
    [
        ("implemented", False, ["passing", "passing"], False, V.EFFECTIVE),
        ("implemented", False, ["passing", "failing"], False, V.FAILING),
        ("implemented", False, ["passing", "passing"], True, V.FAILING),
        ("implemented", False, ["passing", "expired"], False, V.STALE),
        ("implemented", False, ["expired", "never"], False, V.UNPROVEN),
        ("implemented", False, ["failing", "never"], False, V.FAILING),
        ("planned", True, ["passing"], False, V.PLANNED),
        ("planned", False, [], False, V.ABSENT),
        ("not implemented", False, ["passing"], False, V.ABSENT),
        (None, False, ["passing"], False, V.ABSENT),
        ("excluded", False, ["passing"], True, V.NOT_APPLICABLE),
    ],
)
def test_control_verdicts(adoption, planned, states, nonconformity, expected) -> None:
    assert judge_control(adoption, planned=planned, states=states, nonconformity=nonconformity) is expected


def standing(verdict: Verdict, *, proven: bool = True, applies: bool = True) -> Standing:
    return Standing(verdict=verdict, applies=applies, some_effective=verdict is V.EFFECTIVE, proven=proven)


@pytest.mark.parametrize(
    ("sets", "contributes", "standings", "expected"),
    [
        ([["A"]], [], {"A": standing(V.EFFECTIVE)}, V.MET),
        ([["A", "B"]], [], {"A": standing(V.EFFECTIVE), "B": standing(V.UNPROVEN)}, V.PARTIAL),
        ([["A", "B"]], [], {"A": standing(V.EFFECTIVE), "B": standing(V.STALE)}, V.AT_RISK),
        ([["A"]], [], {"A": standing(V.FAILING)}, V.AT_RISK),
        ([["A"]], [], {"A": standing(V.FAILING, proven=False)}, V.UNMET),
        ([["A"]], ["B"], {"A": standing(V.ABSENT), "B": standing(V.EFFECTIVE)}, V.PARTIAL),
        ([["A"], ["B"]], [], {"A": standing(V.ABSENT), "B": standing(V.EFFECTIVE)}, V.MET),
        ([], ["B"], {"B": standing(V.EFFECTIVE)}, V.PARTIAL),
        ([["A"]], [], {"A": standing(V.PLANNED)}, V.UNMET),
        ([], [], {}, V.UNCOVERED),
        ([["A"]], [], {"A": standing(V.NOT_APPLICABLE, applies=False)}, V.NOT_APPLICABLE),
        ([["A", "B"]], [], {"A": standing(V.NOT_APPLICABLE, applies=False), "B": standing(V.EFFECTIVE)}, V.MET),
        ([["A", "B"]], [], {"A": standing(V.NOT_APPLICABLE), "B": standing(V.EFFECTIVE)}, V.PARTIAL),
    ],
)
def test_requirement_verdicts(sets, contributes, standings, expected) -> None:
    assert judge_requirement(sets, contributes, standings) is expected


def test_population_is_as_good_as_its_worst_system() -> None:
    assert judge_population({V.EFFECTIVE: 2132, V.STALE: 1}) is V.STALE
    assert judge_population({V.EFFECTIVE: 2132, V.ABSENT: 1}) is V.ABSENT
    assert judge_population({V.EFFECTIVE: 30, V.ABSENT: 1, V.FAILING: 1}) is V.FAILING
    assert judge_population({V.EFFECTIVE: 3}) is V.EFFECTIVE
    assert judge_population({}) is V.NOT_APPLICABLE


def test_requirement_over_systems() -> None:
    assert judge_systems({V.MET: 5, V.NOT_APPLICABLE: 4}) is V.MET
    assert judge_systems({V.MET: 5, V.AT_RISK: 1}) is V.AT_RISK
    assert judge_systems({V.MET: 1, V.UNMET: 99}) is V.PARTIAL
    assert judge_systems({V.UNMET: 1, V.UNCOVERED: 1}) is V.UNMET
    assert judge_systems({V.NOT_APPLICABLE: 7}) is V.NOT_APPLICABLE


def test_roll_up_shows_the_worst_that_applies() -> None:
    assert roll_up([V.MET, V.PARTIAL, V.NOT_APPLICABLE]) is V.PARTIAL
    assert roll_up([V.NOT_APPLICABLE]) is V.NOT_APPLICABLE


# --- one organisation, step by step


def fact(made: type, /, **values):
    return made(**{"id": "x", "effective_at": AT - timedelta(days=10), "recorded_at": AT - timedelta(days=10)} | values)


def implemented(control: str, scope: str = ORGANISATION, **more) -> Adoption:
    return fact(Adoption, id=f"{control}{scope}", control=control, scope=scope, state="implemented", **more)


def shown(
    control: str, expectation: str = "report", scope: str = ORGANISATION, passing: bool = True, **more
) -> Evidence:
    return fact(Evidence, id=f"{control}{expectation}{scope}{passing}", control=control, expectation=expectation,
                scope=scope, passing=passing, sha256="0" * 64, expires_at=AT + timedelta(days=20), **more)  # fmt: skip


def system(slug: str, **more) -> SystemFact:
    return fact(
        SystemFact, id=slug, **{"name": slug, "owner": "kim", "roles": ("provider",), "classes": ("high-risk",)} | more
    )


def test_evidence_moves_control_and_requirement() -> None:
    facts = Facts(adoptions=(implemented("ORG-01"),))
    assert engine(facts).requirement("test", "R1").verdict is V.UNMET
    facts = facts.plus([shown("ORG-01"), shown("ORG-01", "second")])
    proof = engine(facts).requirement("test", "R1")
    assert proof.verdict is V.MET
    assert proof.due == AT + timedelta(days=20)
    assert engine(facts, AT + timedelta(days=20)).requirement("test", "R1").verdict is V.AT_RISK


def test_system_control_counts_over_the_whole_population() -> None:
    """Effective only if effective in every applicable system; the proof shows n of N and the exceptions."""
    facts = Facts(
        systems=(system("alpha"), system("beta"), system("gamma", classes=("minimal",))),
        adoptions=(implemented("SYS-01"), implemented("SYS-02")),
        evidence=(
            *(shown(c, scope=s) for c in ("SYS-01", "SYS-02") for s in ("alpha", "beta")),
            shown("SYS-01", scope="gamma"),
        ),
    )
    assert engine(facts).requirement("test", "R2").verdict is V.MET
    without = replace(facts, evidence=facts.evidence[1:])
    control = engine(without).control("SYS-01")
    assert (control.verdict, control.effective_in, control.population) == (V.UNPROVEN, 2, 3)
    assert [g.systems for g in control.groups or () if g.proof.verdict is not V.EFFECTIVE] == [("alpha",)]
    assert engine(without).requirement("test", "R2").verdict is V.PARTIAL
    assert engine(without).control("SYS-02").population == 2


def test_organisation_control_is_inherited_and_can_be_overridden() -> None:
    facts = Facts(
        systems=(system("alpha"), system("beta")),
        adoptions=(implemented("ORG-01"), implemented("ORG-02")),
        evidence=(shown("ORG-01"), shown("ORG-01", "second"), shown("ORG-02")),
    )
    made = engine(facts)
    assert made.requirement("test", "S1", "alpha").verdict is V.MET
    assert made.control("ORG-01", "alpha").inherited
    overridden = facts.plus(
        [fact(Adoption, id="o", control="ORG-02", scope="beta", state="not implemented", because="isolated")]
    )
    made = engine(overridden)
    assert made.requirement("test", "S1", "alpha").verdict is V.MET
    assert made.requirement("test", "S1", "beta").verdict is V.PARTIAL
    assert not made.control("ORG-02", "beta").inherited


def test_record_check_counts_its_population() -> None:
    facts = Facts(systems=(system("alpha"), system("beta", owner="")), adoptions=(implemented("ORG-03"),))
    check = engine(facts).control("ORG-03").expectations[0].check
    assert check is not None
    assert (check.population, check.fulfilled, check.exceptions) == (2, 1, ("beta",))
    mended = facts.plus(
        [replace(system("beta"), recorded_at=AT - timedelta(days=1), effective_at=AT - timedelta(days=1))]
    )
    assert engine(mended).control("ORG-03").verdict is V.EFFECTIVE


def test_later_binding_is_not_applicable_with_its_date() -> None:
    proof = engine(Facts(), datetime(2026, 5, 31, tzinfo=UTC)).requirement("test", "R4")
    assert proof.verdict is V.NOT_APPLICABLE
    assert proof.because == ("Binds from 2026-06-01.",)
    assert engine(Facts(), datetime(2026, 6, 1, tzinfo=UTC)).requirement("test", "R4").verdict is V.UNMET


def test_judgements_stand_beside_the_verdict() -> None:
    facts = Facts(adoptions=(implemented("ORG-02"),), evidence=(shown("ORG-02"),))
    major = fact(Judgement, id="j", kind="major nonconformity", subject="ORG-02", scope=ORGANISATION, because="found")
    minor = replace(major, kind="minor nonconformity")
    assert engine(facts.plus([minor])).control("ORG-02").verdict is V.EFFECTIVE
    assert engine(facts.plus([minor])).control("ORG-02").judgements == (minor,)
    assert engine(facts.plus([major])).control("ORG-02").verdict is V.FAILING
    ended = replace(major, ends_at=AT - timedelta(days=1))
    assert engine(facts.plus([ended])).control("ORG-02").verdict is V.EFFECTIVE
    exclusion = fact(
        Judgement, id="e", kind="exclusion", subject="R1", framework="test", scope=ORGANISATION, because="none here"
    )
    excluded = engine(facts.plus([exclusion])).requirement("test", "R1")
    assert excluded.verdict is V.NOT_APPLICABLE
    assert "none here" in excluded.because[0]


def test_failure_stands_until_something_newer_passes() -> None:
    failed = shown("ORG-02", passing=False, effective_at=AT - timedelta(days=5))
    facts = Facts(adoptions=(implemented("ORG-02"),), evidence=(shown("ORG-02"), failed))
    assert engine(facts, AT + timedelta(days=300)).control("ORG-02").verdict is V.FAILING
    mended = shown("ORG-02", effective_at=AT - timedelta(days=1), recorded_at=AT - timedelta(days=1))
    assert engine(facts.plus([mended])).control("ORG-02").verdict is V.EFFECTIVE


def test_an_excluded_control_and_one_that_is_not_meant_for_a_system_are_two_things() -> None:
    """Both are not applicable; only the first is still asked of a sufficient set."""
    facts = Facts(
        systems=(system("alpha"), system("beta", classes=("minimal",))),
        adoptions=(fact(Adoption, control="SYS-02", scope=ORGANISATION, state="excluded"),),
    )
    found = engine(facts)
    assert [found.control("SYS-02", slug).applies for slug in ("alpha", "beta")] == [True, False]


def test_systems_asked_before_and_after_a_fact_still_share_their_proof() -> None:
    """Rule: equal grounds are one group, in whatever order they were looked at."""
    facts = Facts().plus([system("alpha"), system("beta", roles=("deployer",)), implemented("SYS-01")])
    before = engine(facts)
    before.control("SYS-01", "alpha")
    more = facts.plus([shown("ORG-01")])
    after = before.plus([shown("ORG-01")], more, index_of(more), at=before.at)
    fresh = engine(more)
    assert after.control("SYS-01") == fresh.control("SYS-01")
    assert len(after.control("SYS-01").groups) == 1
