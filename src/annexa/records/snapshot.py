"""What the ledger knows, as facts for the engine. Read once and then only what was added since."""

import json
import threading
from dataclasses import dataclass
from typing import Any

from annexa.pure.facts import Fact, Facts, fact_of_entry, instant
from annexa.records.ledger import EntryBody, LedgerCheckpoint, LedgerEntry

FACT_KINDS = ("ai_system", "adoption", "evidence", "judgement", "closure")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All facts up to a ledger size. `root` is the ledger's root at that size, in hex: equal roots, equal facts."""

    size: int
    root: str
    facts: Facts


_EMPTY = Snapshot(size=0, root="", facts=Facts())
_lock = threading.Lock()
_latest = _EMPTY


def snapshot() -> Snapshot:
    """The facts as of the ledger's latest checkpoint. Cost: one query when nothing is new, four otherwise."""
    global _latest
    head = LedgerCheckpoint.objects.order_by("-size").values_list("size", "root").first()
    if head is None:
        return _EMPTY
    size, root = head
    known = _latest
    if (known.size, known.root) == (size, root):
        return known
    with _lock:
        known = _latest
        if not _is_prefix(known, size):
            known = _EMPTY
        fresh = Snapshot(size=size, root=root, facts=known.facts.plus(_read(known.size, size)))
        _latest = fresh
    return fresh


def _is_prefix(known: Snapshot, size: int) -> bool:
    """Whether what we hold is still the beginning of this ledger: a restored database may be another one."""
    return known.size <= size and LedgerCheckpoint.objects.filter(size=known.size, root=known.root).exists()


def _read(start: int, end: int) -> list[Fact]:
    rows = LedgerEntry.objects.filter(position__gte=start, position__lt=end, kind__in=FACT_KINDS).order_by("position")
    bodies = dict(
        EntryBody.objects.filter(position__gte=start, position__lt=end).values_list("position", "body").iterator(2000)
    )
    found = []
    for position, kind, header, at in rows.values_list("position", "kind", "header", "at").iterator(2000):
        body: dict[str, Any] = json.loads(bytes(bodies[position]))
        head = json.loads(bytes(header))
        fact = fact_of_entry(
            kind=kind,
            body=body,
            at=at,
            effective_at=instant(head["effective_at"]),
            actor=head["actor"],
            position=position,
        )
        if fact is not None:
            found.append(fact)
    return found
