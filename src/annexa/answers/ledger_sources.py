"""Where a ledger can be taken from that is to be replayed: a backup, or the home of an installation that is damaged.

Only the ledger's own tables are read, the vault, the keys and the name of the ledger. Whatever the tables of records
hold is not looked at.
"""

import io
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from io import SEEK_END
from pathlib import Path
from typing import Any, Final

from django.db import DatabaseError, connections, transaction

from annexa import __version__
from annexa.activity.journal_bytes import journals
from annexa.answers.backup import CHECKPOINT, ORIGIN, SECRET, About, Say, examine_backup, open_backup
from annexa.answers.backup_activity import LogAbout
from annexa.answers.errors import UnknownError
from annexa.answers.migrations import latest_migration
from annexa.pure.ledger import LedgerError
from annexa.pure.notes import Checkpoint
from annexa.records.ledger import EntryBody, LedgerCheckpoint, LedgerEntry, Outbox
from annexa.records.rows import RowsError, write_rows
from annexa.settings import SettingsProblemsError, other_database
from annexa.vault import VaultError
from annexa.vault.archive import Member
from annexa.vault.blobs import Blobs
from annexa.vault.keys import load_or_create_key
from annexa.vault.tiles import TileMissingError, TileStore

TABLES: Final[tuple[type[Any], ...]] = (LedgerEntry, EntryBody, LedgerCheckpoint, Outbox)
"""The ledger's own, with what waits for its place: all that is read of a database."""
NAMES: Final = frozenset(table._meta.label_lower for table in TABLES)
_ALIAS: Final = "source"


class SourceUnreadableError(VaultError):
    """The ledger that is to be replayed cannot be read where it was said to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A ledger to replay. `about`: what it is; `members`: its files, as a backup has them.

    `store`: the folder in which files of its segments are by their paths; None: they are among the members.
    """

    about: About
    name: str
    members: Callable[[Say], AbstractContextManager[Iterator[Member]]]
    store: Path | None = None


def from_backup(file: Path, passphrase: str | None, *, say: Say) -> Source:
    """The ledger in a backup, which is proven whole first.

    Raises ArchiveDamagedError, PassphraseError, UnknownError.
    """
    about = examine_backup(file, passphrase, say=say)
    return Source(
        about=about,
        name=f"the backup of {about.made_at}",
        members=lambda say: open_backup(file, passphrase, say("reading")),
    )


def from_home(home: Path, *, url: str, store: Path | None, now: datetime) -> Source:
    """The ledger of the installation in that folder. `url`: of its database, "" for the SQLite file in it; `store`: of
    its bytes, None for the folder in it. Nobody should be writing there. Raises UnknownError, SourceUnreadableError.
    """
    store = store or home / "store"
    with _database(home, url):
        about = _about(home, now)
    return Source(
        about=about, name=f"the home {home}", members=lambda say: _members(home, url, store, about, say), store=store
    )


@contextmanager
def _database(home: Path, url: str) -> Iterator[None]:
    """The database of the home, to be read as it is at one moment, and never to be written."""
    try:
        found = other_database(url, home)
    except SettingsProblemsError as error:
        raise UnknownError(
            " ".join(error.problems).replace("ANNEXA_DATABASE_URL", "The URL of the database")
        ) from error
    if "sqlite" in found["ENGINE"]:
        path = Path(found["NAME"])
        if not path.is_file():
            raise UnknownError(
                f"There is no database {path}. Name its URL with --database-url-file if it is elsewhere."
            )
        found |= {"NAME": _as_it_lies(path), "OPTIONS": {"timeout": 20, "init_command": "PRAGMA query_only=ON"}}
    connections.databases[_ALIAS] = connections.configure_settings({"default": found})["default"]
    try:
        with transaction.atomic(using=_ALIAS):
            if connections[_ALIAS].vendor == "postgresql":
                with connections[_ALIAS].cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    except (DatabaseError, RowsError) as error:
        raise SourceUnreadableError(
            f"The ledger in the database of {home} cannot be read: {error}. Take a backup, or a copy of the database "
            "in which the ledger is whole."
        ) from error
    finally:
        connections[_ALIAS].close()
        del connections[_ALIAS]
        del connections.databases[_ALIAS]


