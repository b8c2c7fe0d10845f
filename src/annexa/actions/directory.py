"""What a directory (an identity provider) makes, changes and ends over SCIM: people, groups, and who is in them.

It cannot hand over what somebody answers for, as an administrator does: who loses access keeps that until somebody
does it. It gives no roles but those that follow from groups, and never takes away the last administrator.
"""

import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from annexa.actions.door import Door, door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError, TakenError
from annexa.actions.leaving import end_rights_inside
from annexa.actions.people import make_person, refuse_last_administrator
from annexa.actions.sign_in import write_sessions_end
from annexa.adapters import scim
from annexa.answers.actors import standing_grants
from annexa.answers.directory import find, group_roles, groups_of, groups_of_many, names_of, resource_of, row_of
from annexa.answers.errors import UnknownError
from annexa.pure.directory import (
    GroupSaid,
    PersonSaid,
    group_problems,
    group_said,
    person_problems,
    person_said,
)
from annexa.pure.fields import tidy
from annexa.pure.group_roles import GroupRole, highest_role, next_role, refusal, roles_in_units
from annexa.pure.permits import EXTERNAL, MEMBER, Actor
from annexa.pure.registers.completions import COMPLETIONS
from annexa.records.directory import DirectoryGroup, DirectoryMembership, DirectoryPerson, GroupRoleEnd, GroupRoleRule
from annexa.records.grants import GrantEnd, RoleGrant
from annexa.records.people import Person
from annexa.records.registers import TABLES
from annexa.records.systems import AiSystem
from annexa.records.units import Unit

SAID = "Said by the directory"
BATCH = 500
ADMINISTRATOR = "administrator"
log = logging.getLogger("annexa.directory")
Seen = frozenset[str]
"""Entity tags of which one has to be that of the resource; empty: whatever it is, as directories ask."""


# --- people


def add_directory_person(*, actor: Actor, given: Any, now: datetime) -> Person:
    """Makes a person whom the directory knows: without a password, a member unless their groups say more.

    Who was deleted by the directory before comes back as the same person. Ledger: person, directory_person, and grant
    where a group brings one. Raises ScimError, InvalidError, TakenError, NotPermittedError.
    """
    with _door(actor, now) as opened:
        said = person_said(scim.read("User", given))
        back = _somebody_gone(said)
        _refuse_person(said, back)
        person = back or make_person(opened, email=said.email, name=said.name, role=MEMBER, password=None, now=now)
        row = row_of(person) or _row(person, said.user_name, now)
        row.gone = False
        _apply(opened, person, row, said, active=said.active is not False)
    return person


def replace_directory_person(*, actor: Actor, person: str, given: Any, seen: Seen, now: datetime) -> Person:
    """Puts what the directory says in place of what it said before, RFC 7644 3.5.1.

    Ledger: person, directory_person, each where it changes; grant and grant_end where groups bring others.
    Raises ScimError, InvalidError, TakenError, ConflictError, NotFoundError, NotPermittedError.
    """
    return _changed(actor, person, lambda _current: scim.read("User", given), seen, now)


def patch_directory_person(*, actor: Actor, person: str, given: Any, seen: Seen, now: datetime) -> Person:
    """Changes some attributes of a person, RFC 7644 3.5.2; all operations or none.

    Ledger: person, directory_person, each where it changes; grant and grant_end where groups bring others.
    Raises ScimError, InvalidError, TakenError, ConflictError, NotFoundError, NotPermittedError.
    """
    return _changed(actor, person, lambda current: scim.patched("User", current, given), seen, now)


