"""A demo organisation with a history of fourteen months, recorded through the same actions that people use."""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any

from django.db import transaction

from annexa.actions.access_reviews import (
    Subject,
    carry_out_access,
    close_access_review,
    decide_access,
    import_access_list,
    open_access_review,
)
from annexa.actions.classification import answer_classification, ask_review, review_classification
from annexa.actions.controls import adopt_control, close_judgement, judge
from annexa.actions.demo_activity import ActivityPlay
from annexa.actions.demo_assessments import PlayedAssessment
from annexa.actions.demo_documents import Asked, document, statement
from annexa.actions.demo_exceptions import ExceptionsPlay
from annexa.actions.demo_monitoring import MonitoringPlay
from annexa.actions.demo_oversight import OversightPlay
from annexa.actions.demo_risks import RisksPlay
from annexa.actions.demo_statement import statement_steps
from annexa.actions.demo_story import (
    AccessDecided,
    AccessDone,
    AccessListed,
    AccessReviewed,
    Answered,
    Appointed,
    Change,
    Declared,
    Gap,
    Granted,
    Judged,
    Kept,
    Own,
    Story,
    StoryCommittee,
    StoryPerson,
    StorySystem,
    SupplierAsked,
    story,
)
from annexa.actions.demo_story import told as demo_file
from annexa.actions.demo_training import TrainingPlay
from annexa.actions.demo_uses import UsesPlay
from annexa.actions.documents import (
    approve_version,
    confirm_version,
    hand_in,
    publish_version,
    write_version,
)
from annexa.actions.door import door
from annexa.actions.errors import ConflictError
from annexa.actions.evidence import add_evidence, attest
from annexa.actions.governance import add_committee, appoint
from annexa.actions.grants import grant_role
from annexa.actions.libraries import import_files
from annexa.actions.organisation import choose_frameworks, write_organisation
from annexa.actions.owners import name_owner
from annexa.actions.people import actor_of, add_person, make_person
from annexa.actions.questionnaire_files import send_file, take_file_over
from annexa.actions.questionnaires import (
    answer_questionnaire,
    hand_in_questionnaire,
    judge_questionnaire,
    send_questionnaire,
)
from annexa.actions.readings import acknowledge, ask_to_read
from annexa.actions.registers import add_record, change_record
from annexa.actions.sequencer import together
from annexa.actions.systems import add_system, change_system
from annexa.actions.tasks import Wanted, make_tasks
from annexa.actions.units import add_unit
from annexa.answers.access_reviews import plan_list, review_page
from annexa.answers.store import blobs
from annexa.answers.upgrades import read_files
from annexa.library.load import library
from annexa.pure.applicability import control_applies
from annexa.pure.checks.documents import acknowledged, documented
from annexa.pure.checks.over import SUBJECT
from annexa.pure.facts import ORGANISATION, SystemFact
from annexa.pure.fields import Field
from annexa.pure.permits import ANNEXA
from annexa.pure.register import Register
from annexa.pure.registers import REGISTERS
from annexa.pure.registers.documents import DOCUMENTS
from annexa.pure.registers.documents import KINDS as DOCUMENT_KINDS
from annexa.pure.standards import Control, Expectation, ExpectationKind
from annexa.pure.systems import SystemFacts
from annexa.records import turns
from annexa.records.access_reviews import AccessDecision
from annexa.records.organisation import Organisation
from annexa.records.people import Person
from annexa.records.questionnaires import SentQuestionnaire
from annexa.records.registers import TABLES
from annexa.records.systems import AiSystem
from annexa.vault.durable import at_once

LIMIT_BYTES = 1024 * 1024
SNAPSHOTS = (30, 90, 180, 270)
"""Days ago on which short-lived signals were handed in too, so that a look back finds something."""
SHORT = timedelta(days=50)
"""Evidence that lives no longer than this is shown by snapshots, not by an unbroken chain."""
FILE_LIMIT_BYTES = 1024 * 1024
QUIET_DAYS = 40
"""Evidence without a named gap lives at least this long from now, so that Today shows the named ones."""


