"""Roles in parts of the organisation: given with a reason, for a time, ended by a row."""

import uuid
from datetime import datetime, timedelta

from annexa.actions.door import door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError
from annexa.answers.actors import unended_grants
from annexa.pure.permits import EXTERNAL, GRANTABLE, OUTSIDE, READER, Actor
from annexa.records.grants import GrantEnd, RoleGrant
from annexa.records.people import Person
from annexa.records.systems import AiSystem
from annexa.records.tokens import ServiceAccount
from annexa.records.units import Unit

LONGEST_OUTSIDE = timedelta(days=366)
"""What is given to somebody from outside ends within a year."""


def grant_role(
    *,
    actor: Actor,
    person: Person | None,
    holder: Person | ServiceAccount,
    role: str,
    because: str,
    now: datetime,
    unit: str = "",
    system: str = "",
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> RoleGrant:
    """Gives a role in a unit and whatever is below it, for one AI system, or, with neither, everywhere.

    Who comes from outside gets reading or auditing only, and not without an end. Nobody gives a role to themselves.
    To let somebody read one AI system a compliance lead is enough; everything else takes an administrator.
    Ledger: grant. Raises InvalidError with every problem, NotPermittedError.
    """
    verb = "share" if role == READER and system else "grant"
    with door(actor=actor, verb=verb, now=now, because=because.strip()) as opened:
        holder.refresh_from_db()
        found = Unit.objects.filter(slug=unit, closed=False).first() if unit else None
        problems = _problems(holder, role, because, now, starts_at or now, ends_at)
        if holder.actor_id == actor.id:
            problems["holder"] = ["Nobody gives a role to themselves; ask another administrator."]
        if unit and found is None:
            problems["unit"] = [f"There is no open unit {unit}."]
        if system and not AiSystem.objects.filter(slug=system).exists():
            problems["system"] = [f"There is no AI system {system}."]
        if unit and system:
            problems["system"] = ["Choose a unit or an AI system, not both."]
        if not problems and _has(holder.actor_id, role, unit, system, now):
            problems["role"] = [f"{holder.name} has this role there already."]
        if problems:
            raise InvalidError(problems)
        made = RoleGrant(
            id=uuid.uuid4().hex,
            holder=holder.actor_id,
            role=role,
            unit=found,
            system=system,
            starts_at=starts_at or now,
            ends_at=ends_at,
            because=because.strip(),
            recorded_at=now,
            by=person,
        )
        opened.write(made, kind="grant", subject=f"grant/{made.id}")
    return made


def end_grant(*, actor: Actor, person: Person | None, grant: str, because: str, now: datetime) -> GrantEnd:
    """Ends a grant at once, with the reason. Ledger: grant_end.

    Raises InvalidError, NotFoundError, ConflictError if it has ended, NotPermittedError.
    """
    found = RoleGrant.objects.filter(id=grant).first()
    if found is None:
        raise NotFoundError(f"There is no grant {grant}.")
    verb = "share" if found.role == READER and found.system else "grant"
    with door(actor=actor, verb=verb, now=now, because=because.strip()) as opened:
        if GrantEnd.objects.filter(grant=found).exists():
            raise ConflictError("It was ended already.")
        if not because.strip():
            raise InvalidError({"because": ["Say why it ends."]})
        made = GrantEnd(id=uuid.uuid4().hex, grant=found, because=because.strip(), recorded_at=now, by=person)
        opened.write(made, kind="grant_end", subject=f"grant/{found.id}")
    return made


def _has(holder: str, role: str, unit: str, system: str, now: datetime) -> bool:
    held = unended_grants(now).filter(holder=holder, role=role, system=system)
    return any((one.unit.slug if one.unit else "") == unit for one in held)


def _problems(
    holder: Person | ServiceAccount,
    role: str,
    because: str,
    now: datetime,
    starts_at: datetime,
    ends_at: datetime | None,
) -> dict[str, list[str]]:
    problems: dict[str, list[str]] = {}
    if role not in GRANTABLE:
        problems["role"] = [f"{role!r} cannot be given for a part; use one of {', '.join(GRANTABLE)}."]
    elif holder.role == EXTERNAL and role not in OUTSIDE:
        problems["role"] = [f"{holder.name} comes from outside: they may read or audit."]
    if not because.strip():
        problems["because"] = ["Say why they need it."]
    if ends_at is not None and ends_at <= max(now, starts_at):
        problems["ends_at"] = [f"{ends_at.date().isoformat()} is not ahead of its beginning; it needs an end to come."]
    elif holder.role == EXTERNAL and (ends_at is None or ends_at > now + LONGEST_OUTSIDE):
        problems["ends_at"] = [f"{holder.name} comes from outside: give a day within a year on which it ends."]
    if isinstance(holder, Person) and not holder.is_active:
        problems["holder"] = [f"{holder.name} may not sign in any more."]
    return problems
