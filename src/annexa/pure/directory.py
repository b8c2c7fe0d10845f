"""What a directory says of a person or a group, as far as it means something here, and everything wrong with it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

LONGEST = 254
LONGEST_NAME = 200
MOST_EMAILS = 20
KEPT = ("name", "displayName", "emails")
"""Attributes of a person that are kept as they were sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSaid:
    """A person as a directory has them. `active`: None where it says nothing of it. `attributes`: those of KEPT."""

    user_name: str
    external_id: str
    active: bool | None
    email: str
    name: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSaid:
    """A group as a directory has it; `members` are numbers of people here, as text."""

    name: str
    external_id: str
    members: tuple[str, ...]


def person_said(given: Mapping[str, Any]) -> PersonSaid:
    """Reads the attributes of a SCIM User."""
    emails = [one for one in given.get("emails") or () if one.get("value")]
    attributes = {key: given[key] for key in KEPT if given.get(key)}
    if emails:
        attributes["emails"] = emails
    else:
        attributes.pop("emails", None)
    user_name = str(given.get("userName") or "").strip()
    return PersonSaid(
        user_name=user_name,
        external_id=str(given.get("externalId") or ""),
        active=given.get("active"),
        email=email_of(user_name, attributes),
        name=name_of(user_name, attributes),
        attributes=attributes,
    )


def group_said(given: Mapping[str, Any]) -> GroupSaid:
    """Reads the attributes of a SCIM Group."""
    members = dict.fromkeys(str(one.get("value") or "") for one in given.get("members") or ())
    return GroupSaid(
        name=str(given.get("displayName") or "").strip(),
        external_id=str(given.get("externalId") or ""),
        members=tuple(members),
    )


def email_of(user_name: str, attributes: Mapping[str, Any]) -> str:
    """The primary address, else the first one, else the user name."""
    emails = attributes.get("emails") or []
    chosen = next((one for one in emails if one.get("primary")), emails[0] if emails else {"value": user_name})
    return str(chosen["value"]).strip().lower()


def name_of(user_name: str, attributes: Mapping[str, Any]) -> str:
    """The name to show, else the formatted one, else its parts, else the user name; at most LONGEST_NAME characters."""
    parts = attributes.get("name") or {}
    put_together = " ".join(str(parts[key]).strip() for key in ("givenName", "familyName") if parts.get(key))
    found = (attributes.get("displayName"), parts.get("formatted"), put_together, user_name)
    return next((text for one in found if (text := str(one or "").strip())), "")[:LONGEST_NAME]


def person_problems(said: PersonSaid) -> dict[str, list[str]]:
    """Everything that is wrong with a person besides their address, by attribute."""
    problems = _length_problems(userName=said.user_name, externalId=said.external_id)
    if not said.user_name:
        problems["userName"] = ["Say the userName."]
    if len(said.attributes.get("emails") or ()) > MOST_EMAILS:
        problems["emails"] = [f"At most {MOST_EMAILS} addresses are kept."]
    if any(len(str(one)) > 4 * LONGEST for one in (said.attributes.get("name") or {}).values()):
        problems["name"] = [f"No part of a name has more than {4 * LONGEST:,} characters."]
    return problems


def group_problems(said: GroupSaid) -> dict[str, list[str]]:
    """Everything that is wrong with a group besides its members, by attribute."""
    problems = _length_problems(displayName=said.name, externalId=said.external_id)
    if not said.name:
        problems["displayName"] = ["Say the displayName."]
    return problems


def _length_problems(**said: str) -> dict[str, list[str]]:
    return {
        key: [f"{key} has {len(text):,} characters; at most {LONGEST} are kept."]
        for key, text in said.items()
        if len(text) > LONGEST
    }


def version_of(resource: Mapping[str, Any]) -> str:
    """The weak entity tag of a resource: the same as long as it says the same."""
    said = {key: value for key, value in resource.items() if key != "meta"}
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f'W/"{sha256(text.encode()).hexdigest()[:32]}"'
