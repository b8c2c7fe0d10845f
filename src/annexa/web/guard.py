"""What every answer of the server carries, and who gets in: the security policy, and signing in first."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import Error
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.defaults import page_not_found

from annexa.actions.second_factors import has_second_factor, must_have
from annexa.actions.tokens import note_use
from annexa.answers.errors import UnknownError
from annexa.answers.libraries import LibraryUnreadableError
from annexa.answers.tokens import TokenRefusedError, bearer
from annexa.pure.permits import Permit, Refusal, may
from annexa.records.people import Person
from annexa.records.snapshot import LedgerUnreadableError
from annexa.web.entering import PROVIDERS, THROUGH
from annexa.web.frame import actor as acting

log = logging.getLogger(__name__)
Handler = Callable[[HttpRequest], HttpResponse]

POLICY = "; ".join(
    (
        "default-src 'self'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-src 'none'",
        "frame-ancestors 'none'",
    )
)
UNUSED = (
    "accelerometer", "autoplay", "bluetooth", "browsing-topics", "camera", "display-capture", "encrypted-media",
    "geolocation", "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "screen-wake-lock", "serial",
    "usb", "web-share", "xr-spatial-tracking",
)  # fmt: skip
"""What browsers can do that no page of ours needs."""
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Permissions-Policy": ", ".join(f"{name}=()" for name in UNUSED),
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
}
"""What every answer carries beside what Django's own settings add, unless a page sets something stricter itself."""
OPEN = ("/sign-in", "/welcome/", "/enter/", "/questionnaire/", "/static/", "/favicon.ico", "/api/v1", "/scim/v2")
"""Where one may go without being signed in; "/welcome/" and "/enter/" ask for the token printed at the start,
"/questionnaire/" for that of a link that was sent, the API and SCIM for a token of their own."""


LEDGER = "/.well-known/annexa/ledger/"


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""What anything here answers to; TRACE and made-up methods are refused before anybody looks at them."""


def content_security_policy(handle: Handler) -> Handler:
    """Allows nothing but our own files: no inline script or style, no frame around us, no foreign host."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = handle(request) if request.method in METHODS else HttpResponseNotAllowed(sorted(METHODS))
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return answer


def encrypted(handle: Handler) -> Handler:
    """Where HTTPS is said to be spoken, nothing is answered without it: browsers are sent there, programs are refused.

    A program that is led on quietly would send its token in the clear each time, and nobody would notice.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        if not settings.HTTPS_ONLY or request.is_secure():
            return handle(request)
        if request.method in {"GET", "HEAD"} and not request.path.startswith(("/api/", "/.well-known/")):
            return HttpResponseRedirect(f"https://{request.get_host()}{request.get_full_path()}")
        detail = "Use https. What was sent in the clear may be known now."
        said = {"title": "Forbidden", "status": 403, "detail": detail}
        return JsonResponse(said, status=403, content_type="application/problem+json")

    return answer


class Unanswered:
    """What no page has to think of: what is not there, or not for who asks, is not found; and where the library of a
    date cannot be had any more, the page says so, since nothing else can be judged without it. Nor is it a mistake of
    a page where the database does not answer."""

    def __init__(self, handle: Handler) -> None:
        self.handle = handle

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Passes on."""
        return self.handle(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A page without the frame, which would ask for the library too."""
        if isinstance(error, UnknownError):
            return page_not_found(request, Http404(str(error)))
        if isinstance(error, Error):
            log.exception("The database refused.", exc_info=error)
            text = "The database does not answer as it should. Nothing was changed. Try again in a while."
            return _unavailable(_("The database does not answer"), text)
        if isinstance(error, LedgerUnreadableError):
            log.exception("The ledger cannot be read.", exc_info=error)
            return _unavailable(_("The ledger cannot be read"), str(error))
        if not isinstance(error, LibraryUnreadableError):
            return None
        return _unavailable(_("The library of that date cannot be read"), str(error))


def _unavailable(heading: str, text: str) -> HttpResponse:
    return HttpResponse(render_to_string("503.html", {"heading": heading, "text": text}), status=503)


def signed_in(handle: Handler) -> Handler:
    """Sends everybody who is not signed in to the sign-in page; pages need not think of it.

    The ledger's files are given to programs with a token that may read, too, so that others can keep and witness them.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(LEDGER) and request.user.is_authenticated:
            if isinstance(may(acting(request), "read"), Refusal):
                raise Http404
            return handle(request)
        if request.path.startswith(OPEN) or request.user.is_authenticated:
            return handle(request)
        if request.path.startswith(LEDGER) and (given := request.headers.get("Authorization", "")):
            return handle(request) if _may_read(given) else HttpResponse("This token does not read.", status=401)
        return redirect_to_login(request.get_full_path(), reverse(settings.LOGIN_URL))

    return answer


FREE = ("/sign-out", "/account/second-factors", "/account/again", "/sign-in/passkey/", "/sign-in/with/", "/static/")
"""Where somebody may go who has to set up a second factor first."""


def second_factor_first(handle: Handler) -> Handler:
    """Whoever must have a second factor and has none is led to set one up, and can do nothing else.

    Who came by an identity provider proves what it asks for there. Cost: a query, for those of whom one is asked.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        user = request.user
        if not isinstance(user, Person) or not must_have(user) or request.session.get(THROUGH) in PROVIDERS:
            return handle(request)
        if request.path.startswith(FREE) or has_second_factor(user):
            return handle(request)
        if request.path.startswith("/api/") and not request.headers.get("Authorization"):
            said = {"title": "Forbidden", "status": 403, "detail": "Set up a second factor first."}
            return JsonResponse(said, status=403, content_type="application/problem+json")
        return handle(request) if request.path.startswith("/api/") else redirect("second-factors")

    return answer


def _may_read(given: str) -> bool:
    """Whether a token was sent that lets its holder read."""
    now = timezone.now()
    try:
        found = bearer(given.partition(" ")[2].strip(), now=now)
    except TokenRefusedError:
        return False
    if found.token is not None:
        note_use(token=found.token, now=now)
    return isinstance(may(found.actor, "read"), Permit)
