"""Facts by what they speak of, so that a proof reads those it rests on and no others.

An index never changes; `plus` gives a new one that shares what was there. What is new lies in a layer of its own, until
that has grown and is taken up.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from annexa.pure.facts import Adoption, Evidence, Fact, Facts

K = TypeVar("K")
F = TypeVar("F", bound=Fact)

LAYER = 2_000
"""So many keys may lie in the layer above before it is taken up into the one below."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Layered(Generic[K, F]):
    """Facts by key, in the order in which they came."""

    below: Mapping[K, tuple[F, ...]] = field(default_factory=dict)
    above: Mapping[K, tuple[F, ...]] = field(default_factory=dict)

    def get(self, key: K) -> tuple[F, ...]:
        """The facts under a key."""
        return self.above.get(key) or self.below.get(key, ())

    def keys(self) -> Iterator[K]:
        """Every key, once."""
        yield from self.below
        yield from (key for key in self.above if key not in self.below)

    def plus(self, facts: Iterable[tuple[K, F]]) -> "Layered[K, F]":
        """These and more."""
        fresh: dict[K, list[F]] = {}
        for key, fact in facts:
            fresh.setdefault(key, []).append(fact)
        if not fresh:
            return self
        above = {**self.above, **{key: (*self.get(key), *new) for key, new in fresh.items()}}
        if len(above) <= LAYER:
            return Layered(below=self.below, above=above)
        return Layered(below={**self.below, **above})


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FactIndex:
    """Declarations by control and scope, evidence by control, expectation and scope; and which scopes speak for
    themselves: `own` has, for each control, those with a declaration, evidence or judgement about it."""

    adoptions: Layered[tuple[str, str], Adoption] = field(default_factory=Layered)
    evidence: Layered[tuple[str, str, str], Evidence] = field(default_factory=Layered)
    own: Mapping[str, frozenset[str]] = field(default_factory=dict)
    judged: frozenset[str] = frozenset()

    def plus(self, facts: Iterable[Fact]) -> "FactIndex":
        """The same with more facts; those of other kinds are left aside."""
        added = Facts().plus(facts)
        own: dict[str, set[str]] = {}
        for declared in added.adoptions:
            own.setdefault(declared.control, set()).add(declared.scope)
        for shown in added.evidence:
            own.setdefault(shown.control, set()).add(shown.scope)
        for judged in added.judgements:
            if not judged.framework:
                own.setdefault(judged.subject, set()).add(judged.scope)
        return FactIndex(
            adoptions=self.adoptions.plus(((fact.control, fact.scope), fact) for fact in added.adoptions),
            evidence=self.evidence.plus(
                ((fact.control, fact.expectation, fact.scope), fact) for fact in added.evidence
            ),
            own={**self.own, **{one: self.own.get(one, frozenset()) | scopes for one, scopes in own.items()}},
            judged=self.judged | {fact.scope for fact in added.judgements if fact.framework},
        )

    @property
    def speaking(self) -> frozenset[str]:
        """Every scope that has a fact of its own."""
        return self.judged.union(*self.own.values())


def index_of(facts: Facts) -> FactIndex:
    """All facts, indexed."""
    return FactIndex().plus((*facts.adoptions, *facts.evidence, *facts.judgements))
