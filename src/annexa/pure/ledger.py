"""The ledger's arithmetic: what an entry says, byte for byte, and how anyone proves that it was never changed.

Canonical bytes: RFC 8785. Tree: RFC 6962 section 2.1 and RFC 9162 section 2.1, SHA-256. A leaf commits to a header;
the header commits to a salted digest of the body, so a body can be erased while every proof still verifies.

    LedgerError              a value cannot be written to, or read from, the ledger
    ├── ProofError           a proof does not show what it is said to show
    ├── NoteError            a signed note or checkpoint is malformed or not signed by a known key (notes)
    └── TileError            a tile, a bundle of entries or a proof file is malformed (tiles)
"""

import hashlib
import hmac
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Self, cast

import rfc8785

ENTRY_LIMIT: Final = 65_535
"""The tile format counts the bytes of an entry in 16 bits; a header must stay below this."""
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
HASH_BYTES: Final = 32
SALT_BYTES: Final = 32

HEX_HASH: Final = re.compile(r"[0-9a-f]{64}")
_EXACT_INTEGERS: Final = 2**53 - 1
_WRITTEN_AS_DIGITS: Final = 1e21
_DEEPEST: Final = 64
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?Z")

NodeReader = Callable[[int, int], bytes]
"""node(level, index): the hash of the complete subtree over leaves [index * 2**level, (index + 1) * 2**level)."""


class LedgerError(ValueError):
    """A value cannot be written to, or read from, the ledger."""


class ProofError(LedgerError):
    """A proof does not show what it is said to show."""


# Canonical bytes ----------------------------------------------------------------------------------------------


def canonical(value: object) -> bytes:
    """The one way to write a value down, so that the same state always has the same digest.

    Takes None, booleans, numbers, text, lists, tuples, mappings with text keys, dates and aware datetimes (written in
    UTC). Everything else is refused, as is every number that another reader of JSON might read back differently.
    Source: RFC 8785. Raises LedgerError naming the place, such as `$.risks[2].score`.
    """
    if _is_plain(value, 0):
        with suppress(UnicodeEncodeError):  # the long way names the place
            return _QUICK.encode(value).encode()
    return rfc8785.dumps(_plain(value, "$", 0))


_QUICK = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
)
"""Writes what is plain as RFC 8785 does, some ten times as fast; a test compares the two."""


def _is_plain(value: object, depth: int) -> bool:
    """Whether nothing in it is written otherwise by JSON and RFC 8785: no float, keys that any order sorts alike."""
    kind = type(value)
    if value is None or kind is str or kind is bool:
        return True
    if kind is int:
        return abs(cast(int, value)) <= _EXACT_INTEGERS
    if depth >= _DEEPEST:
        return False
    if kind is dict:
        return all(
            type(key) is str and key.isascii() and (type(item) is str or _is_plain(item, depth + 1))
            for key, item in cast(dict[Any, Any], value).items()
        )
    if kind is list or kind is tuple:
        return all(type(item) is str or _is_plain(item, depth + 1) for item in cast(Sequence[Any], value))
    return False


def _plain(value: object, where: str, depth: int) -> Any:
    if depth > _DEEPEST:
        raise LedgerError(f"{where}: nested deeper than {_DEEPEST} levels; flatten the value.")
    match value:
        case None | bool():
            return value
        case str():
            return _plain_text(value, where)
        case int():
            return _plain_integer(value, where)
        case float():
            return _plain_float(value, where)
        case datetime():
            return _plain_instant(value, where)
        case date():
            return value.isoformat()
        case list() | tuple():
            return [_plain(item, f"{where}[{place}]", depth + 1) for place, item in enumerate(value)]
        case Mapping():
            return {_plain_key(key, where): _plain(item, f"{where}.{key}", depth + 1) for key, item in value.items()}
    raise LedgerError(
        f"{where}: a {type(value).__name__} has no canonical form; turn it into text, a number or a list."
    )


def _plain_key(key: object, where: str) -> str:
    if not isinstance(key, str):
        raise LedgerError(f"{where}: the key {key!r} is a {type(key).__name__}; keys must be text.")
    return _plain_text(key, f"{where}, key {key!r}")


