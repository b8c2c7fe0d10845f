"""Naming who answers for a control, in the organisation or in one AI system."""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError
from django.db.models import Max

from annexa.actions.door import door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError
from annexa.actions.scopes import place_of
from annexa.answers.libraries import active_library
from annexa.answers.owners import can_act
from annexa.pure.facts import ORGANISATION
from annexa.pure.permits import Actor, Place
from annexa.records.ownerships import Ownership
from annexa.records.people import Person


def name_owner(
    *,
    actor: Actor,
    person: Person | None,
    controls: Sequence[str],
    owner: Person | None,
    now: datetime,
    scope: str = ORGANISATION,
    because: str = "",
) -> tuple[Ownership, ...]:
    """Says who answers for these controls in a scope from now on; without an owner, that nobody does any more.

    Who answers for one already is left alone. Handing over needs a reason. All or nothing. Ledger: ownership.
    Raises InvalidError, NotFoundError, NotPermittedError, ConflictError.
    """
    wanted = tuple(dict.fromkeys(controls))
    place = _known(actor, wanted, scope)
    said = because.strip()
    try:
        with door(actor=actor, verb="name_owner", now=now, because=said, place=place) as opened:
            if owner is not None:
                owner.refresh_from_db()
            before = _latest(wanted, scope)
            changed = [one for one in wanted if _owner_id(before.get(one)) != (owner.pk if owner else None)]
            _refuse(wanted, changed, before, owner, said, place)
            made = [
                Ownership(
                    id=uuid.uuid4().hex,
                    control=control,
                    scope=scope,
                    number=before[control].number + 1 if control in before else 1,
                    owner=owner,
                    because=said,
                    recorded_at=now,
                    by=person,
                )
                for control in changed
            ]
            for one in made:
                opened.write(one, kind="ownership", subject=f"control/{one.control}/{scope}")
    except IntegrityError as error:
        raise ConflictError("Somebody else named an owner meanwhile. Nothing was saved; look again.") from error
    return tuple(made)


def _known(actor: Actor, controls: tuple[str, ...], scope: str) -> Place:
    if not controls:
        raise InvalidError({"control": ["Choose at least one control."]})
    there = active_library().controls
    if missing := [one for one in controls if one not in there]:
        raise NotFoundError(f"There is no control {', '.join(missing)}.")
    return place_of(actor, scope)


def _latest(controls: tuple[str, ...], scope: str) -> dict[str, Ownership]:
    rows = Ownership.objects.filter(control__in=controls, scope=scope)
    last = dict(rows.values_list("control").annotate(last=Max("number")))
    return {one.control: one for one in rows.select_related("owner") if one.number == last[one.control]}


def _owner_id(ownership: Ownership | None) -> int | None:
    return ownership.owner_id if ownership else None


def _refuse(
    wanted: tuple[str, ...],
    changed: list[str],
    before: dict[str, Ownership],
    owner: Person | None,
    because: str,
    place: Place,
) -> None:
    problems: dict[str, list[str]] = {}
    if owner is not None and not can_act(owner, place):
        problems["owner"] = [f"{owner.name} may not change anything there, so cannot answer for a control."]
    elif not changed:
        whose = f"{owner.name} answers" if owner else "Nobody answers"
        problems["owner"] = [f"{whose} for {', '.join(wanted)} already."]
    handed = [one for one in changed if one in before]
    if handed and not because:
        problems["because"] = [f"Say why {', '.join(handed)} changes hands."]
    if problems:
        raise InvalidError(problems)
