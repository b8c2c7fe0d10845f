"""Obligations: the timeline with what each day means here; clocks, retention and penalties; what is open stays open."""

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest
from django.urls import reverse
from django.utils import timezone

from annexa.actions.organisation import set_up_organisation
from annexa.actions.people import actor_of, add_person
from annexa.actions.systems import add_system
from annexa.library.regimes import regimes
from annexa.pure.regimes import timeline
from annexa.pure.systems import SystemFacts
from annexa.records.people import Person
from annexa.records.registers import TABLES
from annexa.web.obligations import ROW, drawn

DAY = date(2026, 11, 20)


@pytest.fixture
def page(client, db, now):
    """Asks for a page of the place, in an organisation with one high-risk system."""
    _, admin = set_up_organisation(
        name="Test House", admin_email="ada@example.org", admin_name="Ada Admin",
        password="correct horse battery staple", frameworks=("eu-ai-act", "iso42001-2023"), now=now,
    )  # fmt: skip
    add_system(
        actor=actor_of(admin),
        facts=SystemFacts(
            name="Credit score", stage="operation", roles=("provider", "deployer"), classes=("high-risk",),
            high_risk_by="annex-iii",
        ),
        now=now,
    )  # fmt: skip
    client.force_login(admin)

    def ask(name: str = "obligations", *args: str, **query: str):
        return client.get(reverse(name, args=args), query)

    return ask


def test_it_works(page) -> None:
    found = page()
    shown = found.content.decode()
    assert found.status_code == 200
    assert "Last to bind" in shown
    assert '<a href="/systems/credit-score">Credit score</a>' in shown
    assert "As of" not in shown
    assert 'href="/frameworks/eu-ai-act?at=2027-12-02"' in shown
    assert "If nobody acts, on that day" in shown
    assert 'aria-current="page"><svg' in shown


def test_what_is_disputed_shows_every_reading(page) -> None:
    """AI Act Art. 49(2): neither day is chosen, and the page says from when verdicts count it."""
    shown = page().content.decode()
    row = shown[shown.index('id="aia-registration-exempt-2027-12-02"') :]
    row = row[: row.index("</tr>")]
    assert ">Open<" in row
    for reading in regimes()["eu-ai-act"].questions:
        if reading.id == "aia-q-registration-exempt":
            assert all(one.text in row for one in reading.readings)
    assert "Verdicts count it from" in row
    assert "low confidence" in row


def test_filters_narrow(page) -> None:
    ours, every = page().content.decode(), page(of="all").content.decode()
    assert "Korea may begin to fine" not in ours
    assert "Korea may begin to fine" in every
    gdpr = page(regime="gdpr", span="past").content.decode()
    assert 'id="gdpr-applies-2018-05-25"' in gdpr
    assert "aia-new-bans" not in gdpr
    past = page(span="past").content.decode()
    assert 'id="past-h"' in past
    assert 'id="ahead-h"' not in past


def test_everything_about_a_regime(page) -> None:
    shown = page("regime", "eu-ai-act").content.decode()
    act = regimes()["eu-ai-act"]
    for row in (*act.clocks, *act.retention, *act.penalties):
        assert f'id="{row.id}"' in shown
    assert all(f'id="{one.id}"' in shown for one in act.questions)
    assert 'href="/frameworks/eu-ai-act/requirements/Art.26(5)"' in shown
    assert "EUR 35,000,000" in shown
    assert "7 % of worldwide turnover" in shown
    ids = re.findall(r' id="([^"]+)"', shown)
    assert len(ids) == len(set(ids))


def test_every_regime_has_a_page(page) -> None:
    assert {page("regime", one).status_code for one in regimes()} == {200}


@pytest.mark.parametrize("kind", ["clocks", "retention", "penalties"])
def test_facts_of_all_regimes(page, kind) -> None:
    ours, every = page(kind).content.decode(), page(kind, of="all").content.decode()
    assert "You see a part of the organisation" not in ours
    assert ">GDPR</a>" not in ours
    assert ">GDPR</a>" in every


@pytest.mark.parametrize("framework", ["iso27001-2022", "iso42001-2023", "iso27701-2025", "eu-ai-act"])
def test_no_presumption_of_conformity_is_said_where_a_framework_is_shown(page, framework) -> None:
    assert "gives no presumption of conformity with the EU AI Act" in page("framework", framework).content.decode()


def test_a_requirement_shows_its_clocks_dates_and_the_notice(page) -> None:
    shown = page("requirement", "eu-ai-act", "Art.26(10)").content.decode()
    assert "Clocks, retention, penalties" in shown
    assert "48 hours" in shown
    assert "gives no presumption of conformity" in shown
    assert 'href="/obligations/eu-ai-act#aia-high-risk-annex-iii-2027-12-02"' in shown
    disputed = page("requirement", "eu-ai-act", "Art.49(2)").content.decode()
    assert disputed.count("Registration of systems judged not to be high-risk") >= 2
    assert re.search(r"Applies from</dt><dd><time[^>]*>[^<]*</time> <span class=\"tag outline\">Open<", disputed)


