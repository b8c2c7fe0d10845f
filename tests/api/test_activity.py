"""Activity over the API: over time, event by event, conversations with proofs, samples, files; on record who read."""

import io
import json
from datetime import timedelta

import pyarrow.parquet as pq
import pytest

from annexa.actions.grants import grant_role
from annexa.actions.people import actor_of, add_person
from annexa.actions.sealing import seal_everything
from annexa.actions.tokens import create_token
from annexa.answers.activity import READERS, microseconds
from annexa.answers.activity_store import journal_folder
from annexa.answers.store import signer
from annexa.api.shapes import now
from annexa.pure.notes import VerifierKey
from annexa.pure.permits import ANNEXA
from annexa.pure.segment_proofs import RecordProof, verify_record_proof
from annexa.records.activity_samples import ActivitySample
from tests.activity.making import arrive, event
from tests.api.conftest import Client, Program

pytestmark = pytest.mark.django_db
HERE = "systems/chatbot/activity"
EVENTS = f"{HERE}/events"
HOSTILE = "<script>alert(1)</script>\x1b[2J\u202eevil"


def fine(said, status=200):
    assert said.status == status, said.content
    return said.json


@pytest.fixture(autouse=True)
def _log(house, settings, tmp_path):
    """Thirty events of the chatbot that are sealed, one that waits."""
    settings.HOME = tmp_path
    start = microseconds(now() - timedelta(hours=5))
    made = [
        event(n, at=start + n * 1000, ended_at=start + n * 1000 + 70_000, received_at=start + n * 1000, source="gate",
              input=HOSTILE if n == 0 else f"Question {n}", outcome="error" if n == 3 else "ok", cost=0.5,
              currency="EUR", score=float("nan") if n == 0 else None,
              features={"age": 4.5, "area": "é"} if n == 0 else {})
        for n in range(30)
    ]  # fmt: skip
    arrive(journal_folder(), made)
    seal_everything(clock=now)
    arrive(journal_folder(), [event(99, at=start + 99_000, received_at=start + 99_000, source="gate", input="Last")])


@pytest.fixture
def reader(house) -> Program:
    """A program of somebody who reads the chatbot, and no more."""
    ada = house["administrator"]
    sam = add_person(actor=ANNEXA, email="sam@example.org", name="Sam", role="member", password=None, now=now())
    grant_role(
        actor=actor_of(ada), person=ada, holder=sam, role="reader", system="chatbot", because="Customer", now=now()
    )
    _, text = create_token(
        actor=actor_of(sam), person=sam, holder=sam, name="Read", scopes=["read"], now=now(),
        expires_at=now() + timedelta(days=9),
    )  # fmt: skip
    return Program(text=text, client=Client())


def leaves(asks) -> list[str]:
    """The latest first: what waits, then the sealed ones from the last to the first."""
    return [one["leaf"] for one in fine(asks("GET", f"{EVENTS}?limit=200"))["items"]]


def reads(asks) -> list[str]:
    return [one["name"] for one in fine(asks("GET", f"{EVENTS}?kind=access"))["items"]]


def shows(data: bytes):
    return verify_record_proof(RecordProof.from_bytes(data), log=VerifierKey.parse(signer().verifier_key))


def test_what_a_system_did_over_time(admin) -> None:
    found = fine(admin("GET", HERE))
    assert (found["total"]["events"], found["total"]["errors"], found["users"]) == (31, 1, 5)
    assert (found["total"]["p50_ms"], found["total"]["cost"], found["currency"]) == (70.0, 15.0, "EUR")
    assert found["total"]["outcomes"] == {"error": 1, "ok": 30}
    assert found["step"] == "day"
    assert sum(one["events"] for one in found["spans"]) == 31
    assert {"value": "ok", "events": 30} in found["values"]["outcome"]
    (hour,) = fine(admin("GET", f"{HERE}?step=hour"))["spans"]
    assert hour["start"].endswith(":00:00Z")
    assert fine(admin("GET", f"{HERE}?since={now() - timedelta(days=1):%Y-%m-%dT%H:%MZ}"))["step"] == "hour"
    (line,) = fine(admin("GET", "activity"))["items"]
    assert (line["system"], line["day"], line["week"], line["errors"]) == ("chatbot", 31, 31, 1)


