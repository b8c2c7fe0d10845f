"""How human oversight works, in figures: in all, for each AI system and each reviewer, and week by week."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import cast

from annexa.answers.errors import UnknownError
from annexa.pure.oversight import Decision
from annexa.pure.oversight_figures import Figures, Told, by, figures, weeks
from annexa.pure.permits import Actor, Refusal, may_somewhere
from annexa.records.oversight import OversightOutcome, OversightVerdict
from annexa.records.people import Person
from annexa.records.systems import AiSystem

WEEKS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """The figures of the last twelve weeks. `fell`: cases that nobody decided in time; `ended`: all that ended.

    `waited_seconds`: the median time from posting to the end of a case; None without any.
    """

    since: date
    whole: Figures
    systems: tuple[tuple[str, str, Figures], ...]
    reviewers: tuple[tuple[int, str, Figures], ...]
    weeks: tuple[tuple[date, Figures], ...]
    ended: int
    fell: int
    waited_seconds: float | None


def statistics(*, actor: Actor, now: datetime, system: str = "") -> Statistics:
    """The figures of one AI system, or of all that the actor sees. Raises UnknownError. Cost: four queries."""
    if isinstance(may_somewhere(actor, "read"), Refusal):
        raise UnknownError("There is nothing here for you.")
    monday = now.date() - timedelta(days=now.date().weekday())
    since = monday - timedelta(weeks=WEEKS - 1)
    names: Mapping[str, str] = dict(AiSystem.objects.visible_to(actor).values_list("slug", "name"))
    if system and system not in names:
        raise UnknownError(f"There is no AI system {system}.")
    rows = OversightVerdict.objects.visible_to(actor).filter(recorded_at__date__gte=since, recorded_at__lte=now)
    rows = rows.filter(item__system=system) if system else rows
    told = [
        Told(
            system=slug,
            by=person,
            decision=cast(Decision, decision),
            seconds=seconds,
            signs=signs,
            least_seconds=least,
            at=at,
        )
        for slug, person, decision, seconds, signs, least, at in rows.values_list(
            "item__system", "by_id", "decision", "seconds", "item__signs", "item__plan__least_seconds", "recorded_at"
        )
    ]
    ends = OversightOutcome.objects.visible_to(actor).filter(recorded_at__date__gte=since, recorded_at__lte=now)
    ends = ends.filter(item__system=system) if system else ends
    waited = [
        (how, (at - posted).total_seconds())
        for how, at, posted in ends.values_list("how", "recorded_at", "item__recorded_at")
    ]
    people = dict(Person.objects.filter(pk__in={one.by for one in told}).values_list("pk", "name"))
    of_systems, of_people = by(told, lambda one: one.system), by(told, lambda one: one.by)
    return Statistics(
        since=since,
        whole=figures(told),
        systems=tuple(sorted(((slug, names.get(slug, slug), one) for slug, one in of_systems.items()), key=_by_name)),
        reviewers=tuple(sorted(((pk, people[pk], one) for pk, one in of_people.items()), key=_by_name)),
        weeks=weeks(told, last=now.date(), count=WEEKS),
        ended=len(waited),
        fell=sum(how == "fell" for how, _ in waited),
        waited_seconds=median(seconds for _, seconds in waited) if waited else None,
    )


def _by_name(line: tuple[object, str, Figures]) -> tuple[str, str]:
    return line[1].casefold(), str(line[0])
