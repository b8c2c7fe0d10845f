"""What doctor says of disk, permissions, clock, settings, backups and the worker: each fault has its mend."""

import json
import shutil
from collections import namedtuple
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from annexa.actions.processes import Here, tell_of_process
from annexa.actions.sequencer import publish
from annexa.actions.webhooks import add_webhook
from annexa.answers import surroundings
from annexa.answers.backup import LAST
from annexa.answers.health import examine
from annexa.answers.surroundings import FULL, GIB, TIGHT
from annexa.pure.permits import ANNEXA
from annexa.records import guard
from annexa.records.ledger import LedgerEntry, Outbox
from annexa.records.webhooks import Delivery, Webhook
from tests.answers.small_house import found_house

pytestmark = pytest.mark.django_db


@pytest.fixture
def home(settings, tmp_path):
    settings.HOME = tmp_path / "home"
    settings.HOME.mkdir(mode=0o700)
    return settings.HOME


def test_doctor_says_all_of_it(now, home) -> None:
    found_house(now)
    publish()
    found = {one.what: one for one in examine()}
    asked = {
        "disk", "permissions", "time", "database settings", "host names", "HTTPS", "backup", "outbox", "checkpoint",
        "processes", "webhooks", "store",
    }  # fmt: skip
    assert asked <= set(found)
    assert {what for what in asked if found[what].state == "wrong"} == set()
    assert [one.what for one in found.values() if one.state != "good" and not one.mend] == []


@pytest.mark.parametrize(
    ("free", "state"), [(TIGHT, "good"), (TIGHT - 1, "note"), (FULL, "note"), (FULL - 1, "wrong"), (0, "wrong")]
)
def test_a_disk_that_fills_up(home, monkeypatch, free, state) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(100 * GIB, 0, free))
    assert surroundings.disk().state == state


@pytest.mark.parametrize("name", ["", "keys", "keys/a.key", "secret.key"])
def test_a_key_that_others_may_read(home, name) -> None:
    (home / "keys").mkdir(mode=0o700)
    for file in ("keys/a.key", "secret.key"):
        (home / file).touch(mode=0o600)
    assert surroundings.permissions().state == "good"
    (home / name).chmod(0o755)
    found = surroundings.permissions()
    assert found.state == "wrong"
    assert str(home / name) in found.detail


def test_a_clock_that_went_back(now) -> None:
    found_house(now)
    last = LedgerEntry.objects.latest("position").at
    assert surroundings.clock(last).state == "good"
    assert surroundings.clock(last - timedelta(hours=1)).state == "wrong"


def test_a_database_that_forgets(settings) -> None:
    from django.db import connection

    if connection.vendor != "sqlite":
        pytest.skip("is about SQLite")
    assert surroundings.database_settings().state == "good"
    with connection.cursor() as cursor:
        connection.check_constraints()
        cursor.execute("PRAGMA synchronous")
        [before] = cursor.fetchone()
    assert before == 2, "the settings ask for FULL"


@pytest.mark.parametrize(
    ("hosts", "https", "states"),
    [
        (["localhost", "127.0.0.1"], False, ("good", "good")), (["annexa.example.org"], True, ("good", "good")),
        (["annexa.example.org"], False, ("good", "note")), (["localhost"], True, ("note", "good")),
        (["*"], True, ("wrong", "good")), (["*"], False, ("wrong", "note")),
    ],
)  # fmt: skip
def test_names_and_https(settings, hosts, https, states) -> None:
    settings.ALLOWED_HOSTS = hosts
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = https
    assert tuple(one.state for one in surroundings.reach()) == states


@pytest.mark.parametrize(
    ("token", "proxies", "state"), [("", 0, "good"), ("t" * 20, 0, "good"), ("t" * 20, 1, "good"), ("", 1, "note")]
)
def test_figures_that_nobody_can_see(settings, token, proxies, state) -> None:
    settings.METRICS_TOKEN, settings.PROXIES = token, proxies
    found = surroundings.figures()
    assert (found.state, "ANNEXA_METRICS_TOKEN" in found.mend) == (state, state == "note")


@pytest.mark.parametrize(
    ("days", "complete", "state"), [(0, True, "good"), (2, True, "good"), (3, True, "note"), (8, True, "wrong"),
                                    (0, False, "wrong"), (None, True, "note")],
)  # fmt: skip
def test_how_old_the_last_backup_is(home, now, days, complete, state) -> None:
    if days is not None:
        at = (now - timedelta(days=days)).isoformat()
        (home / LAST).write_text(json.dumps({"at": at, "ledger_size": 9, "complete": complete, "activity": True}))
    assert surroundings.backups(now).state == state
    (home / LAST).write_text("nonsense")
    assert surroundings.backups(now).state == "note"


def test_an_outbox_that_nobody_empties(now) -> None:
    """Rule: what waits for a moment is a note; what has waited for a minute means that no worker lives."""
    found_house(now)
    entry = LedgerEntry.objects.latest("position")
    with guard.opened():
        Outbox.objects.bulk_create([Outbox(header=bytes(entry.header), salt=b"s", body=b"{}")])
    states = [next(iter(surroundings.waiting(entry.at + timedelta(seconds=s)))).state for s in (1, 61)]
    assert states == ["note", "wrong"]


def test_a_checkpoint_that_nobody_publishes(now) -> None:
    found_house(now)
    late = now + timedelta(minutes=5)
    assert [(one.what, one.state) for one in surroundings.waiting(late)] == [("outbox", "good"), ("checkpoint", "note")]
    publish()
    assert [one.state for one in surroundings.waiting(late)] == ["good", "good"]


def told(name: str, ago: int, *, serves: bool, works: bool, now: datetime, **figures: object) -> None:
    here = Here(name=name, serves=serves, works=works, started_at=now)
    tell_of_process(here=here, figures=figures, now=now - timedelta(seconds=ago))


@pytest.mark.parametrize(
    ("working", "ago", "state", "word"),
    [(True, 5, "good", "1 serve, 1 work"), (True, 61, "wrong", "1 serve, 0 work"), (False, 5, "wrong", "0 work")],
)
def test_processes_of_which_none_works(now, home, working, ago, state, word) -> None:
    """Rule: pages that are served say nothing about the ledger being published."""
    told("web:1", 5, serves=True, works=False, now=now)
    told("work:2", ago, serves=False, works=working, now=now, worker={"rounds": 7, "failures": 0})
    found = surroundings.processes(now)
    assert (found.state, word in found.detail) == (state, True), found
    assert (found.state == "good") is (found.mend == "")


def test_a_worker_that_fails_is_named(now, home) -> None:
    assert surroundings.processes(now).state == "note"
    told("web:1", 1, serves=True, works=True, now=now, worker={"rounds": 7, "failures": 2})
    found = surroundings.processes(now)
    assert (found.state, "failed in web:1" in found.detail) == ("note", True)


def test_messages_that_nobody_takes(now, home) -> None:
    found_house(now)
    add_webhook(actor=ANNEXA, person=None, url="https://example.org/x", kinds=["person"], now=now)
    assert surroundings.undelivered(now).state == "good"
    with guard.opened():
        Delivery(webhook=Webhook.objects.get(), position=0, next_at=now, created_at=now - timedelta(hours=2)).save()
    found = surroundings.undelivered(now)
    assert (found.state, found.detail[:10]) == ("note", "1 messages")


def test_a_store_that_cannot_be_written_to(home, settings, monkeypatch) -> None:
    assert surroundings.store().state == "good"
    settings.STORE = Path("/proc/self")
    found = surroundings.store()
    assert (found.state, "/proc/self" in found.detail) == ("wrong", True)
