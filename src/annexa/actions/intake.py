"""Taking in what AI systems report: read, brought to our words, stripped of what may not be kept, and on the disk.

Whoever is told that a record was accepted may forget it: it survives a power cut from then on.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from django.conf import settings

from annexa.actions.intake_spans import NAMES, columns_of_spans
from annexa.activity.border import Columns, through_the_border
from annexa.activity.columns import ARROW, columns_of, numbers, sealed
from annexa.activity.journal import Journal
from annexa.adapters import event_lines, litellm, otlp, otlp_columns, prediction_files
from annexa.answers.activity_store import journal_folder
from annexa.pure.activity_sources import Source, system_for
from annexa.pure.event_attributes import fields_of
from annexa.pure.events import CONTENT, FEATURE_PREFIX, HEAD, Kind
from annexa.pure.redaction import SECRET_KEYS
from annexa.vault.keys import activity_key

MOST_NAMED = 5
READ_AT_ONCE = 2
"""Requests that are read at once: more would wait for each other at every step instead of once (measured)."""
AT_ONCE = 20_000
"""Rows of a table that stand in one batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was done with a request. `because`: why some were rejected, for whoever runs the sender."""

    accepted: int
    rejected: int = 0
    because: str = ""


Read = tuple[Taken, list[pa.RecordBatch]]
"""What was read of a request, and the batches to keep of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Where records go. `key`: with which pseudonyms and digests are made; it never leaves the server.

    `turns`: how many requests are read at once, by threads that share an interpreter.
    """

    journal: Journal
    key: bytes = field(repr=False)
    turns: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(READ_AT_ONCE), repr=False)

    def traces(self, body: bytes, *, as_json: bool, source: Source) -> Taken:
        """Takes spans in. Raises OtlpError, BacklogError, JournalError; then nothing was kept."""
        if as_json:
            return self._keep(lambda: self._read_one_by_one(otlp.traces_of(body, as_json=True), source, _now()))
        return self._keep(lambda: self._spans(body, otlp.resource_spans(body), source))

    def logs(self, body: bytes, *, as_json: bool, source: Source) -> Taken:
        """Takes log records in. Raises OtlpError, BacklogError, JournalError; then nothing was kept."""
        return self._keep(lambda: self._read_one_by_one(otlp.logs_of(body, as_json=as_json), source, _now()))

    def lines(self, body: bytes, *, source: Source) -> Taken:
        """Takes events in: of our own words, or as LiteLLM's callback sends them.

        Raises LinesError, LiteLlmError, BacklogError, JournalError; then nothing was kept.
        """
        return self._keep(lambda: self._lines(body, source))

    def _lines(self, body: bytes, source: Source) -> Read:
        objects = event_lines.objects_of(body)
        now = _now()
        if any(litellm.looks_like(one) for one in objects):
            told = [_of_call(one, now) for one in litellm.calls_of(objects)]
        else:
            told = [_of_line(one, now) for one in event_lines.events_of(objects)]
        by_system: dict[str, list[dict[str, Any]]] = {}
        for one in told:
            resource = {"service.name": one.get("service"), "annexa.system": one.get("system")}
            by_system.setdefault(system_for(source, resource), []).append(one)
        return Taken(accepted=len(told)), self._batches(by_system, source)

    def predictions(self, data: bytes, *, as_parquet: bool, named: Mapping[str, str], source: Source) -> Taken:
        """Takes a table of predictions in. `named`: by field, the column that says it, where it has no usual name;
        `system`: whose they are, where a rule of the source names that.

        Raises PredictionsError, BacklogError, JournalError; then nothing was kept.
        """
        return self._keep(lambda: self._predictions(data, as_parquet=as_parquet, named=named, source=source))

    def _predictions(self, data: bytes, *, as_parquet: bool, named: Mapping[str, str], source: Source) -> Read:
        read = prediction_files.read_parquet if as_parquet else prediction_files.read_csv
        found, now = read(data, {field: one for field, one in named.items() if field != "system"}), _now()
        system = system_for(source, {"annexa.system": named.get("system")})
        whole = pa.table(
            {**found.columns, **{FEATURE_PREFIX + name: column for name, column in found.features.items()}}
        )
        batches = []
        for part in whole.to_batches(max_chunksize=AT_ONCE):
            columns = dict(zip(part.schema.names, part.columns, strict=True))
            same = {"kind": Kind.INFERENCE.value, "outcome": "ok", "operation": "predict"}
            columns |= {name: pa.repeat(pa.scalar(value, pa.string()), part.num_rows) for name, value in same.items()}
            columns["received_at"] = numbers(np.full(part.num_rows, now)).cast(ARROW["instant"])
            batches.append(self.batch(columns, part.num_rows, system=system, source=source))
        return Taken(accepted=found.rows), batches

    def _keep(self, read: Callable[[], Read]) -> Taken:
        """Reads, and keeps what was read. Others may read while this one waits for the disk."""
        with self.turns:
            taken, batches = read()
            written = self.journal.write(*batches) if batches else None
            del batches
        if written is not None:
            written.sync()
        return taken

    def _spans(self, body: bytes, resources: Sequence[Any], source: Source) -> Read:
        """Spans of protobuf: large batches are read at once, and what is odd in them one by one."""
        bounds = otlp_columns.span_bounds(body) or []
        batches: list[pa.RecordBatch] = []
        groups, accepted, now = [], 0, _now()
        for number, one in enumerate(resources):
            of = bounds[number] if len(bounds) == len(resources) else []
            if len(of) < otlp_columns.FEWEST:
                groups.append(otlp.spans_of(one))
                continue
            resource = otlp.plain_attributes(one.resource.attributes)
            spans = otlp_columns.read_spans(body, of, NAMES)
            columns, kept = columns_of_spans(spans, resource, now=now)
            rows = int(kept.sum())
            if rows:
                batches.append(self.batch(columns, rows, system=system_for(source, resource), source=source))
            if rows < len(of):
                groups.append(otlp.spans_of(one, only=set(np.flatnonzero(~kept).tolist())))
            accepted += rows
        taken, more = self._read_one_by_one(groups, source, now)
        return replace(taken, accepted=taken.accepted + accepted), [*batches, *more]

    def _read_one_by_one(self, groups: Iterable[otlp.Group], source: Source, now: int) -> Read:
        by_system: dict[str, list[dict[str, Any]]] = {}
        rejected: list[str] = []
        accepted = 0
        for group in groups:
            rejected += group.rejected
            accepted += len(group.records)
            rows = by_system.setdefault(system_for(source, group.resource), []) if group.records else []
            rows += [_of_record(record, group.resource, now) for record in group.records]
        taken = Taken(accepted=accepted, rejected=len(rejected), because=_said(rejected))
        return taken, self._batches(by_system, source)

    def _batches(self, by_system: Mapping[str, Sequence[Mapping[str, Any]]], source: Source) -> list[pa.RecordBatch]:
        return [
            self.batch(_columns(rows), len(rows), system=system, source=source) for system, rows in by_system.items()
        ]

    def batch(self, columns: Columns, rows: int, *, system: str, source: Source) -> pa.RecordBatch:
        """The columns of one system's records as they are kept, each with its leaf."""
        choice = source.choice_for(system)
        kept = through_the_border(columns, choice, self.key)
        for name, value in {"system": system, "source": source.slug, "kept": choice.kept.value}.items():
            kept[name] = pa.repeat(pa.scalar(value, pa.string()), rows)
        return sealed(kept, rows)


