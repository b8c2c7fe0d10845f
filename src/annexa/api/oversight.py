"""Human oversight for programs: a system posts a case and fetches what came of it; people decide, delegate and plan."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from annexa.actions.oversight import (
    Posted,
    decide_case,
    delegate_cases,
    end_delegation,
    give_back_case,
    plan_oversight,
    post_case,
    take_case,
)
from annexa.actions.oversight_deadlines import settle_cases
from annexa.answers.oversight import (
    CasePage,
    Queued,
    delegations,
    one_case,
    plan_page,
    queue,
    result_of,
)
from annexa.answers.oversight_figures import Statistics, statistics
from annexa.answers.runs import run_of
from annexa.api.askers import only_people, who
from annexa.api.operations import get, post
from annexa.api.shapes import (
    Because,
    Cursor,
    Given,
    Instant,
    Limit,
    Moment,
    Shown,
    ShownDay,
    Text,
    after_of,
    cursor_of,
    given,
    now,
    shown,
)
from annexa.pure.oversight import LIMITS, Plan
from annexa.pure.oversight_figures import Figures
from annexa.pure.proofs import rfc3339

router = Router(tags=["human oversight"])
_person = only_people("People oversee AI systems; a program posts their cases.")
Slug = Annotated[str, Field(max_length=80)]
Id = Annotated[str, Field(max_length=40)]
Trace = Annotated[str, Field(max_length=128)]
Person = Annotated[int, Field(ge=1, le=2**53)]
Decision = Literal["approved", "overridden", "stopped"]
State = Literal["waiting", "escalated", "overdue", "settled", "fell"]
ONE = "/oversight-cases/{case}"
RESULT: dict[str, Any] = {
    "id": "5f0c9d1e2b3a4c5d8e7f6a5b4c3d2e1f", "system": "loan-scorer", "reference": "loan-4711", "state": "settled",
    "needed": 1, "why_needed": "One person decides.", "posted_at": "2026-11-20T09:40:00Z",
    "due_at": "2026-11-20T10:40:00Z", "ends_at": "2026-11-20T10:40:00Z", "final": True, "decision": "overridden",
    "use_output": False, "output": "grant with conditions", "how": "decided", "ended_at": "2026-11-20T09:52:00Z",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7", "activity_id": "",
}  # fmt: skip
CASE: dict[str, Any] = {
    "id": RESULT["id"], "system": "loan-scorer", "system_name": "Loan scorer", "title": "Refuse loan 4711",
    "state": "waiting", "needed": 1, "posted_at": "2026-11-20T09:40:00Z", "due_at": "2026-11-20T10:40:00Z",
    "ends_at": "2026-11-20T10:40:00Z", "taken_by": ["Kim Lee"], "mine": True,
}  # fmt: skip
PLAN: dict[str, Any] = {
    "cases": "here", "overseers": [3, 4], "two_persons": False, "minutes": 60, "escalate_minutes": 30,
    "escalate_to": [2], "safe_default": "stop", "safe_output": "", "least_seconds": 5, "if_unreachable": "stop",
}  # fmt: skip


class CasePosted(Given):
    """A decision that waits for a human. `minutes`: it has less time than the plan of the system gives."""

    model_config = given(title="Refuse loan 4711", input="income 900, rent 700", output="refuse",
                         explanation="Rent is 78 % of income", policy="Loans 3.2", reference="loan-4711")  # fmt: skip

    title: Annotated[str, Field(max_length=LIMITS["title"])]
    output: Annotated[str, Field(max_length=LIMITS["output"])]
    input: Annotated[str, Field(max_length=LIMITS["input"])] = ""
    explanation: Annotated[str, Field(max_length=LIMITS["explanation"])] = ""
    policy: Annotated[str, Field(max_length=LIMITS["policy"])] = ""
    about: Annotated[str, Field(max_length=LIMITS["about"])] = ""
    reference: Annotated[str, Field(max_length=200)] = ""
    minutes: Annotated[int, Field(ge=1, le=129_600)] | None = None
    trace_id: Trace = ""
    span_id: Trace = ""
    activity_id: Trace = ""


class CaseResult(Shown):
    """Where a case stands, for the program that posted it.

    `final`: it ended and stays so. Then `use_output`: what the system proposed may be used; else `output` is used, and
    where that is empty nothing is done. Until then nothing is done.
    """

    model_config = shown(**RESULT)

    id: str
    system: str
    reference: str
    state: State
    needed: int
    why_needed: str
    posted_at: Instant
    due_at: Instant
    ends_at: Instant
    final: bool
    decision: Decision | None
    use_output: bool
    output: str
    how: Literal["decided", "fell"] | None
    ended_at: Instant | None
    trace_id: str
    span_id: str
    activity_id: str


class CaseQueued(Shown):
    """A case that waits. `title` is empty for who may not see cases there; `mine`: it is for you to decide."""

    model_config = shown(**CASE)

    id: str
    system: str
    system_name: str
    title: str
    state: State
    needed: int
    posted_at: Instant
    due_at: Instant
    ends_at: Instant
    taken_by: list[str]
    mine: bool


class CaseList(Shown):
    """A part of the queue, what ends first on top."""

    model_config = shown(items=[CASE], next=None)

    items: list[CaseQueued]
    next: str | None


class VerdictShown(Shown):
    """What one person decided. Until a case is settled one sees only one's own."""

    model_config = shown(by="Kim Lee", decision="approved", because="I looked", instead="", seconds=42,
                         at="2026-11-20T09:52:00Z")  # fmt: skip

    by: str
    decision: Decision
    because: str
    instead: str
    seconds: int
    at: Instant


