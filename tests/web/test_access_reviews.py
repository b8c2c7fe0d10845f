"""Lists come in with a look first; reviews are opened, decided many lines at once, ended, exported."""

import io
import re
from datetime import timedelta

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from annexa.actions.access_reviews import (
    Subject,
    close_access_review,
    decide_access,
    import_access_list,
    open_access_review,
)
from annexa.actions.people import actor_of, add_person
from annexa.actions.systems import add_system
from annexa.answers.access_reviews import plan_list
from annexa.answers.store import blobs
from annexa.pure.permits import ANNEXA
from annexa.pure.systems import SystemFacts
from annexa.records.access_reviews import (
    AccessCarriedOut,
    AccessDecision,
    AccessList,
    AccessReview,
    AccessReviewEnd,
)
from annexa.records.people import Person
from tests.web.proving import signed_in

CSV = (
    "Account,Name,Role,Last login\nada@example.org,Ada Admin,Viewer,2026-11-01\nmlops-shared,,Admin,2026-11-10\n"
    "bo@example.org,Bo Berg,Release manager,2026-01-01\n+cy,Cy,Editor,2026-11-02\n"
)


@pytest.fixture
def system(actor, now):
    return add_system(actor=actor, facts=SystemFacts(name="Chatbot", stage="operation"), now=now)


@pytest.fixture
def lead(organisation, now):
    return add_person(actor=ANNEXA, email="lee@example.org", name="Lee Lead", role="lead", password=None, now=now)


@pytest.fixture
def listed(admin, system, now):
    """A list that was taken in."""
    data = CSV.encode()
    blobs().put(data, limit_bytes=10_000)
    return import_access_list(
        actor=actor_of(admin), person=admin, planned=plan_list(data=data, name="chatbot.csv"),
        about=Subject(kind="system", subject="chatbot"), taken_at=now, now=now,
    )  # fmt: skip


@pytest.fixture
def review(admin, lead, kim, listed, now):
    """A review that is open."""
    return open_access_review(
        actor=actor_of(admin), person=admin, name="Access in autumn", lists=[listed.id], reviewers=[admin, lead],
        carrier=kim, due_on=(now + timedelta(days=9)).date(), now=now,
    )  # fmt: skip


def upload(client, data=b"", name="chatbot.csv"):
    data = data or CSV.encode()
    return client.post("/access-reviews/import?system=chatbot", {"file": SimpleUploadedFile(name, data)})


def text(response) -> str:
    return response.content.decode()


def send(client, review, rows, decision="keep", because="They need it", query="", **more):
    lines = [f"{review.lists[0]}.{row}" for row in rows]
    return client.post(
        f"/access-reviews/{review.id}/decide{query}",
        {"line": lines, "decision": decision, "because": because, **more},
    )


def test_a_list_is_looked_at_and_taken_in(at, client, system) -> None:
    response = upload(client)
    assert response.status_code == 303
    page = text(client.get(response.url))
    for said in (
        "4 lines",
        "As guessed: Last login",
        "Release manager",
        "Nothing is imported yet",
        '<option value="chatbot" selected',
    ):
        assert said in page
    assert not AccessList.objects.exists()
    done = client.post(response.url, {"subject": "chatbot", "taken_on": "2026-11-20"})
    assert (done.status_code, done.url) == (303, "/access-reviews#lists")
    made = AccessList.objects.get()
    assert (made.subject, len(made.lines), made.taken_at) == ("chatbot", 4, at)
    assert made.read_as[0] == ["account", "Account"]
    assert "Chatbot" in text(client.get("/access-reviews"))


def test_columns_can_be_said_and_other_systems_named(at, client, system) -> None:
    url = upload(client, b"Wer,Was\nkim,Admin\n").url
    assert "say which one does" in text(client.get(url))
    told = f"{url.partition('?')[0]}?c.account=0&c.entitlement=1"
    assert "chosen here" in text(client.get(told))
    wrong = client.post(told, {"subject": "-other", "other": " ", "taken_on": "2026-12-24"})
    assert wrong.status_code == 422
    assert "Name the system it is about" in text(wrong)
    assert "is not here yet" in text(wrong)
    assert client.post(told, {"subject": "-other", "other": "Key vault", "taken_on": "2026-11-19"}).status_code == 303
    assert AccessList.objects.get().subject == "Key vault"


def test_problems_are_listed_and_nothing_is_taken(at, client, system) -> None:
    url = upload(client, b"Account,Last used\n,2026-02-31\nbo,\n").url
    page = text(client.get(url))
    assert "every line needs an account" in page
    assert "is not a date that exists" in page
    assert client.post(url, {"subject": "chatbot", "taken_on": "2026-11-20"}).status_code == 422
    assert not AccessList.objects.exists()


def test_what_is_no_table_is_refused_in_a_sentence(at, client) -> None:
    response = upload(client, b"\x89PNG\r\n", "x.png")
    assert response.status_code == 422
    assert "PNG picture" in text(response)


