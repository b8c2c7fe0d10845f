"""Where a call to another server may lead: to the very address that was looked at, and not into our own network. And
who tries what is on its way: one process at a time."""

import socket
from datetime import datetime, timedelta

from annexa.actions.door import side_door
from annexa.pure.permits import ANNEXA
from annexa.pure.webhooks import hidden_address
from annexa.records.mails import Mail
from annexa.records.webhooks import Delivery

CLAIMED_FOR = timedelta(minutes=2)
KEPT_FOR = timedelta(days=30)
"""So long it is known what became of what was sent."""


class NotReachedError(Exception):
    """A server was not called, or did not answer; says why."""


def address_of(host: str, port: int, *, inside: bool, allowed_by: str) -> str:
    """The network address to connect to. Connect to this one, so that the name cannot lead elsewhere in between.

    `inside`: our own network is allowed; `allowed_by`: the setting that says so. Raises NotReachedError.
    """
    try:
        found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise NotReachedError(f"{host} is not known.") from error
    if not inside and hidden_address(found):
        raise NotReachedError(f"{host} lies in a network of our own; {allowed_by} allows that.")
    return found[0]


def claimed(one: Delivery | Mail, *, verb: str, now: datetime) -> bool:
    """Whether this process may try it: nobody else does for two minutes. Ledger: nothing."""
    with side_door(actor=ANNEXA, verb=verb, now=now):
        rows = type(one).objects.filter(pk=one.pk, next_at=one.next_at)
        return bool(rows.update(next_at=now + CLAIMED_FOR, tries=one.tries + 1))
