"""Whether the activity log is still what was sealed: every event, file, root, entry, and what waits in journals.

Nothing is believed: leaves are worked out from the bytes of events, roots from leaves, and the roots are held against
entries of the ledger that lead to its signed checkpoint.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from annexa.activity import ActivityError
from annexa.activity.columns import leaves_of
from annexa.activity.journal import is_finished, journals, read_frames
from annexa.activity.segments import FOLDER
from annexa.answers.activity_recomputing import MOST_NAMED, File, Part, all_problems, problems_of
from annexa.answers.activity_store import journal_folder, objects, place
from annexa.answers.integrity import Check, Outcome
from annexa.answers.segments import Located, expired, located
from annexa.answers.store import signer
from annexa.pure.ledger import Frontier, LedgerError, leaf_hash, salted_digest
from annexa.pure.notes import VerifierKey, open_checkpoint
from annexa.records.activity import SealedTo, Segment, SegmentFile
from annexa.records.ledger import EntryBody, LedgerCheckpoint, LedgerEntry, Outbox
from annexa.records.moment import one_moment
from annexa.records.retention import Leaving

Progress = Callable[[int, int], None]
_BATCH: Final = 500
_JUST_WRITTEN: Final = timedelta(minutes=2)
_TABLES: Final = (Segment, SegmentFile)
_FILES: Final = (
    "Keep a copy of the file as it is and ask who had access to the store. Restore it from a copy that verifies: a "
    "version that the store keeps, or a backup. The ledger proves which one is right."
)
_ENTRIES: Final = (
    "The ledger is right where annexa ledger verify says that it holds. Ask who had access to the database, and "
    "restore the latest backup that verifies."
)
_GAPS: Final = (
    "Frames of a journal that no segment names were sealed by something else than Annexa, or not at all. Ask who had "
    "access to the folder of journals and to the database."
)
_JOURNALS: Final = (
    "What is before the damage is sealed. Keep a copy of the journal, restore it from a snapshot of the disk if there "
    "is one, and ask the senders to send again what they sent then: what is there already is left out."
)
_LEFT_OVER: Final = (
    "These files were erased or expired, and are there all the same. annexa logs retain removes them; if they come "
    "back, somebody restored them: ask who has access to the store."
)
_STRAYS: Final = (
    "Nobody reads these files. A process that was killed may have left them, and the sealer removes them; if they "
    "stay, ask who put them there."
)


def check_activity(
    *, progress: Progress, system: str | None = None, since: datetime | None = None
) -> tuple[Check, ...]:
    """Recomputes the activity log, or the part of one system or of what was received since an instant.

    Cost: reads every file once, in as many processes as there are processors, with one file in memory for each.
    """
    with one_moment():
        found = Segment.objects.order_by("hour", "system", "id")
        found = found.filter(system=system) if system is not None else found
        found = found.filter(last_received_at__gte=since) if since is not None else found
        segments = list(found)
        places = located(segments)
        over = expired(segments)
        entries = [*_ledger_problems(), *_entry_problems(segments, whole=system is None and since is None)]
        gaps = _gap_problems()
    records, files = sum(one.records for one in segments if one.id not in over), len({one.path for one in places})
    wrong = list(_file_problems(places, records, progress))
    waiting, damaged = _journal_problems()
    return (
        _check(
            "segments", f"{len(segments):,} segments are in the ledger as they are here, up to its signed checkpoint",
            entries, _ENTRIES,
        ),
        _check(
            "events", f"{records:,} events in {files:,} files hash to what was sealed", wrong, _FILES,
        ),
        _check(
            "expired", _expired_words(segments, over), _left_over(), _LEFT_OVER, worst="fails",
        ),
        _check("journals sealed", "What journals held up to where they are sealed is in segments, once", gaps, _GAPS),
        _check("journals", f"{waiting:,} events wait in journals, whole", damaged, _JOURNALS),
        _check("store", "The store holds no other segments", _strays(), _STRAYS, worst="note"),
    )  # fmt: skip


def _expired_words(segments: Sequence[Segment], over: Mapping[str, SegmentFile]) -> str:
    """What expired, and which entries of the ledger say so."""
    if not over:
        return "What was erased or expired is gone from the store; nothing of this part expired"
    subjects = {f"{SegmentFile.KIND}/{one.id}" for one in over.values()}
    found = LedgerEntry.objects.filter(kind=SegmentFile.KIND).values_list("position", "subject").iterator(_BATCH)
    entries = sorted(position for position, subject in found if subject in subjects)
    by = f"entr{'y' if len(entries) == 1 else 'ies'} {', '.join(f'{one:,}' for one in entries[:MOST_NAMED])}"
    more = f" and {len(entries) - MOST_NAMED:,} more" if len(entries) > MOST_NAMED else ""
    events = sum(one.records for one in segments if one.id in over)
    return f"{len(over):,} segments with {events:,} events expired by {by}{more} and are gone from the store"


def _left_over() -> list[str]:
    """Files that hold segments as they were before something was erased or expired; not those that are just going."""
    there = {one.path: one.size for one in objects().list(f"{FOLDER}/") if one.path.endswith(".parquet")}
    changed: dict[tuple[str, datetime], dict[str, datetime]] = {}
    for file in SegmentFile.objects.filter(why__in=("erased", "expired")).order_by("recorded_at").iterator(_BATCH):
        changed.setdefault((file.system, file.hour), {}).update(dict.fromkeys(dict(file.parts), file.recorded_at))
    going = set(Leaving.objects.values_list("path", flat=True))
    found: set[str] = set()
    for table in _TABLES:
        for row in table.objects.iterator(_BATCH):
            since = changed.get((row.system, row.hour), {})
            held = [row.id] if isinstance(row, Segment) else list(dict(row.parts))
            older = any(row.recorded_at < since.get(one, row.recorded_at) for one in held)
            if older and row.path in there and row.path not in going:
                found.add(row.path)
    return [f"{path} ({there[path]:,} bytes)" for path in sorted(found)]


def _strays() -> list[str]:
    """Files that no row names, and that no process is just writing."""
    before = datetime.now(UTC) - _JUST_WRITTEN
    there = [one for one in objects().list(f"{FOLDER}/") if one.path.endswith(".parquet") and one.put_at < before]
    named = {path for table in _TABLES for path in table.objects.values_list("path", flat=True)}
    return [f"{one.path} ({one.size:,} bytes)" for one in there if one.path not in named]


def _check(name: str, what: str, findings: Sequence[str], mend: str, *, worst: Outcome = "fails") -> Check:
    outcome: Outcome = worst if findings else "holds"
    return Check(
        name=name, what=what, outcome=outcome, findings=tuple(findings), mend=mend if findings else "",
    )  # fmt: skip


# Entries ------------------------------------------------------------------------------------------------------


def _ledger_problems() -> Iterator[str]:
    """Whether the leaves of all entries lead to the latest signed root."""
    head = LedgerCheckpoint.objects.order_by("-size").first()
    if head is None:
        return
    frontier = Frontier()
    leaves: list[bytes] = []
    rows = LedgerEntry.objects.filter(position__lt=head.size).order_by("position")
    for position, leaf in rows.values_list("position", "leaf").iterator(5000):
        if position != frontier.size + len(leaves):
            yield f"entry {frontier.size + len(leaves)} of the ledger is missing"
            return
        leaves.append(bytes(leaf))
        if len(leaves) == 4096:
            frontier, leaves = frontier.extended(leaves), []
    try:
        signed = open_checkpoint(head.note.encode(), VerifierKey.parse(signer().verifier_key)).checkpoint
        reached = frontier.extended(leaves)
        if (signed.size, signed.root) != (reached.size, reached.root()):
            yield f"the entries do not lead to the root that checkpoint {head.size} signs"
    except LedgerError as error:
        yield f"checkpoint {head.size}: {error}"


def _entry_problems(segments: Sequence[Segment], *, whole: bool) -> Iterator[str]:
    """Each segment and file row against its entry; `whole`: also entries whose row is gone."""
    files = list(SegmentFile.objects.order_by("recorded_at", "id"))
    rows: dict[str, Segment | SegmentFile] = {f"{Segment.KIND}/{one.id}": one for one in segments}
    rows |= {f"{SegmentFile.KIND}/{one.id}": one for one in files}
    waiting = {json.loads(bytes(header))["subject"] for header in Outbox.objects.values_list("header", flat=True)}
    told: set[str] = set()
    for entries in _entries():
        bodies = {
            position: (bytes(salt), bytes(body))
            for position, salt, body in EntryBody.objects.filter(position__in=[one[0] for one in entries]).values_list(
                "position", "salt", "body"
            )
        }
        for position, subject, header, leaf in entries:
            row = rows.get(subject)
            if row is None and not whole:
                continue
            problem = _entry_problem(row, header, leaf, bodies.get(position))
            if subject in told:
                problem = "another entry tells of it as well"
            told.add(subject)
            if problem:
                yield f"{_words(subject)}, entry {position}: {problem}"
    for subject in rows.keys() - told - waiting:
        yield f"{_words(subject)}: no entry of the ledger tells of it"


def _entries() -> Iterator[list[tuple[int, str, bytes, bytes]]]:
    kinds = [table.KIND for table in _TABLES]
    rows = LedgerEntry.objects.filter(kind__in=kinds).order_by("position")
    some: list[tuple[int, str, bytes, bytes]] = []
    for position, subject, header, leaf in rows.values_list("position", "subject", "header", "leaf").iterator(_BATCH):
        some.append((position, subject, bytes(header), bytes(leaf)))
        if len(some) == _BATCH:
            yield some
            some = []
    yield some


def _entry_problem(
    row: Segment | SegmentFile | None, header: bytes, leaf: bytes, body: tuple[bytes, bytes] | None
) -> str:
    """What is wrong between a row and the entry about it; "" if nothing is."""
    if row is None:
        return "its row is gone"
    if leaf_hash(header) != leaf:
        return "it does not hash to its leaf"
    try:
        if body is None or salted_digest(*body).hex() != json.loads(header)["body"]:
            return "its body is not the one that it commits to"
        state: Mapping[str, Any] = json.loads(body[1])["state"]
    except (ValueError, LookupError, TypeError):
        return "it cannot be read"
    # An entry may be older than a column.
    differ = [name for name, value in row.state().items() if name in state and state[name] != value]
    return f"the row has another {', '.join(differ)}" if differ else ""


def _words(subject: str) -> str:
    kind, _, name = subject.partition("/")
    return f"{'segment' if kind == Segment.KIND else 'file'} {name}"


# Files and events ---------------------------------------------------------------------------------------------


def _file_problems(places: Sequence[Located], records: int, progress: Progress) -> Iterator[str]:
    """What is wrong with each file, several at once, in their order."""
    segments = {one.segment.id: one.segment for one in places}
    done = 0
    for file, found in all_problems(_files(places), place()):
        if found:
            yield from _once_more([segments[one.id] for one in file.parts])
        done += file.records
        progress(done, records)


def _once_more(segments: Sequence[Segment]) -> list[str]:
    """What is wrong with the files of these segments, or with those that took their place meanwhile."""
    return [problem for one in _files(located(segments)) for problem in problems_of(place(), one)]


def _files(places: Sequence[Located]) -> list[File]:
    """The files that segments are in, by their paths."""
    by_path = sorted(places, key=lambda one: (one.path, one.first_row))
    return [_file(path, list(some)) for path, some in groupby(by_path, key=lambda one: one.path)]


def _file(path: str, places: Sequence[Located]) -> File:
    return File(
        path=path, sha256=places[0].sha256, alone=path == places[0].segment.path,
        parts=tuple(
            Part(id=one.segment.id, root=one.segment.root, first_row=one.first_row, records=one.records)
            for one in places
        ),
    )  # fmt: skip


# Journals -----------------------------------------------------------------------------------------------------


def _gap_problems() -> list[str]:
    """Whether the frames that segments name follow one another, and journals are said to be sealed that far."""
    taken: dict[str, set[tuple[int, int]]] = {}
    for ranges in Segment.objects.values_list("taken", flat=True).iterator(_BATCH):
        for name, start, end in ranges:
            taken.setdefault(name, set()).add((start, end))
    found = []
    ends: dict[str, int] = {}
    for name, spans in sorted(taken.items()):
        here = 0
        for start, end in sorted(spans):
            if start > here:
                found.append(f"journal {name}: bytes {here:,} to {start:,} are in no segment")
            elif start < here:
                found.append(f"journal {name}: bytes {start:,} to {min(here, end):,} are in segments twice")
            here = max(here, end)
        ends[name] = here
    for name, position in SealedTo.objects.values_list("journal", "position"):
        if ends.get(name, 0) != position:
            found.append(
                f"journal {name}: is said to be sealed to byte {position:,}, segments reach {ends.get(name, 0):,}"
            )
    return found


def _journal_problems() -> tuple[int, list[str]]:
    """How many events wait, and what is wrong with what is still in journals."""
    positions = dict(SealedTo.objects.values_list("journal", "position"))
    waiting, found = 0, []
    for path in journals(journal_folder()):
        finished = is_finished(path)
        try:
            for frame in read_frames(path, positions.get(path.name, 0)):
                waiting += frame.batch.num_rows
                if leaves_of(frame.batch) != frame.batch.column("leaf"):
                    found.append(
                        f"journal {path.name}: events from byte {frame.start:,} on do not hash to their leaves"
                    )
        except ActivityError as error:
            if finished and path.exists():  # while it grows, a frame may be seen half written
                found.append(str(error))
    return waiting, found