class CaseShown(CaseQueued):
    """One case with what it holds, where you may see that, and what was decided about it."""

    model_config = shown(
        **CASE, input="income 900", output="refuse", explanation="Rent is 78 % of income", policy="Loans 3.2",
        may_see=True, verdicts=[], decision=None, how=None,
    )  # fmt: skip

    may_see: bool
    input: str
    output: str
    explanation: str
    policy: str
    verdicts: list[VerdictShown]
    decision: Decision | None
    how: Literal["decided", "fell"] | None


class ClaimGiven(Given):
    """Whether you take a case or give it back."""

    model_config = given(step="taken")

    step: Literal["taken", "given back"] = "taken"


class VerdictGiven(Given):
    """A decision with its reason; who overrides says what is used `instead`."""

    model_config = given(decision="overridden", because="The rent is shared", instead="grant with conditions")

    decision: Decision
    because: Text
    instead: Annotated[str, Field(max_length=LIMITS["output"])] = ""


class PlanGiven(Given):
    """How a system is overseen. Overseers are people by number; `safe_default`: what nobody decided falls to."""

    model_config = given(**PLAN, because="Loans are about people")

    cases: Literal["here", "elsewhere", "none"] = "here"
    overseers: Annotated[list[Person], Field(max_length=50)] = []
    two_persons: bool = False
    minutes: Annotated[int, Field(ge=1, le=129_600)] = 60
    escalate_minutes: Annotated[int, Field(ge=0, le=129_600)] = 0
    escalate_to: Annotated[list[Person], Field(max_length=50)] = []
    safe_default: Literal["stop", "substitute"] = "stop"
    safe_output: Annotated[str, Field(max_length=LIMITS["output"])] = ""
    least_seconds: Annotated[int, Field(ge=0, le=3_600)] = 5
    if_unreachable: Literal["stop", "continue"] = "stop"
    because: Text


class PlanShown(Shown):
    """How a system is overseen, since when and why."""

    model_config = shown(**PLAN, system="loan-scorer", number=1, because="Loans are about people",
                         since="2026-11-20T09:40:00Z")  # fmt: skip

    system: str
    number: int
    cases: str
    overseers: list[int]
    two_persons: bool
    minutes: int
    escalate_minutes: int
    escalate_to: list[int]
    safe_default: str
    safe_output: str
    least_seconds: int
    if_unreachable: str
    because: str
    since: Instant | None


