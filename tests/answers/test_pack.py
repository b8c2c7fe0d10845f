"""An audit pack holds as it was made, and in no other form: whatever is done to it, something is named that broke."""

import contextlib
import json
import os
import random
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings as conf
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annexa.actions.evidence import add_evidence
from annexa.actions.libraries import import_files
from annexa.actions.sequencer import publish
from annexa.answers.errors import UnknownError
from annexa.answers.pack import make_pack
from annexa.answers.store import origin, signer, tiles
from annexa.answers.verdicts import KINDS, verdict_files
from annexa.answers.verification import verify_pack
from annexa.library.load import library, load
from annexa.library.reader import shipped, version_of
from annexa.pure.fact_entries import FACT_KINDS, fact_of_entry
from annexa.pure.facts import Facts, instant
from annexa.pure.ledger import Frontier, Header, canonical, inclusion_proof, leaf_hash, salted_digest
from annexa.pure.notes import Checkpoint, join_note
from annexa.pure.pack import MANIFEST, container, lines, seal, unpack
from annexa.pure.posture import Engine
from annexa.records.organisation import Organisation
from annexa.vault.keys import Signer, load_or_create_key
from tests.actions.test_libraries import FILES
from tests.answers.small_house import FRAMEWORKS, found_house
from tests.cases import cases
from tests.pure.ledger_samples import nodes_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)
SEED = 20261120


@pytest.fixture(autouse=True)
def _same_library_read_once(monkeypatch) -> None:
    """Verification reads the library of every pack anew; hundreds of packs of this module hold the same one."""
    monkeypatch.setattr("annexa.answers.verification.load", lambda own: library() if own == shipped() else load(own))


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A pack with what is needed to forge it: its files, the key that signed it, and an earlier and a later state."""

    data: bytes
    files: dict[str, bytes]
    key: Signer
    earlier: bytes
    later: bytes


class _UndoneError(Exception):
    """Takes back what a test has written."""


@contextlib.contextmanager
def undone(blocker) -> Iterator[None]:
    """The database for a fixture that serves a whole module; nothing stays."""
    with blocker.unblock(), contextlib.suppress(_UndoneError), transaction.atomic():
        yield
        raise _UndoneError


@pytest.fixture(scope="module")
def made(django_db_setup, django_db_blocker, tmp_path_factory) -> Made:
    """One pack for all that only read it."""
    before, conf.STORE = conf.STORE, tmp_path_factory.mktemp("pack") / "store"
    found: list[Made] = []
    with undone(django_db_blocker):
        actor = found_house(NOW)
        publish()
        earlier = tiles().read_checkpoint()
        add_evidence(
            actor=actor, person=None, control="GOV-02", expectation="approved-policies", file=b"newer", name="n.txt",
            limit_bytes=100, now=NOW,
        )  # fmt: skip
        publish()
        data = make_pack(actor=actor, frameworks=FRAMEWORKS, now=NOW)
        add_evidence(
            actor=actor, person=None, control="GOV-02", expectation="approved-policies", file=b"newest", name="n.txt",
            limit_bytes=100, now=NOW,
        )  # fmt: skip
        publish()
        later = tiles().read_checkpoint()
        found.append(Made(data=data, files=unpack(data), key=signer(), earlier=earlier, later=later))
    conf.STORE = before
    return found[0]


def broken(data: bytes, **more: bytes) -> str:
    """The sentence that says what does not hold. Verification stops there, and never raises."""
    checks = verify_pack(data, **more)
    assert [check.holds for check in checks] == [True] * (len(checks) - 1) + [False], checks
    return checks[-1].what


def resealed(files: dict[str, bytes], key: Signer) -> bytes:
    """The pack of these files with a manifest made anew: what somebody who holds a key can do."""
    return seal({n: d for n, d in files.items() if n != MANIFEST}, key=key.verifier_key, sign=key.sign)


@pytest.fixture
def stranger(tmp_path) -> Signer:
    """Somebody else's key under the name of this ledger."""
    return load_or_create_key(tmp_path / "stranger", origin())


# --- it holds


def test_every_kind_of_fact_goes_into_a_pack() -> None:
    """Verdicts rest on nothing that a verifier does not get."""
    assert FACT_KINDS <= KINDS


