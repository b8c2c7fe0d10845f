"""A segment's file holds every event that was given, in the order of time, and proves each of them."""

from dataclasses import replace
from datetime import UTC, datetime

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexa.activity import SegmentError
from annexa.activity import segments as segments_module
from annexa.activity.columns import batch_of, events_of
from annexa.activity.repeats import Recent, identity_hashes, repeats
from annexa.activity.segments import (
    Part,
    flat_leaves,
    made_leaves,
    mark_of,
    parts_of,
    read_table,
    segment_file,
    segment_path,
    written,
)
from annexa.pure.events import Event, event_leaf
from annexa.pure.ledger import Frontier
from tests.activity.making import HOUR, SECOND, event, events
from tests.activity.test_columns import EVENTS

MIDNIGHT = datetime(2026, 12, 1, tzinfo=UTC)


def part_of(*batches: list[Event]) -> Part:
    """The one part that these make."""
    (found,) = parts_of(batch_of(one) for one in batches)
    return found


def test_a_segment_holds_what_arrived_and_proves_it() -> None:
    made = segment_file(part_of(events(5, 3), events(0, 5)), id="one")
    table = read_table(made.data)
    found = [e for batch in table.to_batches() for e in events_of(batch)]
    assert found == events(0, 8)
    salts = table.column("salt").to_pylist()
    leaves = [event_leaf(e, s) for e, s in zip(found, salts, strict=True)]
    assert table.column("leaf").to_pylist() == leaves
    assert Frontier().extended(leaves).root().hex() == made.root
    assert made.path == "activity/chatbot/2026-12-01/00/one.parquet"
    assert (made.records, made.hour) == (8, MIDNIGHT)
    assert made.last_at == datetime(2026, 12, 1, 0, 0, 7, tzinfo=UTC)
    assert made.first_received_at == datetime(2026, 12, 1, 0, 0, 0, 5, tzinfo=UTC)
    assert mark_of(made.data) == {
        "format": 1, "segment": "one", "system": "chatbot", "hour": "2026-12-01T00:00:00+00:00",
    }  # fmt: skip


@given(EVENTS, EVENTS)
@settings(max_examples=40, deadline=None)
def test_any_events_come_back_with_the_leaves_they_had(one: list[Event], two: list[Event]) -> None:
    """Whatever was said, in whatever order it came, at whatever time."""
    parts = parts_of([batch_of(one), batch_of(two)])
    found = []
    for number, part in enumerate(parts):
        made = segment_file(part, id=str(number))
        assert all(kept == anew for kept, anew in made_leaves(made.data))
        table = read_table(made.data)
        assert flat_leaves(table) == b"".join(table.column("leaf").to_pylist())
        found += [e for batch in table.to_batches() for e in events_of(batch)]
        at = table.column("at").cast(pa.int64()).to_pylist()
        assert at == sorted(at)
    assert sorted(map(_said, found)) == sorted(map(_said, one + two))


def _said(one: Event) -> str:
    return repr((replace(one, features={}), sorted(one.features.items())))


def test_systems_and_hours_of_receipt_lie_apart() -> None:
    """Also where they came in one batch."""
    hour = 3600 * SECOND
    late = [event(n, received_at=HOUR + hour + n) for n in range(3)]
    parts = parts_of([batch_of([*events(0, 2), *events(2, 2, system=""), *late]), batch_of(events(9, 1, system="b"))])
    assert [(p.system, p.hour.hour, p.table.num_rows) for p in parts] == [
        ("", 0, 2), ("b", 0, 1), ("chatbot", 0, 2), ("chatbot", 1, 3),
    ]  # fmt: skip
    assert segment_path("", MIDNIGHT, "x") == "activity/_quarantine/2026-12-01/00/x.parquet"


def test_features_are_put_together_and_kinds_of_features_kept_apart() -> None:
    """A number stays a number: where two batches disagree each has its own segment."""
    numbers, words = events(0, 2, features={"age": 4.0}), events(2, 2, features={"age": "old", "sex": "f"})
    parts = parts_of(batch_of(one) for one in (numbers, events(4, 1), words, events(5, 1, features={"x": 1.0})))
    assert sorted(part.table.num_rows for part in parts) == [2, 4]
    assert all(kept == anew for part in parts for kept, anew in made_leaves(segment_file(part, id="x").data))


def test_a_segment_may_be_empty() -> None:
    """All that came may have come before."""
    part = part_of(events(0, 2))
    made = segment_file(Part(system="chatbot", hour=part.hour, table=part.table.slice(0, 0)), id="x")
    assert (made.records, made.root) == (0, Frontier().root().hex())
    assert made.first_at == made.last_at == MIDNIGHT
    assert list(made_leaves(made.data)) == []


@pytest.mark.parametrize("at", [-(2**63), 2**63 - 1])
def test_a_clock_that_no_calendar_knows_stops_nothing(at: int) -> None:
    made = segment_file(part_of([event(1, at=at)]), id="x")
    assert made.first_at.year == (1 if at < 0 else 9999)


@pytest.mark.parametrize("system", ["../up", "a/b", "", ".x", "a b", "x" * 81])
def test_no_name_leads_out_of_the_folder(system: str) -> None:
    if system:
        with pytest.raises(SegmentError, match="short name"):
            segment_path(system, MIDNIGHT, "x")


