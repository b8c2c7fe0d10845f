"""What leaves the register comes back as it was, and does no harm in a spreadsheet on the way."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexa.pure.exports import export_rows
from annexa.pure.fields import tidy
from annexa.pure.imports import Existing
from annexa.pure.systems import FIELDS, SystemFacts, tidied, validate
from tests.cases import cases
from tests.pure.table_samples import planned, same, written

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12) | st.sampled_from(
    ["=SUM(A1)", "'=x", "-5", "+1", "@now", "N/A", "Yes", "=\n1", '"', "a,b;c", "''", " - x", "'\n-", "2024"]
)
NAMES = WORDS.map(tidy).filter(bool)


@st.composite
def systems(draw: st.DrawFn) -> list[Existing]:
    """Registers as Annexa would hold them: tidy facts without problems."""
    found = []
    for i in range(draw(st.integers(1, 4))):
        record: dict[str, object] = {}
        for field in FIELDS:
            if field.kind in ("text", "long"):
                record[field.name] = draw(WORDS)
            elif field.kind == "date":
                record[field.name] = draw(st.none() | st.dates(date(1950, 1, 1), date(2100, 12, 31)))
            elif field.kind == "whole":
                record[field.name] = draw(st.none() | st.integers(0, 1_000_000_000))
            elif field.kind == "choices":
                record[field.name] = tuple(draw(st.lists(st.sampled_from(field.choices), unique=True, max_size=3)))
            else:
                record[field.name] = draw(st.sampled_from(field.choices))
        record |= {"name": draw(NAMES), "reference": draw(st.sampled_from(["", f"R-{i}"]))}
        source = draw(st.dictionaries(NAMES, WORDS.filter(lambda text: bool(text.strip())), max_size=3))
        facts = tidied(SystemFacts(**record, source=tuple(source.items())))  # type: ignore[arg-type]
        while wrong := {problem.field for problem in validate(facts)}:
            facts = replace(facts, **{name: getattr(SystemFacts(name="x"), name) for name in wrong})
        found.append(Existing(slug=f"system-{i}", facts=facts))
    return found


@pytest.mark.slow
@settings(max_examples=cases(150))
@given(systems())
def test_what_is_exported_is_read_back_without_loss(register: list[Existing]) -> None:
    """An export rebuilds the register elsewhere, and changes nothing where it came from."""
    read = written(register)
    assert read.problems == ()
    there = planned(read)
    assert there.problems == ()
    assert [same(system.facts) for system in register] == [same(row.facts) for row in there.rows]
    assert [system.slug for system in register] == [row.slug for row in there.rows]
    assert ["unchanged"] * len(register) == [row.outcome for row in planned(read, register).rows]


@given(systems())
def test_no_exported_cell_can_be_run(register: list[Existing]) -> None:
    """A spreadsheet must not take a text for a formula."""
    _, rows = export_rows(register)
    assert not [cell for row in rows for cell in row if cell.strip().startswith(("=", "+", "-", "@"))]
