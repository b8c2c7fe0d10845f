"""Exceptions of the demo organisation: who approved which, by the action people use."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from annexa.actions.demo_story import told
from annexa.actions.exceptions import decide_exception
from annexa.actions.people import actor_of
from annexa.records.people import Person


@dataclass(kw_only=True)
class ExceptionsPlay:
    """What was decided about exceptions. `people` by their ids in the story."""

    people: Mapping[str, Person]

    def turns(self) -> Iterator[tuple[int, Callable[[datetime], object]]]:
        """Every turn: so many days ago, and what was done then."""
        for row in tomllib.loads(told("exceptions.toml").decode("utf-8"))["decided"]:
            yield row["days_ago"], partial(self.decide, row)

    def decide(self, row: Mapping[str, Any], at: datetime) -> None:
        """Somebody approves."""
        by = self.people[row["by"]]
        decide_exception(
            actor=actor_of(by), person=by, exception=row["exception"], approve=True, because=row["because"], now=at
        )
