"""The path to ready: what to see to next, what it wins and by when; planned where it stands; the gap analysis."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.urls import path as route
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annexa.actions.controls import adopt_control
from annexa.answers.errors import UnknownError
from annexa.answers.path import Ahead, Gap, PathPage, gaps, path_page
from annexa.pure.path import CAPACITY, MOST_CAPACITY, BurnPoint
from annexa.pure.permits import Permit, may
from annexa.pure.standards import Framework
from annexa.pure.tables import with_guard
from annexa.web.controls import AdoptionForm
from annexa.web.forms import end_of, see, tried
from annexa.web.frame import actor, person
from annexa.web.refused import refused
from annexa.web.systems import short_title

SIZE = 25
"""Steps on one page."""
ROWS = 8
"""Days, at most, in the table behind the chart."""
GAP_HEADER = (
    "Framework", "Requirement", "Title", "Verdict", "Binds from", "Missing controls", "Next step", "Owner role",
    "Effort in days", "Due", "Why not",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the address asks for; `wrong` says which of it cannot be used, by field."""

    frameworks: tuple[str, ...]
    capacity: float
    by: date | None
    wrong: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One step as the page shows it: its reason with the frameworks' short names, and the reason of a plan."""

    ahead: Ahead
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
    asked = _asked(request, now.date())
    page = _page(request, asked, now)
    titles = {one.id: short_title(one) for one in page.frameworks}
    steps = Paginator(page.steps, SIZE).get_page(request.GET.get("page"))
    context = {
        "now": now,
        "asked": asked,
        "page": page,
        "pages": steps,
        "days": _number(page.days),
        "pace": f"{page.capacity:g}",
        "steps": [_shown(page, one) for one in steps],
        "query": request.GET.urlencode(),
        "drawing": _drawn(page),
        "offered": _offered(page),
        "gains": [(one, _share(one.met, one.total), _share(one.after - one.met, one.total)) for one in page.gains],
        "lost": [(one, titles[one.framework]) for one in page.unreachable],
        "may_plan": isinstance(may(actor(request), "adopt_control"), Permit),
    }
    return render(request, "path/index.html", context)


@require_safe
def gap_analysis(request: HttpRequest) -> HttpResponse:
    """The gap analysis as a table for a spreadsheet: requirement, verdict, missing controls, next step, role, due."""
    now = timezone.now()
    page = _page(request, _asked(request, now.date()), now)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(GAP_HEADER)
    writer.writerows(_cells(gap) for gap in gaps(page))
    return HttpResponse(
        text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="gap-analysis-{now.date().isoformat()}.csv"'},
    )


def plan(request: HttpRequest, control: str) -> HttpResponse:
    """Declares the control of a step planned by its proposed day, and leads back to the path."""
    query = request.GET.urlencode()
    back = reverse("path") + (f"?{query}" if query else "")
    if request.method in {"GET", "HEAD"}:
        return see(back)
    if request.method != "POST":
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    form = AdoptionForm(request.POST)

    def do(given: Mapping[str, Any]) -> str:
        adopt_control(
            actor=actor(request), person=person(request), control=control, state="planned", because=given["because"],
            plan_due=end_of(given["plan_due"]), now=timezone.now(),
        )  # fmt: skip
        return _("%(control)s is planned by %(day)s") % {"control": control, "day": _day(given["plan_due"])}

    answer = tried(request, form, do)
    if answer is None and form.errors:
        said = " ".join(str(error) for errors in form.errors.values() for error in errors)
        answer = refused(request, status=422, title=_("Not planned"), text=said)
    return answer or see(back)


def _asked(request: HttpRequest, today: date) -> Asked:
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


def _page(request: HttpRequest, asked: Asked, now: datetime) -> PathPage:
    try:
        return path_page(
            actor=actor(request), now=now, frameworks=asked.frameworks, capacity=asked.capacity, by=asked.by
        )
    except UnknownError as error:
        raise Http404(str(error)) from error


def _offered(page: PathPage) -> list[tuple[Framework, bool]]:
    """The adopted frameworks and those asked for, each with whether it counts."""
    known = {one.id: one for one in (*page.adopted, *page.frameworks)}
    chosen = {one.id for one in page.frameworks}
    return [(framework, name in chosen) for name, framework in known.items()]


def _shown(page: PathPage, ahead: Ahead) -> Shown:
    step, words = ahead.step, ahead.step.because
    for one in page.frameworks:
        words = words.replace(one.id, short_title(one))
    if step.serves_on is not None:
        words = words.replace(step.serves_on.isoformat(), _day(step.serves_on))
    reason = _("Step %(n)d on the path to ready of %(day)s: %(because)s")
    return Shown(
        ahead=ahead,
        days=_number(step.effort_days),
        so_far=_number(step.cumulative_days),
        because=words,
        reason=reason % {"n": step.number, "day": _day(page.path.start), "because": words},
        gains=tuple((short_title(framework), won) for framework, won in ahead.gains),
    )


def _cells(gap: Gap) -> tuple[str, ...]:
    found = (
        gap.framework, gap.requirement, gap.title, str(gap.verdict), gap.binds_from, ", ".join(gap.missing), gap.step,
        gap.owner_role, gap.effort_days, gap.due_on, gap.because,
    )  # fmt: skip
    return tuple("" if one is None else with_guard(str(one)) for one in found)


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
    said = _("Requirements met: %(met)d of %(total)d today") % {"met": page.met, "total": page.total}
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
    route("path.csv", gap_analysis, name="path-gaps"),
    route("path/<str:control>/plan", plan, name="path-plan"),
]
