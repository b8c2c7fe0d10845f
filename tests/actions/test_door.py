"""The three promises of the door, and the ledger behind it."""

import json
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from annexa.actions.controls import adopt_control
from annexa.actions.door import Prepared, door, prepare
from annexa.actions.errors import NotPermittedError
from annexa.actions.evidence import add_evidence
from annexa.actions.sequencer import publish, sequence, together
from annexa.answers import ledger as answers
from annexa.pure.ledger import Frontier, Header, leaf_hash, salted_digest, verify_inclusion
from annexa.pure.notes import VerifierKey, open_checkpoint
from annexa.pure.permits import Actor
from annexa.pure.registers import REGISTERS
from annexa.records.guard import DoorClosedError, Guarded
from annexa.records.ledger import EntryBody, LedgerCheckpoint, LedgerEntry, Outbox
from annexa.records.organisation import Organisation
from annexa.records.registers import TABLES


def check_ledger() -> int:
    """Recomputes the whole ledger from its entries: leaves, bodies, root, signature, proofs. Returns its size."""
    entries = list(LedgerEntry.objects.order_by("position"))
    assert [entry.position for entry in entries] == list(range(len(entries)))
    bodies = {body.position: body for body in EntryBody.objects.all()}
    frontier = Frontier()
    for entry in entries:
        data = bytes(entry.header)
        header = Header.from_bytes(data)
        assert leaf_hash(data) == bytes(entry.leaf)
        assert (header.kind, header.subject, header.actor, header.at) == (
            entry.kind,
            entry.subject,
            entry.actor,
            entry.at,
        )
        body = bodies[entry.position]
        assert salted_digest(bytes(body.salt), bytes(body.body)).hex() == header.body
        frontier = frontier.extended([bytes(entry.leaf)])
    head = LedgerCheckpoint.objects.order_by("-size").first()
    assert (head.size, head.root) == (len(entries), frontier.root().hex())
    key = VerifierKey.parse(answers.signer().verifier_key)
    assert open_checkpoint(head.note.encode(), key).checkpoint.root == frontier.root()
    for position in range(0, len(entries), max(1, len(entries) // 7)):
        proof = answers.inclusion_proof(position, size=head.size, node=answers.node)
        leaf = bytes(entries[position].leaf)
        verify_inclusion(leaf, index=position, size=head.size, proof=proof, root=frontier.root())
    assert not Outbox.objects.exists()
    return len(entries)


def guarded_tables() -> list[type[Guarded]]:
    return [model for model in apps.get_app_config("records").get_models() if issubclass(model, Guarded)]


def test_it_works(organisation, actor, admin, now) -> None:
    before = check_ledger()
    adoption = adopt_control(actor=actor, person=admin, control="GOV-02", state="implemented", now=now)
    assert check_ledger() == before + 1
    entry = LedgerEntry.objects.order_by("-position").first()
    body = json.loads(bytes(EntryBody.objects.get(position=entry.position).body))
    assert body == {"because": "", "by": "Ada Admin", "verb": "adopt_control", "state": adoption.state()}
    assert (entry.kind, entry.subject, entry.actor) == ("adoption", "control/GOV-02/organisation", actor.id)


def test_every_table_is_guarded() -> None:
    """All tables of ours are behind the door."""
    assert {m.__name__ for m in guarded_tables()} == {m.__name__ for m in apps.get_app_config("records").get_models()}


@pytest.mark.parametrize("table", guarded_tables(), ids=lambda table: table.__name__)
def test_no_table_can_be_written_outside_the_door(organisation, table) -> None:
    for attempt in (
        lambda: table().save(),
        lambda: table.objects.bulk_create([table()]),
        lambda: table.objects.all().insert([table()]),
        lambda: table.objects.all().remove(),
        lambda: table.objects.all().update(pk=1),
        lambda: table.objects.all().delete(),
        lambda: table.objects.bulk_update([], ["pk"]),
        lambda: table().delete(),
    ):
        with pytest.raises(DoorClosedError):
            attempt()


@pytest.mark.parametrize("table", [LedgerEntry, EntryBody, LedgerCheckpoint], ids=lambda table: table.__name__)
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_the_ledger(organisation, table, statement) -> None:
    name, column = table._meta.db_table, table._meta.pk.column
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(name, column, column))
    check_ledger()


def test_a_failure_leaves_nothing(organisation, actor, now) -> None:
    before = check_ledger()

    def broken() -> None:
        with door(actor=actor, verb="change_system", now=now) as opened:
            opened.write(Organisation.objects.get(), kind="organisation", subject="organisation/1")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        broken()
    assert check_ledger() == before


def prepared(actor, now, other=()) -> tuple[Prepared, ...]:
    """A supplier, ready for a door that opens for an import, or for another one."""
    row = TABLES["supplier"](slug="brillig", created_at=now, changed_at=now)
    row.take(REGISTERS["supplier"].make({"name": "Brillig"}))
    told = {"actor": actor, "verb": "import_register", "because": "Import of a.csv", "now": now} | dict(other)
    return prepare([row], kind="supplier", subject=str, **told)


def test_what_was_prepared_is_written_with_its_entry(organisation, actor, now) -> None:
    """Whoever waits for the door waits for the writing only; what is written is the same."""
    before = check_ledger()
    (ready,) = prepared(actor, now)
    assert not TABLES["supplier"].objects.exists()
    with door(actor=actor, verb="import_register", because="Import of a.csv", now=now) as opened:
        opened.write_ready(ready)
    row = TABLES["supplier"].objects.get()
    publish()
    assert check_ledger() == before + 1
    entry = LedgerEntry.objects.order_by("-position").first()
    body = json.loads(bytes(EntryBody.objects.get(position=entry.position).body))
    assert body == {
        "because": "Import of a.csv", "by": "Ada Admin", "verb": "import_register", "state": row.state(),
    }  # fmt: skip


@pytest.mark.parametrize("part", ["actor", "verb", "because", "now"])
def test_rows_prepared_for_another_door_are_refused(organisation, actor, now, part) -> None:
    """An entry says who, what, why and when: rows that were made ready for one door pass through no other."""
    other = {
        "actor": Actor(id="person/9", name="Ben Boss", role="administrator"), "verb": "change_register",
        "because": "Another file", "now": now + timedelta(seconds=1),
    }  # fmt: skip
    (ready,) = prepared(actor, now, {part: other[part]})
    before = check_ledger()
    with (
        pytest.raises(ValueError, match="prepared for another actor, verb, reason or instant"),
        door(actor=actor, verb="import_register", because="Import of a.csv", now=now) as opened,
    ):
        opened.write_ready(ready)
    assert not TABLES["supplier"].objects.exists()
    assert check_ledger() == before


def test_prepared_rows_are_not_written_outside_the_door(organisation, actor, now) -> None:
    (ready,) = prepared(actor, now)
    for rows in (ready.rows, ready.entries):
        with pytest.raises(DoorClosedError):
            rows.write()
    assert not Outbox.objects.exists()


def test_who_may_not_is_refused_before_anything_happens(organisation, now) -> None:
    auditor = Actor(id="person/9", name="Aud Itor", role="auditor")
    before = check_ledger()
    who = "Aud Itor may not add evidence; an administrator"
    with pytest.raises(NotPermittedError, match=who), door(actor=auditor, verb="add_evidence", now=now):
        pytest.fail("the door opened")
    with pytest.raises(NotPermittedError), door(actor=auditor, verb="no such verb", now=now):
        pytest.fail("the door opened")
    assert check_ledger() == before


def test_a_crash_before_sequencing_loses_nothing(organisation, actor, admin, now, monkeypatch) -> None:
    """What was committed waits in the outbox, and gets its position from whoever comes next."""
    before = check_ledger()
    monkeypatch.setattr("annexa.actions.door.sequence", lambda **_: None)
    adopt_control(actor=actor, person=admin, control="GOV-02", state="implemented", now=now)
    assert Outbox.objects.count() == 1
    assert sequence(now=now) == before + 1
    assert check_ledger() == before + 1


def test_published_tiles_are_those_of_the_ledger(organisation, actor, admin, now) -> None:
    """Every complete or partial tile and bundle on disk says what the entries say, whatever steps it grew in."""
    from annexa.answers.store import tiles
    from annexa.pure.tiles import decode_entries, node_reader, tiles_of

    for step in range(3):
        for n in range(150):
            with door(actor=actor, verb="change_system", now=now + timedelta(seconds=n)) as opened:
                opened.note({"step": step, "n": n}, kind="note", subject="note/1")
            if n % 60 == 7:
                publish()
        size = publish()
    assert size == check_ledger()
    head = LedgerCheckpoint.objects.order_by("-size").first()
    assert tiles().read_checkpoint() == head.note.encode()
    node = node_reader(size, lambda tile: tiles().read_tile(int(tile.level), tile.n, tile.width))
    for tile in tiles_of(size):
        assert tiles().read_tile(int(tile.level), tile.n, tile.width)
    headers = [
        h for n in range(-(-size // 256)) for h in decode_entries(tiles().read_entries(n, min(256, size - n * 256)))
    ]
    assert headers == [bytes(e.header) for e in LedgerEntry.objects.order_by("position")]
    assert node(8, 0) == answers.node(8, 0)


def test_evidence_leaves_exactly_one_entry(organisation, actor, admin, now) -> None:
    adopt_control(actor=actor, person=admin, control="GOV-02", state="implemented", now=now)
    before = check_ledger()
    from annexa.library.load import library

    asked = next(e for e in library().controls["GOV-02"].expectations if e.max_age)
    add_evidence(actor=actor, person=admin, control="GOV-02", expectation=asked.id, file=b"policy", name="policy.txt",
                 limit_bytes=1000, now=now)  # fmt: skip
    assert check_ledger() == before + 1


def test_together_they_share_a_checkpoint(organisation, actor, admin, now) -> None:
    """In their order, with an entry each, under one checkpoint of the instant that was said."""
    before, signed = check_ledger(), LedgerCheckpoint.objects.count()
    with together(now=now + timedelta(hours=1)):
        for control in ("GOV-01", "GOV-02"):
            adopt_control(actor=actor, person=admin, control=control, state="implemented", now=now)
        assert LedgerEntry.objects.count() == before
    assert check_ledger() == before + 2
    assert LedgerCheckpoint.objects.count() == signed + 1
    assert LedgerCheckpoint.objects.latest("size").at == now + timedelta(hours=1)
    adopt_control(actor=actor, person=admin, control="GOV-03", state="implemented", now=now)
    assert check_ledger() == before + 3


def test_what_fails_together_waits_for_the_next(organisation, actor, admin, now) -> None:
    """What was done before the failure is not lost: it waits in the outbox, as after a crash."""
    before = check_ledger()

    def fail() -> None:
        with together(now=now):
            adopt_control(actor=actor, person=admin, control="GOV-01", state="implemented", now=now)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (LedgerEntry.objects.count(), Outbox.objects.count()) == (before, 1)
    adopt_control(actor=actor, person=admin, control="GOV-02", state="implemented", now=now)
    assert check_ledger() == before + 2
