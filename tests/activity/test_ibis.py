"""The same sums and readings on a table of Ibis, which stands for any engine that Ibis speaks to: equal to the bit.

Ibis takes versions of its own, so `make spark` installs it beside Spark, in a folder apart. Without it, it is skipped.
"""

import json
import os
import subprocess
from typing import Any

import pytest

from tests.spark_server import FOLDER, PYTHON, ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not list(FOLDER.glob("lib/python*/site-packages/ibis")),
        reason="Ibis is not installed here; `make spark` does it",
    ),
]


@pytest.fixture(scope="module")
def said() -> dict[str, Any]:
    """What came back, both ways."""
    ran = subprocess.run(
        [str(PYTHON), "-W", "ignore", "-m", "tests.activity.on_ibis"], cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}, capture_output=True, text=True, timeout=900,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_every_sum_is_equal_to_the_bit(said: dict[str, Any]) -> None:
    """Rule: counts, hours, money, names, instants and values are the same."""
    assert len(said["sums"]) > 10
    for name, (there, here) in said["sums"].items():
        assert there == here, name


def test_every_reading_of_every_monitor_is_the_same(said: dict[str, Any]) -> None:
    """Rule: all examples of the library come out alike, to the last digit and word."""
    assert len(said["readings"]) >= 3 * 40
    for name, (there, here) in said["readings"].items():
        assert there == here, name
