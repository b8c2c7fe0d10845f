"""Watching AI systems: monitors turned on and off, what they are held against frozen, run, and what follows from it.

A run is an entry in the ledger. What monitors find together is evidence for the control they prove: a breach makes it
fail at once, and opens the draft of a finding; when all pass again, that is evidence, too. A monitor that is off, in
error, or cannot tell proves nothing, and what it proved before expires.
"""

import json
import logging
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from annexa.actions.controls import judge
from annexa.actions.door import Door, door, require
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError
from annexa.actions.scopes import place_of
from annexa.actions.sequencer import together
from annexa.activity import ActivityError
from annexa.activity.engines import EngineGoneError
from annexa.answers.errors import UnknownError
from annexa.answers.libraries import active_library
from annexa.answers.monitors import (
    Looked,
    Watched,
    approvals_of,
    baseline_of,
    engine_telling,
    library_expectation,
    log_window,
    reach,
    texts_of,
    watched,
    watched_systems,
)
from annexa.answers.store import blobs
from annexa.library.monitors import monitors
from annexa.pure.baselines import written as baseline_written
from annexa.pure.drift import DriftError
from annexa.pure.evidence import expiry
from annexa.pure.facts import ORGANISATION
from annexa.pure.ledger import canonical
from annexa.pure.monitoring import (
    ERROR,
    Ran,
    Step,
    is_due,
    report,
    step,
    threshold_problems,
    verdict_of,
)
from annexa.pure.monitors import Monitor, Proves, written
from annexa.pure.permits import ANNEXA, Actor
from annexa.pure.standards import Expectation
from annexa.records.evidence import Evidence
from annexa.records.monitors import MonitorBaseline, MonitorBreach, MonitorBreachEnd, MonitorChoice, MonitorRun
from annexa.records.people import Person
from annexa.vault import VaultError

LARGEST = 64 * 1024 * 1024
"""Bytes of a baseline, and of a report."""
RENEWED_AT = 0.25
"""A pass is recorded anew once it is as old as this share of how long it lasts."""
log = logging.getLogger("annexa.monitors")
Thresholds = Mapping[str, Mapping[str, float]]


def choose_monitors(
    *,
    actor: Actor,
    person: Person | None,
    system: str,
    chosen: Sequence[str],
    on: bool,
    because: str,
    now: datetime,
    thresholds: Thresholds | None = None,
) -> tuple[MonitorChoice, ...]:
    """Turns monitors of the library on or off for a system, or gives them lines of the organisation's own.

    `thresholds`: by monitor and level. What a monitor that is turned off found stays; a breach of it ends.
    Ledger: monitor_choice, monitor_breach_end. Raises InvalidError with every problem, NotFoundError, ConflictError
    where nothing changes, NotPermittedError.
    """
    place, lines = place_of(actor, system), thresholds or {}
    known = {one.monitor: one for one in _choices_of(system)}
    if lost := sorted(set(chosen) - set(monitors())):
        raise NotFoundError(f"There is no monitor {', '.join(lost)}.")
    problems = {one: told for one in chosen if (told := threshold_problems(monitors()[one], lines.get(one, {})))}
    if not because.strip():
        problems["because"] = ["Say why; it stands in the ledger."]
    if not chosen:
        problems["chosen"] = ["Choose at least one monitor."]
    with door(actor=actor, verb="choose_monitors", now=now, because=because.strip(), place=place) as opened:
        if problems:
            raise InvalidError(problems)
        made = []
        for name in sorted(set(chosen)):
            before = known.get(name)
            said = dict(lines.get(name, before.thresholds if before and on else {}))
            if (before is not None and before.on == on and before.thresholds == said) or (before is None and not on):
                continue
            choice = MonitorChoice(
                id=uuid.uuid4().hex, system=system, monitor=name, number=before.number + 1 if before else 1, on=on,
                thresholds=said, because=because.strip(), recorded_at=now, by=person,
            )  # fmt: skip
            opened.write(choice, kind="monitor_choice", subject=f"monitor/{system}/{name}")
            made.append(choice)
            if not on and (breach := _open_breach(system, name)):
                _ended(opened, breach, how="off", person=person)
        if not made:
            raise ConflictError("Nothing would change: what you chose holds already.")
    return tuple(made)


