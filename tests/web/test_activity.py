"""Activity on pages: over time, event by event, conversations with proof; sources, quarantine, samples, files."""

from datetime import timedelta

import pytest

from annexa.actions.activity_sources import open_source
from annexa.actions.grants import grant_role
from annexa.actions.people import add_person
from annexa.actions.sealing import seal_everything
from annexa.actions.systems import add_system
from annexa.activity.query import DAY_US, Asked
from annexa.answers.activity import READERS, activity_of, quarantined
from annexa.answers.activity_parts import microseconds
from annexa.answers.activity_sources import choice_now, source_of
from annexa.answers.activity_store import journal_folder
from annexa.pure.events import Kept
from annexa.pure.permits import ANNEXA
from annexa.pure.systems import SystemFacts
from annexa.records.activity_samples import ActivitySample
from annexa.records.activity_sources import ActivityAssignment, ActivitySource, ActivitySourceEnd
from annexa.web.activity_charts import _money
from tests.activity.making import arrive, event
from tests.web.proving import signed_in

HOSTILE = "<script>alert(1)</script>\x1b[2J\u202eevil"


@pytest.fixture(autouse=True)
def _log(at, actor, admin, settings, tmp_path):
    """Thirty events of the chatbot that are sealed, one that waits, two of nobody."""
    settings.HOME, settings.STORE = tmp_path, tmp_path / "store"
    add_system(actor=actor, facts=SystemFacts(name="Chatbot"), now=at)
    add_system(actor=actor, facts=SystemFacts(name="Kiosk"), now=at)
    open_source(actor=actor, person=admin, slug="gate", name="Gate", because="All", now=at)
    start = microseconds(at - timedelta(hours=5))
    made = [
        event(n, at=start + n * 1000, ended_at=start + n * 1000 + 70_000, received_at=start + n * 1000, source="gate",
              input=HOSTILE if n == 0 else f"Question {n}", outcome="error" if n == 3 else "ok", cost=0.5,
              currency="EUR")
        for n in range(30)
    ]  # fmt: skip
    nobodys = [event(n, at=start, received_at=start, system="", source="gate", service="kiosk") for n in (70, 71)]
    arrive(journal_folder(), made, nobodys)
    seal_everything(clock=lambda: at)
    arrive(journal_folder(), [event(99, at=start + 99_000, received_at=start + 99_000, source="gate", input="Last")])


def text(response, status=200) -> str:
    assert response.status_code == status
    return " ".join(response.content.decode().split())


def leaves(actor, at, **more) -> list[str]:
    asked = Asked(until=microseconds(at), **more)
    return [one.leaf for one in activity_of(actor=actor, slug="chatbot", asked=asked, step=DAY_US, limit=99).events]


def reads(actor, at) -> list[str]:
    asked = Asked(sources=(READERS,))
    return [one.event.name for one in activity_of(actor=actor, slug="chatbot", asked=asked, step=DAY_US).events]


def test_it_works(client) -> None:
    page = text(client.get("/systems/chatbot/activity"))
    assert "<b>31 events</b> of 5 users in the last 30 days, 1 went wrong" in page
    assert "What came of it. ok 30, error 1." in page
    assert '<span class="key wrong" data-v="fail"></span>went wrong' in page
    assert "Half took up to 70 ms" in page
    assert "15.00 EUR" in page
    assert page.count('class="name"') == 25
    older = page.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert text(client.get(older)).count('class="name"') == 6


@pytest.mark.parametrize(
    ("query", "rows"),
    [("text=question 1", 11), ("outcome=error", 1), ("failed=1", 1), ("user=user-3", 6), ("model=none", 0),
     ("since=2020-01-01&until=2020-02-01", 0), ("since=rubbish&days=7", 25), ("days=1", 25)],
)  # fmt: skip
def test_filters_stand_in_the_address(client, query, rows) -> None:
    assert text(client.get(f"/systems/chatbot/activity?{query}")).count('class="name"') == rows


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("days=1", "in the last 24 hours"),
        ("days=365", "in the last 365 days"),
        ("since=2026-02-01&until=2026-02-03", "from 1 Feb 2026 to 3 Feb 2026"),
        ("since=2026-02-01&until=2026-02-01", "on 1 Feb 2026"),
        ("days=7&outcome=error", "in the last 7 days by the filters below"),
    ],
)
def test_the_lead_says_of_which_time(client, query, said) -> None:
    assert (
        said in text(client.get(f"/systems/chatbot/activity?{query}")).partition('class="lead"')[2].partition("</p>")[0]
    )


def test_nothing_by_a_filter_says_how_many_there_are_without(client) -> None:
    """Rule: dropping the filters keeps the time that was asked for."""
    page = text(client.get("/systems/chatbot/activity?model=none&days=7"))
    assert "<b>No event</b> in the last 7 days by the filters below" in page
    assert "Without the filters there are 31 events in the last 7 days." in page
    assert page.count('href="/systems/chatbot/activity?days=7"') == 1


