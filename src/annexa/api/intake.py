"""Where AI systems send what they did: OTLP over HTTP, and events of our own. Beside Django's own way, since nothing of
it is needed here: no session, no page, no form; only a token, a body and an answer that is given once the disk has it.

    POST /v1/traces, /v1/logs   OTLP, protobuf or JSON, gzip or not (OpenTelemetry protocol 1.x)
    POST /api/v1/activity       NDJSON of events, a JSON array of them, what LiteLLM's generic API callback sends, or a
                                table of predictions: CSV or Parquet

Errors of OTLP are google.rpc.Status in the type that was sent, those of the other are problem details (RFC 9457).
Whoever is told 429 or 503 comes again after Retry-After; what was told 200 is kept.
"""

import json
import logging
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from django.conf import settings
from django.db import Error, close_old_connections

from annexa.api.watching import REQUESTS

if TYPE_CHECKING:
    from annexa.actions.intake import Intake, Taken
    from annexa.pure.activity_sources import Source

TRACES, LOGS, LINES = "/v1/traces", "/v1/logs", "/api/v1/activity"
LARGEST: Final = 64 * 1024 * 1024
"""Bytes of a body, unpacked; what is larger is refused with 413 (the protocol advises this limit)."""
AT_ONCE: Final = 4
"""Requests that are worked on at once; further ones wait a moment."""
IN_MEMORY: Final = 128 * 1024 * 1024
"""Bytes of bodies that are held at once, by all requests together."""
PATIENCE_SECONDS: Final = 10
NOTED_EVERY_SECONDS: Final = 60
AGAIN_AFTER_SECONDS: Final = 2
_HEARD: Final[dict[str, float]] = {}
"""By token: when it was last remembered that events came with it, by the clock of this process."""
_CODES: Final = {400: 3, 401: 16, 403: 7, 405: 12, 413: 11, 415: 3, 429: 8, 500: 13, 501: 12, 503: 14}
"""google.rpc.Code of each status."""
_PROTOBUF, _JSON = "application/x-protobuf", "application/json"
Environ = Mapping[str, Any]
Start = Callable[[str, list[tuple[str, str]]], Any]
log = logging.getLogger("annexa.intake")
security = logging.getLogger("annexa.security")


class RefusedError(Exception):
    """A request is not taken in; `status` and the sentence say why, `again`: after how many seconds to come again."""

    def __init__(self, status: int, detail: str, *, again: int = 0) -> None:
        super().__init__(detail)
        self.status, self.again = status, again


@dataclass(slots=True)
class Room:
    """How much is worked on at once, in requests and in bytes; whoever finds none waits, and not for ever."""

    requests: int = 0
    size: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def taken(self, size: int) -> Any:
        """Holds room for one request of so many bytes. Raises RefusedError."""
        with self.changed:
            free = self.changed.wait_for(
                lambda: self.requests < AT_ONCE and (self.size + size <= IN_MEMORY or not self.requests),
                PATIENCE_SECONDS,
            )
            if not free:
                raise RefusedError(503, "Too much arrives at once.", again=AGAIN_AFTER_SECONDS)
            self.requests += 1
            self.size += size
        try:
            yield
        finally:
            with self.changed:
                self.requests -= 1
                self.size -= size
                self.changed.notify_all()


ROOM: Final = Room()


def is_meant(environ: Environ) -> bool:
    """Whether a request is one of those that are taken in here."""
    path = environ.get("PATH_INFO")
    return path in {TRACES, LOGS} or (path == LINES and environ["REQUEST_METHOD"] == "POST")


