"""Attempts by who can write in ANNEXA_HOME or in the installed program: evidence, tiles, keys, library files, packs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import annexa
from annexa.actions.libraries import import_files, keep_library
from annexa.actions.sequencer import publish
from annexa.answers.pack import make_pack
from annexa.answers.store import signer
from annexa.answers.verification import verify_pack
from annexa.library.reader import shipped
from annexa.pure.pack import MANIFEST, seal, unpack
from annexa.records.evidence import Evidence
from annexa.records.ledger import LedgerEntry
from tests.honesty.house import FRAMEWORKS, NOW, House, proof

pytestmark = pytest.mark.django_db


def overwrite(path: Path, data: bytes) -> None:
    """Writes into a file that is read-only."""
    path.chmod(0o644)
    path.write_bytes(data)


def only(folder: Path, pattern: str) -> Path:
    """The one file of that name below a folder."""
    (found,) = (path for path in folder.rglob(pattern) if path.is_file())
    return found


def blob(house: House, **which: object) -> Path:
    """The bytes of a piece of evidence."""
    return only(house.store / "blobs", Evidence.objects.get(**which).sha256)


# --- evidence


def _changed(path: Path, _other: Path) -> None:
    overwrite(path, path.read_bytes().replace(b"INC", b"inc"))


def _truncated(path: Path, _other: Path) -> None:
    overwrite(path, path.read_bytes()[:-1])


def _removed(path: Path, _other: Path) -> None:
    path.unlink()


def _swapped(path: Path, other: Path) -> None:
    here, there = path.read_bytes(), other.read_bytes()
    overwrite(path, there)
    overwrite(other, here)


@pytest.mark.parametrize("how", [_changed, _truncated, _removed, _swapped])
def test_bytes_of_evidence_replaced(house: House, how: Callable[[Path, Path], None]) -> None:
    """Change, cut short or remove the file of a failing result on the disk, or swap it with a better one.

    Given away by `annexa doctor`, which reads every byte of evidence; the page of the entry says so, and a pack is
    refused.
    """
    failing, passing = Evidence.objects.filter(control="INC-03", expectation="lessons-register").order_by("passing")
    how(blob(house, id=failing.id), blob(house, id=passing.id))
    house.sick("evidence", failing.sha256)
    assert house.verdicts() == house.before


# --- the published ledger


@pytest.mark.parametrize("name", ["0/000", "entries/000"])
@pytest.mark.parametrize("how", ["changed", "cut", "removed"])
def test_published_files_replaced(house: House, name: str, how: str) -> None:
    """Change, cut short or remove a tile or a bundle of entries of the published ledger.

    Given away by `annexa ledger verify` and `annexa doctor`, which compare each with the entries.
    """
    (path,) = (house.store / "ledger" / "tile").glob(name)
    data = path.read_bytes()
    if how == "removed":
        path.unlink()
    else:
        overwrite(path, data[:-1] if how == "cut" else data[:40] + bytes([data[40] ^ 1]) + data[41:])
    house.named(rf"tile/{name}(:| has other) .+")
    if how == "changed":
        house.sick("published ledger", "tile/")


def test_the_published_checkpoint_replaced(house: House) -> None:
    """Put another root under the published checkpoint.

    Given away by `annexa ledger verify`: it is not signed by this ledger.
    """
    path = house.store / "ledger" / "checkpoint"
    first, size, root, *rest = path.read_bytes().split(b"\n")
    overwrite(path, b"\n".join([first, size, root[::-1].replace(b"=", b"A", 1), *rest]))
    house.named("checkpoint: .+")


def test_the_published_checkpoint_removed(house: House) -> None:
    """Remove the published checkpoint, so that nobody can compare.

    Given away by `annexa ledger verify`, as a note; the server writes it again within a second.
    """
    (house.store / "ledger" / "checkpoint").unlink()
    assert "nothing is published; the file checkpoint is not there" in house.verify().failing()
    publish()
    assert house.verify().failing() == ()


# --- keys


def test_the_key_replaced(house: House) -> None:
    """Remove the signing key, so that a new one is made, and sign on with that.

    Given away by `annexa ledger verify` and `annexa doctor`: the checkpoints are not signed by the key there is.
    """
    only(house.home, "annexa.local*.key").unlink()
    house.named(r"checkpoint .+ more: .+")
    house.sick("signing key", ".+")


def test_the_name_of_the_ledger_replaced(house: House) -> None:
    """Give the ledger another name, so that it seems to be another one.

    Given away by `annexa ledger verify`: the checkpoints are of the old name.
    """
    overwrite(house.home / "ledger-origin", b"annexa.local/0000000000000000")
    house.named(r"checkpoint .+ more: .+")


# --- the library


@pytest.fixture
def doctor_of(tmp_path) -> Callable[[str, bytes, bytes, bool], str]:
    """What `annexa doctor` says of the library of an installed program in which one file was changed."""

    def ask(name: str, old: bytes, new: bytes, lock: bool) -> str:
        shutil.copytree(Path(annexa.__file__).parent, tmp_path / "src" / "annexa")
        path = tmp_path / "src" / "annexa" / "library" / name
        assert old in path.read_bytes()
        path.write_bytes(path.read_bytes().replace(old, new))
        env = {
            "PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "src"), "ANNEXA_HOME": str(tmp_path / "own"),
            "DJANGO_SETTINGS_MODULE": "annexa.settings",
        }  # fmt: skip
        if lock:
            subprocess.run([sys.executable, "-m", "annexa.library.load"], env=env, check=True, capture_output=True)
        (tmp_path / "own").mkdir()
        migrating = [sys.executable, "-m", "django", "migrate", "--verbosity", "0"]
        subprocess.run(migrating, env=env, check=True, capture_output=True)
        asked = [sys.executable, "-m", "annexa.cli.main", "doctor", "--format", "csv"]
        done = subprocess.run(asked, env=env, capture_output=True, text=True, check=False, timeout=60)
        return next(line for line in done.stdout.splitlines() if line.startswith("library,"))

    return ask


@pytest.mark.slow
def test_a_library_file_changed(doctor_of) -> None:
    """Change a requirement, control or coverage in the files of the installed program.

    Given away by `annexa doctor`: the library differs from its LOCK.
    """
    said = doctor_of("controls/GOV-03.toml", b"P365D", b"P999D", False)
    assert said.startswith("library,wrong,differs from its LOCK,Install Annexa anew")


@pytest.mark.slow
def test_a_library_file_changed_with_its_lock(house: House, tmp_path) -> None:
    """The same, with the LOCK renewed.

    Given away by the version, which is a digest of the files and stands in the ledger: the changed library is not in
    force, and taking it up leaves an entry.
    """
    keep_library()
    shutil.copytree(Path(annexa.__file__).parent, tmp_path / "src" / "annexa")
    path = tmp_path / "src" / "annexa" / "library" / "controls" / "GOV-03.toml"
    path.write_bytes(path.read_bytes().replace(b"P365D", b"P999D"))
    code = "from annexa.library.load import library; print(library().version)"
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "src")}
    subprocess.run([sys.executable, "-m", "annexa.library.load"], env=env, check=True, capture_output=True)
    done = subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True)
    entry = LedgerEntry.objects.filter(kind="library").latest("position")
    assert house.state_of(entry)["version"] != done.stdout.strip()


@pytest.mark.slow
def test_a_kept_library_changed(house: House) -> None:
    """Change a library that was in force earlier, where it is kept for judging the past.

    Given away by `annexa doctor`, and by every date under it, which is not judged any more.
    """
    name = "controls/GOV-03.toml"
    import_files(
        actor=house.actor("lead"), files={name: shipped()[name].replace(b"P365D", b"P300D")}, now=NOW, replace=True
    )
    blobs = house.store / "blobs"
    digest = next(path for path in blobs.rglob("*") if path.is_file() and b"P300D" in path.read_bytes())
    overwrite(digest, digest.read_bytes().replace(b"P300D", b"P999D"))
    house.sick("libraries kept", digest.name)


# --- packs


@pytest.mark.slow
def test_a_pack_changed(house: House) -> None:
    """Change a verdict in a pack before handing it over, and sign it again with the organisation's own key.

    Given away by `annexa verify`: it is not what follows from the facts in the ledger. Every other byte of a pack is
    tried in tests/answers/test_pack.py.
    """
    files = unpack(make_pack(actor=house.actor("lead"), frameworks=FRAMEWORKS[:1], now=NOW))
    assert b'"unmet"' in files["posture.json"]
    files["posture.json"] = files["posture.json"].replace(b'"unmet"', b'"met"', 1)
    key = signer()
    forged = seal({n: d for n, d in files.items() if n != MANIFEST}, key=key.verifier_key, sign=key.sign)
    last = verify_pack(forged)[-1]
    assert (last.holds, last.what) == (False, "posture.json: is not what follows from the facts in the ledger")


def test_a_pack_of_a_better_day(house: House) -> None:
    """Hand over a pack of a day on which everything was better.

    Given away by its statement, which names the instant; and a failing result recorded since is in the ledger's size.
    """
    before = LedgerEntry.objects.count()
    proof(house.person("owner")["person"], "GOV-02", "acknowledgements", at=NOW, passing=False)
    publish()
    at = NOW.replace(day=NOW.day - 1)
    files = unpack(make_pack(actor=house.actor("lead"), frameworks=FRAMEWORKS[:1], now=NOW, at=at))
    assert b'"at":"2026-11-19T09:40:00Z"' in files["statement.json"]
    assert f'"size":{before + 1}'.encode() in files["statement.json"]
