"""Two server processes and a worker on one PostgreSQL, edited by many at once through HTTP: nobody's change is lost."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.postgres_server import binaries

HOUSE = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.postgres, pytest.mark.slow,
    pytest.mark.skipif(binaries() is None, reason="needs PostgreSQL's server programs: apt-get install postgresql"),
]  # fmt: skip


def measured(name: str, *argv: object) -> dict:
    """Runs a benchmark that starts the processes itself; it fails if anything is wrong afterwards."""
    env = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, str(HOUSE / "bench" / f"{name}.py"), "--json", *map(str, argv)], env=env, capture_output=True,
        text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_no_update_is_lost_and_there_is_one_ledger() -> None:
    """Rule: every acknowledged change is in the ledger and is the last state until the next one; of edits upon the same
    state one wins; positions are without gaps or doubles; and the whole ledger verifies."""
    found = measured("editors", "--editors", 16, "--seconds", 14, "--pause", 0.05, "--systems", 30)
    assert found["processes"] == 3
    assert found["edits"] > 30
    assert found["added"] > 3
    assert found["conflicts"] > 0, "nobody wrote upon the same state as somebody else, so nothing was shown"
    assert (found["errors"], found["unanswered"]) == (0, 0), found
    assert (found["lost_updates"], found["wrong"], found["ledger_verify"]) == (0, 0, "holds")


def test_nothing_is_lost_when_any_process_is_killed() -> None:
    """Rule: kill -9 of a server process, of its parent, the worker or a connection takes nothing acknowledged along."""
    found = measured("kills", "--editors", 8, "--kills", 3, "--pause", 0.1, "--systems", 20)
    assert found["kills"] == 3
    assert found["acknowledged"] > 20
    assert (found["lost_updates"], found["wrong"], found["ledger_verify"]) == (0, 0, "holds")
