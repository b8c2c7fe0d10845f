"""From a table somebody keeps to the register: which column means what, what each cell says, what would change."""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Literal

from annexa.pure.systems import (
    FIELD,
    FIELDS,
    FIRST_YEAR,
    LAST_YEAR,
    Field,
    SystemFacts,
    known_words,
    tidy,
    validate,
)

SOURCE = "source: "  # heading prefix under which an export carries the cells an import kept as they came
SLUG = "Slug"
NAME_IS_CUT_AT = FIELD["name"].longest
SURE_PIECES = 3  # samples of a column needed before it may be refused as not answering the question


# --- The table as it was read ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing a person has to mend in a file before it can be imported."""

    row: int  # 0 = the file as a whole or its headings
    column: str  # "" = the whole row
    message: str
    value: str = ""

    def __str__(self) -> str:
        where = f"Row {self.row}" if self.row else "Headings"
        return f"{where}, column {self.column}: {self.message}" if self.column else f"{where}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table under the number a person sees beside it."""

    number: int  # spreadsheet row, headings usually being 1; in JSON and YAML the place in the list, from 1
    cells: tuple[str, ...]  # as many as the table has headings


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A file of rows and named columns, whatever format it came in, and how it was understood."""

    format: Literal["csv", "xlsx", "json", "yaml"]
    header: tuple[str, ...]  # distinct, never empty
    rows: tuple[Row, ...]
    encoding: str = ""
    encoding_why: str = ""
    delimiter: str = ""
    sheet: str = ""
    problems: tuple[Problem, ...] = ()


# --- Which column means what ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedField:
    """One field of a system, the column or columns it is read from, and why."""

    field: str
    columns: tuple[str, ...]
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """How the columns of one file are read: guessed, or said by the person who imports."""

    fields: tuple[MappedField, ...]
    missing: tuple[str, ...] = ()  # fields of FIELDS that no column gives
    left_over: tuple[str, ...] = ()  # columns kept in `source` only
    slug_column: str = ""
    key: tuple[str, ...] = ()  # columns that tell the rows apart; empty = reference, else name and unit
    values: tuple[tuple[str, str, str], ...] = ()  # (field, text in the file, what it means)
    day_first: bool | None = None  # None = decided column by column

    def columns_of(self, name: str) -> tuple[str, ...]:
        """Return the columns a field is read from; empty if none."""
        return next((mapped.columns for mapped in self.fields if mapped.field == name), ())


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Headings:
    """The headings under which people are known to keep one field, best first; compared without punctuation."""

    field: str
    usual: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()  # only if the cells below read like the field
    phrases: tuple[tuple[str, ...], ...] = ()  # all phrases of one tuple occur in the heading; cells must fit
    never: tuple[str, ...] = ()  # phrases that speak of something else


HEADINGS: tuple[Headings, ...] = (
    Headings(
        field="reference",
        usual=("ref", "reference number", "system id", "use case id", "ai use case id", "inventory id", "id"),
        doubtful=("identifier", "unique identifier", "record id"),
    ),
    Headings(
        field="name",
        usual=("ai system name", "ai system", "use case name", "ai use case name", "ai use case", "use case",
               "system name", "system", "application name", "application", "title", "tool name", "tool"),
    ),
    Headings(
        field="purpose",
        usual=("intended purpose", "purpose and benefits", "description", "summary", "use case description",
               "system description", "what is it for"),
        phrases=(("intended purpose",), ("purpose", "benefits"), ("purpose of", "system"), ("problem", "solve")),
    ),
    Headings(
        field="outputs",
        usual=("output", "system outputs", "ai outputs", "results"),
        phrases=(("system s outputs",), ("outputs", "system"), ("outputs", "describe")),
    ),
    Headings(
        field="stage",
        usual=("life cycle stage", "lifecycle stage", "stage of development", "development stage", "lifecycle"),
        doubtful=("status", "phase", "state", "system status", "deployment status"),
        phrases=(("stage", "development"), ("stage", "life cycle")),
        never=("date", "when"),
    ),
    Headings(field="roles", doubtful=("ai act role", "ai act roles", "our role", "role")),
    Headings(
        field="classes",
        doubtful=("risk class", "ai act class", "ai act risk class", "risk category", "risk level",
                  "risk classification", "classification"),
    ),
    Headings(field="high_risk_by", doubtful=("high risk annex", "ai act annex", "annex")),
    Headings(
        field="owner",
        usual=("system owner", "business owner", "owner e mail", "owner email", "use case owner", "accountable person",
               "responsible person", "responsible", "point of contact", "contact"),
    ),
    Headings(
        field="built",
        usual=("build or buy", "built by", "developed by", "sourcing"),
        phrases=(("contract", "in house"), ("developed", "in house"), ("built", "in house")),
    ),
    Headings(
        field="supplier",
        usual=("vendor", "vendor name", "supplier name", "manufacturer", "vendor s name", "third party"),
        phrases=(("vendor", "name"), ("supplier", "name")),
    ),
    Headings(
        field="personal_data",
        usual=("pii", "processes personal data", "contains personal data", "personal data processed"),
        phrases=(("personally identifiable information",), ("pii",), ("personal data",)),
        never=("legal basis", "categories", "describe", "which"),
    ),
    Headings(
        field="impact_assessment",
        usual=("ai impact assessment", "fundamental rights impact assessment", "fria"),
        phrases=(("impact assessment",),),
        never=("privacy impact", "data protection impact", "date"),
    ),
    Headings(
        field="monitoring",
        usual=("monitored", "performance monitoring", "post deployment monitoring", "post market monitoring"),
        phrases=(("monitor", "performance"), ("monitoring", "process"), ("monitoring", "plan")),
    ),
    Headings(
        field="independent_evaluation",
        usual=("independently evaluated", "independent review", "independent assessment"),
        phrases=(("independent evaluation",), ("independent review",), ("independently", "evaluated")),
    ),
    Headings(
        field="appeal",
        usual=("appeal process", "appeals", "contestability", "redress"),
        phrases=(("appeal",), ("contest",)),
    ),
    Headings(
        field="started_on",
        usual=("date initiated", "start date", "started", "initiated on", "date started", "initiation date"),
        phrases=(("date", "initiated"),),
    ),
    Headings(
        field="deployed_on",
        usual=("date implemented", "deployment date", "deployed", "go live date", "go live", "date deployed",
               "operational date", "in production since", "implementation date"),
        phrases=(("date", "implemented"), ("date", "operational"), ("date", "deployed")),
    ),
    Headings(
        field="retired_on",
        usual=("date retired", "retirement date", "retired", "decommissioned on", "end date", "date decommissioned"),
        phrases=(("date", "retired"), ("date", "decommissioned")),
    ),
)  # fmt: skip
# A unit is often kept in two columns, the organisation and the part of it.
UNIT = ("unit", "business unit", "organisational unit", "organizational unit")
UNIT_WHOLE = (
    "agency abbreviation",
    "agency",
    "department",
    "company",
    "organisation",
    "organization",
    "entity",
)
UNIT_PART = ("bureau", "component", "sub agency", "bureau component", "division", "office", "team")


def guess_columns(header: Sequence[str], sample_rows: Sequence[Row]) -> ColumnMapping:
    """Guess which column of a file holds which field, and say why; several hundred rows are sample enough."""
    plain = {name: _plain_words(name) for name in header if not name.startswith(SOURCE)}
    cells = {name: [row.cells[i] for row in sample_rows] for i, name in enumerate(header)}
    found = {rule.field: mapped for rule in HEADINGS if (mapped := _by_label(rule.field, plain))}
    slug = next((name for name, words in plain.items() if words == _plain_words(SLUG)), "")
    found |= _guess_unit(plain)
    for look in (_by_usual, _by_doubtful, _by_phrase):
        for rule in HEADINGS:
            taken = {slug, *(column for mapped in found.values() for column in mapped.columns)}
            free = {name: words for name, words in plain.items() if name not in taken}
            if rule.field not in found and (mapped := look(rule, free, cells)):
                found[rule.field] = mapped
    return _complete(ColumnMapping(fields=tuple(found.values()), slug_column=slug), header)


def override(guess: ColumnMapping, said: MappingFile, header: Sequence[str]) -> ColumnMapping:
    """Let what a person wrote replace the guess, field by field. Raises MappingError naming every unknown column."""
    by_fold = {_fold(name): name for name in reversed(header)}
    named = [*((f"[columns] {name}", columns) for name, columns in said.columns), ("[key] columns", said.key)]
    unknown = [
        f'{where}: there is no column "{column}" in the file'
        for where, columns in named
        for column in columns
        if _fold(column) not in by_fold
    ]
    if unknown:
        raise MappingError(unknown)
    fields = {mapped.field: mapped for mapped in guess.fields}
    for name, columns in said.columns:
        fields.pop(name, None)
        if columns:
            real = tuple(by_fold[_fold(column)] for column in columns)
            fields[name] = MappedField(field=name, columns=real, because="the mapping file says so")
    chosen = replace(
        guess,
        fields=tuple(fields.values()),
        key=tuple(by_fold[_fold(name)] for name in said.key),
        values=said.values,
        day_first=said.day_first,
    )
    return _complete(chosen, header)


def parse_mapping(text: str) -> MappingFile:
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
    columns = _said_columns(_table(document, "columns", problems), problems)
    key = _said_key(_table(document, "key", problems), problems)
    values = _said_values(_table(document, "values", problems), problems)
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


def _by_label(name: str, plain: Mapping[str, str]) -> MappedField | None:
    labels = (_plain_words(FIELD[name].label), _plain_words(name))
    for column, words in plain.items():
        if words in labels:
            return MappedField(field=name, columns=(column,), because="the heading is our own name for it")
    return None


def _guess_unit(plain: Mapping[str, str]) -> dict[str, MappedField]:
    def first(usual: Sequence[str]) -> tuple[str, ...]:
        return next(((column,) for words in usual for column in plain if plain[column] == words), ())

    if columns := first(UNIT):
        return {"unit": MappedField(field="unit", columns=columns, because="the heading is a usual one")}
    if columns := first(UNIT_WHOLE) + first(UNIT_PART):
        because = "organisation and part of it, joined" if len(columns) > 1 else "the heading is a usual one"
        return {"unit": MappedField(field="unit", columns=columns, because=because)}
    return {}


Look = Callable[[Headings, Mapping[str, str], Mapping[str, Sequence[str]]], MappedField | None]


def _by_usual(rule: Headings, plain: Mapping[str, str], _cells: Mapping[str, Sequence[str]]) -> MappedField | None:
    for usual in rule.usual:
        for column, words in plain.items():
            if words == usual:
                return MappedField(field=rule.field, columns=(column,), because="the heading is a usual one")
    return None


def _by_doubtful(rule: Headings, plain: Mapping[str, str], cells: Mapping[str, Sequence[str]]) -> MappedField | None:
    for usual in rule.doubtful:
        for column, words in plain.items():
            if words == usual and _cells_fit(FIELD[rule.field], cells[column], doubted=True):
                because = "the heading could mean it and the cells read like it"
                return MappedField(field=rule.field, columns=(column,), because=because)
    return None


def _by_phrase(rule: Headings, plain: Mapping[str, str], cells: Mapping[str, Sequence[str]]) -> MappedField | None:
    for phrases in rule.phrases:
        for column, words in plain.items():
            if not all(_says(words, phrase) for phrase in phrases) or any(_says(words, no) for no in rule.never):
                continue
            if _cells_fit(FIELD[rule.field], cells[column]):
                because = "the heading speaks of " + " and ".join(f'"{phrase}"' for phrase in phrases)
                return MappedField(field=rule.field, columns=(column,), because=because)
    return None


def _says(words: str, phrase: str) -> bool:
    return f" {phrase} " in f" {words} "


def _cells_fit(about: Field, cells: Sequence[str], *, doubted: bool = False) -> bool:
    """Tell whether cells could be values of a field; few cells are given the benefit of the doubt, unless doubted."""
    pieces = {cell.strip() for cell in cells if cell.strip()}
    fitting = (piece for piece in pieces if not _READ[about.kind](about, piece, False).unread)
    return any(fitting) or len(pieces) < (1 if doubted else SURE_PIECES)


def _complete(mapping: ColumnMapping, header: Sequence[str]) -> ColumnMapping:
    """Put the fields in the order of FIELDS and name what is missing and what is left over."""
    by_name = {mapped.field: mapped for mapped in mapping.fields}
    used = {mapping.slug_column, *(column for mapped in mapping.fields for column in mapped.columns)}
    return replace(
        mapping,
        fields=tuple(by_name[about.name] for about in FIELDS if about.name in by_name),
        missing=tuple(about.name for about in FIELDS if about.name not in by_name),
        left_over=tuple(name for name in header if name not in used and not name.startswith(SOURCE)),
    )


def _table(document: Mapping[str, Any], name: str, problems: list[str]) -> Mapping[str, Any]:
    table = document.get(name, {})
    if isinstance(table, dict):
        return table
    problems.append(f"{name} must be a table: write [{name}] on a line of its own")
    return {}


def _said_columns(table: Mapping[str, Any], problems: list[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    said = []
    for name, columns in table.items():
        names = tuple(columns) if isinstance(columns, list) else (columns,) if columns != "" else ()
        if name not in FIELD:
            problems.append(f'[columns]: "{name}" is not a field; fields are {", ".join(FIELD)}')
        elif not all(isinstance(column, str) and column for column in names):
            problems.append(f"[columns]: {name} must be a column name or a list of them")
        elif len(names) > 1 and FIELD[name].kind not in ("text", "long"):
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


def _said_values(table: Mapping[str, Any], problems: list[str]) -> tuple[tuple[str, str, str], ...]:
    said: list[tuple[str, str, str]] = []
    for name, pairs in table.items():
        if name not in FIELD:
            problems.append(f'[values]: "{name}" is not a field; fields are {", ".join(FIELD)}')
        elif not isinstance(pairs, dict):
            problems.append(f'[values.{name}] must be lines like "text in the file" = "what it means"')
        else:
            for text, word in pairs.items():
                if not isinstance(word, str) or (word and _READ[FIELD[name].kind](FIELD[name], word, False).unread):
                    problems.append(f'[values.{name}]: "{word}" is not a value of {name}{_hint(FIELD[name])}')
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


# --- What one cell says ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a cell was understood to say, and whether that is all it says."""

    value: Any
    exact: bool = True  # False: the text says more than the value and is kept beside it
    unread: bool = False  # True: nothing was understood; what is already recorded stands
    rough: bool = False  # True: a date known only to the month or year
    note: str = ""  # a key of NOTES
    problem: str = ""


