"""Verdicts and proofs as the files of a pack. Free of Django, since verification computes them without a server."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annexa.pure.fact_entries import FACT_KINDS
from annexa.pure.ledger import canonical
from annexa.pure.pack import member
from annexa.pure.posture import Engine
from annexa.pure.proofs import posture_json, proof_json, rfc3339

KINDS = FACT_KINDS | {"library", "organisation"}
"""The kinds of entries that a pack rests on; it holds every one of them."""

README = """Audit pack of {organisation}
As of {at}, scope {scope}, frameworks {frameworks}. Made by Annexa {annexa}.

To check it without trusting anybody:

  annexa verify PACK.zip

needs no server, database, settings or network. It unpacks, checks the manifest's signature and every digest, rebuilds
the ledger's root from the header of every entry, checks that every fact below is in the ledger and that none was left
out, reads the library, computes every verdict and proof anew, and compares them byte for byte.
To pin the ledger, keep its checkpoint from an earlier day and give it too: annexa verify PACK.zip --checkpoint FILE

Key that signed: {key}
Compare it with the one the organisation published; a pack can prove that it was not changed, not who you got it from.

What is in it:
  manifest.json          SHA-256 and size of every file, signed (C2SP signed-note over the digest of the list)
  statement.json         frameworks, scope, instant, versions of Annexa and library, ledger size and root
  posture.json           every verdict, as `annexa posture --format json` prints it
  proofs/                the tree under each verdict: requirement, controls, expectations, evidence, ledger positions
  evidence/              the bytes themselves, named by their SHA-256
  ledger/checkpoint      the signed root (C2SP tlog-checkpoint)
  ledger/headers.ndjson  the header of every entry in order; SHA-256(0x00 || header) is its leaf (RFC 9162)
  ledger/entries.ndjson  the entries that verdicts rest on: header, salt, body; the header holds SHA-256(salt || body)
  ledger/proofs.ndjson   an inclusion proof for each of them (RFC 9162, 2.1.3)
  library/               the texts, mappings and controls the verdicts were computed with
"""


def readme(statement: Mapping[str, Any], key: str) -> bytes:
    """README.txt, as it follows from the statement and the key alone."""
    return README.format(
        annexa=statement["annexa"],
        organisation=statement["organisation"],
        at=statement["at"],
        scope=statement["scope"],
        frameworks=", ".join(statement["frameworks"]),
        key=key,
    ).encode()


def organisation_name(bodies: Sequence[Mapping[str, Any]]) -> str:
    """The organisation's name as the latest of its ledger entries has it, "" if there is none."""
    return str(bodies[-1]["state"]["name"]) if bodies else ""


def verdict_files(engine: Engine, frameworks: Sequence[str], scope: str, ledger_size: int) -> dict[str, bytes]:
    """posture.json and the proofs, as they follow from the engine alone: verification computes them again."""
    postures = [engine.posture(framework, scope) for framework in frameworks]
    files = {
        "posture.json": canonical(
            {
                "at": rfc3339(engine.at),
                "library": engine.library.version,
                "ledger_size": ledger_size,
                "frameworks": [posture_json(posture) for posture in postures],
            }
        )
    }
    for posture in postures:
        for line in posture.lines:
            proof = engine.requirement(posture.framework.id, line.requirement.id, scope)
            name = f"proofs/{posture.framework.id}/{member(line.requirement.id)}.json"
            files[name] = canonical(proof_json(proof))
    return files


def evidence_digests(files: Mapping[str, bytes]) -> set[str]:
    """The digests of all evidence that the proofs among these files rest on."""
    found: set[str] = set()
    for name, data in files.items():
        if name.startswith("proofs/") and b'"sha256"' in data:
            found.update(_digests(json.loads(data)))
    return found


def _digests(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        if isinstance(tree.get("sha256"), str):
            yield tree["sha256"]
        for value in tree.values():
            yield from _digests(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _digests(value)
