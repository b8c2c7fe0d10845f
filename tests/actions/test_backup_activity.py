"""The activity log in a backup: every event acknowledged comes back, provable, or a sentence says which not."""

import json
import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as conf

from annexa.actions.backups import Restored, back_up, restore
from annexa.actions.compacting import AFTER, compact_next
from annexa.actions.intake import intake_key
from annexa.actions.rebuilding import Rebuilt, rebuild
from annexa.actions.retaining import erase, expire, open_erasures, remove_leaving
from annexa.actions.retention import ask_erasure
from annexa.actions.sealing import begin_sealing, seal, seal_everything
from annexa.actions.systems import add_system
from annexa.activity.columns import batch_of, events_of
from annexa.activity.journal import Journal, journals, read_frames
from annexa.activity.segments import read_table
from annexa.answers.activity_integrity import check_activity
from annexa.answers.activity_store import JOURNALS, SEGMENTS, journal_folder, nothing_removed, objects, removing
from annexa.answers.backup import About, examine_backup, open_backup
from annexa.answers.ledger_sources import from_backup
from annexa.answers.segments import located
from annexa.answers.surroundings import backups
from annexa.pure.permits import ANNEXA
from annexa.pure.systems import SystemFacts
from annexa.records.activity import SealedTo, Segment, SegmentFile
from annexa.records.retention import Leaving
from annexa.settings import ActivityBucket
from tests.actions.test_backups import annexa, run
from tests.actions.test_publishing import bucket  # noqa: F401  a fixture
from tests.activity.making import HOUR, SECOND, arrive, event, events, journal
from tests.replaying import elsewhere, quiet

SEALED = datetime(2026, 12, 1, 0, 30, tzinfo=UTC)
LATER = datetime(2026, 12, 1, 1, 20, tzinfo=UTC)


@pytest.fixture
def log(db, settings, tmp_path) -> Journal:
    """Events 0 to 6 in two files of an hour, 50 in one of the next; 60 and 61 wait, one where it may still grow."""
    settings.HOME, settings.STORE = tmp_path / "home", tmp_path / "home" / "store"
    settings.HOME.mkdir()
    intake_key(settings.HOME)
    for number, batch in enumerate((events(0, 4), events(4, 3))):
        arrive(journal_folder(), batch)
        seal_everything(clock=lambda n=number: SEALED + timedelta(seconds=n))
    arrive(journal_folder(), [event(50, received_at=HOUR + 3700 * SECOND)])
    seal_everything(clock=lambda: LATER)
    arrive(journal_folder(), [event(60)])
    open_one = journal(journal_folder())
    open_one.append(batch_of([event(61)]))
    yield open_one
    open_one.close()


ALL = Counter([*range(7), 50, 60, 61])


def numbers() -> Counter[int]:
    """Every event here, in files and in what is not sealed."""
    found = []
    for place in located(list(Segment.objects.all())):
        found += read_table(objects().get(place.path)).slice(place.first_row, place.records).to_batches()
    sealed = dict(SealedTo.objects.values_list("journal", "position"))
    for path in journals(journal_folder()):
        found += [frame.batch for frame in read_frames(path, sealed.get(path.name, 0))]
    return Counter(int.from_bytes(one.span_id or b"", "big") for batch in found for one in events_of(batch))


def backed_up(file: Path, say: Any = quiet, **more: Any) -> About:
    return back_up(actor=ANNEXA, file=file, passphrase=None, with_keys=True, now=LATER, say=say, **more)


def restored(file: Path) -> Restored:
    return restore(actor=ANNEXA, file=file, passphrase=None, now=LATER, say=quiet)


def names(file: Path) -> list[str]:
    with open_backup(file, None, quiet("")) as members:
        return [member.name for member in members if member.name.startswith("activity/")]


def log_holds() -> None:
    assert [line for one in check_activity(progress=lambda *_: None) for line in one.findings] == []


def when(what: str, do: Any) -> Any:
    """Has something happen once a part of the backup begins: the rows of its moment are written by then."""

    def say(said: str) -> Any:
        if said == what:
            do()
        return quiet(said)

    return say


def compacted() -> None:
    """The files of the first hour become one, and time passes until what it replaced may go."""
    assert compact_next(store=objects(), now=LATER, done=set()) == 1
    compact_next(store=objects(), now=LATER + 2 * AFTER, done=set())


# --- what comes back


