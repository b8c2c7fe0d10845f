"""Trees over many leaves are those of the ledger, and a record proof shows what it says or nothing."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.ledger import Frontier, LedgerError, verify_inclusion
from annexa.pure.segment_proofs import tree_levels, tree_path, tree_root


@given(st.integers(0, 70))
def test_the_tree_is_the_ledgers(count: int) -> None:
    """Built from below, it has the root that RFC 9162 defines from above, and paths that verify."""
    leaves = [sha256(bytes([n])).digest() for n in range(count)]
    levels = tree_levels(b"".join(leaves))
    root = tree_root(b"".join(leaves))
    assert root == Frontier().extended(leaves).root()
    for index, leaf in enumerate(leaves):
        verify_inclusion(leaf, index=index, size=count, proof=tree_path(levels, index), root=root)
    with pytest.raises(LedgerError, match=f"no row {count}"):
        tree_path(levels, count)


def test_half_a_hash_is_no_leaf() -> None:
    with pytest.raises(LedgerError, match="33 bytes"):
        tree_root(bytes(33))
