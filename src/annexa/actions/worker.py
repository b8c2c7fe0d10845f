"""The worker: places what waits in the ledger and publishes it, within a second of every change; sends webhooks
and mails.

In a server process, or in processes of its own beside several of those. There may be as many as one likes: entries are
placed and files are written by one at a time, in turns of the database, and each delivery is claimed by one. Who has to
take which training is worked out anew after changes, and told to the ledger as far as it changed; so is how human
oversight works. Cases that wait for a human are escalated, or fall to their default, when their time has passed.

Once it also keeps the library in force in the vault, beside the first requests rather than before them.
"""

import logging
import threading
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db import Error, close_old_connections

from annexa.actions.libraries import keep_library
from annexa.actions.mails import Mailing
from annexa.actions.monitor_process import MonitorProcess
from annexa.actions.oversight_deadlines import settle_cases, tell_standings
from annexa.actions.retention_process import RetentionProcess
from annexa.actions.sealer_process import LOOK_SECONDS, SealerProcess
from annexa.actions.sequencer import publish, sequence
from annexa.actions.training import settle_training
from annexa.actions.webhooks import deliver
from annexa.answers.mails import is_on
from annexa.answers.training import bears_on_training
from annexa.records.ledger import LedgerEntry
from annexa.vault import VaultError

EVERY_SECONDS = 0.5
SETTLE_EVERY_SECONDS = 20
"""How long after a change, at most, the ledger is told what it means for who has to take which training."""
MONITOR_EVERY_SECONDS = 30
"""How often it is asked whether a monitor is due."""
RETAIN_EVERY_SECONDS = 10
"""How often it is asked whether something is to be erased; what is to expire is looked for once an hour."""
TELL_EVERY_SECONDS = 2
WATCH_EVERY_SECONDS = 2
"""How long after its time has passed, at most, a case is escalated or falls to its default."""
MAIL_EVERY_SECONDS = 15
"""How often it is asked whether somebody is to be mailed; at least nine times as long as it took the last time."""
MAIL_AGAIN_SECONDS = 60
"""For how long a server for mail that cannot be reached is left alone."""
PATIENCE_SECONDS = 15
"""For how long a worker that ends waits for a receiver that is slow; what was not told is told by the next one."""
log = logging.getLogger("annexa.worker")
_started = threading.Event()


@dataclass(slots=True, kw_only=True)
class Worked:
    """How often the worker of this process went round, and how often in vain."""

    rounds: int = 0
    failures: int = 0


WORKED = Worked()


STOP = threading.Event()
"""Set to end the worker of this process after the round it is in."""


def start() -> None:
    """Starts the worker once per process. It ends with the process; what it left undone the next one finishes."""
    if not _started.is_set():
        _started.set()
        threading.Thread(target=_run, name="annexa-worker", daemon=True).start()
        threading.Thread(target=_tell, name="annexa-webhooks", daemon=True).start()
        threading.Thread(target=_settle, name="annexa-training", daemon=True).start()
        threading.Thread(target=_seal, name="annexa-sealing", daemon=True).start()
        threading.Thread(target=_watch_cases, name="annexa-oversight", daemon=True).start()
        threading.Thread(target=_monitor, name="annexa-monitors", daemon=True).start()
        threading.Thread(target=_retain, name="annexa-retention", daemon=True).start()
        threading.Thread(target=_mail, name="annexa-mail", daemon=True).start()


def work() -> None:
    """Works in this thread until STOP is set: a process that serves nothing, beside those that do."""
    _started.set()
    telling = threading.Thread(target=_tell, name="annexa-webhooks", daemon=True)
    telling.start()
    threading.Thread(target=_settle, name="annexa-training", daemon=True).start()
    sealing = threading.Thread(target=_seal, name="annexa-sealing", daemon=True)
    sealing.start()
    threading.Thread(target=_watch_cases, name="annexa-oversight", daemon=True).start()
    threading.Thread(target=_monitor, name="annexa-monitors", daemon=True).start()
    threading.Thread(target=_retain, name="annexa-retention", daemon=True).start()
    threading.Thread(target=_mail, name="annexa-mail", daemon=True).start()
    _run()
    sealing.join(timeout=PATIENCE_SECONDS)
    telling.join(timeout=PATIENCE_SECONDS)


