"""An organisation that many modules ask about is founded once in a run, by each process; then its rows are put back."""

import copy
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection

from tests.personas import undone

Made = TypeVar("Made")


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What a founding made: what it returned, the rows of every table it filled, and its files."""

    made: Any
    rows: Mapping[str, tuple[list[str], list[tuple[Any, ...]]]]
    files: Path


_kept: dict[tuple[str, Path], Kept] = {}


@contextmanager
def founded(name: str, found: Callable[[], Made], folder: Path, keep: Path) -> Iterator[Made]:
    """What is founded under that name, as long as this lasts. Nothing of it stays.

    `folder`: where it puts its files; nothing is there yet. `keep`: where they are kept for the next who asks.
    On PostgreSQL it is founded anew each time, since its sequences know nothing of rows that are put back.
    """
    with undone():
        yield once(name, found, folder, keep)


def once(name: str, found: Callable[[], Made], folder: Path, keep: Path) -> Made:
    """The same in the test's own transaction."""
    if connection.vendor != "sqlite":
        return found()
    at = (name, settings.HOME)  # whose key signed its checkpoints
    if at in _kept:
        before_this: Made = _put_back(_kept[at], folder)
        return before_this
    before = _counts()
    made = found()
    folder.mkdir(parents=True, exist_ok=True)
    files = keep / str(len(_kept))
    shutil.copytree(folder, files)
    _kept[at] = Kept(made=copy.deepcopy(made), rows=_rows(before), files=files)
    return made


def _put_back(kept: Kept, folder: Path) -> Any:
    shutil.copytree(kept.files, folder, dirs_exist_ok=True)
    with connection.cursor() as cursor:
        for table, (columns, rows) in kept.rows.items():
            names, gaps = ", ".join(f'"{name}"' for name in columns), ", ".join(["%s"] * len(columns))
            cursor.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({gaps})', rows)  # noqa: S608  our own tables
    return copy.deepcopy(kept.made)


def _counts() -> dict[str, int]:
    with connection.cursor() as cursor:
        return {
            table: cursor.execute(f'SELECT COUNT(*) FROM "{table}"').fetchone()[0]  # noqa: S608  our own tables
            for table in connection.introspection.table_names(cursor)
        }


def _rows(before: Mapping[str, int]) -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
    """Of every table that was empty. No other has changed: a founding begins with nothing."""
    found = {}
    for table, now in _counts().items():
        if now == before[table]:
            continue
        assert before[table] == 0, f"{table} had rows before anything was founded"
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608  our own tables
            found[table] = ([column[0] for column in cursor.description], [tuple(row) for row in cursor.fetchall()])
    return found
