"""What was decided about exceptions from rules: approved, refused, taken back; by whom and why."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from annexa.pure.exception_steps import STEPS
from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, because, by
from annexa.records.registers import TABLES


class ExceptionStep(Recorded):
    """One decision about an exception. Nothing is overwritten: what came last holds, by `turn`, from 1.

    `asked_sha256`: the digest of what was decided about, so a later change cannot borrow the decision. `until`: the
    last day that was asked for.
    """

    KIND = "exception_step"
    UNIT = "exception__unit"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    exception = models.ForeignKey(TABLES["exception"], to_field="slug", on_delete=models.PROTECT, related_name="steps")
    turn = models.PositiveIntegerField()
    step = models.CharField(max_length=10, choices=[(word, word.capitalize()) for word in STEPS])
    asked_sha256 = models.CharField(max_length=64)
    until = models.DateField(null=True)
    because = models.TextField()
    recorded_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar[list[str]] = ["turn"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["exception", "turn"], name="exception_step_in_turn"),
            models.CheckConstraint(condition=Q(step__in=STEPS), name="exception_step_known"),
            models.CheckConstraint(condition=~Q(because=""), name="exception_step_has_reason"),
            models.CheckConstraint(condition=~Q(step="approved") | Q(until__isnull=False), name="exception_step_until"),
        ]

    def __str__(self) -> str:
        return f"{self.exception_id}: {self.step}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {
            "id": self.id,
            "exception": self.exception_id,
            "turn": self.turn,
            "step": self.step,
            "asked_sha256": self.asked_sha256,
            "until": self.until.isoformat() if self.until else None,
        }
