"""Legal holds set and released, and erasures asked for and agreed to; retaining.py carries them out."""

import uuid
from datetime import datetime
from typing import Any, Final

from annexa.actions.door import door, require
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.scopes import place_of
from annexa.pure.permits import WHOLE, Actor, Place
from annexa.pure.retention import (
    erasure_refusal,
    hold_problems,
    needs_second,
    release_problems,
    step_problems,
)
from annexa.records.people import Person
from annexa.records.retention import ActivityErasure, ActivityErasureStep, LegalHold, LegalHoldRelease

TRIES: Final = 5
"""So often the log is looked through again where it changed while it was."""
_LONGEST_USER: Final = 512


def hold_activity(
    *, actor: Actor, person: Person | None, because: str, now: datetime, system: str = "", user: str = "",
    since: datetime | None = None, until: datetime | None = None,
) -> LegalHold:  # fmt: skip
    """Keeps events from going until somebody else releases the hold: of a system ("": of all), begun within a span of
    time (both ends in it), of one person (`user`: a pseudonym).

    Ledger: legal_hold. Raises InvalidError with every problem, NotFoundError, NotPermittedError, ConflictError where
    the same person holds the same for the same reason already.
    """
    with door(
        actor=actor, verb="hold_activity", now=now, because=because.strip(), place=_place(actor, system)
    ) as opened:
        if problems := hold_problems(because=because, since=since, until=until):
            raise InvalidError(problems)
        said: dict[str, Any] = {
            "system": system, "user": user.strip(), "since": since, "until": until, "because": because.strip(),
            "by": person,
        }  # fmt: skip
        if LegalHold.objects.filter(**said, release=None).exists():
            raise ConflictError("You hold the same for the same reason already.")
        made = LegalHold(id=uuid.uuid4().hex, **said, recorded_at=now)
        opened.write(made, kind="legal_hold", subject=f"legal_hold/{made.id}")
    return made


def release_hold(*, actor: Actor, person: Person | None, hold: str, because: str, now: datetime) -> LegalHoldRelease:
    """Lets go what a hold kept; whoever set it does not. Ledger: legal_hold_release.

    Raises InvalidError without a reason, NotFoundError, NotPermittedError for who set it, ConflictError if it is
    released already.
    """
    found: LegalHold | None = LegalHold.objects.visible_to(actor).filter(id=hold).first()
    if found is None:
        raise NotFoundError(f"There is no legal hold {hold}.")
    place = _place(actor, found.system)
    with door(actor=actor, verb="release_hold", now=now, because=because.strip(), place=place) as opened:
        released = LegalHoldRelease.objects.filter(hold=found).exists()
        pk = person.pk if person else None
        if refusal := release_problems(because=because, released=released, set_by=found.by_id, person=pk):
            if released:
                raise ConflictError(refusal.because)
            if not because.strip():
                raise InvalidError({"because": [refusal.because]})
            raise NotPermittedError(refusal.because)
        made = LegalHoldRelease(
            id=uuid.uuid4().hex, hold=found, set_by_id=found.by_id, because=because.strip(), recorded_at=now, by=person
        )
        opened.write(made, kind="legal_hold_release", subject=f"legal_hold/{found.id}")
    return made


def ask_erasure(
    *, actor: Actor, person: Person | None, user: str, because: str, now: datetime, pseudonym: bool = False,
    system: str = "", since: datetime | None = None, until: datetime | None = None,
) -> ActivityErasure:  # fmt: skip
    """Has what a person said to AI systems erased, from every event until now that no hold keeps.

    `user`: as the programs name them, or with `pseudonym` the name under which they are kept; only that one is
    recorded. It is carried out within a minute; where events are younger than what the law has kept, once a second
    person agreed. Ledger: activity_erasure.
    Raises InvalidError with every problem, also where holds keep everything; NotFoundError, NotPermittedError,
    ConflictError where the log changes all the time, VaultError, SegmentError.
    """
    from annexa.answers.erasures import Meant, looking_for, pseudonym_of

    place = _place(actor, system)
    problems: dict[str, list[str]] = {}
    if not user.strip() or len(user) > _LONGEST_USER:
        problems["user"] = ["Say whose events: the name that programs use, or the pseudonym in the log."]
    if not because.strip():
        problems["because"] = ["Say why; it stands in the ledger. Do not name the person there."]
    elif user.strip() and not pseudonym and user.strip().casefold() in because.casefold():
        problems["because"] = ["Do not name the person in the reason; it stays in the ledger."]
    if since and until and since > until:
        problems["until"] = ["It ends before it begins."]
    require(actor, "erase_activity", place)
    if problems:
        raise InvalidError(problems)
    known_as = user.strip() if pseudonym else pseudonym_of(user.strip())
    looking = looking_for(Meant(person=known_as, system=system, since=since, until=until, received_until=now))
    for _ in range(TRIES):
        found = looking.count(now=now)  # it may take minutes: nobody who changes something waits for it
        with door(actor=actor, verb="erase_activity", now=now, because=because.strip(), place=place) as opened:
            if looking.is_of_now():
                if refusal := erasure_refusal(found, looking.keeping):
                    raise InvalidError({"user": [refusal.because]})
                made = ActivityErasure(
                    id=uuid.uuid4().hex, system=system, user=known_as, since=since, until=until,
                    second=needs_second(found), because=because.strip(), recorded_at=now, by=person,
                    found={"free": found.free, "held": found.held, "young": found.young},
                )  # fmt: skip
                opened.write(made, kind="activity_erasure", subject=f"activity_erasure/{made.id}")
                return made
        looking = looking.renewed()
    raise ConflictError("The log or its legal holds change all the time; ask again in a moment.")


def decide_erasure(
    *, actor: Actor, person: Person | None, erasure: str, step: str, because: str, now: datetime
) -> ActivityErasureStep:
    """Agrees to an erasure that somebody else asked for, or refuses it; who asked may take it back by refusing.

    Ledger: activity_erasure_step. Raises InvalidError without a reason, NotFoundError, NotPermittedError for who asked
    and would agree, ConflictError where nothing is to be decided any more.
    """
    found: ActivityErasure | None = ActivityErasure.objects.visible_to(actor).filter(id=erasure).first()
    if found is None:
        raise NotFoundError(f"There is no erasure {erasure}.")
    place = _place(actor, found.system)
    with door(actor=actor, verb="erase_activity", now=now, because=because.strip(), place=place) as opened:
        steps = list(found.steps.values_list("step", flat=True))
        pk = person.pk if person else None
        refusal = step_problems(
            step, steps=steps, second=found.second, asked_by=found.by_id, person=pk, because=because
        )
        if refusal:
            if steps or not found.second:
                raise ConflictError(refusal.because)
            if step == "approved" and because.strip():
                raise NotPermittedError(refusal.because)
            raise InvalidError({"because": [refusal.because]})
        made = ActivityErasureStep(
            id=uuid.uuid4().hex, erasure=found, number=1, step=step, asked_by_id=found.by_id, because=because.strip(),
            recorded_at=now, by=person,
        )  # fmt: skip
        opened.write(made, kind="activity_erasure_step", subject=f"activity_erasure/{found.id}")
    return made


def _place(actor: Actor, system: str) -> Place:
    return place_of(actor, system) if system else WHOLE