def test_a_review_is_opened(at, client, admin, lead, kim, listed) -> None:
    page = text(client.get("/access-reviews/new"))
    assert "Chatbot: 4 lines of 2026-11-20" in page
    wrong = client.post("/access-reviews/new", {"name": "x", "lists": [listed.id], "reviewers": [admin.pk],
                                                "carrier": kim.pk, "due_on": "2026-12-01"})  # fmt: skip
    assert wrong.status_code == 422
    assert "Name a second reviewer" in text(wrong)
    done = client.post(
        "/access-reviews/new",
        {"name": "Autumn", "lists": [listed.id], "itself": "on", "reviewers": [admin.pk, lead.pk], "carrier": kim.pk,
         "due_on": "2026-12-01", "because": "It is time"},
    )  # fmt: skip
    assert done.status_code == 303
    made = AccessReview.objects.get()
    assert done.url == f"/access-reviews/{made.id}"
    assert AccessList.objects.get(kind="annexa").id in made.lists


def test_what_is_worth_a_look_stands_on_top(at, client, review) -> None:
    page = text(client.get(f"/access-reviews/{review.id}"))
    assert "0 of 4</b> lines are decided" in page
    assert page.index(">ada@example.org<") < page.index(">mlops-shared<") < page.index(">bo@example.org<")
    assert "shared account" in page
    assert "not used for 90 days" in page
    own = re.search(r'<input class="pick"[^>]*ada@example.org"[^>]*>', page)
    assert own
    assert "disabled" in own[0]


def test_many_lines_at_once_with_one_reason(at, client, review) -> None:
    done = send(client, review, [3, 4], query="?show=undecided&flag=")
    assert (done.status_code, done.url) == (303, f"/access-reviews/{review.id}?show=undecided&flag=")
    assert {one.because for one in AccessDecision.objects.all()} == {"They need it"}
    page = text(client.get(done.url))
    assert "2 lines decided" in page
    assert ">mlops-shared<" not in page
    assert ">mlops-shared<" in text(client.get(f"/access-reviews/{review.id}?show=keep"))


def test_all_that_the_filters_leave_but_ones_own(at, client, review) -> None:
    """Rule: it works without script, and over all pages."""
    assert send(client, review, [], all="1", query="?right=administer").status_code == 303
    assert AccessDecision.objects.get().line == 3
    send(client, review, [], all="1")
    assert sorted(AccessDecision.objects.values_list("line", flat=True)) == [3, 4, 5]


def test_what_is_wrong_is_said_and_nothing_is_decided(at, client, review) -> None:
    response = send(client, review, [2, 3], decision="change", because="")
    assert response.status_code == 422
    for said in ("Nobody decides about their own access", "Give the reason", "Say to what it changes"):
        assert said in text(response)
    assert re.search(r'<input class="pick"[^>]*mlops-shared"[^>]* checked>', text(response)), "what was ticked stays so"
    assert send(client, review, [99]).status_code == 404
    assert client.post(f"/access-reviews/{review.id}/decide", {"line": ["nonsense"]}).status_code == 404
    assert not AccessDecision.objects.exists()


def test_htmx_gets_the_same_page(at, client, review) -> None:
    response = client.post(
        f"/access-reviews/{review.id}/decide", {"line": f"{review.lists[0]}.3", "decision": "keep", "because": ""},
        headers={"HX-Request": "true"},
    )  # fmt: skip
    assert response.status_code == 422
    assert 'id="content"' in text(response)


def test_one_line_has_its_history(at, client, review) -> None:
    send(client, review, [3], because="First")
    send(client, review, [3], decision="revoke", because="Second thought")
    page = text(client.get(f"/access-reviews/{review.id}/lines/{review.lists[0]}.3"))
    assert page.index("Second thought") < page.index("First")
    assert "your own access" in text(client.get(f"/access-reviews/{review.id}/lines/{review.lists[0]}.2"))
    assert client.get(f"/access-reviews/{review.id}/lines/{review.lists[0]}.9").status_code == 404


def test_it_ends_and_counts(at, client, review, lead) -> None:
    send(client, review, [3, 4, 5])
    refused = client.post(f"/access-reviews/{review.id}/close", {"because": ""})
    assert refused.status_code == 422
    assert "1 line is not decided" in text(refused)
    client.force_login(lead)
    send(client, review, [2])
    assert client.post(f"/access-reviews/{review.id}/close", {"because": ""}).status_code == 303
    assert AccessReviewEnd.objects.get().undecided == []
    page = text(client.get(f"/access-reviews/{review.id}"))
    assert "It counts until" in page
    assert 'name="decision"' not in page


def test_what_was_to_go_is_carried_out(at, client, review, kim) -> None:
    send(client, review, [3], decision="revoke", because="Shared")
    today = text(client.get("/?whose=all"))
    assert "Revoke mlops-shared in Chatbot" in today
    made = AccessDecision.objects.get()
    client.force_login(kim)
    assert client.post(f"/access-reviews/decisions/{made.id}/done", {"because": ""}).status_code == 422
    done = client.post(f"/access-reviews/decisions/{made.id}/done", {"because": "Closed"})
    assert done.status_code == 303
    assert AccessCarriedOut.objects.get().by == kim
    assert "Closed" in text(client.get(done.url))