class DelegationGiven(Given):
    """Who decides in your place, until when."""

    model_config = given(to=4, until="2026-12-20", because="On leave")

    to: Person
    until: Moment
    because: Text


class DelegationEnd(Given):
    """Why it ends before its time."""

    model_config = given(because="Back from leave")

    because: Because = ""


class DelegationShown(Shown):
    """Somebody decides in the place of an overseer, until an instant."""

    model_config = shown(id="9b1c", system="loan-scorer", by=3, by_name="Kim Lee", to=4, to_name="Noor Ali",
                         until="2026-12-20T23:59:59Z", because="On leave")  # fmt: skip

    id: str
    system: str
    by: int
    by_name: str
    to: int
    to_name: str
    until: Instant
    because: str


class DelegationList(Shown):
    """The delegations that run."""

    model_config = shown(items=[])

    items: list[DelegationShown]


class FiguresShown(Shown):
    """Decisions summed up. Shares are null where too few were decided to say; `warnings`: signs of automation bias."""

    model_config = shown(of="loan-scorer", name="Loan scorer", decisions=120, overridden=9, stopped=2, too_fast=4,
                         override_rate=0.092, median_seconds=48.5, warnings=[])  # fmt: skip

    of: str
    name: str
    decisions: int
    overridden: int
    stopped: int
    too_fast: int
    override_rate: float | None
    median_seconds: float | None
    warnings: list[str]


FIGURES: dict[str, Any] = {
    "of": "", "name": "", "decisions": 120, "overridden": 9, "stopped": 2, "too_fast": 4, "override_rate": 0.092,
    "median_seconds": 48.5, "warnings": [],
}  # fmt: skip


class StatisticsShown(Shown):
    """How oversight worked in the last twelve weeks: in all, by system, by reviewer and by week."""

    model_config = shown(since="2026-09-07", ended=130, fell=3, median_waited_seconds=610.0, all=FIGURES, systems=[],
                         reviewers=[], weeks=[])  # fmt: skip

    since: ShownDay
    ended: int
    fell: int
    median_waited_seconds: float | None
    all: FiguresShown
    systems: list[FiguresShown]
    reviewers: list[FiguresShown]
    weeks: list[FiguresShown]


System = Annotated[str, Query(default="", max_length=80, description="Only of this AI system.")]


@post(router, "/systems/{slug}/oversight-cases", CaseResult, may=("post_case",))
def post_a_case(request: HttpRequest, response: HttpResponse, slug: Slug, body: CasePosted) -> dict[str, Any]:
    """Post a decision that waits for a human. Under the same `reference` the same is the same case."""
    made = post_case(actor=who(request).actor, system=slug, posted=Posted(**body.model_dump()), now=now())
    response["Location"] = f"/api/v1/oversight-cases/{made.id}/result"
    return _result(made)


@get(router, f"{ONE}/result", CaseResult, errors=(404,), may=("post_case", "read"))
def result_of_a_case(request: HttpRequest, case: Id) -> dict[str, Any]:
    """What came of a case: for the program that posted it, or who reads there. An end is final."""
    actor = who(request).actor
    result_of(actor=actor, item=case)
    settle_cases(now=now(), item=case)
    return _result(result_of(actor=actor, item=case))


@get(router, "/oversight-cases", CaseList, errors=(404,))
def list_cases(request: HttpRequest, system: System, limit: Limit, cursor: Cursor) -> dict[str, Any]:
    """List the cases that wait, those that end first on top; at most 200 for you and 200 for others."""
    found = queue(actor=who(request).actor, now=now(), system=system)
    rows = sorted((*found.mine, *found.others), key=lambda one: (one.item.ends_at, one.item.id))
    run = run_of(rows, lambda one: one.item.id, after=after_of(cursor), limit=limit)
    return {"items": [_queued(one) for one in run.rows], "next": cursor_of(run.last)}