def receive(environ: Environ, start: Start) -> Iterable[bytes]:
    """Answers one request, as WSGI has it."""
    path, started = environ["PATH_INFO"], time.perf_counter()
    as_json = path == LINES or _type(environ) == _JSON
    try:
        status, body, headers = 200, _answer(path, _taken(path, environ, as_json=as_json), as_json=as_json), []
    except RefusedError as refused:
        status, body = refused.status, _problem(path, refused.status, str(refused), as_json=as_json)
        headers = [("Retry-After", str(refused.again))] if refused.again else []
        if status == 401:
            headers.append(("WWW-Authenticate", 'Bearer realm="annexa"'))
            security.warning("Refused with 401: %s by a stranger", path.removeprefix("/"))
        if status == 405:
            headers.append(("Allow", "POST"))
    except Exception:
        log.exception("What arrived could not be taken in.")
        status, headers = 500, []
        body = _problem(path, 500, "Annexa failed; the log of the server says where.", as_json=as_json)
    kind = _PROTOBUF if not as_json else _JSON if status == 200 or path != LINES else "application/problem+json"
    start(_line(status), [("Content-Type", kind), ("Content-Length", str(len(body))), *headers])
    seconds = time.perf_counter() - started
    REQUESTS.count(method=environ["REQUEST_METHOD"], route=path[1:], status=status, seconds=seconds)
    return [body]


def _taken(path: str, environ: Environ, *, as_json: bool) -> "Taken":
    if settings.HTTPS_ONLY and not _is_secure(environ):
        raise RefusedError(403, "Use https. What was sent in the clear may be known now.")
    if environ["REQUEST_METHOD"] != "POST":
        raise RefusedError(405, "Send it with POST.")
    if _type(environ) not in ({_PROTOBUF, _JSON} if path != LINES else _LINE_TYPES):
        raise RefusedError(415, f"Content-Type is {_type(environ)[:80]!r}; send {_PROTOBUF} or {_JSON}.")
    source = _source(environ)
    size = _size(environ)
    with ROOM.taken(max(size, 1)):
        body = _body(environ, size)
        taken = _kept(environ, path, body, as_json=as_json, source=source)
    _note(source)
    return taken


def _note(source: "Source") -> None:
    """Remembers, at most once a minute, that the source was heard. What was kept is kept even if that fails."""
    now = time.monotonic()
    if now - _HEARD.get(source.token, -NOTED_EVERY_SECONDS) < NOTED_EVERY_SECONDS:
        return
    from annexa.actions.activity_sources import note_heard

    _HEARD[source.token] = now
    try:
        note_heard(token=source.token, now=datetime.now(UTC))
    except Error as error:
        log.warning("That a source was heard could not be remembered: %s", str(error).strip())


_CSV: Final = "text/csv"
_TABLE_TYPES: Final = frozenset({_CSV, "application/vnd.apache.parquet", "application/x-parquet"})
_LINE_TYPES: Final = _TABLE_TYPES | {_JSON, "application/x-ndjson", "application/jsonl", "application/x-jsonlines"}


def _kept(environ: Environ, path: str, body: bytes, *, as_json: bool, source: "Source") -> "Taken":
    from annexa.activity import BacklogError, JournalError

    intake, kind = _intake(), _type(environ)
    named = dict(parse_qsl(environ.get("QUERY_STRING", "")[:4_000]))
    try:
        if path == TRACES:
            return intake.traces(body, as_json=as_json, source=source)
        if path == LOGS:
            return intake.logs(body, as_json=as_json, source=source)
        if kind in _TABLE_TYPES:
            return intake.predictions(body, as_parquet=kind != _CSV, named=named, source=source)
        return intake.lines(body, source=source)
    except (BacklogError, JournalError) as error:
        raise RefusedError(503, str(error), again=AGAIN_AFTER_SECONDS) from error
    except ValueError as error:  # what the adapters find wrong with a body
        raise RefusedError(400, str(error)) from error


def _source(environ: Environ) -> "Source":
    """Who sends. Raises RefusedError."""
    from annexa.answers.activity_sources import source_of
    from annexa.answers.tokens import TokenRefusedError

    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise RefusedError(401, "Send the token of a source: Authorization: Bearer …")
    try:
        close_old_connections()
        return source_of(token.strip(), now=datetime.now(UTC))
    except TokenRefusedError as error:
        raise RefusedError(401, str(error)) from error
    except Error as error:
        raise RefusedError(503, "The database does not answer.", again=AGAIN_AFTER_SECONDS) from error


