"""Lines for whoever watches the server: as JSON or plain, with no secret and nothing about people in them.

A line says which route was asked for, never the address itself: addresses hold the names of systems and the tokens of
links. Of an error it says the kind and where in the program it happened, never its text, which may quote what somebody
typed.
People are person/ID, as in the ledger. Queries, bodies, cookies and headers are nowhere.
"""

import json
import logging
import time
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from django.http import HttpRequest
from django.urls import Resolver404, resolve

from annexa.pure.actors import person_id
from annexa.pure.tokens import hide_tokens

current: ContextVar[HttpRequest | None] = ContextVar("annexa_request", default=None)
"""The request that is being answered; lines written meanwhile carry its id."""

UNMATCHED = "unmatched"
Exc = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def route_of(request: HttpRequest) -> str:
    """The pattern of the address that was asked for, such as systems/<slug:slug>."""
    match = request.resolver_match
    if match is None:
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return UNMATCHED
    return match.route or "/"


def actor_of(request: HttpRequest) -> str:
    """Who asked, as far as anybody looked; "" for strangers."""
    if held := request.__dict__.get("bearer"):
        return str(held.actor.id)
    user = request.__dict__.get("_cached_user") or request.__dict__.get("user")
    number = getattr(user, "pk", None) if getattr(user, "is_authenticated", False) else None
    return "" if number is None else person_id(number)


class ThreadsAreMeant(logging.Filter):
    """Leaves out that a server process has more threads than its machine has processors: some of them wait."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is something else."""
        return "Python threads" not in record.getMessage()


class Lines(logging.Formatter):
    """Plain lines: time in UTC, level, part, sentence."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("{asctime}Z {levelname} {name}: {message}", datefmt="%Y-%m-%dT%H:%M:%S", style="{")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  the name is that of logging
        """On one line, whatever is in it: nobody writes a line of their own into the log."""
        return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        """One line, and further ones only for where an error happened; no token can be read in it."""
        return hide_tokens(super().format(_discreet(record)))

    def formatException(self, ei: Exc) -> str:  # noqa: N802  the name is that of logging
        """The kind of an error and where it happened, without its text."""
        return "\n".join(f"  {line}" for line in _where(ei))


class JsonLines(Lines):
    """One JSON object on a line, whatever is in it."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, part and sentence; within a request its id and who asked; what the event itself adds."""
        record = _discreet(record)
        said: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        request = current.get() or getattr(record, "request", None)
        if isinstance(request, HttpRequest):
            said["request_id"] = getattr(request, "id", "")
            said["actor"] = actor_of(request)
        said |= getattr(record, "said", {})
        if record.exc_info:
            said["error"] = _where(record.exc_info)
        return hide_tokens(json.dumps(said, default=str))


def _discreet(record: logging.LogRecord) -> logging.LogRecord:
    """A record of the framework, with the route where it would quote the address."""
    request = getattr(record, "request", None)
    if isinstance(request, HttpRequest):
        record = logging.makeLogRecord(record.__dict__)
        record.exc_text = None
        if record.name.startswith("django.security."):
            record.msg, record.args = "Refused: %s on %s", (record.name.rpartition(".")[2], route_of(request))
        else:
            status = getattr(record, "status_code", "")
            record.msg, record.args = "Answered %s on %s", (status, route_of(request))
    return record


def _where(error: Exc) -> list[str]:
    """From the outside in; last the kind of error."""
    found: list[str] = []
    kind, one, _ = error
    while one is not None:
        frames = traceback.extract_tb(one.__traceback__)
        found = [*(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames), type(one).__name__, *found]
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return found if kind is not None else []
