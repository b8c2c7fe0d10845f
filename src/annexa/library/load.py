"""Reads the library's files into values, and refuses the whole library if anything in it is wrong.

All errors of all files are reported together, each with file and id. Formats: docs/library.md.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from annexa.pure.checks import CHECKS
from annexa.pure.standards import (
    Confidence,
    Control,
    ControlTest,
    Coverage,
    Edge,
    Expectation,
    ExpectationKind,
    Framework,
    FrameworkMapping,
    Library,
    Relation,
    Requirement,
)
from annexa.pure.systems import CLASSES, ROLES

FOLDERS = ("controls", "coverage", "frameworks", "mappings")
ROOT = Path(str(resources.files("annexa.library")))
LOCK = ROOT / "LOCK"
"""SHA-256 of every file; a test refuses content that changed without it."""


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

    def done(self) -> None:
        """Refuses the fields nobody asked for."""
        for key in sorted(set(self.table) - self.seen):
            self.wrong(f"{key} is not a known key")


@cache
def library() -> Library:
    """The library shipped with this version of Annexa. Read once per process. Raises LibraryError."""
    return load(shipped())


def shipped() -> dict[str, bytes]:
    """The library's own files: path below the library folder → bytes."""
    return {
        f"{folder}/{path.name}": path.read_bytes()
        for folder in FOLDERS
        for path in sorted((ROOT / folder).glob("*.toml"))
    }


def lock_of(files: Mapping[str, bytes]) -> str:
    """The text of LOCK: a line for every file with its SHA-256, sorted."""
    return "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))


def version_of(files: Mapping[str, bytes]) -> str:
    """The version of the library: the digest of its LOCK, so that equal versions have equal content."""
    return hashlib.sha256(lock_of(files).encode()).hexdigest()


def load(files: Mapping[str, bytes]) -> Library:
    """A library from its files. Raises LibraryError with every problem of every file."""
    problems: list[str] = []
    controls: dict[str, Control] = {}
    frameworks: dict[str, Framework] = {}
    coverage: dict[str, dict[str, Coverage]] = {}
    mappings: list[FrameworkMapping] = []
    for name in sorted(files):
        table = _parsed(name, files[name], problems)
        if table is None:
            continue
        reader = Reader(file=name, where="file", table=table, problems=problems)
        if name.startswith("controls/"):
            _add(controls, _control(reader), reader, Path(name).stem)
        elif name.startswith("frameworks/"):
            _add(frameworks, _framework(reader), reader, Path(name).stem)
        elif name.startswith("mappings/"):
            mappings.append(_mapping(reader, Path(name).stem))
        else:
            framework, entries = _coverage(reader)
            if framework != Path(name).stem:
                reader.wrong(f"framework is {framework!r}, but the file is named {Path(name).stem}")
            coverage[framework] = entries
    _check_references(frameworks, controls, coverage, problems)
    for mapping in mappings:
        problems.extend(_wrong_ends(mapping, frameworks))
    if problems:
        raise LibraryError(problems)
    return Library(
        version=version_of(files),
        frameworks=MappingProxyType(frameworks),
        controls=MappingProxyType(controls),
        coverage=MappingProxyType(coverage),
        mappings=tuple(mappings),
    )


def _parsed(name: str, data: bytes, problems: list[str]) -> dict[str, Any] | None:
    try:
        return tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{name}: file: cannot be read as TOML: {error}")
        return None


def _add(found: dict[str, Any], item: Any, reader: Reader, stem: str) -> None:
    if item.id != stem:
        reader.wrong(f"id is {item.id!r}, but the file is named {stem}")
    if item.id in found:
        reader.wrong(f"id {item.id!r} occurs twice")
    found[item.id] = item


def _framework(reader: Reader) -> Framework:
    level = reader.one_of("level", ("organisation", "system"))
    declared = _declared(reader)
    requirements: list[Requirement] = []
    known: set[str] = set()
    framework_id = reader.text("id")
    for table in reader.tables("requirement"):
        requirement = _requirement(table, level, declared)
        if requirement.id in known:
            table.wrong("the id occurs twice")
        if requirement.parent is not None and requirement.parent not in known:
            table.wrong(f"parent {requirement.parent!r} does not stand before it")
        known.add(requirement.id)
        requirements.append(requirement)
    found = Framework(
        id=framework_id,
        version=reader.text("version"),
        title=reader.text("title"),
        publisher=reader.text("publisher"),
        licence_note=reader.text("licence_note"),
        source_url=reader.text("source_url"),
        language=reader.text("language"),
        edition=reader.text("edition"),
        status=reader.one_of("status", ("current", "withdrawn", "repealed")),
        requirements=tuple(requirements),
    )
    if not requirements:
        reader.wrong("it has no requirements")
    reader.done()
    return found