def test_it_comes_back_whole_and_goes_on(log, tmp_path) -> None:
    """Rule: files, what waits and the key of pseudonyms are there, every proof holds, and sealing goes on."""
    about = backed_up(tmp_path / "b")
    assert about.log is not None
    assert (about.log.files, about.log.journals, about.log.named, about.log.missing) == (3, 2, 0, ())
    assert examine_backup(tmp_path / "b", None, say=quiet) == about
    key = intake_key(conf.HOME)
    with elsewhere(tmp_path / "new"):
        done = restored(tmp_path / "b")
        assert [one.name for one in done.checks if one.outcome != "holds"] == []
        assert numbers() == ALL
        log_holds()
        assert intake_key(conf.HOME) == key
        assert not (conf.STORE / "activity" / ".restored").exists()
        assert {path.stat().st_mode & 0o777 for path in journals(journal_folder())} == {0o600}
        assert seal_everything(clock=lambda: LATER).records == 2
        assert (numbers(), journals(journal_folder())) == (ALL, [])
        log_holds()


@pytest.mark.slow
def test_only_what_is_in_files_now_is_copied(log, tmp_path) -> None:
    """What compaction replaced is not, nor what a killed process left."""
    assert compact_next(store=objects(), now=LATER, done=set()) == 1
    shutil.copy(objects().address(SegmentFile.objects.get().path), conf.STORE / "activity" / "chatbot" / "x.parquet")
    about = backed_up(tmp_path / "b")
    assert about.log is not None
    assert about.log.files == 2
    assert f"activity/segments/{SegmentFile.objects.get().sha256}.parquet" in names(tmp_path / "b")
    with elsewhere(tmp_path / "new"):
        restored(tmp_path / "b")
        assert numbers() == ALL
        log_holds()


@pytest.mark.slow
def test_it_can_be_left_out_and_says_so(log, tmp_path) -> None:
    """Rule: the report, the file, a look at it, the doctor and the restored house say that it is not there."""
    about = backed_up(tmp_path / "b", with_activity=False)
    assert about.log is None
    assert "without the activity log" in about.told
    assert names(tmp_path / "b") == []
    assert examine_backup(tmp_path / "b", None, say=quiet) == about
    assert "without the activity log" in backups(LATER).detail
    store = conf.STORE
    with elsewhere(tmp_path / "new"):
        done = restored(tmp_path / "b")
        (check,) = [one for one in done.checks if one.name == "activity log"]
        assert (check.outcome, "3 of its 3 files are not here" in check.findings[0]) == ("note", True)
        assert done.position is not None
        shutil.copytree(store / "activity", conf.STORE / "activity", dirs_exist_ok=True)
        log_holds()


# --- while others go on


@pytest.mark.slow
def test_a_file_that_is_replaced_meanwhile_is_in_it(log, tmp_path) -> None:
    """Rule: the rows of the moment name the old one, so nobody removes it before it was copied."""
    before = set(Segment.objects.values_list("path", flat=True))
    backed_up(tmp_path / "b", say=when("activity log", compacted))
    there = {one.path for one in objects().list("activity/")}
    assert before < there
    with elsewhere(tmp_path / "new"):
        restored(tmp_path / "b")
        assert not SegmentFile.objects.exists()
        assert numbers() == ALL
        log_holds()
    compact_next(store=objects(), now=LATER + 2 * AFTER, done=set())
    assert len(before & {one.path for one in objects().list("activity/")}) == 1


@pytest.mark.slow
def test_what_is_erased_and_expires_meanwhile_is_in_it(log, tmp_path) -> None:
    """Rule: a backup is of one moment; what is to go stays until it is written, and goes in the next round."""
    add_system(actor=ANNEXA, facts=SystemFacts(name="Chatbot", classes=("minimal",)), now=SEALED)
    before = {one.path for one in located(list(Segment.objects.all()))}
    later = LATER + timedelta(days=4000)

    def goes() -> None:
        ask_erasure(actor=ANNEXA, person=None, user="user-0", pseudonym=True, because="Asked by letter", now=LATER)
        (one,) = open_erasures()
        assert erase(erasure=one, store=objects(), now=LATER).counts["events"] == 3
        assert expire(store=objects(), now=later) == 8

    backed_up(tmp_path / "b", say=when("activity log", goes))
    there = {one.path for one in objects().list("activity/")}
    assert before <= there
    assert set(Leaving.objects.values_list("path", flat=True)) >= before
    with elsewhere(tmp_path / "new"):
        restored(tmp_path / "b")
        assert numbers() == ALL
        log_holds()
    assert remove_leaving(store=objects(), now=later) == 0
    assert not Leaving.objects.exists()
    assert [one for one in objects().list("activity/") if one.path.endswith(".parquet")] == []


