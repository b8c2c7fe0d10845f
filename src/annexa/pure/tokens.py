"""The text of an API token: `annexa_`, 43 letters and digits of secret, 6 of checksum. Scanners know it by its form.

The checksum is a CRC32 of what stands before it, as in the tokens of code hosts: a slip of the pen is told at once,
and whoever looks for leaked tokens in files rarely takes something else for one. It keeps nothing secret.
"""

import hashlib
import re
import string
import zlib
from datetime import timedelta

PREFIX = "annexa_"
SECRET_BYTES = 32
SECRET_LETTERS = 43
CHECK_LETTERS = 6
LONGEST = timedelta(days=366)
"""No token lives longer."""
USUAL = timedelta(days=90)

_LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_FORM = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{SECRET_LETTERS + CHECK_LETTERS}}}")
_ANYWHERE = re.compile(rf"{PREFIX}[0-9A-Za-z]{{16,}}")


class TokenError(ValueError):
    """The text is no token; says what is wrong with its form, and never repeats it."""


def token_text(secret: bytes) -> str:
    """The token that holds these 32 random bytes. Raises ValueError for another number of bytes."""
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"A token holds {SECRET_BYTES} bytes, not {len(secret)}.")
    said = PREFIX + _base62(int.from_bytes(secret), SECRET_LETTERS)
    return said + _checksum(said)


def token_digest(text: str) -> str:
    """What is kept of a token: its SHA-256 in hex. Raises TokenError for what has not the form of a token."""
    if not text.startswith(PREFIX):
        raise TokenError(f"This is no token of Annexa; they begin with {PREFIX}.")
    if not _FORM.fullmatch(text):
        whole = len(PREFIX) + SECRET_LETTERS + CHECK_LETTERS
        raise TokenError(f"A token has {whole} characters, letters and digits only; copy the whole of it.")
    if _checksum(text[:-CHECK_LETTERS]) != text[-CHECK_LETTERS:]:
        raise TokenError("The token has a slip of the pen in it; copy it again.")
    return hashlib.sha256(text.encode()).hexdigest()


def hide_tokens(text: str) -> str:
    """The text with every token in it made unreadable, whole or cut short."""
    return _ANYWHERE.sub(f"{PREFIX}…", text)


def _checksum(said: str) -> str:
    return _base62(zlib.crc32(said.encode()), CHECK_LETTERS)


def _base62(number: int, width: int) -> str:
    found = ""
    while number:
        number, rest = divmod(number, len(_LETTERS))
        found = _LETTERS[rest] + found
    return found.rjust(width, _LETTERS[0])
