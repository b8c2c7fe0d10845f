"""The pages of people: who there is, what they hold; joining, moving, leaving and roles in parts."""

import re

import pytest

from annexa.actions.owners import name_owner
from annexa.actions.people import actor_of, add_person
from annexa.actions.units import add_unit
from annexa.pure.permits import ANNEXA
from annexa.records.grants import RoleGrant
from annexa.records.people import Person
from tests.web.proving import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def lea(organisation, now):
    return add_person(actor=ANNEXA, email="lea@example.org", name="Lea Lind", role="lead", password=None, now=now)


@pytest.fixture
def mei(organisation, now):
    return add_person(actor=ANNEXA, email="mei@example.org", name="Mei Member", role="member", password=None, now=now)


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_everybody_is_listed_searched_and_narrowed(client, at, kim, lea, mei) -> None:
    page = client.get("/people")
    assert page.status_code == 200
    assert "4 people may sign in" in text(page)
    assert "lea@example.org" not in text(client.get("/people?q=kim"))
    assert "Kim Lee" not in text(client.get("/people?role=member"))
    assert "Nobody matches" in text(client.get("/people?q=zzz"))


def test_somebody_is_added(client, at) -> None:
    sent = {"person_name": "Jo Joiner", "email": "jo@example.org", "role": "member"}
    assert client.post("/people/add", sent).status_code == 303
    assert Person.objects.get(email="jo@example.org").role == "member"
    again = client.post("/people/add", sent | {"person_name": " "})
    assert again.status_code == 422
    assert "This field is required" in text(again)
    assert "jo@example.org is known already" in text(client.post("/people/add", sent))


def test_what_somebody_holds_and_can_be_done(client, at, actor, admin, kim, now) -> None:
    name_owner(actor=actor, person=admin, controls=["GOV-02"], owner=kim, now=now)
    page = text(client.get(f"/people/{kim.pk}"))
    assert "Owner ; answers for 1 thing" in page
    assert "GOV-02" in page
    for said in ("Give a role", "Name or role", "End access"):
        assert said in page
    own = text(client.get(f"/people/{admin.pk}"))
    assert "End access" not in own
    assert "The last administrator stays one" in own


def test_a_role_in_a_unit_is_given_and_ended(client, at, actor, mei, now) -> None:
    add_unit(actor=actor, name="Retail", now=now)
    sent = {"role": "owner", "unit": "retail", "system": "", "ends_at": "", "because": "Works there"}
    assert client.post(f"/people/{mei.pk}/give", sent).status_code == 303
    grant = RoleGrant.objects.get()
    assert "Owner, Retail" in text(client.get("/people"))
    assert "Choose a unit, an AI system" in text(client.post(f"/people/{mei.pk}/give", sent | {"unit": ""}))
    twice = client.post(f"/people/{mei.pk}/give", sent)
    assert (twice.status_code, "has this role there already" in text(twice)) == (422, True)
    assert client.post(f"/people/{mei.pk}/end/{grant.id}", {"because": ""}).status_code == 422
    assert client.post(f"/people/{mei.pk}/end/{grant.id}", {"because": "Moved"}).status_code == 303
    assert actor_of(mei).grants == ()


def test_a_leaver_is_let_go_on_the_page(client, at, actor, admin, kim, lea, now) -> None:
    name_owner(actor=actor, person=admin, controls=["GOV-02"], owner=kim, now=now)
    page = client.post(f"/people/{kim.pk}/leave", {"because": "Last day"})
    assert page.status_code == 422
    assert "Name who takes over." in text(page)
    assert Person.objects.get(pk=kim.pk).is_active
    done = client.post(f"/people/{kim.pk}/leave", {"because": "Last day", "controls": str(lea.pk)}, follow=True)
    assert "The access of Kim Lee has ended; 1 thing was handed over" in text(done)
    assert not Person.objects.get(pk=kim.pk).is_active
    back = client.post(f"/people/{kim.pk}/back", {"because": "Returned"}, follow=True)
    assert "Kim Lee may sign in again" in text(back)


def test_a_mover(client, at, kim) -> None:
    sent = {"name": "Kim Lee", "role": "auditor", "because": ""}
    refused = client.post(f"/people/{kim.pk}/change", sent)
    assert (refused.status_code, "Say why the role changes" in text(refused)) == (422, True)
    assert client.post(f"/people/{kim.pk}/change", sent | {"because": "Audits now"}).status_code == 303
    assert Person.objects.get(pk=kim.pk).role == "auditor"


def test_who_is_not_an_administrator_reads(client, at, kim, lea, mei) -> None:
    for who in (kim, lea, mei):
        signed_in(client, who)
        assert client.get("/people").status_code == 200
        assert "Add the person" not in text(client.get("/people"))
        sent = {"person_name": "X", "email": "x@example.org", "role": "administrator"}
        assert client.post("/people/add", sent).status_code == 403
        assert client.post(f"/people/{kim.pk}/leave", {"because": "x"}).status_code == 403
        assert client.post(f"/people/{kim.pk}/change", {"name": "x", "role": "lead", "because": "x"}).status_code == 403


def test_who_comes_from_outside_finds_nobody(client, at, organisation, kim, now) -> None:
    guest = add_person(actor=ANNEXA, email="g@else.org", name="Gus", role="external", password=None, now=now)
    signed_in(client, guest)
    for url in (
        "/people",
        f"/people/{kim.pk}",
        "/governance",
        "/governance/raci.csv",
        "/systems",
    ):
        assert client.get(url).status_code == 404, url
    today = client.get("/")
    assert "Nothing is shared with you yet" in text(today)
    assert 'href="/frameworks"' not in today.content.decode()


def test_whoever_sees_a_part_is_told(client, at, actor, mei, now) -> None:
    add_unit(actor=actor, name="Retail", now=now)
    client.post(
        f"/people/{mei.pk}/give", {"role": "reader", "unit": "retail", "system": "", "ends_at": "", "because": "x"}
    )
    signed_in(client, mei)
    for url in ("/", "/frameworks", "/systems", "/governance", "/ledger", "/controls"):
        assert "You see a part of the organisation" in text(client.get(url)), url
        assert "are about Retail and what" in text(client.get(url)), url