def _plain_text(value: str, where: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise LedgerError(f"{where}: the text holds half a surrogate pair and is not valid Unicode.") from None
    return str.__str__(value)


def _plain_integer(value: int, where: str) -> int:
    if abs(value) > _EXACT_INTEGERS:
        raise LedgerError(f"{where}: the integer {value} is beyond 2^53 - 1; write it as text.")
    return int(value)


def _plain_float(value: float, where: str) -> float:
    if not math.isfinite(value):
        raise LedgerError(f"{where}: {value} is not a number JSON can hold; leave it out or write it as text.")
    if _EXACT_INTEGERS < abs(value) < _WRITTEN_AS_DIGITS:
        raise LedgerError(f"{where}: {value} would be written as an integer beyond 2^53 - 1; write it as text.")
    return float(value)


def _plain_instant(value: datetime, where: str) -> str:
    if value.tzinfo is None:
        raise LedgerError(f"{where}: the time {value.isoformat()} has no time zone; give it in UTC.")
    return write_instant(value.astimezone(UTC))


def write_instant(at: datetime) -> str:
    """A UTC instant as RFC 3339 text ending in `Z`, with six decimals only when there is a fraction of a second."""
    if at.tzinfo is None or at.utcoffset():
        raise LedgerError(f"The time {at.isoformat()} is not in UTC; convert it before it enters the ledger.")
    return at.replace(tzinfo=None).isoformat() + "Z"


def read_instant(text: str) -> datetime:
    """The UTC instant that `write_instant` wrote; no other spelling of it is accepted."""
    try:
        at = datetime.fromisoformat(text) if _INSTANT.fullmatch(text) else None
    except ValueError:
        at = None
    if at is None or write_instant(at) != text:
        raise LedgerError(f"{text!r} is not an instant such as 2026-08-02T00:00:00Z.")
    return at


# Hashes and entries -------------------------------------------------------------------------------------------


def leaf_hash(data: bytes) -> bytes:
    """The hash by which the tree holds one entry. Source: RFC 6962 2.1."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash that joins two neighbouring subtrees. Source: RFC 6962 2.1."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def salted_digest(salt: bytes, body: bytes) -> bytes:
    """The digest by which a header commits to a body; once salt and body are erased, nobody can guess the body."""
    if len(salt) != SALT_BYTES:
        raise LedgerError(f"The salt has {len(salt)} bytes; it must have {SALT_BYTES}.")
    return hashlib.sha256(salt + body).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the ledger says for ever about one change: what kind, to what, by whom, when, and the digest of the rest.

    A format that lasts: a new field is a new `v`, and every old `v` stays readable.
    """

    v: int = 1
    kind: str
    subject: str
    actor: str
    at: datetime
    """When the ledger learnt of it. UTC."""
    effective_at: datetime
    """Since when it is true. UTC."""
    body: str
    """Hex of `salted_digest(salt, body)`."""

    def __post_init__(self) -> None:
        if self.v != 1 or isinstance(self.v, bool):
            raise LedgerError(f"Entry header version {self.v!r} is not known; this version of Annexa reads version 1.")
        for field in ("kind", "subject", "actor", "body"):
            if not isinstance(getattr(self, field), str) or not getattr(self, field):
                raise LedgerError(f"Entry header: {field} must be a text that is not empty.")
        if not HEX_HASH.fullmatch(self.body):
            raise LedgerError(f"Entry header: body {self.body!r} is not a digest of 64 lower-case hex digits.")
        write_instant(self.at)
        write_instant(self.effective_at)

    def to_bytes(self) -> bytes:
        """The leaf's data, in the one form that has this header's hash."""
        times = {"at": write_instant(self.at), "effective_at": write_instant(self.effective_at)}
        data = canonical({field: getattr(self, field) for field in _HEADER_FIELDS} | times)
        if len(data) >= ENTRY_LIMIT:
            raise LedgerError(f"Entry header of {len(data)} bytes; it must stay below {ENTRY_LIMIT}.")
        return data

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The header written as these bytes; bytes that are not exactly its canonical form are refused."""
        if len(data) >= ENTRY_LIMIT:
            raise LedgerError(f"Entry header of {len(data)} bytes; it must stay below {ENTRY_LIMIT}.")
        try:
            fields = json.loads(data.decode())
        except (ValueError, RecursionError) as error:
            raise LedgerError(f"Entry header is not JSON in UTF-8: {error}.") from None
        if not isinstance(fields, dict) or set(fields) != set(_HEADER_FIELDS):
            raise LedgerError(f"Entry header must have exactly the fields {', '.join(_HEADER_FIELDS)}.")
        times = {field: read_instant(str(fields[field])) for field in ("at", "effective_at")}
        header = cls(**(fields | times))
        if header.to_bytes() != data:
            raise LedgerError("Entry header is not in canonical form (RFC 8785).")
        return header


_HEADER_FIELDS = ("v", "kind", "subject", "actor", "at", "effective_at", "body")


# The tree -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """All that is needed to go on with the ledger's tree: the hashes of its complete subtrees, largest first.

    There is one hash for each 1 in `size` written in binary, so a ledger of a million entries needs at most 20.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise LedgerError(f"A tree of {self.size} entries does not have {len(self.hashes)} complete subtrees.")
        for place, value in enumerate(self.hashes):
            _require_hash(value, f"subtree {place}")

    def extended(self, leaves: Sequence[bytes]) -> Self:
        """The tree after these leaf hashes (`leaf_hash`, 32 bytes each) were added, in order."""
        size, peaks = self.size, list(self.hashes)
        for leaf in leaves:
            _require_hash(leaf, f"leaf {size}")
            joined, rest = leaf, size
            while rest & 1:
                joined = node_hash(peaks.pop(), joined)
                rest >>= 1
            peaks.append(joined)
            size += 1
        return type(self)(size=size, hashes=tuple(peaks))

    def root(self) -> bytes:
        """The one hash that stands for every entry so far."""
        return _fold(self.hashes) if self.hashes else EMPTY_ROOT

    def to_hex(self) -> list[str]:
        """The subtree hashes as hex, largest subtree first."""
        return [value.hex() for value in self.hashes]

    @classmethod
    def from_hex(cls, size: int, hashes: Sequence[str]) -> Self:
        """The frontier that `to_hex` wrote down for a tree of this size."""
        for place, text in enumerate(hashes):
            if not HEX_HASH.fullmatch(text):
                raise LedgerError(f"Subtree {place}: {text!r} is not a hash of 64 lower-case hex digits.")
        return cls(size=size, hashes=tuple(bytes.fromhex(text) for text in hashes))


def inclusion_proof(index: int, *, size: int, node: NodeReader) -> tuple[bytes, ...]:
    """The hashes that show an auditor that entry `index` is in the tree of the first `size` entries.

    From the leaf's sibling up to the child of the root. At most 2 * log2(size) calls of `node`.
    Source: RFC 9162 2.1.3.1.
    """
    if not 0 <= index < size:
        raise LedgerError(f"There is no entry {index} in a tree of {size} entries (the first is 0).")
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_root_of_range(middle, high, node))
            high = middle
        else:
            path.append(_root_of_range(low, middle, node))
            low = middle
    return tuple(reversed(path))


