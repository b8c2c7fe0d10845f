"""Kills processes that write, and looks at what they leave. Run by test_killed.py, in a process of its own.

    python -m tests.actions.killing random SEED KILLS      kills at random moments
    python -m tests.actions.killing table evidence|import  kills before every single write, one after the other

A warmed-up parent forks the process to kill, so that a kill costs milliseconds. Both share ANNEXA_HOME.
"""

import csv
import hashlib
import io
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, connections  # noqa: E402

from annexa.actions.evidence import add_evidence  # noqa: E402
from annexa.actions.organisation import set_up_organisation  # noqa: E402
from annexa.actions.sequencer import publish, sequence  # noqa: E402
from annexa.actions.systems import import_systems  # noqa: E402
from annexa.answers.imports import plan_systems  # noqa: E402
from annexa.answers.integrity import check_everything  # noqa: E402
from annexa.answers.store import blobs, signer, tiles  # noqa: E402
from annexa.pure.ledger import Frontier, Header, leaf_hash, salted_digest  # noqa: E402
from annexa.pure.notes import VerifierKey, open_checkpoint  # noqa: E402
from annexa.pure.permits import ANNEXA  # noqa: E402
from annexa.pure.tiles import TILE_WIDTH, decode_entries, split_hashes  # noqa: E402
from annexa.records.evidence import Evidence  # noqa: E402
from annexa.records.ledger import EntryBody, LedgerCheckpoint, LedgerEntry, Outbox  # noqa: E402
from annexa.records.systems import AiSystem  # noqa: E402

ROWS = 6
MANY = 260
"""More entries than a tile is wide: whatever the ledger's size, this import fills a tile."""
Ack = Callable[..., None]


def now() -> datetime:
    return datetime.now(UTC)


# --- what the processes to be killed do


def one_evidence(ack: Ack, name: str) -> None:
    """Keeps some bytes as evidence, acknowledges them, and publishes."""
    data = f"{name} ".encode() * 50
    evidence = add_evidence(
        actor=ANNEXA, person=None, control="SUP-01", expectation="due-diligence-files", file=data, name=name,
        limit_bytes=10_000, now=now(),
    )  # fmt: skip
    ack("evidence", evidence.id, hashlib.sha256(data).hexdigest())
    publish()


