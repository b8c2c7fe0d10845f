"""The worker of a server process: places what waits in the ledger and publishes it, within a second of every change.

Once it also keeps the library in force in the vault, beside the first requests rather than before them.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import DatabaseError, close_old_connections

from annexa.actions.libraries import keep_library
from annexa.actions.sequencer import publish, sequence
from annexa.actions.webhooks import deliver
from annexa.vault import VaultError

EVERY_SECONDS = 0.5
TELL_EVERY_SECONDS = 2
log = logging.getLogger("annexa.worker")
_started = threading.Event()


@dataclass(slots=True, kw_only=True)
class Worked:
    """How often the worker of this process went round, and how often in vain."""

    rounds: int = 0
    failures: int = 0


WORKED = Worked()


def start() -> None:
    """Starts the worker once per process. It ends with the process; what it left undone the next one finishes."""
    if not _started.is_set():
        _started.set()
        threading.Thread(target=_run, name="annexa-worker", daemon=True).start()
        threading.Thread(target=_tell, name="annexa-webhooks", daemon=True).start()


def _tell() -> None:
    """Sends webhooks, beside the ledger's own work: a receiver that is slow holds up nothing but the next one."""
    pause = threading.Event()
    while not pause.wait(TELL_EVERY_SECONDS):
        close_old_connections()
        try:
            deliver(now=lambda: datetime.now(UTC))
        except (DatabaseError, VaultError, OSError):
            log.exception("Webhooks could not be sent; trying again.")
            pause.wait(5)


def _run() -> None:
    pause, kept = threading.Event(), False
    while not pause.wait(EVERY_SECONDS):
        close_old_connections()
        try:
            sequence(now=datetime.now(UTC))
            publish()
            kept = kept or keep_library()
            WORKED.rounds += 1
        except (DatabaseError, VaultError, OSError):
            WORKED.failures += 1
            log.exception("The ledger could not be published, or the library not be kept; trying again.")
            pause.wait(5)
