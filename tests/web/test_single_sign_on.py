"""Single sign-on: with a real OpenID Connect provider that the test starts, and with signed SAML responses."""

import base64
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.test import Client
from django.utils import timezone

from annexa.actions.leaving import let_go
from annexa.actions.people import actor_of, set_password
from annexa.actions.sign_on import sign_in_by_provider
from annexa.adapters.saml_metadata import SamlProvider
from annexa.pure.group_roles import parse_group_roles
from annexa.pure.permits import ANNEXA
from annexa.pure.sign_on import Asserted
from annexa.records.ledger import EntryBody, LedgerEntry
from annexa.records.people import Person
from annexa.records.sign_in import ProviderIdentity, SignedIn
from annexa.settings import OidcProvider
from tests.saml_provider import Key, fresh_key, instant, response
from tests.web.proving import signed_in

NEVER = "-0044-03-15T12:00:00Z"
"""A time that the schema of SAML allows, and that tells nothing."""
ROLES = parse_group_roles("annexa-admins=administrator, grc=lead")


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """An OpenID Connect provider in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1)
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def provider(issuer: str, **more) -> OidcProvider:
    said = {
        "issuer": issuer, "client_id": "annexa", "client_secret": "secret", "name": "Test House ID",
        "scopes": ("openid", "profile", "email"), "groups_claim": "groups", "inside": True,
    }  # fmt: skip
    return OidcProvider(**(said | more))


@pytest.fixture
def oidc(settings, issuer, admin):
    settings.OIDC, settings.SSO_ROLES = provider(issuer), ROLES
    return issuer


def user(issuer: str, sub: str, **claims) -> None:
    """Somebody whom the provider knows."""
    said = {"email": f"{sub}@example.org", "email_verified": True, "name": sub.title(), "groups": ["grc"]} | claims
    request = urllib.request.Request(f"{issuer}/users/{sub}", json.dumps(said).encode(), method="PUT")
    request.add_header("Content-Type", "application/json")
    urllib.request.urlopen(request, timeout=5)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args):
        return None


def at_provider(url: str, sub: str, **form) -> str:
    """What the browser does at the provider; where it is sent back to."""
    opener = urllib.request.build_opener(_Stay)
    try:
        opener.open(url, urllib.parse.urlencode({"sub": sub} | form).encode(), timeout=5)
    except urllib.error.HTTPError as answer:
        return answer.headers["Location"]
    raise AssertionError("it did not send the browser back")


def come(client: Client, sub: str, start: str = "/sign-in/with/oidc"):
    """The whole way: to the provider and back."""
    there = client.get(start)
    assert there.status_code == 302, there.content.decode()
    back = urllib.parse.urlsplit(at_provider(there["Location"], sub))
    assert (back.netloc, back.path) == ("testserver", "/sign-in/with/oidc/callback")
    return client.get(f"{back.path}?{back.query}")


def said(answer) -> str:
    assert answer.status_code == 403
    return answer.content.decode()


class TestOpenIdConnect:
    """With a provider that speaks it."""

    def test_it_works(self, client, oidc):
        """Somebody new gets the role of their group; each step is in the ledger; they arrive where they went."""
        user(oidc, "lee", name="Lee Lead")
        page = client.get("/sign-in?next=/ledger").content.decode()
        assert 'href="/sign-in/with/oidc?next=%2Fledger"' in page
        assert "Sign in with Test House ID" in page
        done = come(client, "lee", "/sign-in/with/oidc?next=%2Fledger")
        assert (done.status_code, done["Location"]) == (303, "/ledger")
        assert client.get("/ledger").status_code == 200
        lee = Person.objects.get(email="lee@example.org")
        assert (lee.name, lee.role, lee.has_usable_password()) == ("Lee Lead", "lead", False)
        assert SignedIn.objects.get(person=lee).through == "oidc"
        found = LedgerEntry.objects.order_by("-position")[:2]
        assert [(one.kind, one.actor) for one in found] == [("provider_identity", "annexa"), ("person", "annexa")]
        body = json.loads(bytes(EntryBody.objects.get(position=found[1].position).body))
        assert (body["verb"], body["because"]) == ("sign_in_by_provider", f"Said by {oidc}")

    def test_the_next_time_they_are_the_same_even_under_another_address(self, client, oidc):
        user(oidc, "lee")
        come(client, "lee")
        size = LedgerEntry.objects.count()
        user(oidc, "lee", email="married@example.org")
        assert come(Client(), "lee").status_code == 303
        assert Person.objects.filter(role="lead").count() == 1
        assert LedgerEntry.objects.count() == size, "nothing is new, so nothing is recorded"

    def test_a_role_follows_the_groups_and_the_change_is_recorded(self, client, oidc):
        user(oidc, "lee")
        come(client, "lee")
        user(oidc, "lee", groups=["grc", "annexa-admins"])
        come(Client(), "lee")
        lee = Person.objects.get(email="lee@example.org")
        assert lee.role == "administrator"
        last = LedgerEntry.objects.order_by("-position").first()
        assert (last.kind, last.subject, last.actor) == ("person", f"person/{lee.pk}", "annexa")
        user(oidc, "lee", groups=["grc"])
        come(Client(), "lee")
        lee.refresh_from_db()
        assert lee.role == "lead"

    def test_without_a_mapped_group_nobody_gets_in(self, client, oidc, settings):
        user(oidc, "lee", groups=["canteen"])
        assert "None of your groups has a role here" in said(come(client, "lee"))
        assert not Person.objects.filter(email="lee@example.org").exists()
        assert client.get("/").status_code == 302
        settings.SSO_DEFAULT_ROLE = "auditor"
        assert come(client, "lee").status_code == 303
        assert Person.objects.get(email="lee@example.org").role == "auditor"

    def test_groups_that_went_away_shut_the_door(self, client, oidc):
        user(oidc, "lee")
        come(client, "lee")
        user(oidc, "lee", groups=[])
        assert "None of your groups" in said(come(Client(), "lee"))

    @pytest.mark.parametrize("claims", [{"email_verified": False}, {"email_verified": "no"}, {"email_verified": None}])
    def test_an_address_that_is_not_verified_is_nobodys(self, client, oidc, kim, settings, claims):
        user(oidc, "evil", email="kim@example.org", **claims)
        assert "does not say that kim@example.org is verified" in said(come(client, "evil"))
        assert not ProviderIdentity.objects.exists()
        settings.SSO_EMAILS = "trusted"
        assert come(client, "evil").status_code == 303
        assert ProviderIdentity.objects.get().person == kim

    def test_somebody_known_by_their_verified_address(self, client, oidc, kim):
        user(oidc, "kim", email="KIM@example.org")
        assert come(client, "kim").status_code == 303
        kim.refresh_from_db()
        assert (kim.role, kim.email) == ("lead", "kim@example.org")

    def test_an_address_is_not_given_to_a_second_one(self, client, oidc, kim):
        user(oidc, "kim")
        come(client, "kim")
        user(oidc, "kim2", email="kim@example.org")
        assert "somebody else at your provider already" in said(come(Client(), "kim2"))

    def test_the_last_administrator_by_password_stays_one(self, client, oidc, admin):
        user(oidc, "ada")
        assert come(client, "ada").status_code == 303
        admin.refresh_from_db()
        assert (admin.role, admin.name) == ("administrator", "Ada")
        other = Person.objects.get(pk=sign_other_administrator().pk)
        assert other.role == "administrator"
        come(Client(), "ada")
        admin.refresh_from_db()
        assert admin.role == "lead", "now there is another one"

    def test_who_may_not_sign_in_any_more(self, client, oidc, kim, actor):
        let_go(actor=actor, by=None, person=kim.pk, successors={}, because="Left", now=timezone.now())
        user(oidc, "kim")
        assert "may not sign in here any more" in said(come(client, "kim"))

    def test_ended_there(self, client, oidc):
        there = client.get("/sign-in/with/oidc")["Location"]
        back = urllib.parse.urlsplit(at_provider(there, "lee", action="deny"))
        state = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(there).query))["state"]  # this provider forgets it
        assert "You ended it there" in said(client.get(f"{back.path}?{back.query}&state={state}"))

    def test_an_answer_counts_once_and_in_the_browser_that_asked(self, client, oidc):
        user(oidc, "lee")
        back = urllib.parse.urlsplit(at_provider(client.get("/sign-in/with/oidc")["Location"], "lee"))
        url = f"{back.path}?{back.query}"
        assert "does not fit" in said(Client().get(url))
        assert client.get(url).status_code == 303
        assert "does not fit" in said(client.get(url))

    def test_an_id_token_for_another_sign_in_is_refused(self, client, oidc):
        """The nonce: a code of one sign-in put into another one."""
        user(oidc, "lee")
        there = client.get("/sign-in/with/oidc")["Location"]
        parts = urllib.parse.urlsplit(there)
        asked = dict(urllib.parse.parse_qsl(parts.query))
        assert asked["code_challenge_method"] == "S256"
        other = parts._replace(query=urllib.parse.urlencode(asked | {"nonce": "of-somebody-else"})).geturl()
        back = urllib.parse.urlsplit(at_provider(other, "lee"))
        assert "belongs to another sign-in" in said(client.get(f"{back.path}?{back.query}"))

    @pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example/", "javascript:alert(1)"])
    def test_it_sends_nobody_elsewhere(self, client, oidc, wanted):
        user(oidc, "lee")
        done = come(client, "lee", f"/sign-in/with/oidc?next={urllib.parse.quote(wanted)}")
        assert done["Location"] == "/"

    def test_the_second_factor_is_the_providers_affair(self, client, oidc, settings):
        settings.MFA_REQUIRED = "everybody"
        user(oidc, "lee")
        come(client, "lee")
        assert client.get("/ledger").status_code == 200

    def test_proof_before_a_dangerous_act_is_given_there(self, client, oidc):
        user(oidc, "lee")
        come(client, "lee")
        session = client.session
        session["proved_at"] = timezone.now().timestamp() - 601
        session.save()
        asked = client.get(client.get("/tokens")["Location"])
        assert 'href="/sign-in/with/oidc?again&amp;next=%2Ftokens"' in asked.content.decode()
        there = client.get("/sign-in/with/oidc?again&next=/tokens")["Location"]
        assert "prompt=login" in there
        assert "max_age=0" in there
        back = urllib.parse.urlsplit(at_provider(there, "lee"))
        assert client.get(f"{back.path}?{back.query}")["Location"] == "/tokens"
        assert client.get("/tokens").status_code == 200

    @pytest.mark.parametrize(
        ("told", "sentence"),
        [
            (-700, "without asking anew"),
            (-100, "without asking anew"),
            (700, "without asking anew"),
            (None, "does not say when it asked you"),
            ("1", "does not say when it asked you"),
            (True, "does not say when it asked you"),
        ],
        ids=["old", "before-it-was-begun", "ahead", "unsaid", "text", "yes"],
    )
    def test_an_old_proof_there_is_none(self, client, oidc, told, sentence):
        """A provider that does not ask anew, because whoever sits there took that out of the address, says so by the
        time at which it asked; one that says no time proves nothing."""
        user(oidc, "lee")
        come(client, "lee")
        session = client.session
        session["proved_at"] = timezone.now().timestamp() - 601
        session.save()
        number = isinstance(told, int) and not isinstance(told, bool)
        user(oidc, "lee", auth_time=int(time.time()) + told if number else told)
        there = client.get("/sign-in/with/oidc?again&next=/tokens")["Location"]
        stripped = there.replace("prompt=login", "").replace("max_age=0", "")
        back = urllib.parse.urlsplit(at_provider(stripped, "lee"))
        assert sentence in said(client.get(f"{back.path}?{back.query}"))
        assert client.get("/tokens").status_code == 303

    def test_signing_in_once_more_is_no_proof(self, client, oidc):
        """At an unattended browser: the provider's cookie lets whoever sits there pass, and that proves nothing."""
        user(oidc, "lee")
        come(client, "lee")
        assert client.get("/tokens").status_code == 200, "at first they were asked"
        for told in (int(time.time()) - 601, int(time.time()) + 700, None, "now"):
            user(oidc, "lee", auth_time=told)
            assert come(client, "lee", "/sign-in/with/oidc?next=/tokens").status_code == 303
            assert client.get("/ledger").status_code == 200
            asked = client.get("/tokens")
            assert (asked.status_code, asked["Location"]) == (303, "/account/again?next=%2Ftokens"), told
            assert "provider" in client.get(asked["Location"]).content.decode()

    def test_the_ten_minutes_begin_when_the_provider_asked(self, client, oidc):
        at = int(time.time()) - 400
        user(oidc, "lee", auth_time=at)
        come(client, "lee")
        assert client.session["proved_at"] == at
        assert client.get("/tokens").status_code == 200

    def test_what_user_info_says_is_no_proof(self, client, oidc, monkeypatch):
        """It is told at any time; only the ID token is of this sign-in."""
        from annexa.web import single_sign_on

        whole = single_sign_on._Checked._decode_id_token
        monkeypatch.setattr(
            single_sign_on._Checked, "_decode_id_token",
            lambda self, *given: {name: one for name, one in whole(self, *given).items() if name != "auth_time"},
        )  # fmt: skip
        user(oidc, "lee", auth_time=int(time.time()))
        come(client, "lee")
        assert client.get("/tokens").status_code == 303

    def test_no_token_of_the_provider_is_kept(self, client, oidc):
        """Rule: what lets one ask the provider in somebody's name is neither in the session nor in a table."""
        from allauth.socialaccount.models import SocialAccount, SocialToken

        user(oidc, "lee")
        come(client, "lee")
        kept = json.dumps(dict(client.session), default=str)
        assert [word for word in ("access_token", "id_token", "refresh_token", "eyJ") if word in kept] == []
        assert not SocialToken.objects.exists()
        assert not SocialAccount.objects.exists()
        assert [name for name in client.cookies if name not in {"sessionid", "annexa-device", "csrftoken"}] == []

    def test_the_same_name_at_another_provider_is_somebody_else(self, client, oidc, admin):
        """Rule: who somebody is at a provider counts together with which provider it is."""
        user(oidc, "lee")
        come(client, "lee")
        asserted = Asserted(
            issuer="https://another.example", subject="lee", email="lou@example.org", email_verified=True, name="Lou",
            groups=("grc",),
        )  # fmt: skip
        other = sign_in_by_provider(asserted, roles=ROLES, default="", trusted=False, now=timezone.now())
        assert other.email == "lou@example.org"
        assert other.pk != Person.objects.get(email="lee@example.org").pk

    def test_somebody_else_is_no_proof(self, client, oidc, admin):
        signed_in(client, admin, ago=601)
        user(oidc, "lee")
        there = client.get("/sign-in/with/oidc?again&next=/tokens")["Location"]
        back = urllib.parse.urlsplit(at_provider(there, "lee"))
        assert "somebody else" in said(client.get(f"{back.path}?{back.query}"))
        assert client.session["_auth_user_id"] == str(admin.pk)


