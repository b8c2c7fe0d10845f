"""Libraries of CISO Assistant: frameworks and mapping sets come in, a framework goes out and keeps its tree."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from annexa.adapters.catalogs import CatalogError, read
from annexa.adapters.catalogs.ciso_assistant import ciso_assistant_yaml
from annexa.library.load import library, load
from annexa.library.reader import LibraryError, shipped
from annexa.pure.standards import Confidence, Framework, Relation

FRAMEWORKS = tuple(library().frameworks.values())
HOUSE = """\
urn: urn:acme:risk:library:house-1.0
locale: en
ref_id: HOUSE-1.0
name: House rules
description: See https://acme.example/rules for the text.
copyright: Acme
version: 3
provider: Acme
packager: acme
objects:
  reference_controls:
  - urn: urn:acme:risk:function:house:c1
    ref_id: C1
    name: Lock the door
  framework:
    urn: urn:acme:risk:framework:house-1.0
    ref_id: HOUSE-1.0
    name: House rules
    description: First edition
    requirement_nodes:
    - urn: urn:acme:risk:req_node:house-1.0:1
      assessable: false
      depth: 1
      ref_id: '1'
      name: Doors
    - urn: urn:acme:risk:req_node:house-1.0:1.1
      assessable: true
      depth: 2
      parent_urn: urn:acme:risk:req_node:house-1.0:1
      ref_id: '1.1'
      description: Doors are locked at night.
      annotation: Windows too.
      implementation_groups: [night]
      questions: {}
    - urn: urn:acme:risk:req_node:house-1.0:1:node2
      assessable:
      depth: 2
      parent_urn: URN:acme:risk:req_node:house-1.0:1
      name: A remark
"""
MAPPING = """\
  requirement_mapping_set:
    urn: urn:acme:risk:req_mapping_set:house-iso
    name: m
    source_framework_urn: urn:acme:risk:framework:house-1.0
    target_framework_urn: urn:intuitem:risk:framework:iso27001-2022
    requirement_mappings:
    - source_requirement_urn: urn:acme:risk:req_node:house-1.0:1.1
      target_requirement_urn: urn:intuitem:risk:req_node:iso27001-2022:a.7.2
      relationship: subset
      strength_of_relationship: 9
    - source_requirement_urn: urn:acme:risk:req_node:house-1.0:1.1
      target_requirement_urn: urn:intuitem:risk:req_node:iso27001-2022:a.7.3
      relationship: not_related
"""


def test_a_library_becomes_a_framework_and_says_what_is_left_out() -> None:
    files = read(HOUSE.encode(), "house.yaml")
    framework = load(dict(files)).frameworks["house-1.0"]
    group, duty, remark = framework.requirements
    assert (framework.title, framework.version, framework.publisher) == ("House rules", "3", "Acme")
    assert (framework.edition, framework.source_url) == ("First edition", "https://acme.example/rules")
    assert (group.id, group.title, group.summary, group.no_duty) == ("1", "Doors", "Doors", "")
    assert (duty.id, duty.parent, duty.title, duty.note) == ("1.1", "1", "Doors are locked at night.", "Windows too.")
    assert duty.attributes == {"implementation_groups": ("night",)}
    assert (remark.id, remark.parent) == ("1:node2", "1")
    assert remark.no_duty
    assert len(files.left_out) == 2
    assert "left out (1): reference controls" in files.left_out[0]
    assert "questions" in files.left_out[1]


def test_a_mapping_set_finds_the_numbers_of_the_library_whatever_their_case() -> None:
    held = library()
    files = read((HOUSE + MAPPING).encode(), "house.yaml", known=held.frameworks)
    assert set(files) == {"frameworks/house-1.0.toml", "mappings/house-1.0--iso27001-2022.toml"}
    (mapping,) = (one for one in load(shipped() | dict(files)).mappings if one.source == "house-1.0")
    (edge,) = mapping.edges
    assert (edge.start, edge.end, edge.relation, edge.confidence) == (
        "1.1",
        "A.7.2",
        Relation.SUBSET_OF,
        Confidence.HIGH,
    )


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda one: one.id)
def test_a_shipped_framework_goes_out_and_keeps_its_tree(framework: Framework) -> None:
    text = ciso_assistant_yaml(framework)
    again = load(dict(read(text.encode(), "out.yaml"))).frameworks[framework.id]
    assert set(again.by_id) == set(framework.by_id)
    for one in again.requirements:
        before = framework.by_id[one.id]
        assert (one.parent, one.title, one.summary) == (before.parent, before.title, before.summary)
        assert one.id in framework.children or bool(one.no_duty) == bool(before.no_duty)
    assert ciso_assistant_yaml(framework) == text


def test_what_goes_out_has_what_the_importer_asks_for() -> None:
    """Source: the required fields of library, framework and node in CISO Assistant's importer."""
    found = yaml.safe_load(ciso_assistant_yaml(FRAMEWORKS[0]))
    header = {
        "urn",
        "locale",
        "ref_id",
        "name",
        "description",
        "copyright",
        "version",
        "provider",
        "packager",
        "objects",
    }
    assert set(found) == header
    assert isinstance(found["version"], int)
    nodes = found["objects"]["framework"]["requirement_nodes"]
    known: set[str] = set()
    for node in nodes:
        assert {"urn", "assessable", "depth", "ref_id", "name", "description"} <= set(node)
        assert node.get("parent_urn") in known | {None}
        assert node["urn"] == node["urn"].lower()
        assert (node["depth"] == 1) == ("parent_urn" not in node)
        known.add(node["urn"])
    assert len(known) == len(nodes)


