"""Whatever is changed in the activity log is named: the event, the file, the entry or the journal."""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from django.db import connection

from annexa.actions.sealing import seal_everything
from annexa.activity.journal import journals
from annexa.activity.segments import mark_of, read_table, written
from annexa.answers import activity_integrity, activity_recomputing
from annexa.answers.activity_integrity import check_activity
from annexa.answers.activity_store import journal_folder, objects
from annexa.answers.segments import located
from annexa.records import guard
from annexa.records.activity import SealedTo, Segment
from tests.activity.making import arrive, events
from tests.answers.dying import dies

NOW = datetime(2026, 12, 1, 0, 20, tzinfo=UTC)
_PROTECTION = import_module("annexa.records.migrations.0002_ledger_is_append_only")


@dataclass(kw_only=True)
class Log:
    """Two segments of five events each; the first of the chatbot, the second of the ranking."""

    folder: Path
    first: Segment
    second: Segment

    def file(self, segment: Segment) -> Path:
        """Where a segment is."""
        return Path(objects().address(segment.path))

    def write(self, segment: Segment, data: bytes) -> None:
        """Puts other bytes in the place of a segment."""
        path = self.file(segment)
        path.chmod(0o644)
        path.write_bytes(data)

    def rewrite(self, segment: Segment, change: Callable[[pa.Table], pa.Table]) -> None:
        """Writes a segment's file anew with other events, as a program that knows the format would."""
        data = self.file(segment).read_bytes()
        self.write(segment, bytes(written(change(read_table(data)), mark_of(data))))

    def sql(self, statement: str, *values: object) -> None:
        """Writes into the database directly, as its owner can."""
        self._run(statement, values)

    def unprotected(self) -> None:
        """Removes what makes the database refuse to change the ledger."""
        editor = SimpleNamespace(connection=connection, execute=lambda sql, params=(): self._run(sql, params))
        _PROTECTION.unprotect(None, editor)

    def _run(self, statement: str, values: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)

    def seal_in(self, segment: Segment) -> None:
        """Gives the row of a segment the digest and size of what is in its file now."""
        data = self.file(segment).read_bytes()
        with guard.opened():
            Segment.objects.filter(id=segment.id).update(sha256=hashlib.sha256(data).hexdigest(), size=len(data))


@pytest.fixture
def log(db, settings, tmp_path) -> Log:
    settings.HOME = tmp_path
    arrive(journal_folder(), events(0, 5), events(5, 5, system="ranking"))
    seal_everything(clock=lambda: NOW)
    first, second = Segment.objects.order_by("system")
    return Log(folder=journal_folder(), first=first, second=second)


def found(**asked: Any) -> list[str]:
    """Everything that does not hold, with notes."""
    return [f"{one.name}: {line}" for one in check_activity(progress=lambda *_: None, **asked) for line in one.findings]


def named(*parts: str, **asked: Any) -> None:
    """One finding has all these words, its check fails, and says what to do next."""
    checks = check_activity(progress=lambda *_: None, **asked)
    for one in checks:
        if any(all(part in line for part in parts) for line in one.findings):
            assert (one.outcome, bool(one.mend)) == ("fails", True)
            return
    raise AssertionError(found(**asked))


def test_it_holds(log) -> None:
    """Every check says what it looked at; how far it is, is told in events."""
    arrive(log.folder, events(20, 3))
    told: list[tuple[int, int]] = []
    checks = check_activity(progress=lambda done, total: told.append((done, total)))
    assert [one.outcome for one in checks] == ["holds"] * 6
    assert "2 segments" in checks[0].what
    assert "10 events in 2 files" in checks[1].what
    assert "3 events wait" in checks[4].what
    assert told[-1] == (10, 10)
    assert "5 events in 1 files" in check_activity(progress=lambda *_: None, system="ranking")[1].what
    later = check_activity(progress=lambda *_: None, since=NOW + timedelta(days=1))
    assert "0 events in 0 files" in later[1].what


# --- files


@pytest.mark.parametrize("at", [10, 400, -300, -10])
def test_a_flipped_byte(log, at: int) -> None:
    """Anywhere in a file: its digest is another one, and the file is named."""
    data = bytearray(log.file(log.first).read_bytes())
    data[at] ^= 1
    log.write(log.first, bytes(data))
    named(log.first.path, "SHA-256")


