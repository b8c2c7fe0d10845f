"""The wizard works without JavaScript, is left and resumed, and a second person decides."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from annexa.actions.classification import answer_classification, ask_review
from annexa.actions.people import actor_of, add_person
from annexa.actions.systems import add_system
from annexa.library.classification import classifications
from annexa.pure.permits import ANNEXA
from annexa.pure.systems import SystemFacts
from annexa.records.classifications import ClassificationAnswers, ClassificationReview
from annexa.records.systems import AiSystem

URL = "/systems/ranking/classification"
LAW = "eu-ai-act"
RANKING = dict(
    next(
        one for one in classifications()[LAW].examples if one.name == "An employer ranks applicants with a bought tool"
    ).answers
)


@pytest.fixture
def browser(organisation):
    """Somebody's browser, by role."""

    def enter(role: str) -> Client:
        person = add_person(
            actor=ANNEXA, email=f"{role}@example.org", name=role.capitalize(), role=role, password=None,
            now=timezone.now(),
        )  # fmt: skip
        found = Client()
        found.force_login(person)
        return found

    return enter


@pytest.fixture
def system(actor) -> AiSystem:
    """A system nobody has classified."""
    return add_system(actor=actor, facts=SystemFacts(name="Ranking", stage="operation"), now=timezone.now())


@pytest.fixture
def page(client, admin, system) -> Client:
    """The administrator's browser."""
    client.force_login(admin)
    return client


@pytest.fixture
def asked(admin, system) -> ClassificationAnswers:
    """All answers of an employer, waiting for their review."""
    now = timezone.now()
    found = answer_classification(
        actor=actor_of(admin), person=admin, tree=LAW, scope="ranking", given=RANKING, seen="", now=now
    )
    ask_review(actor=actor_of(admin), person=admin, answers=found.id, now=now)
    return found


def hidden(shown: str, name: str) -> str:
    """The value of a hidden field."""
    return re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', shown)[1]


def send(browser: Client, said, *, url: str = URL, note: str = ""):
    """Answers the question on the page."""
    shown = browser.get(url).content.decode()
    path, _, query = url.partition("?")
    fields = {"question": hidden(shown, "question"), "seen": hidden(shown, "seen"), "answer": said, "because": note}
    return browser.post(f"{path}/answer?{query}", fields)


def test_one_question_is_put_and_the_passport_leads_to_it(page) -> None:
    assert f'href="{URL}"' in page.get("/systems/ranking").content.decode()
    shown = page.get(URL).content.decode()
    tree = classifications()[LAW]
    assert tree.question("form").text in shown
    assert tree.question("union").text not in shown
    assert "Nobody here knows yet" in shown


def test_it_is_left_and_resumed(page, system, browser) -> None:
    found = send(page, "system", note="Bought")
    assert (found.status_code, found.headers["Location"]) == (303, f"{URL}?law=eu-ai-act#question")
    later = browser("owner").get(URL).content.decode()
    assert "Next question" in later
    assert classifications()[LAW].question("union").text in later
    assert "Ada Admin" in later
    assert "Bought" in later


def test_what_is_not_decided_is_not_called_none_and_no_duty_is_said(page, system, admin) -> None:
    """Rule: "none" is a finding; before it there is only what is not decided yet."""
    open_page = page.get(URL, {"law": LAW}).content.decode()
    assert open_page.count("not decided yet") == 2
    assert '<span class="meta">none</span>' not in open_page
    tree = classifications()[LAW]
    case = next(one for one in tree.examples if one.name == "A rule-based tax calculator")
    answer_classification(
        actor=actor_of(admin), person=admin, tree=LAW, scope="ranking", given=case.answers, seen="", now=timezone.now()
    )
    settled = page.get(URL, {"law": LAW}).content.decode()
    assert "not decided yet" not in settled
    assert "Out of scope" in settled
    assert '<span class="meta">none</span>' in settled  # no role
    assert "No duty follows from these answers." in settled


def test_all_of_it_can_be_answered_and_then_asked_for_review(page) -> None:
    while True:
        shown = page.get(URL).content.decode()
        if 'name="question"' not in shown:
            break
        said = RANKING[hidden(shown, "question")]
        assert send(page, said or "-none").status_code == 303
    assert "Every question is answered" in shown
    assert "Beside the record" in shown
    assert 'href="/frameworks/eu-ai-act/requirements/Art.6(2)"' in shown
    found = page.post(f"{URL}/ask?law={LAW}", {"answers": hidden(shown, "answers"), "because": ""})
    assert found.status_code == 303
    assert "Another compliance lead or administrator decides" in page.get(URL).content.decode()


