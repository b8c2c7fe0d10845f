"""What importing a table would change in the register: which rows are new, which are known, which cannot be taken."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from annexa.pure.columns import ColumnMapping
from annexa.pure.drafts import Draft, Reader, Tally, column_of, problem_in
from annexa.pure.systems import FIELD, SystemFacts, validate
from annexa.pure.tables import SOURCE, Problem, Table
from annexa.pure.words import fold

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


def plan_import(table: Table, mapping: ColumnMapping, existing: Mapping[str, ExistingSystem]) -> ImportPlan:
    """Say what importing a table would do to the register, row by row, without doing it.

    `existing` is what keys_for returns for the same mapping. Fields and source columns the file does not have stay
    as they are; an empty cell empties the field; a cell that could not be read leaves the field alone.
    """
    if not mapping.columns_of("name"):
        message = "no column gives the name of the system; say which in a mapping file under [columns]"
        problem = Problem(row=0, column="", message=message)
        return ImportPlan(rows=(), problems=(problem, *table.problems), notes=(), mapping=mapping)
    tally = Tally()
    reader = Reader(table, mapping, tally)
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
    return json.dumps([kind, *(fold(part) for part in parts)], ensure_ascii=False)


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


def _give_keys(
    drafts: Sequence[Draft], mapping: ColumnMapping, existing: Mapping[str, ExistingSystem]
) -> list[Problem]:
    """Give every row the key it is recognised by; repeats are told apart by order or reported."""
    problems = []
    rows_of: dict[str, list[int]] = defaultdict(list)
    counted: dict[str, list[Draft]] = defaultdict(list)
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
            (column_of("reference", mapping), reference),
        ):
            if text:
                rows_of[_key(column, text)].append(draft.row.number)
                if len(same := rows_of[_key(column, text)]) > 1:
                    problems.append(problem_in(same[-1], column, f"is also in row {same[0]}", text))
    return problems + _too_many_problems(counted, existing, mapping)


def _too_many_problems(
    counted: Mapping[str, Sequence[Draft]], existing: Mapping[str, ExistingSystem], mapping: ColumnMapping
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
                column = column_of("name", mapping)
                problems.append(problem_in(draft.row.number, column, message, draft.facts.name))
    return problems


def _planned(
    draft: Draft, existing: Mapping[str, ExistingSystem], header: Sequence[str], mapping: ColumnMapping
) -> PlannedRow:
    number, found = draft.row.number, existing.get(draft.key)
    if found is None:
        return PlannedRow(row=number, outcome="added", key=draft.key, slug=draft.slug, facts=draft.facts)
    facts, changed = _merged(draft, found.facts, header, mapping)
    outcome: Outcome = "updated" if changed else "unchanged"
    return PlannedRow(row=number, outcome=outcome, key=draft.key, slug=found.slug, facts=facts, changed=changed)


def _merged(
    draft: Draft, before: SystemFacts, header: Sequence[str], mapping: ColumnMapping
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
            column=column_of(found.field, mapping),
            message=f"together with what is already recorded, {FIELD[found.field].label} {found.message}",
        )
        for row in planned
        if row.outcome == "updated"
        for found in validate(row.facts)
        if found.field in FIELD
    ]


def _general_notes(drafts: Sequence[Draft], mapping: ColumnMapping) -> list[str]:
    notes = []
    names = Counter(fold(draft.facts.name) for draft in drafts if draft.key.startswith('["name"'))
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
