"""`annexa path` prints the order of work with its reasons, in every format, and refuses what cannot be meant."""

import csv
import io
import re

import pytest

from annexa.cli.path import COLUMNS
from tests.cli.test_main import house, run  # noqa: F401  fixtures

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("house")]
ASK = ("path", "--framework", "iso42001-2023")


def test_the_table_has_steps_and_a_sentence_beside_it(run) -> None:  # noqa: F811
    said = run(*ASK, "--limit", 3)
    assert said.code == 0
    assert said.out.splitlines()[0].split()[:4] == ["step", "control", "name", "verdict"]
    assert len(said.out.splitlines()) == 4
    assert re.search(r"\d+ of \d+ requirements are met;", said.err)
    assert "(3 printed)" in said.err
    assert "at 5 days a week by " in said.err


def test_json_has_steps_burn_up_and_what_cannot_be_met(run) -> None:  # noqa: F811
    found = run(*ASK, "--format", "json").json
    assert {"at", "library", "ledger_size", "capacity", "by", "met", "met_after", "total", "ready_on"} <= found.keys()
    (one,) = found["frameworks"]
    assert (one["id"], one["met"], one["met_after"]) == ("iso42001-2023", found["met"], found["met_after"])
    assert [step["step"] for step in found["steps"]] == list(range(1, len(found["steps"]) + 1))
    assert set(COLUMNS) | {"helps", "late"} == found["steps"][0].keys()
    assert {"framework", "requirement", "title", "binding_from"} == next(
        step["wins"][0].keys() for step in found["steps"] if step["wins"]
    )
    assert found["burn_up"][0]["met"] == found["met"]
    assert found["burn_up"][-1]["met"] == found["met_after"]
    for lost in found["unreachable"]:
        assert lost["because"]


def test_csv_has_a_row_for_each_step(run) -> None:  # noqa: F811
    rows = list(csv.DictReader(io.StringIO(run(*ASK, "--format", "csv").out)))
    assert tuple(rows[0]) == COLUMNS
    assert float(rows[-1]["cumulative"]) == pytest.approx(sum(float(row["days"]) for row in rows))


def test_more_days_a_week_are_ready_sooner(run) -> None:  # noqa: F811
    slow, fast = (run(*ASK, "--capacity", n, "--format", "json").json["ready_on"] for n in (1, 10))
    assert fast < slow


def test_what_ends_after_a_day_is_left_out(run) -> None:  # noqa: F811
    whole = run(*ASK, "--format", "json").json["steps"]
    by = whole[2]["due"]
    found = run(*ASK, "--by", by, "--format", "json").json
    assert found["by"] == by
    assert 0 < len(found["steps"]) < len(whole)
    assert all(step["due"] <= by for step in found["steps"])


@pytest.mark.parametrize(
    ("flag", "value"),
    [("--by", "soon"), ("--limit", "0"), ("--limit", "x"), ("--capacity", "0"), ("--capacity", "nan")],
)
def test_what_cannot_be_meant_is_refused(run, flag, value) -> None:  # noqa: F811
    said = run(*ASK, flag, value)
    assert said.code == 2
    assert value in said.err


def test_a_framework_there_is_not_is_refused(run) -> None:  # noqa: F811
    assert run("path", "--framework", "iso9").code == 2
