"""OSCAL: what goes out is valid for compliance-trestle and comes back equal; what comes in is taken or refused."""

import json
from argparse import Namespace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.adapters.catalogs import CatalogError, read
from annexa.adapters.catalogs.oscal import oscal_catalog, oscal_mapping
from annexa.library.load import library, load
from annexa.pure.standards import Framework
from tests.pure.test_library_files import frameworks

AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
FRAMEWORKS = tuple(library().frameworks.values())


def _catalogs() -> Any:
    """What trestle reads a catalog with. It takes long to be imported, so only who tries it does."""
    from trestle.oscal.catalog import Model

    return Model


def _mappings() -> Any:
    """What trestle reads a collection of mappings with."""
    from trestle.oscal.mapping import Model

    return Model


def back(text: str, **said) -> Framework:
    (framework,) = load(dict(read(text.encode(), "catalog.json", **said))).frameworks.values()
    return framework


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda one: one.id)
def test_a_shipped_framework_is_a_valid_catalog_and_comes_back_equal(framework: Framework, tmp_path) -> None:
    from trestle.core.validator_factory import validator_factory

    text = oscal_catalog(framework, last_modified=AT)
    catalog = _catalogs().model_validate_json(text).catalog
    assert catalog.metadata.title == framework.title
    assert validator_factory.get(Namespace(mode="all")).model_is_valid(catalog, True, tmp_path)
    assert back(text) == framework
    assert oscal_catalog(framework, last_modified=AT) == text


@given(frameworks())
def test_any_framework_is_a_valid_catalog_and_comes_back_equal(framework: Framework) -> None:
    text = oscal_catalog(framework, last_modified=AT)
    _catalogs().model_validate_json(text)
    assert back(text) == framework


@pytest.mark.parametrize("ends", [{"iso27001-2022", "iso42001-2023"}, {"iso27001-2013", "iso27001-2022"}])
def test_mappings_are_a_valid_collection_that_refers_to_the_exported_catalogs(ends: set[str]) -> None:
    held = library()
    mappings = [one for one in held.mappings if {one.source, one.target} == ends]
    text = oscal_mapping(mappings, held.frameworks, last_modified=AT)
    _mappings().model_validate_json(text)
    found = json.loads(text)["mapping-collection"]
    assert [len(one["maps"]) for one in found["mappings"]] == [len(one.edges) for one in mappings]
    first, edge = found["mappings"][0]["maps"][0], mappings[0].edges[0]
    assert first["relationship"].replace("-", "_").removesuffix("_to") == edge.relation
    assert (first["remarks"], first["confidence-score"]) == (edge.rationale, {"category": edge.confidence})
    ids: set[str] = set()

    def walk(holder: dict) -> None:
        ids.add(holder.get("id", ""))
        for below in holder.get("groups", []) + holder.get("controls", []):
            walk(below)

    for name in ends:
        walk(json.loads(oscal_catalog(held.frameworks[name], last_modified=AT))["catalog"])
    assert {
        item["id-ref"] for one in found["mappings"] for m in one["maps"] for item in m["sources"] + m["targets"]
    } <= ids


def foreign(**catalog) -> dict:
    metadata = {
        "title": "House Rules 2026",
        "version": "3",
        "oscal-version": "1.0.4",
        "last-modified": "2026-01-01T00:00:00Z",
    }
    return {"catalog": {"uuid": "x", "metadata": metadata} | catalog}


ACCESS = {
    "id": "ac-1",
    "class": "SP800-53",
    "title": "Access",
    "params": [
        {"id": "ac-1_p1", "label": "roles"},
        {"id": "ac-1_p2", "select": {"choice": ["daily", "every {{ insert: param, ac-1_p1 }}"]}},
        {"id": "ac-1_p3", "values": ["30 days"]},
    ],
    "props": [{"name": "label", "value": "AC-01", "class": "zero-padded"}, {"name": "label", "value": "AC-1"}],
    "links": [{"href": "#ac-2", "rel": "related"}],
    "parts": [
        {
            "name": "statement",
            "prose": "Decide for {{ insert: param, ac-1_p1 }}:",
            "parts": [
                {"name": "item", "props": [{"name": "label", "value": "a."}], "prose": "ask {{ac-1_p2}};"},
                {
                    "name": "item",
                    "props": [{"name": "label", "value": "b."}],
                    "prose": "within {{ insert: param, ac-1_p3 }}.",
                },
            ],
        },
        {"name": "guidance", "prose": "Start small."},
        {"name": "assessment-objective", "prose": "Not for the summary."},
    ],
    "controls": [{"id": "ac-1.1", "title": "Reviews", "props": [{"name": "status", "value": "withdrawn"}]}],
}


