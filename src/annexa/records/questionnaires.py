"""Questionnaires sent to suppliers by link, the answers as they come in, and what was made of them."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from annexa.pure.due_diligence import FILE_STEPS, OUTCOMES, STEPS
from annexa.records.people import Person
from annexa.records.recorded import Column, Recorded, at, because, by


class SentQuestionnaire(Recorded):
    """A questionnaire sent to a supplier: which, to whom, until when. The link's secret is shown once and kept nowhere.

    The ledger commits to the digest of the secret, as it does for tokens.
    """

    KIND = "questionnaire"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    supplier = models.CharField(max_length=80, db_index=True)
    questionnaire = models.CharField(max_length=80)
    version = models.CharField(max_length=20)
    to = models.CharField(max_length=254)
    sha256 = models.CharField(max_length=64, unique=True)
    due_on = models.DateField()
    expires_on = models.DateField()
    because = models.TextField(blank=True)
    recorded_at = models.DateTimeField(db_index=True)
    by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.questionnaire} to {self.supplier}"

    @property
    def actor_id(self) -> str:
        """How the ledger names whoever answers by the link."""
        return f"link/{self.id}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps: everything but the secret."""
        return {
            "id": self.id,
            "supplier": self.supplier,
            "questionnaire": self.questionnaire,
            "version": self.version,
            "to": self.to,
            "sha256": self.sha256,
            "due_on": self.due_on.isoformat(),
            "expires_on": self.expires_on.isoformat(),
        }


class QuestionnaireAnswer(Recorded):
    """An answer of the supplier to one question; the latest counts, earlier ones stay. None takes an answer back."""

    KIND = "questionnaire_answer"
    BESIDE: ClassVar[Mapping[str, Column]] = {"recorded_at": at}

    id = models.CharField(max_length=40, primary_key=True)
    sent = models.ForeignKey(SentQuestionnaire, on_delete=models.PROTECT, related_name="answers")
    question = models.CharField(max_length=80)
    number = models.PositiveIntegerField()
    value = models.JSONField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["sent", "question", "number"], name="questionnaire_answer_once"),
        ]

    def __str__(self) -> str:
        return f"{self.question} of {self.sent_id}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        return {
            "id": self.id,
            "sent": self.sent_id,
            "question": self.question,
            "number": self.number,
            "value": self.value,
        }


class QuestionnaireStep(Recorded):
    """What happened to it since it was sent: handed in, returned, withdrawn, judged. The latest says where it stands.

    `signed`: who handed it in, as they wrote it. `outcome`, `conditions`: of a judgement. `by`: None for the supplier.
    """

    KIND = "questionnaire_step"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    sent = models.ForeignKey(SentQuestionnaire, on_delete=models.PROTECT, related_name="steps")
    number = models.PositiveIntegerField()
    step = models.CharField(max_length=20, choices=[(one, one.capitalize()) for one in STEPS])
    signed = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=40, blank=True)
    conditions = models.TextField(blank=True)
    because = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["sent", "number"], name="questionnaire_step_once"),
            models.CheckConstraint(condition=Q(step__in=STEPS), name="questionnaire_step_known"),
            models.CheckConstraint(
                condition=(Q(step="judged") & Q(outcome__in=OUTCOMES)) | (~Q(step="judged") & Q(outcome="")),
                name="questionnaire_judged_with_outcome",
            ),
            models.CheckConstraint(condition=~Q(step="handed in") | ~Q(signed=""), name="questionnaire_signed"),
            models.CheckConstraint(
                condition=Q(step="handed in") | Q(by__isnull=False), name="questionnaire_by_somebody"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sent_id} {self.step}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; reasons stand beside it."""
        return {
            "id": self.id,
            "sent": self.sent_id,
            "number": self.number,
            "step": self.step,
            "signed": self.signed,
            "outcome": self.outcome,
            "conditions": self.conditions,
        }


class QuestionnaireFile(Recorded):
    """A file that the supplier sent with the answer to one question. `sha256`: its bytes in the vault, of `media_type`
    as their content shows it, called `name` by whoever sent them."""

    KIND = "questionnaire_file"
    BESIDE: ClassVar[Mapping[str, Column]] = {"recorded_at": at}

    id = models.CharField(max_length=40, primary_key=True)
    sent = models.ForeignKey(SentQuestionnaire, on_delete=models.PROTECT, related_name="files")
    number = models.PositiveIntegerField()
    question = models.CharField(max_length=80)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    media_type = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["sent", "number"], name="questionnaire_file_once"),
        ]

    def __str__(self) -> str:
        return self.name

    def state(self) -> dict[str, Any]:
        """What the ledger keeps of it: with the digest it commits to the bytes."""
        return {
            "id": self.id,
            "sent": self.sent_id,
            "number": self.number,
            "question": self.question,
            "sha256": self.sha256,
            "size": self.size,
            "media_type": self.media_type,
            "name": self.name,
        }


class QuestionnaireFileStep(Recorded):
    """What became of a file: its sender took it back, or somebody took it over as a certificate that holds until a day.

    `by`: None for the supplier.
    """

    KIND = "questionnaire_file_step"
    BESIDE: ClassVar[Mapping[str, Column]] = {"because": because, "recorded_at": at, "by_id": by}

    id = models.CharField(max_length=40, primary_key=True)
    file = models.ForeignKey(QuestionnaireFile, on_delete=models.PROTECT, related_name="steps")
    number = models.PositiveIntegerField()
    step = models.CharField(max_length=20, choices=[(one, one.capitalize()) for one in FILE_STEPS])
    certificate = models.CharField(max_length=60, blank=True)
    until = models.DateField(null=True)
    because = models.TextField(blank=True)
    recorded_at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["file", "number"], name="questionnaire_file_step_once"),
            models.CheckConstraint(
                condition=(Q(step="taken back") & Q(certificate="") & Q(until__isnull=True))
                | (Q(step="taken over") & ~Q(certificate="") & Q(until__isnull=False) & Q(by__isnull=False)),
                name="questionnaire_file_step_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_id} {self.step}"

    def state(self) -> dict[str, Any]:
        """What the ledger keeps; reasons stand beside it."""
        return {
            "id": self.id,
            "file": self.file_id,
            "number": self.number,
            "step": self.step,
            "certificate": self.certificate,
            "until": self.until.isoformat() if self.until else None,
        }
