"""A table somebody keeps becomes systems in the register, and nothing in it is lost on the way."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexa.adapters.tables import read_table
from annexa.pure.imports import (
    ColumnMapping,
    ExistingSystem,
    ImportPlan,
    MappingError,
    Row,
    Table,
    export_rows,
    guess_columns,
    keys_for,
    mapping_text,
    override,
    parse_mapping,
    plan_import,
    read_answer,
    read_built,
    read_date,
    read_stage,
)
from annexa.pure.systems import FIELDS, SystemFacts, tidied, tidy, validate

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("ANNEXA_TEST_DATA", ROOT.parent / "shared" / "data"))
FEDERAL = DATA / "us-federal-ai-use-cases-2024.csv"


def table(*lines: list[str]) -> Table:
    header, *rows = lines
    numbered = tuple(Row(number=i, cells=tuple(cells)) for i, cells in enumerate(rows, start=2))
    return Table(format="csv", header=tuple(header), rows=numbered)


def planned(read: Table, existing: list[ExistingSystem] | None = None, said: str = "") -> ImportPlan:
    mapping = override(guess_columns(read.header, read.rows), parse_mapping(said), read.header)
    return plan_import(read, mapping, keys_for(existing or [], mapping))


def written(systems: list[ExistingSystem]) -> Table:
    """The table that comes back when an export is written as CSV and read again."""
    header, rows = export_rows(systems)
    out = io.StringIO(newline="")
    csv.writer(out).writerows([header, *rows])
    return read_table(out.getvalue().encode(), name="export.csv")


def kept(facts: SystemFacts) -> dict[str, str]:
    return dict(facts.source)


def same(facts: SystemFacts) -> SystemFacts:
    """Facts without the order of the source columns, which says nothing about a system."""
    return replace(facts, source=tuple(sorted(facts.source)))


# --- It works -------------------------------------------------------------------------------------------------


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


def taken(plan: ImportPlan) -> list[ExistingSystem]:
    return [ExistingSystem(slug=row.slug or f"s-{row.row}", facts=row.facts) for row in plan.rows]


# --- The inventory of the US federal agencies -----------------------------------------------------------------


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
                spelled = [value, "n/a", "na", "not applicable", "true" if value == "yes" else ""]
                spelled += [f"{value.month}/{value.day}/{value.year}"] if isinstance(value, date) else []
                assert plain in spelled or tidy(cell) == tidy(str(value))


# --- Which column means what ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("AI system", "name"), ("Use Case ID", "reference"), ("Description", "purpose"), ("Business unit", "unit"),
        ("Lifecycle stage", "stage"), ("Vendor", "supplier"), ("System owner", "owner"), ("Build or buy", "built"),
        ("Does it process personal data?", "personal_data"), ("Impact assessment done", "impact_assessment"),
        ("How do you monitor model performance?", "monitoring"),
        ("Independent review by second line", "independent_evaluation"),
        ("Can people contest or appeal?", "appeal"), ("start date", "started_on"), ("Date deployed", "deployed_on"),
        ("Retirement date", "retired_on"),
        *((field.label, field.name) for field in FIELDS), *((field.name, field.name) for field in FIELDS),
    ],
)  # fmt: skip
def test_headings_are_recognised(heading: str, field: str) -> None:
    """The usual headings need no mapping file, and the guess says why."""
    mapping = guess_columns([heading], [])
    assert mapping.columns_of(field) == (heading,)
    assert mapping.fields[0].because
    assert mapping.left_over == ()
    assert field not in mapping.missing


@pytest.mark.parametrize(
    "heading",
    ["Data protection impact assessment", "Date of stage change", "Personal data categories", "Colour", "source: Name"],
)
def test_headings_that_mean_something_else(heading: str) -> None:
    """A near miss is left over rather than misread."""
    assert guess_columns([heading], []).fields == ()


def test_doubtful_headings_need_fitting_cells() -> None:
    """A status that speaks of tickets is not a stage."""
    rows = [Row(number=2, cells=("open",)), Row(number=3, cells=("closed",))]
    assert guess_columns(["Status"], rows).fields == ()
    assert guess_columns(["Status"], [Row(number=2, cells=("In production",))]).columns_of("stage") == ("Status",)


def test_classes_are_not_guessed_from_american_impact() -> None:
    """Rights-impacting under US policy is no risk class of the EU AI Act."""
    read = table(["Name", "Is it rights-impacting?"], ["A", "Both"])
    facts = planned(read).rows[0].facts
    assert facts.classes == ()
    assert kept(facts) == {"Is it rights-impacting?": "Both"}


def test_no_name_is_one_problem() -> None:
    """A file without names is told so once, not once a row."""
    plan = planned(table(["Colour"], ["red"], ["blue"]))
    assert [problem.row for problem in plan.problems] == [0]
    assert plan.rows == ()


# --- The mapping file -----------------------------------------------------------------------------------------

SAID = """
[columns]
name = "Title of it"
unit = ["Firm", "Team"]
stage = "Where"
owner = ""
[key]
columns = ["No", "Firm"]
[values.stage]
"Half done" = "development"
"?" = ""
[dates]
order = "day first"
"""


def test_a_mapping_file_overrides_the_guess() -> None:
    """What a person wrote wins, field by field; a field set to nothing is not read."""
    read = table(
        ["No", "Title of it", "Firm", "Team", "Where", "Owner", "Start date"],
        ["1", "A", "Acme", "R&D", "half  DONE", "Ada", "1/2/2024"],
        ["2", "A", "Acme", "N/A", "?", "Bob", ""],
    )
    plan = planned(read, said=SAID)
    assert plan.problems == ()
    first, second = (row.facts for row in plan.rows)
    assert (first.unit, first.stage, first.owner, first.started_on) == (
        "Acme / R&D",
        "development",
        "",
        date(2024, 2, 1),
    )
    assert kept(first) == {"No": "1", "Firm": "Acme", "Team": "R&D", "Where": "half  DONE", "Owner": "Ada"}
    assert (second.unit, second.stage, kept(second)["Where"]) == ("Acme", "", "?")
    assert plan.rows[0].key == '["columns", "1", "acme", 1]'
    assert planned(read, taken(plan), said=SAID).count("unchanged") == 2
    moved = [replace(system, facts=replace(system.facts, name="renamed")) for system in taken(plan)]
    assert [(row.outcome, row.changed) for row in planned(read, moved, said=SAID).rows] == [("updated", ("name",))] * 2


def test_a_mapping_is_written_as_it_is_read() -> None:
    """The guess can be kept as a file, changed by hand and given back."""
    header = ["No", "Title of it", "Firm", "Team", "Where", 'Say "hi"\\']
    mapping = override(guess_columns(header, []), parse_mapping(SAID), header)
    again = override(ColumnMapping(fields=()), parse_mapping(mapping_text(mapping)), header)
    assert mapping_text(again) == mapping_text(mapping)
    assert again.values == mapping.values
    assert again.key == mapping.key


def test_mapping_errors_come_together() -> None:
    """Every slip in a mapping file is told at once."""
    text = """
    colour = 1
    key = "x"
    [columns]
    nmae = "Name"
    stage = ["A", "B"]
    unit = 7
    [values.stage]
    "x" = "asleep"
    [values.started_on]
    "x" = "soon"
    [values.nmae]
    [dates]
    order = "year first"
    """
    with pytest.raises(MappingError) as caught:
        parse_mapping(text)
    said = caught.value.problems
    assert len(said) == 9
    for word in ("colour", "[key]", "nmae", "one column", "unit must", "asleep", "2026-01-31", "day first"):
        assert any(word in problem for problem in said)
    with pytest.raises(MappingError, match="not TOML"):
        parse_mapping("[columns")


def test_columns_that_are_not_there_come_together() -> None:
    """Names are compared as people read them; the unknown ones are all named."""
    said = parse_mapping('[columns]\nname = "nAmE "\nunit = ["Team", "Firm"]\n[key]\ncolumns = ["No"]')
    with pytest.raises(MappingError) as caught:
        override(guess_columns(["Name"], []), said, ["Name"])
    assert tuple(problem.split('"')[1] for problem in caught.value.problems) == ("Team", "Firm", "No")


# --- What cells say -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "answer", "exact"),
    [
        ("Yes", "yes", True), ("YES ", "yes", True), ("TRUE", "yes", True), ("y", "yes", True), ("No.", "no", True),
        ("N/A", "not applicable", True), ("NA", "not applicable", True), ("n/a", "not applicable", True),
        ("Not Applicable", "not applicable", True),
        ("Not applicable", "not applicable", True),
        ("n.a.", "not applicable", True),
        ("N/A - not used on people", "not applicable", False), ("N/A; COTS tool", "not applicable", False),
        ("Does not apply, since it is new", "not applicable", False),
        ("Yes – by the CAIO", "yes", False), ("No – it is not practical", "no", False),
        ("Planned or in-progress.", "planned", False), ("In-progress", "planned", False), ("Not yet", "no", False),
        ("Automated and Regularly Scheduled Updates: some", "yes", False),
        ("Intermittent and Manually Updated: a plan", "yes", False),
        ("Established Process of Machine Learning Operations: all", "yes", False),
        ("No monitoring protocols have been established", "no", False),
        ("TBD", "unknown", False), ("unknown", "unknown", True),
    ],
)  # fmt: skip
def test_answers(text: str, answer: str, exact: bool) -> None:
    """An answer is what its first words say; what follows is kept."""
    reading = read_answer(text)
    assert (answer, exact, False) == (reading.value, reading.exact, reading.unread)


@pytest.mark.parametrize(
    "text", ["AI is not rights-impacting.", "National office", "Nobody knows", "Yesterday", "ask Ada"]
)
def test_what_is_no_answer_is_left_open(text: str) -> None:
    """A guess about a duty would be worse than a gap."""
    assert (read_answer(text).value, read_answer(text).unread) == ("unknown", True)


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("Initiated", "concept"), ("Planned", "concept"), ("Ideation", "concept"),
        ("Acquisition and/or Development", "development"), ("Implementation and Assessment", "deployment"),
        ("Operation and Maintenance", "operation"), ("In production", "operation"), ("In mission", "operation"),
        ("Retired", "retirement"),
        ("inactive", "retirement"), ("Research or  Administrative Action Complete", "retirement"),
        ("operation", "operation"), ("N/A", ""),
    ],
)  # fmt: skip
def test_stages(text: str, stage: str) -> None:
    """The words of other registers mean one of five stages."""
    assert (stage, "") == (read_stage(text).value, read_stage(text).problem)


def test_an_unknown_stage_is_a_problem() -> None:
    """The problem names the row, the column, the value and the words that are known."""
    plan = planned(table(["Name", "Stage"], ["A", "concept"], ["B", "Sleeping"]))
    (problem,) = plan.problems
    assert (problem.row, problem.column, problem.value) == (3, "Stage", "Sleeping")
    assert "concept, development, deployment, operation, retirement" in problem.message
    assert [row.row for row in plan.rows] == [2]


@pytest.mark.parametrize(
    ("text", "built"),
    [
        ("Developed with contracting resources.", "supplier"), ("Developed in-house.", "in-house"),
        ("Developed with both contracting and in-house resources.", "both"),
        ("Developed with a combination of in-house and contract/external resources.", "both"),
        ("No contract/external resources used in development.", "in-house"),
        ("Exclusively developed with contract/external resources.", "supplier"),
        ("COTS", "supplier"), ("Purchased from a vendor", "supplier"), ("in-house", "in-house"), ("N/A", ""),
    ],
)  # fmt: skip
def test_built(text: str, built: str) -> None:
    """Who built it is read from the ways people say it."""
    assert (built, False) == (read_built(text).value, read_built(text).unread)


@pytest.mark.parametrize(
    ("text", "day", "exact"),
    [
        ("2024-05-01", date(2024, 5, 1), True), ("2024-05-01T00:00:00", date(2024, 5, 1), True),
        ("2024-05-01 00:00:00", date(2024, 5, 1), True), ("2024-05-01 14:30:00", date(2024, 5, 1), False),
        ("2024-05-01T14:30:00", date(2024, 5, 1), False), ("2024/5/1", date(2024, 5, 1), True),
        ("5/1/2024", date(2024, 5, 1), True), ("05/31/2024", date(2024, 5, 31), True),
        ("5/1/24", date(2024, 5, 1), False),
        ("1.5.2024", date(2024, 5, 1), True), ("01.05.2024", date(2024, 5, 1), True),
        ("1 May 2024", date(2024, 5, 1), True), ("May 1st, 2024", date(2024, 5, 1), True),
        ("1. Sept 2024", date(2024, 9, 1), True),
        ("Oct 2023", date(2023, 10, 1), False), ("October 2023", date(2023, 10, 1), False),
        ("10/2023", date(2023, 10, 1), False),
        ("2023-10", date(2023, 10, 1), False), ("2023", date(2023, 1, 1), False), ("45413", date(2024, 5, 1), False),
        ("2022-11-16 (first formal action)", date(2022, 11, 16), False), ("7/16/1905", date(2024, 1, 1), False),
        ("N/A", None, True), ("N/A - Consolidated into another use case.", None, False),
    ],
)  # fmt: skip
def test_dates(text: str, day: date | None, exact: bool) -> None:
    """Dates are read however they are written; what is less than a day, or more than a date, is kept as text too."""
    reading = read_date(text)
    assert (day, exact, "") == (reading.value, reading.exact, reading.problem)


@pytest.mark.parametrize(
    "text", ["Q4FY25", "Pre-2021", "TBD", "24-Nov", "10/12023", "2015-2022", "Ongoing", "Mayor 2024"]
)
def test_text_in_a_date_column_is_no_problem(text: str) -> None:
    """People write what they know; it is kept and told, not refused."""
    assert (read_date(text).unread, read_date(text).problem) == (True, "")
    plan = planned(table(["Name", "Start date"], ["A", text]))
    assert kept(plan.rows[0].facts) == {"Start date": text}
    assert any("no date" in note for note in plan.notes)


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


# --- Added, updated, unchanged --------------------------------------------------------------------------------


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
    before = [ExistingSystem(slug="a", facts=SystemFacts(name="Old", reference="AI-1"))]
    (row,) = planned(table(["Reference", "Name"], ["ai-1", "New"]), before).rows
    assert (row.outcome, row.slug, row.changed) == ("updated", "a", ("reference", "name"))


def test_one_system_by_two_ways_is_a_problem() -> None:
    """A row with a slug and a row with the same system's name would overwrite each other."""
    before = [ExistingSystem(slug="bot", facts=SystemFacts(name="Bot"))]
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
    (row,) = planned(read, [ExistingSystem(slug="bot", facts=facts)]).rows
    assert row.facts == replace(
        facts, owner="Bob", supplier="", source=(("Notes", "n"), ("Start date", "after the merger"))
    )
    assert row.changed == ("owner", "supplier", "source")


