"""The audit pack as bytes: one form for one content, a signed manifest, and everything checked against both.

A pack is a zip without compression, members sorted by name, no dates: equal content, equal bytes. So a reader can
write it again and compare, and not a single bit of it is outside what is signed.
"""

import hashlib
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from annexa.pure.ledger import (
    Frontier,
    Header,
    LedgerError,
    canonical,
    leaf_hash,
    salted_digest,
    verify_inclusion,
)
from annexa.pure.notes import SignedCheckpoint, VerifierKey, join_note, open_checkpoint, open_note

MANIFEST = "manifest.json"
FORMAT = "annexa-pack/v1"
LIMIT_BYTES = 4 * 1024**3
LIMIT_FILES = 200_000
_DATE = (1980, 1, 1, 0, 0, 0)
_ATTRIBUTES = 0o644 << 16
# PKWARE's APPNOTE 4.3.7, 4.3.12 and 4.3.16: version 2.0, made on Unix, stored, 1 January 1980.
_VERSION, _UNIX, _DAY = 20, 3, 0x21
_HEAD = struct.Struct("<4sHHHHHLLLHH")
_LISTED = struct.Struct("<4sBBHHHHHLLLHHHHHLL")
_END = struct.Struct("<4sHHHHLLH")
_SMALL_BYTES, _SMALL_FILES = 10**9, 60_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._()\-]*(/[A-Za-z0-9][A-Za-z0-9._()\-]*)*")
_UNSAFE = re.compile(r"[^A-Za-z0-9._()\-]")
_HEX = re.compile(r"([0-9a-f]{2})*")
# Whatever reading bytes of strangers may end in: files of the wrong shape, nested too deep, beyond every calendar.
_UNREADABLE = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    RuntimeError,
    OSError,
    EOFError,
    struct.error,
    zipfile.BadZipFile,
)


class PackError(ValueError):
    """The pack is not what it was when it was made. The sentence names the file or part that broke."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One thing that was checked: what, whether it holds, and with what."""

    what: str
    holds: bool
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A ledger entry in a pack, verified: its position, its header, and what its body says."""

    index: int
    header: Header
    body: Mapping[str, Any]


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Whatever cannot be read or understood while it lasts is the fault of this member of the pack: PackError."""
    try:
        yield
    except PackError:
        raise
    except _UNREADABLE as error:
        raise PackError(f"{name}: {str(error) or type(error).__name__}") from error


def member(text: str) -> str:
    """A requirement's id as the name of a file: what a file name may not hold becomes an underscore."""
    return _UNSAFE.sub("_", text)


def lines(items: list[dict[str, Any]]) -> bytes:
    """Newline-delimited canonical JSON."""
    return b"".join(canonical(item) + b"\n" for item in items)


# --- writing


def seal(files: Mapping[str, bytes], *, key: str, sign: Callable[[bytes], bytes]) -> bytes:
    """The pack of these files: adds the manifest, signed by `sign` (text → signature line), and zips."""
    listed = {name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for name, data in files.items()}
    text = _signed_text(listed)
    note = join_note(text, [sign(text)])
    manifest = canonical({"files": listed, "format": FORMAT, "key": key, "signature": note.decode()})
    return container({**files, MANIFEST: manifest})


def container(files: Mapping[str, bytes]) -> bytes:
    """The one zip that holds these files: stored, sorted by name, without dates or attributes."""
    if (
        len(files) > _SMALL_FILES
        or sum(len(name) + len(data) for name, data in files.items()) > _SMALL_BYTES
        or not all(map(_NAME.fullmatch, files))
    ):
        return _any_container(files)
    parts, listed, at = [], [], 0
    for name in sorted(files):
        data, text = files[name], name.encode()
        told = 0, 0, 0, _DAY, zlib.crc32(data), len(data), len(data), len(text), 0
        head = _HEAD.pack(b"PK\3\4", _VERSION, *told)
        listed += [_LISTED.pack(b"PK\1\2", _VERSION, _UNIX, _VERSION, *told, 0, 0, 0, _ATTRIBUTES, at), text]
        parts += [head, text, data]
        at += len(head) + len(text) + len(data)
    size = sum(map(len, listed))
    end = _END.pack(b"PK\5\6", 0, 0, len(files), len(files), size, at, 0)
    return b"".join([*parts, *listed, end])


