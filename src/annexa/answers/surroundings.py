"""What an installation depends on outside its records: disk, permissions, clock, settings, backups, a live worker."""

import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from django.conf import settings
from django.db import connection

from annexa.answers import mail_server
from annexa.answers.backup import last_backup
from annexa.answers.mails import failing, is_on
from annexa.answers.processes import alive
from annexa.answers.store import tiles
from annexa.pure.ledger import Header
from annexa.pure.notes import Checkpoint
from annexa.records.ledger import LedgerCheckpoint, LedgerEntry, Outbox
from annexa.records.webhooks import Delivery
from annexa.vault.tiles import TileMissingError

GIB: Final = 1024**3
TIGHT: Final = 2 * GIB
FULL: Final = GIB // 4
PATIENCE: Final = timedelta(minutes=1)
"""For how long something may wait that a live server does within a second."""
AHEAD: Final = timedelta(minutes=2)
UNTOLD: Final = timedelta(hours=1)
OLD: Final = timedelta(days=2)
TOO_OLD: Final = timedelta(days=7)
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing examined: what, how it is, and, if it is not good, how to mend it."""

    what: str
    state: Literal["good", "note", "wrong"]
    detail: str
    mend: str = ""


def disk() -> Finding:
    """Whether there is room for what is to come."""
    home: Path = settings.HOME
    store = next(one for one in (settings.STORE, *settings.STORE.parents) if one.exists())
    free, where = min((shutil.disk_usage(one).free, str(one)) for one in (home, store))
    detail = f"{free / GIB:,.1f} GiB free at {where}"
    if free >= TIGHT:
        return Finding(what="disk", state="good", detail=detail)
    mend = "Make room, or move the home to a larger disk; a full one stops every change."
    return Finding(what="disk", state="wrong" if free < FULL else "note", detail=detail, mend=mend)


def store() -> Finding:
    """Whether evidence and ledger files can be written: a disk that went read-only still reads."""
    where = next(one for one in (settings.STORE, *settings.STORE.parents) if one.exists())
    try:
        with tempfile.TemporaryFile(dir=where) as tried:
            tried.write(b"annexa")
            tried.flush()
    except OSError as error:
        mend = "Give the folder to the user who runs Annexa; see whether its disk is mounted, and not read-only."
        return Finding(what="store", state="wrong", detail=f"{where}: {error.strerror}", mend=mend)
    return Finding(what="store", state="good", detail=f"{settings.STORE} can be written to")


def permissions() -> Finding:
    """Whether anybody else on this machine may read keys and records."""
    home: Path = settings.HOME
    asked = [(home, 0o700), (home / "keys", 0o700), (home / "secret.key", 0o600)]
    asked += [(key, 0o600) for key in sorted((home / "keys").glob("*.key"))]
    wide = [
        f"{path} has {mode:04o} instead of {most:04o}"
        for path, most in asked
        if path.exists() and (mode := stat.S_IMODE(path.stat().st_mode)) & ~most
    ]
    if not wide:
        return Finding(what="permissions", state="good", detail="home and keys are open to their owner only")
    mend = "chmod them. If somebody else may have read a key, ask who; whoever has it can sign as this ledger."
    return Finding(what="permissions", state="wrong", detail="; ".join(wide), mend=mend)


def clock(now: datetime) -> Finding:
    """Whether time went on since the latest entry."""
    last = LedgerEntry.objects.order_by("-position").values_list("at", flat=True).first()
    if last is None or last <= now + AHEAD:
        return Finding(what="time", state="good", detail=f"{now.isoformat(timespec='seconds')}, after the latest entry")
    detail = f"it is {now.isoformat(timespec='seconds')} here, and the latest entry is of {last.isoformat()}"
    return Finding(what="time", state="wrong", detail=detail, mend="Set the clock of this machine, best by NTP.")


def database_settings() -> Finding:
    """Whether the database keeps what it acknowledged, and refuses what refers to nothing."""
    asked = _SQLITE if connection.vendor == "sqlite" else _POSTGRESQL
    off: list[str] = []
    for question, name, good in asked:
        with connection.cursor() as cursor:
            cursor.execute(question)
            [found] = cursor.fetchone()
        if str(found).lower() not in good and not (name == "journal_mode" and _in_memory()):
            off.append(f"{name} is {found} instead of {good[0]}")
    if not off:
        return Finding(what="database settings", state="good", detail=", ".join(f"{n} {g[0]}" for _, n, g in asked))
    mend = "A power cut may take what was acknowledged. Set it right in the database; Annexa asks for nothing else."
    return Finding(what="database settings", state="note", detail=", ".join(off), mend=mend)


_SQLITE = (
    ("PRAGMA journal_mode", "journal_mode", ("wal",)),
    ("PRAGMA synchronous", "synchronous", ("2", "3")),
    ("PRAGMA foreign_keys", "foreign_keys", ("1",)),
)
_POSTGRESQL = (
    ("SHOW server_encoding", "server_encoding", ("utf8",)),
    ("SHOW fsync", "fsync", ("on",)),
    ("SHOW synchronous_commit", "synchronous_commit", ("on", "local", "remote_write", "remote_apply")),
)


def _in_memory() -> bool:
    return "mode=memory" in str(connection.settings_dict["NAME"])


def reach() -> tuple[Finding, ...]:
    """Under which names the server answers, and whether what is sent to it can be read on the way."""
    hosts: list[str] = list(settings.ALLOWED_HOSTS)
    elsewhere = sorted(set(hosts) - LOCAL)
    secure = settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE
    if "*" in hosts:
        mend = "Name the hosts in ANNEXA_ALLOWED_HOSTS: with * a forged name gets into links."
        names = Finding(what="host names", state="wrong", detail="every name is taken", mend=mend)
    elif secure and not elsewhere:
        mend = "Set ANNEXA_ALLOWED_HOSTS to the name that browsers use."
        names = Finding(
            what="host names", state="note", detail="HTTPS is on, but only this machine is named", mend=mend
        )
    else:
        names = Finding(what="host names", state="good", detail=", ".join(hosts))
    if secure or not elsewhere:
        detail = "cookies go over HTTPS only, HSTS is on" if secure else "off; only this machine is named"
        return names, Finding(what="HTTPS", state="good", detail=detail)
    mend = "Put a proxy with HTTPS before it and set ANNEXA_HTTPS=yes."
    return names, Finding(what="HTTPS", state="note", detail="off: passwords and sessions can be read", mend=mend)


def figures() -> Finding:
    """Who may look at /metrics, and whether anybody can."""
    if settings.METRICS_TOKEN:
        return Finding(what="figures", state="good", detail="/metrics opens with its token")
    if not settings.PROXIES:
        return Finding(what="figures", state="good", detail="/metrics opens to this machine only")
    mend = "If somebody collects them, set ANNEXA_METRICS_TOKEN; if nobody does, leave it."
    return Finding(what="figures", state="note", detail="/metrics opens to nobody: behind a proxy", mend=mend)


def backups(now: datetime) -> Finding:
    """How old the last backup is that was made here."""
    last = last_backup()
    mend = "annexa backup FILE --encrypt-to-passphrase-file F, every night; rehearse restoring it."
    if last is None:
        return Finding(what="backup", state="note", detail="none was made with annexa backup", mend=mend)
    detail = f"{last.at.isoformat(timespec='minutes')}, of {last.ledger_size:,} entries"
    detail += "" if last.activity else ", without the activity log"
    if not last.complete:
        mend = (
            "Some bytes were missing or damaged: see what is said about evidence, and restore those from an older one."
        )
        return Finding(what="backup", state="wrong", detail=f"{detail}, incomplete", mend=mend)
    if now - last.at <= OLD:
        return Finding(what="backup", state="good", detail=detail)
    state: Literal["note", "wrong"] = "wrong" if now - last.at > TOO_OLD else "note"
    return Finding(what="backup", state=state, detail=f"{detail}, {(now - last.at).days} days ago", mend=mend)


def processes(now: datetime) -> Finding:
    """Which processes are alive, and whether one of them does the worker's work."""
    found = alive(now=now)
    serving, working = sum(one.serves for one in found), sum(one.works for one in found)
    if not found:
        mend = "If it should run: annexa serve. A process tells of itself every 15 seconds."
        return Finding(what="processes", state="note", detail="none told of itself within a minute", mend=mend)
    names = ", ".join(one.name for one in found)
    detail = f"{serving} serve, {working} work: {names}"
    if not working:
        mend = "Start annexa worker, or leave ANNEXA_WORKER out; until then nothing is published or sent."
        return Finding(what="processes", state="wrong", detail=detail, mend=mend)
    failing = [one.name for one in found if (one.figures.get("worker") or {}).get("failures")]
    if failing:
        mend = "Its log says what failed and where; what it could not do it tries again."
        detail = f"{detail}; rounds of the worker failed in {', '.join(failing)}"
        return Finding(what="processes", state="note", detail=detail, mend=mend)
    return Finding(what="processes", state="good", detail=detail)


