"""Second factors, as a person sets them up, uses them and takes them away: real codes, real signatures."""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from annexa.actions import sign_in as counting
from annexa.actions.people import actor_of
from annexa.actions.second_factors import add_totp, factors_of, make_recovery_codes, reset_second_factors
from annexa.pure.permits import ANNEXA
from annexa.pure.second_factors import totp_code
from annexa.records.ledger import EntryBody, LedgerEntry
from annexa.records.sign_in import SecondFactor
from annexa.web.second_factors import totp_url
from tests.authenticator import Authenticator
from tests.web.proving import signed_in

PASSWORD = "correct horse battery staple"
SECRET = b"12345678901234567890"


def code(ahead: int = 0) -> str:
    return totp_code(SECRET, int(timezone.now().timestamp()) // 30 + ahead)


def first_step(client, **more):
    return client.post("/sign-in", {"email": "ada@example.org", "password": PASSWORD, **more})


@pytest.fixture
def clock(monkeypatch):
    """Time that goes on when it is told to."""
    at = [timezone.now()]
    monkeypatch.setattr(timezone, "now", lambda: at[0])

    def go(seconds: float) -> None:
        at[0] += timedelta(seconds=seconds)

    return go


@pytest.fixture
def app(admin, clock):
    """Ada has an app that shows codes, since a minute."""
    made = add_totp(
        actor=actor_of(admin), person=admin, secret=SECRET, code=code(), name="Code app", now=timezone.now()
    )
    clock(60)
    return made


@pytest.fixture
def key(client, admin):
    """Ada has a passkey."""
    made = Authenticator()
    signed_in(client, admin)
    begun = client.post("/sign-in/passkey/new").json()
    answer = client.post("/account/second-factors/passkey", {"name": "Blue key", "passkey": made.make(begun)})
    assert answer.status_code == 201
    client.post("/sign-out")
    return made


class TestApp:
    """An app that shows codes."""

    def test_it_works(self, client, admin, clock):
        signed_in(client, admin)
        page = client.get("/account/second-factors/app").content.decode()
        assert "<svg" in page
        typed = re.search(r'id="secret">([A-Z2-7 ]+)<', page)[1]
        import base64

        text = typed.replace(" ", "")
        secret = base64.b32decode(text + "=" * (-len(text) % 8))
        now = int(timezone.now().timestamp())
        wrong = client.post("/account/second-factors/app", {"code": "000000"})
        assert wrong.status_code == 422
        assert typed in wrong.content.decode(), "the secret must stay what the app has read"
        done = client.post("/account/second-factors/app", {"code": totp_code(secret, now // 30)})
        assert done.status_code == 201
        codes = re.findall(r"<code>([0-9a-f-]{39})</code>", done.content.decode())
        assert len(set(codes)) == 10
        assert done["Cache-Control"] == "no-store"
        kinds = list(LedgerEntry.objects.order_by("-position").values_list("kind", flat=True)[:2])
        assert kinds == ["second_factor", "second_factor"]
        for row in SecondFactor.objects.all():
            assert text not in row.kept
            assert not any(one in row.kept for one in codes)
        bodies = b"".join(bytes(one.body) for one in EntryBody.objects.all())
        assert text.encode() not in bodies
        client.post("/sign-out")
        clock(60)
        assert first_step(client)["Location"] == "/sign-in/second-step"
        step = int(timezone.now().timestamp()) // 30
        assert client.post("/sign-in/second-step", {"code": totp_code(secret, step)}).status_code == 303
        assert client.get("/").status_code == 200

    def test_the_password_alone_opens_nothing(self, client, app):
        first_step(client, next="/ledger")
        assert "_auth_user_id" not in client.session
        assert client.get("/")["Location"].startswith("/sign-in")
        assert client.get("/api/v1/me").status_code == 401
        assert client.post("/sign-in/passkey/new").status_code == 403

    def test_one_arrives_where_one_wanted_to_go(self, client, app):
        first_step(client, next="/ledger")
        assert client.post("/sign-in/second-step", {"code": code()})["Location"] == "/ledger"

    def test_no_code_is_taken_twice(self, client, app):
        said = code()
        first_step(client)
        assert client.post("/sign-in/second-step", {"code": said}).status_code == 303
        first_step(other := Client())
        assert other.post("/sign-in/second-step", {"code": said}).status_code == 422

    def test_guessing_codes_ends(self, client, app):
        first_step(client)
        found = [
            client.post("/sign-in/second-step", {"code": "000000"}).status_code for _ in range(counting.MOST_HERE + 1)
        ]
        assert found[-2:] == [422, 429]
        assert client.post("/sign-in/second-step", {"code": code()}).status_code == 429

    def test_many_addresses_guess_no_more_codes_than_one(self, app):
        found = []
        for n in range(counting.MOST_CODES_FROM_STRANGERS + 1):
            guesses = Client(REMOTE_ADDR=f"198.51.100.{n}")
            first_step(guesses)
            found.append(guesses.post("/sign-in/second-step", {"code": "000000"}).status_code)
        assert found[-1] == 429

    def test_the_first_step_holds_for_ten_minutes(self, client, app, clock):
        first_step(client)
        clock(601)
        assert client.post("/sign-in/second-step", {"code": code()})["Location"] == "/sign-in"

    def test_a_password_changed_meanwhile_ends_the_first_step(self, client, app, admin):
        from annexa.actions.people import set_password

        first_step(client)
        set_password(actor=ANNEXA, person=admin, password="seven quiet copper kettles", now=timezone.now())
        assert client.post("/sign-in/second-step", {"code": code()})["Location"] == "/sign-in"

    def test_under_another_secret_key_it_shows_nothing_right(self, client, app, settings):
        """A copy of the database without the key is not enough to make codes."""
        settings.SECRET_KEY = "another" * 10
        first_step(client)
        assert client.post("/sign-in/second-step", {"code": code()}).status_code == 422


class TestRecoveryCodes:
    """Codes on paper."""

    def test_each_is_good_once(self, client, app, admin):
        made = make_recovery_codes(actor=actor_of(admin), person=admin, now=timezone.now())
        for typed, status in ((made[3], 303), (made[3].upper(), 422), (made[4].replace("-", ""), 303)):
            first_step(fresh := Client())
            assert fresh.post("/sign-in/second-step", {"code": typed}).status_code == status
        signed_in(client, admin)
        assert "8 left" in client.get("/account/second-factors").content.decode()

    def test_new_ones_end_the_old_ones(self, client, app, admin):
        old = make_recovery_codes(actor=actor_of(admin), person=admin, now=timezone.now())
        signed_in(client, admin)
        answer = client.post("/account/second-factors/codes")
        assert answer.status_code == 201
        assert old[0] not in answer.content.decode()
        first_step(fresh := Client())
        assert fresh.post("/sign-in/second-step", {"code": old[0]}).status_code == 422

    def test_alone_they_are_no_second_factor(self, client, admin):
        signed_in(client, admin)
        assert client.post("/account/second-factors/codes").status_code == 409


class TestPasskey:
    """Passkeys: beside a password, and alone."""

    def test_as_second_step(self, client, key):
        assert first_step(client)["Location"] == "/sign-in/second-step"
        asked = client.post("/sign-in/second-step/passkey").json()
        assert len(asked["publicKey"]["allowCredentials"]) == 1
        assert client.post("/sign-in/second-step", {"passkey": key.prove(asked)}).status_code == 303
        assert client.get("/").status_code == 200

    def test_alone(self, client, key):
        asked = client.post("/sign-in/passkey/sign-in").json()
        assert asked["publicKey"]["userVerification"] == "required"
        assert not asked["publicKey"].get("allowCredentials"), "nobody learns which passkeys there are"
        done = client.post("/sign-in/passkey", {"passkey": key.prove(asked), "next": "//evil.example"})
        assert (done.status_code, done["Location"]) == (303, "/")

    def test_whoever_fails_with_theirs_locks_nobody_out(self, client, key):
        for n in range(counting.MOST_FROM_STRANGERS + 1):
            evil = Client(REMOTE_ADDR=f"198.51.100.{n}")
            proof = Authenticator().prove(evil.post("/sign-in/passkey/sign-in").json())
            assert evil.post("/sign-in/passkey", {"passkey": proof}).status_code == 422
        fresh = Client(REMOTE_ADDR="203.0.113.9")
        asked = fresh.post("/sign-in/passkey/sign-in").json()
        assert fresh.post("/sign-in/passkey", {"passkey": key.prove(asked)}).status_code == 303

    def test_alone_it_has_to_ask_for_finger_or_pin(self, client, key):
        key.verifies = False
        asked = client.post("/sign-in/passkey/sign-in").json()
        assert client.post("/sign-in/passkey", {"passkey": key.prove(asked)}).status_code == 422

    def test_a_challenge_of_the_second_step_is_none_for_signing_in_alone(self, client, key, kim):
        """Else whoever has an account of their own, and a stolen key, could leave out finger and PIN."""
        from annexa.actions.people import set_password

        theirs = Authenticator(verifies=False)
        set_password(actor=ANNEXA, person=kim, password="seven quiet copper kettles", now=timezone.now())
        kim.refresh_from_db()
        begun = signed_in(other := Client(), kim).post("/sign-in/passkey/new").json()
        other.post("/account/second-factors/passkey", {"name": "Kim's", "passkey": theirs.make(begun)})
        client.post("/sign-in", {"email": "kim@example.org", "password": "seven quiet copper kettles"})
        asked = client.post("/sign-in/second-step/passkey").json()
        key.verifies = False
        assert client.post("/sign-in/passkey", {"passkey": key.prove(asked)}).status_code == 422
        assert "_auth_user_id" not in client.session

    @pytest.mark.parametrize("what", ["challenge", "origin", "stranger", "counter", "nonsense", "twice"])
    def test_it_refuses(self, client, key, what):
        asked = client.post("/sign-in/passkey/sign-in").json()
        if what == "origin":
            key.origin = "http://testserver.evil.example"
        proof = {
            "challenge": lambda: key.prove(asked, challenge="AAAAAAAAAAAAAAAAAAAAAA"),
            "stranger": lambda: Authenticator().prove(asked),
            "nonsense": lambda: json.dumps({"rawId": "AA", "response": []}),
        }.get(what, lambda: key.prove(asked))()
        if what in {"counter", "twice"}:
            assert client.post("/sign-in/passkey", {"passkey": proof}).status_code == 303
            client.post("/sign-out")
        if what == "counter":  # a copy of the key that has not counted as far
            asked = client.post("/sign-in/passkey/sign-in").json()
            proof = key.prove(asked, counts=0)
        answer = client.post("/sign-in/passkey", {"passkey": proof})
        assert answer.status_code == 422
        assert "_auth_user_id" not in client.session

    def test_somebody_elses_is_no_second_step(self, client, key, admin, kim):
        theirs = Authenticator()
        signed_in(other := Client(), kim)
        begun = other.post("/sign-in/passkey/new").json()
        other.post("/account/second-factors/passkey", {"name": "Kim's", "passkey": theirs.make(begun)})
        first_step(client)
        asked = client.post("/sign-in/second-step/passkey").json()
        assert client.post("/sign-in/second-step", {"passkey": theirs.prove(asked)}).status_code == 422

    def test_one_that_is_made_has_to_answer_what_was_asked(self, client, admin):
        signed_in(client, admin)
        begun = client.post("/sign-in/passkey/new").json()
        for wrong in ("", "x", "[]", "{}", Authenticator().make(begun, challenge="AAAA"), "a" * 30_000):
            client.post("/sign-in/passkey/new")
            answer = client.post("/account/second-factors/passkey", {"name": "Key", "passkey": wrong})
            assert answer.status_code == 422, wrong[:9]
        assert not SecondFactor.objects.exists()

    def test_a_removed_one_lets_nobody_in(self, client, key, admin):
        signed_in(client, admin)
        (row,) = [one for one in factors_of(admin) if one.what == "passkey"]
        assert client.post(f"/account/second-factors/{row.id}/remove").status_code == 303
        assert factors_of(admin) == [], "codes on paper stand in for nothing any more"
        assert LedgerEntry.objects.order_by("-position").first().kind == "second_factor_removal"
        client.post("/sign-out")
        asked = client.post("/sign-in/passkey/sign-in").json()
        assert client.post("/sign-in/passkey", {"passkey": key.prove(asked)}).status_code == 422


class TestWhoMust:
    """ANNEXA_MFA_REQUIRED."""

    @pytest.mark.parametrize(
        ("asked", "ada", "of_kim"), [("no", 200, 200), ("administrators", 302, 200), ("everybody", 302, 302)]
    )
    def test_of_whom_it_is_asked(self, client, admin, settings, asked, ada, kim, of_kim):
        settings.MFA_REQUIRED = asked
        assert signed_in(client, admin).get("/ledger").status_code == ada
        assert signed_in(Client(), kim).get("/ledger").status_code == of_kim

    def test_one_is_led_to_set_it_up_and_can_do_nothing_else(self, client, admin, settings):
        settings.MFA_REQUIRED = "everybody"
        signed_in(client, admin)
        assert client.get("/")["Location"] == "/account/second-factors"
        assert "asks you for a second factor" in client.get("/account/second-factors").content.decode()
        for path in ("/tokens", "/password", "/people", "/systems", "/account/sessions", "/ledger"):
            assert client.get(path)["Location"] == "/account/second-factors", path
            assert client.post(path)["Location"] == "/account/second-factors", path
        assert client.get("/api/v1/me").status_code == 403
        key = Authenticator()
        begun = client.post("/sign-in/passkey/new").json()
        client.post("/account/second-factors/passkey", {"name": "Key", "passkey": key.make(begun)})
        assert client.get("/").status_code == 200
        assert client.get("/api/v1/me").status_code == 200

    def test_the_last_one_stays(self, client, app, admin, settings):
        settings.MFA_REQUIRED = "administrators"
        signed_in(client, admin)
        assert client.post(f"/account/second-factors/{app.id}/remove").status_code == 409
        assert factors_of(admin)

    def test_a_reset_leads_there_again(self, client, app, admin, settings):
        settings.MFA_REQUIRED = "administrators"
        client.force_login(admin)
        assert client.get("/").status_code == 200
        reset_second_factors(actor=ANNEXA, by=None, person=admin, now=timezone.now(), because="Lost")
        assert client.get("/")["Location"].startswith("/sign-in"), "sessions end"
        assert first_step(client).status_code == 303
        assert client.get("/")["Location"] == "/account/second-factors"


@pytest.mark.parametrize("path", ["app", "passkey", "codes"])
def test_a_session_left_open_is_not_enough(client, admin, path):
    signed_in(client, admin, ago=601)
    for answer in (client.get(f"/account/second-factors/{path}"), client.post(f"/account/second-factors/{path}")):
        assert answer["Location"].startswith("/account/again?next=")


def test_nobody_removes_those_of_others(client, app, kim):
    signed_in(client, kim)
    assert client.post(f"/account/second-factors/{app.id}/remove").status_code == 404
    assert factors_of(app.person) == [app]


def test_forms_of_other_sites_are_refused(admin, app):
    strict = signed_in(Client(enforce_csrf_checks=True), admin)
    for path in ("app", "passkey", "codes", f"{app.id}/remove"):
        assert strict.post(f"/account/second-factors/{path}").status_code == 403, path
    for path in ("/sign-in/passkey/new", "/sign-in/passkey", "/sign-in/second-step", "/account/again"):
        assert strict.post(path).status_code == 403, path


def test_what_an_app_reads():
    url = totp_url(SECRET, account="ada@example.org", issuer="Annexa Test House")
    assert url == (
        "otpauth://totp/Annexa%20Test%20House%3Aada%40example.org"
        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Annexa%20Test%20House"
    )
