"""Monitors on the command line where the log cannot be looked into: a sentence and code 3, never a traceback."""

from datetime import UTC, datetime, timedelta

import pytest

from annexa.actions.monitoring import choose_monitors
from annexa.actions.systems import add_system
from annexa.activity.engines import read_engine
from annexa.cli.main import main
from annexa.pure.systems import SystemFacts
from annexa.records.monitors import MonitorBaseline, MonitorRun


@pytest.fixture(autouse=True)
def _engine_gone(organisation, actor, admin, now, settings, tmp_path) -> None:
    """A system whose monitors are to count on an engine that is not there."""
    settings.HOME, settings.STORE = tmp_path, tmp_path / "store"
    add_system(actor=actor, facts=SystemFacts(name="Chatbot"), now=now)
    choose_monitors(
        actor=actor, person=admin, system="chatbot", chosen=["errors"], on=True, because="It answers customers", now=now
    )
    settings.ENGINE = read_engine("sc://127.0.0.1:1/;token=s3cr3t-token")


def test_a_run_ends_with_3_and_stands_in_the_ledger_as_an_error(capsys) -> None:
    assert main(["monitors", "run", "--system", "chatbot"]) == 3
    assert MonitorRun.objects.get().outcome == "error"
    assert "ANNEXA_ENGINE_URL" in capsys.readouterr().out


def test_a_baseline_is_refused_with_the_sentence(capsys) -> None:
    since, until = (f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%d}" for days in (9, 2))
    freeze = ["monitors", "freeze", "chatbot", "input-drift", "--since", since, "--until", until, "--because", "Usual"]
    assert main(freeze) == 3
    said = capsys.readouterr()
    assert (said.out, said.err.startswith("annexa: ")) == ("", True)
    assert "ANNEXA_ENGINE_URL" in said.err
    assert "s3cr3t" not in said.err
    assert not MonitorBaseline.objects.exists()
