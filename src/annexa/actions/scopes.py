"""The place of a scope that somebody named: there, and known to them, or there is no such thing."""

from annexa.actions.errors import NotFoundError
from annexa.pure.facts import ORGANISATION
from annexa.pure.near import meant
from annexa.pure.permits import WHOLE, Actor, Place, knows
from annexa.records.systems import AiSystem


def place_of(actor: Actor, scope: str, *, lost: str = "") -> Place:
    """Where a scope is, for asking what the actor may do there. Cost: one query, none for the organisation.

    Raises NotFoundError for an AI system there is not, or not for this actor. `lost`: what it says then, where the
    scope is that of a record which they named, and did not say themselves.
    """
    if scope == ORGANISATION:
        return WHOLE
    unit = AiSystem.objects.filter(slug=scope).values_list("unit", flat=True).first()
    place = Place(system=scope, unit=unit or "")
    if unit is None or not knows(actor, place):
        raise NotFoundError(lost) if lost else no_system(actor, scope)
    return place


def no_system(actor: Actor, slug: str) -> NotFoundError:
    """There is no such AI system for this actor; says which of theirs are near to it."""
    slugs = AiSystem.objects.visible_to(actor).values_list("slug", flat=True)
    return NotFoundError(f"There is no AI system {slug}.{meant(slug, slugs)}")
