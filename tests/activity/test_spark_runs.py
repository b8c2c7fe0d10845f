"""Real runs of all monitors on a Spark Connect server, over the same log as on DuckDB; and what a server does wrong.

Needs what `make spark` installs. Without it, it is skipped and says so.
"""

import json
import os
import subprocess
from typing import Any

import pytest

from tests.spark_server import PYTHON, ROOT, missing

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "there is a server")]
CLOSE = 1e-9


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of all of it."""
    folder = tmp_path_factory.mktemp("spark-runs")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANNEXA_")}
    ran = subprocess.run(
        [str(PYTHON), "-W", "ignore", "-m", "tests.activity.spark_runs", str(folder)],
        cwd=ROOT, env=kept | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}, capture_output=True, text=True, timeout=2400,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def runs(said: dict[str, Any], engine: str) -> dict[str, Any]:
    found: dict[str, Any] = said[engine]["runs"]
    return found


def assert_close(there: Any, here: Any, monitor: str) -> None:
    """A number, both ends of an interval, or nothing."""
    if here is None:
        assert there is None, monitor
    else:
        assert there == pytest.approx(here, rel=CLOSE, abs=CLOSE), monitor


def test_all_forty_ran_on_both_and_most_could_tell(said: dict[str, Any]) -> None:
    """Rule: the comparison is of readings, not of excuses."""
    assert len(runs(said, "duckdb")) == len(runs(said, "spark")) == 40
    told = [one for one in runs(said, "duckdb").values() if one["outcome"] in {"pass", "warn", "fail"}]
    assert len(told) >= 36
    assert {one["outcome"] for one in runs(said, "duckdb").values()} >= {"pass", "warn", "fail"}


def test_outcomes_and_what_they_say_are_the_same(said: dict[str, Any]) -> None:
    """Rule: nobody can tell from a verdict which engine counted."""
    for monitor, here in runs(said, "duckdb").items():
        there = runs(said, "spark")[monitor]
        for name in ("outcome", "says", "since", "until", "thresholds"):
            assert there[name] == here[name], monitor


def test_counts_are_equal_to_the_bit_and_values_to_the_ninth_digit(said: dict[str, Any]) -> None:
    """Rule: erased, expired, repeated, given away, labelled later, waiting: all count alike."""
    for monitor, here in runs(said, "duckdb").items():
        left, right = (one["reading"] for one in (here, runs(said, "spark")[monitor]))
        assert len(left["values"]) == len(right["values"]), monitor
        for one, other in zip(left["values"], right["values"], strict=True):
            for name in ("of", "n", "outcome", "at", "who", "because"):
                assert other[name] == one[name], monitor
            for name in ("value", "expected", "interval"):
                assert_close(other[name], one[name], monitor)
        rest = {"values", "counted"}
        assert {k: v for k, v in right.items() if k not in rest} == {k: v for k, v in left.items() if k not in rest}


def test_the_entry_says_which_engine_counted_what(said: dict[str, Any]) -> None:
    """Rule: an auditor sees where numbers come from, and up to where the log was looked into."""
    for monitor, one in runs(said, "spark").items():
        counted = one["reading"]["counted"]
        assert counted["engine"].startswith("Spark 4."), monitor
        assert counted["files"] > 50, monitor
        assert counted["waiting"] > 200, monitor
    assert all("counted" not in one["reading"] for one in runs(said, "duckdb").values())


def test_a_baseline_frozen_on_spark_is_the_one_that_duckdb_freezes(said: dict[str, Any]) -> None:
    """Rule: it has the same digest."""
    here, there = said["baselines"]
    assert here == there


def test_doctor_tries_the_engine(said: dict[str, Any]) -> None:
    """Rule: it says whether Spark answers, and whether it finds the store."""
    assert said["doctor"][0] == "good"
    assert said["doctor"][1].startswith("Spark 4.")
    assert said["doctor_elsewhere"][0] == "wrong"
    assert "ANNEXA_ENGINE_STORE_URL" in said["doctor_elsewhere"][1]
    assert said["doctor_gone"][0] == "wrong"
    assert "ANNEXA_ENGINE_URL" in said["doctor_gone"][1]


def test_a_store_that_spark_cannot_see_is_an_error(said: dict[str, Any]) -> None:
    """Rule: files that are not there are never an empty log."""
    for one in runs(said, "elsewhere").values():
        assert (one["outcome"], one["reading"]) == ("error", {})
        assert "ANNEXA_ENGINE_STORE_URL" in one["says"]
    assert said["elsewhere"]["evidence"] == said["spark"]["evidence"]


def test_work_that_does_not_end_is_given_up(said: dict[str, Any]) -> None:
    """Rule: a cluster without room for the work holds up nobody for ever."""
    name, sentence, seconds = said["late"]
    assert name == "EngineGoneError"
    assert "took longer" in sentence
    assert seconds < 60


def test_a_server_that_asks_for_a_token(said: dict[str, Any]) -> None:
    """Rule: no token and a wrong one are told from a server that is not there; no token is ever shown."""
    none, wrong, right = said["tokens"]
    for one in (none, wrong):
        assert "does not let Annexa in: look at the token in ANNEXA_ENGINE_URL" in one
        assert "wrong" not in one
    assert right.startswith("Spark 4.")


def test_a_server_that_goes_away_leaves_errors_that_prove_nothing(said: dict[str, Any]) -> None:
    """Rule: what it told before stands, the rest says what to look at; nothing passes that nobody counted."""
    failed = {name: one for name, one in runs(said, "killed").items() if one["outcome"] == "error"}
    assert failed
    for name, one in runs(said, "killed").items():
        if name in failed:
            assert one["reading"] == {}
            assert "ANNEXA_ENGINE_URL" in one["says"]
        else:
            assert one["says"] == runs(said, "duckdb")[name]["says"]
    assert said["killed"]["evidence"] == said["spark"]["evidence"]


def test_a_server_that_is_not_there_is_said_soon(said: dict[str, Any]) -> None:
    """Rule: not after the ten minutes for which Spark's client would try."""
    assert {one["outcome"] for one in runs(said, "gone").values()} == {"error"}
    assert said["gone_s"] < 60
    assert {one["outcome"] for one in runs(said, "duckdb_again").values()} <= {"pass", "warn", "fail"}
