"""What the log says of signing in and of what was refused: who, what, when, and no secret."""

import json
import logging
import re

import pytest
from django.conf import settings as configured
from django.test import Client

from annexa.actions.people import actor_of, add_person
from annexa.actions.second_factors import add_totp
from annexa.api.logs import JsonLines, Lines
from annexa.pure.second_factors import totp_code
from tests.api.test_logs import Kept
from tests.web.proving import signed_in

PASSWORD = "correct horse battery staple"
SECRET = b"12345678901234567890"


@pytest.fixture(params=[JsonLines, Lines])
def kept(request):
    handler = Kept(request.param())
    logger = logging.getLogger("annexa.security")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(before)


def said(kept: Kept) -> list[str]:
    """The sentences, without what stands before them."""
    if isinstance(kept.formatter, JsonLines):
        return [json.loads(line)["message"] for line in kept.lines]
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (INFO|WARNING) annexa.security: ", one) for one in kept.lines)
    return [line.split("annexa.security: ")[1] for line in kept.lines]


def test_signing_in_and_out(kept, admin) -> None:
    client, who = Client(), f"person/{admin.pk}"
    client.post("/sign-in", {"email": "ada@example.org", "password": "wrong password here"})
    client.post("/sign-in", {"email": "ada@example.org", "password": PASSWORD})
    client.post("/account/again", {"typed": "wrong"})
    client.post("/account/again", {"typed": PASSWORD})
    client.post("/password", {"current": "wrong", "password": "seven quiet copper kettles"})
    client.post("/sign-out")
    assert said(kept) == [
        "Not signed in: address and password do not fit",
        f"Signed in: {who} through password",
        f"Not shown again: {who}",
        f"Shown again: {who}",
        f"Password not changed: {who} did not know the present one",
        f"Signed out: {who}",
    ]
    text = "\n".join(kept.lines)
    assert [word for word in ("ada@", "wrong", "correct", "kettles", "Ada") if word in text] == []


def test_the_second_step(kept, admin, monkeypatch) -> None:
    from django.utils import timezone

    now = timezone.now()
    step = int(now.timestamp()) // 30
    add_totp(actor=actor_of(admin), person=admin, secret=SECRET, code=totp_code(SECRET, step - 1), name="App", now=now)
    client, who = Client(), f"person/{admin.pk}"
    client.post("/sign-in", {"email": "ada@example.org", "password": PASSWORD})
    client.post("/sign-in/second-step", {"code": "000000"})
    client.post("/sign-in/second-step", {"code": totp_code(SECRET, step)})
    assert said(kept) == [
        f"Password fits, second step asked for: {who}",
        f"Not signed in: second step of {who} failed",
        f"Signed in: {who} through password",
    ]


def test_what_was_refused(kept, admin, actor, now) -> None:
    """Rule: who may not, who comes from another site, who asks for another host, who tries too often."""
    kim = add_person(
        actor=actor, email="kim@example.org", name="Kim Lee", role="auditor", password=PASSWORD, now=now
    )  # fmt: skip
    client = signed_in(Client(), kim)
    client.post(f"/people/{admin.pk}/end-sessions")
    Client(enforce_csrf_checks=True).post("/sign-in", {"email": "ada@example.org", "password": PASSWORD})
    Client().get("/sign-in", headers={"Host": "evil.example.org"})
    Client().get("/api/v1/me", headers={"Authorization": "Bearer annexa_wrong"})
    for _ in range(11):
        last = Client().post("/sign-in", {"email": "lou@example.org", "password": "guess"})
    assert last.status_code == 429
    assert [one for one in said(kept) if one.startswith("Refused")] == [
        f"Refused with 403: people/<int:person_id>/end-sessions by person/{kim.pk}",
        "Refused with 403: sign-in by a stranger",
        "Refused with 400: sign-in by a stranger",
        r"Refused with 401: ^api/v1(?:/(?P<rest>[\s\S]*))?$ by a stranger",
        "Refused with 429: sign-in by a stranger",
    ]


def test_a_session_that_ended_by_itself(kept, admin, settings) -> None:
    client = signed_in(Client(), admin)
    session = client.session
    session["began"] = 0.0
    session.save()
    client.get("/")
    assert said(kept) == ["Session ended: it is as old as one may be"]


def test_nobody_writes_a_line_of_their_own(kept) -> None:
    """Rule: whatever stands in a sentence, it stays one line, and what a terminal would obey is shown."""
    logging.getLogger("annexa.security").warning("asked for %s", "x\n2026-11-20T09:40:00Z INFO forged\r\x1b[2J\u2028")
    (line,) = kept.lines
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


def test_lines_go_nowhere_but_to_standard_error() -> None:
    """Rule: one place, and security lines are in it whatever the form."""
    handlers = configured.LOGGING["handlers"]
    assert {name: one["class"] for name, one in handlers.items()} == {"stderr": "logging.StreamHandler"}
    assert "stream" not in handlers["stderr"]
    assert all(one.get("handlers", []) == [] for one in configured.LOGGING["loggers"].values())
    assert configured.LOGGING["loggers"]["annexa.security"] == {"level": "INFO"}
