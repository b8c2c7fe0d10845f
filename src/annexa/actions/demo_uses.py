"""Uses of AI in the demo organisation: asked for and decided through the same actions that people use."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from annexa.actions.demo_story import told
from annexa.actions.people import actor_of
from annexa.actions.uses import ask_use, decide_use, renew_use
from annexa.pure.registers.uses import USES
from annexa.records.people import Person
from annexa.records.registers import TABLES

Turn = tuple[int, Callable[[datetime], object]]
"""So many days ago, and what was done then."""


@dataclass(kw_only=True)
class UsesPlay:
    """What happened to each use, in turn. `people` by their ids in the story; `day`: so many days ago as a day."""

    people: Mapping[str, Person]
    day: Callable[[int], date]

    def turns(self) -> Iterator[Turn]:
        """Every turn, in the order of the file."""
        for row in tomllib.loads(told("uses.toml").decode("utf-8"))["use"]:
            yield row["days_ago"], partial(self.ask, row)
            for step, act in (("decided", self.decide), ("renewed", self.renew)):
                if step in row:
                    yield row[step]["days_ago"], partial(act, row["ask"]["name"], row[step])

    def ask(self, row: Mapping[str, Any], at: datetime) -> None:
        """Somebody asks."""
        by = self.people[row["by"]]
        values = {name: tuple(said) if isinstance(said, list) else said for name, said in row["ask"].items()}
        ask_use(actor=actor_of(by), person=by, entry=USES.make(values), now=at)

    def decide(self, name: str, said: Mapping[str, Any], at: datetime) -> None:
        """Somebody else decides."""
        by, row = self.people[said["by"]], TABLES["use"].objects.get(name=name)
        decide_use(
            actor=actor_of(by), person=by, slug=row.slug, decision=said["decision"], because=said["because"],
            conditions=said.get("conditions", ""), review_on=self._until(said), seen=row.changed_at, now=at,
        )  # fmt: skip

    def renew(self, name: str, said: Mapping[str, Any], at: datetime) -> None:
        """Somebody else lets it go on."""
        by, row = self.people[said["by"]], TABLES["use"].objects.get(name=name)
        renew_use(
            actor=actor_of(by), person=by, slug=row.slug, because=said["because"], review_on=self._until(said),
            seen=row.changed_at, now=at,
        )  # fmt: skip

    def _until(self, said: Mapping[str, Any]) -> date | None:
        return self.day(said["until"]) if "until" in said else None
