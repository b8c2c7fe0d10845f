"""A SCIM 2.0 export of users and groups as a table of who has access to what. Source: RFC 7643, RFC 7644 3.4.2.

One row for each user and group or role; a user without any has one row. Groups without users become a row for each
member. Anything else is not recognised, and read as an ordinary table.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from annexa.pure.tables import Row, Table

HEADER = ("Account", "Person", "Email", "Role or entitlement", "Last used", "Granted", "Active")
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


class ScimError(ValueError):
    """A SCIM export tells of nobody; says what to do."""


def read_scim(data: bytes, *, name: str) -> Table | None:
    """The rows of a SCIM export; None if the file is none. Raises ScimError for one that holds nobody."""
    if data.lstrip()[:1] not in {b"{", b"["}:
        return None
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    found = [one for one in _resources(document) if isinstance(one, Mapping)]
    users = [one for one in found if _is(one, USER, "userName")]
    groups = [one for one in found if _is(one, GROUP, "displayName") and isinstance(one.get("members"), list)]
    if not users and not groups:
        return None
    rows = [row for one in users for row in _of_user(one, groups)] or [row for one in groups for row in _of_group(one)]
    if not rows:
        raise ScimError(f"{name}: the SCIM export has groups without members and no users. Export the users too")
    return Table(
        format="json",
        header=HEADER,
        rows=tuple(Row(number=number, cells=cells) for number, cells in enumerate(rows, start=1)),
        encoding="utf-8",
        encoding_why="SCIM is JSON in UTF-8",
    )


def _resources(document: Any) -> list[Any]:
    """The resources of a list response, of several side by side, or of a bare list."""
    if isinstance(document, Mapping):
        parts = [document, *document.values()]
    else:
        parts = document if isinstance(document, list) else []
    responses = [one for one in parts if isinstance(one, Mapping) and isinstance(one.get("Resources"), list)]
    if responses:
        return [one for response in responses for one in response["Resources"]]
    return document if isinstance(document, list) else []


def _is(resource: Mapping[str, Any], schema: str, attribute: str) -> bool:
    schemas = resource.get("schemas")
    return isinstance(schemas, list) and schema in schemas and isinstance(resource.get(attribute), str)


def _of_user(user: Mapping[str, Any], groups: list[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    meta = user.get("meta") if isinstance(user.get("meta"), Mapping) else {}
    active = "yes" if user.get("active") is True else "no" if user.get("active") is False else ""
    told = dict.fromkeys((*_values(user, "roles"), *_values(user, "entitlements"), *_values(user, "groups")))
    for group in groups:
        members = (one for one in group["members"] if isinstance(one, Mapping))
        if user.get("id") and any(one.get("value") == user["id"] for one in members):
            told.setdefault(str(group["displayName"]))
    for entitlement in told or ("",):
        yield (
            user["userName"], _name(user), _email(user), entitlement, "", _text(meta, "created")[:10], active,
        )  # fmt: skip


def _of_group(group: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for member in group["members"]:
        if isinstance(member, Mapping) and (account := _text(member, "display") or _text(member, "value")):
            yield (account, "", account if "@" in account else "", str(group["displayName"]), "", "", "")


def _values(user: Mapping[str, Any], attribute: str) -> Iterator[str]:
    """What a multi-valued attribute names: its display names, else its values."""
    held = user.get(attribute)
    for one in held if isinstance(held, list) else ():
        said = one if isinstance(one, str) else _text(one, "display") or _text(one, "value")
        if said:
            yield said


def _name(user: Mapping[str, Any]) -> str:
    name = user.get("name") if isinstance(user.get("name"), Mapping) else {}
    whole = " ".join(part for part in (_text(name, "givenName"), _text(name, "familyName")) if part)
    return _text(user, "displayName") or _text(name, "formatted") or whole


def _email(user: Mapping[str, Any]) -> str:
    held = user.get("emails")
    listed = [one for one in held if isinstance(one, Mapping)] if isinstance(held, list) else []
    listed.sort(key=lambda one: one.get("primary") is not True)
    return next((value for one in listed if (value := _text(one, "value"))), "")


def _text(held: Any, name: str) -> str:
    value = held.get(name) if isinstance(held, Mapping) else None
    return value if isinstance(value, str) else ""
