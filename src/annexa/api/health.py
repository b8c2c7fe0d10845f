"""Is it alive, is it ready, how does it fare: for whoever watches the server.

These three are answered before anything else looks at a request: whoever watches from inside a cluster asks by an
address, not by a host name, is not signed in, and must get no redirect.
"""

import os
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.urls import path

from annexa.answers.migrations import missing_migrations
from annexa.api.metrics import metrics

Handler = Callable[[HttpRequest], HttpResponse]
_prepared: set[str] = set()
"""The databases that were found to have the form of this version; none loses it while this process runs."""


def healthz(_request: HttpRequest) -> JsonResponse:
    """The process answers. Whether it can work is another question: a restart would not mend a database."""
    return JsonResponse({"status": "ok"})


def readyz(_request: HttpRequest) -> JsonResponse:
    """The process can do its work: database and store are there. 503, and why, while they are not."""
    because = _unready()
    if because:
        return JsonResponse({"status": "unavailable", "because": because}, status=503)
    return JsonResponse({"status": "ready"})


def _unready() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        name = str(connection.settings_dict["NAME"])
        if name not in _prepared:
            if missing_migrations():
                return "the database is not prepared for this version"
            _prepared.add(name)
    except DatabaseError:
        return "the database does not answer"
    store: Path = settings.STORE
    there = next(folder for folder in (store, *store.parents) if folder.exists())
    return "" if os.access(there, os.W_OK) else "the store cannot be written to"


PROBES: dict[str, Handler] = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}


def probes(handle: Handler) -> Handler:
    """Answers those who watch before host names, sessions and signing in are looked at."""

    def answer(request: HttpRequest) -> HttpResponse:
        asked = PROBES.get(request.path_info)
        if asked is None:
            return handle(request)
        return asked(request) if request.method in {"GET", "HEAD"} else HttpResponseNotAllowed(["GET", "HEAD"])

    return answer


urls = [path(where.lstrip("/"), asked, name=where.lstrip("/")) for where, asked in PROBES.items()]
