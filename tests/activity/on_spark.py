"""Run by `test_spark.py` with the Python of the folder that has Spark: everything once on a Spark Connect server.

Prints JSON: what every sum gave on Spark and on Arrow, and every example of every monitor with both readings.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import SparkSession

from annexa.activity.monitoring import freeze
from annexa.library.monitors import monitors
from annexa.pure.monitors import written
from tests.activity.engines import MANY, SINCE, UNTIL, everything, log
from tests.library.monitor_examples import found_in, log_of

CLOCK = "Asia/Kolkata"
"""Half an hour off, and not the zone of anything here."""


def main() -> None:
    """Starts a server on this machine, speaks to it through Spark Connect alone, and compares."""
    spark = (
        SparkSession.builder.remote("local[2]")
        .config("spark.sql.session.timeZone", CLOCK)
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.ui.enabled", "false")
        .getOrCreate()
    )
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps({
            "session": type(spark).__module__,
            "sums": sums(spark, Path(folder)),
            "readings": readings(spark, Path(folder), sys.argv[1:]),
        }))  # fmt: skip


def sums(spark: Any, folder: Path) -> dict[str, list[str]]:
    """Every sum of a log, on Spark and on Arrow, as text."""
    table = log()
    frozen = freeze(log(900, 6), ["f_*"], system="s", since=SINCE, until=UNTIL)
    baselines = [*(one for one in frozen.columns if one.column != "f_post"), MANY]
    there, here = everything(on_spark(spark, folder, table), baselines), everything(table, baselines)
    return {name: [plain(there[name]), plain(here[name])] for name in here}


def plain(value: Any) -> str:
    """A value as text, mappings at any depth in the order of their keys, since groups come in any."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {plain(value[key])}" for key in sorted(value, key=repr)) + "}"
    if isinstance(value, list | tuple):
        return "(" + ", ".join(plain(one) for one in value) + ")"
    return repr(value)


def readings(spark: Any, folder: Path, names: list[str]) -> dict[str, list[Any]]:
    """The readings of the named monitors' examples, on Spark and on Arrow."""
    found = {}
    for name in names:
        monitor = monitors()[name]
        for example in monitor.examples:
            table = log_of(monitor, example)
            both = (found_in(monitor, example, native) for native in (on_spark(spark, folder, table), table))
            found[f"{name}: {example.what}"] = [written(one) for one in both]
    return found


def on_spark(spark: Any, folder: Path, table: pa.Table) -> Any:
    """The log as Spark reads it from Parquet, as it reads segments."""
    path = folder / f"{len(list(folder.iterdir()))}.parquet"
    pq.write_table(table, path)
    return spark.read.parquet(str(path))


if __name__ == "__main__":
    main()