STAGE_WORDS: Mapping[str, tuple[str, ...]] = {
    "concept": ("initiated", "initiation", "pre initiation", "planned", "planning", "idea", "ideation", "proposed",
                "discovery", "research", "design"),
    "development": ("acquisition and or development", "acquisition", "in development", "under development", "build",
                    "building", "training", "testing", "validation", "prototype", "proof of concept",
                    "pre deployment"),
    "deployment": ("implementation and assessment", "implementation", "deploying", "roll out", "rollout", "pilot",
                   "piloting"),
    "operation": ("operation and maintenance", "operations and maintenance", "operations", "operational",
                  "in operation", "in production", "production", "in mission", "in use", "live", "deployed", "active"),
    "retirement": ("retired", "inactive", "decommissioned", "withdrawn", "ended", "end of life",
                   "research or administrative action complete"),
}  # fmt: skip
PLAIN_ANSWERS: Mapping[str, tuple[str, ...]] = {
    "yes": ("yes", "y", "true"),
    "no": ("no", "n", "false"),
    "planned": ("planned",),
    "unknown": ("unknown",),
}
# What people call a risk class or a role besides its own name.
OTHER_WORDS: Mapping[str, str] = {
    "authorized representative": "authorised_representative",
    "limited": "transparency",
    "limited risk": "transparency",
    "minimal risk": "minimal",
    "high": "high-risk",
    "unacceptable": "prohibited",
    "unacceptable risk": "prohibited",
    "general purpose": "gpai",
    "gpai with systemic risk": "gpai-systemic",
}
# How a longer answer begins; what follows is kept as text.
ANSWER_OPENINGS: Mapping[str, tuple[str, ...]] = {
    "yes": ("yes", "true", "complete", "completed", "done", "in place", "conducted", "performed", "automated",
            "intermittent", "established", "continuous", "continuously", "regular", "regularly"),
    "no": ("no", "none", "false", "never", "not yet", "not done", "not conducted", "not performed", "not started",
           "not established"),
    "planned": ("planned", "in progress", "in preparation", "under way", "underway", "scheduled", "forthcoming"),
    "unknown": ("unknown", "not known", "to be determined", "tbd", "tbc", "unclear"),
}  # fmt: skip
NOT_APPLICABLE = re.compile(r"(n\s?[./\\]?\s?a\.?|not applicable|does not apply|not relevant)(?=$|[\s–—:;,.(-])", re.I)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTH_NAME = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)"
)
CLOCK = r"(?:[T ]+(?:00?|12):00(?::00(?:\.0+)?)?(?: ?AM)?Z?)?"
TAIL = r"(?P<tail>$|T\d.*|[\s(,;:–—].*)"
DATE_SHAPES: tuple[re.Pattern[str], ...] = tuple(
    re.compile(shape + TAIL, re.I | re.S)
    for shape in (
        r"(?P<y>\d{4})[-/](?P<m>\d{1,2})[-/](?P<d>\d{1,2})" + CLOCK,
        r"(?P<first>\d{1,2})(?P<mark>[/-])(?P<second>\d{1,2})(?P=mark)(?P<y>\d{4}|(?<=/)\d{2})" + CLOCK,
        r"(?P<d>\d{1,2})\. ?(?P<m>\d{1,2})\. ?(?P<y>\d{4}|\d{2})" + CLOCK,
        r"(?P<d>\d{1,2})(?:st|nd|rd|th|\.)?[ -]" + MONTH_NAME + r"\.?,?[ -](?P<y>\d{4})",
        MONTH_NAME + r"\.? (?P<d>\d{1,2})(?:st|nd|rd|th)?,? (?P<y>\d{4})",
        MONTH_NAME + r"\.?,?[ -](?P<y>\d{4})",
        r"(?P<m>\d{1,2})[/.](?P<y>\d{4})",
        r"(?P<y>\d{4})[-/](?P<m>\d{1,2})",
    )
)
YEAR = re.compile(r"(19|20)\d\d")
DAY_ZERO = date(1899, 12, 30)  # spreadsheets count days from here
SPREADSHEET_DAYS = range(18_264, 73_051)  # FIRST_YEAR to 2099
SPREADSHEET_YEARS = range(1980, LAST_YEAR)  # a bare year shown as a date falls into 1905