@get(router, ONE, CaseShown, errors=(404,))
def show_a_case(request: HttpRequest, case: Id) -> dict[str, Any]:
    """Show one case. What it holds is for overseers and auditors."""
    return _case(one_case(actor=who(request).actor, item=case, now=now()))


@post(router, f"{ONE}/claims", CaseShown, may=("decide_case",), reads=True)
def take_a_case(request: HttpRequest, case: Id, body: ClaimGiven) -> dict[str, Any]:
    """Take a case to look at it, so that it is kept for you for half an hour, or give it back. Only people can."""
    asks = who(request)
    act = take_case if body.step == "taken" else give_back_case
    act(actor=asks.actor, person=_person(asks), item=case, now=now())
    return _case(one_case(actor=asks.actor, item=case, now=now()))


@post(router, f"{ONE}/verdicts", CaseShown, may=("decide_case",), reads=True)
def decide_a_case(request: HttpRequest, case: Id, body: VerdictGiven) -> dict[str, Any]:
    """Approve, override or stop a case you have taken, with a reason. Only people can."""
    asks = who(request)
    decide_case(
        actor=asks.actor, person=_person(asks), item=case, decision=body.decision, because=body.because,
        instead=body.instead, now=now(),
    )  # fmt: skip
    return _case(one_case(actor=asks.actor, item=case, now=now()))


@get(router, "/systems/{slug}/oversight-plan", PlanShown, errors=(404,))
def show_plan_of_oversight(request: HttpRequest, slug: Slug) -> dict[str, Any]:
    """Show how a system is overseen. `number` 0: nobody chose yet, so no case is taken."""
    _, found = plan_page(actor=who(request).actor, system=slug)
    return _plan(slug, found)


@post(router, "/systems/{slug}/oversight-plan", PlanShown, may=("plan_oversight",), reads=True)
def plan_oversight_of_a_system(request: HttpRequest, slug: Slug, body: PlanGiven) -> dict[str, Any]:
    """Say how a system is overseen from now on, and what a case falls to that nobody decides: never to approval."""
    asks, said = who(request), body.model_dump(exclude={"because"})
    plan = Plan(**{**said, "overseers": tuple(said["overseers"]), "escalate_to": tuple(said["escalate_to"])})
    made = plan_oversight(
        actor=asks.actor, person=_person(asks), system=slug, plan=plan, because=body.because, now=now()
    )
    return _plan(slug, made)


@get(router, "/systems/{slug}/oversight-delegations", DelegationList, errors=(404,))
def list_delegations(request: HttpRequest, slug: Slug) -> dict[str, Any]:
    """List who decides in whose place about a system now."""
    plan_page(actor=who(request).actor, system=slug)
    return {"items": [_delegation(one) for one in delegations(systems=[slug], now=now()).get(slug, ())]}


@post(router, "/systems/{slug}/oversight-delegations", DelegationShown, may=("delegate_cases",), reads=True)
def delegate_cases_of_a_system(request: HttpRequest, slug: Slug, body: DelegationGiven) -> dict[str, Any]:
    """Let somebody decide in your place until a day: only who may decide there, and only what is yours."""
    asks = who(request)
    made = delegate_cases(
        actor=asks.actor, person=_person(asks), system=slug, to=body.to, until=body.until, because=body.because,
        now=now(),
    )  # fmt: skip
    return _delegation(made)


@post(router, "/oversight-delegations/{delegation}/end", DelegationShown, may=("delegate_cases",), reads=True)
def end_a_delegation(request: HttpRequest, delegation: Id, body: DelegationEnd) -> dict[str, Any]:
    """End a delegation before its time: who made it, or who plans the oversight of the system."""
    asks = who(request)
    made = end_delegation(
        actor=asks.actor, person=_person(asks), delegation=delegation, because=body.because, now=now()
    )
    return _delegation(made.delegation)


@get(router, "/oversight-statistics", StatisticsShown, errors=(404,))
def show_statistics_of_oversight(request: HttpRequest, system: System) -> dict[str, Any]:
    """Show override rates, review times and approvals that came too fast, of the last twelve weeks."""
    return _statistics(statistics(actor=who(request).actor, now=now(), system=system))


