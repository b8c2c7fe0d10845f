"""People answer for themselves alone, and the ledger knows who has what in date without anybody typing it."""

import json
from datetime import timedelta

import pytest

from annexa.actions.errors import InvalidError, NotFoundError, NotPermittedError
from annexa.actions.governance import appoint, end_appointment
from annexa.actions.grants import grant_role
from annexa.actions.leaving import change_person, let_go
from annexa.actions.people import actor_of, add_person, choose_theme
from annexa.actions.registers import add_record, change_record, change_records, import_register
from annexa.actions.systems import add_system
from annexa.actions.training import settle_training, take_course
from annexa.actions.units import add_unit
from annexa.actions.worker import settle_since
from annexa.answers.errors import UnknownError
from annexa.answers.posture import standpoint
from annexa.answers.register_files import plan_register
from annexa.answers.registers import Asked, list_register
from annexa.answers.training import bears_on_training, course_digest, dashboard, learners_at, own_training, training_of
from annexa.library.courses import courses
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import ANNEXA
from annexa.pure.registers.completions import COMPLETIONS
from annexa.pure.registers.training_rules import TRAINING_RULES
from annexa.pure.systems import SystemFacts
from annexa.records.ledger import EntryBody, LedgerEntry
from annexa.records.training import Enrolment
from tests.actions.test_door import check_ledger

COURSE = "everyone-ai-and-security"
OWNERS = "ai-owners-and-overseers"


def right(course: str = COURSE) -> dict[str, list[str]]:
    """The right answers."""
    return {question.id: sorted(question.right) for question in courses()[course].questions}


@pytest.fixture
def eva(organisation, now):
    """Somebody who only works here."""
    return add_person(actor=ANNEXA, email="eva@example.org", name="Eva", role="member", password=None, now=now)


@pytest.fixture
def rule(actor, now):
    """Puts a rule into the register."""

    def put(name: str = "Basics", **values):
        given = {"course": COURSE, "roles": ("everyone",), "owner": "ada@example.org", "reason": "A.6.3", **values}
        return add_record(
            actor=actor, register=TRAINING_RULES, entry=TRAINING_RULES.make({"name": name, **given}), now=now
        )

    return put


def take(person, now, course: str = COURSE, **answers):
    return take_course(actor=actor_of(person), person=person, course=course, answers=answers or right(course), now=now)


def completed(actor, now, **values):
    """A completion from elsewhere."""
    given = {"name": "Elsewhere", "person": "eva@example.org", "how": "external", "evidence": "file", **values}
    return add_record(actor=actor, register=COMPLETIONS, entry=COMPLETIONS.make(given), now=now)


def verdict(expectation: str, control: str, actor, now) -> tuple[str, int, int]:
    """How an expectation of the organisation stands."""
    stand = standpoint(actor=actor, now=now)
    proof = stand.engine.control(control, ORGANISATION)
    (found,) = (one for one in proof.expectations if one.expectation.id == expectation)
    return found.state, found.check.fulfilled, found.check.population


def test_it_works(eva, rule, now) -> None:
    rule()
    settle_training(now=now)
    before = check_ledger()
    made = take(eva, now)
    assert check_ledger() == before + 2
    course, row = courses()[COURSE], made.completion
    assert made.result.passed
    assert (row.person, row.how, row.score, row.completed_on) == ("eva@example.org", "here", 100, now.date())
    assert (row.course_version, row.course_sha256) == (course.version, course_digest(course))
    entries = LedgerEntry.objects.order_by("-position")[:2]
    assert [one.kind for one in entries] == ["enrolment", "completion"]
    assert {one.actor for one in entries} == {eva.actor_id}
    state = json.loads(bytes(EntryBody.objects.get(position=entries[0].position).body))["state"]
    assert (state["step"], state["person"], state["rule"]) == ("met", eva.actor_id, "basics")
    assert own_training(person=eva, now=now).in_date[0].course == COURSE


def test_who_fails_is_told_why_and_may_try_again(eva, rule, now) -> None:
    rule()
    before = check_ledger()
    question = courses()[COURSE].questions[0]
    wrong = next(one for one in question.choices if not one.right)
    made = take(eva, now, **{question.id: [wrong.id]})
    assert made.completion is None
    assert not made.result.passed
    assert wrong.because in [one.because for one in made.result.questions[0].choices]
    assert check_ledger() == before
    assert take(eva, now).completion is not None


def test_nobody_answers_for_somebody_else(eva, actor, now) -> None:
    with pytest.raises(NotPermittedError, match="for themself"):
        take_course(actor=actor, person=eva, course=COURSE, answers=right(), now=now)
    with pytest.raises(NotPermittedError):
        take_course(actor=ANNEXA, person=eva, course=COURSE, answers=right(), now=now)


