"""Asking to use AI, the answer, the queue decided in its rows, the catalogue for staff, and what logs show."""

from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from annexa.actions.people import actor_of, add_person
from annexa.actions.registers import add_record
from annexa.actions.units import add_unit
from annexa.actions.uses import ask_use, decide_use
from annexa.pure.permits import ANNEXA
from annexa.pure.registers.tools import TOOLS
from annexa.pure.registers.use_rules import USE_RULES
from annexa.pure.registers.uses import USES
from annexa.records.registers import TABLES
from tests.web.proving import signed_in as session_of

ANSWERS = {
    "name": "Draft letters", "tool": "aide", "purpose": "writing and editing", "data_class": "internal",
    "personal_data": "none", "result": "own draft or idea",
}  # fmt: skip


@pytest.fixture
def sam(organisation, at):
    """An employee without a role."""
    return add_person(actor=ANNEXA, email="sam@example.org", name="Sam Staff", role="member", password=None, now=at)


@pytest.fixture
def aide(actor, at):
    """An approved tool that Kim owns."""
    values = {
        "name": "Aide", "status": "approved", "purposes": ("writing and editing",), "data_up_to": "internal",
        "personal_up_to": "none", "trains_on_inputs": "no", "approved_until": date(2027, 3, 1),
        "owner": "kim@example.org", "hosts": "aide.example.com",
    }  # fmt: skip
    return add_record(actor=actor, register=TOOLS, entry=TOOLS.make(values), now=at)


def asked(person, at, **values):
    entry = USES.make({**ANSWERS, **values})
    return ask_use(actor=actor_of(person), person=person, entry=entry, now=at)


def text(response, status=200) -> str:
    assert response.status_code == status
    return " ".join(response.content.decode().split())


def counted(client, address: str, django_assert_max_num_queries) -> int:
    """The queries of a page, without the look for entries that came meanwhile: that is made once a while."""
    text(client.get(address))
    with django_assert_max_num_queries(200) as found:
        text(client.get(address))
    return sum("records_ledgerentry" not in one["sql"] for one in found.captured_queries)


@pytest.mark.parametrize("address", ["/uses/requests", "/?whose=all", "/tasks?whose=all"])
def test_pages_ask_no_more_however_many_requests_wait_and_rules_there_are(
    client, sam, kim, aide, actor, at, address, django_assert_max_num_queries
) -> None:
    """Rule: the queries of a page do not grow with requests, nor with the organisation's own rules."""

    def more(many: int) -> None:
        for number in range(many):
            rule = {"name": f"Rule {number}", "outcome": "with owner", "reason": "It is ours to look at"}
            add_record(actor=actor, register=USE_RULES, entry=USE_RULES.make(rule), now=at)
            asked(sam, at, name=f"Draft {number}")

    more(1)
    client.force_login(kim)
    few = counted(client, address, django_assert_max_num_queries)
    more(4)
    assert counted(client, address, django_assert_max_num_queries) == few


# --- an employee


def test_the_page_shows_what_binds_the_unit_of_who_asks(client, sam, aide, actor, at) -> None:
    """Rule: the page of a request speaks of the rules of its unit, and of no other unit's."""
    for unit in ("Retail", "Markets"):
        add_unit(actor=actor, name=unit, now=at)
        rule = {"name": unit, "tools": ("aide",), "outcome": "approved with conditions", "reason": f"For {unit}",
                "condition": f"Ask the desk of {unit}", "unit": unit}  # fmt: skip
        add_record(actor=actor, register=USE_RULES, entry=USE_RULES.make(rule), now=at)
    session_of(client, sam)
    form = client.get("/uses/ask").context["form"]
    assert [value for value, _ in form.fields["unit"].choices] == ["", "Markets", "Retail"]
    made = client.post("/uses/ask", {**ANSWERS, "unit": "Retail"})
    page = text(client.get(made.url))
    assert "Ask the desk of Retail" in page
    assert "Markets" not in page


def test_it_works(client, sam, aide) -> None:
    """Rule: eight fields, and the answer with its reasons at once."""
    session_of(client, sam)
    page = client.get("/uses/ask?tool=aide")
    assert len(page.context["form"].fields) <= 8
    assert page.context["form"]["tool"].value() == "aide"
    made = client.post("/uses/ask", ANSWERS)
    assert (made.status_code, made.url) == (303, "/uses/requests/draft-letters")
    answer = text(client.get(made.url))
    assert "<b>Approved</b> until" in answer
    assert "by policy" in answer
    assert "Aide is approved for writing and editing" in answer
    assert 'href="/uses/requests/draft-letters"' in text(client.get("/uses/requests"))


