"""The commands around the library in force: dry runs, all problems at once, and the promised codes."""

import json

import pytest

from annexa.answers.libraries import active_library, own_files
from annexa.cli.main import main
from annexa.library.load import library
from tests.actions.test_libraries import BROKEN, COVERED, HOUSE


@pytest.fixture
def run(organisation, capsys, monkeypatch):
    """Runs the command in this process: code, output, errors."""
    monkeypatch.setattr("django.setup", lambda: None)

    def call(*argv: str) -> tuple[int, str, str]:
        code = main(["frameworks", *argv])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def files(tmp_path) -> list[str]:
    """A framework and its coverage, as files."""
    for name, data in (("house-rules.toml", HOUSE), ("house-rules-coverage.toml", COVERED)):
        (tmp_path / name).write_bytes(data)
    return [str(tmp_path / "house-rules.toml"), str(tmp_path / "house-rules-coverage.toml")]


def test_a_dry_run_changes_nothing(run, files) -> None:
    code, out, err = run("import", *files, "--dry-run")
    assert code == 0
    assert "house-rules" in out
    assert "house-rules: 1 from not judged to uncovered" in err
    assert own_files() == {}


def test_files_are_taken_over_together_and_withdrawn(run, files) -> None:
    assert run("import", *files, "--because", "Asked for")[0] == 0
    assert "house-rules" in active_library().frameworks
    assert run("import", *files)[0] == 0
    names = [row["name"] for row in json.loads(run("own", "--format", "json")[1])]
    assert names == ["coverage/house-rules.toml", "frameworks/house-rules.toml"]
    assert run("withdraw", *names, "--because", "Gone", "--dry-run")[0] == 0
    assert run("withdraw", *names, "--because", "Gone")[0] == 0
    assert active_library() is library()


def test_everything_wrong_is_said_at_once(run, tmp_path) -> None:
    broken, nothing = tmp_path / "broken.toml", tmp_path / "nothing.json"
    broken.write_bytes(BROKEN)
    nothing.write_bytes(b"{")
    code, _, err = run("import", str(broken), str(nothing))
    assert code == 2
    assert "nothing.json" in err
    assert "Nothing was changed." in err
    code, _, err = run("import", str(broken))
    assert (code, "titel" in err, "occurs twice" in err) == (2, True, True)
    assert run("import", str(tmp_path / "not there"))[0] == 3


def test_json_holds_the_whole_dry_run(run, files) -> None:
    found = json.loads(run("import", *files, "--dry-run", "--format", "json")[1])
    assert found["before"] == library().version
    assert [one["id"] for one in found["changes"]] == ["house-rules"]
    assert {one["after"] for one in found["verdicts"]} == {"unmet", "uncovered"}


def test_nothing_waits_on_a_fresh_installation(run) -> None:
    code, out, err = run("upgrade")
    assert (code, out) == (0, "")
    assert "in force already" in err


def test_frameworks_are_chosen(run) -> None:
    assert run("choose", "gdpr", "nis2")[0] == 0
    assert run("choose", "gdpr", "nis2")[0] == 2
    code, _, err = run("choose", "iso9")
    assert code == 2
    assert "known are" in err