def test_a_changed_event_is_named(log) -> None:
    """Even where the file is whole and the row in the database was made to fit."""

    def change(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index("output")
        said = table.column("output").to_pylist()
        return table.set_column(place, "output", pa.array([*said[:3], "Something else", *said[4:]]))

    log.rewrite(log.first, change)
    named(log.first.path, f"event 3 of segment {log.first.id} was changed", "span_id 0000000000000003")
    named(log.first.path, "SHA-256")
    log.seal_in(log.first)
    named(f"event 3 of segment {log.first.id} was changed")
    named(f"segment {log.first.id}, entry", "the row has another sha256, size")
    assert not any("ranking" in line for line in found())


def test_a_changed_event_with_a_leaf_to_match(log) -> None:
    """Who also writes the leaf anew does not reach the root that is in the ledger."""
    from annexa.activity.columns import leaves_of

    def change(table: pa.Table) -> pa.Table:
        table = table.set_column(table.schema.get_field_index("cost"), "cost", pa.array([1.0] * 5))
        return table.set_column(
            table.schema.get_field_index("leaf"), "leaf", leaves_of(table.combine_chunks().to_batches()[0])
        )

    log.rewrite(log.first, change)
    log.seal_in(log.first)
    named(log.first.path, f"do not lead to the root of segment {log.first.id}")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (lambda table: table.slice(0, 4), "has 4 events, 5 were sealed"),
        (lambda table: pa.concat_tables([table, table.slice(2, 1)]), "has 6 events, 5 were sealed"),
        (lambda table: table.take([1, 0, 2, 3, 4]), "do not lead to the root"),
    ],
    ids=["dropped", "added", "in another order"],
)
def test_events_dropped_added_or_moved(log, how, said) -> None:
    log.rewrite(log.first, how)
    log.seal_in(log.first)
    named(log.first.path, said)


def test_segments_swapped(log) -> None:
    """Each says whose it is."""
    one, two = log.file(log.first).read_bytes(), log.file(log.second).read_bytes()
    log.write(log.first, two)
    log.write(log.second, one)
    named(log.first.path, "SHA-256", f"it says it is segment {log.second.id}")
    named(log.second.path, "SHA-256", f"it says it is segment {log.first.id}")


def test_a_file_is_missing(log) -> None:
    log.file(log.second).unlink()
    named(log.second.path, "5 events", log.second.id, "is not there")


@pytest.mark.parametrize("data", [b"", b"PAR1", b"<html>"])
def test_a_file_of_something_else(log, data: bytes) -> None:
    log.write(log.first, data)
    named(log.first.path, "cannot be read")


def test_a_file_that_nobody_sealed(log, monkeypatch) -> None:
    """It proves nothing and nobody reads it: a note, once no process can be writing it any more."""
    data = log.file(log.first).read_bytes()
    objects().put("activity/chatbot/2026-12-01/00/other.parquet", data)
    assert found() == []
    monkeypatch.setattr(activity_integrity, "_JUST_WRITTEN", timedelta(0))
    (said,) = found()
    assert said.startswith("store: activity/chatbot/2026-12-01/00/other.parquet")
    assert all(check.holds for check in check_activity(progress=lambda *_: None))


# --- rows, entries, journals


def test_a_row_without_an_entry(log) -> None:
    with guard.opened():
        row = Segment.objects.get(id=log.first.id)
        row.id, row.path = "made-up", row.path.replace("parquet", "p2.parquet")
        objects().put(row.path, log.file(log.first).read_bytes())
        row.save(force_insert=True)
    named("segment made-up: no entry of the ledger tells of it")


def test_an_entry_without_its_row(log) -> None:
    """Whoever removes a segment from the tables does not remove it from the ledger."""
    with guard.opened():
        Segment.objects.filter(id=log.second.id).delete()
    named(f"segment {log.second.id}, entry", "its row is gone")


def test_a_changed_entry(log) -> None:
    """A body that says another root; a leaf that does not lead to the signed checkpoint."""
    body = json.dumps({"state": {**log.first.state(), "root": "00" * 32}}).encode()
    log.unprotected()
    place = "(SELECT position FROM records_ledgerentry WHERE subject = %s)"
    subject = f"activity_segment/{log.first.id}"
    log.sql(f"UPDATE records_entrybody SET body = %s WHERE position = {place}", body, subject)  # noqa: S608
    named(f"segment {log.first.id}, entry", "its body is not the one that it commits to")
    log.sql("UPDATE records_ledgerentry SET leaf = %s WHERE subject = %s", bytes(32), subject)
    named(f"segment {log.first.id}, entry", "does not hash to its leaf")
    named("the entries do not lead to the root")


