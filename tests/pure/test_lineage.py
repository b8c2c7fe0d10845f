"""Who depends on whom is what a walk along the arrows finds, and every way that is told can be walked."""

from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.lineage import RELATIONS, Arrow, Lineage, Thing, sentence, sketch
from annexa.pure.registers import REGISTERS

NAMES = "abcdefgh"
GRAPHS = st.lists(
    st.builds(
        Arrow, st.sampled_from(NAMES).map(lambda s: ("asset", s)), st.sampled_from(NAMES).map(lambda s: ("asset", s)),
        st.sampled_from(["trains", "hosts"]),
    ),
    max_size=24,
)  # fmt: skip


def thing(slug: str, noun: str = "asset") -> Thing:
    return Thing(noun=noun, slug=slug, name=slug.upper())


def lineage(arrows) -> Lineage:
    return Lineage.of(map(thing, NAMES), arrows)


def closed(arrows, start, *, turned: bool) -> set:
    """Everything before or after something, by adding neighbours until nothing is added."""
    found, more = set(), {start}
    while more:
        more = {
            (one.source if turned else one.target)
            for one in arrows
            if (one.target if turned else one.source) in found | {start} and one.source != one.target
        } - found - {start}  # fmt: skip
        found |= more
    return found


def test_it_works() -> None:
    """A dataset trains a model on a platform of a supplier, which an AI system uses."""
    things = [thing("loans"), thing("model"), thing("cloud"), thing("big", "supplier"), thing("bot", "ai_system")]
    found = Lineage.of(things, [
        Arrow(("asset", "loans"), ("asset", "model"), "trains"),
        Arrow(("asset", "cloud"), ("asset", "model"), "hosts"),
        Arrow(("supplier", "big"), ("asset", "cloud"), "supplies"),
        Arrow(("asset", "model"), ("ai_system", "bot"), "is used by"),
        Arrow(("asset", "model"), ("ai_system", "hidden"), "is used by"),
    ])  # fmt: skip
    before = {one.thing.slug: one for one in found.reached(("ai_system", "bot"), "upstream")}
    assert {slug: one.steps for slug, one in before.items()} == {"model": 1, "cloud": 2, "loans": 2, "big": 3}
    assert sentence(found, before["big"].way) == (
        "BIG supplies CLOUD, which hosts MODEL, which is used by BOT"
    )  # fmt: skip
    (after,) = [one for one in found.reached(("supplier", "big"), "downstream") if one.thing.noun == "ai_system"]
    assert after.way == before["big"].way
    assert set(found.around(("asset", "cloud")).things) == {one.key for one in things} - {("asset", "loans")}
    assert found.reached(("asset", "nowhere"), "upstream") == ()


@given(GRAPHS)
def test_what_is_reached_is_what_a_walk_finds(arrows) -> None:
    found = lineage(arrows)
    for slug in NAMES:
        start = ("asset", slug)
        for way, turned in (("upstream", True), ("downstream", False)):
            reached = found.reached(start, way)
            assert {one.thing.key for one in reached} == closed(arrows, start, turned=turned)
            assert len({one.thing.key for one in reached}) == len(reached)
            assert [one.steps for one in reached] == sorted(one.steps for one in reached)


@given(GRAPHS)
def test_every_way_can_be_walked_and_none_is_shorter(arrows) -> None:
    found = lineage(arrows)
    for slug in NAMES:
        start = ("asset", slug)
        near = {one.thing.key: one.steps for one in found.reached(start, "downstream")} | {start: 0}
        for one in found.reached(start, "downstream"):
            ends = [start, *(arrow.target for arrow in one.way)]
            assert ends[-1] == one.thing.key
            assert [arrow.source for arrow in one.way] == ends[:-1]
            assert set(one.way) <= set(arrows)
        assert all(near[a.target] <= near[a.source] + 1 for a in arrows if a.source in near and a.source != a.target)


@given(GRAPHS)
def test_before_and_after_are_each_other(arrows) -> None:
    """Rule: if one depends on another, the other is what it passes on to; what is said of both is the same way."""
    found = lineage(arrows)
    before = {(a.thing.slug, slug): a.way for slug in NAMES for a in found.reached(("asset", slug), "upstream")}
    after = {(slug, a.thing.slug): a.way for slug in NAMES for a in found.reached(("asset", slug), "downstream")}
    assert before.keys() == after.keys()
    assert {pair: len(way) for pair, way in before.items()} == {pair: len(way) for pair, way in after.items()}
    for (first, last), way in before.items():
        assert (way[0].source[1], way[-1].target[1]) == (first, last)


@given(GRAPHS, st.randoms(use_true_random=False))
def test_the_order_in_which_things_are_found_does_not_matter(arrows, random) -> None:
    mixed = list(arrows)
    random.shuffle(mixed)
    assert lineage(mixed).arrows == lineage(arrows).arrows


# --- what is drawn


def test_every_link_between_things_is_a_relation() -> None:
    """Rule: a field that leads from asset or supplier to another of them is in the graph."""
    things = {"asset", "supplier", "ai_system"}
    leading = {
        (noun, one.name) for noun in ("asset", "supplier") for one in REGISTERS[noun].leading if one.to in things
    }
    assert {(one.noun, one.field) for one in RELATIONS} == leading


def test_what_is_alike_is_put_together_when_there_is_much() -> None:
    """One platform under 50 systems: the platform, what it rests on, and one spot for the systems."""
    things = [thing("model"), thing("data"), *(thing(f"bot-{n:02}", "ai_system") for n in range(50))]
    arrows = [Arrow(("asset", "model"), ("ai_system", f"bot-{n:02}"), "is used by") for n in range(50)]
    found = Lineage.of(things, [*arrows, Arrow(("asset", "data"), ("asset", "model"), "trains")])
    few, all_ = (sketch(found, ("asset", "model"), most=most) for most in (40, 60))
    assert [len(one.things) for one in few.spots] == [1, 1, 50]
    assert few.does == {
        (("asset", "data"), ("asset", "model")): ("trains",),
        (("asset", "model"), ("ai_system", "bot-00")): ("is used by",),
    }
    assert len(all_.spots) == 52


@given(GRAPHS, st.integers(1, 9))
def test_a_sketch_leaves_nothing_out(arrows, most) -> None:
    found = lineage(arrows)
    drawn = sketch(found, ("asset", "a"), most=most)
    around = found.around(("asset", "a"))
    assert sorted(one.key for spot in drawn.spots for one in spot.things) == sorted(around.things)
    stands = {one.key: spot.key for spot in drawn.spots for one in spot.things}
    pairs = {(stands[one.source], stands[one.target]) for one in around.arrows}
    assert set(drawn.does) == {pair for pair in pairs if pair[0] != pair[1]}
    assert ("asset", "a") in {one.key for spot in drawn.spots if len(spot.things) == 1 for one in spot.things}
