"""Questions about monitors: which watch an AI system, what they found over time, what stands open, what it rests on."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

from annexa.activity.engines import Engine
from annexa.answers.activity_parts import microseconds, parts_for_engine, parts_of
from annexa.answers.activity_store import SEGMENTS, engine_store, nothing_removed
from annexa.answers.errors import UnknownError
from annexa.answers.libraries import active_library
from annexa.answers.registers import rows_of
from annexa.answers.store import blobs
from annexa.library.monitors import monitors
from annexa.pure.baselines import Baseline, read
from annexa.pure.events import TEXTS
from annexa.pure.instants import beginning_of
from annexa.pure.monitoring import ERROR, every, is_due, with_thresholds
from annexa.pure.monitors import Monitor, Outcome
from annexa.pure.performance import Calibration
from annexa.pure.permits import ANNEXA, Actor
from annexa.pure.registers.changes import CHANGES
from annexa.records.monitors import MonitorBaseline, MonitorBreach, MonitorChoice, MonitorRun
from annexa.records.systems import AiSystem

if TYPE_CHECKING:
    from annexa.activity.monitoring import Approvals
    from annexa.activity.query import Asked

SHOWN: Final = 400
"""Runs of a monitor that its page draws at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A monitor that is on for a system, with the lines that hold there, and its last run; None before the first."""

    monitor: Monitor
    choice: MonitorChoice
    last: MonitorRun | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorLine:
    """A monitor of the library as it stands for a system. `choice`: None where nobody ever decided about it.

    `due_at`: when it runs next. `breach`: what stands open. `needs_baseline`: it compares with one, and has none.
    """

    monitor: Monitor
    choice: MonitorChoice | None
    last: MonitorRun | None
    due_at: datetime | None
    breach: MonitorBreach | None
    needs_baseline: bool

    @property
    def is_on(self) -> bool:
        """Whether it watches."""
        return self.choice is not None and self.choice.on

    @property
    def state(self) -> str:
        """In a word: off, or what it found last; waiting before its first run."""
        if not self.is_on:
            return "off"
        return self.last.outcome if self.last else "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorPage:
    """A monitor of a system with its past: runs and decisions, the latest first, and baselines.

    `calibration`: what scores are worth by the baseline in force; None for a monitor that learns nothing of the kind.
    """

    system: AiSystem
    line: MonitorLine
    runs: tuple[MonitorRun, ...]
    choices: tuple[MonitorChoice, ...]
    baselines: tuple[MonitorBaseline, ...]
    breaches: tuple[MonitorBreach, ...]
    calibration: Calibration | None = None


def system_watched(*, actor: Actor, slug: str) -> AiSystem:
    """The AI system. Raises UnknownError for one there is not, or not for this actor."""
    found: AiSystem | None = AiSystem.objects.visible_to(actor).filter(slug=slug).first()
    if found is None:
        raise UnknownError(f"There is no AI system {slug!r}.")
    return found


def watched_systems() -> tuple[str, ...]:
    """The AI systems that some monitor watches."""
    return tuple(sorted({system for (system, _), choice in _choices().items() if choice.on}))


def watched(systems: Sequence[str]) -> Mapping[str, tuple[Watched, ...]]:
    """The monitors that are on for these systems, by system. Cost: two queries."""
    last = _last_runs(systems)
    found: dict[str, list[Watched]] = {}
    for (system, name), choice in _choices(systems).items():
        monitor = monitors().get(name)
        if choice.on and monitor is not None:
            one = with_thresholds(monitor, choice.thresholds)
            found.setdefault(system, []).append(Watched(monitor=one, choice=choice, last=last.get((system, name))))
    return {system: tuple(sorted(each, key=lambda w: w.monitor.id)) for system, each in found.items()}


def any_due(*, now: datetime) -> bool:
    """Whether it is time for some monitor to run. Cost: one query where none is on, three otherwise."""
    if not MonitorChoice.objects.filter(on=True).exists():
        return False
    return any(
        is_due(one.monitor, one.last.recorded_at if one.last else None, now)
        for each in watched(watched_systems()).values()
        for one in each
    )


def monitor_lines(*, actor: Actor, slug: str) -> tuple[AiSystem, tuple[MonitorLine, ...]]:
    """Every monitor of the library as it stands for a system: those that are on first, the worst of them first.

    Raises UnknownError. Cost: five queries.
    """
    system = system_watched(actor=actor, slug=slug)
    state = _state((slug,))
    lines = [_line(one, system.slug, state) for one in monitors().values()]
    return system, tuple(sorted(lines, key=_worst_first))


def monitor_page(*, actor: Actor, slug: str, monitor: str) -> MonitorPage:
    """A monitor of a system with all its past. Raises UnknownError."""
    system = system_watched(actor=actor, slug=slug)
    found = monitors().get(monitor)
    if found is None:
        raise UnknownError(f"There is no monitor {monitor!r}.")
    of = {"system": slug, "monitor": monitor}
    breaches = MonitorBreach.objects.filter(**of).select_related("end", "end__by", "run").order_by("-recorded_at", "id")
    return MonitorPage(
        system=system,
        line=_line(found, slug, _state((slug,))),
        runs=tuple(MonitorRun.objects.filter(**of).order_by("-recorded_at", "id")[:SHOWN]),
        choices=tuple(MonitorChoice.objects.filter(**of).select_related("by").order_by("-number")),
        baselines=tuple(MonitorBaseline.objects.filter(**of).select_related("by").order_by("-recorded_at", "id")),
        breaches=tuple(breaches),
        calibration=calibration_of(slug, found),
    )


def open_breaches(*, actor: Actor) -> tuple[MonitorBreach, ...]:
    """What monitors found and nobody has dealt with, in systems this actor may know of; the latest first."""
    rows = MonitorBreach.objects.visible_to(actor).filter(end__isnull=True).select_related("run")
    return tuple(rows.order_by("-recorded_at", "id"))


def breach_named(*, actor: Actor, breach: str) -> MonitorBreach:
    """A breach. Raises UnknownError for one there is not, or not for this actor."""
    found: MonitorBreach | None = MonitorBreach.objects.visible_to(actor).filter(id=breach).first()
    if found is None:
        raise UnknownError(f"There is no breach {breach!r}.")
    return found


def baseline_of(system: str, monitor: str) -> Baseline | None:
    """What a monitor compares a system with; None before anybody froze anything. Raises VaultError, DriftError."""
    row = MonitorBaseline.objects.filter(system=system, monitor=monitor).order_by("-recorded_at", "id").first()
    if row is None:
        return None
    with blobs().open_checked(row.sha256) as stream:
        return read(json.loads(stream.read()))


def calibration_of(system: str, monitor: Monitor) -> Calibration | None:
    """What scores are worth by the window that was frozen last; None before. Raises VaultError, DriftError."""
    baseline = baseline_of(system, monitor.id) if monitor.calibrates else None
    return baseline.calibration if baseline else None


def approvals_of(system: str) -> "Approvals":
    """Which versions of a system were approved, and from when: by change plans that name it and its version."""
    found: dict[str, list[tuple[datetime, datetime | None]]] = {}
    for row in rows_of(ANNEXA, CHANGES):
        entry = row.entry
        if system in (entry.systems or ()) and entry.version and entry.approved_on and not entry.ended_on:
            found.setdefault(entry.version, []).append((beginning_of(entry.approved_on), None))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """The log of a system, to be counted in. `counted`: for the entry about a run, by which engine and what of the log
    if that is not this process."""

    events: Any
    counted: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def log_window(system: str, *, since: datetime, until: datetime, texts: Collection[str] = TEXTS) -> Iterator[Looked]:
    """The events of a system in a span of time, sealed or not: on DuckDB in this process, or on the engine that is set.

    `texts`: the columns of free text that are looked at. Raises ActivityError.
    """
    from annexa.activity.query import Asked
    from annexa.activity.watching import log_of

    asked = Asked(systems=(system,), since=microseconds(since), until=microseconds(until))
    if settings.ENGINE:
        with _on_engine(settings.ENGINE, asked, system, texts) as looked:
            yield looked
        return
    with parts_of(asked, strict=True) as sources, log_of(sources, system, texts) as relation:
        yield Looked(events=relation)


@contextmanager
def engine_telling() -> Iterator[None]:
    """Says in a sentence what goes wrong on the engine that is set. Raises EngineError, EngineGoneError."""
    if not settings.ENGINE:
        yield
        return
    from annexa.activity.spark import telling

    with telling(settings.ENGINE):
        yield


@contextmanager
def _on_engine(engine: Engine, asked: "Asked", system: str, texts: Collection[str]) -> Iterator[Looked]:
    """The same on an engine. Meanwhile no file is removed that it may read."""
    from annexa.activity.spark import log_on

    with nothing_removed(SEGMENTS):
        parts = parts_for_engine(asked)
        with log_on(engine, engine_store(engine), parts, system, texts) as found:
            yield Looked(events=found.events, counted=found.counted)


def texts_of(watching: Iterable[Monitor]) -> frozenset[str]:
    """The columns of free text that some of these monitors look at."""
    named = {
        name
        for one in watching
        for name in (*one.columns, one.by, *(name for asked in (*one.only, *one.where) for name in asked.columns))
    }
    return frozenset(TEXTS) & named


def reach(monitor: Monitor) -> timedelta:
    """How far back a monitor looks."""
    return monitor.window + monitor.lag + monitor.past + timedelta(hours=1)


State = tuple[
    Mapping[tuple[str, str], MonitorChoice],
    Mapping[tuple[str, str], MonitorRun],
    Mapping[tuple[str, str], MonitorBreach],
    frozenset[tuple[str, str]],
]


def _state(systems: Sequence[str]) -> State:
    breaches = MonitorBreach.objects.filter(system__in=systems, end__isnull=True).order_by("recorded_at")
    baselines = (
        MonitorBaseline.objects.filter(system__in=systems).values_list("system", "monitor").order_by().distinct()
    )
    return (
        _choices(systems),
        _last_runs(systems),
        {(one.system, one.monitor): one for one in breaches},
        frozenset(baselines),
    )


def _line(monitor: Monitor, system: str, state: State) -> MonitorLine:
    choices, runs, breaches, baselines = state
    key = system, monitor.id
    choice, last = choices.get(key), runs.get(key)
    held = with_thresholds(monitor, choice.thresholds) if choice else monitor
    return MonitorLine(
        monitor=held,
        choice=choice,
        last=last,
        due_at=last.recorded_at + every(monitor) if last and choice and choice.on else None,
        breach=breaches.get(key),
        needs_baseline=monitor.reference == "baseline" and key not in baselines,
    )


_ORDER: Final = (
    Outcome.FAIL.value,
    ERROR,
    Outcome.WARN.value,
    Outcome.NOT_ENOUGH.value,
    "waiting",
    Outcome.PASS.value,
    "off",
)


def _worst_first(one: MonitorLine) -> tuple[int, str]:
    return _ORDER.index(one.state), one.monitor.title


def _choices(systems: Sequence[str] | None = None) -> dict[tuple[str, str], MonitorChoice]:
    """The latest of each."""
    rows = MonitorChoice.objects.order_by("number")
    if systems is not None:
        rows = rows.filter(system__in=systems)
    return {(one.system, one.monitor): one for one in rows}


def _last_runs(systems: Sequence[str]) -> dict[tuple[str, str], MonitorRun]:
    from django.db.models import OuterRef, Subquery

    latest = MonitorRun.objects.filter(system=OuterRef("system"), monitor=OuterRef("monitor"))
    newest = latest.order_by("-recorded_at", "-id").values("id")[:1]
    keys = MonitorRun.objects.filter(system__in=systems).order_by().values("system", "monitor").distinct()
    ids = keys.annotate(newest=Subquery(newest)).values_list("newest", flat=True)
    return {(one.system, one.monitor): one for one in MonitorRun.objects.filter(id__in=list(ids))}


def library_expectation(control: str, expectation: str) -> Any:
    """The expectation of a control in the library in force; None where there is none."""
    found = active_library().controls.get(control)
    return next((one for one in found.expectations if one.id == expectation), None) if found else None
