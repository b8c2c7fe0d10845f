"""The sessions of a person: noted as they are used, looked at, ended."""

import logging
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_POST, require_safe

from annexa.actions.errors import NotFoundError
from annexa.actions.sign_in import end_other_sessions, end_session, session_name
from annexa.answers.sessions import list_sessions
from annexa.records.people import Person
from annexa.web.again import proven
from annexa.web.entering import BEGAN, note
from annexa.web.forms import see
from annexa.web.frame import actor, person

log = logging.getLogger(__name__)
security = logging.getLogger("annexa.security")
EVERY = timedelta(minutes=5)
"""A session is noted again after so long."""
NOTED = "noted"
"""Where the session keeps when it was noted last, in seconds since 1970."""
THROUGH_WORDS = {
    "password": later("password"),
    "passkey": later("passkey"),
    "oidc": later("single sign-on"),
    "saml": later("single sign-on"),
    "link": later("link"),
}


def sessions(handle: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Ends sessions that are old or were left, and notes from where the others are used.

    A page is never lost because the note could not be written.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, Person) and (why := _over(request, timezone.now().timestamp())):
            security.info("Session ended: %s", why)
            logout(request)
        user = request.user
        if isinstance(user, Person) and request.session.session_key and not request.path.startswith("/static/"):
            now = timezone.now().timestamp()
            if abs(now - request.session.get(NOTED, 0.0)) >= EVERY.total_seconds():
                try:
                    note(request, user)
                    request.session[NOTED] = now
                except Error as error:
                    log.warning("A session was not noted: %s", type(error).__name__)
        return handle(request)

    return answer


def _over(request: HttpRequest, now: float) -> str:
    """Why a session may not go on; "" if it may. Noted every five minutes, it ends up to so much earlier."""
    began, used = request.session.get(BEGAN), request.session.get(NOTED)
    if began is None:
        request.session[BEGAN] = now
    elif now - began >= settings.SESSION_HOURS * 3600:
        return "it is as old as one may be"
    if used is not None and now - used >= settings.SESSION_IDLE_MINUTES * 60:
        return "nobody used it"
    return ""


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """One's own sessions."""
    now = timezone.now()
    rows = [
        (line, session_name(line.key), line.key == request.session.session_key, THROUGH_WORDS.get(line.through, ""))
        for line in list_sessions(actor=actor(request), person=person(request), now=now)
    ]
    return render(request, "account/sessions.html", {"rows": rows, "others": len(rows) > 1, "now": now})


@require_POST
@proven
def end(request: HttpRequest, session: str) -> HttpResponse:
    """Ends one of them."""
    try:
        end_session(actor=actor(request), person=person(request), session=session, now=timezone.now())
    except NotFoundError as error:
        raise Http404(str(error)) from error
    messages.success(request, _("The session has ended"))
    return see(reverse("sessions"))


@require_POST
@proven
def end_others(request: HttpRequest) -> HttpResponse:
    """Ends all but this one."""
    keep = request.session.session_key or ""
    end_other_sessions(actor=actor(request), person=person(request), keep=keep, now=timezone.now())
    messages.success(request, _("All other sessions have ended"))
    return see(reverse("sessions"))


urls = [
    path("account/sessions", index, name="sessions"),
    path("account/sessions/end-others", end_others, name="end-other-sessions"),
    path("account/sessions/<str:session>/end", end, name="end-session"),
]