def test_a_requirement_without_dated_facts_says_nothing_of_them(page) -> None:
    assert "Clocks, retention, penalties" not in page("requirement", "nist-ai-rmf-1.0", "GOVERN-1.1").content.decode()


def test_what_there_is_not_is_404(page) -> None:
    assert page("regime", "nope").status_code == 404
    assert page(regime="nope").status_code == 404


@pytest.mark.parametrize("where", ["/obligations", "/obligations/clocks", "/obligations/gdpr"])
def test_strangers_sign_in_first(client, organisation, where) -> None:
    assert client.get(where).status_code == 302


def test_it_asks_little(page, django_assert_max_num_queries) -> None:
    page()
    with django_assert_max_num_queries(12):
        page()


# --- the drawing


@pytest.mark.parametrize("regime", ["", *regimes()])
def test_labels_of_the_timeline_never_cross(regime) -> None:
    """Ahead, a later day stands higher and ends at its line; past, an earlier one stands lower and begins at it."""
    line = timeline([regimes()[regime]] if regime else regimes().values(), at=DAY)
    found = drawn([*line.past, *line.ahead], DAY)
    assert found is not None
    assert 36 < found.today < 64
    said = [one for one in found.marks if one.y is not None]
    ahead = [one for one in said if not one.past]
    past = [one for one in said if one.past]
    for some in (ahead, past):
        assert all(b.x >= a.x and a.y - b.y >= ROW for a, b in pairwise(some))
    assert all(one.anchor == "end" and one.y < found.axis and one.x > 36 for one in ahead)
    assert all(one.anchor == "start" and one.y > found.axis and one.x < 64 for one in past)
    assert all(0 <= one.x <= 100 for one in found.marks)
    days = {one.on for one in (*line.past, *line.ahead)}
    assert len(found.marks) + found.earlier == len(days)


def test_a_month_is_never_said_as_a_day(page) -> None:
    shown = page(regime="iso-transitions", span="past").content.decode()
    assert '<time datetime="2024-02">Feb 2024</time>' in shown
    assert "1 Feb 2024" not in shown


def test_nothing_left_is_no_drawing() -> None:
    assert drawn([], DAY) is None


def test_the_finding_names_what_is_next() -> None:
    line = timeline([regimes()["eu-ai-act"]], at=DAY)
    found = drawn([*line.past, *line.ahead], DAY)
    assert found is not None
    assert "next on 2 Dec 2026" in found.finding


def test_days_count_from_today(page) -> None:
    first = timeline([regimes()["eu-ai-act"]], at=timezone.now().date()).ahead[0]
    days = first.on - timezone.now().date()
    assert days > timedelta()
    assert f"in {days.days} day" in page().content.decode()


def test_a_time_to_keep_is_said_in_whole_years_where_it_has_them(page) -> None:
    shown = page("retention").content.decode()
    assert "At least 10 years" in shown
    assert "At least 6 months" in shown
    assert "120 months" not in shown
    assert "<b>At most</b>" not in shown


def test_an_event_is_taken_into_the_register_of_duties(page, client) -> None:
    """Rule: it comes with its source, its day and the AI systems it concerns, once, and its asker answers for it."""
    shown = page("regime", "eu-ai-act").content.decode()
    assert shown.count("Take into the register") > 5
    event = next(one for one in regimes()["eu-ai-act"].events if "deployer" in one.roles and one.on and one.on > DAY)
    answer = client.post("/obligations/eu-ai-act/duties", {"event": event.id})
    assert (answer.status_code, answer["Location"]) == (303, "/obligations/eu-ai-act")
    duty = TABLES["duty"].objects.get()
    assert (duty.taken_from, duty.owner, duty.met) == (f"eu-ai-act/{event.id}", "ada@example.org", "not due yet")
    assert duty.binds_from == event.on
    shown = page("regime", "eu-ai-act").content.decode()
    assert "In the register of duties" in shown
    assert client.post("/obligations/eu-ai-act/duties", {"event": event.id}).status_code == 409
    assert client.post("/obligations/eu-ai-act/duties", {"event": "nothing"}).status_code == 404
    assert client.post("/obligations/nowhere/duties", {"event": event.id}).status_code == 404
    assert TABLES["duty"].objects.count() == 1


def test_who_may_not_write_takes_nothing_over(page, client, now) -> None:
    auditor = add_person(
        actor=actor_of(Person.objects.get()),
        email="ari@example.org",
        name="Ari",
        role="auditor",
        password=None,
        now=now,
    )
    client.force_login(auditor)
    assert "Take into the register" not in page("regime", "eu-ai-act").content.decode()
    event = regimes()["eu-ai-act"].events[0].id
    assert client.post("/obligations/eu-ai-act/duties", {"event": event}).status_code == 403
    assert not TABLES["duty"].objects.exists()