def freeze_baseline(
    *,
    actor: Actor,
    person: Person | None,
    system: str,
    monitor: str,
    since: datetime,
    until: datetime,
    because: str,
    now: datetime,
) -> MonitorBaseline:
    """Freezes what a system's log was like from `since` to before `until`: what the monitor compares with from now on.

    Ledger: monitor_baseline. Raises InvalidError, NotFoundError, NotPermittedError, ActivityError.
    """
    from annexa.activity.monitoring import freeze

    place = place_of(actor, system)
    found = monitors().get(monitor)
    if found is None:
        raise NotFoundError(f"There is no monitor {monitor}.")
    problems: dict[str, list[str]] = {}
    if not found.takes_baseline:
        problems["monitor"] = [f"{found.title} compares with no frozen baseline."]
    if not since < until <= now:
        problems["until"] = ["The window has to begin before it ends, and to end by now."]
    if not because.strip():
        problems["because"] = ["Say why this window is what is usual; it stands in the ledger."]
    require(actor, "choose_monitors", place)
    if problems:
        raise InvalidError(problems)
    try:  # nobody who changes something waits for it
        last = now if found.calibrates else until  # labels come later than what they are of
        with log_window(system, since=since, until=last, texts=texts_of([found])) as looked:
            frozen = freeze(
                looked.events, ("score",) if found.calibrates else found.columns, system=system, since=since,
                until=until, only=found.only, positive=found.positive if found.calibrates else "",
                binning="deciles" if found.binning == "evidently" else found.binning,
            )  # fmt: skip
    except DriftError as error:
        raise InvalidError({"since": [str(error)]}) from error
    known, of_what = (frozen.calibration.n, " with a label") if frozen.calibration else (frozen.rows, "")
    if known < found.minimum:
        raise InvalidError({"since": [f"The window has {known:,} events{of_what}; {found.minimum:,} are needed."]})
    with door(actor=actor, verb="choose_monitors", now=now, because=because.strip(), place=place) as opened:
        blob = blobs().put(canonical(baseline_written(frozen)), limit_bytes=LARGEST)
        row = MonitorBaseline(
            id=uuid.uuid4().hex, system=system, monitor=monitor, since=since, until=until, rows=frozen.rows,
            digest=frozen.digest, sha256=blob.sha256, because=because.strip(), recorded_at=now, by=person,
        )  # fmt: skip
        opened.write(row, kind="monitor_baseline", subject=f"monitor/{system}/{monitor}")
    return row


def run_monitors(
    *, now: datetime, actor: Actor = ANNEXA, systems: Sequence[str] | None = None, only: Sequence[str] | None = None,
    due: bool = True,
) -> tuple[MonitorRun, ...]:  # fmt: skip
    """Runs the monitors that are on, those that are due, and draws what follows. `only`: these, whether due or not.

    Every system is done by itself: what goes wrong in one holds up no other. Ledger: monitor_run, evidence,
    monitor_breach, monitor_breach_end. Raises NotFoundError, NotPermittedError.
    """
    asked = watched_systems() if systems is None else tuple(systems)
    made: list[MonitorRun] = []
    for system, each in sorted(watched(asked).items()):
        chosen = [
            one for one in each
            if (only is None or one.monitor.id in only)
            and (only is not None or not due or is_due(one.monitor, one.last.recorded_at if one.last else None, now))
        ]  # fmt: skip
        if chosen:
            made += _run(actor, system, chosen, now)
    return tuple(made)


def end_breach(
    *, actor: Actor, person: Person | None, breach: MonitorBreach, how: str, because: str, now: datetime
) -> MonitorBreachEnd:
    """Deals with a breach: takes it up as a finding against the control it makes fail, or dismisses it with a reason.

    Ledger: monitor_breach_end, judgement for a finding. Raises InvalidError, ConflictError, NotPermittedError.
    """
    problems: dict[str, list[str]] = {}
    if how not in {"finding", "dismissed"}:
        problems["how"] = [f"{how!r} is no way to deal with it; use finding or dismissed."]
    if len(because.strip()) < 10:
        problems["because"] = ["Say in a sentence what you found."]
    place = place_of(actor, breach.system)
    if problems:
        raise InvalidError(problems)
    with together(now=now), transaction.atomic():
        judgement = _found(actor, person, breach, because.strip(), now) if how == "finding" else ""
        with door(actor=actor, verb="answer_breach", now=now, because=because.strip(), place=place) as opened:
            if MonitorBreachEnd.objects.filter(breach=breach).exists():
                raise ConflictError("Somebody dealt with it meanwhile.")
            return _ended(opened, breach, how=how, person=person, judgement=judgement)


