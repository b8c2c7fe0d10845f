"""What watches a system on its pages: figures, one monitor with its past, turning on and off, breaches, strangers."""

import re
from datetime import timedelta

import pytest
from django.template.loader import render_to_string

from annexa.actions.monitoring import choose_monitors, run_monitors
from annexa.actions.people import add_person
from annexa.actions.sequencer import publish
from annexa.actions.systems import add_system
from annexa.activity.journal import Journal
from annexa.answers.activity_store import journal_folder
from annexa.pure.permits import ANNEXA
from annexa.pure.systems import SystemFacts
from annexa.records.controls import Judgement
from annexa.records.monitors import MonitorBaseline, MonitorBreach, MonitorBreachEnd, MonitorChoice, MonitorRun
from annexa.web.monitor_figures import Ran
from tests.arriving import arrive
from tests.web.proving import signed_in

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
HERE = "/systems/chatbot/monitors"


def text(response, status=200) -> str:
    assert response.status_code == status, response.content.decode()[:500]
    return " ".join(response.content.decode().split())


@pytest.fixture
def chatbot(organisation, admin, settings, tmp_path, at):
    """A system whose events arrive."""
    settings.HOME = tmp_path
    add_system(actor=ANNEXA, facts=SystemFacts(name="Chatbot", stage="operation", owner=admin.email), now=at - 90 * DAY)
    return Journal(folder=journal_folder(), backlog_bytes=1 << 30, spare_bytes=0)


@pytest.fixture
def by(actor, admin):
    return {"actor": actor, "person": admin, "because": "It answers customers all day"}


@pytest.fixture
def breached(chatbot, by, at) -> MonitorBreach:
    """Errors pass for ten days, then fail; latency passes."""
    choose_monitors(system="chatbot", chosen=["errors", "latency"], on=True, now=at - 12 * DAY, **by)
    for ago in range(10, 0, -1):
        arrive(chatbot, at - ago * DAY, wrong=ago % 3)
        run_monitors(now=at - ago * DAY)
    arrive(chatbot, at - HOUR, wrong=200, hours=22)
    run_monitors(now=at - HOUR)
    publish()
    return MonitorBreach.objects.get()


def test_it_works(client, breached) -> None:
    """One sentence in numbers, the open breach first, then figures with their line against limits, then what is off."""
    page = text(client.get(HERE))
    assert "<b>2 monitors</b> watch it: 1 failing, 1 passing. <b>One breach</b> is open." in page
    order = [page.index(one) for one in ('id="breaches-h"', 'id="on-h"', 'id="library-h"')]
    assert order == sorted(order)
    assert page.count('<figure class="monitor">') == 2
    assert "of events, limit 5 %" in page
    assert 'class="limit"' in page
    assert 'class="hit"' in page
    assert "<td>Failing</td>" in page, "the table behind the line"
    assert "There is no baseline yet." in page


def test_one_monitor(client, breached) -> None:
    """Rule: every number is here with what it rests on: lines, values, breaches, what it proves, the ledger."""
    page = text(client.get(f"{HERE}/errors"))
    for said in (
        "Do too many calls fail?", "above 5 %", "Regulation (EU) 2024/1689 Art. 15(4)", "LIF-07", 'class="band"',
        "Over 1 day.", "50 events or more", "Monitors run", "Breaches", "Run it now", "Runs every",
    ):  # fmt: skip
        assert said in page, said
    run = MonitorRun.objects.filter(monitor="errors").latest("recorded_at")
    assert run.says in page
    assert "/controls/LIF-07?scope=chatbot" in page
    assert re.search(r'href="/ledger/\d+">Monitors run', page) or re.search(r'href="/ledger/[^"]+">Monitors run', page)


def test_a_breach_is_dealt_with_in_place(client, breached) -> None:
    """Rule: no way without a reason; a finding stands against the control."""
    address = f"{HERE}/breaches/{breached.id}"
    page = text(client.post(address, {"how": "finding", "because": "Short"}), 422)
    assert "Say in a sentence what you found." in page
    assert not MonitorBreachEnd.objects.exists()
    done = client.post(address, {"how": "finding", "because": "The gateway was overloaded"})
    assert (done.status_code, done.url) == (303, HERE)
    assert MonitorBreachEnd.objects.get().how == "finding"
    assert "The gateway was overloaded" in Judgement.objects.get().because
    page = text(client.get(f"{HERE}/errors"))
    assert "<b>Taken up as a finding</b>" in page
    assert text(client.post(address, {"how": "dismissed", "because": "It was nothing"}), 409)
    assert "No breach is open." in text(client.get(HERE))


