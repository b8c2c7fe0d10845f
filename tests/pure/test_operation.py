"""Routines, evaluations, data sheets, files, privacy, people, projects and keys: what their checks assert."""

from datetime import date, timedelta

import pytest

from annexa.pure.checks import OVER_RECORDS, THROUGH_RECORDS
from annexa.pure.registers import REGISTERS
from annexa.pure.registers.evaluations import EVALUATIONS, KINDS
from annexa.pure.registers.subject_requests import SUBJECT_REQUESTS, due_on
from tests.pure.fulfilling import DAY, EVERY, asserts, at

OWNER, OTHER = "ada@example.org", "lee@example.org"
LATER = DAY + timedelta(days=30)
HALF_YEAR, YEAR = at(2026, 9, 7), at(2027, 3, 2)
EVALUATED = {"outcome": "passed", "version": "2", "method": "Test set", "done_by": OTHER, "done_on": DAY}
FILED = {"version": "2", "approved_by": OTHER, "approved_on": DAY}
PROCESSED = {
    "purpose": "Bills", "people": "Customers", "data": "Names", "recipients": "Banks", "measures": "Keys",
    "owner": OWNER, "reviewed_on": DAY,
}  # fmt: skip
BUILT = {"besides": {"stage": "build"}}
GIVEN = {"besides": {"stage": "handed over", "developed_by": "supplier"}}
DONE = {"besides": {"kind": "AI system"}}


