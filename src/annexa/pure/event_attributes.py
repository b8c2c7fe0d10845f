"""What sources call things, brought to the words of an event: the GenAI conventions of OpenTelemetry, old and new, and
those of OpenInference, OpenLLMetry and LiteLLM, which still arrive.

Source: OpenTelemetry semantic conventions for generative AI as of 2026, all of them "development"; names they had
before 2025 are accepted after those of today.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final

from annexa.pure.events import FEATURE_PREFIX, Feature, Kind

ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "operation": ("gen_ai.operation.name", "mcp.method.name", "llm.request.type"),
    "provider": ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system"),
    "model": ("gen_ai.request.model", "llm.model_name", "embedding.model_name", "llm.request.model"),
    "model_version": ("gen_ai.response.model", "llm.response.model"),
    "record_id": ("annexa.id", "gen_ai.response.id"),
    "conversation": ("gen_ai.conversation.id", "session.id", "thread.id", "mcp.session.id"),
    "agent": ("gen_ai.agent.name", "gen_ai.agent.id", "agent.name", "gen_ai.workflow.name"),
    "tool": ("gen_ai.tool.name", "tool.name"),
    "reference_data": ("annexa.reference_data", "gen_ai.data_source.id", "app.reference_db"),
    "error": ("error.type", "exception.type"),
    "finish": ("gen_ai.response.finish_reasons", "gen_ai.completion.0.finish_reason"),
    "input_tokens": (
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.prompt_tokens",
        "llm.token_count.prompt",
        "llm.usage.prompt_tokens",
    ),
    "output_tokens": (
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.completion_tokens",
        "llm.token_count.completion",
        "llm.usage.completion_tokens",
    ),
    "cost": ("annexa.cost", "gen_ai.usage.cost", "llm.cost.total"),
    "currency": ("annexa.currency",),
    "evaluation": ("gen_ai.evaluation.name",),
    "decision": ("annexa.decision",),
    "reviewers": ("annexa.reviewers", "reviewer.id"),
    "user": ("user.id", "enduser.id", "enduser.pseudo.id", "gen_ai.user.id", "llm.user"),
    "on_behalf_of": ("annexa.on_behalf_of",),
    "instructions": ("gen_ai.system_instructions",),
    "input": ("gen_ai.input.messages", "gen_ai.prompt", "input.value", "gen_ai.retrieval.query.text"),
    "output": ("gen_ai.output.messages", "gen_ai.completion", "output.value"),
    "tool_arguments": ("gen_ai.tool.call.arguments", "tool.parameters"),
    "tool_result": ("gen_ai.tool.call.result",),
    "explanation": ("annexa.explanation", "gen_ai.evaluation.explanation"),
    "prediction": ("annexa.prediction",),
    "score": ("annexa.score", "gen_ai.evaluation.score.value"),
    "label": ("annexa.label", "gen_ai.evaluation.score.label"),
    "version": ("annexa.version",),
}
"""The attributes that may say a field, those that count most first."""
OF_RESOURCE: Final[Mapping[str, tuple[str, ...]]] = {
    "service": ("service.name",),
    "version": ("service.version",),
    "environment": ("deployment.environment.name", "deployment.environment"),
}
FEATURES: Final = "annexa.feature."
"""Before the name of a feature of a prediction."""
KIND: Final = "annexa.kind"
SPAN_KIND: Final = "openinference.span.kind"
UNSAID: Final = frozenset({"", "unknown_service"})
"""Values that say nothing."""

_WHOLE: Final = frozenset({"input_tokens", "output_tokens"})
_NUMBERS: Final = frozenset({"cost", "score"})
_LISTS: Final = re.compile(
    r"(?:gen_ai\.(prompt|completion)|llm\.(input|output)_messages)\.(\d{1,4})\.(?:message\.)?(role|content)"
)
OPERATIONS: Final[Mapping[str, str]] = {
    "acompletion": "chat",
    "completion": "chat",
    "aembedding": "embeddings",
    "embedding": "embeddings",
    "atext_completion": "text_completion",
    "aresponses": "chat",
    "responses": "chat",
}
_KINDS: Final[Mapping[str, Kind]] = {
    "chat": Kind.INFERENCE,
    "generate_content": Kind.INFERENCE,
    "text_completion": Kind.INFERENCE,
    "embeddings": Kind.INFERENCE,
    "execute_tool": Kind.TOOL_CALL,
    "tools/call": Kind.TOOL_CALL,
    "retrieval": Kind.RETRIEVAL,
    "create_agent": Kind.AGENT,
    "invoke_agent": Kind.AGENT,
    "invoke_workflow": Kind.AGENT,
    "plan": Kind.AGENT,
}
_SPAN_KINDS: Final[Mapping[str, Kind]] = {
    "LLM": Kind.INFERENCE,
    "EMBEDDING": Kind.INFERENCE,
    "TOOL": Kind.TOOL_CALL,
    "RETRIEVER": Kind.RETRIEVAL,
    "AGENT": Kind.AGENT,
    "CHAIN": Kind.AGENT,
    "EVALUATOR": Kind.EVALUATION,
}
_HEX: Final = re.compile(r"[0-9a-fA-F]{4}")
_REFUSED: Final = frozenset({"refusal", "refused"})
_BLOCKED: Final = frozenset({"content_filter", "safety", "blocked", "guardrail_intervened"})


def fields_of(attributes: Mapping[str, Any], resource: Mapping[str, Any], *, failed: bool) -> dict[str, Any]:
    """The fields of an event that attributes say, among them kind and outcome; what is left as JSON in `attributes`.

    `attributes` and `resource` are plain values: text, numbers, booleans, lists and mappings of those. `failed`: the
    source says that it ended in an error. Values of the wrong type are left among the attributes.
    """
    rest = {name: value for name, value in attributes.items() if not _unsaid(value)}
    found: dict[str, Any] = {}
    _take_lists(rest)
    for field, names in ALIASES.items():
        for name in names:
            if name in rest and (value := _typed(field, rest[name])) is not None:
                found.setdefault(field, value)
                del rest[name]
    found["features"] = _features(rest)
    left = {name: value for name, value in resource.items() if not _unsaid(value)}
    for field, names in OF_RESOURCE.items():
        for name in names:
            if isinstance(left.get(name), str):
                found.setdefault(field, left.pop(name))
    rest |= {f"resource.{name}": value for name, value in left.items() if not name.startswith("telemetry.sdk.")}
    if "operation" in found:
        found["operation"] = OPERATIONS.get(found["operation"], found["operation"])
    if "cost" in found:
        found.setdefault("currency", "USD")
    found["kind"] = kind_of(found, said=rest.pop(KIND, None), span_kind=rest.pop(SPAN_KIND, None)).value
    found["outcome"] = outcome_of(found, failed=failed)
    found["attributes"] = compact(rest) if rest else None
    return found


def kind_of(found: Mapping[str, Any], *, said: Any, span_kind: Any) -> Kind:
    """What an event tells of: what its source says outright, else what its operation is, else what it holds."""
    if isinstance(said, str) and said in set(Kind):
        return Kind(said)
    if found.get("decision"):
        return Kind.OVERRIDE
    if found.get("evaluation"):
        return Kind.EVALUATION
    by_operation = _KINDS.get(found.get("operation", ""))
    by_span = _SPAN_KINDS.get(span_kind.upper()) if isinstance(span_kind, str) else None
    if by_operation or by_span:
        return by_operation or by_span or Kind.STEP
    if found.get("tool"):
        return Kind.TOOL_CALL
    asked = found.get("model") and (found.get("input") or found.get("output") or found.get("input_tokens") is not None)
    return Kind.INFERENCE if asked or found.get("prediction") else Kind.STEP


def outcome_of(found: Mapping[str, Any], *, failed: bool) -> str:
    """How it ended: what a human decided, an error, blocked by a filter, refused by the model, or ok."""
    if decision := found.get("decision"):
        return str(decision)
    if failed or found.get("error"):
        return "error"
    finishes = set(str(found.get("finish", "")).lower().split(","))
    return "blocked" if finishes & _BLOCKED else "refused" if finishes & _REFUSED else "ok"


def compact(value: object) -> str:
    """JSON of plain values in the shortest way, names in order, no character escaped that need not be."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def readable(text: str) -> str:
    """JSON text with its characters as they are instead of as escapes, so that it can be searched; else as it is.

    What JSON has to escape stays escaped, and so does half a surrogate pair. Looks at nothing but escapes: it takes as
    long for what only begins like JSON.
    """
    if text[:1] not in "[{" or "\\u" not in text:
        return text
    first, *parts = text.split("\\u")
    found, high = first, ""
    said = [first]
    for part in parts:
        escaped = (len(found) - len(found.rstrip("\\"))) % 2 == 1
        found = part
        high = _add(said, high, part, escaped=escaped)
    return "".join(said) + (f"\\u{high}" if high else "")


