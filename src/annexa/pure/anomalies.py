"""What is unusual about how much a system is used, by whom, when, how fast and how well: decisions over counts.

Everything here takes sums that any engine can give, and answers with a value or with "not enough to tell".

Season. Use follows the week: a Monday at nine is compared with other Mondays at nine. Each of the 168 hours has its
median and its spread over past weeks; the robust z of an hour is (now − median) / spread, where the spread is 1.4826
times the median absolute deviation, the standard deviation of a normal distribution. A few wild hours in the past do
not move either. Hours are hours of UTC. Source: B. Iglewicz and D. C. Hoaglin, How to Detect and Handle Outliers,
1993.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from statistics import median
from typing import Final

from annexa.pure.distributions import wilson

HOURS: Final = 168
LEAST_WEEKS: Final = 4
"""Weeks a season needs: with fewer, one odd week is half of what is known."""
AS_NORMAL: Final = 1.4826
"""Makes the median absolute deviation of a normal distribution its standard deviation."""
RELATIVE_FLOOR: Final = 0.05
"""The spread is never less than this part of the median: what is always the same would else alarm at any change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A value and what it was held against; None, and why, where there is not enough to tell.

    `n`: how much was looked at. `at`, `who`: the hour, or whom or what, it is about.
    """

    value: float | None
    n: int
    expected: float | None = None
    interval: tuple[float, float] | None = None
    at: datetime | None = None
    who: tuple[str, ...] = ()
    because: str = ""


# --- season


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One hour of the week: middle and spread over `weeks` weeks."""

    middle: float
    spread: float
    weeks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """What each hour of the week is usually like, Monday 00:00 UTC first; `weeks`: how many were looked at."""

    slots: tuple[Slot, ...]
    weeks: int


def season(hours: Mapping[datetime, float], since: datetime, until: datetime, *, counts: bool = True) -> Season:
    """The usual week from past hours. `since`, `until`: the past looked at, whole hours; an hour without a value had 0.

    `counts`: whether these are numbers of events, whose spread chance alone keeps above the root of their middle.
    """
    found: list[list[float]] = [[] for _ in range(HOURS)]
    hour = since
    while hour < until:
        found[hour_of_week(hour)].append(float(hours.get(hour, 0)))
        hour += timedelta(hours=1)
    slots = tuple(_slot(values, counts=counts) for values in found)
    return Season(slots=slots, weeks=min(len(values) for values in found))


def _slot(values: Sequence[float], *, counts: bool) -> Slot:
    if not values:
        return Slot(middle=0.0, spread=0.0, weeks=0)
    middle = median(values)
    spread = AS_NORMAL * median(abs(one - middle) for one in values)
    floor = max(RELATIVE_FLOOR * abs(middle), math.sqrt(max(middle, 1.0)) if counts else 0.0)
    return Slot(middle=middle, spread=max(spread, floor), weeks=len(values))


def hour_of_week(at: datetime) -> int:
    """0 for Monday from 00:00 to 01:00, to 167."""
    return at.weekday() * 24 + at.hour


def against_season(
    hours: Mapping[datetime, float], usual: Season, since: datetime, until: datetime, *, down: bool = False
) -> Found:
    """The hour furthest above (with `down`: below) what is usual then, as robust z; 0 or less if none is.

    An hour without a value had 0. `because`: fewer than four weeks are known. z is infinite where nothing ever
    happened at that hour and the season knows no spread.
    """
    if usual.weeks < LEAST_WEEKS:
        return Found(value=None, n=usual.weeks, because=f"{usual.weeks} weeks are known; {LEAST_WEEKS} are needed.")
    worst, hour, looked = Found(value=None, n=0, because="There is no whole hour in the window."), since, 0
    while hour < until:
        slot, now = usual.slots[hour_of_week(hour)], float(hours.get(hour, 0))
        z = _z(slot.middle - now if down else now - slot.middle, slot.spread)
        looked += 1
        if worst.value is None or z > worst.value:
            worst = Found(value=z, n=looked, expected=slot.middle, at=hour)
        hour += timedelta(hours=1)
    return Found(value=worst.value, n=looked, expected=worst.expected, at=worst.at, because=worst.because)


def _z(distance: float, spread: float) -> float:
    if spread > 0:
        return distance / spread
    return 0.0 if distance == 0 else math.copysign(math.inf, distance)


def silence(last_at: datetime | None, now: datetime, usual: Season | None = None) -> Found:
    """For how many hours a source has said nothing; with its season, how many events it should have sent meanwhile.

    A source that never spoke is not silent but unknown: not enough to tell. `expected` sums the medians of the hours
    since, the running ones by their part: chance alone gives nothing where k were expected once in e^k.
    """
    if last_at is None:
        return Found(value=None, n=0, because="The source has never sent anything.")
    hours = max(0.0, (now - last_at) / timedelta(hours=1))
    if usual is None or usual.weeks < LEAST_WEEKS:
        return Found(value=hours, n=1, at=last_at)
    expected, at = 0.0, last_at
    whole, rest = divmod(max(0.0, (now - last_at) / timedelta(hours=1)), HOURS)
    expected += whole * sum(slot.middle for slot in usual.slots)
    end = last_at + timedelta(hours=rest)
    while at < end:
        following = min(end, at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1))
        expected += usual.slots[hour_of_week(at)].middle * ((following - at) / timedelta(hours=1))
        at = following
    return Found(value=hours, n=1, expected=expected, at=last_at)


# --- shares and quantiles


def rate(hits: int, of: int, *, minimum: int) -> Found:
    """A share with Wilson's interval: of errors, refusals, leaks, overrides, quick reviews, whatever was counted."""
    if of < max(1, minimum):
        return Found(value=None, n=of, because=f"{of} events count; at least {max(1, minimum)} are needed.")
    return Found(value=hits / of, n=of, interval=wilson(hits, of))


