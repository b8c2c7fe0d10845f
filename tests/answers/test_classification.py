"""What the wizard knows: what is open, who said what first, what follows, and what an approval would change."""

from datetime import date, timedelta

import pytest

from annexa.actions.classification import answer_classification, ask_review, review_classification
from annexa.actions.people import actor_of, add_person
from annexa.actions.systems import add_system, change_system
from annexa.answers.applicability import titled
from annexa.answers.classification import classified, classify_facts, classify_scope, regime_json, tree_digest, trees_of
from annexa.answers.errors import UnknownError
from annexa.library.classification import classifications
from annexa.pure.classify import AnswersError
from annexa.pure.permits import ANNEXA, Actor
from annexa.pure.systems import SystemFacts

LAW = "eu-ai-act"
RANKING = dict(
    next(
        one for one in classifications()[LAW].examples if one.name == "An employer ranks applicants with a bought tool"
    ).answers
)


@pytest.fixture
def system(actor, now):
    """A system in use whose role was typed by hand."""
    facts = SystemFacts(name="Ranking", stage="operation", roles=("provider",), classes=("transparency",))
    return add_system(actor=actor, facts=facts, now=now - timedelta(days=3))


@pytest.fixture
def lead(organisation, now):
    """A second person."""
    return add_person(actor=ANNEXA, email="lee@example.org", name="Lee Lead", role="lead", password=None, now=now)


@pytest.fixture
def say(admin, system, now):
    """Records answers about the system."""

    def answer(given, *, seen="", by=admin, at=now, because=""):
        return answer_classification(
            actor=actor_of(by), person=by, tree=LAW, scope="ranking", given=given, seen=seen, now=at, because=because
        )

    return answer


def test_nothing_answered_asks_the_first_question(actor, system, now) -> None:
    found = classified(actor=actor, tree=LAW, scope="ranking", now=now)
    assert (found.stage, found.question.id, found.given, found.seen) == ("unanswered", "form", (), "")


def test_one_question_follows_another_until_nothing_matters_any_more(actor, system, say, now) -> None:
    """The worked case is answered exactly as the wizard asks, and comes to what a lawyer expects."""
    seen, put = "", []
    while (found := classified(actor=actor, tree=LAW, scope="ranking", now=now)).question:
        put.append(found.question.id)
        seen = say({found.question.id: RANKING[found.question.id]}, seen=seen).id
    assert put == [one.id for one in classifications()[LAW].questions if one.id in RANKING]
    assert found.stage == "settled"
    assert found.outcome.ahead.classes == ("high-risk",)
    assert [one.question.id for one in found.given] == put


def test_each_answer_keeps_who_gave_it_first_and_when(actor, say, lead, now) -> None:
    first = say({"form": "system", "union": ["user"]}, at=now - timedelta(days=2))
    second = say({"union": ["market", "output"]}, seen=first.id, by=lead, because="Sold in Graz")
    say({"excluded": []}, seen=second.id)
    given = {one.question.id: one for one in classified(actor=actor, tree=LAW, scope="ranking", now=now).given}
    assert (given["form"].by, given["form"].at, given["form"].revision) == ("Ada Admin", now - timedelta(days=2), 1)
    assert (given["union"].by, given["union"].because, given["union"].revision) == ("Lee Lead", "Sold in Graz", 2)
    assert [cite.text for cite in given["union"].cites] == ["Art.2(1)(a)", "Art.2(1)(c)"]
    assert {cite.requirement for cite in given["union"].cites} == {"Art.2"}
    assert given["excluded"].said == ("None of these",)


def test_what_is_not_put_any_more_is_kept_aside(actor, say, now) -> None:
    first = say(RANKING)
    say({"form": "neither"}, seen=first.id)
    found = classified(actor=actor, tree=LAW, scope="ranking", now=now)
    assert [one.question.id for one in found.given] == ["form"]
    assert (found.aside, found.outcome.outcome) == (len(RANKING) - 1, "not-an-ai-system")


