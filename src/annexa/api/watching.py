"""What happens to every request before and after anything else: it gets an id, is timed, counted and logged."""

import logging
import re
import secrets
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse

from annexa.api import logs

Handler = Callable[[HttpRequest], HttpResponse]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds: the upper ends of the histogram's classes; one more has no end."""
GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
log = logging.getLogger("annexa.requests")
security = logging.getLogger("annexa.security")
REFUSED = frozenset({400, 401, 403, 413, 429})
"""Answers to who may not, asks too often, or sends what no page of ours sends; each leaves a line of its own."""


@dataclass(slots=True, kw_only=True)
class Requests:
    """How many requests were answered, and how fast, since this process began. Threads may count at once."""

    answered: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    classes: dict[str, list[int]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """One more."""
        with self._lock:
            self.answered[method if method in METHODS else "other", route, status] += 1
            found = self.classes.setdefault(route, [0] * (len(BOUNDS) + 1))
            found[bisect_left(BOUNDS, seconds)] += 1
            self.seconds[route] = self.seconds.get(route, 0.0) + seconds

    def taken(self) -> tuple[dict[tuple[str, str, int], int], dict[str, list[int]], dict[str, float]]:
        """All counts as they are at one moment."""
        with self._lock:
            classes = {route: list(found) for route, found in self.classes.items()}
            return dict(self.answered), classes, dict(self.seconds)


REQUESTS = Requests()


def watched(handle: Handler) -> Handler:
    """Gives each request an id, the one its sender gave if it is a plain one; the answer carries it as X-Request-ID."""

    def answer(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        known = given if GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
        request.id = known  # type: ignore[attr-defined]
        token, started = logs.current.set(request), time.perf_counter()
        try:
            response = handle(request)
            seconds, route = time.perf_counter() - started, logs.route_of(request)
            REQUESTS.count(method=request.method or "", route=route, status=response.status_code, seconds=seconds)
            said = {
                "method": request.method if request.method in METHODS else "other", "route": route,
                "status": response.status_code, "ms": round(seconds * 1000, 1),
            }  # fmt: skip
            log.info("answered", extra={"said": said})
            if response.status_code in REFUSED:
                who = logs.actor_of(request) or "a stranger"
                security.warning("Refused with %s: %s by %s", response.status_code, route, who)
            response.headers["X-Request-ID"] = known
            return response
        finally:
            logs.current.reset(token)

    return answer