def test_frames_that_are_in_no_segment_or_in_two(log) -> None:
    (name, _, end) = log.first.taken[0]
    with guard.opened():
        for row in Segment.objects.all():
            row.taken = [[name, 100, end]]
            row.save()
    named(f"journal {name}: bytes 0 to 100 are in no segment")
    with guard.opened():
        row.taken = [[name, 0, 200]]
        row.save()
    named(f"journal {name}: bytes 100 to 200 are in segments twice")


def test_a_journal_that_is_said_to_be_sealed_further_than_it_is(log) -> None:
    """So that what waits would be passed over."""
    arrive(log.folder, events(30, 2))
    (path,) = journals(log.folder)
    with guard.opened():
        SealedTo.objects.create(journal=path.name, position=path.stat().st_size)
    named(f"journal {path.name}: is said to be sealed to byte")


def test_a_damaged_journal(log) -> None:
    """By a bit that flipped, or by somebody who knows the format: the leaves convict him."""
    arrive(log.folder, events(30, 2), events(32, 2))
    (path,) = journals(log.folder)
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    named(path.name, "damaged at byte 0")


def test_a_journal_rewritten(log) -> None:
    from annexa.activity.columns import batch_of
    from annexa.activity.journal import frame_of

    arrive(log.folder, events(30, 2))
    (path,) = journals(log.folder)
    batch = batch_of(events(30, 2))
    place = batch.schema.get_field_index("output")
    batch = batch.set_column(place, batch.schema.field(place), pa.array(["Better", "Best"]))
    path.write_bytes(frame_of(batch))
    named(path.name, "do not hash to their leaves")


def test_the_command_says_it(log, capsys) -> None:
    """Exit code 0 while everything holds, 1 once something does not."""
    from annexa.cli.main import main

    assert main(["logs", "verify"]) == 0
    assert main(["logs", "verify", "--since", "2026-12-02", "--system", "ranking"]) == 0
    log.file(log.first).unlink()
    capsys.readouterr()
    assert main(["logs", "verify"]) == 1
    out = capsys.readouterr().out
    assert "FAILS  10 events" in out
    assert log.first.path in out
    assert "Next: " in out


def test_every_file_is_read_in_bounded_memory(log, monkeypatch) -> None:
    """No more files are held than there are processors to work on them."""
    held: set[str] = set()
    most = 0
    real = activity_recomputing._event_problems

    def watched(file: Any, data: bytes) -> list[str]:
        nonlocal most
        held.add(file.path)
        most = max(most, len(held))
        try:
            return real(file, data)
        finally:
            held.discard(file.path)

    monkeypatch.setattr(activity_recomputing, "_event_problems", watched)
    monkeypatch.setattr(activity_recomputing, "processors", lambda: 1)
    assert found() == []
    assert most == 1


def test_processes_find_the_same_in_the_same_order(log, monkeypatch) -> None:
    """Rule: however a large log is worked out, what is said of it is the same."""
    for number in range(4):
        arrive(journal_folder(), events(20 + 5 * number, 5))
        seal_everything(clock=lambda n=number: NOW + timedelta(minutes=n + 1))
    for place in located(list(Segment.objects.order_by("id")))[::2]:
        file = Path(objects().address(place.path))
        file.chmod(0o644)
        file.write_bytes(file.read_bytes()[:-1] + b"?")
    in_threads = found()
    assert len(in_threads) >= 3
    begun = []
    real = activity_recomputing.ProcessPoolExecutor

    def watched(*args: Any, **more: Any) -> Any:
        begun.append(args)
        return real(*args, **more)

    monkeypatch.setattr(activity_recomputing, "ProcessPoolExecutor", watched)
    monkeypatch.setattr(activity_recomputing, "PROCESSES_FROM", 30)
    monkeypatch.setattr(activity_recomputing, "processors", lambda: 2)
    told: list[tuple[int, int]] = []
    checks = check_activity(progress=lambda *said: told.append(said))
    assert [f"{one.name}: {line}" for one in checks for line in one.findings] == in_threads
    assert begun == [(2,)]
    assert told == sorted(told)
    assert told[-1] == (30, 30)


def test_where_a_process_is_killed_its_work_is_done_here() -> None:
    """Rule: a machine short of memory verifies slower, and no file goes unread."""
    part = activity_recomputing.Part(id="s", root="", first_row=0, records=1)
    files = [
        activity_recomputing.File(path=path, sha256="", alone=True, parts=(part,))
        for path in ("first", "second", "third", "fourth", "fifth")
    ]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        done = list(activity_recomputing._in_order(pool, dies, files, 2))
    assert [said for _, (said,) in done] == [f"{one.path} was worked out" for one in files]
