"""Which record leads to what, turned round: the fields of the registers' rows that lead somewhere, one row for each.

It repeats what the rows say and decides nothing, so no entry commits to it. Whatever writes rows keeps it in the same
transaction; `astray` holds it against them.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, ClassVar

from django.db import models

from annexa.pure.register import Register
from annexa.records.guard import Guarded, Ready

_BATCH = 400
"""Records asked about at once; SQLite takes a thousand parameters."""

Place = tuple[str, str, str, str]
"""A link without the noun it leads from: slug, field, the noun and the slug it leads to."""


class Link(Guarded):
    """A record leads to something by one of its fields: to another record, an AI system, or a part of the library."""

    SCOPE: ClassVar[str | None] = None

    from_noun = models.CharField(max_length=40)
    from_slug = models.CharField(max_length=80)
    field = models.CharField(max_length=60)
    to_noun = models.CharField(max_length=40)
    to_slug = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["from_noun", "from_slug", "field", "to_slug"], name="link_once"),
        ]
        indexes = [models.Index(fields=["to_noun", "to_slug", "from_noun", "field", "from_slug"], name="link_to")]

    def __str__(self) -> str:
        return f"{self.from_noun} {self.from_slug}, {self.field}: {self.to_slug}"


def keep(register: Register, rows: Sequence[Any], *, fresh: bool) -> None:
    """Makes the links of these rows what the rows say. `fresh`: they are new, so none is there yet."""
    if not register.leading:
        return
    for start in range(0, len(rows), _BATCH):
        some = rows[start : start + _BATCH]
        said = {place for row in some for place in _said(register, row.slug, row)}
        there: dict[Place, int] = {}
        if not fresh:
            found = Link.objects.filter(from_noun=register.noun, from_slug__in=[row.slug for row in some])
            names = ("from_slug", "field", "to_noun", "to_slug", "pk")
            there = {(slug, field, noun, to): pk for slug, field, noun, to, pk in found.values_list(*names)}
        gone = [pk for place, pk in there.items() if place not in said]
        for first in range(0, len(gone), _BATCH):
            Link.objects.filter(pk__in=gone[first : first + _BATCH]).remove()
        Link.objects.insert([_link(register.noun, place) for place in sorted(said - set(there))])


def fresh_links(register: Register, rows: Sequence[Any]) -> tuple[Ready, ...]:
    """The links of new rows, ready to be written beside them."""
    said = sorted({place for row in rows for place in _said(register, row.slug, row)})
    return (Link.objects.all().ready([_link(register.noun, place) for place in said]),) if said else ()


def _link(noun: str, place: Place) -> Link:
    slug, field, to_noun, to_slug = place
    return Link(from_noun=noun, from_slug=slug, field=field, to_noun=to_noun, to_slug=to_slug)


def _said(register: Register, slug: str, row: Any) -> Iterator[Place]:
    for one in register.leading:
        for to in led_to(getattr(row, one.name)):
            yield slug, one.name, one.to, to


def led_to(value: Any) -> Collection[str]:
    """Where the column of a field that leads somewhere leads, whichever kind it is of."""
    return value if isinstance(value, list | tuple) else (value,) if value else ()


def astray(tables: Collection[Any]) -> Iterator[str]:
    """Each link that no row of these tables says, and each that is missing. Cost: one pass over rows and links."""
    for table in tables:
        register: Register = table.REGISTER
        columns = [one.name for one in register.leading]
        rows = table.objects.values_list("slug", *columns).iterator() if columns else ()
        said = {
            (slug, one.name, one.to, to)
            for slug, *values in rows
            for one, value in zip(register.leading, values, strict=True)
            for to in led_to(value)
        }
        of_these = Link.objects.filter(from_noun=register.noun)
        there = set(of_these.values_list("from_slug", "field", "to_noun", "to_slug").iterator())
        for slug, field, noun, to in sorted(said ^ there):
            wrong = "is not in records_link" if (slug, field, noun, to) in said else "is in records_link only"
            yield f"{register.noun} {slug}: that its {field} leads to {noun} {to} {wrong}"
    nouns = [table.REGISTER.noun for table in tables]
    if strange := Link.objects.exclude(from_noun__in=nouns).count():
        yield f"records_link: {strange:,} rows lead from records of no register"
