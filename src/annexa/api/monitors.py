"""Monitors for programs: which watch an AI system and what they found, turned on and off, run, baselines, breaches."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from annexa.actions.monitor_process import run_now
from annexa.actions.monitoring import choose_monitors, end_breach, freeze_baseline
from annexa.answers.monitor_history import breaches_run, runs_of
from annexa.answers.monitors import MonitorLine, breach_named, monitor_lines, monitor_page
from annexa.api.askers import only_people, who
from annexa.api.operations import get, post
from annexa.api.shapes import (
    Cursor,
    Given,
    Instant,
    Limit,
    Moment,
    Shown,
    Text,
    cursor_of,
    given,
    now,
    place_of,
    shown,
)
from annexa.pure.monitor_words import looks_at, needs
from annexa.pure.monitors import Severity
from annexa.pure.proofs import rfc3339

router = Router(tags=["monitors"])
_person = only_people("People deal with what monitors found.")
Slug = Annotated[str, Field(max_length=80)]
Name = Annotated[str, Field(max_length=60)]
Id = Annotated[str, Field(max_length=40)]
State = Literal["fail", "error", "warn", "not enough data", "waiting", "pass", "off"]
Outcome = Literal["fail", "error", "warn", "not enough data", "pass"]
How = Literal["recovered", "finding", "dismissed", "off"]
ONE = "/systems/{slug}/monitors/{monitor}"
LINE: dict[str, Any] = {
    "id": "errors", "title": "Errors", "question": "Do too many calls fail?", "kind": "error", "measure": "share",
    "severity": "medium", "state": "pass", "says": "1 % of 400 events.", "thresholds": {"warn": 0.02,
    "fail": 0.05}, "proves": ["LIF-07/monitors-pass"], "needs_baseline": False, "breach": None,
    "ran_at": "2026-11-20T09:40:00Z", "due_at": "2026-11-20T15:40:00Z",
}  # fmt: skip
BASELINE: dict[str, Any] = {
    "id": "9b1c", "since": "2026-09-01T00:00:00Z", "until": "2026-10-01T00:00:00Z", "rows": 41_020,
    "digest": "5f0c9d1e2b3a4c5d8e7f6a5b4c3d2e1f5f0c9d1e2b3a4c5d8e7f6a5b4c3d2e1f", "because": "A quiet month",
    "frozen_at": "2026-10-02T08:00:00Z",
}  # fmt: skip
RUN: dict[str, Any] = {
    "id": "7c1d", "outcome": "fail", "says": "50 % of 400 events, above 5 %. One call in twenty.",
    "since": "2026-11-19T09:40:00Z", "until": "2026-11-20T09:40:00Z", "thresholds": {"warn": 0.02, "fail": 0.05},
    "reading": {"values": [{"of": "all", "value": 0.5, "n": 400, "outcome": "fail"}]},
    "ran_at": "2026-11-20T09:40:00Z",
}  # fmt: skip
BREACH: dict[str, Any] = {
    "id": "3e5f", "system": "chatbot", "monitor": "errors", "severity": "medium",
    "says": "50 % of 400 events, above 5 %. One call in twenty.", "run": "7c1d", "opened_at": "2026-11-20T09:40:00Z",
    "how": "finding", "because": "The gateway was overloaded", "judgement": "8d3e", "ended_at": "2026-11-20T11:00:00Z",
    "by": "Kim Lee",
}  # fmt: skip


class MonitorShown(Shown):
    """A monitor as it stands for a system. `state`: off, what it found last, or waiting before its first run."""

    model_config = shown(**LINE)

    id: str
    title: str
    question: str
    kind: str
    measure: str
    severity: Severity
    state: State
    says: str
    thresholds: dict[str, float]
    proves: list[str]
    needs_baseline: bool
    breach: str | None
    ran_at: Instant | None
    due_at: Instant | None


class MonitorsShown(Shown):
    """Every monitor there is: those that are on first, the worst of them first."""

    model_config = shown(items=[LINE])

    items: list[MonitorShown]


class BaselineShown(Shown):
    """What a monitor compares with: a window of the log, frozen."""

    model_config = shown(**BASELINE)

    id: str
    since: Instant
    until: Instant
    rows: int
    digest: str
    because: str
    frozen_at: Instant


class CalibrationShown(Shown):
    """What scores were worth in the window in force: at each of `scores` the share of known labels that were positive,
    straight between, beyond the ends the outermost. `n`: of how many labels it was learnt."""

    model_config = shown(scores=[0.1, 0.5, 0.9], rates=[0.02, 0.31, 0.84], n=1_204)

    scores: list[float]
    rates: list[float]
    n: int


class MonitorFull(MonitorShown):
    """One monitor, with what it looks at in words, what it needs, and its baselines, the one in force first.

    `calibration`: of a monitor that estimates performance without labels; null where nothing was frozen for it.
    """

    model_config = shown(**LINE, because="A system that fails silently is replaced by guessing.", source="Art. 15(4)",
                         looks_at=["All events."], needs=["50 events or more"], baselines=[BASELINE],
                         calibration=None)  # fmt: skip

    because: str
    source: str
    looks_at: list[str]
    needs: list[str]
    baselines: list[BaselineShown]
    calibration: CalibrationShown | None


class RunShown(Shown):
    """What a monitor found, once. `reading`: every number of it; empty after an error."""

    model_config = shown(**RUN)

    id: str
    outcome: Outcome
    says: str
    since: Instant
    until: Instant
    thresholds: dict[str, float]
    reading: dict[str, Any]
    ran_at: Instant


class RunsShown(Shown):
    """A part of the runs, the latest first."""

    model_config = shown(items=[RUN], next=None)

    items: list[RunShown]
    next: str | None


class BreachShown(Shown):
    """A monitor began to fail. `how` it ended, null while it is open; `judgement`: the finding it was taken up as."""

    model_config = shown(**BREACH)

    id: str
    system: str
    monitor: str
    severity: Severity
    says: str
    run: str
    opened_at: Instant
    how: How | None
    because: str
    judgement: str
    ended_at: Instant | None
    by: str | None


class BreachesShown(Shown):
    """A part of the breaches, the latest first."""

    model_config = shown(items=[BREACH], next=None)

    items: list[BreachShown]
    next: str | None


class MonitorChoiceGiven(Given):
    """Monitors to turn on or off. `thresholds`: lines of your own, by monitor and level; none keeps those there are."""

    model_config = given(monitors=["errors"], on=True, because="It answers customers", thresholds={"errors":
                         {"fail": 0.03}})  # fmt: skip

    monitors: Annotated[list[Name], Field(min_length=1, max_length=200)]
    on: bool = True
    because: Text
    thresholds: Annotated[
        dict[Name, dict[Literal["warn", "fail"], Annotated[float, Field(allow_inf_nan=False)]]], Field(max_length=200)
    ] = {}


class RunGiven(Given):
    """Nothing has to be said."""

    model_config = given()


class FreezeGiven(Given):
    """A window of the log, from `since` to before `until`, and why it is what is usual."""

    model_config = given(since="2026-09-01", until="2026-10-01", because="A quiet month")

    since: Moment
    until: Moment
    because: Text


class EndGiven(Given):
    """What you do about a breach: take it up as a finding against the control it makes fail, or dismiss it."""

    model_config = given(how="dismissed", because="A load test, announced on Monday")

    how: Literal["finding", "dismissed"]
    because: Text


System = Annotated[str, Query(default="", max_length=80, description="Only of this AI system.")]
Open = Annotated[bool, Query(default=False, alias="open", description="Only those that nobody has dealt with.")]


@get(router, "/systems/{slug}/monitors", MonitorsShown, errors=(404,))
def list_monitors(request: HttpRequest, slug: Slug) -> dict[str, Any]:
    """List every monitor of the library as it stands for a system."""
    return _lines(monitor_lines(actor=who(request).actor, slug=slug)[1])


@post(router, "/systems/{slug}/monitors", MonitorsShown, may=("choose_monitors",), reads=True)
def choose_monitors_of_a_system(request: HttpRequest, slug: Slug, body: MonitorChoiceGiven) -> dict[str, Any]:
    """Turn monitors on or off, or give them lines of your own. 409 where nothing would change."""
    asks = who(request)
    own = {name: {str(level): value for level, value in said.items()} for name, said in body.thresholds.items()}
    choose_monitors(
        actor=asks.actor, person=asks.person, system=slug, chosen=body.monitors, on=body.on, because=body.because,
        thresholds=own, now=now(),
    )  # fmt: skip
    return _lines(monitor_lines(actor=asks.actor, slug=slug)[1])


@get(router, ONE, MonitorFull, errors=(404,))
def show_a_monitor(request: HttpRequest, slug: Slug, monitor: Name) -> dict[str, Any]:
    """Show one monitor as it stands for a system."""
    page = monitor_page(actor=who(request).actor, slug=slug, monitor=monitor)
    found = page.line.monitor
    return {
        **_line(page.line),
        "because": found.because,
        "source": found.source,
        "looks_at": list(looks_at(found)),
        "needs": list(needs(found)),
        "baselines": [_baseline(one) for one in page.baselines],
        "calibration": page.calibration
        and {"scores": page.calibration.scores, "rates": page.calibration.rates, "n": page.calibration.n},
    }


@get(router, f"{ONE}/runs", RunsShown, errors=(404,))
def list_runs_of_a_monitor(
    request: HttpRequest, slug: Slug, monitor: Name, limit: Limit, cursor: Cursor
) -> dict[str, Any]:
    """List what a monitor found, the latest first."""
    found = runs_of(
        actor=who(request).actor, slug=slug, monitor=monitor, after=place_of(cursor, dated=True), limit=limit
    )
    return {"items": [_run(one) for one in found.rows], "next": cursor_of(found.last)}


@post(router, f"{ONE}/runs", RunShown, may=("run_monitors",), reads=True)
def run_a_monitor(request: HttpRequest, slug: Slug, monitor: Name, body: RunGiven) -> dict[str, Any]:
    """Run a monitor that is on, whether it is due or not. 409 while monitors are being run."""
    return _run(run_now(actor=who(request).actor, system=slug, monitor=monitor, now=now()))


@post(router, f"{ONE}/baselines", BaselineShown, may=("choose_monitors",), reads=True)
def freeze_a_baseline(request: HttpRequest, slug: Slug, monitor: Name, body: FreezeGiven) -> dict[str, Any]:
    """Freeze what is usual: the monitor compares with it from now on."""
    asks = who(request)
    made = freeze_baseline(
        actor=asks.actor, person=asks.person, system=slug, monitor=monitor, since=body.since, until=body.until,
        because=body.because, now=now(),
    )  # fmt: skip
    return _baseline(made)


@get(router, "/monitor-breaches", BreachesShown)
def list_breaches(
    request: HttpRequest, system: System, open_only: Open, limit: Limit, cursor: Cursor
) -> dict[str, Any]:
    """List breaches, the latest first."""
    found = breaches_run(
        actor=who(request).actor, system=system, open_only=open_only, after=place_of(cursor, dated=True), limit=limit
    )
    return {"items": [_breach(one) for one in found.rows], "next": cursor_of(found.last)}


@post(router, "/monitor-breaches/{breach}/end", BreachShown, may=("answer_breach",), reads=True)
def end_a_breach(request: HttpRequest, breach: Id, body: EndGiven) -> dict[str, Any]:
    """Deal with a breach: take it up as a finding, or dismiss it, with what you found. Only people can."""
    asks = who(request)
    found = breach_named(actor=asks.actor, breach=breach)
    end_breach(actor=asks.actor, person=_person(asks), breach=found, how=body.how, because=body.because, now=now())
    return _breach(breach_named(actor=asks.actor, breach=breach))


def _lines(lines: Iterable[MonitorLine]) -> dict[str, Any]:
    return {"items": [_line(one) for one in lines]}


def _line(one: MonitorLine) -> dict[str, Any]:
    monitor = one.monitor
    return {
        "id": monitor.id,
        "title": monitor.title,
        "question": monitor.question,
        "kind": monitor.kind,
        "measure": monitor.measure,
        "severity": monitor.severity,
        "state": one.state,
        "says": one.last.says if one.last and one.is_on else "",
        "thresholds": {each.level: each.value for each in monitor.thresholds},
        "proves": [f"{each.control}/{each.expectation}" for each in monitor.proves],
        "needs_baseline": one.needs_baseline,
        "breach": one.breach.id if one.breach else None,
        "ran_at": rfc3339(one.last.recorded_at) if one.last else None,
        "due_at": rfc3339(one.due_at) if one.due_at else None,
    }


def _baseline(one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "since": rfc3339(one.since),
        "until": rfc3339(one.until),
        "rows": one.rows,
        "digest": one.digest,
        "because": one.because,
        "frozen_at": rfc3339(one.recorded_at),
    }


def _run(one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "outcome": one.outcome,
        "says": one.says,
        "since": rfc3339(one.since),
        "until": rfc3339(one.until),
        "thresholds": one.thresholds,
        "reading": one.reading,
        "ran_at": rfc3339(one.recorded_at),
    }


def _breach(one: Any) -> dict[str, Any]:
    ended = getattr(one, "end", None)
    return {
        "id": one.id,
        "system": one.system,
        "monitor": one.monitor,
        "severity": one.severity,
        "says": one.says,
        "run": one.run_id,
        "opened_at": rfc3339(one.recorded_at),
        "how": ended.how if ended else None,
        "because": ended.because if ended else "",
        "judgement": ended.judgement if ended else "",
        "ended_at": rfc3339(ended.recorded_at) if ended else None,
        "by": ended.by.name if ended and ended.by else None,
    }
