"""Tables that refuse to be written unless the door is open.

`annexa.actions.door` is the only caller of `opened`; a test in tests/house sees to it, another tries every table.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from django.apps import apps
from django.db import connection, models, transaction
from django.db.models.functions import Lower

from annexa.pure.actors import number_of
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import VERBS, Actor, Permit, Refusal, may, may_somewhere

_open: ContextVar[bool] = ContextVar("annexa_door_open", default=False)


class DoorClosedError(RuntimeError):
    """Somebody tried to write a record outside an action. That is a mistake in the program, not in the input."""

    def __init__(self, table: str) -> None:
        super().__init__(f"{table} is written only by an action: call one from annexa.actions, or add one.")


@contextmanager
def opened() -> Iterator[None]:
    """Lets records be written while it lasts."""
    token = _open.set(True)
    try:
        yield
    finally:
        _open.reset(token)


M = TypeVar("M", bound=models.Model)


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _reached(actor: Actor, where: str) -> models.Q:
    """The condition that a column speaks of the organisation itself or of an AI system the actor's grants reach."""
    systems = apps.get_model("records", "AiSystem").objects.filter(systems_reached(actor)).values("slug")
    return models.Q(**{where: ORGANISATION}) | models.Q(**{f"{where}__in": systems})


def _names(field: str, actor: Actor) -> models.Q:
    """The condition that a field has the address of the actor, in any case of letters."""
    person = apps.get_model("records", "Person").objects.get_queryset().filter(pk=number_of(actor.id) or 0)
    found = person.annotate(address=Lower("email")).filter(address=Lower(models.OuterRef(field)))
    return models.Q(models.Exists(found))


def systems_reached(actor: Actor) -> models.Q:
    """The condition that an AI system is one that the actor's grants let them read."""
    found = models.Q(pk__in=[])
    for grant in (one for one in actor.grants if one.role in VERBS["read"]):
        found |= models.Q(unit__in=grant.units) | models.Q(slug__in=grant.systems)
    return found


@dataclass(frozen=True, kw_only=True)
class Ready:
    """New rows of a table, in the values of the database; `beside`: those of other tables that go with them."""

    table: str
    columns: tuple[str, ...]
    values: Sequence[tuple[Any, ...]]
    beside: tuple["Ready", ...] = ()

    def write(self) -> None:
        """Writes them, in the transaction of whoever opened the door. Raises DoorClosedError."""
        if not _open.get():
            raise DoorClosedError(self.table)
        names = ", ".join(_quoted(one) for one in self.columns)
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with (
                    connection.wrap_database_errors,
                    cursor.copy(f"COPY {_quoted(self.table)} ({names}) FROM STDIN") as copy,
                ):
                    for one in self.values:
                        copy.write_row(one)
            else:
                marks = ", ".join("%s" for _ in self.columns)
                cursor.executemany(
                    f"INSERT INTO {_quoted(self.table)} ({names}) VALUES ({marks})",  # noqa: S608  names of our own
                    self.values,
                )
        for other in self.beside:
            other.write()


class GuardedQuerySet(models.QuerySet[M]):
    """A query set whose writes ask for the open door."""

    def visible_to(self, actor: Actor) -> "GuardedQuerySet[M]":
        """The rows this actor may know of: all of them for who reads the whole organisation; else those about the
        organisation itself and about the AI systems that their grants reach, as the table says where that stands; and
        those that name them, or that everybody at work may know of."""
        open_to = getattr(self.model, "OPEN_TO", "")
        if any(isinstance(may(actor, verb), Permit) for verb in ("read", open_to)):
            return self.all()
        unit: str | None = getattr(self.model, "UNIT", None)
        if unit:
            there = [units for one in actor.grants if one.role in VERBS["read"] for units in one.units]
            found = models.Q(**{f"{unit}__in": there})
            for name, verb in getattr(self.model, "SEEN_BY", {}).items():
                found |= _names(name, actor) if isinstance(may(actor, verb), Permit) else models.Q()
            return self.filter(found)
        where = getattr(self.model, "SCOPE", None)
        if where is None or isinstance(may_somewhere(actor, "read"), Refusal):
            return self.none()
        return self.filter(_reached(actor, where)) if where else self.all()

    def _ask(self) -> None:
        if not _open.get():
            raise DoorClosedError(self.model._meta.label)

    def update(self, **kwargs: Any) -> int:
        """As Django's, behind the door."""
        self._ask()
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        """As Django's, behind the door."""
        self._ask()
        return super().delete()

    def bulk_create(self, *args: Any, **kwargs: Any) -> list[M]:
        """As Django's, behind the door."""
        self._ask()
        return super().bulk_create(*args, **kwargs)

    def insert(self, rows: Sequence[M]) -> None:
        """Writes new rows the quick way, for tens of thousands: keys that the database counts stay unknown here."""
        self._ask()
        with transaction.atomic():
            self.ready(rows).write()
        for row in rows:
            row._state.adding, row._state.db = False, connection.alias

    def ready(self, rows: Sequence[M]) -> "Ready":
        """New rows as the database takes them, so that whoever writes them keeps others waiting no longer than that."""
        columns = [one for one in self.model._meta.concrete_fields if not isinstance(one, models.AutoField)]
        prepare = [(one.attname, one.get_db_prep_save) for one in columns]
        return Ready(
            table=self.model._meta.db_table,
            columns=tuple(str(one.column) for one in columns),
            values=[tuple(made(getattr(row, name), connection) for name, made in prepare) for row in rows],
        )

    def remove(self) -> None:
        """Deletes rows that nothing refers to, without looking at them first."""
        self._ask()
        self._raw_delete(connection.alias)

    remove.queryset_only = True  # type: ignore[attr-defined]  # never of a whole table by a slip

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        """As Django's, behind the door."""
        self._ask()
        return super().bulk_update(*args, **kwargs)


class Guarded(models.Model):
    """A record: written by actions only, through the door."""

    SCOPE: ClassVar[str | None] = None
    """The column, or the way to it, that says of which scope a row speaks; "": of none, so whoever reads anything may
    know of it; None: only who reads the whole organisation."""
    UNIT: ClassVar[str | None] = None
    """The column that names the unit a row belongs to, where that decides who may know of it."""

    objects: models.Manager[Any] = GuardedQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's, behind the door."""
        if not _open.get():
            raise DoorClosedError(self._meta.label)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """As Django's, behind the door."""
        if not _open.get():
            raise DoorClosedError(self._meta.label)
        return super().delete(*args, **kwargs)
