"""Attempts by who owns the database: rows and entries are written with SQL, and the triggers are in nobody's way.

Verdicts are computed from entries, so an edited row changes no verdict; `annexa ledger verify` names it all the same.
"""

import json
import re
import shutil
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.db import DatabaseError, connection, models, transaction

from annexa.actions.controls import adopt_control
from annexa.actions.sequencer import publish, sequence
from annexa.pure.facts import ORGANISATION
from annexa.pure.ledger import Header, canonical, leaf_hash, salted_digest
from annexa.pure.posture import Verdict
from annexa.records.access_reviews import AccessDecision, AccessReview
from annexa.records.activity_sources import ActivitySource
from annexa.records.appointments import Appointment
from annexa.records.controls import Judgement
from annexa.records.directory import GroupRoleRule
from annexa.records.evidence import Evidence
from annexa.records.grants import RoleGrant
from annexa.records.ledger import EntryBody, LedgerCheckpoint, LedgerEntry
from annexa.records.monitors import MonitorRun
from annexa.records.oversight import OversightDelegation, OversightItem
from annexa.records.people import Person
from annexa.records.recorded import Recorded, recorded_tables
from annexa.records.retention import LegalHold
from annexa.records.risks import RiskStep
from annexa.records.sign_in import SecondFactor
from annexa.records.soa import StatementVersion
from annexa.records.tokens import ApiToken
from annexa.records.webhooks import Webhook
from tests.honesty.house import NOW, House, days

pytestmark = pytest.mark.django_db
every_table = pytest.mark.parametrize("table", recorded_tables(), ids=lambda table: table.__name__)


def failing() -> tuple[Evidence, LedgerEntry]:
    """The register of lessons that failed: its row and its entry."""
    row = Evidence.objects.get(control="INC-03", passing=False)
    return row, LedgerEntry.objects.get(subject=f"evidence/{row.id}")


WORDS = {
    "state_word": "state",
    "is_active": "active",
    "judgement_id": "judgement",
    "answered_by_id": "answered_by",
    "asked_by_id": "asked_by",
    "set_by_id": "set_by",
    "password": "password_digest",
    "owner_id": "owner",
    "token_id": "token",
    "webhook_id": "webhook",
    "person_id": "person",
    "grant_id": "grant",
    "appointment_id": "appointment",
    "review_id": "review",
    "source_id": "list",
    "holder_id": "holder",
    "carrier_id": "carrier",
    "decision_id": "decision",
    "factor_id": "factor",
    "kept": "kept_digest",
    "group_id": "group",
    "rule_id": "rule",
    "assessment_id": "assessment",
    "handed_in_by_id": "handed_in_by",
    "sent_id": "sent",
    "risk_id": "risk",
    "proposal_id": "proposal",
    "document_id": "document",
    "exception_id": "exception",
    "file_id": "file",
    "author_id": "author",
    "item_id": "item",
    "to_id": "to",
    "delegation_id": "delegation",
    "in_stead_of_id": "in_stead_of",
    "run_id": "run",
    "breach_id": "breach",
}
"""Columns that entries call otherwise."""


HELD = {
    "task_change": ("what", "owner_id"),
    "unit": ("parent_id",),
    "grant": ("unit_id",),
    "directory_person": ("person_id",),
    "questionnaire_step": ("step", "outcome"),
    "questionnaire_file_step": ("step",),
    "risk_step": ("number", "step"),
    "oversight_verdict": ("decision", "instead"),
}
"""Columns that the database itself keeps in step with another one: alone they cannot be edited at all."""


def columns(table: type[Recorded]) -> list[Any]:
    """The columns that an entry commits to, but for the one by which row and entry find each other."""
    apart = {*table.UNKEPT, table.KEY or "id", *(f"{name}_id" for name in table.FOLLOWED)}
    return [field for field in table._meta.concrete_fields if field.attname not in apart]


