"""The whole register at once: each system as its own page says, settled as far as answers and record allow."""

from collections import Counter
from datetime import timedelta

import pytest

from annexa.actions.classification import answer_classification, ask_review, review_classification
from annexa.actions.people import actor_of, add_person
from annexa.actions.systems import add_system, change_system, import_systems
from annexa.answers.classification import classified, classify_scope
from annexa.answers.classification_register import Line, Standing, classification_register, line_json
from annexa.answers.errors import UnknownError
from annexa.answers.imports import plan_systems
from annexa.library.classification import classifications
from annexa.pure.permits import ANNEXA
from annexa.pure.systems import SystemFacts
from annexa.records.systems import AiSystem

LAW, COLORADO = "eu-ai-act", "us-co-sb26-189"
SPAM = dict(next(one for one in classifications()[LAW].examples if one.name == "A mail provider filters spam").answers)
SYSTEMS = {
    "bare": SystemFacts(name="Bare"),
    "own": SystemFacts(name="Own", stage="operation", built="in-house", personal_data="no"),
    "bought": SystemFacts(name="Bought", stage="operation", built="supplier", personal_data="yes"),
    "idea": SystemFacts(name="idea", stage="concept", built="in-house"),
    "gone": SystemFacts(name="Gone", stage="retirement", personal_data="no"),
}


@pytest.fixture
def systems(actor, now) -> dict[str, AiSystem]:
    """One of every kind, all three days old."""
    then = now - timedelta(days=3)
    return {slug: add_system(actor=actor, facts=facts, now=then) for slug, facts in SYSTEMS.items()}


@pytest.fixture
def lead(organisation, now):
    """A second person."""
    return add_person(actor=ANNEXA, email="lee@example.org", name="Lee Lead", role="lead", password=None, now=now)


@pytest.fixture
def say(admin, systems, now):
    """Records answers about one of them."""

    def answer(scope, given, *, law=LAW, seen="", at=now):
        return answer_classification(
            actor=actor_of(admin), person=admin, tree=law, scope=scope, given=given, seen=seen, now=at
        )

    return answer


def by_system(lines: tuple[Line, ...], law: str) -> dict[str, Standing]:
    return {line.slug: line.standing for line in lines if line.tree.id == law}


def test_every_system_in_use_has_a_line_for_each_law_by_name(actor, systems, now) -> None:
    register = classification_register(actor=actor, now=now)
    assert [(line.slug, line.tree.id) for line in register.lines] == [
        (slug, law) for slug in ("bare", "bought", "idea", "own") for law in (LAW, COLORADO)
    ]
    assert {line.standing.stage for line in register.lines} == {"unanswered"}


def test_the_record_settles_what_it_settles_and_no_more(actor, systems, now) -> None:
    register = classification_register(actor=actor, now=now)
    acts, colorado = by_system(register.lines, LAW), by_system(register.lines, COLORADO)
    assert {slug: sorted(line.from_record) for slug, line in acts.items()} == {
        "bare": [], "bought": ["stage"], "idea": ["stage"], "own": ["part", "profiles", "stage"],
    }  # fmt: skip
    assert not any(line.outcome.settled for line in acts.values())
    assert {slug for slug, line in colorado.items() if line.outcome.settled} == {"own"}
    assert (colorado["own"].outcome.outcome, colorado["own"].confirm, colorado["own"].next) == (
        "not-covered", ("computes",), "computes",
    )  # fmt: skip
    assert (acts["own"].next, colorado["bare"].next) == ("form", "colorado")


def test_totals_count_the_settled_and_name_what_is_open_most_often(actor, systems, now) -> None:
    act, colorado = classification_register(actor=actor, now=now).totals()
    assert (act.settled, act.open) == (0, 4)
    assert [(question.id, n) for question, n in act.questions] == [("form", 4)]
    assert (colorado.settled, colorado.open) == (1, 3)
    assert [(question.id, n) for question, n in colorado.questions] == [("colorado", 3)]


def test_each_stage_is_told(actor, admin, lead, systems, say, now) -> None:
    say("bare", {"form": "system"})
    settled = say("bought", SPAM)
    asked = say("idea", SPAM)
    ask_review(actor=actor, person=admin, answers=asked.id, now=now)
    register = by_system(classification_register(actor=actor, now=now, law=LAW).lines, LAW)
    assert {slug: line.stage for slug, line in register.items()} == {
        "bare": "open", "bought": "settled", "idea": "asked", "own": "unanswered",
    }  # fmt: skip
    for decision in ("returned", "approved"):
        ask_review(actor=actor, person=admin, answers=settled.id, now=now, because="So it is")
        review_classification(
            actor=actor_of(lead), person=lead, answers=settled.id, decision=decision, because="x", now=now
        )
        lines = by_system(classification_register(actor=actor, now=now, law=LAW).lines, LAW)
        assert lines["bought"].stage == decision
    again = say("bought", {"areas": ["work"]}, seen=settled.id)
    assert (again.revision, by_system(classification_register(actor=actor, now=now).lines, LAW)["bought"].stage) == (
        2, "open",
    )  # fmt: skip


