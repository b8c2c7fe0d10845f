"""A policy is written from facts without a gap, or not at all; and a value is never anything but text."""

from dataclasses import replace
from datetime import date
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.documents import (
    Basis,
    Bullets,
    Condition,
    DocumentError,
    Fill,
    FillValue,
    Module,
    Paragraph,
    Policy,
    asked,
    assemble,
    blocks,
    missing,
    read_fill,
    served,
    to_markdown,
)

ALWAYS = Basis(framework="small", requirement="1")
SOMETIMES = Basis(framework="small", requirement="2")
FILLS = (
    Fill(id="house", label="Name", help="h", kind="text"),
    Fill(id="lead", label="Lead", help="h", kind="person", default="head of AI"),
    Fill(id="from", label="In force", help="h", kind="date"),
    Fill(id="days", label="Days", help="h", kind="number", default=14, unit="day", minimum=1, maximum=60),
    Fill(id="most", label="Most", help="h", kind="number", default=20, more_than="days"),
    Fill(id="role", label="Role", help="h", kind="choice", choices=("maker", "user"), default="user"),
    Fill(id="tools", label="Tools", help="h", kind="list", default=("Aide", "Quill")),
    Fill(id="council", label="Council", help="h", kind="person", required=False),
)
POLICY = Policy(
    id="small",
    title="Small policy",
    purpose="For tests.",
    basis=(ALWAYS,),
    serves=(),
    owner_role="lead",
    approver_role="lead",
    review_months=12,
    version="3",
    modules=(
        Module(
            id="rules",
            title="Rules",
            text="{house} binds {tools} within {days} of {from}.\n\n- {tools}\n- at most {most}\n  times",
            basis=(ALWAYS,),
        ),
        Module(
            id="makers",
            title="Makers",
            text="The {lead} signs.",
            asked_if=(Condition(fill="role", operator="=", value="maker"),),
            basis=(SOMETIMES,),
        ),
        Module(
            id="council",
            title="Council",
            text="The {council} hears.",
            asked_if=(Condition(fill="council", operator="given"),),
        ),
        Module(id="review", title="Review", text="Version {policy-version} of the {policy-title}: {policy-review}."),
    ),
    fills=MappingProxyType({fill.id: fill for fill in FILLS}),
)
GIVEN: dict[str, FillValue] = {"house": "Fenwharf", "from": date(2027, 1, 4)}


def because(**fills: FillValue) -> dict[str, str]:
    """What `missing` says of each fill, with these in place of what is given."""
    return {problem.fill: problem.because for problem in missing(POLICY, GIVEN | fills)}


def test_it_is_assembled() -> None:
    document = assemble(POLICY, GIVEN)
    assert [(section.number, section.id) for section in document.sections] == [(1, "rules"), (2, "review")]
    assert document.sections[0].blocks == (
        Paragraph(text="Fenwharf binds Aide and Quill within 14 days of 4 January 2027."),
        Bullets(items=("Aide", "Quill", "at most 20 times")),
    )
    assert document.sections[1].blocks == (Paragraph(text="Version 3 of the Small policy: 12 months."),)
    assert (document.owner, document.review) == ("head of AI", "12 months")
    assert document.fills["days"] == "14 days"
    assert "council" not in document.fills


def test_a_module_is_for_those_it_concerns() -> None:
    document = assemble(POLICY, GIVEN | {"role": "maker", "council": "works council"})
    assert [section.title for section in document.sections] == ["Rules", "Makers", "Council", "Review"]
    assert served(POLICY, GIVEN | {"role": "maker"}) == (ALWAYS, SOMETIMES)
    assert served(POLICY, GIVEN) == (ALWAYS,)


@pytest.mark.parametrize(
    ("operator", "value", "given", "holds"),
    [
        ("=", "yes", "yes", True),
        ("=", "yes", "no", False),
        ("=", "yes", None, False),
        ("!=", "yes", "no", True),
        ("!=", "yes", None, True),
        ("includes", "maker", ("user", "maker"), True),
        ("includes", "maker", ("user",), False),
        ("includes", "maker", None, False),
        ("given", "", "x", True),
        ("given", "", None, False),
    ],
)
def test_conditions(operator, value: str, given: FillValue | None, holds: bool) -> None:
    assert Condition(fill="x", operator=operator, value=value).holds(given) is holds


def test_everything_that_is_missing_is_said_at_once() -> None:
    assert {problem.fill for problem in missing(POLICY, {"days": 0, "tools": ("one", "TBD")})} == {
        "house",
        "from",
        "days",
        "tools",
    }
    with pytest.raises(DocumentError, match="house: Name is not given\nfrom: In force is not given"):
        assemble(POLICY, {})


def test_nobody_is_asked_for_what_no_chapter_needs() -> None:
    assert "council" in {fill.id for fill in asked(POLICY, {})}
    assert because() == {}
    assert because(role="user", unknown="whatever") == {}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("TBD", "not given yet"),
        ("[name]", "not given yet"),
        ("{house}", "not given yet"),
        ("<company name>", "not given yet"),
        ("xxx Ltd", "not given yet"),
        ("who??", "not given yet"),
        ("...", "neither letters nor digits"),
        ("a\nb", "cannot be seen"),
        ("abc\u202edef", "cannot be seen"),
        ("a" * 301, "longer than 300"),
        (12, "is not text"),
    ],
)
def test_a_text_that_is_no_answer_is_refused(value: FillValue, says: str) -> None:
    assert says in because(house=value)["house"]


