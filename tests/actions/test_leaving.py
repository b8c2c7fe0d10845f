"""Who leaves or moves hands over what they answer for in the same step; nothing is orphaned, nothing half done."""

from datetime import timedelta

import pytest
from django.test import Client

from annexa.actions.controls import judge
from annexa.actions.errors import InvalidError, NotFoundError, NotPermittedError
from annexa.actions.governance import appoint
from annexa.actions.grants import grant_role
from annexa.actions.leaving import change_person, let_go, readmit
from annexa.actions.owners import name_owner
from annexa.actions.people import actor_of, add_person, set_password
from annexa.actions.registers import add_record
from annexa.actions.tasks import Wanted, make_tasks
from annexa.actions.tokens import create_token
from annexa.answers.owners import owners
from annexa.answers.people import holdings, person_page
from annexa.answers.posture import standpoint
from annexa.answers.tokens import TokenRefusedError, bearer
from annexa.pure.permits import ANNEXA
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.records.appointments import Appointment
from annexa.records.ledger import LedgerEntry
from annexa.records.people import Person
from annexa.records.registers import TABLES
from annexa.records.systems import AiSystem
from tests.answers.small_house import found_house

pytestmark = pytest.mark.django_db
EVERYTHING = ("controls", "systems", "tasks", "offices", "records")


@pytest.fixture
def house(now):
    return found_house(now - timedelta(minutes=1))


@pytest.fixture
def ada(house) -> Person:
    return Person.objects.get(email="ada@example.org")


@pytest.fixture
def lea(house, now) -> Person:
    return add_person(actor=ANNEXA, email="lea@example.org", name="Lea", role="lead", password=None, now=now)


@pytest.fixture
def busy(house, ada, now) -> Person:
    """Somebody who holds one of everything."""
    kim = add_person(actor=ANNEXA, email="kim@example.org", name="Kim", role="owner", password=None, now=now)
    name_owner(actor=house, person=ada, controls=["GOV-02", "RSK-01"], owner=kim, now=now)
    name_owner(actor=house, person=ada, controls=["SUP-01"], owner=kim, now=now)
    name_owner(actor=house, person=ada, controls=["SUP-01"], owner=ada, because="Took over", now=now)
    due = (now + timedelta(days=30)).date()
    make_tasks(
        actor=house, person=ada, now=now,
        wanted=[Wanted(control="GOV-03", owner=kim, due_on=due, effort_days=1, because="It is missing")],
    )  # fmt: skip
    appoint(actor=house, by=ada, office="incident-manager", body="organisation", person=kim, because="Board", now=now)
    grant_role(actor=house, person=ada, holder=kim, role="lead", system="chatbot", because="Stands in", now=now)
    for name, ended in (("Chat Ltd", None), ("Gone Ltd", now.date())):
        values = {"name": name, "owner": "Kim@Example.org", "ended_on": ended}
        add_record(actor=house, register=SUPPLIERS, entry=SUPPLIERS.make(values), now=now)
    return kim


@pytest.fixture
def key(busy, now) -> str:
    _, text = create_token(
        actor=actor_of(busy), person=busy, holder=busy, name="CI", scopes=["read"],
        expires_at=now + timedelta(days=9), now=now,
    )  # fmt: skip
    return text


def test_what_somebody_holds(busy, key, now) -> None:
    held = holdings(busy, now=now)
    assert [one.control for one in held.ownerships] == ["GOV-02", "RSK-01"]
    assert [one.slug for one in held.systems] == ["chatbot"]  # the old planner is retired
    assert (len(held.tasks), len(held.appointments), len(held.grants), len(held.tokens)) == (1, 1, 1, 1)
    assert [one.slug for one in held.records] == ["chat-ltd"]  # the other one has ended
    assert held.to_hand_over == 6


def test_a_leaver_hands_everything_over(busy, key, house, ada, lea, now) -> None:
    client = Client()
    client.force_login(busy)
    assert client.get("/people").status_code == 200
    done = let_go(
        actor=house, by=ada, person=busy.pk, successors=dict.fromkeys(EVERYTHING, lea), because="Last day", now=now
    )
    assert (done.handed_over, done.grants, done.tokens) == (6, 1, 1)
    busy.refresh_from_db()
    assert not busy.is_active
    assert holdings(busy, now=now).to_hand_over == 0
    assert holdings(lea, now=now).to_hand_over == 6
    assert AiSystem.objects.get(slug="chatbot").owner == "lea@example.org"
    assert TABLES["supplier"].objects.get(slug="chat-ltd").owner == "lea@example.org"
    held = owners(actor=house, stand=standpoint(actor=house, now=now))
    assert held.of("GOV-02", "organisation").person == lea.pk
    assert not held.owns_anything(busy.pk)
    with pytest.raises(TokenRefusedError):
        bearer(key, now=now)
    assert client.get("/people").status_code == 302
    kinds = list(LedgerEntry.objects.order_by("-position").values_list("kind", flat=True)[:11])
    assert sorted(kinds) == [
        "ai_system", "appointment", "appointment_end", "grant_end", "ownership", "ownership", "person", "sessions_end",
        "supplier", "task_change", "token_revocation",
    ]  # fmt: skip


