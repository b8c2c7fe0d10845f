"""The log of one AI system on a Spark that is there already, spoken to through Spark Connect: no Java in this process.

The server reads the files of segments that the rows name, where it finds the store; what still waits in journals goes
along as an Arrow table. So it counts what DuckDB would: the same files, the same events that wait, the same late
labels. It writes nothing. A run has a session of its own, which ends with it.
"""

import re
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Timer
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from annexa.activity.columns import DIGEST, LEAF, SALT
from annexa.activity.delta import fields_of
from annexa.activity.engines import Engine, EngineError, EngineGoneError
from annexa.activity.query import Assigned
from annexa.pure.events import TEXTS

CONNECT_SECONDS: Final = 10.0
LONGEST_SECONDS: Final = 3600.0
"""A run that takes longer is given up: a cluster that has no room lets its clients wait for ever."""
SETTING: Final = "ANNEXA_ENGINE_URL"
_UNASKED: Final = frozenset({SALT, DIGEST, LEAF})
_ARROW: Final[Mapping[str, pa.DataType]] = {
    "timestamp": pa.timestamp("us", "UTC"), "string": pa.string(), "binary": pa.binary(), "long": pa.int64(),
    "double": pa.float64(),
}  # fmt: skip
_SAID: Final[Mapping[str, str]] = {
    # Instants are hours of UTC, names differ by case, and a file that is gone or broken is an error and never nothing.
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.files.ignoreCorruptFiles": "false",
    # Files are named one by one: whoever lists them need not start tasks for it.
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
}
_GONE: Final = ("UNAVAILABLE", "INVALID_HANDLE", "failed to connect", "closed channel", "Connection reset")
_late: set[str] = set()
"""Engines whose run was given up."""
_UNSEEN: Final = ("PATH_NOT_FOUND", "FAILED_READ_FILE", "FileNotFound", "AccessDenied", "No FileSystem for scheme")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is looked into: sealed files by their paths in the store, with the columns of each; batches that wait in
    journals; what was given away later."""

    files: tuple[str, ...] = ()
    schemas: tuple[pa.Schema, ...] = ()
    waiting: "tuple[pa.RecordBatch, ...]" = ()
    assigned: tuple[Assigned, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSpark:
    """The events as a frame of Spark, and what was looked into, for the entry about the run."""

    events: Any
    counted: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def log_on(engine: Engine, store: str, parts: Parts, system: str, texts: Collection[str] = TEXTS) -> Iterator[OnSpark]:
    """The events of a system on Spark, as long as this lasts. `store`: where Spark finds it. Raises EngineError."""
    with session_of(engine) as session, telling(engine):
        schemas = [*parts.schemas, *(one.schema for one in parts.waiting)]
        fields = fields_of(schemas)
        torn = sorted({name for one in schemas for name in one.names} - fields.keys())
        left_out = _UNASKED | (set(TEXTS) - set(texts))
        fields = {name: kind for name, kind in fields.items() if name not in left_out}
        waiting = _waiting(parts, system, fields)
        log = _with_labels(_of_system(_rows(session, store, parts.files, waiting, fields), parts.assigned, system))
        # A view is worked out once: otherwise every question would look for all the files again.
        log.createOrReplaceTempView("annexa_events")
        counted: dict[str, Any] = {"engine": f"Spark {session.version}", "files": len(parts.files)}
        counted |= {"waiting": waiting.num_rows, **({"left_out": torn} if torn else {})}
        yield OnSpark(events=session.table("annexa_events"), counted=counted)


@contextmanager
def session_of(engine: Engine, *, longest: float = LONGEST_SECONDS) -> Iterator[Any]:
    """A session of the server's. Raises EngineError, EngineGoneError where it cannot be reached."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pandas, which nothing here uses
            import grpc
            from pyspark.sql.connect.client import DefaultChannelBuilder
            from pyspark.sql.connect.client.retries import DefaultPolicy
            from pyspark.sql.connect.session import SparkSession
    except ImportError as error:
        raise EngineError(f"{SETTING} needs the client of Spark: pip install 'annexa[spark]' ({error}).") from error
    with telling(engine):
        channel = DefaultChannelBuilder(engine.url).toChannel()
        try:
            grpc.channel_ready_future(channel).result(timeout=CONNECT_SECONDS)
        except grpc.FutureTimeoutError as error:
            raise _unreachable(engine) from error
        finally:
            channel.close()
        session = SparkSession(connection=engine.url)
    _late.discard(engine.name)
    session.client.set_retry_policies([DefaultPolicy(max_retries=4, max_backoff=2000, max_server_retry_delay=5000)])
    timer = Timer(longest, _give_up, [engine, session])
    timer.daemon = True
    timer.start()
    try:
        with telling(engine):
            for name, value in _SAID.items():
                session.conf.set(name, value)
            yield session
    finally:
        timer.cancel()
        with suppress(Exception):
            session.stop()


def tried(engine: Engine, store: str, path: str = "") -> tuple[str, int]:
    """Which version of Spark answers, and how many events it finds in a file of the store. Raises EngineError."""
    with session_of(engine) as session, telling(engine):
        found = session.read.parquet(f"{_literal(store)}/{path}").count() if path else session.range(0).count()
        return session.version, found


