"""Answers to questionnaires, for tests that need some."""

from typing import Any

from annexa.pure.questionnaires import Question, Questionnaire, open_questions


def an_answer(question: Question) -> Any:
    """Some answer that can stand, the first word where words are given."""
    if question.kind in ("several", "list"):
        return (question.words[0] if question.words else "Something",)
    return question.words[0] if question.words else {"number": 3}.get(question.kind, "Something")


def everything(asked: Questionnaire) -> dict[str, Any]:
    """An answer to every question that is asked."""
    given: dict[str, Any] = {}
    while missing := [one for one in open_questions(asked, given) if one.id not in given]:
        given |= {one.id: an_answer(one) for one in missing}
    return given
