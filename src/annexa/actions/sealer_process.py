"""The process that seals, started beside a server or worker once there is something to seal, and only then.

It has Arrow in its memory, which the server does not need for its pages; and its own interpreter, so that sealing takes
no time from requests. It ends with whoever started it.
"""

import logging
import os
import time
from pathlib import Path
from typing import Final

from annexa.actions.beside import Beside
from annexa.answers.activity_store import journal_folder
from annexa.vault.locks import held

LOOK_SECONDS: Final = 1.0
AGAIN_SECONDS: Final = 5.0
"""After one that failed, the next is started so much later at the earliest: starting costs more than looking."""
LOCK: Final = ".sealer"
log = logging.getLogger("annexa.sealing")
Seen = frozenset[tuple[str, int]]


class SealerProcess:
    """Whoever seals for this process, if anybody has to."""

    def __init__(self) -> None:
        """Nobody does yet."""
        self._sealer = Beside("logs", "seal", "--parent", str(os.getpid()), does="seals", log=log, quiet=False)
        self._left: Seen = frozenset()
        self._failed_at = -AGAIN_SECONDS

    def look(self) -> None:
        """Starts a sealer if something came since the last one ended, and nobody else seals. Raises OSError."""
        if self._sealer.runs:
            return
        code, folder = self._sealer.ended(), journal_folder()
        if code:
            self._failed_at = time.monotonic()
        elif code == 0:
            self._left = _seen(folder)
        if time.monotonic() - self._failed_at < AGAIN_SECONDS:
            return
        if _seen(folder) - self._left and not _locked(folder):
            self._sealer.start()

    def end(self) -> None:
        """Asks it to end, and waits until it did."""
        self._sealer.end()


def _seen(folder: Path) -> Seen:
    """The journals there are, with their sizes."""
    try:
        return frozenset((one.name, one.stat().st_size) for one in folder.glob("[0-9]*.journal"))
    except FileNotFoundError:
        return frozenset()


def _locked(folder: Path) -> bool:
    """Whether somebody seals there now."""
    with held(folder / LOCK) as mine:
        return not mine
