"""One file that holds many: a gzipped tar that any tar unpacks, and of which no bit changes unnoticed.

The format, which is to last:

    tar         plain ustar members: mode 0600, no owner, no time; names below 100 letters, digits and %~._/-
    SHA256SUMS  the last of them: a line for each one before it, in their order, as `sha256sum --check` reads it
    gzip        that tar, in one member; what does not get smaller is in it as it is (RFC 1951, stored blocks)
    trailer     a second gzip member, not compressed: the line "sha256 HEX\\n" over all bytes before it

With an own reader instead of tarfile, because that one forgives: whatever is not byte for byte how it is written here
is refused. With a trailer, because gzip leaves bits that nothing covers.
"""

import hashlib
import io
import re
import struct
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from annexa.vault import VaultError
from annexa.vault.sealing import Sink, Source, read_fully

SUMS: Final = "SHA256SUMS"
LEVEL: Final = 1
"""Of compression: rows shrink to a fifth even so."""
WORTH: Final = 0.9
"""A member whose beginning does not shrink to this share is not compressed: most evidence is so already."""

_BLOCK: Final = 512
_PART: Final = 1 << 18
_SAMPLE: Final = 1 << 14
_STORED: Final = 65535  # the most that one block holds
_GZIP_HEAD: Final = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9%~._-]*(?:/[A-Za-z0-9][A-Za-z0-9%~._-]*)*")
_LONGEST_NAME: Final = 99
_LARGEST: Final = 8**11 - 1  # what a ustar header can say: 8 GiB
_LARGEST_SUMS: Final = 1 << 30


class ArchiveDamagedError(VaultError):
    """The file is not, or no longer, as it was written."""


def _trailer(sha256: str) -> bytes:
    """A gzip member of one stored block, the same bytes on every machine."""
    line = f"sha256 {sha256}\n".encode()
    block = struct.pack("<BHH", 1, len(line), len(line) ^ 0xFFFF) + line
    return _GZIP_HEAD + block + struct.pack("<II", zlib.crc32(line), len(line))


_TRAILER: Final = len(_trailer("0" * 64))


class ArchiveWriter:
    """Writes members one after another, however large; holds no more than a part of one in memory."""

    def __init__(self, out: Sink) -> None:
        """`out`: where the file goes."""
        self._out, self._digest = out, hashlib.sha256()
        self._deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -15)
        self._crc, self._length = 0, 0
        self._sums: dict[str, str] = {}
        self._write(_GZIP_HEAD)

    def add(self, name: str, data: bytes) -> str:
        """A member from memory; returns its SHA-256."""
        return self.add_stream(name, len(data), io.BytesIO(data))

    def add_stream(self, name: str, size: int, source: Source) -> str:
        """A member of exactly `size` bytes, read from a stream; returns its SHA-256. Raises ValueError."""
        if name in self._sums:
            raise ValueError(f"{name} is in the archive already")
        self._compressed(_header(name, size))
        digest, left, keep = hashlib.sha256(), size, self._compressed
        while left:
            part = source.read(min(_PART, left))
            if not part:
                raise ValueError(f"{name} has {size - left:,} bytes instead of {size:,}")
            if left == size and not _shrinks(part):
                keep = self._stored
            digest.update(part)
            keep(part)
            left -= len(part)
        self._compressed(bytes(-size % _BLOCK))
        self._sums[name] = digest.hexdigest()
        return self._sums[name]

    def close(self) -> str:
        """Writes the digests of all members; returns the digest of the whole file before its trailer."""
        self.add(SUMS, "".join(f"{sha256}  {name}\n" for name, sha256 in self._sums.items()).encode())
        self._compressed(bytes(2 * _BLOCK))
        self._write(self._deflate.flush() + struct.pack("<II", self._crc, self._length & 0xFFFFFFFF))
        whole = self._digest.hexdigest()
        self._out.write(_trailer(whole))
        return whole

    def _compressed(self, data: bytes) -> None:
        self._count(data)
        self._write(self._deflate.compress(data))

    def _stored(self, data: bytes) -> None:
        """As it is, in blocks of its own between two that are compressed."""
        self._count(data)
        self._write(self._deflate.flush(zlib.Z_FULL_FLUSH))  # ends at a byte, and nothing after it refers to before it
        for at in range(0, len(data), _STORED):
            part = data[at : at + _STORED]
            self._write(struct.pack("<BHH", 0, len(part), len(part) ^ 0xFFFF) + part)

    def _count(self, data: bytes) -> None:
        self._crc, self._length = zlib.crc32(data, self._crc), self._length + len(data)

    def _write(self, data: bytes) -> None:
        if data:
            self._digest.update(data)
            self._out.write(data)


