"""What waits and was sealed already counts once, for pages and for monitors; what is new costs no look at files."""

from datetime import UTC, datetime, timedelta

import pytest

from annexa.actions.sealing import seal_everything
from annexa.activity.query import Asked
from annexa.answers.activity import looking_at
from annexa.answers.activity_parts import instant, parts_for_engine, parts_of
from annexa.answers.activity_store import journal_folder
from annexa.answers.monitors import log_window
from annexa.pure.events import Event
from annexa.records.activity import Segment
from tests.activity.making import HOUR, SECOND, arrive, event, events

SEALED = datetime(2026, 12, 1, 0, 30, tzinfo=UTC)
ASKED = Asked(systems=("chatbot",))
LATER = 60 * SECOND
"""After so long it comes again."""


@pytest.fixture
def log(db, settings, tmp_path) -> None:
    """Events 0 to 9 in two segments, and one with a name of its own, without a span."""
    settings.HOME, settings.STORE = tmp_path, tmp_path / "store"
    for some in (events(0, 5), [*events(5, 5), named()]):
        arrive(journal_folder(), some)
        seal_everything(clock=lambda: SEALED)


def named(**more) -> Event:
    return event(20, **({"span_id": None, "record_id": "row-20", "features": {"age": 41.0}} | more))


def counts() -> tuple[int, int]:
    """How many there are for pages, and for monitors."""
    with looking_at(ASKED) as query:
        pages = query.count(ASKED)
    with log_window("chatbot", since=SEALED - timedelta(hours=2), until=SEALED) as log:
        return pages, log.events.count("*").fetchall()[0][0]


def again(one: Event, **more) -> Event:
    """The same, as it is received once more."""
    from dataclasses import replace

    return replace(one, **({"received_at": one.received_at + LATER} | more))


def test_what_comes_again_counts_once_before_and_after_it_is_sealed(log) -> None:
    """Rule: a sender that never heard its answer sends again; nobody sees more than happened, at any moment."""
    assert counts() == (11, 11)
    arrive(journal_folder(), [again(event(2)), again(event(7)), again(named()), event(30)])
    assert counts() == (12, 12)
    assert seal_everything(clock=lambda: SEALED + timedelta(minutes=2)).repeats == 3
    assert counts() == (12, 12)


def test_an_engine_that_reads_the_store_by_itself_counts_it_once_as_well(log) -> None:
    arrive(journal_folder(), [again(event(2)), again(named()), event(30)])
    parts = parts_for_engine(ASKED)
    assert (len(parts.files), [one.num_rows for one in parts.waiting]) == (2, [1])


@pytest.mark.parametrize(
    "other",
    [
        again(event(2), output="Answer 9"), again(event(2), outcome="error"), again(event(2), source="another"),
        again(event(2), trace_id=(9).to_bytes(16, "big")), again(event(2), system="kiosk"),
        again(named(), features={"age": 42.0}), again(named(), features={}), again(named(), record_id="row-21"),
        again(event(2), span_id=None, record_id=None),
    ],
)  # fmt: skip
def test_what_differs_in_anything_is_another(log, other) -> None:
    arrive(journal_folder(), [other])
    asked = Asked()
    with looking_at(asked) as query:
        assert query.count(asked) == 12


def test_what_came_again_while_both_wait_counts_once(log) -> None:
    arrive(journal_folder(), [event(40), event(41)], [again(event(40)), again(event(41), output="Answer 7")])
    assert counts() == (14, 14)


def test_what_is_new_costs_no_look_at_files(log) -> None:
    """Rule: only files are read for it in which something began when what waits did, and that were sealed lately."""
    arrive(journal_folder(), events(50, 200))
    with parts_of(ASKED) as sources:
        assert len(sources.files) == 2
        assert sources.near == ()
    arrive(journal_folder(), [again(event(7))])
    with parts_of(ASKED) as sources:
        assert len(sources.near) == 1
    with looking_at(ASKED) as query:
        assert query.count(ASKED) == 211


def test_what_was_sealed_long_ago_is_another_as_when_it_is_sealed(log) -> None:
    """Rule: the sealer remembers some hours; what a page says does not change when it seals."""
    late = again(event(2), received_at=HOUR + 7 * 3600 * SECOND)
    arrive(journal_folder(), [late])
    assert instant(late.received_at) - Segment.objects.earliest("hour").last_received_at > timedelta(hours=6)
    assert counts()[0] == 12
    seal_everything(clock=lambda: SEALED + timedelta(hours=7))
    assert counts()[0] == 12
