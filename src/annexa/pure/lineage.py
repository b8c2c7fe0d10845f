"""What an AI system rests on and what rests on an asset: who depends on whom, through how many hands, with the way.

Things depend along arrows: a dataset trains a model, a platform hosts it, the model is used by an AI system. What bears
on the first bears on all that come after: ISO/IEC 42001 A.4.2 and A.10.3, ISO/IEC 27001 A.5.9 and A.5.21.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Literal

Way = Literal["upstream", "downstream"]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Thing:
    """An AI system, an asset or a supplier, by its noun and slug. `kind`: what sort of asset it is."""

    noun: str
    slug: str
    name: str = field(compare=False)
    kind: str = field(default="", compare=False)

    @property
    def key(self) -> tuple[str, str]:
        """Noun and slug."""
        return self.noun, self.slug


Key = tuple[str, str]


@dataclass(frozen=True, slots=True, order=True)
class Arrow:
    """`source` does something for `target`, which depends on it: "trains", "hosts", "is used by"."""

    source: Key
    target: Key
    does: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """What a field of a register says: `does` is what the record does for where it leads, or, `turned`, what that does
    for the record."""

    noun: str
    field: str
    does: str
    turned: bool = False


RELATIONS: tuple[Relation, ...] = (
    Relation(noun="asset", field="systems", does="is used by"),
    Relation(noun="asset", field="uses", does="is used by", turned=True),
    Relation(noun="asset", field="trained_on", does="trains", turned=True),
    Relation(noun="asset", field="hosted_by", does="hosts", turned=True),
    Relation(noun="asset", field="feeds", does="feeds"),
    Relation(noun="asset", field="supplier", does="supplies", turned=True),
    Relation(noun="supplier", field="systems", does="supplies"),
)
"""Every field by which things depend on each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A thing that something depends on, or that depends on it, with a shortest way there: arrows, each beginning where
    the one before ends. Upstream the way ends at what was asked about, downstream it begins there."""

    thing: Thing
    way: tuple[Arrow, ...]

    @property
    def steps(self) -> int:
        """How many arrows away."""
        return len(self.way)


@dataclass(frozen=True)
class Lineage:
    """Things and the arrows between them. Arrows from or to what is not among the things are left out."""

    things: Mapping[Key, Thing]
    arrows: tuple[Arrow, ...]

    @classmethod
    def of(cls, things: Iterable[Thing], arrows: Iterable[Arrow]) -> "Lineage":
        """From whatever was found, in whatever order; a thing does nothing for itself."""
        known = {one.key: one for one in sorted(things)}
        kept = {one for one in arrows if one.source in known and one.target in known and one.source != one.target}
        return cls(MappingProxyType(known), tuple(sorted(kept)))

    @cached_property
    def _onward(self) -> Mapping[Way, Mapping[Key, Sequence[Arrow]]]:
        found: dict[Way, dict[Key, list[Arrow]]] = {"upstream": {}, "downstream": {}}
        for one in self.arrows:
            found["downstream"].setdefault(one.source, []).append(one)
            found["upstream"].setdefault(one.target, []).append(one)
        return found

    def reached(self, start: Key, way: Way) -> tuple[Reached, ...]:
        """Everything before or after something, the nearest first, each once. Circles are fine. Cost: one look at each
        arrow on the way."""
        came: dict[Key, Arrow | None] = {start: None}
        waiting, found = deque([start]), []
        while waiting:
            here = waiting.popleft()
            for one in self._onward[way].get(here, ()):
                there = one.source if way == "upstream" else one.target
                if there not in came:
                    came[there] = one
                    waiting.append(there)
                    found.append(there)
        return tuple(Reached(thing=self.things[one], way=self._way(came, one, way)) for one in found)

    @staticmethod
    def _way(came: Mapping[Key, Arrow | None], there: Key, way: Way) -> tuple[Arrow, ...]:
        found = []
        while (arrow := came[there]) is not None:
            found.append(arrow)
            there = arrow.target if way == "upstream" else arrow.source
        return tuple(found if way == "upstream" else reversed(found))

    def around(self, start: Key) -> "Lineage":
        """What is before and after something, with it, and the arrows between."""
        keys = {start, *(one.thing.key for way in ("upstream", "downstream") for one in self.reached(start, way))}
        return Lineage.of((self.things[one] for one in keys if one in self.things), self.arrows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One box of a drawing: a thing, or several that are as far away, on the same side and of the same sort."""

    things: tuple[Thing, ...]

    @property
    def key(self) -> Key:
        """That of the first of them."""
        return self.things[0].key


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """What is to be drawn around something: spots, and what each does for which other, in words."""

    spots: tuple[Spot, ...]
    does: Mapping[tuple[Key, Key], tuple[str, ...]]


def sketch(lineage: Lineage, start: Key, *, most: int) -> Sketch:
    """The surroundings of something in at most so many spots, as far as putting together what is alike allows."""
    before = {one.thing.key: -one.steps for one in lineage.reached(start, "upstream")}
    after = {one.thing.key: one.steps for one in lineage.reached(start, "downstream")}
    far = {**after, **before, start: 0}
    alike: dict[tuple[int, str], list[Thing]] = {}
    for key in sorted(far):
        alike.setdefault((far[key], key[0]), []).append(lineage.things[key])
    left = len(far)
    spots = []
    for sort, things in sorted(alike.items(), key=lambda one: (-len(one[1]), one[0])):
        together = left > most and len(things) > 1
        left -= len(things) - 1 if together else 0
        spots += [(sort, Spot(things=tuple(things)))] if together else [(sort, Spot(things=(one,))) for one in things]
    spots.sort(key=lambda one: (one[0][0], one[1].things[0].name.casefold(), one[1].key))
    stands = {one.key: spot.key for _, spot in spots for one in spot.things}
    does: dict[tuple[Key, Key], set[str]] = {}
    for arrow in lineage.arrows:
        if arrow.source in stands and arrow.target in stands:
            pair = stands[arrow.source], stands[arrow.target]
            if pair[0] != pair[1]:
                does.setdefault(pair, set()).add(arrow.does)
    return Sketch(
        spots=tuple(spot for _, spot in spots),
        does={pair: tuple(sorted(words)) for pair, words in sorted(does.items())},
    )


def sentence(lineage: Lineage, way: Sequence[Arrow]) -> str:
    """A way in words: "Chat Ltd supplies Score model, which is used by Credit score"."""
    if not way:
        return ""
    said = f"{lineage.things[way[0].source].name} {way[0].does} {lineage.things[way[0].target].name}"
    return said + "".join(f", which {one.does} {lineage.things[one.target].name}" for one in way[1:])
