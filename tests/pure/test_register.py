"""A register is declared once, and what is made from the declaration loses nothing."""

import csv
import io
import json
import time
from datetime import date

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexa.adapters.tables import read_table
from annexa.pure.columns import guess_columns
from annexa.pure.exports import export_rows
from annexa.pure.fields import EMPTY, amount_of, known_words, value_of
from annexa.pure.imports import Around, Existing, ImportPlan, keys_for, named_by, plan_import
from annexa.pure.register import Entry, EntryError, Register
from annexa.pure.registers import BY_PLURAL, REGISTERS
from annexa.pure.registers.assets import ASSETS
from annexa.pure.registers.risks import RISKS
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.pure.tables import Table
from tests.cases import cases
from tests.strategies.entries import entries

every = pytest.mark.parametrize("register", REGISTERS.values(), ids=lambda one: one.noun)
KNOWN = {
    "ai_system": ("bot", "triage"),
    "control": ("GOV-01", "ACC-03"),
    "expectation": ("GOV-01/scope-statement", "ACC-01/access-policy"),
    "course": ("everyone-ai-and-security", "line-managers"),
    **{one: (f"{one}-x",) for one in REGISTERS},
}


def written(register: Register, records: list[Existing], file_format: str) -> Table:
    """The table that comes back when an export is written and read again."""
    header, rows = export_rows(records, register)
    if file_format == "xlsx":
        book = openpyxl.Workbook()
        for row in (header, *rows):
            book.active.append(row)
        out = io.BytesIO()
        book.save(out)
        return read_table(out.getvalue(), name="export.xlsx")
    if file_format == "json":
        data = json.dumps([dict(zip(header, row, strict=True)) for row in rows]).encode()
        return read_table(data, name="export.json")
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    return read_table(text.getvalue().encode(), name="export.csv")


def planned(register: Register, read: Table, existing: list[Existing] = ()) -> ImportPlan:  # type: ignore[assignment]
    mapping = guess_columns(read.header, read.rows, register)
    named = {noun: {slug.casefold(): slug for slug in slugs} for noun, slugs in KNOWN.items()}
    named[register.noun] = named_by(((one.slug, one.facts) for one in existing), named.get(register.noun, {}))
    return plan_import(read, mapping, keys_for(existing, mapping), register, Around(named=named))


def table(*lines: list[str]) -> Table:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    return read_table(text.getvalue().encode(), name="some.csv")


def same(entry: Entry) -> tuple[object, object]:
    """A record without the order of the source columns, which says nothing."""
    return dict(entry.values), sorted(entry.source)


# --- the declarations


@every
def test_it_is_said_in_full(register: Register) -> None:
    """Rule: names and words fit their columns, every field has its help, every link leads somewhere."""
    assert BY_PLURAL[register.plural] is register
    assert register.field["name"].kind == "text"
    assert register.says.endswith(".")
    assert register.asked_by
    names = [one.name for one in register.fields]
    assert len(set(names)) == len(names)
    assert not set(names) & {"id", "slug", "source", "words", "created_at", "changed_at"}, "the table has these itself"
    for one in register.fields:
        assert one.label
        assert one.help.endswith("."), one.name
        assert all(len(word) <= 60 and "," not in word and ";" not in word for word in one.choices)
        assert one.to in {"", *KNOWN}
        assert bool(one.to) == (one.kind in ("link", "links"))
        assert one.kind in EMPTY
        assert not one.facet or one.kind in ("text", "choice", "answer"), (
            f"{one.name} has too many values to choose from"
        )
    assert len(register.listed) <= 6, "a list has at most nine columns, and the name, the mark and the day are three"
    assert register.ends in register.field


@every
def test_an_empty_record_says_what_is_missing(register: Register) -> None:
    found = {one.field for one in register.problems(register.make({}))}
    assert found == {one.name for one in register.fields if one.required}


@every
@settings(max_examples=cases(15))
@given(data=st.data())
def test_a_record_survives_as_json(register: Register, data: st.DataObject) -> None:
    entry = data.draw(entries(register, KNOWN))
    assert register.from_json(json.loads(json.dumps(register.to_json(entry)))) == entry