def other(field: Any, value: Any) -> Any:
    """Another value that the column takes, as SQL writes it."""
    if isinstance(field, models.JSONField) and not isinstance(value, list | dict):
        return '{"forged": true}'
    if field.choices:
        return next(word for word, _ in reversed(field.choices) if word != value)
    match value:
        case list() if field.name == "source":
            return '[["Column", "forged"]]'
        case list() | dict():
            return json.dumps([*value, "forged"] if isinstance(value, list) else {**value, "forged": True})
        case bool():
            return not value
        case int() | float():
            return value + 1
        case datetime() | date():
            return value - timedelta(days=30)
        case None:
            return _first(field)
    return "forged"[: field.max_length]


def _first(field: Any) -> Any:
    """A value for a column that is empty."""
    match field:
        case models.DateTimeField():
            return NOW
        case models.DateField():
            return NOW.date()
        case models.FloatField() | models.IntegerField():
            return 1
        case models.ForeignKey(target_field=models.IntegerField()):
            return 1
    return "forged"


def one(table: type[Recorded]) -> Recorded:
    """A row of a table: of reviews the approval, which may become a return without breaking the table's own rules."""
    rows = table.objects.order_by("pk")
    chosen = {
        "classification_review": {"decision": "approved"},
        "assessment_step": {"decision": "approved"},
        "grant": {"unit": None},
        "questionnaire_step": {"step": "returned"},
        "questionnaire_file_step": {"step": "taken over"},
        "document_step": {"step": "drafted"},
        "reading": {"step": "asked"},
        "enrolment": {"step": "met"},
        "soa_version": {"number": 3},
        "soa_decision": {"decision": "approved"},
        "oversight_item": {"reference": ""},
        "oversight_verdict": {"decision": "approved"},
        "oversight_release": {"step": "asked"},
        "activity_rules": {"number": 2},
        "activity_erasure_step": {"step": "refused"},
    }.get(table.KIND, {})
    found: Recorded = rows.filter(**chosen).get() if chosen else rows.first()
    return found


# --- records


def test_a_record_edited(house: House) -> None:
    """Edit any column of any record: a role, a class, an owner, a date, a reason, a result that failed.

    Given away by `annexa ledger verify`, which names table, key, column, both values and the entry.
    """
    findings = []
    for table, row in [(table, one(table)) for table in recorded_tables()]:
        name = table._meta.db_table
        told = [field for field in columns(table) if field.attname not in HELD.get(table.KIND, ())]
        changed = {field.column: other(field, getattr(row, field.attname)) for field in told}
        to = ", ".join(f'"{column}" = %s' for column in changed)
        assert house.sql(f"UPDATE {name} SET {to} WHERE id = %s", *changed.values(), row.pk) == 1
        places = (re.escape(f"{name} {row.key}, {WORDS.get(f.attname, f.attname)}") for f in told)
        findings += [place + r": the row says .+, entry \d+ says .+" for place in places]
    house.named(*findings)


def test_a_record_removed(house: House) -> None:
    """Delete any record: a person, a failing result, a nonconformity, an answer.

    Given away by `annexa ledger verify`: the ledger knows of a record that has no row.
    """
    rows = [(table._meta.db_table, row.key, row.pk) for table in recorded_tables() for row in [one(table)]]
    for name, _, pk in rows:
        assert house.sql(f"DELETE FROM {name} WHERE id = %s", pk) == 1
    house.named(*(re.escape(f"{name} {key}: its row is gone; entry ") + r"\d+ tells of it" for name, key, _ in rows))


def test_a_record_added(house: House) -> None:
    """Add any record: an administrator, a passing result, an approval, a closure.

    Given away by `annexa ledger verify`: no entry tells of the row.
    """
    findings = []
    for table, row, fresh in [(table, one(table), _forged(table)) for table in recorded_tables()]:
        name, names = table._meta.db_table, [field.column for field in table._meta.concrete_fields]
        taken = ", ".join(fresh.get(column, f'"{column}"') for column in names)
        given = ", ".join(f'"{column}"' for column in names)
        assert house.sql(f"INSERT INTO {name} ({given}) SELECT {taken} FROM {name} WHERE id = %s", row.pk) == 1
        key = {"slug": "forged", "id": "f" * 32, "": f"{table.KIND}/9999"}[table.KEY]
        findings.append(re.escape(f"{name} {key}: no entry of the ledger tells of this row"))
    house.named(*findings)