def undelivered(now: datetime) -> Finding:
    """Whether receivers of webhooks are told what they wait for."""
    rows = Delivery.objects.filter(next_at__isnull=False, webhook__end__isnull=True)
    many, oldest = rows.count(), rows.order_by("created_at").values_list("created_at", flat=True).first()
    if oldest is None or now - oldest <= UNTOLD:
        return Finding(what="webhooks", state="good", detail=f"{many} messages wait to be sent")
    detail = f"{many} messages wait to be sent, the oldest since {oldest.isoformat(timespec='minutes')}"
    mend = "See what receivers answered: GET /api/v1/webhooks/{id}/deliveries; end those that are gone."
    return Finding(what="webhooks", state="note", detail=detail, mend=mend)


def mail(now: datetime) -> Finding:
    """Whether people are mailed what waits for them: whether the server takes it, and what it did not take."""
    if not is_on():
        return Finding(what="mail", state="good", detail="off: ANNEXA_SMTP_URL is not set")
    found = failing(now=now)
    try:
        mail_server.reach()
    except mail_server.MailError as error:
        mend = "Mend ANNEXA_SMTP_URL or the server; annexa mail test ADDRESS tries it. What waits is sent then."
        return Finding(what="mail", state="wrong", detail=f"{error}; {found.waiting} mails wait", mend=mend)
    late = found.oldest is not None and now - found.oldest > UNTOLD
    if not (late or found.given_up):
        return Finding(what="mail", state="good", detail=f"the server takes mail; {found.waiting} mails wait")
    detail = f"{found.waiting} mails wait, {found.given_up} were given up within a week"
    last = f"; last: {found.answer}" if found.answer else ""
    mend = "See what the server answered: annexa mail list --failed. Correct addresses of people, or end their access."
    return Finding(what="mail", state="note", detail=f"{detail}{last}", mend=mend)


