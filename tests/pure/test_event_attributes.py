"""Whatever names a source uses, the event says the same."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.event_attributes import feature_name, fields_of, readable
from annexa.pure.events import Kind

TODAY = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2026-01-01",
    "gen_ai.response.id": "r1",
    "gen_ai.conversation.id": "c1",
    "gen_ai.response.finish_reasons": ["stop", "length"],
    "gen_ai.usage.input_tokens": 12,
    "gen_ai.usage.output_tokens": 3,
    "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Hi"}]}]',
    "user.id": "user-1",
}
RESOURCE = {"service.name": "agent", "service.version": "1.4", "deployment.environment.name": "prod", "host.name": "h1"}


def said(attributes: dict[str, Any], *, failed: bool = False, **resource: Any) -> dict[str, Any]:
    return fields_of(attributes, resource, failed=failed)


def test_today_s_conventions() -> None:
    """Every field lands in its place, and nothing is left but what has none."""
    found = fields_of(TODAY | {"server.address": "api.example.org"}, RESOURCE, failed=False)
    assert found == {
        "operation": "chat",
        "provider": "openai",
        "model": "gpt-4o",
        "model_version": "gpt-4o-2026-01-01",
        "record_id": "r1",
        "conversation": "c1",
        "finish": "stop,length",
        "input_tokens": 12,
        "output_tokens": 3,
        "input": TODAY["gen_ai.input.messages"],
        "user": "user-1",
        "features": {},
        "service": "agent",
        "version": "1.4",
        "environment": "prod",
        "kind": "inference",
        "outcome": "ok",
        "attributes": '{"resource.host.name":"h1","server.address":"api.example.org"}',
    }


def test_names_of_before_2025_and_of_litellm() -> None:
    """Old emitters and LiteLLM's exporter, with its finish reasons as text and its empty strings."""
    found = said(
        {
            "gen_ai.system": "anthropic",
            "gen_ai.operation.name": "acompletion",
            "gen_ai.usage.prompt_tokens": 5,
            "gen_ai.usage.completion_tokens": 7.0,
            "gen_ai.response.finish_reasons": "['stop']",
            "gen_ai.prompt": "Hi",
            "metadata.user": "",
        }
    )
    assert found["provider"] == "anthropic"
    assert found["operation"] == "chat"
    assert (found["input_tokens"], found["output_tokens"], found["finish"]) == (5, 7, "stop")
    assert found["attributes"] is None


def test_messages_in_numbered_attributes() -> None:
    """OpenLLMetry and OpenInference number them; they become messages as today's conventions have them."""
    found = said(
        {
            "gen_ai.prompt.0.role": "system",
            "gen_ai.prompt.0.content": "Be kind.",
            "gen_ai.prompt.1.role": "user",
            "gen_ai.prompt.1.content": "Hi",
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.content": "Hello",
        }
    )
    assert json.loads(found["input"])[1] == {"role": "user", "parts": [{"type": "text", "content": "Hi"}]}
    assert json.loads(found["output"])[0]["parts"][0]["content"] == "Hello"
    assert found["attributes"] is None


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"gen_ai.operation.name": "embeddings"}, Kind.INFERENCE),
        ({"gen_ai.operation.name": "execute_tool"}, Kind.TOOL_CALL),
        ({"mcp.method.name": "tools/call"}, Kind.TOOL_CALL),
        ({"gen_ai.tool.name": "search"}, Kind.TOOL_CALL),
        ({"gen_ai.operation.name": "retrieval"}, Kind.RETRIEVAL),
        ({"gen_ai.operation.name": "invoke_agent"}, Kind.AGENT),
        ({"openinference.span.kind": "RETRIEVER"}, Kind.RETRIEVAL),
        ({"openinference.span.kind": "chain"}, Kind.AGENT),
        ({"gen_ai.evaluation.name": "toxicity", "gen_ai.evaluation.score.value": 0.1}, Kind.EVALUATION),
        ({"annexa.decision": "overridden", "annexa.reviewers": ["person/3", "person/4"]}, Kind.OVERRIDE),
        ({"annexa.kind": "retraining"}, Kind.RETRAINING),
        ({"annexa.kind": "no such kind", "annexa.prediction": "yes"}, Kind.INFERENCE),
        ({"llm.model_name": "m", "input.value": "Hi"}, Kind.INFERENCE),
        ({"http.request.method": "GET"}, Kind.STEP),
    ],
)
def test_kinds(attributes: dict[str, Any], kind: Kind) -> None:
    """What an event tells of follows from what it says."""
    assert said(attributes)["kind"] == kind


@pytest.mark.parametrize(
    ("attributes", "failed", "outcome"),
    [
        ({}, False, "ok"),
        ({}, True, "error"),
        ({"error.type": "timeout"}, False, "error"),
        ({"gen_ai.response.finish_reasons": ["content_filter"]}, False, "blocked"),
        ({"gen_ai.response.finish_reasons": ["refusal"]}, False, "refused"),
        ({"annexa.decision": "stopped", "error.type": "x"}, False, "stopped"),
    ],
)
def test_outcomes(attributes: dict[str, Any], failed: bool, outcome: str) -> None:
    """A human's decision goes before what the machine says."""
    assert said(attributes, failed=failed)["outcome"] == outcome


def test_values_of_the_wrong_type_stay_among_the_attributes() -> None:
    """Nothing is lost, and no column holds what it is not made for."""
    found = said({"gen_ai.usage.input_tokens": "many", "gen_ai.request.model": 4, "gen_ai.usage.cost": float("nan")})
    assert "input_tokens" not in found
    assert "model" not in found
    assert "many" in found["attributes"]


def test_features_of_a_prediction() -> None:
    """Numbers and text, under names that a column can have."""
    found = said({"annexa.feature.age (years)": 41, "annexa.feature.sex": "f", "annexa.feature.ok": True})
    assert found["features"] == {"age_years": 41.0, "sex": "f", "ok": 1.0}
    assert feature_name("f_Größe/cm ") == "Größe_cm"
    assert feature_name("!!") == ""


def test_escaped_json_becomes_readable() -> None:
    """So that whoever searches for Müller finds Müller; what has to be escaped stays so, and what is no JSON, too."""
    assert readable('[{"content":"M\\u00fcller \\ud83d\\ude00"}]') == '[{"content":"Müller 😀"}]'
    for kept in ('["\\ud800"]', '["\\u0022\\u005c\\u000a\\n"]', '["C:\\\\users\\\\u0041"]', "C:\\u0041", "[\\u00"):
        assert readable(kept) == kept
    said = {"a": 'ø "quoted" \\ and \n', "b": ["😀", "\x01", "tab\t"]}
    assert readable(json.dumps(said)) == json.dumps(said, ensure_ascii=False)


@given(st.recursive(st.text(st.characters(exclude_categories=("Cs",))), lambda inner: st.lists(inner, min_size=1)))
def test_readable_json_says_the_same(said: Any) -> None:
    """Whatever text is in it."""
    escaped = json.dumps([said])
    assert json.loads(readable(escaped)) == [said]
    assert readable(escaped).isascii() == json.dumps([said], ensure_ascii=False).replace("\x7f", "").isascii()
