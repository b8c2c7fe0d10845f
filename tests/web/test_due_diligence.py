"""A supplier answers by its link without an account; whoever asked reads, judges, returns."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from annexa.actions.people import actor_of, add_person
from annexa.actions.questionnaires import (
    answer_questionnaire,
    hand_in_questionnaire,
    send_questionnaire,
    withdraw_questionnaire,
)
from annexa.actions.registers import add_record
from annexa.answers.due_diligence import one_sent
from annexa.library.questionnaires import questionnaires
from annexa.pure.permits import ANNEXA
from annexa.pure.questionnaires import problems_of
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.records.questionnaires import QuestionnaireAnswer, QuestionnaireFile, SentQuestionnaire
from annexa.records.registers import TABLES
from annexa.web.questions import QuestionsForm
from tests.questions import everything

SHORT = questionnaires()["supplier-short"]
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def supplier(admin, now):
    entry = SUPPLIERS.make({"name": "Parley <b>AI</b>", "tier": "standard"})
    return add_record(actor=actor_of(admin), register=SUPPLIERS, entry=entry, now=now).slug


@pytest.fixture
def sent(supplier, admin, now):
    return send_questionnaire(
        actor=actor_of(admin), person=admin, supplier=supplier, questionnaire=SHORT.id, to="pat@parley.example",
        due_on=now.date() + timedelta(days=9), now=now,
    )  # fmt: skip


@pytest.fixture
def outside() -> Client:
    """Somebody without an account, whose browser checks forms as browsers do."""
    return Client(enforce_csrf_checks=True)


def opened(outside: Client, secret: str, section: str = "") -> tuple[str, str]:
    """The page of a section and its token."""
    page = outside.get(reverse("questionnaire", args=[secret, section] if section else [secret]))
    assert page.status_code == 200
    text = page.content.decode()
    return text, re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)[1]


def as_posted(values: dict) -> dict:
    """Answers as a browser sends them."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def test_a_supplier_answers_without_an_account_and_hands_in(at, outside, sent, admin) -> None:
    row, secret = sent
    given = everything(SHORT)
    text, token = opened(outside, secret)
    assert "Parley &lt;b&gt;AI&lt;/b&gt;" in text
    assert "Test House" in text
    for section in (one.id for one in SHORT.sections):
        of_section = {one.id: given[one.id] for one in SHORT.questions if one.section == section and one.id in given}
        for _again in range(2):  # answers open further questions of the same section
            address = reverse("questionnaire", args=[secret, section])
            answer = outside.post(address, {**as_posted(of_section), "csrfmiddlewaretoken": token})
            assert answer.status_code == 303, answer.content.decode()
    hand_in = reverse("questionnaire-hand-in", args=[secret])
    assert "Everything is answered" in outside.get(hand_in).content.decode()
    answer = outside.post(hand_in, {"signed": "Pat Parley, CISO", "csrfmiddlewaretoken": token})
    assert (answer.status_code, answer["Location"]) == (303, reverse("questionnaire", args=[secret]))
    found = one_sent(actor=actor_of(admin), sent=row.id, now=at)
    assert (found.state, found.answers) == ("handed in", given)
    ended = outside.get(answer["Location"]).content.decode()
    assert "were handed in" in ended
    assert "<form" not in ended


def test_what_is_wrong_is_told_what_is_right_is_kept_and_nothing_typed_is_lost(at, outside, sent, admin) -> None:
    row, secret = sent
    section = next(one.section for one in SHORT.questions if one.kind == "number")
    _text, token = opened(outside, secret, section)
    posted = {"incident-notice-hours": "soon", "serious-incident": "no", "csrfmiddlewaretoken": token}
    answer = outside.post(reverse("questionnaire", args=[secret, section]), posted)
    assert answer.status_code == 422
    assert 'value="soon"' in answer.content.decode()
    kept = one_sent(actor=actor_of(admin), sent=row.id, now=at).answers
    assert kept == {"serious-incident": "no"}


def test_it_is_saved_as_it_is_typed(at, outside, sent) -> None:
    _row, secret = sent
    text, token = opened(outside, secret, "data")
    assert 'hx-trigger="change"' in text
    address = reverse("questionnaire", args=[secret, "data"])
    answer = outside.post(address, {"data-countries": "DE\nIE\n\n", "csrfmiddlewaretoken": token}, **HTMX)
    assert (answer.status_code, answer.headers.get("HX-Redirect")) == (200, None)
    assert "Saved at" in answer.content.decode()
    assert QuestionnaireAnswer.objects.get(question="data-countries").value == ["DE", "IE"]
    posted = {"data-countries": "DE\nIE", "personal-data": "yes", "csrfmiddlewaretoken": token}
    answer = outside.post(address, posted, **HTMX)  # this one opens another question
    assert (answer.status_code, answer["HX-Redirect"]) == (204, address)