def waiting(now: datetime) -> Iterator[Finding]:
    """What a live worker would have done within a second: placing entries, and publishing them."""
    many = Outbox.objects.count()
    if many:
        oldest = Outbox.objects.order_by("id").values_list("header", flat=True)[0]
        stuck = now - Header.from_bytes(bytes(oldest)).at > PATIENCE
        detail = f"{many} entries wait for their place in the ledger{', and have for a while' if stuck else ''}"
        yield Finding(what="outbox", state="wrong" if stuck else "note", detail=detail, mend=_SERVE)
    else:
        yield Finding(what="outbox", state="good", detail="nothing waits for its place in the ledger")
    head = LedgerCheckpoint.objects.order_by("-size").values_list("size", "at").first()
    if head is None:
        return
    size, at = head
    try:
        published = Checkpoint.from_bytes(tiles().read_checkpoint().partition(b"\n\n")[0] + b"\n").size
    except TileMissingError:
        published = 0
    detail = f"at {size:,} entries, signed {at.isoformat(timespec='minutes')}"
    if published >= size or now - at <= PATIENCE:
        yield Finding(what="checkpoint", state="good", detail=detail)
    else:
        yield Finding(what="checkpoint", state="note", detail=f"{detail}; {published:,} are published", mend=_SERVE)


_SERVE = "annexa serve or annexa worker does it within a second. If one runs, its log says why it cannot."
