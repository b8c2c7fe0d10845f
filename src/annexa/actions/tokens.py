"""Tokens with which programs sign in: made for a person or a service account, shown once, revoked by a row."""

import re
import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from annexa.actions.door import door, side_door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError
from annexa.answers.actors import actor_of, actor_of_account
from annexa.answers.actors import units as known_units
from annexa.pure.fields import tidy
from annexa.pure.permits import ANNEXA, LOG_ACTIVITY, PERSONAL, PROVISION, SCOPES, VERBS, Actor, Refusal, may
from annexa.pure.tokens import LONGEST, SECRET_BYTES, token_digest, token_text
from annexa.records.people import ROLES, Person
from annexa.records.tokens import ApiToken, ServiceAccount, TokenRevocation

LONGEST_NAME = 100
LONGEST_ACCOUNT_NAME = 200
USE_KEPT_EVERY = timedelta(minutes=1)
PROGRAMS = {PROVISION: "a directory acts", LOG_ACTIVITY: "what sends events does so"}
"""Scopes that only programs hold, and how that is said."""
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def add_service_account(
    *, actor: Actor, person: Person | None, slug: str, name: str, role: str, now: datetime, because: str = ""
) -> ServiceAccount:
    """Gives a program a name of its own to act in. It can do nothing until a token is made for it.

    Ledger: service_account. Raises InvalidError with every problem, NotPermittedError.
    """
    problems: dict[str, list[str]] = {}
    if not _SLUG.fullmatch(slug) or len(slug) > 60:
        problems["slug"] = [f"{slug!r} is no short name; use at most 60 small letters and digits, with single hyphens."]
    elif ServiceAccount.objects.filter(slug=slug).exists():
        problems["slug"] = [f"There is a service account {slug} already."]
    if not 0 < len(name.strip()) <= LONGEST_ACCOUNT_NAME:
        problems["name"] = [f"Give it a name of at most {LONGEST_ACCOUNT_NAME} characters."]
    if role not in dict(ROLES):
        problems["role"] = [f"{role!r} is not a role; use one of {', '.join(dict(ROLES))}."]
    with door(actor=actor, verb="add_service_account", now=now, because=because.strip()) as opened:
        if problems:
            raise InvalidError(problems)
        account = ServiceAccount(
            slug=slug, name=tidy(name), role=role, because=because.strip(), created_at=now, by=person
        )
        opened.write(account, kind="service_account", subject=f"service_account/{slug}")
    return account


def create_token(
    *,
    actor: Actor,
    person: Person | None,
    holder: Person | ServiceAccount,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime,
    now: datetime,
    units: Sequence[str] = (),
) -> tuple[ApiToken, str]:
    """Makes a token, and answers with it and its text, which can never be shown again: only a digest is kept.

    Everybody may make tokens for themselves, an administrator for service accounts; only who has access to the machine
    may for other people. It never lets its holder do more than their roles, and with `units`, slugs, only there and
    below. Ledger: api_token.
    Raises InvalidError with every problem, NotPermittedError.
    """
    acting = holding(holder)
    with door(actor=actor, verb=_verb_for(actor, acting), now=now) as opened:
        holder.refresh_from_db()
        acting = holding(holder)
        problems = _problems(acting, name=name, scopes=scopes, expires_at=expires_at, now=now)
        if isinstance(holder, Person) and not holder.is_active:
            problems["holder"] = [f"{holder.name} may not sign in any more."]
        if lost := sorted(set(units) - {one.slug for one in known_units() if not one.closed}):
            problems["units"] = [f"There is no open unit {one}." for one in lost]
        if problems:
            raise InvalidError(problems)
        text = token_text(secrets.token_bytes(SECRET_BYTES))
        token = ApiToken(
            id=uuid.uuid4().hex,
            name=name.strip(),
            holder=acting.id,
            scopes=sorted(set(scopes)),
            units=sorted(set(units)),
            sha256=token_digest(text),
            expires_at=expires_at,
            created_at=now,
            by=person,
        )
        opened.write(token, kind="api_token", subject=f"api_token/{token.id}")
    return token, text


