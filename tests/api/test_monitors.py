"""Monitors over the API: turned on, run, frozen, their runs in parts, breaches ended; nothing for who may not."""

from datetime import timedelta

import pytest

from annexa.activity.journal import Journal
from annexa.answers.activity_store import journal_folder
from annexa.api.shapes import now
from annexa.records.monitors import MonitorBreach, MonitorRun
from tests.arriving import arrive

pytestmark = pytest.mark.django_db
HERE = "systems/chatbot/monitors"
ON = {"monitors": ["errors", "latency"], "on": True, "because": "It answers customers"}


def fine(said, status=200):
    assert said.status == status, said.content
    return said.json


@pytest.fixture
def journal(house, settings, tmp_path) -> Journal:
    settings.HOME = tmp_path
    return Journal(folder=journal_folder(), backlog_bytes=1 << 30, spare_bytes=0)


def test_the_main_line(program, journal) -> None:
    """Turned on, run, breached, taken up: each answer says how things stand."""
    owner = program("owner")
    lines = {one["id"]: one for one in fine(owner("GET", HERE))["items"]}
    assert {one["state"] for one in lines.values()} == {"off"}
    assert lines["input-drift"]["needs_baseline"]
    made = fine(owner("POST", HERE, {**ON, "thresholds": {"errors": {"fail": 0.04}}}), 201)["items"]
    assert {(one["id"], one["state"]) for one in made[:2]} == {("errors", "waiting"), ("latency", "waiting")}
    assert next(one for one in made if one["id"] == "errors")["thresholds"] == {"warn": 0.02, "fail": 0.04}
    assert owner("POST", HERE, ON).status in {201, 409}
    arrive(journal, now(), wrong=200)
    run = fine(owner("POST", f"{HERE}/errors/runs", {}), 201)
    assert run["outcome"] == "fail"
    assert run["reading"]["values"][0]["value"] == pytest.approx(0.5, abs=0.01), "of all that had arrived by then"
    (breach,) = fine(owner("GET", "monitor-breaches?open=true&system=chatbot"))["items"]
    assert (breach["run"], breach["how"]) == (run["id"], None)
    shown = fine(owner("GET", f"{HERE}/errors"))
    assert (shown["state"], shown["breach"]) == ("fail", breach["id"])
    assert "50 events or more" in shown["needs"]
    said = {"how": "dismissed", "because": "An announced load test"}
    ended = fine(owner("POST", f"monitor-breaches/{breach['id']}/end", said), 201)
    assert (ended["how"], ended["by"]) == ("dismissed", "Lou Owner")
    assert fine(owner("GET", "monitor-breaches?open=true"))["items"] == []
    assert len(fine(owner("GET", "monitor-breaches"))["items"]) == 1


def test_runs_come_in_parts(program, journal) -> None:
    owner = program("owner")
    fine(owner("POST", HERE, ON), 201)
    arrive(journal, now())
    for _ in range(5):
        fine(owner("POST", f"{HERE}/errors/runs", {}), 201)
    first = fine(owner("GET", f"{HERE}/errors/runs?limit=3"))
    second = fine(owner("GET", f"{HERE}/errors/runs?limit=3&cursor={first['next']}"))
    assert second["next"] is None
    found = [one["id"] for one in (*first["items"], *second["items"])]
    assert found == list(MonitorRun.objects.order_by("-recorded_at", "-id").values_list("id", flat=True))
    assert len(found) == 5


def test_a_baseline(program, journal) -> None:
    """Rule: what is frozen is said with its digest; too few events freeze nothing."""
    owner, today = program("owner"), now()
    window = {"since": str((today - timedelta(days=9)).date()), "until": str(today.date()), "because": "As usual"}
    few = owner("POST", f"{HERE}/output-length/baselines", window)
    assert few.status == 422
    assert b"has a value in the window" in few.content
    arrive(journal, today - timedelta(days=2), count=600, hours=100)
    made = fine(owner("POST", f"{HERE}/output-length/baselines", window), 201)
    assert made["rows"] == 600
    assert fine(owner("GET", f"{HERE}/output-length"))["baselines"] == [made]
    assert owner("POST", f"{HERE}/errors/baselines", window).status == 422, "it compares with none"


def test_what_scores_were_worth(program, journal) -> None:
    """Rule: without labels nothing is learnt; what was learnt is shown, and a run goes by it."""
    owner, today = program("owner"), now()
    place = f"{HERE}/estimated-accuracy"
    window = {"since": str((today - timedelta(days=9)).date()), "until": str(today.date()), "because": "Labels are in"}
    said = {"score": 0.9, "prediction": "1"}
    arrive(journal, today - timedelta(days=2), count=300, hours=100, **said)
    none = owner("POST", f"{place}/baselines", window)
    assert (none.status, b"a score and a label" in none.content) == (422, True)
    arrive(journal, today - timedelta(days=2, seconds=7), count=90, hours=90, label="1", **said)
    few = owner("POST", f"{place}/baselines", window)
    assert (few.status, b"90 events with a label; 200 are needed" in few.content) == (422, True)
    arrive(journal, today - timedelta(days=2, seconds=11), count=150, hours=90, label="0", **said)
    fine(owner("POST", f"{place}/baselines", window), 201)
    assert fine(owner("GET", place))["calibration"] == {"scores": [0.9], "rates": [0.375], "n": 240}
    assert fine(owner("GET", f"{HERE}/errors"))["calibration"] is None
    fine(owner("POST", HERE, {**ON, "monitors": ["estimated-accuracy"]}), 201)
    ran = fine(owner("POST", f"{place}/runs", {}), 201)
    assert ran["reading"]["values"][0]["value"] == pytest.approx(0.375)
    assert ran["reading"]["baseline"] == fine(owner("GET", place))["baselines"][0]["digest"]


def test_what_is_refused(program, journal) -> None:
    """Rule: an auditor reads, changes nothing; a program deals with no breach; what is off does not run."""
    owner, auditor = program("owner"), program("auditor")
    assert auditor("GET", HERE).status == 200
    assert auditor("POST", HERE, ON).status == 403
    assert owner("POST", f"{HERE}/errors/runs", {}).status == 409
    assert owner("POST", HERE, {**ON, "monitors": ["nothing"]}).status == 404
    assert owner("POST", HERE, {**ON, "because": " "}).status == 422
    crossed = owner("POST", HERE, {**ON, "thresholds": {"errors": {"fail": 0.01}}})
    assert b"would fail before it warns" in crossed.content
    assert owner("GET", f"{HERE}/nothing").status == 404
    assert owner("GET", f"{HERE}/nothing/runs").status == 404
    assert owner("GET", "systems/nothing/monitors").status == 404
    assert owner("POST", "monitor-breaches/nothing/end", {"how": "dismissed", "because": "It is nothing"}).status == 404
    assert not MonitorBreach.objects.exists()
