"""Taking everything away in one file, and making an installation of such a file."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, cast

from django.conf import settings
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.migrations.executor import MigrationExecutor

from annexa.actions.door import door
from annexa.actions.errors import ConflictError, InvalidError, NotPermittedError
from annexa.actions.libraries import keep_library
from annexa.actions.sequencer import publish
from annexa.answers.backup import (
    CHECKPOINT,
    LAST,
    ORIGIN,
    SECRET,
    About,
    Say,
    examine_backup,
    kind_of,
    open_backup,
    write_backup,
)
from annexa.answers.integrity import Check, check_everything
from annexa.answers.migrations import missing_migrations, step_by_step
from annexa.answers.store import blobs, named_files, signer
from annexa.pure.permits import Actor, Refusal, may
from annexa.records.ledger import LedgerCheckpoint
from annexa.records.rows import RowsError, read_rows
from annexa.settings import make_home
from annexa.vault import durable
from annexa.vault.archive import ArchiveDamagedError, Member
from annexa.vault.sealing import Sealer

UNFINISHED: Final = "restore-unfinished"
"""In the home, while a restore is under way: what a killed one leaves must not be served."""
_MAY_STAND: Final = frozenset({SECRET, "lost+found"})
_LARGEST_FILE: Final = 8**11


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was restored, and everything that was verified afterwards."""

    about: About
    checks: tuple[Check, ...]
    position: int | None
    """Of the ledger entry that tells of it; None where something did not hold, and nothing more was written."""


def back_up(
    *, actor: Actor, file: Path, passphrase: str | None, with_keys: bool | None, now: datetime, say: Say
) -> About:
    """Writes everything into one file: rows of one moment, and all bytes they name. Others may go on working.

    Without a passphrase whoever holds the file can read it; then `with_keys` must say whether the keys are in it. The
    file is there whole or not at all, and replaces nothing. Raises InvalidError, ConflictError, NotPermittedError,
    FileExistsError.
    """
    permit = may(actor, "back_up")
    if isinstance(permit, Refusal):
        raise NotPermittedError(permit.because)
    if passphrase is None and with_keys is None:
        raise InvalidError({"keys": [_CHOOSE]})
    if missing_migrations():
        raise ConflictError(
            "The database has not the form of this version of Annexa. Back up with the version that made it, or start "
            "annexa serve first, which brings it up to date."
        )
    keep_library()
    with durable.new_file(file) as out:
        if passphrase is None:
            about = write_backup(out, with_keys=bool(with_keys), now=now, say=say)
        else:
            sealer = Sealer(out, passphrase)
            about = write_backup(sealer, with_keys=with_keys is not False, now=now, say=say)
            sealer.close()
    said = {"at": now.isoformat(), "ledger_size": about.size, "complete": not about.missing}
    _put(settings.HOME / LAST, json.dumps(said).encode() + b"\n")
    return about


_CHOOSE = (
    "The file would not be encrypted, so say what is to become of the keys. Best encrypt it: "
    "--encrypt-to-passphrase-file FILE. Or leave the keys out and keep the folder keys elsewhere: --without-keys. Or "
    "take them along, and guard the file as you guard the keys: --with-keys."
)


def restore(*, actor: Actor, file: Path, passphrase: str | None, now: datetime, say: Say) -> Restored:
    """Makes an installation of a backup, in an empty home and database only, and verifies all of it.

    The whole file is proven before anything is touched; a failure after that leaves the home as it was.
    Ledger: restore, unless something does not hold. Raises ConflictError, NotPermittedError, ArchiveDamagedError,
    PassphraseError, UnknownError.
    """
    permit = may(actor, "restore")
    if isinstance(permit, Refusal):
        raise NotPermittedError(permit.because)
    about = examine_backup(file, passphrase, say=say)
    make_home()
    _refuse_what_does_not_fit(about)
    kept: list[bytes] = []
    with _nothing_left_of_a_failure(keys=about.keys), open_backup(file, passphrase, say("restoring")) as members:
        _fill(members, about, kept)
    checks = (*check_everything(progress=say("verifying"), kept=kept[0] if kept else None), *_same(about))
    position = None
    if all(check.holds for check in checks):
        with door(actor=actor, verb="restore", now=now, because=f"Backup of {about.made_at}") as opened:
            state = {"made_at": about.made_at, "size": about.size, "root": about.root, "annexa": about.annexa}
            opened.note(state, kind="restore", subject="restore")
        position = publish() - 1
    return Restored(about=about, checks=checks, position=position)


