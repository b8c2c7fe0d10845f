"""A table somebody keeps becomes systems in the register, and nothing in it is lost on the way."""

import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from annexa.adapters.tables import read_table
from annexa.pure.fields import tidy
from annexa.pure.imports import Existing, ImportPlan
from annexa.pure.systems import SystemFacts
from annexa.pure.tables import Table
from tests.pure.table_samples import kept, planned, same, table, taken, written

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("ANNEXA_TEST_DATA", ROOT.parent / "shared" / "data"))
FEDERAL = DATA / "us-federal-ai-use-cases-2024.csv"


def test_it_works() -> None:
    """A small register is read, and reading it again changes nothing."""
    read = table(
        ["System name", "Department", "Status", "Go-live", "Uses PII?", "Remarks"],
        ["Chatbot", "IT", "Live", "Oct 2023", "Yes - names only", "ask Ada"],
        ["Triage", "Ward 3", "", "", "n/a", ""],
    )
    plan = planned(read, said='[columns]\npersonal_data = "Uses PII?"')
    assert plan.problems == ()
    chatbot, triage = (row.facts for row in plan.rows)
    assert (chatbot.name, chatbot.unit, chatbot.stage) == ("Chatbot", "IT", "operation")
    assert (chatbot.deployed_on, chatbot.personal_data) == (date(2023, 10, 1), "yes")
    assert kept(chatbot) == {
        "Status": "Live", "Go-live": "Oct 2023", "Uses PII?": "Yes - names only", "Remarks": "ask Ada",
    }  # fmt: skip
    assert (triage.stage, triage.personal_data, triage.source) == ("", "not applicable", ())
    again = planned(read, taken(plan), said='[columns]\npersonal_data = "Uses PII?"')
    assert [row.outcome for row in again.rows] == ["unchanged", "unchanged"]


@pytest.mark.slow
@pytest.mark.skipif(
    not FEDERAL.exists(), reason="the US federal inventory is not here; set ANNEXA_TEST_DATA to its folder"
)
def test_the_federal_inventory_comes_through() -> None:
    """The largest public register of AI systems is taken whole, and a second time changes nothing."""
    read = read_table(FEDERAL.read_bytes(), name=FEDERAL.name)
    assert (read.encoding, read.delimiter, len(read.header), len(read.rows)) == ("cp1252", ",", 62, 2133)
    assert [name for name in read.header if name.startswith("If Other, please explain.")][:2] == [
        "If Other, please explain.",
        "If Other, please explain. (2)",
    ]
    plan = planned(read)
    assert (plan.count("added"), plan.problems) == (2133, ())
    assert len({row.key for row in plan.rows}) == 2133
    again = planned(read, taken(plan))
    assert [row.key for row in again.rows] == [row.key for row in plan.rows]
    assert (again.count("unchanged"), again.problems) == (2133, ())
    assert "845 cells in Date Initiated are empty" in plan.notes
    assert "38 names occur more than once and were told apart by unit and order" in plan.notes
    first = plan.rows[0].facts
    assert (first.unit, first.stage) == ("DHS / CBP", "deployment")
    nothing_is_lost(read, plan)
    exported = written(taken(plan))
    back = planned(exported)
    assert [same(row.facts) for row in back.rows] == [same(row.facts) for row in plan.rows]
    assert planned(exported, taken(plan)).count("unchanged") == 2133


def nothing_is_lost(read: Table, plan: ImportPlan) -> None:
    """Every cell is either the whole of a field or kept as it came."""
    alone = {mapped.columns[0]: mapped.field for mapped in plan.mapping.fields if len(mapped.columns) == 1}
    for row, done in zip(read.rows, plan.rows, strict=True):
        source = kept(done.facts)
        for column, cell in zip(read.header, row.cells, strict=True):
            if cell.strip() and source.get(column) != cell:
                value = getattr(done.facts, alone[column])
                plain = tidy(cell).casefold()
                spelled = ["true"] if value == "yes" else []
                spelled += ["n/a", "na"] if value == "not applicable" else []
                spelled += [f"{value.month}/{value.day}/{value.year}"] if isinstance(value, date) else []
                assert plain in spelled or plain == tidy(str(value)).casefold()


def test_no_name_is_one_problem() -> None:
    """A file without names is told so once, not once a row."""
    plan = planned(table(["Colour"], ["red"], ["blue"]))
    assert [problem.row for problem in plan.problems] == [0]
    assert plan.rows == ()


