"""Doing a thing once however often it is asked for: what was answered is kept for a day under the asker's own key."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import IntegrityError

from annexa.actions.door import side_door
from annexa.actions.errors import ConflictError, InvalidError
from annexa.pure.permits import ANNEXA
from annexa.records.kept_answers import KeptAnswer

KEPT_FOR = timedelta(days=1)


def begin_once(*, holder: str, key: str, request: str, now: datetime) -> KeptAnswer | None:
    """What was answered to this very request before; None if it is to be done now, and is marked as begun.

    `request` is a digest of all that was asked. Ledger: nothing; no record changes.
    Raises InvalidError if the key was used for something else, ConflictError while the first request is worked on.
    """
    try:
        with side_door(actor=ANNEXA, verb="keep_answer", now=now):
            KeptAnswer.objects.filter(created_at__lt=now - KEPT_FOR).delete()
            found = KeptAnswer.objects.filter(holder=holder, key=key).first()
            if found is None:
                KeptAnswer(holder=holder, key=key, request=request, created_at=now).save()
    except IntegrityError:  # another process was faster
        found = KeptAnswer.objects.filter(holder=holder, key=key).first()
    if found is None:
        return None
    if found.request != request:
        raise InvalidError(
            {"Idempotency-Key": ["This key was used for another request within a day; take a fresh one."]}
        )
    if not found.status:
        raise ConflictError(
            "The same request is being worked on, or was cut off. Look whether it was done before you send it under "
            "another key."
        )
    kept: KeptAnswer = found
    return kept


def end_once(*, holder: str, key: str, status: int, headers: Mapping[str, str], body: str, now: datetime) -> None:
    """Keeps the answer. Ledger: nothing; no record changes."""
    with side_door(actor=ANNEXA, verb="keep_answer", now=now):
        KeptAnswer.objects.filter(holder=holder, key=key).update(status=status, headers=dict(headers), body=body)


def forget_once(*, holder: str, key: str, now: datetime) -> None:
    """Lets the key be used again: what was asked was refused, and nothing was done. Ledger: nothing."""
    with side_door(actor=ANNEXA, verb="keep_answer", now=now):
        KeptAnswer.objects.filter(holder=holder, key=key).delete()
