"""What importing a table would change in the register: which rows are new, which are known, which cannot be taken."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from annexa.pure.columns import ColumnMapping
from annexa.pure.drafts import Draft, Reader, Tally, column_of, problem_in
from annexa.pure.register import Record, Register
from annexa.pure.slugs import free_slugs
from annexa.pure.systems import SYSTEMS
from annexa.pure.tables import SOURCE, Problem, Table
from annexa.pure.words import fold

Outcome = Literal["added", "updated", "unchanged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """A record already in the register, under the slug that addresses it."""

    slug: str
    facts: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRow:
    """What the import of one row would do to the register."""

    row: int
    outcome: Outcome
    key: str
    slug: str  # of the record that is updated or unchanged; for an added one what the file asks for, or is given, or ""
    facts: Record  # as they will stand afterwards
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What an import has to know besides the register itself, where its records lead to others or are given slugs.

    `named`: for each register that is led to, its slugs by every word a file may use: slug, reference, name, folded;
    "" where a word could mean several. `reserved`: slugs that no record may have.
    """

    named: Mapping[str, Mapping[str, str]]
    reserved: frozenset[str] = frozenset()


def plan_import(
    table: Table,
    mapping: ColumnMapping,
    existing: Mapping[str, Existing],
    register: Register = SYSTEMS,
    around: Around | None = None,
) -> ImportPlan:
    """Say what importing a table would do to the register, row by row, without doing it.

    `existing` is what keys_for returns for the same mapping. Fields and source columns the file does not have stay
    as they are; an empty cell empties the field; a cell that could not be read leaves the field alone. `around`: then
    every new record gets its slug here, and what leads to records is resolved.
    """
    if not mapping.columns_of("name"):
        message = f"no column gives the name of the {_one(register)}; say which in a mapping file under [columns]"
        problem = Problem(row=0, column="", message=message)
        return ImportPlan(rows=(), problems=(problem, *table.problems), notes=(), mapping=mapping)
    tally = Tally(one=_one(register))
    reader = Reader(table, mapping, tally, register)
    drafts = [reader.draft(row) for row in table.rows]
    problems = [*table.problems, *(problem for draft in drafts for problem in draft.problems)]
    problems += _give_keys(drafts, mapping, existing, register)
    if around is not None:
        _give_slugs(drafts, existing, register, around.reserved)
        problems += _lead(drafts, existing, mapping, register, around)
    bad = {problem.row for problem in problems}
    planned = [
        _planned(draft, existing, table.header, mapping, register) for draft in drafts if draft.row.number not in bad
    ]
    problems += _same_record_problems(planned, register)
    problems += _merged_problems(planned, existing, mapping, register)
    bad = {problem.row for problem in problems}
    return ImportPlan(
        rows=tuple(row for row in planned if row.row not in bad),
        problems=tuple(sorted(problems, key=lambda problem: problem.row)),
        notes=(*tally.sentences(), *_general_notes(drafts, mapping, register)),
        mapping=mapping,
    )


def _one(register: Register) -> str:
    return "system" if register is SYSTEMS else register.one


def keys_for(records: Iterable[Existing], mapping: ColumnMapping) -> dict[str, Existing]:
    """Index the register by every key a row of a file with this mapping could have; oldest record first."""
    index: dict[str, Existing] = {}
    seen: Counter[str] = Counter()
    for record in records:
        index[_key("slug", record.slug)] = record
        if reference := getattr(record.facts, "reference", ""):
            index.setdefault(_key("reference", reference), record)
        for base in _bases(record.facts, mapping):
            seen[base] += 1
            index[_numbered(base, seen[base])] = record
    return index


def _key(kind: str, *parts: str) -> str:
    return json.dumps([kind, *(fold(part) for part in parts)], ensure_ascii=False)


def _numbered(base: str, ordinal: int) -> str:
    return f"{base[:-1]}, {ordinal}]"


def _bases(facts: Record, mapping: ColumnMapping) -> list[str]:
    """Return the keys that may repeat and are told apart by order: key columns if said, then name and unit."""
    by_name = _key("name", facts.name, *([getattr(facts, "unit", "")] if mapping.columns_of("unit") else []))
    parts = [_part(facts, column, mapping) for column in mapping.key]
    return [_key("columns", *parts), by_name] if any(parts) else [by_name]


