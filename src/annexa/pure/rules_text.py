"""What narrows and defers a requirement as one line of JSON, for formats that know nothing of the kind."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from types import MappingProxyType
from typing import Any, TypeVar

from annexa.pure.standards import Narrowing, Requirement, Transition

T = TypeVar("T")


class RulesError(ValueError):
    """The text is not what `rules_text` writes; says what is wrong with it."""


def rules_text(requirement: Requirement) -> str:
    """The rules of a requirement on one line; empty if it has none."""
    found: dict[str, Any] = {}
    if requirement.narrowed:
        found["narrowed"] = [
            {
                "law": one.law, "any_of": list(one.any_of), "says": one.says, "cites": list(one.cites),
                **({"replaces_class": True} if one.replaces_class else {}),
            }
            for one in requirement.narrowed
        ]  # fmt: skip
    if requirement.transitions:
        found["transitions"] = [
            {
                "law": one.law, "when": list(one.when), "on": one.on.isoformat() if one.on else None,
                "says": one.says, "cites": list(one.cites),
            }
            for one in requirement.transitions
        ]  # fmt: skip
    if requirement.commencements:
        found["commencements"] = {day.isoformat(): cites for day, cites in requirement.commencements.items()}
    return json.dumps(found, ensure_ascii=False) if found else ""


def rules_of(text: str) -> dict[str, Any]:
    """The fields of a requirement that such a text holds. Raises RulesError."""
    if not text:
        return {}
    try:
        held = json.loads(text)
        return {
            "narrowed": tuple(
                Narrowing(
                    law=str(one["law"]), any_of=_words(one["any_of"]), says=str(one["says"]),
                    cites=_words(one["cites"]), replaces_class=bool(one.get("replaces_class", False)),
                )
                for one in held.get("narrowed", ())
            ),
            "transitions": tuple(
                Transition(
                    law=str(one["law"]), when=_words(one["when"]), says=str(one["says"]), cites=_words(one["cites"]),
                    on=date.fromisoformat(one["on"]) if one["on"] else None,
                )
                for one in held.get("transitions", ())
            ),
            "commencements": MappingProxyType(
                {date.fromisoformat(day): str(cites) for day, cites in held.get("commencements", {}).items()}
            ),
        }  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RulesError(f"rules cannot be read: {error}") from error


def _words(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise TypeError(f"{value!r} is no list of words")
    return tuple(value)


def said_of(requirements: Sequence[Requirement], rules: Mapping[str, tuple[T, ...]]) -> list[tuple[T, tuple[str, ...]]]:
    """Each rule with the requirements it has to be said of, so that all below them have it and no other has; in an
    order that keeps that of every requirement. `rules`: those of each requirement, by id."""
    parents = {one.id: one.parent for one in requirements}
    found: list[tuple[T, tuple[str, ...]]] = []
    for rule in _in_order(rules.values()):
        held = [one.id for one in requirements if rule in rules[one.id]]
        top = tuple(one for one in held if parents[one] is None or rule not in rules.get(parents[one] or "", ()))
        found.append((rule, top))
    return found


def _in_order(lists: Iterable[tuple[T, ...]]) -> list[T]:
    """All items, once, in an order that agrees with each list."""
    after: dict[T, dict[T, None]] = {}
    for items in dict.fromkeys(lists):
        for one in items:
            after.setdefault(one, {})
        for one, other in pairwise(items):
            after[other][one] = None
    found: dict[T, None] = {}
    while left := [one for one in after if one not in found]:
        found[next((one for one in left if after[one].keys() <= found.keys()), left[0])] = None
    return list(found)
