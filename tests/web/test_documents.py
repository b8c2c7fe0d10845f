"""A document through its pages: written, approved, published, read by everybody, compared; nothing for strangers."""

from datetime import timedelta

import pytest

from annexa.actions.people import add_person
from annexa.actions.registers import add_record
from annexa.pure.registers.documents import DOCUMENTS
from annexa.records.documents import DocumentStep, Reading
from annexa.records.people import Person
from tests.actions.test_door import check_ledger
from tests.web.proving import signed_in

HERE = "/documents/access-policy/versions"
TEXT = "# Access\n\nNobody <script>alert(1)</script> without **a reason**.\n"


@pytest.fixture
def people(at, actor, now):
    """Ola writes, Lee approves, Eva works here, Max is from outside."""
    for name, role in (("ola", "owner"), ("lee", "lead"), ("eva", "member"), ("max", "external")):
        add_person(actor=actor, email=f"{name}@example.org", name=name.capitalize(), role=role, password=None, now=now)
    entry = DOCUMENTS.make(
        {
            "name": "Access policy", "kind": "policy", "owner": "ola@example.org", "approver": "lee@example.org",
            "review_months": 12, "classification": "internal", "serves": ("ACC-01/access-policy",),
        }
    )  # fmt: skip
    return add_record(actor=actor, register=DOCUMENTS, entry=entry, now=now)


@pytest.fixture
def as_(client, people):
    """The browser of one of them."""

    def of(name: str):
        signed_in(client, Person.objects.get(email=f"{name}@example.org"))
        return client

    return of


def step(browser, name: str, **more):
    return browser.post(f"{HERE}/step", {"step": name, **more})


def published(as_) -> None:
    ola = as_("ola")
    assert ola.post(f"{HERE}/write", {"content": TEXT, "because": "First"}).status_code == 303
    assert step(ola, "hand-in").status_code == 303
    lee = as_("lee")
    assert step(lee, "approve", because="As we live it").status_code == 303
    assert step(lee, "publish").status_code == 303


def test_it_works(as_, now) -> None:
    """Rule: from the record to a text in force, and the same page says at each step who is waited for."""
    browser = as_("ola")
    assert HERE in browser.get("/documents/access-policy").text
    assert "No text yet" in browser.get(HERE).text
    browser.post(f"{HERE}/write", {"content": TEXT, "because": "First"})
    page = browser.get(HERE)
    assert "It has not been handed in for review." in page.text
    step(browser, "hand-in")
    page = browser.get(HERE).text
    assert "wrote a part of it" in page
    assert "Approve it" not in page
    lee = as_("lee")
    assert "Approve it" in lee.get(HERE).text
    step(lee, "approve", because="As we live it")
    step(lee, "publish")
    page = lee.get(HERE).text
    assert "Version 1 is in force since" in page
    shown = lee.get(f"{HERE}/1")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown.text
    assert "<strong>a reason</strong>" in shown.text
    saved = lee.get(f"{HERE}/1?save=1")
    assert saved.content.decode() == TEXT
    assert saved["Content-Disposition"] == 'attachment; filename="access-policy.md"'
    assert saved["Content-Type"] == "application/octet-stream"
    check_ledger()


def test_everything_wrong_is_told_and_nothing_typed_is_lost(as_) -> None:
    browser = as_("ola")
    answer = browser.post(f"{HERE}/write", {"content": "", "because": ""})
    assert answer.status_code == 422
    answer = browser.post(f"{HERE}/write", {"content": "My words", "because": ""})
    assert answer.status_code == 422
    assert "My words" in answer.text
    assert step(browser, "hand-in").status_code == 422
    assert step(browser, "nonsense").status_code == 404
    assert step(browser, "approve").status_code == 422
    assert not DocumentStep.objects.exists()


def test_a_file_is_saved_never_shown(as_) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    browser = as_("ola")
    page = SimpleUploadedFile("policy.html", b"<html><script>alert(1)</script></html>", content_type="text/html")
    assert browser.post(f"{HERE}/write", {"file": page, "because": "Scanned"}).status_code == 303
    answer = browser.get(f"{HERE}/1")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")


def test_versions_are_compared_line_by_line(as_) -> None:
    published(as_)
    browser = as_("ola")
    browser.post(f"{HERE}/write", {"content": TEXT + "\nGuests too.\n", "because": "Guests"})
    page = browser.get(HERE, {"from": "1", "to": "2"}).text
    assert "<ins>Guests too.</ins>" in page
    assert "Version 1 beside version 2" in page
    assert browser.get(HERE, {"from": "1", "to": "9"}).status_code == 200


def test_staff_read_and_say_so(as_, at, now) -> None:
    """Rule: who works here without any role reads what is in force, and what they say is theirs."""
    published(as_)
    lee = as_("lee")
    asked = lee.post(f"{HERE}/ask", {"roles": "member", "due_on": (now + timedelta(days=9)).date().isoformat()})
    assert asked.status_code == 303
    assert "0 of 1" in lee.get(HERE).text
    assert "Eva" in lee.get(HERE).text
    eva = as_("eva")
    assert "/reading" in eva.get("/").text
    assert "One document" in eva.get("/reading").text
    page = eva.get("/reading/access-policy")
    assert "I have read it" in page.text
    assert eva.post("/reading/access-policy", {"number": "7"}).status_code == 409
    assert eva.post("/reading/access-policy", {"number": "1"}).status_code == 303
    assert "Nothing waits to be read by you." in eva.get("/reading").text
    assert Reading.objects.get(step="read").person.name == "Eva"
    assert "1 of 1" in as_("lee").get(HERE).text
    check_ledger()


def test_a_draft_is_nobodys_reading(as_) -> None:
    as_("ola").post(f"{HERE}/write", {"content": TEXT, "because": "First"})
    eva = as_("eva")
    assert "Access policy" not in eva.get("/reading").text
    assert eva.get("/reading/access-policy").status_code == 404
    assert eva.post("/reading/access-policy", {"number": "1"}).status_code == 404


def test_a_stranger_finds_nothing(as_) -> None:
    published(as_)
    for name in ("eva", "max"):
        browser = as_(name)
        for address in (HERE, f"{HERE}/1", "/documents/access-policy"):
            assert browser.get(address).status_code == 404, address
        assert step(browser, "withdraw", because="x").status_code == 404
        assert browser.post(f"{HERE}/write", {"content": "x", "because": "x"}).status_code == 404
    assert as_("max").get("/reading").status_code == 404
    assert as_("max").get("/reading/access-policy").status_code == 404