def test_what_nobody_knows_stays_open_and_is_not_put_at_once_again(actor, say, now) -> None:
    say({"form": "system", "union": "unknown"})
    found = classified(actor=actor, tree=LAW, scope="ranking", now=now)
    assert (found.question, [one.id for one in found.open], found.stage) == (None, ["union"], "open")
    assert found.given[1].unknown
    again = classified(actor=actor, tree=LAW, scope="ranking", now=now, question="union")
    assert again.question.id == "union"
    assert classified(actor=actor, tree=LAW, scope="ranking", now=now, question="form").question.id == "form"


def test_the_difference_says_what_begins_and_ceases_to_bind(actor, say, now) -> None:
    say(RANKING)
    found = classified(actor=actor, tree=LAW, scope="ranking", now=now).difference
    assert found.fields == (
        ("roles", ("provider",), ("deployer", "employer_deployer")),
        ("classes", ("transparency",), ("high-risk",)),
        ("high_risk_by", (), ("annex-iii",)),
        ("circumstances", (), titled(LAW, ("by-use", "about-people", "other-use"))),
    )
    appear = {(one.framework.id, one.requirement.id): one.from_on for one in found.appear}
    assert appear[LAW, "Art.26(1)"] == date(2027, 12, 2)
    assert (LAW, "Art.50(1)") in {(one.framework.id, one.requirement.id) for one in found.disappear}


def test_an_approval_leaves_no_difference(actor, say, lead, admin, now) -> None:
    latest = say(RANKING)
    ask_review(actor=actor, person=admin, answers=latest.id, now=now)
    review_classification(
        actor=actor_of(lead), person=lead, answers=latest.id, decision="approved", because="Right", now=now
    )
    found = classified(actor=actor, tree=LAW, scope="ranking", now=now)
    assert (found.stage, found.difference.fields, found.approved.by) == ("approved", (), lead)
    assert [one.decision for one in found.reviews] == ["approved", "asked"]


def test_the_chain_leads_from_rule_to_article_to_answers(actor, say, now) -> None:
    say(RANKING)
    chain = classified(actor=actor, tree=LAW, scope="ranking", now=now).chain
    assert all(link.cites and link.because.says for link in chain)
    (work,) = (link for link in chain if link.because.rule == "deployer")
    assert [cite.text for cite in work.cites] == ["Art.3(4)"]
    assert work.answers == (("What does your organisation do with it?", "Uses it in its own work", False),)


@pytest.mark.parametrize(
    ("tree", "scope"), [("nis2", "ranking"), (LAW, "organisation"), (LAW, "nowhere"), ("x", "ranking")]
)
def test_what_there_is_not_is_unknown(actor, system, now, tree, scope) -> None:
    with pytest.raises(UnknownError):
        classified(actor=actor, tree=tree, scope=scope, now=now)


def test_strangers_learn_nothing(system, now) -> None:
    stranger = Actor(id="person/9", name="Nobody", role="")
    with pytest.raises(UnknownError):
        classified(actor=stranger, tree=LAW, scope="ranking", now=now)
    with pytest.raises(UnknownError):
        classify_scope(actor=stranger, scope="ranking", now=now)


def test_it_asks_little_however_many_revisions_there_are(actor, say, now, django_assert_max_num_queries) -> None:
    seen = ""
    for question in RANKING:
        seen = say({question: RANKING[question]}, seen=seen).id
    classified(actor=actor, tree=LAW, scope="ranking", now=now)
    with django_assert_max_num_queries(8):
        classified(actor=actor, tree=LAW, scope="ranking", now=now)


def test_a_past_instant_has_the_answers_recorded_by_then(actor, say, now) -> None:
    first = say({"form": "system"}, at=now - timedelta(days=2))
    say({"form": "neither"}, seen=first.id)
    then = classify_scope(actor=actor, scope="ranking", now=now, at=now - timedelta(days=1))[0]
    assert (then.revision.revision, then.answers, then.at) == (1, {"form": "system"}, (now - timedelta(days=1)).date())
    assert classify_scope(actor=actor, scope="ranking", now=now)[0].outcome.outcome == "not-an-ai-system"


