"""The impact assessments of the demo organisation, played like anybody's: begun, taken over, handed in, approved."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from annexa.actions.assessments import (
    answer_assessment,
    approve_assessment,
    hand_in_assessment,
    start_assessment,
    take_over_answers,
)
from annexa.actions.demo_story import Assessed
from annexa.answers.actors import actor_of
from annexa.answers.assessments import Asked, one_assessment
from annexa.library.questionnaires import questionnaires
from annexa.pure.questionnaires import Question
from annexa.records.people import Person

APPROVERS = ("ines", "tomas")
"""Who approves: the first who did not write it."""


class Day(Protocol):
    """A minute of a working day so many days before today."""

    def __call__(self, days_ago: int, *, hour: int = 9, minute: int = 0) -> datetime:
        """The instant."""


@dataclass(kw_only=True)
class PlayedAssessment:
    """One version as it is told, and as it is played. `made`: its id, once it is begun."""

    told: Assessed
    people: Mapping[str, Person]
    day: Day
    made: str = ""

    def steps(self) -> Iterator[tuple[datetime, Callable[[datetime], None]]]:
        """What happened to it, each at its instant."""
        yield self.day(self.told.days_ago, hour=17), self.write
        if self.told.handed_in is not None:
            yield self.day(self.told.handed_in, hour=17, minute=1), self.hand_in
        if self.told.approved is not None:
            yield self.day(self.told.approved, hour=17, minute=2), self.approve

    def write(self, at: datetime) -> None:
        """Begins it, says what is new, and takes over what the register and other assessments say."""
        by = self._by(self.told.by, at)
        self.made = start_assessment(form=self.told.form, scope=self.told.system, because=self.told.because, **by).id
        form = questionnaires()[self.told.form]
        written = {one.id for one in form.questions if not self.told.only or one.section in self.told.only}
        said = {name: self._plain(form.by_id[name], value) for name, value in self.told.answers.items()}
        answer_assessment(assessment=self.made, given={name: said[name] for name in said if name in written}, **by)
        while wanted := [one.question.id for one in self._asked(by) if one.offer and one.question.id in written]:
            take_over_answers(assessment=self.made, questions=wanted, **by)

    def hand_in(self, at: datetime) -> None:
        """Asks for the decision."""
        hand_in_assessment(assessment=self.made, **self._by(self.told.by, at))

    def approve(self, at: datetime) -> None:
        """Somebody else approves it."""
        by = self._by(next(one for one in APPROVERS if one != self.told.by), at)
        page = one_assessment(actor=by["actor"], assessment=self.made, now=at)
        approve_assessment(
            assessment=self.made, step=page.steps[-1].id, until=self.day(self.told.until).date(),
            because="Read in the board; measures have owners and dates", **by,
        )  # fmt: skip

    def _asked(self, by: Mapping[str, Any]) -> Iterator[Asked]:
        for part in one_assessment(actor=by["actor"], assessment=self.made, now=by["now"]).parts:
            yield from part.asked

    def _plain(self, question: Question, said: Any) -> Any:
        if question.kind == "date" and isinstance(said, int):
            return self.day(said).date().isoformat()
        return self.people[said].name if question.kind == "person" and said in self.people else said

    def _by(self, person: str, at: datetime) -> dict[str, Any]:
        found = self.people[person]
        return {"actor": actor_of(found), "person": found, "now": at}