def test_handing_in_too_early_leads_to_what_is_missing(at, outside, sent) -> None:
    _row, secret = sent
    _text, token = opened(outside, secret)
    address = reverse("questionnaire-hand-in", args=[secret])
    page = outside.get(address).content.decode()
    assert f"{reverse('questionnaire', args=[secret, 'service'])}#question-legal-entity" in page
    answer = outside.post(address, {"signed": "Pat", "csrfmiddlewaretoken": token})
    assert answer.status_code == 422


@pytest.mark.parametrize("secret", ["none", "annexa_" + "0" * 49])
def test_no_other_link_opens(at, outside, sent, secret) -> None:
    for address in (
        reverse("questionnaire", args=[secret]),
        reverse("questionnaire-hand-in", args=[secret]),
        reverse("questionnaire", args=[sent[1], "ghost"]),
    ):
        assert outside.get(address).status_code == 404


def test_a_link_that_was_closed_says_so(at, outside, sent, admin) -> None:
    row, secret = sent
    _text, token = opened(outside, secret)
    withdraw_questionnaire(actor=actor_of(admin), person=admin, sent=row.id, because="", now=at)
    for answer in (
        outside.get(reverse("questionnaire", args=[secret])),
        outside.post(reverse("questionnaire", args=[secret]), {"csrfmiddlewaretoken": token}),
        outside.get(reverse("questionnaire-hand-in", args=[secret])),
    ):
        assert answer.status_code == 200
        assert "has closed this link" in answer.content.decode()


def test_a_link_cannot_keep_the_server_busy(at, outside, sent, monkeypatch) -> None:
    monkeypatch.setattr("annexa.web.questionnaires.MOST_A_MINUTE", 3)
    _row, secret = sent
    _text, token = opened(outside, secret)
    address = reverse("questionnaire", args=[secret, "service"])
    codes = [outside.post(address, {"csrfmiddlewaretoken": token}).status_code for _ in range(4)]
    assert codes == [303, 303, 303, 429]


def test_somebody_asks_and_gets_the_link_once(at, client, supplier, outside) -> None:
    page = client.get(f"{reverse('due-diligence-new')}?supplier={supplier}")
    assert f'<option value="{supplier}" selected>' in page.content.decode()
    posted = {
        "supplier": supplier, "questionnaire": SHORT.id, "to": "pat@parley.example",
        "due_on": (at.date() + timedelta(days=9)).isoformat(),
    }  # fmt: skip
    answer = client.post(reverse("due-diligence-new"), posted)
    assert answer.status_code == 201
    link = re.search(r'value="http://testserver(/questionnaire/annexa_\w+)"', answer.content.decode())[1]
    assert outside.get(link).status_code == 200
    one = reverse("due-diligence-one", args=[SentQuestionnaire.objects.get().id])
    for page in (client.get(one), client.get(reverse("due-diligence"))):
        assert page.status_code == 200
        assert "annexa_" not in page.content.decode()


def test_one_supplier_by_itself(at, client, sent, supplier) -> None:
    record = client.get(f"/suppliers/{supplier}").content.decode()
    address = f"{reverse('due-diligence')}?supplier={supplier}"
    assert address in record
    page = client.get(address).content.decode()
    assert reverse("due-diligence-one", args=[sent[0].id]) in page
    assert f"{reverse('due-diligence-new')}?supplier={supplier}" in page
    assert sent[0].id not in client.get(f"{reverse('due-diligence')}?supplier=another").content.decode()


def test_everything_wrong_about_asking_is_told_at_once(at, client, supplier) -> None:
    posted = {"supplier": supplier, "questionnaire": SHORT.id, "to": "x", "due_on": "2020-01-01"}
    assert client.post(reverse("due-diligence-new"), {**posted, "to": " "}).status_code == 422
    answer = client.post(reverse("due-diligence-new"), posted)
    assert answer.status_code == 422
    assert "is not ahead" in answer.content.decode()


