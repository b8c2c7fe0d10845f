"""The bytes of an event are a law that lasts: a worked example, and what erasing leaves."""

import hashlib

import pytest

from annexa.pure.events import (
    CONTENT,
    FIELDS,
    HEAD,
    Event,
    content_bytes,
    content_digest,
    event_leaf,
    head_bytes,
    piece,
)

SALT = bytes(range(16))
EVENT = Event(
    at=1_764_547_200_000_000,
    received_at=1_764_547_200_500_000,
    system="loan-scoring",
    source="gateway",
    kind="inference",
    model="gpt-4o",
    trace_id=bytes(16),
    input_tokens=12,
    cost=0.25,
    user="u-1",
    input="Should applicant 42 get the loan? Æ",
    features={"income": 1250.5, "area": "Bronx"},
)


def test_a_worked_example_keeps_its_leaf() -> None:
    """A leaf that was sealed must be found again after years."""
    assert event_leaf(EVENT, SALT).hex() == "a5721dd336f8955771158bf4c1138304fafe6b4fa40c0f73c5d4944396d9abae"


def test_the_bytes_are_as_described() -> None:
    """Built once more by hand from the description."""
    content = b"".join(
        {
            "user": b"\x03\0\0\0u-1",
            "input": (36).to_bytes(4, "little") + "Should applicant 42 get the loan? Æ".encode(),
        }.get(name, b"\xff\xff\xff\xff")
        for name in CONTENT
    )
    content += (
        b"\x02\0\0\0" + b"\x04\0\0\0areas\x05\0\0\0Bronx" + b"\x06\0\0\0incomed\x08\0\0\0" + b"\0\0\0\0\0\x8a\x93@"
    )
    assert content_bytes(EVENT) == content
    digest = hashlib.sha256(SALT + content).digest()
    head = head_bytes(EVENT, digest)
    assert head.startswith(
        b"annexa-event/1\n\x08\0\0\0" + EVENT.at.to_bytes(8, "little") + b"\xff\xff\xff\xff\x08\0\0\0"
    )
    assert head.endswith(digest)
    assert event_leaf(EVENT, SALT) == hashlib.sha256(b"\0" + head).digest()


def test_every_field_is_of_the_head_or_the_content() -> None:
    """No field escapes the leaf."""
    assert (*HEAD, *CONTENT, "features") == FIELDS


def test_nothing_and_empty_are_different() -> None:
    """A text that is there and empty is not one that is missing."""
    assert piece(None, "text") != piece("", "text")


def test_a_salt_of_another_length_is_refused() -> None:
    """Shorter salts could be guessed."""
    with pytest.raises(ValueError, match="16 bytes"):
        content_digest(b"short", b"")
