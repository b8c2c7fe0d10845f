"""How far the objectives are: what Annexa computes, now and at the ends of months; what was typed, with its day."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from annexa.answers.actors import ask_reads
from annexa.answers.errors import UnknownError
from annexa.answers.posture import Standpoint, standpoint
from annexa.answers.registers import history, rows_of
from annexa.pure.instants import end_of
from annexa.pure.kpis import KPIS, OF_FRAMEWORK
from annexa.pure.permits import Actor
from annexa.pure.progress import month_ends, of_controls, of_systems, reached
from annexa.pure.registers.objectives import OBJECTIVES
from annexa.pure.registers.scopes import SCOPES
from annexa.records.registers import RegisterRow

MONTHS = 6
"""How far back computed figures are shown; each month end costs an engine, which is then remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A value on a day."""

    on: date
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """An objective with its values, the earliest first. `last`: the present one; None where there is none, as when
    nothing is left to be counted. `reached`: None if not known.

    `computed`: what Annexa counts for it; "" for values that somebody typed.
    """

    row: RegisterRow
    computed: str
    measured_in: str
    points: tuple[Point, ...]
    last: Point | None
    reached: bool | None
    overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Direction:
    """Where the management systems end and where they are to get: scopes by their part, objectives by their day."""

    scopes: tuple[RegisterRow, ...]
    objectives: tuple[Progress, ...]


def direction(*, actor: Actor, now: datetime) -> Direction:
    """Scopes and objectives that count today. Cost: two queries, one more for each typed objective, and one engine for
    each of MONTHS month ends if an objective is computed."""
    ask_reads(actor)
    today = now.date()
    scopes = rows_of(actor, SCOPES).exclude(ended_on__lte=today).order_by("part", "name")
    rows = rows_of(actor, OBJECTIVES).exclude(ended_on__lte=today).order_by("due_on", "name")
    return Direction(scopes=tuple(scopes), objectives=tuple(_progress(actor, row, now) for row in rows))


def _progress(actor: Actor, row: RegisterRow, now: datetime) -> Progress:
    entry = row.entry
    kpi = KPIS.get(entry.kpi)
    points = tuple(_computed(actor, entry.kpi, entry.kpi_of, now) if kpi else _typed(actor, row))
    last = next((one for one in points[-1:] if not kpi or one.on == now.date()), None)
    done = reached(last.value if last else None, entry.target, entry.direction)
    return Progress(
        row=row,
        computed=kpi.says if kpi else "",
        measured_in=kpi.measured_in if kpi else entry.measured_in,
        points=points,
        last=last,
        reached=done,
        overdue=done is not True and entry.due_on is not None and entry.due_on < now.date(),
    )


def _computed(actor: Actor, kpi: str, framework: str, now: datetime) -> Iterator[Point]:
    for on in month_ends(now.date(), MONTHS):
        try:
            value = _value(standpoint(actor=actor, now=now, at=end_of(on)), kpi, framework)
        except UnknownError:  # before anything was recorded
            continue
        if value is not None:
            yield Point(on=on, value=value)
    if (value := _value(standpoint(actor=actor, now=now), kpi, framework)) is not None:
        yield Point(on=now.date(), value=value)


def _value(stand: Standpoint, kpi: str, framework: str) -> float | None:
    if kpi == OF_FRAMEWORK:
        if framework not in stand.library.frameworks:
            return None
        readiness = stand.posture(framework).readiness
        return None if readiness is None else round(100 * readiness, 1)
    if KPIS[kpi].check:
        return of_systems(kpi, tuple(stand.systems.values()))
    return of_controls(kpi, Counter(stand.judged(one).standing.verdict for one in stand.library.controls))


def _typed(actor: Actor, row: RegisterRow) -> list[Point]:
    """The values that somebody typed, each on the day it was measured; a day corrected later has its last value."""
    told = [one.state for one in reversed(history(actor=actor, register=OBJECTIVES, slug=row.slug))]
    values = {
        date.fromisoformat(state["valued_on"]): float(state["value"])
        for state in told
        if state.get("valued_on") and state.get("value") is not None
    }
    return [Point(on=on, value=value) for on, value in sorted(values.items())]
