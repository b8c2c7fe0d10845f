"""What taking up another library would change here, before anybody does it."""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from annexa.adapters.catalogs import LibraryFiles, read
from annexa.answers.libraries import Candidate, active_library, upgrade, with_files
from annexa.answers.posture import Standpoint, standpoint
from annexa.pure.permits import Actor
from annexa.pure.posture import Engine
from annexa.pure.upgrades import Change, VerdictChange, library_changes, verdict_changes

KEPT = 4
_lock = Lock()
_previews: OrderedDict[tuple[str, datetime, str, str], "Preview"] = OrderedDict()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A dry run: versions before and after, what the library would hold otherwise, which verdicts would change.

    `own`: the files that are the organisation's own afterwards. `scopes`: how many scopes were compared.
    """

    before: str
    after: str
    own: tuple[str, ...]
    changes: tuple[Change, ...]
    verdicts: tuple[VerdictChange, ...]
    scopes: int


def preview_upgrade(*, actor: Actor, now: datetime) -> Preview | None:
    """What the library of this version of Annexa would change; None if it is in force already.

    Raises LibraryError where the organisation's own files do not fit it, UnknownError for whom may not read.
    """
    found = upgrade()
    return _preview(actor, found, now) if found else None


def read_files(*, name: str, data: bytes, id: str = "") -> LibraryFiles:  # noqa: A002
    """What a file in our own or a foreign format says, as library files; `id` names the framework anew.

    Raises CatalogError with everything that is wrong in it.
    """
    return read(data, name, id=id or None, known=active_library().frameworks)


def preview_files(
    *,
    actor: Actor,
    files: Mapping[str, bytes],
    now: datetime,
    replace: bool = False,
    without: Collection[str] = (),
) -> Preview:
    """What importing these files, or withdrawing some, would change. Raises LibraryError with every problem."""
    return _preview(actor, with_files(files, replace=replace, without=without), now)


def _preview(actor: Actor, found: Candidate, now: datetime) -> Preview:
    """Computed once for a state of the ledger and a candidate; looking again costs nothing."""
    stand = standpoint(actor=actor, now=now)
    key = (stand.root, stand.at, stand.library.version, found.library.version)
    with _lock:
        if key not in _previews:
            _previews[key] = _computed(stand, found)
            while len(_previews) > KEPT:
                _previews.popitem(last=False)
        return _previews[key]


def _computed(stand: Standpoint, found: Candidate) -> Preview:
    after = Engine(library=found.library, facts=stand.engine.facts, at=stand.at)
    return Preview(
        before=stand.library.version,
        after=found.library.version,
        own=found.own,
        changes=library_changes(stand.library, found.library),
        verdicts=verdict_changes(stand.engine, after),
        scopes=1 + len(stand.systems),
    )
