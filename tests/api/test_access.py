"""Who gets what answer: every operation, asked by everybody who may come, strangers included.

The table is in access.txt. The requests are empty, so who is let in is told that something is missing (422, 428), that
it is not there (404), or gets it (200); who is not is told 401 or 403. What is asked about is an AI system of the unit
Retail and what belongs to it: to who does not see it, it is not there.
"""

import re
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client

from annexa.api.shapes import now
from annexa.api.spec import document, operations
from tests.api.conftest import Program
from tests.kept import kept
from tests.personas import found_cast, undone
from tests.web.proving import signed_in

pytestmark = pytest.mark.django_db
TABLE = Path(__file__).with_name("access.txt")
BY_TOKEN = ("auditor", "owner", "lead", "administrator")
SIGNED_IN = ("member", "unit owner", "elsewhere", "reader", "guest auditor", "administrator")
WHO = ("nobody", "no scope", *BY_TOKEN, *SIGNED_IN[:-1], "signed-in administrator", "unit token")
THERE = {
    "slug": "chatbot", "scope": "chatbot", "law": "eu-ai-act", "control": "GOV-02", "evidence": "none",
    "judgement": "none", "framework": "nis2", "requirement": "Art.21(1)", "position": "0", "webhook": "none",
    "person": "1", "unit": "none", "committee": "none", "appointment": "none", "grant": "none", "token": "none",
    "review": "none", "decision": "none", "use": "none", "proposal": "none", "sent": "none", "document": "none",
    "number": "1", "case": "none", "delegation": "none", "monitor": "errors", "breach": "none",
    "source": "none", "leaf": "none", "sample": "none", "hold": "none", "erasure": "none",
}  # fmt: skip
"""What requests that are made up are about."""


def answers(program, stranger) -> list[str]:
    """The table as it is."""
    cast = found_cast(now())
    asking = [stranger, program("administrator", "make_pack"), *(program(role) for role in BY_TOKEN)]
    for persona in SIGNED_IN:
        client = Client()
        signed_in(client, cast.people[persona])
        asking.append(Program(client=client))
    asking.append(Program(text=cast.unit_token, client=Client()))
    lines = []
    for method, address, _ in operations(document()):
        filled = re.sub(
            r"\{(\w+)\}", lambda found: (THERE | dict(cast.there))[found[1]], address.removeprefix("/api/v1/")
        )
        body = {} if method in {"POST", "PATCH"} else None
        statuses = []
        for asks in asking:
            cache.clear()
            with undone():
                statuses.append(asks(method, filled, body).status)
        lines.append(f"{method:5} {address.removeprefix('/api/v1'):52} {' '.join(map(str, statuses))}")
    return lines


@pytest.mark.slow
def test_everybody_gets_what_the_table_says(program, stranger) -> None:
    """Rule: a change of who may do what is seen in review."""
    found = answers(program, stranger)
    print(f"{len(found)} operations, {len(found) * len(WHO)} cells")
    assert found == kept(TABLE, found)


DRAWN = "/systems/{slug}/activity/samples"
"""What auditors write besides judgements: which events they drew to look at."""
NEVER_THERE = re.compile(r"\{leaf\}|\{sample\}|/conversation")
"""Things within an AI system that nothing was sent of, so that they are not there for who sees the system, either."""
OWN = ("/me", "/tokens", "/use-requests", "/readings")
"""What everybody at work has of their own."""


def rows() -> list[tuple[str, str, dict[str, str]]]:
    """Method, address and status by persona of every line of the table."""
    lines = [line.split() for line in TABLE.read_text(encoding="utf-8").splitlines()[2:]]
    return [(method, address, dict(zip(WHO, told, strict=True))) for method, address, *told in lines]


def test_the_table_lets_nobody_in_by_mistake() -> None:
    """Rule: no stranger gets anything; who has no scope is refused; an auditor changes nothing but judgements, and
    draws samples."""
    for method, address, told in rows():
        line = f"{method} {address} {told}"
        assert told["nobody"] == "401", line
        assert told["no scope"] == "403", line
        for auditor in ("auditor", "guest auditor"):
            assert method == "GET" or told[auditor] == "403" or address.startswith((*OWN, "/judgements", DRAWN)), line


def test_the_table_keeps_parts_apart() -> None:
    """Rule: without a grant nothing is read but people and oneself; a reader changes nothing but their own tokens; what
    belongs to a unit is not there for who is elsewhere; people are changed by administrators only."""
    of_the_system = re.compile(
        r"/(systems/\{slug\}|classification/|assessments/\{|evidence/\{|judgements/\{|ledger/entries/\{|grants/\{)"
    )
    for method, address, told in rows():
        line = f"{method} {address} {told}"
        own = address.startswith(OWN)
        assert own or told["member"] == "403" or address.startswith("/people"), line
        assert own or method == "GET" or told["reader"] == "403", line
        if of_the_system.match(address):
            said_first = {"422"} if method == "POST" else set()  # what is missing, before what it is about
            assert told["elsewhere"] in {"403", "404"} | said_first, line
            seen = {told["unit owner"], told["administrator"], told["unit token"]}
            assert method != "GET" or seen == {"200"} or (NEVER_THERE.search(address) and seen <= {"404", "422"}), line
        if address.startswith("/people/") and method != "GET":
            assert told["lead"] == told["unit owner"] == "403", line
