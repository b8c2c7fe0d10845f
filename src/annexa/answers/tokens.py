"""Questions about tokens: whom one stands for, and which there are."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from annexa.answers.actors import actor_of, actor_of_token
from annexa.pure.actors import person_id
from annexa.pure.permits import Actor, Refusal, may
from annexa.pure.tokens import TokenError, token_digest
from annexa.records.people import Person
from annexa.records.tokens import ApiToken, ServiceAccount

State = Literal["in use", "expired", "revoked"]


class TokenRefusedError(Exception):
    """A token lets nobody in; says why, and never repeats it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """Who comes with a token, or without one in a session: the actor, and the person, if it is one."""

    actor: Actor
    person: Person | None
    token: ApiToken | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLine:
    """A token in the list: whose it is, and whether it still lets anybody in."""

    token: ApiToken
    holder: str
    state: State
    mine: bool


def bearer(text: str, *, now: datetime) -> Bearer:
    """Who comes with this token, as their role is today. Raises TokenRefusedError.

    It is found by its digest, so that nothing about the secret can be told from how long the answer takes.
    """
    try:
        digest = token_digest(text)
    except TokenError as error:
        raise TokenRefusedError(str(error)) from error
    token = ApiToken.objects.select_related("revocation").filter(sha256=digest).first()
    if token is None or not hmac.compare_digest(token.sha256, digest):
        raise TokenRefusedError("Nobody here has this token.")
    if hasattr(token, "revocation"):
        raise TokenRefusedError(f"The token {token.name} was revoked.")
    if token.expires_at <= now:
        raise TokenRefusedError(f"The token {token.name} expired on {token.expires_at.date().isoformat()}.")
    return _bearer(token, now)


def _bearer(token: ApiToken, now: datetime) -> Bearer:
    kind, _, key = token.holder.partition("/")
    person = Person.objects.filter(pk=key, is_active=True).first() if kind == "person" else None
    account = ServiceAccount.objects.filter(slug=key).first() if kind == "service" else None
    found: Person | ServiceAccount | None = person or account
    if found is None:
        raise TokenRefusedError(f"Whoever the token {token.name} was made for may not sign in any more.")
    return Bearer(actor=actor_of_token(found, token, now=now), person=person, token=token)


def session_of(user: object) -> Bearer | None:
    """Who signed in, as a session knows them; None for a stranger."""
    if not isinstance(user, Person) or not user.is_active:
        return None
    return Bearer(actor=actor_of(user), person=user, token=None)


def list_tokens(*, actor: Actor, now: datetime) -> tuple[TokenLine, ...]:
    """One's own tokens, for an administrator everybody's; those in use first, the newest first. Cost: three queries."""
    rows = ApiToken.objects.select_related("revocation").order_by("-created_at", "id")
    if isinstance(may(actor, "revoke_token_of_others"), Refusal):
        rows = rows.filter(holder=actor.id)
    names = {person_id(pk): name for pk, name in Person.objects.values_list("pk", "name")}
    names |= {f"service/{slug}": name for slug, name in ServiceAccount.objects.values_list("slug", "name")}
    found = [
        TokenLine(
            token=row,
            holder=names.get(row.holder, row.holder),
            state="revoked" if hasattr(row, "revocation") else "expired" if row.expires_at <= now else "in use",
            mine=row.holder == actor.id,
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: one.state != "in use"))