def test_a_line_says_the_same_as_the_system_by_itself(actor, systems, say, now) -> None:
    """The register is a quick way to the same answers, not another opinion."""
    say("own", {"form": "system", "union": ["user"], "excluded": []})
    say("bare", {"form": "system", "union": "unknown"})
    say("idea", {**SPAM, "stage": "released"})
    say("bought", {"colorado": "yes", "computes": "no"}, law=COLORADO)
    for line in classification_register(actor=actor, now=now).lines:
        alone = classified(actor=actor, tree=line.tree.id, scope=line.slug, now=now)
        assert (line.standing.outcome, line.standing.stage) == (alone.outcome, alone.stage)
        assert line.standing.next == (alone.question.id if alone.question else "")
        assert line.standing.confirm == tuple(one.question.id for one in alone.from_record)
        regime = next(
            one for one in classify_scope(actor=actor, scope=line.slug, now=now) if one.tree.id == line.tree.id
        )
        assert (regime.outcome, {*regime.from_record}) == (line.standing.outcome, {*line.standing.from_record})


def test_a_contradiction_is_named(actor, systems, say, now) -> None:
    say("own", {"stage": "laboratory", "part": ["develops"]})
    lines = classification_register(actor=actor, now=now, law=LAW).lines
    line = next(line for line in lines if line.slug == "own")
    assert line_json(line)["contradictions"] == ["stage"]


def test_a_past_instant_knows_what_was_known_then(actor, systems, say, now) -> None:
    then = now - timedelta(days=2)
    change_system(
        actor=actor, slug="own", facts=SystemFacts(name="Own", stage="retirement"), seen=systems["own"].changed_at,
        now=now - timedelta(days=1), because="Gone",
    )  # fmt: skip
    say("bare", {"form": "neither"})
    past = by_system(classification_register(actor=actor, now=now, at=then).lines, LAW)
    assert sorted(past) == ["bare", "bought", "idea", "own"]
    assert (past["bare"].stage, sorted(past["own"].from_record)) == ("unanswered", ["part", "profiles", "stage"])
    today = by_system(classification_register(actor=actor, now=now).lines, LAW)
    assert (sorted(today), today["bare"].stage) == (["bare", "bought", "idea"], "settled")
    assert classification_register(actor=actor, now=now, at=now - timedelta(days=9)).lines == ()


def test_a_law_that_asks_nothing_about_systems_is_refused_with_those_that_do(actor, systems, now) -> None:
    with pytest.raises(UnknownError, match="known are eu-ai-act, us-co-sb26-189"):
        classification_register(actor=actor, now=now, law="gdpr")


def test_it_asks_two_queries_whatever_the_size(actor, systems, say, now, django_assert_num_queries) -> None:
    say("bare", {"form": "neither"})
    say("own", {"form": "neither"})
    with django_assert_num_queries(2):
        classification_register(actor=actor, now=now)


@pytest.mark.slow
def test_the_federal_inventory_is_classified_as_far_as_its_facts_allow(
    actor, now, federal_inventory, django_assert_num_queries
) -> None:
    """1,986 of 2,133 are in use. No fact says what any of them is or where it is used, so each stays open under the AI
    Act; under Colorado's act those without personal data are settled, and no other."""
    planned = plan_systems(actor=actor, data=federal_inventory.read_bytes(), name="inventory.csv")
    import_systems(actor=actor, planned=planned, now=now)
    with django_assert_num_queries(2):
        register = classification_register(actor=actor, now=now)
    act, colorado = register.totals()
    assert (act.settled, act.open, [(question.id, n) for question, n in act.questions]) == (0, 1986, [("form", 1986)])
    assert (colorado.settled, colorado.open) == (854, 1132)
    assert [(question.id, n) for question, n in colorado.questions] == [("colorado", 1132)]
    presumed = Counter((line.tree.id, question) for line in register.lines for question in line.standing.from_record)
    assert presumed == {
        (LAW, "stage"): 936,
        (LAW, "profiles"): 854,
        (LAW, "part"): 160,
        (COLORADO, "computes"): 854,
        (COLORADO, "part"): 160,
    }
    settled = {line.slug for line in register.lines if line.standing.outcome.settled}
    without = AiSystem.objects.filter(personal_data="no").exclude(stage="retirement")
    assert settled == {*without.values_list("slug", flat=True)}
