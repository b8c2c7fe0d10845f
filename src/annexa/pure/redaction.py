"""Redaction at the border: what of a text may not be kept, told before anything of it reaches a disk.

Each pattern looks for one thing and is linear in the length of the text. What looks like a card or an account number
is taken for one only if its check digits agree, so that order numbers stay readable.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

LONGEST_TEXT: Final = 256 * 1024
"""Characters of one text that are kept at most."""
PREFILTER: Final = (
    r"@|\d[\d ().-]{5,}\d|[A-Z]{2}\d{2}[ A-Z0-9]{11}|eyJ|-----BEGIN|annexa_|sk-|AKIA|ASIA|gh[pousr]_|xox[abprs]-|AIza"
    r"|(?i:bearer|password|passwd|secret|key|token)[\"']?\s{0,4}(?:[:=]|is)?\s{0,4}[\"']?[^\s\"',;\\]{0,200}\d"
)
"""A text in which this is not found (RE2 and Python read it alike) holds nothing that a rule would change."""
SECRET_KEYS: Final = re.compile(
    r"(?i)(?:^|[._-])"
    r"(authorization|cookie|set-cookie|password|passwd|secret|api[._-]?key|access[._-]?token|token$)(?:$|[._-])"
)
"""Names of attributes whose values are never kept, whatever a system's choice is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that is looked for. `name` is what stands in its place, in brackets."""

    name: str
    pattern: re.Pattern[str]
    holds: Callable[[str], bool] | None = None
    keep: int = 0
    """The group before what is replaced, which stays; 0: none."""


def _luhn(text: str) -> bool:
    digits = [int(c) for c in text if c.isdigit()]
    total = sum(digits[-1::-2]) + sum(sum(divmod(2 * d, 10)) for d in digits[-2::-2])
    return 13 <= len(digits) <= 19 and total % 10 == 0 and len(set(digits)) > 1


def _iban(text: str) -> bool:
    plain = "".join(text.split())
    turned = plain[4:] + plain[:4]
    return 15 <= len(plain) <= 34 and int("".join(str(int(c, 36)) for c in turned)) % 97 == 1


def _phone(text: str) -> bool:
    return 8 <= sum(c.isdigit() for c in text) <= 15


RULES: Final = (
    Rule(
        name="private key",
        pattern=re.compile(
            r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\s\\-]{0,8000}-----END [A-Z ]{0,30}PRIVATE KEY-----"
        ),
    ),
    Rule(
        name="secret",
        pattern=re.compile(
            r"\b(?:annexa_[0-9A-Za-z]{16,64}|sk-[A-Za-z0-9_-]{16,200}|A[KS]IA[0-9A-Z]{16}|gh[pousr]_[0-9A-Za-z]{20,255}"
            r"|xox[abprs]-[0-9A-Za-z-]{10,200}|AIza[0-9A-Za-z_-]{35}"
            r"|eyJ[0-9A-Za-z_-]{8,4000}\.[0-9A-Za-z_-]{8,8000}\.[0-9A-Za-z_-]{8,2000})"
        ),
    ),
    Rule(
        name="secret",
        pattern=re.compile(
            r"(?i)\b((?:bearer|password|passwd|secret|api[_ -]?key|access[_ -]?token|token)\b[\"']?\s{0,4}"
            r"(?:[:=]|\bis\b)?\s{0,4}[\"']?)(?=[^\s\"',;]*[0-9])[^\s\"',;\\]{6,200}"
        ),
        keep=1,
    ),
    Rule(name="email", pattern=re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,5}")),
    Rule(name="account", pattern=re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{2,4}){3,8}\b"), holds=_iban),
    Rule(name="card", pattern=re.compile(r"(?<![\d.])\d(?:[ -]?\d){12,18}(?![\d.])"), holds=_luhn),
    Rule(name="national id", pattern=re.compile(r"(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)")),
    Rule(
        name="phone",
        pattern=re.compile(r"(?<![\w.])(?:\+|00)[1-9]\d{0,2}[ ().-]{0,2}\d(?:[ ().-]{0,2}\d){5,12}(?!\w)"),
        holds=_phone,
    ),
    Rule(
        name="address",
        pattern=re.compile(r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])"),
    ),
)


def redacted(text: str) -> str:
    """The text, with [email], [card] and the like where such a thing stood."""
    for rule in RULES:
        text = rule.pattern.sub(_replacing(rule), text)
    return text


def cut(text: str, longest: int = LONGEST_TEXT) -> str:
    """The text, or its beginning with a note of how long it was and what its SHA-256 is."""
    if len(text) <= longest:
        return text
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return f"{text[:longest]}… [cut: {len(text):,} characters, SHA-256 {sha256}]"


def keyed_digest(key: bytes, text: str) -> str:
    """What stands for a text of which nothing is kept: equal texts have equal ones, and only who has the key can try.

    HMAC-SHA-256 (RFC 2104), its first 16 bytes in hex.
    """
    return f"hmac:{hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:32]}"


def pseudonym(key: bytes, user: str) -> str:
    """The name under which a user's events are kept; the same user always has the same one.

    Source: GDPR Art. 4(5): attributable only with the key, which is kept apart.
    """
    return f"u-{hmac.new(key, b'user' + bytes(1) + user.encode(), hashlib.sha256).hexdigest()[:16]}"


def _replacing(rule: Rule) -> Callable[[re.Match[str]], str]:
    def replace(match: re.Match[str]) -> str:
        if rule.holds is not None and not rule.holds(match[0]):
            return match[0]
        return f"{match[rule.keep] if rule.keep else ''}[{rule.name}]"

    return replace
