"""Messages as they are sent become turns that can be read, and nothing hides in them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.messages import LONGEST_SHOWN, Part, Turn, readable, turns_of


def test_it_works() -> None:
    said = json.dumps([
        {"role": "user", "parts": [{"type": "text", "content": "Weather?"}]},
        {"role": "assistant", "parts": [{"type": "tool_call", "name": "weather", "arguments": {"town": "Ulm"}}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "response": "rain"}]},
    ])  # fmt: skip
    assert turns_of(said) == (
        Turn(role="user", parts=(Part(kind="text", text="Weather?"),)),
        Turn(role="assistant", parts=(Part(kind="tool call", text='{\n "town": "Ulm"\n}', name="weather"),)),
        Turn(role="tool", parts=(Part(kind="tool result", text="rain"),)),
    )


@pytest.mark.parametrize(
    ("said", "role", "text"),
    [
        ("Hello", "", "Hello"),
        ("[1, 2]", "", "[1, 2]"),
        ("{}", "", "{}"),
        ("42", "", "42"),
        ('{"role": "user", "content": "Hi"}', "user", "Hi"),
        ('[{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]', "user", "Hi"),
        ('{"messages": [{"role": "user", "content": "Hi"}]}', "user", "Hi"),
        ('[{"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}]', "assistant", "Hi"),
        ('[{"role": "x", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}]', "x", "{}"),
    ],
)
def test_forms_that_are_sent(said, role, text) -> None:
    (turn,) = turns_of(said)
    assert (turn.role, turn.parts[0].text) == (role, text)


def test_nothing_hides_in_a_text() -> None:
    """Rule: what is shown cannot look like something else than what was sent."""
    assert readable("a\x00b\x1b[31m\u202etxt.exe\u2066\n\tz") == "a⟦U+0000⟧b⟦U+001B⟧[31m⟦U+202E⟧txt.exe⟦U+2066⟧\n\tz"
    assert readable("Grüße, 世界 👋") == "Grüße, 世界 👋"


def test_what_is_too_long_is_cut_and_said_so() -> None:
    (turn,) = turns_of("x" * (LONGEST_SHOWN + 7))
    assert (len(turn.parts[0].text), turn.parts[0].more) == (LONGEST_SHOWN, 7)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda one: st.lists(one) | st.dictionaries(st.text() | st.sampled_from(["role", "parts", "content", "type", "tool_calls", "message", "messages", "function"]), one)))  # fmt: skip  # noqa: E501
def test_whatever_is_sent_can_be_shown(said) -> None:
    for turn in turns_of(json.dumps(said)):
        assert turn.parts
        assert all(
            one.isprintable() or one in "\n\t" or one.isspace() or ord(one) > 127
            for part in turn.parts
            for one in part.text
        )


def test_json_that_is_nested_beyond_measure_is_a_text() -> None:
    (turn,) = turns_of("[" * 100_000)
    assert turn.parts[0].more == 100_000 - LONGEST_SHOWN
