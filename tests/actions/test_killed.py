"""Whatever moment a process is killed at: nothing acknowledged is lost, nothing is half there, the ledger verifies."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
HOUSE = Path(__file__).parents[2]
SEED = 20261120


def run(home: Path, *argv: object, module: str = "tests.actions.killing") -> list[dict]:
    """Runs the killing in a house of its own; what it prints as JSON."""
    env = {
        "PATH": os.environ["PATH"], "ANNEXA_HOME": str(home), "DJANGO_SETTINGS_MODULE": "annexa.settings",
        "PYTHONPATH": f"{HOUSE / 'src'}:{HOUSE}",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, argv)], env=env, capture_output=True, text=True,
        check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_killed_at_200_random_moments(tmp_path) -> None:
    (found,) = run(tmp_path, "random", SEED, 200)
    assert found["kept"] > 50
    assert found["imports"] > 20
    assert found["unfinished"] > 0, "no kill hit the moment between a change and its place in the ledger"


@pytest.mark.parametrize("kind", ["evidence", "import"])
def test_killed_before_each_single_write(tmp_path, kind) -> None:
    """The fault table: every write of door, vault, sequencer and publisher, one crash before each."""
    found, _ = run(tmp_path, "table", kind)
    assert found["steps"] > 30


def test_four_processes_write_at_once(tmp_path) -> None:
    """Not killed, but as hostile: positions without holes or doubles, every entry once."""
    (found,) = run(tmp_path, 4, 40, module="tests.actions.together")
    assert (found["vendor"], found["tried"]) == ("sqlite", 6)
