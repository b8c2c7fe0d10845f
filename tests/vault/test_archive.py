"""The archive: any tar reads it, and whatever is not byte for byte as it was written is refused."""

import hashlib
import io
import os
import subprocess
import tarfile
import tracemalloc
import zlib
from pathlib import Path

import pytest

from annexa.vault.archive import SUMS, ArchiveDamagedError, ArchiveWriter, read_archive

FILES = {
    "one.txt": b"first\n",
    "two/empty": b"",
    "two/rows.ndjson": b'{"n":1}\n' * 300,
    "x": os.urandom(700),
    "y": os.urandom(70_000),
}


def packed(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    writer = ArchiveWriter(out)
    for name, data in files.items():
        writer.add(name, data)
    writer.close()
    return out.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    return {member.name: member.read() for member in read_archive(io.BytesIO(data))}


def test_what_was_written_is_read() -> None:
    assert unpacked(packed(FILES)) == FILES
    assert unpacked(packed({})) == {}


def test_a_member_need_not_be_read() -> None:
    assert [member.name for member in read_archive(io.BytesIO(packed(FILES)))] == list(FILES)


def test_what_does_not_shrink_is_kept_as_it_is_between_what_does() -> None:
    """Rule: a photo costs no time and no byte more than it has; rows before and after it shrink all the same."""
    rows, photo = b'{"n":1,"text":"again and again"}\n' * 9000, os.urandom(300_001)
    files = {"a": rows, "b": photo, "c": rows, "d": photo[::-1], "e": photo[:9], "f": b""}
    data = packed(files)
    assert unpacked(data) == files
    assert zlib.decompress(data, 31)[512 : 512 + len(rows)] == rows
    assert photo[:60_000] in data
    assert len(data) < 2 * len(photo) + len(rows) / 5


def test_the_same_files_are_the_same_bytes() -> None:
    assert packed(FILES) == packed(FILES)


def test_any_tar_unpacks_it_and_sha256sum_checks_it(tmp_path: Path) -> None:
    """Rule: whoever has only the usual tools gets everything out."""
    file = tmp_path / "a.tar.gz"
    file.write_bytes(packed(FILES))
    subprocess.run(["tar", "xzf", file.name], cwd=tmp_path, check=True)
    subprocess.run(["sha256sum", "--check", "--quiet", SUMS], cwd=tmp_path, check=True)
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == FILES
    with tarfile.open(file) as archive:
        assert archive.getnames() == [*FILES, SUMS]


def test_every_flipped_bit_is_refused() -> None:
    """Rule: every bit counts, those in heads, paddings and the container too."""
    data = packed({"one.txt": b"first\n", "two": b"second\n" * 9})
    for at in range(len(data)):
        for bit in (0, 3, 7):
            changed = bytearray(data)
            changed[at] ^= 1 << bit
            with pytest.raises(ArchiveDamagedError):
                unpacked(bytes(changed))


def test_cut_off_anywhere_it_is_refused() -> None:
    data = packed({"one.txt": b"first\n"})
    for length in range(len(data)):
        with pytest.raises(ArchiveDamagedError):
            unpacked(data[:length])


@pytest.mark.parametrize("more", [b"\0", b"x" * 90, packed({})])
def test_nothing_may_follow(more: bytes) -> None:
    with pytest.raises(ArchiveDamagedError):
        unpacked(packed(FILES) + more)


def again(tar: bytes) -> bytes:
    """Any tar as an archive whose outer digest fits: what somebody could make who means harm."""
    gzip = zlib.compressobj(1, zlib.DEFLATED, 31)
    data = gzip.compress(tar) + gzip.flush()
    from annexa.vault.archive import _trailer

    return data + _trailer(hashlib.sha256(data).hexdigest())


def hostile(name: str, *, kind: bytes = tarfile.REGTYPE, mode: int = 0o600) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.linkname = kind, mode, "/etc/passwd" if kind == tarfile.SYMTYPE else ""
        archive.addfile(info)
    return again(out.getvalue())


@pytest.mark.parametrize(
    "data",
    [
        hostile("../up"), hostile("/etc/passwd"), hostile("a//b"), hostile("a/./b"), hostile("a b"), hostile(".hidden"),
        hostile("link", kind=tarfile.SYMTYPE), hostile("folder", kind=tarfile.DIRTYPE), hostile("open", mode=0o777),
    ],
)  # fmt: skip
def test_a_strange_member_is_refused(data: bytes) -> None:
    """Rule: no name leads out of a folder, and a member is a plain file or nothing."""
    with pytest.raises(ArchiveDamagedError):
        unpacked(data)


def test_two_members_of_one_name_are_refused() -> None:
    data = packed({"a": b"1"})
    tar = zlib.decompressobj(31).decompress(data)
    with pytest.raises(ArchiveDamagedError, match="twice"):
        unpacked(again(tar[:1024] + tar))


def test_digests_that_do_not_fit_are_refused() -> None:
    tar = zlib.decompressobj(31).decompress(packed({"a": b"1"}))
    with pytest.raises(ArchiveDamagedError, match="SHA256SUMS"):
        unpacked(again(tar.replace(b"1" + bytes(511), b"2" + bytes(511))))


def test_a_few_bytes_that_unpack_to_many_are_refused_at_the_first_block() -> None:
    """Rule: a decompression bomb is unpacked a part at a time, never as a whole."""
    bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
    source = io.BytesIO(b"".join(bomb.compress(bytes(1 << 20)) for _ in range(4)) + bomb.flush() + os.urandom(1 << 20))
    tracemalloc.start()
    with pytest.raises(ArchiveDamagedError):
        list(read_archive(source))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2 << 20


def test_a_stream_must_have_the_size_it_was_said_to_have() -> None:
    writer = ArchiveWriter(io.BytesIO())
    with pytest.raises(ValueError, match="instead of 9"):
        writer.add_stream("short", 9, io.BytesIO(b"four"))
