"""Answers are marked with reasons, and the same person gets the same questions again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.training import AnswerError, Choice, Course, Lesson, Question, QuestionKind, mark, questions_for


def question(name: str, lesson: str, kind: QuestionKind = "one", right: str = "a") -> Question:
    """A question with the choices a, b and c."""
    return Question(
        id=name,
        lesson=lesson,
        text=f"What of {name}?",
        kind=kind,
        choices=tuple(Choice(id=one, text=one, right=one in right, because=f"{name} {one}") for one in "abc"),
    )


COURSE = Course(
    id="small",
    title="Small course",
    roles=("everyone",),
    minutes=10,
    valid_months=12,
    basis=(),
    version="2",
    pass_percent=66,
    lessons=tuple(Lesson(id=one, title=one, text=one) for one in ("first", "second", "third")),
    questions=(
        question("q1", "first"),
        question("q2", "first", "several", "ab"),
        question("q3", "second"),
        question("q4", "second"),
        question("q5", "third"),
        question("q6", "third"),
    ),
)
RIGHT = {"q1": ["a"], "q2": ["a", "b"], "q3": ["a"], "q4": ["a"], "q5": ["a"], "q6": ["a"]}


def test_it_works() -> None:
    result = mark(COURSE, RIGHT)
    assert (result.course, result.version, result.percent, result.passed) == ("small", "2", 100, True)
    assert [one.because for one in result.questions[0].choices] == ["q1 a", "q1 b", "q1 c"]
    assert [one.chosen for one in result.questions[1].choices] == [True, True, False]


def test_percent_is_rounded_down_and_nobody_passes_by_rounding() -> None:
    three = (COURSE.questions[0], *COURSE.questions[2:4])
    result = mark(COURSE, {"q1": ["a"], "q3": ["a"], "q4": ["b"]}, asked=three)
    assert (result.percent, result.passed) == (66, True)
    assert mark(COURSE, {"q1": ["a"]}).percent == 16


@pytest.mark.parametrize("chosen", [[], ["a"], ["b"], ["a", "b", "c"], ["a", "c"]])
def test_several_is_right_only_with_every_right_choice_and_no_other(chosen: list[str]) -> None:
    marked = mark(COURSE, RIGHT | {"q2": chosen}).questions[1]
    assert not marked.right
    assert all(one.because for one in marked.choices)


def test_no_answer_is_wrong() -> None:
    assert (mark(COURSE, {}).percent, mark(COURSE, {}).passed) == (0, False)


def test_answers_that_were_never_put_are_refused_together() -> None:
    with pytest.raises(AnswerError) as refused:
        mark(COURSE, {"q9": ["a"], "q1": ["a", "b"], "q2": ["z"]})
    assert refused.value.problems == (
        "question 'q9' was not asked",
        "question 'q1' takes one choice, not 2",
        "question 'q2' has no choice 'z'",
    )
    with pytest.raises(AnswerError, match="no question was asked"):
        mark(COURSE, {}, asked=())


def test_questions_drawn_for_one_text_are_always_the_same() -> None:
    assert [one.id for one in questions_for(COURSE, "dario 2026-11-21", 3)] == [
        one.id for one in questions_for(COURSE, "dario 2026-11-21", 3)
    ]
    assert len({tuple(one.id for one in questions_for(COURSE, str(n), 3)) for n in range(30)}) > 3


def test_fewer_than_one_question_is_refused_and_more_than_all_are_all() -> None:
    with pytest.raises(ValueError, match="at least one"):
        questions_for(COURSE, "x", 0)
    assert questions_for(COURSE, "x", 99) == COURSE.questions


@given(st.text(), st.integers(1, 8))
def test_every_lesson_has_a_question_before_one_has_two(seed: str, count: int) -> None:
    drawn = questions_for(COURSE, seed, count)
    assert len(drawn) == min(count, 6)
    per_lesson = [sum(one.lesson == lesson.id for one in drawn) for lesson in COURSE.lessons]
    assert max(per_lesson) - min(per_lesson) <= 1
    assert [one.id for one in drawn] == sorted(one.id for one in drawn)


@given(st.dictionaries(st.sampled_from([*RIGHT]), st.lists(st.sampled_from("abc"), max_size=1)))
def test_a_right_answer_more_never_lowers_the_result(answers: dict[str, list[str]]) -> None:
    before = mark(COURSE, answers).percent
    assert all(mark(COURSE, answers | {name: right}).percent >= before for name, right in RIGHT.items())