def test_nothing_is_orphaned(busy, house, ada, now) -> None:
    """Rule: without a successor for each kind nothing happens, and everything that lacks is said at once."""
    entries = LedgerEntry.objects.count()
    with pytest.raises(InvalidError) as refused:
        let_go(actor=house, by=ada, person=busy.pk, successors={}, because=" ", now=now)
    assert set(refused.value.problems) == {*EVERYTHING, "because"}
    assert refused.value.problems["controls"] == ("Name who takes over 2 controls.",)
    busy.refresh_from_db()
    assert busy.is_active
    assert LedgerEntry.objects.count() == entries


def test_a_successor_must_be_able_to(busy, house, ada, lea, now) -> None:
    noor = add_person(
        actor=ANNEXA, email="noor@example.org", name="Noor Haddad", role="auditor", password=None, now=now
    )
    appoint(actor=house, by=ada, office="internal-auditor", body="organisation", person=lea, because="Board", now=now)
    appoint(actor=house, by=ada, office="programme-lead", body="organisation", person=busy, because="Board", now=now)
    heirs = dict.fromkeys(EVERYTHING, noor) | {"offices": lea}
    with pytest.raises(InvalidError) as refused:
        let_go(actor=house, by=ada, person=busy.pk, successors=heirs, because="Last day", now=now)
    assert refused.value.problems["controls"] == ("Noor Haddad may not change anything in organisation.",)
    assert "cannot audit it" in refused.value.problems["offices"][0]
    assert AiSystem.objects.get(slug="chatbot").owner == "kim@example.org"


def test_there_is_always_an_administrator(house, ada, lea, now) -> None:
    with pytest.raises(NotPermittedError, match="their own"):
        let_go(actor=house, by=ada, person=ada.pk, successors={}, because="x", now=now)
    with pytest.raises(NotPermittedError, match="their own"):
        change_person(actor=house, by=ada, person=ada.pk, name="Ada", role="lead", because="x", now=now)
    with pytest.raises(InvalidError, match="last administrator"):
        let_go(actor=ANNEXA, by=None, person=ada.pk, successors={}, because="x", now=now)
    with pytest.raises(InvalidError, match="last administrator"):
        change_person(actor=ANNEXA, by=None, person=ada.pk, name="Ada", role="lead", because="x", now=now)
    change_person(actor=house, by=ada, person=lea.pk, name="Lea", role="administrator", because="Second", now=now)
    with pytest.raises(InvalidError, match="sign in with a password"):  # a provider that is down lets no Lea in
        change_person(actor=ANNEXA, by=None, person=ada.pk, name="Ada", role="lead", because="Moved", now=now)
    set_password(actor=ANNEXA, person=lea, password="seven quiet copper kettles", now=now)
    change_person(actor=ANNEXA, by=None, person=ada.pk, name="Ada", role="lead", because="Moved", now=now)
    assert Person.objects.get(pk=ada.pk).role == "lead"


def test_a_mover_hands_over_what_the_new_role_cannot_do(busy, house, ada, lea, now) -> None:
    with pytest.raises(InvalidError) as refused:
        change_person(actor=house, by=ada, person=busy.pk, name="Kim", role="auditor", because="Audits now", now=now)
    assert set(refused.value.problems) == {"controls", "tasks"}
    assert Person.objects.get(pk=busy.pk).role == "owner"
    heirs = {"controls": lea, "tasks": lea}
    change_person(
        actor=house, by=ada, person=busy.pk, name="Kim Lee", role="auditor", because="Audits now", successors=heirs,
        now=now,
    )  # fmt: skip
    moved = Person.objects.get(pk=busy.pk)
    assert (moved.name, moved.role) == ("Kim Lee", "auditor")
    assert holdings(moved, now=now).ownerships == ()
    assert Appointment.objects.filter(person=busy, end__isnull=True).exists()


