"""A small organisation with something to hide: the facts, what it looks like, and what gives it away."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from annexa.actions.access_reviews import (
    Subject,
    carry_out_access,
    close_access_review,
    decide_access,
    import_access_list,
    open_access_review,
)
from annexa.actions.activity import draw_sample
from annexa.actions.activity_sources import assign_activity, choose_activity, close_source, open_source
from annexa.actions.assessments import (
    answer_assessment,
    approve_assessment,
    hand_in_assessment,
    start_assessment,
)
from annexa.actions.classification import answer_classification, ask_review, review_classification
from annexa.actions.compacting import compact_next
from annexa.actions.controls import adopt_control, close_judgement, judge
from annexa.actions.directory import (
    add_directory_group,
    add_directory_person,
    map_group,
    remove_directory_group,
    remove_directory_person,
    unmap_group,
)
from annexa.actions.documents import approve_version, hand_in, publish_version, write_version
from annexa.actions.errors import ActionError
from annexa.actions.evidence import add_evidence, attest
from annexa.actions.exceptions import decide_exception, withdraw_exception
from annexa.actions.governance import add_committee, appoint, end_appointment
from annexa.actions.grants import end_grant, grant_role
from annexa.actions.monitoring import choose_monitors, freeze_baseline, run_monitors
from annexa.actions.organisation import set_up_organisation
from annexa.actions.oversight import (
    Posted,
    decide_case,
    delegate_cases,
    end_delegation,
    plan_oversight,
    post_case,
    take_case,
)
from annexa.actions.oversight_deadlines import settle_cases, tell_standings
from annexa.actions.owners import name_owner
from annexa.actions.people import actor_of, add_person
from annexa.actions.questionnaire_files import send_file, take_file_back, take_file_over
from annexa.actions.questionnaires import (
    answer_questionnaire,
    hand_in_questionnaire,
    return_questionnaire,
    send_questionnaire,
)
from annexa.actions.readings import acknowledge, ask_to_read
from annexa.actions.registers import add_record
from annexa.actions.retaining import erase, open_erasures
from annexa.actions.retention import ask_erasure, decide_erasure, hold_activity, release_hold
from annexa.actions.risks import choose_risk_scale, decide_acceptance, propose_acceptance, withdraw_acceptance
from annexa.actions.sealing import seal_everything
from annexa.actions.second_factors import add_totp, remove_second_factor
from annexa.actions.sequencer import publish
from annexa.actions.sign_on import sign_in_by_provider
from annexa.actions.soa import ask_approval, decide_applicability, decide_statement
from annexa.actions.stop_switch import pull_stop, release_stop
from annexa.actions.systems import add_system
from annexa.actions.tasks import Wanted, make_tasks, move_task
from annexa.actions.tokens import add_service_account, create_token, revoke_token
from annexa.actions.training import settle_training, take_course
from annexa.actions.units import add_unit
from annexa.actions.webhooks import add_webhook, end_webhook
from annexa.activity.columns import batch_of
from annexa.activity.journal import Journal
from annexa.activity.query import Asked
from annexa.answers.access_reviews import plan_list
from annexa.answers.activity_parts import microseconds
from annexa.answers.activity_store import journal_folder, objects
from annexa.answers.actors import actor_of_account
from annexa.answers.libraries import library_at
from annexa.answers.soa import draft
from annexa.answers.store import blobs
from annexa.library.classification import classifications
from annexa.library.courses import courses
from annexa.library.questionnaires import questionnaires
from annexa.pure.activity_sources import Choice
from annexa.pure.events import Event
from annexa.pure.facts import ORGANISATION
from annexa.pure.oversight import Plan
from annexa.pure.permits import Actor
from annexa.pure.posture import CONTROL_ORDER, REQUIREMENT_ORDER, Engine, Verdict
from annexa.pure.registers import REGISTERS
from annexa.pure.registers.documents import DOCUMENTS
from annexa.pure.registers.exceptions import EXCEPTIONS
from annexa.pure.registers.risks import RISKS
from annexa.pure.registers.training_rules import TRAINING_RULES
from annexa.pure.second_factors import totp_code
from annexa.pure.sign_on import Asserted
from annexa.pure.systems import SystemFacts
from annexa.records import snapshot
from annexa.records.access_reviews import AccessDecision
from annexa.records.evidence import Evidence
from annexa.records.ledger import EntryBody, LedgerEntry, Outbox
from annexa.records.oversight import OversightItem
from annexa.records.people import Person
from annexa.records.registers import TABLES
from tests.activity import making
from tests.assessing import answers_to
from tests.questions import everything

NOW = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)
FRAMEWORKS = ("iso42001-2023", "eu-ai-act")
LAW = "eu-ai-act"
SHORT = questionnaires()["supplier-short"]
Verdicts = Mapping[tuple[str, str, str], Verdict]
"""(framework or "control", requirement or control, scope) → verdict."""

SYSTEMS = (
    SystemFacts(
        name="Chatbot", purpose="Answers customers", stage="operation", roles=("deployer",), classes=("transparency",),
        owner="kim@example.org", personal_data="yes", impact_assessment="yes", monitoring="yes",
    ),
    SystemFacts(
        name="Ranking", purpose="Ranks applicants", stage="operation", roles=("importer",), owner="lee@example.org",
        personal_data="yes", impact_assessment="yes", reference="HR-7",
    ),
    SystemFacts(name="Old planner", stage="retirement", owner="kim@example.org"),
)  # fmt: skip


def days(number: float) -> datetime:
    """So many days before now."""
    return NOW - timedelta(days=number)


def found() -> None:
    """Sets the organisation up through the actions, in the order of time, and publishes its ledger."""
    _, ada = set_up_organisation(
        name="Honest House", admin_email="ada@example.org", admin_name="Ada Admin",
        password="correct horse battery staple", now=days(500), frameworks=FRAMEWORKS,
    )  # fmt: skip
    for name, role in (("Lee Lead", "lead"), ("Ola Owner", "owner"), ("Ari Auditor", "auditor")):
        email = f"{name.split()[0].lower()}@example.org"
        add_person(actor=actor_of(ada), email=email, name=name, role=role, password=None, now=days(490))
    lee, ola, ari = (Person.objects.get(role=role) for role in ("lead", "owner", "auditor"))
    for facts in SYSTEMS:
        add_system(actor=actor_of(ada), facts=facts, now=days(480))
    _registers(ada)
    _documents(lee, ola)
    _training(ada, ola)
    for control in ("GOV-07", "GOV-02", "GOV-03", "INC-03", "SUP-01", "AIM-01", "AIM-02", "IMP-02", "LIF-07", "DAT-03"):
        adopt_control(actor=actor_of(lee), person=lee, control=control, state="implemented", now=days(470))
    adopt_control(
        actor=actor_of(lee), person=lee, control="PHY-01", state="excluded", because="No premises", now=days(470)
    )
    adopt_control(
        actor=actor_of(lee), person=lee, control="GOV-08", state="planned", plan_due=NOW + timedelta(days=60),
        now=days(470),
    )  # fmt: skip
    proof(ola, "SUP-01", "due-diligence-files", at=days(450))
    for control, expectation in (
        ("GOV-02", "approved-policies"), ("GOV-02", "acknowledgements"), ("GOV-07", "review-minutes"),
        ("GOV-07", "review-actions"), ("GOV-03", "role-matrix"), ("INC-03", "post-incident-reviews"),
        ("INC-03", "lessons-register"),
    ):  # fmt: skip
        proof(ola, control, expectation, at=days(100))
    for scope in ("chatbot", "ranking"):
        attest(
            actor=actor_of(ola), person=ola, control="AIM-02", expectation="classification-reviewed", scope=scope,
            statement="I looked at the class again.", now=days(90),
        )  # fmt: skip
    proof(ola, "DAT-03", "provenance-record", at=days(80), scope="chatbot")
    _judgements(lee, ari)
    _classification(ola, lee)
    _work(lee, ola)
    _risks(ada, lee, ola)
    _exceptions(ada, ola, lee)
    _tokens(ada)
    _activity(ada, lee)
    _sign_in(ada, ola)
    _access(ada, lee, ola)
    _assessments(lee, ola)
    _directory(ada)
    _due_diligence(ola)
    _statement(ada, lee)
    _oversight(lee, ola)
    _monitors(lee)
    proof(ola, "LIF-07", "monitoring-review", at=days(14), scope="chatbot")
    proof(ola, "INC-03", "lessons-register", at=days(9), passing=False)
    proof(ola, "LIF-07", "monitors-pass", at=days(1), scope="chatbot", passing=False)
    publish()


def _registers(ada: Person) -> None:
    """Two records of every register."""
    for register in REGISTERS.values():
        needed = {one.name: one.choices[1] if one.choices else "Needed" for one in register.fields if one.required}
        for name in ("First", "Second"):
            entry = register.make({**needed, "name": f"{name} {register.one}"})
            add_record(actor=actor_of(ada), register=register, entry=entry, now=days(478))


def _documents(lee: Person, ola: Person) -> None:
    """A document that Ola wrote and Lee approved, in force since."""
    entry = DOCUMENTS.make(
        {
            "name": "Crypto standard", "kind": "rules", "owner": ola.email, "approver": lee.email, "review_months": 24,
            "classification": "internal", "serves": ("CRY-01/crypto-standard",),
        }
    )  # fmt: skip
    made = add_record(actor=actor_of(ola), register=DOCUMENTS, entry=entry, now=days(477))
    by_ola = {"actor": actor_of(ola), "person": ola, "document": made.slug}
    by_lee = {**by_ola, "actor": actor_of(lee), "person": lee}
    write_version(content="# Keys\n\nTurn them.", because="First", limit_bytes=10_000, now=days(476), **by_ola)
    hand_in(because="", now=days(475), **by_ola)
    approve_version(because="Read it", now=days(474), **by_lee)
    publish_version(because="", now=days(473), **by_lee)
    ask_to_read(readers=[ola], due_on=days(440).date(), because="New", now=days(472), **by_lee)
    acknowledge(actor=actor_of(lee), person=lee, document=made.slug, number=1, now=days(471))


def _training(ada: Person, ola: Person) -> None:
    """A rule for everybody; Ola has passed."""
    course = "everyone-ai-and-security"
    entry = TRAINING_RULES.make({"name": "Basics", "course": course, "roles": ("everyone",), "literacy": "yes"})
    add_record(actor=actor_of(ada), register=TRAINING_RULES, entry=entry, now=days(470.9))
    settle_training(now=days(470.8))
    answers = {one.id: sorted(one.right) for one in courses()[course].questions}
    take_course(actor=actor_of(ola), person=ola, course=course, answers=answers, now=days(470.7))


def _risks(ada: Person, lee: Person, ola: Person) -> None:
    """Two scales, one after the other; a risk that is accepted and taken back, and one whose acceptance is refused."""
    for scale, when in (("3x3", 54.9), ("5x5", 54.8)):
        choose_risk_scale(
            actor=actor_of(lee), person=lee, scale=scale, appetite={"": "low"}, because="Board", now=days(when)
        )
    rows = [
        add_record(
            actor=actor_of(ada), register=RISKS, now=days(54.7),
            entry=RISKS.make(
                {
                    "name": name, "area": "security", "owner": ola.email, "likelihood": 2, "impact": 3,
                    "rated_because": "x",
                }
            ),
        )
        for name in ("Fire", "Flood")
    ]  # fmt: skip
    made = [
        propose_acceptance(
            actor=actor_of(ola), person=ola, risk=row.slug, until=(NOW + timedelta(days=60)).date(),
            because="Insured", now=days(54.6),
        )
        for row in rows
    ]  # fmt: skip
    by = {"actor": actor_of(lee), "person": lee}
    for proposal, accept in zip(made, (True, False), strict=True):
        decide_acceptance(proposal=proposal.id, accept=accept, because="Looked at", now=days(54.5), **by)
    withdraw_acceptance(proposal=made[0].id, because="A neighbour burnt", now=days(54.4), **by)


def _exceptions(ada: Person, ola: Person, lee: Person) -> None:
    """Two exceptions that Ola asks for; Lee approves one and takes it back, and refuses the other."""
    rows = [
        add_record(
            actor=actor_of(ola), register=EXCEPTIONS, now=days(54.3),
            entry=EXCEPTIONS.make(
                {
                    "name": name, "controls": ("ACC-02",), "why": "Faults", "instead": "Door log", "owner": ola.email,
                    "asked_by": ola.email, "until": (NOW + timedelta(days=60)).date(),
                }
            ),
        )
        for name in ("Consoles", "Doors")
    ]  # fmt: skip
    by = {"actor": actor_of(lee), "person": lee}
    for row, approve in zip(rows, (True, False), strict=True):
        decide_exception(exception=row.slug, approve=approve, because="Looked at", now=days(54.2), **by)
    by = {"actor": actor_of(ada), "person": ada}
    withdraw_exception(exception=rows[0].slug, because="The log is off", now=days(54.1), **by)


def _tokens(ada: Person) -> None:
    by = {"actor": actor_of(ada), "person": ada}
    account = add_service_account(slug="pipeline", name="Pipeline", role="owner", because="CI", now=days(50), **by)
    made = [
        create_token(name=name, holder=account, scopes=["read"], expires_at=days(-90), now=days(49), **by)[0]
        for name in ("Nightly", "Old", "Older")
    ]
    revoke_token(token=made[1].id, because="Replaced", now=days(48), **by)
    hooks = [add_webhook(url=f"https://example.org/{one}", kinds=["evidence"], now=days(47), **by) for one in "ab"]
    end_webhook(webhook=hooks[0].id, because="Moved", now=days(46), **by)
    markets = add_unit(actor=by["actor"], name="Markets", now=days(45.9))
    for name in ("Nightly", "Later"):
        create_token(
            name=name, holder=account, scopes=["read"], units=[markets.slug], expires_at=days(-90), now=days(45.9), **by
        )
    add_committee(actor=by["actor"], name="AI board", purpose="Decides on AI.", months_between=3, now=days(45.9))
    for office in ("incident-manager", "supplier-manager"):
        made = appoint(
            actor=by["actor"], by=ada, office=office, body="organisation", person=ada, because="Board", now=days(45)
        )
    end_appointment(actor=by["actor"], by=ada, appointment=made.id, because="Left", now=days(44))
    for where in ({"unit": markets.slug}, {"system": "chatbot"}):
        grant_role(holder=account, role="reader", because="Reports", now=days(44), **where, **by)
    grant = grant_role(holder=account, role="auditor", unit=markets.slug, because="Audit", now=days(43), **by)
    end_grant(grant=grant.id, because="Done", now=days(42), **by)


def _activity(ada: Person, lee: Person) -> None:
    """A source of each kind, one of them closed, and what is kept."""
    by = {"actor": actor_of(ada), "person": ada}
    rule = {"attribute": "service.name", "how": "equals", "value": "ranking", "system": "ranking"}
    open_source(slug="bot", name="Chatbot", system="chatbot", because="Goes live", now=days(41.9), **by)
    open_source(slug="gateway", name="Gateway", rules=[rule], because="All others", now=days(41.8), **by)
    open_source(slug="old-gateway", name="Old gateway", because="Before", now=days(41.7), **by)
    close_source(source="old-gateway", because="Replaced", now=days(41.6), **by)
    for system in ("chatbot", ORGANISATION):
        choose_activity(system=system, choice=Choice(retention_days=365), because="Policy", now=days(41.5), **by)
    at = microseconds(days(41.4))
    known = [making.event(n, at=at + n, received_at=at + n, source="bot") for n in range(3)]
    nobodys = [making.event(n, at=at + n, received_at=at, system="", source="gateway", service="kiosk") for n in (7, 8)]
    making.arrive(journal_folder(), known, nobodys)
    seal_everything(clock=lambda: days(41.3))
    assign_activity(
        source="gateway", attribute="service.name", value="kiosk", system="ranking", earlier=True, because="It is",
        now=days(41.2), **by,
    )  # fmt: skip
    draw_sample(system="chatbot", asked=Asked(), size=2, seed="s", because="Review", now=days(41.1), **by)
    _retention(ada, lee)


def _retention(ada: Person, lee: Person) -> None:
    """A hold that is released and one that is not; erasures: carried out, refused, agreed to."""
    by = {"actor": actor_of(ada), "person": ada}
    hold = hold_activity(system="chatbot", user="user-9", because="Case 7", now=days(41.08), **by)
    hold_activity(system="chatbot", user="user-8", since=days(42), until=days(41), because="C 8", now=days(41.07), **by)
    release_hold(hold=hold.id, actor=actor_of(lee), person=lee, because="Closed", now=days(41.06))
    ask_erasure(user="user-1", system="chatbot", because="By letter", now=days(41.05), **by)
    for step, user, at in (("refused", "user-2", 41.04), ("approved", "user-3", 41.03)):
        asked = ask_erasure(user=user, because="By letter", now=days(at), **by)
        if asked.second:
            decide_erasure(
                erasure=asked.id, step=step, because="Looked at", now=days(at - 0.005), actor=actor_of(lee), person=lee
            )
    for one in open_erasures():
        erase(erasure=one, store=objects(), now=days(41.02))


def _monitors(lee: Person) -> None:
    """Events that are sealed and put together; a monitor with a baseline, a breach and its end."""
    log = Journal(folder=journal_folder(), backlog_bytes=1 << 30, spare_bytes=0)

    def happens(at: datetime, wrong: int) -> None:
        log.append(batch_of([_call(at - timedelta(minutes=n), failed=n < wrong) for n in range(400)]))
        seal_everything(clock=lambda: at)

    happens(days(23), 0)
    happens(days(22.99), 0)
    compact_next(store=objects(), now=days(22), done=set())
    by = {"actor": actor_of(lee), "person": lee, "because": "It answers customers"}
    choose_monitors(system="chatbot", chosen=["errors", "output-length"], on=True, now=days(21), **by)
    freeze_baseline(system="chatbot", monitor="output-length", since=days(24), until=days(22), now=days(21), **by)
    for at, wrong in ((days(20), 200), (days(15), 0)):
        happens(at, wrong)
        run_monitors(now=at)
    log.close()


def _call(at: datetime, *, failed: bool) -> Event:
    micros = round(at.timestamp() * 1_000_000)
    return Event(
        at=micros, ended_at=micros + 400_000, received_at=micros, system="chatbot", source="bot", kind="inference",
        outcome="error" if failed else "ok", error="timeout" if failed else None, trace_id=micros.to_bytes(16, "big"),
        span_id=micros.to_bytes(8, "big"), output="It is so. " * (1 + micros // 60_000_000 % 9),
        output_length=10 * (1 + micros // 60_000_000 % 9),
    )  # fmt: skip


def _access(ada: Person, lee: Person, ola: Person) -> None:
    """Two lists and a review of them that was done: one line kept, one to change, one revoked."""
    data = b"Account,Role\nada@example.org,deploy\nola@example.org,editor\nari@example.org,admin\n"
    blobs().put(data, limit_bytes=10_000)
    by = {"actor": actor_of(lee), "person": lee}
    listed = import_access_list(
        planned=plan_list(data=data, name="chatbot.csv"), about=Subject(kind="system", subject="chatbot"),
        taken_at=days(40), now=days(39), **by,
    )  # fmt: skip
    review = open_access_review(
        name="Access in autumn", lists=[listed.id], reviewers=[lee, ada], carrier=ola, because="It is that time again",
        due_on=days(30).date(), now=days(39), **by,
    )  # fmt: skip
    for row, decision, to in ((2, "keep", ""), (3, "change", "viewer"), (4, "revoke", "")):
        decide_access(
            review=review.id, lines=[(listed.id, row)], decision=decision, to=to, because="I asked", now=days(38), **by
        )
    changed = AccessDecision.objects.get(decision="change")
    carry_out_access(actor=actor_of(ola), person=ola, decision=changed.id, because="Set to viewer", now=days(37))
    close_access_review(review=review.id, because="All asked", now=days(36), **by)
    open_access_review(
        name="Access in winter", lists=[listed.id], reviewers=[lee, ada], carrier=ola, due_on=NOW.date(), now=days(35),
        **by,
    )  # fmt: skip


def _assessments(lee: Person, ola: Person) -> None:
    """One that was approved, and one that was begun."""
    by = {"actor": actor_of(ola), "person": ola}
    form = "ai-system-impact-assessment"
    made = start_assessment(form=form, scope="chatbot", because="Before first use", now=days(34.9), **by)
    answer_assessment(assessment=made.id, given=answers_to(form), now=days(34.9), **by)
    handed = hand_in_assessment(assessment=made.id, now=days(34.8), **by)
    approve_assessment(
        actor=actor_of(lee), person=lee, assessment=made.id, step=handed.id, until=days(-200).date(), because="Read",
        now=days(34.7),
    )  # fmt: skip
    begun = start_assessment(form="fria", scope="ranking", because="Bought", now=days(34.6), **by)
    answer_assessment(assessment=begun.id, given={"bound": "We hire"}, now=days(34.6), **by)


def _sign_in(ada: Person, ola: Person) -> None:
    secret, at = b"12345678901234567890", days(41)
    for one, name in ((ola, "Old app"), (ola, "App"), (ada, "App")):
        by = {"actor": actor_of(one), "person": one}
        code = totp_code(secret, int(at.timestamp()) // 30)
        made = add_totp(secret=secret, code=code, name=name, now=at, **by)
        if name == "Old app":
            remove_second_factor(factor=made.id, now=at, **by)
    said = Asserted(
        issuer="https://login.example.org", subject="lee-1", email="lee@example.org", email_verified=True,
        name="Lee Lead", groups=(),
    )  # fmt: skip
    sign_in_by_provider(said, roles=(), default="lead", trusted=False, now=days(40.5))


def _directory(ada: Person) -> None:
    account = add_service_account(
        actor=actor_of(ada), person=ada, slug="entra", name="Entra", role="administrator", now=days(34)
    )
    by = {"actor": actor_of_account(account), "now": days(34)}
    add_unit(actor=actor_of(ada), name="Hiring", now=days(34))
    mine = {"actor": actor_of(ada), "by": ada, "because": "Agreed with the works council", "now": days(34)}
    rules = [map_group(group=group, role="owner", unit="hiring", **mine) for group in ("hr", "crew")]
    rules += [map_group(group=group, role="member", **mine) for group in ("board", "staff")]
    for rule in rules[1:3]:
        unmap_group(rule=rule.id, **(mine | {"because": "Too much"}))
    people = [
        add_directory_person(
            given={
                "userName": f"{name}@example.org", "externalId": name, "name": {"givenName": name, "familyName": "Doe"},
                "active": name != "jim",
            },
            **by,
        )
        for name in ("joe", "jim", "jane")
    ]  # fmt: skip
    for name in ("hr", "staff", "old"):
        members = [{"value": str(one.pk)} for one in people[:2]]
        group = add_directory_group(given={"displayName": name, "externalId": f"x-{name}", "members": members}, **by)
    remove_directory_group(group=group.id, seen=frozenset(), **by)
    remove_directory_person(person=str(people[2].pk), seen=frozenset(), **by)


def _due_diligence(ola: Person) -> None:
    """Two suppliers' worth of questions, one handed in and returned."""
    by = {"actor": actor_of(ola), "person": ola}
    made = [
        send_questionnaire(
            supplier=supplier, questionnaire="supplier-short", to="pat@parley.example", because="It is new",
            due_on=(NOW + timedelta(days=9)).date(), now=days(33), **by,
        )
        for supplier in TABLES["supplier"].objects.order_by("slug").values_list("slug", flat=True)
    ]  # fmt: skip
    row, secret = made[0]
    answer_questionnaire(secret=secret, given=everything(SHORT), now=days(32))
    answer_questionnaire(secret=secret, given={"legal-entity": "Another company"}, now=days(31))
    for name in (b"One", b"Two"):
        send_file(
            secret=secret, question="certificates", file=BytesIO(name), name="iso.txt", limit_bytes=99, now=days(31)
        )
    take_file_back(secret=secret, number=2, now=days(31))
    hand_in_questionnaire(secret=secret, signed="Pat Parley", now=days(30))
    until = (NOW + timedelta(days=300)).date()
    take_file_over(sent=row.id, number=1, certificate="ISO 27001", until=until, because="Read", now=days(30), **by)
    return_questionnaire(sent=row.id, because="Which company is it?", now=days(29), **by)


