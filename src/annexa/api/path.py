"""The path to ready: the order of work, what each step wins, and the gap list behind it."""

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from annexa.answers.path import gaps, path_page
from annexa.answers.runs import run_of
from annexa.api.askers import who
from annexa.api.operations import get
from annexa.api.shapes import Cursor, Day, Instant, Limit, Shown, ShownDay, Verdict, after_of, cursor_of, now, shown
from annexa.pure.path import CAPACITY, MOST_CAPACITY
from annexa.pure.proofs import rfc3339

router = Router(tags=["path"])
STEP: dict[str, Any] = {
    "step": 1, "control": "GOV-02", "name": "Policies", "verdict": "absent", "systems": 0, "days": 3.0,
    "cumulative_days": 3.0, "wins": [{"framework": "iso42001-2023", "requirement": "A.2.2"}], "helps": [],
    "owner_role": "Compliance lead", "due": "2026-11-24", "late": False, "because": "It meets one requirement at once.",
}  # fmt: skip
GAP: dict[str, Any] = {
    "framework": "iso42001-2023", "requirement": "A.2.2", "title": "AI policy", "verdict": "unmet", "binds_from": None,
    "missing": ["GOV-02"], "step": 1, "owner_role": "Compliance lead", "days": 3.0, "due": "2026-11-24", "because": "",
}  # fmt: skip


class Won(Shown):
    """A requirement that a step meets or helps."""

    framework: str
    requirement: str


class Step(Shown):
    """One step: which control, how much work, what it wins, by when, and why now."""

    model_config = shown(**STEP)

    step: int
    control: str
    name: str
    verdict: Verdict
    systems: int
    days: float
    cumulative_days: float
    wins: list[Won]
    helps: list[Won]
    owner_role: str
    due: ShownDay
    late: bool
    because: str


class Lost(Shown):
    """A requirement that no step can meet, and why."""

    framework: str
    requirement: str
    because: str


class Path(Shown):
    """The order of work, with what is met now and after it, and what cannot be met.

    `met`, `met_after` and `total` count what binds later too, as if it did already; `met_now` of `binding_now` is what
    the verdicts say.
    """

    model_config = shown(
        at="2026-11-20T09:40:00Z", ledger_size=431, frameworks=["iso42001-2023"], capacity=5.0, met=12, met_now=11,
        binding_now=55, met_after=13,
        total=60, days=3.0, ready_on="2026-11-24", steps=[STEP], unreachable=[],
    )  # fmt: skip

    at: Instant
    ledger_size: int
    frameworks: list[str]
    capacity: float
    met: int
    met_now: int
    binding_now: int
    met_after: int
    total: int
    days: float
    ready_on: ShownDay | None
    steps: list[Step]
    unreachable: list[Lost]


class Gap(Shown):
    """Where a requirement stands, which controls it waits for, and which step comes next."""

    model_config = shown(**GAP)

    framework: str
    requirement: str
    title: str
    verdict: Verdict
    binds_from: ShownDay | None
    missing: list[str]
    step: int | None
    owner_role: str
    days: float | None
    due: ShownDay | None
    because: str


class Gaps(Shown):
    """A part of the gap list, framework by framework."""

    model_config = shown(items=[GAP], next=None)

    items: list[Gap]
    next: str | None


Chosen = Annotated[list[str], Query(default_factory=list, description="Only these frameworks; none: the adopted ones.")]
Capacity = Annotated[float, Query(default=CAPACITY, gt=0, le=MOST_CAPACITY, description="Person-days a week.")]
By = Annotated[Day | None, Query(default=None, description="Only what binds and can be done by this day.")]
Steps = Annotated[int, Query(default=50, ge=1, le=1000, description="How many steps at most.")]


@get(router, "/path", Path, errors=(404,))
def show_path(request: HttpRequest, framework: Chosen, capacity: Capacity, by: By, limit: Steps) -> dict[str, Any]:
    """Show the order of work that meets the most binding requirements soonest."""
    page = path_page(actor=who(request).actor, now=now(), frameworks=tuple(framework), capacity=capacity, by=by)
    return {
        "at": rfc3339(page.at),
        "ledger_size": page.ledger_size,
        "frameworks": [one.id for one in page.frameworks],
        "capacity": page.capacity,
        "met": page.met,
        "met_now": page.met_now,
        "binding_now": page.binding_now,
        "met_after": page.met_after,
        "total": page.total,
        "days": page.days,
        "ready_on": _day(page.ready_on),
        "steps": [_step(one.step) for one in page.steps[:limit]],
        "unreachable": [
            {"framework": one.framework, "requirement": one.requirement, "because": one.because}
            for one in page.unreachable
        ],
    }


@get(router, "/gaps", Gaps, errors=(404,))
def list_gaps(
    request: HttpRequest, framework: Chosen, capacity: Capacity, by: By, limit: Limit, cursor: Cursor
) -> dict[str, Any]:
    """List the gaps behind the path, framework by framework."""
    page = path_page(actor=who(request).actor, now=now(), frameworks=tuple(framework), capacity=capacity, by=by)
    run = run_of(gaps(page), lambda one: f"{one.framework} {one.requirement}", after=after_of(cursor), limit=limit)
    return {
        "items": [
            {
                "framework": one.framework,
                "requirement": one.requirement,
                "title": one.title,
                "verdict": str(one.verdict),
                "binds_from": _day(one.binds_from),
                "missing": list(one.missing),
                "step": one.step,
                "owner_role": one.owner_role,
                "days": one.effort_days,
                "due": _day(one.due_on),
                "because": one.because,
            }
            for one in run.rows
        ],
        "next": cursor_of(run.last),
    }


def _step(step: Any) -> dict[str, Any]:
    return {
        "step": step.number,
        "control": step.control.id,
        "name": step.control.name,
        "verdict": str(step.verdict_before),
        "systems": step.systems_short,
        "days": step.effort_days,
        "cumulative_days": step.cumulative_days,
        "wins": [{"framework": one.framework, "requirement": one.requirement} for one in step.wins],
        "helps": [{"framework": one.framework, "requirement": one.requirement} for one in step.helps],
        "owner_role": step.owner_role,
        "due": step.due_on.isoformat(),
        "late": step.late,
        "because": step.because,
    }


def _day(on: date | None) -> str | None:
    return on.isoformat() if on else None
