"""What has to go from the activity log goes in a process of its own: once an hour, and when an erasure is asked for.

Started beside a server or worker, and only then; it reads and writes files of the log, which pages need not wait for.
"""

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils import timezone

from annexa.actions.beside import Beside
from annexa.actions.errors import ConflictError
from annexa.records.activity import SealedTo, Segment
from annexa.records.retention import ActivityErasure, Leaving
from annexa.vault.locks import held

EVERY_SECONDS: Final = 3600.0
AGAIN_SECONDS: Final = 60.0
"""After so long it is tried again to remove what could not be, such as while a backup was under way."""
SEALED_WITHIN_SECONDS: Final = 120.0
"""For how long it is waited until another process has sealed what is to be erased."""
log = logging.getLogger("annexa.retaining")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """What one round did: erasures carried out and events erased, events expired, files that the store keeps."""

    erasures: int = 0
    erased: int = 0
    expired: int = 0
    kept: int = 0


def retain(*, clock: Callable[[], datetime] = timezone.now) -> Retained:
    """Erases what was asked for, removes whose time is over and every file that is to go.

    What waits in journals is sealed before something is erased. Ledger: activity_segment, activity_file,
    activity_erasure_step. Raises ConflictError while another process does it, ActivityError, VaultError.
    """
    from annexa.actions.retaining import erase, expire, forget_copies, open_erasures, remove_leaving
    from annexa.answers.activity_store import objects

    with _alone():
        store = objects()
        erased, erasures = 0, open_erasures()
        if erasures:
            _seal_first(clock)
        for one in erasures:
            erased += int(erase(erasure=one, store=store, now=clock()).counts["events"])
        expired = expire(store=store, now=clock())
        kept = remove_leaving(store=store, now=clock())
        forget_copies()
        return Retained(erasures=len(erasures), erased=erased, expired=expired, kept=kept)


def _seal_first(clock: Callable[[], datetime]) -> None:
    """Has what waits in journals sealed, here or by the process that seals. Raises ConflictError if it takes long."""
    from annexa.actions.sealing import seal_everything
    from annexa.activity.journal import journals
    from annexa.answers.activity_store import journal_folder

    with suppress(ConflictError):
        seal_everything(clock=clock)
        return
    waiting = {path.name: path.stat().st_size for path in journals(journal_folder()) if path.exists()}
    begun = time.monotonic()
    while time.monotonic() - begun < SEALED_WITHIN_SECONDS:
        sealed = dict(SealedTo.objects.values_list("journal", "position"))
        left = {path.name for path in journals(journal_folder())} & waiting.keys()
        if all(sealed.get(name, 0) >= waiting[name] for name in left):
            return
        time.sleep(0.5)
    raise ConflictError("What arrived is not sealed yet; annexa doctor says why. Erasures wait for it.")


class RetentionProcess:
    """Whoever does it for this process, if anybody has to."""

    def __init__(self) -> None:
        """Nobody does yet."""
        self._round = Beside("logs", "retain", does="erases and expires", log=log, fine=(0, 3))
        self._begun: float | None = None

    def look(self) -> None:
        """Starts a round if an hour is over, an erasure waits or files were left, and the last round has ended.

        Raises OSError.
        """
        if self._round.runs:
            return
        self._round.ended()
        since = math.inf if self._begun is None else time.monotonic() - self._begun
        left = since >= AGAIN_SECONDS and Leaving.objects.filter(kept="", since__lte=timezone.now()).exists()
        if (since >= EVERY_SECONDS and _anything()) or left or erasure_waits():
            self._begun = time.monotonic()
            self._round.start()

    def end(self) -> None:
        """Asks it to end, and waits until it did; the next one goes on where it was."""
        self._round.end()


def _anything() -> bool:
    return Segment.objects.exists() or Leaving.objects.exists()


def erasure_waits() -> bool:
    """Whether an erasure is to be carried out."""
    rows = ActivityErasure.objects.exclude(steps__step__in=("done", "refused"))
    return rows.filter(second=False).exists() or rows.filter(steps__step="approved").exists()


@contextmanager
def _alone() -> Iterator[None]:
    """Holds the lock of who erases and expires. Raises ConflictError while another process of this home has it."""
    with held(settings.HOME / "activity" / ".retaining") as mine:
        if not mine:
            raise ConflictError("Another process erases and expires already; it takes this along.")
        yield
