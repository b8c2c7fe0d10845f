"""Whether everything is still what was sealed: entries, checkpoints, published files, and the tables themselves."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, Literal

from django.db import connection

from annexa.answers.agreement import Telling, instant_told
from annexa.answers.store import signer, tiles
from annexa.pure.ledger import Frontier, LedgerError, leaf_hash, salted_digest
from annexa.pure.notes import VerifierKey, open_checkpoint
from annexa.pure.tiles import TILE_WIDTH, TileError, decode_entries, split_hashes, tile_path, tile_root
from annexa.records.kept_empty import strays
from annexa.records.ledger import EntryBody, LedgerCheckpoint, LedgerEntry
from annexa.records.links import astray
from annexa.records.moment import one_moment
from annexa.records.recorded import recorded_tables
from annexa.records.registers import TABLES
from annexa.vault import VaultError
from annexa.vault.tiles import TileMissingError

Progress = Callable[[int, int], None]
Outcome = Literal["holds", "note", "fails"]
STEP_BACK = timedelta(minutes=5)
"""By how much an entry may be older than the one before it: several processes write, and clocks are set right."""
_BATCH = 2000

_REWRITTEN = (
    "Stop the server and write nothing more. Keep a copy of everything as it is, restore the latest backup that "
    "verifies, and compare its checkpoint with one that somebody else kept."
)
_KEYS = (
    "If the folder keys or the file ledger-origin was lost or replaced, restore it from a backup and ask again. "
    f"Otherwise: {_REWRITTEN}"
)
_CLOCK = (
    "If the clock of this machine was wrong then, write down when and why for the auditor. If not, somebody wrote "
    "these entries around Annexa: ask who had access to the database."
)
_PUBLISHED = (
    "If everything else holds and the published ledger is not longer than this one, move the folder store/ledger "
    "aside as a whole and start the server: it is written again. If it is longer, entries were removed here, or an "
    "old backup was restored: take the latest backup, or tell everyone who holds a later checkpoint when and why."
)
_UNPUBLISHED = "annexa serve publishes within a second. If it did before, ask who removed the file."
_TRIGGERS = (
    "Ask who removed them. If everything else holds, restore the database from a backup that has them; until then "
    "whoever can reach the database can change the ledger without being refused."
)
_RECORDS = (
    "The ledger is right: verdicts and packs come from it. These rows decide what pages show and who may do what. Ask "
    "who had access to the database, look in the ledger at what was done since, and restore the latest backup that "
    "verifies."
)
_RECORDS_TOO = (
    "Settle first what is wrong with the ledger; until then neither these rows nor their entries can be relied on."
)
_NO_CHECKPOINT = "Give a checkpoint of this ledger as annexa ledger head prints it, with its signature, byte for byte."
_KEPT = (
    "This ledger is not the one whose checkpoint you kept: it was rewritten, or an old backup was restored. Whoever "
    "runs it has to say when and why; keep your checkpoint."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing verified about everything recorded. `findings`: each thing wrong; `mend`: what to do next.

    A note is something to know that does not break any proof.
    """

    name: str
    what: str
    outcome: Outcome
    findings: tuple[str, ...] = ()
    mend: str = ""

    @property
    def holds(self) -> bool:
        """Whether it is as it must be."""
        return self.outcome != "fails"


def check_everything(*, progress: Progress, kept: bytes | None = None) -> tuple[Check, ...]:
    """Recomputes the ledger from its entries, and holds checkpoints, published files and every recorded row against it.

    `kept`: a checkpoint of this ledger kept from another day. Cost: one pass over entries and bodies, one over rows.
    """
    with one_moment():
        walk = _Walk(kept)
        walk.go(progress)
        records = (*walk.telling.differences(progress), *strays(), *astray(TABLES.values()))
        tables = len(recorded_tables())
        found, more = walk.checks(), walk.kept_checks()
        sound = all(one.holds for one in found if one.name in ("ledger", "checkpoints"))
        said = _check(
            "records", f"{walk.telling.told_of:,} records in {tables} tables are what their latest entries say",
            records, _RECORDS if sound else _RECORDS_TOO,
        )  # fmt: skip
    return (*found, said, *more)