def test_other_programs_find_single_events(tmp_path) -> None:
    """DuckDB and Arrow look into filters and ranges of values, and find by them what is there."""
    several = [event(n, conversation=f"Gespräch {n % 7}", user=f"ü{n % 5}") for n in range(300)]
    path = tmp_path / "x.parquet"
    path.write_bytes(segment_file(part_of(several), id="x").data)
    for column in ("trace_id", "span_id", "conversation", "user", "input"):
        for one in (several[0], several[150], several[299]):
            value = getattr(one, column)
            wanted = sum(getattr(other, column) == value for other in several)
            sql = f'SELECT count(*) FROM read_parquet(?) WHERE "{column}" = ?'  # noqa: S608  a column of ours
            assert duckdb.execute(sql, [str(path), value]).fetchone() == (wanted,), column
            assert pq.read_table(path, filters=[(column, "=", value)]).num_rows == wanted


def test_a_file_of_something_else_is_refused() -> None:
    for data in (b"", b"PAR1 nothing PAR1", bytes(written(pa.table({"leaf": pa.array([b"x"])}), {}))[:-4]):
        with pytest.raises(SegmentError):
            list(made_leaves(data))
    table = part_of(events(0, 2)).table
    with pytest.raises(SegmentError, match="missing"):
        list(made_leaves(written(table.drop_columns(["cost"]), {})))
    with pytest.raises(SegmentError, match="none of an event"):
        list(made_leaves(written(table.append_column("more", pa.array(["a", "b"])), {})))
    short = table.set_column(table.schema.get_field_index("leaf"), "leaf", pa.array([b"1", b"2"], pa.binary()))
    with pytest.raises(SegmentError, match="32 bytes"):
        list(made_leaves(written(short, {})))


def test_a_changed_event_has_another_leaf() -> None:
    """The file's own leaves convict it."""
    table = part_of(events(0, 3)).table
    place = table.schema.get_field_index("output")
    table = table.set_column(place, "output", pa.array(["Answer 0", "Answer 7", "Answer 2"]))
    ((kept, anew),) = made_leaves(written(table, {}))
    assert [kept[n : n + 32] == anew[n : n + 32] for n in (0, 32, 64)] == [True, False, True]


def test_it_takes_less_than_700_bytes_for_a_span(monkeypatch) -> None:
    """Rows that are hard to press together: ids, salts and leaves are random. Text is measured by the bench."""
    small = segment_file(part_of(events(0, 2000, input=None, output=None)), id="x")
    assert small.data.size / 2000 < 110
    monkeypatch.setattr(segments_module, "GROUP_ROWS", 100)
    assert pq.ParquetFile(pa.BufferReader(segment_file(part_of(events(0, 250)), id="x").data)).num_row_groups == 3


# --- repeats


def again(*batches: list[Event], recent: Recent | None = None, sealed: dict[str, pa.Table] | None = None) -> list[bool]:
    """Which events of one part are repeats."""
    table = part_of(*batches).table
    found = repeats(table, identity_hashes(table), recent or Recent(), (sealed or {}).get)
    return list(found.tolist())


def test_what_came_twice_is_kept_once() -> None:
    """However often, and though salt and time of receipt are others."""
    first = events(0, 3)
    later = [event(n, received_at=HOUR + 99 * SECOND) for n in range(3)]
    assert again(first) == [False] * 3
    assert sorted(again(first, later, later)) == [False] * 3 + [True] * 6


def test_what_differs_is_kept() -> None:
    """The same span with another answer is no repeat; nor is what has no identity."""
    assert again(events(0, 1), events(0, 1, output="Other")) == [False, False]
    assert again(*(events(0, 1, source=name) for name in ("a", "b"))) == [False, False]
    nobody = {"span_id": None, "record_id": None}
    assert again(events(0, 1, **nobody), events(0, 1, **nobody)) == [False, False]
    named = {"span_id": None, "record_id": "r-1"}
    assert again(events(0, 1, **named), events(0, 1, **named)) == [False, True]


def test_what_was_sealed_before_is_remembered() -> None:
    """As long as the segment can be read; what differs from it is kept."""
    before = part_of(events(0, 4)).table
    recent = Recent()
    recent.add(identity_hashes(before), "one")
    assert again(events(2, 4), recent=recent, sealed={"one": before}) == [True, True, False, False]
    assert again(events(2, 4, outcome="error"), recent=recent, sealed={"one": before}) == [False] * 4
    assert again(events(2, 4), recent=recent) == [False] * 4


def test_memory_is_bounded_and_the_oldest_is_forgotten_first() -> None:
    recent = Recent(most=200)
    tables = [part_of(events(n * 30, 30)).table for n in range(30)]
    for number, table in enumerate(tables):
        recent.add(identity_hashes(table), str(number))
        assert len(recent) <= 260
    assert set(recent.places(identity_hashes(tables[29]))) == {"29"}
    assert recent.places(identity_hashes(tables[0])) == {}
    assert len(recent._names) < 15


@given(
    sealed=st.lists(st.lists(st.integers(0, 40), max_size=8), max_size=12),
    asked=st.lists(st.integers(0, 40), max_size=20),
)
def test_whatever_was_sealed_is_found_where_it_lies(sealed: list[list[int]], asked: list[int]) -> None:
    """Whichever of them are asked for, in whatever order, however often; 0 is the hash of what has no identity."""
    recent = Recent()
    for place, numbers in enumerate(sealed):
        recent.add(_hashes(numbers), str(place))
    there = {
        str(place): rows
        for place, numbers in enumerate(sealed)
        if (rows := [row for row, one in enumerate(asked) if one and one in numbers])
    }
    assert {place: rows.tolist() for place, rows in recent.places(_hashes(asked)).items()} == there


def _hashes(numbers: list[int]) -> npt.NDArray[np.uint64]:
    """Hashes that differ in the bits that are remembered, spread over all that there are."""
    return np.array([number * (2**64 // 41) & ~0xFFFFF for number in numbers], np.uint64)
