"""Evidence bytes: wholly there or not at all, and never given out changed."""

import hashlib
import io
import os
import random
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import Workbook

from annexa.vault.blobs import (
    INLINE_TYPES,
    SNIFF_BYTES,
    Blob,
    BlobForgedError,
    BlobMissingError,
    Blobs,
    BlobTooLargeError,
    sniff_type,
)
from annexa.vault.durable import at_once

LIMIT = 64 << 20
LARGE = b"0123456789abcdef" * (600_000)  # more than is held in memory
FAR_FUTURE = datetime(2999, 1, 1, tzinfo=UTC)


class Unseekable(io.RawIOBase):
    """A stream as it comes from a network: read once, length unknown, in parts of any size."""

    def __init__(self, data: bytes) -> None:
        """`data`: what it gives."""
        self._rest = io.BytesIO(data)

    def readable(self) -> bool:
        """It can be read."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """At most 1,000 bytes at a time."""
        return self._rest.read(min(size, 1000))


def files_in(folder: Path) -> list[Path]:
    """Every file below a folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    """An empty store."""
    return Blobs(tmp_path)


class TestSynced:
    """What survives a power cut, and from when on."""

    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What the system was asked to bring to the disk."""
        asked: list[str] = []
        monkeypatch.setattr(os, "fsync", lambda _: asked.append("one"))
        monkeypatch.setattr(os, "sync", lambda: asked.append("all"))
        return asked

    def test_each_is_on_the_disk_before_it_is_acknowledged(self, blobs: Blobs, asked: list[str]) -> None:
        """The file, and every folder above it."""
        blobs.put(b"evidence", limit_bytes=LIMIT)
        assert asked == ["one"] * 5

    def test_at_once_they_are_at_the_end(self, blobs: Blobs, asked: list[str]) -> None:
        """Once for all of them; afterwards each one again."""
        with at_once():
            kept = [blobs.put(b"evidence %d" % n, limit_bytes=LIMIT) for n in range(3)]
            assert asked == []
        assert asked == ["all"]
        assert all(blobs.has(blob.sha256) for blob in kept)
        blobs.put(b"one more", limit_bytes=LIMIT)
        assert asked[1:] == ["one"] * 5


class TestPutAndOpen:
    """Keeping and giving out."""

    @pytest.mark.parametrize("data", [b"", b"evidence", LARGE], ids=["empty", "small", "large"])
    def test_it_works(self, blobs: Blobs, tmp_path: Path, data: bytes) -> None:
        """Bytes are kept under their digest, read-only, and come back as they were."""
        sha256 = hashlib.sha256(data).hexdigest()
        assert blobs.put(data, limit_bytes=LIMIT) == Blob(sha256=sha256, size=len(data))
        with blobs.open_checked(sha256) as stream:
            assert stream.read() == data
        path = tmp_path / "blobs" / sha256[:2] / sha256[2:4] / sha256
        assert files_in(tmp_path) == [path]
        assert path.stat().st_mode & 0o777 & ~0o444 == 0
        assert blobs.has(sha256)

    def test_a_stream_gives_the_same_as_its_bytes(self, blobs: Blobs, tmp_path: Path) -> None:
        """Putting twice, as stream and as bytes, keeps one file."""
        from_stream = blobs.put(Unseekable(b"evidence" * 1000), limit_bytes=LIMIT)  # type: ignore[arg-type]
        assert blobs.put(b"evidence" * 1000, limit_bytes=LIMIT) == from_stream
        assert len(files_in(tmp_path)) == 1

    def test_many_at_once(self, blobs: Blobs, tmp_path: Path) -> None:
        """Several threads that keep the same and different bytes do not disturb each other."""

        def keep(number: int) -> None:
            for data in (b"same", b"own %d" % number):
                blobs.put(data, limit_bytes=LIMIT)

        threads = [threading.Thread(target=keep, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(files_in(tmp_path)) == 9

    @pytest.mark.parametrize("data", [b"evidence", LARGE], ids=["small", "large"])
    def test_forged_bytes_are_withheld(self, blobs: Blobs, tmp_path: Path, data: bytes) -> None:
        """One changed byte at the very end, and nothing is given out; the sentence names both digests, no path."""
        sha256 = blobs.put(data, limit_bytes=LIMIT).sha256
        (path,) = files_in(tmp_path)
        path.chmod(0o600)
        path.write_bytes(data[:-1] + b"!")
        with pytest.raises(BlobForgedError) as raised:
            blobs.open_checked(sha256)
        assert (raised.value.expected, raised.value.found) == (
            sha256,
            hashlib.sha256(data[:-1] + b"!").hexdigest(),
        )
        assert sha256 in str(raised.value)
        assert str(tmp_path) not in str(raised.value)

    def test_putting_the_true_bytes_again_mends_a_forged_file(self, blobs: Blobs, tmp_path: Path) -> None:
        """Whoever still has the evidence can restore it."""
        sha256 = blobs.put(b"evidence", limit_bytes=LIMIT).sha256
        (path,) = files_in(tmp_path)
        path.chmod(0o600)
        path.write_bytes(b"forged")
        blobs.put(b"evidence", limit_bytes=LIMIT)
        assert blobs.open_checked(sha256).read() == b"evidence"

    @pytest.mark.parametrize("sha256", ["0" * 64, "", "../../etc/passwd", "A" * 64, "0" * 64 + "\n"])
    def test_what_is_not_there(self, blobs: Blobs, sha256: str) -> None:
        """An unknown digest, and anything that is not a digest, is missing; no path is made of it."""
        blobs.put(b"evidence", limit_bytes=LIMIT)
        assert not blobs.has(sha256)
        with pytest.raises(BlobMissingError):
            blobs.open_checked(sha256)


class TestLimits:
    """Nothing too large is kept."""

    def test_the_limit_itself_is_allowed(self, blobs: Blobs) -> None:
        """The limit is inclusive."""
        assert blobs.put(b"12345", limit_bytes=5).size == 5

    def test_too_large_bytes_leave_nothing(self, blobs: Blobs, tmp_path: Path) -> None:
        """Both sizes are told and the disk is as before."""
        with pytest.raises(BlobTooLargeError, match=r"9,600,000 bytes; the limit is 1,000 bytes") as raised:
            blobs.put(LARGE, limit_bytes=1000)
        assert (raised.value.seen_bytes, raised.value.limit_bytes) == (len(LARGE), 1000)
        assert files_in(tmp_path) == []

    def test_a_stream_without_end_is_stopped(self, blobs: Blobs, tmp_path: Path) -> None:
        """What cannot tell its size is refused as soon as it is over the limit."""
        with pytest.raises(BlobTooLargeError) as raised:
            blobs.put(Unseekable(LARGE), limit_bytes=2500)  # type: ignore[arg-type]
        assert raised.value.seen_bytes == 3000
        assert files_in(tmp_path) == []

    def test_a_stream_that_breaks_leaves_nothing(self, blobs: Blobs, tmp_path: Path) -> None:
        """A lost connection is the sender's error, and the disk is as before."""

        class Broken(Unseekable):
            """Gives one part, then fails."""

            def read(self, size: int = -1, /) -> bytes:
                """The first part, or the failure."""
                if part := super().read(size):
                    return part
                raise ConnectionResetError

        with pytest.raises(ConnectionResetError):
            blobs.put(Broken(b"part"), limit_bytes=LIMIT)  # type: ignore[arg-type]
        assert files_in(tmp_path) == []


