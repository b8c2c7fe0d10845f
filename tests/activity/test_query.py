"""The log as one table: what is sealed and what waits, searched, counted, paged through, drawn from."""

import hashlib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annexa.activity import QueryError, watching
from annexa.activity import query as looking_into
from annexa.activity.columns import batch_of
from annexa.activity.query import DAY_US, HOUR_US, Asked, Assigned, Sources, looking
from annexa.activity.repeats import without_repeats
from annexa.activity.watching import log_of
from annexa.pure.events import Event

START = 1_796_083_200_000_000  # 2026-12-01, 00:00 UTC
SECOND = 1_000_000


def event(number: int, **more: object) -> Event:
    said = {
        "at": START + number * 60 * SECOND, "ended_at": START + number * 60 * SECOND + (number % 10 + 1) * 1000,
        "received_at": START + number * 60 * SECOND + 5, "system": "chatbot", "source": "gate", "kind": "inference",
        "model": f"model-{number % 2}", "trace_id": (number // 4).to_bytes(16, "big"),
        "span_id": number.to_bytes(8, "big"), "conversation": f"talk-{number // 4}", "user": f"user-{number % 5}",
        "input": f"Question {number}", "output": f"Answer {number}", "outcome": "error" if number % 10 == 9 else "ok",
        "input_tokens": 10, "output_tokens": 2, "cost": 0.5, "currency": "EUR", "service": "shop",
    } | more  # fmt: skip
    return Event(**said)


def sealed(folder: Path, name: str, *events: Event) -> str:
    path = folder / f"{name}.parquet"
    batch = batch_of(events)
    pq.write_table(pa.Table.from_batches([batch]), path)
    return str(path)


@pytest.fixture
def log(tmp_path) -> Sources:
    """120 events of the chatbot over two hours in three files, ten of nobody, ten that wait."""
    files = [
        sealed(tmp_path, "a", *(event(n) for n in range(60))),
        sealed(tmp_path, "b", *(event(n, features={"age": float(n)}) for n in range(60, 119))),
        sealed(tmp_path, "c", event(119, features={"town": "Ulm"})),
        sealed(tmp_path, "q", *(event(n, system="", service="kiosk") for n in range(200, 210))),
    ]
    return Sources(files=tuple(files), waiting=(batch_of([event(n) for n in range(120, 130)]),))


CHATBOT = Asked(systems=("chatbot",))


def test_it_works(log) -> None:
    with looking(log) as query:
        found = query.page(CHATBOT, limit=15)
        assert [one.event.at for one in found] == [START + n * 60 * SECOND for n in range(129, 114, -1)]
        assert [one.sealed for one in found] == [False] * 10 + [True] * 5
        assert (found[0].latency_ms, found[0].event.model) == (10.0, "model-1")
        assert (found[0].event.input, found[0].event.user) == (None, None), "content only where it was asked for"
        assert query.page(CHATBOT, limit=1, content=True)[0].event.input == "Question 129"


def test_pages_hold_everything_once(log) -> None:
    """Rule: going on from a cursor leaves nothing out and brings nothing twice, also among events of one instant."""
    more = Sources(files=log.files, waiting=(batch_of([event(0, input=f"Same {n}") for n in range(30)]),))
    with looking(more) as query:
        seen, after = [], ""
        while page := query.page(CHATBOT, after=after, limit=7):
            seen += [one.leaf for one in page]
            after = page[-1].cursor
        assert len(seen) == len(set(seen)) == 150
        with pytest.raises(QueryError, match="no place in a list"):
            query.page(CHATBOT, after="yesterday")


@pytest.mark.parametrize(
    ("asked", "many"),
    [
        ({}, 130),
        ({"systems": None}, 140),
        ({"systems": ()}, 0),
        ({"since": START + HOUR_US, "until": START + 2 * HOUR_US}, 60),
        ({"models": ("model-1",)}, 65),
        ({"kinds": ("tool_call",)}, 0),
        ({"outcomes": ("error",)}, 13),
        ({"failed": True}, 13),
        ({"user": "user-3"}, 26),
        ({"conversation": "talk-0"}, 4),
        ({"trace_id": (7).to_bytes(16, "big").hex()}, 4),
        ({"text": "QUESTION 12"}, 11),
        ({"text": "answer 77"}, 1),
        ({"text": "%"}, 0),
        ({"text": "' OR 1=1 --"}, 0),
        ({"sources": ("gate",), "environments": ("",)}, 130),
    ],
)
def test_what_is_asked_for(log, asked, many) -> None:
    with looking(log) as query:
        assert query.count(Asked(**({"systems": ("chatbot",)} | asked))) == many


def test_over_time(log) -> None:
    with looking(log) as query:
        found = query.over_time(CHATBOT, step=HOUR_US)
        assert [(one.start, one.events, one.errors) for one in found.spans] == [
            (START, 60, 6), (START + HOUR_US, 60, 6), (START + 2 * HOUR_US, 10, 1),
        ]  # fmt: skip
        assert dict(found.spans[2].outcomes) == {"ok": 9, "error": 1}
        assert (found.total.events, found.total.input_tokens, found.total.cost) == (130, 1300, 65.0)
        assert (found.total.p50, found.total.p95) == (pytest.approx(5.5), pytest.approx(10.0))
        assert (found.currency, found.users, dict(found.total.outcomes)) == ("EUR", 5, {"ok": 117, "error": 13})
        assert len(query.over_time(CHATBOT, step=DAY_US).spans) == 1
        assert query.over_time(Asked(systems=("none",)), step=DAY_US).total.events == 0


def test_a_conversation_end_to_end_and_one_event_with_its_features(log) -> None:
    with looking(log) as query:
        found = query.together(Asked(systems=("chatbot",), conversation="talk-15"))
        assert [one.event.input for one in found] == [f"Question {n}" for n in range(60, 64)]
        one = query.one(found[1].leaf, CHATBOT)
        assert one is not None
        assert (dict(one.event.features), one.sealed, one.event.output) == ({"age": 61.0}, True, "Answer 61")
        assert query.one(found[1].leaf, Asked(systems=("other",))) is None
        assert query.one("00" * 32, CHATBOT) is None


def test_a_sample_can_be_drawn_again_by_anybody(log) -> None:
    """Rule: the seed and the leaves alone decide."""
    with looking(log) as query:
        drawn, many = query.sample(CHATBOT, size=12, seed="2026-12 audit")
        again, _ = query.sample(CHATBOT, size=12, seed="2026-12 audit")
        other, _ = query.sample(CHATBOT, size=12, seed="other")
        everything = [one.leaf for one in query.page(CHATBOT, limit=1_000)]
        assert [one.leaf for one in query.of_leaves(drawn, CHATBOT)] == list(drawn)
    by_hand = sorted(everything, key=lambda leaf: hashlib.sha256(f"2026-12 audit:{leaf}".encode()).hexdigest())
    assert (list(drawn), many) == (by_hand[:12], 130)
    assert drawn == again != other


def test_what_was_given_to_a_system_later_counts_as_its_own_until_then(log) -> None:
    until = START + 204 * 60 * SECOND + 5
    given = Assigned(source="gate", column="service", value="kiosk", system="kiosk-bot", until=until)
    with looking(Sources(files=log.files, waiting=log.waiting, assigned=(given,))) as query:
        found = query.page(Asked(systems=("kiosk-bot",)))
        assert len(found) == 5
        assert {(one.event.system, one.told_system) for one in found} == {("kiosk-bot", "")}
        assert query.count(Asked(systems=("",))) == 5
        assert query.count(CHATBOT) == 130


def test_many_files_give_the_same_pages(log, monkeypatch) -> None:
    """Rule: of how many files the latest are read first changes nothing, wherever a page begins."""
    monkeypatch.setattr(looking_into, "time", SimpleNamespace(time_ns=lambda: (START + 125 * 60 * SECOND) * 1000))

    def pages() -> list[list[str]]:
        with looking(log) as query:
            found, after = [], ""
            while page := query.page(CHATBOT, after=after, limit=40):
                found.append([one.leaf for one in page])
                after = page[-1].cursor
            return [*found, [one.leaf for one in query.page(replace(CHATBOT, until=START + 3_600 * SECOND), limit=7)]]

    at_once = pages()
    monkeypatch.setattr(looking_into, "FEW_FILES", 0)
    assert pages() == at_once
    assert [len(page) for page in at_once] == [40, 40, 40, 10, 7]


def test_a_monitor_counts_what_was_given_to_its_system_whoever_else_was_given_something(log) -> None:
    """Rule: of its own, what waits, and what was given to it until it was; never what was given to another."""
    until = START + 204 * 60 * SECOND + 5
    given = (
        Assigned(source="gate", column="service", value="kiosk", system="chatbot", until=until),
        Assigned(source="gate", column="service", value="desk", system="kiosk-bot", until=until),
    )
    sources = Sources(files=log.files, waiting=log.waiting, assigned=given)
    counted = {}
    for system in ("chatbot", "kiosk-bot", "nobody"):
        with log_of(sources, system) as relation:
            counted[system] = relation.count("*").fetchall()[0][0]
    assert counted == {"chatbot": 135, "kiosk-bot": 0, "nobody": 0}


@pytest.mark.parametrize("at_hand", [0, 1_000])
def test_files_with_other_features_are_one_log_however_much_there_is(log, monkeypatch, at_hand) -> None:
    """Rule: the same is counted of a log that is taken into memory and of one that is read where it is."""
    monkeypatch.setattr(watching, "AT_HAND", at_hand)
    given = Assigned(source="gate", column="service", value="Kim's", system="chatbot", until=0)
    with log_of(Sources(files=log.files, waiting=log.waiting, assigned=(given,)), "chatbot") as relation:
        names = [name for name in relation.columns if name.startswith("f_")]
        sums = relation.aggregate("count(*), count(f_age), sum(f_age)::BIGINT, max(f_town)").fetchall()
    assert (names, sums) == (["f_age", "f_town"], [(130, 59, sum(range(60, 119)), "Ulm")])


def test_few_events_in_many_files_take_little_memory(tmp_path, monkeypatch) -> None:
    """Rule: a system that says little for months is watched within the same memory as one that says much."""
    monkeypatch.setattr(watching, "MEMORY", "300MB")
    features = {f"x{number:02d}": float(number) for number in range(40)}
    files = [sealed(tmp_path, f"{n:03d}", event(n, features=features), event(n + 1_000)) for n in range(240)]
    with log_of(Sources(files=tuple(files)), "chatbot") as relation:
        assert relation.aggregate("count(*), count(f_x07)").fetchall() == [(480, 240)]


def test_who_sends_and_what_they_say_of_themselves(log) -> None:
    with looking(log) as query:
        (group,) = query.groups(Asked(systems=("",)), ("source", "service", "environment"))
        assert (group.values, group.events) == (("gate", "kiosk", ""), 10)
        assert (group.first, group.last) == (START + 200 * 60 * SECOND + 5, START + 209 * 60 * SECOND + 5)
        with pytest.raises(QueryError, match="no column"):
            query.groups(CHATBOT, ("1; DROP TABLE events",))


def test_all_of_it_comes_in_parts(log) -> None:
    with looking(log) as query:
        batches = list(query.batches(CHATBOT, content=True, rows=50))
        rows = [row for batch in batches for row in batch.to_pylist()]
        assert [row["input"] for row in rows] == [f"Question {n}" for n in range(130)]
    with looking(log) as query:
        (first, *_) = query.batches(CHATBOT, content=False)
        assert "input" not in first.schema.names


def test_what_waits_twice_counts_once() -> None:
    """Rule: a sender that never heard its answer sends again; the log knows it by its ids."""
    nameless = event(1, span_id=None)
    batches = [batch_of([event(0), event(1), nameless]), batch_of([event(1), event(2), nameless])]
    with looking(Sources(waiting=without_repeats(batches))) as query:
        assert query.count(CHATBOT) == 5


def test_nothing_but_the_files_it_was_given_can_be_read(log, tmp_path) -> None:
    secret = tmp_path.parent / "secret.csv"
    secret.write_text("a\n1\n")
    with looking(log) as query, pytest.raises(Exception, match="disabled by configuration"):
        query._connection.execute(f"SELECT * FROM read_csv('{secret}')")
    with looking(log) as query, pytest.raises(Exception, match="configuration has been locked"):
        query._connection.execute("SET enable_external_access = true")


def test_a_question_that_takes_too_long_is_given_up(log, monkeypatch) -> None:
    monkeypatch.setattr(looking_into, "LONGEST_SECONDS", 0.2)
    with looking(log) as query, pytest.raises(QueryError, match="takes longer than"):
        query._rows("SELECT count(*) FROM range(100000000) a, range(100000) b WHERE a.range * b.range = 7", [])


def test_nothing_there_is_no_error() -> None:
    with looking(Sources()) as query:
        assert query.page(Asked()) == ()
        assert query.over_time(Asked(), step=DAY_US).spans == ()
