"""Training: what one has to take, taking a course, and for who reads the organisation or leads a unit who has what."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_http_methods, require_safe

from annexa.actions.errors import InvalidError
from annexa.actions.request_counts import COUNTED
from annexa.actions.training import Taken, take_course
from annexa.answers.errors import UnknownError
from annexa.answers.training import Dashboard, course_at_hand, dashboard, own_training, units_led
from annexa.pure.assignments import Assignment, Share
from annexa.pure.documents import blocks
from annexa.pure.permits import Refusal, may
from annexa.pure.registers.completions import COMPLETIONS
from annexa.pure.registers.training_rules import TRAINING_RULES
from annexa.pure.tables import with_guard
from annexa.pure.training import Course
from annexa.records.people import ROLES
from annexa.web.courses import questions_of
from annexa.web.forms import see
from annexa.web.frame import actor, permitted, person

TRIES_A_MINUTE = 6
"""How often somebody may hand in answers; nobody reads a course ten times a minute."""
MOST_SHOWN = 50
"""Rows of a table on the page; the others are in the export."""
MOST_SHARES = 12
CSV_HEADER = (
    "Person", "E-mail", "Role", "Units", "Training", "Course", "Standing", "Due on", "Completed on", "Score",
    "Holds until", "Rules",
)  # fmt: skip
GROUPS: Mapping[str, Any] = {
    "by_training": later("By training"), "by_role": later("By role"), "by_unit": later("By unit"),
}  # fmt: skip


@require_safe
def training(request: HttpRequest) -> HttpResponse:
    """What one has to take, by when, and what one has."""
    if isinstance(may(actor(request), "take_course"), Refusal):
        raise Http404("There is nothing here for you.")
    now = timezone.now()
    context = {
        "own": own_training(person=person(request), now=now),
        "reads": units_led(actor(request)) != frozenset(),
        "now": now,
    }
    return render(request, "training/index.html", context)


@require_safe
def everybody(request: HttpRequest) -> HttpResponse:
    """How training stands: shares, what is late, AI literacy with its gaps."""
    found = _board(request)
    roles: Mapping[str, str] = dict(ROLES)
    context = {
        "board": found,
        "groups": [
            (title, [(one, _bar(one)) for one in _named(getattr(found, name), roles if name == "by_role" else {})])
            for name, title in GROUPS.items()
        ],
        "late": found.late[:MOST_SHOWN],
        "more_late": max(len(found.late) - MOST_SHOWN, 0),
        "literacy": found.literacy[:MOST_SHOWN],
        "more_literacy": max(len(found.literacy) - MOST_SHOWN, 0),
        "may_import": permitted(request, "import_register"),
        "rules_register": TRAINING_RULES,
        "completions": COMPLETIONS,
        "now": timezone.now(),
    }
    return render(request, "training/everybody.html", context)


def _named(found: tuple[Share, ...], words: Mapping[str, str]) -> list[Share]:
    """The lowest shares, under the words that people read."""
    return [
        Share(word=words.get(one.word, one.word), current=one.current, late=one.late, people=one.people)
        for one in found[:MOST_SHARES]
    ]


def _bar(one: Share) -> list[tuple[str, str, str]]:
    """The parts of a bar: what is in date, what still has time, what is late; each with its start and its width."""
    parts = (("pass", one.current), ("soon", one.people - one.current - one.late), ("fail", one.late))
    found, start = [], 0.0
    for look, number in parts:
        width = 100 * number / one.people
        if number:
            found.append((look, f"{start:.3f}", f"{width:.3f}"))
        start += width
    return found


@require_safe
def everybody_csv(request: HttpRequest) -> HttpResponse:
    """Every assignment of everybody, as a table for a spreadsheet."""
    found = _board(request)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(CSV_HEADER)
    writer.writerows(_cells(found.assigned))
    name = f"training-{timezone.now().date().isoformat()}.csv"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8", headers=disposition)


def _cells(found: Iterable[Assignment]) -> Iterable[tuple[str, ...]]:
    for one in found:
        done = one.strictest.completed
        role = next((part.what for part in one.learner.parts if part.kind == "role"), "")
        cells = (
            one.learner.name, one.learner.email, role, "; ".join(one.learner.units), one.title, one.course,
            one.standing, one.due_on, done.on if done else None, done.score if done else None, one.until,
            "; ".join(duty.rule.name for duty in one.duties),
        )  # fmt: skip
        yield tuple("" if cell is None else with_guard(str(cell)) for cell in cells)


def _board(request: HttpRequest) -> Dashboard:
    try:
        return dashboard(actor=actor(request), now=timezone.now())
    except UnknownError as error:
        raise Http404(str(error)) from error


@require_http_methods(["GET", "HEAD", "POST"])
def course(request: HttpRequest, course: str) -> HttpResponse:
    """A course to read and to take: answers are marked at once, and whoever passes has it recorded."""
    try:
        found = course_at_hand(actor=actor(request), course=course)
    except UnknownError as error:
        raise Http404(str(error)) from error
    now = timezone.now()
    assigned = own_training(person=person(request), now=now).assigned
    mine = next((one for one in assigned if one.course == found.id), None)
    keep = request.method != "POST" or "keep" in request.POST
    if request.method != "POST":
        return _course(request, found, mine, keep=keep)
    if not COUNTED.let_through(f"{actor(request).id}/courses", int(now.timestamp()) // 60, now, TRIES_A_MINUTE):
        return _course(request, found, mine, keep=keep, status=429, too_many=True)
    answers = {one.id: request.POST.getlist(one.id) for one in found.questions if one.id in request.POST}
    by: dict[str, Any] = {"actor": actor(request), "person": person(request)}
    try:
        taken = take_course(course=found.id, answers=answers, keep=keep or mine is not None, now=now, **by)
    except InvalidError as error:
        problems = [said for some in error.problems.values() for said in some]
        return _course(request, found, mine, keep=keep, status=422, problems=problems)
    if taken.completion is not None:
        said = _("Passed with %(percent)s %%; it is recorded") % {"percent": taken.result.percent}
        messages.success(request, said)
        return see(reverse("training"))
    return _course(request, found, mine, keep=keep, taken=taken)


def _course(
    request: HttpRequest,
    found: Course,
    mine: Assignment | None,
    *,
    keep: bool,
    status: int = 200,
    taken: Taken | None = None,
    **more: Any,
) -> HttpResponse:
    answers = {one.id: request.POST.getlist(one.id) for one in found.questions if one.id in request.POST}
    result = taken.result if taken else None
    context = {
        "course": found,
        "mine": mine,
        "keep": keep,
        "lessons": [(lesson, blocks(lesson.text)) for lesson in found.lessons],
        "questions": questions_of(found, answers, result),
        "result": result,
        "right": sum(one.right for one in result.questions) if result else 0,
        "now": timezone.now(),
        **more,
    }
    return render(request, "training/course.html", context, status=status)


urls = [
    path("training", training, name="training"),
    path("training/everybody", everybody, name="training-everybody"),
    path("training/everybody.csv", everybody_csv, name="training-csv"),
    path("courses/<str:course>", course, name="course"),
]