def _part(facts: Record, column: str, mapping: ColumnMapping) -> str:
    """Return what a column said of a system, from the kept source or from the one field it was read into."""
    kept: str | None = dict(facts.source).get(column.removeprefix(SOURCE))
    if kept is not None:
        return kept
    name = next((mapped.field for mapped in mapping.fields if mapped.columns == (column,)), "")
    value: object = getattr(facts, name) if name else ""
    return "; ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


def _give_keys(
    drafts: Sequence[Draft], mapping: ColumnMapping, existing: Mapping[str, Existing], register: Register
) -> list[Problem]:
    """Give every row the key it is recognised by; repeats are told apart by order or reported."""
    problems = []
    rows_of: dict[str, list[int]] = defaultdict(list)
    counted: dict[str, list[Draft]] = defaultdict(list)
    for draft in drafts:
        bases = _bases(draft.facts, mapping)
        for base in bases:
            counted[base].append(draft)
        reference = getattr(draft.facts, "reference", "")
        if draft.slug:
            draft.key = _key("slug", draft.slug)
        elif reference and not mapping.key:
            draft.key = _key("reference", reference)
        else:
            draft.key = _numbered(bases[0], len(counted[bases[0]]))
        for column, text in (
            (mapping.slug_column, draft.slug),
            (column_of("reference", mapping, register), reference),
        ):
            if text:
                rows_of[_key(column, text)].append(draft.row.number)
                if len(same := rows_of[_key(column, text)]) > 1:
                    problems.append(problem_in(same[-1], column, f"is also in row {same[0]}", text))
    return problems + _too_many_problems(counted, existing, mapping, register)


def _give_slugs(
    drafts: Sequence[Draft], existing: Mapping[str, Existing], register: Register, reserved: frozenset[str]
) -> None:
    """Give every record the slug it has or will have."""
    for draft in drafts:
        if not draft.slug and draft.key in existing:
            draft.slug = existing[draft.key].slug
    taken = {record.slug for record in existing.values()} | {draft.slug for draft in drafts} | reserved
    new = [draft for draft in drafts if not draft.slug]
    fresh = free_slugs([draft.facts.name for draft in new], taken, otherwise=register.noun.replace("_", "-"))
    for draft, slug in zip(new, fresh, strict=True):
        draft.slug = slug


def _lead(
    drafts: Sequence[Draft],
    existing: Mapping[str, Existing],
    mapping: ColumnMapping,
    register: Register,
    around: Around,
) -> list[Problem]:
    """Put slugs in the place of the words that a file uses for the records its rows lead to."""
    told = {mapped.field for mapped in mapping.fields}
    leading = [one for one in register.leading if one.name in told]
    if not leading:
        return []
    named = {**around.named}
    here = [(draft.slug, draft.facts) for draft in drafts if draft.key not in existing]
    named[register.noun] = named_by(here, named.get(register.noun, {}))
    problems = []
    for draft in drafts:
        values: dict[str, object] = {}
        for about in leading:
            said = getattr(draft.facts, about.name)
            words = said if about.kind == "links" else (said,) if said else ()
            found = [named.get(about.to, {}).get(fold(word)) for word in words]
            for word, slug in zip(words, found, strict=True):
                if not slug:
                    what = "could mean several records; use the slug" if slug == "" else "is not in the register"
                    column = column_of(about.name, mapping, register)
                    problems.append(problem_in(draft.row.number, column, what, word))
            slugs = tuple(dict.fromkeys(slug for slug in found if slug))
            values[about.name] = slugs if about.kind == "links" else next(iter(slugs), "")
        draft.facts = register.replaced(draft.facts, values)
    return problems


