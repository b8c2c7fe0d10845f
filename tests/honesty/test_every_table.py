"""No table escapes: verification finds every one by itself. That no column does: test_in_the_database.py."""

import ast
from pathlib import Path

from django.apps import apps

from annexa.pure.fact_entries import FACT_KINDS
from annexa.records.activity import SealedTo
from annexa.records.guard import Guarded
from annexa.records.kept_answers import KeptAnswer
from annexa.records.kept_empty import kept_empty
from annexa.records.ledger import EntryBody, LedgerCheckpoint, LedgerEntry, Outbox
from annexa.records.links import Link
from annexa.records.mails import Mail, MailChoice, MailTold
from annexa.records.processes import Process, RequestCount
from annexa.records.recorded import recorded_tables
from annexa.records.retention import Leaving
from annexa.records.sign_in import KnownPlace, SignedIn, SignInTry
from annexa.records.views import SavedView
from annexa.records.visits import Visit
from annexa.records.webhooks import Delivery

LEDGER = {LedgerEntry, EntryBody, LedgerCheckpoint, Outbox}
NO_RECORDS = {
    Visit, SavedView, KeptAnswer, Delivery, Process, RequestCount, SignInTry, KnownPlace, SignedIn, Mail, MailChoice,
    MailTold,
}  # fmt: skip
"""Tables that say nothing about the organisation: no verdict and no decision rests on them, and no page says
more by them than a link."""
DERIVED = {Link, SealedTo, Leaving}
"""Tables that repeat what rows say, and that verification holds against these rows: records/links.py, and for journals
and files of the activity log answers/activity_integrity.py."""


def test_every_table_is_the_ledgers_own_or_recorded() -> None:
    """A new table of records derives from Recorded; then verification finds it by itself."""
    found = set(apps.get_app_config("records").get_models())
    assert {table for table in found if not issubclass(table, Guarded)} == set()
    assert found - set(recorded_tables()) == LEDGER | NO_RECORDS | DERIVED


def test_every_other_table_is_djangos_session_or_kept_empty() -> None:
    """Rule: what a library brings is either named here, with the reason why nobody has to verify it, or stays empty."""
    found = {one._meta.label for one in apps.get_models() if one._meta.app_label != "records"}
    of_django = {
        "contenttypes.ContentType": "names of tables",
        "auth.Permission": "not used: pure/permits.py says who may do what",
        "auth.Group": "not used",
        "sessions.Session": "signed with the secret key, which is not in the database",
    }
    assert found == set(of_django) | {one._meta.label for one in kept_empty()}


def test_every_kind_belongs_to_one_table() -> None:
    kinds = [table.KIND for table in recorded_tables()]
    assert len(set(kinds)) == len(kinds)
    assert set(FACT_KINDS) <= set(kinds), "verdicts rest on entries of a kind that no table is compared with"


def test_every_password_that_is_set_is_committed_to() -> None:
    """Whoever sets a password leaves the person's state; else its digest in the ledger would be that of the old one."""
    folder = Path(__file__).parents[2] / "src" / "annexa" / "actions"
    setting = [
        function
        for path in folder.glob("*.py")
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef) and "set_password(" in ast.unparse(function)
    ]
    assert len(setting) >= 2
    assert [f.name for f in setting if "kind='person'" not in ast.unparse(f)] == []


def test_every_action_writes_under_the_kind_of_its_table() -> None:
    """An entry under another kind would be about nothing, and its row without an entry."""
    known = {table.KIND for table in recorded_tables()} | {
        "import", "library", "preference", "rebuild", "restore", "sessions_end",
    }  # fmt: skip
    folder = Path(__file__).parents[2] / "src" / "annexa" / "actions"
    said = {
        keyword.value.value
        for path in folder.glob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in {"write", "note"}
        for keyword in call.keywords
        if keyword.arg == "kind" and isinstance(keyword.value, ast.Constant)
    }
    assert said - known == set(), "an entry of a kind that no recorded table has"
