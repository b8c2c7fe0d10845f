"""Where AI systems send what they did: who may, what is taken, what is refused and how senders are told."""

import gzip
import io
import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from annexa.actions import intake as opening
from annexa.actions.activity_sources import open_source
from annexa.actions.intake import Intake
from annexa.actions.people import actor_of
from annexa.actions.tokens import revoke_token
from annexa.activity.journal import Journal
from annexa.answers.activity_sources import forget
from annexa.api import intake
from annexa.api.intake import LINES, LOGS, TRACES, is_meant, receive
from annexa.api.shapes import now as clock
from annexa.pure.activity_sources import Choice, Source, Users
from annexa.pure.events import Kept
from annexa.records.people import Person
from annexa.records.tokens import ApiToken
from tests.actions.test_intake import CALL, intake_in, kept, request_of, span

pytestmark = pytest.mark.django_db
PROTOBUF, JSON = "application/x-protobuf", "application/json"
BODY = request_of([span(1), span(2)])


@dataclass(frozen=True, kw_only=True)
class Said:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture
def token(house: dict[str, Person]) -> str:
    forget()
    person = house["administrator"]
    _, text = open_source(
        slug="gate", name="Gateway", system="credit-score", because="All AI goes through it",
        actor=actor_of(person), person=person, now=clock(),
    )  # fmt: skip
    return text


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    one = intake_in(tmp_path / "journal")
    monkeypatch.setattr(intake, "_intake", lambda: one)
    return tmp_path / "journal"


@pytest.fixture
def send(token: str, folder: Path) -> Callable[..., Said]:
    def sent(path: str = TRACES, body: bytes = BODY, kind: str = PROTOBUF, method: str = "POST", **more: str) -> Said:
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "CONTENT_TYPE": kind,
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_AUTHORIZATION": f"Bearer {token}",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            **more,
        }
        told: dict[str, Any] = {}
        content = b"".join(receive(environ, lambda line, headers: told.update(line=line, headers=dict(headers))))
        assert told["headers"]["Content-Length"] == str(len(content))
        return Said(status=int(told["line"][:3]), headers=told["headers"], body=content)

    return sent


def test_spans_are_taken_and_nothing_more_is_said(send, folder) -> None:
    """Success in full: an empty answer of the type that was sent."""
    said = send()
    assert (said.status, said.body, said.headers["Content-Type"]) == (200, b"", PROTOBUF)
    assert [(event.system, event.source) for event in kept(folder)] == [("credit-score", "gate")] * 2
    assert send(kind=JSON, body=b"{}").body == b"{}"


def test_that_a_source_was_heard_is_remembered(send) -> None:
    """So that a source that fell silent is seen."""
    assert ApiToken.objects.get(holder="service/gate").last_used_at is None
    intake._HEARD.clear()
    send()
    assert ApiToken.objects.get(holder="service/gate").last_used_at is not None


def test_gzip_and_a_body_without_length(send, folder) -> None:
    """As exporters and proxies send it."""
    assert send(body=gzip.compress(BODY), HTTP_CONTENT_ENCODING="gzip").status == 200
    assert send(CONTENT_LENGTH="").status == 200
    assert len(kept(folder)) == 4


