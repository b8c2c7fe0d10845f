"""A policy is written from facts given once; what is missing is said at once; nothing is stored."""

import pytest
from django.utils import timezone

from annexa.actions.documents import adopt_policy
from annexa.actions.registers import add_record, change_record
from annexa.answers.documents import text_of
from annexa.library.policies import policies
from annexa.pure.registers.documents import DOCUMENTS
from annexa.records.documents import DocumentStep
from annexa.records.ledger import LedgerEntry
from annexa.records.registers import TABLES

FACTS = {
    "seen": "yes",
    "organisation": "Test House",
    "effective-from": "2027-01-01",
    "report-contact": "report@example.org",
    "ai-roles": ["deployer"],
}


@pytest.fixture
def policy(client, admin):
    """Asks for a policy, or sends facts to it."""
    client.force_login(admin)

    def ask(name: str = "ai-policy", facts: dict | None = None):
        path = f"/library/policies/{name}"
        return client.get(path) if facts is None else client.post(path, facts)

    return ask


@pytest.mark.parametrize("name", sorted(policies()))
def test_the_form_begins_with_the_defaults(policy, name) -> None:
    shown = policy(name).content.decode()
    assert 'value="Test House"' in shown
    assert 'value="management board"' in shown or "management-body" not in policies()[name].fills
    assert "What it will contain" in shown


def test_every_problem_is_said_at_once_and_nothing_typed_is_lost(policy) -> None:
    found = policy(facts={"seen": "yes", "organisation": "Test [House]", "review-months": "many"})
    shown = found.content.decode()
    assert found.status_code == 422
    assert shown.count('class="wrong"') == 5
    assert 'value="Test [House]"' in shown
    assert 'value="many"' in shown
    assert "Download Markdown" not in shown


@pytest.mark.parametrize("name", sorted(policies()))
def test_the_document_is_read_with_its_basis(policy, name) -> None:
    found = policy(name, FACTS)
    shown = found.content.decode()
    assert found.status_code == 200
    assert "1 January 2027" in shown
    assert "Download Markdown" in shown
    basis = policies()[name].basis[0]
    assert f'href="/frameworks/{basis.framework}/requirements/{basis.requirement}"' in shown


def test_only_the_chapters_that_concern_it_are_there(policy) -> None:
    assert "When we use AI made by others" in policy(facts=FACTS).content.decode()
    assert "When we use AI made by others" not in policy(facts=FACTS | {"ai-roles": ["provider"]}).content.decode()


def test_it_is_taken_along_as_markdown(policy) -> None:
    found = policy(facts=FACTS | {"markdown": "yes"})
    assert found.headers["Content-Disposition"] == 'attachment; filename="ai-policy.md"'
    assert found.headers["Content-Type"].startswith("text/markdown")
    assert found.content.decode().startswith("# AI policy\n")
    assert "Test House" in found.content.decode()


def test_nought_is_an_answer_and_not_the_default(policy) -> None:
    fill = next(one for one in policies()["ai-policy"].fills.values() if one.kind == "number" and one.minimum > 0)
    found = policy(facts=FACTS | {fill.id: "0"})
    assert found.status_code == 422
    assert f"it is from {fill.minimum} to" in found.content.decode()


def test_a_value_is_only_text(policy) -> None:
    shown = policy(facts=FACTS | {"organisation": "A & B \"x\" 'y'"}).content.decode()
    assert "A &amp; B &quot;x&quot;" in shown


def test_nothing_is_stored(policy, organisation) -> None:
    before = LedgerEntry.objects.count()
    policy(facts=FACTS)
    assert LedgerEntry.objects.count() == before


def test_ids_are_there_once(policy) -> None:
    shown = policy(facts=FACTS).content.decode()
    assert shown.count('id="fact-organisation"') == 1


@pytest.mark.parametrize("there", [False, True])
def test_it_proposes_what_it_serves(actor, admin, there) -> None:
    """Rule: nobody types which expectations a policy of the library answers, and nobody's own choice is overwritten."""
    found, now = policies()["access-control"], timezone.now()
    if there:
        add_record(
            actor=actor, register=DOCUMENTS, entry=DOCUMENTS.make({"name": found.title, "kind": "policy"}), now=now
        )
    given = {"actor": actor, "person": admin, "policy": found, "now": now, "limit_bytes": 10_000}
    adopt_policy(text="# One", **given)
    row = TABLES["document"].objects.get()
    assert tuple(row.serves) == found.serves == ("ACC-01/access-policy",)
    entry = DOCUMENTS.replaced(row.entry, {"serves": ("AST-03/acceptable-use-rules",)})
    change_record(actor=actor, register=DOCUMENTS, slug=row.slug, entry=entry, seen=row.changed_at, now=now)
    adopt_policy(text="# Two", **given)
    assert TABLES["document"].objects.get().serves == ["AST-03/acceptable-use-rules"]


def test_it_becomes_a_draft_document_in_one_click(policy, client, admin, noor) -> None:
    """Rule: what is kept is what was read; the document names its basis as clauses, and waits for who approves it."""
    assert "Keep as a draft" in policy(facts=FACTS).content.decode()
    sent = policy(facts=FACTS | {"adopt": "yes"})
    assert (sent.status_code, sent.headers["Location"]) == (303, "/documents/ai-policy/versions")
    row = TABLES["document"].objects.get(slug="ai-policy")
    assert (row.kind, row.owner, row.review_months) == (
        "policy",
        "ada@example.org",
        policies()["ai-policy"].review_months,
    )
    basis = policies()["ai-policy"].basis[0]
    assert f"{basis.framework} {basis.requirement}" in row.clauses.splitlines()
    step = DocumentStep.objects.get(document_id="ai-policy")
    assert (step.step, step.number, step.author_id) == ("drafted", 1, admin.pk)
    assert text_of(step) == policy(facts=FACTS | {"markdown": "yes"}).content.decode()
    again = policy(facts=FACTS | {"adopt": "yes"})
    assert again.status_code == 200
    assert "It is the same as version 1" in again.content.decode()
    policy(facts=FACTS | {"adopt": "yes", "report-contact": "other@example.org"})
    assert [one.number for one in DocumentStep.objects.order_by("turn")] == [1, 2], "the next version of the same"
    client.force_login(noor)
    path = "/library/policies/ai-policy"
    assert "Keep as a draft" not in client.post(path, FACTS).content.decode()
    assert client.post(path, FACTS | {"adopt": "yes"}).status_code == 403
    assert TABLES["document"].objects.count() == 1
