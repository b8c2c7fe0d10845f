"""A log with everything that an engine can count wrongly, laid out through the real actions in a home of its own.

Two months of a system that scores people: repeats, events nobody knew whose they were, some erased, some expired,
labels that came later and twice, letters beyond ASCII, numbers that are none, and some that still wait.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from annexa.pure.events import Event
from tests.arriving import us

NOW = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DAYS = 62
SYSTEM = "ranking"
SAID = (
    "It is so.", "I cannot help with that.", "Du ARSCHLÖCHER!", "arschlöcher", "scumé", "filthy.", "idiot\n",
    "write to ada@example.org", "ſcum", "", "STOP", "DE44 5001 0517 5407 3249 31", None,
)  # fmt: skip
FINISHES = ("stop", "length", "max_tokens", "MAX_TOKENS", "length\n", None)


def lay_out() -> None:
    """Makes the organisation, its system and the log; monitors are on, and baselines frozen by DuckDB."""
    from annexa.actions.activity_sources import assign_activity, choose_activity, open_source
    from annexa.actions.organisation import set_up_organisation
    from annexa.actions.people import actor_of
    from annexa.actions.retaining import erase, expire, open_erasures
    from annexa.actions.retention import ask_erasure
    from annexa.actions.sealing import seal_everything
    from annexa.actions.systems import add_system
    from annexa.activity.columns import batch_of
    from annexa.activity.journal import Journal
    from annexa.answers.activity_store import journal_folder, objects
    from annexa.pure.activity_sources import Choice
    from annexa.pure.systems import SystemFacts
    from annexa.records.people import Person

    begun = NOW - 90 * DAY
    set_up_organisation(
        name="Test House", admin_email="ada@example.org", admin_name="Ada Admin",
        password="correct horse battery staple", now=begun,
    )  # fmt: skip
    person = Person.objects.get(email="ada@example.org")
    by: dict[str, Any] = {"actor": actor_of(person), "person": person, "because": "They are to be compared"}
    add_system(actor=by["actor"], facts=SystemFacts(name="Ranking", classes=("minimal",)), now=begun)
    open_source(slug="gate", name="Gate", now=begun, **by)
    choose_activity(system=SYSTEM, choice=Choice(retention_days=55), now=begun, **by)
    journal = Journal(folder=journal_folder(), backlog_bytes=1 << 30, spare_bytes=0)
    days = list(_days())
    for events in days[:-1]:
        journal.append(batch_of(events))
    journal.append(batch_of(days[-3]))  # the sender never heard that they had arrived
    seal_everything(clock=lambda: NOW - HOUR)
    assign_activity(
        source="gate", attribute="service.name", value="kiosk", system=SYSTEM, earlier=True, now=NOW - HOUR, **by
    )
    ask_erasure(user="u-3", now=NOW - HOUR, **by)
    for one in open_erasures():
        assert erase(erasure=one, store=objects(), now=NOW - HOUR).counts["events"] > 0
    assert expire(store=objects(), now=NOW - HOUR) > 0
    journal.append(batch_of(days[-1]))
    journal.append(batch_of(days[-1]))
    _watch(by)


def _watch(by: dict[str, Any]) -> None:
    from annexa.actions.monitoring import choose_monitors, freeze_baseline
    from annexa.library.monitors import monitors

    choose_monitors(system=SYSTEM, chosen=sorted(monitors()), on=True, now=NOW - HOUR, **by)
    for monitor in monitors().values():
        if monitor.reference == "baseline" and monitor.kind.startswith("drift"):
            window = {"since": NOW - 40 * DAY, "until": NOW - 25 * DAY}
            freeze_baseline(system=SYSTEM, monitor=monitor.id, now=NOW - HOUR, **window, **by)


def _days() -> Iterator[list[Event]]:
    """What was received on each day, at one instant of it as batches are; the last is of the last hour."""
    draw = random.Random(20261120)
    number = 0
    for day in range(DAYS, -1, -1):
        received = NOW - day * DAY - 2 * HOUR if day else NOW - timedelta(minutes=5)
        events = []
        for _ in range(200 if day else 220):
            number += 1
            at = received - timedelta(seconds=draw.randrange(1, 80_000 if day else 1_000))
            events += _of(draw, number, at, us(received))
        yield events


def _of(draw: random.Random, number: int, at: datetime, received: int) -> list[Event]:
    """A score, and what belongs to it."""
    mine: dict[str, Any] = {"system": SYSTEM, "source": "gate", "received_at": received, "version": "2.1"}
    began = us(at)
    late = number % 31 == 0
    if late:
        mine |= {"system": "", "service": "kiosk"}
    found = [Event(
        at=began, ended_at=began + draw.randrange(100_000, 40_000_000), kind="inference", record_id=f"r-{number}",
        trace_id=number.to_bytes(16, "big"), span_id=number.to_bytes(8, "big"), user=f"u-{draw.randrange(14)}",
        outcome=draw.choice(("ok",) * 30 + ("error", "blocked")), finish=draw.choice(FINISHES),
        output=(text := draw.choice(SAID)), output_length=None if text is None else len(text),
        input="password: hunter22 " if number % 997 == 0 else "Ask", cost=draw.random() / 7, currency="EUR",
        prediction=(said := draw.choice("0011" if number % 5 else "0111")), score=draw.random(),
        features=_features(draw, number), **mine,
    )]  # fmt: skip
    if number % 3:
        truth = said if draw.random() < 0.86 else draw.choice("01")
        told = {"kind": "evaluation", "record_id": f"r-{number}", **mine}
        found.append(Event(at=began + 60_000_000, label=draw.choice("01"), **told))
        later = {**told, "received_at": received + 1}
        found.append(Event(at=began + 61_000_000, label=truth, **later))
        if number % 7 == 0:  # two at once: which counts must not depend on who asks
            found.append(Event(at=began + 62_000_000, label="1", **later))
    if number % 4 == 0:
        agent = f"agent-{draw.randrange(3)}"
        found.append(Event(at=began + 1, kind="tool_call", agent=agent, outcome="ok", record_id=f"t-{number}", **mine))
    if number % 6 == 0:
        decision = draw.choice(("accepted",) * 6 + ("overridden", "stopped"))
        took = draw.randrange(2_000_000, 500_000_000)
        over = {"kind": "override", "decision": decision, "reviewers": f"rev-{number % 5}", "record_id": f"o-{number}"}
        found.append(Event(at=began + 2, ended_at=began + 2 + took, **over, **mine))
    if number % 900 == 0:
        found.append(Event(at=began + 3, kind="deployment", **{**mine, "version": f"2.{number // 900}"}))
    return found


def _features(draw: random.Random, number: int) -> dict[str, str | float]:
    found: dict[str, str | float] = {
        "income": draw.choice((draw.gauss(3000, 900), float("nan"), float("inf"), -0.0) if number % 11 == 0 else (
            draw.gauss(3000 if number < 9000 else 2700, 900),)),
        "rent": draw.random(), "sex": draw.choice(("f", "m", "m")), "age_group": draw.choice(("<30", "30-59", "60+")),
        "channel": draw.choice(("Straße", "日本", "web", "Web")), "post": f"p{draw.randrange(160)}",
    }  # fmt: skip
    if number % 13 == 0:
        del found["channel"]
    if number > 14_000:
        found["new"] = draw.random()
    return found