@contextmanager
def telling(engine: Engine | None) -> Iterator[None]:
    """Says what went wrong on the engine in a sentence. Raises EngineError, EngineGoneError in place of Spark's own."""
    try:
        yield
    except Exception as error:
        if engine is None or (said := _said(engine, error)) is None:
            raise
        raise said from error


def _said(engine: Engine, error: Exception) -> EngineError | None:
    """What an error of Spark's means to whoever runs Annexa; its own words may hold what people said, and stay out."""
    room = type(error).__module__.partition(".")[0]
    if room not in {"pyspark", "grpc"} and "closed channel" not in str(error):
        return None
    if engine.name in _late:
        return EngineGoneError(
            f"Spark at {engine.name} took longer than an hour and was given up: see whether it has room for the work."
        )
    text = str(error)
    if "UNAUTHENTICATED" in text or "PERMISSION_DENIED" in text:
        return EngineError(f"Spark at {engine.name} does not let Annexa in: look at the token in {SETTING}.")
    if any(one in text for one in _GONE):
        return _unreachable(engine)
    if any(one in text for one in _UNSEEN):
        where = f"{engine.store} (ANNEXA_ENGINE_STORE_URL)" if engine.store else "the address it has for Annexa"
        return EngineError(
            f"Spark at {engine.name} cannot read a file of the activity log at {where}. Say in ANNEXA_ENGINE_STORE_URL "
            "where Spark finds the store and let it read there; annexa doctor tries it, annexa logs verify reads all."
        )
    condition = getattr(error, "getCondition", lambda: None)()
    return EngineError(f"Spark at {engine.name} could not count: {condition or type(error).__name__}.")


def _unreachable(engine: Engine) -> EngineGoneError:
    return EngineGoneError(
        f"Spark cannot be reached at {engine.name}, or went away: see whether its Connect server runs there and "
        f"{SETTING} names it; without that setting monitors run in this process."
    )


def _give_up(engine: Engine, session: Any) -> None:
    """Ends what takes too long, whether or not the server listens."""
    _late.add(engine.name)
    with suppress(Exception):
        session.interruptAll()
    with suppress(Exception):
        session.client.set_retry_policies([])
        session.client.close()


def _rows(
    session: Any, store: str, files: Sequence[str], waiting: pa.Table, fields: Mapping[str, str]
) -> Any:  # fmt: skip
    """What is sealed and what waits, as one frame."""
    from pyspark.sql.types import BinaryType, DoubleType, LongType, StringType, StructField, StructType, TimestampType

    kinds = {"timestamp": TimestampType, "string": StringType, "binary": BinaryType, "long": LongType}
    columns = StructType([StructField(name, kinds.get(kind, DoubleType)()) for name, kind in fields.items()])
    sealed = session.read.schema(columns).parquet(*(f"{_literal(store)}/{one}" for one in files)) if files else None
    if sealed is not None and not waiting.num_rows:
        return sealed
    rest = session.createDataFrame(waiting)
    return rest if sealed is None else sealed.unionByName(rest)


def _literal(address: str) -> str:
    """An address in which Spark looks for no pattern."""
    return re.sub(r"([\[\]{}*?\\])", r"\\\1", address)


def _waiting(parts: Parts, system: str, fields: Mapping[str, str]) -> pa.Table:
    """What waits and may be of the system, with all the columns."""
    schema = pa.schema([(name, _ARROW[kind]) for name, kind in fields.items()])
    tables = [schema.empty_table()]
    for batch in parts.waiting:
        mine = batch.filter(pc.is_in(batch.column("system"), value_set=pa.array(["", system])))
        if mine.num_rows:
            columns = [
                mine.column(one.name) if one.name in mine.schema.names else pa.nulls(mine.num_rows, one.type)
                for one in schema
            ]
            tables.append(pa.Table.from_arrays(columns, schema=schema))
    return pa.concat_tables(tables)


def _of_system(log: Any, assigned: Sequence[Assigned], system: str) -> Any:
    """What is of the system as it came, or was given to it later."""
    from pyspark.sql.connect import functions as on

    mine = on.col("system") == system
    for one in assigned:
        if one.system == system:
            given = (on.col("system") == "") & (on.col("source") == one.source)
            column = "service" if one.column == "service" else "environment"
            given = given & (on.col(column) == one.value) & (on.unix_micros("received_at") <= one.until)
            mine = mine | given
    return log.filter(mine)


def _with_labels(log: Any) -> Any:
    """The events, a label that came later with its prediction; of several the latest counts."""
    from pyspark.sql.connect import functions as on

    told = (on.col("kind") == "evaluation") & on.col("record_id").isNotNull() & on.col("label").isNotNull()
    truths = log.filter(told & on.col("evaluation").isNull())
    if not truths.limit(1).count():
        return log
    latest = on.max(on.struct("received_at", "label")).getField("label").alias("annexa_late")
    late = truths.groupBy("record_id").agg(latest)
    joined = log.join(late, "record_id", "left")
    return joined.withColumn("label", on.coalesce("label", "annexa_late")).drop("annexa_late")