def test_who_comes_from_outside_takes_no_course(organisation, now) -> None:
    wim = add_person(actor=ANNEXA, email="wim@example.com", name="Wim", role="external", password=None, now=now)
    with pytest.raises(NotPermittedError):
        take(wim, now)
    assert wim.pk not in {one.person for one in learners_at(now=now)}


def test_what_was_never_asked_is_refused(eva, now) -> None:
    with pytest.raises(NotFoundError):
        take_course(actor=actor_of(eva), person=eva, course="nothing", answers={}, now=now)
    with pytest.raises(InvalidError, match="was not asked"):
        take(eva, now, nothing=["a"])


@pytest.mark.parametrize("typed", [{"how": "here"}, {"course_sha256": "0" * 64}, {"how": "here", "course_sha256": "0"}])
def test_nobody_types_that_they_answered_here(actor, eva, now, typed) -> None:
    with pytest.raises(InvalidError):
        completed(actor, now, completed_on=now.date(), **typed)
    row = completed(actor, now, completed_on=now.date())
    with pytest.raises(InvalidError):
        change_records(actor=actor, register=COMPLETIONS, slugs=[row.slug], values=typed, now=now)


def test_what_was_answered_here_is_not_changed_but_can_be_ended(actor, eva, rule, now) -> None:
    rule()
    row = take(eva, now).completion
    for values in ({"person": "kim@example.org"}, {"score": 1}, {"completed_on": now.date() - timedelta(days=1)}):
        with pytest.raises(InvalidError, match="own step"):
            change_records(actor=actor, register=COMPLETIONS, slugs=[row.slug], values=values, now=now)
    change_records(actor=actor, register=COMPLETIONS, slugs=[row.slug], values={"ended_on": now.date()}, now=now)
    assert settle_training(now=now) > 0
    assert Enrolment.objects.filter(person=eva).latest("turn").step == "due"


def test_the_ledger_is_told_once(eva, rule, now) -> None:
    rule()
    assert settle_training(now=now) == 2
    assert settle_training(now=now + timedelta(days=400)) == 0
    assert set(Enrolment.objects.values_list("step", flat=True)) == {"due"}


def test_who_leaves_and_what_ends_is_released(actor, admin, eva, rule, now) -> None:
    made = rule()
    settle_training(now=now)
    let_go(actor=actor, by=admin, person=eva.pk, successors={}, because="Left", now=now)
    assert settle_training(now=now) == 1
    assert Enrolment.objects.filter(person=eva).latest("turn").step == "released"
    entry = TRAINING_RULES.replaced(made.entry, {"ended_on": now.date()})
    change_record(actor=actor, register=TRAINING_RULES, slug=made.slug, entry=entry, seen=made.changed_at, now=now)
    assert settle_training(now=now) == 1
    assert Enrolment.objects.filter(person=admin).latest("turn").step == "released"


def test_records_prove_the_control(actor, admin, eva, rule, now) -> None:
    rule(literacy="yes", serves=("PPL-03/competence-matrix",), within_days=10)
    settle_training(now=now)
    for control, expectation in (
        ("PPL-02", "training-on-time"), ("PPL-02", "ai-literacy"), ("PPL-03", "competence-matrix"),
    ):  # fmt: skip
        assert verdict(expectation, control, actor, now) == ("passing", 2, 2)
        assert verdict(expectation, control, actor, now + timedelta(days=11)) == ("failing", 0, 2)
    take(eva, now)
    assert verdict("ai-literacy", "PPL-02", actor, now + timedelta(days=11)) == ("failing", 1, 2)
    take(admin, now)
    assert verdict("ai-literacy", "PPL-02", actor, now + timedelta(days=11)) == ("passing", 2, 2)
    assert verdict("ai-literacy", "PPL-02", actor, now + timedelta(days=370)) == ("failing", 0, 2)


def test_who_deals_with_ai_and_is_reached_by_no_rule_falls_short(actor, kim, rule, now) -> None:
    """Rule: AI literacy is proven for everybody who deals with AI systems, not for those alone whom rules reach."""
    add_system(actor=actor, facts=SystemFacts(name="Bot", owner=kim.email, stage="operation"), now=now)
    rule("Overseers", roles=(), dealing=("oversee",), literacy="yes")
    settle_training(now=now)
    assert verdict("ai-literacy", "PPL-02", actor, now) == ("failing", 0, 1)
    assert verdict("training-on-time", "PPL-02", actor, now) == ("never", 0, 0)
    assert own_training(person=kim, now=now).to_take == ()
    rule("Owners", roles=(), dealing=("own",), literacy="yes")
    settle_training(now=now)
    assert verdict("ai-literacy", "PPL-02", actor, now) == ("passing", 1, 1)


def test_nobody_reached_proves_nothing(actor, now) -> None:
    assert verdict("ai-literacy", "PPL-02", actor, now) == ("never", 0, 0)


