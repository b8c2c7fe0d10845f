"""Courses as values: which questions a person gets, and how the answers are marked."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from annexa.pure.documents import Basis

QuestionKind = Literal["one", "several"]
QUESTION_KINDS: tuple[QuestionKind, ...] = get_args(QuestionKind)


class AnswerError(ValueError):
    """Answers name questions or choices that were never put. `problems` has a sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """A piece of a course that is read in a few minutes. The text is plain, as in policies."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A possible answer, and why it is right or wrong."""

    id: str
    text: str
    right: bool
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a person answers after a lesson: one choice, or each choice that is right."""

    id: str
    lesson: str
    text: str
    kind: QuestionKind
    choices: tuple[Choice, ...]

    @property
    def right(self) -> frozenset[str]:
        """The ids of the choices that make the right answer."""
        return frozenset(choice.id for choice in self.choices if choice.right)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What people of certain roles learn, how long that holds, and from how many per cent it is passed."""

    id: str
    title: str
    roles: tuple[str, ...]
    minutes: int
    valid_months: int
    basis: tuple[Basis, ...]
    version: str
    pass_percent: int
    lessons: tuple[Lesson, ...]
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A choice as a person sees it after answering."""

    choice: str
    chosen: bool
    right: bool
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """One question after answering: whether it was answered rightly, and why each choice is right or wrong."""

    question: str
    right: bool
    choices: tuple[Explained, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a person did. `percent` is rounded down, so that nobody passes by rounding."""

    course: str
    version: str
    percent: int
    passed: bool
    questions: tuple[Marked, ...]


def mark(course: Course, answers: Mapping[str, Collection[str]], *, asked: Sequence[Question] | None = None) -> Result:
    """Marks the answers (question id → ids of the chosen choices) to the questions asked, by default all.

    A question counts if exactly the right choices were chosen; one without an answer is wrong.
    Raises AnswerError with every answer to a question or with a choice that was not put.
    """
    questions = course.questions if asked is None else tuple(asked)
    problems = _misplaced(questions, answers)
    if not questions:
        problems.append("no question was asked")
    if problems:
        raise AnswerError(problems)
    marked = tuple(_marked(question, frozenset(answers.get(question.id, ()))) for question in questions)
    percent = 100 * sum(one.right for one in marked) // len(marked)
    return Result(
        course=course.id,
        version=course.version,
        percent=percent,
        passed=percent >= course.pass_percent,
        questions=marked,
    )


def questions_for(course: Course, seed_text: str, count: int) -> tuple[Question, ...]:
    """The questions one person gets in one attempt, in the order of the course; all of them if it has no more.

    The same text gives the same questions, so that an attempt can be checked later. No lesson gets a second question
    before every lesson has one. Raises ValueError if `count` is less than 1.
    """
    if count < 1:
        raise ValueError(f"{count} questions were asked for; at least one is")
    shuffled = sorted(course.questions, key=lambda question: _lot(course, seed_text, question))
    turns: dict[str, int] = {}
    order: list[tuple[int, int, str]] = []
    for place, question in enumerate(shuffled):
        turn = turns.get(question.lesson, 0)
        turns[question.lesson] = turn + 1
        order.append((turn, place, question.id))
    drawn = {question for _, _, question in sorted(order)[:count]}
    return tuple(question for question in course.questions if question.id in drawn)


def course_text(course: Course) -> str:
    """Everything that a course says and asks, as one text: equal texts, the same course. Its digest stands in records
    of those who passed it, so that what they answered can be shown later."""
    return json.dumps(asdict(course), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _lot(course: Course, seed_text: str, question: Question) -> str:
    text = "\n".join((course.id, course.version, question.id, seed_text))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _misplaced(questions: tuple[Question, ...], answers: Mapping[str, Collection[str]]) -> list[str]:
    by_id = {question.id: question for question in questions}
    problems = []
    for name, chosen in answers.items():
        question = by_id.get(name)
        if question is None:
            problems.append(f"question {name!r} was not asked")
            continue
        put = {choice.id for choice in question.choices}
        problems.extend(f"question {name!r} has no choice {one!r}" for one in sorted(set(chosen) - put))
        if question.kind == "one" and len(set(chosen)) > 1:
            problems.append(f"question {name!r} takes one choice, not {len(set(chosen))}")
    return problems


def _marked(question: Question, chosen: frozenset[str]) -> Marked:
    return Marked(
        question=question.id,
        right=chosen == question.right,
        choices=tuple(
            Explained(choice=choice.id, chosen=choice.id in chosen, right=choice.right, because=choice.because)
            for choice in question.choices
        ),
    )