def check_ledger(*, progress: Progress, kept: bytes | None = None) -> tuple[tuple[Check, ...], Telling]:
    """The same of the ledger alone, whatever the tables of records hold; and what its entries tell of records."""
    with one_moment():
        walk = _Walk(kept)
        walk.go(progress)
        found, more = walk.checks(), walk.kept_checks()
    told = _check("entries", f"{walk.telling.told_of:,} records are told of without a contradiction",
                  walk.telling.wrong, _REWRITTEN)  # fmt: skip
    return (*found, told, *more), walk.telling


def _check(name: str, what: str, findings: Sequence[str], mend: str, *, worst: Outcome = "fails") -> Check:
    return Check(
        name=name, what=what, outcome=worst if findings else "holds", findings=tuple(findings),
        mend=mend if findings else "",
    )  # fmt: skip


# --- entries and checkpoints


class _Walk:
    """One pass over all entries and bodies in their order, which everything else is held against."""

    def __init__(self, kept: bytes | None) -> None:
        self.key = VerifierKey.parse(signer().verifier_key)
        self.checkpoints = list(LedgerCheckpoint.objects.order_by("size"))
        self.published = _Published(self.key)
        self.telling = Telling()
        self.frontier = Frontier()
        self.total = 0
        self.wrong: list[str] = []
        self.backwards: list[str] = []
        self._kept = _signed(kept, self.key) if kept is not None else None
        self._asked = {c.size for c in self.checkpoints} | {self.published.size}
        if isinstance(self._kept, tuple):
            self._asked.add(self._kept[0])
        self._at: dict[int, Frontier] = {0: Frontier()}
        self._leaves: list[bytes] = []
        self._whole = True

    def go(self, progress: Progress) -> None:
        """Looks at every entry."""
        total = LedgerEntry.objects.count()
        expected, before = 0, None
        for position, entry, body in _joined():
            if position > expected and entry is not None:
                one = position == expected + 1
                gone = f"entry {expected} is" if one else f"entries {expected} to {position - 1} are"
                self.wrong.append(f"{gone} missing")
                self._whole = False
            if entry is None:
                self.wrong.append(f"there is a body at {position}, but no entry")
                continue
            expected = position + 1
            header = self._entry(position, entry, body)
            before = self._in_order(position, header, before)
            self.total += 1
            progress(self.total, total)
        self._flush()
        self.telling.hear_waiting()

    def _entry(
        self, position: int, entry: tuple[Any, ...], body: tuple[bytes, bytes] | None
    ) -> Mapping[str, Any] | None:
        """One entry, with all that can be wrong about it."""
        data, leaf, *columns = entry
        made = leaf_hash(data)
        if made != leaf:
            self.wrong.append(f"entry {position} does not hash to its leaf")
        header = _header(data)
        self._leaves.append(made)
        self.published.see(data, made)
        if len(self._leaves) >= TILE_WIDTH or self.frontier.size + len(self._leaves) in self._asked:
            self._flush()
        if header is None:
            self.wrong.append(f"the header of entry {position} cannot be read")
            return None
        for name, said, repeated in zip(("kind", "subject", "actor", "at"), _looked_up(header), columns, strict=True):
            if said != repeated:
                self.wrong.append(f"entry {position}, {name}: the column says {repeated}, the header says {said}")
        if body is None:
            self.wrong.append(f"the body of entry {position} is missing")
            return header
        if _digest(*body) != header["body"]:
            self.wrong.append(f"the body of entry {position} is not the one committed to")
        self.telling.hear(position, header, body[1])
        return header

    def _in_order(
        self, position: int, header: Mapping[str, Any] | None, before: tuple[int, datetime] | None
    ) -> tuple[int, datetime] | None:
        if header is None:
            return before
        at = instant_told(header["at"])
        if before is not None and at < before[1] - STEP_BACK:
            self.backwards.append(
                f"entry {position} says it was recorded on {at:%Y-%m-%d %H:%M} UTC, but entry {before[0]} before it on "
                f"{before[1]:%Y-%m-%d %H:%M} UTC"
            )
        return position, at

    def _flush(self) -> None:
        if self._whole:
            self.frontier = self.frontier.extended(self._leaves)
            if self.frontier.size in self._asked:
                self._at[self.frontier.size] = self.frontier
        self._leaves.clear()

    def checks(self) -> tuple[Check, ...]:
        """How the ledger came out, once every entry was looked at."""
        return (
            _check("ledger", f"{self.total:,} entries and bodies hash to what is committed", self.wrong, _REWRITTEN),
            _check(
                "checkpoints", f"{len(self.checkpoints):,} checkpoints are signed and follow from the entries",
                self.checkpoint_problems(), _KEYS,
            ),
            _check(
                "clock", "Entries were recorded in the order in which they stand", self.backwards, _CLOCK, worst="note"
            ),
            self.published.check(self.total),
            _check("protection", "The database refuses to change or remove entries", _unprotected(), _TRIGGERS),
        )  # fmt: skip

    def kept_checks(self) -> tuple[Check, ...]:
        """The checkpoint that somebody kept, if one was given."""
        return (_check("kept checkpoint", *self.kept_problems()),) if self._kept is not None else ()

    def checkpoint_problems(self) -> list[str]:
        """What is wrong with the signed roots; the same thing of many of them is said once."""
        found: dict[str, list[int]] = {}
        for one in self.checkpoints:
            for problem in self._problems(one):
                found.setdefault(problem, []).append(one.size)
        said = [f"checkpoint {_few(sizes)}: {problem}" for problem, sizes in found.items()]
        last = self.checkpoints[-1].size if self.checkpoints else 0
        if last < self.total:
            said.append(f"no checkpoint covers the entries from {last} on; the ledger has {self.total:,}")
        return said

    def _problems(self, one: LedgerCheckpoint) -> Iterator[str]:
        here = self._at.get(one.size)
        signed = _signed(one.note.encode(), self.key)
        if isinstance(signed, str):
            yield signed
        elif here is None:
            yield "the entries do not reach that far without a gap"
        elif signed != (one.size, here.root()):
            yield "the entries do not lead to the root it signs"
        if here is not None and (one.root, one.frontier) != (here.root().hex(), here.to_hex()):
            yield "its row names another root than the entries lead to"

    def kept_problems(self) -> tuple[str, list[str], str]:
        """What was checked about the checkpoint somebody kept, what is wrong with it, and what to do next."""
        if not isinstance(self._kept, tuple):
            return "The checkpoint you kept is one of this ledger", [str(self._kept)], _NO_CHECKPOINT
        size, root = self._kept
        what = f"The ledger goes on where the checkpoint you kept stood ({size:,} entries): nothing was rewritten"
        here = self._at.get(size)
        if size > self.total:
            wrong = [f"it has {size:,} entries, this ledger only {self.total:,}"]
        elif here is None or here.root() != root:
            wrong = [f"the first {size:,} entries do not lead to its root {root.hex()}"]
        else:
            wrong = []
        return what, wrong, _KEPT


