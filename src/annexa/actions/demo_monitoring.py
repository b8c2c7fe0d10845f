"""What watches AI systems of the demo: monitors turned on, baselines frozen, runs over the last three weeks.

What they find follows from what the systems did (`demo_activity`): incomes in the scores fell, so drift is an open
breach; on one day the assistant was slow, which it is no more.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from importlib.util import find_spec
from typing import Any, Final

from annexa.actions.demo_activity import ASSISTANT, DAYS, SCORE, SCREENING
from annexa.actions.monitoring import choose_monitors, freeze_baseline, run_monitors
from annexa.actions.people import actor_of
from annexa.records.people import Person

BEGUN: Final = 18
"""Days ago on which monitors were turned on, and baselines frozen over the time before."""
RUNS: Final = (17, 16, 15, 14, 13, 12, 11, 10, 9, 6, 1)
"""Days ago on whose evenings they ran; a running server does it more often. What is usual takes eight that passed."""
CHOSEN: Final[Mapping[str, tuple[str, ...]]] = {
    ASSISTANT: ("errors", "latency", "output-length", "refusals"),
    SCORE: ("input-drift", "prediction-drift"),
    SCREENING: ("overrides",),
}
FROZEN: Final = ((SCORE, "input-drift"), (SCORE, "prediction-drift"), (ASSISTANT, "output-length"))
LINES: Final = {"latency": {"warn": 3_000.0, "fail": 5_000.0}}
WHY: Final[Mapping[str, str]] = {
    ASSISTANT: "It speaks with customers all day, and nobody reads along",
    SCORE: "What is offered to whom rests on incomes, and these change",
    SCREENING: "People decide on its word; we want to see whether they still do",
}


@dataclass(frozen=True, kw_only=True)
class MonitoringPlay:
    """Has the systems watched. `by`: who is responsible, by the id of the story."""

    people: Mapping[str, Person]
    now: datetime
    by: str

    def turns(self) -> Iterator[tuple[datetime, Callable[[datetime], object]]]:
        """What is done, and when. Nothing, where what the activity log needs is not installed."""
        if find_spec("pyarrow") is None:
            return
        for number, system in enumerate(CHOSEN):
            yield self._evening(BEGUN, number), partial(self.choose, system)
        for number, (system, monitor) in enumerate(FROZEN):
            yield self._evening(BEGUN, 5 + number), partial(self.freeze, system, monitor)
        for ago in RUNS:
            systems = tuple(CHOSEN) if ago == RUNS[-1] else (ASSISTANT, SCORE)
            yield self._evening(ago, 30), partial(self.look, systems)

    def _evening(self, ago: int, minute: int) -> datetime:
        return (self.now - timedelta(days=ago)).replace(hour=20, minute=minute, second=0, microsecond=0)

    def _acts(self, now: datetime) -> dict[str, Any]:
        person = self.people[self.by]
        return {"actor": actor_of(person), "person": person, "now": now}

    def choose(self, system: str, now: datetime) -> None:
        """Turns monitors on, with lines of the organisation's own where it has some."""
        chosen = CHOSEN[system]
        lines = {name: LINES[name] for name in chosen if name in LINES}
        choose_monitors(system=system, chosen=chosen, on=True, because=WHY[system], thresholds=lines, **self._acts(now))

    def freeze(self, system: str, monitor: str, now: datetime) -> None:
        """Freezes what was usual until then."""
        begin = (now - timedelta(days=DAYS - BEGUN)).replace(hour=0, minute=0)
        freeze_baseline(
            system=system, monitor=monitor, since=begin, until=now.replace(hour=0, minute=0),
            because="Weeks in which nobody complained", **self._acts(now),
        )  # fmt: skip

    def look(self, systems: tuple[str, ...], now: datetime) -> None:
        """Runs what is on; what the suppliers of screening send tells nothing yet, so that once is enough."""
        run_monitors(now=now, systems=systems, due=False)
