"""Training in the demo organisation: answered through the same action that people use, some of it too long ago."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from annexa.actions.demo_story import told
from annexa.actions.people import actor_of
from annexa.actions.training import settle_training, take_course
from annexa.library.courses import courses
from annexa.records.people import Person

Turn = tuple[int, Callable[[datetime], object]]
"""So many days ago, and what was done then."""


@dataclass(kw_only=True)
class TrainingPlay:
    """Who took which course when. `people` by their ids in the story."""

    people: Mapping[str, Person]

    def turns(self) -> Iterator[Turn]:
        """Every turn, in the order of the file; then when the ledger was told what rules ask of whom."""
        story = tomllib.loads(told("training.toml").decode("utf-8"))
        for row in story["take"]:
            for who, days in row["by"].items():
                for days_ago in days:
                    yield days_ago, partial(self.take, row["course"], who)
        for days_ago in story["settled"]:
            yield days_ago, self.settle

    def take(self, course: str, who: str, at: datetime) -> None:
        """Somebody answers every question rightly."""
        by = self.people[who]
        answers = {one.id: sorted(one.right) for one in courses()[course].questions}
        take_course(actor=actor_of(by), person=by, course=course, answers=answers, now=at)

    def settle(self, at: datetime) -> None:
        """The program tells the ledger what rules ask of whom."""
        settle_training(now=at)