def read_answer(text: str) -> Reading:
    """Read an answer to a governance question: yes, no, planned, not applicable or unknown."""
    if found := NOT_APPLICABLE.match(text.strip()):
        rest = text.strip()[found.end() :].strip(" .")
        return Reading(value="not applicable", exact=not rest, note="not applicable")
    words = _plain_words(text)
    for answer, spellings in PLAIN_ANSWERS.items():
        if words in spellings:
            return Reading(value=answer)
    for answer, openings in ANSWER_OPENINGS.items():
        if any(_says_first(words, opening) for opening in openings):
            return Reading(value=answer, exact=False)
    return Reading(value="unknown", exact=False, unread=True, note="unread answer")


def read_stage(text: str) -> Reading:
    """Read where a system stands in its life; an unknown word is a problem."""
    words = _plain_words(text)
    if words in STAGE_WORDS:
        return Reading(value=words, exact=text.strip() == words)
    for stage, spellings in STAGE_WORDS.items():
        if words in spellings:
            return Reading(value=stage, exact=False)
    if NOT_APPLICABLE.match(text.strip()):
        return Reading(value="", exact=False, note="not applicable")
    message = f"is not a stage; known are {known_words(FIELD['stage'])}, others are named under [values.stage]"
    return Reading(value="", unread=True, problem=message)


