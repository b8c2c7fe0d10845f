"""The tables of the registers, each made from its declaration: a column for every field."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Lower

from annexa.pure.fields import Field
from annexa.pure.register import Entry, Register
from annexa.pure.registers import REGISTERS
from annexa.pure.words import fold
from annexa.records.guard import GuardedQuerySet, Ready
from annexa.records.links import fresh_links, keep
from annexa.records.recorded import Column, Recorded, at, first_at


class RegisterQuerySet(GuardedQuerySet["RegisterRow"]):
    """Writes many rows and, with them, their links."""

    def bulk_create(self, objs: Iterable["RegisterRow"], *args: Any, **kwargs: Any) -> list["RegisterRow"]:
        """As Django's, behind the door."""
        made = super().bulk_create(objs, *args, **kwargs)
        keep(self.model.REGISTER, made, fresh=True)
        return made

    def ready(self, rows: Sequence["RegisterRow"]) -> Ready:
        """As of any table, with their links."""
        return replace(super().ready(rows), beside=fresh_links(self.model.REGISTER, rows))

    def bulk_update(self, objs: Iterable["RegisterRow"], fields: Iterable[str], *args: Any, **kwargs: Any) -> int:
        """As Django's, behind the door."""
        rows, names = list(objs), set(fields)
        many = super().bulk_update(rows, names, *args, **kwargs)
        if any(one.name in names for one in self.model.REGISTER.leading):
            keep(self.model.REGISTER, rows, fresh=False)
        return many


class RegisterRow(Recorded):
    """A record of a register as it is now; earlier states are in the ledger.

    `words` holds all its texts in small letters, for the search. `source` keeps, as [column, text] pairs, what no field
    takes. Where it leads is kept in `Link` besides.
    """

    REGISTER: ClassVar[Register]
    KEY = "slug"
    ONCE = False
    UNKEPT: ClassVar[Mapping[str, str]] = {"id": "A number of this database only; the slug is what identifies."}

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=300, blank=True)
    source = models.JSONField(default=list)
    words = models.TextField(blank=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField(db_index=True)

    objects: ClassVar[Any] = RegisterQuerySet.as_manager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's, behind the door, with its links."""
        fresh = self._state.adding
        super().save(*args, **kwargs)
        keep(self.REGISTER, [self], fresh=fresh)

    @property
    def entry(self) -> Entry:
        """The record as the value that forms, imports, exports and checks speak of."""
        values = {one.name: _told(one, getattr(self, one.name)) for one in self.REGISTER.fields}
        return self.REGISTER.make(values, tuple((column, cell) for column, cell in self.source))

    def take(self, entry: Entry) -> None:
        """Takes over every field of the value, and derives `words`."""
        for one in self.REGISTER.fields:
            value = entry.values[one.name]
            setattr(self, one.name, list(value) if isinstance(value, tuple) else value)
        self.source = [list(pair) for pair in entry.source]
        self.words = words_of(self.REGISTER, entry)

    def state(self) -> dict[str, Any]:
        """What the ledger keeps: the whole record."""
        return {"slug": self.slug, **self.REGISTER.to_json(self.entry)}


def words_of(register: Register, entry: Entry) -> str:
    """All texts of a record as a search looks for them."""
    return " ".join(filter(None, (fold(str(entry.values[one.name])) for one in register.searched)))


def _told(field: Field, value: Any) -> Any:
    return tuple(value) if field.kind in ("choices", "links") else value


_COLUMNS: Mapping[str, Callable[[Field], "models.Field[Any, Any]"]] = {
    "text": lambda one: models.CharField(max_length=one.longest, blank=True),
    "long": lambda _one: models.TextField(blank=True),
    "choice": lambda _one: models.CharField(max_length=60, blank=True),
    "choices": lambda _one: models.JSONField(default=list),
    "answer": lambda _one: models.CharField(max_length=20, default="unknown"),
    "date": lambda _one: models.DateField(null=True, blank=True),
    "whole": lambda _one: models.BigIntegerField(null=True, blank=True),
    "number": lambda _one: models.FloatField(null=True, blank=True),
    "money": lambda one: models.CharField(max_length=one.longest, blank=True),
    "link": lambda one: models.CharField(max_length=one.longest, blank=True, db_index=True),
    "links": lambda _one: models.JSONField(default=list),
}
"""The column of each kind of field. Words of choices have at most 60 letters; a test sees to it."""


def _words_told(register: Register) -> Column:
    def told(told: Any) -> str:
        state = {name: value for name, value in told.state.items() if name in register.field}
        return words_of(register, register.from_json(state))

    return told


def indexes_of(register: Register) -> Iterator[models.Index]:
    """What lists of tens of thousands are ordered and counted by, without a look at the rows. Facets and totals count
    what has not ended, so its day stands beside each."""
    noun, ends = register.noun, [register.ends] if register.ends in register.field else []
    yield models.Index(fields=["name"], name=f"{noun}_name")
    yield models.Index(Lower("name"), "slug", name=f"{noun}_order")
    yield models.Index(models.F("changed_at").desc(), Lower("name"), "slug", name=f"{noun}_changed")
    if counted := [*ends, *(["owner"] if "owner" in register.field else [])]:
        yield models.Index(fields=counted, name=f"{noun}_counted")
    for one in register.facets:
        yield models.Index(fields=[one.name, *ends], name=f"{noun}_{one.name}")


def table_of(register: Register) -> type[RegisterRow]:
    """The table of a register."""
    columns: dict[str, Any] = {one.name: _COLUMNS[one.kind](one) for one in register.fields if one.name != "name"}
    meta = type("Meta", (), {"indexes": list(indexes_of(register))})
    made: type[RegisterRow] = type(
        "".join(word.capitalize() for word in register.noun.split("_")),
        (RegisterRow,),
        {
            "__module__": __name__,
            "__doc__": register.says,
            "REGISTER": register,
            "KIND": register.noun,
            "UNIT": "unit" if "unit" in register.field else None,
            "SEEN_BY": register.seen_by,
            "OPEN_TO": register.open_to,
            "BESIDE": {"words": _words_told(register), "created_at": first_at, "changed_at": at},
            "Meta": meta,
            **columns,
        },
    )
    return made


TABLES: Mapping[str, type[RegisterRow]] = MappingProxyType({noun: table_of(one) for noun, one in REGISTERS.items()})
"""The tables by the noun of their register."""
