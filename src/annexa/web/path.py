"""The path to ready: what to see to next, what it wins and by when; planned where it stands; the gap analysis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import path as route
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_safe

from annexa.actions.tasks import Wanted, make_tasks
from annexa.answers.errors import UnknownError
from annexa.answers.owners import candidates
from annexa.answers.path import Ahead, PathPage, path_page
from annexa.answers.tasks import Assignment, assignments
from annexa.pure.path import CAPACITY, MOST_CAPACITY, BurnPoint
from annexa.pure.standards import Framework
from annexa.records.people import Person
from annexa.web.forms import date_field, see, tried_or_told
from annexa.web.frame import actor, permitted, person
from annexa.web.owners import chosen_person, owner_field
from annexa.web.systems import short_title

SIZE = 25
"""Steps on one page."""
ROWS = 8
"""Days, at most, in the table behind the chart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for; `wrong` says which of it cannot be used, by field."""

    frameworks: tuple[str, ...]
    capacity: float
    by: date | None
    wrong: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One step as the page shows it: its reason with the frameworks' short names, the reason of a task, who has it."""

    ahead: Ahead
    held: Assignment
    days: str
    so_far: str
    because: str
    reason: str
    gains: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """The burn-up in per cent of width and height: the area met now, the planned line, and what binds by then."""

    level: float
    goal: float
    met: str
    planned: str
    binding: str
    ends: date
    points: tuple[BurnPoint, ...]
    finding: str


@require_safe
def path(request: HttpRequest) -> HttpResponse:
    """The steps in their order, the burn-up, what each framework gains, and what no step can meet."""
    now = timezone.now()
    wanted = asked(request, now.date())
    page = asked_page(request, wanted, now)
    titles = {one.id: short_title(one) for one in page.frameworks}
    steps = Paginator(page.steps, SIZE).get_page(request.GET.get("page"))
    held = assignments(actor=actor(request), controls=[one.step.control.id for one in steps], now=now)
    gives = permitted(request, "make_task")
    context = {
        "now": now,
        "asked": wanted,
        "page": page,
        "pages": steps,
        "days": _number(page.days),
        "pace": f"{page.capacity:g}",
        "steps": [_shown(page, one, held[one.step.control.id]) for one in steps],
        "query": request.GET.urlencode(),
        "drawing": _drawn(page),
        "offered": offered(page),
        "gains": [(one, _share(one.met, one.total), _share(one.after - one.met, one.total)) for one in page.gains],
        "lost": [(one, titles[one.framework]) for one in page.unreachable],
        "give_form": GiveForm(people=candidates(actor=actor(request)), auto_id="give-%s") if gives else None,
    }
    return render(request, "path/index.html", context)


def give(request: HttpRequest) -> HttpResponse:
    """Makes steps of the path tasks: one (`only`), or all that were chosen; then leads back to the path.

    Owner and day are those proposed, for the chosen ones unless others were given.
    """
    query = request.GET.urlencode()
    back = reverse("path") + (f"?{query}" if query else "")
    if request.method in {"GET", "HEAD"}:
        return see(back)
    if request.method != "POST":
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    form = GiveForm(request.POST, people=candidates(actor=actor(request)))

    def do(given: Mapping[str, Any]) -> str:
        made = make_tasks(
            actor=actor(request), person=person(request), wanted=_wanted(request, given), now=timezone.now()
        )
        if len(made) == 1:
            words = {"control": made[0].control, "name": made[0].owner.name, "day": _day(made[0].due_on)}
            return _("%(control)s is a task of %(name)s by %(day)s") % words
        return _("%(n)d tasks are given") % {"n": len(made)}

    return tried_or_told(request, form, do, wrong=_("No task given"), back=back)


