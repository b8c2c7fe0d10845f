"""Who answers for what, and who could."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from annexa.answers.actors import actor_of, actors_of
from annexa.answers.posture import Standpoint, standpoint
from annexa.pure.actors import number_of
from annexa.pure.facts import ORGANISATION
from annexa.pure.owners import Owner, Owners, propose
from annexa.pure.permits import WHOLE, Actor, Permit, Place, may
from annexa.pure.standards import Control
from annexa.records.ownerships import Ownership
from annexa.records.people import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Who answers for a control in a scope, who could (None: nobody is near), and who did, the latest first.

    `named`: somebody was named for it there, rather than for the AI system or the organisation.
    """

    owner: Owner | None
    named: bool
    proposed: Owner | None
    history: tuple[Ownership, ...]


def answering(*, actor: Actor, held: Owners, controls: Mapping[str, Control], control: str, scope: str) -> Answering:
    """Who answers for one control of the library in a scope. Cost: one query."""
    rows = Ownership.objects.visible_to(actor).filter(control=control, scope=scope).select_related("owner", "by")
    return Answering(
        owner=held.of(control, scope),
        named=(control, scope) in held.named,
        proposed=propose(held, controls, control, scope),
        history=tuple(rows.order_by("-number")),
    )


def owners_of_controls(*, actor: Actor, now: datetime) -> dict[str, Owner]:
    """Who was named for which control of the organisation. Cost: two queries."""
    held = owners(actor=actor, stand=standpoint(actor=actor, now=now))
    return {control: owner for (control, scope), owner in held.named.items() if scope == ORGANISATION}


def owners(*, actor: Actor, stand: Standpoint) -> Owners:
    """Who was named for which control, and who owns which AI system in use. Cost: two queries."""
    people = list(Person.objects.all())  # names only, of whom what can be seen speaks
    by_key = {one.pk: Owner(name=one.name, person=one.pk) for one in people}
    by_address = {one.email.casefold(): by_key[one.pk] for one in people}
    rows = Ownership.objects.visible_to(actor).order_by("number").values_list("control", "scope", "owner_id")
    latest = {(control, scope): owner for control, scope, owner in rows}
    return Owners(
        named={place: by_key[owner] for place, owner in latest.items() if owner is not None},
        systems={
            slug: by_address.get(system.owner.casefold()) or Owner(name=system.owner)
            for slug, system in stand.engine.systems.items()
            if system.owner
        },
    )


def candidates(*, actor: Actor, place: Place = WHOLE) -> tuple[Person, ...]:
    """The people who can answer for a control or take on a task there, by name. Cost: one query, a few for grants."""
    found = Person.objects.get_queryset().visible_to(actor).filter(is_active=True).order_by("name", "pk")
    return tuple(one for one, who in actors_of(found) if isinstance(may(who, "add_evidence", place), Permit))


def can_act(person: Person, place: Place = WHOLE) -> bool:
    """Whether somebody may sign in and do there what an owner has to do: add evidence."""
    return person.is_active and isinstance(may(actor_of(person), "add_evidence", place), Permit)


def key_of(actor: Actor) -> int | None:
    """The key of the person that acts; None for the program."""
    return number_of(actor.id)
