"""Impact assessments of AI systems, version by version: what was asked of which system, every answer, every step."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from annexa.pure.assessments import DECISIONS
from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, because, by


class Assessment(Recorded):
    """One version of an impact assessment: which form, about which AI system, which number, and why it was begun."""

    SCOPE = "scope"
    KIND = "assessment"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    form = models.CharField(max_length=60)
    scope = models.CharField(max_length=80, db_index=True)
    number = models.PositiveIntegerField()
    because = models.TextField(blank=True)
    recorded_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["form", "scope", "number"], name="assessment_version_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="assessment_version_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.form} of {self.scope}, version {self.number}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; the reason stands beside it."""
        return {"id": self.id, "form": self.form, "scope": self.scope, "number": self.number}


class AssessmentAnswer(Recorded):
    """One answer to one question of an assessment; the latest of a question holds. Nothing is overwritten, so that
    two people who write at once do not lose each other's work.

    `value` None takes an answer back. `origin`: where it was taken over from, None if somebody wrote it here.
    """

    SCOPE = "assessment__scope"
    KIND = "assessment_answer"
    BESIDE: ClassVar[Mapping[str, Column]] = {"recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="answers")
    question = models.CharField(max_length=80)
    number = models.PositiveIntegerField()
    value = models.JSONField(null=True)
    origin = models.JSONField(null=True, default=None)
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["assessment", "question", "number"], name="assessment_answer_once"),
            models.CheckConstraint(condition=~Q(question=""), name="assessment_answer_has_question"),
        ]

    def __str__(self) -> str:
        return f"{self.assessment_id}: {self.question} {self.number}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps: the whole answer."""
        return {
            "id": self.id,
            "assessment": self.assessment_id,
            "question": self.question,
            "number": self.number,
            "value": self.value,
            "origin": self.origin,
        }


class AssessmentStep(Recorded):
    """A step of an assessment: handed in, returned, approved or withdrawn, by whom and why.

    What is handed in keeps which questions were put (`form_version`, `form_digest`), which answers (`answers_digest`),
    and what of the system they rest on: `material` (fields), `components` (None: not looked at). An approval repeats
    them and says until when it holds (`until`, exclusive); the database itself refuses one by who handed it in.
    `ended`: a withdrawal that ends an approval.
    """

    SCOPE = "assessment__scope"
    KIND = "assessment_step"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}
    FOLLOWED = ("assessment",)

    id = models.CharField(max_length=40, primary_key=True)
    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="steps")
    number = models.PositiveIntegerField()
    decision = models.CharField(max_length=10, choices=[(one, one.capitalize()) for one in DECISIONS])
    because = models.TextField(blank=True)
    form_version = models.CharField(max_length=20, blank=True)
    form_digest = models.CharField(max_length=64, blank=True)
    answers_digest = models.CharField(max_length=64, blank=True)
    material = models.JSONField(null=True, default=None)
    components = models.JSONField(null=True, default=None)
    until = models.DateField(null=True)
    ended = models.BooleanField(default=False)
    handed_in_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["assessment", "number"], name="assessment_step_once"),
            models.UniqueConstraint(
                fields=["assessment"], condition=Q(decision="approved"), name="assessment_approved_once"
            ),
            models.CheckConstraint(condition=Q(decision__in=DECISIONS), name="assessment_step_decision"),
            models.CheckConstraint(
                condition=~Q(decision="approved") | (Q(until__isnull=False) & ~Q(by=F("handed_in_by"))),
                name="assessment_step_four_eyes",
            ),
            models.CheckConstraint(
                condition=Q(decision="handed in") | ~Q(because=""), name="assessment_step_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.assessment}: {self.decision}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps: the step with everything that verdicts need to know of it."""
        about = self.assessment
        return {
            "id": self.id,
            "assessment": about.id,
            "form": about.form,
            "scope": about.scope,
            "version": about.number,
            "number": self.number,
            "decision": self.decision,
            "form_version": self.form_version,
            "form_digest": self.form_digest,
            "answers_digest": self.answers_digest,
            "material": self.material,
            "components": self.components,
            "until": self.until.isoformat() if self.until else None,
            "ended": self.ended,
            "handed_in_by": f"person/{self.handed_in_by_id}" if self.handed_in_by_id else None,
        }
