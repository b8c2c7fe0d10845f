"""Cases that wait for a human: silence never approves, one stops, as many concur as are needed, delegation ends."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.oversight import (
    DECISIONS,
    DEFAULTS,
    Case,
    Claim,
    Delegation,
    Given,
    Plan,
    case_problems,
    claimed_by,
    deadlines,
    decision_problems,
    delegation_problems,
    entitled,
    free,
    harmless,
    needed,
    outcome,
    plan_problems,
    seconds_taken,
    state,
    take_refusal,
)
from annexa.pure.permits import Refusal

NOW = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)
HOUR = timedelta(hours=1)
TEXTS = {"title": "Refuse", "output": "refuse", "input": "", "explanation": "", "policy": "", "about": ""}


def case(*said: Given, persons: int = 1, **more) -> Case:
    return Case(needed=persons, due_at=NOW + HOUR, ends_at=NOW + 2 * HOUR, given=said, **more)


def says(by: int, decision: str = "approved", instead: str = "") -> Given:
    return Given(by=by, decision=decision, instead=instead)


decisions = st.builds(
    lambda by, decision, instead: says(by, decision, instead if decision == "overridden" else ""),
    st.integers(1, 4), st.sampled_from(DECISIONS), st.sampled_from(["grant", "ask"]),
)  # fmt: skip


@given(st.lists(decisions, max_size=6), st.integers(1, 3))
def test_nothing_happens_without_as_many_as_it_needs(said: list[Given], persons: int) -> None:
    """Law: what is approved or overridden has so many different persons who said just that; a stop has one."""
    found = outcome(case(*said, persons=persons))
    if found is None:
        assert all(one.decision != "stopped" for one in said)
        return
    same = {one.by for one in said if (one.decision, one.instead) == (found.decision, found.instead)}
    assert set(found.by) <= same
    assert len(set(found.by)) >= (1 if found.decision == "stopped" else persons)


@given(st.lists(decisions, max_size=5), st.integers(1, 3))
def test_who_says_it_twice_counts_once(said: list[Given], persons: int) -> None:
    """Law: four eyes are those of two."""
    alone = [Given(by=1, decision=one.decision, instead=one.instead) for one in said]
    found = outcome(case(*alone, persons=persons))
    assert found is None or persons == 1 or found.decision == "stopped"


@given(st.lists(decisions, max_size=4), st.timedeltas(timedelta(0), 4 * HOUR), st.integers(1, 2), st.booleans())
def test_silence_never_approves(said: list[Given], after: timedelta, persons: int, fell: bool) -> None:
    """Law: a case is settled by what persons said and by nothing else; time only ends it."""
    one = case(*said, persons=persons, fell=fell)
    stands = state(one, NOW + after)
    assert (stands == "settled") == (outcome(one) is not None)
    if not said:
        assert stands in ("waiting", "escalated", "overdue", "fell")
    assert "approve" not in DEFAULTS


def test_more_may_be_asked_for_later_and_never_less() -> None:
    """Rule: if two have to decide by the time the first one did, two have to."""
    assert outcome(case(Given(by=1, decision="approved", needed=2))) is None
    assert outcome(case(says(1), persons=2)) is None


@pytest.mark.parametrize(
    ("after", "expected"), [(59, "waiting"), (60, "escalated"), (119, "escalated"), (120, "overdue")]
)
def test_time_goes_on(after: int, expected: str) -> None:
    assert state(case(), NOW + timedelta(minutes=after)) == expected


def test_the_law_asks_for_two_persons() -> None:
    """Source: Regulation (EU) 2024/1689 Art. 14(5), Annex III point 1(a)."""
    assert needed(("by-use", "remote-identification"), Plan()).persons == 2
    assert "14(5)" in needed(("remote-identification",), Plan(two_persons=True)).because
    assert needed(("by-use",), Plan()).persons == needed(None, Plan()).persons == 1
    assert needed(None, Plan(two_persons=True)).persons == 2


@given(st.integers(1, 9_999), st.integers(0, 9_999), st.none() | st.integers(1, 9_999))
def test_nobody_gets_more_time_than_the_owner_gives(minutes: int, more: int, asked: int | None) -> None:
    plan = Plan(minutes=minutes, escalate_minutes=more)
    due, ends = deadlines(plan, asked_minutes=asked, now=NOW)
    assert NOW < due <= NOW + timedelta(minutes=minutes)
    assert ends - due == timedelta(minutes=more)


def test_a_case_is_kept_for_who_took_it() -> None:
    taken = case(claims=(Claim(by=1, at=NOW, until=NOW + HOUR),))
    assert claimed_by(taken, NOW) == (1,)
    assert isinstance(free(taken, NOW, person=2), Refusal)
    assert free(taken, NOW, person=1) is None
    assert free(taken, NOW + HOUR, person=2) is None, "it is free again"
    assert seconds_taken(taken, NOW + timedelta(seconds=42), person=1) == 42
    assert seconds_taken(taken, NOW + HOUR, person=1) is None


def test_two_may_look_at_once_where_two_are_needed() -> None:
    claims = (Claim(by=1, at=NOW, until=NOW + HOUR),)
    assert free(case(persons=2, claims=claims), NOW, person=2) is None
    both = (*claims, Claim(by=2, at=NOW, until=NOW + HOUR))
    assert isinstance(free(case(persons=2, claims=both), NOW, person=3), Refusal)
    differ = case(says(1), says(2, "overridden", "grant"), persons=2)
    assert free(differ, NOW, person=3) is None, "a third one decides between them"
    assert isinstance(free(differ, NOW, person=1), Refusal), "and nobody twice"


@given(st.integers(1, 5), st.booleans(), st.integers(0, 180))
def test_who_is_not_entitled_takes_nothing(person: int, overseer: bool, minutes: int) -> None:
    refused = take_refusal(case(), NOW + timedelta(minutes=minutes), person=person, entitled=overseer)
    assert (refused is None) == (overseer and minutes < 120)


def test_delegation_goes_one_step_and_ends() -> None:
    plan = Plan(overseers=(1,), escalate_to=(9,))
    hands = (Delegation(by=1, to=2, until=NOW + HOUR), Delegation(by=2, to=3, until=NOW + HOUR))

    def is_it(person: int, now: datetime = NOW, escalated: bool = False) -> bool:
        return entitled(plan, hands, person=person, escalated=escalated, now=now)

    assert is_it(1)
    assert is_it(2)
    assert not is_it(3), "what is held by delegation is not handed on"
    assert not is_it(2, NOW + HOUR)
    assert (is_it(9), is_it(9, escalated=True)) == (False, True)


@pytest.mark.parametrize(
    ("more", "fields"),
    [
        ({}, set()),
        ({"by": 5}, {""}),
        ({"to": 1}, {"to"}),
        ({"able": False}, {"to"}),
        ({"until": NOW}, {"until"}),
        ({"until": NOW + timedelta(days=93)}, {"until"}),
        ({"running": [Delegation(by=1, to=2, until=NOW + HOUR)]}, {"to"}),
        ({"plan": None}, {""}),
    ],
)
def test_what_is_wrong_with_a_delegation(more: dict, fields: set[str]) -> None:
    """Rule: with an end date, and never to who may not."""
    said = {
        "plan": Plan(overseers=(1,)), "by": 1, "to": 2, "able": True, "until": NOW + HOUR, "now": NOW, "running": [],
    }  # fmt: skip
    said |= more
    assert set(delegation_problems(said.pop("plan"), **said)) == fields


@pytest.mark.parametrize(
    ("more", "fields"),
    [
        ({}, set()),
        ({"overseers": ()}, {"overseers"}),
        ({"two_persons": True}, {"overseers"}),
        ({"overseers": (7,)}, {"overseers"}),
        ({"minutes": 0}, {"minutes"}),
        ({"escalate_minutes": -1}, {"escalate_minutes"}),
        ({"escalate_to": (2,)}, {"escalate_to"}),
        ({"escalate_minutes": 9}, {"escalate_to"}),
        ({"safe_default": "approve"}, {"safe_default"}),
        ({"safe_default": "substitute"}, {"safe_output"}),
        ({"if_unreachable": "ask"}, {"if_unreachable"}),
        ({"least_seconds": 3_601}, {"least_seconds"}),
        ({"cases": "none", "overseers": ()}, set()),
        ({"overseers": tuple(range(100, 151))}, {"overseers"}),
    ],
)
def test_what_is_wrong_with_a_plan(more: dict, fields: set[str]) -> None:
    plan = Plan(**{"overseers": (1,), **more})
    assert set(plan_problems(plan, words=None, unable={7: "Ari"})) == fields


def test_the_law_asks_a_plan_for_two_overseers() -> None:
    assert "overseers" in plan_problems(Plan(overseers=(1,)), words=("remote-identification",), unable={})
    assert not plan_problems(Plan(overseers=(1, 2)), words=("remote-identification",), unable={})


@pytest.mark.parametrize(
    ("decision", "because", "instead", "fields"),
    [
        ("approved", "I looked", "", set()),
        ("approved", " ", "", {"because"}),
        ("overridden", "I looked", "", {"instead"}),
        ("approved", "I looked", "grant", {"instead"}),
        ("skip", "", "", {"decision", "because"}),
    ],
)
def test_what_is_wrong_with_a_decision(decision: str, because: str, instead: str, fields: set[str]) -> None:
    assert set(decision_problems(decision, because=because, instead=instead)) == fields


def test_what_is_wrong_with_a_case() -> None:
    plan = Plan(overseers=(1,))
    assert not case_problems(TEXTS, plan=plan, asked_minutes=None)
    assert set(case_problems(TEXTS | {"output": " ", "policy": "x" * 8_193}, plan=None, asked_minutes=0)) == {
        "output", "policy", "", "minutes",
    }  # fmt: skip
    assert "" in case_problems(TEXTS, plan=Plan(cases="none"), asked_minutes=None)


@given(st.text())
def test_what_a_system_writes_turns_nothing_round(text: str) -> None:
    """Law: no control character and no mark of direction is left; what people write stays as it is."""
    shown = harmless(text)
    import unicodedata

    left = {one for one in shown if unicodedata.category(one) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")}
    assert left <= {"\n", "\t", "\u200c", "\u200d"}
    if text.isprintable() and text.isascii():
        assert shown == text
