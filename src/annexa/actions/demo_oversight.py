"""Human oversight in the demo organisation: planned, posted, decided and stopped through the actions people use."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from annexa.actions.demo_story import told
from annexa.actions.oversight import (
    Posted,
    decide_case,
    delegate_cases,
    plan_oversight,
    post_case,
    take_case,
)
from annexa.actions.oversight_deadlines import settle_cases, tell_standings
from annexa.actions.people import actor_of
from annexa.actions.stop_switch import pull_stop, release_stop
from annexa.pure.oversight import Plan
from annexa.pure.permits import ANNEXA
from annexa.records.oversight import OversightItem
from annexa.records.people import Person

Turn = tuple[datetime, Callable[[datetime], object]]
"""When something was done, and what."""
SETTLED_AFTER = timedelta(days=4)
"""When what nobody decided has ended for certain."""


@dataclass(kw_only=True)
class OversightPlay:
    """What happened to each case, in turn. `people` by their ids in the story; `day`: a moment so many days ago."""

    people: Mapping[str, Person]
    day: Callable[..., datetime]
    now: datetime

    def turns(self) -> Iterator[Turn]:
        """Every turn, in the order of the file."""
        story = tomllib.loads(told("oversight.toml").decode("utf-8"))
        for row in story["plan"]:
            yield self.day(row["days_ago"], hour=8), partial(self.plan, row)
        for row in story["kind"]:
            yield from self.cases(row)
        for row in story["delegation"]:
            yield self.day(row["days_ago"], hour=8, minute=30), partial(self.delegate, row)
        for row in story["stop"]:
            yield from self.stops(row)
        for days_ago in story["told"]:
            yield self.day(days_ago, hour=19), lambda at: tell_standings(now=at)

    def cases(self, row: Mapping[str, Any]) -> Iterator[Turn]:
        """The cases of one kind: decided, decided by nobody, and waiting."""
        number = 0
        for days_ago, who, decision, seconds in row["said"]:
            at = self.day(days_ago, hour=10 + number % 6, minute=7 * number % 60)
            yield at, partial(self.post, row, number)
            others = [row["second"]] if "second" in row and decision != "stopped" else []
            for turn, name in enumerate((who, *others)):
                begins = at + timedelta(minutes=23 * (turn + 1))
                yield begins, partial(self.take, row, number, name)
                yield begins + timedelta(seconds=seconds + 9 * turn), partial(self.decide, row, number, name, decision)
            number += 1
        for days_ago in row.get("undecided", ()):
            at = self.day(days_ago, hour=11, minute=number)
            yield at, partial(self.post, row, number)
            yield at + SETTLED_AFTER, lambda at: settle_cases(now=at)
            number += 1
        for minutes in row["waiting"]:
            yield self.now - timedelta(minutes=minutes), partial(self.post, row, number)
            number += 1

    def plan(self, row: Mapping[str, Any], at: datetime) -> None:
        """Somebody says how a system is overseen."""
        by = self.people[row["by"]]
        said = {name: value for name, value in row.items() if name in Plan.__dataclass_fields__}
        for name in ("overseers", "escalate_to"):
            said[name] = tuple(self.people[one].pk for one in row.get(name, ()))
        plan_oversight(
            actor=actor_of(by), person=by, system=row["system"], plan=Plan(**said), because=row["because"], now=at
        )

    def post(self, row: Mapping[str, Any], number: int, at: datetime) -> None:
        """The system posts a case."""
        filled = {name: row[name].format(number=row["first"] + number, years=1 + number % 7) for name in (
            "title", "input", "output", "explanation", "policy",
        )}  # fmt: skip
        posted = replace(Posted(**filled), reference=_reference(row, number))
        post_case(actor=ANNEXA, system=row["system"], posted=posted, now=at)

    def take(self, row: Mapping[str, Any], number: int, who: str, at: datetime) -> None:
        """Somebody takes it."""
        by = self.people[who]
        take_case(actor=actor_of(by), person=by, item=_item(row, number), now=at)

    def decide(self, row: Mapping[str, Any], number: int, who: str, decision: str, at: datetime) -> None:
        """Somebody decides about it."""
        by = self.people[who]
        decide_case(
            actor=actor_of(by), person=by, item=_item(row, number), decision=decision,
            because=row["because"][decision], instead=row["instead"] if decision == "overridden" else "", now=at,
        )  # fmt: skip

    def delegate(self, row: Mapping[str, Any], at: datetime) -> None:
        """Somebody lets somebody else decide in their place."""
        by, until = self.people[row["by"]], self.now + timedelta(days=row["for_days"])
        delegate_cases(
            actor=actor_of(by), person=by, system=row["system"], to=self.people[row["to"]].pk, until=until,
            because=row["because"], now=at,
        )  # fmt: skip

    def stops(self, row: Mapping[str, Any]) -> Iterator[Turn]:
        """Somebody stops a system; somebody asks to let it go on, and perhaps somebody else does so."""
        given, system = row["released"], row["system"]
        steps = [(row["by"], row["days_ago"], 9, "", row["because"])]
        steps.append((given["asked_by"], given["days_ago"], 15, "asked", given["because"]))
        if "by" in given:
            steps.append((given["by"], given["days_ago"], 16, "released", given["said"]))
        for who, days_ago, hour, step, because in steps:
            yield self.day(days_ago, hour=hour), partial(self.switch, who, system, step, because)

    def switch(self, who: str, system: str, step: str, because: str, at: datetime) -> None:
        """Somebody pulls the switch of a system, or takes a step to its release."""
        by = self.people[who]
        given: dict[str, Any] = {"actor": actor_of(by), "person": by, "system": system, "because": because, "now": at}
        if step:
            release_stop(step=step, **given)
        else:
            pull_stop(**given)


def _reference(row: Mapping[str, Any], number: int) -> str:
    return f"{row['system']}-{row['first'] + number}"


def _item(row: Mapping[str, Any], number: int) -> str:
    """The id of a case that was posted."""
    found: str = OversightItem.objects.get(system=row["system"], reference=_reference(row, number)).id
    return found