def one_import(ack: Ack, batch: str, rows: int, generation: int) -> None:
    """Imports some systems that all say the same generation: as new ones, or as changes to the same ones."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["Reference", "Name", "Purpose"])
    writer.writerows([f"{batch}/{n}", f"System {n} of {batch}", f"generation {generation}"] for n in range(rows))
    planned = plan_systems(actor=ANNEXA, data=out.getvalue().encode(), name=f"{batch}.csv")
    done = import_systems(actor=ANNEXA, planned=planned, now=now())
    assert done.added + done.updated == rows, done
    ack("import", batch, generation, rows)
    publish()


def work(kind: str, turn: int, ack: Ack) -> None:
    """Writes without end."""
    step = 0
    while True:
        step += 1
        if kind == "evidence":
            one_evidence(ack, f"report-{turn}-{step}.txt")
        elif kind == "changes":
            one_import(ack, "same", ROWS, turn * 1000 + step)
        else:
            one_import(ack, f"fresh-{turn}-{step}", ROWS, 1)


@contextmanager
def forked(job: Callable[[Ack], None]) -> Iterator[tuple[int, list[list[str]]]]:
    """A process that does the job. On leaving, it is gone, and the list holds what it acknowledged."""
    connections.close_all()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            job(lambda *said: os.write(writing, (" ".join(map(str, said)) + "\n").encode()))
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    acks: list[list[str]] = []
    yield pid, acks
    _, status = os.waitpid(pid, 0)
    with os.fdopen(reading, "rb") as pipe:
        acks.extend(line.split() for line in pipe.read().decode().splitlines())
    acks.append(["status", str(status)])


# --- what must be so afterwards


class Watch:
    """What was acknowledged, and the ledger as far as it was verified."""

    def __init__(self) -> None:
        self.frontier = Frontier()
        self.kept: dict[str, str] = {}
        self.generations: dict[str, int] = {}
        self.rows: dict[str, int] = {}
        self.unfinished = 0

    def note(self, acks: list[list[str]]) -> None:
        for kind, *said in acks:
            if kind == "evidence":
                self.kept[said[0]] = said[1]
            elif kind == "import":
                self.generations[said[0]], self.rows[said[0]] = int(said[1]), int(said[2])

    def recover(self, acks: list[list[str]], *, whole: bool) -> None:
        """Starts again as a server does, and looks at everything."""
        if connection.vendor == "postgresql":
            _wait_until_alone()
        self.note(acks)
        self.unfinished += Outbox.objects.exists()
        sequence(now=now())
        size = publish()
        assert not Outbox.objects.exists(), "the outbox is not empty"
        self._new_entries(size)
        for kind, *said in acks:
            if kind == "evidence":
                self._evidence(said[0], said[1])
        self._imports(whole=whole)
        self._published(size, whole=whole)
        if whole:
            for id_, digest in self.kept.items():
                self._evidence(id_, digest)
            assert Evidence.objects.count() == LedgerEntry.objects.filter(kind="evidence").count()
            checks = check_everything(progress=lambda *_: None)
            assert all(check.holds for check in checks), checks

    def _new_entries(self, size: int) -> None:
        """Every entry since the last look: position, leaf, body, root, signature."""
        rows = LedgerEntry.objects.filter(position__gte=self.frontier.size).order_by("position")
        bodies = EntryBody.objects.filter(position__gte=self.frontier.size).in_bulk()
        for row in rows:
            data, body = bytes(row.header), bodies.pop(row.position)
            assert row.position == self.frontier.size, "a position is missing"
            assert leaf_hash(data) == bytes(row.leaf)
            assert salted_digest(bytes(body.salt), bytes(body.body)).hex() == Header.from_bytes(data).body
            self.frontier = self.frontier.extended([bytes(row.leaf)])
        assert not bodies
        head = LedgerCheckpoint.objects.order_by("-size").first()
        signed = open_checkpoint(head.note.encode(), VerifierKey.parse(signer().verifier_key)).checkpoint
        assert (signed.size, signed.root) == (self.frontier.size, self.frontier.root())
        assert size == head.size == self.frontier.size
        assert tiles().read_checkpoint() == head.note.encode(), "the checkpoint published is another"

    def _evidence(self, id_: str, digest: str) -> None:
        """An acknowledged item: its row, its bytes, its one entry."""
        row = Evidence.objects.get(id=id_)
        with blobs().open_checked(digest) as stream:
            data = stream.read()
        assert (row.sha256, row.size) == (digest, len(data))
        entry = LedgerEntry.objects.get(subject=f"evidence/{id_}")
        body = json.loads(bytes(EntryBody.objects.get(position=entry.position).body))
        assert body["state"]["sha256"] == digest

    def _imports(self, *, whole: bool) -> None:
        """All of an import or nothing: every batch whole, of one generation, no older than the one acknowledged, and
        the ledger says the same of it."""
        batches: dict[str, list[str]] = {}
        slugs: dict[str, str] = {}
        for reference, slug, purpose in AiSystem.objects.order_by("id").values_list("reference", "slug", "purpose"):
            batch = reference.partition("/")[0]
            batches.setdefault(batch, []).append(purpose)
            slugs[batch] = slug
        for batch in batches if whole else {"same", *list(batches)[-1:]} & set(batches):
            told = LedgerEntry.objects.filter(subject=f"ai_system/{slugs[batch]}").latest("position")
            body = json.loads(bytes(EntryBody.objects.get(position=told.position).body))
            assert body["state"]["purpose"] == batches[batch][-1], f"the ledger does not know of {batch}"
        for batch, purposes in batches.items():
            assert len(set(purposes)) == 1, f"half an import: {batch}"
            assert len(purposes) == self.rows.get(batch, ROWS), f"half an import: {batch}"
            assert int(purposes[0].split()[1]) >= self.generations.get(batch, 0), f"lost: {batch}"
        assert set(self.generations) <= set(batches), "an acknowledged import is lost"
        told = 0
        for (body,) in EntryBody.objects.filter(
            position__in=LedgerEntry.objects.filter(kind="import").values("position")
        ).values_list("body"):
            state = json.loads(bytes(body))["state"]
            told += state["added"] + state["updated"]
        assert told == LedgerEntry.objects.filter(kind="ai_system").count(), "an import left more or fewer entries"

    def _published(self, size: int, *, whole: bool) -> None:
        """The tiles and bundles say what the entries say: all of them, or those of the latest entries."""
        first = 0 if whole else max(0, (size - 1) // TILE_WIDTH - 2) * TILE_WIDTH
        rows = LedgerEntry.objects.filter(position__gte=first).order_by("position")
        leaves = [bytes(leaf) for leaf in rows.values_list("leaf", flat=True)]
        for start in range(first, size, TILE_WIDTH):
            n, mine = start // TILE_WIDTH, leaves[start - first :][:TILE_WIDTH]
            assert list(split_hashes(tiles().read_tile(0, n, len(mine)))) == mine
            assert [leaf_hash(header) for header in decode_entries(tiles().read_entries(n, len(mine)))] == mine
        if whole:
            full = range(0, size - size % TILE_WIDTH, TILE_WIDTH)
            roots = [Frontier().extended(leaves[n : n + TILE_WIDTH]).root() for n in full]
            assert not roots or list(split_hashes(tiles().read_tile(1, 0, len(roots)))) == roots


def say(**found: object) -> None:
    """A line for the test that started this."""
    sys.stdout.write(f"{json.dumps(found)}\n")


def _wait_until_alone() -> None:
    """A server notices only after a while that a killed process is gone, and may finish what it was asked."""
    for _ in range(400):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
            if cursor.fetchone() == (0,):
                return
        time.sleep(0.01)
    raise AssertionError("a killed process still writes")


def begin() -> Watch:
    """A fresh house."""
    call_command("migrate", interactive=False, verbosity=0)
    set_up_organisation(
        name="Killed House", admin_email="a@example.org", admin_name="A", password="correct horse battery", now=now()
    )
    watch = Watch()
    watch.recover([], whole=True)
    return watch


def end(watch: Watch) -> None:
    """Nothing half-written stays once it is swept, and what was swept was nobody's."""
    later = now() + timedelta(days=1)
    swept = blobs().sweep(older_than=later) + tiles().sweep(older_than=later)
    watch.recover([], whole=True)
    store = Path(os.environ["ANNEXA_HOME"]) / "store"
    assert not list(store.rglob(".incoming/*"))
    say(
        size=watch.frontier.size, kept=len(watch.kept), imports=len(watch.generations), unfinished=watch.unfinished,
        swept=swept,
    )  # fmt: skip


