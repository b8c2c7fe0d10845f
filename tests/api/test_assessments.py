"""The same assessments for programs that act for people: begun, answered by two, handed in, approved, withdrawn."""

from datetime import timedelta

import pytest

from annexa.api.shapes import now
from tests.assessing import answers_to

pytestmark = pytest.mark.django_db
AIIA = "ai-system-impact-assessment"


def fine(said, status=200):
    assert said.status == status, said.json
    return said.json


def test_an_assessment_goes_through_the_api(program) -> None:
    owner, lead = program("owner"), program("lead")
    (found,) = [one for one in fine(owner("GET", "assessments?system=chatbot"))["items"] if one["form"] == AIIA]
    assert (found["state"], found["due"], found["in_work"]) == ("missing", True, None)
    begun = owner("POST", "assessments", {"form": AIIA, "system": "chatbot", "because": "Before use"})
    place = f"assessments/{fine(begun, 201)['id']}"
    assert begun.headers["Location"] == f"/api/v1/{place}"
    offered = {one["question"]: one["offered"] for one in begun.json["answers"] if one["offered"] is not None}
    taken = owner("POST", f"{place}/taken-over", {"questions": ["name"]})
    assert next(one for one in fine(taken, 201)["answers"] if one["question"] == "name")["value"] == offered["name"]
    short = owner("POST", f"{place}/hand-in", {})
    assert {one["field"] for one in short.json["errors"]} >= {"method", "measures"}
    seen = {"answers": {"method": "Nets"}, "seen": {}}
    fine(lead("POST", f"{place}/answers", {"answers": {"method": "Trees"}}), 201)
    assert owner("POST", f"{place}/answers", seen).status == 409
    done = owner("POST", f"{place}/answers", {"answers": answers_to(AIIA), "seen": {"method": 1, "name": 1}})
    assert fine(done, 201)["missing"] == []
    handed = fine(owner("POST", f"{place}/hand-in", {}), 201)["steps"][-1]
    until = (now() + timedelta(days=90)).date().isoformat()
    decision = {"decision": "approved", "step": handed["id"], "until": until, "because": "Read"}
    assert lead("POST", f"{place}/decision", decision).status == 403  # the lead wrote an answer
    approved = fine(program("administrator")("POST", f"{place}/decision", decision), 201)
    assert (approved["stage"], approved["steps"][-1]["until"]) == ("approved", until)
    assert owner("POST", f"{place}/withdrawal", {"because": "x"}).status == 403
    assert fine(lead("POST", f"{place}/withdrawal", {"because": "Wrong"}), 201)["stage"] == "withdrawn"


def test_what_is_wrong_is_said_by_question(program) -> None:
    owner = program("owner")
    made = fine(owner("POST", "assessments", {"form": "dpia", "system": "chatbot"}), 201)
    said = owner("POST", f"assessments/{made['id']}/answers", {"answers": {"dpo": "maybe", "nothing": "x"}})
    assert (said.status, {one["field"] for one in said.json["errors"]}) == (422, {"dpo", "nothing"})
    assert owner("POST", "assessments", {"form": "dpia", "system": "chatbot"}).status == 422
    assert owner("POST", "assessments", {"form": "none", "system": "chatbot"}).status == 404
    assert owner("GET", "assessments/none").status == 404
    assert program("auditor")("POST", "assessments", {"form": "fria", "system": "chatbot"}).status == 403
