"""Whatever is drawn, boxes stand apart, arrows run from edge to edge past them, and the same graph is drawn alike."""

from hypothesis import given, settings
from hypothesis import strategies as st

from annexa.pure.layers import NARROW, Sizes, drawn

SIZES = Sizes()
GRAPHS = st.integers(1, 14).flatmap(
    lambda n: st.tuples(
        st.just(tuple("abcdefghijklmn"[:n])),
        st.lists(st.tuples(st.sampled_from("abcdefghijklmn"[:n]), st.sampled_from("abcdefghijklmn"[:n]))
                 .filter(lambda one: one[0] != one[1]), max_size=30),
    )
)  # fmt: skip


def test_it_works() -> None:
    """A diamond with a short way: three columns, the two in the middle above each other, the short way between them."""
    found = drawn("abcd", [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("a", "d")])
    column = {one.key: one.column for one in found.boxes}
    assert column == {"a": 0, "b": 1, "c": 1, "d": 2}
    places = {one.key: one for one in found.boxes}
    assert places["a"].x < places["b"].x == places["c"].x < places["d"].x
    assert abs(places["b"].y - places["c"].y) >= SIZES.height + SIZES.between_rows - 1
    assert {len(one.points) for one in found.lines if (one.source, one.target) == ("a", "d")} == {4}
    assert not any(one.back for one in found.lines)


def test_nothing_is_drawn_of_nothing() -> None:
    found = drawn((), ())
    assert (found.boxes, found.lines) == ((), ())


def test_a_circle_has_one_arrow_back() -> None:
    found = drawn("abc", [("a", "b"), ("b", "c"), ("c", "a")])
    assert [(one.source, one.target) for one in found.lines if one.back] == [("c", "a")]


@settings(deadline=None)
@given(GRAPHS)
def test_boxes_stand_apart_and_inside(graph) -> None:
    keys, arrows = graph
    found = drawn(keys, arrows)
    assert [one.key for one in found.boxes] == list(keys)
    for n, one in enumerate(found.boxes):
        assert one.x > 0
        assert one.x + SIZES.width < found.width
        assert one.y > 0
        assert one.y + SIZES.height < found.height
        for other in found.boxes[n + 1 :]:
            assert abs(one.x - other.x) > SIZES.width or abs(one.y - other.y) > SIZES.height


@settings(deadline=None)
@given(GRAPHS)
def test_arrows_run_from_edge_to_edge_past_all_boxes(graph) -> None:
    keys, arrows = graph
    found = drawn(keys, arrows)
    places = {one.key: one for one in found.boxes}
    assert {(one.source, one.target) for one in found.lines} == set(arrows)
    for line in found.lines:
        source, target = places[line.source], places[line.target]
        first, *between, last = line.points
        right, left = (0, SIZES.width) if line.back else (SIZES.width, 0)
        assert first == (source.x + right, source.y + SIZES.height // 2)
        assert last == (target.x + left, target.y + SIZES.height // 2)
        assert line.back == (target.column < source.column)
        for x, y in between:
            for box in found.boxes:
                inside = box.x <= x <= box.x + SIZES.width
                assert not inside or not box.y - NARROW / 2 < y < box.y + SIZES.height + NARROW / 2


@settings(deadline=None)
@given(GRAPHS, st.randoms(use_true_random=False))
def test_the_same_graph_is_drawn_alike(graph, random) -> None:
    """Rule: in whatever order the arrows come, and however often."""
    keys, arrows = graph
    mixed = [*arrows, *arrows]
    random.shuffle(mixed)
    assert drawn(keys, mixed) == drawn(keys, arrows)
