"""What is taken in: many spans at once say what each says alone, and nothing is kept that may not be."""

import dataclasses
import json
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from annexa.actions.intake import Intake, Taken, intake_key
from annexa.activity.columns import events_of
from annexa.activity.journal import Journal, journals, read_frames
from annexa.adapters import otlp_columns
from annexa.adapters.event_lines import LinesError
from annexa.adapters.otlp import OtlpError
from annexa.pure.activity_sources import Choice, Pattern, Rule, Source, Users
from annexa.pure.activity_sources import How as Compared
from annexa.pure.event_attributes import ALIASES
from annexa.pure.events import Event, Kept

FULL = Choice(kept=Kept.FULL, users=Users.AS_SENT)
SOURCE = Source(slug="gateway", name="Gateway", system="loan-scoring", otherwise=FULL)


def intake_in(folder: Path) -> Intake:
    return Intake(journal=Journal(folder=folder, backlog_bytes=1 << 30, spare_bytes=0), key=b"k" * 32)


def kept(folder: Path) -> list[Event]:
    return [event for path in journals(folder) for frame in read_frames(path) for event in events_of(frame.batch)]


def taken(tmp_path: Path, body: bytes, source: Source = SOURCE) -> tuple[Taken, list[Event]]:
    one = intake_in(tmp_path)
    found = one.traces(body, as_json=False, source=source)
    one.journal.close()
    return found, kept(tmp_path)


def value_of(said: Any) -> AnyValue:
    match said:
        case None:
            return AnyValue()
        case bool():
            return AnyValue(bool_value=said)
        case str():
            return AnyValue(string_value=said)
        case int():
            return AnyValue(int_value=said)
        case float():
            return AnyValue(double_value=said)
        case bytes():
            return AnyValue(bytes_value=said)
        case list():
            return AnyValue(array_value=ArrayValue(values=[value_of(one) for one in said]))
    pairs = [KeyValue(key=key, value=value_of(one)) for key, one in said.items()]
    return AnyValue(kvlist_value=KeyValueList(values=pairs))


def pairs_of(said: Iterable[tuple[str, Any]]) -> list[KeyValue]:
    return [KeyValue(key=key, value=value_of(value)) for key, value in said]


def request_of(spans: list[Span], resource: Iterable[tuple[str, Any]] = (("service.name", "agent"),)) -> bytes:
    request = ExportTraceServiceRequest()
    one = request.resource_spans.add()
    one.resource.attributes.extend(pairs_of(resource))
    one.scope_spans.add().spans.extend(spans)
    return request.SerializeToString()


def span(number: int = 1, said: Iterable[tuple[str, Any]] = (), **more: Any) -> Span:
    ids = {"trace_id": number.to_bytes(16, "big"), "span_id": number.to_bytes(8, "big")}
    times = {
        "start_time_unix_nano": 1_764_547_200_000_000_000 + number,
        "end_time_unix_nano": 1_764_547_201_000_000_000,
    }
    return Span(name="chat gpt", attributes=pairs_of(said), **{**ids, **times, **more})


_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=10) | st.sampled_from(
    ["stop", "['stop']", '["a", "b"]', "unknown_service", '[{"content": "M\\u00fc"}]', "chat", "acompletion", "x" * 90]
)
_PLAIN = st.none() | _TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.binary(max_size=5)
_VALUES = _PLAIN | st.lists(_TEXT, max_size=3) | st.dictionaries(_TEXT, _PLAIN, max_size=2)
_KEYS = st.sampled_from(
    [
        *[name for names in ALIASES.values() for name in names],
        "annexa.kind",
        "openinference.span.kind",
        "server.address",
        "http.request.header.authorization",
        "gen_ai.prompt.0.content",
        "annexa.feature.age",
        "gen_ai.input.messagez",
        "k" * 70,
    ]
)
_STATUS = st.builds(Status, code=st.integers(0, 2), message=_TEXT)
_EVENT = st.builds(Span.Event, name=st.sampled_from(["exception", "gen_ai.content.prompt", "other"]),
                   attributes=st.lists(st.tuples(_KEYS, _TEXT), max_size=2).map(pairs_of))  # fmt: skip
_SPAN = st.builds(
    Span,
    trace_id=st.sampled_from([b"t" * 16, b"t" * 16, bytes(16), b"short", b""]),
    span_id=st.sampled_from([b"s" * 8, b"s" * 8, bytes(8), b""]),
    parent_span_id=st.sampled_from([b"", b"p" * 8, b"p"]),
    name=_TEXT,
    kind=st.integers(0, 5),
    start_time_unix_nano=st.sampled_from([0, 999, 1_764_547_200_123_456_789, 2**63, 2**64 - 1]),
    end_time_unix_nano=st.sampled_from([0, 1_764_547_200_123_456_789]),
    attributes=st.lists(st.tuples(_KEYS, _VALUES), max_size=8).map(pairs_of),
    dropped_attributes_count=st.integers(0, 300),
    status=st.none() | _STATUS,
    flags=st.integers(0, 2**32 - 1),
    trace_state=_TEXT,
    events=st.lists(_EVENT, max_size=1) | st.just([]),
)


