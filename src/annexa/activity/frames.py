"""The sums of monitors, written once as Narwhals expressions: DuckDB in process, Arrow, Spark through Spark Connect.

What comes back are counts, names and instants, and no engine ever adds up floating-point numbers or works out a
quantile, so that every engine gives the same to the bit. Bins are constants of a frozen baseline: of each edge the
engine counts how many values lie below it, for all columns in one pass. NaN lies below nothing on any engine, whatever
it thinks of NaN otherwise.

Distances of distributions (Kolmogorov-Smirnov, Wasserstein) and scores need the values themselves: `values` fetches one
column and numpy sorts it here, up to MOST_VALUES.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import narwhals as nw
import numpy as np
import numpy.typing as npt

from annexa.pure.drift import Categorical, ColumnBaseline, Counted, DriftError, Numeric
from annexa.pure.fairness import Group
from annexa.pure.monitors import FEATURE_PREFIX, FEATURES, Condition
from annexa.pure.patterns import for_java

Floats = npt.NDArray[np.float64]
Frame = nw.LazyFrame[Any]

MOST_VALUES: Final = 25_000_000
"""Values of one column fetched at most: 200 MB of numbers."""
MOST_GROUPS: Final = 2_000_000
"""Names, or pairs of name and hour, or changes, that are fetched at most."""
MOST_AT_ONCE: Final = 32
"""Categories up to which a column is counted in the one pass over all columns; others are grouped by themselves."""
MICRO: Final = 1_000_000
"""Money is added up in millionths of its unit, as whole numbers."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR: Final = 3600


def events(native: Any) -> Frame:
    """The activity log as Narwhals sees it, from a DuckDB relation, an Arrow table, a Spark or any other known frame.

    Adds what follows from other columns where it is not there: `latency_ms`, `reviewer`, lengths of texts.
    """
    frame: Frame = nw.from_native(native).lazy()
    names = frame.collect_schema().names()
    added = []
    if "latency_ms" not in names and {"at", "ended_at"} <= set(names):
        took = _microseconds(frame, "ended_at") - _microseconds(frame, "at")
        added.append((took / 1000).alias("latency_ms"))
    if "reviewer" not in names and "reviewers" in names:
        added.append(nw.col("reviewers").alias("reviewer"))
    added += [
        nw.col(text).str.len_chars().cast(nw.Int64).alias(f"{text}_length")
        for text in ("input", "output")
        if text in names and f"{text}_length" not in names
    ]
    return frame.with_columns(*added) if added else frame


def between(frame: Frame, since: datetime, until: datetime) -> Frame:
    """The events from `since` to before `until`."""
    return frame.filter((nw.col("at") >= since) & (nw.col("at") < until))


def kept(frame: Frame, conditions: Sequence[Condition]) -> Frame:
    """The events of which all conditions hold."""
    for one in conditions:
        frame = frame.filter(holds(one, java=frame.implementation.is_spark_like()))
    return frame


def holds(one: Condition, *, java: bool = False) -> nw.Expr:
    """A condition as an expression; it does not hold of what is missing, unless it asks for what is missing.

    `java`: the engine matches patterns as Java does, not as RE2 does.
    """
    found = _holds(one, java=java)
    for other in one.others:
        found = found | _holds(other, java=java)
    return found


def _holds(one: Condition, *, java: bool) -> nw.Expr:
    column = nw.col(one.column)
    match one.operator:
        case "is":
            return column.is_in(list(one.values)) & ~column.is_null()
        case "is_not":
            return ~column.is_in(list(one.values)) & ~column.is_null()
        case "above":
            # On some engines NaN is above everything.
            return (column > one.bound) & (column < float("inf"))
        case "below":
            return column < one.bound
        case "matches":
            together = "(?:" + ")|(?:".join(one.values) + ")"
            return column.str.contains(for_java(together) if java else f"(?i){together}")
        case "missing":
            return column.is_null()
        case _:
            return ~column.is_null()


def columns_of(frame: Frame, wanted: Sequence[str]) -> tuple[str, ...]:
    """The wanted columns that are there, features spelled out, in the order of their names."""
    names = frame.collect_schema().names()
    found = {name for name in names if name in wanted or (FEATURES in wanted and name.startswith(FEATURE_PREFIX))}
    return tuple(sorted(found))


def is_number(frame: Frame, column: str) -> bool:
    """Whether a column holds numbers; everything else is taken as words."""
    return bool(frame.collect_schema()[column].is_numeric())


