"""What was acknowledged is in exactly one segment, once, whatever ends the process that seals and whenever it does."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from annexa.actions import sealer_process, sealing
from annexa.actions.errors import ConflictError
from annexa.actions.sealer_process import SealerProcess
from annexa.actions.sealing import Sealed, alone, begin_sealing, keep_sealing, seal, seal_everything
from annexa.activity.columns import events_of
from annexa.activity.journal import Journal, journals
from annexa.activity.segments import read_table
from annexa.answers.activity_store import journal_folder, objects
from annexa.answers.integrity import check_everything
from annexa.answers.segments import located
from annexa.pure.events import Event
from annexa.records import guard
from annexa.records.activity import SealedTo, Segment
from annexa.records.ledger import LedgerEntry
from annexa.vault.objects import FolderObjects
from tests.actions.test_door import check_ledger
from tests.activity.making import HOUR, SECOND, arrive, event, events, journal

NOW = datetime(2026, 12, 1, 0, 20, tzinfo=UTC)


@pytest.fixture
def folder(settings, tmp_path) -> Path:
    """Where journals are, of a home of its own."""
    settings.HOME = tmp_path
    return journal_folder()


def once(now: datetime = NOW) -> Sealed:
    """Seals everything, as a new process does."""
    return seal_everything(clock=lambda: now)


def sealed() -> list[Event]:
    """Every event in a segment."""
    found = []
    for place in located(list(Segment.objects.order_by("recorded_at", "id"))):
        table = read_table(objects().get(place.path)).slice(place.first_row, place.records)
        assert table.num_rows == place.records
        found += [e for batch in table.to_batches() for e in events_of(batch)]
    return found


def numbers(found: list[Event]) -> Counter[int]:
    return Counter(int.from_bytes(one.span_id or b"", "big") for one in found)


class Waiting:
    """How long the process that seals waits each time; the first time that it does, it is told to stop."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.seconds.append(seconds)
        return seconds > 0


def test_who_is_behind_does_not_wait(db, folder, monkeypatch) -> None:
    """Rule: while so much waits that a round is due, one follows the other at once."""
    monkeypatch.setattr(sealing, "close_old_connections", lambda: None)  # the test's own is not to be closed
    monkeypatch.setattr(sealing, "SEAL_BYTES", 1)
    monkeypatch.setattr(sealing, "seal", partial(seal, most_bytes=1))
    arrive(folder, events(0, 3), events(3, 2), events(5, 1))
    stop = Waiting()
    keep_sealing(stop=stop)  # type: ignore[arg-type]  all that is asked of it
    assert Segment.objects.count() == 3
    assert numbers(sealed()) == Counter(range(6))
    assert stop.seconds == [0, 0, 0, 0, sealing.LOOK_SECONDS]


def test_what_waits_becomes_a_segment(db, folder) -> None:
    """Its row and its entry say what the file is; the journal is gone."""
    arrive(folder, events(0, 3), events(3, 2))
    done = once()
    assert done == Sealed(segments=1, records=5, repeats=0)
    (row,) = Segment.objects.all()
    assert sealed() == events(0, 5)
    assert (row.system, row.records, row.repeats, len(row.taken)) == ("chatbot", 5, 0, 1)
    assert row.hour == datetime(2026, 12, 1, tzinfo=UTC)
    entry = LedgerEntry.objects.get(kind="activity_segment")
    assert (entry.subject, entry.actor) == (f"activity_segment/{row.id}", "annexa")
    assert journals(folder) == []
    assert not SealedTo.objects.exists()
    check_ledger()
    assert all(check.holds for check in check_everything(progress=lambda *_: None))
    assert once() == Sealed()


def test_a_journal_that_still_grows_is_sealed_as_far_as_it_reaches(db, folder) -> None:
    """And stays until its writer is done with it."""
    one = journal(folder)
    append(one, events(0, 2))
    assert once().records == 2
    append(one, events(2, 2))
    assert [path.name for path in journals(folder)] == list(SealedTo.objects.values_list("journal", flat=True))
    assert once().records == 2
    one.close()
    assert once() == Sealed()
    assert journals(folder) == []
    assert not SealedTo.objects.exists()
    assert numbers(sealed()) == dict.fromkeys(range(4), 1)


def append(one: Journal, batch: list[Event]) -> None:
    from annexa.activity.columns import batch_of

    one.append(batch_of(batch))


