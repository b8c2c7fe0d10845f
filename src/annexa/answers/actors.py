"""Who acts: the role of a person or a service account, with the grants that count at an instant."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from annexa.answers.errors import UnknownError
from annexa.pure.permits import EXTERNAL, OUTSIDE, Actor, Grant, Refusal, may_somewhere
from annexa.pure.units import Unit, names_reached
from annexa.records import units as rows
from annexa.records.grants import RoleGrant
from annexa.records.people import Person
from annexa.records.tokens import ApiToken, ServiceAccount


def actor_of(person: Person, *, now: datetime | None = None) -> Actor:
    """The actor that a signed-in person is. Cost: a query, another one if they hold a role in a unit.

    An administrator may do everything everywhere, so costs none.
    """
    grants = () if person.role == "administrator" else grants_of(person.actor_id, now=now, role=person.role)
    return Actor(id=person.actor_id, name=person.name, role=person.role, grants=grants)


def afresh(actor: Actor, *, now: datetime) -> Actor | None:
    """The same actor as they are by now: their role and grants, narrowed as their token is. None if they are gone.

    For whoever waited for their turn: what was known of them when they came may not be so any more. Cost: two queries.
    """
    kind, _, key = actor.id.partition("/")
    if kind == "person":
        person = Person.objects.filter(pk=key, is_active=True).first() if key.isdecimal() else None
        whole = actor_of(person, now=now) if person else None
    elif kind == "service":
        account = ServiceAccount.objects.filter(slug=key).first()
        whole = actor_of_account(account, now=now) if account else None
    else:
        return actor
    if whole is None:
        return None
    there = whole if actor.part is None else whole.within(actor.part)
    return replace(there, name=actor.name, scopes=actor.scopes)


def actors_of(people: Iterable[Person]) -> Iterator[tuple[Person, Actor]]:
    """Many people, each with the actor they are. Cost: one query, another one if anybody holds a role in a unit."""
    held: dict[str, list[RoleGrant]] = {}
    for one in standing_grants(timezone.now()):
        held.setdefault(one.holder, []).append(one)
    tree = units() if any(one.unit for some in held.values() for one in some) else ()
    for person in people:
        grants = tuple(_grant(one, tree) for one in held.get(person.actor_id, ()) if fits(one, person.role))
        yield person, Actor(id=person.actor_id, name=person.name, role=person.role, grants=grants)


def actor_of_account(account: ServiceAccount, *, now: datetime | None = None) -> Actor:
    """The actor that a program is."""
    return Actor(id=account.actor_id, name=account.name, role=account.role, grants=grants_of(account.actor_id, now=now))


def actor_of_token(holder: Person | ServiceAccount, token: ApiToken, *, now: datetime) -> Actor:
    """The actor that comes with a token: its holder as of today, narrowed to the token's verbs and units."""
    whole = actor_of(holder, now=now) if isinstance(holder, Person) else actor_of_account(holder, now=now)
    there = whole.within(names_reached(units(), token.units)) if token.units else whole
    return replace(there, name=f"{holder.name} (token {token.name})", scopes=frozenset(token.scopes))


def grants_of(holder: str, *, now: datetime | None = None, role: str = "") -> tuple[Grant, ...]:
    """The roles that somebody has in parts of the organisation at an instant, now by default.

    `role`: theirs; for who comes from outside only what can be given to outsiders counts.
    """
    found = [one for one in standing_grants(now or timezone.now()).filter(holder=holder) if fits(one, role)]
    tree = units() if any(one.unit for one in found) else ()
    return tuple(_grant(one, tree) for one in found)


def _grant(found: RoleGrant, tree: Sequence[Unit]) -> Grant:
    return Grant(
        role=found.role,
        units=names_reached(tree, [found.unit.slug]) if found.unit else frozenset(),
        systems=frozenset({found.system} - {""}),
        everywhere=found.unit is None and not found.system,
    )


def fits(grant: RoleGrant, role: str) -> bool:
    """Whether somebody of that role may hold a grant: who comes from outside reads or audits, and until a day."""
    return role != EXTERNAL or (grant.role in OUTSIDE and grant.ends_at is not None)


def unended_grants(now: datetime) -> QuerySet[RoleGrant]:
    """The grants that count at an instant or will later, unless somebody ends them."""
    found: QuerySet[RoleGrant] = RoleGrant.objects.filter(end__isnull=True).select_related("unit")
    return found.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now))


def standing_grants(now: datetime) -> QuerySet[RoleGrant]:
    """The grants that count at an instant."""
    return unended_grants(now).filter(starts_at__lte=now)


def ask_reads(actor: Actor) -> None:
    """Lets a question go on only for who reads anything at all. Raises UnknownError."""
    if isinstance(may_somewhere(actor, "read"), Refusal):
        raise UnknownError("There is nothing here for you.")


def units() -> tuple[Unit, ...]:
    """Every unit, closed ones too. Cost: one query."""
    found = rows.Unit.objects.values_list("slug", "name", "parent__slug", "closed")
    return tuple(Unit(slug=slug, name=name, parent=parent or "", closed=closed) for slug, name, parent, closed in found)
