"""Reads the courses that people take by role; refuses all if anything in them is wrong.

All errors of all files are reported together. Format: docs/policies.md.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from annexa.library.policies import basis_of
from annexa.library.reader import LibraryError, Reader, readers, shipped
from annexa.pure.standards import Library
from annexa.pure.training import QUESTION_KINDS, Choice, Course, Lesson, Question


@cache
def courses() -> Mapping[str, Course]:
    """The courses shipped with this version of Annexa, by id. Read once per process. Raises LibraryError."""
    return load_courses(shipped(("courses",)))


def load_courses(files: Mapping[str, bytes]) -> Mapping[str, Course]:
    """Courses from their files, by id. Raises LibraryError with every problem of every file."""
    problems: list[str] = []
    found: dict[str, Course] = {}
    for reader in readers(files, problems):
        course = _course(reader)
        if course.id != Path(reader.file).stem:
            reader.wrong(f"id is {course.id!r}, but the file is named {Path(reader.file).stem}")
        found[course.id] = course
    if problems:
        raise LibraryError(problems)
    return MappingProxyType(found)


def dangling(found: Mapping[str, Course], library: Library) -> list[str]:
    """A sentence for each requirement that a course claims to serve and that the library does not have."""
    return sorted(
        f"courses/{course.id}.toml: file: {basis.framework} has no requirement {basis.requirement}"
        for course in found.values()
        for basis in course.basis
        if basis.framework not in library.frameworks
        or basis.requirement not in library.frameworks[basis.framework].by_id
    )


def _course(reader: Reader) -> Course:
    course = Course(
        id=reader.text("id"),
        title=reader.text("title"),
        roles=reader.words("roles"),
        minutes=_number(reader, "minutes", 240),
        valid_months=_number(reader, "valid_months", 36),
        basis=basis_of(reader),
        version=reader.text("version"),
        pass_percent=_number(reader, "pass_percent", 100),
        lessons=tuple(_lesson(table) for table in reader.tables("lesson")),
        questions=tuple(_question(table) for table in reader.tables("question")),
    )
    if not course.roles:
        reader.wrong("roles is empty, so nobody would take it")
    lessons = [lesson.id for lesson in course.lessons]
    _once(reader, "lesson", lessons)
    _once(reader, "question", [question.id for question in course.questions])
    for question in course.questions:
        if question.lesson not in lessons:
            reader.wrong(f"question {question.id} belongs to lesson {question.lesson!r}, which does not exist")
    for lesson in sorted(set(lessons) - {question.lesson for question in course.questions}):
        reader.wrong(f"lesson {lesson} has no question")
    if not lessons:
        reader.wrong("it has no lessons")
    reader.done()
    return course


def _number(reader: Reader, key: str, most: int) -> int:
    number = int(reader.take(key, (int,)))
    if not 1 <= number <= most:
        reader.wrong(f"{key} is {number}; it is from 1 to {most}")
    return number


def _once(reader: Reader, kind: str, ids: list[str]) -> None:
    for twice in sorted({one for one in ids if ids.count(one) > 1}):
        reader.wrong(f"{kind} {twice!r} occurs twice")


def _lesson(reader: Reader) -> Lesson:
    lesson = Lesson(id=reader.text("id"), title=reader.text("title"), text=reader.text("text"))
    reader.done()
    return lesson


def _question(reader: Reader) -> Question:
    question = Question(
        id=reader.text("id"),
        lesson=reader.text("lesson"),
        text=reader.text("text"),
        kind=reader.one_of("kind", QUESTION_KINDS),
        choices=tuple(_choice(table) for table in reader.tables("choices")),
    )
    _once(reader, "choice", [choice.id for choice in question.choices])
    right = len(question.right)
    if question.kind == "one" and right != 1:
        reader.wrong(f"{right} of its choices are right; kind one has exactly one")
    if question.kind == "several" and not 2 <= right < len(question.choices):
        reader.wrong(f"{right} of its choices are right; kind several has at least two, and one that is wrong")
    if len(question.choices) < 3:
        reader.wrong("it has fewer than three choices, so guessing is too easy")
    reader.done()
    return question


def _choice(reader: Reader) -> Choice:
    choice = Choice(
        id=reader.text("id"),
        text=reader.text("text"),
        right=bool(reader.take("right", (bool,))),
        because=reader.text("because"),
    )
    reader.done()
    return choice