def _found(actor: Actor, person: Person | None, breach: MonitorBreach, because: str, now: datetime) -> str:
    """A finding against the control that the breach makes fail; returns its id."""
    control, scope = _control_of(breach)
    said = f"{monitors()[breach.monitor].title}: {breach.says} {because}"
    found = judge(
        actor=actor, person=person, kind="minor nonconformity", subject=control, because=said, scope=scope, now=now
    )
    return str(found.id)


def _control_of(breach: MonitorBreach) -> tuple[str, str]:
    """The control that a breach makes fail, and where."""
    control = monitors()[breach.monitor].proves[0].control
    found = active_library().controls[control]
    return control, breach.system if found.level == "system" else ORGANISATION


# --- runs


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What one run came to. `reading`: empty after an error."""

    watched: Watched
    since: datetime
    until: datetime
    outcome: str
    says: str
    reading: Mapping[str, Any]


def _run(actor: Actor, system: str, chosen: Sequence[Watched], now: datetime) -> list[MonitorRun]:
    place = place_of(actor, system)
    told = _readings(system, chosen, now)
    with door(actor=actor, verb="run_monitors", now=now, place=place) as opened:
        made = [_record(opened, system, one, now) for one in told]
        for one, run in zip(told, made, strict=True):
            _follow(opened, system, one, run)
        _prove(opened, system, [one.watched.monitor for one in told], now)
    return made


def _readings(system: str, chosen: Sequence[Watched], now: datetime) -> list[_Told]:
    """What each of them finds. The log is opened once, as far back as one of them looks.

    Where an engine goes away meanwhile, what it had told before counts; the rest is in error.
    """
    longest = max(reach(one.monitor) for one in chosen)
    told: list[_Told] = []
    try:
        texts = texts_of(one.monitor for one in chosen)
        with log_window(system, since=now - longest, until=now, texts=texts) as looked:
            approvals = approvals_of(system)
            for one in chosen:
                told.append(_reading(system, one, looked, approvals, now))  # noqa: PERF401  what was told stays
    except (ActivityError, UnknownError, VaultError) as error:
        told += [_failed(one, now, str(error)) for one in chosen[len(told) :]]
    return told


def _reading(system: str, one: Watched, looked: Looked, approvals: Any, now: datetime) -> _Told:
    """What one of them finds. Raises EngineGoneError: the next would fare alike."""
    from annexa.activity.monitoring import Known, run

    try:
        baseline = baseline_of(system, one.monitor.id) if one.monitor.takes_baseline else None
        with engine_telling():
            found = run(one.monitor, looked.events, until=now, known=Known(baseline=baseline, approvals=approvals))
    except EngineGoneError:
        raise
    except (DriftError, VaultError, ActivityError) as error:
        return _failed(one, now, str(error))
    except Exception as error:
        log.exception("The monitor %s could not look into the log of %s.", one.monitor.id, system)
        return _failed(one, now, f"It could not look into the log: {type(error).__name__}.")
    return _Told(
        watched=one, since=found.since, until=found.until, outcome=found.outcome.value, says=found.because,
        reading={**written(found), **({"counted": dict(looked.counted)} if looked.counted else {})},
    )  # fmt: skip


def _failed(one: Watched, now: datetime, says: str) -> _Told:
    until = now - one.monitor.lag
    return _Told(watched=one, since=until - one.monitor.window, until=until, outcome=ERROR, says=says, reading={})


def _record(opened: Door, system: str, told: _Told, now: datetime) -> MonitorRun:
    monitor = told.watched.monitor
    run = MonitorRun(
        id=uuid.uuid4().hex, system=system, monitor=monitor.id, since=told.since, until=told.until,
        outcome=told.outcome, says=told.says, thresholds={one.level: one.value for one in monitor.thresholds},
        reading=dict(told.reading), recorded_at=now,
    )  # fmt: skip
    opened.write(run, kind="monitor_run", subject=f"monitor/{system}/{monitor.id}")
    return run


def _follow(opened: Door, system: str, told: _Told, run: MonitorRun) -> None:
    monitor = told.watched.monitor
    standing = _open_breach(system, monitor.id)
    match step(told.outcome, is_open=standing is not None):
        case Step.OPENS:
            breach = MonitorBreach(
                id=uuid.uuid4().hex, system=system, monitor=monitor.id, run=run, severity=monitor.severity,
                says=told.says, recorded_at=run.recorded_at,
            )  # fmt: skip
            opened.write(breach, kind="monitor_breach", subject=f"monitor/{system}/{monitor.id}")
        case Step.ENDS:
            assert standing is not None  # noqa: S101  a step ends what is open
            with opened.saying(f"It passes again: {told.says}"):
                _ended(opened, standing, how="recovered", person=None)


def _ended(
    opened: Door, breach: MonitorBreach, *, how: str, person: Person | None, judgement: str = ""
) -> MonitorBreachEnd:
    end = MonitorBreachEnd(
        id=uuid.uuid4().hex, breach=breach, how=how, judgement=judgement, because=opened.because,
        recorded_at=opened.now, by=person,
    )  # fmt: skip
    opened.write(end, kind="monitor_breach_end", subject=f"monitor/{breach.system}/{breach.monitor}")
    return end


# --- what they prove


def _prove(opened: Door, system: str, ran: Iterable[Monitor], now: datetime) -> None:
    """Evidence for every expectation that one of these monitors proves, where something is to be told."""
    for proves in {one for monitor in ran for one in monitor.proves}:
        expectation = library_expectation(proves.control, proves.expectation)
        if expectation is None:
            continue
        of_system = active_library().controls[proves.control].level == "system"
        each = watched((system,) if of_system else watched_systems())
        runs = [(slug, one) for slug, there in each.items() for one in _ran(there) if proves in one.monitor.proves]
        passing = verdict_of([one for _, one in runs], now)
        scope = system if of_system else ORGANISATION
        if passing is not None and _is_news(proves, scope, expectation, passing, now):
            _give(opened, proves, scope, expectation, runs, passing, now)


def _ran(each: Iterable[Watched]) -> list[Ran]:
    return [
        Ran(monitor=one.monitor, outcome=one.last.outcome, until=one.last.until)
        if one.last
        else Ran(monitor=one.monitor)
        for one in each
    ]


def _is_news(proves: Proves, scope: str, expectation: Expectation, passing: bool, now: datetime) -> bool:
    """Whether evidence says something that the last one did not: it turned, or a pass has aged."""
    last = (
        Evidence.objects.filter(control=proves.control, expectation=proves.expectation, scope=scope)
        .order_by("-observed_at", "-recorded_at")
        .first()
    )
    if last is None or last.passing != passing:
        return True
    assert expectation.max_age is not None  # noqa: S101  a signal has one
    return passing and now - last.observed_at >= RENEWED_AT * expectation.max_age


def _give(
    opened: Door, proves: Proves, scope: str, expectation: Expectation, ran: Sequence[tuple[str, Ran]], passing: bool,
    now: datetime,
) -> None:  # fmt: skip
    assert expectation.max_age is not None  # noqa: S101  a signal has one
    said = _report(proves, ran, passing)
    blob = blobs().put(said, limit_bytes=LARGEST)
    before = (
        Evidence.objects.filter(control=proves.control, expectation=proves.expectation, scope=scope)
        .order_by("-observed_at", "-recorded_at")
        .values_list("id", flat=True)
        .first()
    )
    failing = sorted({one.monitor.title for _, one in ran if one.outcome == "fail"})
    evidence = Evidence(
        id=uuid.uuid4().hex, control=proves.control, expectation=proves.expectation, scope=scope,
        kind=expectation.kind.value, passing=passing, sha256=blob.sha256, size=blob.size, media_type="application/json",
        name="Monitors: " + (f"{len(ran)} pass" if passing else f"{', '.join(failing)} fail")[:200],
        note="", observed_at=now, expires_at=expiry(now, expectation.max_age, None), recorded_at=now,
        supersedes=before or "", by=None,
    )  # fmt: skip
    opened.write(evidence, kind="evidence", subject=f"evidence/{evidence.id}", effective_at=now)


def _report(proves: Proves, ran: Sequence[tuple[str, Ran]], passing: bool) -> bytes:
    found = []
    for system in sorted({slug for slug, _ in ran}):
        runs = [one for slug, one in ran if slug == system]
        last = watched((system,)).get(system, ())
        readings = {one.monitor.id: {"says": one.last.says, "reading": one.last.reading} for one in last if one.last}
        found.append(report(system, proves, runs, passing=passing, readings=readings))
    return json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False).encode()


def _choices_of(system: str) -> Iterable[MonitorChoice]:
    rows = MonitorChoice.objects.filter(system=system).order_by("number")
    return {one.monitor: one for one in rows}.values()


def _open_breach(system: str, monitor: str) -> MonitorBreach | None:
    return MonitorBreach.objects.filter(system=system, monitor=monitor, end__isnull=True).first()
