"""Made-up windows for the tests and the bench of drift: the same numbers everywhere, for ever.

Only `random.Random.random` is used, whose numbers Python promises to keep; the rest is arithmetic.
"""

import math
import random
from collections.abc import Callable, Sequence
from statistics import NormalDist

from annexa.pure.fairness import Group

NORMAL = NormalDist()
Window = list[float]


def numbers(seed: int, n: int, of: Callable[[float], float]) -> Window:
    """So many values of a function of even chance between 0 and 1."""
    draw = random.Random(seed)
    return [of(min(max(draw.random(), 1e-12), 1 - 1e-12)) for _ in range(n)]


def normal(middle: float = 0.0, spread: float = 1.0) -> Callable[[float], float]:
    """A normal distribution."""
    return lambda u: middle + spread * NORMAL.inv_cdf(u)


NUMERIC: dict[str, tuple[Window, Window]] = {
    "equal": (numbers(1, 700, normal()), numbers(2, 900, normal())),
    "shifted": (numbers(3, 700, normal()), numbers(4, 900, normal(0.4, 1.2))),
    "skewed": (numbers(5, 1200, lambda u: math.exp(NORMAL.inv_cdf(u))), numbers(6, 800, lambda u: -2.0 * math.log(u))),
    "tied": (numbers(7, 500, lambda u: round(20 * u, 0) / 4), numbers(8, 650, lambda u: round(24 * u, 0) / 4)),
    "apart": (numbers(9, 300, normal()), numbers(10, 200, normal(50))),
    "large": (numbers(11, 12_000, normal()), numbers(12, 15_000, normal(0.02))),
    "few": (numbers(13, 400, lambda u: float(int(5 * u))), numbers(14, 300, lambda u: float(int(5 * u * u)))),
}
"""Two windows of each column of numbers."""

_WORDS = ("card", "cash", "cheque", "giro", "wallet")


def _words(seed: int, n: int, power: float, words: tuple[str, ...]) -> list[str]:
    draw = random.Random(seed)
    return [words[min(len(words) - 1, int(len(words) * draw.random() ** power))] for _ in range(n)]


WORDS: dict[str, tuple[list[str], list[str]]] = {
    "alike": (_words(21, 600, 1.0, _WORDS), _words(22, 500, 1.0, _WORDS)),
    "moved": (_words(23, 600, 1.0, _WORDS), _words(24, 700, 1.7, _WORDS)),
    "new": (_words(25, 600, 1.0, _WORDS[:4]), _words(26, 700, 1.0, _WORDS)),
}
"""Two windows of each column of words; in `new` one word was never seen before."""


def decisions(seed: int = 31, n: int = 3000) -> list[tuple[str, float, bool, bool]]:
    """Decisions about people, unlike between groups: group, score, whether the system said yes, and what was true."""
    draw = random.Random(seed)
    found = []
    for _ in range(n):
        group = "abcd"[min(3, int(4.2 * draw.random() ** 1.5))]
        truth = draw.random() < 0.3 + 0.08 * "abcd".index(group)
        score = min(1.0, max(0.0, 0.25 + 0.25 * truth + 0.6 * (draw.random() - 0.4)))
        score = round(score, 3)
        found.append((group, score, score > 0.45 + 0.02 * "abcd".index(group), truth))
    return found


def groups_of(rows: Sequence[tuple[str, float, bool, bool]]) -> list[Group]:
    """The counts of made-up decisions."""
    return [
        Group(
            name=name,
            n=sum(group == name for group, *_ in rows),
            selected=sum(said for group, _, said, _ in rows if group == name),
            positives=sum(truth for group, _, _, truth in rows if group == name),
            negatives=sum(not truth for group, _, _, truth in rows if group == name),
            true_positives=sum(said and truth for group, _, said, truth in rows if group == name),
            false_positives=sum(said and not truth for group, _, said, truth in rows if group == name),
        )
        for name in sorted({group for group, *_ in rows})
    ]
