"""Calendar files that other programs read: days on which something is due. Source: RFC 5545."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

LONGEST_LINE = 75
"""Octets of a line, without its end. Source: RFC 5545 3.1."""
REMIND_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something due on a day. `uid` stays the same for the same thing, so that a calendar replaces it."""

    uid: str
    on: date
    title: str
    text: str = ""
    url: str = ""


def calendar(events: Iterable[Event], *, name: str, made_at: datetime) -> str:
    """The events as one file, by day, each of them a whole day that does not block any time."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Annexa//Tasks//EN", "CALSCALE:GREGORIAN"]
    lines += [f"X-WR-CALNAME:{escaped(name)}"]
    for event in sorted(events, key=lambda one: (one.on, one.uid)):
        lines += _event(event, made_at)
    return "".join(f"{part}\r\n" for line in (*lines, "END:VCALENDAR") for part in folded(line))


def _event(event: Event, made_at: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{escaped(event.uid)}"
    yield f"DTSTAMP:{made_at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield f"DTSTART;VALUE=DATE:{event.on:%Y%m%d}"
    yield f"DTEND;VALUE=DATE:{event.on + timedelta(days=1):%Y%m%d}"
    yield f"SUMMARY:{escaped(event.title)}"
    if event.text:
        yield f"DESCRIPTION:{escaped(event.text)}"
    if event.url:
        yield f"URL:{_plain(event.url)}"
    yield "TRANSP:TRANSPARENT"
    yield from ("BEGIN:VALARM", "ACTION:DISPLAY", f"DESCRIPTION:{escaped(event.title)}")
    yield from (f"TRIGGER:-P{REMIND_DAYS}D", "END:VALARM", "END:VEVENT")


def escaped(text: str) -> str:
    """A text as a value: backslash, semicolon, comma and line ends are written out. Source: RFC 5545 3.3.11."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    for sign, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        lines = lines.replace(sign, written)
    return _plain(lines)


def folded(line: str) -> tuple[str, ...]:
    """A line in parts of at most 75 octets; each but the first begins with a space, and no character is torn."""
    parts, part, octets = [], "", 0
    for sign in line:
        size = len(sign.encode())
        if octets + size > LONGEST_LINE:
            parts.append(part)
            part, octets = " ", 1
        part, octets = part + sign, octets + size
    return (*parts, part)


def _plain(text: str) -> str:
    """Without control characters, which no value may hold; a tab is one too many for a title."""
    return "".join(sign for sign in text if sign >= " " and sign != "\x7f")
