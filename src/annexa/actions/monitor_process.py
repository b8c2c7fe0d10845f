"""Monitors run in a process of their own, started beside a server or worker when one is due, and only then.

Looking through a log takes memory and time that pages do not need to share.
"""

import fcntl
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.conf import settings

from annexa.answers.monitors import any_due

log = logging.getLogger("annexa.monitors")


class MonitorProcess:
    """Whoever runs monitors for this process, if anybody has to."""

    def __init__(self) -> None:
        """Nobody does yet."""
        self._child: subprocess.Popen[bytes] | None = None

    def look(self, now: datetime) -> None:
        """Starts a run if a monitor is due and the last one has ended. Raises OSError."""
        if self._child is not None:
            if self._child.poll() is None:
                return
            if self._child.returncode not in {0, 1, 3}:
                log.warning("The process that runs monitors ended with code %s.", self._child.returncode)
            self._child = None
        if any_due(now=now):
            self._child = subprocess.Popen(
                [sys.executable, "-m", "annexa.cli.main", "monitors", "run", "--format", "json"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )

    def end(self) -> None:
        """Asks it to end, and waits until it did; what it was at is done anew next time."""
        if self._child is not None:
            self._child.terminate()
            self._child.wait()
            self._child = None


@contextmanager
def alone() -> Iterator[bool]:
    """Whether nobody else runs monitors of this home meanwhile."""
    folder = settings.HOME / "activity"
    folder.mkdir(parents=True, exist_ok=True)
    file = os.open(folder / ".monitors", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(file)
