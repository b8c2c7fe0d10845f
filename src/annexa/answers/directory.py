"""Questions of a directory: the people and groups it knows, as SCIM has them; and which roles follow from groups."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import CharField, Count, Max, Q, QuerySet
from django.db.models.functions import Coalesce
from scim2_models import ResponseParameters, SearchRequest

from annexa.adapters import scim
from annexa.adapters.scim import GROUP, USER, Kind, ScimError
from annexa.answers.directory_filters import condition_of, order_of
from annexa.answers.errors import UnknownError
from annexa.pure.directory import name_of, version_of
from annexa.pure.group_roles import GroupRole
from annexa.pure.permits import Actor, Refusal, may
from annexa.pure.proofs import rfc3339
from annexa.records.directory import DirectoryGroup, DirectoryMembership, DirectoryPerson, GroupRoleRule
from annexa.records.ledger import LedgerEntry
from annexa.records.people import Person

USUAL_COUNT = 100
__all__ = [
    "Kind", "ScimError", "about", "about_one", "error_of", "find", "group_roles", "groups_of", "groups_of_many",
    "list_groups", "names_of", "one", "resource_of", "row_of", "search",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLine:
    """A group in the list for people: how many are in it, and the roles it brings."""

    group: DirectoryGroup
    members: int
    brings: tuple[GroupRole, ...]


def search(*, actor: Actor, kinds: tuple[Kind, ...], wanted: Mapping[str, Any], base: str) -> dict[str, Any]:
    """A page of people, of groups, or of both, people first, as a SCIM ListResponse. `base`: the address asked.

    Cost: four queries for each kind. Raises ScimError, UnknownError.
    """
    _ask(actor)
    asked = scim.asked_for(kinds, wanted)
    if asked.sort_by is not None and len(kinds) > 1:
        raise ScimError(400, "invalidPath", "People and groups are not sorted together; sort below /Users or /Groups.")
    start = asked.start_index or 1
    left = min(USUAL_COUNT if asked.count is None else asked.count, scim.MOST_RESULTS)
    total, found = 0, []
    for kind, rows in _filtered(actor, kinds, asked):
        here = rows.count()
        first = max(start - 1 - total, 0)
        if left and first < here:
            page = list(rows[first : first + left])
            left -= len(page)
            found += [scim.told(kind, one, asked) for one in _shown(kind, page, base, members=_wants_members(asked))]
        total += here
    return scim.listed(found, total=total, start=start)


def _filtered(
    actor: Actor, kinds: tuple[Kind, ...], asked: "SearchRequest[Any]"
) -> "Iterator[tuple[Kind, QuerySet[Any]]]":
    """The rows of each kind that fit, in order. What a kind has no attribute for, none of it fits, RFC 7644 3.4.2.1."""
    refused: list[ScimError] = []
    descending = asked.sort_order == SearchRequest.SortOrder.descending
    for kind in kinds:
        rows = _people(actor) if kind == "User" else _groups(actor)
        if asked.filter is not None:
            try:
                rows = rows.filter(condition_of(kind, asked.filter.ast))
            except ScimError as error:
                refused.append(error)
                rows = rows.none()
        yield kind, rows.order_by(*order_of(kind, str(asked.sort_by or ""), descending=descending))
    if len(refused) == len(kinds):
        raise refused[0]


def one(*, actor: Actor, kind: Kind, key: str, wanted: Mapping[str, Any], base: str) -> tuple[dict[str, Any], str]:
    """One person or group, and its entity tag. Raises UnknownError, ScimError."""
    _ask(actor)
    asked = scim.asked_for(
        (kind,), {name: wanted[name] for name in ("attributes", "excludedAttributes") if name in wanted}
    )
    row = find(actor=actor, kind=kind, key=key)
    whole = next(iter(_shown(kind, [row], base, members=_wants_members(asked))))
    return scim.told(kind, whole, asked), whole["meta"]["version"]


def find(*, actor: Actor, kind: Kind, key: str) -> Any:
    """The row of a person or group that the directory knows. Raises UnknownError."""
    rows = _people(actor) if kind == "User" else _groups(actor)
    good = kind == "Group" or (key.isascii() and key.isdecimal() and len(key) <= 18)
    found = rows.filter(pk=key).first() if good and "\0" not in key else None
    if found is None:
        raise UnknownError(f"There is no {kind} with the id {key[:60]!r}.")
    return found


def resource_of(kind: Kind, row: Any, base: str) -> dict[str, Any]:
    """A row as a SCIM resource, with everything. Cost: at most three queries."""
    return next(iter(_shown(kind, [row], base, members=True)))


def about(what: str, base: str) -> dict[str, Any]:
    """What the server can do: ServiceProviderConfig, and the lists of ResourceTypes and Schemas."""
    if what == "ServiceProviderConfig":
        return scim.config(base)
    found = scim.resource_types(base) if what == "ResourceTypes" else scim.schemas(base)
    return scim.listed(found, total=len(found), start=1)


def about_one(what: str, key: str, base: str) -> dict[str, Any]:
    """One of ResourceTypes or Schemas. Raises UnknownError."""
    found = next((one for one in about(what, base)["Resources"] if one["id"] == key), None)
    if found is None:
        raise UnknownError(f"There is no {key[:80]!r} among {what}.")
    return dict(found)


def error_of(status: int, kind: str, detail: str) -> dict[str, Any]:
    """An error as SCIM has it."""
    return scim.told_error(status, kind, detail)


def _ask(actor: Actor) -> None:
    if isinstance(may(actor, "provision"), Refusal):
        raise UnknownError("There is nothing here for you.")


def _people(actor: Actor) -> "QuerySet[Any]":
    known = Person.objects.get_queryset().visible_to(actor).select_related("directory")
    there = known.filter(Q(directory__isnull=True) | Q(directory__gone=False))
    named: QuerySet[Any] = there.annotate(
        said_user_name=Coalesce("directory__user_name", "email", output_field=CharField())
    )
    return named


def _groups(actor: Actor) -> "QuerySet[Any]":
    rows: QuerySet[Any] = DirectoryGroup.objects.visible_to(actor).filter(gone=False)
    return rows


def _wants_members(asked: "ResponseParameters[Any]") -> bool:
    """Whether the members of groups have to be read: some have thousands, and directories rarely ask for them."""
    if any(str(path).casefold().rpartition(":")[2] == "members" for path in asked.excluded_attributes or ()):
        return False
    return not asked.attributes or any("members" in str(path).casefold() for path in asked.attributes)


def _shown(kind: Kind, rows: Sequence[Any], base: str, *, members: bool) -> Iterable[dict[str, Any]]:
    subjects = [one.actor_id if kind == "User" else f"directory_group/{one.pk}" for one in rows]
    changed = dict(
        LedgerEntry.objects.filter(subject__in=subjects).order_by().values_list("subject").annotate(at=Max("at"))
    )
    standing = DirectoryMembership.objects.filter(standing=True)
    found: dict[Any, list[DirectoryMembership]] = {}
    if kind == "User":
        there = standing.filter(person__in=rows, group__gone=False).select_related("group").order_by("group__name")
        for one in there:
            found.setdefault(one.person_id, []).append(one)
    else:
        there = standing.filter(group__in=rows).order_by("person")
        for one in there.only("group_id", "person_id"):
            found.setdefault(one.group_id, []).append(one)
    for row, subject in zip(rows, subjects, strict=True):
        held = found.get(row.pk, [])
        said = _user(row, held, base) if kind == "User" else _group(row)
        version = version_of({**said, "in": [one.person_id for one in held]} if kind == "Group" else said)
        if kind == "Group" and members and held:
            said["members"] = [_member(one, base) for one in held]
        meta = {
            "resourceType": kind,
            "created": rfc3339(row.created_at),
            "lastModified": rfc3339(changed.get(subject) or row.created_at),
            "location": f"{base}/{kind}s/{said['id']}",
            "version": version,
        }
        yield {**said, "meta": meta}


def _user(person: Person, memberships: Sequence[DirectoryMembership], base: str) -> dict[str, Any]:
    """As the directory said it; where somebody was given another name here, that one is shown."""
    known = row_of(person)
    attributes: dict[str, Any] = dict(known.attributes) if known else {}
    if name_of(known.user_name if known else "", attributes) != person.name:
        attributes["displayName"] = person.name
    said = {
        "schemas": [USER],
        "id": str(person.pk),
        "externalId": known.external_id if known else "",
        "userName": known.user_name if known else person.email,
        "active": person.is_active,
        "emails": [{"value": person.email, "type": "work", "primary": True}],
        **attributes,
        "groups": [
            {"value": one.group_id, "$ref": f"{base}/Groups/{one.group_id}", "display": one.group.name}
            for one in memberships
        ],
    }
    return {key: value for key, value in said.items() if value not in ("", [])}


def _group(group: DirectoryGroup) -> dict[str, Any]:
    said = {
        "schemas": [GROUP], "id": group.id, "externalId": group.external_id, "displayName": group.name,
    }  # fmt: skip
    return {key: value for key, value in said.items() if value}


def _member(one: DirectoryMembership, base: str) -> dict[str, Any]:
    return {"value": str(one.person_id), "$ref": f"{base}/Users/{one.person_id}", "type": "User"}


def row_of(person: Person) -> DirectoryPerson | None:
    """How the directory knows somebody; None where it has never said anything of them."""
    found: DirectoryPerson | None = getattr(person, "directory", None)
    return found


# --- roles


def group_roles() -> tuple[GroupRole, ...]:
    """Which roles follow from which groups: as administrators say, and as the setting for single sign-on does."""
    rules = GroupRoleRule.objects.filter(end__isnull=True).select_related("unit").order_by("recorded_at", "id")
    kept = (GroupRole(group=one.group, role=one.role, unit=one.unit.slug if one.unit else "") for one in rules)
    set_up = (
        GroupRole(group=one.group, role=one.role, unit=getattr(one, "unit", ""))
        for one in getattr(settings, "SSO_ROLES", ())  # only where single sign-on is
    )
    return (*kept, *set_up)


def names_of(group: DirectoryGroup) -> frozenset[str]:
    """By what a group may be named in the table of roles: its name, the directory's id, our id."""
    return frozenset({group.name, group.external_id, group.id} - {""})


def groups_of(person: Person) -> frozenset[str]:
    """The names of all groups that somebody is in. Cost: one query."""
    return groups_of_many([person.pk]).get(person.pk, frozenset())


def groups_of_many(people: Sequence[int]) -> dict[int, frozenset[str]]:
    """The names of all groups that each of these people is in, who is in any. Cost: one query."""
    rows = DirectoryMembership.objects.filter(person__in=people, standing=True, group__gone=False)
    found: dict[int, set[str]] = {}
    for one in rows.select_related("group"):
        found.setdefault(one.person_id, set()).update(names_of(one.group))
    return {key: frozenset(names) for key, names in found.items()}


def list_groups(*, actor: Actor) -> tuple[GroupLine, ...]:
    """Every group there is, with the roles it brings, by name. Cost: two queries."""
    table, standing = group_roles(), Count("memberships", filter=Q(memberships__standing=True))
    found = DirectoryGroup.objects.visible_to(actor).filter(gone=False)
    rows: QuerySet[Any] = found.annotate(standing=standing).order_by("name")
    return tuple(
        GroupLine(
            group=row,
            members=row.standing,
            brings=tuple(line for line in table if line.group in names_of(row)),
        )
        for row in rows
    )