def _forged(table: type[Recorded]) -> dict[str, str]:
    """What of a row that is copied has to be another one, as SQL writes it."""
    text = issubclass(type(table._meta.pk), models.CharField)
    fresh = {"id": f"'{'f' * 32}'" if text else "9999"}
    fresh |= {"slug": "'forged'", "email": "'f@example.org'", "number": "99", "turn": "99", "revision": "99"}
    fresh["decision"] = "'asked'"
    if table.KIND in {"api_token", "questionnaire"}:
        fresh["sha256"] = f"'{'f' * 64}'"
    if table.KIND == "token_revocation":
        fresh["token_id"] = f"'{ApiToken.objects.filter(revocation=None).first().id}'"
    if table.KIND == "second_factor":
        fresh["credential"] = f"'{'f' * 64}'"
    if table.KIND == "second_factor_removal":
        fresh["factor_id"] = f"'{SecondFactor.objects.filter(removal=None).first().id}'"
    if table.KIND == "provider_identity":
        fresh["subject"] = "'forged'"
    if table.KIND == "webhook_end":
        fresh["webhook_id"] = f"'{Webhook.objects.filter(end=None).first().id}'"
    if table.KIND in {"activity_segment", "activity_file"}:
        fresh["path"] = "'forged'"
    if table.KIND == "activity_source_end":
        fresh["source_id"] = str(ActivitySource.objects.filter(end=None).first().pk)
    if table.KIND == "legal_hold_release":
        fresh["hold_id"] = f"'{LegalHold.objects.filter(release=None).first().id}'"
    if table.KIND == "grant_end":
        fresh["grant_id"] = f"'{RoleGrant.objects.filter(end=None).first().id}'"
    if table.KIND == "appointment_end":
        fresh["appointment_id"] = f"'{Appointment.objects.filter(end=None).first().id}'"
    if table.KIND == "group_role_end":
        fresh["rule_id"] = f"'{GroupRoleRule.objects.filter(end=None).first().id}'"
    if table.KIND in {"directory_person", "directory_membership"}:
        fresh |= {"person_id": str(Person.objects.get(email="ada@example.org").pk), "user_name": "'forged'"}
    if table.KIND in {"unit", "committee", "directory_group"}:
        fresh["name"] = "'Forged'"
    if table.KIND == "closure":
        fresh["judgement_id"] = f"'{Judgement.objects.filter(closure=None).first().id}'"
    if table.KIND == "access_decision":
        fresh["decision"] = "'keep'"
    if table.KIND == "assessment_step":
        fresh["decision"] = "'returned'"
    if table.KIND == "soa_decision":
        open_version = StatementVersion.objects.get(decision=None)
        fresh |= {"decision": "'returned'", "version_id": f"'{open_version.id}'"}
    if table.KIND == "risk_step":
        refused = RiskStep.objects.get(step="refused").proposal_id
        fresh |= {"proposal_id": f"'{refused}'", "number": "2", "step": "'withdrawn'"}
    if table.KIND == "oversight_verdict":
        fresh |= {"decision": "'approved'", "by_id": str(Person.objects.get(email="ada@example.org").pk)}
    if table.KIND in {"oversight_outcome", "oversight_escalation"}:
        waiting = OversightItem.objects.get(outcome=None, escalation=None)
        fresh |= {"decision": "'stopped'", "item_id": f"'{waiting.id}'"}
    if table.KIND == "oversight_delegation_end":
        fresh["delegation_id"] = f"'{OversightDelegation.objects.get(end=None).id}'"
    if table.KIND == "monitor_breach":
        fresh["run_id"] = f"'{MonitorRun.objects.filter(breach=None).first().id}'"
    if table.KIND == "monitor_breach_end":
        fresh["breach_id"] = f"'{'f' * 32}'"
    if table.KIND == "access_review_end":
        fresh["review_id"] = f"'{AccessReview.objects.filter(end=None).first().id}'"
    if table.KIND == "access_carried_out":
        fresh["decision_id"] = f"'{AccessDecision.objects.filter(carried_out=None).first().id}'"
    return fresh