def test_several_are_turned_on_with_one_reason(client, chatbot) -> None:
    assert "<b>Nothing watches</b>" in text(client.get(HERE))
    page = text(client.post(f"{HERE}/choose", {"chosen": ["errors"], "because": ""}), 422)
    assert 'value="errors" checked' in page, "what was chosen is not lost"
    assert "Choose at least one monitor." in text(client.post(f"{HERE}/choose", {"because": "We look"}), 422)
    done = client.post(f"{HERE}/choose", {"chosen": ["errors", "latency"], "because": "It answers customers"})
    assert (done.status_code, done.url) == (303, HERE)
    made = MonitorChoice.objects.values_list("monitor", "on", "because")
    assert set(made) == {("errors", True, "It answers customers"), ("latency", True, "It answers customers")}
    assert "2 not run yet" in text(client.get(HERE))


def test_it_runs_now(client, chatbot, by, at) -> None:
    choose_monitors(system="chatbot", chosen=["errors"], on=True, now=at - DAY, **by)
    arrive(chatbot, at)
    done = client.post(f"{HERE}/errors/run")
    assert (done.status_code, done.url) == (303, f"{HERE}/errors")
    assert MonitorRun.objects.get().outcome == "pass"
    assert "It ran: passing" in text(client.get(f"{HERE}/errors"))
    refused = text(client.post(f"{HERE}/latency/run"), 409)
    assert refused.count("is off; turn it on first") == 1
    assert f'<a class="button" href="{HERE}/latency">See how it stands now</a>' in refused


def test_lines_of_its_own(client, chatbot, by, at) -> None:
    """Rule: a warning comes before a failure; what is left empty is the library's; a share is typed in per cent."""
    choose_monitors(system="chatbot", chosen=["errors"], on=True, now=at - DAY, **by)
    address = f"{HERE}/errors/lines"
    wrong = text(client.post(address, {"fail": "1", "warn": "", "because": "We are strict"}), 422)
    assert "would fail before it warns" in wrong
    assert "less than or equal to 100" in text(client.post(address, {"fail": "300", "because": "We are strict"}), 422)
    assert client.post(address, {"fail": "3", "warn": "", "because": "We are strict"}).status_code == 303
    assert MonitorChoice.objects.latest("number").thresholds == {"fail": 0.03}
    page = text(client.get(f"{HERE}/errors"))
    assert "above 3 %" in page
    assert "Fails above, %" in page
    assert "The library says 5 %." in page


def test_what_scores_were_worth_is_shown(client, chatbot, at) -> None:
    """Rule: before anything is frozen the page says that scores are taken at their word."""
    where = f"{HERE}/estimated-accuracy"
    assert "so scores are taken at their word" in text(client.get(where))
    said = {"count": 150, "hours": 90, "prediction": "1"}
    arrive(chatbot, at - 2 * DAY, score=0.9, label="1", **said)
    arrive(chatbot, at - 2 * DAY - timedelta(seconds=7), score=0.2, label="0", **said)
    days = {"since": (at - 9 * DAY).date(), "until": (at - DAY).date(), "because": "Labels are in"}
    assert client.post(f"{where}/freeze", days).status_code == 303
    page = text(client.get(where))
    assert "What scores were worth, by 300 labels" in page
    assert '<td class="num">0.9000</td><td class="num">1.0000</td>' in page


def test_a_baseline_is_frozen(client, chatbot, by, at) -> None:
    """Rule: an empty window freezes nothing, and the page says so."""
    choose_monitors(system="chatbot", chosen=["output-length"], on=True, now=at - 40 * DAY, **by)
    assert "There is none yet, so it cannot tell anything." in text(client.get(f"{HERE}/output-length"))
    days = {"since": str((at - 10 * DAY).date()), "until": str((at - DAY).date()), "because": "A quiet week"}
    assert "has a value in the window" in text(client.post(f"{HERE}/output-length/freeze", days), 422)
    arrive(chatbot, at - DAY, count=600, hours=100)
    assert client.post(f"{HERE}/output-length/freeze", days).status_code == 303
    frozen = MonitorBaseline.objects.get()
    page = text(client.get(f"{HERE}/output-length"))
    assert frozen.digest in page
    assert "in force" in page


