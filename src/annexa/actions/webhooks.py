"""Telling receivers of new entries in the ledger: signed, tried again for days, and never into our own network."""

import http.client
import json
import logging
import socket
import ssl
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError

from annexa.actions.door import door, side_door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError
from annexa.actions.outgoing import KEPT_FOR, NotReachedError, address_of, claimed
from annexa.answers.ledger import head
from annexa.answers.webhooks import due, known_kinds, message_of, secret_of, untold
from annexa.pure.permits import ANNEXA, Actor
from annexa.pure.webhooks import next_try, signature
from annexa.records.people import Person
from annexa.records.webhooks import Delivery, Webhook, WebhookEnd

TIMEOUT = 10.0
LONGEST_URL = 2_000
log = logging.getLogger("annexa.webhooks")
Send = Callable[..., int]


class NotSentError(Exception):
    """A message was not sent, or nobody answered; says why."""


def add_webhook(
    *, actor: Actor, person: Person | None, url: str, kinds: Sequence[str], now: datetime, because: str = ""
) -> Webhook:
    """Has a receiver told of every entry of some kinds from now on. Ledger: webhook.

    Raises InvalidError with every problem, NotPermittedError.
    """
    problems: dict[str, list[str]] = {}
    if problem := url_problem(url):
        problems["url"] = [problem]
    known = known_kinds()
    wrong = [one for one in dict.fromkeys(kinds) if one not in known]
    if wrong or not kinds:
        told = f"There is no kind {', '.join(map(repr, wrong))}; " if wrong else ""
        problems["kinds"] = [f"{told}choose from {', '.join(known)}."]
    with door(actor=actor, verb="manage_webhooks", now=now, because=because.strip()) as opened:
        if problems:
            raise InvalidError(problems)
        webhook = Webhook(
            id=uuid.uuid4().hex,
            url=url,
            kinds=sorted(set(kinds)),
            after=head(actor=ANNEXA).size,
            because=because.strip(),
            created_at=now,
            by=person,
        )
        opened.write(webhook, kind="webhook", subject=f"webhook/{webhook.id}")
    return webhook


def end_webhook(*, actor: Actor, person: Person | None, webhook: str, now: datetime, because: str = "") -> WebhookEnd:
    """Tells a receiver nothing any more, nor what is on its way. Ledger: webhook_end.

    Raises NotFoundError, NotPermittedError, and ConflictError if it has ended already.
    """
    with door(actor=actor, verb="manage_webhooks", now=now, because=because.strip()) as opened:
        found = Webhook.objects.filter(id=webhook).first()
        if found is None:
            raise NotFoundError(f"There is no webhook {webhook}.")
        if WebhookEnd.objects.filter(webhook=found).exists():
            raise ConflictError("It is told nothing any more already.")
        made = WebhookEnd(id=uuid.uuid4().hex, webhook=found, because=because.strip(), recorded_at=now, by=person)
        opened.write(made, kind="webhook_end", subject=f"webhook/{found.id}")
    return made


def deliver(*, now: Callable[[], datetime], send: Send | None = None) -> int:
    """Sends what is due, and answers how much that was. Ledger: nothing; a message changes no record."""
    _begin(now())
    waiting = due(now=now())
    for one in waiting:
        if claimed(one, verb="deliver_webhook", now=now()):
            _sent(one, now(), send or post)
    return len(waiting)


def _begin(now: datetime) -> None:
    """Puts new entries on their way, and sweeps what arrived long ago, but for the last of each receiver."""
    for webhook, positions in untold():
        rows = [Delivery(webhook=webhook, position=one, next_at=now, created_at=now) for one in positions]
        try:
            with side_door(actor=ANNEXA, verb="deliver_webhook", now=now):
                old = Delivery.objects.filter(webhook=webhook, next_at=None, created_at__lt=now - KEPT_FOR)
                old.filter(position__lt=positions[0]).delete()
                Delivery.objects.bulk_create(rows)
        except IntegrityError:  # another process was faster
            log.debug("Entries for %s are on their way already.", webhook.id)


def _sent(one: Delivery, now: datetime, send: Send) -> None:
    body = json.dumps(message_of(one.position), separators=(",", ":")).encode()
    message = f"{one.webhook_id}_{one.position}"
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Annexa",
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature(secret_of(one.webhook_id), message=message, at=now, body=body),
    }
    try:
        status = send(one.webhook.url, body=body, headers=headers)
        answer = f"answered {status}"
        arrived = 200 <= status < 300
    except NotSentError as error:
        answer, arrived = str(error)[:200], False
    with side_door(actor=ANNEXA, verb="deliver_webhook", now=now):
        Delivery.objects.filter(id=one.pk).update(
            answer=answer,
            arrived_at=now if arrived else None,
            next_at=None if arrived else next_try(one.tries + 1, at=now),
        )


def url_problem(url: str) -> str:
    """What is wrong with the address of a receiver; "" if nothing is."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"The address cannot be read: {error}."
    if len(url) > LONGEST_URL or not url.isascii() or any(c.isspace() for c in url):
        return f"Write the address in ASCII without spaces, at most {LONGEST_URL:,} characters."
    if parts.scheme not in {"https", "http"} or not parts.hostname or port == 0:
        return "Write an address such as https://example.org/hooks/annexa."
    if parts.scheme == "http" and not settings.WEBHOOKS_INSIDE:
        return "Write https: without encryption only receivers in our own network may be told; ANNEXA_WEBHOOKS_INSIDE."
    if parts.username is not None or parts.password is not None:
        return "Leave name and password out of the address; every message is signed instead."
    return ""


def post(url: str, *, body: bytes, headers: dict[str, str]) -> int:
    """Sends one message to where the name leads now, and answers the status. Redirects are not followed.

    The connection goes to the very address that was looked at, so that a name cannot lead elsewhere in between.
    Raises NotSentError.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        address = address_of(host, port, inside=settings.WEBHOOKS_INSIDE, allowed_by="ANNEXA_WEBHOOKS_INSIDE")
    except NotReachedError as error:
        raise NotSentError(str(error)) from error
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.sock = socket.create_connection((address, port), timeout=TIMEOUT)
        if parts.scheme == "https":
            connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=host)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body=body, headers=headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise NotSentError(f"{host} does not take it: {error}.") from error
    finally:
        connection.close()