def test_facts_of_one_law_are_recognised_or_named() -> None:
    day = date(2026, 11, 21)
    (one,) = classify_facts(facts=RANKING, at=day)
    assert (one.tree.id, one.outcome.settled) == (LAW, True)
    two = classify_facts(facts={LAW: {"form": "neither"}, "nis2": {"union": False}}, at=day)
    assert [(found.tree.id, found.outcome.outcome) for found in two] == [
        (LAW, "not-an-ai-system"), ("nis2", "not-covered"),
    ]  # fmt: skip
    with pytest.raises(UnknownError, match="several laws"):
        classify_facts(facts={"union": "yes"}, at=day)
    with pytest.raises(UnknownError, match="no law"):
        classify_facts(facts={"colour": "yes"}, at=day)
    with pytest.raises(UnknownError, match="There are no questions of 'x'"):
        classify_facts(facts={"form": "neither"}, at=day, regime="x")
    with pytest.raises(AnswersError) as caught:
        classify_facts(facts={"form": "toaster", "colour": "yes"}, at=day, regime=LAW)
    assert len(caught.value.problems) == 2


@pytest.mark.django_db
@pytest.mark.parametrize("law", sorted(classifications()))
def test_every_worked_case_comes_out_the_same_as_a_file(law) -> None:
    for example in classifications()[law].examples:
        (one,) = classify_facts(facts=dict(example.answers), at=example.at, regime=law)
        found = regime_json(one)
        assert tuple(found["in_force"]["classes"]) == example.expect.classes, example.name
        assert all(duty["title"] for duty in found["duties"])


def test_laws_are_about_systems_or_the_organisation() -> None:
    assert [tree.id for tree in trees_of("ranking")] == ["eu-ai-act", "us-co-sb26-189"]
    assert [tree.id for tree in trees_of("organisation")] == ["gdpr", "nis2"]
    assert len({tree_digest(tree) for tree in classifications()}) == 4


# --- what the record says


@pytest.fixture
def own(actor, now):
    """A system of the organisation's own people, in operation, without personal data."""
    facts = SystemFacts(name="Own", stage="operation", built="in-house", personal_data="no")
    return add_system(actor=actor, facts=facts, now=now - timedelta(days=3))


@pytest.fixture
def told(admin, own, now):
    """Records answers about that system."""

    def answer(given, *, law=LAW, seen=""):
        return answer_classification(
            actor=actor_of(admin), person=admin, tree=law, scope="own", given=given, seen=seen, now=now
        )

    return answer


REACHED = {"form": "system", "union": ["user"], "excluded": []}


def test_an_answer_of_the_record_is_shown_as_such_and_recorded_nowhere(actor, own, told, now) -> None:
    told(REACHED)
    found = classified(actor=actor, tree=LAW, scope="own", now=now)
    by_question = {one.question.id: one for one in found.from_record}
    assert [*by_question] == ["stage", "part"]
    assert (by_question["stage"].answer, by_question["stage"].whole) == ("released", True)
    assert by_question["stage"].fields == (("Stage", "operation"),)
    assert (by_question["part"].answer, by_question["part"].whole) == (("develops",), False)
    assert by_question["part"].fields == (("Built", "in-house"), ("Stage", "operation"))
    assert {cite.text for cite in by_question["part"].cites} == {"Art.3(3)", "Art.3(11)"}
    assert [one.question.id for one in found.to_confirm] == ["stage"]
    assert {*found.answers} == {*REACHED}
    assert found.outcome.roles == ("provider",)
    assert found.recorded.roles == ()


