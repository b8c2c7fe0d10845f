"""Mails that tell people what waits for them: how they choose, what a line says, to whom one can be sent.

A mail holds titles and links and nothing else: what records say, and what AI systems were told, stays where it is kept.
"""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from email.utils import getaddresses
from typing import Final, Literal

How = Literal["at once", "daily", "never"]
HOWS: Final[tuple[How, ...]] = ("at once", "daily", "never")
USUAL: Final[How] = "daily"
"""How somebody is told who has not chosen."""
MOST_LINES: Final = 20
LONGEST_TITLE: Final = 160
Security = Literal["none", "starttls", "tls"]
_ADDRESS: Final = re.compile(r"[^@\s<>(),:;\"\\]+@[^@\s<>(),:;\"\\]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """The server that mail is given to. `user` "" where it asks for none."""

    host: str
    port: int
    security: Security
    user: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that waits for somebody. `address`: the page to do it on, from the root."""

    title: str
    scope: str
    address: str
    due_on: date | None
    late: bool

    @property
    def key(self) -> str:
        """What tells it from others: once it is due on another day, or late, it is told again. SHA-256 in hex."""
        said = f"{self.address}\n{self.due_on}\n{self.late}"
        return hashlib.sha256(said.encode()).hexdigest()

    @property
    def says(self) -> str:
        """It in one line of plain words; where it is, unless the title says so itself."""
        where = f" ({plain(self.scope)})" if self.scope and self.scope not in self.title else ""
        when = f", due {self.due_on}" if self.due_on else ""
        return f"{plain(self.title)}{where}{', late' if self.late else ''}{when}"


def is_mail_address(text: str) -> bool:
    """Whether a text is one address, with or without a name before it, and nothing that ends a header."""
    found = getaddresses([text])
    return text.isprintable() and len(found) == 1 and bool(_ADDRESS.fullmatch(found[0][1]))


def plain(text: str) -> str:
    """A text as one line without control characters, cut where it grows too long."""
    kept = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in text)
    tidy = " ".join(kept.split())
    return tidy if len(tidy) <= LONGEST_TITLE else f"{tidy[: LONGEST_TITLE - 1]}…"


def subject(many: int) -> str:
    """What stands above a mail: how many, and never what."""
    return f"Annexa: {many} {'thing waits' if many == 1 else 'things wait'} for you"


def text_of(*, name: str, lines: Sequence[Line], waiting: int, how: str, base: str) -> str:
    """A mail in plain text. `lines`: what is new; `waiting`: how much waits in all; `base`: where Annexa is reached."""
    said = [f"{one.says}\n  {base}{one.address}" for one in lines[:MOST_LINES]]
    more = [f"and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
    return "\n".join(
        [
            f"Hello {plain(name)},", "", "new for you since the last mail:", "",
            *(f"- {one}" for one in said + more), "",
            f"All that waits for you ({waiting}): {base}/tasks?whose=mine", "", *footer(how, base),
        ]
    )  # fmt: skip


def footer(how: str, base: str) -> tuple[str, str]:
    """Why somebody gets a mail, and where they choose otherwise."""
    often = "as soon as something waits for you" if how == "at once" else "once a day when something new waits for you"
    return f"Annexa mails you {often}.", f"Choose otherwise, or nothing at all: {base}/mail"
