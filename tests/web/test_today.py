"""What waits today, in an empty organisation, a full one and one where all is done."""

import re
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

from annexa.actions.classification import answer_classification, ask_review, review_classification
from annexa.actions.controls import adopt_control
from annexa.actions.evidence import add_evidence
from annexa.actions.leaving import suspend_person
from annexa.actions.owners import name_owner
from annexa.actions.people import actor_of, add_person
from annexa.actions.registers import add_record
from annexa.actions.risks import propose_acceptance
from annexa.actions.systems import add_system
from annexa.actions.tasks import Wanted, make_tasks
from annexa.answers.today import today
from annexa.library.load import library
from annexa.pure.facts import ORGANISATION
from annexa.pure.registers.risks import RISKS
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.pure.standards import ExpectationKind
from annexa.pure.systems import SystemFacts
from annexa.records.visits import Visit
from tests.actions.test_classification import LAW, RANKING


def prove(control, *, actor, person, now, age=0.0, passing=True):
    adopt_control(actor=actor, person=person, control=control.id, state="implemented", now=now)
    for expectation in control.expectations:
        add_evidence(
            actor=actor, person=person, control=control.id, expectation=expectation.id, file=b"shown",
            name="shown.txt", limit_bytes=100, now=now, observed_at=now - expectation.max_age * age, passing=passing,
        )  # fmt: skip


def system(name, **more):
    return SystemFacts(**({"name": name} | more))


def judged(actor, at, *systems):
    """A risk of these AI systems that somebody owns and rated."""
    values = {"name": "Errs", "area": "ai", "owner": "mei@example.org", "likelihood": 1, "impact": 1}
    entry = RISKS.make({**values, "assessed_on": at.date(), "systems": systems})
    return add_record(actor=actor, register=RISKS, entry=entry, now=at)


def test_an_empty_organisation_is_told_its_first_steps(client, at):
    page = client.get("/").content.decode()
    assert "First steps" in page
    assert 'href="/systems/import"' in page
    assert "Organisation set up" in page


def test_what_expires_soon_waits_with_its_reason_and_verb(client, at, actor, admin, control):
    prove(control, actor=actor, person=admin, now=at - timedelta(hours=1), age=0.99)
    found = today(actor=actor, now=at)
    assert found.renewals_total == len(control.expectations)
    one = found.renewals[0]
    assert (one.control, one.urgency, one.scope) == (control.id, "soon", ORGANISATION)
    assert one.holds_up > 0
    page = client.get("/").content.decode()
    assert one.what in page
    assert "Holds up" in page
    assert "Upload file" in page
    assert f'href="/controls/{control.id}#at-{one.expectation}"' in page


def test_what_ran_out_and_what_failed_waits(client, at, actor, admin, control):
    long_ago = at - control.expectations[0].max_age - timedelta(days=3)
    prove(control, actor=actor, person=admin, now=long_ago)
    assert {one.urgency for one in today(actor=actor, now=at).renewals} == {"expired"}
    assert "expired" in client.get("/").content.decode()
    prove(control, actor=actor, person=admin, now=at, passing=False)
    found = today(actor=actor, now=at)
    assert (found.renewals_total, found.failing_total) == (0, len(control.expectations))
    assert "Put right" in client.get("/").content.decode()


def test_what_was_declared_and_never_shown_waits(client, at, actor, admin, control):
    adopt_control(actor=actor, person=admin, control=control.id, state="implemented", now=at)
    found = today(actor=actor, now=at)
    assert found.never_total == len(control.expectations)
    assert "Declared, never shown" in client.get("/").content.decode()


def test_gaps_of_many_systems_are_one_thing_to_do(client, at, actor, admin):
    """A control that no AI system has ever shown is one line, not one for each system."""
    wanted = next(
        c for c in sorted(library().controls.values(), key=lambda c: c.id)
        if c.level == "system" and not c.binds_classes and not c.binds_roles
        and any(e.kind is not ExpectationKind.RECORD for e in c.expectations)
    )  # fmt: skip
    for name in ("Alpha", "Beta", "Gamma"):
        add_system(actor=actor, facts=system(name, owner=f"Owner of {name}"), now=at)
    adopt_control(actor=actor, person=admin, control=wanted.id, state="implemented", now=at)
    asked = [e for e in wanted.expectations if e.kind is not ExpectationKind.RECORD]
    found = today(actor=actor, now=at)
    assert [one.systems for one in found.never] == [3] * len(asked)
    assert "Alpha and 2 more AI systems" in client.get("/").content.decode()


