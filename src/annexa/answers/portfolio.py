"""The whole portfolio at once: every AI system against every adopted framework, gathered by what the systems are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from annexa.answers.errors import UnknownError
from annexa.answers.frameworks import adopted_frameworks
from annexa.answers.posture import standpoint
from annexa.pure.permits import Actor
from annexa.pure.portfolio import mask_of
from annexa.pure.posture import Verdict
from annexa.pure.standards import Framework
from annexa.records.systems import AiSystem

GROUPINGS: Mapping[str, str] = {
    "risk": "risk_class",
    "unit": "unit",
    "stage": "stage",
    "owner": "owner",
    "supplier": "supplier",
}
"""What AI systems can be gathered by, as addresses name it, and the field of the register."""
MOST = 100
"""Groups that are shown; the largest ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One framework over a group of systems: requirements met and applying, summed over the systems."""

    framework: str
    met: int
    applicable: int

    @property
    def readiness(self) -> float | None:
        """Met ÷ applicable; None where nothing applies, which is not 100 %."""
        return self.met / self.applicable if self.applicable else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A group of AI systems: the value they share ("" if none is recorded), how many there are, a cell a framework."""

    value: str
    systems: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioPage:
    """The portfolio by one grouping, the largest groups first. `cells` counts what was judged of the systems
    themselves: requirements that reach systems, times systems.

    `left_out`: groups beyond those shown. `total` is the row over all systems.
    """

    at: datetime
    ledger_size: int
    grouping: str
    frameworks: tuple[Framework, ...]
    counts: Mapping[str, Mapping[Verdict, int]]
    rows: tuple[Row, ...]
    total: Row
    systems: int
    cells: int
    left_out: int


def portfolio_page(
    *, actor: Actor, now: datetime, at: datetime | None = None, grouping: str = "risk", hindsight: bool = False
) -> PortfolioPage:
    """The portfolio gathered by one thing. Raises UnknownError for a grouping there is not."""
    if grouping not in GROUPINGS:
        raise UnknownError(f"Systems are not gathered by {grouping!r}; choose {', '.join(GROUPINGS)}.")
    stand = standpoint(actor=actor, now=now, at=at, hindsight=hindsight)
    portfolio = stand.portfolio
    held = portfolio.library.frameworks
    frameworks = tuple(held[one] for one in adopted_frameworks(portfolio.library) if stand.reaches_systems(held[one]))
    slugs = portfolio.columns.slugs
    live = mask_of(portfolio.live, len(slugs))
    values = AiSystem.objects.visible_to(actor).values_list("slug", GROUPINGS[grouping])
    names, group = _gathered({slugs[slug]: value or "" for slug, value in values if slug in slugs}, live)
    readiness = {one.id: portfolio.readiness(one.id) for one in frameworks}
    count = len(names)
    summed = {
        framework: tuple(
            np.bincount(group[live], weights=numbers[live], minlength=count).astype(int) for numbers in both
        )
        for framework, both in readiness.items()
    }
    sizes = np.bincount(group[live], minlength=count)
    rows = [
        Row(
            value=name,
            systems=int(sizes[number]),
            cells=tuple(
                Cell(framework=one, met=int(met[number]), applicable=int(applicable[number]))
                for one, (met, applicable) in summed.items()
            ),
        )
        for number, name in enumerate(names)
    ]
    rows.sort(key=lambda row: (-row.systems, row.value.casefold()))
    counts = {one.id: portfolio.counts(one.id, reaching=True) for one in frameworks}
    return PortfolioPage(
        at=portfolio.at,
        ledger_size=stand.size,
        grouping=grouping,
        frameworks=frameworks,
        counts=counts,
        rows=tuple(rows[:MOST]),
        total=_total(rows, frameworks),
        systems=int(live.sum()),
        cells=sum(sum(one.values()) for one in counts.values()),
        left_out=max(0, len(rows) - MOST),
    )


def _gathered(values: Mapping[int, str], live: NDArray[np.bool_]) -> tuple[list[str], NDArray[np.int64]]:
    """The values that occur among systems in use, and for each bit the number of its value."""
    names = sorted({values.get(int(bit), "") for bit in np.flatnonzero(live)})
    numbers = {name: number for number, name in enumerate(names)}
    group = np.zeros(live.size, np.int64)
    for bit in np.flatnonzero(live):
        group[bit] = numbers[values.get(int(bit), "")]
    return names, group


def _total(rows: Sequence[Row], frameworks: Sequence[Framework]) -> Row:
    return Row(
        value="",
        systems=sum(row.systems for row in rows),
        cells=tuple(
            Cell(
                framework=one.id,
                met=sum(row.cells[number].met for row in rows),
                applicable=sum(row.cells[number].applicable for row in rows),
            )
            for number, one in enumerate(frameworks)
        ),
    )
