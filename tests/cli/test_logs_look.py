"""The activity log on the command line: found, exported, drawn from; what sends it opened, changed and closed."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from annexa.actions.sealing import seal_everything
from annexa.actions.systems import add_system
from annexa.answers.activity_parts import microseconds
from annexa.answers.activity_sources import source_of
from annexa.answers.activity_store import journal_folder
from annexa.cli.main import main
from annexa.pure.systems import SystemFacts
from annexa.records.activity_samples import ActivitySample
from tests.activity.making import arrive, event


@pytest.fixture(autouse=True)
def _log(organisation, actor, now, settings, tmp_path):
    """Ten events of the last hours."""
    settings.HOME, settings.STORE = tmp_path, tmp_path / "store"
    add_system(actor=actor, facts=SystemFacts(name="Chatbot"), now=now)
    start = microseconds(datetime.now(UTC) - timedelta(hours=2))
    arrive(journal_folder(), [event(n, at=start + n, received_at=start + n) for n in range(10)])
    seal_everything(clock=lambda: datetime.now(UTC))


def run(capsys, *words: str, code: int = 0) -> str:
    assert main(["logs", *words]) == code
    return capsys.readouterr().out


def test_it_works(capsys) -> None:
    rows = json.loads(run(capsys, "query", "chatbot", "--text", "question 3", "--format", "json"))
    assert [(row["input"], row["sealed"]) for row in rows] == [("Question 3", True)]
    assert (
        json.loads(
            run(capsys, "query", "chatbot", "--until", "2020-01-01", "--since", "2019-01-01", "--format", "json")
        )
        == []
    )
    assert main(["logs", "query", "none"]) != 0


def test_a_day_is_all_of_it(capsys) -> None:
    """From a date means since it began, until a date means to its end; what is no date is named as it was typed."""
    day = f"{datetime.now(UTC) - timedelta(hours=2):%Y-%m-%d}"
    assert len(json.loads(run(capsys, "query", "chatbot", "--since", day, "--until", day, "--format", "json"))) == 10
    for words in (["query", "chatbot"], ["verify"]):
        assert main(["logs", *words, "--since", "never"]) != 0
        assert "'never' is not a date; write it as 2026-11-20" in capsys.readouterr().err


def test_a_file_of_all(capsysbinary, tmp_path) -> None:
    assert main(["logs", "export", "chatbot", "--to", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsysbinary.readouterr().out.decode())))
    assert [row["output"] for row in rows] == [f"Answer {n}" for n in range(10)]
    assert main(["logs", "export", "chatbot", "--to", "ndjson", "-o", str(tmp_path / "f")]) == 0
    assert len((tmp_path / "f").read_bytes().splitlines()) == 10


def test_a_sample_on_record(capsys) -> None:
    out = run(capsys, "sample", "chatbot", "--size", "3", "--seed", "s", "--because", "Review", "--format", "json")
    assert [row["leaf"] for row in json.loads(out)] == ActivitySample.objects.get().leaves


def test_a_source_from_open_to_closed(capsys) -> None:
    rule = "service.name is shop -> chatbot"
    token = run(capsys, "source", "open", "gate", "--rule", rule, "--because", "All").strip()
    assert source_of(token, now=datetime.now(UTC)).rules[0].system == "chatbot"
    other = "service.name begins shop → chatbot"
    run(capsys, "source", "rules", "gate", "--rule", other, rule, "--because", "More")
    assert len(source_of(token, now=datetime.now(UTC)).rules) == 2
    assert run(capsys, "source", "token", "gate").startswith("annexa_")
    run(capsys, "source", "close", "gate", "--because", "Over")
    (line,) = json.loads(run(capsys, "source", "list", "--format", "json"))
    assert (line["slug"], line["state"], line["tokens"]) == ("gate", "closed", 2)
    assert main(["logs", "source", "open", "x", "--rule", "nonsense"]) == 2