def read_built(text: str) -> Reading:
    """Read who built a system from the ways people say it; what is not understood stays text."""
    words = _plain_words(text)
    if text.strip() in ("in-house", "supplier", "both"):
        return Reading(value=text.strip())
    if NOT_APPLICABLE.match(text.strip()):
        return Reading(value="", exact=False, note="not applicable")
    inside = any(_says(words, word) for word in ("in house", "inhouse", "internal", "internally", "no contract"))
    without_negation = words.replace("no contract external", "").replace("no contract", "")
    outside = ("contract", "contracting", "contractor", "supplier", "vendor", "purchased", "bought", "third party",
               "off the shelf", "cots", "external")  # fmt: skip
    if _says(words, "both") or _says(words, "combination"):
        return Reading(value="both", exact=False)
    from_outside = any(_says(without_negation, word) for word in outside)
    if inside or from_outside:
        value = "both" if inside and from_outside else "in-house" if inside else "supplier"
        return Reading(value=value, exact=False)
    return Reading(value="", exact=False, unread=True, note="unread word")


def read_date(text: str, *, day_first: bool = False) -> Reading:
    """Read a day, a month or a year however it is written; 1/2/2024 is 2 January unless day_first.

    A text that is no date stays text. One that looks like a date and cannot be one is a problem.
    """
    text = text.strip()
    if found := NOT_APPLICABLE.match(text):
        return Reading(value=None, exact=not text[found.end() :].strip(" ."), note="not applicable")
    if YEAR.fullmatch(text):
        return _rough(int(text), 1)
    if re.fullmatch(r"\d{5}(\.0+)?", text) and int(text[:5]) in SPREADSHEET_DAYS:
        return Reading(value=DAY_ZERO + timedelta(days=int(text[:5])), exact=False, note="spreadsheet day")
    for shape in DATE_SHAPES:
        if found := shape.fullmatch(text):
            return _dated(found.groupdict(), day_first=day_first)
    return Reading(value=None, exact=False, unread=True, note="unread date")


def _dated(parts: Mapping[str, str | None], *, day_first: bool) -> Reading:
    year = int(parts["y"] or 0)
    year += 2000 if year < 100 else 0
    first, second = parts.get("first"), parts.get("second")
    month, day = (second, first) if day_first else (first, second)
    month, day = parts.get("m") or month, parts.get("d") or day
    if name := parts.get("name"):
        month = str(MONTHS.index(name[:3].lower()) + 1)
    try:
        value = date(year, int(month or 0), int(day or 1))
    except ValueError:
        order = "" if first is None else f" read {'day/month' if day_first else 'month/day'}/year"
        return Reading(value=None, unread=True, problem=f"is not a date that exists{order}; write it like 2026-01-31")
    if (mistaken := (value - DAY_ZERO).days) in SPREADSHEET_YEARS:
        return replace(_rough(mistaken, 1), note="year as a day")
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return Reading(value=None, unread=True, problem=f"is not between {FIRST_YEAR} and {LAST_YEAR}")
    if day is None:
        return _rough(value.year, value.month)
    return Reading(value=value, exact=not (parts["tail"] or "").strip() and len(parts["y"] or "") > 2)


