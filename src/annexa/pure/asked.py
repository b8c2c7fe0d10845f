"""What kinds of evidence the controls of each framework ask for, and how much of it records answer by themselves."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from annexa.pure.standards import Control, ExpectationKind, Library

EVERY = "every control"
"""The line over the whole library."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How many expectations there are by kind in the controls that cover a framework. `framework`: its id, or EVERY."""

    framework: str
    title: str
    controls: int
    kinds: Mapping[ExpectationKind, int]

    @property
    def expectations(self) -> int:
        """All of them."""
        return sum(self.kinds.values())

    @property
    def by_records(self) -> float:
        """The share that records answer, from 0 to 1. A framework without controls has none."""
        return self.kinds[ExpectationKind.RECORD] / self.expectations if self.expectations else 0.0


def asked(library: Library) -> tuple[Asked, ...]:
    """A line for each framework by its id, then one over every control. A control counts once in each framework."""
    covering: dict[str, set[str]] = {one: set() for one in library.frameworks}
    for control, requirements in library.covered_by.items():
        for framework, _ in requirements:
            covering[framework].add(control)
    lines = [
        _line(one, library.frameworks[one].title, (library.controls[control] for control in sorted(named)))
        for one, named in sorted(covering.items())
    ]
    return (*lines, _line(EVERY, "", library.controls.values()))


def _line(framework: str, title: str, controls: Iterable[Control]) -> Asked:
    found = tuple(controls)
    kinds = Counter(one.kind for control in found for one in control.expectations)
    return Asked(framework=framework, title=title, controls=len(found), kinds=kinds)
