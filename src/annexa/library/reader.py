"""Takes fields out of the library's files and notes everything that is wrong, so that all of it is said at once.

The parser is tomli, the one the standard library took over as tomllib, because its wheels are compiled: the library is
read at every start, and thrice as fast.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import tomli

ROOT = Path(str(resources.files("annexa.library")))
LOCK = ROOT / "LOCK"
"""SHA-256 of every file; a test refuses content that changed without it."""
JUDGING = ("controls", "coverage", "frameworks", "mappings")
"""The folders that verdicts depend on: they make the library's version and go into packs."""
WORKING = (
    "ai_services", "classification", "courses", "gates", "governance", "monitors", "policies", "questionnaires",
    "regimes", "risks", "use_policy",
)  # fmt: skip
"""The folders people work with: no verdict depends on them."""
EVERYTHING = (*JUDGING, *WORKING)


class LibraryError(ValueError):
    """The library's files are wrong. `problems` has one sentence for each, with file and id."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


@dataclass(kw_only=True)
class Reader:
    """Takes fields out of one table of one file and notes everything that is wrong with it."""

    file: str
    where: str
    table: dict[str, Any]
    problems: list[str]
    seen: set[str] = field(default_factory=set)

    def wrong(self, sentence: str) -> None:
        """Notes a problem at this place."""
        self.problems.append(f"{self.file}: {self.where}: {sentence}")

    def take(self, key: str, kinds: tuple[type, ...], default: Any = ...) -> Any:
        """A field of one of the kinds; `...` as default means it is required."""
        self.seen.add(key)
        if key not in self.table:
            if default is ...:
                self.wrong(f"{key} is missing")
                return kinds[0]()
            return default
        value = self.table[key]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            self.wrong(f"{key} is {value!r}, which is not {' or '.join(kind.__name__ for kind in kinds)}")
            return kinds[0]() if default is ... else default
        return value

    def text(self, key: str, default: Any = ...) -> str:
        """A text that is not empty if it is required."""
        value = self.take(key, (str,), default)
        if default is ... and key in self.table and not str(value).strip():
            self.wrong(f"{key} is empty")
        return str(value)

    def one_of(self, key: str, choices: tuple[str, ...], default: Any = ...) -> Any:
        """A word from a fixed list."""
        value = self.take(key, (str,), default)
        if value in choices:
            return value
        if key in self.table:
            self.wrong(f"{key} is {value!r}; it is one of {', '.join(choices)}")
        return choices[0]

    def words(self, key: str, choices: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of texts, from a fixed list if `choices` is given."""
        values = self.take(key, (list,), [])
        found = []
        for value in values:
            if not isinstance(value, str) or (choices is not None and value not in choices):
                self.wrong(f"{key} names {value!r}" + (f"; known are {', '.join(choices)}" if choices else ""))
            else:
                found.append(value)
        return tuple(found)

    def tables(self, key: str) -> Iterator["Reader"]:
        """The tables of a list, each with a reader of its own."""
        for number, value in enumerate(self.take(key, (list,), []), start=1):
            if not isinstance(value, dict):
                self.wrong(f"{key} number {number} is not a table")
                continue
            name = value.get("id", f"number {number}")
            yield Reader(
                file=self.file, where=f"{self.where} {key} {name}".strip(), table=value, problems=self.problems
            )

    def day(self, key: str) -> date | None:
        """A day without a time, None if it is left out."""
        self.seen.add(key)
        value = self.table.get(key)
        if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
            return value
        self.wrong(f"{key} is {value!r}, which is not a date such as 2026-08-02")
        return None

    def span(self, key: str) -> timedelta | None:
        """An ISO 8601 duration in whole days or hours, such as P365D and PT48H; None if it is left out."""
        text = self.text(key, "")
        if not text:
            return None
        match = re.fullmatch(r"P(?:(?P<days>[1-9]\d{0,4})D|T(?P<hours>[1-9]\d{0,4})H)", text)
        if match is None:
            self.wrong(f"{key} is {text!r}; write whole days as P365D or hours as PT48H")
            return None
        return timedelta(days=int(match["days"] or 0), hours=int(match["hours"] or 0))

    def done(self) -> None:
        """Refuses the fields nobody asked for."""
        for key in sorted(set(self.table) - self.seen):
            self.wrong(f"{key} is not a known key")


def shipped(folders: tuple[str, ...] = JUDGING) -> dict[str, bytes]:
    """The library's own files: path below the library folder → bytes."""
    return {
        f"{folder}/{path.name}": path.read_bytes()
        for folder in folders
        for path in sorted((ROOT / folder).glob("*.toml"))
    }


def lock_of(files: Mapping[str, bytes]) -> str:
    """The text of LOCK: a line for every file with its SHA-256, sorted."""
    return "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))


def version_of(files: Mapping[str, bytes]) -> str:
    """The version of a library: the digest of its LOCK, so that equal versions have equal content."""
    return hashlib.sha256(lock_of(files).encode()).hexdigest()


def readers(files: Mapping[str, bytes], problems: list[str]) -> Iterator[Reader]:
    """A reader for each file that is TOML, in the order of their names; what is not is noted."""
    for name in sorted(files):
        try:
            table = tomli.loads(files[name].decode("utf-8"))
        except (tomli.TOMLDecodeError, UnicodeDecodeError) as error:
            problems.append(f"{name}: file: cannot be read as TOML: {error}")
            continue
        yield Reader(file=name, where="file", table=table, problems=problems)
