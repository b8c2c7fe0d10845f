"""Requests to use AI over the API: asked, decided by somebody else who saw them, renewed, withdrawn."""

from datetime import timedelta

import pytest

from annexa.api.shapes import now
from annexa.records.ledger import LedgerEntry

pytestmark = pytest.mark.django_db
LETTERS = {
    "name": "Letters", "tool_named": "Newcomer", "purpose": "writing and editing", "data_class": "internal",
    "personal_data": "none", "result": "own draft or idea",
}  # fmt: skip


def fine(said, status=200):
    assert said.status == status, said.content
    return said.json


def test_a_request_goes_through_the_api(program) -> None:
    owner, lead = program("owner"), program("lead")
    made = owner("POST", "use-requests", LETTERS)
    asked = fine(made, 201)
    assert (asked["decision"], asked["waits"], asked["may_decide"]) == ("with owner", True, False)
    assert asked["asked_by"] == "owner@example.org"
    assert LedgerEntry.objects.latest("position").kind == "use"
    assert fine(owner("GET", "use-requests"))["items"] == [], "nobody decides their own"
    assert [one["slug"] for one in fine(owner("GET", "use-requests?of=mine"))["items"]] == ["letters"]
    (waiting,) = fine(lead("GET", "use-requests"))["items"]
    assert waiting["may_decide"]
    place, until = "use-requests/letters", (now() + timedelta(days=90)).date().isoformat()
    decision = {"decision": "approved with conditions", "because": "Useful", "conditions": "Drafts", "review_on": until}
    assert lead("POST", f"{place}/decision", decision).status == 428
    assert lead("POST", f"{place}/decision", decision, If_Match='"old"').status == 412
    seen = made.headers["ETag"]
    assert owner("POST", f"{place}/decision", decision, If_Match=seen).status == 403
    done = lead("POST", f"{place}/decision", decision, If_Match=seen)
    assert (fine(done, 201)["stands"], done.json["review_on"]) == (True, until)
    later = (now() + timedelta(days=200)).date().isoformat()
    again = lead("POST", f"{place}/renewal", {"because": "Goes on", "review_on": later}, If_Match=done.headers["ETag"])
    assert fine(again, 201)["review_on"] == later
    assert lead("POST", f"{place}/withdrawal", {}, If_Match=seen).status == 412, "it changed since"
    over = owner("POST", f"{place}/withdrawal", {"because": "Done"}, If_Match=again.headers["ETag"])
    assert fine(over, 201)["stands"] is False
    assert fine(lead("GET", "use-requests?of=all"))["items"] == []


def test_everything_that_is_wrong_is_said(program) -> None:
    lead = program("lead")
    said = lead("POST", "use-requests", {**LETTERS, "tool_named": "", "purpose": ""})
    assert (said.status, {one["field"] for one in said.json["errors"]}) == (422, {"tool", "purpose"})
    assert lead("POST", "use-requests", {**LETTERS, "decision": "approved"}).status == 422, "nobody answers themselves"
    assert lead("GET", "use-requests/none").status == 404
    assert program("lead", "read")("POST", "use-requests", LETTERS).status == 403


def test_it_is_asked_once(program) -> None:
    owner = program("owner")
    first = owner("POST", "use-requests", LETTERS, Idempotency_Key="k1")
    again = owner("POST", "use-requests", LETTERS, Idempotency_Key="k1")
    assert (again.status, again.json["slug"]) == (201, first.json["slug"])
    assert len(fine(owner("GET", "use-requests?of=mine"))["items"]) == 1