def test_repeated_names_are_told_apart_by_unit_and_order() -> None:
    """True duplicates are both kept, and find themselves again."""
    read = table(["Name", "Unit", "Owner"], ["Bot", "IT", "Ada"], ["bot ", "it", "Bob"], ["Bot", "HR", "Eve"])
    plan = planned(read)
    assert plan.count("added") == 3
    assert [row.key for row in plan.rows] == [
        '["name", "bot", "it", 1]',
        '["name", "bot", "it", 2]',
        '["name", "bot", "hr", 1]',
    ]
    changed = table(["Name", "Unit", "Owner"], ["Bot", "IT", "Ada"], ["bot ", "it", "Zoe"], ["Bot", "HR", "Eve"])
    again = planned(changed, taken(plan))
    assert [(row.outcome, row.changed) for row in again.rows] == [
        ("unchanged", ()),
        ("updated", ("owner",)),
        ("unchanged", ()),
    ]
    assert again.rows[1].slug == "s-3"


def test_fewer_namesakes_than_recorded_is_a_problem() -> None:
    """If two systems are recorded and the file has one, nobody can say which it is."""
    two = taken(planned(table(["Name"], ["Bot"], ["Bot"])))
    (problem,) = planned(table(["Name", "Owner"], ["Bot", "Ada"]), two).problems
    assert problem.row == 2
    assert "Slug" in problem.message
    assert planned(table(["Slug", "Name", "Owner"], ["s-3", "Bot", "Ada"]), two).rows[0].slug == "s-3"


def test_references_are_unique() -> None:
    """Two rows with one reference are named, both of them."""
    (problem,) = planned(table(["Reference", "Name"], ["AI-1", "A"], ["AI-2", "B"], ["ai-1", "C"])).problems
    assert (problem.row, problem.column) == (4, "Reference")
    assert "row 2" in problem.message
    (problem,) = planned(table(["Slug", "Name"], ["a", "A"], ["a", "B"])).problems
    assert (problem.row, problem.column) == (3, "Slug")


def test_a_reference_survives_a_new_name() -> None:
    """The reference finds the system whatever it is called today."""
    before = [Existing(slug="a", facts=SystemFacts(name="Old", reference="AI-1"))]
    (row,) = planned(table(["Reference", "Name"], ["ai-1", "New"]), before).rows
    assert (row.outcome, row.slug, row.changed) == ("updated", "a", ("reference", "name"))


def test_one_system_by_two_ways_is_a_problem() -> None:
    """A row with a slug and a row with the same system's name would overwrite each other."""
    before = [Existing(slug="bot", facts=SystemFacts(name="Bot"))]
    plan = planned(table(["Slug", "Name"], ["", "Bot"], ["bot", "Bot 2"]), before)
    assert [problem.row for problem in plan.problems] == [3]


def test_what_the_file_does_not_speak_of_stays() -> None:
    """A list of owners changes owners only; an empty cell empties; an unreadable one changes nothing."""
    facts = SystemFacts(
        name="Bot",
        stage="operation",
        owner="Ada",
        supplier="Acme",
        started_on=date(2024, 1, 1),
        source=(("Notes", "n"),),
    )
    read = table(["Name", "Owner", "Supplier", "Start date"], ["Bot", "Bob", "", "after the merger"])
    (row,) = planned(read, [Existing(slug="bot", facts=facts)]).rows
    assert row.facts == replace(
        facts, owner="Bob", supplier="", source=(("Notes", "n"), ("Start date", "after the merger"))
    )
    assert row.changed == ("owner", "supplier", "source")


def test_file_and_record_may_contradict() -> None:
    """A retirement in the file is judged against the deployment already recorded."""
    before = [Existing(slug="bot", facts=SystemFacts(name="Bot", deployed_on=date(2024, 5, 1)))]
    (problem,) = planned(table(["Name", "Retired on"], ["Bot", "2024-04-01"]), before).problems
    assert (problem.row, problem.column) == (2, "Retired on")


def test_problems_of_the_reading_count() -> None:
    """A row with a formula is not imported."""
    read = read_table(b"Name,Owner\nA,=SUM(A1)\nB,Ada\n", name="a")
    plan = planned(read)
    assert [problem.row for problem in plan.problems] == [2]
    assert [row.row for row in plan.rows] == [3]
