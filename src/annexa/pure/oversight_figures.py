"""How human oversight works: how much is overridden, how long people look, and what was approved too fast to be read.

Too few decisions say nothing: a share of fewer than `ENOUGH` is not told as one.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import TypeVar

from annexa.pure.oversight import Decision

ENOUGH = 10
"""From so many decisions on a share is told, and warned of."""
FASTEST_SIGNS = 60
"""Signs a second beyond which nobody reads: some four times as fast as people read."""
NEVER_OVERRIDDEN = 50
"""From so many decisions on it is a warning if not one of them was overridden or stopped."""
FAST_SHARE = 0.1
"""From this share on approvals that were too fast are a warning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One decision of one person, as figures count it. `signs`: how much there was to read; `least_seconds`: the least
    that the owner of the system expects anybody to look."""

    system: str
    by: int
    decision: Decision
    seconds: int
    signs: int
    least_seconds: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Decisions summed up. `median_seconds`: None without any. `too_fast`: approvals faster than anybody reads."""

    decisions: int
    overridden: int
    stopped: int
    too_fast: int
    median_seconds: float | None

    @property
    def override_rate(self) -> float | None:
        """The share that was overridden or stopped; None where too few were decided to say."""
        return (self.overridden + self.stopped) / self.decisions if self.decisions >= ENOUGH else None

    @property
    def override_percent(self) -> int | None:
        """The same in whole per cent."""
        return None if self.override_rate is None else round(100 * self.override_rate)

    @property
    def fast_rate(self) -> float | None:
        """The share of approvals that were too fast; None where too few were approved to say."""
        approved = self.decisions - self.overridden - self.stopped
        return self.too_fast / approved if approved >= ENOUGH else None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Signs of automation bias, in sentences. Source: Regulation (EU) 2024/1689 Art. 14(4)(b)."""
        found = []
        if self.fast_rate is not None and self.fast_rate >= FAST_SHARE:
            found.append(f"{self.too_fast:,} of the approvals came faster than anybody can read.")
        if self.decisions >= NEVER_OVERRIDDEN and self.overridden + self.stopped == 0:
            found.append(f"Not one of {self.decisions:,} decisions was overridden or stopped.")
        return tuple(found)


def too_fast(one: Told) -> bool:
    """Whether an approval came faster than what there was to read can be read."""
    return one.decision == "approved" and one.seconds < max(one.least_seconds, one.signs / FASTEST_SIGNS)


def figures(told: Iterable[Told]) -> Figures:
    """Decisions summed up."""
    found = tuple(told)
    return Figures(
        decisions=len(found),
        overridden=sum(one.decision == "overridden" for one in found),
        stopped=sum(one.decision == "stopped" for one in found),
        too_fast=sum(too_fast(one) for one in found),
        median_seconds=median(one.seconds for one in found) if found else None,
    )


K = TypeVar("K", bound=Hashable)


def by(told: Iterable[Told], key: Callable[[Told], K]) -> Mapping[K, Figures]:
    """The same for each of something, such as for each system."""
    parts: dict[K, list[Told]] = {}
    for one in told:
        parts.setdefault(key(one), []).append(one)
    return {name: figures(part) for name, part in parts.items()}


def weeks(told: Iterable[Told], *, last: date, count: int) -> tuple[tuple[date, Figures], ...]:
    """The figures of the last so many weeks by their Monday, the oldest first; weeks without a decision too."""
    monday = last - timedelta(days=last.weekday())
    found = by(told, lambda one: one.at.date() - timedelta(days=one.at.date().weekday()))
    days = [monday - timedelta(weeks=back) for back in reversed(range(count))]
    return tuple((day, found.get(day) or figures(())) for day in days)