def _statement(ada: Person, lee: Person) -> None:
    """Two versions of the statement of applicability: one approved, one returned; a third one waits."""
    by = {"actor": actor_of(ada), "person": ada}
    proposals = draft(actor=actor_of(ada), now=days(28)).proposals
    decide_applicability(choices=[*proposals.values()], now=days(28), **by)
    for number, decision in ((1, "approved"), (2, "returned")):
        ask_approval(scopes={"aims": "AI of the house"}, because="It is that time again", now=days(28 - number), **by)
        decide_statement(
            actor=actor_of(lee),
            person=lee,
            number=number,
            decision=decision,
            because="I read it",
            now=days(27.5 - number),
        )
    ask_approval(scopes={}, because="Now it is right", now=days(25), **by)


def _oversight(lee: Person, ola: Person) -> None:
    """Three cases: one decided, one escalated and fallen, one that waits; who stands in; a stop that lasts."""
    by = {"actor": actor_of(ola), "person": ola}
    plan = Plan(overseers=(ola.pk, lee.pk), minutes=60 * 24 * 40, escalate_minutes=10, escalate_to=(lee.pk,))
    plan_oversight(system="chatbot", plan=plan, because="It refuses people", now=days(24.9), **by)
    for reference, minutes in (("", None), ("second", 5), ("third", None)):
        posted = Posted(title="Refuse", output="refuse", reference=reference, minutes=minutes)
        post_case(actor=by["actor"], system="chatbot", posted=posted, now=days(24.8))
    first = OversightItem.objects.get(reference="").id
    take_case(item=first, now=days(24.8) + timedelta(minutes=1), **by)
    decided = days(24.8) + timedelta(minutes=2)
    decide_case(item=first, decision="approved", because="I looked", now=decided, **by)
    for when in (7, 30):
        settle_cases(now=days(24.8) + timedelta(minutes=when))
    for until, since in ((20, 24.6), (19, 24.5)):
        made = delegate_cases(system="chatbot", to=lee.pk, until=days(until), because="On leave", now=days(since), **by)
        end_delegation(delegation=made.id, because="Back", now=days(24.5), **by) if until == 20 else None
    pull_stop(system="chatbot", because="It refuses everybody", now=days(24.4), **by)
    release_stop(system="chatbot", step="asked", because="Mended", now=days(24.3), **by)
    tell_standings(now=days(24.2))