def sign_other_administrator() -> Person:
    """Another administrator with a password."""
    asserted = Asserted(
        issuer="https://x", subject="root", email="root@example.org", email_verified=True, name="Root",
        groups=("annexa-admins",),
    )  # fmt: skip
    made = sign_in_by_provider(asserted, roles=ROLES, default="", trusted=False, now=timezone.now())
    set_password(actor=ANNEXA, person=made, password="seven quiet copper kettles", now=timezone.now())
    assert actor_of(made).role == "administrator"
    return made


# --- providers that are none


class Answers(BaseHTTPRequestHandler):
    """A server that answers every question alike."""

    status, body, headers_more = 200, b"", {}

    def do_GET(self) -> None:
        """Answers."""
        self.send_response(self.status)
        for name, value in self.headers_more.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_args) -> None:
        """Says nothing."""


@pytest.fixture
def server():
    """Starts such a server; its address."""
    running = []

    def start(status: int = 200, body: bytes = b"", **headers: str) -> str:
        kind = type("Now", (Answers,), {"status": status, "body": body, "headers_more": headers})
        found = HTTPServer(("127.0.0.1", 0), kind)
        threading.Thread(target=found.serve_forever, daemon=True).start()
        running.append(found)
        return f"http://127.0.0.1:{found.server_port}"

    yield start
    for one in running:
        one.shutdown()
        one.server_close()


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500},
        {"body": b"<html>"},
        {"body": b"[]"},
        {"body": b'{"issuer": 3}'},
        {"body": b'{"issuer": "https://another.example"}'},
        {"body": b"x" * 2_000_000},
        {"status": 302, "Location": "http://127.0.0.1:1/"},
    ],
    ids=["error", "page", "list", "number", "another", "endless", "elsewhere"],
)
def test_a_provider_that_is_none_is_told_in_a_sentence(client, admin, settings, server, answer, caplog):
    settings.OIDC = provider(server(**answer))
    page = said(client.get("/sign-in/with/oidc"))
    assert "Traceback" not in page
    assert "The provider could not be asked" in page or "does not fit" in page
    assert any("Nobody was let in" in one.message for one in caplog.records)


