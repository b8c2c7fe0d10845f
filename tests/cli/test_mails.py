"""`annexa mail`: tries the server for mail, and shows what became of mails."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from annexa.actions.mails import prepare_mails, send_mails
from annexa.pure.mails import MailServer
from tests.actions.test_mails import server, task  # noqa: F401
from tests.cli.test_tokens import run  # noqa: F401

pytestmark = pytest.mark.django_db


def test_it_works(run, server) -> None:  # noqa: F811
    code, said, _ = run("mail", "test", "ada@example.org")
    assert (code, said) == (0, "The server took a mail to ada@example.org.\n")
    assert [str(one["Subject"]) for one in server.got] == ["Annexa: mail works"]


def test_a_server_that_is_away_is_a_code_of_its_own(run, server, settings) -> None:  # noqa: F811
    settings.MAIL = MailServer(host="127.0.0.1", port=1, security="none")
    code, _, said = run("mail", "test", "ada@example.org")
    assert code == 3
    assert "127.0.0.1:1 cannot be reached" in said
    settings.MAIL = None
    code, _, said = run("mail", "test", "ada@example.org")
    assert code == 3
    assert "ANNEXA_SMTP_URL is not set" in said


def test_no_address_is_a_wrong_use(run, server) -> None:  # noqa: F811
    assert run("mail", "test", "ada")[0] == 2
    with pytest.raises(SystemExit, match="2"):
        run("mail", "list", "--limit", "0")
    assert server.got == []


def test_what_became_of_them(run, server, task, kim) -> None:  # noqa: F811
    task()
    at = (timezone.now() + timedelta(days=1)).replace(hour=9)
    prepare_mails(now=at)
    server.refuses += ["550 nobody of that name"] * 2
    send_mails(now=lambda: at)
    code, said, _ = run("mail", "list", "--failed", "--format", "json")
    rows = {one["to"]: one for one in json.loads(said)}
    assert code == 0
    assert rows[kim.email]["state"] == "given up"
    assert "550 nobody of that name" in rows[kim.email]["answer"]