@dataclass(slots=True, kw_only=True, eq=False)
class Member:
    """One file within: read it before the next one is asked for, or leave it."""

    name: str
    size: int
    _source: Source
    _digest: "hashlib._Hash"
    _left: int

    @classmethod
    def of(cls, name: str, size: int, source: Source) -> "Member":
        """A file of exactly `size` bytes that comes from elsewhere, for whoever takes members."""
        return cls(name=name, size=size, _source=source, _digest=hashlib.sha256(), _left=size)

    @property
    def sha256(self) -> str:
        """Of what was read of it so far, in hex."""
        return self._digest.hexdigest()

    def read(self, size: int = -1) -> bytes:
        """At most so many bytes, all that is left by default; none at the end."""
        wanted = self._left if size < 0 else min(size, self._left)
        data = read_fully(self._source, wanted)
        if len(data) < wanted:
            raise ArchiveDamagedError(f"{self.name}: the file ends within it")
        self._digest.update(data)
        self._left -= wanted
        return data


def read_archive(source: Source) -> Iterator[Member]:
    """Every member but the digests, in order. What is read is proven only once this has come to its end.

    Raises ArchiveDamagedError.
    """
    compressed = _Compressed(source)
    unpacked = _Unpacked(compressed)
    sums: dict[str, str] = {}
    while True:
        name, size = _read_header(unpacked)
        member = Member.of(name, size, unpacked)
        if name == SUMS:
            break
        if name in sums:
            raise ArchiveDamagedError(f"{name}: is in the file twice")
        yield member
        _finish(member, unpacked)
        sums[name] = member.sha256
    if size > _LARGEST_SUMS or member.read() != "".join(f"{sums[one]}  {one}\n" for one in sums).encode():
        raise ArchiveDamagedError(f"{SUMS}: the digests are not those of the members")
    _finish(member, unpacked)
    if read_fully(unpacked, 2 * _BLOCK + 1) != bytes(2 * _BLOCK):
        raise ArchiveDamagedError("something stands after its last member")
    unpacked.end()
    compressed.end()


def _finish(member: Member, unpacked: Source) -> None:
    while member.read(_PART):
        pass
    if read_fully(unpacked, -member.size % _BLOCK).strip(b"\0"):
        raise ArchiveDamagedError(f"{member.name}: something stands after it")


def _shrinks(part: bytes) -> bool:
    sample = part[:_SAMPLE]
    return len(zlib.compress(sample, LEVEL)) < WORTH * len(sample)


def _header(name: str, size: int) -> bytes:
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise ValueError(f"{name!r} is not a name that an archive holds")
    if size > _LARGEST:
        raise ValueError(f"{name} has {size:,} bytes; a member holds {_LARGEST:,}")
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, 0
    return info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")


def _read_header(source: Source) -> tuple[str, int]:
    """Name and size from a header that is spelled in the one way it is written."""
    block = read_fully(source, _BLOCK)
    if len(block) < _BLOCK:
        raise ArchiveDamagedError("it ends before its last member")
    try:
        name, size = block[:100].rstrip(b"\0").decode("ascii"), int(block[124:135], 8)
        if _header(name, size) == block:
            return name, size
    except ValueError:
        pass
    raise ArchiveDamagedError("what should be the head of a member is something else")


class _Compressed:
    """The gzipped tar without the trailer, whose line must fit what came before."""

    def __init__(self, source: Source) -> None:
        self._source, self._digest = source, hashlib.sha256()
        self._held = read_fully(source, _TRAILER)

    def read(self, size: int, /) -> bytes:
        """At most so many bytes."""
        held = self._held + self._source.read(size)
        part, self._held = held[:-_TRAILER], held[-_TRAILER:]
        self._digest.update(part)
        return part

    def end(self) -> None:
        """Nothing may be left but the trailer that belongs to all before it."""
        if self.read(_PART) or self._held != _trailer(self._digest.hexdigest()):
            raise ArchiveDamagedError("its bytes have another SHA-256 than its last line says")


class _Unpacked:
    """The tar out of the gzip, a part at a time, however much a few bytes would unpack to."""

    def __init__(self, source: _Compressed) -> None:
        self._source = source
        self._gzip = zlib.decompressobj(31)

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        while size and not self._gzip.eof:
            data = self._gzip.unconsumed_tail or self._source.read(_PART)
            try:
                part = self._gzip.decompress(data, size)
            except zlib.error:
                raise ArchiveDamagedError("it cannot be unpacked") from None
            if part:
                return part
            if not data and not self._gzip.eof:
                raise ArchiveDamagedError("it ends too early")
        return b""

    def end(self) -> None:
        """Nothing may follow what was unpacked."""
        if self.read(1) or not self._gzip.eof or self._gzip.unused_data:
            raise ArchiveDamagedError("something stands after its end")