def test_events_come_in_parts(admin) -> None:
    """Rule: nothing twice, nothing left out, whatever arrives meanwhile."""
    found, cursor = [], ""
    while cursor is not None:
        part = fine(admin("GET", f"{EVENTS}?limit=12&cursor={cursor}"))
        found += part["items"]
        cursor = part["next"]
        at = microseconds(now())
        arrive(journal_folder(), [event(200 + len(found), at=at, received_at=at)])
    assert len({one["leaf"] for one in found}) == len(found) == 31
    assert [one["at"] for one in found] == sorted((one["at"] for one in found), reverse=True)
    assert [one["sealed"] for one in found] == [False] + [True] * 30


@pytest.mark.parametrize(
    ("query", "rows"),
    [("text=question 1", 11), ("outcome=error", 1), ("outcome=error&outcome=ok", 31), ("failed=true", 1),
     ("user=user-3", 6), ("model=none", 0), ("since=2020-01-01&until=2020-02-01", 0), ("source=gate", 31),
     ("kind=inference", 31), ("conversation=talk-1", 3)],
)  # fmt: skip
def test_events_are_narrowed(admin, query, rows) -> None:
    assert len(fine(admin("GET", f"{EVENTS}?limit=200&{query}"))["items"]) == rows


@pytest.mark.parametrize(
    "query",
    ["kind=nothing", "since=rubbish", "until=", "since=2026-02-01&until=2026-01-01", "limit=0", "step=week",
     "cursor=zz", "cursor=WyIiLCJ4IiwieSJd", "cursor=WyIiLCI5OTk5OTk5OTk5OTk5OTk5OTk5IiwiMDAiXQ"],
)  # fmt: skip
def test_what_is_asked_wrongly_is_told(admin, query) -> None:
    where = HERE if query.startswith("step") else EVENTS
    said = admin("GET", f"{where}?{query}")
    assert said.status == 422
    assert said.headers["Content-Type"] == "application/problem+json"
    assert said.json["errors"]


def test_one_event_and_where_it_stands(admin) -> None:
    """Rule: what was said comes back as it came; numbers that JSON lacks as null or text."""
    last, *_, first = leaves(admin)
    found = fine(admin("GET", f"{EVENTS}/{first}"))
    assert (found["input"], found["user"], found["content"]) == (HOSTILE, "user-0", True)
    assert (found["score"], found["features"]) == (None, {"age": 4.5, "area": "é"})
    assert (found["proof"]["agrees"], found["proof"]["row"], found["proof"]["records"]) == (True, 0, 30)
    assert fine(admin("GET", f"ledger/entries/{found['proof']['ledger_index']}"))["kind"] == "activity_segment"
    waits = fine(admin("GET", f"{EVENTS}/{last}"))
    assert (waits["sealed"], waits["proof"]["segment"], waits["proof"]["agrees"]) == (False, None, True)
    assert "Ask again in some seconds" in admin("GET", f"{EVENTS}/{last}/proof").json["detail"]
    for wrong in ("0" * 64, "rubbish", "%22"):
        assert admin("GET", f"{EVENTS}/{wrong}").status == 404
        assert admin("GET", f"{EVENTS}/{wrong}/proof").status == 404
    assert admin("GET", f"systems/none/activity/events/{first}").status == 404


def test_the_proof_of_an_event_holds_without_us(admin) -> None:
    *_, first = leaves(admin)
    said = admin("GET", f"{EVENTS}/{first}/proof")
    assert said.status == 200
    shown = shows(said.content)
    assert (shown.event.input, shown.row, shown.records) == (HOSTILE, 0, 30)
    changed = json.loads(said.content)
    changed["record"]["outcome"] = "refused"
    with pytest.raises(ValueError, match="is not in the tree"):
        shows(json.dumps(changed).encode())


