"""Who answers for a control, in the organisation or in one AI system."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from annexa.pure.actors import person_id
from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, because, by


class Ownership(Recorded):
    """From now on this person answers for a control in a scope; the latest one counts. Nothing is overwritten.

    Without an owner: nobody is named any more.
    """

    SCOPE = "scope"
    KIND = "ownership"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    control = models.CharField(max_length=40)
    scope = models.CharField(max_length=80)
    number = models.PositiveIntegerField()
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    because = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["control", "scope", "number"], name="ownership_once"),
            models.CheckConstraint(condition=Q(number=1) | ~Q(because=""), name="ownership_handed_over_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.control} in {self.scope}: {self.owner.name if self.owner else 'nobody'}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {
            "id": self.id,
            "control": self.control,
            "scope": self.scope,
            "number": self.number,
            "owner": person_id(self.owner_id) if self.owner_id else None,
        }
