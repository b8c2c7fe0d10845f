"""A file of the activity log worked out anew, event by event, in as many processes as there are processors.

A process of its own for each processor, since what is hashed are many small pieces, and of threads only one at a time
does that. This module and what it needs know neither database nor settings: a process that begins has nothing to wait
for. Each has one file in memory.
"""

import hashlib
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from annexa.activity import ActivityError
from annexa.activity.segments import made_leaves, mark_of, read_table
from annexa.pure.ledger import HASH_BYTES
from annexa.pure.segment_proofs import tree_root
from annexa.vault import VaultError
from annexa.vault.buckets import Bucket, BucketObjects
from annexa.vault.objects import FolderObjects, Objects

PROCESSES_FROM: Final = 400_000
"""Of fewer events it takes longer to begin processes than to work them out in threads."""
MOST_PROCESSES: Final = 32
MOST_NAMED: Final = 20
"""Records of one file that are named; of more, how many."""
Done = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A segment within a file: its rows, from `first_row` on, and the root that the ledger has of them."""

    id: str
    root: str
    first_row: int
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file as the ledger knows it, with the segments in it in the order of their rows.

    `alone`: it was sealed so, and holds nothing besides.
    """

    path: str
    sha256: str
    alone: bool
    parts: tuple[Part, ...]

    @property
    def records(self) -> int:
        """How many events of these segments it holds."""
        return sum(one.records for one in self.parts)


Where = Path | Bucket
"""The folder or bucket that files are in."""


@cache
def store_of(where: Where) -> Objects:
    """The store there."""
    return FolderObjects(where) if isinstance(where, Path) else BucketObjects(where)


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def all_problems(files: Sequence[File], where: Where) -> Iterator[tuple[File, list[str]]]:
    """What is wrong with each file, several at once, in their order. Memory: one file for each processor."""
    workers = min(MOST_PROCESSES, processors())
    many = sum(one.records for one in files) >= PROCESSES_FROM
    work: Callable[[File], list[str]] = partial(problems_of, where)
    pool: Executor
    if many and workers > 1 and len(files) > 1:
        pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begun)
    else:
        pool = ThreadPoolExecutor(workers)
    try:
        yield from _in_order(pool, work, files, 3 * workers)
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(
    pool: Executor, work: Callable[[File], list[str]], files: Sequence[File], ahead: int
) -> Iterator[tuple[File, list[str]]]:
    waiting: list[tuple[File, Future[list[str]] | None]] = []
    for file in [*files, None]:
        if file is not None:
            waiting.append((file, _submitted(pool, work, file)))
        while waiting and (file is None or len(waiting) > ahead):
            one, result = waiting.pop(0)
            yield one, _result(work, one, result)


def _submitted(pool: Executor, work: Callable[[File], list[str]], file: File) -> Future[list[str]] | None:
    try:
        return pool.submit(work, file)
    except (BrokenProcessPool, OSError):  # a process was killed, or the system gives no more
        return None


def _result(work: Callable[[File], list[str]], file: File, result: Future[list[str]] | None) -> list[str]:
    """What was found; where its process was killed, it is worked out here."""
    if result is not None:
        try:
            return result.result()
        except BrokenProcessPool:
            pass
    return work(file)


def _begun() -> None:
    """Who stops the command stops the process that began this one; that one ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def problems_of(where: Where, file: File) -> list[str]:
    """What is wrong with one file."""
    ids = [one.id for one in file.parts]
    holds = ", ".join(ids[:3]) + (" and more" if len(ids) > 3 else "")
    try:
        data = store_of(where).get(file.path)
    except (VaultError, OSError) as error:
        return [f"{file.path}: cannot be read, with {file.records:,} events of segment {holds}: {error}"]
    found = []
    if hashlib.sha256(data).hexdigest() != file.sha256:
        found.append(f"{file.path}: its SHA-256 is not the one in the ledger{_another(data, ids[0])}")
    try:
        return found + _event_problems(file, data)
    except ActivityError as error:
        return [*found, f"{file.path}: {error}"]


def _another(data: bytes, id_: str) -> str:
    """Whose file it is, where it says that it is another segment's."""
    try:
        said = mark_of(data).get("segment")
    except ActivityError:
        return ""
    return f"; it says it is segment {said}" if said and said != id_ else ""


def _event_problems(file: File, data: bytes) -> list[str]:
    found: list[str] = []
    leaves, changed = bytearray(), []
    for kept, anew in made_leaves(data):
        if kept != anew:
            first = len(leaves) // HASH_BYTES
            places = range(0, len(anew), HASH_BYTES)
            changed += [
                first + at // HASH_BYTES for at in places if kept[at : at + HASH_BYTES] != anew[at : at + HASH_BYTES]
            ]
        leaves += anew
    found += _changed(file, data, changed)
    last = max(one.first_row + one.records for one in file.parts)
    rows = len(leaves) // HASH_BYTES
    if rows < last or (rows > last and file.alone):
        found.append(f"{file.path}: has {rows:,} events, {last:,} were sealed")
    for one in file.parts:
        part = bytes(leaves[one.first_row * HASH_BYTES : (one.first_row + one.records) * HASH_BYTES])
        if tree_root(part).hex() != one.root:
            found.append(f"{file.path}: its events do not lead to the root of segment {one.id}")
    return found


def _changed(file: File, data: bytes, rows: Sequence[int]) -> list[str]:
    """The events that are not what was sealed, by name."""
    if not rows:
        return []
    table = read_table(data, ("at", "source", "trace_id", "span_id", "record_id"))
    found = []
    for row in rows[:MOST_NAMED]:
        said = table.slice(row, 1).to_pylist()[0]
        ids = [f"{name} {_shown(said[name])}" for name in ("trace_id", "span_id", "record_id") if said[name]]
        segment, within = _segment_of(file, row)
        found.append(
            f"{file.path}: event {within} of segment {segment} was changed ({', '.join(ids) or 'it has no id'})"
        )
    if len(rows) > MOST_NAMED:
        found.append(f"{file.path}: {len(rows) - MOST_NAMED:,} more events were changed")
    return found


def _segment_of(file: File, row: int) -> tuple[str, int]:
    for one in file.parts:
        if one.first_row <= row < one.first_row + one.records:
            return one.id, row - one.first_row
    return "none", row


def _shown(value: str | bytes) -> str:
    return value.hex() if isinstance(value, bytes) else repr(value)[:100]
