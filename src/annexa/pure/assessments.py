"""Impact assessments of AI systems: what their answers rest on, whether they still hold, and what ends them.

An assessment is one version of a form (`annexa.pure.questionnaires`) about one AI system. Approved, it holds until a
day, and only while the system is materially what it was: the approval keeps the values it was given for, and the
engine compares them with those of today. Source: ISO/IEC 42001 8.4, Regulation (EU) 2024/1689 Art. 27(2), GDPR
Art. 35(11).
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from annexa.pure.facts import Pairs
from annexa.pure.fields import plain
from annexa.pure.instants import months_after
from annexa.pure.ledger import canonical
from annexa.pure.questionnaires import Question, Questionnaire, Reused, Value, open_questions, wrong
from annexa.pure.register import Entry
from annexa.pure.registers.assets import AI_KINDS
from annexa.pure.systems import FIELD

COMPONENTS = "components"
"""The word by which a form counts a change of what the system is made of as material."""
COMPONENT_FIELDS: tuple[str, ...] = ("kind", "version", "supplier", "trained_on")
"""What of a component is compared: the record of the asset that leads to the system."""

MATERIAL: tuple[str, ...] = (
    "purpose", "outputs", "roles", "classes", "high_risk_by", "built", "supplier", "personal_data", COMPONENTS,
)  # fmt: skip
"""What a form may count as material. The engine keeps these of a system's record; a form's file says which it asks."""

Decision = Literal["handed in", "returned", "approved", "withdrawn"]
Stage = Literal["open", "handed in", "returned", "approved", "withdrawn"]
DECISIONS: tuple[Decision, ...] = ("handed in", "returned", "approved", "withdrawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where an answer was taken over from: the register, or a question of another assessment."""

    assessment: str = ""  # "" = the register of AI systems
    question: str = ""

    def to_json(self) -> dict[str, str]:
        """As it is kept."""
        return {"assessment": self.assessment, "question": self.question}


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One answer as it was given: the last of its question holds. `value` None: it was taken back."""

    question: str
    value: Value | None
    number: int
    by: str
    person: int
    at: datetime
    origin: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing about a system that is not what it was. `field`: its name; for a component, `component` is its slug."""

    field: str
    before: Any
    after: Any
    component: str = ""

    @property
    def words(self) -> str:
        """What changed, as the end of a sentence."""
        if not self.component:
            return FIELD[self.field].label.lower() if self.field in FIELD else self.field
        if self.before is None:
            return f"component {self.component} is new"
        if self.after is None:
            return f"component {self.component} is gone"
        return f"{self.field.replace('_', ' ')} of component {self.component}"


# --- answers


def digest_of(form: Questionnaire) -> str:
    """The questions as they were put, as a digest in hex: texts, kinds and words to choose from."""
    asked = [[one.id, one.text, one.kind, list(one.choices), one.required] for one in form.questions]
    return hashlib.sha256(canonical({"version": form.version, "questions": asked})).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What of somebody's answers is to be written, and which answers somebody else gave meanwhile in their place."""

    write: Mapping[str, Value | None]
    conflicts: tuple[Given, ...]


def merge(
    posted: Mapping[str, Value | None],
    given: Mapping[str, Given],
    seen: Mapping[str, int],
    before: Mapping[tuple[str, int], Value | None],
) -> Merged:
    """Somebody's answers beside those of others who wrote meanwhile.

    `given`: what holds now; `seen`: the number of the answer they looked at (0: none), by question; `before`: every
    answer by question and number. What they left as they saw it stays as it is now; only where both changed the same
    answer, and not alike, somebody has to look.
    """
    write: dict[str, Value | None] = {}
    conflicts = []
    for question, value in posted.items():
        now, looked_at = given.get(question), seen.get(question, 0)
        current = now.value if now else None
        if value == current:
            continue
        if (now.number if now else 0) == looked_at:
            write[question] = value
        elif value != before.get((question, looked_at)) and now:
            conflicts.append(now)
    return Merged(write=write, conflicts=tuple(conflicts))


def missing(form: Questionnaire, answers: Mapping[str, Value]) -> tuple[Question, ...]:
    """Every question that has to be answered before the assessment is handed in and is not, in the order of asking."""
    return tuple(one for one in open_questions(form, answers) if one.required and one.id not in answers)


# --- answers that are taken over


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What stands elsewhere and would answer a question, with where, by whom and since when. A person confirms it;
    nothing is taken over silently."""

    question: str
    value: Value
    origin: Origin
    by: str = ""
    at: datetime | None = None  # None = the register, as it is now


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Another assessment of the same system, or an earlier version of the same form, with its answers."""

    assessment: str
    form: Questionnaire
    given: Mapping[str, Given]


