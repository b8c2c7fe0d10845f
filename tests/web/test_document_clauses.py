"""Documents stand beside the clauses they serve; a clause that asks for one that is not there is said to lack it."""

import pytest

from annexa.actions.documents import approve_version, hand_in, publish_version, write_version
from annexa.actions.people import actor_of, add_person
from annexa.actions.registers import add_record
from annexa.answers.document_clauses import documents_by_clause
from annexa.pure.permits import Actor, Grant
from annexa.pure.registers.documents import DOCUMENTS

RETAIL = Actor(
    id="person/98", name="Rita Retail", role="member", grants=(Grant(role="owner", units=frozenset({"Retail"})),)
)


@pytest.fixture
def policy(actor, at):
    entry = DOCUMENTS.make(
        {
            "name": "Access policy", "kind": "policy", "owner": "ada@example.org", "approver": "lee@example.org",
            "review_months": 12, "classification": "internal", "serves": ("ACC-01/access-policy",),
            "clauses": "iso27001-2022 5.2\nnist-csf-2.0 GV.PO",
        }
    )  # fmt: skip
    return add_record(actor=actor, register=DOCUMENTS, entry=entry, now=at).slug


def clause(actor, at, number, framework="iso27001-2022"):
    found = documents_by_clause(actor=actor, framework=framework, now=at)
    return next((one for one in found.clauses if one.requirement.id == number), None)


def test_a_clause_has_the_documents_that_name_it_or_prove_a_control_of_it(client, policy, actor, admin, at) -> None:
    asked = clause(actor, at, "5.2")
    (held,) = asked.documents
    assert (asked.asks, held.named, held.counts, held.says) == ("yes", True, False, "no text yet")
    assert asked.lacks, "a document without a text is none"
    through = clause(actor, at, "A.5.15").documents[0]
    assert (through.named, through.through) == (False, ("ACC-01",))
    lee = add_person(actor=actor, email="lee@example.org", name="Lee", role="lead", password=None, now=at)
    by = {"actor": actor, "person": admin, "document": policy, "because": "So", "now": at}
    write_version(content="# Access", limit_bytes=999, **by)
    hand_in(**by)
    approve_version(**{**by, "actor": actor_of(lee), "person": lee})
    publish_version(**by)
    assert not clause(actor, at, "5.2").lacks
    page = client.get("/documents/by-clause").content.decode()
    assert "5.2 Policy" in page
    assert 'href="/documents/access-policy/versions">Access policy</a>' in page
    lacking = client.get("/documents/by-clause?framework=iso27001-2022&only=lacking").content.decode()
    assert "5.2 Policy" not in lacking
    assert "clauses ask for a document that is not in force" in lacking
    assert 'href="/documents/by-clause"' in client.get("/documents").content.decode()


def test_a_group_stands_for_everything_in_it(policy, actor, at) -> None:
    found = documents_by_clause(actor=actor, framework="nist-csf-2.0", now=at)
    named = [one.requirement.id for one in found.clauses if any(held.named for held in one.documents)]
    assert named
    assert all(one.startswith("GV.PO") for one in named)


def test_what_is_not_theirs_is_not_told(client, policy, at) -> None:
    assert clause(RETAIL, at, "5.2").documents == ()
    assert client.get("/documents/by-clause?framework=none").status_code == 404
