"""Which library was in force when: each taking-up is an entry of the ledger, and the past is judged with its own.

A library is known by its version, the digest of its LOCK; `own` names the files that are the organisation's and not
the product's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from annexa.pure.facts import FactError


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryFact:
    """From this instant the organisation judges itself with this library. `own`: paths below the library folder."""

    version: str
    own: tuple[str, ...]
    recorded_at: datetime
    entry: int
    by: str = ""
    because: str = ""


def library_of_entry(*, body: Mapping[str, Any], at: datetime, position: int) -> LibraryFact:
    """What a ledger entry of kind "library" says. Raises FactError."""
    try:
        state = body["state"]
        own = state.get("own", [])
        if not isinstance(state["version"], str) or not isinstance(own, list):
            raise TypeError("version or own")
        return LibraryFact(
            version=state["version"],
            own=tuple(str(name) for name in own),
            recorded_at=at,
            entry=position,
            by=str(body.get("by", "")),
            because=str(body.get("because", "")),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise FactError(f"entry {position}: a body of kind 'library' lacks or misstates {error}") from error


def in_force(libraries: Iterable[LibraryFact], at: datetime) -> LibraryFact | None:
    """The library in force at an instant: the last one taken up by then; before the first, the first.

    None where none was ever taken up.
    """
    ordered = sorted(libraries, key=lambda one: (one.recorded_at, one.entry))
    known = [one for one in ordered if one.recorded_at <= at]
    return known[-1] if known else next(iter(ordered), None)
