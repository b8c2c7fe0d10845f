"""The ledger as static files: tiles of hashes, bundles of entries, and proof files that travel with a document.

Source: C2SP tlog-tiles v0.1.0 (height 8, 256 hashes to a full tile) and C2SP tlog-proof v1.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self

from annexa.pure.ledger import ENTRY_LIMIT, HASH_BYTES, Frontier, LedgerError, NodeReader, node_hash, verify_inclusion
from annexa.pure.notes import (
    NoteError,
    SignedCheckpoint,
    VerifierKey,
    open_checkpoint,
    read_base64,
    read_count,
    write_base64,
    write_count,
)

TILE_WIDTH: Final = 256
"""Hashes in a full tile, entries in a full bundle."""
TILE_HEIGHT: Final = 8

Level = int | Literal["entries"]
"""0 for the tiles of leaf hashes, 1 for those of the roots of full tiles, and so on; "entries" for the bundles."""

_DEEPEST_LEVEL: Final = 63
_DEEPEST_PROOF: Final = 63
_LENGTH_BYTES: Final = 2
_PROOF_HEADING: Final = "c2sp.org/tlog-proof@v1"
_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


class TileError(LedgerError):
    """A tile, a bundle of entries or a proof file is malformed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """Which file of the ledger: tile or bundle `n` (from 0) of a level, holding its first `width` hashes or entries."""

    level: Level
    n: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        if self.level != "entries" and not 0 <= self.level <= _DEEPEST_LEVEL:
            raise TileError(f"There is no tile level {self.level}; levels run from 0 to {_DEEPEST_LEVEL}.")
        if not 0 <= self.n < 2**63:
            raise TileError(f"There is no tile {self.n}.")
        if not 1 <= self.width <= TILE_WIDTH:
            raise TileError(f"A tile cannot be {self.width} wide; widths run from 1 to {TILE_WIDTH}.")

    @property
    def full(self) -> bool:
        """Whether the tile will never grow again."""
        return self.width == TILE_WIDTH


TileReader = Callable[[Tile], bytes]
"""The bytes of a tile of hashes."""


def tile_path(level: Level, n: int, width: int = TILE_WIDTH) -> str:
    """Where a tile or bundle is served, relative to the ledger's address: `tile/0/x001/x234/067.p/8`."""
    tile = Tile(level=level, n=n, width=width)
    digits = str(tile.n)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
    place = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
    return f"tile/{tile.level}/{place}" + ("" if tile.full else f".p/{tile.width}")


def parse_tile_path(path: str) -> Tile:
    """The tile or bundle that a path names, in exactly the spelling of `tile_path`."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise TileError(f"{path[:200]!r} is not the path of a tile, such as tile/0/x001/067 or tile/entries/000.p/12.")
    level: Level = "entries" if found[1] == "entries" else int(found[1])
    n = int(found[2].replace("/", "").replace("x", ""))
    tile = Tile(level=level, n=n, width=int(found[3]) if found[3] else TILE_WIDTH)
    if tile_path(tile.level, tile.n, tile.width) != path:
        raise TileError(f"{path[:200]!r} must be written {tile_path(tile.level, tile.n, tile.width)!r}.")
    return tile


# Tiles of hashes ----------------------------------------------------------------------------------------------


def tiles_of(size: int) -> tuple[Tile, ...]:
    """Every tile of hashes that shows a tree of `size` entries, lowest level first, full ones before the partial."""
    tiles: list[Tile] = []
    level, count = 0, size
    while count:
        full, rest = divmod(count, TILE_WIDTH)
        tiles.extend(Tile(level=level, n=n) for n in range(full))
        tiles.extend([Tile(level=level, n=full, width=rest)] if rest else [])
        level, count = level + 1, full
    return tuple(tiles)


def grown_tiles(size: int, leaves: Sequence[bytes], read: TileReader) -> tuple[tuple[Tile, bytes], ...]:
    """The tiles to write when leaf hashes are added to a tree of `size` entries: each tile with its bytes.

    Reads at most one partial tile of the present tree on each level.
    """
    made: list[tuple[Tile, bytes]] = []
    level, start, hashes = 0, size, list(leaves)
    while hashes:
        n, have = divmod(start, TILE_WIDTH)
        before = read_tile(Tile(level=level, n=n, width=have), read) if have else b""
        data = before + b"".join(hashes)
        hashes = []
        for place, chunk in enumerate(_chunks(data)):
            tile = Tile(level=level, n=n + place, width=len(chunk) // HASH_BYTES)
            made.append((tile, chunk))
            hashes.extend([tile_root(chunk)] if tile.full else [])
        level, start = level + 1, n
    return tuple(made)


def tile_root(data: bytes) -> bytes:
    """The hash over a tile's hashes; for a full tile, its hash in the level above."""
    return Frontier().extended(split_hashes(data)).root()


def split_hashes(data: bytes) -> tuple[bytes, ...]:
    """The hashes that stand one after the other in a tile."""
    if len(data) % HASH_BYTES or not 0 < len(data) <= HASH_BYTES * TILE_WIDTH:
        raise TileError(f"A tile of {len(data)} bytes; it must hold 1 to {TILE_WIDTH} hashes of {HASH_BYTES} bytes.")
    return tuple(data[start : start + HASH_BYTES] for start in range(0, len(data), HASH_BYTES))


