"""The place of a scope that somebody named: there, and known to them, or there is no such thing."""

from annexa.actions.errors import NotFoundError
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import WHOLE, Actor, Place, knows
from annexa.records.systems import AiSystem


def place_of(actor: Actor, scope: str) -> Place:
    """Where a scope is, for asking what the actor may do there. Cost: one query, none for the organisation.

    Raises NotFoundError for an AI system there is not, or not for this actor.
    """
    if scope == ORGANISATION:
        return WHOLE
    unit = AiSystem.objects.filter(slug=scope).values_list("unit", flat=True).first()
    place = Place(system=scope, unit=unit or "")
    if unit is None or not knows(actor, place):
        raise NotFoundError(f"There is no AI system {scope}.")
    return place
