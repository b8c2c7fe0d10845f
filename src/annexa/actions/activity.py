"""Looking at activity: samples drawn by a seed that stands on record, and a note of who read what people said."""

import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from annexa.actions.door import door, require
from annexa.actions.errors import InvalidError, NotPermittedError
from annexa.actions.scopes import place_of
from annexa.answers.activity import READERS, looking_at
from annexa.answers.activity_parts import microseconds
from annexa.answers.activity_store import journal_folder
from annexa.pure.events import Event, Kind
from annexa.pure.fields import tidy
from annexa.pure.permits import Actor, Refusal, may
from annexa.records.activity_samples import ActivitySample
from annexa.records.people import Person

if TYPE_CHECKING:
    from annexa.activity.journal import Journal
    from annexa.activity.query import Asked

LARGEST: Final = 500
"""Events of a sample: more than that nobody reads; export the rest."""
LONGEST_SEED: Final = 100
_BACKLOG_BYTES: Final = 1 << 30
_SPARE_BYTES: Final = 64 << 20


def draw_sample(
    *,
    actor: Actor,
    person: Person | None,
    system: str,
    asked: "Asked",
    size: int,
    because: str,
    now: datetime,
    seed: str = "",
) -> ActivitySample:
    """Draws some events of a system to be looked at, by a seed, one of chance unless given; all of it is recorded.

    Only what came until now can be drawn. Ledger: activity_sample.
    Raises InvalidError with every problem, NotFoundError, NotPermittedError, also for who may not read what was said
    and draws by words or users, ActivityError.
    """
    seed = tidy(seed) or secrets.token_hex(8)
    place = place_of(actor, system)
    require(actor, "sample_activity", place)
    reading = may(actor, "read_activity_content", place)
    if asked.reads_content and isinstance(reading, Refusal):
        raise NotPermittedError(reading.because)
    problems: dict[str, list[str]] = {}
    if not 0 < size <= LARGEST:
        problems["size"] = [f"Draw between 1 and {LARGEST} events."]
    if len(seed) > LONGEST_SEED:
        problems["seed"] = [f"A seed has at most {LONGEST_SEED} characters."]
    if not because.strip():
        problems["because"] = ["Say what the sample is for."]
    if problems:
        raise InvalidError(problems)
    until = min(asked.until or microseconds(now), microseconds(now))
    meant = replace(asked, systems=(system,), until=until, without_source=READERS)
    with looking_at(meant) as query:  # nobody who changes something waits for it
        leaves, population = query.sample(meant, size=size, seed=seed)
    if not leaves:
        raise InvalidError({"": ["There is no such event to draw."]})
    with door(actor=actor, verb="sample_activity", now=now, because=because.strip(), place=place) as opened:
        made = ActivitySample(
            id=uuid.uuid4().hex, system=system, asked=said(meant), population=population, size=len(leaves), seed=seed,
            leaves=list(leaves), because=because.strip(), recorded_at=now, by=person,
        )  # fmt: skip
        opened.write(made, kind="activity_sample", subject=f"activity_sample/{made.id}")
    return made


def said(asked: "Asked") -> dict[str, Any]:
    """What was asked for, as plain JSON, without what was left open."""
    found: Mapping[str, Any] = asdict(asked)
    return {name: list(one) if isinstance(one, tuple) else one for name, one in found.items() if one}


def note_reading(*, actor: Actor, system: str, what: str, about: Mapping[str, Any], now: datetime) -> None:
    """Notes in the activity log itself that somebody reads what people said to a system, before it is shown.

    It is an event of that system like any other: sealed, provable, and seen by whoever watches who reads how much.
    `what`: read event, read conversation, searched, exported, read sample. Ledger: nothing by itself; its segment.
    Raises BacklogError, JournalError; then it must not be shown.
    """
    from annexa.activity.columns import batch_of

    at = microseconds(now)
    event = Event(
        at=at, received_at=at, system=system, source=READERS, kind=Kind.ACCESS.value, name=what, outcome="ok",
        record_id=uuid.uuid4().hex, user=actor.id, attributes=json.dumps(about, sort_keys=True, ensure_ascii=False),
    )  # fmt: skip
    _journal(journal_folder()).append(batch_of([event]))


@cache
def _journal(folder: Path) -> "Journal":
    """The journal that this process notes into."""
    from annexa.activity.journal import Journal

    return Journal(folder=folder, backlog_bytes=_BACKLOG_BYTES, spare_bytes=_SPARE_BYTES)
