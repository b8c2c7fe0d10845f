"""Due diligence over the API: a link that is told once, answers, judgement in the record of the supplier."""

from datetime import timedelta
from io import BytesIO

import pytest

from annexa.actions.questionnaire_files import send_file, take_file_back
from annexa.actions.questionnaires import answer_questionnaire, hand_in_questionnaire
from annexa.api.shapes import now
from annexa.library.questionnaires import questionnaires
from annexa.records.kept_answers import KeptAnswer
from tests.questions import everything

pytestmark = pytest.mark.django_db
SHORT = questionnaires()["supplier-short"]


def fine(said, status=200):
    assert said.status == status, said.content
    return said.json


@pytest.fixture
def asking(admin) -> dict[str, str]:
    fine(admin("POST", "suppliers", {"name": "Parley", "tier": "critical"}), 201)
    due = (now() + timedelta(days=9)).date().isoformat()
    return {"supplier": "parley", "questionnaire": SHORT.id, "to": "a@parley.example", "due_on": due}


def test_it_goes_from_the_link_into_the_record(admin, program, asking) -> None:
    sent = admin("POST", "due-diligence", asking)
    made = fine(sent, 201)
    assert (made["state"], made["asked"], made["answered"], made["proposed"]) == ("open", made["asked"], 0, None)
    assert sent.headers["Cache-Control"] == "no-store"
    secret = made["link"].rpartition("/questionnaire/")[2]
    place = f"due-diligence/{made['id']}"
    assert "link" not in fine(admin("GET", place)), "it is shown once"
    answer_questionnaire(secret=secret, given=everything(SHORT), now=now())
    judgement = {"outcome": "adequate with conditions", "conditions": "Shows its report", "because": "Read"}
    assert admin("POST", f"{place}/judgement", judgement).status == 409, "nothing was handed in"
    hand_in_questionnaire(secret=secret, signed="Pat", now=now())
    (waiting,) = fine(admin("GET", "due-diligence?state=handed+in"))["items"]
    assert (waiting["id"], waiting["answered"]) == (made["id"], len(everything(SHORT)))
    fine(admin("POST", f"{place}/return", {"because": "Question 2"}), 201)
    hand_in_questionnaire(secret=secret, signed="Pat", now=now())
    done = fine(program("owner")("POST", f"{place}/judgement", judgement), 201)
    assert (done["state"], done["steps"][-1]["by"], len(done["answers"])) == ("judged", "Lou Owner", done["asked"])
    assert fine(admin("GET", "suppliers/parley"))["assessment"] == "adequate with conditions"
    assert admin("POST", f"{place}/withdrawal", {}).status == 409


def test_the_secret_of_the_link_is_kept_nowhere(admin, asking) -> None:
    """Rule: an answer under a key is kept for a day, so one with a secret is given under none."""
    refused = admin("POST", "due-diligence", asking, Idempotency_Key="k1")
    assert (refused.status, KeptAnswer.objects.count()) == (422, 0)
    assert fine(admin("GET", "due-diligence"))["items"] == []


def test_what_is_wrong_is_refused(admin, program, asking) -> None:
    said = admin("POST", "due-diligence", {**asking, "questionnaire": "none", "due_on": "2020-01-01", "to": ""})
    assert (said.status, {one["field"] for one in said.json["errors"]}) == (422, {"questionnaire", "due_on", "to"})
    assert admin("POST", "due-diligence", {**asking, "supplier": "none"}).status == 404
    assert admin("GET", "due-diligence/none").status == 404
    assert program("auditor")("POST", "due-diligence", asking).status == 403
    sent = fine(admin("POST", "due-diligence", asking), 201)["id"]
    assert fine(admin("POST", f"due-diligence/{sent}/withdrawal", {"because": "Other"}), 201)["state"] == "withdrawn"


def test_files_are_told_read_and_taken_over(admin, program, asking) -> None:
    made = fine(admin("POST", "due-diligence", asking), 201)
    secret, place = made["link"].rpartition("/questionnaire/")[2], f"due-diligence/{made['id']}"
    assert made["files"] == []
    for data in (b"%PDF-1.7 one", b"%PDF-1.7 two"):
        send_file(secret=secret, question="certificates", file=BytesIO(data), name="iso.pdf", limit_bytes=99, now=now())
    take_file_back(secret=secret, number=2, now=now())
    (file,) = fine(admin("GET", place))["files"]
    assert (file["number"], file["media_type"], file["size"], file["taken_over"]) == (1, "application/pdf", 12, [])
    said = admin("GET", f"{place}/files/1")
    assert (said.status, said.content, said.headers["ETag"]) == (200, b"%PDF-1.7 one", f'"{file["sha256"]}"')
    assert said.headers["Content-Disposition"].startswith("attachment")
    assert admin("GET", f"{place}/files/3").status == 404
    until = (now() + timedelta(days=400)).date().isoformat()
    taking = {"certificate": "ISO 27001", "until": until}
    assert admin("POST", f"{place}/files/1/certificate", taking).status == 409, "nothing was handed in"
    answer_questionnaire(secret=secret, given=everything(SHORT), now=now())
    hand_in_questionnaire(secret=secret, signed="Pat", now=now())
    wrong = admin("POST", f"{place}/files/1/certificate", {"certificate": "ISO 1", "until": "2001-01-01"})
    assert (wrong.status, {one["field"] for one in wrong.json["errors"]}) == (422, {"certificate", "until"})
    done = fine(program("owner")("POST", f"{place}/files/1/certificate", taking), 201)
    assert [(one["certificate"], one["until"], one["by"]) for one in done["files"][0]["taken_over"]] == [
        ("ISO 27001", until, "Lou Owner")
    ]
    kept = fine(admin("GET", "suppliers/parley"))
    assert (kept["certificates"], kept["certificates_until"]) == (["ISO 27001"], until)
    assert program("auditor")("POST", f"{place}/files/1/certificate", taking).status == 403
