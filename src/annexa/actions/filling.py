"""Filling an empty home and an empty database from what was copied of another one: all of it, or nothing is left."""

import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Final, cast

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.migrations.executor import MigrationExecutor

from annexa.actions.errors import ConflictError
from annexa.actions.filling_activity import keep_journal, keep_segment, remove_log
from annexa.actions.sequencer import publish
from annexa.answers.backup import CHECKPOINT, ORIGIN, SECRET, About, kind_of
from annexa.answers.integrity import Check
from annexa.answers.migrations import latest_migration, step_by_step
from annexa.answers.store import blobs, named_files
from annexa.records.rows import RowsError, read_rows
from annexa.vault import durable
from annexa.vault.archive import ArchiveDamagedError, Member

UNFINISHED: Final = "restore-unfinished"
"""In the home, while a restore is under way: what a killed one leaves must not be served."""
_MAY_STAND: Final = frozenset({SECRET, "lost+found"})
_LARGEST_FILE: Final = 8**11


# --- before anything is touched


def refuse_what_does_not_fit(about: About) -> None:
    """Raises ConflictError with all that stands in the way of a copy, or that cannot be continued here."""
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


def fill(members: Iterator[Member], about: About, kept: list[bytes], *, only: Collection[str] | None = None) -> None:
    """Files and rows, in the order in which they come; then the tables get the form of this version.

    `kept` takes the checkpoint that was published. `only`: of these tables; None: of all. Raises ArchiveDamagedError.
    """
    wanted = {name: many for name, many in about.rows.items() if only is None or name in only}
    with ExitStack() as stack:
        if connection.vendor == "postgresql":
            stack.enter_context(transaction.atomic())
        tables, done = _tables_as_of(about.migration), dict.fromkeys(wanted, 0)
        with transaction.atomic():
            for member in members:
                kind, which = kind_of(member.name)
                if kind != "table":
                    _keep(kind, which, member, kept)
                elif only is None or which in only:
                    done[which] += _load(tables, which, member)
            if done != wanted:
                raise ArchiveDamagedError("it has other rows than it says")
            count_on(list(tables.values()))
        if about.migration != latest_migration():
            call_command("migrate", verbosity=0, interactive=False)
        publish()
        os.sync()  # every file at once; one by one they would take a hundred times as long


def _tables_as_of(migration: str) -> dict[str, type[models.Model]]:
    """Makes the tables as they were at a migration: a backup of an older version is loaded into its own, then brought
    on. Those of this version are made at once, which takes a fraction of the time."""
    if migration == latest_migration():
        call_command("migrate", verbosity=0, interactive=False)
        return {table._meta.label_lower: table for table in apps.get_app_config("records").get_models(True)}
    step_by_step().migrate([("records", migration)])
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
    elif kind == "segment":
        keep_segment(which, member)
    elif kind == "journal":
        keep_journal(which, member)
    elif kind == "key":
        (home / "keys").mkdir(mode=0o700, exist_ok=True)
        put(home / which, member.read())
    elif which == ORIGIN:
        if not settings.LEDGER_ORIGIN:
            put(home / ORIGIN, member.read())
    elif which == CHECKPOINT:
        kept.append(member.read())


def put(path: Path, data: bytes) -> None:
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


def count_on(tables: Sequence[type[models.Model]]) -> None:
    """Lets keys that a database counts go on after the highest that was restored."""
    connection.check_constraints()
    with connection.cursor() as cursor:
        for sql in connection.ops.sequence_reset_sql(no_style(), tables):
            cursor.execute(sql)


@contextmanager
def nothing_left_of_a_failure(*, keys: bool) -> Iterator[None]:
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
        remove_log()
        if keys:
            shutil.rmtree(home / "keys", ignore_errors=True)
        (home / ORIGIN).unlink(missing_ok=True)
        if before is not None:
            put(home / SECRET, before)
        if connection.vendor == "sqlite":
            for ending in ("", "-wal", "-shm"):
                Path(str(connection.settings_dict["NAME"]) + ending).unlink(missing_ok=True)
        mark.unlink()
        raise
    mark.unlink()
    durable.sync_folder(home)


# --- after


def evidence_check(missing: Sequence[str]) -> Check:
    """Whether the bytes are there that records name. `missing`: what was known to be missing from the copy."""
    store, named = blobs(), sorted(named_files())
    gone = [f"No bytes are stored under the SHA-256 {digest}." for digest in named if not store.has(digest)]
    lost = tuple(dict.fromkeys([*missing, *gone]))
    return Check(
        name="evidence", what=f"The bytes of {len(named):,} pieces of evidence are there, with their digests",
        outcome="fails" if lost else "holds", findings=lost, mend=_LOST if lost else "",
    )  # fmt: skip


_LOST = "They were missing or changed when the copy was made. Look for them in an older backup."
