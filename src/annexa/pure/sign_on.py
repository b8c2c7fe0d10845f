"""What an identity provider says of somebody, and which role follows from it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from annexa.pure.group_roles import GroupRole, highest_role, roles_in_units
from annexa.pure.permits import MEMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Asserted:
    """What a provider says of the person who signed in there.

    `email_verified`: it knows the address to be theirs. `asked_at`: when it last asked them for a password or the like,
    in seconds since 1970 (auth_time, OpenID Connect Core 1.0, 2; AuthnInstant, SAML 2.0 Core, 2.7.2); None: not said.
    """

    issuer: str
    subject: str
    email: str
    email_verified: bool
    name: str
    groups: tuple[str, ...]
    asked_at: float | None = None


ASKED_AT = "annexa:asked_at"
"""Where `asked_at` stands beside the attributes of a provider; none of them takes its place."""
SKEW = 60.0
"""Seconds by which a provider's clock may differ from ours."""


def proven_at(asked_at: float | None, *, now: float, since: float | None = None) -> float | None:
    """Since when it is proven that it is they, in seconds since 1970; None if the provider proves nothing.

    That somebody has a cookie of the provider is no proof: only when it asked them counts, and with `since` only if
    that was then or later. Who says a time that is not here yet is not believed.
    """
    earliest = 0.0 if since is None else since - SKEW
    return min(asked_at, now) if asked_at is not None and earliest <= asked_at <= now + SKEW else None


def role_from(groups: Collection[str], table: Sequence[GroupRole], *, default: str = "") -> str:
    """The highest role that somebody's groups bring; a member where they bring roles in units only; else the default;
    "" if there is none: no way in."""
    return highest_role(table, groups) or (MEMBER if roles_in_units(table, groups) else default)