def test_the_answers_are_judged_in_their_page(at, client, sent, supplier) -> None:
    row, secret = sent
    answer_questionnaire(secret=secret, given=everything(SHORT) | {"training-on-our-data": None}, now=at)
    given = everything(SHORT)
    given["ai-in-service"] = "a feature we can switch off"
    given["training-on-our-data"] = "yes"
    answer_questionnaire(secret=secret, given=given, now=at)
    hand_in_questionnaire(secret=secret, signed="Pat", now=at)
    one = reverse("due-diligence-one", args=[row.id])
    page = client.get(one).content.decode()
    assert "The answers propose: not adequate." in page
    assert "Critical" in page
    judge = reverse("due-diligence-judge", args=[row.id])
    answer = client.post(judge, {"outcome": "adequate with conditions", "conditions": "", "because": ""})
    assert answer.status_code == 422
    assert "say why it is otherwise" in answer.content.decode()
    answer = client.post(
        judge, {"outcome": "adequate with conditions", "conditions": "Opt out by contract", "because": "Signed today"}
    )
    assert (answer.status_code, answer["Location"]) == (303, one)
    assert TABLES["supplier"].objects.get(slug=supplier).entry.assessment == "adequate with conditions"
    assert "Judged" in client.get(one).content.decode()
    answer = client.post(judge, {"outcome": "adequate", "conditions": "", "because": "x"})
    assert answer.status_code == 409


def test_answers_are_returned_with_a_word_that_the_supplier_reads(at, client, outside, sent) -> None:
    row, secret = sent
    answer_questionnaire(secret=secret, given=everything(SHORT), now=at)
    hand_in_questionnaire(secret=secret, signed="Pat", now=at)
    address = reverse("due-diligence-return", args=[row.id])
    assert client.post(address, {"because": ""}).status_code == 422
    assert client.post(address, {"because": "Which <company>?"}).status_code == 303
    text, _token = opened(outside, secret)
    assert "Which &lt;company&gt;?" in text
    assert client.post(reverse("due-diligence-withdraw", args=[row.id]), {"because": ""}).status_code == 303


def test_there_is_nothing_here_for_strangers(at, client, sent) -> None:
    assert client.get(reverse("due-diligence-one", args=["none"])).status_code == 404
    assert client.post(reverse("due-diligence-judge", args=["none"]), {"outcome": "adequate"}).status_code == 404


@pytest.mark.parametrize("one", [one.id for one in questionnaires().values()])
def test_every_question_of_every_questionnaire_can_be_asked_and_answered(one) -> None:
    asked = questionnaires()[one]
    answers = {name: value for name, value in everything(asked).items() if asked.by_id[name].kind != "date"}
    lines = {name: "\n".join(value) if asked.by_id[name].kind == "list" else value for name, value in answers.items()}
    form = QuestionsForm(asked=[(question, None) for question in asked.questions])
    values, wrong = problems_of(asked, form.given(as_posted(lines)))
    assert wrong == []
    assert {name: value for name, value in values.items() if value is not None} == answers


# --- files


def sent_file(outside: Client, secret: str, token: str, data: bytes = b"%PDF-1.7 x", **more):
    posted = {"csrfmiddlewaretoken": token, "file": SimpleUploadedFile(more.pop("name", "iso.pdf"), data), **more}
    return outside.post(reverse("questionnaire-file", args=[secret, "certificates"]), posted)


def test_a_file_comes_by_the_link_and_becomes_a_certificate(at, outside, sent, supplier, admin, client) -> None:
    row, secret = sent
    section = SHORT.by_id["certificates"].section
    text, token = opened(outside, secret, section)
    assert 'href="#files-certificates">Attach it</a>' in text
    assert 'enctype="multipart/form-data"' in text
    answer = sent_file(outside, secret, token, name="iso <b>27001.pdf")
    assert (answer.status_code, answer["Location"]) == (
        303, f"{reverse('questionnaire', args=[secret, section])}#files-certificates"
    )  # fmt: skip
    text, token = opened(outside, secret, section)
    assert "iso &lt;b&gt;27001.pdf" in text
    assert "One file is attached" in text
    client.force_login(admin)
    page = reverse("due-diligence-one", args=[row.id])
    assert "One file came with them." in client.get(page).content.decode()
    assert "Take over as a certificate" not in client.get(page).content.decode()  # not handed in yet
    answer_questionnaire(secret=secret, given=everything(SHORT), now=at)
    hand_in_questionnaire(secret=secret, signed="Pat", now=at)
    assert "iso &lt;b&gt;27001.pdf" in outside.get(reverse("questionnaire", args=[secret])).content.decode()
    text = client.get(page).content.decode()
    assert "Take over as a certificate" in text
    saved = client.get(reverse("due-diligence-file", args=[row.id, 1]))
    assert b"".join(saved.streaming_content) == b"%PDF-1.7 x"
    assert saved["Content-Type"] == "application/octet-stream"
    assert saved["Content-Disposition"].startswith("attachment")
    assert saved["Content-Security-Policy"].startswith("sandbox")
    take = reverse("due-diligence-take-over", args=[row.id, 1])
    assert client.get(take)["Location"] == page  # by the address alone, as after signing in again
    wrong = client.post(take, {"certificate": "ISO 27001", "until": "2001-01-01"})
    assert wrong.status_code == 422
    assert "has passed" in wrong.content.decode()
    until = at.date() + timedelta(days=500)
    assert client.post(take, {"certificate": "ISO 27001", "until": until.isoformat()}).status_code == 303
    assert TABLES["supplier"].objects.get(slug=supplier).certificates_until == until
    assert "Taken over as ISO 27001" in " ".join(client.get(page).content.decode().split())


