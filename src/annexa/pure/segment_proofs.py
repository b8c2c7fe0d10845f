"""One event's way to the signed checkpoint: event → leaf → root of its segment → entry of the ledger → checkpoint.

Trees: RFC 9162 section 2.1 over the leaves of a segment's rows in their order. A record proof is a file of JSON that
travels with an event, or with what is left of it once its content was erased; its format lasts:

    format      annexa-record-proof/1
    record      the event's fields that have a value, by the names of `pure.events`: text, numbers, instants as
                microseconds since 1970; bytes in hex; numbers that JSON cannot hold as {"f8": hex of IEEE 754, least
                significant byte first}; features as an object of their own
    salt        32 hex digits; or, once the content was erased, content_digest: 64 hex digits
    segment     id, index of the row from 0, path: hashes in hex from the leaf's sibling up to the root
    entry       header and body of the ledger's entry about the segment, as text, and the body's salt in hex
    ledger      index of the entry, path as above
    checkpoint  the signed note

    ProofError              the file does not show what it is said to show (annexa.pure.ledger)
"""

import hashlib
import hmac
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, Final, Self

from annexa.pure.events import (
    CONTENT,
    FIELDS,
    HEAD,
    SALT_BYTES,
    Event,
    FieldType,
    content_bytes,
    content_digest,
    event_leaf,
    head_bytes,
)
from annexa.pure.ledger import (
    EMPTY_ROOT,
    HASH_BYTES,
    Header,
    LedgerError,
    ProofError,
    leaf_hash,
    salted_digest,
    verify_inclusion,
)
from annexa.pure.notes import VerifierKey
from annexa.pure.tiles import LogProof, verify_log_proof

FORMAT: Final = "annexa-record-proof/1"
SEGMENT_KIND: Final = "activity_segment"
"""The kind of the entries that tell of segments."""
_PAIR: Final = 2 * HASH_BYTES
_TYPES: Final[Mapping[str, FieldType]] = {**HEAD, **CONTENT}
_KEYS: Final = {"format", "record", "segment", "entry", "ledger", "checkpoint"}


# Trees of many leaves -----------------------------------------------------------------------------------------


def tree_levels(leaves: bytes) -> tuple[bytes, ...]:
    """Every level of the tree, from the leaves (32 bytes each, one after another) up to the root alone.

    A node without a neighbour moves up as it is: the same tree as RFC 9162 section 2.1.1 splits from above.
    """
    if len(leaves) % HASH_BYTES:
        raise LedgerError(f"{len(leaves)} bytes are no whole number of hashes of {HASH_BYTES} bytes.")
    levels, sha256 = [leaves], hashlib.sha256
    while len(leaves) > HASH_BYTES:
        paired = len(leaves) - len(leaves) % _PAIR
        joined = [sha256(b"\x01" + leaves[at : at + _PAIR]).digest() for at in range(0, paired, _PAIR)]
        leaves = b"".join((*joined, leaves[paired:]))
        levels.append(leaves)
    return tuple(levels)


def tree_root(leaves: bytes) -> bytes:
    """The root over leaves of 32 bytes each, one after another."""
    return tree_levels(leaves)[-1] or EMPTY_ROOT