def remove_directory_person(*, actor: Actor, person: str, seen: Seen, now: datetime) -> None:
    """The directory deleted somebody: their access ends, with grants, tokens and password; no row goes.

    What they answer for stays with them until an administrator hands it over (let_go). Ledger: person,
    directory_person, and an entry for each membership, grant and token that ends.
    Raises ConflictError, NotFoundError, NotPermittedError.
    """
    with _door(actor, now) as opened:
        found = _locked(actor, "User", person)
        _refuse_unseen("User", found, seen)
        row = row_of(found) or _row(found, found.email, now)
        _end_memberships(opened, DirectoryMembership.objects.filter(person=found, standing=True))
        row.gone = True
        _suspend(opened, found, row)
        found.set_unusable_password()
        found.role = EXTERNAL if found.role == EXTERNAL else MEMBER
        row.role = ""
        opened.write(found, kind="person", subject=found.actor_id)
        end_rights_inside(opened, found, by=_by(opened))
        row.grants = []
        opened.write(row, kind="directory_person", subject=found.actor_id)


def _changed(
    actor: Actor, person: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]], seen: Seen, now: datetime
) -> Person:
    with _door(actor, now) as opened:
        found: Person = _locked(actor, "User", person)
        current = _refuse_unseen("User", found, seen)
        said = person_said(change(current))
        _refuse_person(said, found)
        row = row_of(found) or _row(found, found.email, now)
        _apply(opened, found, row, said, active=found.is_active if said.active is None else said.active)
    return found


def _apply(opened: Door, person: Person, row: DirectoryPerson, said: PersonSaid, *, active: bool) -> None:
    """Makes person and row what the directory says, and writes what that changes."""
    before = None if row._state.adding else row.state()
    was = (person.email, person.name, person.is_active, person.role)
    if said.email != person.email:
        _rename_owner(opened, person.email, said.email)
        _rename_learner(opened, person.email, said.email)
    person.email, person.name = said.email, tidy(said.name)
    row.user_name, row.external_id, row.attributes = said.user_name, said.external_id, dict(said.attributes)
    if person.is_active and not active:
        _suspend(opened, person, row)
    elif active and not person.is_active and row.suspended:
        person.is_active, row.suspended = True, False
    _follow(opened, person, row, group_roles(), groups_of(person))
    if was != (person.email, person.name, person.is_active, person.role):
        opened.write(person, kind="person", subject=person.actor_id)
    if before != row.state():
        opened.write(row, kind="directory_person", subject=person.actor_id)


def _suspend(opened: Door, person: Person, row: DirectoryPerson) -> None:
    """Ends somebody's access at once. Raises NotPermittedError for the last administrator."""
    if refused := refuse_last_administrator(person, active=False):
        raise NotPermittedError(refused)
    row.suspended = row.suspended or person.is_active
    person.is_active = False
    write_sessions_end(opened, person)


def _somebody_gone(said: PersonSaid) -> Person | None:
    """Whom the directory deleted, and makes again now: known by their user name, else by their address."""
    rows = DirectoryPerson.objects.filter(gone=True).select_related("person")
    found = rows.filter(user_name__iexact=said.user_name).first() or rows.filter(person__email=said.email).first()
    if found is None:
        return None
    person: Person = Person.objects.select_for_update().get(pk=found.person_id)
    return person


def _refuse_person(said: PersonSaid, person: Person | None) -> None:
    problems = person_problems(said)
    try:
        validate_email(said.email)
    except ValidationError:
        problems["emails"] = [f"{said.email[:254]!r} is not an email address; give one, or a userName that is one."]
    if problems:
        raise InvalidError(problems)
    others = Person.objects.exclude(pk=person.pk) if person else Person.objects.all()
    if others.filter(email__iexact=said.email).exists():
        raise TakenError(f"Somebody else has the address {said.email}.")
    rows = DirectoryPerson.objects.filter(gone=False, user_name__iexact=said.user_name)
    if (rows.exclude(person=person) if person else rows).exists() or others.filter(
        directory__isnull=True, email__iexact=said.user_name
    ).exists():
        raise TakenError(f"Somebody else has the userName {said.user_name}.")


