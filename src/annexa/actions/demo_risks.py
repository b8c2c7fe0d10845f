"""Risks of the demo organisation: the appetite, and who accepted what is left of each, by the actions people use."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from annexa.actions.demo_story import told
from annexa.actions.people import actor_of
from annexa.actions.risks import choose_risk_scale, decide_acceptance, propose_acceptance
from annexa.answers.risk_scale import USUAL
from annexa.answers.risks import rated_risk
from annexa.pure.risk_acceptance import NOBODY
from annexa.records.people import Person

APPETITE_DAYS = 290
"""So many days ago the board said how much risk is too much."""


@dataclass(kw_only=True)
class RisksPlay:
    """What was decided about risks, in turn. `people` by their ids in the story; `day`: so many days ago as a day."""

    people: Mapping[str, Person]
    day: Callable[[int], date]

    def turns(self) -> Iterator[tuple[int, Callable[[datetime], object]]]:
        """Every turn: so many days ago, and what was done then."""
        yield APPETITE_DAYS, self.choose
        for row in tomllib.loads(told("acceptances.toml").decode("utf-8"))["acceptance"]:
            yield row["days_ago"], partial(self.accept, row)

    def choose(self, at: datetime) -> None:
        """The lead writes down the appetite."""
        by = self.people["ines"]
        choose_risk_scale(
            actor=actor_of(by), person=by, scale=USUAL, appetite={"": "medium", "privacy": "low"}, now=at,
            because="Decision of the board: whatever bears on personal data is accepted one by one",
        )  # fmt: skip

    def accept(self, row: Mapping[str, Any], at: datetime) -> None:
        """The owner proposes and somebody else accepts; without anybody the proposal waits.

        What is so high that nobody may accept it on the day is left alone.
        """
        owner = self.people[row["owner"]]
        found, _ = rated_risk(actor=actor_of(owner), now=at, slug=row["risk"])
        if found.residual is None or found.residual.level.accepted_by == NOBODY:
            return
        made = propose_acceptance(
            actor=actor_of(owner), person=owner, risk=row["risk"], until=self.day(row["until"]), now=at,
            because=row["because"],
        )  # fmt: skip
        if row["by"]:
            by = self.people[row["by"]]
            decide_acceptance(
                actor=actor_of(by), person=by, proposal=made.id, accept=True, because=row["decided"], now=at
            )
