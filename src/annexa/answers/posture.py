"""Where the organisation or one AI system stands: the engine over the facts, remembered as long as it holds.

An engine for "now" stays valid until the ledger grows, the library changes, or an instant passes at which a verdict
may change by time alone. Engines for other instants are kept too, the latest few.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime

from annexa.answers.errors import UnknownError
from annexa.answers.libraries import library_at
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import Actor, Refusal, may
from annexa.pure.posture import Engine, FrameworkPosture, RequirementProof, next_change
from annexa.pure.standards import Library
from annexa.records.snapshot import Snapshot, snapshot

KEPT = 8


@dataclass(kw_only=True)
class Standpoint:
    """An engine at one instant over one state of the ledger, with what it has computed so far."""

    engine: Engine
    size: int
    root: str
    until: datetime | None
    _postures: dict[tuple[str, str], FrameworkPosture] = field(default_factory=dict)

    @property
    def at(self) -> datetime:
        """The instant its verdicts hold for."""
        return self.engine.at

    @property
    def library(self) -> Library:
        """The library its verdicts were computed with."""
        return self.engine.library

    def posture(self, framework: str, scope: str = ORGANISATION) -> FrameworkPosture:
        """Every requirement of a framework in a scope. Computed once."""
        key = (framework, scope)
        if key not in self._postures:
            group = self.engine.grounds(scope)
            same = self._postures.get((framework, group))
            self._postures[key] = same or self.engine.posture(framework, scope)
            self._postures.setdefault((framework, group), self._postures[key])
        return self._postures[key]

    def proof(self, framework: str, requirement: str, scope: str = ORGANISATION) -> RequirementProof:
        """The proof tree of one requirement. KeyError for what does not exist."""
        return self.engine.requirement(framework, requirement, scope)


_lock = threading.Lock()
_now: Standpoint | None = None
_others: OrderedDict[tuple[str, str, datetime], Standpoint] = OrderedDict()


def standpoint(*, actor: Actor, now: datetime, at: datetime | None = None) -> Standpoint:
    """Where everything stands now, or as of another instant, past or future, as it was known then and with the library
    in force then.

    Raises UnknownError for an actor who may not read.
    """
    global _now
    if isinstance(may(actor, "read"), Refusal):
        raise UnknownError("There is nothing here for you.")
    taken = snapshot()
    if at is None:
        with _lock:
            if _now is None or not _holds(_now, taken, now):
                _now = _made(taken, now)
            return _now
    key = (library_at(taken, at).version, taken.root, at)
    with _lock:
        if key not in _others:
            _others[key] = _made(taken, at)
            while len(_others) > KEPT:
                _others.popitem(last=False)
        _others.move_to_end(key)
        return _others[key]


def _made(taken: Snapshot, at: datetime) -> Standpoint:
    library = library_at(taken, at)
    return Standpoint(
        engine=Engine(library=library, facts=taken.facts, at=at),
        size=taken.size,
        root=taken.root,
        until=next_change(library, taken.facts, at),
    )


def _holds(known: Standpoint, taken: Snapshot, now: datetime) -> bool:
    """Whether what was computed for an earlier now is still so."""
    same = (known.size, known.root) == (taken.size, taken.root) and known.library is library_at(taken, now)
    return same and known.at <= now and (known.until is None or now < known.until)
