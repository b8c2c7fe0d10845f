"""What is known about one AI system: the facts every duty, gate, check and report starts from."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

Stage = Literal["", "concept", "development", "deployment", "operation", "retirement"]
Role = Literal[
    "provider",
    "deployer",
    "importer",
    "distributor",
    "authorised_representative",
    "product_manufacturer",
    "gpai_provider",
    "third_party_supplier",
    "employer_deployer",
    "public_authority_deployer",
]
RiskClass = Literal[
    "prohibited", "high-risk", "transparency", "gpai", "gpai-systemic", "minimal", "sector-law", "out-of-scope"
]
HighRiskBy = Literal["", "annex-iii", "annex-i"]
Built = Literal["", "in-house", "supplier", "both"]
Answer = Literal["yes", "no", "planned", "not applicable", "unknown"]
Kind = Literal["text", "long", "choice", "choices", "answer", "date"]

STAGES: tuple[str, ...] = get_args(Stage)
ROLES: tuple[str, ...] = get_args(Role)
CLASSES: tuple[str, ...] = get_args(RiskClass)
OUT_OF_SCOPE: RiskClass = "out-of-scope"
"""Decided, and the law leaves the system out: it has neither role nor class there."""
ALONE: Mapping[RiskClass, str] = {
    "minimal": "no other applies",
    "sector-law": "the law of its sector takes the place of them",
    OUT_OF_SCOPE: "the law leaves it out",
}
"""Classes that say there is no other one, and in which words."""
HIGH_RISK_BY: tuple[str, ...] = get_args(HighRiskBy)
BUILT: tuple[str, ...] = get_args(Built)
ANSWERS: tuple[str, ...] = get_args(Answer)

# Dates outside these years are slips of the keyboard or of a spreadsheet, so the import may read them as such.
FIRST_YEAR, LAST_YEAR = 1950, 2100


class SystemFactsError(ValueError):
    """A stored or sent record of an AI system cannot be read; `problems` says everything that is wrong."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing asked about an AI system, from which form, import, export and help are made."""

    name: str
    label: str  # also the heading in exports: changing it breaks files people keep
    help: str
    kind: Kind
    choices: tuple[str, ...] = ()
    longest: int = 0  # characters; 0 = the kind has no length


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """One thing that keeps the facts about a system from being accepted."""

    field: str
    message: str


def _text(name: str, label: str, help_: str, *, longest: int = 300) -> Field:
    return Field(name=name, label=label, help=help_, kind="text", longest=longest)


def _long(name: str, label: str, help_: str) -> Field:
    return Field(name=name, label=label, help=help_, kind="long", longest=20_000)


def _choice(name: str, label: str, help_: str, *, choices: tuple[str, ...], many: bool = False) -> Field:
    return Field(name=name, label=label, help=help_, kind="choices" if many else "choice", choices=choices)


def _answer(name: str, label: str, help_: str) -> Field:
    return Field(name=name, label=label, help=help_, kind="answer", choices=ANSWERS)


def _date(name: str, label: str, help_: str) -> Field:
    return Field(name=name, label=label, help=help_, kind="date")


