"""Every row says its facts or has a problem a person can mend; what says more than a fact is kept as it came."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexa.pure.cells import read_date
from annexa.pure.systems import FIELDS, validate
from tests.cases import cases
from tests.pure.table_samples import kept, planned, same, table, taken, written


def test_an_unknown_stage_is_a_problem() -> None:
    """The problem names the row, the column, the value and the words that are known."""
    plan = planned(table(["Name", "Stage"], ["A", "concept"], ["B", "Sleeping"]))
    (problem,) = plan.problems
    assert (problem.row, problem.column, problem.value) == (3, "Stage", "Sleeping")
    assert "concept, development, deployment, operation, retirement" in problem.message
    assert [row.row for row in plan.rows] == [2]


@pytest.mark.parametrize(
    "text", ["Q4FY25", "Pre-2021", "TBD", "24-Nov", "10/12023", "2015-2022", "Ongoing", "Mayor 2024"]
)
def test_text_in_a_date_column_is_no_problem(text: str) -> None:
    """People write what they know; it is kept and told, not refused."""
    assert (read_date(text).unread, read_date(text).problem) == (True, "")
    plan = planned(table(["Name", "Start date"], ["A", text]))
    assert kept(plan.rows[0].facts) == {"Start date": text}
    assert any("no date" in note for note in plan.notes)


@pytest.mark.parametrize("heading", ["Go-live", "Deployed on"])
@pytest.mark.parametrize("text", ["n/a", "N/A", "NA ", "Not applicable."])
def test_a_date_that_does_not_apply_is_kept_as_it_came(heading: str, text: str) -> None:
    """No date is not the same as "there is none to give", and the export carries the difference."""
    plan = planned(table(["Name", heading], ["A", text], ["B", ""]))
    given, empty = (row.facts for row in plan.rows)
    assert (given.deployed_on, kept(given)) == (None, {heading: text})
    assert (empty.deployed_on, kept(empty)) == (None, {})
    assert any("does not apply" in note for note in plan.notes)
    back = planned(written(taken(plan)))
    assert [same(row.facts) for row in back.rows] == [given, empty]
    assert planned(written(taken(plan)), taken(plan)).count("unchanged") == 2


@pytest.mark.parametrize("text", ["13/45/2024", "2024-13-45", "31.02.2024", "13/2024", "1/1/1850", "30 Feb 2024"])
def test_impossible_dates_are_problems(text: str) -> None:
    """What looks like a date and is none is a slip somebody has to mend."""
    (problem,) = planned(table(["Name", "Start date"], ["A", text])).problems
    assert (problem.row, problem.column, problem.value) == (2, "Start date", text)


def test_days_and_months_are_told_apart_by_the_column() -> None:
    """One day above twelve decides for the whole column; what contradicts it is a problem; no such day is a note."""
    days = planned(table(["Name", "Start date"], ["A", "1/2/2024"], ["B", "31/12/2024"]))
    assert [date(2024, 2, 1), date(2024, 12, 31)] == [row.facts.started_on for row in days.rows]
    mixed = planned(table(["Name", "Start date"], ["A", "1/31/2024"], ["B", "12/31/2024"], ["C", "31/1/2024"]))
    assert [problem.row for problem in mixed.problems] == [4]
    unclear = planned(table(["Name", "Start date"], ["A", "1/2/2024"]))
    assert unclear.rows[0].facts.started_on == date(2024, 1, 2)
    assert any("day/month or month/day" in note for note in unclear.notes)


def test_roles_and_classes_come_from_their_columns() -> None:
    """Words of the law may be written as people write them; unknown ones are problems."""
    read = table(
        ["Name", "Roles", "Risk classes", "High risk by"],
        ["A", "Deployer, Authorized representative", "High risk; GPAI", "Annex III"],
        ["B", "king", "N/A", ""],
    )
    plan = planned(read)
    facts = plan.rows[0].facts
    assert (facts.roles, facts.classes) == (("deployer", "authorised_representative"), ("high-risk", "gpai"))
    assert facts.high_risk_by == "annex-iii"
    assert [(problem.row, problem.column) for problem in plan.problems] == [(3, "Roles")]


def test_all_problems_of_a_file_come_together() -> None:
    """A dry run lists everything, row by row."""
    read = table(
        ["Name", "Stage", "Start date", "Deployed on", "Retired on"],
        ["", "Sleeping", "13/45/2024", "2024-05-01", "2024-04-01"],
        ["B", "concept", "", "", ""],
        ["C", "Dreaming", "", "", ""],
    )
    assert [(problem.row, problem.column) for problem in planned(read).problems] == [
        (2, "Stage"),
        (2, "Start date"),
        (2, "Name"),
        (2, "Retired on"),
        (4, "Stage"),
    ]


def test_a_rough_retirement_is_not_called_too_early() -> None:
    """Retired in 2024 may well be after a deployment in May 2024."""
    plan = planned(table(["Name", "Deployed on", "Retired on"], ["A", "2024-05-01", "2024"]))
    assert plan.problems == ()
    facts = plan.rows[0].facts
    assert (facts.retired_on, kept(facts)) == (None, {"Retired on": "2024"})


def test_long_names_are_cut_and_kept() -> None:
    """A name has to fit a page; the whole of it stays beside the system."""
    plan = planned(table(["Name"], ["x" * 400], ["two\nlines"]))
    long, short = (row.facts for row in plan.rows)
    assert (len(long.name), kept(long)) == (300, {"Name": "x" * 400})
    assert (short.name, kept(short)) == ("two lines", {"Name": "two\nlines"})


CELLS = st.text(max_size=20) | st.sampled_from(
    ["1/2/2024", "31/31/2024", "Yes", "N/A", "2024", "Oct 2023", "operation", "7/16/1905"]
)


@settings(max_examples=cases(150))
@given(st.lists(st.tuples(*[CELLS] * len(FIELDS)), min_size=1, max_size=4))
def test_any_cells_are_planned_or_refused(rows: list[tuple[str, ...]]) -> None:
    """Whatever stands in the cells, every row is in the plan or has a problem, and what is planned is valid."""
    plan = planned(table([field.label for field in FIELDS], *(list(row) for row in rows)))
    bad = {problem.row for problem in plan.problems}
    assert {row.row for row in plan.rows} | bad == set(range(2, len(rows) + 2))
    assert not bad & {row.row for row in plan.rows}
    assert all(validate(row.facts) == () for row in plan.rows)