def test_an_answer_is_changed_where_it_stands(page) -> None:
    send(page, "system")
    send(page, ["user"])
    again = page.get(URL, {"law": LAW, "question": "union"}).content.decode()
    assert "Answer again" in again
    assert re.search(r'value="user"[^>]*checked', again)
    assert send(page, ["market"], url=f"{URL}?law={LAW}&question=union").status_code == 303
    assert ClassificationAnswers.objects.order_by("-revision").first().answers["union"] == ["market"]


def test_what_nobody_knows_stays_open_and_says_so(page) -> None:
    send(page, "system")
    send(page, ["unknown"])
    shown = page.get(URL).content.decode()
    assert "What is left is what nobody knows yet" in shown
    assert "Nobody knows yet" in shown
    assert "Ask for review" not in shown


@pytest.mark.parametrize("said", [[], ["-none", "user"], ["unknown", "user"], ["toaster"]])
def test_a_wrong_answer_is_said_beside_it_and_nothing_is_kept(page, said) -> None:
    send(page, "system")
    found = send(page, said)
    assert found.status_code == 422
    assert "One thing to put right" in found.content.decode()
    assert ClassificationAnswers.objects.count() == 1


def test_who_was_slower_is_told(page) -> None:
    shown = page.get(URL).content.decode()
    send(page, "system")
    found = page.post(f"{URL}/answer?law={LAW}", {"question": "form", "seen": hidden(shown, "seen"), "answer": "model"})
    assert found.status_code == 409
    assert "Somebody else answered meanwhile" in found.content.decode()


def test_the_reviewer_sees_the_difference_and_approves(browser, system, asked) -> None:
    lead = browser("lead")
    shown = lead.get(URL).content.decode()
    assert "You decide on revision 1" in shown
    assert "deployer, employer deployer" in shown
    assert "Begin to bind" in shown
    assert "Duties that follow" in shown
    fields = {"answers": hidden(shown, "answers"), "seen": system.changed_at.isoformat(), "decision": "approved"}
    wrong = lead.post(f"{URL}/review?law={LAW}", fields)
    assert wrong.status_code == 422
    found = lead.post(f"{URL}/review?law={LAW}", {**fields, "because": "As in the contract"})
    assert found.status_code == 303
    assert AiSystem.objects.get(slug="ranking").risk_class == "high-risk"
    after = lead.get(URL).content.decode()
    assert "As in the contract" in after
    assert "The record says the same already" in after


def test_who_answered_is_refused_as_reviewer(page, asked) -> None:
    fields = {"answers": asked.id, "decision": "approved", "because": "Mine"}
    found = page.post(f"{URL}/review?law={LAW}", fields)
    assert found.status_code == 403
    assert "somebody else has to review it" in found.content.decode()
    assert not ClassificationReview.objects.filter(decision="approved").exists()


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"answers": "\0", "seen": ""}, 404),
        ({"answers": "gone", "seen": ""}, 404),
        ({"seen": "2026-13-45T99:00:00+00:00"}, 409),
        ({"seen": "2026-11-20T09:40:00"}, 409),
    ],
)
def test_a_form_that_was_tampered_with_decides_nothing(browser, asked, fields, status) -> None:
    sent = {"answers": asked.id, "decision": "approved", "because": "x", **fields}
    assert browser("lead").post(f"{URL}/review?law={LAW}", sent).status_code == status
    assert not ClassificationReview.objects.filter(decision="approved").exists()


def test_an_auditor_reads_and_changes_nothing(browser, asked) -> None:
    auditor = browser("auditor")
    shown = auditor.get(URL).content.decode()
    assert "Answers so far" in shown
    assert '<form class="form"' not in shown
    for what, fields in (
        ("answer", {"question": "form", "seen": asked.id, "answer": "neither"}),
        ("ask", {"answers": asked.id}),
        ("review", {"answers": asked.id, "decision": "approved", "because": "x"}),
    ):
        assert auditor.post(f"{URL}/{what}?law={LAW}&question=form", fields).status_code == 403
    assert ClassificationAnswers.objects.count() == 1


def test_the_organisation_has_its_own_laws(page) -> None:
    shown = page.get("/organisation/classification", {"law": "nis2"}).content.decode()
    assert classifications()["nis2"].question("union").text in shown
    found = send(page, "no", url="/organisation/classification?law=nis2")
    assert found.headers["Location"] == "/organisation/classification?law=nis2#question"
    assert "Neither essential nor important" in page.get("/organisation/classification?law=nis2").content.decode()