def test_a_row_in_a_table_that_stays_empty(house: House) -> None:
    """Add an identity provider of one's own to the tables of the library that speaks with providers.

    Given away by rule: which provider is asked is a setting, no row; and by `annexa ledger verify`, which names a
    table that must be empty.
    """
    house.sql(
        "INSERT INTO socialaccount_socialapp (provider, provider_id, name, client_id, secret, key, settings) "
        "VALUES ('openid_connect', 'evil', 'x', 'x', '', '', '{}')"
    )
    house.named(r"socialaccount_socialapp: 1 rows, but Annexa keeps this table empty")


def test_every_record_at_once(house: House) -> None:
    """Edit every result to pass, close every nonconformity, delete every exclusion and plan, at once.

    Given away by rule: verdicts are computed from entries, so not one changes; and by `annexa ledger verify`, row
    by row.
    """
    house.sql("UPDATE records_evidence SET passing = %s, expires_at = %s", True, NOW + timedelta(days=3650))
    house.sql("DELETE FROM records_closure")
    house.sql("DELETE FROM records_judgement")
    house.sql("DELETE FROM records_adoption WHERE state_word <> 'implemented'")
    house.sql("UPDATE records_aisystem SET classes = '[\"minimal\"]', stage = 'retirement'")
    assert house.verdicts() == house.before
    found = [line for line in house.verify().failing() if line.startswith("records_")]
    assert len(found) > Evidence.objects.count() + 4 + 2


@every_table
def test_every_column_is_committed_to(house: House, table: type[Recorded]) -> None:
    """Each column changes the state, repeats something beside it, or has a reason not to: one that nothing commits to
    could be edited unseen."""
    row = one(table)
    loose = []
    for field in columns(table):
        if field.attname in table.BESIDE:
            continue
        before, value = row.state(), getattr(row, field.attname)
        changed = other(field, value)
        setattr(row, field.attname, [["Column", "forged"]] if isinstance(value, list) else changed)
        loose += [field.name] if row.state() == before else []
        setattr(row, field.attname, value)
    assert loose == []
    named = {field.attname for field in table._meta.concrete_fields}
    assert set(table.BESIDE) | set(table.UNKEPT) <= named
    assert all(reason.strip() for reason in table.UNKEPT.values())


def test_a_record_pointed_elsewhere(house: House) -> None:
    """Point an approval at other answers than those that were approved.

    Given away by `annexa ledger verify`: the row cannot be read, or says otherwise than its entry.
    """
    house.sql("UPDATE records_classificationreview SET answers_id = 'forged' WHERE decision = 'approved'")
    house.named(r"records_classificationreview [0-9a-f]{32}: the row cannot be read: .+")


def test_a_password_put_into_the_table(house: House) -> None:
    """Put a password of one's own into a colleague's row, and approve as that colleague.

    Given away by `annexa ledger verify`: an entry commits to a digest of each password's salted hash.
    """
    lead = house.person("lead")["person"]
    house.sql("UPDATE records_person SET password = %s WHERE id = %s", make_password("my own"), lead.pk)
    house.named(rf"records_person person/{lead.pk}, password_digest: the row says .+, entry \d+ says .+")


def test_a_record_filled_with_nonsense(house: House) -> None:
    """Write something into a row that no column was made for, so that whatever reads it stumbles.

    Given away by `annexa ledger verify`, which names the row and reads on.
    """
    house.sql("UPDATE records_aisystem SET roles = '7' WHERE slug = 'chatbot'")
    house.sql("UPDATE records_evidence SET passing = NOT passing")
    house.named("records_aisystem chatbot: the row cannot be read: .+", "records_evidence .+, passing: the row says .+")
    if connection.vendor == "postgresql":
        return  # which keeps no date that is none
    house.sql("UPDATE records_aisystem SET roles = '[]', changed_at = '2026-13-45 00:00:00' WHERE slug = 'chatbot'")
    house.named(r"records_aisystem \d+: the row cannot be read: .+", "records_evidence .+, passing: the row says .+")


