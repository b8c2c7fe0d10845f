"""What an installation stands on, examined: settings, database, library, key, ledger, bytes."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from annexa.answers.libraries import latest, own_files
from annexa.answers.store import blobs, origin, signer
from annexa.library.load import library
from annexa.library.reader import EVERYTHING, LOCK, LibraryError, lock_of, shipped, version_of
from annexa.pure.ledger import Frontier, LedgerError, leaf_hash
from annexa.pure.notes import VerifierKey, open_checkpoint
from annexa.records.evidence import Evidence
from annexa.records.ledger import LedgerCheckpoint, LedgerEntry, Outbox
from annexa.records.organisation import Organisation
from annexa.records.people import Person
from annexa.vault import VaultError


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing examined: what, how it is, and, if wrong, how to mend it."""

    what: str
    state: Literal["good", "note", "wrong"]
    detail: str
    mend: str = ""


def examine() -> tuple[Finding, ...]:
    """Everything, in the order in which one thing needs the one before. Never raises."""
    return tuple(_safely(what, look) for what, look in _LOOKS)


def _safely(what: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except (DatabaseError, LibraryError, VaultError, OSError) as error:
        return Finding(
            what=what, state="wrong", detail=str(error), mend="Mend what the sentence names, then ask again."
        )


def _home() -> Finding:
    return Finding(what="home", state="good", detail=str(settings.HOME))


def _database() -> Finding:
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    name = f"{connection.vendor} {connection.settings_dict['NAME']}"
    if missing:
        mend = "annexa serve prepares it."
        return Finding(what="database", state="wrong", detail=f"{name}: {missing} migrations missing", mend=mend)
    return Finding(what="database", state="good", detail=name)


def _library() -> Finding:
    found = library()
    lock = LOCK.read_text(encoding="utf-8")
    if lock != lock_of(shipped(EVERYTHING)):
        mend = "Install Annexa anew; its library files were changed."
        return Finding(what="library", state="wrong", detail="differs from its LOCK", mend=mend)
    detail = f"{len(found.frameworks)} frameworks, {len(found.controls)} controls, version {found.version[:12]}"
    waits = _waits()
    if waits:
        return Finding(
            what="library",
            state="note",
            detail=f"{waits[:12]} is in force; {detail} waits",
            mend="See what it would change: annexa frameworks upgrade.",
        )
    return Finding(what="library", state="good", detail=detail)


def _waits() -> str:
    """The version in force where the shipped library waits to be taken up; "" where it is in force, or nothing is."""
    with suppress(DatabaseError):  # the database has a finding of its own
        fact = latest()
        if fact is not None and fact.version != version_of({**shipped(), **own_files()}):
            return fact.version
    return ""


def _organisation() -> Finding:
    found = Organisation.objects.first()
    if found is None:
        return Finding(
            what="organisation", state="note", detail="not set up", mend="Open the link annexa serve prints."
        )
    people = Person.objects.filter(is_active=True).count()
    return Finding(what="organisation", state="good", detail=f"{found.name}, {people} people")


def _key() -> Finding:
    """The key there is must be the one that signed the ledger: a lost one is made anew, and proves nothing older."""
    key = signer().verifier_key
    head = LedgerCheckpoint.objects.order_by("-size").first()
    if head is not None:
        try:
            open_checkpoint(head.note.encode(), VerifierKey.parse(key))
        except LedgerError as error:
            mend = "Restore the folder keys (and the file ledger-origin) of ANNEXA_HOME from a backup."
            return Finding(what="signing key", state="wrong", detail=f"{key}: {error}", mend=mend)
    return Finding(what="signing key", state="good", detail=key)


def _ledger() -> Finding:
    """Recomputes the whole root from the entries."""
    frontier = Frontier()
    leaves = [leaf_hash(bytes(h)) for h in LedgerEntry.objects.order_by("position").values_list("header", flat=True)]
    frontier = frontier.extended(leaves)
    head = LedgerCheckpoint.objects.order_by("-size").first()
    waiting = Outbox.objects.count()
    if head is not None and (head.size, head.root) != (frontier.size, frontier.root().hex()):
        mend = "Do not write to it. Restore a backup and compare checkpoints."
        detail = f"{frontier.size} entries do not lead to the signed root of {head.size}"
        return Finding(what="ledger", state="wrong", detail=detail, mend=mend)
    detail = f"{origin()}, {frontier.size} entries lead to the signed root"
    if waiting:
        return Finding(
            what="ledger", state="note", detail=f"{detail}; {waiting} wait", mend="annexa serve places them."
        )
    return Finding(what="ledger", state="good", detail=detail)


def _evidence() -> Finding:
    """Reads every byte of evidence and compares it with its digest."""
    digests = sorted(set(Evidence.objects.values_list("sha256", flat=True)))
    broken = []
    for digest in digests:
        try:
            blobs().open_checked(digest).close()
        except VaultError as error:
            broken.append(str(error))
    if broken:
        return Finding(
            what="evidence", state="wrong", detail=" ".join(broken), mend="Restore these files from a backup."
        )
    return Finding(what="evidence", state="good", detail=f"{len(digests)} files have their digests")


_LOOKS: tuple[tuple[str, Callable[[], Finding]], ...] = (
    ("home", _home),
    ("database", _database),
    ("library", _library),
    ("organisation", _organisation),
    ("signing key", _key),
    ("ledger", _ledger),
    ("evidence", _evidence),
)
