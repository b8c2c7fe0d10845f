"""Taking up a library: a newer one of the product, or one with the organisation's own frameworks and controls.

A library is whole or it is not taken up. What was in force stays in the vault, so that the past is judged with it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from annexa.actions.door import door
from annexa.actions.errors import ConflictError, InvalidError, NotPermittedError
from annexa.answers.libraries import Candidate, is_kept, latest, upgrade, with_files
from annexa.answers.store import blobs
from annexa.library.load import library
from annexa.library.reader import LibraryError, lock_of, shipped
from annexa.pure.permits import ANNEXA, Actor, Refusal, may

LARGEST = 16 * 1024 * 1024
"""Bytes that one file of a library may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenUp:
    """A library that is in force from now on. `changed`: the files that were added, replaced or left out."""

    version: str
    own: tuple[str, ...]
    changed: tuple[str, ...]


def import_files(
    *, actor: Actor, files: Mapping[str, bytes], now: datetime, because: str = "", replace: bool = False
) -> TakenUp:
    """Adds the organisation's own frameworks, controls, coverage and mappings to the library in force.

    All or nothing. Ledger: library. Raises InvalidError with every problem of every file, NotPermittedError,
    ConflictError if there is nothing new in them.
    """
    _ask(actor)
    try:
        found = with_files(files, replace=replace)
    except LibraryError as error:
        raise InvalidError({"files": list(error.problems)}) from error
    return _take_up(actor, found, now=now, because=because, changed=files)


def withdraw_files(*, actor: Actor, names: Collection[str], now: datetime, because: str) -> TakenUp:
    """Takes own files out of the library in force; a shipped one that was replaced comes back. The past keeps them.

    Ledger: library. Raises InvalidError (also where other files still refer to them), NotPermittedError.
    """
    _ask(actor)
    if not because.strip():
        raise InvalidError({"because": ["Say why they go."]})
    try:
        found = with_files({}, without=names)
    except LibraryError as error:
        raise InvalidError({"files": list(error.problems)}) from error
    return _take_up(actor, found, now=now, because=because, changed=names)


def upgrade_library(*, actor: Actor, now: datetime, because: str = "") -> TakenUp:
    """Takes up the library of this version of Annexa; the organisation's own files stay.

    Ledger: library. Raises InvalidError if own files no longer fit, ConflictError if it is in force already,
    NotPermittedError.
    """
    _ask(actor)
    try:
        found = upgrade()
    except LibraryError as error:
        raise InvalidError({"files": list(error.problems)}) from error
    if found is None:
        raise ConflictError("The library of this version of Annexa is in force already.")
    return _take_up(actor, found, now=now, because=because or "Library of this version of Annexa", changed=())


def keep_library() -> bool:
    """Puts the library in force into the vault, so that a later version of Annexa can still judge with it.

    False while there is none yet, before the organisation is set up. Costs the look at one file once it is done.
    """
    fact = latest()
    if fact is not None and fact.version == library().version and not blobs().has(fact.version):
        _keep(shipped())
    return fact is not None


def settle_library(*, now: datetime) -> None:
    """At a start: where the library in force can no longer be had, the shipped one is taken up, with an entry.

    That happens only if it was never kept, as where the server never ran. Ledger: library, in that case only.
    """
    fact = latest()
    if fact is not None and not is_kept(fact.version):
        found = Candidate(files=shipped(), library=library(), own=())
        _take_up(ANNEXA, found, now=now, because="The library in force was not kept in the vault.", changed=())


def _ask(actor: Actor) -> None:
    """Refuses before a byte is kept; the door asks again."""
    permit = may(actor, "change_library")
    if isinstance(permit, Refusal):
        raise NotPermittedError(permit.because)


def _take_up(actor: Actor, found: Candidate, *, now: datetime, because: str, changed: Collection[str]) -> TakenUp:
    fact = latest()
    if fact is not None and fact.version == found.library.version:
        raise ConflictError("The library in force has exactly these files already.")
    _keep(found.files)
    with door(actor=actor, verb="change_library", now=now, because=because.strip()) as opened:
        state = {"version": found.library.version, "own": list(found.own)}
        opened.note(state, kind="library", subject="library")
    return TakenUp(version=found.library.version, own=found.own, changed=tuple(sorted(changed)))


def _keep(files: Mapping[str, bytes]) -> None:
    """The files first, then the LOCK that names them: a LOCK in the vault means that all of it is there."""
    store = blobs()
    for name in sorted(files):
        store.put(files[name], limit_bytes=LARGEST)
    store.put(lock_of(files).encode(), limit_bytes=LARGEST)