def _rough(year: int, month: int) -> Reading:
    if not 1 <= month <= 12:
        return Reading(value=None, unread=True, problem="is not a month that exists; write it like 2026-01")
    return Reading(value=date(year, month, 1), exact=False, rough=True, note="rough date")


def _read_text(about: Field, text: str, _day_first: bool) -> Reading:
    value = tidy(text, long=about.kind == "long")
    if len(value) <= about.longest:
        return Reading(value=value, exact=value == text.strip().replace("\r\n", "\n"))
    if about.name in ("name", "unit", "supplier"):
        return Reading(value=value[: about.longest - 1].rstrip() + "…", exact=False, note="cut")
    message = f"has {len(value):,} characters; {about.longest:,} are allowed"
    return Reading(value=value, unread=True, problem=message)


def _read_choice(about: Field, text: str, _day_first: bool) -> Reading:
    if about.name == "stage":
        return read_stage(text)
    if about.name == "built":
        return read_built(text)
    if NOT_APPLICABLE.match(text.strip()):
        return Reading(value="", exact=False, note="not applicable")
    words = _plain_words(text)
    word = next((word for word in about.choices if word and _says_first(words, _plain_words(word))), None)
    if word is None:
        return Reading(value="", unread=True, problem=f"is not known here; known are {known_words(about)}")
    return Reading(value=word, exact=word == text.strip())


def _read_choices(about: Field, text: str, _day_first: bool) -> Reading:
    if NOT_APPLICABLE.match(text.strip()):
        return Reading(value=(), exact=False, note="not applicable")
    by_words = {**OTHER_WORDS, **{_plain_words(word): word for word in about.choices}}
    said = [_plain_words(part) for part in re.split(r"[;,|\n]", text) if part.strip()]
    unknown = [part for part in said if by_words.get(part) not in about.choices]
    if unknown:
        message = f'has "{_short(unknown[0], 40)}", which is not known here; known are {known_words(about)}'
        return Reading(value=(), unread=True, problem=message)
    value = tuple(dict.fromkeys(by_words[part] for part in said))
    return Reading(value=value, exact="; ".join(value) == text.strip())


def _says_first(words: str, phrase: str) -> bool:
    return f"{words} ".startswith(f"{phrase} ")


def _read_answer(_about: Field, text: str, _day_first: bool) -> Reading:
    return read_answer(text)


def _read_date(_about: Field, text: str, day_first: bool) -> Reading:
    return read_date(text, day_first=day_first)


_READ: Mapping[str, Callable[[Field, str, bool], Reading]] = {
    "text": _read_text,
    "long": _read_text,
    "choice": _read_choice,
    "choices": _read_choices,
    "answer": _read_answer,
    "date": _read_date,
}
EMPTY: Mapping[str, Any] = {
    "text": "", "long": "", "choice": "", "choices": (), "answer": "unknown", "date": None,
}  # fmt: skip


