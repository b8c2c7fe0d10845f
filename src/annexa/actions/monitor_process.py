"""Monitors run in a process of their own, started beside a server or worker when one is due, and only then.

Looking through a log takes memory and time that pages do not need to share.
"""

import logging
from contextlib import AbstractContextManager
from datetime import datetime

from django.conf import settings

from annexa.actions.beside import Beside
from annexa.actions.errors import ConflictError, NotFoundError
from annexa.actions.monitoring import run_monitors
from annexa.actions.scopes import place_of
from annexa.answers.monitors import any_due, watched
from annexa.library.monitors import monitors
from annexa.pure.permits import Actor
from annexa.records.monitors import MonitorRun
from annexa.vault.locks import held

log = logging.getLogger("annexa.monitors")


class MonitorProcess:
    """Whoever runs monitors for this process, if anybody has to."""

    def __init__(self) -> None:
        """Nobody does yet."""
        self._run = Beside("monitors", "run", "--format", "json", does="runs monitors", log=log, fine=(0, 1, 3))

    def look(self, now: datetime) -> None:
        """Starts a run if a monitor is due and the last one has ended. Raises OSError."""
        if self._run.runs:
            return
        self._run.ended()
        if any_due(now=now):
            self._run.start()

    def end(self) -> None:
        """Asks it to end, and waits until it did; what it was at is done anew next time."""
        self._run.end()


def alone() -> AbstractContextManager[bool]:
    """Whether nobody else runs monitors of this home meanwhile."""
    return held(settings.HOME / "activity" / ".monitors")


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
