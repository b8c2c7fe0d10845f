"""The whole portfolio at once: every AI system against every adopted framework, gathered by what the systems are."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from annexa.answers.errors import UnknownError
from annexa.answers.frameworks import adopted_frameworks
from annexa.answers.libraries import library_at
from annexa.pure.facts import Fact, Facts
from annexa.pure.permits import Actor, Refusal, may
from annexa.pure.portfolio import Portfolio, columns_of, mask_of, next_change
from annexa.pure.posture import Verdict
from annexa.pure.standards import Framework
from annexa.records.snapshot import Snapshot, snapshot
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
    """The portfolio by one grouping, the largest groups first. `cells` counts what was judged: leaves times systems.

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


@dataclass(kw_only=True)
class _Held:
    """A portfolio of now with the state of the ledger it rests on, and until when it holds."""

    taken: Snapshot
    portfolio: Portfolio
    until: datetime | None


_lock = threading.Lock()
_now: _Held | None = None


def portfolio_at(*, actor: Actor, now: datetime, at: datetime | None = None) -> tuple[Portfolio, int]:
    """The portfolio now, kept up with the ledger fact by fact, or as of another instant; and the ledger's size.

    Raises UnknownError for an actor who may not read.
    """
    global _now
    if isinstance(may(actor, "read"), Refusal):
        raise UnknownError("There is nothing here for you.")
    taken = snapshot()
    if at is not None:
        columns = columns_of(library_at(taken, at), taken.facts)
        return Portfolio(columns=columns, at=at), taken.size
    with _lock:
        _now = _kept_up(_now, taken, now)
        return _now.portfolio, taken.size


def _kept_up(known: _Held | None, taken: Snapshot, now: datetime) -> _Held:
    """What is held if nothing moved; with the new facts if only those came; made anew otherwise."""
    library = library_at(taken, now)
    if known is None or known.portfolio.library is not library or not _goes_on(known.taken.facts, taken.facts):
        return _made(Portfolio(columns=columns_of(library, taken.facts), at=now), taken)
    added = _added(known.taken.facts, taken.facts)
    in_time = known.portfolio.at <= now and (known.until is None or now < known.until)
    if in_time and not added:
        return known
    if in_time:
        return _made(known.portfolio.plus(added, at=now), taken)
    return _made(Portfolio(columns=known.portfolio.columns.plus(added), at=now), taken)


def _made(portfolio: Portfolio, taken: Snapshot) -> _Held:
    return _Held(taken=taken, portfolio=portfolio, until=next_change(portfolio.columns, portfolio.at))


def _kinds(facts: Facts) -> tuple[Sequence[Fact], ...]:
    return facts.systems, facts.adoptions, facts.evidence, facts.judgements, facts.closures


def _goes_on(before: Facts, after: Facts) -> bool:
    """Whether the later facts begin with the earlier ones: facts are only added, unless another ledger was restored."""
    return all(
        len(old) <= len(new) and (not old or old[-1] is new[len(old) - 1])
        for old, new in zip(_kinds(before), _kinds(after), strict=True)
    )


def _added(before: Facts, after: Facts) -> list[Fact]:
    kinds = zip(_kinds(before), _kinds(after), strict=True)
    return list(chain.from_iterable(new[len(old) :] for old, new in kinds))


def portfolio_page(*, actor: Actor, now: datetime, at: datetime | None = None, grouping: str = "risk") -> PortfolioPage:
    """The portfolio gathered by one thing. Raises UnknownError for a grouping there is not."""
    if grouping not in GROUPINGS:
        raise UnknownError(f"Systems are not gathered by {grouping!r}; choose {', '.join(GROUPINGS)}.")
    portfolio, size = portfolio_at(actor=actor, now=now, at=at)
    held = portfolio.library.frameworks
    frameworks = tuple(held[one] for one in adopted_frameworks(portfolio.library) if _asks(portfolio, held[one]))
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
    return PortfolioPage(
        at=portfolio.at,
        ledger_size=size,
        grouping=grouping,
        frameworks=frameworks,
        counts={one.id: portfolio.counts(one.id) for one in frameworks},
        rows=tuple(rows[:MOST]),
        total=_total(rows, frameworks),
        systems=int(live.sum()),
        cells=sum(len(one.leaves) for one in frameworks) * int(live.sum()),
        left_out=max(0, len(rows) - MOST),
    )


def _asks(portfolio: Portfolio, framework: Framework) -> bool:
    """Whether a framework asks something of single systems."""
    return any(portfolio.reaches(framework, leaf) for leaf in framework.leaves)


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
