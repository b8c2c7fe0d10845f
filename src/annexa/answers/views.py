"""Which views of a list somebody finds above it: their own, and those that are shared with them."""

from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Lower

from annexa.answers.owners import key_of
from annexa.pure.permits import Actor, Permit, may
from annexa.records.views import SavedView


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptView:
    """A view with whether who asks may drop it; `by`: who shared it, "" for one's own."""

    view: SavedView
    by: str
    drops: bool


def views_of(*, actor: Actor, place: str) -> tuple[KeptView, ...]:
    """The views of a list, one's own first, each by name. Cost: one query.

    What is shared is for who reads the whole organisation: a view may name what others do not know of.
    """
    me = key_of(actor)
    wanted = Q(person_id=me)
    if isinstance(may(actor, "read"), Permit):
        wanted |= Q(shared=True)
    shares = isinstance(may(actor, "share_view"), Permit)
    rows = SavedView.objects.filter(wanted, place=place).select_related("person").order_by(Lower("name"), "id")
    found = [
        KeptView(view=one, by="" if one.person_id == me else one.person.name, drops=one.person_id == me or shares)
        for one in rows
    ]
    return tuple(sorted(found, key=lambda one: one.by != ""))
