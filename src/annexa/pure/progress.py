"""How far an objective is: key figures from verdicts and AI systems, the days they are told for, and the target."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from annexa.pure.checks import CHECKS
from annexa.pure.facts import SystemFact
from annexa.pure.kpis import KPIS
from annexa.pure.posture import Verdict

ADOPTED: tuple[Verdict, ...] = (Verdict.EFFECTIVE, Verdict.UNPROVEN, Verdict.STALE, Verdict.FAILING)
"""Verdicts of a control that is said to be implemented."""


def share(part: int, whole: int) -> float | None:
    """A share in per cent with one decimal; None of nothing, which is not 100 %."""
    return round(100 * part / whole, 1) if whole else None


def of_controls(kpi: str, verdicts: Mapping[Verdict, int]) -> float | None:
    """A figure over the controls, from how many of them have which verdict."""
    adopted = sum(verdicts.get(one, 0) for one in ADOPTED)
    if kpi == "controls in decay":
        return float(verdicts.get(Verdict.STALE, 0) + verdicts.get(Verdict.FAILING, 0)) if adopted else None
    return share(verdicts.get(Verdict.EFFECTIVE, 0), adopted)


def of_systems(kpi: str, systems: Sequence[SystemFact]) -> float | None:
    """A share of the AI systems in use."""
    check = CHECKS[KPIS[kpi].check]
    return share(sum(check(one) for one in systems), len(systems))


def month_ends(on: date, months: int) -> tuple[date, ...]:
    """The last days of so many months before the month of a day, the earliest first."""
    found: list[date] = []
    for _ in range(months):
        found.append((found[-1] if found else on).replace(day=1) - timedelta(days=1))
    return tuple(reversed(found))


def reached(value: float | None, target: float | None, direction: str) -> bool | None:
    """Whether a target is reached; None if there is nothing to compare."""
    if value is None or target is None or not direction:
        return None
    return value >= target if direction == "at least the target" else value <= target