@given(st.lists(_SPAN, min_size=1, max_size=12), st.lists(st.tuples(_KEYS, _TEXT), max_size=2))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_many_at_once_say_what_each_says_alone(
    tmp_path_factory: pytest.TempPathFactory, spans: list[Span], resource: list[tuple[str, Any]]
) -> None:
    """Whatever exporters and others write: the quick way changes nothing but the time it takes."""
    body = request_of(spans, [("service.name", "agent"), ("service.version", "2"), *resource])
    found = []
    for fewest in (1, 1_000_000):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(otlp_columns, "FEWEST", fewest)
            one = intake_in(tmp_path_factory.mktemp("taken"))
            done = one.traces(body, as_json=False, source=SOURCE)
        found.append((done.accepted, done.rejected, plain_of(one)))
    assert found[0] == found[1]


_REQUESTS = st.tuples(
    st.lists(_SPAN, max_size=5), st.sampled_from(["agent", "chat"]), st.booleans(), st.sampled_from([b"", b"\x7a\x01?"])
)
"""Spans, who sends them, whether by another source, and a field at the end that no exporter writes."""


@given(st.lists(_REQUESTS, min_size=2, max_size=4))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_requests_that_are_read_together_say_what_each_says_alone(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[list[Span], str, bool, bytes]]
) -> None:
    """Of whichever source and resource: each is told of its own spans, and all of them are kept as if it were alone."""
    other = dataclasses.replace(SOURCE, slug="other", system="ranking")
    requests = [
        (request_of(spans, [("service.name", name)]) + more, other if by_other else SOURCE)
        for spans, name, by_other, more in asked
    ]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(otlp_columns, "FEWEST", 1)
        alone = intake_in(tmp_path_factory.mktemp("alone"))
        together = intake_in(tmp_path_factory.mktemp("together"))
        one_by_one = [alone.traces(body, as_json=False, source=source) for body, source in requests]
        found: list[Taken | None] = [None] * len(requests)

        def ask(number: int) -> None:
            body, source = requests[number]
            found[number] = together.traces(body, as_json=False, source=source)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(requests))]
        with together.together._turn:
            for thread in threads:
                thread.start()
            while len(together.together._waiting) < len(requests):
                time.sleep(0.001)
        for thread in threads:
            thread.join(20)
    assert found == one_by_one
    assert plain_of(together) == plain_of(alone)


def test_what_no_exporter_writes_is_kept_beside_what_all_write(tmp_path: Path) -> None:
    """Whichever of the two comes first, and though they are of one source and resource."""
    usual = request_of([span(n) for n in range(1, 31)])
    unusual = request_of([span(n) for n in range(31, 35)]) + b"\x7a\x01?"
    for number, bodies in enumerate([(usual, unusual), (unusual, usual)]):
        one = intake_in(tmp_path / str(number))
        found = one._spans_of([one._asked(body, SOURCE) for body in bodies])()
        assert [taken.accepted for taken, _ in found] == [30 if body is usual else 4 for body in bodies]
        assert len(plain_of(one)) == 34


def plain_of(one: Intake) -> list[str]:
    """What was kept, in no order and without the moment it came."""
    one.journal.close()
    events = kept(one.journal.folder)
    at = {event.received_at for event in events}
    return sorted(repr(dataclasses.replace(e, received_at=0, at=0 if e.at in at else e.at)) for e in events)


def test_the_usual_spans_go_the_quick_way(tmp_path: Path) -> None:
    """Otherwise the test above would compare the slow way with itself."""
    said: list[tuple[str, Any]] = [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.usage.input_tokens", 300),
        ("gen_ai.response.finish_reasons", ["stop"]),
        ("gen_ai.input.messages", "[]"),
        ("server.address", "a"),
        ("gen_ai.request.temperature", 0.2),
    ]
    body = request_of([span(n, said) for n in range(1, 40)])
    bounds = otlp_columns.span_bounds(body)
    assert bounds is not None
    from annexa.actions.intake_spans import NAMES, columns_of_spans

    _, read = columns_of_spans(otlp_columns.read_spans(body, bounds[0], NAMES), {}, now=0)
    assert read.all()