def test_a_segment_for_each_system_and_hour(db, folder) -> None:
    later = [event(n, received_at=HOUR + 3600 * SECOND) for n in (5, 6)]
    arrive(folder, [*events(0, 2), *events(2, 3, system="")], later)
    assert once().segments == 3
    assert sorted(Segment.objects.values_list("system", "records")) == [("", 3), ("chatbot", 2), ("chatbot", 2)]
    assert {row.path.rsplit("/", 1)[0] for row in Segment.objects.all()} == {
        "activity/_quarantine/2026-12-01/00", "activity/chatbot/2026-12-01/00", "activity/chatbot/2026-12-01/01",
    }  # fmt: skip
    assert len({tuple(map(tuple, row.taken)) for row in Segment.objects.all()}) == 1


def test_memory_is_bounded_by_sealing_a_part_at_a_time(db, folder) -> None:
    arrive(folder, *(events(n * 10, 10) for n in range(4)))
    sealer = begin_sealing(now=NOW)
    rounds = [seal(sealer=sealer, now=NOW, most_bytes=1) for _ in range(5)]
    assert [one.records for one in rounds] == [10, 10, 10, 10, 0]
    assert numbers(sealed()) == dict.fromkeys(range(40), 1)


# --- repeats


def test_what_came_again_is_left_out_and_counted(db, folder) -> None:
    """Within a segment, in a later one, and by a sealer that was started since."""
    arrive(folder, events(0, 4), events(1, 2))
    assert once() == Sealed(segments=1, records=4, repeats=2)
    arrive(folder, [*events(3, 3, received_at=HOUR + 60 * SECOND)])
    assert once(NOW + timedelta(minutes=1)) == Sealed(segments=1, records=2, repeats=1)
    arrive(folder, events(0, 4))
    assert once(NOW + timedelta(minutes=2)) == Sealed(segments=1, records=0, repeats=4)
    arrive(folder, events(0, 1, outcome="error"))
    assert once(NOW + timedelta(minutes=3)) == Sealed(segments=1, records=1, repeats=0)
    assert numbers(sealed()) == {0: 2, 1: 1, 2: 1, 3: 1, 4: 1, 5: 1}
    assert check_ledger() == 4


def test_a_repeat_over_the_hour_is_known(db, folder) -> None:
    arrive(folder, events(0, 3), [event(n, received_at=HOUR + 3600 * SECOND) for n in range(4)])
    assert once() == Sealed(segments=2, records=4, repeats=3)


# --- what ends a process


class Killed(BaseException):
    """Stands for SIGKILL: nobody handles it."""


def _before(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, *, after: bool = False) -> None:
    """The process ends before (or after) it calls something."""
    real: Callable[..., object] = getattr(owner, name)

    def call(*args: object, **kwargs: object) -> object:
        if after:
            real(*args, **kwargs)
        raise Killed

    monkeypatch.setattr(owner, name, call)


