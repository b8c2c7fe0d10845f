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

from annexa.actions.errors import ConflictError, NotFoundError
from annexa.actions.monitoring import run_monitors
from annexa.actions.scopes import place_of
from annexa.answers.monitors import any_due, watched
from annexa.library.monitors import monitors
from annexa.pure.permits import Actor
from annexa.records.monitors import MonitorRun

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


def run_now(*, actor: Actor, system: str, monitor: str, now: datetime) -> MonitorRun:
    """Runs one monitor of a system because somebody asks, whether it is due or not.

    Ledger: monitor_run, evidence, monitor_breach, monitor_breach_end. Raises NotFoundError, NotPermittedError;
    ConflictError for one that is off, and while monitors are being run.
    """
    place_of(actor, system)
    if monitor not in monitors():
        raise NotFoundError(f"There is no monitor {monitor}.")
    if monitor not in {one.monitor.id for one in watched((system,)).get(system, ())}:
        raise ConflictError(f"{monitors()[monitor].title} is off; turn it on first.")
    with alone() as yes:
        if not yes:
            raise ConflictError("Monitors are being run just now; look again in a minute.")
        return run_monitors(actor=actor, systems=(system,), only=(monitor,), now=now)[0]