def revoke_token(
    *, actor: Actor, person: Person | None, token: str, now: datetime, because: str = ""
) -> TokenRevocation:
    """Ends a token at once: one's own, or as an administrator anybody's. Ledger: token_revocation.

    Raises NotFoundError, also for a token of somebody else, ConflictError if it is revoked already, NotPermittedError.
    """
    found = ApiToken.objects.filter(id=token).first()
    if found is None or (found.holder != actor.id and isinstance(may(actor, "revoke_token_of_others"), Refusal)):
        raise NotFoundError(f"There is no token {token} of yours.")
    verb = "revoke_token" if found.holder == actor.id else "revoke_token_of_others"
    with door(actor=actor, verb=verb, now=now, because=because.strip()) as opened:
        if TokenRevocation.objects.filter(token=found).exists():
            raise ConflictError(f"The token {found.name} is revoked already.")
        made = TokenRevocation(id=uuid.uuid4().hex, token=found, because=because.strip(), recorded_at=now, by=person)
        opened.write(made, kind="token_revocation", subject=f"api_token/{found.id}")
    return made


def note_use(*, token: ApiToken, now: datetime) -> None:
    """Remembers that a token was used, at most once a minute. Ledger: nothing; a use changes no record."""
    if token.last_used_at is not None and now - token.last_used_at < USE_KEPT_EVERY:
        return
    with side_door(actor=ANNEXA, verb="note_use_of_token", now=now):
        ApiToken.objects.filter(id=token.id).update(last_used_at=now)


def holder_named(said: str) -> Person | ServiceAccount:
    """Who is meant by an email address, the short name of a service account, or an actor's id. Raises NotFoundError."""
    kind, _, key = said.partition("/")
    if kind == "person" and key.isdecimal() and len(key) < 19:
        by_key: Person | None = Person.objects.filter(pk=int(key)).first()
        if by_key is None:
            raise NotFoundError(f"There is no person {key}.")
        return by_key
    said = said.removeprefix("service/")
    found = (
        Person.objects.filter(email__iexact=said).first()
        if "@" in said
        else ServiceAccount.objects.filter(slug=said).first()
    )
    if found is None:
        raise NotFoundError(
            f"There is nobody with the address {said}."
            if "@" in said
            else f"There is no service account {said}; add it with annexa token service {said} --role ROLE."
        )
    holder: Person | ServiceAccount = found
    return holder


def holding(holder: Person | ServiceAccount) -> Actor:
    """The actor that a token's holder is, without a token."""
    if isinstance(holder, Person):
        return actor_of(holder)
    return actor_of_account(holder)


def _verb_for(actor: Actor, holder: Actor) -> str:
    if holder.id == actor.id:
        return "create_token"
    return "create_service_token" if holder.id.startswith("service/") else "create_token_of_others"


def _problems(
    holder: Actor, *, name: str, scopes: Sequence[str], expires_at: datetime, now: datetime
) -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {}
    if not 0 < len(name.strip()) <= LONGEST_NAME:
        problems["name"] = [f"Give it a name of at most {LONGEST_NAME} characters, by which you know it again."]
    if found := scope_problems(holder, scopes):
        problems["scopes"] = found
    if expires_at <= now:
        problems["expires_at"] = [f"{expires_at.date().isoformat()} has passed; a token needs an end to come."]
    elif expires_at > now + LONGEST:
        problems["expires_at"] = [f"{expires_at.date().isoformat()} is too far ahead; a token lives a year at most."]
    return problems


def scope_problems(holder: Actor, scopes: Sequence[str]) -> list[str]:
    """What is wrong with the verbs a token is wanted for: unknown, beyond the role, or nothing for a program."""
    if not scopes:
        return ["Say what it is for; a token that may do nothing is of no use."]
    problems = [
        f"{one!r} is not a scope; use {', '.join(sorted(SCOPES))}."
        for one in dict.fromkeys(scopes)
        if one not in SCOPES
    ]
    for one in sorted(set(scopes) & SCOPES):
        if VERBS[one].isdisjoint(holder.roles):
            problems.append(f"{one} is more than {holder.name} may do; a token never exceeds its holder's role.")
        elif one in PERSONAL and holder.id.startswith("service/"):
            problems.append(f"{one} is for people only; a program cannot state or judge what a person has to.")
        elif one in PROGRAMS and not holder.id.startswith("service/"):
            problems.append(f"{one} is for service accounts only; {PROGRAMS[one]} in a name of its own.")
    if PROVISION in scopes and len(set(scopes)) > 1:
        problems.append(f"{PROVISION} stands alone; make another token for the rest.")
    return problems


def scopes_for(holder: Actor) -> tuple[str, ...]:
    """The verbs a token of this holder may be made for, reading first."""
    found = sorted(one for one in SCOPES if not scope_problems(holder, [one]))
    return tuple(sorted(found, key=lambda one: one != "read"))