def test_annexa_ends_access_after_a_fresh_proof_only(at, client, admin, lead, kim, now) -> None:
    """Rule: as on the page of the person; to say that it was done elsewhere needs no proof."""
    review = open_access_review(
        actor=actor_of(admin), person=admin, name="Annexa", lists=[], reviewers=[admin, lead], carrier=kim,
        due_on=(now + timedelta(days=9)).date(), itself=True, now=now,
    )  # fmt: skip
    own = AccessList.objects.get(kind="annexa")
    row = next(line["number"] for line in own.lines if line["ref"] == f"person/{kim.pk}")
    (made,) = decide_access(
        actor=actor_of(admin), person=admin, review=review.id, lines=[(own.id, row)], decision="revoke",
        because="Left", now=now,
    )  # fmt: skip
    url, given = f"/access-reviews/decisions/{made.id}/done", {"because": "Left", "place": "annexa"}
    page = f"/access-reviews/{review.id}"
    signed_in(client, admin, ago=601)
    asked = client.post(url, given, headers={"Referer": f"http://testserver{page}"})
    assert (asked.status_code, asked.url) == (303, f"/account/again?next=%2Faccess-reviews%2F{review.id}")
    api = f"/api/v1/access/decisions/{made.id}/carried-out"
    said = {"because": "Left", "in_place": True}
    answer = client.post(api, said, content_type="application/json", headers={"Origin": "http://testserver"})
    assert (answer.status_code, "Show first that it is you" in text(answer)) == (403, True), text(answer)
    kim.refresh_from_db()
    assert kim.is_active
    assert not AccessCarriedOut.objects.exists()
    signed_in(client, admin)
    assert client.post(url, given).status_code == 303
    kim.refresh_from_db()
    assert not kim.is_active
    assert AccessCarriedOut.objects.get().because == "Left"


def test_today_says_how_many_lines_wait_for_me(at, client, review, lead, noor) -> None:
    """Rule: one's own lines wait for the others."""
    assert "<b>3 lines</b> of who has access are undecided" in text(client.get("/?whose=mine"))
    client.force_login(lead)
    assert "<b>4 lines</b> of who has access are undecided" in text(client.get("/?whose=mine"))


def test_exports_are_tables_in_which_nothing_runs(at, client, review) -> None:
    send(client, review, [5], because="=HYPERLINK(1)")
    told = client.get(f"/access-reviews/{review.id}/export.csv")
    assert "'+cy" in text(told)
    assert "'=HYPERLINK(1)" in text(told)
    assert "attachment" in told["Content-Disposition"]
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"/access-reviews/{review.id}/export.xlsx").content))
    rows = list(book.active.values)
    assert len(rows) == 5
    assert "'+cy" in {row[2] for row in rows}


def test_what_is_still_there_is_said_in_red(at, client, admin, lead, kim, review, listed, now) -> None:
    send(client, review, [3], decision="revoke", because="Shared")
    send(client, review, [4, 5])
    close_access_review(actor=actor_of(admin), person=admin, review=review.id, because="One is mine", now=now)
    again = import_access_list(
        actor=actor_of(admin), person=admin, planned=plan_list(data=CSV.encode(), name="chatbot.csv"),
        about=Subject(kind="system", subject="chatbot"), taken_at=now, now=now,
    )  # fmt: skip
    later = open_access_review(
        actor=actor_of(admin), person=admin, name="Winter", lists=[again.id], reviewers=[admin, lead], carrier=kim,
        due_on=now.date(), now=now + timedelta(seconds=1),
    )  # fmt: skip
    page = text(client.get(f"/access-reviews/{later.id}"))
    assert "One right was to go after the last review and is still there" in page
    assert "Last time: Shared" in page


PAGES = ("/access-reviews", "/access-reviews/{}", "/access-reviews/{}/export.csv")
CHANGES = ("/access-reviews/{}/decide", "/access-reviews/{}/close")


def test_an_auditor_reads_and_changes_nothing(at, client, review, noor) -> None:
    client.force_login(noor)
    for page in PAGES:
        assert client.get(page.format(review.id)).status_code == 200
    assert 'name="decision"' not in text(client.get(f"/access-reviews/{review.id}"))
    assert send(client, review, [3]).status_code in {403, 422}
    assert client.post(f"/access-reviews/{review.id}/close", {"because": "x"}).status_code == 403
    for page in ("/access-reviews/new", "/access-reviews/import"):
        assert client.get(page).status_code == 403
    assert not AccessDecision.objects.exists()
    assert not AccessReviewEnd.objects.exists()


def test_a_stranger_is_led_to_sign_in(at, review) -> None:
    stranger = Client()
    for page in (*PAGES, *CHANGES):
        assert "/sign-in" in stranger.get(page.format(review.id)).url
    assert Person.objects.exists()


def test_what_is_not_there_is_404(at, client, organisation) -> None:
    assert client.get("/access-reviews/none").status_code == 404
    assert client.get("/access-reviews/none/export.csv").status_code == 404
    assert client.post("/access-reviews/decisions/none/done", {"because": "x"}).status_code == 404
    assert client.get("/access-reviews/import/forged").status_code == 404
