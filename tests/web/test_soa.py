"""The statement of applicability on its pages: missing first, decided in rows and by themes, approved, compared."""

import pytest

from annexa.actions.people import add_person
from annexa.answers.soa import draft
from annexa.pure.permits import ANNEXA
from annexa.records.controls import Judgement
from annexa.records.soa import Inclusion, StatementVersion
from tests.web.proving import signed_in

pytestmark = pytest.mark.django_db


def text_of(response) -> str:
    return response.content.decode()


@pytest.fixture
def lena(organisation, now):
    """A compliance lead."""
    return add_person(actor=ANNEXA, email="lena@example.org", name="Lena Lead", role="lead", password=None, now=now)


@pytest.fixture
def complete(client, at):
    """Confirms every proposal."""
    return lambda: client.post("/statement/confirm", {"framework": "all"})


def test_an_empty_organisation_reaches_an_approved_statement_without_typing_a_justification(
    client, at, actor, complete, lena
) -> None:
    first = text_of(client.get("/statement"))
    n = len(draft(actor=actor, now=at).proposals)
    assert n > 93
    assert "are missing before this statement may be approved" in first
    assert f"Confirm all {n} proposals" in first
    assert "Ask for approval" not in first
    assert complete().status_code == 303
    ready = text_of(client.get("/statement"))
    assert "Every control is decided, with its reason." in ready
    assert "The whole of Test House" in ready
    asked = client.post("/statement/ask", {"isms": "Operation of the grid", "aims": "AI for the grid", "because": ""})
    assert asked.status_code == 303
    mine = text_of(client.get("/statement/versions/1"))
    assert "You asked for this approval, so somebody else has to decide." in mine
    assert "Approve version 1" not in mine
    signed_in(client, lena)
    assert "Approve version 1" in text_of(client.get("/statement/versions/1"))
    done = client.post("/statement/versions/1/decide", {"decision": "approved", "because": "Read it"}, follow=True)
    assert "Approved" in text_of(done)
    assert client.get("/statement/approved").headers["Location"] == "/statement/versions/1"


def test_a_control_is_decided_in_its_row(client, at) -> None:
    key = "iso27001-2022/A.7.11"
    shown = text_of(client.get("/statement", {"decide": key}))
    assert 'action="/statement/decide?decide=iso27001-2022%2FA.7.11"' in shown
    wrong = client.post(f"/statement/decide?decide={key}", {"control": key, "applies": "no", "until": "2027-11-20"})
    assert wrong.status_code == 422
    assert "A.7.11: an exclusion needs a justification" in text_of(wrong)
    given = {"control": key, "applies": "no", "because": "The landlord runs it", "until": "2027-11-20"}
    assert client.post(f"/statement/decide?decide={key}", given).headers["Location"] == "/statement"
    excluded = text_of(client.get("/statement", {"show": "excluded"}))
    assert "The landlord runs it" in excluded
    assert "Signed by Ada Admin" in excluded
    assert ">A.5.1<" not in excluded


def test_many_controls_are_left_out_with_one_reason(client, at) -> None:
    keys = ["iso27001-2022/A.7.11", "iso27001-2022/A.7.12"]
    client.post("/statement/decide", {"control": keys, "applies": "no", "because": "Leased", "until": "2027-11-20"})
    assert {one.subject for one in Judgement.objects.all()} == {"A.7.11", "A.7.12"}
    client.post("/statement/decide", {"control": keys, "applies": "yes", "reasons": "practice", "because": ""})
    assert Inclusion.objects.count() == 2


def test_a_theme_is_confirmed_at_once(client, at) -> None:
    client.post("/statement/confirm", {"framework": "iso27001-2022", "theme": "A.6"})
    assert Inclusion.objects.count() == 8
    assert client.post("/statement/confirm", {"framework": "iso27001-2022", "theme": "A.6"}).status_code == 422


def test_versions_are_compared(client, at, complete, lena) -> None:
    assert client.get("/statement/compare").status_code == 404
    complete()
    client.post("/statement/ask", {"isms": "Grid", "aims": "AI", "because": "First"})
    given = {"control": "iso27001-2022/A.7.11", "applies": "no", "because": "Leased", "until": "2027-11-20"}
    client.post("/statement/decide", given)
    shown = text_of(client.get("/statement/compare", {"old": "1"}))
    assert "<b>One line</b> differs between version 1 and the draft." in shown
    assert "<ins>Leased</ins>" in shown
    assert "Nothing differs" in text_of(client.get("/statement/compare", {"old": "1", "new": "1"}))
    for wrong in ("7", "x", "１"):
        assert client.get("/statement/compare", {"old": wrong}).status_code == 404
    assert "Waits for approval" in text_of(client.get("/statement/versions"))


def test_who_leads_not_reads_only(client, at, complete, noor) -> None:
    """An auditor reads the statement and decides nothing."""
    complete()
    signed_in(client, noor)
    shown = text_of(client.get("/statement"))
    assert "Confirm" not in shown
    assert 'name="control"' not in shown
    assert client.post("/statement/confirm", {"framework": "all"}).status_code == 403
    given = {"control": "iso27001-2022/A.7.11", "applies": "no", "because": "Leased", "until": "2027-11-20"}
    assert client.post("/statement/decide", given).status_code == 403
    assert client.post("/statement/ask", {"isms": "Grid"}).status_code == 403
    assert not StatementVersion.objects.exists()


def test_a_page_of_one_standard_keeps_to_its_weight(client, at) -> None:
    """At most 150 KB, as every page."""
    assert len(client.get("/statement").content) < 150 * 1024