def open_intake(home: Path) -> Intake:
    """The intake of this installation: its journal lies in the home, beside the database."""
    journal = Journal(
        folder=journal_folder(),
        backlog_bytes=settings.ACTIVITY_BACKLOG_BYTES,
        spare_bytes=settings.ACTIVITY_SPARE_BYTES,
    )
    return Intake(journal=journal, key=intake_key(home))


def intake_key(home: Path) -> bytes:
    """The key of pseudonyms and digests of this installation; made when it is first asked for."""
    return activity_key(home / "keys")


def _of_record(record: otlp.Record, resource: Mapping[str, Any], now: int) -> dict[str, Any]:
    attributes = dict(record.attributes)
    if record.body is not None:
        attributes.setdefault("body", record.body)
        if isinstance(record.body, dict) and record.name.startswith("gen_ai."):
            attributes |= {k: v for k, v in record.body.items() if isinstance(k, str) and k.startswith("gen_ai.")}
    found = fields_of(_safe(attributes), resource, failed=record.failed)
    if record.problem:
        found.setdefault("error", record.problem)
    at = record.start_ns // 1000 or now
    return found | {
        "at": at,
        "ended_at": record.end_ns // 1000 or None,
        "received_at": now,
        "name": record.name or None,
        "trace_id": record.trace_id or None,
        "span_id": record.span_id or None,
        "parent_id": record.parent_id or None,
    }


def _of_call(call: litellm.Call, now: int) -> dict[str, Any]:
    found = fields_of(_safe(call.attributes), {}, failed=call.failed)
    at = now if call.started is None else round(call.started * 1e6)
    ended = None if call.ended is None else round(call.ended * 1e6)
    return found | {"at": at, "ended_at": ended, "received_at": now, "service": "litellm"}


def _of_line(said: Mapping[str, Any], now: int) -> dict[str, Any]:
    found = {
        "kind": Kind.STEP.value,
        "outcome": said.get("decision") or ("error" if said.get("error") else "ok"),
        **said,
    }
    return found | {"received_at": now}


def _safe(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes without the values of those that hold secrets by their name."""
    return {name: "[secret]" if SECRET_KEYS.search(name) else value for name, value in attributes.items()}


def _columns(rows: Sequence[Mapping[str, Any]]) -> Columns:
    names = {name for row in rows for name in row} & {*HEAD, *CONTENT}
    features = {name for row in rows for name in row.get("features", ())}
    return columns_of(
        {name: [row.get(name) for row in rows] for name in names},
        {name: _one_kind([row.get("features", {}).get(name) for row in rows]) for name in features},
    )


def _one_kind(values: list[Any]) -> list[Any]:
    """A feature that is sometimes a number and sometimes text is text."""
    if len({isinstance(value, str) for value in values if value is not None}) > 1:
        return [value if value is None or isinstance(value, str) else f"{value:g}" for value in values]
    return values


def _said(rejected: Sequence[str]) -> str:
    more = len(rejected) - MOST_NAMED
    return "; ".join(rejected[:MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")


def _now() -> int:
    return time.time_ns() // 1000
