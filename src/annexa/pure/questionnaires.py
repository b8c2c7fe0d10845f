"""Questionnaires for suppliers and assessments as values, and what their answers amount to.

Shapes follow the library files (docs/questionnaires.md). Nothing here reads a file; `annexa.library` does. Answers are
plain values by the id of their question; who gave them and when is kept by the caller.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, get_args

from annexa.pure.fields import FieldProblem, plain
from annexa.pure.systems import SystemFacts

Kind = Literal["text", "long text", "yes_no", "choice", "several", "number", "date", "person", "list"]
Sort = Literal["supplier", "assessment"]
Severity = Literal["low", "medium", "high", "critical"]
Value = str | int | float | date | tuple[str, ...]
Answers = Mapping[str, Value]

KINDS: tuple[str, ...] = get_args(Kind)
SEVERITIES: tuple[str, ...] = get_args(Severity)
YES_NO = ("yes", "no")
NONE = "none"
"""The choice of a question of kind *several* that excludes every other."""
LONGEST: Mapping[str, int] = MappingProxyType({"text": 300, "long text": 20_000, "person": 254})
"""Characters a written answer may have; an entry of a list is as long as a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A requirement that a question helps to meet, in the edition's own numbering.

    `point` is a letter within a requirement that the library does not divide further; empty if there is none.
    """

    framework: str
    requirement: str
    point: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedIf:
    """The earlier answer on which a question depends: it is asked if one of these words was given."""

    question: str
    any_of: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worry:
    """An answer that deserves a second look. Exactly one of the four conditions is set; bounds are exclusive."""

    severity: Severity
    because: str
    any_of: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()  # worrying if one of these was not picked
    above: float | None = None
    below: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Questions that belong together, usually answered by one person. `after` is its place, empty for the end.

    `asked_if`: what all of them depend on, besides what each depends on by itself.
    """

    id: str
    title: str
    intro: str
    after: str = ""
    asked_if: AskedIf | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing asked. A question with a `fact` has wording and kind from it, so its answer serves elsewhere too."""

    id: str
    section: str
    text: str
    kind: Kind
    help: str = ""
    choices: tuple[str, ...] = ()
    required: bool = True
    asked_if: AskedIf | None = None
    answers: tuple[Served, ...] = ()
    evidence: str = ""
    fact: str = ""
    system_field: str = ""
    worries: tuple[Worry, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The words that may be answered; empty where the answer is free."""
        return YES_NO if self.kind == "yes_no" else self.choices


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something several assessments ask for in the same words, so that one answer serves all of them."""

    id: str
    text: str
    kind: Kind
    help: str = ""
    choices: tuple[str, ...] = ()
    system_field: str = ""


@dataclass(frozen=True, kw_only=True)
class Questionnaire:
    """One version of a questionnaire, with the questions of those it includes, in the order of asking.

    Of an assessment: `months` after its approval it is done anew at the latest, and as soon as one of `material`
    changes: fields of the AI system, or "components" for what it is made of.
    """

    id: str
    version: str
    title: str
    purpose: str
    kind: Sort
    basis: tuple[Served, ...]
    includes: str
    source: str
    read_on: date
    confidence: str
    sections: tuple[Section, ...]
    questions: tuple[Question, ...]
    months: int = 0
    material: tuple[str, ...] = ()

    @cached_property
    def conditions(self) -> Mapping[str, tuple[AskedIf, ...]]:
        """What each question depends on, its section's condition first."""
        sections = {one.id: one.asked_if for one in self.sections}
        return MappingProxyType(
            {
                one.id: tuple(found for found in (sections.get(one.section), one.asked_if) if found)
                for one in self.questions
            }
        )

    @cached_property
    def by_id(self) -> Mapping[str, Question]:
        """Questions by their id."""
        return MappingProxyType({question.id: question for question in self.questions})


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerProblem:
    """One thing that keeps a questionnaire from being handed in."""

    question: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """How far a questionnaire is answered; only questions that are asked count."""

    asked: int
    answered: int
    required: int
    required_answered: int

    @property
    def ready(self) -> bool:
        """Whether everything required is answered."""
        return self.required_answered == self.required


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """An answer that should be looked at before the answers are accepted, and why."""

    question: str
    severity: Severity
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFact:
    """A shared fact as somebody stated it: in which record, who, and when (UTC)."""

    fact: str
    value: Value
    origin: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reused:
    """A proposed answer with where it comes from. A person confirms it; nothing is taken over silently."""

    question: str
    value: Value
    origin: str
    by: str = ""
    at: datetime | None = None


