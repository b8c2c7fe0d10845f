"""The process that seals, started beside a server or worker once there is something to seal, and only then.

It has Arrow in its memory, which the server does not need for its pages; and its own interpreter, so that sealing takes
no time from requests. It ends with whoever started it.
"""

import fcntl
import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from annexa.answers.activity_store import journal_folder

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
        self._child: subprocess.Popen[bytes] | None = None
        self._left: Seen = frozenset()
        self._failed_at = -AGAIN_SECONDS

    def look(self) -> None:
        """Starts a sealer if something came since the last one ended, and nobody else seals. Raises OSError."""
        if self._child is not None:
            if self._child.poll() is None:
                return
            if self._child.returncode:
                log.warning("The process that seals ended with code %s.", self._child.returncode)
                self._failed_at = time.monotonic()
            else:
                self._left = _seen(journal_folder())
            self._child = None
        if time.monotonic() - self._failed_at < AGAIN_SECONDS:
            return
        folder = journal_folder()
        seen = _seen(folder)
        if seen - self._left and not _locked(folder):
            self._child = subprocess.Popen(  # noqa: S603  our own program
                [sys.executable, "-m", "annexa.cli.main", "logs", "seal", "--parent", str(os.getpid())],
                stdin=subprocess.DEVNULL,
            )

    def end(self) -> None:
        """Asks it to end, and waits until it did."""
        if self._child is not None:
            self._child.terminate()
            self._child.wait()
            self._child = None


def _seen(folder: Path) -> Seen:
    """The journals there are, with their sizes."""
    try:
        return frozenset((one.name, one.stat().st_size) for one in folder.glob("[0-9]*.journal"))
    except FileNotFoundError:
        return frozenset()


def _locked(folder: Path) -> bool:
    """Whether somebody seals there now."""
    try:
        file = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False
