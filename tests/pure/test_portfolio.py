"""The portfolio is the engine over arrays: it agrees with the definition cell for cell, whatever was recorded."""

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexa.library.load import library
from annexa.pure import portfolio, posture
from annexa.pure.fact_columns import ALWAYS, columns_of, instant_of, micros, said_everywhere
from annexa.pure.fact_index import index_of
from annexa.pure.facts import ORGANISATION, Adoption, Evidence, Facts, Reviewed
from annexa.pure.ledger import canonical
from annexa.pure.portfolio import ORDER, Portfolio, bits_of, mask_of
from annexa.pure.posture import Engine, Verdict
from annexa.pure.proofs import proof_json
from tests.cases import cases
from tests.pure.test_posture import fact, implemented, shown, system
from tests.strategies import organisations as org

AT = org.START + timedelta(days=200)


def cells(engine: Engine) -> dict[tuple[str, str], Verdict]:
    """Every verdict by the definition: leaf by scope."""
    framework = engine.library.frameworks["test"]
    return {
        (leaf.id, scope): engine.requirement("test", leaf.id, scope).verdict
        for leaf in framework.leaves
        for scope in (ORGANISATION, *engine.systems)
    }


def same(found: Portfolio, facts: Facts, at: datetime, learnt_by: datetime | None = None) -> None:
    """Every cell, every line with its dates, every control, every count."""
    engine = Engine(library=org.WIDER, facts=facts, at=at, learnt_by=learnt_by)
    expected = cells(engine)
    assert {(r, s): found.verdict("test", r, s) for r, s in expected} == expected
    for scope in (ORGANISATION, *engine.systems):
        assert found.posture("test", scope) == engine.posture("test", scope)
    for control in org.WIDER.controls:
        proof, judged = engine.control(control), found.in_organisation(control)
        assert (judged.standing, judged.effective_in, judged.population) == (
            proof.standing, proof.effective_in, proof.population,
        )  # fmt: skip
        assert falls(judged.falls_at) == proof.falls_at
        held = found.standings(control)
        for slug in engine.systems:
            number = found.columns.slugs[slug]
            bit, proof = 1 << number, engine.control(control, slug)
            assert [v for v, bits in held.verdicts.items() if bits & bit] == [proof.verdict]
            standing = proof.standing
            assert (bool(held.applies & bit), bool(held.proven & bit), bool(held.some & bit)) == (
                standing.applies, standing.proven, standing.some_effective,
            )  # fmt: skip
            if proof.verdict is Verdict.EFFECTIVE:
                assert falls(int(found.falls(control)[number])) == proof.falls_at
    counted = [verdict for (_, scope), verdict in expected.items() if scope != ORGANISATION]
    assert found.counts("test") == {v: counted.count(v) for v in ORDER}


def falls(number: int) -> datetime | None:
    """When a control falls, as the definition writes it."""
    return None if number == ALWAYS else instant_of(number)


@settings(max_examples=cases(80))
@given(org.facts(), org.instants)
def test_it_agrees_with_the_definition_cell_for_cell(facts: Facts, at: datetime) -> None:
    same(Portfolio(columns=columns_of(org.WIDER, facts), at=at), facts, at)


@settings(max_examples=cases(40))
@given(org.facts(), org.instants, st.integers(0, 60))
def test_it_agrees_in_hindsight(facts: Facts, at: datetime, days: int) -> None:
    """As we know now that it was: facts of then that were learnt later."""
    later = at + timedelta(days=days)
    same(Portfolio(columns=columns_of(org.WIDER, facts), at=at, learnt_by=later), facts, at, later)


@settings(max_examples=cases(30))
@given(org.facts(), org.facts(), org.instants)
def test_more_facts_reach_what_they_reach_and_nothing_is_missed(first: Facts, more: Facts, at: datetime) -> None:
    """Law 7: what was computed before is kept only where the new fact cannot reach."""
    added = (
        *more.evidence[:2], *more.adoptions[:1], *more.judgements[:1], *more.systems[:1], *more.closures[:1],
        *more.circumstances[:1], *more.records[:1], *more.assessed[:1],
    )  # fmt: skip
    found, facts = Portfolio(columns=columns_of(org.WIDER, first), at=at), first
    found.counts("test")
    found.organisation("test", "R2")
    for one in added:
        found, facts = found.plus([one]), facts.plus([one])
        same(found, facts, at)