@pytest.mark.parametrize(
    ("check", "values", "more"),
    [
        ("routines_planned", {"owner": OWNER, "frequency": "monthly", "method": "Ask"}, {}),
        ("routines_in_time", {"result": "failed", "done_on": DAY, "frequency": "weekly"}, {"until": at(2026, 3, 11)}),
        (
            "routines_followed_up",
            {"result": "passed with findings", "actions": "Mend", "done_by": OTHER},
            {},
        ),
        (
            "routine_passed",
            {"result": "passed", "done_by": OTHER, "done_on": DAY, "frequency": "monthly"},
            {"until": at(2026, 4, 10)},
        ),
        ("validated", EVALUATED, {"besides": {"kind": "validation"}, "until": YEAR}),
        ("bias_examined", EVALUATED, {"besides": {"kind": "bias"}, "until": HALF_YEAR}),
        ("retrieval_graded", EVALUATED, {"besides": {"kind": "retrieval"}, "until": at(2026, 4, 15)}),
        (
            "bias_examined",
            {"outcome": "not needed", "reason": "Reads meters", "done_on": DAY},
            {"besides": {"kind": "bias"}, "until": YEAR},
        ),
        (
            "data_described",
            {"preparation": "Cleaned", "assumptions": "Few", "gaps": "Storms", "approved_by": OTHER,
             "approved_on": DAY, "reviewed_on": DAY},
            {"until": YEAR},
        ),
        ("data_traced", {"provenance": "Meters", "first_purpose": "Bills", "owner": OWNER}, {}),
        (
            "data_ground_checked",
            {"ground": "licence", "ground_proof": "L-1", "ground_checked_on": DAY},
            {"until": HALF_YEAR},
        ),
        ("special_data_justified", {"personal_data": "none", "reviewed_on": DAY}, {"until": YEAR}),
        ("labelling_described", {"labelling": "not labelled", "reviewed_on": DAY}, {"until": YEAR}),
        ("data_sheets_owned", {"owner": OWNER, "reviewed_on": DAY}, {"until": YEAR}),
        ("instructions_on_file", {"instructions": "Manual, revision 2", **FILED}, {"until": YEAR}),
        (
            "file_complete",
            {"requirements": "a", "test_plan": "b", "risk_file": "c", "log_specification": "d", "instructions": "e",
             "oversight": "f", "monitoring_plan": "g", "decommissioning": "h", **FILED},
            {"until": YEAR},
        ),
        (
            "deployment_approved",
            {"version": "2", "tested": "Yes", "approved_by": OTHER, "approved_on": DAY, "done_on": DAY},
            DONE,
        ),
        ("manifest_on_file", {"version": "2", "manifest": "Registry, 3f…", "done_on": DAY}, DONE),
        ("modification_judged", {"substantial": "no", "substantial_because": "Same use", "done_on": DAY}, DONE),
        ("processings_recorded", PROCESSED, {"until": HALF_YEAR}),
        ("processings_grounded", {"ground": "contract", "special": "none"}, {}),
        ("interests_weighed", {"ground": "legitimate interest", "weighing": "Balanced"}, {}),
        ("joint_control_arranged", {"role": "joint controller", "arrangement": "A-1"}, {}),
        (
            "transfers_safeguarded",
            {"safeguard": "standard clauses", "transfers": "US", "transfer_assessed_on": DAY},
            {"until": YEAR},
        ),
        ("transfers_safeguarded", {"safeguard": "no transfer"}, {}),
        ("retention_stated", {"retention": "6 months"}, {}),
        ("instructions_kept", {"role": "processor", "instructions": "Annex 2"}, {}),
        ("requests_recorded", {"kind": "access", "received_on": DAY, "owner": OWNER, "path": "portal"}, {}),
        ("requests_in_time", {"received_on": DAY, "owner": OWNER}, {"until": at(2026, 4, 2)}),
        (
            "requests_answered_fully",
            {"searched": "Bills", "outcome": "granted", "effect": "Searched again"},
            {"besides": {"answered_on": DAY}},
        ),
        (
            "notices_kept_true",
            {"where": "Portal", "version": "3", "approved_by": OTHER, "approved_on": DAY, "compared_on": DAY},
            {"besides": {"kind": "privacy notice"}, "until": HALF_YEAR},
        ),
        (
            "people_told",
            {"where": "Letter", "shown_since": DAY, "approved_by": OTHER, "compared_on": DAY},
            {"besides": {"kind": "people affected by decisions"}, "until": YEAR},
        ),
        (
            "workers_told",
            {"reason": "Nobody here uses it", "compared_on": DAY},
            {"besides": {"kind": "not needed"}, "until": YEAR},
        ),
        (
            "keys_recorded",
            {"purpose": "Signs", "owner": OWNER, "deputy": OTHER, "status": "in use", "kept_in": "Vault",
             "recovery": "Notary"},
            {"besides": {"kind": "key"}},
        ),
        ("keys_in_period", {"renew_by": DAY}, {"besides": {"kind": "certificate"}, "until": at(2026, 3, 2)}),
        (
            "machine_identities_recorded",
            {"owner": OWNER, "purpose": "Export", "rights": "Reads bills", "kept_in": "Vault"},
            {"besides": {"kind": "service account"}},
        ),
        ("secrets_rotated", {"renew_by": DAY}, {"besides": {"kind": "API key or secret"}, "until": at(2026, 3, 2)}),
        (
            "agents_identified",
            {"owner": OWNER, "purpose": "Drafts", "rights": "Writes drafts"},
            {"besides": {"kind": "agent identity"}},
        ),
        ("media_recorded", {"classification": "internal", "owner": OWNER, "location": "Safe"}, {}),
        (
            "media_destroyed_with_proof",
            {"destroyed_on": DAY, "method": "H-5", "certificate": "C-1", "checked_by": OTHER},
            {"besides": {"status": "destroyed"}},
        ),
        (
            "media_back_in_time",
            {"let_out_by": OTHER, "owner": OWNER, "back_by": DAY},
            {"besides": {"status": "off site"}, "until": at(2026, 3, 2)},
        ),
        ("starters_screened", {"screening": "passed", "began_on": DAY, "terms_on": DAY}, {}),
        ("secrecy_undertaken", {"secrecy_version": "2", "secrecy_on": DAY, "began_on": DAY}, {}),
        ("leavers_cleared", {"access_removed_on": DAY, "assets_returned": "yes"}, {"besides": {"left_on": DAY}}),
        (
            "projects_recorded",
            {"risk": "low", "security_contact": OWNER, "privacy_contact": OTHER, "open_points": "none"},
            {},
        ),
        ("projects_threat_modelled", {"requirements": "Folder", "threat_model": "Revision 2"}, BUILT),
        ("designs_reviewed", {"design_reviewed_on": DAY, "departures": "none"}, BUILT),
        ("privacy_by_design", {"privacy_check": "Fewer fields"}, BUILT),
        ("projects_handed_over", {"handed_over_on": DAY, "accepted_by": OTHER, "risks_accepted": "none"}, GIVEN),
        ("outsourced_bound", {"supplier": "chat-ltd", "conditions": "Named people"}, GIVEN),
        ("deliveries_accepted", {"source_built": "yes", "accepted_by": OTHER}, GIVEN),
        (
            "impacts_heard",
            {"received_on": DAY, "answered_on": LATER, "reason": "Wrong date", "outcome": "upheld"},
            {"besides": {"kind": "received", "about": ("adverse impact of AI",)}},
        ),
        (
            "contests_kept",
            {"received_on": DAY, "answered_on": LATER, "reason": "Fair", "outcome": "upheld", "judged_by": OTHER},
            {"besides": {"kind": "received", "about": ("decision contested",)}, "until": at(2026, 6, 9)},
        ),
        (
            "training_rights_kept",
            {"received_on": DAY, "owner": OWNER},
            {"besides": {"kind": "none received", "about": ("rights in training data",)}, "until": at(2026, 6, 9)},
        ),
        (
            "indicators_planned",
            {"method": "Count", "threshold": 5.0, "frequency": "monthly", "owner": OWNER, "judged_by": OTHER},
            {},
        ),
        (
            "indicators_evaluated",
            {"judgement": "Within", "valued_on": DAY, "frequency": "monthly"},
            {"until": at(2026, 4, 15)},
        ),
        (
            "contacts_tested",
            {"channel": "Portal", "speaker": OWNER, "deputy": OTHER, "tested_on": DAY},
            {"until": YEAR},
        ),
    ],
)  # fmt: skip
def test_a_check_asks_for_each_of_these(check: str, values: dict, more: dict) -> None:
    asserts(check, values, **more)


