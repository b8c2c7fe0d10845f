"""What has to go from the activity log goes, whatever is killed in between, and every proof stays."""

import io
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.db import connection

from annexa.actions.activity_sources import choose_activity
from annexa.actions.compacting import compact_next
from annexa.actions.door import Door, door
from annexa.actions.errors import ActionError, ConflictError, InvalidError, NotPermittedError
from annexa.actions.people import actor_of, add_person
from annexa.actions.publishing import publish_everything
from annexa.actions.retaining import WRITTEN_BY, erase, expire, open_erasures, remove_leaving
from annexa.actions.retention import ask_erasure, decide_erasure, hold_activity, release_hold
from annexa.actions.sealing import seal_everything
from annexa.actions.systems import add_system, change_system
from annexa.activity.query import Asked, Sources, looking
from annexa.answers import erasures
from annexa.answers.activity_integrity import check_activity
from annexa.answers.activity_store import SEGMENTS, journal_folder, nothing_removed, objects
from annexa.answers.erasures import pseudonym_of
from annexa.answers.errors import UnknownError
from annexa.answers.integrity import check_everything
from annexa.answers.record_proofs import record_proof
from annexa.answers.retention import overview
from annexa.answers.segments import located
from annexa.answers.store import signer
from annexa.pure.activity_sources import Choice
from annexa.pure.notes import VerifierKey
from annexa.pure.permits import ANNEXA, Actor
from annexa.pure.segment_proofs import verify_record_proof
from annexa.pure.systems import SystemFacts
from annexa.records.activity import Segment, SegmentFile
from annexa.records.ledger import EntryBody, LedgerEntry
from annexa.records.people import Person
from annexa.records.retention import ActivityErasure, Leaving
from annexa.records.systems import AiSystem
from annexa.vault.objects import FolderObjects, ObjectKeptError
from tests.activity.making import HOUR, SECOND, arrive, event

SEALED = datetime(2026, 12, 1, 0, 30, tzinfo=UTC)
LATER = datetime(2026, 12, 1, 1, 20, tzinfo=UTC)
MUCH_LATER = datetime(2028, 3, 1, tzinfo=UTC)
SECRET = "Alva's own words"
ANSWER = "told to Alva only"


def system(name: str, *classes: str, roles: tuple[str, ...] = ()) -> AiSystem:
    """An AI system of these classes, or the one there is by now of them."""
    facts = SystemFacts(name=name, classes=classes, roles=roles)
    there = AiSystem.objects.filter(name=name).first()
    if there is None:
        return add_system(actor=ANNEXA, facts=facts, now=SEALED)
    return change_system(actor=ANNEXA, slug=there.slug, facts=facts, seen=there.changed_at, now=LATER)


@pytest.fixture
def two_people(db) -> list[tuple[Actor, Person]]:
    """Two compliance leads."""
    people = [
        add_person(actor=ANNEXA, email=f"{name}@example.org", name=name.title(), role="lead", password=None, now=SEALED)
        for name in ("lea", "max")
    ]
    return [(actor_of(one), one) for one in people]


def of_alva(number: int, **said):
    return event(number, **({"user": "alva", "input": f"{SECRET} {number}", "output": ANSWER} | said))


@pytest.fixture
def log(db, settings, tmp_path):
    """Two hours of two people: Alva by name, by pseudonym, on behalf, and steps that name nobody."""
    settings.HOME = tmp_path
    known_as = pseudonym_of("alva")
    system("Chatbot", "minimal")
    first = [
        of_alva(0, user=known_as, conversation="a", features={"age": 41.0, "town": SECRET}),
        event(1, user="bo", input="Bo asks", conversation="b"),
        event(2, user=None, input=f"step {SECRET}", conversation=None, trace_id=(0).to_bytes(16, "big")),
        event(3, user=None, input="step of Bo", conversation="b"),
    ]
    second = [
        of_alva(4, conversation=None),
        of_alva(5, user="agent", on_behalf_of="alva", conversation=None),
        event(6, user=None, output=ANSWER, conversation="a"),
    ]
    third = [of_alva(7, at=HOUR + 3700 * SECOND, received_at=HOUR + 3700 * SECOND, conversation="late")]
    for number, batch in enumerate((first, second, third)):
        arrive(journal_folder(), batch)
        seal_everything(clock=lambda n=number: SEALED + timedelta(seconds=n))
    return known_as


