"""A frozen baseline as a value: what a window was like, written down so that anyone can compare with it later.

The form is a law that lasts: keys are only ever added, with a default. Numbers kept as a sample are written as base64
of their IEEE 754 doubles, least significant byte first, so that they come back to the last bit.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np

from annexa.pure.drift import BINNINGS, Categorical, ColumnBaseline, DriftError, Numeric
from annexa.pure.ledger import canonical
from annexa.pure.performance import Calibration

FORMAT: Final = "annexa-baseline/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The columns of one system as they were from `since` to before `until`, in UTC, over `rows` events.

    `calibration`: what scores were worth there by the labels that are known; None where nobody asked for it.
    """

    system: str
    since: datetime
    until: datetime
    rows: int
    columns: tuple[ColumnBaseline, ...]
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        if self.since.tzinfo is None or self.until.tzinfo is None:
            raise DriftError("A baseline's window has instants with a time zone.")

    @property
    def by_column(self) -> Mapping[str, ColumnBaseline]:
        """The baseline of each column by its name."""
        return {one.column: one for one in self.columns}

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical bytes of what `written` gives: the same baseline, the same digest, anywhere."""
        return hashlib.sha256(canonical(written(self))).hexdigest()


def written(baseline: Baseline) -> dict[str, Any]:
    """The baseline as JSON can hold it, columns in the order of their names."""
    learnt = baseline.calibration
    return {
        "format": FORMAT,
        "system": baseline.system,
        "since": baseline.since.isoformat(),
        "until": baseline.until.isoformat(),
        "rows": baseline.rows,
        "columns": [_column(one) for one in sorted(baseline.columns, key=lambda one: one.column)],
        **({"calibration": _calibration(learnt)} if learnt else {}),
    }


def _calibration(one: Calibration) -> dict[str, Any]:
    return {"scores": list(one.scores), "rates": list(one.rates), "n": one.n}


def _column(one: ColumnBaseline) -> dict[str, Any]:
    shared = {"column": one.column, "n": one.n, "missing": one.missing, "counts": list(one.counts)}
    if isinstance(one, Categorical):
        return {**shared, "kind": "categorical", "categories": list(one.categories), "others": one.others}
    return {
        **shared,
        "kind": "numeric",
        "infinite": one.infinite,
        "mean": one.mean,
        "std": one.std,
        "binning": one.binning,
        "edges": list(one.edges),
        "sample": base64.b64encode(np.asarray(one.sample, "<f8").tobytes()).decode(),
    }


def read(value: Mapping[str, Any]) -> Baseline:
    """The baseline that was written. Raises DriftError for anything that `written` would not have given."""
    try:
        if value["format"] != FORMAT:
            raise DriftError(f"$.format is {value['format']!r}; this version of Annexa reads {FORMAT}.")
        found = Baseline(
            system=str(value["system"]),
            since=datetime.fromisoformat(value["since"]),
            until=datetime.fromisoformat(value["until"]),
            rows=int(value["rows"]),
            columns=tuple(_read_column(one) for one in value["columns"]),
            calibration=_read_calibration(value["calibration"]) if "calibration" in value else None,
        )
    except DriftError:
        raise
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise DriftError(f"This is no baseline: {type(error).__name__} {error}.") from error
    if canonical(written(found)) != canonical(value):
        raise DriftError("This is no baseline as Annexa writes it: keys, their order of columns or a number differ.")
    return found


def _read_calibration(one: Mapping[str, Any]) -> Calibration:
    scores, rates = (tuple(float(each) for each in one[name]) for name in ("scores", "rates"))
    rises = list(scores) == sorted(set(scores)) and list(rates) == sorted(rates)
    if not rises or not 0 < len(scores) == len(rates) or not (rates[0] >= 0 and rates[-1] <= 1):
        raise DriftError("calibration: scores and rates rise together, each rate from 0 to 1; here they do not.")
    return Calibration(scores=scores, rates=rates, n=int(one["n"]))


def _read_column(one: Mapping[str, Any]) -> ColumnBaseline:
    counts = tuple(int(count) for count in one["counts"])
    if one["kind"] == "categorical":
        categories = tuple(str(each) for each in one["categories"])
        _agrees(one, len(categories), counts, int(one["others"]))
        return Categorical(
            column=one["column"], n=one["n"], missing=one["missing"], categories=categories, counts=counts,
            others=one["others"],
        )  # fmt: skip
    edges = tuple(float(each) for each in one["edges"])
    if one["binning"] not in BINNINGS or list(edges) != sorted(set(edges)):
        raise DriftError(f"{one['column']}: the binning is none there is, or its edges do not rise.")
    _agrees(one, len(edges) + (one["binning"] != "values"), counts, 0)
    sample = np.frombuffer(base64.b64decode(one["sample"], validate=True), "<f8")
    return Numeric(
        column=one["column"], n=one["n"], missing=one["missing"], infinite=one["infinite"], mean=float(one["mean"]),
        std=float(one["std"]), binning=one["binning"], edges=edges, counts=counts, sample=tuple(sample.tolist()),
    )  # fmt: skip


def _agrees(one: Mapping[str, Any], places: int, counts: tuple[int, ...], others: int) -> None:
    if len(counts) != places or sum(counts) + others != one["n"]:
        raise DriftError(
            f"{one['column']}: {places} bins have {len(counts)} counts, {sum(counts) + others} in all of {one['n']}."
        )