def figures() -> dict[str, int]:
    """What this worker has counted, for metrics."""
    return {"rounds": WORKED.rounds, "failures": WORKED.failures}


def _tell() -> None:
    """Sends webhooks, beside the ledger's own work: a receiver that is slow holds up nothing but the next one."""
    while not STOP.wait(TELL_EVERY_SECONDS):
        close_old_connections()
        try:
            deliver(now=lambda: datetime.now(UTC))
        except (Error, VaultError, OSError):
            log.exception("Webhooks could not be sent; trying again.")
            STOP.wait(5)


def _mail() -> None:
    """Mails people what waits for them, where an administrator has set a server for it."""
    mailing, wait = Mailing(), float(MAIL_EVERY_SECONDS)
    while is_on() and not STOP.wait(wait):
        close_old_connections()
        begun = time.monotonic()
        try:
            reached = mailing.round(size=_size())
        except (Error, VaultError, OSError):
            log.exception("Mails could not be prepared; trying again.")
            reached = False
        wait = max(MAIL_EVERY_SECONDS if reached else MAIL_AGAIN_SECONDS, 9 * (time.monotonic() - begun))


def _watch_cases() -> None:
    """Ends what waits for a human and waited too long, as the owner of its system chose."""
    while not STOP.wait(WATCH_EVERY_SECONDS):
        close_old_connections()
        try:
            settle_cases(now=datetime.now(UTC))
        except (Error, VaultError, OSError):
            log.exception("Cases whose time has passed could not be ended; trying again.")
            STOP.wait(5)


def _settle() -> None:
    """Tells the ledger what changed in who has to take which training, after what may change it and on every new day.

    Beside the ledger's own work, since it looks at everybody.
    """
    settled: tuple[int, date] | None = None
    while not STOP.wait(SETTLE_EVERY_SECONDS):
        close_old_connections()
        try:
            settled = settle_since(settled, now=datetime.now(UTC))
        except (Error, VaultError, OSError):
            log.exception("What rules of training ask of whom could not be told; trying again.")
            STOP.wait(5)


def _seal() -> None:
    """Sees to it that somebody seals the activity log while there is something to seal."""
    sealer = SealerProcess()
    while not STOP.wait(LOOK_SECONDS):
        try:
            sealer.look()
        except OSError:
            log.exception("No process that seals can be started; trying again.")
            STOP.wait(5)
    sealer.end()


def _monitor() -> None:
    """Sees to it that monitors look into the activity log when they are due."""
    watching = MonitorProcess()
    while not STOP.wait(MONITOR_EVERY_SECONDS):
        close_old_connections()
        try:
            watching.look(datetime.now(UTC))
        except (Error, OSError):
            log.exception("Monitors cannot be run; trying again.")
            STOP.wait(5)
    watching.end()


def _retain() -> None:
    """Sees to it that what has to go from the activity log goes."""
    retaining = RetentionProcess()
    while not STOP.wait(RETAIN_EVERY_SECONDS):
        close_old_connections()
        try:
            retaining.look()
        except (Error, OSError):
            log.exception("What has to go from the activity log cannot be removed; trying again.")
            STOP.wait(5)
    retaining.end()


def settle_since(settled: tuple[int, date] | None, *, now: datetime) -> tuple[int, date]:
    """One round of that. `settled`: the size of the ledger and the day of the round before; None: there was none."""
    size = _size()
    if settled is None or settled[1] != now.date() or bears_on_training(since=settled[0]):
        settle_training(now=now)
    if settled is None or settled != (size, now.date()):
        tell_standings(now=now)
    return size, now.date()


def _size() -> int:
    return (LedgerEntry.objects.order_by("-position").values_list("position", flat=True).first() or 0) + 1


def _run() -> None:
    kept = False
    while not STOP.wait(EVERY_SECONDS):
        close_old_connections()
        try:
            sequence(now=datetime.now(UTC))
            publish()
            kept = kept or keep_library()
            WORKED.rounds += 1
        except (Error, VaultError, OSError):
            WORKED.failures += 1
            log.exception("The ledger could not be published, or the library not be kept; trying again.")
            STOP.wait(5)
