"""Figures for Prometheus, as text (exposition format 0.0.4): counts and sizes, nothing about people or systems.

Whichever process answers gives out what every live one counted, each under its own name: a sum over processes is the
whole, and a count that begins anew is that of a new process.
"""

import os
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hmac import compare_digest
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse

from annexa import __version__
from annexa.actions import worker
from annexa.actions.processes import name_here
from annexa.answers.measures import measures
from annexa.answers.processes import alive
from annexa.api.watching import BOUNDS, REQUESTS

TYPE = "text/plain; version=0.0.4; charset=utf-8"
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")
"""What proxies add: a request that has one of them comes from elsewhere, whatever address the proxy has."""
_STARTED = time.time()
Labels = tuple[tuple[str, str], ...]
Sample = tuple[str, Labels, float]


def metrics(request: HttpRequest) -> HttpResponse:
    """Everything, for this machine only, or for whoever has the token of ANNEXA_METRICS_TOKEN if one is set.

    Behind proxies only for whoever has the token: what one of them passes on may look as if it came from here.
    """
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        if not compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode()):
            return HttpResponse(
                "Send the token: Authorization: Bearer …\n", status=401, content_type="text/plain; charset=utf-8",
                headers={"WWW-Authenticate": 'Bearer realm="metrics"'},
            )  # fmt: skip
    elif settings.PROXIES:
        return HttpResponse(
            "Behind a proxy figures need a token: set ANNEXA_METRICS_TOKEN.\n", status=403,
            content_type="text/plain; charset=utf-8",
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


def counted_here() -> dict[str, Any]:
    """What this process has counted since it began, as JSON: so other processes can give it out as well."""
    answered, classes, seconds = REQUESTS.taken()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "answered": [[*key, count] for key, count in sorted(answered.items())],
        "classes": classes,
        "seconds": {route: round(spent, 6) for route, spent in seconds.items()},
        "worker": worker.figures() if settings.WORKER else {},
        "cpu": round(usage.ru_utime + usage.ru_stime, 3),
        "memory": _memory(usage.ru_maxrss),
        "started": round(_STARTED, 3),
    }


def _all() -> dict[str, dict[str, Any]]:
    """What every live process has counted, by its name: this one as of now, others as they told last."""
    try:
        told = {one.name: one.figures for one in alive(now=datetime.now(UTC))}
    except Error:
        told = {}
    return told | {name_here(): counted_here()}


def _lines() -> Iterator[str]:
    counted = sorted(_all().items())
    yield from _family(
        "annexa_requests_total", "counter", "Requests answered, by process and route.",
        (
            ("", (("process", name), ("method", method), ("route", route), ("status", str(status))), count)
            for name, one in counted for method, route, status, count in one.get("answered", ())
        ),
    )  # fmt: skip
    yield from _family(
        "annexa_request_seconds", "histogram", "How long requests took, by process and route.",
        (sample for name, one in counted for sample in _histogram(name, one)),
    )  # fmt: skip
    for family, kind, means, key in _OF_PROCESSES:
        samples = [
            ("", (("process", name),), value) for name, one in counted if (value := _inside(one, key)) is not None
        ]
        yield from _family(family, kind, means, samples)
    for name, kind, means, value in _gauges():
        yield from _family(name, kind, means, [("", (), value)])
    yield from _family(
        "annexa_build_info", "gauge", "Always 1; which version it is.", [("", (("version", __version__),), 1)]
    )


_OF_PROCESSES = (
    ("annexa_worker_rounds_total", "counter", "Rounds of a worker that publishes the ledger.", "worker.rounds"),
    ("annexa_worker_failures_total", "counter", "Rounds that failed; the log says where.", "worker.failures"),
    ("process_cpu_seconds_total", "counter", "Processor time used.", "cpu"),
    ("process_resident_memory_bytes", "gauge", "Memory held.", "memory"),
    ("process_start_time_seconds", "gauge", "When a process began, since 1970.", "started"),
)
"""One figure of each process: name, kind, meaning, and where it stands in what the process told."""


def _inside(told: dict[str, Any], key: str) -> float | None:
    found: Any = told
    for part in key.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return None if found is None else float(found)


def _histogram(name: str, told: dict[str, Any]) -> Iterator[Sample]:
    for route, found in sorted(told.get("classes", {}).items()):
        label, total = (("process", name), ("route", route)), 0
        for bound, count in zip((*map(str, BOUNDS), "+Inf"), found, strict=True):
            total += count
            yield "_bucket", (*label, ("le", bound)), total
        yield "_sum", label, told["seconds"][route]
        yield "_count", label, total


def _gauges() -> Iterator[tuple[str, str, str, float]]:
    try:
        found = measures(now=datetime.now(UTC))
    except Error:
        found = ()
    yield "annexa_database_up", "gauge", "Whether the database answered just now.", 1 if found else 0
    yield from ((one.name, "gauge", one.means, one.value) for one in found)


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