def open_questions(questionnaire: Questionnaire, answers: Answers) -> tuple[Question, ...]:
    """The questions to be asked, given what is answered so far, in order.

    A question whose condition rests on a question that is itself not asked is not asked, whatever was once answered.
    """
    found: dict[str, Question] = {}
    for question in questionnaire.questions:
        if all(
            condition.question in found and not _picked(answers.get(condition.question)).isdisjoint(condition.any_of)
            for condition in questionnaire.conditions[question.id]
        ):
            found[question.id] = question
    return tuple(found.values())


def problems(questionnaire: Questionnaire, answers: Answers) -> tuple[AnswerProblem, ...]:
    """Say everything that keeps these answers from being handed in, in the order of asking.

    Answers to questions that are not asked any more are let be: the condition may change back.
    """
    found = []
    for question in open_questions(questionnaire, answers):
        value = answers.get(question.id)
        if value is None or _blank(value):
            if question.required:
                found.append(AnswerProblem(question=question.id, message="is not answered"))
        elif message := wrong(question, value):
            found.append(AnswerProblem(question=question.id, message=message))
    unknown = sorted(set(answers) - set(questionnaire.by_id))
    return (*found, *(AnswerProblem(question=one, message="is not asked here") for one in unknown))


def completeness(questionnaire: Questionnaire, answers: Answers, *, section: str = "") -> Completeness:
    """How far the questionnaire, or one section of it, is answered with answers that can stand."""
    asked = [q for q in open_questions(questionnaire, answers) if not section or q.section == section]
    stands = [q for q in asked if _stands(q, answers)]
    return Completeness(
        asked=len(asked),
        answered=len(stands),
        required=sum(q.required for q in asked),
        required_answered=sum(q.required for q in stands),
    )


def concerns(questionnaire: Questionnaire, answers: Answers) -> tuple[Concern, ...]:
    """The answers that deserve a second look, the worst first, then in the order of asking.

    Of several worries about one answer only the worst is told. What is unanswered is a problem, not a concern.
    """
    found = []
    for question in open_questions(questionnaire, answers):
        if not _stands(question, answers):
            continue
        held = [worry for worry in question.worries if _holds(worry, answers[question.id])]
        if held:
            worst = max(held, key=lambda worry: SEVERITIES.index(worry.severity))
            found.append(Concern(question=question.id, severity=worst.severity, because=worst.because))
    return tuple(sorted(found, key=lambda concern: -SEVERITIES.index(concern.severity)))


def stated(
    questionnaire: Questionnaire, answers: Answers, *, origin: str, by: str, at: datetime
) -> tuple[KnownFact, ...]:
    """The shared facts that these answers state, for use in other assessments. `at` is aware."""
    if at.tzinfo is None:
        raise ValueError("at has no time zone")
    return tuple(
        KnownFact(fact=question.fact, value=answers[question.id], origin=origin, by=by, at=at)
        for question in open_questions(questionnaire, answers)
        if question.fact and _stands(question, answers)
    )


def reused(questionnaire: Questionnaire, facts: Iterable[KnownFact]) -> tuple[Reused, ...]:
    """Proposed answers from what other assessments already say; of several statements the newest counts.

    Conditions are not looked at: a proposal for a question that is not asked does no harm.
    """
    newest: dict[str, KnownFact] = {}
    for known in sorted(facts, key=lambda one: (one.at, one.origin, repr(one.value))):
        newest[known.fact] = known
    return tuple(
        Reused(question=question.id, value=found.value, origin=found.origin, by=found.by, at=found.at)
        for question in questionnaire.questions
        if (found := newest.get(question.fact)) is not None and not wrong(question, found.value)
    )


def registered(questionnaire: Questionnaire, system: SystemFacts) -> tuple[Reused, ...]:
    """Proposed answers from the register of AI systems. What the register does not know is not proposed."""
    return tuple(
        Reused(question=question.id, value=value, origin="register of AI systems")
        for question in questionnaire.questions
        if question.system_field
        and (value := getattr(system, question.system_field)) is not None
        and not _blank(value)
        and not wrong(question, value)
    )


