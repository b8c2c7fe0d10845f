"""The tree of units: what lies below what, and what is wrong with a tree that somebody wants."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

LONGEST = 300
"""Characters of a unit's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A part of the organisation. `parent`: the slug of the unit it belongs to; "": directly below the organisation."""

    slug: str
    name: str
    parent: str = ""
    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A unit in the tree: how deep it stands, 0 directly below the organisation."""

    unit: Unit
    depth: int


def with_those_below(units: Iterable[Unit], slugs: Collection[str]) -> frozenset[str]:
    """The slugs of these units and of everything below them; unknown ones are left out."""
    by_parent = _by_parent(units)
    known = {unit.slug for below in by_parent.values() for unit in below}
    found: set[str] = set()
    waiting = [slug for slug in slugs if slug in known]
    while waiting:
        slug = waiting.pop()
        if slug not in found:
            found.add(slug)
            waiting += [unit.slug for unit in by_parent.get(slug, ())]
    return frozenset(found)


def names_reached(units: Iterable[Unit], slugs: Collection[str]) -> frozenset[str]:
    """The names of these units and of everything below them, as AI systems name them."""
    held = tuple(units)
    reached = with_those_below(held, slugs)
    return frozenset(unit.name for unit in held if unit.slug in reached)


def in_order(units: Iterable[Unit]) -> tuple[Placed, ...]:
    """The whole tree, each unit before those below it, neighbours by name."""
    return tuple(_walk(_by_parent(units), "", 0))


def parents_allowed(units: Iterable[Unit], slug: str) -> tuple[Unit, ...]:
    """The units that one may be put under: open ones that are not the unit itself and not below it."""
    held = tuple(units)
    below = with_those_below(held, [slug])
    return tuple(one.unit for one in in_order(held) if one.unit.slug not in below and not one.unit.closed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a list of units would do: which are added, each with its parent's name, parents first; or what is wrong, by
    the number of the row, 0 for the list as a whole."""

    added: tuple[tuple[str, str], ...]
    unchanged: int
    problems: Mapping[int, tuple[str, ...]]


def plan_units(there: Mapping[str, tuple[str, str, bool]], rows: Iterable[tuple[int, str, str]]) -> Plan:
    """What rows of (number, name, parent's name) add to the units there are: by case-folded name their name, parent's
    name and whether they are closed. Upper and lower case do not tell names apart."""
    given = [(number, name.strip(), parent.strip()) for number, name, parent in rows]
    first: dict[str, int] = {}
    for number, name, _ in given:
        first.setdefault(name.casefold(), number)
    problems: dict[int, list[str]] = {} if given else {0: ["There is no unit in it."]}
    wanted: dict[str, tuple[int, str, str]] = {}
    for number, name, parent in given:
        key, above = name.casefold(), parent.casefold()
        told = problems.setdefault(number, [])
        if not 0 < len(name) <= LONGEST:
            told.append(f"Give the unit a name of at most {LONGEST} characters.")
        elif first[key] != number:
            told.append(f"{name} stands in row {first[key]} already.")
        elif key in there and there[key][1].casefold() != above:
            told.append(f"{there[key][0]} stands {_below(there[key][1])} already; move it by a change, with a reason.")
        elif key not in there:
            wanted[key] = (number, name, parent)
        if above and above not in there and above not in first:
            told.append(f"There is no unit {parent} to stand below, neither here nor in the list.")
        elif above in there and there[above][2]:
            told.append(f"{there[above][0]} is closed; nothing new stands below it.")
    added, left = _parents_first(wanted)
    for number, name, _ in left:
        problems[number].append(f"{name} would stand below itself.")
    found = {number: tuple(told) for number, told in sorted(problems.items()) if told}
    return Plan(added=() if found else added, unchanged=len(given) - len(wanted), problems=found)


def _below(parent: str) -> str:
    return f"below {parent}" if parent else "directly below the organisation"


def _parents_first(
    wanted: Mapping[str, tuple[int, str, str]],
) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[int, str, str], ...]]:
    """The names with their parents in an order in which they can be added; and what a circle leaves over."""
    waiting = dict(wanted)
    added: list[tuple[str, str]] = []
    while ready := [key for key, (_, _, parent) in waiting.items() if parent.casefold() not in waiting]:
        for key in ready:
            _, name, parent = waiting.pop(key)
            added.append((name, parent))
    return tuple(added), tuple(waiting.values())


def _by_parent(units: Iterable[Unit]) -> Mapping[str, list[Unit]]:
    found: dict[str, list[Unit]] = {}
    for unit in units:
        found.setdefault(unit.parent, []).append(unit)
    return found


def _walk(by_parent: Mapping[str, list[Unit]], parent: str, depth: int) -> Iterator[Placed]:
    for unit in sorted(by_parent.get(parent, ()), key=lambda one: (one.name.casefold(), one.slug)):
        yield Placed(unit=unit, depth=depth)
        yield from _walk(by_parent, unit.slug, depth + 1)
