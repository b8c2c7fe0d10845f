"""The facts about a system are read whole or refused with everything that is wrong."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.fields import ANSWERS, tidy
from annexa.pure.systems import (
    BUILT,
    FIELD,
    FIELDS,
    HIGH_RISK_BY,
    ROLES,
    STAGES,
    SystemFacts,
    SystemFactsError,
    tidied,
    validate,
)

SCREENING = SystemFacts(
    name="CV screening",
    reference="AI-7",
    purpose="Sorts applications",
    outputs="A rank",
    unit="People",
    stage="operation",
    roles=("deployer", "employer_deployer"),
    classes=("high-risk", "transparency"),
    high_risk_by="annex-iii",
    owner="ada@example.org",
    built="supplier",
    supplier="Rankwell Ltd",
    personal_data="yes",
    impact_assessment="planned",
    started_on=date(2024, 1, 2),
    deployed_on=date(2024, 5, 1),
    source=(("Status", "live since May"),),
)

days = st.none() | st.dates(date(1950, 1, 1), date(2100, 12, 31))
texts = st.text(max_size=40)
answers = st.sampled_from(ANSWERS)


@st.composite
def any_facts(draw: st.DrawFn) -> SystemFacts:
    """Any facts of the right types, whether or not they make sense together."""
    values: dict[str, st.SearchStrategy[Any]] = {
        "text": texts, "long": texts, "date": days, "answer": answers, "whole": st.none() | st.integers(-5, 2**40),
    }  # fmt: skip
    record: dict[str, Any] = {}
    for field in FIELDS:
        if field.kind == "choice":
            record[field.name] = draw(st.sampled_from(field.choices))
        elif field.kind == "choices":
            record[field.name] = tuple(draw(st.lists(st.sampled_from(field.choices), unique=True)))
        else:
            record[field.name] = draw(values[field.kind])
    return SystemFacts(**record, source=tuple(draw(st.lists(st.tuples(texts, texts), max_size=3))))


def test_it_works() -> None:
    """Sensible facts have no problem and come back from JSON as they were."""
    assert validate(SCREENING) == ()
    assert SystemFacts.from_json(SCREENING.to_json()) == SCREENING
    assert validate(SystemFacts(name="x")) == ()


def test_every_field_is_declared_once() -> None:
    """Forms, imports and exports are made from FIELDS, so it has to name all facts and nothing else."""
    assert {*FIELD, "source"} == {field.name for field in fields(SystemFacts)}
    assert len({field.label for field in FIELDS}) == len(FIELDS)
    assert all(field.help.endswith(".") or field.help.endswith("?") for field in FIELDS)


def test_json_is_plain_and_ordered() -> None:
    """Keys keep the order of FIELDS, so two exports of one state are the same bytes."""
    record = SCREENING.to_json()
    assert [*FIELD, "source"] == list(record)
    assert record["started_on"] == "2024-01-02"
    assert record["retired_on"] is None
    assert record["roles"] == ["deployer", "employer_deployer"]
    assert record["source"] == [["Status", "live since May"]]


@given(any_facts())
def test_json_loses_nothing(facts: SystemFacts) -> None:
    """Whatever is known of a system survives being stored."""
    assert SystemFacts.from_json(facts.to_json()) == facts


def test_from_json_reports_everything_wrong() -> None:
    """All errors of a record are told at once."""
    record = {
        "stage": "sleeping", "roles": ["king"], "started_on": "2.1.2024", "unit": 7, "colour": "red", "source": ["x"],
    }  # fmt: skip
    with pytest.raises(SystemFactsError) as caught:
        SystemFacts.from_json(record)
    said = str(caught.value)
    assert len(caught.value.problems) == 7
    for word in ("colour", "name", "sleeping", "king", "2026-01-31", "unit", "pairs"):
        assert word in said


@pytest.mark.parametrize("record", [{"name": "x", "started_on": "2024-02-31"}, {"name": "x", "roles": "deployer"}])
def test_from_json_refuses(record: dict[str, object]) -> None:
    """A day that does not exist and a text for a list are refused."""
    with pytest.raises(SystemFactsError):
        SystemFacts.from_json(record)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 301}, "name"),
        ({"reference": "x" * 101}, "reference"),
        ({"owner": "ada@"}, "owner"),
        ({"stage": "sleeping"}, "stage"),
        ({"roles": ("king",)}, "roles"),
        ({"roles": ("deployer", "deployer")}, "roles"),
        ({"classes": ("minimal", "gpai"), "high_risk_by": ""}, "classes"),
        ({"classes": ()}, "high_risk_by"),
        ({"retired_on": date(2024, 4, 30)}, "retired_on"),
        ({"started_on": date(1905, 7, 16)}, "started_on"),
        ({"source": (("a", "x"), ("a", "y"))}, "source"),
        ({"source": ((" a", "x"),)}, "source"),
        ({"source": (("a", " "),)}, "source"),
    ],
)
def test_what_is_wrong_is_said(change: dict[str, object], field: str) -> None:
    """Each broken rule names its field."""
    assert [field] == [problem.field for problem in validate(replace(SCREENING, **change))]  # type: ignore[arg-type]


def test_all_problems_at_once() -> None:
    """Nobody should have to send a form five times."""
    facts = SystemFacts(name="", unit="x" * 301, deployed_on=date(2024, 1, 2), retired_on=date(2024, 1, 1))
    assert [problem.field for problem in validate(facts)] == ["name", "unit", "retired_on"]


def test_use_before_the_start_is_let_pass() -> None:
    """Organisations often record the formal start after the first use."""
    assert validate(replace(SCREENING, deployed_on=date(2023, 1, 1))) == ()


@given(any_facts())
def test_validate_never_fails(facts: SystemFacts) -> None:
    """Any facts can be judged, and tidying is done once and for all."""
    validate(facts)
    assert tidied(tidied(facts)) == tidied(facts)


@pytest.mark.parametrize(
    ("text", "long", "expected"),
    [
        ("  Machine\r\n translation ", False, "Machine translation"),
        ("  one\r\n two\rthree ", True, "one\n two\nthree"),
        ("bell\x07", False, "bell"),
        ("bell\x07\ttab", True, "bell\ttab"),
        ("Grüße – “so”", False, "Grüße – “so”"),
    ],
)
def test_tidy(text: str, long: bool, expected: str) -> None:
    """What cannot be seen is not kept."""
    assert expected == tidy(text, long=long)


def test_words_are_those_of_the_law_library() -> None:
    """Rules bind by these words; a missing one would free a system from its duties."""
    assert len(ROLES) == 10
    assert STAGES[0] == BUILT[0] == HIGH_RISK_BY[0] == ""
