"""Assessments are written together, nobody's work is lost, somebody else approves, and a changed system ends them."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from annexa.actions.assessments import (
    answer_assessment,
    approve_assessment,
    hand_in_assessment,
    return_assessment,
    start_assessment,
    take_over_answers,
    withdraw_assessment,
)
from annexa.actions.door import door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.people import actor_of, add_person
from annexa.actions.registers import add_record, change_record
from annexa.actions.systems import add_system, change_system
from annexa.answers.assessments import differences, one_assessment, standings
from annexa.answers.posture import standpoint
from annexa.pure.permits import ANNEXA, MEMBER
from annexa.pure.posture import Verdict
from annexa.pure.registers.assets import ASSETS
from annexa.pure.systems import SystemFacts
from annexa.records.assessments import Assessment, AssessmentAnswer, AssessmentStep
from annexa.records.ledger import LedgerEntry
from annexa.records.people import Person
from annexa.records.systems import AiSystem
from tests.assessing import answers_to

AIIA = "ai-system-impact-assessment"
FACTS = SystemFacts(
    name="Ranking", purpose="Ranks applicants", stage="operation", roles=("deployer",), classes=("high-risk",),
    high_risk_by="annex-iii", owner="kim@example.org", supplier="Hire Ltd", personal_data="yes",
)  # fmt: skip


@pytest.fixture
def system(actor, now) -> AiSystem:
    """A high-risk system that the house uses."""
    return add_system(actor=actor, facts=FACTS, now=now - timedelta(days=1))


def person(name: str, role: str, now) -> Person:
    return add_person(
        actor=ANNEXA, email=f"{name}@example.org", name=f"{name.capitalize()} Doe", role=role, password=None, now=now
    )


@pytest.fixture
def lee(organisation, now) -> Person:
    """A compliance lead who answers nothing."""
    return person("lee", "lead", now)


@pytest.fixture
def ola(organisation, now) -> Person:
    """An owner."""
    return person("ola", "owner", now)


def by(one: Person) -> dict[str, object]:
    return {"actor": actor_of(one), "person": one}


def begun(ola, now, form=AIIA) -> Assessment:
    return start_assessment(form=form, scope="ranking", because="Before first use", now=now, **by(ola))


def whole(ola, now, form=AIIA) -> tuple[Assessment, AssessmentStep]:
    """One with every answer, handed in."""
    made = begun(ola, now, form)
    answer_assessment(assessment=made.id, given=answers_to(form), now=now, **by(ola))
    return made, hand_in_assessment(assessment=made.id, now=now, **by(ola))


def approved(ola, lee, now, form=AIIA) -> tuple[Assessment, AssessmentStep]:
    made, handed = whole(ola, now, form)
    step = approve_assessment(
        assessment=made.id, step=handed.id, until=now.date() + timedelta(days=300), because="Read it", now=now,
        **by(lee),
    )  # fmt: skip
    return made, step


def state(actor, now, form=AIIA) -> str:
    system = AiSystem.objects.get(slug="ranking")
    return standings(actor=actor, systems=[system], forms=[form], now=now)[0].state


def test_it_is_begun_answered_handed_in_and_approved(system, ola, lee, actor, now) -> None:
    """Every step leaves its entry; an answer that stands already leaves none."""
    made, handed = whole(ola, now)
    entries = LedgerEntry.objects.filter(kind="assessment_answer").count()
    assert entries == len(answers_to(AIIA)) == AssessmentAnswer.objects.count()
    assert handed.material["purpose"] == "Ranks applicants"
    assert handed.material["roles"] == ["deployer"]
    assert handed.components == {}
    assert state(actor, now) == "handed in"
    step = approve_assessment(
        assessment=made.id, step=handed.id, until=date(2027, 11, 20), because="Read it", now=now, **by(lee)
    )
    assert (step.answers_digest, step.form_digest, step.material) == (
        handed.answers_digest, handed.form_digest, handed.material,
    )  # fmt: skip
    assert state(actor, now) == "approved"
    assert state(actor, now + timedelta(days=365)) == "expired"
    assert LedgerEntry.objects.filter(subject=f"assessment/{made.id}").count() == 1 + entries + 2


def test_answers_are_saved_as_one_goes_and_only_what_changed(system, ola, now) -> None:
    made = begun(ola, now)
    first = answer_assessment(assessment=made.id, given={"out-of-bounds": " Closed\r\nfor all "}, now=now, **by(ola))
    assert [(one.question, one.number, one.value) for one in first] == [("out-of-bounds", 1, "Closed\nfor all")]
    again = answer_assessment(
        assessment=made.id, given={"out-of-bounds": "Closed\nfor all", "method": "Trees"}, seen={"out-of-bounds": 1},
        now=now, **by(ola),
    )  # fmt: skip
    assert [one.question for one in again] == ["method"]
    gone = answer_assessment(assessment=made.id, given={"method": ""}, seen={"method": 1}, now=now, **by(ola))
    assert [(one.number, one.value) for one in gone] == [(2, None)]


def test_what_is_wrong_is_said_all_at_once_and_nothing_is_saved(system, ola, now) -> None:
    made = begun(ola, now)
    with pytest.raises(InvalidError) as refused:
        answer_assessment(
            assessment=made.id,
            given={"occasion": "because", "keep-until": "soon", "nonsense": "x", "method": "Trees"},
            now=now, **by(ola),
        )  # fmt: skip
    assert set(refused.value.problems) == {"occasion", "keep-until", "nonsense"}
    assert not AssessmentAnswer.objects.exists()


def test_two_authors_do_not_lose_each_others_work(system, ola, lee, now) -> None:
    """Who left an answer as they saw it keeps what somebody else wrote meanwhile; both at once is told."""
    made = begun(ola, now)
    answer_assessment(assessment=made.id, given={"method": "Trees", "operators": "HR"}, now=now, **by(ola))
    answer_assessment(assessment=made.id, given={"method": "Nets"}, seen={"method": 1}, now=now, **by(lee))
    answer_assessment(
        assessment=made.id, given={"method": "Trees", "operators": "HR, trained"}, seen={"method": 1, "operators": 1},
        now=now, **by(ola),
    )  # fmt: skip
    page = one_assessment(actor=actor_of(ola), assessment=made.id, now=now)
    said = {one.question.id: one.value for part in page.parts for one in part.asked}
    assert (said["method"], said["operators"]) == ("Nets", "HR, trained")
    with pytest.raises(ConflictError, match="Lee Doe answered “By which method"):
        answer_assessment(
            assessment=made.id, given={"method": "Forests", "explainable": "not at all"}, seen={"method": 1}, now=now,
            **by(ola),
        )  # fmt: skip
    assert not AssessmentAnswer.objects.filter(question="explainable").exists()
    answer_assessment(assessment=made.id, given={"method": "Forests"}, seen={"method": 2}, now=now, **by(ola))
    assert set(page.authors) == {ola.pk, lee.pk}


def test_it_is_handed_in_only_when_whole_and_says_everything_that_is_missing(system, ola, now) -> None:
    made = begun(ola, now, "fria")
    with pytest.raises(InvalidError) as refused:
        hand_in_assessment(assessment=made.id, now=now, **by(ola))
    page = one_assessment(actor=actor_of(ola), assessment=made.id, now=now)
    assert set(refused.value.problems) == {one.id for one in page.missing} >= {"bound", "fria-due"}


def test_a_finding_that_none_is_due_is_short(system, ola, lee, now, actor) -> None:
    """Rule: who is not bound says why, has that approved, and is asked no more."""
    made = begun(ola, now, "fria")
    whole = answers_to("fria")
    page = one_assessment(actor=actor, assessment=made.id, now=now)
    duty = {one.question.id for one in page.parts[0].asked}
    given = {name: whole[name] for name in duty if name in whole} | {"fria-due": "no, we are not bound"}
    answer_assessment(assessment=made.id, given=given, now=now, **by(ola))
    assert hand_in_assessment(assessment=made.id, now=now, **by(ola)).decision == "handed in"


def test_who_took_part_does_not_approve(system, ola, lee, now) -> None:
    """Four eyes: neither who answered nor who handed it in, whatever their role."""
    made = begun(ola, now)
    answer_assessment(assessment=made.id, given=answers_to(AIIA), now=now, **by(ola))
    answer_assessment(assessment=made.id, given={"method": "Nets"}, seen={"method": 1}, now=now, **by(lee))
    handed = hand_in_assessment(assessment=made.id, now=now, **by(ola))
    asked = {"assessment": made.id, "step": handed.id, "until": date(2027, 1, 1), "because": "Fine", "now": now}
    with pytest.raises(NotPermittedError, match="took part"):
        approve_assessment(**asked, **by(lee))
    with pytest.raises(NotPermittedError):
        approve_assessment(**asked, **by(ola))
    with (
        pytest.raises(IntegrityError),
        transaction.atomic(),
        door(actor=ANNEXA, verb="review_assessment", now=now) as opened,
    ):
        opened.write(
            AssessmentStep(
                id="x", assessment=made, number=2, decision="approved", because="x", until=date(2027, 1, 1),
                handed_in_by=ola, recorded_at=now, by=ola,
            ),
            kind="assessment_step", subject="assessment/x",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("until", "because", "field"),
    [
        (None, "Read", "until"),
        (date(2026, 11, 20), "Read", "until"),
        (date(2027, 11, 21), "Read", "until"),
        (date(2027, 11, 20), " ", "because"),
    ],
)
def test_an_approval_has_a_reason_and_an_end(system, ola, lee, now, until, because, field) -> None:
    made, handed = whole(ola, now)
    with pytest.raises(InvalidError) as refused:
        approve_assessment(
            assessment=made.id, step=handed.id, until=until, because=because, now=now, **by(lee)
        )  # fmt: skip
    assert set(refused.value.problems) == {field}


def test_what_waits_for_its_decision_or_has_it_is_not_changed(system, ola, lee, now) -> None:
    made, handed = whole(ola, now)
    with pytest.raises(ConflictError, match="take it back"):
        answer_assessment(assessment=made.id, given={"method": "Nets"}, seen={"method": 1}, now=now, **by(ola))
    with pytest.raises(InvalidError, match="in work"):
        begun(ola, now)
    return_assessment(assessment=made.id, step=handed.id, because="Say more", now=now, **by(lee))
    with pytest.raises(ConflictError, match="not what you looked at"):
        approve_assessment(
            assessment=made.id, step=handed.id, until=date(2027, 1, 1), because="Fine", now=now, **by(lee)
        )
    with pytest.raises(InvalidError, match="say what changed"):
        hand_in_assessment(assessment=made.id, now=now, **by(ola))
    again = hand_in_assessment(assessment=made.id, because="Said more", now=now, **by(ola))
    assert (
        return_assessment(assessment=made.id, step=again.id, because="One more thing", now=now, **by(ola)).number == 4
    )


def test_an_owner_elsewhere_returns_nothing_of_others(system, ola, now) -> None:
    made, handed = whole(ola, now)
    with pytest.raises(NotPermittedError):
        return_assessment(assessment=made.id, step=handed.id, because="No", now=now, **by(person("kim", "owner", now)))


def test_a_changed_system_is_looked_at_again_before_it_is_approved(system, ola, lee, actor, now) -> None:
    made, handed = whole(ola, now)
    change(actor, now, purpose="Ranks and rejects")
    with pytest.raises(InvalidError, match="the system changed: purpose"):
        approve_assessment(
            assessment=made.id, step=handed.id, until=date(2027, 1, 1), because="Fine", now=now, **by(lee)
        )


def change(actor, now, **values) -> None:
    row = AiSystem.objects.get(slug="ranking")
    facts = SystemFacts.from_json({**row.facts().to_json(), **values})
    change_system(actor=actor, slug="ranking", facts=facts, seen=row.changed_at, now=now)


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        ({"purpose": "Rejects"}, True),
        ({"roles": ["provider"]}, True),
        ({"classes": ["minimal"], "high_risk_by": ""}, True),
        ({"supplier": "Other Ltd"}, True),
        ({"personal_data": "no"}, True),
        ({"name": "Ranking 2", "owner": "lee@example.org", "unit": "HR", "monitoring": "yes"}, False),
    ],
)
def test_a_material_change_ends_it_and_nothing_else_does(system, ola, lee, actor, now, values, ends) -> None:
    """42001 8.4: done anew when significant changes occur; the engine and the list say so alike."""
    approved(ola, lee, now)
    later = now + timedelta(days=3)
    change(actor, later, **values)
    after = later + timedelta(hours=1)
    assert state(actor, after) == ("outdated" if ends else "approved")
    stand = standpoint(actor=actor, now=after)
    assert ("ranking" in stand.engine.lasting["impact_assessment_approved"]) is not ends
    then = standpoint(actor=actor, now=after, at=now + timedelta(hours=1))
    assert "ranking" in then.engine.lasting["impact_assessment_approved"]
    if ends:
        found = standings(actor=actor, systems=[AiSystem.objects.get()], forms=[AIIA], now=after, dated=True)[0]
        assert [day for _, day in found.changes] == [later.date()] * len(found.changes)


def test_a_change_that_is_taken_back_lets_it_stand_again(system, ola, lee, actor, now) -> None:
    approved(ola, lee, now)
    change(actor, now + timedelta(days=1), purpose="Rejects")
    change(actor, now + timedelta(days=2), purpose="Ranks applicants")
    assert state(actor, now + timedelta(days=3)) == "approved"


def test_what_the_system_is_made_of_is_material(system, ola, lee, actor, now) -> None:
    model = add_record(
        actor=actor, register=ASSETS, now=now,
        entry=ASSETS.make({"name": "Base model", "kind": "model", "version": "1", "systems": ("ranking",)}),
    )  # fmt: skip
    _, step = approved(ola, lee, now)
    assert step.components == {"base-model": {"kind": "model", "version": "1", "supplier": "", "trained_on": []}}
    assert state(actor, now) == "approved"
    later = now + timedelta(days=2)
    changed = change_record(
        actor=actor, register=ASSETS, slug="base-model", seen=model.changed_at, now=later,
        entry=ASSETS.replaced(model.entry, {"location": "Lyon"}),
    )  # fmt: skip
    assert state(actor, later) == "approved"
    change_record(
        actor=actor, register=ASSETS, slug="base-model", seen=changed.changed_at, now=later,
        entry=ASSETS.replaced(changed.entry, {"version": "2"}),
    )  # fmt: skip
    found = standings(actor=actor, systems=[AiSystem.objects.get()], forms=[AIIA], now=later, dated=True)[0]
    assert [(one.words, day) for one, day in found.changes] == [("version of component base-model", later.date())]
    assert "ranking" not in standpoint(actor=actor, now=later).engine.lasting["impact_assessment_approved"]


def test_a_withdrawn_approval_counts_no_more(system, ola, lee, actor, now) -> None:
    made, _ = approved(ola, lee, now)
    after = now + timedelta(hours=1)
    with pytest.raises(NotPermittedError):
        withdraw_assessment(assessment=made.id, because="It was wrong", now=after, **by(ola))
    withdraw_assessment(assessment=made.id, because="It was wrong", now=after, **by(lee))
    assert state(actor, after) == "withdrawn"
    assert "ranking" not in standpoint(actor=actor, now=after).engine.lasting["impact_assessment_approved"]
    with pytest.raises(ConflictError):
        withdraw_assessment(assessment=made.id, because="Again", now=after, **by(lee))


def test_the_next_version_is_offered_what_the_last_one_said(system, ola, lee, actor, now) -> None:
    """Nothing is taken over silently, and every answer that was says where it comes from."""
    first, _ = approved(ola, lee, now)
    second = begun(ola, now + timedelta(days=1))
    assert second.number == 2
    page = one_assessment(actor=actor, assessment=second.id, now=now)
    assert page.progress.answered == 0
    offered = {one.question.id: one.offer for part in page.parts for one in part.asked if one.offer}
    assert offered["method"].origin.assessment == first.id
    assert offered["supplier"].origin.assessment == ""  # nobody answered it; the register knows
    made = take_over_answers(
        assessment=second.id, questions=["method", "supplier"], now=now + timedelta(days=1), **by(ola)
    )
    assert [one.origin["assessment"] for one in made] == [first.id, ""]
    answer_assessment(assessment=second.id, given={"operators": "Nobody"}, now=now + timedelta(days=1), **by(ola))
    found = {
        one.question.id: (one.before, one.after)
        for one in differences(actor=actor, assessment=second.id, other=first.id)
    }
    assert found["operators"][1] == "Nobody"
    assert "method" not in found


def test_what_the_register_says_of_the_reach_of_a_system_is_offered(ola, actor, now) -> None:
    facts = SystemFacts(
        name="Ranking", people_affected=("applicants", "employees"), autonomy="it recommends", scale=40_000
    )
    add_system(actor=actor, facts=facts, now=now)
    page = one_assessment(actor=actor, assessment=begun(ola, now).id, now=now)
    offered = {one.question.id: one.offer.value for part in page.parts for one in part.asked if one.offer}
    reach = ("affected", "decision-share", "number")
    assert [offered[one] for one in reach] == [("applicants", "employees"), "it recommends", 40_000]


def test_one_answer_serves_three_forms_and_says_when_its_source_moved_on(system, ola, lee, actor, now) -> None:
    impact = begun(ola, now)
    answer_assessment(assessment=impact.id, given={"affected": ["Applicants"]}, now=now, **by(ola))
    rights = begun(lee, now, "fria")
    page = one_assessment(actor=actor, assessment=rights.id, now=now)
    assert page.parts[0].asked[0].offer.value == "Ranking"  # by the register
    answer_assessment(
        assessment=rights.id, given={"fria-due": "yes, we are bound", "affected": ["Applicants"]}, now=now, **by(lee)
    )
    row = AssessmentAnswer.objects.get(assessment=rights, question="affected")
    assert row.origin == {"assessment": impact.id, "question": "affected"}
    later = now + timedelta(days=1)
    answer_assessment(
        assessment=impact.id, given={"affected": ["Applicants", "Staff"]}, seen={"affected": 1}, now=later, **by(ola)
    )
    page = one_assessment(actor=actor, assessment=rights.id, now=later)
    moved = {one.question.id: one.moved.value for part in page.parts for one in part.asked if one.moved}
    assert moved == {"affected": ("Applicants", "Staff")}
    with pytest.raises(InvalidError, match="Nothing is said"):
        take_over_answers(assessment=rights.id, questions=["harms"], now=later, **by(lee))


def test_who_may_not_know_of_the_system_finds_no_assessment(system, ola, now) -> None:
    """The stranger gets nothing, whatever they ask."""
    made, handed = whole(ola, now)
    stranger = person("sam", MEMBER, now)
    about = {"assessment": made.id, "now": now, **by(stranger)}
    for ask in (
        lambda: start_assessment(form=AIIA, scope="ranking", now=now, **by(stranger)),
        lambda: answer_assessment(given={"method": "x"}, **about),
        lambda: take_over_answers(questions=["name"], **about),
        lambda: hand_in_assessment(**about),
        lambda: approve_assessment(step=handed.id, until=date(2027, 1, 1), because="x", **about),
        lambda: return_assessment(step=handed.id, because="x", **about),
        lambda: withdraw_assessment(because="x", **about),
    ):
        with pytest.raises(NotFoundError):
            ask()
    with pytest.raises(LookupError):
        one_assessment(actor=actor_of(stranger), assessment=made.id, now=now)


def test_what_is_asked_is_what_the_check_looks_at(system, ola, lee, actor, now) -> None:
    """The verdict of the system's own control follows the record."""
    stand = standpoint(actor=actor, now=now)
    assert stand.engine.control("IMP-02", "ranking").verdict is not Verdict.EFFECTIVE
    found = standings(actor=actor, systems=[system], now=now)
    assert [(one.form.id, one.state, one.due, one.to_do) for one in found] == [
        (AIIA, "missing", True, True), ("fria", "missing", True, True), ("dpia", "missing", True, True),
    ]  # fmt: skip
    change(actor, now, classes=["minimal"], high_risk_by="")
    found = standings(actor=actor, systems=[AiSystem.objects.get()], now=now)
    assert [(one.state, one.due) for one in found] == [("missing", True), ("not asked", False), ("missing", True)]
