"""What records ask of people stands among the tasks of those who may do it, with day and page; of nobody else."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.urls import Resolver404, resolve

from annexa.actions.documents import approve_version, hand_in, publish_version, read_version, write_version
from annexa.actions.door import door
from annexa.actions.exceptions import decide_exception
from annexa.actions.monitoring import end_breach
from annexa.actions.people import actor_of, add_person
from annexa.actions.questionnaires import answer_questionnaire, hand_in_questionnaire, send_questionnaire
from annexa.actions.readings import acknowledge, ask_to_read
from annexa.actions.registers import add_record, change_record
from annexa.actions.risks import decide_acceptance, propose_acceptance
from annexa.actions.soa import ask_approval, decide_applicability, decide_statement
from annexa.actions.systems import add_system, change_system
from annexa.actions.uses import ask_use, decide_use
from annexa.answers.owners import owners
from annexa.answers.posture import standpoint
from annexa.answers.soa import draft
from annexa.answers.tasks import list_todos, my_calendar
from annexa.answers.waits import waits
from annexa.library.questionnaires import questionnaires
from annexa.pure.permits import ANNEXA, Actor, Grant
from annexa.pure.registers.documents import DOCUMENTS
from annexa.pure.registers.exceptions import EXCEPTIONS
from annexa.pure.registers.risks import RISKS
from annexa.pure.registers.supplier_incidents import SUPPLIER_INCIDENTS
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.pure.registers.tools import TOOLS
from annexa.pure.registers.uses import USES
from annexa.pure.systems import SystemFacts
from annexa.records.monitors import MonitorBreach, MonitorRun
from annexa.records.systems import AiSystem
from tests.questions import everything

RETAIL = Actor(
    id="person/98", name="Rita Retail", role="member", grants=(Grant(role="owner", units=frozenset({"Retail"})),)
)


@pytest.fixture
def people(organisation, admin, now):
    """Ola owns, Rob reads, Lee leads; Ada administers."""
    made = {
        name: add_person(
            actor=ANNEXA, email=f"{name}@example.org", name=name.capitalize(), role=role, password=None, now=now
        )
        for name, role in (("ola", "owner"), ("rob", "owner"), ("lee", "lead"))
    }
    return {**made, "ada": admin}


def asked_of(who, at, beginning=""):
    """What waits, as somebody sees it: title, day, whether it is theirs. Every page it names is there."""
    actor = who if isinstance(who, Actor) else actor_of(who)
    stand = standpoint(actor=actor, now=at)
    found = waits(actor=actor, stand=stand, held=owners(actor=actor, stand=stand), now=at)
    for one in found:
        try:
            resolve(one.address.partition("#")[0])
        except Resolver404:
            pytest.fail(f"{one.address} is no page")
    return [(one.title, one.due_on, one.mine) for one in found if one.title.startswith(beginning)]


def said(who, at):
    return [(title, mine) for title, _, mine in asked_of(who, at)]


# --- uses of AI


@pytest.fixture
def tool(actor, people, now):
    values = {
        "name": "Aide", "status": "approved", "purposes": ("writing and editing",), "data_up_to": "internal",
        "personal_up_to": "none", "trains_on_inputs": "no", "approved_until": date(2027, 3, 1),
        "owner": "ola@example.org",
    }  # fmt: skip
    return add_record(actor=actor, register=TOOLS, entry=TOOLS.make(values), now=now)


def test_a_use_of_ai_waits_for_who_may_decide_it_and_again_before_its_approval_ends(people, tool, now) -> None:
    values = {
        "name": "Letters", "tool": "aide", "purpose": "translation", "data_class": "internal",
        "personal_data": "none", "result": "own draft or idea",
    }  # fmt: skip
    rob = people["rob"]
    row = ask_use(actor=actor_of(rob), person=rob, entry=USES.make(values), now=now)
    waiting, due = "Decide about the use of AI: Letters", now.date() + timedelta(days=27)
    assert asked_of(people["ola"], now) == [(waiting, due, True)]
    assert asked_of(people["lee"], now) == [(waiting, due, True)]
    assert asked_of(rob, now) == [(waiting, due, False)], "who asked sees that it waits, and does not decide"
    assert asked_of(RETAIL, now) == []
    ends = now.date() + timedelta(days=90)
    decide_use(
        actor=actor_of(people["lee"]), person=people["lee"], slug=row.slug, decision="approved with conditions",
        because="Needed", conditions="Nothing secret", review_on=ends, seen=row.changed_at, now=now,
    )  # fmt: skip
    assert asked_of(people["ola"], now) == []
    later = now + timedelta(days=61)
    assert asked_of(people["ola"], later) == [("Renew the use of AI: Letters", ends, True)]


# --- risks


def test_an_acceptance_waits_for_who_may_sign_it_and_comes_back_before_it_ends(people, actor, now) -> None:
    values = {"name": "Fire", "area": "security", "owner": "ola@example.org", "likelihood": 3, "impact": 3}
    risk = add_record(actor=actor, register=RISKS, entry=RISKS.make(values), now=now)
    until = now.date() + timedelta(days=90)
    ola, lee = people["ola"], people["lee"]
    made = propose_acceptance(actor=actor_of(ola), person=ola, risk=risk.slug, until=until, because="Insured", now=now)
    waiting, due = "Decide whether to accept: Fire", now.date() + timedelta(days=14)
    assert asked_of(lee, now) == [(waiting, due, True)]
    assert asked_of(ola, now) == [(waiting, due, False)], "who proposes does not sign"
    assert asked_of(people["rob"], now) == [(waiting, due, False)], "another owner may not"
    assert asked_of(RETAIL, now) == []
    decide_acceptance(actor=actor_of(lee), person=lee, proposal=made.id, accept=True, because="Yes", now=now)
    assert asked_of(lee, now) == []
    assert asked_of(ola, now + timedelta(days=59)) == []
    again = "Accept anew or treat: Fire"
    assert asked_of(ola, now + timedelta(days=61)) == [(again, until, True)]
    assert asked_of(ola, now + timedelta(days=91)) == [(again, until, True)]
    later = now + timedelta(days=91)
    propose_acceptance(
        actor=actor_of(ola), person=ola, risk=risk.slug, until=later.date() + timedelta(days=9), because="So", now=later
    )
    assert [title for title, *_ in asked_of(ola, later)] == [waiting], "a new proposal is the same work"


def test_an_ai_system_waits_until_its_risks_are_judged_and_again_when_it_changes(people, actor, now) -> None:
    facts = SystemFacts(name="Ranking", owner="ola@example.org", purpose="Ranks", supplier="Parley")
    add_system(actor=actor, facts=facts, now=now)
    ola = people["ola"]
    assert asked_of(ola, now) == [("Judge the risks of a new AI system", now.date() + timedelta(days=14), True)]
    assert asked_of(people["rob"], now) == [
        ("Judge the risks of a new AI system", now.date() + timedelta(days=14), False)
    ]
    values = {
        "name": "Bias", "area": "ai", "owner": "ola@example.org", "likelihood": 2, "impact": 2,
        "systems": ("ranking",), "assessed_on": now.date(),
    }  # fmt: skip
    add_record(actor=actor, register=RISKS, entry=RISKS.make(values), now=now)
    assert asked_of(ola, now) == []

    def change(at, **values):
        row = AiSystem.objects.get(slug="ranking")
        change_system(actor=actor, slug="ranking", facts=replace(row.facts(), **values), seen=row.changed_at, now=at)

    later = now + timedelta(days=9)
    change(later, personal_data="yes")
    assert asked_of(ola, later) == [], "what nobody had said is no change of the system"
    change(later + timedelta(hours=1), personal_data="yes", supplier="Hosting North")
    at = later + timedelta(hours=2)
    for when, fulfilled in ((later, True), (at, False)):
        lasting = standpoint(actor=actor, now=when, at=when if when == later else None)
        assert ("ranking" in lasting.engine.lasting["ai_risks_assessed"]) is fulfilled
        assert ("ranking" in lasting.portfolio._lasting["ai_risks_assessed"]) is fulfilled, "both engines agree"
    assert asked_of(ola, at) == [("Judge the risks again: the AI system changed", at.date() + timedelta(days=14), True)]


# --- documents


def test_a_document_waits_for_its_reader_then_its_approver_then_its_owner(people, actor, now) -> None:
    ola, rob, lee = people["ola"], people["rob"], people["lee"]
    values = {
        "name": "Access", "kind": "policy", "owner": "ola@example.org", "approver": "lee@example.org",
        "reviewers": "rob@example.org", "review_months": 12, "classification": "internal",
    }  # fmt: skip
    slug = add_record(actor=actor, register=DOCUMENTS, entry=DOCUMENTS.make(values), now=now).slug

    def by(person):
        return {"actor": actor_of(person), "person": person, "document": slug, "now": now, "because": "So"}

    write_version(content="# Access", limit_bytes=999, **by(ola))
    assert asked_of(ola, now) == [], "a draft waits for nobody"
    hand_in(**by(ola))
    soon = now.date() + timedelta(days=14)
    assert asked_of(rob, now) == [("Review the document: Access", soon, True)]
    assert said(lee, now) == [("Review the document: Access", False)]
    read_version(agrees=True, **by(rob))
    assert said(lee, now) == [("Approve the document: Access", True)]
    assert said(rob, now) == [("Approve the document: Access", False)]
    approve_version(**by(lee))
    assert said(ola, now) == [("Publish the document: Access", True)]
    publish_version(**by(ola))
    assert asked_of(lee, now) == asked_of(ola, now) == []
    ask_to_read(readers=[rob], due_on=soon, **by(ola))
    assert asked_of(rob, now) == [("Read the document: Access", soon, True)]
    assert asked_of(ola, now) == []
    acknowledge(actor=actor_of(rob), person=rob, document=slug, number=1, now=now)
    assert asked_of(rob, now) == []
    ends = date(2027, 11, 20)
    for days in (340, 400):
        assert asked_of(lee, now + timedelta(days=days)) == [("Look at the document again: Access", ends, True)]
    assert asked_of(RETAIL, now + timedelta(days=400)) == []


# --- the statement, questionnaires, suppliers


def test_the_statement_waits_for_somebody_else_than_who_asked(people, actor, admin, now) -> None:
    choices = tuple(draft(actor=actor, now=now).proposals.values())
    decide_applicability(actor=actor, person=admin, choices=choices, until=date(2027, 1, 1), now=now)
    ask_approval(actor=actor, person=admin, scopes={}, now=now)
    waiting = "Decide about the statement of applicability, version 1"
    assert said(people["lee"], now) == [(waiting, True)]
    assert said(admin, now) == said(people["ola"], now) == [(waiting, False)]
    assert said(RETAIL, now) == []
    lee = people["lee"]
    decide_statement(actor=actor_of(lee), person=lee, number=1, decision="approved", because="Read", now=now)
    assert said(lee, now) == []


def test_a_supplier_waits_for_its_owner_when_it_answered_and_when_it_is_due(people, actor, admin, now) -> None:
    due = now.date() + timedelta(days=40)
    values = {"name": "Parley", "tier": "critical", "owner": "ola@example.org", "next_review_on": due, "unit": "Legal"}
    slug = add_record(actor=actor, register=SUPPLIERS, entry=SUPPLIERS.make(values), now=now).slug
    asked = questionnaires()["supplier-short"]
    _, secret = send_questionnaire(
        actor=actor, person=admin, supplier=slug, questionnaire=asked.id, to="a@b.example", now=now,
        due_on=now.date() + timedelta(days=9),
    )  # fmt: skip
    assert said(people["ola"], now) == []
    answer_questionnaire(secret=secret, given=everything(asked), now=now)
    hand_in_questionnaire(secret=secret, signed="Pat", now=now)
    assert said(people["ola"], now) == said(admin, now) == [("Judge the answers of Parley", True)]
    assert said(people["rob"], now) == [("Judge the answers of Parley", False)]
    assert said(RETAIL, now) == []
    assert [row[:2] for row in asked_of(people["ola"], now + timedelta(days=12), "Look")] == [
        ("Look at the supplier again: Parley", due)
    ]


def test_a_serious_open_incident_asks_for_another_look_at_the_supplier(people, actor, now) -> None:
    """Until it is closed or somebody has looked, and for nothing that is less than serious."""
    today = now.date()
    values = {"name": "Parley", "owner": "ola@example.org", "assessed_on": today - timedelta(days=9), "unit": "Legal"}
    supplier = add_record(actor=actor, register=SUPPLIERS, entry=SUPPLIERS.make(values), now=now)
    told = {
        "name": "Leak", "supplier": supplier.slug, "owner": "lee@example.org", "known_on": today, "unit": "Legal",
    }  # fmt: skip
    row = add_record(actor=actor, register=SUPPLIER_INCIDENTS, entry=SUPPLIER_INCIDENTS.make(told), now=now)

    def changed(register, row, **values):
        return change_record(
            actor=actor, register=register, slug=row.slug, entry=register.replaced(row.entry, values),
            seen=row.changed_at, now=now,
        )  # fmt: skip

    judge = ("Say how bad it is and since when it is known: Leak", today + timedelta(days=14), True)
    assert asked_of(people["lee"], now) == [judge]
    assert asked_of(people["ola"], now) == [(*judge[:2], False)]
    row = changed(SUPPLIER_INCIDENTS, row, severity="medium")
    assert asked_of(people["ola"], now, "Look") == []
    row = changed(SUPPLIER_INCIDENTS, row, severity="high")
    look = ("Look at the supplier again: Parley", today + timedelta(days=14), True)
    assert asked_of(people["ola"], now, "Look") == [look]
    assert asked_of(people["lee"], now) == [
        (*look[:2], False), ("Close the supplier incident: Leak", today + timedelta(days=59), True)
    ]  # fmt: skip
    assert asked_of(RETAIL, now) == []
    # a review that is due sooner says so; one that is due later does not hide the incident
    supplier = changed(SUPPLIERS, supplier, next_review_on=today + timedelta(days=3))
    assert asked_of(people["ola"], now, "Look") == [(look[0], today + timedelta(days=3), True)]
    supplier = changed(SUPPLIERS, supplier, next_review_on=today + timedelta(days=29))
    assert asked_of(people["ola"], now, "Look") == [look]
    # looked at since, or closed
    supplier = changed(SUPPLIERS, supplier, next_review_on=None, assessed_on=today)
    assert asked_of(people["ola"], now, "Look") == []
    supplier = changed(SUPPLIERS, supplier, assessed_on=None)
    assert asked_of(people["ola"], now, "Look") == [look]
    changed(SUPPLIER_INCIDENTS, row, closed_on=today, done="Mended")
    assert asked_of(people["ola"], now) == []
    said_now = standpoint(actor=actor, now=now).engine.records.said("supplier_incidents_handled", "organisation")
    assert (said_now.fulfilled, said_now.population) == (0, 1)  # closed without a lesson


def test_an_exception_waits_for_approval_then_before_its_end_and_after(people, actor, now) -> None:
    values = {"name": "Consoles", "controls": ("ACC-02",), "owner": "ola@example.org", "asked_by": "rob@example.org"}
    row = add_record(actor=actor, register=EXCEPTIONS, entry=EXCEPTIONS.make(values), now=now)
    assert said(people["ola"], now) == [("Complete the exception: Consoles", True)]
    until = now.date() + timedelta(days=60)
    change_record(
        actor=actor, register=EXCEPTIONS, slug=row.slug, seen=row.changed_at, now=now,
        entry=EXCEPTIONS.replaced(row.entry, {"why": "Faults", "instead": "Door log", "until": until}),
    )  # fmt: skip
    assert said(people["ola"], now) == said(people["rob"], now) == [("Decide about the exception: Consoles", False)]
    assert said(people["lee"], now) == [("Decide about the exception: Consoles", True)]
    lee = people["lee"]
    decide_exception(actor=actor_of(lee), person=lee, exception=row.slug, approve=True, because="Log", now=now)
    assert asked_of(people["ola"], now) == asked_of(lee, now) == []
    again = [("End or extend the exception: Consoles", until, True)]
    for days, fulfilled in ((40, True), (61, False)):
        later = now + timedelta(days=days)
        assert asked_of(people["ola"], later) == again
        said_now = standpoint(actor=actor, now=later).engine.records.said("exceptions_in_time", "organisation")
        assert (said_now.fulfilled == said_now.population == 1) is fulfilled
    assert asked_of(RETAIL, now + timedelta(days=40)) == []


# --- among the tasks


def test_it_stands_among_the_tasks_and_in_the_calendar_of_whom_it_waits_for(people, actor, now) -> None:
    values = {"name": "Parley", "owner": "ola@example.org", "next_review_on": now.date() - timedelta(days=1)}
    add_record(actor=actor, register=SUPPLIERS, entry=SUPPLIERS.make(values), now=now)
    mine = list_todos(actor=actor_of(people["ola"]), now=now, whose="mine")
    assert [(one.name, one.state, one.address) for one in mine.rows] == [
        ("Look at the supplier again: Parley", "late", "/suppliers/parley")
    ]
    assert list_todos(actor=actor_of(people["rob"]), now=now, whose="mine").rows == ()
    assert len(list_todos(actor=actor_of(people["rob"]), now=now, whose="all").rows) == 1
    text = my_calendar(actor=actor_of(people["ola"]), now=now, address="https://annexa.example")
    assert "URL:https://annexa.example/suppliers/parley" in text
    assert "parley" not in my_calendar(actor=actor_of(people["rob"]), now=now, address="https://annexa.example")


# --- what monitors found


def test_a_breach_waits_for_the_owner_of_the_system(people, actor, now) -> None:
    """Rule: by its severity there is a day; whoever does not know of the system does not know of the breach."""
    add_system(actor=actor, facts=SystemFacts(name="Chatbot", owner="ola@example.org", stage="operation"), now=now)
    with door(actor=ANNEXA, verb="run_monitors", now=now) as opened:
        window = {"since": now - timedelta(days=1), "until": now}
        run = MonitorRun(
            id="run1", system="chatbot", monitor="errors", outcome="fail", says="50 % of 400 events.",
            recorded_at=now, **window,
        )  # fmt: skip
        opened.write(run, kind="monitor_run", subject="monitor/chatbot/errors")
        breach = MonitorBreach(
            id="breach1", system="chatbot", monitor="errors", run=run, severity="medium", says=run.says, recorded_at=now
        )
        opened.write(breach, kind="monitor_breach", subject="monitor/chatbot/errors")
    waiting = "Look into what a monitor found: Errors"
    due = now.date() + timedelta(days=7)
    assert asked_of(people["ola"], now, waiting) == [(waiting, due, True)]
    assert asked_of(people["lee"], now, waiting) == [(waiting, due, False)]
    assert asked_of(RETAIL, now) == []
    ola = people["ola"]
    end_breach(actor=actor_of(ola), person=ola, breach=breach, how="dismissed", because="A load test", now=now)
    assert asked_of(ola, now, waiting) == []