def consistency_proof(old: int, *, new: int, node: NodeReader) -> tuple[bytes, ...]:
    """The hashes that show that the tree of `old` entries is the beginning of the tree of `new` entries.

    Empty when `old` is 0 or equals `new`. Source: RFC 9162 2.1.4.1.
    """
    if not 0 <= old <= new:
        raise LedgerError(f"A tree of {old} entries cannot be the beginning of one of {new}.")
    if old in (0, new):
        return ()
    path: list[bytes] = []
    low, high, whole = 0, new, True
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_root_of_range(middle, high, node))
            high = middle
        else:
            path.append(_root_of_range(low, middle, node))
            low, whole = middle, False
    if not whole:
        path.append(_root_of_range(low, high, node))
    return tuple(reversed(path))


def verify_inclusion(leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Anyone's check that the entry with this leaf hash is entry `index` of the tree with this size and root.

    Returns when it holds. Source: RFC 9162 2.1.3.2. Raises ProofError saying what does not hold.
    """
    if not 0 <= index < size:
        raise ProofError(f"There is no entry {index} in a tree of {size} entries (the first is 0).")
    _require_proof({"leaf hash": leaf, "root": root}, proof)
    place, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofError(f"The proof for entry {index} of {size} has too many hashes: {len(proof)}.")
        if place & 1 or place == last:
            computed = node_hash(sibling, computed)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise ProofError(f"The proof for entry {index} of {size} has too few hashes: {len(proof)}.")
    if not hmac.compare_digest(computed, root):
        raise ProofError(f"Entry {index} is not in the tree: the proof leads to {computed.hex()}, not to {root.hex()}.")


def verify_consistency(old: int, *, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Anyone's check that nothing before entry `old` was changed when the tree grew to `new` entries.

    Returns when it holds. Source: RFC 9162 2.1.4.2. Raises ProofError saying what does not hold.
    """
    if not 0 <= old <= new:
        raise ProofError(f"A tree of {old} entries cannot be the beginning of one of {new}.")
    _require_proof({"old root": old_root, "new root": new_root}, proof)
    if old in (0, new):
        expected = EMPTY_ROOT if old == 0 else new_root
        if proof or not hmac.compare_digest(old_root, expected):
            raise ProofError(f"From {old} to {new} entries: the proof must be empty and the old root {expected.hex()}.")
        if new == 0 and not hmac.compare_digest(new_root, EMPTY_ROOT):
            raise ProofError(f"The root of an empty tree is {EMPTY_ROOT.hex()}, not {new_root.hex()}.")
        return
    from_old, from_new = _climb(old, new, proof, old_root)
    if not hmac.compare_digest(from_old, old_root):
        raise ProofError(f"The proof leads to the old root {from_old.hex()}, not to {old_root.hex()}.")
    if not hmac.compare_digest(from_new, new_root):
        raise ProofError(f"The proof leads to the new root {from_new.hex()}, not to {new_root.hex()}.")


def _climb(old: int, new: int, proof: Sequence[bytes], old_root: bytes) -> tuple[bytes, bytes]:
    # A tree of 2^k entries is itself a node of the larger one, so the proof leaves its hash out.
    hashes = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    if not hashes:
        raise ProofError(f"The proof from {old} to {new} entries has too few hashes: none.")
    from_old = from_new = hashes[0]
    for value in hashes[1:]:
        if last == 0:
            raise ProofError(f"The proof from {old} to {new} entries has too many hashes: {len(proof)}.")
        if place & 1 or place == last:
            from_old, from_new = node_hash(value, from_old), node_hash(value, from_new)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            from_new = node_hash(from_new, value)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise ProofError(f"The proof from {old} to {new} entries has too few hashes: {len(proof)}.")
    return from_old, from_new


def _root_of_range(low: int, high: int, node: NodeReader) -> bytes:
    """The hash over leaves [low, high), a range as RFC 6962 splits it: `low` is a multiple of its largest part."""
    parts: list[bytes] = []
    while low < high:
        level = (high - low).bit_length() - 1
        parts.append(node(level, low >> level))
        low += 1 << level
    return _fold(parts)


def _fold(parts: Sequence[bytes]) -> bytes:
    joined = parts[-1]
    for part in reversed(parts[:-1]):
        joined = node_hash(part, joined)
    return joined


def _split(count: int) -> int:
    return 1 << ((count - 1).bit_length() - 1)


def _require_hash(value: bytes, what: str) -> None:
    if len(value) != HASH_BYTES:
        raise LedgerError(f"The {what} has {len(value)} bytes; a SHA-256 hash has {HASH_BYTES}.")


def _require_proof(named: Mapping[str, bytes], proof: Sequence[bytes]) -> None:
    parts = {**named} | {f"hash {place} of the proof": value for place, value in enumerate(proof)}
    for what, value in parts.items():
        if len(value) != HASH_BYTES:
            raise ProofError(f"The {what} has {len(value)} bytes; a SHA-256 hash has {HASH_BYTES}.")
