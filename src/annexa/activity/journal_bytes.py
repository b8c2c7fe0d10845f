"""Journals as bytes, for who copies them and needs no Arrow for it; journal.py says what they hold."""

import struct
import zlib
from pathlib import Path
from typing import BinaryIO, Final

JOURNAL: Final = b"AXJ1"
SUFFIX: Final = ".journal"
HEAD: Final = struct.Struct("<4sII")
"""How each frame begins: JOURNAL, the length of what follows, its CRC-32."""


def journals(folder: Path) -> list[Path]:
    """The journals of a folder, the oldest first."""
    return sorted(folder.glob(f"[0-9]*{SUFFIX}"))


def whole_until(stream: BinaryIO, size: int) -> tuple[int, bool]:
    """Where the last whole frame of the first `size` bytes ends, and whether what comes there is damaged.

    A frame that is cut at the very end is no damage: it is just being written, and was told to nobody.
    """
    here = 0
    while (begun := here + HEAD.size) <= size:
        stream.seek(here)
        magic, length, crc = HEAD.unpack(stream.read(HEAD.size))
        end = begun + length
        if magic != JOURNAL:
            return here, begun < size
        if end > size:
            return here, False
        if zlib.crc32(stream.read(length)) != crc:
            return here, end < size
        here = end
    return here, False
