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

from tests.activity.comparing import readings, sums
from tests.spark_server import CLOCK


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

        def put(table: pa.Table) -> Any:
            """The log as Spark reads it from Parquet, as it reads segments."""
            path = Path(folder) / f"{len(list(Path(folder).iterdir()))}.parquet"
            pq.write_table(table, path)
            return spark.read.parquet(str(path))

        print(json.dumps({
            "session": type(spark).__module__, "sums": sums(put), "readings": readings(put, sys.argv[1:])
        }))  # fmt: skip


if __name__ == "__main__":
    main()
