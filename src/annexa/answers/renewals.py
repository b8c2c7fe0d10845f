"""Evidence to renew or to give: what runs out becomes work ahead of time, for whoever answers for it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

import numpy as np

from annexa.answers.posture import Standpoint
from annexa.pure.evidence import EvidenceState
from annexa.pure.fact_columns import NEVER, instant_of, micros
from annexa.pure.facts import ORGANISATION
from annexa.pure.owners import Owner, Owners
from annexa.pure.portfolio import Bits, mask_of
from annexa.pure.posture import Verdict
from annexa.pure.standards import Control, Expectation, ExpectationKind

AHEAD = timedelta(days=30)
"""Evidence is to be renewed this long before it runs out, or in the last quarter of its life if that is shorter."""

IDLE: Final = frozenset({Verdict.ABSENT, Verdict.PLANNED, Verdict.NOT_APPLICABLE})
"""A control that nobody says is done asks for no evidence."""

MOST_ASKED = 25
"""In more AI systems than this nobody looks whether all have the same owner."""

Urgency = Literal["failing", "expired", "soon", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """Evidence to renew or to give for the first time: for which expectation, where, since or until when.

    `holds_up` counts the requirements of adopted frameworks that the control helps to meet; `helps` names these
    frameworks. `systems`: how many AI systems lack the same; then the first of them is the scope. `owner`: who answers
    for it; None for nobody, and for several.
    """

    control: str
    control_name: str
    expectation: str
    what: str
    kind: ExpectationKind
    scope: str
    scope_name: str
    urgency: Urgency
    when: datetime | None
    holds_up: int
    helps: tuple[str, ...]
    systems: int
    owner: Owner | None = None


def renewals(
    *,
    stand: Standpoint,
    owners: Owners,
    adopted: tuple[str, ...],
    now: datetime,
    person: int | None = None,
    horizon: timedelta | None = None,
) -> tuple[Renewal, ...]:
    """What fails, ran out, soon will or was never shown, in this order; with `person` only what they answer for.

    `horizon`: how long before its end evidence is to be renewed, instead of `AHEAD`.
    """
    made = _Making(stand=stand, owners=owners, adopted=adopted, now=now, person=person, horizon=horizon)
    found = (one for control in stand.library.controls.values() for one in made.of(control))
    return tuple(sorted(found, key=_order))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Making:
    """Renewals on the way, read from the arrays: what has no date of its own is one thing to do, however many AI
    systems lack it."""

    stand: Standpoint
    owners: Owners
    adopted: tuple[str, ...]
    now: datetime
    person: int | None
    horizon: timedelta | None

    def of(self, control: Control) -> Iterator[Renewal]:
        """Everything that one control asks for."""
        if control.level == "organisation":
            if self.stand.judged(control.id).verdict not in IDLE and self._theirs(control, (ORGANISATION,)):
                yield from self._in_organisation(control)
            return
        asked = self.stand.portfolio.asked_of(control.id)
        if asked and self.person is not None:
            asked = self.stand.portfolio.among(self._theirs(control, self.stand.portfolio.slugs_of(asked)))
        for expectation in control.expectations if asked else ():
            yield from self._in_systems(control, expectation, asked)

    def _theirs(self, control: Control, scopes: tuple[str, ...]) -> tuple[str, ...]:
        return scopes if self.person is None else self.owners.theirs(self.person, control.id, scopes)

    def _in_organisation(self, control: Control) -> Iterator[Renewal]:
        for expectation in control.expectations:
            said = self.stand.portfolio.said(control, expectation)
            urgency = self._urgency(expectation, said.state, said.since)
            if urgency is not None:
                yield self._one(control, expectation, urgency, said.since, (ORGANISATION,))

    def _in_systems(self, control: Control, expectation: Expectation, asked: Bits) -> Iterator[Renewal]:
        portfolio = self.stand.portfolio
        if expectation.kind is ExpectationKind.RECORD:
            if short := asked & ~portfolio.fulfil(expectation.check):
                yield self._many(control, expectation, "failing", short)
            return
        answers = portfolio.answers(control.id, expectation.id)
        if silent := asked & ~(answers.passing | answers.failing | answers.expired):
            yield self._many(control, expectation, "never", silent)
        slugs = portfolio.slugs
        states: tuple[tuple[EvidenceState, Bits], ...] = (
            ("passing", answers.passing), ("failing", answers.failing), ("expired", answers.expired),
        )  # fmt: skip
        for state, bits in states:
            held = mask_of(bits & asked, portfolio.size)
            if not held.size:
                continue
            here = (answers.places > 0) & held[np.maximum(answers.places - 1, 0)]
            here &= (answers.since <= self._until(expectation)) | (state != "passing")
            for number in np.flatnonzero(here):
                since = int(answers.since[number])
                if (urgency := self._urgency(expectation, state, since)) is not None:
                    yield self._one(control, expectation, urgency, since, (slugs[answers.places[number] - 1],))

    def _urgency(self, expectation: Expectation, state: EvidenceState, since: int) -> Urgency | None:
        if state == "failing" or state == "expired":
            return state
        if state == "never":
            return None if expectation.kind is ExpectationKind.RECORD else "never"
        if since == NEVER:
            return None
        return "soon" if since <= self._until(expectation) else None

    def _until(self, expectation: Expectation) -> int:
        """Evidence that ends by then is to be renewed already."""
        ahead = min(AHEAD, (expectation.max_age or AHEAD) / 4) if self.horizon is None else self.horizon
        return micros(self.now + ahead)

    def _many(self, control: Control, expectation: Expectation, urgency: Urgency, systems: Bits) -> Renewal:
        """One thing to do in several AI systems, told of the first of them."""
        count, first = systems.bit_count(), self.stand.portfolio.first_of(systems, MOST_ASKED)
        found = self._one(control, expectation, urgency, NEVER, first)
        several = self.person is None and count > len(first)
        return replace(found, systems=count, owner=None if several else found.owner)

    def _one(
        self, control: Control, expectation: Expectation, urgency: Urgency, since: int, scopes: tuple[str, ...]
    ) -> Renewal:
        frameworks = [one for one, _ in self.stand.library.covered_by[control.id] if one in self.adopted]
        alike = self.person is not None
        named = {self.owners.of(control.id, scope) for scope in scopes[: 1 if alike else MOST_ASKED]}
        scope = scopes[0]
        return Renewal(
            control=control.id,
            control_name=control.name,
            expectation=expectation.id,
            what=expectation.what,
            kind=expectation.kind,
            scope=scope,
            scope_name=self.stand.name_of(scope),
            urgency=urgency,
            when=None if since == NEVER else instant_of(since),
            holds_up=len(frameworks),
            helps=tuple(self.stand.library.frameworks[one].title for one in self.adopted if one in frameworks),
            systems=0 if scope == ORGANISATION else len(scopes),
            owner=named.pop() if len(named) == 1 else None,
        )


def _order(renewal: Renewal) -> tuple[int, float, int, str, str]:
    rank = ("failing", "expired", "soon", "never").index(renewal.urgency)
    when = renewal.when.timestamp() if renewal.when else 0.0
    return (rank, when, -renewal.holds_up, renewal.control, renewal.scope)
