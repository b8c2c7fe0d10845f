"""OTLP/HTTP, traces and logs, protobuf and JSON: what a body says, as plain values.

Source: OpenTelemetry protocol 1.x. JSON: ids in hex, enums as numbers, 64-bit numbers as text or numbers, unknown
fields ignored. A body that cannot be read is refused whole (400); single records that no log can hold are counted.
"""

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

MOST_ATTRIBUTES: Final = 256
"""Of one record; further ones are counted, not kept."""
DROPPED: Final = "annexa.dropped_attributes"
_DEEPEST: Final = 16
SPAN_ERROR: Final = 2
_LATEST: Final = 2**63 - 1


class OtlpError(ValueError):
    """A body is not what it says it is; says what could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A span or a log record. Times are nanoseconds since 1970 in UTC, 0 where nothing is said.

    `name`: of the span, or of the event that a log record is. `body`: of a log record.
    """

    name: str = ""
    trace_id: bytes = b""
    span_id: bytes = b""
    parent_id: bytes = b""
    start_ns: int = 0
    end_ns: int = 0
    failed: bool = False
    problem: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The records of one resource. `rejected`: a sentence for each record that no log can hold."""

    resource: Mapping[str, Any]
    records: tuple[Record, ...]
    rejected: tuple[str, ...] = ()


def traces_of(body: bytes, *, as_json: bool) -> list[Group]:
    """The spans of a request, by resource. Raises OtlpError."""
    if as_json:
        return [_group(one, _json_spans(one), spans=True) for one in _json_groups(body, "resourceSpans")]
    return [spans_of(one) for one in resource_spans(body)]


def resource_spans(body: bytes) -> Sequence[Any]:
    """The ResourceSpans of a request, as protobuf has them. Raises OtlpError."""
    try:
        found: Sequence[Any] = ExportTraceServiceRequest.FromString(body).resource_spans
    except DecodeError:
        raise OtlpError("The body is no ExportTraceServiceRequest of OTLP in protobuf.") from None
    return found


def spans_of(one: Any, only: Container[int] | None = None) -> Group:
    """The spans of ResourceSpans as plain values, all of them or those with these numbers."""
    spans = (span for scope in one.scope_spans for span in scope.spans)
    chosen = (_span(span) for number, span in enumerate(spans) if only is None or number in only)
    return _checked(plain_attributes(one.resource.attributes), chosen, True)


def logs_of(body: bytes, *, as_json: bool) -> list[Group]:
    """The log records of a request, by resource. Raises OtlpError."""
    if as_json:
        return [_group(one, _json_logs(one), spans=False) for one in _json_groups(body, "resourceLogs")]
    try:
        request = ExportLogsServiceRequest.FromString(body)
    except DecodeError:
        raise OtlpError("The body is no ExportLogsServiceRequest of OTLP in protobuf.") from None
    return [
        _checked(
            plain_attributes(one.resource.attributes), (_log(r) for s in one.scope_logs for r in s.log_records), False
        )
        for one in request.resource_logs
    ]


def _checked(resource: Mapping[str, Any], records: Iterable[Record], spans: bool) -> Group:
    kept: list[Record] = []
    rejected: list[str] = []
    for record in records:
        problem = _problem(record, spans)
        rejected.append(problem) if problem else kept.append(record)
    return Group(resource=resource, records=tuple(kept), rejected=tuple(rejected))


def _problem(record: Record, spans: bool) -> str:
    """Why no log can hold a record; "" if one can."""
    named = f"the span {record.name[:60]!r}" if spans else "a log record"
    if spans and not (len(record.trace_id) == 16 and any(record.trace_id)):
        return f"{named} has no trace id of 16 bytes"
    if spans and not (len(record.span_id) == 8 and any(record.span_id)):
        return f"{named} has no span id of 8 bytes"
    if record.trace_id and len(record.trace_id) != 16:
        return f"{named} has a trace id of {len(record.trace_id)} bytes instead of 16"
    if record.span_id and len(record.span_id) != 8:
        return f"{named} has a span id of {len(record.span_id)} bytes instead of 8"
    if record.parent_id and len(record.parent_id) != 8:
        return f"{named} has a parent id of {len(record.parent_id)} bytes instead of 8"
    if not (0 <= record.start_ns <= _LATEST and 0 <= record.end_ns <= _LATEST):
        return f"{named} has a time beyond the year 2262"
    return ""


# Protobuf


def _span(span: Any) -> Record:
    attributes = plain_attributes(span.attributes)
    for event in span.events:
        attributes.update(_of_event(event.name, plain_attributes(event.attributes)))
    return Record(
        name=span.name,
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_id=span.parent_span_id,
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        failed=span.status.code == SPAN_ERROR,
        problem=span.status.message,
        attributes=attributes,
    )


def _log(record: Any) -> Record:
    return Record(
        name=record.event_name,
        trace_id=record.trace_id,
        span_id=record.span_id,
        start_ns=record.time_unix_nano or record.observed_time_unix_nano,
        failed=record.severity_number >= 17,
        problem=record.severity_text if record.severity_number >= 17 else "",
        attributes=plain_attributes(record.attributes),
        body=plain_value(record.body, 0),
    )


def plain_attributes(pairs: Any) -> dict[str, Any]:
    """Attributes of protobuf as plain values."""
    found = {pair.key: plain_value(pair.value, 0) for pair in pairs[:MOST_ATTRIBUTES]}
    if len(pairs) > MOST_ATTRIBUTES:
        found[DROPPED] = len(pairs) - MOST_ATTRIBUTES
    return found


def plain_value(value: Any, depth: int = 0) -> Any:
    """A value of protobuf as a plain one; bytes in hex."""
    kind = value.WhichOneof("value")
    if kind is None:
        return None
    said = getattr(value, kind)
    if kind == "array_value":
        return [plain_value(one, depth + 1) for one in said.values] if depth < _DEEPEST else "…"
    if kind == "kvlist_value":
        return {one.key: plain_value(one.value, depth + 1) for one in said.values} if depth < _DEEPEST else "…"
    if kind == "bytes_value":
        return said.hex()
    return said


def _of_event(name: str, attributes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What an event within a span says: an exception, or content as sources sent it before 2025."""
    if name == "exception":
        yield "exception.type", attributes.get("exception.type")
        yield "exception.message", attributes.get("exception.message")
    elif name in {"gen_ai.content.prompt", "gen_ai.content.completion"}:
        key = name.replace("content.", "")
        yield key, attributes.get(key)
    else:
        for key, value in attributes.items():
            if key.startswith(("gen_ai.", "annexa.")):
                yield key, value


