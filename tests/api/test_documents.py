"""Versions of documents over the API: written by one, approved by another, in force, read."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from annexa.api.shapes import now
from annexa.records.documents import DocumentStep

pytestmark = pytest.mark.django_db
POLICY = {
    "name": "Access", "kind": "policy", "owner": "owner@example.org", "approver": "lead@example.org",
    "reviewers": "ada@example.org", "review_months": 12, "classification": "internal",
}  # fmt: skip
PLACE = "documents/access"


def fine(said, status=200):
    assert said.status == status, said.content
    return said.json


@pytest.fixture
def people(program, house):
    """The owner writes, the administrator reads, the lead approves."""
    owner, lead, admin = program("owner"), program("lead"), program("administrator")
    fine(admin("POST", "documents", {**POLICY, "reviewers": house["administrator"].email}), 201)
    return owner, lead, admin


def test_a_document_goes_through_the_api(people, program) -> None:
    owner, lead, admin = people
    first = fine(owner("POST", f"{PLACE}/versions", {"content": "# Access", "because": "First"}), 201)
    assert (first["stands"], first["versions"][0]["state"], first["offers"]) == ("draft", "draft", ["hand-in"])
    assert owner("POST", f"{PLACE}/versions", {"content": "# Access", "because": "Same"}).status == 422
    fine(owner("POST", f"{PLACE}/hand-in", {"number": 1}), 201)
    assert lead("POST", f"{PLACE}/approval", {"number": 1}).status == 422, "a reviewer has not agreed"
    assert fine(admin("POST", f"{PLACE}/review", {"agrees": True, "number": 1}), 201)["lacks"] == []
    assert lead("POST", f"{PLACE}/approval", {"number": 2}).status == 409, "that is not the version they saw"
    assert owner("POST", f"{PLACE}/approval", {"number": 1}).status == 403
    fine(lead("POST", f"{PLACE}/approval", {"number": 1, "because": "As we live it"}), 201)
    done = fine(owner("POST", f"{PLACE}/publication", {"number": 1}), 201)
    assert (done["stands"], done["in_force"], done["versions"][0]["state"]) == ("in force", 1, "published")
    assert [one["step"] for one in done["steps"]] == ["drafted", "handed in", "agreed", "approved", "published"]
    got = lead("GET", f"{PLACE}/versions/1/file")
    assert (got.status, got.content) == (200, b"# Access")
    assert "sandbox" in got.headers["Content-Security-Policy"]
    fine(lead("POST", f"{PLACE}/confirmation", {"number": 1, "because": "Still so"}), 201)

    due = (now() + timedelta(days=9)).date().isoformat()
    assert fine(owner("POST", f"{PLACE}/readings", {"roles": ["auditor"], "due_on": due}), 201) == {"asked": 1}
    auditor = program("auditor")
    (mine,) = [one for one in fine(auditor("GET", "readings"))["items"] if one["due_on"]]
    assert (mine["document"], mine["due_on"], mine["read_at"]) == ("access", due, None)
    assert auditor("POST", "readings/access", {"number": 2}).status == 409
    assert fine(auditor("POST", "readings/access", {"number": 1}), 201)["read_at"] is not None
    assert fine(owner("GET", f"{PLACE}/readings")) == {"asked": 1, "read": 1, "late": [], "waiting": []}
    assert fine(owner("POST", f"{PLACE}/withdrawal", {"because": "Merged"}), 201)["in_force"] is None


def test_a_file_is_a_version_too_and_may_be_returned(people) -> None:
    owner, _, admin = people
    file = SimpleUploadedFile("access.pdf", b"%PDF-1.7 words")
    sent = owner.send(f"{PLACE}/versions/file", {"because": "As a file", "file": file})
    assert fine(sent, 201)["versions"][0]["name"] == "access.pdf"
    fine(owner("POST", f"{PLACE}/hand-in", {}), 201)
    assert admin("POST", f"{PLACE}/review", {"agrees": False}).status == 422, "it says what has to change"
    back = fine(admin("POST", f"{PLACE}/review", {"agrees": False, "because": "No owner named"}), 201)
    assert back["stands"] == "returned"


def test_what_is_not_there_or_not_theirs_is_refused(people, program) -> None:
    owner, lead, _ = people
    assert owner("GET", "documents/none/versions").status == 404
    assert owner("GET", f"{PLACE}/versions/7/file").status == 404
    assert owner("POST", "documents/none/versions", {"content": "x", "because": "x"}).status == 404
    assert lead("POST", f"{PLACE}/publication", {}).status == 422, "nothing is there to publish"
    assert program("auditor")("POST", f"{PLACE}/versions", {"content": "x", "because": "x"}).status == 403
    assert owner("POST", "readings/none", {"number": 1}).status == 404
    assert not DocumentStep.objects.filter(document_id="access").exists()
