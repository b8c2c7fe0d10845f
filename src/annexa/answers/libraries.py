"""Which library the organisation judges itself with: now, at a past instant, and what it consists of."""

import hashlib
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from django.db import Error

from annexa.answers.store import blobs
from annexa.library.load import library, load
from annexa.library.reader import JUDGING, LibraryError, shipped, version_of
from annexa.pure.libraries import LibraryFact, in_force
from annexa.pure.standards import Library
from annexa.records.snapshot import Snapshot, latest_library, snapshot
from annexa.vault import VaultError
from annexa.vault.blobs import BlobMissingError

KEPT = 4
RESERVED = frozenset({"choose", "library"})
"""Ids no framework may have: the addresses of pages of ours."""
FOLDERS = ", ".join(f"{folder}/" for folder in JUDGING)
_lock = Lock()
_loaded: OrderedDict[str, Library] = OrderedDict()


class LibraryUnreadableError(VaultError):
    """A library that was in force cannot be read any more: its files are not in the vault, or not understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A whole library that could be taken up: its files, what they say, and which files are the organisation's own."""

    files: Mapping[str, bytes]
    library: Library
    own: tuple[str, ...]


def active_library(*, size: int = 0) -> Library:
    """The library in force now; the shipped one where no organisation is set up yet.

    `size`: the ledger's size, if it was just read; then this costs nothing, else one query.
    Raises LibraryUnreadableError.
    """
    fact = latest_library(size=size)
    return _library(fact) if fact else library()


def active_or_shipped() -> Library:
    """The library in force; the shipped one also where there is no database yet, so that one can look before."""
    try:
        return active_library()
    except Error:
        return library()


def library_at(taken: Snapshot, at: datetime) -> Library:
    """The library in force at an instant. Raises LibraryUnreadableError."""
    fact = in_force(taken.libraries, at)
    return library() if fact is None else _library(fact)


def latest() -> LibraryFact | None:
    """The last taking-up of a library, None before the first."""
    return latest_library()


def taken_up() -> tuple[LibraryFact, ...]:
    """Every taking-up of a library, the latest first."""
    return snapshot().libraries[::-1]


def files_of(version: str) -> dict[str, bytes]:
    """The files of a library by its version: path below the library folder → bytes.

    What the product still ships is read from there, the rest from the vault, where the blob named by the version is the
    library's LOCK. Raises LibraryUnreadableError, BlobForgedError.
    """
    if version == library().version:
        return shipped()
    at_hand = {_digest(name, data): data for name, data in shipped().items()}
    try:
        lock = _blob(version).decode()
        found = {}
        for line in lock.splitlines():
            digest, _, name = line.partition("  ")
            found[name] = at_hand.get((name, digest)) or _blob(digest)
    except BlobMissingError as error:
        raise LibraryUnreadableError(
            f"The library {version[:12]} is not complete in the vault ({error}) Restore the vault from a backup."
        ) from error
    return found


def is_kept(version: str) -> bool:
    """Whether this library can be read: it is the shipped one, or the vault has its LOCK, which is written last."""
    return version == library().version or blobs().has(version)


def own_files() -> dict[str, bytes]:
    """The organisation's own files of the library in force."""
    fact = latest()
    if fact is None or not fact.own:
        return {}
    files = files_of(fact.version)
    return {name: files[name] for name in fact.own}


def upgrade() -> Candidate | None:
    """The library of this version of Annexa with the organisation's own files, if that is not in force already.

    Raises LibraryError with every problem, for own files that do not fit the shipped ones any more.
    """
    fact = latest()
    own = own_files()
    files = {**shipped(), **own}
    if fact is None or version_of(files) == fact.version:
        return None
    return Candidate(files=files, library=library() if not own else _read(files), own=tuple(sorted(own)))


def with_files(files: Mapping[str, bytes], *, replace: bool = False, without: Collection[str] = ()) -> Candidate:
    """The library in force with some files more, or without some of the organisation's own. Writes nothing.

    A file that is there already is only replaced if `replace` says so; leaving out a replacement brings the shipped
    file back. Raises LibraryError with every problem of every file.
    """
    fact = latest()
    version, mine = (fact.version, set(fact.own)) if fact else (library().version, set())
    now = files_of(version)
    problems = [
        f"{name}: file: is not a library file; it belongs into one of {FOLDERS} and ends in .toml"
        for name in sorted(files)
        if name.split("/")[0] not in JUDGING or not name.endswith(".toml") or name.count("/") != 1
    ]
    problems += [
        f"{name}: file: is in the library already; give it an id of its own, or say that it replaces the present one"
        for name in sorted(files)
        if name in now and not replace and now[name] != files[name]
    ]
    problems += [
        f"{name}: file: a framework cannot have this id, which is an address of ours; give it another one"
        for name in sorted(files)
        if name.removeprefix("frameworks/").removesuffix(".toml") in RESERVED
    ]
    problems += [f"{name}: file: is none of your own files" for name in sorted(without) if name not in mine]
    theirs = shipped()
    kept = {name: data for name, data in now.items() if name not in without}
    kept |= {name: theirs[name] for name in without if name in theirs}
    joined = {**kept, **files}
    try:
        found = _read(joined)
    except LibraryError as error:
        raise LibraryError([*problems, *error.problems]) from error
    if problems:
        raise LibraryError(problems)
    own = (mine - set(without)) | {name for name in files if files[name] != theirs.get(name)}
    return Candidate(files=joined, library=found, own=tuple(sorted(own)))


def _digest(name: str, data: bytes) -> tuple[str, str]:
    return name, hashlib.sha256(data).hexdigest()


def _blob(digest: str) -> bytes:
    with blobs().open_checked(digest) as stream:
        return stream.read()


def _library(fact: LibraryFact) -> Library:
    """A library by its version, remembered: equal versions are equal in every byte."""
    if fact.version == library().version:
        return library()
    with _lock:
        if fact.version not in _loaded:
            _loaded[fact.version] = _understood(fact.version, files_of(fact.version))
            while len(_loaded) > KEPT:
                _loaded.popitem(last=False)
        _loaded.move_to_end(fact.version)
        return _loaded[fact.version]


def _read(files: Mapping[str, bytes]) -> Library:
    """A library from its files, remembered by its version. Raises LibraryError."""
    version = version_of(files)
    with _lock:
        if version not in _loaded:
            _loaded[version] = load(files)
            while len(_loaded) > KEPT:
                _loaded.popitem(last=False)
        return _loaded[version]


def _understood(version: str, files: Mapping[str, bytes]) -> Library:
    try:
        return load(files)
    except LibraryError as error:
        raise LibraryUnreadableError(
            f"The library {version[:12]} was made for another version of Annexa: {error.problems[0]}. "
            "Ask about this date with that version, or take up the present library."
        ) from error
