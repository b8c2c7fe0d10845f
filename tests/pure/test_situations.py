"""A path over the AI systems that stand for all is the path over all of them."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings

from annexa.pure.fact_columns import columns_of
from annexa.pure.facts import ORGANISATION, Facts
from annexa.pure.path import Path, path
from annexa.pure.portfolio import Portfolio
from annexa.pure.posture import Engine
from annexa.pure.situations import only, situations
from tests.cases import cases
from tests.strategies import organisations as org

AT = org.START + timedelta(days=200)
TIMES = 4


def many(facts: Facts) -> Facts:
    """The same with every AI system four times, each with facts of its own."""

    def copies(kind):
        return tuple(
            one
            for fact in kind
            for one in (
                (fact,)
                if fact.scope == ORGANISATION
                else (replace(fact, scope=f"{fact.scope}-{n}", id=f"{fact.id}-{n}") for n in range(TIMES))
            )
        )

    return Facts(
        systems=tuple(replace(one, id=f"{one.id}-{n}") for one in facts.systems for n in range(TIMES)),
        adoptions=copies(facts.adoptions),
        evidence=copies(facts.evidence),
        judgements=copies(facts.judgements),
        circumstances=copies(facts.circumstances),
    )


def told(found: Path) -> list[tuple[object, ...]]:
    return [(s.control.id, s.verdict_before, s.systems_short, s.effort_days, s.wins, s.helps) for s in found.steps]


@settings(max_examples=cases(30))
@given(org.facts())
def test_the_path_over_those_that_stand_for_all_is_the_path_over_all(facts: Facts) -> None:
    facts = many(facts)
    held = situations(Portfolio(columns=columns_of(org.WIDER, facts), at=AT), ["test"], most=100)
    every = Engine(library=org.WIDER, facts=facts, at=AT)
    few = Engine(library=org.WIDER, facts=only(facts, held.slugs), at=AT)
    whole, small = path(every, ["test"], start=AT.date()), path(few, ["test"], start=AT.date(), counts=held.counts)
    assert held.whole
    assert len(held.slugs) <= len(every.systems)
    assert told(small) == told(whole)
    assert (small.met, small.binding, small.unreachable) == (whole.met, whole.binding, whole.unreachable)


def test_alike_systems_are_one_situation() -> None:
    systems = tuple(replace(one, id=f"system-{n}") for n in range(50) for one in [_plain()])
    facts = Facts(systems=systems)
    held = situations(Portfolio(columns=columns_of(org.WIDER, facts), at=AT), ["test"], most=10)
    assert (len(held.slugs), held.whole) == (1, True)


def test_too_many_situations_are_said_to_be() -> None:
    facts = Facts(systems=(_plain(), replace(_plain(), id="other", owner="")))
    held = situations(Portfolio(columns=columns_of(org.WIDER, facts), at=AT), ["test"], most=0)
    assert (held.slugs, held.whole) == ((), False)


def _plain():
    from tests.pure.test_posture import system

    return system("alpha")
