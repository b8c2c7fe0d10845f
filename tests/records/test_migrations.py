"""An installation that begins has the tables of one that came up step by step."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from annexa.answers.migrations import latest_migration

HOUSE = Path(__file__).parents[2]
MAKE = """
import json, re, sys
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from annexa.answers.migrations import missing_migrations, step_by_step
if sys.argv[1] == "steps":
    executor = step_by_step()
    executor.migrate([max(one.replaces) for one in executor.loader.replacements.values()])
call_command("migrate", verbosity=0)
assert not missing_migrations()
with connection.cursor() as cursor:
    cursor.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    parts = {name: sorted(re.split(r', (?="|CONSTRAINT)', re.sub(r'^[^(]*[(]', '', sql)[:-1])) for name, sql in cursor}
    cursor.execute("SELECT COUNT(*) FROM django_migrations WHERE name LIKE '%squashed%' AND app = 'records'")
    print(json.dumps({"parts": parts, "at_once": cursor.fetchone()[0]}))
"""


def made(home: Path, how: str) -> dict[str, object]:
    """Every table, index and trigger of a new database in parts, in whatever order; how many steps were one."""
    home.mkdir()
    env = {
        "PATH": os.environ["PATH"], "ANNEXA_HOME": str(home), "DJANGO_SETTINGS_MODULE": "annexa.settings",
        "PYTHONPATH": f"{HOUSE / 'src'}",
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", MAKE, how], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_all_at_once_is_the_same_as_one_by_one(tmp_path) -> None:
    """Rule: what stands for many migrations makes exactly what they make."""
    begun, come_up = made(tmp_path / "begun", "at once"), made(tmp_path / "come-up", "steps")
    assert begun["parts"] == come_up["parts"]
    assert begun["at_once"] == 1


@pytest.mark.django_db
def test_a_form_of_the_tables_is_a_step_of_its_own() -> None:
    """Rule: a backup names a form that every later version knows."""
    assert "squashed" not in latest_migration()