def test_what_is_missing_is_told_and_nothing_is_lost(client, sam, aide) -> None:
    session_of(client, sam)
    page = text(client.post("/uses/ask", {**ANSWERS, "purpose": "", "tool": "", "name": "My letters"}), 422)
    assert "things to put right" in page or "One thing to put right" in page
    assert "My letters" in page
    assert not TABLES["use"].objects.exists()
    page = text(client.post("/uses/ask", {**ANSWERS, "tool": ""}), 422)
    assert "Choose a tool, or name it." in page


def test_what_the_law_forbids_is_refused_with_its_article(client, sam, aide) -> None:
    session_of(client, sam)
    made = client.post("/uses/ask", {**ANSWERS, "purpose": "social scoring"})
    page = text(client.get(made.url))
    assert "<b>Refused</b>" in page
    assert "EU AI Act Art. 5(1)(c)" in page


def test_an_employee_sees_ones_own_and_the_catalogue_and_nothing_else(client, sam, admin, aide, at) -> None:
    other = asked(admin, at, name="Secret plan", purpose="translation")
    session_of(client, sam)
    assert client.get(f"/uses/requests/{other.slug}").status_code == 404
    assert client.post(f"/uses/requests/{other.slug}/decide", {"decision": "approved"}).status_code == 404
    page = text(client.get("/uses/requests"))
    assert "Secret plan" not in page
    assert "You asked for nothing yet" in page
    assert "Aide" in text(client.get("/tools/catalogue"))
    assert client.get("/uses/found").status_code == 404
    places = text(client.get("/"))
    assert 'href="/uses/requests"' in places
    assert 'href="/tools/catalogue"' in places


def test_the_asker_takes_it_back(client, sam, aide, at) -> None:
    row = asked(sam, at, purpose="translation")
    session_of(client, sam)
    page = client.get(f"/uses/requests/{row.slug}")
    assert "Take the request back" in text(page)
    assert page.context["decide_form"] is None
    seen = page.context["withdraw_form"]["seen"].value()
    done = client.post(f"/uses/requests/{row.slug}/withdraw", {"because": "Not needed", "seen": seen})
    assert done.status_code == 303
    assert TABLES["use"].objects.get().ended_on is not None
    assert "It is over since" in text(client.get(f"/uses/requests/{row.slug}"))


# --- who decides


def test_it_is_decided_in_its_row(client, admin, sam, kim, aide, at) -> None:
    row = asked(sam, at, purpose="translation")
    asked(kim, at, name="Another", tool="", tool_named="Newcomer")
    session_of(client, kim)
    page = client.get("/uses/requests")
    assert [one.found.row.slug for one in page.context["waiting"]] == [row.slug]
    assert "One more waits for somebody else" in text(page)
    form = page.context["waiting"][0].form
    said = {"from": "list", "seen": form["seen"].value(), "decision": "approved", "review_on": "2027-01-31"}
    wrong = text(client.post(f"/uses/requests/{row.slug}/decide", {**said, "review_on": ""}), 422)
    assert "An approval ends on a day" in wrong
    done = client.post(f"/uses/requests/{row.slug}/decide", said)
    assert (done.status_code, done.url) == (303, "/uses/requests")
    row.refresh_from_db()
    assert (row.decision, row.decided_by, row.review_on) == ("approved", "kim@example.org", date(2027, 1, 31))


def test_nobody_decides_about_their_own(client, admin, aide, at) -> None:
    row = asked(admin, at, purpose="translation")
    session_of(client, admin)
    assert client.get("/uses/requests").context["waiting"] == []
    page = client.get(f"/uses/requests/{row.slug}")
    assert page.context["decide_form"] is None
    said = {"decision": "approved", "review_on": "2027-01-31", "seen": row.changed_at.isoformat()}
    assert "Who asked does not decide" in text(client.post(f"/uses/requests/{row.slug}/decide", said), 422)


