"""Incidents at suppliers: whether they told in time, what is asked of the records, what the checks assert."""

from datetime import timedelta

import pytest

from annexa.pure.registers.supplier_incidents import SUPPLIER_INCIDENTS, notice_of
from tests.pure.fulfilling import DAY, EVERY, asserts, at

NEXT = DAY + timedelta(days=1)
KNOWN = {"supplier": "parley", "owner": "ada@example.org", "severity": "high", "personal_data": "no"}


@pytest.mark.parametrize(
    ("hours", "learnt", "told", "notice"),
    [
        (None, (DAY, ""), (DAY, ""), "no clause"),
        (24, (DAY, ""), (None, ""), "not told"),
        (24, (None, ""), (DAY, ""), "unknown"),
        # the same day is never more than 24 hours; of two days in a row nobody can tell without the times
        (24, (DAY, ""), (DAY, ""), "in time"),
        (12, (DAY, ""), (DAY, ""), "unknown"),
        (24, (DAY, ""), (NEXT, ""), "unknown"),
        (48, (DAY, ""), (NEXT, ""), "in time"),
        (24, (DAY, ""), (NEXT + timedelta(days=2), ""), "late"),
        # to the minute, where both times are known
        (24, (DAY, "14:30"), (NEXT, "14:30"), "in time"),
        (24, (DAY, "14:30"), (NEXT, "14:31"), "late"),
        # one of them may decide it by itself
        (24, (DAY, "00:10"), (NEXT, ""), "unknown"),
        (24, (DAY, "23:59"), (NEXT, ""), "in time"),
        (1, (DAY, ""), (NEXT, "02:00"), "late"),
    ],
)
def test_the_hours_of_the_contract_run_from_when_the_supplier_learnt_of_it(hours, learnt, told, notice) -> None:
    values = {"learnt_on": learnt[0], "learnt_time": learnt[1], "told_on": told[0], "told_time": told[1]}
    assert notice_of(SUPPLIER_INCIDENTS.make({"notice_hours": hours, **values})) == notice


@pytest.mark.parametrize(
    ("check", "values", "more"),
    [
        ("supplier_incidents_handled", {**KNOWN, "known_on": DAY}, {"until": at(2026, 4, 30)}),
        (
            "supplier_incidents_handled",
            {**KNOWN, "closed_on": DAY, "done": "Mended", "lesson": "Cache off"},
            {"besides": {"known_on": None}},
        ),
        (
            "supplier_incidents_told_in_time",
            {"notice_hours": 24, "learnt_on": DAY, "told_on": DAY},
            {},
        ),
        ("supplier_incidents_told_in_time", {"notice_hours": 24, "notice_taken_up": "Promised"}, {}),
    ],
)
def test_what_a_check_asserts(check: str, values: dict, more: dict) -> None:
    asserts(check, values, **more)


@pytest.mark.parametrize(("severity", "days"), [("critical", 30), ("high", 60), ("medium", 90), ("low", 90)])
def test_the_worse_it_is_the_sooner_it_is_closed(severity: str, days: int) -> None:
    entry = SUPPLIER_INCIDENTS.make({**KNOWN, "severity": severity, "known_on": DAY})
    assert EVERY["supplier_incidents_handled"].until(entry) == at(2026, 3, 1) + timedelta(days=days)


def test_without_a_clause_nobody_can_have_told_late() -> None:
    check = EVERY["supplier_incidents_told_in_time"]
    assert not check.looks_at(SUPPLIER_INCIDENTS.make({"name": "x"}))
    late = SUPPLIER_INCIDENTS.make({"notice_hours": 1, "learnt_on": DAY, "told_on": NEXT + timedelta(days=2)})
    assert check.looks_at(late)
    assert check.until(late) is None


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({}, []),
        ({"happened_on": NEXT, "learnt_on": DAY}, ["learnt_on"]),
        ({"learnt_on": NEXT, "told_on": DAY}, ["told_on"]),
        ({"known_on": NEXT, "closed_on": DAY, "done": "Mended"}, ["closed_on"]),
        ({"closed_on": DAY}, ["done"]),
        ({"learnt_on": DAY, "learnt_time": "2 pm"}, ["learnt_time"]),
        ({"learnt_on": DAY, "learnt_time": "24:00"}, ["learnt_time"]),
        ({"told_time": "14:30"}, ["told_time"]),
        ({"learnt_on": DAY, "told_on": DAY, "learnt_time": "14:30", "told_time": "09:00"}, ["told_time"]),
        ({"learnt_on": DAY, "told_on": DAY, "learnt_time": "14:30"}, []),
        ({"notice_hours": 0}, ["notice_hours"]),
    ],
)
def test_what_is_wrong_with_a_record_is_said_by_field(values: dict, fields: list[str]) -> None:
    entry = SUPPLIER_INCIDENTS.make({"name": "Cache", "supplier": "chat-ltd", **values})
    assert [one.field for one in SUPPLIER_INCIDENTS.problems(entry)] == fields
