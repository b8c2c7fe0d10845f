"""Signing in, as far as it is counted and remembered: tries, places one has signed in from, and sessions.

Nothing here is a record, so nothing leaves an entry, but that an administrator ended somebody's sessions. All of it is
in the database, so that every process of the server knows it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db import IntegrityError
from django.db.models import F
from django.utils.crypto import salted_hmac

from annexa.actions.door import Door, door
from annexa.actions.errors import NotFoundError
from annexa.pure.permits import ANNEXA, Actor
from annexa.records.people import Person
from annexa.records.sign_in import KnownPlace, SignedIn, SignInTry

WINDOW = timedelta(minutes=15)
"""For how long failures are remembered, from the first one on."""
MOST_HERE = 10
"""Failures for one account from one place."""
MOST_FROM_STRANGERS = 50
"""Failures for one account from all places together that nobody has signed in to it from."""
MOST_FROM_ADDRESS = 100
"""Failures from one address, for whichever accounts."""
MOST_CODES_FROM_STRANGERS = 10
"""Failures in the second step, for somebody whose password is known already: a code has six digits only."""
PROOF_HOLDS = timedelta(minutes=10)
"""For how long whoever proved that it is them need not do so again before a dangerous act."""
PROVED = "proved_at"
"""Where a session keeps when that was, in seconds since 1970."""
PLACE_KEPT_FOR = timedelta(days=180)
LONGEST_BROWSER = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """How often somebody at one place has tried to be one account.

    `device`: a word that only the browser of somebody who has signed in to this account knows; it has tries of its
    own, so that nobody at the same address, or behind the same proxy, can use them up. "" for every other browser.
    """

    address: str
    account: str
    device: str = ""
    strangers: int = MOST_FROM_STRANGERS

    def take(self, *, now: datetime) -> bool:
        """Counts one try before what was typed is looked at; False when there were too many. Ledger: nothing.

        Who comes from a place from where somebody has signed in to the account before is stopped only by failures from
        that very place. So nobody can lock out a person from elsewhere.
        """
        counters = [(self._here_key, MOST_HERE)]
        if not self._known(now):
            counters += [(self._account_key, self.strangers), (self._address_key, MOST_FROM_ADDRESS)]
        return all(_count(key, now) <= most for key, most in counters)

    def forget(self, *, now: datetime) -> None:
        """It was no failure: what it was counted under is given back. Ledger: nothing."""
        with door(actor=ANNEXA, verb="note_sign_in", now=now):
            SignInTry.objects.filter(key=self._here_key).delete()
            if self._known(now):
                return
            shared = SignInTry.objects.filter(key__in=[self._account_key, self._address_key], count__gt=0)
            shared.update(count=F("count") - 1)

    def remember_place(self, *, now: datetime) -> None:
        """From now on this place is one of the account. Ledger: nothing."""
        with door(actor=ANNEXA, verb="note_sign_in", now=now):
            KnownPlace.objects.filter(seen_at__lt=now - PLACE_KEPT_FOR).delete()
            if not KnownPlace.objects.filter(key=self._place_key).update(seen_at=now):
                KnownPlace.objects.bulk_create([KnownPlace(key=self._place_key, seen_at=now)], ignore_conflicts=True)

    def _known(self, now: datetime) -> bool:
        """Whether somebody has signed in to the account from this browser, or from this address."""
        if self.device:
            return True
        return KnownPlace.objects.filter(key=self._place_key, seen_at__gte=now - PLACE_KEPT_FOR).exists()

    @property
    def _place_key(self) -> str:
        return _digest("place", self.address, self._whose)

    @property
    def _here_key(self) -> str:
        return _digest("here", self.device or self.address, self._whose)

    @property
    def _account_key(self) -> str:
        return _digest("account", self._whose)

    @property
    def _address_key(self) -> str:
        return _digest("address", self.address)

    @property
    def _whose(self) -> str:
        return self.account.strip().lower()


def forget_tries(*, now: datetime) -> None:
    """Lets everybody try again at once: for whoever has access to the machine. Ledger: nothing."""
    with door(actor=ANNEXA, verb="note_sign_in", now=now):
        SignInTry.objects.all().delete()


def _count(key: str, now: datetime) -> int:
    """One more under this key; how many that makes since the first. Counted by the database, so none is lost."""
    fresh = SignInTry.objects.filter(key=key, since__gt=now - WINDOW)
    with door(actor=ANNEXA, verb="note_sign_in", now=now):
        SignInTry.objects.filter(since__lte=now - WINDOW).delete()
        if not fresh.update(count=F("count") + 1):
            SignInTry.objects.bulk_create([SignInTry(key=key, count=0, since=now)], ignore_conflicts=True)
            fresh.update(count=F("count") + 1)
        return fresh.values_list("count", flat=True).first() or 1


def _digest(*parts: str) -> str:
    return salted_hmac("annexa.sign_in", "\n".join(parts), algorithm="sha256").hexdigest()


def recently_proven(session: Mapping[str, Any], *, now: datetime) -> bool:
    """Whether whoever sits there has shown within the last minutes that it is they: by signing in, or again."""
    at = session.get(PROVED)
    return isinstance(at, float) and 0 <= now.timestamp() - at < PROOF_HOLDS.total_seconds()


# --- sessions


def note_session(*, person: Person, session_key: str, through: str, address: str, browser: str, now: datetime) -> None:
    """Keeps that a session is in use, and how it looks to its person. Ledger: nothing."""
    with door(actor=ANNEXA, verb="note_sign_in", now=now):
        if SignedIn.objects.filter(session_key=session_key).update(seen_at=now, address=address[:45]):
            return
        row = SignedIn(
            session_key=session_key,
            person=person,
            through=through,
            address=address[:45],
            browser=browser[:LONGEST_BROWSER],
            started_at=now,
            seen_at=now,
        )
        try:
            row.save(force_insert=True)
        except IntegrityError:  # another request of the same page was faster
            return


def move_session(*, before: str, after: str, now: datetime) -> None:
    """The same session goes on under another key. Ledger: nothing."""
    with door(actor=ANNEXA, verb="note_sign_in", now=now):
        SignedIn.objects.filter(session_key=before).update(session_key=after)


def sweep_sessions(*, now: datetime) -> None:
    """Removes sessions that ran out, and what is known of sessions that are gone. Ledger: nothing."""
    with door(actor=ANNEXA, verb="note_sign_in", now=now):
        Session.objects.filter(expire_date__lt=now).delete()
        SignedIn.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()


def end_session(*, actor: Actor, person: Person, session: str, now: datetime) -> None:
    """Ends one of one's own sessions. Ledger: nothing; no record changes. Raises NotFoundError.

    `session`: the name it has on the page, see answers.sessions.
    """
    with door(actor=actor, verb="end_own_session", now=now):
        keys = SignedIn.objects.filter(person=person).values_list("session_key", flat=True)
        found = [key for key in keys if session_name(key) == session]
        if not found:
            raise NotFoundError("There is no such session of yours; it may have ended.")
        _end(found)


def end_other_sessions(*, actor: Actor, person: Person, keep: str, now: datetime) -> int:
    """Ends every session of one's own but the one with the key `keep`; how many. Ledger: nothing."""
    with door(actor=actor, verb="end_own_session", now=now):
        return _end([key for key in sessions_of(person) if key != keep])


def end_sessions_of(*, actor: Actor, person: Person, now: datetime, because: str = "") -> int:
    """Ends every session of somebody, as an administrator; how many. Ledger: sessions_end."""
    with door(actor=actor, verb="end_sessions_of_others", now=now, because=because.strip()) as opened:
        return write_sessions_end(opened, person)


def write_sessions_end(opened: Door, person: Person) -> int:
    """Ends every session of somebody, inside an open door; how many."""
    ended = _end(sessions_of(person))
    opened.note({"person": person.pk, "ended": ended}, kind="sessions_end", subject=f"person/{person.pk}")
    return ended


def sessions_of(person: Person) -> list[str]:
    """The keys of all sessions of a person. Cost: reads every session there is, so that none is overlooked."""
    return [
        one.session_key
        for one in Session.objects.iterator()
        if one.get_decoded().get("_auth_user_id") == str(person.pk)
    ]


def _end(keys: Sequence[str]) -> int:
    ended, _ = Session.objects.filter(session_key__in=keys).delete()
    SignedIn.objects.filter(session_key__in=keys).delete()
    return ended


def session_name(key: str) -> str:
    """What a session is called on a page: who reads it there cannot use it."""
    return _digest("session", key)[:32]