def _declared(reader: Reader) -> dict[str, tuple[str, ...] | None]:
    """The attributes a framework declares for itself: name → allowed values, None for any."""
    found: dict[str, tuple[str, ...] | None] = {}
    for name, table in reader.take("attributes", (dict,), {}).items():
        if not isinstance(table, dict):
            reader.wrong(f"attributes.{name} is not a table")
            continue
        one = Reader(file=reader.file, where=f"attributes.{name}", table=table, problems=reader.problems)
        one.text("title")
        found[name] = one.words("values") or None
        one.done()
    return found


def _requirement(reader: Reader, level: str, declared: Mapping[str, tuple[str, ...] | None]) -> Requirement:
    given = reader.take("attributes", (dict,), {})
    attributes: dict[str, Any] = {}
    for name, value in given.items():
        if name not in declared:
            reader.wrong(f"attribute {name} is not declared by the framework")
            continue
        values = value if isinstance(value, list) else [value]
        allowed = declared[name]
        for one in values if allowed else ():
            if str(one) not in (allowed or ()):
                reader.wrong(f"attribute {name} is {one!r}; it is one of {', '.join(allowed or ())}")
        attributes[name] = tuple(value) if isinstance(value, list) else value
    found = Requirement(
        id=reader.text("id"),
        parent=reader.text("parent", "") or None,
        kind=reader.text("kind"),
        title=reader.text("title"),
        summary=reader.text("summary"),
        level=reader.one_of("level", ("organisation", "system"), level),
        binds_roles=reader.words("binds_roles", ROLES),
        binds_classes=reader.words("binds_classes", CLASSES),
        applies_from=_day(reader, "applies_from"),
        documented_information=reader.one_of("documented_information", ("yes", "no", "if applicable"), "no"),
        no_duty=reader.text("no_duty", ""),
        note=reader.text("note", ""),
        source=reader.text("source", ""),
        attributes=MappingProxyType(attributes),
    )
    reader.done()
    return found


def _day(reader: Reader, key: str) -> date | None:
    reader.seen.add(key)
    value = reader.table.get(key)
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    reader.wrong(f"{key} is {value!r}, which is not a date such as 2026-08-02")
    return None


def _control(reader: Reader) -> Control:
    control_id = reader.text("id")
    reader.where = control_id or reader.where
    expectations = tuple(_expectation(table) for table in reader.tables("expectations"))
    ids = [expectation.id for expectation in expectations]
    for twice in sorted({one for one in ids if ids.count(one) > 1}):
        reader.wrong(f"expectation {twice!r} occurs twice")
    if not expectations:
        reader.wrong("it has no expectations, so it could never be effective")
    found = Control(
        id=control_id,
        name=reader.text("name"),
        objective=reader.text("objective"),
        practice=reader.text("practice"),
        level=reader.one_of("level", ("organisation", "system")),
        owner_role=reader.text("owner_role"),
        cadence=reader.text("cadence"),
        effort=_effort(reader),
        expectations=expectations,
        tests=tuple(_test(table) for table in reader.tables("tests")),
        binds_roles=reader.words("binds_roles", ROLES),
        binds_classes=reader.words("binds_classes", CLASSES),
    )
    if found.level == "organisation" and (found.binds_roles or found.binds_classes):
        reader.wrong("binds_roles and binds_classes are for system-level controls")
    reader.done()
    return found


def _effort(reader: Reader) -> float:
    days = float(reader.take("effort", (float, int)))
    if not 0 < days < 1000:
        reader.wrong(f"effort is {days}; it is in person-days, more than 0")
    return days


def _expectation(reader: Reader) -> Expectation:
    kind = ExpectationKind(reader.one_of("kind", tuple(ExpectationKind)))
    check = reader.text("check", "")
    age = reader.text("max_age", "")
    if (kind is ExpectationKind.RECORD) != bool(check):
        reader.wrong("a check belongs to kind record, and only to it")
    if check and check not in CHECKS:
        reader.wrong(f"check {check!r} does not exist; known are {', '.join(sorted(CHECKS))}")
    if (kind is ExpectationKind.RECORD) == bool(age):
        reader.wrong("max_age belongs to every kind but record")
    found = Expectation(
        id=reader.text("id"),
        what=reader.text("what"),
        kind=kind,
        check=check,
        max_age=_duration(age, reader.wrong) if age else None,
        max_age_text=age,
        who=reader.text("who", ""),
    )
    reader.done()
    return found


