"""What an identity provider says of somebody, and which role follows from it: one table, read in its order."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass


class RolesError(ValueError):
    """The table from groups to roles cannot be read; says which part, and what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asserted:
    """What a provider says of the person who signed in there. `email_verified`: it knows the address to be theirs."""

    issuer: str
    subject: str
    email: str
    email_verified: bool
    name: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleOfGroup:
    """Whoever is in this group has this role."""

    group: str
    role: str


def parse_roles(text: str, *, known: Collection[str]) -> tuple[RoleOfGroup, ...]:
    """Reads "annexa-admins=administrator, grc=lead". Raises RolesError with everything that is wrong."""
    found, wrong = [], []
    for part in (one.strip() for one in text.split(",") if one.strip()):
        group, equals, role = part.rpartition("=")
        if not equals or not group.strip():
            wrong.append(f"{part!r} names no group and role; write group=role")
        elif role.strip() not in known:
            wrong.append(f"{role.strip()!r} is not a role; use {', '.join(sorted(known))}")
        else:
            found.append(RoleOfGroup(group=group.strip(), role=role.strip()))
    if wrong:
        raise RolesError("; ".join(wrong))
    return tuple(found)


def role_from(groups: Collection[str], table: Sequence[RoleOfGroup], *, default: str = "") -> str:
    """The role of the first line whose group somebody is in; else the default; "" if there is none: no way in."""
    return next((line.role for line in table if line.group in groups), default)