def _add(said: list[str], high: str, part: str, *, escaped: bool) -> str:
    """Adds what follows a backslash and u; returns the digits of half a pair that waits for its other half."""
    digits = part[:4]
    code = -1 if escaped or not _HEX.fullmatch(digits) else int(digits, 16)
    if high:
        if 0xDC00 <= code < 0xE000:
            said.append(chr(0x10000 + ((int(high, 16) & 0x3FF) << 10) + (code & 0x3FF)) + part[4:])
            return ""
        said.append(f"\\u{high}")
    if 0xD800 <= code < 0xDC00 and len(part) == 4:
        return digits
    plain = code >= 0x20 and code not in (0x22, 0x5C) and not 0xD800 <= code < 0xE000
    said.append(chr(code) + part[4:] if plain else f"\\u{part}")
    return ""


def is_thought_about(name: str) -> bool:
    """Whether an attribute without a field of its own becomes a part of one together with others."""
    return name.startswith(FEATURES) or _LISTS.fullmatch(name) is not None


def _typed(field: str, value: Any) -> Any:
    """The value as its field holds it; None where it cannot be that."""
    if field in _WHOLE:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return value if type(value) is int and 0 <= value < 2**63 else None
    if field in _NUMBERS:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return None
        return float(value)
    if isinstance(value, list) and all(isinstance(one, str) for one in value) and field in {"finish", "reviewers"}:
        return ",".join(value) or None
    if field == "finish" and isinstance(value, str) and value.startswith("["):
        return _finishes(value)
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, dict | list):
        return compact(value)
    return str(value) if field in {"user", "record_id", "conversation", "prediction", "label"} else None