def is_whole(frame: Frame, column: str) -> bool:
    """Whether a column holds whole numbers."""
    return bool(frame.collect_schema()[column].is_integer())


# --- counts into the bins of a baseline


def counted(frame: Frame, baselines: Sequence[ColumnBaseline]) -> dict[str, Counted]:
    """The window counted into the bins of each baseline, in one pass; words of many kinds take one more each."""
    wide = [one for one in baselines if isinstance(one, Categorical) and len(one.categories) > MOST_AT_ONCE]
    sums: list[nw.Expr] = [nw.len().alias("rows")]
    for number, one in enumerate(baselines):
        cells_of = _cells(frame, one, wide=one in wide)
        sums += [_count(expression, f"c{number}_{place}") for place, expression in enumerate(cells_of)]
    row = _rows(frame.select(*sums))[0]
    found = {}
    for number, one in enumerate(baselines):
        cells: list[int] = []
        while (key := f"c{number}_{len(cells)}") in row:
            cells.append(int(row[key] or 0))
        if one in wide and isinstance(one, Categorical):
            groups = names_of(frame.filter(nw.col(one.column).is_in(list(one.categories))), one.column)
            cells += [groups.get(name, 0) for name in one.categories]
        found[one.column] = _counted(one, int(row["rows"] or 0), cells)
    return found


def _cells(frame: Frame, one: ColumnBaseline, *, wide: bool) -> list[nw.Expr]:
    """What is counted of a column: nulls first, then what its kind needs."""
    column = nw.col(one.column)
    if isinstance(one, Categorical):
        words = _words(frame, one.column)
        return [column.is_null(), *(() if wide else (words == name for name in one.categories))]
    numbers = column.cast(nw.Float64)
    odd = [column.is_null(), numbers.is_nan(), numbers == float("inf"), numbers == float("-inf")]
    if one.binning == "values":
        return [*odd, *(numbers == edge for edge in one.edges)]
    return [*odd, *(numbers < edge for edge in one.edges)]


def _counted(one: ColumnBaseline, rows: int, cells: Sequence[int]) -> Counted:
    if isinstance(one, Categorical):
        n = rows - cells[0]
        return Counted(n=n, missing=cells[0], counts=tuple(cells[1:]), unseen=n - sum(cells[1:]))
    nulls, nan, high, low, *rest = cells
    n = rows - nulls - nan - high - low
    if one.binning == "values":
        counts = tuple(rest)
    else:
        # Minus infinity lies below every edge and is none of the values.
        below = [0, *(cell - low for cell in rest), n]
        counts = tuple(after - before for before, after in pairwise(below))
    return Counted(n=n, missing=nulls + nan, infinite=high + low, counts=counts, unseen=n - sum(counts))


def _count(expression: nw.Expr, name: str) -> nw.Expr:
    return expression.cast(nw.Int64).sum().alias(name)


def _words(frame: Frame, column: str) -> nw.Expr:
    """A column as words, truth values written alike on every engine."""
    found = nw.col(column)
    if frame.collect_schema()[column] == nw.Boolean():
        return nw.when(found).then(nw.lit("true")).otherwise(nw.when(~found).then(nw.lit("false")))
    return found.cast(nw.String)


def histogram(frame: Frame, column: str, edges: Sequence[float]) -> tuple[int, ...]:
    """How many finite values lie in [.., e0), [e0, e1) … [en, ..): one more than edges."""
    baseline = Numeric(
        column=column, n=0, missing=0, infinite=0, mean=0.0, std=0.0, binning="deciles", edges=tuple(edges),
        counts=(0,) * (len(edges) + 1), sample=(),
    )  # fmt: skip
    return counted(frame, [baseline])[column].counts


def values(frame: Frame, column: str) -> tuple[Floats, int]:
    """All values of a column of numbers, sorted, without nulls; and how many nulls there are. Raises DriftError."""
    found = frame.select(nw.col(column).cast(nw.Float64).alias("v"), nw.col(column).is_null().alias("null"))
    counts = _rows(found.select(nw.len().alias("rows"), _count(nw.col("null"), "nulls")))[0]
    rows, nulls = int(counts["rows"] or 0), int(counts["nulls"] or 0)
    if rows - nulls > MOST_VALUES:
        raise DriftError(f"{column}: {rows - nulls:,} values; {MOST_VALUES:,} can be fetched. Take a shorter window.")
    table = found.filter(~nw.col("null")).select("v").collect(backend="pyarrow").to_native()
    array = np.asarray(table.column("v").to_numpy(), np.float64)
    return np.sort(array), nulls