def test_the_same_person_approves_in_the_table(house: House) -> None:
    """Make the approval of a classification one's own in the table.

    Given away by the table itself, which refuses that who answered approves.
    """
    with pytest.raises(DatabaseError, match="four_eyes"), transaction.atomic():
        house.sql("UPDATE records_classificationreview SET by_id = answered_by_id WHERE decision = 'approved'")


# --- entries


@pytest.mark.parametrize("table", [LedgerEntry, EntryBody, LedgerCheckpoint], ids=lambda table: table.__name__)
@pytest.mark.parametrize("statement", ["UPDATE {} SET position = position", "DELETE FROM {}"])
def test_an_entry_edited(house: House, table: type[models.Model], statement: str) -> None:
    """Edit or delete entries, bodies or checkpoints of the ledger.

    Given away by the database, which refuses it.
    """
    sql = statement.format(table._meta.db_table).replace("position", table._meta.pk.column)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        house.sql(sql)


def test_the_triggers_removed(house: House) -> None:
    """Remove the triggers by which the database refuses that.

    Given away by `annexa ledger verify` and `annexa doctor`, which look whether they are there.
    """
    house.without_triggers()
    house.named(r"records_ledgerentry (takes UPDATE|can be changed): its trigger is gone or .+")
    house.sick("protection", "records_ledgerentry")


def test_what_an_entry_says_edited(house: House) -> None:
    """Without triggers: turn a failing result into a passing one where the ledger says what it was.

    Given away by `annexa ledger verify`: the body is not the one that the entry committed to.
    """
    house.without_triggers()
    row, entry = failing()
    body = EntryBody.objects.get(position=entry.position)
    forged = bytes(body.body).replace(b'"passing":false', b'"passing":true')
    house.sql("UPDATE records_entrybody SET body = %s WHERE position = %s", forged, entry.position)
    house.sql("UPDATE records_evidence SET passing = %s WHERE id = %s", True, row.id)
    house.named(f"the body of entry {entry.position} is not the one committed to")
    house.sick("ledger", f"the body of entry {entry.position}")


def test_an_entry_forged_with_its_digest(house: House) -> None:
    """The same, with the digest in the header and the hash of the leaf made to fit.

    Given away by `annexa ledger verify`: the entries do not lead to the root that was signed, nor to what is published.
    """
    house.without_triggers()
    _, entry = failing()
    body = EntryBody.objects.get(position=entry.position)
    forged = bytes(body.body).replace(b'"passing":false', b'"passing":true')
    digest = salted_digest(bytes(body.salt), forged).hex()
    header = canonical({**json.loads(bytes(entry.header)), "body": digest})
    house.sql("UPDATE records_entrybody SET body = %s WHERE position = %s", forged, entry.position)
    house.sql(
        "UPDATE records_ledgerentry SET header = %s, leaf = %s WHERE position = %s",
        header, leaf_hash(header), entry.position,
    )  # fmt: skip
    house.named(
        r"checkpoint .+: the entries do not lead to the root it signs", r"tile/.+ has other hashes than the ledger"
    )


@pytest.mark.parametrize(
    ("column", "value"), [("kind", "note"), ("subject", "x"), ("actor", "person/1"), ("at", days(300))]
)
def test_an_entry_hidden_by_its_columns(house: House, column: str, value: object) -> None:
    """Without triggers: change the columns by which entries are looked up: hide one, or date it back.

    Given away by `annexa ledger verify`, which compares each with the header that the tree holds.
    """
    house.without_triggers()
    _, entry = failing()
    house.sql(f'UPDATE records_ledgerentry SET "{column}" = %s WHERE position = %s', value, entry.position)
    house.named(rf"entry {entry.position}, {column}: the column says .+, the header says .+")


