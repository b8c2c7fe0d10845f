"""The ledger's own tables: the outbox, the entries with their bodies, the checkpoints.

Entries, bodies and checkpoints refuse UPDATE and DELETE in the database itself (migration 0002).
"""

from django.db import models

from annexa.records.guard import Guarded


class Outbox(Guarded):
    """An entry written in the transaction of the change it tells of, waiting for its position."""

    header = models.BinaryField()
    salt = models.BinaryField()
    body = models.BinaryField()

    def __str__(self) -> str:
        return f"outbox {self.pk}"


class LedgerEntry(Guarded):
    """One entry at its position. `header` is the leaf's data; the other columns repeat parts of it for look-ups."""

    position = models.BigIntegerField(primary_key=True)
    header = models.BinaryField()
    leaf = models.BinaryField()
    kind = models.CharField(max_length=30, db_index=True)
    subject = models.CharField(max_length=150, db_index=True)
    actor = models.CharField(max_length=80, db_index=True)
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"entry {self.position}: {self.kind}"


class EntryBody(Guarded):
    """What an entry says, apart from the tree: the tree commits to salt and body, so that the body can be erased."""

    position = models.BigIntegerField(primary_key=True)
    salt = models.BinaryField()
    body = models.BinaryField()

    def __str__(self) -> str:
        return f"body of entry {self.position}"


class LedgerCheckpoint(Guarded):
    """A signed root. `frontier` holds the hashes of the complete subtrees, left to right, as hex."""

    size = models.BigIntegerField(primary_key=True)
    root = models.CharField(max_length=64)
    frontier = models.JSONField()
    note = models.TextField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"checkpoint {self.size}"