def _result(one: Any) -> dict[str, Any]:
    ended = getattr(one, "outcome", None)
    escalated = getattr(one, "escalation", None) is not None
    return {
        "id": one.id,
        "system": one.system,
        "reference": one.reference,
        "state": ("fell" if ended.how == "fell" else "settled") if ended else "escalated" if escalated else "waiting",
        "needed": one.needed,
        "why_needed": one.why_needed,
        "posted_at": rfc3339(one.recorded_at),
        "due_at": rfc3339(one.due_at),
        "ends_at": rfc3339(one.ends_at),
        "final": ended is not None,
        "decision": ended.decision if ended else None,
        "use_output": ended is not None and ended.decision == "approved",
        "output": ended.output if ended else "",
        "how": ended.how if ended else None,
        "ended_at": rfc3339(ended.recorded_at) if ended else None,
        "trace_id": one.trace_id,
        "span_id": one.span_id,
        "activity_id": one.activity_id,
    }


def _queued(one: Queued) -> dict[str, Any]:
    return {
        "id": one.item.id,
        "system": one.item.system,
        "system_name": one.system_name,
        "title": one.title,
        "state": one.state,
        "needed": one.case.persons,
        "posted_at": rfc3339(one.item.recorded_at),
        "due_at": rfc3339(one.item.due_at),
        "ends_at": rfc3339(one.item.ends_at),
        "taken_by": list(one.holders),
        "mine": one.mine and not one.said,
    }


def _case(page: CasePage) -> dict[str, Any]:
    texts = ("input", "output", "explanation", "policy")
    return {
        **_queued(page.queued),
        "may_see": page.content is not None,
        **{name: getattr(page.content, name) if page.content else "" for name in texts},
        "verdicts": [
            {
                "by": one.by.name,
                "decision": one.decision,
                "because": one.because,
                "instead": one.instead,
                "seconds": one.seconds,
                "at": rfc3339(one.recorded_at),
            }
            for one in page.verdicts
        ],
        "decision": page.outcome.decision if page.outcome else None,
        "how": page.outcome.how if page.outcome else None,
    }


def _plan(system: str, found: Any) -> dict[str, Any]:
    plan = found.plan() if found else Plan(cases="none")
    names = (
        "cases", "two_persons", "minutes", "escalate_minutes", "safe_default", "safe_output", "least_seconds",
        "if_unreachable",
    )  # fmt: skip
    return {
        "system": system,
        "number": found.number if found else 0,
        **{name: getattr(plan, name) for name in names},
        "overseers": list(plan.overseers),
        "escalate_to": list(plan.escalate_to),
        "because": found.because if found else "",
        "since": rfc3339(found.recorded_at) if found else None,
    }


def _delegation(one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "system": one.system,
        "by": one.by_id,
        "by_name": one.by.name,
        "to": one.to_id,
        "to_name": one.to.name,
        "until": rfc3339(one.until),
        "because": one.because,
    }


def _statistics(found: Statistics) -> dict[str, Any]:
    return {
        "since": found.since.isoformat(),
        "ended": found.ended,
        "fell": found.fell,
        "median_waited_seconds": found.waited_seconds,
        "all": _figures("", "", found.whole),
        "systems": [_figures(slug, name, one) for slug, name, one in found.systems],
        "reviewers": [_figures(f"person/{number}", name, one) for number, name, one in found.reviewers],
        "weeks": [_figures(day.isoformat(), "", one) for day, one in found.weeks],
    }


def _figures(of: str, name: str, one: Figures) -> dict[str, Any]:
    return {
        "of": of,
        "name": name,
        "decisions": one.decisions,
        "overridden": one.overridden,
        "stopped": one.stopped,
        "too_fast": one.too_fast,
        "override_rate": one.override_rate,
        "median_seconds": one.median_seconds,
        "warnings": list(one.warnings),
    }
