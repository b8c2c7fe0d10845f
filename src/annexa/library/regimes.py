"""Reads the files of regimes: laws and standards as dated facts, refused whole if anything in them is wrong.

Formats: docs/regimes.md.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from annexa.library.reader import LibraryError, Reader, readers, shipped
from annexa.pure.regimes import (
    CLOCK_STATUSES,
    FINE_RULES,
    KEEPS,
    REGIME_STATUSES,
    TO_THE,
    UNITS,
    Clock,
    Event,
    Penalty,
    Question,
    Reading,
    Regime,
    Retention,
    Row,
    Statement,
)
from annexa.pure.standards import Confidence, Library
from annexa.pure.systems import CLASSES, ROLES

Questions = Mapping[str, Question]
A = TypeVar("A", bound=Row)


@cache
def regimes() -> Mapping[str, Regime]:
    """The regimes shipped with this version of Annexa, by id. Read once per process. Raises LibraryError."""
    return load_regimes(shipped(("regimes",)))


def load_regimes(files: Mapping[str, bytes]) -> Mapping[str, Regime]:
    """Regimes from their files, by id. Raises LibraryError with every problem of every file."""
    problems: list[str] = []
    found: dict[str, Regime] = {}
    places: dict[str, str] = {}
    for reader in readers(files, problems):
        regime = _regime(reader)
        if regime.id != Path(reader.file).stem:
            reader.wrong(f"id is {regime.id!r}, but the file is named {Path(reader.file).stem}")
        for one in (*(question.id for question in regime.questions), *(row.id for row in regime.rows)):
            if one in places:
                reader.wrong(f"the id {one!r} occurs twice, first in {places[one]}")
            places.setdefault(one, reader.file)
        found[regime.id] = regime
    if problems:
        raise LibraryError(problems)
    return MappingProxyType(found)


def dangling(known: Mapping[str, Regime], library: Library) -> tuple[str, ...]:
    """A sentence for each framework or requirement that a regime names and the library does not have."""
    return tuple(sentence for regime in known.values() for sentence in _dangling(regime, library))


def _dangling(regime: Regime, library: Library) -> Iterator[str]:
    for row in regime.rows:
        frameworks, requirements = _named(row)
        for framework in frameworks:
            if framework not in library.frameworks:
                yield f"regimes/{regime.id}.toml: {row.id}: framework {framework!r} does not exist"
        for framework, requirement in requirements:
            if framework not in library.frameworks:
                yield f"regimes/{regime.id}.toml: {row.id}: framework {framework!r} does not exist"
            elif requirement not in library.frameworks[framework].by_id:
                yield f"regimes/{regime.id}.toml: {row.id}: {framework} has no requirement {requirement!r}"


def _named(row: Row) -> tuple[Iterable[str], Iterable[tuple[str, str]]]:
    """The frameworks a row names as a whole, and the requirements it names."""
    if isinstance(row, Event):
        return row.frameworks, row.requirements
    if isinstance(row, Statement):
        return row.frameworks, ()
    if isinstance(row, Clock | Retention | Penalty) and row.framework:
        return (), ((row.framework, row.requirement),)
    return (), ()


def _regime(reader: Reader) -> Regime:
    asked = tuple(_question(table) for table in reader.tables("question"))
    questions = {one.id: one for one in asked}
    found = Regime(
        id=reader.text("id"),
        title=reader.text("title"),
        jurisdiction=reader.text("jurisdiction"),
        status=reader.one_of("status", REGIME_STATUSES),
        source=reader.text("source"),
        questions=asked,
        events=_all(reader, "event", _event, questions),
        clocks=_all(reader, "clock", _clock, questions),
        retention=_all(reader, "retention", _retention, questions),
        penalties=_all(reader, "penalty", _penalty, questions),
        statements=_all(reader, "statement", _statement, questions),
    )
    if not found.rows:
        reader.wrong("it has no rows")
    for unasked in sorted(set(questions) - {row.question.id for row in found.rows if row.question}):
        reader.wrong(f"question {unasked!r} belongs to no row")
    reader.done()
    return found


def _all(reader: Reader, key: str, make: Callable[[Reader, Questions], A], questions: Questions) -> tuple[A, ...]:
    return tuple(make(table, questions) for table in reader.tables(key))


def _question(reader: Reader) -> Question:
    found = Question(
        id=reader.text("id"),
        text=reader.text("text"),
        readings=tuple(_reading(table) for table in reader.tables("reading")),
        unknown=reader.text("unknown", ""),
        source=reader.text("source"),
        read_on=_read_on(reader),
        confidence=Confidence(reader.one_of("confidence", tuple(Confidence))),
    )
    if len(found.readings) < 2 and not found.unknown:
        reader.wrong("a question has at least two readings, or says what is unknown")
    reader.done()
    return found


def _reading(reader: Reader) -> Reading:
    found = Reading(
        text=reader.text("text"),
        on=reader.day("on"),
        on_annex_i=reader.day("on_annex_i"),
        to_the=reader.one_of("to_the", TO_THE, "day"),
    )
    reader.done()
    return found


def _row(reader: Reader, questions: Questions) -> dict[str, Any]:
    """What every row has."""
    asked = reader.text("open", "")
    if asked and asked not in questions:
        reader.wrong(f"open names the question {asked!r}, which the file does not have")
    return {
        "id": reader.text("id"),
        "source": reader.text("source"),
        "read_on": _read_on(reader),
        "confidence": Confidence(reader.one_of("confidence", tuple(Confidence))),
        "question": questions.get(asked),
        "note": reader.text("note", ""),
    }


def _read_on(reader: Reader) -> date:
    day = reader.day("read_on")
    if day is None and "read_on" not in reader.table:
        reader.wrong("read_on is missing")
    return day or date.min


def _day(reader: Reader, key: str, question: Question | None) -> date | None:
    """A row's first day; refused if a reading of its open question leads to another."""
    day = reader.day(key)
    if day is not None and question is not None and set(question.days) - {day}:
        reader.wrong(f"{key} decides the open question {question.id!r}; leave it out, the readings have the days")
    return day