def test_partial_success_in_both_types(send) -> None:
    """How many were rejected and why; the sender does not send them again."""
    body = request_of([span(1), span(2, trace_id=b"x")])
    partial = ExportTraceServiceResponse.FromString(send(body=body).body).partial_success
    assert partial.rejected_spans == 1
    assert "trace id" in partial.error_message
    said = {"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "a"}]}]}]}
    found = send(body=json.dumps(said).encode(), kind=JSON).json
    assert found["partialSuccess"]["rejectedSpans"] == "1"


def test_log_records_and_events_of_our_own(send, folder) -> None:
    """The other two addresses."""
    said = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"timeUnixNano": "1000", "eventName": "e"}]}]}]}
    assert send(LOGS, json.dumps(said).encode(), JSON).status == 200
    found = send(LINES, b'{"at": 1}\n{"at": 2}', "application/x-ndjson")
    assert (found.status, found.json) == (200, {"accepted": 2, "rejected": 0})
    assert send(LINES, json.dumps([CALL]).encode(), JSON).json["accepted"] == 1
    assert len(kept(folder)) == 4


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        ({"HTTP_AUTHORIZATION": ""}, 401, "Send the token of a source"),
        ({"HTTP_AUTHORIZATION": "Basic abc"}, 401, "Send the token of a source"),
        ({"HTTP_AUTHORIZATION": "Bearer annexa_x"}, 401, "token"),
        ({"method": "GET"}, 405, "POST"),
        ({"kind": "text/plain"}, 415, "text/plain"),
        ({"HTTP_CONTENT_ENCODING": "br"}, 415, "gzip"),
        ({"HTTP_CONTENT_ENCODING": "gzip"}, 400, "no gzip"),
        ({"HTTP_CONTENT_ENCODING": "gzip", "body": gzip.compress(BODY)[:-9]}, 400, "too early"),
        ({"body": b"\x0a\x05abc"}, 400, "protobuf"),
        ({"CONTENT_LENGTH": "many"}, 400, "no number"),
        ({"CONTENT_LENGTH": "9" * 10}, 413, "smaller batches"),
        ({"CONTENT_LENGTH": "100000"}, 400, "announced"),
        ({"body": gzip.compress(bytes(80 * 1024 * 1024), 1), "HTTP_CONTENT_ENCODING": "gzip"}, 413, "smaller batches"),
    ],
)
def test_what_is_refused_says_why_and_keeps_nothing(send, folder, more, status, words) -> None:
    """As google.rpc.Status in protobuf; the sender knows whether to come again."""
    said = send(**more)
    assert said.status == status
    assert words.encode() in said.body
    assert "Retry-After" not in said.headers
    assert said.headers["Content-Type"] == PROTOBUF
    assert kept(folder) == []


def test_a_token_that_ended_lets_nobody_in(send, folder, house) -> None:
    """Whoever lost it can no longer fill the log."""
    person, token = house["administrator"], ApiToken.objects.get(holder="service/gate")
    revoke_token(actor=actor_of(person), person=person, token=token.id, now=clock())
    forget()
    assert send().status == 401
    assert kept(folder) == []


def test_a_token_for_something_else_sends_nothing(send, program) -> None:
    """Only the scope that is made for it."""
    assert send(HTTP_AUTHORIZATION=f"Bearer {program('administrator', 'read').text}").status == 401


def test_too_much_waiting_asks_to_come_again(send, token, tmp_path, monkeypatch) -> None:
    """503 with Retry-After, which exporters heed."""
    full = Intake(journal=Journal(folder=tmp_path / "full", backlog_bytes=10, spare_bytes=0), key=b"k" * 32)
    monkeypatch.setattr(intake, "_intake", lambda: full)
    for path, body, kind in ((TRACES, BODY, PROTOBUF), (LINES, b'{"at":1}', JSON)):
        said = send(path, body, kind)
        assert said.status == 503
        assert said.headers["Retry-After"] == "2"


def test_where_nothing_can_be_kept_yet_senders_come_again(send, monkeypatch) -> None:
    """A disk that is full before the first request is no reason for exporters to give records up."""

    def full(_home: Path) -> Intake:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(opening, "open_intake", full)
    monkeypatch.setattr(intake, "_intake", intake._opened)
    intake._opened.cache_clear()
    said = send()
    assert (said.status, said.headers["Retry-After"]) == (503, "2")
    assert b"No space left on device" in said.body


def test_too_many_at_once_wait_and_then_are_asked_to_come_again(send, monkeypatch) -> None:
    """Memory stays bounded whatever arrives."""
    monkeypatch.setattr(intake, "PATIENCE_SECONDS", 0.05)
    with intake.ROOM.taken(intake.IN_MEMORY):
        said = send()
    assert (said.status, said.headers["Retry-After"]) == (503, "2")
    assert send().status == 200


def test_without_https_where_it_is_spoken_nothing_is_taken(send, settings) -> None:
    """A token in the clear may be known from then on."""
    settings.HTTPS_ONLY = True
    assert send().status == 403
    assert send(HTTP_X_FORWARDED_PROTO="https").status == 200


def test_problems_of_our_own_events_are_problem_details(send) -> None:
    """RFC 9457, with every mistake."""
    said = send(LINES, b'{"at": 1, "modle": 1}\n{"kind": "x"}', "application/x-ndjson")
    assert said.status == 400
    assert said.headers["Content-Type"] == "application/problem+json"
    assert "modle" in said.json["detail"]
    assert "event 2" in said.json["detail"]


