"""Moving and leaving: whatever somebody answers for goes to a named successor in the same step; nothing is orphaned."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import transaction

from annexa.actions.documents import release_readers
from annexa.actions.door import Door, door
from annexa.actions.errors import InvalidError, NotFoundError, NotPermittedError
from annexa.actions.governance import appoint_inside, end_inside
from annexa.actions.grants import end_grant
from annexa.actions.owners import name_owner
from annexa.actions.people import check_name, refuse_last_administrator, refuse_program
from annexa.actions.registers import change_records
from annexa.actions.scopes import place_of
from annexa.actions.sign_in import write_sessions_end
from annexa.actions.systems import change_system
from annexa.actions.tasks import hand_task
from annexa.answers.actors import fits
from annexa.answers.governance import offices_held
from annexa.answers.owners import can_act
from annexa.answers.people import Holdings, holdings
from annexa.library.governance import governance
from annexa.pure.fields import tidy
from annexa.pure.governance import stands_against
from annexa.pure.permits import EXTERNAL, Actor
from annexa.pure.registers import REGISTERS
from annexa.records.directory import DirectoryPerson
from annexa.records.grants import GrantEnd, RoleGrant
from annexa.records.people import Person
from annexa.records.tokens import ApiToken, TokenRevocation

KINDS = ("controls", "systems", "tasks", "offices", "records")
"""What can go to different successors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a leaver handed over and lost."""

    handed_over: int
    grants: int
    tokens: int


def let_go(
    *,
    actor: Actor,
    by: Person | None,
    person: int,
    successors: Mapping[str, Person],
    because: str,
    now: datetime,
) -> Left:
    """Ends somebody's access. Controls, AI systems, records, tasks and offices go to successors, one for each of KINDS;
    grants and tokens end. Everything or nothing. Who was suspended before and still holds something is let go just so.
    Ledger: an entry for each thing, and person where it changes.

    Raises InvalidError with everything that stands against it, NotFoundError, NotPermittedError.
    """
    said = because.strip()
    with transaction.atomic():
        with door(actor=actor, verb="end_access", now=now, because=said) as opened:
            found = _person(person)
            held = holdings(found, now=now)
            _refuse_leaving(actor, found, held, successors, said)
            if found.is_active:
                suspend_inside(opened, found)
            _offices(opened, held, successors.get("offices"), by)
        why, whole = f"{found.name} left: {said}", _whole(actor)
        _hand_over(whole, by, held, successors, why, now)
        with door(actor=actor, verb="end_access", now=now, because=why) as opened:
            grants, tokens = end_rights_inside(opened, found, by=by)
    return Left(handed_over=held.to_hand_over, grants=grants, tokens=tokens)


def suspend_person(*, actor: Actor, person: int, because: str, now: datetime) -> Person:
    """Ends somebody's access at once: sessions end, tokens are refused. What they answer for waits to be handed over.

    For when nobody can say yet who takes over; `let_go` does that, then or later. Ledger: person, and directory_person
    where a directory had suspended them before.
    Raises InvalidError with everything that stands against it, NotFoundError, NotPermittedError.
    """
    said = because.strip()
    with door(actor=actor, verb="end_access", now=now, because=said) as opened:
        found = _person(person)
        problems = _against_ending(actor, found, said)
        if not found.is_active:
            problems[""] = [f"{found.name} may not sign in already."]
        if problems:
            raise InvalidError(problems)
        suspend_inside(opened, found)
    return found


def shut_out(*, actor: Actor, by: Person | None, person: int, because: str, now: datetime) -> Person:
    """Ends somebody's access at once and for good: grants and tokens end, too; who lets them in again gives them anew.

    What they answer for waits to be handed over. Who may not sign in already loses the rest. Ledger: person,
    sessions_end, and an entry for each grant and token.
    Raises InvalidError with everything that stands against it, NotFoundError, NotPermittedError.
    """
    said = because.strip()
    with door(actor=actor, verb="end_access", now=now, because=said) as opened:
        found = _person(person)
        if problems := _against_ending(actor, found, said):
            raise InvalidError(problems)
        if found.is_active:
            suspend_inside(opened, found)
        else:
            _keep_directory_out(opened, found)
        end_rights_inside(opened, found, by=by)
    return found


def _against_ending(actor: Actor, found: Person, because: str) -> dict[str, list[str]]:
    """What stands against ending somebody's access, by field. Raises NotPermittedError for oneself."""
    if found.actor_id == actor.id:
        raise NotPermittedError("Nobody ends their own access; ask another administrator.")
    problems: dict[str, list[str]] = {} if because else {"because": ["Say why their access ends now."]}
    if refusal := refuse_last_administrator(found, active=False):
        problems[""] = [refusal]
    return problems


