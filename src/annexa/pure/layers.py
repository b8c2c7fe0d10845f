"""A graph drawn in columns from left to right: where each box stands and how each arrow runs, without overlaps.

Sugiyama's steps in their plainest form: arrows that close a circle are turned round; columns by the longest way; an
arrow over several columns is led between their boxes; order within a column by the mean of the neighbours. The same
graph is always drawn alike.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
Point = tuple[int, int]
Chain = list[int]
"""What an arrow runs through, from left to right: a box, gaps between boxes, a box, each by its number."""
SWEEPS = 4
NARROW = 10
"""Height of a gap through which an arrow is led past boxes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Of a drawing, in pixels: boxes, what is between columns and between rows, and the rim."""

    width: int = 140
    height: int = 52
    between_columns: int = 64
    between_rows: int = 14
    rim: int = 8


@dataclass(frozen=True, slots=True)
class Box(Generic[K]):
    """Where something stands: its upper left corner, and in which column, from 0."""

    key: K
    x: int
    y: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Generic[K]):
    """How an arrow runs: points from the right edge of its source to the left edge of its target.

    `back`: it closes a circle, so it runs from the left edge of its source to the right edge of its target.
    """

    source: K
    target: K
    points: tuple[Point, ...]
    back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing(Generic[K]):
    """Boxes and lines, and how large it all is."""

    boxes: tuple[Box[K], ...]
    lines: tuple[Line[K], ...]
    width: int
    height: int


def drawn(
    keys: Sequence[K],
    arrows: Sequence[tuple[K, K]],
    *,
    sizes: Sizes | None = None,
    below: Mapping[tuple[K, K], int] = MappingProxyType({}),
) -> Drawing[K]:
    """The drawing of a graph. `keys` in the order in which equals stand, arrows between them, none from one to itself.

    `below`: how far below the middle of its source an arrow begins, 0 if not said.
    """
    sizes = sizes or Sizes()
    number = {key: n for n, key in enumerate(keys)}
    pairs = sorted({(number[a], number[b]) for a, b in arrows})
    turned = _closing_circles(len(keys), pairs)
    forward = [(b, a) if (a, b) in turned else (a, b) for a, b in pairs]
    column = _columns(len(keys), forward)
    chains = _led(column, forward)
    columns = _ordered(column, chains)
    middle = _middles(columns, chains, len(keys), sizes)
    left = [sizes.rim + at * (sizes.width + sizes.between_columns) for at in range(len(columns))]
    lines = []
    for (a, b), chain in zip(pairs, chains, strict=True):
        points = _points(chain, column, left, middle, sizes)
        back = (a, b) in turned
        points = points[::-1] if back else points
        offset = below.get((keys[a], keys[b]), 0)
        points = ((points[0][0], points[0][1] + offset), *points[1:])
        lines.append(Line(source=keys[a], target=keys[b], points=points, back=back))
    half = sizes.height // 2
    return Drawing(
        boxes=tuple(Box(key, left[column[n]], middle[n] - half, column[n]) for n, key in enumerate(keys)),
        lines=tuple(lines),
        width=(left[-1] + sizes.width if left else sizes.rim) + sizes.rim,
        height=max((middle[n] for n in range(len(middle))), default=0) + half + sizes.rim,
    )


def _closing_circles(count: int, pairs: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
    """The arrows that lead back to where one came from, as a walk in depth meets them; without them nothing circles."""
    after: dict[int, list[int]] = {}
    for a, b in pairs:
        after.setdefault(a, []).append(b)
    done: set[int] = set()
    found = set()
    for start in range(count):
        here, way = [(start, iter(after.get(start, ())))] if start not in done else [], {start}
        while here:
            at, rest = here[-1]
            there = next(rest, None)
            if there is None:
                here.pop()
                way.discard(at)
                done.add(at)
            elif there in way:
                found.add((at, there))
            elif there not in done:
                way.add(there)
                here.append((there, iter(after.get(there, ()))))
    return found


def _columns(count: int, forward: Sequence[tuple[int, int]]) -> list[int]:
    """The column of each box: right of all before it, and as near to the next one as that allows."""
    after: dict[int, list[int]] = {}
    open_ = [0] * count
    for a, b in forward:
        after.setdefault(a, []).append(b)
        open_[b] += 1
    column, order = [0] * count, [n for n in range(count) if not open_[n]]
    for a in order:  # grows while it is walked
        for b in after.get(a, ()):
            column[b] = max(column[b], column[a] + 1)
            open_[b] -= 1
            if not open_[b]:
                order.append(b)
    for a in reversed(order):
        if a in after:
            column[a] = min(column[b] for b in after[a]) - 1
    return column


def _led(column: list[int], forward: Sequence[tuple[int, int]]) -> list[Chain]:
    """Each arrow as a chain with a number for every column on its way; `column` grows by the gaps."""
    chains = []
    for a, b in forward:
        gaps = list(range(len(column), len(column) + column[b] - column[a] - 1))
        column += range(column[a] + 1, column[b])
        chains.append([a, *gaps, b])
    return chains


def _ordered(column: Sequence[int], chains: Sequence[Chain]) -> list[list[int]]:
    """What stands in each column, from above: near to what it is joined to."""
    columns: list[list[int]] = [[] for _ in range(max(column, default=-1) + 1)]
    for n, at in enumerate(column):
        columns[at].append(n)
    before, after = _neighbours(chains)
    for sweep in range(SWEEPS):
        joined = after if sweep % 2 else before
        for here in reversed(columns) if sweep % 2 else columns:
            place = {n: at for one in columns for at, n in enumerate(one)}
            here.sort(key=lambda n: _mean([place[m] for m in joined.get(n, ())], place[n]))
    return columns


def _middles(columns: Sequence[Sequence[int]], chains: Sequence[Chain], boxes: int, sizes: Sizes) -> dict[int, int]:
    """How far down the middle of each box and gap is: near to its neighbours, never nearer to the next than allowed."""
    half = {n: (sizes.height if n < boxes else NARROW) / 2 for here in columns for n in here}
    middle = {n: 0.0 for here in columns for n in here}
    for here in columns:
        _apart(here, middle, half, sizes)
    before, after = _neighbours(chains)
    for sweep in range(SWEEPS):
        joined = after if sweep % 2 else before
        for here in reversed(columns) if sweep % 2 else columns:
            wanted = {n: _mean([middle[m] for m in joined.get(n, ())], middle[n]) for n in here}
            middle |= wanted
            _apart(here, middle, half, sizes)
            moved = sum(wanted[n] - middle[n] for n in here) / len(here)
            middle |= {n: middle[n] + moved for n in here}
    top = min((middle[n] - half[n] for n in middle), default=0) - sizes.rim
    return {n: _rounded(at - top) for n, at in middle.items()}


def _apart(here: Sequence[int], middle: dict[int, float], half: Mapping[int, float], sizes: Sizes) -> None:
    """Moves what stands too near to the one above down."""
    for above, n in pairwise(here):
        middle[n] = max(middle[n], middle[above] + half[above] + sizes.between_rows + half[n])


def _points(
    chain: Chain, column: Sequence[int], left: Sequence[int], middle: Mapping[int, int], sizes: Sizes
) -> tuple[Point, ...]:
    first, *gaps, last = chain
    found = [(left[column[first]] + sizes.width, middle[first])]
    for n in gaps:
        found += [(left[column[n]], middle[n]), (left[column[n]] + sizes.width, middle[n])]
    return (*found, (left[column[last]], middle[last]))


def _neighbours(chains: Sequence[Chain]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """What each box and gap is joined to on its left and on its right."""
    before: dict[int, list[int]] = {}
    after: dict[int, list[int]] = {}
    for chain in chains:
        for a, b in pairwise(chain):
            after.setdefault(a, []).append(b)
            before.setdefault(b, []).append(a)
    return before, after


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _rounded(at: float) -> int:
    return int(at + 0.5)
