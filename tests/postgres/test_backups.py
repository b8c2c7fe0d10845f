"""A backup does not know of which kind of database it was made: it goes from either into either."""

import json
from pathlib import Path

import pytest

from tests.actions.test_backups import WORDS, annexa, run

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


def made(folder: Path, url: str = "") -> dict:
    """A house, backed up while others write."""
    folder.mkdir()
    (folder / "words").write_text(WORDS)
    done = run(folder / "home", "tests.actions.backing", "make", folder, url=url)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def goes_on(said: dict, folder: Path, home: Path, url: str = "") -> None:
    """Restored there it says the same, goes on counting, and verifies."""
    done = annexa(home, "restore", folder / "1.backup", "--passphrase-file", folder / "words", url=url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILS" not in done.stdout
    found = json.loads(run(home, "tests.actions.backing", "go_on", said["at"], url=url).stdout)
    assert found["posture"] == said["posture"]
    assert (found["grown"], found["fails"]) == (2, [])


def test_from_sqlite_to_postgresql(database, tmp_path) -> None:
    said = made(tmp_path / "a")
    goes_on(said, tmp_path / "a", tmp_path / "b", url=database)
    done = annexa(tmp_path / "c", "restore", tmp_path / "a" / "0.backup", url=database)
    assert done.returncode == 2
    assert "Restore into an empty one" in done.stderr


def test_from_postgresql_to_sqlite(database, tmp_path) -> None:
    goes_on(made(tmp_path / "a", url=database), tmp_path / "a", tmp_path / "b")


def test_a_failure_leaves_no_table_behind(database, tmp_path) -> None:
    """Rule: tables and rows come in one transaction, so a database that was empty is so again."""
    made(tmp_path / "a")
    home, copy = tmp_path / "b", tmp_path / "a" / "0.backup"
    assert annexa(home, "restore", copy, url=database, limit=30_000).returncode == 3
    assert [path.name for path in home.iterdir() if path.is_file()] == ["secret.key"]
    assert annexa(home, "restore", copy, url=database).returncode == 0
