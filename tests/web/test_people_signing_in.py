"""Passwords that are set on the machine, and the proof that goes before each dangerous act."""

import json

import pytest
from django.test import Client
from django.utils import timezone

from annexa.actions import sign_in as counting
from annexa.actions.errors import InvalidError, NotPermittedError
from annexa.actions.people import actor_of, set_password
from annexa.actions.second_factors import add_totp, factors_of
from annexa.pure.permits import ANNEXA
from annexa.pure.second_factors import totp_code
from annexa.records.ledger import EntryBody, LedgerEntry
from tests.web.proving import signed_in

PASSWORD = "correct horse battery staple"
SECRET = b"12345678901234567890"
NEW = {"email": "lee@example.org", "person_name": "Lee Lead", "role": "lead"}


def test_an_administrator_helps_with_signing_in(client, admin, kim):
    """Factors are taken out of use, sessions end; the page says what there is."""
    now = timezone.now()
    add_totp(
        actor=actor_of(kim), person=kim, secret=SECRET, code=totp_code(SECRET, int(now.timestamp()) // 30), name="App",
        now=now,
    )  # fmt: skip
    theirs = signed_in(Client(), kim)
    signed_in(client, admin)
    assert "App, " in client.get(f"/people/{kim.pk}").content.decode()
    nothing_said = client.post(f"/people/{kim.pk}/reset-second-factors", {"because": " "})
    assert nothing_said.status_code == 422
    assert "How you made sure that it is they who ask" in nothing_said.content.decode()
    assert factors_of(kim)
    sure = {"because": "Seen in person"}
    assert client.post(f"/people/{kim.pk}/reset-second-factors", sure).status_code == 303
    said = json.loads(bytes(EntryBody.objects.order_by("-position").first().body))
    assert said["because"] == "Seen in person"
    assert (list(factors_of(kim)), theirs.get("/").status_code) == ([], 302)
    assert client.post(f"/people/{kim.pk}/reset-second-factors", sure).status_code == 409
    again = signed_in(Client(), kim)
    assert client.post(f"/people/{kim.pk}/end-sessions").status_code == 303
    assert again.get("/").status_code == 302


def test_nobody_else_does(client, admin, kim):
    signed_in(client, kim)
    for what in ("reset-second-factors", "end-sessions"):
        assert client.post(f"/people/{admin.pk}/{what}").status_code == 403
    assert "Second factors" not in client.get(f"/people/{admin.pk}").content.decode()


class TestSetPassword:
    """For whoever has access to the machine."""

    def test_it_works(self, client, admin, kim):
        now = timezone.now()
        code = totp_code(SECRET, int(now.timestamp()) // 30)
        add_totp(actor=actor_of(kim), person=kim, secret=SECRET, code=code, name="App", now=now)
        theirs = signed_in(Client(), kim)
        set_password(actor=ANNEXA, person=kim, password="seven quiet copper kettles", now=timezone.now())
        kim.refresh_from_db()
        assert kim.check_password("seven quiet copper kettles")
        assert theirs.get("/").status_code == 302
        assert factors_of(kim), "second factors stay"
        kinds = list(LedgerEntry.objects.order_by("-position").values_list("kind", flat=True)[:2])
        assert sorted(kinds) == ["person", "sessions_end"]

    def test_not_for_administrators(self, actor, kim):
        with pytest.raises(NotPermittedError):
            set_password(actor=actor, person=kim, password="seven quiet copper kettles", now=timezone.now())

    def test_it_validates(self, kim):
        with pytest.raises(InvalidError, match="too common"):
            set_password(actor=ANNEXA, person=kim, password="password1234", now=timezone.now())


class TestAgain:
    """Showing once more that it is oneself."""

    DANGEROUS = ("/tokens", "/password", "/account/second-factors/app")
    SENT = ("/people/add", "/people/1/change", "/people/1/end-sessions", "/people/1/reset-second-factors")

    @pytest.mark.parametrize("path", DANGEROUS)
    def test_it_works(self, client, admin, path):
        path = path.replace("1", str(admin.pk))
        signed_in(client, admin, ago=601)
        asked = client.get(path)
        assert asked.status_code == 303
        page = client.get(asked["Location"]).content.decode()
        assert f'value="{path}"' in page
        done = client.post("/account/again", {"typed": PASSWORD, "next": path})
        assert (done.status_code, done["Location"]) == (303, path)
        assert client.get(path).status_code == 200

    @pytest.mark.parametrize("path", [*DANGEROUS, *SENT])
    def test_nothing_is_done_without(self, client, admin, path):
        path = path.replace("1", str(admin.pk))
        size = LedgerEntry.objects.count()
        signed_in(client, admin, ago=601)
        typed = NEW | {"name": "Nightly", "scopes": ["read"], "password": "seven quiet copper kettles", "code": "0"}
        answer = client.post(path, typed, headers={"Referer": "http://testserver/people?x=1"})
        assert answer["Location"] == "/account/again?next=%2Fpeople%3Fx%3D1"
        assert LedgerEntry.objects.count() == size

    def test_a_code_does_too(self, client, admin):
        now = timezone.now()
        step = int(now.timestamp()) // 30
        add_totp(actor=actor_of(admin), person=admin, secret=SECRET, code=totp_code(SECRET, step), name="App", now=now)
        signed_in(client, admin, ago=601)
        assert client.post("/account/again", {"typed": totp_code(SECRET, step)}).status_code == 422, "not twice"
        assert client.post("/account/again", {"typed": totp_code(SECRET, step + 1)}).status_code == 303

    def test_guessing_ends(self, client, admin):
        signed_in(client, admin, ago=601)
        found = [client.post("/account/again", {"typed": "wrong"}).status_code for _ in range(counting.MOST_HERE + 1)]
        assert found[-2:] == [422, 429]

    @pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example/", "javascript:alert(1)"])
    def test_it_sends_nobody_elsewhere(self, client, admin, wanted):
        signed_in(client, admin, ago=601)
        assert client.post("/account/again", {"typed": PASSWORD, "next": wanted})["Location"] == "/"
        signed_in(client, admin, ago=601)
        bad = client.post("/people/add", NEW, headers={"Referer": "https://evil.example/x"})
        assert bad["Location"] == "/account/again?next=%2Fx"

    def test_a_session_of_the_api_is_asked_too(self, client, admin):
        """A page of ours that calls the API is no way around it; a token is a proof of its own."""
        body = {"email": "lee@example.org", "name": "Lee", "role": "lead"}
        signed_in(client, admin, ago=601)
        answer = client.post("/api/v1/people", body, content_type="application/json")
        assert answer.status_code == 403
        assert "/account/again" in answer.json()["detail"]
        signed_in(client, admin)
        assert client.post("/api/v1/people", body, content_type="application/json").status_code == 201