# --- names, hours, groups


def names_of(frame: Frame, column: str) -> dict[str, int]:
    """How often each word of a column occurs, without nulls."""
    found = frame.select(_words(frame, column).alias("k")).filter(~nw.col("k").is_null())
    return {str(row["k"]): int(row["n"]) for row in _groups(found.group_by("k").agg(nw.len().alias("n")))}


def size(frame: Frame) -> int:
    """How many events there are."""
    return int(_rows(frame.select(nw.len().alias("n")))[0]["n"])


def hits(frame: Frame, where: Sequence[Condition]) -> tuple[int, int]:
    """Of how many events all conditions hold, and how many there are."""
    if not where:
        return (n := size(frame)), n
    java = frame.implementation.is_spark_like()
    together = holds(where[0], java=java)
    for one in where[1:]:
        together = together & holds(one, java=java)
    row = _rows(frame.select(nw.len().alias("n"), _count(together, "hits")))[0]
    return int(row["hits"] or 0), int(row["n"] or 0)


def hourly(frame: Frame, amount: str = "", by: str = "") -> dict[tuple[str, datetime], float]:
    """Events, or the sum of an amount in its unit, by name and hour of UTC; by "" if nothing names them."""
    keys = [_hours(frame).alias("hour"), *((_words(frame, by).alias("name"),) if by else ())]
    counted_in = nw.len().alias("n")
    if amount:
        number = nw.col(amount).cast(nw.Float64)
        # Infinite amounts cannot be added up; NaN is below nothing.
        frame = frame.filter((number < float("inf")) & (number > float("-inf")))
        keys.append((number * MICRO + 0.5).floor().cast(nw.Int64).alias("micro"))
        counted_in = nw.col("micro").sum().alias("n")
    found = frame.select(*keys, *((nw.lit(1).alias("one"),) if len(keys) == 1 else ()))
    if by:
        found = found.filter(~nw.col("name").is_null())
    rows = _groups(found.group_by("hour", *(("name",) if by else ())).agg(counted_in))
    scale = MICRO if amount else 1
    return {
        (str(row["name"]) if by else "", _EPOCH + timedelta(hours=int(row["hour"]))): int(row["n"]) / scale
        for row in rows
    }


def last_at(frame: Frame, by: str = "") -> dict[str, datetime]:
    """When each source spoke last; by "" if nothing names them."""
    if not by:
        found = _rows(frame.select(nw.col("at").max().alias("at")))[0]["at"]
        return {"": _instant(found)} if found is not None else {}
    keyed = frame.select(_words(frame, by).alias("name"), nw.col("at")).filter(~nw.col("name").is_null())
    rows = _groups(keyed.group_by("name").agg(nw.col("at").max().alias("at")))
    return {str(row["name"]): _instant(row["at"]) for row in rows}


def changes(frame: Frame, version: str) -> list[tuple[datetime, str]]:
    """When something was changed, and to what version; "" where none is named. Oldest first."""
    rows = _groups(frame.select(nw.col("at"), _words(frame, version).alias("version")))
    return sorted((_instant(row["at"]), str(row["version"] or "")) for row in rows)


def pairs(frame: Frame) -> tuple[dict[tuple[str, str], int], int]:
    """How often each (prediction, label) occurs, and how many predictions there are with or without a label."""
    words = frame.select(_words(frame, "prediction").alias("p"), _words(frame, "label").alias("l"))
    rows = _groups(words.filter(~nw.col("p").is_null()).group_by("p", "l").agg(nw.len().alias("n")))
    found = {(str(row["p"]), str(row["l"])): int(row["n"]) for row in rows if row["l"] is not None}
    return found, sum(int(row["n"]) for row in rows)


def scores(frame: Frame) -> tuple[Floats, list[str | None], list[str | None]]:
    """Score, label and prediction of every event that has a score, in no particular order. Raises DriftError."""
    found = frame.filter(~nw.col("score").is_null())
    if (n := size(found)) > MOST_VALUES:
        raise DriftError(f"score: {n:,} values; {MOST_VALUES:,} can be fetched. Take a shorter window.")
    there = found.collect_schema().names()
    wanted = [nw.col("score").cast(nw.Float64).alias("score")]
    wanted += [_words(found, one).alias(one) for one in ("label", "prediction") if one in there]
    table = found.select(*wanted).collect(backend="pyarrow").to_native()
    nothing: list[str | None] = [None] * table.num_rows
    label, prediction = (
        table.column(one).to_pylist() if one in there else nothing for one in ("label", "prediction")
    )  # fmt: skip
    return np.asarray(table.column("score").to_numpy(), np.float64), label, prediction


