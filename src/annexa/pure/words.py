"""Whether two texts say the same to a person: case, width, spaces and punctuation do not count."""

import re
import unicodedata

from annexa.pure.fields import tidy


def fold(text: str) -> str:
    """Two texts a person would call the same fold to the same."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(plain.casefold().split())


def plain_words(text: str) -> str:
    """Leave the folded words of a text, without its punctuation."""
    return " ".join(re.sub(r"[^\w]|_", " ", fold(text)).split())


def says(words: str, phrase: str) -> bool:
    """Tell whether a phrase occurs among plain words, whole words only."""
    return f" {phrase} " in f" {words} "


def says_first(words: str, phrase: str) -> bool:
    """Tell whether plain words begin with a phrase."""
    return f"{words} ".startswith(f"{phrase} ")


def short(text: str, longest: int) -> str:
    """Cut a text to what fits into a sentence of a message."""
    text = tidy(text)
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
