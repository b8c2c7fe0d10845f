"""`annexa --server`: another server is asked with a token, over a real connection, and refusals are told."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections

from annexa.actions.people import actor_of
from annexa.actions.tokens import create_token, scopes_for
from annexa.cli import words
from annexa.cli.main import main
from annexa.client import Client, RefusedError, UnreachableError
from annexa.records.controls import Adoption
from annexa.records.evidence import Evidence
from annexa.records.people import Person
from annexa.records.systems import AiSystem
from tests.answers.small_house import found_house


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def secret(db) -> str:
    """The small organisation, and a token of its administrator."""
    now = words.now()
    found_house(now)
    ada = Person.objects.get(email="ada@example.org")
    _, text = create_token(
        actor=actor_of(ada), person=ada, holder=ada, name="CLI", scopes=scopes_for(actor_of(ada)),
        expires_at=now + timedelta(days=1), now=now,
    )  # fmt: skip
    return text


@pytest.fixture
def server(secret) -> Iterator[str]:
    """The address of a server in another thread, which sees the same transaction."""
    ours, application = connections["default"], WSGIHandler()

    def answer(environ, start):
        connections["default"] = ours
        return application(environ, start)

    ours.inc_thread_sharing()
    of_a_request = (request_started, request_finished)
    for signal in of_a_request:  # a request would close the connection, and with it end the transaction of the test
        signal.disconnect(close_old_connections)
    with make_server("127.0.0.1", 0, answer, handler_class=_Quiet) as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()
        thread.join()
    for signal in of_a_request:
        signal.connect(close_old_connections)
    ours.dec_thread_sharing()


@pytest.fixture
def token(secret, monkeypatch) -> str:
    monkeypatch.setenv("ANNEXA_TOKEN", secret)
    return secret


def test_it_works(server, token, capsys, tmp_path) -> None:
    """One connection after the other, as a pipeline does it."""
    file = tmp_path / 'review "1".txt'
    file.write_text("A review of all suppliers")

    def run(*argv: object) -> tuple[int, str, str]:
        code = main(["--server", server, *map(str, argv)])
        said = capsys.readouterr()
        return code, said.out, said.err

    code, out, _ = run("posture", "--framework", "iso42001-2023", "--format", "json")
    assert (code, json.loads(out)["frameworks"][0]["id"]) == (0, "iso42001-2023")
    assert "iso42001-2023" in run("posture", "--framework", "iso42001-2023")[1]
    assert "A.5.2" in run("explain", "A.5.2", "--framework", "iso42001-2023")[1]
    code, out, _ = run("evidence", "add", "SUP-01", file, "--expectation", "due-diligence-files", "--note", "All well")
    assert code == 0
    assert Evidence.objects.get(note="All well").by.email == "ada@example.org"
    assert run("control", "adopt", "GOV-03")[0] == 0
    assert Adoption.objects.filter(control="GOV-03").count() == 1
    assert run("ledger", "head")[1].startswith("annexa.local/")
    code, out, said = run("control", "adopt", "GOV-03", "--state", "planned")
    assert (code, out) == (2, "")
    assert "give it with --due" in said
    code, out, said = run("control", "adopt", "GOV-03", "--state", "planned", "--due", "2001-01-01")
    assert (code, out) == (2, "")
    assert "2001-01-01 is not ahead" in said
    hindsight = run("posture", "--at", "2020-01-01", "--hindsight", "--format", "json")
    assert (hindsight[0], json.loads(hindsight[1])["learnt_by"] is None) == (0, False)
    assert json.loads(run("posture", "--at", "2020-01-01", "--format", "json")[1])["learnt_by"] is None
    assert run("explain", "A.5.2", "--framework", "iso42001-2023", "--hindsight")[0] == 2
    code, _, said = run("ledger", "verify")
    assert (code, "works on the machine itself only" in said) == (2, True)


def test_the_client_goes_through_lists_and_guards_changes(server, token) -> None:
    annexa = Client(server, token=token)
    assert [one["slug"] for one in annexa.items("systems", limit=1)] == ["chatbot", "credit-score", "old-planner"]
    assert annexa.change("systems/chatbot", {"owner": "Mei"})["owner"] == "Mei"
    with pytest.raises(RefusedError) as refused:
        annexa.change("systems/chatbot", {"owner": "Kim"}, tag='"old"')
    assert refused.value.status == 412
    assert [annexa.post("systems", {"name": "Once"}, key="k")["slug"] for _ in range(2)] == ["once", "once"]
    assert AiSystem.objects.get(slug="chatbot").owner == "Mei"
    with pytest.raises(RefusedError, match="name: "):
        annexa.post("systems", {"name": ""})
    with pytest.raises(UnreachableError, match="not as Annexa does"):
        Client(f"{server}/elsewhere", token=token).get("me")


def test_a_token_is_neither_shown_nor_sent_in_the_clear(capsys, monkeypatch) -> None:
    assert "secret" not in repr(Client("https://annexa.example.org", token="secret"))
    for address in ("http://annexa.example.org", "ftp://annexa.example.org", "annexa.example.org", ""):
        with pytest.raises(ValueError, match="https://"):
            Client(address, token="secret")
    monkeypatch.delenv("ANNEXA_TOKEN", raising=False)
    assert main(["--server", "https://annexa.example.org", "posture"]) == 2
    assert "ANNEXA_TOKEN" in capsys.readouterr().err


def test_a_server_that_does_not_answer(monkeypatch, capsys, tmp_path) -> None:
    (tmp_path / "token").write_text("annexa_x\n")
    monkeypatch.setenv("ANNEXA_TOKEN_FILE", str(tmp_path / "token"))
    assert main(["--server", "http://127.0.0.1:9", "posture"]) == 3
    assert "cannot be reached" in capsys.readouterr().err
