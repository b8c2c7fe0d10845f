"""The shortest path: which control to see to next, so that the most binding requirements are met soonest per effort.

A step makes one control effective wherever it is judged: builds it, proves it, renews what has expired, mends what
fails. What it wins is read from the engine's own proofs, so a path announces exactly what the engine will say.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from types import MappingProxyType

from annexa.pure.order import GAIN, best_order, due_on, in_time
from annexa.pure.posture import Engine, Verdict
from annexa.pure.standards import Control
from annexa.pure.work import Job, Point, Unreachable, Won, Work
from annexa.pure.work_ahead import Counts, Risk, listed, work_ahead

CAPACITY = 5.0
"""Person-days a week if nobody says otherwise: one person's week."""

MOST_CAPACITY = 1_000.0
"""The greatest capacity that is believed; beyond it every step would end today."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One control made effective: what remains to be done, what that wins, and why now.

    `verdict_before` is the worst where it is judged, `systems_short` the number of AI systems in which it is not
    effective. `cumulative_days` includes this step. `serves_on` is the first day of the earliest requirement ahead
    that the step serves; `late` says that `due_on` lies after it because the capacity does not allow more.
    """

    number: int
    control: Control
    verdict_before: Verdict
    systems_short: int
    effort_days: float
    cumulative_days: float
    wins: tuple[Won, ...]
    helps: tuple[Won, ...]
    because: str
    owner_role: str
    due_on: date
    serves_on: date | None
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The order of work. `curve` starts before the first step and has a point after each.

    `met` are met already; `reachable` can still be won; `unreachable` cannot be met by any step. `binding` counts,
    as a posture does, what is applicable by the day from which it binds (None: today). `left_out` counts steps cut off
    by `limit` or `by`.
    """

    start: date
    steps: tuple[Step, ...]
    curve: tuple[Point, ...]
    unreachable: tuple[Unreachable, ...]
    met: int
    reachable: int
    binding: tuple[tuple[date | None, int], ...]
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnPoint:
    """One day of a burn-up chart: what is met by then if the path is followed, what binds by then, and all there is."""

    on: date
    met: int
    binding: int
    total: int


def path(
    engine: Engine,
    frameworks: Mapping[str, float] | Iterable[str],
    *,
    start: date,
    capacity_days_per_week: float = CAPACITY,
    limit: int | None = None,
    by: date | None = None,
    risk: Risk | None = None,
    counts: Counts | None = None,
) -> Path:
    """The order of work that meets the most binding requirements of these frameworks soonest per effort.

    `frameworks`: the adopted ones, with a weight each if they do not count alike. A requirement that two frameworks
    make counts in both. `capacity_days_per_week` is in person-days. `by`: what binds only after that day is left
    aside, and steps that would end after it are cut off. `counts`: of all AI systems, where the engine holds only some
    that stand for them. Raises KeyError for an unknown framework and ValueError for
    a capacity that is not above 0.
    """
    if capacity_days_per_week <= 0:
        raise ValueError(f"A capacity of {capacity_days_per_week} days a week gets nothing done; state one above 0.")
    work = work_ahead(engine, frameworks, start=start, by=by, risk=risk, counts=counts)
    order = in_time(work, best_order(work), start=start, capacity_days_per_week=capacity_days_per_week)
    return _told(work, order, start=start, capacity=capacity_days_per_week, limit=limit, by=by)


def burn_up(path: Path) -> tuple[BurnPoint, ...]:
    """The chart of a path: one point for its start, for each day on which steps end, and each on which duties begin."""
    total = sum(count for _, count in path.binding)
    met = {path.start: path.met} | {
        step.due_on: point.met for step, point in zip(path.steps, path.curve[1:], strict=True)
    }
    starts = [day for day, _ in path.binding if day is not None and day > path.start]
    found, reached = [], path.met
    for day in sorted({*met, *starts}):
        reached = met.get(day, reached)
        binding = sum(count for first, count in path.binding if first is None or first <= day)
        found.append(BurnPoint(on=day, met=reached, binding=binding, total=total))
    return tuple(found)


def _told(
    work: Work, order: Sequence[str], *, start: date, capacity: float, limit: int | None, by: date | None
) -> Path:
    """The steps with what they win, when they are due and why."""
    curve = work.curve(order)
    due = [due_on(start, point.days, capacity) for point in curve[1:]]
    shown = sum(by is None or day <= by for day in due)
    shown = shown if limit is None else min(shown, max(limit, 0))
    telling = _Telling(work=work, order=tuple(order), start=start, capacity=capacity, curve=curve, due=tuple(due))
    return Path(
        start=start,
        steps=tuple(telling.step(place) for place in range(shown)),
        curve=curve[: shown + 1],
        unreachable=work.unreachable,
        met=work.met,
        reachable=len(work.goals),
        binding=work.binding,
        left_out=len(order) - shown,
    )


@dataclass(frozen=True, kw_only=True)
class _Telling:
    """An order and its dates, on the way into steps and sentences. Lives only for one path."""

    work: Work
    order: tuple[str, ...]
    start: date
    capacity: float
    curve: tuple[Point, ...]
    due: tuple[date, ...]

    @cached_property
    def wins(self) -> list[list[int]]:
        """For each step the places of the prizes it wins."""
        return self.work.wins(self.order)

    @cached_property
    def serves(self) -> list[list[int]]:
        """For each step the places of the prizes it is done for, in the order in which they are won."""
        return self.work.serves(self.order)

    @cached_property
    def won_at(self) -> Mapping[int, int]:
        """At which step each prize is won."""
        return {prize: place for place, won in enumerate(self.wins) for prize in won}

    def step(self, place: int) -> Step:
        """One step with its reasons."""
        job = self.work.jobs[self.order[place]]
        won = self._named(self.wins[place])
        helps = self._named(p for p in self.work.touched[self.order[place]] if self.won_at[p] > place)
        ahead = [
            goal.from_on
            for prize in self.serves[place]
            for goal in self.work.prizes[prize].goals
            if goal.from_on is not None and goal.from_on > self.start
        ]
        serves_on = min(ahead, default=None)
        sentences = (
            _state(job),
            self._winning(place, won) if won else self._leading(place),
            f"It moves {_tally(helps)} nearer." if won and helps else "",
            self._dated(place, serves_on) if serves_on is not None else "",
        )
        return Step(
            number=place + 1,
            control=job.control,
            verdict_before=job.verdict,
            systems_short=job.systems_short,
            effort_days=job.effort,
            cumulative_days=self.curve[place + 1].days,
            wins=won,
            helps=helps,
            because=" ".join(sentence for sentence in sentences if sentence),
            owner_role=job.control.owner_role,
            due_on=self.due[place],
            serves_on=serves_on,
            late=serves_on is not None and self.due[place] > serves_on,
        )

    def _moved_up(self, place: int) -> bool:
        """Whether what follows wins more per day and does not rest on this step."""
        rate, then = self._best_rate(place), self._best_rate(place + 1)
        if rate is None or then is None or then <= rate + GAIN:
            return False
        following = next(won for won in self.wins[place + 1 :] if won)
        return not set(following) & set(self.serves[place])

    def _named(self, prizes: Iterable[int]) -> tuple[Won, ...]:
        found = [goal.won for prize in prizes for goal in self.work.prizes[prize].goals]
        return tuple(sorted(found, key=lambda won: (won.framework, won.requirement)))

    def _best_rate(self, place: int) -> float | None:
        """The most that the work from a step on wins per day, up to whichever step; None if nothing is left to win."""
        before, found = self.curve[place], 0.0
        for point in self.curve[place + 1 :]:
            found = max(found, (point.weight - before.weight) / (point.days - before.days))
        return found or None

    def _winning(self, place: int, won: tuple[Won, ...]) -> str:
        """What a step wins, how much that is for a day of work, and how much what follows wins."""
        job, then = self.work.jobs[self.order[place]], self._best_rate(place + 1)
        rate = (self.curve[place + 1].weight - self.curve[place].weight) / job.effort
        after = f", and {then:.2f} for the work that follows" if then is not None else ""
        return f"It meets {_tally(won)}; weighed by date and risk that is {rate:.2f} for a day of work{after}."

    def _leading(self, place: int) -> str:
        """What a step that wins nothing by itself is done for."""
        last = self.won_at[self.serves[place][0]]
        served = self._named(prize for prize in self.serves[place] if self.won_at[prize] == last)
        days = _days(self.curve[last + 1].days - self.curve[place].days)
        through = f"step {last + 1} ({self.order[last]})"
        return (
            f"It meets nothing by itself; with what follows up to {through}, {days} in all, it meets {_tally(served)}."
        )

    def _dated(self, place: int, serves_on: date) -> str:
        """The first date in law ahead that a step serves, and whether it is kept."""
        day, due = serves_on.isoformat(), self.due[place]
        if due > serves_on:
            after = _count((due - serves_on).days, "day")
            return (
                f"At {_days(self.capacity)} a week it ends {after} after {day}, when the first of what it serves binds."
            )
        if self._moved_up(place):
            return f"It goes before work that wins more a day, because the first of what it serves binds from {day}."
        return f"The first of what it serves that does not bind yet binds from {day}."


_LEFT: Mapping[Verdict, str] = MappingProxyType(
    {
        Verdict.ABSENT: "has to be built",
        Verdict.PLANNED: "is planned and has to be carried out",
        Verdict.UNPROVEN: "is in place and has to be proven",
        Verdict.FAILING: "fails and has to be mended",
        Verdict.STALE: "has evidence that ran out and has to be renewed",
    }
)


def left(verdict: Verdict) -> str:
    """What has to be done about a control with this verdict, as the end of a sentence; "" for an effective one."""
    return _LEFT.get(verdict, "")


def _state(job: Job) -> str:
    where = f" in {_count(job.systems_short, 'AI system')}" if job.systems_short else ""
    return f"{job.control.id} {_LEFT[job.verdict]}{where}: {_days(job.effort)}."


def _tally(won: tuple[Won, ...]) -> str:
    """How many requirements in which frameworks; a few are named."""
    if len(won) <= 2:
        return listed([f"{one.requirement} ({one.framework})" for one in won])
    by_framework = sorted(Counter(one.framework for one in won).items())
    if len(by_framework) == 1:
        return f"{len(won):,} requirements of {won[0].framework}"
    return f"{len(won):,} requirements ({listed([f'{count} of {name}' for name, count in by_framework])})"


def _days(days: float) -> str:
    shown = f"{days:,.2f}".rstrip("0").rstrip(".")
    return f"{shown} day" if shown == "1" else f"{shown} days"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
