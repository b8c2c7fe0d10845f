"""Many processes that write at once through the door, and what must be so afterwards. Run by tests, on its own:

python -m tests.actions.together WRITERS CHANGES
"""

import json
import os
import sys
from collections import Counter
from datetime import UTC, datetime

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import DatabaseError, connection, connections, transaction  # noqa: E402

from annexa.actions.door import door  # noqa: E402
from annexa.actions.evidence import add_evidence  # noqa: E402
from annexa.actions.organisation import set_up_organisation  # noqa: E402
from annexa.actions.sequencer import publish, sequence  # noqa: E402
from annexa.actions.systems import add_system  # noqa: E402
from annexa.answers.integrity import check_everything  # noqa: E402
from annexa.answers.store import blobs  # noqa: E402
from annexa.pure.permits import ANNEXA  # noqa: E402
from annexa.pure.systems import SystemFacts  # noqa: E402
from annexa.records.evidence import Evidence  # noqa: E402
from annexa.records.ledger import EntryBody, LedgerCheckpoint, LedgerEntry, Outbox  # noqa: E402
from annexa.records.systems import AiSystem  # noqa: E402


def write(writer: int, changes: int) -> None:
    """Changes of three kinds, each its own transaction; every tenth fails on purpose and must leave nothing."""
    for n in range(changes):
        at = datetime.now(UTC)
        if n % 10 == 9:
            try:
                with door(actor=ANNEXA, verb="change_system", now=at) as opened:
                    opened.note({"n": n}, kind="note", subject=f"failed/{writer}/{n}")
                    raise RuntimeError("on purpose")
            except RuntimeError:
                continue
        if n % 3 == 0:
            add_system(actor=ANNEXA, facts=SystemFacts(name=f"System {writer}.{n}"), now=at)
        elif n % 3 == 1:
            add_evidence(
                actor=ANNEXA, person=None, control="SUP-01", expectation="due-diligence-files", now=at,
                file=f"{writer} {n}".encode(), name=f"{writer}.{n}", limit_bytes=100,
            )  # fmt: skip
        else:
            with door(actor=ANNEXA, verb="change_system", now=at) as opened:
                for part in range(5):
                    opened.note({"n": n}, kind="note", subject=f"note/{writer}/{n}/{part}")


def check(writers: int, changes: int) -> None:
    """Every change once, positions without holes or doubles, and a ledger that verifies."""
    sequence(now=datetime.now(UTC))
    size = publish()
    positions = list(LedgerEntry.objects.order_by("position").values_list("position", flat=True))
    assert positions == list(range(size)), "positions have holes"
    assert EntryBody.objects.count() == size
    assert LedgerCheckpoint.objects.latest("size").size == size
    assert not Outbox.objects.exists()
    done = [(w, n) for w in range(writers) for n in range(changes) if n % 10 != 9]
    subjects = Counter(LedgerEntry.objects.values_list("subject", flat=True))
    for writer, n in done:
        if n % 3 == 2:
            assert all(subjects[f"note/{writer}/{n}/{part}"] == 1 for part in range(5))
    assert not any(subject.startswith("failed/") for subject in subjects)
    for slug in AiSystem.objects.values_list("slug", flat=True):
        assert subjects[f"ai_system/{slug}"] == 1
    assert AiSystem.objects.count() == sum(n % 3 == 0 for _, n in done)
    for one in Evidence.objects.all():
        assert subjects[f"evidence/{one.id}"] == 1
        blobs().open_checked(one.sha256).close()
    assert Evidence.objects.count() == sum(n % 3 == 1 for _, n in done)
    checks = check_everything(progress=lambda *_: None)
    assert all(one.holds for one in checks), checks


def refuse_changes() -> int:
    """The database itself refuses every way to change what the ledger holds. How many ways were tried."""
    tried = 0
    for model in (LedgerEntry, EntryBody, LedgerCheckpoint):
        table, key = model._meta.db_table, model._meta.pk.column
        ways = [f"UPDATE {table} SET {key} = {key} + 1000000", f"DELETE FROM {table}"]  # noqa: S608
        if connection.vendor == "postgresql":
            ways += [f"TRUNCATE {table}", f"TRUNCATE {table} CASCADE", f"DELETE FROM {table} WHERE false"]  # noqa: S608
        for way in ways:
            tried += 1
            assert "append-only" in answer(way), f"the database let it pass: {way}"
    return tried


def answer(statement: str) -> str:
    """How the database refuses a statement; "" if it does not."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError as error:
        return str(error)
    return ""


def main(writers: int, changes: int) -> None:
    call_command("migrate", interactive=False, verbosity=0)
    set_up_organisation(
        name="Busy House", admin_email="a@example.org", admin_name="A", password="correct horse battery",
        now=datetime.now(UTC),
    )  # fmt: skip
    connections.close_all()
    pids = []
    for writer in range(writers):
        if (pid := os.fork()) == 0:
            code = 70
            try:
                write(writer, changes)
                code = 0
            finally:
                sys.stderr.flush()
                os._exit(code)
        pids.append(pid)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    assert codes == [0] * writers, codes
    check(writers, changes)
    tried = refuse_changes()
    check(writers, changes)
    sys.stdout.write(json.dumps({"vendor": connection.vendor, "size": LedgerEntry.objects.count(), "tried": tried}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
