"""The ledger alone leads to the same tables: whatever happens to rows, they can be made again, and nothing else can."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from annexa.actions.door import door
from annexa.actions.errors import ConflictError, NotPermittedError
from annexa.actions.people import choose_theme
from annexa.actions.rebuilding import LedgerRefusedError, rebuild
from annexa.actions.second_factors import has_second_factor
from annexa.actions.sequencer import publish
from annexa.answers.access_lines import lines_told
from annexa.answers.backup import open_backup
from annexa.answers.integrity import check_ledger
from annexa.answers.ledger_sources import from_backup
from annexa.answers.replay import Replay
from annexa.answers.store import blobs
from annexa.answers.webhooks import untold
from annexa.pure.ledger import canonical, leaf_hash
from annexa.pure.permits import ANNEXA
from annexa.records.access_reviews import AccessList, digest_of
from annexa.records.evidence import Evidence
from annexa.records.ledger import EntryBody, LedgerEntry, Outbox
from annexa.records.people import Person
from annexa.records.rebuilt import UntoldError, numbered, row_of
from annexa.records.recorded import Recorded, Told, recorded_tables
from annexa.records.sign_in import ONLY_DIGEST, SecondFactor
from annexa.records.systems import AiSystem
from annexa.records.tokens import ApiToken
from annexa.records.webhooks import Delivery, Webhook, WebhookEnd
from annexa.vault.archive import ArchiveWriter
from tests.honesty.house import NOW, House
from tests.replaying import NOT_KEPT, copied, different, disagreements, elsewhere, quiet, replayed, rows, said

pytestmark = pytest.mark.django_db


def test_every_row_can_be_made_of_its_entry(house: House) -> None:
    """Rule: a column that the state calls otherwise says so (`TAKEN`); tried here before any database is made."""
    _, telling = check_ledger(progress=lambda _done, _total: None)
    replay = Replay(telling)
    made: dict[type[Recorded], dict[str, Recorded]] = {}
    for table, some in replay.rows():
        made.setdefault(table, {}).update({row.key: row for row in some})
    assert (replay.untold, replay.lost, dict(replay.older)) == ([], [], {})
    for table in recorded_tables():
        there = {row.key: row for row in table.objects.all()}
        assert set(made[table]) == set(there)
        apart = {*table.UNKEPT, *NOT_KEPT.get(table.__name__, ())}
        for field in table._meta.concrete_fields:
            numbers = field.is_relation and field.target_field.primary_key and numbered(field.target_field.model)
            if field.name in apart or numbers:
                continue
            here = {key: getattr(row, field.attname) for key, row in made[table].items()}
            assert here == {key: getattr(row, field.attname) for key, row in there.items()}, f"{table}, {field.name}"


@pytest.mark.slow
def test_it_works(house: House, tmp_path) -> None:
    """Every table occurs in the house; each row is what it was, and whatever follows from rows and entries says so."""
    empty = sorted(table.__name__ for table in recorded_tables() if not table.objects.exists())
    assert empty == []
    assert list(disagreements(tmp_path, NOW)) == []


@pytest.mark.slow
def test_what_was_done_to_rows_is_undone(house: House, tmp_path) -> None:
    """Rule: only entries are read. Rows that were edited, removed or slipped in come back as they were, or not."""
    was, verdicts = rows(), said(NOW)["verdicts"]
    house.sql("UPDATE records_evidence SET passing = %s", True)
    house.sql("DELETE FROM records_riskstep")
    house.sql("UPDATE records_person SET role = 'administrator'")
    house.sql("DELETE FROM records_link")
    house.sql("UPDATE records_aisystem SET slug = 'forged' WHERE slug = 'chatbot'")
    assert list(different(was, rows()))
    file = copied(tmp_path, NOW)
    with elsewhere(tmp_path / "new"):
        assert replayed(file, NOW).holds
        assert list(different(was, rows())) == []
        assert said(NOW)["verdicts"] == verdicts


@pytest.mark.slow
def test_what_waits_for_its_place_is_replayed_too(house: House, tmp_path) -> None:
    row = Evidence.objects.order_by("recorded_at")[0]
    with door(actor=ANNEXA, verb="change_system", now=NOW) as opened:
        system = AiSystem.objects.get(slug="chatbot")
        system.purpose, system.changed_at = "Another one", NOW
        opened.write(system, kind="ai_system", subject="ai_system/chatbot")
    last = LedgerEntry.objects.latest("position")
    body = EntryBody.objects.get(position=last.position)
    house.without_triggers()
    for table in ("ledgerentry", "entrybody"):
        house.sql(f"DELETE FROM records_{table} WHERE position = %s", last.position)
    house.sql("DELETE FROM records_ledgercheckpoint WHERE size > %s", last.position)
    house.sql(
        "INSERT INTO records_outbox (header, salt, body) VALUES (%s, %s, %s)",
        bytes(last.header), bytes(body.salt), bytes(body.body),
    )  # fmt: skip
    house.with_triggers()
    file = copied(tmp_path, NOW)
    with elsewhere(tmp_path / "new"):
        assert replayed(file, NOW).holds
        assert not Outbox.objects.exists()
        assert AiSystem.objects.get(slug="chatbot").purpose == "Another one"
        assert Evidence.objects.filter(pk=row.pk).exists()


@pytest.mark.slow
def test_what_is_not_in_the_ledger_is_said_and_can_be_done_anew(house: House, tmp_path) -> None:
    """Rule: nobody gets in by what was rebuilt. Passwords are set anew, second factors added anew; tokens go on, and
    webhooks are told what comes from now on, not the whole ledger once more."""
    choose_theme(actor=house.actor("lead"), person=Person.objects.get(role="lead"), theme="dark", now=NOW)
    people = set(Person.objects.filter(is_active=True).values_list("email", flat=True))
    factors = {one.person.email for one in SecondFactor.objects.filter(removal=None)}
    tokens = set(ApiToken.objects.values_list("sha256", flat=True))
    receivers = Webhook.objects.exclude(pk__in=WebhookEnd.objects.values("webhook")).count()
    assert people
    assert factors
    size, file = LedgerEntry.objects.count(), copied(tmp_path, NOW)
    with elsewhere(tmp_path / "new"):
        done = replayed(file, NOW)
        assert (set(done.passwords), set(done.factors)) == (people, factors)
        assert not any(one.has_usable_password() for one in Person.objects.all())
        assert not any(has_second_factor(one) for one in Person.objects.all())
        assert set(ApiToken.objects.values_list("sha256", flat=True)) == tokens
        assert Person.objects.get(role="lead").theme == "dark"
        assert done.position == LedgerEntry.objects.count() - 1
        more = list(LedgerEntry.objects.filter(position__gte=size).values_list("kind", flat=True))
        assert more.count("person") == Person.objects.count()
        assert more.count("second_factor_removal") >= len(factors)
        assert more[-1] == "rebuild"
        assert house.last_state()["size"] == size
        assert done.receivers == receivers > 0
        assert untold() == ()
        assert set(Delivery.objects.values_list("arrived_at", "next_at")) == {(None, None)}


# --- what is refused


Table = dict[int, dict[str, Any]]
"""Rows of one table in a backup, by the first of their columns."""


def forged(file: Path, out: Path, forge: Callable[[dict[str, Table]], None]) -> Path:
    """A backup as somebody would write it who changes its tables: whole, with digests that fit."""
    with open_backup(file, None, quiet("")) as members:
        held = {member.name: member.read() for member in members}
    parts = {name: [json.loads(line) for line in data.splitlines()] for name, data in held.items() if "tables/" in name}
    tables = {
        name.split("/")[1]: {row[0]: dict(zip(names, row, strict=True)) for row in rows_}
        for name, (names, *rows_) in parts.items()
    }
    forge(tables)
    about = json.loads(held["backup.json"])
    for name, (names, *_) in parts.items():
        table = tables[name.split("/")[1]]
        lines = [names, *([row[one] for one in names] for row in table.values())]
        held[name] = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        about["rows"][name.split("/")[1]] = len(table)
    held["backup.json"] = json.dumps(about).encode()
    with out.open("wb") as stream:
        archive = ArchiveWriter(stream)
        for name, data in held.items():
            archive.add(name, data)
        archive.close()
    return out


def _again(text: str, change: Callable[[bytes], bytes]) -> str:
    return base64.b64encode(change(base64.b64decode(text))).decode()


def _body(tables: dict[str, Table]) -> None:
    row = tables["records.entrybody"][40]
    row["body"] = _again(row["body"], lambda body: body.replace(b'"because":""', b'"because":"x"'))


def _header(tables: dict[str, Table]) -> None:
    row = tables["records.ledgerentry"][40]
    row["header"] = _again(row["header"], lambda header: header.replace(b'"person/', b'"person/9'))


def _leaf(tables: dict[str, Table]) -> None:
    row = tables["records.ledgerentry"][40]
    row["leaf"] = _again(row["leaf"], lambda leaf: leaf[::-1])


def _wholly(tables: dict[str, Table]) -> None:
    _header(tables)
    row = tables["records.ledgerentry"][40]
    row["leaf"] = base64.b64encode(leaf_hash(base64.b64decode(row["header"]))).decode()


def _gone(tables: dict[str, Table]) -> None:
    del tables["records.entrybody"][40]


def _root(tables: dict[str, Table]) -> None:
    list(tables["records.ledgercheckpoint"].values())[3]["root"] = "ab" * 32


def _signature(tables: dict[str, Table]) -> None:
    found = list(tables["records.ledgercheckpoint"].values())
    found[3]["note"] = found[3]["note"][:-9] + "AAAAAAA=\n"


def _cut(tables: dict[str, Table]) -> None:
    entries, bodies = tables["records.ledgerentry"], tables["records.entrybody"]
    roots = tables["records.ledgercheckpoint"]
    roots.popitem()
    for position in range(max(roots), len(entries)):
        del entries[position], bodies[position]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("forge", "finding"),
    [
        (_body, "the body of entry 40 is not the one committed to"),
        (_header, "entry 40 does not hash to its leaf"),
        (_leaf, "entry 40 does not hash to its leaf"),
        (_wholly, "the entries do not lead to the root it signs"),
        (_gone, "the body of entry 40 is missing"),
        (_root, "its row names another root than the entries lead to"),
        (_signature, "checkpoint"),
        (_cut, "this ledger only"),
    ],
)
def test_a_ledger_that_does_not_hold_is_refused_and_leaves_nothing(house: House, tmp_path, forge, finding) -> None:
    """Rule: every leaf, root and signature is verified before a row is written. The kept checkpoint tells a cut."""
    file = forged(copied(tmp_path, NOW), tmp_path / "b.backup", forge)
    with elsewhere(tmp_path / "new"):
        with pytest.raises(LedgerRefusedError) as refused:
            replayed(file, NOW)
        found = [one for check in refused.value.checks if not check.holds for one in check.findings]
        assert any(finding in one for one in found), found
        assert nothing_in(tmp_path / "new" / "home")


def nothing_in(home: Path) -> bool:
    """Whether nothing is left but the secret that any start makes."""
    return [path.name for path in home.rglob("*") if path.is_file()] == ["secret.key"]


@pytest.mark.slow
def test_a_home_that_is_not_empty_is_refused(house: House, tmp_path) -> None:
    file = copied(tmp_path, NOW)
    with elsewhere(tmp_path / "new"):
        replayed(file, NOW)
        before = rows()
        with pytest.raises(ConflictError, match=r"is not empty.* has \d+ tables"):
            replayed(file, NOW)
        assert rows() == before


def test_people_cannot(house: House, tmp_path) -> None:
    """Rule: only who has the machine makes an installation."""
    file = copied(tmp_path, NOW)
    with pytest.raises(NotPermittedError):
        rebuild(actor=house.actor("administrator"), source=from_backup(file, None, say=quiet), now=NOW, say=quiet)


# --- what the ledger holds a digest of


@pytest.mark.slow
def test_lines_of_an_access_list_come_from_the_vault(house: House, tmp_path) -> None:
    """Rule: under their own digest, or from the file as it was read then; and only if they have that digest."""
    row = AccessList.objects.get()
    lines, digest = row.lines, digest_of(row.lines)
    assert blobs().has(digest)
    path = house.store / "blobs" / digest[:2] / digest[2:4] / digest
    path.unlink()  # as of a list that an older version took in
    assert lines_told(row, digest=digest) == lines
    assert lines_told(row, digest="0" * 64) is None
    (house.store / "blobs" / row.sha256[:2] / row.sha256[2:4] / row.sha256).unlink()
    assert lines_told(row, digest=digest) is None
    file = copied(tmp_path, NOW)
    with elsewhere(tmp_path / "new"):
        done = replayed(file, NOW)
        assert not done.holds
        (sentence,) = done.lost
        assert row.name in sentence
        assert [one.name for one in done.checks if not one.holds] == ["records", "evidence"]


def test_a_factor_that_stands_is_not_taken_for_a_rebuilt_one(house: House) -> None:
    """Rule: who replaces what a factor is proven with by its digest makes it useless, and is found out."""
    one = SecondFactor.objects.filter(removal=None)[0]
    kept = one.state()["kept_digest"]
    house.sql("UPDATE records_secondfactor SET kept = %s WHERE id = %s", ONLY_DIGEST + kept, one.pk)
    house.named(rf"records_secondfactor {one.pk}, kept_digest: .*")


# --- older entries


def _told(state: dict, **more: object) -> Told:
    about = {"actor": "annexa", "because": "", "at": NOW, "first_at": NOW, "effective_at": NOW, "position": 1}
    return Told(state=json.loads(canonical(state)), **about | more)


def test_what_an_entry_is_older_than_has_its_default_and_is_named(house: House) -> None:
    """Rule: the ledger of ten years ago is replayed by today's program."""
    token = ApiToken.objects.exclude(units=[])[0]
    state = token.state()
    row, older = row_of(ApiToken, _told(state), key=token.key, numbers={})
    assert (row.units, older) == (token.units, ())
    del state["units"]
    row, older = row_of(ApiToken, _told(state), key=token.key, numbers={})
    assert (row.units, older) == ([], ("units",))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"expires_at": ...}, "expires_at is not told"),
        ({"expires_at": "soon"}, "expires_at cannot be read: Invalid isoformat string: 'soon'"),
    ],
)
def test_an_entry_that_does_not_say_enough_makes_no_row(house: House, change, sentence) -> None:
    """Rule: nothing is invented. What has no default must be told."""
    token = ApiToken.objects.all()[0]
    state = {name: value for name, value in (token.state() | change).items() if value is not ...}
    with pytest.raises(UntoldError, match=sentence):
        row_of(ApiToken, _told(state), key=token.key, numbers={})