def test_a_catalog_of_somebody_else_keeps_tree_numbers_and_text() -> None:
    files = read(
        json.dumps(foreign(groups=[{"id": "ac", "title": "Access control", "controls": [ACCESS]}])).encode(),
        "house.json",
    )
    framework = load(dict(files)).frameworks["house-rules-2026"]
    group, control, enhancement = framework.requirements
    assert (group.id, group.kind, group.parent) == ("ac", "group", None)
    assert (control.id, control.kind, control.parent, control.note) == ("AC-1", "SP800-53", "ac", "Start small.")
    assert control.summary == "Decide for [roles]:\na. ask [daily; every [roles]];\nb. within 30 days."
    assert (enhancement.id, enhancement.parent) == ("ac-1.1", "AC-1")
    assert enhancement.no_duty
    assert framework.edition == "3"
    assert "links to other controls and texts (1)" in files.left_out[0]


def test_the_id_can_be_chosen() -> None:
    assert back(json.dumps(foreign(controls=[ACCESS])), id="acme-2026").id == "acme-2026"


def test_everything_wrong_is_said_at_once_with_its_place() -> None:
    broken = foreign(
        groups=[
            {
                "title": "G",
                "controls": [
                    {"title": "no id"},
                    {"id": "x"},
                    "y",
                    {"id": "z", "title": "Z"},
                    {"id": "z", "title": "Z"},
                ],
            }
        ],
        controls="none",
    )
    broken["catalog"]["metadata"] |= {"oscal-version": "2.0.0", "title": ""}
    with pytest.raises(CatalogError) as refused:
        read(json.dumps(broken).encode(), "b.json")
    said = "\n".join(refused.value.problems)
    for place in (
        "/catalog/metadata/oscal-version: is '2.0.0'", "/catalog/metadata/title: is missing",
        "/catalog/groups/0/controls/0/id",
        "/catalog/groups/0/controls/1/title", "/catalog/groups/0/controls/2: is not an object", "'z' occurs twice",
        "/catalog/controls: is not a list",
    ):  # fmt: skip
        assert place in said


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"profile": {}}, "resolve it into a catalog first"),
        ({"component-definition": {}}, "a component definition describes products"),
        ({"mapping-collection": {}}, "mappings are imported as TOML"),
        ({"something": {}}, "there is no catalog in it"),
        ({"catalog": []}, "there is no catalog in it"),
    ],
)
def test_other_models_are_refused_in_a_sentence(document: dict, says: str) -> None:
    with pytest.raises(CatalogError, match=says):
        read(json.dumps(document).encode(), "p.json")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"catalog": {"a": 1, "a": 2}}',
        '{"catalog":' * 5000,
        '{"catalog": {"metadata": {"title": "\\ud800"}}}',
        '{"a": 1' + "0" * 5000 + "}",
    ],
)
def test_what_is_no_usable_json_is_refused(text: str) -> None:
    with pytest.raises(CatalogError):
        read(text.encode(), "b.json")


def test_parameters_that_insert_themselves_end() -> None:
    param = {"id": "p", "label": "{{ insert: param, p }}" * 50}
    control = {
        "id": "c",
        "title": "C",
        "params": [param],
        "parts": [{"name": "statement", "prose": "{{ insert: param, p }}" * 500}],
    }
    with pytest.raises(CatalogError, match="Cut it"):
        read(json.dumps(foreign(controls=[control])).encode(), "p.json")


def test_a_catalog_nested_without_end_is_refused() -> None:
    control: dict = {"id": "c", "title": "C"}
    for number in range(60):
        control = {"id": f"c{number}", "title": "C", "controls": [control]}
    with pytest.raises(CatalogError, match="flatten the catalog"):
        read(json.dumps(foreign(controls=[control])).encode(), "deep.json")


names = st.sampled_from(
    [
        "catalog",
        "metadata",
        "title",
        "id",
        "groups",
        "controls",
        "props",
        "params",
        "parts",
        "prose",
        "ns",
        "name",
        "value",
    ]
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["urn:annexa:oscal", "1.2.0", "id"]),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(names, below, max_size=6),
    max_leaves=30,
)


@given(values)
def test_any_json_is_taken_or_refused_in_sentences(value: object) -> None:
    with_catalog = {"catalog": value if isinstance(value, dict) else {}}
    for document in (value, with_catalog, foreign(groups=value, controls=value), foreign(controls=[value])):
        try:
            files = read(json.dumps(document).encode(), "any.json", form="oscal")
        except CatalogError as refused:
            problems = refused.problems
        else:
            problems = ()
            load(dict(files))
        assert all(one.startswith("any.json: ") for one in problems)