FIELDS: tuple[Field, ...] = (
    _text("reference", "Reference", "Your own number or code for the system; unique if given.", longest=100),
    _text("name", "Name", "What people in the organisation call the system."),
    _long("purpose", "Purpose", "What the system is for, who is meant to use it and what they gain."),
    _long("outputs", "Outputs", "What comes out: a score, a text, a decision, an alert, a movement."),
    _text("unit", "Unit", "The part of the organisation that answers for the system."),
    _choice("stage", "Stage", "Where the system stands in its life; empty if not known.", choices=STAGES),
    _choice("roles", "Roles", "What your organisation is to this system under the law.", choices=ROLES, many=True),
    _choice(
        "classes",
        "Risk classes",
        "The legal risk classes; empty as long as the system is not classified.",
        choices=CLASSES,
        many=True,
    ),
    _choice(
        "high_risk_by",
        "High risk by",
        "For a high-risk system, the annex of the EU AI Act that makes it one.",
        choices=HIGH_RISK_BY,
    ),
    _text("owner", "Owner", "The person who answers for the system, best by e-mail address.", longest=254),
    _choice("built", "Built", "Who built the system: your own people, a supplier or both.", choices=BUILT),
    _text("supplier", "Supplier", "The company the system or its model comes from, if any."),
    _answer("personal_data", "Personal data", "Does the system work on data about identifiable people?"),
    _answer("impact_assessment", "Impact assessment", "Have the effects on people and society been assessed?"),
    _answer("monitoring", "Monitoring", "Is its performance watched while it is in use?"),
    _answer(
        "independent_evaluation",
        "Independent evaluation",
        "Has somebody who did not build the system evaluated it?",
    ),
    _answer("appeal", "Appeal", "Can a person affected by an outcome contest it?"),
    _date("started_on", "Started on", "The day work on the system began."),
    _date("deployed_on", "Deployed on", "The day the system went into use."),
    _date("retired_on", "Retired on", "The day the system was or will be taken out of use."),
)
FIELD: Mapping[str, Field] = {field.name: field for field in FIELDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemFacts:
    """The facts about one AI system, as its owner states them."""

    # Stored and exported for years: fields are only ever added, with a default.
    name: str
    reference: str = ""
    purpose: str = ""
    outputs: str = ""
    unit: str = ""
    stage: Stage = ""
    roles: tuple[Role, ...] = ()
    classes: tuple[RiskClass, ...] = ()  # empty = not classified
    high_risk_by: HighRiskBy = ""
    owner: str = ""
    built: Built = ""
    supplier: str = ""
    personal_data: Answer = "unknown"
    impact_assessment: Answer = "unknown"
    monitoring: Answer = "unknown"
    independent_evaluation: Answer = "unknown"
    appeal: Answer = "unknown"
    started_on: date | None = None
    deployed_on: date | None = None
    retired_on: date | None = None
    source: tuple[tuple[str, str], ...] = ()  # (column, text) of an imported file, exactly as it came

    def to_json(self) -> dict[str, object]:
        """Return the facts as plain values, keys in the order of FIELDS and `source` last."""
        record = {field.name: _plain(getattr(self, field.name)) for field in FIELDS}
        return {**record, "source": [[column, text] for column, text in self.source]}

    @classmethod
    def from_json(cls, record: Mapping[str, object]) -> SystemFacts:
        """Read what to_json wrote; keys that are absent take their default. Raises SystemFactsError."""
        values: dict[str, Any] = {}
        problems = [f'"{key}" is not a field of a system' for key in record if key not in {*FIELD, "source"}]
        if "name" not in record:
            problems.append('"name" is missing')
        for key in (key for key in (*FIELD, "source") if key in record):
            try:
                values[key] = _pairs(record[key]) if key == "source" else _value(FIELD[key], record[key])
            except ValueError as wrong:
                problems.append(f'"{key}" {wrong}')
        if problems:
            raise SystemFactsError(tuple(problems))
        return cls(**values)


def validate(facts: SystemFacts) -> tuple[FieldProblem, ...]:
    """Say everything that keeps these facts from being accepted; an empty answer means they are fine."""
    found = [*_length_problems(facts), *_word_problems(facts), *_class_problems(facts)]
    if "@" in facts.owner and not re.fullmatch(r"[^@\s]+@[^@\s]+", facts.owner):
        found.append(FieldProblem(field="owner", message="has an @ but is not an e-mail address"))
    return (*found, *_date_problems(facts), *_source_problems(facts))


def tidied(facts: SystemFacts) -> SystemFacts:
    """Return the same facts with stray spaces, line breaks and invisible characters put in order."""
    record = facts.to_json()
    for field in FIELDS:
        if field.kind in ("text", "long"):
            record[field.name] = tidy(str(record[field.name]), long=field.kind == "long")
    return SystemFacts.from_json(record)


def tidy(text: str, *, long: bool = False) -> str:
    """Return a text fit for one line (spaces collapsed) or, if long, for several (line breaks kept)."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if long:
        return "".join(c for c in text if c in "\n\t" or not _is_hidden(c)).strip()
    return " ".join("".join(c if c.isspace() or not _is_hidden(c) else "" for c in text).split())


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs")


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return value.isoformat() if isinstance(value, date) else value


def _value(field: Field, value: object) -> object:
    """Read one plain value. Raises ValueError with the end of a sentence that begins with the key."""
    if field.kind == "date":
        if value is None:
            return None
        if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            raise ValueError("is not a date written like 2026-01-31")
        return date.fromisoformat(value)
    if field.kind == "choices":
        if not isinstance(value, list | tuple):
            raise ValueError("is not a list")
        return tuple(_word(field, item) for item in value)
    if not isinstance(value, str):
        raise ValueError("is not a text")
    return _word(field, value) if field.choices else value


def _word(field: Field, word: object) -> str:
    if not isinstance(word, str) or word not in field.choices:
        raise ValueError(f'has "{word}", which is none of: {known_words(field)}')
    return word


def known_words(field: Field) -> str:
    """List the words a field knows, for people."""
    return ", ".join(word for word in field.choices if word)


def _pairs(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("is not a list of [column, text] pairs")
    pairs: list[tuple[str, str]] = []
    for pair in value:
        match pair:
            case [str(column), str(text)]:
                pairs.append((column, text))
            case _:
                raise ValueError("is not a list of [column, text] pairs")
    return tuple(pairs)


def _length_problems(facts: SystemFacts) -> list[FieldProblem]:
    found = [] if facts.name.strip() else [FieldProblem(field="name", message="is missing")]
    for field in FIELDS:
        if field.longest and (length := len(getattr(facts, field.name))) > field.longest:
            message = f"has {length:,} characters; {field.longest:,} are allowed"
            found.append(FieldProblem(field=field.name, message=message))
    return found


def _word_problems(facts: SystemFacts) -> list[FieldProblem]:
    """Guard the words even where a caller went round the type checker, as forms and old files do."""
    found = []
    for field in (field for field in FIELDS if field.choices):
        value = getattr(facts, field.name)
        words = value if field.kind == "choices" else (value,)
        for word in (word for word in words if word not in field.choices):
            message = f'has "{word}", which is none of: {known_words(field)}'
            found.append(FieldProblem(field=field.name, message=message))
        if len(set(words)) < len(words):
            found.append(FieldProblem(field=field.name, message="names the same word twice"))
    return found


def _class_problems(facts: SystemFacts) -> list[FieldProblem]:
    found = []
    for word in (one for one in facts.classes if one in ALONE and {*facts.classes} != {one}):
        message = f"has {word} beside another class; {word} means that {ALONE[word]}"
        found.append(FieldProblem(field="classes", message=message))
    if facts.high_risk_by and "high-risk" not in facts.classes:
        message = "is given although the system is not classed as high-risk"
        found.append(FieldProblem(field="high_risk_by", message=message))
    return found


def _date_problems(facts: SystemFacts) -> list[FieldProblem]:
    found = []
    for field in (field for field in FIELDS if field.kind == "date"):
        day: date | None = getattr(facts, field.name)
        if day and not FIRST_YEAR <= day.year <= LAST_YEAR:
            message = f"is in {day.year}; years from {FIRST_YEAR} to {LAST_YEAR} are allowed"
            found.append(FieldProblem(field=field.name, message=message))
    # Use before the start is let pass: organisations often record the formal start after the first use.
    for earlier in ("started_on", "deployed_on"):
        first: date | None = getattr(facts, earlier)
        if first and facts.retired_on and facts.retired_on < first:
            message = f"is {facts.retired_on}, before {FIELD[earlier].label.lower()} {first}"
            found.append(FieldProblem(field="retired_on", message=message))
    return found


def _source_problems(facts: SystemFacts) -> list[FieldProblem]:
    columns = [column for column, _ in facts.source]
    found = []
    if len(set(columns)) < len(columns):
        found.append(FieldProblem(field="source", message="names the same column twice"))
    if not all(column and column == tidy(column) for column in columns):
        found.append(FieldProblem(field="source", message="has a column name that is empty or has stray spaces"))
    if not all(text.strip() for _, text in facts.source):
        found.append(FieldProblem(field="source", message="has an empty text"))
    return found
