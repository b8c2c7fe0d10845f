"""What goes wrong, as RFC 9457 problem details: one mapping for every error, never a traceback.

ProblemError   a problem that the API itself finds; carries what the answer says
"""

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from ninja.errors import HttpError, ValidationError

from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.activity import ActivityError
from annexa.answers.errors import UnknownError
from annexa.answers.libraries import LibraryUnreadableError
from annexa.pure.instants import InstantError
from annexa.pure.systems import SystemFactsError
from annexa.pure.tokens import hide_tokens
from annexa.vault import VaultError

MEDIA_TYPE = "application/problem+json"
log = logging.getLogger("annexa.api")
GUARDED: Final = "annexa.guarded"
"""Where a request keeps that its operation asked which state was seen (RFC 9110, 13.1.1)."""
Errors = Sequence[tuple[str, str]]
"""Field and sentence of everything that is wrong; "" for the whole."""

KINDS: Mapping[int, tuple[str, str]] = {
    400: ("malformed", "The request cannot be read"),
    401: ("not-signed-in", "Nobody is signed in"),
    403: ("not-permitted", "Not yours to do"),
    404: ("not-found", "There is no such thing"),
    405: ("no-such-method", "This cannot be done here"),
    409: ("conflict", "Something stands against it"),
    412: ("changed-meanwhile", "Somebody changed it meanwhile"),
    413: ("too-large", "Too large"),
    415: ("wrong-type", "Not in a form that is read here"),
    422: ("invalid", "Something in it is wrong"),
    428: ("say-what-you-saw", "Say which state you saw"),
    429: ("too-many", "Too many requests"),
    500: ("failed", "Annexa failed"),
    503: ("try-later", "Try again later"),
}
"""The name and the title of the problem with each status."""
RETRYABLE = frozenset({429, 503})


class ProblemError(Exception):
    """A request is not answered as asked; says why, which fields, and what the answer's headers add."""

    def __init__(
        self, status: int, detail: str, *, errors: Errors = (), headers: Mapping[str, str] | None = None
    ) -> None:
        self.status, self.detail, self.errors, self.headers = status, detail, errors, dict(headers or {})
        super().__init__(detail)


def answer_to(error: Exception, request: HttpRequest) -> HttpResponse:
    """The answer for whatever went wrong."""
    found = problem_of(error, guarded=GUARDED in request.META)
    kind, title = KINDS[found.status]
    said: dict[str, Any] = {
        "type": f"urn:annexa:problem:{kind}",
        "title": title,
        "status": found.status,
        "detail": hide_tokens(found.detail),
        "instance": hide_tokens(request.path),
        "retryable": found.status in RETRYABLE,
    }
    if found.errors:
        said["errors"] = [{"field": field, "detail": hide_tokens(sentence)} for field, sentence in found.errors]
    body = json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")
    answer = HttpResponse(body, status=found.status, content_type=MEDIA_TYPE, headers=found.headers)
    vars(answer)["_has_been_logged"] = True  # ours are logged with their cause; those of the asker are not ours to log
    return answer


def problem_of(error: Exception, *, guarded: bool) -> ProblemError:
    """The problem that an error is. `guarded`: the operation asked which state was seen."""
    match error:
        case ProblemError():
            return error
        case InvalidError():
            errors = [(field, sentence) for field, said in error.problems.items() for sentence in said]
            return ProblemError(422, str(error), errors=errors)
        case ValidationError():
            return _of_validation(error)
        case InstantError():
            return ProblemError(422, str(error), errors=[("at", str(error))])
        case SystemFactsError():
            return ProblemError(422, "; ".join(error.problems), errors=[("", one) for one in error.problems])
        case NotPermittedError():
            return ProblemError(403, str(error))
        case NotFoundError() | UnknownError():
            return ProblemError(404, str(error))
        case Http404():
            return ProblemError(404, "There is nothing at this address.")
        case ConflictError():
            return ProblemError(412 if guarded else 409, str(error))
        case LibraryUnreadableError() | ActivityError():
            return ProblemError(503, str(error))
        case RequestDataTooBig():
            return ProblemError(413, "The body is larger than 4 MiB; send it in parts.")
        case _:
            return _of_the_rest(error)


def _of_the_rest(error: Exception) -> ProblemError:
    match error:
        case HttpError() if isinstance(error.__cause__, ProblemError | RequestDataTooBig):
            return problem_of(error.__cause__, guarded=False)  # what reading the body found
        case HttpError() if error.status_code in KINDS:
            return ProblemError(error.status_code, str(error))
        case MultiPartParserError() | BadRequest() | SuspiciousOperation() | UnreadablePostError():
            return ProblemError(400, "The body cannot be read; was it cut off?")
        case VaultError():
            log.error("Bytes cannot be given out: %s", error)
            return ProblemError(500, str(error))
        case Error():
            log.exception("The database refused.", exc_info=error)
            return ProblemError(503, "The database does not answer as it should; try again in a while.")
    log.exception("The API failed.", exc_info=error)
    return ProblemError(500, "This is a mistake in Annexa, not in the request; its log says more.")


def _of_validation(error: ValidationError) -> ProblemError:
    errors = []
    for one in error.errors:
        where, *rest = one["loc"]
        named = rest[1:] if len(rest) > 1 and where in {"body", "form"} else rest
        sentence = str(one["msg"]).removeprefix("Value error, ")
        errors.append((".".join(str(part) for part in named), sentence))
    many = "One thing is wrong" if len(errors) == 1 else f"{len(errors)} things are wrong"
    return ProblemError(422, f"{many}; see errors.", errors=errors)


def phrase(status: int) -> str:
    """The words of HTTP for a status."""
    return HTTPStatus(status).phrase
