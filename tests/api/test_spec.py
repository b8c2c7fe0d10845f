"""The description of the API: kept in the repository, valid, and complete for every operation."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

import annexa
from annexa.api.nouns import api
from annexa.api.shapes import Given, Shown
from annexa.api.spec import document_text, operations
from annexa.pure.permits import SCOPES

KEPT = Path(annexa.__file__).parent / "api" / "openapi.json"
DOCUMENT = json.loads(KEPT.read_text(encoding="utf-8"))
"""The description as it is kept; one test sees to it that it is that of the code, which takes seconds to make."""
KNOWN = jsonschema_rs.Registry([("urn:api", DOCUMENT)], draft=jsonschema_rs.Draft202012)
"""The description, taken in once: with all its shapes in each schema, checking one takes longer than all of them."""
OPERATIONS = list(operations(DOCUMENT))
every_operation = pytest.mark.parametrize(
    ("method", "address", "told"), OPERATIONS, ids=[f"{method} {address}" for method, address, _ in OPERATIONS]
)


def validator(schema: Mapping[str, Any]) -> Any:
    """What checks values of a schema, whose references lead into the description."""
    told = json.loads(json.dumps(schema).replace('"#/components/', '"urn:api#/components/'))
    return jsonschema_rs.validator_for(told, validate_formats=True, registry=KNOWN)


def test_a_value_that_is_not_as_described_is_found() -> None:
    """Also where two references lead to it."""
    nested = [
        {"$ref": f"#/components/schemas/{name}"}
        for name, schema in DOCUMENT["components"]["schemas"].items()
        if "$ref" in schema.get("properties", {}).get("items", {}).get("items", {})
    ]
    assert nested
    for schema in nested:
        with pytest.raises(jsonschema_rs.ValidationError, match=r"is not of type|is a required property"):
            validator(schema).validate({"items": ["nothing"], "next": None})


def test_the_description_kept_is_that_of_the_code() -> None:
    """Rule: a change of the API is seen in review. Renew it with `make openapi`."""
    assert KEPT.read_text(encoding="utf-8") == document_text()


def test_it_is_openapi_3_1() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert set(DOCUMENT) <= {"openapi", "info", "servers", "paths", "components", "security", "tags"}
    for name, schema in DOCUMENT["components"]["schemas"].items():
        validator(schema)
        assert schema.get("description"), name


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(DOCUMENT)
    for reference in {part.split('"')[0] for part in text.split('"$ref": "')[1:]}:
        found = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        assert found


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [told["operationId"] for _, _, told in OPERATIONS]
    assert len(set(names)) == len(names)


@every_operation
def test_an_operation_says_what_it_does_and_who_may(method, address, told) -> None:
    assert told["summary"]
    assert not told["summary"].endswith(".")
    assert told["tags"]
    verbs = told["security"][0]["token"]
    assert verbs
    assert set(verbs) <= SCOPES


@every_operation
def test_an_operation_says_what_can_go_wrong(method, address, told) -> None:
    """Rule: what every operation can answer with, and what a path, a body or a change adds, is told."""
    expected = {"401", "403", "422", "429", "500", "503"}
    if "{" in address:
        expected |= {"404"}
    if method in {"POST", "PATCH"}:
        expected |= {"400", "404", "413", "415"}
        assert "requestBody" in told
    if any(one["name"] == "If-Match" for one in told["parameters"]):
        expected |= {"412", "428"}
    assert expected <= set(told["responses"])


@every_operation
def test_examples_are_what_they_are_examples_of(method, address, told) -> None:
    """Rule: an example can be sent, and is what comes back."""
    contents = [told.get("requestBody", {}), *(one for status, one in told["responses"].items() if status < "300")]
    for kind, content in ((k, c) for one in contents for k, c in one.get("content", {}).items()):
        if kind in {"multipart/form-data", "application/octet-stream"}:
            continue
        assert "example" in content, f"{kind} has no example"
        validator(content["schema"]).validate(content["example"])


def test_every_address_of_the_server_is_described() -> None:
    served = {f"/api/v1/{pattern.pattern}" for pattern in api().urls[0]}
    described = {address.replace("{", "<").replace("}", ">") for _, address, _ in OPERATIONS}
    assert len(described) == len(served - {"/api/v1/"}), served


def test_no_two_shapes_have_one_name() -> None:
    """Rule: of two classes of one name the description would keep one, and promise it for both."""
    found = Counter(each.__name__ for each in [*derived(Shown), *derived(Given)] if each.__module__ != Shown.__module__)
    assert not [name for name, count in found.items() if count > 1]


def derived(shape: type) -> Iterator[type]:
    for one in shape.__subclasses__():
        yield one
        yield from derived(one)
