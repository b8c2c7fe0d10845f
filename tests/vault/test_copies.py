"""Copies of objects: fetched once and checked, bounded, gone with what they are copies of, kept while they are read."""

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from annexa.vault.copies import ComingError, CopiedObjects, Copies, CopiesError, Room, Wanted
from annexa.vault.objects import FolderObjects, ObjectKeptError, ObjectMissingError, StoreError

PLENTY = Room(most=1 << 30, spare=0)


class Bucket(FolderObjects):
    """A store that says what was asked of it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked: list[str] = []
        self.opened = threading.Event()
        self.opened.set()

    def parts(self, path: str) -> Iterator[bytes]:
        self.asked.append(path)
        self.opened.wait()
        yield from super().parts(path)


@pytest.fixture
def bucket(tmp_path) -> Bucket:
    return Bucket(tmp_path / "bucket")


def put(bucket: Bucket, name: str, data: bytes) -> Wanted:
    path = f"activity/chatbot/{name}.parquet"
    bucket.put(path, data)
    return Wanted(path=path, sha256=hashlib.sha256(data).hexdigest(), size=len(data))


def copies(tmp_path: Path, bucket: Bucket, room: Room = PLENTY) -> Copies:
    return Copies(tmp_path / "copies", bucket, room)


def on_disk(tmp_path: Path) -> set[bytes]:
    return {one.read_bytes() for one in (tmp_path / "copies").rglob("*") if one.is_file() and one.stat().st_size}


def test_it_works(tmp_path, bucket) -> None:
    """Several at once, each fetched once, read as files; what is read second time is here."""
    wanted = [put(bucket, str(n), bytes([n]) * 1000) for n in range(20)]
    told: list[tuple[int, int]] = []
    here = copies(tmp_path, bucket)
    for _ in range(2):
        with here.reading(wanted, told=lambda *said: told.append(said)) as files:
            assert [files[one.path].read_bytes() for one in wanted] == [bytes([n]) * 1000 for n in range(20)]
    assert sorted(bucket.asked) == sorted(one.path for one in wanted)
    assert told[-1] == (20_000, 20_000)
    assert here.paths() == sorted(one.path for one in wanted)
    with copies(tmp_path, bucket).reading(wanted[:1]) as files:
        assert list(files) == [wanted[0].path]
    assert len(bucket.asked) == 20
    assert not list((tmp_path / "copies" / "readers").iterdir())


def test_what_is_not_what_was_sealed_is_not_read(tmp_path, bucket) -> None:
    """Rule: whoever can write to the bucket cannot have other bytes read as those of the ledger."""
    one = put(bucket, "a", b"sealed")
    for other in (b"forged", b"longer than it was", b""):
        (tmp_path / "bucket" / one.path).unlink()
        bucket.put(one.path, other)
        with pytest.raises(CopiesError, match="is not what was sealed"), copies(tmp_path, bucket).reading([one]):
            pass
    assert on_disk(tmp_path) == set()


def test_a_copy_that_was_cut_off_is_fetched_again(tmp_path, bucket) -> None:
    one = put(bucket, "a", b"sealed")
    here = copies(tmp_path, bucket)
    with here.reading([one]):
        pass
    (copy,) = (tmp_path / "copies" / "files").iterdir()
    copy.write_bytes(b"seal")
    with here.reading([one]) as files:
        assert files[one.path].read_bytes() == b"sealed"


def test_what_was_not_read_for_longest_goes_first(tmp_path, bucket) -> None:
    """Rule: there are never more bytes than there may be, and what a reader has stays readable."""
    a, b, c = (put(bucket, name, name.encode() * 100) for name in "abc")
    here = copies(tmp_path, bucket, Room(most=250, spare=0))
    for age, one in ((300, a), (200, b)):
        with here.reading([one]):
            pass
        os.utime(tmp_path / "copies" / "files" / one.path.replace("/", "~"), (age, age))
    with here.reading([a]) as files:  # read last by now
        with here.reading([c]):
            assert here.paths() == [a.path, c.path]
        os.utime(tmp_path / "copies" / "files" / a.path.replace("/", "~"), (1, 1))
        with here.reading([b]):
            assert here.paths() == [b.path, c.path]
        assert files[a.path].read_bytes() == b"a" * 100


def test_more_than_there_is_room_for_is_refused_with_a_sentence(tmp_path, bucket) -> None:
    wanted = [put(bucket, name, name.encode() * 100) for name in "abc"]
    with pytest.raises(CopiesError, match=r"needs 0\.0 MiB .* Ask for less time, or raise ANNEXA_ACTIVITY_COPIES_MB"):
        copies(tmp_path, bucket, Room(most=250, spare=0)).reading(wanted).__enter__()
    with pytest.raises(CopiesError, match=r"ANNEXA_ACTIVITY_SPARE_MB"):
        copies(tmp_path, bucket, Room(most=1 << 20, spare=1 << 60)).reading(wanted).__enter__()
    assert bucket.asked == []


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path, bucket) -> None:
    (tmp_path / "copies").write_text("a file")
    with pytest.raises(CopiesError, match=r"cannot be kept in .*: Not a directory"):
        copies(tmp_path, bucket).reading([put(bucket, "a", b"sealed")]).__enter__()


def test_what_takes_long_goes_on_while_nobody_waits(tmp_path, bucket) -> None:
    """Rule: a page says how far it is, and the next one finds what came meanwhile."""
    slow = put(bucket, "a", b"a" * (3 << 20))
    here = copies(tmp_path, bucket)
    bucket.opened.clear()
    with pytest.raises(ComingError, match=r"3\.0 MiB of files .* 0\.0 MiB are here by now.* Ask again in a moment"):
        here.reading([slow], patience=0.05).__enter__()
    bucket.opened.set()
    with here.reading([slow], patience=30.0) as files:
        assert files[slow.path].stat().st_size == 3 << 20
    assert bucket.asked == [slow.path]


def test_what_is_removed_has_no_copy_also_where_it_is_kept_or_read(tmp_path, bucket) -> None:
    """Rule: what a person said does not stay here once it is erased there."""
    one, two = put(bucket, "a", b"erased"), put(bucket, "b", b"stays")
    here = copies(tmp_path, bucket)
    store = CopiedObjects(bucket, here)
    with here.reading([one, two]) as files:
        store.delete(one.path)
        assert not files[one.path].exists()
        assert files[two.path].read_bytes() == b"stays"
    assert on_disk(tmp_path) == {b"stays"}

    class Locked(Bucket):
        def delete(self, path: str) -> None:
            raise ObjectKeptError(path)

    with pytest.raises(ObjectKeptError):
        CopiedObjects(Locked(tmp_path / "bucket"), here).delete(two.path)
    assert on_disk(tmp_path) == set()


def test_what_is_removed_while_it_comes_leaves_no_copy(tmp_path, bucket) -> None:
    one = put(bucket, "a", b"erased")

    class Removing(Bucket):
        def parts(self, path: str) -> Iterator[bytes]:
            yield from super().parts(path)
            self.delete(path)

    with pytest.raises(ObjectMissingError):
        copies(tmp_path, Removing(tmp_path / "bucket")).reading([one]).__enter__()
    assert on_disk(tmp_path) == set()


def test_what_a_killed_reader_left_goes_with_the_next(tmp_path, bucket) -> None:
    one = put(bucket, "a", b"erased")
    left = tmp_path / "copies" / "readers" / "0123"
    left.mkdir(parents=True)
    (left / "activity~a.parquet").write_bytes(b"erased long ago")
    (left.parent / "0123.lock").touch()
    here = copies(tmp_path, bucket)
    with here.reading([one]), copies(tmp_path, bucket).reading([one]) as files:
        assert files[one.path].read_bytes() == b"erased", "a reader at work is no killed one"
    assert on_disk(tmp_path) == {b"erased"}


def test_a_store_that_fails_is_a_sentence_and_asked_again_later(tmp_path, bucket) -> None:
    wanted = [put(bucket, str(n), bytes([n]) * 10) for n in range(30)]

    class Failing(Bucket):
        broken = True

        def parts(self, path: str) -> Iterator[bytes]:
            if self.broken:
                raise StoreError("The bucket cannot be reached.")
            return super().parts(path)

    failing = Failing(tmp_path / "bucket")
    here = copies(tmp_path, failing)
    with pytest.raises(StoreError, match="cannot be reached"):
        here.reading(wanted).__enter__()
    failing.broken = False
    with here.reading(wanted) as files:
        assert len(files) == 30


def test_readers_in_several_threads_share_what_comes(tmp_path, bucket) -> None:
    wanted = [put(bucket, str(n), bytes([n]) * 1000) for n in range(12)]
    here, wrong = copies(tmp_path, bucket), []

    def read() -> None:
        with here.reading(wanted, patience=60.0) as files:
            wrong.extend(one for one in wanted if files[one.path].stat().st_size != one.size)

    threads = [threading.Thread(target=read) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert wrong == []
    assert len(bucket.asked) == len(set(bucket.asked)) == 12
