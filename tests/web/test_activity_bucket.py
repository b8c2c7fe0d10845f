"""The activity log in a bucket: looked into from pages, commands and monitors, from copies of the files it takes."""

import json
import secrets
from datetime import timedelta

import pytest
from django.urls import reverse

from annexa.actions.activity import draw_sample
from annexa.actions.backups import back_up
from annexa.actions.retaining import erase, forget_copies
from annexa.actions.retention import ask_erasure
from annexa.actions.sealing import seal_everything
from annexa.actions.systems import add_system
from annexa.activity import FetchError
from annexa.activity.query import Asked
from annexa.answers.activity import activity_of, looking_at
from annexa.answers.activity_parts import microseconds
from annexa.answers.activity_store import copies, copies_folder, journal_folder, objects, patiently
from annexa.answers.backup import open_backup
from annexa.answers.monitors import log_window
from annexa.answers.segments import located
from annexa.cli.main import main
from annexa.pure.permits import ANNEXA
from annexa.pure.systems import SystemFacts
from annexa.records.activity import Segment
from annexa.settings import ActivityBucket
from tests.activity.making import arrive, event
from tests.bucket_server import bucket  # noqa: F401  a fixture
from tests.replaying import quiet

CHATBOT = Asked(systems=("chatbot",))
NOWHERE = "s3://logs/annexa?endpoint=http://127.0.0.1:9&region=us-east-1"


@pytest.fixture
def house(organisation, actor, now, settings, tmp_path) -> None:
    settings.HOME, settings.STORE = tmp_path, tmp_path / "store"
    for name in ("Chatbot", "Kiosk"):
        add_system(actor=actor, facts=SystemFacts(name=name, classes=("minimal",)), now=now)


@pytest.fixture
def log(house, settings, now, bucket) -> int:  # noqa: F811
    """Two segments of the chatbot, an hour and two days old, and one of the kiosk; an event waits."""
    where = bucket.replace("/annexa/one", f"/annexa/{secrets.token_hex(4)}")
    settings.ACTIVITY_BUCKET = ActivityBucket(url=where, key="key", secret="secret")
    start = microseconds(now - timedelta(hours=1))
    before = microseconds(now - timedelta(days=2))
    for at, first, system in ((before, 0, "chatbot"), (start, 10, "chatbot"), (start, 20, "kiosk")):
        some = [
            event(n, at=at + n, received_at=at + n, system=system, features={"age": float(n)})
            for n in range(first, first + 5)
        ]
        arrive(journal_folder(), some)
        seal_everything(clock=lambda: now)
    arrive(journal_folder(), [event(15, at=start + 15, received_at=start + 15)])
    return start


def copied() -> set[str]:
    """Of which systems and days there are copies."""
    return {"/".join(path.split("/")[1:3]) for path in copies().paths()}


def text(response, status=200) -> str:
    assert response.status_code == status
    return " ".join(response.content.decode().split())


def test_pages_read_it_as_from_a_folder(log, at, client, actor) -> None:
    page = text(client.get("/systems/chatbot/activity"))
    assert "<b>11 events</b>" in page
    found = activity_of(actor=actor, slug="chatbot", asked=Asked(), step=3_600_000_000, limit=99)
    oldest = found.events[-1]
    page = text(client.get(f"/systems/chatbot/activity/events/{oldest.leaf}"))
    assert "Its leaf was worked out just now from what it says, and agrees" in page
    assert "row 1 of 5" in page
    assert "Question 10" in text(client.get("/systems/chatbot/activity/conversation?conversation=talk-3"))
    file = b"".join(client.get("/systems/chatbot/activity/export?format=ndjson"))
    assert len(file.splitlines()) == 11
    sample = draw_sample(
        actor=actor, person=None, system="chatbot", asked=Asked(), size=4, because="Review", now=at + timedelta(hours=1)
    )
    assert sample.size == 4
    assert "Sample of 4 events" in text(client.get(reverse("activity-sample", args=["chatbot", sample.id])))
    assert objects().list("activity/") is not None


def test_only_files_that_it_takes_are_fetched(log, now) -> None:
    """Rule: of the system, and of the time that was asked for."""
    with looking_at(Asked(systems=("chatbot",), since=log)) as query:
        assert query.count(CHATBOT) == 6
    assert copied() == {f"chatbot/{now - timedelta(hours=1):%Y-%m-%d}"}
    with looking_at(CHATBOT) as query:
        assert query.count(CHATBOT) == 11
    assert {one.partition("/")[0] for one in copied()} == {"chatbot"}
    assert len(copies().paths()) == 2