STEPS: dict[str, tuple[object, str, bool]] = {
    "before the file": (FolderObjects, "put", False),
    "after the file": (FolderObjects, "put", True),
    "in the transaction": (sealing, "_require_alone", True),
    "after the rows, in the transaction": (SealedTo.objects, "bulk_create", True),
    "before a journal is removed": (Path, "unlink", False),
    "after a journal is removed": (sealing, "_sync", False),
    "before its position is forgotten": (sealing, "_forget", False),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_process_that_ends_there_loses_and_doubles_nothing(db, folder, monkeypatch, step) -> None:
    """Two journals and two systems, so that there is something between one and the other."""
    arrive(folder, events(0, 6), events(6, 3, system=""))
    arrive(folder, events(9, 5))
    with monkeypatch.context() as patched:
        _before(patched, *STEPS[step][:2], after=STEPS[step][2])
        with pytest.raises(Killed):
            once()
    once(NOW + timedelta(seconds=5))
    assert numbers(sealed()) == dict.fromkeys(range(14), 1)
    assert journals(folder) == []
    assert not SealedTo.objects.exists()
    named = set(Segment.objects.values_list("path", flat=True))
    assert {one.path for one in objects().list("activity/")} == named
    assert sum(Segment.objects.values_list("repeats", flat=True)) == 0
    check_ledger()
    assert all(check.holds for check in check_everything(progress=lambda *_: None))


def test_a_torn_frame_at_the_end_is_passed_over(db, folder) -> None:
    """A killed server left it; nobody was told that it arrived."""
    arrive(folder, events(0, 2))
    (path,) = journals(folder)
    with path.open("ab") as stream:
        stream.write(b"AXJ1\0\0")
    assert once().records == 2
    assert journals(folder) == []


def test_a_damaged_journal_stays_and_the_others_are_sealed(db, folder) -> None:
    """What is before the damage is sealed; the file is kept for whoever mends it."""
    arrive(folder, events(0, 2), events(2, 2), events(4, 2))
    arrive(folder, events(6, 2))
    damaged = journals(folder)[0]
    data = bytearray(damaged.read_bytes())
    data[len(data) // 2] ^= 1
    damaged.write_bytes(data)
    once()
    once()
    assert numbers(sealed()) == dict.fromkeys((0, 1, 6, 7), 1)
    assert journals(folder) == [damaged]


def test_positions_that_were_lost_are_known_from_segments(db, folder) -> None:
    """An installation that was made again from its ledger goes on where it stood."""
    one = journal(folder)
    append(one, events(0, 3))
    now = datetime.now(UTC)
    once(now)
    with guard.opened():
        SealedTo.objects.all().delete()
    append(one, events(3, 2))
    assert once(now).records == 2
    assert numbers(sealed()) == dict.fromkeys(range(5), 1)
    assert sum(Segment.objects.values_list("repeats", flat=True)) == 0


def test_two_never_seal_at_once(db, folder) -> None:
    """By a lock; and should the disk know none, by the positions in the database."""
    arrive(folder, events(0, 3))
    with alone(folder), pytest.raises(ConflictError, match="seals already"):
        once()
    one, two = begin_sealing(now=NOW), begin_sealing(now=NOW)
    seal(sealer=one, now=NOW)
    arrive(folder, events(3, 3))
    two.positions.clear()
    grown = journal(folder)
    append(grown, events(6, 1))
    seal(sealer=one, now=NOW)
    with pytest.raises(ConflictError, match="Another process"):
        seal(sealer=two, now=NOW)
    assert numbers(sealed()) == dict.fromkeys(range(7), 1)


# --- the process


def run(home: Path, *words: str) -> subprocess.Popen[str]:
    """A command, on a home."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANNEXA_")}
    return subprocess.Popen(
        [sys.executable, "-m", "annexa.cli.main", *words],
        env={**environment, "ANNEXA_HOME": str(home), "DJANGO_SETTINGS_MODULE": "annexa.settings"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_a_sealer_that_is_killed_again_and_again_loses_nothing(tmp_path) -> None:
    """With SIGKILL, at moments of its own; at the end everything is there once."""
    prepared = "import django; django.setup(); from annexa.cli.serve import prepare; prepare()"
    environment = {**os.environ, "ANNEXA_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", prepared], env=environment, check=True, timeout=120)
    folder, first = tmp_path / "activity" / "journal", 0
    for turn in range(3):
        arrive(folder, *(events(first + 40 * n, 40) for n in range(3)))
        first += 120
        with run(tmp_path, "logs", "seal", "--once") as process:
            assert process.stderr is not None
            if turn < 2:
                waits_for(
                    lambda: any((tmp_path / "store" / "activity").rglob("*.parquet")) or process.poll() is not None
                )
                process.send_signal(signal.SIGKILL)
    with run(tmp_path, "logs", "seal", "--once") as process:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert journals(folder) == []
    with run(tmp_path, "ledger", "verify") as process:
        out, said = process.communicate(timeout=60)
        assert process.returncode == 0, out + said


def waits_for(true: Callable[[], bool]) -> None:
    """Until it is so."""
    import time

    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_nothing_is_started_before_something_arrived(db, folder, monkeypatch) -> None:
    """And then one process, again only when something new is there."""
    started = []

    class Ended:
        returncode = 0

        def __init__(self, command: list[str], **more: object) -> None:
            started.append(command[-4:])

        def poll(self) -> int:
            return 0

    monkeypatch.setattr(subprocess, "Popen", Ended)
    process = SealerProcess()
    process.look()
    assert started == []
    arrive(folder, events(0, 1))
    with alone(folder):
        process.look()
        assert started == [], "another process seals"
    process.look()
    assert started == [["logs", "seal", "--parent", str(os.getpid())]]
    process.look()
    process.look()
    assert len(started) == 1
    arrive(folder, events(1, 1))
    process.look()
    assert len(started) == 2


def test_a_sealer_that_failed_is_not_started_again_at_once(db, folder, monkeypatch) -> None:
    """Starting costs more than looking: on a full disk it would take the processor from whoever frees it."""
    started = []

    class Failed:
        returncode = 1

        def __init__(self, command: list[str], **more: object) -> None:
            started.append(command)

        def poll(self) -> int:
            return 1

    monkeypatch.setattr(subprocess, "Popen", Failed)
    arrive(folder, events(0, 1))
    process = SealerProcess()
    process.look()
    process.look()
    process.look()
    assert len(started) == 1
    monkeypatch.setattr(sealer_process, "AGAIN_SECONDS", 0.0)
    process.look()
    assert len(started) == 2
