"""What systems did is found sealed or not, given away, drawn and exported; who reads what people said is on record."""

import csv
import hashlib
import io
import json
from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annexa.actions.activity import draw_sample, note_reading
from annexa.actions.activity_sources import assign_activity, open_source
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.sealing import seal_everything
from annexa.actions.systems import add_system
from annexa.activity.columns import batch_of
from annexa.activity.journal import Journal
from annexa.activity.query import DAY_US, Asked
from annexa.answers.activity import (
    READERS,
    activity_of,
    in_quarantine,
    one_event,
    quarantined,
    sample_named,
    samples_of,
    systems_active,
    together,
)
from annexa.answers.activity_files import FORMATS, exporting
from annexa.answers.activity_parts import microseconds
from annexa.answers.activity_sources import rules_now
from annexa.answers.activity_store import journal_folder
from annexa.answers.errors import UnknownError
from annexa.pure.events import Event
from annexa.pure.permits import Actor, Grant
from annexa.pure.systems import SystemFacts
from annexa.records.activity import Segment
from annexa.records.activity_samples import ActivitySample
from tests.actions.test_door import check_ledger

READER = Actor(
    id="person/97", name="Uma", role="member", grants=(Grant(role="reader", systems=frozenset({"chatbot"})),)
)
OWNER = Actor(id="person/96", name="Ole", role="member", grants=(Grant(role="owner", systems=frozenset({"chatbot"})),))
ELSEWHERE = Actor(
    id="person/95", name="Eve", role="member", grants=(Grant(role="owner", systems=frozenset({"ranking"})),)
)


@pytest.fixture(autouse=True)
def _house(organisation, actor, admin, now, settings, tmp_path):
    settings.HOME, settings.STORE = tmp_path, tmp_path / "store"
    for name in ("Chatbot", "Ranking"):
        add_system(actor=actor, facts=SystemFacts(name=name), now=now)
    open_source(
        actor=actor, person=admin, slug="gate", name="Gate", because="All", now=now,
        rules=[{"attribute": "service.name", "how": "equals", "value": "shop", "system": "chatbot"}],
    )  # fmt: skip


