"""OTLP as exporters write it, in protobuf and in JSON, and as nobody should."""

import json
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from annexa.adapters.otlp import DROPPED, MOST_ATTRIBUTES, OtlpError, logs_of, traces_of

SPAN = {
    "traceId": "5B8EFFF798038103D269B633813FC60C",
    "spanId": "eee19b7ec3c1b174",
    "name": "chat",
    "startTimeUnixNano": "1544712660000000000",
    "endTimeUnixNano": 1544712661000000000,
    "attributes": [
        {"key": "a", "value": {"stringValue": "x"}},
        {"key": "b", "value": {"intValue": "7"}},
        {"key": "c", "value": {"doubleValue": 0.5}},
        {"key": "d", "value": {"arrayValue": {"values": [{"boolValue": True}]}}},
        {"key": "e", "value": {"kvlistValue": {"values": [{"key": "f", "value": {"stringValue": "g"}}]}}},
    ],
    "status": {"code": 2, "message": "timeout"},
    "unknownField": 1,
}


def body(span: Any) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()


def test_json_as_the_protocol_has_it() -> None:
    """Ids in hex, numbers of 64 bits as text or number, unknown fields ignored."""
    (group,) = traces_of(body(SPAN), as_json=True)
    (record,) = group.records
    assert record.trace_id.hex() == SPAN["traceId"].lower()  # type: ignore[attr-defined]
    assert record.start_ns == 1544712660000000000
    assert record.attributes == {"a": "x", "b": 7, "c": 0.5, "d": [True], "e": {"f": "g"}}
    assert (record.failed, record.problem) == (True, "timeout")


def test_an_empty_request_is_a_success() -> None:
    """The protocol says so."""
    assert traces_of(b"{}", as_json=True) == []
    assert traces_of(b"", as_json=False) == []
    assert logs_of(b"", as_json=False) == []


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[]",
        b"{",
        b'{"resourceSpans": 1}',
        b'{"resourceSpans": [1]}',
        b"[" * 100_000,
        body({**SPAN, "name": 1}),
        body({**SPAN, "name": "\ud800"}),
        body({**SPAN, "startTimeUnixNano": "soon"}),
        body({**SPAN, "traceId": "zz"}),
        body({**SPAN, "attributes": {"a": 1}}),
        body({**SPAN, "attributes": [{"key": "a", "value": 1}]}),
    ],
)
def test_json_that_is_none_of_it_is_refused(said: bytes) -> None:
    """With a sentence, never with a traceback."""
    with pytest.raises(OtlpError):
        traces_of(said, as_json=True)


def test_a_million_attributes_do_not_fill_the_log() -> None:
    """The first ones are kept, the others counted."""
    many = [{"key": f"k{n}", "value": {"intValue": n}} for n in range(20_000)]
    ((record,),) = (group.records for group in traces_of(body({**SPAN, "attributes": many}), as_json=True))
    assert len(record.attributes) == MOST_ATTRIBUTES + 1
    assert record.attributes[DROPPED] == 20_000 - MOST_ATTRIBUTES


def test_nested_values_end_somewhere() -> None:
    """Deep nesting is cut, not followed."""
    value = AnyValue(string_value="x")
    for _ in range(25):
        value = AnyValue(kvlist_value={"values": [KeyValue(key="k", value=value)]})
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=1, body=value)
    record.attributes.append(KeyValue(key="a", value=AnyValue(bytes_value=b"\x01")))
    ((found,),) = (group.records for group in logs_of(request.SerializeToString(), as_json=False))
    assert "…" in str(found.body)
    assert found.attributes == {"a": "01"}


def test_log_records_in_both_forms() -> None:
    """An event of the GenAI conventions: its name, severity and body."""
    record = {
        "observedTimeUnixNano": "5000",
        "eventName": "gen_ai.evaluation.result",
        "severityNumber": 17,
        "severityText": "ERROR",
        "body": {"stringValue": "b"},
        "attributes": [{"key": "gen_ai.evaluation.name", "value": {"stringValue": "toxicity"}}],
    }
    said = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
    ((found,),) = (group.records for group in logs_of(json.dumps(said).encode(), as_json=True))
    assert (found.name, found.start_ns, found.failed, found.problem, found.body) == (
        "gen_ai.evaluation.result", 5000, True, "ERROR", "b",
    )  # fmt: skip
