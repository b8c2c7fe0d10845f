"""Taking everything away in one file, and making an installation of such a file."""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from annexa.actions.door import door
from annexa.actions.errors import ConflictError, InvalidError, NotPermittedError
from annexa.actions.filling import (
    UNFINISHED,
    evidence_check,
    fill,
    nothing_left_of_a_failure,
    put,
    refuse_what_does_not_fit,
)
from annexa.actions.filling_activity import log_check, place_segments
from annexa.actions.libraries import keep_library
from annexa.actions.sequencer import publish
from annexa.answers.backup import LAST, About, Say, examine_backup, open_backup, write_backup
from annexa.answers.integrity import Check, check_everything
from annexa.answers.migrations import missing_migrations
from annexa.answers.store import signer
from annexa.pure.permits import Actor, Refusal, may
from annexa.records.ledger import LedgerCheckpoint
from annexa.records.rows import RowsError
from annexa.records.snapshot import LedgerUnreadableError
from annexa.settings import make_home
from annexa.vault import durable
from annexa.vault.sealing import Sealer


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was restored, and everything that was verified afterwards."""

    about: About
    checks: tuple[Check, ...]
    position: int | None
    """Of the ledger entry that tells of it; None where something did not hold, and nothing more was written."""


def back_up(
    *, actor: Actor, file: Path, passphrase: str | None, with_keys: bool | None, with_activity: bool = True,
    now: datetime, say: Say,
) -> About:  # fmt: skip
    """Writes everything into one file: rows of one moment, and all bytes they name. Others may go on working.

    `with_activity`: the activity log too, which may be much larger than all else.
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
    with suppress(LedgerUnreadableError):  # the backup names it
        keep_library()
    try:
        about = _written(file, passphrase, with_keys=with_keys, with_activity=with_activity, now=now, say=say)
    except RowsError as error:
        raise ConflictError(
            f"{error}. Somebody changed the database past Annexa, or its disk is damaged. No backup was written: "
            "annexa ledger verify says what else does not hold, and an older backup has the row as it was."
        ) from error
    said = {"at": now.isoformat(), "ledger_size": about.size, "complete": not about.all_missing,
            "activity": with_activity}  # fmt: skip
    put(settings.HOME / LAST, json.dumps(said).encode() + b"\n")
    return about


def _written(
    file: Path, passphrase: str | None, *, with_keys: bool | None, with_activity: bool, now: datetime, say: Say
) -> About:
    with durable.new_file(file) as out:
        if passphrase is None:
            return write_backup(out, with_keys=bool(with_keys), with_activity=with_activity, now=now, say=say)
        sealer = Sealer(out, passphrase)
        keys = with_keys is not False
        about = write_backup(sealer, with_keys=keys, with_activity=with_activity, now=now, say=say)
        sealer.close()
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
    refuse_what_does_not_fit(about)
    kept: list[bytes] = []
    with nothing_left_of_a_failure(keys=about.keys), open_backup(file, passphrase, say("restoring")) as members:
        fill(members, about, kept)
        problems = place_segments(progress=say("activity log"))
    checks = (*check_everything(progress=say("verifying"), kept=kept[0] if kept else None), *_same(about, problems))
    position = None
    if all(check.holds for check in checks):
        with door(actor=actor, verb="restore", now=now, because=f"Backup of {about.made_at}") as opened:
            state = {"made_at": about.made_at, "size": about.size, "root": about.root, "annexa": about.annexa}
            opened.note(state, kind="restore", subject="restore")
        position = publish() - 1
    return Restored(about=about, checks=checks, position=position)


# --- after


def _same(about: About, problems: tuple[str, ...]) -> Iterator[Check]:
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
    yield evidence_check(about.missing)
    yield log_check(about, problems)


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