def _any_container(files: Mapping[str, bytes]) -> bytes:
    """The same by the long way, which also knows sizes of more than 32 bits and names that no pack may hold."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, _DATE)
            info.create_system = _UNIX
            info.external_attr = _ATTRIBUTES
            archive.writestr(info, files[name])
    return out.getvalue()


def _signed_text(listed: Mapping[str, Any]) -> bytes:
    return f"{FORMAT}\n{hashlib.sha256(canonical(listed)).hexdigest()}\n".encode()


# --- reading


def unpack(data: bytes) -> dict[str, bytes]:
    """The files of a pack, provided it is byte for byte the container of these files. Raises PackError."""
    with naming("container: not a readable zip"), zipfile.ZipFile(io.BytesIO(data)) as archive:
        files: dict[str, bytes] = {}
        infos = archive.infolist()
        _check_infos(infos, len(data))
        for info in infos:
            with naming(f"{info.filename}: cannot be read"):
                files[info.filename] = _stored(data, info)
    _compare(data, files)
    return files


def _stored(data: bytes, info: zipfile.ZipInfo) -> bytes:
    """What a member holds, if it begins where it does in the only form a pack has. Raises BadZipFile."""
    begins = info.header_offset + _HEAD.size + len(info.filename)
    found = data[begins : begins + info.file_size]
    if len(found) != info.file_size or zlib.crc32(found) != info.CRC:
        raise zipfile.BadZipFile("its bytes do not have its check sum")
    return found


def _check_infos(infos: list[zipfile.ZipInfo], length: int) -> None:
    """Nothing is read that is not what a pack may hold: no strange name, nothing compressed, nothing overlapping."""
    seen: set[str] = set()
    for info in infos:
        if not _NAME.fullmatch(info.filename):
            raise PackError(f"container: {info.filename!r} is not a name that a pack holds")
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
            raise PackError(f"{info.filename}: is compressed; a pack stores its files as they are")
        if info.filename in seen:
            raise PackError(f"{info.filename}: is in the pack twice")
        seen.add(info.filename)
    if len(infos) > LIMIT_FILES or sum(info.file_size for info in infos) > min(LIMIT_BYTES, length):
        raise PackError("container: its files are said to be larger than it is, or than any pack may be")


def _compare(data: bytes, files: Mapping[str, bytes]) -> None:
    """Nothing may differ from the one container of these files, not even what no unzip program looks at."""
    again = container(files)
    if again == data:
        return
    at = _first_difference(again, data)
    raise PackError(f"container: differs at byte {at:,} from the only form this content has{_near(data, at)}")


def _first_difference(one: bytes, other: bytes) -> int:
    """How many first bytes are the same, found by halving: a pack has millions."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _near(data: bytes, at: int) -> str:
    """In the head of which member a byte lies, as far as names can still be read there."""
    start = data.rfind(b"PK\x03\x04", 0, at + 1)
    if start < 0 or start + 30 > len(data):
        return ""
    length = int.from_bytes(data[start + 26 : start + 28], "little")
    return f", near {data[start + 30 : start + 30 + min(length, 120)].decode('ascii', 'replace')}"


def check_manifest(files: Mapping[str, bytes]) -> VerifierKey:
    """Every file is there with its digest, none besides, and the list is signed. Returns the key. Raises PackError."""
    manifest = read_object(files, MANIFEST, {"files", "format", "key", "signature"})
    if manifest["format"] != FORMAT:
        raise PackError(f"{MANIFEST}: format {manifest['format']!r} is not known")
    with naming(MANIFEST):
        key = VerifierKey.parse(manifest["key"])
        listed: dict[str, dict[str, Any]] = dict(manifest["files"])
        opened = open_note(manifest["signature"].encode(), [key])
        if opened.text != _signed_text(listed) or len(opened.signatures) != 1 or opened.unknown:
            raise PackError(f"{MANIFEST}: the signature is over another list of files")
    for name in sorted({*listed, *files} - {MANIFEST}):
        if name not in files:
            raise PackError(f"{name}: is missing")
        if name not in listed:
            raise PackError(f"{name}: is not in the manifest")
        if listed[name] != {"sha256": hashlib.sha256(files[name]).hexdigest(), "size": len(files[name])}:
            raise PackError(f"{name}: its SHA-256 is not the one in the manifest")
    return key


def read_object(files: Mapping[str, bytes], name: str, keys: set[str]) -> dict[str, Any]:
    """A member that is one JSON object with exactly these keys, in canonical form. Raises PackError."""
    if name not in files:
        raise PackError(f"{name}: is missing")
    with naming(name):
        found = json.loads(files[name])
        if not isinstance(found, dict) or set(found) != keys or canonical(found) != files[name]:
            raise PackError(f"{name}: is not in its canonical form")
    return found