def suspend_inside(opened: Door, person: Person) -> None:
    """Ends somebody's access at once, inside an open door. From now on no directory may let them in again."""
    person.is_active = False
    _keep_directory_out(opened, person)
    opened.write(person, kind="person", subject=person.actor_id)
    write_sessions_end(opened, person)


def _keep_directory_out(opened: Door, person: Person) -> None:
    known = DirectoryPerson.objects.filter(person=person, suspended=True).first()
    if known is not None:
        known.suspended = False
        opened.write(known, kind="directory_person", subject=person.actor_id)


def end_rights_inside(opened: Door, person: Person, *, by: Person | None) -> tuple[int, int]:
    """Ends somebody's grants, also those that have not begun, and tokens, inside an open door; how many of each.

    Ledger: grant_end, token_revocation, and reading for what they were asked to read.
    """
    release_readers(opened, by=by, person=person)
    standing = RoleGrant.objects.filter(holder=person.actor_id, end__isnull=True).exclude(ends_at__lte=opened.now)
    grants = list(standing.order_by("starts_at", "id"))
    live = ApiToken.objects.filter(holder=person.actor_id, revocation__isnull=True, expires_at__gt=opened.now)
    tokens = list(live.order_by("id"))
    end: dict[str, Any] = {"because": opened.because, "recorded_at": opened.now, "by": by}
    for grant in grants:
        opened.write(GrantEnd(id=uuid.uuid4().hex, grant=grant, **end), kind="grant_end", subject=f"grant/{grant.id}")
    for token in tokens:
        made = TokenRevocation(id=uuid.uuid4().hex, token=token, **end)
        opened.write(made, kind="token_revocation", subject=f"api_token/{token.id}")
    return len(grants), len(tokens)


def change_person(
    *,
    actor: Actor,
    by: Person | None,
    person: int,
    name: str,
    role: str,
    because: str,
    now: datetime,
    successors: Mapping[str, Person] | None = None,
) -> Person:
    """Gives somebody another name or role. What the new role cannot do any more goes to a successor in the same step.

    Nobody changes their own role, no program makes an administrator, and there is always one.
    Ledger: person, and an entry for each thing.
    Raises InvalidError with everything that stands against it, NotFoundError, NotPermittedError.
    """
    said, given = because.strip(), successors or {}
    with transaction.atomic():
        with door(actor=actor, verb="change_person", now=now, because=said) as opened:
            found = _person(person)
            problems = check_name(name, role)
            if role != found.role:
                refuse_program(actor, role)
                if found.actor_id == actor.id:
                    raise NotPermittedError("Nobody changes their own role; ask another administrator.")
                if not said:
                    problems["because"] = ["Say why the role changes."]
                if refusal := refuse_last_administrator(found, role=role):
                    problems["role"] = [refusal]
            if problems:
                raise InvalidError(problems)
            found.name, found.role = tidy(name), role
            opened.write(found, kind="person", subject=found.actor_id)
            lost = _unable(actor, found, holdings(found, now=now))
            problems = _without_successor(actor, lost, given)
            if problems:
                raise InvalidError(problems)
            _offices(opened, lost, given.get("offices"), by)
        why = f"{found.name} is {found.get_role_display().lower()} now: {said}"
        _hand_over(_whole(actor), by, lost, given, why, now)
        for grant in lost.grants:
            end_grant(actor=_whole(actor), person=by, grant=grant.id, because=why, now=now)
    return found


def readmit(*, actor: Actor, person: int, because: str, now: datetime) -> Person:
    """Lets somebody sign in again who left; what they held stays where it went. Ledger: person.

    Raises InvalidError, NotFoundError, NotPermittedError.
    """
    with door(actor=actor, verb="change_person", now=now, because=because.strip()) as opened:
        found = _person(person)
        refuse_program(actor, found.role)
        if not because.strip():
            raise InvalidError({"because": ["Say why they are back."]})
        if not found.is_active:
            found.is_active = True
            opened.write(found, kind="person", subject=found.actor_id)
    return found


def _whole(actor: Actor) -> Actor:
    """The same actor for the steps that belong to one verb: who may let somebody go through a token may hand over what
    they held, too, as far as their roles go."""
    return replace(actor, scopes=None)


def _person(person: int) -> Person:
    found: Person | None = Person.objects.get_queryset().select_for_update().filter(pk=person).first()
    if found is None:
        raise NotFoundError(f"There is no person {person}.")
    return found


