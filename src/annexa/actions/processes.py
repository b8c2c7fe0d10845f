"""Telling that this process is alive, what it does and what it counted, so that any other one can say so."""

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import Error, close_old_connections

from annexa.actions.door import side_door
from annexa.actions.errors import ConflictError
from annexa.answers.processes import alive
from annexa.pure.permits import ANNEXA
from annexa.records.processes import Process

EVERY_SECONDS = 15
KEPT_FOR = timedelta(hours=1)
log = logging.getLogger("annexa.processes")
_started = threading.Event()
Figures = Callable[[], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """This process. `name`: of the machine and the process, such as `web-1:4711`."""

    name: str
    serves: bool
    works: bool
    started_at: datetime


def name_here() -> str:
    """The name under which this process tells of itself."""
    return f"{socket.gethostname()[:100]}:{os.getpid()}"


def tell_of_process(*, here: Here, figures: Mapping[str, Any], now: datetime) -> None:
    """Says that this process is alive, and sweeps those that have not said so for an hour. Ledger: nothing."""
    with side_door(actor=ANNEXA, verb="tell_of_process", now=now):
        row = Process(
            name=here.name, serves=here.serves, works=here.works, started_at=here.started_at, seen_at=now,
            figures=dict(figures),
        )  # fmt: skip
        kept = ["serves", "works", "started_at", "seen_at", "figures"]
        Process.objects.bulk_create([row], update_conflicts=True, unique_fields=["name"], update_fields=kept)
        Process.objects.filter(seen_at__lt=now - KEPT_FOR).delete()


def end_of_process(*, name: str, now: datetime) -> None:
    """Takes back that a process is alive, when it ends in order. Ledger: nothing."""
    with side_door(actor=ANNEXA, verb="tell_of_process", now=now):
        Process.objects.filter(name=name).delete()


def require_same_home(*, now: datetime) -> None:
    """Raises ConflictError where others serve this database, and this home has no key: it is not theirs.

    A key made here would sign the ledger beside theirs, and nobody could verify it any more.
    """
    others = [one.name for one in alive(now=now) if one.name != name_here()]
    if others and not any((settings.HOME / "keys").glob("*.key")):
        raise ConflictError(
            f"{', '.join(others)} serve this database, and {settings.HOME} holds no signing key: it is another home "
            "than theirs. Give every process the same ANNEXA_HOME, on a disk that all of them see."
        )


def keep_telling(*, serves: bool, works: bool, figures: Figures) -> None:
    """Starts telling, once per process, and ends a process whose parent is gone: nobody would stop it any more."""
    if not _started.is_set():
        _started.set()
        here = Here(name=name_here(), serves=serves, works=works, started_at=datetime.now(UTC))
        parent = os.getppid() if serves else 0
        threading.Thread(target=_tell, args=(here, figures), name="annexa-telling", daemon=True).start()
        threading.Thread(target=_watch, args=(parent,), name="annexa-parent", daemon=True).start()


def _tell(here: Here, figures: Figures) -> None:
    pause = threading.Event()
    while True:
        close_old_connections()
        try:
            tell_of_process(here=here, figures=figures(), now=datetime.now(UTC))
        except Error as error:
            log.warning("This process cannot tell of itself: %s", str(error).strip())
        pause.wait(EVERY_SECONDS)


def _watch(parent: int) -> None:
    """A server process serves for the one that started it. Killed with SIGKILL, that one can tell it nothing."""
    pause = threading.Event()
    while parent and not pause.wait(1):
        if os.getppid() != parent:
            log.warning("The process that started this one is gone; it ends.")
            os.kill(os.getpid(), signal.SIGTERM)
            pause.wait(10)
            os._exit(1)
