"""An event of the activity log: what an AI system did, to the byte, so that anyone can prove it and it can be erased.

An event has two parts. The **head** says that something happened, when, to which system and model, at what cost and
with what outcome; it stays as long as the event does. The **content** is what may be about people: who asked, what
they wrote, what came back, the numbers that a prediction rests on; it can be erased, and every proof still holds.

The bytes, a law that lasts (fields are only ever added in a new format, under a new FORMAT line):

    piece    of a value: its length as 4 bytes, least significant first, then its bytes; FF FF FF FF for no value.
             Text is UTF-8; whole numbers and instants (microseconds since 1970 in UTC) are 8 bytes of two's
             complement, other numbers 8 bytes of IEEE 754, all least significant byte first.
    content  the pieces of CONTENT in their order, then the number of features as 4 bytes, then for each feature that
             has a value, sorted by the bytes of its name: piece of the name, `d` or `s`, piece of the number or text
    head     FORMAT, the pieces of HEAD in their order, then SHA-256(salt ‖ content), 32 bytes
    leaf     SHA-256(00 ‖ head), RFC 9162 section 2.1.1

The salt is 16 random bytes for each event. Erasing an event's content forgets the content and the salt and keeps the
32 bytes: nobody can find out by trying what stood there.
"""

import hashlib
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Final, Literal

from annexa.pure.ledger import leaf_hash

FORMAT: Final = b"annexa-event/1\n"
SALT_BYTES: Final = 16
NOTHING: Final = b"\xff\xff\xff\xff"
"""The piece of a value that is not there."""

FieldType = Literal["instant", "text", "bytes", "whole", "number"]
Value = str | bytes | int | float | None
Feature = str | float


class Kind(StrEnum):
    """What an event tells of."""

    INFERENCE = "inference"
    TOOL_CALL = "tool_call"
    RETRIEVAL = "retrieval"
    AGENT = "agent"
    """An agent or a workflow at work: the frame around what it asks of models and tools."""
    ACCESS = "access"
    EVALUATION = "evaluation"
    RETRAINING = "retraining"
    DEPLOYMENT = "deployment"
    CONFIGURATION = "configuration"
    OVERRIDE = "override"
    """A human confirmed, changed or stopped what a system decided."""
    STEP = "step"
    """Anything else a system reports, such as a call within a trace."""


class Kept(StrEnum):
    """How much of an event's content is kept: a choice for each system, made before anything reaches a disk."""

    FULL = "full"
    REDACTED = "redacted"
    DIGEST = "digest"
    """No text at all: of each text a keyed digest, by which equal ones are found, and its length."""


HEAD: Final[Mapping[str, FieldType]] = {
    "at": "instant",
    "ended_at": "instant",
    "received_at": "instant",
    "system": "text",
    "source": "text",
    "kind": "text",
    "kept": "text",
    "name": "text",
    "operation": "text",
    "provider": "text",
    "model": "text",
    "model_version": "text",
    "version": "text",
    "environment": "text",
    "service": "text",
    "trace_id": "bytes",
    "span_id": "bytes",
    "parent_id": "bytes",
    "record_id": "text",
    "conversation": "text",
    "agent": "text",
    "tool": "text",
    "reference_data": "text",
    "outcome": "text",
    "error": "text",
    "finish": "text",
    "input_tokens": "whole",
    "output_tokens": "whole",
    "input_length": "whole",
    "output_length": "whole",
    "cost": "number",
    "currency": "text",
    "evaluation": "text",
    "decision": "text",
    "reviewers": "text",
}
"""What stays. Order and types are part of the format."""

CONTENT: Final[Mapping[str, FieldType]] = {
    "user": "text",
    "on_behalf_of": "text",
    "instructions": "text",
    "input": "text",
    "output": "text",
    "tool_arguments": "text",
    "tool_result": "text",
    "explanation": "text",
    "prediction": "text",
    "score": "number",
    "label": "text",
    "attributes": "text",
}
"""What may be about people and can be erased; features come after it. Order and types are part of the format."""