def test_everything_that_is_wrong_in_json_is_told() -> None:
    with pytest.raises(EntryError) as error:
        ASSETS.from_json({"name": 3, "colour": "red", "kind": "dragon", "uses": "x", "reviewed_on": "soon"})
    assert error.value.problems == (
        '"colour" is not a field of asset',
        '"name" is not a text',
        f'"kind" has "dragon", which is none of: {", ".join(ASSETS.field["kind"].choices[1:])}',
        '"reviewed_on" is not a date written like 2026-01-31',
        '"uses" is not a list',
    )


def test_what_holds_between_fields_is_asked() -> None:
    wrong = SUPPLIERS.make(
        {
            "name": "Chat Ltd",
            "contract_from": date(2026, 5, 1),
            "contract_until": date(2026, 4, 1),
            "clauses": ("exit",),
            "clauses_not_needed": ("exit",),
        }
    )
    assert [(one.field, one.message) for one in SUPPLIERS.problems(wrong)] == [
        ("contract_until", "is 2026-04-01, before contract from 2026-05-01"),
        ("clauses_not_needed", "has exit, which the contract contains"),
    ]


# --- files


@every
@settings(max_examples=cases(8))
@given(data=st.data())
def test_what_is_exported_is_read_back_without_loss(register: Register, data: st.DataObject) -> None:
    """Rule: an export rebuilds the register elsewhere, and changes nothing where it came from."""
    drawn = data.draw(st.lists(entries(register, KNOWN), min_size=1, max_size=3))
    numbered = [register.replaced(one, {"reference": f"R-{i}"} if "reference" in register.field else {}) for i, one in
                enumerate(drawn)]  # fmt: skip
    records = [Existing(slug=f"{register.noun.replace('_', '-')}-{i}", facts=one) for i, one in enumerate(numbered)]
    for file_format in ("csv", "xlsx", "json"):
        read = written(register, records, file_format)
        assert read.problems == (), file_format
        there = planned(register, read)
        assert there.problems == (), file_format
        assert [same(one.facts) for one in records] == [same(row.facts) for row in there.rows], file_format
        assert [one.slug for one in records] == [row.slug for row in there.rows], file_format
        again = planned(register, read, records).rows
        assert ["unchanged"] * len(records) == [row.outcome for row in again], file_format


def test_rows_lead_to_each_other_by_name() -> None:
    """Rule: a file may name what its own rows are about; what is nowhere is told, row by row."""
    read = table(
        ["Asset name", "Kind", "Trained on", "AI systems", "Hosted by"],
        ["Credit model", "model", "Loan history", "bot", "nowhere"],
        ["Loan history", "training dataset", "", "triage; ghost", ""],
    )
    plan = planned(ASSETS, read)
    assert [str(one) for one in plan.problems] == [
        'Row 2, column Hosted by: "nowhere" is not in the register',
        'Row 3, column AI systems: "ghost" is not in the register',
    ]
    mended = planned(ASSETS, table(["Name", "Kind", "Trained on"], ["Credit model", "model", "Loan history"],
                                   ["Loan history", "training dataset", ""]))  # fmt: skip
    assert [(row.slug, row.facts.trained_on) for row in mended.rows] == [
        ("credit-model", ("loan-history",)), ("loan-history", ()),
    ]  # fmt: skip


def test_a_name_that_two_records_have_is_not_guessed() -> None:
    both = [Existing(slug=slug, facts=ASSETS.make({"name": "Data", "kind": "information"})) for slug in ("a", "b")]
    plan = planned(ASSETS, table(["Name", "Kind", "Uses"], ["Report", "information", "data"]), both)
    assert [str(one) for one in plan.problems] == [
        'Row 2, column Uses: "data" could mean several records; use the slug'
    ]


