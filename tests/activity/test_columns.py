"""Columns give the same bytes for every event as the definition does, alone and among others."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexa.activity.columns import batch_of, content_digests, events_of, leaves_of
from annexa.pure.events import CONTENT, HEAD, Event, content_bytes, content_digest, event_leaf
from tests.cases import cases

_WHOLE = st.integers(-(2**63), 2**63 - 1)
_OF = {
    "instant": st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999),
    "text": st.text(st.characters(exclude_categories=("Cs",)), max_size=12),
    "bytes": st.binary(max_size=16),
    "whole": _WHOLE,
    "number": st.floats(allow_nan=False),
}
_NEEDED = {"at", "received_at"}
_VALUES = {
    name: _OF[kind] if name in _NEEDED else st.none() | _OF[kind]
    for name, kind in {**HEAD, **CONTENT}.items()
    if name not in {"system", "source", "kind", "kept"}
}
_FEATURES = st.fixed_dictionaries(
    {}, optional={"age": st.floats(allow_nan=False), "sex": _OF["text"], "Ø": _OF["number"]}
)
EVENTS = st.lists(st.builds(Event, features=_FEATURES, **_VALUES), min_size=1, max_size=6)


@given(EVENTS)
@settings(max_examples=cases(60), deadline=None)
def test_leaves_and_digests_are_those_of_the_definition(events: list[Event]) -> None:
    """Whoever verifies with the plain definition finds what was sealed."""
    batch = batch_of(events)
    salts = batch.column("salt").to_pylist()
    assert batch.column("leaf").to_pylist() == [event_leaf(e, s) for e, s in zip(events, salts, strict=True)]
    assert content_digests(batch).to_pylist() == [
        content_digest(s, content_bytes(e)) for e, s in zip(events, salts, strict=True)
    ]
    assert events_of(batch) == events
    assert len(set(salts)) == len(salts)


@given(EVENTS, st.data())
@settings(max_examples=cases(40), deadline=None)
def test_a_part_of_a_batch_has_the_leaves_of_its_rows(events: list[Event], data: st.DataObject) -> None:
    """Rows keep their leaves wherever they are cut or joined to others."""
    batch = batch_of(events)
    start = data.draw(st.integers(0, len(events) - 1))
    part = batch.slice(start)
    assert leaves_of(part) == part.column("leaf")
    again = pa.Table.from_batches([part, part]).combine_chunks().to_batches()[0]
    assert leaves_of(again).to_pylist() == part.column("leaf").to_pylist() * 2


@given(EVENTS)
@settings(max_examples=cases(30), deadline=None)
def test_erased_rows_keep_their_leaves(events: list[Event]) -> None:
    """Salt and content are gone; the digest that the head commits to stands for them."""
    batch = batch_of(events)
    kept, leaves = content_digests(batch), batch.column("leaf")
    for name in ("salt", *CONTENT, *(n for n in batch.schema.names if n.startswith("f_"))):
        place = batch.schema.get_field_index(name)
        batch = batch.set_column(
            place, batch.schema.field(place), pa.nulls(len(events), batch.schema.field(place).type)
        )
    batch = batch.set_column(batch.schema.get_field_index("content_digest"), "content_digest", kept)
    assert leaves_of(batch) == leaves


def test_a_feature_is_of_one_kind() -> None:
    """A column cannot hold both numbers and text."""
    with pytest.raises(ValueError, match="age"):
        batch_of([Event(at=1, received_at=1, features={"age": 1.0}), Event(at=1, received_at=1, features={"age": "1"})])
