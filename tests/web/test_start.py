"""The first page of an empty installation, and the way into a demo."""

import pytest
from django.core import signing
from django.core.cache import cache
from django.urls import reverse

from annexa.actions.organisation import demo_token, first_token, start_links
from annexa.actions.people import first_administrator
from annexa.records.organisation import Organisation
from annexa.records.people import Person

TYPED = {
    "choice": "own",
    "name": "Harbour & Works",
    "person_name": "Mei Tanaka",
    "email": "mei@example.org",
    "password": "seven quiet copper kettles",
}


@pytest.fixture(autouse=True)
def _no_tries_yet():
    cache.clear()


@pytest.fixture
def demo(db, now):
    """The administrator of a demo organisation in which nothing has happened yet."""
    from annexa.actions.door import door
    from annexa.actions.organisation import write_organisation
    from annexa.actions.people import make_person
    from annexa.pure.permits import ANNEXA

    with door(actor=ANNEXA, verb="set_up_organisation", now=now) as opened:
        write_organisation(opened, name="Fenwharf Energy", frameworks=(), demo=True, now=now)
        return make_person(
            opened, email="kim@example.org", name="Kim Lee", role="administrator", password=None, now=now
        )


def link():
    (found,) = start_links("http://localhost:8000")
    return found.removeprefix("http://localhost:8000")


def test_the_printed_link_offers_two_ways(client, db):
    assert link() == reverse("welcome", args=[first_token()])
    assert len(first_token()) == 32
    page = client.get(link()).content.decode()
    assert "Explore a demo" in page
    assert "Set up your organisation" in page


def test_it_sets_up_the_organisation(client, db):
    done = client.post(link(), TYPED)
    assert (done.status_code, done["Location"]) == (303, "/systems/import")
    assert Organisation.objects.get().name == "Harbour & Works"
    assert Person.objects.get().role == "administrator"
    page = client.get("/").content.decode()
    assert "Mei Tanaka" in page
    assert "Harbour &amp; Works" in page


@pytest.mark.parametrize("token", ["0" * 32, "x", "Ä"])
def test_another_token_finds_nothing(client, db, token):
    assert client.get(f"/welcome/{token}").status_code == 404
    assert client.post(f"/welcome/{token}", TYPED).status_code == 404
    assert not Organisation.objects.exists()


def test_afterwards_the_link_is_gone(client, organisation):
    for answer in (client.get(f"/welcome/{first_token()}"), client.post(f"/welcome/{first_token()}", TYPED)):
        assert answer.status_code == 404
    assert Person.objects.count() == 1
    assert start_links("http://localhost:8000/") == ["http://localhost:8000/"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": " "}, "Name of the organisation"),
        ({"password": "short"}, "too short"),
        ({"email": "nowhere"}, "valid email"),
        ({"person_name": ""}, "Your name"),
    ],
)
def test_it_validates(client, db, changed, said):
    answer = client.post(link(), TYPED | changed)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert said in page
    assert "to put right" in page
    assert TYPED["password"] not in page
    assert "mei@example.org" in page or "email" in changed
    assert not Organisation.objects.exists()


def test_two_at_once_and_the_second_is_told(client, db, monkeypatch):
    """Both saw the empty page; only one administrator is made."""
    from annexa.actions.errors import ConflictError
    from annexa.web import start

    def taken(**_):
        raise ConflictError("This installation is set up already.")

    monkeypatch.setattr(start, "set_up_organisation", taken)
    answer = client.post(link(), TYPED)
    assert answer.status_code == 409
    assert "set up already" in answer.content.decode()


@pytest.mark.slow
def test_it_explores_a_demo(client, db):
    done = client.post(link(), {"choice": "demo"})
    assert (done.status_code, done["Location"]) == (303, "/")
    assert "Demonstration" in client.get("/").content.decode()


def test_the_demo_is_entered_by_a_link_for_a_day(client, demo, monkeypatch):
    assert link() == reverse("enter", args=[demo_token()])
    done = client.get(link())
    assert (done.status_code, done["Location"]) == (303, "/")
    assert client.get("/").wsgi_request.user == demo == first_administrator()
    late = signing.time.time() + 24 * 3600 + 5
    old = demo_token()
    monkeypatch.setattr(signing.time, "time", lambda: late)
    assert client.get(f"/enter/{old}").status_code == 404


def test_a_made_up_link_finds_nothing(client, demo):
    for token in ("1", "1:abc:def", "", signing.TimestampSigner(salt="something else").sign("1")):
        assert client.get(f"/enter/{token}").status_code == 404


def test_nobody_enters_a_real_organisation_by_a_link(client, organisation):
    with pytest.raises(ValueError, match="demo"):
        demo_token()
    token = signing.TimestampSigner(salt="enter-demo").sign("1")
    assert client.get(f"/enter/{token}").status_code == 404
