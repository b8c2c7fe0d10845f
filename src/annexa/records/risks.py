"""The scale risks are judged on, and what is left of a risk as somebody proposed and somebody else accepted it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, because, by
from annexa.records.registers import TABLES

STEPS = (("accepted", "Accepted"), ("refused", "Refused"), ("withdrawn", "Taken back"))


class RiskScale(Recorded):
    """The scale and the appetite from now on; the latest counts. Nothing is overwritten.

    `told`: the scale as data in the form of docs/risks.md, "" for a shipped one. `appetite`: the highest level that
    needs nobody's acceptance, by area; under "" for every other area.
    """

    KIND = "risk_scale"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    scale = models.CharField(max_length=40)
    told = models.TextField(blank=True)
    appetite = models.JSONField()
    because = models.TextField()
    recorded_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(because=""), name="risk_scale_has_reason"),
        ]

    def __str__(self) -> str:
        return self.scale

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {"id": self.id, "scale": self.scale, "told": self.told, "appetite": self.appetite}


class RiskProposal(Recorded):
    """Somebody proposes to live with what is left of a risk until a day, at the level it had then."""

    UNIT = "risk__unit"
    KIND = "risk_proposal"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    risk = models.ForeignKey(TABLES["risk"], to_field="slug", on_delete=models.PROTECT, related_name="proposals")
    scale = models.CharField(max_length=40)
    likelihood = models.PositiveSmallIntegerField()
    impact = models.PositiveSmallIntegerField()
    level = models.CharField(max_length=40)
    until = models.DateField()
    because = models.TextField()
    recorded_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(because=""), name="risk_proposal_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.risk_id}: {self.level} until {self.until}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {
            "id": self.id,
            "risk": self.risk_id,
            "scale": self.scale,
            "likelihood": self.likelihood,
            "impact": self.impact,
            "level": self.level,
            "until": self.until.isoformat(),
        }


class RiskStep(Recorded):
    """What became of a proposal: accepted or refused, once, and an acceptance perhaps taken back; each with why."""

    UNIT = "proposal__risk__unit"
    KIND = "risk_step"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    proposal = models.ForeignKey(RiskProposal, on_delete=models.PROTECT, related_name="steps")
    number = models.PositiveSmallIntegerField()
    step = models.CharField(max_length=10, choices=STEPS)
    because = models.TextField()
    recorded_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering: ClassVar[list[str]] = ["number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["proposal", "number"], name="risk_step_once"),
            models.CheckConstraint(condition=~Q(because=""), name="risk_step_has_reason"),
            models.CheckConstraint(
                condition=Q(number=1, step__in=["accepted", "refused"]) | Q(number=2, step="withdrawn"),
                name="risk_step_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.proposal_id}: {self.step}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {"id": self.id, "proposal": self.proposal_id, "number": self.number, "step": self.step}
