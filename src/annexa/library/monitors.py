"""Reads the monitors of AI systems into values; refuses all of them if anything in one is wrong.

All errors of all files are reported together, each with file and id. Format: docs/monitors.md.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from annexa.library.reader import LibraryError, Reader, readers, shipped
from annexa.pure.anomalies import LEAST_WEEKS
from annexa.pure.monitors import (
    CUTS,
    KINDS,
    MEASURED,
    NEEDS_PAST,
    NEEDS_WHERE,
    OF_SEASON,
    OPERATORS,
    SEVERITIES,
    Condition,
    Example,
    Monitor,
    Outcome,
    Proves,
    Rows,
    Threshold,
)
from annexa.pure.standards import ExpectationKind, Library

NEEDS_COLUMNS: Final = frozenset({"quantile", "total", "unapproved"})
MAY_HAVE_COLUMNS: Final = frozenset({"above_season", "below_season", "bulk"})
NEEDS_POSITIVE: Final = frozenset({"roc_auc", "brier"})
NOT_EVERYWHERE: Final = re.compile(r"\(\?<?[=!]|\\[1-9]|\(\?P=|\(\?>|[*+?}]\+")
"""What RE2, which DuckDB and Arrow match with, does not know or reads otherwise: looking around and back."""


@cache
def monitors() -> Mapping[str, Monitor]:
    """The monitors shipped with this version of Annexa, by id. Raises LibraryError."""
    return load_monitors(shipped(("monitors",)))


def load_monitors(files: Mapping[str, bytes]) -> Mapping[str, Monitor]:
    """Monitors from their files, by id. Raises LibraryError with every problem of every file."""
    problems: list[str] = []
    found: dict[str, Monitor] = {}
    for reader in readers(files, problems):
        monitor = _monitor(reader)
        if monitor.id != Path(reader.file).stem:
            reader.wrong(f"id is {monitor.id!r}, but the file is named {Path(reader.file).stem}")
        found[monitor.id] = monitor
    if problems:
        raise LibraryError(problems)
    return MappingProxyType(dict(sorted(found.items())))


def dangling(found: Mapping[str, Monitor], library: Library) -> tuple[str, ...]:
    """A sentence for each expectation that a monitor proves and that is not there, or is none of signals."""
    return tuple(sentence for monitor in found.values() for sentence in _dangling(monitor, library))


def _dangling(monitor: Monitor, library: Library) -> Iterator[str]:
    place = f"monitors/{monitor.id}.toml"
    for one in monitor.proves:
        control = library.controls.get(one.control)
        if control is None:
            yield f"{place}: control {one.control!r} does not exist"
            continue
        kinds = {expectation.id: expectation.kind for expectation in control.expectations}
        if one.expectation not in kinds:
            yield f"{place}: control {one.control} has no expectation {one.expectation!r}"
        elif kinds[one.expectation] is not ExpectationKind.SIGNAL:
            kind = kinds[one.expectation].value
            yield f"{place}: {one.control} {one.expectation} is proven by {kind}, not by signals"


def _monitor(reader: Reader) -> Monitor:
    kind = reader.one_of("kind", KINDS)
    measure = reader.one_of("measure", MEASURED[kind])
    drifts = kind.startswith("drift")
    past = reader.span("past") or timedelta()
    monitor = Monitor(
        id=reader.text("id"),
        title=reader.text("title"),
        question=reader.text("question"),
        kind=kind,
        measure=measure,
        severity=reader.one_of("severity", SEVERITIES),
        because=reader.text("because"),
        source=reader.text("source"),
        only=tuple(_condition(table) for table in reader.tables("only")),
        where=tuple(_condition(table) for table in reader.tables("where")),
        columns=reader.words("columns"),
        by=reader.text("by", ""),
        positive=reader.text("positive", ""),
        towards=reader.text("towards", ""),
        share=float(reader.take("share", (float,), 0.0)),
        binning=reader.one_of("binning", CUTS, "deciles"),
        window=reader.span("window") or timedelta(),
        lag=reader.span("lag") or timedelta(),
        reference=reader.one_of(
            "reference",
            ("baseline", "window") if drifts else ("window",) if measure in NEEDS_PAST else ("none",),
            "baseline" if drifts else "window" if measure in NEEDS_PAST else "none",
        ),
        past=past,
        minimum=int(reader.take("minimum", (int,))),
        least_share=float(reader.take("least_share", (float,), 0.0)),
        thresholds=tuple(_threshold(table) for table in reader.tables("threshold")),
        proves=tuple(_proves(table) for table in reader.tables("proves")),
        examples=tuple(_example(table) for table in reader.tables("example")),
    )
    for sentence in (*_wrong_parts(monitor), *_wrong_lines(monitor), *_wrong_examples(monitor)):
        reader.wrong(sentence)
    reader.done()
    return monitor


def _wrong_parts(one: Monitor) -> Iterator[str]:
    """What a monitor of this kind and measure lacks, or has and cannot use."""
    for name, needed, allowed, there in (
        ("where", one.measure in NEEDS_WHERE, one.measure in NEEDS_WHERE, bool(one.where)),
        (
            "columns",
            one.kind.startswith("drift") or one.measure in NEEDS_COLUMNS,
            one.kind.startswith("drift") or one.measure in NEEDS_COLUMNS | MAY_HAVE_COLUMNS,
            bool(one.columns),
        ),
        (
            "by",
            one.kind in {"fairness", "access_pattern"},
            one.kind in {"fairness", "access_pattern", "silence"},
            bool(one.by),
        ),
        (
            "positive",
            one.kind in {"fairness", "performance_estimated"} or one.measure in NEEDS_POSITIVE,
            one.kind in {"fairness", "performance_estimated", "performance"},
            bool(one.positive),
        ),
        ("towards", False, one.kind == "fairness", bool(one.towards)),
        ("share", one.measure == "quantile", one.measure == "quantile", one.share != 0),
        ("lag", False, one.kind in {"performance", "fairness"}, bool(one.lag)),
        ("least_share", False, one.kind == "performance", bool(one.least_share)),
        ("past", one.reference == "window", one.reference == "window", bool(one.past)),
        ("window", True, True, bool(one.window)),
    ):
        if needed and not there:
            yield f"{name} is missing; {one.kind} with {one.measure} needs it"
        if there and not allowed:
            yield f"{name} is given; {one.kind} with {one.measure} has no use for it"
    if one.binning == "evidently" and one.reference != "window":
        yield "binning is 'evidently', which cuts both windows together; it needs the reference window"
    if not one.kind.startswith("drift") and len(one.columns) > 1:
        yield f"columns names {len(one.columns)}; {one.measure} takes one"
    if not (0 <= one.share < 1 and 0 <= one.least_share <= 1):
        yield "share and least_share are parts between 0 and 1"
    if one.minimum < 1:
        yield f"minimum is {one.minimum}; nothing can be told from less than 1"
    if one.measure in OF_SEASON and one.past < timedelta(weeks=LEAST_WEEKS):
        yield f"past is less than {LEAST_WEEKS} weeks, which a season needs"
    if not one.proves:
        yield "it proves nothing; name a control and its expectation"


def _wrong_lines(one: Monitor) -> Iterator[str]:
    if not any(threshold.level == "fail" for threshold in one.thresholds):
        yield "no threshold fails, so it could only ever pass or warn"
    for when in ("above", "below"):
        lines = {threshold.level: threshold.value for threshold in one.thresholds if threshold.when == when}
        if len(lines) < sum(threshold.when == when for threshold in one.thresholds):
            yield f"two thresholds of one level lie {when}"
        if len(lines) == 2 and (lines["warn"] >= lines["fail"]) == (when == "above"):
            yield f"the warning {when} {lines['warn']} does not come before the failure {when} {lines['fail']}"


def _wrong_examples(one: Monitor) -> Iterator[str]:
    """Examples show at least a pass, a failure and too little data: else nobody knows where the lines are."""
    shown = {example.outcome for example in one.examples}
    for outcome in (Outcome.PASS, Outcome.FAIL, Outcome.NOT_ENOUGH):
        if outcome not in shown:
            yield f"no example ends in {outcome.value!r}"


def _condition(reader: Reader) -> Condition:
    others = tuple(_plain_condition(table) for table in reader.tables("or"))
    return replace(_plain_condition(reader), others=others)


def _plain_condition(reader: Reader) -> Condition:
    column = reader.text("column")
    reader.where = f"{reader.where} {column}".strip()
    named = [one for one in OPERATORS if one in reader.table]
    if len(named) != 1:
        reader.wrong(f"it names one of {', '.join(OPERATORS)}, and not {len(named)}")
    operator: Any = named[0] if named else "present"
    values: tuple[str, ...] = ()
    bound = 0.0
    if operator in {"is", "is_not", "matches"}:
        values = reader.words(operator)
        if not values:
            reader.wrong(f"{operator} names nothing")
    elif operator in {"above", "below"}:
        bound = float(reader.take(operator, (float, int)))
    elif named and reader.take(operator, (bool,)) is not True:
        reader.wrong(f"{operator} is only ever true")
    for pattern in values if operator == "matches" else ():
        _check_pattern(reader, pattern)
    reader.done()
    return Condition(column=column, operator=operator, values=values, bound=bound)


def _check_pattern(reader: Reader, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        reader.wrong(f"the pattern {pattern!r} cannot be read: {error}")
    if NOT_EVERYWHERE.search(pattern):
        reader.wrong(f"the pattern {pattern!r} looks around or back, which not every engine can")


def _threshold(reader: Reader) -> Threshold:
    named = [one for one in ("above", "below") if one in reader.table]
    if len(named) != 1:
        reader.wrong("it lies above or below a value, one of the two")
    when: Any = named[0] if named else "above"
    found = Threshold(
        level=reader.one_of("level", ("warn", "fail")),
        when=when,
        value=float(reader.take(when, (float, int))),
        because=reader.text("because"),
    )
    reader.done()
    return found


def _proves(reader: Reader) -> Proves:
    found = Proves(control=reader.text("control"), expectation=reader.text("expectation"))
    reader.done()
    return found


def _example(reader: Reader) -> Example:
    reader.where = f"{reader.where} {reader.table.get('what', '')!r}"
    value = reader.take("value", (float, int), None)
    approvals = reader.take("approvals", (dict,), {})
    for version, hours in approvals.items():
        if not isinstance(hours, int | float) or isinstance(hours, bool):
            reader.wrong(f"approvals: {version} is {hours!r}; it is for how many hours it has been approved")
    found = Example(
        what=reader.text("what"),
        outcome=Outcome(reader.one_of("outcome", tuple(Outcome))),
        value=None if value is None else float(value),
        now=tuple(_rows(table) for table in reader.tables("now")),
        past=tuple(_rows(table) for table in reader.tables("past")),
        approvals=MappingProxyType({version: float(hours) for version, hours in approvals.items()}),
    )
    if (found.value is None) != (found.outcome is Outcome.NOT_ENOUGH):
        reader.wrong("a value is given exactly where there is enough data")
    reader.done()
    return found


def _rows(reader: Reader) -> Rows:
    found = Rows(
        repeat=int(reader.take("repeat", (int,), 1)),
        ago=float(reader.take("ago", (float, int), 1)),
        every=float(reader.take("every", (float, int), 0)),
        values=MappingProxyType(
            {
                column: tuple(value) if isinstance(value, list) else (value,)
                for column, value in reader.table.items()
                if column not in {"repeat", "ago", "every"}
            }
        ),
    )
    reader.seen.update(found.values)
    if found.repeat < 1 or found.ago <= 0 or found.every < 0:
        reader.wrong("repeat and ago are above 0, every is not below it")
    for column, values in found.values.items():
        if not values or not all(isinstance(one, str | int | float) for one in values):
            reader.wrong(f"{column} is {list(values)!r}; it is a text, a number, or a list of them")
    reader.done()
    return found
