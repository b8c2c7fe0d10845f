"""The ledger as files: paths, tiles, bundles and proof files, each with one form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.ledger import (
    ENTRY_LIMIT,
    Frontier,
    LedgerError,
    ProofError,
    consistency_proof,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from annexa.pure.notes import Checkpoint, NoteError, VerifierKey, join_note, sign_text, write_base64
from annexa.pure.tiles import (
    Level,
    LogProof,
    Tile,
    TileError,
    decode_entries,
    encode_entries,
    grown_tiles,
    node_reader,
    parse_tile_path,
    tile_path,
    tile_root,
    tiles_of,
    verify_log_proof,
)
from tests.pure.ledger_samples import flipped, sample_leaves
from tests.pure.test_notes import KEY, LOG, ORIGIN, WITNESS

SIZE = 70_000
LEAVES = sample_leaves(SIZE)


def grow(*sizes: int) -> dict[Tile, bytes]:
    """The tiles of a tree that grew through these sizes."""
    tiles: dict[Tile, bytes] = {}
    for before, after in zip((0, *sizes), sizes, strict=False):
        tiles.update(grown_tiles(before, LEAVES[before:after], tiles.__getitem__))
    return tiles


@pytest.fixture(scope="module")
def tiles() -> dict[Tile, bytes]:
    """The tiles of the example of 70,000 entries in the tile specification, grown in uneven steps."""
    return grow(1, 3, 255, 256, 257, 600, 65_536, 65_537, SIZE)


class TestPaths:
    """Where a tile is served."""

    @pytest.mark.parametrize(
        ("level", "n", "width", "path"),
        [
            (0, 0, 256, "tile/0/000"),
            (1, 67, 17, "tile/1/067.p/17"),
            (0, 1234067, 256, "tile/0/x001/x234/067"),
            (63, 1000, 1, "tile/63/x001/000.p/1"),
            ("entries", 999, 255, "tile/entries/999.p/255"),
            (0, 2**63 - 1, 256, "tile/0/x009/x223/x372/x036/x854/x775/807"),
        ],
    )
    def test_it_works(self, level: Level, n: int, width: int, path: str) -> None:
        """Writing and reading agree."""
        assert tile_path(level, n, width) == path
        assert parse_tile_path(path) == Tile(level=level, n=n, width=width)

    @pytest.mark.parametrize(
        "path",
        [
            "",
            "checkpoint",
            "/tile/0/000",
            "tile/00/000",
            "tile/64/000",
            "tile/-1/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/x000/067",
            "tile/0/001/067",
            "tile/0/x001/x234",
            "tile/0/000.p/0",
            "tile/0/000.p/01",
            "tile/0/000.p/256",
            "tile/0/000.p/",
            "tile/0/000\n",
            "tile/0/../000",
            "tile/0/٠٠٠",
            "tile/data/000",
            "tile/0/x009/x223/x372/x036/x854/x775/808",
            "tile/0/" + "x999/" * 9 + "999",
        ],
    )
    def test_other_spellings_are_refused(self, path: str) -> None:
        """A file has one path, and no path leads outside."""
        with pytest.raises(TileError):
            parse_tile_path(path)

    @pytest.mark.parametrize(("level", "n", "width"), [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)])
    def test_tiles_that_cannot_be(self, level: int, n: int, width: int) -> None:
        """Neither a path nor a tile is made of numbers out of range."""
        with pytest.raises(TileError):
            tile_path(level, n, width)


class TestTiles:
    """Hashes in tiles."""

    def test_the_example_of_the_specification(self, tiles: dict[Tile, bytes]) -> None:
        """A tree of 70,000 has 273 full tiles below, a partial one of 112, then 1 and 17, then 1."""
        needed = tiles_of(SIZE)
        assert len(needed) == 273 + 1 + 1 + 1 + 1
        assert [(tile.level, tile.width) for tile in needed if not tile.full] == [(0, 112), (1, 17), (2, 1)]
        assert {tile: len(tiles[tile]) for tile in needed} == {tile: tile.width * 32 for tile in needed}
        assert tiles_of(256) == (Tile(level=0, n=0), Tile(level=1, n=0, width=1))
        assert tiles_of(0) == ()

    def test_steps_do_not_matter(self, tiles: dict[Tile, bytes]) -> None:
        """However the entries came, the tiles of a tree are the same."""
        at_once = grow(SIZE)
        assert at_once == {tile: tiles[tile] for tile in tiles_of(SIZE)}
        assert set(at_once) == set(tiles_of(SIZE))

    def test_proofs_can_be_made_from_tiles_alone(self, tiles: dict[Tile, bytes]) -> None:
        """Whoever holds a copy of the static files needs nothing else."""
        root = Frontier().extended(LEAVES).root()
        node = node_reader(SIZE, tiles.__getitem__)
        for index in (0, 255, 256, 65_535, 65_536, SIZE - 1):
            proof = inclusion_proof(index, size=SIZE, node=node)
            verify_inclusion(LEAVES[index], index=index, size=SIZE, proof=proof, root=root)
        for old in (1, 255, 256, 257, 65_536, SIZE - 1):
            proof = consistency_proof(old, new=SIZE, node=node)
            old_root = Frontier().extended(LEAVES[:old]).root()
            verify_consistency(old, new=SIZE, proof=proof, old_root=old_root, new_root=root)

    def test_forged_tiles_prove_nothing(self, tiles: dict[Tile, bytes]) -> None:
        """A changed tile gives a proof that does not hold."""
        forged = dict(tiles) | {Tile(level=0, n=3): flipped(tiles[Tile(level=0, n=3)], 77)}
        proof = inclusion_proof(3 * 256 + 5, size=SIZE, node=node_reader(SIZE, forged.__getitem__))
        with pytest.raises(ProofError):
            verify_inclusion(
                LEAVES[3 * 256 + 5],
                index=3 * 256 + 5,
                size=SIZE,
                proof=proof,
                root=Frontier().extended(LEAVES).root(),
            )

    def test_what_it_refuses(self, tiles: dict[Tile, bytes]) -> None:
        """Tiles of a wrong length, and nodes the tree does not have yet."""
        for data in (b"", bytes(31), bytes(32 * 257)):
            with pytest.raises(TileError):
                tile_root(data)
        with pytest.raises(TileError, match=r"tile/0/000\.p/3 has 32 bytes"):
            grown_tiles(3, LEAVES[3:4], lambda _: bytes(32))
        with pytest.raises(LedgerError, match="not complete"):
            node_reader(SIZE, tiles.__getitem__)(0, SIZE)


class TestBundles:
    """Entries in bundles."""

    @given(st.lists(st.binary(max_size=40), min_size=1, max_size=256))
    def test_it_works(self, entries: list[bytes]) -> None:
        """Reading returns what was written."""
        assert decode_entries(encode_entries(entries)) == tuple(entries)

    def test_the_form(self) -> None:
        """The length stands before the entry, high byte first."""
        assert encode_entries([b"ab", b"", b"x" * 258])[:8] == b"\x00\x02ab\x00\x00\x01\x02"
        assert decode_entries(encode_entries([b"x" * ENTRY_LIMIT]))[0] == b"x" * ENTRY_LIMIT

    def test_what_it_refuses(self) -> None:
        """Too many, none, too long, cut off."""
        for entries in ([], [b""] * 257, [b"x" * (ENTRY_LIMIT + 1)]):
            with pytest.raises(TileError):
                encode_entries(entries)
        for data in (b"", b"\x00", b"\x00\x02a", encode_entries([b"ab"]) + b"\x00", b"\x00\x00" * 257):
            with pytest.raises(TileError):
                decode_entries(data)


def proof_of(index: int, extra: bytes = b"") -> LogProof:
    """The proof file for one entry of a ledger of 1,000."""
    tiles = grow(1000)
    text = Checkpoint(origin=ORIGIN, size=1000, root=Frontier().extended(LEAVES[:1000]).root()).to_bytes()
    return LogProof(
        index=index,
        hashes=inclusion_proof(index, size=1000, node=node_reader(1000, tiles.__getitem__)),
        checkpoint=join_note(text, [sign_text(text, name=ORIGIN, key=KEY)]),
        extra=extra,
    )


class TestProofFiles:
    """A proof that travels with a document."""

    @pytest.mark.parametrize("extra", [b"", b"more"])
    def test_it_works(self, extra: bytes) -> None:
        """The file can be read back and shows, with nothing but the key, that the entry is there."""
        proof = proof_of(737, extra)
        lines = proof.to_bytes().decode().split("\n")
        expected = [f"extra {write_base64(extra)}"] * bool(extra) + ["index 737", *map(write_base64, proof.hashes), ""]
        assert lines[0] == "c2sp.org/tlog-proof@v1"
        assert lines[1 : len(expected) + 1] == expected
        assert "\n".join(lines[len(expected) + 1 :]).encode() == proof.checkpoint
        assert LogProof.from_bytes(proof.to_bytes()) == proof
        assert verify_log_proof(proof, leaf=LEAVES[737], log=LOG).checkpoint.size == 1000

    def test_a_ledger_of_one_entry_needs_no_hashes(self) -> None:
        """The empty line follows the index at once."""
        text = Checkpoint(origin=ORIGIN, size=1, root=LEAVES[0]).to_bytes()
        proof = LogProof(index=0, hashes=(), checkpoint=join_note(text, [sign_text(text, name=ORIGIN, key=KEY)]))
        assert LogProof.from_bytes(proof.to_bytes()) == proof
        verify_log_proof(proof, leaf=LEAVES[0], log=LOG)

    def test_another_entry_or_key_is_refused(self) -> None:
        """The proof holds for one entry, in one ledger."""
        with pytest.raises(ProofError):
            verify_log_proof(proof_of(737), leaf=LEAVES[736], log=LOG)
        with pytest.raises(NoteError):
            verify_log_proof(proof_of(737), leaf=LEAVES[737], log=VerifierKey(name=ORIGIN, public=WITNESS.public))

    @given(st.integers(0, 10**6))
    def test_any_flipped_bit_is_refused(self, bit: int) -> None:
        """No bit of the file can change unnoticed."""
        with pytest.raises(LedgerError):
            verify_log_proof(LogProof.from_bytes(flipped(SAMPLE, bit)), leaf=LEAVES[737], log=LOG)

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"@v1", b"@v2"),
            (b"index 737", b"index 0737"),
            (b"index 737\n", b""),
            (b"index 737\n", b"extra \nindex 737\n"),
            (b"index 737\n", b"index 737\nextra AAAA\n"),
            (b"index 737\n", b"index 737\nAAAA\n"),
            (b"index 737\n", b"index 737\nindex 737\n"),
            (b"index 737\n", b"index 737\n" + write_base64(bytes(32)).encode() * 2 + b"\n"),
            (b"index 737\n", b"index 737\n" + (write_base64(bytes(32)).encode() + b"\n") * 64),
            (b"\n\n", b"\n"),
            (b"\n", b"\r\n"),
            (b"c2sp", b"\xff"),
        ],
    )
    def test_other_forms_are_refused(self, old: bytes, new: bytes) -> None:
        """A proof file has one form."""
        with pytest.raises(TileError):
            LogProof.from_bytes(SAMPLE.replace(old, new))


SAMPLE = proof_of(737).to_bytes()