class TestSweep:
    """What killed processes left is removed."""

    def test_only_old_leftovers_go(self, blobs: Blobs, tmp_path: Path) -> None:
        """An upload still running is younger than the instant and stays; finished evidence always stays."""
        kept = blobs.put(b"evidence", limit_bytes=LIMIT).sha256
        incoming = tmp_path / "blobs" / ".incoming"
        instant = datetime(2026, 8, 2, tzinfo=UTC)
        for name, age in (("old", timedelta(days=2)), ("young", timedelta(0))):
            (incoming / name).write_bytes(b"part")
            stamp = (instant - age).timestamp()
            os.utime(incoming / name, (stamp, stamp))
        assert blobs.sweep(older_than=instant) == 1
        assert [path.name for path in files_in(tmp_path)] == ["young", kept]

    def test_an_empty_store_has_nothing_to_sweep(self, blobs: Blobs) -> None:
        """Sweeping before the first upload is no error."""
        assert blobs.sweep(older_than=FAR_FUTURE) == 0


FEED = """
import os, random, sys
from pathlib import Path
from annexa.vault.blobs import Blobs
blobs, dice = Blobs(Path(sys.argv[1])), random.Random(int(sys.argv[2]))
print("ready", flush=True)
while True:
    blobs.put(dice.randbytes(dice.choice((0, 10, 5_000, 300_000, 3_000_000))), limit_bytes=10**7)
"""


