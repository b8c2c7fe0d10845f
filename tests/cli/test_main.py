"""The command line: every command says how it is used, answers with the promised codes, and never with a traceback."""

import argparse
import csv
import io
import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from annexa.actions.sequencer import publish
from annexa.answers.verification import verify_pack
from annexa.cli.main import main, parser
from annexa.records.controls import Adoption
from annexa.records.evidence import Evidence
from annexa.records.ledger import LedgerEntry
from annexa.records.people import Person

pytestmark = pytest.mark.django_db
HOUSE = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How a command ended: its exit code and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


Run = Callable[..., Said]


@pytest.fixture
def run(capsys, monkeypatch) -> Run:
    """Runs a command in this process."""
    monkeypatch.setattr("django.setup", lambda: None)  # done already, and it would take over the log of the tests

    def call(*argv: object) -> Said:
        capsys.readouterr()
        try:
            code = main([str(arg) for arg in argv])
        except SystemExit as stop:  # argparse
            code = int(stop.code or 0)
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Said(code=code, out=said.out, err=said.err)

    return call


@pytest.fixture
def house(small_house) -> None:
    """The small organisation, as of today."""


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "policy.txt"
    path.write_text("The policy of this house.\n")
    return path


def leaves(found: argparse.ArgumentParser, words_: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command, as the words one types."""
    below = [action for action in found._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield words_
    for action in below:
        firsts = {id(sub): name for name, sub in reversed(action.choices.items())}  # others are aliases
        for name, sub in action.choices.items():
            if firsts[id(sub)] == name:
                yield from leaves(sub, (*words_, name))


COMMANDS = tuple(leaves(parser()))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_shows_an_example(run, command) -> None:
    said = run(*command, "--help")
    assert said.code == 0
    _, _, example = said.out.partition("example:")
    shown = " ".join(example.split()).replace("annexa --server URL ", "annexa ")
    assert f"annexa {' '.join(command)}" in shown
    assert "\x1b" not in said.out


def test_all_commands_of_this_version_are_there() -> None:
    assert {command[0] for command in COMMANDS} == {
        "serve", "demo", "doctor", "import", "export", "frameworks", "posture", "explain", "evidence", "control",
        "ledger", "pack", "verify", "people", "resolve", "classify", "path", "access-review", "backup", "restore",
        "token", "worker", "units", "governance", "grant", "groups", "records", "registers", "lineage", "assess", "soa",
        "training", "documents", "exceptions", "monitors", "logs", "uses", "acceptances", "due-diligence",
        "concentration", "oversight", "mail",
    }  # fmt: skip


@pytest.mark.parametrize(
    "argv",
    [(), ("fly",), ("posture", "--fly"), ("evidence",), ("explain", "A.5.1"), ("pack", "--framework", "eu-ai-act"),
     ("ledger", "prove", "first"), ("posture", "--format", "xml"), ("posture", "--system", "x", "--all-systems")],
)  # fmt: skip
def test_wrong_use_is_2(run, argv) -> None:
    said = run(*argv)
    assert said.code == 2
    assert said.err.startswith("usage: annexa")
    assert not said.out


# --- posture and explain


def test_posture_as_json(run, house) -> None:
    said = run("posture", "--format", "json")
    assert said.code == 0
    assert set(said.json) == {"at", "library", "ledger_size", "frameworks"}
    assert said.json["ledger_size"] == LedgerEntry.objects.count()
    assert [one["id"] for one in said.json["frameworks"]][:2] == ["iso27001-2022", "iso42001-2023"]
    for one in said.json["frameworks"]:
        assert set(one) == {"id", "title", "scope", "counts", "readiness", "requirements"}
        assert one["scope"] == "organisation"
        assert sum(one["counts"].values()) == len(one["requirements"])
        assert 0 <= one["readiness"] <= 1
        assert all(set(r) == {"id", "title", "verdict", "binding_from", "due"} for r in one["requirements"])
        applicable = [r for r in one["requirements"] if r["verdict"] != "not applicable"]
        met = [r for r in applicable if r["verdict"] == "met"]
        assert one["readiness"] == round(len(met) / len(applicable), 4)


def test_posture_of_systems_and_dates(run, house) -> None:
    one = run("posture", "--system", "credit-score", "--framework", "eu-ai-act", "--format", "json")
    assert [f["scope"] for f in one.json["frameworks"]] == ["credit-score"]
    every = run("posture", "--all-systems", "--framework", "eu-ai-act", "--format", "json")
    assert [f["scope"] for f in every.json["frameworks"]] == ["chatbot", "credit-score"]
    later = run("posture", "--at", "2035-01-01", "--framework", "iso42001-2023", "--format", "json")
    assert later.json["at"] == "2035-01-01T23:59:59.999999Z"
    assert later.json["frameworks"][0]["counts"]["met"] == 0
    before = run("posture", "--at", "2001-01-01T00:00Z", "--framework", "eu-ai-act", "--format", "json")
    assert before.json["frameworks"][0]["readiness"] is None


def test_posture_as_table_and_csv(run, house) -> None:
    table = run("posture", "--framework", "iso27001-2022")
    assert table.out.splitlines()[0].split()[:5] == ["framework", "scope", "met", "applicable", "readiness"]
    rows = list(csv.DictReader(io.StringIO(run("posture", "--format", "csv").out)))
    assert [row["framework"] for row in rows] == ["iso27001-2022", "iso42001-2023", "eu-ai-act", "nist-ai-rmf-1.0"]


def test_explain(run, house) -> None:
    said = run("explain", "A.5.1", "--framework", "iso27001-2022", "--format", "json")
    assert said.code == 0
    assert {"requirement", "scope", "at", "verdict", "because", "controls", "judgements"} <= set(said.json)
    control = next(c for c in said.json["controls"] if c["id"] == "GOV-02")
    assert {"id", "extent", "verdict", "expectations"} <= set(control)
    assert {"id", "kind", "max_age", "state", "evidence"} <= set(control["expectations"][0])
    evidence = control["expectations"][0]["evidence"][0]
    assert {"sha256", "observed_at", "recorded_at", "expires_at", "by", "ledger_index"} <= set(evidence)
    table = run("explain", "A.5.1", "--framework", "iso27001-2022").out
    assert table.startswith(f"[{said.json['verdict']}] A.5.1")
    assert evidence["sha256"] in table.replace("\n", "").replace(" ", "")


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("posture", "--framework", "iso9"), "iso9"),
        (("posture", "--system", "nobody"), "nobody"),
        (("posture", "--system", "old-planner"), "old-planner"),
        (("posture", "--at", "20 November"), "'20 November' is not a date; write it as 2026-11-20"),
        (("posture", "--at", "2026-13-01"), "is not a date"),
        (("posture", "--at", "9999-12-31"), "beyond the calendar"),
        (("posture", "--at", "9999-12-31T23:59-10:00"), "beyond the calendar"),
        (("posture", "--at", "0001-01-01T00:00+10:00"), "beyond the calendar"),
        (("explain", "A.99", "--framework", "iso27001-2022"), "no requirement A.99"),
        (("explain", "A.5", "--framework", "iso27001-2022"), "A.5 is judged by its parts: A.5.1"),
        (("explain", "A.5.1", "--framework", "iso9"), "iso9"),
        (("explain", "Art.9(1)", "--framework", "eu-ai-act", "--system", "nobody"), "nobody"),
        (("frameworks", "show", "iso9"), "there is no framework 'iso9'; known are eu-ai-act"),
        (("control", "adopt", "XXX-01"), "There is no control XXX-01."),
        (("control", "adopt", "GOV-02", "--system", "nobody", "--because", "x"), "There is no AI system nobody."),
        (("control", "adopt", "GOV-02", "--state", "planned"),
         "annexa: a plan needs a date; give it with --due, such as 2027-03-02."),
        (("control", "adopt", "GOV-02", "--system", "old-planer"), "no AI system old-planer. Near to it: old-planner."),
        (("path", "--framework", "nope"), "annexa: There is no framework 'nope'; known are eu-ai-act"),
        (("posture", "--hindsight"), "annexa: --hindsight looks back"),
        (("control", "adopt", "GOV-02", "--state", "planned", "--due", "2001-01-01"), "2001-01-01 is not ahead"),
        (("control", "adopt", "PHY-01", "--state", "excluded"), "An exclusion needs a justification"),
        (("ledger", "prove", "99999"), "There is no entry 99999"),
        (("ledger", "prove", "-1"), "There is no entry -1"),
        (("ledger", "prove", "9" * 40), "There is no entry 999"),
        (("pack", "--framework", "iso9", "-o", "x.zip"), "There is no framework 'iso9'"),
        (("pack", "--framework", "eu-ai-act", "--system", "nobody", "-o", "x.zip"), "There is no AI system 'nobody'"),
        (("people", "add", "not an address", "--name", "N", "--role", "owner", "--password-file", "PASSWORD"),
         "'not an address' is not an email address."),
        (("people", "add", "ADA@example.org", "--name", "N", "--role", "owner", "--password-file", "PASSWORD"),
         "ADA@example.org is known already."),
    ],
)  # fmt: skip
def test_what_was_asked_wrongly_is_2_in_one_sentence(run, house, tmp_path, monkeypatch, argv, says) -> None:
    monkeypatch.chdir(tmp_path)
    Path("PASSWORD").write_text("correct horse battery\n")
    before = LedgerEntry.objects.count()
    said = run(*argv)
    assert (said.code, said.out) == (2, "")
    assert says in said.err.replace("\n", " ")
    assert len(said.err.splitlines()) == 1
    assert LedgerEntry.objects.count() == before
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["PASSWORD"]


# --- evidence and controls


def test_evidence_add(run, house, file) -> None:
    said = run("evidence", "add", "GOV-02", file, "--expectation", "approved-policies", "--format", "json")
    assert said.code == 0
    kept = Evidence.objects.get(id=said.json["id"])
    assert said.json["sha256"] == kept.sha256
    assert said.json["ledger_index"] == LedgerEntry.objects.get(subject=f"evidence/{kept.id}").position
    assert (kept.name, kept.media_type, kept.passing) == ("policy.txt", "text/plain", True)
    table = run("evidence", "add", "SUP-01", file, "--failing", "--note", "a gap")
    assert table.code == 0
    assert f"sha256 {kept.sha256}" in table.out
    assert not Evidence.objects.latest("recorded_at").passing


def test_evidence_flips_the_verdict(run, house, file) -> None:
    """The main job on the command line: declare, show, and see what follows."""

    def verdict() -> str:
        return run("explain", "A.5.19", "--framework", "iso27001-2022", "--format", "json").json["controls"][0][
            "verdict"
        ]

    assert verdict() == "stale"
    assert run("evidence", "add", "SUP-01", file).code == 0
    assert verdict() == "effective"


def test_control_adopt(run, house) -> None:
    said = run("control", "adopt", "GOV-03")
    assert (said.code, said.out) == (0, "GOV-03 in organisation: implemented\n")
    because = "It has no users of ours"
    said = run("control", "adopt", "GOV-03", "--state", "excluded", "--system", "chatbot", "--because", because)
    assert said.code == 0
    assert Adoption.objects.get(control="GOV-03", scope="chatbot").because == because


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("GOV-02", "FILE"), "GOV-02 expects several things; say which with --expectation: approved-policies"),
        (("XXX-01", "FILE"), "there is no control 'XXX-01'"),
        (
            ("SUP-01", "FILE", "--expectation", "nothing"),
            "SUP-01 has no expectation 'nothing'; it has due-diligence-files",
        ),
        (("SUP-01", "FILE", "--system", "nobody"), "There is no AI system nobody."),
        (("LIF-03", "FILE", "--expectation", "test-plan"), "LIF-03 is proven for each AI system; say for which one."),
        (("SUP-01", "FILE", "--observed-at", "soon"), "'soon' is not a date"),
        (("SUP-01", "FILE", "--observed-at", "2199-01-01"), "2199-01-01 lies in the future"),
        (("SUP-01", "FILE", "--observed-at", "2020-01-01"), "It expired on"),
        (("SUP-01", "FILE", "--expires-at", "2020-01-01"), "It would expire before it was observed."),
        (("SUP-01", "FILE", "--observed-at", "2026-01-01", "--expires-at", "2026-01-02"), "by its own date"),
        (("SUP-01", "EMPTY"), "is empty"),
        (("SUP-01", "SPARSE"), "has 300 MiB; at most 50 MiB are taken"),
    ],
)
def test_evidence_that_cannot_be_is_2_and_leaves_nothing(run, house, file, tmp_path, settings, more, says) -> None:
    (tmp_path / "empty").touch()
    with (tmp_path / "sparse.bin").open("wb") as sparse:
        sparse.truncate(300 * 1024 * 1024)
    files = {"FILE": file, "EMPTY": tmp_path / "empty", "SPARSE": tmp_path / "sparse.bin"}
    before = (Evidence.objects.count(), LedgerEntry.objects.count())
    said = run("evidence", "add", *(files.get(one, one) for one in more))
    assert (said.code, said.out) == (2, "")
    assert says in said.err
    assert len(said.err.splitlines()) == 1
    assert (Evidence.objects.count(), LedgerEntry.objects.count()) == before
    kept = list((settings.STORE / "blobs").rglob("*sparse*")) + list((settings.STORE / "blobs" / ".incoming").glob("*"))
    assert not kept


@pytest.mark.parametrize("option", ["--note", "--system", "--expectation", "--observed-at"])
def test_words_that_are_no_text_are_2(run, house, file, option) -> None:
    """Bytes that are not UTF-8 reach a program as halves of surrogate pairs, which no database takes."""
    before = (Evidence.objects.count(), LedgerEntry.objects.count())
    said = run("evidence", "add", "SUP-01", file, option, os.fsdecode(b"caf\xe9"))
    assert (said.code, said.out) == (2, "")
    assert len(said.err.splitlines()) == 1
    assert (Evidence.objects.count(), LedgerEntry.objects.count()) == before


def test_a_file_name_cannot_lead_anywhere(run, house, tmp_path) -> None:
    """The name is kept for people only, without path or control characters; the bytes are kept by their digest."""
    for name, kept in (
        ("..\\..\\windows\\evil.exe", "evil.exe"),
        ("\x1b[31mred\x07\n.txt", "[31mred.txt"),
        (".hidden", "hidden"),
        ("\u202egnp.exe", "gnp.exe"),
        (os.fsdecode(b"latin-\xe9.txt"), "latin-.txt"),
        ("x" * 240 + ".pdf", "x" * 196 + ".pdf"),
    ):
        path = tmp_path / name
        path.write_bytes(b"bytes")
        said = run("evidence", "add", "SUP-01", path)
        assert said.code == 0
        assert Evidence.objects.latest("recorded_at").name == kept
        assert "\x1b" not in said.out + said.err


def test_a_binary_file_is_kept_as_what_it_is(run, house, tmp_path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(b"\x7fELF\x00\xff" * 100)
    said = run("evidence", "add", "SUP-01", path, "--format", "json")
    assert said.code == 0
    assert said.json["media_type"] == "application/octet-stream"


# --- what cannot be reached or read


def test_what_cannot_be_read_is_3(run, house, tmp_path, file) -> None:
    gone = tmp_path / "gone"
    for argv in (
        ("verify", gone),
        ("verify", tmp_path),
        ("verify", file, "--checkpoint", gone),
        ("evidence", "add", "SUP-01", gone),
        ("evidence", "add", "SUP-01", tmp_path),
        ("people", "add", "k@example.org", "--name", "K", "--role", "owner", "--password-file", gone),
        ("pack", "--framework", "eu-ai-act", "-o", gone / "audit.zip"),
        ("pack", "--framework", "eu-ai-act", "-o", tmp_path / ("x" * 300)),
    ):
        said = run(*argv)
        assert (said.code, said.out) == (3, ""), argv
        assert said.err.splitlines()[-1].startswith("annexa: ")


def test_a_database_that_is_not_prepared_is_3(tmp_path) -> None:
    """Before the first start of this version: a sentence that says what to do."""
    (tmp_path / "annexa.sqlite3").write_bytes(b"SQLite format 3\0")
    said = alone("posture", home=tmp_path)
    assert (said.code, said.out, "Traceback" in said.err) == (3, "", False)
    with sqlite3.connect(tmp_path / "other.sqlite3") as other:
        other.execute("CREATE TABLE x (y)")
    said = alone("posture", home=tmp_path, ANNEXA_DATABASE_URL=f"sqlite:///{tmp_path / 'other.sqlite3'}")
    assert (said.code, said.err) == (
        3, "annexa: the database is not prepared for this version yet; annexa serve (or annexa demo) does that.\n",
    )  # fmt: skip


def test_wrong_settings_are_2(tmp_path) -> None:
    said = alone("posture", home=tmp_path, ANNEXA_HTTPS="maybe", ANNEXA_UPLOAD_LIMIT_MB="x")
    assert said.code == 2
    assert "ANNEXA_HTTPS is 'maybe'; write yes or no." in said.err
    assert "Traceback" not in said.err
    said = alone("posture", home=tmp_path, ANNEXA_DATABSE_URL="x")
    assert (said.code, "ANNEXA_DATABSE_URL is not a setting" in said.err) == (2, True)


def alone(*argv: object, home: Path, **more: str) -> Said:
    """Runs a command in a process of its own."""
    env = {"PATH": os.environ["PATH"], "ANNEXA_HOME": str(home), "PYTHONPATH": str(HOUSE / "src"), **more}
    done = subprocess.run(
        [sys.executable, "-m", "annexa.cli.main", *map(str, argv)], env=env, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Said(code=done.returncode, out=done.stdout, err=done.stderr)


# --- ledger


def test_ledger(run, house) -> None:
    head = run("ledger", "head", "--format", "json").json
    assert set(head) == {"size", "root", "checkpoint", "at"}
    assert head["size"] == LedgerEntry.objects.count()
    assert run("ledger", "head").out == head["checkpoint"]
    proof = run("ledger", "prove", "0", "--format", "json").json
    assert set(proof) == {"index", "size", "root", "header", "salt", "body", "proof", "checkpoint", "verifier_key"}
    assert run("ledger", "prove", "0").out.startswith("c2sp.org/tlog-proof@v1\n")
    tail = run("ledger", "tail", "--limit", "3", "--format", "json").json
    assert [row["position"] for row in tail] == [head["size"] - n for n in (1, 2, 3)]
    assert set(tail[0]) == {"position", "at", "by", "verb", "about"}
    assert run("ledger", "tail", "--limit", "-5").code == 0
    publish()
    said = run("ledger", "verify")
    assert said.code == 0
    assert all(line.startswith("holds  ") for line in said.out.splitlines())


def test_a_ledger_that_does_not_hold_is_1(run, house, monkeypatch) -> None:
    monkeypatch.setattr("annexa.answers.integrity.leaf_hash", lambda _: bytes(32))
    said = run("ledger", "verify")
    assert said.code == 1
    assert "FAILS  " in said.out


# --- packs


def test_pack_and_verify(run, house, tmp_path) -> None:
    path = tmp_path / "audit.zip"
    made = run("pack", "--framework", "iso42001-2023", "--framework", "eu-ai-act", "-o", path)
    assert (made.code, made.out) == (0, "")
    assert [one.name for one in tmp_path.iterdir() if one.suffix == ".part"] == []
    said = run("verify", path)
    assert said.code == 0
    assert said.out.splitlines()[-1] == "This pack holds."
    found = run("verify", path, "--format", "json").json
    assert set(found) == {"pack", "holds", "checks"}
    assert found["holds"] is True
    assert len(found["checks"]) == len(verify_pack(path.read_bytes()))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    said = run("verify", path)
    assert said.code == 1
    assert said.out.splitlines()[-1] == "This pack does NOT hold. Nothing in it proves anything."
    assert said.out.splitlines()[-2].startswith("FAILS  ")
    assert run("verify", path, "--format", "json").json["holds"] is False


def test_verify_with_a_checkpoint(run, house, tmp_path, file) -> None:
    kept, path, later = tmp_path / "kept", tmp_path / "audit.zip", tmp_path / "later"
    kept.write_text(run("ledger", "head").out)
    assert run("evidence", "add", "SUP-01", file).code == 0
    assert run("pack", "--framework", "iso42001-2023", "-o", path).code == 0
    assert run("verify", path, "--checkpoint", kept).code == 0
    assert run("evidence", "add", "SUP-01", file).code == 0
    later.write_text(run("ledger", "head").out)
    said = run("verify", path, "--checkpoint", later)
    assert (said.code, "made later than the pack" in said.out) == (1, True)
    assert run("verify", path, "--checkpoint", file).code == 1


@pytest.mark.parametrize("data", [b"", b"\x7fELF\x00", b"PK\x03\x04", bytes(1000), "text\n".encode("utf-16")])
def test_what_is_no_pack_is_1(run, tmp_path, data) -> None:
    path = tmp_path / "audit.zip"
    path.write_bytes(data)
    said = run("verify", path)
    assert said.code == 1
    assert said.out.startswith("FAILS  container: not a readable zip")


RUNNER = """
import sys
def refuse(event, args):
    if event.startswith(("socket.", "subprocess.", "os.exec", "os.fork", "sqlite3.")):
        raise SystemExit(f"verification asked for {event} {args}")
sys.addaudithook(refuse)
from annexa.cli.main import main
code = main(sys.argv[1:])
taken = sorted(name for name in sys.modules if name.partition(".")[0] in {"django", "sqlite3", "psycopg", "socket"})
sys.exit(f"verification imported {taken}" if taken else code)
"""


def test_verify_needs_nothing_but_the_file(run, house, tmp_path) -> None:
    """No settings, no home, no network, no database, no Django: an auditor's laptop."""
    path = tmp_path / "audit.zip"
    assert run("pack", "--framework", "iso42001-2023", "-o", path).code == 0
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, "verify", path.name], cwd=tmp_path, env={"PYTHONPATH": str(HOUSE / "src")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "This pack holds."


# --- people, doctor, frameworks


def test_people(run, house, tmp_path) -> None:
    secret = tmp_path / "password"
    secret.write_text("correct horse battery\r\nnot this\n")
    said = run("people", "add", "Kim@Example.org", "--name", "Kim Lee", "--role", "owner", "--password-file", secret)
    assert (said.code, said.out) == (0, "Kim Lee <kim@example.org> may sign in as owner.\n")
    assert Person.objects.get(email="kim@example.org").check_password("correct horse battery")
    rows = run("people", "list", "--format", "json").json
    assert [row["email"] for row in rows] == ["ada@example.org", "kim@example.org"]
    assert set(rows[0]) == {"email", "name", "role", "active"}
    assert "correct horse" not in run("ledger", "tail", "--format", "json").out


def test_passwords_that_cannot_be(run, house, tmp_path) -> None:
    secret = tmp_path / "password"
    add = ("people", "add", "kim@example.org", "--name", "Kim", "--role", "owner")
    for data in (b"short\n", b"123456789012345\n", b"\n"):
        secret.write_bytes(data)
        said = run(*add, "--password-file", secret)
        assert (said.code, said.out) == (2, ""), data
        assert said.err.startswith("annexa: ")
    said = run(*add)
    assert said.code == 2
    assert "--password-file" in said.err
    assert not Person.objects.filter(email="kim@example.org").exists()


def test_a_password_file_that_is_no_text_is_2(run, house, tmp_path) -> None:
    secret = tmp_path / "password"
    secret.write_bytes(b"\xff\xfe\x00\n")
    said = run("people", "add", "kim@example.org", "--name", "Kim", "--role", "owner", "--password-file", secret)
    assert (said.code, said.out, len(said.err.splitlines())) == (2, "", 1)


def test_doctor(run, house) -> None:
    publish()
    said = run("doctor", "--format", "json")
    assert said.code == 0
    assert [row["what"] for row in said.json] == [
        "home", "database", "library", "libraries kept", "organisation", "hand-over", "signing key", "ledger",
        "checkpoints", "clock", "published ledger", "protection", "records", "outbox", "checkpoint", "processes",
        "webhooks", "mail", "store", "evidence", "activity log", "segments", "engine", "disk", "permissions", "time",
        "database settings", "host names", "HTTPS", "figures", "backup",
    ]  # fmt: skip
    notes = {row["what"]: row["detail"] for row in said.json if row["state"] != "good"}
    # PostgreSQL for tests keeps nothing for a power cut, and the test client's host name is not that of this machine.
    assert set(notes) <= {"HTTPS", "backup", "database settings", "processes"}
    assert notes["backup"] == "none was made with annexa backup"
    assert all(set(row) == {"what", "state", "detail", "mend"} for row in said.json)
    assert run("doctor").out.splitlines()[0].split() == ["what", "state", "detail", "mend"]


def test_doctor_finds_forged_bytes(run, house, settings) -> None:
    blob = next(path for path in (settings.STORE / "blobs").rglob("*") if path.is_file())
    blob.chmod(0o644)
    blob.write_bytes(b"better")
    said = run("doctor", "--format", "json")
    assert said.code == 1
    found = {row["what"]: row for row in said.json}
    assert found["evidence"]["state"] == "wrong"
    assert blob.name in found["evidence"]["detail"]
    assert "backup" in found["evidence"]["mend"]


def test_forged_evidence_is_not_packed(run, house, settings, tmp_path) -> None:
    for blob in (settings.STORE / "blobs").rglob("*"):
        if blob.is_file():
            blob.chmod(0o644)
            blob.write_bytes(b"better")
    said = run("pack", "--framework", "iso42001-2023", "-o", tmp_path / "audit.zip")
    assert said.code == 3
    assert "were changed" in said.err
    assert not list(tmp_path.glob("*audit*"))


def test_frameworks(run) -> None:
    rows = run("frameworks", "list", "--format", "json").json
    assert {"iso27001-2022", "iso42001-2023", "eu-ai-act", "nist-ai-rmf-1.0"} <= {row["id"] for row in rows}
    assert run("frameworks").out == run("frameworks", "list").out
    found = run("frameworks", "show", "iso42001-2023", "--format", "json").json
    assert set(found) == {"id", "version", "title", "requirements"}
    assert set(found["requirements"][0]) == {
        "id", "parent", "kind", "title", "summary", "level", "binds_roles", "binds_classes", "applies_from",
        "documented_information", "covered_by",
    }  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(run("frameworks", "show", "eu-ai-act", "--format", "csv").out)))
    assert list(rows[0]) == ["id", "level", "applies_from", "covered_by", "title"]


