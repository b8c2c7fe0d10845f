"""Questions about webhooks: which receivers there are, what was sent to them, and what is due."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max
from django.utils.crypto import salted_hmac

from annexa.answers.errors import UnknownError
from annexa.pure.permits import Actor
from annexa.records.ledger import LedgerEntry
from annexa.records.recorded import recorded_tables
from annexa.records.webhooks import Delivery, Webhook

OTHER_KINDS = ("import", "library", "preference")
AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """A receiver, and whether it is still told anything."""

    webhook: Webhook
    ended: bool


def known_kinds() -> tuple[str, ...]:
    """Every kind of entry there is."""
    return tuple(sorted({*(table.KIND for table in recorded_tables()), *OTHER_KINDS}))


def secret_of(webhook: str) -> bytes:
    """The secret a receiver's messages are signed with; it follows from the server's secret key and the id."""
    return salted_hmac("annexa.webhook", webhook, algorithm="sha256").digest()


def list_webhooks(*, actor: Actor) -> tuple[Receiver, ...]:
    """Every receiver, the first one first."""
    rows = Webhook.objects.visible_to(actor).select_related("end").order_by("created_at", "id")
    return tuple(Receiver(webhook=row, ended=hasattr(row, "end")) for row in rows)


def deliveries_of(*, actor: Actor, webhook: str, before: int | None, limit: int) -> tuple[Delivery, ...]:
    """What was sent to a receiver, the latest entry first; one more than `limit` if there are more. UnknownError."""
    if not Webhook.objects.visible_to(actor).filter(id=webhook).exists():
        raise UnknownError(f"There is no webhook {webhook!r}.")
    rows = Delivery.objects.filter(webhook_id=webhook).order_by("-position")
    rows = rows.filter(position__lt=before) if before is not None else rows
    return tuple(rows[: limit + 1])


def untold() -> tuple[tuple[Webhook, tuple[int, ...]], ...]:
    """The entries that each receiver has to be told of and that are not on their way yet; the first hundred of each."""
    found = []
    rows = Webhook.objects.filter(end__isnull=True).annotate(last=Max("deliveries__position"))
    for webhook in rows:
        after = webhook.after - 1 if webhook.last is None else webhook.last
        entries = LedgerEntry.objects.filter(position__gt=after, kind__in=webhook.kinds).order_by("position")
        positions = tuple(entries.values_list("position", flat=True)[:AT_ONCE])
        if positions:
            found.append((webhook, positions))
    return tuple(found)


def due(*, now: datetime) -> tuple[Delivery, ...]:
    """What is to be tried now, the oldest first."""
    rows = Delivery.objects.filter(next_at__lte=now, webhook__end__isnull=True).select_related("webhook")
    return tuple(rows.order_by("next_at", "id")[:AT_ONCE])


def message_of(position: int) -> dict[str, object]:
    """What a receiver is told of an entry: its header. What it says is for who may read it, over the API."""
    entry = LedgerEntry.objects.get(position=position)
    at = entry.at.isoformat().replace("+00:00", "Z")
    return {
        "type": entry.kind,
        "timestamp": at,
        "data": {"position": position, "kind": entry.kind, "subject": entry.subject, "actor": entry.actor},
    }