def offers(form: Questionnaire, sources: Iterable[Source], register: Iterable[Reused]) -> dict[str, Offer]:
    """For each question of a form what stands elsewhere: of several assessments the latest answer, by the same shared
    fact or, in another version of the same form, by the same question; else the register. The facts of a form that it
    does not ask any more, given what was answered, are not offered.
    """
    found = {
        one.question: Offer(question=one.question, value=one.value, origin=Origin(question=one.question))
        for one in register
    }
    asked: dict[str, list[str]] = {}
    for question in form.questions:
        asked.setdefault(f"fact {question.fact}" if question.fact else "", []).append(question.id)
    for source in sources:
        answers = answers_of(source.given)
        for question in open_questions(source.form, answers):
            if question.id not in answers:
                continue
            same = [question.id] if source.form.id == form.id and question.id in form.by_id else []
            for name in same or (asked.get(f"fact {question.fact}", []) if question.fact else []):
                one = source.given[question.id]
                held = found.get(name)
                newer = (
                    held is None or held.at is None or (held.at, held.origin.assessment) < (one.at, source.assessment)
                )
                if newer and not wrong(form.by_id[name], one.value):
                    origin = Origin(assessment=source.assessment, question=question.id)
                    found[name] = Offer(
                        question=name, value=answers[question.id], origin=origin, by=one.by, at=one.at
                    )  # fmt: skip
    return found


def answers_of(given: Mapping[str, Given]) -> dict[str, Value]:
    """The answers that stand, by question."""
    return {name: one.value for name, one in given.items() if one.value is not None}


def moved_on(given: Mapping[str, Given], offered: Mapping[str, Offer]) -> dict[str, Offer]:
    """The answers that were taken over and whose source says something else by now: what it says, by question."""
    return {
        name: offer
        for name, offer in offered.items()
        if (one := given.get(name)) is not None
        and one.value is not None
        and one.origin is not None
        and offer.value != one.value
        and (offer.at is None or offer.at > one.at)
    }


# --- approval and its end


def until_problem(until: date | None, *, today: date, months: int) -> str:
    """Why an approval cannot hold until that day (exclusive), as a sentence; empty if it can."""
    if until is None:
        return "Say until which day the approval holds."
    if until <= today:
        return f"{until.isoformat()} is not ahead; an approval ends on a day to come."
    last = months_after(today, months).isoformat()
    return f"{until.isoformat()} is too far; it is done anew by {last}." if until.isoformat() > last else ""


def component_of(asset: Entry) -> dict[str, Any] | None:
    """What an assessment keeps of an asset that an AI system is made of; None for an asset of another kind."""
    if asset.kind not in AI_KINDS:
        return None
    return {name: plain(asset.values[name]) for name in COMPONENT_FIELDS}


def material_of(names: Iterable[str], system: Callable[[str], Any]) -> dict[str, Any]:
    """The values of a system that an assessment rests on, plain. `system`: the value of a field, by its name."""
    return {name: plain(system(name)) for name in names if name != COMPONENTS}


def pairs(values: Mapping[str, Any]) -> Pairs:
    """Values as facts hold them, sorted by name. Raises TypeError for what is no text, list of texts, or nothing."""
    return tuple((str(name), _firm(values[name])) for name in sorted(values))


def changes(
    before: Pairs, now: Callable[[str], Any], parts_before: Mapping[str, Pairs] | None, parts_now: Mapping[str, Pairs]
) -> tuple[Change, ...]:
    """What an approved assessment rests on and is no longer so: fields, then components, each by name.

    `now`: the value of a field of the system today. `parts_before` None: components were not looked at.
    """
    found = [
        Change(field=name, before=value, after=after)
        for name, value in before
        if (raw := now(name)) != value and (after := _firm(plain(raw))) != value
    ]
    for slug in () if parts_before is None else sorted({*parts_before, *parts_now}):
        was, is_now = (parts_before or {}).get(slug), parts_now.get(slug)
        if was is None or is_now is None:
            found.append(Change(field=COMPONENTS, component=slug, before=was, after=is_now))
            continue
        held = dict(is_now)
        found += [
            Change(field=name, component=slug, before=value, after=held.get(name))
            for name, value in was
            if value != held.get(name)
        ]
    return tuple(found)


def _firm(value: Any) -> Any:
    """A plain value that can be compared and kept."""
    if isinstance(value, list):
        return tuple(_firm(one) for one in value)
    if value is None or isinstance(value, str):
        return value
    raise TypeError(f"{value!r}, which is no text")
