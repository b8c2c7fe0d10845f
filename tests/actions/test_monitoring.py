"""A breached monitor lowers the verdict of the control it proves, opens a draft, and recovery is recorded, too."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from annexa.actions.controls import adopt_control
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.monitor_process import alone, run_now
from annexa.actions.monitoring import choose_monitors, end_breach, freeze_baseline, run_monitors
from annexa.actions.sealing import seal_everything
from annexa.actions.sequencer import publish
from annexa.actions.systems import add_system
from annexa.activity import ActivityError
from annexa.activity.columns import batch_of
from annexa.activity.engines import read_engine
from annexa.activity.journal import Journal
from annexa.answers.activity_store import journal_folder
from annexa.answers.errors import UnknownError
from annexa.answers.integrity import check_everything
from annexa.answers.monitors import baseline_of, monitor_lines, monitor_page, open_breaches, watched_systems
from annexa.answers.posture import standpoint
from annexa.pure.events import Event
from annexa.pure.permits import Actor
from annexa.pure.systems import SystemFacts
from annexa.records.controls import Judgement
from annexa.records.evidence import Evidence
from annexa.records.monitors import MonitorBreach, MonitorRun
from tests import arriving

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
CONTROL = "LIF-07"


@pytest.fixture
def home(settings, tmp_path) -> None:
    settings.HOME = tmp_path


@pytest.fixture(autouse=True)
def _systems(home, organisation, actor, now) -> None:
    for name in ("Chatbot", "Ranking"):
        add_system(actor=actor, facts=SystemFacts(name=name), now=now - 90 * DAY)


@pytest.fixture
def by(actor, admin):
    return {"actor": actor, "person": admin, "because": "It answers customers all day"}


@pytest.fixture
def journal(settings) -> Journal:
    return Journal(folder=journal_folder(), backlog_bytes=1 << 30, spare_bytes=0)


@pytest.fixture
def arrive(journal) -> Callable[..., None]:
    """So many events of a system, spread evenly over the hours before an instant; some of them go wrong."""
    return partial(arriving.arrive, journal)


def verdict(actor: Actor, now: datetime, system: str = "chatbot") -> str:
    return standpoint(actor=actor, now=now).control(CONTROL, system).verdict.value


def evidence(system: str = "chatbot") -> list[bool]:
    rows = Evidence.objects.filter(control=CONTROL, expectation="monitors-pass", scope=system)
    return list(rows.order_by("recorded_at", "id").values_list("passing", flat=True))


def test_a_breach_and_its_end(by, actor, arrive, now) -> None:
    """The main line: passes, fails and recovers, each time with evidence; the ledger tells all of it."""
    choose_monitors(system="chatbot", chosen=["errors"], on=True, now=now, **by)
    arrive(now)
    (first,) = run_monitors(now=now)
    assert (first.outcome, evidence()) == ("pass", [True])
    later = now + DAY
    arrive(later, wrong=200)
    (second,) = run_monitors(now=later)
    assert (second.outcome, evidence()) == ("fail", [True, False])
    (breach,) = open_breaches(actor=actor)
    assert (breach.run, breach.monitor, breach.system) == (second, "errors", "chatbot")
    assert breach.says == second.says
    at_last = later + 2 * DAY
    arrive(at_last)
    (third,) = run_monitors(now=at_last)
    assert (third.outcome, evidence()) == ("pass", [True, False, True])
    assert open_breaches(actor=actor) == ()
    assert MonitorBreach.objects.get().end.how == "recovered"
    publish()
    assert [one for one in check_everything(progress=lambda *_: None) if not one.holds] == []


def test_the_control_it_proves_fails_with_it(by, actor, admin, arrive, now) -> None:
    """Posture falls without anybody typing anything."""
    adopt_control(actor=actor, person=admin, control=CONTROL, scope="chatbot", state="implemented", now=now - DAY)
    choose_monitors(system="chatbot", chosen=["errors"], on=True, now=now, **by)
    arrive(now, wrong=200)
    run_monitors(now=now)
    assert verdict(actor, now + HOUR) == "failing"
    assert verdict(actor, now + HOUR, "ranking") != "failing"


def test_not_enough_data_proves_nothing(by, arrive, now) -> None:
    """Neither a pass nor a failure: there is no evidence."""
    choose_monitors(system="chatbot", chosen=["errors"], on=True, now=now, **by)
    (run,) = run_monitors(now=now)
    assert (run.outcome, evidence()) == ("not enough data", [])
    arrive(now, count=3)
    (run,) = run_monitors(now=now + HOUR, only=["errors"])
    assert (run.outcome, evidence()) == ("not enough data", [])


def test_monitors_pass_together(by, arrive, now) -> None:
    """One that compares with a baseline nobody froze keeps the others' pass from counting."""
    choose_monitors(system="chatbot", chosen=["errors", "output-length"], on=True, now=now, **by)
    arrive(now)
    found = {one.monitor: one.outcome for one in run_monitors(now=now)}
    assert found["errors"] == "pass"
    assert evidence() == []


