"""An exception from a rule on its page: whether it counts, what is missing, and the decision in place."""

import pytest

from annexa.actions.people import actor_of, add_person
from annexa.actions.registers import add_record
from annexa.answers.registers import one_record
from annexa.pure.permits import ANNEXA
from annexa.pure.registers.exceptions import EXCEPTIONS
from tests.actions.test_exceptions import entry
from tests.web.proving import signed_in

AT = "/exceptions/consoles/approval"


@pytest.fixture
def ola(organisation, now):
    return add_person(actor=ANNEXA, email="ola@example.org", name="Ola Owner", role="owner", password=None, now=now)


@pytest.fixture
def row(ola, now):
    return add_record(actor=actor_of(ola), register=EXCEPTIONS, entry=entry(now), now=now)


def shown(client):
    return client.get("/exceptions/consoles").content.decode()


def test_it_is_approved_on_its_page_and_taken_back(client, at, row, actor) -> None:
    assert "does not count yet" in shown(client)
    assert "Approve the exception" in shown(client)
    assert client.get(AT).status_code == 303
    unsaid = client.post(AT, {"step": "approve", "because": ""})
    assert unsaid.status_code == 422
    assert client.post(AT, {"step": "approve", "because": "The log will do"}).status_code == 303
    assert one_record(actor=actor, register=EXCEPTIONS, slug="consoles").approved_by == "ada@example.org"
    assert "Approved until" in shown(client)
    assert "The log will do" in shown(client)
    assert client.post(AT, {"step": "withdraw", "because": "Log off"}).status_code == 303
    assert "2 decisions" in shown(client)
    assert client.post(AT, {"step": "refuse", "because": "Keys are cheap"}).status_code == 303
    assert "It was refused" in shown(client)


def test_who_owns_it_sees_why_not(client, at, row, ola) -> None:
    signed_in(client, ola)
    page = shown(client)
    assert "It waits for a compliance lead" in page
    assert "Approve the exception" not in page
    assert client.post(AT, {"step": "approve", "because": "Mine"}).status_code == 403


def test_what_is_missing_is_named(client, at, ola, actor, now) -> None:
    made = entry(now, why="", until=None)
    add_record(actor=actor_of(ola), register=EXCEPTIONS, entry=made, now=now)
    page = shown(client)
    assert "Until: Say until when" in page
    assert "Approve the exception" not in page
    assert "Refuse and end it" in page
    assert client.post("/exceptions/none/approval", {"step": "approve", "because": "x"}).status_code == 404
