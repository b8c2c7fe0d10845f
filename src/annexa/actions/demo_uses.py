"""Uses of AI in the demo organisation: asked for and decided through the same actions that people use."""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import product
from typing import Any

from annexa.actions.demo_story import told
from annexa.actions.finds import judge_find, record_finds
from annexa.actions.people import actor_of
from annexa.actions.uses import ask_use, decide_use, renew_use
from annexa.answers.finds import discover
from annexa.library.ai_services import ai_services
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
        story = tomllib.loads(told("uses.toml").decode("utf-8"))
        for row in story["use"]:
            yield row["days_ago"], partial(self.ask, row)
            for step, act in (("decided", self.decide), ("renewed", self.renew)):
                if step in row:
                    yield row[step]["days_ago"], partial(act, row["ask"]["name"], row[step])
        yield story["looked_through"]["days_ago"], partial(self.look_through, story["looked_through"])
        for said in story["looked_through"]["judged"]:
            yield said["days_ago"], partial(self.judge, said)

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

    def look_through(self, said: Mapping[str, Any], at: datetime) -> None:
        """Somebody looks through an export of the proxy."""
        found = discover(name=said["name"], lines=_export(said["shows"], at), now=at)
        record_finds(actor=actor_of(self.people[said["by"]]), discovery=found, now=at)

    def judge(self, said: Mapping[str, Any], at: datetime) -> None:
        """Somebody decides about a service that was found."""
        by = self.people[said["by"]]
        (service,) = (one for one in ai_services() if said["host"] in one.hosts)
        row = TABLES["found_use"].objects.get(name=service.name)
        judge_find(
            actor=actor_of(by), person=by, slug=row.slug, decision=said["decision"], because=said["because"],
            seen=row.changed_at, now=at,
        )  # fmt: skip


def _export(shows: Iterable[Mapping[str, Any]], at: datetime) -> Iterator[str]:
    """An export of a proxy: a row for each request, by people who are numbers."""
    yield "time,user,host,bytes"
    for one in shows:
        for person, day, request in product(range(one["people"]), range(one["days"]), range(one["requests"])):
            when = at - timedelta(days=day + 1, minutes=7 * person + request)
            yield f"{when:%Y-%m-%dT%H:%M:%SZ},u{person:03},{one['host']},{round(one['megabytes'] * 1_000_000)}"
