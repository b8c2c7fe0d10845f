"""Events for tests, and journals with them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from annexa.activity.columns import batch_of
from annexa.activity.journal import Journal
from annexa.pure.events import Event

MIB = 1024 * 1024
HOUR = 1_796_083_200_000_000
"""2026-12-01, 00:00 UTC, in microseconds."""
SECOND = 1_000_000


def event(number: int, **fields: Any) -> Event:
    """An event that is like no other one."""
    said: dict[str, Any] = {
        "at": HOUR + number * SECOND, "received_at": HOUR + number * SECOND + 5, "system": "chatbot", "source": "test",
        "kind": "inference", "trace_id": number.to_bytes(16, "big"), "span_id": number.to_bytes(8, "big"),
        "conversation": f"talk-{number // 3}", "user": f"user-{number % 5}", "input": f"Question {number}",
        "output": f"Answer {number}", "outcome": "ok",
    }  # fmt: skip
    return Event(**(said | fields))


def events(first: int, count: int, **fields: Any) -> list[Event]:
    """Some of them."""
    return [event(number, **fields) for number in range(first, first + count)]


def journal(folder: Path) -> Journal:
    """A journal to append to."""
    return Journal(folder=folder, backlog_bytes=512 * MIB, spare_bytes=0)


def arrive(folder: Path, *batches: Sequence[Event]) -> None:
    """Has batches arrive in a journal that is finished then."""
    one = journal(folder)
    for batch in batches:
        one.append(batch_of(batch))
    one.close()
