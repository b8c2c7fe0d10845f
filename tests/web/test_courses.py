"""A course is read, and its questions are marked at once with the reasons; nothing is stored."""

import pytest

from annexa.library.courses import courses
from annexa.records.ledger import LedgerEntry


@pytest.fixture
def course(client, admin):
    """Asks for a course, or sends answers to it."""
    client.force_login(admin)

    def ask(name: str = "management-body", answers: dict | None = None):
        path = f"/library/courses/{name}"
        return client.get(path) if answers is None else client.post(path, answers)

    return ask


def right(name: str) -> dict[str, list[str]]:
    """The right answers."""
    return {question.id: sorted(question.right) for question in courses()[name].questions}


@pytest.mark.parametrize("name", sorted(courses()))
def test_lessons_are_read_without_the_answers(course, name) -> None:
    shown = course(name).content.decode()
    for lesson in courses()[name].lessons:
        assert f'id="{lesson.id}"' in shown
    assert "Right:" not in shown


@pytest.mark.parametrize("name", sorted(courses()))
def test_right_answers_pass(course, name) -> None:
    shown = course(name, right(name)).content.decode()
    assert "This would pass" in shown
    assert "100 %" in shown


def test_wrong_answers_come_back_with_reasons(course) -> None:
    question = courses()["management-body"].questions[0]
    chosen = next(choice for choice in question.choices if not choice.right)
    shown = course(answers={question.id: chosen.id}).content.decode()
    assert chosen.because in shown
    assert f'value="{chosen.id}" checked' in shown
    assert "It takes 75 %" in shown


def test_choices_that_were_never_put_are_refused(course) -> None:
    question = courses()["management-body"].questions[0]
    found = course(answers={question.id: "zz"})
    assert found.status_code == 422
    assert "do not belong" in found.content.decode()


def test_nothing_is_stored(course, organisation) -> None:
    before = LedgerEntry.objects.count()
    course(answers=right("management-body"))
    assert LedgerEntry.objects.count() == before
