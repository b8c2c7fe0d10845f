"""The log of one AI system with all its features, as a relation that monitors count in: DuckDB, in this process.

What is sealed and what waits is one table. It reads the files it was given and nothing else, with a bound on memory.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from annexa.activity import QueryError
from annexa.activity.columns import DIGEST, LEAF, SALT
from annexa.activity.query import Sources

MEMORY: Final = "1GiB"
THREADS: Final = 2
_UNASKED: Final = (SALT, DIGEST, LEAF)
"""Columns in which no monitor looks."""


@contextmanager
def log_of(sources: Sources, system: str) -> Iterator[Any]:
    """The events of a system, as a DuckDB relation that lives as long as this. Raises QueryError."""
    try:
        with duckdb.connect(":memory:", config={"threads": THREADS, "memory_limit": MEMORY}) as connection:
            _shut(connection, sources)
            yield connection.sql(_statement(connection, sources), params=_values(sources, system))
    except duckdb.Error as error:
        raise QueryError(f"The activity log cannot be read: {str(error).splitlines()[0]}") from error


def _shut(connection: "duckdb.DuckDBPyConnection", sources: Sources) -> None:
    folders = sorted({str(Path(file).parent) for file in sources.files})
    quoted = ", ".join("'" + folder.replace("'", "''") + "'" for folder in folders)
    for statement in (
        "SET TimeZone = 'UTC'",
        "SET temp_directory = ''",
        f"SET allowed_directories = [{quoted}]",
        "SET enable_external_access = false",
        "SET autoload_known_extensions = false",
        "SET autoinstall_known_extensions = false",
        "SET lock_configuration = true",
    ):
        connection.execute(statement)


def _statement(connection: "duckdb.DuckDBPyConnection", sources: Sources) -> str:
    """Everything that is of the system as it came, or was given to it later."""
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
        for one in sources.assigned
    )  # fmt: skip
    left_out = ", ".join(_UNASKED)
    return f"SELECT * EXCLUDE ({left_out}) FROM ({' UNION ALL BY NAME '.join(parts)}) WHERE system = ?{given}"  # noqa: S608


def _values(sources: Sources, system: str) -> list[Any]:
    found: list[Any] = [list(sources.files)] if sources.files else []
    found.append(system)
    for one in sources.assigned:
        if one.system == system:
            found += [one.source, one.value, one.until]
    return found
