"""Answers to the forms of impact assessments that are as good as any, for tests."""

from typing import Any

from annexa.library.questionnaires import questionnaires
from annexa.pure.assessments import (
    missing,
)
from annexa.pure.questionnaires import (
    Question,
    read,
)

WORDS: dict[str, Any] = {"yes_no": "yes", "number": 12, "date": "2026-10-01", "person": "kim@example.org"}


def answer(question: Question) -> Any:
    """Something that a question takes, in its plain form."""
    if question.kind in ("choice", "several"):
        return question.choices[0] if question.kind == "choice" else [question.choices[0]]
    if question.kind == "list":
        return [f"First {question.id}", f"Second {question.id}"]
    return WORDS.get(question.kind, f"What is to be said about {question.id}")


def answers_to(form: str) -> dict[str, Any]:
    """An answer to every question of a form that has to be answered."""
    found: dict[str, Any] = {}
    while lacking := missing(questionnaires()[form], read(questionnaires()[form], found)):
        found |= {one.id: answer(one) for one in lacking}
    return found
