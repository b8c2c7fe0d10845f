"""Frameworks, controls, coverage and mappings written as library files: what is written is read back as equal values.

The files are TOML 1.0 in the shape of docs/library.md, the same bytes for the same values.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from annexa.pure.rules_text import said_of
from annexa.pure.standards import (
    Attribute,
    Control,
    ControlTest,
    Coverage,
    Edge,
    Expectation,
    Framework,
    FrameworkMapping,
    Requirement,
)

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_Lines = Iterator[str]


def framework_path(framework: str) -> str:
    """Where the file of a framework stands below the library folder."""
    return f"frameworks/{framework}.toml"


def mapping_path(source: str, target: str) -> str:
    """Where the file of a mapping stands below the library folder."""
    return f"mappings/{source}--{target}.toml"


def framework_toml(framework: Framework) -> bytes:
    """A framework as its library file. The header's level is the one that most requirements have."""
    levels = Counter(requirement.level for requirement in framework.requirements)
    level = levels.most_common(1)[0][0] if levels else "organisation"
    return _file(_framework(framework, level))


def control_toml(control: Control) -> bytes:
    """A control as its library file, with its expectations and tests."""
    return _file(_control(control))


def coverage_toml(framework: str, entries: Iterable[Coverage]) -> bytes:
    """What covers the requirements of one framework, as its library file."""
    return _file(_coverage(framework, entries))


def mapping_toml(mapping: FrameworkMapping) -> bytes:
    """A mapping between two frameworks as its library file."""
    return _file(_mapping(mapping))


def _file(lines: Iterable[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _framework(framework: Framework, level: str) -> _Lines:
    yield _line("id", framework.id)
    yield _line("version", framework.version)
    yield _line("title", framework.title)
    yield _line("publisher", framework.publisher)
    yield _line("licence_note", framework.licence_note)
    yield _line("source_url", framework.source_url)
    yield _line("language", framework.language)
    yield _line("level", level)
    yield _line("edition", framework.edition)
    yield _line("status", framework.status)
    for name, declared in framework.attributes.items():
        yield ""
        yield f"[attributes.{_key(name)}]"
        yield _line("title", declared.title)
        yield from _given("values", declared.values)
    yield from _rules(framework)
    for requirement in framework.requirements:
        yield ""
        yield "[[requirement]]"
        yield from _requirement(requirement, level)


def _rules(framework: Framework) -> _Lines:
    """Where the law names its days, what narrows duties, and what it says of older cases."""
    days = {day: cites for one in framework.requirements for day, cites in one.commencements.items()}
    for day, cites in days.items():
        yield from ("", "[[commencement]]", _line("on", day), _line("cites", cites))
    narrowed = {one.id: one.narrowed for one in framework.requirements}
    for narrowing, said_of_ids in said_of(framework.requirements, narrowed):
        yield from ("", "[[narrowing]]", _line("requirements", said_of_ids), _line("any_of", narrowing.any_of))
        yield from (_line("says", narrowing.says), _line("cites", narrowing.cites), _line("law", narrowing.law))
        if narrowing.replaces_class:
            yield _line("replaces_class", True)
    moved = {one.id: one.transitions for one in framework.requirements}
    for transition, said_of_ids in said_of(framework.requirements, moved):
        yield from ("", "[[transition]]", _line("requirements", said_of_ids), _line("when", transition.when))
        yield from _given("on", transition.on)
        yield from (_line("says", transition.says), _line("cites", transition.cites), _line("law", transition.law))


def _requirement(requirement: Requirement, level: str) -> _Lines:
    yield _line("id", requirement.id)
    yield from _given("parent", requirement.parent)
    yield _line("kind", requirement.kind)
    yield _line("title", requirement.title)
    yield _line("summary", requirement.summary)
    if requirement.level != level:
        yield _line("level", requirement.level)
    yield from _given("binds_roles", requirement.binds_roles)
    yield from _given("binds_classes", requirement.binds_classes)
    yield from _given("applies_from", requirement.applies_from)
    if requirement.documented_information != "no":
        yield _line("documented_information", requirement.documented_information)
    yield from _given("no_duty", requirement.no_duty)
    yield from _given("note", requirement.note)
    yield from _given("source", requirement.source)
    if requirement.attributes:
        yield f"attributes = {_inline(requirement.attributes)}"


def _control(control: Control) -> _Lines:
    yield _line("id", control.id)
    yield _line("name", control.name)
    yield _line("objective", control.objective)
    yield _line("practice", control.practice)
    yield _line("level", control.level)
    yield _line("owner_role", control.owner_role)
    yield _line("cadence", control.cadence)
    yield f"effort = {control.effort!r}"
    yield from _given("binds_roles", control.binds_roles)
    yield from _given("binds_classes", control.binds_classes)
    for expectation in control.expectations:
        yield ""
        yield "[[expectations]]"
        yield from _expectation(expectation)
    for test in control.tests:
        yield ""
        yield "[[tests]]"
        yield from _test(test)


def _expectation(expectation: Expectation) -> _Lines:
    yield _line("id", expectation.id)
    yield _line("what", expectation.what)
    yield _line("kind", str(expectation.kind))
    yield from _given("check", expectation.check)
    yield from _given("max_age", expectation.max_age_text)
    yield from _given("who", expectation.who)


def _test(test: ControlTest) -> _Lines:
    yield _line("kind", test.kind)
    yield _line("how", test.how)


def _coverage(framework: str, entries: Iterable[Coverage]) -> _Lines:
    yield _line("framework", framework)
    for entry in entries:
        yield ""
        yield "[[requirement]]"
        yield _line("id", entry.requirement)
        if entry.sufficient:
            yield f"sufficient = [{', '.join(_value(chosen) for chosen in entry.sufficient)}]"
        yield from _given("contributes", entry.contributes)
        yield _line("because", entry.because)


def _mapping(mapping: FrameworkMapping) -> _Lines:
    yield _line("source", mapping.source)
    yield _line("target", mapping.target)
    yield _line("author", mapping.author)
    yield _line("basis", mapping.basis)
    for edge in mapping.edges:
        yield ""
        yield "[[edge]]"
        yield from _edge(edge)


def _edge(edge: Edge) -> _Lines:
    yield _line("from", edge.start)
    yield _line("to", edge.end)
    yield _line("relation", str(edge.relation))
    yield _line("rationale", edge.rationale)
    yield _line("source", edge.source)
    yield _line("confidence", str(edge.confidence))


def _given(name: str, value: Attribute | None) -> _Lines:
    """A line for what is there; what is empty is left out."""
    if value:
        yield _line(name, value)


def _line(name: str, value: Attribute) -> str:
    return f"{_key(name)} = {_value(value)}"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _inline(table: Mapping[str, Attribute]) -> str:
    return "{ " + ", ".join(_line(name, value) for name, value in table.items()) + " }"


def _value(value: Attribute) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return f"[{', '.join(_text(one) for one in value)}]"
    return _text(value)


def _text(text: str) -> str:
    """A basic string of TOML: JSON's escapes are a part of its own, but for the delete character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
