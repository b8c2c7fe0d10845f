"""Counting requests for all processes together: a process takes some at once, and lets through what it was given."""

from datetime import datetime

from django.db.models import F

from annexa.actions.door import side_door
from annexa.pure.permits import ANNEXA
from annexa.records.processes import RequestCount

AT_ONCE = 20


def take_requests(*, holder: str, minute: int, most: int, now: datetime) -> int:
    """How many more requests this process may let through for a holder in this minute; 0 where all are taken.

    `minute`: whole minutes since 1970. Ledger: nothing; a request changes no record.
    """
    with side_door(actor=ANNEXA, verb="count_requests", now=now):
        rows = RequestCount.objects.filter(holder=holder, minute=minute)
        if not rows.exists():
            RequestCount.objects.filter(minute__lt=minute - 1).delete()
            RequestCount.objects.bulk_create([RequestCount(holder=holder, minute=minute)], ignore_conflicts=True)
        rows.update(made=F("made") + AT_ONCE)  # whoever else counts for this holder waits for the end of this
        made: int = rows.values_list("made", flat=True).get()
    return max(0, min(AT_ONCE, most - (made - AT_ONCE)))
