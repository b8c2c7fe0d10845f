"""Tokens: one's own, looked at and revoked. They are made on the pages or the command line, never with a token."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from annexa.actions.tokens import revoke_token
from annexa.answers.errors import UnknownError
from annexa.answers.runs import run_of
from annexa.answers.tokens import TokenLine, list_tokens
from annexa.api.askers import who
from annexa.api.operations import get, post
from annexa.api.shapes import Because, Cursor, Given, Instant, Limit, Shown, after_of, cursor_of, given, now, shown
from annexa.pure.proofs import rfc3339

router = Router(tags=["tokens"])
EXAMPLE: dict[str, Any] = {
    "id": "0b6d4c1f5a7e4c0d8f2a9b3c6d1e7f50", "name": "Build upload", "holder": "service/pipeline",
    "scopes": ["add_evidence", "read"], "units": ["retail"], "state": "in use", "created_at": "2026-11-20T09:40:00Z",
    "expires_at": "2027-03-01T23:59:59.999999Z", "last_used_at": None,
}  # fmt: skip


class Token(Shown):
    """A token, never its text. `units`: slugs of those it counts in, with those below; none: wherever its holder may
    act. `state`: in use, expired or revoked."""

    model_config = shown(**EXAMPLE)

    id: str
    name: str
    holder: str
    scopes: list[str]
    units: list[str]
    state: str
    created_at: Instant
    expires_at: Instant
    last_used_at: Instant | None


class Tokens(Shown):
    """A part of the tokens, those in use first, the newest first."""

    model_config = shown(items=[EXAMPLE], next=None)

    items: list[Token]
    next: str | None


class RevokeGiven(Given):
    """Why a token ends."""

    model_config = given(because="It was in a build log")

    because: Because = ""


@get(router, "/tokens", Tokens, may=("read", "revoke_token"))
def list_own_tokens(request: HttpRequest, limit: Limit, cursor: Cursor) -> dict[str, Any]:
    """List your tokens; for an administrator who signed in, everybody's."""
    rows = list_tokens(actor=who(request).actor, now=now())
    run = run_of(rows, lambda one: one.token.id, after=after_of(cursor), limit=limit)
    return {"items": [_shown(one) for one in run.rows], "next": cursor_of(run.last)}


@get(router, "/tokens/{token}", Token, errors=(404,), may=("read", "revoke_token"))
def show_token(request: HttpRequest, token: str) -> dict[str, Any]:
    """Show one token."""
    return _one(request, token)


@post(router, "/tokens/{token}/revoke", Token, may=("revoke_token",))
def revoke_one_token(request: HttpRequest, response: HttpResponse, token: str, body: RevokeGiven) -> dict[str, Any]:
    """End a token at once."""
    asks = who(request)
    revoke_token(actor=asks.actor, person=asks.person, token=token, because=body.because, now=now())
    response["Location"] = f"/api/v1/tokens/{token}"
    return _one(request, token)


def _one(request: HttpRequest, token: str) -> dict[str, Any]:
    lines = list_tokens(actor=who(request).actor, now=now())
    found = next((one for one in lines if one.token.id == token), None)
    if found is None:
        raise UnknownError(f"There is no token {token!r} of yours.")
    return _shown(found)


def _shown(line: TokenLine) -> dict[str, Any]:
    one = line.token
    return {
        "id": one.id,
        "name": one.name,
        "holder": one.holder,
        "scopes": one.scopes,
        "units": one.units,
        "state": line.state,
        "created_at": rfc3339(one.created_at),
        "expires_at": rfc3339(one.expires_at),
        "last_used_at": rfc3339(one.last_used_at),
    }