@pytest.mark.slow
def test_what_is_sealed_meanwhile_is_in_it(log, tmp_path) -> None:
    """Rule: a journal that is gone before it is copied was opened in time; its events are there once."""
    (finished, grows) = journals(journal_folder())
    backed_up(tmp_path / "b", say=when("activity log", lambda: seal_everything(clock=lambda: LATER)))
    assert journals(journal_folder()) == [grows]
    assert f"activity/journal/{finished.name}" in names(tmp_path / "b")
    with elsewhere(tmp_path / "new"):
        restored(tmp_path / "b")
        assert numbers() == ALL
        seal_everything(clock=lambda: LATER)
        assert numbers() == ALL
        log_holds()


def test_journals_stay_while_a_backup_begins(log) -> None:
    """And go in the next round."""
    sealer = begin_sealing(now=LATER)
    with nothing_removed(JOURNALS), removing(JOURNALS) as allowed, removing(SEGMENTS) as others:
        assert (allowed, others) == (False, True)
        assert seal(sealer=sealer, now=LATER).records == 2
        assert len(journals(journal_folder())) == 2
    assert seal(sealer=sealer, now=LATER).records == 0
    assert len(journals(journal_folder())) == 1
    log_holds()


@pytest.mark.slow
def test_a_half_written_frame_is_left_out(log, tmp_path) -> None:
    """It was acknowledged to nobody."""
    path = journals(journal_folder())[1]
    whole = path.stat().st_size
    with path.open("ab") as stream:
        stream.write(b"AXJ1\xff\x00\x00")
    about = backed_up(tmp_path / "b")
    assert about.all_missing == ()
    with elsewhere(tmp_path / "new"):
        restored(tmp_path / "b")
        assert journals(journal_folder())[1].stat().st_size == whole
        assert numbers() == ALL


@pytest.mark.slow
def test_nothing_acknowledged_is_missing_while_sealing_and_compacting_go_on(tmp_path) -> None:
    """Rule: of each backup, what was acknowledged before it began is there exactly once, whatever went on meanwhile."""
    made = run(tmp_path / "home", "tests.actions.backing_activity", "make", tmp_path)
    assert made.returncode == 0, made.stderr
    said = json.loads(made.stdout)
    assert said["sealed"] > 3
    assert said["compacted"] > 1
    for number, before in enumerate(said["before"]):
        home = tmp_path / f"home-{number}"
        done = annexa(home, "restore", tmp_path / f"{number}.backup")
        assert done.returncode == 0, done.stdout + done.stderr
        assert annexa(home, "logs", "verify").returncode == 0
        found = json.loads(run(home, "tests.actions.backing_activity", "look").stdout)
        assert found["twice"] == 0
        assert found["first_missing"] >= before


# --- what is missing


@pytest.mark.slow
def test_what_is_missing_or_changed_is_named(log, tmp_path) -> None:
    """Rule: the rest is in the backup, and what it lacks fails after the restore, too."""
    changed, gone, _ = Segment.objects.order_by("path")
    path = Path(objects().address(changed.path))
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    Path(objects().address(gone.path)).unlink()
    finished = journals(journal_folder())[0]
    finished.chmod(0o600)
    data = finished.read_bytes()
    finished.write_bytes(data + b"?" * 200)
    about = backed_up(tmp_path / "b")
    assert about.log is not None
    assert (about.log.files, about.log.journals) == (1, 2)
    for sentence, what in zip(about.log.missing, (f"at byte {len(data):,}", changed.path, gone.path), strict=True):
        assert what in sentence
    with elsewhere(tmp_path / "new"):
        done = restored(tmp_path / "b")
        (check,) = [one for one in done.checks if not one.holds]
        assert check.name == "activity log"
        assert check.findings[:3] == about.log.missing
        assert done.position is None