# --- when something else ends it


def test_stopped_and_closed(run, monkeypatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("annexa.cli.frameworks.words.rows", stop)
    said = run("frameworks")
    assert said.code == 130
    assert said.err == "Stopped; nothing half-done was kept.\n"


def test_a_closed_pipe_is_no_error() -> None:
    """`annexa frameworks show … | head -1`"""
    line = f"{sys.executable} -m annexa.cli.main frameworks show eu-ai-act --format json | head -c 10"
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(HOUSE / "src"), "ANNEXA_HOME": os.environ["ANNEXA_HOME"]}
    done = subprocess.run(["bash", "-o", "pipefail", "-c", line], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_port_in_use_is_3_and_a_port_that_is_none_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    """Two servers must not share a port without anybody noticing."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert main(["serve", "--port", port]) == 3
    assert f"port {port} on 127.0.0.1 is used by another program" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stop:
        main(["serve", "--port", "99999"])
    assert stop.value.code == 2


def test_wrong_settings_of_signing_in_are_said_all_at_once(tmp_path) -> None:
    """A slip in who may come in must not be found out by who comes in."""
    said = alone(
        "posture", home=tmp_path, ANNEXA_MFA_REQUIRED="maybe", ANNEXA_PROXIES="-1", ANNEXA_SSO_EMAILS="all",
        ANNEXA_OIDC_ISSUER="http://login.example.org", ANNEXA_OIDC_SCOPES="email", ANNEXA_SSO_ROLES="a=king,b",
        ANNEXA_SSO_DEFAULT_ROLE="queen", ANNEXA_SAML_METADATA="<a/>",
    )  # fmt: skip
    assert said.code == 2
    assert "Traceback" not in said.err
    for sentence in (
        "ANNEXA_MFA_REQUIRED is 'maybe'; write no, administrators or everybody.",
        "ANNEXA_PROXIES is '-1'; write a whole number from 0 to 9.",
        "ANNEXA_SSO_EMAILS is 'all'; write verified or trusted.",
        "ANNEXA_OIDC_ISSUER begins with http:; only a provider of your own network may be asked so.",
        "ANNEXA_OIDC_ISSUER is set, but ANNEXA_OIDC_CLIENT_ID is not.",
        "ANNEXA_OIDC_SCOPES has to hold openid.",
        "'king' is not a role",
        "'b' names no group and role",
        "ANNEXA_SSO_DEFAULT_ROLE is 'queen'",
        "ANNEXA_SAML_METADATA: it describes no identity provider",
    ):
        assert sentence in said.err, sentence


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"ANNEXA_OIDC_CLIENT_ID": "x"}, "but ANNEXA_OIDC_ISSUER is not"),
        ({"ANNEXA_OIDC_ISSUER": "login.example.org", "ANNEXA_OIDC_CLIENT_ID": "x"}, "write an address such as"),
        ({"ANNEXA_OIDC_ISSUER": "https://u:p@x", "ANNEXA_OIDC_CLIENT_ID": "x"}, "write an address such as"),
        ({"ANNEXA_OIDC_ISSUER": "https://x:y", "ANNEXA_OIDC_CLIENT_ID": "x"}, "write an address such as"),
        ({"ANNEXA_OIDC_ISSUER": "https://x", "ANNEXA_OIDC_CLIENT_ID": "x"}, "neither ANNEXA_SSO_ROLES nor"),
    ],
)
def test_half_a_provider_is_none(tmp_path, more, sentence) -> None:
    said = alone("posture", home=tmp_path, **more)
    assert said.code == 2
    assert sentence in said.err
    assert "Traceback" not in said.err
