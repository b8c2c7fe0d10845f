"""Tasks: one's own and everybody's, as a list, as CSV and as a calendar; one of them handed over, moved, taken back."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_safe

from annexa.actions.scopes import place_of
from annexa.actions.tasks import Wanted, hand_task, make_tasks, move_task, withdraw_task
from annexa.answers.errors import UnknownError
from annexa.answers.owners import candidates
from annexa.answers.tasks import TaskPage, Todo, Todos, list_todos, my_calendar, task_page
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import Place, Refusal
from annexa.pure.tables import with_guard
from annexa.records.people import Person
from annexa.web.forms import Bound, date_field, fresh, see, takes_form_of, text_field, tried, tried_or_told
from annexa.web.frame import actor, permit, permitted, person
from annexa.web.narrowing import address
from annexa.web.owners import chosen_person, owner_field
from annexa.web.refused import refused

SIZE = 25
STATES: Mapping[str, Any] = {
    "": later("To do"),
    "late": later("Late"),
    "open": later("Not due yet"),
    "done": later("Done"),
    "void": later("Fallen away"),
    "withdrawn": later("Taken back"),
}
"""What the tabs are called; "" is what is late and what is not due yet."""
WORDS: Mapping[str, Any] = {
    "late": later("late"),
    "open": later("open"),
    "done": later("done"),
    "void": later("fallen away"),
    "withdrawn": later("taken back"),
}
CSV_HEADER = (
    "Task", "Control", "Name", "Expectation", "Scope", "Owner", "Due", "Effort in days", "State", "Done since",
    "Verdict", "Reason",
)  # fmt: skip


class HandForm(forms.Form):
    """A task for somebody else."""

    because = text_field(later("Why it is handed over"))

    def __init__(self, *args: Any, people: Sequence[Person], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["owner"] = owner_field(people, later("To whom"))
        self.order_fields(["owner", "because"])


class MoveForm(forms.Form):
    """Another day for a task."""

    due_on = date_field(later("Due on"))
    because = text_field(later("Why it is moved"))


class WithdrawForm(forms.Form):
    """A task that is given up."""

    because = text_field(later("Why it is taken back"))


class GiveForm(forms.Form):
    """A new task for one control."""

    due_on = date_field(later("Due on"))
    effort_days = forms.FloatField(label=later("Effort in person-days"), min_value=0, max_value=10_000)
    because = text_field(later("Why it is to be done"))

    def __init__(self, *args: Any, people: Sequence[Person], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["owner"] = owner_field(people, later("Who does it"))
        self.order_fields(["owner", "due_on", "effort_days", "because"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One state of tasks with its address and how many there are."""

    label: str
    url: str
    count: int
    current: bool


# --- the list -----------------------------------------------------------------------------------------------------


@require_safe
def tasks(request: HttpRequest) -> HttpResponse:
    """What there is to do, what needs somebody first on top; narrowed by whose, state, owner and words."""
    now = timezone.now()
    found = _asked(request, now)
    state = request.GET.get("state", "")
    rows = Paginator(found.rows, SIZE).get_page(request.GET.get("page"))
    context = {
        "now": now,
        "found": found,
        "mine": found.whose == "mine",
        "rows": [(one, WORDS[one.state]) for one in rows],
        "page": rows,
        "tabs": _tabs(request, found, state),
        "state": state,
        "text": request.GET.get("q", "").strip(),
        "owner": request.GET.get("owner", "").strip(),
        "mine_url": address(request, whose="mine", owner=""),
        "all_url": address(request, whose="all"),
        "query": request.GET.urlencode(),
        "narrowed": any(request.GET.get(name) for name in ("q", "owner", "state")),
    }
    return render(request, "tasks/index.html", context)


@require_safe
def tasks_csv(request: HttpRequest) -> HttpResponse:
    """The list as the filters leave it, as a table for a spreadsheet."""
    now = timezone.now()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(CSV_HEADER)
    writer.writerows(_cells(one) for one in _asked(request, now).rows)
    return _file(text.getvalue(), "text/csv", f"tasks-{now.date().isoformat()}.csv")


@require_safe
def tasks_ics(request: HttpRequest) -> HttpResponse:
    """One's own tasks, and evidence of one's own that runs out, as a calendar file."""
    here = request.build_absolute_uri("/").rstrip("/")
    text = my_calendar(actor=actor(request), now=timezone.now(), address=here)
    return _file(text, "text/calendar", "annexa-tasks.ics")


def _file(text: str, kind: str, name: str) -> HttpResponse:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type=f"{kind}; charset=utf-8", headers=disposition)


def _asked(request: HttpRequest, now: datetime) -> Todos:
    asked = {name: request.GET.get(name, "").strip()[:200] for name in ("whose", "state", "owner")}
    return list_todos(actor=actor(request), now=now, text=request.GET.get("q", "")[:200], **asked)


def _tabs(request: HttpRequest, found: Todos, state: str) -> list[Tab]:
    counts: dict[str, int] = {str(name): n for name, n in found.counts.items()}
    counts[""] = counts["late"] + counts["open"]
    return [
        Tab(label=str(label), url=address(request, state=name), count=counts[name], current=state == name)
        for name, label in STATES.items()
        if counts[name] or name in {"", "done", state}
    ]