def test_gaps_in_the_register_lead_to_their_rows(client, at, actor):
    add_system(actor=actor, facts=system("Alpha", owner="Mei Tanaka"), now=at)
    add_system(actor=actor, facts=system("Beta"), now=at)
    page = client.get("/").content.decode()
    assert "One AI system has no owner" in page
    assert 'href="/systems?owner=none"' in page
    assert "2 AI systems are not classified" in page
    assert 'href="/systems?risk=unclassified"' in page


def test_when_all_is_done_it_says_so_and_when_the_next_comes(client, at, actor, admin, control):
    add_system(actor=actor, facts=system("Alpha", owner="Mei Tanaka", classes=("minimal",)), now=at)
    judged(actor, at, "alpha")
    prove(control, actor=actor, person=admin, now=at)
    assert today(actor=actor, now=at).waiting == 0
    page = client.get("/").content.decode()
    assert "Nothing waits for you" in page


def test_it_shows_where_we_stand_and_what_lies_ahead(client, at, actor):
    found = today(actor=actor, now=at)
    assert [one.posture.framework.id for one in found.standing] == [
        "iso27001-2022", "iso42001-2023", "eu-ai-act", "nist-ai-rmf-1.0",
    ]  # fmt: skip
    assert all(one.on > at.date() for one in found.ahead)
    page = client.get("/").content.decode()
    assert 'href="/frameworks/iso42001-2023"' in page
    assert "start to bind" in page


def test_text_of_people_is_never_markup(client, at, actor):
    add_system(actor=actor, facts=system("<b>Bold</b>"), now=at)
    page = client.get("/").content.decode()
    assert "&lt;b&gt;Bold&lt;/b&gt;" in page
    assert "<b>Bold</b>" not in page


def test_it_asks_few_questions(client, at, actor, admin, control, django_assert_max_num_queries):
    prove(control, actor=actor, person=admin, now=at, age=0.99)
    client.get("/")
    with django_assert_max_num_queries(38):
        client.get("/")


# --- mine and everybody's


def test_who_owns_something_sees_their_own_first(client, at, actor, admin, kim, control):
    """Rule: the address says whose; without it one's own comes first for who owns anything, else everybody's."""
    prove(control, actor=actor, person=admin, now=at - timedelta(hours=1), age=0.99)
    page = client.get("/").content.decode()
    assert 'href="?whose=all" aria-current="true"' in page
    name_owner(actor=actor, person=admin, controls=[control.id], owner=kim, now=at)
    assert today(actor=actor, now=at).renewals_total == len(control.expectations)
    assert "Kim Lee." in client.get("/").content.decode()
    client.force_login(kim)
    mine = client.get("/").content.decode()
    assert 'href="?whose=mine" aria-current="true"' in mine
    assert "wait for you" in mine or "waits for you" in mine
    assert today(actor=actor, now=at, whose="mine").renewals_total == 0


def test_what_a_system_lacks_waits_for_its_owner(client, at, actor, admin, kim):
    add_system(actor=actor, facts=system("Alpha", owner="kim@example.org"), now=at)
    add_system(actor=actor, facts=system("Beta", owner="Somebody Else"), now=at)
    add_system(actor=actor, facts=system("Gamma"), now=at)
    client.force_login(kim)
    page = client.get("/").content.decode()
    assert "One AI system is not classified" in page
    assert 'href="/systems?risk=unclassified&amp;q=kim%40example.org"' in page
    assert "has no owner" not in page
    assert "3 AI systems are not classified" in client.get("/?whose=all").content.decode()