def _rename_owner(opened: Door, before: str, email: str) -> None:
    """The AI systems that somebody owns follow their new address."""
    systems = list(AiSystem.objects.select_for_update().filter(owner__iexact=before))
    for one in systems:
        one.owner, one.changed_at = email, opened.now
    if systems:
        opened.write_many(
            systems, kind="ai_system", subject=lambda one: f"ai_system/{one.slug}", fields=["owner", "changed_at"]
        )


def _rename_learner(opened: Door, before: str, email: str) -> None:
    """What somebody completed follows their new address, so that nobody has to learn it again."""
    table: Any = TABLES[COMPLETIONS.noun]
    rows = list(table.objects.select_for_update().filter(person__iexact=before))
    for one in rows:
        one.take(COMPLETIONS.replaced(one.entry, {"person": email}))
        one.changed_at = opened.now
    if rows:
        opened.write_many(
            rows, kind=COMPLETIONS.noun, subject=lambda one: f"{COMPLETIONS.noun}/{one.slug}",
            fields=["person", "words", "changed_at"],
        )  # fmt: skip


def _row(person: Person, user_name: str, now: datetime) -> DirectoryPerson:
    """A first row for somebody of whom the directory has said nothing yet; not saved."""
    return DirectoryPerson(
        id=_id(), person=person, user_name=user_name, created_at=now,
        attributes={"displayName": person.name, "emails": [{"value": person.email, "type": "work", "primary": True}]},
    )  # fmt: skip


# --- groups


def add_directory_group(*, actor: Actor, given: Any, now: datetime) -> DirectoryGroup:
    """Makes a group. Ledger: directory_group, directory_membership for each member, and what roles follow.

    Raises ScimError, InvalidError, TakenError, NotPermittedError.
    """
    with _door(actor, now) as opened:
        said = group_said(scim.read("Group", given))
        group = DirectoryGroup(id=_id(), created_at=now)
        _put(opened, group, said)
    return group


def replace_directory_group(*, actor: Actor, group: str, given: Any, seen: Seen, now: datetime) -> DirectoryGroup:
    """Puts what the directory says of a group in place of what it said before, members and all.

    Ledger: directory_group, directory_membership, and what roles follow, each where something changes.
    Raises ScimError, InvalidError, TakenError, ConflictError, NotFoundError, NotPermittedError.
    """
    return _changed_group(actor, group, lambda _current: scim.read("Group", given), seen, now)


def patch_directory_group(*, actor: Actor, group: str, given: Any, seen: Seen, now: datetime) -> DirectoryGroup:
    """Changes some attributes of a group, or some of its members; all operations or none.

    Ledger: directory_group, directory_membership, and what roles follow, each where something changes.
    Raises ScimError, InvalidError, TakenError, ConflictError, NotFoundError, NotPermittedError.
    """
    return _changed_group(actor, group, lambda current: scim.patched("Group", current, given), seen, now)


def remove_directory_group(*, actor: Actor, group: str, seen: Seen, now: datetime) -> None:
    """The directory deleted a group: nobody is in it any more, and what it brought ends; no row goes.

    Ledger: directory_group, directory_membership for each member, and what roles follow.
    Raises ConflictError, NotFoundError, NotPermittedError.
    """
    with _door(actor, now) as opened:
        found = _locked(actor, "Group", group)
        _refuse_unseen("Group", found, seen)
        was = names_of(found)
        people = _end_memberships(opened, DirectoryMembership.objects.filter(group=found, standing=True))
        found.gone = True
        opened.write(found, kind="directory_group", subject=f"directory_group/{found.id}")
        _follow_all(opened, people, was)


def _changed_group(
    actor: Actor, group: str, change: Callable[[Mapping[str, Any]], Mapping[str, Any]], seen: Seen, now: datetime
) -> DirectoryGroup:
    with _door(actor, now) as opened:
        found: DirectoryGroup = _locked(actor, "Group", group)
        current = _refuse_unseen("Group", found, seen)
        _put(opened, found, group_said(change(current)))
    return found


