"""What was said, made readable: messages as programs send them, in JSON or plain text, become turns of a conversation.

What nobody could see is made visible: control characters and those that turn the direction of writing are shown by
their number, so that a text cannot look like another one.
"""

import json
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

LONGEST_SHOWN: Final = 20_000
"""Characters of one part that are shown; how many more there are is said."""
MOST_PARTS: Final = 200
_TURNING: Final = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0xFEFF}
_TEXTS: Final = ("content", "text", "body", "arguments", "response", "result", "input", "output", "refusal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a turn. `kind`: text, tool call, tool result, or its sender's word. `more`: characters left out."""

    kind: str
    text: str
    name: str = ""
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one side said. `role`: as its sender calls it, "" where it says nothing."""

    role: str
    parts: tuple[Part, ...]


def turns_of(said: str) -> tuple[Turn, ...]:
    """The turns of what was said: a list of messages, one message, or a text as it stands."""
    try:
        found = json.loads(said)
    except (ValueError, RecursionError):
        found = None
    messages = found if isinstance(found, list) else [found] if isinstance(found, dict) else None
    if messages is None or not all(isinstance(one, dict) for one in messages) or not messages:
        return (Turn(role="", parts=(_part("text", said),)),)
    inner = messages[0].get("messages") if len(messages) == 1 else None
    if isinstance(inner, list) and inner and all(isinstance(one, dict) for one in inner):
        messages = inner
    return tuple(_turn(one) for one in messages[:MOST_PARTS])


def shown(said: str) -> str:
    """A text of any length as it is shown: JSON with its lines, cut where it is too long."""
    with suppress(ValueError, RecursionError):
        said = json.dumps(json.loads(said), ensure_ascii=False, indent=1)
    return readable(said[:LONGEST_SHOWN])


def readable(said: str) -> str:
    """The text with whatever is invisible or turns the writing round shown by its number."""
    if said.isprintable():
        return said
    return "".join(
        one if one in "\n\t" or not _hidden(one) else f"⟦U+{ord(one):04X}⟧" for one in said.replace("\r\n", "\n")
    )


def _hidden(one: str) -> bool:
    return ord(one) in _TURNING or unicodedata.category(one) in {"Cc", "Cs", "Cn", "Co"}


def _turn(said: dict[str, Any]) -> Turn:
    message = said.get("message") if isinstance(said.get("message"), dict) else said
    assert isinstance(message, dict)  # noqa: S101  as chosen above
    parts = tuple(_parts(message))[:MOST_PARTS]
    return Turn(role=readable(_word(message.get("role") or said.get("role"))), parts=parts or (_whole(message),))


def _parts(message: dict[str, Any]) -> Iterator[Part]:
    listed = message.get("parts", message.get("content"))
    if isinstance(listed, str) and listed:
        yield _part("text", listed)
    elif isinstance(listed, list):
        for one in listed:
            yield _of(one) if isinstance(one, dict) else _part("text", _text(one))
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            yield _part("tool call", _text(function.get("arguments")), _word(function.get("name")))


def _of(said: dict[str, Any]) -> Part:
    kind = _word(said.get("type")) or "text"
    words = {
        "tool_call": "tool call",
        "tool_use": "tool call",
        "tool_call_response": "tool result",
        "tool_result": "tool result",
    }
    text = next((said[name] for name in _TEXTS if said.get(name) not in (None, "")), None)
    if text is None:
        return _whole(said, words.get(kind, kind))
    return _part(words.get(kind, kind), _text(text), _word(said.get("name")))


def _whole(said: dict[str, Any], kind: str = "data") -> Part:
    return _part(kind, _text(said))


def _part(kind: str, text: str, name: str = "") -> Part:
    shown = text[:LONGEST_SHOWN]
    return Part(kind=readable(kind)[:40], text=readable(shown), name=readable(name)[:200], more=len(text) - len(shown))


def _text(said: Any) -> str:
    return said if isinstance(said, str) else json.dumps(said, ensure_ascii=False, indent=1)


def _word(said: Any) -> str:
    return said if isinstance(said, str) else ""