def create_demo(*, now: datetime) -> Person:
    """Sets up the demo organisation on an empty installation and returns its administrator, who has no password.

    All or nothing. Where the demo is set up already, only its administrator is returned.
    Ledger: organisation, person, ownership, unit, committee, appointment, grant, ai_system, adoption, task, evidence,
    document, document_step, reading,
    judgement, closure, classification, classification_review, access_list, access_review, access_decision,
    access_carried_out, access_review_end, questionnaire, questionnaire_answer, questionnaire_file,
    questionnaire_file_step, questionnaire_step, assessment, assessment_answer, assessment_step, soa_inclusion,
    soa_version, soa_decision, risk_scale, risk_proposal, risk_step, completion, enrolment, exception_step,
    oversight_plan, oversight_item, oversight_content, oversight_claim, oversight_verdict, oversight_outcome,
    oversight_escalation, oversight_delegation, oversight_stop, oversight_release, oversight_standing, service_account,
    api_token, activity_source, activity_rules, activity_choice, activity_segment,
    monitor_choice, monitor_baseline, monitor_run, monitor_breach, monitor_breach_end.
    Raises ConflictError on the installation of a real organisation.
    """
    told = story()
    with transaction.atomic():
        turns.wait(turns.CHANGE)  # a second one, at the same moment, finds the demo of the first
        organisation = Organisation.objects.first()
        if organisation is None:
            with at_once():
                return _Play(story=told, now=now.astimezone(UTC)).run()
        if not organisation.demo:
            raise ConflictError(
                f"This installation belongs to {organisation.name}. Start the demo with an empty ANNEXA_HOME."
            )
        administrator: Person = Person.objects.get(email=_administrator(told).email)
        return administrator


def _administrator(told: Story) -> StoryPerson:
    return next(person for person in told.people if person.role == "administrator")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that somebody did, at its instant.

    `hands_in`: it hands in evidence, and asks the ledger for nothing that was done the same day; the pieces of a day
    share a checkpoint, which spares the demo most of its time.
    """

    at: datetime
    act: Callable[[datetime], object]
    hands_in: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of evidence to hand in: when it was observed and recorded, and what it says."""

    observed_at: datetime
    recorded_at: datetime
    passing: bool
    because: str


