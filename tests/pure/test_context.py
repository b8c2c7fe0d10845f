"""Context, scopes, objectives, obligations and changes: what is asked of their records, what checks assert."""

from datetime import date, timedelta

import pytest

from annexa.pure.register import Register
from annexa.pure.registers import REGISTERS
from annexa.pure.registers.changes import CHANGES
from annexa.pure.registers.objectives import OBJECTIVES
from tests.pure.fulfilling import DAY, EVERY, asserts, at

OWNER, OTHER = "ada@example.org", "lee@example.org"
YEAR_LATER = at(2027, 3, 2)


@pytest.mark.parametrize(
    ("check", "values", "more"),
    [
        ("party_needs_decided", {"needs": "Right bills", "taken_on": "no"}, {}),
        ("party_requirements_met", {"how": "Checked twice", "owner": OWNER}, {"besides": {"taken_on": "yes"}}),
        ("parties_reviewed", {"reviewed_on": DAY}, {"until": YEAR_LATER}),
        (
            "affected_people_recorded",
            {"needs": "A person decides", "reached_by": "Letter"},
            {"besides": {"kind": "data subjects"}},
        ),
        (
            "scopes_approved",
            {"boundaries": "Grid", "interfaces": "Carriers", "owner": OWNER, "approved_by": OTHER, "approved_on": DAY},
            {},
        ),
        ("scopes_reviewed", {"reviewed_on": DAY}, {"until": YEAR_LATER}),
        (
            "certified_scopes_valid",
            {"certificate": "7", "certificate_scope": "Grid", "certified_until": DAY},
            {"until": at(2026, 3, 2)},
        ),
        (
            "objectives_planned",
            {"measure": "Share", "target": 5.0, "actions": "Train", "resources": "2", "due_on": DAY, "owner": OWNER},
            {},
        ),
        (
            "objectives_measured",
            {"valued_on": DAY},
            {"besides": {"frequency": "monthly"}, "until": at(2026, 4, 15)},
        ),
        ("objectives_on_time", {"due_on": DAY}, {"until": at(2026, 3, 2)}),
        ("duties_owned", {"provision": "Art. 4", "binds_from": DAY, "owner": OWNER}, {}),
        (
            "duties_answered",
            {"met": "partly met", "how": "Courses", "reviewed_on": DAY},
            {"until": at(2026, 9, 7)},
        ),
        ("duties_met", {"met": "met"}, {}),
        ("duties_controlled", {"controls": ("GOV-06",)}, {"besides": {"met": "met"}}),
        ("changes_assessed", {"why": "Law", "consequences": "Downtime", "high_risk": "no"}, {}),
        ("changes_approved", {"approved_by": OTHER, "approved_on": DAY, "done_on": DAY}, {}),
        (
            "system_changes_planned",
            {"owner": OWNER, "planned_on": DAY, "consequences": "Few", "approved_by": OTHER, "approved_on": DAY},
            {"besides": {"kind": "management system"}},
        ),
        (
            "high_risk_changes_assessed",
            {"risk_assessment": "R-1", "impact_assessment": "I-1"},
            {"besides": {"kind": "AI system", "high_risk": "yes"}},
        ),
        (
            "changes_tested",
            {"tested": "Yes", "rollback": "Old one", "outcome": "as planned"},
            {"besides": {"done_on": DAY}},
        ),
    ],
)  # fmt: skip
def test_a_check_asks_for_each_of_these(check: str, values: dict, more: dict) -> None:
    asserts(check, values, **more)


def test_what_annexa_computes_is_measured() -> None:
    computed = OBJECTIVES.make({"name": "x", "kpi": "controls effective"})
    assert EVERY["objectives_measured"].until(computed) is not None


def test_an_approval_after_the_deed_is_none() -> None:
    late = CHANGES.make({"name": "x", "approved_by": OTHER, "approved_on": DAY + timedelta(days=1), "done_on": DAY})
    assert EVERY["changes_approved"].until(late) is None


def test_what_does_not_bind_is_not_asked_whether_it_is_met() -> None:
    duty = REGISTERS["duty"]
    assert not EVERY["duties_met"].looks_at(duty.make({"name": "x", "met": "out of scope"}))
    assert EVERY["duties_met"].until(duty.make({"name": "x", "met": "partly met"})) is None


@pytest.mark.parametrize(
    ("noun", "values", "wrong"),
    [
        ("party", {"kind": "customers", "taken_on": "yes"}, ["how"]),
        ("scope", {"part": "isms", "excluded": "A shop", "certificate": "7"},
         ["exclusion_reason", "certificate_scope"]),
        ("scope", {"part": "isms", "certified_from": DAY, "certified_until": date(2026, 2, 1)}, ["certified_until"]),
        ("scope", {"part": "isms", "owner": "ADA@example.org", "approved_by": OWNER}, ["approved_by"]),
        ("scope", {"part": "isms", "approved_on": DAY}, ["approved_by"]),
        ("objective", {"value": 5.0, "kpi": "requirements met", "target": 9.0}, ["valued_on", "kpi_of", "direction"]),
        ("duty", {"kind": "law", "met": "met"}, ["how"]),
        (
            "change",
            {"kind": "AI system", "high_risk": "yes", "approved_by": OTHER, "approved_on": DAY},
            ["consequences", "risk_assessment", "impact_assessment"],
        ),
        ("change", {"kind": "IT system", "high_risk": "yes", "consequences": "x", "approved_by": OTHER,
                    "approved_on": DAY}, ["risk_assessment"]),
        ("change", {"kind": "AI system", "high_risk": "yes"}, []),
    ],
)  # fmt: skip
def test_what_holds_between_fields_is_asked(noun: str, values: dict, wrong: list[str]) -> None:
    """Rule: an approval is somebody else's, and a high-risk change is assessed before anybody approves it."""
    register: Register = REGISTERS[noun]
    assert [one.field for one in register.problems(register.make({"name": "x", **values}))] == wrong
