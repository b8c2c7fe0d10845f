"""Predictions as a table, CSV or Parquet: a row for each, what it rests on in columns of its own.

Columns that say when, what was predicted, how sure, what turned out to be true and which record it is are known by
their usual names, or named by the sender; every other column is a feature. Numbers stay numbers, everything else is
text.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from annexa.pure.event_attributes import feature_name

KNOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "at": ("at", "timestamp", "time", "datetime", "date"),
    "record_id": ("record_id", "id", "identifier", "request_id"),
    "prediction": ("prediction", "predicted", "y_pred", "y_hat", "prediction_label"),
    "score": ("score", "probability", "proba", "y_pred_proba", "y_score", "estimate"),
    "label": ("label", "target", "actual", "y_true", "truth", "ground_truth"),
    "user": ("user", "user_id"),
    "model": ("model",),
    "model_version": ("model_version",),
    "version": ("version", "system_version"),
    "environment": ("environment",),
    "explanation": ("explanation",),
}
"""The fields of an event that a column may say, and the names it usually has."""
MOST_ROWS: Final = 2_000_000
MOST_BYTES: Final = 512 * 1024 * 1024
"""Of a Parquet file, unpacked."""
MOST_FEATURES: Final = 500
_MICROS: Final = pa.timestamp("us", "UTC")


class PredictionsError(ValueError):
    """A file is no table of predictions; says everything that is wrong with it, and which columns it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """The columns of events, by name of field, and of features, by name without prefix; all of `rows` values."""

    rows: int
    columns: Mapping[str, Any]
    features: Mapping[str, Any]


def read_csv(data: bytes, named: Mapping[str, str]) -> Predictions:
    """The predictions of a CSV file in UTF-8 with a line of names. `named`: by field, the column that says it.

    Raises PredictionsError.
    """
    try:
        table = pa_csv.read_csv(
            io.BytesIO(data),
            convert_options=pa_csv.ConvertOptions(strings_can_be_null=True, null_values=["", "NA", "null"]),
        )
    except pa.ArrowInvalid as error:
        raise PredictionsError(f"This is no CSV with a line of names: {_first_line(error)}") from None
    return _read(table, named)


def read_parquet(data: bytes, named: Mapping[str, str]) -> Predictions:
    """The predictions of a Parquet file. Raises PredictionsError."""
    try:
        file = pq.ParquetFile(io.BytesIO(data))
        size = sum(file.metadata.row_group(n).total_byte_size for n in range(file.metadata.num_row_groups))
        if file.metadata.num_rows > MOST_ROWS or size > MOST_BYTES:
            raise PredictionsError(
                f"The file has {file.metadata.num_rows:,} rows and {size:,} bytes, unpacked; "
                f"at most {MOST_ROWS:,} rows and {MOST_BYTES:,} bytes are taken at once."
            )
        table = file.read()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise PredictionsError(f"This is no Parquet file that can be read: {_first_line(error)}") from None
    return _read(table, named)


def _read(table: pa.Table, named: Mapping[str, str]) -> Predictions:
    names = table.column_names
    problems = [f"there is no column {one!r} for {field}" for field, one in named.items() if one not in names]
    problems += [f"{field} is no field of a prediction" for field in named if field not in KNOWN]
    if twice := sorted({one for one in names if names.count(one) > 1}):
        problems.append(f"the names {', '.join(twice)} stand twice")
    if table.num_rows > MOST_ROWS:
        problems.append(f"there are {table.num_rows:,} rows; at most {MOST_ROWS:,} are taken at once")
    if problems:
        raise PredictionsError(_sentence(problems, names))
    of = {**_usual(names), **named}
    if "at" not in of:
        problems.append("no column says when: call one `at`, or name it with ?at=COLUMN")
    columns = {field: _typed(field, table.column(one).combine_chunks(), problems) for field, one in of.items()}
    features = _features(table, set(of.values()), problems)
    if problems:
        raise PredictionsError(_sentence(problems, names))
    return Predictions(rows=table.num_rows, columns=columns, features=features)


def _usual(names: list[str]) -> dict[str, str]:
    by_word = {one.strip().casefold(): one for one in reversed(names)}
    return {
        field: next(by_word[word] for word in words if word in by_word)
        for field, words in KNOWN.items()
        if any(word in by_word for word in words)
    }


def _typed(field: str, column: Any, problems: list[str]) -> Any:
    """The column as its field holds it; what it cannot be becomes a problem."""
    try:
        if field == "at":
            return _instants(column, problems)
        if field == "score":
            return column.cast(pa.float64())
        return _text(column)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        problems.append(f"the column for {field} cannot be read: {_first_line(error)}")
        return None


def _instants(column: Any, problems: list[str]) -> Any:
    """When, from instants, from text, or from seconds since 1970. What has no zone is UTC."""
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        seconds = column.cast(pa.float64())
        found = pc.cast(pc.round(pc.multiply(seconds, 1e6)), pa.int64()).cast(_MICROS)
    elif pa.types.is_string(column.type):
        found = pc.strptime(column, format="%Y-%m-%dT%H:%M:%S%z", unit="us").cast(_MICROS)
    elif pa.types.is_timestamp(column.type) and column.type.tz is None:
        found = column.cast(pa.timestamp("us"), safe=False).cast(_MICROS)
    else:
        found = column.cast(_MICROS, safe=False)
    if found.null_count:
        problems.append(f"{found.null_count:,} rows do not say when, the first of them row {_first_null(found)}")
    return found


def _features(table: pa.Table, taken: set[str], problems: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in table.column_names:
        if one in taken:
            continue
        name = feature_name(one)
        if not name or name in found:
            problems.append(f"the column {one!r} has no name that a feature can have beside the others")
            continue
        column = table.column(one).combine_chunks()
        number = (
            pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_boolean(column.type)
        )
        number = number or pa.types.is_decimal(column.type)
        try:
            found[name] = column.cast(pa.float64(), safe=False) if number else _text(column)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            problems.append(f"the column {one!r} is of the type {column.type}, which is neither a number nor text")
    if len(found) > MOST_FEATURES:
        problems.append(f"there are {len(found)} features; at most {MOST_FEATURES} are taken")
    return found


def _is_number(kind: pa.DataType) -> bool:
    asked = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)
    return any(one(kind) for one in asked)


def _text(column: Any) -> Any:
    return column if pa.types.is_string(column.type) else column.cast(pa.string())


def _first_null(column: Any) -> int:
    return int(pc.index(column.is_null(), True).as_py()) + 1


def _sentence(problems: list[str], names: list[str]) -> str:
    said = "; ".join(problems[:20])
    return f"{said[:1].upper()}{said[1:]}. Its columns: {', '.join(map(str, names[:60]))}."


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