# --- before anything is touched


def _refuse_what_does_not_fit(about: About) -> None:
    problems = [*_in_the_way(about), *_strange(about)]
    if problems:
        raise ConflictError(" ".join(problems))


def _in_the_way(about: About) -> Iterator[str]:
    """What a restore would overwrite or mix with."""
    home: Path = settings.HOME
    allowed = set(_MAY_STAND) | ({"keys"} if not about.keys else set()) | _database_files()
    found = sorted(path.name for path in home.iterdir() if path.name not in allowed and not _empty(path))
    if found:
        yield f"{home} is not empty: {', '.join(found[:5])}. Restore into an empty home; name one with ANNEXA_HOME."
    store: Path = settings.STORE
    if store != home / "store" and store.exists() and not _empty(store):
        yield f"{store} is not empty. Restore into an empty folder; name one with ANNEXA_STORE_URL."
    if tables := connection.introspection.table_names():
        yield (
            f"The database {connection.settings_dict['NAME']} has {len(tables)} tables. Restore into an empty one; "
            "name it with ANNEXA_DATABASE_URL."
        )


def _empty(path: Path) -> bool:
    return path.is_dir() and all(one.name == "lost+found" for one in path.iterdir())


def _database_files() -> set[str]:
    """Of an SQLite database in the home: looking whether it has tables has made the file."""
    name = Path(str(connection.settings_dict["NAME"])).name
    return {name + ending for ending in ("", "-wal", "-shm")} if connection.vendor == "sqlite" else set()


def _strange(about: About) -> Iterator[str]:
    """What this version of Annexa, or these settings, cannot continue."""
    if ("records", about.migration) not in MigrationExecutor(connection).loader.disk_migrations:
        yield (
            f"The backup was made by a later version of Annexa, {about.annexa}; restore it with that one or a later "
            "one."
        )
    if settings.LEDGER_ORIGIN and about.origin != settings.LEDGER_ORIGIN:
        yield (
            f"The ledger of the backup is {about.origin}, and ANNEXA_LEDGER_ORIGIN says {settings.LEDGER_ORIGIN}. Set "
            "it to the former, or leave it out."
        )
    if not about.keys and not any((settings.HOME / "keys").glob("*.key")):
        yield (
            f"The backup holds no keys. Put the folder keys of that installation into {settings.HOME} first; its key "
            f"is {about.verifier_key}."
        )


# --- filling an empty home


def _fill(members: Iterator[Member], about: About, kept: list[bytes]) -> None:
    """Files and rows, in the order in which they come; then the tables get the form of this version."""
    with ExitStack() as stack:
        if connection.vendor == "postgresql":
            stack.enter_context(transaction.atomic())
        step_by_step().migrate([("records", about.migration)])
        tables, done = _tables_of(about.migration), dict.fromkeys(about.rows, 0)
        with transaction.atomic():
            for member in members:
                kind, which = kind_of(member.name)
                if kind == "table":
                    done[which] += _load(tables, which, member)
                else:
                    _keep(kind, which, member, kept)
            if done != dict(about.rows):
                raise ArchiveDamagedError("it has other rows than it says")
            _count_on(list(tables.values()))
        call_command("migrate", verbosity=0, interactive=False)
        publish()
        os.sync()  # every file at once; one by one they would take a hundred times as long


def _tables_of(migration: str) -> dict[str, type[models.Model]]:
    """The tables as they were at a migration: a backup of an older version is loaded into its own, then brought on."""
    state = step_by_step().loader.project_state([("records", migration)])
    return {model._meta.label_lower: model for model in state.apps.get_models() if model._meta.app_label == "records"}


def _load(tables: dict[str, type[models.Model]], which: str, member: Member) -> int:
    table = tables.get(which)
    if table is None:
        raise ArchiveDamagedError(f"{member.name}: there is no such table")
    try:
        found = read_rows(table, member.read())
    except RowsError as error:
        raise ArchiveDamagedError(f"{member.name}: {error}") from error
    table._base_manager.bulk_create(found, batch_size=500)
    return len(found)


