"""Figures for Prometheus, as text (exposition format 0.0.4): counts and sizes, nothing about people or systems."""

import os
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hmac import compare_digest
from ipaddress import ip_address
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse

from annexa import __version__
from annexa.actions.worker import WORKED
from annexa.answers.measures import measures
from annexa.api.watching import BOUNDS, REQUESTS

TYPE = "text/plain; version=0.0.4; charset=utf-8"
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")
"""What proxies add: a request that has one of them comes from elsewhere, whatever address the proxy has."""
_STARTED = time.time()
Labels = tuple[tuple[str, str], ...]
Sample = tuple[str, Labels, float]


def metrics(request: HttpRequest) -> HttpResponse:
    """Everything, for this machine only, or for whoever has the token of ANNEXA_METRICS_TOKEN if one is set."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        if not compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()):
            return HttpResponse(
                "Send the token: Authorization: Bearer …\n", status=401, content_type="text/plain; charset=utf-8",
                headers={"WWW-Authenticate": 'Bearer realm="metrics"'},
            )  # fmt: skip
    elif not _from_here(request):
        return HttpResponse(
            "Figures are for this machine only; ANNEXA_METRICS_TOKEN opens them to others.\n", status=403,
            content_type="text/plain; charset=utf-8",
        )  # fmt: skip
    return HttpResponse("".join(_lines()), content_type=TYPE)


def _from_here(request: HttpRequest) -> bool:
    try:
        here = ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
    return here and not any(name in request.headers for name in FORWARDED)


def _lines() -> Iterator[str]:
    answered, classes, seconds = REQUESTS.taken()
    yield from _family(
        "annexa_requests_total", "counter", "Requests answered, by route.",
        (
            ("", (("method", method), ("route", route), ("status", str(status))), count)
            for (method, route, status), count in sorted(answered.items())
        ),
    )  # fmt: skip
    yield from _family(
        "annexa_request_seconds", "histogram", "How long requests took, by route.", _histogram(classes, seconds)
    )
    for name, kind, means, value in _gauges():
        yield from _family(name, kind, means, [("", (), value)])
    yield from _family(
        "annexa_build_info", "gauge", "Always 1; which version it is.", [("", (("version", __version__),), 1)]
    )


def _histogram(classes: dict[str, list[int]], seconds: dict[str, float]) -> Iterator[Sample]:
    for route, found in sorted(classes.items()):
        label, total = ("route", route), 0
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), found, strict=True):
            total += count
            yield "_bucket", (label, ("le", bound)), total
        yield "_sum", (label,), round(seconds[route], 6)
        yield "_count", (label,), total


def _gauges() -> Iterator[tuple[str, str, str, float]]:
    try:
        found = measures(now=datetime.now(UTC))
    except DatabaseError:
        found = ()
    yield "annexa_database_up", "gauge", "Whether the database answered just now.", 1 if found else 0
    yield from ((one.name, "gauge", one.means, one.value) for one in found)
    yield "annexa_worker_rounds_total", "counter", "Rounds of the worker that publishes the ledger.", WORKED.rounds
    yield "annexa_worker_failures_total", "counter", "Rounds that failed; the log says where.", WORKED.failures
    usage = resource.getrusage(resource.RUSAGE_SELF)
    yield "process_cpu_seconds_total", "counter", "Processor time used.", round(usage.ru_utime + usage.ru_stime, 3)
    yield "process_resident_memory_bytes", "gauge", "Memory held.", _memory(usage.ru_maxrss)
    yield "process_start_time_seconds", "gauge", "When this process began, since 1970.", round(_STARTED, 3)


def _memory(most: int) -> int:
    """What is held now; where the system does not say, the most there ever was."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return most if sys.platform == "darwin" else most * 1024
    return pages * os.sysconf("SC_PAGE_SIZE")


def _family(name: str, kind: str, means: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP {name} {means}\n# TYPE {name} {kind}\n"
    for suffix, labels, value in samples:
        said = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
        yield f"{name}{suffix}{{{said}}} {value}\n" if said else f"{name}{suffix} {value}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
