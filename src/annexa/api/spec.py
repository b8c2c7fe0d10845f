"""The description of the API as OpenAPI 3.1: what ninja knows of the operations, with our errors and headers."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from annexa.api.nouns import api
from annexa.api.problems import KINDS, MEDIA_TYPE, RETRYABLE, phrase

PREFIX = "/api/v1/"
Json = dict[str, Any]

PROBLEM: Json = {
    "type": "object",
    "title": "Problem",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance", "retryable"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "Which kind of problem; made to be compared."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong here, and what to do, for people."},
        "instance": {"type": "string"},
        "retryable": {"type": "boolean", "description": "Whether the same request may be answered later."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {
                    "field": {"type": "string", "description": "Which field; empty for the whole."},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
IF_MATCH: Json = {
    "name": "If-Match", "in": "header", "required": False,
    "description": "The ETag of what you saw. Without it nothing is changed (428).",
    "schema": {"type": "string"}, "example": '"20261120T094000.000000"',
}  # fmt: skip
KEY: Json = {
    "name": "Idempotency-Key", "in": "header", "required": False,
    "description": "A word of your own, such as a UUID: within a day the same request under it is done once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    "example": "2b1f3c1e-7c0e-4a5e-9f0e-6d2f5c1f3a10",
}  # fmt: skip
TAG: Json = {"description": "What to send as If-Match or If-None-Match.", "schema": {"type": "string"}}


@cache
def document_text() -> str:
    """The description as it is served and kept."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def document() -> Json:
    """The description as plain JSON."""
    found: Json = json.loads(json.dumps(api().get_openapi_schema(path_prefix=PREFIX)))
    found["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    found["servers"] = [{"url": "/"}]
    found["security"] = [{"token": []}, {"session": []}]
    components = found["components"]
    components["schemas"]["Problem"] = PROBLEM
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "annexa_…", "description": "annexa token create"},
        "session": {
            "type": "apiKey", "in": "cookie", "name": "sessionid",
            "description": "Of our own pages, over HTTPS __Host-sessionid; changes need the CSRF token too.",
        },
    }  # fmt: skip
    components["responses"] = {str(status): _problem(status) for status in sorted(KINDS)}
    for _, _, operation in operations(found):
        _complete(operation, components["schemas"])
    return found


def operations(found: Json) -> Iterator[tuple[str, str, Json]]:
    """Method, address and description of every operation."""
    for address, methods in found["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), address, operation


def _complete(operation: Json, schemas: Mapping[str, Json]) -> None:
    verbs = operation.pop("x-annexa-verbs")
    operation["security"] = [{"token": verbs}, {"session": []}]
    statuses = operation.pop("x-annexa-errors")
    headers: Json = {"ETag": TAG}
    if operation.pop("x-annexa-repeats"):
        operation["parameters"].append(KEY)
        headers = {"Location": {"description": "Where it is found.", "schema": {"type": "string"}}}
    if operation.pop("x-annexa-guarded"):
        operation["parameters"].append(IF_MATCH)
    for answer in operation["responses"].values():
        answer["headers"] = headers
        _exemplify(answer.get("content", {}), schemas)
    _exemplify(operation.get("requestBody", {}).get("content", {}), schemas)
    for status in statuses:
        operation["responses"][str(status)] = {"$ref": f"#/components/responses/{status}"}


def _exemplify(content: Json, schemas: Mapping[str, Json]) -> None:
    """The example of a shape stands where it is sent or shown, too."""
    for kind in content.values():
        schema = kind["schema"]
        named = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
        if examples := named.get("examples"):
            kind["example"] = examples[0]


def _problem(status: int) -> Json:
    kind, title = KINDS[status]
    example = {
        "type": f"urn:annexa:problem:{kind}", "title": title, "status": status, "detail": title,
        "instance": f"{PREFIX}systems", "retryable": status in RETRYABLE,
    }  # fmt: skip
    headers = {
        401: {"WWW-Authenticate": {"schema": {"type": "string"}}},
        405: {"Allow": {"schema": {"type": "string"}}},
        429: {"Retry-After": {"description": "Seconds.", "schema": {"type": "string"}}},
    }.get(status)
    return {
        "description": phrase(status),
        **({"headers": headers} if headers else {}),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example}},
    }
