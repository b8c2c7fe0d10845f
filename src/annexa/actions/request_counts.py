"""Counting requests for all processes together: a process takes some at once, and lets through what it was given."""

import threading
from datetime import datetime

from django.db.models import F

from annexa.actions.door import side_door
from annexa.pure.permits import ANNEXA
from annexa.records.processes import RequestCount

AT_ONCE = 20
_ALL_TAKEN = -1


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


class Counted:
    """What this process may still let through of each holder in the present minute.

    All processes count together: each takes some requests at once, so that hardly any request asks the database.
    """

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._lock = threading.Lock()
        self._minute = 0
        self._left: dict[str, int] = {}

    def let_through(self, whose: str, minute: int, now: datetime, most: int) -> bool:
        """Whether one more may pass. Once all are taken, the rest of the minute costs nothing."""
        with self._lock:
            if minute != self._minute:
                self._minute, self._left = minute, {}
            left = self._left.get(whose, 0)
            if left:
                self._left[whose] = left - (left > 0)
                return left > 0
        given = take_requests(holder=whose, minute=minute, most=most, now=now)
        with self._lock:
            if not given:
                self._left[whose] = _ALL_TAKEN
            elif self._left.get(whose, 0) >= 0:
                self._left[whose] = self._left.get(whose, 0) + given - 1
        return given > 0


COUNTED = Counted()
