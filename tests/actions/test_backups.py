"""Backup and restore: everything comes back, of one moment, from one file, or nothing does and a sentence says why."""

import json
import os
import resource
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection

from annexa.actions.backups import back_up
from annexa.actions.errors import ConflictError, InvalidError, NotPermittedError
from annexa.actions.filling import UNFINISHED
from annexa.answers.backup import LAST, About, examine_backup, last_backup, open_backup
from annexa.answers.store import blobs
from annexa.cli import words
from annexa.pure.permits import ANNEXA
from annexa.records import snapshot
from annexa.records.evidence import Evidence
from annexa.records.ledger import LedgerEntry
from annexa.vault.archive import ArchiveDamagedError, ArchiveWriter
from annexa.vault.sealing import PassphraseError
from tests.answers.small_house import found_house

HOUSE = Path(__file__).parents[2]
_PROTECTION = import_module("annexa.records.migrations.0002_ledger_is_append_only")
WORDS = "a passphrase for tests"


def quiet(_what: str):
    return lambda _done, _total: None


def unprotected() -> None:
    """Removes what makes the database refuse to change the ledger, as its owner can."""

    def execute(sql: str, values: Any = None) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)

    _PROTECTION.unprotect(None, SimpleNamespace(connection=connection, execute=execute))


def names(file: Path, passphrase: str | None = None) -> set[str]:
    with open_backup(file, passphrase, quiet("")) as members:
        return {member.name for member in members}


# --- what is in it


@pytest.fixture
def house(db, now, settings, tmp_path):
    """A small organisation in a home of its own."""
    settings.HOME = tmp_path / "home"
    settings.HOME.mkdir()
    (settings.HOME / "secret.key").write_text("s" * 60)
    return found_house(now)


def backed_up(file: Path, now: datetime, **more) -> About:
    wanted = {"passphrase": None, "with_keys": False, **more}
    return back_up(actor=ANNEXA, file=file, now=now, say=quiet, **wanted)


def test_it_holds_everything_the_database_names(house, now, tmp_path) -> None:
    about = backed_up(tmp_path / "b", now)
    digests = set(Evidence.objects.values_list("sha256", flat=True))
    assert len(digests) == 6
    held = {Path(name).name for name in names(tmp_path / "b") if name.startswith("store/blobs/")}
    assert digests <= held
    assert about.missing == ()
    assert about.rows["records.evidence"] == 6
    assert about.size == 18
    assert examine_backup(tmp_path / "b", None, say=quiet) == about
    last = last_backup()
    assert last is not None
    assert (last.at, last.ledger_size, last.complete) == (now, 18, True)


def test_keys_are_in_it_only_if_asked_for_or_encrypted(house, now, tmp_path) -> None:
    """Rule: who makes a file that anybody can read decides about the keys; an encrypted one has them."""
    with pytest.raises(InvalidError, match="--with-keys"):
        backed_up(tmp_path / "no", now, with_keys=None)
    assert not (tmp_path / "no").exists()
    for name, more, there in (
        ("without", {}, False), ("with", {"with_keys": True}, True),
        ("sealed", {"with_keys": None, "passphrase": WORDS}, True),
    ):  # fmt: skip
        assert backed_up(tmp_path / name, now, **more).keys is there
        found = names(tmp_path / name, more.get("passphrase"))
        assert ("secret.key" in found) is there
        assert any(one.startswith("keys/") for one in found) is there


def test_nobody_reads_an_encrypted_one(house, now, tmp_path) -> None:
    backed_up(tmp_path / "b", now, passphrase=WORDS)
    assert b"ada@example.org" not in (tmp_path / "b").read_bytes()
    with pytest.raises(PassphraseError, match="is encrypted"):
        examine_backup(tmp_path / "b", None, say=quiet)
    with pytest.raises(PassphraseError, match="not the passphrase"):
        examine_backup(tmp_path / "b", WORDS + "?", say=quiet)


def test_an_open_one_is_not_taken_for_an_encrypted_one(house, now, tmp_path) -> None:
    """Rule: who puts an open file of their own in place of an encrypted one is found out."""
    backed_up(tmp_path / "b", now)
    with pytest.raises(PassphraseError, match="somebody replaced it"):
        examine_backup(tmp_path / "b", WORDS, say=quiet)


