"""Exports of proxies and of single sign-on, row by row: when, who, which host or app, how much.

CSV with headings, as Microsoft Entra sign-in logs, the Okta system log, Zscaler and other proxies write it, or Squid's
native access log. Nothing is held but one row; what cannot be read is told with its row and left out.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

HEADINGS: Mapping[str, tuple[str, ...]] = {
    "time": (
        "time", "timestamp", "datetime", "date", "date (utc)", "createddatetime", "creationtime", "published",
        "event time", "logged time", "date/time",
    ),
    "user": (
        "userprincipalname", "user principal name", "username", "user name", "actor.alternateid", "cs-username",
        "login", "email", "user id", "user",
    ),
    "host": ("host", "hostname", "cs-host", "domain", "destination host", "destination", "url", "requested url",
             "cs-uri", "server"),
    "app": (
        "application", "app", "app name", "appdisplayname", "cloud application", "application name",
        "target.displayname", "resource", "resourcedisplayname", "target",
    ),
    "bytes": ("bytes", "total bytes", "bytes total", "sc-bytes", "bytes sent", "sent bytes", "request size"),
    "requests": ("requests", "hits", "count", "events", "sessions"),
    "department": ("department", "location", "org unit", "ou"),
}  # fmt: skip
"""What each column may be called, in any case of letters; the first heading that is there counts."""
SQUID = re.compile(r"\d{9,10}\.\d{3}\s+-?\d+\s+\S+\s+\S+/\d{3}\s+\d+\s+\S+\s+\S+\s+\S+\s+\S+")
TIMES = (
    "%m/%d/%Y, %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%d/%b/%Y:%H:%M:%S %z", "%a %b %d %H:%M:%S %Y",
    "%a %b %d %Y %H:%M:%S",
    "%d.%m.%Y %H:%M:%S", "%m/%d/%Y", "%d.%m.%Y",
)  # fmt: skip
LONGEST_LINE = 100_000
DELIMITERS = ",;\t|"


class UsageLogError(ValueError):
    """The file as a whole is no export of uses; says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """One row: the day (UTC), who as the export names them, the host, the app, how many requests and bytes."""

    row: int
    on: date
    user: str
    host: str
    app: str
    requests: int
    size: int
    department: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadRow:
    """A row that cannot be read, and why."""

    row: int
    message: str


def read_usage(lines: Iterable[str]) -> Iterator[UsageRow | UnreadRow]:
    """Every row of an export, or what is wrong with it; rows count from 1, headings among them.

    Raises UsageLogError before the first row if the columns are not there.
    """
    rest = iter(lines)
    first = next((line for line in rest if line.strip()), "").lstrip("\ufeff")
    if SQUID.match(first):
        return _squid(first, rest)
    delimiter = max(DELIMITERS, key=first.count)
    header = [cell.strip().lower() for cell in next(csv.reader([first], delimiter=delimiter), [])]
    columns = {what: at for what, names in HEADINGS.items() if (at := _column(header, names)) is not None}
    if missing := [what for what in ("time", "user") if what not in columns]:
        names = " and ".join(missing)
        raise UsageLogError(
            f"No column says the {names}; its heading would be one of: {', '.join(HEADINGS[missing[0]])}."
        )
    if "host" not in columns and "app" not in columns:
        raise UsageLogError(f"No column says the host or the app; its heading would be one of: {_hosts()}.")
    return _rows(csv.reader(_short(rest), delimiter=delimiter), columns)


def _hosts() -> str:
    return ", ".join((*HEADINGS["host"], *HEADINGS["app"]))


def _column(header: Sequence[str], names: Sequence[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _short(lines: Iterable[str]) -> Iterator[str]:
    """The lines, each cut where no export goes on."""
    return (line[:LONGEST_LINE] for line in lines)


def _rows(records: Iterator[list[str]], columns: Mapping[str, int]) -> Iterator[UsageRow | UnreadRow]:
    number = 1
    while True:
        number += 1
        try:
            cells = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            yield UnreadRow(row=number, message=f"cannot be read: {error}")
            continue
        if any(cell.strip() for cell in cells):
            yield _row(number, {what: cells[at].strip() for what, at in columns.items() if at < len(cells)})


def _row(number: int, told: Mapping[str, str]) -> UsageRow | UnreadRow:
    wrong = []
    on = day_of(told.get("time", ""))
    if on is None:
        wrong.append(f"time “{told.get('time', '')[:60]}” is not a time such as 2026-03-01T10:00:00Z")
    if not told.get("user"):
        wrong.append("the user is missing")
    if not told.get("host") and not told.get("app"):
        wrong.append("neither a host nor an app is given")
    size, requests = _count(told.get("bytes", ""), 0), _count(told.get("requests", ""), 1)
    wrong += [
        f"“{told[what][:60]}” is no number of {what}" for what, n in (("bytes", size), ("requests", requests)) if n < 0
    ]
    if wrong or on is None:
        return UnreadRow(row=number, message="; ".join(wrong))
    return UsageRow(
        row=number, on=on, user=told["user"], host=host_of(told.get("host", "")), app=told.get("app", ""),
        requests=requests, size=size, department=told.get("department", ""),
    )  # fmt: skip


def _squid(first: str, rest: Iterator[str]) -> Iterator[UsageRow | UnreadRow]:
    """Squid's native format: time, elapsed, client, result, bytes, method, URL, user, hierarchy."""
    yield _squid_row(1, first)
    for number, line in enumerate(rest, start=2):
        if line.strip():
            yield _squid_row(number, line[:LONGEST_LINE])


def _squid_row(number: int, line: str) -> UsageRow | UnreadRow:
    if not SQUID.match(line):
        return UnreadRow(row=number, message="is not a line of Squid's access log")
    at, _elapsed, client, _result, size, _method, url, user, *_ = line.split()
    who = client if user == "-" else user
    return _row(number, {"time": at, "user": who, "host": url, "bytes": size})


def day_of(said: str) -> date | None:
    """The day (UTC) of a time as exports write it; None for what is no time."""
    text = said.strip()
    if re.fullmatch(r"\d{9,10}(\.\d+)?|\d{12,13}", text):
        seconds = float(text) / (1000 if len(text) >= 12 and "." not in text else 1)
        return datetime.fromtimestamp(seconds, UTC).date()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = next((one for form in TIMES if (one := _parsed(text, form))), None)  # type: ignore[assignment]
    if found is None:
        return None
    return found.astimezone(UTC).date() if found.tzinfo else found.date()


def _parsed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007  exports without a zone are in UTC
    except ValueError:
        return None


def host_of(said: str) -> str:
    """The host of an address, without port and in small letters."""
    text = said.strip().lower()
    try:
        return (urlsplit(text if "://" in text else f"//{text}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _count(said: str, otherwise: int) -> int:
    """A whole number with or without separators of thousands; -1 for what is none."""
    text = re.sub(r"(?<=\d)[, '](?=\d{3}\b)", "", said)
    if not text or text == "-":
        return otherwise
    return int(text) if text.isascii() and text.isdecimal() else -1