def groups(frame: Frame, by: str, positive: str) -> list[Group]:
    """The counts that fairness is measured with, of each group that a column names; nulls belong to none."""
    there = frame.collect_schema().names()
    label = _words(frame, "label") if "label" in there else nw.lit(None, nw.String)
    words = frame.select(_words(frame, by).alias("g"), _words(frame, "prediction").alias("p"), label.alias("l"))
    words = words.filter(~nw.col("g").is_null() & ~nw.col("p").is_null())
    selected, deserved = nw.col("p") == positive, nw.col("l") == positive
    flags = words.select(
        "g",
        selected.cast(nw.Int64).alias("selected"),
        deserved.cast(nw.Int64).alias("positives"),
        (~deserved).cast(nw.Int64).alias("negatives"),
        (selected & deserved).cast(nw.Int64).alias("true_positives"),
        (selected & ~deserved).cast(nw.Int64).alias("false_positives"),
    )
    names = ("selected", "positives", "negatives", "true_positives", "false_positives")
    rows = _groups(flags.group_by("g").agg(nw.len().alias("n"), *(nw.col(name).sum().alias(name) for name in names)))
    return sorted(
        (
            Group(name=str(row["g"]), n=int(row["n"]), **{name: int(row[name] or 0) for name in names})
            for row in rows
        ),
        key=lambda group: group.name,
    )  # fmt: skip


# --- instants


def _microseconds(frame: Frame, column: str) -> nw.Expr:
    """Microseconds since 1970, whatever zone an engine shows instants in."""
    found = nw.col(column)
    if frame.implementation.is_spark_like():
        return found.cast(nw.Int64) * MICRO + found.dt.microsecond().cast(nw.Int64)
    if frame.implementation.is_ibis():
        return _whole_hours(column) * (_HOUR * MICRO) + _within_hour(column)
    return (found - nw.lit(_EPOCH)).dt.total_microseconds()


def _hours(frame: Frame) -> nw.Expr:
    """Whole hours since 1970, so that no engine's time zone cuts them elsewhere."""
    if frame.implementation.is_spark_like():
        return nw.col("at").cast(nw.Int64) // _HOUR
    if frame.implementation.is_ibis():
        return _whole_hours("at")
    return (nw.col("at") - nw.lit(_EPOCH)).dt.total_minutes() // 60


def _whole_hours(column: str) -> nw.Expr:
    """Whole hours since 1970, from the parts of a date in UTC, where an engine counts no spans of time (Ibis).

    Days since 1970 of the Gregorian calendar. Source: H. Hinnant, days_from_civil.
    """
    at = nw.col(column).dt
    early = (at.month() <= 2).cast(nw.Int64)
    year, month = at.year().cast(nw.Int64) - early, at.month().cast(nw.Int64) + 12 * early - 3
    days = (
        365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + at.day().cast(nw.Int64) - 719469
    )
    return days * 24 + at.hour().cast(nw.Int64)


def _within_hour(column: str) -> nw.Expr:
    """Microseconds since the whole hour."""
    at = nw.col(column).dt
    seconds = at.minute().cast(nw.Int64) * 60 + at.second().cast(nw.Int64)
    return seconds * MICRO + at.microsecond().cast(nw.Int64)


def _instant(value: Any) -> datetime:
    found: datetime = value
    return found.astimezone(UTC)


def _rows(frame: Frame) -> list[Mapping[str, Any]]:
    table = frame.collect(backend="pyarrow").to_native()
    found: list[Mapping[str, Any]] = table.to_pylist()
    return found


def _groups(frame: Frame) -> list[Mapping[str, Any]]:
    """The rows of a frame that may have many. Raises DriftError if there are more than can be fetched."""
    found = _rows(frame.head(MOST_GROUPS + 1))
    if len(found) > MOST_GROUPS:
        raise DriftError(f"More than {MOST_GROUPS:,} names, hours or changes in the window. Take a shorter one.")
    return found
