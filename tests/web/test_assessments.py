"""Assessments are written without JavaScript, left and resumed, decided in place, printed; a stranger finds nothing."""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from annexa.actions.assessments import answer_assessment, approve_assessment, hand_in_assessment, start_assessment
from annexa.actions.people import actor_of, add_person
from annexa.actions.systems import add_system, change_system
from annexa.pure.permits import ANNEXA
from annexa.pure.systems import SystemFacts
from annexa.records.assessments import Assessment, AssessmentAnswer, AssessmentStep
from annexa.records.people import Person
from annexa.records.systems import AiSystem
from tests.assessing import answers_to

AIIA = "ai-system-impact-assessment"


@pytest.fixture
def people(organisation) -> dict[str, Person]:
    """Somebody of each role."""
    return {
        role: add_person(
            actor=ANNEXA, email=f"{role}@example.org", name=f"{role.capitalize()} Doe", role=role, password=None,
            now=timezone.now(),
        )
        for role in ("lead", "owner", "auditor", "member")
    }  # fmt: skip


@pytest.fixture
def enter(people):
    """Somebody's browser, by role."""

    def browser(role: str) -> Client:
        found = Client()
        found.force_login(people[role])
        return found

    return browser


@pytest.fixture
def system(actor) -> AiSystem:
    facts = SystemFacts(name="Ranking", purpose="Ranks applicants", stage="operation", classes=("high-risk",))
    return add_system(actor=actor, facts=facts, now=timezone.now())


@pytest.fixture
def begun(system, people) -> Assessment:
    owner = people["owner"]
    return start_assessment(
        actor=actor_of(owner), person=owner, form=AIIA, scope="ranking", now=timezone.now(), because="Before use"
    )


@pytest.fixture
def handed_in(begun, people) -> Assessment:
    by = {"actor": actor_of(people["owner"]), "person": people["owner"], "now": timezone.now()}
    answer_assessment(assessment=begun.id, given=answers_to(AIIA), **by)
    hand_in_assessment(assessment=begun.id, **by)
    return begun


@pytest.fixture
def approved(handed_in, people) -> Assessment:
    step = AssessmentStep.objects.get()
    approve_assessment(
        actor=actor_of(people["lead"]), person=people["lead"], assessment=handed_in.id, step=step.id, because="Read",
        until=(timezone.now() + timedelta(days=200)).date(), now=timezone.now(),
    )  # fmt: skip
    return handed_in


def url(one: Assessment, rest: str = "") -> str:
    return f"/assessments/{one.id}{rest}"


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())).replace(" :", ":")


def test_from_the_list_to_the_first_section(enter, system) -> None:
    browser = enter("owner")
    listed = browser.get("/assessments")
    assert "For one AI system of 1 an assessment is due" in text(listed)
    page = browser.get("/systems/ranking/assessments")
    assert "Begin: AI system impact assessment" in text(page)
    begun = browser.post("/systems/ranking/assessments/begin", {"form": AIIA})
    assert begun.status_code == 303
    shown = browser.get(begun["Location"])
    assert "0 of " in text(shown)
    assert "from the register of AI systems" in text(shown)
    assert 'value="Ranking"' in shown.content.decode()


def test_a_section_is_saved_and_the_next_one_follows(enter, begun) -> None:
    browser = enter("owner")
    sent = {"section": "society", "work-effect": "Two jobs change", "society-weight": "slight", "next": "1"}
    saved = browser.post(url(begun, "/answers"), sent)
    assert (saved.status_code, saved["Location"]) == (303, url(begun, "?section=measures#part"))
    again = browser.get(url(begun, "?section=society"))
    assert "Two jobs change" in again.content.decode()
    assert 'name="seen-work-effect" value="1"' in again.content.decode()
    browser.post(url(begun, "/answers"), sent | {"seen-work-effect": "1", "seen-society-weight": "1"})
    assert AssessmentAnswer.objects.count() == 2


def test_what_is_wrong_comes_back_with_what_was_typed(enter, begun) -> None:
    sent = {"section": "result", "keep-until": "soon", "approved-on": "2026-13-01", "residual-reason": "x"}
    answer = enter("owner").post(url(begun, "/answers"), sent)
    assert answer.status_code == 422
    assert "2 things to put right" in text(answer)
    assert 'value="soon"' in answer.content.decode()
    assert not AssessmentAnswer.objects.exists()


def test_two_who_write_at_once_see_both_texts_and_saving_again_decides(enter, begun) -> None:
    first, second = enter("owner"), enter("lead")
    first.post(url(begun, "/answers"), {"section": "society", "work-effect": "None"})
    answer = second.post(url(begun, "/answers"), {"section": "society", "work-effect": "Two", "seen-work-effect": "0"})
    assert answer.status_code == 409
    shown = answer.content.decode()
    assert "Recorded now" in shown
    assert ">Two</textarea>" in shown.replace("\n", "")
    assert 'name="seen-work-effect" value="1"' in shown
    again = second.post(url(begun, "/answers"), {"section": "society", "work-effect": "Two", "seen-work-effect": "1"})
    assert again.status_code == 303
    assert [one.value for one in AssessmentAnswer.objects.order_by("number")] == ["None", "Two"]