@pytest.mark.parametrize(
    "url", ["/systems/nowhere/classification", f"{URL}?law=nis2", "/organisation/classification?law=x"]
)
def test_what_there_is_not_is_404(page, url) -> None:
    assert page.get(url).status_code == 404


def test_who_comes_by_the_address_of_a_form_is_led_to_its_page(page) -> None:
    assert page.get(f"{URL}/answer?law={LAW}").headers["Location"] == f"{URL}?law={LAW}"
    assert page.get("/organisation/classification/ask").headers["Location"] == "/organisation/classification"


def test_it_asks_little(page, asked, django_assert_max_num_queries) -> None:
    page.get(URL)
    with django_assert_max_num_queries(16):
        page.get(URL)


def test_strangers_sign_in_first(client, system) -> None:
    assert client.get(URL).status_code == 302
    assert client.post(f"{URL}/answer").status_code == 302


# --- what the record says


@pytest.fixture
def own(actor) -> AiSystem:
    """A system of the organisation's own people, in operation, without personal data."""
    facts = SystemFacts(name="Own", stage="operation", built="in-house", personal_data="no")
    return add_system(actor=actor, facts=facts, now=timezone.now())


OWN, COLORADO = "/systems/own/classification", "us-co-sb26-189"


def test_the_record_answers_and_says_so_and_is_confirmed_with_one_button(page, own) -> None:
    shown = page.get(OWN, {"law": COLORADO}).content.decode()
    assert "The act does not reach it." in shown
    assert "From the record, not confirmed" in shown
    assert re.search(r'From the record: <a class="plain" href="/systems/own">Personal data is no</a>', shown)
    assert "Confirm or correct" in shown
    assert "Ask for review" not in shown
    fields = {"seen": hidden(shown, "seen"), "record": hidden(shown, "record")}
    found = page.post(f"{OWN}/confirm?law={COLORADO}", fields)
    assert (found.status_code, found.headers["Location"]) == (303, f"{OWN}?law={COLORADO}#question")
    assert ClassificationAnswers.objects.get().answers == {"computes": "no"}
    shown = page.get(OWN, {"law": COLORADO}).content.decode()
    assert "From the record, not confirmed" not in shown
    assert "Confirmed from the record: Personal data is no." in shown
    assert "Ask for review" in shown


def test_the_question_is_filled_in_from_the_record_and_can_be_contradicted(page, own) -> None:
    for said in ("system", ["user"], "-none", "released"):
        send(page, said, url=OWN)
    shown = page.get(OWN).content.decode()
    assert hidden(shown, "question") == "part"
    assert re.search(r'value="develops"[^>]*checked', shown)
    assert "Built is in-house" in shown
    assert "In part" in shown
    assert "Contradicts the record" not in shown
    send(page, ["uses"], url=OWN)
    shown = page.get(OWN).content.decode()
    assert shown.count("Contradicts the record") == 1
    assert ClassificationAnswers.objects.order_by("-revision").first().answers["part"] == ["uses"]


def test_a_record_that_changed_meanwhile_is_not_confirmed(page, own) -> None:
    for record in ("", "2026-11-20T09:40:00+00:00", "\0"):
        found = page.post(f"{OWN}/confirm?law={COLORADO}", {"seen": "", "record": record})
        assert found.status_code == 409
    assert not ClassificationAnswers.objects.exists()


def test_where_there_is_nothing_to_confirm_it_is_said(page, own, system) -> None:
    sent = {"seen": "", "record": system.changed_at.isoformat()}
    found = page.post(f"{URL}/confirm?law={LAW}", sent)
    assert found.status_code == 422
    assert "The record says nothing that is not answered already." in found.content.decode()
    assert page.get(f"{OWN}/confirm?law={COLORADO}").headers["Location"] == f"{OWN}?law={COLORADO}"


def test_an_auditor_sees_what_the_record_says_and_confirms_nothing(browser, own) -> None:
    auditor = browser("auditor")
    shown = auditor.get(OWN, {"law": COLORADO}).content.decode()
    assert "From the record, not confirmed" in shown
    assert f"{OWN}/confirm" not in shown
    sent = {"seen": "", "record": own.changed_at.isoformat()}
    assert auditor.post(f"{OWN}/confirm?law={COLORADO}", sent).status_code == 403
