"""Everything an installation holds, as one archive: rows of one moment, then the bytes they name.

    ledger/checkpoint                as published when the backup began; the restored ledger must go on where it stands
    tables/TABLE/000001.ndjson       rows, see records.rows; sessions are left out
    store/blobs/ab/cd/SHA256         evidence and libraries, as in the home
    activity/…                       the activity log, see answers/backup_activity.py; only if asked for
    ledger-origin, keys/…, secret.key  name and keys, the last two only if asked for
    backup.json                      what it is: version, instant, head of the ledger, counts, what was missing

Tiles are left out: they follow from the entries. Changes go on meanwhile: bytes are on the disk before the row that
names them and are never changed, so bytes taken after the rows hold everything the rows name.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from io import SEEK_END
from pathlib import Path
from typing import Any, BinaryIO, Final

from django.conf import settings

from annexa import __version__
from annexa.answers.backup_activity import JOURNAL_MEMBER, SEGMENT_MEMBER, LogAbout, LogCopy
from annexa.answers.errors import UnknownError
from annexa.answers.libraries import files_of, taken_up
from annexa.answers.migrations import latest_migration
from annexa.answers.store import blobs, named_files, origin, signer, tiles
from annexa.records.ledger import LedgerCheckpoint
from annexa.records.moment import one_moment
from annexa.records.rows import copied_tables, write_rows
from annexa.records.snapshot import LedgerUnreadableError
from annexa.vault import VaultError
from annexa.vault.archive import ArchiveDamagedError, ArchiveWriter, Member, read_archive
from annexa.vault.sealing import LINE, Opener, PassphraseError, SealBrokenError, Sink
from annexa.vault.tiles import TileMissingError

FORMAT: Final = 1
ABOUT: Final = "backup.json"
CHECKPOINT: Final = "ledger/checkpoint"
ORIGIN: Final = "ledger-origin"
SECRET: Final = "secret.key"  # noqa: S105  the name of a file
LAST: Final = "last-backup.json"
"""In the home: when the last backup was made, and of how much."""
_LARGEST_ABOUT: Final = 64 << 20
_NAMES: Final = re.compile(
    r"tables/(?P<table>records\.[a-z]+)/[0-9]{6}\.ndjson|store/blobs/[0-9a-f]{2}/[0-9a-f]{2}/(?P<blob>[0-9a-f]{64})"
    rf"|(?P<key>keys/[A-Za-z0-9%~._-]+|{SECRET})|{ORIGIN}|{CHECKPOINT}|{ABOUT}"
    rf"|{JOURNAL_MEMBER}|{SEGMENT_MEMBER}"
)
"""Every name a backup may hold; the part that is named says what it is."""

Progress = Callable[[int, int], None]
Say = Callable[[str], Progress]


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a backup says of itself. `log`: None where the activity log was left out."""

    annexa: str
    made_at: str
    origin: str
    verifier_key: str
    size: int
    root: str
    migration: str
    rows: Mapping[str, int]
    blobs: int
    keys: bool
    missing: tuple[str, ...]
    log: LogAbout | None = None

    @property
    def told(self) -> str:
        """In a few words."""
        log = self.log.told if self.log else "without the activity log"
        return (
            f"{sum(self.rows.values()):,} rows, {self.blobs:,} files, {self.size:,} ledger entries of {self.origin}, "
            f"{log}"
        )

    @property
    def all_missing(self) -> tuple[str, ...]:
        """What was missing when the backup was made, of the activity log too."""
        return self.missing + (self.log.missing if self.log else ())


