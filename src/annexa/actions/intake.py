"""Taking in what AI systems report: read, brought to our words, stripped of what may not be kept, and on the disk.

Whoever is told that a record was accepted may forget it: it survives a power cut from then on.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from django.conf import settings

from annexa.actions.intake_spans import NAMES, columns_of_spans
from annexa.actions.together import Together
from annexa.activity import BacklogError, JournalError
from annexa.activity.border import Columns, through_the_border
from annexa.activity.columns import ARROW, columns_of, numbers, sealed
from annexa.activity.journal import Journal, Written
from annexa.adapters import event_lines, litellm, otlp, otlp_columns, prediction_files
from annexa.answers.activity_store import journal_folder
from annexa.pure.activity_sources import Source, system_for
from annexa.pure.event_attributes import fields_of
from annexa.pure.events import CONTENT, FEATURE_PREFIX, HEAD, Kind
from annexa.pure.redaction import SECRET_KEYS
from annexa.vault.keys import activity_key

MOST_NAMED = 5
MOST_TOGETHER = 3 * 1024 * 1024
"""Bytes of requests that are read together: each step costs hardly more for their spans than for those of one."""
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
_Kept = tuple[Taken, Written | None]
_Bounds = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """Spans of protobuf as they came. `resources`: as protobuf read them; `bounds`: where the spans of each stand, None
    where they are written as exporters do not write them."""

    body: bytes
    resources: Sequence[Any]
    bounds: Sequence[_Bounds | None]
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """The spans of one resource of a request, the request by its number. `spans`: where they stand in its body; none
    where `usual` is false, and then they have to be read one by one."""

    request: int
    read: Any
    resource: Mapping[str, Any]
    system: str
    usual: bool
    spans: _Bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Where records go. `key`: with which pseudonyms and digests are made; it never leaves the server.

    `turn`: held by who reads one record after another, `together` has one for many at once. Threads share
    an interpreter: more at once would wait for each other at every step instead of once (measured).
    """

    journal: Journal
    key: bytes = field(repr=False)
    turn: threading.Lock = field(default_factory=threading.Lock, repr=False)
    together: Together[_Request, _Kept] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        found = Together(work=self._spans_of, most=MOST_TOGETHER)
        object.__setattr__(self, "together", found)

    def traces(self, body: bytes, *, as_json: bool, source: Source) -> Taken:
        """Takes spans in. Raises OtlpError, BacklogError, JournalError; then nothing was kept."""
        if as_json:
            return self._keep(lambda: self._read_one_by_one(otlp.traces_of(body, as_json=True), source, _now()))
        asked = self._asked(body, source)
        return _on_the_disk(*self.together.done(asked, size=len(body)))

    @staticmethod
    def _asked(body: bytes, source: Source) -> _Request:
        """A request as it is read. Raises OtlpError."""
        resources = otlp.resource_spans(body)
        bounds: Sequence[_Bounds | None] = otlp_columns.span_bounds(body) or ()
        if len(bounds) != len(resources):
            bounds = [None] * len(resources)
        return _Request(body=body, resources=resources, bounds=bounds, source=source)

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
        with self.turn:
            taken, batches = read()
            written = self.journal.write(*batches) if batches else None
            del batches
        return _on_the_disk(taken, written)

    def _spans_of(self, asked: Sequence[_Request]) -> Callable[[], Sequence[_Kept | Exception]]:
        """Spans of protobuf, those of all requests with the same resource at once; what is odd in them one by one.

        What is left to do is to write them down.
        """
        now, batches = _now(), []
        accepted = [0] * len(asked)
        groups: list[list[otlp.Group]] = [[] for _ in asked]
        for parts in _alike(asked):
            first = parts[0]
            if not first.usual or sum(len(one.spans) for one in parts) < otlp_columns.FEWEST:
                for one in parts:
                    groups[one.request].append(otlp.spans_of(one.read))
                continue
            body, bounds = _joined(asked, parts)
            columns, kept = columns_of_spans(otlp_columns.read_spans(body, bounds, NAMES), first.resource, now=now)
            if kept.any():
                source = asked[first.request].source
                batches.append(self.batch(columns, int(kept.sum()), system=first.system, source=source))
            at = 0
            for one in parts:
                good = kept[at : at + len(one.spans)]
                at += len(one.spans)
                accepted[one.request] += int(good.sum())
                if not good.all():
                    groups[one.request].append(otlp.spans_of(one.read, only=set(np.flatnonzero(~good).tolist())))
        told = []
        for number, request in enumerate(asked):
            taken, more = self._read_one_by_one(groups[number], request.source, now)
            told.append(replace(taken, accepted=taken.accepted + accepted[number]))
            batches += more
        return partial(self._written, told, batches)

    def _written(self, told: Sequence[Taken], batches: Sequence[pa.RecordBatch]) -> Sequence[_Kept | Exception]:
        try:
            written = self.journal.write(*batches) if batches else None
        except (BacklogError, JournalError) as error:
            return [error] * len(told)
        return [(taken, written) for taken in told]

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


def _on_the_disk(taken: Taken, written: Written | None) -> Taken:
    """What was taken, once the disk has it. Raises JournalError."""
    if written is not None:
        written.sync()
    return taken


def _alike(asked: Sequence[_Request]) -> list[list[_Part]]:
    """The spans of all requests, those with the same source, system and resource together."""
    found: dict[tuple[int, str, bytes, bool], list[_Part]] = {}
    for number, request in enumerate(asked):
        for read, spans in zip(request.resources, request.bounds, strict=True):
            resource = otlp.plain_attributes(read.resource.attributes)
            part = _Part(
                request=number, read=read, resource=resource, system=system_for(request.source, resource),
                usual=spans is not None, spans=spans or (),
            )  # fmt: skip
            key = (id(request.source), part.system, read.resource.SerializeToString(), part.usual)
            found.setdefault(key, []).append(part)
    return list(found.values())


def _joined(asked: Sequence[_Request], parts: Sequence[_Part]) -> tuple[bytes, list[tuple[int, int]]]:
    """The bodies of these parts one behind the other, and where in them the spans stand."""
    begins: dict[int, int] = {}
    length = 0
    for number in dict.fromkeys(one.request for one in parts):
        begins[number] = length
        length += len(asked[number].body)
    bounds = [(begins[p.request] + start, begins[p.request] + end) for p in parts for start, end in p.spans]
    return b"".join([asked[number].body for number in begins]), bounds


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