class TestKilled:
    """A process killed while it writes leaves only whole evidence readable."""

    @pytest.fixture
    def feeders(self, tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
        """Processes that put bytes until they are killed."""
        started = [
            subprocess.Popen([sys.executable, "-c", FEED, str(tmp_path), str(seed)], stdout=subprocess.PIPE, text=True)
            for seed in range(3)
        ]
        yield started
        for process in started:
            process.kill()
            process.communicate()

    def test_killed_at_random_moments(self, feeders: list[subprocess.Popen[str]], tmp_path: Path) -> None:
        """Whatever is stored is intact, and the rest can be swept away."""
        dice = random.Random(20261121)
        for process in feeders:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=dice.uniform(0.05, 0.3))
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
        self.check_store(tmp_path)

    def test_killed_in_the_middle_of_a_file(self, tmp_path: Path) -> None:
        """The half that had arrived is never seen under a name."""
        program = (
            "import io, os, signal, sys\n"
            "from pathlib import Path\n"
            "from annexa.vault.blobs import Blobs\n"
            "class Fatal(io.BytesIO):\n"
            "    def read(self, size=-1):\n"
            "        part = super().read(size)\n"
            "        return part or os.kill(os.getpid(), signal.SIGKILL)\n"
            "blobs = Blobs(Path(sys.argv[1]))\n"
            "blobs.put(b'whole', limit_bytes=100)\n"
            "blobs.put(Fatal(bytes(3_000_000)), limit_bytes=10**7)\n"
        )
        ended = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
        assert ended.returncode == -signal.SIGKILL
        assert len(files_in(tmp_path)) == 2
        assert self.check_store(tmp_path) == [hashlib.sha256(b"whole").hexdigest()]

    def check_store(self, folder: Path) -> list[str]:
        """Sweep, then open everything; the digests of what is there."""
        blobs = Blobs(folder)
        blobs.sweep(older_than=FAR_FUTURE)
        names = [path.name for path in files_in(folder)]
        for name in names:
            assert hashlib.sha256(blobs.open_checked(name).read()).hexdigest() == name
        return names


def workbook() -> bytes:
    """A workbook as openpyxl writes it."""
    sink = io.BytesIO()
    Workbook().save(sink)
    return sink.getvalue()


def archive(*names: str) -> bytes:
    """A zip file with these members."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as packed:
        for name in names:
            packed.writestr(name, "content")
    return sink.getvalue()


OFFICE = "application/vnd.openxmlformats-officedocument"


class TestSniffType:
    """The content says what a file is; its name does not."""

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (b"%PDF-1.7\n%\xe2\xe3", "application/pdf"),
            (b"\x89PNG\r\n\x1a\n\x00\x00", "image/png"),
            (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
            (b"GIF89a\x01\x00", "image/gif"),
            (workbook(), f"{OFFICE}.spreadsheetml.sheet"),
            (archive("[Content_Types].xml", "_rels/.rels", "word/document.xml"), f"{OFFICE}.wordprocessingml.document"),
            (
                archive("docProps/app.xml", "ppt/presentation.xml", "[Content_Types].xml"),
                f"{OFFICE}.presentationml.presentation",
            ),
            (archive("word/list.txt"), "application/zip"),
            (archive(), "application/zip"),
            (b' \n{"a": "<script>"}', "application/json"),
            (b"[]", "application/json"),
            (b"[1, 2]", "application/json"),
            (b"[Monday] We met.", "text/plain"),
            (b"{curly} words", "text/plain"),
            (b"name;owner\nA;B\nC;D\n", "text/csv"),
            (b'\xef\xbb\xbfname,note\nA,"x, y\nz"\n', "text/csv"),
            (b"name,owner\n" + b"system,person\n" * 2000, "text/csv"),
            (b"Just a line.", "text/plain"),
            ("Grüße, alle\nzusammen, und, so\n".encode(), "text/plain"),
            ("é".encode() * SNIFF_BYTES, "text/plain"),
            (b"a" + "é".encode() * SNIFF_BYTES, "text/plain"),
            (b"<!DOCTYPE html><p>", "text/html"),
            (b"\xef\xbb\xbf \n<?xml version='1.0'?><a/>", "text/html"),
            (b"<svg xmlns='x' onload='y'/>", "text/html"),
            (b"hello\n<ScRiPt >alert(1)</script>", "text/html"),
            (b"", "application/octet-stream"),
            (b"\x00\x01\x02", "application/octet-stream"),
            (b"text\x00<html>", "application/octet-stream"),
            (b"\xff\xfeh\x00i\x00", "application/octet-stream"),
            (b"caf\xe9", "application/octet-stream"),
            (b"x%PDF-1.7", "text/plain"),
        ],
    )
    def test_it_works(self, data: bytes, expected: str) -> None:
        """Each kind is known by its bytes; what could run in a browser is never a kind shown in place."""
        assert sniff_type(data) == expected

    def test_markup_is_never_shown_in_place(self) -> None:
        """Neither HTML nor what is unknown is on the list of harmless types."""
        assert not INLINE_TYPES & {"text/html", "application/octet-stream", "application/zip", "image/svg+xml"}