def test_rules_reach_people_through_what_they_hold(actor, admin, kim, eva, rule, now) -> None:
    add_system(
        actor=actor, now=now,
        facts=SystemFacts(name="Scoring", owner="KIM@example.org", stage="operation", classes=("high-risk",)),
    )  # fmt: skip
    grid = add_unit(actor=actor, name="Grid", now=now)
    below = add_unit(actor=actor, name="Metering", parent=grid.slug, now=now)
    grant_role(actor=actor, person=admin, holder=eva, role="reader", unit=below.slug, because="Works there", now=now)
    office = appoint(
        actor=actor, by=admin, office="incident-manager", body="organisation", person=eva, because="Board", now=now
    )
    who = {
        name: rule(name, **audience).slug
        for name, audience in (
            ("Owning", {"roles": (), "dealing": ("own",), "classes": ("high-risk",)}),
            ("Minimal", {"roles": (), "dealing": ("own",), "classes": ("minimal",)}),
            ("Grid", {"roles": (), "units": "GRID"}),
            ("Metering", {"roles": (), "units": "Metering"}),
            ("Incidents", {"roles": (), "offices": "incident-manager"}),
            ("Auditors", {"roles": ("auditor",)}),
        )
    }  # fmt: skip
    found = dashboard(actor=actor, now=now)
    reached = {(duty.rule.slug, one.learner.name) for one in found.assigned for duty in one.duties}
    assert reached == {
        (who["Owning"], "Kim Lee"), (who["Grid"], "Eva"), (who["Metering"], "Eva"), (who["Incidents"], "Eva")
    }  # fmt: skip
    assert {one.slug for one in found.idle} == {who["Minimal"], who["Auditors"]}
    assert [(one.learner.name, one.dealing, one.current) for one in found.gaps] == [("Kim Lee", "own", False)]
    end_appointment(actor=actor, by=admin, appointment=office.id, because="Over", now=now)
    after = dashboard(actor=actor, now=now)
    assert who["Incidents"] in {one.slug for one in after.idle}


def test_time_begins_with_the_role_not_with_the_rule(actor, eva, now) -> None:
    later = now + timedelta(days=90)
    change_person(actor=actor, by=None, person=eva.pk, name="Eva", role="owner", because="Promoted", now=later)
    (found,) = (one for one in learners_at(now=later) if one.person == eva.pk)
    assert (found.since, found.parts[0].what, found.parts[0].since) == (now.date(), "owner", later.date())


def test_people_see_their_own_training_only(actor, eva, kim, noor, rule, now) -> None:
    rule()
    completed(actor, now, completed_on=now.date())
    completed(actor, now, completed_on=now.date(), person="kim@example.org")
    mine = list_register(actor=actor_of(eva), register=COMPLETIONS, asked=Asked(), now=now)
    assert [one.row.person for one in mine.rows] == ["eva@example.org"]
    assert [one.person for one in own_training(person=eva, now=now).completions] == ["eva@example.org"]
    assert training_of(actor=actor_of(eva), person=kim, now=now) is None
    assert training_of(actor=actor_of(eva), person=eva, now=now) is not None
    assert training_of(actor=actor_of(noor), person=kim, now=now) is not None
    with pytest.raises(UnknownError):
        dashboard(actor=actor_of(eva), now=now)
    assert Enrolment.objects.visible_to(actor_of(eva)).count() == 0


def test_an_imported_completion_counts(actor, eva, rule, now) -> None:
    rule()
    data = (
        "Training,E-mail,Counts as,Completion date,Score,How,Provider,Evidence\n"
        f"Security at work,EVA@example.org,{COURSE},2026-10-01,91,external,Academy,LMS 4711\n"
    ).encode()
    planned = plan_register(actor=actor, register=COMPLETIONS, data=data, name="lms.csv")
    assert planned.plan.problems == ()
    import_register(actor=actor, planned=planned, now=now)
    assert own_training(person=eva, now=now).in_date[0].strictest.completed.score == 91


def test_the_worker_looks_again_only_after_what_may_change_it(actor, admin, eva, rule, now) -> None:
    """Rule: a new rule, person or completion is told in the next round; what cannot matter costs one query."""
    settled = settle_since(None, now=now)
    rule()
    settled = settle_since(settled, now=now)
    assert set(Enrolment.objects.values_list("person__name", "step")) == {("Ada Admin", "due"), ("Eva", "due")}
    completed(actor, now, course=COURSE, completed_on=now.date())
    settled = settle_since(settled, now=now)
    assert Enrolment.objects.filter(person=eva).latest("turn").step == "met"
    choose_theme(actor=actor, person=admin, theme="dark", now=now)
    assert not bears_on_training(since=settled[0])
    assert settle_since(settled, now=now + timedelta(days=1))[1] == (now + timedelta(days=1)).date()
