"""Events in our own words, one JSON object on a line (NDJSON), an array of them, or one alone.

A line: `at` (RFC 3339 with a zone, or seconds since 1970 in UTC) and any other field of an event by its name; `input`,
`output` and the like as text or as JSON; `features` and `attributes` as objects; `trace_id`, `span_id`, `parent_id` in
hex. Nothing is taken of a body with a mistake in it, and every mistake is named with its line.
"""

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from annexa.pure.event_attributes import compact, feature_name, readable
from annexa.pure.events import CONTENT, HEAD, Kind

GIVEN: Final = frozenset({*HEAD, *CONTENT, "features"}) - {
    "received_at",
    "source",
    "kept",
    "input_length",
    "output_length",
    "attributes",
}
"""The fields that a line may say; the others are ours to say. `attributes` is an object here."""
MOST_NAMED: Final = 20
_IDS: Final[Mapping[str, int]] = {"trace_id": 16, "span_id": 8, "parent_id": 8}
_EARLIEST, _LATEST = -62_135_596_800_000_000, 253_402_300_799_999_999


class LinesError(ValueError):
    """Lines cannot be read; `problems` names each, with its line."""

    def __init__(self, problems: list[str]) -> None:
        """`problems`: a sentence for each."""
        more = len(problems) - MOST_NAMED
        super().__init__("; ".join(problems[:MOST_NAMED]) + (f"; and {more} more" if more > 0 else "") + ".")
        self.problems = problems


def objects_of(body: bytes) -> list[Any]:
    """The JSON values of a body: of an array, one alone, or one on each line. Raises LinesError."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LinesError([f"byte {error.start} is no UTF-8"]) from None
    try:
        whole = json.loads(text)
    except ValueError:
        return _lines(text)
    except RecursionError:
        raise LinesError(["it is nested too deep"]) from None
    return whole if isinstance(whole, list) else [whole]


def events_of(objects: list[Any]) -> list[dict[str, Any]]:
    """The fields of the events that objects describe. Raises LinesError with every problem."""
    problems: list[str] = []
    found = [_event(one, f"event {number}", problems) for number, one in enumerate(objects, 1)]
    if problems:
        raise LinesError(problems)
    return found


def _lines(text: str) -> list[Any]:
    found, problems = [], []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found.append(json.loads(line))
        except (ValueError, RecursionError):
            problems.append(f"line {number} is no JSON")
    if problems:
        raise LinesError(problems)
    return found


def _event(said: Any, where: str, problems: list[str]) -> dict[str, Any]:
    if not isinstance(said, dict):
        problems.append(f"{where} is no object")
        return {}
    if unknown := sorted(set(map(str, said)) - GIVEN - {"attributes"}):
        problems.append(f"{where}: {', '.join(unknown)} is no field of an event; put it into attributes")
    if "at" not in said:
        problems.append(f"{where}: `at` says when it happened and is missing")
    found: dict[str, Any] = {}
    for name, value in said.items():
        if value is None or value == "" or (name not in GIVEN and name != "attributes"):
            continue
        try:
            found[name] = _typed(name, value)
        except ValueError as error:
            problems.append(f"{where}: `{name}` {error}")
    return found


def _typed(name: str, value: Any) -> Any:
    """The value as the event holds it. Raises ValueError with the end of a sentence."""
    kind = {**HEAD, **CONTENT}.get(name)
    if name == "features":
        return _features(value)
    if name == "attributes":
        if not isinstance(value, dict):
            raise ValueError("is no object")
        return _valid(compact(value))
    if name == "kind" and value not in set(Kind):
        raise ValueError(f"is {value!r}; write {', '.join(Kind)}")
    if name in _IDS:
        return _id(value, _IDS[name])
    match kind:
        case "instant":
            return _instant(value)
        case "whole":
            if type(value) is not int or not 0 <= value < 2**63:
                raise ValueError("is no whole number from 0 up")
            return value
        case "number":
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise ValueError("is no number")
            return float(value)
    if isinstance(value, dict | list):
        return _valid(compact(value))
    if not isinstance(value, str):
        raise ValueError("is no text")
    return readable(_valid(value))


def _features(value: Any) -> dict[str, str | float]:
    if not isinstance(value, dict):
        raise ValueError("is no object")
    found: dict[str, str | float] = {}
    for said, one in value.items():
        if one is None:
            continue
        name = feature_name(str(said))
        if not name or name in found:
            raise ValueError(f"has the name {said!r}, which no column can have beside the others")
        if isinstance(one, str):
            found[name] = _valid(one)
        elif isinstance(one, bool | int | float) and math.isfinite(one):
            found[name] = float(one)
        else:
            raise ValueError(f"has {said!r}, which is neither a number nor text")
    return found


def _instant(value: Any) -> int:
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"is {value[:40]!r}; write 2026-05-01T09:30:00Z") from None
        if at.tzinfo is None:
            raise ValueError("has no time zone; add Z or an offset such as +02:00")
        value = at.timestamp()
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("is no instant; write 2026-05-01T09:30:00Z or seconds since 1970")
    micros = round(value * 1_000_000)
    if not _EARLIEST <= micros <= _LATEST:
        raise ValueError("is no instant between the years 1 and 9999; write seconds, not milliseconds")
    return micros


def _id(value: Any, width: int) -> bytes:
    try:
        found = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        found = b""
    if len(found) != width:
        raise ValueError(f"is no id of {width} bytes in hex")
    return found


def _valid(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half a surrogate pair and is no valid Unicode") from None
    return text
