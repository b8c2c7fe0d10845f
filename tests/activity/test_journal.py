"""What a journal acknowledged is on the disk, whatever happens to the process, the file or the disk."""

import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from annexa.activity import BacklogError, JournalError
from annexa.activity import journal as journal_module
from annexa.activity.columns import batch_of, events_of
from annexa.activity.journal import Journal, frame_of, is_finished, journals, read_frames, waiting_bytes
from annexa.pure.events import Event

MIB = 1024 * 1024


def events(*names: str) -> list[Event]:
    return [Event(at=1, received_at=2, name=name, input="x" * 200) for name in names]


def journal_in(folder: Path, backlog: int = 64 * MIB, spare: int = 0) -> Journal:
    return Journal(folder=folder / "journal", backlog_bytes=backlog, spare_bytes=spare)


def kept(folder: Path) -> list[str | None]:
    return [e.name for path in journals(folder / "journal") for f in read_frames(path) for e in events_of(f.batch)]


def test_what_was_appended_is_read_again(tmp_path: Path) -> None:
    """In order, also by another process while it still grows, and from a place in the middle."""
    one = journal_in(tmp_path)
    one.append(batch_of(events("a", "b")))
    one.append(batch_of(events("c")))
    assert kept(tmp_path) == ["a", "b", "c"]
    (path,) = journals(tmp_path / "journal")
    first = next(read_frames(path))
    assert [e.name for f in read_frames(path, first.end) for e in events_of(f.batch)] == ["c"]
    assert not is_finished(path)
    one.close()
    assert is_finished(path)
    assert waiting_bytes(tmp_path / "journal") == path.stat().st_size


def test_a_full_journal_gets_a_successor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the sealer can remove what it has sealed."""
    monkeypatch.setattr(journal_module, "FULL_BYTES", 1)
    one = journal_in(tmp_path)
    for name in "abc":
        one.append(batch_of(events(name)))
    assert len(journals(tmp_path / "journal")) == 3
    assert kept(tmp_path) == ["a", "b", "c"]


def test_many_threads_append_at_once(tmp_path: Path) -> None:
    """Nothing is lost or torn where several write."""
    one = journal_in(tmp_path)
    threads = [
        threading.Thread(target=lambda n=n: [one.append(batch_of(events(f"{n}-{i}"))) for i in range(20)])
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(kept(tmp_path), key=str) == sorted(f"{n}-{i}" for n in range(6) for i in range(20))


@pytest.mark.parametrize("cut", [1, 5, 11, 12, 400])
def test_a_torn_end_was_never_acknowledged(tmp_path: Path, cut: int) -> None:
    """A process that was killed while it wrote leaves a part of a frame; what is before it counts."""
    one = journal_in(tmp_path)
    one.append(batch_of(events("a")))
    one.close()
    (path,) = journals(tmp_path / "journal")
    with path.open("ab") as stream:
        stream.write(frame_of(batch_of(events("b")))[:cut])
    assert kept(tmp_path) == ["a"]


def test_damage_before_the_end_is_said(tmp_path: Path) -> None:
    """Records that were acknowledged are not passed over in silence."""
    one = journal_in(tmp_path)
    one.append(batch_of(events("a")))
    one.append(batch_of(events("b")))
    one.close()
    (path,) = journals(tmp_path / "journal")
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    path.write_bytes(data)
    with pytest.raises(JournalError, match="damaged at byte 0"):
        kept(tmp_path)


def test_too_much_waiting_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    """Senders come again later; memory and disk stay bounded."""
    one = journal_in(tmp_path, backlog=10_000)
    one.append(batch_of(events("a")))
    with pytest.raises(BacklogError):
        one.append(batch_of(events(*"abcdefgh" * 10)))
    assert kept(tmp_path) == ["a"]
    with pytest.raises(BacklogError, match="nearly full"):
        journal_in(tmp_path, spare=10**18).append(batch_of(events("a")))


def test_a_disk_that_is_full_loses_nothing(tmp_path: Path) -> None:
    """A file that may not grow stands for a full disk: the batch is refused whole, later ones are taken again."""
    one = journal_in(tmp_path)
    one.append(batch_of(events("a")))
    size = waiting_bytes(tmp_path / "journal")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, before[1]))
        with pytest.raises(JournalError, match="cannot be written"):
            one.append(batch_of(events("b")))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    one.append(batch_of(events("c")))
    assert kept(tmp_path) == ["a", "c"]


def test_a_journal_that_cannot_be_begun_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Senders try again every few seconds while a disk is full: each try would leave a file."""

    def full(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    one = journal_in(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(journal_module, "_sync_folder", full)
        with pytest.raises(JournalError, match="begun: No space left on device"):
            one.append(batch_of(events("a")))
    assert list((tmp_path / "journal").iterdir()) == []
    one.append(batch_of(events("b")))
    assert kept(tmp_path) == ["b"]


def test_a_sync_that_fails_acknowledges_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After it a new journal begins: what the disk holds of the old one is unknown."""
    one = journal_in(tmp_path)
    one.append(batch_of(events("a")))

    def fails(file: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", fails)
        with pytest.raises(JournalError, match="Input/output error"):
            one.append(batch_of(events("b")))
    one.append(batch_of(events("c")))
    assert len(journals(tmp_path / "journal")) == 2
    assert [name for name in kept(tmp_path) if name != "b"] == ["a", "c"]


def test_a_killed_process_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    """Every name that was printed after an append is in the journal, once."""
    script = (
        "import sys; from pathlib import Path\n"
        "from tests.activity.test_journal import events, journal_in\n"
        "from annexa.activity.columns import batch_of\n"
        "one = journal_in(Path(sys.argv[1]))\n"
        "for i in range(100000):\n    one.append(batch_of(events(str(i)))); print(i, flush=True)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline().strip() for _ in range(25)]
        process.send_signal(signal.SIGKILL)
        told += process.stdout.read().split()
    names = kept(tmp_path)
    assert set(told) <= set(names)
    assert len(names) == len(set(names))
    assert all(is_finished(path) for path in journals(tmp_path / "journal"))
