"""What the log says: enough to find a fault, no secret, and nothing about people."""

import json
import logging
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from annexa.actions.people import actor_of
from annexa.actions.tokens import create_token
from annexa.api.logs import JsonLines, Lines, ThreadsAreMeant
from annexa.records.people import Person
from tests.answers.small_house import found_house

PASSWORD = "correct horse battery staple"


class Kept(logging.Handler):
    """Keeps lines as a server would write them."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(formatter)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture(params=[JsonLines, Lines])
def kept(request, monkeypatch):
    """Everything that is logged while it lasts, at every level."""
    handler = Kept(request.param())
    root, requests = logging.getLogger(), logging.getLogger("annexa.requests")
    before = requests.level
    root.addHandler(handler)
    requests.setLevel(logging.INFO)
    yield handler
    root.removeHandler(handler)
    requests.setLevel(before)


def session(client: Client) -> None:
    """What somebody does in a day, and what strangers try."""
    client.post("/sign-in", {"email": "ada@example.org", "password": "wrong password here"})
    client.post("/sign-in", {"email": "ada@example.org", "password": PASSWORD})
    client.get("/systems?q=secret-question")
    client.get("/systems/credit-score")
    client.get("/systems/no-such-system")
    client.get("/welcome/a-token-of-somebody")
    client.get("/enter/a-token-of-somebody")
    client.get("/", headers={"Host": "evil.example.org"})
    Client(enforce_csrf_checks=True).post("/sign-in", {"email": "ada@example.org", "password": PASSWORD})


SECRETS = (
    "ada", "Ada Admin", "example.org", "kim", "correct horse", "wrong password", "secret-question", "credit-score",
    "no-such-system", "a-token-of-somebody", "sessionid", "csrftoken", "Test House",
)  # fmt: skip


def test_no_secret_and_nobody_is_in_a_days_log(db, now, kept) -> None:
    found_house(now)
    client = Client()
    session(client)
    assert client.session["_auth_user_id"]
    text = "\n".join(kept.lines)
    assert len(kept.lines) > 8
    assert [word for word in (*SECRETS, client.cookies["sessionid"].value) if word.lower() in text.lower()] == []


def test_an_error_says_where_and_not_what(db, now, kept, monkeypatch) -> None:
    """Rule: the text of an error may quote what was typed; its kind and place are enough to find it."""
    found_house(now)

    def broken(*_args, **_more):
        raise ValueError("ada@example.org typed this")

    monkeypatch.setattr("annexa.web.frame.house", broken)
    client = Client(raise_request_exception=False)
    client.post("/sign-in", {"email": "ada@example.org", "password": PASSWORD})
    assert client.get("/").status_code == 500
    text = "\n".join(kept.lines)
    assert "ValueError" in text
    assert "test_logs.py" in text
    assert "ada@example.org" not in text


def test_every_request_is_one_json_object(db, now) -> None:
    handler = Kept(JsonLines())
    logger = logging.getLogger("annexa.requests")
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.INFO)
    try:
        found_house(now)
        client = Client()
        client.post("/sign-in", {"email": "ada@example.org", "password": PASSWORD})
        response = client.get("/systems/credit-score?x=1", headers={"X-Request-ID": "from-the-proxy-1"})
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    assert response.headers["X-Request-ID"] == "from-the-proxy-1"
    said = [json.loads(line) for line in handler.lines]
    assert len(said) == 2
    last = said[-1]
    assert last.pop("at").endswith("+00:00")
    assert last.pop("ms") > 0
    assert last == {
        "level": "info", "logger": "annexa.requests", "message": "answered", "request_id": "from-the-proxy-1",
        "actor": last["actor"], "method": "GET", "route": "systems/<slug:slug>", "status": 200,
    }  # fmt: skip
    assert last["actor"].startswith("person/")


def test_what_a_token_asked_is_told_apart(db, now) -> None:
    """Rule: a line names the operation, and the actor the token acts for, never the token."""
    handler, logger = Kept(JsonLines()), logging.getLogger("annexa.requests")
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.INFO)
    try:
        found_house(now)
        ada = Person.objects.get(email="ada@example.org")
        _, secret = create_token(
            actor=actor_of(ada), person=ada, holder=ada, name="CI", scopes=["read"],
            expires_at=timezone.now() + timedelta(days=1), now=timezone.now(),
        )  # fmt: skip
        Client().get("/api/v1/systems/credit-score", headers={"Authorization": f"Bearer {secret}"})
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
    said = json.loads(handler.lines[-1])
    assert (said["route"], said["actor"]) == ("api/v1/systems/<slug>", f"person/{ada.pk}")
    assert secret not in handler.lines[-1]


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "with space 123", "new\tline-12345", "ada@example.org"])
def test_a_strange_request_id_is_replaced(db, given) -> None:
    """Rule: what is written into every line is of plain signs, whoever sends it."""
    found = Client().get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert found != given
    assert len(found) == 16


def test_a_line_is_one_line(kept) -> None:
    logging.getLogger("annexa.test").warning("two\nlines %s", "of\ntext")
    if isinstance(kept.formatter, JsonLines):
        assert "\n" not in kept.lines[-1]
        assert json.loads(kept.lines[-1])["message"] == "two\nlines of\ntext"


def test_threads_that_wait_are_no_warning() -> None:
    """What the server of requests thinks about threads is left out, everything else of it is not."""
    sees = ThreadsAreMeant()
    for message, shown in (("spawning up to 6 Python threads, which", False), ("a worker died", True)):
        assert sees.filter(logging.LogRecord("_granian", logging.WARNING, "f", 1, message, None, None)) is shown
