"""What follows from a record does so with certainty or not at all, and a person's answer always prevails."""

import re
from datetime import date
from itertools import product

import pytest

from annexa.pure.presumptions import (
    CONCLUSIONS,
    RECORD_FIELDS,
    AtLeast,
    Presumption,
    parse_term,
    presumed,
    presumption_problems,
    record_of,
    together,
)
from annexa.pure.systems import FIELD, SystemFacts

AT = date(2026, 11, 20)


def presumption(
    name: str = "one", *when: str, unless: tuple[str, ...] = (), answer: str | AtLeast = "yes", question: str = "q"
) -> Presumption:
    return Presumption(
        id=name,
        question=question,
        answer=answer,
        when=tuple(map(parse_term, when)),
        unless=tuple(map(parse_term, unless)),
        because="It says so.",
        cites=("1",),
    )


@pytest.mark.parametrize(
    ("term", "record", "holds"),
    [
        ("stage=operation", {"stage": "operation"}, True),
        ("stage=operation", {"stage": "concept"}, False),
        ("stage=operation", {"stage": ""}, None),
        ("stage=operation", {}, None),
        ("personal_data=no", {"personal_data": "no"}, True),
        ("personal_data=no", {"personal_data": "not applicable"}, False),
        ("personal_data=no", {"personal_data": "unknown"}, None),
        ("deployed_on<2026-08-02", {"deployed_on": date(2026, 8, 1)}, True),
        ("deployed_on<2026-08-02", {"deployed_on": date(2026, 8, 2)}, False),
        ("deployed_on<=2026-08-02", {"deployed_on": date(2026, 8, 2)}, True),
        ("deployed_on=2026-08-02", {"deployed_on": date(2026, 8, 2)}, True),
        ("deployed_on>=2026-08-02", {"deployed_on": date(2026, 8, 1)}, False),
        ("deployed_on>2026-08-02", {"deployed_on": None}, None),
        ("retired_on<=today", {"retired_on": AT}, True),
        ("retired_on<today", {"retired_on": AT}, False),
        ("retired_on > today", {"retired_on": date(2026, 11, 21)}, True),
    ],
)
def test_a_term_holds_does_not_or_is_not_known(term: str, record: dict[str, object], holds: bool | None) -> None:
    assert parse_term(term).holds(record, AT) is holds


def test_what_is_not_known_neither_gives_nor_takes_back() -> None:
    """An unknown condition gives nothing; an unknown exception does not stand in the way."""
    one = presumption("one", "stage=operation", unless=("deployed_on>today",))
    assert one.holds({"stage": "operation"}, AT)
    assert not one.holds({"stage": "operation", "deployed_on": date(2027, 1, 1)}, AT)
    assert one.holds({"stage": "operation", "deployed_on": date(2027, 1, 1)}, date(2027, 1, 1))
    assert not one.holds({}, AT)


def test_an_empty_record_settles_nothing() -> None:
    """Whatever a presumption asks for: a system of which only the name is known has none."""
    terms = [f"{name}={word}" for name in RECORD_FIELDS for word in FIELD[name].choices if word not in ("", "unknown")]
    terms += [f"{name}{sign}today" for name in RECORD_FIELDS if FIELD[name].kind == "date" for sign in ("<", ">=")]
    assert len(terms) > 20
    assert presumed([presumption(term, term) for term in terms], record_of(SystemFacts(name="A")), AT) == {}


def test_only_closed_words_and_days_are_read_and_no_conclusion() -> None:
    assert {FIELD[name].kind for name in RECORD_FIELDS} == {"choice", "answer", "date"}
    assert not {*RECORD_FIELDS} & {*CONCLUSIONS}
    assert {"stage", "built", "personal_data", "deployed_on"} <= {*RECORD_FIELDS}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stage", "write field=word"),
        ("stage=", "write field=word"),
        ("colour=red", "'colour' is not a field of the register; known are stage"),
        ("purpose=police", "purpose is free text, from which nothing follows"),
        ("owner=x", "owner is free text"),
        ("roles=provider", "roles is what a classification writes into the record"),
        ("classes=minimal", "classes is what a classification writes"),
        ("high_risk_by=annex-i", "high_risk_by is what a classification writes"),
        ("stage=launched", "stage has no value 'launched'; known are concept"),
        ("personal_data=unknown", "from personal_data unknown nothing follows"),
        ("stage<operation", "stage is a word, which is compared with = only, not with <"),
        ("deployed_on<soon", "deployed_on is a day; it is compared with one such as 2026-08-02 or with today"),
        ("deployed_on=2026-02-30", "deployed_on is a day"),
    ],
)
def test_a_wrong_term_is_refused_with_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_term(text)


