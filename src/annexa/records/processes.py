"""The processes that serve and work, and what they count together. No records of the management system."""

from typing import ClassVar

from django.db import models

from annexa.records.guard import Guarded


class Process(Guarded):
    """A process that told of itself: that it is alive, what it does, and what it has counted since it began.

    No record: nothing rests on it, and it is swept. `figures` is as `annexa.api.metrics` and the worker make it.
    """

    name = models.CharField(max_length=120, primary_key=True)
    serves = models.BooleanField()
    works = models.BooleanField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)
    figures = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.name}, last seen {self.seen_at}"


class RequestCount(Guarded):
    """How many requests of one holder were let through, by all processes together, in one minute.

    No record: nothing rests on it, and it is swept. `minute`: whole minutes since 1970.
    """

    holder = models.CharField(max_length=80)
    minute = models.BigIntegerField(db_index=True)
    made = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["holder", "minute"], name="request_count_once"),
        ]

    def __str__(self) -> str:
        return f"{self.made} requests of {self.holder}"