def test_what_no_log_can_hold_is_counted_and_said(tmp_path: Path) -> None:
    """Partial success: the others are kept, and the sender is told how many are not and why."""
    done, events = taken(tmp_path, request_of([span(1), span(2, trace_id=b"short"), span(3, span_id=bytes(8))]))
    assert (done.accepted, done.rejected) == (1, 2)
    assert "no trace id of 16 bytes" in done.because
    assert [event.span_id for event in events] == [(1).to_bytes(8, "big")]


def test_rules_decide_whose_records_they_are(tmp_path: Path) -> None:
    """What no rule names waits in quarantine, under no system."""
    rule = Rule(attribute="service.name", how=Compared.EQUALS, value="agent", system="helpdesk")
    source = Source(slug="collector", name="Collector", rules=(rule,), otherwise=FULL)
    request = ExportTraceServiceRequest()
    for name in ("agent", "stranger"):
        one = request.resource_spans.add()
        one.resource.attributes.extend(pairs_of([("service.name", name)]))
        one.scope_spans.add().spans.append(span(len(name)))
    _, events = taken(tmp_path, request.SerializeToString(), source)
    assert {(event.service, event.system) for event in events} == {("agent", "helpdesk"), ("stranger", "")}


SECRETIVE = [
    ("gen_ai.input.messages", "I am jane@example.org, card 4111 1111 1111 1111"),
    ("gen_ai.output.messages", "Thank you."),
    ("user.id", "jane"),
    ("http.request.header.authorization", "Bearer 123"),
]


@pytest.mark.parametrize("count", [1, 30])
@pytest.mark.parametrize("choice", list(Kept))
def test_what_is_kept_is_a_choice(tmp_path: Path, choice: Kept, count: int) -> None:
    """Full text, redacted, or a digest only; and the names of users as pseudonyms, whichever."""
    source = Source(slug="s", name="S", system="x", otherwise=Choice(kept=choice))
    _, events = taken(tmp_path, request_of([span(n, SECRETIVE) for n in range(1, count + 1)]), source)
    assert len(events) == count
    for event in events:
        assert event.kept == choice
        assert event.user is not None
        assert event.user.startswith("u-")
        assert event.input_length == len(SECRETIVE[0][1])
        assert event.input is not None
        match choice:
            case Kept.FULL:
                assert event.input == SECRETIVE[0][1]
            case Kept.REDACTED:
                assert event.input == "I am [email], card [card]"
            case Kept.DIGEST:
                assert event.input.startswith("hmac:")
                assert event.attributes is None
    held = b"".join(path.read_bytes() for path in journals(tmp_path))
    assert b"Bearer 123" not in held
    assert (b"4111" in held) == (choice is Kept.FULL)


def test_an_organisation_s_own_patterns(tmp_path: Path) -> None:
    """Beside ours, in the syntax of RE2."""
    choice = Choice(patterns=(Pattern(name="customer", pattern=r"C-\d{4}"),))
    source = dataclasses.replace(SOURCE, otherwise=choice)
    _, events = taken(tmp_path, request_of([span(1, [("input.value", "about C-1234")])]), source)
    assert events[0].input == "about [customer]"


def test_texts_that_are_too_long_are_cut(tmp_path: Path) -> None:
    """One value does not fill the log; what was cut off can still be proven by its digest."""
    _, events = taken(tmp_path, request_of([span(1, [("input.value", "x" * 300_000), ("session.id", "c" * 9_000)])]))
    assert events[0].input is not None
    assert events[0].conversation is not None
    assert "[cut: 300,000 characters" in events[0].input
    assert len(events[0].conversation) < 700
    assert events[0].input_length == 300_000


def test_lines_of_events(tmp_path: Path) -> None:
    """Predictions with their features, and what happened to models."""
    one = intake_in(tmp_path)
    lines = [
        {
            "at": "2026-05-01T09:30:00+02:00",
            "kind": "inference",
            "prediction": "yes",
            "score": 0.9,
            "features": {"age": 41},
        },
        {"at": 1_780_000_000, "kind": "retraining", "model": "m", "model_version": "2", "attributes": {"run": 7}},
    ]
    done = one.lines("\n".join(map(json.dumps, lines)).encode(), source=SOURCE)
    assert done == Taken(accepted=2)
    first, second = kept(tmp_path)
    assert (first.at, first.prediction, first.features) == (1_777_620_600_000_000, "yes", {"age": 41.0})
    assert (second.kind, second.attributes) == ("retraining", '{"run":7}')