def test_tasks_that_are_late_or_due_soon_wait_with_their_day(client, at, actor, admin, kim):
    due = {"GOV-01": -1, "GOV-02": 9, "GOV-03": 60}
    before = at - timedelta(days=5)
    wanted = [
        Wanted(control=one, owner=kim, due_on=(at + timedelta(days=n)).date(), effort_days=1, because=f"For {one}")
        for one, n in due.items()
    ]
    make_tasks(actor=actor, person=admin, wanted=wanted, now=before)
    client.force_login(kim)
    page = client.get("/").content.decode()
    assert ("For GOV-01" in page, "For GOV-02" in page, "For GOV-03" in page) == (True, True, False)
    assert "2 tasks are due" in page
    assert "was due" in page


def test_a_plan_whose_day_has_passed_is_a_decision(client, at, actor, admin, kim):
    name_owner(actor=actor, person=admin, controls=["GOV-02"], owner=kim, now=at)
    for control, days in (("GOV-02", -2), ("GOV-03", 9)):
        adopt_control(actor=actor, person=admin, control=control, state="planned", now=at - timedelta(days=5),
                      plan_due=at + timedelta(days=days))  # fmt: skip
    assert [one.control for one in today(actor=actor, now=at).plans] == ["GOV-02"]
    client.force_login(kim)
    page = client.get("/").content.decode()
    assert "planned by" in page
    assert 'href="/controls/GOV-02#at-adopt"' in page
    assert "1 decision" in page


def test_a_late_plan_with_a_due_task_is_one_thing(client, at, actor, admin, kim):
    """Rule: what is done by one act is counted once."""
    name_owner(actor=actor, person=admin, controls=["GOV-02"], owner=kim, now=at)
    before, late = at - timedelta(days=5), at - timedelta(days=2)
    adopt_control(actor=actor, person=admin, control="GOV-02", state="planned", now=before, plan_due=late)
    wanted = Wanted(control="GOV-02", owner=kim, due_on=late.date(), effort_days=1, because="As planned")
    make_tasks(actor=actor, person=admin, wanted=[wanted], now=before)
    found = today(actor=actor_of(kim), now=at)
    assert ([one.control for one in found.plans], found.tasks, found.to_do) == (["GOV-02"], (), 1)
    client.force_login(kim)
    page = client.get("/").content.decode()
    assert "Declare anew" in page
    assert "Tasks due" not in page


def test_a_review_waits_for_who_may_decide_it(client, at, actor, admin, kim):
    """Rule: four eyes: who answered or asked is not offered the decision."""
    lee = add_person(actor=actor, email="lee@example.org", name="Lee Lead", role="lead", password=None, now=at)
    add_system(actor=actor, facts=system("Ranking", stage="operation", owner="kim@example.org"), now=at)
    answers = answer_classification(
        actor=actor, person=admin, tree=LAW, scope="ranking", given=RANKING, seen="", now=at
    )
    ask_review(actor=actor, person=admin, answers=answers.id, now=at)
    client.force_login(lee)
    page = client.get("/?whose=mine").content.decode()
    assert "Review the classification of Ranking under" in page
    assert f'href="/systems/ranking/classification?law={LAW}#review"' in page
    for person in (admin, kim):
        client.force_login(person)
        assert "Review the classification" not in client.get("/?whose=mine").content.decode()
        assert "Somebody else has to decide" in client.get("/?whose=all").content.decode()
    review_classification(actor=actor_of(lee), person=lee, answers=answers.id, decision="returned", because="b", now=at)
    client.force_login(lee)
    assert "Review the classification" not in client.get("/?whose=all").content.decode()


def test_what_records_ask_waits_for_whom_it_concerns(client, at, actor, admin, kim, noor):
    """Rule: a decision that was asked for, what is to be looked at again, each with day and link; not for its asker."""
    risk = judged(actor, at - timedelta(days=1))
    propose_acceptance(
        actor=actor, person=admin, risk=risk.slug, until=(at + timedelta(days=90)).date(), because="Insured", now=at
    )
    supplier = SUPPLIERS.make({"name": "Parley", "owner": "Kim@example.org", "next_review_on": at.date()})
    add_record(actor=actor, register=SUPPLIERS, entry=supplier, now=at)
    client.force_login(kim)
    page = client.get("/?whose=mine").content.decode()
    assert "1 record to look at again" in page
    assert 'href="/suppliers/parley">Look at the supplier again: Parley' in page
    assert "Decide whether to accept" not in page
    client.force_login(admin)
    assert "Look at the supplier again" not in client.get("/?whose=mine").content.decode()
    page = client.get("/?whose=all").content.decode()
    assert f'href="/risks/{risk.slug}#accept-h">Decide whether to accept: Errs' in page
    assert "Somebody else has to decide" in page
    assert page.count("Look at the supplier again: Parley") > 0