def test_a_conversation_from_end_to_end_with_its_proofs(admin) -> None:
    found = fine(admin("GET", f"{HERE}/conversation?conversation=talk-1"))
    assert [one["input"] for one in found["events"]] == ["Question 3", "Question 4", "Question 5"]
    assert (found["sealed"], found["content"]) == (3, True)
    said = admin("GET", f"{HERE}/conversation/proofs?conversation=talk-1")
    assert [shows(line).event.input for line in said.content.splitlines()] == ["Question 3", "Question 4", "Question 5"]
    trace = (4).to_bytes(16, "big").hex()
    assert [one["input"] for one in fine(admin("GET", f"{HERE}/conversation?trace={trace}"))["events"]] == [
        "Question 4"
    ]
    assert admin("GET", f"{HERE}/conversation?conversation=none").status == 404
    assert admin("GET", f"{HERE}/conversation?trace=zz").status == 404
    for wrong in ("", f"?conversation=talk-1&trace={trace}"):
        assert admin("GET", f"{HERE}/conversation{wrong}").status == 422
        assert admin("GET", f"{HERE}/conversation/proofs{wrong}").status == 422


def test_reading_what_was_said_is_on_record(admin) -> None:
    """Rule: who opens, searches, proves or exports what people said leaves an event; a list alone does not."""
    *_, first = leaves(admin)
    admin("GET", HERE)
    assert reads(admin) == []
    admin("GET", f"{EVENTS}/{first}")
    admin("GET", f"{EVENTS}/{first}/proof")
    admin("GET", f"{EVENTS}?text=question")
    admin("GET", f"{HERE}?user=user-3")
    admin("GET", f"{HERE}/conversation?conversation=talk-1")
    admin("GET", f"{HERE}/conversation/proofs?conversation=talk-1")
    admin("GET", f"{HERE}/export")
    assert sorted(reads(admin)) == [
        "exported", "read conversation", "read conversation", "read event", "read event", "searched", "searched",
    ]  # fmt: skip
    assert len(leaves(admin)) == 31, "reading is no work of the system"
    assert fine(admin("GET", f"{EVENTS}?source={READERS}"))["items"]


def test_who_only_reads_sees_that_something_happened(admin, reader) -> None:
    """Rule: nothing of what was said, neither shown nor found by searching; the proof holds all the same."""
    *_, first = leaves(admin)
    assert fine(reader("GET", HERE))["content"] is False
    assert {one["user"] for one in fine(reader("GET", EVENTS))["items"]} == {None}
    found = fine(reader("GET", f"{EVENTS}/{first}"))
    assert (found["input"], found["user"], found["features"], found["content"]) == (None, None, {}, False)
    assert found["proof"]["agrees"], "worked out from what is not shown"
    proof = reader("GET", f"{EVENTS}/{first}/proof")
    assert (proof.status, shows(proof.content).event.input, b"user-0" in proof.content) == (200, None, False)
    talk = reader("GET", f"{HERE}/conversation?conversation=talk-1")
    assert (len(fine(talk)["events"]), b"Question" in talk.content) == (3, False)
    for one in ("text=question", "user=user-3"):
        for where in (EVENTS, HERE, f"{HERE}/export"):
            said = reader("GET", f"{where}?{one}")
            assert said.status == 403
            assert "read_activity_content" in said.json["detail"]
    lines = reader("GET", f"{HERE}/export?format=ndjson").content
    assert (lines.count(b"\n"), b"Question" in lines) == (31, False)
    assert reads(admin) == []
    for other in ("systems/credit-score/activity", "systems/credit-score/activity/events"):
        assert reader("GET", other).status == 404