def test_only_its_owner_may_read_the_file(house, now, tmp_path) -> None:
    backed_up(tmp_path / "b", now)
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600


def test_sessions_are_left_out(house, now, tmp_path) -> None:
    """Rule: a backup lets nobody act as somebody who is signed in."""
    Session.objects.create(session_key="k" * 32, session_data="d", expire_date=datetime(2027, 1, 1, tzinfo=UTC))
    backed_up(tmp_path / "b", now, with_keys=True)
    assert not [name for name in names(tmp_path / "b") if "session" in name]


def test_what_is_missing_or_changed_is_named_and_the_rest_is_kept(house, now, settings, tmp_path) -> None:
    """Rule: on the day a disk fails, a backup of everything else is worth more than none."""
    gone, changed = sorted(Evidence.objects.values_list("sha256", flat=True))[:2]
    path = settings.STORE / "blobs" / gone[:2] / gone[2:4] / gone
    path.unlink()
    path = settings.STORE / "blobs" / changed[:2] / changed[2:4] / changed
    path.chmod(0o600)
    path.write_bytes(b"something else")
    about = backed_up(tmp_path / "b", now)
    assert {one for one in (gone, changed) if any(one in sentence for sentence in about.missing)} == {gone, changed}
    assert len(about.missing) == 2
    assert about.blobs == len(list(blobs().digests())) - 1


@pytest.mark.parametrize("kind", ["library", "adoption"])
@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("DELETE FROM records_entrybody WHERE position = %s", "its body is missing"),
        ("UPDATE records_entrybody SET body = CAST('no JSON' AS {blob}) WHERE position = %s", "Expecting value"),
        (
            "UPDATE records_entrybody SET body = CAST('{{}}' AS {blob}) WHERE position = %s",
            "lacks or misstates 'state'",
        ),
        ("UPDATE records_entrybody SET body = CAST('[]' AS {blob}) WHERE position = %s", "lacks or misstates"),
    ],
)
def test_an_entry_that_cannot_be_read_is_named_and_the_rest_is_kept(
    house, now, tmp_path, monkeypatch, kind, change, why
) -> None:
    """Rule: whatever somebody did to the database, a backup of the rest is made, and a sentence says which entry."""
    position = LedgerEntry.objects.filter(kind=kind).latest("position").position
    unprotected()
    with connection.cursor() as cursor:
        cursor.execute(change.format(blob="BLOB" if connection.vendor == "sqlite" else "bytea"), [position])
    monkeypatch.setattr(snapshot, "_latest", snapshot._EMPTY)
    monkeypatch.setattr(snapshot, "_library", None)
    about = backed_up(tmp_path / "b", now)
    (sentence,) = about.missing
    assert sentence.startswith(f"Entry {position} of the ledger cannot be read (")
    assert why in sentence
    assert "annexa ledger verify" in sentence
    assert about.blobs == len(list(blobs().digests()))
    assert examine_backup(tmp_path / "b", None, say=quiet) == about
    with pytest.raises(snapshot.LedgerUnreadableError) as refused:
        snapshot.snapshot()
    assert (words.of(refused.value), words.code_of(refused.value)) == (sentence, 3)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="columns of PostgreSQL hold nothing they are not made for")
def test_a_row_that_no_column_is_made_for_is_told_in_a_sentence_and_leaves_no_file(house, now, tmp_path) -> None:
    """Rule: a database that somebody changed past Annexa is told of, with what to do."""
    unprotected()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE records_entrybody SET body = 'text, not bytes' WHERE position = 1")
    with pytest.raises(
        ConflictError, match=r"records_entrybody 1: holds what .* an older backup has the row as it was"
    ):
        backed_up(tmp_path / "b", now)
    assert list(tmp_path.glob("b*")) == []


def test_it_replaces_no_file_and_leaves_no_half_one(house, now, settings, tmp_path) -> None:
    (tmp_path / "b").write_text("precious")
    with pytest.raises(FileExistsError):
        backed_up(tmp_path / "b", now)
    assert (tmp_path / "b").read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []
    assert not (settings.HOME / LAST).exists()


def test_people_cannot(house, now, tmp_path) -> None:
    """Rule: everything at once leaves the house by the command line of its machine only."""
    with pytest.raises(NotPermittedError):
        back_up(actor=house, file=tmp_path / "b", passphrase=None, with_keys=False, now=now, say=quiet)


