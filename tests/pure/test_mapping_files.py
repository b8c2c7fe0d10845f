"""What a person writes down about the columns has the last word, and every slip in it is told at once."""

from dataclasses import replace
from datetime import date

import pytest

from annexa.pure.columns import ColumnMapping, guess_columns
from annexa.pure.mapping_files import MappingError, mapping_text, override, parse_mapping
from tests.pure.table_samples import kept, planned, table, taken

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


def test_a_text_that_is_said_to_mean_itself_is_still_kept() -> None:
    """Naming a text in a mapping file must not lose what it says besides the value."""
    read = table(["Name", "Start date", "Deployed on"], ["A", "2024", "n/a"])
    plan = planned(read, said='[values.started_on]\n"2024" = "2024"\n[values.deployed_on]\n"n/a" = "n/a"')
    facts = plan.rows[0].facts
    assert (facts.started_on, facts.deployed_on) == (date(2024, 1, 1), None)
    assert kept(facts) == {"Start date": "2024", "Deployed on": "n/a"}


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
