"""Reads the classification trees of the library and refuses all of them if anything in one is wrong.

One file for each law in `classification/`, named by the law's id. Format: docs/library.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from annexa.library.reader import LibraryError, Reader, readers, shipped
from annexa.pure.classify import (
    EVER,
    Choice,
    Circumstance,
    Classification,
    Condition,
    Confidence,
    Example,
    Expected,
    Gives,
    Group,
    Question,
    QuestionKind,
    Result,
    Rule,
    Subject,
    answer_problems,
    never_asked,
    parse_atom,
    tree_problems,
)
from annexa.pure.fields import known_words
from annexa.pure.presumptions import (
    RECORD_FIELDS,
    AtLeast,
    Presumption,
    RecordExample,
    Term,
    parse_term,
    presumption_problems,
)
from annexa.pure.systems import CLASSES, FIELD, HIGH_RISK_BY, ROLES

FOLDER = "classification"


@cache
def classifications() -> Mapping[str, Classification]:
    """The trees shipped with this version of Annexa, by the law's id. Read once per process. Raises LibraryError."""
    return load_classification(shipped((FOLDER,)), searched=True)


def load_classification(files: Mapping[str, bytes], *, searched: bool = False) -> Mapping[str, Classification]:
    """The trees from their files, by id. Raises LibraryError with every problem of every file.

    `searched`: that every question can be reached and every presumption can hold was found out before, as a test does
    for what is shipped.
    """
    problems: list[str] = []
    found: dict[str, Classification] = {}
    for reader in readers(files, problems):
        before = len(problems)
        tree = _tree(reader)
        if tree.id != Path(reader.file).stem:
            reader.wrong(f"id is {tree.id!r}, but the file is named {Path(reader.file).stem}")
        if len(problems) == before:
            wrong = tree_problems(tree) or (
                () if searched else (*never_asked(tree), *presumption_problems(tree.presumptions))
            )
            problems.extend(f"{reader.file}: {problem}" for problem in wrong)
            problems.extend(
                f"{reader.file}: presumption {one.id}: {problem}"
                for one in tree.presumptions
                for problem in answer_problems(tree, {one.question: one.answer})
            )
            problems.extend(
                f"{reader.file}: example {example.name}: {problem}"
                for example in tree.examples
                for problem in answer_problems(tree, example.answers)
            )
        found[tree.id] = tree
    if problems:
        raise LibraryError(problems)
    return MappingProxyType(found)


def _tree(reader: Reader) -> Classification:
    source, confidence = reader.text("source"), reader.one_of("confidence", get_args(Confidence))
    read_on = _day_needed(reader, "read_on")
    found = Classification(
        id=reader.text("id"),
        title=reader.text("title"),
        subject=reader.one_of("subject", get_args(Subject)),
        version=reader.text("version"),
        source=source,
        read_on=read_on,
        confidence=confidence,
        results=tuple(_result(table) for table in reader.tables("result")),
        questions=tuple(_question(table) for table in reader.tables("question")),
        rules=tuple(_rule(table, source, read_on, confidence) for table in reader.tables("rule")),
        examples=tuple(_example(table) for table in reader.tables("example")),
        circumstances=tuple(_circumstance(table) for table in reader.tables("circumstance")),
        presumptions=tuple(_presumption(table) for table in reader.tables("presumption")),
    )
    if found.presumptions and found.subject != "system":
        reader.wrong("it has presumptions, but only AI systems have a record from which something could follow")
    ids = [one.id for one in found.presumptions]
    for repeated in sorted({one for one in ids if ids.count(one) > 1}):
        reader.wrong(f"two presumptions have the id {repeated}")
    for key, values in (("question", found.questions), ("rule", found.rules), ("result", found.results)):
        if not values:
            reader.wrong(f"it has no {key}")
    reader.done()
    return found


def _result(reader: Reader) -> Result:
    found = Result(id=reader.text("id"), says=reader.text("says"))
    reader.done()
    return found


def _question(reader: Reader) -> Question:
    kind: QuestionKind = reader.one_of("kind", get_args(QuestionKind))
    found = Question(
        id=reader.text("id"),
        text=reader.text("text"),
        help=reader.text("help"),
        kind=kind,
        choices=tuple(_choice(table) for table in reader.tables("choices")),
        cites=reader.words("cites"),
        asked_if=_condition(reader, "asked_if") if "asked_if" in reader.table else EVER,
    )
    ids = [choice.id for choice in found.choices]
    if kind == "yes_no" and ids:
        reader.wrong("it is answered by yes or no, so it has no choices")
    if kind != "yes_no" and len(ids) < 2:
        reader.wrong("it needs at least two choices")
    if len(set(ids)) < len(ids):
        reader.wrong("two choices have the same id")
    if "unknown" in ids:
        reader.wrong("a choice is named unknown, which stands for no answer")
    if not found.cites and not (ids and all(choice.cites for choice in found.choices)):
        reader.wrong("neither it nor each of its choices cites a place in the law")
    reader.done()
    return found


def _choice(reader: Reader) -> Choice:
    found = Choice(id=reader.text("id"), text=reader.text("text"), cites=reader.words("cites"))
    reader.done()
    return found


def _rule(reader: Reader, source: str, read_on: date, confidence: Confidence) -> Rule:
    found = Rule(
        id=reader.text("id"),
        says=reader.text("says"),
        cites=reader.words("cites"),
        when=_condition(reader, "when"),
        gives=_gives(reader),
        from_on=reader.day("from"),
        until_on=reader.day("until"),
        source=reader.text("source", "") or source,
        read_on=reader.day("read_on") or read_on,
        confidence=reader.one_of("confidence", get_args(Confidence)) if "confidence" in reader.table else confidence,
        open=reader.text("open", ""),
    )
    if not found.cites:
        reader.wrong("it cites no place in the law")
    if found.from_on and found.until_on and found.until_on <= found.from_on:
        reader.wrong(f"it ends on {found.until_on}, not after it begins on {found.from_on}")
    if found.from_on and found.gives.flags:
        reader.wrong("it gives a flag and has a first day; a flag is a fact without a date")
    reader.done()
    return found


