"""What the wizard knows: what is open, who said what first, what follows, and what an approval would change."""

from datetime import date, timedelta

import pytest

from annexa.actions.classification import answer_classification, ask_review, review_classification
from annexa.actions.people import actor_of, add_person
from annexa.actions.systems import add_system
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
    assert work.answers == (("What does your organisation do with it?", "Uses it in its own work"),)


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
