"""What an AI system, an asset or a supplier rests on, what rests on it, and what that passes on, each with the way."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, Literal

from django.db.models import CharField, F, Q, QuerySet, Value

from annexa.answers.errors import UnknownError
from annexa.answers.libraries import active_library
from annexa.answers.registers import CONTROL, SYSTEM, Asked, Target, narrowed, one_record
from annexa.answers.runs import one_system
from annexa.pure.lineage import RELATIONS, Arrow, Key, Lineage, Reached, Thing, Way, sentence
from annexa.pure.permits import Actor
from annexa.pure.registers import REGISTERS
from annexa.records.links import Link
from annexa.records.systems import AiSystem

THINGS = ("asset", "supplier")
"""The registers whose records others depend on; AI systems besides."""
PLURALS: Mapping[str, str] = {
    SYSTEM: "systems", CONTROL: "controls", **{noun: one.plural for noun, one in REGISTERS.items()}
}  # fmt: skip
"""The word of addresses for each noun."""
DOES: Mapping[tuple[str, str], tuple[str, bool]] = {(one.noun, one.field): (one.does, one.turned) for one in RELATIONS}
_AT_ONCE = 400
"""Records asked about in one query; SQLite takes a thousand parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """What bears on something because it is about an asset or supplier that it rests on: a risk, a control, a finding.

    `about`: that asset or supplier; `way` leads from there to what was asked about, empty if it is that itself.
    `through`: the record that brings a control along, None if the thing names it itself.
    """

    what: Target
    about: Thing
    way: tuple[Arrow, ...]
    through: Target | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineagePage:
    """The surroundings of one thing as they count today. `lineage` holds it, all before and all after it."""

    thing: Thing
    lineage: Lineage
    before: tuple[Reached, ...]
    after: tuple[Reached, ...]
    passed: tuple[Passed, ...]

    @property
    def systems(self) -> tuple[Reached, ...]:
        """The AI systems that depend on it, directly or not."""
        return tuple(one for one in self.after if one.thing.noun == SYSTEM)


def lineage_page(*, actor: Actor, noun: str, slug: str, now: datetime, name: str | None = None) -> LineagePage:
    """The surroundings of an AI system, asset or supplier that the actor may know of, as far as they may know of them.
    `name`: that of an AI system which was just looked up for them.

    What has ended passes nothing on. Raises UnknownError. Cost: a few queries for each step, whatever the
    registers hold.
    """
    looked_up = noun == SYSTEM and name is not None
    thing = Thing(noun=noun, slug=slug, name=name or "") if looked_up else _asked(actor, noun, slug)
    near = {thing.key, *_reached(thing.key, "upstream"), *_reached(thing.key, "downstream")}
    asked = near if near != {thing.key} or noun in THINGS else ()
    counting = {one.key: one for one in _counting(actor, asked, now.date())}
    around = Lineage.of({thing.key: thing, **counting}.values(), _arrows(near)).around(thing.key)
    before = around.reached(thing.key, "upstream")
    ways = {thing.key: (), **{one.thing.key: one.way for one in before}}
    return LineagePage(
        thing=thing,
        lineage=around,
        before=before,
        after=around.reached(thing.key, "downstream"),
        passed=_passed(actor, ways, around, set(counting), now.date()),
    )


def told_lineage(page: LineagePage) -> dict[str, Any]:
    """The same as plain values, for programs and commands."""

    def way(arrows: Sequence[Arrow]) -> dict[str, Any]:
        things = page.lineage.things
        told = [
            {"source": _told(things[one.source]), "does": one.does, "target": _told(things[one.target])}
            for one in arrows
        ]
        return {"way": told, "says": sentence(page.lineage, arrows)}

    return {
        "thing": _told(page.thing),
        "before": [{"thing": _told(one.thing), "steps": one.steps, **way(one.way)} for one in page.before],
        "after": [{"thing": _told(one.thing), "steps": one.steps, **way(one.way)} for one in page.after],
        "passed": [
            {
                "what": _told(one.what),
                "about": _told(one.about),
                "through": _told(one.through) if one.through else None,
                **way(one.way),
            }
            for one in page.passed
        ],
    }


def _told(one: Thing | Target) -> dict[str, Any]:
    return {"noun": one.noun, "slug": one.slug, "name": one.name, "address": f"{PLURALS[one.noun]}/{one.slug}"}


def _asked(actor: Actor, noun: str, slug: str) -> Thing:
    """What is asked about, whether it still counts or not. Raises UnknownError."""
    if noun == SYSTEM:
        system = one_system(actor=actor, slug=slug)
        return Thing(noun=noun, slug=slug, name=system.name)
    if noun not in THINGS:
        raise UnknownError(f"Nothing depends on a {noun}.")
    row = one_record(actor=actor, register=REGISTERS[noun], slug=slug)
    return Thing(noun=noun, slug=slug, name=row.name, kind=getattr(row, "kind", ""))


def _reached(start: Key, way: Way) -> Iterator[Key]:
    """What is before or after something as far as the registers say, whoever may know of it. Cost: a query or two for
    each step away."""
    seen, new = {start}, {start}
    while new:
        found: set[Key] = set()
        for turned in (False, True):
            side: Side = "to" if (way == "upstream") != turned else "from"
            for link in _links(new, side, turned=turned):
                found.add((link.from_noun, link.from_slug) if side == "to" else (link.to_noun, link.to_slug))
        new = found - seen
        seen |= new
        yield from new


