"""The published ledger as files: tiles and bundles that never change, and one checkpoint that does."""

import shutil
from datetime import datetime
from pathlib import Path

from annexa.pure.ledger import HASH_BYTES
from annexa.pure.tiles import TILE_WIDTH, Level, TileError, decode_entries, encode_entries, tile_path
from annexa.vault import VaultError, durable


class TileConflictError(VaultError):
    """A published ledger file would be changed."""


class TileMissingError(VaultError):
    """A ledger file does not exist (yet)."""


class TileStore:
    """The ledger's files in a local folder, laid out as they are served. One process writes, any number read.

    Positions must be final before anything is written: what was written once cannot be written differently.
    """

    def __init__(self, folder: Path) -> None:
        """`folder`: holds `checkpoint` and `tile/`; made on the first write."""
        self._root = folder

    def write_tile(self, level: int, n: int, width: int, data: bytes) -> None:
        """Publish a tile of hashes. Once a full tile is on the disk, the partial ones it grew from are removed.

        Raises TileConflictError if other bytes are already published under this name, TileError if the length is wrong.
        """
        if len(data) != width * HASH_BYTES:
            raise TileError(f"A tile {width} wide has {width * HASH_BYTES} bytes, not {len(data)}.")
        self._write(level, n, width, data)

    def read_tile(self, level: int, n: int, width: int = TILE_WIDTH) -> bytes:
        """The first `width` hashes of a tile, from the full tile if that is all there is. Raises TileMissingError."""
        return self._read(level, n, width)

    def write_entries(self, n: int, width: int, data: bytes) -> None:
        """Publish a bundle of entries as `pure.tiles.encode_entries` writes it; otherwise like `write_tile`."""
        if (held := len(decode_entries(data))) != width:
            raise TileError(f"A bundle {width} wide has {width} entries, not {held}.")
        self._write("entries", n, width, data)

    def read_entries(self, n: int, width: int = TILE_WIDTH) -> bytes:
        """The first `width` entries of a bundle, still encoded; otherwise like `read_tile`."""
        return self._read("entries", n, width)

    def write_checkpoint(self, note: bytes) -> None:
        """Publish the signed state of the ledger in place of the one before. Write the tiles it needs first."""
        durable.write_file(self._root, self._root / "checkpoint", note, mode=0o644)

    def read_checkpoint(self) -> bytes:
        """The signed state of the ledger last published. Raises TileMissingError before the first."""
        try:
            return (self._root / "checkpoint").read_bytes()
        except FileNotFoundError:
            raise TileMissingError("The ledger has not published a checkpoint yet.") from None

    def sweep(self, *, older_than: datetime) -> int:
        """Remove what killed processes left unfinished before this instant (aware); returns how many files."""
        return durable.sweep(self._root, older_than=older_than)

    def _write(self, level: Level, n: int, width: int, data: bytes) -> None:
        name = tile_path(level, n, width)
        path = self._root / name
        published = self._find(level, n, width)
        if published is None:
            durable.write_file(self._root, path, data)
        elif published != data:
            raise TileConflictError(
                f"{name} is already published with other bytes. The ledger's database and its tiles have parted; "
                "restore both from the same backup."
            )
        elif path.is_file():
            durable.sync_folders(self._root, path.parent)  # the process that wrote it may have died just before this
        if width == TILE_WIDTH:
            shutil.rmtree(path.with_name(f"{path.name}.p"), ignore_errors=True)

    def _read(self, level: Level, n: int, width: int) -> bytes:
        published = self._find(level, n, width)
        if published is None:
            raise TileMissingError(f"{tile_path(level, n, width)} is not published.")
        return published

    def _find(self, level: Level, n: int, width: int) -> bytes | None:
        """The bytes as published, or else cut from the full tile, which may come to be while this looks."""
        for candidate in (width, TILE_WIDTH):
            try:
                return _cut(level, (self._root / tile_path(level, n, candidate)).read_bytes(), width)
            except FileNotFoundError:
                continue
        return None


def _cut(level: Level, data: bytes, width: int) -> bytes:
    return encode_entries(decode_entries(data)[:width]) if level == "entries" else data[: width * HASH_BYTES]
