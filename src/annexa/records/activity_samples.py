"""Samples of activity: which events somebody drew to look at, out of which, by which seed."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, because, by


class ActivitySample(Recorded):
    """Some events of an AI system, drawn by a seed, to be looked at.

    `asked`: which events could be drawn, by the filters of the list. `population`: how many they were. `leaves`: those
    drawn, in hex, in the order of SHA-256 of the seed, a colon and the leaf: anybody can draw them again.
    """

    SCOPE = "system"
    KIND = "activity_sample"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    system = models.CharField(max_length=80, db_index=True)
    asked = models.JSONField()
    population = models.PositiveBigIntegerField()
    size = models.PositiveIntegerField()
    seed = models.CharField(max_length=100)
    leaves = models.JSONField()
    because = models.TextField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(because=""), name="activity_sample_has_reason"),
            models.CheckConstraint(condition=Q(size__lte=F("population")), name="activity_sample_within"),
        ]

    def __str__(self) -> str:
        return f"{self.size} events of {self.system}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        names = ("id", "system", "asked", "population", "size", "seed", "leaves")
        return {name: getattr(self, name) for name in names}