def test_file_and_record_may_contradict() -> None:
    """A retirement in the file is judged against the deployment already recorded."""
    before = [ExistingSystem(slug="bot", facts=SystemFacts(name="Bot", deployed_on=date(2024, 5, 1)))]
    (problem,) = planned(table(["Name", "Retired on"], ["Bot", "2024-04-01"]), before).problems
    assert (problem.row, problem.column) == (2, "Retired on")


def test_problems_of_the_reading_count() -> None:
    """A row with a formula is not imported."""
    read = read_table(b"Name,Owner\nA,=SUM(A1)\nB,Ada\n", name="a")
    plan = planned(read)
    assert [problem.row for problem in plan.problems] == [2]
    assert [row.row for row in plan.rows] == [3]


# --- Out and in again -----------------------------------------------------------------------------------------

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12) | st.sampled_from(
    ["=SUM(A1)", "'=x", "-5", "+1", "@now", "N/A", "Yes", "=\n1", '"', "a,b;c", "''", " - x", "'\n-", "2024"]
)
NAMES = WORDS.map(tidy).filter(bool)


@st.composite
def systems(draw: st.DrawFn) -> list[ExistingSystem]:
    """Registers as Annexa would hold them: tidy facts without problems."""
    found = []
    for i in range(draw(st.integers(1, 4))):
        record: dict[str, object] = {}
        for field in FIELDS:
            if field.kind in ("text", "long"):
                record[field.name] = draw(WORDS)
            elif field.kind == "date":
                record[field.name] = draw(st.none() | st.dates(date(1950, 1, 1), date(2100, 12, 31)))
            elif field.kind == "choices":
                record[field.name] = tuple(draw(st.lists(st.sampled_from(field.choices), unique=True, max_size=3)))
            else:
                record[field.name] = draw(st.sampled_from(field.choices))
        record |= {"name": draw(NAMES), "reference": draw(st.sampled_from(["", f"R-{i}"]))}
        source = draw(st.dictionaries(NAMES, WORDS.filter(lambda text: bool(text.strip())), max_size=3))
        facts = tidied(SystemFacts(**record, source=tuple(source.items())))  # type: ignore[arg-type]
        while wrong := {problem.field for problem in validate(facts)}:
            facts = replace(facts, **{name: getattr(SystemFacts(name="x"), name) for name in wrong})
        found.append(ExistingSystem(slug=f"system-{i}", facts=facts))
    return found


