"""Sealing with a passphrase: nothing is read without it, and no byte of what was sealed can change unnoticed."""

import io
import os

import pytest

from annexa.vault import sealing
from annexa.vault.sealing import CHUNK, LINE, TAG, Opener, PassphraseError, SealBrokenError, Sealer, read_fully

WORDS = "a passphrase for tests"
CHEAP = 10
"""The least cost that is accepted; the true one takes half a second."""


def sealed(data: bytes, *, piece: int = 1 << 16) -> bytes:
    out = io.BytesIO()
    sealer = Sealer(out, WORDS, cost=CHEAP)
    for at in range(0, len(data), piece):
        sealer.write(data[at : at + piece])
    sealer.close()
    return out.getvalue()


def opened(data: bytes, words: str = WORDS) -> bytes:
    source = io.BytesIO(data)
    assert source.read(len(LINE)) == LINE
    opener = Opener(source, words)
    parts = []
    while part := opener.read(100_000):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5])
def test_what_was_sealed_is_opened(size: int) -> None:
    data = os.urandom(size)
    found = sealed(data, piece=300_001)
    assert opened(found) == data
    assert size < 64 or data[:64] not in found


def test_another_passphrase_is_refused_in_plain_words() -> None:
    with pytest.raises(PassphraseError, match="not the passphrase"):
        opened(sealed(b"secret"), WORDS + "!")


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(PassphraseError, match="at least 12"):
        Sealer(io.BytesIO(), "short")


def test_every_flipped_bit_is_refused() -> None:
    data = sealed(b"a short secret")
    for at in range(len(LINE), len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << (at % 8)
        with pytest.raises((SealBrokenError, PassphraseError)):
            opened(bytes(changed))


def test_cut_off_anywhere_it_is_refused() -> None:
    """Rule: also where a chunk ends, and then the rest would look whole."""
    data = sealed(os.urandom(2 * CHUNK + 9))
    head = len(data) - 2 * (CHUNK + TAG) - 9 - TAG
    for length in (len(LINE), head - 1, head, head + 1, head + CHUNK + TAG, head + 2 * (CHUNK + TAG), len(data) - 1):
        with pytest.raises(SealBrokenError):
            opened(data[:length])


def test_chunks_cannot_change_places_or_be_added() -> None:
    data = sealed(os.urandom(2 * CHUNK + 9))
    head = len(data) - 2 * (CHUNK + TAG) - 9 - TAG
    one, two = data[head : head + CHUNK + TAG], data[head + CHUNK + TAG : head + 2 * (CHUNK + TAG)]
    rest = data[head + 2 * (CHUNK + TAG) :]
    for other in (two + one + rest, one + rest, one + two + rest + rest, one + one + two + rest):
        with pytest.raises(SealBrokenError):
            opened(data[:head] + other)


def test_two_files_share_neither_salt_nor_bytes() -> None:
    first, second = sealed(bytes(100)), sealed(bytes(100))
    assert first[len(LINE) + 3 : len(LINE) + 19] != second[len(LINE) + 3 : len(LINE) + 19]
    assert first[-100:] != second[-100:]


@pytest.mark.parametrize("cost", [0, 9, 21, 31, 255])
def test_a_file_cannot_ask_for_all_the_memory(cost: int) -> None:
    """Rule: what a stranger wrote into the header decides over at most 1 GiB."""
    data = bytearray(sealed(b"x"))
    data[len(LINE)] = cost
    with pytest.raises(SealBrokenError):
        opened(bytes(data))


def test_the_true_cost_is_the_one_documented() -> None:
    assert sealing.COST == 17


def test_read_fully_reads_on_where_a_source_gives_little() -> None:
    class Drops(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            return super().read(1)

    assert read_fully(Drops(b"abcdef"), 4) == b"abcd"
    assert read_fully(Drops(b"ab"), 4) == b"ab"
