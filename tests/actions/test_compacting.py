"""The files of an hour become one, and every event is where its proof says."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from annexa.actions import compacting
from annexa.actions.compacting import AFTER, compact_next
from annexa.actions.sealing import seal_everything
from annexa.activity.compacted import fitting
from annexa.activity.segments import mark_of, read_table
from annexa.answers.activity_integrity import check_activity
from annexa.answers.activity_store import journal_folder, objects
from annexa.answers.integrity import check_everything
from annexa.answers.record_proofs import record_proof
from annexa.answers.segments import located
from annexa.answers.store import signer
from annexa.pure.notes import VerifierKey
from annexa.pure.permits import ANNEXA
from annexa.pure.segment_proofs import verify_record_proof
from annexa.records.activity import Segment, SegmentFile
from annexa.vault.objects import FolderObjects
from tests.actions.test_door import check_ledger
from tests.activity.making import HOUR, SECOND, arrive, event, events

SEALED = datetime(2026, 12, 1, 0, 30, tzinfo=UTC)
LATER = datetime(2026, 12, 1, 1, 20, tzinfo=UTC)


@pytest.fixture
def four(db, settings, tmp_path) -> None:
    """Four segments of one hour: one with a feature, one empty, since all of it came before."""
    settings.HOME = tmp_path
    batches = (events(0, 5), events(5, 3, features={"age": 3.0}), events(2, 3), events(8, 4))
    for number, batch in enumerate(batches):
        arrive(journal_folder(), batch)
        seal_everything(clock=lambda n=number: SEALED + timedelta(seconds=n))
    arrive(journal_folder(), [event(50, received_at=HOUR + 3700 * SECOND)])
    seal_everything(clock=lambda: LATER)


def compact(now: datetime = LATER, done: set | None = None) -> int:
    return compact_next(store=objects(), now=now, done=set() if done is None else done)


def holds() -> None:
    checks = [*check_activity(progress=lambda *_: None), *check_everything(progress=lambda *_: None)]
    assert [line for one in checks if not one.holds for line in one.findings] == []


def stored() -> set[str]:
    return {one.path for one in objects().list("activity/chatbot/2026-12-01/00/")}


def test_files_are_put_together_and_proofs_stay(four) -> None:
    before = {row.id: row for row in Segment.objects.filter(hour__lt=LATER - timedelta(hours=1))}
    assert compact() == 1
    (file,) = SegmentFile.objects.all()
    assert file.parts == [[one.id, one.records] for one in sorted(before.values(), key=lambda one: one.id)]
    assert (file.records, file.why) == (12, "compacted")
    assert {one.path for one in located(list(before.values()))} == {file.path}
    assert mark_of(objects().get(file.path))["file"] == file.id
    ids = read_table(objects().get(file.path)).column("span_id").to_pylist()
    assert ids == [n.to_bytes(8, "big") for n in range(12)]
    key = VerifierKey.parse(signer().verifier_key)
    for row in before.values():
        for number in range(row.records):
            verify_record_proof(record_proof(actor=ANNEXA, segment=row.id, row=number), log=key)
    holds()
    assert check_ledger() == 6


def test_what_was_replaced_is_removed_later(four) -> None:
    """While somebody may still read it, it stays; then only the new file is there."""
    done: set = set()
    compact(done=done)
    assert compact(LATER + timedelta(minutes=1), done) == 0
    assert len(stored()) == 5
    assert done == set()
    assert compact(LATER + AFTER + timedelta(minutes=1), done) == 0
    assert stored() == set(SegmentFile.objects.values_list("path", flat=True))
    assert len(done) == 1
    holds()


def test_an_hour_that_goes_on_is_left_alone(four) -> None:
    assert compact(SEALED + timedelta(minutes=31)) == 0
    assert not SegmentFile.objects.exists()


class Killed(BaseException):
    """Stands for SIGKILL."""


@pytest.mark.parametrize("after", [False, True])
def test_a_process_that_ends_in_it_leaves_everything_as_it_was(four, monkeypatch, after) -> None:
    """What it wrote without a row is removed by the next one."""
    real = FolderObjects.put

    def put(self: FolderObjects, path: str, data: bytes) -> None:
        if after:
            real(self, path, data)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(FolderObjects, "put", put)
        with pytest.raises(Killed):
            compact()
    holds()
    assert compact() == 1
    compact(LATER + 2 * AFTER)
    assert stored() == set(SegmentFile.objects.values_list("path", flat=True))
    holds()


def test_a_damaged_file_is_not_carried_over(four) -> None:
    """It stays where verification names it."""
    path = Path(objects().address(Segment.objects.order_by("id")[1].path))
    data = bytearray(path.read_bytes())
    data[50] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(data))
    assert compact() == 0
    assert not SegmentFile.objects.exists()


def test_a_changed_event_in_a_compacted_file_is_named(four) -> None:
    compact()
    (file,) = SegmentFile.objects.all()
    path = Path(objects().address(file.path))
    path.chmod(0o644)
    path.write_bytes(objects().get(Segment.objects.order_by("id")[0].path))
    found = [line for one in check_activity(progress=lambda *_: None) for line in one.findings]
    assert any(file.path in line and "SHA-256" in line for line in found)
    assert any("has 5 events, 12 were sealed" in line for line in found)


def test_files_that_are_compacted_again(four, monkeypatch) -> None:
    """A late segment joins the file that is there."""
    compact()
    arrive(journal_folder(), [event(60, received_at=HOUR + 5)])
    seal_everything(clock=lambda: LATER + timedelta(minutes=2))
    assert compact(LATER + timedelta(minutes=3)) == 1
    file = SegmentFile.objects.latest("recorded_at")
    assert (file.records, len(file.parts)) == (13, 5)
    compact(LATER + 3 * AFTER)
    assert stored() == {file.path}
    holds()


def test_files_go_together_as_far_as_they_fit() -> None:
    assert fitting([10, 10, 10, 50, 45, 6], 50) == [[0, 1, 2]]
    assert fitting([10, 10, 40, 5], 50) == [[0, 1], [2, 3]]
    assert fitting([], 50) == fitting([60], 50) == []
    assert compacting.TARGET_BYTES == 48 * 1024 * 1024
