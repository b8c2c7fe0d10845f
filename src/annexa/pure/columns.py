"""Which column of a file means which field of a register: guessed from its heading and the cells below it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from annexa.pure.cells import read_cell
from annexa.pure.fields import Field
from annexa.pure.register import Register
from annexa.pure.systems import SYSTEMS
from annexa.pure.tables import SLUG, SOURCE, Row
from annexa.pure.words import plain_words, says

SURE_PIECES = 3  # samples of a column needed before it may be refused as not answering the question


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedField:
    """One field, the column or columns it is read from, and why."""

    field: str
    columns: tuple[str, ...]
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """How the columns of one file are read: guessed, or said by the person who imports."""

    fields: tuple[MappedField, ...]
    missing: tuple[str, ...] = ()  # fields that no column gives
    left_over: tuple[str, ...] = ()  # columns kept in `source` only
    slug_column: str = ""
    key: tuple[str, ...] = ()  # columns that tell the rows apart; empty = reference, else name and unit
    values: tuple[tuple[str, str, str], ...] = ()  # (field, text in the file, what it means)
    day_first: bool | None = None  # None = decided column by column

    def columns_of(self, name: str) -> tuple[str, ...]:
        """Return the columns a field is read from; empty if none."""
        return next((mapped.columns for mapped in self.fields if mapped.field == name), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Headings:
    """The headings under which people are known to keep one field, best first; compared without punctuation."""

    field: str
    usual: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()  # only if the cells below read like the field
    phrases: tuple[tuple[str, ...], ...] = ()  # all phrases of one tuple occur in the heading; cells must fit
    never: tuple[str, ...] = ()  # phrases that speak of something else


SYSTEM_HEADINGS: tuple[Headings, ...] = (
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
        field="people_affected",
        usual=("affected people", "affected groups", "affected persons", "impacted groups", "who is affected"),
        phrases=(("affected", "people"), ("affected", "groups")),
        never=("number", "how many", "feedback", "consult"),
    ),
    Headings(
        field="autonomy",
        usual=("level of autonomy", "autonomy level", "degree of autonomy", "role in decisions", "decision role"),
        phrases=(("autonomy",),),
    ),
    Headings(
        field="scale",
        usual=("number of people affected", "people affected a year", "people affected per year", "affected per year"),
        phrases=(("number", "affected"), ("how many", "affected")),
    ),
    Headings(
        field="overseers",
        usual=("human oversight by", "overseen by", "oversight persons", "human overseers", "overseer"),
        phrases=(("overseers",), ("overseen", "by")),
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


USUAL: Mapping[str, tuple[str, ...]] = {
    "name": ("title",),
    "reference": ("ref", "id", "number", "no", "reference number", "identifier", "key"),
    "owner": ("responsible", "responsible person", "owner e mail", "owner email", "accountable", "contact"),
    "purpose": ("description", "summary"),
    "description": ("summary", "details"),
    "systems": ("ai system", "system", "applications"),
    "controls": ("control", "control ids"),
    "ended_on": ("end date", "closed on", "retired on", "valid until"),
}
"""How people head the columns of fields that many registers have."""


def headings_of(register: Register) -> tuple[Headings, ...]:
    """How other people's files head the fields of a register."""
    if register is SYSTEMS:
        return SYSTEM_HEADINGS
    own: dict[str, tuple[str, ...]] = {"name": (f"{plain_words(register.one)} name", plain_words(register.one))}
    own |= {"reference": tuple(f"{plain_words(register.one)} {word}" for word in ("id", "number", "reference"))}
    return tuple(
        Headings(field=one.name, usual=(*one.headings, *own.get(one.name, ()), *USUAL.get(one.name, ())))
        for one in register.fields
    )


def guess_columns(header: Sequence[str], sample_rows: Sequence[Row], register: Register = SYSTEMS) -> ColumnMapping:
    """Guess which column of a file holds which field, and say why; several hundred rows are sample enough."""
    rules = headings_of(register)
    plain = {name: plain_words(name) for name in header if not name.startswith(SOURCE)}
    cells = {name: [row.cells[i] for row in sample_rows] for i, name in enumerate(header)}
    found = {rule.field: mapped for rule in rules if (mapped := _by_label(register.field[rule.field], plain))}
    slug = next((name for name, words in plain.items() if words == plain_words(SLUG)), "")
    if "unit" in register.field:
        found |= _guess_unit(plain)
    for look in (_by_usual, _by_doubtful, _by_phrase):
        for rule in rules:
            taken = {slug, *(column for mapped in found.values() for column in mapped.columns)}
            free = {name: words for name, words in plain.items() if name not in taken}
            if rule.field not in found and (mapped := look(rule, register.field[rule.field], free, cells)):
                found[rule.field] = mapped
    return complete(ColumnMapping(fields=tuple(found.values()), slug_column=slug), header, register)


def _by_label(about: Field, plain: Mapping[str, str]) -> MappedField | None:
    labels = (plain_words(about.label), plain_words(about.name))
    for column, words in plain.items():
        if words in labels:
            return MappedField(field=about.name, columns=(column,), because="the heading is our own name for it")
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


Look = Callable[[Headings, Field, Mapping[str, str], Mapping[str, Sequence[str]]], MappedField | None]


def _by_usual(
    rule: Headings, _about: Field, plain: Mapping[str, str], _cells: Mapping[str, Sequence[str]]
) -> MappedField | None:
    for usual in rule.usual:
        for column, words in plain.items():
            if words == usual:
                return MappedField(field=rule.field, columns=(column,), because="the heading is a usual one")
    return None


def _by_doubtful(
    rule: Headings, about: Field, plain: Mapping[str, str], cells: Mapping[str, Sequence[str]]
) -> MappedField | None:
    for usual in rule.doubtful:
        for column, words in plain.items():
            if words == usual and _cells_fit(about, cells[column], doubted=True):
                because = "the heading could mean it and the cells read like it"
                return MappedField(field=rule.field, columns=(column,), because=because)
    return None


def _by_phrase(
    rule: Headings, about: Field, plain: Mapping[str, str], cells: Mapping[str, Sequence[str]]
) -> MappedField | None:
    for phrases in rule.phrases:
        for column, words in plain.items():
            if not all(says(words, phrase) for phrase in phrases) or any(says(words, no) for no in rule.never):
                continue
            if _cells_fit(about, cells[column]):
                because = "the heading speaks of " + " and ".join(f'"{phrase}"' for phrase in phrases)
                return MappedField(field=rule.field, columns=(column,), because=because)
    return None


def _cells_fit(about: Field, cells: Sequence[str], *, doubted: bool = False) -> bool:
    """Tell whether cells could be values of a field; few cells are given the benefit of the doubt, unless doubted."""
    pieces = {cell.strip() for cell in cells if cell.strip()}
    fitting = (piece for piece in pieces if not read_cell(about, piece).unread)
    return any(fitting) or len(pieces) < (1 if doubted else SURE_PIECES)


def complete(mapping: ColumnMapping, header: Sequence[str], register: Register = SYSTEMS) -> ColumnMapping:
    """Put the fields in the order of files and name what is missing and what is left over."""
    by_name = {mapped.field: mapped for mapped in mapping.fields}
    used = {mapping.slug_column, *(column for mapped in mapping.fields for column in mapped.columns)}
    return replace(
        mapping,
        fields=tuple(by_name[about.name] for about in register.fields if about.name in by_name),
        missing=tuple(about.name for about in register.fields if about.name not in by_name),
        left_over=tuple(name for name in header if name not in used and not name.startswith(SOURCE)),
    )