@pytest.mark.parametrize(
    ("column", "read"),
    [
        (["1.234,50 EUR", "12,5 EUR", "€ 1.000"], ["1234.50 EUR", "12.50 EUR", "1000.00 EUR"]),
        (["EUR 1,234.50", "£12.5", "1 000 CHF"], ["1234.50 EUR", "12.50 GBP", "1000.00 CHF"]),
    ],
)
def test_money_is_read_as_its_column_writes_it(column: list[str], read: list[str]) -> None:
    rows = [[f"S{i}", cell] for i, cell in enumerate(column)]
    plan = planned(SUPPLIERS, table(["Supplier", "Spend a year"], *rows))
    assert [row.facts.spend for row in plan.rows] == read


def test_money_without_a_currency_is_told() -> None:
    plan = planned(SUPPLIERS, table(["Name", "Spend a year"], ["A", "1000"], ["B", "$5"]))
    assert [str(one) for one in plan.problems] == [
        'Row 2, column Spend a year: "1000" names no currency we know; write it like 1250.00 EUR',
        'Row 3, column Spend a year: "$5" names no currency we know; write it like 1250.00 EUR',
    ]
    assert amount_of("") is None
    assert value_of(SUPPLIERS.field["spend"], "1.00 EUR") == "1.00 EUR"


@pytest.mark.parametrize("register", REGISTERS.values(), ids=REGISTERS)
def test_no_field_has_a_name_that_forms_and_the_api_use_themselves(register) -> None:
    """Rule: `because` is the reason for a change and `seen` what the asker saw, in every form and every request."""
    assert set(register.field).isdisjoint({"because", "seen", "slug", "id", "source", "words"})


def test_what_a_cell_cannot_be_is_told_row_by_row_and_the_rest_is_read() -> None:
    """Rule: numbers and days are read as people of several languages write them; what is neither is named."""
    columns = ["Risk", "Area", "Likelihood", "Assessed on", "Events a year, low", "Events a year, high"]
    rows = [
        ["A", "security", "3", "1. März 2026", "0,5", "1.000,25"],
        ["B", "security", "three", "31. Februar 2026", "0,5", "viel"],
        ["C", "weather", "2,5", "1er août 2026", "-1", "2"],
        ["D", "security", "4", "bald", "0,25", "2"],
    ]
    plan = planned(RISKS, table(columns, *rows))
    assert [str(one) for one in plan.problems] == [
        'Row 3, column Likelihood: "three" is not a number; write it like 1234.5',
        'Row 3, column Assessed on: "31. Februar 2026" is not a date that exists; write it like 2026-01-31',
        'Row 3, column Events a year, high: "viel" is not a number; write it like 1234.5',
        f'Row 4, column Area: "weather" is not known here; known are {known_words(RISKS.field["area"])}',
        'Row 4, column Likelihood: "2,5" is not a whole number',
        'Row 4, column Events a year, low: "-1" is -1.0; it must be from 0.0001 to 100,000',
    ]
    first, last = plan.rows
    assert (first.facts.assessed_on, first.facts.frequency_low, first.facts.frequency_high) == (
        date(2026, 3, 1), 0.5, 1000.25,
    )  # fmt: skip
    assert (last.facts.assessed_on, dict(last.facts.source)["Assessed on"]) == (None, "bald")
    assert any("text that is no date" in note and "bald" in note for note in plan.notes)


@pytest.mark.slow
def test_a_hundred_thousand_rows_are_planned_in_bounded_time() -> None:
    """Rule: the time grows with the rows and no faster, also where half of them are wrong and names repeat."""
    spent = []
    for many in (20_000, 100_000):
        lines = [[f"Thing {n % (many // 4)}", ("model", "dragon")[n % 2], f"R-{n}", f"R-{n // 2}"] for n in range(many)]
        begun = time.process_time()
        plan = planned(ASSETS, table(["Name", "Kind", "Reference", "Uses"], *lines))
        spent.append(time.process_time() - begun)
        assert len(plan.rows) + len({one.row for one in plan.problems}) == many
    assert spent[1] < 10 * spent[0]
    assert spent[1] < 120
