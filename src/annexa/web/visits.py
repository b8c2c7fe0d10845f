"""Noting that somebody is here, at most every few minutes, so that Today knows when they were last."""

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from annexa.actions.visits import visit
from annexa.web.frame import actor, person
from annexa.web.guard import OPEN

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=5)
"""A visit is noted again after so long; far less than the silence that ends one."""
SEEN = "seen"
"""Where the session keeps when it was noted last, in seconds since 1970."""


def visits(handle: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Notes the visit of whoever reads a page. A page is never lost because this could not be written."""

    def answer(request: HttpRequest) -> HttpResponse:
        reads = request.method in {"GET", "HEAD"} and not request.path.startswith(OPEN)
        if reads and request.user.is_authenticated:
            _note(request)
        return handle(request)

    return answer


def _note(request: HttpRequest) -> None:
    now = timezone.now()
    if abs(now.timestamp() - request.session.get(SEEN, 0.0)) < EVERY.total_seconds():
        return
    try:
        visit(actor=actor(request), person=person(request), now=now)
    except Error as error:
        log.warning("The visit of %s was not noted: %s", actor(request).id, error)
        return
    request.session[SEEN] = now.timestamp()