@settings(max_examples=150, deadline=None)
@given(systems())
def test_what_is_exported_is_read_back_without_loss(register: list[ExistingSystem]) -> None:
    """An export rebuilds the register elsewhere, and changes nothing where it came from."""
    read = written(register)
    assert read.problems == ()
    there = planned(read)
    assert there.problems == ()
    assert [same(system.facts) for system in register] == [same(row.facts) for row in there.rows]
    assert [system.slug for system in register] == [row.slug for row in there.rows]
    assert ["unchanged"] * len(register) == [row.outcome for row in planned(read, register).rows]


@given(systems())
def test_no_exported_cell_can_be_run(register: list[ExistingSystem]) -> None:
    """A spreadsheet must not take a text for a formula."""
    _, rows = export_rows(register)
    assert not [cell for row in rows for cell in row if cell.strip().startswith(("=", "+", "-", "@"))]


CELLS = st.text(max_size=20) | st.sampled_from(
    ["1/2/2024", "31/31/2024", "Yes", "N/A", "2024", "Oct 2023", "operation", "7/16/1905"]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(*[CELLS] * len(FIELDS)), min_size=1, max_size=4))
def test_any_cells_are_planned_or_refused(rows: list[tuple[str, ...]]) -> None:
    """Whatever stands in the cells, every row is in the plan or has a problem, and what is planned is valid."""
    plan = planned(table([field.label for field in FIELDS], *(list(row) for row in rows)))
    bad = {problem.row for problem in plan.problems}
    assert {row.row for row in plan.rows} | bad == set(range(2, len(rows) + 2))
    assert not bad & {row.row for row in plan.rows}
    assert all(validate(row.facts) == () for row in plan.rows)