# JSON


def _json_groups(body: bytes, name: str) -> list[Mapping[str, Any]]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise OtlpError("The body is no JSON.") from None
    if not isinstance(said, dict):
        raise OtlpError("The body is no JSON object.")
    return _objects(said.get(name), name)


def _group(one: Mapping[str, Any], records: Iterable[Record], *, spans: bool) -> Group:
    resource = _object(one.get("resource"), "resource")
    return _checked(_json_attributes(resource.get("attributes"), "resource.attributes"), records, spans)


def _json_spans(one: Mapping[str, Any]) -> Iterator[Record]:
    for scope in _objects(one.get("scopeSpans"), "scopeSpans"):
        for span in _objects(scope.get("spans"), "spans"):
            attributes = _json_attributes(span.get("attributes"), "attributes")
            for event in _objects(span.get("events"), "events"):
                said = _json_attributes(event.get("attributes"), "events.attributes")
                attributes.update(_of_event(_text(event.get("name"), "events.name"), said))
            status = _object(span.get("status"), "status")
            yield Record(
                name=_text(span.get("name"), "name"),
                trace_id=_hex(span.get("traceId"), "traceId"),
                span_id=_hex(span.get("spanId"), "spanId"),
                parent_id=_hex(span.get("parentSpanId"), "parentSpanId"),
                start_ns=_whole(span.get("startTimeUnixNano"), "startTimeUnixNano"),
                end_ns=_whole(span.get("endTimeUnixNano"), "endTimeUnixNano"),
                failed=_whole(status.get("code"), "status.code") == SPAN_ERROR,
                problem=_text(status.get("message"), "status.message"),
                attributes=attributes,
            )