def _judgements(lee: Person, ari: Person) -> None:
    by = {"actor": actor_of(ari), "person": ari}
    judge(kind="major nonconformity", subject="GOV-07", because="Two sites are left out", now=days(70), **by)
    late = judge(kind="minor nonconformity", subject="GOV-02", because="A date is missing", now=days(69), **by)
    by = {"actor": actor_of(lee), "person": lee}
    end = NOW + timedelta(days=200)
    judge(
        kind="accepted exception", subject="INC-03", because="Until the tool is there", ends_at=end, now=days(68), **by
    )
    judge(
        kind="exclusion", framework="iso42001-2023", subject="A.8.3", because="Nobody outside is told", ends_at=end,
        now=days(67), **by,
    )  # fmt: skip
    close_judgement(judgement=late.id, because="The date was added", now=days(66), **by)


def _classification(ola: Person, lee: Person) -> None:
    said = next(one for one in classifications()[LAW].examples if one.name.startswith("An employer ranks applicants"))
    made = answer_classification(
        actor=actor_of(ola), person=ola, tree=LAW, scope="ranking", given=dict(said.answers), seen="", now=days(60)
    )
    ask_review(actor=actor_of(ola), person=ola, answers=made.id, now=days(59))
    review_classification(
        actor=actor_of(lee), person=lee, answers=made.id, decision="approved", because="I read it too", now=days(58)
    )


