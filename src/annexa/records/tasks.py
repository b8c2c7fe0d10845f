"""Tasks: a control to be made effective, by somebody and by a day. Whether it is done is computed, never ticked."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from annexa.pure.actors import person_id
from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, because, by

TASK_CHANGES = (("handed", "Handed over"), ("moved", "Moved to another day"), ("withdrawn", "Taken back"))


class Task(Recorded):
    """A control to be made effective in a scope, as it was first given: to whom, by which day, how much work and why.

    Who has it and when it is due now is said by the latest of its changes.
    """

    SCOPE = "scope"
    KIND = "task"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    control = models.CharField(max_length=40)
    scope = models.CharField(max_length=80)
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField()
    effort_days = models.FloatField()
    because = models.TextField()
    recorded_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["control", "scope"], name="task_of_control")]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(effort_days__gte=0), name="task_effort_not_negative"),
            models.CheckConstraint(condition=~Q(because=""), name="task_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.control} in {self.scope} by {self.due_on}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {
            "id": self.id,
            "control": self.control,
            "scope": self.scope,
            "owner": person_id(self.owner_id),
            "due_on": self.due_on.isoformat(),
            "effort_days": self.effort_days,
        }


class TaskChange(Recorded):
    """A task handed to somebody else, moved to another day, or taken back; with the reason. Nothing is overwritten."""

    SCOPE = "task__scope"
    KIND = "task_change"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}
    FOLLOWED = ("task",)

    id = models.CharField(max_length=40, primary_key=True)
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="changes")
    number = models.PositiveIntegerField()
    what = models.CharField(max_length=10, choices=TASK_CHANGES)
    owner = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    due_on = models.DateField(null=True)
    because = models.TextField()
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["task", "number"], name="task_change_once"),
            models.UniqueConstraint(fields=["task"], condition=Q(what="withdrawn"), name="task_withdrawn_once"),
            models.CheckConstraint(condition=~Q(because=""), name="task_change_has_reason"),
            models.CheckConstraint(
                condition=Q(what="handed", owner__isnull=False, due_on__isnull=True)
                | Q(what="moved", owner__isnull=True, due_on__isnull=False)
                | Q(what="withdrawn", owner__isnull=True, due_on__isnull=True),
                name="task_change_says_what",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task_id}: {self.what}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {
            "id": self.id,
            "task": self.task_id,
            "number": self.number,
            "what": self.what,
            "control": self.task.control,
            "scope": self.task.scope,
            "owner": person_id(self.owner_id) if self.owner_id else None,
            "due_on": self.due_on.isoformat() if self.due_on else None,
        }