def test_what_is_sealed_and_what_waits_are_one_log(by, arrive, now) -> None:
    """A monitor sees what came a moment ago, and what was sealed long ago, once."""
    choose_monitors(system="chatbot", chosen=["errors"], on=True, now=now, **by)
    arrive(now, hours=12)
    seal_everything(clock=lambda: now)
    arrive(now - 12 * HOUR, hours=12)
    (run,) = run_monitors(now=now)
    assert run.reading["values"][0]["n"] == 800


def test_only_what_is_due_runs(by, arrive, now) -> None:
    """Unless it is named, or all are asked for."""
    choose_monitors(system="chatbot", chosen=["errors", "latency"], on=True, now=now, **by)
    assert len(run_monitors(now=now)) == 2
    assert run_monitors(now=now + timedelta(minutes=5)) == ()
    assert [one.monitor for one in run_monitors(now=now + timedelta(minutes=6), only=["errors"])] == ["errors"]
    assert len(run_monitors(now=now + timedelta(minutes=7), due=False)) == 2
    assert watched_systems() == ("chatbot",)


def test_a_baseline_is_frozen_and_compared_with(by, actor, arrive, now) -> None:
    """Drift is measured against a window that somebody chose and said why."""
    choose_monitors(system="chatbot", chosen=["input-drift"], on=True, now=now, **by)
    arrive(now - 10 * DAY, count=2000, hours=240, features={"age": 30.0})
    frozen = {"system": "chatbot", "monitor": "input-drift", "now": now, **by}
    with pytest.raises(InvalidError, match="has a value in the window"):
        freeze_baseline(since=now - 40 * DAY, until=now - 30 * DAY, **frozen)
    with pytest.raises(InvalidError, match="are needed"):
        freeze_baseline(since=now - 10 * DAY - HOUR, until=now - 10 * DAY, **frozen)
    row = freeze_baseline(since=now - 21 * DAY, until=now - 10 * DAY, **frozen)
    kept = baseline_of("chatbot", "input-drift")
    assert kept is not None
    assert (kept.digest, row.rows) == (row.digest, 2000)
    arrive(now, count=2000, hours=160, features={"age": 70.0})
    (run,) = run_monitors(now=now)
    assert run.outcome == "fail"
    assert run.reading["baseline"] == row.digest
    with pytest.raises(InvalidError) as caught:
        freeze_baseline(system="chatbot", monitor="errors", since=now, until=now, now=now, **{**by, "because": ""})
    assert set(caught.value.problems) == {"monitor", "until", "because"}


def test_turning_off_ends_a_breach_and_proves_nothing_more(by, actor, arrive, now) -> None:
    """And nothing changes twice."""
    choose_monitors(system="chatbot", chosen=["errors"], on=True, now=now, **by)
    arrive(now, wrong=200)
    run_monitors(now=now)
    choose_monitors(system="chatbot", chosen=["errors"], on=False, now=now + HOUR, **by)
    assert MonitorBreach.objects.get().end.how == "off"
    assert run_monitors(now=now + DAY) == ()
    with pytest.raises(ConflictError):
        choose_monitors(system="chatbot", chosen=["errors"], on=False, now=now + HOUR, **by)
    with pytest.raises(ConflictError):
        choose_monitors(system="chatbot", chosen=["latency"], on=False, now=now + HOUR, **by)