def _circumstance(reader: Reader) -> Circumstance:
    found = Circumstance(id=reader.text("id"), title=reader.text("title"), when=_condition(reader, "when"))
    reader.done()
    return found


def _gives(reader: Reader) -> Gives:
    table = _table(reader, "gives")
    found = Gives(
        roles=table.words("roles", ROLES),  # type: ignore[arg-type]
        classes=table.words("classes", CLASSES),  # type: ignore[arg-type]
        high_risk_by=table.one_of("high_risk_by", HIGH_RISK_BY[1:]) if "high_risk_by" in table.table else "",
        outcome=table.text("outcome", ""),
        flags=table.words("flags"),
        duties=table.words("duties"),
    )
    if found == Gives():
        table.wrong("it gives nothing")
    if found.high_risk_by and "high-risk" not in found.classes:
        table.wrong("it gives high_risk_by without the class high-risk")
    table.done()
    return found


def _example(reader: Reader) -> Example:
    name = reader.text("name")
    reader.where = f"example {name}"
    expect = _table(reader, "expect")
    found = Example(
        name=name,
        at=_day_needed(reader, "at"),
        answers=MappingProxyType(dict(reader.take("answers", (dict,)))),
        expect=Expected(
            roles=expect.words("roles", ROLES),  # type: ignore[arg-type]
            classes=expect.words("classes", CLASSES),  # type: ignore[arg-type]
            outcome=expect.text("outcome", ""),
            high_risk_by=expect.one_of("high_risk_by", HIGH_RISK_BY[1:]) if "high_risk_by" in expect.table else "",
            duties=expect.words("duties") if "duties" in expect.table else None,
            later=expect.words("later", CLASSES),  # type: ignore[arg-type]
        ),
    )
    expect.done()
    reader.done()
    return found


def _presumption(reader: Reader) -> Presumption:
    answer = reader.take("answer", (str, list))
    found = Presumption(
        id=reader.text("id"),
        question=reader.text("question"),
        answer=AtLeast(choices=reader.words("answer")) if isinstance(answer, list) else answer,
        when=_terms(reader, "when"),
        unless=_terms(reader, "unless"),
        because=reader.text("because"),
        cites=reader.words("cites"),
        examples=tuple(_record_example(table) for table in reader.tables("examples")),
    )
    if "when" in reader.table and not reader.table["when"]:
        reader.wrong("when is empty; nothing follows without a condition")
    elif "when" not in reader.table:
        reader.wrong("when is missing")
    if answer in ("", [], "unknown"):
        reader.wrong(f"answer is {answer!r}, which says nothing")
    if not found.cites:
        reader.wrong("it cites no place in the law")
    if {example.holds for example in found.examples} != {True, False}:
        reader.wrong("it needs an example for which it holds and one for which it does not")
    reader.done()
    return found


def _terms(reader: Reader, key: str) -> tuple[Term, ...]:
    found = []
    for text in reader.words(key):
        try:
            found.append(parse_term(text))
        except ValueError as wrong:
            reader.wrong(f"{key}: {wrong}")
    return tuple(found)


def _record_example(reader: Reader) -> RecordExample:
    record = reader.take("record", (dict,))
    for name, value in record.items():
        if name not in RECORD_FIELDS:
            reader.wrong(f"record has {name}; fields from which something can follow are {', '.join(RECORD_FIELDS)}")
        elif FIELD[name].kind == "date" and type(value) is not date:
            reader.wrong(f"record has {name} = {value!r}, which is not a date such as 2026-08-02")
        elif FIELD[name].kind != "date" and value not in FIELD[name].choices:
            reader.wrong(f"record has {name} = {value!r}; known are {known_words(FIELD[name])}")
    found = RecordExample(
        record=MappingProxyType(record), at=_day_needed(reader, "at"), holds=reader.take("holds", (bool,))
    )
    reader.done()
    return found


def _condition(reader: Reader, key: str) -> Condition:
    """`"a"`, `["a", "b"]` for all of them, or a table with `all`, `any` or `none`, as deep as needed."""
    value = reader.take(key, (str, list, dict))
    if value:
        return _parsed(reader, key, value)
    if key in reader.table:
        reader.wrong(f"{key} is empty")
    return EVER


def _parsed(reader: Reader, key: str, value: Any) -> Condition:
    if isinstance(value, str) and value.strip("!"):
        return parse_atom(value)
    if isinstance(value, list) and value:
        return Group(how="all", parts=tuple(_parsed(reader, key, part) for part in value))
    if isinstance(value, dict) and len(value) == 1:
        ((how, parts),) = value.items()
        if how in ("all", "any", "none") and isinstance(parts, list) and parts:
            return Group(how=how, parts=tuple(_parsed(reader, key, part) for part in parts))
    reader.wrong(f"{key} has {value!r}; write a text, a list, or a table with one of all, any, none and a list")
    return EVER


def _table(reader: Reader, key: str) -> Reader:
    value = reader.take(key, (dict,))
    return Reader(file=reader.file, where=f"{reader.where} {key}", table=value, problems=reader.problems)


def _day_needed(reader: Reader, key: str) -> date:
    value = reader.day(key)
    if key not in reader.table:
        reader.wrong(f"{key} is missing")
    return value or date.min