def holds() -> None:
    checks = [*check_activity(progress=lambda *_: None), *check_everything(progress=lambda *_: None)]
    assert [line for one in checks if not one.holds for line in one.findings] == []
    key = VerifierKey.parse(signer().verifier_key)
    for place in located(list(Segment.objects.all())):
        for row in range(place.records):
            verify_record_proof(record_proof(actor=ANNEXA, segment=place.segment.id, row=row), log=key)


def on_disk(*words: str) -> set[str]:
    """Which of these words any file on the disk holds, packed or unpacked."""
    found = set()
    for path in Path(objects().address("activity")).rglob("*"):
        if not path.is_file():
            continue
        data = path.read_bytes()
        if path.suffix == ".parquet" and "_delta_log" not in path.parts:
            file = pq.ParquetFile(io.BytesIO(data))
            data += repr(file.read().to_pylist()).encode() + str(file.metadata.to_dict()).encode()
        found |= {word for word in words if word.encode() in data or word in repr(data)}
    return found


def said_by(entry: LedgerEntry) -> bytes:
    return bytes(EntryBody.objects.get(position=entry.position).body)


def ask(now=LATER, **said):
    return ask_erasure(actor=ANNEXA, person=None, because="Asked by letter", now=now, **({"user": "alva"} | said))


def test_what_a_person_said_goes_and_every_proof_stays(log) -> None:
    assert on_disk(SECRET, ANSWER, log) == {SECRET, ANSWER, log}
    erasure = ask()
    assert erasure.found == {"free": 6, "held": 0, "young": 0}
    assert (erasure.user, erasure.second) == (log, False)
    (one,) = open_erasures()
    step = erase(erasure=one, store=objects(), now=LATER)
    assert step.counts["events"] == 6
    assert step.counts["held"] == 0
    assert on_disk(SECRET, ANSWER, log, "alva") == set()
    assert on_disk("Bo asks", "step of Bo") == {"Bo asks", "step of Bo"}
    assert not Leaving.objects.exists()
    assert open_erasures() == []
    holds()
    bodies = b"".join(bytes(one) for one in EntryBody.objects.values_list("body", flat=True))
    assert b'"alva"' not in bodies


def test_what_was_erased_is_found_still_without_what_was_said(log) -> None:
    erase(erasure=ask(), store=objects(), now=LATER)
    files = tuple(sorted({objects().address(one.path) for one in located(list(Segment.objects.all()))}))
    with looking(Sources(files=files)) as query:
        rows = query.page(Asked(systems=("chatbot",)), content=True)
        assert len(rows) == 8
        assert sum(bool(one.digest) for one in rows) == 6
        assert query.count(Asked(user=log)) == 0
        assert query.one(next(one.leaf for one in rows if one.digest), Asked()).event.features == {}


def test_others_read_only_the_new_files(log) -> None:
    from deltalake import DeltaTable

    publish_everything(store=objects(), now=LATER)
    erase(erasure=ask(), store=objects(), now=LATER)
    table = DeltaTable(objects().address("activity/chatbot")).to_pyarrow_table()
    assert table.num_rows == 8
    assert SECRET not in str(table.to_pylist())


def test_files_that_were_put_together_before_go_as_well(log) -> None:
    """Also those that compaction replaced and that somebody may still have read for a while."""
    done: set = set()
    assert compact_next(store=objects(), now=LATER + timedelta(minutes=5), done=done) == 1
    assert len({one.path for one in located(list(Segment.objects.all()))}) == 2
    erase(erasure=ask(LATER + timedelta(minutes=6)), store=objects(), now=LATER + timedelta(minutes=6))
    assert on_disk(SECRET, ANSWER) == set()
    holds()


def test_compaction_does_not_bring_it_back(log, monkeypatch) -> None:
    """It read the old files, and the erasure was quicker."""
    erasure = ask()
    real, once = FolderObjects.put, []

    def put(self, path, data):
        if not once:
            once.append(path)
            erase(erasure=erasure, store=objects(), now=LATER)
        real(self, path, data)

    monkeypatch.setattr(FolderObjects, "put", put)
    assert compact_next(store=objects(), now=LATER, done=set()) == 0
    assert once
    assert on_disk(SECRET, ANSWER) == set()
    holds()


def test_only_a_span_of_time(log) -> None:
    """Both ends belong to it; what is older or later stays."""
    at = datetime(2026, 12, 1, 0, 0, 4, tzinfo=UTC)
    erase(erasure=ask(since=at, until=at), store=objects(), now=LATER)
    assert SegmentFile.objects.get().erased == 1
    assert on_disk(SECRET) == {SECRET}


