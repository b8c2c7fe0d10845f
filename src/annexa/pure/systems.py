"""What is known about one AI system: the facts every duty, gate, check and report starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, Literal, get_args

from annexa.pure.fields import (
    Field,
    FieldProblem,
    answer,
    choice,
    choices,
    day,
    field_problems,
    long,
    owner,
    pairs_of,
    plain,
    source_problems,
    text,
    tidy,
    value_of,
    whole,
)
from annexa.pure.register import Group, Register, Source

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
Affected = Literal["employees", "applicants", "customers", "the public", "children or vulnerable people"]
Autonomy = Literal["", "none", "it informs", "it recommends", "it decides and a person confirms", "it decides alone"]
Answer = Literal["yes", "no", "planned", "not applicable", "unknown"]

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
PEOPLE: tuple[str, ...] = get_args(Affected)
"""Whom what comes out of AI may bear on."""
AUTONOMY: tuple[str, ...] = get_args(Autonomy)
BUILT: tuple[str, ...] = get_args(Built)


class SystemFactsError(ValueError):
    """A stored or sent record of an AI system cannot be read; `problems` says everything that is wrong."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


FIELDS: tuple[Field, ...] = (
    text("reference", "Reference", "Your own number or code for the system; unique if given.", longest=100),
    text("name", "Name", "What people in the organisation call the system.", required=True),
    long("purpose", "Purpose", "What the system is for, who is meant to use it and what they gain."),
    long("outputs", "Outputs", "What comes out: a score, a text, a decision, an alert, a movement."),
    text("unit", "Unit", "The part of the organisation that answers for the system."),
    choice("stage", "Stage", "Where the system stands in its life; empty if not known.", STAGES[1:], facet=True),
    choices("roles", "Roles", "What your organisation is to this system under the law.", ROLES),
    choices(
        "classes", "Risk classes", "The legal risk classes; empty as long as the system is not classified.", CLASSES
    ),
    choice(
        "high_risk_by",
        "High risk by",
        "For a high-risk system, the annex of the EU AI Act that makes it one.",
        HIGH_RISK_BY[1:],
    ),
    owner("The person who answers for the system, best by e-mail address."),
    choice("built", "Built", "Who built the system: your own people, a supplier or both.", BUILT[1:]),
    text("supplier", "Supplier", "The company the system or its model comes from, if any."),
    answer("personal_data", "Personal data", "Does the system work on data about identifiable people?"),
    answer("impact_assessment", "Impact assessment", "Have the effects on people and society been assessed?"),
    answer("monitoring", "Monitoring", "Is its performance watched while it is in use?"),
    answer(
        "independent_evaluation",
        "Independent evaluation",
        "Has somebody who did not build the system evaluated it?",
    ),
    answer("appeal", "Appeal", "Can a person affected by an outcome contest it?"),
    day("started_on", "Started on", "The day work on the system began."),
    day("deployed_on", "Deployed on", "The day the system went into use."),
    day("retired_on", "Retired on", "The day the system was or will be taken out of use."),
    choices("people_affected", "People affected", "Whom its outcome bears on, also without using it.", PEOPLE),
    choice("autonomy", "Autonomy", "What part it plays in decisions: practice, not the manual.", AUTONOMY[1:]),
    whole("scale", "Scale", "How many people it affects in a year, at a careful estimate.", least=0),
    long("overseers", "Overseers", "Who oversees it, AI Act Art. 14(4), 26(2): e-mail addresses, one a line."),
)
FIELD: Mapping[str, Field] = {field.name: field for field in FIELDS}
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("What it is", ("name", "reference", "unit", "owner", "overseers", "purpose", "outputs")),
    ("Life", ("stage", "started_on", "deployed_on", "retired_on")),
    ("Origin", ("built", "supplier")),
    ("Classification", ("roles", "classes", "high_risk_by")),
    ("Reach", ("people_affected", "autonomy", "scale")),
    ("Governance", ("personal_data", "impact_assessment", "monitoring", "independent_evaluation", "appeal")),
)
"""How the form and the passport group what is asked about a system; together they are all of FIELDS."""


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
    people_affected: tuple[Affected, ...] = ()
    autonomy: Autonomy = ""
    scale: int | None = None  # people in a year
    overseers: str = ""  # addresses, one a line
    source: tuple[tuple[str, str], ...] = ()  # (column, text) of an imported file, exactly as it came

    def to_json(self) -> dict[str, object]:
        """Return the facts as plain values, keys in the order of FIELDS and `source` last."""
        record = {field.name: plain(getattr(self, field.name)) for field in FIELDS}
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
                values[key] = pairs_of(record[key]) if key == "source" else value_of(FIELD[key], record[key])
            except ValueError as wrong:
                problems.append(f'"{key}" {wrong}')
        if problems:
            raise SystemFactsError(tuple(problems))
        return cls(**values)


def validate(facts: SystemFacts) -> tuple[FieldProblem, ...]:
    """Say everything that keeps these facts from being accepted; an empty answer means they are fine."""
    found = [problem for field in FIELDS for problem in field_problems(field, getattr(facts, field.name))]
    return (*found, *_class_problems(facts), *_date_problems(facts), *source_problems(facts.source))


def tidied(facts: SystemFacts) -> SystemFacts:
    """Return the same facts with stray spaces, line breaks and invisible characters put in order."""
    record = facts.to_json()
    for field in FIELDS:
        if field.kind in ("text", "long"):
            record[field.name] = tidy(str(record[field.name]), long=field.kind == "long")
    return SystemFacts.from_json(record)


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
    # Use before the start is let pass: organisations often record the formal start after the first use.
    for earlier in ("started_on", "deployed_on"):
        first: date | None = getattr(facts, earlier)
        if first and facts.retired_on and facts.retired_on < first:
            message = f"is {facts.retired_on}, before {FIELD[earlier].label.lower()} {first}"
            found.append(FieldProblem(field="retired_on", message=message))
    return found


class SystemRegister(Register):
    """The register of AI systems: its records are SystemFacts, and its table, list and passport are its own."""

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Every field, in the order of files."""
        return FIELDS

    def make(self, values: Mapping[str, Any], source: Source = ()) -> Any:
        """The facts about a system from values."""
        return SystemFacts(**{"name": "", **values}, source=source)

    def replaced(self, entry: Any, values: Mapping[str, Any], source: Source | None = None) -> Any:
        """The facts with some values changed."""
        return replace(entry, **values, source=entry.source if source is None else source)

    def to_json(self, entry: Any) -> dict[str, object]:
        """The facts as plain values."""
        facts: SystemFacts = entry
        return facts.to_json()

    def from_json(self, record: Mapping[str, object]) -> Any:
        """Read what to_json wrote. Raises SystemFactsError."""
        return SystemFacts.from_json(record)

    def tidied(self, entry: Any) -> Any:
        """The facts put in order."""
        return tidied(entry)

    def problems(self, entry: Any) -> tuple[FieldProblem, ...]:
        """Everything that keeps the facts from being accepted."""
        return validate(entry)


SYSTEMS = SystemRegister(
    noun="ai_system",
    plural="systems",
    one="AI system",
    title="AI systems",
    says="The AI systems the organisation builds, provides or uses, each with its purpose, role, class and owner.",
    asked_by=("ISO/IEC 42001 A.4.2", "ISO/IEC 42001 A.6.2", "EU AI Act Art. 49"),
    place="inventory",
    groups=tuple(Group(title=title, fields=tuple(FIELD[name] for name in names)) for title, names in GROUPS),
    ends="retired_on",
    change="change_system",
)
