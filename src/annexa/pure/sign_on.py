"""What an identity provider says of somebody, and which role follows from it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from annexa.pure.group_roles import GroupRole, highest_role, roles_in_units
from annexa.pure.permits import MEMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Asserted:
    """What a provider says of the person who signed in there. `email_verified`: it knows the address to be theirs."""

    issuer: str
    subject: str
    email: str
    email_verified: bool
    name: str
    groups: tuple[str, ...]


def role_from(groups: Collection[str], table: Sequence[GroupRole], *, default: str = "") -> str:
    """The highest role that somebody's groups bring; a member where they bring roles in units only; else the default;
    "" if there is none: no way in."""
    return highest_role(table, groups) or (MEMBER if roles_in_units(table, groups) else default)