class Killed(BaseException):
    """Stands for SIGKILL."""


STEPS = {
    "before the file": (FolderObjects, "put", False),
    "after the file": (FolderObjects, "put", True),
    "before the row": (Door, "write", False),
    "after the row, in the transaction": (Door, "write", True),
    "before an old file is removed": (FolderObjects, "delete", False),
    "after an old file is removed": (FolderObjects, "delete", True),
}


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("where", STEPS)
def test_a_process_that_ends_in_it_leaves_the_old_or_the_new(log, monkeypatch, where, nth) -> None:
    erasure = ask()
    owner, name, after = STEPS[where]
    real, calls = getattr(owner, name), []

    def killed(*args, **kwargs):
        calls.append(1)
        if after and len(calls) <= nth:
            real(*args, **kwargs)
        if len(calls) >= nth:
            raise Killed
        return None if after else real(*args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, killed)
        with pytest.raises(Killed):
            erase(erasure=erasure, store=objects(), now=LATER)
    holds()
    assert sum(one.records for one in located(list(Segment.objects.all()))) == 8
    later = LATER + timedelta(seconds=1)
    (again,) = open_erasures()
    assert erase(erasure=again, store=objects(), now=later).counts["events"] == 6
    remove_leaving(store=objects(), now=later + 2 * WRITTEN_BY)
    assert on_disk(SECRET, ANSWER, log) == set()
    assert not Leaving.objects.exists()
    paths = {one.path for one in located(list(Segment.objects.all()))}
    assert {one.path for one in objects().list("activity/") if one.path.endswith(".parquet")} == paths
    holds()


def test_a_hold_wins_over_an_erasure(log) -> None:
    hold = hold_activity(actor=ANNEXA, person=None, because="Case 7", now=LATER, system="chatbot")
    with pytest.raises(InvalidError) as refused:
        ask()
    assert refused.value.problems == {"user": (f"Kept by legal hold {hold.id[:8]} (Case 7).",)}
    assert on_disk(SECRET) == {SECRET}


def test_a_hold_on_one_person_keeps_also_the_steps_that_name_nobody(log) -> None:
    """Alva's are held until a moment; what she said later goes, and the last entry names the hold."""
    until = datetime(2026, 12, 1, 0, 30, tzinfo=UTC)
    hold_activity(actor=ANNEXA, person=None, because="Case 7", now=LATER, user=log, until=until)
    erasure = ask()
    assert erasure.found == {"free": 1, "held": 5, "young": 0}
    step = erase(erasure=erasure, store=objects(), now=LATER)
    assert (step.counts["events"], step.counts["held"]) == (1, 5)
    assert "Case 7" in step.because
    assert on_disk(f"{SECRET} 7", f"{SECRET} 0") == {f"{SECRET} 0"}


def test_a_hold_that_is_set_while_it_is_at_work_is_heeded(log, monkeypatch) -> None:
    erasure = ask()
    real, once = FolderObjects.put, []

    def put(self, path, data):
        real(self, path, data)
        if not once:
            once.append(path)
            hold_activity(actor=ANNEXA, person=None, because="Case 7", now=LATER)

    monkeypatch.setattr(FolderObjects, "put", put)
    step = erase(erasure=erasure, store=objects(), now=LATER)
    assert step.counts == {"events": 0, "files": 0, "held": 6}
    remove_leaving(store=objects(), now=LATER + 2 * WRITTEN_BY)
    assert len(list(objects().list("activity/chatbot/2026-12-01/"))) == 3
    holds()


def test_what_the_law_has_kept_takes_two_persons(log, two_people) -> None:
    """Of a high-risk system, younger than six months: GDPR Art. 17(3)(b)."""
    (asker, asking), (second, agreeing) = two_people
    system("Grave", "high-risk", roles=("provider",))
    arrive(journal_folder(), [of_alva(20, system="grave")])
    seal_everything(clock=lambda: LATER)
    erasure = ask_erasure(actor=asker, person=asking, user="alva", system="grave", because="By letter", now=LATER)
    assert (erasure.second, erasure.found["young"]) == (True, 1)
    assert open_erasures() == []
    said = {"erasure": erasure.id, "step": "approved", "because": "It was never part of a decision", "now": LATER}
    with pytest.raises(ActionError, match="somebody else agrees"):
        decide_erasure(actor=asker, person=asking, **said)
    decide_erasure(actor=second, person=agreeing, **said)
    (one,) = open_erasures()
    assert erase(erasure=one, store=objects(), now=LATER).counts["events"] == 1
    holds()


