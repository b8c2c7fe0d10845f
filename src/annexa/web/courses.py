"""Courses: lessons to read, and their questions, marked at once with the reasons. Nothing is kept."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from annexa.answers.material import library_in_force, one_course, refer
from annexa.pure.documents import blocks
from annexa.pure.training import AnswerError, Course, Result, mark
from annexa.web.frame import actor
from annexa.web.library import known


@require_http_methods(["GET", "HEAD", "POST"])
@known
def course(request: HttpRequest, course: str) -> HttpResponse:
    """A course to read; its questions are a form, and answers come back with why each is right or wrong."""
    now = timezone.now()
    found = one_course(actor=actor(request), now=now, course=course)
    held = library_in_force(actor=actor(request), now=now)
    answers = {one.id: request.POST.getlist(one.id) for one in found.questions if one.id in request.POST}
    result: Result | None = None
    problems: tuple[str, ...] = ()
    if request.method == "POST":
        try:
            result = mark(found, answers)
        except AnswerError as error:
            problems = error.problems
    context = {
        "course": found,
        "basis": refer(held, ((one.framework, one.requirement) for one in found.basis)),
        "lessons": [(lesson, blocks(lesson.text)) for lesson in found.lessons],
        "questions": questions_of(found, answers, result),
        "result": result,
        "right": sum(one.right for one in result.questions) if result else 0,
        "problems": problems,
    }
    return render(request, "library/course.html", context, status=422 if problems else 200)


def questions_of(course: Course, answers: dict[str, list[str]], result: Result | None) -> list[dict[str, Any]]:
    """The questions with what was chosen and, once marked, what is right."""
    marked = {one.question: one for one in result.questions} if result else {}
    return [
        {
            "question": question,
            "marked": marked.get(question.id),
            "choices": [(choice, choice.id in answers.get(question.id, ())) for choice in question.choices],
        }
        for question in course.questions
    ]


urls = [
    path("library/courses/<str:course>", course, name="library-course"),
]
