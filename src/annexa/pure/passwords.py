"""Which long passwords are guessed first all the same: a common one dressed up, a pattern, a row of keys.

Source: NIST SP 800-63B-4, 3.1.1.2: compared with commonly used values, repeated and sequential ones among them.
"""

from collections.abc import Collection

FEWEST_DIFFERENT = 5
LONGEST_PATTERN = 5
ROWS = ("abcdefghijklmnopqrstuvwxyz", "1234567890", "qwertyuiopasdfghjklzxcvbnm", "azertyuiopqsdfghjklmwxcvbn")
CONTEXT = (
    "annexa", "password", "passphrase", "welcome", "admin", "administrator", "auditor", "compliance", "governance",
    "security", "organisation", "organization", "evidence", "ledger", "login", "signin",
)  # fmt: skip
"""Words that are near at hand for whoever guesses here: the product, its roles, what it is about."""
LEAST_LEFT = 8
"""What a password has to have besides words that are near at hand."""
_DRESSED = str.maketrans("013457@$!", "oieastasi")


def guessable(password: str, common: Collection[str]) -> bool:
    """Whether it is tried long before chance would find it. `common`: what it is compared with, in small letters."""
    text = "".join(password.lower().split())
    pattern = _pattern(text)
    if len(set(text)) < FEWEST_DIFFERENT or len(pattern) <= LONGEST_PATTERN or pattern in common:
        return True
    if any(text in row * 3 or text in row[::-1] * 3 for row in ROWS):
        return True
    return any(one in common for one in _undressed(text))


def mostly_context(password: str, words: Collection[str]) -> bool:
    """Whether little is left of it without `words` (in small letters), also where signs stand for letters."""
    text = "".join(password.lower().split())
    least = len(text)
    for one in (text, text.translate(_DRESSED)):
        left = one
        for word in sorted(words, key=len, reverse=True):
            left = left.replace(word, "")
        least = min(least, len(left))
    return least < min(LEAST_LEFT, len(text))


def _pattern(text: str) -> str:
    """The shortest part that the text repeats; the text itself if it repeats none."""
    return text[: (text + text).find(text, 1)] if text else ""


def _undressed(text: str) -> set[str]:
    """What is left without digits and signs around it, and with letters where signs stand for them."""
    signs = "".join(c for c in text if not c.isalnum())
    ends = "".join(c for c in text if not c.isalpha())
    found = {text, text.strip(signs), text.strip(ends), text.rstrip(ends), text.lstrip(ends)}
    return found | {one.translate(_DRESSED) for one in found}
