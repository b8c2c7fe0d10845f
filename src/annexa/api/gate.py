"""The way every request of the API takes: who asks, which operation, once if it says so, one form for what fails."""

from functools import cache
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLResolver
from django.urls.resolvers import RegexPattern

from annexa.api.askers import asker
from annexa.api.guards import not_modified, once
from annexa.api.nouns import api
from annexa.api.problems import ProblemError, answer_to
from annexa.api.shapes import now
from annexa.api.spec import document_text


def answer(request: HttpRequest, rest: str) -> HttpResponse:
    """What the API says to one request."""
    head = request.method == "HEAD"
    if head:
        request.method = "GET"
    try:
        found = _answer(request, rest)
    except Exception as error:  # noqa: BLE001  the border of the process: mapped to an answer, and logged if it is ours
        found = answer_to(error, request)
    return _without_body(found) if head else found


def _without_body(found: HttpResponse) -> HttpResponse:
    headers = dict(found.items())
    if not found.streaming:
        headers["Content-Length"] = str(len(found.content))
    found.close()
    return HttpResponse(status=found.status_code, headers=headers)


def _answer(request: HttpRequest, rest: str) -> HttpResponse:
    if rest == "openapi.json":
        if request.method != "GET":
            raise _no_such_method(["GET"])
        return not_modified(request, HttpResponse(document_text(), content_type="application/json"))
    at = now()
    vars(request)["bearer"] = asker(request, now=at)
    if "\0" in rest or not rest:
        raise Http404
    found = _resolver().resolve(rest)  # Resolver404 is a Http404
    found.route = f"api/v1/{found.route.removeprefix('^')}"
    request.resolver_match = found  # what logs and metrics name is the operation
    done = once(request, lambda: _called(found.func, request, found.kwargs), now=at)
    return not_modified(request, done)


def _called(view: Any, request: HttpRequest, kwargs: dict[str, Any]) -> HttpResponse:
    done: HttpResponse = view(request, **kwargs)
    if getattr(request, "upload_refused", 0):
        most = settings.UPLOAD_LIMIT_BYTES // 1024**2
        raise ProblemError(413, f"The file is too large; at most {most:,} MiB are taken. Nothing was kept.")
    if done.status_code == 405:
        raise _no_such_method([one.strip() for one in done.headers.get("Allow", "").split(",")])
    return done


def _no_such_method(allowed: list[str]) -> ProblemError:
    said = ", ".join(sorted(allowed))
    return ProblemError(405, f"Here one can use: {said}.", headers={"Allow": said})


@cache
def _resolver() -> URLResolver:
    return URLResolver(RegexPattern(r"^"), api().urls[0])