@pytest.mark.parametrize(
    ("amount", "said"), [(0.0, "0.00"), (0.00012345, "0.000123"), (0.0148, "0.0148"), (1234.5, "1,234.50")]
)
def test_a_small_sum_is_not_nothing(amount, said) -> None:
    assert _money(amount) == said


def test_a_sample_that_cannot_be_drawn_is_asked_again_where_it_stands(client) -> None:
    """Rule: nothing typed is lost, and what is wrong leads to its field."""
    given = {"size": "9000", "seed": "tide", "because": "Monthly reading"}
    page = text(client.post("/systems/chatbot/activity/sample?days=7", given), 422)
    assert "One thing to put right" in page
    assert '<a href="#sample-size">How many</a>' in page
    assert "Monthly reading" in page
    assert 'value="tide"' in page
    assert "in the last 7 days" in page
    assert not ActivitySample.objects.exists()


def test_a_source_is_closed_with_a_reason_on_its_page(client) -> None:
    page = text(client.post("/activity/sources/gate/close", {}), 422)
    assert '<a href="#end-because">' in page
    assert "<details open>" in page
    assert not ActivitySourceEnd.objects.exists()


def test_a_system_that_sent_nothing_says_how_to_connect_it(client) -> None:
    page = text(client.get("/systems/kiosk/activity"))
    assert "This system sent nothing yet" in page
    assert "/activity/connect?system=kiosk" in page


