"""Processes tell of themselves, are swept, and refuse to sign beside each other with two keys."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from annexa.actions.errors import ConflictError
from annexa.actions.processes import KEPT_FOR, Here, end_of_process, require_same_home, tell_of_process
from annexa.answers.processes import PATIENCE, alive
from annexa.records.ledger import LedgerEntry

HOUSE = Path(__file__).parents[2]


def here(name: str) -> Here:
    return Here(name=name, serves=True, works=False, started_at=datetime(2026, 11, 20, tzinfo=UTC))


@pytest.mark.django_db
def test_it_works(now) -> None:
    tell_of_process(here=here("a:1"), figures={"cpu": 1}, now=now)
    tell_of_process(here=here("b:2"), figures={}, now=now - PATIENCE - timedelta(seconds=1))
    tell_of_process(here=here("a:1"), figures={"cpu": 2}, now=now)
    [one] = alive(now=now)
    assert (one.name, one.serves, one.works, one.figures) == ("a:1", True, False, {"cpu": 2})
    end_of_process(name="a:1", now=now)
    assert alive(now=now) == ()
    assert LedgerEntry.objects.count() == 0


@pytest.mark.django_db
def test_the_dead_are_swept(now) -> None:
    tell_of_process(here=here("a:1"), figures={}, now=now - KEPT_FOR - timedelta(seconds=1))
    tell_of_process(here=here("b:2"), figures={}, now=now)
    assert [one.name for one in alive(now=now - KEPT_FOR)] == ["b:2"]


@pytest.mark.django_db
def test_a_second_home_on_one_database_is_refused(now, settings, tmp_path) -> None:
    """Rule: no second key signs a ledger while others serve it; a lost one alone is another matter."""
    settings.HOME = tmp_path
    require_same_home(now=now)
    tell_of_process(here=here("a:1"), figures={}, now=now)
    with pytest.raises(ConflictError, match="a:1 serve this database"):
        require_same_home(now=now)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "x.key").touch()
    require_same_home(now=now)


ORPHAN = """
import os, sys, time
import django
django.setup()
from django.core.management import call_command
from annexa.settings import make_home
make_home()
call_command("migrate", verbosity=0)
from django.db import connections
connections.close_all()
if os.fork() == 0:
    from annexa.actions.processes import keep_telling
    keep_telling(serves=True, works=False, figures=dict)
    print(os.getpid(), flush=True)
    time.sleep(60)
time.sleep(60)
"""


@pytest.mark.slow
def test_a_server_process_whose_parent_was_killed_ends(tmp_path) -> None:
    """Rule: nothing serves on that nobody can stop any more, and holds the port of who comes next."""
    env = {"PATH": os.environ["PATH"], "ANNEXA_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "annexa.settings",
           "PYTHONPATH": str(HOUSE / "src")}  # fmt: skip
    parent = subprocess.Popen([sys.executable, "-c", ORPHAN], env=env, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    ends = time.monotonic() + 20
    while Path(f"/proc/{child}/cmdline").exists() and Path(f"/proc/{child}/cmdline").read_bytes():
        assert time.monotonic() < ends, "it still runs"
        time.sleep(0.05)
    parent.stdout.close()