@pytest.mark.slow
def test_an_entry_without_its_row_stops_the_whole(house: House, tmp_path) -> None:
    """Rule: all or nothing. A ledger that holds, but tells of a record what no row can hold, is refused by name."""
    with door(actor=ANNEXA, verb="change_system", now=NOW) as opened:
        opened.note(
            {"slug": "thin", "name": "Thin", "parent": "nowhere", "closed": False}, kind="unit", subject="unit/thin"
        )
    publish()
    file = copied(tmp_path, NOW)
    with elsewhere(tmp_path / "new"):
        with pytest.raises(LedgerRefusedError) as refused:
            replayed(file, NOW)
        (check,) = refused.value.checks
        assert "records_unit thin" in check.findings[0]
        assert nothing_in(tmp_path / "new" / "home")


def test_time_and_zone_of_instants_survive(house: House) -> None:
    """Rule: an instant that an entry gives in UTC is the same instant in the row, to the microsecond."""
    at = datetime(2026, 3, 29, 1, 59, 59, 999_999, tzinfo=UTC) + timedelta(microseconds=1)
    token = ApiToken.objects.all()[0]
    row, _ = row_of(ApiToken, _told(token.state() | {"expires_at": at.isoformat()}), key=token.key, numbers={})
    assert row.expires_at == at
