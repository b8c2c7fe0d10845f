"""What mappings let one conclude is never more than they say."""

from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.mappings import compose, direct, inverse, least, related
from annexa.pure.standards import Confidence, Edge, Framework, FrameworkMapping, Library, Relation

EQUAL, SUBSET, SUPERSET, INTERSECTS = Relation
relations = st.sampled_from(Relation)
confidences = st.sampled_from(Confidence)
ends = st.tuples(st.sampled_from("abcd"), st.sampled_from("123"))


def edge(start: str, end: str, relation: Relation = EQUAL, confidence: Confidence = Confidence.HIGH) -> Edge:
    """An edge that says why."""
    return Edge(start=start, end=end, relation=relation, rationale="r", source="s", confidence=confidence)


def edition(name: str, *, current: bool = True) -> Framework:
    """A framework of which only its name matters, and whether it is in force."""
    return Framework(
        id=name, version="1", title=name, publisher="x", licence_note="x", source_url="x", language="en", edition="x",
        status="current" if current else "withdrawn", requirements=(),
    )  # fmt: skip


def library(*edges: tuple[tuple[str, str], tuple[str, str], Relation, Confidence], withdrawn: str = "") -> Library:
    """A library of mappings only: (framework, requirement) to (framework, requirement)."""
    return Library(
        version="1",
        frameworks=MappingProxyType({name: edition(name, current=name not in withdrawn) for name in "abcd"}),
        controls=MappingProxyType({}),
        coverage=MappingProxyType({}),
        mappings=tuple(
            FrameworkMapping(source=a[0], target=b[0], author="x", basis="x", edges=(edge(a[1], b[1], relation, sure),))
            for a, b, relation, sure in edges
        ),
    )


drawn = st.lists(st.tuples(ends, ends, relations, confidences).filter(lambda e: e[0][0] != e[1][0]), max_size=12)


@given(relations)
def test_the_inverse_of_the_inverse_is_the_relation(one: Relation) -> None:
    assert inverse(inverse(one)) is one
    assert {inverse(EQUAL), inverse(INTERSECTS)} == {EQUAL, INTERSECTS}
    assert inverse(SUBSET) is SUPERSET


@given(relations)
def test_equal_changes_nothing(one: Relation) -> None:
    assert compose(EQUAL, one) is compose(one, EQUAL) is one


@given(relations)
def test_anything_through_intersects_is_at_most_intersects(one: Relation) -> None:
    assert compose(INTERSECTS, one) is compose(one, INTERSECTS) is INTERSECTS


@given(relations, relations)
def test_the_way_back_is_the_inverse_of_the_way_there(one: Relation, two: Relation) -> None:
    assert inverse(compose(one, two)) is compose(inverse(two), inverse(one))


@given(relations, relations, relations)
def test_it_does_not_matter_which_two_are_joined_first(one: Relation, two: Relation, three: Relation) -> None:
    assert compose(compose(one, two), three) is compose(one, compose(two, three))


@given(st.frozensets(st.integers(0, 4)), st.frozensets(st.integers(0, 4)), st.frozensets(st.integers(0, 4)))
def test_a_conclusion_is_true_of_sets(a: frozenset[int], b: frozenset[int], c: frozenset[int]) -> None:
    """Read requirements as sets of demands: equal, part of and more than are then facts one can check."""
    holds = {EQUAL: frozenset.__eq__, SUBSET: frozenset.__le__, SUPERSET: frozenset.__ge__}
    for one in holds:
        for two in holds:
            concluded = compose(one, two)
            if holds[one](a, b) and holds[two](b, c) and concluded in holds:
                assert holds[concluded](a, c)


def test_subset_and_superset_in_a_row_are_only_a_hint() -> None:
    assert compose(SUBSET, SUPERSET) is compose(SUPERSET, SUBSET) is INTERSECTS
    assert compose(SUBSET, SUBSET) is SUBSET
    assert compose(SUPERSET, SUPERSET) is SUPERSET


@given(st.lists(confidences, min_size=1))
def test_a_conclusion_is_as_sure_as_its_weakest_part(some: list[Confidence]) -> None:
    assert least(*some) is [one for one in Confidence if one in some][-1]


def test_an_edge_is_read_from_both_ends() -> None:
    small = library((("a", "1"), ("b", "2"), SUBSET, Confidence.LOW))
    (there,) = direct(small, "a", "1")
    (back,) = direct(small, "b", "2")
    assert (there.end, there.relation, there.confidence) == (("b", "2"), SUBSET, Confidence.LOW)
    assert (back.end, back.relation, back.edges) == (("a", "1"), SUPERSET, there.edges)
    assert direct(small, "a", "9") == ()


def test_one_requirement_in_between() -> None:
    small = library(
        (("a", "1"), ("b", "1"), SUBSET, Confidence.HIGH),
        (("c", "1"), ("b", "1"), SUPERSET, Confidence.MEDIUM),
        (("c", "1"), ("d", "1"), EQUAL, Confidence.LOW),
    )
    near, far = related(small, "a", "1")
    assert (near.end, near.via) == (("b", "1"), None)
    assert (far.end, far.via, far.relation, far.confidence) == (("c", "1"), ("b", "1"), SUBSET, Confidence.MEDIUM)
    assert len(far.edges) == 2


def test_what_is_said_is_not_concluded_as_well_and_the_strongest_path_counts() -> None:
    small = library(
        (("a", "1"), ("b", "1"), INTERSECTS, Confidence.HIGH),
        (("a", "1"), ("b", "2"), EQUAL, Confidence.LOW),
        (("a", "1"), ("c", "1"), INTERSECTS, Confidence.LOW),
        (("b", "1"), ("d", "1"), EQUAL, Confidence.HIGH),
        (("b", "2"), ("d", "1"), SUBSET, Confidence.HIGH),
        (("b", "2"), ("c", "1"), EQUAL, Confidence.HIGH),
    )
    found = {one.end: one for one in related(small, "a", "1")}
    assert found["c", "1"].via is None
    assert (found["d", "1"].relation, found["d", "1"].via) == (SUBSET, ("b", "2"))


@given(drawn, ends)
def test_related_never_leads_home_nor_twice_to_one_place(
    edges: list[tuple[tuple[str, str], tuple[str, str], Relation, Confidence]], start: tuple[str, str]
) -> None:
    found = related(library(*edges), *start)
    assert len({one.end for one in found}) == len(found)
    assert all(one.framework != start[0] for one in found)
    assert [one.via is not None for one in found] == sorted(one.via is not None for one in found)
    for one in found:
        assert one.confidence is least(*(edge.confidence for edge in one.edges))
        if one.relation is EQUAL:
            assert {edge.relation for edge in one.edges} == {EQUAL}


@given(drawn, ends, ends)
def test_what_is_said_holds_from_both_ends(
    edges: list[tuple[tuple[str, str], tuple[str, str], Relation, Confidence]],
    one: tuple[str, str],
    other: tuple[str, str],
) -> None:
    small = library(*edges)
    there = {found.end: found.relation for found in direct(small, *one)}
    back = {found.end: found.relation for found in direct(small, *other)}
    assert (other in there) == (one in back)
