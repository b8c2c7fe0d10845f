"""The log of one AI system with all its features, as a relation that monitors count in: DuckDB, in this process.

What is sealed and what waits is one table. A label that came later (an evaluation that names no measure, with the
`record_id` of a prediction) stands with its prediction. It reads the files it was given and nothing else, with a bound
on memory.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from annexa.activity import QueryError
from annexa.activity.columns import DIGEST, LEAF, SALT
from annexa.activity.query import Sources
from annexa.pure.events import TEXTS

MEMORY: Final = "1GiB"
THREADS: Final = 2
AT_HAND: Final = 500_000
"""Events that are taken into memory at most."""
_TRUTHS: Final = "kind = 'evaluation' AND record_id IS NOT NULL AND label IS NOT NULL AND evaluation IS NULL"
"""Events that say no more than what turned out to be true of a prediction."""
_UNASKED: Final = (SALT, DIGEST, LEAF)
"""Columns in which no monitor looks."""


@contextmanager
def log_of(sources: Sources, system: str, texts: Collection[str] = TEXTS) -> Iterator[Any]:
    """The events of a system, as a DuckDB relation that lives as long as this. Raises QueryError.

    `texts`: the columns of free text that are looked at; others are left out. Whoever asks asks many times, and every
    time each file's foot has to be read: what is small is taken into memory once.
    """
    try:
        with duckdb.connect(":memory:", config={"threads": THREADS, "memory_limit": MEMORY}) as connection:
            _shut(connection, sources)
            statement, values = _statement(connection, sources, system, texts)
            count = connection.execute(f"SELECT count(*) FROM ({statement})", values).fetchall()[0][0]  # noqa: S608
            if count <= AT_HAND:
                connection.execute(f"CREATE TEMP TABLE at_hand AS {statement}", values)
                yield connection.table("at_hand")
            else:
                yield connection.sql(statement, params=values)
    except duckdb.Error as error:
        raise QueryError(f"The activity log cannot be read: {str(error).splitlines()[0]}") from error


def _shut(connection: "duckdb.DuckDBPyConnection", sources: Sources) -> None:
    folders = sorted({str(Path(file).parent) for file in sources.files})
    quoted = ", ".join("'" + folder.replace("'", "''") + "'" for folder in folders)
    for statement in (
        "SET TimeZone = 'UTC'",
        "SET temp_directory = ''",
        "SET parquet_metadata_cache = true",
        f"SET allowed_directories = [{quoted}]",
        "SET enable_external_access = false",
        "SET autoload_known_extensions = false",
        "SET autoinstall_known_extensions = false",
        "SET lock_configuration = true",
    ):
        connection.execute(statement)


def _statement(
    connection: "duckdb.DuckDBPyConnection", sources: Sources, system: str, texts: Collection[str]
) -> tuple[str, list[Any]]:
    """Everything that is of the system as it came, or was given to it later; with late labels, where there are any."""
    parts = []
    tables = [pa.Table.from_batches([one]) for one in sources.waiting if one.num_rows]
    if tables:
        connection.register("waiting", pa.concat_tables(tables, promote_options="permissive"))
        parts.append("SELECT * FROM waiting")
    if sources.files:
        parts.append("SELECT * FROM read_parquet(?, union_by_name = true)")
    if not parts:
        from annexa.activity.columns import SCHEMA

        connection.register("waiting", SCHEMA.empty_table())
        parts.append("SELECT * FROM waiting")
    given = "".join(
        " OR (system = '' AND source = ? AND " + ('"service"' if one.column == "service" else '"environment"')
        + " = ? AND epoch_us(received_at) <= ?)"
        for one in sources.assigned if one.system == system
    )  # fmt: skip
    left_out = ", ".join((*_UNASKED, *(one for one in TEXTS if one not in texts)))
    log = f"SELECT * EXCLUDE ({left_out}) FROM ({' UNION ALL BY NAME '.join(parts)}) WHERE system = ?{given}"  # noqa: S608
    values = _values(sources, system)
    if not connection.execute(f"SELECT 1 FROM ({log}) WHERE {_TRUTHS} LIMIT 1", values).fetchall():  # noqa: S608
        return log, values
    late = f"SELECT record_id, arg_max(label, received_at) AS late FROM ({log}) WHERE {_TRUTHS} GROUP BY 1"  # noqa: S608
    with_labels = "SELECT log.* REPLACE (coalesce(log.label, truth.late) AS label)"
    return f"{with_labels} FROM ({log}) AS log LEFT JOIN ({late}) AS truth USING (record_id)", [*values, *values]


def _values(sources: Sources, system: str) -> list[Any]:
    found: list[Any] = [list(sources.files)] if sources.files else []
    found.append(system)
    for one in sources.assigned:
        if one.system == system:
            found += [one.source, one.value, one.until]
    return found