def _refuse_leaving(
    actor: Actor, found: Person, held: Holdings, successors: Mapping[str, Person], because: str
) -> None:
    if found.actor_id == actor.id:
        raise NotPermittedError("Nobody ends their own access; ask another administrator.")
    problems = _without_successor(actor, held, successors)
    if not because:
        problems["because"] = ["Say why, such as the last day at work."]
    if not found.is_active and not held.anything:
        problems[""] = [f"{found.name} may not sign in already, and holds nothing."]
    if refusal := refuse_last_administrator(found, active=False):
        problems[""] = [refusal]
    if problems:
        raise InvalidError(problems)


def _without_successor(actor: Actor, held: Holdings, successors: Mapping[str, Person]) -> dict[str, list[str]]:
    """For each kind of thing: that nobody was named for it, or why who was named cannot take it."""
    asked: dict[str, Sequence[object]] = {
        "controls": held.ownerships, "systems": held.systems, "tasks": held.tasks, "offices": held.appointments,
        "records": held.records,
    }  # fmt: skip
    problems: dict[str, list[str]] = {}
    for named in set(successors.values()):
        named.refresh_from_db()
    for kind, things in asked.items():
        if not things:
            continue
        heir = successors.get(kind)
        if heir is None:
            problems[kind] = [f"Name who takes over {len(things)} {kind if len(things) > 1 else kind[:-1]}."]
        elif not heir.is_active or heir.role == EXTERNAL:
            problems[kind] = [f"{heir.name} does not work here."]
    places = {
        "controls": {one.scope for one in held.ownerships}, "tasks": {one.scope for one in held.tasks},
    }  # fmt: skip
    for kind, scopes in places.items():
        heir = successors.get(kind)
        if kind not in problems and heir is not None:
            problems |= _cannot(actor, kind, heir, scopes)
    if held.appointments and "offices" not in problems:
        problems |= _forbidden(held, successors["offices"])
    return problems


def _cannot(actor: Actor, kind: str, heir: Person, scopes: Iterable[str]) -> dict[str, list[str]]:
    there = sorted(scope for scope in scopes if not can_act(heir, place_of(actor, scope)))
    return {kind: [f"{heir.name} may not change anything in {', '.join(there)}."]} if there else {}


def _forbidden(held: Holdings, heir: Person) -> dict[str, list[str]]:
    found = {
        sentence
        for one in held.appointments
        for sentence in stands_against(governance(), offices_held(), one.office, heir.pk)
    }
    return {"offices": sorted(found)} if found else {}


def _unable(actor: Actor, person: Person, held: Holdings) -> Holdings:
    """What somebody holds that their roles do not let them do any more; who comes from outside now keeps no AI system,
    no record, no office but that of an auditor, and no role in a part that outsiders may not have."""
    outside = person.role == EXTERNAL
    return Holdings(
        systems=held.systems if outside else (),
        records=held.records if outside else (),
        appointments=tuple(one for one in held.appointments if outside and one.office != "internal-auditor"),
        grants=tuple(one for one in held.grants if not fits(one, person.role)),
        ownerships=tuple(one for one in held.ownerships if not can_act(person, place_of(actor, one.scope))),
        tasks=tuple(one for one in held.tasks if not can_act(person, place_of(actor, one.scope))),
    )


def _offices(opened: Door, held: Holdings, heir: Person | None, by: Person | None) -> None:
    for one in held.appointments:
        end_inside(opened, one, because=opened.because, by=by)
        if heir is not None and not _sits(one.office, one.body, heir):
            appoint_inside(opened, office=one.office, body=one.body, person=heir, by=by)


def _sits(office: str, body: str, heir: Person) -> bool:
    return any(one.holder.person == heir.pk and (one.office, one.body) == (office, body) for one in offices_held())


def _hand_over(
    actor: Actor, by: Person | None, held: Holdings, successors: Mapping[str, Person], because: str, now: datetime
) -> None:
    for one in held.ownerships:
        name_owner(
            actor=actor, person=by, controls=[one.control], owner=successors["controls"], scope=one.scope,
            because=because, now=now,
        )  # fmt: skip
    for task in held.tasks:
        hand_task(actor=actor, person=by, task=task.id, owner=successors["tasks"], because=because, now=now)
    for noun, rows in groupby(held.records, lambda one: one.KIND):
        change_records(
            actor=actor, register=REGISTERS[noun], slugs=[one.slug for one in rows],
            values={"owner": successors["records"].email}, now=now, because=because,
        )  # fmt: skip
    for system in held.systems:
        facts = replace(system.facts(), owner=successors["systems"].email)
        change_system(actor=actor, slug=system.slug, facts=facts, seen=system.changed_at, now=now, because=because)