def test_what_was_said_is_harmless_and_its_proof_beside_it(client, actor, at) -> None:
    """Rule: nothing that a program sends becomes markup, nor hides."""
    last, *_, first = leaves(actor, at)
    page = text(client.get(f"/systems/chatbot/activity/events/{first}"))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;⟦U+001B⟧[2J⟦U+202E⟧evil" in page
    assert "Its leaf was worked out just now from what it says, and agrees" in page
    assert "row 1 of 30" in page
    waiting = text(client.get(f"/systems/chatbot/activity/events/{last}"))
    assert "not sealed yet" in waiting
    assert client.get(f"/systems/chatbot/activity/events/{'0' * 64}").status_code == 404
    assert client.get("/systems/chatbot/activity/events/rubbish").status_code == 404


def test_a_conversation_from_end_to_end(client) -> None:
    page = text(client.get("/systems/chatbot/activity/conversation?conversation=talk-1"))
    assert "<b>3 events</b>, all of them sealed" in page
    assert '<a href="/systems/chatbot/activity">Chatbot</a>' in page
    assert "UTC</time>" in page
    assert page.index("Question 3") < page.index("Answer 3") < page.index("Question 4") < page.index("Question 5")
    trace = (4).to_bytes(16, "big").hex()
    assert "Question 4" in text(client.get(f"/systems/chatbot/activity/conversation?trace={trace}"))
    for wrong in ("", "?conversation=none", "?trace=zz"):
        assert client.get(f"/systems/chatbot/activity/conversation{wrong}").status_code == 404


def test_reading_what_was_said_is_on_record(client, actor, at) -> None:
    """Rule: who opens, searches or exports what people said leaves an event, a list or a head alone does not."""
    first = leaves(actor, at)[-1]
    client.get("/systems/chatbot/activity")
    client.head(f"/systems/chatbot/activity/events/{first}")
    assert reads(actor, at) == []
    client.get(f"/systems/chatbot/activity/events/{first}")
    client.get("/systems/chatbot/activity?text=question")
    client.get("/systems/chatbot/activity/conversation?conversation=talk-1")
    b"".join(client.get("/systems/chatbot/activity/export"))
    assert sorted(reads(actor, at)) == ["exported", "read conversation", "read event", "searched"]
    page = text(client.get("/systems/chatbot/activity?kind=access"))
    assert page.count('class="name"') == 4
    assert "<b>31 events</b>" in text(client.get("/systems/chatbot/activity")), "reading is no work of the system"


def test_who_reads_only_sees_that_something_happened(client, actor, admin, at) -> None:
    sam = add_person(actor=ANNEXA, email="sam@example.org", name="Sam", role="member", password=None, now=at)
    grant_role(actor=actor, person=admin, holder=sam, role="reader", system="chatbot", because="Customer", now=at)
    first = leaves(actor, at)[-1]
    signed_in(client, sam)
    page = text(client.get("/systems/chatbot/activity?text=question"))
    assert "<b>31 events</b>" in page
    assert 'name="text"' not in page
    assert "Draw a sample" not in page
    event_page = text(client.get(f"/systems/chatbot/activity/events/{first}"))
    assert "What was said is not for you" in event_page
    assert "script" not in event_page.partition("<main")[2].partition("</main>")[0]
    assert client.get("/systems/kiosk/activity").status_code == 404
    assert client.get("/activity/quarantine").status_code == 404
    assert "Chatbot" in text(client.get("/activity"))
    assert client.post("/systems/chatbot/activity/sample", {"size": 3, "because": "x"}).status_code == 403
    lines = b"".join(client.get("/systems/chatbot/activity/export?format=ndjson")).decode()
    assert lines.count("\n") == 31
    assert "Question" not in lines


def test_all_systems_and_what_sends(client) -> None:
    page = text(client.get("/activity"))
    assert "<b>31 events</b> in the last 24 hours, of one AI system" in page
    assert "2 events are nobody’s" in page
    assert "never heard" in page


def test_what_is_nobodys_is_assigned(client, actor) -> None:
    page = text(client.get("/activity/quarantine"))
    assert "service.name kiosk" in page
    given = {"source": "gate", "attribute": "service.name", "value": "kiosk", "system": "kiosk", "earlier": "1"}
    assert "How you know" in text(client.post("/activity/assign", given), 422)
    answer = client.post("/activity/assign", {**given, "because": "It stands in the shop"})
    assert (answer.status_code, answer["Location"]) == (303, "/activity/quarantine")
    assert ActivityAssignment.objects.get().events == 2
    assert quarantined() == ()
    assert "Nothing waits" in text(client.get("/activity/quarantine"))
    rows = text(client.get("/systems/kiosk/activity"))
    assert rows.count('class="name"') == 2
    leaf = rows.partition("/systems/kiosk/activity/events/")[2].partition('"')[0]
    assert "Nobody knew whose it was when it came" in text(client.get(f"/systems/kiosk/activity/events/{leaf}"))


def test_a_source_is_opened_and_its_token_shown_once(client, at) -> None:
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://testserver" in text(client.get("/activity/connect?system=kiosk"))
    given = {
        "name": "Kiosk",
        "slug": "kiosk",
        "system": "",
        "rules": "service.name likes shop → chatbot",
        "because": "",
    }
    assert "Line 1: write attribute is VALUE" in text(client.post("/activity/connect", given), 422)
    given["rules"] = "service.name begins shop → chatbot\ndeployment.environment.name is test -> kiosk"
    page = text(client.post("/activity/connect", given), 201)
    token = page.partition('value="annexa_')[2].partition('"')[0]
    found = source_of(f"annexa_{token}", now=at)
    assert [one.system for one in found.rules] == ["chatbot", "kiosk"]
    shown = text(client.get("/activity/sources/kiosk"))
    assert "service.name begins shop → chatbot" in shown
    assert token not in shown
    assert "There is a source kiosk already" in text(client.post("/activity/connect", given), 422)


def test_a_source_is_given_other_rules_another_token_and_closed(client) -> None:
    here = "/activity/sources/gate"
    assert client.post(here, {"rules": "service.name is x → none", "because": "y"}).status_code == 422
    assert client.post(here, {"rules": "service.name is x → kiosk", "because": "Moved"}).status_code == 303
    assert "service.name is x → kiosk" in text(client.get(here))
    assert "annexa_" in text(client.post(f"{here}/token"), 201)
    assert client.post(f"{here}/close", {"because": "Replaced"}).status_code == 303
    assert ActivitySourceEnd.objects.get().source == ActivitySource.objects.get(slug="gate")
    assert "<b>Closed</b>" in text(client.get(here))
    assert client.get("/activity/sources/none").status_code == 404


def test_what_is_kept_is_chosen(client) -> None:
    given = {
        "kept": "digest",
        "users": "pseudonym",
        "extra": "staff S[0-9]{6}",
        "retention_days": 100,
        "because": "Less",
    }
    page = text(client.post("/systems/chatbot/activity/kept", given), 422)
    assert "100 days are too few" in page
    assert client.post("/systems/chatbot/activity/kept", {**given, "retention_days": 200}).status_code == 303
    found = choice_now("chatbot")
    assert (found.kept, found.retention_days, found.patterns[0].name) == (Kept.DIGEST, 200, "staff")
    assert client.post("/activity/kept", {**given, "retention_days": 365}).status_code == 303
    assert "No text: only keyed digests and lengths, for 365 days" in text(client.get("/activity/kept"))


def test_a_sample_is_drawn_from_what_the_address_asks_for(client) -> None:
    answer = client.post("/systems/chatbot/activity/sample?outcome=ok", {"size": 4, "seed": "s", "because": "Review"})
    made = ActivitySample.objects.get()
    assert (answer["Location"], made.population) == (f"/systems/chatbot/activity/sample/{made.id}", 30)
    page = text(client.get(answer["Location"]))
    assert "<b>4</b> of 30 events" in page
    assert page.count('class="name"') == 4
    assert "4 of 30 events" in text(client.get("/systems/chatbot/activity"))
    assert client.get("/systems/chatbot/activity/sample/none").status_code == 404
    assert client.post("/systems/chatbot/activity/sample", {"size": 0, "because": ""}).status_code == 422