def _work(lee: Person, ola: Person) -> None:
    by = {"actor": actor_of(lee), "person": lee}
    name_owner(controls=["SUP-01"], owner=ola, because="She runs procurement", now=days(57), **by)
    wanted = Wanted(control="SUP-01", owner=ola, due_on=NOW.date(), effort_days=2.0, because="It has to be renewed")
    (task,) = make_tasks(wanted=[wanted], now=days(56), **by)
    move_task(task=task.id, due_on=(NOW + timedelta(days=9)).date(), because="Ola is away", now=days(55), **by)


def proof(person: Person, control: str, expectation: str, *, at: datetime, **more: Any) -> Evidence:
    """Adds a file as evidence."""
    asked = {
        "file": f"{control} {expectation} {at:%F}\n".encode() * 3, "name": f"{expectation}.txt", "limit_bytes": 10_000,
    }  # fmt: skip
    return add_evidence(
        actor=actor_of(person), person=person, control=control, expectation=expectation, now=at, **(asked | more)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How a command ended: its exit code, and its lines."""

    code: int
    lines: tuple[str, ...]

    def failing(self) -> tuple[str, ...]:
        """What does not hold, and what is to be known: heading and findings, without the advice."""
        return tuple(
            line.strip()
            for line in self.lines
            if line.startswith(("FAILS", "note ")) or (line.startswith("  ") and not line.strip().startswith("Next: "))
        )


@dataclass(kw_only=True)
class House:
    """A copy of the organisation, to try something on."""

    store: Path
    home: Path
    run: Callable[..., Said]
    restart: Callable[[], None]
    before: Verdicts

    # --- who is there

    def person(self, role: str) -> dict[str, Any]:
        """Who acts in that role: `actor` and `person` of an action."""
        found = Person.objects.get(role=role)
        return {"actor": actor_of(found), "person": found}

    def actor(self, role: str) -> Actor:
        """The actor alone, for actions that keep no person."""
        return actor_of(Person.objects.get(role=role))

    # --- what it looks like

    def verdicts(self, at: datetime = NOW) -> Verdicts:
        """Every verdict there is at an instant: of all controls and requirements, in every scope. As after a restart:
        nothing that a process remembers."""
        self.restart()
        return verdicts(at)

    def better(self, before: Verdicts | None = None, *, at: datetime = NOW) -> list[str]:
        """Every verdict that rose, in words. What no longer applies has risen too: a duty is gone."""
        was, now = self.before if before is None else before, self.verdicts(at)
        return [
            f"{'/'.join(key)}: {was[key]} → {now[key]}"
            for key in was
            if key in now and _rank(now[key]) < _rank(was[key])
        ]

    def worse(self) -> set[str]:
        """The controls and requirements that fell somewhere."""
        now = self.verdicts()
        return {key[1] for key in self.before if key in now and _rank(now[key]) > _rank(self.before[key])}

    # --- what gives it away

    def verify(self, *argv: object) -> Said:
        """`annexa ledger verify`."""
        return self.run("ledger", "verify", *argv)

    def named(self, *findings: str) -> None:
        """`annexa ledger verify` fails and says each of these, with what to do next. Patterns of lines."""
        said = self.verify()
        assert said.code == 1, said.lines
        for finding in findings:
            assert any(re.fullmatch(finding, line.strip()) for line in said.lines), (finding, said.lines)
        assert any(line.strip().startswith("Next: ") for line in said.lines)

    def named_with(self, kept: Path, finding: str) -> None:
        """The same with a checkpoint that somebody kept."""
        said = self.verify("--checkpoint", kept)
        assert said.code == 1
        assert any(re.fullmatch(finding, line.strip()) for line in said.lines), said.lines

    def doctor(self, what: str) -> tuple[str, str, str]:
        """State, detail and advice that `annexa doctor` gives about one thing."""
        said = self.run("doctor", "--format", "json")
        row = next(row for row in json.loads("\n".join(said.lines)) if row["what"] == what)
        assert (said.code == 1) or row["state"] != "wrong"
        return row["state"], row["detail"], row["mend"]

    def sick(self, what: str, finding: str) -> None:
        """`annexa doctor` calls one thing wrong, says so, and says what to do next."""
        state, detail, mend = self.doctor(what)
        assert (state, bool(mend)) == ("wrong", True), detail
        assert re.search(finding, detail), detail

    def state_of(self, entry: LedgerEntry) -> Mapping[str, Any]:
        """What an entry says is so."""
        state: Mapping[str, Any] = _body(entry)["state"]
        return state

    def last_state(self) -> Mapping[str, Any]:
        """What the ledger's newest entry says is so."""
        return self.state_of(LedgerEntry.objects.latest("position"))

    def last_entry(self) -> tuple[str, str, str, str]:
        """Kind, actor, verb and reason of the ledger's newest entry."""
        entry = LedgerEntry.objects.latest("position")
        body = _body(entry)
        return entry.kind, entry.actor, body["verb"], body["because"]

    @contextmanager
    def refused(self, error: type[ActionError], sentence: str) -> Iterator[None]:
        """Something is refused with that sentence, and leaves no entry; so no verdict can be another one."""
        size = LedgerEntry.objects.count()
        with pytest.raises(error, match=re.escape(sentence)):
            yield
        assert LedgerEntry.objects.count() == size
        assert not Outbox.objects.exists()

    # --- going around the application

    def sql(self, statement: str, *values: object) -> int:
        """Writes into the database directly. How many rows it touched."""
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.rowcount

    def without_triggers(self) -> None:
        """Removes what makes the database refuse to change the ledger, as its owner can."""
        _PROTECTION.unprotect(None, self._editor())

    def with_triggers(self) -> None:
        """Puts it back, so that nobody sees it was gone."""
        _PROTECTION.protect(None, self._editor())

    def _editor(self) -> SimpleNamespace:
        return SimpleNamespace(connection=connection, execute=lambda sql, params=(): self.sql(sql, *(params or ())))


_PROTECTION = import_module("annexa.records.migrations.0002_ledger_is_append_only")


def _body(entry: LedgerEntry) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(bytes(EntryBody.objects.get(position=entry.position).body))
    return found


def engine(at: datetime = NOW) -> Engine:
    """The engine over what the ledger knows, for an instant."""
    taken = snapshot.snapshot()
    return Engine(library=library_at(taken, at), facts=taken.facts, at=at)


def verdicts(at: datetime) -> Verdicts:
    """Every verdict at an instant, computed from the ledger."""
    judged = engine(at)
    scopes = (ORGANISATION, *judged.systems)
    named = {c for f in FRAMEWORKS for one in judged.library.coverage[f].values() for c in one.controls}
    found = {("control", c, scope): judged.control(c, scope).verdict for c in sorted(named) for scope in scopes}
    for framework in FRAMEWORKS:
        for scope in scopes:
            for line in judged.posture(framework, scope).lines:
                found[framework, line.requirement.id, scope] = line.verdict
    return found


def _rank(verdict: Verdict) -> int:
    """The lower, the better it looks."""
    order = CONTROL_ORDER if verdict in CONTROL_ORDER else REQUIREMENT_ORDER
    return -1 if verdict is Verdict.NOT_APPLICABLE else order.index(verdict)
