"""Uses of AI in exports of proxies and single sign-on: what a file shows, before anything is recorded."""

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from annexa.adapters.usage_logs import UnreadRow, read_usage
from annexa.answers.registers import rows_of
from annexa.library.ai_services import ai_services
from annexa.pure.finds import Counted, Found, Services, with_tools
from annexa.pure.permits import ANNEXA, Actor
from annexa.pure.registers.found_uses import FOUND_USES
from annexa.pure.registers.tools import TOOLS
from annexa.pure.uses import tool_state
from annexa.records.registers import RegisterRow

PROBLEMS = 200
"""How many rows that cannot be read are told one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundService:
    """A service that was found, the tool of the catalogue that it is ("" none), and whether that tool is approved."""

    found: Found
    tool: str
    approved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """What an export shows: rows in all, those of AI services, what was found, and what could not be read."""

    name: str
    rows: int
    matched: int
    services: tuple[FoundService, ...]
    problems: tuple[UnreadRow, ...]
    unread: int


def discover(*, name: str, lines: Iterable[str], now: datetime) -> Discovery:
    """Looks through an export of uses, row by row; holds no row, and of people only pseudonyms under this
    installation's key while it counts them. Raises UsageLogError for a file that is none."""
    rows = read_usage(lines)
    entries = {row.slug: row.entry for row in rows_of(ANNEXA, TOOLS).order_by("id")}
    services, which = with_tools(ai_services(), {slug: (one.name, one.hosts) for slug, one in entries.items()})
    counted, unread = Counted(Services(services)), 0
    problems: list[UnreadRow] = []
    for row in rows:
        if isinstance(row, UnreadRow):
            unread += 1
            if len(problems) < PROBLEMS:
                problems.append(row)
            continue
        counted.add(
            host=row.host, app=row.app, pseudonym=pseudonym(row.user), on=row.on, requests=row.requests, size=row.size
        )
    found = []
    for one in counted.found():
        tool = which.get(one.service.id, "")
        approved = bool(tool) and tool_state(entries[tool], now.date()) == "approved"
        found.append(FoundService(found=one, tool=tool, approved=approved))
    return Discovery(
        name=name,
        rows=counted.rows + unread,
        matched=counted.matched,
        services=tuple(found),
        problems=tuple(problems),
        unread=unread,
    )


def pseudonym(user: str) -> bytes:
    """A name that tells people apart within this installation and leads back to nobody without its key."""
    key = f"annexa.found-uses:{settings.SECRET_KEY}".encode()
    return hmac.digest(key, user.strip().casefold().encode(), "sha256")


def lines_of(chunks: Iterable[bytes]) -> Iterator[str]:
    """The lines of a file that comes in pieces; what is no UTF-8 is read as Windows-1252."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield _text(line)
    if rest:
        yield _text(rest)


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def all_finds(*, actor: Actor) -> list[RegisterRow]:
    """What was found and still counts, the most used first."""
    return list(rows_of(actor, FOUND_USES).filter(ended_on=None).order_by("-requests", "name"))