@dataclass(kw_only=True)
class _Play:
    """Plays the story in the order of time, each step through its own action with its own `now`."""

    story: Story
    now: datetime
    people: dict[str, Person] = field(default_factory=dict)
    judgements: dict[int, str] = field(default_factory=dict)
    revisions: dict[int, str] = field(default_factory=dict)
    access: dict[tuple[str, str], str] = field(default_factory=dict)
    kept: dict[int, str] = field(default_factory=dict)
    links: dict[str, tuple[SentQuestionnaire, str]] = field(default_factory=dict)
    documents: dict[tuple[str, str], str] = field(default_factory=dict)

    def run(self) -> Person:
        steps = sorted(self.steps(), key=lambda step: step.at)
        for (_, hands_in), found in groupby(steps, key=lambda step: (step.at.date(), step.hands_in)):
            in_turn = list(found)
            with together(now=in_turn[-1].at) if hands_in else nullcontext():
                for step in in_turn:
                    step.act(step.at)
        return self.people[_administrator(self.story).id]

    def steps(self) -> Iterator[Step]:
        """Everything that happened, in the order in which it is told."""
        yield Step(at=self.day(self.story.days_ago), act=self.set_up)
        for person in self.story.people:
            if person != _administrator(self.story):
                yield Step(at=self.day(self.story.days_ago, minute=1), act=partial(self.welcome, person))
        yield Step(at=self.day(self.story.days_ago, minute=2), act=self.name_owners)
        yield Step(at=self.day(self.story.days_ago, minute=3), act=self.divide)
        for committee in self.story.committees:
            yield Step(at=self.day(committee.days_ago, minute=4), act=partial(self.convene, committee))
        for appointed in self.story.appointed:
            yield Step(at=self.day(appointed.days_ago, minute=4), act=partial(self.appoint, appointed))
        for granted in self.story.granted:
            yield Step(at=self.day(granted.days_ago, minute=4), act=partial(self.grant, granted))
        for system in self.story.systems:
            yield Step(at=self.day(system.days_ago, minute=2), act=partial(self.register, system))
        for change in self.story.changes:
            yield Step(at=self.day(change.days_ago, minute=3), act=partial(self.change, change))
        for declared in self.story.declared:
            for control in declared.controls:
                act = partial(self.declare, declared, control)
                yield Step(at=self.day(declared.days_ago, minute=4), act=act)
        for own in self.story.own:
            yield Step(at=self.day(own.days_ago, minute=5), act=partial(self.take_up, own))
        for number, judged in enumerate(self.story.judged):
            yield Step(at=self.day(judged.days_ago, minute=5), act=partial(self.judge, number, judged))
            if judged.closed:
                closed = self.day(judged.closed["days_ago"], minute=6)
                yield Step(at=closed, act=partial(self.close, number, judged))
        for number, answered in enumerate(self.story.answered):
            yield Step(at=self.day(answered.days_ago, minute=7), act=partial(self.answer, number, answered))
            if answered.approved:
                approved = self.day(answered.approved["days_ago"], minute=8)
                yield Step(at=approved, act=partial(self.approve, number, answered))
        for review in self.story.access_reviews:
            yield from self.access_review(review)
        for assessed in self.story.assessed:
            played = PlayedAssessment(told=assessed, people=self.people, day=self.day)
            yield from (Step(at=at, act=act) for at, act in played.steps())
        kept_in_turn = sorted(enumerate(self.story.kept), key=lambda one: (-one[1].days_ago, one[0]))
        for turn, (number, kept) in enumerate(kept_in_turn):  # days that a weekend draws together keep their order
            at = self.day(kept.days_ago, hour=10 + turn // 60, minute=turn % 60)
            yield Step(at=at, act=partial(self.keep, number, kept))
            for later in kept.later:
                yield Step(at=self.day(later["days_ago"], hour=16), act=partial(self.keep_on, number, kept, later))
        for days_ago, accept in RisksPlay(people=self.people, day=lambda ago: self.day(ago).date()).turns():
            yield Step(at=self.day(days_ago, hour=17), act=accept)
        for days_ago, decide in ExceptionsPlay(people=self.people).turns():
            yield Step(at=self.day(days_ago, hour=17, minute=30), act=decide)
        for asked in self.story.suppliers_asked:
            yield from self.due_diligence(asked)
        for days_ago, done in UsesPlay(people=self.people, day=lambda ago: self.day(ago).date()).turns():
            yield Step(at=self.day(days_ago, hour=14), act=done)
        for days_ago, done in TrainingPlay(people=self.people).turns():
            yield Step(at=self.day(days_ago, hour=18), act=done)
        for at, done in OversightPlay(people=self.people, day=self.day, now=self.now).turns():
            yield Step(at=at, act=done)
        activity = ActivityPlay(people=self.people, now=self.now, administrator=_administrator(self.story).id)
        yield from (Step(at=at, act=act) for at, act in activity.turns())
        watched = MonitoringPlay(people=self.people, now=self.now, by=_administrator(self.story).id)
        yield from (Step(at=at, act=act) for at, act in watched.turns())
        yield from (Step(at=at, act=act) for at, act in statement_steps(self.people, self.day))
        yield from self.evidence()

    def day(self, days_ago: int, *, hour: int = 9, minute: int = 0) -> datetime:
        """A minute of a working day so many days before or, if negative, after today; at weekends the Friday before."""
        day = self.now - timedelta(days=days_ago)
        friday = day - timedelta(days=max(0, day.weekday() - 4))
        return friday.replace(hour=hour, minute=minute, second=0, microsecond=0)

    # ---- access reviews

    def access_review(self, told: AccessReviewed) -> Iterator[Step]:
        for listed in told.lists:
            yield Step(at=self.day(listed.taken, minute=10), act=partial(self.take_list, told, listed))
        yield Step(at=self.day(told.opened, minute=11), act=partial(self.open_review, told))
        for decided in told.decided:
            yield Step(at=self.day(decided.days_ago, minute=12), act=partial(self.decide_access, told, decided))
        for carried in told.done:
            yield Step(at=self.day(carried.days_ago, minute=13), act=partial(self.carry_out, told, carried))
        if told.ended is not None:
            yield Step(at=self.day(told.ended, minute=14), act=partial(self.end_review, told))

    def take_list(self, told: AccessReviewed, listed: AccessListed, at: datetime) -> None:
        by = self.people[told.by]
        text = re.sub(r"~(\d+)", lambda found: self.day(int(found[1])).date().isoformat(), listed.csv.strip() + "\n")
        data = text.encode()
        blobs().put(data, limit_bytes=LIMIT_BYTES)
        made = import_access_list(
            actor=actor_of(by), person=by, planned=plan_list(data=data, name=f"{listed.system}-access.csv"),
            about=Subject(kind="system", subject=listed.system), taken_at=at, now=at,
        )  # fmt: skip
        self.access[told.id, listed.system] = made.id

    def open_review(self, told: AccessReviewed, at: datetime) -> None:
        by = self.people[told.by]
        made = open_access_review(
            actor=actor_of(by), person=by, name=told.name, because=told.because, itself=told.itself,
            lists=[self.access[told.id, one.system] for one in told.lists], carrier=self.people[told.carrier],
            reviewers=[self.people[one] for one in told.reviewers], due_on=self.day(told.due).date(), now=at,
        )  # fmt: skip
        self.access[told.id, ""] = made.id

    def decide_access(self, told: AccessReviewed, decided: AccessDecided, at: datetime) -> None:
        by = self.people[decided.by]
        review = self.access[told.id, ""]
        if decided.list == "rest":
            page = review_page(actor=actor_of(by), review=review, now=at)
            lines = [(row.source, row.line.number) for row in page.rows if row.decision is None and not row.own]
        else:
            lines = [(self.access[told.id, decided.list], row) for row in decided.rows]
        decide_access(
            actor=actor_of(by), person=by, review=review, lines=lines, decision=decided.decision, to=decided.to,
            because=decided.because, now=at,
        )  # fmt: skip

    def carry_out(self, told: AccessReviewed, carried: AccessDone, at: datetime) -> None:
        by = self.people[carried.by]
        source = self.access[told.id, told.lists[0].system]
        decision = AccessDecision.objects.get(review=self.access[told.id, ""], source=source, line=carried.row)
        carry_out_access(actor=actor_of(by), person=by, decision=decision.id, because=carried.because, now=at)

    def end_review(self, told: AccessReviewed, at: datetime) -> None:
        by = self.people[told.by]
        close_access_review(actor=actor_of(by), person=by, review=self.access[told.id, ""], now=at)

    # ---- registers

    def keep(self, number: int, told: Kept, at: datetime) -> None:
        register = REGISTERS[told.register]
        by = actor_of(self.people[told.by])
        entry = register.make(self.values(register, told.set))
        self.kept[number] = add_record(actor=by, register=register, entry=entry, now=at, because=told.because).slug

    def keep_on(self, number: int, told: Kept, change: dict[str, Any], at: datetime) -> None:
        register, by = REGISTERS[told.register], actor_of(self.people[told.by])
        row = TABLES[told.register].objects.get(slug=self.kept[number])
        entry = register.replaced(row.entry, self.values(register, change["set"]))
        change_record(
            actor=by, register=register, slug=row.slug, entry=entry, seen=row.changed_at, now=at,
            because=change["because"],
        )  # fmt: skip

    def values(self, register: Register, told: dict[str, Any]) -> dict[str, Any]:
        return {name: self.value(register.field[name], said) for name, said in told.items()}

    def value(self, about: Field, said: Any) -> Any:
        """What a field is given: days ago become a day, people their address, lists tuples."""
        if about.kind == "date":
            return self.day(said).date()
        if about.person and said in self.people:
            return self.people[said].email
        return tuple(said) if isinstance(said, list) else said

    # ---- due diligence

    def due_diligence(self, told: SupplierAsked) -> Iterator[Step]:
        yield Step(at=self.day(told.days_ago, hour=17), act=partial(self.ask_supplier, told))
        yield Step(at=self.day(told.answered, hour=17, minute=1), act=partial(self.supplier_answers, told))
        if told.handed_in is not None:
            yield Step(at=self.day(told.handed_in, hour=17, minute=2), act=partial(self.supplier_hands_in, told))
        if told.judged is not None:
            at = self.day(told.judged["days_ago"], hour=17, minute=3)
            yield Step(at=at, act=partial(self.judge_supplier, told, told.judged))

    def ask_supplier(self, told: SupplierAsked, at: datetime) -> None:
        by = self.people[told.by]
        self.links[told.supplier] = send_questionnaire(
            actor=actor_of(by), person=by, supplier=told.supplier, questionnaire=told.questionnaire, to=told.to,
            due_on=self.day(told.due).date(), now=at, because=told.because,
        )  # fmt: skip

    def supplier_answers(self, told: SupplierAsked, at: datetime) -> None:
        given = {name: tuple(said) if isinstance(said, list) else said for name, said in told.answers.items()}
        answer_questionnaire(secret=self.links[told.supplier][1], given=given, now=at)
        for file in told.files:
            send_file(
                secret=self.links[told.supplier][1], question=file["question"], file=BytesIO(file["text"].encode()),
                name=file["name"], limit_bytes=FILE_LIMIT_BYTES, now=at,
            )  # fmt: skip

    def supplier_hands_in(self, told: SupplierAsked, at: datetime) -> None:
        hand_in_questionnaire(secret=self.links[told.supplier][1], signed=told.signed, now=at)

    def judge_supplier(self, told: SupplierAsked, judged: dict[str, Any], at: datetime) -> None:
        by = self.people[judged["by"]]
        judge_questionnaire(
            actor=actor_of(by), person=by, sent=self.links[told.supplier][0].id, outcome=judged["outcome"],
            conditions=judged["conditions"], because=judged["because"], now=at,
        )  # fmt: skip
        for taken in told.certificates:
            take_file_over(
                actor=actor_of(by), person=by, sent=self.links[told.supplier][0].id, number=taken["number"],
                certificate=taken["certificate"], until=self.day(taken["until"]).date(), now=at,
            )  # fmt: skip

    # ---- people, systems, declarations, judgements

    def set_up(self, at: datetime) -> None:
        told = _administrator(self.story)
        with door(actor=ANNEXA, verb="set_up_organisation", now=at, because="Demo") as opened:
            write_organisation(opened, name=self.story.name, frameworks=(), demo=True, now=at)
            self.people[told.id] = make_person(
                opened, email=told.email, name=told.name, role=told.role, password=None, now=at
            )

    def welcome(self, told: StoryPerson, at: datetime) -> None:
        by = actor_of(self.people[_administrator(self.story).id])
        self.people[told.id] = add_person(
            actor=by, email=told.email, name=told.name, role=told.role, password=None, now=at
        )

    def divide(self, at: datetime) -> None:
        by = actor_of(self.people[_administrator(self.story).id])
        for told in self.story.units:
            above = add_unit(actor=by, name=told.name, now=at)
            for name in told.below:
                add_unit(actor=by, name=name, parent=above.slug, now=at)

    def convene(self, told: StoryCommittee, at: datetime) -> None:
        by = self.people[_administrator(self.story).id]
        made = add_committee(
            actor=actor_of(by), name=told.name, purpose=told.purpose, months_between=told.months_between, now=at
        )
        seats = [("chair", told.chair), ("secretary", told.secretary), *(("seat", one) for one in told.members)]
        for office, person in seats:
            appoint(
                actor=actor_of(by), by=by, office=office, body=f"committee/{made.slug}", person=self.people[person],
                because="When the board was set up", now=at,
            )  # fmt: skip

    def appoint(self, told: Appointed, at: datetime) -> None:
        by = self.people[_administrator(self.story).id]
        appoint(
            actor=actor_of(by), by=by, office=told.office, body=told.body, person=self.people[told.person],
            because=told.because, now=at,
        )  # fmt: skip

    def grant(self, told: Granted, at: datetime) -> None:
        by = self.people[_administrator(self.story).id]
        grant_role(
            actor=actor_of(by), person=by, holder=self.people[told.person], role=told.role, unit=told.unit,
            system=told.system, because=told.because, now=at,
            ends_at=None if told.ends_in is None else self.day(-told.ends_in, hour=23, minute=59),
        )  # fmt: skip

    def name_owners(self, at: datetime) -> None:
        """Everybody answers for the controls of their duties."""
        by = self.people[_administrator(self.story).id]
        held: dict[str, list[str]] = {}
        for control in library().controls.values():
            held.setdefault(self.story.duty(control.owner_role), []).append(control.id)
        for owner, controls in held.items():
            name_owner(actor=actor_of(by), person=by, controls=controls, owner=self.people[owner], now=at)

    def register(self, told: StorySystem, at: datetime) -> None:
        by = actor_of(self.people[self.story.duty("AI governance lead")])
        add_system(actor=by, facts=self.facts(told.facts), now=at, because="Taken into the register")

    def change(self, told: Change, at: datetime) -> None:
        by = actor_of(self.people[self.story.duty("AI governance lead")])
        system = AiSystem.objects.get(slug=told.system)
        facts = self.facts(self.story.facts_of(told.system, days_ago=told.days_ago))
        change_system(actor=by, slug=told.system, facts=facts, seen=system.changed_at, now=at, because=told.because)

    def facts(self, told: dict[str, Any]) -> SystemFacts:
        """The facts about a system: days ago become dates, people their addresses, lists tuples."""
        facts: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in told.items()}
        for key in ("started", "deployed", "retired"):
            if key in facts:
                facts[f"{key}_on"] = self.day(facts.pop(key)).date()
        addresses = {person.id: person.email for person in self.story.people}
        overseers = "\n".join(addresses[one] for one in facts["overseers"])
        return SystemFacts(**{**facts, "owner": addresses.get(facts["owner"], ""), "overseers": overseers})

    def declare(self, told: Declared, control: str, at: datetime) -> None:
        by = self.people[told.by]
        adopt_control(
            actor=actor_of(by), person=by, control=control, state=told.state, now=at, scope=told.system,
            because=told.because, plan_due=None if told.due_in is None else self.day(-told.due_in),
            effective_at=at,
        )  # fmt: skip
        if told.state == "planned" and told.due_in is not None and told.system == ORGANISATION:
            self.give(told, control, at)

    def give(self, told: Declared, control: str, at: datetime) -> None:
        """A plan is a task of whoever answers for the control, by the day that was planned."""
        by, asked = self.people[told.by], library().controls[control]
        wanted = Wanted(
            control=control, owner=self.people[self.story.duty(asked.owner_role)], effort_days=asked.effort,
            due_on=self.day(-(told.due_in or 0)).date(), because=told.because or "Planned",
        )  # fmt: skip
        make_tasks(actor=actor_of(by), person=by, wanted=[wanted], now=at)

    def take_up(self, told: Own, at: datetime) -> None:
        """Takes up frameworks of its own, and judges itself against them too."""
        by = actor_of(self.people[told.by])
        files: dict[str, bytes] = {}
        for name in told.files:
            files |= read_files(name=name, data=demo_file(name))
        import_files(actor=by, files=files, now=at, because=told.because)
        new = [Path(name).stem for name in files if name.startswith("frameworks/")]
        chosen = [*Organisation.objects.get().frameworks, *new]
        choose_frameworks(actor=by, frameworks=chosen, now=at, because=told.because)

    def judge(self, number: int, told: Judged, at: datetime) -> None:
        by = self.people[told.by]
        self.judgements[number] = judge(
            actor=actor_of(by), person=by, kind=told.kind, subject=told.control or told.requirement,
            framework=told.framework, because=told.because, now=at,
            ends_at=None if told.ends_in is None else self.day(-told.ends_in),
        ).id  # fmt: skip

    def close(self, number: int, told: Judged, at: datetime) -> None:
        by = self.people[told.closed["by"]]
        close_judgement(
            actor=actor_of(by), person=by, judgement=self.judgements[number], because=told.closed["because"], now=at
        )

    def answer(self, number: int, told: Answered, at: datetime) -> None:
        """Answers what a law asks about a system, and asks for the second person."""
        by = self.people[told.by]
        latest = answer_classification(
            actor=actor_of(by), person=by, tree=told.law, scope=told.system, given=told.answers, seen="", now=at,
            because=told.because,
        )  # fmt: skip
        self.revisions[number] = latest.id
        ask_review(actor=actor_of(by), person=by, answers=latest.id, now=at)

    def approve(self, number: int, told: Answered, at: datetime) -> None:
        by = self.people[told.approved["by"]]
        review_classification(
            actor=actor_of(by), person=by, answers=self.revisions[number], decision="approved",
            because=told.approved["because"], now=at,
        )  # fmt: skip

    # ---- evidence

    def evidence(self) -> Iterator[Step]:
        """Every piece of evidence for what is declared implemented, for the organisation or in each system."""
        for control_id, since in self.story.implemented.items():
            control = library().controls[control_id]
            if control.level == "organisation":
                yield from self.answers(control, None, since)
                continue
            for system in self.story.in_use:
                if self.asked_in(control, system):
                    yield from self.answers(control, system, min(since, system.days_ago))

    def asked_in(self, control: Control, system: StorySystem) -> bool:
        """Whether a control is meant for a system as it is today, and nothing else is declared for it there."""
        facts = self.story.facts_of(system.id)
        fact = SystemFact(
            id=system.id, name=system.id, effective_at=self.now, recorded_at=self.now,
            roles=tuple(facts["roles"]), classes=tuple(facts["classes"]),
        )  # fmt: skip
        return control_applies(control, fact) and (control.id, system.id) not in self.story.elsewhere

    def answers(self, control: Control, system: StorySystem | None, since: int) -> Iterator[Step]:
        """The evidence of one control in one scope."""
        for expectation in control.expectations:
            if expectation.max_age is None:
                yield from self.documented(control, expectation, since)
                continue
            gap = self.story.gap(control.id, expectation.id, system.id if system else ORGANISATION)
            for piece in self.pieces(control, expectation, system, since, gap):
                act = partial(self.hand_in, control, expectation, system, piece)
                yield Step(at=piece.recorded_at, act=act, hands_in=True)

    def documented(self, control: Control, expectation: Expectation, since: int) -> Iterator[Step]:
        """The document that an expectation asks for: written and approved with the declaration, confirmed each year."""
        if expectation.check != f"{documented.name}{SUBJECT}{control.id}/{expectation.id}":
            return
        gap = self.story.gap(control.id, expectation.id, ORGANISATION)
        if gap is not None and gap.state == "never":
            return
        share = _share(f"{control.id}/{expectation.id}")
        at = self.day(since, hour=11 + int(share * 4), minute=int(share * 5900) % 60)
        yield Step(at=at, act=partial(self.publish, control, expectation), hands_in=True)
        if _serves(control, expectation)[1:]:
            yield from self.read_by_all(control, expectation, since)
        overdue = gap is not None and gap.state == "expired"
        for age in range(since - 330, 0, -330) if not overdue else ():
            at = self.day(age, hour=11 + int(share * 4), minute=int(share * 5900) % 60)
            yield Step(at=at, act=partial(self.confirm, control, expectation), hands_in=True)

    def publish(self, control: Control, expectation: Expectation, at: datetime) -> None:
        """Somebody writes a document, somebody else approves it, and it is in force."""
        author, approver = self.writers(expectation)
        asked = Asked(
            organisation=self.story.name, control=control, expectation=expectation, by=approver.name, passing=True,
            system="", on=at, because="",
        )  # fmt: skip
        entry = DOCUMENTS.make(
            {
                "name": asked.title, "kind": _kind(expectation.id), "language": "en", "owner": author.email,
                "approver": approver.email, "review_months": 12, "classification": "internal",
                "retention": "Three years after it was withdrawn", "serves": _serves(control, expectation),
            }
        )  # fmt: skip
        why = "Asked for by the management system"
        row = add_record(actor=actor_of(author), register=DOCUMENTS, entry=entry, now=at, because=why)
        self.documents[control.id, expectation.id] = row.slug
        by: dict[str, Any] = {"actor": actor_of(author), "person": author, "document": row.slug, "now": at}
        eyes = {**by, "actor": actor_of(approver), "person": approver}
        text = document(asked).content.decode("utf-8")
        write_version(content=text, because="First version", limit_bytes=LIMIT_BYTES, **by)
        hand_in(because="", **by)
        approve_version(because="Read, and agreed with those who work by it", **eyes)
        publish_version(because="", **eyes)

    def read_by_all(self, control: Control, expectation: Expectation, since: int) -> Iterator[Step]:
        """Everybody who works here is asked to read a document, and all but the newest of them have."""
        yield Step(at=self.day(since - 1, hour=16), act=partial(self.ask_readers, control, expectation))
        yield Step(at=self.day(9, hour=12), act=partial(self.ask_readers, control, expectation))
        for turn, told in enumerate(self.story.people):
            if told.role not in ("external", "member"):
                at = self.day(since - 5 - turn, hour=13, minute=turn)
                yield Step(at=at, act=partial(self.acknowledge, control, expectation, told.id))

    def ask_readers(self, control: Control, expectation: Expectation, at: datetime) -> None:
        """Somebody asks everybody who works here, and has not read it, to read what is in force within four weeks."""
        by = self.writers(expectation)[1]
        late = [one for one in self.people.values() if one.role != "external"]
        ask_to_read(
            actor=actor_of(by), person=by, document=self.documents[control.id, expectation.id], now=at,
            readers=late if at > self.day(10) else [one for one in late if one.role != "member"],
            due_on=(at + timedelta(days=28)).date(), because="It concerns everybody",
        )  # fmt: skip

    def acknowledge(self, control: Control, expectation: Expectation, who: str, at: datetime) -> None:
        """Somebody has read it."""
        person = self.people[who]
        acknowledge(
            actor=actor_of(person), person=person, document=self.documents[control.id, expectation.id], number=1, now=at
        )

    def confirm(self, control: Control, expectation: Expectation, at: datetime) -> None:
        """The approver finds that a document still holds."""
        approver = self.writers(expectation)[1]
        confirm_version(
            actor=actor_of(approver), person=approver, document=self.documents[control.id, expectation.id], now=at,
            because="Yearly review: nothing that it speaks of has changed",
        )  # fmt: skip

    def writers(self, expectation: Expectation) -> tuple[Person, Person]:
        """Who writes a document, and the lead or administrator who approves it."""
        author = self.people[self.story.duty(expectation.who, "")]
        leads = [one for one in self.people.values() if one.role in ("lead", "administrator") and one != author]
        return author, leads[0]

    def pieces(
        self, control: Control, expectation: Expectation, system: StorySystem | None, since: int, gap: Gap | None
    ) -> Iterator[Piece]:
        """When an expectation was answered: an unbroken chain back to the declaration, but for the gap."""
        if gap is not None and gap.state == "never":
            return
        assert expectation.max_age is not None  # noqa: S101  the caller leaves out records
        lives = expectation.max_age / timedelta(days=1)
        share = _share(f"{control.id}/{expectation.id}/{system.id if system else ''}")
        because = gap.because if gap else ""
        newest = _age(lives, share, gap)
        if gap is not None and gap.state == "failing":
            yield self.piece(float(gap.days), since, share, expectation, passing=False, because=because)
            newest, because = max(newest, gap.days + 7.0), ""
        for number, age in enumerate(_chain(newest, lives, since, share)):
            yield self.piece(age, since, share, expectation, passing=True, because=because if number == 0 else "")

    def piece(
        self, age: float, since: int, share: float, expectation: Expectation, *, passing: bool, because: str
    ) -> Piece:
        """One piece, observed `age` days ago and recorded some hours later, at the earliest when it was asked for."""
        if expectation.max_age is not None and expectation.max_age <= SHORT:
            observed = (self.now - timedelta(days=age)).replace(microsecond=0)
            return Piece(observed_at=observed, recorded_at=observed, passing=passing, because=because)
        observed = self.day(int(age), hour=8 + int(share * 7), minute=10 + int(share * 4900) % 50)
        asked = self.day(since, hour=15 + int(share * 3), minute=int(share * 5900) % 60)
        recorded = max(observed + timedelta(hours=1, minutes=int(share * 170)), asked)
        if expectation.kind is ExpectationKind.ATTESTATION:
            return Piece(observed_at=recorded, recorded_at=recorded, passing=passing, because=because)
        return Piece(observed_at=observed, recorded_at=recorded, passing=passing, because=because)

    def hand_in(
        self, control: Control, expectation: Expectation, system: StorySystem | None, piece: Piece, at: datetime
    ) -> None:
        """One person hands in one piece of evidence, written for the occasion."""
        owner = str(self.story.facts_of(system.id, days_ago=(self.now - at).days)["owner"]) if system else ""
        by = self.people[self.story.duty(expectation.who, owner)]
        asked = Asked(
            organisation=self.story.name, control=control, expectation=expectation, by=by.name, passing=piece.passing,
            system=system.facts["name"] if system else "", on=piece.observed_at, because=piece.because,
        )  # fmt: skip
        scope = system.id if system else ORGANISATION
        if expectation.kind is ExpectationKind.ATTESTATION:
            attest(
                actor=actor_of(by), person=by, control=control.id, expectation=expectation.id, now=at, scope=scope,
                statement=statement(asked), passing=piece.passing,
            )  # fmt: skip
            return
        written = document(asked)
        add_evidence(
            actor=actor_of(by), person=by, control=control.id, expectation=expectation.id, file=written.content,
            name=written.name, limit_bytes=LIMIT_BYTES, now=at, scope=scope, observed_at=piece.observed_at,
            passing=piece.passing, note=piece.because,
        )  # fmt: skip


