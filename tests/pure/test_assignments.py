"""Who has to take what follows from people, rules and completions alone, and time only ever makes it more pressing."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.assignments import (
    CURRENT,
    STANDINGS,
    Completed,
    Learner,
    Part,
    Told,
    TrainingRule,
    assignments,
    duties,
    literacy,
    shares,
    standing_told,
    to_tell,
    untold,
)

ON = date(2026, 11, 20)


def days(number: int) -> date:
    """So many days before the day of the tests."""
    return ON - timedelta(days=number)


KIM = Learner(
    person=1, name="Kim", email="Kim@example.org", since=days(400),
    parts=(
        Part(kind="role", what="owner", since=days(100)),
        Part(kind="own", what="scoring", since=days(50), classes=("high-risk",)),
        Part(kind="unit", what="Retail", since=days(20)),
        Part(kind="office", what="incident-manager", since=days(10)),
        Part(kind="committee", what="AI board", since=days(5)),
    ),
)  # fmt: skip
BASICS = TrainingRule(
    slug="basics", name="Basics", title="AI at work", course="everyone", roles=("everyone",), within_days=30
)
OWNERS = TrainingRule(
    slug="owners", name="Owners", title="Owning AI", course="owning", dealing=("own",), within_days=60, valid_months=12,
    literacy=True,
)  # fmt: skip
DONE = Completed(slug="one", email="kim@example.org", title="Anything", on=days(30), course="owning")


def one(rule: TrainingRule, *completed: Completed, who: Learner = KIM, on: date = ON):
    """What a rule asks of somebody."""
    (found,) = duties([who], [rule], completed, on)
    return found


def reached(**audience) -> bool:
    """Whether a rule for such people reaches Kim."""
    return bool(duties([KIM], [TrainingRule(slug="x", name="X", title="X", **audience)], [], ON))


@pytest.mark.parametrize(
    ("audience", "since"),
    [
        ({"roles": ("everyone",)}, 400),
        ({"people": ("kim@example.org",)}, 400),
        ({"roles": ("owner",)}, 100),
        ({"dealing": ("own",)}, 50),
        ({"dealing": ("own",), "classes": ("high-risk", "prohibited")}, 50),
        ({"units": ("retail",)}, 20),
        ({"offices": ("incident-manager",)}, 10),
        ({"committees": ("ai board",)}, 5),
        ({"committees": ("ai board",), "roles": ("owner",)}, 100),
    ],
)
def test_time_begins_when_they_came_to_fit(audience: dict, since: int) -> None:
    found = one(TrainingRule(slug="x", name="X", title="X", within_days=7, **audience))
    assert (found.since, found.due_on) == (days(since), days(since - 7))


@pytest.mark.parametrize(
    "audience",
    [
        {},
        {"roles": ("auditor",)},
        {"dealing": ("own",), "classes": ("minimal",)},
        {"dealing": ("oversee",)},
        {"classes": ("high-risk",)},
        {"units": ("grid",)},
        {"people": ("lee@example.org",)},
    ],
)
def test_who_fits_no_line_is_not_asked(audience: dict) -> None:
    assert not reached(**audience)


def test_nobodys_time_begins_before_the_rule() -> None:
    assert one(replace(BASICS, from_on=days(3))).due_on == days(-27)
    assert duties([KIM], [replace(BASICS, from_on=days(-1))], [], ON) == ()


@pytest.mark.parametrize(
    ("completed", "standing"),
    [
        ((), "due"),
        ((DONE,), "done"),
        ((replace(DONE, on=days(350)),), "expiring"),
        ((replace(DONE, on=days(365)),), "expiring"),
        ((replace(DONE, on=days(366)),), "expired"),
        ((replace(DONE, on=days(-1)),), "due"),
        ((replace(DONE, valid_until=days(1)),), "expired"),
        ((replace(DONE, email="lee@example.org"),), "due"),
        ((replace(DONE, course="other"),), "due"),
        ((replace(DONE, course="", title="owning  ai"),), "done"),
        ((replace(DONE, on=days(700)), DONE), "done"),
    ],
)
def test_how_somebody_stands(completed: tuple[Completed, ...], standing: str) -> None:
    assert one(OWNERS, *completed).standing == standing


def test_it_is_due_up_to_its_last_day() -> None:
    rule = replace(OWNERS, within_days=50)
    assert one(rule).standing == "due"
    assert one(rule, on=days(-1)).standing == "overdue"


def test_the_strictest_of_several_rules_holds() -> None:
    lax = replace(OWNERS, slug="all", roles=("everyone",), valid_months=None, within_days=900)
    (found,) = assignments(duties([KIM], [OWNERS, lax], [replace(DONE, on=days(366))], ON))
    assert (found.standing, found.strictest.rule.slug, len(found.duties)) == ("expired", "owners", 2)


def test_literacy_fits_only_what_a_rule_asks_because_of_it() -> None:
    general = replace(BASICS, literacy=True)
    held = [DONE, replace(DONE, slug="two", course="everyone")]
    (without,) = literacy([KIM], duties([KIM], [general], held, ON))
    assert (without.dealing, without.current, without.duty) == ("own", False, None)
    (within,) = literacy([KIM], duties([KIM], [general, OWNERS], held, ON))
    assert within.current


def test_shares_are_rounded_down() -> None:
    (found,) = shares([("a", "done"), ("a", "expiring"), ("a", "overdue")])
    assert (found.percent, found.current, found.late, found.people) == (66, 2, 1, 3)


# --- what always holds

EMAILS = ("a@example.org", "b@example.org", "c@example.org")
DAYS = st.integers(min_value=-30, max_value=900).map(days)
PARTS = st.builds(
    Part, kind=st.sampled_from(("role", "own", "oversee", "unit")), what=st.sampled_from(("owner", "lead", "retail")),
    since=DAYS, classes=st.sampled_from(((), ("high-risk",), ("minimal",))),
)  # fmt: skip
LEARNERS = st.lists(
    st.builds(
        Learner, person=st.integers(min_value=0, max_value=2), name=st.just("N"), email=st.just(""), since=DAYS,
        parts=st.lists(PARTS, max_size=3).map(tuple),
    ),
    unique_by=lambda who: who.person, max_size=3,
).map(lambda found: [replace(who, email=EMAILS[who.person]) for who in found])  # fmt: skip
RULES = st.lists(
    st.builds(
        TrainingRule, slug=st.sampled_from("rstu"), name=st.just("R"), title=st.just("R"),
        course=st.sampled_from(("x", "y", "")), literacy=st.booleans(),
        roles=st.sampled_from(((), ("everyone",), ("owner",))), units=st.sampled_from(((), ("retail",))),
        dealing=st.sampled_from(((), ("own",), ("own", "oversee"))),
        classes=st.sampled_from(((), ("high-risk",))), from_on=st.none() | DAYS,
        within_days=st.integers(min_value=0, max_value=90), valid_months=st.none() | st.integers(1, 24),
    ),
    unique_by=lambda rule: rule.slug, max_size=4,
)  # fmt: skip
COMPLETIONS = st.lists(
    st.builds(
        Completed, slug=st.uuids().map(str), email=st.sampled_from(EMAILS), title=st.sampled_from(("R", "S")), on=DAYS,
        course=st.sampled_from(("x", "y", "")), valid_until=st.none() | DAYS,
    ),
    max_size=6,
)  # fmt: skip


@given(LEARNERS, RULES, COMPLETIONS, st.randoms(use_true_random=False))
def test_the_order_of_what_is_given_changes_nothing(learners, rules, completed, chance) -> None:
    found = duties(learners, rules, completed, ON)
    for some in (learners, rules, completed):
        chance.shuffle(some)
    assert duties(learners, rules, completed, ON) == found
    assert assignments(reversed(found)) == assignments(found)


@given(LEARNERS, RULES, COMPLETIONS, COMPLETIONS)
def test_completing_more_never_makes_anybody_worse_off(learners, rules, completed, more) -> None:
    before = duties(learners, rules, completed, ON)
    after = duties(learners, rules, [*completed, *more], ON)
    assert [(one.rule, one.learner) for one in before] == [(one.rule, one.learner) for one in after]
    for was, now in zip(before, after, strict=True):
        assert now.standing in CURRENT or was.standing not in CURRENT
        if was.completed is not None:
            assert (now.until or date.max) >= (was.until or date.max)


@given(LEARNERS, RULES, COMPLETIONS)
def test_a_rule_more_takes_nothing_away(learners, rules, completed) -> None:
    whole = {(one.rule.slug, one.learner.person): one for one in duties(learners, rules, completed, ON)}
    for left_out in range(len(rules)):
        less = duties(learners, rules[:left_out] + rules[left_out + 1 :], completed, ON)
        assert all(whole[one.rule.slug, one.learner.person] == one for one in less)


@given(LEARNERS, RULES, COMPLETIONS)
def test_one_person_alone_is_asked_the_same(learners, rules, completed) -> None:
    whole = duties(learners, rules, completed, ON)
    for who in learners:
        assert duties([who], rules, completed, ON) == tuple(one for one in whole if one.learner == who)


@given(LEARNERS, RULES, COMPLETIONS)
def test_every_duty_is_in_one_assignment(learners, rules, completed) -> None:
    found = duties(learners, rules, completed, ON)
    made = assignments(found)
    assert {one for made_of in made for one in made_of.duties} == set(found)
    assert sum(len(one.duties) for one in made) == len(found)
    keys = [(one.learner.person, one.training) for one in made]
    assert len(set(keys)) == len(keys)
    ranks = [STANDINGS.index(one.standing) for one in made]
    assert ranks == sorted(ranks)


def told_now(learners, rules, completed, on: date = ON) -> dict[tuple[str, int], Told]:
    """What the ledger has to know of them."""
    return to_tell(learners, rules, duties(learners, rules, completed, on), on)


def test_who_deals_with_ai_without_a_rule_for_it_is_missed() -> None:
    """Rule: a course for everybody is no literacy of an owner; without any rule of literacy nothing is said."""
    assert told_now([KIM], [BASICS], []) == {("basics", 1): Told(step="due", due_on=days(370))}
    general = replace(BASICS, literacy=True)
    assert told_now([KIM], [general], [])["basics", 1].missing == ("own",)
    assert told_now([KIM], [general, OWNERS], [])["basics", 1].missing == ()
    others = replace(OWNERS, dealing=("oversee",))
    assert told_now([KIM], [others], []) == {
        ("owners", 1): Told(step="unreached", literacy=True, systems=("scoring",), missing=("own",))
    }


@given(LEARNERS, RULES, COMPLETIONS)
def test_whoever_deals_with_ai_is_told_of_once_there_is_a_rule_of_literacy(learners, rules, completed) -> None:
    told = told_now(learners, rules, completed)
    standing = [one for one in rules if one.literacy and (one.from_on is None or one.from_on <= ON)]
    dealing = {who.person for who in learners if who.dealings}
    counted = {person for (_, person), one in told.items() if one.literacy}
    assert dealing <= counted if standing else not counted
    found = literacy(learners, duties(learners, rules, completed, ON))
    missed = {(one.learner.person, one.dealing) for one in found if one.duty is None}
    assert {(who, word) for (_, who), one in told.items() for word in one.missing} == (missed if standing else set())


@given(LEARNERS, RULES, COMPLETIONS, LEARNERS, RULES)
def test_the_ledger_is_told_once_and_released_in_the_end(learners, rules, completed, others, later) -> None:
    told: dict[tuple[str, int], Told] = {}
    for who, what in ((learners, rules), (others, later)):
        wanted = told_now(who, what, completed)
        told |= dict(untold(wanted, told))
        assert untold(wanted, told) == ()
        assert {key: one for key, one in told.items() if one.step != "released"} == wanted
    assert {one.step for _, one in untold({}, told)} <= {"released"}


@given(LEARNERS, RULES, COMPLETIONS, st.integers(min_value=1, max_value=500))
def test_days_that_pass_tell_the_ledger_nothing_by_themselves(learners, rules, completed, later) -> None:
    """Rule: what was told stays true; whoever reads it sees that its day has passed."""
    past = [one for one in completed if one.on <= ON]
    begun = [one for one in rules if one.from_on is None or one.from_on <= ON]
    told = dict(untold(told_now(learners, begun, past), {}))
    assert untold(told_now(learners, begun, past, ON + timedelta(days=later)), told) == ()


@given(LEARNERS, RULES, COMPLETIONS, DAYS)
def test_what_was_told_says_how_they_stand(learners, rules, completed, on) -> None:
    """Rule: from what the ledger has, today's page and the checks come to the same as from people and rules."""
    found = duties(learners, rules, completed, on)
    told = to_tell(learners, rules, found, on)
    assert all(standing_told(told[one.rule.slug, one.learner.person], on) == one.standing for one in found)
