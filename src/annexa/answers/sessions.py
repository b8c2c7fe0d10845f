"""Which sessions somebody has: where, since when, with which browser."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.contrib.sessions.models import Session

from annexa.pure.permits import Actor, Permit, may
from annexa.records.people import Person
from annexa.records.sign_in import SignedIn

BROWSERS = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"),
    ("Chromium", "Chromium"), ("HeadlessChrome", "Chrome"), ("Chrome", "Chrome"), ("Version", "Safari"),
)  # fmt: skip
"""Words in what a browser says of itself, the first that is there decides, and the name people know it by."""
MACHINES = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine:
    """One session, for a page. `key`: Django's, never shown."""

    key: str
    browser: str
    address: str
    through: str
    started_at: datetime
    seen_at: datetime


def list_sessions(*, actor: Actor, person: Person, now: datetime) -> tuple[SessionLine, ...]:
    """The sessions of a person that have not ended, the latest seen first; of others only for who may end them."""
    if actor.id != f"person/{person.pk}" and not isinstance(may(actor, "end_sessions_of_others"), Permit):
        return ()
    alive = Session.objects.filter(expire_date__gt=now).values("session_key")
    rows = SignedIn.objects.filter(person=person, session_key__in=alive).order_by("-seen_at")
    return tuple(
        SessionLine(
            key=row.session_key,
            browser=browser_named(row.browser),
            address=row.address,
            through=row.through,
            started_at=row.started_at,
            seen_at=row.seen_at,
        )
        for row in rows
    )


def browser_named(said: str) -> str:
    """Browser and machine in the words of people, from User-Agent; its own words if nobody knows it."""
    browser = next((name for word, name in BROWSERS if re.search(rf"\b{word}/", said)), "")
    machine = next((name for word, name in MACHINES if word in said), "")
    return ", ".join(filter(None, (browser, machine))) or said[:60]
