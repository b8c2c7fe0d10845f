"""What human oversight asks of people: cases to decide, and stops that somebody asks to release."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from annexa.answers.errors import UnknownError
from annexa.answers.oversight import queue
from annexa.answers.stop_switch import steps_of, stopped_systems
from annexa.pure.actors import number_of
from annexa.pure.permits import Actor, Permit, Place, may
from annexa.pure.stop_switch import asked_by
from annexa.records.people import Person
from annexa.records.systems import AiSystem


@dataclass(frozen=True, slots=True, kw_only=True)
class CasesWait:
    """The cases of one AI system that wait: how many for who asks, how many in all, until when the first can be."""

    system: str
    name: str
    mine: int
    all: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseAsked:
    """Somebody asks to let a stopped system go on. `mine`: who asks us may answer."""

    system: str
    name: str
    by: str
    because: str
    at: datetime
    mine: bool


def cases_waiting(*, actor: Actor, now: datetime) -> tuple[CasesWait, ...]:
    """What waits in each AI system, by slug; nothing for who may not know of any. Cost: see queue."""
    try:
        found = queue(actor=actor, now=now)
    except UnknownError:
        return ()
    lines = [*((one, True) for one in found.mine), *((one, False) for one in found.others)]
    return tuple(
        CasesWait(
            system=slug,
            name=name,
            mine=sum(mine for one, mine in lines if one.item.system == slug),
            all=found.waiting[slug],
            until=min((one.ends for one, _ in lines if one.item.system == slug), default=now),
        )
        for slug, name in found.systems.items()
        if found.waiting.get(slug)
    )


def releases_asked(*, actor: Actor) -> Iterator[ReleaseAsked]:
    """Every stop whose release somebody asks for. Cost: two queries, two more if there is any."""
    asked = {
        slug: (stop, person)
        for slug, stop in stopped_systems(actor=actor).items()
        if (person := asked_by(steps_of(stop))) is not None
    }
    if not asked:
        return
    systems = AiSystem.objects.in_bulk(list(asked), field_name="slug")
    names = dict(Person.objects.filter(pk__in=[person for _, person in asked.values()]).values_list("pk", "name"))
    for slug, (stop, person) in sorted(asked.items()):
        last = max(stop.releases.all(), key=lambda one: one.number)
        place = Place(system=slug, unit=systems[slug].unit)
        yield ReleaseAsked(
            system=slug,
            name=systems[slug].name,
            by=names[person],
            because=last.because,
            at=last.recorded_at,
            mine=number_of(actor.id) not in (None, person) and isinstance(may(actor, "release_stop", place), Permit),
        )