def test_events_go_when_their_time_is_over(log) -> None:
    choose_activity(
        actor=ANNEXA, person=None, system="chatbot", choice=Choice(retention_days=30), because="Enough", now=LATER
    )
    over = datetime(2026, 12, 31, 0, 0, 8, tzinfo=UTC)
    assert expire(store=objects(), now=datetime(2026, 12, 30, 23, tzinfo=UTC)) == 0
    gone = [place.segment for place in located(list(Segment.objects.filter(hour__lt=LATER - timedelta(hours=1))))]
    assert expire(store=objects(), now=over) == 7
    (file,) = SegmentFile.objects.all()
    assert (file.why, file.path, file.records, len(file.parts)) == ("expired", "", 7, 2)
    assert on_disk(f"{SECRET} 0", f"{SECRET} 7") == {f"{SECRET} 7"}
    entry = LedgerEntry.objects.get(subject=f"activity_file/{file.id}")
    assert b"Kept for 30 days, as chosen for chatbot." in said_by(entry)
    holds()
    said = next(one.what for one in check_activity(progress=lambda *_: None) if one.name == "expired")
    assert said == f"2 segments with 7 events expired by entry {entry.position} and are gone from the store"
    with pytest.raises(UnknownError, match=f"expired on 31 December 2026 by entry {entry.position}"):
        record_proof(actor=ANNEXA, segment=gone[0].id, row=0)
    (line,) = overview(actor=ANNEXA)
    assert (line.events, line.expired, line.next.by) == (1, 7, "choice")
    assert expire(store=objects(), now=over) == 0


def test_a_choice_that_is_shorter_than_the_law_does_not_count(log) -> None:
    """Somebody chose 30 days, then the system turned out to be of high risk."""
    system("Grave", "minimal", roles=("deployer",))
    choose_activity(
        actor=ANNEXA, person=None, system="grave", choice=Choice(retention_days=30), because="Enough", now=LATER
    )
    arrive(journal_folder(), [event(20, system="grave")])
    seal_everything(clock=lambda: LATER)
    system("Grave", "high-risk", roles=("deployer",))
    assert expire(store=objects(), now=datetime(2027, 6, 1, tzinfo=UTC)) == 0
    assert expire(store=objects(), now=datetime(2027, 6, 2, 0, 0, 1, tzinfo=UTC)) == 1
    entry = LedgerEntry.objects.get(subject=f"activity_file/{SegmentFile.objects.get().id}")
    assert b"EU AI Act Art.26(6) has logs kept for 6 months." in said_by(entry)


def test_a_hold_keeps_what_would_expire_until_somebody_else_releases_it(log, two_people) -> None:
    (asker, asking), (second, agreeing) = two_people
    hold = hold_activity(actor=asker, person=asking, because="Case 7", now=LATER, system="chatbot")
    assert expire(store=objects(), now=MUCH_LATER) == 0
    said = {"hold": hold.id, "because": "Case closed", "now": LATER}
    with pytest.raises(ActionError, match="somebody else releases it"):
        release_hold(actor=asker, person=asking, **said)
    release_hold(actor=second, person=agreeing, **said)
    assert expire(store=objects(), now=MUCH_LATER) == 8
    assert on_disk(SECRET, "Bo asks") == set()
    holds()


def test_a_hold_on_a_person_keeps_the_hours_around(log) -> None:
    """Another month without them goes."""
    hold_activity(actor=ANNEXA, person=None, because="Case 7", now=LATER, user=pseudonym_of("bo"))
    month = 30 * 24 * 3600 * SECOND
    arrive(journal_folder(), [event(30, user="cy", at=HOUR + month, received_at=HOUR + month)])
    seal_everything(clock=lambda: LATER)
    assert expire(store=objects(), now=MUCH_LATER) == 1
    assert {one.segment.last_received_at.month for one in located(list(Segment.objects.all()))} == {12}


def test_a_store_that_keeps_files_until_a_day_says_so(log, monkeypatch) -> None:
    """Object lock: not before its date."""
    real = FolderObjects.delete

    def delete(self, path):
        raise ObjectKeptError(f"{path} is kept until 1 January 2027.")

    with monkeypatch.context() as patched:
        patched.setattr(FolderObjects, "delete", delete)
        erase(erasure=ask(), store=objects(), now=LATER)
    assert Leaving.objects.filter(kept__contains="until 1 January 2027").count() == Leaving.objects.count() > 0
    holds()
    assert FolderObjects.delete is real
    assert remove_leaving(store=objects(), now=LATER) == 0
    assert on_disk(SECRET) == set()


