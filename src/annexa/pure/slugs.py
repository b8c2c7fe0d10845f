"""Slugs: the names of records in addresses."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

LONGEST_NAME_PART = 60


def slug_of(name: str, otherwise: str = "system") -> str:
    """A name as it may stand in an address: plain letters, digits and single hyphens, at most 60 of them."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if len(words) > LONGEST_NAME_PART:
        words = words[: LONGEST_NAME_PART + 1].rpartition("-")[0] or words[:LONGEST_NAME_PART]
    return words or otherwise


def free_slugs(names: Iterable[str], taken: set[str], otherwise: str = "system") -> Iterator[str]:
    """A slug for every name, none of them taken or given twice. `otherwise`: for names without a letter of ours."""
    turns: dict[str, int] = {}
    for name in names:
        plain = slug = slug_of(name, otherwise)
        while slug in taken:
            turns[plain] = turns.get(plain, 1) + 1
            slug = f"{plain}-{turns[plain]}"
        taken.add(slug)
        yield slug
