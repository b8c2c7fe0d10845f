"""What every answer carries, whatever it is: a page, a refusal, a fault, a file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.db import InterfaceError
from django.test import Client

from annexa.pure.facts import FactError
from annexa.records.snapshot import LedgerUnreadableError
from annexa.web.guard import POLICY

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parents[2]
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
}
KINDS = (
    "page", "form", "redirect", "missing", "export", "probe", "figures", "asset", "forged host", "csrf", "fault",
)  # fmt: skip


@pytest.fixture(params=KINDS)
def answer(request, admin, monkeypatch):
    """One answer of each kind."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    if request.param == "redirect":
        return client.get("/systems")
    if request.param == "csrf":
        return client.post("/sign-in", {"email": "a@example.org", "password": "x"})
    if request.param == "forged host":
        return client.get("/sign-in", headers={"Host": "evil.example.org"})
    if request.param == "asset":
        page = client.get("/sign-in").content.decode()
        return client.get("/static/" + page.split("/static/")[1].split('"')[0])
    client.force_login(admin)
    if request.param == "fault":
        monkeypatch.setattr("annexa.web.today.render", None)
        return client.get("/")
    where = {
        "page": "/", "form": "/password", "missing": "/no-such-page", "export": "/systems/export?format=csv",
        "probe": "/healthz", "figures": "/metrics",
    }  # fmt: skip
    return client.get(where[request.param])


def test_every_answer_is_hardened(answer) -> None:
    for name, value in ALWAYS.items():
        assert answer.headers.get(name) == value, name
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert "X-Request-ID" in answer.headers
    policy = answer.headers["Content-Security-Policy"]
    assert policy == POLICY or policy.startswith("sandbox")


def test_the_policy_allows_nothing_inline_and_nobody_else() -> None:
    """Rule: only our own files; no inline script or style, no frame, no plugin, no foreign form."""
    assert "unsafe" not in POLICY
    assert "http" not in POLICY
    for part in (
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ):
        assert part in POLICY


def test_only_assets_are_kept_by_browsers(admin) -> None:
    """Rule: what somebody saw while signed in is not in the cache of a shared machine."""
    client = Client()
    client.force_login(admin)
    for path in ("/", "/systems", "/sign-in", "/systems/export?format=csv", "/healthz", "/no-such-page"):
        assert client.get(path).headers["Cache-Control"] == "no-store", path
    page = client.get("/").content.decode()
    kept = client.get("/static/" + page.split("/static/")[1].split('"')[0]).headers["Cache-Control"]
    assert "immutable" in kept


@pytest.mark.parametrize("secure", [True, False])
def test_browsers_remember_https_where_it_is_spoken(settings, secure) -> None:
    settings.SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    response = Client().get("/sign-in", secure=secure)
    assert ("Strict-Transport-Security" in response.headers) is secure


def test_cookies_are_closed_to_scripts_and_strangers() -> None:
    assert configured.SESSION_COOKIE_HTTPONLY
    assert configured.CSRF_COOKIE_HTTPONLY
    assert configured.SESSION_COOKIE_SAMESITE == "Lax"
    assert not configured.DEBUG


@pytest.mark.slow
def test_over_https_cookies_and_the_policy_of_transport_are_strict(tmp_path) -> None:
    """Rule: cookies begin with __Host-, for HTTPS only; browsers keep to HTTPS for a year, for names below too."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": "src", "ANNEXA_HOME": str(tmp_path), "ANNEXA_HTTPS": "yes",
           "DJANGO_SETTINGS_MODULE": "annexa.settings"}  # fmt: skip
    done = subprocess.run([sys.executable, "-c", STRICT], env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    assert set(answer["cookies"]) == {"__Host-csrftoken", "__Host-sessionid", "__Host-annexa-device"}
    for name, cookie in answer["cookies"].items():
        assert cookie["secure"] is True, name
        assert cookie["httponly"] is True, name
        assert (cookie["path"], cookie["domain"], cookie["samesite"]) == ("/", "", "Lax"), name
    assert answer["hsts"] == "max-age=31536000; includeSubDomains"
    assert answer["plain"] == 302


STRICT = """
import json, django
django.setup()
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
call_command("migrate", verbosity=0)
from annexa.actions.organisation import set_up_organisation
set_up_organisation(name="House", admin_email="ada@example.org", admin_name="Ada", password="correct horse battery",
                    now=timezone.now())
client = Client(headers={"X-Forwarded-Proto": "https", "Host": "localhost"})
page = client.get("/sign-in")
done = client.post("/sign-in", {"email": "ada@example.org", "password": "correct horse battery"})
cookies = {name: {one: found[one] for one in ("secure", "httponly", "path", "domain", "samesite")}
           for name, found in {**page.cookies, **done.cookies}.items()}
print(json.dumps({"cookies": cookies, "hsts": page.headers["Strict-Transport-Security"],
                  "plain": Client(headers={"Host": "localhost"}).get("/sign-in").status_code}))
"""


def test_a_form_from_another_site_is_refused(admin) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin)
    assert client.post("/systems/new", {"name": "Forged"}).status_code == 403


def test_a_database_that_does_not_answer_is_no_mistake_of_a_page(admin, monkeypatch) -> None:
    """Rule: 503 and what to do, not a page that calls itself broken; nothing was changed."""

    def cut_off(*_args: object, **_more: object) -> None:
        raise InterfaceError("connection already closed")

    client = Client()
    client.force_login(admin)
    monkeypatch.setattr("annexa.web.today.answer", cut_off)
    answer = client.get("/")
    assert answer.status_code == 503
    assert "does not answer" in answer.content.decode()


def test_a_ledger_that_cannot_be_read_is_said_with_what_to_do(admin, monkeypatch) -> None:
    """Rule: 503 with the entry and the way out, not a page that calls itself broken."""

    def unreadable(*_args: object, **_more: object) -> None:
        raise LedgerUnreadableError(7, FactError("its body is missing"))

    client = Client()
    client.force_login(admin)
    monkeypatch.setattr("annexa.web.today.answer", unreadable)
    answer = client.get("/")
    assert answer.status_code == 503
    shown = answer.content.decode()
    assert "Entry 7 of the ledger cannot be read (its body is missing)" in shown
    assert "annexa ledger verify" in shown