def tree_path(levels: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The hashes that lead from a leaf to the root, from its sibling upward. Source: RFC 9162 2.1.3.1."""
    if not 0 <= index < len(levels[0]) // HASH_BYTES:
        raise LedgerError(f"There is no row {index} in a segment of {len(levels[0]) // HASH_BYTES} (the first is 0).")
    path = []
    for level in levels[:-1]:
        at = (index ^ 1) * HASH_BYTES
        path += [level[at : at + HASH_BYTES]] if at < len(level) else []
        index >>= 1
    return tuple(path)


# A proof that travels -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordProof:
    """All that shows, without a server, that an event was recorded. `salt` or, after erasure, `digest` is empty."""

    event: Event
    salt: bytes
    digest: bytes
    segment: str
    row: int
    row_path: tuple[bytes, ...]
    header: bytes
    body: bytes
    body_salt: bytes
    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes

    @property
    def leaf(self) -> bytes:
        """The leaf of the event, worked out from what it says."""
        return event_leaf(self.event, self.salt) if self.salt else leaf_hash(head_bytes(self.event, self.digest))

    def without_content(self) -> Self:
        """The same proof for who may not read what was said: it holds as well, as it does after an erasure."""
        digest = self.digest or content_digest(self.salt, content_bytes(self.event))
        nothing: dict[str, Any] = dict.fromkeys(CONTENT)
        return replace(self, event=replace(self.event, **nothing, features={}), salt=b"", digest=digest)

    def to_bytes(self) -> bytes:
        """The file."""
        return json.dumps(self.said(), indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"

    def said(self) -> dict[str, Any]:
        """The file as plain JSON."""
        sealed = {"salt": self.salt.hex()} if self.salt else {"content_digest": self.digest.hex()}
        return {
            "format": FORMAT,
            "record": _written(self.event),
            **sealed,
            "segment": {"id": self.segment, "index": self.row, "path": [one.hex() for one in self.row_path]},
            "entry": {"header": self.header.decode(), "salt": self.body_salt.hex(), "body": self.body.decode()},
            "ledger": {"index": self.index, "path": [one.hex() for one in self.path]},
            "checkpoint": self.checkpoint.decode(),
        }

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The proof in a file. Its form is checked here; what it shows, by `verify_record_proof`. ProofError."""
        try:
            found = json.loads(data)
            if found["format"] != FORMAT or set(found) - {"salt", "content_digest"} != _KEYS:
                raise ValueError(f"the format must be {FORMAT}, with {', '.join(sorted(_KEYS))}")
            salt, digest = (bytes.fromhex(found.get(name, "")) for name in ("salt", "content_digest"))
            if (len(salt), len(digest)) not in {(SALT_BYTES, 0), (0, HASH_BYTES)}:
                raise ValueError("it needs either a salt or, once the content was erased, the digest of the content")
            segment, entry, ledger = found["segment"], found["entry"], found["ledger"]
            proof = cls(
                event=_read(found["record"]), salt=salt, digest=digest,
                segment=str(segment["id"]), row=int(segment["index"]), row_path=_hashes(segment["path"]),
                header=entry["header"].encode(), body=entry["body"].encode(), body_salt=bytes.fromhex(entry["salt"]),
                index=int(ledger["index"]), path=_hashes(ledger["path"]), checkpoint=found["checkpoint"].encode(),
            )  # fmt: skip
            _ = proof.leaf  # what cannot be hashed is no event
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError, struct.error) as error:
            raise ProofError(f"This is no proof of a record: {error}.") from None
        return proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a record proof shows: the event was in row `row` of a segment of `records` events, and that segment's root
    is entry `entry` of the ledger that the checkpoint signs, with `size` entries."""

    event: Event
    segment: str
    row: int
    records: int
    entry: int
    size: int


def verify_record_proof(proof: RecordProof, *, log: VerifierKey) -> Shown:
    """Anyone's check, offline, that an event was recorded as it is, under the key of a ledger that they trust.

    Raises ProofError, or NoteError where the checkpoint is not signed by that key.
    """
    try:
        header = Header.from_bytes(proof.header)
        committed = salted_digest(proof.body_salt, proof.body).hex()
        state = json.loads(proof.body)["state"]
        segment, root, records = str(state["id"]), bytes.fromhex(state["root"]), int(state["records"])
    except (ValueError, TypeError, LookupError) as error:
        raise ProofError(f"The entry about the segment cannot be read: {error}.") from None
    if not hmac.compare_digest(committed, header.body):
        raise ProofError("The entry's body is not the one that its header commits to.")
    if header.kind != SEGMENT_KIND or segment != proof.segment:
        raise ProofError(f"The entry is about {header.subject}, not about the segment {proof.segment}.")
    verify_inclusion(proof.leaf, index=proof.row, size=records, proof=proof.row_path, root=root)
    log_proof = LogProof(index=proof.index, hashes=proof.path, checkpoint=proof.checkpoint)
    signed = verify_log_proof(log_proof, leaf=leaf_hash(proof.header), log=log)
    return Shown(
        event=proof.event, segment=segment, row=proof.row, records=records, entry=proof.index,
        size=signed.checkpoint.size,
    )  # fmt: skip


def _written(event: Event) -> dict[str, Any]:
    said = {name: _plain(getattr(event, name)) for name in FIELDS if name != "features"}
    found = {name: value for name, value in said.items() if value is not None}
    if event.features:
        found["features"] = {name: _plain(value) for name, value in event.features.items() if value is not None}
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not isfinite(value):
        return {"f8": struct.pack("<d", value).hex()}
    return value


def _read(found: Mapping[str, Any]) -> Event:
    if unknown := set(found) - set(FIELDS):
        raise ValueError(f"an event has no field {', '.join(sorted(unknown))}")
    fields = {name: _typed(value, _TYPES[name]) for name, value in found.items() if name != "features"}
    features = {name: _feature(value) for name, value in found.get("features", {}).items()}
    return Event(**fields, features=features)


def _typed(value: Any, kind: FieldType) -> Any:
    if kind == "number":
        return _number(value)
    if kind in {"text", "bytes"} and isinstance(value, str):
        return value if kind == "text" else bytes.fromhex(value)
    if kind in {"instant", "whole"} and isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"{value!r} is no {kind}")


def _feature(value: Any) -> str | float:
    return value if isinstance(value, str) else _number(value)


def _number(value: Any) -> float:
    if isinstance(value, dict):
        return float(struct.unpack("<d", bytes.fromhex(value["f8"]))[0])
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _hashes(found: Any) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(one) for one in found)
