"""The demo organisation, made again from its ledger by the command. Kinds that do not occur in it, such as tokens and
second factors, are in tests/honesty/test_replay.py, whose house has a row of every table."""

import json
from pathlib import Path

import pytest

from tests.actions.test_backups import annexa, run
from tests.replaying import different

pytestmark = pytest.mark.slow
AT = "2030-01-01T00:00:00+00:00"


def looked(home: Path, url: str = "") -> dict:
    """What the installation in that home holds and says."""
    done = run(home, "tests.actions.looking", AT, url=url)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def same(was: dict, now: dict) -> None:
    """Every row as it was, and every answer byte for byte."""
    assert list(different(was["rows"], now["rows"])) == []
    assert was["said"] == now["said"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> tuple[Path, dict]:
    """Its home, and what it holds and says."""
    home = tmp_path_factory.mktemp("demo") / "home"
    assert annexa(home, "demo").returncode == 0
    return home, looked(home)


def test_it_works(demo, tmp_path) -> None:
    """Rule: rows, verdicts, risks, statement, key figures and files of registers are those of the original."""
    home, was = demo
    done = annexa(tmp_path / "new", "ledger", "rebuild", home, "--format", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert {one["outcome"] for one in said["checks"]} == {"holds"}
    assert (said["missing"], said["defaults"]) == ([], [])
    assert sum(said["rows"].values()) == sum(len(rows) for name, rows in was["rows"].items() if name != "Link")
    assert "annexa people password EMAIL" in done.stderr
    same(was, looked(tmp_path / "new"))
    assert annexa(tmp_path / "new", "ledger", "verify").returncode == 0


def test_what_is_no_ledger_is_refused_with_what_to_do(demo, tmp_path) -> None:
    """Rule: 2 for what was asked wrongly, 3 for what cannot be read; and nothing is made."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "annexa.sqlite3").write_bytes(b"no database at all " * 100)
    (tmp_path / "words").write_text("a passphrase")
    for source, more, code, sentence in (
        ("empty", (), 2, "--database-url-file"),
        ("broken", (), 3, "cannot be read"),
        ("nowhere", (), 3, "No such file"),
        ("broken", ("--passphrase-file", tmp_path / "words"), 2, "is for backups"),
        ("words", ("--store", tmp_path), 2, "are for homes"),
    ):
        done = annexa(tmp_path / "new", "ledger", "rebuild", tmp_path / source, *more)
        assert (done.returncode, sentence in done.stderr) == (code, True), done.stderr
        assert not (tmp_path / "new" / "annexa.sqlite3").exists()
