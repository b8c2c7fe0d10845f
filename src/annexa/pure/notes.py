"""Signed notes and checkpoints: how the ledger vouches for its state, in the form that transparency-log tools read.

Source: C2SP signed-note v1.0.0, tlog-checkpoint v1.0.0, tlog-cosignature v1.0.1. Notes, texts and signature lines are
bytes in UTF-8, because bytes are what is signed. Only Ed25519 keys are known; other signatures are left unread.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from annexa.pure.ledger import EMPTY_ROOT, HASH_BYTES, LedgerError

NOTE_LIMIT: Final = 1_000_000
"""Longest note read, in bytes."""
SIGNATURE_LIMIT: Final = 100
"""Most signatures read in one note; the format asks for at least 16."""

_KEY_BYTES: Final = 32
_KEY_ID_BYTES: Final = 4
_SIGNATURE_BYTES: Final = 64
_TIME_BYTES: Final = 8
_LARGEST: Final = 2**63 - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DASH: Final = "— "
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_HEX_ID = re.compile(r"[0-9a-f]{8}")


class NoteError(LedgerError):
    """A signed note or checkpoint is malformed, or not signed by a key that is known."""


class SignatureType(IntEnum):
    """What a key's signature says: the log vouches for a text, or a witness saw a checkpoint at a time."""

    LOG = 1
    WITNESS = 4


def write_base64(data: bytes) -> str:
    """Standard base64 with padding, on one line."""
    return base64.b64encode(data).decode("ascii")