def test_own_lines(by, arrive, now) -> None:
    """A line of the organisation's own decides, and stays when the monitor is turned off and on."""
    lines = {"errors": {"warn": 0.6, "fail": 0.7}}
    choose_monitors(system="chatbot", chosen=["errors"], on=True, now=now, thresholds=lines, **by)
    arrive(now, wrong=200)
    (run,) = run_monitors(now=now)
    assert (run.outcome, run.thresholds) == ("pass", {"warn": 0.6, "fail": 0.7})


def test_a_breach_becomes_a_finding(by, actor, admin, arrive, now) -> None:
    """Against the control that it makes fail, with what the monitor said; once."""
    choose_monitors(system="chatbot", chosen=["errors"], on=True, now=now, **by)
    arrive(now, wrong=200)
    run_monitors(now=now)
    (breach,) = open_breaches(actor=actor)
    said = {"actor": actor, "person": admin, "breach": breach, "now": now + HOUR}
    with pytest.raises(InvalidError) as caught:
        end_breach(how="gone", because="no", **said)
    assert set(caught.value.problems) == {"how", "because"}
    end = end_breach(how="finding", because="The provider was down for hours.", **said)
    judgement = Judgement.objects.get(id=end.judgement)
    assert (judgement.subject, judgement.scope, judgement.kind) == (CONTROL, "chatbot", "minor nonconformity")
    assert breach.says in judgement.because
    with pytest.raises(ConflictError):
        end_breach(how="dismissed", because="Somebody else did it.", **said)
    assert Judgement.objects.count() == 1


def test_what_is_refused(by, actor, now) -> None:
    """All problems at once; nothing for who may not."""
    with pytest.raises(InvalidError) as caught:
        choose_monitors(
            system="chatbot", chosen=["errors"], on=True, now=now, thresholds={"errors": {"x": 1.0}},
            **{**by, "because": " "},
        )  # fmt: skip
    assert set(caught.value.problems) == {"errors", "because"}
    with pytest.raises(NotFoundError, match="no monitor nothing"):
        choose_monitors(system="chatbot", chosen=["nothing"], on=True, now=now, **by)
    stranger = Actor(id="person/99", name="Sam", role="auditor")
    with pytest.raises(NotPermittedError):
        choose_monitors(system="chatbot", chosen=["errors"], on=True, now=now, **{**by, "actor": stranger})
    with pytest.raises(UnknownError):
        monitor_page(actor=actor, slug="chatbot", monitor="nothing")
    with pytest.raises(UnknownError):
        monitor_lines(actor=Actor(id="person/98", name="Mo", role="member"), slug="chatbot")


def test_lines_of_a_page(by, actor, arrive, now) -> None:
    """Those that watch come first, the worst of them on top, with when they run next."""
    choose_monitors(system="chatbot", chosen=["errors", "latency"], on=True, now=now, **by)
    arrive(now, wrong=200)
    run_monitors(now=now)
    _, lines = monitor_lines(actor=actor, slug="chatbot")
    assert [(one.monitor.id, one.state) for one in lines[:2]] == [("errors", "fail"), ("latency", "pass")]
    assert lines[0].breach is not None
    assert lines[0].due_at == now + timedelta(hours=6)
    assert {one.state for one in lines[2:]} == {"off"}
    assert len(monitor_page(actor=actor, slug="chatbot", monitor="errors").runs) == MonitorRun.objects.count() // 2


