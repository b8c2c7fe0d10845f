"""The audit pack: everything an outsider needs to recompute every verdict, from the bytes of evidence up."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from annexa import __version__
from annexa.answers.errors import THEN, UnknownError, no_framework, no_system
from annexa.answers.libraries import files_of
from annexa.answers.posture import Standpoint, standpoint
from annexa.answers.store import blobs, origin, signer
from annexa.answers.verdicts import KINDS, evidence_digests, organisation_name, readme, verdict_files
from annexa.pure.facts import ORGANISATION
from annexa.pure.ledger import NodeReader, canonical, inclusion_proof, leaf_hash, node_hash
from annexa.pure.pack import lines, seal
from annexa.pure.permits import Actor
from annexa.pure.proofs import Json, rfc3339
from annexa.records.ledger import EntryBody, LedgerCheckpoint, LedgerEntry

Progress = Callable[[str], None]


def make_pack(
    *,
    actor: Actor,
    frameworks: Sequence[str],
    now: datetime,
    at: datetime | None = None,
    scope: str = ORGANISATION,
    progress: Progress = lambda _: None,
) -> bytes:
    """The pack's bytes: same state and same `at`, same bytes.

    Raises UnknownError, BlobForgedError, BlobMissingError.
    """
    stand = standpoint(actor=actor, now=now, at=(at or now).astimezone(UTC))
    if not frameworks:
        raise UnknownError("A pack is about one framework or more; name them.")
    for framework in frameworks:
        if framework not in stand.library.frameworks:
            raise no_framework(framework, stand.library.frameworks)
    if scope != ORGANISATION and scope not in stand.systems:
        raise no_system(scope, stand.systems, use=THEN)
    chosen = sorted(set(frameworks))
    progress("computing verdicts and proofs")
    files = verdict_files(stand.engine, chosen, scope, stand.size)
    progress("reading evidence")
    for digest in sorted(evidence_digests(files)):
        with blobs().open_checked(digest) as stream:
            files[f"evidence/{digest}"] = stream.read()
    progress("proving ledger entries")
    files |= _ledger_files(stand)
    files |= {f"library/{name}": data for name, data in files_of(stand.library.version).items()}
    statement = _statement(stand, chosen, scope)
    files["statement.json"] = canonical(statement)
    files["README.txt"] = readme(statement, signer().verifier_key)
    progress("signing")
    return seal(files, key=signer().verifier_key, sign=signer().sign)


def _statement(stand: Standpoint, frameworks: Sequence[str], scope: str) -> Json:
    return {
        "annexa": __version__,
        "at": rfc3339(stand.at),
        "frameworks": list(frameworks),
        "ledger": {"origin": origin(), "root": stand.root, "size": stand.size},
        "library": stand.library.version,
        "organisation": _name(stand.size),
        "scope": scope,
    }


def _name(size: int) -> str:
    """The organisation's name as the ledger has it."""
    rows = LedgerEntry.objects.filter(kind="organisation", position__lt=size).order_by("-position")
    latest = rows.values_list("position", flat=True)[:1]
    bodies = EntryBody.objects.filter(position__in=list(latest)).values_list("body", flat=True)
    return organisation_name([json.loads(bytes(body)) for body in bodies])


def _ledger_files(stand: Standpoint) -> dict[str, bytes]:
    checkpoint = LedgerCheckpoint.objects.filter(size=stand.size).first()
    if checkpoint is None:
        raise UnknownError("The ledger is empty; there is nothing to prove yet.")
    rows = LedgerEntry.objects.filter(position__lt=stand.size).order_by("position")
    headers, wanted = [], {}
    for position, kind, header in rows.values_list("position", "kind", "header").iterator(2000):
        headers.append(bytes(header))
        if kind in KINDS:
            wanted[position] = bytes(header)
    entries, proofs = [], []
    node = _nodes([leaf_hash(header) for header in headers])
    for position, salt, body in EntryBody.objects.filter(position__lt=stand.size).values_list(
        "position", "salt", "body"
    ):
        if position in wanted:
            text = wanted[position].decode()
            entries.append({"index": position, "header": text, "salt": bytes(salt).hex(), "body": bytes(body).decode()})
            hashes = inclusion_proof(position, size=stand.size, node=node)
            proofs.append({"index": position, "hashes": [one.hex() for one in hashes]})
    return {
        "ledger/checkpoint": checkpoint.note.encode(),
        "ledger/headers.ndjson": b"".join(header + b"\n" for header in headers),
        "ledger/entries.ndjson": lines(sorted(entries, key=lambda e: e["index"])),
        "ledger/proofs.ndjson": lines(sorted(proofs, key=lambda p: p["index"])),
    }


def _nodes(leaves: list[bytes]) -> NodeReader:
    """The hashes of all complete subtrees over these leaves, level by level."""
    levels = [leaves]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
    return lambda level, index: levels[level][index]
