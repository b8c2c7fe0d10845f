"""Questions about people."""

from annexa.pure.permits import Actor
from annexa.records.people import Person


def list_people(*, actor: Actor) -> tuple[Person, ...]:
    """Everybody who may or might sign in, by name."""
    return tuple(Person.objects.get_queryset().visible_to(actor).order_by("name", "id"))