def _joined() -> Iterator[tuple[int, tuple[Any, ...] | None, tuple[bytes, bytes] | None]]:
    """Entries and bodies side by side, by position; None for the one that is missing."""
    names = ("position", "header", "leaf", "kind", "subject", "actor", "at")
    entries = LedgerEntry.objects.order_by("position").values_list(*names).iterator(_BATCH)
    bodies = EntryBody.objects.order_by("position").values_list("position", "salt", "body").iterator(_BATCH)
    entry, body = next(entries, None), next(bodies, None)
    while entry or body:
        position = min(one[0] for one in (entry, body) if one)
        mine = entry if entry and entry[0] == position else None
        its = body if body and body[0] == position else None
        yield (
            position,
            (bytes(mine[1]), bytes(mine[2]), *mine[3:]) if mine else None,
            (bytes(its[1]), bytes(its[2])) if its else None,
        )
        entry = next(entries, None) if mine else entry
        body = next(bodies, None) if its else body


def _header(data: bytes) -> Mapping[str, Any] | None:
    """A header's fields; None if these are not the bytes of one. Whether they are those sealed, the root says."""
    try:
        found = json.loads(data)
        instant_told(found["at"])
        return found if all(isinstance(found[name], str) for name in ("kind", "subject", "actor", "body")) else None
    except (ValueError, TypeError, LookupError):
        return None


def _looked_up(header: Mapping[str, Any]) -> tuple[Any, ...]:
    return header["kind"], header["subject"], header["actor"], instant_told(header["at"])


def _digest(salt: bytes, body: bytes) -> str:
    try:
        return salted_digest(salt, body).hex()
    except LedgerError:
        return ""


def _signed(note: bytes, key: VerifierKey) -> tuple[int, bytes] | str:
    """Size and root that a note signs; or a sentence why it is none of this ledger."""
    try:
        found = open_checkpoint(note, key).checkpoint
    except LedgerError as error:
        return str(error)
    return found.size, found.root


