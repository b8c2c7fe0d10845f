"""Is it alive, is it ready: for whoever watches the server."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.urls import path


def healthz(_request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


def readyz(_request: HttpRequest) -> JsonResponse:
    """The process can do its work: the database answers. 503 while it does not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "because": "the database does not answer"}, status=503)
    return JsonResponse({"status": "ready"})


urls = [path("healthz", healthz, name="healthz"), path("readyz", readyz, name="readyz")]
