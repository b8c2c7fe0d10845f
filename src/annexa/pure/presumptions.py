"""What an AI system's record settles of a law's questions, until a person answers: presumptions, and their conditions.

Only closed words and days of the register count. What is empty or unknown there settles nothing, no text is read, and
what a classification itself writes into the record (role, class) is never a reason for one. Format: docs/library.md.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations, product
from typing import Any

from annexa.pure.fields import known_words
from annexa.pure.systems import FIELD, FIELDS, SystemFacts

Record = Mapping[str, object]
"""Field of RECORD_FIELDS → its value; a field that is not there is not known."""
CONCLUSIONS = ("roles", "classes", "high_risk_by")
RECORD_FIELDS = tuple(f.name for f in FIELDS if f.kind in ("choice", "answer", "date") and f.name not in CONCLUSIONS)
TODAY = "today"
"""In a condition: the day for which the law is asked."""
_TERM = re.compile(r"(?P<field>\w+)\s*(?P<sign><=|>=|=|<|>)\s*(?P<value>.+)")
_SIGNS: Mapping[str, Callable[[date, date], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_DAY = timedelta(days=1)
_SOME_DAY = date(2026, 11, 20)


@dataclass(frozen=True, slots=True, kw_only=True)
class AtLeast:
    """What is certain of an answer with several choices: these are true; of the others nothing is known."""

    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One comparison of a field with a word, or with a day (None: the day asked about)."""

    field: str
    sign: str
    word: str = ""
    day: date | None = None

    def __str__(self) -> str:
        return f"{self.field}{self.sign}{self.word or self.day or TODAY}"

    def holds(self, record: Record, at: date) -> bool | None:
        """Whether it holds on that day; None where the record does not know."""
        value = record.get(self.field)
        if value is None or value in ("", "unknown"):
            return None
        if isinstance(value, date):
            return _SIGNS[self.sign](value, self.day or at)
        return value == self.word


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordExample:
    """A record on a day, and whether the presumption holds for it."""

    record: Record
    at: date
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Presumption:
    """An answer that follows from the record with certainty: all of `when` must be known to hold, none of `unless`.

    `answer`: a choice, yes or no; for a question with several choices those that are certain.
    """

    id: str
    question: str
    answer: str | AtLeast
    when: tuple[Term, ...]
    because: str
    cites: tuple[str, ...]
    unless: tuple[Term, ...] = ()
    examples: tuple[RecordExample, ...] = ()

    @property
    def plain(self) -> str | tuple[str, ...]:
        """The answer as one would give it."""
        return self.answer.choices if isinstance(self.answer, AtLeast) else self.answer

    def holds(self, record: Record, at: date) -> bool:
        """Whether the answer follows from this record on that day."""
        return all(term.holds(record, at) for term in self.when) and not any(
            term.holds(record, at) for term in self.unless
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Presumed:
    """What the record settles of one question, and by which presumptions."""

    question: str
    answer: str | AtLeast
    presumptions: tuple[Presumption, ...]

    @property
    def plain(self) -> str | tuple[str, ...]:
        """The answer as one would give it."""
        return self.answer.choices if isinstance(self.answer, AtLeast) else self.answer

    @property
    def whole(self) -> bool:
        """Whether it is the entire answer, not only a part."""
        return not isinstance(self.answer, AtLeast)

    def contradicts(self, said: object) -> bool:
        """Whether a person's answer says otherwise. That nobody knows is no contradiction."""
        if said is None or said == "unknown":
            return False
        if isinstance(self.answer, AtLeast):
            return not {*self.answer.choices} <= {*(said if isinstance(said, list | tuple) else ())}
        return said != self.answer


def record_of(facts: SystemFacts) -> Record:
    """The part of a system's record from which answers may follow."""
    return {name: getattr(facts, name) for name in RECORD_FIELDS}


def presumed(presumptions: Iterable[Presumption], record: Record, at: date) -> dict[str, Presumed]:
    """What the record settles on that day, by question."""
    found: dict[str, Presumed] = {}
    for one in presumptions:
        if one.holds(record, at):
            before = found.get(one.question)
            answer, behind = one.answer, before.presumptions if before else ()
            if before and isinstance(answer, AtLeast) and isinstance(before.answer, AtLeast):
                answer = AtLeast(choices=tuple(dict.fromkeys((*before.answer.choices, *answer.choices))))
            found[one.question] = Presumed(question=one.question, answer=answer, presumptions=(*behind, one))
    return found


def together(given: Mapping[str, Any], from_record: Mapping[str, Presumed]) -> dict[str, Any]:
    """What is known in all: a person's answer prevails, also that nobody knows; the record fills what is unanswered."""
    said = {question: answer for question, answer in given.items() if answer is not None}
    return {**{question: one.answer for question, one in from_record.items()}, **said}


def parse_term(text: str) -> Term:
    """Reads `field=word`, or a day compared by = < <= > >= with another or with `today`. ValueError: what is wrong."""
    match = _TERM.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no condition; write field=word, field<2026-08-02 or field>=today")
    name, sign, value = match["field"], match["sign"], match["value"]
    if name in CONCLUSIONS:
        raise ValueError(f"{name} is what a classification writes into the record, so none can rest on it")
    if name not in FIELD:
        raise ValueError(f"{name!r} is not a field of the register; known are {', '.join(RECORD_FIELDS)}")
    if name not in RECORD_FIELDS:
        raise ValueError(f"{name} is free text, from which nothing follows")
    if FIELD[name].kind == "date":
        return Term(field=name, sign=sign, day=_day(name, value))
    if value == "unknown":
        raise ValueError(f"from {name} unknown nothing follows")
    if value not in FIELD[name].choices:
        raise ValueError(f"{name} has no value {value!r}; known are {known_words(FIELD[name])}")
    if sign != "=":
        raise ValueError(f"{name} is a word, which is compared with = only, not with {sign}")
    return Term(field=name, sign=sign, word=value)


def presumption_problems(presumptions: Sequence[Presumption]) -> tuple[str, ...]:
    """Conditions that can never hold, exceptions that can never matter, answers that may contradict each other."""
    found = []
    for one in presumptions:
        if not _possible(one.when, ()):
            found.append(f"presumption {one.id}: its condition can never hold")
            continue
        found += [
            f"presumption {one.id}: its exception {term} can never matter"
            for term in one.unless
            if not _possible((*one.when, term), ())
        ]
        if not _possible(one.when, one.unless):
            found.append(f"presumption {one.id}: whenever its condition holds, an exception does")
    for one, other in combinations(presumptions, 2):
        differ = one.question == other.question and one.answer != other.answer and isinstance(one.answer, str)
        if differ and _possible((*one.when, *other.when), (*one.unless, *other.unless)):
            found.append(
                f"presumptions {one.id} and {other.id}: both can hold, and they answer {one.question} differently"
            )
    return tuple(found)


def _possible(when: tuple[Term, ...], unless: tuple[Term, ...]) -> bool:
    """Whether some record on some day fulfils all of one and none of the other."""
    return any(
        all(term.holds(record, at) for term in when) and not any(term.holds(record, at) for term in unless)
        for record, at in _records((*when, *unless))
    )


def _records(terms: tuple[Term, ...]) -> Iterator[tuple[Record, date]]:
    """Records and days enough to try every order in which the days of the terms can lie."""
    days = {term.day for term in terms if term.day} or {_SOME_DAY}
    around = {day + step for day in days for step in (-_DAY, timedelta(), _DAY)}
    fields = list(dict.fromkeys(term.field for term in terms))
    for at in sorted(around):
        near = [None, *sorted({*around, at - _DAY, at + _DAY})]
        values = [near if FIELD[name].kind == "date" else FIELD[name].choices for name in fields]
        for combination in product(*values):
            yield dict(zip(fields, combination, strict=True)), at


def _day(name: str, value: str) -> date | None:
    if value == TODAY:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(
            f"{name} is a day; it is compared with one such as 2026-08-02 or with {TODAY}, not {value!r}"
        ) from None
