"""Training over the API: what is asked of whom, in parts, and the gaps in AI literacy."""

import pytest

from tests.api.test_nouns import fine

pytestmark = pytest.mark.django_db
COURSE = "everyone-ai-and-security"


def test_it_works(admin) -> None:
    rule = {"name": "Basics", "course": COURSE, "roles": ["everyone"], "from_on": "2020-01-01", "within_days": 0}
    fine(admin("POST", "training-rules", rule), 201)
    everybody = fine(admin("GET", "training"))["items"]
    assert len(everybody) > 2
    late = fine(admin("GET", "training?late=true"))["items"]
    assert {one["standing"] for one in late} <= {"overdue"}
    one = everybody[0]
    done = {"name": "Elsewhere", "person": one["email"], "course": COURSE, "completed_on": "2026-01-01", "score": 80}
    fine(admin("POST", "completions", done), 201)
    first = fine(admin("GET", "training?limit=1"))
    rest = fine(admin("GET", f"training?cursor={first['next']}"))
    together = {found["person"]: found for found in (*first["items"], *rest["items"])}
    assert len(together) == len(everybody)
    assert (together[one["person"]]["completed_on"], together[one["person"]]["score"]) == ("2026-01-01", 80)


def test_gaps_in_ai_literacy_come_first(admin) -> None:
    email = fine(admin("GET", "people"))["items"][0]["email"]
    fine(admin("POST", "systems", {"name": "Owned", "stage": "operation", "owner": email}), 201)
    found = fine(admin("GET", "training/literacy"))["items"]
    assert found
    assert {one["dealing"] for one in found} <= {"own", "operate", "oversee", "approve"}
    assert not any(one["current"] or one["training"] for one in found)
    assert fine(admin("GET", "training/literacy?gaps=true"))["items"] == found
    fine(admin("POST", "training-rules", {"name": "All", "course": COURSE, "dealing": ["own"], "literacy": "yes"}), 201)
    owns = [one for one in fine(admin("GET", "training/literacy"))["items"] if one["dealing"] == "own"]
    assert all(one["training"] for one in owns)


def test_nobody_types_that_they_answered_here(admin) -> None:
    typed = {
        "name": "Typed",
        "person": "kim@example.org",
        "course": COURSE,
        "completed_on": "2026-01-01",
        "how": "here",
    }
    assert admin("POST", "completions", typed).status == 422
    assert admin("POST", "completions", {**typed, "course_sha256": "0" * 64}).status == 422
