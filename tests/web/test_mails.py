"""The page on which one chooses how one is mailed: one's own choice, for everybody who may sign in."""

import pytest

from annexa.answers.mails import choice_of
from annexa.pure.mails import MailServer
from tests.web.proving import signed_in


@pytest.fixture
def page(client, kim):
    return signed_in(client, kim)


def test_it_works(page, kim, settings) -> None:
    settings.MAIL = MailServer(host="127.0.0.1", port=25, security="none")
    shown = page.get("/mail").content.decode()
    assert kim.email in shown
    assert '<option value="daily" selected>' in shown
    assert "Nobody is mailed here yet" not in shown
    answer = page.post("/mail", {"how": "at once"})
    assert (answer.status_code, answer["Location"]) == (303, "/mail")
    assert choice_of(person=kim) == "at once"
    assert '<option value="at once" selected>' in page.get("/mail").content.decode()
    page.post("/mail", {"how": "never"})
    assert choice_of(person=kim) == "never"


def test_what_is_wrong_is_shown(page, kim) -> None:
    for wrong in ({}, {"how": "hourly"}):
        answer = page.post("/mail", wrong)
        assert answer.status_code == 422
        assert '<a href="#id_how">Mail me</a>' in answer.content.decode()
    assert choice_of(person=kim) == "daily"


def test_without_a_server_the_page_says_so(page, settings) -> None:
    settings.MAIL = None
    assert "Nobody is mailed here yet" in page.get("/mail").content.decode()


def test_a_choice_is_ones_own(page, admin, kim) -> None:
    page.post("/mail", {"how": "never", "person": admin.pk})
    assert (choice_of(person=admin), choice_of(person=kim)) == ("daily", "never")


def test_a_stranger_is_asked_who_they_are(client, organisation) -> None:
    assert client.get("/mail")["Location"].startswith("/sign-in")