class GiveForm(forms.Form):
    """What is the same for all chosen steps; empty: for each as proposed."""

    due_on = date_field(later("Due on"), required=False)

    def __init__(self, *args: Any, people: Sequence[Person], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["owner"] = owner_field(people, later("Who does them"), empty=later("As proposed"))
        self.order_fields(["owner", "due_on"])


def _wanted(request: HttpRequest, given: Mapping[str, Any]) -> list[Wanted]:
    """The tasks that were asked for. 404 for a step that there is not (any more)."""
    only = request.POST.get("only", "")
    chosen = [only] if only else list(dict.fromkeys(request.POST.getlist("step")))
    now = timezone.now()
    page = asked_page(request, asked(request, now.date()), now)
    steps = {one.step.control.id: one for one in page.steps}
    if missing := [one for one in chosen if one not in steps]:
        raise Http404(_("No step is about %(control)s any more.") % {"control": ", ".join(missing)})
    held = assignments(actor=actor(request), controls=chosen, now=now)
    able = {one.pk: one for one in candidates(actor=actor(request))}
    named = chosen_person(request, given["owner"]) if given["owner"] and not only else None
    day = None if only else given["due_on"]
    found = []
    for one in chosen:
        step, proposed = steps[one].step, held[one].proposed
        owner = named or (able.get(proposed.person or 0) if proposed else None) or person(request)
        found.append(
            Wanted(
                control=one, owner=owner, due_on=day or max(step.due_on, now.date()), effort_days=step.effort_days,
                because=_shown(page, steps[one], held[one]).reason,
            )
        )  # fmt: skip
    return found


def asked(request: HttpRequest, today: date) -> Asked:
    """Reads the address. What cannot be used is left aside, with the sentence beside its field."""
    wrong, capacity, by = {}, CAPACITY, None
    if typed := request.GET.get("capacity", "").strip():
        try:
            capacity = float(typed)
        except ValueError:
            capacity = 0.0
        if not 0 < capacity <= MOST_CAPACITY:
            capacity = CAPACITY
            wrong["capacity"] = _("%(typed)s is no number of days a week above 0 and up to 1,000.") % {"typed": typed}
    if typed := request.GET.get("by", "").strip():
        try:
            by = date.fromisoformat(typed)
        except ValueError:
            wrong["by"] = _("%(typed)s is not a date; write it as 2027-03-02.") % {"typed": typed}
        if by is not None and by <= today:
            by, wrong["by"] = None, _("%(typed)s is not ahead.") % {"typed": typed}
    chosen = tuple(one for one in request.GET.getlist("framework") if one)
    return Asked(frameworks=chosen, capacity=capacity, by=by, wrong=wrong)


def asked_page(request: HttpRequest, wanted: Asked, now: datetime) -> PathPage:
    """The path that an address asks for. 404 for a framework that there is not."""
    try:
        return path_page(
            actor=actor(request), now=now, frameworks=wanted.frameworks, capacity=wanted.capacity, by=wanted.by
        )
    except UnknownError as error:
        raise Http404(str(error)) from error


def offered(page: PathPage) -> list[tuple[Framework, bool]]:
    """The adopted frameworks and those asked for, each with whether it counts."""
    known = {one.id: one for one in (*page.adopted, *page.frameworks)}
    chosen = {one.id for one in page.frameworks}
    return [(framework, name in chosen) for name, framework in known.items()]


def _shown(page: PathPage, ahead: Ahead, held: Assignment) -> Shown:
    step, words = ahead.step, ahead.step.because
    for one in page.frameworks:
        words = words.replace(one.id, short_title(one))
    if step.serves_on is not None:
        words = words.replace(step.serves_on.isoformat(), _day(step.serves_on))
    reason = _("Step %(n)d on the path to ready of %(day)s: %(because)s")
    return Shown(
        ahead=ahead,
        held=held,
        days=_number(step.effort_days),
        so_far=_number(step.cumulative_days),
        because=words,
        reason=reason % {"n": step.number, "day": _day(page.path.start), "because": words},
        gains=tuple((short_title(framework), won) for framework, won in ahead.gains),
    )


# --- the drawing --------------------------------------------------------------------------------------------------


def _drawn(page: PathPage) -> Drawing | None:
    """The chart of the path; None where there is nothing to climb."""
    points = page.burn_up
    whole = (points[-1].on - points[0].on).days
    if not whole or not page.total:
        return None

    def xy(on: date, n: int) -> str:
        return f"{(on - points[0].on).days / whole * 100:.1f} {_height(n, page.total):.1f}"

    level = _height(page.met, page.total)
    return Drawing(
        level=level,
        goal=_height(page.met_after, page.total),
        met=f"M0 {level}L100 {level}L100 100L0 100z",
        planned=_stairs([xy(one.on, one.met) for one in points]),
        binding=_stairs([xy(one.on, one.binding) for one in points]),
        ends=points[-1].on,
        points=_sampled(points),
        finding=_finding(page),
    )


def _finding(page: PathPage) -> str:
    """What the chart shows, in a sentence."""
    said = _("Requirements met or ready: %(met)d of %(total)d today") % {"met": page.met, "total": page.total}
    if page.ready_on is None:
        return said
    return said + _(", %(after)d on %(day)s along the path") % {"after": page.met_after, "day": _day(page.ready_on)}


def _stairs(points: list[str]) -> str:
    """A line that stays level until the day on which something is done."""
    found = f"M{points[0]}"
    for one in points[1:]:
        x, y = one.split()
        found += f"H{x}V{y}"
    return found


def _height(n: int, top: int) -> float:
    return round(100 - n / top * 100, 1)


def _sampled(points: tuple[BurnPoint, ...]) -> tuple[BurnPoint, ...]:
    """A few of many days, the first and the last among them."""
    if len(points) <= ROWS:
        return points
    return tuple(points[round(i * (len(points) - 1) / (ROWS - 1))] for i in range(ROWS))


def _share(part: int, whole: int) -> float:
    return round(part / whole * 100, 1) if whole else 0.0


def _number(days: float) -> str:
    """Person-days as people say them: exact while they are few, whole when they are many."""
    return f"{days:,.0f}" if days >= 20 else f"{days:.2f}".rstrip("0").rstrip(".")


def _day(on: date) -> str:
    return f"{on.day} {on:%b %Y}"


urls = [
    route("path", path, name="path"),
    route("path/tasks", give, name="path-tasks"),
]