def event(now, number: int, **more) -> Event:
    at = microseconds(now - timedelta(hours=3)) + number * 1_000_000
    said = {
        "at": at, "ended_at": at + 5_000, "received_at": at, "system": "chatbot", "source": "gate", "kind": "inference",
        "span_id": number.to_bytes(8, "big"), "trace_id": (number // 3).to_bytes(16, "big"), "outcome": "ok",
        "conversation": f"talk-{number // 3}", "user": f"p_{number % 4}", "input": f"=Question {number}",
        "output": f"Answer {number}", "service": "shop", "input_tokens": 3,
    } | more  # fmt: skip
    return Event(**said)


def arrive(*events: Event) -> None:
    journal = Journal(folder=journal_folder(), backlog_bytes=1 << 30, spare_bytes=0)
    journal.append(batch_of(events))
    journal.close()


@pytest.fixture
def log(now):
    """Twelve events that are sealed, six that wait, five of nobody."""
    arrive(*(event(now, n) for n in range(12)), *(event(now, 50 + n, system="", service="kiosk") for n in range(5)))
    seal_everything(clock=lambda: now)
    arrive(*(event(now, n) for n in range(12, 18)))


def asked(now, **more) -> Asked:
    return Asked(since=microseconds(now - timedelta(days=1)), until=microseconds(now + timedelta(days=1)), **more)


def test_it_works(log, actor, now) -> None:
    found = activity_of(actor=actor, slug="chatbot", asked=asked(now), step=DAY_US, limit=10)
    assert (found.over.total.events, len(found.events), found.content, found.ever) == (18, 10, True, True)
    assert [one.sealed for one in found.events] == [False] * 6 + [True] * 4
    rest = activity_of(actor=actor, slug="chatbot", asked=asked(now), step=DAY_US, after=found.more, limit=10)
    assert (len(rest.events), rest.more) == (8, "")
    assert [(one.values, one.events) for one in found.facets["kind"]] == [(("inference",), 18)]


def test_what_came_again_counts_once(log, actor, now) -> None:
    arrive(*(event(now, n) for n in range(12, 18)))
    assert activity_of(actor=actor, slug="chatbot", asked=asked(now), step=DAY_US).over.total.events == 18


def test_one_event_with_its_proof(log, actor, now) -> None:
    rows = activity_of(actor=actor, slug="chatbot", asked=asked(now), step=DAY_US).events
    waiting = one_event(actor=actor, slug="chatbot", leaf=rows[0].leaf)
    assert (waiting.proof.segment, waiting.proof.agrees) == (None, True)
    sealed = one_event(actor=actor, slug="chatbot", leaf=rows[-1].leaf)
    segment = Segment.objects.get(system="chatbot")
    assert (sealed.proof.segment, sealed.proof.row, sealed.proof.agrees) == (segment, 0, True)
    assert sealed.proof.position is not None
    assert sealed.found.event.input == "=Question 0"
    with pytest.raises(UnknownError):
        one_event(actor=actor, slug="ranking", leaf=rows[-1].leaf)


def test_who_reads_a_part_sees_that_part_and_only_owners_what_was_said(log, actor, now) -> None:
    """Rule: a system one may not read does not exist; who may read it reads what was said only as its owner or auditor,
    nor can they find out by searching."""
    leaf = activity_of(actor=actor, slug="chatbot", asked=asked(now), step=DAY_US).events[-1].leaf
    for who, content in ((OWNER, True), (READER, False)):
        found = activity_of(actor=who, slug="chatbot", asked=asked(now), step=DAY_US)
        assert (found.content, found.events[0].event.user is not None) == (content, content)
        one = one_event(actor=who, slug="chatbot", leaf=leaf)
        assert (one.found.event.input is not None, one.proof.agrees) == (content, True)
        talk = together(actor=who, slug="chatbot", conversation="talk-0")
        assert [one.event.output is not None for one in talk] == [content] * 3
        many = activity_of(
            actor=who, slug="chatbot", asked=asked(now, text="Question 1"), step=DAY_US
        ).over.total.events
        assert many == (9 if content else 18)
    for look in (
        lambda: activity_of(actor=ELSEWHERE, slug="chatbot", asked=asked(now), step=DAY_US),
        lambda: one_event(actor=ELSEWHERE, slug="chatbot", leaf=leaf),
        lambda: together(actor=ELSEWHERE, slug="chatbot", conversation="talk-0"),
        lambda: exporting(actor=ELSEWHERE, slug="chatbot", asked=asked(now), chosen="csv"),
        lambda: together(actor=actor, slug="chatbot", conversation="none"),
    ):
        with pytest.raises(UnknownError):
            look()
    assert [one.system.slug for one in systems_active(actor=ELSEWHERE, now=now)] == []
    assert [(one.system.slug, one.day) for one in systems_active(actor=READER, now=now)] == [("chatbot", 18)]


def test_what_is_nobodys_is_given_away_and_the_events_stay_as_they_came(log, actor, admin, now) -> None:
    (group,) = quarantined()
    assert (group.values, group.events) == (("gate", "kiosk", ""), 5)
    assert in_quarantine(source="gate", column="service", value="kiosk") == 5
    size = check_ledger()
    rules, given = assign_activity(
        actor=actor, person=admin, source="gate", attribute="service.name", value="kiosk", system="ranking",
        earlier=True, because="It is the kiosk of the shop", now=now,
    )  # fmt: skip
    assert check_ledger() == size + 2
    assert (given.events, rules.number) == (5, 2)
    assert [one.system for one in rules_now(given.source)] == ["chatbot", "ranking"]
    assert quarantined() == ()
    found = activity_of(actor=actor, slug="ranking", asked=asked(now), step=DAY_US)
    assert (found.over.total.events, {one.told_system for one in found.events}) == (5, {""})
    one = one_event(actor=actor, slug="ranking", leaf=found.events[0].leaf)
    assert (one.assignment, one.proof.agrees, one.proof.segment.system) == (given, True, "")
    with pytest.raises(ConflictError, match="so already"):
        assign_activity(
            actor=actor, person=admin, source="gate", attribute="service.name", value="kiosk", system="ranking",
            earlier=True, because="Again", now=now,
        )  # fmt: skip


def test_what_is_there_may_stay_in_quarantine(log, actor, admin, now) -> None:
    _, given = assign_activity(
        actor=actor, person=admin, source="gate", attribute="service.name", value="kiosk", system="ranking",
        earlier=False, because="From now on", now=now,
    )  # fmt: skip
    assert given is None
    assert quarantined()[0].events == 5


def test_every_problem_of_an_assignment_is_told(log, actor, admin, kim, now) -> None:
    given = {"source": "gate", "attribute": "host.name", "value": "x", "system": "none", "earlier": True, "now": now}
    with pytest.raises(InvalidError) as error:
        assign_activity(actor=actor, person=admin, because=" ", **given)
    assert set(error.value.problems) == {"attribute", "system", "because"}
    with pytest.raises(NotPermittedError):
        assign_activity(actor=OWNER, person=kim, because="x", **given)


def test_a_sample_is_drawn_on_record_and_can_be_drawn_again(log, actor, admin, now) -> None:
    size = check_ledger()
    later = now + timedelta(minutes=1)
    made = draw_sample(
        actor=actor, person=admin, system="chatbot", asked=asked(now), size=5, seed="audit 7", because="Q4", now=later
    )
    assert check_ledger() == size + 1
    assert (made.population, made.size, made.asked["systems"]) == (18, 5, ["chatbot"])
    row, found = sample_named(actor=actor, slug="chatbot", sample=made.id)
    assert [one.leaf for one in found] == made.leaves
    everything = activity_of(actor=actor, slug="chatbot", asked=asked(now), step=DAY_US, limit=100).events
    by_hand = sorted(
        (one.leaf for one in everything), key=lambda leaf: hashlib.sha256(f"audit 7:{leaf}".encode()).hexdigest()
    )
    assert by_hand[:5] == row.leaves
    assert samples_of(actor=READER, slug="chatbot") == (made,)
    assert sample_named(actor=READER, slug="chatbot", sample=made.id)[1][0].event.input is None
    with pytest.raises(UnknownError):
        sample_named(actor=actor, slug="ranking", sample=made.id)


def test_who_draws_and_how_many(log, actor, admin, now) -> None:
    given = {"person": admin, "system": "chatbot", "asked": asked(now), "now": now}
    with pytest.raises(InvalidError) as error:
        draw_sample(actor=actor, size=501, seed="x" * 101, because="", **given)
    assert set(error.value.problems) == {"size", "seed", "because"}
    with pytest.raises(NotPermittedError):
        draw_sample(actor=READER, size=5, because="x", **given)
    with pytest.raises(NotFoundError):
        draw_sample(actor=ELSEWHERE, size=5, because="x", **given)
    with pytest.raises(InvalidError, match="no such event"):
        draw_sample(actor=actor, size=5, because="x", **{**given, "asked": replace(asked(now), models=("none",))})
    assert ActivitySample.objects.count() == 0


def test_who_read_what_people_said_is_an_event_of_that_system(log, actor, now) -> None:
    """Rule: it is sealed with the rest and not counted as work of the system."""
    note_reading(actor=actor, system="chatbot", what="read event", about={"leaf": "ab"}, now=now)
    found = activity_of(actor=actor, slug="chatbot", asked=asked(now, kinds=("access",)), step=DAY_US).events
    assert [(one.event.source, one.event.user, one.event.name, one.event.attributes) for one in found] == [
        (READERS, actor.id, "read event", '{"leaf": "ab"}')
    ]
    without = activity_of(actor=actor, slug="chatbot", asked=asked(now, without_source=READERS), step=DAY_US)
    assert without.over.total.events == 18


@pytest.mark.parametrize("chosen", list(FORMATS))
def test_files_hold_every_event_once(chosen, log, actor, now) -> None:
    found = exporting(actor=actor, slug="chatbot", asked=asked(now), chosen=chosen)
    data = b"".join(found.parts)
    match chosen:
        case "csv":
            rows = list(csv.DictReader(io.StringIO(data.decode())))
            assert rows[0]["input"] == "'=Question 0", "a spreadsheet must not take a text for a formula"
        case "ndjson":
            rows = [json.loads(line) for line in data.splitlines()]
        case _:
            rows = pq.read_table(pa.BufferReader(data)).to_pylist()
    assert [row["output"] for row in rows] == [f"Answer {n}" for n in range(18)]


def test_files_hold_what_was_said_only_for_who_may_read_it(log, now) -> None:
    found = exporting(actor=READER, slug="chatbot", asked=asked(now), chosen="ndjson")
    rows = [json.loads(line) for line in b"".join(found.parts).splitlines()]
    assert (found.content, len(rows), "input" in rows[0], "user" in rows[0]) == (False, 18, False, False)


def test_a_file_that_nobody_reads_lets_go_of_the_log(log, actor, now) -> None:
    kept = exporting(actor=actor, slug="chatbot", asked=asked(now), chosen="csv")
    for _ in range(9):
        exporting(actor=actor, slug="chatbot", asked=asked(now), chosen="csv")  # let go of at once
        exporting(actor=actor, slug="chatbot", asked=asked(now), chosen="csv").parts.close()
    assert kept.content
    assert activity_of(actor=actor, slug="chatbot", asked=asked(now), step=DAY_US).over.total.events == 18
