"""What an installation stands on, examined: settings, database, library, key, ledger, bytes."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal

from django.conf import settings
from django.db import Error, connection

from annexa.answers import activity_health, surroundings
from annexa.answers.integrity import Check, check_everything
from annexa.answers.libraries import LibraryUnreadableError, files_of, latest, own_files, taken_up
from annexa.answers.migrations import missing_migrations
from annexa.answers.people import left_behind
from annexa.answers.store import blobs, named_files, signer
from annexa.answers.surroundings import Finding
from annexa.library.load import library
from annexa.library.reader import EVERYTHING, LOCK, LibraryError, lock_of, shipped, version_of
from annexa.pure.ledger import LedgerError
from annexa.pure.notes import VerifierKey, open_checkpoint
from annexa.pure.permits import ANNEXA
from annexa.records.ledger import LedgerCheckpoint
from annexa.records.organisation import Organisation
from annexa.records.people import Person
from annexa.vault import VaultError

MOST_NAMED = 10
"""How many people with something to hand over are named."""


def examine() -> tuple[Finding, ...]:
    """Everything, in the order in which one thing needs the one before. Never raises."""
    return tuple(finding for what, look in _LOOKS for finding in _safely(what, look))


def _safely(what: str, look: Callable[[], tuple[Finding, ...]]) -> tuple[Finding, ...]:
    try:
        return look()
    except (Error, LibraryError, VaultError, OSError) as error:
        mend = "Mend what the sentence names, then ask again."
        return (Finding(what=what, state="wrong", detail=str(error), mend=mend),)


def _home() -> Finding:
    return Finding(what="home", state="good", detail=str(settings.HOME))


def _database() -> Finding:
    missing = missing_migrations()
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


def _kept_libraries() -> Finding:
    """Reads every library that was ever in force: with a changed one the past would be judged otherwise."""
    taken = taken_up()
    wrong: list[str] = []
    gone: list[str] = []
    for version in dict.fromkeys(fact.version for fact in taken):
        try:
            files_of(version)
        except LibraryUnreadableError as error:
            (wrong if version == taken[0].version else gone).append(str(error))
        except VaultError as error:
            wrong.append(f"A file of the library {version[:12]}: {error}")
    if wrong or gone:
        mend = "Restore the folder store/blobs from a backup; until then dates under that library are not judged."
        return Finding(
            what="libraries kept", state="wrong" if wrong else "note", detail=" ".join(wrong + gone), mend=mend
        )
    return Finding(what="libraries kept", state="good", detail=f"{len(taken)} were in force and can be read")


def _waits() -> str:
    """The version in force where the shipped library waits to be taken up; "" where it is in force, or nothing is."""
    with suppress(Error):  # the database has a finding of its own
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


def _handed_over() -> tuple[Finding, ...]:
    """Those who may not sign in any more and still answer for things: nobody does what they were to do."""
    left = left_behind(actor=ANNEXA, now=datetime.now(UTC))
    if not left:
        return (Finding(what="hand-over", state="good", detail="Nobody who left still answers for anything."),)
    mend = "annexa people leave EMAIL --to EMAIL --because REASON hands everything over."
    return tuple(
        Finding(
            what="hand-over",
            state="note",
            detail=f"{one.person.email} may not sign in any more and still holds {one.total} things",
            mend=mend,
        )
        for one in left[:MOST_NAMED]
    )


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


def _ledger() -> tuple[Finding, ...]:
    """Everything that `annexa ledger verify` looks at, each thing with what is wrong first."""
    return tuple(_finding(check) for check in check_everything(progress=lambda _done, _total: None))


def _finding(check: Check) -> Finding:
    if not check.findings:
        return Finding(what=check.name, state="good", detail=check.what)
    first, more = check.findings[0], len(check.findings) - 1
    rest = f", and {more:,} more, which annexa ledger verify names" if more else ""
    state: Literal["note", "wrong"] = "note" if check.holds else "wrong"
    return Finding(what=check.name, state=state, detail=f"{first}{rest}", mend=check.mend)


def _evidence() -> Finding:
    """Reads every byte of evidence and compares it with its digest."""
    digests = sorted(named_files())
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


def _one(look: Callable[[], Finding]) -> Callable[[], tuple[Finding, ...]]:
    return lambda: (look(),)


_LOOKS: tuple[tuple[str, Callable[[], tuple[Finding, ...]]], ...] = (
    ("home", _one(_home)),
    ("database", _one(_database)),
    ("library", _one(_library)),
    ("libraries kept", _one(_kept_libraries)),
    ("organisation", _one(_organisation)),
    ("hand-over", _handed_over),
    ("signing key", _one(_key)),
    ("ledger", _ledger),
    ("outbox", lambda: tuple(surroundings.waiting(datetime.now(UTC)))),
    ("processes", lambda: (surroundings.processes(datetime.now(UTC)),)),
    ("webhooks", lambda: (surroundings.undelivered(datetime.now(UTC)),)),
    ("mail", lambda: (surroundings.mail(datetime.now(UTC)),)),
    ("store", _one(surroundings.store)),
    ("evidence", _one(_evidence)),
    ("activity log", lambda: (activity_health.sealing(datetime.now(UTC)),)),
    ("segments", _one(activity_health.files)),
    ("engine", _one(activity_health.engine)),
    ("disk", _one(surroundings.disk)),
    ("permissions", _one(surroundings.permissions)),
    ("time", lambda: (surroundings.clock(datetime.now(UTC)),)),
    ("database settings", _one(surroundings.database_settings)),
    ("host names", surroundings.reach),
    ("figures", _one(surroundings.figures)),
    ("backup", lambda: (surroundings.backups(datetime.now(UTC)),)),
)