TEXTS: Final = ("instructions", "input", "output", "tool_arguments", "tool_result", "explanation")
"""The content that is free text."""
FEATURE_PREFIX: Final = "f_"
"""Before the name of a feature where features are columns, so that none is taken for a field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event. Instants are microseconds since 1970 in UTC; lengths count characters; None where nothing was said.

    `at`, `ended_at`: when it began and ended, as its source says; `received_at`: when it arrived here. `system`: the
    slug of the AI system, "" while nobody knows whose it is. `source`: what sent it. `record_id`: what the source
    itself calls it. `reference_data`: the data it looked things up in, with its version (AI Act Art. 12(3)(b)).
    `outcome`: ok, error, refused, blocked, or what a human decided. `finish`: why the model stopped. `evaluation`: what
    was measured, with the result in `score` and `label`. `decision`, `reviewers`: of humans who verified it
    (Art. 12(3)(d)). Several finishes or reviewers have commas between them. `score`: a probability or an estimate;
    `label`: what turned out to be true. `attributes`: JSON of whatever else was sent. `features`: what a prediction
    rests on.
    """

    at: int
    ended_at: int | None = None
    received_at: int
    system: str = ""
    source: str = ""
    kind: str = Kind.STEP.value
    kept: str = Kept.FULL.value
    name: str | None = None
    operation: str | None = None
    provider: str | None = None
    model: str | None = None
    model_version: str | None = None
    version: str | None = None
    environment: str | None = None
    service: str | None = None
    trace_id: bytes | None = None
    span_id: bytes | None = None
    parent_id: bytes | None = None
    record_id: str | None = None
    conversation: str | None = None
    agent: str | None = None
    tool: str | None = None
    reference_data: str | None = None
    outcome: str | None = None
    error: str | None = None
    finish: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_length: int | None = None
    output_length: int | None = None
    cost: float | None = None
    currency: str | None = None
    evaluation: str | None = None
    decision: str | None = None
    reviewers: str | None = None
    user: str | None = None
    on_behalf_of: str | None = None
    instructions: str | None = None
    input: str | None = None
    output: str | None = None
    tool_arguments: str | None = None
    tool_result: str | None = None
    explanation: str | None = None
    prediction: str | None = None
    score: float | None = None
    label: str | None = None
    attributes: str | None = None
    features: Mapping[str, Feature] = field(default_factory=dict)


FIELDS: Final = tuple(one.name for one in fields(Event))


def content_bytes(event: Event) -> bytes:
    """The content as it is digested."""
    return b"".join(_content(event))


def content_digest(salt: bytes, content: bytes) -> bytes:
    """What the head holds of the content. Raises ValueError for a salt of another length."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"A salt has {SALT_BYTES} bytes, not {len(salt)}.")
    return hashlib.sha256(salt + content).digest()


def head_bytes(event: Event, digest: bytes) -> bytes:
    """The head, with the digest of the content."""
    pieces = [piece(getattr(event, name), kind) for name, kind in HEAD.items()]
    return b"".join((FORMAT, *pieces, digest))


def event_leaf(event: Event, salt: bytes) -> bytes:
    """The leaf of an event in its segment's tree."""
    return leaf_hash(head_bytes(event, content_digest(salt, content_bytes(event))))


def piece(value: Value, kind: FieldType) -> bytes:
    """A value with its length before it."""
    if value is None:
        return NOTHING
    if kind == "number":
        return struct.pack("<Id", 8, value)
    if isinstance(value, str):
        return _measured(value.encode())
    if isinstance(value, bytes):
        return _measured(value)
    return struct.pack("<Iq", 8, value)


def _measured(data: bytes) -> bytes:
    return struct.pack("<I", len(data)) + data


def _content(event: Event) -> Iterator[bytes]:
    for name, kind in CONTENT.items():
        yield piece(getattr(event, name), kind)
    features = sorted((name.encode(), value) for name, value in event.features.items() if value is not None)
    yield struct.pack("<I", len(features))
    for bare, value in features:
        text = isinstance(value, str)
        yield _measured(bare) + (b"s" if text else b"d")
        yield piece(value, "text" if text else "number")
