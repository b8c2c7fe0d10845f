"""Checks over tools and uses hold while the record says so, and end on the day it says."""

from datetime import UTC, date, datetime, timedelta

import pytest

from annexa.pure.checks import OVER_RECORDS
from annexa.pure.checks.over import EVER
from annexa.pure.registers.found_uses import FOUND_USES
from annexa.pure.registers.tools import TOOLS
from annexa.pure.registers.use_rules import USE_RULES
from annexa.pure.registers.uses import USES

DAY = date(2026, 11, 20)
LATER = DAY + timedelta(days=100)
TOOL = {
    "name": "Aide", "owner": "k@x.org", "status": "approved", "assessed_on": DAY, "approved_until": LATER,
    "purposes": ("translation",), "data_up_to": "confidential", "personal_up_to": "none", "trains_on_inputs": "no",
    "supplier": "s",
}  # fmt: skip
USE = {
    "name": "Draft", "tool": "aide", "purpose": "translation", "data_class": "confidential", "personal_data": "none",
    "result": "own draft or idea", "owner": "s@x.org", "asked_by": "s@x.org", "asked_on": DAY, "decided_on": DAY,
    "assessment": "approved with conditions", "reasons": "So.", "decision": "approved with conditions",
    "conditions": "Read it", "decided_by": "policy", "review_on": LATER,
}  # fmt: skip
RULE = {"name": "No", "outcome": "refused", "reason": "So.", "owner": "k@x.org", "reviewed_on": DAY}
FOUND = {"name": "Chat", "approved": "no", "decision": "left", "decided_by": "k@x.org", "found_on": DAY}
GOOD = {FOUND_USES.noun: FOUND, TOOLS.noun: TOOL, USES.noun: USE, USE_RULES.noun: RULE}
ENDS = {
    "tools_assessed": LATER,
    "uses_reviewed": LATER,
    "use_rules_reviewed": DAY + timedelta(days=366),
}
SPOILT = [
    ("tools_owned", {"owner": ""}),
    ("tools_assessed", {"status": "unassessed"}),
    ("tools_assessed", {"assessed_on": None}),
    ("tools_assessed", {"approved_until": None}),
    ("tools_limited", {"purposes": ()}),
    ("tools_limited", {"data_up_to": ""}),
    ("tools_limited", {"personal_up_to": ""}),
    ("tools_training_known", {"trains_on_inputs": "unknown"}),
    ("tools_training_known", {"supplier": ""}),
    ("sensitive_data_not_learnt", {"trains_on_inputs": "yes"}),
    ("sensitive_data_not_learnt", {"data_up_to": "", "trains_on_inputs": "unknown"}),
    ("sensitive_data_not_learnt", {"data_up_to": "public", "personal_up_to": "personal data",
                                   "trains_on_inputs": "yes"}),
    ("uses_decided", {"decision": "", "asked_on": None}),
    ("uses_decided", {"decided_by": ""}),
    ("uses_decided_by_others", {"decided_by": "S@x.org"}),
    ("uses_decided_by_others", {"asked_by": ""}),
    ("uses_reviewed", {"review_on": None}),
    ("uses_reviewed", {"decided_on": None}),
    ("uses_described", {"tool": ""}),
    ("uses_described", {"owner": ""}),
    ("use_conditions_stated", {"conditions": ""}),
    ("use_decisions_explained", {"reasons": ""}),
    ("use_decisions_explained", {"decision": "refused", "reason": ""}),
    ("no_prohibited_use", {"purpose": "social scoring"}),
    ("high_risk_uses_registered", {"purpose": "choosing applicants"}),
    ("sensitive_uses_assessed", {"tool": ""}),
    ("sensitive_uses_assessed", {"assessment": "refused"}),
    ("sensitive_uses_assessed", {"data_class": "", "assessment": ""}),
    ("use_rules_reviewed", {"owner": ""}),
    ("found_uses_judged", {"decided_by": ""}),
    ("found_uses_judged", {"decision": "", "found_on": None}),
    ("use_rules_reviewed", {"reviewed_on": None}),
]  # fmt: skip
CHECKS = sorted(name for name, check in OVER_RECORDS.items() if check.register.noun in GOOD)


def until(name, **values):
    check = OVER_RECORDS[name]
    entry = check.register.make({**GOOD[check.register.noun], **values})
    assert check.looks_at(entry)
    return check.until(entry)


@pytest.mark.parametrize("name", CHECKS)
def test_it_works(name: str) -> None:
    end = ENDS.get(name)
    assert until(name) == (EVER if end is None else datetime(end.year, end.month, end.day, tzinfo=UTC))


@pytest.mark.parametrize(("name", "values"), SPOILT)
def test_what_is_missing_is_not_fulfilled(name: str, values: dict[str, object]) -> None:
    assert until(name, **values) is None


def test_every_check_is_spoilt_by_something() -> None:
    assert {name for name, _ in SPOILT} == set(CHECKS)


def test_a_request_may_wait_four_weeks_and_an_approval_lasts_a_year() -> None:
    assert until("uses_decided", decision="with owner", decided_on=None) == datetime(2026, 12, 18, tzinfo=UTC)
    long = DAY + timedelta(days=3000)
    year = datetime(2027, 11, 21, tzinfo=UTC)
    assert until("uses_reviewed", review_on=long) == year
    assert until("uses_reviewed", review_on=long, reviewed_on=DAY + timedelta(days=1)) == year + timedelta(days=1)


def test_what_nobody_uses_and_nobody_asked_about_is_not_waited_for() -> None:
    """Rule: a list of what is not used, as inventories bring it, is no queue."""
    assert not OVER_RECORDS["uses_decided"].looks_at(USES.make({"name": "No", "in_use": "no"}))
    assert OVER_RECORDS["uses_decided"].looks_at(USES.make({"name": "Maybe"}))
