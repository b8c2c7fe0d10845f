"""Evidence bytes, kept under their own SHA-256 and never given out unless they still have it."""

import csv
import hashlib
import io
import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from annexa.vault import VaultError, durable

SNIFF_BYTES: Final = 8192
"""How many first bytes `sniff_type` looks at; fewer are taken for the whole file."""
INLINE_TYPES: Final = frozenset(
    {"application/json", "application/pdf", "image/gif", "image/jpeg", "image/png", "text/csv", "text/plain"}
)
"""Types a browser may show in place. Everything else, above all text/html, must be served as an attachment."""

_LOST_BYTES: Final = 8
"""A byte order mark and half a character at the end do not show in the text."""
_CHUNK: Final = 1 << 20
_IN_MEMORY: Final = 8 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


class BlobMissingError(VaultError):
    """No evidence is stored under this digest."""

    def __init__(self, sha256: str) -> None:
        """`sha256`: the digest that was asked for."""
        super().__init__(f"No bytes are stored under the SHA-256 {sha256[:64]!r}.")
        self.sha256 = sha256


class BlobForgedError(VaultError):
    """The stored evidence no longer has the digest it is stored under."""

    def __init__(self, expected: str, found: str) -> None:
        """Both digests in hex; the sentence names no path, so that it may be shown to users."""
        super().__init__(
            f"The stored bytes of {expected} were changed: their SHA-256 is now {found}. "
            "They are withheld; restore this file from a backup."
        )
        self.expected = expected
        self.found = found


