"""Reads the library's files into values, and refuses the whole library if anything in it is wrong.

All errors of all files are reported together, each with file and id. Formats: docs/library.md.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from annexa.library.reader import EVERYTHING, LOCK, LibraryError, Reader, lock_of, readers, shipped, version_of
from annexa.pure.checks import KNOWN, OVER_RECORDS
from annexa.pure.checks.over import SUBJECT
from annexa.pure.standards import (
    Confidence,
    Control,
    ControlTest,
    Coverage,
    Declared,
    Edge,
    Expectation,
    ExpectationKind,
    Framework,
    FrameworkMapping,
    Library,
    Narrowing,
    Relation,
    Requirement,
    Transition,
)
from annexa.pure.systems import CLASSES, ROLES


@cache
def library() -> Library:
    """The library shipped with this version of Annexa. Read once per process. Raises LibraryError."""
    return load(shipped())


def load(files: Mapping[str, bytes]) -> Library:
    """A library from its files. Raises LibraryError with every problem of every file."""
    problems: list[str] = []
    controls: dict[str, Control] = {}
    frameworks: dict[str, Framework] = {}
    coverage: dict[str, dict[str, Coverage]] = {}
    mappings: list[FrameworkMapping] = []
    for reader in readers(files, problems):
        name = reader.file
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
    narrowings = [_narrowing(table, framework_id) for table in reader.tables("narrowing")]
    transitions = [_transition(table, framework_id) for table in reader.tables("transition")]
    commencements = [_commencement(table) for table in reader.tables("commencement")]
    for unknown in sorted({one for ids, _ in (*narrowings, *transitions) for one in ids} - known):
        reader.wrong(f"narrowing or transition: there is no requirement {unknown!r}")
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
        requirements=tuple(_with_rules(requirements, narrowings, transitions, MappingProxyType(dict(commencements)))),
        attributes=MappingProxyType(declared),
    )
    if not requirements:
        reader.wrong("it has no requirements")
    reader.done()
    return found


def _narrowing(reader: Reader, framework: str) -> tuple[tuple[str, ...], Narrowing]:
    """A narrowing, and the requirements it is said of."""
    reader.where = f"narrowing of {', '.join(reader.table.get('requirements', ['?'])[:3])}"
    requirements = reader.words("requirements")
    found = Narrowing(
        law=reader.text("law", framework),
        any_of=reader.words("any_of"),
        says=reader.text("says"),
        cites=reader.words("cites"),
        replaces_class=bool(reader.take("replaces_class", (bool,), False)),
    )
    if not (requirements and found.any_of and found.cites):
        reader.wrong("requirements, any_of and cites name at least one each")
    reader.done()
    return requirements, found


def _transition(reader: Reader, framework: str) -> tuple[tuple[str, ...], Transition]:
    """A rule for older cases, and the requirements it is said of."""
    reader.where = f"transition of {', '.join(reader.table.get('requirements', ['?'])[:3])}"
    requirements = reader.words("requirements")
    found = Transition(
        law=reader.text("law", framework),
        when=reader.words("when"),
        on=reader.day("on"),
        says=reader.text("says"),
        cites=reader.words("cites"),
    )
    if not (requirements and found.when and found.cites):
        reader.wrong("requirements, when and cites name at least one each")
    reader.done()
    return requirements, found


def _commencement(reader: Reader) -> tuple[date, str]:
    """A day on which parts of a law begin to apply, and where the law says so."""
    on = reader.day("on")
    if on is None:
        reader.wrong("commencement: on is missing")
    found = (on or date.min, reader.text("cites"))
    reader.done()
    return found


def _with_rules(
    requirements: Sequence[Requirement],
    narrowings: Sequence[tuple[tuple[str, ...], Narrowing]],
    transitions: Sequence[tuple[tuple[str, ...], Transition]],
    commencements: Mapping[date, str],
) -> Iterator[Requirement]:
    """The requirements with what narrows and defers them; what is said of a group is said of all below it."""
    above: dict[str, set[str]] = {}
    for one in requirements:
        above[one.id] = {one.id, *above.get(one.parent or "", ())}
        narrowed = tuple(rule for ids, rule in narrowings if above[one.id].intersection(ids))
        moved = tuple(rule for ids, rule in transitions if above[one.id].intersection(ids))
        yield replace(one, narrowed=narrowed, transitions=moved, commencements=commencements)


def _declared(reader: Reader) -> dict[str, Declared]:
    """The attributes a framework declares for itself, by name."""
    found: dict[str, Declared] = {}
    for name, table in reader.take("attributes", (dict,), {}).items():
        if not isinstance(table, dict):
            reader.wrong(f"attributes.{name} is not a table")
            continue
        one = Reader(file=reader.file, where=f"attributes.{name}", table=table, problems=reader.problems)
        found[name] = Declared(title=one.text("title"), values=one.words("values"))
        one.done()
    return found


def _requirement(reader: Reader, level: str, declared: Mapping[str, Declared]) -> Requirement:
    given = reader.take("attributes", (dict,), {})
    attributes: dict[str, Any] = {}
    for name, value in given.items():
        if name not in declared:
            reader.wrong(f"attribute {name} is not declared by the framework")
            continue
        values = value if isinstance(value, list) else [value]
        allowed = declared[name].values
        for one in values if allowed else ():
            if str(one) not in allowed:
                reader.wrong(f"attribute {name} is {one!r}; it is one of {', '.join(allowed)}")
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
        applies_from=reader.day("applies_from"),
        documented_information=reader.one_of("documented_information", ("yes", "no", "if applicable"), "no"),
        no_duty=reader.text("no_duty", ""),
        note=reader.text("note", ""),
        source=reader.text("source", ""),
        attributes=MappingProxyType(attributes),
    )
    reader.done()
    return found


def _control(reader: Reader) -> Control:
    control_id = reader.text("id")
    reader.where = control_id or reader.where
    expectations = tuple(_expectation(table, control_id) for table in reader.tables("expectations"))
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
    for check in (one.check for one in expectations if found.level == "system" and one.check in OVER_RECORDS):
        reader.wrong(f"check {check!r} looks at a register; it is for organisation-level controls")
    if found.level == "organisation" and (found.binds_roles or found.binds_classes):
        reader.wrong("binds_roles and binds_classes are for system-level controls")
    reader.done()
    return found


def _effort(reader: Reader) -> float:
    days = float(reader.take("effort", (float, int)))
    if not 0 < days < 1000:
        reader.wrong(f"effort is {days}; it is in person-days, more than 0")
    return days


def _expectation(reader: Reader, control: str) -> Expectation:
    kind = ExpectationKind(reader.one_of("kind", tuple(ExpectationKind)))
    check = reader.text("check", "")
    age = reader.text("max_age", "")
    max_age = reader.span("max_age")
    if (kind is ExpectationKind.RECORD) != bool(check):
        reader.wrong("a check belongs to kind record, and only to it")
    if check and check not in KNOWN and check not in OVER_RECORDS:
        reader.wrong(f"check {check!r} does not exist; known are {', '.join(KNOWN)}")
    if (kind is ExpectationKind.RECORD) == bool(age):
        reader.wrong("max_age belongs to every kind but record")
    expectation_id = reader.text("id")
    found = Expectation(
        id=expectation_id,
        what=reader.text("what"),
        kind=kind,
        check=_about(reader, check, f"{control}/{expectation_id}"),
        max_age=max_age,
        max_age_text=age,
        who=reader.text("who", ""),
    )
    reader.done()
    return found


def _about(reader: Reader, check: str, itself: str) -> str:
    """The check with what it is asked about, where it is asked about one thing: this very expectation."""
    name, _, subject = check.partition(SUBJECT)
    if name not in OVER_RECORDS or OVER_RECORDS[name].subjects is None:
        return check
    if subject not in ("", itself):
        reader.wrong(f"check {name!r} is asked about this expectation, not about {subject!r}")
    return f"{name}{SUBJECT}{itself}"


def _test(reader: Reader) -> ControlTest:
    found = ControlTest(kind=reader.one_of("kind", ("design", "operating")), how=reader.text("how"))
    reader.done()
    return found


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
    LOCK.write_text(lock_of(shipped(EVERYTHING)), encoding="utf-8")


if __name__ == "__main__":
    write_lock()
    print(json.dumps({"library": library().version}))  # noqa: T201