def _few(sizes: Sequence[int]) -> str:
    shown = ", ".join(map(str, sizes[:5]))
    return f"{shown} and {len(sizes) - 5:,} more" if len(sizes) > 5 else shown


# --- published files


class _Published:
    """The published files, held against the entries as they pass by."""

    def __init__(self, key: VerifierKey) -> None:
        self.size = 0
        self._root = b""
        self._wrong: list[str] = []
        self._missing = False
        self._headers: list[bytes] = []
        self._leaves: list[bytes] = []
        self._frontier = Frontier()
        self._roots: list[bytes] = []
        try:
            found = _signed(tiles().read_checkpoint(), key)
        except TileMissingError:
            self._missing = True
            return
        if isinstance(found, str):
            self._wrong.append(f"checkpoint: {found}")
        else:
            self.size, self._root = found

    def see(self, header: bytes, leaf: bytes) -> None:
        """The next entry."""
        if self._frontier.size + len(self._leaves) == self.size:
            return
        self._headers.append(header)
        self._leaves.append(leaf)
        if len(self._leaves) == TILE_WIDTH or self._frontier.size + len(self._leaves) == self.size:
            self._compare()

    def _compare(self) -> None:
        n, width = self._frontier.size // TILE_WIDTH, len(self._leaves)
        self._tile(0, n, self._leaves)
        try:
            if list(decode_entries(tiles().read_entries(n, width))) != self._headers:
                self._wrong.append(f"{tile_path('entries', n, width)} has other entries than the ledger")
        except (VaultError, TileError, OSError) as error:
            self._wrong.append(f"{tile_path('entries', n, width)}: {error}")
        if width == TILE_WIDTH:
            self._roots.append(tile_root(b"".join(self._leaves)))
        self._frontier = self._frontier.extended(self._leaves)
        self._headers.clear()
        self._leaves.clear()

    def _tile(self, level: int, n: int, hashes: Sequence[bytes]) -> None:
        name = tile_path(level, n, len(hashes))
        try:
            if list(split_hashes(tiles().read_tile(level, n, len(hashes)))) != list(hashes):
                self._wrong.append(f"{name} has other hashes than the ledger")
        except (VaultError, TileError, OSError) as error:
            self._wrong.append(f"{name}: {error}")

    def check(self, size: int) -> Check:
        """How it came out, against a ledger of that size."""
        level, roots = 1, self._roots
        while roots:
            parts = [roots[start : start + TILE_WIDTH] for start in range(0, len(roots), TILE_WIDTH)]
            for n, part in enumerate(parts):
                self._tile(level, n, part)
            roots = [tile_root(b"".join(part)) for part in parts if len(part) == TILE_WIDTH]
            level += 1
        if self.size > size:
            self._wrong.append(f"checkpoint: {self.size:,} entries are published, and this ledger has {size:,}")
        elif self.size and self._frontier.root() != self._root:
            self._wrong.append(f"checkpoint: the first {self.size:,} entries do not lead to the root published")
        what = f"{self.size:,} entries are published as they are"
        if self._missing and size:
            said = "nothing is published; the file checkpoint is not there"
            return _check("published ledger", what, [said], _UNPUBLISHED, worst="note")
        return _check("published ledger", what, self._wrong, _PUBLISHED)


# --- what the database refuses


def _unprotected() -> list[str]:
    """The tables of the ledger that the database would let be changed."""
    made = import_module("annexa.records.migrations.0002_ledger_is_append_only")
    if connection.vendor == "postgresql":
        sql = (
            "SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND p.proname = 'annexa_append_only'"
            " AND p.prosrc LIKE '%%RAISE EXCEPTION%%' AND c.relname = ANY(%s)"
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, [list(made.TABLES)])
            there = {name for (name,) in cursor.fetchall()}
        return [f"{table} can be changed: its trigger is gone or off" for table in made.TABLES if table not in there]
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'")
        there = {_words(sql) for (sql,) in cursor.fetchall()}
    return [
        f"{table} takes {verb.upper()}: its trigger is gone or another one"
        for table in made.TABLES
        for verb in ("update", "delete")
        if _words(made.SQLITE.format(table=table, verb=verb, VERB=verb.upper())) not in there
    ]


def _words(sql: str) -> str:
    return " ".join(sql.split())
