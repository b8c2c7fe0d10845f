"""A ledger does not know in which kind of database it stood: the demo is replayed from either into either."""

import json

import pytest

from tests.actions.test_backups import annexa
from tests.actions.test_rebuilding import looked, same

pytestmark = [pytest.mark.postgres, pytest.mark.slow]


def test_from_sqlite_into_postgresql_and_back(database, tmp_path) -> None:
    """Rule: the same rows and the same answers there and here; and a failure leaves no table behind."""
    assert annexa(tmp_path / "a", "demo").returncode == 0
    was = looked(tmp_path / "a")
    failed = annexa(tmp_path / "b", "ledger", "rebuild", tmp_path / "a", url=database, limit=30_000)
    assert failed.returncode == 3, failed.stderr
    done = annexa(tmp_path / "b", "ledger", "rebuild", tmp_path / "a", "--format", "json", url=database)
    assert done.returncode == 0, done.stdout + done.stderr
    same(was, looked(tmp_path / "b", url=database))
    (tmp_path / "url").write_text(f"{database}\n")
    back = annexa(
        tmp_path / "c", "ledger", "rebuild", tmp_path / "b", "--database-url-file", tmp_path / "url", "--format", "json"
    )
    assert back.returncode == 0, back.stdout + back.stderr
    assert {one["outcome"] for one in json.loads(back.stdout)["checks"]} == {"holds"}
    same(was, looked(tmp_path / "c"))
    assert annexa(tmp_path / "c", "ledger", "verify").returncode == 0
