"""The stop switch of an AI system: pulled at once, released by two persons; each step with its reason."""

import uuid
from datetime import datetime

from annexa.actions.door import door
from annexa.actions.errors import ConflictError, InvalidError, NotPermittedError
from annexa.actions.scopes import place_of
from annexa.answers.stop_switch import latest_stop, steps_of
from annexa.pure.permits import Actor
from annexa.pure.stop_switch import asked_by, is_released, pull_problems, release_problems
from annexa.records.oversight import OversightRelease, OversightStop
from annexa.records.people import Person


def pull_stop(*, actor: Actor, person: Person, system: str, because: str, now: datetime) -> OversightStop:
    """Stops an AI system at once, until two persons release it. Ledger: oversight_stop.

    Raises InvalidError without a reason, NotPermittedError, NotFoundError, ConflictError if it is stopped already.
    """
    place = place_of(actor, system)
    with door(actor=actor, verb="pull_stop", now=now, because=because.strip(), place=place) as opened:
        last = latest_stop(system)
        stopped = last is not None and not is_released(steps_of(last))
        if refusal := pull_problems(because, stopped=stopped):
            if stopped:
                raise ConflictError(refusal.because)
            raise InvalidError({"because": [refusal.because]})
        made = OversightStop(
            id=uuid.uuid4().hex, system=system, number=last.number + 1 if last else 1, because=because.strip(),
            recorded_at=now, by=person,
        )  # fmt: skip
        opened.write(made, kind="oversight_stop", subject=f"oversight/{system}")
    return made


def release_stop(
    *, actor: Actor, person: Person, system: str, step: str, because: str, now: datetime
) -> OversightRelease:
    """Asks for the release of a stop, releases it after somebody else asked, or refuses to; who asked may take it back
    by refusing. Ledger: oversight_release.

    Raises InvalidError, NotPermittedError for who asked and would release, NotFoundError, ConflictError.
    """
    place = place_of(actor, system)
    with door(actor=actor, verb="release_stop", now=now, because=because.strip(), place=place) as opened:
        last = latest_stop(system)
        if last is None or is_released(steps_of(last)):
            raise ConflictError("It is not stopped.")
        steps = steps_of(last)
        if refusal := release_problems(steps, step, person=person.pk, because=because):
            if step == "released" and asked_by(steps) == person.pk:
                raise NotPermittedError(refusal.because)
            raise InvalidError({"because" if not because.strip() else "": [refusal.because]})
        asker = asked_by(steps) or person.pk
        made = OversightRelease(
            id=uuid.uuid4().hex, stop=last, number=len(steps) + 1, step=step, asked_by_id=asker,
            because=because.strip(), recorded_at=now, by=person,
        )  # fmt: skip
        opened.write(made, kind="oversight_release", subject=f"oversight/{system}")
    return made
