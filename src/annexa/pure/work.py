"""What is open and what it would win: the work left on each control, and the requirements that wait for it.

A requirement is a set of clauses, each with the ways of meeting it; what a way needs and what work gives are bits of
one number, so that hundreds of orders can be tried in a moment.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from annexa.pure.posture import Verdict
from annexa.pure.standards import Control, Framework, Requirement

HALVES_AFTER_DAYS = 365
"""A requirement that binds in a year counts half of one that binds now, in two years a third, and so on."""

ALTERNATIVES = 16
"""How many ways of meeting one requirement are considered, the cheapest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Won:
    """A requirement that a step meets or moves nearer. `from_on` is its first day if it does not bind yet."""

    framework: str
    requirement: str
    title: str
    from_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """A requirement that no step can meet, and why not: a person has to decide, or the library has to cover it."""

    framework: str
    requirement: str
    title: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """After so many person-days, so many requirements are met, and so much of the weight of those to be won."""

    days: float
    met: int
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is left to do about one control. `gives` has a bit for its own work and one for each answer in the register
    of AI systems that the work supplies; another control may wait for the same answers."""

    control: Control
    verdict: Verdict
    systems_short: int
    effort: float
    gives: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One sufficient set as far as it is not there yet: the bits it waits for, and the controls that lack them."""

    needs: int
    lacks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A requirement that is not met and can be. `clauses`: in each of them one way has to be gone; a requirement of
    the organisation has one clause, a requirement of AI systems one for each situation that systems are in."""

    framework: Framework
    requirement: Requirement
    from_on: date | None
    weight: float
    clauses: tuple[tuple[Way, ...], ...]

    @property
    def won(self) -> Won:
        """As a step announces it."""
        one = self.requirement
        return Won(framework=self.framework.id, requirement=one.id, title=one.title, from_on=self.from_on)


@dataclass(frozen=True, kw_only=True)
class Work:
    """Everything that could be done and what it would win; jobs by control id, sorted."""

    jobs: Mapping[str, Job]
    goals: tuple[Goal, ...]
    unreachable: tuple[Unreachable, ...]
    met: int
    binding: tuple[tuple[date | None, int], ...]

    @cached_property
    def prizes(self) -> tuple["Prize", ...]:
        """Goals that are won by the same work, taken together."""
        found: dict[tuple[tuple[Way, ...], ...], list[Goal]] = {}
        for goal in self.goals:
            found.setdefault(goal.clauses, []).append(goal)
        return tuple(Prize.of(tuple(goals), clauses) for clauses, goals in found.items())

    @cached_property
    def touched(self) -> Mapping[str, tuple[int, ...]]:
        """For each job the places of the prizes that it moves."""
        return {
            control: tuple(place for place, prize in enumerate(self.prizes) if prize.all_needs & job.gives)
            for control, job in self.jobs.items()
        }

    @property
    def weight(self) -> float:
        """What all goals together weigh."""
        return sum(goal.weight for goal in self.goals)

    def wins(self, order: Sequence[str]) -> list[list[int]]:
        """For each step of an order the places of the prizes that it wins."""
        done, left, found = 0, set(range(len(self.prizes))), []
        for control in order:
            done |= self.jobs[control].gives
            won = [place for place in self.touched[control] if place in left and self.prizes[place].won_by(done)]
            left.difference_update(won)
            found.append(won)
        return found

    def serves(self, order: Sequence[str]) -> list[list[int]]:
        """For each step the places of the prizes it is done for: those it wins, and those won later by its work."""
        found: list[list[int]] = [[] for _ in order]
        first: dict[int, int] = {}
        done = 0
        for step, (control, won) in enumerate(zip(order, self.wins(order), strict=True)):
            gives = self.jobs[control].gives
            first.update(dict.fromkeys(bits(gives & ~done), step))
            done |= gives
            for place in won:
                for giver in sorted({first[bit] for bit in bits(self.prizes[place].gone(done))}):
                    found[giver].append(place)
        return found

    def curve(self, order: Sequence[str]) -> tuple[Point, ...]:
        """Where the organisation stands before the first step of an order and after each."""
        days, met, weight = 0.0, self.met, 0.0
        found = [Point(days=days, met=met, weight=weight)]
        for control, won in zip(order, self.wins(order), strict=True):
            days += self.jobs[control].effort
            met += sum(len(self.prizes[place].goals) for place in won)
            weight += sum(self.prizes[place].weight for place in won)
            found.append(Point(days=round(days, 6), met=met, weight=weight))
        return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Prize:
    """Goals with the same clauses. `clauses` hold the bits alone, for speed; `ways` the controls to do for all."""

    goals: tuple[Goal, ...]
    weight: float
    clauses: tuple[tuple[int, ...], ...]
    ways: tuple[frozenset[str], ...]
    all_needs: int

    @staticmethod
    def of(goals: tuple[Goal, ...], clauses: tuple[tuple[Way, ...], ...]) -> "Prize":
        """The goals as one."""
        all_needs = 0
        for clause in clauses:
            for way in clause:
                all_needs |= way.needs
        return Prize(
            goals=goals,
            weight=sum(goal.weight for goal in goals),
            clauses=tuple(tuple(way.needs for way in clause) for clause in clauses),
            ways=combined(clauses),
            all_needs=all_needs,
        )

    def won_by(self, done: int) -> bool:
        """Whether that much work wins it."""
        missing = ~done
        for clause in self.clauses:  # asked a million times for one page; generators would take thrice as long
            for needs in clause:
                if not needs & missing:
                    break
            else:
                return False
        return True

    def gone(self, done: int) -> int:
        """The bits of the ways by which that work wins it."""
        found = 0
        for clause in self.clauses:
            found |= next(needs for needs in clause if not needs & ~done)
        return found


def urgency(from_on: date | None, start: date) -> float:
    """How much a requirement counts by the day from which it binds: 1 if it binds, half in a year, a third in two."""
    ahead = (from_on - start).days if from_on is not None else 0
    return HALVES_AFTER_DAYS / (HALVES_AFTER_DAYS + max(ahead, 0))


def combined(clauses: tuple[tuple[Way, ...], ...]) -> tuple[frozenset[str], ...]:
    """The sets of controls that go one way in every clause: none holds another, the smallest first."""
    found: list[frozenset[str]] = [frozenset()]
    for clause in clauses:
        joined = {one | frozenset(way.lacks) for one in found for way in clause}
        smallest = [one for one in joined if not any(other < one for other in joined)]
        found = sorted(smallest, key=lambda one: (len(one), sorted(one)))[:ALTERNATIVES]
    return tuple(found)


def bits(mask: int) -> Iterable[int]:
    """The single bits of a mask, the lowest first."""
    while mask:
        yield mask & -mask
        mask &= mask - 1
