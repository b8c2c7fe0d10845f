"""A cell is read as people write it, and what is not understood is never guessed."""

from datetime import date
from decimal import Decimal

import pytest

from annexa.pure.cells import read_answer, read_built, read_date, read_number, read_stage


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
        ("1. Mai 2024", date(2024, 5, 1), True), ("31. März 2024", date(2024, 3, 31), True),
        ("24. Dez. 2024", date(2024, 12, 24), True), ("1er août 2024", date(2024, 8, 1), True),
        ("14 févr. 2024", date(2024, 2, 14), True), ("3 de marzo de 2024", date(2024, 3, 3), True),
        ("2 giugno 2024", date(2024, 6, 2), True), ("5 mei 2024", date(2024, 5, 5), True),
        ("Oktober 2023", date(2023, 10, 1), False), ("1. Maibaum 2024", None, False),
        ("Oct 2023", date(2023, 10, 1), False), ("October 2023", date(2023, 10, 1), False),
        ("10/2023", date(2023, 10, 1), False),
        ("2023-10", date(2023, 10, 1), False), ("2023", date(2023, 1, 1), False), ("45413", date(2024, 5, 1), False),
        ("2022-11-16 (first formal action)", date(2022, 11, 16), False), ("7/16/1905", date(2024, 1, 1), False),
        ("N/A", None, False), ("N/A - Consolidated into another use case.", None, False),
    ],
)  # fmt: skip
def test_dates(text: str, day: date | None, exact: bool) -> None:
    """Dates are read however they are written; what is less than a day, or more than a date, is kept as text too."""
    reading = read_date(text)
    assert (day, exact, "") == (reading.value, reading.exact, reading.problem)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.5", "1234.5"), ("1.234,5", "1234.5"), ("1 234,5", "1234.5"), ("−3", "-3"), ("7.2e-240", "7.2E-240"),
        ("1,5E+3", "1500"), ("2E5", "200000"),
    ],
)  # fmt: skip
def test_numbers(text: str, value: str) -> None:
    """A number is one however people, spreadsheets and programs write it."""
    assert read_number(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "e5", "1e", "1e2e3", "5 east", "1E1.5"])
def test_no_numbers(text: str) -> None:
    assert read_number(text) is None
