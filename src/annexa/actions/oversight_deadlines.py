"""What time does to oversight: cases are escalated or fall to their default, and checks are told how it works."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from annexa.actions.door import door
from annexa.answers.oversight import approved_words_by_system, plans
from annexa.pure.oversight import needed
from annexa.pure.permits import ANNEXA
from annexa.records.oversight import (
    OversightEscalation,
    OversightItem,
    OversightOutcome,
    OversightStanding,
)
from annexa.records.people import Person
from annexa.records.training import Enrolment

AT_ONCE = 200
WINDOW = timedelta(days=90)
"""Over which time checks look at cases."""
TOLD_AGAIN = timedelta(days=7)
"""How old what was told becomes before it is told again, though nothing changed."""


def settle_cases(*, now: datetime, item: str = "") -> int:
    """Escalates every case whose first time has passed, and ends every one whose last has, as its owner had chosen:
    never by approving it. `item`: only that one. How many steps that were. Ledger: oversight_escalation,
    oversight_outcome.
    """
    late = OversightItem.objects.filter(outcome__isnull=True, due_at__lte=now)
    late = late.filter(id=item) if item else late
    over, due = Q(ends_at__lte=now), Q(ends_at__gt=now, escalation__isnull=True)
    if not late.filter(over | due).exists():
        return 0
    with door(actor=ANNEXA, verb="settle_cases", now=now) as opened:
        rows = list(late.filter(over | due).select_related("plan").order_by("ends_at", "id")[:AT_ONCE])
        for one in rows:
            if one.ends_at > now:
                made = OversightEscalation(id=f"{one.id}-late", item=one, recorded_at=now)
                opened.write(made, kind="oversight_escalation", subject=f"oversight_item/{one.id}")
            else:
                fell = _fallen(one, now)
                opened.write(fell, kind="oversight_outcome", subject=f"oversight_item/{one.id}")
    return len(rows)


def _fallen(one: OversightItem, now: datetime) -> OversightOutcome:
    """The end of a case that nobody decided: by the plan under which it came."""
    substitute = one.plan.safe_default == "substitute"
    return OversightOutcome(
        id=f"{one.id}-outcome", item=one, how="fell", decision="overridden" if substitute else "stopped",
        output=one.plan.safe_output if substitute else "", by=[], recorded_at=now,
    )  # fmt: skip


def tell_standings(*, now: datetime) -> int:
    """Tells the ledger how the oversight of each AI system works, as far as that changed or was told long ago. How
    many that were. Ledger: oversight_standing.
    """
    held = {one.system: one for one in OversightStanding.objects.order_by("turn")}
    changed = list(_changed(_standings(now), held, now))
    if not changed:
        return 0
    with door(actor=ANNEXA, verb="settle_cases", now=now) as opened:
        for system, said in changed:
            before = held.get(system)
            made = OversightStanding(
                id=uuid.uuid4().hex, system=system, turn=before.turn + 1 if before else 1, on=now.date(),
                recorded_at=now, **said,
            )  # fmt: skip
            opened.write(made, kind="oversight_standing", subject=f"oversight/{system}")
    return len(changed)


Said = Mapping[str, Any]


def _changed(
    said: Iterable[tuple[str, Said]], held: Mapping[str, OversightStanding], now: datetime
) -> Iterator[tuple[str, Said]]:
    for system, one in said:
        before = held.get(system)
        same = before is not None and all(getattr(before, name) == value for name, value in one.items())
        if before is None or not same or before.on <= (now - TOLD_AGAIN).date():
            yield system, one


def _standings(now: datetime) -> Iterator[tuple[str, Said]]:
    """How the oversight of each system with a plan works. Cost: five queries."""
    planned, words = plans(), approved_words_by_system()
    since = now - WINDOW
    late: dict[str, int] = {}
    asked: dict[str, int] = {}
    ended = OversightOutcome.objects.filter(recorded_at__gte=since, recorded_at__lte=now)
    for system, how in ended.values_list("item__system", "how"):
        asked[system] = asked.get(system, 0) + 1
        late[system] = late.get(system, 0) + (how == "fell")
    trained = literate(now=now)
    active = set(Person.objects.filter(is_active=True).values_list("pk", flat=True))
    for system, one in sorted(planned.items()):
        overseers = [person for person in one.overseers if person in active]
        yield (
            system,
            {
                "cases": one.cases,
                "overseers": len(overseers),
                "untrained": sum(person not in trained for person in overseers),
                "two_needed": needed(words.get(system), one.plan()).persons > 1,
                "asked": asked.get(system, 0),
                "late": late.get(system, 0),
            },
        )


def literate(*, now: datetime) -> frozenset[int]:
    """Who has AI literacy that a rule asks of them in date. Cost: one query."""
    latest: dict[tuple[str, int], Enrolment] = {}
    for one in Enrolment.objects.filter(literacy=True).order_by("turn"):
        latest[one.rule_id, one.person_id] = one
    return frozenset(
        one.person_id
        for one in latest.values()
        if one.step == "met" and (one.until is None or one.until >= now.date()) and not one.missing
    )