def _keep(kind: str, which: str, member: Member, kept: list[bytes]) -> None:
    home: Path = settings.HOME
    if kind == "blob":
        found = blobs().put(cast(BinaryIO, _Stream(member)), limit_bytes=_LARGEST_FILE, synced=False)
        if found.sha256 != which:
            raise ArchiveDamagedError(f"{member.name}: its bytes have another SHA-256 than its name")
    elif kind == "key":
        (home / "keys").mkdir(mode=0o700, exist_ok=True)
        _put(home / which, member.read())
    elif which == ORIGIN:
        if not settings.LEDGER_ORIGIN:
            _put(home / ORIGIN, member.read())
    elif which == CHECKPOINT:
        kept.append(member.read())


def _put(path: Path, data: bytes) -> None:
    """A small file of the home, readable by its owner only."""
    path.unlink(missing_ok=True)
    with durable.new_file(path) as stream:
        stream.write(data)


class _Stream:
    """A member as the vault takes streams."""

    def __init__(self, member: Member) -> None:
        self._member = member

    def read(self, size: int) -> bytes:
        """At most so many bytes."""
        return self._member.read(size)

    def seekable(self) -> bool:
        """It only goes forward."""
        return False


def _count_on(tables: list[type[models.Model]]) -> None:
    """Lets keys that a database counts go on after the highest that was restored."""
    connection.check_constraints()
    with connection.cursor() as cursor:
        for sql in connection.ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(sql)


@contextmanager
def _nothing_left_of_a_failure(*, keys: bool) -> Iterator[None]:
    """Marks the home as unfinished while it lasts; after a failure takes away all that was made."""
    home: Path = settings.HOME
    mark = home / UNFINISHED
    mark.touch()
    before = (home / SECRET).read_bytes() if (home / SECRET).exists() else None
    try:
        yield
    except BaseException:
        connection.close()
        for folder in (settings.STORE / "blobs", settings.STORE / "ledger"):
            shutil.rmtree(folder, ignore_errors=True)
        if keys:
            shutil.rmtree(home / "keys", ignore_errors=True)
        (home / ORIGIN).unlink(missing_ok=True)
        if before is not None:
            _put(home / SECRET, before)
        if connection.vendor == "sqlite":
            for ending in ("", "-wal", "-shm"):
                Path(str(connection.settings_dict["NAME"]) + ending).unlink(missing_ok=True)
        mark.unlink()
        raise
    mark.unlink()
    durable.sync_folder(home)


# --- after


def _same(about: About) -> Iterator[Check]:
    """Whether what is there now is what the backup was made of."""
    head = LedgerCheckpoint.objects.order_by("-size").first()
    found = (head.size, head.root) if head else (0, "")
    wrong = [] if found == (about.size, about.root) else [f"it ends at {found[0]:,}, {found[1]}"]
    what = f"The ledger ends where it did when the backup was made, at {about.size:,}"
    yield Check(name="head", what=what, outcome="fails" if wrong else "holds", findings=tuple(wrong))
    key = signer().verifier_key
    wrong = [] if key == about.verifier_key else [f"{key} is here, and {about.verifier_key} was there"]
    yield Check(name="key", what="The key is the one that signed it", outcome="fails" if wrong else "holds",
                findings=tuple(wrong))  # fmt: skip
    store, named = blobs(), sorted(named_files())
    gone = [f"No bytes are stored under the SHA-256 {digest}." for digest in named if not store.has(digest)]
    lost = tuple(dict.fromkeys([*about.missing, *gone]))
    yield Check(
        name="evidence", what=f"The bytes of {len(named):,} pieces of evidence are there, with their digests",
        outcome="fails" if lost else "holds", findings=lost, mend=_LOST if lost else "",
    )  # fmt: skip


_LOST = "They were missing or changed when the backup was made. Look for them in an older one."


def require_finished() -> None:
    """Raises ConflictError where a restore was killed: half an installation is none."""
    if (settings.HOME / UNFINISHED).exists():
        raise ConflictError(
            f"A restore into {settings.HOME} did not come to its end. Empty that folder (and the database, if it is "
            "elsewhere) and restore again."
        )


def read_passphrase(file: Path) -> str:
    """The first line of a file."""
    with file.open(encoding="utf-8") as stream:
        return stream.readline(os.sysconf("SC_PAGESIZE")).rstrip("\r\n")
