"""Codes that prove that somebody has something: those of an app, and those on paper.

Source: RFC 4226 (HOTP), RFC 6238 (TOTP).
"""

import base64
import hashlib
import hmac

PERIOD = 30
"""Seconds for which a code holds (RFC 6238, 5.2)."""
DIGITS = 6
SECRET_BYTES = 20
"""As long as the hash, RFC 4226, 4."""
RECOVERY_CODES = 10
RECOVERY_BYTES = 16
"""128 random bits: so many that a plain digest of them is enough (ASVS 5.0.0, 6.5.2), and still few enough to type."""


def totp_code(secret: bytes, step: int) -> str:
    """The code of one step of 30 seconds."""
    mac = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    place = mac[-1] & 15
    number = int.from_bytes(mac[place : place + 4], "big") & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def totp_step(secret: bytes, typed: str, *, seconds: float, after: int) -> int | None:
    """Which step a typed code is of; None if of none that may still be used.

    The step before and the one after count too, for clocks that differ. `after`: the last step whose code was taken;
    none is taken twice (RFC 6238, 5.2).
    """
    code = "".join(typed.split())
    here = int(seconds) // PERIOD
    found = None
    for step in (here - 1, here, here + 1):
        fits = hmac.compare_digest(totp_code(secret, step).encode(), code.encode())
        if fits and step > after and found is None:
            found = step
    return found


def totp_secret_text(secret: bytes) -> str:
    """The secret as somebody types it into an app: base32 in groups of four."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


def recovery_text(code: bytes) -> str:
    """A recovery code as it stands on paper: eight groups of four hexadecimal digits."""
    text = code.hex()
    return "-".join(text[i : i + 4] for i in range(0, len(text), 4))


def recovery_digest(typed: str) -> str:
    """What is kept of a recovery code. Blanks, hyphens and capitals do not matter.

    A plain digest is enough: nobody tries 128 random bits.
    """
    plain = "".join(c for c in typed.lower() if c in "0123456789abcdef")
    return hashlib.sha256(b"annexa recovery code\n" + plain.encode()).hexdigest()
