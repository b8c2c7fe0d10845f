"""The difference of two editions: by number field by field, and by mapping from old to new."""

from collections import Counter
from dataclasses import replace
from types import MappingProxyType

from annexa.library.load import library
from annexa.pure.editions import Fate, FieldChange, correspondence, difference
from annexa.pure.standards import Confidence, Edge, Framework, FrameworkMapping, Library, Relation, Requirement


def requirement(number: str, parent: str | None = None, **rest) -> Requirement:
    return Requirement(
        id=number, parent=parent, **({"kind": "k", "title": number, "summary": "s", "level": "system"} | rest)
    )


def framework(name: str, *requirements: Requirement) -> Framework:
    return Framework(
        id=name, version="1", title="T", publisher="p", licence_note="l", source_url="s", language="en", edition="e",
        status="current", requirements=requirements,
    )  # fmt: skip


def test_a_framework_does_not_differ_from_itself() -> None:
    for one in library().frameworks.values():
        assert difference(one, one).nothing


def test_added_gone_moved_and_changed_are_told_apart() -> None:
    old = framework("f", requirement("1"), requirement("2"), requirement("2.1", "2"), requirement("3"))
    new = framework("f", requirement("1", title="One"), requirement("2"), requirement("2.1", "1"), requirement("4"))
    found = difference(old, replace(new, version="2"))
    assert [one.id for one in found.added] == ["4"]
    assert [one.id for one in found.gone] == ["3"]
    assert [(one.id, one.old_parent, one.new_parent) for one in found.moved] == [("2.1", "2", "1")]
    assert [(one.id, one.fields) for one in found.changed] == [("1", (FieldChange(field="title", old="1", new="One"),))]
    assert found.header == (FieldChange(field="version", old="1", new="2"),)
    assert not found.nothing


def test_attributes_are_fields_too() -> None:
    old = framework("f", requirement("1", attributes=MappingProxyType({"a": "x", "b": "y"})))
    new = framework("f", requirement("1", attributes=MappingProxyType({"a": "z", "c": 1})))
    (changed,) = difference(old, new).changed
    assert [(one.field, one.old, one.new) for one in changed.fields] == [
        ("a", "x", "z"),
        ("b", "y", None),
        ("c", None, 1),
    ]


def edge(start: str, end: str, relation: Relation = Relation.SUBSET_OF) -> Edge:
    return Edge(start=start, end=end, relation=relation, rationale="r", source="s", confidence=Confidence.HIGH)


def test_each_requirement_has_its_fate() -> None:
    old = framework("o", *(requirement(one) for one in ("0", "9")), *(requirement(f"0.{n}", "0") for n in range(7)))
    new = framework("n", *(requirement(one) for one in ("0", "9")), *(requirement(f"0.{n}", "0") for n in range(7)))
    edges = (
        edge("0.1", "0.1", Relation.EQUAL), edge("0.2", "0.2"), edge("0.3", "0.3"), edge("0.4", "0.3"),
        edge("0.5", "0.4"), edge("0.5", "0.5"),
    )  # fmt: skip
    mapping = FrameworkMapping(source="o", target="n", author="a", basis="b", edges=edges)
    held = Library(version="v", frameworks={"o": old, "n": new}, controls={}, coverage={}, mappings=(mapping,))
    found = correspondence(held, old, new)
    assert {one.requirement.id: str(one.fate) for one in found.old} == {
        "9": "unmapped", "0.0": "gone", "0.1": "same", "0.2": "changed", "0.3": "merged", "0.4": "merged",
        "0.5": "split", "0.6": "gone",
    }  # fmt: skip
    assert {one.requirement.id: str(one.fate) for one in found.new} == {
        "9": "unmapped", "0.0": "new", "0.1": "same", "0.2": "changed", "0.3": "merged", "0.4": "split",
        "0.5": "split", "0.6": "new",
    }  # fmt: skip
    assert found.known
    back = correspondence(held, new, old)
    assert [one.related[0].relation for one in back.old if one.requirement.id == "0.2"] == [Relation.SUPERSET_OF]
    assert not correspondence(replace(held, mappings=()), old, new).known


def test_the_2022_edition_has_the_eleven_new_controls_of_iso_27001() -> None:
    """Source: ISO/IEC 27002:2022 Annex B, Table B.1: controls without a forerunner in the 2013 edition."""
    held = library()
    found = correspondence(held, held.frameworks["iso27001-2013"], held.frameworks["iso27001-2022"])
    assert [one.requirement.id for one in found.new if one.fate is Fate.NEW] == [
        "A.5.7", "A.5.23", "A.5.30", "A.7.4", "A.8.9", "A.8.10", "A.8.11", "A.8.12", "A.8.16", "A.8.23", "A.8.28",
    ]  # fmt: skip
    assert Counter(one.fate for one in found.old)[Fate.GONE] == 0
