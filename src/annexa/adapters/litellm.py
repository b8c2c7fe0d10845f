"""What the generic API callback of LiteLLM sends: an array of StandardLoggingPayload, one of them, or one on a line.

Source: LiteLLM 1.x, `generic_api` callback. It comes as attributes under the names that event_attributes knows.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_MOST_PARTS: Final = 64


class LiteLlmError(ValueError):
    """A body is not what LiteLLM sends; says what could not be read, and where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call. Times are seconds since 1970 in UTC; None where nothing is said."""

    started: float | None
    ended: float | None
    failed: bool
    attributes: Mapping[str, Any]


def looks_like(payload: object) -> bool:
    """Whether a JSON object is one of these payloads rather than an event of ours."""
    return isinstance(payload, dict) and "litellm_call_id" in payload


def calls_of(payloads: list[Any]) -> list[Call]:
    """The calls in what was sent. Raises LiteLlmError with every payload that is none."""
    wrong = [f"payload {n} is no object" for n, one in enumerate(payloads, 1) if not isinstance(one, dict)]
    if wrong:
        raise LiteLlmError("; ".join(wrong[:20]) + ".")
    return [_call(one) for one in payloads]


def _call(said: Mapping[str, Any]) -> Call:
    told = _mapping(said.get("metadata"))
    response = said.get("response")
    choices = _mapping(response).get("choices")
    first = [_mapping(one) for one in choices] if isinstance(choices, list) else []
    problem = _mapping(said.get("error_information"))
    parameters = _mapping(said.get("model_parameters"))
    attributes = {
        "annexa.id": said.get("id") or said.get("litellm_call_id"),
        "gen_ai.operation.name": said.get("call_type"),
        "gen_ai.provider.name": said.get("custom_llm_provider"),
        "gen_ai.request.model": said.get("model_group") or said.get("model"),
        "gen_ai.response.model": _mapping(response).get("model"),
        "gen_ai.conversation.id": said.get("session_id") or said.get("trace_id"),
        "gen_ai.usage.input_tokens": said.get("prompt_tokens"),
        "gen_ai.usage.output_tokens": said.get("completion_tokens"),
        "gen_ai.usage.cost": said.get("response_cost"),
        "gen_ai.input.messages": _messages(said.get("messages")),
        "gen_ai.output.messages": [_message(_mapping(one.get("message"))) for one in first]
        or (response if isinstance(response, str) else None),
        "gen_ai.response.finish_reasons": [str(one["finish_reason"]) for one in first if one.get("finish_reason")],
        "error.type": problem.get("error_class") or said.get("error_str"),
        "user.id": _first(told, "user_api_key_end_user_id", "user_api_key_user_id")
        or said.get("end_user")
        or parameters.get("user"),
        "litellm.api_base": said.get("api_base"),
        "litellm.cache_hit": said.get("cache_hit"),
        "litellm.request_tags": said.get("request_tags") or None,
        "litellm.guardrails": said.get("guardrail_information") or told.get("applied_guardrails") or None,
        "litellm.team": told.get("user_api_key_team_alias"),
        "litellm.key": told.get("user_api_key_alias"),
        "litellm.parameters": {k: v for k, v in parameters.items() if k != "user"} or None,
        "litellm.error": problem.get("error_message") or None,
        "litellm.tools": told.get("mcp_tool_call_metadata"),
    }
    return Call(
        started=_seconds(said.get("startTime")),
        ended=_seconds(said.get("endTime")),
        failed=said.get("status") == "failure",
        attributes=attributes,
    )


def _messages(said: Any) -> Any:
    if not isinstance(said, list):
        return said
    return [_message(_mapping(one)) for one in said]


def _message(said: Mapping[str, Any]) -> dict[str, Any]:
    """A message of the chat API as today's conventions write one."""
    content = said.get("content")
    parts: list[Any] = [{"type": "text", "content": content}] if isinstance(content, str) else []
    if isinstance(content, list):
        parts = [
            {"type": one.get("type", "text"), "content": one.get("text") or one.get("content") or "…"}
            for one in map(_mapping, content[:_MOST_PARTS])
        ]
    calls = said.get("tool_calls")
    for call in map(_mapping, calls if isinstance(calls, list) else []):
        function = _mapping(call.get("function"))
        parts.append(
            {
                "type": "tool_call",
                "id": call.get("id"),
                "name": function.get("name"),
                "arguments": function.get("arguments"),
            }
        )
    return {"role": str(said.get("role") or ""), "parts": parts}


def _first(said: Mapping[str, Any], *names: str) -> Any:
    return next((said[name] for name in names if said.get(name)), None)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value) if 0 < value < 2**33 else None
