"""What is counted when somebody signs in, by many processes at once."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]


@pytest.mark.slow
def test_no_try_is_lost_and_no_code_is_taken_twice_by_many_processes(tmp_path) -> None:
    """Rule: whatever the number of web processes, ten failures are ten, and a code lets one of them in."""
    env = {
        "PATH": os.environ["PATH"], "ANNEXA_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "annexa.settings",
        "PYTHONPATH": f"{HOUSE / 'src'}:{HOUSE}",
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.actions.trying", "4", "10"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found == {"vendor": "sqlite", "counts": found["counts"], "codes": 11, "taken": 11}
    assert max(found["counts"]) == 40
