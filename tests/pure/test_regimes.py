"""The timeline splits at a day and never decides what is open; next days and statements follow the frameworks."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.regimes import (
    Event,
    Question,
    Reading,
    Regime,
    Row,
    Statement,
    days_of,
    events_about,
    next_events,
    open_rows,
    statements_for,
    timeline,
)
from annexa.pure.standards import Confidence

READ_ON = date(2026, 11, 20)
AUGUST, DECEMBER = date(2026, 8, 2), date(2027, 12, 2)
DAYS = st.dates(date(2020, 1, 1), date(2032, 1, 1))


def question(*days: date | None, ident: str = "q") -> Question:
    """A question with a reading for each day."""
    readings = tuple(Reading(text=f"reading {number}", on=day) for number, day in enumerate(days))
    return Question(
        id=ident, text="When?", source="s", read_on=READ_ON, confidence=Confidence.LOW, readings=readings, unknown="all"
    )


def event(
    ident: str,
    on: date | None,
    asked: Question | None = None,
    *,
    frameworks: tuple[str, ...] = (),
    requirements: tuple[tuple[str, str], ...] = (),
) -> Event:
    """An event with what this test is about."""
    return Event(
        id=ident,
        title=ident,
        what_it_means="Something changes.",
        on=on,
        source="s",
        read_on=READ_ON,
        confidence=Confidence.HIGH,
        question=asked,
        frameworks=frameworks,
        requirements=requirements,
    )


def regime(*events: Event, ident: str = "act", statements: tuple[Statement, ...] = ()) -> Regime:
    """A regime of these events."""
    return Regime(
        id=ident, title=ident, jurisdiction="EU", status="current", source="s", events=events, statements=statements
    )


def statement(ident: str, *frameworks: str) -> Statement:
    """A statement about frameworks."""
    return Statement(
        id=ident, text=ident, frameworks=frameworks, source="s", read_on=READ_ON, confidence=Confidence.HIGH
    )


EVENTS = st.lists(
    st.one_of(
        DAYS.map(lambda day: (day, None)),
        st.lists(st.one_of(st.none(), DAYS), max_size=4).map(lambda days: (None, tuple(days))),
    ),
    max_size=8,
).map(
    lambda drawn: tuple(
        event(f"e{number}", day, None if days is None else question(*days)) for number, (day, days) in enumerate(drawn)
    )
)


# --- the timeline


def test_the_day_itself_is_past() -> None:
    act = regime(event("a", AUGUST))
    assert [m.event.id for m in timeline([act], at=AUGUST).past] == ["a"]
    assert [m.event.id for m in timeline([act], at=AUGUST - timedelta(days=1)).ahead] == ["a"]


def test_a_disputed_event_is_past_by_one_reading_and_ahead_by_the_other() -> None:
    act = regime(event("registration", None, question(AUGUST, DECEMBER)))
    found = timeline([act], at=READ_ON)
    (before,), (after,) = found.past, found.ahead
    assert before.event is after.event
    assert before.on == AUGUST
    assert after.on == DECEMBER
    assert before.reading is not None
    assert after.reading is not None
    assert (before.reading.text, after.reading.text) == ("reading 0", "reading 1")


def test_a_settled_event_has_no_reading() -> None:
    (moment,) = timeline([regime(event("a", AUGUST))], at=READ_ON).past
    assert moment.reading is None
    assert not moment.event.open
    assert moment.event.readings == ()


def test_an_open_event_with_a_day_of_its_own_stands_on_it_once() -> None:
    act = regime(event("one-source", DECEMBER, question(DECEMBER)))
    (moment,) = timeline([act], at=READ_ON).ahead
    assert moment.reading is None
    assert moment.event.open == "When?"


def test_what_has_no_day_is_listed_apart() -> None:
    act = regime(event("b", None, question(None)), event("a", None, question()), event("c", AUGUST))
    found = timeline([act], at=READ_ON)
    assert [(name, one.id) for name, one in found.undated] == [("act", "a"), ("act", "b")]
    assert len(found.past) + len(found.ahead) == 1


@given(EVENTS, DAYS)
def test_every_day_of_every_event_stands_on_one_side_of_the_split(events: tuple[Event, ...], at: date) -> None:
    found = timeline([regime(*events)], at=at)
    assert all(m.on <= at for m in found.past)
    assert all(m.on > at for m in found.ahead)
    shown = {(m.event.id, m.on) for m in (*found.past, *found.ahead)}
    assert shown == {(one.id, day) for one in events for day in days_of(one)}
    assert {one.id for _, one in found.undated} == {one.id for one in events if not days_of(one)}


@given(EVENTS, DAYS)
def test_time_runs_one_way(events: tuple[Event, ...], at: date) -> None:
    found = timeline([regime(*events)], at=at)
    days = [m.on for m in (*found.past, *found.ahead)]
    assert days == sorted(days)


@given(EVENTS, DAYS, DAYS)
def test_what_is_past_stays_past(events: tuple[Event, ...], one: date, other: date) -> None:
    act = regime(*events)
    earlier, later = (timeline([act], at=day) for day in sorted((one, other)))
    assert later.past[: len(earlier.past)] == earlier.past


@given(EVENTS, DAYS)
def test_the_order_of_files_does_not_matter(events: tuple[Event, ...], at: date) -> None:
    acts = [regime(one, ident=f"act-{one.id}") for one in events]
    first, second = timeline(acts, at=at), timeline(acts[::-1], at=at)
    assert (first.past, first.ahead) == (second.past, second.ahead)


# --- what concerns whom


def test_next_events_are_those_of_the_frameworks_in_use() -> None:
    act = regime(
        event("c", DECEMBER, requirements=(("gdpr", "Art.33"),)),
        event("b", DECEMBER - timedelta(days=2), frameworks=("iso42001-2023",)),
        event("a", DECEMBER - timedelta(days=1), frameworks=("nis2",)),
        event("old", AUGUST, frameworks=("gdpr",)),
    )
    found = next_events([act], ["gdpr", "iso42001-2023"], READ_ON, 5)
    assert [m.event.id for m in found] == ["b", "c"]
    assert [m.event.id for m in next_events([act], ["gdpr", "iso42001-2023"], READ_ON, 1)] == ["b"]
    assert next_events([act], ["gdpr"], READ_ON, 0) == ()
    assert next_events([act], [], READ_ON, 5) == ()


def test_events_about_a_requirement_name_it_or_a_group_above_it() -> None:
    act = regime(
        event("leaf", DECEMBER, requirements=(("act", "Art.50(2)"),)),
        event("chapter", AUGUST, requirements=(("act", "Ch.IV"),)),
        event("other", AUGUST, requirements=(("gdpr", "Art.50(2)"),)),
        event("open", None, question(AUGUST, DECEMBER), requirements=(("act", "Art.50"),)),
    )
    found = events_about([act], "act", ["Art.50(2)", "Art.50", "Ch.IV"])
    assert [(m.event.id, m.on) for m in found] == [
        ("chapter", AUGUST),
        ("open", AUGUST),
        ("leaf", DECEMBER),
        ("open", DECEMBER),
    ]


def test_statements_follow_their_frameworks_in_the_order_of_ids() -> None:
    first = regime(ident="one", statements=(statement("z", "a"), statement("m", "a", "b")))
    second = regime(ident="two", statements=(statement("c", "b"),))
    assert [one.id for one in statements_for([first, second], "b")] == ["c", "m"]
    assert [one.id for one in statements_for([first, second], "a")] == ["m", "z"]
    assert statements_for([first, second], "none") == ()


def test_open_rows_are_those_with_a_question() -> None:
    act = regime(event("settled", AUGUST), event("asked", None, question(AUGUST, DECEMBER)))
    assert [(name, row.id) for name, row in open_rows([act])] == [("act", "asked")]
    rows: tuple[Row, ...] = act.rows
    assert len(rows) == 2


def test_a_question_lists_its_days_once_and_in_order() -> None:
    assert question(DECEMBER, None, AUGUST, DECEMBER).days == (AUGUST, DECEMBER)
