"""What is wrong with a foreign file, and what of it could not be taken over: everything is said at once."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from annexa.pure.rules_text import RulesError, rules_of
from annexa.pure.standards import Framework, Requirement

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""An id that is also the name of a file."""
LIMIT_BYTES = 20 * 1024 * 1024
LIMIT_DEPTH = 30
SURROGATE = re.compile("[\ud800-\udfff]")


class CatalogError(ValueError):
    """A file cannot be taken over; `problems` has one sentence for each mistake, with its place and what to do."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        super().__init__("\n".join(self.problems))


class LibraryFiles(dict[str, bytes]):
    """Library files made of a foreign file: path below the library folder → TOML.

    `left_out` says in a sentence each what the foreign file holds that the library has no place for.
    """

    def __init__(self, files: dict[str, bytes], left_out: Iterable[str] = ()) -> None:
        super().__init__(files)
        self.left_out = tuple(left_out)


@dataclass(kw_only=True)
class Findings:
    """Notes problems and what is left out while a file is read."""

    name: str
    problems: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def wrong(self, place: str, sentence: str) -> None:
        """Notes a problem at a place of the file."""
        self.problems.append(f"{self.name}: {place}: {sentence}" if place else f"{self.name}: {sentence}")

    def leave_out(self, sentence: str) -> None:
        """Notes what is not taken over."""
        self.left_out.append(f"{self.name}: {sentence}")

    def raise_if_wrong(self) -> None:
        """Ends the reading if anything was wrong. Raises CatalogError."""
        if self.problems:
            raise CatalogError(self.problems)

    def table(self, holder: dict[str, Any], key: str, place: str) -> dict[str, Any]:
        """An object below a key, empty if it is not there."""
        value = holder.get(key)
        if value is None or isinstance(value, dict):
            return value or {}
        self.wrong(f"{place}{key}", "is not an object with names and values; write one or leave it out")
        return {}

    def tables(self, holder: dict[str, Any], key: str, place: str, mark: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The objects of a list below a key, each with its place; `mark` is how a number is written into it."""
        value = holder.get(key)
        if value is None or value == "":
            return
        if not isinstance(value, list):
            self.wrong(f"{place}{key}", "is not a list; write one or leave it out")
            return
        for number, one in enumerate(value):
            here = f"{place}{key}{mark.format(number)}"
            if isinstance(one, dict):
                yield here, one
            else:
                self.wrong(here, "is not an object with names and values")

    def text(self, holder: dict[str, Any], key: str, place: str, default: str | None = "") -> str:
        """A text below a key; None as default means that it has to be there and say something."""
        value = holder.get(key)
        if value is None or (isinstance(value, str) and not value.strip()):
            if default is None:
                self.wrong(f"{place}{key}", "is missing; say something there")
            return default or ""
        if not isinstance(value, str):
            self.wrong(f"{place}{key}", "is not a text; put it into quotes")
            return default or ""
        if SURROGATE.search(value):
            self.wrong(f"{place}{key}", "holds half a character (a lone surrogate), which no file can hold; remove it")
            return default or ""
        return value

    def day(self, text: str, place: str) -> date | None:
        """A day written as 2026-08-02; None if nothing is written."""
        if not text.strip():
            return None
        try:
            return date.fromisoformat(text.strip())
        except ValueError:
            self.wrong(place, f"{text!r} is not a date; write it as 2026-08-02")
            return None

    def rules(self, text: str, place: str) -> dict[str, Any]:
        """What narrows and defers a requirement, as our own exports write it."""
        try:
            return rules_of(text)
        except RulesError as error:
            self.wrong(place, f"{error}; leave the cell out")
            return {}

    def id(self, text: str, place: str) -> str:
        """The id of a framework, which names its file and must therefore be plain."""
        if not ID.fullmatch(text) or "--" in text:
            self.wrong(place, f"the framework's id would be {text!r}; choose one such as acme-2026 with --id")
        return text


def slug(text: str) -> str:
    """A text as an id: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.")[:80].strip("-.")


def shortened(text: str, length: int = 120) -> str:
    """The first line of a text as a title."""
    line = next((" ".join(one.split()) for one in text.splitlines() if one.strip()), "")
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def check_tree(found: Findings, framework: Framework, places: list[str]) -> None:
    """Notes ids that occur twice and parents that do not stand before their children."""
    known: set[str] = set()
    for requirement, place in zip(framework.requirements, places, strict=True):
        _check(found, requirement, place, known)
        known.add(requirement.id)
    if not framework.requirements:
        found.wrong("", "it has no requirements; a framework needs at least one")


def _check(found: Findings, requirement: Requirement, place: str, known: set[str]) -> None:
    if requirement.id in known:
        found.wrong(place, f"the number {requirement.id!r} occurs twice; number each requirement once")
    if requirement.parent is not None and requirement.parent not in known:
        found.wrong(place, f"its parent {requirement.parent!r} does not stand before it; put the parent first")