@pytest.mark.slow
def test_a_restore_that_fails_leaves_nothing(log, tmp_path) -> None:
    """Rule: an installation that is taken away again takes its activity log with it."""
    backed_up(tmp_path / "b")

    def full() -> None:
        raise OSError(28, "No space left on device")

    with elsewhere(tmp_path / "new"):
        with pytest.raises(OSError, match="No space"):
            restore(actor=ANNEXA, file=tmp_path / "b", passphrase=None, now=LATER, say=when("activity log", full))
        assert not any(path.is_file() for path in conf.HOME.rglob("*") if path.name != "secret.key")


# --- a bucket


@pytest.mark.slow
def test_a_bucket_keeps_what_is_named(log, settings, tmp_path, bucket) -> None:  # noqa: F811
    """Rule: what nobody will replace stays there and is looked for; what may be replaced comes along, and goes back."""
    settings.ACTIVITY_BUCKET = ActivityBucket(url=bucket, key="key", secret="secret")
    for one in Segment.objects.all():
        objects().put(one.path, (settings.STORE / one.path).read_bytes())
    shutil.rmtree(settings.STORE / "activity")
    old = (
        LATER + timedelta(days=3) - timedelta(minutes=30)
    )  # the first hour is older than compaction looks back, the next one is not
    about = back_up(actor=ANNEXA, file=tmp_path / "b", passphrase=None, with_keys=True, now=old, say=quiet)
    assert about.log is not None
    assert (about.log.files, about.log.named, about.log.missing) == (1, 2, ())
    assert bucket.partition("?")[0] in about.told
    first, _, last = Segment.objects.order_by("path").values_list("path", flat=True)
    objects().delete(last)
    with elsewhere(tmp_path / "new"):
        assert [one.name for one in restored(tmp_path / "b").checks if not one.holds] == []
        assert numbers() == ALL
        log_holds()
    objects().delete(first)
    with elsewhere(tmp_path / "newer"):
        (check,) = [one for one in restored(tmp_path / "b").checks if not one.holds]
        assert (check.name, first in check.findings[0], len(check.findings)) == ("activity log", True, 1)
    about = back_up(actor=ANNEXA, file=tmp_path / "c", passphrase=None, with_keys=True, now=old, say=quiet)
    assert first in about.all_missing[0]


# --- replaying a ledger


def rebuilt(source: Any) -> Rebuilt:
    return rebuild(actor=ANNEXA, source=source, now=LATER, say=quiet)


@pytest.mark.slow
def test_a_replayed_backup_brings_the_log(log, tmp_path) -> None:
    """Rule: files are found by what the entries say, and how far journals are sealed follows from segments."""
    log.append(batch_of([event(62)]))
    sealer = begin_sealing(now=LATER)
    seal(sealer=sealer, now=datetime.now(UTC))  # how far is looked for in what was sealed since the journal was begun
    log.append(batch_of([event(63)]))
    backed_up(tmp_path / "b")
    with elsewhere(tmp_path / "new"):
        done = rebuilt(from_backup(tmp_path / "b", None, say=quiet))
        assert {one.name for one in done.checks if one.outcome != "holds"} <= {"clock"}, "the clock here jumps back"
        assert not SealedTo.objects.exists()
        seal_everything(clock=lambda: LATER)
        assert numbers() == ALL + Counter([62, 63])
        log_holds()


@pytest.mark.slow
def test_a_replayed_home_brings_the_log_or_says_what_is_missing(tmp_path) -> None:
    """Rule: what is there and as it was is copied; the rest is named, and nothing else is taken."""
    made = run(tmp_path / "home", "tests.actions.backing_activity", "small")
    assert made.returncode == 0, made.stderr
    said = json.loads(made.stdout)
    done = annexa(tmp_path / "new", "ledger", "rebuild", tmp_path / "home")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "files of the activity log are there" in done.stdout
    assert annexa(tmp_path / "new", "logs", "verify").returncode == 0
    found = json.loads(run(tmp_path / "new", "tests.actions.backing_activity", "look").stdout)
    assert (found["events"], found["twice"]) == (said["events"], 0)
    (tmp_path / "home" / "store" / said["path"]).unlink()
    done = annexa(tmp_path / "newer", "ledger", "rebuild", tmp_path / "home")
    assert done.returncode == 1
    assert said["path"] in done.stdout
    found = json.loads(run(tmp_path / "newer", "tests.actions.backing_activity", "look").stdout)
    assert (found["events"], found["files_gone"]) == (said["events"] - said["in_it"], 1)
