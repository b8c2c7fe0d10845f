"""Which roles follow from the groups of a directory: "group=role" everywhere, "group=role@unit" in a part."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from annexa.pure.permits import EXTERNAL, GRANTABLE, MEMBER, WORDS

ORDER = ("administrator", "lead", "owner", "auditor", MEMBER)
"""Roles that a group can bring for the whole organisation, the highest first."""


class GroupRolesError(ValueError):
    """The table from groups to roles cannot be read; says which parts, and what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRole:
    """Whoever is in this group has this role: everywhere, or in a unit (its slug) and whatever is below it."""

    group: str
    role: str
    unit: str = ""


def parse_group_roles(text: str) -> tuple[GroupRole, ...]:
    """Reads "annexa-admins=administrator, grc=lead, hr=owner@people". Raises GroupRolesError with all that is wrong."""
    found, wrong = [], []
    for part in (one.strip() for one in text.split(",") if one.strip()):
        group, equals, said = part.rpartition("=")
        role, at, unit = said.partition("@")
        line = GroupRole(group=group.strip(), role=role.strip(), unit=unit.strip())
        if not equals or not line.group or (at and not line.unit):
            wrong.append(f"{part!r} names no group and role; write group=role, or group=role@unit")
        elif sentence := refusal(line):
            wrong.append(sentence)
        else:
            found.append(line)
    if wrong:
        raise GroupRolesError("; ".join(wrong))
    return tuple(found)


def refusal(line: GroupRole) -> str:
    """Why a group cannot bring this role there; "" if it can."""
    allowed = GRANTABLE if line.unit else ORDER
    if line.role in allowed:
        return ""
    if line.role == EXTERNAL:
        return "people from outside are let in one by one, with an end; no group brings that role"
    where = f" in {line.unit}" if line.unit else ""
    known = "" if line.role in WORDS else " is not a role, so it"
    return f"{line.role!r}{known} cannot follow from a group{where}; use one of {', '.join(allowed)}"


def highest_role(table: Iterable[GroupRole], groups: Collection[str]) -> str:
    """The highest role for the whole organisation that these groups bring; "" if none of them brings one."""
    brought = {line.role for line in table if not line.unit and line.group in groups}
    return next((role for role in ORDER if role in brought), "")


def roles_in_units(table: Iterable[GroupRole], groups: Collection[str]) -> frozenset[tuple[str, str]]:
    """The roles in units that these groups bring, each as role and slug of the unit."""
    return frozenset((line.role, line.unit) for line in table if line.unit and line.group in groups)


def next_role(*, held: str, brought: str, before: str) -> str:
    """The role of somebody whose groups bring `brought` now and brought `before`; "": none.

    What groups gave, groups take away. What somebody was given here is theirs: groups can only raise it.
    """
    given_by_groups = held == before or (not before and held == MEMBER)
    if given_by_groups:
        return brought or MEMBER
    return brought if brought and _rank(brought) < _rank(held) else held


def _rank(role: str) -> int:
    return ORDER.index(role) if role in ORDER else len(ORDER)
