"""The one place where a session of somebody begins, whichever way they came, and what is known of where they sit."""

import ipaddress
import logging
import secrets

from django.conf import settings
from django.contrib.auth import login
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from annexa.actions.sign_in import (
    MOST_CODES_FROM_STRANGERS,
    PROVED,
    Tries,
    move_session,
    note_session,
    sweep_sessions,
)
from annexa.records.people import Person

security = logging.getLogger("annexa.security")
DEVICE = "annexa-device"
"""The cookie, after the prefix of all cookies, by which a browser shows that somebody signed in with it before.

It lets nobody in.
"""
DEVICE_KEPT_FOR = 180 * 24 * 60 * 60
THROUGH = "through"
"""Where the session keeps which way somebody came: password, passkey, oidc, saml or link."""
BEGAN = "began"
"""Where the session keeps when somebody signed in, in seconds since 1970."""
PROVIDERS = frozenset({"oidc", "saml"})


def let_in(
    request: HttpRequest, person: Person, *, through: str, url: str, proven_at: float | None = None
) -> HttpResponse:
    """Begins a session of this person, under a fresh key, and sends the browser to a page.

    They have just proven that it is they, unless they came by a provider: then it was at `proven_at`, in seconds since
    1970, or has to be proven before the next dangerous act.
    """
    now = timezone.now()
    login(request, person, backend="django.contrib.auth.backends.ModelBackend")
    request.session[THROUGH] = through
    request.session[BEGAN] = now.timestamp()
    request.session.pop(PROVED, None)
    if (at := proven_at if through in PROVIDERS else now.timestamp()) is not None:
        request.session[PROVED] = at
    request.session.cycle_key()  # and it is in the database
    for tries in (tries_of(request, person.email), second_tries_of(request, person)):
        tries.remember_place(now=now)
    sweep_sessions(now=now)
    note(request, person)
    security.info("Signed in: person/%s through %s", person.pk, through)
    answer = HttpResponseRedirect(url)
    answer.status_code = 303
    _mark_device(request, answer, person)
    return answer


def renew(request: HttpRequest, person: Person) -> None:
    """Gives the session of somebody who has shown once more that it is they a fresh key; the old one ends."""
    before = request.session.session_key or ""
    request.session.cycle_key()
    move_session(before=before, after=request.session.session_key or "", now=timezone.now())
    security.info("Shown again: person/%s", person.pk)


def note(request: HttpRequest, person: Person) -> None:
    """Keeps where the session is used from."""
    note_session(
        person=person,
        session_key=request.session.session_key or "",
        through=request.session.get(THROUGH, ""),
        address=address_of(request),
        browser=request.headers.get("User-Agent", ""),
        now=timezone.now(),
    )


def address_of(request: HttpRequest) -> str:
    """From where a request comes: what the nearest of our own proxies said, or who is connected.

    Whoever asks can write anything into X-Forwarded-For; only as many last addresses as there are proxies are true.
    """
    here: str = request.META.get("REMOTE_ADDR", "")
    said = [one.strip() for one in request.headers.get("X-Forwarded-For", "").split(",")]
    found = said[-settings.PROXIES] if 0 < settings.PROXIES <= len(said) else here
    try:
        return str(ipaddress.ip_address(found))
    except ValueError:
        return here


def tries_of(request: HttpRequest, account: str) -> Tries:
    """What is counted when somebody at the other end tries to be this account."""
    return Tries(address=_network(address_of(request)), account=account, device=_device(request, account))


def second_tries_of(request: HttpRequest, person: Person) -> Tries:
    """The same for the second step, after the password."""
    return Tries(
        address=_network(address_of(request)),
        account=f"second step of {person.email}",
        device=_device(request, person.email),
        strangers=MOST_CODES_FROM_STRANGERS,
    )


def _network(address: str) -> str:
    """Whom an address is given to: of IPv6 the first 64 bits, for one house has all that follow."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else address


def _device(request: HttpRequest, account: str) -> str:
    """The browser's own word, if it is one that signed in to this account; else ""."""
    try:
        kept = request.COOKIES.get(settings.COOKIE_PREFIX + DEVICE, "")
        said = signing.loads(kept, salt=DEVICE, max_age=DEVICE_KEPT_FOR)
        word, of = said
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(word) if of == account.strip().lower() else ""


def _mark_device(request: HttpRequest, answer: HttpResponse, person: Person) -> None:
    word = _device(request, person.email) or secrets.token_urlsafe(16)
    answer.set_cookie(
        settings.COOKIE_PREFIX + DEVICE,
        signing.dumps([word, person.email.lower()], salt=DEVICE),
        max_age=DEVICE_KEPT_FOR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
