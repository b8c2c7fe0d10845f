"""Looking into the activity log: what is sealed in Parquet files and what still waits in journals, as one table.

DuckDB runs in this process over the files; it reads what it was given and nothing else, writes nothing, and has a bound
on memory, threads and time. Texts that people type go in as parameters. Times are microseconds since 1970 in UTC.
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from annexa.activity import BusyError, QueryError
from annexa.pure.events import CONTENT, FEATURE_PREFIX, HEAD, Event

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

MEMORY: Final = "512MiB"
THREADS: Final = 2
AT_ONCE: Final = 2
"""So many questions are answered at once in a process; more wait their turn."""
PATIENCE_SECONDS: Final = 20.0
LONGEST_SECONDS: Final = 120.0
"""A question that takes longer is given up."""
HOUR_US: Final = 3_600_000_000
DAY_US: Final = 24 * HOUR_US
FEW_FILES: Final = 100
"""Up to so many files are read at once; of more, the latest first."""
FACETS: Final = ("kind", "model", "outcome", "source", "environment")
LASTING_AT_ONCE: Final = 4
"""So many exports are written at once in a process: they last as long as their readers take, and hold up no page."""
LASTING_MEMORY: Final = "256MiB"
_turn = threading.BoundedSemaphore(AT_ONCE)
_lasting_turn = threading.BoundedSemaphore(LASTING_AT_ONCE)
_COLUMNS: Final = (*HEAD, "salt", *CONTENT, "content_digest", "leaf")
_LISTED: Final = ", ".join(f'"{column}"' for column in _COLUMNS)
_OF_WAITING: Final = f"SELECT {_LISTED}, false AS sealed, '' AS file FROM waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """Events that nobody knew whose they were, and that somebody gave to an AI system later: of this source, with this
    service or environment, received until then (inclusive)."""

    source: str
    column: str
    value: str
    system: str
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What is looked into: sealed files, batches that wait in journals, and what was given away later.

    `paths`: under which path each file is in the store. `near`: the files that may hold what waits already.
    """

    files: tuple[str, ...] = ()
    waiting: "tuple[pa.RecordBatch, ...]" = ()
    assigned: tuple[Assigned, ...] = ()
    paths: Mapping[str, str] = field(default_factory=dict)
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which events are meant: all that fit everything said here.

    `systems`: slugs, "" for those of nobody; None: all. `since` inclusive, `until` exclusive, of when they began.
    `text`: stands in an input or output, large or small letters alike. `failed`: those that went wrong.
    `without_source`: not those of this source. `leaves`: those with one of these leaves, in hex.
    """

    systems: tuple[str, ...] | None = None
    since: int | None = None
    until: int | None = None
    kinds: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    user: str = ""
    text: str = ""
    conversation: str = ""
    trace_id: str = ""
    failed: bool = False
    without_source: str = ""
    leaves: tuple[str, ...] = ()

    @property
    def reads_content(self) -> bool:
        """Whether the answer tells something of what is in events."""
        return bool(self.user or self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One event as it was found. `leaf`: in hex. `sealed`: whether it is in a segment yet. `told_system`: whose it was
    when it came, "" if it was given to `event.system` later. `digest`: of content that was erased, in hex, else "".
    `file`: in which it is here, `path`: where that is in the store."""

    event: Event
    leaf: str
    sealed: bool
    told_system: str
    latency_ms: float | None = None
    digest: str = ""
    file: str = ""
    path: str = ""
    salt: str = ""

    @property
    def cursor(self) -> str:
        """Where a list goes on after it."""
        return f"{self.event.at}-{self.leaf}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What happened from an instant on, for an hour or a day. Latencies in milliseconds; `cost` in one currency."""

    start: int
    events: int = 0
    errors: int = 0
    p50: float | None = None
    p95: float | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    outcomes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """How many events there are, and how they lie in time: spans with events, the first one first."""

    total: Span
    spans: tuple[Span, ...]
    currency: str = ""
    users: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Events that have some values in common: how many, when the first and the last of them came."""

    values: tuple[str, ...]
    events: int
    first: int
    last: int


class Query:
    """An open look into the log."""

    def __init__(self, connection: "duckdb.DuckDBPyConnection", sources: Sources) -> None:
        """Made by `looking`."""
        self._connection, self._sources = connection, sources

    def page(self, asked: Asked, *, after: str = "", limit: int = 50, content: bool = False) -> tuple[Found, ...]:
        """Events, the latest first, from after a cursor on. `content`: also what was said and by whom.

        Raises QueryError for a cursor that is none.
        """
        where, values = _where(asked)
        begun = asked.until if asked.until is not None else time.time_ns() // 1000
        if after:
            instant, leaf = _cursor(after)
            where += ' AND ("at", leaf) < (make_timestamptz(?), unhex(?))'
            values += [instant, leaf]
            begun = instant
        rest = f'ORDER BY "at" DESC, leaf DESC LIMIT {int(limit)}'
        if len(self._sources.files) > FEW_FILES:
            # The latest are asked for: as soon as a page is full, nothing older has to be read.
            for step in (HOUR_US, DAY_US):
                lately = f'{where} AND "at" >= make_timestamptz(?)'
                rows = self._found(lately, [*values, begun - step], rest, content=content)
                if len(rows) == limit:
                    return rows
        return self._found(where, values, rest, content=content)

    def together(self, asked: Asked, *, limit: int = 1_000) -> tuple[Found, ...]:
        """Events with all they hold, the first one first: a conversation, a trace."""
        where, values = _where(asked)
        return self._found(where, values, f'ORDER BY "at", leaf LIMIT {int(limit)}', content=True)

    def one(self, leaf: str, asked: Asked) -> Found | None:
        """The event with this leaf among those meant, with its features; None if there is none."""
        where, values = _where(asked)
        found = self._found(f"{where} AND leaf = ?", [*values, _bytes(leaf)], "LIMIT 1", content=True)
        if not found or not found[0].file:
            return found[0] if found else None
        return self._with_features(found[0])

    def sample(self, asked: Asked, *, size: int, seed: str) -> tuple[tuple[str, ...], int]:
        """The leaves of some events, chosen by the seed alone, and how many there were to choose from.

        Those whose SHA-256 of the seed, a colon and the leaf in hex is smallest: anybody can draw them again.
        """
        where, values = _where(asked)
        many = self._rows(f"SELECT count(*) FROM events WHERE {where}", values)[0][0]
        rows = self._rows(
            f"SELECT lower(hex(leaf)) AS drawn FROM events WHERE {where} "
            f"ORDER BY sha256(? || ':' || lower(hex(leaf))) LIMIT {int(size)}",
            [*values, seed],
        )
        return tuple(row[0] for row in rows), many

    def of_leaves(self, leaves: Sequence[str], asked: Asked) -> tuple[Found, ...]:
        """The events with these leaves, with what they hold, in the order of the leaves."""
        where, values = _where(asked)
        rows = self._found(f"{where} AND lower(hex(leaf)) IN (SELECT unnest(?))", [*values, list(leaves)], content=True)
        by_leaf = {one.leaf: one for one in rows}
        return tuple(by_leaf[leaf] for leaf in leaves if leaf in by_leaf)

    def over_time(self, asked: Asked, *, step: int) -> Over:
        """How events lie in time, in steps of HOUR_US or DAY_US."""
        where, values = _where(asked)
        currency = self._rows(
            f"SELECT currency FROM events WHERE {where} AND currency IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1",
            values,
        )
        main = currency[0][0] if currency else ""
        sums = (
            "count(*), count(*) FILTER (WHERE failed), quantile_cont(latency_ms, [0.5, 0.95]), "
            "coalesce(sum(input_tokens), 0)::BIGINT, coalesce(sum(output_tokens), 0)::BIGINT, "
            'coalesce(sum(cost) FILTER (WHERE currency = ?), 0), count(DISTINCT "user")'
        )
        start = f'epoch_us("at") // {int(step)} * {int(step)}'
        rows = self._rows(
            f"SELECT {start} AS start, grouping({start}), {sums} FROM events WHERE {where} "
            f"GROUP BY GROUPING SETS (({start}), ()) ORDER BY 1",
            [main, *values],
        )
        outcomes: dict[int, dict[str, int]] = {}
        for at, outcome, many in self._rows(
            f"SELECT {start}, coalesce(outcome, ''), count(*) FROM events WHERE {where} GROUP BY 1, 2 ORDER BY 2",
            values,
        ):
            outcomes.setdefault(at, {})[outcome] = many
        whole: dict[str, int] = {}
        for one in outcomes.values():
            for outcome, many in one.items():
                whole[outcome] = whole.get(outcome, 0) + many
        spans = tuple(_span(row, outcomes.get(row[0], {})) for row in rows if not row[1])
        total = next((_span(row, whole) for row in rows if row[1]), Span(start=0))
        users = next((row[8] for row in rows if row[1]), 0)
        return Over(total=total, spans=spans, currency=main, users=users)

    def groups(self, asked: Asked, columns: Sequence[str], *, limit: int = 200) -> tuple[Group, ...]:
        """Events by what some columns say, the most frequent first."""
        where, values = _where(asked)
        names = ", ".join(f"coalesce({_name(column)}, '')" for column in columns)
        rows = self._rows(
            f"SELECT {names}, count(*) AS many, epoch_us(min(received_at)), epoch_us(max(received_at)) FROM events "
            f"WHERE {where} GROUP BY ALL ORDER BY many DESC, 1 LIMIT {int(limit)}",
            values,
        )
        width = len(columns)
        return tuple(
            Group(values=tuple(row[:width]), events=row[width], first=row[width + 1], last=row[width + 2])
            for row in rows
        )

    def count(self, asked: Asked) -> int:
        """How many events are meant."""
        where, values = _where(asked)
        found: int = self._rows(f"SELECT count(*) FROM events WHERE {where}", values)[0][0]
        return found

    def batches(self, asked: Asked, *, content: bool, rows: int = 10_000) -> "Iterator[pa.RecordBatch]":
        """Every event, some thousand at once, as columns; `leaf`, `latency_ms` and `told_system` last.

        File by file, in the order in which they were received, within a file by time: however much there is, no more is
        in memory than one file's rows.
        """
        where, values = _where(asked)
        names = [*HEAD, *(CONTENT if content else ())]
        chosen = ", ".join(map(_name, names))
        for part in (*map(_of_files, ((one,) for one in self._sources.files)), _OF_WAITING):
            sql = (
                f"SELECT {chosen}, lower(hex(leaf)) AS leaf, latency_ms, told_system "
                f'FROM ({_view(part, self._sources.assigned)}) WHERE {where} ORDER BY "at", leaf'
            )
            with _errors():
                yield from self._connection.execute(sql, values).to_arrow_reader(rows)

    def _found(self, where: str, values: Sequence[Any], rest: str = "", *, content: bool) -> tuple[Found, ...]:
        import pyarrow as pa

        from annexa.activity.columns import events_of

        names = [*HEAD, *(CONTENT if content else ())]
        more = "leaf, content_digest, salt, latency_ms, sealed, told_system, file"
        sql = f"SELECT {', '.join(map(_name, names))}, {more} FROM events WHERE {where} {rest}"
        with _errors():
            table = self._connection.execute(sql, list(values)).to_arrow_table()
        if not table.num_rows:
            return ()
        batch = table.combine_chunks().to_batches()[0]
        events = events_of(pa.RecordBatch.from_arrays([batch.column(name) for name in names], names=names))
        extra = batch.select(more.split(", ")).to_pylist()
        paths = self._sources.paths
        return tuple(_made(event, row, paths) for event, row in zip(events, extra, strict=True))

    def _with_features(self, found: Found) -> Found:
        from dataclasses import replace

        with _errors():
            table = self._connection.execute(
                f"SELECT * FROM read_parquet({literal(found.file)}) WHERE leaf = unhex(?)", [found.leaf]
            ).to_arrow_table()
        row = table.slice(0, 1).to_pylist()[0]
        said = {
            name.removeprefix(FEATURE_PREFIX): value
            for name, value in row.items()
            if name.startswith(FEATURE_PREFIX) and value is not None
        }
        return replace(found, event=replace(found.event, features=said))

    def _rows(self, sql: str, values: Sequence[Any]) -> list[Any]:
        with _errors():
            found: list[Any] = self._connection.execute(sql, list(values)).fetchall()
        return found


@contextmanager
def looking(sources: Sources, *, lasting: bool = False) -> Iterator[Query]:
    """Opens the log for some questions. `lasting`: for one whose answer is read for as long as its reader takes.

    Raises BusyError where too many look at once, QueryError.
    """
    import duckdb

    turn, memory = (_lasting_turn, LASTING_MEMORY) if lasting else (_turn, MEMORY)
    if not turn.acquire(timeout=PATIENCE_SECONDS):
        raise BusyError("Too many look into the activity log at once; try again in a moment.")
    try:
        with _errors(), duckdb.connect(":memory:", config={"threads": THREADS, "memory_limit": memory}) as connection:
            _prepared(connection, sources)
            watch = threading.Timer(LONGEST_SECONDS, connection.interrupt)
            watch.daemon = True
            if not lasting:
                watch.start()
            try:
                yield Query(connection, sources)
            finally:
                watch.cancel()
    finally:
        turn.release()


def _prepared(connection: "duckdb.DuckDBPyConnection", sources: Sources) -> None:
    """Shuts the connection up with the files, and gives it the one view that is asked."""
    import pyarrow as pa

    from annexa.activity.columns import SCHEMA
    from annexa.activity.repeats import without_sealed

    folders = sorted({str(Path(file).parent) for file in sources.files})
    for statement in (
        "SET TimeZone = 'UTC'",
        "SET preserve_insertion_order = false",
        "SET temp_directory = ''",
        f"SET allowed_directories = [{', '.join(map(literal, folders))}]",
        "SET enable_external_access = false",
        "SET autoload_known_extensions = false",
        "SET autoinstall_known_extensions = false",
        "SET lock_configuration = true",
    ):
        connection.execute(statement)
    came = without_sealed(connection, sources.waiting, sources.near)
    tables = [pa.Table.from_batches([one]).select(SCHEMA.names) for one in came if one.num_rows]
    waiting = pa.concat_tables(tables) if tables else SCHEMA.empty_table()
    connection.register("waiting", waiting)
    rows = _OF_WAITING + (f" UNION ALL {_of_files(sources.files)}" if sources.files else "")
    connection.execute(f"CREATE VIEW events AS {_view(rows, sources.assigned)}")


def _view(rows: str, assigned: Sequence[Assigned]) -> str:
    """Events with what follows from what they say."""
    return (
        f"SELECT * REPLACE ({_whose(assigned)} AS system), system AS told_system, "
        'CASE WHEN ended_at >= "at" THEN (epoch_us(ended_at) - epoch_us("at")) / 1000.0 END AS latency_ms, '
        f"coalesce(outcome = 'error', false) OR error IS NOT NULL AS failed FROM ({rows})"
    )


def _of_files(files: Sequence[str]) -> str:
    return (
        f"SELECT {_LISTED}, true AS sealed, filename AS file "
        f"FROM read_parquet([{', '.join(map(literal, files))}], filename = true)"
    )


def _whose(assigned: Sequence[Assigned]) -> str:
    """The system of an event: as it was said when it came, or as somebody decided later."""
    if not assigned:
        return "system"
    cases = " ".join(
        f"WHEN source = {literal(one.source)} AND {_name(one.column)} = {literal(one.value)} "
        f"AND epoch_us(received_at) <= {int(one.until)} THEN {literal(one.system)}"
        for one in assigned
    )
    return f"CASE WHEN system <> '' THEN system {cases} ELSE system END"


def _where(asked: Asked) -> tuple[str, list[Any]]:
    parts: list[str] = ["true"]
    values: list[Any] = []
    for column, chosen in (
        ("system", asked.systems), ("kind", asked.kinds or None), ("model", asked.models or None),
        ("outcome", asked.outcomes or None), ("source", asked.sources or None), ("service", asked.services or None),
        ("environment", asked.environments or None),
    ):  # fmt: skip
        if chosen is not None:
            parts.append(f"coalesce({_name(column)}, '') IN (SELECT unnest(?))")
            values.append(list(chosen))
    for comparison, instant in ((">=", asked.since), ("<", asked.until)):
        if instant is not None:
            parts.append(f'"at" {comparison} make_timestamptz(?)')
            values.append(instant)
    if asked.user:
        parts.append('"user" = ?')
        values.append(asked.user)
    if asked.conversation:
        parts.append("conversation = ?")
        values.append(asked.conversation)
    if asked.trace_id:
        parts.append("trace_id = ?")
        values.append(_bytes(asked.trace_id))
    if asked.text:
        parts.append(r"(input ILIKE ? ESCAPE '\' OR output ILIKE ? ESCAPE '\')")
        values += [_like(asked.text)] * 2
    if asked.failed:
        parts.append("failed")
    if asked.leaves:
        parts.append("leaf IN (SELECT unnest(?))")
        values.append([_bytes(one) for one in asked.leaves])
    if asked.without_source:
        parts.append("source <> ?")
        values.append(asked.without_source)
    return " AND ".join(parts), values


def _bytes(said: str) -> bytes:
    """Bytes from hex; none, which no event has, for what is no hex."""
    try:
        return bytes.fromhex(said)
    except ValueError:
        return b""


def _like(text: str) -> str:
    for special in ("\\", "%", "_"):
        text = text.replace(special, f"\\{special}")
    return f"%{text}%"


def _cursor(said: str) -> tuple[int, str]:
    instant, _, leaf = said.rpartition("-")
    try:
        if len(bytes.fromhex(leaf)) == 32:
            return int(instant), leaf
    except ValueError:
        pass
    raise QueryError(f"{said!r} is no place in a list; take the one that the list before gave.")


def _made(event: Event, row: Mapping[str, Any], paths: Mapping[str, str]) -> Found:
    return Found(
        event=event,
        leaf=row["leaf"].hex(),
        sealed=row["sealed"],
        told_system=row["told_system"],
        latency_ms=row["latency_ms"],
        digest=row["content_digest"].hex() if row["content_digest"] else "",
        file=row["file"],
        path=paths.get(row["file"], ""),
        salt=row["salt"].hex() if row["salt"] else "",
    )


def _span(row: Sequence[Any], outcomes: Mapping[str, int]) -> Span:
    p50, p95 = row[4] or (None, None)
    return Span(
        start=row[0] or 0, events=row[2], errors=row[3], p50=p50, p95=p95, input_tokens=row[5], output_tokens=row[6],
        cost=row[7], outcomes=outcomes,
    )  # fmt: skip


def _name(column: str) -> str:
    """A column of events, quoted: some are words of SQL. Raises QueryError for another one."""
    if column not in _COLUMNS:
        raise QueryError(f"Events have no column {column!r}.")
    return f'"{column}"'


def literal(value: str) -> str:
    """A text of ours as SQL writes it, where no parameter can stand."""
    return "'" + value.replace("'", "''") + "'"


@contextmanager
def _errors() -> Iterator[None]:
    import duckdb

    try:
        yield
    except duckdb.InterruptException as error:
        raise QueryError(
            f"This takes longer than {LONGEST_SECONDS:.0f} seconds; ask for less time, or fewer systems."
        ) from error
    except duckdb.OutOfMemoryException as error:
        raise QueryError(f"This takes more than {MEMORY} of memory; ask for less time, or fewer systems.") from error
    except duckdb.IOException as error:
        raise QueryError(f"A file of the activity log cannot be read: {error}.") from error