def write_backup(out: Sink, *, with_keys: bool, with_activity: bool, now: datetime, say: Say) -> About:
    """Writes the archive of everything, as it is at one moment while it lasts, and says what it holds.

    Bytes that are missing or changed are left out and named, and an entry of the ledger that cannot be read is named
    too: a backup of the rest is worth more than none.
    """
    archive = ArchiveWriter(out)
    _checkpoint(archive)
    with ExitStack() as stack:
        log = LogCopy(stack) if with_activity else None
        with one_moment():
            head = log.begun(_head) if log else _head()
            rows = _tables(archive, say("records"))
            named = named_files()
            libraries, unread = _versions()
            if log:
                log.locate()
        log_about = log.write(archive, now=now, progress=say("activity log")) if log else None
    held, missing = _blobs(archive, named, say("files"))
    missing += [*_libraries(libraries), *unread]
    archive.add(ORIGIN, origin().encode())
    if with_keys:
        _keys(archive)
    about = About(
        annexa=__version__,
        made_at=now.isoformat(),
        origin=origin(),
        verifier_key=signer().verifier_key,
        size=head.size if head else 0,
        root=head.root if head else "",
        migration=latest_migration(),
        rows=rows,
        blobs=held,
        keys=with_keys,
        missing=tuple(missing),
        log=log_about,
    )
    archive.add(ABOUT, _written(about))
    archive.close()
    return about


def _head() -> LedgerCheckpoint | None:
    return LedgerCheckpoint.objects.order_by("-size").first()


def _checkpoint(archive: ArchiveWriter) -> None:
    try:
        archive.add(CHECKPOINT, tiles().read_checkpoint())
    except TileMissingError:
        return


def _tables(archive: ArchiveWriter, progress: Progress) -> dict[str, int]:
    tables = copied_tables()
    total = sum(table._base_manager.count() for table in tables)
    rows: dict[str, int] = {}
    for table in tables:
        name = table._meta.label_lower
        rows[name] = 0
        for number, (many, part) in enumerate(write_rows(table), start=1):
            archive.add(f"tables/{name}/{number:06}.ndjson", part)
            rows[name] += many
            progress(sum(rows.values()), total)
    return rows


def _blobs(archive: ArchiveWriter, named: set[str], progress: Progress) -> tuple[int, list[str]]:
    """Every file of the vault that has its digest; and a sentence for each one that has not, or is not there."""
    store, held, problems = blobs(), 0, []
    digests = sorted({*store.digests(), *named})
    for done, digest in enumerate(digests, start=1):
        try:
            with store.open_checked(digest) as stream:
                size = stream.seek(0, SEEK_END)
                stream.seek(0)
                archive.add_stream(f"store/blobs/{digest[:2]}/{digest[2:4]}/{digest}", size, stream)
                held += 1
        except VaultError as error:
            problems.append(str(error))
        progress(done, len(digests))
    return held, problems


def _versions() -> tuple[list[str], list[str]]:
    """Every library that was taken up; none and a sentence where the ledger cannot be read."""
    try:
        return list(dict.fromkeys(fact.version for fact in taken_up())), []
    except LedgerUnreadableError as error:
        return [], [str(error)]


def _libraries(versions: list[str]) -> list[str]:
    problems = []
    for version in versions:
        try:
            files_of(version)
        except VaultError as error:
            problems.append(str(error))
    return problems


def _keys(archive: ArchiveWriter) -> None:
    signer()
    for path in sorted((settings.HOME / "keys").glob("*.key")):
        archive.add(f"keys/{path.name}", path.read_bytes())
    secret = settings.HOME / SECRET
    if secret.is_file():
        archive.add(SECRET, secret.read_bytes())


def _written(about: About) -> bytes:
    said = {
        "format": FORMAT, "annexa": about.annexa, "made_at": about.made_at,
        "ledger": {
            "origin": about.origin, "verifier_key": about.verifier_key, "size": about.size, "root": about.root,
        },
        "migration": about.migration, "rows": dict(about.rows), "blobs": about.blobs, "keys": about.keys,
        "missing": list(about.missing), "activity": about.log.written() if about.log else None,
    }  # fmt: skip
    return json.dumps(said, indent=1, ensure_ascii=False).encode() + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class LastBackup:
    """When a backup was made here last, whether everything that belongs into it was, and the activity log too."""

    at: datetime
    ledger_size: int
    complete: bool
    activity: bool


def last_backup() -> LastBackup | None:
    """The last one made with this home; None if none was, or nobody can tell."""
    try:
        said = json.loads((settings.HOME / LAST).read_text(encoding="utf-8"))
        at = datetime.fromisoformat(said["at"])
        return LastBackup(at=at, ledger_size=int(said["ledger_size"]), complete=bool(said["complete"]),
                          activity=bool(said.get("activity")))  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError):
        return None


