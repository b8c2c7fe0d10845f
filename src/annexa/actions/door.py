"""The only way to write: one transaction, and one ledger entry for every record that changes.

Three promises, each with a test: nothing is written outside it; every change leaves exactly one entry per record,
with actor, verb, reason, time and the digest of the new state; a failure leaves nothing.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from django.db import transaction

from annexa.actions.errors import NotPermittedError
from annexa.actions.sequencer import held, sequence
from annexa.answers.actors import afresh
from annexa.pure.ledger import SALT_BYTES, Header, canonical, salted_digest
from annexa.pure.permits import WHOLE, Actor, Place, Refusal, may
from annexa.records import guard, turns
from annexa.records.guard import Ready
from annexa.records.ledger import Outbox

BATCH = 500


class Recorded(Protocol):
    """A record that can say what the ledger keeps of it."""

    def state(self) -> dict[str, Any]:
        """The state after the change, as plain JSON values."""

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Writes the row."""


@dataclass(kw_only=True)
class Door:
    """An open door: writes rows and, with each, its ledger entry."""

    actor: Actor
    verb: str
    because: str
    now: datetime
    progress: Callable[[int, int], None] | None = None
    _entries: list[Outbox] = field(default_factory=list)

    def ask(self, place: Place) -> None:
        """Asks for the same in another place, too: to move something is to act where it was and where it goes.

        Raises NotPermittedError.
        """
        require(self.actor, self.verb, place)

    @contextmanager
    def saying(self, because: str) -> Iterator[None]:
        """Gives what is written meanwhile a reason of its own."""
        before, self.because = self.because, because
        try:
            yield
        finally:
            self.because = before

    def write(self, record: Recorded, *, kind: str, subject: str, effective_at: datetime | None = None) -> None:
        """Saves one record and leaves its entry. `effective_at`: since when it is true; default: now."""
        record.save()
        self.note(record.state(), kind=kind, subject=subject, effective_at=effective_at)

    def write_many(
        self, records: Sequence[Any], *, kind: str, subject: Callable[[Any], str], fields: Sequence[str] | None = None
    ) -> None:
        """Saves many records of one table: creates them, or with `fields` updates those columns."""
        for start in range(0, len(records), BATCH):
            batch = records[start : start + BATCH]
            if fields is None:
                type(batch[0]).objects.insert(batch)
            else:
                type(batch[0]).objects.bulk_update(batch, fields)
            for record in batch:
                self.note(record.state(), kind=kind, subject=subject(record))
            self._flush()
            if self.progress:
                self.progress(start + len(batch), len(records))

    def write_ready(self, ready: "Prepared") -> None:
        """Writes new rows that were prepared for this door, with their entries. Raises ValueError for another one's."""
        if ready.told_by != (self.actor.id, self.verb, self.because, self.now):
            raise ValueError("These rows were prepared for another actor, verb, reason or instant.")
        self._flush()  # what was noted before stays before
        for rows in (ready.rows, ready.entries):
            rows.write()

    def note(self, state: dict[str, Any], *, kind: str, subject: str, effective_at: datetime | None = None) -> None:
        """Leaves an entry for a state that is written here, or that has no row of its own."""
        self._entries.append(
            _entry(
                state, actor=self.actor, verb=self.verb, because=self.because, now=self.now, kind=kind, subject=subject,
                effective_at=effective_at,
            )
        )  # fmt: skip

    def _flush(self) -> None:
        Outbox.objects.insert(self._entries)
        self._entries.clear()


def _entry(
    state: dict[str, Any],
    *,
    actor: Actor,
    verb: str,
    because: str,
    now: datetime,
    kind: str,
    subject: str,
    effective_at: datetime | None = None,
) -> Outbox:
    body = canonical({"state": state, "because": because, "by": actor.name, "verb": verb})
    salt = secrets.token_bytes(SALT_BYTES)
    header = Header(
        kind=kind,
        subject=subject,
        actor=actor.id,
        at=now,
        effective_at=effective_at or now,
        body=salted_digest(salt, body).hex(),
    )
    return Outbox(header=header.to_bytes(), salt=salt, body=body)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """New rows with their entries, down to the bytes, for a door that opens later; `told_by`: for which one."""

    rows: Ready
    entries: Ready
    told_by: tuple[str, str, str, datetime]


def prepare(
    records: Sequence[Any],
    *,
    actor: Actor,
    verb: str,
    because: str,
    now: datetime,
    kind: str,
    subject: Callable[[Any], str],
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Prepared, ...]:
    """Makes everything that a door will write for new records of one table, before anybody has to wait for it.

    A door that opens with the same actor, verb, reason and instant writes it. Cost: no query.
    """
    made = []
    for start in range(0, len(records), BATCH):
        batch = records[start : start + BATCH]
        entries = [
            _entry(one.state(), actor=actor, verb=verb, because=because, now=now, kind=kind, subject=subject(one))
            for one in batch
        ]
        made.append(
            Prepared(
                rows=type(batch[0]).objects.all().ready(batch),
                entries=Outbox.objects.all().ready(entries),
                told_by=(actor.id, verb, because, now),
            )
        )
        if progress:
            progress(start + len(batch), len(records))
    return tuple(made)


def require(actor: Actor, verb: str, place: Place) -> None:
    """Refuses who may not, before anything is looked up for them that takes long. Raises NotPermittedError.

    It opens nothing: the door asks again.
    """
    permit = may(actor, verb, place)
    if isinstance(permit, Refusal):
        raise NotPermittedError(permit.because)


@contextmanager
def door(
    *,
    actor: Actor,
    verb: str,
    now: datetime,
    because: str = "",
    place: Place = WHOLE,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Door]:
    """Opens the door for one action of one actor in one place. Raises NotPermittedError before anything happens.

    All rows and entries are written in one transaction; then the entries get their positions in the ledger
    (within `sequencer.together`, at its end). Whoever comes second waits: what an action looked at is still so when it
    writes, however many processes there are.
    """
    require(actor, verb, place)
    with guard.opened(), transaction.atomic():
        turns.wait(turns.CHANGE)
        _ask_again(actor, verb, place, now)
        opened = Door(actor=actor, verb=verb, because=because, now=now, progress=progress)
        yield opened
        opened._flush()
    if not held():
        sequence(now=now)


def _ask_again(actor: Actor, verb: str, place: Place, now: datetime) -> None:
    """Whoever waited may have left or lost a role meanwhile. Raises NotPermittedError."""
    by_now = afresh(actor, now=now)
    if by_now is None:
        raise NotPermittedError(f"{actor.name} may not sign in here any more.")
    require(by_now, verb, place)


@contextmanager
def side_door(*, actor: Actor, verb: str, now: datetime) -> Iterator[None]:  # noqa: ARG001  as at the door
    """For what is no record and leaves no entry: counts, claims, kept answers. Waits for nobody.

    Raises NotPermittedError.
    """
    require(actor, verb, WHOLE)
    with guard.opened(), transaction.atomic():
        yield