def test_only_these_addresses_go_the_short_way() -> None:
    """Everything else is the pages' and the API's."""
    assert is_meant({"PATH_INFO": TRACES, "REQUEST_METHOD": "GET"})
    assert is_meant({"PATH_INFO": LINES, "REQUEST_METHOD": "POST"})
    assert not is_meant({"PATH_INFO": LINES, "REQUEST_METHOD": "GET"})
    assert not is_meant({"PATH_INFO": "/v1/traces/", "REQUEST_METHOD": "POST"})


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_said: Any) -> None:
        """Says nothing."""


@pytest.fixture
def served(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The application on a port, for a source that needs no database."""
    source = Source(slug="gate", name="Gateway", system="shop", otherwise=Choice(kept=Kept.FULL, users=Users.AS_SENT))
    monkeypatch.setattr(intake, "_source", lambda _: source)
    with make_server("127.0.0.1", 0, receive, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _send_forty(address: str, **headers: str) -> None:
    """As a program does that has the SDK of OpenTelemetry."""
    exporter = OTLPSpanExporter(endpoint=f"{address}/v1/traces", headers=headers)
    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("t")
    for number in range(40):
        said = {"gen_ai.operation.name": "chat", "gen_ai.input.messages": f"Hi {number}", "user.id": "jane"}
        with tracer.start_as_current_span("chat", attributes=said):
            pass
    provider.force_flush()
    provider.shutdown()


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def _waits_for(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_exporter_of_the_opentelemetry_sdk(served, folder) -> None:
    """A program that sends to another backend changes one address and a header."""
    _send_forty(served, Authorization="Bearer x")
    events = kept(folder)
    assert sorted(str(event.input) for event in events) == sorted(f"Hi {n}" for n in range(40))
    assert {(event.service, event.user, event.kind) for event in events} == {("shop", "jane", "inference")}


@pytest.mark.slow
def test_through_a_collector(served, folder, monkeypatch, tmp_path) -> None:
    """A program sends to a collector, which batches, packs, and sends again what is refused with 503 meanwhile."""
    agent = os.environ.get("ANNEXA_TEST_COLLECTOR", "")
    if not agent:
        pytest.skip("ANNEXA_TEST_COLLECTOR names no collector: the file rotel-agent of the package rotel")
    asked: list[tuple[str, ...]] = []
    real = intake._taken

    def taken(path: str, environ: Any, *, as_json: bool) -> Any:
        asked.append(tuple(environ.get(f"HTTP_{name}", "") for name in ("AUTHORIZATION", "CONTENT_ENCODING")))
        if len(asked) <= 2:
            raise intake.RefusedError(503, "The disk that keeps what arrives is nearly full.", again=1)
        return real(path, environ, as_json=as_json)

    monkeypatch.setattr(intake, "_taken", taken)
    with socket.socket() as one, socket.socket() as two:
        for free in (one, two):
            free.bind(("127.0.0.1", 0))
        here, other = (free.getsockname()[1] for free in (one, two))
    said = [
        "--otlp-http-endpoint", f"127.0.0.1:{here}", "--otlp-grpc-endpoint", f"127.0.0.1:{other}",
        "--exporter", "otlp", "--otlp-exporter-protocol", "http", "--otlp-exporter-endpoint", served,
        "--otlp-exporter-custom-headers", "Authorization=Bearer x", "--otlp-exporter-compression", "gzip",
        "--batch-timeout", "200ms", "--otlp-exporter-retry-initial-backoff", "200ms",
    ]  # fmt: skip
    with (tmp_path / "collector.log").open("wb") as log:
        collector = subprocess.Popen([agent, "start", *said], stdout=log, stderr=log)
    try:
        _waits_for(lambda: _listens(here))
        _send_forty(f"http://127.0.0.1:{here}")
        _waits_for(lambda: len(kept(folder)) >= 40)
    finally:
        collector.terminate()
        collector.wait(20)
    assert sorted(str(event.input) for event in kept(folder)) == sorted(f"Hi {n}" for n in range(40))
    assert len(asked) > 2
    assert set(asked) == {("Bearer x", "gzip")}
