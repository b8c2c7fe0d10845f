"""Exceptions over the API: approved by who neither asks, owns nor wrote it; a change asks anew."""

from datetime import timedelta

import pytest

from annexa.api.shapes import now
from tests.api.test_acceptances import fine

pytestmark = pytest.mark.django_db


@pytest.fixture
def slug(program) -> str:
    told = {
        "name": "Consoles", "controls": ["ACC-02"], "why": "Faults", "instead": "Door log",
        "owner": "owner@example.org", "asked_by": "owner@example.org",
        "until": (now() + timedelta(days=90)).date().isoformat(),
    }  # fmt: skip
    return fine(program("owner")("POST", "exceptions", told), 201)["slug"]


def test_it_works(program, slug) -> None:
    owner, lead = program("owner"), program("lead")
    place = f"exceptions/{slug}"
    asked = fine(lead("GET", f"{place}/approval"))
    assert (asked["state"], asked["lacking"], asked["refusal"], asked["steps"]) == ("asked", [], "", [])
    yes = {"decision": "approved", "because": "The log will do"}
    assert owner("POST", f"{place}/decision", yes).status == 403
    done = fine(lead("POST", f"{place}/decision", yes), 201)
    assert (done["state"], [step["by"] for step in done["steps"]]) == ("approved", ["Lou Lead"])
    seen = owner("GET", place)
    assert seen.json["approved_by"] == "lead@example.org"
    fine(owner("PATCH", place, {"why": "Habit"}, If_Match=seen.headers["ETag"]))
    assert fine(owner("GET", f"{place}/approval"))["state"] == "asked"
    fine(lead("POST", f"{place}/decision", yes), 201)
    assert fine(lead("POST", f"{place}/withdrawal", {"because": "Log off"}), 201)["state"] == "asked"
    assert (
        fine(lead("POST", f"{place}/decision", {"decision": "refused", "because": "Keys"}), 201)["state"] == "refused"
    )


def test_what_is_wrong_is_refused(program, admin, slug) -> None:
    lead = program("lead")
    assert lead("POST", f"exceptions/{slug}/withdrawal", {"because": "x"}).status == 409
    assert lead("POST", "exceptions/none/decision", {"decision": "approved", "because": "x"}).status == 404
    assert lead("GET", "exceptions/none/approval").status == 404
    bare = fine(admin("POST", "exceptions", {"name": "Doors"}), 201)["slug"]
    said = lead("POST", f"exceptions/{bare}/decision", {"decision": "approved", "because": "x"})
    assert (said.status, {one["field"] for one in said.json["errors"]}) == (
        422, {"why", "instead", "asked_by", "owner", "document", "until"},
    )  # fmt: skip
