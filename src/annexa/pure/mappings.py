"""What mappings let one conclude: the other direction of a relation, and what follows from two in a row.

The relations are those of NIST IR 8477. A conclusion is never stronger than what it rests on.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from annexa.pure.standards import Confidence, Edge, FrameworkMapping, Library, Relation

End = tuple[str, str]
"""A requirement anywhere: framework id and requirement id."""

SUREST: tuple[Confidence, ...] = tuple(Confidence)
STRONGEST: tuple[Relation, ...] = (
    Relation.EQUAL, Relation.SUBSET_OF, Relation.SUPERSET_OF, Relation.INTERSECTS_WITH,
)  # fmt: skip
_INVERSE = {Relation.SUBSET_OF: Relation.SUPERSET_OF, Relation.SUPERSET_OF: Relation.SUBSET_OF}


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """A requirement of another framework that has to do with the one asked about.

    `relation` reads from the one asked about to this one. `edges` holds the one or two edges it rests on, each as it
    stands in its mapping; `via` is the requirement in between, None if there is none.
    """

    framework: str
    requirement: str
    relation: Relation
    confidence: Confidence
    edges: tuple[Edge, ...]
    via: End | None = None

    @property
    def end(self) -> End:
        """Where it leads."""
        return self.framework, self.requirement


def inverse(relation: Relation) -> Relation:
    """The same relation, read from the other end."""
    return _INVERSE.get(relation, relation)


def compose(first: Relation, second: Relation) -> Relation:
    """What follows from two relations in a row, and no more than that.

    Equal changes nothing; two of the same stay as they are; everything else at most intersects. Whether it does
    intersect is not certain then: a hint, to be looked at.
    """
    if first is Relation.EQUAL:
        return second
    if second is Relation.EQUAL or first is second:
        return first
    return Relation.INTERSECTS_WITH


def least(*confidences: Confidence) -> Confidence:
    """The confidence of a conclusion: that of its weakest part."""
    return max(confidences, key=SUREST.index)


def direct(library: Library, framework: str, requirement: str) -> tuple[Related, ...]:
    """What the mappings say themselves, in both directions, the strongest first; each end once."""
    return _best(_around(_arrows(library.mappings), (framework, requirement)))


def related(library: Library, framework: str, requirement: str) -> tuple[Related, ...]:
    """What has to do with a requirement: said by a mapping, or concluded through one requirement in between.

    The direct ones come first. An end that is reached directly is not concluded as well, and a conclusion never leads
    back into the framework it started from, nor through an edition that is no longer current: newer mappings say it
    themselves. Each end is there once, by its strongest path.
    """
    arrows = _arrows(library.mappings)
    start = (framework, requirement)
    near = _best(_around(arrows, start))
    known = {one.end for one in near}
    far = (
        Related(
            framework=second.framework,
            requirement=second.requirement,
            relation=compose(first.relation, second.relation),
            confidence=least(first.confidence, second.confidence),
            edges=(*first.edges, *second.edges),
            via=first.end,
        )
        for first in near
        if library.frameworks[first.framework].status == "current"
        for second in _around(arrows, first.end)
        if second.end not in known and second.framework not in {framework, first.framework}
    )
    return near + _best(far)


def _arrows(mappings: Iterable[FrameworkMapping]) -> Mapping[End, tuple[tuple[End, Relation, Edge], ...]]:
    """From each end, where edges lead, whichever way they are written down."""
    found: dict[End, list[tuple[End, Relation, Edge]]] = defaultdict(list)
    for mapping in mappings:
        for edge in mapping.edges:
            start, end = (mapping.source, edge.start), (mapping.target, edge.end)
            found[start].append((end, edge.relation, edge))
            found[end].append((start, inverse(edge.relation), edge))
    return {end: tuple(arrows) for end, arrows in found.items()}


def _around(arrows: Mapping[End, tuple[tuple[End, Relation, Edge], ...]], start: End) -> Iterator[Related]:
    for (framework, requirement), relation, edge in arrows.get(start, ()):
        yield Related(
            framework=framework,
            requirement=requirement,
            relation=relation,
            confidence=edge.confidence,
            edges=(edge,),
        )


def _best(found: Iterable[Related]) -> tuple[Related, ...]:
    """Each end once, the strongest and surest first; equals keep the order in which they were found."""
    chosen: dict[End, Related] = {}
    for one in sorted(found, key=lambda one: (STRONGEST.index(one.relation), SUREST.index(one.confidence))):
        chosen.setdefault(one.end, one)
    return tuple(chosen.values())