def test_everything_wrong_is_said_at_once_with_its_place() -> None:
    broken = HOUSE.replace("parent_urn: urn:acme:risk:req_node:house-1.0:1\n", "parent_urn: urn:nowhere\n")
    broken = broken.replace("    name: House rules\n", "").replace(
        "    - urn: urn:acme:risk:req_node:house-1.0:1:node2\n      assessable:", "    - assessable:"
    )
    with pytest.raises(CatalogError) as refused:
        read((broken + MAPPING.replace("subset", "near")).encode(), "b.yaml")
    said = "\n".join(refused.value.problems)
    for place in (
        "objects.framework.name: is missing",
        "objects.framework.requirement_nodes[1].parent_urn: there is no node urn:nowhere",
        "objects.framework.requirement_nodes[2].urn: is missing",
        "objects.requirement_mapping_set.requirement_mappings[0].relationship: is 'near'",
    ):  # fmt: skip
        assert place in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: &x [1]\nb: *x\n", "line 1: anchors and aliases"),
        ("a: " + "[" * 60 + "]" * 60, "nested more than"),
        ("a: [1", "this is not YAML"),
        ("a: 1\na: 2\n", "has the name 'a' twice"),
        ("a: 1\n---\nb: 2\n", "has 2 documents"),
        ("just a text", "objects is missing"),
        ("objects: {}", "neither a framework nor a mapping set"),
        ("objects: {framework: yes}", "is neither an object nor a list"),
        ("!!python/object/apply:os.system [ls]", "objects is missing"),
        ("\x00", "this is not YAML"),
    ],
)
def test_what_is_no_library_is_refused_in_a_sentence(text: str, says: str) -> None:
    with pytest.raises(CatalogError, match=says.replace("(", r"\(")):
        read(text.encode(), "b.yaml", form="ciso-assistant")


def test_billion_laughs_are_refused() -> None:
    laughs = 'a: &a ["lol"]\n' + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
    )
    with pytest.raises(CatalogError, match="write the values out"):
        read(laughs.encode(), "laughs.yaml")


def problems_of(data: bytes, form: str | None = None) -> tuple[str, ...]:
    """What is wrong with a file; nothing if it is taken."""
    try:
        load(dict(read(data, "any", form=form)))
    except (CatalogError, LibraryError) as refused:
        return refused.problems if isinstance(refused, CatalogError) else ()
    return ()


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_taken_or_refused_in_sentences(data: bytes) -> None:
    for form in (None, "toml", "oscal", "csv", "ciso-assistant"):
        assert all(one.startswith("any: ") for one in problems_of(data, form))


lines = st.sampled_from((HOUSE + MAPPING).splitlines(keepends=True))


@given(st.integers(0, 60), st.integers(0, 60), lines)
def test_a_damaged_library_is_taken_or_refused_in_sentences(cut: int, put: int, line: str) -> None:
    damaged = (HOUSE + MAPPING).splitlines(keepends=True)
    del damaged[cut : cut + 1]
    damaged.insert(put, line)
    assert all(one.startswith("any: ") for one in problems_of("".join(damaged).encode()))


@pytest.mark.parametrize(
    "text",
    [
        'id,title,attribute.a\n1,A,"[""\\ud800""]"\n',
        '{"catalog": {"metadata": {"title": "T", "oscal-version": "1.2.0", "last-modified": "x"},'
        ' "controls": [{"id": "a", "title": "A", "parts": [{"name": "statement", "props":'
        ' [{"name": "label", "value": "\\ud800"}], "prose": "p"}]}]}}',
    ],
)
def test_half_a_character_is_refused_wherever_it_hides(text: str) -> None:
    assert "half a character" in problems_of(text.encode())[0]
