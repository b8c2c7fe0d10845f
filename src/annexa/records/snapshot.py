"""What the ledger knows, as facts for the engine. Read once and then only what was added since."""

import json
import threading
from dataclasses import dataclass, field
from typing import Any

from annexa.pure.fact_entries import FACT_KINDS, fact_of_entry
from annexa.pure.fact_index import FactIndex
from annexa.pure.facts import Fact, FactError, Facts, instant
from annexa.pure.libraries import LibraryFact, library_of_entry
from annexa.records.ledger import EntryBody, LedgerCheckpoint, LedgerEntry

KINDS = FACT_KINDS | {"library"}
"""The kinds of entries that are read."""


_UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)
"""What reading a header or a body fails with that is not as Annexa wrote it; a FactError is a ValueError."""


class LedgerUnreadableError(Exception):
    """An entry of the ledger whose body is not there, or says nothing that its kind could mean: nothing is judged.

    Says which entry, and what to do. Whoever changes entries in the database does this; no action of Annexa can.
    """

    def __init__(self, position: int, error: Exception) -> None:
        super().__init__(
            f"Entry {position} of the ledger cannot be read ({error}), so nothing that rests on it can be told. "
            "Somebody changed the database, or its disk is damaged. annexa ledger verify says what else does not hold; "
            "then restore the last backup in which everything holds."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All facts up to a ledger size. `root` is the ledger's root at that size, in hex: equal roots, equal facts.

    `index` has the same facts by what they speak of. `libraries`: every library that was ever taken up, in the order
    of the ledger. `sight`: the AI systems that the facts are about, where not all of them are here; None: all.
    """

    size: int
    root: str
    facts: Facts
    index: FactIndex = field(default_factory=FactIndex)
    libraries: tuple[LibraryFact, ...] = ()
    sight: frozenset[str] | None = None


_EMPTY = Snapshot(size=0, root="", facts=Facts())
_lock = threading.Lock()
_latest = _EMPTY
_library: tuple[bytes, LibraryFact] | None = None
"""The last library taken up, by the header of its entry, which holds the digest of the body."""


def latest_library(*, size: int = 0) -> LibraryFact | None:
    """The last library that was taken up; None before the first. Cost: one query, two if it is another one than before.

    `size`: the ledger's size, if it was just read elsewhere; then this costs nothing where the facts are at hand.
    """
    global _library
    if size and _latest.size == size:
        return _latest.libraries[-1] if _latest.libraries else None
    rows = LedgerEntry.objects.filter(kind="library").order_by("-position")
    found = rows.values_list("position", "header", "at").first()
    if found is None:
        return None
    position, header, at = found
    known = _library
    if known is None or known[0] != bytes(header):
        body = EntryBody.objects.filter(position=position).values_list("body", flat=True).first()
        try:
            _library = known = (bytes(header), library_of_entry(body=_said(body), at=at, position=position))
        except _UNREADABLE as error:
            raise LedgerUnreadableError(position, error) from error
    return known[1]


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
        if known.size >= size and (known.size, known.root) != (size, root):
            # Another thread was faster, with a later checkpoint; unless another ledger was restored.
            later = LedgerCheckpoint.objects.filter(size=known.size, root=known.root).exists()
            size, root = (known.size, known.root) if later else (size, root)
        if (known.size, known.root) == (size, root):
            return known
        if not _is_prefix(known, size):
            known = _EMPTY
        facts, libraries = _read(known.size, size)
        fresh = Snapshot(
            size=size,
            root=root,
            facts=known.facts.plus(facts),
            index=known.index.plus(facts),
            libraries=(*known.libraries, *libraries),
        )
        _latest = fresh
    return fresh


def _is_prefix(known: Snapshot, size: int) -> bool:
    """Whether what we hold is still the beginning of this ledger: a restored database may be another one."""
    return known.size <= size and LedgerCheckpoint.objects.filter(size=known.size, root=known.root).exists()


def _read(start: int, end: int) -> tuple[list[Fact], list[LibraryFact]]:
    # Asked for by position alone: with the kinds in the query a database may walk the index of kinds instead.
    rows = LedgerEntry.objects.filter(position__gte=start, position__lt=end).order_by("position")
    bodies = dict(
        EntryBody.objects.filter(position__gte=start, position__lt=end).values_list("position", "body").iterator(2000)
    )
    found: list[Fact] = []
    libraries: list[LibraryFact] = []
    for position, kind, header, at in rows.values_list("position", "kind", "header", "at").iterator(2000):
        if kind not in KINDS:
            continue
        try:
            body = _said(bodies.get(position))
            if kind == "library":
                libraries.append(library_of_entry(body=body, at=at, position=position))
                continue
            head = json.loads(bytes(header))
            fact = fact_of_entry(
                kind=kind,
                body=body,
                at=at,
                effective_at=instant(head["effective_at"]),
                actor=head["actor"],
                position=position,
            )
        except _UNREADABLE as error:
            raise LedgerUnreadableError(position, error) from error
        if fact is not None:
            found.append(fact)
    return found, libraries


def _said(body: bytes | memoryview | None) -> dict[str, Any]:
    """What a body says. Raises FactError if it is not there, ValueError if it is no JSON."""
    if body is None:
        raise FactError("its body is missing")
    said: dict[str, Any] = json.loads(bytes(body))
    return said
