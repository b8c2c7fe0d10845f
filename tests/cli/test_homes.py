"""A folder that is not the home of an installation: nothing is made in it, and that is said."""

from pathlib import Path

import pytest

from tests.cli.test_main import alone

LOOKING = [
    ("posture",), ("explain", "A.5.1", "--framework", "iso27001-2022"), ("path",), ("doctor",), ("ledger", "head"),
    ("ledger", "verify"), ("people", "list"), ("token", "list"), ("export", "systems"), ("classify", "organisation"),
    ("frameworks", "upgrade"), ("backup", "out.backup", "--without-keys"), ("evidence", "add", "SUP-01", "README.md"),
]  # fmt: skip
BEFORE = [
    ("frameworks",), ("frameworks", "show", "iso42001-2023"), ("resolve", "A.12.4.1"),
    ("frameworks", "diff", "iso27001-2013", "iso27001-2022"),
]  # fmt: skip


@pytest.mark.parametrize("there", [True, False], ids=["empty", "not there"])
@pytest.mark.parametrize("argv", LOOKING, ids=" ".join)
def test_a_wrong_home_is_named_and_stays_as_it_is(tmp_path: Path, argv: tuple[str, ...], there: bool) -> None:
    """Rule: a slip in ANNEXA_HOME neither makes a second installation nor looks like one that lost everything."""
    home = tmp_path / "home"
    if there:
        home.mkdir()
    said = alone(*argv, home=home)
    assert (said.code, said.out) == (3, "")
    assert f"{home} has no Annexa in it" in said.err
    assert "ANNEXA_HOME" in said.err
    assert "annexa serve" in said.err
    assert list(tmp_path.iterdir()) == ([home] if there else [])
    assert not there or list(home.iterdir()) == []


@pytest.mark.parametrize("argv", BEFORE, ids=" ".join)
def test_the_library_can_be_looked_at_before_and_leaves_nothing(tmp_path: Path, argv: tuple[str, ...]) -> None:
    said = alone(*argv, home=tmp_path)
    assert (said.code, said.err) == (0, "")
    assert said.out
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_database_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("s" * 60)
    said = alone("posture", home=tmp_path, ANNEXA_DATABASE_URL=f"sqlite:///{tmp_path / 'none.sqlite3'}")
    assert said.code == 3
    assert f"{tmp_path / 'none.sqlite3'}" in said.err
    assert not (tmp_path / "none.sqlite3").exists()
