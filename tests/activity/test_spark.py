"""The same sums and readings through Spark Connect: equal to the bit.

Spark is half a gigabyte and needs Java, so `make test` does not install it: `make spark` does, into a folder of its
own, and runs this test. Without the folder it is skipped and says so.
"""

import json
import os
import subprocess
from typing import Any

import pytest

from tests.spark_server import PYTHON, ROOT, missing

ONE_OF_EACH_SUM = (
    "input-drift", "input-distance", "accuracy", "estimated-accuracy", "odds-by-sex", "refusals", "call-volume",
    "cost-of-a-day", "bulk-reading", "latency", "change-without-gate", "silent-source",
)  # fmt: skip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason=missing() or "there is Spark"),
]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came back, both ways."""
    folder = tmp_path_factory.mktemp("spark")
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}", "SPARK_LOCAL_IP": "127.0.0.1"}
    ran = subprocess.run(
        [str(PYTHON), "-m", "tests.activity.on_spark", *ONE_OF_EACH_SUM],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_it_is_spark_connect_that_answers(said: dict[str, Any]) -> None:
    """Rule: the thin client speaks to a server; there is no Java in the process that asks."""
    assert said["session"].startswith("pyspark.sql.connect")


def test_every_sum_is_equal_to_the_bit(said: dict[str, Any]) -> None:
    """Rule: counts, hours, money, names, instants and values are the same on Spark, whose clock is half an hour off."""
    assert {name: there for name, (there, _) in said["sums"].items()} == {
        n: here for n, (_, here) in said["sums"].items()
    }


def test_every_reading_is_the_same(said: dict[str, Any]) -> None:
    """Rule: monitors find on Spark what they find here, to the last digit and word."""
    assert len(said["readings"]) >= 3 * len(ONE_OF_EACH_SUM)
    for name, (there, here) in said["readings"].items():
        assert there == here, name