def test_a_provider_that_does_not_answer(client, admin, settings):
    settings.OIDC = provider("http://127.0.0.1:1")
    assert "could not be asked" in said(client.get("/sign-in/with/oidc"))


def test_keys_that_are_none(client, oidc, server, monkeypatch):
    """The provider's keys cannot be had, or are others: a sentence, and nobody is let in."""
    from annexa.web import single_sign_on

    user(oidc, "lee")
    whole = single_sign_on._Checked.openid_config.fget
    for body in (b"<html>", b"[]", b'{"keys": []}', b'{"keys": [{"kid": "x"}]}'):
        url = server(body=body)
        monkeypatch.setattr(
            single_sign_on._Checked, "openid_config", property(lambda self, url=url: whole(self) | {"jwks_uri": url})
        )
        answer = come(Client(), "lee")
        assert "Traceback" not in said(answer)
    assert not Person.objects.filter(email="lee@example.org").exists()


def test_it_does_not_reach_into_our_network(client, admin, settings, server, caplog):
    """The guard of webhooks, under its own setting."""
    settings.OIDC = provider(server(body=b"{}").replace("http:", "https:"), inside=False)
    assert "could not be asked" in said(client.get("/sign-in/with/oidc"))
    assert "lies in a network of our own; ANNEXA_OIDC_INSIDE allows that" in caplog.text