def test_it_holds(made) -> None:
    checks = verify_pack(made.data)
    assert all(check.holds for check in checks), checks[-1]
    assert len(checks) == 10
    assert resealed(made.files, made.key) == made.data
    posture = json.loads(made.files["posture.json"])
    verdicts = {r["verdict"] for f in posture["frameworks"] for r in f["requirements"]}
    assert verdicts == {"met", "partial", "unmet", "not applicable"}
    proofs = b"".join(data for name, data in made.files.items() if name.startswith("proofs/"))
    assert all(b'"state":"%s"' % state in proofs for state in (b"passing", b"failing", b"expired", b"never"))
    assert sum(name.startswith("evidence/") for name in made.files) == 7


@pytest.mark.slow
def test_contents_are_those_promised(made) -> None:
    names = set(made.files)
    assert {"README.txt", "statement.json", "posture.json", MANIFEST} <= names
    assert {f"ledger/{part}" for part in ("checkpoint", "headers.ndjson", "entries.ndjson", "proofs.ndjson")} <= names
    assert {name.partition("/")[0] for name in names if "/" in name} == {"ledger", "proofs", "evidence", "library"}
    with zipfile.ZipFile(BytesIO(made.data)) as archive:
        assert archive.testzip() is None


def test_same_state_and_instant_give_the_same_bytes() -> None:
    """Also after publishing, from an engine asked before, and with frameworks named in another order, or twice."""
    actor = found_house(NOW)
    first = make_pack(actor=actor, frameworks=FRAMEWORKS, now=NOW)
    publish()
    assert make_pack(actor=actor, frameworks=FRAMEWORKS[::-1] * 2, now=NOW + timedelta(days=3), at=NOW) == first
    assert make_pack(actor=actor, frameworks=FRAMEWORKS, now=NOW, at=NOW + timedelta(days=1)) != first


@pytest.mark.parametrize("days", [-500, -100, 0, 90, 2000])
def test_a_pack_of_any_date_holds(days) -> None:
    actor = found_house(NOW)
    data = make_pack(actor=actor, frameworks=["iso42001-2023"], now=NOW, at=NOW + timedelta(days=days))
    assert all(check.holds for check in verify_pack(data))


def test_a_pack_of_one_system_holds() -> None:
    actor = found_house(NOW)
    data = make_pack(actor=actor, frameworks=FRAMEWORKS, now=NOW, scope="credit-score")
    assert all(check.holds for check in verify_pack(data))
    assert json.loads(unpack(data)["statement.json"])["scope"] == "credit-score"
    for scope in ("old-planner", "nobody"):
        with pytest.raises(UnknownError, match="no AI system"):
            make_pack(actor=actor, frameworks=FRAMEWORKS, now=NOW, scope=scope)


def test_a_pack_over_an_own_framework_brings_the_library_that_was_in_force() -> None:
    actor = found_house(NOW)
    import_files(actor=actor, files=FILES, now=NOW)
    then = NOW + timedelta(days=1)
    data = make_pack(actor=actor, frameworks=["house-rules", "eu-ai-act"], now=then)
    checks = verify_pack(data)
    assert all(check.holds for check in checks)
    assert any("NOT the one" in check.detail for check in checks)
    before = make_pack(actor=actor, frameworks=["eu-ai-act"], now=then, at=NOW - timedelta(seconds=1))
    assert not any("house-rules" in name for name in unpack(before))
    assert all(check.holds for check in verify_pack(before))


def test_what_cannot_be_packed_is_said() -> None:
    actor = found_house(NOW)
    with pytest.raises(UnknownError, match="There is no framework 'iso9'; known are eu-ai-act"):
        make_pack(actor=actor, frameworks=["iso9"], now=NOW)
    with pytest.raises(UnknownError, match="name them"):
        make_pack(actor=actor, frameworks=[], now=NOW)


def test_an_empty_ledger_cannot_be_packed() -> None:
    from annexa.pure.permits import ANNEXA

    assert not Organisation.objects.exists()
    with pytest.raises(UnknownError, match="ledger is empty"):
        make_pack(actor=ANNEXA, frameworks=FRAMEWORKS, now=NOW)


