"""The same made-up log on every engine that monitors run on."""

import math
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa

from annexa.pure.drift import ColumnBaseline, categorical_baseline
from annexa.pure.monitors import Condition

SINCE = datetime(2026, 3, 2, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=3)
ROWS = 4000

NASTY = (
    "I cannot help — 日本", "Du ARSCHLÖCHER!", "scumé", "scum!", "ſcum", "I CANNOT", "length", "length\n", "a\u2028b",
    "a\rb", "a\nb", "x\vy", "x\ty", "K", "[x&&y]", "GROẞ", "éi cannoté",
)  # fmt: skip
"""Texts in which engines of expressions find different things, where they are not told which is meant."""


def log(rows: int = ROWS, seed: int = 5) -> pa.Table:
    """Events with every kind of value that engines think differently of: null, NaN, infinite, −0, text beyond ASCII."""
    draw = random.Random(seed)
    odd = [None, math.nan, math.inf, -math.inf, -0.0, 0.0]
    words = ["Ja", "nein", "vielleicht", "ß", "日本", "", None]

    def number(n: int) -> float | None:
        return odd[n % 6] if n % 11 == 0 else draw.random() * 4 - 1

    at = [SINCE + timedelta(seconds=draw.randrange(3 * 86400), microseconds=draw.randrange(10**6)) for _ in range(rows)]
    took = [draw.randrange(1, 9_000_000) for _ in range(rows)]
    instant = pa.timestamp("us", "UTC")
    columns: dict[str, Any] = {
        "at": pa.array(at, instant),
        "ended_at": pa.array([a + timedelta(microseconds=t) for a, t in zip(at, took, strict=True)], instant),
        "kind": pa.array(["inference" if n % 5 else "tool_call" for n in range(rows)]),
        "user": pa.array([f"u{draw.randrange(9)}" if n % 7 else None for n in range(rows)], pa.string()),
        "version": pa.array([f"1.{n % 3}" if n % 4 else None for n in range(rows)], pa.string()),
        "output": pa.array([NASTY[n // 13 % len(NASTY)] if n % 13 == 0 else words[n % 7] for n in range(rows)]),
        "cost": pa.array([number(n) for n in range(rows)], pa.float64()),
        "prediction": pa.array(["1" if draw.random() < 0.4 else "0" for _ in range(rows)]),
        "label": pa.array([("1" if draw.random() < 0.4 else "0") if n % 3 else None for n in range(rows)], pa.string()),
        "score": pa.array([number(n) for n in range(rows)], pa.float64()),
        "f_income": pa.array([number(n) for n in range(rows)], pa.float64()),
        "f_children": pa.array([int(draw.random() * 5) if n % 9 else None for n in range(rows)], pa.int64()),
        "f_channel": pa.array([words[draw.randrange(7)] for _ in range(rows)], pa.string()),
        "f_member": pa.array([draw.random() < 0.5 if n % 8 else None for n in range(rows)], pa.bool_()),
        "f_post": pa.array([f"p{draw.randrange(120)}" for _ in range(rows)], pa.string()),
    }  # fmt: skip
    return pa.table(columns)


def on_duckdb(table: pa.Table, zone: str = "UTC") -> duckdb.DuckDBPyRelation:
    """The log as a relation of DuckDB, whose clock shows another zone."""
    con = duckdb.connect()
    con.execute(f"SET TimeZone = '{zone}'")
    return con.from_arrow(table)


MANY = categorical_baseline("f_post", {f"p{n}": 10 for n in range(100)})
"""More categories than are counted in the one pass, and some that the window has not."""

CONDITIONS: Mapping[str, Condition] = {
    "is": Condition(column="f_channel", operator="is", values=("Ja", "ß")),
    "is not": Condition(column="f_channel", operator="is_not", values=("Ja", "ß")),
    "above": Condition(column="f_income", operator="above", bound=1.5),
    "below": Condition(column="f_income", operator="below", bound=0.0),
    "matches": Condition(column="output", operator="matches", values=(r"\bi cannot\b", "^japan$")),
    "words": Condition(column="output", operator="matches", values=(r"\bscum\b", r"arschl(o|ö)ch", "groß")),
    "ends": Condition(column="output", operator="matches", values=("^length$", "^a.b$")),
    "spaces": Condition(column="output", operator="matches", values=(r"x\sy", r"^[\s]?k$")),
    "no word": Condition(column="output", operator="matches", values=(r"\Bcannot\B", r"x[^\Sa]y")),
    "sets": Condition(column="output", operator="matches", values=("[[&]x", "^[[:alpha:]]{6}$", r"(?P<one>y[]])")),
    "missing": Condition(column="f_channel", operator="missing"),
    "present": Condition(column="f_channel", operator="present"),
}


def everything(native: Any, baselines: list[ColumnBaseline]) -> dict[str, Any]:
    """All sums of `activity.frames` over a log, as plain values that must be equal on every engine."""
    from annexa.activity import frames

    frame = frames.between(frames.events(native), SINCE + timedelta(hours=1), UNTIL - timedelta(hours=1))
    found: dict[str, Any] = {
        "size": frames.size(frame),
        "counted": frames.counted(frame, baselines),
        "latency": frames.histogram(frame, "latency_ms", [10.0 * 2**n for n in range(10)]),
        "names": {one: frames.names_of(frame, one) for one in ("user", "f_member", "f_channel")},
        "hourly": frames.hourly(frame),
        "by user": frames.hourly(frame, by="user"),
        "cost": frames.hourly(frame, "cost", "user"),
        "last": frames.last_at(frame),
        "last by user": frames.last_at(frame, "user"),
        "changes": frames.changes(frames.kept(frame, [CONDITIONS["is"]]), "version"),
        "pairs": frames.pairs(frame),
        "groups": frames.groups(frame, "f_member", "1"),
        "hits": {name: frames.hits(frame, [one]) for name, one in CONDITIONS.items()},
        "kept": {name: frames.size(frames.kept(frame, [one])) for name, one in CONDITIONS.items()},
        "columns": frames.columns_of(frame, ["f_*", "output_length", "nothing"]),
        "lengths": frames.values(frame, "output_length")[0].tolist(),
    }
    values, nulls = frames.values(frame, "f_income")
    found["values"] = [repr(one) for one in values.tolist()], nulls
    scores, labels, predictions = frames.scores(frame)
    found["scores"] = sorted(zip(map(repr, scores.tolist()), map(str, labels), map(str, predictions), strict=True))
    return found