class BlobTooLargeError(VaultError):
    """What is to be stored is larger than allowed; nothing of it was kept."""

    def __init__(self, *, limit_bytes: int, seen_bytes: int) -> None:
        """`seen_bytes`: how much had arrived when it was refused; the whole may be larger."""
        super().__init__(f"At least {seen_bytes:,} bytes; the limit is {limit_bytes:,} bytes. Nothing was stored.")
        self.limit_bytes = limit_bytes
        self.seen_bytes = seen_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Stored evidence: its digest in hex, which is also its name, and its size in bytes."""

    sha256: str
    size: int


class Blobs:
    """The store of evidence bytes in a local folder. Any number of processes may use it at once."""

    def __init__(self, folder: Path) -> None:
        """`folder`: where the `blobs` folder is, or will be made."""
        self._root = folder / "blobs"

    def put(self, source: BinaryIO | bytes, *, limit_bytes: int, synced: bool = True) -> Blob:
        """Keep these bytes; on return they survive a power cut. Putting the same bytes again changes nothing.

        A stream is read to its end in small parts. `synced`: False where many are put one after another, and the caller
        syncs all of them at once before anything relies on them. Raises BlobTooLargeError above `limit_bytes`.
        """
        if isinstance(source, bytes):
            source = io.BytesIO(source)
        digest, size = hashlib.sha256(), 0
        with durable.arriving(self._root) as (temporary, stream):
            while part := source.read(_CHUNK):
                size += len(part)
                if size > limit_bytes:
                    raise BlobTooLargeError(limit_bytes=limit_bytes, seen_bytes=size + _rest_of(source))
                digest.update(part)
                stream.write(part)
            sha256 = digest.hexdigest()
            durable.settle(self._root, temporary, stream, self._path(sha256), synced=synced)
        return Blob(sha256=sha256, size=size)

    def has(self, sha256: str) -> bool:
        """Whether something is stored under this digest; whether it is intact shows only on opening."""
        return _SHA256.fullmatch(sha256) is not None and self._path(sha256).is_file()

    def digests(self) -> Iterator[str]:
        """The digests under which something is stored, in order."""
        for folder in sorted(self._root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]")):
            yield from sorted(path.name for path in folder.iterdir() if _SHA256.fullmatch(path.name))

    def open_checked(self, sha256: str) -> BinaryIO:
        """A stream of the stored bytes, given out only after all of them were found to have this digest.

        Up to 8 MiB are held in memory; larger files are read twice through the same open file. Close it after use.
        Raises BlobMissingError, BlobForgedError.
        """
        if not _SHA256.fullmatch(sha256):
            raise BlobMissingError(sha256)
        try:
            stream = self._path(sha256).open("rb")
        except FileNotFoundError:
            raise BlobMissingError(sha256) from None
        try:
            return _checked(stream, sha256)
        except BaseException:
            stream.close()
            raise

    def sweep(self, *, older_than: datetime) -> int:
        """Remove what killed processes left unfinished before this instant (aware); returns how many files.

        Choose an instant well before the slowest upload still running began, such as a day ago.
        """
        return durable.sweep(self._root, older_than=older_than)

    def _path(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256[2:4] / sha256


def _checked(stream: BinaryIO, sha256: str) -> BinaryIO:
    held = stream.read(_IN_MEMORY + 1)
    digest = hashlib.sha256(held)
    small = len(held) <= _IN_MEMORY
    while not small and (part := stream.read(_CHUNK)):
        digest.update(part)
    if digest.hexdigest() != sha256:
        raise BlobForgedError(sha256, digest.hexdigest())
    if small:
        stream.close()
        return io.BytesIO(held)
    stream.seek(0)
    return stream


def _rest_of(source: BinaryIO) -> int:
    """How many bytes a stream still holds, if it can tell without reading them."""
    if not source.seekable():
        return 0
    here = source.tell()
    return max(source.seek(0, io.SEEK_END) - here, 0)


# What kind of file it is --------------------------------------------------------------------------------------


_SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_OFFICE_FOLDERS = {
    b"word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    b"xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    b"ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_OFFICE_MARKS = (b"[Content_Types].xml", b"_rels/", b"docProps/")
_MEMBER = b"PK\x03\x04"
_MARKUP = re.compile(
    r"^\s*<|<(?:!doctype|\?xml|html|head|body|script|svg|iframe|img|style|object|embed)\b", re.IGNORECASE
)
_JSON = re.compile(r'\s*(?:\{\s*(?:"|\}|$)|\[\s*(?:["\[\]{\-0-9]|true\b|false\b|null\b|$))')


def sniff_type(first: bytes) -> str:
    """The media type that the first bytes of a file show, whatever its name or its sender says.

    Text with markup in it (HTML, XML, SVG) is text/html, so that it is never shown in place; JSON may hold any text.
    Serve every type with `X-Content-Type-Options: nosniff`. Unknown or empty: application/octet-stream.
    """
    first = first[:SNIFF_BYTES]
    for signature, media_type in _SIGNATURES:
        if first.startswith(signature):
            return media_type
    if first.startswith((_MEMBER, b"PK\x05\x06")):
        return _archive_type(first)
    text = _as_text(first)
    return _text_type(text) if text else "application/octet-stream"


def _archive_type(first: bytes) -> str:
    names = [_member_name(first, found.start()) for found in re.finditer(re.escape(_MEMBER), first)]
    if any(name.startswith(_OFFICE_MARKS) for name in names):
        for folder, media_type in _OFFICE_FOLDERS.items():
            if any(name.startswith(folder) for name in names):
                return media_type
    return "application/zip"


def _member_name(data: bytes, start: int) -> bytes:
    length = int.from_bytes(data[start + 26 : start + 28], "little")
    return data[start + 30 : start + 30 + length]


def _as_text(first: bytes) -> str:
    try:
        text = getincrementaldecoder("utf-8-sig")().decode(first, final=len(first) < SNIFF_BYTES)
    except UnicodeDecodeError:
        return ""
    return "" if any(char < " " and char not in "\t\n\r\f" for char in text) else text


def _text_type(text: str) -> str:
    if _JSON.match(text):
        return "application/json"
    if _MARKUP.search(text):
        return "text/html"
    return "text/csv" if any(_is_table(text, delimiter) for delimiter in ",;\t") else "text/plain"


def _is_table(text: str, delimiter: str) -> bool:
    """At least two whole lines, the first ones all with the same number of columns, more than one."""
    cut = len(text.encode()) > SNIFF_BYTES - _LOST_BYTES
    whole = text.rpartition("\n")[0] if cut else text
    try:
        rows = [row for row in islice(csv.reader(io.StringIO(whole, newline=""), delimiter=delimiter), 20) if row]
    except csv.Error:
        return False
    widths = {len(row) for row in rows}
    return len(rows) > 1 and len(widths) == 1 and min(widths) > 1
