"""Verifies an audit pack: everything that is stated is computed again from the pack's own bytes.

Needs no database, settings, server or network, and imports none of Django.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from annexa import __version__
from annexa.answers.verdicts import KINDS, evidence_digests, organisation_name, readme, verdict_files
from annexa.library.load import load
from annexa.library.reader import LibraryError, shipped, version_of
from annexa.pure.fact_entries import fact_of_entry
from annexa.pure.facts import ORGANISATION, Fact, Facts, instant
from annexa.pure.libraries import in_force, library_of_entry
from annexa.pure.notes import SignedCheckpoint, VerifierKey, open_checkpoint
from annexa.pure.pack import (
    MANIFEST,
    Checked,
    Entry,
    PackError,
    check_checkpoint,
    check_entries,
    check_manifest,
    headers_root,
    naming,
    read_object,
    unpack,
)
from annexa.pure.posture import Engine
from annexa.pure.proofs import recompute, rfc3339
from annexa.pure.standards import Library

STATEMENT = "statement.json"
LEDGER = frozenset(f"ledger/{part}" for part in ("checkpoint", "headers.ndjson", "entries.ndjson", "proofs.ndjson"))
SINGLE = LEDGER | {MANIFEST, STATEMENT, "README.txt", "posture.json"}
FOLDERS = ("proofs/", "evidence/", "library/")
_VERSION = re.compile(r"[0-9A-Za-z.+\-]{1,40}")
Files = Mapping[str, bytes]


def verify_pack(data: bytes, *, checkpoint: bytes | None = None) -> tuple[Checked, ...]:
    """Everything that was checked, in order, up to the first thing that does not hold.

    `checkpoint`: a checkpoint of the same ledger kept from another day, if there is one to compare with.
    """
    done: list[Checked] = []
    try:
        _verify(data, checkpoint, done)
    except PackError as error:
        done.append(Checked(what=str(error), holds=False))
    return tuple(done)


def _verify(data: bytes, kept: bytes | None, done: list[Checked]) -> None:
    files = unpack(data)
    _note(done, "The container has the only form its content can have", f"{len(files):,} files")
    key = check_manifest(files)
    for name in sorted(files):
        if name not in SINGLE and not name.startswith(FOLDERS):
            raise PackError(f"{name}: is nothing that a pack holds")
    _note(done, "Every file has the SHA-256 that the signed manifest gives it", f"key {key}")
    signed = check_checkpoint(files, key)
    size = signed.checkpoint.size
    _note(
        done, "The entries of the ledger lead to the signed root", f"{size:,} entries, {signed.checkpoint.root.hex()}"
    )
    if kept is not None:
        _note(done, _against(files, key, signed, kept))
    entries = check_entries(files, signed, KINDS)
    _note(
        done, "Every entry that verdicts rest on is in the ledger, and none was left out", f"{len(entries):,} entries"
    )
    statement = _statement(files, signed, entries)
    _note(done, "The statement is about this ledger and this organisation", repr(statement["organisation"]))
    library = _library(files, statement["library"])
    _taken_up(entries, statement)
    _note(done, "The library is the one the statement names", f"{library.version}, {_known(files)}")
    engine = _engine(library, entries, statement)
    _recomputed(files, engine, statement)
    proofs = [name for name in files if name.startswith("proofs/")]
    _note(
        done, "Every verdict and proof, computed anew, is byte for byte the one in the pack", f"{len(proofs):,} proofs"
    )
    _alone(files, proofs)
    _note(done, "Every verdict follows from its own proof")
    found = _evidence(files, engine)
    _note(
        done, "The bytes of all evidence in the proofs are there, with the digests the ledger holds", f"{found:,} files"
    )
    if files.get("README.txt") != readme(statement, str(key)):
        raise PackError(f"README.txt: is not the text that belongs to this statement{_hint(statement)}")
    _note(done, "README.txt is the text that belongs to this statement")


def _note(done: list[Checked], what: str, detail: str = "") -> None:
    done.append(Checked(what=what, holds=True, detail=detail))


def _statement(files: Files, signed: SignedCheckpoint, entries: Sequence[Entry]) -> Mapping[str, Any]:
    """statement.json, agreeing with checkpoint and ledger, spelled in the one way it is written."""
    keys = {"annexa", "at", "frameworks", "ledger", "library", "organisation", "scope"}
    statement = read_object(files, STATEMENT, keys)
    head = signed.checkpoint
    if statement["ledger"] != {"origin": head.origin, "root": head.root.hex(), "size": head.size}:
        raise PackError(f"{STATEMENT}: names another ledger size or root than the checkpoint")
    with naming(STATEMENT):
        if not _VERSION.fullmatch(statement["annexa"]):
            raise PackError(f"{STATEMENT}: {statement['annexa']!r} is not a version of Annexa")
        frameworks = statement["frameworks"]
        if not frameworks or frameworks != sorted(set(frameworks)):
            raise PackError(f"{STATEMENT}: must name frameworks, each once and in order")
        if rfc3339(instant(statement["at"])) != statement["at"]:
            raise PackError(f"{STATEMENT}: {statement['at']!r} is not an instant in UTC")
    with naming("ledger/entries.ndjson"):
        name = organisation_name([entry.body for entry in entries if entry.header.kind == "organisation"])
    if statement["organisation"] != name:
        raise PackError(f"{STATEMENT}: names another organisation than the ledger, which says {name!r}")
    return statement


def _against(files: Files, key: VerifierKey, signed: SignedCheckpoint, kept: bytes) -> str:
    """The ledger of the pack goes on where the kept checkpoint stood: nothing was rewritten."""
    with naming("checkpoint you gave"):
        earlier = open_checkpoint(kept, key).checkpoint
    if earlier.size > signed.checkpoint.size:
        raise PackError(
            f"checkpoint you gave: it has {earlier.size:,} entries, the pack {signed.checkpoint.size:,}; it was made "
            "later than the pack. Ask for a newer pack, or give an earlier checkpoint"
        )
    if headers_root(files, earlier.size) != earlier.root:
        raise PackError(f"checkpoint you gave: the first {earlier.size:,} entries of the pack do not lead to its root")
    return f"The checkpoint you kept ({earlier.size:,} entries) is a prefix of this ledger: nothing was rewritten"


def _library(files: Files, version: str) -> Library:
    own = {name.removeprefix("library/"): data for name, data in files.items() if name.startswith("library/")}
    with naming("library/"):
        try:
            found = load(own)
        except LibraryError as error:
            first, more = error.problems[0], len(error.problems) - 1
            raise PackError(f"library/{first}" + (f", and {more} problems more" if more else "")) from error
    if found.version != version:
        raise PackError(f"library/: has version {found.version}, the statement names {version}")
    return found


def _taken_up(entries: Sequence[Entry], statement: Mapping[str, Any]) -> None:
    """The library is the one the ledger says was in force at that instant, not one chosen for the pack."""
    with naming("ledger/entries.ndjson"):
        facts = [
            library_of_entry(body=entry.body, at=entry.header.at, position=entry.index)
            for entry in entries
            if entry.header.kind == "library"
        ]
    fact = in_force(facts, instant(statement["at"]))
    if fact is None or fact.version != statement["library"]:
        named = fact.version if fact else "none"
        raise PackError(f"{STATEMENT}: names another library than the ledger had in force then, which is {named}")


def _known(files: Files) -> str:
    """Whether who verifies has the same library: a pack proves what follows from its own, not that it is the usual."""
    own = {name.removeprefix("library/"): data for name, data in files.items() if name.startswith("library/")}
    if version_of(own) == version_of(shipped()):
        return "the one this version of Annexa ships"
    return "which is NOT the one this version of Annexa ships; compare it with the release that made the pack"


def _engine(library: Library, entries: Sequence[Entry], statement: Mapping[str, Any]) -> Engine:
    """The engine over the facts in the entries, at the instant the statement gives."""
    facts: list[Fact] = []
    for entry in entries:
        header = entry.header
        with naming(f"ledger/entries.ndjson: entry {entry.index}"):
            fact = fact_of_entry(
                kind=header.kind,
                body=entry.body,
                at=header.at,
                effective_at=header.effective_at,
                actor=header.actor,
                position=entry.index,
            )
        facts.extend([fact] if fact else [])
    return Engine(library=library, facts=Facts().plus(facts), at=instant(statement["at"]))


def _recomputed(files: Files, engine: Engine, statement: Mapping[str, Any]) -> None:
    """posture.json and proofs/ are what the engine computes, byte for byte, no more and no less."""
    frameworks, scope = statement["frameworks"], statement["scope"]
    for framework in frameworks:
        if framework not in engine.library.frameworks:
            raise PackError(f"{STATEMENT}: names the framework {framework!r}, which its library does not hold")
    with naming("ledger/entries.ndjson: the facts cannot be judged"):
        known = scope == ORGANISATION or scope in engine.systems
        again = verdict_files(engine, frameworks, scope, statement["ledger"]["size"]) if known else {}
    if not known:
        raise PackError(f"{STATEMENT}: names {scope!r}, which is no AI system in use at that time")
    stated = {name for name in files if name == "posture.json" or name.startswith("proofs/")}
    for name in sorted(stated | set(again)):
        if name not in files:
            raise PackError(f"{name}: is missing")
        if name not in again:
            raise PackError(f"{name}: proves nothing that the statement names")
        if files[name] != again[name]:
            raise PackError(f"{name}: is not what follows from the facts in the ledger{_hint(statement)}")


def _hint(statement: Mapping[str, Any]) -> str:
    """Another version of Annexa may word and judge otherwise; then its own verification must be asked."""
    if statement["annexa"] == __version__:
        return ""
    return f"; the pack says that Annexa {statement['annexa']} made it, and this is {__version__}: verify it with that"


def _alone(files: Files, proofs: Sequence[str]) -> None:
    for name in proofs:
        with naming(name):
            recompute(json.loads(files[name]))


def _evidence(files: Files, engine: Engine) -> int:
    """Evidence files are named by what they hash to (the manifest saw to their bytes), and every digest the proofs
    name is there. Returns how many there are."""
    named = evidence_digests(files)
    held = {name.removeprefix("evidence/") for name in files if name.startswith("evidence/")}
    for digest in sorted(named ^ held):
        where = "is named by a proof, but missing" if digest in named else "is named by no proof"
        raise PackError(f"evidence/{digest}: {where}")
    _hashes(files, held)
    known = {fact.sha256 for fact in engine.facts.evidence}
    for digest in sorted(named - known):
        raise PackError(f"evidence/{digest}: the ledger holds no evidence with this digest")
    return len(held)


def _hashes(files: Files, digests: set[str]) -> None:
    for digest in sorted(digests):
        if hashlib.sha256(files[f"evidence/{digest}"]).hexdigest() != digest:
            raise PackError(f"evidence/{digest}: its bytes have another SHA-256 than its name")
