"""Events of an AI system as they arrive in the activity log, for tests of what looks into it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from annexa.activity.columns import batch_of
from annexa.activity.journal import Journal
from annexa.pure.events import Event


def us(at: datetime) -> int:
    """The instant in microseconds, as events hold it."""
    return int((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))


def arrive(
    journal: Journal, until: datetime, *, count: int = 400, hours: int = 24, wrong: int = 0, system: str = "chatbot",
    **more: Any,
) -> None:  # fmt: skip
    """So many events of a system, spread evenly over the hours before an instant; some of them go wrong."""
    step = timedelta(hours=hours) / count
    events = []
    for number in range(count):
        at = us(until - step * (number + 1))
        bad = number < wrong
        events.append(
            Event(
                at=at, ended_at=at + 900_000, received_at=at, system=system, source="gate", kind="inference",
                outcome="error" if bad else "ok", error="timeout" if bad else None, operation="chat", model="m",
                trace_id=at.to_bytes(16, "big"), span_id=number.to_bytes(8, "big"), user=f"u-{number % 9}",
                output="It is so.", output_length=9, **more,
            )
        )  # fmt: skip
    journal.append(batch_of(events))
