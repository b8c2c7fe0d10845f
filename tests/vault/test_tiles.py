"""The published ledger: what is out cannot be changed, and a copy of the files is enough to prove everything."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from annexa.pure.ledger import Frontier, inclusion_proof, leaf_hash, verify_inclusion
from annexa.pure.notes import Checkpoint, VerifierKey, join_note, open_checkpoint
from annexa.pure.tiles import Tile, TileError, decode_entries, encode_entries, grown_tiles, node_reader
from annexa.vault.keys import load_or_create_key
from annexa.vault.tiles import TileConflictError, TileMissingError, TileStore

HASHES = b"".join(leaf_hash(b"%d" % number) for number in range(256))
ENTRIES = [b"entry %d" % number for number in range(256)]


@pytest.fixture
def store(tmp_path: Path) -> TileStore:
    """An empty store."""
    return TileStore(tmp_path / "ledger")


def files_in(folder: Path) -> list[str]:
    """Every file below a folder, by its path there."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


class TestTiles:
    """Tiles and bundles."""

    def test_it_works(self, store: TileStore, tmp_path: Path) -> None:
        """Files lie where they are served, read-only, and come back as they were."""
        store.write_tile(0, 1234067, 256, HASHES)
        store.write_tile(1, 0, 2, HASHES[:64])
        store.write_entries(0, 3, encode_entries(ENTRIES[:3]))
        assert files_in(tmp_path / "ledger") == [
            "tile/0/x001/x234/067",
            "tile/1/000.p/2",
            "tile/entries/000.p/3",
        ]
        assert store.read_tile(0, 1234067) == HASHES
        assert store.read_tile(1, 0, 2) == HASHES[:64]
        assert decode_entries(store.read_entries(0, 3)) == tuple(ENTRIES[:3])
        assert (tmp_path / "ledger/tile/1/000.p/2").stat().st_mode & 0o222 == 0

    def test_published_files_never_change(self, store: TileStore) -> None:
        """The same bytes again are fine, other bytes are refused, for full and partial files alike."""
        forged = HASHES[:-1] + bytes([HASHES[-1] ^ 1])
        for width in (7, 256):
            store.write_tile(0, 0, width, HASHES[: width * 32])
            store.write_tile(0, 0, width, HASHES[: width * 32])
            with pytest.raises(TileConflictError, match=r"tile/0/000.*already published"):
                store.write_tile(0, 0, width, forged[-width * 32 :])
            assert store.read_tile(0, 0, width) == HASHES[: width * 32]
        store.write_entries(0, 2, encode_entries(ENTRIES[:2]))
        with pytest.raises(TileConflictError, match="tile/entries/000"):
            store.write_entries(0, 2, encode_entries(ENTRIES[1:3]))

    def test_a_full_file_replaces_the_partial_ones(self, store: TileStore, tmp_path: Path) -> None:
        """Older checkpoints can still be read, from the beginning of the full file."""
        for width in (1, 200, 256):
            store.write_tile(0, 0, width, HASHES[: width * 32])
            store.write_entries(0, width, encode_entries(ENTRIES[:width]))
        assert files_in(tmp_path / "ledger") == ["tile/0/000", "tile/entries/000"]
        assert store.read_tile(0, 0, 200) == HASHES[: 200 * 32]
        assert store.read_entries(0, 200) == encode_entries(ENTRIES[:200])
        store.write_tile(0, 0, 200, HASHES[: 200 * 32])
        with pytest.raises(TileConflictError):
            store.write_tile(0, 0, 1, HASHES[32:64])
        assert files_in(tmp_path / "ledger") == ["tile/0/000", "tile/entries/000"]

    def test_what_it_refuses(self, store: TileStore) -> None:
        """A file whose name promises another width is not published."""
        with pytest.raises(TileError, match="3 wide has 96 bytes"):
            store.write_tile(0, 0, 3, HASHES)
        with pytest.raises(TileError, match="2 wide has 2 entries, not 3"):
            store.write_entries(0, 2, encode_entries(ENTRIES[:3]))
        with pytest.raises(TileError, match="level 64"):
            store.write_tile(64, 0, 256, HASHES)

    def test_what_is_not_there(self, store: TileStore) -> None:
        """A tile that is not published is missing; so is one wider than what is published."""
        store.write_tile(0, 0, 3, HASHES[:96])
        for width in (4, 256):
            with pytest.raises(TileMissingError, match="not published"):
                store.read_tile(0, 0, width)
        with pytest.raises(TileMissingError):
            store.read_entries(0)

    def test_sweep(self, store: TileStore, tmp_path: Path) -> None:
        """What a killed process left is removed, what is published stays."""
        store.write_tile(0, 0, 256, HASHES)
        (tmp_path / "ledger/.incoming/left").write_bytes(b"part")
        assert store.sweep(older_than=datetime(2999, 1, 1, tzinfo=UTC)) == 1
        assert files_in(tmp_path / "ledger") == ["tile/0/000"]


class TestCheckpoint:
    """The one file that changes."""

    def test_it_works(self, store: TileStore, tmp_path: Path) -> None:
        """The newest replaces the one before in one step."""
        with pytest.raises(TileMissingError, match="not published a checkpoint"):
            store.read_checkpoint()
        for note in (b"first\n", b"second\n"):
            store.write_checkpoint(note)
            assert store.read_checkpoint() == note
        assert files_in(tmp_path / "ledger") == ["checkpoint"]

    def test_a_ledger_from_first_entry_to_proof(self, store: TileStore, tmp_path: Path) -> None:
        """Grow a ledger in steps, publish it, and prove an entry from the files and the public key alone."""
        signer = load_or_create_key(tmp_path / "keys", "annexa.example/ledger")
        frontier = Frontier()
        for batch in (1, 200, 100, 300):
            leaves = [leaf_hash(b"entry %d" % number) for number in range(frontier.size, frontier.size + batch)]
            grown = grown_tiles(
                frontier.size, leaves, lambda tile: store.read_tile(int(tile.level), tile.n, tile.width)
            )
            frontier = frontier.extended(leaves)
            for tile, data in grown:
                store.write_tile(int(tile.level), tile.n, tile.width, data)
            text = Checkpoint(origin=signer.name, size=frontier.size, root=frontier.root()).to_bytes()
            store.write_checkpoint(join_note(text, [signer.sign(text)]))

        def read(tile: Tile) -> bytes:
            return TileStore(tmp_path / "ledger").read_tile(int(tile.level), tile.n, tile.width)

        head = open_checkpoint(store.read_checkpoint(), VerifierKey.parse(signer.verifier_key)).checkpoint
        proof = inclusion_proof(300, size=head.size, node=node_reader(head.size, read))
        verify_inclusion(leaf_hash(b"entry 300"), index=300, size=601, proof=proof, root=head.root)