def test_an_entry_removed(house: House) -> None:
    """Without triggers: remove a failing result from the middle of the ledger, with its body and its row.

    Given away by `annexa ledger verify`: a position is missing.
    """
    house.without_triggers()
    row, entry = failing()
    for table in ("ledgerentry", "entrybody"):
        house.sql(f"DELETE FROM records_{table} WHERE position = %s", entry.position)
    house.sql("DELETE FROM records_evidence WHERE id = %s", row.id)
    house.named(f"entry {entry.position} is missing")


def test_a_body_removed(house: House) -> None:
    """Without triggers: remove only what an entry says.

    Given away by `annexa ledger verify`: its body is missing.
    """
    house.without_triggers()
    last = LedgerEntry.objects.latest("position").position
    house.sql("DELETE FROM records_entrybody WHERE position = %s", last)
    house.named(f"the body of entry {last} is missing")


def cut(house: House, size: int) -> None:
    """Takes back everything that was recorded from that size on, in the database."""
    for entry in LedgerEntry.objects.filter(position__gte=size, kind="evidence"):
        house.sql("DELETE FROM records_evidence WHERE id = %s", entry.subject.removeprefix("evidence/"))
    for table in ("ledgerentry", "entrybody"):
        house.sql(f"DELETE FROM records_{table} WHERE position >= %s", size)
    house.sql("DELETE FROM records_ledgercheckpoint WHERE size > %s", size)


def test_the_end_cut_off(house: House) -> None:
    """Without triggers: take back the latest failing results, with entries, bodies, checkpoints and rows.

    Given away by `annexa ledger verify`: more is published than the ledger holds.
    """
    house.without_triggers()
    size = LedgerEntry.objects.count()
    cut(house, size - 2)
    house.named(f"checkpoint: {size} entries are published, and this ledger has {size - 2}")


def test_the_whole_ledger_rewritten(house: House) -> None:
    """With the signing key: take back failing results, publish the rest anew, and go on as if they had never been.

    Given away by a checkpoint that somebody else kept, and by nothing else: `annexa ledger verify --checkpoint`, or
    `annexa verify --checkpoint` with a pack.
    """
    kept = house.home / "kept.txt"
    kept.write_bytes((house.store / "ledger" / "checkpoint").read_bytes())
    house.without_triggers()
    size = LedgerEntry.objects.count()
    cut(house, size - 2)
    shutil.rmtree(house.store / "ledger")
    publish()
    house.with_triggers()
    assert house.verify().code == 0
    house.named_with(kept, f"it has {size} entries, this ledger only {size - 2}")
    for _ in range(3):
        adopt_control(**house.person("lead"), control="GOV-04", state="implemented", now=NOW)
    publish()
    assert house.verify().code == 0
    house.named_with(kept, rf"the first {size} entries do not lead to its root [0-9a-f]{{64}}")


# --- checkpoints


def test_every_checkpoint_removed(house: House) -> None:
    """Without triggers: remove every signed root, so that nothing contradicts the entries.

    Given away by `annexa ledger verify`: no checkpoint covers them.
    """
    house.without_triggers()
    house.sql("DELETE FROM records_ledgercheckpoint")
    house.named(rf"no checkpoint covers the entries from 0 on; the ledger has {LedgerEntry.objects.count()}")


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("root", "0" * 64, "its row names another root than the entries lead to"),
        ("frontier", '["00"]', "its row names another root than the entries lead to"),
        ("note", "annexa.local/other\n1\n\n", ".+"),
    ],
)
def test_a_checkpoint_edited(house: House, column: str, value: str, says: str) -> None:
    """Without triggers: change a checkpoint's root, its subtrees, or its signed note.

    Given away by `annexa ledger verify`, which computes all three anew.
    """
    house.without_triggers()
    size = LedgerEntry.objects.count()
    house.sql(f"UPDATE records_ledgercheckpoint SET {column} = %s WHERE size = %s", value, size)
    house.named(rf"checkpoint {size}: {says}")


# --- around the door