def _fold(text: str) -> str:
    """Two texts a person would call the same fold to the same."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _plain_words(text: str) -> str:
    return " ".join(re.sub(r"[^\w]|_", " ", _fold(text)).split())


# --- What an import would do ----------------------------------------------------------------------------------

Outcome = Literal["added", "updated", "unchanged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingSystem:
    """A system already in the register, under the slug that addresses it."""

    slug: str
    facts: SystemFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRow:
    """What the import of one row would do to the register."""

    row: int
    outcome: Outcome
    key: str
    slug: str  # of the system that is updated or unchanged; for an added one the slug the file asks for, or ""
    facts: SystemFacts  # as they will stand afterwards
    changed: tuple[str, ...] = ()  # field names, and "source"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """Everything an import would do, everything that keeps it from doing so, and what people should know."""

    rows: tuple[PlannedRow, ...]  # only rows without a problem
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    mapping: ColumnMapping

    def count(self, outcome: Outcome) -> int:
        """Return how many rows have this outcome."""
        return sum(row.outcome == outcome for row in self.rows)


# Each sentence follows the number of cells and the column they are in.
NOTES: Mapping[str, str] = {
    "empty": "{cells} in {column} {are} empty",
    "not applicable": "{cells} in {column} say{s} that it does not apply ({examples}) and {were} read as such",
    "unread answer": "{cells} in {column} {are} no answer we can read and {were} kept as text ({examples})",
    "unread word": "{cells} in {column} {are} no value we know and {were} kept as text ({examples})",
    "unread date": "{cells} in {column} hold{s} text that is no date and {were} kept as text ({examples})",
    "rough date": "{cells} in {column} give{s} only a month or year and {were} read as its first day ({examples})",
    "year as a day": "{cells} in {column} {are} years that a spreadsheet turned into days of 1905 ({examples})"
    " and {were} read as the year",
    "spreadsheet day": "{cells} in {column} {are} day numbers of a spreadsheet and {were} read as dates ({examples})",
    "two readings": "{cells} in {column} could be day/month or month/day ({examples}); {were} read month first."
    ' [dates] order = "day first" in a mapping file changes that',
    "too rough": "{cells} in {column} {are} too rough to tell whether the system was retired before it was used and"
    " {were} kept as text ({examples})",
    "cut": "{cells} in {column} {were} cut to {longest} characters; the whole text is kept beside the system",
}


@dataclass(slots=True)
class _Tally:
    """Counts what is worth telling, per column and kind. Lives only while one plan is made."""

    cells: dict[tuple[str, str, int], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, note: str, column: str, text: str, longest: int = 0) -> None:
        self.cells[note, column, longest][text.strip()] += 1

    def sentences(self) -> list[str]:
        return [self._sentence(*key, texts) for key, texts in sorted(self.cells.items(), key=self._order)]

    def _order(self, item: tuple[tuple[str, str, int], Counter[str]]) -> tuple[int, str]:
        (note, column, _), _ = item
        return list(NOTES).index(note), column

    def _sentence(self, note: str, column: str, longest: int, texts: Counter[str]) -> str:
        n = texts.total()
        shown = ", ".join(f'"{_short(text, 40)}"' for text, _ in texts.most_common(3))
        return NOTES[note].format(
            cells="1 cell" if n == 1 else f"{n:,} cells",
            column=_short(column, 60),
            examples=shown + (", …" if len(texts) > 3 else ""),
            longest=longest,
            **({"are": "is", "were": "was", "s": "s"} if n == 1 else {"are": "are", "were": "were", "s": ""}),
        )


@dataclass(slots=True, kw_only=True)
class _Draft:
    """One row on its way into the plan."""

    row: Row
    facts: SystemFacts
    unread: set[str]
    slug: str
    problems: list[Problem]
    key: str = ""


def plan_import(table: Table, mapping: ColumnMapping, existing: Mapping[str, ExistingSystem]) -> ImportPlan:
    """Say what importing a table would do to the register, row by row, without doing it.

    `existing` is what keys_for returns for the same mapping. Fields and source columns the file does not have stay
    as they are; an empty cell empties the field; a cell that could not be read leaves the field alone.
    """
    if not mapping.columns_of("name"):
        message = "no column gives the name of the system; say which in a mapping file under [columns]"
        problem = Problem(row=0, column="", message=message)
        return ImportPlan(rows=(), problems=(problem, *table.problems), notes=(), mapping=mapping)
    tally = _Tally()
    reader = _Reader(table, mapping, tally)
    drafts = [reader.draft(row) for row in table.rows]
    problems = [*table.problems, *(problem for draft in drafts for problem in draft.problems)]
    problems += _give_keys(drafts, mapping, existing)
    bad = {problem.row for problem in problems}
    planned = [_planned(draft, existing, table.header, mapping) for draft in drafts if draft.row.number not in bad]
    problems += _same_system_problems(planned)
    problems += _merged_problems(planned, mapping)
    bad = {problem.row for problem in problems}
    return ImportPlan(
        rows=tuple(row for row in planned if row.row not in bad),
        problems=tuple(sorted(problems, key=lambda problem: problem.row)),
        notes=(*tally.sentences(), *_general_notes(drafts, mapping)),
        mapping=mapping,
    )


def keys_for(systems: Iterable[ExistingSystem], mapping: ColumnMapping) -> dict[str, ExistingSystem]:
    """Index the register by every key a row of a file with this mapping could have; oldest system first."""
    index: dict[str, ExistingSystem] = {}
    seen: Counter[str] = Counter()
    for system in systems:
        index[_key("slug", system.slug)] = system
        if system.facts.reference:
            index.setdefault(_key("reference", system.facts.reference), system)
        for base in _bases(system.facts, mapping):
            seen[base] += 1
            index[_numbered(base, seen[base])] = system
    return index


def _key(kind: str, *parts: str) -> str:
    return json.dumps([kind, *(_fold(part) for part in parts)], ensure_ascii=False)


def _numbered(base: str, ordinal: int) -> str:
    return f"{base[:-1]}, {ordinal}]"


def _bases(facts: SystemFacts, mapping: ColumnMapping) -> list[str]:
    """Return the keys that may repeat and are told apart by order: key columns if said, then name and unit."""
    by_name = _key("name", facts.name, *([facts.unit] if mapping.columns_of("unit") else []))
    parts = [_part(facts, column, mapping) for column in mapping.key]
    return [_key("columns", *parts), by_name] if any(parts) else [by_name]


def _part(facts: SystemFacts, column: str, mapping: ColumnMapping) -> str:
    """Return what a column said of a system, from the kept source or from the one field it was read into."""
    kept = dict(facts.source).get(column.removeprefix(SOURCE))
    if kept is not None:
        return kept
    name = next((mapped.field for mapped in mapping.fields if mapped.columns == (column,)), "")
    value = getattr(facts, name) if name else ""
    return "; ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


class _Reader:
    """Reads the rows of one table under one mapping."""

    def __init__(self, table: Table, mapping: ColumnMapping, tally: _Tally) -> None:
        self.header = table.header
        self.at = {name: i for i, name in enumerate(table.header)}
        self.mapping = mapping
        self.tally = tally
        self.meant = {(name, _fold(text)): word for name, text, word in mapping.values}
        self.alone = {mapped.columns[0] for mapped in mapping.fields if len(mapped.columns) == 1}
        self.day_first = {
            mapped.columns[0]: self._day_first([row.cells[self.at[mapped.columns[0]]] for row in table.rows])
            for mapped in mapping.fields
            if FIELD[mapped.field].kind == "date"
        }
        self.undecided = {column for column, decided in self.day_first.items() if decided is None}

    def _day_first(self, cells: Sequence[str]) -> bool | None:
        """Decide how a column writes 1/2/2024: by the days above 12 in it. None = it never shows."""
        if self.mapping.day_first is not None:
            return self.mapping.day_first
        pairs = [found.groupdict() for cell in cells if (found := DATE_SHAPES[1].fullmatch(cell.strip()))]
        numbers = [(int(pair["first"]), int(pair["second"])) for pair in pairs]
        day_first = sum(second <= 12 < first for first, second in numbers)
        month_first = sum(first <= 12 < second for first, second in numbers)
        return None if not day_first and not month_first else day_first > month_first

    def draft(self, row: Row) -> _Draft:
        cells = [_without_guard(cell) for cell in row.cells]
        values: dict[str, Any] = {"name": ""}
        draft = _Draft(row=row, facts=_NOBODY, unread=set(), slug="", problems=[])
        kept: set[str] = {name for name in self.header if name not in self.alone and name != self.mapping.slug_column}
        readings = {}
        for mapped in self.mapping.fields:
            reading = self._read(mapped, cells, draft)
            values[mapped.field] = reading.value
            readings[mapped.field] = reading
            if reading.unread:
                draft.unread.add(mapped.field)
            if not reading.exact and len(mapped.columns) == 1:
                kept.add(mapped.columns[0])
        self._drop_rough(values, readings, kept, draft.unread)
        draft.facts = SystemFacts(**values, source=self._source(cells, kept))
        draft.slug = self._slug(cells, draft)
        self._validated(draft)
        return draft

    def _read(self, mapped: MappedField, cells: Sequence[str], draft: _Draft) -> Reading:
        about, column = FIELD[mapped.field], mapped.columns[0]
        text = cells[self.at[column]] if len(mapped.columns) == 1 else self._joined(mapped.columns, cells)
        meant = self.meant.get((about.name, _fold(text)))
        if not text.strip() and meant is None:
            self.tally.add("empty", " / ".join(mapped.columns), "")
            return Reading(value=EMPTY[about.kind])
        if meant == "":
            return Reading(value=EMPTY[about.kind], exact=False)
        reading = _READ[about.kind](about, text if meant is None else meant, bool(self.day_first.get(column)))
        if meant is not None:
            reading = replace(reading, exact=meant == text.strip(), note="")
        if reading.problem:
            draft.problems.append(_problem(draft.row.number, column, reading.problem, text))
        elif reading.note:
            self.tally.add(reading.note, " / ".join(mapped.columns), text, about.longest)
        elif column in self.undecided and _two_readings(text):
            self.tally.add("two readings", column, text)
        return reading

    def _joined(self, columns: Sequence[str], cells: Sequence[str]) -> str:
        """Join "HHS" and "FDA" to "HHS / FDA", once each and without what only says there is nothing."""
        parts = [tidy(cells[self.at[column]]) for column in columns]
        return " / ".join(dict.fromkeys(part for part in parts if part and not NOT_APPLICABLE.fullmatch(part)))

    def _drop_rough(
        self, values: dict[str, Any], readings: Mapping[str, Reading], kept: set[str], unread: set[str]
    ) -> None:
        """A retirement in "2024" must not be called earlier than a deployment in May 2024."""
        end = values.get("retired_on")
        for name in ("started_on", "deployed_on"):
            begin = values.get(name)
            if end and begin and end < begin and (readings["retired_on"].rough or readings[name].rough):
                column = self.mapping.columns_of("retired_on")[0]
                self.tally.add("too rough", column, str(end))
                values["retired_on"] = None
                unread.add("retired_on")
                kept.add(column)

    def _source(self, cells: Sequence[str], kept: set[str]) -> tuple[tuple[str, str], ...]:
        pairs: dict[str, str] = {}
        for column in sorted(self.header, key=lambda name: not name.startswith(SOURCE)):
            text = cells[self.at[column]]
            if column in kept and text.strip():
                pairs[column.removeprefix(SOURCE)] = text
        order = {name.removeprefix(SOURCE): i for i, name in enumerate(self.header)}
        return tuple(sorted(pairs.items(), key=lambda pair: order[pair[0]]))

    def _slug(self, cells: Sequence[str], draft: _Draft) -> str:
        column = self.mapping.slug_column
        slug = cells[self.at[column]].strip() if column else ""
        if slug and not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug):
            message = "is not a slug: small letters a to z, digits and single hyphens between them"
            draft.problems.append(_problem(draft.row.number, column, message, slug))
        return slug

    def _validated(self, draft: _Draft) -> None:
        reported = {problem.column for problem in draft.problems}
        for found in validate(draft.facts):
            column = _column_of(found.field, self.mapping)
            if column not in reported:
                text = draft.row.cells[self.at[column]] if column in self.at else ""
                draft.problems.append(_problem(draft.row.number, column, found.message, text))


_NOBODY = SystemFacts(name="")


def _two_readings(text: str) -> bool:
    found = DATE_SHAPES[1].fullmatch(text.strip())
    return (
        found is not None and found["first"] != found["second"] and max(int(found["first"]), int(found["second"])) < 13
    )


def _column_of(name: str, mapping: ColumnMapping) -> str:
    columns = mapping.columns_of(name)
    return columns[0] if columns else FIELD[name].label if name in FIELD else name


def _problem(row: int, column: str, message: str, text: str) -> Problem:
    said = f'"{_short(text, 60)}" {message}' if text.strip() else message
    return Problem(row=row, column=column, message=said, value=text)


def _short(text: str, longest: int) -> str:
    text = tidy(text)
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def _give_keys(
    drafts: Sequence[_Draft], mapping: ColumnMapping, existing: Mapping[str, ExistingSystem]
) -> list[Problem]:
    """Give every row the key it is recognised by; repeats are told apart by order or reported."""
    problems = []
    rows_of: dict[str, list[int]] = defaultdict(list)
    counted: dict[str, list[_Draft]] = defaultdict(list)
    for draft in drafts:
        bases = _bases(draft.facts, mapping)
        for base in bases:
            counted[base].append(draft)
        reference = draft.facts.reference
        if draft.slug:
            draft.key = _key("slug", draft.slug)
        elif reference and not mapping.key:
            draft.key = _key("reference", reference)
        else:
            draft.key = _numbered(bases[0], len(counted[bases[0]]))
        for column, text in (
            (mapping.slug_column, draft.slug),
            (_column_of("reference", mapping), reference),
        ):
            if text:
                rows_of[_key(column, text)].append(draft.row.number)
                if len(same := rows_of[_key(column, text)]) > 1:
                    problems.append(_problem(same[-1], column, f"is also in row {same[0]}", text))
    return problems + _too_many_problems(counted, existing, mapping)


def _too_many_problems(
    counted: Mapping[str, Sequence[_Draft]], existing: Mapping[str, ExistingSystem], mapping: ColumnMapping
) -> list[Problem]:
    """Where the register has more systems of one name than the file, nobody can say which ones are meant."""
    problems = []
    for base, drafts in counted.items():
        if _numbered(base, len(drafts) + 1) not in existing:
            continue
        for draft in drafts:
            if draft.key.startswith(base[:-1] + ", "):
                message = (
                    "is the name of more systems in the register than in the file, so it is not clear which is"
                    " meant; add a Reference, Unit or Slug column as the export writes it"
                )
                column = _column_of("name", mapping)
                problems.append(_problem(draft.row.number, column, message, draft.facts.name))
    return problems


def _planned(
    draft: _Draft, existing: Mapping[str, ExistingSystem], header: Sequence[str], mapping: ColumnMapping
) -> PlannedRow:
    number, found = draft.row.number, existing.get(draft.key)
    if found is None:
        return PlannedRow(row=number, outcome="added", key=draft.key, slug=draft.slug, facts=draft.facts)
    facts, changed = _merged(draft, found.facts, header, mapping)
    outcome: Outcome = "updated" if changed else "unchanged"
    return PlannedRow(row=number, outcome=outcome, key=draft.key, slug=found.slug, facts=facts, changed=changed)


def _merged(
    draft: _Draft, before: SystemFacts, header: Sequence[str], mapping: ColumnMapping
) -> tuple[SystemFacts, tuple[str, ...]]:
    """Lay what the file says over what is recorded; what the file does not speak of stays."""
    told = {mapped.field for mapped in mapping.fields} - draft.unread
    new = {name: getattr(draft.facts, name) for name in FIELD if name in told}
    changed = [name for name, value in new.items() if value != getattr(before, name)]
    spoken_of = {name.removeprefix(SOURCE) for name in header}
    source = tuple(pair for pair in before.source if pair[0] not in spoken_of) + draft.facts.source
    if dict(source) == dict(before.source):
        source = before.source  # the order of columns is no fact about the system
    else:
        changed.append("source")
    return replace(before, **new, source=source), tuple(changed)


def _same_system_problems(planned: Sequence[PlannedRow]) -> list[Problem]:
    """Two rows that reach one system by different keys would overwrite each other."""
    first: dict[str, int] = {}
    problems = []
    for row in planned:
        if row.slug and (other := first.setdefault(row.slug, row.row)) != row.row:
            message = f"is the same system as row {other} ({row.slug}); remove one of them"
            problems.append(Problem(row=row.row, column="", message=message))
    return problems


def _merged_problems(planned: Sequence[PlannedRow], mapping: ColumnMapping) -> list[Problem]:
    """What is right in the file can still contradict what is recorded, such as a date against another."""
    return [
        Problem(
            row=row.row,
            column=_column_of(found.field, mapping),
            message=f"together with what is already recorded, {FIELD[found.field].label} {found.message}",
        )
        for row in planned
        if row.outcome == "updated"
        for found in validate(row.facts)
        if found.field in FIELD
    ]


def _general_notes(drafts: Sequence[_Draft], mapping: ColumnMapping) -> list[str]:
    notes = []
    names = Counter(_fold(draft.facts.name) for draft in drafts if draft.key.startswith('["name"'))
    if repeated := sum(n > 1 for n in names.values()):
        by = "unit and order" if mapping.columns_of("unit") else "order"
        occur = "name occurs" if repeated == 1 else "names occur"
        notes.append(f"{repeated:,} {occur} more than once and {'was' if repeated == 1 else 'were'} told apart by {by}")
    early = sum(
        bool(draft.facts.started_on and draft.facts.deployed_on and draft.facts.deployed_on < draft.facts.started_on)
        for draft in drafts
    )
    if early:
        systems = "1 system was" if early == 1 else f"{early:,} systems were"
        notes.append(f"{systems} in use before the day given as the start; both dates were kept")
    if mapping.left_over:
        n = len(mapping.left_over)
        whose = "1 column has no field of its own; its" if n == 1 else f"{n} columns have no field of their own; their"
        notes.append(f"{whose} cells are kept beside the systems as they came")
    return notes


# --- The way out ----------------------------------------------------------------------------------------------


def export_rows(systems: Iterable[ExistingSystem]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return headings and rows that an import reads back without loss, safe to open in a spreadsheet."""
    listed = list(systems)
    columns = tuple(dict.fromkeys(column for system in listed for column, _ in system.facts.source))
    header = (SLUG, *(about.label for about in FIELDS), *(SOURCE + column for column in columns))
    return header, [_export_row(system, columns) for system in listed]


def _export_row(system: ExistingSystem, columns: Sequence[str]) -> tuple[str, ...]:
    kept = dict(system.facts.source)
    cells = [_cell(getattr(system.facts, about.name)) for about in FIELDS]
    return tuple(_with_guard(cell) for cell in (system.slug, *cells, *(kept.get(column, "") for column in columns)))


def _cell(value: object) -> str:
    if isinstance(value, tuple):
        return "; ".join(str(item) for item in value)
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _with_guard(text: str) -> str:
    """Put an apostrophe before what a spreadsheet would run as a formula (and before our own apostrophes)."""
    return f"'{text}" if re.match(r"'*\s*[=+\-@]", text) else text


def _without_guard(text: str) -> str:
    return text[1:] if re.match(r"'+\s*[=+\-@]", text) else text
