"""Lineage over the API: the way from a supplier to an AI system, and what comes along it."""

import pytest

from tests.api.test_nouns import fine

pytestmark = pytest.mark.django_db


def test_it_works(admin) -> None:
    fine(admin("POST", "suppliers", {"name": "Chat Ltd"}), 201)
    model = {"name": "Model", "kind": "model", "supplier": "chat-ltd", "systems": ["chatbot"], "controls": ["LIF-03"]}
    fine(admin("POST", "assets", model), 201)
    found = fine(admin("GET", "systems/chatbot/lineage"))
    assert [(one["thing"]["slug"], one["steps"]) for one in found["before"]] == [("model", 1), ("chat-ltd", 2)]
    assert [(one["source"]["name"], one["does"], one["target"]["address"]) for one in found["before"][1]["way"]] == [
        ("Chat Ltd", "supplies", "assets/model"), ("Model", "is used by", "systems/chatbot"),
    ]  # fmt: skip
    (passed,) = found["passed"]
    assert (passed["what"]["slug"], passed["about"]["slug"], passed["through"]) == ("LIF-03", "model", None)
    assert [one["thing"]["slug"] for one in fine(admin("GET", "suppliers/chat-ltd/lineage"))["after"]] == [
        "model", "chatbot",
    ]  # fmt: skip
    assert fine(admin("GET", "assets/model/lineage"))["passed"][0]["way"] == []
    assert admin("GET", "assets/ghost/lineage").status == 404