def named_by(records: Iterable[tuple[str, Record]], known: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """The slugs by every word a file may use for a record; a slug comes first, then references, then names."""
    listed = list(records)
    found: dict[str, str] = dict(known)
    by_word: dict[str, str] = {}
    for slug, facts in listed:
        for word in {fold(getattr(facts, "reference", "")), fold(facts.name)} - {""}:
            by_word[word] = slug if by_word.get(word, slug) == slug else ""
    for word, slug in by_word.items():
        found[word] = slug if found.get(word, slug) == slug else ""
    return {**found, **{slug: slug for slug, _ in listed}}


def _too_many_problems(
    counted: Mapping[str, Sequence[Draft]],
    existing: Mapping[str, Existing],
    mapping: ColumnMapping,
    register: Register,
) -> list[Problem]:
    """Where the register has more records of one name than the file, nobody can say which ones are meant."""
    problems = []
    for base, drafts in counted.items():
        if _numbered(base, len(drafts) + 1) not in existing:
            continue
        for draft in drafts:
            if draft.key.startswith(base[:-1] + ", "):
                message = (
                    f"is the name of more {register.many} in the register than in the file, so it is not clear which is"
                    " meant; add a Reference, Unit or Slug column as the export writes it"
                )
                column = column_of("name", mapping, register)
                problems.append(problem_in(draft.row.number, column, message, draft.facts.name))
    return problems


def _planned(
    draft: Draft, existing: Mapping[str, Existing], header: Sequence[str], mapping: ColumnMapping, register: Register
) -> PlannedRow:
    number, found = draft.row.number, existing.get(draft.key)
    if found is None:
        return PlannedRow(row=number, outcome="added", key=draft.key, slug=draft.slug, facts=draft.facts)
    facts, changed = _merged(draft, found.facts, header, mapping, register)
    outcome: Outcome = "updated" if changed else "unchanged"
    return PlannedRow(row=number, outcome=outcome, key=draft.key, slug=found.slug, facts=facts, changed=changed)


def _merged(
    draft: Draft, before: Record, header: Sequence[str], mapping: ColumnMapping, register: Register
) -> tuple[Record, tuple[str, ...]]:
    """Lay what the file says over what is recorded; what the file does not speak of stays."""
    told = {mapped.field for mapped in mapping.fields} - draft.unread
    new = {name: getattr(draft.facts, name) for name in register.field if name in told}
    changed = [name for name, value in new.items() if value != getattr(before, name)]
    spoken_of = {name.removeprefix(SOURCE) for name in header}
    source = tuple(pair for pair in before.source if pair[0] not in spoken_of) + draft.facts.source
    if dict(source) == dict(before.source):
        source = before.source  # the order of columns is no fact about the record
    else:
        changed.append("source")
    return register.replaced(before, new, source), tuple(changed)


def _same_record_problems(planned: Sequence[PlannedRow], register: Register) -> list[Problem]:
    """Two rows that reach one record by different keys would overwrite each other."""
    first: dict[str, int] = {}
    problems = []
    for row in planned:
        if row.slug and (other := first.setdefault(row.slug, row.row)) != row.row:
            message = f"is the same {_one(register)} as row {other} ({row.slug}); remove one of them"
            problems.append(Problem(row=row.row, column="", message=message))
    return problems


def _merged_problems(
    planned: Sequence[PlannedRow], existing: Mapping[str, Existing], mapping: ColumnMapping, register: Register
) -> list[Problem]:
    """What is right in the file can still contradict what is recorded, such as a date against another, or answer what
    has a step of its own."""
    return [
        Problem(
            row=row.row,
            column=column_of(found.field, mapping, register),
            message=f"together with what is already recorded, {register.field[found.field].label} {found.message}",
        )
        for row in planned
        if row.outcome == "updated"
        for before in (existing[row.key].facts,)
        for found in (
            *register.fixed_problems(before, row.facts),
            *register.problems(register.asks_anew(before, row.facts)),
        )
        if found.field in register.field
    ]


def _general_notes(drafts: Sequence[Draft], mapping: ColumnMapping, register: Register) -> list[str]:
    notes = []
    names = Counter(fold(draft.facts.name) for draft in drafts if draft.key.startswith('["name"'))
    if repeated := sum(n > 1 for n in names.values()):
        by = "unit and order" if mapping.columns_of("unit") else "order"
        occur = "name occurs" if repeated == 1 else "names occur"
        notes.append(f"{repeated:,} {occur} more than once and {'was' if repeated == 1 else 'were'} told apart by {by}")
    if early := _early(drafts) if register is SYSTEMS else 0:
        systems = "1 system was" if early == 1 else f"{early:,} systems were"
        notes.append(f"{systems} in use before the day given as the start; both dates were kept")
    if mapping.left_over:
        n = len(mapping.left_over)
        whose = "1 column has no field of its own; its" if n == 1 else f"{n} columns have no field of their own; their"
        notes.append(f"{whose} cells are kept beside the {register.many} as they came")
    return notes


def _early(drafts: Sequence[Draft]) -> int:
    """How many systems were in use before they were begun."""
    dated = ((draft.facts.started_on, draft.facts.deployed_on) for draft in drafts)
    return sum(bool(start and use and use < start) for start, use in dated)