def _put(opened: Door, group: DirectoryGroup, said: GroupSaid) -> None:
    """Makes a group what the directory says, and writes what that changes."""
    was = names_of(group)
    before = None if group._state.adding else group.state()
    rows = {} if group._state.adding else {one.person_id: one for one in group.memberships.all()}
    people = _members(said, known={pk for pk, one in rows.items() if one.standing})
    if DirectoryGroup.objects.filter(name=said.name, gone=False).exclude(pk=group.pk).exists():
        raise TakenError(f"Another group has the displayName {said.name}; roles follow names, so each is there once.")
    group.name, group.external_id = said.name, said.external_id
    if before != group.state():
        opened.write(group, kind="directory_group", subject=f"directory_group/{group.id}")
    changed = {pk for pk, one in rows.items() if one.standing} ^ people
    made = []
    for pk in sorted(changed):
        row = rows.get(pk)
        if row is None:
            made.append(DirectoryMembership(id=_id(), group=group, person_id=pk, created_at=opened.now))
        else:
            row.standing = pk in people
            opened.write(row, kind="directory_membership", subject=f"directory_group/{group.id}")
    if made:
        opened.write_many(made, kind="directory_membership", subject=lambda _one: f"directory_group/{group.id}")
    names = names_of(group)
    _follow_all(opened, changed | people if names != was else changed, was | names)


def _members(said: GroupSaid, known: set[int]) -> set[int]:
    """The people who are said to be in a group. Raises InvalidError with everything, TakenError."""
    problems = group_problems(said)
    wanted = {one: int(one) for one in said.members if one.isascii() and one.isdecimal() and len(one) <= 18}
    new = set(wanted.values()) - known
    rows = Person.objects.exclude(directory__gone=True)
    if len(new) <= 500:  # beyond that, reading them all is cheaper than asking for each
        rows = rows.filter(pk__in=new)
    there = known | set(rows.values_list("pk", flat=True)) if new else known
    lost = [one[:60] for one in said.members if wanted.get(one) not in there]
    if lost:
        more = f", and {len(lost) - 5:,} more" if len(lost) > 5 else ""
        problems["members"] = [f"There is no person with the id {', '.join(map(repr, lost[:5]))}{more}."]
    if problems:
        raise InvalidError(problems)
    return set(wanted.values())


def _end_memberships(opened: Door, rows: Iterable[DirectoryMembership]) -> set[int]:
    """Nobody of these is in these groups any more; who they are."""
    found = list(rows)
    for one in found:
        one.standing = False
    if found:
        opened.write_many(
            found, kind="directory_membership", subject=lambda one: f"directory_group/{one.group_id}",
            fields=["standing"],
        )  # fmt: skip
    return {one.person_id for one in found}


# --- roles from groups


def map_group(
    *, actor: Actor, by: Person | None, group: str, role: str, because: str, now: datetime, unit: str = ""
) -> GroupRoleRule:
    """From now on everybody in a group has a role, everywhere or, with `unit` (a slug), there and below.

    The group need not be there yet. Ledger: group_role, and what roles follow at once.
    Raises InvalidError with every problem, ConflictError, NotPermittedError.
    """
    with door(actor=actor, verb="map_group", now=now, because=because.strip()) as opened:
        there = Unit.objects.filter(slug=unit, closed=False).first() if unit else None
        line = GroupRole(group=group.strip(), role=role, unit=unit)
        problems: dict[str, list[str]] = {}
        if not 0 < len(line.group) <= 254:
            problems["group"] = ["Name the group, in at most 254 characters."]
        if sentence := refusal(line):
            problems["role"] = [f"{sentence[0].upper()}{sentence[1:]}."]
        if unit and there is None:
            problems["unit"] = [f"There is no open unit {unit}."]
        if not because.strip():
            problems["because"] = ["Say why the group has this role."]
        if problems:
            raise InvalidError(problems)
        if line in group_roles():
            raise ConflictError(f"{line.group} brings that role already.")
        made = GroupRoleRule(
            id=_id(), group=line.group, role=role, unit=there, because=because.strip(), recorded_at=now, by=by
        )
        opened.write(made, kind="group_role", subject=f"group_role/{made.id}")
        _follow_all(opened, _in_group(line.group), frozenset({line.group}))
    return made


