"""What the checks over risks and treatment steps ask, and until when a record fulfils it."""

from datetime import UTC, date, datetime

import pytest

from annexa.pure.checks import OVER_RECORDS, THROUGH_RECORDS
from annexa.pure.checks.over import EVER
from annexa.pure.registers.risks import RISKS
from annexa.pure.registers.treatments import TREATMENTS

DAY, LATER = date(2026, 3, 1), date(2026, 9, 30)
YEAR_ON, AFTER_LATER = datetime(2027, 3, 2, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
EVERY = {**OVER_RECORDS, **THROUGH_RECORDS}
RATED = {"likelihood": 4, "impact": 3, "rated_because": "Cases", "assessed_on": DAY}
TOLD = {"threat": "T", "weakness": "W", "harm_to_society": "H", "management_systems": ("isms",)}
MODIFIED = {"treatment": "modify", "treated_because": "Cheap", "controls": ("ACC-02",), "target_likelihood": 2}


@pytest.mark.parametrize(
    ("check", "values", "until"),
    [
        ("risks_owned", {"owner": "ada@example.org"}, EVER),
        ("risks_described", TOLD, EVER),
        ("risks_described", {**TOLD, "harm_to_society": ""}, None),
        ("risks_described", {**TOLD, "management_systems": ()}, None),
        ("risks_assessed", RATED, YEAR_ON),
        ("risks_assessed", {**RATED, "rated_because": ""}, None),
        ("risks_assessed", {**RATED, "impact": None}, None),
        ("risks_reviewed", {"assessed_on": DAY, "next_review_on": LATER}, AFTER_LATER),
        ("risks_reviewed", {"assessed_on": DAY}, None),
        ("harm_to_people_stated", {"area": "privacy", "harm_to_individuals": "H"}, EVER),
        ("harm_to_people_stated", {"area": "ai", "harm_to_organisation": "H"}, None),
        ("risks_treated", MODIFIED, EVER),
        ("risks_treated", {**MODIFIED, "controls": ()}, None),
        ("risks_treated", {**MODIFIED, "target_likelihood": None}, None),
        ("risks_treated", {"treatment": "retain", "treated_because": "Small"}, EVER),
        ("risks_treated", {"treatment": "retain"}, None),
        ("residual_risk_accepted", {"accepted_by": "a", "accepted_level": "low", "accepted_until": LATER}, AFTER_LATER),
        ("residual_risk_accepted", {"accepted_by": "a", "accepted_level": "low"}, None),
        ("privacy_risks_located", {"area": "privacy", "owner": "a", "systems": ("bot",)}, EVER),
        ("supplier_risks_located", {"area": "third-parties", "suppliers": ("chat",)}, EVER),
        ("ai_risks_assessed", {**RATED, "owner": "a"}, YEAR_ON),
        ("ai_risks_assessed", RATED, None),
        ("ai_harms_assessed", {**RATED, "area": "ai", "harm_to_groups": "H"}, YEAR_ON),
        ("ai_harms_assessed", {**RATED, "area": "ai", "harm_to_organisation": "H"}, None),
        ("treatments_planned", {"risk": "r", "owner": "a", "due_on": DAY}, EVER),
        ("treatments_planned", {"risk": "r", "owner": "a"}, None),
        ("treatments_on_time", {"due_on": LATER}, AFTER_LATER),
        ("treatments_on_time", {"done_on": DAY}, EVER),
        ("treatments_judged", {"done_on": DAY, "effect": "partly", "effect_because": "Figures"}, EVER),
        ("treatments_judged", {"done_on": DAY, "effect": "partly"}, None),
    ],
)  # fmt: skip
def test_a_check_holds_until_what_the_record_says(check: str, values: dict, until: datetime | None) -> None:
    about = EVERY[check]
    entry = about.register.make({"name": "x", "area": "security", **values})
    assert about.looks_at(entry)
    assert about.until(entry) == until


@pytest.mark.parametrize(
    ("check", "values"),
    [
        ("harm_to_people_stated", {"area": "security"}),
        ("privacy_risks_located", {"area": "ai"}),
        ("supplier_risks_located", {"area": "security"}),
        ("ai_harms_assessed", {"area": "security"}),
        ("treatments_judged", {}),
    ],
)
def test_who_is_not_asked(check: str, values: dict) -> None:
    assert not EVERY[check].looks_at(EVERY[check].register.make({"name": "x", **values}))


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"likelihood": 3, "target_likelihood": 4}, ["target_likelihood"]),
        ({"target_impact": 1}, ["target_impact"]),
        ({"controls": ("A",), "controls_on_impact": ("A",)}, ["controls_on_impact"]),
        ({"frequency_low": 2.0, "frequency_high": 1.0}, ["frequency_low", "frequency_high"]),
        ({"frequency_low": 2.0}, ["frequency_high"]),
        ({"frequency_likely": 2.0}, ["frequency_low", "frequency_high"]),
        ({"frequency_low": 1.0, "frequency_likely": 4.0, "frequency_high": 3.0}, ["frequency_likely"]),
        ({"loss_low": "1.00 EUR", "loss_high": "2.00 USD"}, ["loss_high"]),
        ({"loss_low": "0.00 EUR", "loss_high": "2.00 EUR"}, ["loss_low"]),
        ({"loss_low": "3.00 EUR", "loss_high": "20.00 EUR", "loss_likely": "4.00 EUR"}, []),
        ({"assessed_on": LATER, "next_review_on": DAY}, ["next_review_on"]),
    ],
)
def test_what_holds_between_fields(values: dict, fields: list[str]) -> None:
    assert [one.field for one in RISKS.problems(RISKS.make({"name": "x", "area": "ai", **values}))] == fields


def test_an_effect_is_judged_of_what_is_done() -> None:
    step = TREATMENTS.make({"name": "x", "effect": "partly"})
    assert [one.field for one in TREATMENTS.problems(step)] == ["effect"]
