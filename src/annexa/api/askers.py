"""Who asks: by a token, or by the session of somebody who signed in; how often, and whether it came from our pages."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone

from annexa.actions.errors import NotPermittedError
from annexa.actions.request_counts import COUNTED
from annexa.actions.sign_in import recently_proven
from annexa.actions.tokens import note_use
from annexa.answers.tokens import Bearer, TokenRefusedError, bearer, session_of
from annexa.api.problems import ProblemError
from annexa.pure.permits import Refusal, may_somewhere

WINDOW = 60
"""Seconds over which requests are counted."""
MOST_REQUESTS: int = settings.REQUESTS_A_MINUTE
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_REALM = 'Bearer realm="annexa"'


PROVEN = frozenset(
    {"add_person", "change_person", "end_access", "grant", "share", "manage_webhooks", "open_activity_source"}
)
"""What somebody in a session may do only soon after proving that it is they; programs prove it with their token."""


class Scoped:
    """Lets an operation be used only by who may do one of these verbs; asked before anything else is read."""

    def __init__(self, *verbs: str, reads: bool) -> None:
        """`reads`: what it does rests on what it can see, so it needs to read as well."""
        self.verbs, self.reads = verbs, reads

    def __call__(self, request: HttpRequest) -> Bearer:
        """Who asks. Raises ProblemError."""
        found = who(request)
        refusals = [permit for verb in self.verbs if isinstance(permit := may_somewhere(found.actor, verb), Refusal)]
        if len(refusals) == len(self.verbs):
            raise ProblemError(403, refusals[0].because)
        if PROVEN & set(self.verbs) and request.method not in SAFE:
            require_proof(request)
        if self.reads and isinstance(reading := may_somewhere(found.actor, "read"), Refusal):
            raise ProblemError(403, reading.because)
        return found


def require_proof(request: HttpRequest) -> None:
    """Lets somebody in a session go on only soon after proving that it is they. Raises ProblemError."""
    if who(request).token is None and not recently_proven(request.session, now=timezone.now()):
        raise ProblemError(403, "Show first that it is you: open /account/again, then send this once more.")


def who(request: HttpRequest) -> Bearer:
    """Who asks, as found out when the request came in."""
    found: Bearer = vars(request)["bearer"]  # set by the gate before any operation runs
    return found


def only_people(refusal: str) -> Callable[[Bearer], Any]:
    """What gives who asks, as a person. It raises NotPermittedError for a program, with what is said to it."""

    def person(asks: Bearer) -> Any:
        if asks.person is None:
            raise NotPermittedError(refusal)
        return asks.person

    return person


def asker(request: HttpRequest, *, now: Any, programs_only: bool = False, most: int | None = None) -> Bearer:
    """Who asks. Raises ProblemError for a stranger, for who asks too often, and for a page of somebody else's.

    `most`: how many requests a minute are answered, MOST_REQUESTS unless said. `programs_only`: a session does not do.
    """
    given = request.headers.get("Authorization", "")
    found = _by_token(given, now) if given or programs_only else _by_session(request)
    _count(found, now, MOST_REQUESTS if most is None else most)
    if found.token is not None:
        note_use(token=found.token, now=now)
    return found


def _by_token(given: str, now: Any) -> Bearer:
    scheme, _, text = given.partition(" ")
    if scheme.lower() != "bearer":
        raise ProblemError(
            401, "Send the token as Authorization: Bearer annexa_….", headers={"WWW-Authenticate": _REALM}
        )
    try:
        return bearer(text.strip(), now=now)
    except TokenRefusedError as error:
        refused = f'{_REALM}, error="invalid_token"'
        raise ProblemError(401, str(error), headers={"WWW-Authenticate": refused}) from error


def _by_session(request: HttpRequest) -> Bearer:
    found = session_of(request.user)
    if found is None:
        raise ProblemError(401, "Send a token, or sign in first.", headers={"WWW-Authenticate": _REALM})
    if request.method not in SAFE and (reason := _Csrf.refusal(request)):
        raise ProblemError(
            403, f"A session changes things only from our own pages: {reason} Programs send a token instead."
        )
    return found


class _Csrf(CsrfViewMiddleware):
    """Django's own check, which says why instead of answering with a page."""

    def _reject(self, _request: HttpRequest, reason: str) -> Any:
        return reason

    @classmethod
    def refusal(cls, request: HttpRequest) -> str:
        check = cls(lambda _request: HttpResponse())
        check.process_request(request)
        return str(check.process_view(request, _nothing, (), {}) or "")


def _nothing(_request: HttpRequest) -> HttpResponse:
    """Stands for the view, which is not exempt from the check."""
    return HttpResponse()


def _count(found: Bearer, now: Any, most: int) -> None:
    """One more request in this minute, of each token and of each person who signed in. Raises ProblemError."""
    spent = int(time.time())
    if not COUNTED.let_through(found.token.id if found.token else found.actor.id, spent // WINDOW, now, most):
        wait = WINDOW - spent % WINDOW
        raise ProblemError(
            429,
            f"At most {most:,} requests a minute are answered; go on in {wait} seconds.",
            headers={"Retry-After": str(wait)},
        )
