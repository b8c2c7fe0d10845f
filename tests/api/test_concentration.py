"""Concentration over the API: whom one leans on, and what stops."""

import pytest

from tests.api.test_nouns import fine

pytestmark = pytest.mark.django_db


def test_it_works(admin) -> None:
    fine(admin("POST", "suppliers", {"name": "Chat Ltd", "systems": ["chatbot"], "sub_processors": "Host, NL"}), 201)
    found = fine(admin("GET", "concentration"))
    (chat,) = found["suppliers"]
    assert (chat["slug"], chat["direct"], chat["systems"], chat["share"]) == (
        "chat-ltd", 1, 1, round(1 / found["systems"], 4)
    )  # fmt: skip
    assert [(one["name"], one["country"], one["behind"]) for one in found["fourth_parties"]] == [
        ("Host", "NL", ["chat-ltd"])
    ]
    one = fine(admin("GET", "suppliers/chat-ltd/concentration"))
    assert [(stop["slug"], stop["says"]) for stop in one["stops"]] == [("chatbot", "Chat Ltd supplies Chatbot")]
    assert admin("GET", "suppliers/ghost/concentration").status == 404
