"""Replaying the ledger: an installation whose tables of records follow from nothing but its entries."""

from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from django.db import connection, transaction

from annexa import __version__
from annexa.actions.door import Door, door
from annexa.actions.errors import ConflictError, NotPermittedError
from annexa.actions.filling import count_on, evidence_check, fill, nothing_left_of_a_failure, refuse_what_does_not_fit
from annexa.actions.filling_activity import log_check, place_segments
from annexa.actions.sequencer import publish, sequence
from annexa.answers.backup import Say
from annexa.answers.integrity import Check, check_everything, check_ledger
from annexa.answers.ledger_sources import NAMES, Source
from annexa.answers.replay import Replay
from annexa.pure.permits import Actor, Refusal, may
from annexa.records.ledger import LedgerCheckpoint
from annexa.records.people import Person
from annexa.records.recorded import recorded_tables
from annexa.records.sign_in import SecondFactor, SecondFactorRemoval
from annexa.records.webhooks import Delivery, Webhook
from annexa.settings import make_home

_WHY: Final = "Rebuilt from the ledger, which keeps a digest of it only"
_NOT_SENT: Final = "not sent: rebuilt from the ledger"


class LedgerRefusedError(ConflictError):
    """The ledger does not hold, or does not say enough; nothing was written. `checks` says what was verified."""

    def __init__(self, checks: tuple[Check, ...]) -> None:
        self.checks = checks
        super().__init__("The ledger does not hold, so nothing is rebuilt from it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What was rebuilt, what could not be, and what people have to do anew.

    `rows`: how many of each table. `passwords`: addresses of the people who have none now and may sign in. `factors`:
    of those whose second factors ended. `receivers`: how many webhooks are told only what comes from now on. `older`:
    by kind and column, how many rows have a default because their entries are older than the column. `lost`: what the
    vault does not hold any more. `position`: of the entry that tells of it.
    """

    source: str
    size: int
    rows: Mapping[str, int]
    passwords: tuple[str, ...]
    factors: tuple[str, ...]
    receivers: int
    older: Mapping[tuple[str, str], int]
    lost: tuple[str, ...]
    checks: tuple[Check, ...]
    position: int

    @property
    def holds(self) -> bool:
        """Whether everything was rebuilt, and is what the ledger says."""
        return not self.lost and all(check.holds for check in self.checks)


def rebuild(*, actor: Actor, source: Source, now: datetime, say: Say) -> Rebuilt:
    """Makes an installation of a ledger, in an empty home and database only: every record as its latest entry tells it.

    Every leaf, root and signature is verified before a row is written; a failure leaves the home as it was. What the
    ledger keeps a digest of only ends: passwords and second factors. Ledger: person for each, second_factor_removal,
    rebuild. Raises LedgerRefusedError, ConflictError, NotPermittedError, ArchiveDamagedError, SourceUnreadableError.
    """
    permit = may(actor, "rebuild")
    if isinstance(permit, Refusal):
        raise NotPermittedError(permit.because)
    about, kept = source.about, list[bytes]()
    make_home()
    refuse_what_does_not_fit(about)
    with ExitStack() as stack:
        stack.enter_context(nothing_left_of_a_failure(keys=about.keys))
        if connection.vendor == "postgresql":  # tables, too, come in one transaction
            stack.enter_context(transaction.atomic())
        with source.members(say) as members:
            fill(members, about, kept, only=NAMES)
        sequence(now=now)
        checks, telling = check_ledger(progress=say("verifying"), kept=kept[0] if kept else None)
        if not all(check.holds for check in checks):
            raise LedgerRefusedError(checks)
        found = _replayed(Replay(telling), actor=actor, source=source, now=now, say=say)
        problems = place_segments(progress=say("activity log"), elsewhere=source.store)
    position = publish() - 1
    checks = (*check_everything(progress=say("verifying"), kept=kept[0] if kept else None), evidence_check(()),
              log_check(about, problems))  # fmt: skip
    return Rebuilt(**found, checks=checks, position=position)


def _replayed(replay: Replay, *, actor: Actor, source: Source, now: datetime, say: Say) -> dict[str, Any]:
    """Writes the rows, and the entries about what cannot be as it was, in one transaction."""
    head = LedgerCheckpoint.objects.order_by("-size")[0]
    size, progress, written = head.size, say("rebuilding"), Counter[str]()
    total = sum(1 for _, known in replay.latest for _ in known)
    with transaction.atomic(), door(actor=actor, verb="rebuild", because=_WHY, now=now) as opened:
        for table, rows in replay.rows():
            table.objects.bulk_create(rows)
            written[table._meta.db_table] += len(rows)
            progress(written.total(), total)
        if replay.untold:
            raise LedgerRefusedError((_untold(replay),))
        count_on(recorded_tables())
        passwords, factors = _ended_passwords(opened), _ended_factors(opened, now)
        receivers = _told_from_here(size, now)
        state = {"size": size, "root": head.root, "rows": written.total(), "annexa": __version__}
        with opened.saying(f"From {source.name}"):
            opened.note(state, kind="rebuild", subject="rebuild")
    return {
        "source": source.name, "size": size, "rows": dict(sorted(written.items())), "passwords": passwords,
        "factors": factors, "receivers": receivers, "older": dict(replay.older), "lost": tuple(replay.lost),
    }  # fmt: skip


def _untold(replay: Replay) -> Check:
    return Check(
        name="rows", what="Every record can be made of its latest entry", outcome="fails",
        findings=tuple(replay.untold), mend="Rebuild with the version of Annexa that wrote these entries.",
    )  # fmt: skip


def _ended_passwords(opened: Door) -> tuple[str, ...]:
    """Everybody has a password that nobody knows: the ledger is told its digest. Who may sign in is named."""
    people = Person.objects.order_by("pk")
    for person in people:
        opened.note(person.state(), kind=Person.KIND, subject=person.actor_id)
    return tuple(person.email for person in people if person.is_active)


def _ended_factors(opened: Door, now: datetime) -> tuple[str, ...]:
    """What nobody can prove any more stands in nobody's way: a factor whose secret is gone ends."""
    standing = SecondFactor.objects.filter(removal=None).select_related("person").order_by("recorded_at", "id")
    for one in standing:
        row = SecondFactorRemoval(id=uuid4().hex, factor=one, because=opened.because, recorded_at=now)
        opened.write(row, kind=SecondFactorRemoval.KIND, subject=f"second_factor/{one.id}")
    return tuple(dict.fromkeys(one.person.email for one in standing))


def _told_from_here(size: int, now: datetime) -> int:
    """Lets receivers of webhooks be told what comes from now on, and not the whole ledger once more."""
    standing = Webhook.objects.filter(end__isnull=True)
    marks = [
        Delivery(webhook=one, position=size - 1, next_at=None, answer=_NOT_SENT, created_at=now) for one in standing
    ]
    Delivery.objects.bulk_create(marks)
    return len(marks)