def unmap_group(*, actor: Actor, by: Person | None, rule: str, because: str, now: datetime) -> GroupRoleEnd:
    """A group does not bring a role any more. Ledger: group_role_end, and what roles follow at once.

    Raises InvalidError, NotFoundError, ConflictError if it has ended, NotPermittedError.
    """
    with door(actor=actor, verb="map_group", now=now, because=because.strip()) as opened:
        found = GroupRoleRule.objects.filter(id=rule).first()
        if found is None:
            raise NotFoundError(f"There is no rule {rule}.")
        if GroupRoleEnd.objects.filter(rule=found).exists():
            raise ConflictError("It was ended already.")
        if not because.strip():
            raise InvalidError({"because": ["Say why it ends."]})
        made = GroupRoleEnd(id=_id(), rule=found, because=because.strip(), recorded_at=now, by=by)
        opened.write(made, kind="group_role_end", subject=f"group_role/{found.id}")
        _follow_all(opened, _in_group(found.group), frozenset({found.group}))
    return made


def rule_for(group: str, role: str, unit: str = "") -> str:
    """The rule by which a group brings a role. Raises NotFoundError."""
    rows = GroupRoleRule.objects.filter(group=group, role=role, end__isnull=True)
    found = (rows.filter(unit__slug=unit) if unit else rows.filter(unit=None)).first()
    if found is None:
        raise NotFoundError(f"No rule says that {group} brings {role}{f' in {unit}' if unit else ''}.")
    return str(found.id)


def follow_groups(*, actor: Actor, now: datetime) -> int:
    """Gives everybody the roles that their groups bring, after the setting changed; for how many that was others.

    Ledger: person, directory_person, grant and grant_end, each where something changes. Raises NotPermittedError.
    """
    with door(actor=actor, verb="map_group", now=now, because="The roles of groups as they are set up") as opened:
        in_any = DirectoryMembership.objects.filter(standing=True).values_list("person", flat=True)
        had = DirectoryPerson.objects.exclude(role="", grants=[]).values_list("person", flat=True)
        return _follow_all(opened, set(in_any) | set(had), None)


def _in_group(name: str) -> set[int]:
    rows = DirectoryMembership.objects.filter(standing=True, group__gone=False).select_related("group")
    return {one.person_id for one in rows if name in names_of(one.group)}


def _follow_all(opened: Door, people: Iterable[int], names: frozenset[str] | None) -> int:
    """Lets the roles of these people follow their groups; how many changed. `names` of groups that something may
    follow from; None: whatever follows. Cost: a few queries for each BATCH of people."""
    table, found = group_roles(), sorted(people)
    if names is not None and not any(line.group in names for line in table):
        found = _brought_something(found)  # only what groups gave before can end
    return sum(_follow_some(opened, found[at : at + BATCH], table) for at in range(0, len(found), BATCH))


def _brought_something(people: list[int]) -> list[int]:
    rows = DirectoryPerson.objects.exclude(role="", grants=[]).values_list("person", flat=True)
    return sorted(set(people) & set(rows))


def _follow_some(opened: Door, keys: list[int], table: tuple[GroupRole, ...]) -> int:
    people = list(Person.objects.get_queryset().select_for_update().filter(pk__in=keys).order_by("pk"))
    known = {row.person_id: row for row in DirectoryPerson.objects.filter(person__in=keys)}
    groups = groups_of_many(keys)
    moved, made, changed = [], [], []
    for person in people:
        row = known.get(person.pk) or _row(person, person.email, opened.now)
        before, was = None if row._state.adding else row.state(), person.role
        _follow(opened, person, row, table, groups.get(person.pk, frozenset()))
        if was == ADMINISTRATOR != person.role:
            opened.write(person, kind="person", subject=person.actor_id)  # so that the next one is known to be the last
        elif person.role != was:
            moved.append(person)
        if before is None and (row.role or row.grants):
            made.append(row)
        elif before is not None and before != row.state():
            changed.append(row)
    for rows, kind, fields in (
        (moved, "person", ["role"]),
        (made, "directory_person", None),
        (changed, "directory_person", ["role", "grants"]),
    ):  # fmt: skip
        if rows:
            opened.write_many(rows, kind=kind, subject=_about, fields=fields)
    return len(made) + len(changed)