def test_a_damaged_log_is_an_error_not_a_pass(by, arrive, now, settings) -> None:
    """The run says so; what was proven before expires."""
    choose_monitors(system="chatbot", chosen=["errors"], on=True, now=now, **by)
    arrive(now)
    seal_everything(clock=lambda: now)
    for path in Path(settings.STORE).rglob("*.parquet"):
        path.chmod(0o600)
        path.write_bytes(b"PAR1" + bytes(100) + b"PAR1")
    (run,) = run_monitors(now=now)
    assert (run.outcome, run.reading, evidence()) == ("error", {}, [])
    assert "cannot be read" in run.says


def test_labels_that_come_later_stand_with_their_predictions(by, journal, now) -> None:
    """Performance is measured once the truth is known, whichever event told it."""
    choose_monitors(system="ranking", chosen=["accuracy"], on=True, now=now, **by)
    made = arriving.us(now - 20 * DAY)
    asked = {"system": "ranking", "source": "batch"}
    predictions = [
        Event(at=made + n, received_at=made, record_id=f"p-{n}", prediction="yes", kind="inference", **asked)
        for n in range(400)
    ]
    truths = [
        Event(
            at=arriving.us(now) - n,
            received_at=arriving.us(now),
            record_id=f"p-{n}",
            kind="evaluation",
            label="yes" if n % 4 else "no",
            **asked,
        )
        for n in range(400)
    ]
    journal.append(batch_of(predictions))
    (run,) = run_monitors(now=now - HOUR)
    assert run.outcome == "not enough data"
    journal.append(batch_of(truths))
    (run,) = run_monitors(now=now, only=["accuracy"])
    assert run.outcome == "fail"
    assert run.reading["values"][0]["value"] == pytest.approx(0.75)


def test_of_two_labels_at_one_instant_always_the_same_counts(by, journal, now) -> None:
    """Rule: which of them does not depend on which thread of which engine saw it first."""
    choose_monitors(system="ranking", chosen=["accuracy"], on=True, now=now, **by)
    made, told = arriving.us(now - 20 * DAY), arriving.us(now)
    one = {"system": "ranking", "source": "batch"}
    events = [
        Event(at=made + n, received_at=made, record_id=f"p-{n}", prediction="yes", kind="inference", **one)
        for n in range(400)
    ]
    for label in ("no", "yes"):
        events += [
            Event(at=told - n, received_at=told, record_id=f"p-{n}", kind="evaluation", label=label, **one)
            for n in range(400)
        ]
    journal.append(batch_of(events))
    (run,) = run_monitors(now=now)
    assert (run.outcome, run.reading["values"][0]["value"]) == ("pass", 1.0)


def test_an_engine_that_is_not_there_is_an_error_not_a_pass(by, arrive, now, settings) -> None:
    """Rule: runs are in error and name the setting; nothing falls back to this process, and nothing is proven."""
    settings.ENGINE = read_engine("sc://127.0.0.1:1/;token=s3cr3t-token")
    choose_monitors(system="chatbot", chosen=["errors", "latency"], on=True, now=now, **by)
    arrive(now)
    seal_everything(clock=lambda: now)
    runs = run_monitors(now=now)
    assert [(one.outcome, one.reading) for one in runs] == [("error", {})] * 2
    assert all("ANNEXA_ENGINE_URL" in one.says and "s3cr3t" not in one.says for one in runs)
    assert evidence() == []
    with pytest.raises(ActivityError, match="ANNEXA_ENGINE_URL"):
        freeze_baseline(
            system="chatbot", monitor="input-drift", since=now - DAY, until=now, now=now, **by
        )  # fmt: skip


def test_one_fails_while_another_never_ran(by, actor, arrive, now) -> None:
    """Rule: a breach makes the control fail at once, whatever else is on and has not run yet."""
    choose_monitors(system="chatbot", chosen=["errors", "latency"], on=True, now=now, **by)
    arrive(now, wrong=200)
    run_now(actor=actor, system="chatbot", monitor="errors", now=now)
    assert evidence() == [False]
    with pytest.raises(ConflictError, match="is off"):
        run_now(actor=actor, system="ranking", monitor="errors", now=now)
    with alone(), pytest.raises(ConflictError, match="being run just now"):
        run_now(actor=actor, system="chatbot", monitor="errors", now=now)
