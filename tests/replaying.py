"""What an installation holds and says, to be compared with that of one that was rebuilt from its ledger."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings as conf
from django.db import connections
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.db.models import Model

from annexa.actions.backups import back_up
from annexa.actions.rebuilding import Rebuilt, rebuild
from annexa.answers import posture, store
from annexa.answers.ledger_sources import from_backup
from annexa.answers.posture import standpoint
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import ANNEXA
from annexa.pure.proofs import posture_json
from annexa.pure.registers import REGISTERS
from annexa.settings import other_database

Rows = Mapping[str, Mapping[str, Any]]
NOT_KEPT = {"Person": ("password",), "SecondFactor": ("kept",)}
"""Columns that an entry commits to by a digest, and that nobody can bring back."""
NEW = ("person", "second_factor_removal")
"""The kinds of the entries that a rebuilt ledger has more, beside the one that tells of it."""


def quiet(_what: str):
    """Nobody watches."""
    return lambda _done, _total: None


def rows() -> dict[str, Rows]:
    """Every row of every recorded table by its key, column by column, and where records lead. Left out is what no
    entry commits to; what leads to a row that has a number of this database only, leads to its key."""
    from annexa.records.links import Link
    from annexa.records.recorded import recorded_tables

    found: dict[str, Rows] = {
        table.__name__: {row.key: dict(_columns(row)) for row in table.objects.all()} for table in recorded_tables()
    }
    links = Link.objects.values_list("from_noun", "from_slug", "field", "to_noun", "to_slug")
    return found | {"Link": {"/".join(one): {} for one in links}}


def _columns(row: Any) -> Iterator[tuple[str, Any]]:
    apart = {*row.UNKEPT, *NOT_KEPT.get(type(row).__name__, ())} - {"theme"}
    for field in row._meta.concrete_fields:
        if field.name in apart:
            continue
        target: type[Model] | None = field.remote_field.model if field.is_relation else None
        if target is not None and "id" in getattr(target, "UNKEPT", ()) and field.target_field.primary_key:
            led = getattr(row, field.name)
            yield field.attname, led and led.key
        else:
            value = getattr(row, field.attname)
            yield field.attname, value.isoformat() if hasattr(value, "isoformat") else value


def said(now: datetime) -> dict[str, str]:
    """Verdicts in every scope, what is left of risks, the statement, the key figures, and the file of each register,
    each as the bytes that a program gets."""
    from annexa.answers.objectives import direction
    from annexa.answers.register_files import export_register
    from annexa.answers.risks import risk_map
    from annexa.answers.soa import draft, list_versions, named_statement
    from annexa.pure.soa import to_json

    stand = standpoint(actor=ANNEXA, now=now, at=now)
    scopes = (ORGANISATION, *stand.systems)
    frameworks = stand.library.frameworks
    verdicts = [posture_json(stand.posture(one, scope)) for one in frameworks for scope in scopes]
    left = [(one.slug, repr(one.residual), one.over) for one in risk_map(actor=ANNEXA, now=now, at=now).risks]
    statement = to_json(draft(actor=ANNEXA, now=now).statement)
    figures = [(one.row.slug, repr(one.last)) for one in direction(actor=ANNEXA, now=now).objectives]
    whole = {"ledger_size": None, "ledger_root": None}  # the ledger has more entries now
    return {
        "verdicts": json.dumps(verdicts),
        "risks": json.dumps(left),
        "statement": json.dumps(statement | whole),
        "versions": json.dumps(
            [
                to_json(named_statement(actor=ANNEXA, which=str(one.number), now=now))
                for one in list_versions(actor=ANNEXA, now=now)
            ]
        ),
        "figures": json.dumps(figures),
    } | {
        noun: export_register(actor=ANNEXA, register=one, file_format="json").decode()
        for noun, one in REGISTERS.items()
    }


def forget() -> None:
    """As after a restart: nothing that a process remembers."""
    from annexa.records import snapshot

    snapshot._latest, snapshot._library = snapshot._EMPTY, None
    posture._now.clear()
    posture._others.clear()
    store._signer.cache_clear()
    store._made_origin.cache_clear()


@contextmanager
def elsewhere(folder: Path) -> Iterator[None]:
    """Another home with an SQLite database of its own, in this process."""
    before, home, kept = connections["default"], conf.HOME, conf.STORE
    conf.HOME, conf.STORE = folder / "home", folder / "home" / "store"
    found = connections.configure_settings({"default": other_database("", conf.HOME)})["default"]
    made = DatabaseWrapper(found, alias="default")
    conf.HOME.mkdir(parents=True, exist_ok=True)
    connections["default"] = made
    forget()
    try:
        yield
    finally:
        made.close()
        connections["default"], conf.HOME, conf.STORE = before, home, kept
        forget()


def copied(folder: Path, now: datetime) -> Path:
    """A backup of this installation as it is."""
    file = folder / "a.backup"
    folder.mkdir(parents=True, exist_ok=True)
    back_up(actor=ANNEXA, file=file, passphrase=None, with_keys=True, now=now, say=quiet)
    return file


def replayed(file: Path, now: datetime) -> Rebuilt:
    """The installation here, made of the ledger in a backup."""
    return rebuild(actor=ANNEXA, source=from_backup(file, None, say=quiet), now=now, say=quiet)


def disagreements(folder: Path, now: datetime) -> Iterator[str]:
    """Where this installation and one made of its ledger do not hold or say the same."""
    was, answered = rows(), said(now)
    file = copied(folder, now)
    with elsewhere(folder / "new"):
        done = replayed(file, now)
        yield from (f"{check.name}: {one}" for check in done.checks if not check.holds for one in check.findings)
        yield from done.lost
        yield from (f"{kind}, {column}: {many} rows have a default" for (kind, column), many in done.older.items())
        yield from different(was, rows())
        yield from (f"{what} differ" for what, text in said(now).items() if text != answered[what])


def different(was: Mapping[str, Rows], now: Mapping[str, Rows]) -> Iterator[str]:
    """Each row that is not there any more, is there too much, or is another one."""
    for table, before in was.items():
        ended = {"SecondFactorRemoval"}  # of factors that nobody can prove any more
        for key in sorted({*before} ^ {*now[table]}):
            if key in before or table not in ended:
                yield f"{table} {key}: {'is gone' if key in before else 'was not there'}"
        for key in sorted({*before} & {*now[table]}):
            for column, value in before[key].items():
                if now[table][key][column] != value:
                    yield f"{table} {key}, {column}: was {value!r:.200}, is {now[table][key][column]!r:.200}"