@pytest.mark.slow
def test_two_processes_make_the_same_bytes(tmp_path) -> None:
    """Nothing of the process is in it: no hash order, no time of day, no memory address."""
    code = (
        "import sys, datetime as d, hashlib, django; django.setup()\n"
        "from django.core.management import call_command\n"
        "from annexa.answers.pack import make_pack\n"
        "from annexa.pure.permits import ANNEXA\n"
        "from tests.answers.small_house import FRAMEWORKS, found_house\n"
        "now = d.datetime(2026, 11, 20, 9, 40, tzinfo=d.UTC)\n"
        "if sys.argv[1] == 'found': call_command('migrate', verbosity=0); found_house(now)\n"
        "print(hashlib.sha256(make_pack(actor=ANNEXA, frameworks=FRAMEWORKS, now=now)).hexdigest())\n"
    )
    house = Path(__file__).parents[2]
    env = {
        "PATH": os.environ["PATH"], "ANNEXA_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "annexa.settings",
        "PYTHONPATH": f"{house / 'src'}:{house}",
    }  # fmt: skip
    digests = [
        subprocess.run(
            [sys.executable, "-c", code, what], env={**env, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for what, seed in (("found", "1"), ("again", "2"))
    ]
    assert digests[0] == digests[1]


# --- pinned by a checkpoint


@pytest.mark.slow
def test_an_earlier_checkpoint_holds(made) -> None:
    checks = verify_pack(made.data, checkpoint=made.earlier)
    assert all(check.holds for check in checks)
    assert any("nothing was rewritten" in check.what for check in checks)
    assert all(check.holds for check in verify_pack(made.data, checkpoint=made.files["ledger/checkpoint"]))


@pytest.mark.slow
def test_a_later_checkpoint_is_explained(made) -> None:
    assert "made later than the pack. Ask for a newer pack" in broken(made.data, checkpoint=made.later)


@pytest.mark.slow
def test_another_ledgers_checkpoint_is_refused(made, stranger, tmp_path) -> None:
    text = Checkpoint(origin=origin(), size=1, root=leaf_hash(b"x")).to_bytes()
    assert "not signed by" in broken(made.data, checkpoint=join_note(text, [stranger.sign(text)]))
    other = load_or_create_key(tmp_path, "other.example/ledger")
    text = Checkpoint(origin="other.example/ledger", size=1, root=leaf_hash(b"x")).to_bytes()
    assert "checkpoint you gave" in broken(made.data, checkpoint=join_note(text, [other.sign(text)]))
    text = Checkpoint(origin=origin(), size=3, root=leaf_hash(b"x")).to_bytes()
    assert "do not lead to its root" in broken(made.data, checkpoint=join_note(text, [made.key.sign(text)]))


@pytest.mark.slow
@pytest.mark.parametrize("kept", [b"", b"\xff\x00", b"three\nlines\nhere\n", "\N{EM DASH} x\n".encode()])
def test_what_is_no_checkpoint_is_refused(made, kept) -> None:
    assert broken(made.data, checkpoint=kept).startswith("checkpoint you gave: ")


# --- single bytes


def kind_of(name: str) -> str:
    """Members of one kind are checked in one way."""
    return "/".join(name.split("/")[:2]) if name.startswith(("ledger/", "library/")) else name.partition("/")[0]


def sampled(files: dict[str, bytes], total: int, seed: int, *, least: int = 20) -> list[tuple[str, int, int]]:
    """(member, place, bit) at random: as many as bytes in proportion, and at least so many in each kind of member."""
    chance = random.Random(seed)
    kinds: dict[str, list[str]] = {}
    for name in sorted(files):
        kinds.setdefault(kind_of(name), []).append(name)
    names = [chance.choice(members) for members in kinds.values() for _ in range(least)]
    names += chance.choices(sorted(files), [len(files[n]) for n in sorted(files)], k=total - len(names))
    return [(name, chance.randrange(len(files[name])), 1 << chance.randrange(8)) for name in names if files[name]]


def flip(data: bytes, place: int, bits: int) -> bytes:
    """The same bytes but for these bits of one of them."""
    return data[:place] + bytes([data[place] ^ bits]) + data[place + 1 :]


@pytest.mark.slow
def test_every_flipped_byte_of_a_member_is_refused_by_name(made) -> None:
    """1,000 bytes all over the members; every kind of member is hit."""
    with zipfile.ZipFile(BytesIO(made.data)) as archive:
        begins = {i.filename: i.header_offset + 30 + len(i.filename) for i in archive.infolist()}
    hit = sampled(made.files, 1000, SEED)
    assert len(hit) == 1000
    assert {kind_of(name) for name, _, _ in hit} == {kind_of(name) for name in made.files}
    for name, place, bits in hit:
        at = begins[name] + place
        assert made.data[at] == made.files[name][place]
        assert broken(flip(made.data, at, bits)).startswith(f"{name}: cannot be read")


@pytest.mark.slow
def test_every_flipped_byte_of_the_container_is_refused(made) -> None:
    """Outside the members: 300 bytes of local heads, directory and its end."""
    with zipfile.ZipFile(BytesIO(made.data)) as archive:
        infos = archive.infolist()
        starts, directory = [i.header_offset for i in infos], archive.start_dir
    chance = random.Random(SEED)
    places = [(chance.choice(starts) + chance.randrange(30)) for _ in range(125)]
    places += [chance.randrange(directory, len(made.data)) for _ in range(125)]
    places += [len(made.data) - 1 - chance.randrange(22) for _ in range(50)]
    for place in places:
        sentence = broken(flip(made.data, place, 1 << chance.randrange(8)))
        named = sentence.partition(":")[0]
        assert named == "container" or named in made.files or "header" in sentence, sentence


@pytest.mark.slow
def test_flips_with_a_right_check_sum_are_refused_by_name(made) -> None:
    """The zip made anew around the changed member: now only the manifest can tell."""
    for name, place, bits in sampled(made.files, 200, SEED + 1, least=10):
        sentence = broken(container({**made.files, name: flip(made.files[name], place, bits)}))
        assert sentence.startswith(f"{name}: "), sentence


@pytest.mark.slow
def test_flips_signed_by_the_ledgers_own_key_are_refused(made) -> None:
    """Zip and manifest made anew with the right key: now only what the members say can tell."""
    for name, place, bits in sampled(made.files, 150, SEED + 2, least=10):
        if name != MANIFEST:
            broken(resealed({**made.files, name: flip(made.files[name], place, bits)}, made.key))


# --- whole members, and the container


def rezipped(files: list[tuple[str, bytes]], *, how: int = zipfile.ZIP_STORED, comment: bytes = b"") -> bytes:
    """These members in this order, as any zip program would write them."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive, warnings.catch_warnings(action="ignore"):
        for name, data in files:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr, info.compress_type = 3, 0o644 << 16, how
            archive.writestr(info, data)
        archive.comment = comment
    return out.getvalue()


def kinds(files: dict[str, bytes]) -> list[str]:
    """One member of every kind."""
    return sorted({kind_of(name): name for name in files}.values())


@pytest.mark.slow
def test_a_missing_member_is_refused_by_name(made) -> None:
    for name in kinds(made.files):
        rest = {other: data for other, data in made.files.items() if other != name}
        assert broken(container(rest)) == f"{name}: is missing"
        if name != MANIFEST:
            sentence = broken(resealed(rest, made.key))
            assert kind_of(name).partition("/")[0] in sentence, sentence


@pytest.mark.slow
def test_an_added_member_is_refused_by_name(made) -> None:
    for name in ("evidence/" + "0" * 64, "extra.txt", "library/controls/ZZZ-99.toml", "proofs/eu-ai-act/9.json"):
        assert broken(container({**made.files, name: b"{}"})) == f"{name}: is not in the manifest"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("evidence/" + "0" * 64, "evidence/"),
        ("library/controls/ZZZ-99.toml", "library/"),
        ("proofs/eu-ai-act/9.json", "proofs/eu-ai-act/9.json"),
        ("extra.txt", "extra.txt"),
        ("ledger/more.ndjson", "ledger/more.ndjson"),
    ],
)
def test_an_added_member_that_is_signed_is_refused(made, name, named) -> None:
    assert broken(resealed({**made.files, name: b"{}"}, made.key)).startswith(named)


@pytest.mark.slow
def test_swapped_contents_are_refused_by_name(made) -> None:
    chance, names = random.Random(SEED), sorted(made.files)
    for _ in range(50):
        one, two = chance.sample(names, 2)
        if made.files[one] != made.files[two]:
            swapped = {**made.files, one: made.files[two], two: made.files[one]}
            assert broken(container(swapped)).partition(":")[0] in {one, two, MANIFEST}


def test_a_renamed_member_is_refused_by_name(made) -> None:
    for name in kinds(made.files):
        renamed = {(f"{n}x" if n == name else n): data for n, data in made.files.items()}
        assert broken(container(renamed)).partition(":")[0] in {name, f"{name}x"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["../posture.json", "/posture.json", "a\\b", "C:posture", "", "a//b", "x\n", "ä", "."])
def test_a_name_that_leaves_the_folder_is_refused(made, name) -> None:
    assert broken(rezipped([*sorted(made.files.items()), (name, b"")])).startswith("container: ")


@pytest.mark.slow
def test_a_member_twice_is_refused_by_name(made) -> None:
    twice = rezipped([*sorted(made.files.items()), ("posture.json", b"{}")])
    assert broken(twice) == "posture.json: is in the pack twice"


@pytest.mark.slow
def test_another_form_of_the_container_is_refused(made) -> None:
    members = sorted(made.files.items())
    assert rezipped(members) == made.data
    assert "is compressed" in broken(rezipped(members, how=zipfile.ZIP_DEFLATED))
    for other in (
        rezipped(members[::-1]),
        rezipped([members[1], members[0], *members[2:]]),
        rezipped(members, comment=b"checked by nobody"),
        made.data + b"\0",
        made.data + made.data,
        b"\0" + made.data,
        b"#!/bin/sh\n" + made.data,
        made.data[:-1],
        made.data[: len(made.data) // 2],
        made.data[:100],
        made.data[22:],
        b"",
        b"PK\x05\x06" + bytes(18),
    ):
        assert broken(other).partition(":")[0] in {"container", *made.files}


# --- forgeries that are consistent as far as they go


def changed(files: dict[str, bytes], name: str, **more: object) -> dict[str, bytes]:
    """The files with other values in one JSON member."""
    return {**files, name: canonical({**json.loads(files[name]), **more})}


def items(files: dict[str, bytes], name: str) -> list[dict]:
    return [json.loads(line) for line in files[f"ledger/{name}.ndjson"].splitlines()]


def failing_entry(files: dict[str, bytes]) -> int:
    """The position of the evidence that shows a failure."""
    return next(e["index"] for e in items(files, "entries") if '"passing":false' in e["body"])


@pytest.mark.slow
def test_a_manifest_of_another_key_is_refused(made, stranger) -> None:
    """The ledger was not signed by who signed the list."""
    assert broken(resealed(made.files, stranger)).startswith("ledger/checkpoint: The note is not signed by")
    manifest = json.loads(made.files[MANIFEST])
    other = changed(made.files, MANIFEST, key=stranger.verifier_key)
    assert broken(container(other)).startswith(f"{MANIFEST}: The note is not signed by")
    assert broken(container(changed(made.files, MANIFEST, format="annexa-pack/v2"))).startswith(MANIFEST)
    assert broken(container(changed(made.files, MANIFEST, note="x"))).startswith(MANIFEST)
    spaced = json.dumps(manifest, indent=1).encode()
    assert broken(container({**made.files, MANIFEST: spaced})) == f"{MANIFEST}: is not in its canonical form"


@pytest.mark.slow
@pytest.mark.parametrize("by", ["insider", "stranger"])
def test_another_verdict_in_the_posture_is_refused(made, stranger, by) -> None:
    text = made.files["posture.json"].replace(b'"verdict":"unmet"', b'"verdict":"met"', 1)
    assert text != made.files["posture.json"]
    sentence = forged({**made.files, "posture.json": text}, made.key if by == "insider" else stranger)
    assert sentence == "posture.json: is not what follows from the facts in the ledger"


def forged(files: dict[str, bytes], key: Signer) -> str:
    """What breaks when these files are sealed by a key that signs the ledger's checkpoint, too."""
    text = files["ledger/checkpoint"].partition(b"\n\n")[0] + b"\n"
    return broken(resealed({**files, "ledger/checkpoint": join_note(text, [key.sign(text)])}, key))


@pytest.mark.slow
def test_another_verdict_in_a_proof_is_refused(made) -> None:
    name = next(n for n in sorted(made.files) if n.startswith("proofs/") and b'"verdict":"partial"' in made.files[n])
    sentence = forged(changed(made.files, name, verdict="met"), made.key)
    assert sentence == f"{name}: is not what follows from the facts in the ledger"


def test_evidence_left_out_or_changed_is_refused(made) -> None:
    name = next(n for n in sorted(made.files) if n.startswith("evidence/"))
    rest = {n: d for n, d in made.files.items() if n != name}
    assert forged(rest, made.key) == f"{name}: is named by a proof, but missing"
    assert forged({**made.files, name: b"better"}, made.key).startswith(f"{name}: its bytes have another SHA-256")


@pytest.mark.slow
def test_a_failing_entry_left_out_is_refused(made) -> None:
    """Whoever may leave out what speaks against them may prove anything. The headers say what there must be."""
    index = failing_entry(made.files)
    files = dict(made.files)
    for part in ("entries", "proofs"):
        files[f"ledger/{part}.ndjson"] = lines([e for e in items(files, part) if e["index"] != index])
    assert forged(files, made.key) == f"ledger/entries.ndjson: entry {index} was left out"
    files["ledger/proofs.ndjson"] = made.files["ledger/proofs.ndjson"]
    assert forged(files, made.key) == f"ledger/proofs.ndjson: entry {index} is not among the entries"


def with_entry(files: dict[str, bytes], index: int, **more: object) -> dict[str, bytes]:
    """The files with other values in one entry."""
    entries = [{**e, **more} if e["index"] == index else e for e in items(files, "entries")]
    return {**files, "ledger/entries.ndjson": lines(entries)}


def test_a_body_of_another_entry_is_refused(made) -> None:
    index = failing_entry(made.files)
    other = next(e for e in items(made.files, "entries") if '"passing":true' in e["body"])
    for more in ({"body": other["body"]}, {"body": other["body"], "salt": other["salt"]}):
        sentence = forged(with_entry(made.files, index, **more), made.key)
        assert sentence == f"ledger/entries.ndjson: entry {index}: the body is not the one the ledger committed to"
    whole = {key: other[key] for key in ("body", "salt", "header")}
    sentence = forged(with_entry(made.files, index, **whole), made.key)
    assert sentence == f"ledger/entries.ndjson: entry {index}: is not the entry at its position"
    body = next(e["body"] for e in items(made.files, "entries") if e["index"] == index)
    sentence = forged(with_entry(made.files, index, body=body.replace('"passing":false', '"passing":true')), made.key)
    assert "the body is not the one the ledger committed to" in sentence


@pytest.mark.slow
@pytest.mark.parametrize("salt", ["", "00", "zz" * 32, "0" * 64, "AB" * 32])
def test_a_salt_of_another_form_is_refused(made, salt) -> None:
    index = failing_entry(made.files)
    sentence = forged(with_entry(made.files, index, salt=salt), made.key)
    assert sentence.startswith(f"ledger/entries.ndjson: entry {index}:")


@pytest.mark.slow
def test_entries_doubled_disordered_or_misplaced_are_refused(made) -> None:
    entries = items(made.files, "entries")
    for other in (
        [*entries, entries[-1]],
        entries[::-1],
        [{**entries[0], "note": "x"}, *entries[1:]],
        [{**entries[0], "index": str(entries[0]["index"])}, *entries[1:]],
        [{**entries[0], "index": -1}, *entries[1:]],
        [{**entries[0], "index": True}, *entries[1:]],
    ):
        sentence = forged({**made.files, "ledger/entries.ndjson": lines(other)}, made.key)
        assert sentence.startswith("ledger/entries.ndjson: line "), sentence
    beyond = {**made.files, "ledger/entries.ndjson": lines([*entries, {**entries[-1], "index": 9999}])}
    assert forged(beyond, made.key) == "ledger/proofs.ndjson: entry 9999 has no proof"


@pytest.mark.slow
@pytest.mark.parametrize("cut", [1, 5, None])
def test_headers_truncated_or_extended_are_refused(made, cut) -> None:
    headers = made.files["ledger/headers.ndjson"].splitlines(keepends=True)
    fewer = b"".join(headers[:-cut] if cut else [])
    assert "ledger/headers.ndjson: has" in forged({**made.files, "ledger/headers.ndjson": fewer}, made.key)
    more = b"".join([*headers, headers[-1]])
    assert "the checkpoint is signed over" in forged({**made.files, "ledger/headers.ndjson": more}, made.key)
    assert "ends within a line" in forged({**made.files, "ledger/headers.ndjson": more[:-1]}, made.key)


def softened(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files with a library in which one control fewer is enough."""
    name = "library/coverage/iso42001-2023.toml"
    text = files[name].decode()
    assert 'sufficient = [["' in text
    return {**files, name: text.replace("sufficient = [[", 'sufficient = [["GOV-02"], [', 1).encode()}


def test_a_softened_library_is_refused(made) -> None:
    assert forged(softened(made.files), made.key).startswith("library/: has version ")
    name = "library/controls/GOV-02.toml"
    other = made.files[name].replace(b"P400D", b"P900D")
    assert forged({**made.files, name: other}, made.key).startswith("library/: has version ")
    assert forged({**made.files, name: b"= = ="}, made.key).startswith("library/controls/GOV-02.toml: ")


def test_a_statement_naming_another_library_is_refused(made) -> None:
    files = softened(made.files)
    version = version_of({n.removeprefix("library/"): d for n, d in files.items() if n.startswith("library/")})
    assert forged(changed(made.files, "statement.json", library=version), made.key).startswith("library/: has version ")
    assert "another library than the ledger had in force" in forged(
        changed(files, "statement.json", library=version), made.key
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("at", "2026-11-20T10:40:00+01:00", "is not an instant in UTC"),
        ("at", "yesterday", "statement.json"),
        ("at", 5, "statement.json"),
        ("at", "2026-11-19T09:40:00Z", "posture.json"),
        ("frameworks", [], "must name frameworks"),
        ("frameworks", ["eu-ai-act", "eu-ai-act"], "each once"),
        ("frameworks", "eu-ai-act", "statement.json"),
        ("frameworks", [5], "statement.json"),
        ("ledger", {"origin": "x", "root": "0" * 64, "size": 1}, "another ledger size or root"),
        ("organisation", "Better House", "names another organisation"),
        ("organisation", None, "names another organisation"),
        ("scope", "chatbot", "posture.json"),
        ("scope", "nobody", "no AI system in use"),
        ("extra", 1, "canonical form"),
        ("annexa", "0.0.9", "Annexa 0.0.9 made it, and this is"),
        ("annexa", "1.0\x1b[2J", "is not a version of Annexa"),
        ("annexa", 1, "statement.json"),
    ],
)
def test_a_statement_of_another_thing_is_refused(made, field, value, says) -> None:
    sentence = forged(changed(made.files, "statement.json", **{field: value}), made.key)
    assert says in sentence


@pytest.mark.slow
def test_other_instructions_are_refused(made) -> None:
    """The reader follows what README.txt says; nobody may put words into it."""
    text = made.files["README.txt"].replace(b"annexa verify", b"sh trustme.sh #")
    assert forged({**made.files, "README.txt": text}, made.key).startswith("README.txt: ")


def rewritten(files: dict[str, bytes], key: Signer, *, without: int) -> dict[str, bytes]:
    """A whole ledger made anew without one entry, with everything that follows from it: the insider's best forgery."""
    headers = [h for i, h in enumerate(files["ledger/headers.ndjson"].splitlines()) if i != without]
    kept = [e for e in items(files, "entries") if e["index"] != without]
    entries = [{**e, "index": e["index"] - (e["index"] > without)} for e in kept]
    leaves = tuple(leaf_hash(header) for header in headers)
    root = Frontier().extended(leaves).root()
    text = Checkpoint(origin=origin(), size=len(headers), root=root).to_bytes()
    node = nodes_of(leaves)
    proofs = [
        {"index": e["index"], "hashes": [h.hex() for h in inclusion_proof(e["index"], size=len(leaves), node=node)]}
        for e in entries
    ]
    statement = json.loads(files["statement.json"])
    statement["ledger"] = {"origin": origin(), "root": root.hex(), "size": len(headers)}
    facts = []
    for entry in entries:
        head = Header.from_bytes(entry["header"].encode())
        assert salted_digest(bytes.fromhex(entry["salt"]), entry["body"].encode()).hex() == head.body
        facts.append(
            fact_of_entry(
                kind=head.kind, body=json.loads(entry["body"]), at=head.at, effective_at=head.effective_at,
                actor=head.actor, position=entry["index"],
            )
        )  # fmt: skip
    library = load({n.removeprefix("library/"): d for n, d in files.items() if n.startswith("library/")})
    engine = Engine(library=library, facts=Facts().plus(f for f in facts if f), at=instant(statement["at"]))
    verdicts = verdict_files(engine, statement["frameworks"], statement["scope"], len(headers))
    named = b"".join(verdicts.values())
    kept = {n: d for n, d in files.items() if not n.startswith("evidence/") or n[9:].encode() in named}
    return {
        **kept, **verdicts, "statement.json": canonical(statement),
        "ledger/checkpoint": join_note(text, [key.sign(text)]),
        "ledger/headers.ndjson": b"".join(h + b"\n" for h in headers),
        "ledger/entries.ndjson": lines(entries),
        "ledger/proofs.ndjson": lines(proofs),
    }  # fmt: skip


def test_a_rewritten_ledger_is_caught_by_a_checkpoint_kept(made) -> None:
    """Who holds the key can write another ledger; who kept a checkpoint of the first one sees it."""
    data = resealed(rewritten(made.files, made.key, without=failing_entry(made.files)), made.key)
    assert all(check.holds for check in verify_pack(data))
    assert "do not lead to its root" in broken(data, checkpoint=made.earlier)


# --- whatever it is given, it answers

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
BYTES = st.binary(max_size=200) | ANYTHING.map(lambda value: json.dumps(value).encode())
NAMES = st.sampled_from([MANIFEST, "statement.json", "a", "ledger/checkpoint", "evidence/x"]) | st.text(max_size=9)
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.slow
@given(st.binary(max_size=2000), st.none() | st.binary(max_size=200))
@CALM
def test_any_bytes_are_answered(data, kept) -> None:
    assert not verify_pack(data, checkpoint=kept)[-1].holds


@pytest.mark.slow
@given(st.dictionaries(NAMES, BYTES, max_size=5), st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
@CALM
def test_any_zip_is_answered(files, how) -> None:
    try:
        data = rezipped(list(files.items()), how=how)
    except UnicodeEncodeError:  # half a surrogate pair cannot be a name
        return
    broken(data)


@pytest.mark.slow
@given(st.data())
@settings(CALM, max_examples=cases(40))
def test_any_members_signed_are_answered(made, data) -> None:
    """Signed by the ledger's own key, so that verification gets as far as it can."""
    names = sorted(n for n in made.files if n != MANIFEST and not n.startswith(("library/c", "proofs/")))
    name = data.draw(st.sampled_from(names))
    other = data.draw(BYTES)
    if other != made.files[name]:
        broken(resealed({**made.files, name: other}, made.key))


@pytest.mark.slow
@given(
    field=st.sampled_from(["annexa", "at", "frameworks", "ledger", "library", "organisation", "scope"]), value=ANYTHING
)
@settings(CALM, max_examples=cases(40))
def test_any_statement_is_answered(made, field, value) -> None:
    try:
        files = changed(made.files, "statement.json", **{field: value})
    except ValueError:  # it has no canonical form
        return
    broken(resealed(files, made.key))


@pytest.mark.slow
@pytest.mark.parametrize("text", [b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000, b'"\\ud800"', b"NaN", b"\xff"])
def test_hostile_json_is_answered(made, text) -> None:
    for name in ("statement.json", "ledger/entries.ndjson", "ledger/proofs.ndjson", "ledger/headers.ndjson"):
        assert broken(resealed({**made.files, name: text}, made.key)).startswith(name)
    assert broken(container({**made.files, MANIFEST: text})).startswith(MANIFEST)
    hostile = b"a = " + b"[" * 100_000
    assert broken(resealed({**made.files, "library/controls/GOV-02.toml": hostile}, made.key)).startswith("library/")


def crafted(made: Made, **state: object) -> bytes:
    """A pack whose last entry says what no server of ours would write, consistent as far as its own key goes."""
    files = dict(made.files)
    last = items(files, "entries")[-1]
    body = json.loads(last["body"])
    body["state"] |= state
    text = json.dumps(body)
    header = json.loads(last["header"])
    header["body"] = salted_digest(bytes.fromhex(last["salt"]), text.encode()).hex()
    rows = files["ledger/headers.ndjson"].splitlines()
    rows[last["index"]] = canonical(header)
    files = with_entry(files, last["index"], header=canonical(header).decode(), body=text)
    leaves = tuple(leaf_hash(row) for row in rows)
    node, root = nodes_of(leaves), Frontier().extended(leaves).root()
    proofs = [
        {"index": p["index"], "hashes": [h.hex() for h in inclusion_proof(p["index"], size=len(rows), node=node)]}
        for p in items(files, "proofs")
    ]
    note = Checkpoint(origin=origin(), size=len(rows), root=root).to_bytes()
    files |= {
        "ledger/headers.ndjson": b"".join(row + b"\n" for row in rows),
        "ledger/proofs.ndjson": lines(proofs),
        "ledger/checkpoint": join_note(note, [made.key.sign(note)]),
    }
    files = changed(files, "statement.json", ledger={"origin": origin(), "root": root.hex(), "size": len(rows)})
    return resealed(files, made.key)


@pytest.mark.slow
@pytest.mark.parametrize(
    "state",
    [
        {"control": ["a"]}, {"control": {}}, {"scope": []}, {"expires_at": "0001-01-01T00:00:00+10:00"}, {"id": None},
        {"expires_at": 5}, {"expires_at": "2026-01-01"}, {"sha256": 7}, {"sha256": {"sha256": "../../etc"}},
        {"name": float("nan")}, {"name": "\ud800"}, {"name": 10**400}, {"passing": {}}, {"expectation": None},
    ],
)  # fmt: skip
def test_facts_of_no_shape_are_answered(made, state) -> None:
    broken(crafted(made, **state))