def _serves(control: Control, expectation: Expectation) -> tuple[str, ...]:
    """What a document serves: the expectation that asks for it, and those that its readers fulfil."""
    read = (one for one in control.expectations if one.check.partition(SUBJECT)[0] == acknowledged.name)
    return (f"{control.id}/{expectation.id}", *(f"{control.id}/{one.id}" for one in read))


def _kind(expectation: str) -> str:
    """What kind of document an expectation asks for, by its name."""
    return next((kind for kind in DOCUMENT_KINDS if kind.split()[0] in expectation), "rules")


def _share(key: str) -> float:
    """A number from 0 to 1 that is always the same for the same key, so that the demo is the same every time."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4]) / 2**32


def _age(lives: float, share: float, gap: Gap | None) -> float:
    """How many days ago the newest passing piece was observed."""
    if gap is not None and gap.state == "expired":
        return lives + gap.days
    if gap is not None and gap.state == "expires":
        return lives - gap.days
    if lives <= SHORT.days:
        return lives * (0.08 + 0.12 * share)
    return max(lives - QUIET_DAYS, 1) * (0.1 + 0.7 * share)


def _chain(newest: float, lives: float, since: int, share: float) -> Iterator[float]:
    """The ages of the pieces, newest first: each older one was still good when the next was observed.

    The oldest is from some weeks after the declaration; short-lived ones only from the days of the snapshots.
    """
    yield newest
    if lives <= SHORT.days:
        yield from (days + 0.1 for days in SNAPSHOTS if newest + 1 < days < since)
        return
    first = since * (1 - 0.3 * share)
    age = newest + lives * 0.94
    while age < first:
        yield age
        age += lives * 0.94
    if newest + 14 < first:
        yield first
