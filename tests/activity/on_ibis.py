"""Run by `test_ibis.py` with the Python of the folder that has Ibis: everything once on tables of Ibis.

Prints JSON: what every sum gave on Ibis and on Arrow, and every example of every monitor with both readings.
"""

import json
from typing import Any

import ibis
import pyarrow as pa

from annexa.library.monitors import monitors
from tests.activity.comparing import readings, sums


def main() -> None:
    """Ibis speaks to DuckDB here; what it is asked is the same wherever it asks."""
    connection = ibis.duckdb.connect()

    def put(table: pa.Table) -> Any:
        return connection.create_table("log", table, overwrite=True)

    print(json.dumps({"sums": sums(put), "readings": readings(put, sorted(monitors()))}))


if __name__ == "__main__":
    main()