def _about(one: Any) -> str:
    return f"person/{one.pk}" if isinstance(one, Person) else f"person/{one.person_id}"


def _follow(
    opened: Door, person: Person, row: DirectoryPerson, table: Iterable[GroupRole], groups: frozenset[str]
) -> None:
    """Sets role and grants as the groups bring them; the caller writes person and row."""
    lines = tuple(table)
    brought = highest_role(lines, groups)
    role = next_role(held=person.role, brought=brought, before=row.role)
    if role != person.role and person.role == ADMINISTRATOR and refuse_last_administrator(person, role=role):
        log.warning("%s stays an administrator, whatever their groups: there is no other one.", person.actor_id)
    else:
        person.role, row.role = role, brought
    wanted = set(roles_in_units(lines, groups))
    if not row.grants and not wanted:
        return
    held = {(one.role, one.unit.slug if one.unit else ""): one for one in _standing(opened, row)}
    _end_grants(opened, [one for place, one in held.items() if place not in wanted])
    kept = [one.id for place, one in held.items() if place in wanted]
    units = {one.slug: one for one in Unit.objects.filter(slug__in=[unit for _, unit in wanted], closed=False)}
    made = [
        RoleGrant(
            id=_id(), holder=person.actor_id, role=role_there, unit=units[unit], starts_at=opened.now,
            because=opened.because, recorded_at=opened.now, by=_by(opened),
        )
        for role_there, unit in sorted(wanted - set(held))
        if unit in units
    ]  # fmt: skip
    for grant in made:
        opened.write(grant, kind="grant", subject=f"grant/{grant.id}")
    row.grants = sorted([*kept, *(one.id for one in made)])


def _standing(opened: Door, row: DirectoryPerson) -> Iterable[RoleGrant]:
    return standing_grants(opened.now).filter(id__in=row.grants)


def _end_grants(opened: Door, grants: Iterable[RoleGrant]) -> None:
    for one in list(grants):
        made = GrantEnd(id=_id(), grant=one, because=opened.because, recorded_at=opened.now, by=_by(opened))
        opened.write(made, kind="grant_end", subject=f"grant/{one.id}")


def _by(opened: Door) -> Person | None:
    """The person who acts; None where a program does."""
    kind, _, number = opened.actor.id.partition("/")
    return Person.objects.get(pk=int(number)) if kind == "person" else None


# --- all of them


def _door(actor: Actor, now: datetime) -> AbstractContextManager[Door]:
    return door(actor=actor, verb="provision", now=now, because=SAID)


def _locked(actor: Actor, kind: scim.Kind, key: str) -> Any:
    """The row, which nobody else changes meanwhile. Raises NotFoundError."""
    try:
        found = find(actor=actor, kind=kind, key=key)
    except UnknownError as error:
        raise NotFoundError(str(error)) from error
    return type(found).objects.get_queryset().select_for_update().get(pk=found.pk)


def _refuse_unseen(kind: scim.Kind, row: Any, seen: Seen) -> dict[str, Any]:
    """The resource as it is. Raises ConflictError where the directory saw another state."""
    current = resource_of(kind, row, "")
    if seen and "*" not in seen and current["meta"]["version"].removeprefix("W/") not in seen:
        raise ConflictError("It is not as you saw it any more. Nothing was changed; look at it again.")
    return current


def _id() -> str:
    return uuid.uuid4().hex
