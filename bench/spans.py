"""GenAI spans as OpenTelemetry's exporters send them, made from a seed: what intake.py, activity.py and kills share."""

import json
import random
import re
import struct
from pydoc_data import topics

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue

SEED = 20261201
START_NS = 1_795_000_000_000_000_000
PER_TRACE = 4
MODELS = (("openai", "gpt-4o"), ("mistral_ai", "mistral-large-2"), ("aws.bedrock", "llama3-70b"))
_WORDS = re.findall(r"[A-Za-z][A-Za-z'-]+[.,;:]?", " ".join(topics.topics.values()))


class Batches:
    """Requests of so many spans each, with some `text` characters of prompt and answer; every id occurs once."""

    def __init__(self, count: int, size: int, *, text: int = 1_500, seed: int = SEED) -> None:
        """Makes the texts; a request gets its ids when it is asked for."""
        chance = random.Random(seed)
        self._count, self._size = count, size
        self._templates = [_template(chance, size, text) for _ in range(min(count, 48))]

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> bytes:
        return _with_ids(*self._templates[number % len(self._templates)], number, self._size)


def span_id(batch: int, place: int, size: int) -> bytes:
    """The id of a span."""
    return struct.pack(">Q", 1 + batch * size + place)


def _template(chance: random.Random, size: int, text: int) -> tuple[bytes, list[int], list[int]]:
    request = ExportTraceServiceRequest()
    one = request.resource_spans.add()
    for key, value in (
        ("service.name", "bench-agent"),
        ("service.version", "1.4.2"),
        ("deployment.environment.name", "prod"),
    ):
        one.resource.attributes.append(KeyValue(key=key, value=AnyValue(string_value=value)))
    spans = one.scope_spans.add().spans
    provider, model, talk, user = "", "", "", ""
    for place in range(size):
        if place % PER_TRACE == 0:
            provider, model = chance.choice(MODELS)
            talk, user = f"conv-{chance.getrandbits(32):08x}", f"user-{chance.randrange(5_000):04d}"
        span = spans.add(name=f"chat {model}", kind=3, trace_id=b"\xfe" * 16, span_id=b"\xfd" * 8, flags=256)
        span.start_time_unix_nano = START_NS + chance.randrange(3_600 * 10**9)
        span.end_time_unix_nano = span.start_time_unix_nano + chance.randrange(10**8, 5 * 10**9)
        said = {
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": provider, "gen_ai.request.model": model,
            "gen_ai.response.model": f"{model}-2026-01-01",
            "gen_ai.response.id": f"chatcmpl-{chance.getrandbits(128):032x}",
            "gen_ai.conversation.id": talk, "gen_ai.request.temperature": 0.2, "gen_ai.request.max_tokens": 1024,
            "gen_ai.response.finish_reasons": ["stop"], "gen_ai.usage.input_tokens": text // 6,
            "gen_ai.usage.output_tokens": text // 12,
            "gen_ai.input.messages": _message("user", _prose(chance, text * 2 // 3)),
            "gen_ai.output.messages": _message("assistant", _prose(chance, text // 3)),
            "server.address": "api.example.test", "user.id": user,
        }  # fmt: skip
        span.attributes.extend(KeyValue(key=key, value=_value(value)) for key, value in said.items())
        span.status.SetInParent()
    raw = request.SerializeToString()
    return raw, _places(raw, b"\x0a\x10" + b"\xfe" * 16, 2), _places(raw, b"\x12\x08" + b"\xfd" * 8, 2)


def _with_ids(raw: bytes, traces: list[int], spans: list[int], batch: int, size: int) -> bytes:
    found = bytearray(raw)
    for place, (trace, span) in enumerate(zip(traces, spans, strict=True)):
        found[trace : trace + 16] = struct.pack(">QQ", 1, 1 + batch * size + place // PER_TRACE)
        found[span : span + 8] = span_id(batch, place, size)
    return bytes(found)


def _places(raw: bytes, mark: bytes, skip: int) -> list[int]:
    found, at = [], raw.find(mark)
    while at >= 0:
        found.append(at + skip)
        at = raw.find(mark, at + len(mark))
    return found


def _prose(chance: random.Random, length: int) -> str:
    return " ".join(chance.choices(_WORDS, k=length // 5 + 8))[:length]


def _message(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


def _value(said: object) -> AnyValue:
    match said:
        case str():
            return AnyValue(string_value=said)
        case int():
            return AnyValue(int_value=said)
        case float():
            return AnyValue(double_value=said)
        case list():
            return AnyValue(array_value=ArrayValue(values=[_value(one) for one in said]))
    raise TypeError(said)