def wrong(question: Question, value: object) -> str:
    """Say why a value cannot be the answer to a question, as the end of a sentence; empty if it can."""
    match question.kind:
        case "text" | "long text" | "person":
            return _wrong_text(value, LONGEST[question.kind])
        case "yes_no" | "choice":
            return "" if value in question.words else f"is none of: {', '.join(question.words)}"
        case "several" | "list":
            return _wrong_items(question, value)
        case "number":
            if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf:
                return ""
            return "is not a number from 0 upwards"
        case "date":
            return "" if isinstance(value, date) and not isinstance(value, datetime) else "is not a date"


def value_of(question: Question, raw: object) -> Value | None:
    """An answer from its plain form, None where it is empty. Raises ValueError with the end of a sentence."""
    value: Any = raw
    if question.kind in ("several", "list"):
        if not isinstance(raw, list | tuple):
            raise ValueError("is not a list")
        value = tuple(one.strip() if isinstance(one, str) else one for one in raw if one != "")
    elif isinstance(raw, str):
        value = raw.replace("\r\n", "\n").strip()
    if value is None or value in ("", ()):
        return None
    if question.kind == "date" and isinstance(value, str):
        value = _day(value)
    elif question.kind == "number" and isinstance(value, str):
        value = _number(value)
    if said := wrong(question, value):
        raise ValueError(said)
    found: Value = value
    return found


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError("is not a date such as 2026-11-30") from error


def _number(text: str) -> int | float:
    try:
        return int(text) if text.isdecimal() else float(text)
    except ValueError as error:
        raise ValueError("is not a number") from error


def kept(value: Value | None) -> object:
    """An answer in its plain form."""
    return None if value is None else plain(value)


def read(form: Questionnaire, answers: Mapping[str, object]) -> dict[str, Value]:
    """Answers from their plain form; what today's form does not ask, or cannot read, is left out."""
    found: dict[str, Value] = {}
    for question in form.questions:
        try:
            value = value_of(question, answers.get(question.id))
        except ValueError:
            continue
        if value is not None:
            found[question.id] = value
    return found


def problems_of(form: Questionnaire, given: Mapping[str, object]) -> tuple[dict[str, Value | None], list[FieldProblem]]:
    """Answers in their plain form as values, and everything that is wrong with them, by question."""
    values: dict[str, Value | None] = {}
    found = []
    for name, raw in given.items():
        question = form.by_id.get(name)
        if question is None:
            found.append(FieldProblem(field=name, message="is not asked here"))
            continue
        try:
            values[name] = None if raw is None else value_of(question, raw)
        except ValueError as error:
            found.append(FieldProblem(field=name, message=str(error)))
    return values, found


def _wrong_text(value: object, longest: int) -> str:
    if not isinstance(value, str) or not value.strip():
        return "is not a text"
    return f"has {len(value):,} characters; {longest:,} are allowed" if len(value) > longest else ""


def _wrong_items(question: Question, value: object) -> str:
    if not isinstance(value, tuple) or not value:
        return "is not a list"
    if message := next((m for one in value if (m := _wrong_text(one, LONGEST["text"]))), ""):
        return f"has an entry that {message}"
    if len(set(value)) < len(value):
        return "names the same twice"
    if question.kind == "list":
        return ""
    if strange := [one for one in value if one not in question.words]:
        return f'has "{strange[0]}", which is none of: {", ".join(question.words)}'
    return f'has "{NONE}" beside another answer' if NONE in value and len(value) > 1 else ""


def _stands(question: Question, answers: Answers) -> bool:
    value = answers.get(question.id)
    return value is not None and not _blank(value) and not wrong(question, value)


def _holds(worry: Worry, value: Value) -> bool:
    if worry.above is not None or worry.below is not None:
        number = float(value) if isinstance(value, int | float) else math.nan
        return (worry.above is not None and number > worry.above) or (worry.below is not None and number < worry.below)
    picked = _picked(value)
    return not picked.isdisjoint(worry.any_of) or not picked.issuperset(worry.lacks)


def _blank(value: object) -> bool:
    return not value.strip() if isinstance(value, str) else value == ()


def _picked(value: object) -> frozenset[str]:
    return frozenset(_words(value))


def _words(value: object) -> Iterator[str]:
    for one in value if isinstance(value, tuple) else (value,):
        if isinstance(one, str):
            yield one