def _arrows(keys: Collection[Key]) -> Iterator[Arrow]:
    """Everything that any of these says of itself and others."""
    for link in _links(keys, "from", Q(from_noun__in=THINGS)):
        if (link.from_noun, link.field) in DOES:
            does, turned = DOES[link.from_noun, link.field]
            here, there = (link.from_noun, link.from_slug), (link.to_noun, link.to_slug)
            yield Arrow(there, here, does) if turned else Arrow(here, there, does)


Side = Literal["from", "to"]


def _links(keys: Collection[Key], side: Side, of: Q | None = None, *, turned: bool | None = None) -> Iterator[Link]:
    """The links from or to any of these, in a fixed order; with `turned` those of such relations. Cost: a query for
    every few hundred; none where a side cannot be."""
    said = [one for one in RELATIONS if one.turned is turned]
    ends = set(REGISTERS) if side == "from" else {SYSTEM, *THINGS}
    if turned is not None:
        ends = {one.noun if side == "from" else REGISTERS[one.noun].field[one.field].to for one in said}
        of = Q(pk__in=[])
        for one in said:
            of |= Q(from_noun=one.noun, field=one.field)
    for part in _parts(key for key in keys if key[0] in ends):
        found = Q(pk__in=[])
        for noun, slugs in part:
            found |= Q(**{f"{side}_noun": noun, f"{side}_slug__in": slugs})
        yield from Link.objects.filter(found, of or Q()).order_by("from_noun", "from_slug", "field", "to_slug")


def _counting(actor: Actor, keys: Collection[Key], on: date) -> Iterator[Thing]:
    """Those of them that the actor may know of and that count on a day. Cost: a query for every few hundred."""
    for part in _parts(keys):
        rows = [_named_rows(actor, noun, on).filter(slug__in=slugs) for noun, slugs in part]
        told = [one.order_by().values_list("its_noun", "slug", "name", "its_sort") for one in rows]
        for noun, slug, name, sort in told[0].union(*told[1:], all=True):
            yield Thing(noun=noun, slug=slug, name=name, kind=sort)


def _named_rows(actor: Actor, noun: str, on: date) -> QuerySet[Any]:
    rows: QuerySet[Any] = AiSystem.objects.visible_to(actor).exclude(retired_on__lte=on)
    sort: Any = Value("", CharField())
    if noun != SYSTEM:
        rows = narrowed(actor=actor, register=REGISTERS[noun], asked=Asked(), on=on)
        sort = F("kind") if noun in THINGS and "kind" in REGISTERS[noun].field else sort
    found: QuerySet[Any] = rows.annotate(its_noun=Value(noun, CharField()), its_sort=sort)
    return found


def _parts(keys: Iterable[Key]) -> Iterator[list[tuple[str, list[str]]]]:
    """The same in parts that one query takes, each by noun."""
    ordered = sorted(keys)
    for start in range(0, len(ordered), _AT_ONCE):
        some = ordered[start : start + _AT_ONCE]
        yield [(noun, [slug for _, slug in these]) for noun, these in groupby(some, key=lambda key: key[0])]


def _passed(
    actor: Actor, ways: Mapping[Key, tuple[Arrow, ...]], around: Lineage, counting: Collection[Key], on: date
) -> tuple[Passed, ...]:
    """What bears on any of these things, the nearest first; what does so in several ways, by the shortest."""
    found: dict[tuple[Target, Target | None], Passed] = {}
    named = ((key, control, None) for key, control in _controls([key for key in ways if key in counting]))
    for key, what, through in (*named, *_records_about(actor, ways, on)):
        one = Passed(what=what, about=around.things[key], way=ways[key], through=through)
        known = found.get((what, through))
        if known is None or len(one.way) < len(known.way):
            found[what, through] = one
    return tuple(sorted(found.values(), key=lambda one: (len(one.way), one.what.noun, one.what.name, one.what.slug)))


Bearing = tuple[Key, Target, Target | None]
"""On which thing something bears, what, and through which record."""


def _records_about(actor: Actor, keys: Collection[Key], on: date) -> Iterator[Bearing]:
    """The records of other registers that lead to the things, with the controls these records name."""
    about: dict[Key, set[Key]] = {}
    things = [key for key in keys if key[0] in THINGS]
    for link in _links(things, "to", ~Q(from_noun__in=THINGS)):
        about.setdefault((link.from_noun, link.from_slug), set()).add((link.to_noun, link.to_slug))
    records = {one.key: Target(noun=one.noun, slug=one.slug, name=one.name) for one in _counting(actor, about, on)}
    for record in sorted(records):
        yield from ((key, records[record], None) for key in sorted(about[record]))
    for record, control in _controls(records):
        yield from ((key, control, records[record]) for key in sorted(about[record]))


def _controls(keys: Collection[Key]) -> Iterator[tuple[Key, Target]]:
    """The controls of the library in force that any of these names."""
    links = list(_links(keys, "from", Q(to_noun=CONTROL)))
    known = active_library().controls if links else {}
    for link in links:
        if link.to_slug in known:
            control = Target(noun=CONTROL, slug=link.to_slug, name=known[link.to_slug].name)
            yield (link.from_noun, link.from_slug), control
