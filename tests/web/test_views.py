"""What is chosen in a list is kept under a name, for oneself or for everybody, and stands above the list."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from annexa.actions.errors import InvalidError, NotFoundError, NotPermittedError
from annexa.actions.grants import grant_role
from annexa.actions.people import actor_of, add_person
from annexa.actions.registers import add_record
from annexa.actions.systems import add_system
from annexa.actions.units import add_unit
from annexa.actions.views import drop_view, keep_view
from annexa.answers.views import views_of
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.pure.systems import SystemFacts
from annexa.pure.views import MOST
from annexa.records import guard
from annexa.records.ledger import LedgerEntry
from annexa.records.views import SavedView
from annexa.web.views import query_of

CHOSEN = "tier=critical&sort=-changed"


@pytest.fixture
def suppliers(actor, at):
    for name, tier in (("Parley", "critical"), ("Nord", "standard")):
        add_record(actor=actor, register=SUPPLIERS, entry=SUPPLIERS.make({"name": name, "tier": tier}), now=at)


def kept(person, now, **said):
    first = {"place": "suppliers", "name": "Critical", "query": "tier=critical", "shared": False}
    return keep_view(actor=actor_of(person), person=person, now=now, **{**first, **said})


def test_it_works(client, suppliers, at) -> None:
    page = client.get(f"/suppliers?{CHOSEN}&page=1&size=50&junk=1").content.decode()
    assert 'name="query" value="sort=-changed&amp;tier=critical"' in page, "in one order, without what is no filter"
    before = LedgerEntry.objects.count()
    sent = client.post("/views/suppliers/keep", {"name": " Critical  ones ", "query": f"{CHOSEN}&size=50"})
    assert (sent.status_code, sent["Location"]) == (303, "/suppliers?sort=-changed&tier=critical")
    page = client.get(sent["Location"]).content.decode()
    assert 'aria-current="page">Critical ones</a>' in page
    assert "Nord" not in page.split("<tbody>")[1]
    assert LedgerEntry.objects.count() == before, "it says nothing about the management system"
    plain = client.get("/suppliers").content.decode()
    assert 'href="/suppliers?sort=-changed&amp;tier=critical">Critical ones</a>' in plain
    assert "Critical ones" not in client.get("/risks").content.decode()
    view = SavedView.objects.get()
    assert client.post(f"/views/{view.id}/drop").status_code == 303
    assert ">Critical ones</a>" not in client.get("/suppliers").content.decode()


def test_the_list_of_ai_systems_has_them_too(client, actor, at) -> None:
    add_system(actor=actor, facts=SystemFacts(name="Alpha"), now=at)
    client.post("/views/systems/keep", {"name": "Mine", "query": "risk=unclassified&q=alpha&units=all"})
    page = client.get("/systems").content.decode()
    assert 'href="/systems?q=alpha&amp;risk=unclassified">Mine</a>' in page
    fragment = client.get("/systems?q=alpha", headers={"HX-Request": "true"}).content.decode()
    assert "Keep this view" in fragment, "what is chosen by htmx can be kept as well"


def test_the_same_name_again_takes_the_place_of_the_one_before(admin, now) -> None:
    first = kept(admin, now)
    again = kept(admin, now + timedelta(days=1), query="tier=standard")
    assert (first.id, again.query, SavedView.objects.count()) == (again.id, "tier=standard", 1)


def test_everything_that_is_wrong_is_said(client, admin, at) -> None:
    with pytest.raises(InvalidError) as error:
        kept(admin, at, name=" ", query="")
    assert set(error.value.problems) == {"name", ""}
    for n in range(MOST):
        kept(admin, at, name=f"View {n}")
    with pytest.raises(InvalidError, match="drop one first"):
        kept(admin, at, name="One more")
    assert kept(admin, at, name="View 3", query="q=x").query == "q=x"
    assert client.post("/views/suppliers/keep", {"name": "Empty", "query": "page=3"}).status_code == 422
    assert client.post("/views/ghosts/keep", {"name": "Empty", "query": "q=3"}).status_code == 404
    assert client.get("/views/suppliers/keep")["Location"] == "/suppliers"


def test_it_is_ones_own_unless_it_is_shared_by_who_may(client, admin, actor, kim, at) -> None:
    """Rule: what is shared is for who reads the whole organisation, since it may name what others do not know of."""
    own, shared = kept(admin, at), kept(admin, at, name="For all", shared=True)
    assert [one.view.name for one in views_of(actor=actor_of(kim), place="suppliers")] == ["For all"]
    with pytest.raises(NotPermittedError):
        kept(kim, at, shared=True)
    with pytest.raises(NotFoundError):
        drop_view(actor=actor_of(kim), person=kim, view=own.id, now=at)
    with pytest.raises(NotPermittedError):
        drop_view(actor=actor_of(kim), person=kim, view=shared.id, now=at)
    unit = add_unit(actor=actor, name="Retail", now=at)
    rita = add_person(actor=actor, email="rita@example.org", name="Rita", role="member", password=None, now=at)
    grant_role(actor=actor, person=admin, holder=rita, role="lead", unit=unit.slug, now=at, because="Works there")
    assert views_of(actor=actor_of(rita), place="suppliers") == ()
    with pytest.raises(NotFoundError):
        drop_view(actor=actor_of(rita), person=rita, view=shared.id, now=at)
    assert kept(rita, at).shared is False
    lee = add_person(actor=actor, email="lee@example.org", name="Lee", role="lead", password=None, now=at)
    drop_view(actor=actor_of(lee), person=lee, view=shared.id, now=at)
    assert set(SavedView.objects.values_list("name", "person__name")) == {
        ("Critical", "Ada Admin"),
        ("Critical", "Rita"),
    }


def test_nothing_is_kept_beside_the_door(admin, now) -> None:
    view = kept(admin, now)
    with pytest.raises(guard.DoorClosedError):
        SavedView.objects.filter(id=view.id).delete()
    with guard.opened(), pytest.raises(IntegrityError), transaction.atomic():
        SavedView(id="x", person=admin, place="suppliers", name="Critical", query="q=x", made_at=now).save()


def test_an_address_is_kept_in_one_order() -> None:
    known = {"q", "tier"}
    assert query_of("tier=b&q=x&tier=a&tier=b&page=2&ghost=1&sort=", known) == "q=x&tier=a&tier=b"
    assert query_of("q=%26tier%3Dx", known) == "q=%26tier%3Dx", "a value is never taken for a parameter"
    assert query_of("", known) == query_of("page=2", known) == ""
