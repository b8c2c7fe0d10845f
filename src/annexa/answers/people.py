"""Questions about people: who there is, what somebody holds, and what would be orphaned if they left."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from annexa.answers.actors import standing_grants, unended_grants
from annexa.answers.errors import UnknownError
from annexa.answers.tasks import held_by
from annexa.pure.permits import Actor, Permit, Place, Refusal, knows, may
from annexa.pure.registers import REGISTERS
from annexa.records.appointments import Appointment
from annexa.records.grants import RoleGrant
from annexa.records.ownerships import Ownership
from annexa.records.people import Person
from annexa.records.registers import TABLES, RegisterRow
from annexa.records.systems import AiSystem
from annexa.records.tasks import Task
from annexa.records.tokens import ApiToken


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What somebody answers for and what they can do: the first five need a successor, the last two simply end."""

    ownerships: tuple[Ownership, ...] = ()
    systems: tuple[AiSystem, ...] = ()
    tasks: tuple[Task, ...] = ()
    appointments: tuple[Appointment, ...] = ()
    records: tuple[RegisterRow, ...] = ()
    grants: tuple[RoleGrant, ...] = ()
    tokens: tuple[ApiToken, ...] = ()

    @property
    def to_hand_over(self) -> int:
        """How many things need a successor."""
        return sum(map(len, (self.ownerships, self.systems, self.tasks, self.appointments, self.records)))

    @property
    def anything(self) -> bool:
        """Whether there is anything that would need a successor or end."""
        return bool(self.to_hand_over or self.grants or self.tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPage:
    """Somebody with what they hold, as far as who asks may know of it, and who could take it over.

    `may_change`: who asks may change them; for nobody else there are successors.
    """

    person: Person
    holdings: Holdings
    successors: tuple[Person, ...]
    may_change: bool
    last_administrator: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLine:
    """Somebody in the list, with the roles they have in parts of the organisation."""

    person: Person
    grants: tuple[RoleGrant, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind:
    """Somebody who may not sign in any more and still answers for things: how many of each."""

    person: Person
    controls: int
    systems: int
    tasks: int
    offices: int
    records: int

    @property
    def total(self) -> int:
        """How many things wait for a successor."""
        return self.controls + self.systems + self.tasks + self.offices + self.records


def list_people(*, actor: Actor) -> tuple[Person, ...]:
    """Everybody who may or might sign in, by name; for who comes from outside, oneself."""
    return tuple(Person.objects.get_queryset().visible_to(actor).order_by("name", "id"))


def people_page(*, actor: Actor, now: datetime, text: str = "", role: str = "") -> tuple[PersonLine, ...]:
    """Everybody with their grants, as far as who asks may know of them; those who may sign in first.

    Raises UnknownError for who may not know.
    """
    _ask(actor)
    rows = Person.objects.get_queryset().visible_to(actor).order_by("-is_active", "name", "id")
    if words := text.strip():
        rows = rows.filter(Q(name__icontains=words) | Q(email__icontains=words))
    if role:
        rows = rows.filter(role=role)
    held: dict[str, list[RoleGrant]] = {}
    for one in standing_grants(now).filter(pk__in=RoleGrant.objects.visible_to(actor).values("pk")):
        held.setdefault(one.holder, []).append(one)
    return tuple(PersonLine(person=one, grants=tuple(held.get(one.actor_id, ()))) for one in rows)


def person_page(*, actor: Actor, person: int, now: datetime) -> PersonPage:
    """Somebody and what they hold. Raises UnknownError for who there is not, or may not be known of."""
    found: Person | None = Person.objects.get_queryset().visible_to(actor).filter(pk=person).first()
    if found is None:
        raise UnknownError(f"There is no person {person}.")
    others = Person.objects.filter(is_active=True).exclude(pk=person).exclude(role="external").order_by("name", "pk")
    may_change = isinstance(may(actor, "change_person"), Permit) and actor.id != found.actor_id
    return PersonPage(
        person=found,
        holdings=_seen(actor, found, holdings(found, now=now)),
        successors=tuple(others) if may_change else (),
        may_change=may_change,
        last_administrator=is_last_administrator(found),
    )


def holdings(person: Person, *, now: datetime) -> Holdings:
    """Everything somebody holds, whoever asks. Cost: seven queries, and one for each register."""
    given = Task.objects.filter(Q(owner=person) | Q(changes__owner=person)).distinct()
    tasks = given.select_related("owner").prefetch_related("changes__owner").order_by("due_on", "id")
    return Holdings(
        ownerships=_ownerships(person),
        systems=tuple(
            AiSystem.objects.filter(owner__iexact=person.email).exclude(stage="retirement").order_by("name", "slug")
        ),
        tasks=tuple(one for one in tasks if held_by(one)[0].pk == person.pk and _stands(one)),
        appointments=tuple(
            Appointment.objects.filter(person=person, end__isnull=True).order_by("body", "office", "id")
        ),
        records=tuple(
            row
            for rows in _owned_records(now.date())
            for row in rows.filter(owner__iexact=person.email).order_by("name", "slug")
        ),
        grants=tuple(unended_grants(now).filter(holder=person.actor_id).order_by("starts_at", "id")),
        tokens=tuple(
            ApiToken.objects.filter(holder=person.actor_id, revocation__isnull=True, expires_at__gt=now).order_by("id")
        ),
    )


def _seen(actor: Actor, person: Person, held: Holdings) -> Holdings:
    """What of it an actor may know of. Tokens: one's own, or as an administrator everybody's. Cost: five queries."""
    own = actor.id == person.actor_id or isinstance(may(actor, "revoke_token_of_others"), Permit)
    found: dict[str, tuple[Any, ...]] = {}
    for name, table in _TABLES.items():
        rows = getattr(held, name)
        known = set(
            table.objects.visible_to(actor).filter(pk__in=[one.pk for one in rows]).values_list("pk", flat=True)
        )
        found[name] = tuple(one for one in rows if one.pk in known)
    found["records"] = tuple(row for row in held.records if _is_seen(actor, row))
    return replace(held, **found, tokens=held.tokens if own else ())


def _is_seen(actor: Actor, row: RegisterRow) -> bool:
    return knows(actor, Place(unit=getattr(row, "unit", "")))


def _owned_records(on: date) -> Iterator[QuerySet[Any]]:
    """The records that count on a day, of every register whose records have an owner."""
    for register in REGISTERS.values():
        if "owner" in register.field:
            yield TABLES[register.noun].objects.exclude(**{f"{register.ends}__lte": on})


_TABLES: Mapping[str, Any] = {
    "ownerships": Ownership, "systems": AiSystem, "tasks": Task, "appointments": Appointment, "grants": RoleGrant,
}  # fmt: skip
"""The parts of what somebody holds that speak of scopes, each with its table."""


def left_behind(*, actor: Actor, now: datetime) -> tuple[LeftBehind, ...]:
    """What those who may not sign in any more still hold, who holds most first; nothing to who cannot hand it over.

    A directory ends access at once and names no successors.
    Cost: five queries and one for each register; one if everybody may sign in.
    """
    if isinstance(may(actor, "appoint"), Refusal):
        return ()
    people = {one.pk: one for one in Person.objects.get_queryset().visible_to(actor).filter(is_active=False)}
    if not people:
        return ()
    controls = Counter(_latest().filter(owner__is_active=False).values_list("owner_id", flat=True))
    by_email = {one.email: one.pk for one in people.values()}
    gone = Person.objects.filter(is_active=False)
    owned = AiSystem.objects.annotate(at=Lower("owner")).filter(at__in=gone.values("email")).exclude(stage="retirement")
    systems = Counter(by_email[email] for email in owned.values_list("at", flat=True))
    given = Task.objects.filter(Q(owner__in=gone) | Q(changes__owner__in=gone)).distinct()
    found = given.select_related("owner").prefetch_related("changes__owner")
    tasks = Counter(held_by(one)[0].pk for one in found if _stands(one))
    held = Appointment.objects.filter(person__is_active=False, end__isnull=True)
    offices = Counter(held.values_list("person_id", flat=True))
    records: Counter[int] = Counter()
    for rows in _owned_records(now.date()):
        at = rows.annotate(at=Lower("owner")).filter(at__in=gone.values("email"))
        records.update(by_email[email] for email in at.values_list("at", flat=True))
    lines = (
        LeftBehind(
            person=one, controls=controls[pk], systems=systems[pk], tasks=tasks[pk], offices=offices[pk],
            records=records[pk],
        )
        for pk, one in people.items()
    )  # fmt: skip
    return tuple(sorted((one for one in lines if one.total), key=lambda one: (-one.total, one.person.name)))


def is_last_administrator(person: Person) -> bool:
    """Whether without this person nobody could administrate who signs in with a password, without any provider; where
    nobody has a password, whether nobody could at all."""
    able = [one for one in Person.objects.filter(role="administrator", is_active=True) if one.has_usable_password()]
    others = Person.objects.filter(role="administrator", is_active=True).exclude(pk=person.pk)
    alone = not others.exists() or [one.pk for one in able] == [person.pk]
    return person.role == "administrator" and person.is_active and alone


def _ownerships(person: Person) -> tuple[Ownership, ...]:
    return tuple(_latest().filter(owner=person).order_by("control", "scope"))


def _latest() -> QuerySet[Ownership]:
    """For each control and scope who was named last."""
    later = Ownership.objects.filter(
        control=OuterRef("control"), scope=OuterRef("scope"), number__gt=OuterRef("number")
    )
    found: QuerySet[Ownership] = Ownership.objects.filter(~Exists(later))
    return found


def _stands(task: Task) -> bool:
    return all(change.what != "withdrawn" for change in task.changes.all())


def _ask(actor: Actor) -> None:
    if isinstance(may(actor, "read_people"), Refusal):
        raise UnknownError("There is nothing here for you.")
