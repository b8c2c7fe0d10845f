"""What a person writes down about the columns of a file, kept as TOML; it has the last word over the guess."""

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from annexa.pure.cells import read_cell
from annexa.pure.columns import ColumnMapping, MappedField, complete
from annexa.pure.fields import Field, known_words
from annexa.pure.register import Register
from annexa.pure.systems import SYSTEMS
from annexa.pure.words import fold


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingFile:
    """What a person wrote down about the columns of a file; it overrides the guess."""

    columns: tuple[tuple[str, tuple[str, ...]], ...] = ()  # no columns = this field is not to be read
    key: tuple[str, ...] = ()
    values: tuple[tuple[str, str, str], ...] = ()
    day_first: bool | None = None


class MappingError(ValueError):
    """A mapping file cannot be used; `problems` says everything that is wrong with it."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


def override(
    guess: ColumnMapping, said: MappingFile, header: Sequence[str], register: Register = SYSTEMS
) -> ColumnMapping:
    """Let what a person wrote replace the guess, field by field. Raises MappingError naming every unknown column."""
    by_fold = {fold(name): name for name in reversed(header)}
    named = [*((f"[columns] {name}", columns) for name, columns in said.columns), ("[key] columns", said.key)]
    unknown = [
        f'{where}: there is no column "{column}" in the file'
        for where, columns in named
        for column in columns
        if fold(column) not in by_fold
    ]
    if unknown:
        raise MappingError(unknown)
    fields = {mapped.field: mapped for mapped in guess.fields}
    for name, columns in said.columns:
        fields.pop(name, None)
        if columns:
            real = tuple(by_fold[fold(column)] for column in columns)
            fields[name] = MappedField(field=name, columns=real, because="the mapping file says so")
    chosen = replace(
        guess,
        fields=tuple(fields.values()),
        key=tuple(by_fold[fold(name)] for name in said.key),
        values=said.values,
        day_first=said.day_first,
    )
    return complete(chosen, header, register)


def parse_mapping(text: str, register: Register = SYSTEMS) -> MappingFile:
    """Read a mapping written as TOML: [columns], [key], [values.FIELD], [dates]. Raises MappingError, all at once."""
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as wrong:
        raise MappingError([f"The mapping is not TOML: {wrong}"]) from wrong
    problems = [
        f"[{name}] is not known; there are [columns], [key], [values.FIELD] and [dates]"
        for name in document
        if name not in ("columns", "key", "values", "dates")
    ]
    columns = _said_columns(_table(document, "columns", problems), register, problems)
    key = _said_key(_table(document, "key", problems), problems)
    values = _said_values(_table(document, "values", problems), register, problems)
    day_first = _said_order(_table(document, "dates", problems), problems)
    if problems:
        raise MappingError(problems)
    return MappingFile(columns=columns, key=key, values=values, day_first=day_first)


def mapping_text(mapping: ColumnMapping) -> str:
    """Write a mapping as the TOML that parse_mapping reads, to be kept or changed by hand."""
    lines = ["[columns]"]
    for mapped in mapping.fields:
        names = [_quoted(name) for name in mapped.columns]
        lines.append(f"{mapped.field} = {names[0] if len(names) == 1 else '[' + ', '.join(names) + ']'}")
    if mapping.key:
        lines += ["", "[key]", f"columns = [{', '.join(_quoted(name) for name in mapping.key)}]"]
    for name in dict.fromkeys(name for name, _, _ in mapping.values):
        lines += ["", f"[values.{name}]"]
        lines += [f"{_quoted(text)} = {_quoted(word)}" for key, text, word in mapping.values if key == name]
    if mapping.day_first is not None:
        lines += ["", "[dates]", f'order = "{"day first" if mapping.day_first else "month first"}"']
    return "\n".join(lines) + "\n"


def _table(document: Mapping[str, Any], name: str, problems: list[str]) -> Mapping[str, Any]:
    table = document.get(name, {})
    if isinstance(table, dict):
        return table
    problems.append(f"{name} must be a table: write [{name}] on a line of its own")
    return {}


def _said_columns(
    table: Mapping[str, Any], register: Register, problems: list[str]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    said = []
    for name, columns in table.items():
        names = tuple(columns) if isinstance(columns, list) else (columns,) if columns != "" else ()
        if name not in register.field:
            problems.append(f'[columns]: "{name}" is not a field; fields are {", ".join(register.field)}')
        elif not all(isinstance(column, str) and column for column in names):
            problems.append(f"[columns]: {name} must be a column name or a list of them")
        elif len(names) > 1 and register.field[name].kind not in ("text", "long"):
            problems.append(f"[columns]: {name} is read from one column; only texts can be joined from several")
        else:
            said.append((name, names))
    return tuple(said)


def _said_key(table: Mapping[str, Any], problems: list[str]) -> tuple[str, ...]:
    problems += [f'[key]: "{name}" is not known; there is only columns' for name in table if name != "columns"]
    columns = table.get("columns", [])
    if isinstance(columns, list) and all(isinstance(name, str) for name in columns):
        return tuple(columns)
    problems.append("[key]: columns must be a list of column names")
    return ()


def _said_values(table: Mapping[str, Any], register: Register, problems: list[str]) -> tuple[tuple[str, str, str], ...]:
    said: list[tuple[str, str, str]] = []
    for name, pairs in table.items():
        if name not in register.field:
            problems.append(f'[values]: "{name}" is not a field; fields are {", ".join(register.field)}')
        elif not isinstance(pairs, dict):
            problems.append(f'[values.{name}] must be lines like "text in the file" = "what it means"')
        else:
            for text, word in pairs.items():
                if not isinstance(word, str) or (word and read_cell(register.field[name], word).unread):
                    problems.append(f'[values.{name}]: "{word}" is not a value of {name}{_hint(register.field[name])}')
                else:
                    said.append((name, text, word))
    return tuple(said)


def _said_order(table: Mapping[str, Any], problems: list[str]) -> bool | None:
    problems += [f'[dates]: "{name}" is not known; there is only order' for name in table if name != "order"]
    order = table.get("order")
    if order not in (None, "day first", "month first"):
        problems.append('[dates]: order must be "day first" or "month first"')
    return None if order is None else order == "day first"


def _hint(about: Field) -> str:
    if about.kind == "date":
        return "; write a date like 2026-01-31"
    return f"; known are {known_words(about)}" if about.choices else ""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