@pytest.mark.parametrize("text", ["stage=operation", "deployed_on<=2026-08-02", "retired_on>today"])
def test_a_term_is_written_as_it_is_read(text: str) -> None:
    assert str(parse_term(text)) == text


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ([presumption("a", "stage=operation", "stage=concept")], "presumption a: its condition can never hold"),
        ([presumption("a", "deployed_on<2026-01-01", "deployed_on>=2026-01-01")], "its condition can never hold"),
        ([presumption("a", "deployed_on<today", "deployed_on>today")], "its condition can never hold"),
        (
            [presumption("a", "started_on>=2026-08-02", "deployed_on<2026-08-02", "deployed_on=2026-09-01")],
            "its condition can never hold",
        ),
        (
            [presumption("a", "stage=operation", unless=("stage=concept",))],
            "presumption a: its exception stage=concept can never matter",
        ),
        (
            [presumption("a", "deployed_on<2026-01-01", unless=("deployed_on<2026-06-01",))],
            "presumption a: whenever its condition holds, an exception does",
        ),
        (
            [presumption("a", "stage=operation"), presumption("b", "built=in-house", answer="no")],
            "presumptions a and b: both can hold, and they answer q differently",
        ),
    ],
)
def test_what_can_never_hold_or_may_contradict_itself_is_found(made: list[Presumption], said: str) -> None:
    assert said in "; ".join(presumption_problems(made))


@pytest.mark.parametrize(
    "made",
    [
        [presumption("a", "stage=operation"), presumption("b", "stage=concept", answer="no")],
        [presumption("a", "stage=operation"), presumption("b", "built=in-house")],
        [presumption("a", "stage=operation"), presumption("b", "stage=operation", answer="no", question="other")],
        [presumption("a", "deployed_on>=today", "deployed_on<=today")],
        [presumption("a", "started_on>2026-08-02", "deployed_on<2026-08-02", unless=("retired_on<=today",))],
        [
            presumption("a", "stage=operation", answer=AtLeast(choices=("x",))),
            presumption("b", "built=in-house", answer=AtLeast(choices=("y",))),
        ],
    ],
)
def test_what_is_sound_is_let_pass(made: list[Presumption]) -> None:
    assert presumption_problems(made) == ()


def test_parts_of_one_answer_add_up() -> None:
    """Two presumptions about a question with several choices make one answer, still in part."""
    made = [
        presumption("a", "stage=operation", answer=AtLeast(choices=("x",))),
        presumption("b", "built=in-house", answer=AtLeast(choices=("y", "x"))),
    ]
    (found,) = presumed(made, {"stage": "operation", "built": "in-house"}, AT).values()
    assert found.answer == AtLeast(choices=("x", "y"))
    assert [one.id for one in found.presumptions] == ["a", "b"]


def test_a_persons_answer_prevails_also_that_nobody_knows() -> None:
    record = presumed([presumption("a", "stage=operation")], {"stage": "operation"}, AT)
    assert together({}, record) == {"q": "yes"}
    assert together({"q": None}, record) == {"q": "yes"}
    for said in ("no", "yes", "unknown"):
        assert together({"q": said, "p": "no"}, record) == {"q": said, "p": "no"}


@pytest.mark.parametrize(
    ("answer", "said", "contradicts"),
    [
        ("yes", "no", True),
        ("yes", "yes", False),
        ("yes", "unknown", False),
        ("yes", None, False),
        (AtLeast(choices=("x",)), ["x", "y"], False),
        (AtLeast(choices=("x",)), ["y"], True),
        (AtLeast(choices=("x",)), (), True),
        (AtLeast(choices=("x",)), "unknown", False),
    ],
)
def test_a_contradiction_is_an_answer_that_cannot_stand_beside_the_record(
    answer: str | AtLeast, said: object, contradicts: bool
) -> None:
    record = presumed([presumption("a", "stage=operation", answer=answer)], {"stage": "operation"}, AT)
    assert record["q"].contradicts(said) is contradicts


def test_the_search_for_conditions_that_never_hold_tries_every_order_of_days() -> None:
    """Against the truth by hand: two bounds on one day can hold together unless they shut each other out."""
    days = {"2026-01-01": 1, "2026-01-03": 3}
    tests = {"<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__, "=": int.__eq__}
    for (one, first), (other, second) in product(product(tests, days), repeat=2):
        made = presumption("a", f"deployed_on{one}{first}", f"deployed_on{other}{second}")
        possible = any(tests[one](day, days[first]) and tests[other](day, days[second]) for day in range(6))
        assert (presumption_problems([made]) == ()) is possible, made.when
