"""A framework as CSV: a row for each requirement, its place in the tree by parent; out and in again without loss.

RFC 4180, UTF-8. Columns that are not filled may be left out; the framework itself is described in the first row.
"""

import csv
import io
import json
import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from annexa.adapters.catalogs.findings import Findings, check_tree, shortened, slug
from annexa.pure.library_files import framework_path, framework_toml
from annexa.pure.rules_text import rules_text
from annexa.pure.standards import Attribute, Declared, Framework, Requirement
from annexa.pure.systems import CLASSES, ROLES

PLAIN = ("id", "parent", "kind", "title", "summary")
FURTHER = (
    "level", "binds_roles", "binds_classes", "applies_from", "documented_information", "no_duty", "note", "source",
)  # fmt: skip
HEADER = ("id", "version", "title", "publisher", "licence_note", "source_url", "language", "edition", "status")
ATTRIBUTE = "attribute."
FRAMEWORK = "framework."
DECLARED = "framework.attributes"
RULES = "rules"
CHOICES: Mapping[str, tuple[str, ...]] = {
    "level": ("organisation", "system"),
    "documented_information": ("no", "yes", "if applicable"),
    "framework.status": ("current", "withdrawn", "repealed"),
}
_DELIMITERS = (",", ";", "\t")
_FORMULA = re.compile(r"['\t\r]|\s*[=+\-@]")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NUMBER = re.compile(r"-?\d{1,19}")


def framework_csv(framework: Framework) -> str:
    """A framework as CSV with every column; what a spreadsheet would take for a formula begins with an apostrophe."""
    attributes = tuple(framework.attributes)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    heading = [*PLAIN, *FURTHER, *(ATTRIBUTE + name for name in attributes), RULES]
    writer.writerow([*heading, *(FRAMEWORK + name for name in HEADER), DECLARED])
    about = [*(str(getattr(framework, name)) for name in HEADER), _declared_text(framework)]
    for requirement in framework.requirements:
        cells = [_plain(getattr(requirement, name)) for name in (*PLAIN, *FURTHER)]
        cells += [_typed(requirement.attributes[name]) if name in requirement.attributes else "" for name in attributes]
        cells.append(rules_text(requirement))
        writer.writerow([_guarded(cell) for cell in [*cells, *about]])
        about = [""] * len(about)
    return out.getvalue()


def _plain(value: Any) -> str:
    if isinstance(value, tuple):
        return "; ".join(value)
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _typed(value: Attribute) -> str:
    """An attribute's value: a text as it is unless it could be taken for something else, the rest as JSON or a day."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str) and value == _untyped(value) and value:
        return value
    return json.dumps(value, ensure_ascii=False)


def _untyped(cell: str) -> Attribute:
    """The value that a cell of an attribute stands for."""
    if _DAY.fullmatch(cell):
        try:
            return date.fromisoformat(cell)
        except ValueError:
            return cell
    if _NUMBER.fullmatch(cell) or cell in ("true", "false") or cell.startswith(('"', "[")):
        try:
            value = json.loads(cell)
        except (ValueError, RecursionError):
            return cell
        if isinstance(value, list):
            return tuple(value) if all(isinstance(one, str) for one in value) else cell
        return value if isinstance(value, str | bool | int) else cell
    return cell


def _guarded(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell, 1) else cell


def _declared_text(framework: Framework) -> str:
    declared = {name: {"title": one.title, "values": list(one.values)} for name, one in framework.attributes.items()}
    return json.dumps(declared, ensure_ascii=False) if declared else ""


def is_heading(line: str) -> bool:
    """Whether a line is the heading of a framework's CSV."""
    return _delimiter(line) != ""


def _delimiter(line: str) -> str:
    for delimiter in _DELIMITERS:
        if {"id", "title"} <= {cell.strip().strip('"').strip().lower() for cell in line.split(delimiter)}:
            return delimiter
    return ""


def read(text: str, found: Findings, *, framework_id: str | None = None) -> dict[str, bytes]:
    """The framework in the rows as a library file; problems name the line."""
    delimiter = _delimiter(text.lstrip().split("\n", 1)[0])
    if not delimiter:
        found.wrong("line 1", "the heading needs the columns id and title, separated by comma, semicolon or tab")
        return {}
    table = list(_lines(text, delimiter, found))
    if not table:
        found.wrong("line 2", "there are no rows; write one for each requirement")
    if found.problems:
        return {}
    framework = _framework(table, found, framework_id)
    check_tree(found, framework, [f"line {line}" for line, _ in table])
    return {framework_path(framework.id): framework_toml(framework)}


