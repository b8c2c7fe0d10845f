"""The ledger's pages, and that a proof given to a browser holds by itself, or shows what broke."""

import hashlib
import json

import pytest
from django.db import connection
from django.utils import timezone

from annexa.actions.controls import adopt_control, close_judgement, judge
from annexa.actions.evidence import add_evidence
from annexa.actions.people import add_person
from annexa.answers import ledger as answers
from annexa.library.load import library
from annexa.pure.ledger import leaf_hash, salted_digest, verify_consistency, verify_inclusion
from annexa.pure.notes import VerifierKey, open_checkpoint
from annexa.pure.standards import ExpectationKind
from annexa.pure.tiles import LogProof, verify_log_proof
from annexa.records.ledger import LedgerCheckpoint
from annexa.web.ledger import draw


@pytest.fixture
def page(client, admin, now, monkeypatch):
    """Asks for a page as the administrator."""
    monkeypatch.setattr(timezone, "now", lambda: now)
    client.force_login(admin)
    return client.get


@pytest.fixture
def evidence(actor, admin, now):
    """A piece of evidence: the newest entry."""
    control, expectation = next(
        (c, e)
        for c in sorted(library().controls.values(), key=lambda c: c.id)
        for e in c.expectations
        if c.level == "organisation" and e.kind is ExpectationKind.ARTIFACT
    )
    return add_evidence(
        actor=actor, person=admin, control=control.id, expectation=expectation.id, file=b"the bytes",
        name="review.txt", limit_bytes=100, now=now,
    )  # fmt: skip


@pytest.fixture
def longer(actor, admin, now):
    """Forty more entries."""
    for control in sorted(library().controls)[:40]:
        adopt_control(actor=actor, person=admin, control=control, state="not implemented", now=now)


def newest():
    return LedgerCheckpoint.objects.order_by("-size").first().size - 1


def text(answer):
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_works(page, evidence):
    shown = text(page("/ledger"))
    assert "Latest checkpoint" in shown
    assert "Evidence added" in shown
    assert "Checked by this server" in shown
    assert f'href="/ledger/{newest()}"' in shown


def test_kinds_and_search_narrow_it(page, evidence, actor, now):
    add_person(actor=actor, email="b@example.org", name="Bo Lind", role="owner", password=None, now=now)
    position = newest()
    for query, found in (
        ("kind=people", True),
        ("kind=evidence", False),
        (f"q={position}", True),
        ("q=person/2", True),
        ("q=ada", True),
        ("q=bo lind", True),
        ("q=review.txt", False),
        ("q=nothing-like-it", False),
        (f"q={hashlib.sha256(b'the bytes').hexdigest()[:12]}", False),
        (f"q={position}&kind=evidence", False),
    ):
        shown = page(f"/ledger?{query}", headers={"HX-Request": "true"}).content.decode()
        assert (f'href="/ledger/{position}"' in shown) is found, query
    by_digest = page(f"/ledger?q={evidence.sha256}", headers={"HX-Request": "true"}).content.decode()
    assert f'href="/ledger/{position - 1}"' in by_digest
    assert "No entry matches" in text(page("/ledger?q=nothing-like-it"))


def test_it_is_paged_by_position(page, longer):
    shown = text(page("/ledger?kind=decisions"))
    assert 'rel="next"' in shown
    older = text(page(f"/ledger?kind=decisions&before={newest() - 24}", headers={"HX-Request": "true"}))
    assert "<html" not in older
    assert f'href="/ledger/{newest() - 25}"' in older
    assert "Newest" in older
    assert text(page("/ledger?before=x&kind=y&q=99999999999999999999"))


def test_an_entry_says_what_it_says_and_that_it_holds(page, evidence):
    shown = text(page(f"/ledger/{newest()}"))
    for said in (
        "review.txt",
        "Checked by this server",
        "Raw text, as hashed",
        "annexa ledger prove",
        evidence.control,
    ):
        assert said in shown
    assert shown.count('<svg class="mark" data-v="pass"') >= 4
    assert f'data-verify="/ledger/{newest()}/proof"' in shown
    assert f'href="/controls/{evidence.control}"' in shown


def test_a_judgement_and_its_end_lead_to_where_they_stand(page, actor, admin, now):
    given = {"actor": actor, "person": admin, "kind": "minor nonconformity", "because": "Late.", "now": now}
    judge(subject="A.5.1", framework="iso27001-2022", **given)
    assert 'href="/frameworks/iso27001-2022?requirement=A.5.1#proof"' in text(page(f"/ledger/{newest()}"))
    made = judge(subject="GOV-02", **given)
    place = f'href="/judgements/{made.id}/close"'
    assert place in text(page(f"/ledger/{newest()}"))
    close_judgement(actor=actor, person=admin, judgement=made.id, because="All were told again.", now=now)
    shown = text(page(f"/ledger/{newest()}"))
    assert place in shown
    assert "<b>Judgement closed</b>: All were told again." in shown


def test_there_is_nothing_beyond_the_end(page, evidence):
    assert page(f"/ledger/{newest() + 1}").status_code == 404
    assert page(f"/ledger/{newest() + 1}/proof").status_code == 404
    assert f"There is no entry {newest() + 1}" in page(f"/ledger/{newest() + 1}").content.decode()


