"""`annexa resolve` answers with the promised shape and codes."""

import json

import pytest

from annexa.cli.main import main

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(capsys, monkeypatch):
    """Runs the command in this process: code, output, errors."""
    monkeypatch.setattr("django.setup", lambda: None)

    def call(*argv: str) -> tuple[int, str, str]:
        code = main(["resolve", *argv])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_json_has_the_promised_shape(run) -> None:
    code, out, err = run("A.12.4.1", "--in", "iso27001-2013", "--format", "json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "asked": "A.12.4.1",
        "edition": "iso27001-2013",
        "matches": [
            {
                "framework": "iso27001-2022",
                "id": "A.8.15",
                "title": "Logging",
                "relation": "subset_of",
                "via": "iso27001-2013 A.12.4.1",
            }
        ],
        "question": None,
    }


def test_several_readings_are_given_and_asked_about(run) -> None:
    code, out, err = run("ISO 27001 A.7.2")
    assert code == 0
    assert out.splitlines()[0].split() == ["framework", "id", "relation", "via", "title"]
    assert "Physical entry" in out
    assert "Which one is meant" in err


def test_nothing_found_is_1_and_says_what_is_near(run) -> None:
    code, out, err = run("A.5.99")
    assert (code, out) == (1, "")
    assert "Near it: A.5" in err
    code, out, _ = run("A.5.99", "--format", "json")
    assert code == 1
    assert json.loads(out)["matches"] == []
    assert "Near it" in json.loads(out)["question"]


@pytest.mark.parametrize(
    ("argv", "says"),
    [(("A.5.1", "--in", "iso9"), "there is no framework 'iso9'; known are eu-ai-act"), ((" ",), "say which")],
)
def test_wrong_use_is_2(run, argv, says) -> None:
    code, out, err = run(*argv)
    assert (code, out) == (2, "")
    assert says in err