def test_an_approval_that_ends_is_renewed_in_its_row(client, admin, sam, aide, at) -> None:
    far, near = asked(sam, at), asked(sam, at, name="Short", purpose="translation")
    decide_use(
        actor=actor_of(admin), person=admin, slug=near.slug, decision="approved", because="", conditions="",
        review_on=at.date() + timedelta(days=20), seen=near.changed_at, now=at,
    )  # fmt: skip
    session_of(client, admin)
    (due,) = client.get("/uses/requests").context["due"]
    assert due.found.row.slug == near.slug != far.slug
    said = {"from": "list", "because": "Useful", "review_on": "2027-02-01", "seen": due.form["seen"].value()}
    assert "Renew" in text(client.post(f"/uses/requests/{near.slug}/renew", {**said, "because": ""}), 422)
    assert client.post(f"/uses/requests/{near.slug}/renew", said).status_code == 303
    near.refresh_from_db()
    assert near.review_on == date(2027, 2, 1)


def test_a_high_risk_use_leads_to_the_register_of_ai_systems(client, admin, sam, aide, at) -> None:
    row = asked(sam, at, purpose="choosing applicants")
    session_of(client, admin)
    page = text(client.get(f"/uses/requests/{row.slug}"))
    assert "registered and assessed as an AI system" in page
    assert "The AI system it is registered as" in page


# --- the catalogue


def test_the_catalogue_answers_what_one_may(client, sam, aide) -> None:
    session_of(client, sam)
    page = client.get("/tools/catalogue", {"purpose": "writing and editing", "data_class": "confidential"})
    assert [one.answer.outcome for one in page.context["tools"]] == ["refused"]
    page = client.get("/tools/catalogue", {"purpose": "translation", "data_class": "public"})
    assert "Ask first" in text(page)
    assert client.get("/tools/catalogue", {"purpose": "nonsense"}).context["about"] is None


# --- what logs show


LOG = b"Time,User,Host,Bytes\n" + b"".join(
    b"2026-11-%02dT10:00:00Z,user%d@example.org,%s,1000\n" % (day, who, host)
    for day in (2, 3)
    for who, host in [
        *((n, b"www.perplexity.ai") for n in range(6)),
        (1, b"chat.deepseek.com"),
        (2, b"aide.example.com"),
    ]
)


def upload(data: bytes, name="proxy.csv"):
    return {"file": SimpleUploadedFile(name, data)}


def test_found_uses_are_counted_and_nobody_is_named(client, admin, aide) -> None:
    session_of(client, admin)
    page = text(client.post("/uses/found", upload(LOG + b"yesterday,x,perplexity.ai,1\n")))
    assert "17 rows; 16 lead to 3 AI services" in page
    assert "Row 18: time “yesterday” is not a time" in page
    rows = {row.name: row.entry for row in TABLES["found_use"].objects.all()}
    assert {name: (one.people, one.days, one.approved) for name, one in rows.items()} == {
        "Perplexity": ("6", 2, "no"), "DeepSeek": ("fewer than 5", 2, "no"), "Aide": ("fewer than 5", 2, "yes"),
    }  # fmt: skip
    assert "user1" not in page


@pytest.mark.parametrize(("decision", "status"), [("brought in", "unassessed"), ("blocked", "forbidden")])
def test_one_verb_settles_a_find(client, admin, aide, decision, status) -> None:
    session_of(client, admin)
    client.post("/uses/found", upload(LOG))
    row = TABLES["found_use"].objects.get(name="Perplexity")
    said = {"decision": decision, "because": "Needed", "seen": row.changed_at.isoformat()}
    assert client.post(f"/uses/found/{row.slug}/judge", said).status_code == 303
    row.refresh_from_db()
    assert (row.decision, row.decided_by) == (decision, "ada@example.org")
    assert TABLES["tool"].objects.get(slug=row.tool).status == status
    assert client.post(f"/uses/found/{row.slug}/judge", {**said, "because": ""}).status_code in (409, 422)


def test_a_file_that_is_no_export_is_refused_in_words(client, admin) -> None:
    session_of(client, admin)
    page = text(client.post("/uses/found", upload(b"a,b\n1,2\n")), 422)
    assert "No column says the time and user" in page
    assert "File is missing" in page or "Choose a file" in text(client.post("/uses/found", {}), 422)


def test_an_owner_reads_what_was_found_and_does_not_upload(client, kim, aide) -> None:
    session_of(client, kim)
    assert client.get("/uses/found").status_code == 200
    assert client.post("/uses/found", upload(LOG)).status_code == 403