# --- what is refused before anything is touched


@pytest.mark.parametrize("sealed", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_flipped_bytes_anywhere_are_refused(house, now, tmp_path, sealed) -> None:
    backed_up(tmp_path / "b", now, passphrase=WORDS if sealed else None)
    data = (tmp_path / "b").read_bytes()
    places = [0, len(data) // 2, len(data) - 1] if sealed else [*range(0, len(data), len(data) // 29), len(data) - 1]
    for at in places:
        changed = bytearray(data)
        changed[at] ^= 4
        (tmp_path / "c").write_bytes(changed)
        with pytest.raises((ArchiveDamagedError, PassphraseError)):
            examine_backup(tmp_path / "c", WORDS if sealed else None, say=quiet)


def test_what_a_backup_does_not_hold_is_refused(tmp_path) -> None:
    """Rule: an archive of the right form with strange members, or none of ours, is not a backup."""
    for name in ("etc/passwd", "store/blobs/aa", "tables/auth.user/000001.ndjson", "annexa.sqlite3"):
        with (tmp_path / "b").open("wb") as out:
            archive = ArchiveWriter(out)
            archive.add(name, b"x")
            archive.close()
        with pytest.raises(ArchiveDamagedError, match="nothing that a backup holds"):
            examine_backup(tmp_path / "b", None, say=quiet)
    (tmp_path / "b").write_bytes(b"")
    with pytest.raises(ArchiveDamagedError):
        examine_backup(tmp_path / "b", None, say=quiet)


# --- there and back, as commands


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Three backups made one after another while somebody went on recording, and what was said then."""

    folder: Path
    said: dict

    def copy(self, number: int) -> Path:
        return self.folder / f"{number}.backup"


def run(home: Path, *argv: object, limit: int | None = None, url: str = "") -> "subprocess.CompletedProcess[str]":
    """A program of its own with that home; `limit`: the largest file it may write, as on a disk that is full."""
    env = {
        "PATH": os.environ["PATH"], "ANNEXA_HOME": str(home), "DJANGO_SETTINGS_MODULE": "annexa.settings",
        "PYTHONPATH": f"{HOUSE / 'src'}:{HOUSE}", **({"ANNEXA_DATABASE_URL": url} if url else {}),
    }  # fmt: skip
    before = (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))) if limit else None
    return subprocess.run(
        [sys.executable, "-m", *map(str, argv)], env=env, capture_output=True, text=True, check=False, timeout=600,
        preexec_fn=before,
    )  # fmt: skip


def annexa(home: Path, *argv: object, limit: int | None = None, url: str = "") -> "subprocess.CompletedProcess[str]":
    done = run(home, "annexa.cli.main", *argv, limit=limit, url=url)
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Made:
    folder = tmp_path_factory.mktemp("made")
    done = run(folder / "home", "tests.actions.backing", "make", folder)
    assert done.returncode == 0, done.stderr
    (folder / "words").write_text(f"{WORDS}\n")
    return Made(folder=folder, said=json.loads(done.stdout))


@pytest.mark.slow
def test_the_file_is_of_one_moment_while_others_write(made) -> None:
    """Rule: each one ends where the ledger stood at some moment, with every byte that is named by then."""
    sizes = [about["size"] for about in made.said["abouts"]]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] < made.said["size"]
    assert [about["missing"] for about in made.said["abouts"]] == [[], [], []]


@pytest.mark.slow
def test_a_restored_house_says_the_same_and_goes_on(made, tmp_path) -> None:
    """Rule: same posture, same ledger, verified; and what is recorded from then on continues it."""
    home = tmp_path / "home"
    done = annexa(home, "restore", made.copy(1), "--passphrase-file", made.folder / "words")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILS" not in done.stdout
    assert "tells of it" in done.stderr
    assert (home / "keys").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in [*(home / "keys").iterdir(), home / "secret.key"]} == {0o600}
    assert not (home / UNFINISHED).exists()
    found = json.loads(run(home, "tests.actions.backing", "go_on", made.said["at"]).stdout)
    assert found["posture"] == made.said["posture"]
    assert found["origin"] == made.said["origin"]
    assert found["fails"] == []
    assert found["grown"] == 2
    about = made.said["abouts"][1]  # an entry may have waited for its position at that moment
    assert found["size"] == about["size"] + about["waiting"] + 1 + 2
    again = annexa(home, "restore", made.copy(0))
    assert again.returncode == 2
    assert "is not empty" in again.stderr


@pytest.mark.slow
def test_a_full_disk_leaves_nothing_behind(made, tmp_path) -> None:
    """Rule: a backup is whole or not there; after a restore that failed, the home is as empty as before."""
    done = annexa(made.folder / "home", "backup", tmp_path / "b", "--without-keys", limit=40_000)
    assert done.returncode == 3
    assert list(tmp_path.iterdir()) == []
    home = tmp_path / "home"
    done = annexa(home, "restore", made.copy(0), limit=200_000)
    assert done.returncode == 3, done.stdout + done.stderr
    assert [path.name for path in home.iterdir() if path.name != "store"] == ["secret.key"]
    assert not any(path.is_file() for path in (home / "store").rglob("*"))
    assert annexa(home, "restore", made.copy(0)).returncode == 0


@pytest.mark.slow
def test_without_keys_the_keys_must_be_there_and_be_the_right_ones(made, tmp_path) -> None:
    copy, home = tmp_path / "b", tmp_path / "home"
    assert annexa(made.folder / "home", "backup", copy, "--without-keys").returncode == 0
    done = annexa(home, "restore", copy)
    assert done.returncode == 2
    assert "holds no keys" in done.stderr
    shutil.copytree(made.folder / "home" / "keys", home / "keys")
    assert annexa(home, "restore", copy).returncode == 0


@pytest.mark.slow
def test_a_killed_restore_is_not_served(made, tmp_path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / UNFINISHED).touch()
    done = annexa(home, "demo")
    assert done.returncode == 2
    assert "did not come to its end" in done.stderr


def without(part: bytes, columns: set[str]) -> bytes:
    """A part of a table without some columns: their names in its first line, then a list for each row."""
    names, *rows = (json.loads(line) for line in part.splitlines())
    kept = [place for place, name in enumerate(names) if name not in columns]
    return b"".join(json.dumps([row[place] for place in kept]).encode() + b"\n" for row in (names, *rows))


@pytest.mark.slow
def test_a_backup_of_an_older_version_is_brought_up_to_date(made, tmp_path) -> None:
    """Rule: rows are loaded into the tables of their own version, and these then get the form of this one."""
    older = tmp_path / "older"
    with older.open("wb") as out, open_backup(made.copy(0), None, quiet("")) as members:
        archive = ArchiveWriter(out)
        for member in members:
            data = member.read()
            if member.name == "backup.json":
                said = json.loads(data)
                assert said["rows"]["records.classificationreview"] == 0
                data = json.dumps({**said, "migration": "0003_classification"}).encode()
            if member.name.startswith("tables/records.aisystem/"):
                data = without(data, {"people_affected", "autonomy", "scale", "overseers"})  # which came later
            archive.add(member.name, data)
        archive.close()
    done = annexa(tmp_path / "home", "restore", older)
    assert done.returncode == 0, done.stdout + done.stderr
    newer = tmp_path / "newer"
    newer.write_bytes(b"")
    with newer.open("wb") as out, open_backup(made.copy(0), None, quiet("")) as members:
        archive = ArchiveWriter(out)
        for member in members:
            data = member.read()
            if member.name == "backup.json":
                data = json.dumps({**json.loads(data), "migration": "9999_from_the_future"}).encode()
            archive.add(member.name, data)
        archive.close()
    done = annexa(tmp_path / "other", "restore", newer)
    assert done.returncode == 2
    assert "later version" in done.stderr


@pytest.mark.slow
def test_rows_changed_behind_the_application_are_found_after_a_restore(made, tmp_path) -> None:
    """Rule: a backup of something forged restores, and is told to be forged; nothing more is written then."""
    forged = tmp_path / "forged"
    with forged.open("wb") as out, open_backup(made.copy(0), None, quiet("")) as members:
        archive = ArchiveWriter(out)
        for member in members:
            data = member.read()
            if member.name.startswith("tables/records.evidence/"):
                data = data.replace(b",false,", b",true,")
            archive.add(member.name, data)
        archive.close()
    done = annexa(tmp_path / "home", "restore", forged)
    assert done.returncode == 1
    assert "the row says true" in done.stdout
    assert "nothing more was written" in done.stderr