def read_base64(text: str) -> bytes:
    """The bytes behind base64 text; of several spellings of the same bytes only the standard one is accepted."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = None
    if data is None or write_base64(data) != text:
        raise NoteError(f"{text[:80]!r} is not standard base64.")
    return data


def write_count(count: int) -> str:
    """A size or position in decimal digits."""
    if not 0 <= count <= _LARGEST:
        raise NoteError(f"{count} is not a number from 0 to 2^63 - 1.")
    return str(count)


def read_count(text: str) -> int:
    """A size or position from decimal digits without leading zeros."""
    if not _DECIMAL.fullmatch(text) or int(text) > _LARGEST:
        raise NoteError(f"{text[:80]!r} is not a whole number from 0 to 2^63 - 1 without leading zeros.")
    return int(text)


# Keys ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key somebody trusts, and the name it signs under. `str()` of it is the text people pass on."""

    name: str
    public: bytes
    type: SignatureType = SignatureType.LOG

    def __post_init__(self) -> None:
        require_name(self.name)
        if len(self.public) != _KEY_BYTES:
            raise NoteError(f"The public key of {self.name} has {len(self.public)} bytes; Ed25519 has {_KEY_BYTES}.")

    @property
    def id(self) -> bytes:
        """The four bytes that mark this key's signatures; a hint where to look, not a proof."""
        return key_id(self.name, bytes([self.type]) + self.public)

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{write_base64(bytes([self.type]) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key written as `name+id+base64`, an id that does not belong to the key being refused."""
        name, found, rest = text.partition("+")
        hex_id, _, encoded = rest.partition("+")
        if not found or not _HEX_ID.fullmatch(hex_id):
            raise NoteError(f"{text[:200]!r} is not a verifier key of the form name+key id+base64.")
        typed = read_base64(encoded)
        if typed[:1] not in {bytes([known]) for known in SignatureType}:
            raise NoteError(f"The verifier key of {name} is of type {typed[:1].hex() or 'none'}; Ed25519 is 01 or 04.")
        key = cls(name=name, public=typed[1:], type=SignatureType(typed[0]))
        if key.id.hex() != hex_id:
            raise NoteError(f"The verifier key of {name} is damaged: its id should be {key.id.hex()}, not {hex_id}.")
        return key


def key_id(name: str, typed_key: bytes) -> bytes:
    """The id of a key: `typed_key` is the type byte followed by the public key."""
    return hashlib.sha256(name.encode() + b"\n" + typed_key).digest()[:_KEY_ID_BYTES]


def require_name(name: str) -> None:
    """Refuse a key name that a signature line cannot carry: empty, or with a space, a plus or a control character."""
    if not name or "+" in name or any(char.isspace() or char < " " for char in name):
        raise NoteError(f"{name[:200]!r} cannot be a key name: it must have no spaces, plus or control characters.")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise NoteError(f"{name[:200]!r} cannot be a key name: it is not valid Unicode.") from None


# Notes --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature that was checked and holds. `at` is when a witness saw the checkpoint (UTC); a log gives no time."""

    key: VerifierKey
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text and who vouches for it; at least one signature was checked. `unknown` are names nobody here can check."""

    text: bytes
    signatures: tuple[Signature, ...]
    unknown: tuple[str, ...] = ()


def sign_text(text: bytes, *, name: str, key: Ed25519PrivateKey) -> bytes:
    """The signature line by which a log vouches for a text, ending in a newline."""
    _require_text(text)
    return _line(name, SignatureType.LOG, key, key.sign(text))


def cosign_text(text: bytes, *, name: str, key: Ed25519PrivateKey, at: datetime) -> bytes:
    """The signature line by which a witness says that it saw this checkpoint at this time (whole seconds, aware)."""
    Checkpoint.from_bytes(text)
    if at.tzinfo is None or at < _EPOCH:
        raise NoteError(f"The witness time {at.isoformat()} must have a time zone and lie after 1970.")
    seconds = (at - _EPOCH) // timedelta(seconds=1)
    stamped = seconds.to_bytes(_TIME_BYTES, "big") + key.sign(_witnessed(seconds, text))
    return _line(name, SignatureType.WITNESS, key, stamped)


def join_note(text: bytes, lines: Iterable[bytes]) -> bytes:
    """The whole note: the text, an empty line, the signature lines."""
    _require_text(text)
    return text + b"\n" + b"".join(lines)


def open_note(note: bytes, known: Iterable[VerifierKey]) -> Note:
    """The text of a note, given only when a known key signed it.

    Signatures of unknown keys are named but do not count. Raises NoteError when the note is malformed, when no known
    key signed it, or when any signature of a known key fails, even if another one holds.
    """
    text, lines = _split(note)
    keys = _by_name_and_id(known)
    signatures: list[Signature] = []
    unknown: list[str] = []
    for name, marker, value in map(_read_line, lines):
        key = keys.get((name, marker))
        if key is None:
            unknown.append(name)
        else:
            signatures.append(_checked(key, value, text))
    if not signatures:
        by = ", ".join(dict.fromkeys(unknown))
        raise NoteError(f"The note is not signed by any key known here; it names {by}.")
    return Note(text=text, signatures=tuple(signatures), unknown=tuple(dict.fromkeys(unknown)))


def _line(name: str, kind: SignatureType, key: Ed25519PrivateKey, signature: bytes) -> bytes:
    marker = VerifierKey(name=name, public=key.public_key().public_bytes_raw(), type=kind).id
    return f"{_DASH}{name} {write_base64(marker + signature)}\n".encode()


def _split(note: bytes) -> tuple[bytes, list[str]]:
    if len(note) > NOTE_LIMIT:
        raise NoteError(f"The note has {len(note)} bytes; at most {NOTE_LIMIT} are read.")
    border = note.rfind(b"\n\n")
    if border < 0 or not note.endswith(b"\n") or border + 2 == len(note):
        raise NoteError("A note is a text, an empty line and one signature line or more, each ending in a newline.")
    text, block = note[: border + 1], note[border + 2 :]
    _require_text(text)
    _require_text(block)
    lines = block.decode().split("\n")[:-1]
    if len(lines) > SIGNATURE_LIMIT:
        raise NoteError(f"The note has {len(lines)} signatures; at most {SIGNATURE_LIMIT} are read.")
    return text, lines


def _require_text(text: bytes) -> None:
    try:
        decoded = text.decode()
    except UnicodeDecodeError:
        raise NoteError("The note is not valid UTF-8.") from None
    if not decoded.endswith("\n"):
        raise NoteError("The text of a note must end in a newline.")
    if any(char < " " and char != "\n" for char in decoded):
        raise NoteError("The note holds a control character other than a newline.")


def _read_line(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not encoded:
        raise NoteError(f"{line[:200]!r} is not a signature line of the form — name base64.")
    require_name(name)
    value = read_base64(encoded)
    if len(value) <= _KEY_ID_BYTES:
        raise NoteError(f"The signature of {name} is empty.")
    return name, value[:_KEY_ID_BYTES], value[_KEY_ID_BYTES:]


def _by_name_and_id(known: Iterable[VerifierKey]) -> dict[tuple[str, bytes], VerifierKey]:
    keys: dict[tuple[str, bytes], VerifierKey] = {}
    for key in known:
        if keys.setdefault((key.name, key.id), key) != key:
            raise NoteError(f"Two different known keys have the name {key.name} and the id {key.id.hex()}; drop one.")
    return keys


def _checked(key: VerifierKey, value: bytes, text: bytes) -> Signature:
    stamped = key.type is SignatureType.WITNESS
    if len(value) != _SIGNATURE_BYTES + (_TIME_BYTES if stamped else 0):
        raise NoteError(f"The signature of {key.name} has a wrong length: {len(value)} bytes.")
    seconds = int.from_bytes(value[:_TIME_BYTES], "big") if stamped else 0
    message = _witnessed(seconds, text) if stamped else text
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(value[-_SIGNATURE_BYTES:], message)
    except InvalidSignature:
        raise NoteError(f"The signature of {key.name} ({key.id.hex()}) does not fit the text.") from None
    return Signature(key=key, at=_instant(key.name, seconds) if stamped else None)


def _witnessed(seconds: int, text: bytes) -> bytes:
    return b"cosignature/v1\ntime %d\n%b" % (seconds, text)


def _instant(name: str, seconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        raise NoteError(f"The witness time of {name} lies beyond the year 9999: {seconds} seconds.") from None


# Checkpoints --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The state of one ledger at one moment: its name, how many entries, and the root over all of them.

    `extensions` are further lines of other logs' checkpoints, kept unread; Annexa writes none.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not all((self.origin, *self.extensions)) or any("\n" in line for line in (self.origin, *self.extensions)):
            raise NoteError("The origin and extension lines of a checkpoint must be single lines, none empty.")
        if len(self.root) != HASH_BYTES:
            raise NoteError(f"The root of a checkpoint has {len(self.root)} bytes; it must have {HASH_BYTES}.")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise NoteError(f"The root of an empty ledger is {EMPTY_ROOT.hex()}, not {self.root.hex()}.")
        _require_text(self.to_bytes())

    def to_bytes(self) -> bytes:
        """The text that is signed."""
        lines = (self.origin, write_count(self.size), write_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines).encode()

    @classmethod
    def from_bytes(cls, text: bytes) -> Self:
        """The checkpoint written as this text, in exactly this spelling."""
        _require_text(text)
        lines = text.decode().split("\n")[:-1]
        if len(lines) < 3:
            raise NoteError(f"A checkpoint has at least three lines (origin, size, root); this text has {len(lines)}.")
        origin, size, root, *extensions = lines
        return cls(origin=origin, size=read_count(size), root=read_base64(root), extensions=tuple(extensions))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCheckpoint:
    """A checkpoint its own log vouches for, and the witnesses that saw it, each with a time."""

    checkpoint: Checkpoint
    witnesses: tuple[Signature, ...] = ()


def open_checkpoint(note: bytes, log: VerifierKey, witnesses: Iterable[VerifierKey] = ()) -> SignedCheckpoint:
    """The checkpoint in a note, given only when this log signed it under its own name.

    A witness that is known and did not sign is simply not listed; how many are needed is the caller's decision.
    Raises NoteError as `open_note` does.
    """
    opened = open_note(note, (log, *witnesses))
    checkpoint = Checkpoint.from_bytes(opened.text)
    if checkpoint.origin != log.name:
        raise NoteError(f"The checkpoint is of the ledger {checkpoint.origin}, not of {log.name}.")
    if all(signature.key != log for signature in opened.signatures):
        raise NoteError(f"The checkpoint is not signed by its own ledger, {log.name}.")
    return SignedCheckpoint(
        checkpoint=checkpoint, witnesses=tuple(seen for seen in opened.signatures if seen.at is not None)
    )
