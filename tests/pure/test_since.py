"""What moved between two instants, what fell deepest first, and what came in between."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings

from annexa.pure.facts import ORGANISATION, Closure, Facts, Judgement
from annexa.pure.posture import Engine, Verdict
from annexa.pure.since import Move, Seen, moves, seen
from tests.cases import cases
from tests.pure.test_path import recorded
from tests.pure.test_posture import AT, fact, implemented, shown, system
from tests.strategies import organisations as org

V = Verdict
DAY = timedelta(days=1)
BEFORE = AT - 5 * DAY
NEW = {"effective_at": AT - DAY, "recorded_at": AT - DAY}


def held(engine: Engine, frameworks: list[str]) -> Seen:
    """What is remembered of an engine."""
    return seen(engine, frameworks, engine.posture, lambda control: engine.control(control).verdict)


def moved(before: Seen, engine: Engine) -> tuple[Move, ...]:
    """What moved up to an engine."""
    return moves(before, engine, engine.posture, lambda control: engine.control(control).verdict)


def compared(facts: Facts, before=BEFORE, at=AT):
    then, now = (Engine(library=org.LIBRARY, facts=facts, at=instant) for instant in (before, at))
    return moved(held(then, ["test"]), now)


def said(*facts):
    return [
        (one.requirement, str(one.before), str(one.after), [(c.what, c.control or c.detail) for c in one.causes])
        for one in compared(Facts().plus(facts))
    ]


def test_nothing_moved_is_nothing_said() -> None:
    assert said(implemented("ORG-01"), system("alpha")) == []


def test_evidence_that_came_is_the_cause_and_carries_its_entry() -> None:
    facts = (implemented("ORG-01"), shown("ORG-01"), shown("ORG-01", "second", entry=7, by="Kim", name="s.pdf", **NEW))
    first = next(one for one in compared(Facts().plus(facts)) if one.requirement == "R1")
    assert (first.before, first.after) == (V.UNMET, V.MET)
    assert [(c.what, c.control, c.detail, c.by, c.entry, c.at) for c in first.causes] == [
        ("passed", "ORG-01", "s.pdf", "Kim", 7, AT - DAY)
    ]


def test_evidence_that_ran_out_and_that_failed_is_told_worst_first() -> None:
    """Rule: what fell stands before what rose, and what fell further before what fell less."""
    ran_out = replace(shown("ORG-01", "second"), expires_at=AT - 2 * DAY)
    declared = (implemented("ORG-01"), implemented("ORG-02"), implemented("ORG-03", **NEW), system("alpha"))
    found = said(*declared, shown("ORG-01"), ran_out)
    assert found[0][:3] == ("R1", "met", "at risk")
    assert found[0][3] == [("expired", "ORG-01")]
    assert ("R3", "unmet", "met", [("declared", "ORG-03")]) in [(*one[:3], one[3][:1]) for one in found]


def test_judgements_and_closures_are_causes() -> None:
    facts = (implemented("ORG-01"), shown("ORG-01"), shown("ORG-01", "second"))
    major = fact(Judgement, id="j", kind="major nonconformity", subject="ORG-01", scope=ORGANISATION, because="b")
    assert said(*facts, replace(major, recorded_at=AT - DAY))[0] == ("R1", "met", "at risk", [("judged", "ORG-01")])
    closed = fact(Closure, id="c", judgement="j", because="b", **NEW)
    assert said(*facts, major, closed)[0] == ("R1", "at risk", "met", [("closed", "ORG-01")])
    excluded = replace(major, kind="exclusion", framework="test", subject="R1", **NEW)
    assert said(*facts, excluded)[0] == ("R1", "met", "not applicable", [("judged", "exclusion")])
    ended = replace(major, kind="exclusion", framework="test", subject="R1", ends_at=AT - DAY)
    assert said(*facts, ended)[0] == ("R1", "not applicable", "met", [("ended", "exclusion")])


def test_a_changed_register_is_one_cause_however_many_systems() -> None:
    before = [system(slug, owner="") for slug in ("alpha", "beta")]
    after = [system(slug, **NEW) for slug in ("alpha", "beta")]
    assert ("R3", "at risk", "met", [("systems", "2")]) in said(implemented("ORG-03"), *before, *after)


def test_a_day_of_the_law_is_a_cause() -> None:
    made = [Engine(library=org.LIBRARY, facts=Facts(), at=AT - days * DAY) for days in (60, 0)]
    found = moved(held(made[0], ["test"]), made[1])
    assert [(one.requirement, one.before, one.after) for one in found] == [("R4", V.NOT_APPLICABLE, V.UNMET)]
    assert [cause.what for cause in found[0].causes] == ["binds"]


def test_another_library_is_a_cause_and_what_only_one_of_them_has_is_left_out() -> None:
    facts = Facts().plus([implemented("ORG-01"), shown("ORG-01"), shown("ORG-01", "second", **NEW)])
    then, now = (Engine(library=org.LIBRARY, facts=facts, at=at) for at in (BEFORE, AT))
    remembered = replace(held(then, ["test", "gone"]), library="older")
    assert "library" in {cause.what for one in moved(remembered, now) for cause in one.causes}
    assert remembered.met("test") == 0
    assert remembered.met("gone") is None


@settings(max_examples=cases(40), deadline=None)
@given(org.facts())
def test_every_move_is_one_and_none_is_missed(facts: Facts) -> None:
    """Rule: exactly the lines of the two postures that differ."""
    known = recorded(facts)
    then, now = (Engine(library=org.LIBRARY, facts=known, at=at) for at in (AT - 60 * DAY, AT))
    pairs = zip(then.posture("test").lines, now.posture("test").lines, strict=True)
    differ = {a.requirement.id: (a.verdict, b.verdict) for a, b in pairs if a.verdict is not b.verdict}
    found = moved(held(then, ["test"]), now)
    assert {one.requirement: (one.before, one.after) for one in found} == differ
