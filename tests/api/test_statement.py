"""The statement of applicability over the API: decided, asked for by people, approved by others, compared."""

import pytest

from annexa.records.soa import Inclusion, StatementVersion

pytestmark = pytest.mark.django_db
OUT = {"framework": "iso27001-2022", "requirement": "A.7.11", "applies": False, "because": "Leased"}


def fine(said, status: int = 200):
    assert said.status == status, said.content
    return said.json


def test_it_goes_from_proposals_to_an_approved_version(admin, program) -> None:
    first = fine(admin("GET", "statement"))
    assert len(first["missing"]) == len(first["proposals"]) > 90
    assert (first["number"], first["approved"], first["pending"]) == (1, None, None)
    assert fine(admin("POST", "statement/decisions", {"choices": [OUT], "until": "2099-11-20"})) == {"decided": 1}
    assert fine(admin("POST", "statement/confirmations", {"until": "2099-11-20"}))["decided"] > 90
    made = fine(admin("POST", "statement/versions", {"scopes": {"isms": "Grid"}, "because": "First"}), 201)
    assert (made["number"], made["state"], made["message"]) == (1, "asked", "First")
    again = admin("POST", "statement/versions", {})
    assert again.status == 409
    own = admin("POST", "statement/versions/1/decision", {"decision": "approved", "because": "Fine"})
    assert own.status == 403
    lead = program("lead")
    done = fine(lead("POST", "statement/versions/1/decision", {"decision": "approved", "because": "Fine"}), 201)
    assert done["state"] == "approved"
    whole = fine(lead("GET", "statement/versions/1"))
    assert {one["text"] for one in whole["content"]["scopes"]} >= {"Grid"}
    left_out = next(one for one in whole["content"]["lines"] if one["requirement"] == "A.7.11")
    assert (left_out["applies"], left_out["verdict"], left_out["until"]) == (False, "not applicable", "2099-11-20")
    back = {**OUT, "applies": True, "reasons": ["contract"], "because": ""}
    fine(admin("POST", "statement/decisions", {"choices": [back]}))
    (change,) = fine(lead("GET", "statement/difference?old=1"))["changes"]
    assert (change["requirement"], change["old"]["applies"], change["new"]["applies"]) == ("A.7.11", False, True)
    assert [one["number"] for one in fine(lead("GET", "statement/versions"))["items"]] == [1]


def test_a_theme_is_confirmed_alone(admin) -> None:
    fine(admin("POST", "statement/confirmations", {"framework": "iso27001-2022", "theme": "A.6"}))
    assert Inclusion.objects.count() == 8


def test_everything_that_is_wrong_is_said(admin) -> None:
    wrong = admin("POST", "statement/decisions", {"choices": [{**OUT, "because": ""}]})
    assert wrong.status == 422
    assert b"needs a justification" in wrong.content
    assert b"until which day" in wrong.content
    assert admin("POST", "statement/versions", {}).status == 422
    assert admin("GET", "statement/versions/7").status == 404
    assert admin("GET", "statement/difference?old=x").status == 404
    assert not StatementVersion.objects.exists()


def test_owners_decide_nothing(program) -> None:
    owner = program("owner")
    assert owner("POST", "statement/decisions", {"choices": [OUT], "until": "2099-11-20"}).status == 403
    assert owner("GET", "statement").status == 200