def _finishes(value: str) -> str:
    """LiteLLM sends the list as the text of one."""
    try:
        said = json.loads(value.replace("'", '"'))
    except ValueError:
        return value
    return ",".join(map(str, said)) if isinstance(said, list) else value


def _features(rest: dict[str, Any]) -> dict[str, Feature]:
    """What a prediction rests on, taken out of the attributes."""
    found: dict[str, Feature] = {}
    for name in [name for name in rest if name.startswith(FEATURES)]:
        value = rest[name]
        if isinstance(value, bool | int | float | str) and (key := feature_name(name.removeprefix(FEATURES))):
            found[key] = value if isinstance(value, str) else float(value)
            del rest[name]
    return found


def feature_name(said: str) -> str:
    """The name of a feature as a column may have it: letters, digits and underscores; "" if nothing is left."""
    return re.sub(r"\W+", "_", said.removeprefix(FEATURE_PREFIX).strip()).strip("_")[:60]


def _take_lists(rest: dict[str, Any]) -> None:
    """Messages that come as numbered attributes (OpenLLMetry, OpenInference), put together as is done today."""
    messages: dict[str, dict[int, dict[str, Any]]] = {}
    for name in list(rest):
        if match := _LISTS.fullmatch(name):
            which = "input" if "prompt" in match.groups() or "input" in match.groups() else "output"
            one = messages.setdefault(which, {}).setdefault(int(match[3]), {})
            one[match[4]] = rest.pop(name)
    for which, numbered in messages.items():
        told = [
            {"role": one.get("role", ""), "parts": [{"type": "text", "content": one.get("content", "")}]}
            for _, one in sorted(numbered.items())
        ]
        rest.setdefault(f"gen_ai.{which}.messages", told)


def _unsaid(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value in UNSAID)
