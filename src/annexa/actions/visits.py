"""Keeping when somebody was last here."""

from datetime import datetime, timedelta

from annexa.actions.door import side_door
from annexa.pure.permits import Actor
from annexa.records.people import Person
from annexa.records.visits import Visit

SILENCE = timedelta(minutes=30)
"""Whoever opens no page for so long has left; the next page begins another visit."""


def visit(*, actor: Actor, person: Person, now: datetime) -> Visit:
    """Keeps that somebody is here. Ledger: nothing, for it says nothing about the management system."""
    found: Visit | None = Visit.objects.filter(person=person).first()
    with side_door(actor=actor, verb="visit", now=now):
        if found is None:
            found = Visit(person=person, seen_at=now)
        elif now - found.seen_at >= SILENCE:
            found.left_at, found.seen_at = found.seen_at, now
        else:
            found.seen_at = max(found.seen_at, now)
        # Two pages that are opened at once may both be the first.
        kept = {"unique_fields": ["person"], "update_fields": ["seen_at", "left_at"]}
        Visit.objects.bulk_create([found], update_conflicts=True, **kept)
    return found