def _lines(text: str, delimiter: str, found: Findings) -> list[tuple[int, dict[str, str]]]:
    """Each row with the line it ends on, by the names of its columns."""
    reader = csv.reader(io.StringIO(text.lstrip(), newline=""), delimiter=delimiter)
    rows: list[tuple[int, dict[str, str]]] = []
    names: list[str] = []
    try:
        for cells in reader:
            if not names:
                names = [_name(cell) for cell in cells]
                _check_heading(names, found)
            elif any(cell.strip() for cell in cells):
                if len(cells) > len(names):
                    found.wrong(f"line {reader.line_num}", f"has {len(cells)} cells under {len(names)} headings")
                filled = zip(names, map(_unguarded, cells), strict=False)
                rows.append((reader.line_num, {name: cell for name, cell in filled if cell}))
    except csv.Error as wrong:
        found.wrong(f"line {reader.line_num}", f"this is not CSV ({wrong}); quote the cell")
    return rows


def _name(cell: str) -> str:
    """The name of a column: small letters, but for the own name of an attribute."""
    return cell if cell.startswith(ATTRIBUTE) else cell.strip().lower()


def _check_heading(names: list[str], found: Findings) -> None:
    known = {*PLAIN, *FURTHER, *(FRAMEWORK + name for name in HEADER), DECLARED, RULES}
    for name in names:
        if name and name not in known and not name.startswith(ATTRIBUTE):
            meant = f"name a column of your own {ATTRIBUTE}{name}"
            found.wrong("line 1", f"the column {name!r} is not known; {meant}, or leave it out")
        if names.count(name) > 1:
            found.wrong("line 1", f"the column {name!r} is there twice; keep one")


def _framework(table: list[tuple[int, dict[str, str]]], found: Findings, framework_id: str | None) -> Framework:
    line, first = table[0]
    place = f"line {line}"
    about = {name: first.get(FRAMEWORK + name, "") for name in HEADER}
    own = framework_id or about["id"] or slug(about["title"] or found.name.rsplit(".", 1)[0])
    requirements = tuple(_requirement(number, row, found) for number, row in table)
    return Framework(
        id=found.id(own, place),
        version=about["version"] or "1",
        title=about["title"] or shortened(found.name),
        publisher=about["publisher"] or "Not stated",
        licence_note=about["licence_note"] or f"Not stated in {found.name}.",
        source_url=about["source_url"] or "Not stated",
        language=about["language"] or "en",
        edition=about["edition"] or about["version"] or "1",
        status=_choice(first, "framework.status", place, found),
        requirements=requirements,
        attributes=MappingProxyType(_declared(first.get(DECLARED, ""), place, found, requirements)),
    )


def _declared(text: str, place: str, found: Findings, requirements: tuple[Requirement, ...]) -> dict[str, Declared]:
    """What the first row declares, and a plain declaration for each attribute that is only used."""
    declared: dict[str, Declared] = {}
    try:
        table = json.loads(text) if text else {}
        for name, one in table.items():
            values = one.get("values", [])
            if not isinstance(one["title"], str) or not all(isinstance(value, str) for value in values):
                raise TypeError(name)
            declared[name] = Declared(title=one["title"], values=tuple(values))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        found.wrong(
            place, f'{DECLARED} is not JSON such as {{"theme": {{"title": "Theme", "values": []}}}}; leave it out'
        )
    for name in dict.fromkeys(name for requirement in requirements for name in requirement.attributes):
        declared.setdefault(name, Declared(title=name))
    return declared


def _requirement(line: int, row: dict[str, str], found: Findings) -> Requirement:
    place = f"line {line}"
    title = found.text(row, "title", f"{place}: ", None)
    return Requirement(
        id=found.text(row, "id", f"{place}: ", None),
        parent=row.get("parent") or None,
        kind=row.get("kind", "requirement"),
        title=title,
        summary=row.get("summary") or title,
        level=_choice(row, "level", place, found),
        binds_roles=_words(row, "binds_roles", ROLES, place, found),
        binds_classes=_words(row, "binds_classes", CLASSES, place, found),
        applies_from=found.day(row.get("applies_from", ""), f"{place}: applies_from"),
        documented_information=_choice(row, "documented_information", place, found),
        no_duty=row.get("no_duty", ""),
        note=row.get("note", ""),
        source=row.get("source", ""),
        attributes=MappingProxyType(
            {name[len(ATTRIBUTE) :]: _untyped(cell) for name, cell in row.items() if name.startswith(ATTRIBUTE)}
        ),
        **found.rules(row.get(RULES, ""), place),
    )


def _choice(row: dict[str, str], name: str, place: str, found: Findings) -> Any:
    value = row.get(name, CHOICES[name][0])
    if value not in CHOICES[name]:
        found.wrong(place, f"{name} is {value!r}; it is one of {', '.join(CHOICES[name])}")
    return value


def _words(row: dict[str, str], name: str, choices: tuple[str, ...], place: str, found: Findings) -> tuple[str, ...]:
    words = tuple(word for cell in row.get(name, "").split(";") if (word := cell.strip()))
    for word in words:
        if word not in choices:
            found.wrong(place, f"{name} names {word!r}; known are {', '.join(choices)}")
    return words
