"""Turns that processes take: whatever a database lets many do at once, here one does after the other.

SQLite has one writer at a time by itself. PostgreSQL has a lock of its own for each purpose, which ends with the
transaction, or with the connection of a process that was killed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import connection

SEQUENCE: Final = 0x616E6E65786131  # "annexa1"; any constants of our own
PUBLISH: Final = 0x616E6E65786132
CHANGE: Final = 0x616E6E65786133
PREPARE: Final = 0x616E6E65786134
PATIENCE: Final = "20s"
"""For how long anybody waits for a turn; SQLite waits as long. Then the database says so, and it may be tried again."""


def wait(turn: int) -> None:
    """Waits until it is this transaction's turn; the turn ends with it. Twice in one transaction is once."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # One question: the patience holds for this transaction only, and is set before the lock is asked for.
            cursor.execute(
                "SELECT pg_advisory_xact_lock(CASE set_config('lock_timeout', %s, true) WHEN '' THEN 0 ELSE %s END)",
                [PATIENCE, turn],
            )


def taken(turn: int) -> bool:
    """Whether this transaction has the turn now; False, at once, while another process has it."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [turn])
        return bool(cursor.fetchone()[0])


@contextmanager
def held(turn: int) -> Iterator[None]:
    """Keeps the turn over several transactions, for as long as it takes; whoever else wants it waits."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [turn])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [turn])
