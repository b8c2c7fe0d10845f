"""Taking an obligation of the law's timeline into the register of what binds us."""

from datetime import datetime

from annexa.actions.errors import ConflictError, NotFoundError
from annexa.actions.registers import add_record
from annexa.answers.errors import UnknownError
from annexa.answers.obligations import one_event, taken_over
from annexa.pure.permits import Actor
from annexa.pure.registers.duties import DUTIES, duty_of
from annexa.records.registers import RegisterRow


def take_over_duty(*, actor: Actor, regime: str, event: str, owner: str, now: datetime) -> RegisterRow:
    """Puts one event of a regime into the register of duties, with the AI systems it concerns and who answers for it.

    Ledger: duty. Raises NotFoundError, NotPermittedError, and ConflictError if it is there already.
    """
    try:
        found = one_event(actor=actor, regime=regime, event=event, now=now)
    except UnknownError as error:
        raise NotFoundError(str(error)) from error
    entry = duty_of(
        found.regime,
        found.event,
        owner=owner,
        systems=() if found.for_us.as_such else tuple(one.id for one in found.for_us.systems),
        on=now.date(),
    )
    if entry.taken_from in taken_over(actor=actor):
        raise ConflictError(f"{found.event.title} is in the register of duties already.")
    return add_record(actor=actor, register=DUTIES, entry=entry, now=now, because="Taken over from the timeline")
