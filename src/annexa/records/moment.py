"""Many reads that all see the tables as they were at one moment, while others go on writing."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def one_moment() -> Iterator[None]:
    """What is read within was all true at the same time. Nobody who writes has to wait; write nothing within.

    Inside a transaction it is that transaction's own moment.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
    else:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")  # not transaction.atomic(), which takes the lock for writing at once
            try:
                yield
            finally:
                cursor.execute("COMMIT")