@settings(max_examples=cases(25))
@given(org.facts(), org.facts(), org.instants)
def test_proofs_go_on_from_what_was_proven(first: Facts, more: Facts, at: datetime) -> None:
    """An engine that takes over what new facts cannot reach proves the same as one made anew, byte for byte."""
    added = (
        *more.evidence[:2], *more.adoptions[:1], *more.judgements[:1], *more.systems[:1], *more.closures[:1],
        *more.circumstances[:1], *more.records[:1], *more.assessed[:1],
    )  # fmt: skip
    engine, facts, index = Engine(library=org.WIDER, facts=first, at=at), first, index_of(first)
    cells(engine)
    for one in added:
        facts, index = facts.plus([one]), index.plus([one])
        engine = engine.plus([one], facts, index, at=at)
        fresh = Engine(library=org.WIDER, facts=facts, at=at)
        for leaf in org.WIDER.frameworks["test"].leaves:
            for scope in (ORGANISATION, *fresh.systems):
                found, expected = (e.requirement("test", leaf.id, scope) for e in (engine, fresh))
                assert canonical(proof_json(found)) == canonical(proof_json(expected))


@given(org.facts(), org.instants)
def test_the_next_change_is_that_of_the_definition(facts: Facts, at: datetime) -> None:
    """Apart from evidence for nothing that is expected, which moves nothing."""
    columns = columns_of(org.WIDER, facts)
    asked = tuple(one for one in facts.evidence if (one.control, one.expectation) in columns.rows)
    expected = posture.next_change(org.WIDER, replace(facts, evidence=asked), at)
    assert portfolio.next_change(columns, at) == expected


@settings(max_examples=cases(60))
@given(org.facts(), org.evidence(), org.instants)
def test_a_later_instant_before_the_next_change_needs_nothing_anew(facts: Facts, one: Evidence, at: datetime) -> None:
    columns = columns_of(org.WIDER, facts)
    known = Portfolio(columns=columns, at=at)
    known.counts("test")
    until = portfolio.next_change(columns, at)
    later = at + timedelta(hours=1) if until is None else at + (until - at) / 2
    new = replace(one, effective_at=at, recorded_at=later, expires_at=at + timedelta(days=30))
    same(known.plus([new], at=later), facts.plus([new]), later)


@given(org.facts(), org.instants)
def test_the_plans_are_those_in_the_proofs(facts: Facts, at: datetime) -> None:
    engine = Engine(library=org.LIBRARY, facts=facts, at=at)
    found = Portfolio(columns=columns_of(org.LIBRARY, facts), at=at)
    for control in org.LIBRARY.controls:
        proof = engine.control(control)
        declared = [proof.adoption, *(group.proof.adoption for group in proof.groups or ())]
        plans = {one for one in declared if one is not None and one.state == "planned"}
        assert {one for one in found.declarations(control) if one.state == "planned"} == plans


@given(org.facts(), org.instants, st.data())
def test_the_matrix_holds_the_same_cells(facts: Facts, at: datetime, data: st.DataObject) -> None:
    found = Portfolio(columns=columns_of(org.WIDER, facts), at=at)
    matrix = found.matrix("test")
    leaves = org.WIDER.frameworks["test"].leaves
    assert matrix.shape == (len(leaves), len(found.columns.slugs))
    for slug, bit in found.columns.slugs.items():
        for number, leaf in enumerate(leaves):
            if found.live >> bit & 1:
                assert ORDER[matrix[number, bit]] is found.verdict("test", leaf.id, slug)
            else:
                assert matrix[number, bit] == 255


@given(org.facts(), org.instants)
def test_readiness_is_that_of_each_systems_posture(facts: Facts, at: datetime) -> None:
    engine = Engine(library=org.WIDER, facts=facts, at=at)
    found = Portfolio(columns=columns_of(org.WIDER, facts), at=at)
    met, applicable = found.readiness("test")
    for slug in engine.systems:
        posture, bit = engine.posture("test", slug), found.columns.slugs[slug]
        assert (met[bit], applicable[bit]) == (posture.counts[Verdict.MET], posture.applicable)


