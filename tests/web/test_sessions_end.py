"""A session ends: by its age, by silence, and its key with each proof of who sits there."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from annexa.records.sign_in import SignedIn
from annexa.web.entering import BEGAN
from annexa.web.sessions import NOTED

PASSWORD = "correct horse battery staple"


@pytest.fixture
def here(admin) -> Client:
    made = Client()
    assert made.post("/sign-in", {"email": "ada@example.org", "password": PASSWORD}).status_code == 303
    assert made.get("/").status_code == 200
    return made


def ago(client: Client, **seconds: float) -> None:
    """As if this had been so long ago."""
    session = client.session
    for name, many in seconds.items():
        session[name] = timezone.now().timestamp() - many
    session.save()


def test_a_session_ends_however_busy_it_is(here, settings) -> None:
    """Rule: twelve hours after signing in, whatever was done a moment ago; nothing of it stays."""
    ago(here, **{BEGAN: settings.SESSION_HOURS * 3600 - 60})
    assert here.get("/").status_code == 200
    ago(here, **{BEGAN: settings.SESSION_HOURS * 3600})
    assert here.get("/ledger")["Location"].startswith("/sign-in?next=/ledger")
    assert not Session.objects.filter(session_key=here.cookies["sessionid"].value).exists()


def test_a_session_that_nobody_uses_ends(here, settings) -> None:
    idle = settings.SESSION_IDLE_MINUTES * 60
    ago(here, **{NOTED: idle - 60})
    assert here.get("/").status_code == 200
    ago(here, **{NOTED: idle})
    assert here.get("/").status_code == 302


def test_being_used_puts_off_the_end_by_silence_only(here, settings) -> None:
    before = here.session[BEGAN]
    ago(here, **{NOTED: settings.SESSION_IDLE_MINUTES * 60 - 60})
    here.get("/")
    assert timezone.now().timestamp() - here.session[NOTED] < 60
    assert here.session[BEGAN] == before


def test_it_ends_for_the_api_too(here, settings) -> None:
    assert here.get("/api/v1/me").status_code == 200
    ago(here, **{BEGAN: settings.SESSION_HOURS * 3600})
    assert here.get("/api/v1/me").status_code == 401


def test_each_proof_gives_it_another_key(here) -> None:
    before = here.session.session_key
    stolen = Client()
    stolen.cookies["sessionid"] = before
    assert stolen.get("/").status_code == 200
    assert here.post("/account/again", {"typed": PASSWORD}).status_code == 303
    assert here.session.session_key != before
    assert stolen.get("/").status_code == 302
    assert here.get("/").status_code == 200
    assert SignedIn.objects.get().session_key == here.session.session_key


def test_signing_out_leaves_nothing_in_the_browser(here) -> None:
    assert here.post("/sign-out").headers["Clear-Site-Data"] == '"cache"'


def test_a_key_cannot_be_guessed(admin) -> None:
    """Rule: 32 signs out of 36, more than 160 bits, from the generator of the system."""
    keys = set()
    for _ in range(20):
        client = Client()
        client.force_login(admin)
        keys.add(client.session.session_key)
    assert len(keys) == 20
    assert all(re.fullmatch(r"[0-9a-z]{32}", key) for key in keys)


def test_every_page_offers_to_sign_out(here) -> None:
    for path in ("/", "/systems", "/frameworks", "/ledger", "/people", "/account/sessions", "/password"):
        assert 'action="/sign-out"' in here.get(path).content.decode(), path


def test_whoever_changes_how_they_sign_in_is_led_to_their_sessions(here) -> None:
    assert 'href="/account/sessions"' in here.get("/account/second-factors").content.decode()
