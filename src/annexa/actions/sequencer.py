"""Gives entries their positions and signs the new root; publishes tiles and checkpoint.

One at a time, guarded by a lock of the database. Entries wait in the outbox until then, so a crash between any two
steps loses nothing: the next call goes on where this one stopped.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.db import transaction

from annexa.answers.store import origin, signer, tiles
from annexa.pure.ledger import Frontier, Header, leaf_hash
from annexa.pure.notes import Checkpoint, join_note
from annexa.pure.tiles import TILE_WIDTH, encode_entries, grown_tiles
from annexa.records import guard, turns
from annexa.records.ledger import EntryBody, LedgerCheckpoint, LedgerEntry, Outbox
from annexa.vault.tiles import TileMissingError

BATCH = 4096
_later: ContextVar[bool] = ContextVar("annexa_sequence_later", default=False)


@contextmanager
def together(*, now: datetime) -> Iterator[None]:
    """Entries that come while it lasts get their positions at its end, under one checkpoint of the instant `now`.

    For many actions within one transaction, none of which asks the ledger for what another has just written.
    """
    token = _later.set(True)
    try:
        yield
    finally:
        _later.reset(token)
    sequence(now=now)


def held() -> bool:
    """Whether entries wait for the end of `together`."""
    return _later.get()


def sequence(*, now: datetime) -> int:
    """Moves everything in the outbox into the ledger. Returns the ledger's size.

    A batch that is not full was the last: what others add meanwhile they place themselves.
    """
    if Outbox.objects.exists():
        moved, size = BATCH, 0
        while moved == BATCH:
            moved, size = _sequence_batch(now)
        if moved:
            return size
    head = LedgerCheckpoint.objects.order_by("-size").values_list("size", flat=True).first()
    return head or 0


def _sequence_batch(now: datetime) -> tuple[int, int]:
    """One batch in one transaction. Returns how many entries it moved, and the ledger's size if it moved any."""
    with guard.opened(), transaction.atomic():
        turns.wait(turns.SEQUENCE)
        waiting = list(Outbox.objects.order_by("id")[:BATCH])
        if not waiting:
            return 0, 0
        head = LedgerCheckpoint.objects.order_by("-size").first()
        frontier = Frontier.from_hex(head.size, head.frontier) if head else Frontier()
        entries, bodies, leaves = [], [], []
        for position, row in enumerate(waiting, start=frontier.size):
            data = bytes(row.header)
            header = Header.from_bytes(data)
            leaf = leaf_hash(data)
            leaves.append(leaf)
            bodies.append(EntryBody(position=position, salt=bytes(row.salt), body=bytes(row.body)))
            entries.append(
                LedgerEntry(
                    position=position,
                    header=data,
                    leaf=leaf,
                    kind=header.kind,
                    subject=header.subject,
                    actor=header.actor,
                    at=header.at,
                )
            )
        LedgerEntry.objects.insert(entries)
        EntryBody.objects.insert(bodies)
        grown = frontier.extended(leaves)
        _sign(grown, now)
        Outbox.objects.filter(id__in=[row.pk for row in waiting]).remove()
    return len(waiting), grown.size


def _sign(frontier: Frontier, now: datetime) -> None:
    text = Checkpoint(origin=origin(), size=frontier.size, root=frontier.root()).to_bytes()
    note = join_note(text, [signer().sign(text)])
    LedgerCheckpoint.objects.bulk_create(
        [
            LedgerCheckpoint(
                size=frontier.size, root=frontier.root().hex(), frontier=frontier.to_hex(), note=note.decode(), at=now
            )
        ]
    )


def publish() -> int:
    """Writes what the ledger gained to its public files, the checkpoint last. Returns the size published.

    Called within a second of a change by the server, and at the end of a command. A crash in between leaves files
    that the next call finds and completes.
    """
    head = LedgerCheckpoint.objects.order_by("-size").first()
    if head is None or published_size() >= head.size:
        return head.size if head else 0
    with transaction.atomic():
        turns.wait(turns.PUBLISH)
        _publish(head)
    return head.size


def _publish(head: LedgerCheckpoint) -> None:
    """In its turn, so that two processes never let the checkpoint step back; meanwhile others may place entries."""
    store = tiles()
    done = published_size()
    if done < head.size:
        rows = LedgerEntry.objects.filter(position__lt=head.size, position__gte=done - done % TILE_WIDTH)
        kept = list(rows.order_by("position").values_list("header", "leaf"))
        leaves = [bytes(leaf) for _, leaf in kept[done % TILE_WIDTH :]]
        for tile, data in grown_tiles(done, leaves, lambda tile: store.read_tile(int(tile.level), tile.n, tile.width)):
            store.write_tile(int(tile.level), tile.n, tile.width, data)
        for start in range(0, len(kept), TILE_WIDTH):
            bundle = [bytes(header) for header, _ in kept[start : start + TILE_WIDTH]]
            store.write_entries(done // TILE_WIDTH + start // TILE_WIDTH, len(bundle), encode_entries(bundle))
        store.write_checkpoint(head.note.encode())


def published_size() -> int:
    """How many entries the public files hold."""
    try:
        note = tiles().read_checkpoint()
    except TileMissingError:
        return 0
    return Checkpoint.from_bytes(note.partition(b"\n\n")[0] + b"\n").size
