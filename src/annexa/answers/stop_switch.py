"""Questions about stop switches: where one stands, for programs that ask every few seconds, and its history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from annexa.answers.errors import UnknownError
from annexa.answers.oversight import plan_row
from annexa.pure.oversight import UNREACHABLE
from annexa.pure.permits import Actor, Permit, Place, knows, may
from annexa.pure.stop_switch import ReleaseWord, Step, Switch, asked_by, is_released
from annexa.records.oversight import OversightStop
from annexa.records.systems import AiSystem

READ_BY = ("read_stop_switch", "read", "post_case")
"""Any of these lets a program ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchPage:
    """The switch of an AI system with every pull, the latest first. `asker`: who asks for its release by now, by name.

    `pulls`, `releases`: whether who asks may; `asked`: they asked for the release themselves.
    """

    system: AiSystem
    switch: Switch
    stops: tuple[OversightStop, ...]
    asker: str
    pulls: bool
    releases: bool
    asked: bool


def steps_of(stop: OversightStop) -> tuple[Step, ...]:
    """The steps towards the release of a stop, in turn."""
    rows = sorted(stop.releases.all(), key=lambda one: one.number)
    return tuple(Step(step=cast(ReleaseWord, one.step), by=one.by_id) for one in rows)


def latest_stop(system: str) -> OversightStop | None:
    """The last time a switch was pulled, with the steps towards its release; None: it never was. Cost: two queries."""
    rows = OversightStop.objects.filter(system=system).order_by("-number")
    return rows.prefetch_related("releases").first()


def stop_switch(*, actor: Actor, system: str) -> Switch:
    """Where the switch of an AI system stands, for who may read it there. Raises UnknownError. Cost: four queries."""
    unit = AiSystem.objects.filter(slug=system).values_list("unit", flat=True).first()
    place = Place(system=system, unit=unit or "")
    if (
        unit is None
        or not knows(actor, place)
        or not any(isinstance(may(actor, one, place), Permit) for one in READ_BY)
    ):
        raise UnknownError(f"There is no AI system {system}.")
    return switch_of(system)


def switch_of(system: str) -> Switch:
    """The same, whoever asks. Cost: three queries."""
    plan = plan_row(system)
    return _switch(system, latest_stop(system), plan.if_unreachable if plan else UNREACHABLE[0])


def stopped_systems(*, actor: Actor) -> Mapping[str, OversightStop]:
    """The AI systems that are stopped now, by slug, as far as the actor sees them. Cost: two queries."""
    rows = OversightStop.objects.visible_to(actor).exclude(releases__step="released").select_related("by")
    return {one.system: one for one in rows.prefetch_related("releases").order_by("number")}


def switch_page(*, actor: Actor, system: str) -> SwitchPage:
    """The switch with its history and what who asks may do. Raises UnknownError."""
    found = AiSystem.objects.visible_to(actor).filter(slug=system).first()
    if found is None:
        raise UnknownError(f"There is no AI system {system}.")
    rows = OversightStop.objects.filter(system=system).select_related("by").order_by("-number")
    stops = tuple(rows.prefetch_related("releases__by"))
    plan = plan_row(system)
    place = Place(system=system, unit=found.unit)
    asker = asked_by(steps_of(stops[0])) if stops else None
    names = {one.by_id: one.by.name for one in (stops[0].releases.all() if stops else ())}
    return SwitchPage(
        system=found,
        switch=_switch(system, stops[0] if stops else None, plan.if_unreachable if plan else UNREACHABLE[0]),
        stops=stops,
        asker=names.get(asker, "") if asker is not None else "",
        pulls=isinstance(may(actor, "pull_stop", place), Permit),
        releases=isinstance(may(actor, "release_stop", place), Permit),
        asked=asker is not None and f"person/{asker}" == actor.id,
    )


def _switch(system: str, stop: OversightStop | None, if_unreachable: str) -> Switch:
    released = stop is not None and is_released(steps_of(stop))
    return Switch(
        system=system,
        stopped=stop is not None and not released,
        number=stop.number if stop else 0,
        since=_since(stop, released=released),
        because=stop.because if stop and not released else "",
        if_unreachable=if_unreachable,
    )


def _since(stop: OversightStop | None, *, released: bool) -> datetime | None:
    if stop is None:
        return None
    found: datetime = max(one.recorded_at for one in stop.releases.all()) if released else stop.recorded_at
    return found
