"""Whom an organisation leans on: how many AI systems stop with each supplier, directly and through what lies between.

Sources: ISO/IEC 27001 A.5.21 and A.5.22, ISO/IEC 42001 A.10.3, NIS 2 Art. 21(2)(d), control SUP-07.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from annexa.pure.lineage import Arrow, Key
from annexa.pure.words import fold

LIMIT = 0.3
"""Share of all AI systems on one supplier above which the governance committee decides; control SUP-07."""
SYSTEM, SUPPLIER, FOURTH = "ai_system", "supplier", "fourth party"
BEHIND = "stands behind"
"""What a sub-processor does for the supplier that uses it."""
_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FourthParty:
    """A company behind a supplier. `country`: its code, "" if nobody said it."""

    name: str
    country: str = ""

    @property
    def key(self) -> str:
        """The same for every way of writing its name in large or small letters."""
        return fold(self.name)


def fourth_parties(lines: Iterable[str]) -> tuple[FourthParty, ...]:
    """Companies as suppliers name them, one a line: name, country code, task. The first line about one counts."""
    found: dict[str, FourthParty] = {}
    for line in lines:
        name, *more = (part.strip() for part in line.replace(";", ",").split(","))
        one = FourthParty(name=name, country=next((part for part in more if _COUNTRY.fullmatch(part)), ""))
        if one.key:
            known = found.setdefault(one.key, one)
            if one.country and not known.country:
                found[one.key] = one
    return tuple(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Below:
    """What stops with something: AI systems and assets. `direct`: the AI systems it supplies with nothing between."""

    direct: frozenset[str]
    systems: frozenset[str]
    assets: frozenset[str]


@dataclass(frozen=True)
class Leaning:
    """Who does something for whom, to be asked what stops with one of them."""

    arrows: tuple[Arrow, ...]

    @cached_property
    def _onward(self) -> Mapping[Key, Sequence[Key]]:
        found: dict[Key, list[Key]] = {}
        for one in self.arrows:
            found.setdefault(one.source, []).append(one.target)
        return found

    def below(self, start: Key) -> Below:
        """What stops with something. Circles are fine. Cost: one look at each arrow on the way."""
        seen, waiting = {start}, [start]
        while waiting:
            for there in self._onward.get(waiting.pop(), ()):
                if there not in seen:
                    seen.add(there)
                    waiting.append(there)
        return Below(
            direct=frozenset(slug for noun, slug in self._onward.get(start, ()) if noun == SYSTEM),
            systems=frozenset(slug for noun, slug in seen if noun == SYSTEM),
            assets=frozenset(slug for noun, slug in seen if noun == "asset"),
        )


def share(part: int, whole: int) -> float | None:
    """A part of a whole; None of nothing, which is no share at all."""
    return part / whole if whole else None
