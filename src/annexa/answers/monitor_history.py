"""What monitors found over time, what they prove, and which of them wait for somebody."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from annexa.answers.errors import UnknownError
from annexa.answers.ledger import EntryLine, list_entries
from annexa.answers.monitors import MonitorLine, monitor_lines, open_breaches, system_watched
from annexa.answers.posture import standpoint
from annexa.answers.runs import Place, Run, instant_of, run_of_rows
from annexa.library.monitors import monitors
from annexa.pure.monitors import Monitor
from annexa.pure.permits import Actor, Permit, may_somewhere
from annexa.pure.posture import ControlProof, ExpectationProof
from annexa.pure.standards import Control
from annexa.records.monitors import MonitorBreach, MonitorRun
from annexa.records.systems import AiSystem

RECENT: Final = 60
"""Runs that a small figure draws at most."""
ANSWER_DAYS: Final[Mapping[str, int]] = {"critical": 1, "high": 3, "medium": 7, "low": 14}
"""By when a breach is to be dealt with, by its severity; the day it opened is not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """An expectation that a monitor proves: the control with its verdict in the system, and how the expectation is."""

    control: Control
    proof: ControlProof
    expectation: ExpectationProof


@dataclass(frozen=True, slots=True, kw_only=True)
class BreachWaits:
    """A breach that nobody has dealt with, by when somebody has to."""

    breach: MonitorBreach
    title: str
    system_name: str
    due_on: date


def lines_and_runs(
    *, actor: Actor, slug: str, most: int | None = None
) -> tuple[AiSystem, tuple[MonitorLine, ...], Mapping[str, tuple[MonitorRun, ...]]]:
    """Every monitor as it stands for a system, and the latest runs of those that are on, the oldest first.

    `most`: of so many only. Raises UnknownError. Cost: one query for each monitor that is on, and six more.
    """
    system, lines = monitor_lines(actor=actor, slug=slug)
    on = [one for one in lines if one.is_on][:most]
    return system, lines, {one.monitor.id: recent_runs(slug, one.monitor.id) for one in on}


def recent_runs(slug: str, monitor: str, *, most: int = RECENT) -> tuple[MonitorRun, ...]:
    """The latest runs of a monitor, the oldest of them first. Cost: one query."""
    rows = MonitorRun.objects.filter(system=slug, monitor=monitor).order_by("-recorded_at", "-id")[:most]
    return tuple(reversed(rows))


def runs_of(*, actor: Actor, slug: str, monitor: str, after: Place | None, limit: int) -> Run[MonitorRun]:
    """A part of the runs of a monitor, the latest first. Raises UnknownError."""
    system_watched(actor=actor, slug=slug)
    if monitor not in monitors():
        raise UnknownError(f"There is no monitor {monitor!r}.")
    rows = MonitorRun.objects.visible_to(actor).filter(system=slug, monitor=monitor)
    return run_of_rows(rows, "recorded_at", "id", instant_of(after), limit, descending=True)


def proven_by(*, actor: Actor, monitor: Monitor, slug: str, now: datetime) -> tuple[Proven, ...]:
    """What a monitor proves in a system, with the verdicts of now. Cost: that of a standpoint."""
    stand = standpoint(actor=actor, now=now)
    found = []
    for one in monitor.proves:
        control = stand.library.controls.get(one.control)
        if control is None:
            continue
        proof = stand.control(one.control, slug)
        expectation = next((each for each in proof.expectations if each.expectation.id == one.expectation), None)
        if expectation is not None:
            found.append(Proven(control=control, proof=proof, expectation=expectation))
    return tuple(found)


def entries_about(*, actor: Actor, slug: str, monitor: str, most: int = 8) -> tuple[EntryLine, ...]:
    """The latest entries of the ledger about a monitor of a system; none for who reads no ledger."""
    if not isinstance(may_somewhere(actor, "read"), Permit):
        return ()
    return list_entries(actor=actor, text=f"monitor/{slug}/{monitor}", size=most).lines


def breaches_of(*, actor: Actor, slug: str) -> tuple[MonitorBreach, ...]:
    """The open breaches of a system, the latest first."""
    return tuple(one for one in open_breaches(actor=actor) if one.system == slug)


def breaches_run(*, actor: Actor, system: str, open_only: bool, after: Place | None, limit: int) -> Run[MonitorBreach]:
    """A part of the breaches, the latest first; of one system if it is named. Cost: one query."""
    rows = MonitorBreach.objects.visible_to(actor).select_related("end", "end__by")
    rows = rows.filter(system=system) if system else rows
    rows = rows.filter(end__isnull=True) if open_only else rows
    return run_of_rows(rows, "recorded_at", "id", instant_of(after), limit, descending=True)


def breaches_waiting(*, actor: Actor) -> Iterator[BreachWaits]:
    """Every open breach this actor may know of. Cost: one query, one more if there is any."""
    found = open_breaches(actor=actor)
    names = _names(one.system for one in found)
    for one in found:
        monitor = monitors().get(one.monitor)
        yield BreachWaits(
            breach=one,
            title=monitor.title if monitor else one.monitor,
            system_name=names.get(one.system, one.system),
            due_on=one.recorded_at.date() + timedelta(days=ANSWER_DAYS[one.severity]),
        )


def _names(slugs: Iterable[str]) -> Mapping[str, str]:
    wanted = set(slugs)
    return dict(AiSystem.objects.filter(slug__in=wanted).values_list("slug", "name")) if wanted else {}