def check_checkpoint(files: Mapping[str, bytes], key: VerifierKey) -> SignedCheckpoint:
    """The ledger's checkpoint is signed, and the headers of all its entries lead to its root. Raises PackError."""
    if "ledger/checkpoint" not in files:
        raise PackError("ledger/checkpoint: is missing")
    with naming("ledger/checkpoint"):
        signed = open_checkpoint(files["ledger/checkpoint"], key)
    size = signed.checkpoint.size
    if (held := len(header_lines(files))) > size:
        raise PackError(f"ledger/headers.ndjson: has {held:,} entries; the checkpoint is signed over {size:,}")
    if headers_root(files, size) != signed.checkpoint.root:
        raise PackError("ledger/headers.ndjson: the entries do not lead to the root in the checkpoint")
    return signed


def headers_root(files: Mapping[str, bytes], size: int) -> bytes:
    """The root over the first `size` entries, from their headers. Raises PackError if there are not as many."""
    headers = header_lines(files)
    if len(headers) < size:
        raise PackError(f"ledger/headers.ndjson: has {len(headers):,} of {size:,} entries")
    return Frontier().extended([leaf_hash(line) for line in headers[:size]]).root()


def header_lines(files: Mapping[str, bytes]) -> list[bytes]:
    """The header of every ledger entry, in order: the data of the tree's leaves."""
    return _lines_of(files, "ledger/headers.ndjson")


def check_entries(files: Mapping[str, bytes], signed: SignedCheckpoint, kinds: frozenset[str]) -> tuple[Entry, ...]:
    """Every entry given is in the ledger and says what it said; of these kinds none was left out. Raises PackError."""
    headers = header_lines(files)
    proofs = {item["index"]: item["hashes"] for item in _items(files, "ledger/proofs.ndjson", {"index", "hashes"})}
    found: list[Entry] = []
    for item in _items(files, "ledger/entries.ndjson", {"index", "header", "salt", "body"}):
        index = item["index"]
        if index not in proofs:
            raise PackError(f"ledger/proofs.ndjson: entry {index} has no proof")
        with naming(f"ledger/entries.ndjson: entry {index}"):
            found.append(_entry(item, headers, proofs.pop(index), signed))
    for index in proofs:
        raise PackError(f"ledger/proofs.ndjson: entry {index} is not among the entries")
    given = {entry.index for entry in found}
    for index, text in enumerate(headers):
        with naming(f"ledger/headers.ndjson: entry {index}"):
            kind = Header.from_bytes(text).kind
        if index not in given and kind in kinds:
            raise PackError(f"ledger/entries.ndjson: entry {index} was left out")
    return tuple(found)


def _entry(item: Mapping[str, Any], headers: list[bytes], hashes: list[str], signed: SignedCheckpoint) -> Entry:
    where = f"ledger/entries.ndjson: entry {item['index']}"
    index, text, body = item["index"], item["header"].encode(), item["body"].encode()
    header = Header.from_bytes(text)
    if index >= len(headers) or headers[index] != text:
        raise PackError(f"{where}: is not the entry at its position")
    with naming(f"ledger/proofs.ndjson: entry {index}"):
        root, size = signed.checkpoint.root, signed.checkpoint.size
        verify_inclusion(leaf_hash(text), index=index, size=size, proof=[_hex(one) for one in hashes], root=root)
    if salted_digest(_hex(item["salt"]), body).hex() != header.body:
        raise PackError(f"{where}: the body is not the one the ledger committed to")
    found = json.loads(body)
    if not isinstance(found, dict):
        raise PackError(f"{where}: the body is not an object")
    return Entry(index=index, header=header, body=found)


def _hex(text: str) -> bytes:
    if not _HEX.fullmatch(text):
        raise LedgerError(f"{text[:80]!r} is not lower-case hex")
    return bytes.fromhex(text)


def _lines_of(files: Mapping[str, bytes], name: str) -> list[bytes]:
    """The lines of a member, each of them ending in a newline."""
    if name not in files:
        raise PackError(f"{name}: is missing")
    *found, rest = files[name].split(b"\n")
    if rest:
        raise PackError(f"{name}: ends within a line")
    return found


def _items(files: Mapping[str, bytes], name: str, keys: set[str]) -> list[dict[str, Any]]:
    """The objects of a member with one canonical object to a line, by rising index."""
    found: list[dict[str, Any]] = []
    with naming(name):
        for number, line in enumerate(_lines_of(files, name), start=1):
            item = json.loads(line)
            if not isinstance(item, dict) or set(item) != keys or canonical(item) != line:
                raise PackError(f"{name}: line {number} is not in its canonical form")
            if type(item["index"]) is not int or item["index"] <= (found[-1]["index"] if found else -1):
                raise PackError(f"{name}: line {number} is not in its place")
            found.append(item)
    return found