def _event(reader: Reader, questions: Questions) -> Event:
    row = _row(reader, questions)
    on = _day(reader, "on", row["question"])
    if on is None and row["question"] is None and "on" not in reader.table:
        reader.wrong("on is missing; only an open event may be without")
    found = Event(
        **row,
        on=on,
        to_the=reader.one_of("to_the", TO_THE, "day"),
        title=reader.text("title"),
        what_it_means=reader.text("what_it_means"),
        article=reader.text("article", ""),
        jurisdiction=reader.text("jurisdiction", ""),
        requirements=_requirements(reader),
        frameworks=reader.words("frameworks"),
        roles=reader.words("roles", ROLES),
        classes=reader.words("classes", CLASSES),
    )
    reader.done()
    return found


def _requirements(reader: Reader) -> tuple[tuple[str, str], ...]:
    """Pairs from a table of framework = [requirements]."""
    found: list[tuple[str, str]] = []
    for framework, ids in reader.take("requirements", (dict,), {}).items():
        if not isinstance(ids, list) or not ids or not all(isinstance(one, str) for one in ids):
            reader.wrong(f"requirements.{framework} is not a list of requirement ids")
            continue
        found.extend((framework, one) for one in ids)
    return tuple(found)


def _one_requirement(reader: Reader) -> dict[str, Any]:
    framework, requirement = reader.text("framework", ""), reader.text("requirement", "")
    if bool(framework) != bool(requirement):
        reader.wrong("framework and requirement go together")
    return {"framework": framework, "requirement": requirement}


def _clock(reader: Reader, questions: Questions) -> Clock:
    row = _row(reader, questions)
    found = Clock(
        **row,
        **_one_requirement(reader),
        trigger=reader.text("trigger"),
        actor=reader.text("actor"),
        recipient=reader.text("recipient", ""),
        deadline=reader.text("deadline"),
        amount=_positive(reader, "amount"),
        unit=reader.one_of("unit", UNITS, ""),
        counts_from=reader.text("counts_from", ""),
        immediate=reader.take("immediate", (bool,), False),
        article=reader.text("article"),
        status=reader.one_of("status", CLOCK_STATUSES),
        applies_from=_day(reader, "applies_from", row["question"]),
        applies_from_annex_i=reader.day("applies_from_annex_i"),
    )
    if len({found.amount is not None, bool(found.unit), bool(found.counts_from)}) > 1:
        reader.wrong("amount, unit and counts_from go together")
    undated = found.status == "never applied" or (found.question is not None and bool(found.question.days))
    if found.applies_from is None and not undated:
        reader.wrong("applies_from is missing; only a clock that never ran or is open may be without")
    reader.done()
    return found


def _positive(reader: Reader, key: str) -> int | None:
    if key not in reader.table:
        return None
    amount = int(reader.take(key, (int,), 1))
    if amount < 1:
        reader.wrong(f"{key} is {amount}; it is at least 1")
    return amount


def _retention(reader: Reader, questions: Questions) -> Retention:
    row = _row(reader, questions)
    found = Retention(
        **row,
        **_one_requirement(reader),
        record=reader.text("record"),
        actor=reader.text("actor"),
        period=reader.text("period"),
        months=_positive(reader, "months"),
        rule=reader.one_of("rule", KEEPS),
        start_event=reader.text("start_event", ""),
        article=reader.text("article"),
        applies_from=_day(reader, "applies_from", row["question"]),
        applies_from_annex_i=reader.day("applies_from_annex_i"),
    )
    if found.months is not None and found.rule == "not_stated":
        reader.wrong("months is given, so the rule is not not_stated")
    reader.done()
    return found


def _penalty(reader: Reader, questions: Questions) -> Penalty:
    row = _row(reader, questions)
    percent = float(reader.take("turnover_percent", (float, int), 0))
    found = Penalty(
        **row,
        **_one_requirement(reader),
        infringement=reader.text("infringement"),
        maximum=_positive(reader, "maximum") or 0,
        currency=reader.text("currency"),
        turnover_percent=percent or None,
        rule=reader.one_of("rule", FINE_RULES),
        article=reader.text("article"),
        minimum_ceiling=reader.take("minimum_ceiling", (bool,), False),
        small_firms=reader.text("small_firms", ""),
    )
    if "maximum" not in reader.table:
        reader.wrong("maximum is missing")
    if (found.rule == "maximum") != (found.turnover_percent is None):
        reader.wrong("rule is maximum if there is no turnover_percent, and only then")
    if not 0 <= percent <= 100:
        reader.wrong(f"turnover_percent is {percent}; it is a share of the turnover")
    reader.done()
    return found


def _statement(reader: Reader, questions: Questions) -> Statement:
    found = Statement(**_row(reader, questions), text=reader.text("text"), frameworks=reader.words("frameworks"))
    if not found.frameworks:
        reader.wrong("frameworks is empty, so nobody would ever read it")
    reader.done()
    return found
