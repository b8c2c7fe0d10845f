"""The log of one AI system with all its features, as a relation that monitors count in: DuckDB, in this process.

What is sealed and what waits is one table. A label that came later (an evaluation that names no measure, with the
`record_id` of a prediction) stands with its prediction. It reads the files it was given and nothing else, with a bound
on memory.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as parquet

from annexa.activity import QueryError
from annexa.activity.columns import DIGEST, LEAF, SALT
from annexa.activity.query import Sources, literal
from annexa.activity.repeats import without_sealed
from annexa.pure.events import FEATURE_PREFIX, TEXTS

MEMORY: Final = "1GiB"
THREADS: Final = 2
AT_HAND: Final = 100_000
"""Events that are taken into memory at most."""
_TRUTHS: Final = "kind = 'evaluation' AND record_id IS NOT NULL AND label IS NOT NULL AND evaluation IS NULL"
"""Events that say no more than what turned out to be true of a prediction."""
_COLUMNS: Final = {"service": '"service"', "environment": '"environment"'}
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
            statement = _statement(connection, sources, system, texts)
            count = connection.execute(f"SELECT count(*) FROM ({statement})").fetchall()[0][0]  # noqa: S608
            if count <= AT_HAND:
                connection.execute(f"CREATE TEMP TABLE at_hand AS {statement}")
                yield connection.table("at_hand")
            else:
                yield connection.sql(statement)
    except duckdb.Error as error:
        raise QueryError(f"The activity log cannot be read: {str(error).splitlines()[0]}") from error


def _shut(connection: "duckdb.DuckDBPyConnection", sources: Sources) -> None:
    folders = sorted({str(Path(file).parent) for file in sources.files})
    quoted = ", ".join("'" + folder.replace("'", "''") + "'" for folder in folders)
    for statement in (
        "SET TimeZone = 'UTC'",
        "SET temp_directory = ''",
        "SET preserve_insertion_order = false",  # else what comes of each file takes blocks of memory of its own
        "SET parquet_metadata_cache = true",
        f"SET allowed_directories = [{quoted}]",
        "SET enable_external_access = false",
        "SET autoload_known_extensions = false",
        "SET autoinstall_known_extensions = false",
        "SET lock_configuration = true",
    ):
        connection.execute(statement)


def _statement(connection: "duckdb.DuckDBPyConnection", sources: Sources, system: str, texts: Collection[str]) -> str:
    """Everything that is of the system as it came, or was given to it later; with late labels, where there are any.

    Values stand in it as literals: a relation with parameters is taken into memory with all its columns at once.
    """
    parts = []
    came = without_sealed(connection, sources.waiting, sources.near)
    tables = [pa.Table.from_batches([one]) for one in came if one.num_rows]
    if tables:
        connection.register("waiting", pa.concat_tables(tables, promote_options="permissive"))
        parts.append("SELECT * FROM waiting")
    parts += [
        f"SELECT * FROM read_parquet([{', '.join(map(literal, files))}])"  # noqa: S608  quoted
        for files in alike_files(sources.files)
    ]
    if not parts:
        from annexa.activity.columns import SCHEMA

        connection.register("waiting", SCHEMA.empty_table())
        parts.append("SELECT * FROM waiting")
    given = "".join(
        f" OR (system = '' AND source = {literal(one.source)} AND {_COLUMNS[one.column]} = {literal(one.value)}"
        f" AND epoch_us(received_at) <= {int(one.until)})"
        for one in sources.assigned if one.system == system
    )  # fmt: skip
    left_out = ", ".join((*_UNASKED, *(one for one in TEXTS if one not in texts)))
    whole = " UNION ALL BY NAME ".join(parts)
    log = f"SELECT * EXCLUDE ({left_out}) FROM ({whole}) WHERE system = {literal(system)}{given}"  # noqa: S608  quoted
    if not connection.execute(f"SELECT 1 FROM ({log}) WHERE {_TRUTHS} LIMIT 1").fetchall():  # noqa: S608
        return log
    # The latest counts; of several that came together, the last one by name, on every engine and every time.
    latest = "struct_extract(max({'at': received_at, 'label': label}), 'label')"
    late = f"SELECT record_id, {latest} AS late FROM ({log}) WHERE {_TRUTHS} GROUP BY 1"  # noqa: S608
    with_labels = "SELECT log.* REPLACE (coalesce(log.label, truth.late) AS label)"
    return f"{with_labels} FROM ({log}) AS log LEFT JOIN ({late}) AS truth USING (record_id)"


def alike_files(files: Sequence[str]) -> list[list[str]]:
    """The files by their features, in the order of the first of each: of files that are alike one tells the columns of
    all, and nobody opens the others before they are read. Raises QueryError."""
    found: dict[tuple[str, ...], list[str]] = {}
    for file in files:
        try:
            found.setdefault(_features_of(file), []).append(file)
        except (OSError, pa.ArrowException) as error:
            raise QueryError(f"{Path(file).name} cannot be read: {error}; annexa logs verify says more.") from error
    return list(found.values())


@lru_cache(65_536)
def _features_of(file: str) -> tuple[str, ...]:
    """Name and type of each feature of a sealed file, which never changes."""
    schema = parquet.read_schema(file)
    return tuple(f"{one.name} {one.type}" for one in schema if one.name.startswith(FEATURE_PREFIX))