# --- the two ways of killing


def at_random(seed: int, kills: int) -> None:
    """SIGKILL between 5 and 400 milliseconds after the start, short lives more often than long ones."""
    chance, watch = random.Random(seed), begin()
    for turn in range(1, kills + 1):
        kind = chance.choice(["evidence", "evidence", "changes", "fresh"])
        with forked(lambda ack, kind=kind, turn=turn: work(kind, turn, ack)) as (pid, acks):
            time.sleep(0.005 * 80 ** chance.random())
            os.kill(pid, signal.SIGKILL)
        assert acks[-1] == ["status", str(int(signal.SIGKILL))], f"turn {turn}: ended by itself: {acks[-1]}"
        watch.recover(acks[:-1], whole=turn % 40 == 0)
    end(watch)


def table(kind: str) -> None:
    """Dies before the first write, before the second, and so on, until a process gets through."""
    watch, step = begin(), 0
    while True:
        step += 1

        def job(ack: Ack, step: int = step) -> None:
            with dying_at(step):
                if kind == "evidence":
                    one_evidence(ack, f"report-{step}.txt")
                else:
                    one_import(ack, "same", MANY, step)

        watch.rows["same"] = MANY
        with forked(job) as (_, acks):
            pass
        status = int(acks.pop()[1])
        watch.recover(acks, whole=step % 40 == 0)
        if status == 0:
            break
        assert os.waitstatus_to_exitcode(status) == 9, f"step {step}: {status}"
    assert acks, "the process got through without acknowledging anything"
    say(steps=step)
    end(watch)


@contextmanager
def dying_at(step: int) -> Iterator[None]:
    """Ends the process at once before the write of this number: statement, commit, flush to the disk, file or name."""
    count = 0

    def point() -> None:
        nonlocal count
        count += 1
        if count == step:
            os._exit(9)

    def before(function: Callable[..., object]) -> Callable[..., object]:
        def wrapped(*args: object, **kwargs: object) -> object:
            point()
            return function(*args, **kwargs)

        return wrapped

    def statement(execute: Callable[..., object], sql: str, *rest: object) -> object:
        if not sql.lstrip().upper().startswith("SELECT") or "advisory" in sql:
            point()
        return execute(sql, *rest)

    os.fsync, os.open = before(os.fsync), before(os.open)
    Path.replace, Path.unlink = before(Path.replace), before(Path.unlink)
    shutil.rmtree = before(shutil.rmtree)
    connection.ensure_connection()
    connection._commit = before(connection._commit)
    with connection.execute_wrapper(statement):
        yield


if __name__ == "__main__":
    if sys.argv[1] == "random":
        at_random(int(sys.argv[2]), int(sys.argv[3]))
    else:
        table(sys.argv[2])