def test_what_is_looked_up_by_name_fetches_only_the_files_that_have_it(log, at, client, actor, settings) -> None:
    """Rule: single events of a log that is larger than the copies may be can be read, wherever in years they are."""
    before = Asked(systems=("chatbot",), until=log - 1)
    with looking_at(before) as query:
        (last, *_, first) = query.page(before)
    largest = max(one.size for one in located(list(Segment.objects.filter(system="chatbot"))))
    copies().forget(copies().paths())
    settings.ACTIVITY_COPIES_BYTES = largest + 10
    with pytest.raises(FetchError, match="Ask for less time"):
        looking_at(CHATBOT).__enter__()
    page = text(client.get(f"/systems/chatbot/activity/events/{first.leaf}"))
    assert "row 1 of 5" in page
    assert len(copies().paths()) == 1
    older = copies().paths()
    assert "Question 4" in text(client.get(f"/systems/chatbot/activity/events/{last.leaf}"))
    assert copies().paths() == older
    trace = (10).to_bytes(16, "big").hex()
    assert "Question 10" in text(client.get(f"/systems/chatbot/activity/conversation?trace={trace}"))
    assert len(copies().paths()) == 1
    assert copies().paths() != older
    for nothing in ("?conversation=none", "?trace=zz", f"?trace={'0' * 32}"):
        copies().forget(copies().paths())
        client.get(f"/systems/chatbot/activity/conversation{nothing}")
        assert len(copies().paths()) == (1 if nothing.endswith("0") else 0), nothing


def test_monitors_count_in_it(log, now) -> None:
    with log_window("chatbot", since=now - timedelta(days=3), until=now) as looked:
        assert looked.events.aggregate("count(f_age), max(f_age)").fetchall() == [(10, 14.0)]
        assert looked.events.count("*").fetchall() == [(11,)]


def test_the_command_line_waits_and_says_so(log, capsys, tmp_path) -> None:
    assert main(["logs", "query", "chatbot", "--text", "question 12", "--format", "json"]) == 0
    assert [one["input"] for one in json.loads(capsys.readouterr().out)] == ["Question 12"]
    assert main(["logs", "export", "chatbot", "--to", "parquet", "-o", str(tmp_path / "all.parquet")]) == 0
    told = []
    copies().forget(copies().paths())
    with patiently(lambda *said: told.append(said)), looking_at(CHATBOT) as query:
        assert query.count(CHATBOT) == 11
    assert told[-1][0] == told[-1][1] > 0


def test_what_is_erased_or_gone_has_no_copy(log, now, settings) -> None:
    """Rule: with the file in the bucket its copies go, and what another machine removed goes with the next round."""
    with looking_at(CHATBOT) as query:
        query.count(CHATBOT)
    (older, _) = copies().paths()
    later = now + timedelta(minutes=5)
    one = ask_erasure(actor=ANNEXA, person=None, user="user-0", pseudonym=True, because="Letter", now=later)
    assert one.found["free"] == 3
    assert older in copies().paths()
    erase(erasure=one, store=objects(), now=later)
    assert copies().paths() == [], "both files were written anew"
    with looking_at(CHATBOT) as query:
        assert query.count(Asked(systems=("chatbot",), user="user-0")) == 1, "what waits was not sealed"
    kept = copies().paths()
    (copies_folder() / "files" / older.replace("/", "~")).write_bytes(b"as another machine has it")
    assert forget_copies() == 1
    assert copies().paths() == kept
    settings.ACTIVITY_BUCKET = None
    assert forget_copies() == 0
    assert not copies_folder().exists()


def test_copies_are_in_no_backup(log, now, tmp_path) -> None:
    with looking_at(CHATBOT) as query:
        query.count(CHATBOT)
    back_up(actor=ANNEXA, file=tmp_path / "b", passphrase=None, with_keys=True, now=now, say=quiet)
    with open_backup(tmp_path / "b", None, quiet("")) as members:
        names = [one.name for one in members]
    assert [one for one in names if "copies" in one] == []


def test_a_bucket_that_nobody_reaches_is_a_sentence_everywhere(log, at, client, settings, capsys) -> None:
    settings.ACTIVITY_BUCKET = ActivityBucket(url=NOWHERE, key="key", secret="secret")
    for page in ("activity", "systems/chatbot/activity", "systems/chatbot/activity/conversation?conversation=talk-1"):
        assert "The bucket logs, asked for" in text(client.get(f"/{page}"), 503)
    assert main(["logs", "query", "chatbot"]) == 3
    assert "it cannot be reached or failed" in capsys.readouterr().err
    window = log_window("chatbot", since=at - timedelta(days=3), until=at)
    with pytest.raises(FetchError, match="cannot be reached"):
        window.__enter__()


def test_a_file_that_was_changed_in_the_bucket_is_named(log) -> None:
    place = located(list(Segment.objects.filter(system="kiosk")))[0]
    objects().delete(place.path)
    objects().put(place.path, b"other bytes")
    with pytest.raises(FetchError, match=f"{place.path} in the bucket is not what was sealed"):
        looking_at(Asked(systems=("kiosk",))).__enter__()


def test_more_than_copies_may_take_is_a_sentence(log, settings) -> None:
    settings.ACTIVITY_COPIES_BYTES = 1000
    with pytest.raises(FetchError, match="Ask for less time"):
        looking_at(CHATBOT).__enter__()
