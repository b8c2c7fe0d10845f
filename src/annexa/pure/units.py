"""The tree of units: what lies below what, and what is wrong with a tree that somebody wants."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass


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


def _by_parent(units: Iterable[Unit]) -> Mapping[str, list[Unit]]:
    found: dict[str, list[Unit]] = {}
    for unit in units:
        found.setdefault(unit.parent, []).append(unit)
    return found


def _walk(by_parent: Mapping[str, list[Unit]], parent: str, depth: int) -> Iterator[Placed]:
    for unit in sorted(by_parent.get(parent, ()), key=lambda one: (one.name.casefold(), one.slug)):
        yield Placed(unit=unit, depth=depth)
        yield from _walk(by_parent, unit.slug, depth + 1)