def _json_logs(one: Mapping[str, Any]) -> Iterator[Record]:
    for scope in _objects(one.get("scopeLogs"), "scopeLogs"):
        for record in _objects(scope.get("logRecords"), "logRecords"):
            severe = _whole(record.get("severityNumber"), "severityNumber") >= 17
            observed = _whole(record.get("observedTimeUnixNano"), "observedTimeUnixNano")
            yield Record(
                name=_text(record.get("eventName"), "eventName"),
                trace_id=_hex(record.get("traceId"), "traceId"),
                span_id=_hex(record.get("spanId"), "spanId"),
                start_ns=_whole(record.get("timeUnixNano"), "timeUnixNano") or observed,
                failed=severe,
                problem=_text(record.get("severityText"), "severityText") if severe else "",
                attributes=_json_attributes(record.get("attributes"), "attributes"),
                body=_json_value(record.get("body"), "body", 0),
            )


def _json_attributes(pairs: Any, where: str) -> dict[str, Any]:
    said = _objects(pairs, where)
    found = {
        _text(pair.get("key"), f"{where}.key"): _json_value(pair.get("value"), f"{where}.value", 0)
        for pair in said[:MOST_ATTRIBUTES]
    }
    if len(said) > MOST_ATTRIBUTES:
        found[DROPPED] = len(said) - MOST_ATTRIBUTES
    return found


def _json_value(value: Any, where: str, depth: int) -> Any:
    said = _object(value, where)
    if depth >= _DEEPEST:
        return "…"
    if "stringValue" in said:
        return _text(said["stringValue"], where)
    if "boolValue" in said:
        return bool(said["boolValue"])
    if "intValue" in said:
        return _whole(said["intValue"], where)
    if "doubleValue" in said:
        return _double(said["doubleValue"], where)
    if "arrayValue" in said:
        values = _objects(_object(said["arrayValue"], where).get("values"), where)
        return [_json_value(one, where, depth + 1) for one in values]
    if "kvlistValue" in said:
        pairs = _objects(_object(said["kvlistValue"], where).get("values"), where)
        return {_text(p.get("key"), where): _json_value(p.get("value"), where, depth + 1) for p in pairs}
    return _text(said["bytesValue"], where) if "bytesValue" in said else None


def _objects(value: Any, where: str) -> list[Mapping[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise OtlpError(f"{where} is no list of objects.")
    return value


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise OtlpError(f"{where} is no object.")
    return value


def _text(value: Any, where: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise OtlpError(f"{where} is no text.")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise OtlpError(f"{where} holds half a surrogate pair and is no valid Unicode.") from None
    return value


def _whole(value: Any, where: str) -> int:
    if value is None:
        return 0
    try:
        if isinstance(value, str) and len(value) < 22:
            return int(value)
    except ValueError:
        pass
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if type(value) is not int:
        raise OtlpError(f"{where} is no whole number.")
    return value


def _double(value: Any, where: str) -> float:
    try:
        if isinstance(value, str) and len(value) < 40:
            return float(value)
    except ValueError:
        pass
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise OtlpError(f"{where} is no number.")
    return float(value)


def _hex(value: Any, where: str) -> bytes:
    text = _text(value, where)
    try:
        return bytes.fromhex(text) if text.isascii() and " " not in text else bytes(1)
    except ValueError:
        raise OtlpError(f"{where} is no hex.") from None