def test_it_is_turned_off(client, breached) -> None:
    """Rule: its open breach ends with it, and what it found stays."""
    assert client.post(f"{HERE}/errors/switch", {"step": "off", "because": "Replaced by another"}).status_code == 303
    assert MonitorBreachEnd.objects.get().how == "off"
    page = text(client.get(f"{HERE}/errors"))
    assert "It is off." in page
    assert "<b>Turned off</b>" in page
    assert MonitorRun.objects.filter(monitor="errors").count() == 11


def test_the_passport_shows_the_worst_first(client, breached) -> None:
    page = text(client.get("/systems/chatbot"))
    part = page[page.index('<section id="monitors"') :]
    assert part.index(">Errors</a>") < part.index(">Latency</a>")
    assert f'href="{HERE}"' in part
    assert "one open breach" in part


def test_it_waits_for_the_owner(client, breached) -> None:
    page = text(client.get("/"))
    assert "Look into what a monitor found: Errors" in page
    assert f"{HERE}#breach-{breached.id}" in page


def test_who_may_not(client, breached, kim, noor, now) -> None:
    """Rule: an auditor reads and is offered nothing; to a stranger none of it is there."""
    signed_in(client, noor)
    page = text(client.get(HERE))
    assert "Deal with it" not in page
    assert "Turn on the chosen" not in page
    assert "Run it now" not in text(client.get(f"{HERE}/errors"))
    assert client.post(f"{HERE}/errors/run").status_code == 403
    assert client.post(f"{HERE}/choose", {"chosen": ["recall"], "because": "Mine"}).status_code == 403
    ways = {"how": "dismissed", "because": "It is nothing at all"}
    assert client.post(f"{HERE}/breaches/{breached.id}", ways).status_code == 403
    member = add_person(actor=ANNEXA, email="m@example.org", name="Mo Member", role="member", password=None, now=now)
    signed_in(client, member)
    for address in (HERE, f"{HERE}/errors"):
        assert client.get(address).status_code == 404
    sent = {"because": "It is nothing at all", "how": "dismissed", "chosen": ["recall"], "step": "off"}
    for address in (
        "choose",
        "errors/run",
        "errors/switch",
        "errors/freeze",
        "errors/lines",
        f"breaches/{breached.id}",
    ):
        assert client.post(f"{HERE}/{address}", sent).status_code == 404, address
    assert not MonitorBreachEnd.objects.exists()


def test_what_is_not_there(client, chatbot) -> None:
    assert client.get(f"{HERE}/nothing").status_code == 404
    assert client.get("/systems/nothing/monitors").status_code == 404
    assert client.post(f"{HERE}/breaches/nothing", {}).status_code == 404
    assert client.post(f"{HERE}/nothing/run").status_code == 404


def test_addresses_of_forms_lead_to_their_page(client, chatbot) -> None:
    """Rule: who comes back after signing in again finds the page, not an error."""
    assert client.get(f"{HERE}/choose").url == HERE
    assert client.get(f"{HERE}/errors/freeze").url == f"{HERE}/errors"
    assert client.get(f"{HERE}/breaches/b1").url == HERE


def test_a_run_says_which_engine_counted(client, breached) -> None:
    """Rule: what another engine counted is told from what this process did; most runs need no such words."""
    assert "counted by" not in text(client.get(f"{HERE}/errors"))
    run = MonitorRun.objects.filter(monitor="errors").latest("recorded_at")
    run.reading = {**run.reading, "counted": {"engine": "Spark 4.3.0", "files": 12, "waiting": 3}}
    ran = Ran(run=run, value="", of="", look="fail", word="Fails")
    shown = render_to_string("monitors/_runs.html", {"runs": [(ran, [])], "now": run.recorded_at})
    assert "counted by Spark 4.3.0" in shown
