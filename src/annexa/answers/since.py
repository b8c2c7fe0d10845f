"""What changed since somebody was last here, and what that did to posture."""

import logging
import threading
from collections import OrderedDict
from dataclasses import replace
from datetime import datetime

from annexa.answers.libraries import LibraryUnreadableError, library_at
from annexa.answers.posture import Standpoint, standpoint
from annexa.pure.permits import Actor
from annexa.pure.portfolio import next_change
from annexa.pure.since import Move, Seen, moves, seen
from annexa.records.ledger import LedgerCheckpoint
from annexa.records.snapshot import snapshot
from annexa.records.visits import Visit

log = logging.getLogger(__name__)

KEPT = 64
"""States that are remembered: as many people as come on one morning."""


def last_visit(*, person: int | None) -> datetime | None:
    """When somebody's visit before this one ended; None during the first. Cost: one query."""
    if person is None:
        return None
    found: datetime | None = Visit.objects.filter(person_id=person).values_list("left_at", flat=True).first()
    return found


def moved_since(
    *, actor: Actor, stand: Standpoint, frameworks: tuple[str, ...], since: datetime
) -> tuple[Seen, tuple[Move, ...]] | None:
    """What the organisation's verdicts were at that instant, and those that are others now, what fell deepest first.

    None if the library of that instant cannot be read any more. Cost: two queries; the verdicts of that instant are
    worked out once.
    """
    try:
        before = _then(actor, stand, frameworks, since)
    except LibraryUnreadableError as error:
        log.warning("What changed since %s cannot be said: %s", since, error)
        return None
    return before, moves(before, stand.engine, stand.posture, lambda one: stand.judged(one).verdict)


_Key = tuple[str, datetime, tuple[str, ...], str, frozenset[str] | None]
_lock = threading.Lock()
_kept: OrderedDict[_Key, Seen] = OrderedDict()


def _then(actor: Actor, stand: Standpoint, frameworks: tuple[str, ...], since: datetime) -> Seen:
    """The verdicts of that instant. What was recorded later does not change them, so they stay as they are."""
    head = LedgerCheckpoint.objects.filter(at__lte=since).order_by("-size").values_list("size", "root").first()
    size, root = head or (0, "")
    version = library_at(snapshot(), since).version
    key = (root, since, frameworks, version, stand.sight)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    if (size, version) == (stand.size, stand.library.version) and _no_day_between(stand, since):
        found = replace(_seen(stand, frameworks), at=since)
    else:
        past = standpoint(actor=actor, now=stand.at, at=since)
        found = _seen(past, frameworks)
    with _lock:
        _kept[key] = found
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return found


def _seen(stand: Standpoint, frameworks: tuple[str, ...]) -> Seen:
    return seen(stand.engine, frameworks, stand.posture, lambda one: stand.judged(one).verdict)


def _no_day_between(stand: Standpoint, since: datetime) -> bool:
    """Whether no day came on which a verdict changes by time alone."""
    ends = next_change(stand.portfolio.columns, since)
    return ends is None or ends > stand.at
