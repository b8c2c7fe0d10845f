"""`annexa soa` prints the statement, follows proposals, decides, and says what differs."""

import csv
import io
import json

import openpyxl
import pytest

from annexa.answers.soa_files import HEADER
from annexa.records.controls import Judgement
from annexa.records.soa import Inclusion
from tests.cli.test_main import house, run  # noqa: F401  fixtures

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]
OUT = ("soa", "decide", "A.7.11", "--framework", "iso27001-2022", "--out")


def test_proposals_are_followed_and_shown(run) -> None:  # noqa: F811
    assert "missing before it may be approved" in run("soa", "show").err
    assert run("soa", "confirm", "--framework", "iso27001-2022", "--theme", "A.6").err.strip().endswith("8 decided.")
    assert Inclusion.objects.count() == 8
    rows = list(csv.DictReader(io.StringIO(run("soa", "show", "--format", "csv").out)))
    assert {row["applies"] for row in rows if row["control"].startswith("A.6.") and "27001" in row["framework"]} == {
        "yes"
    }
    assert {"at", "ledger_size", "ledger_root", "library", "scopes", "lines"} == run(
        "soa", "show", "--format", "json"
    ).json.keys()


def test_a_control_is_left_out_with_its_justification(run) -> None:  # noqa: F811
    said = run(*OUT)
    assert said.code == 2
    assert "needs a justification" in said.err
    assert run(*OUT, "--because", "Leased", "--until", "not a day").code == 2
    assert run(*OUT, "--because", "Leased").code == 0
    assert Judgement.objects.get(kind="exclusion", subject="A.7.11").because == "Leased"
    again = ("soa", "decide", "A.7.11", "--framework", "iso27001-2022", "--applies", "--reason", "contract")
    assert run(*again).code == 0
    assert Inclusion.objects.get().reasons == ["contract"]


def test_files_are_written(run, tmp_path) -> None:  # noqa: F811
    for kind in ("csv", "xlsx", "json"):
        assert run("soa", "show", "-o", tmp_path / f"statement.{kind}").code == 0
    sheet = openpyxl.load_workbook(tmp_path / "statement.xlsx").active
    assert tuple(cell.value for cell in sheet[1]) == HEADER
    table = list(csv.reader(io.StringIO((tmp_path / "statement.csv").read_text())))
    lines = json.loads((tmp_path / "statement.json").read_text())["lines"]
    assert [row[1] for row in table[1:]] == [line["requirement"] for line in lines]
    assert run("soa", "show", "-o", tmp_path / "statement.pdf").code == 2


def test_versions_that_are_not_there(run) -> None:  # noqa: F811
    assert run("soa", "versions").code == 0
    assert run("soa", "show", "--version", "7").code == 2
    assert run("soa", "diff", "7").code == 2
    assert run("soa", "diff", "draft").code == 0