def _body(environ: Environ, size: int) -> bytes:
    """The body, unpacked. Raises RefusedError."""
    stream = environ["wsgi.input"]
    data = stream.read(size) if size else stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise RefusedError(413, f"More than {LARGEST:,} bytes; send smaller batches.")
    if len(data) < size:
        raise RefusedError(400, f"The body has {len(data):,} bytes instead of the {size:,} that were announced.")
    encoding = environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding in {"", "identity"}:
        return bytes(data)
    if encoding != "gzip":
        raise RefusedError(415, f"Content-Encoding is {encoding[:40]!r}; send gzip or none.")
    return _unpacked(data)


def _unpacked(data: bytes) -> bytes:
    unpack = zlib.decompressobj(31)
    try:
        found = unpack.decompress(data, LARGEST + 1)
    except zlib.error:
        raise RefusedError(400, "The body is no gzip.") from None
    if len(found) > LARGEST:
        raise RefusedError(413, f"More than {LARGEST:,} bytes, unpacked; send smaller batches.")
    if not unpack.eof:
        raise RefusedError(400, "The gzip ends too early.")
    return found


def _size(environ: Environ) -> int:
    """How long the body says it is; 0 where it does not. Raises RefusedError."""
    said = environ.get("CONTENT_LENGTH") or "0"
    if not said.isdecimal():
        raise RefusedError(400, "Content-Length is no number.")
    if int(said) > LARGEST:
        raise RefusedError(413, f"{int(said):,} bytes; at most {LARGEST:,} are taken. Send smaller batches.")
    return int(said)


def _is_secure(environ: Environ) -> bool:
    return "https" in {environ.get("wsgi.url_scheme"), environ.get("HTTP_X_FORWARDED_PROTO")}


def _type(environ: Environ) -> str:
    return str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()


def _line(status: int) -> str:
    from http import HTTPStatus

    return f"{status} {HTTPStatus(status).phrase}"


def _answer(path: str, taken: "Taken", *, as_json: bool) -> bytes:
    """What whoever sent is told: nothing more where all was taken."""
    if path == LINES:
        return json.dumps({"accepted": taken.accepted, "rejected": taken.rejected}).encode()
    if not taken.rejected:
        return b"{}" if as_json else b""
    if as_json:
        name = "rejectedSpans" if path == TRACES else "rejectedLogRecords"
        return json.dumps({"partialSuccess": {name: str(taken.rejected), "errorMessage": taken.because}}).encode()
    partial = b"\x08" + _varint(taken.rejected) + _text(2, taken.because)
    return b"\x0a" + _varint(len(partial)) + partial


def _problem(path: str, status: int, detail: str, *, as_json: bool) -> bytes:
    if path == LINES:
        from annexa.api.problems import KINDS

        kind, title = KINDS.get(status, KINDS[500])
        return json.dumps(
            {"type": f"urn:annexa:problem:{kind}", "title": title, "status": status, "detail": detail}
        ).encode()
    if as_json:
        return json.dumps({"code": _CODES[status], "message": detail}).encode()
    return b"\x08" + _varint(_CODES[status]) + _text(2, detail)


def _text(number: int, said: str) -> bytes:
    """A field of text of a protobuf message."""
    data = said.encode()
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes((*found, number))


_OPENING: Final = threading.Lock()


def _intake() -> "Intake":
    """Where records go, once for a process; made, with the heavy packages it needs, when the first request comes.

    Raises RefusedError.
    """
    with _OPENING:
        return _opened()


@cache
def _opened() -> "Intake":
    if find_spec("pyarrow") is None:
        raise RefusedError(501, 'The activity log is not installed: pip install "annexa[activity]".')
    from annexa.actions.intake import open_intake

    try:
        return open_intake(settings.HOME)
    except OSError as error:
        raise RefusedError(503, f"Nothing can be kept: {error.strerror}.", again=AGAIN_AFTER_SECONDS) from error