LATENCY_EDGES: Final = tuple(round(1.1**step, 6) for step in range(146))
"""In milliseconds, from 1 to about 17 minutes, each a tenth above the one before: a quantile is known to a tenth."""


def quantile(counts: Sequence[int], edges: Sequence[float], share: float, *, minimum: int) -> Found:
    """A quantile from counts between edges: the value below which `share` of all lie, as the upper end of its bin.

    `counts`: of [.., e0), [e0, e1) … [en, ..), one more than edges. The interval is the bin it lies in, so its error is
    stated; no engine has to sort. In the last bin, which is open, the value is infinite.
    """
    n = sum(counts)
    if n < max(1, minimum):
        return Found(value=None, n=n, because=f"{n} events count; at least {max(1, minimum)} are needed.")
    target = max(1, math.ceil(share * n))
    place = next(place for place, seen in enumerate(accumulate(counts)) if seen >= target)
    low = edges[place - 1] if place else 0.0
    high = edges[place] if place < len(edges) else math.inf
    return Found(value=high, n=n, interval=(low, high))


# --- access


def new_names(now: Mapping[str, int], known: Iterable[str], *, minimum_known: int = 1) -> Found:
    """Who was never seen before, the busiest first; the value is how many. Nobody known is not enough to tell."""
    before = set(known)
    if len(before) < max(1, minimum_known):
        because = f"{len(before)} names are known; {max(1, minimum_known)} are needed."
        return Found(value=None, n=len(before), because=because)
    new = sorted((name for name in now if name not in before), key=lambda name: (-now[name], name))
    return Found(value=float(len(new)), n=len(now), who=tuple(new))


def odd_hours(
    now: Mapping[tuple[str, int], int], past: Mapping[tuple[str, int], int], *, minimum: int, rare: float = 0.01
) -> Found:
    """What share of the window's events came at hours of the week that were rare in the past; who caused them.

    Counts by (name, hour of the week). An hour is rare for a name if less than `rare` of its past events lie in it or
    in the hours next to it. Names with fewer than `minimum` past events are compared with everybody's hours.
    """
    everybody = _by_hour(past.items())
    total = sum(everybody.values())
    if total < max(1, minimum):
        return Found(value=None, n=total, because=f"{total} past events are known; at least {minimum} are needed.")
    own: dict[str, dict[int, int]] = {}
    for (name, hour), n in past.items():
        own.setdefault(name, {})[hour] = n
    odd: dict[str, int] = {}
    for (name, hour), n in now.items():
        hours = own.get(name, {})
        usual = hours if sum(hours.values()) >= minimum else everybody
        if _around(usual, hour) < rare * sum(usual.values()):
            odd[name] = odd.get(name, 0) + n
    of = sum(now.values())
    if not of:
        return Found(value=None, n=0, because="There are no events in the window.")
    who = tuple(sorted(odd, key=lambda name: (-odd[name], name)))
    hits = sum(odd.values())
    return Found(value=hits / of, n=of, interval=wilson(hits, of), who=who)


def _by_hour(items: Iterable[tuple[tuple[str, int], int]]) -> dict[int, int]:
    found: dict[int, int] = {}
    for (_, hour), n in items:
        found[hour] = found.get(hour, 0) + n
    return found


def _around(hours: Mapping[int, int], hour: int) -> int:
    return sum(hours.get((hour + step) % HOURS, 0) for step in (-1, 0, 1))


def bulk(
    now: Mapping[tuple[str, datetime], float], past: Mapping[tuple[str, datetime], float], *, minimum: int
) -> Found:
    """The busiest hour of one name as a multiple of what was most in the past, its own or everybody's.

    Values by (name, hour). A name that was never seen, or was busy in fewer than `minimum` hours, is compared with the
    99th percentile of all busy hours of all names. `who`: the names above 1, the furthest first.
    """
    every = sorted(past.values())
    if len(every) < max(1, minimum):
        because = f"{len(every)} busy hours are known; at least {minimum} are needed."
        return Found(value=None, n=len(every), because=because)
    common = max(every[math.ceil(0.99 * len(every)) - 1], 1.0)
    most: dict[str, list[float]] = {}
    for (name, _), n in past.items():
        most.setdefault(name, []).append(n)
    worst: dict[str, tuple[float, datetime]] = {}
    for (name, hour), n in now.items():
        own = most.get(name, [])
        times = n / (max(*own, 1.0) if len(own) >= minimum else common)
        if name not in worst or times > worst[name][0]:
            worst[name] = (times, hour)
    if not worst:
        return Found(value=0.0, n=0)
    order = sorted(worst, key=lambda name: (-worst[name][0], name))
    return Found(
        value=worst[order[0]][0], n=len(now), at=worst[order[0]][1],
        who=tuple(name for name in order if worst[name][0] > 1),
    )  # fmt: skip


def unapproved(
    changes: Sequence[tuple[datetime, str]], approvals: Mapping[str, Sequence[tuple[datetime, datetime | None]]]
) -> Found:
    """Retraining, deployment and configuration changes that no gate had approved; the value is how many.

    `changes`: when, and to what version. `approvals`: of each version, from when to before when it is approved
    (None: it still is). A change that names no version can have no approval.
    """
    without = [
        (at, version) for at, version in changes
        if not any(since <= at and (until is None or at < until) for since, until in approvals.get(version, ()))
    ]  # fmt: skip
    first = min(without, default=None)
    who = tuple(sorted({version or "no version named" for _, version in without}))
    return Found(value=float(len(without)), n=len(changes), at=first[0] if first else None, who=who)