def _test(reader: Reader) -> ControlTest:
    found = ControlTest(kind=reader.one_of("kind", ("design", "operating")), how=reader.text("how"))
    reader.done()
    return found


def _duration(text: str, wrong: Callable[[str], None]) -> timedelta | None:
    """ISO 8601 durations in whole days or hours, such as P365D and PT48H: unambiguous in length."""
    match = re.fullmatch(r"P(?:(?P<days>[1-9]\d{0,4})D|T(?P<hours>[1-9]\d{0,4})H)", text)
    if match is None:
        wrong(f"max_age is {text!r}; write whole days as P365D or hours as PT48H")
        return None
    return timedelta(days=int(match["days"] or 0), hours=int(match["hours"] or 0))


def _coverage(reader: Reader) -> tuple[str, dict[str, Coverage]]:
    framework = reader.text("framework")
    found: dict[str, Coverage] = {}
    for table in reader.tables("requirement"):
        sets = table.take("sufficient", (list,), [])
        if any(not isinstance(chosen, list) or not chosen for chosen in sets):
            table.wrong("sufficient is a list of lists of control ids, none of them empty")
            sets = []
        one = Coverage(
            requirement=table.text("id"),
            sufficient=tuple(tuple(str(control) for control in chosen) for chosen in sets),
            contributes=table.words("contributes"),
            because=table.text("because"),
        )
        if not one.controls:
            table.wrong("it names no control; leave the entry out, or give the requirement no_duty")
        if one.requirement in found:
            table.wrong("the requirement occurs twice")
        found[one.requirement] = one
        table.done()
    reader.done()
    return framework, found


def _mapping(reader: Reader, stem: str) -> FrameworkMapping:
    edges: dict[tuple[str, str], Edge] = {}
    source, target = reader.text("source"), reader.text("target")
    if stem != f"{source}--{target}":
        reader.wrong(f"it maps {source!r} to {target!r}, but the file is named {stem}")
    if source == target:
        reader.wrong("it maps a framework to itself")
    for table in reader.tables("edge"):
        one = _edge(table)
        if (one.start, one.end) in edges:
            table.wrong("the edge occurs twice")
        edges[one.start, one.end] = one
    if not edges:
        reader.wrong("it has no edges")
    found = FrameworkMapping(
        source=source,
        target=target,
        author=reader.text("author"),
        basis=reader.text("basis"),
        edges=tuple(edges.values()),
    )
    reader.done()
    return found


def _edge(reader: Reader) -> Edge:
    start, end = reader.text("from"), reader.text("to")
    reader.where = f"edge {start} to {end}"
    found = Edge(
        start=start,
        end=end,
        relation=Relation(reader.one_of("relation", tuple(Relation))),
        rationale=reader.text("rationale"),
        source=reader.text("source"),
        confidence=Confidence(reader.one_of("confidence", tuple(Confidence))),
    )
    reader.done()
    return found


def _wrong_ends(mapping: FrameworkMapping, frameworks: Mapping[str, Framework]) -> Iterator[str]:
    """Both ends of an edge are requirements that exist."""
    file = f"mappings/{mapping.source}--{mapping.target}.toml"
    for side, ends in (
        (mapping.source, [edge.start for edge in mapping.edges]),
        (mapping.target, [edge.end for edge in mapping.edges]),
    ):
        framework = frameworks.get(side)
        if framework is None:
            yield f"{file}: file: framework {side!r} does not exist"
            continue
        for end in dict.fromkeys(ends):
            if end not in framework.by_id:
                yield f"{file}: {end}: {side} has no such requirement"


def _check_references(
    frameworks: Mapping[str, Framework],
    controls: Mapping[str, Control],
    coverage: Mapping[str, Mapping[str, Coverage]],
    problems: list[str],
) -> None:
    """Coverage names requirements and controls that exist."""
    for framework, entries in coverage.items():
        file = f"coverage/{framework}.toml"
        if framework not in frameworks:
            problems.append(f"{file}: file: framework {framework!r} does not exist")
            continue
        for entry in entries.values():
            if entry.requirement not in frameworks[framework].by_id:
                problems.append(f"{file}: {entry.requirement}: the framework has no such requirement")
            problems.extend(
                f"{file}: {entry.requirement}: control {control!r} does not exist"
                for control in entry.controls
                if control not in controls
            )


def write_lock() -> None:
    """Writes LOCK anew after a deliberate change of content: `python -m annexa.library.load`."""
    LOCK.write_text(lock_of(shipped()), encoding="utf-8")


if __name__ == "__main__":
    write_lock()
    print(json.dumps({"library": library().version}))  # noqa: T201
