"""Receivers are told of new entries of their kinds: each once, signed, again after failures, and only outside."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.systems import add_system
from annexa.actions.webhooks import NotSentError, add_webhook, deliver, end_webhook, post, url_problem
from annexa.answers.webhooks import secret_of
from annexa.pure.permits import Actor
from annexa.pure.systems import SystemFacts
from annexa.pure.webhooks import WAITS, signature
from annexa.records.ledger import LedgerEntry
from annexa.records.webhooks import Delivery
from tests.actions.test_door import check_ledger

URL = "https://example.org/hook"
AUDITOR = Actor(id="person/99", name="Otto Auditor", role="auditor")


@pytest.fixture
def hook(organisation, actor, admin, now):
    return add_webhook(actor=actor, person=admin, url=URL, kinds=["ai_system"], now=now)


class Receiver:
    """Takes messages and answers as told."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers, self.got = list(answers), []

    def __call__(self, url, *, body, headers) -> int:
        self.got.append((url, json.loads(body), headers, body))
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_it_works(hook, actor, now) -> None:
    add_system(actor=actor, facts=SystemFacts(name="A"), now=now)
    size, receiver = check_ledger(), Receiver()
    assert deliver(now=lambda: now, send=receiver) == 1
    ((url, said, headers, body),) = receiver.got
    entry = LedgerEntry.objects.latest("position")
    assert (url, said["type"], said["data"]["position"]) == (URL, "ai_system", entry.position)
    assert said["data"]["subject"] == "ai_system/a"
    message = headers["webhook-id"]
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    assert headers["webhook-signature"] == signature(secret_of(hook.id), message=message, at=at, body=body)
    assert deliver(now=lambda: now + timedelta(days=1), send=receiver) == 0
    assert check_ledger() == size
    sent = Delivery.objects.get()
    assert (sent.tries, sent.arrived_at, sent.next_at, sent.answer) == (1, now, None, "answered 204")


def test_only_kinds_that_were_asked_for_and_only_from_then_on(organisation, actor, admin, now) -> None:
    add_system(actor=actor, facts=SystemFacts(name="Before"), now=now)
    add_webhook(actor=actor, person=admin, url=URL, kinds=["evidence"], now=now)
    add_webhook(actor=actor, person=admin, url=URL, kinds=["ai_system", "webhook"], now=now)
    receiver = Receiver()
    deliver(now=lambda: now, send=receiver)
    assert [said["type"] for _, said, _, _ in receiver.got] == ["webhook"]


def test_what_failed_is_tried_again_as_the_same_message(hook, actor, now) -> None:
    add_system(actor=actor, facts=SystemFacts(name="A"), now=now)
    receiver = Receiver(500, NotSentError("down"), 302, 200)
    at = now
    for wait, answer in ((WAITS[0], "answered 500"), (WAITS[1], "down"), (WAITS[2], "answered 302")):
        deliver(now=lambda at=at: at, send=receiver)
        sent = Delivery.objects.get()
        assert (sent.answer, sent.next_at, sent.arrived_at) == (answer, at + wait, None)
        assert deliver(now=lambda at=at: at + timedelta(seconds=1), send=receiver) == 0
        at += wait
    deliver(now=lambda: at, send=receiver)
    assert Delivery.objects.get().arrived_at == at
    assert len({headers["webhook-id"] for _, _, headers, _ in receiver.got}) == 1


def test_after_the_last_try_nobody_tries_any_more(hook, actor, now) -> None:
    add_system(actor=actor, facts=SystemFacts(name="A"), now=now)
    receiver, at = Receiver(*[500] * 99), now
    while (sent := Delivery.objects.first()) is None or sent.next_at is not None:
        deliver(now=lambda at=at: at, send=receiver)
        at += timedelta(days=1)
    assert len(receiver.got) == len(WAITS) + 1
    assert Delivery.objects.get().arrived_at is None


def test_who_ended_is_told_nothing(hook, actor, admin, now) -> None:
    add_system(actor=actor, facts=SystemFacts(name="A"), now=now)
    receiver = Receiver(500)
    deliver(now=lambda: now, send=receiver)
    end_webhook(actor=actor, person=admin, webhook=hook.id, now=now, because="Moved")
    add_system(actor=actor, facts=SystemFacts(name="B"), now=now)
    assert deliver(now=lambda: now + timedelta(days=1), send=receiver) == 0
    with pytest.raises(ConflictError):
        end_webhook(actor=actor, person=admin, webhook=hook.id, now=now)
    with pytest.raises(NotFoundError):
        end_webhook(actor=actor, person=admin, webhook="none", now=now)


def test_what_arrived_long_ago_is_swept_and_never_told_again(hook, actor, now) -> None:
    receiver = Receiver()
    for day, name in ((0, "A"), (1, "B"), (40, "C")):
        at = now + timedelta(days=day)
        add_system(actor=actor, facts=SystemFacts(name=name), now=at)
        deliver(now=lambda at=at: at, send=receiver)
    assert Delivery.objects.count() == 1
    deliver(now=lambda: now + timedelta(days=41), send=receiver)
    assert len(receiver.got) == 3


def test_what_is_wrong_is_told_and_who_may(organisation, actor, admin, now) -> None:
    with pytest.raises(InvalidError) as error:
        add_webhook(actor=actor, person=admin, url="example.org", kinds=["evidence", "flight"], now=now)
    assert set(error.value.problems) == {"url", "kinds"}
    with pytest.raises(InvalidError):
        add_webhook(actor=actor, person=admin, url=URL, kinds=[], now=now)
    with pytest.raises(NotPermittedError):
        add_webhook(actor=AUDITOR, person=None, url=URL, kinds=["evidence"], now=now)


@pytest.fixture
def inside() -> Iterator[str]:
    """A server on this machine that sends everybody elsewhere."""

    class Elsewhere(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(307)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Elsewhere) as made:
        threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}/hook?a=b"
        made.shutdown()


def test_nothing_is_sent_into_our_own_network_unless_that_is_allowed(inside, settings) -> None:
    """Rule: who may add a webhook does not thereby reach what only this machine reaches; no redirect is followed."""
    with pytest.raises(NotSentError, match="lies in a network of our own"):
        post(inside, body=b"{}", headers={})
    settings.WEBHOOKS_INSIDE = True
    assert post(inside, body=b"{}", headers={"webhook-id": "x"}) == 307
    with pytest.raises(NotSentError, match="does not take it"):
        post("http://127.0.0.1:9/", body=b"{}", headers={})
    with pytest.raises(NotSentError, match="does not take it"):
        post(inside.replace("http:", "https:"), body=b"{}", headers={})


@pytest.mark.parametrize(
    "url",
    ["", "example.org", "ftp://example.org", "https://", "https://kim:secret@example.org/", "https://example.org/a b",
     "https://exämple.org/", "https://example.org:99999/", "https://[::1/", "https://e.org/" + "x" * 2000],
)  # fmt: skip
def test_an_address_that_is_none(url: str) -> None:
    assert url_problem(url)


def test_an_address_that_is_one() -> None:
    assert url_problem("https://example.org:8443/hooks/annexa?to=chat") == ""


def test_without_encryption_only_our_own_network_is_told(settings) -> None:
    assert "Write https" in url_problem("http://example.org/hooks/annexa")
    settings.WEBHOOKS_INSIDE = True
    assert url_problem("http://receiver.internal/hooks/annexa") == ""
