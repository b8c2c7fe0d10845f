"""The statement of applicability of the demo organisation: what was decided about controls, asked for and approved.

The story itself is a file for people to read and change: library/demo/statement.toml.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from annexa.actions.demo_story import told
from annexa.actions.people import actor_of
from annexa.actions.soa import ask_approval, decide_applicability, decide_statement
from annexa.answers.soa import draft
from annexa.pure.soa import Choice
from annexa.records.people import Person

Act = Callable[[datetime], object]
People = Mapping[str, Person]


class Day(Protocol):
    """A minute of a working day so many days ago."""

    def __call__(self, days_ago: int, *, hour: int = 9, minute: int = 0) -> datetime:
        """The instant."""


def statement_steps(people: People, day: Day) -> Iterator[tuple[datetime, Act]]:
    """Everything that happened to the statement, each with its instant."""
    table = tomllib.loads(told("statement.toml").decode("utf-8"))
    for decided in table["decided"]:
        ends = day(-decided["ends_in"]) if "ends_in" in decided else None
        yield day(decided["days_ago"], hour=17), partial(_decide, people, decided, ends)
    for number, version in enumerate(table["version"], start=1):
        yield day(version["days_ago"], hour=17), partial(_ask, people, version)
        yield day(version["decided"], hour=17), partial(_approve, people, version, number)


def _decide(people: People, decided: Mapping[str, Any], ends: datetime | None, at: datetime) -> None:
    by = people[decided["by"]]
    if "requirement" in decided:
        choices = [
            Choice(
                framework=decided["framework"], requirement=decided["requirement"], applies=decided["applies"],
                reasons=tuple(decided.get("reasons", ())), because=decided["because"],
            )
        ]  # fmt: skip
    else:
        choices = list(draft(actor=actor_of(by), now=at).proposals.values())
    until = ends.date() if ends else None
    decide_applicability(actor=actor_of(by), person=by, choices=choices, until=until, now=at)


def _ask(people: People, version: Mapping[str, Any], at: datetime) -> None:
    by = people[version["by"]]
    ask_approval(actor=actor_of(by), person=by, scopes={}, because=version["because"], now=at)


def _approve(people: People, version: Mapping[str, Any], number: int, at: datetime) -> None:
    by = people[version["decided_by"]]
    decide_statement(
        actor=actor_of(by), person=by, number=number, decision=version["decision"],
        because=version["decided_because"], now=at,
    )  # fmt: skip
