"""What a monitor finds once its values are held against its lines, with one sentence for people."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from annexa.pure.monitor_words import column_words, line_words, measure_words, value_words
from annexa.pure.monitors import Monitor, Outcome, Reading, Value

ORDER: Final = tuple(Outcome)


def reading(
    monitor: Monitor,
    values: Sequence[Value],
    *,
    since: datetime,
    until: datetime,
    baseline: str = "",
    because: str = "",
) -> Reading:
    """Holds each value against the thresholds; the worst of them is what the monitor finds."""
    held = tuple(_held(monitor, one) for one in values)
    outcome = min((one.outcome for one in held), key=ORDER.index, default=Outcome.NOT_ENOUGH)
    return Reading(
        monitor=monitor.id,
        outcome=outcome,
        since=since,
        until=until,
        baseline=baseline,
        values=held,
        because=because or _because(monitor, held, outcome),
    )


def _held(monitor: Monitor, one: Value) -> Value:
    outcome = Outcome.NOT_ENOUGH
    if one.value is not None and not math.isnan(one.value):
        crossed = {threshold.level for threshold in monitor.thresholds if threshold.crossed(one.value)}
        outcome = Outcome.FAIL if "fail" in crossed else Outcome.WARN if "warn" in crossed else Outcome.PASS
    return Value(
        of=one.of, value=one.value, n=one.n, outcome=outcome, interval=one.interval, expected=one.expected, at=one.at,
        who=one.who, because=one.because,
    )  # fmt: skip


def _because(monitor: Monitor, values: Sequence[Value], outcome: Outcome) -> str:
    if not values:
        return "There is nothing to look at: none of the columns is there."
    same = [one for one in values if one.outcome is outcome]
    first, others = same[0], len(same) - 1
    if outcome is Outcome.NOT_ENOUGH:
        return first.because + (f" The same holds of {others} more." if others else "")
    found = _found(monitor, first)
    if outcome is Outcome.PASS:
        return f"{found}{f'; all {len(same)} are within their thresholds' if others else ''}."
    level = "fail" if outcome is Outcome.FAIL else "warn"
    line = next(
        one for one in monitor.thresholds if one.level == level and first.value is not None and one.crossed(first.value)
    )
    more = f"; so {'is' if others == 1 else 'are'} {others} more" if others else ""
    return f"{found}, {line_words(monitor, line)}{more}. {line.because}"


def _found(monitor: Monitor, one: Value) -> str:
    """A value with its unit, what it is of and over how many: "Feature income: 0.359 PSI over 257"."""
    said = value_words(monitor, one.value)
    if monitor.measure == "share":
        return f"{said} of {one.n:,} events"
    of = column_words(one.of)
    return f"{of[:1].upper()}{of[1:]}: {said} {measure_words(monitor)} over {one.n:,}"