def test_a_damaged_file_is_not_written_anew(log) -> None:
    """It stays where verification names it; nothing is said to be done."""
    path = Path(objects().address(Segment.objects.order_by("id")[0].path))
    erasure = ask()
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(data))
    with pytest.raises(Exception, match=r"annexa logs verify|cannot be read"):
        erase(erasure=erasure, store=objects(), now=LATER)
    assert open_erasures() == [erasure]


def test_what_was_erased_and_comes_back_is_named(log) -> None:
    """Somebody restored an old file from somewhere."""
    old = Segment.objects.order_by("id")[0].path
    data = objects().get(old)
    erase(erasure=ask(), store=objects(), now=LATER)
    objects().put(old, data)
    found = next(one for one in check_activity(progress=lambda *_: None) if one.name == "expired")
    assert (found.outcome, len(found.findings)) == ("fails", 1)
    assert old in found.findings[0]


class Watched(FolderObjects):
    """The store of an installation; something happens once when a file is read."""

    def __init__(self, folder: Path, happens: Callable[[], None]) -> None:
        super().__init__(folder)
        self.happens, self.read = happens, Counter[str]()

    def get_range(self, path: str, start: int, length: int) -> bytes:
        self.read[path] += 1
        happens, self.happens = self.happens, lambda: None
        happens()
        return super().get_range(path, start, length)


def watched(monkeypatch, settings, happens: Callable[[], None]) -> Watched:
    store = Watched(settings.STORE, happens)
    monkeypatch.setattr(erasures, "objects", lambda: store)
    return store


def test_nobody_waits_while_the_log_is_looked_through(log, settings, monkeypatch) -> None:
    """Rule: an erasure takes minutes on a large log; others change what they like meanwhile."""
    turn = []

    def other_changes() -> None:
        turn.append(connection.in_atomic_block and bool(connection.savepoint_ids))
        with door(actor=ANNEXA, verb="seal_activity", now=LATER):
            turn.append("opened")

    watched(monkeypatch, settings, other_changes)
    outside = bool(connection.savepoint_ids)
    assert ask().found["free"] == 6
    assert turn == [outside, "opened"]


def test_what_is_sealed_while_the_log_is_looked_through_counts(log, settings, monkeypatch) -> None:
    """Rule: whether a second person is needed is decided by what is there when it is recorded."""
    system("Ranking", "high-risk", roles=("deployer",))

    def comes() -> None:
        arrive(journal_folder(), [of_alva(30, system="ranking"), event(31, user="bo", system="ranking")])
        seal_everything(clock=lambda: LATER)

    store = watched(monkeypatch, settings, comes)
    made = ask()
    assert (made.found, made.second) == ({"free": 7, "held": 0, "young": 1}, True)
    reads = {path: many for path, many in store.read.items() if "/ranking/" not in path}
    again = Watched(settings.STORE, lambda: None)
    monkeypatch.setattr(erasures, "objects", lambda: again)
    ask()
    assert {path: many for path, many in again.read.items() if path in reads} == reads, "no file was read again"


def test_steps_that_only_what_came_meanwhile_ties_to_the_person_count_as_well(log, settings, monkeypatch) -> None:
    arrive(journal_folder(), [event(50, user=None, conversation="new", input=SECRET)])
    seal_everything(clock=lambda: SEALED + timedelta(minutes=5))

    def comes() -> None:
        arrive(journal_folder(), [of_alva(51, conversation="new")])
        seal_everything(clock=lambda: LATER)

    watched(monkeypatch, settings, comes)
    assert ask().found["free"] == 8


def test_a_hold_that_is_set_while_the_log_is_looked_through_is_heeded(log, settings, monkeypatch) -> None:
    def held() -> None:
        hold_activity(actor=ANNEXA, person=None, because="Case 7", now=LATER)

    watched(monkeypatch, settings, held)
    with pytest.raises(InvalidError, match="hold"):
        ask()


def test_a_log_that_changes_all_the_time_is_a_sentence(log, monkeypatch) -> None:
    monkeypatch.setattr(erasures.Looking, "is_of_now", lambda _looking: False)
    with pytest.raises(ConflictError, match="ask again in a moment"):
        ask()
    assert not ActivityErasure.objects.exists()


