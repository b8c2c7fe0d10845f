"""Keeping views of lists, for oneself or for everybody, and dropping them."""

import uuid
from datetime import datetime

from annexa.actions.door import side_door
from annexa.actions.errors import InvalidError, NotFoundError, NotPermittedError
from annexa.pure.permits import Actor, Refusal, may
from annexa.pure.views import MOST, problems_of
from annexa.records.people import Person
from annexa.records.views import SavedView


def keep_view(
    *, actor: Actor, person: Person, place: str, name: str, query: str, shared: bool, now: datetime
) -> SavedView:
    """Keeps what is asked of a list under a name; the same name again takes the place of the one before.

    `query`: as the list asks for it, in one order. Ledger: nothing, for it says nothing about the management system.
    Raises InvalidError with every problem, NotPermittedError.
    """
    with side_door(actor=actor, verb="keep_view", now=now):
        if shared:
            _ask_sharing(actor)
        tidy = " ".join(name.split())
        problems = problems_of(tidy, query)
        mine = SavedView.objects.filter(person=person, place=place)
        before = mine.filter(name=tidy).first()
        if before is None and mine.count() >= MOST:
            problems[""] = [f"You keep {MOST} views of this list already; drop one first."]
        if problems:
            raise InvalidError(problems)
        found = before or SavedView(id=uuid.uuid4().hex, person=person, place=place, name=tidy)
        found.query, found.shared, found.made_at = query, shared, now
        found.save()
    return found


def drop_view(*, actor: Actor, person: Person, view: str, now: datetime) -> SavedView:
    """Drops a view: one's own, or a shared one for who may share. Ledger: nothing.

    Raises NotFoundError, NotPermittedError.
    """
    with side_door(actor=actor, verb="keep_view", now=now):
        found: SavedView | None = SavedView.objects.filter(id=view).first()
        if found is None or (found.person_id != person.pk and not found.shared):
            raise NotFoundError(f"There is no view {view!r}.")
        if found.person_id != person.pk:
            if isinstance(may(actor, "read"), Refusal):
                raise NotFoundError(f"There is no view {view!r}.")
            _ask_sharing(actor)
        SavedView.objects.filter(id=view).delete()
    return found


def _ask_sharing(actor: Actor) -> None:
    permit = may(actor, "share_view")
    if isinstance(permit, Refusal):
        raise NotPermittedError(permit.because)