def test_every_kind_of_evaluation_is_asked_for_by_one_check() -> None:
    """Rule: no kind is offered that proves nothing, and none proves two things."""
    asked = [
        [name for name, one in THROUGH_RECORDS.items()
         if one.register is EVALUATIONS and one.looks_at(EVALUATIONS.make({"name": "x", "kind": kind}))]
        for kind in KINDS
    ]  # fmt: skip
    assert [len(one) for one in asked] == [1] * len(KINDS)
    assert len({name for names in asked for name in names}) == len(KINDS)


def test_a_failed_evaluation_proves_nothing() -> None:
    failed = EVALUATIONS.make({"name": "x", "kind": "validation", **EVALUATED, "outcome": "failed"})
    assert EVERY["validated"].until(failed) is None


def test_a_routine_is_asked_about_what_it_serves() -> None:
    check = OVER_RECORDS["routine_passed"]
    served = REGISTERS["routine"].make({"name": "x", "serves": ("BCM-02/restore-test", "BCM-01/continuity-test")})
    assert check.names(served) == ("routine_passed:BCM-02/restore-test", "routine_passed:BCM-01/continuity-test")


@pytest.mark.parametrize(
    ("received", "extended", "due"),
    [
        (date(2026, 1, 15), None, date(2026, 2, 15)),
        (date(2026, 1, 31), None, date(2026, 2, 28)),
        (date(2028, 1, 31), None, date(2028, 2, 29)),
        (date(2026, 1, 31), date(2026, 2, 28), date(2026, 4, 30)),
        (date(2026, 1, 31), date(2026, 3, 1), date(2026, 2, 28)),
        (date(2026, 12, 5), date(2026, 12, 5), date(2027, 3, 5)),
    ],
)
def test_a_request_is_due_after_a_month_or_three(received: date, extended: date | None, due: date) -> None:
    """Rule: one month from receipt; two more only if the person is told within the first. GDPR Art. 12(3)."""
    request = SUBJECT_REQUESTS.make({"name": "x", "kind": "access", "received_on": received, "extended_on": extended,
                                     "owner": OWNER})  # fmt: skip
    assert due_on(request) == due
    answered = SUBJECT_REQUESTS.replaced(request, {"answered_on": due})
    late = SUBJECT_REQUESTS.replaced(request, {"answered_on": due + timedelta(days=1)})
    assert EVERY["requests_in_time"].until(answered) is not None
    assert EVERY["requests_in_time"].until(late) is None


@pytest.mark.parametrize(
    ("noun", "values", "wrong"),
    [
        ("routine", {"kind": "test", "frequency": "monthly", "result": "failed"}, ["done_on", "findings"]),
        ("evaluation", {"kind": "bias", "outcome": "not needed"}, ["done_on", "reason"]),
        (
            "evaluation",
            {"kind": "bias", "outcome": "passed", "done_on": DAY, "direction": "at most", "threshold": 5.0,
             "value": 8.0},
            ["outcome"],
        ),
        ("evaluation", {"kind": "bias", "threshold": 5.0, "value": 8.0}, ["direction"]),
        (
            "data_sheet",
            {"approved_by": OTHER, "approved_on": DAY, "personal_data": "special categories"},
            ["necessity"],
        ),
        ("system_file", {"approved_by": OTHER, "approved_on": DAY}, ["version"]),
        (
            "processing",
            {"role": "controller", "safeguard": "exception", "special": "criminal offences"},
            ["transfers", "special_ground"],
        ),
        (
            "subject_request",
            {"kind": "access", "received_on": DAY, "answered_on": date(2026, 2, 1), "extended_on": DAY,
             "outcome": "refused"},
            ["answered_on", "extended_because", "reason"],
        ),
        ("credential", {"kind": "key", "status": "destroyed"}, ["destroyed_on"]),
        ("engagement", {"kind": "employee", "screening": "exception"}, ["screening_because"]),
        (
            "project",
            {"stage": "handed over", "developed_by": "supplier", "handed_over_on": DAY},
            ["supplier", "accepted_by"],
        ),
        ("notice", {"kind": "not needed"}, ["reason"]),
        ("concern", {"kind": "received", "received_on": DAY, "outcome": "upheld"}, ["reason"]),
        ("medium", {"kind": "disk", "status": "off site"}, ["back_by"]),
        ("indicator", {"value": 3.0, "threshold": 3.0}, ["valued_on", "direction"]),
    ],
)  # fmt: skip
def test_what_holds_between_fields_is_asked(noun: str, values: dict, wrong: list[str]) -> None:
    register = REGISTERS[noun]
    assert [one.field for one in register.problems(register.make({"name": "x", **values}))] == wrong
