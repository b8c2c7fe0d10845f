"""Reads the questionnaires into values, and refuses all of them if anything in one is wrong.

All errors of all files are reported together, each with file and id. Format: docs/questionnaires.md.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType

from annexa.library.reader import LibraryError, Reader, readers, shipped
from annexa.pure.assessments import MATERIAL
from annexa.pure.questionnaires import (
    KINDS,
    SEVERITIES,
    AskedIf,
    Fact,
    Kind,
    Question,
    Questionnaire,
    Section,
    Served,
    Worry,
)
from annexa.pure.standards import Library
from annexa.pure.systems import FIELD

FACTS = "questionnaires/shared-facts.toml"
LONGEST_MONTHS = 36
FITTING: Mapping[str, tuple[Kind, ...]] = MappingProxyType(
    {
        "text": ("text", "long text", "person"),
        "long": ("long text",),
        "choice": ("choice",),
        "choices": ("several", "list"),
        "answer": ("yes_no",),
        "date": ("date",),
        "whole": ("number",),
    }
)
"""Which kinds of question a field of the register of AI systems can answer."""


@cache
def questionnaires() -> Mapping[str, Questionnaire]:
    """The questionnaires shipped with this version of Annexa, by id. Read once per process. Raises LibraryError."""
    return load_questionnaires(shipped(("questionnaires",)))


def load_questionnaires(files: Mapping[str, bytes]) -> Mapping[str, Questionnaire]:
    """Questionnaires from their files, by id. Raises LibraryError with every problem of every file."""
    problems: list[str] = []
    found = sorted(readers(files, problems), key=lambda reader: (reader.file != FACTS, reader.file))
    facts: dict[str, Fact] = {}
    drafts: dict[str, Questionnaire] = {}
    for reader in found:
        if reader.file == FACTS:
            facts = _facts(reader)
            continue
        draft = _questionnaire(reader, facts)
        if draft.id != Path(reader.file).stem:
            reader.wrong(f"id is {draft.id!r}, but the file is named {Path(reader.file).stem}")
        drafts[draft.id] = draft
    whole = {name: _whole(draft, drafts, problems) for name, draft in drafts.items()}
    for questionnaire in whole.values():
        problems.extend(f"questionnaires/{questionnaire.id}.toml: {wrong}" for wrong in _knots(questionnaire))
    if problems:
        raise LibraryError(problems)
    return MappingProxyType(whole)


def dangling(found: Mapping[str, Questionnaire], library: Library) -> tuple[str, ...]:
    """Every reference of a questionnaire to a framework or requirement that the library does not have."""
    wrong = []
    for questionnaire in found.values():
        named = [("basis", served) for served in questionnaire.basis]
        named += [(question.id, served) for question in questionnaire.questions for served in question.answers]
        for where, served in named:
            framework = library.frameworks.get(served.framework)
            if framework is None:
                wrong.append(f"{questionnaire.id}: {where}: framework {served.framework!r} does not exist")
            elif served.requirement not in framework.by_id:
                wrong.append(f"{questionnaire.id}: {where}: {served.framework} has no {served.requirement!r}")
    return tuple(wrong)


def _facts(reader: Reader) -> dict[str, Fact]:
    found: dict[str, Fact] = {}
    reader.text("version")
    for table in reader.tables("fact"):
        fact = Fact(
            id=table.text("id"),
            text=table.text("text"),
            kind=table.one_of("kind", KINDS),
            help=table.text("help", ""),
            choices=table.words("choices"),
            system_field=table.text("system_field", ""),
        )
        _check_words(table, fact)
        if fact.id in found:
            table.wrong("the id occurs twice")
        table.done()
        found[fact.id] = fact
    reader.done()
    return found


def _check_words(reader: Reader, asked: Fact | Question) -> None:
    """Choices belong to the kinds that choose, and the register can only answer what it keeps in the same words."""
    if (asked.kind in ("choice", "several")) != bool(asked.choices):
        reader.wrong("choices belong to the kinds choice and several, and only to them")
    if len(set(asked.choices)) < len(asked.choices):
        reader.wrong("choices names the same word twice")
    if not asked.system_field:
        return
    field = FIELD.get(asked.system_field)
    if field is None:
        reader.wrong(
            f"system_field {asked.system_field!r} is not a field of the register; known are {', '.join(FIELD)}"
        )
    elif asked.kind not in FITTING[field.kind]:
        reader.wrong(f"system_field {field.name} cannot answer a question of kind {asked.kind}")
    elif asked.choices and set(asked.choices) != set(field.choices) - {""}:
        reader.wrong(f"choices differ from the words of the field {field.name}")


def _questionnaire(reader: Reader, facts: Mapping[str, Fact]) -> Questionnaire:
    """One file as it stands, without what it includes."""
    found = Questionnaire(
        id=reader.text("id"),
        version=reader.text("version"),
        title=reader.text("title"),
        purpose=reader.text("purpose"),
        kind=reader.one_of("kind", ("supplier", "assessment")),
        basis=_served(reader, "basis"),
        includes=reader.text("includes", ""),
        source=reader.text("source"),
        read_on=_read_on(reader),
        confidence=reader.one_of("confidence", ("high", "medium", "low")),
        sections=tuple(_section(table) for table in reader.tables("section")),
        questions=tuple(_question(table, facts) for table in reader.tables("question")),
        months=reader.take("months", (int,), 0),
        material=reader.words("material"),
    )
    _check_life(reader, found)
    if not found.basis:
        reader.wrong("basis is empty")
    if not found.questions:
        reader.wrong("it has no questions")
    reader.done()
    return found


def _check_life(reader: Reader, found: Questionnaire) -> None:
    """An assessment says how long it holds and what ends it; nothing else does."""
    if (found.kind == "assessment") != bool(found.months and found.material):
        reader.wrong("months and material belong to assessments, and to each of them")
    if not 0 <= found.months <= LONGEST_MONTHS:
        reader.wrong(f"months is not between 1 and {LONGEST_MONTHS}")
    if strange := [one for one in found.material if one not in MATERIAL]:
        reader.wrong(f"material names {strange[0]!r}; known are {', '.join(MATERIAL)}")


def _read_on(reader: Reader) -> date:
    day = reader.day("read_on")
    if day is None and "read_on" not in reader.table:
        reader.wrong("read_on is missing")
    return day or date.min


def _served(reader: Reader, key: str) -> tuple[Served, ...]:
    found = []
    for table in reader.tables(key):
        found.append(
            Served(
                framework=table.text("framework"), requirement=table.text("requirement"), point=table.text("point", "")
            )
        )
        table.done()
    if len(set(found)) < len(found):
        reader.wrong(f"{key} names the same requirement twice")
    return tuple(found)


def _section(reader: Reader) -> Section:
    found = Section(
        id=reader.text("id"),
        title=reader.text("title"),
        intro=reader.text("intro"),
        after=reader.text("after", ""),
        asked_if=_asked_if(reader),
    )
    reader.done()
    return found


def _question(reader: Reader, facts: Mapping[str, Fact]) -> Question:
    fact = _fact_of(reader, facts)
    question = Question(
        id=reader.text("id"),
        section=reader.text("section"),
        text=fact.text if fact else reader.text("text"),
        kind=fact.kind if fact else reader.one_of("kind", KINDS),
        help=reader.text("help", fact.help if fact else ""),
        choices=fact.choices if fact else reader.words("choices"),
        required=reader.take("required", (bool,), True),
        asked_if=_asked_if(reader),
        answers=_served(reader, "answers"),
        evidence=reader.text("evidence", ""),
        fact=fact.id if fact else "",
        system_field=fact.system_field if fact else reader.text("system_field", ""),
    )
    question = replace(question, worries=tuple(_worry(table, question) for table in reader.tables("concern")))
    if fact is None:
        _check_words(reader, question)
    if not question.answers:
        reader.wrong("answers is empty, so nobody knows why it is asked")
    reader.done()
    return question


def _fact_of(reader: Reader, facts: Mapping[str, Fact]) -> Fact | None:
    """The shared fact a question asks for; its wording and kind are written only there."""
    name = reader.text("fact", "")
    if not name:
        return None
    for key in ("text", "kind", "choices", "system_field"):
        if key in reader.table:
            reader.seen.add(key)
            reader.wrong(f"{key} is said by the fact {name!r}")
    if name not in facts:
        reader.wrong(f"fact {name!r} does not exist")
    return facts.get(name) or Fact(id=name, text=name, kind="text")


def _asked_if(reader: Reader) -> AskedIf | None:
    if "asked_if" not in reader.table:
        return None
    table = reader.take("asked_if", (dict,))
    one = Reader(file=reader.file, where=f"{reader.where} asked_if", table=table, problems=reader.problems)
    found = AskedIf(question=one.text("question"), any_of=one.words("any_of"))
    if not found.any_of:
        one.wrong("any_of is empty, so the question would never be asked")
    one.done()
    return found


def _worry(reader: Reader, question: Question) -> Worry:
    found = Worry(
        severity=reader.one_of("severity", SEVERITIES),
        because=reader.text("because"),
        any_of=reader.words("any_of", question.words),
        lacks=reader.words("lacks", question.words),
        above=reader.take("above", (int, float), None),
        below=reader.take("below", (int, float), None),
    )
    if len({"any_of", "lacks", "above", "below"} & set(reader.table)) != 1:
        reader.wrong("it has exactly one of any_of, lacks, above, below")
    if question.kind != "number" and {"above", "below"} & set(reader.table):
        reader.wrong("above and below belong to the kind number")
    if question.kind != "several" and "lacks" in reader.table:
        reader.wrong("lacks belongs to the kind several")
    reader.done()
    return found


def _whole(draft: Questionnaire, drafts: Mapping[str, Questionnaire], problems: list[str]) -> Questionnaire:
    """A questionnaire with what it includes, however deep: their sections come first, and each section's questions."""
    chain = [draft]
    while name := chain[-1].includes:
        if name not in drafts:
            problems.append(f"questionnaires/{chain[-1].id}.toml: file: includes {name!r}, which does not exist")
            break
        if drafts[name] in chain:
            problems.append(f"questionnaires/{draft.id}.toml: file: includes itself by way of {name!r}")
            break
        if drafts[name].kind != draft.kind:
            problems.append(f"questionnaires/{draft.id}.toml: file: includes {name!r}, which is of another kind")
        chain.append(drafts[name])
    sections = _ordered([section for one in reversed(chain) for section in one.sections])
    place = {section.id: number for number, section in enumerate(sections)}
    questions = [question for one in reversed(chain) for question in one.questions]
    questions.sort(key=lambda question: place.get(question.section, len(place)))
    return replace(draft, sections=tuple(sections), questions=tuple(questions))