def test_every_mistake_in_lines_is_named_and_nothing_kept(tmp_path: Path) -> None:
    """All at once, each with its line or event."""
    one = intake_in(tmp_path)
    with pytest.raises(LinesError) as caught:
        one.lines(b'{"at": 1, "modle": "x"}\n{"kind": "no"}\n{"at": "yesterday", "score": "high"}', source=SOURCE)
    assert caught.value.problems == [
        "event 1: modle is no field of an event; put it into attributes",
        "event 2: `at` says when it happened and is missing",
        "event 2: `kind` is 'no'; write inference, tool_call, retrieval, agent, access, evaluation, retraining, "
        "deployment, configuration, override, step",
        "event 3: `at` is 'yesterday'; write 2026-05-01T09:30:00Z",
        "event 3: `score` is no number",
    ]
    with pytest.raises(LinesError, match="line 2 is no JSON"):
        one.lines(b'{"at": 1}\n{', source=SOURCE)
    assert kept(tmp_path) == []


CALL = {
    "id": "chatcmpl-1",
    "litellm_call_id": "c-1",
    "trace_id": "conv-1",
    "call_type": "acompletion",
    "status": "success",
    "custom_llm_provider": "openai",
    "startTime": 1795200792.230556,
    "endTime": 1795200792.437432,
    "model": "gpt-4o",
    "prompt_tokens": 10,
    "completion_tokens": 20,
    "response_cost": 0.000225,
    "messages": [{"role": "user", "content": "Hi"}],
    "response": {
        "model": "gpt-4o-2026",
        "choices": [
            {
                "finish_reason": "stop",
                "message": {
                    "role": "assistant",
                    "content": "Hello",
                    "tool_calls": [{"id": "t1", "function": {"name": "search", "arguments": "{}"}}],
                },
            }
        ],
    },
    "model_parameters": {"user": "user-17", "temperature": 0.2},
    "metadata": {"user_api_key_user_id": None},
}


@pytest.mark.parametrize("body", [json.dumps([CALL]), json.dumps(CALL), json.dumps(CALL) + "\n"])
def test_what_litellm_sends(tmp_path: Path, body: str) -> None:
    """Its generic API callback, in each of its three forms."""
    assert intake_in(tmp_path).lines(body.encode(), source=SOURCE).accepted == 1
    (event,) = kept(tmp_path)
    assert (event.kind, event.operation, event.model, event.model_version) == (
        "inference",
        "chat",
        "gpt-4o",
        "gpt-4o-2026",
    )
    assert (event.record_id, event.conversation, event.user) == ("chatcmpl-1", "conv-1", "user-17")
    assert (event.at, event.input_tokens, event.cost, event.currency) == (1795200792230556, 10, 0.000225, "USD")
    assert event.output is not None
    assert json.loads(event.output)[0]["parts"][1]["name"] == "search"


@pytest.mark.parametrize("body", [b"\xff\xfe", b"\x0a\x05abc", b"not protobuf at all"])
def test_what_is_no_protobuf_is_refused_whole(tmp_path: Path, body: bytes) -> None:
    """400, and nothing is kept."""
    with pytest.raises(OtlpError):
        intake_in(tmp_path).traces(body, as_json=False, source=SOURCE)
    assert kept(tmp_path) == []


def test_invalid_utf8_in_protobuf_is_refused(tmp_path: Path) -> None:
    """A text that is none: proto3 has UTF-8 only."""
    body = request_of([span(1, [("input.value", "MARK")])]).replace(b"MARK", b"\xff\xfe\xfd\xfc")
    with pytest.raises(OtlpError):
        intake_in(tmp_path).traces(body, as_json=False, source=SOURCE)


def test_the_key_is_made_once(tmp_path: Path) -> None:
    """Readable by its owner only; the same for whoever comes later."""
    assert intake_key(tmp_path) == intake_key(tmp_path)
    assert len(intake_key(tmp_path)) == 32
    assert (tmp_path / "keys" / "activity.key").stat().st_mode & 0o077 == 0


def test_a_table_of_predictions(tmp_path: Path) -> None:
    """Each row is an event with its features; users are pseudonyms here, too."""
    one = intake_in(tmp_path)
    data = b"at,prediction,score,user,income\n2026-05-01T09:30:00Z,yes,0.9,jane,10\n2026-05-01T09:31:00Z,no,0.1,joe,\n"
    source = dataclasses.replace(SOURCE, otherwise=Choice())
    assert one.predictions(data, as_parquet=False, named={}, source=source) == Taken(accepted=2)
    first, second = kept(tmp_path)
    assert (first.kind, first.prediction, first.score, first.features) == ("inference", "yes", 0.9, {"income": 10.0})
    assert second.features == {}
    assert first.user is not None
    assert first.user.startswith("u-")
    rule = Rule(attribute="annexa.system", how=Compared.EQUALS, value="risk", system="risk")
    ruled = Source(slug="batch", name="Batch", rules=(rule,), otherwise=FULL)
    one.predictions(data, as_parquet=False, named={"system": "risk"}, source=ruled)
    one.predictions(data, as_parquet=False, named={}, source=ruled)
    assert [event.system for event in kept(tmp_path)[2:]] == ["risk", "risk", "", ""]