def _as_it_lies(path: Path) -> str:
    """The name under which SQLite reads a file and makes none beside it; unless a log of it, which must be read along,
    lies there already."""
    log = path.with_name(f"{path.name}-wal")
    how = "mode=rw" if log.is_file() and log.stat().st_size else "immutable=1"
    return f"{path.absolute().as_uri()}?{how}"


def _about(home: Path, now: datetime) -> About:
    """What there is, by its latest signed root. Its signature is checked later, with all others."""
    head = LedgerCheckpoint.objects.using(_ALIAS).order_by("-size").first()
    if head is None:
        raise UnknownError(f"The database of {home} has no ledger: no root was ever signed in it.")
    try:
        origin = Checkpoint.from_bytes(head.note.encode().partition(b"\n\n")[0] + b"\n").origin
    except LedgerError as error:
        raise SourceUnreadableError(
            f"The latest checkpoint in the database of {home} cannot be read: {error}"
        ) from error
    keys = any((home / "keys").glob("*.key"))
    return About(
        annexa=__version__, made_at=now.isoformat(), origin=origin,
        verifier_key=load_or_create_key(home / "keys", origin).verifier_key if keys else "",
        size=head.size, root=head.root, migration=latest_migration(),
        rows={table._meta.label_lower: table.objects.using(_ALIAS).count() for table in TABLES},
        blobs=0, keys=keys, missing=(), log=LogAbout(files=0, named=0, journals=0, bucket="", missing=()),
    )  # fmt: skip


@contextmanager
def _members(home: Path, url: str, store: Path, about: About, say: Say) -> Iterator[Iterator[Member]]:
    with _database(home, url):
        yield _files(home, store, about, say)


def _files(home: Path, store: Path, about: About, say: Say) -> Iterator[Member]:
    """In the order and under the names of a backup. Bytes that are missing or changed are left out."""
    with suppress(TileMissingError):
        yield _small(CHECKPOINT, TileStore(store / "ledger").read_checkpoint())
    yield from _rows(about.rows, say)
    yield _small(ORIGIN, about.origin.encode())
    if about.keys:
        for path in sorted((home / "keys").glob("*.key")):
            yield _small(f"keys/{path.name}", path.read_bytes())
    if about.keys and (home / SECRET).is_file():
        yield _small(SECRET, (home / SECRET).read_bytes())
    for path in journals(home / "activity" / "journal"):
        with path.open("rb") as stream:
            yield Member.of(f"activity/journal/{path.name}", os.fstat(stream.fileno()).st_size, stream)
    yield from _blobs(Blobs(store), say)


def _rows(counts: Mapping[str, int], say: Say) -> Iterator[Member]:
    progress, done = say("reading"), 0
    for table in TABLES:
        for number, (many, part) in enumerate(write_rows(table, using=_ALIAS), start=1):
            yield _small(f"tables/{table._meta.label_lower}/{number:06}.ndjson", part)
            done += many
            progress(done, sum(counts.values()))


def _blobs(blobs: Blobs, say: Say) -> Iterator[Member]:
    progress, digests = say("copying files"), sorted(blobs.digests())
    for done, digest in enumerate(digests, start=1):
        try:
            with blobs.open_checked(digest) as stream:
                size = stream.seek(0, SEEK_END)
                stream.seek(0)
                yield Member.of(f"store/blobs/{digest[:2]}/{digest[2:4]}/{digest}", size, stream)
        except VaultError:
            continue  # named at the end, among what the records say is there
        progress(done, len(digests))


def _small(name: str, data: bytes) -> Member:
    return Member.of(name, len(data), io.BytesIO(data))