def test_a_row_of_allauths_tables_is_no_provider(client, admin):
    """Whoever can write into the database adds a provider of theirs, and an account of theirs at it."""
    from allauth.socialaccount.models import SocialApp
    from django.db import connection

    from annexa.records.guard import DoorClosedError

    with pytest.raises(DoorClosedError):
        SocialApp(provider="openid_connect", provider_id="oidc", client_id="x", name="x").save()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO socialaccount_socialapp (provider, provider_id, name, client_id, secret, key, settings) "
            "VALUES ('openid_connect', 'evil', 'x', 'x', '', '', '{}')"
        )
    for path in ("/sign-in/with/evil", "/sign-in/with/oidc", "/sign-in/with/evil/callback?code=1&state=2"):
        assert client.get(path).status_code == 404, path


# --- SAML


@pytest.fixture(scope="module")
def idp() -> tuple[Key, Key]:
    """The key of a provider, and one that is not its."""
    return fresh_key(), fresh_key()


@pytest.fixture
def saml(client, settings, admin, idp):
    from allauth.socialaccount.providers import registry
    from allauth.socialaccount.providers.saml.provider import SAMLProvider

    registry.register(SAMLProvider)
    client.defaults["HTTP_HOST"] = "testserver"  # every browser sends it
    settings.SAML = SamlProvider(
        entity_id="https://idp.example.org", sign_in_url="https://idp.example.org/go",
        certificate="".join(idp[0][1].strip().splitlines()[1:-1]),
    )  # fmt: skip
    settings.SAML_NAME, settings.SSO_ROLES, settings.SSO_EMAILS = "House ID", ROLES, "trusted"
    return idp[0]


