"""Of thousands of AI systems the few that stand for all: what is worked out over these holds for every one.

Two systems are in one situation towards a requirement if it binds both alike and each control that covers it has, in
both, the same verdict for the same kind of reason.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from annexa.pure.facts import ORGANISATION, Facts
from annexa.pure.portfolio import Portfolio, mask_of
from annexa.pure.posture import CONTROL_ORDER, Verdict
from annexa.pure.standards import ExpectationKind

MIX = 1_000_003
"""Mixes the codes of several controls into one number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situations:
    """Systems that stand for all, sorted. `whole`: every situation is among them. `counts`: in how many systems each
    control of single systems has which verdict, of all there are."""

    slugs: tuple[str, ...]
    whole: bool
    counts: Mapping[str, Mapping[Verdict, int]]


def situations(portfolio: Portfolio, frameworks: Iterable[str], *, most: int) -> Situations:
    """A system for every situation there is towards the requirements of some frameworks, at most so many."""
    codes: dict[str, NDArray[np.int64]] = {}
    live = np.flatnonzero(mask_of(portfolio.live, portfolio.size))
    chosen: list[int] = []
    whole = True
    for key in _patterns(portfolio, frameworks):
        controls, bound = key
        pattern = mask_of(bound, portfolio.size).astype(np.int64)
        for control in controls:
            if control not in codes:
                codes[control] = _codes(portfolio, control)
            pattern = pattern * MIX + codes[control]
        values, first = np.unique(pattern[live], return_index=True)
        missing = ~np.isin(values, pattern[chosen])
        for place in first[missing]:
            if len(chosen) < most:
                chosen.append(int(live[place]))
            else:
                whole = False
    return Situations(
        slugs=tuple(sorted(portfolio.slugs[bit] for bit in chosen)),
        whole=whole,
        counts={control: portfolio.counted(control) for control in portfolio.library.controls},
    )


def only(facts: Facts, slugs: Iterable[str]) -> Facts:
    """What was recorded about the organisation and these systems."""
    kept = {ORGANISATION, *slugs}
    return replace(
        facts,
        systems=tuple(one for one in facts.systems if one.id in kept),
        adoptions=tuple(one for one in facts.adoptions if one.scope in kept),
        evidence=tuple(one for one in facts.evidence if one.scope in kept),
        judgements=tuple(one for one in facts.judgements if one.scope in kept),
        circumstances=tuple(one for one in facts.circumstances if one.scope in kept),
    )


def _patterns(portfolio: Portfolio, frameworks: Iterable[str]) -> dict[tuple[tuple[str, ...], int], None]:
    """The controls that are looked at together, each time with the systems that are or will be bound."""
    found: dict[tuple[tuple[str, ...], int], None] = {}
    for name in frameworks:
        framework = portfolio.library.frameworks[name]
        for leaf in framework.leaves:
            coverage = portfolio.library.covering(framework, leaf)
            if coverage is not None and not leaf.no_duty and portfolio.library.reaches_systems(framework, leaf):
                found[coverage.controls, portfolio.will_bind(name, leaf)] = None
    return found


def _codes(portfolio: Portfolio, control: str) -> NDArray[np.int64]:
    """For each bit a number for the verdict of a control there and the kind of reason."""
    held = portfolio.library.controls[control]
    found = np.zeros(portfolio.size, np.int64)
    verdicts = portfolio.standings(control).verdicts
    for number, verdict in enumerate((*CONTROL_ORDER, Verdict.NOT_APPLICABLE)):
        found[mask_of(verdicts[verdict], portfolio.size)] = number
    if held.level == "organisation":
        return found
    place = 8
    for expectation in held.expectations:
        if expectation.kind is ExpectationKind.RECORD:
            fulfilled = portfolio.fulfil(expectation.check)
        else:
            fulfilled = portfolio.answers(control, expectation.id).passing
        found += mask_of(fulfilled & portfolio.live, portfolio.size).astype(np.int64) * place
        place *= 2
    return found