def test_who_may_not_have_it_looked_through_is_refused_at_once(log, settings, monkeypatch) -> None:
    store = watched(monkeypatch, settings, lambda: None)
    nobody = Actor(id="person/x", name="Nobody", role="auditor")
    with pytest.raises(NotPermittedError):
        ask_erasure(actor=nobody, person=None, user="alva", because="Asked by letter", now=LATER)
    assert not store.read


def test_nothing_is_removed_while_a_backup_is_under_way(log) -> None:
    """Rule: what is to go is still to go, and goes in the next round."""
    with nothing_removed(SEGMENTS):
        erase(erasure=ask(), store=objects(), now=LATER)
        assert on_disk(SECRET) == {SECRET}
        assert Leaving.objects.exists()
    assert remove_leaving(store=objects(), now=LATER) == 0
    assert on_disk(SECRET) == set()
    holds()


def test_what_is_wrong_with_asking_is_said_at_once(log) -> None:
    with pytest.raises(InvalidError) as refused:
        ask_erasure(
            actor=ANNEXA, person=None, user="alva", because="alva wrote", now=LATER, since=LATER,
            until=SEALED,
        )  # fmt: skip
    assert refused.value.problems.keys() == {"because", "until"}
    with pytest.raises(InvalidError) as refused:
        ask(user="nobody of this name")
    assert "No event of this person" in refused.value.problems["user"][0]


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_in_whatever_order_everything_verifies(log, two_people, seed) -> None:
    """Any sequence of seal, compact, erase, expire, hold and release: every leaf that did not expire leads to its root,
    and what was erased or expired is in no file on the disk, packed or not."""
    draw = random.Random(seed)
    world = World(log, two_people)
    for number in range(12):
        world.now += timedelta(hours=draw.choice([1, 3, 24 * 40]))
        getattr(world, draw.choice(["seal", "compact", "erase", "expire", "hold", "release", "publish"]))(100 + number)
        remove_leaving(store=objects(), now=world.now + WRITTEN_BY)
        holds()
        current = {one.path for one in located(list(Segment.objects.all()))}
        assert world.words_gone() & on_disk(*world.words_gone()) == set()
        files = {one.path for one in objects().list("activity/") if one.path.endswith(".parquet")}
        assert current <= files


class World:
    """What happens to a log, and what must be gone from it."""

    def __init__(self, known_as: str, people: list[tuple[Actor, Person]]) -> None:
        """As the fixture left it."""
        self.now, self.known_as, self.people = LATER, known_as, people
        self.held: list[str] = []
        self.there = {f"{SECRET} {number}" for number in (0, 4, 5, 7)}
        self.gone: set[str] = set()

    def words_gone(self) -> set[str]:
        """What no file may hold any more, each with an end that no other one has."""
        return {word for word in self.gone if not any(one.startswith(word) for one in self.there)}

    def seal(self, number: int) -> None:
        """Alva says something more."""
        at = int(self.now.timestamp() * SECOND)
        arrive(journal_folder(), [of_alva(number, at=at, received_at=at), event(number + 50, received_at=at)])
        seal_everything(clock=lambda: self.now)
        self.there.add(f"{SECRET} {number}")

    def compact(self, _number: int) -> None:
        """Every hour that has something to put together."""
        compact_next(store=objects(), now=self.now, done=set(), look_back=timedelta(days=900))

    def erase(self, _number: int) -> None:
        """Alva asks; holds on everything refuse it."""
        try:
            erasure = ask(self.now)
        except InvalidError:
            return
        erase(erasure=erasure, store=objects(), now=self.now)
        self.gone, self.there = self.gone | self.there, set()

    def expire(self, _number: int) -> None:
        """Whatever is older than 400 days goes."""
        before = on_disk(*self.there)
        expire(store=objects(), now=self.now)
        left = on_disk(*self.there)
        assert not (self.held and before - left)
        self.gone |= before - left
        self.there -= before - left

    def hold(self, number: int) -> None:
        """Everything is held."""
        (actor, person), _ = self.people
        made = hold_activity(actor=actor, person=person, because=f"Case {number}", now=self.now, system="chatbot")
        self.held.append(made.id)

    def release(self, _number: int) -> None:
        """One hold less."""
        if self.held:
            _, (actor, person) = self.people
            release_hold(actor=actor, person=person, hold=self.held.pop(), because="Closed", now=self.now)

    def publish(self, _number: int) -> None:
        """The table that others read follows."""
        publish_everything(store=objects(), now=self.now)