@settings(max_examples=cases(60))
@given(org.facts(), org.facts(), org.instants, st.integers(0, 30))
def test_evidence_says_the_same_sorted_or_beside(first: Facts, more: Facts, at: datetime, days: int) -> None:
    """However much came since the columns were sorted, and whatever was learnt when."""
    by = micros(at + timedelta(days=days))
    beside = columns_of(org.WIDER, first).plus([*more.systems, *more.evidence]).evidence
    whole = beside._sorted_with([])
    assert whole.used == beside.used
    one, other = said_everywhere(beside, micros(at), by), said_everywhere(whole, micros(at), by)
    for cell, code, ends in zip(other.cell, other.code, other.ends, strict=True):
        said = beside.said(int(cell), micros(at), by)
        assert (said.code, said.ends) == (code, ends)
    assert [part.tolist() for part in (one.cell, one.code, one.ends)] == [
        part.tolist() for part in (other.cell, other.code, other.ends)
    ]


def test_a_system_that_is_not_in_use_has_no_cells() -> None:
    facts = Facts(systems=(system("alpha", stage="retirement"),))
    found = Portfolio(columns=columns_of(org.WIDER, facts), at=AT)
    assert set(found.counts("test").values()) == {0}
    with pytest.raises(KeyError):
        found.verdict("test", "S1", "alpha")
    with pytest.raises(KeyError):
        found.verdict("test", "S1", "nobody")


def test_evidence_of_what_the_library_does_not_have_is_passed_over() -> None:
    facts = Facts(systems=(system("alpha"),), evidence=(shown("SYS-01", "report", scope="alpha"),))
    assert columns_of(library(), facts).evidence.used == 0


@given(st.lists(st.booleans(), max_size=70))
def test_sets_of_systems_are_truths_and_back(truths: list[bool]) -> None:
    mask = np.array(truths, np.bool_)
    assert mask_of(bits_of(mask), len(truths)).tolist() == truths
    assert bits_of(mask).bit_count() == sum(truths)


@given(org.instants)
def test_instants_keep_every_microsecond(at: datetime) -> None:
    assert micros(at + timedelta(microseconds=1)) == micros(at) + 1
    assert instant_of(micros(at)) == at


def test_an_owners_own_word_counts_in_his_system_only() -> None:
    facts = Facts(
        systems=(system("alpha"), system("beta")),
        adoptions=(
            implemented("ORG-02"),
            fact(Adoption, control="ORG-02", scope="beta", state="excluded"),
        ),
        evidence=(shown("ORG-02", "report"),),
    )
    same(Portfolio(columns=columns_of(org.WIDER, facts), at=AT), facts, AT)


@given(st.lists(org.reviews(), max_size=5), st.sampled_from(("", "development", "operation")), org.instants)
def test_access_reviews_count_alike(reviews: list[Reviewed], stage: str, at: datetime) -> None:
    """Annexa and every system that may operate; the first review to run out decides, whoever has the others."""
    facts = Facts(
        systems=(system("alpha"), system("beta", stage=stage)),
        adoptions=(implemented("ORG-04"), implemented("SYS-03")),
        evidence=(shown("ORG-04"),),
        reviews=tuple(reviews),
    )
    same(Portfolio(columns=columns_of(org.WIDER, facts), at=at), facts, at)


def test_a_review_of_one_does_not_count_for_the_others() -> None:
    held = Facts(systems=(system("alpha"),), adoptions=(implemented("ORG-04"),))
    scopes = (ORGANISATION, "alpha")
    for reached in (scopes[:1], scopes[1:], scopes):
        until = tuple((one, AT + timedelta(days=9 + n)) for n, one in enumerate(reached))
        facts = replace(held, reviews=(Reviewed(id="r", effective_at=org.START, recorded_at=org.START, until=until),))
        said = Portfolio(columns=columns_of(org.WIDER, facts), at=AT).said(
            org.WIDER.controls["ORG-04"], org.WIDER.controls["ORG-04"].expectations[1]
        )
        whole = reached == scopes
        assert (said.state, said.ends) == (
            ("passing", micros(AT + timedelta(days=9))) if whole else ("failing", ALWAYS)
        )
