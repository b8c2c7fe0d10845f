"""Doctor says when nobody seals, and which files are missing; it is told apart from a log that is merely busy."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from annexa.actions.sealing import seal_everything
from annexa.activity.engines import read_engine
from annexa.activity.journal import journals
from annexa.answers.activity_health import engine, files, sealing
from annexa.answers.activity_store import journal_folder, objects
from annexa.records.activity import Segment
from tests.activity.making import arrive, events


@pytest.fixture
def folder(db, settings, tmp_path) -> Path:
    settings.HOME = tmp_path
    return journal_folder()


def test_a_log_that_is_sealed_in_time_is_good(folder) -> None:
    now = datetime.now(UTC)
    assert (sealing(now).state, sealing(now).detail) == ("good", "0 events sealed, 0 bytes wait")
    assert files().state == "good"
    arrive(folder, events(0, 3))
    seal_everything(clock=lambda: now)
    arrive(folder, events(3, 3))
    assert sealing(now).state == "good"
    assert sealing(now).detail.startswith("3 events sealed, ")
    assert files().detail == "1 segments have their files"


def test_what_nobody_seals_is_said(folder) -> None:
    arrive(folder, events(0, 3))
    (path,) = journals(folder)
    now = datetime.now(UTC)
    then = (now - timedelta(minutes=9)).timestamp()
    os.utime(path, (then, then))
    said = sealing(now)
    assert said.state == "wrong"
    assert said.detail.endswith("for 9 minutes")
    assert "annexa logs seal --once" in said.mend


@pytest.mark.parametrize("how", ["missing", "cut"])
def test_files_that_are_gone_or_cut_are_named(folder, how) -> None:
    arrive(folder, events(0, 3))
    seal_everything(clock=lambda: datetime.now(UTC))
    path = Path(objects().address(Segment.objects.get().path))
    if how == "missing":
        path.unlink()
    else:
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:-1])
    said = files()
    assert said.state == "wrong"
    assert Segment.objects.get().path in said.detail


def test_an_engine_that_does_not_answer_is_wrong(folder, settings) -> None:
    assert (engine().state, engine().detail) == ("good", "monitors run in this process, on DuckDB")
    settings.ENGINE = read_engine("sc://127.0.0.1:1/;token=s3cr3t-token")
    said = engine()
    assert said.state == "wrong"
    assert "ANNEXA_ENGINE_URL" in said.detail
    assert "s3cr3t" not in said.detail
