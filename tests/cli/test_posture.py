"""`annexa posture` and `annexa explain`: another date in two ways; what if: before and after from a file."""

import csv
import io
import json
from datetime import timedelta

import pytest

from annexa.cli import words
from annexa.records.ledger import LedgerEntry
from tests.cli.test_main import house, run  # noqa: F401  fixtures

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]
ASK = ("posture", "--framework", "iso27001-2022", "--what-if")


@pytest.fixture
def supposed(tmp_path):
    """Writes a file of suppositions."""

    def write(text: str):
        path = tmp_path / "what-if.toml"
        path.write_text(text)
        return path

    return write


EFFECTIVE = '[[suppose]]\nkind = "control-effective"\ncontrol = "SUP-01"\n'


def test_the_table_shows_before_and_after(run, supposed) -> None:  # noqa: F811
    size = LedgerEntry.objects.count()
    said = run(*ASK, supposed(EFFECTIVE))
    assert said.code == 0
    assert "Supposed: SUP-01 Due diligence on suppliers is effective." in said.err
    assert " → " in said.out.splitlines()[1]
    assert "verdicts would move. Nothing is written." in said.out
    assert "iso27001-2022 A.5.19" in said.out
    assert LedgerEntry.objects.count() == size


def test_json_keeps_its_keys_and_adds_the_difference(run, supposed) -> None:  # noqa: F811
    plain = run("posture", "--framework", "iso27001-2022", "--format", "json").json
    found = run(*ASK, supposed(EFFECTIVE), "--format", "json").json
    assert set(found) == {*plain, "what_if"}
    assert set(found["frameworks"][0]) == set(plain["frameworks"][0])
    assert found["what_if"]["before"][0]["counts"] == plain["frameworks"][0]["counts"]
    verdicts = {one["id"]: one["verdict"] for one in found["frameworks"][0]["requirements"]}
    moved = [one for one in found["what_if"]["changes"] if "organisation" in one["scopes"]]
    assert moved
    assert all(verdicts[one["requirement"]] == one["after"] != one["before"] for one in moved)


def test_csv_lists_what_moves(run, supposed) -> None:  # noqa: F811
    rows = list(csv.DictReader(io.StringIO(run(*ASK, supposed(EFFECTIVE), "--format", "csv").out)))
    assert rows
    assert set(rows[0]) == {"framework", "requirement", "title", "scopes", "before", "after"}
    nothing = run(*ASK, supposed(""), "--format", "csv").out
    assert nothing == "framework,requirement,title,scopes,before,after\n"


def test_one_system_every_system_and_another_date(run, supposed) -> None:  # noqa: F811
    retired = supposed('[[suppose]]\nkind = "system-retired"\nsystem = "chatbot"\n')
    one = run("posture", "--framework", "eu-ai-act", "--system", "chatbot", "--what-if", retired, "--format", "json")
    assert one.json["frameworks"] == []
    assert one.json["what_if"]["before"][0]["scope"] == "chatbot"
    every = run("posture", "--framework", "eu-ai-act", "--all-systems", "--what-if", retired, "--at", "2027-03-01")
    assert every.code == 0
    assert "chatbot" in every.out
    assert "credit-score" in every.out


def test_every_problem_of_a_file_is_said(run, supposed) -> None:  # noqa: F811
    said = run(*ASK, supposed(EFFECTIVE.replace("SUP-01", "ODD-01") + '[[suppose]]\nkind = "wish"\n'))
    assert said.code == 2
    assert 'Supposition 1: there is no control "ODD-01".' in said.err
    assert 'Supposition 2: kind "wish" is not known' in said.err
    assert said.out == ""


def test_json_files_are_read_and_missing_ones_said(run, tmp_path) -> None:  # noqa: F811
    path = tmp_path / "what-if.json"
    path.write_text(json.dumps({"suppose": [{"kind": "control-effective", "control": "ODD-01"}]}))
    assert "ODD-01" in run(*ASK, path).err
    assert run(*ASK, tmp_path / "nothing.toml").code == 3


@pytest.fixture
def then() -> str:
    """A day of last week."""
    return (words.now() - timedelta(days=7)).date().isoformat()


def test_hindsight_counts_what_was_learnt_later(run, then) -> None:  # noqa: F811
    """Evidence of ten days ago that was recorded today counts for last week in hindsight only."""
    asked = ("evidence", "add", "SUP-01", __file__, "--expectation", "due-diligence-files", "--observed-at")
    assert run(*asked, (words.now() - timedelta(days=10)).isoformat()).code == 0
    explain = ("explain", "A.5.19", "--framework", "iso27001-2022", "--at", then)
    known = run(*explain, "--format", "json").json
    hindsight = run(*explain, "--hindsight", "--format", "json").json
    assert set(hindsight) - set(known) == {"learnt_by"}
    pieces = [
        sum(len(one["evidence"]) for control in found["controls"] for one in control["expectations"])
        for found in (known, hindsight)
    ]
    assert pieces[1] == pieces[0] + 1
    assert "learnt later" in run(*explain, "--hindsight").err


def test_hindsight_adds_one_key_to_the_posture(run, then, supposed) -> None:  # noqa: F811
    asked = ("posture", "--framework", "iso27001-2022", "--at", then)
    known = run(*asked, "--format", "json").json
    hindsight = run(*asked, "--hindsight", "--format", "json").json
    assert set(hindsight) - set(known) == {"learnt_by"}
    assert "facts that were true then were learnt later" in run(*asked, "--hindsight").err
    assert "learnt later" not in run(*asked).err
    what_if = run(*asked, "--what-if", supposed(EFFECTIVE), "--hindsight", "--format", "json").json
    assert set(what_if) == {*hindsight, "what_if"}


@pytest.mark.parametrize("command", [("posture",), ("explain", "A.5.19", "--framework", "iso27001-2022")])
def test_hindsight_needs_a_past_date(run, command) -> None:  # noqa: F811
    """Of today and of the future nothing was learnt later."""
    for at in ((), ("--at", words.now().date().isoformat()), ("--at", "2100-01-01")):
        said = run(*command, *at, "--hindsight")
        assert said.code == 2
        assert said.err == "annexa: --hindsight looks back: give a past date or instant with --at, or leave it out.\n"
        assert said.out == ""