# --- since the last visit


@pytest.fixture
def come(client, admin, monkeypatch):
    """Opens Today at an instant, in a session of its own."""

    def at_instant(instant):
        monkeypatch.setattr(timezone, "now", lambda: instant)
        client.force_login(admin)
        return client.get("/").content.decode()

    return at_instant


def test_what_moved_since_the_last_visit_stands_with_its_cause(come, actor, admin, now, control):
    """Rule: verdicts that moved, what fell first, each with what came in between; nothing if nothing moved."""
    prove(control, actor=actor, person=admin, now=now)
    assert "since your last visit" not in come(now)
    assert "Moved since" not in come(now + timedelta(hours=1))
    later = now + timedelta(hours=20)
    prove(control, actor=actor, person=admin, now=later - timedelta(minutes=5), passing=False)
    page = come(later)
    assert "Moved since your last visit" in page
    assert f"Evidence for {control.id} fails" in page
    assert re.search(r'href="/ledger/\d+">Evidence for', page)
    found = today(actor=actor, now=later)
    met = {one.posture.framework.id: one.met - (one.gained or 0) for one in found.standing}
    assert met == {one.posture.framework.id: one.met for one in today(actor=actor, now=now).standing}
    assert found.moves_total >= len(found.moves) > 0
    assert "Moved since your last visit" in come(later + timedelta(minutes=20)), "it stays for the whole visit"
    assert "Moved since your last visit" not in come(later + timedelta(hours=3))


def test_what_ran_out_by_itself_moved_too(come, actor, admin, now, control):
    prove(control, actor=actor, person=admin, now=now)
    come(now)
    page = come(now + min(one.max_age for one in control.expectations) + timedelta(days=1))
    assert f"Evidence for {control.id} ran out" in page


def test_every_page_belongs_to_a_visit_and_no_page_is_lost_with_it(come, client, actor, now, monkeypatch):
    """Rule: reading elsewhere keeps a visit alive; what cannot be noted is no reason for an error."""
    come(now)
    for minutes in (20, 40, 60):
        monkeypatch.setattr(timezone, "now", lambda minutes=minutes: now + timedelta(minutes=minutes))
        client.get("/controls")
    assert Visit.objects.get().left_at is None
    assert Visit.objects.get().seen_at == now + timedelta(minutes=60)

    def broken(**_: object) -> None:
        raise DatabaseError("locked")

    monkeypatch.setattr("annexa.web.visits.visit", broken)
    assert "Today" in come(now + timedelta(days=1))


def test_the_verdicts_of_the_last_visit_are_worked_out_once(come, actor, admin, now, control, monkeypatch):
    come(now)
    later = now + timedelta(days=1)
    prove(control, actor=actor, person=admin, now=later)
    come(later)
    asked = []
    monkeypatch.setattr("annexa.answers.since.standpoint", lambda **more: asked.append(more))
    assert "Moved since your last visit" in come(later + timedelta(minutes=10))
    assert asked == []


def test_what_somebody_left_behind_waits_for_who_can_hand_it_over(client, at, actor, admin, kim, noor):
    """Rule: a directory ends access and names no successors; what is held stays in sight of those who can act."""
    name_owner(actor=actor, person=admin, controls=["GOV-02"], owner=kim, now=at)
    add_system(actor=actor, facts=system("Chatbot", owner="Kim@example.org"), now=at)
    assert "Hand over" not in client.get("/").content.decode()
    suspend_person(actor=actor, person=kim.pk, because="Left the directory", now=at)
    page = client.get("/").content.decode()
    assert "Hand over" in page
    assert "1 control, 1 AI system" in page
    assert (today(actor=actor, now=at).left_total, today(actor=actor_of(noor), now=at).left_total) == (1, 0)