def test_a_name_alone_needs_no_reason(busy, house, ada, now) -> None:
    change_person(actor=house, by=ada, person=busy.pk, name="Kim Lee-Park", role="owner", because="", now=now)
    with pytest.raises(InvalidError) as refused:
        change_person(actor=house, by=ada, person=busy.pk, name=" ", role="boss", because="", now=now)
    assert set(refused.value.problems) == {"name", "role", "because"}
    with pytest.raises(NotFoundError):
        change_person(actor=house, by=ada, person=999, name="x", role="owner", because="", now=now)


def test_who_is_back_has_nothing_yet(busy, house, ada, lea, now) -> None:
    let_go(actor=house, by=ada, person=busy.pk, successors=dict.fromkeys(EVERYTHING, lea), because="Left", now=now)
    with pytest.raises(InvalidError, match="already"):
        let_go(actor=house, by=ada, person=busy.pk, successors={}, because="Left", now=now)
    with pytest.raises(InvalidError, match="why they are back"):
        readmit(actor=house, person=busy.pk, because="", now=now)
    readmit(actor=house, person=busy.pk, because="Back from parental leave", now=now)
    page = person_page(actor=house, person=busy.pk, now=now)
    assert page.person.is_active
    assert page.holdings.to_hand_over == 0
    assert page.may_change


def test_only_administrators_change_people(busy, lea, now) -> None:
    with pytest.raises(NotPermittedError):
        let_go(actor=actor_of(lea), by=lea, person=busy.pk, successors={}, because="x", now=now)
    with pytest.raises(NotPermittedError):
        change_person(actor=actor_of(lea), by=lea, person=busy.pk, name="x", role="owner", because="x", now=now)


def test_whoever_waited_for_their_turn_is_asked_again(busy, house, ada, lea, now) -> None:
    """Rule: what was known when somebody came counts for nothing once they left or lost their role."""
    actor, stale = actor_of(lea), Person.objects.get(pk=lea.pk)
    heirs = dict.fromkeys(EVERYTHING, ada)
    let_go(actor=house, by=ada, person=lea.pk, successors=heirs, because="Left", now=now)
    assert stale.is_active  # as a slower request still has it
    with pytest.raises(NotPermittedError, match="may not sign in here any more"):
        judge(actor=actor, person=stale, kind="minor nonconformity", subject="GOV-02", because="x", now=now)
    with pytest.raises(InvalidError, match="may not change anything there"):
        name_owner(actor=house, person=ada, controls=["ACC-01"], owner=Person(**_as_it_was(lea)), now=now)
    with pytest.raises(InvalidError, match="may not sign in any more"):
        grant_role(actor=house, person=ada, holder=stale, role="owner", system="chatbot", because="x", now=now)
    with pytest.raises(InvalidError, match="may not sign in any more"):
        appoint(actor=house, by=ada, office="people-lead", body="organisation", person=stale, because="x", now=now)


def _as_it_was(person: Person) -> dict[str, object]:
    return {name: getattr(person, name) for name in ("id", "email", "name", "role", "created_at")} | {"is_active": True}


def test_a_grant_to_come_ends_with_who_leaves(busy, house, ada, lea, now) -> None:
    grant_role(
        actor=house, person=ada, holder=busy, role="auditor", because="Next year", starts_at=now + timedelta(days=90),
        now=now,
    )  # fmt: skip
    let_go(actor=house, by=ada, person=busy.pk, successors=dict.fromkeys(EVERYTHING, lea), because="Left", now=now)
    readmit(actor=house, person=busy.pk, because="Back", now=now)
    back = Person.objects.get(pk=busy.pk)
    assert actor_of(back, now=now + timedelta(days=91)).grants == ()


def test_who_goes_outside_hands_over_everything(busy, house, ada, lea, now) -> None:
    """Rule: an outsider keeps no control, AI system, task or office, and no role that outsiders may not have."""
    said = {"person": busy.pk, "name": "Kim", "role": "external", "because": "Works for a supplier now", "now": now}
    with pytest.raises(InvalidError) as refused:
        change_person(actor=house, by=ada, **said)
    assert set(refused.value.problems) == set(EVERYTHING)
    change_person(actor=house, by=ada, successors=dict.fromkeys(EVERYTHING, lea), **said)
    held = holdings(Person.objects.get(pk=busy.pk), now=now)
    assert (held.to_hand_over, held.grants) == (0, ())
    assert AiSystem.objects.get(slug="chatbot").owner == "lea@example.org"
    assert TABLES["supplier"].objects.get(slug="chat-ltd").owner == "lea@example.org"