def test_the_record_is_put_for_confirmation_in_its_place_and_the_rest_of_a_part_is_asked(actor, own, told, now) -> None:
    first = told(REACHED)
    found = classified(actor=actor, tree=LAW, scope="own", now=now)
    assert (found.question.id, found.proposed.answer) == ("stage", "released")
    told({"stage": "released"}, seen=first.id)
    found = classified(actor=actor, tree=LAW, scope="own", now=now)
    assert (found.question.id, found.proposed.answer) == ("part", ("develops",))
    assert "part" in [one.id for one in found.open]


def test_what_the_record_says_of_questions_that_do_not_count_is_not_shown(actor, own, now) -> None:
    assert classified(actor=actor, tree=LAW, scope="own", now=now).from_record == ()


def test_what_only_the_record_settles_is_not_settled_for_a_review(actor, own, told, now) -> None:
    law = "us-co-sb26-189"
    found = classified(actor=actor, tree=law, scope="own", now=now)
    assert (found.outcome.outcome, found.outcome.settled) == ("not-covered", True)
    assert (found.recorded.outcome, found.recorded.settled, found.stage) == ("", False, "unanswered")
    assert (found.question.id, found.difference) == ("computes", None)
    ((question, _, from_record),) = found.chain[0].answers
    assert (question, from_record) == (classifications()[law].question("computes").text, True)
    told({"computes": "no"}, law=law)
    found = classified(actor=actor, tree=law, scope="own", now=now)
    assert (found.recorded.settled, found.stage, found.from_record) == (True, "settled", ())
    assert [one.question.id for one in found.given] == ["computes"]
    assert found.aside == 0


def test_a_persons_answer_prevails_and_the_contradiction_is_shown(actor, own, told, now) -> None:
    told({**REACHED, "stage": "field-test", "part": ["uses"]})
    found = classified(actor=actor, tree=LAW, scope="own", now=now)
    assert found.outcome.roles == ("deployer",)
    assert found.from_record == ()
    shown = {one.question.id: one.record for one in found.given}
    assert (shown["stage"].said, shown["part"].said) == (("Yes, it is offered or in use",), (shown["part"].said[0],))
    assert shown["form"] is None
    (regime, _) = classify_scope(actor=actor, scope="own", now=now)
    said = {one["question"]: one["answered"] for one in regime_json(regime)["contradictions"]}
    assert said == {"stage": "field-test", "part": ["uses"]}


def test_that_nobody_knows_prevails_too_and_is_no_contradiction(actor, own, told, now) -> None:
    told({**REACHED, "stage": "unknown"})
    found = classified(actor=actor, tree=LAW, scope="own", now=now)
    assert "stage" in [one.id for one in found.open]
    assert next(one for one in found.given if one.question.id == "stage").record.answer == "released"
    (regime, _) = classify_scope(actor=actor, scope="own", now=now)
    assert regime_json(regime)["contradictions"] == []


def test_the_same_answer_as_the_record_is_no_contradiction(actor, own, told, now) -> None:
    told({**REACHED, "stage": "released", "part": ["develops", "uses"]})
    assert not any(one.record for one in classified(actor=actor, tree=LAW, scope="own", now=now).given)


def test_a_past_day_is_judged_by_the_record_of_then(actor, admin, own, now) -> None:
    """Two days ago the record said that there are no personal data; what it says since does not count for that day."""
    then = now - timedelta(days=2)
    change_system(
        actor=actor, slug="own", facts=SystemFacts(name="Own", stage="operation", personal_data="yes"),
        seen=own.changed_at, now=now - timedelta(days=1), because="Found out",
    )  # fmt: skip
    (_, today) = classify_scope(actor=actor, scope="own", now=now)
    (_, past) = classify_scope(actor=actor, scope="own", now=now, at=then)
    (_, before) = classify_scope(actor=actor, scope="own", now=now, at=now - timedelta(days=9))
    assert (past.outcome.outcome, today.outcome.outcome, before.outcome.outcome) == ("not-covered", "", "")
    assert regime_json(past)["from_record"][0]["when"] == ["personal_data=no"]
    assert regime_json(before)["from_record"] == []
