"""What an AI system, an asset or a supplier rests on, what rests on it, and what that passes on, each with the way."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from annexa.answers.errors import UnknownError
from annexa.answers.libraries import active_library
from annexa.answers.registers import CONTROL, SYSTEM, Asked, Target, narrowed, one_record
from annexa.answers.runs import one_system
from annexa.pure.lineage import RELATIONS, Arrow, Key, Lineage, Reached, Thing, sentence
from annexa.pure.permits import Actor
from annexa.pure.registers import REGISTERS
from annexa.records.systems import AiSystem

THINGS = ("asset", "supplier")
"""The registers whose records others depend on; AI systems besides."""
PLURALS: Mapping[str, str] = {
    SYSTEM: "systems", CONTROL: "controls", **{noun: one.plural for noun, one in REGISTERS.items()}
}  # fmt: skip
"""The word of addresses for each noun."""


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


def lineage_page(*, actor: Actor, noun: str, slug: str, now: datetime) -> LineagePage:
    """The surroundings of an AI system, asset or supplier that the actor may know of, as far as they may know of them.

    What has ended passes nothing on. Raises UnknownError. Cost: a query for each of the three, one for each other
    register that leads to them.
    """
    thing = _asked(actor, noun, slug)
    whole = lineage(actor=actor, on=now.date(), also=thing)
    around = whole.around(thing.key)
    before = around.reached(thing.key, "upstream")
    ways = {thing.key: (), **{one.thing.key: one.way for one in before}}
    return LineagePage(
        thing=thing,
        lineage=around,
        before=before,
        after=around.reached(thing.key, "downstream"),
        passed=_passed(actor, ways, around, now.date()),
    )


def lineage(*, actor: Actor, on: date, also: Thing | None = None) -> Lineage:
    """Everything that somebody may know of and that counts on a day, with what it does for what. Three queries."""
    things: dict[Key, Thing] = {also.key: also} if also else {}
    systems = AiSystem.objects.visible_to(actor).exclude(retired_on__lte=on).values_list("slug", "name")
    things |= {(SYSTEM, slug): Thing(noun=SYSTEM, slug=slug, name=name) for slug, name in systems}
    arrows: list[Arrow] = []
    for register in (REGISTERS[noun] for noun in THINGS):
        relations = [one for one in RELATIONS if one.noun == register.noun]
        columns = ["slug", "name", *(one.field for one in relations), *(["kind"] if "kind" in register.field else [])]
        for row in narrowed(actor=actor, register=register, asked=Asked(), on=on).values(*columns):
            here = register.noun, row["slug"]
            things[here] = Thing(noun=register.noun, slug=row["slug"], name=row["name"], kind=row.get("kind", ""))
            for one in relations:
                for slug in _slugs(row[one.field]):
                    there = register.field[one.field].to, slug
                    arrows.append(Arrow(there, here, one.does) if one.turned else Arrow(here, there, one.does))
    return Lineage.of(things.values(), arrows)


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


def _passed(actor: Actor, ways: Mapping[Key, tuple[Arrow, ...]], around: Lineage, on: date) -> tuple[Passed, ...]:
    """What bears on any of these things, the nearest first; what does so in several ways, by the shortest."""
    found: dict[tuple[Target, Target | None], Passed] = {}
    for key, what, through in (*_controls_of_things(actor, ways, on), *_records_about(actor, ways, on)):
        one = Passed(what=what, about=around.things[key], way=ways[key], through=through)
        known = found.get((what, through))
        if known is None or len(one.way) < len(known.way):
            found[what, through] = one
    return tuple(sorted(found.values(), key=lambda one: (len(one.way), one.what.noun, one.what.name, one.what.slug)))


Bearing = tuple[Key, Target, Target | None]
"""On which thing something bears, what, and through which record."""


def _controls_of_things(actor: Actor, keys: Collection[Key], on: date) -> Iterator[Bearing]:
    """The controls that the things themselves name."""
    for register in (REGISTERS[noun] for noun in THINGS):
        for one in (one for one in register.leading if one.to == CONTROL):
            rows = narrowed(actor=actor, register=register, asked=Asked(), on=on)
            rows = rows.filter(slug__in=[slug for noun, slug in keys if noun == register.noun])
            for slug, ids in rows.values_list("slug", one.name):
                yield from (((register.noun, slug), control, None) for control in _controls(ids))


def _records_about(actor: Actor, keys: Collection[Key], on: date) -> Iterator[Bearing]:
    """The records of other registers that lead to the things, with the controls these records name."""
    for register in (one for one in REGISTERS.values() if one.noun not in THINGS):
        leading = [one for one in register.leading if one.to in THINGS]
        controls = [one.name for one in register.leading if one.to == CONTROL]
        columns = ["slug", "name", *(one.name for one in leading), *controls]
        rows = narrowed(actor=actor, register=register, asked=Asked(), on=on) if leading else None
        for row in rows.values(*columns) if rows is not None else ():
            about = {key for one in leading for there in _slugs(row[one.name]) if (key := (one.to, there)) in keys}
            record = Target(noun=register.noun, slug=row["slug"], name=row["name"])
            for key in sorted(about):
                yield key, record, None
                yield from ((key, control, record) for name in controls for control in _controls(row[name]))


def _controls(value: Any) -> Iterator[Target]:
    """The controls of the library in force among these ids."""
    known = active_library().controls
    return (Target(noun=CONTROL, slug=one, name=known[one].name) for one in _slugs(value) if one in known)


def _slugs(value: Any) -> Collection[str]:
    """Where a field of a row leads."""
    return value if isinstance(value, list) else (value,) if value else ()