def test_it_is_handed_in_and_somebody_else_approves_in_place(enter, begun, people) -> None:
    by = {"actor": actor_of(people["owner"]), "person": people["owner"], "now": timezone.now()}
    owner, lead = enter("owner"), enter("lead")
    assert "answers are missing before it can be handed in" in text(owner.get(url(begun)))
    answer_assessment(assessment=begun.id, given=answers_to(AIIA), **by)
    assert owner.post(url(begun, "/hand-in"), {"because": "Whole"}).status_code == 303
    assert "A compliance lead or an administrator who took no part approves it" in text(owner.get(url(begun)))
    assert "Version 1, handed in by Owner Doe" in text(lead.get("/?whose=all"))
    page = lead.get(url(begun))
    assert "Approve version 1" in text(page)
    step = re.search(r'name="step" value="(\w+)"', page.content.decode())[1]
    late = {"decision": "approved", "step": step, "because": "Fine", "until": "2020-01-01"}
    assert lead.post(url(begun, "/decision"), late).status_code == 422
    until = (timezone.now() + timedelta(days=100)).date().isoformat()
    assert lead.post(url(begun, "/decision"), late | {"until": until}).status_code == 303
    assert "It holds until" in text(lead.get(url(begun)))
    assert "Approved" in text(lead.get("/systems/ranking/assessments"))
    assert 'id="assessments"' in lead.get("/systems/ranking").content.decode()


def test_who_took_part_is_told_that_somebody_else_decides(enter, handed_in, people) -> None:
    by = {"actor": actor_of(people["lead"]), "person": people["lead"]}
    step = AssessmentStep.objects.get()
    lead = enter("lead")
    lead.post(url(handed_in, "/decision"), {"decision": "returned", "step": step.id, "because": "Say more"})
    answer_assessment(assessment=handed_in.id, given={"method": "Nets"}, seen={"method": 1}, now=timezone.now(), **by)
    enter("owner").post(url(handed_in, "/hand-in"), {"because": "Said more"})
    page = lead.get(url(handed_in))
    assert "You took part; another compliance lead" in text(page)
    assert "Approve version" not in text(page)


def test_a_changed_system_is_told_with_what_changed(enter, approved, actor) -> None:
    row = AiSystem.objects.get()
    facts = SystemFacts.from_json({**row.facts().to_json(), "purpose": "Rejects applicants"})
    change_system(actor=actor, slug="ranking", facts=facts, seen=row.changed_at, now=timezone.now())
    browser = enter("owner")
    assert "The system changed: purpose (" in text(browser.get("/?whose=all"))
    assert "To be done anew: purpose" in text(browser.get("/systems/ranking/assessments"))
    page = browser.get(url(approved)).content.decode()
    assert "<del>Ranks applicants</del> <ins>Rejects applicants</ins>" in page
    begun = browser.post("/systems/ranking/assessments/begin", {"form": AIIA})
    shown = browser.get(begun["Location"])
    assert "from AI impact, version 1" in text(shown)
    made = Assessment.objects.get(number=2)
    browser.post(url(made, "/take-over"), {"question": ["method"], "section": "algorithm"})
    differs = browser.get(url(made, f"/changes/{approved.id}"))
    assert "From version 1 to 2" in text(differs)


def test_it_is_printed_and_taken_out_as_files(enter, approved) -> None:
    browser = enter("auditor")
    shown = browser.get(url(approved, "/print")).content.decode()
    assert 'class="document' in shown
    assert "What is to be said about method" in shown
    found = json.loads(browser.get(url(approved, "/export.json")).content)
    assert found["stage"] == "approved"
    assert {one["question"]: one["value"] for one in found["answers"]}["method"] == "What is to be said about method"
    assert "What is to be said about method" in browser.get(url(approved, "/export.csv")).content.decode()
    assert browser.get(url(approved, "/export.xlsx")).content.startswith(b"PK")


def test_an_auditor_reads_and_changes_nothing(enter, begun) -> None:
    browser = enter("auditor")
    assert "Save and go on" not in text(browser.get(url(begun)))
    assert browser.post(url(begun, "/answers"), {"section": "society", "work-effect": "x"}).status_code == 403
    assert browser.post("/systems/ranking/assessments/begin", {"form": "fria"}).status_code == 403


def test_a_stranger_finds_nothing(enter, handed_in) -> None:
    stranger = enter("member")
    for page in ("", "/print", "/export.json", "/export.csv", "/export.xlsx", f"/changes/{handed_in.id}"):
        assert stranger.get(url(handed_in, page)).status_code == 404, page
    for form in ("/answers", "/take-over", "/hand-in", "/decision", "/withdrawal"):
        assert stranger.post(url(handed_in, form), {"because": "x"}).status_code == 404, form
    assert stranger.get("/systems/ranking/assessments").status_code == 404
    assert stranger.post("/systems/ranking/assessments/begin", {"form": AIIA}).status_code == 404
    assert enter("owner").get("/assessments/nonsense").status_code == 404


def test_a_version_is_withdrawn_with_a_reason(enter, approved) -> None:
    browser = enter("lead")
    assert browser.post(url(approved, "/withdrawal"), {"because": ""}).status_code == 422
    assert browser.post(url(approved, "/withdrawal"), {"because": "It was wrong"}).status_code == 303
    assert "Withdrawn" in text(browser.get(url(approved)))