def test_blank_is_not_given() -> None:
    assert because(house="  ") == {"house": "Name is not given"}


def test_numbers_have_limits() -> None:
    assert because(days=61) == {"days": "Days is 61; it is from 1 to 60", "most": because(days=61)["most"]}
    assert "not a whole number" in because(days="ten")["days"]
    assert "not a whole number" in because(days=True)["days"]
    assert "more than 14" in because(most=14)["most"]


def test_choices_dates_and_lists_are_what_they_say() -> None:
    assert "one of maker, user" in because(role="both")["role"]
    assert "not a date" in because(**{"from": "tomorrow"})["from"]
    assert "not a list" in because(tools="Aide")["tools"]
    assert "more than 50" in because(tools=("x",) * 51)["tools"]


def test_one_has_no_plural_and_a_single_item_no_and() -> None:
    text = to_markdown(assemble(POLICY, GIVEN | {"days": 1, "tools": ("Aide",)}))
    assert "binds Aide within 1 day of" in text


def test_the_shorter_rhythm_of_reviews_counts() -> None:
    rhythm = Fill(id="review-months", label="Rhythm", help="h", kind="number", default=6, unit="month")
    policy = replace(POLICY, fills=MappingProxyType({**POLICY.fills, rhythm.id: rhythm}))
    assert assemble(policy, GIVEN).review == "6 months"
    assert assemble(policy, GIVEN | {"review-months": 24}).review == "12 months"


def test_markup_in_a_value_stays_text() -> None:
    """Rule: who names a supplier cannot make a heading, a list, a link or emphasis."""
    policy = replace(POLICY, modules=(Module(id="m", title="M", text="{house}\n\n- {house}"),))
    for value in ("# Title", "- item", "1. item", "a *b* `c` _d_", "a | b", "&lt; <b", "+ x", "=== x"):
        document = assemble(policy, {"house": value})
        assert document.sections[0].blocks == (Paragraph(text=value), Bullets(items=(value,)))
        first, item = to_markdown(document).split("## 1. M\n\n")[1].strip().split("\n\n")
        assert first.replace("\\", "") == value
        assert not first.startswith(("#", "- ", "1. ", "+ ", "="))
        assert item == f"- {first}"


def test_text_is_split_into_paragraphs_and_lists() -> None:
    assert blocks("One\ntwo.\n\nThree:\n- a\n  b\n- c\nAfter.\n") == (
        Paragraph(text="One two."),
        Paragraph(text="Three:"),
        Bullets(items=("a b", "c")),
        Paragraph(text="After."),
    )
    assert blocks(" \n\n") == ()


@pytest.mark.parametrize(
    ("fill", "text", "value"),
    [
        ("house", "  Fen \t wharf ", "Fen wharf"),
        ("house", " ", None),
        ("days", "14", 14),
        ("days", "about 14", "about 14"),
        ("from", "2027-01-04", date(2027, 1, 4)),
        ("from", "soon", "soon"),
        ("tools", "Aide\n\n  Quill pen\n", ("Aide", "Quill pen")),
    ],
)
def test_what_a_person_types_becomes_a_value(fill: str, text: str, value: FillValue | None) -> None:
    assert read_fill(POLICY.fills[fill], text) == value


ANYTHING = st.one_of(
    st.text(max_size=20),
    st.text(alphabet="TBDx{}[]<>-#* \n1.", max_size=12),
    st.integers(-5, 80),
    st.dates(),
    st.lists(st.text(alphabet="abTBDx{-# ", max_size=8), max_size=4).map(tuple),
    st.sampled_from(["maker", "user"]),
)


@given(st.dictionaries(st.sampled_from([fill.id for fill in FILLS]), ANYTHING))
def test_no_document_has_a_gap(fills: dict[str, FillValue]) -> None:
    """Rule: facts that nothing is missing in always give a document, and it has nothing left to fill."""
    if missing(POLICY, GIVEN | fills):
        with pytest.raises(DocumentError):
            assemble(POLICY, GIVEN | fills)
        return
    document = assemble(POLICY, GIVEN | fills)
    text = to_markdown(document)
    assert [gap for gap in ("{", "}", "[", "]", "TBD", "xxx") if gap in text] == []
    assert document == assemble(POLICY, dict(reversed([*(GIVEN | fills).items()])))


@given(st.sampled_from(["rules", "makers", "review"]), st.sampled_from(["maker", "user"]), st.booleans())
def test_a_condition_changes_no_other_chapter(changed: str, role: str, council: bool) -> None:
    """Rule: what one chapter is asked for says nothing about the text of the others."""
    fills = GIVEN | {"role": role} | ({"council": "works council"} if council else {})
    condition = Condition(fill="role", operator="=", value="maker")
    modules = tuple(
        replace(module, asked_if=(*module.asked_if, condition)) if module.id == changed else module
        for module in POLICY.modules
    )
    before, after = (
        {section.id: (section.title, section.blocks, section.basis) for section in assemble(policy, fills).sections}
        for policy in (POLICY, replace(POLICY, modules=modules))
    )
    before.pop(changed, None)
    after.pop(changed, None)
    assert before == after
