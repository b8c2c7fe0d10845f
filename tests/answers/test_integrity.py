"""What verification of everything says when nothing is wrong, and while others write. Attempts: tests/honesty."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection

from annexa.actions.controls import adopt_control
from annexa.actions.sequencer import publish
from annexa.actions.systems import change_system
from annexa.answers.integrity import Check, check_everything
from annexa.answers.store import tiles
from annexa.records.recorded import recorded_tables
from annexa.records.systems import AiSystem
from tests.answers.small_house import found_house

pytestmark = pytest.mark.django_db
HOUSE = Path(__file__).parents[2]


def checks() -> dict[str, Check]:
    return {check.name: check for check in check_everything(progress=lambda *_: None)}


def test_everything_holds(now) -> None:
    found_house(now)
    publish()
    found = checks()
    assert list(found) == ["ledger", "checkpoints", "clock", "published ledger", "protection", "records"]
    assert {name: check.findings for name, check in found.items() if check.outcome != "holds"} == {}
    assert all(not check.mend for check in found.values())
    tables = len(recorded_tables())
    assert found["records"].what == f"17 records in {tables} tables are what their latest entries say"


def test_an_empty_installation_holds(db) -> None:
    assert all(check.outcome == "holds" for check in checks().values())


def test_what_is_not_published_yet_is_a_note(now) -> None:
    found_house(now)
    found = checks()["published ledger"]
    assert (found.outcome, found.holds) == ("note", True)
    assert found.findings == ("nothing is published; the file checkpoint is not there",)


def test_less_published_than_recorded_holds(now) -> None:
    """The worker publishes after the change; the published ledger is a beginning of this one."""
    actor = found_house(now)
    size = publish()
    adopt_control(actor=actor, person=None, control="GOV-01", state="implemented", now=now)
    assert checks()["published ledger"].what == f"{size} entries are published as they are"
    assert checks()["published ledger"].outcome == "holds"


def test_the_latest_of_many_states_counts(now) -> None:
    """A record that changes is held against its last entry, and its first says since when it is there."""
    actor = found_house(now)
    for purpose in ("One", "Two"):
        system = AiSystem.objects.get(slug="chatbot")
        facts = replace(system.facts(), purpose=purpose)
        change_system(actor=actor, slug="chatbot", facts=facts, seen=system.changed_at, now=now)
    assert checks()["records"].outcome == "holds"


def test_a_change_that_waits_for_its_place_is_no_difference(now, monkeypatch) -> None:
    """A process may die between a change and its place in the ledger: the row is right, its entry waits."""
    actor = found_house(now)
    monkeypatch.setattr("annexa.actions.door.sequence", lambda **_: None)
    system = AiSystem.objects.get(slug="chatbot")
    change_system(
        actor=actor, slug="chatbot", facts=replace(system.facts(), purpose="New"), seen=system.changed_at, now=now
    )
    assert checks()["records"].findings == ()


def test_a_checkpoint_somebody_kept(now) -> None:
    """A true one holds for ever; what is none of this ledger is said to be none, with what to give instead."""
    actor = found_house(now)
    publish()
    kept = tiles().read_checkpoint()
    adopt_control(actor=actor, person=None, control="GOV-01", state="implemented", now=now)

    def asked(data: bytes) -> Check:
        return check_everything(progress=lambda *_: None, kept=data)[-1]

    assert (asked(kept).name, asked(kept).outcome) == ("kept checkpoint", "holds")
    for data in (b"", b"nothing of the kind", kept.replace(b"annexa", b"anneza"), b"\xff" * 9):
        found = asked(data)
        assert found.outcome == "fails"
        assert found.mend.startswith("Give a checkpoint of this ledger")


def test_while_the_ledger_fails_nobody_is_told_that_it_is_right(now) -> None:
    found_house(now)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO records_entrybody SELECT 900 + position, salt, body FROM records_entrybody")
        cursor.execute("DELETE FROM records_adoption")
    found = checks()
    assert found["ledger"].findings[0] == "there is a body at 900, but no entry"
    assert found["records"].mend.startswith("Settle first")


MEANWHILE = """
import os, threading
from datetime import UTC, datetime
import django
django.setup()
from django.core.management import call_command
from django.db import connection, connections
from annexa.actions.controls import adopt_control
from annexa.answers.integrity import check_everything
from annexa.records.controls import Adoption
from annexa.records.moment import one_moment
from annexa.records.people import Person
from tests.answers.small_house import found_house

now = datetime.now(UTC)
call_command("migrate", interactive=False, verbosity=0)
actor = found_house(now)

def write():
    adopt_control(actor=actor, person=Person.objects.get(), control="GOV-01", state="implemented", now=now)
    connections.close_all()

with one_moment():
    before = Adoption.objects.count()
    other = threading.Thread(target=write)
    other.start()
    other.join(timeout=10)
    assert not other.is_alive(), "who writes had to wait"
    assert Adoption.objects.count() == before, "one moment saw what came after it"
assert Adoption.objects.count() == before + 1
assert not connection.in_atomic_block
print([check.name for check in check_everything(progress=lambda *_: None) if not check.holds])
"""


@pytest.mark.slow
def test_one_moment_sees_nothing_of_what_others_write_meanwhile(tmp_path) -> None:
    """Verification of a serving installation compares rows and entries of the same moment, and keeps nobody waiting."""
    env = {
        "PATH": os.environ["PATH"], "ANNEXA_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "annexa.settings",
        "PYTHONPATH": f"{HOUSE / 'src'}:{HOUSE}",
    }  # fmt: skip
    done = subprocess.run([sys.executable, "-c", MEANWHILE], env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
