"""Who is told of new entries in the ledger: receivers, their end, and what was sent to them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models

from annexa.records.guard import Guarded
from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, because, by


class Webhook(Recorded):
    """A receiver of some kinds of entries. Its secret follows from the server's own and its id; it is kept nowhere.

    `after` is the ledger's size when it was added: it is told of what comes from then on.
    """

    KIND = "webhook"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "created_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    url = models.CharField(max_length=2_000)
    kinds = models.JSONField()
    after = models.BigIntegerField()
    because = models.TextField(blank=True)
    created_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True)

    def __str__(self) -> str:
        return self.url

    def state(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        return {"id": self.id, "url": self.url, "kinds": self.kinds, "after": self.after}


class WebhookEnd(Recorded):
    """From then on a receiver is told nothing."""

    KIND = "webhook_end"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    webhook = models.OneToOneField(Webhook, on_delete=models.PROTECT, related_name="end")
    because = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True)

    def __str__(self) -> str:
        return f"End of {self.webhook_id}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps."""
        return {"id": self.id, "webhook": self.webhook_id}


class Delivery(Guarded):
    """One entry on its way to one receiver: how often it was tried, and what was answered.

    No record: nothing rests on it, and it is swept after a month. `next_at`: None once it arrived or was given up.
    """

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    position = models.BigIntegerField()
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, db_index=True)
    arrived_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["webhook", "position"], name="delivery_once"),
        ]

    def __str__(self) -> str:
        return f"entry {self.position} to {self.webhook_id}"
