"""The order of work that leaves the least weight of requirements unmet over time.

A heuristic, measured in bench/path.py: the set of controls that wins most per day comes first, counting what earlier
steps already did; then neighbouring steps change places as long as that wins more, sooner; then steps move up to keep
dates in law that would be missed, if that costs little.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from math import ceil

from annexa.pure.work import Work

REACH = 4
"""Within how many neighbouring steps the order is tried out."""

ROUNDS = 4
"""How often, at most, the whole order is gone through for a better one."""

PATIENCE = 0.02
"""By how much, at most, requirements may wait longer in all so that dates in law are kept."""

GAIN = 1e-9
"""A change of order below this is none; it keeps rounding from deciding."""


def best_order(work: Work) -> tuple[str, ...]:
    """Control ids in the order in which to do them; every goal is won by the end, and nothing superfluous is in it."""
    search = _Search(work)
    return tuple(search.needed(search.improved(search.needed(search.greedy()))))


def in_time(work: Work, order: Sequence[str], *, start: date, capacity_days_per_week: float) -> tuple[str, ...]:
    """The order with steps moved up where a date in law would be missed and can be kept.

    The earliest date first. A move is made if less weight of requirements is late by it, and all requirements
    together wait at most `PATIENCE` longer than in the order given.
    """
    search, kept = _Search(work), list(order)
    first = Timing.of(work, kept, start, capacity_days_per_week)
    dated = [
        (goal.from_on, place)
        for place, prize in enumerate(work.prizes)
        for goal in prize.goals
        if goal.from_on is not None and goal.from_on > start
    ]
    timing = first
    for from_on, place in sorted(set(dated)):
        room = (from_on - start).days * capacity_days_per_week / 7
        if timing.won_after[place] <= room:
            continue
        moved = search.moved_up(kept, place, room)
        if moved is None:
            continue
        other = Timing.of(work, moved, start, capacity_days_per_week)
        if other.late < timing.late - GAIN and other.waits <= first.waits * (1 + PATIENCE):
            kept, timing = moved, other
    return tuple(search.needed(kept))


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """After how many person-days each prize is won, how long all wait by weight, and the weight that is late."""

    won_after: Mapping[int, float]
    waits: float
    late: float

    @staticmethod
    def of(work: Work, order: Sequence[str], start: date, capacity: float) -> "Timing":
        """The timing of an order at a capacity in person-days a week."""
        days, late, won_after = 0.0, 0.0, {}
        for control, won in zip(order, work.wins(order), strict=True):
            days += work.jobs[control].effort
            for place in won:
                won_after[place] = days
                ahead = [g for g in work.prizes[place].goals if g.from_on is not None and g.from_on > start]
                ends = due_on(start, days, capacity) if ahead else start
                late += sum(goal.weight for goal in ahead if goal.from_on is not None and ends > goal.from_on)
        waits = sum(work.prizes[place].weight * after for place, after in won_after.items())
        return Timing(won_after=won_after, waits=waits, late=late)


def due_on(start: date, days: float, capacity: float) -> date:
    """The day on which so many person-days are done at a capacity in person-days a week."""
    return start + timedelta(days=ceil(round(days / capacity * 7, 6)))


class _Search:
    """Looks for the order of work with the least weight unmet over time. Lives only for one path."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.effort = {control: job.effort for control, job in work.jobs.items()}
        self.gives = {control: job.gives for control, job in work.jobs.items()}
        self.weights = [prize.weight for prize in work.prizes]
        ways = {way for prize in work.prizes for way in prize.ways if all(c in work.jobs for c in way)}
        self.bundles = sorted((tuple(sorted(way)) for way in ways if way), key=lambda way: (len(way), way))

    def greedy(self) -> list[str]:
        """Bundles by what they win per day, each counted as far as it is not done when its turn comes."""
        order: list[str] = []
        left, done = set(range(len(self.weights))), 0
        rates: list[tuple[float, tuple[str, ...]] | None] = [None] * len(self.bundles)
        while left:
            for place, bundle in enumerate(self.bundles):
                if rates[place] is None:
                    rates[place] = self._rate(bundle, done, left)
            rate, chosen = max((rate for rate in rates if rate), key=lambda one: one[0], default=(0.0, ()))
            if rate <= 0:
                return [*order, *(control for control in self.work.jobs if control not in order)]
            arranged = self._arranged(chosen, done, left)
            order += arranged
            moved: set[int] = set()
            for control in arranged:
                done |= self.gives[control]
                moved.update(self.work.touched[control])
            left -= {place for place in moved if self.work.prizes[place].won_by(done)}
            self._forget(rates, moved)
        return order

    @cached_property
    def _moved_by(self) -> list[frozenset[int]]:
        """For each bundle the prizes that its jobs touch."""
        return [frozenset(p for c in bundle for p in self.work.touched[c]) for bundle in self.bundles]

    def _forget(self, rates: list[tuple[float, tuple[str, ...]] | None], moved: set[int]) -> None:
        """A bundle is weighed anew only if a prize it touches has moved."""
        for place, touched in enumerate(self._moved_by):
            if not moved.isdisjoint(touched):
                rates[place] = None

    def _rate(self, bundle: tuple[str, ...], done: int, left: set[int]) -> tuple[float, tuple[str, ...]]:
        """What the rest of a bundle wins per day, and that rest."""
        rest = tuple(control for control in bundle if self.gives[control] & ~done)
        if not rest:
            return (0.0, ())
        gained = self._gain(rest, done, left)
        return (gained / sum(self.effort[control] for control in rest), rest)

    def _gain(self, jobs: Iterable[str], done: int, left: set[int]) -> float:
        touched: dict[int, None] = {}
        for control in jobs:
            done |= self.gives[control]
            touched.update(dict.fromkeys(self.work.touched[control]))
        prizes = self.work.prizes
        return sum(self.weights[place] for place in touched if place in left and prizes[place].won_by(done))

    def _arranged(self, jobs: tuple[str, ...], done: int, left: set[int]) -> list[str]:
        """The jobs of a bundle: what wins most per day by itself first, else the shorter."""
        rest, found, left = list(jobs), [], set(left)
        while rest:
            rates = {c: self._gain((c,), done, left) / self.effort[c] for c in rest}
            chosen = min(rest, key=lambda c: (-rates[c], self.effort[c], c))
            rest.remove(chosen)
            found.append(chosen)
            done |= self.gives[chosen]
            left -= {p for p in self.work.touched[chosen] if self.work.prizes[p].won_by(done)}
        return found

    def needed(self, order: Sequence[str]) -> list[str]:
        """The order without jobs that no goal was waiting for."""
        return [control for control, served in zip(order, self.work.serves(order), strict=True) if served]

    def moved_up(self, order: list[str], place: int, room: float) -> list[str] | None:
        """The order with as little moved as wins a prize within that many days; None if it cannot be won by then."""
        for needed in self._ways_in(order, place):
            total = sum(self.effort[control] for control in needed)
            if total > room:
                continue
            spent, cut, rest = 0.0, 0, set(needed)
            for control in order:
                further = 0.0 if control in rest else self.effort[control]
                if spent + further + total > room:
                    break
                spent, cut = spent + further, cut + 1
            front = order[:cut]
            moved = [control for control in order[cut:] if control in rest]
            return [*front, *moved, *(control for control in order[cut:] if control not in rest)]
        return None

    def _ways_in(self, order: list[str], place: int) -> Iterable[tuple[str, ...]]:
        """The sets of controls that win a prize and are all in the order, the least effort first."""
        present = set(order)
        ways = [tuple(sorted(way)) for way in self.work.prizes[place].ways if way <= present]
        return sorted(ways, key=lambda way: (sum(self.effort[control] for control in way), way))

    def improved(self, order: list[str]) -> list[str]:
        """The order with neighbouring steps, or blocks of them, turned round wherever that wins more, sooner."""
        for _ in range(ROUNDS):
            before = list(order)
            won_at = self._won_at(order)
            for place in range(len(order) - 1):
                self._turn(order, place, won_at)
            if order == before:
                break
        return order

    def _turn(self, order: list[str], start: int, won_at: dict[int, int]) -> None:
        """Tries every block swap among the steps from `start`; keeps the best. `won_at` is kept true."""
        done = 0
        for control in order[:start]:
            done |= self.gives[control]
        best, kept = None, 0.0
        for size in range(2, min(REACH, len(order) - start) + 1):
            held = order[start : start + size]
            wins = self._wins(held, start, done, won_at)
            waits = self._waits(held, done, wins)
            for cut in range(1, size if waits else 0):
                turned = held[cut:] + held[:cut]
                saved = waits - self._waits(turned, done, wins)
                if saved > kept + GAIN:
                    best, kept = turned, saved
        if best is not None:
            order[start : start + len(best)] = best
            won_at.update(self._won_at(best, start, done, won_at))

    def _wins(self, held: list[str], start: int, done: int, won_at: dict[int, int]) -> dict[str, list[int]]:
        """For each of these steps the prizes it moves that are won among them, in whatever order they are done."""
        for control in held:
            done |= self.gives[control]
        prizes = self.work.prizes
        return {
            control: [
                place for place in self.work.touched[control] if won_at[place] >= start and prizes[place].won_by(done)
            ]
            for control in held
        }

    def _waits(self, held: list[str], done: int, wins: dict[str, list[int]]) -> float:
        """Weight times days until it is won, for what is won among these steps."""
        days, found, seen = 0.0, 0.0, set()
        for control in held:
            days += self.effort[control]
            done |= self.gives[control]
            for place in wins[control]:
                if place not in seen and self.work.prizes[place].won_by(done):
                    seen.add(place)
                    found += self.weights[place] * days
        return found

    def _won_at(
        self, held: Sequence[str], start: int = 0, done: int = 0, before: dict[int, int] | None = None
    ) -> dict[int, int]:
        """At which step each prize is won that these steps win."""
        found: dict[int, int] = {}
        for number, control in enumerate(held, start):
            done |= self.gives[control]
            for place in self.work.touched[control]:
                fresh = place not in found and (before is None or before[place] >= start)
                if fresh and self.work.prizes[place].won_by(done):
                    found[place] = number
        return found
