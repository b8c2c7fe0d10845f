"""Acceptance of risks over the API: proposed by one, accepted by another, taken back; never by a program alone."""

from datetime import timedelta

import pytest

from annexa.api.shapes import now
from annexa.records.ledger import LedgerEntry

pytestmark = pytest.mark.django_db
FIRE = {"name": "Fire", "area": "security", "owner": "owner@example.org", "likelihood": 3, "impact": 3}


def fine(said, status=200):
    assert said.status == status, said.content
    return said.json


@pytest.fixture
def risk(admin) -> str:
    return fine(admin("POST", "risks", FIRE), 201)["slug"]


def test_an_acceptance_goes_through_the_api(program, risk) -> None:
    owner, lead = program("owner"), program("lead")
    until = (now() + timedelta(days=90)).date().isoformat()
    made = owner("POST", "risk-acceptances", {"risk": risk, "until": until, "because": "Insured"})
    place = f"risk-acceptances/{fine(made, 201)['id']}"
    assert (made.headers["Location"], made.json["state"]) == (f"/api/v1/{place}", "proposed")
    assert owner("POST", "risk-acceptances", {"risk": risk, "until": until, "because": "x"}).status == 409
    assert [one["id"] for one in fine(lead("GET", "risk-acceptances?state=proposed"))["items"]] == [made.json["id"]]
    yes = {"decision": "accepted", "because": "Until May"}
    assert owner("POST", f"{place}/decision", yes).status == 422, "who proposes does not accept"
    done = fine(lead("POST", f"{place}/decision", yes), 201)
    assert (done["state"], [step["by"] for step in done["steps"]]) == ("accepted", ["Lou Lead"])
    assert fine(lead("GET", f"risks/{risk}"))["accepted_by"] == "lead@example.org"
    assert {entry.kind for entry in LedgerEntry.objects.order_by("-position")[:2]} == {"risk", "risk_step"}
    back = fine(lead("POST", f"{place}/withdrawal", {"because": "Notice"}), 201)
    assert back["state"] == "withdrawn"
    assert fine(lead("GET", f"risk-acceptances?risk={risk}&state=accepted"))["items"] == []
    assert len(fine(lead("GET", f"risk-acceptances?risk={risk}"))["items"]) == 1


def test_what_is_wrong_is_refused(program, risk) -> None:
    owner, lead = program("owner"), program("lead")
    past = owner("POST", "risk-acceptances", {"risk": risk, "until": "2020-01-01", "because": ""})
    assert (past.status, {one["field"] for one in past.json["errors"]}) == (422, {"until", "because"})
    assert owner("POST", "risk-acceptances", {"risk": "none", "until": "2099-01-01", "because": "x"}).status == 404
    assert lead("GET", "risk-acceptances/none").status == 404
    assert lead("POST", "risk-acceptances/none/decision", {"decision": "refused", "because": "x"}).status == 404
    assert program("auditor")("POST", "risk-acceptances", {}).status == 403