def slip_in(house: House, *, at: datetime = NOW, **state: object) -> str:
    """Puts an entry about evidence into the outbox, as if the door had written it, and lets it get its place."""
    _, entry = failing()
    said = json.loads(bytes(EntryBody.objects.get(position=entry.position).body))
    said["state"] |= {"id": "f" * 32, "passing": True, "name": "better.txt"} | state
    body, salt = canonical(said), bytes(32)
    header = Header(
        kind="evidence", subject=f"evidence/{said['state']['id']}", actor=entry.actor, at=at,
        effective_at=at, body=salted_digest(salt, body).hex(),
    )  # fmt: skip
    house.sql("INSERT INTO records_outbox (header, salt, body) VALUES (%s, %s, %s)", header.to_bytes(), salt, body)
    sequence(now=NOW)
    publish()
    return str(said["state"]["id"])


def test_an_entry_slipped_in(house: House) -> None:
    """Put an entry about a passing result into the ledger, past every action.

    Given away by `annexa ledger verify`: the ledger knows of a record that has no row.
    """
    position = LedgerEntry.objects.count()
    key = slip_in(house)
    assert house.verdicts()["control", "INC-03", ORGANISATION] is Verdict.EFFECTIVE
    house.named(f"records_evidence {key}: its row is gone; entry {position} tells of it")


def test_an_entry_slipped_in_with_an_earlier_time(house: House) -> None:
    """The same, as if it had been recorded a month ago, so that the view of that day changes.

    Given away by `annexa ledger verify`: an entry says that it was recorded before the one it stands behind.
    """
    slip_in(house, at=days(30))
    position = LedgerEntry.objects.count() - 1
    found = "\n".join(house.verify().failing())
    assert f"entry {position} says it was recorded on 2026-10-21 09:40 UTC, but entry {position - 1} before it" in found
    assert house.doctor("clock")[0] == "note"


def test_a_second_entry_about_a_result(house: House) -> None:
    """Put a second entry about the failing result into the ledger, which says that it passed, and edit its row to fit.

    Given away by `annexa ledger verify`: evidence never changes, so two entries cannot both tell of it.
    """
    row, entry = failing()
    slip_in(house, id=row.id, name=row.name)
    house.sql("UPDATE records_evidence SET passing = %s WHERE id = %s", True, row.id)
    both = f"entry {entry.position} and entry {LedgerEntry.objects.count() - 1}"
    house.named(f"records_evidence {row.id}: {both} both tell of it, and such a record never changes")


def test_an_entry_placed_without_a_signature(house: House) -> None:
    """Put an entry and its body at the end of the ledger directly, without the key.

    Given away by `annexa ledger verify`: no checkpoint covers it.
    """
    last = LedgerEntry.objects.latest("position")
    house.sql(
        "INSERT INTO records_ledgerentry (position, header, leaf, kind, subject, actor, at) "
        "SELECT position + 1, header, leaf, kind, subject, actor, at FROM records_ledgerentry WHERE position = %s",
        last.position,
    )
    house.sql(
        "INSERT INTO records_entrybody (position, salt, body) "
        "SELECT position + 1, salt, body FROM records_entrybody WHERE position = %s", last.position,
    )  # fmt: skip
    house.named(f"no checkpoint covers the entries from {last.position + 1} on; the ledger has {last.position + 2}")


def test_nonsense_in_the_outbox(house: House) -> None:
    """Put something into the outbox that is no entry, so that whatever reads it stumbles.

    Given away by `annexa ledger verify`, which names it and reads on.
    """
    house.sql("INSERT INTO records_outbox (header, salt, body) VALUES (%s, %s, %s)", b"{}", bytes(32), b"{}")
    house.named("records_outbox: entry 1 of those that wait cannot be read")


def test_an_entry_removed_before_it_got_its_place(house: House, monkeypatch) -> None:
    """Remove a declaration from the outbox between the change and its place in the ledger.

    Given away by `annexa ledger verify`: no entry tells of the row.
    """
    monkeypatch.setattr("annexa.actions.door.sequence", lambda **_: None)
    made = adopt_control(**house.person("lead"), control="GOV-04", state="not implemented", now=NOW)
    assert house.sql("DELETE FROM records_outbox") == 1
    house.named(f"records_adoption {made.id}: no entry of the ledger tells of this row")