def read_tile(tile: Tile, read: TileReader) -> bytes:
    """The bytes of a tile, refused when they are not as many as its width asks for."""
    data = read(tile)
    if len(data) != tile.width * HASH_BYTES:
        path = tile_path(tile.level, tile.n, tile.width)
        raise TileError(f"{path} has {len(data)} bytes; it must have {tile.width * HASH_BYTES}.")
    return data


def node_reader(size: int, read: TileReader) -> NodeReader:
    """What proofs are made from when the ledger is at hand only as tiles: nodes of the tree of `size` entries.

    Each tile is read once for the life of the returned function. What the tiles say is not checked here: a proof
    made from forged tiles does not verify.
    """
    tiles: dict[Tile, tuple[bytes, ...]] = {}

    def node(level: int, index: int) -> bytes:
        if (index + 1) << level > size:
            raise LedgerError(f"Node {index} on level {level} is not complete in a tree of {size} entries.")
        tile_level, above = divmod(level, TILE_HEIGHT)
        n, first = divmod(index << above, TILE_WIDTH)
        width = min(TILE_WIDTH, (size >> (TILE_HEIGHT * tile_level)) - n * TILE_WIDTH)
        tile = Tile(level=tile_level, n=n, width=width)
        if tile not in tiles:
            tiles[tile] = split_hashes(read_tile(tile, read))
        return _complete_root(tiles[tile][first : first + (1 << above)])

    return node


def _complete_root(hashes: Sequence[bytes]) -> bytes:
    while len(hashes) > 1:
        hashes = [node_hash(hashes[place], hashes[place + 1]) for place in range(0, len(hashes), 2)]
    return hashes[0]


def _chunks(data: bytes) -> Iterable[bytes]:
    step = TILE_WIDTH * HASH_BYTES
    return (data[start : start + step] for start in range(0, len(data), step))


# Bundles of entries -------------------------------------------------------------------------------------------


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """Up to 256 entries one after the other, each after its length in two bytes (big-endian)."""
    if not 1 <= len(entries) <= TILE_WIDTH:
        raise TileError(f"A bundle of {len(entries)} entries; it must hold 1 to {TILE_WIDTH}.")
    for place, entry in enumerate(entries):
        if len(entry) > ENTRY_LIMIT:
            raise TileError(f"Entry {place} of the bundle has {len(entry)} bytes; at most {ENTRY_LIMIT} fit.")
    return b"".join(len(entry).to_bytes(_LENGTH_BYTES, "big") + entry for entry in entries)


def decode_entries(data: bytes) -> tuple[bytes, ...]:
    """The entries of a bundle; a bundle that ends within an entry is refused."""
    entries: list[bytes] = []
    start = 0
    while start < len(data):
        begin = start + _LENGTH_BYTES
        end = begin + int.from_bytes(data[start:begin], "big")
        if begin > len(data) or end > len(data):
            raise TileError(f"The bundle ends within entry {len(entries)}: {len(data)} bytes are too few.")
        entries.append(data[begin:end])
        start = end
    if not 1 <= len(entries) <= TILE_WIDTH:
        raise TileError(f"A bundle of {len(entries)} entries; it must hold 1 to {TILE_WIDTH}.")
    return tuple(entries)


# Proof files --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProof:
    """A `.tlog-proof` file: all that shows, without a server, that an entry is in the ledger.

    `checkpoint` is the signed note as it was published. `extra` is not covered by any signature; empty means none.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes = b""

    def to_bytes(self) -> bytes:
        """The file."""
        lines = [_PROOF_HEADING]
        lines += [f"extra {write_base64(self.extra)}"] if self.extra else []
        lines += [f"index {write_count(self.index)}", *map(write_base64, self.hashes), ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.checkpoint

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The proof in a file. Its form is checked here; what it shows, by `verify_log_proof`."""
        head, found, checkpoint = data.partition(b"\n\n")
        heading, *lines = head.decode("ascii", errors="replace").split("\n")
        if heading != _PROOF_HEADING or not found:
            raise TileError(f"Not a proof file: it begins with {_PROOF_HEADING}, and ends with a checkpoint.")
        try:
            extra = read_base64(_labelled("extra", lines) or "")
            index = read_count(_labelled("index", lines) or "")
            hashes = tuple(map(read_base64, lines))
            proof = cls(index=index, hashes=hashes, checkpoint=checkpoint, extra=extra)
        except NoteError as error:
            raise TileError(f"Proof file: {error}") from None
        if len(hashes) > _DEEPEST_PROOF or any(len(value) != HASH_BYTES for value in hashes):
            raise TileError(f"Proof file: up to {_DEEPEST_PROOF} hashes of {HASH_BYTES} bytes may follow the index.")
        if proof.to_bytes() != data:
            raise TileError("Proof file: an empty `extra` line must be left out.")
        return proof


def _labelled(label: str, lines: list[str]) -> str | None:
    """Take the first line, without its label, if it has this label."""
    return lines.pop(0).removeprefix(f"{label} ") if lines and lines[0].startswith(f"{label} ") else None


def verify_log_proof(
    proof: LogProof, *, leaf: bytes, log: VerifierKey, witnesses: Iterable[VerifierKey] = ()
) -> SignedCheckpoint:
    """Anyone's check, offline, that the entry with this leaf hash is in the ledger whose key they trust.

    Raises NoteError when the checkpoint does not hold, ProofError when the entry is not where the proof says.
    """
    signed = open_checkpoint(proof.checkpoint, log, witnesses)
    head = signed.checkpoint
    verify_inclusion(leaf, index=proof.index, size=head.size, proof=proof.hashes, root=head.root)
    return signed