def test_the_proof_holds_by_itself(page, evidence, longer):
    """Everything a browser computes, computed here from the JSON alone."""
    old = LedgerCheckpoint.objects.order_by("size").first()
    for position in (0, 1, newest() // 2, newest()):
        told = json.loads(text(page(f"/ledger/{position}/proof?old={old.size}")))
        header, root = json.loads(told["header"]), bytes.fromhex(told["root"])
        assert salted_digest(bytes.fromhex(told["salt"]), told["body"].encode()).hex() == header["body"]
        verify_inclusion(
            leaf_hash(told["header"].encode()), index=position, size=told["size"], root=root,
            proof=[bytes.fromhex(one) for one in told["proof"]],
        )  # fmt: skip
        signed = open_checkpoint(told["checkpoint"].encode(), VerifierKey.parse(told["verifier_key"]))
        assert (signed.checkpoint.size, signed.checkpoint.root) == (told["size"], root)
        verify_consistency(
            old.size, new=told["size"], old_root=bytes.fromhex(old.root), new_root=root,
            proof=[bytes.fromhex(one) for one in told["consistency"]],
        )  # fmt: skip


def test_the_proof_names_the_evidence(page, evidence):
    told = json.loads(text(page(f"/ledger/{newest()}/proof")))
    assert told["evidence"] == {"sha256": evidence.sha256, "url": f"/evidence/{evidence.id}/bytes"}
    assert told["consistency"] is None
    assert json.loads(text(page("/ledger/0/proof?old=999999")))["consistency"] is None


def test_the_proof_file_holds(page, evidence):
    answer = page(f"/ledger/{newest()}/proof?format=tlog")
    assert answer["Content-Disposition"] == f'attachment; filename="entry-{newest()}.tlog-proof"'
    proof = LogProof.from_bytes(answer.content)
    verify_log_proof(proof, leaf=leaf_hash(proof.extra), log=VerifierKey.parse(answers.signer().verifier_key))


def test_the_checkpoint_is_the_signed_note(page, evidence):
    answer = page("/ledger/checkpoint")
    signed = open_checkpoint(answer.content, VerifierKey.parse(answers.signer().verifier_key))
    assert signed.checkpoint.size == newest() + 1
    assert "attachment" in answer["Content-Disposition"]


@pytest.mark.usefixtures("evidence")
class TestBroken:
    """The server's own verification names what changed."""

    def shown(self, page, monkeypatch, **changed):
        from dataclasses import replace

        whole = answers.entry_proof

        def altered(**asked):
            return replace(whole(**asked), **changed)

        monkeypatch.setattr(answers, "entry_proof", altered)
        found = text(page(f"/ledger/{newest()}"))
        assert "Not what was sealed" in found
        assert 'data-broken tabindex="-1" hidden' not in found
        return found

    def test_a_body_that_was_altered(self, page, monkeypatch):
        body = answers.entry_proof(actor=answers.Actor(id="a", name="A", role="auditor"), position=newest()).body_text
        shown = self.shown(page, monkeypatch, body_text=body.replace("review", "forged"))
        assert '<svg class="mark" data-v="fail"' in shown

    def test_a_proof_that_leads_elsewhere(self, page, monkeypatch):
        shown = self.shown(page, monkeypatch, proof=("00" * 32,) * 2)
        assert "is not in the tree" in shown or "hashes" in shown

    def test_evidence_that_was_forged_on_the_disk(self, page, evidence, settings):
        (path,) = (p for p in settings.STORE.rglob(evidence.sha256) if p.is_file())
        path.chmod(0o600)
        path.write_bytes(b"other bytes")
        shown = text(page(f"/ledger/{newest()}"))
        assert "were changed" in shown
        assert "Not what was sealed" in shown

    def test_a_record_that_was_changed_in_the_database(self, page, evidence):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE records_evidence SET passing = NOT passing")
        shown = text(page(f"/ledger/{newest()}"))
        assert f"records_evidence {evidence.id}, passing: the row says" in shown
        assert "Not what was sealed" in shown

    def test_a_record_that_was_removed_from_the_database(self, page):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM records_evidence")
        assert f"its row is gone; entry {newest()} tells of it" in text(page(f"/ledger/{newest()}"))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 33])
def test_the_drawing_leads_from_the_entry_to_the_root(size):
    """Whatever the shape of the tree: one root on top, each hash inside, a pair on every row below."""
    leaves = [leaf_hash(bytes([n])) for n in range(size)]

    def node(level, index):
        hashes = leaves[index << level : (index + 1) << level]
        return answers._root_of(list(hashes))

    from annexa.pure.ledger import Frontier, inclusion_proof

    root = Frontier().extended(leaves).root()
    for index, leaf in enumerate(leaves):
        proof = inclusion_proof(index, size=size, node=node)
        steps = answers.climb(leaf, index=index, size=size, proof=proof)
        assert (steps[-1].made if steps else leaf.hex()) == root.hex()
        drawing = draw(leaf.hex(), steps, root.hex())
        rows = min(3, len(steps))
        assert len(drawing.nodes) == 1 + 2 * rows
        assert len(drawing.edges) == 2 * rows
        assert drawing.skipped == max(0, len(steps) - 3)
        assert all(6 <= one.x <= 94 for one in drawing.nodes)
        top = min(drawing.nodes, key=lambda one: one.y)
        assert (top.text, top.x) == (root.hex()[:4], 50)


def test_an_auditor_may_read_it(client, actor, now, organisation):
    person = add_person(
        actor=actor, email="c@example.org", name="Cy", role="auditor", password="seven quiet copper kettles", now=now
    )
    client.force_login(person)
    assert client.get("/ledger").status_code == 200


def test_it_asks_few_questions(page, evidence, longer, django_assert_max_num_queries):
    page("/ledger")
    with django_assert_max_num_queries(30):
        page("/ledger")