def _ordered(sections: list[Section]) -> list[Section]:
    """The sections with each one that names another right behind it; the rest stay where they are."""
    found: list[Section] = []
    for section in sections:
        before = next((place for place, one in enumerate(found, start=1) if one.id == section.after), len(found))
        found.insert(before, section)
    return found


def _knots(questionnaire: Questionnaire) -> list[str]:
    """What does not fit together in a whole questionnaire: ids, sections, conditions, facts."""
    wrong: list[str] = []
    sections = [section.id for section in questionnaire.sections]
    wrong += [f"section {one}: the id occurs twice" for one in sorted(_twice(sections))]
    wrong += [
        f"section {one.id}: after names {one.after!r}, which does not stand before it"
        for one in questionnaire.sections
        if one.after and one.after not in sections[: sections.index(one.id)]
    ]
    used = {question.section for question in questionnaire.questions}
    wrong += [f"section {one}: it has no questions" for one in sections if one not in used]
    facts = [question.fact for question in questionnaire.questions if question.fact]
    wrong += [f"fact {one}: it is asked twice" for one in sorted(_twice(facts))]
    earlier: dict[str, Question] = {}
    conditions = {one.id: one.asked_if for one in questionnaire.sections if one.asked_if}
    for question in questionnaire.questions:
        if condition := conditions.pop(question.section, None):
            wrong += [f"section {question.section}: {one}" for one in _wrong_condition(condition, earlier)]
        if question.id in earlier:
            wrong.append(f"question {question.id}: the id occurs twice")
        if question.section not in sections:
            wrong.append(f"question {question.id}: section {question.section!r} does not exist")
        if question.asked_if is not None:
            wrong += [f"question {question.id}: {one}" for one in _wrong_condition(question.asked_if, earlier)]
        earlier[question.id] = question
    return wrong


def _wrong_condition(condition: AskedIf, earlier: Mapping[str, Question]) -> list[str]:
    asked = earlier.get(condition.question)
    if asked is None:
        return [f"asked_if names {condition.question!r}, which is not asked before it"]
    return [
        f"asked_if waits for {word!r}, which is no answer to {asked.id!r}"
        for word in condition.any_of
        if word not in asked.words
    ]


def _twice(names: list[str]) -> set[str]:
    return {name for name in names if names.count(name) > 1}
