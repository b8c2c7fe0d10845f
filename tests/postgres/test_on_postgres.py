"""What runs on SQLite runs on PostgreSQL, from one URL; and many clients at once leave one ledger without a hole."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.postgres, pytest.mark.slow]
HOUSE = Path(__file__).parents[2]


def run(home: Path, url: str, *argv: object) -> str:
    """Runs a program of the tests on its own, against that database."""
    env = {
        "PATH": os.environ["PATH"], "ANNEXA_HOME": str(home), "ANNEXA_DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "annexa.settings", "PYTHONPATH": f"{HOUSE / 'src'}:{HOUSE}",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", *map(str, argv)], env=env, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return done.stdout


@pytest.mark.parametrize("places", [("actions",), ("answers", "records"), ("cli", "honesty")], ids="+".join)
def test_the_tests_of_the_database_pass(database, tmp_path, places: tuple[str, ...]) -> None:
    """Actions, answers, records and the command line, as they are for SQLite."""
    env = {name: text for name, text in os.environ.items() if not name.startswith(("ANNEXA_", "PYTEST_"))}
    data = {name: text for name, text in os.environ.items() if name == "ANNEXA_TEST_DATA"}
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "base"),
            "-m", "not slow and not browser and not postgres", *(f"tests/{place}" for place in places),
        ],
        cwd=HOUSE, env={**env, **data, "ANNEXA_TEST_DATABASE_URL": database}, capture_output=True, text=True,
        check=False, timeout=580,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


def test_four_processes_write_at_once(database, tmp_path) -> None:
    found = json.loads(run(tmp_path, database, "tests.actions.together", 4, 60))
    assert found["vendor"] == "postgresql"
    assert found["size"] > 4 * 60
    assert found["tried"] == 15


def test_of_many_who_do_the_same_at_once_one_does(database, tmp_path) -> None:
    """Rule: what an action looked at is still so when it writes, however many processes there are."""
    assert json.loads(run(tmp_path, database, "tests.actions.at_once", 5, 8)) == {"vendor": "postgresql", "rounds": 8}


def test_four_processes_try_at_once(database, tmp_path) -> None:
    """No try is lost, and no code is taken twice."""
    found = json.loads(run(tmp_path, database, "tests.actions.trying", 4, 10))
    assert (found["vendor"], max(found["counts"]), found["codes"], found["taken"]) == ("postgresql", 40, 11, 11)


def test_killed_at_40_random_moments(database, tmp_path) -> None:
    """As on SQLite, with a server that learns of the death of its client only later."""
    found = json.loads(run(tmp_path, database, "tests.actions.killing", "random", 20261121, 40))
    assert found["kept"] > 5


def test_killed_before_each_single_write(database, tmp_path) -> None:
    steps = run(tmp_path, database, "tests.actions.killing", "table", "evidence").splitlines()[0]
    assert json.loads(steps)["steps"] > 30
