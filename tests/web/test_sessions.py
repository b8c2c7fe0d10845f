"""The page of one's own sessions, and what ends them."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from annexa.actions.leaving import let_go
from annexa.actions.sign_in import sweep_sessions
from annexa.answers.sessions import browser_named
from annexa.records.ledger import LedgerEntry
from annexa.records.sign_in import SignedIn
from tests.web.proving import signed_in

PASSWORD = "correct horse battery staple"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/138.0 Safari/537.36 Edg/138.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile/15E148 Safari/604.1"


def enter(**more) -> Client:
    made = Client(**more)
    assert made.post("/sign-in", {"email": "ada@example.org", "password": PASSWORD}).status_code == 303
    return made


@pytest.fixture
def two(admin):
    return enter(headers={"User-Agent": FIREFOX}), enter(headers={"User-Agent": EDGE}, REMOTE_ADDR="192.0.2.7")


def test_it_works(two):
    here, there = two
    page = here.get("/account/sessions").content.decode()
    for said in ("Firefox, Linux", "127.0.0.1", "Edge, Windows", "192.0.2.7", "password", "this one"):
        assert said in page
    assert here.session.session_key not in page
    assert there.session.session_key not in page
    (end,) = re.findall(r"/account/sessions/[0-9a-f]{32}/end", page)
    assert here.post(end).status_code == 303
    assert there.get("/").status_code == 302
    assert here.get("/").status_code == 200
    assert here.post(end).status_code == 404


def test_all_others(two, admin):
    here, there = two
    forced = Client()
    forced.force_login(admin)
    assert here.post("/account/sessions/end-others").status_code == 303
    assert there.get("/").status_code == 302
    assert forced.get("/").status_code == 302, "also one that nobody has described yet"
    assert here.get("/").status_code == 200


def test_nobody_sees_or_ends_those_of_others(two, kim):
    here, there = two
    page = here.get("/account/sessions").content.decode()
    (end,) = re.findall(r"/account/sessions/[0-9a-f]{32}/end", page)
    stranger = signed_in(Client(), kim)
    assert "192.0.2.7" not in stranger.get("/account/sessions").content.decode()
    assert stranger.post(end).status_code == 404
    assert there.get("/").status_code == 200


def test_a_session_left_open_is_not_enough(two, admin):
    _, there = two
    old = signed_in(Client(), admin, ago=601)
    assert old.post("/account/sessions/end-others")["Location"].startswith("/account/again")
    assert there.get("/").status_code == 200


def test_an_administrator_ends_all_of_somebody(client, admin, kim):
    theirs = signed_in(Client(), kim)
    signed_in(client, admin)
    assert client.post(f"/people/{kim.pk}/end-sessions").status_code == 303
    assert theirs.get("/").status_code == 302
    last = LedgerEntry.objects.order_by("-position").first()
    assert (last.kind, last.subject, last.actor) == ("sessions_end", f"person/{kim.pk}", f"person/{admin.pk}")


def test_nobody_else_does(client, admin, kim):
    theirs = signed_in(Client(), admin)
    signed_in(client, kim)
    assert client.post(f"/people/{admin.pk}/end-sessions").status_code == 403
    assert theirs.get("/").status_code == 200


def test_who_may_not_sign_in_any_more_is_signed_out(client, kim, actor):
    signed_in(client, kim)
    let_go(actor=actor, by=None, person=kim.pk, successors={}, because="Left", now=timezone.now())
    assert client.get("/").status_code == 302
    assert not Session.objects.exists()


def test_what_ended_is_swept(two, admin):
    here, _ = two
    here.post("/sign-out")
    sweep_sessions(now=timezone.now())
    assert SignedIn.objects.count() == 1
    Session.objects.update(expire_date=timezone.now())
    sweep_sessions(now=timezone.now())
    assert (SignedIn.objects.count(), Session.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        (FIREFOX, "Firefox, Linux"),
        (EDGE, "Edge, Windows"),
        (SAFARI, "Safari, iPhone"),
        ("curl/8.1", "curl/8.1"),
        ("", ""),
        ("x" * 500, "x" * 60),
    ],
)
def test_browsers_in_words(said, name):
    assert browser_named(said) == name


def test_a_page_is_not_lost_over_it(client, admin, monkeypatch):
    from django.db import DatabaseError

    from annexa.web import sessions

    def fails(*_args):
        raise DatabaseError("full")

    client.force_login(admin)
    monkeypatch.setattr(sessions, "note", fails)
    assert client.get("/").status_code == 200


def test_a_copy_for_backups_holds_no_session(two):
    from annexa.records.rows import copied_tables

    assert SignedIn not in copied_tables()