# --- reading one


@contextmanager
def open_backup(file: Path, passphrase: str | None, progress: Progress) -> Iterator[Iterator[Member]]:
    """The members of a backup, decrypted if it is encrypted; what was read is proven at their end.

    `progress`: hears how many bytes of the file were read. Raises PassphraseError, ArchiveDamagedError, OSError.
    """
    with file.open("rb") as opened:
        begun, stream = opened.read(len(LINE)), _Heard(opened, file.stat().st_size, progress)
        try:
            if begun == LINE:
                if passphrase is None:
                    raise PassphraseError(f"{file.name} is encrypted; name the file with its passphrase.")
                yield read_archive(Opener(stream, passphrase))
            elif passphrase is not None:
                raise PassphraseError(
                    f"{file.name} is not encrypted, though a passphrase was given: it is not the file you mean, "
                    "or somebody replaced it."
                )
            else:
                opened.seek(0)
                yield read_archive(stream)
        except (ArchiveDamagedError, SealBrokenError) as error:
            raise ArchiveDamagedError(f"{file.name} is no backup, or was damaged: {error}. Take another one.") from None


class _Heard:
    """A file that says how far it was read."""

    def __init__(self, file: BinaryIO, size: int, progress: Progress) -> None:
        self._file, self._size, self._progress = file, size, progress

    def read(self, size: int, /) -> bytes:
        """At most so many bytes."""
        if data := self._file.read(size):
            self._progress(self._file.tell(), self._size)
        return data


def kind_of(name: str) -> tuple[str, str]:
    """What a member is, "table", "blob", "key", "segment", "journal" or "", and which.

    Raises ArchiveDamagedError for anything else.
    """
    found = _NAMES.fullmatch(name)
    if found is None:
        raise ArchiveDamagedError(f"{name!r} is nothing that a backup holds")
    return found.lastgroup or "", found[found.lastgroup] if found.lastgroup else name


def examine_backup(file: Path, passphrase: str | None, *, say: Say) -> About:
    """Reads a backup from end to end and proves that it is as it was written; changes nothing.

    Raises PassphraseError, ArchiveDamagedError.
    """
    about, held = None, Counter[str]()
    with open_backup(file, passphrase, say("checking")) as members:
        for member in members:
            kind, which = kind_of(member.name)
            if member.name == ABOUT:
                about = _read_about(member)
            while member.read(1 << 20):
                pass
            held[kind] += 1
            if kind in ("blob", "segment") and member.sha256 != which:
                raise ArchiveDamagedError(f"{member.name}: its bytes have another SHA-256 than its name")
        if about is None or not _counted(about, held):
            raise ArchiveDamagedError(f"{ABOUT} is missing, or counts other files than there are")
    return about


def _counted(about: About, held: Counter[str]) -> bool:
    log = (about.log.files, about.log.journals) if about.log else (0, 0)
    return (held["blob"], held["segment"], held["journal"]) == (about.blobs, *log)


def _read_about(member: Member) -> About:
    try:
        said: dict[str, Any] = json.loads(member.read()) if member.size < _LARGEST_ABOUT else {}
        if said.get("format") != FORMAT:
            raise UnknownError(
                f"The backup has the format {said.get('format')}, and this version of Annexa reads {FORMAT}: restore "
                f"it with the version that made it, Annexa {said.get('annexa')}."
            )
        ledger = said["ledger"]
        return About(
            annexa=str(said["annexa"]), made_at=str(said["made_at"]), origin=str(ledger["origin"]),
            verifier_key=str(ledger["verifier_key"]), size=int(ledger["size"]), root=str(ledger["root"]),
            migration=str(said["migration"]), rows={str(k): int(v) for k, v in said["rows"].items()},
            blobs=int(said["blobs"]), keys=bool(said["keys"]), missing=tuple(map(str, said["missing"])),
            log=LogAbout.read(said["activity"]) if said.get("activity") else None,
        )  # fmt: skip
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ArchiveDamagedError(f"{ABOUT} cannot be read") from error
