"""Other programs read the same events from the Delta table as are in segments, however files change."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable

from annexa.actions import publishing
from annexa.actions.compacting import compact_next
from annexa.actions.publishing import publish_everything, publish_system
from annexa.actions.sealing import seal_everything
from annexa.answers.activity_integrity import check_activity
from annexa.answers.activity_store import journal_folder, objects
from annexa.records.activity import SegmentFile
from annexa.settings import ActivityBucket
from tests.activity.making import HOUR, SECOND, arrive, event, events
from tests.bucket_server import bucket  # noqa: F401  a fixture

NOW = datetime(2026, 12, 1, 0, 30, tzinfo=UTC)
LATER = datetime(2026, 12, 1, 2, 20, tzinfo=UTC)


@pytest.fixture
def home(db, settings, tmp_path) -> None:
    settings.HOME = tmp_path


def come(*batches: list, at: datetime = NOW) -> None:
    """Seals each batch by itself, and publishes."""
    for number, batch in enumerate(batches):
        arrive(journal_folder(), batch)
        seal_everything(clock=lambda n=number: at + timedelta(seconds=n))
    publish_everything(store=objects(), now=at)


def table(system: str = "chatbot") -> DeltaTable:
    return DeltaTable(objects().address(f"activity/{system}"))


def spans(system: str = "chatbot") -> list[int]:
    found = table(system).to_pyarrow_table(columns=["span_id"]).column("span_id").to_pylist()
    return sorted(int.from_bytes(one, "big") for one in found)


def test_what_is_sealed_is_in_the_table(home) -> None:
    """A table for each system, and one for what is nobody's."""
    come(events(0, 4), events(4, 3), events(10, 2, system=""))
    assert spans() == list(range(7))
    assert spans("_quarantine") == [10, 11]
    first = table().to_pyarrow_table().to_pylist()[0]
    assert first["at"] == datetime(2026, 12, 1, tzinfo=UTC) + timedelta(seconds=int.from_bytes(first["span_id"], "big"))
    assert publish_everything(store=objects(), now=NOW) == 0
    come(events(20, 1))
    assert spans() == [*range(7), 20]
    assert table().version() == 1


def test_compacted_files_take_the_place_of_others(home) -> None:
    come(events(0, 4), events(4, 3), [event(9, received_at=HOUR + 3700 * SECOND)])
    assert compact_next(store=objects(), now=LATER, done=set()) == 1
    assert publish_system(store=objects(), system="chatbot", now=LATER, since=NOW.replace(minute=0)) == 1
    assert [*range(7), 9] == spans()
    assert len(table().file_uris()) == 2
    (file,) = SegmentFile.objects.all()
    assert any(one.endswith(file.path) for one in table().file_uris())


def test_only_hours_since_then_are_looked_at(home) -> None:
    """What is older stays as it is."""
    come(events(0, 2), [event(9, received_at=HOUR + 3700 * SECOND)])
    hour = NOW.replace(hour=1, minute=0)
    assert publish_system(store=objects(), system="chatbot", now=LATER, since=hour) == 0
    assert spans() == [0, 1, 9]


def test_features_join_the_columns_and_torn_ones_leave_them(home) -> None:
    """What is a number here and text there is in no column that a reader would stumble over."""
    come(events(0, 2))
    come(events(2, 2, features={"age": 4.0, "sex": "f"}))
    assert table().to_pyarrow_table().column("f_age").to_pylist().count(4.0) == 2
    come(events(4, 2, features={"age": "old"}))
    names = table().to_pyarrow_table().column_names
    assert "f_age" not in names
    assert "f_sex" in names
    assert spans() == list(range(6))


def test_ranges_of_time_leave_no_event_out(home) -> None:
    """Readers skip files by them; they are in milliseconds, events in microseconds."""
    come([event(1, at=HOUR + 1), event(2, at=HOUR + 1999)], [event(3, at=HOUR + 5_000_001)])
    at = datetime(2026, 12, 1, 0, 0, 0, 1999, tzinfo=UTC)
    found = table().to_pyarrow_dataset().to_table(filter=pc.field("at") == at)
    assert found.num_rows == 1


def test_duckdb_reads_the_table(home) -> None:
    """From the files that the table names: the extension of DuckDB for Delta is not everywhere."""
    come(events(0, 4), events(4, 3))
    with duckdb.connect() as connection:
        connection.register("activity", table().to_pyarrow_dataset())
        found = connection.execute("SELECT count(*), count(DISTINCT conversation) FROM activity").fetchone()
    assert found == (7, 3)
    sql = "SELECT count(*) FROM read_parquet(?)"
    assert duckdb.execute(sql, [table().file_uris()]).fetchone() == (7,)


def test_readers_need_not_look_at_every_commit(home, monkeypatch) -> None:
    monkeypatch.setattr(publishing, "CHECKPOINT_EVERY", 2)
    for number in range(4):
        come(events(number, 1), at=NOW + timedelta(minutes=number))
    assert spans() == [0, 1, 2, 3]
    assert list(Path(objects().address("activity/chatbot/_delta_log")).glob("*.checkpoint.parquet"))


def test_segments_lie_in_a_bucket(home, settings, bucket) -> None:  # noqa: F811
    """Sealed, found, verified, put together and published there as in a folder."""
    settings.ACTIVITY_BUCKET = ActivityBucket(url=bucket, key="key", secret="secret")
    come(events(0, 4), events(4, 3), [event(9, received_at=HOUR + 3700 * SECOND)])
    compact_next(store=objects(), now=LATER, done=set())
    publish_everything(store=objects(), now=LATER)
    checks = check_activity(progress=lambda *_: None)
    assert [one.outcome for one in checks] == ["holds"] * 6
    assert "8 events in 2 files" in checks[1].what
    where = DeltaTable(objects().address("activity/chatbot"), storage_options=objects().options())
    assert where.to_pyarrow_table().num_rows == 8
    assert not (settings.STORE / "activity").exists()


def test_two_that_publish_at_once_do_it_once(home, monkeypatch) -> None:
    """The second finds the commit of the first, and goes on from there next time."""
    come(events(0, 2))
    arrive(journal_folder(), events(2, 2))
    seal_everything(clock=lambda: LATER)
    old = table()
    assert publish_everything(store=objects(), now=LATER) == 1
    with monkeypatch.context() as patched:
        patched.setattr(publishing, "_table", lambda *_: old)
        assert publish_everything(store=objects(), now=LATER + timedelta(seconds=1)) == 0
    assert spans() == [0, 1, 2, 3]
