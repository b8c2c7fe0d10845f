"""What the rules of training ask of whom, told to the ledger whenever it changes, so that checks can count it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at
from annexa.records.registers import TABLES

ENROLMENTS = (("due", "Due"), ("met", "Met"), ("unreached", "Unreached"), ("released", "Released"))


class Enrolment(Recorded):
    """What a rule asks of a person by now: due by a day, met until a day (None: for good), or nothing any more.

    What came last about a rule and a person holds, by `turn`, from 1. It is computed (annexa.pure.assignments); nobody
    types it. `serves`: the expectations that the rule answers. `literacy`: it gives AI literacy. `systems`: the AI
    systems through which it reaches them. `missing`: what they have to do with AI systems for which no rule asks AI
    literacy of them; unreached: that alone, and the rule asks nothing of them.
    """

    KIND = "enrolment"
    UNIT = "rule__unit"
    BESIDE: ClassVar[Mapping[str, Column]] = {"recorded_at": at}

    id = models.CharField(max_length=40, primary_key=True)
    rule = models.ForeignKey(
        TABLES["training_rule"], to_field="slug", on_delete=models.PROTECT, related_name="enrolments"
    )
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    turn = models.PositiveIntegerField()
    step = models.CharField(max_length=10, choices=ENROLMENTS)
    due_on = models.DateField(null=True)
    until = models.DateField(null=True)
    serves = models.JSONField(default=list)
    literacy = models.BooleanField(default=False)
    systems = models.JSONField(default=list)
    missing = models.JSONField(default=list)
    recorded_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["rule", "person", "turn"], name="enrolment_in_turn"),
            models.CheckConstraint(condition=Q(step__in=[word for word, _ in ENROLMENTS]), name="enrolment_known"),
            models.CheckConstraint(condition=~Q(step="due") | Q(due_on__isnull=False), name="enrolment_due_by"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id}, person {self.person_id}: {self.step}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps: the person by their number."""
        return {
            "id": self.id,
            "rule": self.rule_id,
            "person": f"person/{self.person_id}",
            "turn": self.turn,
            "step": self.step,
            "due_on": self.due_on.isoformat() if self.due_on else None,
            "until": self.until.isoformat() if self.until else None,
            "serves": self.serves,
            "literacy": self.literacy,
            "systems": self.systems,
            "missing": self.missing,
        }
