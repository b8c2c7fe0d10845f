"""Exceptions from rules: what is asked of their records, what the checks assert."""

from datetime import timedelta

import pytest

from annexa.pure.registers.exceptions import EXCEPTIONS
from tests.pure.fulfilling import DAY, EVERY, asserts, at

ASKER, OTHER = "ada@example.org", "lee@example.org"
WHOLE = {
    "document": "access-policy", "why": "Consoles", "instead": "Door log", "owner": ASKER, "until": DAY,
    "approved_by": OTHER, "approved_on": DAY,
}  # fmt: skip


@pytest.mark.parametrize(
    ("check", "values", "more"),
    [
        ("exceptions_approved", WHOLE, {}),
        ("exceptions_in_time", {"until": DAY}, {"until": at(2026, 3, 2)}),
    ],
)
def test_what_a_check_asserts(check: str, values: dict, more: dict) -> None:
    asserts(check, values, **more)


def test_a_control_will_do_in_the_place_of_a_document() -> None:
    check = EVERY["exceptions_approved"]
    entry = EXCEPTIONS.make({"name": "x", **WHOLE, "document": "", "controls": ("ACC-02",)})
    assert check.until(entry) is not None


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        (WHOLE, []),
        ({"document": "access-policy"}, []),
        ({}, []),
        ({**WHOLE, "document": ""}, ["document"]),
        ({**WHOLE, "asked_by": OTHER.upper()}, ["approved_by"]),
        ({**WHOLE, "owner": OTHER}, ["approved_by"]),
        ({**WHOLE, "until": DAY - timedelta(days=1)}, ["until"]),
        ({**WHOLE, "until": DAY + timedelta(days=367)}, ["until"]),
        ({**WHOLE, "why": "", "instead": "", "until": None}, ["why", "instead", "until"]),
        ({"document": "x", "approved_on": DAY}, ["approved_by", "why", "instead", "until"]),
    ],
)
def test_nobody_approves_their_own_and_none_is_without_an_end(values: dict, fields: list[str]) -> None:
    entry = EXCEPTIONS.make({"name": "Consoles", **values})
    assert [one.field for one in EXCEPTIONS.problems(entry)] == fields
