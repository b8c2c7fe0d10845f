"""An installation whose activity log is backed up while events come, are sealed and compacted. Run by tests:

python -m tests.actions.backing_activity make FOLDER | small | look
"""

import json
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

django.setup()

from annexa.actions.backups import back_up  # noqa: E402
from annexa.actions.compacting import AFTER, compact_next  # noqa: E402
from annexa.actions.sealing import begin_sealing, seal, seal_everything  # noqa: E402
from annexa.activity.columns import batch_of, events_of  # noqa: E402
from annexa.activity.journal import journals, read_frames  # noqa: E402
from annexa.activity.segments import read_table  # noqa: E402
from annexa.answers.activity_store import journal_folder, objects  # noqa: E402
from annexa.answers.segments import located  # noqa: E402
from annexa.cli.serve import prepare  # noqa: E402
from annexa.pure.permits import ANNEXA  # noqa: E402
from annexa.records.activity import SealedTo, Segment, SegmentFile  # noqa: E402
from annexa.vault import VaultError  # noqa: E402
from tests.activity.making import arrive, event, events, journal  # noqa: E402
from tests.replaying import quiet  # noqa: E402

HOURS = timedelta(hours=3)


def small() -> dict[str, object]:
    """Two segments, and what waits."""
    prepare()
    for batch in (events(0, 5), events(5, 3)):
        arrive(journal_folder(), batch)
        seal_everything(clock=lambda: datetime.now(UTC))
    arrive(journal_folder(), events(8, 2))
    row = Segment.objects.order_by("id")[0]
    return {"path": row.path, "in_it": row.records, "events": 10}


def make(folder: Path) -> dict[str, object]:
    """Backups one after another, while one thread takes in events and another seals them and compacts the hour."""
    prepare()
    stop, told, rounds = threading.Event(), [0], [0, 0]

    def take_in() -> None:
        here = journal(journal_folder())
        while not stop.is_set():
            here.append(batch_of([event(told[0]), event(told[0] + 1)]))
            told[0] += 2
            if told[0] % 10 == 0:
                here.close()
        here.close()

    def settle() -> None:
        sealer = begin_sealing(now=datetime.now(UTC))
        later = datetime(2026, 12, 1, tzinfo=UTC) + HOURS
        while not stop.is_set():
            now = datetime.now(UTC)
            rounds[0] += seal(sealer=sealer, now=now).segments
            if rounds[0] % 4 == 0:
                rounds[1] += compact_next(store=sealer.store, now=later, done=set())
                compact_next(store=sealer.store, now=max(now, later) + 2 * AFTER, done=set())
            stop.wait(0.01)

    threads = [threading.Thread(target=one) for one in (take_in, settle)]
    for one in threads:
        one.start()
    before: list[int] = []
    try:
        for number in range(4):
            while rounds[0] < 5 * number + 4 or told[0] < 40:
                if not all(one.is_alive() for one in threads):
                    raise RuntimeError("a thread died")
                stop.wait(0.01)
            before.append(told[0])
            file = folder / f"{number}.backup"
            back_up(actor=ANNEXA, file=file, passphrase=None, with_keys=True, now=datetime.now(UTC), say=quiet)
    finally:
        stop.set()
        for one in threads:
            one.join()
    return {"before": before, "sealed": rounds[0], "compacted": SegmentFile.objects.count()}


def look() -> dict[str, object]:
    """Which events there are here, once everything is sealed."""
    seal_everything(clock=lambda: datetime.now(UTC))
    gone: set[str] = set()
    found = Counter(_numbers(gone))
    first = next(number for number in range(len(found) + 1) if number not in found)
    return {
        "events": found.total(), "twice": found.total() - len(found), "first_missing": first, "files_gone": len(gone),
    }  # fmt: skip


def _numbers(gone: set[str]) -> Iterator[int]:
    for place in located(list(Segment.objects.all())):
        try:
            table = read_table(objects().get(place.path)).slice(place.first_row, place.records)
        except VaultError:
            gone.add(place.path)
            continue
        for batch in table.to_batches():
            yield from (int.from_bytes(one.span_id or b"", "big") for one in events_of(batch))
    sealed = dict(SealedTo.objects.values_list("journal", "position"))
    for path in journals(journal_folder()):
        for frame in read_frames(path, sealed.get(path.name, 0)):
            yield from (int.from_bytes(one.span_id or b"", "big") for one in events_of(frame.batch))


if __name__ == "__main__":
    does = {"make": lambda: make(Path(sys.argv[2])), "small": small, "look": look}[sys.argv[1]]
    print(json.dumps(does()))
