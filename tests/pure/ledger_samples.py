"""Trees small enough to be worked out from the definition, for the tests of the ledger."""

from annexa.pure.ledger import EMPTY_ROOT, NodeReader, leaf_hash, node_hash

# Known answers of the certificate-transparency project: eight entries, and the root after each of them.
CT_ENTRIES = tuple(
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
)
CT_ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def naive_root(leaves: tuple[bytes, ...]) -> bytes:
    """The root straight from the definition in RFC 6962 2.1, sharing nothing with the product but two hashes."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return node_hash(naive_root(leaves[:middle]), naive_root(leaves[middle:]))


def sample_leaves(count: int) -> tuple[bytes, ...]:
    """Leaf hashes of `count` different entries."""
    return tuple(leaf_hash(b"entry %d" % place) for place in range(count))


def nodes_of(leaves: tuple[bytes, ...]) -> NodeReader:
    """Every complete subtree of the tree over these leaves."""
    levels = [leaves]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append(tuple(node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)))
    return lambda level, index: levels[level][index]


def flipped(data: bytes, bit: int) -> bytes:
    """The same bytes but for one bit, counted from the first and starting again at the end."""
    place, shift = divmod(bit % (len(data) * 8), 8)
    return data[:place] + bytes([data[place] ^ (1 << shift)]) + data[place + 1 :]
