"""Objects are put once and stay what they are, in a folder and in a bucket alike."""

from datetime import UTC, datetime, timedelta

import pytest

from annexa.vault import durable
from annexa.vault.buckets import BucketObjects, read_bucket
from annexa.vault.objects import FolderObjects, ObjectExistsError, ObjectMissingError, Objects, StoreError
from tests.bucket_server import bucket, free_port  # noqa: F401  a fixture


@pytest.fixture(params=["folder", "bucket"])
def store(request, tmp_path) -> Objects:
    if request.param == "folder":
        return FolderObjects(tmp_path)
    return BucketObjects(read_bucket(request.getfixturevalue("bucket"), key="key", secret="secret"))


def test_what_is_put_is_got(store) -> None:
    store.put("activity/a/x.parquet", b"0123456789")
    assert store.get("activity/a/x.parquet") == b"0123456789"
    assert store.get_range("activity/a/x.parquet", 3, 4) == b"3456"
    assert store.get_range("activity/a/x.parquet", 8, 40) == b"89"
    assert store.get_range("activity/a/x.parquet", 40, 4) == b""
    assert store.size("activity/a/x.parquet") == 10
    store.delete("activity/a/x.parquet")


def test_nothing_is_ever_replaced(store) -> None:
    """The same bytes again change nothing; others are refused."""
    store.put("one", memoryview(b"first"))
    store.put("one", b"first")
    with pytest.raises(ObjectExistsError, match="other bytes"):
        store.put("one", b"second")
    assert store.get("one") == b"first"
    store.delete("one")


def test_what_is_there_is_listed_in_order(store) -> None:
    before = datetime.now(UTC).timestamp() - 2
    for path in ("a/2/x", "a/10/y", "b/z"):
        store.put(path, b"123")
    found = list(store.list("a/"))
    assert [(one.path, one.size) for one in found] == [("a/10/y", 3), ("a/2/x", 3)]
    assert all(one.put_at.timestamp() >= before for one in found)
    assert [one.path for one in store.list("")] == ["a/10/y", "a/2/x", "b/z"]
    assert list(store.list("c/")) == []
    for path in ("a/2/x", "a/10/y", "b/z"):
        store.delete(path)
    assert list(store.list("")) == []


def test_what_is_not_there_is_said(store) -> None:
    for ask in (store.get, store.size, lambda path: store.get_range(path, 0, 1)):
        with pytest.raises(ObjectMissingError, match="none is not there"):
            ask("none")
    store.delete("none")


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../up", "a/../b", "a//b", ".hidden", "a/.b", "a b", "a\n"])
def test_no_path_leads_out_of_the_store(store, path: str) -> None:
    for ask in (store.get, store.size, store.delete, lambda one: store.put(one, b"")):
        with pytest.raises(StoreError, match="no path"):
            ask(path)


def test_where_it_is_for_other_programs(store) -> None:
    assert store.address("a/b").endswith("/a/b")
    if isinstance(store, BucketObjects):
        assert store.address("a/b") == "s3://logs/annexa/one/a/b"
        assert store.options()["AWS_ALLOW_HTTP"] == "true"


def test_a_file_is_on_the_disk_under_its_name_or_not_at_all(tmp_path, monkeypatch) -> None:
    """What a killed process leaves is not listed."""
    monkeypatch.setattr(durable, "sync_folders", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    one = FolderObjects(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        one.put("a/b", b"x")
    (tmp_path / durable.INCOMING / "half").write_bytes(b"x")
    assert [found.path for found in one.list("")] == ["a/b"]


def test_a_bucket_that_cannot_be_reached_is_said_without_its_key() -> None:
    url = f"s3://logs?endpoint=http://127.0.0.1:{free_port()}&region=us-east-1"
    one = BucketObjects(read_bucket(url, key="key", secret="very secret"), patience=timedelta(seconds=1))
    with pytest.raises(StoreError, match=r"The bucket logs, asked for a: it cannot be reached") as error:
        one.get("a")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3:///x", "write s3://"),
        ("https://x/y", "write s3://"),
        ("s3://x?regoin=a", "regoin is not known"),
        ("s3://x?endpoint=ftp://a", "must begin with https"),
    ],
)
def test_a_wrong_url_is_refused(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_bucket(url)
    with pytest.raises(ValueError, match="needs its secret"):
        read_bucket("s3://x", key="a")
