"""Everybody who may come to the small organisation, from the administrator to somebody who reads one AI system.

One AI system with whatever belongs to it is hidden from everybody who reads a part: each text about it says so.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings as conf
from django.db import transaction
from django.test import Client

from annexa.actions.assessments import answer_assessment, start_assessment
from annexa.actions.controls import adopt_control, judge
from annexa.actions.documents import write_version
from annexa.actions.evidence import add_evidence
from annexa.actions.governance import add_committee, appoint
from annexa.actions.grants import grant_role
from annexa.actions.oversight import Posted, plan_oversight, post_case
from annexa.actions.owners import name_owner
from annexa.actions.people import actor_of, add_person
from annexa.actions.registers import add_record
from annexa.actions.soa import ask_approval, decide_applicability
from annexa.actions.stop_switch import pull_stop, release_stop
from annexa.actions.systems import add_system, change_system
from annexa.actions.tasks import Wanted, make_tasks
from annexa.actions.tokens import create_token, scopes_for
from annexa.actions.units import add_unit
from annexa.answers.posture import standpoint
from annexa.answers.soa import draft
from annexa.pure.fields import EMPTY
from annexa.pure.oversight import Plan
from annexa.pure.permits import ANNEXA, Actor
from annexa.pure.posture import Verdict
from annexa.pure.register import Register
from annexa.pure.registers import BY_PLURAL, REGISTERS
from annexa.pure.systems import SystemFacts
from annexa.records.appointments import Appointment
from annexa.records.assessments import Assessment
from annexa.records.controls import Judgement
from annexa.records.evidence import Evidence
from annexa.records.grants import RoleGrant
from annexa.records.ledger import LedgerEntry
from annexa.records.oversight import OversightItem
from annexa.records.people import Person
from annexa.records.systems import AiSystem
from annexa.records.tasks import Task
from tests.strategies.entries import required
from tests.web.proving import signed_in

ROLES = {
    "administrator": "administrator", "lead": "lead", "owner": "owner", "auditor": "auditor", "member": "member",
    "unit owner": "member", "elsewhere": "member", "reader": "external", "guest auditor": "external",
}  # fmt: skip
"""Who signs in, and their role for the whole organisation."""
LIMITED = ("member", "unit owner", "elsewhere", "reader")
"""Those who must not know of everything."""
HIDDEN = "zanzibar"
"""Stands in whatever is said about the hidden AI system, and in nothing else."""


@dataclass(kw_only=True)
class Cast:
    """The people by persona; a token of the administrator for one unit; and what addresses can be filled in with:
    things about an AI system that unit owner and reader see, and about one that nobody of `LIMITED` sees."""

    people: Mapping[str, Person]
    unit_token: str
    there: Mapping[str, str]
    hidden: Mapping[str, str]
    hidden_digest: str
    store: Path

    @cached_property
    def sessions(self) -> Mapping[str, str]:
        """A session for each persona."""
        return {persona: _session(person) for persona, person in self.people.items()}

    def client(self, persona: str) -> Client:
        """A browser in which the persona signed in; of a stranger nobody."""
        client = Client(raise_request_exception=False)
        if persona in self.sessions:
            client.cookies[conf.SESSION_COOKIE_NAME] = self.sessions[persona]
        return client


def _session(person: Person) -> str:
    client = Client()
    signed_in(client, person)
    return client.cookies[conf.SESSION_COOKIE_NAME].value


def found_cast(now: datetime, *, store: Path = Path()) -> Cast:
    """Adds everybody to the small organisation, which is there already; with the units Retail, Markets and Vaults.

    `store`: where its bytes are kept.
    """
    ada = Person.objects.get(email="ada@example.org")
    house = actor_of(ada)
    people = {"administrator": ada}
    for persona, role in ROLES.items():
        if persona not in people:
            address = f"{persona.replace(' ', '.')}@cast.example.org"
            people[persona] = add_person(
                actor=ANNEXA, email=address, name=f"Sam {persona.title()}", role=role, password=None, now=now
            )
    for unit, slug in (("Retail", "chatbot"), ("Markets", "credit-score")):
        add_unit(actor=house, name=unit, now=now)
        system = AiSystem.objects.get(slug=slug)
        facts = replace(system.facts(), unit=unit)
        change_system(actor=house, slug=slug, facts=facts, seen=system.changed_at, now=now)
    add_committee(actor=house, name="AI board", purpose="Decides on AI.", months_between=3, now=now)
    given = {"actor": house, "person": ada, "because": "Works there", "now": now}
    grant_role(holder=people["unit owner"], role="owner", unit="retail", **given)
    grant_role(holder=people["elsewhere"], role="owner", unit="markets", **given)
    until = now + timedelta(days=90)
    seen = grant_role(holder=people["reader"], role="reader", system="chatbot", ends_at=until, **given)
    grant_role(holder=people["guest auditor"], role="auditor", ends_at=until, **given)
    appoint(
        actor=house, by=ada, office="security-lead", body="organisation", person=people["lead"], because="Board",
        now=now,
    )  # fmt: skip
    _, text = create_token(
        actor=house, person=ada, holder=ada, name="Unit", scopes=scopes_for(house), units=["retail"],
        expires_at=until, now=now,
    )  # fmt: skip
    _about(ada, people["owner"], "chatbot", "Chatbot", now)
    add_unit(actor=house, name="Vaults", now=now)
    add_system(
        actor=house, now=now, because="Zanzibar goes live",
        facts=SystemFacts(
            name="Zanzibar vault", reference="ZANZIBAR-1", purpose="Guards Zanzibar", outputs="Zanzibar doors",
            unit="Vaults", stage="operation", roles=("provider", "deployer"), classes=("high-risk",),
            high_risk_by="annex-iii", owner="keeper@zanzibar.example", built="supplier", supplier="Zanzibar Ltd",
            personal_data="yes",
        ),
    )  # fmt: skip
    keeper = add_person(
        actor=ANNEXA, email="zuri@example.org", name="Zuri Keeper", role="owner", password=None, now=now
    )
    _about(ada, keeper, "zanzibar-vault", "Zanzibar vault", now)
    grant_role(
        actor=house, person=ada, holder=keeper, role="reader", system="zanzibar-vault", because="Zanzibar", now=now
    )
    for register in REGISTERS.values():
        _record(house, register, "Chatbot", "Retail", "Known", now)
        if not register.open_to:  # what everybody at work may know of cannot be hidden
            _record(house, register, "Zanzibar vault", "Vaults", "Zanzibar", now)
    proposals = draft(actor=house, now=now).proposals
    decide_applicability(actor=house, person=ada, choices=[*proposals.values()], until=until.date(), now=now)
    ask_approval(actor=house, person=ada, scopes={}, because="First", now=now)
    for slug, word in (("chatbot", "Known"), ("zanzibar-vault", "Zanzibar")):
        write_version(
            actor=house, person=ada, document=slug, content=f"# {word}", because=f"{word} is written down",
            limit_bytes=10_000, now=now,
        )  # fmt: skip
    common = {
        "number": "1", "law": "eu-ai-act", "control": "LIF-03", "framework": "nis2", "requirement": "Art.21(1)",
        "webhook": "none", "token": "none", "register": next(iter(BY_PLURAL)), "committee": "ai-board",
        "unit": "retail", "person": str(people["unit owner"].pk),
        "appointment": Appointment.objects.get().id,
    }  # fmt: skip
    return Cast(
        store=store,
        people=people,
        unit_token=text,
        there={
            **common,
            **_things("chatbot"),
            "record": "chatbot",
            "document": "chatbot",
            "number": "1",
            "grant": seen.id,
        },
        hidden={
            **common,
            **_things("zanzibar-vault"),
            "record": "zanzibar-vault",
            "document": "zanzibar-vault",
            "number": "1",
            "grant": RoleGrant.objects.get(system="zanzibar-vault").id,
            "person": str(keeper.pk),
        },
        hidden_digest=Evidence.objects.get(scope="zanzibar-vault").sha256,
    )


def _about(ada: Person, owner: Person, slug: str, name: str, now: datetime) -> None:
    """One of everything about an AI system."""
    given = {"actor": actor_of(ada), "person": ada, "now": now}
    adopt_control(control="LIF-03", state="implemented", scope=slug, because=f"{name} is tested", **given)
    add_evidence(
        control="LIF-03", expectation="test-plan", scope=slug, limit_bytes=10_000, file=f"Plan of {name}".encode(),
        name=f"{slug}-plan.txt", note=f"For {name}", **given,
    )  # fmt: skip
    judge(kind="minor nonconformity", subject="LIF-03", scope=slug, because=f"{name} lacks a date", **given)
    name_owner(controls=["LIF-03"], owner=owner, scope=slug, because=f"{name} is theirs", **given)
    plan = Plan(overseers=(owner.pk, ada.pk))
    plan_oversight(system=slug, plan=plan, because=f"{name} is watched", **given)
    posted = Posted(title=f"Case of {name}", output=f"{name} says no", input=f"To {name}", reference=f"{name}-1")
    post_case(actor=actor_of(ada), system=slug, posted=posted, now=now)
    pull_stop(system=slug, because=f"{name} is odd", **given)
    release_stop(system=slug, step="asked", because=f"{name} is mended", **given)
    made = start_assessment(form="dpia", scope=slug, because=f"{name} goes live", **given)
    answer_assessment(assessment=made.id, given={"due": f"{name} knows people"}, **given)
    due = (now + timedelta(days=30)).date()
    stand = standpoint(actor=actor_of(ada), now=now)
    absent = next(
        one.id
        for one in sorted(stand.library.controls.values(), key=lambda one: one.id)
        if one.level == "system" and stand.engine.control(one.id, slug).verdict is Verdict.ABSENT
    )
    wanted = Wanted(control=absent, owner=owner, due_on=due, effort_days=1, because=f"{name} needs it", scope=slug)
    make_tasks(wanted=[wanted], **given)


def _record(house: Actor, register: Register, name: str, unit: str, words: str, now: datetime) -> None:
    """A record of a unit that leads to both AI systems, also to the one that not everybody knows of."""
    more: dict[str, Any] = {"name": name, "unit": unit, "systems": ("chatbot", "zanzibar-vault")}
    said = {one.name: f"{words} {one.name}" for one in register.fields if one.kind == "long" and not one.required}
    entry = register.make({**said, **required(register), **{key: more[key] for key in more if key in register.field}})
    while wrong := {one.field for one in (*register.problems(entry), *register.fixed_problems(None, entry))}:
        entry = register.replaced(entry, {one: EMPTY[register.field[one].kind] for one in wrong})
    add_record(actor=house, register=register, entry=entry, now=now, because=f"{words} is there")


def _things(slug: str) -> dict[str, str]:
    evidence = Evidence.objects.filter(scope=slug).latest("recorded_at", "id")
    assessment = Assessment.objects.get(scope=slug).id
    return {
        "slug": slug,
        "assessment": assessment,
        "other": assessment,
        "scope": slug,
        "case": OversightItem.objects.get(system=slug).id,
        "evidence": evidence.id,
        "judgement": Judgement.objects.get(scope=slug).id,
        "task": Task.objects.get(scope=slug).id,
        "position": str(LedgerEntry.objects.get(subject=f"evidence/{evidence.id}").position),
    }


class _UndoneError(Exception):
    """Takes back what was written."""


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is written meanwhile is not there afterwards."""
    with suppress(_UndoneError), transaction.atomic():
        yield
        raise _UndoneError