def _cells(one: Todo) -> tuple[str, ...]:
    found = (
        one.id, one.control, one.name, one.expectation, one.scope, one.owner.name if one.owner else "", one.due_on,
        one.effort_days, one.state, one.since.isoformat() if one.since else None, one.verdict, one.because,
    )  # fmt: skip
    return tuple("" if cell is None else with_guard(str(cell)) for cell in found)


# --- one task -----------------------------------------------------------------------------------------------------


@require_safe
def task(request: HttpRequest, task: str) -> HttpResponse:
    """One task: how it stands, what its control still lacks, and everything that was done to it."""
    return _page(request, _found(request, task), bound={}, status=200)


@takes_form_of("task")
def hand(request: HttpRequest, task: str) -> HttpResponse:
    """Hands it to somebody else."""
    form = HandForm(request.POST, people=candidates(actor=actor(request)), auto_id="hand-%s")

    def do(given: Mapping[str, Any]) -> str:
        owner = chosen_person(request, given["owner"])
        hand_task(actor=actor(request), person=person(request), task=task, owner=owner, because=given["because"],
                  now=timezone.now())  # fmt: skip
        return _("Handed to %(name)s") % {"name": owner.name}

    return _done(request, task, "hand", form, do)


@takes_form_of("task")
def move(request: HttpRequest, task: str) -> HttpResponse:
    """Moves it to another day."""
    form = MoveForm(request.POST, auto_id="move-%s")

    def do(given: Mapping[str, Any]) -> str:
        move_task(actor=actor(request), person=person(request), task=task, due_on=given["due_on"],
                  because=given["because"], now=timezone.now())  # fmt: skip
        return _("The task is moved")

    return _done(request, task, "move", form, do)


@takes_form_of("task")
def withdraw(request: HttpRequest, task: str) -> HttpResponse:
    """Takes it back."""
    form = WithdrawForm(request.POST, auto_id="withdraw-%s")

    def do(given: Mapping[str, Any]) -> str:
        withdraw_task(actor=actor(request), person=person(request), task=task, because=given["because"],
                      now=timezone.now())  # fmt: skip
        return _("The task is taken back")

    return _done(request, task, "withdraw", form, do)


def give(request: HttpRequest, control: str) -> HttpResponse:
    """Gives a task for one control in a scope, from its page."""
    scope = request.GET.get("scope", "") or ORGANISATION
    back = reverse("control", args=[control]) + ("" if scope == ORGANISATION else f"?{urlencode({'scope': scope})}")
    if request.method != "POST":
        return see(f"{back}#tasks")
    form = GiveForm(request.POST, people=candidates(actor=actor(request)))

    def do(given: Mapping[str, Any]) -> str:
        owner = chosen_person(request, given["owner"])
        wanted = Wanted(control=control, scope=scope, owner=owner, due_on=given["due_on"],
                        effort_days=given["effort_days"], because=given["because"])  # fmt: skip
        make_tasks(actor=actor(request), person=person(request), wanted=[wanted], now=timezone.now())
        return _("%(name)s has the task") % {"name": owner.name}

    return tried_or_told(request, form, do, wrong=_("No task given"), back=f"{back}#tasks")


def _found(request: HttpRequest, task: str) -> TaskPage:
    try:
        return task_page(actor=actor(request), task=task, now=timezone.now())
    except UnknownError as error:
        raise Http404(str(error)) from error


def _place(request: HttpRequest, found: TaskPage) -> Place:
    return place_of(actor(request), found.todo.scope)


def _page(request: HttpRequest, found: TaskPage, *, bound: Bound, status: int) -> HttpResponse:
    changes = permitted(request, "change_task", found.todo.scope) and found.todo.state != "withdrawn"
    people = candidates(actor=actor(request), place=_place(request, found)) if changes else ()
    context = {
        "now": timezone.now(),
        "found": found,
        "todo": found.todo,
        "word": WORDS[found.todo.state],
        "wrong": next(iter(bound.values()), None),
        "hand_form": (bound.get("hand") or HandForm(people=people, auto_id="hand-%s")) if changes else None,
        "move_form": (bound.get("move") or fresh(MoveForm, "move", due_on=found.todo.due_on)) if changes else None,
        "withdraw_form": (bound.get("withdraw") or fresh(WithdrawForm, "withdraw")) if changes else None,
        "opened": next(iter(bound), ""),
    }
    return render(request, "tasks/task.html", context, status=status)


def _done(
    request: HttpRequest, task: str, key: str, form: forms.Form, do: Callable[[Mapping[str, Any]], str]
) -> HttpResponse:
    """Does it and goes back to the task; or shows the form again with what is wrong."""
    asking = permit(request, "change_task", _found(request, task).todo.scope)
    if isinstance(asking, Refusal):
        return refused(request, status=403, title=_("Not yours to do"), text=asking.because)
    if (answer := tried(request, form, do)) is not None:
        return answer
    if form.errors:
        return _page(request, _found(request, task), bound={key: form}, status=422)
    return see(reverse("task", args=[task]))


urls = [
    path("tasks", tasks, name="tasks"),
    path("tasks.csv", tasks_csv, name="tasks-csv"),
    path("tasks.ics", tasks_ics, name="tasks-ics"),
    path("tasks/<str:task>", task, name="task"),
    path("tasks/<str:task>/hand", hand, name="task-hand"),
    path("tasks/<str:task>/move", move, name="task-move"),
    path("tasks/<str:task>/withdraw", withdraw, name="task-withdraw"),
    path("controls/<str:control>/task", give, name="task-give"),
]
