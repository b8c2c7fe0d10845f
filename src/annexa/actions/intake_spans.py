"""Many spans at once, from where their values stand in the body to the columns of their events.

It says of each span what `pure.event_attributes` says of it alone; whatever it would have to think about is left to
that, span by span. A test holds the two against each other.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from annexa.activity.border import Columns
from annexa.activity.columns import ARROW, numbers, taken_out
from annexa.adapters import otlp, otlp_columns
from annexa.adapters.otlp_columns import DOUBLE, INT, STRING, Names, Ranges, Spans
from annexa.pure import event_attributes as words
from annexa.pure.events import CONTENT, HEAD
from annexa.pure.redaction import SECRET_KEYS

_KINDS: Final = (words.KIND, words.SPAN_KIND)
NAMES: Final = Names(names=[*dict.fromkeys([*(n for names in words.ALIASES.values() for n in names), *_KINDS])])
_PLACES: Final = {name: place for place, name in enumerate(NAMES.names)}
_TYPES: Final = {**HEAD, **CONTENT}
_TEXT, _BYTES = ARROW["text"], ARROW["bytes"]
_TELLING: Final = ("operation", "tool", "decision", "evaluation", "model", "prediction", "finish", "error")
"""The fields that tell what an event is of and how it ended."""
_UNSAID: Final = tuple(one.encode() for one in words.UNSAID if one)
Flags = npt.NDArray[np.bool_]
Whole = npt.NDArray[np.int64]


def columns_of_spans(spans: Spans, resource: Mapping[str, Any], *, now: int) -> tuple[Columns, Flags]:
    """The columns of those spans that can be read at once, and which those are.

    `resource`: its attributes as plain values; `now`: microseconds since 1970, when they arrived.
    """
    reading = _Reading(spans)
    found = reading.fields()
    rest = reading.left_over(resource)
    said, span_kind = reading.said(words.KIND), reading.said(words.SPAN_KIND)
    kept = ~reading.odd
    rows = np.flatnonzero(kept)
    columns: Columns = {name: _chosen(column, kept) for name, column in found.items()}
    columns |= _of_resource(resource, columns, len(rows))
    columns["attributes"] = pa.array([rest[row] for row in rows.tolist()], _TEXT)
    columns |= _of_span(spans, kept, now)
    failed, problems = _statuses(spans, rows)
    _say_kind_and_outcome(columns, failed, problems, said=_chosen(said, kept), span_kind=_chosen(span_kind, kept))
    if "cost" in columns:
        usd = pa.repeat(pa.scalar("USD", _TEXT), len(rows))
        given = columns.get("currency", pa.nulls(len(rows), _TEXT))
        columns["currency"] = pc.if_else(pc.is_valid(columns["cost"]), pc.coalesce(given, usd), given)
    return columns, kept


class _Reading:
    """What the attributes of many spans say, and which spans have to be read one by one after all."""

    def __init__(self, spans: Spans) -> None:
        self.spans = spans
        self.rows = len(spans.odd)
        self.odd = spans.odd.copy()
        self.body = spans.body
        self.escapes = otlp_columns.holds(spans.body, b"\\u")
        self._by_place = self._grouped()

    def _grouped(self) -> dict[int, Whole]:
        """The attributes of each known name, those without a value left out as if they were not there."""
        known = self.spans.attributes.known
        order = np.argsort(known, kind="stable")
        places, starts = np.unique(known[order], return_index=True)
        parts = np.split(order, starts[1:]) if len(starts) else []
        return {int(place): part for place, part in zip(places, parts, strict=True) if place >= 0}

    def said(self, name: str) -> Any:
        """The text of one attribute, null where a span has none. Spans in which it is something else become odd."""
        of = self._by_place.get(_PLACES[name])
        ranges = self._empty() if of is None else self._ranges(of, STRING)
        return taken_out(self.body, ranges.starts, ranges.lengths, _TEXT)

    def fields(self) -> dict[str, Any]:
        """The column of every field that some attribute says."""
        found: dict[str, Any] = {}
        for name, aliases in words.ALIASES.items():
            of = [self._by_place[place] for alias in reversed(aliases) if (place := _PLACES[alias]) in self._by_place]
            if of:
                found[name] = self._field(name, of)
        if "operation" in found:
            found["operation"] = _each(found["operation"], lambda one: words.OPERATIONS.get(one, one))
        return found

    def _field(self, name: str, of: list[Whole]) -> Any:
        """One field; where a span has several attributes for it, the last of `of` counts."""
        if name == "finish":
            return self._finishes(of)
        kind = _TYPES[name]
        starts, lengths = np.zeros(self.rows, np.int64), np.full(self.rows, -1, np.int64)
        for part in of:
            ranges = self._ranges(part, {"whole": INT, "number": DOUBLE}.get(kind, STRING))
            there = ranges.lengths >= 0
            starts[there], lengths[there] = ranges.starts[there], ranges.lengths[there]
        if kind == "whole":
            return self._numbers(starts, lengths)
        if kind == "number":
            return self._doubles(starts, lengths)
        column = taken_out(self.body, starts, lengths, _TEXT)
        return _readable(column) if self.escapes else column

    def _ranges(self, of: Whole, kind: int) -> Ranges:
        """Where the values of one attribute stand, by span; what is another kind of value makes its span odd."""
        attributes = self.spans.attributes
        kinds = attributes.kind[of]
        self.odd[attributes.row[of[(kinds != kind) & (kinds != 0)]]] = True
        kept = of[(kinds == kind) & ((kind != STRING) | (attributes.value_lengths[of] > 0))]
        if kind == STRING:
            kept = kept[~self._unsaid(kept)]
        starts, lengths = np.zeros(self.rows, np.int64), np.full(self.rows, -1, np.int64)
        starts[attributes.row[kept]] = attributes.value_starts[kept]
        lengths[attributes.row[kept]] = attributes.value_lengths[kept]
        return Ranges(starts=starts, lengths=lengths)

    def _unsaid(self, of: Whole) -> Flags:
        attributes = self.spans.attributes
        found = np.zeros(len(of), bool)
        for one in _UNSAID:
            for place in np.flatnonzero(attributes.value_lengths[of] == len(one)).tolist():
                start = int(attributes.value_starts[of[place]])
                found[place] = self.body[start : start + len(one)] == one
        return found

    def _numbers(self, starts: Whole, lengths: Whole) -> Any:
        values, long = otlp_columns.varints(self.spans, starts)
        there = lengths >= 0
        self.odd |= there & long
        return numbers(values, there)

    def _doubles(self, starts: Whole, lengths: Whole) -> Any:
        values = otlp_columns.doubles(self.spans, starts)
        there = lengths >= 0
        self.odd |= there & ~np.isfinite(values)
        return numbers(values, there)

    def _finishes(self, of: list[Whole]) -> Any:
        """Why models stopped: lists as a rule, of which there are few different ones; each is read once."""
        attributes = self.spans.attributes
        found: npt.NDArray[np.object_] = np.full(self.rows, None)
        for part in of:
            kept = part[attributes.kind[part] > 0]
            starts = attributes.key_starts[kept] + attributes.key_lengths[kept]
            ends = attributes.value_starts[kept] + attributes.value_lengths[kept]
            _, first, which = np.unique(
                otlp_columns.hashes_of(self.spans, starts, ends), return_index=True, return_inverse=True
            )
            said = np.array([_finish(self.body[starts[n] : ends[n]]) for n in first.tolist()], object)[which]
            rows = attributes.row[kept]
            self.odd[rows[said == None]] = True  # noqa: E711  each of them
            there = said.astype(bool)
            found[rows[there]] = said[there]
        return pa.array(found.tolist(), _TEXT)

    def left_over(self, resource: Mapping[str, Any]) -> list[str | None]:
        """What no field takes, of each span, as JSON; equal ones are worked out once."""
        attributes, body = self.spans.attributes, self.body
        of = np.flatnonzero(attributes.known < 0)
        rows, starts, ends = attributes.row[of], attributes.starts[of].tolist(), attributes.ends[of].tolist()
        bounds = np.searchsorted(rows, np.arange(self.rows + 1)).tolist()
        known: dict[int, str | None] = {}
        found: list[str | None] = []
        marks = otlp_columns.marks(self.spans, of, self.rows).tolist()
        for row in range(self.rows):
            mark = marks[row]
            if mark not in known:
                low, high = bounds[row], bounds[row + 1]
                known[mark] = _said([body[starts[n] : ends[n]] for n in range(low, high)], resource)
            found.append(known[mark])
        self.odd |= np.array([one == _ODD for one in found])
        self.odd |= np.bincount(attributes.row, minlength=self.rows) > otlp.MOST_ATTRIBUTES
        return found

    def _empty(self) -> Ranges:
        return Ranges(starts=np.zeros(self.rows, np.int64), lengths=np.full(self.rows, -1, np.int64))


_ODD: Final = "odd"
"""In place of what is left over where it has to be thought about; JSON of an object is never this."""


def _said(data: list[bytes], resource: Mapping[str, Any]) -> str | None:
    try:
        pairs = [KeyValue.FromString(one) for one in data]
    except DecodeError:
        return _ODD
    attributes = otlp.plain_attributes(pairs)
    if len(attributes) < len(pairs) or any(words.is_thought_about(name) for name in attributes):
        return _ODD
    return _rest({k: "[secret]" if SECRET_KEYS.search(k) else v for k, v in attributes.items()}, resource)


def _rest(attributes: Mapping[str, Any], resource: Mapping[str, Any]) -> str | None:
    found = words.fields_of(attributes, resource, failed=False)["attributes"]
    return None if found is None else str(found)


def _finish(data: bytes) -> str | None:
    """The finish that the bytes after a key say; None where they have to be thought about."""
    try:
        value = KeyValue.FromString(data).value
    except DecodeError:
        return None
    said = otlp.plain_value(value)
    if isinstance(said, list) and not all(isinstance(one, str) for one in said):
        return None
    if not isinstance(said, str | list) or said in ("unknown_service",):
        return None
    return words.fields_of({words.ALIASES["finish"][0]: said}, {}, failed=False).get("finish") or ""


def _readable(column: Any) -> Any:
    """As `event_attributes.readable` has it, for those few to which it does anything."""
    mask = pc.fill_null(pc.match_substring(column, "\\u"), False)
    if not pc.any(mask).as_py():
        return column
    return pc.replace_with_mask(column, mask, pa.array([words.readable(t) for t in column.filter(mask).to_pylist()]))


def _each(column: Any, change: Any) -> Any:
    coded = column.dictionary_encode()
    return pa.array([change(one) for one in coded.dictionary.to_pylist()], _TEXT).take(coded.indices)


def _chosen(column: Any, kept: Flags) -> Any:
    return column if kept.all() else column.filter(pa.array(kept))


def _of_resource(resource: Mapping[str, Any], columns: Columns, rows: int) -> Columns:
    found = words.fields_of({}, resource, failed=False)
    same = {name: pa.repeat(pa.scalar(found[name], _TEXT), rows) for name in words.OF_RESOURCE if name in found}
    if "version" in columns and "version" in same:
        same["version"] = pc.coalesce(columns["version"], same["version"])
    return {**same}


def _of_span(spans: Spans, kept: Flags, now: int) -> Columns:
    """What a span says beside its attributes."""
    found: Columns = {
        name: _chosen(taken_out(spans.body, one.starts, np.where(one.lengths > 0, one.lengths, -1), kind), kept)
        for name, one, kind in (
            ("trace_id", spans.trace_id, _BYTES),
            ("span_id", spans.span_id, _BYTES),
            ("parent_id", spans.parent_id, _BYTES),
            ("name", spans.name, _TEXT),
        )
    }
    start, end = spans.start_ns[kept] // 1000, spans.end_ns[kept] // 1000
    instant = ARROW["instant"]
    found["at"] = numbers(np.where(start == 0, now, start)).cast(instant)
    found["ended_at"] = numbers(end, end != 0).cast(instant)
    found["received_at"] = numbers(np.full(len(start), now)).cast(instant)
    return found


def _statuses(spans: Spans, rows: Whole) -> tuple[Flags, list[str]]:
    """Which spans failed, and what they say about it."""
    failed, problems = np.zeros(len(rows), bool), [""] * len(rows)
    for place in np.flatnonzero(spans.status.lengths[rows] > 0).tolist():
        start = int(spans.status.starts[rows[place]])
        status = Status.FromString(spans.body[start : start + int(spans.status.lengths[rows[place]])])
        failed[place], problems[place] = status.code == otlp.SPAN_ERROR, status.message
    return failed, problems


def _say_kind_and_outcome(columns: Columns, failed: Flags, problems: list[str], *, said: Any, span_kind: Any) -> None:
    """What each span tells of and how it ended, worked out once for spans that say the same."""
    rows = len(failed)
    named = [name for name in _TELLING if name in columns]
    asked = _any_there([columns.get(name) for name in ("input", "output", "input_tokens")], rows)
    coded = [_coded(columns[name]) for name in named] + [_coded(said), _coded(span_kind)]
    which = asked + 2 * failed.astype(np.int64)
    for values, codes in coded:
        _, which = np.unique(which * len(values) + codes, return_inverse=True)
    _, first, which = np.unique(which, return_index=True, return_inverse=True)
    kinds, outcomes = [], []
    for row in first.tolist():
        *values, outright, by_span = (values[codes[row]] for values, codes in coded)
        one: dict[str, Any] = {name: value for name, value in zip(named, values, strict=True) if value is not None}
        one |= {"input": "."} if asked[row] else {}
        kinds.append(words.kind_of(one, said=outright, span_kind=by_span).value)
        outcomes.append(words.outcome_of(one, failed=bool(failed[row])))
    columns["kind"] = pa.array(kinds, _TEXT).take(numbers(which))
    columns["outcome"] = pa.array(outcomes, _TEXT).take(numbers(which))
    if any(problems):
        told = columns["error"].to_pylist() if "error" in columns else [None] * rows
        said_too = [one or problem or None for one, problem in zip(told, problems, strict=True)]
        columns["error"] = pa.array(said_too, _TEXT)


def _coded(column: Any) -> tuple[list[Any], Whole]:
    """The different values of a column, and for each row the place of its own among them."""
    coded = column.dictionary_encode(null_encoding="encode")
    return coded.dictionary.to_pylist(), np.asarray(coded.indices).astype(np.int64)


def _any_there(columns: list[Any], rows: int) -> Flags:
    found = np.zeros(rows, bool)
    for column in columns:
        if column is not None:
            found |= np.asarray(column.is_valid())
    return found
