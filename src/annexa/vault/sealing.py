"""A stream of bytes sealed with a passphrase: nobody reads it without, and no byte of it changes unnoticed.

The format, which is to last: a header, then chunks.

    line      "annexa-sealed 1\\n"
    header    log2 of scrypt's N (1 byte), r (1), p (1), salt (16), check (32)
    chunk     up to 1 MiB of the stream under AES-256-GCM, with its tag of 16 bytes; every one but the last is full
    nonce     11 bytes that count the chunks from 0, big-endian, then 1 for the last chunk, 0 for every other

scrypt makes 64 bytes from passphrase (UTF-8) and salt: 32 are the key of the chunks, the other 32 the key of the
check, which is HMAC-SHA256 over line and header before it. A salt is never used twice, so no nonce is either, under one
key. Chunks can be neither swapped, left out nor cut off: each has its number in its nonce, and only the last one says
that it is the last.
"""

import hashlib
import hmac
import secrets
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from annexa.vault import VaultError

LINE: Final = b"annexa-sealed 1\n"
COST: Final = 17
"""log2 of scrypt's N: 128 MiB and about half a second for each guess."""
SHORTEST_PASSPHRASE: Final = 12
CHUNK: Final = 1 << 20
TAG: Final = 16

_COSTS: Final = range(10, 21)
_R, _P = 8, 1
_SALT: Final = 16
_CHECK: Final = 32
_HEADER: Final = 3 + _SALT + _CHECK


class PassphraseError(VaultError):
    """The passphrase is missing, too short, or not the one."""


class SealBrokenError(VaultError):
    """A sealed stream was changed, or does not go on to its end."""


class Sink(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> object:
        """Takes them all, or raises."""


class Source(Protocol):
    """Where bytes come from."""

    def read(self, size: int, /) -> bytes:
        """At most so many; none at the end."""


class Sealer:
    """Seals what is written to it. Nothing can be read again before `close`."""

    def __init__(self, out: Sink, passphrase: str, *, cost: int = COST) -> None:
        """`cost`: log2 of scrypt's N. Raises PassphraseError."""
        if len(passphrase) < SHORTEST_PASSPHRASE:
            raise PassphraseError(
                f"The passphrase has {len(passphrase)} characters; use at least {SHORTEST_PASSPHRASE}."
            )
        begun = LINE + bytes([cost, _R, _P]) + secrets.token_bytes(_SALT)
        self._aead, check = _keys(passphrase, begun)
        self._out, self._number, self._held = out, 0, bytearray()
        out.write(begun + check)

    def write(self, data: bytes) -> None:
        """More of the stream."""
        self._held += data
        while len(self._held) > CHUNK:  # a full chunk is kept back: it may be the last one
            self._seal(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]

    def close(self) -> None:
        """The end of the stream."""
        self._seal(bytes(self._held), last=True)
        self._held.clear()

    def _seal(self, part: bytes, *, last: bool) -> None:
        self._out.write(self._aead.encrypt(_nonce(self._number, last=last), part, None))
        self._number += 1


class Opener:
    """Reads a sealed stream; gives out only what is proven to be as it was written, and proves the end too."""

    def __init__(self, source: Source, passphrase: str) -> None:
        """`source` stands after LINE. Raises PassphraseError, SealBrokenError."""
        header = read_fully(source, _HEADER)
        if len(header) < _HEADER:
            raise SealBrokenError("it ends within its first bytes")
        begun, check = LINE + header[:-_CHECK], header[-_CHECK:]
        if header[0] not in _COSTS or header[1:3] != bytes([_R, _P]):
            raise SealBrokenError("its first bytes were changed")
        self._aead, right = _keys(passphrase, begun)
        if not hmac.compare_digest(check, right):
            raise PassphraseError(
                "This is not the passphrase with which the file was encrypted (or its first bytes were changed)."
            )
        self._source, self._number, self._open, self._ended = source, 0, b"", False
        self._next = read_fully(source, CHUNK + TAG)

    def read(self, size: int) -> bytes:
        """At most so many bytes; none at the end. Raises SealBrokenError."""
        while not self._open and not self._ended:
            self._chunk()
        part, self._open = self._open[:size], self._open[size:]
        return part

    def _chunk(self) -> None:
        sealed, self._next = self._next, read_fully(self._source, CHUNK + TAG)
        last = not self._next
        try:
            self._open = self._aead.decrypt(_nonce(self._number, last=last), sealed, None)
        except InvalidTag:
            where = f"at byte {len(LINE) + _HEADER + self._number * (CHUNK + TAG):,} or after"
            raise SealBrokenError(f"it was changed or cut off, {where}") from None
        self._number, self._ended = self._number + 1, last


def read_fully(source: Source, size: int) -> bytes:
    """So many bytes, fewer only where the source ends."""
    parts, missing = [], size
    while missing and (part := source.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _keys(passphrase: str, begun: bytes) -> tuple[AESGCM, bytes]:
    """What encrypts the chunks, and the check that shows the passphrase to be the one."""
    scrypt = Scrypt(salt=begun[-_SALT:], length=64, n=1 << begun[len(LINE)], r=_R, p=_P)
    made = scrypt.derive(passphrase.encode())
    return AESGCM(made[:32]), hmac.new(made[32:], begun, hashlib.sha256).digest()


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
