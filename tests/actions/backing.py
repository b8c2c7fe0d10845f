"""An installation of its own that is backed up while others write, and what a restored one says. Run by tests:

python -m tests.actions.backing make FOLDER
python -m tests.actions.backing go_on INSTANT
"""

import json
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

django.setup()

from annexa.actions.backups import back_up  # noqa: E402
from annexa.actions.evidence import add_evidence  # noqa: E402
from annexa.actions.sequencer import publish  # noqa: E402
from annexa.actions.systems import add_system  # noqa: E402
from annexa.answers.integrity import check_everything  # noqa: E402
from annexa.answers.posture import standpoint  # noqa: E402
from annexa.answers.store import origin  # noqa: E402
from annexa.cli.serve import prepare  # noqa: E402
from annexa.pure.facts import ORGANISATION  # noqa: E402
from annexa.pure.permits import ANNEXA  # noqa: E402
from annexa.pure.proofs import posture_json  # noqa: E402
from annexa.pure.systems import SystemFacts  # noqa: E402
from annexa.records.ledger import LedgerCheckpoint  # noqa: E402
from tests.answers.small_house import FRAMEWORKS, found_house  # noqa: E402


def quiet(_what: str):
    """Nobody watches."""
    return lambda _done, _total: None


def record(number: int) -> None:
    """One more system with evidence of its own bytes."""
    now = datetime.now(UTC)
    add_system(actor=ANNEXA, facts=SystemFacts(name=f"System {number}"), now=now)
    add_evidence(
        actor=ANNEXA, person=None, control="SUP-01", expectation="due-diligence-files", now=now,
        file=f"bytes {number}\n".encode() * 300, name=f"{number}.txt", limit_bytes=10_000,
    )  # fmt: skip


def size() -> int:
    """How many entries the ledger has."""
    return LedgerCheckpoint.objects.order_by("-size").values_list("size", flat=True).first() or 0


def make(folder: Path) -> dict[str, object]:
    """A small house; then backups, one after another, while a thread goes on recording."""
    at = datetime.now(UTC) - timedelta(days=1)
    prepare()
    found_house(at)
    stop, written = threading.Event(), []

    def go_on() -> None:
        while not stop.is_set():
            record(len(written))
            publish()
            written.append(size())

    thread = threading.Thread(target=go_on)
    thread.start()
    abouts = []
    try:
        while len(written) < 3:
            stop.wait(0.01)
        for number, passphrase in enumerate((None, "a passphrase for tests", None)):
            before = len(written)
            keys = True if passphrase is None else None
            about = back_up(
                actor=ANNEXA, file=folder / f"{number}.backup", passphrase=passphrase, with_keys=keys,
                now=datetime.now(UTC), say=quiet,
            )  # fmt: skip
            abouts.append({"size": about.size, "missing": about.missing, "waiting": about.rows["records.outbox"]})
            while len(written) == before:
                stop.wait(0.01)
    finally:
        stop.set()
        thread.join()
    return {"abouts": abouts, "written": len(written), "sizes": written, **look(at)}


def look(at: datetime) -> dict[str, object]:
    """What this installation says of a day before anything else was recorded."""
    stand = standpoint(actor=ANNEXA, now=datetime.now(UTC), at=at)
    found = [posture_json(stand.posture(framework, ORGANISATION)) for framework in FRAMEWORKS]
    return {"at": at.isoformat(), "posture": found, "size": size(), "origin": origin()}


def go_on(at: datetime) -> dict[str, object]:
    """A restored installation goes on recording, and its ledger holds."""
    before = size()
    record(before)
    publish()
    checks = check_everything(progress=lambda _done, _total: None)
    return {"grown": size() - before, "fails": [check.name for check in checks if not check.holds], **look(at)}


if __name__ == "__main__":
    print(json.dumps(make(Path(sys.argv[2])) if sys.argv[1] == "make" else go_on(datetime.fromisoformat(sys.argv[2]))))
