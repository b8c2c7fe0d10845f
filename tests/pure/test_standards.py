"""A framework is a tree whose leaves are judged; coverage is inherited from the nearest group above."""

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.standards import Control, Coverage, Framework, Library, Requirement


def framework(*rows: tuple[str, str | None], no_duty: tuple[str, ...] = (), name: str = "small") -> Framework:
    """A framework of (id, parent) rows."""
    return Framework(
        id=name, version="1", title="Small", publisher="us", licence_note="ours", source_url="none", language="en",
        edition="1", status="current",
        requirements=tuple(
            Requirement(
                id=one, parent=parent, kind="clause", title=one, summary=one, level="organisation",
                no_duty="A definition." if one in no_duty else "",
            )
            for one, parent in rows
        ),
    )  # fmt: skip


def control(name: str) -> Control:
    """A control of the organisation."""
    return Control(
        id=name, name=name, objective="o", practice="p", level="organisation", owner_role="r", cadence="c", effort=1.0,
        expectations=(), tests=(),
    )  # fmt: skip


def library(covered: dict[str, str], *frameworks: Framework) -> Library:
    """A library in which each of some requirements of the first framework is met by one control."""
    entries = {one: Coverage(requirement=one, sufficient=((met_by,),), because="b") for one, met_by in covered.items()}
    return Library(
        version="1",
        frameworks=MappingProxyType({f.id: f for f in frameworks}),
        controls=MappingProxyType({name: control(name) for name in ("A", "B", "C", "D")}),
        coverage=MappingProxyType({frameworks[0].id: MappingProxyType(entries)}),
    )


SMALL = framework(
    ("1", None), ("1.1", "1"), ("1.1.a", "1.1"), ("1.1.b", "1.1"), ("1.2", "1"), ("2", None), no_duty=("1.2",)
)  # fmt: skip


def test_the_tree() -> None:
    assert [r.id for r in SMALL.leaves] == ["1.1.a", "1.1.b", "1.2", "2"]
    assert {parent: [r.id for r in below] for parent, below in SMALL.children.items()} == {
        None: ["1", "2"],
        "1": ["1.1", "1.2"],
        "1.1": ["1.1.a", "1.1.b"],
    }
    assert [r.id for r in SMALL.lineage(SMALL.by_id["1.1.b"])] == ["1.1.b", "1.1", "1"]
    assert [r.id for r in SMALL.lineage(SMALL.by_id["2"])] == ["2"]


@pytest.mark.parametrize(
    ("covered", "expected"),
    [
        ({"1.1.a": "A"}, {"1.1.a": "A"}),
        ({"1": "A"}, {"1.1.a": "A", "1.1.b": "A", "1.2": "A"}),
        ({"1": "A", "1.1": "B"}, {"1.1.a": "B", "1.1.b": "B", "1.2": "A"}),
        ({"1": "A", "1.1": "B", "1.1.a": "C"}, {"1.1.a": "C", "1.1.b": "B", "1.2": "A"}),
        ({}, {}),
    ],
    ids=["its own", "from the top", "from the nearest group", "its own before any group", "none"],
)
def test_coverage_is_inherited(covered: dict[str, str], expected: dict[str, str]) -> None:
    made = library(covered, SMALL)
    found = {leaf.id: made.covering(SMALL, leaf) for leaf in SMALL.leaves}
    assert {one: entry.controls[0] for one, entry in found.items() if entry} == expected


def test_frameworks_do_not_cover_each_other() -> None:
    other = framework(("1", None), name="other")
    made = library({"1": "A"}, SMALL, other)
    assert made.covering(SMALL, SMALL.by_id["1"]) is not None
    assert made.covering(other, other.by_id["1"]) is None


def test_what_a_control_serves() -> None:
    """Leaves only, and none that asks for nothing."""
    made = library({"1": "A", "1.1.a": "B", "2": "B"}, SMALL)
    assert made.covered_by == {
        "A": (("small", "1.1.b"),),
        "B": (("small", "1.1.a"), ("small", "2")),
        "C": (),
        "D": (),
    }


@pytest.mark.parametrize(
    ("sufficient", "contributes", "expected"),
    [
        ((), (), ()),
        ((("A",),), (), ("A",)),
        ((("B", "A"), ("A", "C")), ("D", "B"), ("B", "A", "C", "D")),
        ((), ("D", "D"), ("D",)),
    ],
)
def test_coverage_names_each_control_once(
    sufficient: tuple[tuple[str, ...], ...], contributes: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert Coverage(requirement="1", sufficient=sufficient, contributes=contributes).controls == expected


@st.composite
def trees(draw: st.DrawFn) -> Framework:
    """Any framework of up to twelve requirements, parents before children."""
    rows: list[tuple[str, str | None]] = []
    for number in range(draw(st.integers(1, 12))):
        above = draw(st.none() | st.sampled_from([one for one, _ in rows])) if rows else None
        rows.append((str(number), above))
    return framework(*rows, no_duty=tuple(draw(st.lists(st.sampled_from([one for one, _ in rows]), max_size=3))))


@given(trees())
def test_every_requirement_is_a_leaf_or_a_group_and_ends_at_the_top(tree: Framework) -> None:
    leaves = {leaf.id for leaf in tree.leaves}
    assert leaves | (set(tree.children) - {None}) == set(tree.by_id)
    assert not leaves & set(tree.children)
    for one in tree.requirements:
        line = list(tree.lineage(one))
        assert line[0] is one
        assert line[-1].parent is None
        assert len({step.id for step in line}) == len(line)


@given(trees(), st.data())
def test_coverage_comes_from_the_nearest(tree: Framework, data: st.DataObject) -> None:
    ids = st.sampled_from(sorted(tree.by_id))
    made = library(data.draw(st.dictionaries(ids, st.sampled_from("ABCD"), max_size=5)), tree)
    for leaf in tree.leaves:
        entries = made.coverage[tree.id]
        nearest = next((entries[step.id] for step in tree.lineage(leaf) if step.id in entries), None)
        assert made.covering(tree, leaf) is nearest
        served = {name for name, leaves in made.covered_by.items() if (tree.id, leaf.id) in leaves}
        assert served == (set(nearest.controls) if nearest and not leaf.no_duty else set())
