"""The way every request of a directory takes: who asks, what for, and SCIM's form for what fails (RFC 7644 3.12)."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse

from annexa.actions import directory as actions
from annexa.actions.errors import ActionError, ConflictError, InvalidError, TakenError
from annexa.answers import directory as answers
from annexa.answers.directory import Kind, ScimError, about, about_one, error_of
from annexa.api.askers import Scoped, asker
from annexa.api.problems import ProblemError, problem_of
from annexa.api.shapes import now
from annexa.pure.permits import PROVISION
from annexa.pure.tokens import hide_tokens

MEDIA_TYPE = "application/scim+json"
READ = frozenset({MEDIA_TYPE, "application/json"})
MOST_REQUESTS = 3000
"""How many requests a minute are answered to a directory: at a first run it sends everybody."""
_scoped = Scoped(PROVISION, reads=False)


def answer(request: HttpRequest, where: Mapping[str, str]) -> HttpResponse:
    """What a directory is told."""
    head = request.method == "HEAD"
    if head:
        request.method = "GET"
    try:
        at = now()
        vars(request)["bearer"] = asker(request, now=at, programs_only=True, most=MOST_REQUESTS)
        _scoped(request)
        found = _answer(request, where)
    except Exception as error:  # noqa: BLE001  the border of the process: mapped to an answer, and logged if it is ours
        found = _failed(error, request)
    if head:
        found = HttpResponse(status=found.status_code, headers=dict(found.items()))
    return found


def _answer(request: HttpRequest, where: Mapping[str, str]) -> HttpResponse:
    if "about" in where:
        return _about(request, where["about"], where.get("key", ""))
    if "kind" not in where:
        return _elsewhere(request, (where.get("lost") or "").strip("/"))
    kind: Kind = "User" if where["kind"] == "Users" else "Group"
    if "search" in where:
        _allow(request, "POST")
        return _said(_list(request, (kind,), _body(request)))
    if "key" not in where:
        _allow(request, "GET", "POST")
        if request.method == "GET":
            return _said(_list(request, (kind,), request.GET.dict()))
        return _made(request, kind, _body(request))
    _allow(request, "GET", "PUT", "PATCH", "DELETE")
    return _one(request, kind, where["key"])


def _about(request: HttpRequest, what: str, key: str) -> HttpResponse:
    """What this server can do. Nothing is filtered there, RFC 7644 4."""
    _allow(request, "GET")
    if "filter" in request.GET:
        raise ScimError(403, "", "Here nothing can be filtered.")
    return _said(about_one(what, key, _base(request)) if key else about(what, _base(request)))


def _elsewhere(request: HttpRequest, rest: str) -> HttpResponse:
    """What concerns people and groups together."""
    if rest in {"", ".search"}:
        _allow(request, "GET" if not rest else "POST")
        return _said(_list(request, ("User", "Group"), _body(request) if rest else request.GET.dict()))
    if rest in {"Bulk", "Me"}:
        raise ScimError(501, "", "This is not done here; /ServiceProviderConfig says what is. Use /Users or /Groups.")
    raise ScimError(404, "", "There is nothing at this address.")


def _list(request: HttpRequest, kinds: tuple[Kind, ...], wanted: Any) -> dict[str, Any]:
    if not isinstance(wanted, dict):
        raise ScimError(400, "invalidSyntax", "The body has to be one JSON object.")
    return answers.search(actor=_actor(request), kinds=kinds, wanted=wanted, base=_base(request))


def _made(request: HttpRequest, kind: Kind, body: Any) -> HttpResponse:
    add = actions.add_directory_person if kind == "User" else actions.add_directory_group
    row = add(actor=_actor(request), given=body, now=now())
    found = _shown(request, kind, str(row.pk), status=201)
    found.headers["Location"] = f"{_base(request)}/{kind}s/{row.pk}"
    return found


def _one(request: HttpRequest, kind: Kind, key: str) -> HttpResponse:
    """One resource: looked at, replaced, changed, or removed."""
    if request.method == "GET":
        return _shown(request, kind, key)
    by: dict[str, Any] = {"actor": _actor(request), "seen": _tags(request, "If-Match"), "now": now()}
    by["person" if kind == "User" else "group"] = key
    if request.method == "DELETE":
        remove = actions.remove_directory_person if kind == "User" else actions.remove_directory_group
        remove(**by)
        return HttpResponse(status=204)
    if request.method == "PUT":
        change: Any = actions.replace_directory_person if kind == "User" else actions.replace_directory_group
    else:
        change = actions.patch_directory_person if kind == "User" else actions.patch_directory_group
    change(given=_body(request), **by)
    return _shown(request, kind, key)


def _shown(request: HttpRequest, kind: Kind, key: str, *, status: int = 200) -> HttpResponse:
    """The resource as it is now; 304 for who has it already."""
    said, tag = answers.one(actor=_actor(request), kind=kind, key=key, wanted=request.GET.dict(), base=_base(request))
    if request.method == "GET" and tag.removeprefix("W/") in _tags(request, "If-None-Match"):
        return HttpResponse(status=304, headers={"ETag": tag})
    found = _said(said, status=status)
    found.headers["ETag"] = tag
    return found


def _actor(request: HttpRequest) -> Any:
    return vars(request)["bearer"].actor


def _tags(request: HttpRequest, header: str) -> frozenset[str]:
    """The entity tags in a header; weak and strong ones are the same here."""
    given = (one.strip().removeprefix("W/") for one in request.headers.get(header, "").split(","))
    return frozenset(one for one in given if one)


def _base(request: HttpRequest) -> str:
    return request.build_absolute_uri("/scim/v2")


def _allow(request: HttpRequest, *methods: str) -> None:
    if request.method not in methods:
        said = ", ".join(methods)
        raise ProblemError(405, f"Here one can use: {said}.", headers={"Allow": said})


def _body(request: HttpRequest) -> Any:
    """The JSON that was sent. Raises ScimError."""
    if request.content_type not in READ:
        raise ScimError(415, "", f"Send {MEDIA_TYPE}.")
    try:
        return json.loads(request.body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ScimError(400, "invalidSyntax", "The body is no JSON; was it cut off?") from error


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no JSON")


def _said(body: Any, *, status: int = 200) -> HttpResponse:
    return HttpResponse(json.dumps(body, ensure_ascii=False).encode(), status=status, content_type=MEDIA_TYPE)


def _failed(error: Exception, request: HttpRequest) -> HttpResponse:
    """The answer for whatever went wrong."""
    found = _error_of(error, request)
    said = error_of(found.status, found.kind, hide_tokens(found.detail))
    text = json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")
    headers = error.headers if isinstance(error, ProblemError) else {}
    answered = HttpResponse(text, status=found.status, content_type=MEDIA_TYPE, headers=headers)
    vars(answered)["_has_been_logged"] = True  # ours are logged with their cause
    return answered


def _error_of(error: Exception, request: HttpRequest) -> ScimError:
    if isinstance(error, ScimError):
        return error
    if isinstance(error, InvalidError):
        return ScimError(400, "invalidValue", str(error))
    if isinstance(error, TakenError):
        return ScimError(409, "uniqueness", str(error))
    if isinstance(error, ConflictError):
        return ScimError(412, "", str(error))
    problem = problem_of(error, guarded=False)
    detail = str(error) if isinstance(error, ActionError) else problem.detail
    return ScimError(problem.status, "", detail or HTTPStatus(problem.status).phrase)