def test_a_proof_for_who_may_not_read_holds_nothing_that_was_said(admin, reader) -> None:
    """Rule: it proves the event as one does whose content was erased, in a conversation, too."""
    *_, first = leaves(admin)
    said = reader("GET", f"{EVENTS}/{first}/proof")
    shown = shows(said.content)
    assert (shown.event.input, shown.event.user, dict(shown.event.features), shown.row) == (None, None, {}, 0)
    assert "salt" not in said.json, "with it one could try what stood there"
    talk = reader("GET", f"{HERE}/conversation/proofs?conversation=talk-1").content
    assert [shows(line).row for line in talk.splitlines()] == [3, 4, 5]
    assert b"Question" not in talk


@pytest.mark.parametrize("kind", ["csv", "ndjson", "parquet"])
def test_files(admin, kind) -> None:
    said = admin("GET", f"{HERE}/export?format={kind}&outcome=ok")
    assert said.status == 200
    assert f"activity-chatbot.{kind}" in said.headers["Content-Disposition"]
    if kind == "parquet":
        assert pq.read_table(io.BytesIO(said.content)).num_rows == 30
    else:
        assert said.content.count(b"\n") == (31 if kind == "csv" else 30)
        assert b"Question 29" in said.content
    assert admin("GET", f"{HERE}/export?format=xlsx").status == 422


def test_samples_are_drawn_listed_and_shown(admin, program) -> None:
    body = {"size": 4, "seed": "s", "outcome": ["ok"], "because": "Review"}
    made = admin("POST", f"{HERE}/samples", body, Idempotency_Key="k1")
    found = fine(made, 201)
    assert (found["size"], found["population"], found["seed"], found["by"]) == (4, 30, "s", "Ada Admin")
    assert [one["leaf"] for one in found["events"]] == found["leaves"]
    assert b"Question" not in made.content, "a list shows no text"
    assert admin("POST", f"{HERE}/samples", body, Idempotency_Key="k1").json["id"] == found["id"]
    assert fine(admin("GET", made.headers["Location"].removeprefix("/api/v1/"))) == found
    again = fine(program("auditor")("POST", f"{HERE}/samples", {**body, "until": found["asked"]["until"]}), 201)
    assert again["leaves"] == found["leaves"], "the same seed draws the same"
    listed = fine(admin("GET", f"{HERE}/samples?limit=1"))
    assert listed["items"][0]["id"] == again["id"]
    assert fine(admin("GET", f"{HERE}/samples?limit=1&cursor={listed['next']}"))["items"][0]["id"] == found["id"]
    assert found["asked"]["outcomes"] == ["ok"]


def test_what_is_not_drawn(admin, house, reader) -> None:
    """Rule: who may not read what was said draws nothing by it, and is not told by what others drew."""
    body = {"size": 4, "text": "question 1", "because": "Review"}
    found = fine(admin("POST", f"{HERE}/samples", body), 201)
    assert found["asked"]["text"] == "question 1"
    assert "text" not in fine(reader("GET", f"{HERE}/samples/{found['id']}"))["asked"]
    auditor = house["auditor"]
    _, text = create_token(
        actor=actor_of(auditor), person=auditor, holder=auditor, name="Draw", scopes=["read", "sample_activity"],
        now=now(), expires_at=now() + timedelta(days=9),
    )  # fmt: skip
    drawer = Program(text=text, client=Client())
    assert drawer("POST", f"{HERE}/samples", body).status == 403
    fine(drawer("POST", f"{HERE}/samples", {"size": 1, "because": "Review"}), 201)
    assert reader("POST", f"{HERE}/samples", {"size": 1, "because": "Review"}).status == 403
    wrong = admin("POST", f"{HERE}/samples", {"size": 0, "because": "x", "kind": ["none"], "more": 1})
    assert {one["field"] for one in wrong.json["errors"]} == {"size", "kind.0", "more"}
    assert admin("POST", f"{HERE}/samples", {"size": 1, "because": " "}).json["errors"][0]["field"] == "because"
    assert admin("POST", f"{HERE}/samples", {"size": 1, "outcome": ["none"], "because": "x"}).status == 422
    assert admin("GET", f"{HERE}/samples/none").status == 404
    assert ActivitySample.objects.count() == 2