def asked(client: Client, start: str = "/sign-in/with/saml?next=/ledger") -> str:
    """The id of the request with which the browser was sent to the provider."""
    there = urllib.parse.urlsplit(client.get(start)["Location"])
    assert there.netloc == "idp.example.org"
    xml = zlib.decompress(base64.b64decode(dict(urllib.parse.parse_qsl(there.query))["SAMLRequest"]), -15).decode()
    return xml.split('ID="')[1].split('"')[0]


def ago(seconds: int) -> str:
    """An instant, so many seconds ago."""
    return instant(datetime.now(UTC) - timedelta(seconds=seconds))


def post(client: Client, text: str):
    """What the provider's page makes the browser do: without our cookies, as from another site; then onwards."""
    kept = Client(headers={"Host": "testserver"})
    first = kept.post("/sign-in/with/saml/acs", {"SAMLResponse": text, "RelayState": ""})
    if first.status_code != 302:
        return first
    client.cookies.update(kept.cookies)
    return client.get(first["Location"])


class TestSaml:
    """With responses that are signed as a provider signs them."""

    def test_it_works(self, client, saml):
        assert "Sign in with House ID" in client.get("/sign-in").content.decode()
        done = post(client, response(saml, asked(client)))
        assert (done.status_code, done["Location"]) == (303, "/ledger")
        lee = Person.objects.get(email="lee@example.org")
        assert (lee.name, lee.role) == ("Lee Lead", "lead")
        assert ProviderIdentity.objects.get().subject == "u-17"
        assert client.get("/ledger").status_code == 200

    @pytest.mark.parametrize(
        "wrong",
        [
            {"audience": "https://another.example"},
            {"issuer": "https://another.example"},
            {"there": "https://another.example/acs"},
            {"until": "2020-01-01T00:00:00Z"},
            {"change": ("grc", "annexa-admins")},
            {"change": ("lee@", "ada@")},
            {"group": "x"},
        ],
        ids=["audience", "issuer", "recipient", "late", "group-changed", "address-changed", "no-group"],
    )
    def test_it_refuses(self, client, saml, wrong):
        said(post(client, response(saml, asked(client), **wrong)))
        assert client.get("/").status_code == 302
        assert Person.objects.count() == 1

    def test_another_key_is_refused(self, client, saml, idp):
        said(post(client, response(idp[1], asked(client))))

    def test_without_a_signature_it_is_refused(self, client, saml):
        text = base64.b64decode(response(saml, asked(client))).decode()
        bare = text[: text.index("<ds:Signature")] + text[text.index("</ds:Signature>") + len("</ds:Signature>") :]
        said(post(client, base64.b64encode(bare.encode()).decode()))

    def test_nobody_is_let_in_who_did_not_ask(self, client, saml):
        said(post(client, response(saml, "_never")))

    def test_a_response_counts_once(self, client, saml):
        text = response(saml, asked(client))
        assert post(client, text).status_code == 303
        client.post("/sign-out")
        said(post(client, text))

    @pytest.mark.parametrize("text", ["", "x", base64.b64encode(b"<a/>").decode(), "A" * 300_000])
    def test_nonsense_is_told_in_a_sentence(self, client, saml, text):
        asked(client)
        assert "Traceback" not in said(post(client, text))

    def test_an_address_that_is_not_verified_is_nobodys(self, client, saml, settings):
        settings.SSO_EMAILS = "verified"
        assert "is verified" in said(post(client, response(saml, asked(client))))

    def test_what_the_provider_has_to_know(self, client, saml):
        text = client.get("/sign-in/with/saml/metadata").content.decode()
        assert 'entityID="http://testserver/sign-in/with/saml/metadata"' in text
        assert "/sign-in/with/saml/acs" in text
        assert "SingleLogoutService" not in text

    def test_again_asks_the_provider_anew(self, client, saml):
        there = urllib.parse.urlsplit(client.get("/sign-in/with/saml?again")["Location"])
        xml = zlib.decompress(base64.b64decode(dict(urllib.parse.parse_qsl(there.query))["SAMLRequest"]), -15)
        assert b'ForceAuthn="true"' in xml

    def test_only_when_the_provider_asked_counts(self, client, saml):
        """A response to a sign-in with the provider's cookie: they are in, and the next dangerous act asks."""
        assert post(client, response(saml, asked(client))).status_code == 303
        assert client.get("/tokens").status_code == 200
        for told in (ago(601), ago(-700), NEVER):
            assert post(client, response(saml, asked(client), asked_at=told)).status_code == 303
            assert client.get("/ledger").status_code == 200
            assert client.get("/tokens").status_code == 303, told
        post(client, response(saml, asked(client), asked_at=ago(400)))
        assert client.get("/tokens").status_code == 200

    def test_proof_before_a_dangerous_act_is_given_there(self, client, saml):
        """Whoever sits there can take ForceAuthn out of the request; the response says when it asked all the same."""
        again = "/sign-in/with/saml?again&next=/tokens"
        post(client, response(saml, asked(client), asked_at=ago(601)))
        assert "without asking anew" in said(post(client, response(saml, asked(client, again), asked_at=ago(100))))
        assert "does not say when" in said(post(client, response(saml, asked(client, again), asked_at=NEVER)))
        assert client.get("/tokens").status_code == 303
        done = post(client, response(saml, asked(client, again)))
        assert (done.status_code, done["Location"]) == (303, "/tokens")
        assert client.get("/tokens").status_code == 200


def test_where_none_is_set_nothing_is_offered(client, admin):
    assert "Sign in with" not in client.get("/sign-in").content.decode().replace("Sign in with a passkey", "")
    for path in ("oidc", "saml", "oidc/callback", "saml/metadata", "saml/finish", "saml/sls"):
        assert client.get(f"/sign-in/with/{path}").status_code == 404, path
    assert client.post("/sign-in/with/saml/acs").status_code == 404
