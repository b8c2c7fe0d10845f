"""`annexa assess`: what stands, what is missing, and files; exit codes say whether there is work."""

import json

import pytest

from annexa.actions.assessments import answer_assessment, start_assessment
from annexa.actions.people import actor_of
from annexa.actions.systems import add_system
from annexa.cli.main import main
from annexa.pure.permits import ANNEXA
from annexa.pure.systems import SystemFacts


@pytest.fixture
def begun(admin, now) -> str:
    """A data protection assessment with one answer."""
    add_system(actor=ANNEXA, facts=SystemFacts(name="Chatbot", stage="operation", personal_data="yes"), now=now)
    by = {"actor": actor_of(admin), "person": admin, "now": now}
    made = start_assessment(form="dpia", scope="chatbot", **by)
    answer_assessment(assessment=made.id, given={"due": "Yes, two signs"}, **by)
    return made.id


def test_it_lists_what_stands_and_what_is_to_do(begun, capsys) -> None:
    assert main(["assess", "list", "--format", "json"]) == 1
    found = {one["form"]: one for one in json.loads(capsys.readouterr().out)}
    assert (found["dpia"]["state"], found["dpia"]["in_work"]) == ("open", begun)
    assert (found["ai-system-impact-assessment"]["state"], found["fria"]["due"]) == ("missing", True)
    assert main(["assess", "list", "--system", "nothing"]) == 2
    assert "There is no AI system 'nothing'" in capsys.readouterr().err


def test_it_shows_one_and_what_is_missing(begun, capsys) -> None:
    assert main(["assess", "show", begun[:8], "--missing", "--format", "json"]) == 1
    missing = {one["question"] for one in json.loads(capsys.readouterr().out)}
    assert "screening" in missing
    assert "due" not in missing
    assert main(["assess", "show", "nothing"]) == 2


@pytest.mark.parametrize("ending", ["json", "csv", "xlsx"])
def test_it_writes_files(begun, tmp_path, ending) -> None:
    path = tmp_path / f"dpia.{ending}"
    assert main(["assess", "export", begun, str(path)]) == 0
    assert path.stat().st_size > 500
    assert main(["assess", "export", begun, str(tmp_path / "dpia.doc")]) == 2