def test_a_file_that_cannot_be_taken_is_told_beside_it_and_answers_stay(at, outside, sent, settings) -> None:
    _row, secret = sent
    section = SHORT.by_id["certificates"].section
    _text, token = opened(outside, secret, section)
    outside.post(
        reverse("questionnaire", args=[secret, section]),
        {"strong-login": "administrators only", "csrfmiddlewaretoken": token},
    )
    for data, sentence in (
        (b"<html><script>alert(1)</script>", "Its content is none of"),
        (b"", "The submitted file is empty"),
    ):
        answer = sent_file(outside, secret, token, data)
        assert answer.status_code == 422
        text = answer.content.decode()
        assert sentence in text
        assert "<script>alert" not in text
        assert re.search(r'value="administrators only"[^>]*checked', text)
    settings.UPLOAD_LIMIT_BYTES = 1024 * 1024
    answer = sent_file(outside, secret, token, b"%PDF" + b"x" * (1024 * 1024 + 1))
    assert answer.status_code == 422
    assert "Nothing was kept" in answer.content.decode()
    assert not QuestionnaireFile.objects.exists()
    assert outside.post(reverse("questionnaire-file", args=[secret, "certificates"]), {}).status_code == 403  # no token


def test_a_file_is_taken_back(at, outside, sent) -> None:
    _row, secret = sent
    section = SHORT.by_id["certificates"].section
    _text, token = opened(outside, secret, section)
    sent_file(outside, secret, token)
    back = reverse("questionnaire-file-back", args=[secret, 1])
    assert outside.post(back, {"csrfmiddlewaretoken": token}).status_code == 303
    assert "iso.pdf" not in opened(outside, secret, section)[0]
    assert outside.post(back, {"csrfmiddlewaretoken": token}).status_code == 404


@pytest.mark.parametrize("secret", ["none", "annexa_" + "0" * 49])
def test_no_other_link_takes_files(at, outside, sent, secret) -> None:
    _text, token = opened(outside, sent[1])
    assert sent_file(outside, secret, token).status_code == 404
    address = reverse("questionnaire-file-back", args=[secret, 1])
    assert outside.post(address, {"csrfmiddlewaretoken": token}).status_code == 404
    nowhere = reverse("questionnaire-file", args=[sent[1], "service-description"])
    posted = {"csrfmiddlewaretoken": token, "file": SimpleUploadedFile("a.pdf", b"%PDF-1.7 x")}
    assert outside.post(nowhere, posted).status_code == 404


def test_too_many_at_once_are_slowed_and_a_closed_link_takes_nothing(at, outside, sent, admin, monkeypatch) -> None:
    row, secret = sent
    _text, token = opened(outside, secret)
    monkeypatch.setattr("annexa.web.questionnaires.MOST_A_MINUTE", 1)
    assert sent_file(outside, secret, token).status_code == 303
    assert sent_file(outside, secret, token, b"%PDF-1.7 y").status_code == 429
    withdraw_questionnaire(actor=actor_of(admin), person=admin, sent=row.id, because="", now=at)
    monkeypatch.setattr("annexa.web.questionnaires.MOST_A_MINUTE", 100)
    assert "has closed this link" in sent_file(outside, secret, token, b"%PDF-1.7 z").content.decode()
    assert QuestionnaireFile.objects.count() == 1


def test_files_are_for_who_may_know_of_the_supplier(at, outside, sent, client, admin) -> None:
    row, secret = sent
    _text, token = opened(outside, secret)
    sent_file(outside, secret, token)
    address = reverse("due-diligence-file", args=[row.id, 1])
    assert outside.get(address).status_code == 302  # the link does not read
    stranger = add_person(actor=ANNEXA, email="sam@example.org", name="Sam", role="member", password=None, now=at)
    client.force_login(stranger)
    assert client.get(address).status_code == 404
    take = reverse("due-diligence-take-over", args=[row.id, 1])
    assert client.post(take, {"certificate": "ISO 27001", "until": "2099-01-01"}).status_code == 404
    client.force_login(admin)
    assert client.get(reverse("due-diligence-file", args=[row.id, 2])).status_code == 404
